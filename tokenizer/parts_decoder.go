package tokenizer

import (
	"encoding/json"
	"fmt"

	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
)

// parseDecoder appends the decoders of a part to dst, without the Sequences
// around them, and its kinds to names.
func parseDecoder(dst []decoder, data json.RawMessage, depth int, names *string) ([]decoder, error) {
	var part struct {
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
	if err := decodePart("decoder", data, depth, &part); err != nil {
		return nil, err
	}
	or := func(s *string, def string) string {
		if s == nil {
			return def
		}
		return *s
	}
	fail := func(err error) ([]decoder, error) { return nil, fmt.Errorf("decoder %s: %w", part.Type, err) }
	cleanup := part.Cleanup == nil || *part.Cleanup
	switch part.Type {
	case "Sequence":
		var err error
		for _, d := range part.Decoders {
			if dst, err = parseDecoder(dst, d, depth+1, names); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "ByteLevel":
		dst = append(dst, byteLevelDecoder{})
	case "Fuse":
		dst = append(dst, fuseDecoder{})
	case "ByteFallback":
		dst = append(dst, byteFallbackDecoder{})
	case "WordPiece":
		dst = append(dst, wordPieceDecoder{or(part.Prefix, "##"), cleanup})
	case "BPEDecoder":
		dst = append(dst, bpeDecoder{or(part.Suffix, "</w>")})
	case "CTC":
		dst = append(dst, ctcDecoder{or(part.PadToken, "<pad>"), or(part.Delimiter, "|"), cleanup})
	case "Metaspace":
		scheme, err := parseScheme(part.PrependScheme, part.AddPrefixSpace)
		if err != nil {
			return fail(err)
		}
		if _, err := oneRune("replacement", part.Replacement); err != nil {
			return fail(err)
		}
		dst = append(dst, metaspaceDecoder{part.Replacement, scheme != pretokenize.Never})
	case "Replace":
		p, err := part.Pattern.compile()
		if err != nil {
			return fail(err)
		}
		dst = append(dst, replaceDecoder{p, or(part.Content, "")})
	case "Strip":
		content := or(part.Content, "")
		if _, err := oneRune("content", content); err != nil {
			return fail(err)
		}
		if part.Start < 0 || part.Stop < 0 {
			return fail(fmt.Errorf("start is %d and stop %d, want 0 or more", part.Start, part.Stop))
		}
		dst = append(dst, stripDecoder{content, part.Start, part.Stop})
	default:
		return nil, unsupported("decoder", part.Type, "null, ByteLevel, WordPiece, Metaspace, BPEDecoder, CTC, Replace, Fuse, Strip, ByteFallback, Sequence")
	}
	join(names, part.Type)
	return dst, nil
}
