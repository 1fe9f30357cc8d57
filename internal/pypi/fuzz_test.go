package pypi

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/html"

	"assay"
)

// referencePage is a page as a library reads it. Values that Assay reads in a
// way of its own are kept as they are.
type referencePage struct {
	Name  string `json:"name"`
	Files []struct {
		Filename             string            `json:"filename"`
		URL                  string            `json:"url"`
		Hashes               map[string]string `json:"hashes"`
		RequiresPython       *string           `json:"requires-python"`
		CoreMetadata         jsontext.Value    `json:"core-metadata"`
		DistInfoMetadata     jsontext.Value    `json:"dist-info-metadata"`
		DataDistInfoMetadata jsontext.Value    `json:"data-dist-info-metadata"`
		Yanked               jsontext.Value    `json:"yanked"`
		Size                 jsontext.Value    `json:"size"`
		Provenance           *string           `json:"provenance"`
	} `json:"files"`
	Meta struct {
		APIVersion string `json:"api-version"`
	} `json:"meta"`
	Status *struct {
		Status *string `json:"status"`
		Reason *string `json:"reason"`
	} `json:"project-status"`
}

// checkReference compares a page with what the library reads in its body.
func checkReference(t *testing.T, body []byte, p *Page) {
	t.Helper()
	var ref referencePage
	if err := json.Unmarshal(body, &ref); err != nil {
		t.Fatalf("%s is taken, but the library says %v", body, err)
	}
	if name, _ := NormalizeName(ref.Name); name != p.Name || ref.Meta.APIVersion != p.APIVersion || len(ref.Files) != len(p.Files) {
		t.Fatalf("%s: %+v, not %+v", body, p, ref)
	}
	status, reason := "", ""
	if ref.Status != nil {
		status, reason = text(ref.Status.Status), text(ref.Status.Reason)
	}
	checkStanding(t, body, p)
	if s := p.Standing; s.Status != "" && (string(s.Status) != status || !strings.HasPrefix(reason, s.Reason) || len(reason) <= maxStanding && reason != s.Reason) {
		t.Fatalf("%s: standing %+v, not %q %q", body, s, status, reason)
	} else if s.Status == "" && slices.Contains(statuses, status) {
		t.Fatalf("%s: the status %q is lost", body, status)
	}
	for i, f := range p.Files {
		r := ref.Files[i]
		if f.Filename != r.Filename || f.RequiresPython != text(r.RequiresPython) || (f.Provenance != "") != (text(r.Provenance) != "") {
			t.Fatalf("%s: %+v, not %+v", body, f, r)
		}
		u, err := url.Parse(f.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" ||
			u.Path[strings.LastIndexByte(u.Path, '/')+1:] != f.Filename {
			t.Fatalf("%s: URL %q, %v", body, f.URL, err)
		}
		if (&links{base: testBase, origin: "https://files.example.invalid"}).same(r.URL) != f.URL {
			t.Fatalf("%s: URL %q depends on how it was resolved", body, f.URL)
		}
		for algorithm, value := range r.Hashes {
			d, err := assay.NewDigest(algorithm, value)
			if _, known := hashLengths[algorithm]; !known {
				continue
			}
			if got, ok := (assay.Artifact{Digests: f.Digests}).Digest(d.Algorithm); err != nil || !ok || got != d {
				t.Fatalf("%s: %s is %v, not %s", body, algorithm, got, value)
			}
		}
		yanked, reason := false, ""
		switch r.Yanked.Kind() {
		case '"':
			yanked = true
			if err := json.Unmarshal(r.Yanked, &reason); err != nil {
				t.Fatal(err)
			}
		case 't':
			yanked = true
		}
		if f.Yanked != yanked || f.YankReason != reason {
			t.Fatalf("%s: yanked %t %q, not %s", body, f.Yanked, f.YankReason, r.Yanked)
		}
		if size := string(r.Size); size != "" && size != "null" && size != strconv.FormatInt(f.Size, 10) {
			t.Fatalf("%s: size %d, not %s", body, f.Size, size)
		}
		served := false
		for _, m := range []jsontext.Value{r.CoreMetadata, r.DistInfoMetadata, r.DataDistInfoMetadata} {
			served = served || m.Kind() == 't' || m.Kind() == '{'
		}
		if f.CoreMetadata != served {
			t.Fatalf("%s: core metadata %t", body, f.CoreMetadata)
		}
	}
}

var statuses = []string{"active", "archived", "quarantined", "deprecated"}

// checkStanding asserts that a page's standing is one of those that are defined, and
// no longer than it may be.
func checkStanding(t *testing.T, body []byte, p *Page) {
	t.Helper()
	s := p.Standing
	if s != (assay.Standing{}) && !slices.Contains(statuses, string(s.Status)) || len(s.Reason) > maxStanding || !utf8.ValidString(s.Reason) && utf8.Valid(body) {
		t.Fatalf("%q: standing %+v", body, s)
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// same resolves a reference without the shortcut.
func (l *links) same(ref string) string {
	ref, _, _ = strings.Cut(ref, "#")
	u, err := l.absolute(ref)
	if err != nil {
		return err.Error()
	}
	return u.String()
}

// beyondCaps reports whether an error is about a cap, which the library has not.
func beyondCaps(err error) bool {
	return strings.Contains(err.Error(), "deeper than") || strings.Contains(err.Error(), "longer than")
}

func FuzzPageJSON(f *testing.F) {
	seeds := []string{page(good), string(jsonPage(2)), page(good + `,"yanked":"a\"","size":1,"upload-time":"2024-11-06T22:37:23Z","x":[{"a":1.5e-3},"\ud83d\ude00"]`),
		page(`"filename":"foo-1.zip","url":"https://u:p@a.invalid:443/x/../foo-1.zip?a#sha256=` + hexA + `","hashes":{"sha256":"` + hexA + `","x":""},"core-metadata":{"sha256":"` + hexB + `"},"dist-info-metadata":true`),
		`{"meta":{"api-version":"1.4"},"name":"F.o","project-status":{"status":"archived","reason":null},"files":[],"versions":["1"],"a":{"b":1,"\u0062":2}}`,
		`{"meta":{"api-version":"1.4"},"project-status":{"status":"quaran\u0074ined","reason":"` + strings.Repeat("\u00e9", 600) + `","x":{}},"files":[]}`,
		`{"meta":{"api-version":"1.4"},"project-status":{"status":null,"reason":"x"},"files":[]}`, `{"meta":{"api-version":"1.4"},"project-status":{"status":"haunted","status":"active"},"files":[]}`,
		`{"meta":{"api-version":"1.0"},"projects":[]}`, `[1,-0.0e+1,"\u00e9\n",{"a":null}]`, "\"\xff\"", `"\ud800"`, `{"a":0,"a":1}`, "\ufeff{}"}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c := scanner{s: string(body)}
		valid := c.skip()
		if valid {
			valid = strings.Trim(c.s[c.i:], " \t\r\n") == ""
		}
		if valid != jsontext.Value(body).IsValid() && (valid || !beyondCaps(c.err)) {
			t.Fatalf("%q: valid %t (%v), which the library does not say", body, valid, c.err)
		}
		p, err := ParsePage(typeJSON, body, testBase)
		if err != nil {
			var bad *PageError
			if !errors.As(err, &bad) && !errors.Is(err, ErrNotAPage) {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		checkReference(t, body, p)
		checkYanked(t, typeJSON, body, p, func(i int) (string, bool) { return `a "b" \`, i%2 == 0 })
		for i := range p.Files {
			p.Artifact(i, "")
		}
	})
}

func FuzzPageHTML(f *testing.F) {
	for _, s := range []string{string(htmlPage(2)), `<base href=/x/><a href="foo-1.zip#sha256=` + hexA + `" data-yanked='a&amp;' data-core-metadata=true>foo-1.zip</a>`,
		`<!-- a --><A/HREF=foo-1.zip data-yanked>foo-1.zip<a href="x?y">`, `<title><a href="foo-1.zip"></title>`, `<![CDATA[<a href=foo-1.zip>]]>`,
		`<!--><a href=foo-1.zip>-->`, `<svg><title><a href=foo-1.zip></a>`, `<a =href="foo-1.zip" x='a"b'data-yanked>`, "<a\x00 href=foo-1.zip>", `<noscript><a href=foo-1.zip></noscript>`,
		`<meta name="pypi:project-status" content="archived"><meta content="no &#x74;ime" name='pypi:project-status-reason'><a href=foo-1.zip>foo-1.zip</a>`,
		`<META NAME=pypi:project-status content=haunted><meta name="pypi:project-status">`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := ParsePage("text/html", body, testBase)
		if err != nil {
			var bad *PageError
			if !errors.As(err, &bad) {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		checkStanding(t, body, p)
		listed := map[string]bool{}
		for _, file := range p.Files {
			listed[file.Filename] = true
		}
		for _, name := range treeFiles(t, body) {
			if !listed[name] {
				t.Fatalf("%q: a parser sees %q, the page lists %v", body, name, p.Files)
			}
		}
		checkYanked(t, "text/html", body, p, func(i int) (string, bool) { return `a "b" <&>`, i%2 == 0 })
	})
}

// treeFiles returns the files that the links of a page's document tree name.
func treeFiles(t *testing.T, body []byte) []string {
	root, err := html.ParseWithOptions(strings.NewReader(string(body)), html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil
	}
	var files []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "a" || n.Namespace != "" {
			continue
		}
		for _, a := range n.Attr {
			if a.Key != "href" {
				continue
			}
			ref, _, _ := strings.Cut(trimSpace(a.Val), "#")
			u, err := (&links{base: testBase}).absolute(ref)
			if err == nil && IsDistribution(u.Path) {
				files = append(files, u.Path[strings.LastIndexByte(u.Path, '/')+1:])
			}
		}
	}
	return files
}
