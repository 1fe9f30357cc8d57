package intercept_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/gate"
	"assay/internal/intercept"
)

func TestOtherRequestsAreCopied(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.Header().Set("Content-Encoding", "strange")
		rw.Header().Set("Etag", `"z"`)
		rw.Header().Set("Accept-Ranges", "bytes")
		rw.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(rw, "%s %s %s te=%q conn=%q x=%q pa=%q ua=%q ae=%q inm=%q", r.Method, r.URL.RequestURI(), body, r.Header["Te"], r.Header["Connection"],
			r.Header["X-Hop"], r.Header["Proxy-Authorization"], r.Header["User-Agent"], r.Header["Accept-Encoding"], r.Header["If-None-Match"])
	}))
	for _, method := range []string{"GET", "POST", "DELETE", "PROPFIND"} {
		r, _ := http.NewRequest(method, w.up.URL+"/a%2Fb//c?x=1&y", strings.NewReader("the body"))
		r.Header.Set("Connection", "X-Hop, keep-alive")
		r.Header.Set("X-Hop", "1")
		r.Header.Set("Te", "trailers")
		r.Header.Set("Proxy-Authorization", "secret")
		r.Header.Set("User-Agent", "pip/26.2")
		r.Header.Set("Accept-Encoding", "br, strange")
		r.Header.Set("If-None-Match", `"z"`)
		resp, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		want := method + ` /a%2Fb//c?x=1&y the body te=[] conn=[] x=[] pa=[] ua=["pip/26.2"] ae=["br, strange"] inm=["\"z\""]`
		if err != nil || string(body) != want || resp.StatusCode != 202 || resp.Header.Get("Content-Encoding") != "strange" || resp.Header.Get("Etag") != `"z"` {
			t.Errorf("%v, %v\n%s\n%s", resp, err, body, want)
		}
	}
	if log := w.desk.log(); len(log) > 0 {
		t.Errorf("the desk was asked %q", log)
	}
	s := w.proxy.Stats()
	if host := strings.TrimPrefix(w.up.URL, "https://"); s.Requests["other"] != 4 || s.Hosts[host] != 4 || len(s.HostNames()) != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestPlainHTTP(t *testing.T) {
	w := newWorld(t, http.NotFoundHandler())
	up := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.Host, r.URL) }))
	defer up.Close()
	_, body, err := w.get(t, up.URL+"/hello?x")
	if want := strings.TrimPrefix(up.URL, "http://") + "/hello?x"; err != nil || string(body) != want {
		t.Errorf("%q, %v", body, err)
	}
	if _, _, err := w.get(t, up.URL+wheel); err != nil || len(w.desk.log()) != 2 {
		t.Errorf("%v, %v", err, w.desk.log())
	}
}

func TestExpectContinue(t *testing.T) {
	for _, take := range []bool{true, false} {
		w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if !take {
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = io.Copy(rw, r.Body)
		}))
		w.client.Transport.(*http.Transport).ExpectContinueTimeout = 10 * time.Second
		for range 2 {
			r, _ := http.NewRequest("POST", w.up.URL+"/legacy/", bytes.NewReader(content(300_000)))
			r.Header.Set("Expect", "100-continue")
			start := time.Now()
			resp, err := w.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if take && !bytes.Equal(body, content(300_000)) || !take && resp.StatusCode != 401 || err != nil {
				t.Errorf("take %v: %v, %v", take, resp, err)
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("took %s", d)
			}
		}
	}
}

func TestUpgrade(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c, b, err := http.NewResponseController(rw).Hijack()
		if err != nil || r.Header.Get("Upgrade") != "echo" {
			t.Errorf("%v, %v", err, r.Header)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := b.ReadString('\n')
		_, _ = io.WriteString(c, "echo "+line)
	}))
	w.client.Timeout = 0 // or else the body cannot be written to
	r, _ := http.NewRequest("GET", w.up.URL+"/", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	resp, err := w.client.Do(r)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	c := resp.Body.(io.ReadWriteCloser)
	defer c.Close()
	_, _ = io.WriteString(c, "hello\n")
	if line, _ := bufio.NewReader(c).ReadString('\n'); line != "echo hello\n" {
		t.Errorf("%q", line)
	}
}

// raw sends bytes to the proxy and returns the first line of the answer.
func raw(t *testing.T, w *world, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(w.proxy.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = io.WriteString(c, request) }()
	line, _ := bufio.NewReader(c).ReadString('\n')
	return line
}

func TestRequestsThatAreNone(t *testing.T) {
	w := newWorld(t, http.NotFoundHandler())
	self := strings.TrimPrefix(w.proxy.URL(), "http://")
	_, port, _ := net.SplitHostPort(self)
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                          "HTTP/1.1 400 assay: this is assay's proxy, and the request is not for a proxy\r\n",
		"GET ftp://example.invalid/ HTTP/1.1\r\nHost: x\r\n\r\n":     "HTTP/1.1 400 assay: the proxy takes http URLs, and CONNECT for https\r\n",
		"GET https://example.invalid/ HTTP/1.1\r\nHost: x\r\n\r\n":   "HTTP/1.1 400 assay: the proxy takes http URLs, and CONNECT for https\r\n",
		"GET http://" + self + "/ HTTP/1.1\r\nHost: x\r\n\r\n":       "HTTP/1.1 508 assay: the request leads back to assay itself\r\n",
		"CONNECT localhost:" + port + " HTTP/1.1\r\nHost: x\r\n\r\n": "HTTP/1.1 508 assay: the request leads back to assay itself\r\n",
		"CONNECT nowhere HTTP/1.1\r\nHost: x\r\n\r\n":                "HTTP/1.1 400 assay: the request names no host and port to connect to\r\n",
		"CONNECT a..b:443 HTTP/1.1\r\nHost: x\r\n\r\n":               "HTTP/1.1 400 assay: the request names no host and port to connect to\r\n",
		"nonsense\r\n\r\n": "HTTP/1.1 400 assay: the request cannot be read\r\n",
		"GET http://a/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n": "HTTP/1.1 400 assay: the request cannot be read\r\n",
		"GET http://a/ HTTP/1.1\r\nTransfer-Encoding: strange\r\n\r\n":             "HTTP/1.1 400 assay: the request cannot be read\r\n",
		"GET http://a/ HTTP/1.1\r\nX: " + strings.Repeat("a", 300<<10):             "HTTP/1.1 431 assay: the request's head is too large\r\n",
	} {
		if got := raw(t, w, request); got != want {
			t.Errorf("%.60q\n got %q\nwant %q", request, got, want)
		}
	}
}

func TestInsideAConnection(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, "hello") }))
	authority := strings.TrimPrefix(w.up.URL, "https://")
	dial := func() *tls.Conn {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.proxy.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", authority, authority)
		b := make([]byte, len("HTTP/1.1 200 Connection established\r\n\r\n"))
		if _, err := io.ReadFull(c, b); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 200 ") {
			t.Fatalf("%q, %v", b, err)
		}
		return tls.Client(c, &tls.Config{RootCAs: w.roots, ServerName: "127.0.0.1", NextProtos: []string{"h2", "http/1.1"}})
	}
	c := dial()
	if err := c.Handshake(); err != nil || c.ConnectionState().NegotiatedProtocol != "http/1.1" {
		t.Fatalf("%v, %q", err, c.ConnectionState().NegotiatedProtocol)
	}
	// Two requests at once are answered in turn.
	fmt.Fprintf(c, "GET /a HTTP/1.1\r\nHost: %s\r\n\r\nGET /b HTTP/1.1\r\nHost: %s\r\n\r\n", authority, strings.ToUpper(authority))
	in := bufio.NewReader(c)
	for range 2 {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "hello" || err != nil {
			t.Errorf("%q, %v", body, err)
		}
	}
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: other.invalid\r\n\r\n":                 "HTTP/1.1 421 assay: the request is for another host than the connection\r\n",
		"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n":                 "HTTP/1.1 400 assay: the request names no host and port to connect to\r\n",
		"GET / HTTP/1.0\r\nHost: " + authority + "\r\n\r\n":             "HTTP/1.1 200 OK\r\n",
		"GET " + wheel + " HTTP/1.0\r\nHost: " + authority + "\r\n\r\n": "HTTP/1.1 200 OK\r\n",
	} {
		c := dial()
		_, _ = io.WriteString(c, request)
		in := bufio.NewReader(c)
		if line, err := in.ReadString('\n'); line != want {
			t.Errorf("%q: got %q, %v", request, line, err)
		}
		if rest, _ := io.ReadAll(in); !strings.Contains(string(rest), "Connection: close\r\n") {
			t.Errorf("%q: %q", request, rest)
		}
	}
}

func TestUpstreamsThatCannotBeReached(t *testing.T) {
	w := newWorld(t, http.NotFoundHandler(), func(c *intercept.Config) {
		tr := &http.Transport{}
		intercept.Tune(tr)
		c.Upstream = tr
	})
	resp, body, err := w.get(t, wheel)
	host := strings.TrimPrefix(w.up.URL, "https://")
	if err != nil || resp.Status != "502 assay: "+host+": its certificate is signed by an authority that is not trusted here" {
		t.Fatalf("%v, %v", resp, err)
	}
	if p := problemOf(t, resp, body); p.Hint != "if your network has a certificate authority of its own, name its file in SSL_CERT_FILE" || p.Title != "assay could not pass it on" {
		t.Errorf("%+v", p)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	for _, target := range []string{wheel, "/simple/", "/other"} {
		resp, body, err := w.get(t, "https://"+closed+target, "Accept", pipAccept)
		if err != nil || resp.Status != "502 assay: "+closed+": it could not be reached" {
			t.Errorf("%v, %v", resp, err)
			continue
		}
		problemOf(t, resp, body)
	}
	if resp, _, err := w.get(t, "https://nowhere.invalid/x"); err != nil || resp.Status != "502 assay: nowhere.invalid: its address could not be found" {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestAHungUpstreamAnswerIsNotComplete(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = rw.Write(content(200_000))
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	}))
	if _, body, err := w.get(t, "/other"); err == nil {
		t.Errorf("%d bytes seemed complete", len(body))
	}
}

func TestCredentialsAreHandedOver(t *testing.T) {
	var mu sync.Mutex
	got := map[string]string{}
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.Header.Get("Authorization")) }),
		func(c *intercept.Config) {
			c.Credentials = func(origin, authorization string) {
				mu.Lock()
				defer mu.Unlock()
				got[origin] = authorization
			}
		})
	_, body, err := w.get(t, "/simple/foo/", "Accept", pipAccept, "Authorization", "Basic c2VjcmV0")
	if err != nil || string(body) != "Basic c2VjcmV0" || len(got) != 1 || got[w.up.URL] != "Basic c2VjcmV0" {
		t.Errorf("%q, %v, %v", body, err, got)
	}
}

func TestSecretsAreNotLogged(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }), func(c *intercept.Config) {
		c.Log = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return log.Write(p)
		}), &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, target := range []string{"/secret/simple/foo/", "/secret" + wheel + "?token=secret", "/secret"} {
		resp, body, err := w.get(t, target, "Accept", pipAccept, "Authorization", "secret")
		if err != nil || strings.Contains(resp.Status+string(body), "secret") {
			t.Errorf("%v, %v, %s", resp, err, body)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if log.Len() == 0 || strings.Contains(log.String(), "secret") {
		t.Errorf("the log says\n%s", &log)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestCloseDrains(t *testing.T) {
	started, goOn := make(chan struct{}), make(chan struct{})
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(started)
			<-goOn
		}
		fmt.Fprint(rw, "done")
	}))
	if _, _, err := w.get(t, "/quick"); err != nil {
		t.Fatal(err)
	}
	var body []byte
	var err error
	var wg sync.WaitGroup
	wg.Go(func() { _, body, err = w.get(t, "/slow") })
	<-started
	time.AfterFunc(50*time.Millisecond, func() { close(goOn) })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s := w.proxy.Close(ctx)
	wg.Wait()
	if err != nil || string(body) != "done" || s.Requests["other"] != 2 || ctx.Err() != nil {
		t.Errorf("%q, %v, %+v", body, err, s)
	}
	if _, _, err := w.get(t, "/quick"); err == nil {
		t.Error("a closed proxy answers")
	}
}

func TestCloseCutsWhatHangs(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	failed := make(chan error, 1)
	go func() {
		_, _, err := w.get(t, "/hangs")
		failed <- err
	}()
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	w.proxy.Close(ctx)
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("closing took %s", d)
	}
	<-failed
}

// TestMemoryIsFlat streams 300 MB and looks at the heap on the way.
func TestMemoryIsFlat(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector keeps memory of its own, and takes minutes")
	}
	const size, chunk = 300 << 20, 1 << 20
	data := content(chunk)
	h := assay.NewHasher(nil)
	for range size / chunk {
		h.Write(data)
	}
	var most atomic.Uint64
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", fmt.Sprint(size))
		for i := range size / chunk {
			if _, err := rw.Write(data); err != nil {
				return
			}
			if i%20 == 0 {
				var m runtime.MemStats
				runtime.GC() // what tests before this one left behind does not count
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc))
			}
		}
	}))
	w.desk.file = func(*url.URL) (*catalog.File, error) {
		f := promise("foo-1.0-py3-none-any.whl", nil)
		f.Promised, f.Size = h.Content().Digests, size
		return f, nil
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	resp, err := w.client.Get(w.up.URL + wheel)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || n != size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if used := int64(most.Load()) - int64(before.HeapAlloc); used > 24<<20 {
		t.Errorf("the heap grew by %d MiB", used>>20)
	}
}

// TestCurl asks with curl, which is neither Go nor Python.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	data := content(9 << 20)
	w := newWorld(t, serve(data))
	w.desk.file = func(u *url.URL) (*catalog.File, error) {
		if strings.Contains(u.Path, "bad") {
			return promise("bad-1.0.tar.gz", slices.Concat(data[1:], data[:1])), nil
		}
		return promise("foo-1.0-py3-none-any.whl", data), nil
	}
	dir := t.TempDir()
	bundle, out := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "out")
	if err := os.WriteFile(bundle, w.ca.Bundle(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		cmd := exec.Command(curl, append([]string{"-sS", "--cacert", bundle, "--proxy", w.proxy.URL(), "--noproxy", "", "-o", out}, args...)...)
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	if text, err := run(w.up.URL + wheel); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got, _ := os.ReadFile(out); !bytes.Equal(got, data) {
		t.Errorf("%d bytes arrived", len(got))
	}
	bad := w.up.URL + "/bad-1.0.tar.gz"
	if text, err := run(bad); err == nil {
		t.Errorf("a wrong file seemed complete: %s", text)
	}
	if got, _ := os.ReadFile(out); len(got) >= len(data)-1 {
		t.Errorf("%d bytes of a wrong file arrived", len(got))
	}
	var exit *exec.ExitError
	if text, err := run("-C", "-", "--fail", bad); !errors.As(err, &exit) || !strings.Contains(text, "403") {
		t.Errorf("resumed: %v, %s", err, text)
	}
}

// TestHTTP2Upstream has an upstream that speaks HTTP/2, and cuts it off.
func TestHTTP2Upstream(t *testing.T) {
	data := content(9 << 20)
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("asked in %s", r.Proto)
		}
		rw.Header().Set("Content-Length", fmt.Sprint(len(data)))
		if strings.Contains(r.URL.Path, "cut") {
			_, _ = rw.Write(data[:5<<20])
			panic(http.ErrAbortHandler)
		}
		_, _ = rw.Write(data)
	}))
	up.EnableHTTP2 = true
	up.StartTLS()
	defer up.Close()
	w := newWorld(t, http.NotFoundHandler())
	for range 2 {
		if resp, body, err := w.get(t, up.URL+wheel); err != nil || !bytes.Equal(body, data) || resp.Status != "200 OK" || resp.ProtoMajor != 1 {
			t.Errorf("%v, %v, %d bytes", resp, err, len(body))
		}
	}
	if resp, body, err := w.get(t, up.URL+"/cut-1.0.tar.gz"); err == nil || len(body) >= len(data) {
		t.Errorf("%v, %d bytes", resp, len(body))
	}
	if got := w.desk.causes(); len(got) != 1 || !strings.Contains(got[0], "file.truncated: "+gate.ErrTruncated.Error()) {
		t.Errorf("the desk heard %v", got)
	}
}
