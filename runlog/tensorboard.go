package runlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of tensorflow.Event, tensorflow.Summary, Summary.Value and TensorProto, from
// tensorflow/core/util/event.proto and tensorflow/core/framework/{summary,tensor,tensor_shape}.proto.
const (
	eventWallTime    = 1 // double
	eventStep        = 2 // int64
	eventFileVersion = 3 // string
	eventSummary     = 5 // Summary
	eventSession     = 7 // SessionLog
	sessionStatus    = 1 // enum, START = 1
	summaryValue     = 1 // repeated Value
	valueTag         = 1 // string
	valueSimple      = 2 // float
	valueTensor      = 8 // TensorProto
	valueMetadata    = 9 // SummaryMetadata
	metadataPlugin   = 1 // PluginData
	pluginName       = 1 // string
	tensorDType      = 1 // enum, DT_STRING = 7
	tensorShape      = 2 // TensorShapeProto
	tensorString     = 8 // repeated bytes
	shapeDim         = 2 // repeated Dim
	dimSize          = 1 // int64
)

// EventWriter writes a TensorBoard event file: TFRecords of tensorflow.Event. Every event is handed to the
// operating system before a method returns; one that cannot be written whole is left out. Not safe for use from several goroutines.
type EventWriter struct {
	f          *os.File
	size       int64 // of the file up to its last whole event
	now        func() time.Time
	event, sum []byte // reused
	val, out   []byte
	scalars    []Scalar
}

// NewEventWriter creates a new event file in dir. A run that continues after resumedStep > 0 gets a further
// file whose first event makes TensorBoard drop what earlier files say about later steps. now supplies wall
// times; nil means time.Now.
func NewEventWriter(dir string, resumedStep int64, now func() time.Time) (*EventWriter, error) {
	if now == nil {
		now = time.Now
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("runlog: create event file: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	// TensorBoard reads the files of a directory in the order of their names: time first.
	t := now()
	name := fmt.Sprintf("events.out.tfevents.%010d.%09d.%s.%d", t.Unix(), t.Nanosecond(), host, os.Getpid())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("runlog: create event file: %w", err)
	}
	w := &EventWriter{f: f, now: now}
	w.begin(0)
	w.event = protowire.AppendTag(w.event, eventFileVersion, protowire.BytesType)
	w.event = protowire.AppendString(w.event, "brain.Event:2")
	err = w.flush()
	if err == nil && resumedStep > 0 {
		w.begin(resumedStep + 1)
		w.event = protowire.AppendTag(w.event, eventSession, protowire.BytesType)
		session := protowire.AppendVarint(protowire.AppendTag(nil, sessionStatus, protowire.VarintType), 1)
		w.event = protowire.AppendBytes(w.event, session)
		err = w.flush()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// Scalar is one point of a curve.
type Scalar struct {
	Tag   string // "loss/train"
	Value float64
}

// Scalars writes the values of one step as one event.
func (w *EventWriter) Scalars(step int64, values ...Scalar) error {
	w.sum = w.sum[:0]
	for _, s := range values {
		w.val = protowire.AppendTag(w.val[:0], valueTag, protowire.BytesType)
		w.val = protowire.AppendString(w.val, s.Tag)
		w.val = protowire.AppendTag(w.val, valueSimple, protowire.Fixed32Type)
		w.val = protowire.AppendFixed32(w.val, math.Float32bits(float32(s.Value)))
		w.sum = protowire.AppendTag(w.sum, summaryValue, protowire.BytesType)
		w.sum = protowire.AppendBytes(w.sum, w.val)
	}
	return w.summary(step)
}

// Record writes r's numbers under the tags loss/train, loss/val, perplexity/val, bits_per_byte/val,
// optim/lr, optim/grad_norm, optim/loss_scale, speed/tokens_per_s, speed/mfu, memory/rss_bytes and
// extra/NAME.
func (w *EventWriter) Record(r *Record) error {
	w.scalars = append(w.scalars[:0], Scalar{"loss/train", r.Loss}, Scalar{"optim/lr", r.LR}, Scalar{"optim/grad_norm", r.GradNorm}, Scalar{"speed/tokens_per_s", r.TokensPerSec})
	w.optional("speed/mfu", r.MFU)
	w.optional("memory/rss_bytes", float64(r.RSS))
	w.optional("optim/loss_scale", r.LossScale)
	if v := r.Val; v != nil {
		w.scalars = append(w.scalars, Scalar{"loss/val", v.Loss}, Scalar{"perplexity/val", v.Perplexity})
		w.optional("bits_per_byte/val", v.BitsPerByte)
	}
	for k, v := range r.Extra {
		w.scalars = append(w.scalars, Scalar{"extra/" + k, v})
	}
	return w.Scalars(r.Step, w.scalars...)
}

// optional adds a number that is known where it is not 0.
func (w *EventWriter) optional(tag string, v float64) {
	if v != 0 {
		w.scalars = append(w.scalars, Scalar{tag, v})
	}
}

// Text writes a text (Markdown), such as a sample or the config, under tag.
func (w *EventWriter) Text(step int64, tag, text string) error {
	plugin := appendStringField(nil, pluginName, "text")
	metadata := appendBytesField(nil, metadataPlugin, plugin)
	dim := protowire.AppendVarint(protowire.AppendTag(nil, dimSize, protowire.VarintType), 1)
	tensor := protowire.AppendVarint(protowire.AppendTag(nil, tensorDType, protowire.VarintType), 7)
	tensor = appendBytesField(tensor, tensorShape, appendBytesField(nil, shapeDim, dim))
	tensor = appendStringField(tensor, tensorString, text)

	w.val = appendStringField(w.val[:0], valueTag, tag)
	w.val = appendBytesField(w.val, valueTensor, tensor)
	w.val = appendBytesField(w.val, valueMetadata, metadata)
	w.sum = appendBytesField(w.sum[:0], summaryValue, w.val)
	return w.summary(step)
}

func appendBytesField(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func appendStringField(b []byte, n protowire.Number, v string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func (w *EventWriter) summary(step int64) error {
	w.begin(step)
	w.event = appendBytesField(w.event, eventSummary, w.sum)
	return w.flush()
}

// begin starts an event in w.event.
func (w *EventWriter) begin(step int64) {
	w.event = protowire.AppendTag(w.event[:0], eventWallTime, protowire.Fixed64Type)
	w.event = protowire.AppendFixed64(w.event, math.Float64bits(float64(w.now().UnixNano())/1e9))
	if step != 0 {
		w.event = protowire.AppendTag(w.event, eventStep, protowire.VarintType)
		w.event = protowire.AppendVarint(w.event, uint64(step))
	}
}

// flush writes w.event as one TFRecord: u64 length, masked CRC of the length, data, masked CRC of the data.
func (w *EventWriter) flush() error {
	w.out = binary.LittleEndian.AppendUint64(w.out[:0], uint64(len(w.event)))
	w.out = binary.LittleEndian.AppendUint32(w.out, maskedCRC(w.out[:8]))
	w.out = append(w.out, w.event...)
	w.out = binary.LittleEndian.AppendUint32(w.out, maskedCRC(w.event))
	n, err := w.f.WriteAt(w.out, w.size)
	if err != nil {
		if n > 0 {
			err = errors.Join(err, w.f.Truncate(w.size))
		}
		return fmt.Errorf("runlog: write event file: %w", err)
	}
	w.size += int64(n)
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is TFRecord's CRC-32C, rotated and offset so that a CRC of data that holds CRCs is still sound
// (tensorflow/core/lib/hash/crc32c.h).
func maskedCRC(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// Path returns the file's path.
func (w *EventWriter) Path() string { return w.f.Name() }

// Close closes the file.
func (w *EventWriter) Close() error {
	if err := w.f.Close(); err != nil {
		return fmt.Errorf("runlog: close event file: %w", err)
	}
	return nil
}
