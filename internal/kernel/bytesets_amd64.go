package kernel

//go:generate go -C gen run ./bytesets -asm ../bytesets_amd64.s -stubs ../bytesets_decl_amd64.go

func init() {
	byteMasks[AVX2] = byteMasksAVX2
	byteMasks[AVX512] = byteMasksAVX512
	byteMasks[AVX512BF16] = byteMasksAVX512
}
