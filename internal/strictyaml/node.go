package strictyaml

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Node is a mapping in a file that is decoded when it is known what it is to become: see Doc.DecodeNode.
type Node struct{ node ast.Node }

// UnmarshalYAML keeps the node for later.
func (n *Node) UnmarshalYAML(node ast.Node) error {
	n.node = node
	return nil
}

var (
	nodeType = reflect.TypeFor[Node]()
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// DecodeNode decodes the mapping that stands under path into structs that share its keys: each key goes to the first of them
// that has it. Keys that are absent keep the values the structs have. An alias to an anchor outside the mapping is refused.
func (d *Doc) DecodeNode(path string, n Node, dst ...any) error {
	values, ok := mappingOf(n.node)
	if !ok {
		e := &Error{File: d.file, Line: d.lines[path], Key: path, Found: "nothing", Want: "a mapping"}
		if n.node != nil {
			e.Found = describe(n.node)
		}
		return e
	}
	var all []string
	for _, v := range dst {
		all = append(all, keysOf(reflect.TypeOf(v).Elem())...)
	}
	slices.Sort(all)
	parts := make([][]*ast.MappingValueNode, len(dst))
	for _, v := range values {
		key := v.Key.GetToken().Value
		i := slices.IndexFunc(dst, func(dst any) bool { _, ok := fieldsOf(reflect.TypeOf(dst).Elem())[key]; return ok })
		if i < 0 {
			return &Error{File: d.file, Line: v.Key.GetToken().Position.Line, Key: path + "." + key, Found: "unknown key",
				Want: "one of " + strings.Join(slices.Compact(all), ", ")}
		}
		parts[i] = append(parts[i], v)
	}
	for i, part := range parts {
		if len(part) == 0 {
			continue
		}
		m := ast.Mapping(n.node.GetToken(), false, part...)
		if err := d.check(d.file, m, reflect.TypeOf(dst[i]).Elem(), path); err != nil {
			return err
		}
		if err := yaml.NodeToValue(m, dst[i], yaml.Strict()); err != nil {
			return syntaxError(d.file, err)
		}
	}
	return nil
}

// Wrap makes an error point at the line of key.
func (d *Doc) Wrap(key string, err error) error {
	if line, ok := d.lines[key]; ok {
		return fmt.Errorf("%s:%d: %s: %w", d.file, line, key, err)
	}
	return fmt.Errorf("%s: %s: %w", d.file, key, err)
}

func mappingOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{x}, true
	case *ast.AnchorNode:
		return mappingOf(x.Value)
	}
	return nil, false
}

// Text returns the text under a key of the mapping that stands under path, which must have it.
func (d *Doc) Text(path string, n Node, key string) (string, error) {
	values, ok := mappingOf(n.node)
	if !ok {
		return "", d.DecodeNode(path, n)
	}
	for _, v := range values {
		if v.Key.GetToken().Value == key && scalarFits(v.Value, reflect.String) {
			return v.Value.GetToken().Value, nil
		}
	}
	return "", d.Errorf(path, "there is no text under "+key, "%s: NAME", key)
}
