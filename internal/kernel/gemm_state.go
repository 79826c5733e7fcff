package kernel

// gemmState is what a GemmArgs keeps between runs (packing buffers, plan).
type gemmState struct{}

// Gemm runs g on the pool.
func Gemm(p *Pool, g *GemmArgs) { panic("unimplemented") }
