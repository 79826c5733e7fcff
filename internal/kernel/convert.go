package kernel

import (
	"fmt"
	"math"
	"unsafe"
)

// F32 returns b as a float32, exactly.
func (b BF16Bits) F32() float32 { return math.Float32frombits(uint32(b) << 16) }

// ToBF16 rounds x to nearest even as VCVTNEPS2BF16 does: NaN becomes a quiet NaN of the same sign and upper payload,
// values past the largest bfloat16 become ±Inf, and denormal inputs become a zero of their sign.
func ToBF16(x float32) BF16Bits {
	b := math.Float32bits(x)
	switch exp := b >> 23 & 0xff; {
	case exp == 0:
		return BF16Bits(b >> 16 & 0x8000)
	case exp == 0xff && b&0x7fffff != 0:
		return BF16Bits(b>>16 | 0x40)
	}
	return BF16Bits((b + 0x7fff + b>>16&1) >> 16)
}

// F32 returns h as a float32, exactly (denormals included).
func (h F16Bits) F32() float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>10&31), uint32(h&0x3ff)
	switch exp {
	case 0: // zero or denormal: frac · 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*(1.0/(1<<24))))
	case 31:
		if frac != 0 {
			frac |= 0x200
		}
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// ToF16 rounds x to nearest even as VCVTPS2PH does: overflow gives ±Inf, small values denormals, NaN a quiet NaN.
func ToF16(x float32) F16Bits {
	b := math.Float32bits(x)
	sign := F16Bits(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00 | F16Bits(b>>13&0x1ff)
	case b >= 0x477ff000: // 65520 rounds to 2¹⁶
		return sign | 0x7c00
	case b < 0x38800000: // below 2⁻¹⁴: the sum's last bit weighs 2⁻²⁴, so that the adder rounds
		return sign | F16Bits(math.Float32bits(math.Float32frombits(b)+0.5)-math.Float32bits(0.5))
	}
	return sign | F16Bits((b+0xfff+b>>13&1-112<<23)>>13)
}

// BF16ToF32 widens src, exactly.
func BF16ToF32(dst []float32, src []BF16Bits) {
	same("BF16ToF32", len(dst), len(src))
	vec().bf16ToF32(dst, src)
}

// F32ToBF16 rounds src as ToBF16 does (nearest even, denormals to zero, NaN quiet).
func F32ToBF16(dst []BF16Bits, src []float32) {
	same("F32ToBF16", len(dst), len(src))
	vec().f32ToBF16(dst, src)
}

// F16ToF32 widens src, exactly.
func F16ToF32(dst []float32, src []F16Bits) {
	same("F16ToF32", len(dst), len(src))
	vec().f16ToF32(dst, src)
}

// F32ToF16 rounds src as ToF16 does (nearest even, overflow to ±Inf).
func F32ToF16(dst []F16Bits, src []float32) {
	same("F32ToF16", len(dst), len(src))
	vec().f32ToF16(dst, src)
}

// LoadF32 converts a row of src to dst, which has src.Cols elements.
func LoadF32(dst []float32, src Mat, row int) {
	same("LoadF32", len(dst), src.Cols)
	inRows("LoadF32", row, src)
	switch src.DT {
	case F32:
		copy(dst, src.RowF32(row))
	case BF16:
		vec().bf16ToF32(dst, src.RowBF16(row))
	case F16:
		vec().f16ToF32(dst, src.RowF16(row))
	default:
		panic(fmt.Sprintf("kernel.LoadF32: rows of %s, want f32, bf16 or f16", src.DT))
	}
}

// StoreF32 converts src, of dst.Cols elements, to a row of dst. A column range is a view by ColsFrom.
func StoreF32(dst Mat, row int, src []float32) {
	same("StoreF32", dst.Cols, len(src))
	inRows("StoreF32", row, dst)
	switch dst.DT {
	case F32:
		copy(dst.RowF32(row), src)
	case BF16:
		vec().f32ToBF16(dst.RowBF16(row), src)
	case F16:
		vec().f32ToF16(dst.RowF16(row), src)
	default:
		panic(fmt.Sprintf("kernel.StoreF32: rows of %s, want f32, bf16 or f16", dst.DT))
	}
}

// CopyRow sets row i of dst to row j of src, converting between F32, BF16 and F16: an embedding's gather.
func CopyRow(dst Mat, i int, src Mat, j int) {
	same("CopyRow", dst.Cols, src.Cols)
	inRows("CopyRow", i, dst)
	inRows("CopyRow", j, src)
	switch {
	case dst.DT == src.DT:
		n := dst.Cols * dst.DT.Size()
		d := unsafe.Add(dst.Ptr, i*dst.Stride*dst.DT.Size())
		s := unsafe.Add(src.Ptr, j*src.Stride*src.DT.Size())
		copy(unsafe.Slice((*byte)(d), n), unsafe.Slice((*byte)(s), n))
	case dst.DT == F32:
		LoadF32(dst.RowF32(i), src, j)
	case src.DT == F32:
		StoreF32(dst, i, src.RowF32(j))
	case dst.DT == BF16 && src.DT == F16:
		d := dst.RowBF16(i)
		for k, h := range src.RowF16(j) {
			d[k] = ToBF16(h.F32())
		}
	case dst.DT == F16 && src.DT == BF16:
		d := dst.RowF16(i)
		for k, b := range src.RowBF16(j) {
			d[k] = ToF16(b.F32())
		}
	default:
		panic(fmt.Sprintf("kernel.CopyRow: from %s to %s, want f32, bf16 or f16", src.DT, dst.DT))
	}
}

func inRows(op string, row int, m Mat) {
	if uint(row) >= uint(m.Rows) {
		panic(fmt.Sprintf("kernel.%s: row %d of a matrix of %d rows", op, row, m.Rows))
	}
}

func bf16ToF32Generic(dst []float32, src []BF16Bits) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = src[i].F32()
	}
}

func f32ToBF16Generic(dst []BF16Bits, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = ToBF16(src[i])
	}
}

func f16ToF32Generic(dst []float32, src []F16Bits) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = src[i].F32()
	}
}

func f32ToF16Generic(dst []F16Bits, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = ToF16(src[i])
	}
}
