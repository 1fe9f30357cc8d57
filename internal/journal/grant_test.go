package journal

import (
	"strings"
	"testing"
	"time"
)

func grantEntry(change func(*Entry)) Entry {
	e := Entry{Kind: Grant, Project: "foo", Route: "granted", Identity: "openpgp:" + strings.Repeat("A", 40), Origin: "trust.toml",
		Until: noon.AddDate(1, 0, 0), Reason: "their release manager", By: "ann"}
	if change != nil {
		change(&e)
	}
	return e
}

// TestGrantEntries writes changes of grants beside what was seen: they are read again, and
// nothing that is decided changes by them.
func TestGrantEntries(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, seen("1.0", "a", acme), grantEntry(nil), grantEntry(func(e *Entry) { e.Project, e.Route = "", "denied" }),
		grantEntry(func(e *Entry) {
			e.Project, e.Identity, e.Route, e.Origin, e.SHA256 = "", "", "imported", "import debian", strings.Repeat("ab", 32)
		}))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, dir)
	all, err := j.Entries(t.Context())
	if err != nil || len(all) != 4 || all[1].Kind != Grant || all[1].Identity != grantEntry(nil).Identity || !all[1].Until.Equal(noon.AddDate(1, 0, 0)) {
		t.Fatalf("%+v, %v", all, err)
	}
	if about, err := j.Entries(t.Context(), "foo"); err != nil || len(about) != 2 {
		t.Errorf("%+v, %v", about, err)
	}
	known, err := j.Known(t.Context())
	if err != nil || len(known) != 1 || len(known[0].Files) != 1 || len(known[0].Accepted) != 0 {
		t.Errorf("%+v, %v", known, err)
	}
	if c, err := j.Check(t.Context()); err != nil || c.Entries != 4 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestGrantEntriesAreChecked(t *testing.T) {
	const needs = "a change of grants needs what was changed, whose, where, a reason and who does it"
	for want, change := range map[string]func(*Entry){
		`"Foo" is not a normalised project name`:          func(e *Entry) { e.Project = "Foo" },
		`"*" is not a normalised project name`:            func(e *Entry) { e.Project = "*" },
		needs:                                             func(e *Entry) { e.Identity = "" },
		"a text holds a character that cannot be printed": func(e *Entry) { e.Reason = "\x1b" },
	} {
		if err := grantEntry(change).check(); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for _, change := range []func(*Entry){
		func(e *Entry) { e.Route = "" }, func(e *Entry) { e.Origin = "" }, func(e *Entry) { e.Reason = "" }, func(e *Entry) { e.By = "" },
	} {
		if err := grantEntry(change).check(); err == nil || err.Error() != needs {
			t.Errorf("got %v", err)
		}
	}
	if err := grantEntry(func(e *Entry) { e.Until = time.Time{} }).check(); err != nil {
		t.Error(err)
	}
}
