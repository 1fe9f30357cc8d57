package evidence

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"assay"
)

const ix = "https://index.example/simple/"

func file(name, hex, provenance string) assay.Artifact {
	return assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0", Filename: name, Provenance: provenance,
		Digests: []assay.Digest{{Algorithm: "sha256", Hex: strings.Repeat(hex, 64)}}, UploadTime: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Index: ix}
}

var verifiedByDemo = assay.Evidence{Verifier: "pep740", State: assay.Verified, Claims: []assay.Claim{{Method: "pep740", Identity: "github:acme/demo@release.yml",
	Digest: assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Details: map[string]string{"ref": "refs/tags/v1"}}},
	Findings: []assay.Finding{{Code: assay.ProvenancePersonal, Detail: "x"}}}

func TestStore(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "evidence"), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	open := func(trust string, old bool) *Release {
		return Open(dir, Options{Trust: trust, Old: old, Now: func() time.Time { return now }}).Release(ix, "demo", "1.0")
	}
	a := file("demo-1.0.tar.gz", "a", ix+"p")
	r := open("root", false)
	r.Keep(a, verifiedByDemo)
	r.Keep(file("u.tar.gz", "b", ""), assay.Evidence{Verifier: "pep740", State: assay.Unavailable})
	r.SetFiles([]assay.Artifact{a}, true, assay.Standing{})
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	has := func(r *Release, a assay.Artifact) bool {
		ev, ok := r.Evidence(a)
		if ok && !reflect.DeepEqual(ev, verifiedByDemo) {
			t.Errorf("kept as %+v", ev)
		}
		return ok
	}
	if !has(open("root", false), a) {
		t.Error("nothing was kept")
	}
	if files, known, ok := open("root", false).Files(); !ok || !known || !reflect.DeepEqual(files, []assay.Artifact{a}) {
		t.Errorf("the page is kept as %+v, %v, %v", files, known, ok)
	}
	for what, b := range map[string]assay.Artifact{
		"another digest": file("demo-1.0.tar.gz", "b", ix+"p"), "another name": file("demo-1.0-py3-none-any.whl", "a", ix+"p"),
		"another provenance": file("demo-1.0.tar.gz", "a", ix+"q"), "what could not be asked for": file("u.tar.gz", "b", ""),
	} {
		if has(open("root", false), b) {
			t.Errorf("%s was found", what)
		}
	}
	if has(open("other root", true), a) {
		t.Error("found under another root")
	}
	now = now.Add(25 * time.Hour)
	if has(open("root", false), a) || !has(open("root", true), a) {
		t.Error("a day is not what counts")
	}
	if _, _, ok := open("root", false).Files(); ok {
		t.Error("an old page was taken")
	}
	now = now.Add(-48 * time.Hour)
	if has(open("root", false), a) {
		t.Error("evidence from the future was taken")
	}
}

// TestDamage: a file of which one bit is another, or that is cut, holds nothing.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir, Options{})
	a := file("demo-1.0.tar.gz", "a", "")
	s.Release(ix, "demo", "1.0").Keep(a, verifiedByDemo)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 1 {
		t.Fatalf("%q", names)
	}
	good, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	found := func(data []byte) bool {
		if err := os.WriteFile(names[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, ok := Open(dir, Options{}).Release(ix, "demo", "1.0").Evidence(a)
		return ok
	}
	if !found(good) {
		t.Fatal("the good file holds nothing")
	}
	for i := 0; i < len(good); i += 5 {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if found(bad) {
			t.Errorf("found with byte %d changed: %q", i, bad)
		}
		if found(good[:i]) {
			t.Errorf("found in the first %d bytes", i)
		}
	}
	edited := bytes.Replace(good, []byte("acme/demo"), []byte("evil/demo"), 1)
	if bytes.Equal(edited, good) || found(edited) {
		t.Error("found in an edited file")
	}
	os.Remove(names[0])
	if err := os.Mkdir(names[0], 0o700); err != nil {
		t.Fatal(err)
	}
	if _, ok := Open(dir, Options{}).Release(ix, "demo", "1.0").Evidence(a); ok {
		t.Error("found in a folder")
	}
}

// TestSweep: the oldest leave first.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for i := range 5 {
		path := filepath.Join(dir, fmt.Sprintf("%d", i))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, maxBytes/3); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(dir, temporary+"1")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, now, now.Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	sweep(dir, now)
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	hidden, _ := filepath.Glob(left)
	if len(names) != 3 || filepath.Base(names[0]) != "2" || len(hidden) != 0 {
		t.Errorf("left: %q %q", names, hidden)
	}
}

// TestNowhere: without a folder nothing is written, and nothing fails.
func TestNowhere(t *testing.T) {
	s := Open("", Options{})
	r := s.Release(ix, "demo", "1.0")
	a := file("demo-1.0.tar.gz", "a", "")
	r.Keep(a, verifiedByDemo)
	if _, ok := r.Evidence(a); !ok || s.Close() != nil {
		t.Error("nothing is kept in memory")
	}
}

// TestStanding asserts that what an index says of a project is kept with the files, and
// that a change of it alone is.
func TestStanding(t *testing.T) {
	dir := t.TempDir()
	open := func() *Release { return Open(dir, Options{}).Release(ix, "demo", "1.0") }
	a := file("demo-1.0.tar.gz", "a", "")
	for _, s := range []assay.Standing{{Status: assay.StatusActive}, {Status: assay.StatusArchived, Reason: "no time"}, {Status: assay.StatusArchived, Reason: "enough"}, {}} {
		a.Standing = s
		r := open()
		r.SetFiles([]assay.Artifact{a}, true, s)
		if err := r.store.Close(); err != nil {
			t.Fatal(err)
		}
		files, known, ok := open().Files()
		if !ok || !known || !reflect.DeepEqual(files, []assay.Artifact{a}) || open().Standing() != s {
			t.Errorf("%+v is kept as %+v, %+v", s, files, open().Standing())
		}
	}
	r := open()
	r.SetFiles(nil, true, assay.Standing{Status: assay.StatusQuarantined, Reason: "holds a stealer"})
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	if files, known, ok := open().Files(); len(files) > 0 || !known || !ok || open().Standing() != (assay.Standing{Status: assay.StatusQuarantined, Reason: "holds a stealer"}) {
		t.Errorf("a quarantine is kept as %+v, %+v", files, open().Standing())
	}
}
