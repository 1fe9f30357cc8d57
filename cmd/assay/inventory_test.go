package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runWith runs a command through Assay with flags of its own and returns the
// status and what stderr got.
func (b *bench) runWith(t *testing.T, flags []string, command ...string) (int, string) {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), assay, append(append(append([]string{"run", "--trusted-root", b.root}, flags...), "--"), command...)...)
	cmd.Env, cmd.Dir = b.env, b.dir
	var errs strings.Builder
	cmd.Stderr = &errs
	_ = cmd.Run() // the status tells
	return cmd.ProcessState.ExitCode(), errs.String()
}

// With the person's own caches, what an installer takes from them is named:
// none of it came past. It is a wheel that was built before: pip keeps no others
// of an index that does not say for how long.
func TestTheirCacheIsCompared(t *testing.T) {
	each(t, "-- app-1.0.tar.gz --\nbackend: in-tree\n-- fresh-1.0-py3-none-any.whl --\n", func(t *testing.T, b *bench, installer string) {
		path := program(t, installer)
		command := []string{path, "install", "-q", "--no-input", "--index-url", b.SimpleURL(), "--target"}
		if installer == "uv" {
			command = []string{path, "pip", "install", "-q", "--default-index", b.SimpleURL(), "--target"}
		}
		b.env = append(b.env, "PIP_CACHE_DIR="+filepath.Join(b.dir, "pip-cache"), "UV_CACHE_DIR="+filepath.Join(b.dir, "uv-cache"))
		before := exec.CommandContext(t.Context(), command[0], append(command[1:], filepath.Join(b.dir, "before"), "app")...)
		before.Env, before.Dir = b.env, b.dir
		if out, err := before.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		status, errs := b.runWith(t, []string{"--installer-cache", "theirs"}, append(command, b.target, "app", "fresh")...)
		if status != 0 || !strings.Contains(errs, "app 1.0 was installed and none of its files came past assay") || strings.Contains(errs, "fresh 1.0 was installed") {
			t.Errorf("status %d\n%s", status, errs)
		}
		if err := os.RemoveAll(b.target); err != nil {
			t.Fatal(err)
		}
		status, errs = b.runWith(t, nil, append(command, b.target, "app", "fresh")...)
		if status != 0 || strings.Contains(errs, "was installed and none") || !strings.Contains(errs, "app 1.0") {
			t.Errorf("with caches of Assay's own: status %d\n%s", status, errs)
		}
	})
}

// What was installed from elsewhere than an index is named, with where from.
func TestSourcesAreNamed(t *testing.T) {
	each(t, "-- app-1.0-py3-none-any.whl --\n", func(t *testing.T, b *bench, installer string) {
		path := program(t, installer)
		project := filepath.Join(b.dir, "mine")
		for name, text := range map[string]string{
			"pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
			"backend.py":     editableBackend,
		} {
			if err := os.MkdirAll(project, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(project, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		command := []string{path, "install", "-q", "--no-input", "--index-url", b.SimpleURL(), "--target", b.target}
		if installer == "uv" {
			command = []string{path, "pip", "install", "-q", "--default-index", b.SimpleURL(), "--target", b.target}
		}
		status, errs := b.runWith(t, nil, append(command, "./mine", "app")...)
		flat := strings.Join(strings.Fields(errs), " ")
		if status != 0 || !strings.Contains(flat, "(installed from this computer: file://"+project+")") {
			t.Errorf("status %d\n%s", status, errs)
		}
	})
}

// What has the name of what comes with an environment, and is put into one that
// was there, did not come with it.
func TestSeedsOfAnOldEnvironment(t *testing.T) {
	b := newBench(t, "-- app-1.0-py3-none-any.whl --\n")
	python := program(t, "python3")
	const fill = `
import os, sys
os.makedirs(os.path.join(sys.argv[1], "lib", "python3.11", "site-packages", "wheel-99.dist-info"), exist_ok=True)
open(os.path.join(sys.argv[1], sys.argv[2]), "w").close()
`
	for _, c := range []struct{ made, want, not string }{
		{"pyvenv.cfg", "wheel==99 (not fetched: it comes with a new virtual environment)", "install.unseen"},
		{"other", "wheel 99 was installed and none of its files came past assay", "comes with"},
	} {
		venv := filepath.Join(t.TempDir(), "venv")
		if err := os.MkdirAll(filepath.Join(venv, "lib", "python3.11", "site-packages"), 0o755); err != nil {
			t.Fatal(err)
		}
		if c.made == "other" {
			if err := os.WriteFile(filepath.Join(venv, "pyvenv.cfg"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		env := b.env
		b.env = append(b.env, "VIRTUAL_ENV="+venv)
		status, errs := b.runWith(t, nil, python, "-c", fill, venv, c.made)
		b.env = env
		flat := strings.Join(strings.Fields(errs), " ")
		if status != 0 || !strings.Contains(flat, c.want) || strings.Contains(flat, c.not) {
			t.Errorf("status %d\n%s", status, errs)
		}
	}
}

// editableBackend builds a project called mine, and needs nothing for that.
const editableBackend = `
import os, zipfile

def build_wheel(directory, settings=None, metadata=None):
    name = "mine-0.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.writestr("mine-0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 0.1\n")
        z.writestr("mine-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("mine-0.1.dist-info/RECORD", "mine-0.1.dist-info/METADATA,,\nmine-0.1.dist-info/WHEEL,,\nmine-0.1.dist-info/RECORD,,\n")
    return name

build_editable = build_wheel
`
