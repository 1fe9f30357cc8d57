package archive

import (
	"bufio"
	"io"
)

// source is the file on its way: buffered, counted, and with its own errors told
// apart from the end of the file.
type source struct {
	*bufio.Reader
	raw *counter
}

// counter counts what a reader gives. It keeps the reader's own error, and, if
// asked to, the last bytes.
type counter struct {
	r    io.Reader
	n    int64
	err  error // the reader's own; nil after io.EOF
	done bool

	keepTail bool
	tail     []byte // the last bytes, at least those in which zip readers look
}

func newSource(r io.Reader) *source {
	raw := &counter{r: r}
	return &source{Reader: bufio.NewReaderSize(raw, copyBuffer), raw: raw}
}

// Read reads once. A reader that keeps giving nothing has failed.
func (c *counter) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.done {
		return 0, io.EOF
	}
	for range 100 {
		n, err := c.r.Read(p)
		c.n += int64(n)
		if c.keepTail {
			c.remember(p[:n])
		}
		switch {
		case err == io.EOF:
			c.done = true
		case err != nil:
			c.err = err
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	c.err = io.ErrNoProgress
	return 0, c.err
}

// remember keeps the last bytes that came. The slice is compacted only when it
// has doubled, so that a byte is moved once or twice.
func (c *counter) remember(p []byte) {
	c.tail = append(c.tail, p...)
	const keep = tailWindow + locatorSize
	if len(c.tail) > 4*keep {
		c.tail = append(c.tail[:0], c.tail[len(c.tail)-keep:]...)
	}
}

// pos is the offset of the next byte that is not read yet.
func (s *source) pos() int64 { return s.raw.n - int64(s.Buffered()) }

// bytes reads exactly n bytes. The slice is valid until the next read where n is
// at most the buffer's size, which all callers' caps see to.
func (s *source) bytes(n int) ([]byte, error) {
	p, err := s.Peek(n)
	if err != nil {
		return nil, unexpected(err)
	}
	_, err = s.Discard(n)
	return p, err
}

// drain reads on to the end, for whoever feeds the source waits for it.
func (s *source) drain(buf []byte) error {
	for {
		if _, err := s.raw.Read(buf); err != nil {
			return s.raw.err
		}
	}
}

// unexpected makes an end of file in the middle of something tell so.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
