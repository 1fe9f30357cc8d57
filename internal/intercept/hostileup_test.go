package intercept_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/gate"
	"assay/internal/intercept"
)

// script is what a hostile server does with a connection once it has read a
// request.
type script func(c net.Conn)

// say writes a text and hangs up, properly.
func say(text string) script {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

// forever writes first, and then the rest over and over until nobody listens.
func forever(first, rest string, pause time.Duration) script {
	return func(c net.Conn) {
		_, err := io.WriteString(c, first)
		for err == nil {
			_, err = io.WriteString(c, rest)
			time.Sleep(pause)
		}
	}
}

func (s script) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s(c)
	_ = c.Close()
}

// hostileWorld is a world in a hurry. Its desk knows the file's digest, and takes
// only JSON for a page.
func hostileWorld(t *testing.T, handler http.Handler, file []byte) *world {
	t.Helper()
	w := newWorld(t, handler, withLimits(gate.Limits{Idle: 700 * time.Millisecond}), func(c *intercept.Config) {
		up := c.Upstream.(*http.Transport)
		up.ResponseHeaderTimeout, up.TLSHandshakeTimeout = time.Second, time.Second
		up.DisableKeepAlives = true // what is left of one answer is not taken for the next
	})
	w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", file), nil }
	w.desk.page = func(_ *url.URL, _ string, body []byte) (catalog.Page, error) {
		if json.Valid(body) {
			return catalog.Page{Body: body}, nil
		}
		d := assay.Refuse(assay.Artifact{}, assay.PageMalformed, "it is no JSON")
		return catalog.Page{Refusal: &d}, nil
	}
	return w
}

const bounded = 15 * time.Second

// try asks for something and returns the status line, "cut" where the answer did
// not come to its end. Nothing may take long.
func (w *world) try(t *testing.T, target string, whole []byte, headers ...string) string {
	t.Helper()
	w.desk.mu.Lock()
	w.desk.refused = nil // what was refused before is tried again
	w.desk.mu.Unlock()
	start := time.Now()
	resp, body, err := w.get(t, target, headers...)
	if took := time.Since(start); took > bounded {
		t.Errorf("%s: it took %s", target, took)
	}
	switch {
	case err != nil && resp == nil:
		return "no answer: " + err.Error()
	case err != nil:
		return "cut"
	case resp.StatusCode == http.StatusOK && !bytes.Equal(body, whole):
		return fmt.Sprintf("%d other bytes", len(body))
	}
	return strings.Replace(resp.Status, strings.TrimPrefix(w.up.URL, "https://"), "HOST", 1)
}

const (
	ok        = "200 OK"
	noWeb     = "502 assay: HOST: it did not answer as a web server does"
	noAnswer  = "502 assay: HOST: it closed the connection without an answer"
	late      = "502 assay: HOST: it did not answer in time"
	endsEarly = "502 assay: HOST: the answer ended early"
	slow      = "502 assay: HOST: it sends too slowly"
	noJSON    = "403 assay: the index page cannot be read without doubt: it is no JSON (page.malformed)"
	mismatch  = "403 assay: the file's bytes are not the ones that were promised (digest.mismatch)"
	truncated = "403 assay: the file ended before its announced length (file.truncated)"
)

// TestHostileAnswers has servers answer in every wrong way. body stands for the
// right bytes. What is not asserted per kind is asserted of all: a page and a
// file arrive whole and right or not at all, and nothing takes long.
func TestHostileAnswers(t *testing.T) {
	log.SetOutput(io.Discard) // net/http tells of answers that nobody asked for
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	const body = `{"files":[],"name":"foo"}`
	sized := func(headers, b string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", headers, len(body), b)
	}
	chunked := func(chunks string) string {
		return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
	}
	one := fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	length := func(v string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + v + "\r\n\r\n" + body }
	status := func(s string) string { return "HTTP/1.1 " + s + "\r\nContent-Length: 0\r\n\r\n" }
	was := func(n int, what string) string {
		return fmt.Sprintf("502 assay: HOST: it answered with status %d where a %s was asked for", n, what)
	}
	for _, c := range []struct {
		name             string
		script           script
		page, file, copy string
	}{
		{"right", say(sized("", body)), ok, ok, ok},
		{"right, chunked", say(chunked(one + "0\r\n\r\n")), ok, ok, ok},
		{"right, to the end", say("HTTP/1.1 200 OK\r\n\r\n" + body), ok, ok, ok},
		{"right, with a trailer", say(chunked(one + "0\r\nX-A: b\r\n\r\n")), ok, ok, ok},

		{"endless headers", forever("HTTP/1.1 200 OK\r\n", "X-A: "+strings.Repeat("a", 1000)+"\r\n", 0), noWeb, noWeb, noWeb},
		{"an endless header", forever("HTTP/1.1 200 OK\r\nX-A: ", strings.Repeat("a", 1000), 0), noWeb, noWeb, noWeb},
		{"an endless status line", forever("HTTP/1.1 200 ", strings.Repeat("a", 1000), 0), noWeb, noWeb, noWeb},
		{"silence", func(net.Conn) { time.Sleep(1500 * time.Millisecond) }, late, late, late},
		{"a slow head", forever("HTTP/1.1 200 OK\r\nX-A: ", "a", 50*time.Millisecond), late, late, late},
		{"a slow body", forever(length("100000"), "a", 800*time.Millisecond), slow, mismatch, "-"},
		{"silence in the body", func(c net.Conn) { say(sized("", body[:9]))(c); time.Sleep(1500 * time.Millisecond) }, slow, truncated, "cut"},
		{"hangs up", func(net.Conn) {}, noAnswer, noAnswer, noAnswer},
		{"resets", func(c net.Conn) {
			_ = c.(*tls.Conn).NetConn().(*net.TCPConn).SetLinger(0)
			_ = c.(*tls.Conn).NetConn().Close()
		}, "", "", ""},
		{"another protocol", say("SSH-2.0-OpenSSH_9.2\r\n"), noWeb, noWeb, noWeb},
		{"HTTP/0.9", say(body), noWeb, noWeb, noWeb},
		{"HTTP/1.0", say("HTTP/1.0 200 OK\r\n\r\n" + body), ok, ok, ok},
		{"HTTP/9.9", say(strings.Replace(sized("", body), "1.1", "9.9", 1)), "", "", ""},
		{"a short status", say(status("20 OK")), noWeb, noWeb, noWeb},
		{"a negative status", say(status("-20 OK")), noWeb, noWeb, noWeb},
		{"status 000", say(status("000 X")), "", "", ""},
		{"status 299", say(status("299 X")), was(299, "page"), was(299, "file"), "299 X"},
		{"status 999", say(status("999 X")), "999 X", "999 X", "999 X"},
		{"204", say("HTTP/1.1 204 No Content\r\n\r\n"), was(204, "page"), was(204, "file"), "204 No Content"},
		{"205", say(status("205 Reset Content")), was(205, "page"), was(205, "file"), "205 Reset Content"},
		{"206", say(strings.Replace(sized("Content-Range: bytes 0-24/25\r\n", body), "200 OK", "206 Partial Content", 1)), was(206, "page"), was(206, "file"), "206 Partial Content"},
		{"304", say("HTTP/1.1 304 Not Modified\r\n\r\n"), was(304, "page"), was(304, "file"), "304 Not Modified"},
		{"101", say("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), was(101, "page"), was(101, "file"), ""},

		{"a few hints before", say(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 3) + sized("", body)), ok, ok, ok},
		{"endless hints", forever("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 0), noWeb, noWeb, noWeb},
		{"endless hints, slowly", forever("", "HTTP/1.1 103 Early Hints\r\n\r\n", 20*time.Millisecond), late, late, late},
		{"endless continues", forever("", "HTTP/1.1 100 Continue\r\n\r\n", 0), noWeb, noWeb, noWeb},

		{"a length too short", say(length("10")), noJSON, mismatch, "10 other bytes"},
		{"a length too long", say(length("26")), endsEarly, mismatch, "cut"},
		{"a negative length", say(length("-1")), noWeb, noWeb, noWeb},
		{"a length with a sign", say(length("+25")), noWeb, noWeb, noWeb},
		{"a length in hex", say(length("0x19")), noWeb, noWeb, noWeb},
		{"a length beyond 64 bits", say(length("99999999999999999999")), noWeb, noWeb, noWeb},
		{"a huge length", say(length("9223372036854775807")), "403 assay: the index page cannot be read without doubt: it is larger than 64 MiB (page.malformed)", mismatch, "cut"},
		{"the length twice", say(sized("Content-Length: 25\r\n", body)), ok, ok, ok},
		{"two lengths", say(sized("Content-Length: 10\r\n", body)), noWeb, noWeb, noWeb},
		{"two lengths in one", say(length("25, 25")), noWeb, noWeb, noWeb},
		{"length and chunks", say(strings.Replace(chunked(one+"0\r\n\r\n"), "Transfer", "Content-Length: 3\r\nTransfer", 1)), ok, ok, ok},
		{"a length of nothing", say(length("0")), noJSON, mismatch, "0 other bytes"},

		{"a chunk without a size", say(chunked("\r\n" + body + "\r\n0\r\n\r\n")), endsEarly, truncated, "cut"},
		{"a chunk size that is none", say(chunked("xyz\r\n" + body)), endsEarly, truncated, "cut"},
		{"a negative chunk size", say(chunked("-19\r\n" + body)), endsEarly, truncated, "cut"},
		{"a chunk size beyond 64 bits", say(chunked("fffffffffffffffff\r\n" + body)), endsEarly, truncated, "cut"},
		{"a huge chunk", say(chunked("7fffffffffffffff\r\n" + body)), endsEarly, truncated, "cut"},
		{"megabytes of chunk extension", say(chunked("19;a=" + strings.Repeat("a", 2<<20) + "\r\n" + body + "\r\n0\r\n\r\n")), endsEarly, truncated, "cut"},
		{"endless chunk extensions", forever(chunked(""), "1;a="+strings.Repeat("a", 1000)+"\r\nx\r\n", 0), endsEarly, truncated, "cut"},
		{"no last chunk", say(chunked(one)), endsEarly, truncated, "cut"},
		{"no end behind a chunk", say(chunked(strings.TrimSuffix(one, "\r\n") + "0\r\n\r\n")), endsEarly, truncated, "cut"},
		{"no end behind the last chunk", say(chunked(one + "0\r\n")), endsEarly, truncated, "cut"},
		{"an endless trailer", forever(chunked(one+"0\r\n"), "X-A: "+strings.Repeat("a", 1000)+"\r\n", 0), endsEarly, truncated, "cut"},
		{"a trailer with a length", say(chunked(one + "0\r\nContent-Length: 3\r\n\r\n")), "", "", ""},
		{"a trailer that is none", say(chunked(one + "0\r\nfoo\r\n\r\n")), endsEarly, truncated, "cut"},
		{"endless empty lines", forever(chunked(one), "\r\n", 0), endsEarly, truncated, "cut"},
		{"chunked twice", say(strings.Replace(chunked(one+"0\r\n\r\n"), "chunked", "chunked, chunked", 1)), noWeb, noWeb, noWeb},
		{"gzip and chunked", say(strings.Replace(chunked(one+"0\r\n\r\n"), "chunked", "gzip, chunked", 1)), noWeb, noWeb, noWeb},
		{"another transfer encoding", say(strings.Replace(sized("Transfer-Encoding: identity\r\n", body), "x", "x", 1)), noWeb, noWeb, noWeb},

		{"a range that is the whole", say(sized("Content-Range: bytes 5-29/30\r\n", body)), ok, ok, ok},
		{"a header without a name", say(sized(": x\r\n", body)), noWeb, noWeb, noWeb},
		{"a header with a space", say(sized("X A: b\r\n", body)), ok, ok, ok},
		{"a header with a null", say(sized("X-A: a\x00b\r\n", body)), "", "", ""},
		{"a header with a return", say(sized("X-A: a\rX-B: c\r\n", body)), "", "", ""},
		{"a folded header", say(sized("X-A: a\r\n b\r\n", body)), ok, ok, ok},
		{"lines end with LF", say(strings.ReplaceAll(sized("", body), "\r\n", "\n")), ok, ok, ok},
		{"a second answer behind", say(sized("", body) + sized("", strings.ToUpper(body))), ok, ok, ok},
		{"a redirect to itself", say("HTTP/1.1 302 Found\r\nLocation: " + wheel + "\r\nContent-Length: 0\r\n\r\n"), "302 Found",
			"502 assay: HOST: a redirect that is not followed: there are more than 5", "302 Found"},
		{"two places", say("HTTP/1.1 302 Found\r\nLocation: /a.whl\r\nLocation: /b.whl\r\nContent-Length: 0\r\n\r\n"), "302 Found", "", "302 Found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := hostileWorld(t, c.script, []byte(body))
			for _, r := range []struct{ path, accept, encoding, want string }{
				{"/simple/foo/", pipAccept, "identity", c.page},
				{"/simple/foo/", pipAccept, "gzip", c.page},
				{wheel, "*/*", "identity", c.file},
				{wheel + ".metadata", "*/*", "gzip", c.file},
				{"/x", "*/*", "gzip", c.copy},
			} {
				if r.want == "-" {
					continue // a copied stream may be as slow as it likes
				}
				got := w.try(t, r.path, []byte(body), "Accept", r.accept, "Accept-Encoding", r.encoding)
				if got == late && strings.Contains(c.name, "endless") {
					continue // a slow machine is not sent too much in time
				}
				if r.want != "" && got != r.want || strings.HasPrefix(got, "no answer") || r.path != "/x" && strings.HasSuffix(got, "other bytes") {
					t.Errorf("%s, %s: %s, want %s", r.path, r.encoding, got, r.want)
				}
			}
		})
	}
}

// TestAnAnswerThatEndsAnywhere ends a right answer after each of its bytes, in two
// ways: as TLS ends, and without that.
func TestAnAnswerThatEndsAnywhere(t *testing.T) {
	const body = `{"files":[]}`
	for name, answer := range map[string]string{
		"length":  fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
		"chunked": fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%s\r\n7\r\n%s\r\n0\r\n\r\n", body[:5], body[5:]),
		"neither": "HTTP/1.1 200 OK\r\n\r\n" + body,
	} {
		for _, rude := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, rude %v", name, rude), func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				end := 0
				w := hostileWorld(t, script(func(c net.Conn) {
					mu.Lock()
					defer mu.Unlock()
					_, _ = io.WriteString(c, answer[:end])
					if rude {
						_ = c.(*tls.Conn).NetConn().Close()
					}
				}), []byte(body))
				for n := range len(answer) + 1 {
					mu.Lock()
					end = n
					mu.Unlock()
					whole := n == len(answer)
					for kind, accept := range map[string]string{"/simple/foo/": pipAccept, wheel: "*/*", wheel + ".metadata": "*/*"} {
						got := w.try(t, kind, []byte(body), "Accept", accept)
						if whole != (got == ok) || strings.HasPrefix(got, "no answer") || strings.HasSuffix(got, "other bytes") {
							t.Errorf("after %d of %d bytes, %s: %s", n, len(answer), kind, got)
						}
					}
				}
			})
		}
	}
}

// TestHostileTLS has servers fail at TLS in every way.
func TestHostileTLS(t *testing.T) {
	hour := time.Now().Add(time.Hour)
	withCertificate := func(c tls.Certificate) script {
		return func(conn net.Conn) { _ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{c}}).Handshake() }
	}
	known := httptest.NewTLSServer(nil)
	t.Cleanup(known.Close)
	old := func(conn net.Conn) {
		_ = tls.Server(conn, &tls.Config{Certificates: known.TLS.Certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}).Handshake()
	}
	for name, c := range map[string]struct {
		script script
		name   string
		want   string
	}{
		"unknown authority":        {withCertificate(selfSigned(t, hour, "other.example.invalid")), "", "its certificate is signed by an authority that is not trusted here"},
		"expired":                  {withCertificate(selfSigned(t, time.Now().Add(-time.Hour), "x.example.invalid")), "", "its certificate has expired or is not valid yet"},
		"another name":             {withCertificate(known.TLS.Certificates[0]), "other.example.invalid", "its certificate is for another host"},
		"not TLS":                  {say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "", "it does not speak TLS"},
		"hangs up":                 {func(net.Conn) {}, "", "it closed the connection without an answer"},
		"silence":                  {func(net.Conn) { time.Sleep(1500 * time.Millisecond) }, "", "it did not answer in time"},
		"old":                      {old, "", "it refused the TLS connection"},
		"an endless handshake":     {forever("", "\x16\x03\x03\x40\x00"+strings.Repeat("\x02\x00\x3f\xfc", 4096), 0), "", ""},
		"a certificate of nothing": {withCertificate(tls.Certificate{}), "", "it refused the TLS connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						defer conn.Close()
						hello := make([]byte, 4096) // the client speaks first
						n, _ := conn.Read(hello)
						c.script(&readBack{conn, hello[:n]})
					}()
				}
			}()
			w := hostileWorld(t, http.NotFoundHandler(), nil)
			host := l.Addr().String()
			if c.name != "" {
				w = newWorld(t, http.NotFoundHandler(), func(config *intercept.Config) {
					config.Upstream.(*http.Transport).TLSClientConfig.ServerName = c.name
				})
			}
			for kind, accept := range map[string]string{"/simple/foo/": pipAccept, wheel: "*/*", "/x": "*/*"} {
				start := time.Now()
				resp, _, err := w.get(t, "https://"+host+kind, "Accept", accept)
				if err != nil || resp.StatusCode != 502 || c.want != "" && resp.Status != "502 assay: "+host+": "+c.want || time.Since(start) > bounded {
					t.Errorf("%s: %v, %v, after %s", kind, resp, err, time.Since(start))
				}
			}
		})
	}
}

// readBack is a connection of which the first bytes were read.
type readBack struct {
	net.Conn
	early []byte
}

func (c *readBack) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// TestHostileHTTP2 has an HTTP/2 server reset its streams.
func TestHostileHTTP2(t *testing.T) {
	data := content(300_000)
	for name, c := range map[string]struct {
		handler    http.HandlerFunc
		page, file string
	}{
		"right":                {func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(data) }, noJSON, ok},
		"reset at once":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, noWeb, noWeb},
		"reset behind headers": {func(w http.ResponseWriter, r *http.Request) { flush(w); panic(http.ErrAbortHandler) }, endsEarly, truncated},
		"reset in the body": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(data[:100_000])
			flush(w)
			panic(http.ErrAbortHandler)
		}, endsEarly, truncated},
		"a length too long": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "300001")
			_, _ = w.Write(data)
		}, "", mismatch},
		"endless hints": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Header().Set("X-A", strings.Repeat("a", 1000))
				w.WriteHeader(103)
			}
		}, "", ""},
		"silence":      {func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, late, late},
		"a large head": {func(w http.ResponseWriter, r *http.Request) { w.Header()["X-A"] = []string{strings.Repeat("a", 1<<20)} }, "", ""},
		"resumed": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"x"`)
			if r.Header.Get("Range") == "" {
				w.Header().Set("Content-Length", "300000")
				_, _ = w.Write(data[:100_000])
				flush(w)
				panic(http.ErrAbortHandler)
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		}, endsEarly, ok},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := httptest.NewUnstartedServer(c.handler)
			up.EnableHTTP2 = true
			up.Config.ErrorLog = log.New(io.Discard, "", 0)
			up.StartTLS()
			t.Cleanup(up.Close)
			w := hostileWorld(t, http.NotFoundHandler(), data)
			w.up.URL, up.URL = up.URL, w.up.URL
			t.Cleanup(func() { w.up.URL = up.URL })
			for kind, want := range map[string]string{"/simple/foo/": c.page, wheel: c.file} {
				accept := "*/*"
				if kind != wheel {
					accept = pipAccept
				}
				got := w.try(t, kind, data, "Accept", accept)
				if want != "" && got != want || want == "" && got == ok || strings.HasPrefix(got, "no answer") {
					t.Errorf("%s: %s, want %s", kind, got, want)
				}
			}
		})
	}
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
