package safetensors

import (
	"encoding/binary"
	"math"
)

// decodeF32 converts len(dst) elements of type d in src.
func decodeF32(dst []float32, src []byte, d DType) {
	le := binary.LittleEndian
	switch d {
	case F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(le.Uint64(src[8*i:])))
		}
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(le.Uint32(src[4*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(le.Uint16(src[2*i:])) << 16)
		}
	case F16:
		for i := range dst {
			dst[i] = f16ToF32(le.Uint16(src[2*i:]))
		}
	}
}

// encodeF32 converts src into elements of type d, rounding to nearest even.
func encodeF32(dst []byte, src []float32, d DType) {
	le := binary.LittleEndian
	switch d {
	case F64:
		for i, v := range src {
			le.PutUint64(dst[8*i:], math.Float64bits(float64(v)))
		}
	case F32:
		for i, v := range src {
			le.PutUint32(dst[4*i:], math.Float32bits(v))
		}
	case BF16:
		for i, v := range src {
			le.PutUint16(dst[2*i:], f32ToBF16(v))
		}
	case F16:
		for i, v := range src {
			le.PutUint16(dst[2*i:], f32ToF16(v))
		}
	}
}

// decodeInt converts len(dst) elements of the integer or boolean type d in src.
func decodeInt(dst []int64, src []byte, d DType) {
	le := binary.LittleEndian
	for i := range dst {
		switch d {
		case I64, U64:
			dst[i] = int64(le.Uint64(src[8*i:]))
		case I32:
			dst[i] = int64(int32(le.Uint32(src[4*i:])))
		case U32:
			dst[i] = int64(le.Uint32(src[4*i:]))
		case I16:
			dst[i] = int64(int16(le.Uint16(src[2*i:])))
		case U16:
			dst[i] = int64(le.Uint16(src[2*i:]))
		case I8:
			dst[i] = int64(int8(src[i]))
		default:
			dst[i] = int64(src[i])
		}
	}
}

// f32ToBF16 rounds to nearest even; a NaN stays a (quiet) NaN of the same sign.
func f32ToBF16(f float32) uint16 {
	b := math.Float32bits(f)
	if f != f {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// f32ToF16 rounds to nearest even, to infinity from 65520 up, to subnormals below 2^-14.
func f32ToF16(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	abs := b & 0x7fffffff
	switch {
	case abs > 0x7f800000: // NaN
		return sign | 0x7e00 | uint16(abs>>13)&0x1ff
	case abs >= 0x477ff000: // 65520, half-way between the largest finite value and the next step
		return sign | 0x7c00
	case abs >= 0x38800000: // 2^-14: normal
		r := abs + 0xfff + abs>>13&1
		return sign | uint16((r-0x38000000)>>13)
	default: // subnormal: a multiple of 2^-24, found by the f32 adder's own rounding at 0.5
		const half = 0x3f000000
		r := math.Float32frombits(abs) + math.Float32frombits(half)
		return sign | uint16(math.Float32bits(r)-half)
	}
}

// f16ToF32 is exact.
func f16ToF32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 0x1f
	man := uint32(h & 0x3ff)
	switch exp {
	case 0: // zero or subnormal: man × 2^-24
		return math.Float32frombits(math.Float32bits(float32(man)*0x1p-24) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | man<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | man<<13)
}
