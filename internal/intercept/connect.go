package intercept

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"assay"
)

// route says what becomes of a connection: it is refused where it has a code,
// passed on unopened where it has a why, and else opened and looked into.
type route struct {
	code   assay.Code
	detail string
	why    string
	// anyway says that the host is opened although the person named it as one that
	// is passed on: it belongs to an index.
	anyway bool
}

// route decides about a request to connect. vcs is the version control system
// that asks, or ""; marked says that an installer asks.
func (s scope) route(t target, vcs string, marked bool) route {
	named, index := s.tunnel.match(t), s.indexes.match(t)
	switch {
	case isBadPort(t.port):
		return route{code: assay.TransportTunnelPort, detail: t.String()}
	case vcs != "" && s.refuseVCS:
		return route{code: assay.SourceVCS, detail: vcs + ": " + t.String()}
	case vcs != "":
		return route{why: vcs}
	case index:
		return route{anyway: named}
	case named:
		return route{why: WhyNamed}
	case s.runner && !marked:
		return route{why: WhyNotInstaller}
	}
	return route{}
}

// isMarked reports whether a request to the proxy is an installer's: uv names
// itself in its requests to connect; pip does not, and has the mark instead.
func (p *Proxy) isMarked(r *http.Request) bool {
	agent := r.UserAgent()
	if strings.HasPrefix(agent, "uv/") || strings.HasPrefix(agent, "pip/") {
		return true
	}
	scheme, encoded, _ := strings.Cut(r.Header.Get("Proxy-Authorization"), " ")
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	return err == nil && strings.EqualFold(scheme, "basic") &&
		subtle.ConstantTimeCompare(plain, []byte(markUser+":"+p.mark)) == 1
}

// connect answers a request to connect. It reports whether requests may follow:
// on a connection that was opened.
func (s *session) connect(r *http.Request) bool {
	t, err := parseTarget(r.RequestURI, 0)
	if err != nil || s.authority != (target{}) || r.ContentLength != 0 {
		s.reject(r, http.StatusBadRequest, "the request names no host and port to connect to")
		return false
	}
	if s.proxy.isSelf(t.String()) {
		s.reject(r, http.StatusLoopDetected, "the request leads back to assay itself")
		return false
	}
	way := s.proxy.scope.route(t, vcsAgent(r.UserAgent()), s.proxy.isMarked(r))
	switch {
	case way.code != "":
		x := s.exchangeOf(r, &url.URL{Scheme: "https", Host: t.String()})
		x.answer.closes = true
		x.block(way.code, way.detail)
		x.end()
		return false
	case way.why != "":
		s.tunnel(r, t, way.why)
		return false
	}
	if way.anyway {
		s.proxy.counts.anyway(t)
	}
	if u, ok := s.proxy.upstream.(*Upstream); ok {
		u.prepare()
	}
	return s.open(r, t)
}

// open takes the server's place in the TLS of the connection.
func (s *session) open(r *http.Request, t target) bool {
	config, err := s.proxy.config.CA.config(t.host)
	if err != nil {
		s.proxy.counts.unopened(t, err.Error())
		p := problem{Title: "assay cannot look into the connection", Status: http.StatusBadGateway, Detail: err.Error()}
		if errors.Is(err, ErrExcluded) {
			p.Status, p.Hint = http.StatusForbidden, "use the index's name or configure its address, or pass the host on unopened with '--tunnel HOST'"
		}
		s.answerProblem(r, p)
		return false
	}
	if !s.established() {
		return false
	}
	c := tls.Server(&earlyConn{Conn: s.conn, early: s.early()}, config)
	ctx, cancel := context.WithTimeout(s.proxy.ctx, s.proxy.waits.handshake)
	defer cancel()
	s.setIdle(true) // nothing was asked yet
	err = c.HandshakeContext(ctx)
	s.setIdle(false)
	if err != nil {
		s.unopened(t, err)
		return false
	}
	s.authority = t
	s.use(c)
	return true
}

// established says that the connection asked for stands.
func (s *session) established() bool {
	_, err := io.WriteString(s.conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	return err == nil
}

// early returns what the client sent already, behind its request.
func (s *session) early() []byte {
	early := make([]byte, s.in.Buffered())
	_, _ = io.ReadFull(s.in, early)
	return early
}

// unopened notes why a connection could not be looked into, and tells a client
// that speaks HTTP without TLS.
func (s *session) unopened(t target, err error) {
	s.proxy.log.Debug("no tls with the installer", "host", t.host, "error", err)
	if errors.Is(err, io.EOF) {
		return // it thought better of it
	}
	var record tls.RecordHeaderError
	var op *net.OpError
	why := "no TLS that both sides know"
	switch {
	case errors.As(err, &record):
		why = "the client does not speak TLS in it"
		if record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
			s.reject(nil, http.StatusBadRequest, "a connection to "+t.String()+" must speak TLS: ask for http URLs without connecting")
		}
	case errors.As(err, &op) && op.Op == "remote error":
		why = fmt.Sprintf("the client does not take assay's certificate (%s)", strings.TrimPrefix(op.Err.Error(), "tls: "))
	case errors.As(err, &op) && op.Op == "local error":
	case isNetError(err) || errors.Is(err, context.DeadlineExceeded):
		why = "the client did not go through with TLS"
	}
	s.proxy.counts.unopened(t, why)
}

// looksLikeHTTP reports whether what came in place of a TLS record begins as a
// request does.
func looksLikeHTTP(b [5]byte) bool {
	method, _, _ := strings.Cut(string(b[:]), " ")
	return method != "" && strings.IndexFunc(method, func(r rune) bool { return r < 'A' || r > 'Z' }) < 0
}
