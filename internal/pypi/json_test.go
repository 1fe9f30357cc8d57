package pypi

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"assay"
)

const typeJSON = "application/vnd.pypi.simple.v1+json"

var (
	hexA = strings.Repeat("a", 64)
	hexB = strings.Repeat("b", 64)

	testBase = &url.URL{Scheme: "https", User: url.UserPassword("u", "secret"), Host: "index.example.invalid", Path: "/simple/foo/"}
)

func digests(t testing.TB, list ...string) []assay.Digest {
	t.Helper()
	var out []assay.Digest
	for _, s := range list {
		d, err := assay.ParseDigest(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

func TestParseJSON(t *testing.T) {
	body := ` {"meta":{"_last-serial":1.5e3,"api-version":"1.4"},"name":"Foo","versions":["1.0"],"x":[{"a":[]}],
	"project-status":{"status":"archived","reason":"no time \ud83d\ude00"},
	"files":[
	{"filename":"foo-1.0.tar.gz","url":"https://files.example.invalid/p/foo-1.0.tar.gz","hashes":{"sha256":"` + hexA + `","blake2b":"x","md5":"` + strings.Repeat("A", 32) + `"},
	 "size":12345,"upload-time":"2024-11-06T22:37:23.170322Z","requires-python":">=3.8","yanked":"broken \"it\"",
	 "core-metadata":{"sha256":"` + hexB + `"},"data-dist-info-metadata":true,"provenance":"https://index.example.invalid/integrity/foo/1.0/foo-1.0.tar.gz/provenance"},
	{"filename":"foo-1.0.tar.gz","url":"../../p/./x/../foo-1.0.tar.gz?a=b#sha256=` + hexA + `&egg=foo","hashes":{},
	 "size":null,"upload-time":null,"requires-python":null,"yanked":true,"core-metadata":false,"provenance":null,"gpg-sig":1},
	{"f\u0069lename":"foo-1.0+l.zip","url":"HTTPS://me:pw@FILES.example.invalid:443/foo-1.0%2Bl.zip","hashes":{},"upload-time":"2024-02-29T01:00:00+01:00","yanked":null},
	{"filename":"foo-1.0+l.zip","url":"//files.example.invalid/foo-1.0+l.zip","hashes":{},"yanked":""}
	]}
`
	p, err := ParsePage(typeJSON+"; charset=utf-8", []byte(body), testBase)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "foo" || p.Format != JSON || p.APIVersion != "1.4" || p.Standing != (assay.Standing{Status: assay.StatusArchived, Reason: "no time \U0001f600"}) {
		t.Errorf("page: %+v", p)
	}
	want := []File{
		{Filename: "foo-1.0.tar.gz", URL: "https://files.example.invalid/p/foo-1.0.tar.gz",
			Digests: digests(t, "sha256:"+hexA, "md5:"+strings.Repeat("a", 32)), Size: 12345,
			UploadTime: time.Date(2024, 11, 6, 22, 37, 23, 170322000, time.UTC), RequiresPython: ">=3.8",
			Yanked: true, YankReason: `broken "it"`, CoreMetadata: true, CoreMetadataDigests: digests(t, "sha256:"+hexB),
			Provenance: "https://index.example.invalid/integrity/foo/1.0/foo-1.0.tar.gz/provenance"},
		{Filename: "foo-1.0.tar.gz", URL: "https://index.example.invalid/p/foo-1.0.tar.gz?a=b", Digests: digests(t, "sha256:"+hexA), Yanked: true},
		{Filename: "foo-1.0+l.zip", URL: "https://files.example.invalid/foo-1.0%2Bl.zip", Digests: []assay.Digest{},
			UploadTime: time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{Filename: "foo-1.0+l.zip", URL: "https://files.example.invalid/foo-1.0+l.zip", Digests: []assay.Digest{}, Yanked: true},
	}
	for i := range want {
		if i >= len(p.Files) || !reflect.DeepEqual(p.Files[i], want[i]) {
			t.Errorf("file %d:\n got %+v\nwant %+v", i, p.Files[i], want[i])
		}
	}
	a := p.Artifact(0, "https://index.example.invalid/simple/foo/")
	if a.Ecosystem != assay.PyPI || a.Project != "foo" || a.Version != "1.0" || a.Filename != "foo-1.0.tar.gz" || !a.Yanked ||
		a.YankReason != `broken "it"` || a.Size != 12345 || a.Index != "https://index.example.invalid/simple/foo/" ||
		a.URL != want[0].URL || a.Standing != p.Standing || a.Provenance != want[0].Provenance || !a.UploadTime.Equal(want[0].UploadTime) || len(a.Digests) != 2 {
		t.Errorf("artifact: %+v", a)
	}
}

// page returns a page with one file of the given members.
func page(file string) string {
	return `{"meta":{"api-version":"1.1"},"name":"foo","files":[{` + file + `}]}`
}

const (
	good   = `"filename":"foo-1.zip","url":"foo-1.zip","hashes":{}`
	noURL  = `"filename":"foo-1.zip","hashes":{}`
	noName = `"url":"foo-1.zip","hashes":{}`
)

var deep = strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)

// malformedPages are pages with the reason why each is refused.
var malformedPages = map[string]string{
	``:                                      `it is empty`,
	` `:                                     `the text ends too early at byte 1`,
	`{`:                                     `the text ends too early at byte 1`,
	`[]`:                                    `'{' is expected at byte 0`,
	`null`:                                  `'{' is expected at byte 0`,
	"\ufeff{}":                              `'{' is expected at byte 0`,
	`<!DOCTYPE html>`:                       `'{' is expected at byte 0`,
	"\x1f\x8b\x08":                          `'{' is expected at byte 0`,
	`{}`:                                    `it has no meta key`,
	`{"meta":{"api-version":"1.0"}}`:        `it has no files key`,
	`{"meta":{},"files":[]}`:                `meta has no api-version`,
	`{"meta":null,"files":[]}`:              `'{' is expected at byte 8`,
	`{"meta":{"api-version":1},"files":[]}`: `a string is expected at byte 23`,
	`{"meta":{"api-version":"2.0"},"files":[]}`:                        `its API version "2.0" is not 1.N`,
	`{"meta":{"api-version":"1"},"files":[]}`:                          `its API version "1" is not 1.N`,
	`{"meta":{"api-version":"1.x"},"files":[]}`:                        `its API version "1.x" is not 1.N`,
	`{"meta":{"api-version":"1.0","api-version":"1.0"}}`:               `the name "api-version" is given twice at byte 43`,
	`{"meta":{"api-version":"1.0"},"files":[],"files":[]}`:             `the name "files" is given twice at byte 49`,
	`{"meta":{"api-version":"1.0"},"files":{}}`:                        `'[' is expected at byte 38`,
	`{"meta":{"api-version":"1.0"},"files":null}`:                      `'[' is expected at byte 38`,
	`{"meta":{"api-version":"1.0"},"files":[null]}`:                    `'{' is expected at byte 39`,
	`{"meta":{"api-version":"1.0"},"files":[],"name":null}`:            `a string is expected at byte 48`,
	`{"meta":{"api-version":"1.0"},"files":[],"name":"-"}`:             `the project's name "-" is not valid at byte 51`,
	`{"meta":{"api-version":"1.0"},"files":[]}x`:                       `something follows the page at byte 41`,
	`{"meta":{"api-version":"1.0"},"files":[]}{}`:                      `something follows the page at byte 41`,
	`{"meta":{"api-version":"1.0"},"files":[],}`:                       `a string is expected at byte 41`,
	`{"meta":{"api-version":"1.0"},"files":[] "a":1}`:                  `a comma or '}' is expected at byte 41`,
	`{"meta":{"api-version":"1.0"},"files":[],"a":[1,]}`:               `a value is expected at byte 48`,
	`{"meta":{"api-version":"1.0"},"files":[],"a":01}`:                 `a comma or '}' is expected at byte 46`,
	`{"meta":{"api-version":"1.0"},"files":[],"a":1.}`:                 `a number is not valid at byte 47`,
	`{"meta":{"api-version":"1.0"},"files":[],"a":NaN}`:                `a value is expected at byte 45`,
	`{"meta":{"api-version":"1.0"},"files":[],"a" 1}`:                  `a colon is expected at byte 45`,
	`{"meta":{"api-version":"1.0"},"files":[],"a":{"b":1,"\u0062":2}}`: `the name "b" is given twice at byte 61`,
	`{"meta":{"api-version":"1.0"},"files":[],"a":"\ud800"}`:           `a surrogate has no partner at byte 52`,
	`{"meta":{"api-version":"1.0"},"files":[],"a":"\x"}`:               `an escape sequence is not valid at byte 48`,
	"{\"a\":\"\xff\"}":   `a string is not UTF-8 at byte 6`,
	"{\"a\":\"\n\"}":     `a string holds a control character at byte 6`,
	`{"a":"`:             `the text ends inside a string at byte 6`,
	`{"a":` + deep + `}`: `values nest deeper than 64 at byte 69`,
	`{"a":"` + strings.Repeat("x", 70000) + `"}`:                       `a string is longer than 65536 bytes at byte 70007`,
	page(`"filename":null,"url":"foo-1.zip","hashes":{}`):              `a string is expected at byte 64`,
	page(`"filename":"","url":"foo-1.zip","hashes":{}`):                `the file name "": it is empty: not a valid distribution file name`,
	page(`"filename":"../foo-1.zip","url":"foo-1.zip","hashes":{}`):    `the file name "../foo-1.zip": it holds a path separator: not a valid distribution file name`,
	page(`"filename":"foo\u0000-1.zip","url":"foo-1.zip","hashes":{}`): `the file name "foo\x00-1.zip": it holds a control character: not a valid distribution file name`,
	page(noURL):                                                                    `a file has no url at byte 88`,
	page(noName):                                                                   `a file has no filename at byte 83`,
	page(noURL + `,"url":""`):                                                      `the URL of "foo-1.zip" names another file`,
	page(noURL + `,"url":"foo-2.zip"`):                                             `the URL of "foo-1.zip" names another file`,
	page(noURL + `,"url":"x?foo-1.zip"`):                                           `the URL of "foo-1.zip" names another file`,
	page(noURL + `,"url":"javascript:foo-1.zip"`):                                  `the URL of "foo-1.zip" is not an http or https URL`,
	page(noURL + `,"url":"data:text/html,/foo-1.zip"`):                             `the URL of "foo-1.zip" is not an http or https URL`,
	page(noURL + `,"url":"file:///etc/foo-1.zip"`):                                 `the URL of "foo-1.zip" is not an http or https URL`,
	page(noURL + `,"url":"ftp://a/foo-1.zip"`):                                     `the URL of "foo-1.zip" is not an http or https URL`,
	page(noURL + `,"url":"https:foo-1.zip"`):                                       `the URL of "foo-1.zip" is not an http or https URL`,
	page(noURL + `,"url":"https:///foo-1.zip"`):                                    `the URL of "foo-1.zip" is not an http or https URL`,
	page(noURL + `,"url":"https://:80/foo-1.zip"`):                                 `the URL of "foo-1.zip" is not an http or https URL`,
	page(noURL + `,"url":"https://a\\b/foo-1.zip"`):                                `the URL of "foo-1.zip" is not valid`,
	page(noURL + `,"url":"https://a/\u0000/foo-1.zip"`):                            `the URL of "foo-1.zip" is not valid`,
	page(noURL + `,"url":"https://a/%zz/foo-1.zip"`):                               `the URL of "foo-1.zip" is not valid`,
	page(noURL + `,"url":"https://a/%2e%2E/foo-1.zip"`):                            `the URL of "foo-1.zip" hides dot segments`,
	page(noURL + `,"url":"https://a/b%2ffoo-1.zip"`):                               `the URL of "foo-1.zip" names another file`,
	page(noURL + `,"url":"https://a/` + strings.Repeat("x", 9000) + `/foo-1.zip"`): `the URL of "foo-1.zip" is too long`,
	page(noURL + `,"url":"foo-1.zip#sha256=ab"`):                                   `the URL of "foo-1.zip" has a fragment in which a sha256 digest has 64 hex digits, not 2`,
	page(`"filename":"foo-1.zip","url":"foo-1.zip#sha256=` + hexB + `","hashes":{"sha256":"` + hexA + `"}`):     `the URL of "foo-1.zip" has a fragment in which sha256: two digests of one algorithm differ`,
	page(`"filename":"foo-1.zip","url":"foo-1.zip"`):                                                            `a file has no hashes at byte 94`,
	page(`"filename":"foo-1.zip","url":"foo-1.zip","hashes":null`):                                              `'{' is expected at byte 103`,
	page(`"filename":"foo-1.zip","url":"foo-1.zip","hashes":{"sha256":null}`):                                   `a string is expected at byte 113`,
	page(`"filename":"foo-1.zip","url":"foo-1.zip","hashes":{"sha256":"ab"}`):                                   `a sha256 digest has 64 hex digits, not 2 at byte 117`,
	page(`"filename":"foo-1.zip","url":"foo-1.zip","hashes":{"sha256":"` + hexA[1:] + `g"}`):                    `sha256 digest is not hexadecimal at byte 179`,
	page(`"filename":"foo-1.zip","url":"foo-1.zip","hashes":{"x":"","x":""}`):                                   `the name "x" is given twice at byte 117`,
	page(`"filename":"foo-1.zip","url":"foo-1.zip","hashes":{"sha256":"` + hexA + `","sha256":"` + hexA + `"}`): `the name "sha256" is given twice at byte 255`,
	page(good + `,"url":"foo-1.zip"`):                                                                           `the name "url" is given twice at byte 112`,
	page(good + `,"x":1,"x":1`):                                                                                 `the name "x" is given twice at byte 116`,
	page(good + `,"yanked":1`):                                                                                  `a string is expected at byte 115`,
	page(good + `,"yanked":false,"yanked":true`):                                                                `the name "yanked" is given twice at byte 130`,
	page(good + `,"size":"1"`):                                                                                  `a value is expected at byte 113`,
	page(good + `,"size":-1`):                                                                                   `a size is not a whole number at byte 115`,
	page(good + `,"size":-0`):                                                                                   `a size is not a whole number at byte 115`,
	page(good + `,"size":1.0`):                                                                                  `a size is not a whole number at byte 116`,
	page(good + `,"size":1e3`):                                                                                  `a size is not a whole number at byte 116`,
	page(good + `,"size":9223372036854775808`):                                                                  `a size is not a whole number at byte 132`,
	page(good + `,"size":` + strings.Repeat("9", 5000)):                                                         `a size is not a whole number at byte 5113`,
	page(good + `,"requires-python":3`):                                                                         `a string is expected at byte 124`,
	page(good + `,"core-metadata":"true"`):                                                                      `'{' is expected at byte 122`,
	page(good + `,"core-metadata":{"sha256":"` + hexA + `"},"dist-info-metadata":{"sha256":"` + hexB + `"}`):    `the metadata keys of "foo-1.zip" disagree: two digests of one algorithm differ`,
	page(good + `,"upload-time":"yesterday"`):                                                                   `the upload time "yesterday" is not one at byte 131`,
	page(good + `,"upload-time":"2024-02-30T00:00:00Z"`):                                                        `the upload time "2024-02-30T00:00:00Z" is not one at byte 142`,
	page(good + `,"upload-time":"2024-11-06T22:37:23"`):                                                         `the upload time "2024-11-06T22:37:23" is not one at byte 141`,
	page(good + `,"upload-time":1}`):                                                                            `a string is expected at byte 120`,
	page(good + `,"provenance":"/integrity/x"`):                                                                 `a provenance URL is not an absolute https URL at byte 133`,
	page(good + `,"provenance":"http://a.invalid/x"`):                                                           `a provenance URL is not an absolute https URL at byte 139`,
	page(good + `,"provenance":"javascript:x"`):                                                                 `a provenance URL is not an absolute https URL at byte 133`,
	page(good + `,"provenance":true`):                                                                           `a string is expected at byte 119`,
}

func TestMalformedJSON(t *testing.T) {
	for in, want := range malformedPages {
		_, err := ParsePage(typeJSON, []byte(in), testBase)
		var bad *PageError
		if !errors.As(err, &bad) || bad.Detail != want || err.Error() != "malformed page: "+want {
			t.Errorf("%.200s\n got %v\nwant %s", in, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s shows credentials", err)
		}
	}
}

// Every proper beginning of a page is malformed, and nothing breaks on it.
func TestTruncated(t *testing.T) {
	body := jsonPage(2)
	for i := range body {
		var bad *PageError
		if _, err := ParsePage(typeJSON, body[:i:i], testBase); !errors.As(err, &bad) {
			t.Fatalf("%d bytes: %v", i, err)
		}
	}
}

func TestCaps(t *testing.T) {
	var bad *PageError
	if _, err := ParsePage(typeJSON, make([]byte, maxPageSize+1), nil); !errors.As(err, &bad) || bad.Detail != "it is larger than 67108864 bytes" {
		t.Error(err)
	}
	file := `{"filename":"a.zip","url":"https://a.invalid/a.zip","hashes":{}}`
	many := `{"meta":{"api-version":"1.0"},"files":[` + file + strings.Repeat(","+file, maxFiles) + `]}`
	if _, err := ParsePage(typeJSON, []byte(many), nil); !errors.As(err, &bad) || bad.Detail != "it lists more than 200000 files" {
		t.Error(err)
	}
	var keys strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&keys, `"k%d":0,`, i)
	}
	wide := `{"meta":{"api-version":"1.0"},"files":[],"x":{` + keys.String() + `"k5":0}}`
	if _, err := ParsePage(typeJSON, []byte(wide), nil); !errors.As(err, &bad) || !strings.HasPrefix(bad.Detail, `the name "k5" is given twice`) {
		t.Error(err)
	}
}

func TestNotAPage(t *testing.T) {
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json", "{}", `content type "application/json": not a page of the simple repository API`},
		{"", "{}", `content type "": not a page of the simple repository API`},
		{"text/html; charset", "{}", `content type "text/html; charset": not a page of the simple repository API`},
		{"text/html; charset=utf-7", "{}", `character set "utf-7": not a page of the simple repository API`},
		{"application/vnd.pypi.simple.v2+json", "{}", `content type "application/vnd.pypi.simple.v2+json": not a page of the simple repository API`},
		{typeJSON, `{"meta":{"api-version":"1.0"},"projects":[{"name":"foo"}]}`, `a list of projects: not a page of the simple repository API`},
	} {
		if _, err := ParsePage(c.contentType, []byte(c.body), testBase); !errors.Is(err, ErrNotAPage) || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.contentType, err, c.want)
		}
	}
}

// A page that came over http may name provenance there.
func TestProvenanceOrigin(t *testing.T) {
	for _, c := range []struct {
		base, provenance string
		ok               bool
	}{
		{"http://10.0.0.1/simple/foo/", "http://10.0.0.1/p", true},
		{"https://10.0.0.1/simple/foo/", "http://10.0.0.1/p", false},
		{"https://10.0.0.1/simple/foo/", "http://127.0.0.1:8080/p", true},
		{"https://10.0.0.1/simple/foo/", "http://localhost/p", true},
		{"https://10.0.0.1/simple/foo/", "https://other.invalid/p", true},
	} {
		base, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePage(typeJSON, []byte(page(good+`,"provenance":"`+c.provenance+`"`)), base)
		if (err == nil) != c.ok || c.ok && p.Files[0].Provenance != c.provenance {
			t.Errorf("%s on %s: %v", c.provenance, c.base, err)
		}
	}
}
