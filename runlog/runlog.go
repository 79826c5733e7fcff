// Package runlog makes a run visible while it goes and afterwards: metrics.jsonl, TensorBoard event files,
// a display for terminals and for logs, progress of long work, loss-curve plots and the closing summary.
//
// It knows nothing of training: callers hand it plain numbers. Nothing here opens standard output or reads
// a clock by itself where the caller might want another one: writers, widths and clocks come in as arguments.
package runlog

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Float is a float64 that survives JSON: NaN and the infinities, which JSON lacks, are written as the
// strings "NaN", "Infinity" and "-Infinity", the spelling most JSON readers for numeric data accept.
type Float float64

// MarshalJSON implements json.Marshaler.
func (f Float) MarshalJSON() ([]byte, error) { return appendFloat(nil, float64(f)), nil }

// UnmarshalJSON implements json.Unmarshaler: a number or one of the three strings.
func (f *Float) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"NaN"`:
		*f = Float(math.NaN())
	case `"Infinity"`:
		*f = Float(math.Inf(1))
	case `"-Infinity"`:
		*f = Float(math.Inf(-1))
	default:
		v, err := strconv.ParseFloat(string(b), 64)
		if err != nil {
			return fmt.Errorf("number %.40q: want a JSON number, \"NaN\", \"Infinity\" or \"-Infinity\"", b)
		}
		*f = Float(v)
	}
	return nil
}

// Record is what is known of one optimizer step. Its JSON is one flat object; fields of Validation get the
// prefix val_, and the entries of Extra stand beside the others under their own names.
type Record struct {
	Step         int64   // optimizer steps done, from 1
	Tokens       int64   // tokens consumed since the start of the run
	Elapsed      float64 // seconds of the run up to here, over all sessions
	Loss         float64 // training loss of the global batch, nats a token
	LR           float64
	GradNorm     float64 // global L2 norm before clipping
	TokensPerSec float64
	MFU          float64 // model FLOPs utilisation, 0..1 of the machine's measured peak; 0 = unknown
	RSS          int64   // resident bytes; 0 = unknown
	LossScale    float64 // of f16; 0 = none in use
	Skipped      bool    // the update was skipped (overflow in f16, spike guard)
	Val          *Validation
	Extra        map[string]float64 // further scalars, e.g. "aux_loss"
}

// Validation is the result of one pass over the fixed validation set.
type Validation struct {
	Loss        float64 // nats a token
	Perplexity  float64
	BitsPerByte float64 // of UTF-8 text; 0 = unknown
}

// validationJSON is how a Validation stands alone in JSON, apart from a Record.
type validationJSON struct{ Loss, Perplexity, BitsPerByte Float }

// MarshalJSON implements json.Marshaler: the perplexity of a run that diverges is infinite, which JSON lacks.
func (v Validation) MarshalJSON() ([]byte, error) {
	return json.Marshal(validationJSON{Float(v.Loss), Float(v.Perplexity), Float(v.BitsPerByte)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Validation) UnmarshalJSON(b []byte) error {
	var j validationJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*v = Validation{float64(j.Loss), float64(j.Perplexity), float64(j.BitsPerByte)}
	return nil
}

// recordKeys are the names an entry of Extra cannot have.
var recordKeys = []string{"step", "tokens", "elapsed_s", "loss", "lr", "grad_norm", "tokens_per_s", "mfu", "rss_bytes",
	"loss_scale", "skipped", "val_loss", "val_ppl", "val_bits_per_byte"}

// MarshalJSON implements json.Marshaler.
func (r *Record) MarshalJSON() ([]byte, error) { return r.appendJSON(nil) }

// appendJSON appends r's object to b. Written by hand so that logging a step allocates nothing.
func (r *Record) appendJSON(b []byte) ([]byte, error) {
	b = append(b, `{"step":`...)
	b = strconv.AppendInt(b, r.Step, 10)
	b = append(b, `,"tokens":`...)
	b = strconv.AppendInt(b, r.Tokens, 10)
	b = appendField(b, "elapsed_s", r.Elapsed)
	b = appendField(b, "loss", r.Loss)
	b = appendField(b, "lr", r.LR)
	b = appendField(b, "grad_norm", r.GradNorm)
	b = appendField(b, "tokens_per_s", r.TokensPerSec)
	if r.MFU != 0 {
		b = appendField(b, "mfu", r.MFU)
	}
	if r.RSS != 0 {
		b = append(b, `,"rss_bytes":`...)
		b = strconv.AppendInt(b, r.RSS, 10)
	}
	if r.LossScale != 0 {
		b = appendField(b, "loss_scale", r.LossScale)
	}
	if r.Skipped {
		b = append(b, `,"skipped":true`...)
	}
	if v := r.Val; v != nil {
		b = appendField(b, "val_loss", v.Loss)
		b = appendField(b, "val_ppl", v.Perplexity)
		if v.BitsPerByte != 0 {
			b = appendField(b, "val_bits_per_byte", v.BitsPerByte)
		}
	}
	if len(r.Extra) > 0 {
		var err error
		if b, err = r.appendExtra(b); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (r *Record) appendExtra(b []byte) ([]byte, error) {
	keys := make([]string, 0, len(r.Extra))
	for k := range r.Extra {
		if slices.Contains(recordKeys, k) {
			return nil, fmt.Errorf("runlog: record of step %d: extra scalar %q has the name of a field", r.Step, k)
		}
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		name, err := json.Marshal(k)
		if err != nil {
			return nil, fmt.Errorf("runlog: record of step %d: extra scalar %q: %w", r.Step, k, err)
		}
		b = append(b, ',')
		b = append(b, name...)
		b = append(b, ':')
		b = appendFloat(b, r.Extra[k])
	}
	return b, nil
}

func appendField(b []byte, name string, v float64) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return appendFloat(b, v)
}

func appendFloat(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// UnmarshalJSON implements json.Unmarshaler. Keys it does not know go to Extra if they are numbers and are an
// error otherwise. Names are matched exactly, unlike in a tagged struct.
func (r *Record) UnmarshalJSON(b []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	if _, ok := all["step"]; !ok {
		return fmt.Errorf("no \"step\" in %.60q", b)
	}
	*r = Record{}
	val := Validation{}
	if _, ok := all["val_loss"]; ok {
		r.Val = &val
	}
	into := map[string]any{
		"step": &r.Step, "tokens": &r.Tokens, "elapsed_s": (*Float)(&r.Elapsed), "loss": (*Float)(&r.Loss), "lr": (*Float)(&r.LR),
		"grad_norm": (*Float)(&r.GradNorm), "tokens_per_s": (*Float)(&r.TokensPerSec), "mfu": (*Float)(&r.MFU),
		"rss_bytes": &r.RSS, "loss_scale": (*Float)(&r.LossScale), "skipped": &r.Skipped,
		"val_loss": (*Float)(&val.Loss), "val_ppl": (*Float)(&val.Perplexity), "val_bits_per_byte": (*Float)(&val.BitsPerByte),
	}
	for k, raw := range all {
		dst, known := into[k]
		var extra Float
		if !known {
			dst = &extra
		}
		if err := json.Unmarshal(raw, dst); err != nil {
			return fmt.Errorf("key %.40q: %w", k, err)
		}
		if !known {
			if r.Extra == nil {
				r.Extra = make(map[string]float64)
			}
			r.Extra[k] = float64(extra)
		}
	}
	return nil
}
