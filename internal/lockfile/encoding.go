package lockfile

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text is a requirements file decoded, with the way back to its bytes.
type text struct {
	s    string
	mark int // bytes of the byte order mark
	kind encoding
}

type encoding int

const (
	inUTF8   encoding = iota
	inBytes           // one byte a character: the ASCII part of an encoding
	inUTF16L          // little endian
	inUTF16B
	inUTF32L
	inUTF32B
)

// offset returns the place in the file's bytes of a place in the text.
func (t *text) offset(at int) int {
	n := 0
	switch t.kind {
	case inUTF8:
		n = at
	case inBytes:
		n = utf8.RuneCountInString(t.s[:at])
	case inUTF16L, inUTF16B:
		for _, c := range t.s[:at] {
			n += 2 * utf16.RuneLen(c)
		}
	default:
		n = 4 * utf8.RuneCountInString(t.s[:at])
	}
	return t.mark + n
}

// encode returns the bytes of ASCII text.
func (t *text) encode(s string) []byte {
	var out []byte
	for _, c := range []byte(s) {
		switch t.kind {
		case inUTF16L:
			out = append(out, c, 0)
		case inUTF16B:
			out = append(out, 0, c)
		case inUTF32L:
			out = append(out, c, 0, 0, 0)
		case inUTF32B:
			out = append(out, 0, 0, 0, c)
		default:
			out = append(out, c)
		}
	}
	return out
}

var (
	coding  = regexp.MustCompile(`coding[:=]\s*([-\w.]+)`)
	isUTF8  = regexp.MustCompile(`(?i)^(utf-?8(-sig)?|u8)$`)
	isPlain = regexp.MustCompile(`(?i)^((us-)?ascii|latin-?\d+|l1|iso-?8859-?\d+|cp125\d|windows-125\d|koi8-[ru]|euc-?(jp|kr))$`)
)

// decode reads a file's bytes as pip does: in the encoding of the byte order mark, else
// in that of a PEP 263 comment in the first two lines, else in UTF-8.
func decode(data []byte) (*text, error) {
	for _, m := range []struct {
		mark string
		kind encoding
	}{
		{"\xef\xbb\xbf", inUTF8}, {"\xff\xfe\x00\x00", inUTF32L}, {"\x00\x00\xfe\xff", inUTF32B}, {"\xff\xfe", inUTF16L}, {"\xfe\xff", inUTF16B},
	} {
		if rest, ok := bytes.CutPrefix(data, []byte(m.mark)); ok {
			return decodeAs(rest, len(m.mark), m.kind)
		}
	}
	for i, l := range bytes.SplitN(data, []byte("\n"), 3) {
		m := coding.FindSubmatch(l)
		if i > 1 || !bytes.HasPrefix(l, []byte("#")) || m == nil {
			continue
		}
		name := strings.ReplaceAll(string(m[1]), "_", "-")
		switch {
		case isUTF8.MatchString(name):
		case isPlain.MatchString(name):
			return decodePlain(data, name)
		default:
			return nil, problem("the encoding %s is none that assay reads", quoted(string(m[1])))
		}
		break
	}
	return decodeAs(data, 0, inUTF8)
}

func decodeAs(data []byte, mark int, kind encoding) (*text, error) {
	t := &text{mark: mark, kind: kind}
	switch kind {
	case inUTF8:
		if !utf8.Valid(data) {
			return nil, problem("the file is not UTF-8 and names no other encoding")
		}
		t.s = string(data)
		return t, nil
	case inUTF16L, inUTF16B:
		return t, t.wide16(data)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if kind == inUTF32B {
		order = binary.BigEndian
	}
	if len(data)%4 != 0 {
		return nil, problem("the file ends within a character")
	}
	var b strings.Builder
	for ; len(data) > 0; data = data[4:] {
		c := order.Uint32(data)
		if c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
			return nil, problem("the file is not UTF-32")
		}
		b.WriteRune(rune(c))
	}
	t.s = b.String()
	return t, nil
}

func (t *text) wide16(data []byte) error {
	var order binary.ByteOrder = binary.LittleEndian
	if t.kind == inUTF16B {
		order = binary.BigEndian
	}
	if len(data)%2 != 0 {
		return problem("the file ends within a character")
	}
	var b strings.Builder
	for len(data) > 0 {
		c := rune(order.Uint16(data))
		data = data[2:]
		if utf16.IsSurrogate(c) {
			if len(data) < 2 {
				return problem("the file is not UTF-16")
			}
			if c = utf16.DecodeRune(c, rune(order.Uint16(data))); c == utf8.RuneError {
				return problem("the file is not UTF-16")
			}
			data = data[2:]
		}
		b.WriteRune(c)
	}
	t.s = b.String()
	return nil
}

// decodePlain reads an encoding that has ASCII as it is. Its other characters may stand
// in comments only, where it does not matter which they are: uv reads UTF-8 whatever the
// comment says.
func decodePlain(data []byte, name string) (*text, error) {
	var b strings.Builder
	comment := false
	for i, c := range data {
		switch {
		case c == '\n':
			comment = false
		case c == '#' && (i == 0 || bytes.IndexByte([]byte(" \t\n"), data[i-1]) >= 0):
			comment = true
		case c >= 0x80 && (!comment || c < 0xa0):
			return nil, problem("of the encoding %s assay reads ASCII only, and other letters in comments", quoted(name))
		}
		if c >= 0x80 {
			b.WriteRune('?' + 0x100) // any letter
		} else {
			b.WriteByte(c)
		}
	}
	return &text{b.String(), 0, inBytes}, nil
}
