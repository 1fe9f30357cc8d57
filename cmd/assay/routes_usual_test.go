package main_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"assay/internal/indextest/corporate"
)

// This file knows how each installer of the table is commonly called.

// routeTool finds the program of a column, or skips the test.
func routeTool(t *testing.T, tool string) string {
	t.Helper()
	switch tool {
	case "uv tool":
		tool = "uv"
	case "pip-tools":
		tool = "pip-sync"
	case "build":
		tool = "pyproject-build"
	}
	return program(t, tool)
}

// viaPip reports whether an installer hands the work to pip.
func viaPip(tool string) bool {
	return slices.Contains([]string{"pip", "pipx", "pip-tools", "build", "tox", "nox"}, tool)
}

// ofProject reports whether an installer takes everything from a project.
func ofProject(tool string) bool { return tool == "poetry" || tool == "pdm" }

// prepare writes what is asked for and sets the environment.
func (b *bench) prepare(t *testing.T, tool string, a *asking) {
	t.Helper()
	if a.requirement == "" {
		a.requirement = "evilassay"
	}
	if a.source == "" {
		a.source = b.SimpleURL()
	}
	for _, name := range slices.Sorted(maps.Keys(a.files)) {
		b.write(t, name, a.files[name])
	}
	tmp := filepath.Join(b.dir, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	b.unset("UV_NO_CONFIG")
	b.env = append(b.env, b.onLoopback(t)...)
	b.env = append(b.env, "TMPDIR="+tmp, "UV_TOOL_DIR="+b.target+"/tools", "UV_TOOL_BIN_DIR="+b.target+"/bin", "UV_PROJECT_ENVIRONMENT="+b.target,
		"PIPX_HOME="+b.target+"/pipx", "PIPX_BIN_DIR="+b.target+"/bin", "PIPX_MAN_DIR="+b.target+"/man", "PIP_NO_INPUT=1")
	switch {
	case ofProject(tool):
		b.env = append(b.env, "VIRTUAL_ENV="+b.target)
	case a.bare:
	case viaPip(tool):
		b.env = append(b.env, "PIP_INDEX_URL="+a.source)
	default:
		b.env = append(b.env, "UV_DEFAULT_INDEX="+a.source)
	}
	if tool == "pipx" {
		b.env = append(b.env, "PIPX_SHARED_LIBS="+pipxShared(t), "PIPX_DEFAULT_BACKEND=pip",
			"PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE=1", "USE_EMOJI=0")
	}
	b.env = append(b.env, a.env...)
}

// onLoopback is a company's proxy that leads nowhere but to loopback.
func (b *bench) onLoopback(t *testing.T) []string {
	t.Helper()
	proxy := corporate.Start(t, corporate.Options{}).URL()
	var env []string
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"} {
		env = append(env, name+"="+proxy, strings.ToLower(name)+"="+proxy)
	}
	return append(env, "NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost")
}

// pipxOnce makes what all of pipx's environments share: it is made at pipx's
// first run, and is no part of what the tests are about.
var pipxOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "assay-pipx-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("pipx", "install", "--index-url", "http://127.0.0.1:9/simple/", "nothing")
	for _, kv := range os.Environ() {
		if key, _, _ := strings.Cut(kv, "="); !personal(key) {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+dir, "PIPX_HOME="+dir+"/home", "PIPX_SHARED_LIBS="+dir+"/shared",
		"PIPX_DEFAULT_BACKEND=pip", "PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE=1", "PIP_CONFIG_FILE="+os.DevNull, "PIP_RETRIES=0",
		"HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9", "NO_PROXY=")
	out, _ := cmd.CombinedOutput() // it fails, as it must
	if _, err := os.Stat(filepath.Join(dir, "shared", "bin", "pip")); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir + "/shared", nil
})

func pipxShared(t *testing.T) string {
	t.Helper()
	dir, err := pipxOnce()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// usual is how an installer is called.
func (b *bench) usual(t *testing.T, tool string, a asking) []string {
	t.Helper()
	path := routeTool(t, tool)
	if len(a.lines) > 0 {
		b.write(t, "requirements.txt", strings.Join(a.lines, "\n")+"\n")
	}
	named := a.words()
	switch tool {
	case "pip":
		return slices.Concat([]string{path, "install", "--target", b.target}, a.flags, named)
	case "uv":
		if a.project != "" {
			b.project(t, tool, a)
			return append([]string{path, "sync"}, a.flags...)
		}
		return slices.Concat([]string{path, "pip", "install", "--target", b.target}, a.flags, named)
	case "uv tool":
		return slices.Concat([]string{path, "tool", "install"}, a.flags, named)
	case "poetry":
		b.venv(t)
		b.project(t, tool, a)
		return []string{path, "install", "--no-interaction", "--no-root"}
	case "pdm":
		b.venv(t)
		b.project(t, tool, a)
		return []string{path, "install"}
	case "pipx":
		own, pip := parted(a.flags, "--index-url")
		if len(pip) > 0 {
			own = append(own, "--pip-args="+strings.Join(pip, " "))
		}
		return slices.Concat([]string{path, "install"}, own, named)
	case "pip-tools":
		b.pipVenv(t)
		if len(a.lines) == 0 {
			b.write(t, "requirements.txt", a.requirement+"\n")
		}
		own, pip := parted(a.flags, "--index-url", "--extra-index-url", "--find-links", "--no-index")
		if len(pip) > 0 {
			own = append(own, "--pip-args="+strings.Join(pip, " "))
		}
		return append([]string{path, "--python-executable", filepath.Join(b.target, "bin", "python")}, own...)
	case "build":
		b.write(t, "pyproject.toml", fmt.Sprintf("[build-system]\nrequires = [%q]\nbuild-backend = \"evilassay\"\n[project]\nname = \"demo\"\nversion = \"0\"\n%s", a.requirement, a.project))
		return []string{path, "--wheel", "--outdir", filepath.Join(b.dir, "out")}
	case "tox":
		return []string{path, "-c", b.write(t, "tox.ini", toxFile(a))}
	default:
		return []string{path, "-f", b.write(t, "noxfile.py", fmt.Sprintf("import nox\n\n@nox.session(venv_backend=\"virtualenv\")\ndef app(session):\n    session.install(%s)\n",
			quoted(append(slices.Clone(a.flags), named...))))}
	}
}

// words name what is asked for on a command line.
func (a asking) words() []string {
	if len(a.lines) > 0 {
		return []string{"-r", "requirements.txt"}
	}
	if path, ok := strings.CutPrefix(a.requirement, "-e "); ok {
		return []string{"-e", path}
	}
	return []string{a.requirement}
}

// parted takes an installer's own flags, and their values, out of flags.
func parted(flags []string, names ...string) (own, rest []string) {
	for i := 0; i < len(flags); i++ {
		switch {
		case !slices.Contains(names, flags[i]):
			rest = append(rest, flags[i])
		case flags[i] == "--no-index":
			own = append(own, flags[i])
		default:
			own = append(own, flags[i], flags[i+1])
			i++
		}
	}
	return own, rest
}

func toxFile(a asking) string {
	deps := a.lines
	if len(deps) == 0 {
		deps = []string{a.requirement}
	}
	install := ""
	if len(a.flags) > 0 {
		install = "install_command = python -I -m pip install " + strings.Join(a.flags, " ") + " {opts} {packages}\n"
	}
	return "[tox]\nno_package = true\nenv_list = app\n[testenv]\npass_env = *\n" + install + a.project +
		"deps =\n    " + strings.Join(deps, "\n    ") + "\ncommands = python -c pass\n"
}

// project writes the pyproject.toml of an installer that has projects.
func (b *bench) project(t *testing.T, tool string, a asking) {
	t.Helper()
	names := []string{a.requirement}
	if a.alone {
		names = nil
	}
	s := fmt.Sprintf("[project]\nname = \"demo\"\nversion = \"0\"\nrequires-python = \">=3.9\"\ndependencies = [%s]\n", quoted(names))
	switch tool {
	case "poetry":
		s += "[tool.poetry]\npackage-mode = false\n"
		if !a.bare {
			s += fmt.Sprintf("[[tool.poetry.source]]\nname = \"bench\"\nurl = %q\npriority = \"primary\"\n", a.source)
		}
	case "pdm":
		s += "[tool.pdm]\ndistribution = false\n"
		if !a.bare {
			s += fmt.Sprintf("[[tool.pdm.source]]\nname = \"pypi\"\nurl = %q\n", a.source)
		}
	}
	b.write(t, "pyproject.toml", s+a.project)
}

// pipVenv makes a virtual environment with a pip, the one of the tests.
func (b *bench) pipVenv(t *testing.T) {
	t.Helper()
	b.venv(t)
	out, err := exec.Command(program(t, "pip"), "--version").Output() // pip 26.3 from DIR/pip (python 3.11)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), " from ")
	pip, _, _ := strings.Cut(rest, " (")
	site, err := filepath.Glob(filepath.Join(b.target, "lib", "python*", "site-packages"))
	if err != nil || len(site) != 1 {
		t.Fatalf("%v, %v", site, err)
	}
	infos, err := filepath.Glob(filepath.Join(filepath.Dir(pip), "pip-*.dist-info"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(infos, pip) {
		if strings.HasPrefix(filepath.Base(path), "pip-tools") {
			continue
		}
		if err := os.Symlink(path, filepath.Join(site[0], filepath.Base(path))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRoutesStayOnLoopback shows that an installer which is told of no index
// reaches none.
func TestRoutesStayOnLoopback(t *testing.T) {
	for _, tool := range []string{"pip", "uv"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			routeTool(t, tool)
			b := newBench(t, honestArchive)
			a := asking{bare: true}
			b.prepare(t, tool, &a)
			o := b.observe(t, nil, b.usual(t, tool, a))
			if o.status == 0 || b.arrived(t) || !strings.Contains(o.output, "page.unavailable") {
				t.Errorf("status %d; the output was:\n%s", o.status, o.output)
			}
		})
	}
}
