package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"assay"
	"assay/internal/catalog"
	"assay/internal/pypi"
)

const documentPage = "https://index.example.invalid/pypi/foo/2.0/json"

// document renders a document of foo 2.0 whose files are listed with the digests
// of their names, or of what follows their names behind "=".
func document(files ...string) []byte {
	var list []string
	for _, f := range files {
		name, content, ok := strings.Cut(f, "=")
		if !ok {
			content = name
		}
		list = append(list, fmt.Sprintf(`{"filename":%q,"url":"https://files.example.invalid/%s","digests":{"sha256":%q},"yanked":false,"yanked_reason":null}`,
			name, name, sum(content)))
	}
	return []byte(`{"info":{"name":"foo","version":"2.0","yanked":false},"urls":[` + strings.Join(list, ",") + `],"extra":[1, 2]}`)
}

func (b *bench) mustDocument(t *testing.T, body []byte) catalog.Page {
	t.Helper()
	p, err := b.Page(t.Context(), at(t, documentPage), "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// documentYanks returns "file: reason" for every yanked file of a document.
func documentYanks(t *testing.T, body []byte) string {
	t.Helper()
	p, err := pypi.ParseDocument("application/json", body, at(t, documentPage))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range p.Files {
		if f.Yanked {
			out = append(out, f.Filename+": "+f.YankReason)
		}
	}
	return strings.Join(out, "\n")
}

func TestADocumentIsJudgedLikeItsPage(t *testing.T) {
	const wheel, sdist = "foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz"
	b := start(t, upstream{})
	body := document(wheel, sdist)
	if p := b.mustDocument(t, body); p.Edited || p.Refusal != nil || &p.Body[0] != &body[0] || b.records.take() != "" {
		t.Errorf("a good document: edited %t, refusal %v", p.Edited, p.Refusal)
	}
	// Its files are known by it.
	f := b.mustFile(t, wheel)
	if a := f.Judgement.Subject.Artifact; a.Project != "foo" || a.Version != "2.0" || a.Index != indexPage || f.Promised[0].Hex != sum(wheel) {
		t.Errorf("%+v", a)
	}
	if d, refused := f.Refusal(); refused {
		t.Errorf("%+v", d.Reasons)
	}

	b = start(t, upstream{})
	b.states[wheel] = assay.Invalid
	p := b.mustDocument(t, body)
	const reason = "refused by assay: the provenance is about another file: it is about bar [provenance.wrong-subject]"
	if got, want := documentYanks(t, p.Body), wheel+": "+reason+"\n"+sdist+": "+reason; !p.Edited || got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if want := `{"info":{"yanked_reason":"` + reason + `","name":"foo","version":"2.0","yanked":true},"urls":[`; !strings.HasPrefix(string(p.Body), want) ||
		!strings.HasSuffix(string(p.Body), `],"extra":[1, 2]}`) {
		t.Errorf("%s", p.Body)
	}
	if got := b.records.take(); got != "deny "+wheel+" provenance.wrong-subject" {
		t.Errorf("recorded %s", got)
	}
	// The page beside it has the release marked as well, and so the other way.
	if got := yanks(t, b.mustPage(t, page("foo", "foo-1.0.tar.gz", wheel)).Body); got != wheel+": "+reason {
		t.Errorf("the page: %s", got)
	}
	if d, refused := b.mustFile(t, sdist).Refusal(); !refused || !strings.HasPrefix(refusalText(d), "release.refused: ") {
		t.Errorf("the sdist: %s", refusalText(d))
	}
}

// What the page says of a file counts, where there is one: the document knows
// neither metadata nor provenance.
func TestAPageSaysMoreThanADocument(t *testing.T) {
	const wheel = "foo-2.0-py3-none-any.whl"
	b := start(t, upstream{})
	b.mustPage(t, page("foo", wheel))
	b.mustDocument(t, document(wheel))
	if f := b.mustFile(t, wheel+".metadata"); len(f.Promised) != 1 || f.Promised[0].Hex != sum("METADATA of "+wheel) {
		t.Errorf("promised %v", f.Promised)
	}
}

func TestContradictingPromisesRefuse(t *testing.T) {
	const wheel, sdist = "foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz"
	const want = "page.duplicate-file: the index page lists " + wheel + " more than once: its page and the JSON API promise different bytes"
	simple := func(b *bench) string { return yanks(t, b.mustPage(t, page("foo", wheel, sdist)).Body) }
	other := func(b *bench) string {
		return documentYanks(t, b.mustDocument(t, document(wheel+"=other", sdist)).Body)
	}
	moved := func(b *bench) string { // of the same name, elsewhere
		body := strings.Replace(string(document(wheel+"=other", sdist)), "invalid/"+wheel, "invalid/x/"+wheel, 1)
		return documentYanks(t, b.mustDocument(t, []byte(body)).Body)
	}
	for name, order := range map[string][2]func(*bench) string{
		"the page first":       {simple, other},
		"the document first":   {other, simple},
		"another URL":          {simple, moved},
		"another URL, before":  {moved, simple},
		"the document in both": {other, func(b *bench) string { _ = simple(b); return other(b) }},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, upstream{})
			if got := order[0](b); got != "" {
				t.Fatalf("the first: %s", got)
			}
			const reason = ": refused by assay: the index page lists " + wheel + " more than once: its page and the JSON API promise different bytes [page.duplicate-file]"
			if got, want := order[1](b), wheel+reason+"\n"+sdist+reason; got != want {
				t.Errorf("the second: %s, want %s", got, want)
			}
			if got := b.records.take(); got != "deny "+wheel+" page.duplicate-file" {
				t.Errorf("recorded %s", got)
			}
			if d, refused := b.mustFile(t, wheel).Refusal(); !refused || refusalText(d) != want {
				t.Errorf("the file: %s", refusalText(d))
			}
			if d, refused := b.mustFile(t, sdist).Refusal(); !refused || !strings.HasPrefix(refusalText(d), "release.refused: ") {
				t.Errorf("the sdist: %s", refusalText(d))
			}
		})
	}
}

func TestDocumentsThatListWhatIsNotTheirs(t *testing.T) {
	b := start(t, upstream{})
	p := b.mustDocument(t, document("foo-2.0.0.tar.gz", "foo-1.0.tar.gz", "bar-2.0.tar.gz"))
	want := "foo-1.0.tar.gz: refused by assay: the file's name does not tell which release it is: it is listed for 2.0 [file.unreadable-name]\n" +
		"bar-2.0.tar.gz: refused by assay: the page of foo lists a file that belongs to another project: bar-2.0.tar.gz [file.wrong-project]"
	if got := documentYanks(t, p.Body); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if _, refused := b.mustFile(t, "foo-2.0.0.tar.gz").Refusal(); refused {
		t.Error("the release's own file is refused")
	}
}

func TestWhatHasADocumentsAddress(t *testing.T) {
	for name, c := range map[string]struct{ contentType, body, want string }{
		"another API":           {"application/json", `{"message":"Not Found"}`, ""},
		"a list":                {"application/json", `[1]`, ""},
		"a web page":            {"text/html", `<html><a href="about.html">about</a></html>`, ""},
		"a simple page":         {jsonType, string(page("foo", "foo-2.0.tar.gz")), ""},
		"broken":                {"application/json", `{"urls":[`, "the text ends too early at byte 9"},
		"another project":       {"application/json", strings.Replace(string(document()), "foo", "bar", 1), "it says that it is about bar"},
		"another release":       {"application/json", strings.Replace(string(document()), "2.0", "2.1", 1), `it says that it is about version "2.1"`},
		"two at once":           {jsonType, string(document()), "it is a document of the JSON API and is called a page"},
		"called a page":         {"text/html", string(document()), "it is a document of the JSON API and is called a page"},
		"called a page loosely": {"text/html; charset=iso-8859-1", `<html><a href="foo-1.0.tar.gz">foo</a></html>`, `character set "iso-8859-1": not a page of the simple repository API`},
		"called nearly a page":  {"text/htmlx", `<html><a href="foo-1.0.tar.gz">foo</a></html>`, `content type "text/htmlx": not a page of the simple repository API`},
		"another charset":       {"application/json; charset=utf-7", string(document()), `its character set is "utf-7"`},
	} {
		b := start(t, upstream{})
		p, err := b.Page(t.Context(), at(t, documentPage), c.contentType, []byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range b.records.js {
			if a := j.Subject.Artifact; a.Project != "foo" || a.Index != indexPage {
				t.Errorf("%s: %+v", name, a)
			}
		}
		got, recorded := "", b.records.take()
		if p.Refusal != nil {
			got = refusalText(*p.Refusal)
		} else if string(p.Body) != c.body || p.Edited {
			t.Errorf("%s: %s", name, p.Body)
		}
		if c.want != "" {
			c.want = "page.malformed: the index page cannot be read without doubt: " + c.want
		}
		if got != c.want || (recorded == "deny  page.malformed") != (c.want != "") {
			t.Errorf("%s: %q, recorded %q", name, got, recorded)
		}
	}
}
