package main_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lockedArchive has what a lock pins, newer releases of it, and what no lock names.
const lockedArchive = `
-- foo-1.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
requires-dist: bar
-- foo-1.0.tar.gz --
publisher: github:acme/foo@release.yml
backend: in-tree
mark: MARK
-- foo-2.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
requires-dist: other
-- bar-0.5-py3-none-any.whl --
-- other-1.0-py3-none-any.whl --
-- other-2.0-py3-none-any.whl --
-- intree_backend_needs-1.0-py3-none-any.whl --
-- built-1.0.tar.gz --
backend: in-tree
-- built-1.0.tar.gz/pyproject.toml --
[build-system]
requires = ["intree-backend-needs"]
build-backend = "intree_backend"
backend-path = ["."]
`

// hashOf is the digest that the bench's index lists for a file.
func (b *bench) hashOf(t *testing.T, filename string) string {
	t.Helper()
	f, ok := b.File(filename)
	if !ok {
		t.Fatalf("the index has no file %s", filename)
	}
	return f.SHA256
}

// requirements writes a lock of pip's, a line for each of "NAME==VERSION FILENAME …".
func (b *bench) requirements(t *testing.T, name string, lines ...string) {
	t.Helper()
	var text strings.Builder
	for _, line := range lines {
		parts := strings.Fields(line)
		text.WriteString(parts[0])
		for _, file := range parts[1:] {
			text.WriteString(" --hash=sha256:" + b.hashOf(t, file))
		}
		text.WriteString("\n")
	}
	b.write(t, name, text.String())
}

// pylock writes a pylock.toml of some wheels, each "NAME VERSION FILENAME [IDENTITY]"
// with the identity as a table.
func (b *bench) pylock(t *testing.T, lines ...string) {
	t.Helper()
	text := "lock-version = \"1.0\"\ncreated-by = \"hand\"\n"
	for _, line := range lines {
		parts := strings.SplitN(line, " ", 4)
		file, ok := b.File(parts[2])
		if !ok {
			t.Fatalf("the index has no file %s", parts[2])
		}
		text += fmt.Sprintf("[[packages]]\nname = %q\nversion = %q\nindex = %q\n", parts[0], parts[1], b.SimpleURL())
		text += fmt.Sprintf("wheels = [{name = %q, url = %q, hashes = {sha256 = %q}}]\n", parts[2], file.URL, file.SHA256)
		if len(parts) > 3 {
			text += "[[packages.attestation-identities]]\n" + strings.ReplaceAll(parts[3], "; ", "\n") + "\n"
		}
	}
	b.write(t, "pylock.toml", text)
}

const fooIdentity = `kind = "GitHub"; repository = "acme/foo"; workflow = "release.yml"`

// TestLockedRun has real installers go for packages under a lock.
func TestLockedRun(t *testing.T) {
	wheels := []string{"foo==1.0 foo-1.0-py3-none-any.whl", "bar==0.5 bar-0.5-py3-none-any.whl"}
	byHash := func(t *testing.T, b *bench) { b.requirements(t, "lock.txt", wheels...) }
	for _, c := range []struct {
		name   string
		lock   func(t *testing.T, b *bench)
		file   string
		args   []string
		want   []string
		report map[string]string
		says   []string // the installer itself, where something is refused
	}{
		{"what is in it", byHash, "lock.txt", []string{"-r", "lock.txt"}, []string{"bar-0.5", "foo-1.0"},
			map[string]string{"foo-1.0-py3-none-any.whl": "allow", "bar-0.5-py3-none-any.whl": "allow"}, []string{"nothing was refused"}},
		{"a name, for which newer releases are passed over", byHash, "lock.txt", []string{"foo"}, []string{"bar-0.5", "foo-1.0"},
			map[string]string{"foo-1.0-py3-none-any.whl": "allow"}, []string{"nothing was refused"}},
		{"another project", byHash, "lock.txt", []string{"other"}, nil, nil,
			[]string{"is not in the lock: lock.txt names no other (lock.outside)"}},
		{"another project, pinned", byHash, "lock.txt", []string{"other==1.0"}, nil, nil,
			[]string{"is not in the lock: lock.txt names no other (lock.outside)"}},
		{"another version", byHash, "lock.txt", []string{"foo==2.0"}, nil, nil,
			[]string{"foo-2.0-py3-none-any.whl is not in the lock: lock.txt:1 pins foo 1.0"}},
		{"another file of the version", byHash, "lock.txt", []string{"--no-binary", "foo", "foo==1.0"}, nil, nil,
			[]string{"foo-1.0.tar.gz is not in the lock: lock.txt:1 has other hashes for foo 1.0"}},
		{"no hashes", func(t *testing.T, b *bench) { b.requirements(t, "lock.txt", "foo==1.0", "bar==0.5") }, "lock.txt", []string{"-r", "lock.txt"}, nil, nil,
			[]string{"the lock names no hash for ", ": lock.txt:"}},
		{"the identity that the lock names", func(t *testing.T, b *bench) {
			b.pylock(t, "foo 1.0 foo-1.0-py3-none-any.whl "+fooIdentity, "bar 0.5 bar-0.5-py3-none-any.whl")
		}, "pylock.toml", []string{"foo"}, []string{"bar-0.5", "foo-1.0"},
			map[string]string{"foo-1.0-py3-none-any.whl": "allow github:acme/foo@release.yml"}, []string{"nothing was refused"}},
		{"another identity", func(t *testing.T, b *bench) {
			b.pylock(t, "foo 1.0 foo-1.0-py3-none-any.whl "+strings.Replace(fooIdentity, "acme/foo", "evil/foo", 1), "bar 0.5 bar-0.5-py3-none-any.whl")
		}, "pylock.toml", []string{"foo"}, nil, map[string]string{"foo-1.0-py3-none-any.whl": "deny lock.other-identity"},
			[]string{"foo-1.0-py3-none-any.whl is not attested by whom the lock names for foo: it is attested by github:acme/foo@release.yml, and pylock.toml:8 names github:evil/foo@release.yml"}},
		{"an identity, and no evidence", func(t *testing.T, b *bench) {
			b.pylock(t, "bar 0.5 bar-0.5-py3-none-any.whl "+fooIdentity)
		}, "pylock.toml", []string{"bar"}, nil, map[string]string{"bar-0.5-py3-none-any.whl": "deny lock.other-identity"},
			[]string{"bar-0.5-py3-none-any.whl is not attested by whom the lock names for bar: it is attested by nobody"}},
	} {
		for _, installer := range installers {
			t.Run(c.name+"/"+installer, func(t *testing.T) {
				t.Parallel()
				program(t, installer)
				b := newBench(t, lockedArchive)
				c.lock(t, b)
				b.flags = []string{"--locked", c.file}
				r := b.install(t, installer, c.args...)
				r.wantInstalled(t, b, c.want...)
				if (r.status == 0) != (c.want != nil) {
					t.Errorf("status %d:\n%s", r.status, r.output)
				}
				for file, verdict := range c.report {
					if !strings.HasPrefix(r.report[file], verdict) {
						t.Errorf("the report has %q for %s, want %q:\n%s", r.report[file], file, verdict, r.output)
					}
				}
				flat := strings.Join(strings.Fields(r.output), " ")
				if c.want == nil {
					flat = r.ofInstaller()
				}
				for _, s := range c.says {
					if !strings.Contains(flat, s) {
						t.Errorf("the output lacks %q:\n%s", s, r.output)
					}
				}
			})
		}
	}
}

// ofInstaller is what the installer itself wrote, without Assay's report.
func (r result) ofInstaller() string {
	own, _, _ := strings.Cut(r.output, "\nassay: ")
	return strings.Join(strings.Fields(own), " ")
}

// TestLockedBuild is about what a build fetches: what the lock does not name is refused,
// in the installer's own words, and another lock may name it.
func TestLockedBuild(t *testing.T) {
	const needs = "intree_backend_needs-1.0-py3-none-any.whl"
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			path := program(t, installer)
			b := newBench(t, lockedArchive)
			b.requirements(t, "lock.txt", "built==1.0 built-1.0.tar.gz")
			b.requirements(t, "build.txt", "intree-backend-needs==1.0 "+needs)
			command := []string{path, "install", "--target", b.target, "--no-input", "--index-url", b.SimpleURL(), "--trusted-host", "127.0.0.1", "-r", "lock.txt"}
			if installer == "uv" {
				command = []string{path, "pip", "install", "--target", b.target, "--default-index", b.SimpleURL(), "-r", "lock.txt"}
			}
			b.flags = []string{"--locked", "lock.txt"}
			r := b.run(t, command...)
			r.wantInstalled(t, b)
			if !strings.Contains(r.ofInstaller(), "is not in the lock: lock.txt names no intree-backend-needs (lock.outside)") {
				t.Errorf("the installer did not say why:\n%s", r.output)
			}
			b.flags = []string{"--locked", "lock.txt", "--locked", "build.txt"}
			r = b.run(t, command...)
			r.wantInstalled(t, b, "built-1.0")
			r.wantReport(t, needs, "allow provenance.absent")
		})
	}
}

// TestLockedCaches shows that what came past without a lock does not come out of a
// cache under one.
func TestLockedCaches(t *testing.T) {
	each(t, lockedArchive, func(t *testing.T, b *bench, installer string) {
		target := b.target
		b.target = filepath.Join(b.dir, "before")
		r := b.install(t, installer, "other==1.0")
		r.wantInstalled(t, b, "other-1.0")
		b.target = target
		b.requirements(t, "lock.txt", "bar==0.5 bar-0.5-py3-none-any.whl")
		b.flags = []string{"--locked", "lock.txt"}
		r = b.install(t, installer, "other==1.0")
		r.wantInstalled(t, b)
		if !strings.Contains(r.ofInstaller(), "(lock.outside)") {
			t.Errorf("the installer did not say why:\n%s", r.output)
		}
		// What came past under this lock does.
		r = b.install(t, installer, "bar")
		r.wantInstalled(t, b, "bar-0.5")
		before := b.Count("GET", "/bar-0.5-py3-none-any.whl")
		b.target = filepath.Join(b.dir, "again")
		r = b.install(t, installer, "bar")
		r.wantInstalled(t, b, "bar-0.5")
		if now := b.Count("GET", "/bar-0.5-py3-none-any.whl"); now != before {
			t.Errorf("the file was fetched %d times, want %d", now, before)
		}
	})
}

// TestLockedSync has uv install a pylock.toml itself.
func TestLockedSync(t *testing.T) {
	t.Parallel()
	path := program(t, "uv")
	b := newBench(t, lockedArchive)
	b.pylock(t, "foo 1.0 foo-1.0-py3-none-any.whl "+fooIdentity, "bar 0.5 bar-0.5-py3-none-any.whl")
	b.flags = []string{"--locked", "pylock.toml"}
	r := b.run(t, path, "pip", "sync", "--target", b.target, "--default-index", b.SimpleURL(), "pylock.toml")
	r.wantInstalled(t, b, "bar-0.5", "foo-1.0")
	if !slices.Equal([]string{r.report["foo-1.0-py3-none-any.whl"]}, []string{"allow " + publisher}) {
		t.Errorf("the report is %v:\n%s", r.report, r.output)
	}
}

// TestLockedURL is about files that do not come from an index: one that a lock names by
// its URL passes by its bytes, another is refused, also one whose name tells nothing.
func TestLockedURL(t *testing.T) {
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			program(t, installer)
			b := newBench(t, lockedArchive)
			bar, _ := b.File("bar-0.5-py3-none-any.whl")
			other, _ := b.File("other-1.0-py3-none-any.whl")
			b.flags = []string{"--locked", "lock.txt"}
			b.write(t, "lock.txt", "bar @ "+bar.URL+" --hash=sha256:"+bar.SHA256+"\n")
			r := b.install(t, installer, "other @ "+other.URL)
			r.wantInstalled(t, b)
			if !strings.Contains(r.ofInstaller(), "is not in the lock: lock.txt names no other") {
				t.Errorf("the installer did not say why:\n%s", r.output)
			}
			r = b.install(t, installer, "bar @ "+bar.URL)
			r.wantInstalled(t, b, "bar-0.5")
			b.target = filepath.Join(b.dir, "wrong")
			b.write(t, "lock.txt", "bar @ "+bar.URL+" --hash=sha256:"+other.SHA256+"\n")
			r = b.install(t, installer, "bar @ "+bar.URL)
			r.wantInstalled(t, b)
			if !strings.Contains(r.ofInstaller(), "is not in the lock: lock.txt:1 has other hashes for bar") {
				t.Errorf("the installer did not say why:\n%s", r.output)
			}
		})
	}
}

// TestLockedAround has installers go around the proxy, which nobody can keep them from
// without --confine: what is in no lock and was installed so ends the run as refused.
func TestLockedAround(t *testing.T) {
	t.Parallel()
	uv, env := program(t, "uv"), program(t, "env")
	b := newBench(t, lockedArchive)
	venv := filepath.Join(b.dir, "venv")
	if out, err := exec.Command(program(t, "python3"), "-m", "venv", "--without-pip", venv).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	b.env = append(b.env, "VIRTUAL_ENV="+venv)
	b.requirements(t, "lock.txt", "bar==0.5 bar-0.5-py3-none-any.whl")
	b.flags = []string{"--locked", "lock.txt"}
	around := func(what string) result {
		return b.run(t, env, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", uv, "pip", "install", "-q", "--default-index", b.SimpleURL(), what)
	}
	r := around("other==1.0")
	want := "other 1.0 was installed, came by a way that does not lead past assay, and is not in the lock: lock.txt does not name it, and it is in "
	if flat := strings.Join(strings.Fields(r.output), " "); r.status != 1 || !strings.Contains(flat, want) {
		t.Errorf("status %d, want 1 and %q\n%s", r.status, want, r.output)
	}
	// What a lock has an entry for is reported, as its bytes were not seen.
	r = around("bar")
	if r.status != 0 || !strings.Contains(r.output, "install.unseen") {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}

// TestLockedHook has a script put a release into the environment that says of itself that
// it came from a folder: it is in no lock either, and nobody asked for such a folder.
func TestLockedHook(t *testing.T) {
	t.Parallel()
	python := program(t, "python3")
	b := newBench(t, lockedArchive)
	venv := filepath.Join(b.dir, "venv")
	if out, err := exec.Command(python, "-m", "venv", "--without-pip", venv).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	b.env = append(b.env, "VIRTUAL_ENV="+venv)
	b.write(t, "lock.txt", "\n")
	b.write(t, "hook.py", `
import glob, os, sys
info = os.path.join(glob.glob(os.path.join(sys.argv[1], "lib", "python3*", "site-packages"))[0], "evil-2.0.dist-info")
os.mkdir(info)
open(os.path.join(info, "METADATA"), "w").write("Metadata-Version: 2.1\\nName: evil\\nVersion: 2.0\\n")
open(os.path.join(info, "direct_url.json"), "w").write('{"url": "file:///x", "dir_info": {}}')
`)
	b.flags = []string{"--locked", "lock.txt"}
	r := b.run(t, python, filepath.Join(b.dir, "hook.py"), venv)
	want := "evil 2.0 was installed, came by a way that does not lead past assay, and is not in the lock: lock.txt does not name it, and it was installed from this computer: file:///x"
	if flat := strings.Join(strings.Fields(r.output), " "); r.status != 1 || !strings.Contains(flat, want) {
		t.Errorf("status %d, want 1 and %q\n%s", r.status, want, r.output)
	}
}

// TestLockedProject has tools install a project itself beside what its lock holds: it
// comes from this computer, and no lock need name it.
func TestLockedProject(t *testing.T) {
	for _, tool := range []string{"uv", "poetry", "pdm"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			path := program(t, tool)
			b := newBench(t, lockedArchive)
			b.write(t, "lock.txt", "\n")
			b.write(t, "mine/__init__.py", "\n")
			b.write(t, "pyproject.toml", `[project]
name = "mine"
version = "0.1"
requires-python = ">=3.9"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[tool.poetry]
packages = [{include = "mine"}]
`)
			b.write(t, "backend.py", editableBackend)
			b.env = append(b.env, "POETRY_VIRTUALENVS_IN_PROJECT=true", "PDM_CHECK_UPDATE=0")
			for _, command := range map[string][][]string{
				"uv":     {{path, "sync", "-q"}},
				"poetry": {{path, "lock"}, {path, "install", "--no-interaction"}},
				"pdm":    {{path, "lock", "-q"}, {path, "sync", "-q"}},
			}[tool] {
				b.flags = []string{"--locked", "lock.txt"}
				if r := b.run(t, command...); r.status != 0 {
					t.Fatalf("%v: status %d\n%s", command[1:], r.status, r.output)
				}
			}
		})
	}
}
