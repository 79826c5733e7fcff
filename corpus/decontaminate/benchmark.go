package decontaminate

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/tidwall/gjson"

	"github.com/athanor-lm/athanor/corpus"
)

// item is one of a benchmark: its texts, the question first.
type item struct {
	name      string // benchmark/file#id or #number
	benchmark string
	texts     []string
	right     int // index in texts of the right continuation of texts[0], where there is one; 0 = none
}

// maxBenchmark bounds what one file may hold, decompressed.
const maxBenchmark = 1 << 30

// read hands every item of the benchmark to add.
func (b *Benchmark) read(env corpus.Env, add func(item)) error {
	for _, path := range b.Files {
		roots, err := env.Glob(path)
		if err != nil {
			return err
		}
		for _, root := range roots {
			if err := b.readTree(env.Opening(), root, add); err != nil {
				return err
			}
		}
	}
	return nil
}

// readTree reads a file, or the files of a directory whose names say what they are.
func (b *Benchmark) readTree(ctx context.Context, root string, add func(item)) error {
	return filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		format := formatOf(b.Format, p)
		if e.IsDir() || p != root && format == "" {
			return nil
		}
		if format == "" {
			return fmt.Errorf("%s: the name does not say what it is, want .csv or .jsonl (also .gz, .zst), or a format", p)
		}
		return b.readFile(ctx, p, format, add)
	})
}

// formatOf is the format asked for, or that of the name; empty where neither says.
func formatOf(format, path string) string {
	bare := strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".zst")
	switch ext := strings.ToLower(filepath.Ext(bare)); {
	case format != "":
		return format
	case ext == ".csv":
		return "csv"
	case ext == ".jsonl" || ext == ".ndjson":
		return "jsonl"
	}
	return ""
}

func (b *Benchmark) readFile(ctx context.Context, path, format string, add func(item)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var in io.Reader = f
	switch filepath.Ext(path) {
	case ".gz":
		z, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		in = z
	case ".zst":
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		defer z.Close()
		in = z
	}
	content := &source{ctx: ctx, in: in}
	limited := &io.LimitedReader{R: content, N: maxBenchmark}
	err = b.readItems(limited, format, func(id string, it item) {
		it.benchmark, it.name = b.Name, b.Name+"/"+filepath.Base(path)+"#"+id
		add(it)
	})
	if content.err != nil && !errors.Is(err, content.err) {
		err = content.err
	}
	if err == nil && limited.N == 0 {
		err = fmt.Errorf("more than %d bytes", maxBenchmark)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// source reads a file's content until a context ends, and keeps the error that it ended with: a record that it cut off is not to blame.
type source struct {
	ctx context.Context
	in  io.Reader
	err error // nil at the content's end
}

func (s *source) Read(p []byte) (n int, err error) {
	if err = s.ctx.Err(); err == nil {
		n, err = s.in.Read(p)
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// readItems parses a file of a format and hands over the items with their identifiers.
func (b *Benchmark) readItems(in io.Reader, format string, add func(id string, it item)) error {
	switch format {
	case "csv":
		return b.readCSV(in, add)
	case "jsonl":
		return b.readJSONL(in, add)
	}
	return readHellaSwag(in, add)
}

// readCSV reads files with a line of names (C-Eval) and without (MMLU: question, four choices, letter).
func (b *Benchmark) readCSV(in io.Reader, add func(string, item)) error {
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	var take []int // columns
	id := -1
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == 0 {
			row[0] = strings.TrimPrefix(row[0], "\uFEFF")
			var header bool
			if take, header, err = b.columns(row); err != nil {
				return err
			}
			if id = slices.Index(row, "id"); header {
				continue
			}
			id, n = -1, 1
		}
		if len(b.Fields) > 0 && slices.Max(take) >= len(row) {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %d columns, want at least the %d up to the last of fields", line, len(row), 1+slices.Max(take))
		}
		texts := make([]string, 0, len(row))
		for i, text := range row {
			if take != nil && slices.Contains(take, i) || take == nil && (i < len(row)-1 || !isLabel(text)) {
				texts = append(texts, text)
			}
		}
		name := strconv.Itoa(n)
		if id >= 0 && id < len(row) {
			name = row[id]
		}
		add(name, item{texts: texts})
	}
}

// columns finds those to take by the first row, which is a header where it holds the fields asked for, or "question". All are
// taken where the result is nil, but for the letter of the answer at the end.
func (b *Benchmark) columns(first []string) (take []int, header bool, err error) {
	want := b.Fields
	if len(want) == 0 && slices.Contains(first, "question") {
		for _, name := range []string{"question", "A", "B", "C", "D", "E"} {
			if slices.Contains(first, name) {
				want = append(want, name)
			}
		}
	}
	if len(want) == 0 {
		return nil, false, nil
	}
	for _, name := range want {
		i := slices.Index(first, name)
		if i < 0 {
			return nil, false, fmt.Errorf("no column %q among %q", name, first)
		}
		take = append(take, i)
	}
	return take, true, nil
}

// isLabel tells whether a text is the letter or number of an answer.
func isLabel(text string) bool {
	text = strings.TrimSpace(text)
	return len(text) == 0 || len(text) == 1 && (text[0] >= 'A' && text[0] <= 'Z' || text[0] >= '0' && text[0] <= '9')
}

func (b *Benchmark) readJSONL(in io.Reader, add func(string, item)) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<16), 16<<20)
	n := 1
	for ; lines.Scan(); n++ {
		line := lines.Bytes()
		if len(strings.TrimSpace(string(line))) == 0 {
			continue
		}
		record := gjson.ParseBytes(line)
		if !gjson.ValidBytes(line) || !record.IsObject() {
			return fmt.Errorf("line %d: not a JSON object", n)
		}
		var it item
		for _, f := range b.Fields {
			v := record.Get(f)
			if !v.Exists() {
				return fmt.Errorf("line %d: no field %q", n, f)
			}
			eachText(v, func(text string) { it.texts = append(it.texts, text) })
		}
		if len(b.Fields) == 0 {
			eachText(record, func(text string) {
				if isProse(text) {
					it.texts = append(it.texts, text)
				}
			})
		}
		id := strconv.Itoa(n)
		if v := record.Get("id"); v.Type == gjson.String || v.Type == gjson.Number {
			id = v.String()
		}
		add(id, it)
	}
	return lineError(lines.Err(), n, 16<<20)
}

// lineError says which line could not be read, and of one that is too long what would be accepted.
func lineError(err error, n, most int) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("line %d: longer than %d bytes", n, most)
	}
	return fmt.Errorf("line %d: %w", n, err)
}

// eachText calls f with the strings in a value, in order.
func eachText(v gjson.Result, f func(string)) {
	switch {
	case v.Type == gjson.String:
		f(v.String())
	case v.IsObject() || v.IsArray():
		v.ForEach(func(_, value gjson.Result) bool {
			eachText(value, f)
			return true
		})
	}
}

// isProse tells texts from labels, names and identifiers.
func isProse(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || isHan(r) }) >= 0
}

// readHellaSwag reads six lines an item: context, number of the right ending, four endings.
func readHellaSwag(in io.Reader, add func(string, item)) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<16), 1<<20)
	var part []string
	n := 1
	for ; lines.Scan(); n++ {
		part = append(part, lines.Text())
		if len(part) < 6 {
			continue
		}
		right, err := strconv.Atoi(strings.TrimSpace(part[1]))
		if err != nil || right < 0 || right > 3 {
			return fmt.Errorf("line %d: %q, want the number of the right ending, 0..3", n-4, part[1])
		}
		add(strconv.Itoa((n+5)/6), item{texts: append([]string{part[0]}, part[2:]...), right: 1 + right})
		part = nil
	}
	if len(part) > 0 && strings.TrimSpace(strings.Join(part, "")) != "" && lines.Err() == nil {
		return fmt.Errorf("line %d: the last item has %d lines, want six", n-1, len(part))
	}
	return lineError(lines.Err(), n, 1<<20)
}
