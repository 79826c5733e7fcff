package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/internal/durable"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type tokenizerTrainCmd struct {
	Inputs    []string `arg:"" help:"Files, directories and globs: .txt, .md, .jsonl, source files; .gz, .zst, .bz2 and .xz of them."`
	Out       string   `short:"o" required:"" placeholder:"DIR" help:"Directory for the tokenizer's files."`
	Force     bool     `short:"f" help:"Replace a tokenizer that lies there."`
	Kind      string   `short:"k" default:"bpe" enum:"bpe,sentencepiece,wordpiece,chars" help:"What to train: bpe (byte-level, as GPT, Llama 3 and Qwen have it), sentencepiece (as T5, Llama 2 and Gemma have it), wordpiece (as BERT has it) or chars (a token a character)."`
	Chars     bool     `help:"Short for --kind chars."`
	VocabSize int      `short:"v" default:"8192" help:"Ids in all."`

	Special      []string `placeholder:"TOKEN" help:"Special tokens, ids 0, 1, …; default <|endoftext|> and <|pad|>. WordPiece has [PAD] [UNK] [CLS] [SEP] [MASK] before them."`
	BOS          string   `name:"bos" placeholder:"TOKEN" help:"The special token that begins a text."`
	EOS          string   `name:"eos" placeholder:"TOKEN" help:"The special token that ends a text."`
	PAD          string   `name:"pad" placeholder:"TOKEN" help:"The special token that fills up rows."`
	UNK          string   `name:"unk" placeholder:"TOKEN" help:"The special token that stands for what is unknown."`
	AddBOS       bool     `name:"add-bos" help:"Encoding puts the BOS token before a text."`
	AddEOS       bool     `name:"add-eos" help:"Encoding puts the EOS token after a text."`
	MinFrequency int64    `default:"2" help:"Pairs seen less often are not merged."`

	bpeFlags           `embed:"" group:"Byte-level BPE:"`
	sentencePieceFlags `embed:"" group:"SentencePiece:"`
	wordPieceFlags     `embed:"" group:"WordPiece:"`
	readFlags

	Workers     int      `help:"Goroutines; 0 = one a CPU. The result is the same for any number."`
	MemoryLimit byteSize `placeholder:"SIZE" help:"Memory the program may take, as 4GB: counts that outgrow it go to disk."`
	JSON        bool     `name:"json" help:"Print the summary as JSON."`
}

// bpeFlags are for --kind bpe alone.
type bpeFlags struct {
	Pattern       string   `placeholder:"NAME" help:"How text is cut before merging: gpt2, llama3 (also cl100k), qwen2, qwen35, o200k, tekken or deepseek3; default llama3."`
	Regex         string   `placeholder:"PATTERN" help:"A pattern of one's own instead: each match is cut out."`
	NFC           bool     `name:"nfc" help:"Normalize text to Unicode NFC first (Qwen does). Decoding then gives the normalized text."`
	Token         []string `placeholder:"TEXT" sep:"none" help:"A text that is always one token, though not a special one. May be repeated."`
	MaxLength     int      `placeholder:"BYTES" help:"Longest token to make."`
	AlphabetLimit int      `placeholder:"N" help:"Keep tokens for the N most frequent bytes only: text with others loses them."`
	StateDir      string   `placeholder:"DIR" help:"Where counts that outgrow the memory go; a training that was interrupted goes on from what lies there."`
	Extend        string   `placeholder:"PATH" help:"Go on from this tokenizer: its ids and merges stay, new ones come behind them, up to --vocab-size in all."`
}

// wordPieceFlags are for --kind wordpiece alone.
type wordPieceFlags struct {
	Cased         bool   `help:"Keep upper case, and accents."`
	StripAccents  *bool  `negatable:"" help:"Take accents off, whatever --cased says."`
	JoinChinese   bool   `help:"Do not set Chinese characters apart as words of their own."`
	LimitAlphabet int    `default:"1000" placeholder:"N" help:"Most characters to know; the rarest are unknown."`
	Alphabet      string `placeholder:"CHARS" help:"Characters to know in any case."`
}

// Help is shown by athanor tokenizer train --help.
func (*tokenizerTrainCmd) Help() string {
	return `The same text gives the same files, byte for byte, whatever the order of documents and the number of processors.

Examples:
  athanor tokenizer train books/ web.jsonl.zst -o tok -v 16384
  athanor tokenizer train zh-laws/ -o qwen3-law --extend qwen3/ -v 159861 --memory-limit 4GB`
}

func (t *tokenizerTrainCmd) Run(c *cliContext, k *kong.Context) error {
	if t.Chars {
		t.Kind = "chars"
	}
	if err := t.refuseFlags(k); err != nil {
		return err
	}
	if err := errors.Join(t.refuseOverwrite(), mayMakeDir(t.Out)); err != nil {
		return err
	}
	if t.MemoryLimit != 0 && t.MemoryLimit < leastMemory {
		return fmt.Errorf("--memory-limit %s: want at least %s", runlog.Bytes(int64(t.MemoryLimit)), runlog.Bytes(leastMemory))
	}
	opts := t.readFlags.options()
	opts.OnBad = func(b read.Bad) { fmt.Fprintln(c.stderr, "set aside:", b) }
	corpus, err := read.Open(t.Inputs, opts)
	if err != nil {
		return err
	}
	restore := limitMemory(int64(t.MemoryLimit) / 10 * 9)
	defer restore()
	show := &trainProgress{terminal: runlog.NewTerminal(c.stderr), corpus: corpus}
	var counts tokenizer.TrainReport
	tok, err := t.train(c, texts(c.ctx, corpus), show.update, &counts)
	show.close()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted; nothing was written to %s", t.Out)
	}
	if err != nil {
		return err
	}
	if err := t.save(tok); err != nil {
		return err
	}
	return t.report(c, tok, corpus.Stats(), &counts)
}

// refuseFlags refuses what was given and the kind does not take: it would be passed over in silence.
func (t *tokenizerTrainCmd) refuseFlags(k *kong.Context) error {
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		kinds, limited := flagKinds()[p.Flag.Name]
		if limited && !strings.Contains(" "+kinds+" ", " "+t.Kind+" ") {
			return fmt.Errorf("--%s does not apply to --kind %s; it is for %s", p.Flag.Name, t.Kind, strings.ReplaceAll(kinds, " ", ", "))
		}
	}
	return nil
}

// tokenizerFiles are what a tokenizer's directory holds.
var tokenizerFiles = []string{"tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.txt", "vocab.json", "merges.txt"}

// refuseOverwrite stops before the work, not after it.
func (t *tokenizerTrainCmd) refuseOverwrite() error {
	if t.Force {
		return nil
	}
	for _, name := range tokenizerFiles {
		if _, err := os.Stat(filepath.Join(t.Out, name)); err == nil {
			return fmt.Errorf("%s holds a tokenizer (%s); choose another directory, or --force to replace it", t.Out, name)
		}
	}
	return nil
}

// save writes the tokenizer aside, and then puts it in the place of one that it replaces, of which no file stays. A full disk leaves
// the old one.
func (t *tokenizerTrainCmd) save(tok *tokenizer.Tokenizer) (err error) {
	if err := os.MkdirAll(t.Out, 0o777); err != nil {
		return err
	}
	aside := filepath.Join(t.Out, ".new-tokenizer")
	if err := os.RemoveAll(aside); err != nil { // left by one that was killed
		return err
	}
	if err := os.Mkdir(aside, 0o777); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	if err := tok.Save(aside); err != nil {
		return err
	}
	written, err := os.ReadDir(aside)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, f := range written {
		if err := os.Rename(filepath.Join(aside, f.Name()), filepath.Join(t.Out, f.Name())); err != nil {
			return err
		}
		kept[f.Name()] = true
	}
	for _, name := range tokenizerFiles {
		if kept[name] {
			continue
		}
		if err := os.Remove(filepath.Join(t.Out, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return durable.SyncDir(t.Out)
}

// trainProgress shows the phases of a training, one after the other.
type trainProgress struct {
	terminal runlog.Terminal
	corpus   *read.Corpus
	phase    string
	show     *runlog.Progress
}

func (s *trainProgress) update(p tokenizer.Progress) {
	reading := p.Phase == "count" || p.Phase == "read"
	if p.Phase != s.phase {
		s.close()
		o := runlog.ProgressOptions{Terminal: s.terminal, Label: p.Phase, Total: p.Total}
		if reading {
			o.Unit = runlog.ByteUnit
		}
		s.phase, s.show = p.Phase, runlog.NewProgress(o)
	}
	if !reading {
		s.show.Update(p.Done, "")
		return
	}
	done, total := s.corpus.Progress() // the size of the text is not known, that of the files is
	s.show.SetTotal(total)
	s.show.Update(done, runlog.Bytes(p.Done)+" of text")
}

func (s *trainProgress) close() {
	if s.show != nil {
		s.show.Close()
	}
}

// texts are the documents' texts, as the trainers take them.
func texts(ctx context.Context, corpus *read.Corpus) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for doc, err := range corpus.Documents(ctx) {
			if !yield(doc.Text, err) {
				return
			}
		}
	}
}

func (t *tokenizerTrainCmd) report(c *cliContext, tok *tokenizer.Tokenizer, st read.Stats, counts *tokenizer.TrainReport) error {
	in := tok.Info(0)
	if t.JSON {
		return printJSON(c.stdout, struct {
			Out    string                 `json:"out"`
			Corpus read.Stats             `json:"corpus"`
			Counts *tokenizer.TrainReport `json:"counts,omitempty"`
			Info   tokenizer.Info         `json:"tokenizer"`
		}{t.Out, st, counts, in})
	}
	printLeftOut(c.stderr, st)
	if (t.Kind == "bpe" || t.Kind == "wordpiece") && tok.VocabSize() < t.VocabSize {
		fmt.Fprintf(c.stderr, "The corpus gives only %d tokens: no further pair occurs %d times.\n", tok.VocabSize(), t.MinFrequency)
	}
	rows := []runlog.Row{
		{Name: "vocabulary", Value: fmt.Sprint(tok.VocabSize())},
		{Name: "documents", Value: fmt.Sprintf("%d, %s of text", st.Documents, runlog.Bytes(st.TextBytes))},
		{Name: "set aside", Value: fmt.Sprintf("%d records; %d documents are not all UTF-8", st.Bad, st.InvalidUTF8Docs)},
	}
	if counts.Pieces > 0 {
		rows = append(rows, runlog.Row{Name: "pieces", Value: fmt.Sprintf("%s distinct of %s", runlog.Count(float64(counts.Pieces)), runlog.Count(float64(counts.Occurrences)))})
	}
	if counts.Spills > 0 {
		rows = append(rows, runlog.Row{Name: "on disk", Value: fmt.Sprintf("%s of counts, written out %d times", runlog.Bytes(counts.SpilledBytes), counts.Spills)})
	}
	if counts.PrunedPieces > 0 {
		rows = append(rows, runlog.Row{Name: "pruned", Value: fmt.Sprintf("%s pieces that occur less than %d times, %.3g%% of all occurrences",
			runlog.Count(float64(counts.PrunedPieces)), counts.Threshold, 100*counts.PrunedShare)})
	}
	rows = append(rows, runlog.Row{Name: "hash", Value: tok.Hash()[:16]}, runlog.Row{Name: "next", Value: c.next("tokenizer", "info", t.Out), Whole: true})
	kinds := runlog.Section{Title: "Kinds of tokens"}
	for _, k := range in.Kinds {
		kinds.Rows = append(kinds.Rows, runlog.Row{Name: string(k.Kind), Value: share(k.Tokens, in.Tokens)})
	}
	return runlog.RenderSummary(runlog.NewTerminal(c.stdout), "Tokenizer "+t.Out, []runlog.Section{{Rows: rows}, kinds})
}
