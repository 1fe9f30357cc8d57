package intercept

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"assay/internal/pypi"
)

// exchange is one request and its answer.
type exchange struct {
	session *session
	proxy   *Proxy
	request *http.Request
	url     *url.URL // absolute, without credentials
	ctx     context.Context
	cancel  context.CancelFunc
	body    *body
	answer  answer
	class   Class
}

// run answers the request. A panic on the way is a bug, and is answered like
// one: it must not end the installer's other requests, nor let bytes through.
func (x *exchange) run() {
	defer func() {
		if p := recover(); p != nil {
			if x.answer.status == 0 {
				x.undecided(fmt.Errorf("panic: %v", p))
			} else {
				x.answer.abort()
			}
		}
	}()
	x.class = x.classify()
	if x.class != OtherClass {
		x.count()
	}
	if auth := x.request.Header.Get("Authorization"); auth != "" && x.class != OtherClass && x.proxy.config.Credentials != nil {
		x.proxy.config.Credentials(origin(x.url), auth)
	}
	switch {
	case x.class == FileClass, x.class == MetadataClass:
		x.file()
	case x.class == PageClass && x.request.Method == http.MethodGet:
		x.page()
	default:
		x.copy()
	}
}

func (x *exchange) count() { x.proxy.counts.request(x.class, x.url.Host) }

// classify says what the request asks for, as far as the request tells. A file
// that a page lists looks like one: a page on which a URL does not end with the
// file's name is refused.
func (x *exchange) classify() Class {
	if x.request.Method != http.MethodGet && x.request.Method != http.MethodHead {
		return OtherClass
	}
	if _, ok := pypi.MetadataOf(x.url.Path); ok {
		return MetadataClass
	}
	if pypi.IsDistribution(x.url.Path) {
		return FileClass
	}
	for _, v := range x.request.Header["Accept"] {
		if strings.Contains(strings.ToLower(v), simpleType) {
			return PageClass
		}
	}
	switch {
	case x.asksForLinks():
		return PageClass
	case pypi.IsDistribution(strings.TrimRight(x.url.Path, "/")):
		return FileClass // pip takes a file's name from in front of a slash at the end
	}
	return OtherClass
}

// asksForLinks reports whether uv asks for a flat page of links (--find-links):
// it does so with an Accept header of its own.
func (x *exchange) asksForLinks() bool {
	accept := x.request.Header["Accept"]
	return len(accept) == 1 && accept[0] == "text/html" && strings.HasPrefix(x.request.UserAgent(), "uv/")
}

// simpleType begins the content types of the Simple Repository API (PEP 691).
const simpleType = "application/vnd.pypi.simple"

// classOf says what an answer is, as far as its headers tell: pip names a file
// by its Content-Disposition (RFC 6266) where there is one. That is read loosely
// here, for pip reads it loosely too.
func classOf(h http.Header) Class {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(h.Get("Content-Type"))), simpleType) {
		return PageClass
	}
	for _, v := range h["Content-Disposition"] {
		for part := range strings.SplitSeq(v, ";") {
			if _, name, ok := strings.Cut(part, "="); ok && pypi.IsDistribution(strings.Trim(name, " \t\"'")) {
				return FileClass
			}
		}
	}
	return OtherClass
}

// copy passes the request and its answer on as they are. Only an answer that
// says that it is an index page, or a distribution file, is not passed on so:
// then it is asked for again as these are.
func (x *exchange) copy() {
	h := forwardable(x.request.Header)
	if protocol := upgradeTo(x.request.Header); protocol != "" {
		h.Set("Connection", "Upgrade")
		h.Set("Upgrade", protocol)
	}
	var body io.ReadCloser
	length := int64(0)
	if x.body.body != nil {
		body, length = x.body, x.request.ContentLength
	}
	resp, err := x.send(x.ctx, x.request.Method, x.url, h, body, length)
	really := OtherClass
	if err == nil && x.request.Method == http.MethodGet && resp.StatusCode >= 200 && resp.StatusCode < 300 {
		really = classOf(resp.Header)
	}
	if x.class == OtherClass {
		x.class = really
		x.count()
	}
	if err != nil {
		x.unreachable(x.url, err)
		return
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		x.upgrade(resp)
	case really == PageClass:
		discard(resp)
		x.page()
	case really == FileClass:
		discard(resp)
		x.file()
	default:
		x.relay(resp, forwardable(resp.Header))
	}
}

var copyBuffers = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

// relay copies an answer, with the headers given. An answer that ends early ends
// early for the installer too.
func (x *exchange) relay(resp *http.Response, h http.Header) {
	length := resp.ContentLength
	if x.request.Method == http.MethodHead || resp.StatusCode == http.StatusNotModified {
		length = contentLength(resp.Header)
	}
	if x.answer.begin(resp.StatusCode, statusReason(resp), h, length) != nil {
		return
	}
	if length < 0 {
		x.answer.flush() // a stream may begin long after its head
	}
	b := copyBuffers.Get().(*[copyBuffer]byte)
	defer copyBuffers.Put(b)
	for {
		n, err := resp.Body.Read(b[:])
		if n > 0 {
			if _, err := x.answer.Write(b[:n]); err != nil {
				return
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			x.proxy.log.Debug("the answer ended early", "host", x.url.Host, "error", withoutURL(err))
			x.answer.abort()
			return
		}
	}
}

// statusReason returns the reason phrase of an answer.
func statusReason(resp *http.Response) string {
	_, reason, _ := strings.Cut(resp.Status, " ")
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, reason)
}

// upgradeTo returns the protocol that a message switches to (RFC 9110, 7.8).
func upgradeTo(h http.Header) string {
	for _, v := range h["Connection"] {
		for token := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return h.Get("Upgrade")
			}
		}
	}
	return ""
}

// upgrade copies both ways once the upstream has switched protocols.
func (x *exchange) upgrade(resp *http.Response) {
	up, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		x.fail(x.url.Host+": it switches protocols and cannot", "tell its operators")
		return
	}
	h := forwardable(resp.Header)
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", resp.Header.Get("Upgrade"))
	if x.answer.begin(resp.StatusCode, "", h, -1) != nil {
		return
	}
	x.answer.flush()
	ended := make(chan struct{}, 2)
	go func() {
		_, _ = io.Copy(up, x.session.in)
		ended <- struct{}{}
	}()
	go func() {
		_, _ = io.Copy(x.session.top, up)
		ended <- struct{}{}
	}()
	select {
	case <-ended:
	case <-x.ctx.Done():
	}
	_ = up.Close()
	_ = x.session.top.Close()
	<-ended
}
