package pii

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/athanor-lm/athanor/internal/timely"
)

// show marks what is found: "a <email:x@y.org> b".
func show(s *Scanner, text string) string {
	var b strings.Builder
	end := 0
	for _, m := range s.Scan(text) {
		b.WriteString(text[end:m.Start] + "<" + m.Kind.String() + ":" + text[m.Start:m.End] + ">")
		end = m.End
	}
	return b.String() + text[end:]
}

// unmark removes what show adds.
func unmark(t *testing.T, marked string) string {
	t.Helper()
	for k := range Kind(NumKinds) {
		for {
			i := strings.Index(marked, "<"+k.String()+":")
			if i < 0 {
				break
			}
			j := strings.Index(marked[i:], ">")
			if j < 0 {
				t.Fatalf("unclosed mark in %q", marked)
			}
			marked = marked[:i] + marked[i+len(k.String())+2:i+j] + marked[i+j+1:]
		}
	}
	return marked
}

// check holds what a scanner with all kinds finds against texts in which it is marked.
func check(t *testing.T, marked ...string) {
	t.Helper()
	s := NewScanner(Options{})
	for _, want := range marked {
		if got := show(s, unmark(t, want)); got != want {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	}
}

func TestEmail(t *testing.T) {
	check(t,
		"write to <email:jane.doe+x@mail.example.co.uk>.",
		"<<email:a@b.org>>, \"<email:o'reilly@b.org>\"; <email:c_d@b.org>",
		"邮箱：<email:zhang.san@163.com>，电话", "联系<email:12345678@qq.com>或", "（<email:a@b.cn>）",
		"全角<email:ａｂｃ＠ｅｘａｍｐｌｅ．ｃｏｍ>。", "<email:wang＠example.com>",
		"mailto:<email:x@y.org>?subject=a", "?to=<email:x@y.org>&b=1", "<email:bounce-x=y.org@list.net>",
		"<email:info@bücher.de>, <email:info@shop.bücher.de>. <email:a.b@例え.jp>です", "发到<email:zhang@例子.中国>谢谢", "<email:x@почта.рф>.", "回复@张三.李四 a@张三。com x@例子.", "foo@bar。", "a@例子.abcdefghijklmnopqrstuvwxyz",
		"<email:x%40y.org>", "<email:x&#64;y.org>", "<email:x (at) y (dot) org>", "<email:x[at]y.org>",
		"<email:x@[66.187.233.211]>", "<email:\"john doe\"@y.org>",
		"@Override a@b x@localhost lodash@4.17.21 getty@tty1.service icon@2x.png golang.org/x/text@v0.3.0 user@host",
		"git@github.com:foo/bar.git and ssh://git@host.org/x", "price @ 5.00", "@media.screen", "a @b.org")
}

func TestIP(t *testing.T) {
	check(t,
		"from <ipv4:66.187.233.211>, [<ipv4:202.63.165.34>]; 10.0.0.1 192.168.1.1 127.0.0.1 203.0.113.7 255.255.255.0 224.0.0.1",
		"nameserver <ipv4:8.8.8.8>", "::ffff:<ipv4:8.8.8.8>", "::FFFF:<ipv4:8.8.8.8>", "64:ff9b::<ipv4:8.8.8.8>", "x:8.8.8.8", "IP地址：<ipv4:114.114.114.114>。", "地址为<ipv4:１１４．１１４．１１４．１１４>",
		"http://<ipv4:1.2.3.4>/x", "see 1.2.3.4 there", "section 112.12.13.14", "version 101.2.3.4", "v101.2.3.4", "OID 1.3.6.1.4.1.9", ".1.3.6.1.2",
		"第11.2.3.40节", "256.1.1.1", "1.2.3", "99.1.2.3.4",
		"at <ipv6:2400:3200::1>, [<ipv6:2001:470:1f0b:9ad::2>]:80, <ipv6:2607:f8b0:4005:805:0:0:0:200e>.",
		"fe80::1 ::1 2001:db8::1 std::string a::b 12:34:56 00:1a:2b:3c:4d:5e Foo::add 2024:01:02 Abc::Def::dead",
	)
	all := NewScanner(Options{AllIPs: true})
	for _, want := range []string{"<ipv4:10.0.0.1> <ipv6:fe80::1> <ipv6:2001:db8::1> std::string"} {
		if got := show(all, unmark(t, want)); got != want {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	}
}

func TestPhone(t *testing.T) {
	check(t,
		"手机<phone:13812345678>。", "（<phone:138-1234-5678>）", "<phone:+86 138 1234 5678>", "<phone:+8613812345678>", "<phone:008613812345678>",
		"<phone:(+86)13812345678>", "<phone:86-13812345678>", "电话１：<phone:１３８１２３４５６７８>", "tel<phone:13812345678>", "<phone:13812345678>,<phone:13987654321>",
		"<phone:010-62345678>", "<phone:(010)62345678>", "<phone:（0755）2345 6789>", "<phone:+86 10 6234 5678>", "<phone:0571-8765432>", "<phone:021-62345678-8001>",
		"<phone:021-62345678转8001>", "<phone:01062345678>", "<phone:86-21-62345678>", "<phone:+86 (0)10 62345678>",
		"call <phone:(212) 555-0123>", "<phone:212-555-0123>", "<phone:212.555.0123>", "<phone:+1 212 555 0123>", "<phone:1-800-555-0199>", "tel. <phone:2125550123>",
		"<phone:212-555-0123 ext. 45>", "<phone:(212)555-0123 x7>",
		"电话：<phone:62785001>、<phone:62785002>，<phone:62785003>/<phone:62785004>", "<phone:010-62785001>/<phone:62785002>", "电话<phone:6278-5001>或<phone:6278-5002>",
		"Tel. <phone:555-0123>, <phone:555-0124> or <phone:555-0125>", "<phone:212-555-0123> / <phone:555-0124>", "Tél. : <phone:01 42 68 53 00>",
		"电话：<phone:62785001>，20240506", "电话：<phone:62785001>、62785002元", "电话：<phone:62785001>，第62785002号", "Tel. <phone:555-0123>, 5550124", "Tel. <phone:555-0123>. 555-0124", "62785001、62785002",
		"<phone:(212)5550123>", "<phone:1 (212)5550123>", "(212)1550123", "<phone:8610-62785001>", "<phone:86755-26860000>", "8611-62785001",
		"<phone:+44 20 7946 0958>", "<phone:+44 (0)20 7946 0958>", "<phone:+33 1 23 45 67 89>", "<phone:+491701234567>", "<phone:+852 2345 6789>", "Fax: <phone:020 7946 0958>",
		"Phone: <phone:555-0123>",
		"订单号13812345678", "order no. 13812345678", "17179869184 bytes", "17179869184", "1.3812345678", "a13812345678", "1381234567", "138123456789",
		"2024-05-06 2024.05.06 12:00", "ISBN 978-7-115-54608-1", "part 212-555-0123", "212-555-0123-99", "1700000000000", "+0800", "x+44207946", "0.2125550123",
		"第1381234567条", "100-200-3000",
	)
}

func TestNumbersWithCheckDigits(t *testing.T) {
	check(t,
		"身份证号<chinese-id:11010519491231002X>。", "<chinese-id:110105 1949 1231 002X>", "110105 1949 1231 0021", "110105 1949-1231 002X", "<chinese-id:110105 19491231 002X>", "<chinese-id:11010519491231002x>", "<chinese-id:１１０１０５１９４９１２３１００２Ｘ>",
		"110105194912310021", "11010519491331002X", "99010519491231002X",
		"card <bank-card:4111 1111 1111 1111>", "<bank-card:4111-1111-1111-1111>", "<bank-card:378282246310005>", "<bank-card:3782 822463 10005>", "卡号<bank-card:6222021234567890128>",
		"4111 1111 1111 1112", "order 4111111111111111", "a4111111111111111", "<bank-card:4111111111111111> 12/25",
		"IBAN <iban:GB82 WEST 1234 5698 7654 32>", "<iban:DE89370400440532013000>", "GB82 WEST 1234 5698 7654 33", "<iban:GB82\u00a0WEST\u00a01234\u00a05698\u00a07654\u00a032>", "GB82\u00a0WEST 1234 5698 7654 3", "<iban:FR14 2004 1010 0505 0001 3M02 606>",
		"SSN <ssn:123-45-6789>", "<ssn:123-45-6789>", "SSN: <ssn:123456789>", "666-45-6789", "900-45-6789", "123-00-6789", "123-45-0000", "part no. 123-45-6789", "123456789",
		"passport <passport:E12345678>", "护照号码：<passport:EA1234567>", "持<passport:G12345678>号护照", "Passport No. <passport:123456789>", "E12345678", "passport issued 20240506",
	)
}

// What is made of the beginnings of finds costs what its bytes cost, not the square of it: a megabyte took minutes.
func TestBeginningsOfFindsAreLookedAtOnce(t *testing.T) {
	s := NewScanner(Options{})
	for _, begin := range []string{"sk-", "xoxb-", "-ey" + "J", "1.2.3.4.", "1.", "8.8.8.8.", "a@", "://a:", "电话：62785001、", "-----BEGIN PRIVATE KEY-----\n"} {
		text := strings.Repeat(begin, 500_000/len(begin))
		timely.Within(t, 5*time.Second, fmt.Sprintf("%d bytes of %q", len(text), begin), func() { s.Scan(text) })
	}
}

// The keys are cut in two so that no scanner for leaked keys takes the test for a leak.
func TestSecrets(t *testing.T) {
	check(t,
		"key <secret:AK"+"IAIOSFODNN7EXAMPLE> x", "<secret:ghp"+"_16C7e42F292c6912E7710c838347Ae178B4a>", "<secret:xoxb"+"-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx>",
		"<secret:AI"+"zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q>", "<secret:sk_live"+"_4eC39HqLyjWDarjtT1zdp7dc>",
		"Bearer <secret:ey"+"JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U>",
		"api_key = \"<secret:9f8Ab3kQ0zLw7TnX2rVc>\"", "密钥：<secret:9f8Ab3kQ0zLw7TnX2rVc>", "\"client_secret\": \"<secret:k3Jf9aQ2mZx81LpWb7Rt>\"",
		"password = os.getenv(\"DB_PASSWORD\")", "token: AccessTokenProvider", "api_key = YOUR_API_KEY_GOES_HERE1", "secret-names-are-long-words", "sk-learn-contrib-and-more-words-here-too",
		"<private-key:-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75a\n-----END RSA PRIVATE KEY----->\nx", "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----",
		"https://hooks.slack.com/services/<secret:T01ABCDEF/B02GHIJKL/a1B2"+"c3D4e5F6g7H8i9J0k1L2>", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
		"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=<secret:693a91f6-7b2e-4bc4-97a0-0ec2d1fa5aaa>&x", "https://discord.com/api/webhooks/your-id/your-token-goes-here",
		"https://api.telegram.org/bot<secret:123456789:AAHdqTcvCH1vGWJ"+"xfSeofSAs0K5PALDsaw1>/getMe",
		"postgres://<credentials:bob:s3cr3tpw>@db.example.org/x", "https://user:password@host.org/", "ftp://<email:bob@host.org>/",
	)
}
