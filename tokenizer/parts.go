package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// parts is what the parts of a file other than the model come to.
type parts struct {
	norm         normalizer
	pre          []splitter
	byteLevelPre bool
	byteLevelDec bool
	kinds        kinds
	templates    []templateFile
}

// typed is the head of every part.
type typed struct {
	Type string `json:"type"`
}

func (p *parts) parse(f *file) error {
	if err := p.normalizer(f.Normalizer); err != nil {
		return err
	}
	if err := p.preTokenizer(f.PreTokenizer, false); err != nil {
		return err
	}
	if err := p.postProcessor(f.PostProcessor); err != nil {
		return err
	}
	return p.decoder(f.Decoder)
}

func (p *parts) normalizer(data json.RawMessage) error {
	if isNull(data) {
		return nil
	}
	var part struct {
		typed
		Normalizers []json.RawMessage `json:"normalizers"`
	}
	if err := decodeJSON(data, &part); err != nil {
		return fmt.Errorf("normalizer: %w", err)
	}
	switch part.Type {
	case "NFC":
		p.norm = nfc{}
	case "Sequence":
		for _, n := range part.Normalizers {
			if err := p.normalizer(n); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("normalizer %q is not supported (supported: null, NFC, Sequence)", part.Type)
	}
	p.kinds.normalizer = join(p.kinds.normalizer, part.Type)
	return nil
}

// join lists the kinds of nested parts, without the Sequence around them.
func join(list, kind string) string {
	if kind == "Sequence" || list == "" && kind == "" {
		return list
	}
	if list == "" {
		return kind
	}
	return list + " + " + kind
}

func (p *parts) preTokenizer(data json.RawMessage, nested bool) error {
	if isNull(data) {
		return nil
	}
	var part struct {
		typed
		Pretokenizers    []json.RawMessage `json:"pretokenizers"`
		AddPrefixSpace   *bool             `json:"add_prefix_space"`
		UseRegex         *bool             `json:"use_regex"`
		IndividualDigits bool              `json:"individual_digits"`
		splitFile
	}
	if err := decodeJSON(data, &part); err != nil {
		return fmt.Errorf("pre_tokenizer: %w", err)
	}
	if p.byteLevelPre {
		return fmt.Errorf("pre_tokenizer %q after ByteLevel is not supported: ByteLevel must come last", part.Type)
	}
	kind := part.Type
	switch part.Type {
	case "Sequence":
		if nested {
			return errors.New("pre_tokenizer: a Sequence in a Sequence is not supported")
		}
		for _, n := range part.Pretokenizers {
			if err := p.preTokenizer(n, true); err != nil {
				return err
			}
		}
	case "ByteLevel":
		p.byteLevelPre = true
		if part.AddPrefixSpace == nil || *part.AddPrefixSpace { // Hugging Face's defaults are true
			p.pre = append(p.pre, prefixSpace{})
		}
		if part.UseRegex == nil || *part.UseRegex {
			p.pre = append(p.pre, &scanSplit{scan.For(scan.Pattern("gpt2"))})
			kind = "ByteLevel(gpt2)"
		}
	case "Digits":
		p.pre = append(p.pre, &digitSplit{part.IndividualDigits})
	case "Split":
		s, name, err := part.splitFile.splitter()
		if err != nil {
			return err
		}
		p.pre = append(p.pre, s)
		kind = "Split(" + name + ")"
	default:
		return fmt.Errorf("pre_tokenizer %q is not supported (supported: null, ByteLevel, Split, Digits, Sequence)", part.Type)
	}
	p.kinds.preTokenizer = join(p.kinds.preTokenizer, kind)
	return nil
}

// splitFile is what Split adds to a part.
type splitFile struct {
	Pattern *struct {
		Regex  *string `json:"Regex"`
		String *string `json:"String"`
	} `json:"pattern"`
	Behavior string `json:"behavior"`
	Invert   bool   `json:"invert"`
}

// splitter returns the step and a short name of its pattern. A known pattern
// matches everywhere, so Isolated keeps every match, and so do Removed and
// Contiguous, inverted or not, only in other ways: those take the general road.
func (f *splitFile) splitter() (splitter, string, error) {
	b, err := parseBehavior(f.Behavior)
	if err != nil {
		return nil, "", err
	}
	switch {
	case f.Pattern != nil && f.Pattern.String != nil:
		return &matchSplit{findLiteral(*f.Pattern.String), b, f.Invert}, "literal", nil
	case f.Pattern == nil || f.Pattern.Regex == nil:
		return nil, "", errors.New(`pre_tokenizer Split: no pattern, want {"Regex": …} or {"String": …}`)
	}
	pattern := *f.Pattern.Regex
	if cut := scan.For(pattern); cut != nil && (b == isolated || b == removed && f.Invert) {
		return &scanSplit{cut}, scan.Name(pattern), nil
	}
	find, err := findRegex(pattern)
	if err != nil {
		return nil, "", fmt.Errorf("pre_tokenizer Split: %w", err)
	}
	return &matchSplit{find, b, f.Invert}, "regex", nil
}

// templateFile is a TemplateProcessing post-processor.
type templateFile struct {
	Single        []map[string]templateItem `json:"single"`
	SpecialTokens map[string]struct {
		IDs []uint32 `json:"ids"`
	} `json:"special_tokens"`
}

type templateItem struct {
	ID string `json:"id"`
}

func (p *parts) postProcessor(data json.RawMessage) error {
	if isNull(data) {
		return nil
	}
	var part struct {
		typed
		Processors []json.RawMessage `json:"processors"`
	}
	if err := decodeJSON(data, &part); err != nil {
		return fmt.Errorf("post_processor: %w", err)
	}
	switch part.Type {
	case "ByteLevel": // trims offsets only
	case "Sequence":
		for _, n := range part.Processors {
			if err := p.postProcessor(n); err != nil {
				return err
			}
		}
	case "TemplateProcessing":
		var t templateFile
		if err := decodeJSON(data, &t); err != nil {
			return fmt.Errorf("post_processor TemplateProcessing: %w", err)
		}
		p.templates = append(p.templates, t)
	default:
		return fmt.Errorf("post_processor %q is not supported (supported: null, ByteLevel, TemplateProcessing, Sequence)", part.Type)
	}
	p.kinds.postProcessor = join(p.kinds.postProcessor, part.Type)
	return nil
}

// template returns the ids the templates put around a single text.
func (p *parts) template(t *Tokenizer) (prefix, suffix []uint32, err error) {
	for _, tf := range p.templates {
		var before, after []uint32
		seen := false
		for _, item := range tf.Single {
			if s, ok := item["Sequence"]; ok {
				if seen || s.ID != "A" {
					return nil, nil, errors.New("post_processor TemplateProcessing: single must hold sequence A once")
				}
				seen = true
				continue
			}
			name := item["SpecialToken"].ID
			special, ok := tf.SpecialTokens[name]
			if !ok {
				return nil, nil, fmt.Errorf("post_processor TemplateProcessing: token %q is not among its special_tokens", name)
			}
			for _, id := range special.IDs {
				if int(id) >= len(t.tokens) || !t.known[id] {
					return nil, nil, fmt.Errorf("post_processor TemplateProcessing: token %q has id %d, which is not in the vocabulary", name, id)
				}
			}
			if seen {
				after = append(after, special.IDs...)
			} else {
				before = append(before, special.IDs...)
			}
		}
		if !seen {
			return nil, nil, errors.New("post_processor TemplateProcessing: single holds no sequence A")
		}
		prefix, suffix = append(before, prefix...), append(suffix, after...)
	}
	return prefix, suffix, nil
}

func (p *parts) decoder(data json.RawMessage) error {
	if isNull(data) {
		return errors.New("decoder null is not supported (it joins tokens with spaces); supported: ByteLevel, Fuse, Sequence")
	}
	var part struct {
		typed
		Decoders []json.RawMessage `json:"decoders"`
	}
	if err := decodeJSON(data, &part); err != nil {
		return fmt.Errorf("decoder: %w", err)
	}
	switch part.Type {
	case "ByteLevel":
		p.byteLevelDec = true
	case "Fuse": // concatenation, which is what decoding does here
	case "Sequence":
		for _, n := range part.Decoders {
			if err := p.decoder(n); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("decoder %q is not supported (supported: ByteLevel, Fuse, Sequence)", part.Type)
	}
	p.kinds.decoder = join(p.kinds.decoder, part.Type)
	return nil
}
