package spm

// PieceType says what a piece is for.
type PieceType int32

// The piece types, numbered as in the file.
const (
	Normal      PieceType = 1
	Unknown     PieceType = 2 // stands for what no other piece spells
	Control     PieceType = 3 // <s>, </s> and the like: never made by encoding
	UserDefined PieceType = 4 // always one piece, wherever its text occurs
	Unused      PieceType = 5 // never made by encoding
	Byte        PieceType = 6 // <0x00> to <0xFF>, for byte fallback
)

// ModelType is the kind of segmentation.
type ModelType int32

// The model types, numbered as in the file.
const (
	Unigram ModelType = 1
	BPE     ModelType = 2
	Word    ModelType = 3
	Char    ModelType = 4
)

func (t ModelType) String() string {
	if t < Unigram || t > Char {
		return "unknown"
	}
	return [...]string{"unigram", "bpe", "word", "char"}[t-1]
}

// Piece is one entry of the vocabulary; its id is its index.
type Piece struct {
	Text  string
	Score float32 // log probability (unigram); merge priority, higher first (bpe)
	Type  PieceType

	kept *keptPiece // of a piece that was read and is not in the usual form
}

// keptPiece is what a piece that was read needs to be written as it was.
type keptPiece struct {
	noText, noScore, withType bool
	unknown                   []byte
}

// ModelProto is the content of a .model file: message ModelProto of
// sentencepiece_model.proto. Make one with NewProto or ParseProto.
type ModelProto struct {
	Pieces       []Piece
	Trainer      TrainerSpec
	Normalizer   NormalizerSpec
	Denormalizer *NormalizerSpec // nil: decoded text is left as it is

	unknown []byte // fields this package does not know, as they were read
}

// NewProto returns a model without pieces and with the format's defaults.
func NewProto() *ModelProto {
	return &ModelProto{Trainer: defaultTrainer, Normalizer: defaultNormalizer}
}

// Whole tells whether the model has a trainer_spec and a normalizer_spec.
// SentencePiece writes both behind the pieces: a file without them has lost its
// end.
func (p *ModelProto) Whole() bool {
	return p.Trainer.present != 0 && p.Normalizer.present != 0
}

// TrainerSpec says how the model was trained. ModelType, ByteFallback,
// TreatWhitespaceAsSuffix and the names of the special pieces also decide how
// it encodes.
type TrainerSpec struct {
	Input                     []string  // 1
	ModelPrefix               string    // 2
	ModelType                 ModelType // 3
	VocabSize                 int32     // 4
	AcceptLanguage            []string  // 5
	SelfTestSampleSize        int32     // 6
	InputFormat               string    // 7
	CharacterCoverage         float32   // 10
	InputSentenceSize         uint64    // 11
	MiningSentenceSize        int32     // 12: no longer used by the original
	TrainingSentenceSize      int32     // 13: likewise
	SeedSentencepieceSize     int32     // 14
	ShrinkingFactor           float32   // 15
	NumThreads                int32     // 16
	NumSubIterations          int32     // 17
	MaxSentenceLength         int32     // 18
	ShuffleInputSentence      bool      // 19
	MaxSentencepieceLength    int32     // 20
	SplitByUnicodeScript      bool      // 21
	SplitByWhitespace         bool      // 22
	SplitByNumber             bool      // 23
	TreatWhitespaceAsSuffix   bool      // 24
	SplitDigits               bool      // 25
	AllowWhitespaceOnlyPieces bool      // 26
	ControlSymbols            []string  // 30
	UserDefinedSymbols        []string  // 31
	VocabularyOutputScore     bool      // 32
	HardVocabLimit            bool      // 33
	UseAllVocab               bool      // 34
	ByteFallback              bool      // 35
	RequiredChars             string    // 36
	UnkID                     int32     // 40
	BosID                     int32     // 41
	EosID                     int32     // 42
	PadID                     int32     // 43
	UnkSurface                string    // 44: what decoding writes for the unknown piece
	UnkPiece                  string    // 45
	BosPiece                  string    // 46
	EosPiece                  string    // 47
	PadPiece                  string    // 48
	TrainExtremelyLargeCorpus bool      // 49
	PretokenizationDelimiter  string    // 53
	SeedSentencepiecesFile    string    // 54

	present uint64 // by field number: was in the file
	unknown []byte
}

var defaultTrainer = TrainerSpec{
	ModelType: Unigram, VocabSize: 8000, CharacterCoverage: 0.9995, SeedSentencepieceSize: 1000000, ShrinkingFactor: 0.75,
	NumThreads: 16, NumSubIterations: 2, MaxSentenceLength: 4192, ShuffleInputSentence: true, MaxSentencepieceLength: 16,
	SplitByUnicodeScript: true, SplitByWhitespace: true, SplitByNumber: true, VocabularyOutputScore: true, HardVocabLimit: true,
	UnkID: 0, BosID: 1, EosID: 2, PadID: -1, UnkSurface: " \u2047 ", UnkPiece: "<unk>", BosPiece: "<s>", EosPiece: "</s>", PadPiece: "<pad>",
}

// fields lists a TrainerSpec's fields by number.
func (s *TrainerSpec) fields() []protoField {
	return []protoField{
		{1, &s.Input}, {2, &s.ModelPrefix}, {3, &s.ModelType}, {4, &s.VocabSize}, {5, &s.AcceptLanguage}, {6, &s.SelfTestSampleSize},
		{7, &s.InputFormat}, {10, &s.CharacterCoverage}, {11, &s.InputSentenceSize}, {12, &s.MiningSentenceSize}, {13, &s.TrainingSentenceSize}, {14, &s.SeedSentencepieceSize},
		{15, &s.ShrinkingFactor}, {16, &s.NumThreads}, {17, &s.NumSubIterations}, {18, &s.MaxSentenceLength},
		{19, &s.ShuffleInputSentence}, {20, &s.MaxSentencepieceLength}, {21, &s.SplitByUnicodeScript}, {22, &s.SplitByWhitespace},
		{23, &s.SplitByNumber}, {24, &s.TreatWhitespaceAsSuffix}, {25, &s.SplitDigits}, {26, &s.AllowWhitespaceOnlyPieces},
		{30, &s.ControlSymbols}, {31, &s.UserDefinedSymbols}, {32, &s.VocabularyOutputScore}, {33, &s.HardVocabLimit},
		{34, &s.UseAllVocab}, {35, &s.ByteFallback}, {36, &s.RequiredChars}, {40, &s.UnkID}, {41, &s.BosID}, {42, &s.EosID},
		{43, &s.PadID}, {44, &s.UnkSurface}, {45, &s.UnkPiece}, {46, &s.BosPiece}, {47, &s.EosPiece}, {48, &s.PadPiece},
		{49, &s.TrainExtremelyLargeCorpus}, {53, &s.PretokenizationDelimiter}, {54, &s.SeedSentencepiecesFile},
	}
}

// NormalizerSpec says how text is normalized.
type NormalizerSpec struct {
	Name                   string // 1
	PrecompiledCharsmap    []byte // 2: see package charsmap; empty: no rules
	AddDummyPrefix         bool   // 3: a space before the text (or after it, see TreatWhitespaceAsSuffix)
	RemoveExtraWhitespaces bool   // 4: at the ends, and all but one of several
	EscapeWhitespaces      bool   // 5: spaces become U+2581
	NormalizationRuleTSV   string // 6

	present uint64
	unknown []byte
}

var defaultNormalizer = NormalizerSpec{AddDummyPrefix: true, RemoveExtraWhitespaces: true, EscapeWhitespaces: true}

func (s *NormalizerSpec) fields() []protoField {
	return []protoField{
		{1, &s.Name}, {2, &s.PrecompiledCharsmap}, {3, &s.AddDummyPrefix}, {4, &s.RemoveExtraWhitespaces},
		{5, &s.EscapeWhitespaces}, {6, &s.NormalizationRuleTSV},
	}
}

// protoField is a field of a message: its number, below 64, and a pointer to
// its value.
type protoField struct {
	number int32
	value  any
}
