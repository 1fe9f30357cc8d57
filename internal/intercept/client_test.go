package intercept_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"assay/internal/intercept"
)

func withScope(s intercept.Scope) option { return func(c *intercept.Config) { c.Scope = s } }

func withDial(dial func(ctx context.Context, hostport string) (net.Conn, error)) option {
	return func(c *intercept.Config) { c.Dial = dial }
}

func hurried(d time.Duration) option { return func(c *intercept.Config) { intercept.Hurry(c, d) } }

// dial opens a connection to the proxy.
func (w *world) dial(t testing.TB) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(w.proxy.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

// connect asks the proxy to connect, and returns the head of the answer.
func (w *world) connect(t testing.TB, target string, header ...string) (*net.TCPConn, *bufio.Reader, *http.Response) {
	t.Helper()
	c := w.dial(t)
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", target, target, strings.Join(append(header, ""), "\r\n"))
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	return c, in, resp
}

// tcp serves one function per connection on loopback.
func tcp(t testing.TB, network string, handle func(c *net.TCPConn)) (address string) {
	t.Helper()
	l, err := net.Listen(network, map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}[network])
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(c.(*net.TCPConn))
			}()
		}
	}()
	return l.Addr().String()
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Errorf("%s: not within 10 seconds", what)
}

// trusting returns a client that goes through the proxy and trusts the upstream
// itself, not the proxy's authority.
func (w *world) trusting(t testing.TB, proxyURL string, connect http.Header) *http.Client {
	t.Helper()
	u, err := url.Parse(proxyURL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(w.up.Certificate())
	tr := &http.Transport{Proxy: http.ProxyURL(u), ProxyConnectHeader: connect, TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}
