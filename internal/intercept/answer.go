package intercept

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
)

// answer writes one response in HTTP/1.1 (or 1.0, to whom speaks that), with a
// reason phrase of its own, which net/http's server cannot.
type answer struct {
	session *session
	request *http.Request
	body    *body

	status  int
	left    int64          // what is still to come of a known length; -1 where unknown
	chunked io.WriteCloser // where the length is unknown
	bodyless,
	closes, // the connection ends with the answer
	broken bool // the answer can not be completed
	upgraded bool
}

// hopByHop are the headers that are between two neighbours only (RFC 9110,
// 7.6.1), and those that frame a message, which is done anew on either side.
var hopByHop = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length"}

// forwardable returns a copy of h without what is for a neighbour only.
func forwardable(h http.Header) http.Header {
	out := h.Clone()
	if out == nil {
		out = http.Header{}
	}
	for _, v := range h["Connection"] {
		for name := range strings.SplitSeq(v, ",") {
			out.Del(textproto.TrimString(name))
		}
	}
	for _, name := range hopByHop {
		out.Del(name)
	}
	return out
}

// begin writes the head of the answer. length is that of the body, -1 where
// unknown; an empty reason means the status's own.
func (a *answer) begin(status int, reason string, h http.Header, length int64) error {
	if a.status != 0 {
		return fmt.Errorf("a second answer to one request")
	}
	if a.body != nil && !a.body.answering() {
		a.closes = true
	}
	a.status, a.left = status, length
	old := a.request != nil && !a.request.ProtoAtLeast(1, 1)
	head := a.request != nil && a.request.Method == http.MethodHead
	a.bodyless = head || status == http.StatusNoContent || status == http.StatusNotModified || status < 200
	a.closes = a.closes || old || a.request == nil || a.request.Close || a.session.proxy.isClosing()
	if reason == "" {
		reason = http.StatusText(status)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %03d %s\r\n", status, reason)
	switch {
	case length >= 0 && status >= 200 && status != http.StatusNoContent:
		fmt.Fprintf(&b, "Content-Length: %d\r\n", length)
	case a.bodyless:
	case old:
		a.closes = true
	default:
		b.WriteString("Transfer-Encoding: chunked\r\n")
	}
	if status == http.StatusSwitchingProtocols {
		a.upgraded = true
	} else if a.closes {
		b.WriteString("Connection: close\r\n")
	}
	if err := h.Write(&b); err != nil {
		return a.failed(err)
	}
	b.WriteString("\r\n")
	a.session.conn.hold()
	if _, err := a.session.top.Write(b.Bytes()); err != nil {
		return a.failed(err)
	}
	if a.bodyless || length == 0 {
		a.left = 0
		return nil
	}
	if length < 0 && !old {
		a.chunked = httputil.NewChunkedWriter(a.session.top)
	}
	return nil
}

func (a *answer) failed(err error) error {
	a.broken = true
	return fmt.Errorf("writing the answer: %w", err)
}

// Write writes some of the body, to the network at once: the records of one
// Write go out together.
func (a *answer) Write(p []byte) (int, error) {
	if a.bodyless || len(p) == 0 {
		return len(p), nil
	}
	if a.left >= 0 && int64(len(p)) > a.left {
		return 0, a.failed(fmt.Errorf("more bytes than were announced"))
	}
	var w io.Writer = a.session.top
	if a.chunked != nil {
		w = a.chunked
	}
	a.session.conn.hold()
	n, err := w.Write(p)
	if err == nil {
		err = a.session.conn.flush()
	}
	if err != nil {
		return n, a.failed(err)
	}
	if a.left >= 0 {
		a.left -= int64(n)
	}
	return n, nil
}

// flush sends what was gathered.
func (a *answer) flush() {
	if err := a.session.conn.flush(); err != nil {
		a.broken = true
	}
}

// finish ends the answer and reports whether the connection may be used again.
// An answer that is not complete ends in a reset, so that nobody takes it for
// one.
func (a *answer) finish() bool {
	if a.chunked != nil && !a.broken {
		a.session.conn.hold()
		err := a.chunked.Close()
		if err == nil {
			_, err = io.WriteString(a.session.top, "\r\n")
		}
		a.broken = a.broken || err != nil
	}
	a.flush()
	if a.status == 0 || a.left > 0 || a.broken {
		a.session.conn.reset()
		return false
	}
	return !a.closes && !a.upgraded
}

// whole writes an answer of which the body is at hand.
func (a *answer) whole(status int, reason string, h http.Header, body []byte) {
	h.Del("Content-Length")
	if a.begin(status, reason, h, int64(len(body))) != nil {
		return
	}
	_, _ = a.Write(body)
}

// abort ends an answer so that it cannot be taken for complete.
func (a *answer) abort() { a.broken = true }

// contentLength reads a Content-Length header; -1 where there is none.
func contentLength(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
