package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"assay/internal/tomlfile"
)

// Open returns the bytes of a file that another one includes. In the path "folder/../file"
// the folder may be a link, which some installers follow and others do not: an Open that
// knows refuses such a path. Any other path is clean.
type Open = func(path string) ([]byte, error)

// file is one file that was read.
type file struct {
	name string
	data []byte
	bom  int // bytes of the mark in front of a TOML or JSON document

	toml *tomlfile.Document // of formats in TOML
	text *text              // of requirements
}

// site is where a package stands, for edits.
type site struct {
	file   *file
	table  *tomlfile.Value   // its table (TOML)
	header int               // 1 + its header's place in the document; 0 where it is an inline table
	files  []*tomlfile.Value // the table of each of the package's Files
	line   *logicalLine      // its line (requirements)
	object *jsonValue        // its object (Pipfile.lock)
}

// Detect says which format a file is in: by its name, else by its content.
func Detect(name string, data []byte) (Format, bool) {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	switch {
	case base == "uv.lock":
		return UV, true
	case base == "poetry.lock":
		return Poetry, true
	case base == "pdm.lock":
		return PDM, true
	case base == "Pipfile.lock":
		return Pipfile, true
	case base == "pylock.toml" || strings.HasPrefix(base, "pylock.") && strings.HasSuffix(base, ".toml") && strings.Count(base, ".") == 2 && base != "pylock..toml":
		return Pylock, true
	}
	lower := strings.ToLower(base)
	if strings.HasSuffix(lower, ".txt") || strings.HasSuffix(lower, ".in") {
		return Requirements, true
	}
	return detectContent(data)
}

var (
	versionMark = regexp.MustCompile(`(?m)^lock-version\s*=`)
	uvMark      = regexp.MustCompile(`(?m)^version\s*=\s*\d`)
	headerMark  = regexp.MustCompile(`(?m)^\s*\[`)
	pdmMark     = regexp.MustCompile(`(?m)^lock_version\s*=`)
	tableMark   = regexp.MustCompile(`(?m)^\[\[packages?\]\]\s*$`)
	pinMark     = regexp.MustCompile(`(?m)^[A-Za-z0-9][A-Za-z0-9._-]*(\[[^\]\n]*\])?\s*==`)
)

// detectContent looks for what each format cannot be without.
func detectContent(data []byte) (Format, bool) {
	if len(data) > MaxFile {
		return "", false
	}
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	first := len(data)
	if at := headerMark.FindIndex(data); at != nil {
		first = at[0] // where the root table ends
	}
	root := data[:first]
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		if bytes.Contains(data, []byte(`"_meta"`)) && bytes.Contains(data, []byte(`"pipfile-spec"`)) {
			return Pipfile, true
		}
		return "", false
	case versionMark.Match(root):
		return Pylock, true
	case uvMark.Match(root) && (tableMark.Match(data) || bytes.Contains(root, []byte("requires-python"))):
		return UV, true
	case pdmMark.Match(data):
		return PDM, true
	case versionMark.Match(data):
		return Poetry, true
	case !tableMark.Match(data) && pinMark.Match(data):
		return Requirements, true
	}
	return "", false
}

// Read reads a lock. Files that it includes come from open, which is asked for their names
// joined to the including file's folder. Without an open, an include is an error. The error
// is an [*Error], or open's.
func Read(name string, data []byte, open Open) (*Lock, error) { return ReadEnv(name, data, open, nil) }

// ReadEnv is Read with the variables that ${NAME} stands for in requirements files. A
// variable that is not set is an error but in credentials, which are left out anyway.
func ReadEnv(name string, data []byte, open Open, getenv func(string) string) (*Lock, error) {
	format, ok := Detect(name, data)
	if !ok {
		return nil, &Error{Problems: []Problem{{File: name, Detail: "neither the name nor the content is that of a lock file that Assay knows"}}}
	}
	return readAs(format, name, data, open, getenv)
}

func readAs(format Format, name string, data []byte, open Open, getenv func(string) string) (*Lock, error) {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	r := &reader{
		lock:   &Lock{Name: name, Format: format, files: map[string]*file{}},
		getenv: getenv, open: open, groups: map[string]*groupCheck{},
	}
	r.lock.read = func(name string, data []byte, open Open) (*Lock, error) {
		return readAs(format, name, data, open, getenv)
	}
	f := r.enter(name, data)
	switch {
	case len(data) > MaxFile:
		r.add(0, "larger than %d bytes", MaxFile)
	case format == Requirements:
		if err := r.requirements(f, false, nil); err != nil {
			return nil, err
		}
	case format == Pipfile:
		r.pipfile(f)
	default:
		r.document(f)
	}
	r.agree()
	if err := r.err(); err != nil {
		return nil, err
	}
	return r.lock, nil
}

// reader collects a lock and what is wrong with it.
type reader struct {
	lock   *Lock
	file   *file
	getenv func(string) string
	open   Open

	problems []*tomlfile.Problems // of each file, in the order in which they were entered
	current  *tomlfile.Problems
	groups   map[string]*groupCheck // what says the same thing, to be compared
	seen     map[string]bool        // includes that were read
	count    int                    // files of all entries
	full     bool                   // a cap was reached: the rest is not read
}

// enter makes a file the one that is read.
func (r *reader) enter(name string, data []byte) *file {
	f := r.lock.files[name]
	if f == nil { // else it is one to go on with, and data says nothing new
		f = &file{name: name, data: data}
		r.lock.files[name] = f
	}
	r.file = f
	r.current = nil
	for _, p := range r.problems {
		if p.File == name {
			r.current = p
		}
	}
	if r.current == nil {
		r.current = &tomlfile.Problems{File: name}
		r.problems = append(r.problems, r.current)
	}
	return f
}

var quotation = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// add adds a problem of the file that is read. Of a file that another one includes nothing
// is quoted: a stranger's lock can name any, and what stands in it may be a secret.
func (r *reader) add(line int, format string, args ...any) {
	detail := fmt.Sprintf(format, args...)
	if r.file.name != r.lock.Name {
		detail = quotation.ReplaceAllString(detail, `"…"`)
	}
	r.current.Add(line, "%s", detail)
}

// fail takes over an error of a parser.
func (r *reader) fail(err error) {
	var broken *Error
	if !errors.As(err, &broken) {
		r.add(0, "%v", err)
		return
	}
	for _, p := range broken.Problems {
		r.add(p.Line, "%s", p.Detail)
	}
}

// err returns all problems as one [*Error], or nil.
func (r *reader) err() error {
	var out *Error
	for _, p := range r.problems {
		var one *Error
		if !errors.As(p.Err(), &one) {
			continue
		}
		if out == nil {
			out = &Error{}
		}
		out.Problems = append(out.Problems, one.Problems...)
		out.More += one.More
	}
	if out == nil {
		return nil
	}
	if extra := len(out.Problems) - maxProblems; extra > 0 {
		out.Problems, out.More = out.Problems[:maxProblems], out.More+extra
	}
	return out
}

func (r *reader) at(line int) Place { return Place{r.file.name, line} }

// keep adds a package to the lock.
func (r *reader) keep(p Package, s site) {
	if r.full {
		return
	}
	switch r.count += len(p.Files); {
	case len(r.lock.Packages) == maxPackages:
		r.add(p.At.Line, "more than %d packages", maxPackages)
		r.full = true
		return
	case r.count > maxAllFiles:
		r.add(p.At.Line, "more than %d files", maxAllFiles)
		r.full = true
		return
	case len(p.Files) > maxFiles:
		r.add(p.At.Line, "%s has more than %d files", quoted(p.Spelled), maxFiles)
		return
	case len(p.Hashes) > maxHashes:
		r.add(p.At.Line, "%s has more than %d hashes", quoted(p.Spelled), maxHashes)
		return
	}
	p.Built = append(p.Built, s.built()...)
	if p.Source.Kind != Registry {
		p.Constraint = false // what names a place does not only narrow: it says what is installed
	}
	s.file = r.file
	r.lock.sites = append(r.lock.sites, s)
	p.ref = len(r.lock.sites)
	r.lock.Packages = append(r.lock.Packages, p)
}

// index adds an index that the files name, once.
func (r *reader) index(i Index) {
	for k := range r.lock.Indexes {
		have := &r.lock.Indexes[k]
		if have.Kind == i.Kind && have.URL == i.URL && have.Name == i.Name {
			have.Secret = have.Secret || i.Secret
			return
		}
	}
	if len(r.lock.Indexes) == maxIndexes {
		r.add(i.At.Line, "more than %d indexes", maxIndexes)
		r.full = true
		return
	}
	r.lock.Indexes = append(r.lock.Indexes, i)
}

var conflict = regexp.MustCompile(`^(<{7}|\|{7}|={7}|>{7})(\s.*)?$`)

// conflictAt says what a line that git left in a file is, and whether it is one.
func conflictAt(line string) (string, bool) {
	if line == "" || strings.IndexByte("<|=>", line[0]) < 0 {
		return "", false
	}
	m := conflict.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	switch m[1][0] {
	case '<':
		return "a merge conflict that nobody resolved begins here (<<<<<<<)", true
	case '|':
		return "in a merge conflict, what both sides came from begins here (|||||||)", true
	case '=':
		return "in a merge conflict, the other side begins here (=======)", true
	}
	return "a merge conflict that nobody resolved ends here (>>>>>>>)", true
}

// conflicts reports the lines that git left in a document that cannot be read, and
// whether there are any.
func (r *reader) conflicts(data []byte) bool {
	found := false
	line := 0
	for l := range bytes.Lines(data) {
		line++
		if len(l) > maxText || !bytes.ContainsAny(l[:min(1, len(l))], "<|=>") {
			continue
		}
		if what, ok := conflictAt(strings.TrimRight(string(l), "\r\n")); ok {
			r.add(line, "%s", what)
			found = true
		}
	}
	return found
}

// quoted quotes what was written, shortened, without what could be a URL's credentials, or a
// token in its query.
func quoted(s string) string {
	if i := strings.Index(s, "://"); i >= 0 && strings.Contains(s[i:], "@") {
		s = s[:i] + "://…"
	} else if end := strings.IndexAny(s[max(i, 0):], "?#"); i >= 0 && end >= 0 {
		s = s[:i+end+1] + "…"
	}
	return tomlfile.Quoted(s)
}

// problem is an error that becomes a [Problem] where its place is known.
func problem(format string, args ...any) error { return fmt.Errorf(format, args...) }
