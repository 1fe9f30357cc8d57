package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// seeds are journals, sound and not.
func seeds() [][]byte {
	var whole []byte
	var head hash
	for i, e := range []Entry{seen("1.0", "a", acme), seen("2.0", "b"), accepted("2.0"), {Kind: Remove, Project: "foo", Target: 3, Reason: "no", By: "ann"}} {
		e.Seq, e.Time = int64(i+1), noon
		whole, head, _ = appendLine(whole, head, e)
	}
	return [][]byte{nil, whole, whole[:len(whole)-5], bytes.Replace(whole, []byte("acme"), []byte("evil"), 1), append(bytes.Clone(whole), "{}\n"...),
		append(bytes.Clone(whole), 0, 0, '\n'), bytes.Repeat(whole, 2), []byte("\n"), []byte(lineStart)}
}

// FuzzJournal reads any bytes as a journal. Whatever they are, nothing breaks down,
// what is accepted is accepted again, and a repair leads to a journal that is sound
// and holds as much as it says.
func FuzzJournal(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, journalFile)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(options(dir))
		if err == nil {
			notes := j.Notes()
			if _, err := j.Check(t.Context()); err != nil {
				t.Fatalf("opened, and then: %v", err)
			}
			if _, err := j.Memory(t.Context(), artifact(seen("2.0", "b"))); err != nil {
				t.Fatal(err)
			}
			if _, err := j.Append(t.Context(), seen("9.0", "a")); err != nil {
				t.Fatal(err)
			}
			j.closeFiles()
			if now, _ := os.ReadFile(path); len(notes) == 0 && !bytes.HasPrefix(now, data) {
				t.Fatal("what was there was changed in silence")
			}
		} else if !errors.Is(err, ErrEdited) && !errors.Is(err, ErrNewer) {
			t.Fatal(err)
		}
		r, err := Salvage(t.Context(), options(dir), false)
		if errors.Is(err, ErrNewer) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		j, err = Open(options(dir))
		if err != nil {
			t.Fatalf("after the repair: %v", err)
		}
		defer j.closeFiles()
		c, err := j.Check(t.Context())
		if err != nil || c.Entries < int64(r.Kept) {
			t.Fatalf("after the repair: %+v, %v, and %+v", c, err, r)
		}
	})
}

// FuzzLine takes a body for an entry, and holds what it reads to what it would
// write.
func FuzzLine(f *testing.F) {
	for _, s := range seeds() {
		for line := range bytes.Lines(s) {
			if len(line) > bodyAt {
				f.Add(line[bodyAt : len(line)-1])
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := parseBody(body)
		if err != nil {
			return
		}
		again, err := parseBody(appendBody(nil, e))
		if err != nil {
			t.Fatalf("%q is read, and what is written of it is not: %v", body, err)
		}
		if a, b := appendBody(nil, e), appendBody(nil, again); !bytes.Equal(a, b) {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

// FuzzImport reads any bytes as an export: what is read can be written, imported and
// exported again, and then nothing of it is new.
func FuzzImport(f *testing.F) {
	f.Add(Export(knownOf([]Entry{seen("1.0", "a", acme), seen("2.0", "b"), accepted("2.0")})))
	f.Add([]byte("schema = 1\n"))
	f.Add([]byte("schema = 1\n[[seen]]\nproject = \"foo\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := ReadExport("team.toml", data)
		if err != nil {
			if !errors.Is(err, ErrShared) {
				t.Fatal(err)
			}
			return
		}
		j, err := Open(options(t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		defer j.closeFiles()
		m, err := j.Merge(t.Context(), entries, "ann", false)
		if err != nil || len(m.Conflicts) > 0 {
			return // it contradicts itself, or goes too far ahead
		}
		known, err := j.Known(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadExport("team.toml", Export(known))
		if err != nil {
			t.Fatalf("%v\n%s", err, Export(known))
		}
		if m, err = j.Merge(t.Context(), again, "ann", true); err != nil || len(m.Added) > 0 || len(m.Conflicts) > 0 {
			t.Fatalf("%+v, %v", m, err)
		}
	})
}
