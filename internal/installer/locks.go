package installer

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
)

// lockFormat is the format of an installer's own lock file.
type lockFormat int

const (
	uvLock     lockFormat = iota + 1 // source = { git = "…" }
	poetryLock                       // [package.source] type = "git", url = "…"
	pdmLock                          // git = "…"
)

// lockFile notes the sources that a lock file names, if it is there. These files
// can hold tens of thousands of lines, of which one in a thousand matters, and are
// read before every run: they are read by lines, as their tools write them. One
// that is too large to be read is named in the report.
func (r *reader) lockFile(path string, format lockFormat) error {
	data, err := readCapped(path, maxLock)
	var large *ConfigError
	switch {
	case errors.As(err, &large):
		r.around("what %s takes from elsewhere than an index: it is larger than %d bytes", path, maxLock)
		return nil
	case err != nil:
		return nil // the installer's to complain about
	}
	r.config.Files = append(r.config.Files, path)
	return scanLock(data, format, func(s Source, line int) error {
		return r.addSource(s.Kind, s.Where, fmt.Sprintf("%s:%d", path, line))
	})
}

// lockAbove notes the sources of the nearest lock file of this name.
func (r *reader) lockAbove(dir, name string, format lockFormat) error {
	return upward(dir, func(dir string) (bool, error) {
		path := filepath.Join(dir, name)
		if !exists(path) {
			return false, nil
		}
		return true, r.lockFile(path, format)
	})
}

// lockScanner gathers what the lines of one package say.
type lockScanner struct {
	format   lockFormat
	table    string // the header that the line stands below
	kind     string // of the source, in poetry.lock
	found    Source
	line     int // of found
	editable bool
	visit    func(Source, int) error
}

// scanLock calls visit for every package that does not come from an index. The
// project itself, which uv lists among the packages, is none.
//
// Values that are looked at stand on one line that begins with their key.
func scanLock(data []byte, format lockFormat, visit func(s Source, line int) error) error {
	l := lockScanner{format: format, visit: visit}
	number := 0
	for len(data) > 0 {
		number++
		end := bytes.IndexByte(data, '\n')
		line := data
		if end >= 0 {
			line, data = data[:end], data[end+1:]
		} else {
			data = nil
		}
		line = bytes.TrimRight(line, "\r ")
		if len(line) == 0 || line[0] == ' ' || line[0] == '\t' || line[0] == '#' {
			continue
		}
		if err := l.read(line, number); err != nil {
			return err
		}
	}
	return l.flush()
}

var packageHeader = []byte("[[package]]")

// read reads one line.
func (l *lockScanner) read(line []byte, number int) error {
	if line[0] == '[' {
		if bytes.Equal(line, packageHeader) {
			if err := l.flush(); err != nil {
				return err
			}
		}
		l.table = string(line)
		return nil
	}
	key, value, ok := bytes.Cut(line, []byte(" = "))
	if !ok {
		return nil
	}
	switch l.format {
	case uvLock:
		if string(key) == "source" && l.table == "[[package]]" && !bytes.HasPrefix(value, []byte("{ registry")) {
			l.uv(value, number)
		}
	case pdmLock:
		l.pdm(string(key), value, number)
	case poetryLock:
		l.poetry(string(key), value, number)
	}
	return nil
}

// uv reads the table of one of uv's sources.
func (l *lockScanner) uv(value []byte, number int) {
	var v struct {
		V struct {
			Git, URL, Path, Directory, Editable string
		}
	}
	if toml.Unmarshal(append([]byte("v = "), value...), &v) != nil {
		return
	}
	switch s := v.V; {
	case s.Git != "":
		l.note(SourceVCS, "git+"+s.Git, number)
	case s.URL != "":
		l.note(SourceDirect, s.URL, number)
	case s.Path != "":
		l.note(SourceLocal, s.Path, number)
	case s.Directory != "":
		l.note(SourceLocal, s.Directory, number)
	case s.Editable != "" && s.Editable != ".":
		l.note(SourceEditable, s.Editable, number)
	}
}

// pdm reads a line of pdm.lock.
func (l *lockScanner) pdm(key string, value []byte, number int) {
	if l.table != "[[package]]" {
		return
	}
	switch key {
	case "git", "hg", "svn", "bzr":
		l.note(SourceVCS, key+"+"+tomlText(value), number)
	case "url":
		l.note(SourceDirect, tomlText(value), number)
	case "path":
		l.note(SourceLocal, tomlText(value), number)
	case "editable":
		l.editable = string(value) == "true"
	}
}

// poetry reads a line of poetry.lock. An index is a source of type legacy there.
func (l *lockScanner) poetry(key string, value []byte, number int) {
	switch {
	case l.table == "[[package]]" && key == "develop":
		l.editable = string(value) == "true"
	case l.table != "[package.source]":
	case key == "type":
		l.kind = tomlText(value)
	case key == "url":
		l.note(map[string]SourceKind{"git": SourceVCS, "directory": SourceLocal, "file": SourceLocal, "url": SourceDirect}[l.kind], tomlText(value), number)
	}
}

func (l *lockScanner) note(kind SourceKind, where string, line int) {
	if kind == SourceVCS && l.format == poetryLock {
		where = "git+" + where
	}
	l.found, l.line = Source{Kind: kind, Where: where}, line
}

// flush hands on what was found of a package.
func (l *lockScanner) flush() error {
	s, line, editable := l.found, l.line, l.editable
	l.found, l.editable, l.kind = Source{}, false, ""
	if s.Kind == "" || s.Where == "" {
		return nil
	}
	if s.Kind == SourceLocal && editable {
		s.Kind = SourceEditable
	}
	return l.visit(s, line)
}

// tomlText is a value of one line that is a string, else empty.
func tomlText(value []byte) string {
	if n := len(value); n > 1 && value[0] == '"' && bytes.IndexByte(value[1:], '"') == n-2 && bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : n-1])
	}
	var v struct{ V string }
	if toml.Unmarshal(append([]byte("v = "), value...), &v) != nil {
		return ""
	}
	return v.V
}
