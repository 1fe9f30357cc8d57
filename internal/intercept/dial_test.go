package intercept_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/indextest/corporate"
	"assay/internal/intercept"
)

// socks is a SOCKS5 proxy (RFC 1928, RFC 1929) that takes one user and leads
// everywhere to one address.
func socks(t *testing.T, user, password, lead string) (address string, asked *atomic.Value) {
	asked = &atomic.Value{}
	return tcp(t, "tcp4", func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		take := func(n int) []byte {
			b := make([]byte, n)
			_, _ = io.ReadFull(in, b)
			return b
		}
		take(int(take(2)[1]))
		if user == "" {
			_, _ = c.Write([]byte{5, 0})
		} else {
			_, _ = c.Write([]byte{5, 2})
			take(1)
			name := string(take(int(take(1)[0])))
			if string(take(int(take(1)[0]))) != password || name != user {
				_, _ = c.Write([]byte{1, 1})
				return
			}
			_, _ = c.Write([]byte{1, 0})
		}
		head := take(4)
		var host string
		switch head[3] {
		case 1:
			host = net.IP(take(4)).String()
		case 3:
			host = string(take(int(take(1)[0])))
		case 4:
			host = net.IP(take(16)).String()
		}
		asked.Store(net.JoinHostPort(host, fmt.Sprint(binary.BigEndian.Uint16(take(2)))))
		up, err := net.Dial("tcp", lead)
		if err != nil {
			_, _ = c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		defer up.Close()
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		go func() {
			_, _ = io.Copy(up, in)
			_ = up.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(c, up)
		_ = c.CloseWrite()
	}), asked
}

// converse greets a server that speaks first, and ends one side before the other.
func converse(t *testing.T, c net.Conn) {
	t.Helper()
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(c)
	if line, err := in.ReadString('\n'); line != "welcome\n" {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = io.WriteString(c, "hello")
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(in); string(rest) != "you said hello" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func greeter(t *testing.T) string {
	return tcp(t, "tcp4", func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "welcome\n")
		all, _ := io.ReadAll(c)
		_, _ = io.WriteString(c, "you said "+string(all))
		_ = c.CloseWrite()
	})
}

func fixed(t *testing.T, s string) func(*http.Request) (*url.URL, error) {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return http.ProxyURL(u)
}

// TestWaysOfDialling reaches a server directly and through each kind of proxy,
// once as the transport is given and once as Tune leaves it.
func TestWaysOfDialling(t *testing.T) {
	server := greeter(t)
	open := corporate.Start(t, corporate.Options{})
	guarded := corporate.Start(t, corporate.Options{User: "jane", Password: "p@ss:w/rd"})
	secure := corporate.Start(t, corporate.Options{TLS: true, User: "jane", Password: "secret"})
	for _, p := range []*corporate.Proxy{open, guarded, secure} {
		p.Lead("git.example.invalid:443", server)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(secure.CertificatePEM())
	anyone, _ := socks(t, "", "", server)
	named, asked := socks(t, "jane", "secret", server)
	for name, tr := range map[string]*http.Transport{
		"direct": {DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", server)
		}},
		"http":    {Proxy: fixed(t, open.URL())},
		"user":    {Proxy: fixed(t, guarded.UserURL())},
		"https":   {Proxy: fixed(t, secure.UserURL()), TLSClientConfig: &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}},
		"socks5":  {Proxy: fixed(t, "socks5://"+anyone)},
		"socks5h": {Proxy: fixed(t, "socks5h://jane:secret@"+named)},
		"header":  {Proxy: fixed(t, guarded.URL()), ProxyConnectHeader: http.Header{"Proxy-Authorization": {"Basic amFuZTpwQHNzOncvcmQ="}}},
		"asked header": {Proxy: fixed(t, guarded.URL()), GetProxyConnectHeader: func(context.Context, *url.URL, string) (http.Header, error) {
			return http.Header{"Proxy-Authorization": {"Basic amFuZTpwQHNzOncvcmQ="}}, nil
		}},
	} {
		for _, tuned := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s tuned %v", name, tuned), func(t *testing.T) {
				tr := tr.Clone()
				if tuned {
					intercept.Tune(tr)
				}
				c, err := intercept.NewDialer(tr)(t.Context(), "git.example.invalid:443")
				if err != nil {
					t.Fatal(err)
				}
				converse(t, c)
			})
		}
	}
	if got := asked.Load(); got != "git.example.invalid:443" {
		t.Errorf("the proxy was asked for %v: it is who looks names up", got)
	}
	for _, r := range open.Requests() {
		if r.UserAgent != "" || r.Target != "git.example.invalid:443" {
			t.Errorf("asked as %+v", r)
		}
	}
	c, err := intercept.NewDialer(nil)(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	converse(t, c)
}

// TestNoProxyIsAsked: which proxy is for a host is the transport's word, and the
// host is asked for as https is.
func TestNoProxyIsAsked(t *testing.T) {
	server := greeter(t)
	var got string
	dial := intercept.NewDialer(&http.Transport{Proxy: func(r *http.Request) (*url.URL, error) {
		got = r.URL.String()
		return nil, nil
	}})
	c, err := dial(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	converse(t, c)
	if got != "https://"+server+"/" {
		t.Errorf("asked for %q", got)
	}
}

func TestProxiesThatDoNotConnect(t *testing.T) {
	server := greeter(t)
	guarded := corporate.Start(t, corporate.Options{User: "jane", Password: "secret"})
	named, _ := socks(t, "jane", "secret", server)
	answers := func(s string) string {
		return "http://" + tcp(t, "tcp4", func(c *net.TCPConn) {
			_, _ = bufio.NewReader(c).ReadString('\n')
			_, _ = io.WriteString(c, s)
			_ = c.CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		})
	}
	for name, c := range map[string]struct{ proxy, want string }{
		"no password":     {guarded.URL(), "the proxy PROXY answered 407 Proxy Authentication Required"},
		"wrong password":  {strings.Replace(guarded.UserURL(), "secret", "wrong", 1), "the proxy PROXY answered 407 Proxy Authentication Required"},
		"socks, no user":  {"socks5://" + named, "through the proxy PROXY: it closed the connection without an answer"},
		"an odd kind":     {"gopher://" + named, "the proxy on the way cannot be used: \"gopher\" is not a kind of proxy that is known"},
		"nobody there":    {"http://127.0.0.1:1", "through the proxy PROXY: it could not be reached"},
		"not http":        {answers("SSH-2.0-x\r\n"), "through the proxy PROXY: it did not answer as a web server does"},
		"an end":          {answers(""), "through the proxy PROXY: it closed the connection without an answer"},
		"an endless head": {answers("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 2000)), "through the proxy PROXY: it closed the connection without an answer"},
		"a hostile head":  {answers("HTTP/1.1 403 no\x1b[31m \u202e" + strings.Repeat("x", 1000) + "\r\n\r\n"), "the proxy PROXY answered 403 no[31m ?"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true}),
				withDial(intercept.NewDialer(&http.Transport{Proxy: fixed(t, c.proxy)})))
			_, in, resp := w.connect(t, "git.example.invalid:443")
			body, _ := io.ReadAll(in)
			u, _ := url.Parse(c.proxy)
			c.want = "502 assay: git.example.invalid:443: " + strings.Replace(c.want, "PROXY", u.Host, 1)
			if !strings.HasPrefix(resp.Status, c.want) || len(resp.Status) > 210 || strings.ContainsAny(resp.Status+string(body), "\x1b\r") {
				t.Errorf("got %q, %q\nwant %q", resp.Status, body, c.want)
			}
			if strings.Contains(resp.Status+string(body), "secret") {
				t.Errorf("the password is told: %s", body)
			}
		})
	}
}

// TestAProxyThatHangs is given up, and at once where nobody waits any more.
func TestAProxyThatHangs(t *testing.T) {
	release := make(chan struct{})
	hangs := tcp(t, "tcp4", func(c *net.TCPConn) { <-release })
	defer close(release)
	for _, scheme := range []string{"http", "https", "socks5"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := intercept.NewDialer(&http.Transport{Proxy: fixed(t, scheme+"://"+hangs)})(ctx, "git.example.invalid:443")
		if err == nil || time.Since(start) > 5*time.Second {
			t.Errorf("%s: %v after %s", scheme, err, time.Since(start))
		}
	}
}

// TestTheWholeWay has an application, a person's own proxy, and what is passed
// on and what is looked into going through it.
func TestTheWholeWay(t *testing.T) {
	own := corporate.Start(t, corporate.Options{User: "jane", Password: "secret"})
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprint(rw, "hello", r.Header["Proxy-Authorization"])
	}),
		withScope(intercept.Scope{Runner: true}), func(c *intercept.Config) { c.Upstream.(*http.Transport).Proxy = fixed(t, own.UserURL()) })
	up := strings.TrimPrefix(w.up.URL, "https://")
	application := w.trusting(t, w.proxy.URL(), nil)
	installer := w.newClient()
	marked, _ := url.Parse(w.proxy.MarkedURL())
	installer.Transport.(*http.Transport).Proxy = http.ProxyURL(marked)
	defer installer.CloseIdleConnections()
	for name, client := range map[string]*http.Client{"application": application, "installer": installer} {
		resp, err := client.Get(w.up.URL + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "hello[]" || err != nil {
			t.Errorf("%s: %q, %v", name, body, err)
		}
	}
	if n := own.Count(up, http.StatusOK); n != 2 {
		t.Errorf("%v", own.Requests())
	}
	for _, r := range own.Requests() {
		if r.User != "jane" {
			t.Errorf("the person's proxy saw %+v", r)
		}
	}
	if s := w.proxy.Stats(); len(s.Tunnels) != 1 || s.Requests["other"] != 1 {
		t.Errorf("stats %+v", s)
	}
}
