package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"assay"
	"assay/internal/engine"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func options(dir string) Options {
	return Options{Dir: dir, Route: "run", By: "assay 1.0", Now: func() time.Time { return noon }}
}

func mustOpen(t testing.TB, dir string) *Journal {
	t.Helper()
	j, err := Open(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.closeFiles() })
	return j
}

var acme = assay.Identity{Name: "github:acme/foo@release.yml", RepositoryID: "1", OwnerID: "2"}

// seen is a file of foo.
func seen(version, digit string, who ...assay.Identity) Entry {
	return Entry{Kind: Seen, Project: "foo", Version: version, Filename: "foo-" + version + ".tar.gz", Index: "https://index.example.invalid/simple/foo/",
		SHA256: strings.Repeat(digit, 64), Size: 9, Uploaded: noon.Add(-time.Hour), Publishers: who, Route: "run", By: "assay 1.0"}
}

func accepted(version string) Entry {
	return Entry{Kind: Accept, Project: "foo", Version: version, Codes: []assay.Code{assay.PublisherChanged}, Until: noon.Add(24 * time.Hour), Reason: "it \"moved\" ☂", By: "ann"}
}

func artifact(e Entry) assay.Artifact {
	return assay.Artifact{Ecosystem: assay.PyPI, Project: e.Project, Version: e.Version, Filename: e.Filename, Index: e.Index, UploadTime: e.Uploaded}
}

// judged is a judgement that let the file through.
func judged(e Entry) engine.Judgement {
	content := assay.Content{Size: e.Size, Digests: []assay.Digest{{Algorithm: "sha256", Hex: e.SHA256}}}
	j := engine.Judgement{Subject: assay.Subject{Artifact: artifact(e), Content: &content}, Decision: assay.Decision{Verdict: assay.Allow}}
	for _, p := range e.Publishers {
		j.Evidence = append(j.Evidence, assay.Evidence{Verifier: "pep740", State: assay.Verified, Claims: []assay.Claim{
			{Identity: p.Name, Details: map[string]string{"repository_id": p.RepositoryID, "owner_id": p.OwnerID}}}})
	}
	j.Decision.Waived = e.Waived
	return j
}

func mustAppend(t testing.TB, j *Journal, entries ...Entry) []Entry {
	t.Helper()
	out, err := j.Append(context.Background(), entries...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// text is all of the journal.
func text(t testing.TB, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, journalFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func rewrite(t testing.TB, dir, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, journalFile), []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheLineOfThePackageComment(t *testing.T) {
	e := Entry{Seq: 1, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Kind: Remove, Project: "foo", Reason: "it moved", By: "ann"}
	line, _, err := appendLine(nil, hash{}, e)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(source), "//\t"+string(line)) {
		t.Errorf("the package comment does not show the line\n%s", line)
	}
}

// TestLines writes every field, reads it back, and holds the line to what a general
// reader of JSON makes of it.
func TestLines(t *testing.T) {
	full := seen("1.0", "a", acme, assay.Identity{Name: "google:a@example.invalid"})
	full.Waived, full.First, full.Route = true, noon.Add(-48*time.Hour), RouteImport
	remove := Entry{Kind: Remove, Project: "foo", Target: 3, Reason: "no", By: "ann"}
	origin := Entry{Kind: Import, Origin: "team.toml", SHA256: strings.Repeat("b", 64), By: "ann"}
	for i, e := range []Entry{full, seen("2.0", "b"), accepted("2.0"), remove, origin} {
		e.Seq, e.Time = int64(i+1), noon
		line, _, err := appendLine(nil, hash{9}, e)
		if err != nil {
			t.Fatal(err)
		}
		p := position{seq: int64(i), head: hash{9}}
		got, err := p.follow("x", line)
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", e) {
			t.Errorf("%s\nis read as %+v, %v\nand was %+v", line, got, err, e)
		}
		var general map[string]any
		if err := json.Unmarshal(line, &general); err != nil || general["reason"] != nil && general["reason"] != e.Reason {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestOnlyNewsIsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "memory")
	j := mustOpen(t, dir)
	record := func(e Entry) error { return j.Record(t.Context(), judged(e)) }
	waived := seen("1.1", "c", acme)
	waived.Waived = true
	denied := judged(seen("9.0", "9"))
	denied.Decision.Verdict = assay.Deny
	local := judged(seen("9.0", "9"))
	local.Subject.Artifact.Index = ""
	unread := judged(seen("9.0", "9"))
	unread.Subject.Content = nil
	conda := judged(seen("9.0", "9"))
	conda.Subject.Artifact.Ecosystem = assay.Conda
	for _, d := range []engine.Judgement{denied, local, unread, conda} {
		if err := j.Record(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a folder was made for nothing")
	}
	evil := assay.Identity{Name: "github:evil/foo@x.yml", RepositoryID: "6"}
	for _, c := range []struct {
		e     Entry
		lines int
	}{
		{seen("1.0", "a"), 1}, {seen("1.0", "a"), 1},
		{seen("1.0", "a", acme), 2}, // provenance that came later
		{seen("1.0", "a"), 2},       // and that a mirror dropped
		{seen("1.0", "a", evil), 2}, // or somebody added to
		{waived, 3}, {waived, 3}, {seen("1.1", "c", acme), 4},
	} {
		if err := record(c.e); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(text(t, dir), "\n"); n != c.lines {
			t.Errorf("after %+v there are %d lines, want %d", c.e, n, c.lines)
		}
	}
	err := record(seen("1.0", "d"))
	want := "other bytes were seen at the same time: of foo-1.0.tar.gz from https://index.example.invalid/simple/foo/, sha256:" + strings.Repeat("a", 64) + " is remembered and sha256:" + strings.Repeat("d", 64) + " came"
	if !errors.Is(err, ErrConflict) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	m, err := j.Memory(t.Context(), artifact(seen("2.0", "a")))
	if err != nil || len(m.Sightings) != 2 || !slices.Equal(m.Sightings[0].Publishers, []assay.Identity{acme}) || m.Sightings[1].Waived {
		t.Errorf("%+v, %v", m.Sightings, err)
	}
}

// TestOrder looks at the same sightings from several versions.
func TestOrder(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	other := seen("2.0.0", "e")
	other.Filename = "foo-2.0.0-py3-none-any.whl"
	mustAppend(t, j, seen("2.0", "a"), seen("1.0", "b"), seen("1.0rc1", "c"), seen("10.0", "d"), other)
	for version, want := range map[string]string{
		"2.0":  "1.0rc1:-2 1.0:-1 2.0:0 2.0.0:0 10.0:1",
		"2":    "1.0rc1:-2 1.0:-1 2.0:0 2.0.0:0 10.0:1",
		"1.5":  "1.0rc1:-2 1.0:-1 2.0:1 2.0.0:1 10.0:2",
		"0.1":  "1.0rc1:1 1.0:2 2.0:3 2.0.0:3 10.0:4",
		"11":   "1.0rc1:-4 1.0:-3 2.0:-2 2.0.0:-2 10.0:-1",
		"what": "1.0rc1:-4 1.0:-3 2.0:-2 2.0.0:-2 10.0:-1",
	} {
		e := seen("1.0", "a")
		e.Version = version
		m, err := j.Memory(t.Context(), artifact(e))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range m.Sightings {
			got = append(got, fmt.Sprintf("%s:%d", s.Version, s.Order))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("from %s: %v, want %s", version, got, want)
		}
	}
}

func TestAcceptAndRemove(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	out := mustAppend(t, j, seen("1.0", "a", acme), seen("2.0", "b"), accepted("2.0"), accepted(""))
	memory := func() assay.Memory {
		m, err := j.Memory(t.Context(), artifact(seen("2.0", "b")))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := memory()
	if len(m.Accepted) != 2 || m.Accepted[0].Version != "2.0" || m.Accepted[0].Origin != "by ann on 2026-06-01" || m.Accepted[0].Reason != "it \"moved\" ☂" {
		t.Errorf("%+v", m.Accepted)
	}
	key := assay.FileKey{Index: "https://index.example.invalid/simple/foo/", Filename: "foo-1.0.tar.gz"}
	if f := m.Files[key]; f.Digest.Hex != strings.Repeat("a", 64) || f.Route != "run" || !f.First.Equal(noon) {
		t.Errorf("%+v", f)
	}
	mustAppend(t, j, Entry{Kind: Remove, Project: "foo", Target: out[2].Seq, Reason: "no", By: "ann"}, Entry{Kind: Remove, Project: "foo", Version: "1.0", Reason: "no", By: "ann"})
	if m := memory(); len(m.Accepted) != 1 || m.Accepted[0].Version != "" || len(m.Sightings) != 1 || m.Sightings[0].Version != "2.0" || len(m.Files) != 1 {
		t.Errorf("%+v", m)
	}
	mustAppend(t, j, Entry{Kind: Remove, Project: "foo", Reason: "no", By: "ann"})
	if m := memory(); len(m.Sightings) != 0 || len(m.Files) != 0 || len(m.Accepted) != 1 {
		t.Errorf("%+v", m)
	}
}

// TestTwoAtOnce has two open journals of one folder, as two runs have.
func TestTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	a, b := mustOpen(t, dir), mustOpen(t, dir)
	if err := a.Record(t.Context(), judged(seen("1.0", "a", acme))); err != nil {
		t.Fatal(err)
	}
	m, err := b.Memory(t.Context(), artifact(seen("2.0", "b")))
	if err != nil || len(m.Sightings) != 1 {
		t.Fatalf("the other does not know: %+v, %v", m, err)
	}
	if err := b.Record(t.Context(), judged(seen("1.0", "b", acme))); !errors.Is(err, ErrConflict) {
		t.Fatalf("other bytes were taken: %v", err)
	}
	if err := errors.Join(b.Record(t.Context(), judged(seen("2.0", "b"))), a.Record(t.Context(), judged(seen("3.0", "c"))), a.Close(), b.Close()); err != nil {
		t.Fatal(err)
	}
	c, err := mustOpen(t, dir).Check(t.Context())
	if err != nil || c.Entries != 3 {
		t.Fatalf("%+v, %v", c, err)
	}
}
