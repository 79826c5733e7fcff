package pii

import (
	"math"
	"strings"
)

// secretNames end the names of what is kept secret, without '_' and '-' and in lower case.
var secretNames = []string{"apikey", "secret", "secretkey", "accesskey", "accesskeyid", "accesstoken", "authtoken", "token", "privatekey",
	"clientsecret", "password", "passwd", "passphrase", "pwd", "encryptionkey", "signingkey", "secretaccesskey", "authkey", "appkey",
	"appsecret", "credential", "credentials", "authorization", "bearer", "masterkey", "accountkey", "sharedkey"}

var secretNamesChinese = []string{"密钥", "秘钥", "密码", "口令", "令牌", "授权码", "私钥"}

// assigned looks for a value behind the sign at t[i], '=' or ':' (also "：", ":=", "=>", "=="), that ends at j: of at least 16 characters,
// random by the look of it, under a name such as api_key.
func (s *Scanner) assigned(t string, i, j int) {
	if !s.kinds.has(Secret) || !secretName(t, i) {
		return
	}
	for j < len(t) && (t[j] == '=' || t[j] == '>') {
		j++
	}
	for n := 0; j < len(t) && n < 4 && (t[j] == ' ' || t[j] == '"' || t[j] == '\'' || t[j] == '`' || t[j] == '\t'); n++ {
		j++
	}
	for _, scheme := range [...]string{"Bearer ", "Basic ", "Token ", "token "} { // RFC 7235
		if hasAt(t, j, scheme) {
			j += len(scheme)
		}
	}
	start := j
	for j < len(t) && (isAlnum(t[j]) || strings.IndexByte("_-+/=.~!@#$%^&*", t[j]) >= 0) && j-start < 512 {
		j++
	}
	for j > start && (t[j-1] == '.' || t[j-1] == '!' || t[j-1] == '&') {
		j--
	}
	if c := strings.IndexByte(t[start:j], '&'); c >= 0 { // the next of a URL's parameters
		j = start + c
	}
	if v := t[start:j]; len(v) >= 16 && !isReference(v) && looksRandom(v, 3) {
		s.add(Secret, start, j)
	}
}

// secretName says whether the name before the sign at i, quoted or not, is that of a secret.
func secretName(t string, i int) bool {
	for n := 0; i > 0 && n < 3 && (t[i-1] == ' ' || t[i-1] == '"' || t[i-1] == '\'' || t[i-1] == ']' || t[i-1] == ':'); n++ {
		i--
	}
	if i == 0 {
		return false
	}
	if t[i-1] >= 0x80 {
		t = strings.TrimSuffix(strings.TrimSuffix(t[:i], "是"), "为")
		for _, name := range secretNamesChinese {
			if strings.HasSuffix(t, name) {
				return true
			}
		}
		return false
	}
	switch lower(t[i-1]) { // what the names end in
	case 'y', 't', 'n', 'd', 'e', 's', 'l', 'r':
	default:
		return false
	}
	var name [24]byte
	n := len(name)
	for i > 0 && n > 0 {
		c := t[i-1]
		if isAlnum(c) {
			n--
			name[n] = lower(c)
		} else if c != '_' && c != '-' {
			break
		}
		i--
	}
	for _, w := range secretNames {
		if k := len(name) - len(w); k >= n && string(name[k:]) == w {
			return true
		}
	}
	return false
}

// isReference says whether a value names a secret, or shows where one goes, rather than being one.
func isReference(v string) bool {
	low := strings.ToLower(v)
	for _, w := range [...]string{"example", "your", "xxxx", "****", "....", "placeholder", "password", "secret", "changeme", "getenv", "environ", "://",
		"config.", "process.", "settings", "insert", "dummy", "redacted", "0000000", "123456789", "abcdefg"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	switch v[0] {
	case '$', '%', '.', '*', '&', '@', '~', '-':
		return true
	}
	return false
}

// looksRandom says whether a key is drawn rather than written: it goes to and fro between small letters, capitals and digits, at every
// fifth character at least, at every third where there are not two digits, and its characters carry at least so many bits each
// (Shannon's entropy of their counts). Of 32 and more hexadecimal digits only the entropy is asked for.
func looksRandom(v string, bits float64) bool {
	var count [256]uint8
	digits, changes, hex := 0, 0, 0
	var last byte
	for i := range len(v) {
		c := v[i]
		count[c] = min(count[c]+1, 255)
		if isHex(c) {
			hex++
		}
		class := byte(0)
		switch {
		case isDigit(c):
			digits++
			class = 1
		case isUpper(c):
			class = 2
		case isLetter(c):
			class = 3
		}
		if i > 0 && class != last && class != 0 && last != 0 {
			changes++
		}
		last = class
	}
	if isKey := hex == len(v) && len(v) >= 32 && digits < len(v); !isKey && (5*changes < len(v) || digits < 2 && 3*changes < len(v)) {
		return false
	}
	h, n := 0.0, float64(len(v))
	for _, c := range count {
		if c > 0 {
			p := float64(c) / n
			h -= p * math.Log2(p)
		}
	}
	return h >= bits
}
