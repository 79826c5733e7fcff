package read

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// parquetReader reads the rows of a Parquet file, row group by row group: the columns text, id, source, lang or language,
// url, synthetic and meta as the fields of JSON Lines; all others become Meta, where that is asked for, else they are not
// read.
//
// The library trusts the sizes that a file states. So the footer and every header of a page are looked at first
// (parquet_guard.go), and what still goes wrong within the library ends the file with an error.
type parquetReader struct {
	in   *input
	opts *Options
	file *parquet.File // nil before the first row

	groups []parquet.RowGroup // to come
	group  int                // that is being read, from 0
	rows   parquet.Rows       // of it, nil between groups
	schema *parquet.Schema    // of the columns that are read
	want   int64              // rows of the group that are to come
	buf    []parquet.Row
	ready  []parquet.Row
	record int64
}

// rowsAtOnce is how many rows are in memory beside their pages.
const rowsAtOnce = 16

func openParquet(in *input, opts *Options) reader {
	return &parquetReader{in: in, opts: opts, buf: make([]parquet.Row, rowsAtOnce)}
}

// Close gives the library's memory back.
func (p *parquetReader) Close() error {
	if p.rows == nil {
		return nil
	}
	rows := p.rows
	p.rows = nil
	return safely(rows.Close)
}

func (p *parquetReader) next(d *Document) error {
	var row parquet.Row
	if err := safely(func() (err error) { row, err = p.row(); return err }); err != nil {
		return err
	}
	p.record++
	d.ID = fmt.Sprintf("%s:%d", p.in.file.Name, p.record)
	fields := map[string]any{}
	err := safely(func() error { return p.schema.Reconstruct(&fields, row) })
	if err != nil {
		return p.bad(err.Error())
	}
	if reason := p.fill(d, fields); reason != "" {
		return p.bad(reason)
	}
	return nil
}

func (p *parquetReader) bad(reason string) error {
	return &badRecord{record: p.record, reason: reason}
}

// row returns the next row, valid until the next call, or io.EOF.
func (p *parquetReader) row() (parquet.Row, error) {
	if p.file == nil {
		if err := p.open(); err != nil {
			return nil, err
		}
	}
	for len(p.ready) == 0 {
		if p.rows == nil {
			if len(p.groups) == 0 {
				return nil, io.EOF
			}
			if err := p.openGroup(); err != nil {
				return nil, err
			}
		}
		n, err := p.rows.ReadRows(p.buf)
		p.ready = p.buf[:n]
		p.want -= int64(n)
		switch {
		case err != nil && err != io.EOF:
			return nil, fmt.Errorf("row group %d: %w", p.group, err)
		case p.want < 0, err == io.EOF && p.want > 0, err == nil && n == 0:
			return nil, fmt.Errorf("row group %d: its columns do not hold the %d rows that the footer states", p.group, p.groups[0].NumRows())
		case err == io.EOF:
			rows := p.rows
			p.rows, p.groups, p.group = nil, p.groups[1:], p.group+1
			if err := rows.Close(); err != nil {
				return nil, err
			}
		}
	}
	row := p.ready[0]
	p.ready = p.ready[1:]
	return row, nil
}

// open reads the footer and chooses the columns.
func (p *parquetReader) open() error {
	if p.in.os == nil || p.in.file.compression != "" {
		return errors.New("the file is compressed as a whole, want Parquet as it is: its pages are compressed by themselves")
	}
	st, err := p.in.os.Stat()
	if err != nil {
		return err
	}
	if err := guardFooter(p.in.os, st.Size()); err != nil {
		return err
	}
	p.file, err = parquet.OpenFile(p.in.os, st.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.OptimisticRead(false))
	if err != nil {
		return err
	}
	p.groups = p.file.RowGroups()
	p.schema = p.file.Schema()
	if !p.opts.KeepMeta {
		p.schema = p.narrow()
	}
	if _, ok := p.schema.Lookup(p.opts.TextField); !ok {
		var names []string
		for _, f := range p.file.Schema().Fields() {
			names = append(names, f.Name())
		}
		return fmt.Errorf("no column %q of one value a row; there are %.20q", p.opts.TextField, names)
	}
	return nil
}

// narrow is the schema of the columns whose fields documents have.
func (p *parquetReader) narrow() *parquet.Schema {
	g := parquet.Group{}
	for _, f := range p.file.Schema().Fields() {
		if f.Name() == p.opts.TextField || isField(f.Name()) {
			g[f.Name()] = f
		}
	}
	return parquet.NewSchema(p.file.Schema().Name(), g)
}

func isField(name string) bool {
	switch name {
	case "id", "source", "lang", "language", "url", "URL", "synthetic", "meta", "metadata":
		return true
	}
	return false
}

// openGroup begins the next row group.
func (p *parquetReader) openGroup() error {
	g := p.groups[0]
	if err := p.guard(); err != nil {
		return fmt.Errorf("row group %d: %w", p.group, err)
	}
	if !p.opts.KeepMeta {
		conv, err := parquet.Convert(p.schema, p.file.Schema())
		if err != nil {
			return err
		}
		g = parquet.ConvertRowGroup(g, conv)
	}
	p.want = g.NumRows()
	p.rows = g.Rows()
	return nil
}

// guard looks at the columns of the next row group that are read.
func (p *parquetReader) guard() error {
	g := pageGuard{r: p.in.os, size: p.file.Size(), opts: p.opts}
	defer g.close()
	columns := p.file.Metadata().RowGroups[p.group].Columns
	for i := range columns {
		m := &columns[i].MetaData
		if len(m.PathInSchema) == 0 || !hasField(p.schema, m.PathInSchema[0]) {
			continue
		}
		if err := g.column(m); err != nil {
			return fmt.Errorf("column %.100q: %w", m.PathInSchema, err)
		}
	}
	return nil
}

func hasField(s *parquet.Schema, name string) bool {
	return slices.ContainsFunc(s.Fields(), func(f parquet.Field) bool { return f.Name() == name })
}

// fill makes a row's fields the document's.
func (p *parquetReader) fill(d *Document, fields map[string]any) (reason string) {
	text, ok := stringOf(fields[p.opts.TextField])
	switch {
	case fields[p.opts.TextField] == nil:
		return fmt.Sprintf("column %q is null", p.opts.TextField)
	case !ok:
		return fmt.Sprintf("column %q is of type %T, want text", p.opts.TextField, fields[p.opts.TextField])
	case len(text) > p.opts.MaxRecord:
		return fmt.Sprintf("a text of %d bytes, above the largest record of %d", len(text), p.opts.MaxRecord)
	}
	d.Text = []byte(text)
	delete(fields, p.opts.TextField)
	p.in.plain += int64(len(text))
	for _, name := range []string{"meta", "metadata"} {
		if m, ok := fields[name].(map[string]any); ok {
			take(&d.Source, m, false, "source")
			take(&d.URL, m, false, "url")
			synthetic, _ := m["synthetic"].(bool)
			d.Synthetic = d.Synthetic || synthetic
		}
	}
	take(&d.Source, fields, true, "source")
	take(&d.Lang, fields, true, "language", "lang")
	take(&d.URL, fields, true, "URL", "url")
	if synthetic, ok := fields["synthetic"].(bool); ok {
		d.Synthetic = synthetic
		delete(fields, "synthetic")
	}
	switch id := fields["id"].(type) {
	case nil:
	case string:
		d.ID = id
	case []byte: // of a fixed length, as UUIDs are
		d.ID = hex.EncodeToString(id)
	default:
		d.ID = fmt.Sprint(id)
	}
	delete(fields, "id")
	if !p.opts.KeepMeta || len(fields) == 0 {
		return ""
	}
	meta, err := json.Marshal(inJSON(fields))
	if err != nil {
		return "its other columns do not go into JSON: " + err.Error()
	}
	d.Meta = meta
	return ""
}

// inJSON is a value as JSON can hold it, changed in place: numbers that are none are null, and bytes of a fixed length that are text stay
// text.
func inJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, in := range v {
			v[key] = inJSON(in)
		}
	case []any:
		for i, in := range v {
			v[i] = inJSON(in)
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case float32:
		if inJSON(float64(v)) == nil {
			return nil
		}
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
	default: // in maps the library puts pointers to what can be null
		if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && !p.IsNil() {
			return inJSON(p.Elem().Interface())
		}
	}
	return v
}

// take sets s to a field that is a string with something in it, and takes that field out.
func take(s *string, fields map[string]any, out bool, names ...string) {
	for _, name := range names {
		v, ok := stringOf(fields[name])
		if ok && v != "" {
			*s = v
		}
		if ok && out {
			delete(fields, name)
		}
	}
}

func stringOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

// safely turns a panic of the library, as some damaged files cause, into an error.
func safely(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is damaged: %v", r)
		}
	}()
	return f()
}
