package installer

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// entry is one option of an INI file.
type entry struct {
	section, key, value string
	line                int // at which the option begins
}

var (
	sectionLine = regexp.MustCompile(`^\[(.+)\]`)
	optionLine  = regexp.MustCompile(`(?s)^(.*?)\s*[=:]\s*(.*)$`)
)

// defaultSection is the section whose options every other section has as well.
const defaultSection = "DEFAULT"

// parseINI reads a file in the dialect of Python's RawConfigParser, which is
// what pip reads its configuration with: options in lower case, "=" or ":",
// values that go on in indented lines, comments only on lines of their own, no
// interpolation, and a section or an option that is given twice is an error.
//
//	[global]
//	index-url = https://index.example/simple/
//	extra-index-url =
//	    https://one.example/simple/
//	    https://two.example/simple/
//
// General INI libraries differ in exactly those points, and a "proxy" that pip
// sees and Assay does not would be a way around.
func parseINI(file string, data []byte) ([]entry, error) {
	if !utf8.Valid(data) {
		return nil, &ConfigError{File: file, Detail: "the file is not UTF-8"}
	}
	p := iniParser{file: file, seen: map[string]bool{}}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if err := p.line(number, string(line)); err != nil {
			return nil, err
		}
	}
	return p.finish(), nil
}

type iniParser struct {
	file    string
	seen    map[string]bool
	section string
	inside  bool // a section has begun
	open    bool // the last entry may go on
	indent  int
	entries []entry
	order   []string
}

func (p *iniParser) line(number int, line string) error {
	value := strip(line)
	if strings.HasPrefix(value, "#") || strings.HasPrefix(value, ";") {
		return nil
	}
	if value == "" {
		if p.open {
			p.entries[len(p.entries)-1].value += "\n"
		}
		return nil
	}
	indent := len(line) - len(strings.TrimLeftFunc(line, isSpace))
	if p.open && indent > p.indent {
		p.entries[len(p.entries)-1].value += "\n" + value
		return nil
	}
	p.indent = indent
	if m := sectionLine.FindStringSubmatch(value); m != nil {
		p.section, p.inside, p.open = m[1], true, false
		if m[1] != defaultSection {
			if p.seen["["+m[1]] {
				return p.bad(number, "the section %q is given twice", m[1])
			}
			p.seen["["+m[1]] = true
			p.order = append(p.order, m[1])
		}
		return nil
	}
	if !p.inside {
		return p.bad(number, "a line stands before the first section")
	}
	m := optionLine.FindStringSubmatch(value)
	if m == nil || strip(m[1]) == "" {
		return p.bad(number, "a line is neither a section nor an option with a value")
	}
	key := strings.ToLower(strip(m[1]))
	id := p.section + "]" + key
	if p.seen[id] {
		return p.bad(number, "the option %q is given twice", key)
	}
	p.seen[id] = true
	p.entries = append(p.entries, entry{p.section, key, strip(m[2]), number})
	p.open = true
	return nil
}

func (p *iniParser) bad(line int, format string, args ...any) error {
	return &ConfigError{File: p.file, Line: line, Detail: fmt.Sprintf(format, args...)}
}

// finish spreads the default section over the others.
func (p *iniParser) finish() []entry {
	var out []entry
	for i := range p.entries {
		p.entries[i].value = strings.TrimRightFunc(p.entries[i].value, isSpace)
	}
	for _, section := range p.order {
		for _, e := range p.entries {
			if e.section == defaultSection && !p.seen[section+"]"+e.key] {
				e.section = section
			}
			if e.section == section {
				out = append(out, e)
			}
		}
	}
	return out
}

// strip is Python's str.strip, whose white space has four more characters than
// Go's.
func strip(s string) string { return strings.TrimFunc(s, isSpace) }

func isSpace(r rune) bool {
	return r >= 0x1c && r <= 0x1f || strings.ContainsRune(" \t\n\v\f\r\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000", r) ||
		r >= 0x2000 && r <= 0x200a
}
