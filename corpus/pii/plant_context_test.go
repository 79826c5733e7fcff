package pii_test

import (
	"strconv"
	"strings"
)

// species is a kind of item, with how it is written and what stands around it. "{}" is the item's place.
type species struct {
	name, kind string
	make       func(gen) string
	en, zh     []string // contexts; empty = frames of no meaning
	wide       bool     // also in full-width forms
}

// frames put an item into a text with nothing said about it.
var (
	framesEN = []string{" {} ", " ({}) ", " {}, ", " {}. ", "\n{}\n", " \"{}\" ", "\t{}\t", " [{}] ", ": {}; ", " {}\n", " <{}> "}
	framesZH = []string{"{}", "，{}。", "（{}）", "：{}，", "\n{}\n", "“{}”", " {} ", "为{}的", "【{}】", "；{}；", "是{}，"}
)

func speciesOf() []species {
	enPhone := append([]string{" Tel: {} ", " call {} now", " phone {}.", " fax: {}\n", " at {}, "}, framesEN...)
	zhPhone := append([]string{"电话：{}，", "联系电话{}。", "手机:{} ", "致电{}咨询", "传真：{}\n"}, framesZH...)
	passEN := []string{" passport {} ", " Passport No.: {}\n", " passport number is {}, ", " holder of passport {}.", " (passport {}) ", " Passport #{} ", "\nPassport:\t{}\n"}
	passZH := []string{"护照号码：{}，", "护照{}，", "持{}号护照", "护照号为{}。", "（护照：{}）", "护照编号：{}\n", "護照號碼:{} "}
	keyEN := []string{" api_key = \"{}\"\n", " API_KEY={}\n", "\n  \"client_secret\": \"{}\",\n", " access_token: {}\n", " secret: '{}' ", " export AUTH_TOKEN={}\n",
		" Authorization: Bearer {}\n", " apiKey => '{}' "}
	keyZH := []string{"密钥：{}，", "访问令牌: {}。", "api_key={}\n", "口令为：{} "}
	url := []string{" https://{}@example.org/x ", " postgres://{}@db.example.org:5432/a ", "\nredis://{}@10.0.0.5:6379\n", " (ftp://{}@ftp.example.org) ", "：mysql://{}@localhost/库，"}
	return []species{
		{name: "email", kind: "email", make: gen.email, wide: true},
		{name: "ipv4", kind: "ipv4", make: gen.ipv4, wide: true},
		{name: "ipv6", kind: "ipv6", make: gen.ipv6},
		{name: "phone, Chinese mobile", kind: "phone", make: gen.cnMobile, en: enPhone, zh: zhPhone, wide: true},
		{name: "phone, Chinese landline", kind: "phone", make: gen.cnLandline, en: enPhone, zh: zhPhone, wide: true},
		{name: "phone, North America", kind: "phone", make: gen.nanp, en: enPhone, zh: zhPhone},
		{name: "phone, other countries", kind: "phone", make: gen.world, en: enPhone, zh: zhPhone},
		{name: "chinese-id", kind: "chinese-id", make: gen.chineseID, wide: true},
		{name: "bank-card", kind: "bank-card", make: gen.bankCard, wide: true},
		{name: "iban", kind: "iban", make: gen.iban},
		{name: "ssn", kind: "ssn", make: gen.ssn},
		{name: "passport", kind: "passport", make: gen.passport, en: passEN, zh: passZH, wide: true},
		{name: "secret, by form", kind: "secret", make: gen.secret},
		{name: "secret, assigned", kind: "secret", make: gen.assigned, en: keyEN, zh: keyZH},
		{name: "private-key", kind: "private-key", make: gen.privateKey},
		{name: "credentials", kind: "credentials", make: gen.credentials, en: url, zh: url},
		{name: "coordinates", kind: "coordinates", make: gen.coordinates},
	}
}

// negative returns a text that looks like a find and is none.
func (g gen) negative(zh bool) string {
	year := func() string { return "20" + g.digits(1) + g.from("0123456789", 1) }
	n := func(k int) string { return g.from("123456789", 1) + g.digits(k-1) }
	small := func() string { return n(1) }
	broken := func(s string) string { // another last digit: the check fails
		last := s[len(s)-1]
		if last == 'X' || last == 'x' {
			return s[:len(s)-1] + "1"
		}
		return s[:len(s)-1] + string('0'+(last-'0'+1+byte(g.IntN(8)))%10)
	}
	unspaced := strings.NewReplacer(" ", "", "-", "")
	both := []func() string{
		func() string { return "v" + small() + "." + n(2) + "." + small() + "." + n(2) }, // versions
		func() string {
			return g.pick("version ", "Version ", "release ") + small() + "." + small() + "." + n(2) + "." + n(3)
		},
		func() string {
			return g.pick("section ", "Section ", "§") + small() + "." + small() + "." + n(2) + "." + small()
		}, // sections
		func() string { return small() + "." + small() + "." + n(2) + "." + small() },
		func() string { return "1.3.6.1.4.1." + n(4) + "." + small() + "." + small() }, // OIDs
		func() string { return "iso.3.6.1.2.1." + small() + "." + small() },
		func() string { return "Chrome/" + n(3) + ".0." + n(4) + "." + n(3) },
		func() string { return "ISBN 978-" + small() + "-" + n(3) + "-" + n(5) + "-" + small() }, // books
		func() string { return "ISBN 978" + n(10) },
		func() string { return "ISSN " + n(4) + "-" + n(4) },
		func() string { return "10." + n(4) + "/" + n(6) }, // DOI
		func() string { return g.pick("order no. ", "Order #", "invoice ") + n(10+g.IntN(9)) },
		func() string { return "1Z" + g.from(uppers+digits, 6) + n(10) }, // tracking
		func() string {
			return year() + "-0" + small() + "-1" + g.digits(1) + "T1" + g.digits(1) + ":2" + g.digits(1) + ":3" + g.digits(1) + "+0800"
		},
		func() string { return "17" + g.digits(8) },  // Unix seconds
		func() string { return "17" + g.digits(11) }, // and milliseconds
		func() string {
			return year() + "0" + small() + "1" + g.digits(1) + "1" + g.digits(1) + "3" + g.digits(1) + "2" + g.digits(1)
		},
		func() string { return year() + "-0" + small() + "-1" + g.digits(1) },
		func() string { return "1" + g.digits(1) + "/0" + small() + "/" + year() },
		func() string { return "1" + g.digits(1) + "." + "0" + small() + "." + year() },
		func() string { return g.from(hexes, 32) }, // hashes
		func() string { return g.from(hexes, 40) },
		func() string { return g.from(hexes, 64) },
		func() string {
			return g.from(hexes, 8) + "-" + g.from(hexes, 4) + "-4" + g.from(hexes, 3) + "-a" + g.from(hexes, 3) + "-" + g.from(hexes, 12)
		},
		func() string { return broken(unspaced.Replace(g.bankCard())) },
		func() string { return broken(g.bankCard()) },
		func() string { return broken(unspaced.Replace(g.chineseID())) },
		func() string { return "11010519" + n(2) + "13" + "45" + n(4) }, // no such month
		func() string {
			s := g.iban()
			return s[:2] + strconv.Itoa(10+(int(s[2]-'0')*10+int(s[3]-'0')-10+1+g.IntN(80)+89)%89) + s[4:]
		},
		func() string { return "part no. " + n(3) + "-" + n(2) + "-" + n(4) },
		func() string { return "P/N " + n(4) + "-" + n(5) + "-" + g.from(uppers, 2) },
		func() string { return "model " + g.from(uppers, 2) + "-" + n(4) + "-" + n(3) },
		func() string { return g.pick("000", "666", "9"+g.digits(2)) + "-" + n(2) + "-" + n(4) },
		func() string { return n(1) + "," + n(3) + "," + n(3) + "," + n(3) },
		func() string { return "$" + n(1) + "," + n(3) + "," + n(3) + "." + n(2) },
		func() string { return "0." + n(11) },
		func() string { return n(1) + "." + g.digits(15) },
		func() string { return n(11) + " bytes" },
		func() string { return n(3) + " " + n(3) + " " + n(3) + " " + n(3) + " " + n(3) },
		func() string { return n(5) + "-" + n(4) }, // ZIP+4
		func() string {
			return g.from(hexes, 2) + ":" + g.from(hexes, 2) + ":" + g.from(hexes, 2) + ":" + g.from(hexes, 2) + ":" + g.from(hexes, 2) + ":" + g.from(hexes, 2)
		},
		func() string { return "1" + g.digits(1) + ":2" + g.digits(1) + ":3" + g.digits(1) },
		func() string { return g.pick("std::", "Foo::", "DB::") + g.pick("add", "bad", "dead_beef", "string") },
		func() string { return "192.168." + small() + "." + n(2) },
		func() string { return "10." + n(2) + "." + small() + "." + n(2) },
		func() string { return "203.0.113." + n(2) },
		func() string { return g.pick("fe80::", "fd12:3456::", "2001:db8::") + g.from(hexes, 3) },
		func() string { return g.word() + "@" + small() + "." + small() + "." + n(2) },
		func() string { return "@" + g.word() },
		func() string { return g.word() + "@" + g.word() + ".service" },
		func() string { return "https://user:password@" + g.word() + ".org/" },
		func() string { return "token = get_token_from_environment()" },
		func() string { return "password: ********" },
		func() string { return "api_key = \"YOUR_API_KEY\"" },
		func() string {
			return "-----BEGIN CERTIFICATE-----\n" + g.from(uppers+lowers+digits, 64) + "\n-----END CERTIFICATE-----"
		},
		func() string { return "IMEI 35" + n(13) },
		func() string { return "RFC " + n(4) + ", " + n(3) + "-" + n(3) + " pages" },
		func() string { return "+" + n(1) + "." + n(2) + "%" },
		func() string { return "(" + n(3) + ", " + n(4) + ")" },
		func() string { return "2^34 = 17179869184" },
		func() string { return n(2) + "." + n(1) + ", " + n(3) + "." + n(1) },
	}
	if !zh {
		return both[g.IntN(len(both))]()
	}
	chinese := []func() string{
		func() string { return "第" + g.pick("一百二十三", "四十五", "一千零一") + "条" },
		func() string { return "第" + n(3) + "条第" + small() + "款" },
		func() string { return year() + "年" + small() + "月1" + g.digits(1) + "日" },
		func() string { return "〔" + year() + "〕" + n(2) + "号" },
		func() string { return "订单号：" + n(11+g.IntN(8)) },
		func() string { return "订单编号" + "1" + g.from("3456789", 1) + g.digits(9) },
		func() string { return "运单号：SF" + n(13) },
		func() string { return "统一社会信用代码9" + "1" + n(6) + g.from(uppers+digits, 9) + "X" },
		func() string { return n(8) + "元" },
		func() string { return "人民币" + n(11) + "元" },
		func() string { return "QQ群" + n(9) },
		func() string { return "邮政编码" + n(6) },
		func() string { return "书号：978" + n(10) },
		func() string { return "版本" + small() + "." + n(2) + "." + small() + "." + n(2) },
		func() string { return small() + "." + small() + "." + n(2) + "." + small() + "节" },
		func() string { return "见第" + small() + "." + small() + "." + small() + "." + small() + "节" },
		func() string { return "(2020)京01民终" + n(5) + "号" },
		func() string { return "国发[" + year() + "]" + n(2) + "号" },
		func() string { return "ＧＢ／Ｔ" + fullWidth(n(5)+"-"+year()) },
		func() string { return "密码：不少于" + n(2) + "位" },
		func() string { return "护照有效期至" + year() + "0" + small() + "15" },
		func() string { return "序列号" + g.from(uppers+digits, 16) },
		func() string { return "条形码69" + n(11) },
	}
	if g.chance(50) {
		return chinese[g.IntN(len(chinese))]()
	}
	return both[g.IntN(len(both))]()
}
