package intercept_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/intercept"
)

// TestNoTLSInside connects and then speaks something else.
func TestNoTLSInside(t *testing.T) {
	w := newWorld(t, hello, hurried(300*time.Millisecond))
	for _, c := range []struct{ target, sent, answer, why string }{
		{"plain.example.invalid:80", "GET / HTTP/1.1\r\nHost: plain.example.invalid\r\n\r\n", "HTTP/1.1 400 assay: a connection to plain.example.invalid:80 must speak TLS: ask for http URLs without connecting\r\n",
			"the client does not speak TLS in it"},
		{"ssh.example.invalid:443", "SSH-2.0-OpenSSH_9\r\n", "", "the client does not speak TLS in it"},
		{"old.example.invalid:443", "\x80\x2e\x01\x00\x02", "", "the client does not speak TLS in it"},
		{"cut.example.invalid:443", "\x16\x03\x01\x02", "", "the client did not go through with TLS"},
		{"slow.example.invalid:443", "", "", "the client did not go through with TLS"},
		{"huge.example.invalid:443", "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70000), "", "the client does not speak TLS in it"},
		{"garbage.example.invalid:443", "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "", "no TLS that both sides know"},
	} {
		conn, in, resp := w.connect(t, c.target)
		if resp.StatusCode != 200 {
			t.Fatal(resp.Status)
		}
		_, _ = io.WriteString(conn, c.sent)
		if c.sent != "" && c.answer == "" {
			_ = conn.CloseWrite()
		}
		line, _ := in.ReadString('\n')
		if !strings.HasPrefix(line, c.answer) || c.answer == "" && strings.HasPrefix(line, "HTTP") {
			t.Errorf("%s: %q", c.target, line)
		}
		eventually(t, c.target+" is explained", func() bool {
			for _, u := range w.proxy.Stats().Unopened {
				if u == (intercept.Unopened{Host: c.target, Why: c.why, Count: 1}) {
					return true
				}
			}
			return false
		})
		if t.Failed() {
			t.Fatalf("%+v", w.proxy.Stats().Unopened)
		}
	}
	// Who thinks better of it before a byte is no failure.
	before := w.proxy.Stats().Failed
	conn, in, _ := w.connect(t, "closed.example.invalid:443")
	_ = conn.CloseWrite()
	_, _ = io.ReadAll(in)
	if s := w.proxy.Stats(); s.Failed != before {
		t.Errorf("stats %+v", s)
	}
	w.stillServes(t)
}

// TestSlowHeads sends heads that never end.
func TestSlowHeads(t *testing.T) {
	w := newWorld(t, hello, hurried(300*time.Millisecond))
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for i := range 100 {
		c := w.dial(t)
		wg.Go(func() {
			start := time.Now()
			_, _ = io.WriteString(c, "GET http://127.0.0.1:1/ HTTP/1.1\r\n")
			if i%2 == 0 {
				go func() {
					for range 200 {
						if _, err := io.WriteString(c, "X: "); err != nil {
							return
						}
						time.Sleep(20 * time.Millisecond)
					}
				}()
			}
			_, err := io.Copy(io.Discard, c)
			if d := time.Since(start); d > 4*time.Second {
				t.Errorf("connection %d lasted %s, %v", i, d, err)
			}
			_ = c.Close()
		})
	}
	w.stillServes(t)
	wg.Wait()
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+10 })
}

// TestThousandsOfConnections opens more connections than are served at a time,
// says nothing on them or half a head, and installs something.
func TestThousandsOfConnections(t *testing.T) {
	w := newWorld(t, hello, func(c *intercept.Config) { intercept.Hurry(c, time.Minute) }, func(c *intercept.Config) { intercept.Crowd(c, 200*time.Millisecond) })
	before := runtime.NumGoroutine()
	const n = 2 * intercept.MaxConns
	conns := make([]*net.TCPConn, n)
	for i := range conns {
		conns[i] = w.dial(t)
		if i%2 == 0 {
			_, _ = io.WriteString(conns[i], "GET http://127.0.0.1:1/ HT")
		}
	}
	start := time.Now()
	for range 5 {
		w.stillServes(t)
	}
	if d := time.Since(start); d > 60*time.Second {
		t.Errorf("five requests took %s", d)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+10 })
	w.stillServes(t)
}

// TestStuckRequestsMakeRoom fills every place with requests that hang.
func TestStuckRequestsMakeRoom(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hangs" {
			<-r.Context().Done()
			return
		}
		fmt.Fprint(rw, "hello")
	}), func(c *intercept.Config) { intercept.Crowd(c, 200*time.Millisecond) })
	hangs := httptest.NewServer(w.up.Config.Handler)
	defer hangs.Close()
	defer func() { // before the upstream, which waits for its requests
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		w.proxy.Close(ctx)
	}()
	conns := make([]*net.TCPConn, intercept.MaxConns)
	for i := range conns {
		conns[i] = w.dial(t)
		fmt.Fprintf(conns[i], "GET %s/hangs HTTP/1.1\r\nHost: x\r\n\r\n", hangs.URL)
	}
	w.stillServes(t)
	for _, c := range conns {
		_ = c.Close()
	}
}

// TestHalfClosedClients end their side and still want an answer.
func TestHalfClosedClients(t *testing.T) {
	w := newWorld(t, hello)
	up := httptest.NewServer(hello)
	defer up.Close()
	for range 50 {
		c := w.dial(t)
		fmt.Fprintf(c, "GET %s/ HTTP/1.1\r\nHost: x\r\n\r\n", up.URL)
		_ = c.CloseWrite()
		all, err := io.ReadAll(c)
		if err != nil || !strings.HasSuffix(string(all), "hello") {
			t.Fatalf("%q, %v", all, err)
		}
		nothing := w.dial(t)
		_ = nothing.CloseWrite()
		if all, err := io.ReadAll(nothing); err != nil || len(all) != 0 {
			t.Fatalf("%q, %v", all, err)
		}
	}
	w.stillServes(t)
}

// TestARefusalIsHeard sends a large body to who refuses at once: the refusal
// arrives all the same.
func TestARefusalIsHeard(t *testing.T) {
	w := newWorld(t, hello)
	for range 20 {
		c := w.dial(t)
		go func() {
			fmt.Fprintf(c, "CONNECT mail.example.invalid:25 HTTP/1.1\r\nHost: x\r\n\r\n")
			_, _ = c.Write(make([]byte, 200_000))
		}()
		all, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 403 assay: ") || !strings.HasSuffix(string(all), "}\n") {
			t.Fatalf("%q, %v", all, err)
		}
	}
}

// TestIPv6 asks an upstream that has only that, in each way, by each spelling.
func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	up := httptest.NewUnstartedServer(hello)
	up.Listener.Close()
	up.Listener = l
	up.StartTLS()
	defer up.Close()
	plain := tcp(t, "tcp6", func(c *net.TCPConn) {
		q, err := http.ReadRequest(bufio.NewReader(c))
		if err == nil {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(q.Host), q.Host)
		}
	})
	w := newWorld(t, hello, withScope(intercept.Scope{Runner: true, Indexes: []string{"[::1]:" + port}}))
	for _, host := range []string{"[::1]:" + port, "[0:0:0:0:0:0:0:1]:" + port} {
		resp, body, err := w.get(t, "https://"+host+"/x", "Host", host)
		if err != nil || string(body) != "hello" {
			t.Errorf("%s: %v, %v, %q", host, resp, err, body)
		}
	}
	if resp, body, err := w.get(t, "http://"+plain+"/x", "User-Agent", "pip/26"); err != nil || string(body) != plain {
		t.Errorf("%v, %v, %q", resp, err, body)
	}
	if resp, _, err := w.get(t, "http://"+plain+wheel, "User-Agent", "pip/26"); err != nil || resp.StatusCode != 200 {
		t.Errorf("%v, %v", resp, err)
	}
	if s := w.proxy.Stats(); len(s.Tunnels) != 0 || s.Hosts["[::1]:"+port] != 2 {
		t.Errorf("stats %+v", s)
	}
}
