package gitrepo

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"assay/internal/gitobject"
)

// features are what a server says that it can do (gitprotocol-capabilities).
type features struct {
	shallow  bool // sends a commit without the ones before it
	filter   bool // leaves files out
	sideband bool // frames the pack
	ofsDelta bool
}

// readList reads the refs as a server advertises them (gitprotocol-http):
//
//	001e# service=git-upload-pack
//	0000
//	010b0c1b… HEAD\x00shallow filter side-band-64k object-format=sha1 …
//	003d0c1b… refs/heads/main
//	003e4b82… refs/tags/v1.2.3
//	00410c1b… refs/tags/v1.2.3^{}
//	0000
func readList(r io.Reader, l Limits) ([]Ref, features, error) {
	lines := pktline.NewScanner(r)
	first, err := nextLine(lines)
	if err != nil {
		return nil, features{}, err
	}
	if first != "# service="+service {
		return nil, features{}, failed(ErrMalformed, "the list of refs begins with %s", shown(first))
	}
	if flush, err := nextLine(lines); err != nil || flush != "" {
		return nil, features{}, cmpErr(err, failed(ErrMalformed, "the list of refs has the service's header %s", shown(flush)))
	}
	var refs []Ref
	var can features
	seen := map[string]bool{}
	for n := 0; ; n++ {
		line, err := nextLine(lines)
		if err != nil {
			return nil, features{}, err
		}
		if line == "" {
			return refs, can, nil
		}
		if n == 0 {
			plain, words, ok := strings.Cut(line, "\x00")
			if !ok {
				return nil, features{}, failed(ErrMalformed, "the list of refs has no capabilities: %s", shown(line))
			}
			if can, err = readFeatures(words); err != nil {
				return nil, features{}, err
			}
			line = plain
		}
		ref, ok, err := readRef(line)
		if err != nil {
			return nil, features{}, err
		}
		if !ok {
			continue
		}
		if seen[ref.Name] {
			return nil, features{}, failed(ErrMalformed, "the tag %q is twice in the list of refs", ref.Name)
		}
		seen[ref.Name] = true
		if refs = append(refs, ref); len(refs) > l.Tags {
			return nil, features{}, failed(ErrTooLarge, "the repository has more than %d tags", l.Tags)
		}
	}
}

// readRef reads a line of the list; ok where it is a tag's.
func readRef(line string) (ref Ref, ok bool, err error) {
	if strings.HasPrefix(line, "shallow ") {
		return Ref{}, false, nil
	}
	digits, full, found := strings.Cut(line, " ")
	id, err := gitobject.ParseID(digits)
	if err != nil || !found {
		return Ref{}, false, failed(ErrMalformed, "the list of refs has the line %s", shown(line))
	}
	if id.IsSHA256() {
		return Ref{}, false, errSHA256()
	}
	name, isTag := strings.CutPrefix(full, tagsPrefix)
	if !isTag || !gitobject.ValidTagName(name) || id.IsZero() {
		return Ref{}, false, nil // what a tag names ("v1^{}") is the server's word, and not believed
	}
	return Ref{Name: name, Object: id}, true, nil
}

func readFeatures(words string) (features, error) {
	var can features
	for word := range strings.FieldsSeq(words) {
		switch word {
		case "shallow":
			can.shallow = true
		case "filter":
			can.filter = true
		case "side-band-64k":
			can.sideband = true
		case "ofs-delta":
			can.ofsDelta = true
		}
		if format, ok := strings.CutPrefix(word, "object-format="); ok && format != "sha1" {
			if format == "sha256" {
				return features{}, errSHA256()
			}
			return features{}, failed(ErrObjectFormat, "the repository uses the hash function %s", shown(format))
		}
	}
	return can, nil
}

// nextLine returns a line without its line feed; "" for a flush.
func nextLine(lines *pktline.Scanner) (string, error) {
	if !lines.Scan() {
		return "", lineError(lines.Err())
	}
	return strings.TrimSuffix(string(lines.Bytes()), "\n"), nil
}

// lineError returns why there is no further line; nil stands for the end.
func lineError(err error) error {
	var said *pktline.ErrorLine
	switch {
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF):
		return failed(ErrMalformed, "the server's answer ends too early")
	case errors.As(err, &said):
		return failed(ErrServer, "the server says %s", shown(said.Text))
	case errors.Is(err, pktline.ErrInvalidPktLen):
		return failed(ErrMalformed, "the server's answer is not framed as git does")
	case errors.Is(err, ErrTooLarge):
		return err
	}
	return failed(ErrServer, "the server's answer broke off: %v", plainURL(err))
}

func cmpErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// request asks for one object and nothing before it (gitprotocol-pack).
func (f features) request(id gitobject.ID, userAgent string) []byte {
	can := ""
	for _, c := range []struct {
		has  bool
		name string
	}{{f.sideband, "side-band-64k"}, {f.ofsDelta, "ofs-delta"}, {f.filter, "filter"}} {
		if c.has {
			can += " " + c.name
		}
	}
	if !strings.ContainsAny(userAgent, " \t\r\n\x00") {
		can += " agent=" + userAgent
	}
	var b bytes.Buffer
	e := pktline.NewEncoder(&b)
	_ = e.Encodef("want %s%s\n", id, can) // into memory, and far below a line's length
	_ = e.EncodeString("deepen 1\n")
	if f.filter {
		_ = e.EncodeString("filter tree:0\n")
	}
	_ = e.Flush()
	_ = e.EncodeString("done\n")
	return b.Bytes()
}

// readPreamble reads what comes before the pack, and returns a reader of that:
//
//	0035shallow 0c1b…
//	0000
//	0008NAK
func readPreamble(r io.Reader, f features) (io.Reader, error) {
	lines := pktline.NewScanner(r)
	shallow := true
	for n := 0; n < 16; n++ {
		line, err := nextLine(lines)
		if err != nil {
			return nil, err
		}
		switch {
		case shallow && (strings.HasPrefix(line, "shallow ") || strings.HasPrefix(line, "unshallow ")):
		case shallow && line == "":
			shallow = false
		case line == "NAK" || strings.HasPrefix(line, "ACK "):
			if f.sideband {
				return &sideband{lines: lines}, nil
			}
			return r, nil
		default:
			return nil, failed(ErrMalformed, "before the pack comes %s", shown(line))
		}
	}
	return nil, failed(ErrMalformed, "before the pack come more lines than one commit needs")
}

// sideband reads the pack out of the frames in which it comes.
type sideband struct {
	lines *pktline.Scanner
	rest  []byte
	ended bool
}

func (s *sideband) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if !s.lines.Scan() {
			return 0, lineError(s.lines.Err())
		}
		line := s.lines.Bytes()
		if len(line) == 0 {
			s.ended = true
			continue
		}
		switch line[0] {
		case 1:
			s.rest = line[1:]
		case 2: // progress, for people
		case 3:
			return 0, failed(ErrServer, "the server says %s", shown(strings.TrimSpace(string(line[1:]))))
		default:
			return 0, failed(ErrMalformed, "the pack comes in the band %d", line[0])
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
