package requirements

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// Opener returns the bytes of a file, and nil for one that is not to be read.
// The name is as [Read] was given it, or made from that one's folder.
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
	key := visit{filepath.Clean(name), constraint}
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
		if err := r.read(Beside(name, e.Value), e.Kind == Constraint, depth+1); err != nil {
			return err
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
		return path
	}
	return filepath.Join(filepath.Dir(name), path)
}

// option is one that may stand in a requirements file.
type option struct {
	kind   Kind
	valued bool
	matter bool
}

// options are pip's, so that one cut short stands for what pip takes it for.
var options = map[string]option{
	"--index-url": {IndexURL, true, true}, "--pypi-url": {IndexURL, true, true}, "--extra-index-url": {ExtraIndexURL, true, true},
	"--find-links": {FindLinks, true, true}, "--no-index": {NoIndex, false, true}, "--trusted-host": {TrustedHost, true, true},
	"--requirement": {Include, true, true}, "--constraint": {Constraint, true, true}, "--editable": {Editable, true, true},
	"--no-binary": {valued: true}, "--only-binary": {valued: true}, "--prefer-binary": {}, "--require-hashes": {}, "--pre": {},
	"--use-feature": {valued: true}, "--global-option": {valued: true}, "--install-option": {valued: true},
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
	if requirement := strings.TrimSpace(strings.Join(tokens[:n], " ")); requirement != "" {
		return []Entry{Classify(requirement)}
	}
	var out []Entry
	args := words(strings.Join(tokens[n:], " "))
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
				if value, ok := take(strings.TrimPrefix(a[2:], "="), len(a) > 2); ok {
					out = append(out, optionEntry(kind, value))
				}
			}
		}
	}
	return out
}

func optionEntry(kind Kind, value string) Entry {
	e := Entry{Kind: kind, Value: strings.TrimSpace(value)}
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
