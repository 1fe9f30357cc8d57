package intercept

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Tune sets a transport up for the proxy: bodies as they are sent, HTTP/2 where
// the upstream has it, large reads, bounded waits. The transport's own proxy,
// roots, client certificates and dialer are kept. It is called before the
// transport is used.
func Tune(t *http.Transport) {
	t.DisableCompression = true
	t.ForceAttemptHTTP2 = true
	t.ReadBufferSize = 16 << 10
	t.WriteBufferSize = 16 << 10
	t.MaxIdleConnsPerHost = 32
	t.MaxIdleConns = 128
	t.IdleConnTimeout = upstreamIdle
	t.TLSHandshakeTimeout = handshakeTimeout
	t.ResponseHeaderTimeout = responseTimeout
	t.MaxResponseHeaderBytes = maxResponseHeader
	t.ExpectContinueTimeout = responseTimeout
	dial := t.DialContext
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	t.DialContext = readingAhead(dial)
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func readingAhead(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &aheadConn{Conn: c}, nil
	}
}

// ClientCertificate is what is presented to a host that asks for one.
type ClientCertificate struct {
	// Host is "host" or "host:port", or empty for every host. The most exact
	// one counts.
	Host        string
	Certificate tls.Certificate
}

// Trust is what the person trusts, and said of single hosts.
type Trust struct {
	// Insecure names the hosts, "host" or "host:port", whose certificates are
	// not verified.
	Insecure []string
	// Certificates are presented to hosts that ask for one.
	Certificates []ClientCertificate
	// Roots returns what certificates are verified under, if not under what the
	// transport says. As reading hundreds of certificates takes a while, it is
	// called beside the first handshake with an installer, and by whoever speaks TLS
	// first: from several goroutines, and it must return the same each time.
	Roots func() *x509.CertPool
}

// Upstream reaches the indexes as its transport does, but for what was said of
// single hosts, and for requests that follow a redirect from outside: these never
// reach this machine or its network's own services, whatever a name resolves to.
//
// For each way that differs from the others it has a transport, and so a pool
// of connections, of its own: no request gets a connection that was made under
// other rules. Where the person's proxy does the dialling, only addresses that
// are written in the URL can be refused.
type Upstream struct {
	base     *http.Transport
	insecure map[string]bool
	certs    map[string]*tls.Certificate
	roots    func() *x509.CertPool // nil: as base has it
	resolver *net.Resolver         // nil: the system's

	prepared sync.Once

	mu   sync.Mutex
	ways map[way]*http.Transport
}

// way is what makes two requests differ in how they travel.
type way struct {
	secure                     bool // TLS is spoken, with the host or the proxy
	proxied, guarded, insecure bool
	certificate                string // the key in Upstream.certs
}

// NewUpstream returns an Upstream over t, which keeps its own proxy, roots and
// client certificates and is not used itself. See Tune.
func NewUpstream(t *http.Transport, trust Trust) *Upstream {
	u := &Upstream{base: t, roots: trust.Roots, insecure: map[string]bool{}, certs: map[string]*tls.Certificate{}, ways: map[way]*http.Transport{}}
	for _, host := range trust.Insecure {
		u.insecure[hostKey(host)] = true
	}
	for _, c := range trust.Certificates {
		u.certs[hostKey(c.Host)] = &c.Certificate
	}
	return u
}

// asUpstream returns an Upstream where a transport of net/http was given. Any
// other way is taken as it is.
func asUpstream(rt http.RoundTripper) http.RoundTripper {
	if t, ok := rt.(*http.Transport); ok {
		return NewUpstream(t, Trust{})
	}
	return rt
}

// Dialer returns a way to reach "host:port" that goes where https requests go, for
// what is reached without a request: see NewDialer.
func (u *Upstream) Dialer() func(ctx context.Context, hostport string) (net.Conn, error) {
	return newDialer(u.base, u.roots).connect
}

// prepare has the roots read, beside what the caller does next: most runs that
// fetch nothing never need them, and reading them would slow the command's start.
func (u *Upstream) prepare() {
	if u.roots != nil {
		u.prepared.Do(func() { go u.roots() })
	}
}

// hostKey returns "host" or "host:port" in one spelling.
func hostKey(hostport string) string {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = strings.Trim(hostport, "[]"), ""
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

// keysOf returns a URL's "host:port" and "host".
func keysOf(u *url.URL) (exact, host string) {
	_, authority, _ := strings.Cut(origin(u), "://")
	return hostKey(authority), hostKey(u.Hostname())
}

// guardKey marks what Outside has marked.
type guardKey struct{}

// Outside marks the context of a request to which an answer from outside led: an
// [Upstream] then refuses the addresses inside, whatever a name resolves to.
func Outside(ctx context.Context) context.Context { return context.WithValue(ctx, guardKey{}, true) }

// RoundTrip sends a request on its way.
func (u *Upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := u.wayOf(r)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	resp, err := u.transport(w).RoundTrip(r)
	if err == nil && w.proxied && r.URL.Scheme == "http" && resp.StatusCode == http.StatusProxyAuthRequired {
		// It is not the installer whom the proxy asks.
		discard(resp)
		if via, err := u.base.Proxy(r); err == nil && via != nil {
			return nil, refusedBy(via, resp)
		}
		return nil, errProxy
	}
	return resp, err
}

func refusedBy(via *url.URL, resp *http.Response) error {
	return &proxyError{proxy: via.Host, status: strings.TrimSpace(resp.Status)}
}

// CloseIdleConnections closes the connections that nobody uses.
func (u *Upstream) CloseIdleConnections() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, t := range u.ways {
		t.CloseIdleConnections()
	}
}

func (u *Upstream) wayOf(r *http.Request) (w way, err error) {
	if w.proxied, err = u.proxied(r); err != nil {
		return w, err
	}
	w.secure = w.proxied || r.URL.Scheme == "https"
	w.guarded = !w.proxied && r.Context().Value(guardKey{}) != nil
	if r.URL.Scheme != "https" {
		return w, nil
	}
	exact, host := keysOf(r.URL)
	w.insecure = u.insecure[exact] || u.insecure[host]
	for _, key := range []string{exact, host} {
		if u.certs[key] != nil {
			w.certificate = key
			break
		}
	}
	return w, nil
}

// proxied reports whether the person's proxy carries the request.
func (u *Upstream) proxied(r *http.Request) (bool, error) {
	if u.base.Proxy == nil {
		return false, nil
	}
	via, err := u.base.Proxy(r)
	return via != nil, err
}

func (u *Upstream) transport(w way) *http.Transport {
	u.mu.Lock()
	defer u.mu.Unlock()
	if t := u.ways[w]; t != nil {
		return t
	}
	t := u.base.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if w.secure && u.roots != nil {
		t.TLSClientConfig.RootCAs = u.roots()
	}
	if w.proxied {
		// What is said of a host is not said of the proxy before it. And where the
		// proxy speaks TLS, it must not speak HTTP/2 in it: CONNECT is sent in 1.1.
		config := t.TLSClientConfig.Clone()
		config.NextProtos = []string{"http/1.1"}
		t.DialTLSContext = dialTLS(t.DialContext, config)
		t.OnProxyConnectResponse = func(_ context.Context, via *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode != http.StatusOK {
				return refusedBy(via, resp)
			}
			return nil
		}
	} else {
		t.Proxy = nil
	}
	if w.guarded {
		t.DialContext = readingAhead((&net.Dialer{Timeout: dialTimeout, ControlContext: refuseInside, Resolver: u.resolver}).DialContext)
		t.DialTLSContext = nil
	}
	t.TLSClientConfig.InsecureSkipVerify = t.TLSClientConfig.InsecureSkipVerify || w.insecure
	if c := u.certs[w.certificate]; c != nil {
		t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
	}
	u.ways[w] = t
	return t
}

// dialTLS returns a dialer of TLS connections over dial, nil for a plain one.
func dialTLS(dial dialFunc, config *tls.Config) dialFunc {
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		config := config.Clone()
		if config.ServerName == "" {
			config.ServerName, _, _ = net.SplitHostPort(address)
		}
		t := tls.Client(c, config)
		ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
		defer cancel()
		if err := t.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, err
		}
		return t, nil
	}
}
