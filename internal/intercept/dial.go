package intercept

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/proxy"
)

// errProxy says that the person's own proxy is none that can be used.
var errProxy = errors.New("the proxy on the way cannot be used")

// proxyError says that the way through the person's own proxy failed.
type proxyError struct {
	proxy  string // its host and port
	status string // what it answered, "407 Proxy Authentication Required", or ""
	err    error  // what failed otherwise
}

func (e *proxyError) Error() string {
	if e.status != "" {
		return "the proxy " + e.proxy + " answered " + e.status
	}
	return "through the proxy " + e.proxy + ": " + e.err.Error()
}

func (e *proxyError) Unwrap() error { return e.err }

// dialer makes connections as a transport makes them for https.
type dialer struct {
	transport *http.Transport
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	roots     func() *x509.CertPool // nil: as the transport has it
}

// NewDialer returns a way to reach "host:port" that goes where the transport's
// https requests go: through its proxy (http, https, socks5 or socks5h, with user
// and password), with its own dialer and TLS settings. A nil transport means the
// network itself. What it returns can be closed one way (CloseWrite).
func NewDialer(t *http.Transport) func(ctx context.Context, hostport string) (net.Conn, error) {
	if t == nil {
		t = &http.Transport{}
	}
	return newDialer(t, nil).connect
}

func newDialer(t *http.Transport, roots func() *x509.CertPool) *dialer {
	d := &dialer{transport: t, dial: t.DialContext, roots: roots}
	if d.dial == nil {
		d.dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return d
}

func (d *dialer) connect(ctx context.Context, hostport string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+handshakeTimeout)
	defer cancel()
	via, err := d.via(hostport)
	if err != nil {
		return nil, fmt.Errorf("choosing a proxy: %w", err)
	}
	if via == nil {
		return d.direct(ctx, hostport)
	}
	var c net.Conn
	switch via.Scheme {
	case "socks5", "socks5h":
		c, err = d.socks(ctx, via, hostport)
	case "http", "https":
		c, err = d.throughHTTP(ctx, via, hostport)
	default:
		return nil, fmt.Errorf("%w: %q is not a kind of proxy that is known", errProxy, via.Scheme)
	}
	if err == nil {
		return c, nil
	}
	if errors.As(err, new(*proxyError)) {
		return nil, err
	}
	return nil, &proxyError{proxy: via.Host, err: err}
}

func (d *dialer) via(hostport string) (*url.URL, error) {
	if d.transport.Proxy == nil {
		return nil, nil
	}
	u := &url.URL{Scheme: "https", Host: hostport, Path: "/"}
	return d.transport.Proxy(&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}})
}

// direct dials, without the reading ahead that Tune gives a transport.
func (d *dialer) direct(ctx context.Context, address string) (net.Conn, error) {
	c, err := d.dial(ctx, "tcp", address)
	if a, ok := c.(*aheadConn); ok && err == nil {
		c = a.Conn
	}
	return c, err
}

// socks connects through a SOCKS5 proxy, which looks names up itself.
func (d *dialer) socks(ctx context.Context, via *url.URL, hostport string) (net.Conn, error) {
	var auth *proxy.Auth
	if via.User != nil {
		password, _ := via.User.Password()
		auth = &proxy.Auth{User: via.User.Username(), Password: password}
	}
	first := &firstConn{dialer: d}
	s, err := proxy.SOCKS5("tcp", proxyAddress(via), auth, first)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errProxy, err)
	}
	c, ok := s.(proxy.ContextDialer)
	if !ok {
		return nil, fmt.Errorf("%w: %w", errProxy, errors.ErrUnsupported)
	}
	if _, err := c.DialContext(ctx, "tcp", hostport); err != nil {
		return nil, err
	}
	return first.conn, nil
}

// firstConn is for the SOCKS client, and keeps the connection to the proxy: what
// the client makes of it cannot be closed one way.
type firstConn struct {
	dialer *dialer
	conn   net.Conn
}

// DialContext connects to the proxy.
func (f *firstConn) DialContext(ctx context.Context, _, address string) (c net.Conn, err error) {
	f.conn, err = f.dialer.direct(ctx, address)
	return f.conn, err
}

// Dial is what the SOCKS client asks for and does not use.
func (f *firstConn) Dial(network, address string) (net.Conn, error) {
	return f.DialContext(context.Background(), network, address)
}

// proxyAddress returns where a proxy listens.
func proxyAddress(via *url.URL) string {
	port := via.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[via.Scheme]
	}
	return net.JoinHostPort(via.Hostname(), port)
}

// throughHTTP connects through an HTTP proxy (RFC 9110, 9.3.6).
func (d *dialer) throughHTTP(ctx context.Context, via *url.URL, hostport string) (_ net.Conn, err error) {
	c, err := d.direct(ctx, proxyAddress(via))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = c.Close()
		}
	}()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Now()) })
	defer stop()
	if via.Scheme == "https" {
		t := tls.Client(c, d.proxyTLS(via))
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		c = t
	}
	h, err := d.connectHeader(ctx, via, hostport)
	if err != nil {
		return nil, err
	}
	ask := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: hostport}, Host: hostport, Header: h}
	if err := ask.Write(c); err != nil {
		return nil, err
	}
	head := &io.LimitedReader{R: c, N: maxResponseHeader}
	in := bufio.NewReader(head)
	resp, err := http.ReadResponse(in, ask)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &proxyError{proxy: via.Host, status: strings.TrimSpace(resp.Status)}
	}
	early := make([]byte, in.Buffered())
	if _, err := io.ReadFull(in, early); err != nil {
		return nil, err
	}
	if !stop() {
		return nil, context.Cause(ctx)
	}
	return &earlyConn{Conn: c, early: early}, nil
}

func (d *dialer) proxyTLS(via *url.URL) *tls.Config {
	config := &tls.Config{}
	if d.transport.TLSClientConfig != nil {
		config = d.transport.TLSClientConfig.Clone()
	}
	config.NextProtos = nil
	if d.roots != nil {
		config.RootCAs = d.roots()
	}
	if config.ServerName == "" {
		config.ServerName = via.Hostname()
	}
	return config
}

// connectHeader returns what the proxy is told: the transport's own headers for
// this, and the person's password.
func (d *dialer) connectHeader(ctx context.Context, via *url.URL, hostport string) (http.Header, error) {
	h := d.transport.ProxyConnectHeader.Clone()
	if d.transport.GetProxyConnectHeader != nil {
		var err error
		if h, err = d.transport.GetProxyConnectHeader(ctx, via, hostport); err != nil {
			return nil, err
		}
		h = h.Clone()
	}
	if h == nil {
		h = http.Header{}
	}
	if _, named := h["User-Agent"]; !named {
		h.Set("User-Agent", "") // or else net/http names itself
	}
	if via.User != nil && h.Get("Proxy-Authorization") == "" {
		password, _ := via.User.Password()
		h.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(via.User.Username()+":"+password)))
	}
	return h, nil
}
