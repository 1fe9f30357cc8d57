package main_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tools are the installers that the set-up tests run. Each is told in its own
// way where the index is and how to get there.
var tools = []string{"pip", "pip23", "uv", "poetry", "pdm"}

// program finds an installer, or skips the test. pip23 and pip24 are old pips,
// in environments of their own.
func program(t *testing.T, name string) string {
	t.Helper()
	if path := os.Getenv("ASSAY_TEST_" + strings.ToUpper(name)); path != "" {
		return path
	}
	own := name // in an environment of its own
	if name == "pip23" || name == "pip24" {
		own = "pip"
	}
	if path, err := filepath.Abs(filepath.Join("..", "..", ".venv-"+name, "bin", own)); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: run 'make tools'", name)
	}
	return path
}

// inCI are the variables by which installers notice that they run in CI, where
// some of them say more (tox lists what it has installed).
var inCI = []string{"CI", "TF_BUILD", "bamboo.buildKey", "BUILDKITE", "CIRCLECI", "CIRRUS_CI", "CODEBUILD_BUILD_ID", "GITHUB_ACTIONS",
	"GITLAB_CI", "HEROKU_TEST_RUN_ID", "BUILD_ID", "BUILD_BUILDID", "TEAMCITY_VERSION", "TRAVIS"}

// personal reports whether an environment variable would lead the installers
// away from a bench, or have them speak otherwise than to a person.
func personal(key string) bool {
	for _, prefix := range []string{"PIP_", "UV_", "POETRY_", "PDM_", "PIPX_", "TOX_", "NOX", "XDG_", "ASSAY_"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return key == "VIRTUAL_ENV" || slices.Contains(inCI, key) || strings.HasSuffix(strings.ToLower(key), "_proxy")
}

// task is an installation: what a tool is told beside the packages' names.
type task struct {
	index   string            // URL of the Simple API, with credentials or without
	env     []string          // "KEY=VALUE"
	args    []string          // pip and uv: behind "install"
	source  string            // Poetry and PDM: more lines of the source's table
	files   map[string]string // to write below the home folder
	secrets []string          // what must not be shown or kept
}

// with returns the task with more environment.
func (k task) with(env ...string) task {
	k.env = append(slices.Clone(k.env), env...)
	return k
}

// do installs packages with a tool, through Assay. The tools that have projects
// get a new one, with an empty virtual environment.
func (b *bench) do(t *testing.T, tool string, k task, names ...string) result {
	t.Helper()
	command := b.command(t, tool, k, names...)
	saved := b.env
	b.env = append(slices.Clone(b.env), k.env...)
	defer func() { b.env = saved }()
	if tool == "poetry" || tool == "pdm" {
		b.env = append(b.env, "VIRTUAL_ENV="+b.target)
	}
	r := b.run(t, command...)
	for _, secret := range k.secrets {
		b.wantUnseen(t, secret, r)
	}
	return r
}

// under is a command line that runs another one under Assay.
func (b *bench) under(t *testing.T, command ...string) []string {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{assay, "run", "--trusted-root", b.root, "--report", filepath.Join(b.dir, "report.json"), "--"}, command...)
}

// command writes what a tool needs and returns how to call it.
func (b *bench) command(t *testing.T, tool string, k task, names ...string) []string {
	t.Helper()
	path := program(t, tool)
	for _, name := range slices.Sorted(maps.Keys(k.files)) {
		b.write(t, name, k.files[name])
	}
	switch tool {
	case "uv":
		command := []string{path, "pip", "install", "--target", b.target, "--default-index", k.index}
		return append(append(command, k.args...), names...)
	case "poetry":
		b.venv(t)
		b.write(t, "pyproject.toml", fmt.Sprintf("[project]\nname = \"demo\"\nversion = \"0\"\nrequires-python = \">=3.9\"\ndependencies = [%s]\n"+
			"[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = \"bench\"\nurl = %q\npriority = \"primary\"\n%s", quoted(names), k.index, k.source))
		return []string{path, "install", "--no-interaction", "--no-root"}
	case "pdm":
		b.venv(t)
		b.write(t, "pyproject.toml", fmt.Sprintf("[project]\nname = \"demo\"\nversion = \"0\"\nrequires-python = \">=3.9\"\ndependencies = [%s]\n"+
			"[tool.pdm]\ndistribution = false\n[[tool.pdm.source]]\nname = \"pypi\"\nurl = %q\n%s", quoted(names), k.index, k.source))
		return []string{path, "install"}
	default:
		command := []string{path, "install", "--target", b.target, "--no-input", "--index-url", k.index}
		return append(append(command, k.args...), names...)
	}
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(out, ", ")
}

// write writes a file below the bench's home.
func (b *bench) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	mode := fs.FileMode(0o600)
	if strings.HasPrefix(text, "#!") {
		mode = 0o700
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// venv makes an empty virtual environment in the bench's target, and forgets
// the project's lock files.
func (b *bench) venv(t *testing.T) {
	t.Helper()
	for _, name := range []string{"poetry.lock", "pdm.lock"} {
		_ = os.Remove(filepath.Join(b.dir, name))
	}
	if out, err := exec.Command("python3", "-m", "venv", "--without-pip", "--clear", b.target).CombinedOutput(); err != nil {
		t.Fatalf("making a virtual environment: %v: %s", err, out)
	}
}

// has lists the distributions in the target, wherever a tool puts them.
func (b *bench) has(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(b.target, func(path string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".dist-info"); ok {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// wantUnseen looks for a secret in what was shown, in the report and in what
// Assay keeps of itself. The installers' own caches are theirs.
func (b *bench) wantUnseen(t *testing.T, secret string, r result) {
	t.Helper()
	if strings.Contains(r.output, secret) {
		t.Errorf("a secret is in the output:\n%s", r.output)
	}
	kept := filepath.Join(b.dir, "assay")
	err := filepath.WalkDir(kept, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.Contains(path, "installers") {
			return nil
		}
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte(secret)) {
			t.Errorf("a secret is in %s", strings.TrimPrefix(path, b.dir))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.raw, secret) {
		t.Errorf("a secret is in the report:\n%s", r.raw)
	}
}

// setUpArchive has a package to install and one whose bytes were swapped.
const setUpArchive = `
-- foo-1.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
-- evil-1.0-py3-none-any.whl --
misbehave: swapped
`

// wantJudged shows that a set-up works and that Assay judges in it: the good
// package is installed and reported with its publisher, the swapped one is
// refused.
func (b *bench) wantJudged(t *testing.T, tool string, k task) {
	t.Helper()
	r := b.do(t, tool, k, "foo")
	if got := b.has(t); r.status != 0 || !slices.Equal(got, []string{"foo-1.0"}) {
		t.Fatalf("status %d, installed %v:\n%s", r.status, got, r.output)
	}
	r.wantReport(t, "foo-1.0-py3-none-any.whl", "allow "+publisher)
	if err := os.RemoveAll(b.target); err != nil {
		t.Fatal(err)
	}
	r = b.do(t, tool, k, "evil")
	if got := b.has(t); r.status == 0 || len(got) != 0 {
		t.Errorf("status %d, installed %v:\n%s", r.status, got, r.output)
	}
	if got := r.report["evil-1.0-py3-none-any.whl"]; !strings.HasPrefix(got, "deny digest.mismatch") {
		t.Errorf("the report says %q of the swapped file:\n%s", got, r.output)
	}
}

// eachTool runs a test once for every installer, but for those left out: what
// an old pip sees of a set-up is often what the newest one sees.
func eachTool(t *testing.T, test func(t *testing.T, tool string), leaveOut ...string) {
	for _, tool := range tools {
		if slices.Contains(leaveOut, tool) {
			continue
		}
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			program(t, tool)
			test(t, tool)
		})
	}
}
