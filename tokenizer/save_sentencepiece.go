package tokenizer

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// template is the TemplateProcessing part for what stands around a text.
func (p *sentencePiece) template(t *Tokenizer) object {
	d := document{added: t.added}
	if p.before != nil {
		d.before = t.tokens[p.before[0]]
	}
	if p.after != nil {
		d.after = t.tokens[p.after[0]]
	}
	return d.template()
}

// convertSentencePiece writes a model as a tokenizer.json, as far as that has
// what it needs: for text without odd spaces the ids are the same, but where
// rounding decides. It returns nil where nothing alike exists.
//
// The parts are those of transformers' converter (convert_slow_tokenizer.py),
// but that spaces are removed as the model says.
func convertSentencePiece(p *sentencePiece) []byte {
	proto := p.model.Proto()
	tr := &proto.Trainer
	unigram := tr.ModelType == spm.Unigram
	if !unigram && tr.ModelType != spm.BPE || tr.TreatWhitespaceAsSuffix || !proto.Normalizer.EscapeWhitespaces || proto.Denormalizer != nil {
		return nil
	}
	var added []AddedToken
	for id, piece := range proto.Pieces {
		if !utf8.ValidString(piece.Text) || piece.Type == spm.Unused {
			return nil
		}
		switch piece.Type {
		case spm.Control, spm.Unknown:
			added = append(added, AddedToken{ID: uint32(id), Content: piece.Text, Special: true})
		case spm.UserDefined:
			added = append(added, AddedToken{ID: uint32(id), Content: piece.Text})
		}
	}
	t := &Tokenizer{added: added, tokens: make([]string, len(proto.Pieces))}
	for id, piece := range proto.Pieces {
		t.tokens[id] = piece.Text
	}
	var post any
	if p.before != nil || p.after != nil {
		post = p.template(t)
	}
	model := convertBPE(p)
	if unigram {
		model = convertUnigram(p)
	}
	data, err := marshal(object{
		{"version", "1.0"}, {"truncation", nil}, {"padding", nil}, {"added_tokens", added},
		{"normalizer", convertNormalizer(&proto.Normalizer)}, {"pre_tokenizer", nil}, {"post_processor", post},
		{"decoder", convertDecoder(&proto.Normalizer)}, {"model", model},
	})
	if err != nil {
		return nil
	}
	return data
}

func sequence(key string, parts []object) object {
	return object{{"type", "Sequence"}, {key, parts}}
}

func replacePart(kind, pattern, content string) object {
	return object{{"type", "Replace"}, {"pattern", object{{kind, pattern}}}, {"content", content}}
}

func convertNormalizer(s *spm.NormalizerSpec) object {
	var parts []object
	if len(s.PrecompiledCharsmap) > 0 {
		parts = append(parts, object{{"type", "Precompiled"}, {"precompiled_charsmap", s.PrecompiledCharsmap}})
	}
	if s.RemoveExtraWhitespaces {
		parts = append(parts, replacePart("Regex", `\A +| +\z`, ""), replacePart("Regex", " {2,}", " "))
	}
	if s.AddDummyPrefix {
		parts = append(parts, object{{"type", "Prepend"}, {"prepend", mark}})
	}
	return sequence("normalizers", append(parts, replacePart("String", " ", mark)))
}

func convertDecoder(s *spm.NormalizerSpec) object {
	parts := []object{replacePart("String", mark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}}
	if s.AddDummyPrefix {
		parts = append(parts, object{{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}})
	}
	return sequence("decoders", parts)
}

func convertUnigram(p *sentencePiece) object {
	proto := p.model.Proto()
	vocab := make([][2]any, len(proto.Pieces))
	for id, piece := range proto.Pieces {
		vocab[id] = [2]any{piece.Text, piece.Score}
	}
	var unk any
	if id, ok := p.model.Unk(); ok {
		unk = id
	}
	return object{{"type", "Unigram"}, {"unk_id", unk}, {"vocab", vocab}, {"byte_fallback", proto.Trainer.ByteFallback}}
}

// convertBPE lists the merges that can make each piece, best piece first.
func convertBPE(p *sentencePiece) object {
	pieces := p.model.Proto().Pieces
	vocab := make(object, len(pieces))
	for id, piece := range pieces {
		vocab[id] = field{piece.Text, id}
	}
	type merge struct {
		left, right string
		ids         [2]uint32
		score       float32
	}
	var merges []merge
	for _, piece := range pieces {
		if piece.Type != spm.Normal {
			continue
		}
		for i := range piece.Text {
			if i == 0 {
				continue
			}
			a, okA := p.model.ID(piece.Text[:i])
			b, okB := p.model.ID(piece.Text[i:])
			if okA && okB {
				merges = append(merges, merge{piece.Text[:i], piece.Text[i:], [2]uint32{a, b}, piece.Score})
			}
		}
	}
	slices.SortStableFunc(merges, func(a, b merge) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.ids[0], b.ids[0]), cmp.Compare(a.ids[1], b.ids[1]))
	})
	list := make([][2]string, len(merges))
	for k, m := range merges {
		list[k] = [2]string{m.left, m.right}
	}
	var unk any
	if id, ok := p.model.Unk(); ok {
		unk = pieces[id].Text
	}
	return object{
		{"type", "BPE"}, {"dropout", nil}, {"unk_token", unk}, {"continuing_subword_prefix", nil}, {"end_of_word_suffix", nil},
		{"fuse_unk", true}, {"byte_fallback", p.model.Proto().Trainer.ByteFallback}, {"ignore_merges", false}, {"vocab", vocab}, {"merges", list},
	}
}
