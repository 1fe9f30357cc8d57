//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asAnother says, in the environment of a second run of these tests, which file it writes.
const asAnother = "ASSAY_TEST_PUT"

// TestPutLocksKeepOwners shows that a lock stays whose it was, or is not written.
func TestPutLocksKeepOwners(t *testing.T) {
	const nobody, other = 65534, 12345
	before := func(path string) map[string][]byte { return map[string][]byte{path: []byte("old")} }
	if path := os.Getenv(asAnother); path != "" {
		var a app
		a.stderr = os.Stdout
		if err := putLocks(before(path), map[string][]byte{path: []byte("new")}); err != nil {
			a.explain(err)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to others")
	}
	dir := t.TempDir()
	for at := dir; at != filepath.Clean(os.TempDir()) && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "lock.txt")
	made := func(owner, group int) {
		t.Helper()
		if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, owner, group); err != nil {
			t.Fatal(err)
		}
	}
	is := func(text string, owner, group uint32) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		at := info.Sys().(*syscall.Stat_t)
		if string(got) != text || err != nil || at.Uid != owner || at.Gid != group || info.Mode().Perm() != 0o640 {
			t.Errorf("it is %q of %d:%d, %v, %v", got, at.Uid, at.Gid, info.Mode(), err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("in the folder are %v, %v", entries, err)
		}
	}
	made(nobody, other)
	if err := putLocks(before(path), map[string][]byte{path: []byte("new")}); err != nil {
		t.Fatal(err)
	}
	is("new", nobody, other)

	// Somebody else may write to the folder and read the file.
	made(other, nobody)
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := copyProgram(filepath.Join(bin, "tests")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(bin), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "tests"), "-test.run=^TestPutLocksKeepOwners$")
	cmd.Env, cmd.Dir = append(os.Environ(), asAnother+"="+path), dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	want := "assay: error: " + path + " cannot be written: the new file would belong to somebody else than the old one\n" +
		"assay: hint: run the command as the file's owner; nothing was written\n"
	if err != nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
	is("old", other, nobody)
}

func copyProgram(to string) error {
	from, err := os.Open(os.Args[0])
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, from); err != nil {
		return err
	}
	return file.Close()
}
