package catalog

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/pypi"
)

// counting is a Judge that refuses projects called "bad…", and counts what it is asked.
type counting struct{ judged, recorded map[string]int }

func (c counting) Judge(_ context.Context, s assay.Subject) (engine.Judgement, error) {
	c.judged[s.Artifact.Project]++
	j := engine.Judgement{Subject: s, Decision: assay.Decision{Verdict: assay.Allow}}
	if s.Artifact.Project[:3] == "bad" {
		j.Decision = assay.Refuse(s.Artifact, assay.ProvenanceWrongSubject, "")
	}
	return j, nil
}

func (c counting) Complete(_ context.Context, j engine.Judgement, _ assay.Content) (engine.Judgement, error) {
	return j, nil
}

func (c counting) Record(_ context.Context, j engine.Judgement) error {
	c.recorded[j.Subject.Artifact.Project]++
	return nil
}

func (counting) Listed(context.Context, []assay.Artifact) ([]assay.Decision, error) { return nil, nil }
func (counting) AsksListing(string) bool                                            { return false }

func small(k kept) (*Catalog, counting) {
	judge := counting{map[string]int{}, map[string]int{}}
	c := New(judge, nil, time.Now)
	c.keep = k
	return c, judge
}

func named(kind string, i int) assay.Artifact {
	project := fmt.Sprintf("%s%d", kind, i)
	return assay.Artifact{Ecosystem: assay.PyPI, Project: project, Version: "1.0", Filename: project + "-1.0.tar.gz", URL: "https://files.example.invalid/" + project}
}

// TestManyJudgements asks for more than is kept: what refuses stays, all else is judged
// anew, and where only refusals are kept nothing passes for lack of room.
func TestManyJudgements(t *testing.T) {
	const most = 10
	c, judge := small(kept{tried: most})
	ask := func(kind string, i int) {
		t.Helper()
		j, err := c.evidence(t.Context(), named(kind, i))
		if want := kind == "bad"; err != nil || (j.Decision.Verdict == assay.Deny) != want || j.Subject.Artifact.Project != fmt.Sprintf("%s%d", kind, i) {
			t.Errorf("%s%d: %+v, %v", kind, i, j.Decision, err)
		}
		if len(c.tried) > most {
			t.Errorf("%d judgements are kept", len(c.tried))
		}
	}
	for i := range 4 {
		ask("bad", i)
	}
	for i := range 10 * most {
		ask("good", i)
		ask("bad", i%4)
	}
	for i := range 4 {
		if n := judge.judged[fmt.Sprintf("bad%d", i)]; n != 1 {
			t.Errorf("bad%d was judged %d times: its refusal was forgotten", i, n)
		}
	}
	for range 3 {
		for i := range 3 * most {
			ask("bad", i)
			ask("good", i)
		}
	}
	for i := range 4 {
		if n := judge.judged[fmt.Sprintf("bad%d", i)]; n != 1 {
			t.Errorf("bad%d was judged %d times: its refusal was forgotten", i, n)
		}
	}
	if n := len(c.tried); n != most {
		t.Errorf("%d refusals are kept, want %d", n, most)
	}
}

// TestJudgementsUnderWayStay has many wait for one judgement while others come and go.
func TestJudgementsUnderWayStay(t *testing.T) {
	c, _ := small(kept{tried: 4})
	under := &attempt{done: make(chan struct{})}
	c.tried[promise(named("slow", 0))] = under
	for i := range 20 {
		if _, err := c.evidence(t.Context(), named("good", i)); err != nil {
			t.Fatal(err)
		}
	}
	if c.tried[promise(named("slow", 0))] != under {
		t.Error("a judgement under way was forgotten: two would be made of one file")
	}
}

// TestManyRecords records more than is kept: once each while it is remembered.
func TestManyRecords(t *testing.T) {
	const most = 10
	c, judge := small(kept{told: most})
	for i := range 4 * most {
		for range 3 {
			if err := c.recordOnce(t.Context(), engine.Judgement{Subject: assay.Subject{Artifact: named("good", i)}}); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.told.size(); n > most {
			t.Fatalf("%d records are kept", n)
		}
	}
	for i := range 4 * most {
		if n := judge.recorded[fmt.Sprintf("good%d", i)]; n != 1 {
			t.Errorf("good%d was recorded %d times", i, n)
		}
	}
}

// TestManyBrokenTransfers breaks off more transfers than are counted: a file that is
// refused stays so, and beyond the cap all others are counted as one.
func TestManyBrokenTransfers(t *testing.T) {
	c, _ := small(kept{told: 100, broken: 4})
	broken := func(i int) {
		t.Helper()
		f := &File{Judgement: engine.Judgement{Subject: assay.Subject{Artifact: named("good", i)}}}
		if _, err := c.Broken(t.Context(), f, assay.FileTruncated, ""); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(i int, want bool) {
		t.Helper()
		if _, no := c.brokenTooOften(named("good", i)); no != want {
			t.Errorf("good%d is refused: %v, want %v", i, no, want)
		}
	}
	for i := range 4 {
		broken(i)
		refused(i, false)
	}
	broken(0)
	refused(0, true)
	refused(9, false)
	broken(4)
	refused(4, false)
	broken(5)
	for i := 4; i < 1000; i++ {
		refused(i, true) // whether or not it is one of those that broke off
	}
	refused(0, true)
	refused(1, false)
	broken(1)
	refused(1, true)
	for i := 10; i < 1000; i++ {
		broken(i)
	}
	if n := len(c.broken); n > 5 {
		t.Errorf("%d files are counted", n)
	}
}

// TestManyQuarantines notes more projects under quarantine than are kept: the one that
// was noted last is known, and one whose quarantine ended is not.
func TestManyQuarantines(t *testing.T) {
	const most = 10
	c, _ := small(kept{quarantined: most})
	page := func(i int) *url.URL {
		return &url.URL{Scheme: "https", Host: "index.example.invalid", Path: fmt.Sprintf("/simple/p%d/", i)}
	}
	known := func(i int) bool {
		return c.standingOf(&seen{page: &pypi.Page{}, index: page(i)}).Quarantined()
	}
	for i := range 3 * most {
		c.note(page(i), assay.Standing{Status: assay.StatusQuarantined})
		if len(c.quarantined) > most || !known(i) {
			t.Fatalf("after %d: %d are kept, and the last one is known: %t", i+1, len(c.quarantined), known(i))
		}
	}
	c.note(page(3*most-1), assay.Standing{Status: assay.StatusActive})
	if known(3*most-1) || len(c.quarantined) != most-1 {
		t.Errorf("one that ended is known; %d are kept", len(c.quarantined))
	}
}

// TestManyRefusals refuses more releases than are told apart: what was refused stays so,
// what comes beyond is refused with its project, and at last everything is.
func TestManyRefusals(t *testing.T) {
	const most = 10
	c, _ := small(kept{refused: most})
	of := func(project string, version int) assay.Artifact {
		v := fmt.Sprintf("%d.0", version)
		return assay.Artifact{Ecosystem: assay.PyPI, Project: project, Version: v, Filename: project + "-" + v + ".tar.gz"}
	}
	refuse := func(a assay.Artifact) { c.refuse(a, assay.Refuse(a, assay.ProvenanceWrongSubject, "")) }
	refused := func(a assay.Artifact, want bool) {
		t.Helper()
		if d, no := c.refusalOf(a); no != want {
			t.Errorf("%s is refused: %v, want %v (%+v)", a.Filename, no, want, d)
		}
	}
	for i := range most {
		refuse(of("bad", i))
	}
	refused(of("bad", most-1), true)
	refused(of("bad", most), false)
	refuse(of("other", 1))
	refused(of("other", 1), true)
	refused(of("other", 2), true) // with its project
	refused(of("bad", most), false)
	refused(of("good", 1), false)
	for i := range 10 * most {
		refuse(of(fmt.Sprintf("p%d", i), 1))
	}
	refused(of("bad", 0), true)
	refused(of("other", 3), true)
	refused(of("good", 1), true)
	if n := len(c.refused); n > 2*most+1 {
		t.Errorf("%d refusals are kept", n)
	}
}

// TestRecent keeps what came last.
func TestRecent(t *testing.T) {
	const most = 10
	var r recent[int]
	for i := range 1000 {
		r.put(fmt.Sprint(i), i, most)
		r.put(fmt.Sprint(i), i, most)
		for j := max(0, i-most/2+1); j <= i; j++ {
			if v, ok := r.get(fmt.Sprint(j)); !ok || v != j {
				t.Fatalf("%d was put in, and then up to %d: %v, %v", j, i, v, ok)
			}
		}
		if n := r.size(); n > most {
			t.Fatalf("%d are kept", n)
		}
	}
	if _, ok := r.get("900"); ok {
		t.Error("what is long gone is there")
	}
}
