package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/internal/confine"
)

// isolated is what confined installs are tried on: wheels, and an sdist whose
// backend comes from the index as well.
const isolated = `
-- app-1.0-py3-none-any.whl --
requires-dist: from_source
-- from_source-1.0.tar.gz --
-- from_source-1.0.tar.gz/pyproject.toml --
[build-system]
requires = ["tiny_backend"]
build-backend = "tiny_backend"
-- from_source-1.0.tar.gz/built.py --
-- tiny_backend-1.0-py3-none-any.whl --
-- tiny_backend-1.0-py3-none-any.whl/tiny_backend.py --
import os, zipfile

def build_wheel(directory, settings=None, metadata=None):
    name = "from_source-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.write("built.py")
        z.writestr("from_source-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: from_source\nVersion: 1.0\n")
        z.writestr("from_source-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("from_source-1.0.dist-info/RECORD", "built.py,,\nfrom_source-1.0.dist-info/METADATA,,\nfrom_source-1.0.dist-info/WHEEL,,\nfrom_source-1.0.dist-info/RECORD,,\n")
    return name
`

// confinedBench is a bench whose working folder is not the person's home.
func confinedBench(t *testing.T) *bench {
	t.Helper()
	if err := confine.Check(); err != nil {
		t.Skip(err)
	}
	b := newBench(t, isolated)
	b.dir = filepath.Join(b.dir, "work")
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return b
}

// confined runs a command under --confine and returns what stdout and stderr got.
func (b *bench) confined(t *testing.T, flags []string, command ...string) (status int, stdout, stderr string) {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	args := slices.Concat([]string{"run", "--trusted-root", b.root, "--confine"}, flags, []string{"--"}, command)
	cmd := exec.CommandContext(t.Context(), assay, args...)
	cmd.Env, cmd.Dir = b.env, b.dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// Real installers work under it, with wheels, and with an sdist that is built in
// an environment of its own.
func TestConfinedInstalls(t *testing.T) {
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			b := confinedBench(t)
			path := program(t, installer)
			venv := filepath.Join(b.dir, ".venv")
			if out, err := exec.CommandContext(t.Context(), program(t, "python3"), "-m", "venv", "--without-pip", venv).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			command := []string{path, "--python", venv, "install", "--no-input", "--index-url", b.SimpleURL()}
			if installer == "uv" {
				command = []string{path, "pip", "install", "--python", venv, "--default-index", b.SimpleURL()}
			}
			status, out, errs := b.confined(t, nil, append(command, "app")...)
			if status != 0 {
				t.Fatalf("status %d\n%s%s", status, out, errs)
			}
			if strings.Contains(errs, "confined") {
				t.Errorf("a run that went well speaks of its limits:\n%s", errs)
			}
			got, err := filepath.Glob(filepath.Join(venv, "lib", "python*", "site-packages", "*.dist-info", "METADATA"))
			if err != nil || !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "from_source-1.0") }) {
				t.Errorf("installed %q, %v", got, err)
			}
			if b.Count("GET", "tiny_backend-1.0-py3-none-any.whl") == 0 {
				t.Error("the backend was not fetched")
			}
		})
	}
}

// So do installers of projects, which bring HTTP clients of their own.
func TestConfinedProjects(t *testing.T) {
	for _, tool := range []string{"poetry", "pdm"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			b := confinedBench(t)
			b.target = filepath.Join(b.dir, ".venv")
			b.env = append(b.env, "VIRTUAL_ENV="+b.target)
			status, out, errs := b.confined(t, nil, b.usual(t, tool, asking{requirement: "app", source: b.SimpleURL()})...)
			if got := b.has(t); status != 0 || !slices.Contains(got, "from_source-1.0") {
				t.Errorf("status %d, installed %q\n%s%s", status, got, out, errs)
			}
		})
	}
}

// git as well, with the proxy that it is given.
func TestConfinedGit(t *testing.T) {
	b := confinedBench(t)
	git := program(t, "git")
	site := filepath.Join(t.TempDir(), "site")
	for _, args := range [][]string{{"init", "-q", "work"}, {"-C", "work", "-c", "user.name=a", "-c", "user.email=a@example.invalid", "commit", "-q", "--allow-empty", "-m", "x"},
		{"clone", "-q", "--bare", "work", site}, {"-C", site, "update-server-info"}} {
		cmd := exec.CommandContext(t.Context(), git, args...)
		cmd.Env, cmd.Dir = b.env, b.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	server := httptest.NewServer(http.FileServer(http.Dir(site)))
	defer server.Close()
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // which the proxy resolves
	status, out, errs := b.confined(t, nil, git, "clone", "-q", url, "cloned")
	if _, err := os.Stat(filepath.Join(b.dir, "cloned", ".git", "HEAD")); status != 0 || err != nil || !strings.Contains(errs, "from version control with git") {
		t.Errorf("status %d, %v\n%s%s", status, err, out, errs)
	}
}

// A command that goes around meets an error, and the run says why.
func TestConfinedGoesAround(t *testing.T) {
	b := confinedBench(t)
	python := program(t, "python3")
	outside, err := filepath.Abs("confined-must-not-write-here") // everything below the temporary folder may be written
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(outside, os.TempDir()) {
		t.Skip("the sources are in the temporary folder")
	}
	defer os.Remove(outside)
	status, out, errs := b.confined(t, nil, python, "-c", fmt.Sprintf(`
import socket, sys, urllib.request
url = %q
print(urllib.request.urlopen(url).status)
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for attempt in (lambda: direct.open(url), lambda: open(%q, "w"), lambda: open("inside", "w"),
                lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)):
    try: print(bool(attempt()))
    except OSError as e: print(e)
sys.exit(9)
`, b.SimpleURL(), outside))
	want := fmt.Sprintf("200\n<urlopen error [Errno 13] Permission denied>\n[Errno 13] Permission denied: '%s'\nTrue\n"+
		"[Errno 13] Permission denied\n[Errno 93] Protocol not supported\n", outside)
	if status != 9 || out != want {
		t.Errorf("status %d, got\n%s%s\nwant\n%s", status, out, errs, want)
	}
	const hint = "assay: the command was confined: connections that do not go through assay were not possible, nor was writing outside of "
	if !strings.Contains(errs, hint) || !strings.HasSuffix(errs, "; '--confine-write DIR' adds a folder\n") || !strings.Contains(errs, "/var/tmp") {
		t.Errorf("got\n%s", errs)
	}
	status, out, errs = b.confined(t, []string{"--confine-write", filepath.Dir(outside)}, python, "-c", fmt.Sprintf("open(%q, 'w')", outside))
	if status != 0 || out != "" {
		t.Errorf("status %d, got\n%s%s", status, out, errs)
	}
}

// What came past is noted where a confined command cannot write: it could say that
// something came past that did not, or have Assay write through a link.
func TestConfinedLeavesTheNote(t *testing.T) {
	b := confinedBench(t)
	home, err := os.MkdirTemp(".", "confined-home")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	if home, err = filepath.Abs(home); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(home, os.TempDir()) {
		t.Skip("the sources are in the temporary folder")
	}
	b.env = append(b.env, "ASSAY_HOME="+home)
	status, out, errs := b.confined(t, nil, program(t, "uv"), "pip", "install", "--default-index", b.SimpleURL(), "--target", "t", "tiny_backend")
	if status != 0 {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	var notes []string
	_ = filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".txt" {
			notes = append(notes, path)
		}
		return err
	})
	if len(notes) != 1 {
		t.Fatalf("notes %q", notes)
	}
	status, out, errs = b.confined(t, nil, "sh", "-c", `
for note in "$1" "$(dirname "$PIP_CACHE_DIR")/$(basename "$1")" "$PIP_CACHE_DIR/$(basename "$1")"; do echo "app==1" >> "$note"; done
mv "$1" "$1.old"; rm -f "$1"; ln -s "$PWD/elsewhere" "$1"
exit 0`, "sh", notes[0])
	if status != 0 {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	if text, err := os.ReadFile(notes[0]); err != nil || string(text) != "tiny-backend==1\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// What fails before the command is there reads as it does without --confine.
func TestConfinedNotStarted(t *testing.T) {
	b := confinedBench(t)
	for name, text := range map[string]string{"orphan": "#!/no/such/interpreter\n", "binary": "\x7fELF but no more"} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		flags   []string
		command string
		status  int
		want    string
	}{
		{nil, "./orphan", 126, "assay: error: ./orphan cannot be started: no such file or directory\nassay: hint: the interpreter that its first line names is missing\n"},
		{nil, "./binary", 126, "assay: error: ./binary cannot be started: exec format error\n"},
		{nil, "./missing", 127, "assay: error: there is no command ./missing\nassay: hint: check its spelling and the PATH\n"},
		{[]string{"--confine-write", "no-such-folder"}, "true", 125,
			"assay: error: --confine-write no-such-folder: no such file or directory\nassay: hint: make the folder first, or name another one\n"},
	} {
		status, out, errs := b.confined(t, tt.flags, tt.command)
		if status != tt.status || out != "" || errs != tt.want {
			t.Errorf("%s: status %d, got\n%s%s\nwant %d and\n%s", tt.command, status, out, errs, tt.status, tt.want)
		}
	}
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"run --confine-write /tmp -- true", "assay: error: --confine-write goes with --confine\nassay: hint: give --confine as well, or leave it out\n"},
		{confine.Verb, "assay: error: this verb is assay's own\n"},
	} {
		cmd := exec.CommandContext(t.Context(), assay, strings.Split(tt.args, " ")...)
		cmd.Env, cmd.Dir = b.env, b.dir
		out, _ := cmd.CombinedOutput()
		if string(out) != tt.want || cmd.ProcessState.ExitCode() != 125 {
			t.Errorf("%s: status %d, got\n%swant 125 and\n%s", tt.args, cmd.ProcessState.ExitCode(), out, tt.want)
		}
	}
}

// Folders that the installer would make are made for it, and go again where
// nothing was put into them.
func TestConfinedMakesFolders(t *testing.T) {
	b := confinedBench(t)
	home, err := os.MkdirTemp(".", "confined-home-*")
	if err == nil {
		home, err = filepath.Abs(home)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	b.env = append(b.env, "HOME="+home)
	uv := program(t, "uv")
	if status, out, errs := b.confined(t, nil, uv, "--version"); status != 0 {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	left, err := os.ReadDir(home)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
