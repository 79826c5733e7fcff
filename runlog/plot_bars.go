package runlog

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// seriesColors tell series of bars apart, also with colour-vision deficiencies (Okabe & Ito's palette).
var seriesColors = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0x56, 0xb4, 0xe9, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0xf0, 0xe4, 0x42, 0xff}, {0x55, 0x55, 0x55, 0xff},
}

// GroupedBars is a chart of values by group and series: a group stands for itself on the axis, and in it a bar a series.
type GroupedBars struct {
	Title, YLabel string
	Groups        []string
	Series        []BarSeries
	Format        string // of the values over the bars, as fmt has it; empty = none are shown
}

// BarSeries is one bar in every group.
type BarSeries struct {
	Name   string
	Values []float64 // one a group, at least 0
}

// WriteSVG draws the chart. Text is written as text, in the fonts of whoever looks at it, so that names may be in any
// script.
func (g *GroupedBars) WriteSVG(w io.Writer) error {
	p, err := g.plot()
	if err != nil {
		return fmt.Errorf("runlog: plot bars: %w", err)
	}
	canvas := vgsvg.New(plotWidth, plotHeight)
	dc := draw.New(canvas)
	dc.SetColor(color.White)
	dc.Fill(dc.Rectangle.Path())
	p.Draw(draw.Crop(dc, 10, -16, 8, -12))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("runlog: plot bars: %w", err)
	}
	return nil
}

func (g *GroupedBars) plot() (*plot.Plot, error) {
	p := newPlot()
	p.Title.Text, p.Y.Label.Text = g.Title, g.YLabel
	p.Y.Min = 0
	p.Y.Tick.Marker = niceTicks{8, numberLabel}
	p.X.Tick.Length = 0
	p.NominalX(g.Groups...)
	p.X.Tick.Label.Font.Size = 10
	if err := g.addBars(p); err != nil {
		return nil, err
	}
	p.X.Min, p.X.Max = -0.5, float64(len(g.Groups))-0.5
	p.Y.Max *= 1 + 0.07*float64(len(g.Series)) // room for the legend
	return p, nil
}

// addBars adds the series side by side, the groups a bar's width apart.
func (g *GroupedBars) addBars(p *plot.Plot) error {
	slot := 1 / float64(len(g.Series)+1) // of a group, which is 1 wide
	width := plotWidth * 0.9 * vg.Length(slot/float64(len(g.Groups)))
	for i, s := range g.Series {
		if len(s.Values) != len(g.Groups) {
			return fmt.Errorf("series %s has %d values, want %d, one a group", s.Name, len(s.Values), len(g.Groups))
		}
		bars, err := plotter.NewBarChart(plotter.Values(s.Values), width)
		if err != nil {
			return err
		}
		at := (float64(i) - float64(len(g.Series)-1)/2) * slot
		bars.Color, bars.LineStyle.Width = seriesColors[i%len(seriesColors)], 0
		bars.Offset = vg.Length(at) * plotWidth * 0.9 / vg.Length(len(g.Groups))
		p.Add(bars)
		p.Legend.Add(s.Name, bars)
		if g.Format == "" {
			continue
		}
		labels := plotter.XYLabels{}
		for k, v := range s.Values {
			labels.XYs = append(labels.XYs, plotter.XY{X: float64(k), Y: v})
			labels.Labels = append(labels.Labels, fmt.Sprintf(g.Format, v))
		}
		drawn, err := plotter.NewLabels(labels)
		if err != nil {
			return err
		}
		for k := range drawn.TextStyle {
			drawn.TextStyle[k].Font.Variant, drawn.TextStyle[k].Font.Size = "Sans", 8
			drawn.TextStyle[k].XAlign, drawn.TextStyle[k].Color = draw.XCenter, axisColor
		}
		drawn.Offset = vg.Point{X: bars.Offset, Y: 3}
		p.Add(drawn)
	}
	return nil
}
