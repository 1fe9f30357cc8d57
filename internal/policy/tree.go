package policy

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// kind is what a value is written as.
type kind int

const (
	kindTable kind = iota
	kindList
	kindString
	kindInteger
	kindFloat
	kindBool
	kindDate
	kindDateTime
	kindOtherTime
)

// String names the kind for a message.
func (k kind) String() string {
	return [...]string{"a table", "a list", "a string", "a number", "a fraction", "true or false", "a date", "a date with a time", "a time"}[k]
}

// value is a TOML value with the line on which it begins.
type value struct {
	kind  kind
	line  int
	text  string  // of a scalar: a string's content, else what is written
	items []value // of a list
	keys  []*entry
	index map[string]*entry
}

// entry is a key of a table with its value.
type entry struct {
	key   string
	line  int
	value value
}

// get returns the entry of a key, or nil.
func (v *value) get(key string) *entry { return v.index[key] }

// child returns the entry of a key, made where it is missing.
func (v *value) child(key string, line int) *entry {
	if e := v.index[key]; e != nil {
		return e
	}
	e := &entry{key: key, line: line, value: value{kind: kindTable, line: line}}
	v.put(e)
	return e
}

func (v *value) put(e *entry) {
	if v.index == nil {
		v.index = map[string]*entry{}
	}
	v.index[e.key] = e
	v.keys = append(v.keys, e)
}

// readTree reads a TOML document. The library's decoder says first whether it is
// valid (each key once, each table once), so that the walk over its syntax tree,
// which knows the lines, need not.
func readTree(name string, data []byte) (*value, error) {
	if len(data) > MaxFile {
		return nil, &Error{Problems: []Problem{{name, 0, fmt.Sprintf("larger than %d bytes", MaxFile)}}}
	}
	var valid map[string]any
	if err := toml.Unmarshal(data, &valid); err != nil {
		return nil, &Error{Problems: []Problem{syntaxProblem(name, err)}}
	}
	b := treeBuilder{newlines: newlines(data)}
	b.parser.Reset(data)
	root := &value{kind: kindTable, line: 1}
	table := root
	for b.parser.NextExpression() && b.err == nil {
		switch e := b.parser.Expression(); e.Kind {
		case unstable.Table:
			table = b.open(root, e, false)
		case unstable.ArrayTable:
			table = b.open(root, e, true)
		case unstable.KeyValue:
			b.set(table, e)
		}
	}
	if b.err == nil {
		b.err = b.parser.Error()
	}
	if b.err != nil {
		return nil, &Error{Problems: []Problem{syntaxProblem(name, b.err)}}
	}
	return root, nil
}

// syntaxProblem is what the library says of a document that is not TOML.
func syntaxProblem(name string, err error) Problem {
	line := 0
	var at *toml.DecodeError
	if errors.As(err, &at) {
		line, _ = at.Position()
	}
	detail := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "toml: "), "unstable: ")
	return Problem{name, line, "not TOML: " + visible(detail)}
}

func newlines(data []byte) []int {
	var out []int
	for i, c := range data {
		if c == '\n' {
			out = append(out, i)
		}
	}
	return out
}

// treeBuilder makes values of the parser's nodes.
type treeBuilder struct {
	parser   unstable.Parser
	newlines []int
	keys     int
	err      error
}

// line is the line of a place in the document.
func (b *treeBuilder) line(r unstable.Range) int {
	return sort.SearchInts(b.newlines, int(r.Offset)) + 1
}

// open goes to the table that a header names.
func (b *treeBuilder) open(root *value, e *unstable.Node, array bool) *value {
	table := root
	for it := e.Key(); it.Next(); {
		key := it.Node()
		line := b.line(key.Raw)
		b.count()
		child := table.child(string(key.Data), line)
		if array && it.IsLast() {
			child.value.kind = kindList
			child.value.items = append(child.value.items, value{kind: kindTable, line: line})
		}
		table = &child.value
		if n := len(table.items); table.kind == kindList && n > 0 {
			table = &table.items[n-1]
		}
	}
	return table
}

// set notes a key and its value.
func (b *treeBuilder) set(table *value, e *unstable.Node) {
	for it := e.Key(); it.Next(); {
		key := it.Node()
		line := b.line(key.Raw)
		b.count()
		if it.IsLast() {
			table.put(&entry{key: string(key.Data), line: line, value: b.value(e.Value(), line)})
			return
		}
		table = &table.child(string(key.Data), line).value
	}
}

func (b *treeBuilder) count() {
	if b.keys++; b.keys > maxKeys && b.err == nil {
		b.err = fmt.Errorf("more than %d keys", maxKeys)
	}
}

// value makes a value; line is that of what it stands behind. A list's entries
// have lines of their own where the parser tells them.
func (b *treeBuilder) value(n *unstable.Node, line int) value {
	if n.Raw.Length > 0 {
		line = b.line(n.Raw)
	}
	v := value{line: line, text: string(n.Data)}
	switch n.Kind {
	case unstable.String:
		v.kind = kindString
	case unstable.Integer:
		v.kind = kindInteger
	case unstable.Float:
		v.kind = kindFloat
	case unstable.Bool:
		v.kind = kindBool
	case unstable.LocalDate:
		v.kind = kindDate
	case unstable.DateTime:
		v.kind = kindDateTime
	case unstable.Array:
		v.kind = kindList
		for it := n.Children(); it.Next(); {
			if child := it.Node(); child.Kind != unstable.Comment {
				v.items = append(v.items, b.value(child, line))
			}
		}
	case unstable.InlineTable:
		v.kind = kindTable
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				b.set(&v, it.Node())
			}
		}
	default:
		v.kind = kindOtherTime
	}
	return v
}
