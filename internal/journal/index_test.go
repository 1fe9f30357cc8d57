package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"assay"
)

// many writes a journal of n files of n/10 projects, without an index.
func many(t testing.TB, dir string, n int) {
	t.Helper()
	var data []byte
	var head hash
	for i := range n {
		e := seen(fmt.Sprintf("1.%d", i), fmt.Sprint(i%10), acme)
		e.Project = fmt.Sprintf("project-%d", i%(n/10))
		e.Seq, e.Time = int64(i+1), noon
		var err error
		if data, head, err = appendLine(data, head, e); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(t, dir, string(data))
}

// holdMany looks projects up in it.
func holdMany(t *testing.T, j *Journal, n int) {
	t.Helper()
	for p := 0; p < n/10; p += 37 {
		m, err := j.Memory(t.Context(), assay.Artifact{Project: fmt.Sprintf("project-%d", p), Version: "1.0"})
		if err != nil || len(m.Sightings) != 10 {
			t.Fatalf("project %d: %d sightings, %v", p, len(m.Sightings), err)
		}
	}
	m, err := j.Memory(t.Context(), assay.Artifact{Project: "nothing", Version: "1.0"})
	if err != nil || len(m.Sightings) != 0 {
		t.Fatalf("%+v, %v", m, err)
	}
}

// TestIndex has journals of sizes around those at which an index is made, and grows
// them.
func TestIndex(t *testing.T) {
	for _, n := range []int{tailEntries, tailEntries + 10, 4*tailEntries + 10} {
		dir := t.TempDir()
		many(t, dir, n)
		j := mustOpen(t, dir)
		holdMany(t, j, n)
		for i := range 3 {
			mustAppend(t, j, seen(fmt.Sprintf("2.%d", i), "a"))
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(filepath.Join(dir, indexFile))
		if err != nil {
			t.Fatalf("of %d entries: %v", n, err)
		}
		j = mustOpen(t, dir)
		if j.index == nil || j.index.file == nil {
			t.Fatalf("of %d entries the index is not used", n)
		}
		holdMany(t, j, n)
		if c, err := j.Check(t.Context()); err != nil || c.Entries != int64(n+3) || c.IndexWrong {
			t.Fatalf("%+v, %v", c, err)
		}
	}
}

// TestSpoiledIndex changes one byte of an index at a time: memory says the same.
func TestSpoiledIndex(t *testing.T) {
	const n = 4*tailEntries + 10
	dir := t.TempDir()
	many(t, dir, n)
	if err := mustOpen(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, indexFile))
	if err != nil {
		t.Fatal(err)
	}
	places := []int{0, 8, 12, 20, 30, 36, 50, headerUsed, headerSize, headerSize + 100, headerSize + blockSize - 1, len(good) - 1, len(good) - 40}
	for _, at := range places {
		spoiled := bytes.Clone(good)
		spoiled[at] ^= 0x10
		if err := os.WriteFile(filepath.Join(dir, indexFile), spoiled, 0o600); err != nil {
			t.Fatal(err)
		}
		j := mustOpen(t, dir)
		for p := range n / 10 {
			m, err := j.Memory(t.Context(), assay.Artifact{Project: fmt.Sprintf("project-%d", p), Version: "1.0"})
			if err != nil || len(m.Sightings) != 10 {
				t.Fatalf("byte %d, project %d: %d sightings, %v", at, p, len(m.Sightings), err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if now, err := os.ReadFile(filepath.Join(dir, indexFile)); err == nil && at < headerUsed && !bytes.Equal(now, good) {
			t.Errorf("byte %d: the index was not made anew", at)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, indexFile), good[:len(good)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	holdMany(t, mustOpen(t, dir), n)
}

// TestEditedBeforeTheIndex changes a line that no start reads: a question about its
// project notices, and so does a check.
func TestEditedBeforeTheIndex(t *testing.T) {
	const n = 4*tailEntries + 10
	dir := t.TempDir()
	many(t, dir, n)
	if err := mustOpen(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	whole := text(t, dir)
	rewrite(t, dir, strings.Replace(whole, `"foo-1.41.tar.gz"`, `"foo-1.14.tar.gz"`, 1))
	want := "the journal was edited or is damaged: line 42 of " + filepath.Join(dir, journalFile) + ": its hash does not follow from the line before it"
	if _, err := mustOpen(t, dir).Check(t.Context()); !errors.Is(err, ErrEdited) || err.Error() != want {
		t.Errorf("check: %v\nwant   %s", err, want)
	}
	j := mustOpen(t, dir)
	if _, err := j.Memory(t.Context(), assay.Artifact{Project: "project-1", Version: "1.0"}); err != nil {
		t.Errorf("another project: %v", err)
	}
	if _, err := j.Memory(t.Context(), assay.Artifact{Project: "project-41", Version: "1.0"}); !errors.Is(err, ErrEdited) || err.Error() != want {
		t.Errorf("memory: %v\nwant    %s", err, want)
	}
	rewrite(t, dir, whole[:len(whole)/2])
	if _, err := Open(options(dir)); !errors.Is(err, ErrCut) {
		t.Errorf("cut before the index: %v", err)
	}
}

// TestManyAtOnce asks and records from many goroutines.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 20 {
				e := seen(fmt.Sprintf("%d.%d", i%4, n), "a", acme)
				if err := j.Record(t.Context(), judged(e)); err != nil {
					t.Error(err)
				}
				if _, err := j.Memory(t.Context(), artifact(e)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err := mustOpen(t, dir).Check(t.Context()); err != nil || c.Entries != 80 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestBusy has somebody hold the lock: the run goes on, and the end says so.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	a, b := mustOpen(t, dir), mustOpen(t, dir)
	unlock, err := a.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	b.wait = 30e6
	if err := b.Record(t.Context(), judged(seen("1.0", "a"))); err != nil {
		t.Fatal(err)
	}
	if m, err := b.Memory(t.Context(), artifact(seen("2.0", "a"))); err != nil || len(m.Sightings) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	if err := b.Close(); !errors.Is(err, ErrBusy) || err.Error() != "1 file is not remembered: another run holds the journal, for 30ms" {
		t.Error(err)
	}
}
