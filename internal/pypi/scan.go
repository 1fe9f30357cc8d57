package pypi

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON (RFC 8259) from its front, strictly: names given twice,
// invalid UTF-8 and unpaired surrogates are errors, as RFC 7493 asks. The
// first error stays in err, and whoever sees false returns.
type scanner struct {
	s     string
	i     int // the next byte
	depth int
	err   error

	longest int // bytes of a string; 0 for maxString
}

func (c *scanner) fail(format string, args ...any) bool {
	if c.err == nil {
		c.err = malformed("%s at byte %d", fmt.Sprintf(format, args...), c.i)
	}
	return false
}

// refuse is fail without the place, for what is wrong about more than one.
func (c *scanner) refuse(format string, args ...any) bool {
	if c.err == nil {
		c.err = malformed(format, args...)
	}
	return false
}

// space skips white space and reports whether anything follows.
func (c *scanner) space() bool {
	if c.i < len(c.s) && c.s[c.i] > ' ' {
		return true
	}
	return c.skipSpace()
}

func (c *scanner) skipSpace() bool {
	for c.i < len(c.s) {
		switch c.s[c.i] {
		case ' ', '\t', '\n', '\r':
			c.i++
		default:
			return true
		}
	}
	return c.fail("the text ends too early")
}

// enter consumes the bracket that opens an object or array.
func (c *scanner) enter(open byte) bool {
	if !c.space() {
		return false
	}
	if c.s[c.i] != open {
		return c.fail("%q is expected", open)
	}
	c.i++
	if c.depth++; c.depth > maxDepth {
		return c.fail("values nest deeper than %d", maxDepth)
	}
	return true
}

// more goes to the next element of an array or object: it consumes the comma, or
// the closing bracket, after which it returns false.
func (c *scanner) more(first bool, end byte) bool {
	if !c.space() {
		return false
	}
	switch ch := c.s[c.i]; {
	case ch == end:
		c.i++
		c.depth--
		return false
	case first:
		return true
	case ch == ',':
		c.i++
		return c.space()
	}
	return c.fail("a comma or %q is expected", end)
}

// key goes to the next member of an object and returns its name; false at the
// object's end or on an error.
func (c *scanner) key(first bool) (string, bool) {
	if !c.more(first, '}') {
		return "", false
	}
	name, ok := c.text()
	if !ok || !c.space() {
		return "", false
	}
	if c.s[c.i] != ':' {
		return "", c.fail("a colon is expected")
	}
	c.i++
	return name, c.space()
}

const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// special returns a word whose lowest set bit is in the lowest byte of w (8
// bytes of text) that is a quote, a backslash, a control character or not
// ASCII; 0 where there is none. Bits above the lowest one mean nothing.
func special(w uint64) uint64 {
	quote, backslash := w^('"'*everyByte), w^('\\'*everyByte)
	return (w | (w - 0x20*everyByte) | (quote - everyByte) | (backslash - everyByte)) & highBits
}

// load8 reads 8 bytes, the first one lowest.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// text reads a string. Without escapes it is a piece of s and costs nothing.
func (c *scanner) text() (string, bool) {
	s, i := c.s, c.i
	if i >= len(s) || s[i] != '"' {
		return "", c.fail("a string is expected")
	}
	i++
	start := i
	for {
		for len(s)-i >= 8 {
			m := special(load8(s[i : i+8]))
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(s) {
			c.i = i
			return "", c.fail("the text ends inside a string")
		}
		switch ch := s[i]; {
		case ch == '"':
			c.i = i + 1
			if i-start > maxString && i-start > c.longest {
				return "", c.tooLong()
			}
			return s[start:i], true
		case ch == '\\':
			c.i = i
			return c.escaped(start)
		case ch < 0x20:
			c.i = i
			return "", c.fail("a string holds a control character")
		case ch < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				c.i = i
				return "", c.fail("a string is not UTF-8")
			}
			i += n
		}
	}
}

func (c *scanner) tooLong() bool {
	return c.fail("a string is longer than %d bytes", max(maxString, c.longest))
}

// escaped reads the rest of a string that began at start and whose first escape
// is the next byte.
func (c *scanner) escaped(start int) (string, bool) {
	out := []byte(c.s[start:c.i])
	for c.i < len(c.s) {
		if len(out) > maxString && len(out) > c.longest {
			return "", c.tooLong()
		}
		switch ch := c.s[c.i]; {
		case ch == '"':
			c.i++
			return string(out), true
		case ch == '\\':
			r, ok := c.escape()
			if !ok {
				return "", false
			}
			out = utf8.AppendRune(out, r)
		case ch < 0x20:
			return "", c.fail("a string holds a control character")
		case ch < utf8.RuneSelf:
			out = append(out, ch)
			c.i++
		default:
			r, n := utf8.DecodeRuneInString(c.s[c.i:])
			if r == utf8.RuneError && n == 1 {
				return "", c.fail("a string is not UTF-8")
			}
			out = append(out, c.s[c.i:c.i+n]...)
			c.i += n
		}
	}
	return "", c.fail("the text ends inside a string")
}

// escape reads one escape sequence, or the two of a surrogate pair.
func (c *scanner) escape() (rune, bool) {
	if c.i+1 >= len(c.s) {
		return 0, c.fail("the text ends inside a string")
	}
	ch := c.s[c.i+1]
	if ch == 'u' {
		r, ok := c.hex4()
		if !ok || !utf16.IsSurrogate(r) {
			return r, ok
		}
		if c.i >= len(c.s) || c.s[c.i] != '\\' {
			return 0, c.fail("a surrogate has no partner")
		}
		low, ok := c.hex4()
		if !ok {
			return 0, false
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, c.fail("a surrogate has no partner")
		}
		return r, true
	}
	c.i += 2
	switch ch {
	case '"', '\\', '/':
		return rune(ch), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	}
	return 0, c.fail("an escape sequence is not valid")
}

// hex4 reads \uXXXX.
func (c *scanner) hex4() (rune, bool) {
	if len(c.s)-c.i < 6 || c.s[c.i+1] != 'u' {
		return 0, c.fail("an escape sequence is not valid")
	}
	var r rune
	for _, ch := range []byte(c.s[c.i+2 : c.i+6]) {
		d, ok := hexValue(ch)
		if !ok {
			return 0, c.fail("an escape sequence is not valid")
		}
		r = r<<4 | rune(d)
	}
	c.i += 6
	return r, true
}

func hexValue(ch byte) (byte, bool) {
	switch {
	case isDigit(ch):
		return ch - '0', true
	case 'a' <= ch && ch <= 'f':
		return ch - 'a' + 10, true
	case 'A' <= ch && ch <= 'F':
		return ch - 'A' + 10, true
	}
	return 0, false
}

// word consumes a literal ("null") if it is the next thing.
func (c *scanner) word(w string) bool {
	if len(c.s)-c.i < len(w) || c.s[c.i:c.i+len(w)] != w {
		return false
	}
	c.i += len(w)
	return true
}

// number consumes a number and returns its text.
func (c *scanner) number() (string, bool) {
	start := c.i
	digits := func() bool {
		n := c.i
		for c.i < len(c.s) && isDigit(c.s[c.i]) {
			c.i++
		}
		return c.i > n
	}
	c.word("-")
	if zero := c.word("0"); !zero && !digits() {
		return "", c.fail("a value is expected")
	}
	if c.word(".") && !digits() {
		return "", c.fail("a number is not valid")
	}
	if c.word("e") || c.word("E") {
		_ = c.word("+") || c.word("-")
		if !digits() {
			return "", c.fail("a number is not valid")
		}
	}
	return c.s[start:c.i], true
}

// integer reads a number that is an integer from 0 to 2^63-1.
func (c *scanner) integer() (int64, bool) {
	const short = 15 // digits that always fit
	var value int64
	for i := c.i; i < len(c.s) && i-c.i <= short; i++ {
		if ch := c.s[i]; isDigit(ch) {
			value = 10*value + int64(ch-'0')
		} else if i > c.i && c.s[c.i] != '0' && (ch == ',' || ch == '}') {
			c.i = i
			return value, true
		} else {
			break
		}
	}
	text, ok := c.number()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || text[0] == '-' {
		return 0, c.fail("a size is not a whole number")
	}
	return n, true
}

// skip reads a value of whatever type without keeping it.
func (c *scanner) skip() bool {
	if !c.space() {
		return false
	}
	switch c.s[c.i] {
	case '"':
		_, ok := c.text()
		return ok
	case '{':
		return c.skipObject()
	case '[':
		if !c.enter('[') {
			return false
		}
		for first := true; c.more(first, ']'); first = false {
			if !c.skip() {
				return false
			}
		}
		return c.err == nil
	}
	if c.word("null") || c.word("true") || c.word("false") {
		return true
	}
	_, ok := c.number()
	return ok
}

func (c *scanner) skipObject() bool {
	if !c.enter('{') {
		return false
	}
	var seen names
	for first := true; ; first = false {
		name, ok := c.key(first)
		if !ok {
			return c.err == nil
		}
		if !seen.add(name) {
			return c.fail("the name %.100q is given twice", name)
		}
		if !c.skip() {
			return false
		}
	}
}

// names are the names of one object's members.
type names struct {
	list []string
	set  map[string]struct{}
}

// fewNames is up to how many names a list is searched faster than a map.
const fewNames = 24

// add notes a name and reports whether it is new.
func (n *names) add(name string) bool {
	if n.set != nil {
		_, old := n.set[name]
		n.set[name] = struct{}{}
		return !old
	}
	if slices.Contains(n.list, name) {
		return false
	}
	n.list = append(n.list, name)
	if len(n.list) > fewNames {
		n.set = make(map[string]struct{}, 4*fewNames)
		for _, old := range n.list {
			n.set[old] = struct{}{}
		}
	}
	return true
}

// has reports whether a name was noted.
func (n *names) has(name string) bool {
	if n.set != nil {
		_, ok := n.set[name]
		return ok
	}
	return slices.Contains(n.list, name)
}

func (n *names) reset() { n.list, n.set = n.list[:0], nil }
