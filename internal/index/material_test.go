package index

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay"
	"assay/internal/pypi"
)

func TestMaterials(t *testing.T) {
	tests := []struct {
		name    string
		guess   bool
		handler http.HandlerFunc
		data    string
		err     string
	}{
		{"provenance", false, answerWith(200, acceptProvenance, "{}"), "{}", ""},
		{"from a server of plain files", false, answerWith(200, "application/octet-stream", "{}"), "{}", ""},
		{"guessed, there", true, answerWith(200, "application/json; charset=utf-8", "{}"), "{}", ""},
		{"guessed, not there", true, answerWith(404, "text/html", ""), "", ""},
		{"guessed, busy", true, answerWith(503, "text/html", ""), "", "BASE/p answered 503 Service Unavailable"},
		{"named, not there", false, answerWith(404, "text/html", ""), "", "BASE/p answered 404 Not Found"},
		{"forbidden", false, answerWith(403, "text/html", ""), "", "BASE/p answered 403 Forbidden"},
		{"a log-in page", false, answerWith(200, "text/html; charset=utf-8", "<p>log in"), "",
			`BASE/p answered with content type "text/html; charset=utf-8", which is no provenance`},
		{"without a type", false, answerWith(200, ";", "{}"), "", `BASE/p answered with content type ";", which is no provenance`},
		{"too large", false, answerWith(200, acceptProvenance, strings.Repeat(" ", 5000)), "", "BASE/p answered with more than 4096 bytes"},
		{"mute", false, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "",
			"BASE/p did not finish answering within 800ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Accept"); got != acceptProvenance {
					t.Errorf("Accept: %s", got)
				}
				tt.handler(w, r)
			})
			a := wheelAt(base + "/f")
			a.Index, a.Provenance, a.ProvenanceGuess = base, base+"/p", tt.guess
			m, err := c.Materials(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if tt.data == "" && tt.err == "" {
				if len(m) != 0 {
					t.Errorf("got %+v", m)
				}
				return
			}
			if len(m) != 1 || m[0].Kind != assay.Provenance || (m[0].Name == base+"/p") != (tt.err != "") || string(m[0].Data) != tt.data {
				t.Fatalf("got %+v", m)
			}
			switch want := strings.ReplaceAll(tt.err, "BASE", base); {
			case want == "" && m[0].Err != nil, want != "" && (m[0].Err == nil || m[0].Err.Error() != want):
				t.Errorf("got  %v\nwant %s", m[0].Err, want)
			}
		})
	}
}

func TestMaterialsUnasked(t *testing.T) {
	c := newClient(Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was asked for", r.URL)
		return nil, io.EOF
	})}, short())
	for _, tt := range []struct{ index, provenance, text string }{
		{"https://a.invalid/", "", ""},
		{"https://a.invalid/", "nonsense", `"nonsense" is not an absolute http or https URL`},
		{"https://a.invalid/x", "http://a.invalid/p", "https://a.invalid/x names provenance at http://a.invalid/p, over plain http"},
		{"https://a.invalid/x", "http://127.0.0.1/p", "https://a.invalid/x names provenance at http://127.0.0.1/p, on this computer"},
	} {
		m, err := c.Materials(t.Context(), assay.Artifact{Index: tt.index, Provenance: tt.provenance})
		switch {
		case err != nil:
			t.Error(err)
		case tt.text == "" && len(m) == 0:
		case len(m) != 1 || m[0].Err == nil || m[0].Err.Error() != tt.text:
			t.Errorf("%s: %+v, want %s", tt.provenance, m, tt.text)
		}
	}
}

func TestMaterialsAskedOnce(t *testing.T) {
	var asked atomic.Int32
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answerWith(200, acceptProvenance, "{}")(w, r)
	})
	a := wheelAt(base + "/f")
	a.Provenance = base + "/p"
	for range 3 {
		if m, err := c.Materials(t.Context(), a); err != nil || len(m) != 1 {
			t.Fatal(m, err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Materials(ctx, a); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOpen(t *testing.T) {
	content := strings.Repeat("abc", 1000)
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("Accept-Encoding: %s", got)
		}
		w.Header().Set("Content-Encoding", "gzip") // servers say so of .tar.gz: the bytes count
		w.Header().Set("Content-Length", "3000")
		io.WriteString(w, content)
	})
	body, err := c.Open(t.Context(), wheelAt(base+"/f.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil || string(data) != content || body.Size != 3000 {
		t.Errorf("%d bytes of %d, %v", len(data), body.Size, err)
	}
}

func TestOpenFails(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		text    string
		class   error
	}{
		{"none", answerWith(404, "", ""), "BASE/f answered 404 Not Found", ErrNotFound},
		{"part", answerWith(206, "", ""), "BASE/f answered 206 Partial Content", nil},
		{"mute", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "BASE/f did not answer within 150ms", ErrTimeout},
		{"silent", func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "BASE/f sent nothing for 100ms", ErrTimeout},
		{"cut off", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("x"))
		}, "BASE/f broke off in the middle of its answer", io.ErrUnexpectedEOF},
		{"huge", answerWith(200, "", strings.Repeat("x", 1<<20+1)), "BASE/f is larger than 1048576 bytes", ErrTooLarge},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, "BASE/f is larger than 1048576 bytes", ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, c := serve(t, Options{}, tt.handler)
			body, err := c.Open(t.Context(), wheelAt(base+"/f"))
			if err == nil {
				_, err = io.Copy(io.Discard, body)
				body.Close()
			}
			if want := strings.ReplaceAll(tt.text, "BASE", base); err == nil || err.Error() != want {
				t.Fatalf("got  %v\nwant %s", err, want)
			}
			if tt.class != nil && !errors.Is(err, tt.class) {
				t.Errorf("%v is not %v", err, tt.class)
			}
		})
	}
}

// A slow reader is not the server's fault.
func TestOpenSlowReader(t *testing.T) {
	base, c := serve(t, Options{}, answerWith(200, "", strings.Repeat("x", 8000)))
	body, err := c.Open(t.Context(), wheelAt(base+"/f"))
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	for range 8 {
		time.Sleep(60 * time.Millisecond)
		if _, err := io.ReadFull(body, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenCancelled(t *testing.T) {
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("x"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c.limits.idle = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	body, err := c.Open(ctx, wheelAt(base+"/f"))
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := io.ReadAll(body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestProvenanceGuess(t *testing.T) {
	const wheel = "Sample_Pkg-1.0.0-py3-none-any.whl"
	page := func(format pypi.Format, version string, named bool) *pypi.Page {
		p := &pypi.Page{Name: "sample-pkg", Format: format, APIVersion: version, Files: []pypi.File{{Filename: wheel}, {Filename: "x"}}}
		if named {
			p.Files[1].Provenance = "https://a.invalid/p"
		}
		return p
	}
	guess := strings.TrimSuffix(PyPI, "/simple/") + "/integrity/sample-pkg/1.0.0/" + wheel + "/provenance"
	for _, tt := range []struct {
		name  string
		page  *pypi.Page
		index string
		file  pypi.File
		want  string
	}{
		{"old JSON", page(pypi.JSON, "1.2", false), PyPI, pypi.File{Filename: wheel}, guess},
		{"its page", page(pypi.JSON, "1.0", false), PyPI + "sample-pkg/", pypi.File{Filename: wheel}, guess},
		{"new JSON", page(pypi.JSON, "1.3", false), PyPI, pypi.File{Filename: wheel}, ""},
		{"newer JSON", page(pypi.JSON, "1.10", false), PyPI, pypi.File{Filename: wheel}, ""},
		{"old HTML", page(pypi.HTML, "1.0", false), PyPI, pypi.File{Filename: wheel}, guess},
		{"new HTML that names none", page(pypi.HTML, "1.4", false), PyPI, pypi.File{Filename: wheel}, guess},
		{"new HTML that names some", page(pypi.HTML, "1.4", true), PyPI, pypi.File{Filename: wheel}, ""},
		{"named", page(pypi.JSON, "1.2", false), PyPI, pypi.File{Filename: wheel, Provenance: "https://a.invalid/p"}, ""},
		{"another index", page(pypi.JSON, "1.2", false), "https://a.invalid/simple/", pypi.File{Filename: wheel}, ""},
		{"another path", page(pypi.JSON, "1.2", false), strings.Replace(PyPI, "simple", "simpler", 1), pypi.File{Filename: wheel}, ""},
		{"another project's file", page(pypi.JSON, "1.2", false), PyPI, pypi.File{Filename: "other-1.0-py3-none-any.whl"}, ""},
		{"no distribution", page(pypi.JSON, "1.2", false), PyPI, pypi.File{Filename: "x"}, ""},
	} {
		u, err := url.Parse(tt.index)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := ProvenanceGuess(tt.page, u, tt.file)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q %v, want %q", tt.name, got, ok, tt.want)
		}
	}
}

func TestLocate(t *testing.T) {
	var asked atomic.Int32
	pages := map[string]string{
		"/one/foo/": `{"meta":{"api-version":"1.0"},"name":"foo","files":[
			{"filename":"foo-bar-1.0.tar.gz","url":"/files/other/foo-bar-1.0.tar.gz","hashes":{}}]}`,
		"/two/sample/": samplePage,
		"/two/foo-bar/": `{"meta":{"api-version":"1.0"},"name":"foo-bar","files":[
			{"filename":"foo-bar-1.0-2.tar.gz","url":"/files/aa/foo-bar-1.0-2.tar.gz","hashes":{}},
			{"filename":"foo_bar-2.0+cpu-py3-none-any.whl","url":"/files/foo_bar-2.0+cpu-py3-none-any.whl#x","hashes":{}}]}`,
		"/one/quiet/": `{"meta":{"api-version":"1.4"},"name":"quiet","project-status":{"status":"quarantined"},"files":[]}`,
		"/two/quiet/": `{"meta":{"api-version":"1.4"},"name":"quiet","files":[
			{"filename":"quiet-1.0.tar.gz","url":"/files/quiet-1.0.tar.gz","hashes":{}}]}`,
		"/public/simple/gone/": `{"meta":{"api-version":"1.2"},"name":"gone","files":[
			{"filename":"gone-1.0.tar.gz","url":"/files/gone-1.0.tar.gz","hashes":{}}]}`,
	}
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if strings.HasPrefix(r.URL.Path, "/broken/") {
			w.WriteHeader(500)
			return
		}
		if p, ok := pages[r.URL.Path]; ok {
			answerWith(200, jsonType, p)(w, r)
			return
		}
		w.WriteHeader(404)
	})
	c.public = registry{base: base + "/public/simple/", files: "http://files.example.invalid"}
	for _, tt := range []struct {
		name, file string
		indexes    []string
		want       string // PROJECT==VERSION at INDEX
		err        string
	}{
		{"a wheel", "/files/sample-1.0-py3-none-any.whl", []string{"/one", "/two"}, "", ""},
		{"an old sdist", "/files/aa/foo-bar-1.0-2.tar.gz", []string{"/one/", "/two/"}, "foo-bar==1.0.post2 at /two/foo-bar/", ""},
		{"escaped otherwise", "/files/foo_bar-2.0%2Bcpu-py3-none-any.whl", []string{"/two"}, "foo-bar==2.0+cpu at /two/foo-bar/", ""},
		{"elsewhere under one name", "/files/bb/foo-bar-1.0-2.tar.gz", []string{"/two"}, "", ""},
		{"not listed", "/files/none-1.0.tar.gz", []string{"/one", "/two"}, "", ""},
		{"no distribution", "/files/readme.txt", []string{"/one"}, "", ""},
		{"found in spite of another's failure", "/files/aa/foo-bar-1.0-2.tar.gz", []string{"/broken", "/two"}, "foo-bar==1.0.post2 at /two/foo-bar/", ""},
		{"quarantined", "/files/quiet-1.0.tar.gz", []string{"/broken", "/one"}, "quarantined at /one/quiet/", ""},
		{"quarantined, and listed elsewhere", "/files/quiet-1.0.tar.gz", []string{"/one", "/two"}, "quiet==1.0 at /two/quiet/", ""},
		{"nothing known", "/files/none-1.0.tar.gz", []string{"/one", "/broken"}, "", "BASE/broken/none/ answered 500 Internal Server Error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, err := url.Parse(base + tt.file)
			if err != nil {
				t.Fatal(err)
			}
			var indexes []string
			for _, i := range tt.indexes {
				indexes = append(indexes, base+i)
			}
			if tt.name == "a wheel" {
				u.Path, tt.want = "/files/sample-1.0-py3-none-any.whl", "sample==1.0 at /two/sample/"
			}
			place, ok, err := Upstream{c, indexes}.Locate(t.Context(), u)
			if want := strings.ReplaceAll(tt.err, "BASE", base); err != nil && err.Error() != want || err == nil && want != "" {
				t.Fatalf("got  %v\nwant %s", err, want)
			}
			got := ""
			if ok {
				a := place.Artifact()
				got = a.Release().String() + " at " + strings.TrimPrefix(a.Index, base)
			} else if place.Page != nil && place.File == -1 {
				got = string(place.Page.Standing.Status) + " at " + place.URL.Path
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}

	// A file of the public registry is looked up there though no index says so,
	// and its provenance can be guessed.
	pages["/public/simple/gone/"] = strings.Replace(pages["/public/simple/gone/"], `"/files`, `"http://files.example.invalid/files`, 1)
	u, err := url.Parse("http://files.example.invalid/files/gone-1.0.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	place, ok, err := c.Locate(t.Context(), u, nil)
	if err != nil || !ok || place.Artifact().Release().String() != "gone==1.0" {
		t.Fatalf("%+v %v %v", place, ok, err)
	}
	guess, ok := Upstream{Client: c}.ProvenanceGuess(place.Page, place.URL, place.Page.Files[place.File])
	if !ok || guess != base+"/integrity/gone/1.0/gone-1.0.tar.gz/provenance" {
		t.Errorf("%q %v", guess, ok)
	}
	before := asked.Load()
	if _, ok, err := c.Locate(t.Context(), u, nil); !ok || err != nil {
		t.Error(ok, err)
	}
	if asked.Load() != before {
		t.Error("the page was asked for again")
	}
}

func TestCandidates(t *testing.T) {
	for name, want := range map[string]string{
		"sample-1.0-py3-none-any.whl": "sample",
		"sample-1.0.tar.gz":           "sample",
		"foo-bar-1.0.tar.gz":          "foo-bar",
		"foo-bar-1.0-2.tar.gz":        "foo-bar-1-0 foo-bar",
		"readme.txt":                  "",
		"":                            "",
	} {
		if got := strings.Join(candidates(name), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := candidates("a" + strings.Repeat("-1", 60) + ".tar.gz"); len(got) > maxProjects {
		t.Errorf("%d candidates", len(got))
	}
}

func FuzzCandidates(f *testing.F) {
	for _, s := range []string{"sample-1.0.tar.gz", "foo-bar-1.0-2.tar.gz", "a-1-2-3-4.zip", "x.whl", "-.tar.gz", "a--1.tar.gz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := candidates(s)
		if len(got) > maxProjects {
			t.Errorf("%d candidates", len(got))
		}
		for _, p := range got {
			if n, err := pypi.NormalizeName(p); err != nil || n != p {
				t.Errorf("%q is not a normalised name", p)
			}
		}
	})
}
