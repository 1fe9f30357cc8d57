package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/engine"
	"assay/internal/pypi"
	"assay/internal/verify/digest"
)

const indexPage = "https://index.example.invalid/simple/foo/"

// signed stands for evidence that is fetched: what the test says about a file.
type signed struct{ states map[string]assay.State }

func (signed) Name() string       { return "signed" }
func (signed) NeedsContent() bool { return false }
func (s signed) Verify(_ context.Context, x assay.Subject) (assay.Evidence, error) {
	ev := assay.Evidence{Verifier: "signed", State: s.states[x.Artifact.Filename]}
	switch ev.State {
	case assay.Verified:
		ev.Claims = []assay.Claim{{Method: "signed", Identity: "github:o/foo@release.yml"}}
	case assay.Invalid:
		ev.Findings = []assay.Finding{{Code: assay.ProvenanceWrongSubject, Detail: "it is about bar"}}
	case assay.Unavailable:
		ev.Findings = []assay.Finding{{Code: assay.ProvenanceUnavailable, Detail: "status 503"}}
	default:
		ev.State = assay.Absent
	}
	return ev, nil
}

// upstream knows pages that did not pass by.
type upstream struct {
	err   error
	pages map[string][]byte // by project
}

func (upstream) Key(u *url.URL) string {
	return u.Scheme + "://" + u.Host + strings.ReplaceAll(u.EscapedPath(), "%2B", "+")
}
func (u upstream) Locate(_ context.Context, at *url.URL) (pypi.Place, bool, error) {
	if u.err != nil {
		return pypi.Place{}, false, u.err
	}
	var quarantined pypi.Place
	for project, body := range u.pages {
		index := &url.URL{Scheme: "https", Host: "other.example.invalid", Path: "/simple/" + project + "/"}
		p, err := pypi.ParsePage(jsonType, body, index)
		if err != nil {
			return pypi.Place{}, false, err
		}
		for i, f := range p.Files {
			if f.URL == at.String() {
				return pypi.Place{Page: p, URL: index, File: i}, true, nil
			}
		}
		if p.Standing.Quarantined() && strings.HasPrefix(path.Base(at.Path), p.Name+"-") {
			quarantined = pypi.Place{Page: p, URL: index, File: -1}
		}
	}
	return quarantined, false, nil
}
func (upstream) Configured(u *url.URL) bool {
	return strings.HasPrefix(u.String(), "https://index.example.invalid/")
}
func (upstream) ProvenanceGuess(*pypi.Page, *url.URL, pypi.File) (string, bool) { return "", false }

type records struct {
	mu sync.Mutex
	js []engine.Judgement
}

func (r *records) Record(_ context.Context, j engine.Judgement) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.js = append(r.js, j)
	return nil
}

// take returns what was recorded since, one line a judgement.
func (r *records) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []string
	for _, j := range r.js {
		main, _ := j.Decision.Main()
		lines = append(lines, fmt.Sprintf("%s %s %s", j.Decision.Verdict, j.Subject.Artifact.Filename, main.Code))
	}
	r.js = nil
	return strings.Join(lines, "; ")
}

func sum(s string) string {
	h := assay.NewHasher(nil)
	h.Write([]byte(s))
	d, _ := h.Content().Digest("sha256")
	return d.Hex
}

func content(s string) assay.Content {
	h := assay.NewHasher(nil)
	h.Write([]byte(s))
	return h.Content()
}

type bench struct {
	*catalog.Catalog
	records *records
	states  map[string]assay.State
}

func start(t *testing.T, up upstream) *bench {
	t.Helper()
	return startWith(t, up, assay.DefaultRules())
}

func startWith(t *testing.T, up upstream, rules engine.Policy) *bench {
	t.Helper()
	b := &bench{records: &records{}, states: map[string]assay.State{}}
	now := func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }
	e := engine.New(engine.Config{Verifiers: []engine.Verifier{digest.Verifier{}, signed{b.states}}, Rules: rules, Recorder: b.records, Now: now})
	b.Catalog = catalog.New(e, up, now)
	return b
}

// page renders a JSON page on which every file's bytes are its name.
func page(name string, files ...string) []byte {
	var list []string
	for _, f := range files {
		list = append(list, fmt.Sprintf(`{"filename":%q,"url":"https://files.example.invalid/%s","hashes":{"sha256":%q},"core-metadata":{"sha256":%q}}`,
			f, strings.ReplaceAll(f, "+", "%2B"), sum(f), sum("METADATA of "+f)))
	}
	return []byte(fmt.Sprintf(`{"meta":{"api-version":"1.4"},"name":%q,"versions":[],"files":[%s]}`, name, strings.Join(list, ",")))
}

const jsonType = "application/vnd.pypi.simple.v1+json"

func at(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// yanks returns "file: reason" for every yanked file of a page.
func yanks(t *testing.T, body []byte) string {
	t.Helper()
	p, err := pypi.ParsePage(jsonType, body, at(t, indexPage))
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

func (b *bench) mustPage(t *testing.T, body []byte) catalog.Page {
	t.Helper()
	p, err := b.Page(t.Context(), at(t, indexPage), jsonType, body)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b *bench) mustFile(t *testing.T, name string) *catalog.File {
	t.Helper()
	f, err := b.File(t.Context(), at(t, "https://files.example.invalid/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func refusalText(d assay.Decision) string {
	main, _ := d.Main()
	return string(main.Code) + ": " + main.Message
}

func TestAGoodPagePassesAsItIs(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-1.0.tar.gz"] = assay.Verified
	body := page("foo", "foo-1.0.tar.gz", "foo-1.0-py3-none-any.whl")
	p := b.mustPage(t, body)
	if p.Edited || p.Refusal != nil || &p.Body[0] != &body[0] || b.records.take() != "" {
		t.Errorf("edited %t, refusal %v", p.Edited, p.Refusal)
	}
	f := b.mustFile(t, "foo-1.0.tar.gz")
	if _, refused := f.Refusal(); refused || f.Metadata || f.HoldWhole || f.Promised[0].Hex != sum("foo-1.0.tar.gz") {
		t.Errorf("%+v", f)
	}
	d, err := b.Conclude(t.Context(), f, content("foo-1.0.tar.gz"))
	if err != nil || d.Verdict != assay.Allow {
		t.Errorf("%+v, %v", d, err)
	}
	if got := b.records.take(); got != "allow foo-1.0.tar.gz " {
		t.Errorf("recorded %q", got)
	}
}

func TestPagesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ contentType, body, want string }{
		"not JSON":           {jsonType, `<html>`, ""},
		"another project":    {jsonType, string(page("bar")), "page.malformed: the index page cannot be read without doubt: the page says that it is about bar"},
		"wrong content type": {"text/plain", string(page("foo")), ""},
		"no project name":    {jsonType, string(page("-")), ""},
		"truncated":          {jsonType, string(page("foo", "foo-1.0.tar.gz")[:200]), ""},
	} {
		b := start(t, upstream{})
		p, err := b.Page(t.Context(), at(t, indexPage), c.contentType, []byte(c.body))
		if err != nil || p.Refusal == nil || p.Body != nil {
			t.Errorf("%s: passed: %v", name, err)
			continue
		}
		got := refusalText(*p.Refusal)
		if !strings.HasPrefix(got, "page.malformed: the index page cannot be read without doubt: ") || c.want != "" && got != c.want {
			t.Errorf("%s: %s", name, got)
		}
		if got := b.records.take(); got != "deny  page.malformed" {
			t.Errorf("%s: recorded %q", name, got)
		}
	}
}

func TestTheListOfProjectsPasses(t *testing.T) {
	b := start(t, upstream{})
	body := []byte(`{"meta":{"api-version":"1.0"},"projects":[{"name":"foo"}]}`)
	p, err := b.Page(t.Context(), at(t, "https://index.example.invalid/simple/"), jsonType, body)
	if err != nil || p.Edited || string(p.Body) != string(body) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestARefusedNewestReleaseIsMarkedAndTheNextIsLookedAt(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-2.0-py3-none-any.whl"] = assay.Invalid
	b.states["foo-3.0-py3-none-any.whl"] = assay.Invalid
	b.states["foo-1.0-py3-none-any.whl"] = assay.Verified
	b.states["foo-4.0rc1.tar.gz"] = assay.Invalid
	p := b.mustPage(t, page("foo", "foo-1.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz", "foo-3.0-py3-none-any.whl", "foo-4.0rc1.tar.gz"))
	const reason = "refused by assay: the provenance is about another file: it is about bar [provenance.wrong-subject]"
	want := "foo-2.0-py3-none-any.whl: " + reason + "\nfoo-2.0.tar.gz: " + reason + "\nfoo-3.0-py3-none-any.whl: " + reason
	if got := yanks(t, p.Body); !p.Edited || got != want {
		t.Errorf("yanked:\n%s\nwant:\n%s", got, want)
	}
	if got := b.records.take(); got != "deny foo-3.0-py3-none-any.whl provenance.wrong-subject; deny foo-2.0-py3-none-any.whl provenance.wrong-subject" {
		t.Errorf("recorded %q", got)
	}
	// The sdist of a refused release is refused, and so is its metadata.
	for _, name := range []string{"foo-2.0.tar.gz", "foo-2.0.tar.gz.metadata"} {
		d, refused := b.mustFile(t, name).Refusal()
		const want = "release.refused: another file of foo 2.0 was refused: foo-2.0-py3-none-any.whl, the provenance is about another file: it is about bar [provenance.wrong-subject]"
		if !refused || refusalText(d) != want {
			t.Errorf("%s: %s, want %s", name, refusalText(d), want)
		}
	}
	if d, refused := b.mustFile(t, "foo-2.0-py3-none-any.whl").Refusal(); !refused || refusalText(d) != "provenance.wrong-subject: the provenance is about another file: it is about bar" {
		t.Errorf("the file itself: %s", refusalText(d))
	}
	if _, refused := b.mustFile(t, "foo-1.0-py3-none-any.whl").Refusal(); refused {
		t.Error("the older release is refused")
	}
	// The pre-release was not judged for the page; it is when it is asked for.
	if d, refused := b.mustFile(t, "foo-4.0rc1.tar.gz").Refusal(); !refused {
		t.Errorf("the pre-release: %s", refusalText(d))
	}
}

func TestEvidenceOutOfReachIsNotRemembered(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-2.0.tar.gz"] = assay.Unavailable
	body := page("foo", "foo-1.0.tar.gz", "foo-2.0.tar.gz")
	if got := yanks(t, b.mustPage(t, body).Body); !strings.HasPrefix(got, "foo-2.0.tar.gz: refused by assay: the provenance exists but could not be fetched: status 503") {
		t.Errorf("yanked %q", got)
	}
	if d, refused := b.mustFile(t, "foo-2.0.tar.gz").Refusal(); !refused || !d.Undecided() {
		t.Errorf("%+v", d)
	}
	b.states["foo-2.0.tar.gz"] = assay.Verified
	if p := b.mustPage(t, body); p.Edited {
		t.Errorf("still yanked: %s", yanks(t, p.Body))
	}
	if _, refused := b.mustFile(t, "foo-2.0.tar.gz").Refusal(); refused {
		t.Error("still refused")
	}
}

func TestWrongBytesRefuseTheReleaseFromThenOn(t *testing.T) {
	b := start(t, upstream{})
	body := page("foo", "foo-1.0.tar.gz", "foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz")
	if p := b.mustPage(t, body); p.Edited {
		t.Fatal("edited")
	}
	f := b.mustFile(t, "foo-2.0-py3-none-any.whl")
	d, err := b.Conclude(t.Context(), f, content("swapped"))
	want := "digest.mismatch: the file's bytes are not the ones that were promised: promised sha256:" + sum("foo-2.0-py3-none-any.whl") + ", found sha256:" + sum("swapped")
	if err != nil || d.Verdict != assay.Deny || refusalText(d) != want {
		t.Fatalf("%s, %v; want %s", refusalText(d), err, want)
	}
	if d, refused := b.mustFile(t, "foo-2.0-py3-none-any.whl").Refusal(); !refused || refusalText(d) != want {
		t.Errorf("the retry: %s", refusalText(d))
	}
	if d, refused := b.mustFile(t, "foo-2.0.tar.gz").Refusal(); !refused || !strings.HasPrefix(refusalText(d), "release.refused: ") {
		t.Errorf("the sdist: %s", refusalText(d))
	}
	if got := strings.Count(yanks(t, b.mustPage(t, body).Body), "refused by assay"); got != 2 {
		t.Errorf("%d files of the next page are marked", got)
	}
}

// To installers 2, 2.0 and 2.0.0 are one version, so they are one release here:
// with the wheel of 2.0 refused, pip would build the sdist of 2.0.0.
func TestSpellingsOfAVersionAreOneRelease(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-2.0-py3-none-any.whl"] = assay.Invalid
	body := page("foo", "foo-1.0.tar.gz", "foo-2.0-py3-none-any.whl", "foo-2.0.0.tar.gz", "foo-2.tar.gz", "foo-2.0.1.tar.gz")
	if p := b.mustPage(t, body); p.Edited {
		t.Fatal("edited, though the newest release is good")
	}
	if _, refused := b.mustFile(t, "foo-2.0-py3-none-any.whl").Refusal(); !refused {
		t.Fatal("the wheel is not refused")
	}
	for _, name := range []string{"foo-2.0.0.tar.gz", "foo-2.tar.gz"} {
		if d, refused := b.mustFile(t, name).Refusal(); !refused || !strings.HasPrefix(refusalText(d), "release.refused: ") {
			t.Errorf("%s: %s", name, refusalText(d))
		}
	}
	if got := strings.Count(yanks(t, b.mustPage(t, body).Body), "refused by assay"); got != 3 {
		t.Errorf("%d files of the next page are marked", got)
	}
}

func TestMetadataThatIsNotThePromisedRefusesTheRelease(t *testing.T) {
	b := start(t, upstream{})
	b.mustPage(t, page("foo", "foo-2.0-py3-none-any.whl"))
	good := b.mustFile(t, "foo-2.0-py3-none-any.whl.metadata")
	if !good.Metadata || good.Size != 0 || good.Promised[0].Hex != sum("METADATA of foo-2.0-py3-none-any.whl") {
		t.Fatalf("%+v", good)
	}
	if d, err := b.Conclude(t.Context(), good, content("METADATA of foo-2.0-py3-none-any.whl")); err != nil || d.Verdict == assay.Deny {
		t.Errorf("%+v, %v", d, err)
	}
	if got := b.records.take(); got != "" {
		t.Errorf("reading metadata alone was recorded: %q", got)
	}
	d, err := b.Conclude(t.Context(), good, content("x"))
	if err != nil || !strings.HasPrefix(refusalText(d), "metadata.mismatch: the metadata of the file is not what the index promised: promised sha256:") {
		t.Errorf("%s, %v", refusalText(d), err)
	}
	if _, refused := b.mustFile(t, "foo-2.0-py3-none-any.whl").Refusal(); !refused {
		t.Error("the file is still offered")
	}
}

func TestFilesThatAPageShouldNotList(t *testing.T) {
	b := start(t, upstream{})
	twice := page("foo", "foo-1.0.tar.gz", "foo-2.0.tar.gz", "foo-2.0-py3-none-any.whl", "bar-1.0-py3-none-any.whl", "foo-2.0.tar.gz")
	got := yanks(t, b.mustPage(t, twice).Body)
	const dup = "refused by assay: the index page lists foo-2.0.tar.gz more than once [page.duplicate-file]"
	want := "foo-2.0.tar.gz: " + dup + "\nfoo-2.0-py3-none-any.whl: " + dup +
		"\nbar-1.0-py3-none-any.whl: refused by assay: the page of foo lists a file that belongs to another project: bar-1.0-py3-none-any.whl [file.wrong-project]" +
		"\nfoo-2.0.tar.gz: " + dup
	if got != want {
		t.Errorf("yanked:\n%s\nwant:\n%s", got, want)
	}
	if d, refused := b.mustFile(t, "bar-1.0-py3-none-any.whl").Refusal(); !refused {
		t.Errorf("the foreign file is handed out: %+v", d)
	}
	if _, refused := b.mustFile(t, "foo-1.0.tar.gz").Refusal(); refused {
		t.Error("the release beside them is refused")
	}
}

func TestFilesWithoutAPage(t *testing.T) {
	b := start(t, upstream{pages: map[string][]byte{"located": page("located", "located-1.0.tar.gz")}})
	f := b.mustFile(t, "located-1.0.tar.gz")
	if d, err := b.Conclude(t.Context(), f, content("located-1.0.tar.gz")); err != nil || d.Verdict != assay.Allow {
		t.Errorf("%+v, %v", d, err)
	}
	f = b.mustFile(t, "nowhere-1.0.tar.gz")
	d, err := b.Conclude(t.Context(), f, content("nowhere"))
	if err != nil || d.Verdict != assay.Warn || refusalText(d) != "evidence.none: nothing about nowhere-1.0.tar.gz could be verified" ||
		d.Reasons[1].Code != assay.FileUnlisted {
		t.Errorf("%+v, %v", d, err)
	}
	if got := b.records.take(); got != "allow located-1.0.tar.gz provenance.absent; warn nowhere-1.0.tar.gz evidence.none" && !strings.HasPrefix(got, "allow located-1.0.tar.gz") {
		t.Errorf("recorded %q", got)
	}
	// Where an index cannot be asked nothing is known of the file, and that refuses.
	b = start(t, upstream{err: errors.New("the index answered 503")})
	d, refused := b.mustFile(t, "foo-1.0.tar.gz").Refusal()
	if !refused || !d.Undecided() || refusalText(d) != "page.unavailable: the index page could not be fetched: the index answered 503" {
		t.Errorf("%s", refusalText(d))
	}
	b = start(t, upstream{err: fmt.Errorf("reading: %w", &pypi.PageError{Detail: "a key is given twice"})})
	d, refused = b.mustFile(t, "foo-1.0.tar.gz").Refusal()
	if !refused || d.Undecided() || refusalText(d) != "page.malformed: the index page cannot be read without doubt: a key is given twice" {
		t.Errorf("%s", refusalText(d))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.File(ctx, at(t, "https://files.example.invalid/foo-1.0.tar.gz")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestABrokenTransferIsUndecided(t *testing.T) {
	b := start(t, upstream{})
	b.mustPage(t, page("foo", "foo-1.0.tar.gz"))
	f := b.mustFile(t, "foo-1.0.tar.gz")
	d, err := b.Broken(t.Context(), f, assay.FileTruncated, "12 of 14 bytes came")
	if err != nil || !d.Undecided() || refusalText(d) != "file.truncated: the file ended before its announced length: 12 of 14 bytes came" {
		t.Errorf("%s, %v", refusalText(d), err)
	}
	if _, refused := b.mustFile(t, "foo-1.0.tar.gz").Refusal(); refused {
		t.Error("the next try is refused")
	}
	if _, err := b.Broken(t.Context(), f, assay.FileTruncated, "again"); err != nil {
		t.Fatal(err)
	}
	d, refused := b.mustFile(t, "foo-1.0.tar.gz").Refusal()
	if !refused || !d.Undecided() || refusalText(d) != "file.truncated: the file ended before its announced length: its transfer broke off 2 times" {
		t.Errorf("the third try: %s", refusalText(d))
	}
}

// TestTokensInPaths takes the token out of what is said of an index, and leaves the
// addresses that are asked for as they are.
func TestTokensInPaths(t *testing.T) {
	const token, name = "4xKqyPbT2mW9sLcVn7Rd", "foo-1.0-py3-none-any.whl"
	b := start(t, upstream{})
	file := "https://files.example.invalid/" + token + "/" + name
	body := strings.ReplaceAll(string(page("foo", name)), "https://files.example.invalid/", "https://files.example.invalid/"+token+"/")
	p, err := b.Page(t.Context(), at(t, "https://index.example.invalid/"+token+"/acme/foo/"), jsonType, []byte(body))
	if err != nil || p.Edited || string(p.Body) != body {
		t.Fatalf("%+v, %v", p, err)
	}
	f, err := b.File(t.Context(), at(t, file))
	if err != nil {
		t.Fatal(err)
	}
	if a := f.Judgement.Subject.Artifact; a.Index != "https://index.example.invalid/~f4219864/acme/foo/" || a.URL != file {
		t.Errorf("from %s at %s", a.Index, a.URL)
	}
	d, err := b.Unread(t.Context(), at(t, "https://index.example.invalid/"+token+"/acme/bar/"), assay.PageUnavailable, "")
	if err != nil || strings.Contains(fmt.Sprintf("%+v", b.records.js), token) {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestSpellingsOfAURL(t *testing.T) {
	b := start(t, upstream{})
	b.mustPage(t, page("foo", "foo-1.0+local.1-py3-none-any.whl"))
	for _, name := range []string{"foo-1.0+local.1-py3-none-any.whl", "foo-1.0%2Blocal.1-py3-none-any.whl"} {
		if f := b.mustFile(t, name); len(f.Promised) != 1 {
			t.Errorf("%s is not known", name)
		}
	}
}

func TestManyAskForOneFile(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-1.0.tar.gz"] = assay.Invalid
	body := page("foo", "foo-1.0.tar.gz", "foo-0.9.tar.gz")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if p := b.mustPage(t, body); !p.Edited {
				t.Error("not edited")
			}
			if _, refused := b.mustFile(t, "foo-1.0.tar.gz").Refusal(); !refused {
				t.Error("not refused")
			}
		})
	}
	wg.Wait()
	if got := b.records.take(); got != "deny foo-1.0.tar.gz provenance.wrong-subject" {
		t.Errorf("recorded %q", got)
	}
}

// A file that is asked for without its page meets the same checks.
func TestALocatedPageIsJudgedLikeOneThatPassedBy(t *testing.T) {
	b := start(t, upstream{pages: map[string][]byte{
		"foo": page("foo", "foo-1.0-py3-none-any.whl"),
		"dup": page("dup", "dup-1.0.tar.gz", "dup-1.0-py3-none-any.whl", "dup-1.0.tar.gz"),
	}})
	m := b.mustFile(t, "foo-1.0-py3-none-any.whl")
	if _, refused := m.Refusal(); refused {
		t.Fatal("a good file is refused")
	}
	meta := b.mustFile(t, "foo-1.0-py3-none-any.whl.metadata")
	if d, err := b.Conclude(t.Context(), meta, content("other metadata")); err != nil || d.Verdict != assay.Deny {
		t.Errorf("other metadata: %+v, %v", d, err)
	}
	for _, name := range []string{"dup-1.0.tar.gz", "dup-1.0-py3-none-any.whl"} {
		if _, refused := b.mustFile(t, name).Refusal(); !refused {
			t.Errorf("%s of a release that is listed twice is handed out", name)
		}
	}
}

func TestTheNewestPromiseCounts(t *testing.T) {
	b := start(t, upstream{})
	weak := strings.Replace(string(page("foo", "foo-1.0.tar.gz")), `{"sha256":"`+sum("foo-1.0.tar.gz")+`"},"core`, `{},"core`, 1)
	b.mustPage(t, []byte(weak))
	if f := b.mustFile(t, "foo-1.0.tar.gz"); len(f.Promised) != 0 {
		t.Fatalf("promised %v", f.Promised)
	}
	b.mustPage(t, page("foo", "foo-1.0.tar.gz"))
	f := b.mustFile(t, "foo-1.0.tar.gz")
	if d, err := b.Conclude(t.Context(), f, content("evil")); err != nil || d.Verdict != assay.Deny {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestOddContentTypesAreNoProjectList(t *testing.T) {
	for _, contentType := range []string{jsonType + "; charset=latin-1", jsonType + ";x", jsonType + "x"} {
		b := start(t, upstream{})
		p, err := b.Page(t.Context(), at(t, indexPage), contentType, page("foo", "foo-1.0.tar.gz"))
		if err != nil || p.Refusal == nil {
			t.Errorf("%s passed: %v", contentType, err)
		}
	}
}

func TestMetadataOfAnEscapedURL(t *testing.T) {
	b := start(t, upstream{})
	body := strings.Replace(string(page("foo", "foo-1.0-py3-none-any.whl")), "invalid/foo-1.0", "invalid/group%2Fproject/foo-1.0", 1)
	b.mustPage(t, []byte(body))
	f := b.mustFile(t, "group%2Fproject/foo-1.0-py3-none-any.whl.metadata")
	if len(f.Promised) != 1 || f.Promised[0].Hex != sum("METADATA of foo-1.0-py3-none-any.whl") {
		t.Errorf("promised %v", f.Promised)
	}
}

func TestAListedFileThatTellsNoReleaseIsRefused(t *testing.T) {
	b := start(t, upstream{})
	p := b.mustPage(t, page("foo", "foo-1.0.tar.gz", "foo-not.a.version.tar.gz", "foo-1.0.win32.exe"))
	if p.Edited {
		t.Error("the page is edited")
	}
	d, refused := b.mustFile(t, "foo-not.a.version.tar.gz").Refusal()
	if want := `file.unreadable-name: the file's name does not tell which release it is: "foo-not.a.version.tar.gz"`; !refused || refusalText(d) != want {
		t.Errorf("%s, want %s", refusalText(d), want)
	}
	for _, name := range []string{"foo-1.0.tar.gz", "foo-1.0.win32.exe"} {
		if d, refused := b.mustFile(t, name).Refusal(); refused {
			t.Errorf("%s: %s", name, refusalText(d))
		}
	}
}

// A wheel that cannot be read must not take a readable one of the same release
// out of it.
func TestAnUnreadableWheelHidesNoOther(t *testing.T) {
	b := start(t, upstream{})
	b.states["foo-2.0-py3-none-any.whl"] = assay.Invalid
	p := b.mustPage(t, page("foo", "foo-2.0-x.whl", "foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz"))
	if got := strings.Count(yanks(t, p.Body), "refused by assay"); got < 2 {
		t.Errorf("only %d files are marked:\n%s", got, yanks(t, p.Body))
	}
	if _, refused := b.mustFile(t, "foo-2.0.tar.gz").Refusal(); !refused {
		t.Error("the sdist is handed out")
	}
}
