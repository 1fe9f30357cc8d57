package lockfile

import (
	"bytes"
	"errors"
	"io"
	"sort"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonValue is a JSON value with its place.
type jsonValue struct {
	kind       byte // '{', '[', '"', '0', 't', 'f' or 'n'
	text       string
	line       int
	start, end int
	members    []jsonMember
	items      []*jsonValue
	index      map[string]*jsonValue
}

// jsonMember is a key with its value.
type jsonMember struct {
	key   string
	line  int
	start int // of the key
	value *jsonValue
}

// get returns the value of a key, or nil.
func (v *jsonValue) get(key string) *jsonValue {
	if v == nil {
		return nil
	}
	return v.index[key]
}

// jsonReader makes values of tokens.
type jsonReader struct {
	dec    *jsontext.Decoder
	breaks []int // offsets of the line ends
	count  int
}

var (
	errNesting = errors.New("values lie too deep within each other")
	errCount   = errors.New("too many values")
	errTrailer = errors.New("something stands behind the document")
)

// parseJSON reads a whole document: each key once, in UTF-8. line is that of the error.
func parseJSON(data []byte) (v *jsonValue, line int, err error) {
	r := &jsonReader{dec: jsontext.NewDecoder(bytes.NewReader(data))}
	for i, c := range data {
		if c == '\n' {
			r.breaks = append(r.breaks, i)
		}
	}
	v, err = r.value(0)
	if err == nil {
		if _, more := r.dec.ReadToken(); more != io.EOF {
			err = errTrailer
		}
	}
	if err != nil {
		at := int(r.dec.InputOffset())
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) {
			at = int(syntax.ByteOffset)
			err = syntax.Err
		}
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			at, err = len(bytes.TrimRight(data, "\r\n")), errors.New("it breaks off")
		}
		return nil, r.line(at), err
	}
	return v, 0, nil
}

func (r *jsonReader) line(at int) int { return sort.SearchInts(r.breaks, at) + 1 }

func (r *jsonReader) value(depth int) (*jsonValue, error) {
	if depth > maxNesting {
		return nil, errNesting
	}
	if r.count++; r.count > maxKeys {
		return nil, errCount
	}
	kind := r.dec.PeekKind()
	if kind != '{' && kind != '[' {
		raw, err := r.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		end := int(r.dec.InputOffset())
		v := &jsonValue{kind: byte(kind), start: end - len(raw), end: end, text: string(raw)}
		v.line = r.line(v.start)
		if kind == '"' {
			plain, err := jsontext.AppendUnquote(nil, raw)
			if err != nil {
				return nil, err
			}
			v.text = string(plain)
		}
		return v, nil
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	v := &jsonValue{kind: byte(kind), start: int(r.dec.InputOffset()) - 1}
	v.line = r.line(v.start)
	if kind == '{' {
		v.index = map[string]*jsonValue{}
	}
	for r.dec.PeekKind() != '}' && r.dec.PeekKind() != ']' {
		var m jsonMember
		if kind == '{' {
			raw, err := r.dec.ReadValue()
			if err != nil {
				return nil, err
			}
			m.start = int(r.dec.InputOffset()) - len(raw)
			m.line = r.line(m.start)
			plain, err := jsontext.AppendUnquote(nil, raw)
			if err != nil {
				return nil, err
			}
			m.key = string(plain)
		}
		item, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if kind == '[' {
			v.items = append(v.items, item)
			continue
		}
		m.value = item
		v.members = append(v.members, m)
		v.index[m.key] = item
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	v.end = int(r.dec.InputOffset())
	return v, nil
}
