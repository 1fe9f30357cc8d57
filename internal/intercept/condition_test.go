package intercept_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"assay"
	"assay/internal/catalog"
)

const modified = "Mon, 02 Nov 2026 10:00:00 GMT"

// validating is an index with one page that can be changed. It remembers what it
// was asked, as "the If-None-Match header: the status that it answered".
type validating struct {
	mu    sync.Mutex
	body  string
	etag  string
	vary  string
	force int // a status to answer with, whatever is asked
	asked []string
	extra http.Header
}

func (v *validating) set(change func(*validating)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change(v)
}

func (v *validating) log() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(v.asked, "; ")
}

func (v *validating) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	h, status, condition := w.Header(), http.StatusOK, r.Header.Get("If-None-Match")
	h.Set("Content-Type", jsonPage)
	h.Set("Cache-Control", "max-age=600")
	h.Set("Last-Modified", modified)
	if v.vary != "" {
		h.Set("Vary", v.vary)
	}
	if v.etag != "" {
		h.Set("Etag", v.etag)
	}
	for name, values := range v.extra {
		h[name] = values
	}
	if condition != "" && condition == v.etag {
		status = http.StatusNotModified
	}
	if v.force != 0 {
		status = v.force
	}
	v.asked = append(v.asked, r.Method+" "+condition+": "+http.StatusText(status))
	w.WriteHeader(status)
	if status == http.StatusOK {
		_, _ = w.Write([]byte(v.body))
	}
}

func TestAnInstallersConditions(t *testing.T) {
	const later, earlier = "Mon, 02 Nov 2026 10:00:01 GMT", "Mon, 02 Nov 2026 09:59:59 GMT"
	for _, c := range []struct {
		etag   string
		asked  []string
		status int
	}{
		{`"one"`, nil, 200},
		{`"one"`, []string{"If-None-Match", `"one"`}, 304},
		{`"one"`, []string{"If-None-Match", `W/"one"`}, 304},
		{`W/"one"`, []string{"If-None-Match", `"one"`}, 304},
		{`"one"`, []string{"If-None-Match", `"zero" ,, W/"a,b",W/"one"`}, 304},
		{`"one"`, []string{"If-None-Match", `"two"`}, 200},
		{`"one"`, []string{"If-None-Match", `"ONE"`}, 200},
		{`"one"`, []string{"If-None-Match", `one`}, 200},
		{`"one"`, []string{"If-None-Match", `"two" "one"`}, 304},
		{`"one"`, []string{"If-None-Match", `*`}, 200},
		{`"one"`, []string{"If-None-Match", ``}, 200},
		{`"one"`, []string{"If-None-Match", `"unfinished, "one"`}, 200},
		{`one`, []string{"If-None-Match", `one`}, 200},
		{``, []string{"If-None-Match", `""`}, 200},
		{`"one"`, []string{"If-Modified-Since", modified}, 304},
		{``, []string{"If-Modified-Since", modified}, 304},
		{``, []string{"If-Modified-Since", later}, 200},
		{``, []string{"If-Modified-Since", earlier}, 200},
		{``, []string{"If-Modified-Since", "yesterday"}, 200},
		{`"one"`, []string{"If-None-Match", `"two"`, "If-Modified-Since", modified}, 200},
		{`"one"`, []string{"If-Match", `"two"`, "If-Unmodified-Since", earlier, "Range", "bytes=1-"}, 200},
	} {
		page := &validating{body: `{}`, etag: c.etag, vary: "Accept"}
		w := newWorld(t, page)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			resp, body, err := w.do(t, method, "/simple/foo/", append([]string{"Accept", pipAccept}, c.asked...)...)
			if err != nil || resp.StatusCode != c.status {
				t.Errorf("%s %s, asked %q: %v, %v", method, c.etag, c.asked, resp, err)
				continue
			}
			h := resp.Header
			switch {
			case c.status == 304 && (len(body) > 0 || h.Get("Content-Type") != "" || h.Get("Content-Length") != "" || h.Get("Etag") != c.etag ||
				h.Get("Vary") != "Accept" || h.Get("Cache-Control") != "max-age=600" || (h.Get("Last-Modified") == "") != (c.etag != "")):
				t.Errorf("%s %s, asked %q: headers %v, %q", method, c.etag, c.asked, h, body)
			case c.status == 200 && method == http.MethodGet && string(body) != "{}", c.status == 200 && resp.ContentLength != 2:
				t.Errorf("%s %s, asked %q: %d, %q", method, c.etag, c.asked, resp.ContentLength, body)
			}
		}
		if log := page.log(); !strings.HasPrefix(log, "GET : OK; GET ") || len(w.desk.log()) != 2 {
			t.Errorf("%s, asked %q: the index was asked %s, the desk %q", c.etag, c.asked, log, w.desk.log())
		}
	}
}

func TestAnEditedOrRefusedPageIsAlwaysNew(t *testing.T) {
	refusal := assay.Refuse(assay.Artifact{}, assay.PageMalformed, "no name")
	page := &validating{body: `{}`, etag: `"one"`}
	w := newWorld(t, page)
	for _, c := range []struct {
		page   catalog.Page
		status int
	}{
		{catalog.Page{Body: []byte("{}")}, 304},
		{catalog.Page{Body: []byte("edited"), Edited: true}, 200},
		{catalog.Page{Refusal: &refusal}, 403},
		{catalog.Page{Body: []byte("{}")}, 304},
	} {
		w.desk.page = func(*url.URL, string, []byte) (catalog.Page, error) { return c.page, nil }
		resp, body, err := w.get(t, "/simple/foo/", "Accept", pipAccept, "If-None-Match", `"one"`, "If-Modified-Since", modified)
		if err != nil || resp.StatusCode != c.status {
			t.Fatalf("%+v: %v, %v", c, resp, err)
		}
		if c.status == 200 && (string(body) != "edited" || resp.Header.Get("Etag") != "" || resp.Header.Get("Last-Modified") != "" || resp.Header.Get("Cache-Control") != "no-store") {
			t.Errorf("%+v: %v, %q", c, resp.Header, body)
		}
	}
	// Upstream, the page was fetched once and found to be the same three times.
	if want := `GET : OK; GET "one": Not Modified; GET "one": Not Modified; GET "one": Not Modified`; page.log() != want {
		t.Errorf("the index was asked %s", page.log())
	}
	if got := w.desk.log(); len(got) != 4 {
		t.Errorf("the desk was asked %q", got)
	}
}

func TestAPageThatIsKnown(t *testing.T) {
	page := &validating{body: `{"one":1}`, etag: `"one"`, vary: "Accept-Encoding, accept", extra: http.Header{"Set-Cookie": {"a=b"}, "Age": {"7"}}}
	w := newWorld(t, page)
	ask := func(want string, status int, headers ...string) http.Header {
		t.Helper()
		resp, body, err := w.get(t, "/simple/foo/", append([]string{"Accept", pipAccept}, headers...)...)
		if err != nil || resp.StatusCode != status || string(body) != want {
			t.Errorf("%v, %v, %q, want %q", resp, err, body, want)
			return http.Header{}
		}
		return resp.Header
	}
	if h := ask(`{"one":1}`, 200); h.Get("Set-Cookie") != "a=b" || h.Get("Age") != "7" {
		t.Errorf("%v", h)
	}
	page.set(func(v *validating) {
		v.extra = http.Header{"Cache-Control": {"no-cache"}, "Content-Type": {"text/html"}, "Content-Encoding": {"gzip"}, "X-Serial": {"18"}}
	})
	h := ask(`{"one":1}`, 200)
	for name, want := range map[string]string{"Cache-Control": "no-cache", "Content-Type": jsonPage, "Content-Encoding": "", "X-Serial": "18", "Set-Cookie": "", "Age": "", "Etag": `"one"`} {
		if h.Get(name) != want {
			t.Errorf("%s is %q after it was found to be the same", name, h.Get(name))
		}
	}
	page.set(func(v *validating) { v.extra = nil })
	// Who asks with other headers may get another page.
	ask(`{"one":1}`, 200, "Accept", "text/html, "+jsonPage)
	ask(`{"one":1}`, 200, "Authorization", "Basic YTpi")
	page.set(func(v *validating) { v.body, v.etag = `{"two":2}`, `"two"` })
	ask(`{"two":2}`, 200)
	ask(`{"two":2}`, 200, "If-None-Match", `"one"`)
	ask(``, 304, "If-None-Match", `"two"`)
	want := `GET : OK; GET "one": Not Modified; GET : OK; GET : OK; GET "one": OK; GET "two": Not Modified; GET "two": Not Modified`
	if page.log() != want {
		t.Errorf("the index was asked %s", page.log())
	}
}

// What an answer depends on beyond what is compared, and a tag that is none, is
// not asked about.
func TestWhatCannotBeRevalidated(t *testing.T) {
	for _, c := range []struct{ etag, vary string }{{`"one"`, "*"}, {`"one"`, "Accept, User-Agent"}, {``, ""}, {`one`, ""}, {`"` + strings.Repeat("x", 2000) + `"`, ""}} {
		page := &validating{body: `{}`, etag: c.etag, vary: c.vary}
		w := newWorld(t, page)
		for range 2 {
			if _, body, err := w.get(t, "/simple/foo/", "Accept", pipAccept); err != nil || string(body) != "{}" {
				t.Errorf("%+v: %v, %q", c, err, body)
			}
		}
		if page.log() != "GET : OK; GET : OK" {
			t.Errorf("%+v: the index was asked %s", c, page.log())
		}
	}
}

func TestAnswersThatNothingChanged(t *testing.T) {
	page := &validating{body: `{}`, etag: `"one"`, force: 304}
	w := newWorld(t, page)
	refused := "502 assay: " + strings.TrimPrefix(w.up.URL, "https://") + ": it answered with status 304 where a page was asked for"
	resp, _, err := w.get(t, "/simple/foo/", "Accept", pipAccept, "If-None-Match", `"one"`)
	if err != nil || resp.Status != refused {
		t.Errorf("not asked for: %v, %v", resp, err)
	}
	page.set(func(v *validating) { v.force = 0 })
	if resp, _, err = w.get(t, "/simple/foo/", "Accept", pipAccept); err != nil || resp.StatusCode != 200 {
		t.Errorf("%v, %v", resp, err)
	}
	// It says so of another page: that page is asked for.
	page.set(func(v *validating) { v.force, v.etag = 304, `"two"` })
	if resp, _, err = w.get(t, "/simple/foo/", "Accept", pipAccept); err != nil || resp.Status != refused {
		t.Errorf("of another page: %v, %v", resp, err)
	}
	if want := `GET : Not Modified; GET : OK; GET "one": Not Modified; GET : Not Modified`; page.log() != want {
		t.Errorf("the index was asked %s", page.log())
	}
}

// One tag for two pages: nobody knows which of them the installer has.
func TestATagForTwoPages(t *testing.T) {
	page := &validating{body: `{"one":1}`, etag: `"same"`, vary: "*"}
	w := newWorld(t, page)
	ask := func() (int, []byte) {
		resp, body, err := w.get(t, "/simple/foo/", "Accept", pipAccept, "If-None-Match", `"same"`)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, body
	}
	if status, _ := ask(); status != 304 {
		t.Errorf("status %d", status)
	}
	page.set(func(v *validating) { v.body = `{"two":2}` })
	if status, body := ask(); status != 200 || !bytes.Equal(body, []byte(`{"two":2}`)) {
		t.Errorf("status %d, %q", status, body)
	}
	if status, _ := ask(); status != 304 {
		t.Errorf("status %d", status)
	}
}
