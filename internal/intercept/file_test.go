package intercept_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
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

const wheel = "/packages/ab/cd/foo-1.0-py3-none-any.whl"

func content(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

// get asks through the proxy and reads the answer to its end.
func (w *world) get(t *testing.T, target string, headers ...string) (*http.Response, []byte, error) {
	t.Helper()
	return w.do(t, http.MethodGet, target, headers...)
}

func (w *world) do(t *testing.T, method, target string, headers ...string) (*http.Response, []byte, error) {
	t.Helper()
	if !strings.Contains(target, "://") {
		target = w.up.URL + target
	}
	r, err := http.NewRequest(method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

// problemOf reads a problem document and checks what all of them have.
func problemOf(t *testing.T, resp *http.Response, body []byte) (p struct {
	Title, Detail, Code, Hint string
	Status                    int
	Reasons                   []struct{ Code, Severity, Message, Hint string }
}) {
	t.Helper()
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	if p.Status != resp.StatusCode {
		t.Errorf("status %d in an answer of %d", p.Status, resp.StatusCode)
	}
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("cache control %q", got)
	}
	return p
}

func serve(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Accept-Ranges", "bytes")
		w.Header().Set("Etag", `"x"`)
		http.ServeContent(w, r, "file", time.Time{}, bytes.NewReader(body))
	}
}

func TestAFileArrives(t *testing.T) {
	for _, size := range []int{0, 1, 100_000, 9 << 20} {
		data := content(size)
		w := newWorld(t, serve(data))
		w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", data), nil }
		resp, body, err := w.get(t, wheel, "Range", "bytes=10-", "If-Range", `"x"`, "If-None-Match", `"x"`, "Accept-Encoding", "gzip")
		if err != nil || resp.StatusCode != 200 || !bytes.Equal(body, data) {
			t.Errorf("%d bytes: %v %v, %d arrived", size, resp, err, len(body))
			continue
		}
		if resp.Header.Get("Accept-Ranges") != "" || resp.Header.Get("Content-Range") != "" || resp.ContentLength != int64(size) {
			t.Errorf("%d bytes: headers %v", size, resp.Header)
		}
		if got := w.desk.log(); !slices.Equal(got, []string{"file " + wheel, "conclude"}) {
			t.Errorf("the desk was asked %q", got)
		}
	}
}

func TestHeadOfAFile(t *testing.T) {
	w := newWorld(t, serve(content(5000)))
	resp, _, err := w.do(t, http.MethodHead, wheel)
	if err != nil || resp.StatusCode != 200 || resp.ContentLength != 5000 || resp.Header.Get("Accept-Ranges") != "" {
		t.Errorf("%v, %v", resp, err)
	}
	w.desk.remember("foo-1.0-py3-none-any.whl")
	if resp, _, err = w.do(t, http.MethodHead, wheel); err != nil || resp.StatusCode != 403 {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestARefusedFileIsNotFetched(t *testing.T) {
	var asked atomic.Int32
	w := newWorld(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	w.desk.file = func(u *url.URL) (*catalog.File, error) {
		return deny("foo-1.0-py3-none-any.whl", assay.ProvenanceWrongSubject), nil
	}
	for _, target := range []string{wheel, wheel + ".metadata"} {
		for range 2 { // the connection is kept
			resp, body, err := w.get(t, target)
			if err != nil {
				t.Fatal(err)
			}
			if want := "403 assay: the provenance is about another file (provenance.wrong-subject)"; resp.Status != want {
				t.Errorf("status %q, want %q", resp.Status, want)
			}
			p := problemOf(t, resp, body)
			if p.Title != "refused by assay" || p.Detail != "the provenance is about another file" || p.Code != "provenance.wrong-subject" ||
				!strings.HasPrefix(p.Hint, "do not install it") || len(p.Reasons) != 1 || p.Reasons[0].Severity != "error" {
				t.Errorf("problem %+v", p)
			}
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the upstream was asked %d times", asked.Load())
	}
	s := w.proxy.Stats()
	if s.Refused != 4 || s.Requests["file"] != 2 || s.Requests["metadata"] != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestWrongBytes(t *testing.T) {
	for _, size := range []int{5000, 9 << 20} {
		good, evil := content(size), content(size)
		evil[size/2] ^= 1
		w := newWorld(t, serve(evil))
		w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", good), nil }
		resp, body, err := w.get(t, wheel)
		if size == 5000 {
			if err != nil || resp.Status != "403 assay: the file's bytes are not the ones that were promised (digest.mismatch)" {
				t.Errorf("%v, %v", resp, err)
			}
		} else if err == nil || resp == nil || resp.StatusCode != 200 || len(body) > size-64<<10 {
			t.Errorf("%v, %v, %d bytes arrived", resp, err, len(body))
		}
		// Whoever resumes meets the reason, not the tail.
		resp, _, err = w.get(t, wheel, "Range", fmt.Sprintf("bytes=%d-", len(body)))
		if err != nil || resp.StatusCode != 403 {
			t.Errorf("resumed: %v, %v", resp, err)
		}
		if s := w.proxy.Stats(); size > 5000 && s.Aborted != 1 {
			t.Errorf("stats %+v", s)
		}
	}
}

func TestTheContentEncodingOfAFileIsNotHandedOn(t *testing.T) {
	data := content(3000)
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("asked for %q", r.Header.Get("Accept-Encoding"))
		}
		rw.Header().Set("Content-Encoding", "gzip")
		_, _ = rw.Write(data)
	}))
	resp, body, err := w.get(t, wheel)
	if err != nil || !bytes.Equal(body, data) || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("%v, %v", resp, err)
	}
}

// cutting announces more than it sends, for the first few requests.
func cutting(data []byte, times int32) (http.HandlerFunc, *atomic.Int32) {
	var asked atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		if asked.Add(1) <= times {
			_, _ = w.Write(data[:len(data)-7])
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(data)
	}, &asked
}

func TestATruncatedFile(t *testing.T) {
	data := content(9000)
	h, asked := cutting(data, 1)
	w := newWorld(t, h)
	if _, body, err := w.get(t, wheel); err != nil || !bytes.Equal(body, data) || asked.Load() != 2 {
		t.Errorf("cut once: %v, %d bytes, asked %d times", err, len(body), asked.Load())
	}

	h, asked = cutting(data, 100)
	w = newWorld(t, h)
	resp, body, err := w.get(t, wheel)
	if err != nil || resp.Status != "403 assay: the file ended before its announced length (file.truncated)" || asked.Load() != 2 {
		t.Fatalf("%v, %v, asked %d times", resp, err, asked.Load())
	}
	problemOf(t, resp, body)
	if len(w.desk.causes()) != 1 || !strings.Contains(w.desk.causes()[0], "file.truncated: "+gate.ErrTruncated.Error()) {
		t.Errorf("the desk heard %v", w.desk.causes())
	}
	if resp, _, err := w.get(t, wheel); err != nil || resp.StatusCode != 403 || asked.Load() != 2 {
		t.Errorf("again: %v, %v", resp, err)
	}

	big := content(9 << 20)
	h, _ = cutting(big, 100)
	w = newWorld(t, h)
	if _, body, err := w.get(t, wheel); err == nil || len(body) >= len(big) || len(w.desk.causes()) != 1 || w.proxy.Stats().Aborted != 1 {
		t.Errorf("large: %v, %d bytes, %v", err, len(body), w.desk.causes())
	}
}

func TestASlowFileIsCut(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}), withLimits(gate.Limits{MinRate: 1 << 16, RateWindow: 100 * time.Millisecond}))
	resp, _, err := w.get(t, wheel)
	if err != nil || resp.StatusCode != 403 || len(w.desk.causes()) != 1 || !strings.Contains(w.desk.causes()[0], "file.truncated: "+gate.ErrSlow.Error()) {
		t.Errorf("%v, %v, %v", resp, err, w.desk.causes())
	}
}

func TestAFileLongerThanPromisedIsCut(t *testing.T) {
	data := content(5000)
	w := newWorld(t, serve(data))
	w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", data[:4000]), nil }
	resp, _, err := w.get(t, wheel)
	const want = "403 assay: the file's bytes are not the ones that were promised (digest.mismatch)"
	if err != nil || resp.Status != want || len(w.desk.causes()) != 0 {
		t.Errorf("%v, %v, %v", resp, err, w.desk.causes())
	}
}

func TestHoldWholeReleasesNothingEarly(t *testing.T) {
	data := content(9 << 20)
	for _, verdict := range []assay.Verdict{assay.Allow, assay.Deny} {
		w := newWorld(t, serve(data))
		w.desk.file = func(*url.URL) (*catalog.File, error) {
			f := promise("foo-1.0-py3-none-any.whl", data)
			f.Promised, f.Size, f.HoldWhole = nil, 0, true
			return f, nil
		}
		w.desk.conclude = func(*catalog.File, assay.Content) (assay.Decision, error) {
			if verdict == assay.Deny {
				return assay.Refuse(assay.Artifact{}, assay.ProvenanceInvalid, ""), nil
			}
			return assay.Decision{Verdict: verdict}, nil
		}
		resp, body, err := w.get(t, wheel)
		if verdict == assay.Allow && (err != nil || !bytes.Equal(body, data)) || verdict == assay.Deny && (err != nil || resp.StatusCode != 403) {
			t.Errorf("%s: %v, %v", verdict, resp, err)
		}
	}
}

func TestStatusesOfAFile(t *testing.T) {
	for status, want := range map[int]int{401: 401, 404: 404, 500: 500, 201: 502, 203: 502, 206: 502, 300: 502, 304: 502, 302: 502} {
		w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Www-Authenticate", "Basic")
			rw.WriteHeader(status)
		}))
		resp, body, err := w.get(t, wheel)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%d: %v, %v", status, resp, err)
			continue
		}
		if want == 502 {
			detail := fmt.Sprintf("%s: it answered with status %d where a file was asked for", strings.TrimPrefix(w.up.URL, "https://"), status)
			if p := problemOf(t, resp, body); p.Detail != detail || resp.Status != "502 assay: "+detail {
				t.Errorf("%d: %+v, %s", status, p, resp.Status)
			}
		} else if resp.Header.Get("Www-Authenticate") != "Basic" {
			t.Errorf("%d: headers %v", status, resp.Header)
		}
	}
}

func TestAFilesRedirects(t *testing.T) {
	data := content(2000)
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("another origin was sent %v", r.Header)
		}
		_, _ = rw.Write(data)
	}))
	t.Cleanup(elsewhere.Close)
	var target atomic.Value
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Basic abc" {
			t.Errorf("the own origin was sent %v", r.Header)
		}
		if r.URL.Path == "/final" {
			_, _ = rw.Write(data)
			return
		}
		http.Redirect(rw, r, target.Load().(string), http.StatusFound)
	})) // both servers have httptest's certificate
	for _, c := range []struct{ to, status string }{
		{"/final", "200 OK"},
		{elsewhere.URL + "/x", "200 OK"},
		{"/loop.whl", "502 assay: HOST: a redirect that is not followed: there are more than 5"},
		{"http://127.0.0.1:1/x", "502 assay: HOST: a redirect that is not followed: it leads from https to http"},
		{"ftp://127.0.0.1/x", "502 assay: HOST: a redirect that is not followed: it leads to no web address"},
		{"//%zz/", "502 assay: HOST: a redirect that is not followed: its address cannot be read"},
	} {
		target.Store(c.to)
		resp, body, err := w.get(t, wheel, "Authorization", "Basic abc", "Cookie", "a=b")
		want := strings.Replace(c.status, "HOST", strings.TrimPrefix(w.up.URL, "https://"), 1)
		if err != nil || resp.Status != want || resp.StatusCode == 200 && !bytes.Equal(body, data) {
			t.Errorf("%s: %v, %v", c.to, resp, err)
		}
	}
}

func TestTheDesksErrorsNeverReleaseBytes(t *testing.T) {
	bug := errors.New("the state folder is gone: secret")
	for _, size := range []int{2000, 9 << 20} {
		w := newWorld(t, serve(content(size)))
		w.desk.conclude = func(*catalog.File, assay.Content) (assay.Decision, error) { return assay.Decision{}, bug }
		resp, body, err := w.get(t, wheel)
		if size == 2000 && (err != nil || resp.Status != "502 assay: assay could not come to a decision about it") || size > 2000 && err == nil {
			t.Errorf("conclude: %v, %v", resp, err)
		}
		if size == 2000 && bytes.Contains(body, []byte("secret")) {
			t.Errorf("%q", body)
		}
		for name, f := range map[string]func(*url.URL) (*catalog.File, error){
			"error": func(*url.URL) (*catalog.File, error) { return nil, bug },
			"nil":   func(*url.URL) (*catalog.File, error) { return nil, nil },
			"panic": func(*url.URL) (*catalog.File, error) { panic("broken") },
		} {
			w.desk.file = f
			if resp, _, err := w.get(t, wheel); err != nil || resp.StatusCode != 502 {
				t.Errorf("%s: %v, %v", name, resp, err)
			}
		}
	}
}

func TestManyFilesAtOnce(t *testing.T) {
	data := content(700_000)
	w := newWorld(t, serve(data))
	w.desk.file = func(u *url.URL) (*catalog.File, error) {
		if strings.Contains(u.Path, "/bad/") {
			return promise("bad-1.0.tar.gz", []byte("other")), nil
		}
		return promise("foo-1.0-py3-none-any.whl", data), nil
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			for j := range 5 {
				if (i+j)%3 == 0 {
					if resp, _, err := w.get(t, "/bad/bad-1.0.tar.gz"); err != nil || resp.StatusCode != 403 {
						t.Errorf("%v, %v", resp, err)
					}
					continue
				}
				if _, body, err := w.get(t, wheel); err != nil || !bytes.Equal(body, data) {
					t.Errorf("%v, %d bytes", err, len(body))
				}
			}
		})
	}
	wg.Wait()
	if s := w.proxy.Stats(); s.Requests["file"] != 200 || s.Aborted != 0 || s.Failed != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A direct URL need not look like a file: installers unpack what it leads to by its
// bytes. They are known by how they ask for it.
func TestAFileIsKnownByWhoAsks(t *testing.T) {
	for _, c := range []struct {
		headers []string
		path    string
		class   intercept.Class
	}{
		{[]string{"User-Agent", "pip/26.3 {}", "Accept-Encoding", "identity"}, "/download/17", "file"},
		{[]string{"User-Agent", "poetry/2.5.1 CPython/3.11.7", "Accept-Encoding", "Identity"}, "/download/17", "file"},
		{[]string{"User-Agent", "pdm/2.29.3 CPython/3.11.7", "Accept", "*/*"}, "/download/17", "file"},
		{[]string{"User-Agent", "pip/26.3 {}", "Accept-Encoding", "identity"}, "/missing", "other"},
		{[]string{"User-Agent", "pip/26.3 {}", "Accept-Encoding", "gzip, deflate"}, "/requirements", "other"},
		{[]string{"User-Agent", "curl/8", "Accept-Encoding", "identity", "Accept", "*/*"}, "/download/17", "other"},
	} {
		w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/missing" {
				rw.WriteHeader(404)
				return
			}
			rw.Header().Set("Content-Type", "text/html")
			_, _ = rw.Write([]byte("content"))
		}))
		w.desk.conclude = func(*catalog.File, assay.Content) (assay.Decision, error) {
			return assay.Refuse(assay.Artifact{}, assay.DigestMismatch, ""), nil
		}
		resp, body, err := w.get(t, c.path, c.headers...)
		if err != nil || c.class == "file" && resp.StatusCode != 403 || c.class == "other" && resp.StatusCode == 200 && string(body) != "content" {
			t.Errorf("%v: %v, %v", c.headers, resp, err)
		}
		if s := w.proxy.Stats(); s.Requests[c.class] != 1 || len(s.Requests) != 1 {
			t.Errorf("%v: %+v", c.headers, s)
		}
	}
}

// A file whose URL does not name it is known by the name that its answer gives.
func TestAFileIsKnownByItsAnswer(t *testing.T) {
	for disposition, class := range map[string]intercept.Class{
		`attachment; filename="foo-1.0.tar.gz"`:         "file",
		`attachment; filename=foo-1.0-py3-none-any.whl`: "file",
		`attachment; filename*=UTF-8''foo-1.0.zip`:      "file",
		`attachment; filename="notes.txt"`:              "other",
		`attachment; filename="foo-1.0.tar.gz`:          "file",
		``:                                              "other",
	} {
		w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Disposition", disposition)
			_, _ = rw.Write([]byte("content"))
		}))
		w.desk.conclude = func(*catalog.File, assay.Content) (assay.Decision, error) {
			return assay.Refuse(assay.Artifact{}, assay.DigestMismatch, ""), nil
		}
		resp, body, err := w.get(t, "/download/17")
		if err != nil || class == "file" && resp.StatusCode != 403 || class == "other" && string(body) != "content" {
			t.Errorf("%s: %v, %v", disposition, resp, err)
		}
		if s := w.proxy.Stats(); s.Requests[class] != 1 || len(s.Requests) != 1 {
			t.Errorf("%s: %+v", disposition, s)
		}
	}
}
