//go:build unix

package gitrepo

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipes holds that nothing waits for a writer.
func TestPipes(t *testing.T) {
	m := bare(t)
	pipe := func(name string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(m.dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(m.dir, name), 0o600); err != nil {
			t.Skip(err)
		}
	}
	pipe("refs/tags/v2")
	pipe("objects/" + string(tagID[:2]) + "/" + string(tagID[2:]))
	r := open(t, m.dir)
	_, err := r.Tag(t.Context(), "v2")
	wantError(t, err, ErrRef, `the tag "v2" cannot be read: not a regular file`)
	_, err = r.Tag(t.Context(), "v1.0")
	wantError(t, err, ErrMalformed, `the tag "v1.0": the object `+string(tagID)+": not a regular file")
	pipe("packed-refs")
	_, err = Open(t.Context(), m.dir, Options{})
	wantError(t, err, ErrMalformed, "packed-refs: not a regular file")
	pipe("commondir")
	_, err = Open(t.Context(), m.dir, Options{})
	wantError(t, err, ErrNotRepository, `"`+m.dir+`": not a regular file`)
}
