package kernel

import "testing"

func TestPagesAreZeroedAndUsable(t *testing.T) {
	for _, size := range []int{0, 1, 3 << 20} {
		b := Pages(size)
		if len(b) < size {
			t.Fatalf("Pages(%d) has %d bytes", size, len(b))
		}
		for i, v := range b {
			if v != 0 {
				t.Fatalf("Pages(%d)[%d] = %d, want 0", size, i, v)
			}
			b[i] = 1
		}
		FreePages(b)
	}
	FreePages(nil)
}
