package installer

import (
	"os"
	"path/filepath"
	"strings"
)

// pythonPrefix returns the folder of the Python that runs pip, whose pip.conf
// pip reads: the virtual environment that the program belongs to, else the one
// of VIRTUAL_ENV, else the folder above the interpreter's. It is empty where
// that cannot be told.
func (r *reader) pythonPrefix() string {
	interpreter := r.interpreter()
	if prefix, ok := environmentOf(interpreter); ok {
		return prefix
	}
	if venv := r.env.Get("VIRTUAL_ENV"); venv != "" {
		return r.abs(venv)
	}
	return installPrefix(interpreter)
}

// prefixOf returns the folder of the Python that pip's option --python names: an
// environment, or an interpreter.
func (r *reader) prefixOf(named string) string {
	path := r.abs(named)
	if isDir(path) {
		return path
	}
	if prefix, ok := environmentOf(path); ok {
		return prefix
	}
	return installPrefix(path)
}

// installPrefix returns the folder above that of an interpreter without an
// environment.
func installPrefix(interpreter string) string {
	if interpreter == "" {
		return ""
	}
	if real, err := filepath.EvalSymlinks(interpreter); err == nil {
		interpreter = real
	}
	return filepath.Dir(filepath.Dir(interpreter))
}

// interpreter returns the path of the Python that the command starts: the
// program itself, or the one that its first line names.
func (r *reader) interpreter() string {
	path := r.lookUp(r.cmd.program)
	if path == "" || pythonName.MatchString(program(path)) {
		return path
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	start := make([]byte, maxShebang)
	n, _ := f.Read(start)
	line, _, _ := strings.Cut(string(start[:n]), "\n")
	line, ok := strings.CutPrefix(line, "#!")
	if !ok {
		return "" // a program of Windows, beside which its Python stands
	}
	fields := strings.Fields(line)
	if len(fields) == 0 || !filepath.IsAbs(fields[0]) || !pythonName.MatchString(program(fields[0])) {
		return ""
	}
	return fields[0]
}

// lookUp finds a program as a shell does, and its absolute path.
func (r *reader) lookUp(name string) string {
	if name == "" {
		return ""
	}
	if strings.ContainsAny(name, `/\`) {
		path := r.abs(name)
		if isRegular(path) {
			return path
		}
		return ""
	}
	for _, dir := range filepath.SplitList(r.env.Get("PATH")) {
		for _, ext := range []string{"", ".exe"} {
			if path := filepath.Join(r.abs(dir), name+ext); isRegular(path) {
				return path
			}
		}
	}
	return ""
}

// environmentOf returns the virtual environment that an interpreter belongs to.
// It is looked for beside each link on the way to the interpreter itself.
func environmentOf(interpreter string) (string, bool) {
	for range maxLinks {
		if interpreter == "" {
			return "", false
		}
		for _, dir := range []string{filepath.Dir(interpreter), filepath.Dir(filepath.Dir(interpreter))} {
			if exists(filepath.Join(dir, "pyvenv.cfg")) {
				return dir, true
			}
		}
		next, err := os.Readlink(interpreter)
		if err != nil {
			return "", false
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(interpreter), next)
		}
		interpreter = next
	}
	return "", false
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
