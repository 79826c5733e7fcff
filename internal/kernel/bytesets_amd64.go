package kernel

//go:generate go -C gen run ./bytesets -asm ../bytesets_amd64.s -stubs ../bytesets_decl_amd64.go

// byteMasks writes the masks of whole blocks, blocks > 0, and says whether it could.
func byteMasks(dst *uint64, text, tables *byte, blocks int) bool {
	switch {
	case currentLevel >= AVX512:
		byteMasksAVX512(dst, text, tables, blocks)
	case currentLevel >= AVX2:
		byteMasksAVX2(dst, text, tables, blocks)
	default:
		return false
	}
	return true
}
