package inventory

import (
	"crypto/md5" // the name of PDM's environments, not a matter of security
	"crypto/sha256"
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// pip: the Python behind it, or the one of --python, and what the options name.
func (f *finder) pip(python string) {
	named := f.get("PIP_PYTHON")
	for _, option := range []string{"--python", "--python-executable"} {
		if v := f.last(option); v != "" {
			named = v
		}
	}
	if named == "" {
		f.python(python)
	} else {
		f.named(named)
	}
	f.targets("-t", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
	if f.said("--user") || f.truth("PIP_USER") {
		f.userBase(true)
	}
	for _, option := range []string{"--dest", "-d", "--wheel-dir", "-w", "--src"} {
		for _, v := range f.values(option) {
			f.beside(f.abs(v))
		}
	}
	f.sources()
	f.accessories("XDG_CACHE_HOME", ".cache", "pip", "PIP_CACHE_DIR")
}

// targets adds what --target, --prefix and --root name.
func (f *finder) targets(short string, variables ...string) {
	targets, prefixes, roots := f.values("--target"), f.values("--prefix"), f.values("--root")
	if short != "" {
		targets = append(targets, f.values(short)...)
	}
	for i, list := range []*[]string{&targets, &prefixes, &roots} {
		if i < len(variables) && f.get(variables[i]) != "" {
			*list = append(*list, f.get(variables[i]))
		}
	}
	for _, v := range targets {
		if v != "" {
			f.out.add(place{path: f.abs(v), kind: flat, asked: true})
		}
	}
	for _, v := range prefixes {
		if v != "" {
			f.out.add(place{path: f.abs(v), kind: own, asked: true})
			f.prefixes = append(f.prefixes, f.abs(v))
		}
	}
	for _, v := range roots {
		for _, p := range f.prefixes {
			if v != "" {
				f.out.add(place{path: filepath.Join(f.abs(v), strings.TrimPrefix(p, filepath.VolumeName(p))), kind: own, asked: true})
			}
		}
		if v != "" {
			f.beside(f.abs(v))
		}
	}
}

// sources notes the folders that the command line names as sources: a build
// writes into them.
func (f *finder) sources() {
	for _, word := range append(f.words(), f.values("--editable")...) {
		path, _, _ := strings.Cut(strings.TrimPrefix(word, "file://"), "[")
		if path = f.abs(path); isFile(filepath.Join(path, "pyproject.toml")) || isFile(filepath.Join(path, "setup.py")) {
			f.beside(path)
		}
	}
}

// named adds the Python that an option names: an environment, an executable, a
// program, or a version.
func (f *finder) named(python string) {
	path := f.abs(python)
	switch {
	case isDir(path):
		f.environment(path)
	case isFile(path):
		f.interpreter(path)
	default:
		name := python[strings.LastIndexByte(python, '@')+1:]
		if name != "" && name[0] >= '0' && name[0] <= '9' {
			name = "python" + name
		}
		f.interpreter(f.lookUp(name))
	}
}

// uv: the project's environment, the active one, the one of --python, and those
// of its tools.
func (f *finder) uv() {
	if v := f.get("UV_PROJECT_ENVIRONMENT"); v != "" {
		path := f.abs(v)
		if !filepath.IsAbs(v) {
			path = filepath.Join(f.base, v)
		}
		f.out.add(place{path: path, kind: own, asked: true})
	}
	f.upward(".venv")
	python := f.get("UV_PYTHON")
	for _, option := range []string{"--python", "-p"} {
		if v := f.last(option); v != "" {
			python = v
		}
	}
	if python != "" {
		f.named(python)
	}
	if f.said("--system") || f.truth("UV_SYSTEM_PYTHON") {
		for _, name := range []string{"python3", "python"} {
			f.interpreter(f.lookUp(name))
		}
	}
	if f.tool == "uv" {
		f.targets("-t")
	}
	f.sources()
	f.uvTools()
	f.accessories("XDG_CACHE_HOME", ".cache", "uv", "UV_CACHE_DIR")
}

func (f *finder) uvTools() {
	tools, pythons := f.data(filepath.Join("uv", "tools")), f.data(filepath.Join("uv", "python"))
	if v := f.get("UV_TOOL_DIR"); v != "" {
		tools = []string{f.abs(v)}
	}
	if v := f.get("UV_PYTHON_INSTALL_DIR"); v != "" {
		pythons = []string{f.abs(v)}
	}
	bin := filepath.Join(f.home(), ".local", "bin")
	for _, key := range []string{"XDG_BIN_HOME", "UV_TOOL_BIN_DIR"} {
		if v := f.get(key); v != "" {
			bin = f.abs(v)
		}
	}
	inTool := f.tool == "pipx" || slices.Index(f.words(), "tool") == 0
	for _, path := range tools {
		if inTool || f.tool == "" {
			f.out.add(place{path: path, kind: own, each: true, asked: inTool})
		}
	}
	for _, path := range pythons {
		f.beside(path)
		if f.said("--system") {
			f.out.add(place{path: path, kind: shared, each: true})
		}
	}
	if inTool {
		f.beside(bin)
	}
}

// poetry: the project's environment, in it or in Poetry's folder of them, where
// its name ends in a hash of the project's path.
func (f *finder) poetry() {
	f.upward(".venv")
	if f.said("self") {
		f.script(f.lookUp(f.q.Args[0]))
	}
	for _, cache := range f.accessories("XDG_CACHE_HOME", ".cache", "pypoetry", "POETRY_CACHE_DIR") {
		f.poetryEnvironments(filepath.Join(cache, "virtualenvs"), false)
	}
	if v := f.get("POETRY_VIRTUALENVS_PATH"); v != "" {
		f.poetryEnvironments(f.abs(v), false)
	}
	configs := f.xdg("XDG_CONFIG_HOME", ".config", "pypoetry")
	if v := f.get("POETRY_CONFIG_DIR"); v != "" {
		configs = []string{f.abs(v)}
	}
	for i, file := range append([]string{filepath.Join(f.base, "poetry.toml")}, joined(configs, "config.toml")...) {
		led := i == 0
		var config struct {
			CacheDir    string `toml:"cache-dir"`
			Virtualenvs struct {
				Path string `toml:"path"`
			} `toml:"virtualenvs"`
		}
		text, err := readRegular(file, maxConfig, true)
		if err != nil || toml.Unmarshal(text, &config) != nil {
			continue
		}
		if config.CacheDir != "" {
			if !led {
				f.beside(f.abs(config.CacheDir))
			}
			f.poetryEnvironments(filepath.Join(f.abs(config.CacheDir), "virtualenvs"), led)
		}
		if path := config.Virtualenvs.Path; path != "" && !strings.Contains(path, "{") {
			f.poetryEnvironments(f.abs(path), led)
		}
	}
}

// poetryEnvironments adds the environments of the project in a folder of them:
// "name-HASH-py3.12". led says that a file of the project names it.
func (f *finder) poetryEnvironments(path string, led bool) {
	sum := sha256.Sum256([]byte(resolved(f.project())))
	f.out.add(place{path: path, kind: own, each: true, infix: "-" + base64.URLEncoding.EncodeToString(sum[:])[:8] + "-py", asked: f.tool == "poetry" && !led, led: led})
}

// pdm: the interpreter that the project remembers, the project's environment, in
// it or in PDM's folder of them, and __pypackages__ (PEP 582).
func (f *finder) pdm() {
	if v := f.last("-p"); v != "" {
		f.base = f.abs(v)
	}
	if text, err := readRegular(filepath.Join(f.project(), ".pdm-python"), maxScript, true); err == nil {
		if python := strings.TrimSpace(string(text)); filepath.IsAbs(python) {
			f.interpreter(python)
		}
	}
	f.upward(".venv", "venv", "env")
	f.out.add(place{path: filepath.Join(f.project(), "__pypackages__"), kind: own, each: true})
	if f.said("self", "plugin") {
		f.script(f.lookUp(f.q.Args[0]))
	}
	sum := md5.Sum([]byte(filepath.ToSlash(f.project())))
	infix := filepath.Base(f.project()) + "-" + base64.URLEncoding.EncodeToString(sum[:])[:8] + "-"
	for _, data := range f.data("pdm") {
		f.out.add(place{path: filepath.Join(data, "venvs"), kind: own, each: true, infix: infix, asked: f.tool == "pdm"})
	}
	f.accessories("XDG_CACHE_HOME", ".cache", "pdm", "PDM_CACHE_DIR")
	f.accessories("XDG_STATE_HOME", ".local/state", filepath.Join("pdm", "log"), "PDM_LOG_DIR")
}

// pipx: the environments of its applications.
func (f *finder) pipx() {
	homes := append(f.data("pipx"), filepath.Join(f.home(), ".local", "pipx"))
	if v := f.get("PIPX_HOME"); v != "" {
		homes = []string{f.abs(v)}
	}
	if f.said("--global") {
		homes = append(homes, "/opt/pipx")
	}
	for i, home := range homes {
		asked := f.tool == "pipx" && i == 0
		f.out.add(place{path: filepath.Join(home, "venvs"), kind: own, each: true, asked: asked})
		f.out.add(place{path: filepath.Join(home, "shared"), kind: own})
		f.out.add(place{path: filepath.Join(home, ".cache"), kind: own, each: true})
		if i == 0 || isDir(home) {
			f.beside(home)
		}
	}
	for _, cache := range f.cache("pipx") {
		f.out.add(place{path: cache, kind: own, each: true})
		f.beside(cache)
	}
	for variable, below := range map[string]string{"PIPX_BIN_DIR": ".local/bin", "PIPX_MAN_DIR": ".local/share/man"} {
		path := filepath.Join(f.home(), below)
		if v := f.get(variable); v != "" {
			path = f.abs(v)
		}
		f.beside(path)
	}
	if f.tool == "pipx" {
		f.uvTools() // which it runs where there is a uv
		f.accessories("XDG_CACHE_HOME", ".cache", "uv", "UV_CACHE_DIR")
	}
	f.accessories("XDG_STATE_HOME", ".local/state", "pipx", "")
}

// tox and nox: an environment for each of their sessions.
func (f *finder) tox() {
	for _, path := range []string{filepath.Join(f.base, ".tox"), filepath.Join(f.base, ".nox")} {
		f.out.add(place{path: path, kind: own, each: true})
	}
	for _, named := range []string{f.get("TOX_WORK_DIR"), f.get("NOX_ENVDIR"), f.last("--workdir"), f.last("--envdir")} {
		if named != "" {
			f.out.add(place{path: f.abs(named), kind: own, each: true, asked: true})
		}
	}
}

// anything: a command that is not known may call any of the installers, and a
// Python program those of its own environment.
func (f *finder) anything(program string) {
	f.python(program)
	if !pythonName.MatchString(filepath.Base(program)) {
		for _, name := range []string{"python3", "python", "pip"} {
			f.python(f.lookUp(name))
		}
	}
	f.uv()
	f.poetry()
	f.pdm()
	f.pipx()
	f.tox()
}

// accessories notes a tool's own folder: where a variable says, else by the XDG
// rules. It returns where it may be.
func (f *finder) accessories(xdg, below, app, variable string) []string {
	paths := f.xdg(xdg, below, app)
	if v := f.get(variable); v != "" {
		paths = []string{f.abs(v)}
	}
	f.beside(paths...)
	return paths
}

func joined(dirs []string, name string) (out []string) {
	for _, dir := range dirs {
		out = append(out, filepath.Join(dir, name))
	}
	return out
}
