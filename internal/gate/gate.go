// Package gate passes a byte stream on once its bytes are known to be right.
//
// A file is hashed while it comes in, and judged when its last byte has come:
//
//	up to 8 MiB and 5 s    held whole; a wrong file leaves no trace:   [………………]judge▶ Begin, all
//	larger or slower       passed on, the end held back:   Begin ▶▶▶▶▶▶▶[last block]judge▶ rest
//	HoldWhole              spooled (memory, then a file):              [………………]judge▶ Begin, all
//
// What is held by all streams together has a budget, see Store: beyond it, the
// files that would be held in memory are held in the Store's folder.
//
// So a wrong file is either not begun, and its receiver can be told why, or it
// never completes:
//
//	r, err := gate.Stream{Body: resp.Body, Cut: cancel, Length: resp.ContentLength,
//		Promised: digests}.Pass(ctx, sink, judge)
//	// err != nil: the source was cut off, too slow or too long, or the receiver is gone
//	// r.Decision denies and !r.Begun: nothing was written, answer with the reason
//
// Reading, hashing, looking inside and writing overlap, over a few pooled blocks of fixed size:
// memory does not grow with the file. No stream waits for another's memory.
package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"assay"
)

// Limits bound what a stream may take. The zero value of a field means the
// default.
type Limits struct {
	// Hold is how many bytes, and HoldTime how long, a stream is held whole
	// before it is passed on.
	Hold     int64
	HoldTime time.Duration
	// HoldBack is the least number of bytes that are withheld until all were
	// judged. The block that is withheld is usually larger.
	HoldBack int64
	// Idle is how long the source may send nothing at all; MinRate, in bytes a
	// second, is what it must send on average over each RateWindow of waiting.
	Idle       time.Duration
	MinRate    int64
	RateWindow time.Duration
	// Spool caps what is put into a temporary file, Stream any stream, in bytes.
	Spool  int64
	Stream int64
}

// DefaultLimits are the limits in use where none are given. Every cap of the
// package is here or beside it.
var DefaultLimits = Limits{
	Hold: 8 << 20, HoldTime: 5 * time.Second, HoldBack: 64 << 10,
	Idle: 30 * time.Second, MinRate: 1 << 10, RateWindow: 20 * time.Second,
	Spool: 8 << 30, Stream: 64 << 30,
}

const (
	// blockSize is the size of a pooled block: sixteen TLS records. Streams that
	// begin when there are more than fewStreams already use smaller ones.
	blockSize  = 256 << 10
	smallBlock = 64 << 10
	fewStreams = 8
	// queued is how many segments wait for the hash and for the receiver.
	queued = 2
	// flushAfter is how long bytes of a slow source are gathered before they
	// are passed on: receivers give up when they hear nothing for seconds.
	flushAfter = 50 * time.Millisecond
)

// orDefault fills the fields that are zero.
func (l Limits) orDefault() Limits {
	d := DefaultLimits
	size := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	size(&l.Hold, d.Hold)
	span(&l.HoldTime, d.HoldTime)
	size(&l.HoldBack, d.HoldBack)
	span(&l.Idle, d.Idle)
	size(&l.MinRate, d.MinRate)
	span(&l.RateWindow, d.RateWindow)
	size(&l.Spool, d.Spool)
	size(&l.Stream, d.Stream)
	return l
}

// The classes of errors that Pass returns, beside the context's own and those
// of the judge.
var (
	// ErrTruncated says that the source ended early: by an error, or with fewer
	// bytes than were announced.
	ErrTruncated = errors.New("the stream ended early")
	// ErrSlow says that the source was cut because it sent too little.
	ErrSlow = errors.New("the stream is too slow")
	// ErrTooLong says that the source sent more than was announced, or than is
	// ever accepted.
	ErrTooLong = errors.New("the stream is too long")
	// ErrSink says that the receiver could not be written to.
	ErrSink = errors.New("the receiver is gone")
	// ErrSpool says that the temporary file could not be used.
	ErrSpool = errors.New("the stream could not be spooled")
)

// Sink receives the stream. Begin is called once, before the first Write. Abort
// is called where a begun stream must never seem complete, and nothing after it.
type Sink interface {
	Begin() error
	Write(p []byte) (int, error)
	Abort()
}

// Judge decides what becomes of a stream of which every byte has been read. An
// error means a bug or I/O: the stream does not complete.
type Judge func(assay.Content) (assay.Decision, error)

// Stream is a byte stream on its way.
type Stream struct {
	Body io.Reader
	// Cut makes a pending Read of Body return; it is called at most a few
	// times, from any goroutine. Cancelling a request's context does it.
	Cut func()

	// Length is the length that the source announced, -1 where it did not.
	Length int64
	// Size is the length that was promised by somebody else, 0 where unknown: a
	// stream that becomes longer is cut.
	Size int64
	// Promised names the digests to compute beside SHA-256, and Hashing the hashes
	// that signatures go on from.
	Promised []assay.Digest
	Hashing  []assay.Hashing

	// Inspect, if set, sees every byte as well, beside the hash, before the judge is
	// asked: Content.Inside is what it returns.
	Inspect Inspector

	// HoldWhole withholds every byte until the judge has decided, in Store where
	// memory does not do.
	HoldWhole bool
	// Store is shared with the other streams; nil for memory without a budget and
	// no folder.
	Store *Store

	Limits Limits
}

// Result is how far a stream came.
type Result struct {
	// Content is what was read; it is set where the stream came to its end.
	Content assay.Content
	// Decision is the judge's.
	Decision assay.Decision
	// Begun says that Sink.Begin was called, Complete that every byte was
	// written.
	Begun    bool
	Complete bool
}

// Pass reads the stream to its end, asks the judge, and writes the stream to the
// sink as far as the package comment says. When the judge denies, the error is
// nil and Result.Complete false.
func (s Stream) Pass(ctx context.Context, sink Sink, judge Judge) (Result, error) {
	s.Limits = s.Limits.orDefault()
	if s.Store == nil {
		s.Store = NewStore("", 1<<62)
	}
	if s.Size > 0 && s.Length > s.Size {
		return Result{}, fmt.Errorf("%w: %d bytes were announced, and %d promised", ErrTooLong, s.Length, s.Size)
	}
	size := s.Store.enter()
	defer s.Store.leave()
	p := &passage{stream: s, sink: sink, blockSize: size, quit: make(chan struct{}),
		segments: make(chan segment, queued), toHash: make(chan segment, queued),
		hashed: make(chan struct{}), hasher: assay.NewHasher(s.Promised, s.Hashing...), inspected: make(chan struct{})}
	if s.Inspect != nil {
		p.toInspect = make(chan segment, queued)
		go p.inspect()
	} else {
		close(p.inspected)
	}
	go p.read()
	go p.hash()
	err := p.run(ctx, judge)
	p.stop()
	if err != nil && p.result.Begun || p.result.Begun && !p.result.Complete {
		sink.Abort()
	}
	return p.result, err
}

// passage is one stream under way. read, hash and inspect run in goroutines of
// their own; everything else belongs to the caller's.
type passage struct {
	stream    Stream
	sink      Sink
	blockSize int
	segments  chan segment // from read to run; closed when read is done
	toHash    chan segment
	quit      chan struct{} // closed when run wants no more
	hashed    chan struct{} // closed when the hash is done
	hasher    *assay.Hasher
	toInspect chan segment  // nil where nobody inspects
	inspected chan struct{} // closed when the inspector is done
	inside    *assay.Inside // valid once inspected is closed
	readErr   error         // valid once segments is closed

	held      []segment
	heldBytes int64
	total     int64
	late      bool
	paid      int64  // of the Store's budget
	counted   *block // the last one that was paid for
	spool     *spool
	result    Result
}

func (p *passage) run(ctx context.Context, judge Judge) error {
	timer := time.NewTimer(p.stream.Limits.HoldTime)
	defer timer.Stop()
	for more := true; more; {
		select {
		case s, ok := <-p.segments:
			if ok {
				p.held = append(p.held, s)
				p.heldBytes += int64(len(s.data))
				p.total += int64(len(s.data))
			}
			more = ok
		case <-timer.C:
			p.late = true
		case <-ctx.Done():
			return ctx.Err()
		}
		if more {
			if err := p.advance(); err != nil {
				return err
			}
		}
	}
	<-p.hashed
	if p.readErr != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return p.readErr
	}
	select {
	case <-p.inspected:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.result.Content = p.hasher.Content()
	p.result.Content.Inside = p.inside
	d, err := judge(p.result.Content)
	if err != nil {
		return err
	}
	p.result.Decision = d
	if d.Verdict != assay.Allow && d.Verdict != assay.Warn {
		return nil
	}
	return p.complete()
}

// advance does with the bytes at hand what may be done before the end is known.
func (p *passage) advance() error {
	l := p.stream.Limits
	inMemory := p.total <= l.Hold && p.spool == nil
	if p.stream.HoldWhole {
		if inMemory && p.pay() {
			return nil
		}
		return p.toSpool()
	}
	if !p.result.Begun {
		if p.total == 0 || !p.late && p.total <= l.Hold && p.stream.Length <= l.Hold {
			if inMemory && p.pay() {
				return nil
			}
			return p.toSpool()
		}
		if err := p.begin(); err != nil {
			return err
		}
	}
	for len(p.held) > 0 && p.heldBytes-int64(len(p.held[0].data)) >= l.HoldBack {
		if err := p.writeFirst(); err != nil {
			return err
		}
	}
	return nil
}

// pay takes what the held blocks need from the budget, and reports whether it was
// enough. A block counts whole, however little of it is filled.
func (p *passage) pay() bool {
	if len(p.held) == 0 {
		return true
	}
	last := p.held[len(p.held)-1].block
	if last == p.counted {
		return true
	}
	size := int64(len(last.buf))
	if !p.stream.Store.take(size) {
		return false
	}
	p.counted, p.paid = last, p.paid+size
	return true
}

// giveBack returns what was taken of the budget.
func (p *passage) giveBack() {
	p.stream.Store.give(p.paid)
	p.paid, p.counted = 0, nil
}

// begin begins the sink, and writes what is in the spool.
func (p *passage) begin() error {
	if p.spool != nil {
		if err := p.spool.rewind(); err != nil {
			return err
		}
	}
	p.result.Begun = true
	if err := p.sink.Begin(); err != nil {
		return fmt.Errorf("%w: %w", ErrSink, err)
	}
	if p.spool != nil {
		if err := p.spool.copyTo(p.sink); err != nil {
			return err
		}
		p.spool.close()
		p.spool = nil
	}
	p.giveBack() // from now on little is held
	return nil
}

func (p *passage) writeFirst() error {
	s := p.held[0]
	if _, err := p.sink.Write(s.data); err != nil {
		return fmt.Errorf("%w: %w", ErrSink, err)
	}
	p.dropFirst()
	return nil
}

func (p *passage) dropFirst() {
	p.heldBytes -= int64(len(p.held[0].data))
	p.held[0].release()
	p.held = p.held[1:]
}

// complete writes whatever is left.
func (p *passage) complete() error {
	if !p.result.Begun {
		if err := p.begin(); err != nil {
			return err
		}
	}
	for len(p.held) > 0 {
		if err := p.writeFirst(); err != nil {
			return err
		}
	}
	p.result.Complete = true
	return nil
}

// toSpool puts what is held into the Store's folder.
func (p *passage) toSpool() error {
	if p.total > p.stream.Limits.Spool {
		return fmt.Errorf("%w: more than %d bytes to be held", ErrTooLong, p.stream.Limits.Spool)
	}
	if p.spool == nil {
		s, err := p.stream.Store.spool()
		if err != nil {
			return err
		}
		p.spool = s
	}
	for len(p.held) > 0 {
		if err := p.spool.write(p.held[0].data); err != nil {
			return err
		}
		p.dropFirst()
	}
	p.giveBack()
	return nil
}

// stop ends the goroutines and gives everything back. After it nothing reads
// the stream's body.
func (p *passage) stop() {
	close(p.quit)
	if !p.drained() {
		p.stream.Cut()
		for range p.segments {
		}
	}
	<-p.hashed
	<-p.inspected
	for len(p.held) > 0 {
		p.dropFirst()
	}
	p.giveBack()
	if p.spool != nil {
		p.spool.close()
	}
}

// drained reports whether the source has come to its end already.
func (p *passage) drained() bool {
	select {
	case _, ok := <-p.segments:
		return !ok
	default:
		return false
	}
}
