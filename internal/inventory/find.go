package inventory

import (
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// finder gathers the places of one command.
type finder struct {
	q    Query
	tool string   // the installer, as its program is called: "pip", "uv", …; "" where it is not known
	args []string // behind the program, or behind the module that Python runs
	base string   // the folder of the project: Query.Dir, or what an option names

	prefixes []string // of the Pythons found
	out      Places
}

// Find returns where a command may install to.
func Find(q Query) Places {
	if len(q.Args) == 0 || len(q.Args) > maxArguments {
		return Places{}
	}
	f := &finder{q: q, base: q.Dir}
	python := f.recognise()
	for _, option := range []string{"--directory", "--project", "--projectdir", "-C", "-P"} {
		if v := f.last(option); v != "" && f.tool != "pip" {
			f.base = f.abs(v)
		}
	}
	f.active()
	switch f.tool {
	case "pip":
		f.pip(python)
	case "uv":
		f.uv()
	case "poetry":
		f.poetry()
	case "pdm":
		f.pdm()
	case "pipx":
		f.pipx()
	case "tox", "nox":
		f.tox()
	case "build":
	default:
		f.anything(python)
	}
	return f.out
}

var (
	pipName    = regexp.MustCompile(`^(pip[0-9.]*|pip-(compile|sync)|easy_install[0-9.-]*)$`)
	pythonName = regexp.MustCompile(`^(python|pypy)[0-9.]*[tdw]*$|^pyw?$`)
	moduleFlag = regexp.MustCompile(`^-[A-Za-z]*m$`)
)

// recognise tells the installer by the program's name, or by the module that
// Python is told to run. It returns the path of the Python, or of the script.
func (f *finder) recognise() (path string) {
	name := filepath.Base(filepath.ToSlash(f.q.Args[0]))
	name = strings.TrimSuffix(strings.ToLower(name), ".exe")
	path, f.args = f.lookUp(f.q.Args[0]), f.q.Args[1:]
	if pythonName.MatchString(name) {
		name = ""
		for i, a := range f.args {
			if !strings.HasPrefix(a, "-") {
				break
			}
			if moduleFlag.MatchString(a) && i+1 < len(f.args) {
				name, f.args = strings.ReplaceAll(f.args[i+1], "_", "-"), f.args[i+2:]
				break
			}
		}
	}
	switch {
	case pipName.MatchString(name), name == "piptools":
		f.tool = "pip"
	case name == "uvx":
		f.tool, f.args = "uv", append([]string{"tool", "run"}, f.args...)
	case name == "pyproject-build", name == "build":
		f.tool = "build"
	case slices.Contains([]string{"uv", "poetry", "pdm", "pipx", "tox", "nox"}, name):
		f.tool = name
	}
	return path
}

// python adds what the Python at a path, or behind the script there, installs to.
func (f *finder) python(path string) {
	name := strings.ToLower(filepath.Base(path))
	if pythonName.MatchString(strings.TrimSuffix(name, ".exe")) {
		f.interpreter(path)
		return
	}
	f.script(path)
}

// active adds the environments that the shell has activated.
func (f *finder) active() {
	for _, key := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if v := f.get(key); v != "" {
			f.environment(f.abs(v))
		}
	}
}

// project is the folder of the nearest pyproject.toml, else the one of the command.
func (f *finder) project() string {
	dir := f.base
	for range maxParents {
		if isFile(filepath.Join(dir, "pyproject.toml")) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return f.base
}

// upward adds the environments of the project and of the projects around it,
// which a lock file may belong to.
func (f *finder) upward(names ...string) {
	dir := f.base
	for range maxParents {
		if isFile(filepath.Join(dir, "pyproject.toml")) {
			f.beside(dir)
		}
		for _, name := range names {
			path := filepath.Join(dir, name)
			if dir == f.base || isFile(filepath.Join(path, "pyvenv.cfg")) || isFile(filepath.Join(dir, "pyproject.toml")) {
				f.environment(path)
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return
		}
		dir = parent
	}
}

// last returns the last value of an option: "--target DIR", "--target=DIR", "-t
// DIR", "-tDIR", and behind other short ones ("-Ut DIR").
func (f *finder) last(spelling string) string {
	values := f.values(spelling)
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

func (f *finder) values(spelling string) (out []string) {
	short := byte(0)
	if len(spelling) == 2 {
		short = spelling[1]
	}
	for i := 0; i < len(f.args); i++ {
		a, next := f.args[i], ""
		if i+1 < len(f.args) {
			next = f.args[i+1]
		}
		switch {
		case a == spelling:
			out = append(out, next)
		case short == 0:
			if v, ok := strings.CutPrefix(a, spelling+"="); ok {
				out = append(out, v)
			}
		case len(a) > 2 && a[0] == '-' && a[1] != '-':
			if j := strings.IndexByte(a[1:], short); j == 0 {
				out = append(out, a[2:])
			} else if j == len(a)-2 {
				out = append(out, next)
			}
		}
	}
	return out
}

// said reports whether a flag is on the command line.
func (f *finder) said(flags ...string) bool {
	return slices.ContainsFunc(f.args, func(a string) bool { return slices.Contains(flags, a) })
}

// words returns the arguments that are no options; values of options may be
// among them.
func (f *finder) words() (out []string) {
	for _, a := range f.args {
		if a != "" && a[0] != '-' {
			out = append(out, a)
		}
	}
	return out
}

// get returns a variable of the command's environment.
func (f *finder) get(key string) string {
	for i := len(f.q.Env) - 1; i >= 0; i-- {
		k, v, ok := strings.Cut(f.q.Env[i], "=")
		if ok && (k == key || runtime.GOOS == "windows" && strings.EqualFold(k, key)) {
			return v
		}
	}
	return ""
}

// truth reads a variable as the tools read their flags.
func (f *finder) truth(key string) bool {
	switch strings.ToLower(strings.TrimSpace(f.get(key))) {
	case "1", "true", "t", "yes", "y", "on":
		return true
	}
	return false
}

// abs resolves a path against the folder in which the command runs.
func (f *finder) abs(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/') {
		return filepath.Join(f.home(), rest)
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(f.q.Dir, path)
}

// home is the person's folder; "" leads to places that are not absolute, which
// are left out.
func (f *finder) home() string {
	if home := f.get("HOME"); home != "" || runtime.GOOS != "windows" {
		return home
	}
	return f.get("USERPROFILE")
}

// xdg returns where a program's files of a kind may be: by the XDG rules, and
// where the system has rules of its own, by those.
func (f *finder) xdg(variable, below, app string) []string {
	out := []string{filepath.Join(f.home(), below, app)}
	if v := f.get(variable); filepath.IsAbs(v) {
		out = []string{filepath.Join(v, app)}
	}
	cache := variable == "XDG_CACHE_HOME"
	switch {
	case runtime.GOOS == "darwin" && cache:
		out = append(out, filepath.Join(f.home(), "Library", "Caches", app))
	case runtime.GOOS == "darwin":
		out = append(out, filepath.Join(f.home(), "Library", "Application Support", app))
	case runtime.GOOS == "windows":
		for _, folder := range []string{"LOCALAPPDATA", "APPDATA"} {
			out = append(out, filepath.Join(f.get(folder), app), filepath.Join(f.get(folder), app, app))
		}
		if cache {
			out = append(out, filepath.Join(f.get("LOCALAPPDATA"), app, "Cache"))
		}
	}
	return out
}

func (f *finder) data(app string) []string { return f.xdg("XDG_DATA_HOME", ".local/share", app) }

func (f *finder) cache(app string) []string { return f.xdg("XDG_CACHE_HOME", ".cache", app) }

// beside notes a folder that the tool writes to and that is no environment. What
// a command that is not known writes to is not guessed.
func (f *finder) beside(paths ...string) {
	for _, path := range paths {
		if f.tool != "" && filepath.IsAbs(path) {
			f.out.beside = append(f.out.beside, filepath.Clean(path))
		}
	}
}
