package corporate

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/indextest/localca"
)

const (
	// dialTimeout bounds a connection to a server on loopback.
	dialTimeout = 5 * time.Second
	// headTimeout bounds the reading of a request's head.
	headTimeout = 10 * time.Second
)

var errOutside = errors.New("the proxy leads nowhere but to loopback")

// Options say what a proxy is like.
type Options struct {
	Addr     string // default a free port of 127.0.0.1
	User     string // demanded if not empty
	Password string
	TLS      bool               // in front: the proxy's URL begins with https
	CA       *localca.Authority // who issues its certificate; nil for one of its own
}

// Request is one request to the proxy.
type Request struct {
	Method    string // CONNECT, GET, …
	Target    string // host:port that it was for
	UserAgent string
	User      string // in the credentials shown, right or wrong
	Status    int    // what the proxy, or for absolute URLs the server, answered
}

// String shows a request as "METHOD TARGET STATUS".
func (r Request) String() string { return fmt.Sprintf("%s %s %d", r.Method, r.Target, r.Status) }

// Proxy is one proxy. It is safe for concurrent use.
type Proxy struct {
	options  Options
	ca       *localca.Authority
	listener net.Listener
	server   *http.Server
	ctx      context.Context
	cancel   context.CancelFunc

	mu       sync.Mutex
	leads    map[string]string
	failing  int // status to answer with; 0 for none
	hangup   bool
	requests []*Request
}

// New makes a proxy that serves until Close.
func New(o Options) (*Proxy, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	p := &Proxy{options: o, ca: o.CA, leads: map[string]string{}}
	var config *tls.Config
	if o.TLS {
		var err error
		if p.ca == nil {
			if p.ca, err = localca.New(); err != nil {
				return nil, fmt.Errorf("corporate: %w", err)
			}
		}
		pair, err := p.ca.Server("localhost", "127.0.0.1", "::1")
		if err != nil {
			return nil, fmt.Errorf("corporate: %w", err)
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("corporate: %w", err)
	}
	if !isLoopback(l.Addr().String()) {
		_ = l.Close()
		return nil, fmt.Errorf("corporate: %q is not a loopback address", o.Addr)
	}
	p.listener = l
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.server = &http.Server{Handler: p, TLSConfig: config, ReadHeaderTimeout: headTimeout,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, ErrorLog: stdlog.New(io.Discard, "", 0)}
	// Serve returns when Close closes the listener; there is nobody to tell.
	if o.TLS {
		go func() { _ = p.server.ServeTLS(l, "", "") }()
	} else {
		go func() { _ = p.server.Serve(l) }()
	}
	return p, nil
}

// Start makes a proxy for a test and closes it when the test ends.
func Start(t testing.TB, o Options) *Proxy {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Close stops the proxy and cuts every tunnel.
func (p *Proxy) Close() {
	p.cancel()
	_ = p.server.Close()
}

// URL is the proxy's URL without credentials.
func (p *Proxy) URL() string { return p.withUser(nil) }

// UserURL is the proxy's URL with the credentials that it demands.
func (p *Proxy) UserURL() string {
	if p.options.User == "" {
		return p.URL()
	}
	return p.withUser(url.UserPassword(p.options.User, p.options.Password))
}

func (p *Proxy) withUser(user *url.Userinfo) string {
	u := url.URL{Scheme: "http", User: user, Host: p.listener.Addr().String()}
	if p.options.TLS {
		u.Scheme = "https"
	}
	return u.String()
}

// CertificatePEM is what a client must trust to speak TLS with the proxy; nil
// where it speaks none.
func (p *Proxy) CertificatePEM() []byte {
	if p.ca == nil {
		return nil
	}
	return p.ca.PEM()
}

// Lead leads "host:port" to an address on loopback.
func (p *Proxy) Lead(hostport, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leads[strings.ToLower(hostport)] = address
}

// Fail makes the proxy answer everything with a status from now on; 0 ends it.
func (p *Proxy) Fail(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failing = status
}

// HangUp makes the proxy cut every connection on its first request.
func (p *Proxy) HangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangup = true
}

// Requests returns what the proxy was asked, in the order of arrival.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Request, len(p.requests))
	for i, r := range p.requests {
		out[i] = *r
	}
	return out
}

// Count returns how many requests for a target ("" for any) got a status.
func (p *Proxy) Count(target string, status int) int {
	n := 0
	for _, r := range p.Requests() {
		if (target == "" || r.Target == target) && r.Status == status {
			n++
		}
	}
	return n
}

// note records a request and returns how to record its status.
func (p *Proxy) note(r *http.Request, target string) func(status int) {
	user, _, _ := credentials(r)
	entry := &Request{Method: r.Method, Target: target, UserAgent: r.UserAgent(), User: user}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, entry)
	return func(status int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		entry.Status = status
	}
}

// credentials reads Proxy-Authorization (RFC 9110, 11.7.2).
func credentials(r *http.Request) (user, password string, ok bool) {
	encoded, ok := strings.CutPrefix(r.Header.Get("Proxy-Authorization"), "Basic ")
	if !ok {
		return "", "", false
	}
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}

// ServeHTTP answers one request to the proxy.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Host
	if r.Method != http.MethodConnect {
		target = withPort(r.URL)
	}
	status := p.note(r, target)
	p.mu.Lock()
	failing, hangup := p.failing, p.hangup
	p.mu.Unlock()
	user, password, _ := credentials(r)
	switch {
	case hangup:
		panic(http.ErrAbortHandler)
	case failing != 0:
		status(failing)
		http.Error(w, "the proxy was told to fail", failing)
	case p.options.User != "" && (user != p.options.User || password != p.options.Password):
		status(http.StatusProxyAuthRequired)
		w.Header().Set("Proxy-Authenticate", `Basic realm="corporate"`)
		http.Error(w, "the proxy needs credentials", http.StatusProxyAuthRequired)
	case r.Method == http.MethodConnect:
		p.connect(w, r, status)
	case !r.URL.IsAbs():
		status(http.StatusBadRequest)
		http.Error(w, "this is a proxy", http.StatusBadRequest)
	default:
		p.forward(w, r, status)
	}
}

// dial connects to where the proxy leads a target.
func (p *Proxy) dial(ctx context.Context, target string) (net.Conn, error) {
	p.mu.Lock()
	address, ok := p.leads[strings.ToLower(target)]
	p.mu.Unlock()
	if !ok {
		address = target
	}
	if !isLoopback(address) {
		return nil, fmt.Errorf("%w: %s", errOutside, target)
	}
	d := net.Dialer{Timeout: dialTimeout}
	return d.DialContext(ctx, "tcp", address)
}

func (p *Proxy) connect(w http.ResponseWriter, r *http.Request, status func(int)) {
	server, err := p.dial(r.Context(), r.Host)
	if err != nil {
		status(http.StatusBadGateway)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		status(http.StatusInternalServerError)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer client.Close()
	status(http.StatusOK)
	stop := context.AfterFunc(p.ctx, func() {
		_ = client.Close()
		_ = server.Close()
	})
	defer stop()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	go func() {
		// Which side ended a tunnel, and how, is no concern of the proxy's.
		_, _ = io.Copy(server, buffered)
		closeWrite(server)
		done <- struct{}{}
	}()
	go func() {
		_, _ = io.Copy(client, server)
		closeWrite(client)
		done <- struct{}{}
	}()
	<-done
	<-done
}

func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, status func(int)) {
	target := withPort(r.URL)
	onward := &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL, pr.Out.Host = r.URL, r.Host
			pr.Out.Header.Del("Proxy-Authorization")
		},
		Transport: &http.Transport{
			DisableKeepAlives: true, DisableCompression: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dial(ctx, target) },
		},
		ModifyResponse: func(resp *http.Response) error {
			status(resp.StatusCode)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			status(http.StatusBadGateway)
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
		ErrorLog: stdlog.New(io.Discard, "", 0),
	}
	onward.ServeHTTP(w, r)
}

// withPort is a URL's host with its port.
func withPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
