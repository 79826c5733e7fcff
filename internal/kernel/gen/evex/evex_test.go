package evex

import (
	"fmt"
	"testing"
)

// The expected bytes are llvm-mc's (--triple=x86_64 --show-encoding).
func TestEncodingsMatchLLVM(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"vdpbf16ps %zmm3, %zmm2, %zmm1", VDPBF16PS.Reg(1, 2, 3), "62f26e4852cb"},
		{"vdpbf16ps %zmm29, %zmm30, %zmm31", VDPBF16PS.Reg(31, 30, 29), "62020e4052fd"},
		{"vdpbf16ps %zmm8, %zmm17, %zmm9", VDPBF16PS.Reg(9, 17, 8), "6252764052c8"},
		{"vdpbf16ps %zmm23, %zmm15, %zmm16", VDPBF16PS.Reg(16, 15, 23), "62a2064852c7"},
		{"vdpbf16ps (%rax), %zmm28, %zmm5", VDPBF16PS.Mem(5, 28, 0, 0), "62f21e405228"},
		{"vdpbf16ps (%rbp), %zmm6, %zmm20", VDPBF16PS.Mem(20, 6, 5, 0), "62e24e48526500"},
		{"vdpbf16ps 128(%r12), %zmm1, %zmm0", VDPBF16PS.Mem(0, 1, 12, 128), "62d2764852442402"},
		{"vdpbf16ps 100(%rsp), %zmm1, %zmm0", VDPBF16PS.Mem(0, 1, 4, 100), "62f2764852842464000000"},
		{"vdpbf16ps 52(%rsi){1to16}, %zmm29, %zmm13", VDPBF16PS.Bcst(13, 29, 6, 52), "62721650526e0d"},
		{"vdpbf16ps -4(%r9){1to16}, %zmm29, %zmm13", VDPBF16PS.Bcst(13, 29, 9, -4), "625216505269ff"},
		{"vdpbf16ps 4096(%r9){1to16}, %zmm29, %zmm13", VDPBF16PS.Bcst(13, 29, 9, 4096), "6252165052a900100000"},
		{"vcvtneps2bf16 %zmm17, %ymm3", VCVTNEPS2BF16.Reg(3, None, 17), "62b27e4872d9"},
		{"vcvtne2ps2bf16 %zmm17, %zmm4, %zmm3", VCVTNE2PS2BF16.Reg(3, 4, 17), "62b25f4872d9"},
	} {
		if got := fmt.Sprintf("%x", c.got); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
