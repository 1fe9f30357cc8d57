package indextest_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
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

func TestRanges(t *testing.T) {
	s := indextest.Start(t, "-- big-1.0-py3-none-any.whl --\npad: 3MiB\n")
	f := file(t, s, "big-1.0-py3-none-any.whl")
	whole := get(t, f.URL)
	if sum := sha256.Sum256(whole.body); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(whole.body)) != f.Size {
		t.Fatalf("%d bytes with hash %x, want %d with %s", len(whole.body), sum, f.Size, f.SHA256)
	}
	tag := whole.Header.Get("ETag")
	for header, want := range map[string][2]int64{
		"bytes=0-99":            {0, 100},
		"bytes=1000001-2000002": {1000001, 2000003},
		"bytes=3000000-":        {3000000, f.Size},
		"bytes=-777":            {f.Size - 777, f.Size},
	} {
		r := get(t, f.URL, "Range", header, "If-Range", tag)
		if r.StatusCode != 206 || !bytes.Equal(r.body, whole.body[want[0]:want[1]]) {
			t.Errorf("%s: %d, %d bytes", header, r.StatusCode, len(r.body))
		}
	}
	if r := get(t, f.URL, "Range", "bytes=5-", "If-Range", `"other"`); r.StatusCode != 200 || len(r.body) != len(whole.body) {
		t.Errorf("other If-Range: %d, %d bytes", r.StatusCode, len(r.body))
	}
	if r := get(t, f.URL, "Range", "bytes=99999999-"); r.StatusCode != 416 {
		t.Errorf("range behind the end: %d", r.StatusCode)
	}
}

// TestWheelsAreSound reads made wheels back and holds RECORD against them.
func TestWheelsAreSound(t *testing.T) {
	s := indextest.Start(t, small+"-- big-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl --\npad: 1MiB\n")
	for _, name := range []string{"demo-1.0-py3-none-any.whl", "dep-1.0-py3-none-any.whl", "big-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"} {
		raw := get(t, file(t, s, name).URL).body
		z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		members := map[string][]byte{}
		for _, m := range z.File {
			r, err := m.Open()
			if err != nil {
				t.Fatal(err)
			}
			if members[m.Name], err = io.ReadAll(r); err != nil {
				t.Errorf("%s: %s: %v", name, m.Name, err)
			}
			if m.Modified.Year() != 2024 {
				t.Errorf("%s: %s is of %v", name, m.Name, m.Modified)
			}
		}
		record := members[strings.Join(strings.Split(name, "-")[:2], "-")+".dist-info/RECORD"]
		rows, err := csv.NewReader(bytes.NewReader(record)).ReadAll()
		if err != nil || len(rows) != len(members) {
			t.Fatalf("%s: RECORD has %d rows for %d members, %v", name, len(rows), len(members), err)
		}
		for _, row := range rows[:len(rows)-1] {
			sum := sha256.Sum256(members[row[0]])
			if row[1] != "sha256="+base64.RawURLEncoding.EncodeToString(sum[:]) {
				t.Errorf("%s: RECORD is wrong about %s", name, row[0])
			}
		}
	}
}

func TestSameDescriptionSameBytes(t *testing.T) {
	a, b := indextest.Start(t, small), indextest.Start(t, small)
	for _, name := range []string{"demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"} {
		if x, y := file(t, a, name).SHA256, file(t, b, name).SHA256; x != y {
			t.Errorf("%s: %s and %s", name, x, y)
		}
	}
}

func TestFileSettings(t *testing.T) {
	s := indextest.Start(t, `
-- a-1.0-py3-none-any.whl --
hashes: md5 sha512
omit: size upload-time core-metadata
-- a-1.1-py3-none-any.whl --
listed: no
-- a-1.2-py3-none-any.whl --
hashes:
upload-time: none
yanked:
-- stray-1.0-py3-none-any.whl --
project: A
-- quiet-1.0-py3-none-any.whl --
-- quiet/ --
status: quarantined
`)
	p := getPage(t, s, "a")
	if len(p.Files) != 3 {
		t.Fatalf("%d files, want 3", len(p.Files))
	}
	first := p.Files[0]
	hashes := first["hashes"].(map[string]any)
	if len(hashes) != 2 || len(hashes["md5"].(string)) != 32 || len(hashes["sha512"].(string)) != 128 {
		t.Errorf("hashes = %v", hashes)
	}
	for _, key := range []string{"size", "upload-time", "core-metadata", "data-dist-info-metadata"} {
		if _, ok := first[key]; ok {
			t.Errorf("has %s", key)
		}
	}
	if h := p.Files[1]["hashes"].(map[string]any); len(h) != 0 || p.Files[1]["yanked"] != true || p.Files[1]["upload-time"] != nil {
		t.Errorf("file = %v", p.Files[1])
	}
	if p.Files[2]["filename"] != "stray-1.0-py3-none-any.whl" {
		t.Errorf("file = %v", p.Files[2])
	}
	if r := get(t, file(t, s, "a-1.1-py3-none-any.whl").URL); r.StatusCode != 200 {
		t.Errorf("unlisted file: %d", r.StatusCode)
	}
	if q := getPage(t, s, "quiet"); len(q.Files) != 0 || q.Status.Status != "quarantined" {
		t.Errorf("quarantined = %+v", q)
	}
}

func TestFilesFromDisk(t *testing.T) {
	made := indextest.Start(t, small)
	dir := t.TempDir()
	raw := get(t, file(t, made, "demo-1.0-py3-none-any.whl").URL).body
	for name, data := range map[string][]byte{"x.bin": raw, "x.provenance": []byte(`{"version":1}`)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := indextest.Start(t, "-- demo-1.0-py3-none-any.whl --\nfile: x.bin\nprovenance: x.provenance\n", indextest.WithDir(dir))
	f := file(t, s, "demo-1.0-py3-none-any.whl")
	if f.SHA256 != file(t, made, f.Filename).SHA256 {
		t.Error("the file is not what lies on disk")
	}
	if r := get(t, f.URL+".metadata"); !strings.Contains(string(r.body), "Requires-Dist: dep>=1") {
		t.Errorf("metadata = %s", r.body)
	}
	if r := get(t, s.URL()+"/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"); string(r.body) != `{"version":1}` {
		t.Errorf("provenance = %s", r.body)
	}
}

func TestBulk(t *testing.T) {
	s := indextest.Start(t, "-- many/ --\nbulk: 4000 github:acme/many@release.yml\n")
	p := getPage(t, s, "many")
	if len(p.Files) != 4000 || len(p.Versions) != 100 {
		t.Errorf("%d files in %d versions", len(p.Files), len(p.Versions))
	}
	if r := get(t, p.Files[3999]["provenance"].(string)); r.StatusCode != 200 {
		t.Errorf("provenance: %d", r.StatusCode)
	}
}

func TestBasicAuth(t *testing.T) {
	s := indextest.Start(t, small, indextest.WithBasicAuth("me", "secret"))
	r := get(t, s.SimpleURL())
	if r.StatusCode != 401 || r.Header.Get("WWW-Authenticate") != `Basic realm="index"` {
		t.Errorf("without credentials: %d %v", r.StatusCode, r.Header)
	}
	credentials := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:secret"))
	if r := get(t, s.SimpleURL(), "Authorization", credentials); r.StatusCode != 200 {
		t.Errorf("with credentials: %d", r.StatusCode)
	}
	if got := s.Requests(); got[0].User != "" || got[1].User != "me" || got[0].Status != 401 {
		t.Errorf("requests = %+v", got)
	}
}

func TestTLS(t *testing.T) {
	s := indextest.Start(t, "-- index --\nfiles-host: localhost\n"+small, indextest.WithTLS())
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CertificatePEM()) {
		t.Fatal("no certificate")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	f := getThrough(t, client, s.SimpleURL()+"demo/")
	if !strings.HasPrefix(f, "https://localhost:") {
		t.Fatalf("file URL = %s", f)
	}
	resp, err := client.Get(f)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.ProtoMajor != 1 {
		t.Errorf("%s: %s over %s", f, resp.Status, resp.Proto)
	}
}

// getThrough returns the URL of a page's first file.
func getThrough(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", typeJSON)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var p jsonPage
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p.Files[0]["url"].(string)
}

func TestRequests(t *testing.T) {
	s := indextest.Start(t, small)
	f := file(t, s, "dep-1.0-py3-none-any.whl")
	get(t, f.URL, "Range", "bytes=0-9", "User-Agent", "test/1")
	request(t, http.MethodHead, f.URL)
	got := s.Requests()
	if len(got) != 2 || got[0].Range != "bytes=0-9" || got[0].Status != 206 || got[0].Bytes != 10 || got[0].UserAgent != "test/1" || got[1].Method != "HEAD" || got[1].Bytes != 0 {
		t.Errorf("requests = %+v", got)
	}
	if s.Count("HEAD", ".whl") != 1 || s.Count("", "dep-1.0") != 2 || s.Count("GET", "demo") != 0 {
		t.Error("counts are wrong")
	}
	s.ResetRequests()
	if len(s.Requests()) != 0 {
		t.Error("requests are not forgotten")
	}
}

func TestErrors(t *testing.T) {
	tests := map[string]string{
		"-- what --\n":                                                           `indextest: section "what" is neither index, PROJECT/, FILENAME nor FILENAME/MEMBER`,
		"-- a-1.0.whl --\n":                                                      `indextest: a-1.0.whl: a-1.0.whl: not a wheel's file name`,
		"-- a.tar.gz --\n":                                                       `indextest: a.tar.gz: a.tar.gz: not a distribution's file name`,
		"-- a-1.0.zip --\n":                                                      `indextest: a-1.0.zip: only wheels and .tar.gz sdists can be made; use file: for others`,
		"-- a-1.0.tar.gz --\ncolour: red\n":                                      `indextest: a-1.0.tar.gz: colour: unknown key`,
		"-- a-1.0.tar.gz --\ncolour\n":                                           `indextest: a-1.0.tar.gz: line 1: "colour" is not of the form key: value`,
		"-- a-1.0.tar.gz --\npad: 3 stone\n":                                     `indextest: a-1.0.tar.gz: pad: "3 stone" is not a size`,
		"-- a-1.0.tar.gz --\npad: 1GiB\n":                                        `indextest: a-1.0.tar.gz: a-1.0.tar.gz: an sdist is padded by at most 67108864 bytes`,
		"-- a-1.0.tar.gz --\nupload-time: soon\n":                                `indextest: a-1.0.tar.gz: upload-time: "soon" is neither RFC 3339, now, nor a duration from now`,
		"-- a-1.0.tar.gz --\npublisher: me\n":                                    `indextest: a-1.0.tar.gz: publisher: publisher "me" is not of the form kind:name`,
		"-- a-1.0.tar.gz --\nmisissue: me\n":                                     `indextest: a-1.0.tar.gz: misissue: unknown fault "me" of an attestation`,
		"-- a-1.0.tar.gz --\nomit: me\n":                                         `indextest: a-1.0.tar.gz: omit: a page has no key "me" for a file`,
		"-- a-1.0.tar.gz --\nhashes: crc\n":                                      `indextest: a-1.0.tar.gz: hashes: unknown digest "crc"`,
		"-- a-1.0.tar.gz --\nlisted: maybe\n":                                    `indextest: a-1.0.tar.gz: listed: "maybe" is neither yes nor no`,
		"-- a-1.0.tar.gz --\nbackend: mine\n":                                    `indextest: a-1.0.tar.gz: backend: unknown backend "mine"`,
		"-- a-1.0.tar.gz --\nmisbehave: badly\n":                                 `indextest: a-1.0.tar.gz: unknown misbehaviour "badly"`,
		"-- a-1.0.tar.gz --\nmisbehave: status\n":                                `indextest: a-1.0.tar.gz: status: wrong number of arguments`,
		"-- a-1.0.tar.gz --\nmisbehave: status 99\n":                             `indextest: a-1.0.tar.gz: status: "99" is not an HTTP status`,
		"-- a-1.0.tar.gz --\nmisbehave: cut x\n":                                 `indextest: a-1.0.tar.gz: cut: "x" is not a place in a body`,
		"-- a-1.0.tar.gz --\nmisbehave: drop times=x\n":                          `indextest: a-1.0.tar.gz: drop: "times=x" is not a number`,
		"-- index --\nmisbehave: b/ drop\n":                                      `indextest: there is no project "b" to misbehave about`,
		"-- index --\nmisbehave: b-1.tar.gz drop\n":                              `indextest: there is no file "b-1.tar.gz" to misbehave about`,
		"-- a-1.0.tar.gz --\nmisbehave: body-of b-1.tar.gz\n":                    `indextest: a-1.0.tar.gz: body-of: there is no file "b-1.tar.gz" to misbehave about`,
		"-- index --\napi-version: 2.0\n":                                        `indextest: index: api-version "2.0" is not 1.0 to 1.4`,
		"-- index --\nbasic-auth: me\n":                                          `indextest: index: basic-auth is not of the form USER PASSWORD`,
		"-- a/ --\nbulk: many\n":                                                 `indextest: a/: bulk: "many" is not a number up to 100000`,
		"-- a/ --\nx: y\n":                                                       `indextest: a/: unknown key "x"`,
		"-- a/ --\nbulk: 1\n-- a-1.0.0-py3-none-any.whl --\n-- a/ --\nbulk: 1\n": `indextest: a/: a-1.0.0-py3-none-any.whl: described twice`,
	}
	for archive, want := range tests {
		_, err := indextest.New([]byte(archive))
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", archive, err, want)
		}
	}
	s, err := indextest.New(nil, indextest.WithAddr("192.0.2.1:80"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err == nil || err.Error() != `indextest: "192.0.2.1:80" is not a loopback address` {
		t.Errorf("error = %v", err)
	}
}

func BenchmarkNewWith4000Files(b *testing.B) {
	for b.Loop() {
		if _, err := indextest.New([]byte("-- many/ --\nbulk: 4000 github:acme/many@release.yml\n")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPage4000(b *testing.B) {
	s := indextest.Start(b, "-- many/ --\nbulk: 4000 github:acme/many@release.yml\n")
	for b.Loop() {
		b.SetBytes(int64(len(get(b, s.SimpleURL()+"many/", "Accept", typeJSON).body)))
	}
}

func BenchmarkFile100MB(b *testing.B) {
	s := indextest.Start(b, "-- big-1.0-py3-none-any.whl --\npad: 100MB\n")
	f, _ := s.File("big-1.0-py3-none-any.whl")
	b.SetBytes(f.Size)
	for b.Loop() {
		resp, err := http.Get(f.URL)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
}
