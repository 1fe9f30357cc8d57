package intercept

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"assay"
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
	// why says why the request is copied whatever it is for, as a Tunnel's Why
	// does: it is empty where the request is looked at.
	why string
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
	if x.inScope(); x.answer.status != 0 {
		return
	}
	if x.class.judged() {
		x.count()
	}
	if auth := x.request.Header.Get("Authorization"); auth != "" && x.class.judged() && x.proxy.config.Credentials != nil {
		x.proxy.config.Credentials(origin(x.url), auth)
	}
	if x.class.judged() {
		x.judge()
		return
	}
	x.copy()
}

// judge answers with what was asked for once it is judged.
func (x *exchange) judge() {
	switch x.class {
	case FileClass, MetadataClass:
		x.file()
	default:
		x.page()
	}
}

// inScope classes the request, and refuses what may not be asked for in this way.
func (x *exchange) inScope() {
	scope, t := x.proxy.scope, x.target()
	plain := x.url.Scheme == "http"
	if plain && isBadPort(t.port) {
		x.block(assay.TransportTunnelPort, t.String())
		return
	}
	x.class = x.classify()
	if x.class == OtherClass {
		if x.why = vcsRequest(x.request); x.why != "" {
			x.class = VCSClass
		}
	}
	switch {
	case x.class == VCSClass && scope.refuseVCS:
		x.block(assay.SourceVCS, x.why+": "+t.String())
	case plain && scope.runner && !scope.indexes.match(t) && !x.proxy.isMarked(x.request):
		if x.class != VCSClass {
			x.class, x.why = OtherClass, WhyNotInstaller
		}
	case x.class.judged(), plain && x.class == OtherClass && scope.indexes.match(t) && x.readsAnIndex():
		x.needTLS()
	}
}

// readsAnIndex reports whether what is asked of an index's host may be a page
// whatever it looks like: Poetry before 2.0 asks for them as for anything.
func (x *exchange) readsAnIndex() bool {
	return isRead(x.request.Method) && strings.HasPrefix(x.request.UserAgent(), "poetry/")
}

// needTLS refuses what is judged where anybody on the way could have changed it.
func (x *exchange) needTLS() {
	if x.url.Scheme == "http" && !x.proxy.scope.plain(x.target()) {
		x.block(assay.TransportPlainHTTP, x.url.Host)
	}
}

// target returns where the request goes; session.target has seen that it can be
// read.
func (x *exchange) target() target {
	t, _ := targetOf(x.url)
	return t
}

func (x *exchange) count() {
	if x.why != "" {
		x.proxy.counts.tunnel(x.target().String(), x.why)
	}
	if x.why != WhyNotInstaller {
		x.proxy.counts.request(x.class, x.url.Host)
	}
}

// classify says what the request asks for, as far as the request tells. A file
// that a page lists looks like one: a page on which a URL does not end with the
// file's name is refused.
func (x *exchange) classify() Class {
	if !isRead(x.request.Method) {
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
	case x.asksForLinks(), isDocument(x.url):
		return PageClass
	case pypi.IsDistribution(strings.TrimRight(x.url.Path, "/")):
		return FileClass // pip takes a file's name from in front of a slash at the end
	}
	return OtherClass
}

// isRead reports whether a method reads a resource, or what GET would say of it.
func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// asksForLinks reports whether an installer asks for a flat page of links: uv
// (--find-links) with an Accept header of its own, Poetry where the URL of a
// source ends so, with an Accept header that says nothing.
func (x *exchange) asksForLinks() bool {
	accept, agent := x.request.Header["Accept"], x.request.UserAgent()
	if strings.HasPrefix(agent, "poetry/") {
		return strings.HasSuffix(x.url.Path, ".html") || strings.HasSuffix(x.url.Path, ".htm")
	}
	return len(accept) == 1 && accept[0] == "text/html" && strings.HasPrefix(agent, "uv/")
}

// simpleType begins the content types of the Simple Repository API (PEP 691).
const simpleType = "application/vnd.pypi.simple"

// downloads reports whether an installer asks for a file to install, whatever its
// URL looks like: what a direct URL leads to is unpacked by its bytes. pip asks for
// files, and for nothing else, without any encoding, and so does Poetry; PDM asks
// for pages only with an Accept header of their own.
func (x *exchange) downloads() bool {
	agent, h := x.request.UserAgent(), x.request.Header
	switch {
	case strings.HasPrefix(agent, "pip/"), strings.HasPrefix(agent, "poetry/"):
		return strings.EqualFold(h.Get("Accept-Encoding"), "identity")
	case strings.HasPrefix(agent, "pdm/"):
		return h.Get("Accept") == "*/*"
	}
	return false
}

// classOf says what an answer is, as far as its headers and the one who asked tell:
// pip names a file by its Content-Disposition (RFC 6266) where there is one. That is
// read loosely here, for pip reads it loosely too.
func (x *exchange) classOf(h http.Header) Class {
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
	if x.downloads() {
		return FileClass
	}
	return OtherClass
}

// copy passes the request and its answer on as they are. Only an answer that
// says that it is an index page, or a distribution file, is not passed on so:
// then it is asked for again as these are.
func (x *exchange) copy() {
	h := forwardable(x.request.Header)
	protocol := x.upgradeTo()
	if protocol != "" {
		h.Set("Connection", "Upgrade")
		h.Set("Upgrade", protocol)
	}
	var body io.ReadCloser
	length := int64(0)
	if x.body.body != nil {
		body, length = x.body, x.request.ContentLength
	}
	resp, err := x.send(x.ctx, x.request.Method, x.url, h, body, length)
	if !x.class.judged() {
		if err == nil && x.why != WhyNotInstaller && isRead(x.request.Method) && resp.StatusCode >= 200 && resp.StatusCode < 300 {
			if really := x.classOf(resp.Header); really != OtherClass {
				x.class, x.why = really, ""
			}
		}
		x.count()
	}
	if err != nil {
		x.unreachable(x.url, err)
		return
	}
	if x.class.judged() {
		discard(resp)
		if x.needTLS(); x.answer.status != 0 {
			return
		}
		x.judge()
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		x.upgrade(resp, protocol)
		return
	}
	x.relay(resp, forwardable(resp.Header))
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
