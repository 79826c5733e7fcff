package runlog

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func sampleRecord(step int64) Record {
	r := Record{Step: step, Tokens: step * 512, Elapsed: float64(step) / 3, Loss: 3.5 - float64(step)/100, LR: 3e-4, GradNorm: 1.25, TokensPerSec: 12345.6}
	if step%10 == 0 {
		r.MFU, r.RSS, r.LossScale, r.Skipped = 0.61, 3<<30, 65536, true
		r.Val = &Validation{Loss: 3.1, Perplexity: math.Exp(3.1), BitsPerByte: 1.02}
		r.Extra = map[string]float64{"aux_loss": 0.5, "z": -1}
	}
	return r
}

func TestValidationOfADivergedRunRoundTrips(t *testing.T) {
	want := Validation{Loss: 800, Perplexity: math.Inf(1), BitsPerByte: 9.5}
	b, err := json.Marshal(&want)
	if err != nil {
		t.Fatal(err)
	}
	var got Validation
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("%s reads as %+v (%v), want %+v", b, got, err, want)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	odd := Record{Step: 1, Loss: math.Inf(1), GradNorm: math.Inf(-1), Val: &Validation{}}
	for _, want := range []Record{{}, sampleRecord(7), sampleRecord(10), odd} {
		b, err := want.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(b) {
			t.Fatalf("%s is not JSON", b)
		}
		var got Record
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s reads as %+v, want %+v", b, got, want)
		}
	}
	nan := Record{Loss: math.NaN()}
	b, _ := nan.MarshalJSON()
	var got Record
	if err := json.Unmarshal(b, &got); err != nil || !math.IsNaN(got.Loss) {
		t.Errorf("%s reads as %v, %v", b, got.Loss, err)
	}
}

func TestExtraCannotShadowAField(t *testing.T) {
	r := Record{Extra: map[string]float64{"loss": 1}}
	if _, err := r.MarshalJSON(); err == nil {
		t.Error("accepted an extra scalar named loss")
	}
}

func TestLoggingAStepAllocatesNothing(t *testing.T) {
	w, _, err := OpenMetrics(filepath.Join(t.TempDir(), "metrics.jsonl"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r := sampleRecord(1)
	if n := testing.AllocsPerRun(100, func() {
		if err := w.Write(&r); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func writeSteps(t *testing.T, path string, resume, to int64) Resumption {
	t.Helper()
	w, res, err := OpenMetrics(path, resume)
	if err != nil {
		t.Fatal(err)
	}
	for s := resume + 1; s <= to; s++ {
		r := sampleRecord(s)
		if err := w.Write(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return res
}

func TestResumeCutsWhatWillBeWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	writeSteps(t, path, 0, 25)
	want, _ := os.ReadFile(path)

	res := writeSteps(t, path, 20, 25)
	if res != (Resumption{Kept: 20, Removed: 5}) {
		t.Errorf("clean resume: %+v", res)
	}
	// A kill in the middle of a write leaves a torn line.
	for _, tail := range []string{`{"step":26,"lo`, "\x00\x00\x00\x00\n", "{}\n"} {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(tail)
		f.Close()
		if recs, err := ReadMetricsFile(path); (err == nil) != !strings.HasSuffix(tail, "\n") || err == nil && len(recs) != 25 {
			t.Errorf("tail %q: read %d records, %v", tail, len(recs), err)
		}
		if res := writeSteps(t, path, 20, 25); res != (Resumption{Kept: 20, Removed: 5, Partial: true}) {
			t.Errorf("tail %q: %+v", tail, res)
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, want) {
			t.Errorf("tail %q: the resumed file differs from the undisturbed one", tail)
		}
	}
}

func TestDamageInTheMiddleIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	writeSteps(t, path, 0, 5)
	b, _ := os.ReadFile(path)
	b[bytes.IndexByte(b, '\n')+3] = '{'
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenMetrics(path, 5); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("opened with %v", err)
	}
	if _, err := ReadMetricsFile(path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("read with %v", err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, b) {
		t.Error("the damaged file was changed")
	}
}

func TestStepsDoNotGoBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	writeSteps(t, path, 0, 5)
	w, _, err := OpenMetrics(path, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Write(&Record{Step: 4}); err == nil {
		t.Error("wrote step 4 after step 5")
	}
}

func FuzzReadMetrics(f *testing.F) {
	r := sampleRecord(10)
	b, _ := r.MarshalJSON()
	f.Add(append(append(b, '\n'), b...))
	f.Add([]byte("{\"step\":1}\n{\"step\":"))
	f.Add([]byte("{\"step\":1,\"loss\":\"NaN\",\"x\":1e400}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		recs, err := ReadMetrics(bytes.NewReader(b), "fuzz")
		if err != nil {
			return
		}
		// What was read can be written and reads the same.
		var out []byte
		for i := range recs {
			var err error
			if out, err = recs[i].appendJSON(out); err != nil {
				t.Fatal(err)
			}
			out = append(out, '\n')
		}
		again, err := ReadMetrics(bytes.NewReader(out), "again")
		if err != nil || len(again) != len(recs) {
			t.Fatalf("%d records read back as %d: %v", len(recs), len(again), err)
		}
	})
}
