package journal

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDamage spoils a journal of three entries that was closed in order.
func TestDamage(t *testing.T) {
	line := func(data string, n int) string { return strings.SplitAfter(data, "\n")[n] }
	for name, c := range map[string]struct {
		spoil func(string) string
		kind  error
		want  string // of the error, or of the note; PATH stands for the journal
		kept  int    // entries after a repair, without that itself
	}{
		"whole": {func(s string) string { return s }, nil, "", 3},
		"a byte changed": {func(s string) string { return strings.Replace(s, `"foo-2.0.tar.gz"`, `"foo-2.1.tar.gz"`, 1) }, ErrEdited,
			"the journal was edited or is damaged: line 2 of PATH: its hash does not follow from the line before it", 2},
		"a line removed": {func(s string) string { return line(s, 0) + line(s, 2) }, ErrCut, "the journal was cut: PATH has N bytes, and 3 entries in N bytes had been written", 1},
		"lines exchanged": {func(s string) string { return line(s, 1) + line(s, 0) + line(s, 2) }, ErrEdited,
			"the journal was edited or is damaged: line 1 of PATH: its hash does not follow from the line before it", 0},
		"a line doubled": {func(s string) string { return s + line(s, 2) }, ErrEdited,
			"the journal was edited or is damaged: line 4 of PATH: its hash does not follow from the line before it", 3},
		"garbage in the middle": {func(s string) string { return line(s, 0) + "what?\n" + line(s, 1) + line(s, 2) }, ErrEdited,
			"the journal was edited or is damaged: line 2 of PATH: it is not an entry", 3},
		"zeros in the middle": {func(s string) string {
			return line(s, 0) + strings.Repeat("\x00", len(line(s, 1))-1) + "\n" + line(s, 2)
		}, ErrEdited, "the journal was edited or is damaged: line 2 of PATH: it is not an entry", 2},
		"another journal": {func(s string) string { return strings.Repeat(s, 2) }, ErrEdited,
			"the journal was edited or is damaged: line 4 of PATH: its hash does not follow from the line before it", 5},
		"cut at a line": {func(s string) string { return line(s, 0) + line(s, 1) }, ErrCut, "the journal was cut: PATH has N bytes, and 3 entries in N bytes had been written", 2},
		"cut in a line": {func(s string) string { return s[:len(s)-9] }, ErrCut, "the journal was cut: PATH has N bytes, and 3 entries in N bytes had been written", 2},
		"empty":         {func(string) string { return "" }, ErrCut, "the journal was cut: PATH has 0 bytes, and 3 entries in N bytes had been written", 0},
		"half a line more": {func(s string) string { return s + `{"chain":"00` }, nil,
			"the last line of memory's journal was not whole (a crash, or a full disk): its 12 bytes are in PATH.torn-20260601T120000Z now, and the rest is used", 3},
		"zeros at the end": {func(s string) string { return s + strings.Repeat("\x00", 12) }, nil,
			"the last line of memory's journal was not whole (a crash, or a full disk): its 12 bytes are in PATH.torn-20260601T120000Z now, and the rest is used", 3},
		"a last line that is none": {func(s string) string { return s + "what?\n" }, nil,
			"the last line of memory's journal was not whole (a crash, or a full disk): its 6 bytes are in PATH.torn-20260601T120000Z now, and the rest is used", 3},
		"a line too long": {func(s string) string { return s + strings.Repeat("x", maxLine+1) + "\n" + line(s, 2) }, ErrEdited,
			"the journal was edited or is damaged: line 4 of PATH: it is too long", 4},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := mustOpen(t, dir)
			mustAppend(t, j, seen("1.0", "a", acme), seen("2.0", "b"), accepted("3.0"))
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			before := text(t, dir)
			rewrite(t, dir, c.spoil(before))
			got := ""
			j, err := Open(options(dir))
			if err != nil {
				got = err.Error()
			} else {
				got = strings.Join(j.Notes(), "\n")
				defer j.Close()
			}
			got = strings.ReplaceAll(got, filepath.Join(dir, journalFile), "PATH")
			got = strings.ReplaceAll(got, " "+strconv.Itoa(len(before))+" bytes", " N bytes")
			if size := len(c.spoil(before)); size > 100 {
				got = strings.ReplaceAll(got, " "+strconv.Itoa(size)+" bytes", " N bytes")
			}
			if !errors.Is(err, c.kind) || got != c.want {
				t.Fatalf("got  %v\nwant %v", got, c.want)
			}
			holdRepair(t, dir, c.kind == nil, c.kept)
		})
	}
}

// holdRepair repairs a journal and looks at what is there then.
func holdRepair(t *testing.T, dir string, sound bool, kept int) {
	t.Helper()
	damaged, _ := os.ReadFile(filepath.Join(dir, journalFile))
	dry, err := Salvage(t.Context(), options(dir), true)
	if err != nil || dry.Sound() != sound || dry.Kept != kept {
		t.Fatalf("%+v, %v, want %d entries kept", dry, err, kept)
	}
	if now, _ := os.ReadFile(filepath.Join(dir, journalFile)); string(now) != string(damaged) {
		t.Fatal("a dry run changed the journal")
	}
	r, err := Salvage(t.Context(), options(dir), false)
	if err != nil || r.Kept != kept {
		t.Fatalf("%+v, %v", r, err)
	}
	j := mustOpen(t, dir)
	checked, err := j.Check(t.Context())
	if err != nil || len(j.Notes()) > 0 {
		t.Fatal(err)
	}
	if sound {
		kept-- // no entry about a repair
	}
	if checked.Entries != int64(kept+1) {
		t.Fatalf("%d entries after the repair, want %d", checked.Entries, kept+1)
	}
	if !sound && len(damaged) > 0 {
		if aside, err := os.ReadFile(r.Path); err != nil || string(aside) != string(damaged) {
			t.Errorf("the damaged journal is not kept: %v", err)
		}
	}
}

// TestFuture has an entry of a clock that was wrong: it counts, and is mentioned.
func TestFuture(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	late := seen("1.0", "a", acme)
	late.Time = noon.Add(11 * time.Minute)
	mustAppend(t, j, late)
	j.Close()
	j = mustOpen(t, dir)
	want := "an entry in memory is from 2026-06-01T12:11:00Z, and the clock says 2026-06-01T12:00:00Z"
	if got := strings.Join(j.Notes(), "\n"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	m, err := j.Memory(t.Context(), artifact(seen("2.0", "b")))
	if err != nil || len(m.Sightings) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	if c, err := j.Check(t.Context()); err != nil || c.Ahead != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

// failing is a disk on which one step fails: the one of this number, counted from 1.
type failing struct {
	disk
	steps, at int
	half      bool // a write that fails writes half of its bytes first
}

func (d *failing) step() error {
	if d.steps++; d.steps == d.at {
		return syscall.ENOSPC
	}
	return nil
}

func newFailing(at int, half bool) *failing {
	d := &failing{disk: system, at: at, half: half}
	d.open = func(name string, flag int, perm fs.FileMode) (file, error) {
		if err := d.step(); err != nil {
			return nil, err
		}
		f, err := system.open(name, flag, perm)
		if err != nil {
			return nil, err
		}
		return &failingFile{f, d}, nil
	}
	d.stat = func(name string) (fs.FileInfo, error) {
		if err := d.step(); err != nil {
			return nil, err
		}
		return system.stat(name)
	}
	d.rename = func(from, to string) error {
		if err := d.step(); err != nil {
			return err
		}
		return system.rename(from, to)
	}
	d.remove = func(name string) error {
		if err := d.step(); err != nil {
			return err
		}
		return system.remove(name)
	}
	return d
}

type failingFile struct {
	file
	disk *failing
}

func (f *failingFile) Write(p []byte) (int, error) {
	if err := f.disk.step(); err != nil {
		n := 0
		if f.disk.half {
			n, _ = f.file.Write(p[:len(p)/2])
		}
		return n, err
	}
	return f.file.Write(p)
}

func (f *failingFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.disk.step(); err != nil {
		return 0, err
	}
	return f.file.ReadAt(p, at)
}

func (f *failingFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *failingFile) Truncate(size int64) error {
	if err := f.disk.step(); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

// TestEveryStepFails lets each single step of a run fail in turn, and then looks at
// the whole journal with a sound disk: what was acknowledged is there, and the chain
// holds.
func TestEveryStepFails(t *testing.T) {
	for _, half := range []bool{false, true} {
		for at := 1; ; at++ {
			dir := t.TempDir()
			j := mustOpen(t, dir)
			mustAppend(t, j, seen("1.0", "a", acme))
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			d := newFailing(at, half)
			promised := failingRun(t, dir, d)
			if d.steps < at {
				break // nothing is left to fail
			}
			j, err := Open(options(dir))
			if err != nil {
				t.Fatalf("step %d: %v", at, err)
			}
			c, err := j.Check(t.Context())
			if err != nil {
				t.Fatalf("step %d: %v", at, err)
			}
			m, err := j.Memory(t.Context(), artifact(seen("9.0", "b")))
			if err != nil {
				t.Fatalf("step %d: %v", at, err)
			}
			for _, version := range promised {
				found := false
				for _, s := range m.Sightings {
					found = found || s.Version == version
				}
				if !found {
					t.Errorf("step %d: %s was acknowledged and is lost (%d entries)", at, version, c.Entries)
				}
			}
			j.closeFiles()
		}
	}
}

// failingRun is a run on a disk that fails. It returns what memory promised to keep.
func failingRun(t *testing.T, dir string, d *failing) (promised []string) {
	t.Helper()
	j, err := open(options(dir), d.disk)
	if err != nil {
		return nil
	}
	if _, err := j.Append(context.Background(), seen("2.0", "b")); err == nil {
		promised = append(promised, "2.0")
	}
	recorded := j.Record(context.Background(), judged(seen("3.0", "c")))
	if _, err := j.Memory(context.Background(), artifact(seen("3.0", "c"))); err == nil && recorded == nil {
		m, _ := j.Memory(context.Background(), artifact(seen("4.0", "c")))
		if n := len(m.Sightings); n > 0 && m.Sightings[n-1].Version != "3.0" {
			t.Errorf("what could not be written is not known in the same run: %+v", m.Sightings)
		}
	}
	if _, err := j.Append(context.Background(), seen("4.0", "d")); err == nil {
		promised = append(promised, "4.0")
	}
	if err := j.Close(); err == nil && recorded == nil {
		promised = append(promised, "3.0")
	}
	return promised
}
