package gitobject

import (
	"bytes"
	"unicode/utf8"
)

// Tag is an annotated tag. Its byte slices share memory with what it was read
// from.
type Tag struct {
	Object ID     // what is tagged
	Type   Type   // of what is tagged
	Name   string // "v1.2.3": without refs/tags/, which the object does not know
	Tagger string // who and when, as it stands there: see [Identify]

	Message []byte // without the signature

	Payload       []byte // the exact bytes that are signed: the object without the signature
	Signature     []byte // armored; nil where Kind is None
	SignatureKind SignatureKind
}

// ParseTag reads a tag object, of at most [MaxObject] bytes, without git's own
// header ("tag 123\x00") before it. Errors wrap [ErrMalformed], [ErrSignature] or
// [ErrTooLarge].
func ParseTag(raw []byte) (*Tag, error) {
	if err := checkWhole(raw); err != nil {
		return nil, err
	}
	payload, signature, kind, err := splitSignature(raw)
	if err != nil {
		return nil, err
	}
	t := &Tag{Payload: payload, Signature: signature, SignatureKind: kind}
	rest := payload
	var value [4]string
	for i, name := range []string{"object", "type", "tag", "tagger"} {
		if value[i], rest, err = header(rest, name); err != nil {
			return nil, err
		}
	}
	if t.Object, err = ParseID(value[0]); err != nil {
		return nil, err
	}
	switch t.Type = Type(value[1]); t.Type {
	case TypeCommit, TypeTree, TypeBlob, TypeTag:
	default:
		return nil, failed(ErrMalformed, "an object of the type %s is tagged", shown([]byte(value[1])))
	}
	t.Name, t.Tagger = value[2], value[3]
	if err := checkTagName(t.Name); err != nil {
		return nil, err
	}
	switch {
	case len(rest) == 0 && kind == None: // git takes a tag without a message and the line before it
	case len(rest) == 0 || rest[0] != '\n':
		return nil, failed(ErrMalformed, "after the header tagger comes %s", shown(rest[:lineEnd(rest, 0)]))
	default:
		t.Message = rest[1:]
	}
	return t, nil
}

// checkWhole checks what holds for an object as a whole.
func checkWhole(raw []byte) error {
	if len(raw) > MaxObject {
		return failed(ErrTooLarge, "an object of %d bytes is larger than %d", len(raw), MaxObject)
	}
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return failed(ErrMalformed, "byte %d is a NUL", i)
	}
	return nil
}

// header reads a header of the name at the beginning of b.
func header(b []byte, name string) (value string, rest []byte, err error) {
	line := b[:lineEnd(b, 0)]
	if len(line) > maxHeader {
		return "", nil, failed(ErrTooLarge, "a header of %d bytes is larger than %d", len(line), maxHeader)
	}
	if !bytes.HasSuffix(line, []byte("\n")) || !bytes.HasPrefix(line, []byte(name+" ")) {
		return "", nil, failed(ErrMalformed, "where the header %s belongs is %s", name, shown(line))
	}
	return string(line[len(name)+1 : len(line)-1]), b[len(line):], nil
}

// checkTagName refuses what git does not take for a tag's name
// (git-check-ref-format), and what is not UTF-8.
func checkTagName(s string) error {
	if len(s) > maxTagName {
		return failed(ErrTooLarge, "a tag name of %d bytes is larger than %d", len(s), maxTagName)
	}
	if !ValidTagName(s) {
		return failed(ErrMalformed, "%s is not the name of a tag", shown([]byte(s)))
	}
	return nil
}

// ValidTagName reports whether git takes a name for a tag (git-check-ref-format),
// given that it is UTF-8 and of at most 255 bytes.
func ValidTagName(s string) bool {
	if s == "" || len(s) > maxTagName || !utf8.ValidString(s) || s[0] == '-' || s == "@" {
		return false
	}
	begins := true // of a component
	for i := range len(s) {
		c := s[i]
		switch {
		case c <= ' ' || c == 0x7f || bytes.IndexByte([]byte(`~^:?*[\`), c) >= 0:
			return false
		case begins && (c == '.' || c == '/'):
			return false
		case c == '.' && i+1 < len(s) && s[i+1] == '.', c == '@' && i+1 < len(s) && s[i+1] == '{':
			return false
		case c == '/' && endsBadly(s[:i]):
			return false
		}
		begins = c == '/'
	}
	return !begins && s[len(s)-1] != '.' && !endsBadly(s)
}

func endsBadly(component string) bool {
	const lock = ".lock"
	return len(component) >= len(lock) && component[len(component)-len(lock):] == lock
}
