package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/tokenizer"
)

// writeTokens makes token shards of the rows. A build that was stopped goes on where it was.
func (p *Pipeline) writeTokens(ctx context.Context, w *written) error {
	o := &p.recipe.Output
	format := formatJSONL
	if !o.has(formatJSONL) {
		format = rowsDir
	}
	files := w.files[format]
	delete(w.files, rowsDir)
	out := p.outPath(filepath.Join(dataDir, formatTokens))
	marker := p.tokensMarker()
	m, done := p.tokensDone()
	var err error
	if !done {
		var inputs []string
		for _, f := range files {
			inputs = append(inputs, filepath.Join(p.outputDir(format), f.Name))
		}
		m, err = p.buildTokens(ctx, inputs, out)
	}
	if err != nil {
		return err
	}
	removeAsides(filepath.Dir(marker), called(filepath.Base(marker)))
	if err := mark(marker, p.hashes.finish); err != nil {
		return err
	}
	info := OutputSummary{Format: formatTokens, Path: dataDir + "/" + formatTokens, Files: len(m.Files)}
	for _, f := range m.Files {
		info.Size += f.Size
	}
	for _, s := range m.Splits {
		info.add(Amount{s.Documents, s.Bytes})
		info.Tokens += s.Tokens
	}
	w.info = append(w.info, info)
	if format == rowsDir {
		return os.RemoveAll(p.outputDir(rowsDir))
	}
	return nil
}

// buildTokens encodes the rows.
func (p *Pipeline) buildTokens(ctx context.Context, inputs []string, out string) (*dataset.Manifest, error) {
	if len(inputs) == 0 {
		return nil, fmt.Errorf("corpus: %s: no document is left to make tokens of", p.recipe.Out)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	tok, err := tokenizer.Load(p.env.Path(p.recipe.Output.Tokenizer))
	if err != nil {
		return nil, err
	}
	_, eos := tok.EOS()
	if e := p.recipe.Output.EOS; e != nil {
		eos = *e
	}
	report, end := p.beginTokens()
	defer end()
	cfg := dataset.BuildConfig{Inputs: inputs, Read: read.Options{Format: formatJSONL}, Out: out, Overwrite: true, Tokenizer: tok,
		ValFraction: p.recipe.Output.Val, Seed: p.recipe.Seed, AppendEOS: eos, Workers: p.o.Workers, Creator: p.o.Creator, Progress: report}
	m, err := dataset.Build(ctx, cfg)
	if errors.Is(err, dataset.ErrOtherBuild) {
		cfg.Restart = true
		m, err = dataset.Build(ctx, cfg)
	}
	return m, err
}
