package write

import (
	"io"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// parquetRow is a document in Parquet. Meta is a JSON object, as its fields differ from record to record.
type parquetRow struct {
	ID        string `parquet:"id"`
	Text      string `parquet:"text"`
	Source    string `parquet:"source,dict"`
	Lang      string `parquet:"lang,optional,dict"`
	URL       string `parquet:"url,optional"`
	Synthetic bool   `parquet:"synthetic"`
	Recipe    string `parquet:"recipe,optional,dict"`
	Meta      string `parquet:"meta,optional"`
}

// A row group holds about groupBytes of text: what a reader has to hold.
const groupBytes = 64 << 20

// NewParquet writes Parquet, compressed with zstd.
func NewParquet(o Options) (*Writer, error) {
	return &Writer{o: o, ext: "parquet", open: func(out io.Writer) (encoder, error) {
		return &parquetFile{out: parquet.NewGenericWriter[parquetRow](out, parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault, Concurrency: 1})), recipe: o.Recipe}, nil
	}}, nil
}

type parquetFile struct {
	out    *parquet.GenericWriter[parquetRow]
	rows   [1]parquetRow
	meta   []byte
	recipe string
	group  int // bytes in the row group
}

func (p *parquetFile) add(d *corpus.Document) error {
	row := parquetRow{ID: d.ID, Text: d.Text(), Source: d.Source, Lang: d.Lang, URL: d.URL, Synthetic: d.Synthetic, Recipe: p.recipe}
	if len(d.Meta) > 0 || len(d.Attrs) > 0 {
		p.meta = appendMeta(p.meta[:0], d)
		row.Meta = string(p.meta)
	}
	p.rows[0] = row
	if _, err := p.out.Write(p.rows[:]); err != nil {
		return err
	}
	if p.group += len(row.Text) + len(row.Meta); p.group < groupBytes {
		return nil
	}
	p.group = 0
	return p.out.Flush()
}

func (p *parquetFile) close() error { return p.out.Close() }
