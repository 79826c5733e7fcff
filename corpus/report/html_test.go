package report

import (
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/corpus/read"
)

func summary() *pipeline.Summary {
	return &pipeline.Summary{Name: "web <&>", Recipe: "0123456789abcdef",
		Inputs: []pipeline.InputSummary{{Source: "网页", Files: 2, Size: 3000, SetAside: 7, Read: read.Stats{Documents: 1000, TextBytes: 8000},
			First: []read.Bad{{File: "a.jsonl", Line: 3, Reason: "no <text>"}}}},
		Steps: []pipeline.StepSummary{
			{Name: "quality", Use: "gopher-quality", In: pipeline.Amount{Documents: 1000, Bytes: 8000}, Out: pipeline.Amount{Documents: 750, Bytes: 6000},
				Drops: []pipeline.DropSummary{{Rule: "short-doc", Amount: pipeline.Amount{Documents: 250, Bytes: 2000},
					Samples: []pipeline.DropSample{{ID: "a:1", Text: "<script>alert(1)</script> 你好", Value: 3, Limit: 50}}}},
				Lengths: pipeline.Lengths{0, 0, 0, 1000}},
			{Name: "pii", Use: "pii", In: pipeline.Amount{Documents: 750, Bytes: 6000}, Out: pipeline.Amount{Documents: 750, Bytes: 5900},
				Counts:      []pipeline.NamedCount{{Name: "email", N: 12}, {Name: "phone", N: 3}},
				Edited:      pipeline.Amount{Documents: 9, Bytes: 90},
				EditSamples: []pipeline.EditSample{{ID: "b:2", Before: "to [EMAIL]", After: "to [EMAIL]!"}}},
			{Name: "near", Use: "minhash", Charts: []pipeline.Chart{{Name: "cluster sizes", Labels: []string{"2", "3"}, Counts: []float64{40, 10}}}},
		},
		Final: []pipeline.SourceSummary{{Source: "网页", Amount: pipeline.Amount{Documents: 750, Bytes: 5900}, Tokens: 1475,
			Lengths: pipeline.Lengths{0, 0, 0, 750}, Languages: []pipeline.NamedCount{{Name: "zh", N: 700}, {Name: "", N: 50}}}},
		Mix:     &mix.Plan{Tokens: 1475, Order: "input", Parts: []mix.Part{{Stock: mix.Stock{Source: "网页", Bytes: 5900, Tokens: 1475}, Take: 1475, Share: 1, Epochs: 1, TakenBytes: 5000}}},
		Outputs: []pipeline.OutputSummary{{Format: "jsonl", Path: "data/jsonl", Files: 1, Amount: pipeline.Amount{Documents: 750, Bytes: 5900}}},
	}
}

func TestPageShowsWhatARunDid(t *testing.T) {
	var out strings.Builder
	timings := &pipeline.Timings{Steps: []pipeline.StepTiming{{Name: "quality", Bytes: 1000, Nanos: 4000}}}
	if err := WriteHTML(&out, summary(), timings); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<h1>web &lt;&amp;&gt;</h1>", "75.0 % kept", "73.8 % kept", "short-doc", "25.0 %", "width:75.00%", // shares
		"&lt;script&gt;alert(1)&lt;/script&gt; 你好", "a.jsonl:3", "no &lt;text&gt;", // texts as text
		"email", "80.0 %", "9 documents changed", "cluster sizes", "unknown", "2.00k → 1.48k", "4 bytes each at the end", "<td>1.50k</td>", "<th>≈ written</th>", "<td>1,250</td>", "250 MB/s", "data/jsonl",
		"<title>4 B to 8 B: 1,000 → 750 documents</title>",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(out.String(), "<script") || strings.Contains(out.String(), "http") {
		t.Error("the page has a script or a link to something outside")
	}
}

func TestPageOfARunThatReadNothing(t *testing.T) {
	var out strings.Builder
	if err := WriteHTML(&out, &pipeline.Summary{Name: "empty"}, nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
		t.Error("a share of nothing is shown as no number")
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{grouped(0), "0"}, {grouped(999), "999"}, {grouped(1000), "1,000"}, {grouped(-1234567), "−1,234,567"},
		{percent(0), "0 %"}, {percent(0.00001), "< 0.01 %"}, {percent(0.0042), "0.42 %"}, {percent(0.5), "50.0 %"}, {percent(0.9995), "99.95 %"}, {percent(1), "100.0 %"},
		{number(2), "2"}, {number(0.123456), "0.1235"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
