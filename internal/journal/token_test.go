package journal

import (
	"strings"
	"testing"

	"assay"
)

// TestTokensInPaths holds that a token in an index's address is neither written down
// nor shared, that what an earlier Assay wrote down counts as before and is not shared
// as it stands, and that two indexes stay two.
func TestTokensInPaths(t *testing.T) {
	const secret, other = "4xKqyPbT2mW9sLcVn7Rd", "9yLqyPbT2mW9sLcVn7Rd"
	at := func(token string) string { return "https://index.example.invalid/" + token + "/acme/foo/" }
	old, now, two := seen("1.0", "a"), seen("2.0", "b"), seen("2.0", "c")
	old.Index, now.Index, two.Index = at(secret), at(secret), at(other)
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, old) // as it was written
	before := text(t, dir)
	for _, e := range []Entry{now, two} {
		if err := j.Record(t.Context(), judged(e)); err != nil {
			t.Fatal(err)
		}
	}
	if added := strings.TrimPrefix(text(t, dir), before); strings.Contains(added, secret) || strings.Count(added, "https://index.example.invalid/~") != 2 {
		t.Errorf("written down: %s", added)
	}
	j = mustOpen(t, dir)
	m, err := j.Memory(t.Context(), assay.Artifact{Project: "foo"})
	if err != nil || len(m.Files) != 3 {
		t.Fatalf("%+v, %v", m.Files, err)
	}
	for _, e := range []Entry{old, now, two} {
		if got := m.Files[assay.FileKey{Index: assay.Shown(e.Index), Filename: e.Filename}].Digest.Hex; got != e.SHA256 {
			t.Errorf("%s from %s is remembered as %q", e.Filename, e.Index, got)
		}
	}
	known, err := j.Known(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shared := string(Export(known))
	if strings.Contains(shared, secret) || strings.Contains(shared, other) || strings.Count(shared, "https://index.example.invalid/~") != 3 {
		t.Errorf("shared:\n%s", shared)
	}
	for _, projects := range [][]string{nil, {"foo"}} {
		entries, err := j.Entries(t.Context(), projects...)
		if err != nil || len(entries) != 3 {
			t.Fatalf("%v, %v", entries, err)
		}
		for _, e := range entries {
			if strings.Contains(e.Index, secret) {
				t.Errorf("listed: %s", e.Index)
			}
		}
	}
	theirs, err := ReadExport("team.toml", []byte(strings.ReplaceAll(shared, "~f4219864", secret)))
	if err != nil || strings.Contains(string(Export(knownOf(theirs))), secret) {
		t.Errorf("an export with tokens is taken as it stands: %v", err)
	}
}
