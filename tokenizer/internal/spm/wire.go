package spm

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// ParseProto reads a .model file. Fields it does not know are kept, and
// written again by Marshal.
func ParseProto(data []byte) (*ModelProto, error) {
	p := NewProto()
	err := eachField(data, func(f wireField) error {
		if f.kind == protowire.BytesType {
			switch f.number {
			case 1:
				piece, err := parsePiece(f.bytes)
				if err != nil {
					return fmt.Errorf("piece %d: %w", len(p.Pieces), err)
				}
				p.Pieces = append(p.Pieces, piece)
				return nil
			case 2:
				return wrap("trainer_spec", parseSpec(f.bytes, p.Trainer.fields(), &p.Trainer.present, &p.Trainer.unknown))
			case 3:
				return wrap("normalizer_spec", parseSpec(f.bytes, p.Normalizer.fields(), &p.Normalizer.present, &p.Normalizer.unknown))
			case 5:
				if p.Denormalizer == nil {
					d := defaultNormalizer
					p.Denormalizer = &d
				}
				return wrap("denormalizer_spec", parseSpec(f.bytes, p.Denormalizer.fields(), &p.Denormalizer.present, &p.Denormalizer.unknown))
			}
		}
		p.unknown = append(p.unknown, f.raw...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("spm: parse model: %w", err)
	}
	return p, nil
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// wireField is a field as it stands in a message.
type wireField struct {
	number protowire.Number
	kind   protowire.Type
	varint uint64 // of VarintType
	fixed  uint32 // of Fixed32Type
	bytes  []byte // of BytesType
	raw    []byte // the whole field with its tag
}

// eachField calls do for the fields of a message, in order.
func eachField(b []byte, do func(wireField) error) error {
	for at := 0; at < len(b); {
		num, kind, tag := protowire.ConsumeTag(b[at:])
		if tag < 0 {
			return fmt.Errorf("byte %d of %d: bad field tag: %w", at, len(b), protowire.ParseError(tag))
		}
		n := protowire.ConsumeFieldValue(num, kind, b[at+tag:])
		if n < 0 {
			return fmt.Errorf("byte %d of %d: field %d does not fit into the message: %w", at, len(b), num, protowire.ParseError(n))
		}
		f := wireField{number: num, kind: kind, raw: b[at : at+tag+n]}
		switch value := b[at+tag : at+tag+n]; kind {
		case protowire.VarintType:
			f.varint, _ = protowire.ConsumeVarint(value)
		case protowire.Fixed32Type:
			f.fixed, _ = protowire.ConsumeFixed32(value)
		case protowire.BytesType:
			f.bytes, _ = protowire.ConsumeBytes(value)
		}
		if err := do(f); err != nil {
			return err
		}
		at += tag + n
	}
	return nil
}

func parsePiece(b []byte) (Piece, error) {
	p := Piece{Type: Normal}
	kept := keptPiece{noText: true, noScore: true}
	err := eachField(b, func(f wireField) error {
		switch {
		case f.number == 1 && f.kind == protowire.BytesType:
			p.Text, kept.noText = string(f.bytes), false
		case f.number == 2 && f.kind == protowire.Fixed32Type:
			p.Score, kept.noScore = math.Float32frombits(f.fixed), false
		case f.number == 3 && f.kind == protowire.VarintType && Normal <= PieceType(f.varint) && PieceType(f.varint) <= Byte:
			p.Type = PieceType(f.varint)
			kept.withType = p.Type == Normal
		default:
			kept.unknown = append(kept.unknown, f.raw...)
		}
		return nil
	})
	if kept.noText || kept.noScore || kept.withType || kept.unknown != nil {
		p.kept = &kept
	}
	return p, err
}

// parseSpec reads the fields it finds in the table and keeps the others.
func parseSpec(b []byte, fields []protoField, present *uint64, unknown *[]byte) error {
	return eachField(b, func(f wireField) error {
		for _, to := range fields {
			if to.number == int32(f.number) && set(to.value, f) {
				*present |= 1 << to.number
				return nil
			}
		}
		*unknown = append(*unknown, f.raw...)
		return nil
	})
}

// set stores a field's value, if it has the type of the place.
func set(to any, f wireField) bool {
	switch f.kind {
	case protowire.VarintType:
		switch to := to.(type) {
		case *int32:
			*to = int32(f.varint)
		case *uint64:
			*to = f.varint
		case *bool:
			*to = f.varint != 0
		case *ModelType:
			// The original, too, reads a value it does not know as an unknown field.
			if f.varint < uint64(Unigram) || f.varint > uint64(Char) {
				return false
			}
			*to = ModelType(f.varint)
		default:
			return false
		}
	case protowire.Fixed32Type:
		to, ok := to.(*float32)
		if !ok {
			return false
		}
		*to = math.Float32frombits(f.fixed)
	case protowire.BytesType:
		switch to := to.(type) {
		case *string:
			*to = string(f.bytes)
		case *[]byte:
			*to = slices.Clone(f.bytes)
		case *[]string:
			*to = append(*to, string(f.bytes))
		default:
			return false
		}
	default:
		return false
	}
	return true
}

// Marshal writes the model as a .model file, which SentencePiece reads.
func (p *ModelProto) Marshal() []byte {
	var b, sub []byte
	for i := range p.Pieces {
		sub = p.Pieces[i].append(sub[:0])
		b = appendMessage(b, 1, sub)
	}
	trainer, normalizer := defaultTrainer, defaultNormalizer
	b = appendMessage(b, 2, appendSpec(sub[:0], p.Trainer.fields(), trainer.fields(), p.Trainer.present, p.Trainer.unknown))
	b = appendMessage(b, 3, appendSpec(sub[:0], p.Normalizer.fields(), normalizer.fields(), p.Normalizer.present, p.Normalizer.unknown))
	if d := p.Denormalizer; d != nil {
		b = appendMessage(b, 5, appendSpec(sub[:0], d.fields(), normalizer.fields(), d.present, d.unknown))
	}
	return append(b, p.unknown...)
}

func appendMessage(b []byte, number protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), message)
}

func (p *Piece) append(b []byte) []byte {
	kept := p.kept
	if kept == nil {
		kept = &keptPiece{}
	}
	if p.Text != "" || !kept.noText {
		b = protowire.AppendString(protowire.AppendTag(b, 1, protowire.BytesType), p.Text)
	}
	if p.Score != 0 || !kept.noScore {
		b = protowire.AppendFixed32(protowire.AppendTag(b, 2, protowire.Fixed32Type), math.Float32bits(p.Score))
	}
	if p.Type != Normal || kept.withType {
		b = protowire.AppendVarint(protowire.AppendTag(b, 3, protowire.VarintType), uint64(p.Type))
	}
	return append(b, kept.unknown...)
}

// appendSpec writes the fields that were in the file or differ from the
// defaults, then the unknown ones.
func appendSpec(b []byte, fields, defaults []protoField, present uint64, unknown []byte) []byte {
	for i, f := range fields {
		was := present>>f.number&1 != 0
		num := protowire.Number(f.number)
		switch v := f.value.(type) {
		case *string:
			if was || *v != *defaults[i].value.(*string) {
				b = protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), *v)
			}
		case *[]byte:
			if was || len(*v) > 0 {
				b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), *v)
			}
		case *[]string:
			for _, s := range *v {
				b = protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
			}
		case *float32:
			if was || *v != *defaults[i].value.(*float32) {
				b = protowire.AppendFixed32(protowire.AppendTag(b, num, protowire.Fixed32Type), math.Float32bits(*v))
			}
		default:
			if v, d := varint(f.value), varint(defaults[i].value); was || v != d {
				b = protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
			}
		}
	}
	return append(b, unknown...)
}

// varint is the wire form of a field that is stored as a varint.
func varint(p any) uint64 {
	switch p := p.(type) {
	case *int32:
		return uint64(int64(*p))
	case *uint64:
		return *p
	case *bool:
		return protowire.EncodeBool(*p)
	case *ModelType:
		return uint64(*p)
	}
	panic(fmt.Sprintf("spm: a %T field in a message", p))
}
