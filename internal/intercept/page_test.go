package intercept_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/gate"
)

const (
	jsonPage  = "application/vnd.pypi.simple.v1+json"
	pipAccept = jsonPage + ", application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
)

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// indexPage serves a page like a good index: validated, gzipped if asked for.
func indexPage(t *testing.T, body []byte) http.HandlerFunc {
	var served atomic.Bool
	return func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"If-None-Match", "If-Modified-Since", "Range"} {
			if v := r.Header.Get(name); v != "" && (name != "If-None-Match" || v != `"one"` || !served.Load()) {
				t.Errorf("the index was sent %s: %s", name, v)
			}
		}
		served.Store(true)
		h := w.Header()
		h.Set("Content-Type", jsonPage)
		h.Set("Etag", `"one"`)
		h.Set("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT")
		h.Set("Cache-Control", "max-age=600")
		h.Set("Vary", "Accept")
		h.Set("X-Serial", "17")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped(body))
			return
		}
		_, _ = w.Write(body)
	}
}

func TestAnUneditedPagePassesAsItIs(t *testing.T) {
	body := []byte(`{"name":"foo","files":[]}`)
	for _, encoding := range []string{"", "gzip, deflate, zstd", "gzip;q=0, br"} {
		w := newWorld(t, indexPage(t, body))
		w.desk.page = func(u *url.URL, contentType string, got []byte) (catalog.Page, error) {
			if !bytes.Equal(got, body) || contentType != jsonPage || u.String() != w.up.URL+"/simple/foo/" {
				t.Errorf("the desk was shown %s %s %q", u, contentType, got)
			}
			return catalog.Page{Body: got}, nil
		}
		resp, got, err := w.get(t, "/simple/foo/", "Accept", pipAccept, "Accept-Encoding", encoding,
			"If-None-Match", `"two"`, "If-Modified-Since", "Mon, 02 Nov 2026 10:00:00 GMT", "Range", "bytes=0-5")
		if err != nil {
			t.Fatal(err)
		}
		want := body
		if encoding == "gzip, deflate, zstd" {
			want = zipped(body)
			if resp.Header.Get("Content-Encoding") != "gzip" {
				t.Errorf("%q: headers %v", encoding, resp.Header)
			}
		}
		if resp.Status != "200 OK" || !bytes.Equal(got, want) || resp.ContentLength != int64(len(want)) {
			t.Errorf("%q: %v, %q", encoding, resp, got)
		}
		for name, v := range map[string]string{"Etag": `"one"`, "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT", "Cache-Control": "max-age=600",
			"Vary": "Accept", "X-Serial": "17", "Content-Type": jsonPage} {
			if resp.Header.Get(name) != v {
				t.Errorf("%q: %s is %q", encoding, name, resp.Header.Get(name))
			}
		}
	}
}

func TestAnEditedPageLivesInNoCache(t *testing.T) {
	edited := []byte(`{"name":"foo","files":[{"yanked":"no"}]}`)
	w := newWorld(t, indexPage(t, []byte(`{}`)))
	w.desk.page = func(*url.URL, string, []byte) (catalog.Page, error) {
		return catalog.Page{Body: edited, Edited: true}, nil
	}
	resp, got, err := w.get(t, "/simple/foo/", "Accept", pipAccept, "Accept-Encoding", "gzip")
	if err != nil || !bytes.Equal(got, edited) || resp.ContentLength != int64(len(edited)) {
		t.Fatalf("%v, %v, %q", resp, err, got)
	}
	for name, v := range map[string]string{"Etag": "", "Last-Modified": "", "Cache-Control": "no-store", "Content-Encoding": "",
		"Vary": "Accept", "X-Serial": "17", "Content-Type": jsonPage} {
		if resp.Header.Get(name) != v {
			t.Errorf("%s is %q", name, resp.Header.Get(name))
		}
	}
}

func TestPagesThatTheDeskDoesNotPass(t *testing.T) {
	w := newWorld(t, indexPage(t, []byte(`{}`)))
	refusal := assay.Refuse(assay.Artifact{Project: "foo"}, assay.PageMalformed, "no name")
	w.desk.page = func(*url.URL, string, []byte) (catalog.Page, error) { return catalog.Page{Refusal: &refusal}, nil }
	resp, body, err := w.get(t, "/simple/foo/", "Accept", pipAccept)
	if err != nil || resp.Status != "403 assay: the index page cannot be read without doubt: no name (page.malformed)" {
		t.Fatalf("%v, %v", resp, err)
	}
	problemOf(t, resp, body)
	w.desk.page = func(*url.URL, string, []byte) (catalog.Page, error) { return catalog.Page{}, errors.New("disk full") }
	if resp, _, err = w.get(t, "/simple/foo/", "Accept", pipAccept); err != nil || resp.StatusCode != 502 {
		t.Errorf("%v, %v", resp, err)
	}
	w.desk.page = func(*url.URL, string, []byte) (catalog.Page, error) { panic("a bug") }
	if resp, _, err = w.get(t, "/simple/foo/", "Accept", pipAccept); err != nil || resp.StatusCode != 502 {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestPagesThatAreNoPages(t *testing.T) {
	send := func(encoding string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", jsonPage)
			if encoding != "" {
				w.Header().Set("Content-Encoding", encoding)
			}
			_, _ = w.Write(body)
		}
	}
	bomb := zipped(make([]byte, 40<<20))
	const malformed = "403 assay: the index page cannot be read without doubt: "
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		status  string
	}{
		"bomb":           {send("gzip", bomb), malformed + "its first 4096 bytes decode to more than 1310720 (page.malformed)"},
		"bomb in layers": {send("gzip, gzip", zipped(zipped(nil))), malformed + `it is encoded as "gzip, gzip", which was not asked for (page.malformed)`},
		"not gzip":       {send("gzip", []byte("plain")), malformed + "its gzip encoding is broken (page.malformed)"},
		"cut gzip":       {send("gzip", zipped(content(5000))[:3000]), malformed + "its gzip encoding is broken (page.malformed)"},
		"brotli":         {send("br", []byte("x")), malformed + `it is encoded as "br", which was not asked for (page.malformed)`},
		"announced too large": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(64<<20+1))
			w.WriteHeader(200)
		}, malformed + "it is larger than 64 MiB (page.malformed)"},
		"truncated": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "502 assay: HOST: the answer ended early"},
		"no answer": {func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
			"502 assay: HOST: it closed the connection without an answer"},
		"truncated chunks": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "502 assay: HOST: the answer ended early"},
		"slow": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		}, "502 assay: HOST: it sends too slowly"},
		"not modified":      {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(304) }, "502 assay: HOST: it answered with status 304 where a page was asked for"},
		"partial":           {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(206) }, "502 assay: HOST: it answered with status 206 where a page was asked for"},
		"non-authoritative": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(203) }, "502 assay: HOST: it answered with status 203 where a page was asked for"},
		"not found":         {http.NotFound, "404 Not Found"},
		"moved":             {http.RedirectHandler("/simple/foo/", http.StatusMovedPermanently).ServeHTTP, "301 Moved Permanently"},
		"moved nowhere":     {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(302) }, "502 assay: HOST: it answered with status 302 where a page was asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.handler, withLimits(gate.Limits{MinRate: 1 << 16, RateWindow: 100 * time.Millisecond}))
			resp, _, err := w.get(t, "/simple/foo/", "Accept", pipAccept, "Accept-Encoding", "gzip")
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(c.status, "HOST", strings.TrimPrefix(w.up.URL, "https://"), 1); resp.Status != want {
				t.Errorf("status %q, want %q", resp.Status, want)
			}
			// The desk is told of every page that could not be read, so that it is in
			// the report, and is never asked to judge one.
			told := "unread /simple/foo/ page.unavailable: "
			if strings.Contains(c.status, "page.malformed") {
				told = "unread /simple/foo/ page.malformed: "
			}
			if log := w.desk.log(); len(log) > 1 || len(log) == 1 && !strings.HasPrefix(log[0], told) || len(log) == 0 && strings.Contains(c.status, "page.malformed") {
				t.Errorf("the desk was told %q", log)
			}
		})
	}
}

// A page that nobody asked for as a page is one all the same.
func TestAPageIsKnownByItsType(t *testing.T) {
	var asked atomic.Int32
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		rw.Header().Set("Content-Type", "Application/vnd.pypi.simple.v1+html")
		_, _ = io.WriteString(rw, "<a href=x>")
	}))
	w.desk.page = func(*url.URL, string, []byte) (catalog.Page, error) {
		return catalog.Page{Body: []byte("edited"), Edited: true}, nil
	}
	_, body, err := w.get(t, "/simple/foo/", "Accept", "*/*", "Accept-Encoding", "br")
	if err != nil || string(body) != "edited" || asked.Load() != 2 {
		t.Errorf("%q, %v, asked %d times", body, err, asked.Load())
	}
	if s := w.proxy.Stats(); s.Requests["page"] != 1 || len(s.Hosts) != 0 {
		t.Errorf("stats %+v", s)
	}
}

// uv and Poetry ask for flat pages of links in their own ways; a browser's HTML is
// not ours.
func TestPagesOfLinks(t *testing.T) {
	for _, c := range []struct {
		agent, path, accept string
		pages               int
	}{
		{"uv/0.13.9 {\"ci\":null}", "/links.html", "text/html", 1},
		{"poetry/2.5.1 CPython/3.13", "/links.html", "*/*", 1},
		{"poetry/2.5.1 CPython/3.13", "/links.htm", "*/*", 1},
		{"poetry/2.5.1 CPython/3.13", "/links", "*/*", 0},
		{"curl/8", "/links.html", "text/html", 0},
	} {
		w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(rw, "<a href=foo-1.0.tar.gz>foo-1.0.tar.gz</a>")
		}))
		if _, _, err := w.get(t, c.path, "Accept", c.accept, "User-Agent", c.agent); err != nil {
			t.Fatal(err)
		}
		if got := w.proxy.Stats().Requests["page"]; got != c.pages {
			t.Errorf("%s, %s: %d pages, the desk was asked %q", c.agent, c.path, got, w.desk.log())
		}
	}
}

// A slash behind a file's name does not hide it, nor make a page a file.
func TestASlashAtTheEnd(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, "x") }))
	for _, c := range []struct{ path, accept, class string }{
		{"/dl/foo-1.0.tar.gz/", "*/*", "file"}, {"/dl/foo-1.0.tar.gz//", "*/*", "file"}, {"/simple/foo.zip/", pipAccept, "page"}, {"/dl/", "*/*", "other"},
	} {
		before := w.proxy.Stats().Requests
		if _, _, err := w.get(t, c.path, "Accept", c.accept); err != nil {
			t.Fatal(err)
		}
		for class, n := range w.proxy.Stats().Requests {
			if got := n - before[class]; got != 0 && string(class) != c.class {
				t.Errorf("%s is taken for %s", c.path, class)
			}
		}
	}
}
