package runlog

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colours of the plot: a blue for training, an orange for validation (Okabe & Ito's palette, distinguishable
// with colour-vision deficiencies), greys for the rest.
var (
	trainColor = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	rawColor   = color.NRGBA{0x00, 0x72, 0xb2, 0x50}
	valColor   = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	lrColor    = color.NRGBA{0x55, 0x55, 0x55, 0xff}
	gridColor  = color.NRGBA{0x00, 0x00, 0x00, 0x18}
	axisColor  = color.NRGBA{0x44, 0x44, 0x44, 0xff}
)

const (
	plotWidth  = 9 * vg.Inch
	plotHeight = 5.4 * vg.Inch
	lrShare    = 0.24 // of the height
	plotDPI    = 144
	maxPoints  = 2000 // a curve is thinned to about this many points
)

// PlotLoss draws the loss curves of recs to w in the given format, "svg" or "png": training loss raw and smoothed and
// validation loss above, the learning rate below, over optimizer steps. The title is drawn in a Latin font.
func PlotLoss(w io.Writer, recs []Record, title, format string) error {
	top, bottom, err := lossPlots(recs, title)
	if err != nil {
		return fmt.Errorf("runlog: plot loss: %w", err)
	}
	var canvas vg.CanvasWriterTo
	switch format {
	case "svg":
		canvas = vgsvg.New(plotWidth, plotHeight)
	case "png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(plotWidth, plotHeight), vgimg.UseDPI(plotDPI))}
	default:
		return fmt.Errorf("runlog: plot loss: format %q, want svg or png", format)
	}
	dc := draw.New(canvas)
	dc.SetColor(color.White)
	dc.Fill(dc.Rectangle.Path())
	dc = draw.Crop(dc, 10, -16, 8, -12)
	h := dc.Max.Y - dc.Min.Y
	upper := draw.Crop(dc, 0, 0, h*lrShare, 0)
	lower := draw.Crop(dc, 0, 0, 0, -h*(1-lrShare)-6)
	alignLeft(top, bottom, &upper, &lower)
	top.Draw(upper)
	bottom.Draw(lower)
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("runlog: plot loss: %w", err)
	}
	return nil
}

// PlotLossFiles writes loss.svg and loss.png to dir.
func PlotLossFiles(dir string, recs []Record, title string) error {
	for _, format := range []string{"svg", "png"} {
		path := filepath.Join(dir, "loss."+format)
		f, err := os.Create(path)
		if err != nil {
			return fmt.Errorf("runlog: plot loss: %w", err)
		}
		err = PlotLoss(f, recs, title, format)
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("runlog: plot loss: %w", e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func lossPlots(recs []Record, title string) (top, bottom *plot.Plot, err error) {
	var raw, val, lr plotter.XYs
	for i := range recs {
		r := &recs[i]
		x := float64(r.Step)
		if finite(r.Loss) && r.Loss != 0 {
			raw = append(raw, plotter.XY{X: x, Y: r.Loss})
		}
		if r.Val != nil && finite(r.Val.Loss) {
			val = append(val, plotter.XY{X: x, Y: r.Val.Loss})
		}
		if finite(r.LR) {
			lr = append(lr, plotter.XY{X: x, Y: r.LR})
		}
	}
	if len(raw) == 0 && len(val) == 0 {
		return nil, nil, fmt.Errorf("%d records hold no finite loss", len(recs))
	}
	top, bottom = newPlot(), newPlot()
	top.Title.Text = title
	top.Y.Label.Text = "loss (nats/token)"
	bottom.X.Label.Text = "optimizer step"
	bottom.Y.Label.Text = "learning rate"

	smooth := smoothed(raw)
	if err := addCurves(top, raw, smooth, val); err != nil {
		return nil, nil, err
	}
	if len(lr) > 0 {
		if err := addLine(bottom, "", thin(lr), lrColor, 1.4); err != nil {
			return nil, nil, err
		}
	}
	bottom.Y.Min = 0
	bottom.Y.Max = max(1e-12, bottom.Y.Max*1.08)
	top.Y.Min, top.Y.Max = lossRange(raw, smooth, val)
	lo, hi := float64(recs[0].Step), float64(recs[len(recs)-1].Step)
	if lo <= 1 {
		lo = 0
	}
	if hi <= lo {
		hi = lo + 1
	}
	for _, p := range []*plot.Plot{top, bottom} {
		p.X.Min, p.X.Max = lo, hi
	}
	top.X.Tick.Marker, bottom.X.Tick.Marker = niceTicks{9, noLabel}, niceTicks{9, stepLabel}
	top.Y.Tick.Marker, bottom.Y.Tick.Marker = niceTicks{8, numberLabel}, niceTicks{4, rateLabel}
	return top, bottom, nil
}

// newPlot is an empty plot in the house style.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.TextStyle.Font.Size = 13
	p.Title.TextStyle.Font.Variant = "Sans"
	p.Title.Padding = 8
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = gridColor, gridColor
	p.Add(grid)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Tick.Color = axisColor, axisColor
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.6, 0.6
		a.Tick.Length = 4
		a.Padding = 0
		a.Label.TextStyle.Font.Size = 10
		a.Label.TextStyle.Font.Variant = "Sans"
		a.Tick.Label.Font.Size = 9
		a.Tick.Label.Font.Variant = "Sans"
		a.Tick.Label.Color, a.Label.TextStyle.Color = axisColor, axisColor
	}
	p.Legend.Top = true
	p.Legend.XOffs, p.Legend.YOffs = -8, -6
	p.Legend.TextStyle.Font.Size = 10
	p.Legend.TextStyle.Font.Variant = "Sans"
	p.Legend.ThumbnailWidth = 22
	p.Legend.Padding = 3
	return p
}

func addCurves(p *plot.Plot, raw, smooth, val plotter.XYs) error {
	if len(raw) > 0 {
		if err := addLine(p, "train, each step", thin(raw), rawColor, 0.8); err != nil {
			return err
		}
		if err := addLine(p, "train, smoothed", thin(smooth), trainColor, 1.6); err != nil {
			return err
		}
	}
	if len(val) == 0 {
		return nil
	}
	line, points, err := plotter.NewLinePoints(val)
	if err != nil {
		return err
	}
	line.Color, line.Width = valColor, 1.6
	points.Color, points.Shape, points.Radius = valColor, draw.CircleGlyph{}, 2.2
	p.Add(line, points)
	best := val[0]
	for _, v := range val {
		if v.Y < best.Y {
			best = v
		}
	}
	p.Legend.Add(fmt.Sprintf("validation, best %.4f at step %.0f", best.Y, best.X), line, points)
	return nil
}

func addLine(p *plot.Plot, name string, xy plotter.XYs, c color.Color, width vg.Length) error {
	l, err := plotter.NewLine(xy)
	if err != nil {
		return err
	}
	l.Color, l.Width = c, width
	p.Add(l)
	if name != "" {
		p.Legend.Add(name, l)
	}
	return nil
}

// smoothed is the running median over about 2 % of the curve, at least 11 points, centred so that it does not lag
// behind, narrower towards the ends; a spike of a few steps does not move it.
func smoothed(xy plotter.XYs) plotter.XYs {
	half := max(5, len(xy)/100)
	every := max(1, len(xy)/(maxPoints/2))
	stride := max(1, half/100) // no more than about 200 points a median
	var out plotter.XYs
	window := make([]float64, 0, 2*half+1)
	for i := 0; i < len(xy); i += every {
		h := min(half, i, len(xy)-1-i)
		window = window[:0]
		for j := i - h/stride*stride; j <= i+h; j += stride {
			window = append(window, xy[j].Y)
		}
		slices.Sort(window)
		out = append(out, plotter.XY{X: xy[i].X, Y: window[len(window)/2]})
	}
	return out
}

// thin keeps, of every run of points, the lowest and the highest, so that a thinned curve keeps its spikes.
func thin(xy plotter.XYs) plotter.XYs {
	if len(xy) <= maxPoints {
		return xy
	}
	out := make(plotter.XYs, 0, maxPoints+2)
	buckets := maxPoints / 2
	for b := range buckets {
		part := xy[b*len(xy)/buckets : (b+1)*len(xy)/buckets]
		lo, hi := 0, 0
		for i, p := range part {
			if p.Y < part[lo].Y {
				lo = i
			}
			if p.Y > part[hi].Y {
				hi = i
			}
		}
		out = append(out, part[min(lo, hi)])
		if lo != hi {
			out = append(out, part[max(lo, hi)])
		}
	}
	return append(out, xy[len(xy)-1])
}

// lossRange chooses the vertical range: everything low, but not a spike that would press the curve flat.
func lossRange(raw, smooth, val plotter.XYs) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, xy := range []plotter.XYs{smooth, val} {
		for _, p := range xy {
			lo, hi = min(lo, p.Y), max(hi, p.Y)
		}
	}
	top := hi
	for _, p := range raw {
		lo, top = min(lo, p.Y), max(top, p.Y)
	}
	hi = min(top, hi+0.1*(hi-lo))
	margin := 0.05 * (hi - lo)
	if margin == 0 {
		margin = 0.5
	}
	return max(0, lo-margin), hi + margin
}

// niceTicks places about n ticks at multiples of 1, 2 or 5 times a power of ten.
type niceTicks struct {
	n     int
	label func(v float64) string
}

// Ticks implements plot.Ticker.
func (t niceTicks) Ticks(lo, hi float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/float64(t.n))))
	for _, f := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if (hi-lo)/step <= float64(t.n) {
			break
		}
		step *= f
	}
	var ticks []plot.Tick
	for k := math.Ceil(lo/step-1e-9) + 0; k*step <= hi+1e-9*step; k++ { // + 0 turns -0 into 0
		ticks = append(ticks, plot.Tick{Value: k * step, Label: t.label(k * step)})
	}
	return ticks
}

func noLabel(float64) string { return " " }

// stepLabel renders 2500 as 2.5k and leaves fractions of a step out.
func stepLabel(v float64) string {
	if v != math.Round(v) {
		return " "
	}
	if v < 1000 {
		return fmt.Sprintf("%g", v)
	}
	if v < 1e6 {
		return fmt.Sprintf("%gk", v/1000)
	}
	return fmt.Sprintf("%gM", v/1e6)
}

func numberLabel(v float64) string { return fmt.Sprintf("%.6g", v) }

// rateLabel renders 0.0003 as 3e-4.
func rateLabel(v float64) string {
	if v == 0 {
		return "0"
	}
	return strings.Replace(strconv.FormatFloat(float64(float32(v)), 'e', -1, 32), "e-0", "e-", 1)
}

// alignLeft makes the plots' data areas begin at the same column: the one with the narrower vertical axis is
// moved to the right by the difference.
func alignLeft(a, b *plot.Plot, ca, cb *draw.Canvas) {
	left := func(p *plot.Plot, c *draw.Canvas) vg.Length { return p.DataCanvas(*c).Min.X }
	right := func(p *plot.Plot, c *draw.Canvas) vg.Length { return p.DataCanvas(*c).Max.X }
	la, lb := left(a, ca), left(b, cb)
	if la < lb {
		*ca = draw.Crop(*ca, lb-la, 0, 0, 0)
	} else {
		*cb = draw.Crop(*cb, la-lb, 0, 0, 0)
	}
	ra, rb := right(a, ca), right(b, cb)
	if ra > rb {
		*ca = draw.Crop(*ca, 0, rb-ra, 0, 0)
	} else {
		*cb = draw.Crop(*cb, 0, ra-rb, 0, 0)
	}
}
