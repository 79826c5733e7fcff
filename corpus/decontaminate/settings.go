// Package decontaminate finds items of benchmarks in documents: by the n-grams of normalised words that either shares, as GPT-3's
// authors did (Brown et al. 2020, appendix C), or by the share of an item's n-grams that a document holds, as PaLM's did
// (Chowdhery et al. 2022, section 8). In Chinese the n-grams are of characters.
package decontaminate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
)

// Decontaminate drops or cuts documents that hold items of benchmarks.
//
//	use: decontaminate
//	benchmarks:
//	  - {name: mmlu, files: [mmlu/data/test, mmlu/data/val]}
//	  - {name: hellaswag, files: [hellaswag_val_full.txt.gz], format: hellaswag}
type Decontaminate struct {
	// Benchmarks are the files with the items.
	Benchmarks []Benchmark `yaml:"benchmarks"`
	// Rule is "gpt3": an n-gram of an item is in the document; or "palm": at least Share of an item's n-grams are.
	Rule string `yaml:"rule"`
	// Action is "drop": the document; or "cut": the n-grams and Window characters on either side of each.
	Action string `yaml:"action"`
	// Words is the n of n-grams of words. An item with fewer, but at least MinWords, is one n-gram; PaLM's rule takes MinWords for n.
	Words    int `yaml:"words"`
	MinWords int `yaml:"min_words"`
	// Characters and MinCharacters are the same for items that are mostly Han characters or kana. A gram counts each such
	// character, and each word of other letters, as one.
	Characters    int `yaml:"characters"`
	MinCharacters int `yaml:"min_characters"`
	// Window is the number of characters cut on either side (GPT-3: 200).
	Window int `yaml:"window"`
	// MinPiece is the number of characters below which a piece left by cutting is dropped (GPT-3: 200).
	MinPiece int `yaml:"min_piece"`
	// MaxPieces is the number of pieces above which a cut document is dropped as a whole (GPT-3: 10).
	MaxPieces int `yaml:"max_pieces"`
	// Common are files of documents, as corpora are given, by which common phrases are known: n-grams in more than CommonDocuments
	// of them are not looked for (GPT-3 ignored those in more than 10 training documents: proverbs, legal boilerplate). They are
	// read whenever the step is opened; a sample does. Empty = all are looked for.
	Common          []string `yaml:"common"`
	CommonDocuments int      `yaml:"common_documents"`
	// Share is that of PaLM's rule, of an item's distinct n-grams.
	Share float64 `yaml:"share"`
}

// Benchmark names files with items.
type Benchmark struct {
	Name string `yaml:"name"`
	// Files are files, patterns ("**" matches any number of directories), or directories of which all CSV and JSON Lines files are
	// taken; gzip and zstd are understood.
	Files []string `yaml:"files"`
	// Format is "csv", "jsonl" or "hellaswag" (six lines an item: context, number of the right ending, four endings). Empty = by
	// the file name, .csv or .jsonl.
	Format string `yaml:"format"`
	// Fields are the columns or JSON paths (dots descend, # takes all of a list: question.choices.#.text) that make up an item,
	// its question first. Empty = question and choices of MMLU's and C-Eval's CSV files; in others every text with white space
	// or Han characters in it.
	Fields []string `yaml:"fields"`
}

// DefaultDecontaminate are GPT-3's rule and figures. The numbers of characters are set by trial on Chinese statutes; see
// docs/corpus/scores.md.
func DefaultDecontaminate() Decontaminate {
	return Decontaminate{
		Rule: "gpt3", Action: "drop",
		Words: 13, MinWords: 8, Characters: 20, MinCharacters: 13,
		Window: 200, MinPiece: 200, MaxPieces: 10, CommonDocuments: 10, Share: 0.7,
	}
}

// longestGram bounds n.
const longestGram = 32

// Validate refuses settings that cannot be.
func (s *Decontaminate) Validate() error {
	bad := func(key string, found any, want string) error {
		return fmt.Errorf("decontaminate: %s is %v, want %s", key, found, want)
	}
	switch {
	case s.Rule != "gpt3" && s.Rule != "palm":
		return bad("rule", fmt.Sprintf("%q", s.Rule), "gpt3 or palm")
	case s.Action != "drop" && s.Action != "cut":
		return bad("action", fmt.Sprintf("%q", s.Action), "drop or cut")
	case s.MinWords < 2 || s.MinWords > longestGram:
		return bad("min_words", s.MinWords, fmt.Sprintf("2..%d", longestGram))
	case s.Words < s.MinWords || s.Words > longestGram:
		return bad("words", s.Words, fmt.Sprintf("min_words..%d", longestGram))
	case s.MinCharacters < 2 || s.MinCharacters > longestGram:
		return bad("min_characters", s.MinCharacters, fmt.Sprintf("2..%d", longestGram))
	case s.Characters < s.MinCharacters || s.Characters > longestGram:
		return bad("characters", s.Characters, fmt.Sprintf("min_characters..%d", longestGram))
	case s.Window < 0:
		return bad("window", s.Window, "at least 0")
	case s.MinPiece < 0:
		return bad("min_piece", s.MinPiece, "at least 0")
	case s.MaxPieces < 1:
		return bad("max_pieces", s.MaxPieces, "at least 1")
	case s.CommonDocuments < 1:
		return bad("common_documents", s.CommonDocuments, "at least 1")
	case !(s.Share > 0 && s.Share <= 1):
		return bad("share", s.Share, "above 0, at most 1")
	case len(s.Benchmarks) == 0:
		return bad("benchmarks", "empty", "a list of {name, files}")
	}
	var names []string
	for i, b := range s.Benchmarks {
		key := fmt.Sprintf("benchmarks[%d]", i)
		switch {
		case b.Name == "" || strings.ContainsAny(b.Name, "\n#"):
			return bad(key+".name", fmt.Sprintf("%q", b.Name), "a name without # and line breaks")
		case slices.Contains(names, b.Name):
			return bad(key+".name", fmt.Sprintf("%q", b.Name), "a name of its own")
		case len(b.Files) == 0:
			return bad(key+".files", "empty", "files or directories")
		case !slices.Contains([]string{"", "csv", "jsonl", "hellaswag"}, b.Format):
			return bad(key+".format", fmt.Sprintf("%q", b.Format), "csv, jsonl or hellaswag")
		}
		names = append(names, b.Name)
	}
	return nil
}

// Files are the files and directories of benchmarks, and those of common phrases.
func (s *Decontaminate) Files() []string {
	files := slices.Clone(s.Common)
	for _, b := range s.Benchmarks {
		files = append(files, b.Files...)
	}
	return files
}

// Open reads the benchmarks.
func (s *Decontaminate) Open(env corpus.Env) (func() corpus.Filter, error) {
	x, err := s.Index(env)
	if err != nil {
		return nil, err
	}
	return x.Filter, nil
}

// Index reads the benchmarks' items and indexes their n-grams. It ends early, with its error, when env.Context does.
func (s *Decontaminate) Index(env corpus.Env) (*Index, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	x := newBuilder(s)
	for _, b := range s.Benchmarks {
		n := len(x.items)
		if err := b.read(env, x.add); err != nil {
			return nil, fmt.Errorf("decontaminate: benchmark %s: %w", b.Name, err)
		}
		if len(x.items) == n {
			return nil, fmt.Errorf("decontaminate: benchmark %s: no items in %s", b.Name, strings.Join(b.Files, ", "))
		}
	}
	index, err := x.build(env.Opening())
	if err != nil {
		return nil, fmt.Errorf("decontaminate: %w", err)
	}
	if len(s.Common) > 0 {
		if err := index.ignoreCommon(env, s.Common, s.CommonDocuments); err != nil {
			return nil, fmt.Errorf("decontaminate: common phrases: %w", err)
		}
	}
	return index, nil
}
