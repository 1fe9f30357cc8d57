package intercept_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"

	"assay"
	"assay/internal/catalog"
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
