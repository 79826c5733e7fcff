package tokenizer

import (
	"encoding/json"
	"fmt"

	"github.com/athanor-lm/athanor/tokenizer/internal/pattern"
	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
)

// decoderFile is a decoder of any kind.
type decoderFile struct {
	typed
	Decoders       []json.RawMessage `json:"decoders"`
	Prefix         *string           `json:"prefix"`
	Cleanup        *bool             `json:"cleanup"`
	Replacement    string            `json:"replacement"`
	PrependScheme  *string           `json:"prepend_scheme"`
	AddPrefixSpace *bool             `json:"add_prefix_space"`
	Suffix         *string           `json:"suffix"`
	PadToken       *string           `json:"pad_token"`
	Delimiter      *string           `json:"word_delimiter_token"`
	Pattern        *patternFile      `json:"pattern"`
	Content        *string           `json:"content"`
	Start          int               `json:"start"`
	Stop           int               `json:"stop"`
}

// parseDecoder appends the decoders of a part to dst, without the Sequences
// around them, and its kinds to names.
func parseDecoder(dst []decoder, data json.RawMessage, depth int, names *string) ([]decoder, error) {
	var part decoderFile
	if err := decodePart("decoder", data, depth, &part); err != nil {
		return nil, err
	}
	if part.Type == "Sequence" {
		var err error
		for _, d := range part.Decoders {
			if dst, err = parseDecoder(dst, d, depth+1, names); err != nil {
				return nil, err
			}
		}
		return dst, nil
	}
	d, err := part.decoder()
	if err != nil {
		return nil, err
	}
	join(names, part.Type)
	return append(dst, d), nil
}

// decoder returns any but a Sequence.
func (f *decoderFile) decoder() (d decoder, err error) {
	or := func(s *string, def string) string {
		if s == nil {
			return def
		}
		return *s
	}
	switch f.Type {
	case "ByteLevel":
		d = byteLevelDecoder{}
	case "Fuse":
		d = fuseDecoder{}
	case "ByteFallback":
		d = byteFallbackDecoder{}
	case "WordPiece":
		d = wordPieceDecoder{or(f.Prefix, "##"), isYes(f.Cleanup)}
	case "BPEDecoder":
		d = bpeDecoder{or(f.Suffix, "</w>")}
	case "CTC":
		d = ctcDecoder{or(f.PadToken, "<pad>"), or(f.Delimiter, "|"), isYes(f.Cleanup)}
	case "Metaspace":
		var scheme pretokenize.Scheme
		if scheme, err = parseScheme(f.PrependScheme, f.AddPrefixSpace); err == nil {
			_, err = oneRune("replacement", f.Replacement)
		}
		d = metaspaceDecoder{f.Replacement, scheme != pretokenize.Never}
	case "Replace":
		var p *pattern.Pattern
		p, err = f.Pattern.compile()
		d = replaceDecoder{p, or(f.Content, "")}
	case "Strip":
		content := or(f.Content, "")
		if _, err = oneRune("content", content); err == nil && (f.Start < 0 || f.Stop < 0) {
			err = fmt.Errorf("start is %d and stop %d, want 0 or more", f.Start, f.Stop)
		}
		d = stripDecoder{content, f.Start, f.Stop}
	default:
		return nil, unsupported("decoder", f.Type, "null, ByteLevel, WordPiece, Metaspace, BPEDecoder, CTC, Replace, Fuse, Strip, ByteFallback, Sequence")
	}
	if err != nil {
		return nil, fmt.Errorf("decoder %s: %w", f.Type, err)
	}
	return d, nil
}
