package intercept

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

var (
	readBuffers  = sync.Pool{New: func() any { return new([readAhead]byte) }}
	writeBuffers = sync.Pool{New: func() any { return new([writeBehind]byte) }}
)

// aheadConn is an upstream connection below TLS that reads many records at a
// time. Reading is for one goroutine at a time.
type aheadConn struct {
	net.Conn
	in   *[readAhead]byte // nil while nothing is buffered
	r, w int              // what of in is unread
}

// Read hands on what was read ahead, or else reads ahead.
func (c *aheadConn) Read(p []byte) (int, error) {
	if c.in == nil {
		if len(p) >= readAhead {
			return c.Conn.Read(p)
		}
		in := readBuffers.Get().(*[readAhead]byte)
		n, err := c.Conn.Read(in[:])
		if n == 0 {
			readBuffers.Put(in)
			return 0, err
		}
		c.in, c.r, c.w = in, 0, n
	}
	n := copy(p, c.in[c.r:c.w])
	if c.r += n; c.r == c.w {
		readBuffers.Put(c.in)
		c.in = nil
	}
	return n, nil
}

// conn is an installer's connection below TLS that, between hold and flush,
// writes many records at a time. Outside of that, handshakes and alerts go out
// at once. Writing is for any goroutine.
type conn struct {
	net.Conn

	moved atomic.Int64 // when a byte last moved, in nanoseconds since start

	mu   sync.Mutex
	out  *[writeBehind]byte // nil outside of hold and flush
	n    int
	fail error
}

// start is what times of connections are counted from: differences are of the
// monotonic clock, which no change of the time of day moves.
var start = time.Now()

func newConn(c net.Conn) *conn {
	out := &conn{Conn: c}
	out.touch()
	return out
}

func (c *conn) touch() { c.moved.Store(int64(time.Since(start))) }

// still returns for how long no byte has moved.
func (c *conn) still() time.Duration { return time.Since(start) - time.Duration(c.moved.Load()) }

// Read reads.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.touch()
	}
	return n, err
}

// Write writes, or gathers after hold.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out == nil {
		c.touch()
		return c.Conn.Write(p)
	}
	if c.fail != nil {
		return 0, c.fail
	}
	for rest := p; len(rest) > 0; {
		n := copy(c.out[c.n:], rest)
		c.n += n
		rest = rest[n:]
		if c.n == len(c.out) {
			if err := c.push(); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

func (c *conn) push() error {
	_, err := c.Conn.Write(c.out[:c.n])
	c.n = 0
	c.touch()
	if err != nil {
		c.fail = err
	}
	return err
}

// hold gathers what is written from now on.
func (c *conn) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out == nil {
		c.out = writeBuffers.Get().(*[writeBehind]byte)
		c.n = 0
	}
}

// flush writes what was gathered, and gathers no longer.
func (c *conn) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out == nil {
		return c.fail
	}
	err := c.fail
	if err == nil && c.n > 0 {
		err = c.push()
	}
	writeBuffers.Put(c.out)
	c.out = nil
	return err
}

// CloseWrite ends what is written.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

// reset ends the connection so that its peer notices: what was sent so far can
// not be taken for the whole.
func (c *conn) reset() { reset(c.Conn) }

func reset(c net.Conn) {
	if t, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

// earlyConn is a connection of which some bytes have been read already.
type earlyConn struct {
	net.Conn
	early []byte
}

// Read hands on what was read already, and then reads.
func (c *earlyConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite ends what is written.
func (c *earlyConn) CloseWrite() error { return closeWrite(c.Conn) }
