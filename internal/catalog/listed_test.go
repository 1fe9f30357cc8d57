package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/engine"
	"assay/internal/pypi"
)

// dated renders a JSON page whose files were uploaded on a day of May 2026, or on
// none for 0: "foo-1.0.tar.gz@3".
func dated(name string, files ...string) []byte {
	var list []string
	for _, f := range files {
		f, day, _ := strings.Cut(f, "@")
		uploaded := ""
		if day != "" {
			uploaded = fmt.Sprintf(`,"upload-time":"2026-05-%sT00:00:00Z"`, day)
		}
		list = append(list, fmt.Sprintf(`{"filename":%q,"url":"https://files.example.invalid/%s","hashes":{"sha256":%q}%s}`, f, f, sum(f), uploaded))
	}
	return []byte(fmt.Sprintf(`{"meta":{"api-version":"1.4"},"name":%q,"versions":[],"files":[%s]}`, name, strings.Join(list, ",")))
}

// TestListed judges pages by what they tell of their files alone. The clock says
// 1 June 2026.
func TestListed(t *testing.T) {
	cooldown := assay.DefaultRules()
	cooldown.Cooldown = 7 * 24 * time.Hour
	wheels := assay.DefaultRules()
	wheels.Sdist = assay.Error
	elsewhere := assay.DefaultRules()
	elsewhere.Indexes = []string{"https://internal.example.invalid/simple/"}
	here := assay.DefaultRules()
	here.Indexes = []string{"https://index.example.invalid/simple/"}
	const young = "refused by assay: the file is too young: uploaded 2 days ago, the default policy wants 7 days, which it is on 2026-06-06 00:00 UTC [cooldown.young]"
	const unwanted = "refused by assay: it is a source distribution, which would have to be built: the default policy [sdist.unwanted]"
	for name, c := range map[string]struct {
		rules    assay.Rules
		files    []string
		marks    []string
		recorded string
		allowed  []string // files that may be had
		refused  []string
	}{
		"too young": {rules: cooldown, files: []string{"foo-1.0-py3-none-any.whl@01", "foo-2.0-py3-none-any.whl@30", "foo-2.0.tar.gz@01"},
			marks:    []string{"foo-2.0-py3-none-any.whl: " + young, "foo-2.0.tar.gz: " + young},
			recorded: "deny foo-2.0-py3-none-any.whl cooldown.young",
			allowed:  []string{"foo-1.0-py3-none-any.whl"}, refused: []string{"foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz"}},
		"nobody says how old": {rules: cooldown, files: []string{"foo-1.0-py3-none-any.whl@01", "foo-2.0-py3-none-any.whl"},
			marks:    []string{"foo-2.0-py3-none-any.whl: refused by assay: nobody says how old the file is: the default policy wants 7 days [cooldown.unknown-age]"},
			recorded: "deny foo-2.0-py3-none-any.whl cooldown.unknown-age",
			allowed:  []string{"foo-1.0-py3-none-any.whl"}, refused: []string{"foo-2.0-py3-none-any.whl"}},
		"an older one that is young": {rules: cooldown, files: []string{"foo-1.0-py3-none-any.whl@30", "foo-2.0-py3-none-any.whl@01"},
			marks: []string{"foo-1.0-py3-none-any.whl: " + young}, allowed: []string{"foo-2.0-py3-none-any.whl"}, refused: []string{"foo-1.0-py3-none-any.whl"}},
		"wheels only": {rules: wheels, files: []string{"foo-1.0-py3-none-any.whl@01", "foo-1.0.tar.gz@01"},
			marks: []string{"foo-1.0.tar.gz: " + unwanted}, allowed: []string{"foo-1.0-py3-none-any.whl"}, refused: []string{"foo-1.0.tar.gz"}},
		"a release without wheels": {rules: wheels, files: []string{"foo-1.0-py3-none-any.whl@01", "foo-2.0.tar.gz@01"},
			marks: []string{"foo-2.0.tar.gz: " + unwanted}, recorded: "deny foo-2.0.tar.gz sdist.unwanted",
			allowed: []string{"foo-1.0-py3-none-any.whl"}, refused: []string{"foo-2.0.tar.gz"}},
		"another index": {rules: elsewhere, files: []string{"foo-1.0.tar.gz@01"},
			marks:    []string{"foo-1.0.tar.gz: refused by assay: foo may not come from this index: it is offered by https://index.example.invalid/simple/foo/, and the default policy takes it from https://internal.example.invalid/simple/ [index.other]"},
			recorded: "deny foo-1.0.tar.gz index.other", refused: []string{"foo-1.0.tar.gz"}},
		"the right index": {rules: here, files: []string{"foo-1.0.tar.gz@01"}, allowed: []string{"foo-1.0.tar.gz"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := startWith(t, upstream{}, c.rules)
			body := dated("foo", c.files...)
			for range 2 { // the second time it is known
				p := b.mustPage(t, body)
				if got, want := yanks(t, p.Body), strings.Join(c.marks, "\n"); got != want || p.Edited != (want != "") {
					t.Errorf("marks\n%s\nwant\n%s", got, want)
				}
			}
			if got := b.records.take(); got != c.recorded {
				t.Errorf("recorded %q, want %q", got, c.recorded)
			}
			for _, f := range c.allowed {
				if d, no := b.mustFile(t, f).Refusal(); no {
					t.Errorf("%s is refused: %v", f, d)
				}
			}
			for _, f := range c.refused {
				if _, no := b.mustFile(t, f).Refusal(); !no {
					t.Errorf("%s may be had", f)
				}
			}
		})
	}
}

// BenchmarkListed judges a page of 4,000 files by what it tells of them.
func BenchmarkListed(b *testing.B) {
	var files []string
	for i := range 1000 {
		for _, tag := range []string{"cp311-cp311-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_28_x86_64", "cp313-cp313-macosx_11_0_arm64"} {
			files = append(files, fmt.Sprintf("foo-1.%d-%s.whl@01", i, tag))
		}
		files = append(files, fmt.Sprintf("foo-1.%d.tar.gz@01", i))
	}
	body := dated("foo", files...)
	page, err := pypi.ParsePage(jsonType, body, mustURL(indexPage))
	if err != nil {
		b.Fatal(err)
	}
	rules := assay.DefaultRules()
	rules.Cooldown = 72 * time.Hour
	e := engine.New(engine.Config{Rules: rules})
	for b.Loop() {
		list := make([]assay.Artifact, len(page.Files))
		for i := range list {
			list[i] = page.Artifact(i, indexPage)
		}
		if _, err := e.Listed(b.Context(), list); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/page")
}

// BenchmarkFirstView judges a page of 4,000 files that was not seen before, by rules that
// ask nothing of a listing, and by those that might.
func BenchmarkFirstView(b *testing.B) {
	var files []string
	for i := range 1000 {
		for _, tag := range []string{"cp311-cp311-win_arm64", "cp312-cp312-win_arm64", "cp313-cp313-win_arm64", "cp314-cp314-win_arm64"} {
			files = append(files, fmt.Sprintf("foo-1.%d-%s.whl@01", i, tag))
		}
	}
	body := dated("foo", files...)
	for name, rules := range map[string]engine.Policy{"silent": assay.DefaultRules(), "asking": uneven{assay.DefaultRules()}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c := catalog.New(engine.New(engine.Config{Rules: rules}), upstream{}, time.Now)
				if p, err := c.Page(b.Context(), mustURL(indexPage), jsonType, body); err != nil || p.Edited {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/page")
		})
	}
}

// uneven is a policy of which nobody knows whether it is the same for two files.
type uneven struct{ rules assay.Rules }

func (u uneven) For(assay.Artifact, []assay.Claim) assay.Rules { return u.rules }

// byProject is a policy with rules for single projects.
type byProject map[string]assay.Rules

func (p byProject) For(a assay.Artifact, _ []assay.Claim) assay.Rules {
	r, _ := p.OfAll(a.Project)
	return r
}

func (p byProject) OfAll(project string) (assay.Rules, bool) {
	if r, ok := p[project]; ok {
		return r, true
	}
	return assay.DefaultRules(), true
}

// TestWhoAsksOfAListing judges pages wherever rules might ask for what they tell: those
// of one project on a page of several, and those of which nothing is known.
func TestWhoAsksOfAListing(t *testing.T) {
	wheels := assay.DefaultRules()
	wheels.Sdist = assay.Error
	flat := at(t, "https://index.example.invalid/links.html")
	list := []byte(`<a href="https://files.example.invalid/foo-1.0.tar.gz#sha256=` + sum("foo-1.0.tar.gz") + `">foo-1.0.tar.gz</a>
<a href="https://files.example.invalid/bar-1.0.tar.gz#sha256=` + sum("bar-1.0.tar.gz") + `">bar-1.0.tar.gz</a>`)
	for name, c := range map[string]struct {
		rules   engine.Policy
		refused string
	}{
		"nobody":             {assay.DefaultRules(), ""},
		"one project":        {byProject{"bar": wheels}, "bar-1.0.tar.gz"},
		"nobody knows":       {uneven{wheels}, "foo-1.0.tar.gz bar-1.0.tar.gz"},
		"the same for all":   {wheels, "foo-1.0.tar.gz bar-1.0.tar.gz"},
		"a project not here": {byProject{"baz": wheels}, ""},
	} {
		b := startWith(t, upstream{}, c.rules)
		p, err := b.Page(t.Context(), flat, "text/html", list)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"foo-1.0.tar.gz", "bar-1.0.tar.gz"} {
			want := strings.Contains(c.refused, file)
			if d, no := b.mustFile(t, file).Refusal(); no != want {
				t.Errorf("%s: %s is refused: %v (%v)", name, file, no, d)
			}
		}
		if p.Edited != (c.refused != "") {
			t.Errorf("%s: the page is edited: %v", name, p.Edited)
		}
	}
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// TestRefusedForItsIndexAlone takes from the right index what the wrong one offers
// as well.
func TestRefusedForItsIndexAlone(t *testing.T) {
	rules := assay.DefaultRules()
	rules.Indexes = []string{"https://corp.example.invalid/simple/"}
	b := startWith(t, upstream{}, rules)
	body := dated("foo", "foo-1.0-py3-none-any.whl@01")
	if p := b.mustPage(t, body); !p.Edited {
		t.Error("the page of the wrong index passes as it is")
	}
	if _, no := b.mustFile(t, "foo-1.0-py3-none-any.whl").Refusal(); !no {
		t.Error("the file of the wrong index may be had")
	}
	p, err := b.Page(t.Context(), at(t, "https://corp.example.invalid/simple/foo/"), jsonType, body)
	if err != nil || p.Edited {
		t.Errorf("the page of the right index is edited: %v", err)
	}
	if d, no := b.mustFile(t, "foo-1.0-py3-none-any.whl").Refusal(); no {
		t.Errorf("the file of the right index is refused: %v", d)
	}
}

// TestLedElsewhere holds what a redirect leads to against what any index had.
func TestLedElsewhere(t *testing.T) {
	const name = "foo-1.0-py3-none-any.whl"
	m := assay.Memory{Files: map[assay.FileKey]assay.SeenFile{{Index: indexPage, Filename: name}: {Digest: assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("b", 64)}}}}
	for index, refused := range map[string]bool{indexPage: true, "https://index.example.invalid/other/foo/": false, "https://elsewhere.example.invalid/simple/foo/": true} {
		now := func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }
		e := engine.New(engine.Config{Memory: recalls(m), Now: now})
		c := catalog.New(e, upstream{}, now)
		if _, err := c.Page(t.Context(), at(t, index), jsonType, dated("foo", name+"@01")); err != nil {
			t.Fatal(err)
		}
		f, err := c.File(t.Context(), at(t, "https://files.example.invalid/"+name))
		if err != nil {
			t.Fatal(err)
		}
		d, no := f.Refusal()
		if no != refused || no && !strings.HasPrefix(refusalText(d), "digest.changed: ") {
			t.Errorf("from %s: %v %v", index, no, d)
		}
	}
}

type recalls assay.Memory

func (r recalls) Memory(context.Context, assay.Artifact) (assay.Memory, error) {
	return assay.Memory(r), nil
}

// TestARecordThatFails is tried again.
func TestARecordThatFails(t *testing.T) {
	r := &failing{left: 1}
	now := func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }
	c := catalog.New(engine.New(engine.Config{Recorder: r, Now: now}), upstream{}, now)
	if _, err := c.Page(t.Context(), at(t, indexPage), jsonType, dated("foo", "foo-1.0-py3-none-any.whl@01")); err != nil {
		t.Fatal(err)
	}
	f, err := c.File(t.Context(), at(t, "https://files.example.invalid/foo-1.0-py3-none-any.whl"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Conclude(t.Context(), f, content("foo-1.0-py3-none-any.whl")); err == nil {
		t.Error("a file passes that could not be recorded")
	}
	for range 2 {
		if _, err := c.Conclude(t.Context(), f, content("foo-1.0-py3-none-any.whl")); err != nil {
			t.Error(err)
		}
	}
	if r.kept != 1 {
		t.Errorf("it is recorded %d times, want once", r.kept)
	}
}

type failing struct{ left, kept int }

func (f *failing) Record(context.Context, engine.Judgement) error {
	if f.left--; f.left >= 0 {
		return errors.New("the disk is full")
	}
	f.kept++
	return nil
}
