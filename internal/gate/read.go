package gate

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// block is a pooled buffer. A segment of it may be under way while the rest is
// still being filled; the last user puts it back.
type block struct {
	buf   []byte
	users atomic.Int32
}

var blocks = map[int]*sync.Pool{blockSize: poolOf(blockSize), smallBlock: poolOf(smallBlock)}

func poolOf(size int) *sync.Pool {
	return &sync.Pool{New: func() any { return &block{buf: make([]byte, size)} }}
}

// newBlock returns a block of one of the two sizes.
func newBlock(size int) *block {
	b := blocks[size].Get().(*block)
	b.users.Store(1)
	return b
}

func (b *block) release() {
	if b.users.Add(-1) == 0 {
		blocks[len(b.buf)].Put(b)
	}
}

// segment is a run of bytes in a block, released once by the hash, once by the
// receiver, and once by the inspector where there is one.
type segment struct {
	data  []byte
	block *block
}

func (s segment) release() { s.block.release() }

// read fills blocks from the source and hands them on until the source ends.
func (p *passage) read() {
	defer close(p.toHash)
	defer close(p.segments)
	if p.toInspect != nil {
		defer close(p.toInspect)
	}
	l := p.stream.Limits
	source := NewReader(p.stream.Body, p.stream.Cut, l)
	limit := l.Stream
	if p.stream.Size > 0 && p.stream.Size < limit {
		limit = p.stream.Size
	}
	b := newBlock(p.blockSize)
	defer func() { b.release() }()
	from, to, total := 0, 0, int64(0)
	last := time.Now()
	for {
		n, err := source.Read(b.buf[to:])
		to += n
		total += int64(n)
		if total > limit {
			p.readErr = fmt.Errorf("%w: more than %d bytes", ErrTooLong, limit)
			return
		}
		full := to == len(b.buf)
		if to > from && (full || err != nil || source.now.Sub(last) > flushAfter) {
			last = source.now
			if !p.emit(segment{data: b.buf[from:to], block: b}) {
				return
			}
			from = to
		}
		if err != nil {
			p.readErr = p.ended(err, total)
			return
		}
		if full {
			b.release()
			b = newBlock(p.blockSize)
			from, to = 0, 0
		}
	}
}

// emit hands a segment to the hash, the inspector and the receiver; it reports
// false when nobody wants more.
func (p *passage) emit(s segment) bool {
	s.block.users.Add(2)
	select {
	case p.toHash <- s:
	case <-p.quit:
		return false
	}
	if p.toInspect != nil {
		s.block.users.Add(1)
		select {
		case p.toInspect <- s:
		case <-p.quit:
			return false
		}
	}
	select {
	case p.segments <- s:
	case <-p.quit:
		return false
	}
	return true
}

// ended says what the end of the source after total bytes means.
func (p *passage) ended(err error, total int64) error {
	want := p.stream.Length
	if want < 0 {
		want = p.stream.Size
	}
	switch {
	case errors.Is(err, io.EOF) && total >= want:
		return nil
	case errors.Is(err, ErrSlow):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if want > 0 {
			return fmt.Errorf("%w: %d of %d bytes came", ErrTruncated, total, want)
		}
		return fmt.Errorf("%w: after %d bytes", ErrTruncated, total)
	}
	return fmt.Errorf("%w: after %d bytes: %w", ErrTruncated, total, err)
}

func (p *passage) hash() {
	defer close(p.hashed)
	for s := range p.toHash {
		p.hasher.Write(s.data)
		s.release()
	}
}

// Reader reads from a source that must not be slow: a source that sends nothing
// for Limits.Idle, or less than Limits.MinRate over a Limits.RateWindow, is cut
// and the read fails with ErrSlow. Only the time spent waiting for the source
// counts. It is for one goroutine.
type Reader struct {
	r      io.Reader
	cut    func()
	limits Limits
	timer  *time.Timer
	cutOff atomic.Bool
	waited time.Duration
	got    int64
	now    time.Time // when the last Read returned
}

// NewReader returns a Reader on r. cut makes a pending read of r return.
func NewReader(r io.Reader, cut func(), l Limits) *Reader {
	return &Reader{r: r, cut: cut, limits: l.orDefault()}
}

// Read reads what the source has.
func (r *Reader) Read(p []byte) (int, error) {
	if r.timer == nil {
		r.timer = time.AfterFunc(r.limits.Idle, func() {
			r.cutOff.Store(true)
			r.cut()
		})
	} else {
		r.timer.Reset(r.limits.Idle)
	}
	start := time.Now()
	n, err := r.r.Read(p)
	r.timer.Stop()
	r.now = time.Now()
	if r.cutOff.Load() && err != io.EOF {
		return n, fmt.Errorf("%w: nothing came for %s", ErrSlow, r.limits.Idle)
	}
	r.waited += r.now.Sub(start)
	r.got += int64(n)
	if r.waited >= r.limits.RateWindow {
		need := int64(float64(r.limits.MinRate) * r.waited.Seconds())
		if err == nil && r.got < need {
			r.cut()
			return n, fmt.Errorf("%w: %d bytes came in %s", ErrSlow, r.got, r.waited.Round(time.Millisecond))
		}
		r.waited, r.got = 0, 0
	}
	return n, err
}
