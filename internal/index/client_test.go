package index

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assay"
	"assay/internal/pypi"
)

const jsonType = "application/vnd.pypi.simple.v1+json"

const samplePage = `{"meta":{"api-version":"1.3"},"name":"sample","versions":["1.0"],"files":[
 {"filename":"sample-1.0-py3-none-any.whl","url":"../../files/sample-1.0-py3-none-any.whl","size":3,
  "hashes":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
  "provenance":"https://index.example.invalid/p"}]}`

// short are limits under which a test of a misbehaving server takes no time.
func short() limits {
	l := defaults
	l.pageTime, l.provenanceTime, l.headerTime = 800*time.Millisecond, 800*time.Millisecond, 150*time.Millisecond
	l.idle, l.window, l.rate = 100*time.Millisecond, 200*time.Millisecond, 1000
	l.pageSize, l.provenanceSize, l.fileSize = 64<<10, 4<<10, 1<<20
	return l
}

// serve starts a server and returns its URL and a client with short limits.
func serve(t *testing.T, o Options, h http.HandlerFunc) (string, *Client) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, newClient(o, short())
}

func answerWith(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestPage(t *testing.T) {
	var got *http.Request
	base, c := serve(t, Options{UserAgent: "assay/1 test"}, func(w http.ResponseWriter, r *http.Request) {
		got = r
		answerWith(200, jsonType, samplePage)(w, r)
	})
	page, err := c.Page(t.Context(), base+"/simple/", "SAMPLE")
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Files) != 1 || page.Files[0].URL != base+"/files/sample-1.0-py3-none-any.whl" {
		t.Errorf("files = %+v", page.Files)
	}
	for header, want := range map[string]string{"Accept": acceptPage, "User-Agent": "assay/1 test", "Accept-Encoding": "gzip", "Authorization": ""} {
		if v := got.Header.Get(header); v != want {
			t.Errorf("%s: %q, want %q", header, v, want)
		}
	}
	if got.URL.Path != "/simple/sample/" {
		t.Errorf("path %q", got.URL.Path)
	}
}

// TestFlat: a page of links is asked for as it is named, once, and holds any project's files.
func TestFlat(t *testing.T) {
	var asked []string
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if r.URL.Path != "/links.html" {
			http.NotFound(w, r)
			return
		}
		answerWith(200, "text/html", `<a href="one-1.0.tar.gz">one</a> <a href="/x/two-2.0-py3-none-any.whl">two</a> <a href="more.html">more</a>`)(w, r)
	})
	for range 2 {
		page, err := c.Flat(t.Context(), base+"/links.html")
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Files) != 2 || page.Files[0].URL != base+"/one-1.0.tar.gz" || page.Files[1].URL != base+"/x/two-2.0-py3-none-any.whl" {
			t.Errorf("files = %+v", page.Files)
		}
	}
	if _, err := c.Flat(t.Context(), base+"/gone.html"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a page that is not there: %v", err)
	}
	if _, err := c.Flat(t.Context(), "ftp://files.example.invalid/"); !errors.Is(err, ErrURL) {
		t.Errorf("no page: %v", err)
	}
	if want := []string{"/links.html", "/gone.html"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

func TestPageGzip(t *testing.T) {
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, samplePage)
		z.Close()
	})
	if _, err := c.Page(t.Context(), base, "sample"); err != nil {
		t.Fatal(err)
	}
}

// squeezed returns n zero bytes as gzip.
func squeezed(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(make([]byte, n))
	z.Close()
	return b.Bytes()
}

func TestPageErrors(t *testing.T) {
	bomb := squeezed(10 << 20)
	gzipped := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", jsonType)
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(body)
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		text    string // with BASE for the server
		class   error
	}{
		{"none", answerWith(404, "text/html", "no"), "BASE/sample/ answered 404 Not Found", ErrNotFound},
		{"gone", answerWith(410, "text/html", "no"), "BASE/sample/ answered 410 Gone", ErrNotFound},
		{"busy", answerWith(503, "text/html", "no"), "BASE/sample/ answered 503 Service Unavailable", nil},
		{"forbidden", answerWith(403, "text/html", "no"), "BASE/sample/ answered 403 Forbidden", nil},
		{"empty", answerWith(204, jsonType, ""), "BASE/sample/ answered 204 No Content", nil},
		{"of a type of its own", answerWith(200, "application/pdf", "x"),
			`BASE/sample/ is no project page: content type "application/pdf": not a page of the simple repository API`, ErrContentType},
		{"another project's", answerWith(200, jsonType, strings.Replace(samplePage, `"name":"sample"`, `"name":"other"`, 1)),
			`BASE/sample/: malformed page: it is the page of "other", not of "sample"`, nil},
		{"a bomb", gzipped(bomb), "BASE/sample/ answered with more than 65536 bytes", ErrTooLarge},
		{"broken gzip", gzipped([]byte("not gzip at all")), "BASE/sample/ answered with broken gzip data", ErrEncoding},
		{"cut gzip", gzipped(squeezed(100)[:20]), "BASE/sample/ broke off in the middle of its answer", io.ErrUnexpectedEOF},
		{"gzip with a wrong sum", gzipped(append(squeezed(100)[:len(squeezed(100))-8], 1, 2, 3, 4, 100, 0, 0, 0)),
			"BASE/sample/ answered with broken gzip data", ErrEncoding},
		{"in a coding unasked for", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			io.WriteString(w, "x")
		}, `BASE/sample/ answered in the coding "br", which was not asked for`, ErrEncoding},
		{"announced huge", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "99999999999")
			w.Write([]byte("x"))
		}, "BASE/sample/ answered with more than 65536 bytes", ErrTooLarge},
		{"huge", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", jsonType)
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 8<<10)); err != nil {
					return
				}
			}
		}, "BASE/sample/ answered with more than 65536 bytes", ErrTooLarge},
		{"cut off", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte("{"))
		}, "BASE/sample/ broke off in the middle of its answer", io.ErrUnexpectedEOF},
		{"silent", func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("{"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "BASE/sample/ sent nothing for 100ms", ErrTimeout},
		{"a byte at a time", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write([]byte(" "))
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}, "BASE/sample/ sends less than 1000 bytes a second", ErrTooSlow},
		{"mute", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			"BASE/sample/ did not finish answering within 800ms", ErrTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, c := serve(t, Options{}, tt.handler)
			_, err := c.Page(t.Context(), base, "sample")
			want := strings.ReplaceAll(tt.text, "BASE", base)
			if err == nil || err.Error() != want {
				t.Fatalf("got  %v\nwant %s", err, want)
			}
			if tt.class != nil && !errors.Is(err, tt.class) {
				t.Errorf("%v is not %v", err, tt.class)
			}
		})
	}
}

func TestPageErrorTypes(t *testing.T) {
	base, c := serve(t, Options{}, answerWith(503, "text/html", ""))
	_, err := c.Page(t.Context(), base, "sample")
	var status *StatusError
	if !errors.As(err, &status) || status.Status != 503 {
		t.Errorf("%v is no StatusError of 503", err)
	}
	base, c = serve(t, Options{}, answerWith(200, jsonType, "{"))
	_, err = c.Page(t.Context(), base, "sample")
	var malformed *pypi.PageError
	if !errors.As(err, &malformed) {
		t.Errorf("%v is no PageError", err)
	}
	for index, want := range map[string]string{
		"ftp://index.example.invalid/simple": `"ftp://index.example.invalid/simple" is not an absolute http or https URL`,
		"/simple":                            `"/simple" is not an absolute http or https URL`,
		"http://[":                           "a URL that cannot be read is not asked for",
		"http://me:secret@/?token=secret":    `"http:///?…" is not an absolute http or https URL`,
	} {
		if _, err := c.Page(t.Context(), index, "sample"); err == nil || err.Error() != want || !errors.Is(err, ErrURL) {
			t.Errorf("%s: got %v, want %s", index, err, want)
		}
	}
	if _, err := c.Page(t.Context(), base, "no/name"); err == nil {
		t.Error("a name with a slash was asked for")
	}
}

func TestUnreachable(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	_, err := newClient(Options{}, short()).Page(t.Context(), s.URL, "sample")
	want := s.URL + "/sample/ cannot be reached: dial tcp " + strings.TrimPrefix(s.URL, "http://") + ": connect: connection refused"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRedirects(t *testing.T) {
	other := httptest.NewServer(answerWith(200, jsonType, samplePage))
	defer other.Close()
	to := func(location string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(302)
		}
	}
	tests := []struct {
		name, location, text string
	}{
		{"followed", other.URL + "/sample/", ""},
		{"in circles", "/sample/", "BASE/sample/ redirects more than 5 times"},
		{"to nowhere", "", "BASE/sample/ redirects without a usable location"},
		{"to no URL", "http://[", "BASE/sample/ redirects without a usable location"},
		{"to a file", "file:///etc/passwd", "BASE/sample/ redirects to file:///etc/passwd, which is not an http or https URL"},
		{"to a cloud's secrets", "http://169.254.169.254/latest?q=1",
			"BASE/sample/ redirects to http://169.254.169.254/latest?…, a link-local address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base, c := serve(t, Options{}, to(tt.location))
			_, err := c.Page(t.Context(), base, "sample")
			if tt.text == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := strings.ReplaceAll(tt.text, "BASE", base); err == nil || err.Error() != want || !errors.Is(err, ErrRedirect) {
				t.Fatalf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestMayLead(t *testing.T) {
	for _, tt := range []struct{ from, to, why string }{
		{"https://a.invalid/", "https://b.invalid/", ""},
		{"http://a.invalid/", "http://b.invalid/", ""},
		{"http://a.invalid/", "https://b.invalid/", ""},
		{"https://a.invalid/", "http://b.invalid/", "over plain http"},
		{"https://127.0.0.1/", "http://127.0.0.1:8080/", ""},
		{"https://a.invalid/", "http://127.0.0.1/", "on this computer"},
		{"https://a.invalid/", "https://localhost./", "on this computer"},
		{"https://a.invalid/", "https://x.localhost/", "on this computer"},
		{"https://a.invalid/", "https://[::1]/", "on this computer"},
		{"https://a.invalid/", "https://[::ffff:127.0.0.1]/", "on this computer"},
		{"https://a.invalid/", "https://0.0.0.0/", "on this computer"},
		{"https://a.invalid/", "https://[fe80::1]/", "a link-local address"},
		{"http://127.0.0.1/", "http://169.254.169.254/", "a link-local address"},
		{"https://a.invalid/", "gopher://b.invalid/", "which is not an http or https URL"},
		{"https://a.invalid/", "https:///x", "which is not an http or https URL"},
	} {
		from, _ := url.Parse(tt.from)
		to, _ := url.Parse(tt.to)
		if got := mayLead(from, to); got != tt.why {
			t.Errorf("%s to %s: %q, want %q", tt.from, tt.to, got, tt.why)
		}
	}
}

func TestCredentials(t *testing.T) {
	var seen sync.Map
	record := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			seen.Store(r.Host, user+":"+password)
			next(w, r)
		}
	}
	other := httptest.NewServer(record(answerWith(403, "text/html", "")))
	defer other.Close()
	base, c := serve(t, Options{}, record(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "//", "//evil:stolen@", 1)+"/x?token=secret#f", http.StatusFound)
	}))
	host, otherHost := strings.TrimPrefix(base, "http://"), strings.TrimPrefix(other.URL, "http://")
	_, err := c.Page(t.Context(), "http://me:secret@"+host+"/simple", "sample")
	if want := other.URL + "/x?… answered 403 Forbidden"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if v, _ := seen.Load(host); v != "me:secret" {
		t.Errorf("the index saw %v", v)
	}
	if v, _ := seen.Load(otherHost); v != ":" {
		t.Errorf("another origin saw %v", v)
	}

	c = newClient(Options{Credentials: func(origin string) (string, string, bool) {
		return "you", "pass", origin == other.URL
	}}, short())
	if _, err := c.Page(t.Context(), base, "sample"); err == nil {
		t.Fatal("no error")
	}
	if v, _ := seen.Load(host); v != ":" {
		t.Errorf("the index saw %v", v)
	}
	if v, _ := seen.Load(otherHost); v != "you:pass" {
		t.Errorf("another origin saw %v, want its own", v)
	}
}

func TestNoSecretsOfAProxy(t *testing.T) {
	c := newClient(Options{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New(`proxy "http://me:secret@proxy.invalid:1" is broken`)
	})}, short())
	_, err := c.Page(t.Context(), "https://a.invalid/simple", "sample")
	want := `https://a.invalid/simple/sample/ cannot be reached: proxy "http://…@proxy.invalid:1" is broken`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"https://me:secret@a.invalid:8443/x%2Fy?token=secret#frag": "https://a.invalid:8443/x%2Fy?…",
		"https://a.invalid/":                            "https://a.invalid/",
		"http://a.invalid/\x7f":                         "a URL that cannot be read",
		"mailto:me@a.invalid":                           "mailto:me@a.invalid",
		"https://a.invalid/" + strings.Repeat("x", 400): "https://a.invalid/" + strings.Repeat("x", 282) + "…",
	} {
		if got := RedactString(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestKey(t *testing.T) {
	same := [][2]string{
		{"https://A.invalid:443/f/x-1.0+cpu.whl#sha256=0", "https://me:pw@a.invalid/f/x-1.0%2Bcpu.whl"},
		{"http://a.invalid:80/%7Efoo", "http://a.invalid/~foo"},
	}
	for _, p := range same {
		if a, b := key(t, p[0]), key(t, p[1]); a != b {
			t.Errorf("%s and %s differ: %s, %s", p[0], p[1], a, b)
		}
	}
	other := [][2]string{
		{"https://a.invalid/x", "http://a.invalid/x"},
		{"https://a.invalid/x", "https://a.invalid:8443/x"},
		{"https://a.invalid/x%2Fy", "https://a.invalid/x/y"},
		{"https://a.invalid/x?v=1", "https://a.invalid/x"},
		{"https://a.invalid/x", "https://a.invalid/X"},
	}
	for _, p := range other {
		if a, b := key(t, p[0]), key(t, p[1]); a == b {
			t.Errorf("%s and %s are the same: %s", p[0], p[1], a)
		}
	}
}

func key(t *testing.T, s string) string {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return Key(u)
}

func wheelAt(url string) assay.Artifact {
	return assay.Artifact{Ecosystem: assay.PyPI, Project: "sample", Version: "1.0",
		Filename: "sample-1.0-py3-none-any.whl", URL: url}
}
