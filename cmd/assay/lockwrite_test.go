package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestPutLocks shows that locks are written all or none, and keep their rights.
func TestPutLocks(t *testing.T) {
	dir := t.TempDir()
	name := func(f string) string { return filepath.ToSlash(filepath.Join(dir, f)) }
	put := func(f, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(name(f), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	put("a.txt", "old a", 0o640)
	put("b.txt", "old b", 0o644)
	before := map[string][]byte{name("a.txt"): []byte("old a"), name("b.txt"): []byte("old b")}
	after := map[string][]byte{name("a.txt"): []byte("new a"), name("b.txt"): []byte("new b")}
	want := func(a, b string) {
		t.Helper()
		for f, text := range map[string]string{"a.txt": a, "b.txt": b} {
			if got, err := os.ReadFile(name(f)); err != nil || string(got) != text {
				t.Errorf("%s is %q, %v, want %q", f, got, err, text)
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 2 {
			t.Errorf("in the folder are %v, %v", entries, err)
		}
	}
	put("b.txt", "changed meanwhile", 0o644)
	if err := putLocks(before, after); err == nil || !strings.Contains(err.Error(), "b.txt changed in the meantime") {
		t.Errorf("a file that changed meanwhile: %v", err)
	}
	want("old a", "changed meanwhile")
	put("b.txt", "old b", 0o644)
	if err := putLocks(before, after); err != nil {
		t.Fatal(err)
	}
	want("new a", "new b")
	if info, err := os.Stat(name("a.txt")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("its rights are %v, %v", info.Mode(), err)
	}
}
