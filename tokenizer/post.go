package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// processor is a post-processor. It is given one or two encodings, or what a
// processor before it made of them, and gives back a list that is merged in
// the end.
type processor interface {
	process(list []encoding, special bool) ([]encoding, error)
	adds(pair bool) int // how many tokens it adds
}

// trimProcessor takes white space out of the offsets: ByteLevel's trim_offsets.
type trimProcessor struct{ prefixSpace bool }

func (p trimProcessor) adds(bool) int { return 0 }

func (p trimProcessor) process(list []encoding, _ bool) ([]encoding, error) {
	for k := range list {
		e := &list[k]
		p.trim(e.text, e.rows)
		for o := range e.overflow {
			p.trim(e.overflow[o].text, e.overflow[o].rows)
		}
	}
	return list, nil
}

func (p trimProcessor) trim(text []byte, rows []row) {
	for k := range rows {
		r := &rows[k]
		if lead := r.leading; lead > 0 && !((k == 0 || r.Lo == 0) && p.prefixSpace && lead == 1) {
			for ; lead > 0 && r.Lo < r.Hi; lead-- {
				_, w := utf8.DecodeRune(text[r.Lo:])
				r.Lo += w
			}
		}
		hi, n := r.Hi, r.trailing
		for ; n > 0 && hi > 0; n-- {
			_, w := utf8.DecodeLastRune(text[:hi])
			hi -= w
		}
		if n == 0 {
			r.Hi = max(hi, r.Lo)
		}
	}
}

// specialRow is a token that a template adds.
func specialRow(id, typeID uint32) row {
	return row{id: id, typeID: typeID, word: -1, special: 1, attention: 1}
}

// frameProcessor is BertProcessing and RobertaProcessing: [CLS] A [SEP] B [SEP]
// or <s> A </s></s> B </s>.
type frameProcessor struct {
	cls, sep uint32
	roberta  bool
}

func (p frameProcessor) adds(pair bool) int {
	switch {
	case !pair:
		return 2
	case p.roberta:
		return 4
	}
	return 3
}

func (p frameProcessor) process(list []encoding, special bool) ([]encoding, error) {
	for k := range list {
		e := &list[k]
		if p.roberta {
			e.setType(0)
		}
		if !special {
			continue
		}
		e.rows = p.frame(e.rows, k)
		for o := range e.overflow {
			e.overflow[o].rows = p.frame(e.overflow[o].rows, k)
		}
	}
	return list, nil
}

func (p frameProcessor) frame(rows []row, k int) []row {
	var out []row
	var typeID uint32
	switch {
	case k == 0:
		out = append(out, specialRow(p.cls, 0))
	case p.roberta:
		out = append(out, specialRow(p.sep, 0))
	default:
		typeID = 1
	}
	for _, r := range rows {
		r.special, r.attention = 0, 1
		if p.roberta && k > 0 {
			r.typeID = 0
		}
		out = append(out, r)
	}
	return append(out, specialRow(p.sep, typeID))
}

// templateProcessor puts special tokens before, between and after.
type templateProcessor struct{ single, pair []templatePiece }

// templatePiece is a text, 0 or 1, or special tokens.
type templatePiece struct {
	text   int // -1 for special tokens
	ids    []uint32
	typeID uint32
}

func (p *templateProcessor) adds(pair bool) (n int) {
	for _, piece := range p.of(pair) {
		n += len(piece.ids)
	}
	return n
}

func (p *templateProcessor) of(pair bool) []templatePiece {
	if pair {
		return p.pair
	}
	return p.single
}

func (p *templateProcessor) process(list []encoding, special bool) ([]encoding, error) {
	if len(list) != 1 && len(list) != 2 {
		return nil, fmt.Errorf("post_processor TemplateProcessing: %d sequences, want 1 or 2: only one template in a Sequence can do", len(list))
	}
	var out []encoding
	for _, piece := range p.of(len(list) == 2) {
		switch {
		case piece.text >= len(list):
			return nil, errors.New("post_processor TemplateProcessing: the template for one text names the second")
		case piece.text >= 0:
			e := list[piece.text]
			e.rows = append([]row{}, e.rows...)
			e.setType(piece.typeID)
			out = append(out, e)
		case special:
			e := encoding{}
			for _, id := range piece.ids {
				e.rows = append(e.rows, specialRow(id, piece.typeID))
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// templateFile is TemplateProcessing's part of a file.
type templateFile struct {
	Single        []templateItem `json:"single"`
	Pair          []templateItem `json:"pair"`
	SpecialTokens map[string]struct {
		IDs    []uint32 `json:"ids"`
		Tokens []string `json:"tokens"`
	} `json:"special_tokens"`
}

type templateItem struct {
	Sequence, SpecialToken *struct {
		ID     string `json:"id"`
		TypeID uint32 `json:"type_id"`
	}
}

// pieces resolves one of the templates; known tells whether an id exists.
func (f *templateFile) pieces(items []templateItem, known func(id uint32) bool) ([]templatePiece, error) {
	var out []templatePiece
	for k, item := range items {
		switch s := item.Sequence; {
		case s != nil && s.ID == "A":
			out = append(out, templatePiece{text: 0, typeID: s.TypeID})
		case s != nil && s.ID == "B":
			out = append(out, templatePiece{text: 1, typeID: s.TypeID})
		case s != nil:
			return nil, fmt.Errorf("sequence %q, want A or B", s.ID)
		case item.SpecialToken == nil:
			return nil, fmt.Errorf("piece %d is neither Sequence nor SpecialToken", k)
		default:
			name := item.SpecialToken.ID
			special, ok := f.SpecialTokens[name]
			if !ok {
				return nil, fmt.Errorf("token %q is not among its special_tokens", name)
			}
			for _, id := range special.IDs {
				if !known(id) {
					return nil, fmt.Errorf("token %q has id %d, which is not in the vocabulary", name, id)
				}
			}
			out = append(out, templatePiece{text: -1, ids: special.IDs, typeID: item.SpecialToken.TypeID})
		}
	}
	return out, nil
}

// parsePostProcessor appends the processors of a part to t.post and its kinds
// to names.
func (t *Tokenizer) parsePostProcessor(data json.RawMessage, depth int, names *string) error {
	var part struct {
		typed
		Processors     []json.RawMessage `json:"processors"`
		TrimOffsets    *bool             `json:"trim_offsets"`
		AddPrefixSpace *bool             `json:"add_prefix_space"`
		Sep            []json.RawMessage `json:"sep"`
		Cls            []json.RawMessage `json:"cls"`
		templateFile
	}
	if err := decodePart("post_processor", data, depth, &part); err != nil {
		return err
	}
	trim := func() {
		if isYes(part.TrimOffsets) {
			t.trims = true
			t.post = append(t.post, trimProcessor{isYes(part.AddPrefixSpace)})
		}
	}
	fail := func(err error) error { return fmt.Errorf("post_processor %s: %w", part.Type, err) }
	switch part.Type {
	case "Sequence":
		for _, d := range part.Processors {
			if err := t.parsePostProcessor(d, depth+1, names); err != nil {
				return err
			}
		}
		return nil
	case "ByteLevel":
		trim()
	case "BertProcessing", "RobertaProcessing":
		p := frameProcessor{roberta: part.Type == "RobertaProcessing"}
		var err error
		if p.cls, err = t.namedID("cls", part.Cls); err != nil {
			return fail(err)
		}
		if p.sep, err = t.namedID("sep", part.Sep); err != nil {
			return fail(err)
		}
		if p.roberta {
			trim()
		}
		t.post = append(t.post, p)
	case "TemplateProcessing":
		p := &templateProcessor{}
		known := func(id uint32) bool { _, ok := t.Token(id); return ok }
		var err error
		if p.single, err = part.pieces(part.Single, known); err != nil {
			return fail(err)
		}
		if p.pair, err = part.pieces(part.Pair, known); err != nil {
			return fail(err)
		}
		t.post = append(t.post, p)
	default:
		return unsupported("post_processor", part.Type, "null, TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing, Sequence")
	}
	join(names, part.Type)
	return nil
}

// namedID reads ["[SEP]", 102].
func (t *Tokenizer) namedID(key string, pair []json.RawMessage) (uint32, error) {
	var name string
	var id uint32
	if len(pair) != 2 || json.Unmarshal(pair[0], &name) != nil || json.Unmarshal(pair[1], &id) != nil {
		return 0, fmt.Errorf("%s is not a token and its id", key)
	}
	if _, ok := t.Token(id); !ok {
		return 0, fmt.Errorf("%s %q has id %d, which is not in the vocabulary", key, name, id)
	}
	return id, nil
}

// flatten finds what AppendEncode puts around a text: it lets the processors
// work on one marked id. A template may hold the text several times.
func (t *Tokenizer) flatten() error {
	list := []encoding{{rows: []row{{id: noID}}}}
	for _, p := range t.post {
		if _, ok := p.(trimProcessor); ok {
			continue // leaves ids alone
		}
		var err error
		if list, err = p.process(list, true); err != nil {
			return err
		}
	}
	t.around = [][]uint32{nil}
	for _, r := range joined(list).rows {
		if r.id == noID {
			t.around = append(t.around, nil)
			continue
		}
		n := len(t.around) - 1
		t.around[n] = append(t.around[n], r.id)
	}
	return nil
}
