package tomlfile

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Kind is what a value is written as.
type Kind int

const (
	Table Kind = iota
	List
	String
	Integer
	Float
	Bool
	Date
	DateTime
	OtherTime
)

// String names the kind for a message.
func (k Kind) String() string {
	return [...]string{"a table", "a list", "a string", "a number", "a fraction", "true or false", "a date", "a date with a time", "a time"}[k]
}

// Value is a TOML Value with the line on which it begins.
type Value struct {
	Kind  Kind
	Line  int
	Text  string  // of a scalar: a string's content, else what is written
	Items []Value // of a list
	Keys  []*Entry
	index map[string]*Entry

	// Start is the offset at which a scalar or an inline table begins, and End the one
	// behind a scalar. Of all else they are 0.
	Start, End int
}

// Entry is a key of a table with its value.
type Entry struct {
	Key   string
	Line  int
	Value Value

	// Start and End enclose "key = value". Both are 0 where a header, or a dotted key
	// on the way to another, made the entry.
	Start, End int
}

// Header is a "[table]" or "[[table]]".
type Header struct {
	Path  []string
	Array bool
	Line  int
	Start int // the offset at which its line begins
}

// Document is a TOML document with the offsets of what stands in it.
type Document struct {
	Root    *Value
	Headers []Header // in order
}

// Limits are the caps on a document.
type Limits struct {
	Bytes int
	Keys  int
}

// Get returns the entry of a key, or nil.
func (v *Value) Get(key string) *Entry { return v.index[key] }

// child returns the entry of a key, made where it is missing.
func (v *Value) child(key string, line int) *Entry {
	if e := v.index[key]; e != nil {
		return e
	}
	e := &Entry{Key: key, Line: line, Value: Value{Kind: Table, Line: line}}
	v.put(e)
	return e
}

func (v *Value) put(e *Entry) {
	if v.index == nil {
		v.index = map[string]*Entry{}
	}
	v.index[e.Key] = e
	v.Keys = append(v.Keys, e)
}

// Read reads a TOML document. The library's decoder says first whether it is
// valid (each key once, each table once), so that the walk over its syntax tree,
// which knows the lines, need not.
func Read(name string, data []byte) (*Value, error) {
	d, err := ReadDocument(name, data, Limits{MaxFile, maxKeys})
	if err != nil {
		return nil, err
	}
	return d.Root, nil
}

// ReadDocument is [Read] for files that programs write, which may be larger, and are
// edited in place.
func ReadDocument(name string, data []byte, limits Limits) (*Document, error) {
	if len(data) > limits.Bytes {
		return nil, &Error{Problems: []Problem{{name, 0, fmt.Sprintf("larger than %d bytes", limits.Bytes)}}}
	}
	var valid map[string]any
	if err := toml.Unmarshal(data, &valid); err != nil {
		return nil, &Error{Problems: []Problem{syntaxProblem(name, err)}}
	}
	b := treeBuilder{newlines: newlines(data), limit: limits.Keys}
	b.parser.Reset(data)
	root := &Value{Kind: Table, Line: 1}
	table := root
	out := &Document{Root: root}
	for b.parser.NextExpression() && b.err == nil {
		switch e := b.parser.Expression(); e.Kind {
		case unstable.Table:
			out.Headers = append(out.Headers, b.header(e, false))
			table = b.open(root, e, false)
		case unstable.ArrayTable:
			out.Headers = append(out.Headers, b.header(e, true))
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
	return out, nil
}

// syntaxProblem is what the library says of a document that is not TOML.
func syntaxProblem(name string, err error) Problem {
	line := 0
	var at *toml.DecodeError
	if errors.As(err, &at) {
		line, _ = at.Position()
	}
	detail := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "toml: "), "unstable: ")
	return Problem{name, line, "not TOML: " + Visible(detail)}
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
	limit    int // of keys
	err      error
}

// header notes where a table's header stands.
func (b *treeBuilder) header(e *unstable.Node, array bool) Header {
	h := Header{Array: array}
	for it := e.Key(); it.Next(); {
		key := it.Node()
		h.Path = append(h.Path, string(key.Data))
		if h.Line == 0 {
			if h.Line = b.line(key.Raw); h.Line > 1 {
				h.Start = b.newlines[h.Line-2] + 1
			}
		}
	}
	return h
}

// line is the line of a place in the document.
func (b *treeBuilder) line(r unstable.Range) int {
	return sort.SearchInts(b.newlines, int(r.Offset)) + 1
}

// open goes to the table that a header names.
func (b *treeBuilder) open(root *Value, e *unstable.Node, array bool) *Value {
	table := root
	for it := e.Key(); it.Next(); {
		key := it.Node()
		line := b.line(key.Raw)
		b.count()
		child := table.child(string(key.Data), line)
		if array && it.IsLast() {
			child.Value.Kind = List
			child.Value.Items = append(child.Value.Items, Value{Kind: Table, Line: line})
		}
		table = &child.Value
		if n := len(table.Items); table.Kind == List && n > 0 {
			table = &table.Items[n-1]
		}
	}
	return table
}

// set notes a key and its value.
func (b *treeBuilder) set(table *Value, e *unstable.Node) {
	for it := e.Key(); it.Next(); {
		key := it.Node()
		line := b.line(key.Raw)
		b.count()
		if it.IsLast() {
			start := int(e.Raw.Offset)
			table.put(&Entry{Key: string(key.Data), Line: line, Value: b.value(e.Value(), line), Start: start, End: start + int(e.Raw.Length)})
			return
		}
		table = &table.child(string(key.Data), line).Value
	}
}

func (b *treeBuilder) count() {
	if b.keys++; b.keys > b.limit && b.err == nil {
		b.err = fmt.Errorf("more than %d keys", b.limit)
	}
}

// value makes a value; line is that of what it stands behind. A list's entries
// have lines of their own where the parser tells them.
func (b *treeBuilder) value(n *unstable.Node, line int) Value {
	if n.Raw.Length > 0 {
		line = b.line(n.Raw)
	}
	v := Value{Line: line, Text: string(n.Data), Start: int(n.Raw.Offset)}
	if n.Kind != unstable.InlineTable {
		v.End = v.Start + int(n.Raw.Length)
	}
	switch n.Kind {
	case unstable.String:
		v.Kind = String
	case unstable.Integer:
		v.Kind = Integer
	case unstable.Float:
		v.Kind = Float
	case unstable.Bool:
		v.Kind = Bool
	case unstable.LocalDate:
		v.Kind = Date
	case unstable.DateTime:
		v.Kind = DateTime
	case unstable.Array:
		v.Kind = List
		for it := n.Children(); it.Next(); {
			if child := it.Node(); child.Kind != unstable.Comment {
				v.Items = append(v.Items, b.value(child, line))
			}
		}
	case unstable.InlineTable:
		v.Kind = Table
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				b.set(&v, it.Node())
			}
		}
	default:
		v.Kind = OtherTime
	}
	return v
}
