package requirements

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Opener returns the bytes of a file, and nil for one that is not to be read.
// The name is that which [Read] was given, or made from its folder. One that goes
// back (..) out of a folder is asked for both in its clean form and, second, as it is
// written.
type Opener func(name string) ([]byte, error)

// Read reads a file and those that it leads to, in order: the entry of -r or -c
// stands in front of its file's entries. A file is read once as requirements and
// once as constraints, however often it is named, so that a circle ends. What a
// constraints file names by -r are requirements, as pip has it; uv takes them
// for constraints. What is named by a URL is not read: its entry stands alone.
// The error is an [*Error] or the opener's.
func Read(name string, open Opener, getenv func(string) string) ([]Entry, error) {
	r := &fileReader{open: open, getenv: getenv, seen: map[visit]bool{}}
	err := r.read(name, false, 0)
	return r.entries, err
}

// Parse reads one file's bytes alone.
func Parse(name string, data []byte, getenv func(string) string) ([]Entry, error) {
	text, err := decode(data)
	if err != nil {
		return nil, &Error{File: name, Detail: err.Error()}
	}
	lines, err := logicalLines(name, text, getenv)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, l := range lines {
		for _, e := range parseLine(l.text) {
			e.File, e.Line = name, l.number
			out = append(out, e)
		}
		if len(out) > maxEntries {
			return nil, &Error{name, l.number, fmt.Sprintf("more than %d requirements", maxEntries)}
		}
	}
	return out, nil
}

type fileReader struct {
	open    Opener
	getenv  func(string) string
	seen    map[visit]bool
	entries []Entry
}

// visit is a file, and what it was read as.
type visit struct {
	name       string
	constraint bool
}

func (r *fileReader) read(name string, constraint bool, depth int) error {
	key := visit{name, constraint}
	if r.seen[key] {
		return nil
	}
	r.seen[key] = true
	if len(r.seen) > maxFiles {
		return &Error{File: name, Detail: fmt.Sprintf("more than %d files lead to each other", maxFiles)}
	}
	if depth > maxDepth {
		return &Error{File: name, Detail: fmt.Sprintf("more than %d files lie within each other", maxDepth)}
	}
	data, err := r.open(name)
	if err != nil || data == nil {
		return err
	}
	if len(data) > MaxFile {
		return &Error{File: name, Detail: fmt.Sprintf("the file is larger than %d bytes", MaxFile)}
	}
	entries, err := Parse(name, data, r.getenv)
	if err != nil {
		return err
	}
	for _, e := range entries {
		e.Constraint = constraint
		if r.entries = append(r.entries, e); len(r.entries) > maxEntries {
			return &Error{e.File, e.Line, fmt.Sprintf("more than %d requirements", maxEntries)}
		}
		if e.Kind != Include && e.Kind != Constraint || IsURL(e.Value) {
			continue
		}
		for _, path := range []string{Beside(name, e.Value), Through(name, e.Value)} {
			if path == "" {
				continue
			}
			if err := r.read(path, e.Kind == Constraint, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

var remote = regexp.MustCompile(`(?i)^(https?|ftp):`)

// IsURL reports whether a file of requirements is named by a URL of another
// computer.
func IsURL(name string) bool { return remote.MatchString(name) }

// Beside returns the path of a file that another names: a file URL, an absolute
// path, or a path from the other's folder.
func Beside(name, path string) string {
	if u, err := url.Parse(path); err == nil && strings.EqualFold(u.Scheme, "file") {
		path = filepath.FromSlash(u.Path)
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(name), path)
}

// Through is the path of [Beside] as it is written, where that goes back (..) out of a
// folder; else it is empty. Where the folder is a link, the two lead to different
// files, and installers go either way.
func Through(name, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Dir(name) + string(filepath.Separator) + path
	}
	within := false
	for _, part := range strings.Split(filepath.ToSlash(path), "/") {
		switch part {
		case "", ".":
		case "..":
			if within {
				return path
			}
		default:
			within = true
		}
	}
	return ""
}

// option is one that may stand in a requirements file.
type option struct {
	kind   Kind
	valued bool
	matter bool
}

// options are pip's, so that one cut short stands for what pip takes it for. Of those that
// pip has no more (--install-option) none is among them: they would make others ambiguous.
var options = map[string]option{
	"--index-url": {IndexURL, true, true}, "--pypi-url": {IndexURL, true, true}, "--extra-index-url": {ExtraIndexURL, true, true},
	"--find-links": {FindLinks, true, true}, "--no-index": {NoIndex, false, true}, "--trusted-host": {TrustedHost, true, true},
	"--requirement": {Include, true, true}, "--constraint": {Constraint, true, true}, "--editable": {Editable, true, true},
	"--no-binary": {valued: true}, "--only-binary": {valued: true}, "--prefer-binary": {}, "--require-hashes": {}, "--pre": {},
	"--use-feature": {valued: true}, "--global-option": {valued: true},
	"--hash": {valued: true}, "--config-settings": {valued: true},
}

var letters = map[byte]Kind{'i': IndexURL, 'f': FindLinks, 'r': Include, 'c': Constraint, 'e': Editable}

// match finds an option by its spelling, which may be cut short while it stands
// for one alone, as Python's optparse does.
func match(spelling string) (option, bool) {
	if o, ok := options[spelling]; ok {
		return o, true
	}
	var found option
	count := 0
	for full, o := range options {
		if strings.HasPrefix(full, spelling) {
			found = o
			count++
		}
	}
	return found, count == 1 && len(spelling) > 2
}

// parseLine reads a line without comments. Options behind a requirement are that
// requirement's (its hashes) and change nothing here.
func parseLine(text string) []Entry {
	tokens := strings.Split(text, " ")
	n := 0
	for n < len(tokens) && !strings.HasPrefix(tokens[n], "-") {
		n++
	}
	args := words(strings.Join(tokens[n:], " "))
	if requirement := strings.TrimSpace(strings.Join(tokens[:n], " ")); requirement != "" {
		return append([]Entry{Classify(requirement)}, behindHashes(args)...)
	}
	out := optionEntries(args)
	if e, ok := uvInclude(text); ok && !slices.Contains(out, e) {
		out = append([]Entry{e}, out...)
	}
	return out
}

// optionEntries reads a line of options as Python's optparse does.
func optionEntries(args []string) []Entry {
	var out []Entry
	for i := 0; i < len(args); i++ {
		a := args[i]
		take := func(value string, inline bool) (string, bool) {
			if inline {
				return value, true
			}
			if i+1 == len(args) {
				return "", false // pip and uv refuse it
			}
			i++
			return args[i], true
		}
		switch {
		case a == "--":
			return out
		case strings.HasPrefix(a, "--"):
			spelling, value, inline := strings.Cut(a, "=")
			o, ok := match(spelling)
			if !ok {
				continue
			}
			if o.valued {
				if value, ok = take(value, inline); !ok {
					continue
				}
			}
			if o.matter {
				out = append(out, optionEntry(o.kind, value))
			}
		case len(a) > 1 && a[0] == '-':
			if kind, ok := letters[a[1]]; ok {
				value := a[2:]
				if kind != Include && kind != Constraint {
					value = strings.TrimPrefix(value, "=") // as uv has it; pip finds nothing there
				}
				if value, ok := take(value, len(a) > 2); ok {
					out = append(out, optionEntry(kind, value))
				}
			}
		}
	}
	return out
}

// behindHashes reads what stands behind the hashes of a requirement on its line, where uv
// begins the next requirement. pip passes over it.
func behindHashes(args []string) []Entry {
	var rest []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--hash":
			i++
		case !strings.HasPrefix(args[i], "-"):
			rest = append(rest, args[i])
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return []Entry{Classify(strings.Join(rest, " "))}
}

var wholeLine = regexp.MustCompile(`^(-r|-c|--requirement|--constraint)(=|\s)\s*(.*)$`)

// uvInclude reads an include as uv does: the value is all of the line up to a "#", and an
// equals sign behind a short option is no part of it.
func uvInclude(text string) (Entry, bool) {
	m := wholeLine.FindStringSubmatch(text)
	if m == nil {
		return Entry{}, false
	}
	value, _, _ := strings.Cut(m[3], "#")
	value = strings.TrimSpace(value)
	if w := words(value); len(w) == 1 {
		value = w[0]
	}
	kind := Include
	if strings.Contains(m[1], "c") {
		kind = Constraint
	}
	return Entry{Kind: kind, Value: value}, value != ""
}

func optionEntry(kind Kind, value string) Entry {
	e := Entry{Kind: kind, Value: trim(value)}
	if kind == Include || kind == Constraint || kind == FindLinks && !strings.Contains(value, "://") {
		e.Value = value // blanks in it are the file's
	}
	if kind == Editable {
		e = EditableEntry(value)
	}
	return e
}

// EditableEntry says what the value of -e asks for: a folder, or a checkout.
func EditableEntry(value string) Entry {
	e := Classify(value)
	if e.Kind != VCS {
		e.Kind = Editable
	}
	return e
}
