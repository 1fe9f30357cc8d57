package inventory

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// lookUp finds a program as a shell would: by its path, or in the folders of
// PATH. It returns "" where there is none.
func (f *finder) lookUp(name string) string {
	if name == "" {
		return ""
	}
	if strings.ContainsRune(name, '/') || strings.ContainsRune(name, filepath.Separator) {
		return f.executable(f.abs(name))
	}
	for _, dir := range filepath.SplitList(f.get("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if path := f.executable(filepath.Join(dir, name)); path != "" {
			return path
		}
	}
	return ""
}

// executable returns the path itself, or with Windows' extension, where it can
// be executed.
func (f *finder) executable(path string) string {
	if runtime.GOOS == "windows" {
		for _, p := range []string{path, path + ".exe", path + ".bat", path + ".cmd"} {
			if isFile(p) {
				return p
			}
		}
		return ""
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return ""
	}
	return path
}

// interpreter adds where a Python installs to by itself. Its environment is told
// by pyvenv.cfg beside the executable, or one folder up, of the path as it is
// called (PEP 405); else its prefix is where the executable really is.
func (f *finder) interpreter(path string) {
	if path == "" {
		return
	}
	dir := filepath.Dir(path)
	for _, candidate := range []string{dir, filepath.Dir(dir)} {
		if isFile(filepath.Join(candidate, "pyvenv.cfg")) {
			f.environment(candidate)
			return
		}
	}
	if filepath.Base(dir) == "shims" {
		// pyenv, asdf and mise: the shim finds out by itself which one it starts.
		top := filepath.Dir(dir)
		f.out.add(place{path: filepath.Join(top, "versions"), kind: shared, each: true})
		f.out.add(place{path: filepath.Join(top, "installs", "python"), kind: shared, each: true})
		f.userBase(false)
		return
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return
	}
	top := filepath.Dir(real)
	if runtime.GOOS != "windows" {
		top = filepath.Dir(top)
	}
	f.shared(top)
}

// environment adds a virtual environment's prefix.
func (f *finder) environment(path string) {
	f.prefixes = append(f.prefixes, path)
	f.out.add(place{path: path, kind: own})
}

// shared adds the prefix of a Python outside of any environment, and where it
// installs to for one person alone.
func (f *finder) shared(path string) {
	f.prefixes = append(f.prefixes, path)
	f.out.add(place{path: path, kind: shared})
	if path == "/usr" {
		// Debian, Fedora: what pip installs goes here.
		f.shared("/usr/local")
		return
	}
	f.userBase(false)
}

// userBase adds where "pip install --user" installs to, which pip also does by
// itself where it must not write to the prefix.
func (f *finder) userBase(asked bool) {
	switch base := f.get("PYTHONUSERBASE"); {
	case base != "":
		f.out.add(place{path: f.abs(base), kind: user, asked: asked})
	case runtime.GOOS == "windows":
		f.out.add(place{path: filepath.Join(f.get("APPDATA"), "Python"), kind: user, asked: asked})
	default:
		if runtime.GOOS == "darwin" {
			f.out.add(place{path: filepath.Join(f.home(), "Library", "Python"), kind: user, each: true})
		}
		f.out.add(place{path: filepath.Join(f.home(), ".local"), kind: user, asked: asked})
	}
}

// script adds where the Python behind a script, such as pip's, installs to: the
// environment that the script stands in, or what its first line names.
func (f *finder) script(path string) {
	if path == "" {
		return
	}
	for _, p := range []string{path, resolved(path)} {
		if top := filepath.Dir(filepath.Dir(p)); isFile(filepath.Join(top, "pyvenv.cfg")) {
			f.environment(top)
			return
		}
	}
	if filepath.Base(filepath.Dir(path)) == "shims" {
		f.interpreter(path)
		return
	}
	named := interpreterOf(path)
	if len(named) == 0 {
		if runtime.GOOS == "windows" {
			f.shared(filepath.Dir(filepath.Dir(path))) // Scripts\pip.exe
		}
		return
	}
	for i, word := range named {
		if i > 0 && (strings.HasPrefix(word, "-") || strings.Contains(word, "=")) {
			continue // of env
		}
		if i > 0 || strings.HasPrefix(filepath.Base(word), "py") {
			f.interpreter(f.lookUp(word))
			return
		}
		if filepath.Base(word) != "env" {
			return
		}
	}
}

func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// interpreterOf returns the words of a script's first line behind "#!". Where an
// interpreter's path is too long for it, installers write a line for sh, then
//
//	'''exec' "/a very long/path/to/python" "$0" "$@"
func interpreterOf(script string) []string {
	text, err := readRegular(script, maxScript, false)
	rest, ok := bytes.CutPrefix(text, []byte("#!"))
	if err != nil || !ok {
		return nil
	}
	first, rest, _ := bytes.Cut(rest, []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	if command, ok := strings.CutPrefix(string(second), "'''exec' "); ok {
		if quoted, ok := strings.CutPrefix(command, `"`); ok {
			path, _, _ := strings.Cut(quoted, `"`)
			return []string{path}
		}
		path, _, _ := strings.Cut(command, " ")
		return []string{strings.Trim(path, "'")}
	}
	line := strings.TrimSpace(string(first))
	if words := strings.Fields(line); len(words) > 0 && filepath.Base(words[0]) == "env" {
		return words
	}
	if line == "" {
		return nil
	}
	if isFile(line) {
		return []string{line} // a path with spaces
	}
	return strings.Fields(line)[:1]
}

var errTooLarge = errors.New("the file is too large")

// readRegular reads a regular file of at most limit bytes; a larger one is cut,
// or, where it has to be whole, an [errTooLarge]. A pipe is not waited for.
func readRegular(path string, limit int64, whole bool) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOpen(f, limit, whole)
}

func readOpen(f *os.File, limit int64, whole bool) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if int64(len(data)) > limit {
		if whole {
			return nil, errTooLarge
		}
		data = data[:limit]
	}
	return data, err
}
