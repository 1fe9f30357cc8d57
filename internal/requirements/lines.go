package requirements

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// line is a line with its continuations.
type line struct {
	number int
	text   string
}

var (
	comment      = regexp.MustCompile(`(?s)(^|[\s\x0b\x1c-\x1f\x{85}\p{Z}]+)#.*$`) // Python's \s is wider than Go's
	commentFirst = regexp.MustCompile(`^[\s\x0b\x1c-\x1f\x{85}\p{Z}]*#`)
	coding       = regexp.MustCompile(`coding[:=]\s*([-\w.]+)`)
	variable     = regexp.MustCompile(`\$\{[A-Z0-9_]+\}`)
)

// plain are the encodings in which everything that has a meaning here is written
// with the bytes of ASCII.
var plain = regexp.MustCompile(`(?i)^(utf-?8(-sig)?|u8|(us-)?ascii|latin-?1|l1|iso-?8859-?\d+|cp125\d|windows-125\d|koi8-[ru]|euc-?(jp|kr)|gb2312)$`)

// decode returns a file's text: in the encoding of its byte order mark, else in
// the one that it names in its first two lines, else in UTF-8. Bytes that are
// not UTF-8 become "\ufffd"; they cannot stand in anything that matters.
func decode(data []byte) (string, error) {
	for _, bom := range []struct {
		mark  []byte
		width int
		order binary.ByteOrder
	}{
		{[]byte{0xff, 0xfe, 0, 0}, 4, binary.LittleEndian}, {[]byte{0, 0, 0xfe, 0xff}, 4, binary.BigEndian},
		{[]byte{0xff, 0xfe}, 2, binary.LittleEndian}, {[]byte{0xfe, 0xff}, 2, binary.BigEndian},
	} {
		if rest, ok := bytes.CutPrefix(data, bom.mark); ok {
			return wide(rest, bom.width, bom.order)
		}
	}
	rest, marked := bytes.CutPrefix(data, []byte("\ufeff"))
	if !marked {
		for i, l := range bytes.SplitN(rest, []byte("\n"), 3) {
			m := coding.FindSubmatch(l)
			if i < 2 && bytes.HasPrefix(l, []byte("#")) && m != nil && !plain.Match(bytes.ReplaceAll(m[1], []byte("_"), []byte("-"))) {
				return "", fmt.Errorf("the encoding %q is not one that assay reads", m[1])
			}
		}
	}
	return strings.ToValidUTF8(string(rest), "\ufffd"), nil
}

// wide decodes UTF-16 and UTF-32.
func wide(data []byte, width int, order binary.ByteOrder) (string, error) {
	if len(data)%width != 0 {
		return "", fmt.Errorf("the file ends within a character")
	}
	var b strings.Builder
	if width == 4 {
		for ; len(data) > 0; data = data[4:] {
			r := order.Uint32(data)
			if r > utf8.MaxRune {
				return "", fmt.Errorf("the file is not UTF-32")
			}
			b.WriteRune(rune(r))
		}
		return b.String(), nil
	}
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) > 0; data = data[2:] {
		units = append(units, order.Uint16(data))
	}
	return string(utf16.Decode(units)), nil
}

// splitLines is Python's str.splitlines.
func splitLines(text string) []string {
	var out []string
	for text != "" {
		i := strings.IndexAny(text, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
		if i < 0 {
			return append(out, text)
		}
		out = append(out, text[:i])
		_, width := utf8.DecodeRuneInString(text[i:])
		if strings.HasPrefix(text[i:], "\r\n") {
			width = 2
		}
		text = text[i+width:]
	}
	return out
}

// logicalLines joins continuations, drops comments and expands variables, in
// pip's order: a comment line ends a continuation, and a variable cannot bring
// a comment.
func logicalLines(file, text string, getenv func(string) string) ([]line, error) {
	var out []line
	var joined strings.Builder
	begun := 0
	emit := func(number int, text string) error {
		text = trim(comment.ReplaceAllString(text, ""))
		size := len(text)
		text = variable.ReplaceAllStringFunc(text, func(ref string) string {
			value := getenv(ref[2 : len(ref)-1])
			if value == "" {
				return ref
			}
			if size += len(value); size > maxLine {
				return ""
			}
			return value
		})
		if size > maxLine {
			return &Error{file, number, fmt.Sprintf("a line is longer than %d bytes", maxLine)}
		}
		if text != "" {
			out = append(out, line{number, text})
		}
		return nil
	}
	for i, l := range splitLines(text) {
		if joined.Len()+len(l) > maxLine {
			return nil, &Error{file, i + 1, fmt.Sprintf("a line is longer than %d bytes", maxLine)}
		}
		isComment := commentFirst.MatchString(l)
		if strings.HasSuffix(l, `\`) && !isComment {
			if begun == 0 {
				begun = i + 1
			}
			joined.WriteString(strings.Trim(l, `\`))
			continue
		}
		if isComment {
			l = " " + l // so that it is one behind a continuation too
		}
		number := i + 1
		if begun > 0 {
			joined.WriteString(l)
			number, l = begun, joined.String()
			joined.Reset()
			begun = 0
		}
		if err := emit(number, l); err != nil {
			return nil, err
		}
	}
	if begun > 0 {
		return out, emit(begun, joined.String())
	}
	return out, nil
}

// trim is Python's str.strip, which knows more white space than Go.
func trim(s string) string {
	return strings.TrimFunc(s, func(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f })
}

// words splits a line's options as Python's shlex.split does. A quote that is
// left open reaches to the end.
func words(s string) []string {
	var out []string
	var word strings.Builder
	var quote byte
	inside := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && i+1 < len(s) && (quote == 0 || s[i+1] == '"' || s[i+1] == '\\'):
			i++
			word.WriteByte(s[i])
			inside = true
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inside = c, true
		case quote == 0 && strings.IndexByte(" \t\r\n", c) >= 0:
			if inside {
				out = append(out, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteByte(c)
			inside = true
		}
	}
	if inside {
		out = append(out, word.String())
	}
	return out
}

// Words splits a line of arguments as a shell and Python's shlex.split do. It is
// for the values of options that hold a command line themselves, such as
// pip-tools' and pipx's --pip-args.
func Words(s string) []string { return words(s) }
