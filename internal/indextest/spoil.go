package indextest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// defaultNesting is how deep "nested" goes if it is not said.
const defaultNesting = 100_000

// alter makes a page say something wrong.
func (p *page) alter(f fault) {
	if f.phase != listing {
		return
	}
	switch f.name {
	case "wrong-name":
		p.name = f.arg("other")
	case "foreign-file":
		if len(p.files) > 0 {
			foreign := p.files[0]
			foreign.name = f.arg("other-1.0-py3-none-any.whl")
			p.files = append(p.files, foreign)
		}
	case "duplicate-file":
		for _, twin := range p.files[:len(p.files):len(p.files)] {
			twin.hashes = wrongHashes(twin.hashes)
			p.files = append(p.files, twin)
		}
	case "wrong-hash":
		for i := range p.files {
			p.files[i].hashes = wrongHashes(p.files[i].hashes)
		}
	case "wrong-metadata-hash":
		for i := range p.files {
			if p.files[i].metadataHash != "" {
				p.files[i].metadataHash = sum256([]byte(p.files[i].metadataHash))
			}
		}
	}
}

// wrongHashes replaces every digest by another of its length.
func wrongHashes(hashes map[string]string) map[string]string {
	out := maps.Clone(hashes)
	for name, sum := range out {
		out[name] = strings.Repeat("0", len(sum))
	}
	return out
}

// spoil changes a representation's bytes.
func (s *Server) spoil(a *answer, res resource, r *http.Request, f fault) error {
	size := a.content.Size()
	switch f.name {
	case "swapped":
		return a.swap(res)
	case "flipped":
		at, err := place(f.arg("-1"), size)
		if err != nil {
			return err
		}
		a.content = flipped{a.content, min(at, size-1)}
	case "truncated":
		end, err := place(f.arg("50%"), size)
		if err != nil {
			return err
		}
		a.content = cutContent{a.content, end}
	case "body":
		a.content = inMemory([]byte(strings.Join(f.args, " ")))
	case "body-of":
		other, err := s.represent(s.index.byTarget(f.args[0]), negotiate(r.Header.Get("Accept")), nil)
		if err != nil {
			return err
		}
		if other == nil {
			return fmt.Errorf("%s has no body", f.args[0])
		}
		a.content, a.contentType = other.content, other.contentType
	case "content-type":
		a.contentType = strings.Join(f.args, " ")
	case "not-json":
		a.content = inMemory([]byte("this is not json\n"))
	case "oversized":
		return a.grow(f.args[0])
	case "nested":
		depth, err := strconv.Atoi(f.arg(strconv.Itoa(defaultNesting)))
		if err != nil {
			return err
		}
		return a.insert(`"nested":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+",",
			strings.Repeat("<div>", depth))
	case "duplicate-keys":
		key := "files"
		if a.kind == provenance {
			key = "attestation_bundles"
		}
		return a.insert(strconv.Quote(f.arg(key))+":[],", "")
	}
	return nil
}

// swap puts other content of the same name and form into the answer.
func (a *answer) swap(res resource) error {
	switch a.kind {
	case fileBytes:
		c, err := res.file.swapped()
		if err != nil {
			return err
		}
		a.content = c
	case sidecar:
		a.content = inMemory(append(bytes.Clone(res.file.metadata), "Requires-Dist: swapped-in\n"...))
	default:
		a.content = flipped{a.content, a.content.Size() / 2}
	}
	return nil
}

// insert puts text at the beginning of a JSON object, or into an HTML page's
// body.
func (a *answer) insert(intoJSON, intoHTML string) error {
	raw, err := io.ReadAll(reader(a.content))
	if err != nil {
		return err
	}
	if rest, ok := bytes.CutPrefix(raw, []byte("{")); ok {
		a.content = parts{inMemory([]byte("{" + intoJSON)), inMemory(rest)}
		return nil
	}
	head, tail, ok := bytes.Cut(raw, []byte("<body>"))
	if ok {
		a.content = parts{inMemory(head), inMemory([]byte("<body>" + intoHTML)), inMemory(tail)}
	}
	return nil
}

// grow fills the answer up to a size, in a place that a reader must read: a
// string in JSON, a comment in HTML, spaces at the end of anything else.
func (a *answer) grow(text string) error {
	want, err := parseSize(text)
	if err != nil {
		return err
	}
	fill := filler(max(0, want-a.content.Size()))
	var first [1]byte
	if _, err := a.content.ReadAt(first[:], 0); err != nil && err != io.EOF {
		return err
	}
	rest := func(from int64) content {
		return section{io.NewSectionReader(a.content, from, a.content.Size()-from)}
	}
	switch first[0] {
	case '{':
		a.content = parts{inMemory([]byte(`{"padding":"`)), fill, inMemory([]byte(`",`)), rest(1)}
	case '<':
		a.content = parts{a.content, inMemory([]byte("<!--")), fill, inMemory([]byte("-->"))}
	default:
		a.content = parts{a.content, fill}
	}
	return nil
}

// section is a part of other content.
type section struct{ *io.SectionReader }

// filler is that many spaces.
type filler int64

func (f filler) Size() int64 { return int64(f) }

func (f filler) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(f) {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), int64(f)-off))
	for i := range p[:n] {
		p[i] = ' '
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
