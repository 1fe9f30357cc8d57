package intercept_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"assay/internal/catalog"
	"assay/internal/intercept"
)

// farConn is a connection that seems to lead to another machine.
type farConn struct{ net.Conn }

func (farConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 443} }

// resolver answers from a table of names, and remembers what it was asked.
func resolver(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			ip, known := netip.ParseAddr(names[strings.TrimSuffix(q.Name.String(), ".")])
			h := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}
			switch {
			case known != nil:
				m.RCode = dnsmessage.RCodeNameError
			case ip.Is4() && q.Type == dnsmessage.TypeA:
				m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AResource{A: ip.As4()}}}
			case ip.Is6() && q.Type == dnsmessage.TypeAAAA:
				m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = c.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
}

// far makes an upstream of which "index.example.invalid" seems to be on another
// machine, and every other name is the same server on this one. Names that it
// was redirected to are looked up in the table.
func far(t *testing.T, up *httptest.Server, names map[string]string, change func(*http.Transport)) option {
	return func(c *intercept.Config) {
		base := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}}
		base.TLSClientConfig.RootCAs.AddCert(up.Certificate())
		base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, up.Listener.Addr().String())
			if host, _, _ := net.SplitHostPort(address); err == nil && host == "index.example.invalid" {
				conn = farConn{conn}
			}
			return conn, err
		}
		if change != nil {
			change(base)
		}
		intercept.Tune(base)
		u := intercept.NewUpstream(base, intercept.Trust{})
		u.ResolveWith(resolver(t, names))
		t.Cleanup(u.CloseIdleConnections)
		c.Upstream = u
	}
}

func TestRedirectsToTheInside(t *testing.T) {
	names := map[string]string{"loop.example.invalid": "127.0.0.1", "meta.example.invalid": "169.254.169.254", "any.example.invalid": "0.0.0.0",
		"six.example.invalid": "::1", "mapped.example.invalid": "::ffff:127.0.0.1", "aws.example.invalid": "fd00:ec2::254"}
	var asked atomic.Int32
	var target atomic.Value
	up := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if to := target.Load(); to != nil && strings.HasPrefix(r.Host, "index.") {
			rw.Header().Set("Location", to.(string))
			rw.WriteHeader(http.StatusFound)
			return
		}
		asked.Add(1)
		_, _ = io.WriteString(rw, "secret")
	}))
	t.Cleanup(up.Close)
	w := newWorld(t, http.NotFoundHandler(), far(t, up, names, nil))
	_, port, _ := net.SplitHostPort(up.Listener.Addr().String())
	// A connection that was made without a redirect is kept, and is not used after
	// one.
	if resp, body, err := w.get(t, "https://loop.example.invalid:"+port+wheel); err != nil || string(body) != "secret" {
		t.Fatalf("%v, %v, %q", resp, err, body)
	}
	asked.Store(0)
	const refused = "502 assay: index.example.invalid: a redirect that is not followed: it leads to this machine or its own network's services"
	for _, to := range []string{
		"https://loop.example.invalid:" + port, "https://meta.example.invalid", "https://any.example.invalid:" + port, "https://six.example.invalid:" + port,
		"https://mapped.example.invalid:" + port, "https://aws.example.invalid",
		"https://127.0.0.1:" + port, "https://[::1]:" + port, "https://localhost:" + port, "https://a.localhost:" + port, "https://169.254.169.254",
		"https://2130706433:" + port, "https://127.1:" + port, "https://0x7f.1:" + port, "https://0:" + port, "https://[::ffff:169.254.169.254]",
		"https://[fe80::1]", "https://224.0.0.1", "https://168.63.129.16", "//127.0.0.1:" + port,
	} {
		target.Store(to + wheel)
		if resp, body, err := w.get(t, "https://index.example.invalid"+wheel); err != nil || resp.Status != refused || strings.Contains(string(body), "secret") {
			t.Errorf("%s: %v, %v", to, resp, err)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the inside was asked %d times", asked.Load())
	}
	// From the inside it may lead there.
	w.desk.file = func(*url.URL) (*catalog.File, error) {
		return promise("foo-1.0-py3-none-any.whl", []byte("secret")), nil
	}
	target.Store(w.up.URL)
	if resp, body, err := w.get(t, "https://localhost:"+port+wheel); err != nil || string(body) != "secret" {
		t.Errorf("%v, %v", resp, err)
	}
}

// The installer follows a page's redirects itself; the proxy remembers where
// from.
func TestAPagesRedirectToTheInside(t *testing.T) {
	var asked atomic.Int32
	var target atomic.Value
	up := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "index.") {
			http.Redirect(rw, r, target.Load().(string), http.StatusFound)
			return
		}
		asked.Add(1)
		rw.Header().Set("Content-Type", jsonPage)
		_, _ = io.WriteString(rw, "{}")
	}))
	t.Cleanup(up.Close)
	w := newWorld(t, http.NotFoundHandler(), far(t, up, map[string]string{"loop.example.invalid": "127.0.0.1"}, nil))
	_, port, _ := net.SplitHostPort(up.Listener.Addr().String())
	ask := func(u string) *http.Response {
		t.Helper()
		resp, _, err := w.get(t, u, "Accept", pipAccept)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	const refused = "a redirect that is not followed: it leads to this machine or its own network's services"
	target.Store("https://169.254.169.254/simple/foo/")
	if resp := ask("https://index.example.invalid/simple/foo/"); resp.Status != "502 assay: index.example.invalid: "+refused {
		t.Errorf("%v", resp)
	}
	to := "https://loop.example.invalid:" + port + "/simple/foo/"
	if resp := ask(to); resp.StatusCode != 200 {
		t.Errorf("asked for directly: %v", resp)
	}
	target.Store(to)
	if resp := ask("https://index.example.invalid/simple/foo/"); resp.StatusCode != 302 || resp.Header.Get("Location") != to {
		t.Errorf("%v", resp)
	}
	if resp := ask(to); resp.Status != "502 assay: loop.example.invalid:"+port+": "+refused || asked.Load() != 1 {
		t.Errorf("%v, asked %d times", resp, asked.Load())
	}
}

// Where the person's proxy looks names up, what is written in the URL is still
// checked.
func TestRedirectsThroughAProxy(t *testing.T) {
	var target atomic.Value
	up := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "index.") {
			http.Redirect(rw, r, target.Load().(string)+wheel, http.StatusFound)
			return
		}
		_, _ = io.WriteString(rw, "content")
	}))
	t.Cleanup(up.Close)
	company, asked := companyProxy(t, up.Listener.Addr().String(), false)
	w := newWorld(t, http.NotFoundHandler(), func(c *intercept.Config) {
		base := &http.Transport{Proxy: http.ProxyURL(company), TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}}
		base.TLSClientConfig.RootCAs.AddCert(up.Certificate())
		intercept.Tune(base)
		c.Upstream = base
	})
	target.Store("https://files.example.invalid")
	if resp, body, err := w.get(t, "https://index.example.invalid"+wheel); err != nil || string(body) != "content" {
		t.Errorf("%v, %v", resp, err)
	}
	for _, to := range []string{"https://127.0.0.1", "https://127.1", "https://[fe80::1]"} {
		target.Store(to)
		if resp, _, err := w.get(t, "https://index.example.invalid"+wheel); err != nil || resp.StatusCode != 502 {
			t.Errorf("%s: %v, %v", to, resp, err)
		}
	}
	if got := asked(); got != "index.example.invalid:443 files.example.invalid:443" {
		t.Errorf("the proxy was asked for %s", got)
	}
}

// companyProxy is a proxy that connects everything to one address. It speaks
// HTTP/2 in TLS if that is negotiated, which is not how one asks it to connect.
func companyProxy(t *testing.T, address string, secure bool) (*url.URL, func() string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Host)
		mu.Unlock()
		up, err := net.Dial("tcp", address)
		if err != nil || r.Method != http.MethodConnect || r.ProtoMajor != 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		down, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(down, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(up, down)
			_ = up.Close()
		}()
		_, _ = io.Copy(down, up)
		_ = down.Close()
	}))
	s.EnableHTTP2 = true
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	u, _ := url.Parse(s.URL)
	return u, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(asked, " ")
	}
}

// selfSigned returns a certificate that nobody trusts, for these names.
func selfSigned(t *testing.T, until time.Time, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "self"}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until, DNSNames: names,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// trusting starts a server with a certificate that nobody trusts and asks it
// under a name, on the way that a Trust describes.
func trusting(t *testing.T, up *httptest.Server, via *url.URL, trust intercept.Trust) func(hostport string) (*http.Response, error) {
	t.Helper()
	base := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}
	if via != nil {
		base.Proxy = http.ProxyURL(via)
	} else {
		base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, up.Listener.Addr().String())
		}
	}
	intercept.Tune(base)
	u := intercept.NewUpstream(base, trust)
	t.Cleanup(u.CloseIdleConnections)
	return func(hostport string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+hostport+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := u.RoundTrip(r)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		return resp, err
	}
}

func untrusted(t *testing.T) *httptest.Server {
	t.Helper()
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			w.Header().Set("X-Shown", r.TLS.PeerCertificates[0].DNSNames[0])
		}
	}))
	up.EnableHTTP2 = true
	up.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, Certificates: []tls.Certificate{selfSigned(t, time.Now().Add(-time.Hour), "other.example.invalid")}}
	up.Config.ErrorLog = log.New(io.Discard, "", 0)
	up.StartTLS()
	t.Cleanup(up.Close)
	return up
}

func TestCertificatesAreNotVerifiedForNamedHostsOnly(t *testing.T) {
	up := untrusted(t)
	plain, _ := companyProxy(t, up.Listener.Addr().String(), false)
	for name, via := range map[string]*url.URL{"direct": nil, "through a proxy": plain} {
		ask := trusting(t, up, via, intercept.Trust{Insecure: []string{"One.example.invalid.", "two.example.invalid:8443", "[::1]:8443", "::2", "192.0.2.1"}})
		for host, want := range map[string]bool{
			"one.example.invalid": true, "ONE.example.invalid:444": true, "one.example.invalid.": true, "two.example.invalid:8443": true, "[::1]:8443": true,
			"[::2]:9": true, "192.0.2.1": true,
			"two.example.invalid": false, "two.example.invalid:443": false, "a.one.example.invalid": false, "example.invalid": false, "[::1]": false,
			"192.0.2.2": false, "one.example.invalid.evil.example.invalid": false,
		} {
			for range 2 {
				resp, err := ask(host)
				if (err == nil) != want {
					t.Errorf("%s, %s: %v", name, host, err)
				}
				if err == nil && resp.ProtoMajor != 2 {
					t.Errorf("%s, %s: spoke %s", name, host, resp.Proto)
				}
			}
		}
	}
}

// That a host's certificate is not verified says nothing of the proxy before it.
func TestTheProxysOwnCertificateIsVerified(t *testing.T) {
	up := untrusted(t)
	secure, asked := companyProxy(t, up.Listener.Addr().String(), true)
	ask := trusting(t, up, secure, intercept.Trust{Insecure: []string{"one.example.invalid"}})
	if _, err := ask("one.example.invalid"); err == nil || asked() != "" {
		t.Errorf("%v, the proxy was asked for %s", err, asked())
	}
	base := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}, Proxy: http.ProxyURL(secure)}
	base.TLSClientConfig.RootCAs.AddCert(httptestCertificate(t))
	intercept.Tune(base)
	u := intercept.NewUpstream(base, intercept.Trust{Insecure: []string{"one.example.invalid"}})
	t.Cleanup(u.CloseIdleConnections)
	for host, want := range map[string]bool{"one.example.invalid": true, "two.example.invalid": false} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+"/", nil)
		resp, err := u.RoundTrip(r)
		if (err == nil) != want || want && resp.ProtoMajor != 2 {
			t.Errorf("%s: %v, %v", host, resp, err)
		}
		if err == nil {
			_ = resp.Body.Close()
		}
	}
}

func httptestCertificate(t *testing.T) *x509.Certificate {
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	return s.Certificate()
}

func TestClientCertificatesByHost(t *testing.T) {
	up := untrusted(t)
	cert := func(name string) tls.Certificate { return selfSigned(t, time.Now().Add(time.Hour), name) }
	ask := trusting(t, up, nil, intercept.Trust{
		Insecure: []string{"a.example.invalid", "b.example.invalid", "c.example.invalid"},
		Certificates: []intercept.ClientCertificate{{"a.example.invalid", cert("for-a")}, {"A.example.invalid:8443", cert("for-a-8443")}, {"c.example.invalid:1", cert("for-c-1")},
			{"", cert("for-all")}},
	})
	for host, want := range map[string]string{"a.example.invalid": "for-a", "a.example.invalid:8443": "for-a-8443", "b.example.invalid": "for-all", "c.example.invalid": "for-all",
		"c.example.invalid:1": "for-c-1"} {
		for range 2 {
			resp, err := ask(host)
			if err != nil || resp.Header.Get("X-Shown") != want {
				t.Errorf("%s: %v, %v, want %s", host, resp, err, want)
			}
		}
	}
	none := trusting(t, up, nil, intercept.Trust{Insecure: []string{"a.example.invalid", "b.example.invalid"},
		Certificates: []intercept.ClientCertificate{{"a.example.invalid", cert("for-a")}}})
	if resp, err := none("b.example.invalid"); err != nil || resp.Header.Get("X-Shown") != "" {
		t.Errorf("%v, %v", resp, err)
	}
}

// What the person's proxy says is told as the proxy's, and is never the answer.
func TestTheProxyRefuses(t *testing.T) {
	company := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Proxy-Authenticate", "Basic")
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(company.Close)
	via, _ := url.Parse(company.URL)
	gone := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	for proxy, want := range map[*url.URL]string{
		via:  "the proxy " + via.Host + " answered 407 Proxy Authentication Required",
		gone: "through the proxy on the way: it could not be reached",
	} {
		w := newWorld(t, http.NotFoundHandler(), func(c *intercept.Config) {
			base := &http.Transport{Proxy: http.ProxyURL(proxy)}
			intercept.Tune(base)
			c.Upstream = base
		})
		for _, target := range []string{"https://index.example.invalid" + wheel, "https://index.example.invalid/x", "http://127.0.0.1:1234" + wheel, "http://127.0.0.1:1234/x"} {
			u, _ := url.Parse(target)
			resp, body, err := w.get(t, target)
			if err != nil || resp.Status != "502 assay: "+u.Host+": "+want {
				t.Errorf("%s: %v, %v", target, resp, err)
				continue
			}
			if p := problemOf(t, resp, body); p.Hint != "check the address, the user and the password of your own proxy" {
				t.Errorf("%s: %q", target, p.Hint)
			}
		}
	}
}
