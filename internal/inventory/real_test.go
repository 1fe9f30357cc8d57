package inventory_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/internal/indextest"
	"assay/internal/inventory"
)

const archive = `
-- app-1.0-py3-none-any.whl --
requires-dist: dep>=1
-- app-2.0-py3-none-any.whl --
requires-dist: dep>=1
-- dep-1.5-py3-none-any.whl --
-- from_source-1.0.tar.gz --
backend: in-tree
`

// workshop is an environment, an index and the sources of one test.
type workshop struct {
	dir, root string
	env       []string
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	server := indextest.Start(t, archive)
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &workshop{dir: filepath.Join(root, "w"), root: root}
	w.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + root, "PYENV_ROOT=" + os.Getenv("PYENV_ROOT"), "PIP_CONFIG_FILE=" + os.DevNull,
		"PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_BUILD_ISOLATION=0", "UV_NO_CONFIG=1", "UV_PYTHON_DOWNLOADS=never", "NO_PROXY=*", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=n", "GIT_AUTHOR_EMAIL=n@example.invalid", "GIT_COMMITTER_NAME=n", "GIT_COMMITTER_EMAIL=n@example.invalid",
		"PIP_INDEX_URL=" + server.SimpleURL(), "UV_DEFAULT_INDEX=" + server.SimpleURL()}
	for _, p := range []string{"editable", "local", "cloned"} {
		w.write(t, p+"/pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n")
		w.write(t, p+"/backend.py", strings.ReplaceAll(backend, "PROJECT", p))
	}
	w.write(t, "w/empty", "")
	return w
}

func (w *workshop) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(w.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// backend builds a wheel without any other package.
const backend = `
import os, zipfile

def build_wheel(directory, settings=None, metadata=None):
    name = "PROJECT-0.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.writestr("PROJECT.py", "")
        z.writestr("PROJECT-0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: PROJECT\nVersion: 0.1\n")
        z.writestr("PROJECT-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("PROJECT-0.1.dist-info/RECORD", "PROJECT.py,,\nPROJECT-0.1.dist-info/METADATA,,\nPROJECT-0.1.dist-info/WHEEL,,\nPROJECT-0.1.dist-info/RECORD,,\n")
    return name

build_editable = build_wheel
`

func (w *workshop) run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, w.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// installed runs a command and returns what the inventory tells of it.
func (w *workshop) installed(t *testing.T, args ...string) []string {
	t.Helper()
	places := inventory.Find(inventory.Query{Env: w.env, Dir: w.dir, Args: args})
	before := inventory.Take(places)
	w.run(t, w.dir, args...)
	var out []string
	for _, d := range inventory.Since(before, inventory.Take(places)) {
		folder, _ := strings.CutPrefix(d.Folder, w.root+"/")
		folder, _, _ = strings.Cut(folder, "/lib/")
		out = append(out, strings.TrimSpace(strings.Join([]string{d.Project, d.Version, folder, string(d.Source), strings.ReplaceAll(d.Where, w.root, "ROOT")}, " ")))
	}
	return out
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path := os.Getenv("ASSAY_TEST_" + strings.ToUpper(name))
	if path == "" {
		var err error
		if path, err = exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: run 'make tools'", name)
		}
	}
	return path
}

// TestRealInstallers asserts what the real ones leave behind.
func TestRealInstallers(t *testing.T) {
	if testing.Short() {
		t.Skip("real installers take their time")
	}
	git := tool(t, "git")
	python := tool(t, "python3")
	for _, name := range []string{"pip", "uv"} {
		t.Run(name, func(t *testing.T) {
			installer := tool(t, name)
			w := newWorkshop(t)
			venv := filepath.Join(w.root, "v")
			w.run(t, w.root, python, "-m", "venv", venv)
			w.run(t, filepath.Join(w.root, "cloned"), git, "init", "-q")
			w.run(t, filepath.Join(w.root, "cloned"), git, "add", ".")
			w.run(t, filepath.Join(w.root, "cloned"), git, "commit", "-q", "-m", "all")
			w.run(t, w.root, filepath.Join(venv, "bin", "pip"), "wheel", "-q", "--no-deps", "-w", filepath.Join(w.root, "wheels"), "./local")
			command := []string{filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "-q"}
			again := "--force-reinstall"
			if name == "uv" {
				command = []string{installer, "pip", "install", "-q", "--python", venv}
				again = "--reinstall"
			}
			for _, step := range []struct {
				args []string
				want []string
			}{
				{[]string{"app==1.0"}, []string{"app 1.0 v index", "dep 1.5 v index"}},
				{[]string{"app==1.0"}, nil},
				{[]string{"app==2.0"}, []string{"app 2.0 v index"}},
				{[]string{again, "dep"}, []string{"dep 1.5 v index"}},
				{[]string{"from_source"}, []string{"from-source 1.0 v index"}},
				{[]string{"--target", "t", "app"}, []string{"app 2.0 w/t index", "dep 1.5 w/t index"}},
				{[]string{"-e", "../editable"}, []string{"editable 0.1 v editable file://ROOT/editable"}},
				{[]string{"../wheels/local-0.1-py3-none-any.whl"}, []string{"local 0.1 v local file://ROOT/wheels/local-0.1-py3-none-any.whl"}},
				{[]string{again, "../local"}, []string{"local 0.1 v local file://ROOT/local"}},
				{[]string{"git+file://" + w.root + "/cloned"}, []string{"cloned 0.1 v vcs file://ROOT/cloned"}},
			} {
				if got := w.installed(t, append(slices.Clone(command), step.args...)...); !slices.Equal(got, step.want) {
					t.Errorf("%s: got %q, want %q", strings.Join(step.args, " "), got, step.want)
				}
			}
		})
	}
	t.Run("uv sync", func(t *testing.T) {
		w := newWorkshop(t)
		w.write(t, "w/pyproject.toml", "[project]\nname = \"whole\"\nversion = \"1\"\nrequires-python = \">=3.8\"\ndependencies = [\"app\", \"editable\"]\n"+
			"[tool.uv.sources]\neditable = { path = \"../editable\", editable = true }\n")
		want := []string{"app 2.0 w/.venv index", "dep 1.5 w/.venv index", "editable 0.1 w/.venv editable file://ROOT/editable"}
		if got := w.installed(t, tool(t, "uv"), "sync", "-q"); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
