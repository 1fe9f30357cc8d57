package gitrepo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSnapshot reads files of commits that the real git made, loose and packed.
func TestSnapshot(t *testing.T) {
	m := newMade(t)
	if err := os.MkdirAll(filepath.Join(m.dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("requests==2.0 --hash=sha256:00\n", 60000) // beyond what a commit may have
	m.write("a/b/lock.txt", large)
	m.commit("second")
	m.git("branch", "old")
	m.git("tag", "-a", "-m", "x", "v1")
	m.write("a/b/lock.txt", large+"more\n")
	m.commit("third")
	if err := os.Symlink("lock.txt", filepath.Join(m.dir, "a", "b", "link")); err != nil {
		t.Fatal(err)
	}
	m.commit("fourth")
	m.git("update-ref", "refs/remotes/origin/main", "old")
	m.git("branch", "both")
	m.git("tag", "both", "old")
	for _, packed := range []bool{false, true} {
		if packed {
			m.git("gc", "-q")
		}
		read := func(revision, name string) (string, error) {
			s, err := OpenSnapshot(t.Context(), m.dir, revision, Limits{})
			if err != nil {
				return "", err
			}
			data, err := s.File(t.Context(), name)
			return string(data), err
		}
		for revision, want := range map[string]string{"HEAD": large + "more\n", "HEAD~1": large + "more\n", "HEAD~2": large, "HEAD^^": large, "old": large, "refs/heads/old": large,
			"v1": large, "origin/main": large, m.git("rev-parse", "HEAD"): large + "more\n", m.git("rev-parse", "v1"): large} {
			if got, err := read(revision, "a/b/lock.txt"); err != nil || got != want {
				t.Errorf("packed %v, %s: %d bytes, %v", packed, revision, len(got), err)
			}
		}
		for _, c := range []struct {
			revision, name string
			want           error
		}{
			{"HEAD~3", "a/b/lock.txt", ErrNoFile}, {"HEAD", "a/b", ErrNoFile}, {"HEAD", "a/b/link", ErrNoFile}, {"HEAD", "a/b/lock.txt/x", ErrNoFile}, {"HEAD", "../x", ErrWhere}, {"HEAD", "", ErrWhere},
			{"HEAD~9", "a", ErrMissing}, {"nobody", "a", ErrMissing}, {m.git("rev-parse", "--short", "HEAD"), "a", ErrMissing}, {"both", "a", ErrAmbiguous},
			{"../HEAD", "a", ErrRef}, {"HEAD~99999999999999999999", "a", ErrRef}, {"HEAD^2", "a", ErrRef}, {"HEAD^x", "a", ErrRef}, {strings.Repeat("0", 40), "a", ErrMissing}, {"", "a", ErrRef},
			{m.git("rev-parse", "HEAD^{tree}"), "a", ErrTarget},
		} {
			if _, err := read(c.revision, c.name); !errors.Is(err, c.want) {
				t.Errorf("packed %v, %s:%s: %v, want %v", packed, c.revision, c.name, err, c.want)
			}
		}
	}
	linked := filepath.Join(t.TempDir(), "linked")
	m.git("worktree", "add", "-q", linked, "old")
	s, err := OpenSnapshot(t.Context(), linked, "HEAD", Limits{})
	if err != nil || string(s.Commit) != m.git("rev-parse", "old") {
		t.Errorf("a linked worktree: %+v, %v", s, err)
	}
}

// TestSnapshotForged: an object that is not what its id says is not read.
func TestSnapshotForged(t *testing.T) {
	m := newMade(t)
	m.write("lock.txt", "good\n")
	m.commit("second")
	object := func(id string) string { return filepath.Join(m.dir, ".git", "objects", id[:2], id[2:]) }
	good := m.git("rev-parse", "HEAD:lock.txt")
	evil, err := m.try([]byte("evil\n"), "hash-object", "-w", "--stdin")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(object(strings.TrimSpace(evil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(object(good)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(object(good), data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSnapshot(t.Context(), m.dir, "HEAD", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.File(t.Context(), "lock.txt"); err == nil {
		t.Errorf("read %q", got)
	}
}

func FuzzLookUp(f *testing.F) {
	f.Add([]byte("100644 a\x0001234567890123456789"), "a")
	f.Add([]byte("40000 b\x00"), "b")
	f.Fuzz(func(t *testing.T, tree []byte, name string) {
		mode, id, err := lookUp(tree, name)
		if err == nil && mode != "" && len(id) != 2*idSize {
			t.Errorf("%q %q", mode, id)
		}
	})
}
