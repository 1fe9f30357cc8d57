package main_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// These tests are about what Assay must not change: the lock files that
// installers write, and the caches that are the person's own.

// lockArchive has packages enough for an order to matter, with a provenance, an
// sdist and a release that the index itself has yanked.
const lockArchive = `
-- foo-1.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
requires-dist: bar>=0.4
requires-dist: baz; python_version >= "3"
-- foo-1.0.tar.gz --
publisher: github:acme/foo@release.yml
-- foo-0.9-py3-none-any.whl --
-- bar-0.5-py3-none-any.whl --
-- bar-0.5.tar.gz --
-- bar-0.6-py3-none-any.whl --
yanked: of the index's own accord
-- baz-2.0.tar.gz --
backend: in-tree
-- baz-2.0-py3-none-any.whl --
requires-python: >=3.8
`

// locks are the commands that write lock files.
var locks = map[string]struct {
	tool    string // whose project it is; empty where none is needed
	program string
	file    string
	args    func(b *bench) []string
}{
	"uv lock":     {"poetry", "uv", "uv.lock", func(b *bench) []string { return []string{"lock", "--default-index", b.SimpleURL()} }},
	"poetry lock": {"poetry", "poetry", "poetry.lock", func(*bench) []string { return []string{"lock", "--no-interaction"} }},
	"pdm lock":    {"pdm", "pdm", "pdm.lock", func(*bench) []string { return []string{"lock"} }},
	"pip lock": {"", "pip", "pylock.toml", func(b *bench) []string {
		return []string{"lock", "--index-url", b.SimpleURL(), "-r", "requirements.in"}
	}},
	"pip-compile": {"", "pip-compile", "requirements.txt", func(b *bench) []string {
		return []string{"--quiet", "--generate-hashes", "--index-url", b.SimpleURL(), "--output-file", "requirements.txt", "requirements.in"}
	}},
	"uv pip compile": {"", "uv", "requirements.txt", func(b *bench) []string {
		return []string{"pip", "compile", "--quiet", "--generate-hashes", "--default-index", b.SimpleURL(), "--output-file", "requirements.txt", "requirements.in"}
	}},
}

func TestLockFilesAreTheSame(t *testing.T) {
	t.Parallel()
	for name, c := range locks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := program(t, c.program)
			b := newBench(t, lockArchive)
			if c.tool != "" {
				b.command(t, c.tool, task{index: b.SimpleURL()}, "foo")
			}
			b.write(t, "requirements.in", "foo\n")
			lock := filepath.Join(b.dir, c.file)
			command := append([]string{path}, c.args(b)...)

			cmd := exec.Command(command[0], command[1:]...)
			cmd.Env, cmd.Dir = b.env, b.dir
			out, err := cmd.CombinedOutput()
			if bytes.Contains(out, []byte(`unknown command "lock"`)) {
				t.Skip("this pip writes no lock files")
			}
			if err != nil {
				t.Fatalf("without Assay: %v\n%s", err, out)
			}
			want, err := os.ReadFile(lock)
			if err != nil || !bytes.Contains(want, []byte("bar")) || !bytes.Contains(want, []byte("sha256")) {
				t.Fatalf("without Assay: %v\n%s", err, want)
			}
			if err := os.Remove(lock); err != nil {
				t.Fatal(err)
			}
			r := b.run(t, command...)
			got, err := os.ReadFile(lock)
			if err != nil || r.status != 0 {
				t.Fatalf("status %d, %v:\n%s", r.status, err, r.output)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("with Assay:\n%s\nwithout:\n%s", got, want)
			}
			for file, verdict := range r.report {
				if !strings.HasPrefix(verdict, "allow") {
					t.Errorf("%s: %s", file, verdict)
				}
			}
		})
	}
}

// editedArchive has a release that Assay refuses on its page, and a page that it
// leaves as it is, with a yank of the index's own.
const editedArchive = `
-- foo-1.0-py3-none-any.whl --
requires-dist: bar
-- foo-2.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
misissue: wrong-digest
-- bar-0.5-py3-none-any.whl --
-- bar-0.6-py3-none-any.whl --
yanked: of the index's own accord
`

const (
	editedText   = "the provenance is about another file"
	unEditedText = "of the index's own accord"
)

// TestTheirCachesStayAsTheyAre shows that a run with a refusal leaves the
// person's caches alone, whether there was anything in them or not.
func TestTheirCachesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"pip", "uv", "poetry", "pdm"} {
		for _, filled := range []bool{false, true} {
			if !filled && tool == "pdm" {
				continue // as with pip
			}
			t.Run(fmt.Sprintf("%s filled=%v", tool, filled), func(t *testing.T) {
				t.Parallel()
				program(t, tool)
				b, k := caching(t, tool)
				if filled {
					b.plain(t, tool, k, "bar")
					if err := os.RemoveAll(b.target); err != nil {
						t.Fatal(err)
					}
				}
				before := contents(t, filepath.Join(b.dir, ".cache"))
				if filled && len(before) == 0 {
					t.Fatal("nothing fills the cache: the test shows nothing")
				}
				r := b.do(t, tool, k, "foo")
				r.wantReport(t, "foo-2.0-py3-none-any.whl", "deny provenance.wrong-subject")
				after := contents(t, filepath.Join(b.dir, ".cache"))
				if !maps.Equal(before, after) {
					t.Errorf("the caches changed from\n%v\nto\n%v\n%s", before, after, r.output)
				}
			})
		}
	}
}

// caching is an index whose answers the tool keeps: pip does so with TLS only.
func caching(t *testing.T, tool string) (*bench, task) {
	t.Helper()
	if tool != "pip" {
		b := newBench(t, editedArchive)
		return b, task{index: b.SimpleURL()}
	}
	b, ca := rootless(t, editedArchive)
	return b, task{index: b.SimpleURL(), env: []string{"SSL_CERT_FILE=" + ca}}
}

// plain installs without Assay, as a person did before or does afterwards.
func (b *bench) plain(t *testing.T, tool string, k task, names ...string) string {
	t.Helper()
	command := b.command(t, tool, k, names...)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Dir = append(append(b.env[:len(b.env):len(b.env)], k.env...), "VIRTUAL_ENV="+b.target), b.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("without Assay: %v\n%s", err, out)
	}
	return string(out)
}

// contents are the digests of the files below a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
		data, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir)] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestNothingEditedInTheirCaches lets installers use the person's caches: what
// Assay edited is not in them afterwards, and what it did not edit is.
func TestNothingEditedInTheirCaches(t *testing.T) {
	t.Parallel()
	wantFlag(t, "--installer-cache")
	for _, tool := range []string{"pip", "uv", "poetry", "pdm"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			program(t, tool)
			b, k := caching(t, tool)
			b.flags = []string{"--installer-cache", "theirs"}
			r := b.do(t, tool, k, "foo")
			r.wantReport(t, "foo-2.0-py3-none-any.whl", "deny provenance.wrong-subject")
			cache := filepath.Join(b.dir, ".cache")
			if found := holding(t, cache, editedText); len(found) > 0 {
				t.Errorf("an edited page is in %v\n%s", found, r.output)
			}
			if found := holding(t, filepath.Join(b.dir, "assay"), editedText); len(found) > 0 {
				t.Errorf("an edited page is in %v\n%s", found, r.output)
			}
			// That the text would be found shows the page beside it.
			if found := holding(t, cache, unEditedText); len(found) == 0 {
				t.Errorf("not even the page as it is was found: %v\n%s", contents(t, cache), r.output)
			}
			// Without Assay there is no refusal left over.
			if err := os.RemoveAll(b.target); err != nil {
				t.Fatal(err)
			}
			out := b.plain(t, tool, k, "foo")
			if strings.Contains(out, editedText) {
				t.Errorf("afterwards, without Assay:\n%s", out)
			}
			if got := fmt.Sprint(b.has(t)); got != "[foo-2.0]" {
				t.Errorf("afterwards, without Assay: installed %v\n%s", got, out)
			}
		})
	}
}

// wantFlag skips the test where "assay run" has no such flag.
func wantFlag(t *testing.T, flag string) {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	if help, err := exec.Command(assay, "run", "--help").CombinedOutput(); err != nil || !bytes.Contains(help, []byte(flag)) {
		t.Skipf("assay run has no %s: %v", flag, err)
	}
}

// holding lists the files below a folder that hold a text, as it is or in gzip.
func holding(t *testing.T, dir, text string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && holds(data, []byte(text)) {
			out = append(out, strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

func holds(data, text []byte) bool {
	if bytes.Contains(data, text) {
		return true
	}
	for rest := data; ; {
		i := bytes.Index(rest, []byte{0x1f, 0x8b, 8})
		if i < 0 {
			return false
		}
		rest = rest[i:]
		if z, err := gzip.NewReader(bytes.NewReader(rest)); err == nil {
			// What follows the stream is no gzip: the beginning is what counts.
			plain, _ := io.ReadAll(io.LimitReader(z, 64<<20))
			if bytes.Contains(plain, text) {
				return true
			}
		}
		rest = rest[1:]
	}
}
