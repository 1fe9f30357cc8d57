package intercept_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/intercept"
)

// recorder is an upstream without TLS that notes what it is asked, framed as it
// understood it.
type recorder struct {
	*httptest.Server
	mu  sync.Mutex
	got []string
}

func record(t *testing.T) *recorder {
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		line := fmt.Sprintf("%s %s %q %d %q", q.Method, q.RequestURI, body, q.ContentLength, q.TransferEncoding)
		for _, name := range []string{"X", "X-Injected", "Upgrade", "Connection", "Expect", "Trailer"} {
			if v := q.Header[name]; v != nil {
				line += fmt.Sprintf(" %s=%q", name, v)
			}
		}
		if err != nil {
			line += " " + err.Error()
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, line)
		_, _ = io.WriteString(rw, "ok")
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// answers sends bytes to the proxy, ends its side, and returns the status lines of
// the answers, the last of which may be followed by anything.
func answers(t *testing.T, c net.Conn, request string) (statuses []string, all string) {
	t.Helper()
	go func() {
		_, _ = io.WriteString(c, request)
		_ = c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	var b bytes.Buffer
	in := bufio.NewReader(io.TeeReader(c, &b))
	for {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return statuses, b.String()
		}
		statuses = append(statuses, resp.Status)
		_, _ = io.Copy(io.Discard, resp.Body)
	}
}

// stillServes asserts that the proxy serves an installer.
func (w *world) stillServes(t *testing.T) {
	t.Helper()
	client := w.newClient()
	defer client.CloseIdleConnections()
	resp, err := client.Get(w.up.URL + "/still")
	if err != nil {
		t.Errorf("the proxy no longer serves: %v", err)
		return
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); string(body) != "hello" || err != nil {
		t.Errorf("the proxy serves %v, %q, %v", resp, body, err)
	}
}

var hello = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, "hello") })

const (
	unreadable = "400 assay: the request cannot be read"
	notForUs   = "400 assay: this is assay's proxy, and the request is not for a proxy"
	notHTTP    = "400 assay: the proxy takes http URLs, and CONNECT for https"
	noTarget   = "400 assay: the request names no host and port to connect to"
	noHost     = "400 assay: the request names no host"
	noResource = "400 assay: the request names no resource"
)

// TestRequestsThatCouldBeReadTwice sends what two readers could frame or read
// differently: the upstream gets it framed anew, or not at all.
func TestRequestsThatCouldBeReadTwice(t *testing.T) {
	up := record(t)
	w := newWorld(t, hello)
	at := up.URL
	host := strings.TrimPrefix(at, "http://")
	for _, c := range []struct {
		name, request string
		answers       []string
		upstream      []string
	}{
		{"both lengths, chunked first", "POST " + at + "/a HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1\r\nZ\r\n0\r\n\r\n",
			[]string{"200 OK"}, []string{`POST /a "Z" -1 ["chunked"]`}},
		{"both lengths, with a request behind", "POST " + at + "/a HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET " + at + "/b HTTP/1.1\r\nHost: x\r\n\r\n",
			[]string{"200 OK", "200 OK"}, []string{`POST /a "" -1 ["chunked"]`, `GET /b "" 0 []`}},
		{"two lengths", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nZZ", []string{unreadable}, nil},
		{"one length twice", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nZ", []string{"200 OK"}, []string{`POST /a "Z" 1 []`}},
		{"a list of lengths", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\nZZ", []string{unreadable}, nil},
		{"a signed length", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\nZ", []string{unreadable}, nil},
		{"a length in hex", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\nZ", []string{unreadable}, nil},
		{"a negative length", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nZ", []string{unreadable}, nil},
		{"a length in a name with a space", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\nZ", []string{unreadable}, nil},
		{"an encoding in a name with a space", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", []string{unreadable}, nil},
		{"two encodings", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", []string{unreadable}, nil},
		{"a list of encodings", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", []string{unreadable}, nil},
		{"an odd encoding", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", []string{unreadable}, nil},
		{"an encoding behind a tab", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", []string{unreadable}, nil},
		{"chunks in HTTP/1.0", "POST " + at + "/a HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nZ\r\n", []string{"200 OK"}, []string{`POST /a "Z" 1 []`}},
		{"bare line feeds", "POST " + at + "/a HTTP/1.1\nHost: x\nContent-Length: 1\nX: 1\n\nZ", []string{"200 OK"}, []string{`POST /a "Z" 1 [] X=["1"]`}},
		{"a bare return in a value", "GET " + at + "/a HTTP/1.1\r\nHost: x\r\nX: 1\rX-Injected: 2\r\n\r\n", []string{unreadable}, nil},
		{"a nul in a value", "GET " + at + "/a HTTP/1.1\r\nHost: x\r\nX: 1\x002\r\n\r\n", []string{unreadable}, nil},
		{"a folded value", "GET " + at + "/a HTTP/1.1\r\nHost: x\r\nX: 1\r\n X-Injected: 2\r\n\r\n", []string{"200 OK"}, []string{`GET /a "" 0 [] X=["1 X-Injected: 2"]`}},
		{"a name that is none", "GET " + at + "/a HTTP/1.1\r\nHost: x\r\nX(: 1\r\n\r\n", []string{unreadable}, nil},
		{"a name with nothing", "GET " + at + "/a HTTP/1.1\r\nHost: x\r\n: 1\r\n\r\n", []string{unreadable}, nil},
		{"no colon", "GET " + at + "/a HTTP/1.1\r\nHost: x\r\nX\r\n\r\n", []string{unreadable}, nil},
		{"lines in a URL", "GET " + at + "/a%0d%0aX-Injected:%201 HTTP/1.1\r\nHost: x\r\n\r\n", []string{"200 OK"}, []string{`GET /a%0d%0aX-Injected:%201 "" 0 []`}},
		{"a return in a URL", "GET " + at + "/a\rX HTTP/1.1\r\nHost: x\r\n\r\n", []string{unreadable}, nil},
		{"a line feed in a URL", "GET " + at + "/a\nX-Injected: 1 HTTP/1.1\r\nHost: x\r\n\r\n", []string{unreadable}, nil},
		{"lines in a host", "GET http://127.0.0.1%0d%0aX-Injected:%201/ HTTP/1.1\r\nHost: x\r\n\r\n", []string{unreadable}, nil},
		{"lines in a query", "GET " + at + "/a?b%0d%0aX-Injected:%201 HTTP/1.1\r\nHost: x\r\n\r\n", []string{"200 OK"}, []string{`GET /a?b%0d%0aX-Injected:%201 "" 0 []`}},
		{"two hosts", "GET " + at + "/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", []string{unreadable}, nil},
		{"a user in the URL", "GET http://user:pw@" + host + "/a HTTP/1.1\r\nHost: x\r\n\r\n", []string{"200 OK"}, []string{`GET /a "" 0 []`}},
		{"an odd version", "GET " + at + "/a HTTP/3.0\r\nHost: x\r\n\r\n", []string{unreadable}, nil},
		{"a preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []string{unreadable}, nil},
		{"endless extensions of a chunk", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("a", 1<<20) + "\r\nZ\r\n0\r\n\r\n",
			[]string{"502 assay: " + host + ": it did not answer as a web server does"}, nil},
		{"extensions of many chunks", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("a", 2000)+"\r\nZ\r\n", 200) + "0\r\n\r\n",
			[]string{"502 assay: " + host + ": it did not answer as a web server does"}, nil},
		{"a chunk that ends in a bare line feed", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\nZ\r\n0\r\n\r\n",
			[]string{"502 assay: " + host + ": it did not answer as a web server does"}, nil},
		{"a chunk of a size beyond all", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nZ\r\n0\r\n\r\n",
			[]string{"502 assay: " + host + ": it did not answer as a web server does"}, nil},
		{"a trailer", "POST " + at + "/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Injected\r\n\r\n1\r\nZ\r\n0\r\nX-Injected: 1\r\n\r\n", []string{"200 OK"}, []string{`POST /a "Z" -1 ["chunked"]`}},
		{"many at once", strings.Repeat("GET "+at+"/p HTTP/1.1\r\nHost: x\r\n\r\n", 50), slicesRepeat("200 OK", 50), slicesRepeat(`GET /p "" 0 []`, 50)},
		{"garbage behind a good one", "GET " + at + "/p HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03\x01\x02", []string{"200 OK", unreadable}, []string{`GET /p "" 0 []`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			statuses, all := answers(t, w.dial(t), c.request)
			if !reflect.DeepEqual(statuses, c.answers) {
				t.Errorf("answers %q, want %q\n%.300s", statuses, c.answers, all)
			}
			var got []string
			for _, line := range up.take() {
				if !strings.Contains(line, "EOF") { // cut off on the way, and seen to be
					got = append(got, line)
				}
			}
			if !reflect.DeepEqual(got, c.upstream) {
				t.Errorf("the upstream got\n%q, want\n%q", got, c.upstream)
			}
			if strings.Contains(all, "\nX-Injected") {
				t.Errorf("injected\n%s", all)
			}
		})
	}
	w.stillServes(t)
}

func slicesRepeat(s string, n int) []string {
	return strings.Split(strings.Repeat(s+"\n", n-1)+s, "\n")
}

// TestRequestsForOtherThings asks the proxy for what is not a web server's.
func TestRequestsForOtherThings(t *testing.T) {
	w := newWorld(t, hello)
	for request, want := range map[string]string{
		"GET ftp://files.example.invalid/foo-1.0.tar.gz HTTP/1.1":    notHTTP,
		"GET file:///etc/passwd HTTP/1.1":                            notForUs,
		"GET file://localhost/etc/passwd HTTP/1.1":                   notHTTP,
		"GET gopher://example.invalid:70/1 HTTP/1.1":                 notHTTP,
		"GET ws://example.invalid/ HTTP/1.1":                         notHTTP,
		"GET HTTPS://example.invalid/ HTTP/1.1":                      notHTTP,
		"GET http:example.invalid/ HTTP/1.1":                         noResource,
		"GET mailto:a@example.invalid HTTP/1.1":                      noResource,
		"GET //example.invalid/ HTTP/1.1":                            notForUs,
		"GET http:///path HTTP/1.1":                                  notForUs,
		"GET http://a..b/ HTTP/1.1":                                  noHost,
		"GET http://[fe80::1%25eth0]/ HTTP/1.1":                      noHost,
		"GET http://example.invalid:99999/ HTTP/1.1":                 noHost,
		"GET http://example.invalid:x/ HTTP/1.1":                     unreadable,
		"GET http://%C3%A4.example.invalid/ HTTP/1.1":                noHost,
		"GET  http://example.invalid/ HTTP/1.1":                      unreadable,
		"GET http://example.invalid/":                                unreadable,
		"GET http://example.invalid/ HTTP/1.1 x":                     unreadable,
		"G(T http://example.invalid/ HTTP/1.1":                       unreadable,
		"OPTIONS * HTTP/1.1":                                         notForUs,
		"CONNECT user:pw@example.invalid:443 HTTP/1.1":               noTarget,
		"CONNECT example.invalid:443/path HTTP/1.1":                  noTarget,
		"CONNECT example.invalid:443?q HTTP/1.1":                     noTarget,
		"CONNECT https://example.invalid:443 HTTP/1.1":               noTarget,
		"CONNECT /example.invalid:443 HTTP/1.1":                      noTarget,
		"CONNECT example.invalid HTTP/1.1":                           noTarget,
		"CONNECT example.invalid: HTTP/1.1":                          noTarget,
		"CONNECT :443 HTTP/1.1":                                      noTarget,
		"CONNECT ::1:443 HTTP/1.1":                                   unreadable,
		"CONNECT [fe80::1%25eth0]:443 HTTP/1.1":                      noTarget,
		"CONNECT example.invalid:99999 HTTP/1.1":                     noTarget,
		"CONNECT example%0d%0aX:443 HTTP/1.1":                        unreadable,
		"CONNECT * HTTP/1.1":                                         noTarget,
		"CONNECT example.invalid:443 HTTP/1.1\r\nContent-Length: 5":  noTarget,
		"CONNECT a:443 HTTP/1.1\r\nTransfer-Encoding: chunked":       noTarget,
		"CONNECT 10.0.0.1:443 HTTP/1.1":                              "403 assay: the run's certificate authority may not name this host: 10.0.0.1 is no configured index's address",
		"CONNECT 127.0.0.1:25 HTTP/1.1":                              "403 assay: the connection is to a port where no web server is: 127.0.0.1:25 (transport.tunnel-port)",
		"CONNECT example.invalid:25 HTTP/1.1\r\nUser-Agent: uv/0.13": "403 assay: the connection is to a port where no web server is: example.invalid:25 (transport.tunnel-port)",
	} {
		got, all := answers(t, w.dial(t), request+"\r\nHost: x\r\n\r\n")
		if len(got) != 1 || got[0] != want {
			t.Errorf("%q\n got %q\nwant %q\n%s", request, got, want, all)
		}
	}
	w.stillServes(t)
}

// TestRequestsInsideForOtherThings asks for them in a connection that is opened.
func TestRequestsInsideForOtherThings(t *testing.T) {
	var mu sync.Mutex
	var got []string
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.Host+r.RequestURI)
		fmt.Fprint(rw, "hello")
	}))
	host := strings.TrimPrefix(w.up.URL, "https://")
	const elsewhere = "421 assay: the request is for another host than the connection"
	for request, want := range map[string]string{
		"GET x:bar HTTP/1.1\r\nHost: " + host:                          noResource,
		"GET x://other.invalid" + wheel + " HTTP/1.1\r\nHost: " + host: elsewhere,
		"GET https://other.invalid/ HTTP/1.1\r\nHost: " + host:         elsewhere,
		"GET ftp://" + host + "/ HTTP/1.1\r\nHost: " + host:            elsewhere,
		"GET http://" + host + "/ HTTP/1.1\r\nHost: " + host:           elsewhere,
		"GET / HTTP/1.1":                                                        elsewhere,
		"GET / HTTP/1.1\r\nHost: user@" + host:                                  elsewhere,
		"GET / HTTP/1.1\r\nHost: " + host + "0":                                 elsewhere,
		"GET / HTTP/1.1\r\nHost: " + host + ":1":                                elsewhere,
		"PRI * HTTP/2.0":                                                        unreadable,
		"CONNECT " + host + " HTTP/1.1\r\nHost: " + host:                        noTarget,
		"GET https://" + host + "/a HTTP/1.1\r\nHost: " + host:                  "200 OK",
		"GET https://x@" + host + "/b HTTP/1.1\r\nHost: other":                  "200 OK",
		"GET //other.invalid/c HTTP/1.1\r\nHost: " + host:                       "200 OK",
		"GET /d HTTP/1.1\r\nHost: " + host + "\r\nHost: other.invalid":          unreadable,
		"GET /e HTTP/1.1\r\nHost: 0x7f.1:" + strings.TrimPrefix(host, "127."):   elsewhere,
		"GET /f#fragment HTTP/1.1\r\nHost: " + host:                             "200 OK",
		"GET /g/../../h HTTP/1.1\r\nHost: " + host:                              "200 OK",
		"GET /i HTTP/1.1\r\nX-Forwarded-Host: other.invalid\r\nHost: " + host:   "200 OK",
		"GET /j HTTP/1.1\r\nHost: [::ffff:127.0.0.1]" + host[len("127.0.0.1"):]: "200 OK",
	} {
		c, _, resp := w.connect(t, host)
		if resp.StatusCode != 200 {
			t.Fatal(resp.Status)
		}
		inner := tls.Client(c, &tls.Config{RootCAs: w.roots, ServerName: "127.0.0.1"})
		statuses, all := answers(t, inner, request+"\r\n\r\n")
		if len(statuses) != 1 || statuses[0] != want {
			t.Errorf("%q\n got %q\nwant %q\n%s", request, statuses, want, all)
		}
	}
	mu.Lock()
	for _, line := range got {
		if !strings.HasPrefix(line, host+"/") {
			t.Errorf("the upstream got %q", line)
		}
	}
	mu.Unlock()
	w.stillServes(t)
}

// TestNamesInRefusals has a file name that would begin lines of its own, refused.
func TestNamesInRefusals(t *testing.T) {
	w := newWorld(t, hello)
	w.desk.file = func(u *url.URL) (*catalog.File, error) {
		f := deny("x", assay.FileUnreadableName)
		f.Judgement.Decision = assay.Refuse(assay.Artifact{}, assay.FileUnreadableName, u.Path)
		return f, nil
	}
	statuses, all := answers(t, w.dial(t), "GET http://127.0.0.1:1/a%0d%0aX-Injected:%201%0d%0a%0d%0a-1.0.tar.gz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if len(statuses) != 1 || !strings.HasPrefix(statuses[0], "403 assay: ") || strings.Contains(all, "\nX-Injected") {
		t.Errorf("%q\n%s", statuses, all)
	}
}

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

// TestUpgradesThatAreNone asks to switch to what could carry anything, and has an
// upstream switch unasked.
func TestUpgradesThatAreNone(t *testing.T) {
	up := record(t)
	w := newWorld(t, hello)
	for header, want := range map[string]string{
		"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n": `GET /u "" 0 []`,
		"Connection: upgrade\r\nUpgrade: HTTP/2.0\r\n":                                 `GET /u "" 0 []`,
		"Connection: upgrade\r\nUpgrade: websocket, H2C\r\n":                           `GET /u "" 0 []`,
		"Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n":                `GET /u "" 0 []`,
		"Connection: upgrade\r\nUpgrade: TLS/1.3\r\n":                                  `GET /u "" 0 []`,
		"Upgrade: websocket\r\n":                                                       `GET /u "" 0 []`,
		"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n":           `GET /u "Z" 1 []`,
		"Connection: upgrade\r\nUpgrade: websocket\r\n":                                `GET /u "" 0 [] Upgrade=["websocket"] Connection=["Upgrade"]`,
	} {
		statuses, all := answers(t, w.dial(t), "GET "+up.URL+"/u HTTP/1.1\r\nHost: x\r\n"+header+"\r\nZ")
		if got := up.take(); len(statuses) == 0 || statuses[0] != "200 OK" || !reflect.DeepEqual(got, []string{want}) {
			t.Errorf("%q: the upstream got %q\n%s", header, got, all)
		}
	}
	eager := "http://" + tcp(t, "tcp4", func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for {
			if line, err := in.ReadString('\n'); err != nil || line == "\r\n" {
				break
			}
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nanything")
		_, _ = io.Copy(io.Discard, in)
	})
	for _, path := range []string{"/other", wheel} {
		statuses, all := answers(t, w.dial(t), "GET "+eager+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if len(statuses) != 1 || !strings.HasPrefix(statuses[0], "502 assay: ") || strings.Contains(all, "anything") {
			t.Errorf("%s: %q\n%s", path, statuses, all)
		}
	}
	w.stillServes(t)
}

// TestExpectations expects what is not to be had, again and again.
func TestExpectations(t *testing.T) {
	up := record(t)
	w := newWorld(t, hello)
	for _, c := range []struct{ request, upstream string }{
		{"GET %s/e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", `GET /e "" 0 []`},
		{"POST %s/e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", `POST /e "" 0 []`},
		{"POST %s/e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue, 100-continue\r\nContent-Length: 1\r\n\r\nZ", `POST /e "Z" 1 []`},
		{"POST %s/e HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nZ", `POST /e "Z" 1 []`},
	} {
		request := fmt.Sprintf(c.request, up.URL)
		statuses, all := answers(t, w.dial(t), strings.Repeat(request, 3))
		if len(statuses) == 0 || statuses[len(statuses)-1] != "200 OK" && !strings.HasPrefix(statuses[len(statuses)-1], "417") {
			t.Errorf("%q: %q\n%s", c.request, statuses, all)
		}
		for _, got := range up.take() {
			if !strings.HasPrefix(got, c.upstream) {
				t.Errorf("%q: the upstream got %q", c.request, got)
			}
		}
	}
	w.stillServes(t)
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
