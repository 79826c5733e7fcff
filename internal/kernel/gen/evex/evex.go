// Package evex encodes the AVX-512 BF16 instructions that Go's assembler and avo do not know, as bytes of an
// instruction stream. Encoding: Intel SDM volume 2, section 2.7 (EVEX).
package evex

// Op is an instruction of the 0F38 map with W0 and 512-bit vectors.
type Op struct {
	Opcode byte
	Prefix byte // the pp field: 2 for F3, 3 for F2
}

// The instructions. VDPBF16PS dst += pairs of src1 · pairs of src2; VCVTNE2PS2BF16 rounds src1 (upper half) and src2
// (lower half) to bf16; VCVTNEPS2BF16 rounds a ZMM to a YMM and has no src1 (0).
var (
	VDPBF16PS      = Op{0x52, 2}
	VCVTNEPS2BF16  = Op{0x72, 2}
	VCVTNE2PS2BF16 = Op{0x72, 3}
)

// None is src1 of an instruction with a single source: the field is then all ones, inverted zero.
const None = 0

// Reg encodes op dst, src1, src2 for vector registers 0…31.
func (op Op) Reg(dst, src1, src2 int) []byte {
	return append(op.prefix(dst, src1, src2>>3&1, src2>>4&1, false), 0xC0|byte(dst&7)<<3|byte(src2&7))
}

// Mem encodes op dst, src1, disp(base) with a 64-byte vector in memory. base is a general register 0…15 (RAX, RCX, RDX,
// RBX, RSP, RBP, RSI, RDI, R8…).
func (op Op) Mem(dst, src1, base, disp int) []byte {
	return op.mem(dst, src1, base, disp, 64, false)
}

// Bcst encodes op dst, src1, disp(base){1to16}: a 4-byte word in memory, repeated.
func (op Op) Bcst(dst, src1, base, disp int) []byte {
	return op.mem(dst, src1, base, disp, 4, true)
}

// prefix returns the four bytes of EVEX and the opcode. b and x are the upper bits of the r/m operand.
func (op Op) prefix(dst, src1, b, x int, bcst bool) []byte {
	not := func(v, bit int) byte { return byte(^v >> bit & 1) }
	p0 := not(dst, 3)<<7 | byte(^x&1)<<6 | byte(^b&1)<<5 | not(dst, 4)<<4 | 2
	p1 := byte(^src1&15)<<3 | 4 | op.Prefix
	p2 := byte(2<<5) | not(src1, 4)<<3
	if bcst {
		p2 |= 1 << 4
	}
	return []byte{0x62, p0, p1, p2, op.Opcode}
}

// mem appends ModRM, SIB and displacement; an 8-bit displacement counts units of scale.
func (op Op) mem(dst, src1, base, disp, scale int, bcst bool) []byte {
	out := op.prefix(dst, src1, base>>3&1, 0, bcst)
	reg, rm := byte(dst&7)<<3, byte(base&7)
	short := disp%scale == 0 && disp/scale >= -128 && disp/scale < 128
	mod := byte(0x80)
	switch {
	case disp == 0 && rm != 5:
		mod = 0
	case short:
		mod = 0x40
	}
	out = append(out, mod|reg|rm)
	if rm == 4 {
		out = append(out, 0x24)
	}
	switch mod {
	case 0x40:
		out = append(out, byte(disp/scale))
	case 0x80:
		out = append(out, byte(disp), byte(disp>>8), byte(disp>>16), byte(disp>>24))
	}
	return out
}
