package read

import (
	"bytes"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// plainMarkdown takes the mark-up out of a text: what CommonMark and GitHub's tables show a reader is left, with blank lines
// between blocks. Links leave their text, images their description, raw HTML nothing, code its lines.
func plainMarkdown(source []byte) []byte {
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	p := plainWriter{source: source}
	ast.Walk(doc, p.visit) // visit returns no error
	return bytes.TrimSpace(p.out.Bytes())
}

type plainWriter struct {
	source []byte
	out    bytes.Buffer
}

func (p *plainWriter) visit(n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		p.leave(n)
		return ast.WalkContinue, nil
	}
	switch n := n.(type) {
	case *ast.HTMLBlock, *ast.RawHTML:
		return ast.WalkSkipChildren, nil
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			p.out.Write(line.Value(p.source))
		}
	case *ast.Text:
		v := n.Value(p.source)
		if !n.IsRaw() {
			v = util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(v)))
		}
		p.out.Write(v)
		if n.SoftLineBreak() || n.HardLineBreak() {
			p.out.WriteByte('\n')
		}
	case *ast.String:
		p.out.Write(n.Value)
	case *ast.AutoLink:
		p.out.Write(n.Label(p.source))
	case *ast.ListItem:
		p.item(n)
	case *east.TaskCheckBox:
		return ast.WalkSkipChildren, nil
	}
	return ast.WalkContinue, nil
}

// item begins an item of a list as plain text has it.
func (p *plainWriter) item(n *ast.ListItem) {
	if list, ok := n.Parent().(*ast.List); ok && !list.IsOrdered() {
		p.out.WriteString("- ")
	}
}

// leave ends a block with a blank line, lines of lists and tables with a line end.
func (p *plainWriter) leave(n ast.Node) {
	switch n := n.(type) {
	case *ast.TextBlock:
		p.end("\n")
	case *east.TableCell:
		if n.NextSibling() != nil {
			p.out.WriteByte('\t')
		}
	case *east.TableHeader, *east.TableRow:
		p.end("\n")
	case *ast.ListItem:
		p.end("\n")
	case *ast.Paragraph:
		if _, inItem := n.Parent().(*ast.ListItem); inItem && n.NextSibling() == nil {
			p.end("\n")
			return
		}
		p.end("\n\n")
	default:
		if n.Type() == ast.TypeBlock {
			p.end("\n\n")
		}
	}
}

// end makes the text end with lines, however it ends now.
func (p *plainWriter) end(lines string) {
	p.out.Truncate(len(bytes.TrimRight(p.out.Bytes(), "\n")))
	if p.out.Len() > 0 {
		p.out.WriteString(lines)
	}
}
