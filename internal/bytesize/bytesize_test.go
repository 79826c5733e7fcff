package bytesize

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "512": 512, "4GB": 4e9, "4 gib": 4 << 30, "1.5GiB": 3 << 29, "64k": 64000, "10B": 10} {
		if n, err := Parse(text); err != nil || n != want {
			t.Errorf("%q = %d, %v, want %d", text, n, err, want)
		}
	}
	for _, text := range []string{"", "GB", "-1", "4 gigs", "1e400", "NaN", "9e18 GB"} {
		if n, err := Parse(text); err == nil {
			t.Errorf("%q = %d, want an error", text, n)
		}
	}
}
