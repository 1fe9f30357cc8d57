package indextest

import (
	"os"
	"strings"
	"testing"

	"assay/internal/indextest/authority"
)

// TestEverythingIsDocumented holds the package comment and the code together.
func TestEverythingIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for name := range behaviours {
		if !strings.Contains(string(raw), "//\t"+name+" ") && !strings.Contains(string(raw), "//\t"+name+"\n") {
			t.Errorf("the package comment does not list the misbehaviour %q", name)
		}
	}
}

// TestDocumentedExampleWorks runs the archive of the package comment.
func TestDocumentedExampleWorks(t *testing.T) {
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(raw), "Start(t, `\n")
	example, _, found := strings.Cut(example, "`)")
	if !found {
		t.Fatal("no example")
	}
	s := Start(t, strings.ReplaceAll(example, "//\t", ""))
	if len(s.index.files) != 3 || len(s.faults.byTarget) != 1 {
		t.Errorf("%d files, %d faults", len(s.index.files), len(s.faults.byTarget))
	}
}

func TestNoiseIsTheSameFromAnywhere(t *testing.T) {
	n, err := newNoise("seed", 1000)
	if err != nil {
		t.Fatal(err)
	}
	whole := make([]byte, 1000)
	if _, err := n.ReadAt(whole, 0); err != nil {
		t.Fatal(err)
	}
	for off := range 1000 {
		part := make([]byte, min(33, 1000-off))
		if _, err := n.ReadAt(part, int64(off)); err != nil {
			t.Fatal(err)
		}
		if string(part) != string(whole[off:off+len(part)]) {
			t.Fatalf("different at %d", off)
		}
	}
}

func FuzzParseArchive(f *testing.F) {
	f.Add([]byte("-- demo-1.0-py3-none-any.whl --\npublisher: github:a/b@c\n-- demo-1.0-py3-none-any.whl/x.py --\n-- demo/ --\nstatus: archived\n-- index --\napi-version: 1.1\n"))
	f.Add([]byte("-- a.whl/../../x --\n-- / --\n-- a/b/ --\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseArchive(data)
		if err != nil {
			return
		}
		for _, file := range s.files {
			// What is accepted can be taken apart or is refused, without harm.
			_, version, _, err := splitFilename(file.filename)
			if err == nil && version == "" {
				t.Errorf("%q has an empty version", file.filename)
			}
		}
	})
}

func FuzzParseLine(f *testing.F) {
	for _, s := range []string{"status 403 times=1", "cut -5 skip=2", "flipped 50%", "github:a/b@c .14= ref=x", "google:a@b", "10MiB", "-72h", "2024-01-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if fault, err := parseFault(line); err == nil && behaviours[fault.name].max >= 0 && len(fault.args) > behaviours[fault.name].max {
			t.Errorf("%q has too many arguments", line)
		}
		if n, err := parseSize(line); err == nil && (n < 0 || n > 1<<40) {
			t.Errorf("%q is %d bytes", line, n)
		}
		if at, err := place(line, 100); err == nil && (at < 0 || at > 100) {
			t.Errorf("%q is at %d of 100", line, at)
		}
		if id, err := authority.ParseIdentity(line); err == nil && id.Kind == "" {
			t.Errorf("%q has no kind", line)
		}
	})
}
