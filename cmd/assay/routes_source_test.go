package main_test

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// elsewhereRoutes are the sources that no index has.
var elsewhereRoutes = []route{
	{"version control (git over http)", []try{{archive: honestArchive, ask: checkout()}}},
	{"version control, `--vcs deny`", []try{{archive: honestArchive, ask: checkout("--vcs", "deny")}}},
	{"local path", []try{{archive: honestArchive, ask: localPath}}},
	{"editable", []try{{archive: honestArchive, ask: editable}}},
}

const (
	evilPyproject = `[build-system]
requires = []
build-backend = "evil_backend"
backend-path = ["."]

[project]
name = "evilassay"
version = "1.0"
`
	// evilBackend packs the package without help.
	evilBackend = `import os, zipfile

def build_wheel(directory, settings=None, metadata=None):
    name, info = "evilassay-1.0-py3-none-any.whl", "evilassay-1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.write("evilassay/__init__.py")
        z.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: evilassay\nVersion: 1.0\n")
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(info + "entry_points.txt", "[console_scripts]\nevilassay = evilassay:main\n")
        z.writestr(info + "RECORD", "evilassay/__init__.py,,\n" + "".join(info + f + ",,\n" for f in ("METADATA", "WHEEL", "entry_points.txt", "RECORD")))
    return name

build_editable = build_wheel
`
)

// evilCode is the package's only module, the one of its wheel.
var evilCode = between(evilModule, "__init__.py --\n", "-- ")

// evilSource are the members of the package's sdist.
var evilSource = "-- evilassay-1.0.tar.gz/pyproject.toml --\n" + evilPyproject + "-- evilassay-1.0.tar.gz/evil_backend.py --\n" + evilBackend +
	"-- evilassay-1.0.tar.gz/evilassay/__init__.py --\n" + evilCode

// between is what stands in s between two texts.
func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	out, _, _ := strings.Cut(rest, to)
	return out
}

// sources writes the package's project to a folder of the bench.
func (b *bench) sources(t *testing.T) string {
	t.Helper()
	b.write(t, "evilassay/pyproject.toml", evilPyproject)
	b.write(t, "evilassay/evil_backend.py", evilBackend)
	b.write(t, "evilassay/evilassay/__init__.py", evilCode)
	return filepath.Join(b.dir, "evilassay")
}

// repository serves the package's project by git's own http server and returns
// its URL.
func (b *bench) repository(t *testing.T) string {
	t.Helper()
	git := program(t, "git")
	sources, bare := b.sources(t), filepath.Join(b.dir, "git", "evilassay.git")
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), git, append([]string{"-c", "user.name=bench", "-c", "user.email=bench@example.invalid"}, args...)...)
		cmd.Env = append(b.env[:len(b.env):len(b.env)], "GIT_CONFIG_GLOBAL="+os.DevNull)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("-C", sources, "init", "-q")
	run("-C", sources, "add", ".")
	run("-C", sources, "commit", "-q", "-m", "all")
	run("clone", "-q", "--bare", sources, bare)
	s := httptest.NewServer(&cgi.Handler{Path: filepath.Join(run("--exec-path"), "git-http-backend"),
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(bare), "GIT_HTTP_EXPORT_ALL=1"}, Stderr: t.Output()})
	t.Cleanup(s.Close)
	if err := os.RemoveAll(sources); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(s.URL + "/evilassay.git/info/refs?service=git-upload-pack")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Skipf("git serves no repositories here: %v", err)
	}
	resp.Body.Close()
	return s.URL + "/evilassay.git"
}

func checkout(flags ...string) func(*testing.T, *bench, string) asking {
	return func(t *testing.T, b *bench, _ string) asking {
		return asking{requirement: "evilassay @ git+" + b.repository(t), run: flags}
	}
}

func localPath(t *testing.T, b *bench, tool string) asking {
	folder := b.sources(t)
	if ofProject(tool) || tool == "build" {
		return asking{requirement: "evilassay @ file://" + folder}
	}
	return asking{requirement: folder}
}

func editable(t *testing.T, b *bench, tool string) asking {
	folder := b.sources(t)
	switch tool {
	case "poetry":
		return asking{alone: true, project: fmt.Sprintf("[tool.poetry.dependencies]\nevilassay = { path = %q, develop = true }\n", folder)}
	case "pdm":
		return asking{alone: true, project: "[tool.pdm.dev-dependencies]\ndev = [\"-e file:///${PROJECT_ROOT}/evilassay#egg=evilassay\"]\n"}
	case "build":
		return asking{none: "what a build requires cannot be editable"}
	}
	return asking{requirement: "-e " + folder}
}
