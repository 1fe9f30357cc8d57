package indextest_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"assay/internal/indextest"
)

const typeJSON = "application/vnd.pypi.simple.v1+json"

const small = `
-- demo-1.0-py3-none-any.whl --
requires-dist: dep>=1
requires-dist: extra-dep; extra == "more"
provides-extra: more
requires-python: >=3.8
publisher: github:acme/demo@release.yml
-- demo-1.0.tar.gz --
yanked: broken
upload-time: 2024-02-03T04:05:06Z
-- demo/ --
status: deprecated use other
-- dep-1.0-py3-none-any.whl --
-- dep-1.0-py3-none-any.whl/dep/data.txt --
content
`

// reply is an answer read to its end.
type reply struct {
	*http.Response
	body []byte
	err  error // of reading the body
}

// request asks with the headers given as pairs; nothing is followed and nothing
// is unpacked.
func request(t testing.TB, method, url string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp, body, err}
}

func get(t testing.TB, url string, headers ...string) reply {
	t.Helper()
	r := request(t, http.MethodGet, url, headers...)
	if r.Response == nil {
		t.Fatal(r.err)
	}
	return r
}

// jsonPage is what the tests look at of a page.
type jsonPage struct {
	Meta struct {
		Version string `json:"api-version"`
	}
	Name     string
	Versions []string
	Status   struct{ Status, Reason string } `json:"project-status"`
	Files    []map[string]any
}

func getPage(t testing.TB, s *indextest.Server, project string) jsonPage {
	t.Helper()
	r := get(t, s.SimpleURL()+project+"/", "Accept", typeJSON)
	var p jsonPage
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("%v in %.200s", err, r.body)
	}
	return p
}

func file(t testing.TB, s *indextest.Server, name string) indextest.File {
	t.Helper()
	f, ok := s.File(name)
	if !ok {
		t.Fatalf("no file %s", name)
	}
	return f
}

func TestPageJSON(t *testing.T) {
	s := indextest.Start(t, small)
	p := getPage(t, s, "demo")
	if p.Meta.Version != "1.4" || p.Name != "demo" || len(p.Versions) != 1 || p.Versions[0] != "1.0" {
		t.Errorf("page = %+v", p)
	}
	if p.Status.Status != "deprecated" || p.Status.Reason != "use other" {
		t.Errorf("status = %+v", p.Status)
	}
	whl, src := p.Files[0], p.Files[1]
	f := file(t, s, "demo-1.0-py3-none-any.whl")
	sidecar := get(t, f.URL+".metadata")
	sum := sha256.Sum256(sidecar.body)
	want := map[string]any{
		"filename": f.Filename, "url": f.URL, "size": float64(f.Size), "requires-python": ">=3.8", "yanked": false,
		"upload-time": "2024-01-01T00:00:00.000000Z",
		"provenance":  s.URL() + "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance",
	}
	for key, value := range want {
		if whl[key] != value {
			t.Errorf("%s = %v, want %v", key, whl[key], value)
		}
	}
	if got := whl["core-metadata"].(map[string]any)["sha256"]; got != hex.EncodeToString(sum[:]) {
		t.Errorf("core-metadata = %v, but the sidecar hashes to %x", got, sum)
	}
	if got := whl["hashes"].(map[string]any)["sha256"]; got != f.SHA256 {
		t.Errorf("hash = %v, want %s", got, f.SHA256)
	}
	if src["yanked"] != "broken" || src["upload-time"] != "2024-02-03T04:05:06.000000Z" || src["core-metadata"] != false || src["provenance"] != nil {
		t.Errorf("sdist = %v", src)
	}
	wantMetadata := "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Python: >=3.8\n" +
		"Requires-Dist: dep>=1\nRequires-Dist: extra-dep; extra == \"more\"\nProvides-Extra: more\n"
	if string(sidecar.body) != wantMetadata {
		t.Errorf("metadata = %q, want %q", sidecar.body, wantMetadata)
	}
}

func TestOldVersionsLeaveKeysOut(t *testing.T) {
	for version, missing := range map[string][]string{
		"1.0": {"size", "core-metadata", "upload-time", "provenance"},
		"1.1": {"core-metadata", "upload-time", "provenance"},
		"1.2": {"provenance"},
		"1.3": {},
	} {
		s := indextest.Start(t, small, indextest.WithAPIVersion(version))
		p := getPage(t, s, "demo")
		if p.Meta.Version != version || p.Status.Status != "" {
			t.Errorf("%s: page = %+v", version, p)
		}
		for _, key := range missing {
			if _, ok := p.Files[0][key]; ok {
				t.Errorf("%s: has %s", version, key)
			}
		}
	}
}

func TestPageHTML(t *testing.T) {
	s := indextest.Start(t, small)
	r := get(t, s.SimpleURL()+"demo/")
	f := file(t, s, "demo-1.0-py3-none-any.whl")
	for _, want := range []string{
		`<meta name="pypi:repository-version" content="1.4">`,
		`<meta name="pypi:project-status" content="deprecated">`,
		`<a href="` + f.URL + `#sha256=` + f.SHA256 + `" data-requires-python="&gt;=3.8" data-dist-info-metadata="sha256=`,
		`data-provenance="` + s.URL() + `/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance">demo-1.0-py3-none-any.whl</a>`,
		`data-yanked="broken">demo-1.0.tar.gz</a>`,
	} {
		if !strings.Contains(string(r.body), want) {
			t.Errorf("no %s in\n%s", want, r.body)
		}
	}
}

func TestNegotiation(t *testing.T) {
	s := indextest.Start(t, small)
	const oldHTML = "text/html; charset=UTF-8"
	for accept, want := range map[string]string{
		"":         oldHTML,
		"*/*":      oldHTML,
		"image/*":  oldHTML,
		typeJSON:   typeJSON,
		"text/htm": oldHTML,
		"application/vnd.pypi.simple.latest+json":                                                       typeJSON,
		"application/vnd.pypi.simple.v1+html":                                                           "application/vnd.pypi.simple.v1+html",
		typeJSON + ", application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01":                    typeJSON,
		"application/vnd.pypi.simple.v1+json;q=0.1, application/vnd.pypi.simple.v1+html, text/html":     "application/vnd.pypi.simple.v1+html",
		"application/vnd.pypi.simple.v1+json,*/*;q=.1":                                                  typeJSON,
		"application/vnd.pypi.simple.v1+json;q=0, text/html":                                            oldHTML,
		"Application/Vnd.Pypi.Simple.V1+JSON, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=1": typeJSON,
	} {
		r := get(t, s.SimpleURL()+"demo/", "Accept", accept)
		if got := r.Header.Get("Content-Type"); r.StatusCode != 200 || got != want {
			t.Errorf("Accept %q: %d %s, want %s", accept, r.StatusCode, got, want)
		}
	}
}

func TestHeadersAndConditions(t *testing.T) {
	s := indextest.Start(t, small)
	plain := get(t, s.SimpleURL()+"demo/", "Accept", typeJSON)
	if got := plain.Header.Get("Cache-Control"); got != "max-age=600, public" {
		t.Errorf("Cache-Control = %q", got)
	}
	if got := plain.Header.Get("Vary"); got != "Accept, Accept-Encoding" {
		t.Errorf("Vary = %q", got)
	}
	packed := get(t, s.SimpleURL()+"demo/", "Accept", typeJSON, "Accept-Encoding", "gzip, deflate")
	if packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("ETag") == plain.Header.Get("ETag") {
		t.Errorf("headers = %v", packed.Header)
	}
	unpacker, err := gzip.NewReader(bytes.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(unpacker); err != nil || !bytes.Equal(unpacked, plain.body) {
		t.Errorf("unpacked = %q, %v", unpacked, err)
	}
	for _, tag := range []string{plain.Header.Get("ETag"), "W/" + plain.Header.Get("ETag")} {
		if r := get(t, s.SimpleURL()+"demo/", "Accept", typeJSON, "If-None-Match", tag); r.StatusCode != 304 || len(r.body) != 0 {
			t.Errorf("%s: %d", tag, r.StatusCode)
		}
	}
	head := request(t, http.MethodHead, s.SimpleURL()+"demo/", "Accept", typeJSON)
	if head.StatusCode != 200 || head.ContentLength != int64(len(plain.body)) || len(head.body) != 0 {
		t.Errorf("HEAD: %d, length %d", head.StatusCode, head.ContentLength)
	}
	for path, status := range map[string]int{
		"/simple/":             200,
		"/simple/Demo/":        301,
		"/simple/demo":         301,
		"/simple/nothing/":     404,
		"/simple/demo/more/":   404,
		"/":                    404,
		"/packages/a/b/c/x":    404,
		"/integrity/a/b/c/d/e": 404,
		"/integrity/demo/1.0/demo-1.0.tar.gz/provenance":           404,
		"/integrity/demo/2.0/demo-1.0-py3-none-any.whl/provenance": 404,
		"/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance": 200,
	} {
		if r := get(t, s.URL()+path); r.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, status)
		}
	}
	if r := request(t, http.MethodPost, s.SimpleURL()); r.StatusCode != 405 {
		t.Errorf("POST: %d", r.StatusCode)
	}
}

func TestProvenanceIsServedOnce(t *testing.T) {
	s := indextest.Start(t, small)
	url := s.URL() + "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"
	first, second := get(t, url), get(t, url)
	if got := first.Header.Get("Content-Type"); got != "application/vnd.pypi.integrity.v1+json" {
		t.Errorf("Content-Type = %q", got)
	}
	if !bytes.Equal(first.body, second.body) || first.Header.Get("ETag") != second.Header.Get("ETag") {
		t.Error("two requests get different provenance")
	}
	var p struct {
		Bundles []struct {
			Publisher    struct{ Repository string }
			Attestations []struct {
				Envelope struct{ Statement []byte }
			}
		} `json:"attestation_bundles"`
	}
	if err := json.Unmarshal(first.body, &p); err != nil {
		t.Fatal(err)
	}
	f := file(t, s, "demo-1.0-py3-none-any.whl")
	if got := string(p.Bundles[0].Attestations[0].Envelope.Statement); !strings.Contains(got, f.SHA256) || !strings.Contains(got, f.Filename) {
		t.Errorf("statement = %s", got)
	}
}
