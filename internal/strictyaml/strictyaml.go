// Package strictyaml decodes YAML files into structs and refuses, with file, line, value and what would be
// accepted, every unknown key and every value of the wrong type; the YAML library alone lets 3.5 pass for 3.
package strictyaml

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Doc remembers where the keys of a decoded file stand, so that later findings can point at them.
type Doc struct {
	file  string
	lines map[string]int // dotted key → line
	set   map[string]string
}

// Error is a finding about one key of a file. Line is 0 where the key does not stand in the file (a default).
type Error struct {
	File  string
	Line  int
	Key   string
	Found string
	Want  string
}

func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	s := at + ": "
	if e.Key != "" {
		s += e.Key + ": "
	}
	s += e.Found
	if e.Want != "" {
		s += ", want " + e.Want
	}
	return s
}

// Decode reads data, the contents of file, into the struct dst points to; keys that are absent keep the value dst has.
// A key may be given once; dst's fields must carry yaml tags.
func Decode(file string, data []byte, dst any) (*Doc, error) {
	d := &Doc{file: file, lines: map[string]int{}, set: map[string]string{}}
	return d, d.decode(file, data, dst)
}

// Set applies an override of the form a.b=value on top of what was decoded; value is YAML.
func (d *Doc) Set(override string, dst any) error {
	key, value, ok := strings.Cut(override, "=")
	if !ok || key == "" {
		return fmt.Errorf("--set %s: want key=value, for instance model.layers=4", override)
	}
	var b strings.Builder
	parts := strings.Split(key, ".")
	for i, p := range parts {
		fmt.Fprintf(&b, "%s%s:", strings.Repeat("  ", i), p)
		if i < len(parts)-1 {
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, " %s\n", value)
	sub := &Doc{lines: map[string]int{}}
	if err := sub.decode("--set "+override, []byte(b.String()), dst); err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.Line = 0
		}
		return err
	}
	d.set[key] = "--set " + override
	return nil
}

// Has reports whether the file or an override gives the key.
func (d *Doc) Has(key string) bool {
	_, inFile := d.lines[key]
	_, inSet := d.set[key]
	return inFile || inSet
}

// Errorf makes an Error that points at key (or at the nearest parent that stands in the file).
func (d *Doc) Errorf(key string, found any, want string, args ...any) error {
	e := &Error{File: d.file, Key: key, Found: fmt.Sprint(found), Want: fmt.Sprintf(want, args...)}
	if s, ok := d.set[key]; ok {
		e.File = s
		return e
	}
	for k := key; ; {
		if line, ok := d.lines[k]; ok {
			e.Line = line
			return e
		}
		i := strings.LastIndexByte(k, '.')
		if i < 0 {
			return e
		}
		k = k[:i]
	}
}

func (d *Doc) decode(file string, data []byte, dst any) error {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))       // editors of Windows put a byte-order mark there,
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")) // and line ends that the parser counts twice behind comments
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return syntaxError(file, err)
	}
	if len(f.Docs) > 1 {
		return &Error{File: file, Line: lineOf(f.Docs[1]), Found: "a second YAML document", Want: "one"}
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		return nil
	}
	if err := d.check(file, f.Docs[0].Body, reflect.TypeOf(dst).Elem(), ""); err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(data, dst, yaml.Strict()); err != nil {
		return syntaxError(file, err)
	}
	return nil
}

// lineOf returns the line of a document: of what it holds, or where nothing is in it, of the --- that begins it; 0 without either.
func lineOf(d *ast.DocumentNode) int {
	switch {
	case d.Body != nil:
		return d.GetToken().Position.Line
	case d.Start != nil:
		return d.Start.Position.Line
	}
	return 0
}

func syntaxError(file string, err error) error {
	var ye yaml.Error
	if errors.As(err, &ye) && ye.GetToken() != nil {
		return &Error{File: file, Line: ye.GetToken().Position.Line, Found: ye.GetMessage()}
	}
	return &Error{File: file, Found: err.Error()}
}

// check walks the file's tree beside the type it is to become.
func (d *Doc) check(file string, n ast.Node, t reflect.Type, path string) error {
	fail := func(want string) error {
		return &Error{File: file, Line: n.GetToken().Position.Line, Key: path, Found: describe(n), Want: want}
	}
	if path != "" {
		d.lines[path] = n.GetToken().Position.Line
	}
	switch x := n.(type) {
	case *ast.AnchorNode:
		return d.check(file, x.Value, t, path)
	case *ast.AliasNode:
		return nil
	case *ast.NullNode:
		if t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			return nil
		}
		return fail(nameOf(t) + " (leave the key out to have its default)")
	}
	if t == nodeType {
		return nil // Doc.DecodeNode checks it
	}
	if reflect.PointerTo(t).Implements(textType) {
		switch n.Type() {
		case ast.StringType, ast.IntegerType, ast.FloatType:
			// Once here, as the library's error would not say where.
			if err := reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.GetToken().Value)); err != nil {
				return &Error{File: file, Line: n.GetToken().Position.Line, Key: path, Found: err.Error()}
			}
			return nil
		}
		return fail("a number or a text")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.check(file, n, t.Elem(), path)
	case reflect.Struct:
		return d.checkStruct(file, n, t, path, fail)
	case reflect.Slice:
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			return fail(nameOf(t))
		}
		for i, v := range seq.Values {
			if err := d.check(file, v, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		return nil
	}
	if !scalarFits(n, t.Kind()) {
		return fail(nameOf(t))
	}
	return nil
}

func (d *Doc) checkStruct(file string, n ast.Node, t reflect.Type, path string, fail func(string) error) error {
	var values []*ast.MappingValueNode
	switch x := n.(type) {
	case *ast.MappingNode:
		values = x.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{x}
	default:
		return fail("a mapping with keys " + strings.Join(keysOf(t), ", "))
	}
	fields := fieldsOf(t)
	for _, v := range values {
		key := v.Key.GetToken().Value
		ft, ok := fields[key]
		full := key
		if path != "" {
			full = path + "." + key
		}
		if !ok {
			return &Error{File: file, Line: v.Key.GetToken().Position.Line, Key: full, Found: "unknown key", Want: "one of " + strings.Join(keysOf(t), ", ")}
		}
		if err := d.check(file, v.Value, ft, full); err != nil {
			return err
		}
		d.lines[full] = v.Key.GetToken().Position.Line
	}
	return nil
}

func scalarFits(n ast.Node, k reflect.Kind) bool {
	switch k {
	case reflect.Bool:
		return n.Type() == ast.BoolType
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64, reflect.Uint32, reflect.Uint:
		return n.Type() == ast.IntegerType
	case reflect.Float64, reflect.Float32:
		return n.Type() == ast.IntegerType || n.Type() == ast.FloatType || isPlainNumber(n)
	case reflect.String:
		return n.Type() == ast.StringType || n.Type() == ast.LiteralType
	case reflect.Map, reflect.Interface:
		return true
	}
	return false
}

// isPlainNumber finds numbers such as 1e-5, which YAML 1.2 counts as a float but the library takes for a text.
func isPlainNumber(n ast.Node) bool {
	tok := n.GetToken()
	if n.Type() != ast.StringType || tok.Type != token.StringType {
		return false
	}
	v, err := strconv.ParseFloat(tok.Value, 64)
	return err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

func describe(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	case ast.StringType:
		return fmt.Sprintf("%q", n.GetToken().Value)
	}
	return n.GetToken().Value
}

func nameOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Int32:
		return "a whole number"
	case reflect.Uint, reflect.Uint64, reflect.Uint32:
		return "a whole number of at least 0"
	case reflect.Float64, reflect.Float32:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list"
	}
	return "a mapping"
}

func fieldsOf(t reflect.Type) map[string]reflect.Type {
	m := map[string]reflect.Type{}
	for f := range eachField(t) {
		m[f.key] = f.typ
	}
	return m
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for f := range eachField(t) {
		keys = append(keys, f.key)
	}
	slices.Sort(keys)
	return keys
}

type field struct {
	key string
	typ reflect.Type
}

func eachField(t reflect.Type) func(func(field) bool) {
	return func(yield func(field) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			switch {
			case strings.Contains(opts, "inline"):
				for g := range eachField(f.Type) {
					if !yield(g) {
						return
					}
				}
			case name != "" && name != "-" && f.IsExported():
				if !yield(field{name, f.Type}) {
					return
				}
			}
		}
	}
}
