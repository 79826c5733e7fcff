package pii

import "testing"

// 11010519491231002X, GB 11643's own example:
//
//	digit    1  1  0  1  0  5  1  9  4  9  1  2  3  1  0  0  2
//	weight   7  9 10  5  8  4  2  1  6  3  7  9 10  5  8  4  2
//	product  7  9  0  5  0 20  2  9 24 27  7 18 30  5  0  0  4   sum 167 = 15·11 + 2
//
// and place 2 of "10X98765432" is X. With the sequence 003 the sum is 169 = 15·11 + 4: place 4 is 8.
func TestChineseIDByHand(t *testing.T) {
	if c := checkChar("11010519491231002"); c != 'X' {
		t.Errorf("11010519491231002: %c, want X", c)
	}
	if c := checkChar("11010519491231003"); c != '8' {
		t.Errorf("11010519491231003: %c, want 8", c)
	}
}

// 79927398713, the textbook's example. From the right, every second digit doubled: 3, 1·2, 7, 8·2 = 16 → 7, 9, 3·2, 7, 2·2, 9, 9·2 = 18 → 9, 7:
// 3 + 2 + 7 + 7 + 9 + 6 + 7 + 4 + 9 + 9 + 7 = 70. And 4111111111111111: eight ones, seven twos and 8: 8 + 14 + 8 = 30. One digit more: 71, 31.
func TestLuhnByHand(t *testing.T) {
	for digits, want := range map[string]bool{"79927398713": true, "79927398714": false, "4111111111111111": true, "4111111111111112": false} {
		if luhn([]byte(digits)) != want {
			t.Errorf("%s: %v, want %v", digits, !want, want)
		}
	}
}

// GB82 WEST 1234 5698 7654 32, the standard's example: WEST12345698765432GB82 with A = 10 … Z = 35 reads
// 3214282912345698765432161182. Remainders mod 97, piece by piece: 321428291 → 70, 70·2345698 → 29, 29·7654321 → 24, 24·61182 → 1 (where
// a·b is b written behind a). With the last digit 3 instead of 2 the number is 10⁶ larger, and 10⁶ mod 97 = 27: 28.
func TestIBANByHand(t *testing.T) {
	s := NewScanner(Options{})
	for text, want := range map[string]int{"GB82 WEST 1234 5698 7654 32": 1, "GB82WEST12345698765432": 1, "GB82 WEST 1234 5698 7654 33": 0,
		"GB82 WEST 1234 5698 7654 3": 0, "ZZ82 WEST 1234 5698 7654 32": 0} {
		if got := len(s.Scan(text)); got != want {
			t.Errorf("%s: %d finds, want %d", text, got, want)
		}
	}
}

func TestBirthdays(t *testing.T) {
	for _, c := range []struct {
		year, month, day int
		want             bool
	}{{2000, 2, 29, true}, {1900, 2, 29, false}, {2023, 2, 29, false}, {1999, 4, 31, false}, {1999, 13, 1, false}, {1949, 12, 31, true}, {2099, 1, 1, false}} {
		if got := isBirthday(c.year, c.month, c.day); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
}

func TestSpecialAddresses(t *testing.T) {
	for text, want := range map[string]bool{"8.8.8.8": true, "10.1.2.3": false, "172.15.0.1": true, "172.16.0.1": false, "172.31.9.9": false, "172.32.0.1": true,
		"100.63.0.1": true, "100.64.0.1": false, "100.127.0.1": false, "100.128.0.1": true, "169.254.1.1": false, "192.168.0.1": false, "192.0.2.1": false,
		"192.0.3.1": true, "198.17.0.1": true, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "203.0.114.1": true, "223.1.1.1": true,
		"224.0.0.1": false, "255.255.255.255": false, "0.1.2.3": false, "127.0.0.1": false} {
		if got := octets(text).public(); got != want {
			t.Errorf("%s: public %v, want %v", text, got, want)
		}
	}
}
