package model

import (
	"fmt"
	"math"

	"github.com/athanor-lm/athanor/tensor"
)

func sqrt(x float64) float64 { return math.Sqrt(x) }

// tensor returns the scaling in the terms of the rotation tables.
func (s RopeScaling) tensor() tensor.RopeScaling {
	kind := tensor.RopeScalingKind(s.Kind)
	if s.Kind == "none" {
		kind = tensor.RopeNone
	}
	return tensor.RopeScaling{Kind: kind, Factor: s.Factor, Original: s.Original, LowFreq: s.LowFreq, HighFreq: s.HighFreq, BetaFast: s.BetaFast, BetaSlow: s.BetaSlow}
}

// Cache holds the keys and values of a batch of sequences for all layers.
type Cache struct {
	B, MaxT int
	layers  []cacheLayer
}

type cacheLayer struct {
	k, v []*tensor.Tensor // [B] of [MaxT, K·D]; keys are rotated
}

// NewCache makes room for b sequences of up to maxT tokens, stored in dt.
func NewCache(c Config, dt tensor.DType, b, maxT int) *Cache {
	cache := &Cache{B: b, MaxT: maxT, layers: make([]cacheLayer, c.Layers)}
	for i := range cache.layers {
		for range b {
			cache.layers[i].k = append(cache.layers[i].k, tensor.NewTensor(dt, maxT, c.KVHeads*c.HeadDim))
			cache.layers[i].v = append(cache.layers[i].v, tensor.NewTensor(dt, maxT, c.KVHeads*c.HeadDim))
		}
	}
	return cache
}

// CacheBytes returns the memory that NewCache takes.
func CacheBytes(c Config, dt tensor.DType, b, maxT int) int64 {
	return 2 * int64(c.Layers) * int64(b) * int64(maxT) * int64(c.KVHeads*c.HeadDim) * int64(dt.Size())
}

// Free gives the memory back.
func (c *Cache) Free() {
	for _, l := range c.layers {
		for b := range c.B {
			l.k[b].Free()
			l.v[b].Free()
		}
	}
	c.layers = nil
}

// DecodeBatch is N new tokens for each of B sequences, of which the first Valid[b] are real.
type DecodeBatch struct {
	B, N   int
	Tokens []int32 // [B·N]
	Past   []int32 // [B] tokens of each sequence already in the cache
	Valid  []int32 // [B]
	Cache  *Cache

	positions []int32 // [B·N]
	last      []int32 // [B] row of each sequence's last valid token
}

// NewDecodeBatch makes a batch over the cache.
func NewDecodeBatch(cache *Cache, n int) *DecodeBatch {
	b := cache.B
	return &DecodeBatch{B: b, N: n, Cache: cache, Tokens: make([]int32, b*n), Past: make([]int32, b), Valid: make([]int32, b),
		positions: make([]int32, b*n), last: make([]int32, b)}
}

// Prepare derives positions from Past and Valid; call it after setting them and before Decode.
func (d *DecodeBatch) Prepare() {
	for b := range d.B {
		valid, past := d.Valid[b], d.Past[b]
		if valid < 0 || int(valid) > d.N || int(past+valid) > d.Cache.MaxT {
			panic(fmt.Sprintf("model.DecodeBatch: sequence %d: %d tokens after %d, want at most %d and %d in all", b, valid, past, d.N, d.Cache.MaxT))
		}
		for i := range d.N {
			d.positions[b*d.N+i] = min(past+int32(i), int32(d.Cache.MaxT)-1) // padding stays within the tables
		}
		d.last[b] = int32(b*d.N) + max(valid-1, 0)
	}
}

// Advance counts the valid tokens as cached; call it after Decode.
func (d *DecodeBatch) Advance() {
	for b := range d.B {
		d.Past[b] += d.Valid[b]
	}
}

func (d *DecodeBatch) spec(c *Config, rope *tensor.Rope, layer int, scale float32) tensor.DecodeSpec {
	l := &d.Cache.layers[layer]
	return tensor.DecodeSpec{H: c.Heads, K: c.KVHeads, D: c.HeadDim, KCache: l.k, VCache: l.v, Past: d.Past, Valid: d.Valid, Window: c.Window, Rope: rope, Scale: scale}
}
