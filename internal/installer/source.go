package installer

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"assay/internal/index"
	"assay/internal/requirements"
)

// SourceKind says by what means something is asked for, if not of an index.
type SourceKind string

// The kinds.
const (
	SourceVCS      SourceKind = "vcs"      // git+https://…: nobody looks at its bytes
	SourceLocal    SourceKind = "local"    // a file or folder of this computer
	SourceEditable SourceKind = "editable" // a folder that is installed in place
	SourceDirect   SourceKind = "direct"   // the URL of a file, judged like every other
)

// Source is something asked for by other means than an index.
type Source struct {
	Kind   SourceKind
	Where  string // a URL without secrets, or a path as it was written
	Origin string // "command line", "requirements.txt:3"
}

// addSource notes a source, once.
func (r *reader) addSource(kind SourceKind, where, origin string) error {
	s := Source{kind, shownPlace(where), origin}
	for _, have := range r.config.Sources {
		if have == s {
			return nil
		}
	}
	if len(r.config.Sources) == maxSources {
		return &ConfigError{File: origin, Detail: fmt.Sprintf("more than %d sources beside the indexes", maxSources)}
	}
	r.config.Sources = append(r.config.Sources, s)
	return nil
}

// shownPlace is a URL without its secrets, or a path as it is.
func shownPlace(s string) string {
	if !strings.Contains(s, ":") || isLocal(s) && !strings.HasPrefix(strings.ToLower(s), "file:") {
		return s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil && strings.HasPrefix(s, "git@"):
		return s // git@host:path holds no password
	case err != nil:
		return "a URL that cannot be read"
	case u.Opaque != "": // "git+git@host:path"
		u.Opaque = u.Opaque[strings.LastIndexByte(u.Opaque, '@')+1:]
	}
	return index.Redact(u)
}

// ask notes what a requirement asks for beside an index. Of the command line,
// nothing is said about a word that names a project.
func (r *reader) ask(e requirements.Entry, origin string) error {
	kind := map[requirements.Kind]SourceKind{requirements.Direct: SourceDirect, requirements.VCS: SourceVCS,
		requirements.Local: SourceLocal, requirements.Editable: SourceEditable}[e.Kind]
	if kind == "" {
		return nil
	}
	return r.addSource(kind, e.Value, origin)
}

// askAll notes the sources among requirements.
func (r *reader) askAll(given []Setting) error {
	for _, s := range given {
		if err := r.ask(requirements.Classify(expand(s.Value, r.env)), s.Origin); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) askEditable(given []Setting) error {
	for _, s := range given {
		if err := r.ask(requirements.EditableEntry(expand(s.Value, r.env)), s.Origin); err != nil {
			return err
		}
	}
	return nil
}

var (
	lockName   = regexp.MustCompile(`^pylock(\.[^.]+)?\.toml$`)
	scriptName = regexp.MustCompile(`(?i)\.pyw?$`)
)

// requirementFiles reads files of requirements, and what they lead to: indexes,
// places with files, hosts that are trusted, sources.
func (r *reader) requirementFiles(named []Setting) error {
	for _, s := range named {
		var err error
		switch base := filepath.Base(s.Value); {
		case requirements.IsURL(s.Value):
			r.around("the requirements at %s (%s), which are not read beforehand", shownPlace(s.Value), s.Origin)
		case s.Value == "-":
			r.around("the requirements on the standard input (%s), which are not read beforehand", s.Origin)
		case lockName.MatchString(base):
			err = r.pylock(r.localPath(s.Value))
		case base == "pyproject.toml":
			err = r.projectFile(r.localPath(s.Value))
		case r.cmd.tool == UV && scriptName.MatchString(base):
			_, err = r.script(r.localPath(s.Value))
		default:
			err = r.requirementFile(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) requirementFile(s Setting) error {
	entries, err := requirements.Read(r.localPath(s.Value), r.open, r.env.Get)
	var own *requirements.Error
	switch {
	case errors.As(err, &own):
		return &ConfigError{File: own.File, Line: own.Line, Detail: own.Detail}
	case err != nil:
		return err
	}
	for _, e := range entries {
		if err := r.entry(e); err != nil {
			return err
		}
	}
	return nil
}

// open reads a file of requirements. One that cannot be read is the installer's
// to complain about; a pipe can be read once only, and is left to it.
func (r *reader) open(name string) ([]byte, error) {
	if clean := filepath.Clean(name); clean != name && sameFile(clean, name) {
		return nil, nil // no link in between: it is read already
	}
	data, err := readCapped(name, requirements.MaxFile)
	var known *ConfigError
	switch {
	case err == nil:
		r.config.Files = append(r.config.Files, name)
		return data, nil
	case errors.As(err, &known):
		return nil, err
	case exists(name) && !isDir(name):
		r.around("the requirements in %s, which cannot be read beforehand", name)
	}
	return nil, nil
}

func sameFile(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	return errOne == nil && errOther == nil && os.SameFile(one, other)
}

// entry takes over what a line of a requirements file says.
func (r *reader) entry(e requirements.Entry) error {
	origin := fmt.Sprintf("%s:%d", e.File, e.Line)
	switch e.Kind {
	case requirements.IndexURL:
		if r.hasMain && r.cmd.tool == UV {
			return r.add("", e.Value, origin, true) // what is given elsewhere counts first
		}
		return r.addMain("", e.Value, origin)
	case requirements.ExtraIndexURL:
		return r.add("", e.Value, origin, true)
	case requirements.FindLinks:
		link := e.Value
		if isLocal(link) && r.cmd.tool != UV {
			if beside := requirements.Beside(e.File, link); exists(beside) {
				link = beside
			}
		}
		return r.addLink(link, origin)
	case requirements.NoIndex:
		r.noIndex = true
	case requirements.TrustedHost:
		if r.cmd.tool != UV { // which passes over such lines
			r.addInsecure(e.Value, origin)
		}
	case requirements.Include, requirements.Constraint:
		if requirements.IsURL(e.Value) {
			r.around("the requirements at %s (%s), which are not read beforehand", shownPlace(e.Value), origin)
		}
	default:
		return r.ask(e, origin)
	}
	return nil
}

// addInsecure notes a host whose certificate the tool is told not to verify:
// "host", "host:port", or a URL of it.
func (r *reader) addInsecure(value, origin string) {
	host := strings.ToLower(strings.TrimSpace(value))
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host, _, _ = strings.Cut(rest, "/")
		host = host[strings.LastIndexByte(host, '@')+1:]
	}
	if host != "" && len(r.config.Insecure) < maxSources {
		r.config.Insecure = append(r.config.Insecure, Setting{host, origin})
	}
}
