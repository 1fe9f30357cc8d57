package catalog_test

import (
	"strings"
	"testing"

	"assay"
)

// withStatus is a page with a project status.
func withStatus(page []byte, status string) []byte {
	return []byte(strings.Replace(string(page), `"versions":[]`, `"project-status":`+status+`,"versions":[]`, 1))
}

const holdsAStealer = `{"status":"quarantined","reason":"holds a stealer"}`

// refused asserts that a file is refused for the quarantine of its project, and nobody
// asked about it.
func (b *bench) refused(t *testing.T, name string) {
	t.Helper()
	f := b.mustFile(t, name)
	d, refused := f.Refusal()
	if got := refusalText(d); !refused || got != "project.quarantined: the index has put foo under quarantine: holds a stealer" || len(f.Judgement.Evidence) > 0 {
		t.Errorf("%s: refused %t: %s, on %d pieces of evidence", name, refused, got, len(f.Judgement.Evidence))
	}
}

// TestQuarantinedAndEmpty: a page that lists nothing is handed on, and why it does is
// recorded once for the project, however often it is asked for.
func TestQuarantinedAndEmpty(t *testing.T) {
	body := withStatus(page("foo"), holdsAStealer)
	b := start(t, upstream{pages: map[string][]byte{"foo": body}})
	for range 2 {
		if p := b.mustPage(t, body); p.Edited || p.Refusal != nil || string(p.Body) != string(body) {
			t.Errorf("edited %t, refusal %v", p.Edited, p.Refusal)
		}
	}
	if got := b.records.take(); got != "deny  project.quarantined" {
		t.Errorf("recorded %q", got)
	}
	b.refused(t, "foo-1.0.tar.gz") // by a URL from elsewhere
	b.refused(t, "foo-1.0-py3-none-any.whl.metadata")
	if got := b.records.take(); got != "deny foo-1.0.tar.gz project.quarantined; deny foo-1.0-py3-none-any.whl project.quarantined" {
		t.Errorf("recorded %q", got)
	}
}

// TestQuarantinedAndListed: where an index lists files all the same none of them is had,
// and the page is left alone, so that installers show the reason.
func TestQuarantinedAndListed(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-1.0.tar.gz"] = assay.Verified
	body := withStatus(page("foo", "foo-1.0.tar.gz", "foo-0.9.tar.gz", "foo-0.9.tar.gz"), holdsAStealer)
	if p := b.mustPage(t, body); p.Edited || p.Refusal != nil || b.records.take() != "" {
		t.Errorf("edited %t, refusal %v", p.Edited, p.Refusal)
	}
	b.refused(t, "foo-1.0.tar.gz")
	b.refused(t, "foo-0.9.tar.gz")
}

// TestQuarantineBeginsAndEnds: an older copy of the page, and the document beside it, say
// nothing against one that is newer; and when it ends the files may be had again.
func TestQuarantineBeginsAndEnds(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-1.0.tar.gz"] = assay.Verified
	listed := page("foo", "foo-1.0.tar.gz")
	allowed := func() {
		t.Helper()
		if d, refused := b.mustFile(t, "foo-1.0.tar.gz").Refusal(); refused {
			t.Errorf("refused: %s", refusalText(d))
		}
	}
	b.mustPage(t, listed)
	allowed()
	b.mustPage(t, withStatus(page("foo"), holdsAStealer))
	b.refused(t, "foo-1.0.tar.gz")
	b.mustPage(t, withStatus(listed, `{"status":"active"}`))
	allowed()

	b.mustPage(t, withStatus(page("foo"), holdsAStealer))
	doc := []byte(`{"info":{"name":"foo","version":"1.0"},"urls":[{"filename":"foo-1.0.tar.gz","url":"https://files.example.invalid/foo-1.0.tar.gz","digests":{"sha256":"` + sum("foo-1.0.tar.gz") + `"}}]}`)
	p, err := b.Page(t.Context(), at(t, "https://index.example.invalid/pypi/foo/1.0/json"), "application/json", doc)
	if err != nil || p.Refusal != nil || p.Edited {
		t.Errorf("document: %+v, %v", p, err)
	}
	b.refused(t, "foo-1.0.tar.gz")
}

// TestArchived: a status that refuses nothing is a reason to look, and a change of it is
// seen.
func TestArchived(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-1.0.tar.gz"] = assay.Verified
	listed := page("foo", "foo-1.0.tar.gz")
	for _, c := range []struct{ status, want string }{
		{`{"status":"active"}`, ""},
		{`{"status":"archived","reason":"no time"}`, "project.archived: the index says that foo is archived: no time"},
		{`{"status":"deprecated"}`, "project.deprecated: the index says that foo is deprecated"},
		{`{"status":"haunted"}`, ""},
	} {
		body := withStatus(listed, c.status)
		if p := b.mustPage(t, body); p.Edited || p.Refusal != nil {
			t.Errorf("%s: edited %t, refusal %v", c.status, p.Edited, p.Refusal)
		}
		f := b.mustFile(t, "foo-1.0.tar.gz")
		d, err := b.Conclude(t.Context(), f, content("foo-1.0.tar.gz"))
		got := ""
		if _, reasons := d.Main(); reasons {
			got = refusalText(d)
		}
		if err != nil || d.Verdict == assay.Deny || got != c.want {
			t.Errorf("%s: %s %q, %v", c.status, d.Verdict, got, err)
		}
	}
}

// TestEditedPageKeepsTheStatus: marks leave what the page says of the project.
func TestEditedPageKeepsTheStatus(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-2.0.tar.gz"] = assay.Invalid
	p := b.mustPage(t, withStatus(page("foo", "foo-1.0.tar.gz", "foo-2.0.tar.gz"), `{"status":"archived","reason":"no time"}`))
	if !p.Edited || !strings.HasPrefix(yanks(t, p.Body), "foo-2.0.tar.gz: ") || !strings.Contains(string(p.Body), `"project-status":{"status":"archived","reason":"no time"}`) {
		t.Errorf("edited %t: %s", p.Edited, p.Body)
	}
}
