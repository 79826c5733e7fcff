package kernel

//go:generate go -C gen run ./minhash -asm ../minhash_amd64.s -stubs ../minhash_decl_amd64.go

func init() {
	minimaBlocks[AVX2] = []minimaBlock{{32, minima32AVX2}, {8, minima8AVX2}}
	minimaBlocks[AVX512] = []minimaBlock{{64, minima64AVX512}, {16, minima16AVX512}, {8, minima8AVX2}}
	minimaBlocks[AVX512BF16] = minimaBlocks[AVX512]
}
