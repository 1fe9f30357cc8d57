package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// lock runs "assay lock" against the bench's index.
func (b *bench) lock(t *testing.T, args ...string) string {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), assay, append([]string{"lock", "--trusted-root", b.root}, args...)...)
	cmd.Env, cmd.Dir = append(b.env, "PIP_INDEX_URL="+b.SimpleURL()), b.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestLockedByAssay has real installers take what "assay lock" writes, and nothing else.
func TestLockedByAssay(t *testing.T) {
	t.Parallel()
	pip, uv := program(t, "pip"), program(t, "uv")
	b := newBench(t, lockedArchive)
	b.write(t, "lock.txt", "foo==1.0\nbar==0.5  # of foo\n")
	b.pylock(t, "foo 1.0 foo-1.0-py3-none-any.whl", "bar 0.5 bar-0.5-py3-none-any.whl")
	for _, file := range []string{"lock.txt", "pylock.toml"} {
		b.lock(t, file)
		before, err := os.ReadFile(filepath.Join(b.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		b.lock(t, file)
		if after, err := os.ReadFile(filepath.Join(b.dir, file)); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s is another the second time: %v\n%s", file, err, after)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(b.dir, "pylock.toml")); !bytes.Contains(text, []byte(`repository = "acme/foo"`)) {
		t.Errorf("the publisher is not in it:\n%s", text)
	}
	for name, command := range map[string][]string{
		"pip":            {pip, "install", "--target", "TARGET", "--no-input", "--require-hashes", "--index-url", b.SimpleURL(), "--trusted-host", "127.0.0.1", "-r", "lock.txt"},
		"uv":             {uv, "pip", "sync", "--target", "TARGET", "--require-hashes", "--default-index", b.SimpleURL(), "lock.txt"},
		"uv pylock.toml": {uv, "pip", "sync", "--target", "TARGET", "--default-index", b.SimpleURL(), "pylock.toml"},
	} {
		t.Run(name, func(t *testing.T) {
			b.target = t.TempDir()
			for i, arg := range command {
				if arg == "TARGET" {
					command[i] = b.target
				}
			}
			b.flags = []string{"--locked", "lock.txt", "--locked", "pylock.toml"}
			r := b.run(t, command...)
			if r.status != 0 {
				t.Errorf("status %d:\n%s", r.status, r.output)
			}
			r.wantInstalled(t, b, "bar-0.5", "foo-1.0")
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...) // and without Assay
			cmd.Env, cmd.Dir = b.env, b.dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
