package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordPiecePrefix begins the pieces inside a word, in every vocab.txt.
const wordPiecePrefix = "##"

// wordPieceChars is BERT's bound on the characters of a word.
const wordPieceChars = 100

// bertConfig is the part of BERT's tokenizer_config.json that says how text is
// normalized and what the special tokens are called.
type bertConfig struct {
	DoLowerCase          *bool           `json:"do_lower_case"`
	StripAccents         *bool           `json:"strip_accents"`
	TokenizeChineseChars *bool           `json:"tokenize_chinese_chars"`
	UNK                  json.RawMessage `json:"unk_token"`
	PAD                  json.RawMessage `json:"pad_token"`
	CLS                  json.RawMessage `json:"cls_token"`
	SEP                  json.RawMessage `json:"sep_token"`
	MASK                 json.RawMessage `json:"mask_token"`
}

// wordPieceDocument describes the tokenizer.json of a BERT tokenizer.
type wordPieceDocument struct {
	vocab                    []entry // in id order
	cleanText, chineseChars  bool
	stripAccents             *bool // nil: as lowercase
	lowercase                bool
	pad, unk, cls, sep, mask string // unk, cls and sep are in the vocabulary; the others are special if they are
	special                  []string
}

// loadVocabTxt reads a vocab.txt with the tokenizer_config.json beside it.
func loadVocabTxt(path string) (*Tokenizer, error) {
	vocab, err := readFile(path)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	config, err := readOptional(filepath.Join(dir, "tokenizer_config.json"))
	if err != nil {
		return nil, err
	}
	data, err := fromVocabTxt(vocab, config)
	if err != nil {
		return nil, fmt.Errorf("read as a vocab.txt of BERT: %w", err)
	}
	t, err := parseBeside(data, dir)
	if err != nil || config == nil {
		return t, err
	}
	named := t.roles
	t.guessRoles()
	t.roles = roles{
		bos: named.bos, eos: named.eos, pad: cmp.Or(named.pad, t.roles.pad), unk: cmp.Or(named.unk, t.roles.unk),
		cls: cmp.Or(named.cls, t.roles.cls), sep: cmp.Or(named.sep, t.roles.sep), mask: cmp.Or(named.mask, t.roles.mask),
	}
	t.config, err = t.completeBertConfig(config)
	return t, err
}

// completeBertConfig adds to a tokenizer_config.json what is understood beside
// a vocab.txt: the class of the tokenizer and the names of its tokens.
func (t *Tokenizer) completeBertConfig(config []byte) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := decodeJSON(config, &all); err != nil {
		return nil, fmt.Errorf("tokenizer_config.json: %w", err)
	}
	if all == nil { // the file says null
		all = map[string]json.RawMessage{}
	}
	for key, value := range map[string]string{
		"tokenizer_class": "BertTokenizer", "pad_token": t.roles.pad, "unk_token": t.roles.unk,
		"cls_token": t.roles.cls, "sep_token": t.roles.sep, "mask_token": t.roles.mask,
	} {
		if value == "" || !isNull(all[key]) {
			continue
		}
		data, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		all[key] = data
	}
	return marshal(all)
}

// fromVocabTxt writes the tokenizer.json of a vocab.txt: a piece a line, ids
// from 0 on. Config is the tokenizer_config.json beside it, or nil: without it
// text is put into lower case, as the reference implementation has it.
func fromVocabTxt(data, config []byte) ([]byte, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("the vocabulary is not UTF-8")
	}
	var c bertConfig
	if config != nil {
		if err := decodeJSON(config, &c); err != nil {
			return nil, fmt.Errorf("tokenizer_config.json: %w", err)
		}
	}
	yes := func(b *bool) bool { return b == nil || *b }
	d := wordPieceDocument{
		cleanText: true, chineseChars: yes(c.TokenizeChineseChars), stripAccents: c.StripAccents, lowercase: yes(c.DoLowerCase),
	}
	ids := map[string]uint32{}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if len(lines) > MaxVocab {
		return nil, fmt.Errorf("the vocabulary has %d lines, want at most %d", len(lines), MaxVocab)
	}
	for id, line := range lines {
		if piece := strings.TrimRightFunc(line, unicode.IsSpace); piece != "" {
			ids[piece] = uint32(id) // of a piece listed twice the last line counts
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("the vocabulary is empty")
	}
	for piece, id := range ids {
		d.vocab = append(d.vocab, entry{piece, id})
	}
	slices.SortFunc(d.vocab, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	for _, r := range []struct {
		key, usual string
		data       json.RawMessage
		to         *string
		must       bool
	}{
		{"unk_token", "[UNK]", c.UNK, &d.unk, true}, {"cls_token", "[CLS]", c.CLS, &d.cls, true}, {"sep_token", "[SEP]", c.SEP, &d.sep, true},
		{"pad_token", "[PAD]", c.PAD, &d.pad, false}, {"mask_token", "[MASK]", c.MASK, &d.mask, false},
	} {
		*r.to = r.usual
		if !isNull(r.data) {
			var err error
			if *r.to, err = tokenContent(r.data); err != nil {
				return nil, fmt.Errorf("tokenizer_config.json: %s: %w", r.key, err)
			}
		}
		_, ok := ids[*r.to]
		if !ok && r.must {
			return nil, fmt.Errorf("%s %q is not in the vocabulary", r.key, *r.to)
		}
		if ok && !slices.Contains(d.special, *r.to) {
			d.special = append(d.special, *r.to)
		}
	}
	return d.json()
}

// tokenContent reads a token of tokenizer_config.json: a string or an object
// with its content.
func tokenContent(data json.RawMessage) (token string, err error) {
	if !bytes.HasPrefix(data, []byte("{")) {
		err = json.Unmarshal(data, &token)
		return token, err
	}
	var object struct {
		Content string `json:"content"`
	}
	err = json.Unmarshal(data, &object)
	return object.Content, err
}

// json writes the parts as transformers does for a BERT tokenizer.
func (d *wordPieceDocument) json() ([]byte, error) {
	vocab := make(object, len(d.vocab))
	ids := make(map[string]uint32, len(d.vocab))
	for k, v := range d.vocab {
		vocab[k] = field{v.token, v.id}
		ids[v.token] = v.id
	}
	added := []AddedToken{}
	for _, token := range d.special {
		added = append(added, AddedToken{ID: ids[token], Content: token, Special: true})
	}
	slices.SortFunc(added, func(a, b AddedToken) int { return cmp.Compare(a.ID, b.ID) })
	return marshal(object{
		{"version", "1.0"},
		{"truncation", nil},
		{"padding", nil},
		{"added_tokens", added},
		{"normalizer", object{
			{"type", "BertNormalizer"},
			{"clean_text", d.cleanText},
			{"handle_chinese_chars", d.chineseChars},
			{"strip_accents", d.stripAccents},
			{"lowercase", d.lowercase},
		}},
		{"pre_tokenizer", object{{"type", "BertPreTokenizer"}}},
		{"post_processor", d.template(ids)},
		{"decoder", object{{"type", "WordPiece"}, {"prefix", wordPiecePrefix}, {"cleanup", true}}},
		{"model", object{
			{"type", "WordPiece"},
			{"unk_token", d.unk},
			{"continuing_subword_prefix", wordPiecePrefix},
			{"max_input_chars_per_word", wordPieceChars},
			{"vocab", vocab},
		}},
	})
}

// template is [CLS] text [SEP], and [CLS] text [SEP] text [SEP] for a pair.
func (d *wordPieceDocument) template(ids map[string]uint32) object {
	token := func(name string, typeID int) object {
		return object{{"SpecialToken", object{{"id", name}, {"type_id", typeID}}}}
	}
	sequence := func(name string, typeID int) object {
		return object{{"Sequence", object{{"id", name}, {"type_id", typeID}}}}
	}
	special := object{}
	for _, name := range []string{d.cls, d.sep} {
		if len(special) == 0 || special[0].key != name {
			special = append(special, field{name, object{{"id", name}, {"ids", []uint32{ids[name]}}, {"tokens", []string{name}}}})
		}
	}
	single := []object{token(d.cls, 0), sequence("A", 0), token(d.sep, 0)}
	return object{
		{"type", "TemplateProcessing"},
		{"single", single},
		{"pair", append(slices.Clone(single), sequence("B", 1), token(d.sep, 1))},
		{"special_tokens", special},
	}
}
