package gitobject

import (
	"bytes"
	"slices"
)

// Commit is a commit. Its byte slices share memory with what it was read from,
// where it is not signed.
type Commit struct {
	Tree      ID
	Parents   []ID
	Author    string // who and when, as it stands there: see [Identify]
	Committer string
	Encoding  string // of the message; "" for UTF-8

	Message []byte

	Payload       []byte // the exact bytes that are signed: the object without its signatures
	Signature     []byte // armored; nil where Kind is None
	SignatureKind SignatureKind
	// OtherHash says that there is also a signature over what the object would be
	// under the other hash function, which cannot be verified from this one.
	OtherHash bool
}

// The headers that carry signatures: over the object in a repository with SHA-1,
// and in one with SHA-256.
const (
	gpgsig       = "gpgsig"
	gpgsigSHA256 = "gpgsig-sha256"
)

// ParseCommit reads a commit object, of at most [MaxObject] bytes, without git's
// own header ("commit 123\x00") before it. Errors wrap [ErrMalformed],
// [ErrSignature] or [ErrTooLarge].
func ParseCommit(raw []byte) (*Commit, error) {
	if err := checkWhole(raw); err != nil {
		return nil, err
	}
	c := &Commit{}
	rest, err := c.first(raw)
	if err != nil {
		return nil, err
	}
	own := gpgsig
	if c.Tree.IsSHA256() {
		own = gpgsigSHA256
	}
	seen := map[string]int{}
	payload := raw[: len(raw)-len(rest) : len(raw)-len(rest)]
	for lines := 0; len(rest) > 0 && rest[0] != '\n'; lines++ {
		if lines == maxHeaders {
			return nil, failed(ErrTooLarge, "a commit has more than %d headers", maxHeaders)
		}
		name, value, whole, err := further(rest)
		if err != nil {
			return nil, err
		}
		rest = rest[len(whole):]
		if err := checkFurther(name, seen); err != nil {
			return nil, err
		}
		switch name {
		case own:
			if err := c.sign(value); err != nil {
				return nil, err
			}
			continue
		case gpgsig, gpgsigSHA256:
			c.OtherHash = true
			continue
		case "encoding":
			c.Encoding = string(value[:len(value)-1])
		}
		payload = append(payload, whole...)
	}
	if len(rest) > 0 {
		c.Message = rest[1:]
	}
	c.Payload = append(payload, rest...)
	return c, nil
}

// first reads the headers that every commit begins with.
func (c *Commit) first(raw []byte) (rest []byte, err error) {
	tree, rest, err := header(raw, "tree")
	if err != nil {
		return nil, err
	}
	if c.Tree, err = ParseID(tree); err != nil {
		return nil, err
	}
	for bytes.HasPrefix(rest, []byte("parent ")) {
		if len(c.Parents) == maxParents {
			return nil, failed(ErrTooLarge, "a commit has more than %d parents", maxParents)
		}
		var parent string
		if parent, rest, err = header(rest, "parent"); err != nil {
			return nil, err
		}
		id, err := ParseID(parent)
		if err != nil {
			return nil, err
		}
		if id.IsSHA256() != c.Tree.IsSHA256() {
			return nil, failed(ErrMalformed, "the ids of tree and parent are of two hash functions")
		}
		c.Parents = append(c.Parents, id)
	}
	if c.Author, rest, err = header(rest, "author"); err != nil {
		return nil, err
	}
	c.Committer, rest, err = header(rest, "committer")
	return rest, err
}

// further reads one header with its continuations: its name, its value with the
// line feeds and without the spaces before continuations, and all of it as it is.
func further(b []byte) (name string, value, whole []byte, err error) {
	for at := 0; at < len(b) && (at == 0 || b[at] == ' '); {
		end := lineEnd(b, at)
		line := b[at:end]
		switch {
		case len(line) > maxHeader:
			return "", nil, nil, failed(ErrTooLarge, "a header of %d bytes is larger than %d", len(line), maxHeader)
		case line[len(line)-1] != '\n':
			return "", nil, nil, failed(ErrMalformed, "the header %s does not end", shown(line))
		case at > 0:
			value = append(value, line[1:]...)
		default:
			n, v, found := bytes.Cut(line, []byte(" "))
			if !found || len(n) == 0 || bytes.ContainsFunc(n, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
				return "", nil, nil, failed(ErrMalformed, "%s is not a header", shown(line))
			}
			name, value = string(n), slices.Clone(v)
		}
		whole, at = b[:end], end
	}
	return name, value, whole, nil
}

// checkFurther refuses a header that must not come where it does.
func checkFurther(name string, seen map[string]int) error {
	seen[name]++
	switch name {
	case "tree", "parent", "author", "committer":
		return failed(ErrMalformed, "the header %s comes where it does not belong", name)
	case gpgsig, gpgsigSHA256:
		if seen[name] > 1 {
			return failed(ErrSignature, "the header %s comes twice", name)
		}
	case "encoding":
		if seen[name] > 1 {
			return failed(ErrMalformed, "the header %s comes twice", name)
		}
	default:
		// Git takes every header that begins like this out of the payload.
		if bytes.HasPrefix([]byte(name), []byte(gpgsig)) {
			return failed(ErrSignature, "the header %s is not known", shown([]byte(name)))
		}
	}
	return nil
}

// sign takes the value of the signature's header. A forge writes empty lines
// behind it, which are no part of the block.
func (c *Commit) sign(value []byte) error {
	end := len(value)
	for end > 1 && value[end-1] == '\n' && value[end-2] == '\n' {
		end--
	}
	kind, err := checkBlock(value[:end])
	if err != nil {
		return err
	}
	c.Signature, c.SignatureKind = value[:end:end], kind
	return nil
}
