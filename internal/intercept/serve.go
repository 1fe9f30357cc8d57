package intercept

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// session is one connection of an installer.
type session struct {
	proxy *Proxy
	conn  *conn    // the connection itself
	top   net.Conn // conn, or TLS on it
	limit *io.LimitedReader
	in    *bufio.Reader

	// authority is what the connection was opened to by CONNECT, zero on a plain
	// proxy connection.
	authority target
	// lingers says that the last answer is whole, and that the client may still be
	// sending: closed at once, its system could throw the answer away.
	lingers bool

	mu    sync.Mutex
	idle  bool      // it waits for a request, whole, or for a handshake
	since time.Time // when it began to
	left  bool      // it has left its slot, and is passed on
	out   bool      // it has been closed to make room
	stop  func()    // ends the request that is being answered; nil where none was
}

// sleep waits, and reports whether the context still stands.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *session) use(c net.Conn) {
	s.top = c
	s.limit = &io.LimitedReader{R: c, N: maxRequestHeader}
	s.in = bufio.NewReaderSize(s.limit, 8<<10)
}

// serve answers requests until the connection ends.
func (s *session) serve() {
	defer s.conn.Close()
	s.use(s.conn)
	for s.next() {
	}
	if t, ok := s.top.(*tls.Conn); ok {
		_ = t.SetWriteDeadline(time.Now().Add(time.Second))
		_ = t.CloseWrite()
	}
	if s.lingers && s.conn.CloseWrite() == nil {
		_ = s.conn.SetReadDeadline(time.Now().Add(lingerTimeout))
		_, _ = io.CopyN(io.Discard, s.conn, maxLinger)
	}
}

// closeIdle closes the connection if it waits for a request.
func (s *session) closeIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle {
		_ = s.conn.Conn.Close()
	}
}

func (s *session) setIdle(idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle, s.since = idle, time.Now()
}

// next reads one request and answers it; it reports whether another may follow.
func (s *session) next() bool {
	if s.proxy.isClosing() {
		return false
	}
	s.setIdle(true)
	if s.proxy.isClosing() { // closing began between the two lines
		return false
	}
	s.limit.N = maxRequestHeader
	_ = s.top.SetReadDeadline(time.Now().Add(s.proxy.waits.idle))
	if _, err := s.in.Peek(1); err != nil {
		return false
	}
	_ = s.top.SetReadDeadline(time.Now().Add(s.proxy.waits.head))
	r, err := http.ReadRequest(s.in)
	s.setIdle(false)
	if err != nil {
		if s.limit.N <= 0 {
			s.reject(nil, http.StatusRequestHeaderFieldsTooLarge, "the request's head is too large")
		} else if !isNetError(err) {
			s.reject(nil, http.StatusBadRequest, "the request cannot be read")
		}
		return false
	}
	if !wellFormed(r) {
		s.reject(nil, http.StatusBadRequest, "the request cannot be read")
		return false
	}
	_ = s.top.SetReadDeadline(time.Time{})
	s.limit.N = 1 << 62
	if r.Method == http.MethodConnect {
		return s.connect(r)
	}
	u, status, why := s.target(r)
	if status != 0 {
		s.reject(r, status, why)
		return false
	}
	return s.exchange(r, u)
}

// wellFormed reports whether a request can be passed on: net/http reads more
// than it writes.
func wellFormed(r *http.Request) bool {
	if r.ProtoMajor != 1 {
		return false
	}
	for name, values := range r.Header {
		if !httpguts.ValidHeaderFieldName(name) || slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return false
		}
	}
	return true
}

// isNetError reports whether it is the connection that failed, not what was read.
func isNetError(err error) bool {
	var n net.Error
	if errors.As(err, new(*url.Error)) { // one that cannot be read is a net.Error, too
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &n)
}

// target returns the URL that a request is for, or a status and what is wrong.
func (s *session) target(r *http.Request) (u *url.URL, status int, why string) {
	if r.URL.Opaque != "" {
		return nil, http.StatusBadRequest, "the request names no resource"
	}
	u = cloneURL(r.URL)
	if s.authority == (target{}) {
		if r.URL.Host == "" {
			return nil, http.StatusBadRequest, "this is assay's proxy, and the request is not for a proxy"
		}
		if r.URL.Scheme != "http" {
			return nil, http.StatusBadRequest, "the proxy takes http URLs, and CONNECT for https"
		}
		t, err := parseTarget(strings.TrimSuffix(u.Host, ":"), 80)
		if err != nil {
			return nil, http.StatusBadRequest, "the request names no host"
		}
		if s.proxy.isSelf(t.String()) {
			return nil, http.StatusLoopDetected, "the request leads back to assay itself"
		}
		u.Host = strings.TrimSuffix(t.String(), ":80")
		return u, 0, ""
	}
	if t, err := parseTarget(withoutDoubled(r.Host), 443); err != nil || t != s.authority || r.URL.Scheme != "" && r.URL.Scheme != "https" {
		return nil, http.StatusMisdirectedRequest, "the request is for another host than the connection"
	}
	u.Scheme, u.Host = "https", strings.TrimSuffix(s.authority.String(), ":443")
	return u, 0, ""
}

// withoutDoubled takes the second pair of brackets off an IPv6 address: pip 23
// behind a proxy writes "Host: [[::1]]:8443".
func withoutDoubled(host string) string {
	if strings.HasPrefix(host, "[[") {
		return strings.Replace(host[1:], "]]", "]", 1)
	}
	return host
}

// cloneURL copies the URL without credentials and fragment.
func cloneURL(u *url.URL) *url.URL {
	v := *u
	v.User, v.Fragment, v.RawFragment = nil, "", ""
	return &v
}

// isSelf reports whether a host, with or without port, is the proxy's own.
func (p *Proxy) isSelf(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return false
	}
	_, own, _ := net.SplitHostPort(p.address)
	return port == own && isLoopback(host)
}

// isLoopback reports whether host means this machine, as far as can be seen
// without asking the DNS.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// exchange answers one request; it reports whether another may follow.
func (s *session) exchange(r *http.Request, u *url.URL) bool {
	x := s.exchangeOf(r, u)
	x.run()
	return x.end()
}

func (s *session) exchangeOf(r *http.Request, u *url.URL) *exchange {
	ctx, cancel := context.WithCancel(s.proxy.ctx)
	s.mu.Lock()
	s.stop = cancel
	s.mu.Unlock()
	body := newBody(s, r)
	return &exchange{session: s, proxy: s.proxy, request: r, url: u, ctx: ctx, cancel: cancel, body: body,
		answer: answer{session: s, request: r, body: body}}
}

// end ends the answer; it reports whether another request may follow.
func (x *exchange) end() bool {
	defer x.cancel()
	x.proxy.log.Debug("answered", "class", x.class, "method", x.request.Method, "host", x.url.Host, "status", x.answer.status)
	finished, spent := x.answer.finish(), x.body.spent()
	x.session.lingers = !x.answer.broken
	return finished && spent && !x.request.Close
}

// body is a request's body. Once the answer is out nobody may read from it any
// more, for the connection's next bytes may be another request.
type body struct {
	session *session
	body    io.ReadCloser // nil where there is none

	eof    atomic.Bool
	mu     sync.Mutex
	closed bool

	expecting sync.Mutex
	expect    bool // the client waits for 100 Continue
}

func newBody(s *session, r *http.Request) *body {
	b := &body{session: s, body: r.Body}
	if r.Body == nil || r.Body == http.NoBody {
		b.body = nil
		b.eof.Store(true)
		return b
	}
	b.expect = strings.EqualFold(r.Header.Get("Expect"), "100-continue")
	return b
}

// Read reads, and tells a client that waits to be told to go on.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.eof.Load() {
		return 0, io.EOF
	}
	if err := b.goOn(); err != nil {
		return 0, fmt.Errorf("asking for the request's body: %w", err)
	}
	n, err := b.body.Read(p)
	b.eof.Store(err == io.EOF)
	return n, err
}

func (b *body) goOn() error {
	b.expecting.Lock()
	defer b.expecting.Unlock()
	if !b.expect {
		return nil
	}
	b.expect = false
	_, err := io.WriteString(b.session.top, "HTTP/1.1 100 Continue\r\n\r\n")
	return err
}

// answering says that the answer begins: from now on it is too late to ask for
// the body. It reports whether all of it was read, or else the connection must
// end with the answer.
func (b *body) answering() bool {
	b.expecting.Lock()
	defer b.expecting.Unlock()
	b.expect = false
	return b.eof.Load()
}

// Close is the upstream's; the body is closed by spent.
func (b *body) Close() error { return nil }

// spent ends the body and reports whether all of it was read.
func (b *body) spent() bool {
	if b.body == nil {
		return true
	}
	_ = b.session.top.SetReadDeadline(time.Now()) // let a pending Read go
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.eof.Load()
}
