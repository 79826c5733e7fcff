package runlog

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// syntheticRun looks like a training run: warm-up and cosine, a power law with noise, one spike.
func syntheticRun(n int64) []Record {
	rng := rand.New(rand.NewPCG(1, 2))
	recs := make([]Record, 0, n)
	for s := int64(1); s <= n; s++ {
		x := float64(s) / float64(n)
		clean := 1.55 + 7.5*math.Pow(1+40*x, -0.75)
		r := Record{Step: s, Tokens: s * 16384, Elapsed: float64(s) * 0.5, Loss: clean + 0.07*rng.NormFloat64(), GradNorm: 0.8 + 0.1*rng.NormFloat64(), TokensPerSec: 32000, MFU: 0.62}
		r.LR = 3e-4 * (0.1 + 0.9*(1+math.Cos(math.Pi*x))/2)
		if warm := float64(s) / (0.05 * float64(n)); warm < 1 {
			r.LR = 3e-4 * warm
		}
		if s == n/2 {
			r.Loss = 40
		}
		if s%(n/20) == 0 {
			r.Val = &Validation{Loss: clean + 0.05, Perplexity: math.Exp(clean + 0.05), BitsPerByte: clean / 2}
		}
		recs = append(recs, r)
	}
	return recs
}

func TestPlotLossFiles(t *testing.T) {
	dir := t.TempDir()
	if keep := os.Getenv("ATHANOR_KEEP_PLOTS"); keep != "" {
		dir = keep
	}
	if err := PlotLossFiles(dir, syntheticRun(4000), "llama 30M on English books"); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "loss.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() < 1000 || b.Dy() < 600 {
		t.Errorf("the picture is %v", b)
	}
	found := map[string]bool{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			switch [3]uint32{r >> 8, g >> 8, bl >> 8} {
			case [3]uint32{0x00, 0x72, 0xb2}:
				found["train"] = true
			case [3]uint32{0xd5, 0x5e, 0x00}:
				found["val"] = true
			case [3]uint32{0x55, 0x55, 0x55}:
				found["lr"] = true
			}
		}
	}
	if len(found) != 3 {
		t.Errorf("curves in the picture: %v", found)
	}
	svg, err := os.Open(filepath.Join(dir, "loss.svg"))
	if err != nil {
		t.Fatal(err)
	}
	defer svg.Close()
	for dec := xml.NewDecoder(svg); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal("loss.svg is not XML:", err)
		}
	}
}

func TestPlotOfOddRuns(t *testing.T) {
	nan := syntheticRun(40)
	for i := range nan {
		if i%3 == 0 {
			nan[i].Loss = math.NaN()
		}
	}
	for name, recs := range map[string][]Record{
		"one step":        {sampleRecord(1)},
		"constant":        {{Step: 5, Loss: 2}, {Step: 6, Loss: 2}},
		"validation only": {{Step: 5, Val: &Validation{Loss: 3}}},
		"with NaN":        nan,
	} {
		for _, format := range []string{"svg", "png"} {
			var b bytes.Buffer
			if err := PlotLoss(&b, recs, name, format); err != nil || b.Len() < 1000 {
				t.Errorf("%s as %s: %d bytes, %v", name, format, b.Len(), err)
			}
		}
	}
	if err := PlotLoss(io.Discard, nil, "", "png"); err == nil {
		t.Error("plotted nothing")
	}
	if err := PlotLoss(io.Discard, syntheticRun(40), "", "gif"); err == nil {
		t.Error("accepted gif")
	}
}

func TestThinningKeepsSpikes(t *testing.T) {
	recs := syntheticRun(100_000)
	top, _, err := lossPlots(recs, "")
	if err != nil || top == nil {
		t.Fatal(err)
	}
	xy := smoothed(nil)
	for _, r := range recs {
		xy = append(xy, struct{ X, Y float64 }{float64(r.Step), r.Loss})
	}
	thinned := thin(xy)
	if len(thinned) > maxPoints+2 {
		t.Errorf("%d points", len(thinned))
	}
	hi := 0.0
	for _, p := range thinned {
		hi = max(hi, p.Y)
	}
	if hi != 40 {
		t.Errorf("the spike of 40 was thinned to %v", hi)
	}
}
