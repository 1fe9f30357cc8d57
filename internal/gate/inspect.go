package gate

import (
	"errors"
	"fmt"
	"io"

	"assay"
)

// Inspector looks into a file while it comes past, from its first byte to its last.
// It must not keep the reader. Its error is the reader's own: what is wrong with the
// file is in what it returns.
type Inspector func(r io.Reader) (*assay.Inside, error)

// look calls the inspector. Where it breaks down or comes to no result the file is
// not passed: there is a finding that says so.
func (inspect Inspector) look(r io.Reader) (in *assay.Inside) {
	broken := func(why string) *assay.Inside {
		return &assay.Inside{Findings: []assay.Finding{{Code: assay.EvidenceInvalid, Detail: "looking inside of the file " + why}}}
	}
	defer func() {
		if p := recover(); p != nil {
			in = broken(fmt.Sprintf("broke down (%v)", p))
		}
	}()
	in, err := inspect(r)
	switch {
	case err != nil:
		return broken("came to no end")
	case in == nil:
		return broken("came to no result")
	}
	return in
}

// errCut is what an inspector reads where the stream is given up.
var errCut = errors.New("the stream was given up")

// inspect runs the inspector over the stream's segments.
func (p *passage) inspect() {
	defer close(p.inspected)
	f := &feed{passage: p}
	p.inside = p.stream.Inspect.look(f)
	f.next()
	for s := range p.toInspect {
		s.release() // it has seen enough
	}
}

// feed is a stream's bytes as its inspector reads them.
type feed struct {
	passage *passage
	current segment
	left    []byte // of the current segment
}

// Read waits for bytes. It ends with io.EOF only where the source came to its end.
func (f *feed) Read(b []byte) (int, error) {
	for len(f.left) == 0 {
		f.next()
		s, ok := <-f.passage.toInspect
		if !ok {
			return 0, f.passage.ending()
		}
		f.current, f.left = s, s.data
	}
	n := copy(b, f.left)
	f.left = f.left[n:]
	return n, nil
}

// next gives the current segment back.
func (f *feed) next() {
	if f.current.block != nil {
		f.current.release()
	}
	f.current, f.left = segment{}, nil
}

// ending says how the source ended, to who has read its last segment.
func (p *passage) ending() error {
	select {
	case <-p.quit:
		return errCut
	default:
	}
	if p.readErr != nil {
		return p.readErr
	}
	return io.EOF
}

// Read reads a source to its end for who passes it on to nobody: it hashes and
// inspects it on the way. A nil inspector leaves the inside out. The error is the
// source's.
func Read(r io.Reader, h *assay.Hasher, inspect Inspector) (assay.Content, error) {
	if inspect == nil {
		_, err := io.Copy(h, r)
		return h.Content(), err
	}
	pr, pw := io.Pipe()
	done := make(chan *assay.Inside, 1)
	go func() {
		in := inspect.look(pr)
		_, _ = io.Copy(io.Discard, pr) // it has seen enough
		done <- in
	}()
	b := newBlock(blockSize)
	defer b.release()
	_, err := io.CopyBuffer(onlyWriter{io.MultiWriter(h, pw)}, onlyReader{r}, b.buf)
	_ = pw.CloseWithError(err)
	c := h.Content()
	c.Inside = <-done
	if err != nil {
		c.Inside = nil
	}
	return c, err
}

// onlyWriter and onlyReader hide every other method, so that the copy takes the
// buffer.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)
