package pypi

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Metadata is the core metadata of a distribution: METADATA of a wheel, PKG-INFO of
// an sdist, or the file that an index serves beside one (PEP 658).
//
//	Metadata-Version: 2.4
//	Name: demo
//	Version: 1.0
//	Summary: a demonstration
//	Requires-Dist: dep>=1
//	Requires-Dist: other; extra == "more"
//	Provides-Extra: more
//
//	The description, to the end of the file.
//
// Values stand as they are spelled, without the white space around them. Fields that
// older setuptools filled with "UNKNOWN" are empty. Sources: the core metadata
// specification, PEP 241, 314, 345, 566, 643, 685, 639, 794, 808.
type Metadata struct {
	FormatVersion  string // "2.4"; empty where it is not said
	Name           string
	Version        string
	RequiresPython string
	RequiresDist   []string
	ProvidesExtra  []string
	Dynamic        []string // names of fields, in lower case

	Summary     string
	License     string // License-Expression, else License
	Author      string // Author, Author-email, Maintainer or Maintainer-email: the first that is there
	Addresses   string // Author-email and Maintainer-email, with a comma between
	Description string
}

// MetadataError says why core metadata cannot be read without doubt.
type MetadataError struct {
	Why string
	// FormatVersion is what the metadata said of its own version before the doubt.
	FormatVersion string
}

func (e *MetadataError) Error() string { return "core metadata: " + e.Why }

// decisive are the fields that installers decide by. Two readers must see the same
// in them, so they stand in one line, plainly. single are those of which there is one.
var (
	decisive = []string{"metadata-version", "name", "version", "requires-python", "requires-dist", "provides-extra", "dynamic"}
	single   = []string{"metadata-version", "name", "version", "requires-python"}
)

// ParseMetadata reads core metadata. Where two readers could see different things it
// returns a [*MetadataError]: a field of which there is one given twice, a line
// among the headers that is none (Python ends the headers there, others do not), a
// decisive value that is folded or encoded (RFC 2047), a carriage return alone, a
// NUL, text that is not UTF-8, a major version that is not known. A missing name or
// version is an error too.
func ParseMetadata(data []byte) (*Metadata, error) {
	r := metadataReader{seen: map[string]int{}, shown: map[string]string{}}
	if why := r.read(data); why != "" {
		return nil, &MetadataError{why, r.m.FormatVersion}
	}
	m := &r.m
	m.Summary = known(r.shown["summary"])
	m.License = firstKnown(r.shown["license-expression"], r.shown["license"])
	m.Addresses = strings.Trim(r.shown["author-email"]+","+r.shown["maintainer-email"], ",")
	m.Author = firstKnown(r.shown["author"], r.shown["author-email"], r.shown["maintainer"], r.shown["maintainer-email"])
	if m.Description == "" {
		m.Description = unindent(r.shown["description"])
	}
	return m, nil
}

// metadataReader reads headers one by one.
type metadataReader struct {
	m       Metadata
	seen    map[string]int    // how often each field stands there, by its name in lower case
	shown   map[string]string // the first value of each field that is for people
	headers int
}

func (r *metadataReader) read(data []byte) (why string) {
	switch {
	case len(data) > maxMetadata:
		return fmt.Sprintf("it has more than %d bytes", maxMetadata)
	case !utf8.Valid(data):
		return "it is not UTF-8"
	case bytes.IndexByte(data, 0) >= 0:
		return "there is a NUL in it"
	}
	rest := string(data)
	name, value := "", ""
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		switch {
		case strings.Contains(line, "\r"):
			return "a header holds a carriage return alone, which ends a line for some readers"
		case line == "":
			r.m.Description = strings.TrimRight(after, "\r\n")
			rest = ""
			continue
		case line[0] == ' ' || line[0] == '\t':
			if name == "" {
				return "it begins with the continuation of a header"
			}
			value += "\n" + line
		default:
			if why := r.add(name, value); why != "" {
				return why
			}
			var ok bool
			if name, value, ok = strings.Cut(line, ":"); !ok || !isFieldName(name) {
				return fmt.Sprintf("%s is no header, and no empty line ends the headers before it", quoted(line))
			}
		}
		rest = after
	}
	if why := r.add(name, value); why != "" {
		return why
	}
	for _, field := range []string{"name", "version"} {
		if r.seen[field] == 0 {
			return "it has no field " + field
		}
	}
	return ""
}

// add takes a header with its continuation lines; an empty name is none.
func (r *metadataReader) add(name, value string) (why string) {
	if name == "" {
		return ""
	}
	if r.headers++; r.headers > maxHeaders {
		return fmt.Sprintf("it has more than %d headers", maxHeaders)
	}
	field, value := strings.ToLower(name), strings.Trim(value, " \t\r\n")
	r.seen[field]++
	if !slices.Contains(decisive, field) {
		if r.seen[field] == 1 {
			r.shown[field] = value
		}
		return ""
	}
	switch {
	case r.seen[field] > 1 && slices.Contains(single, field):
		return "the field " + field + " is there more than once"
	case len(value) > maxValue:
		return fmt.Sprintf("a value of the field %s has more than %d bytes", field, maxValue)
	case strings.Contains(value, "\n"):
		return "a value of the field " + field + " goes over several lines"
	case strings.Contains(value, "=?"):
		return "a value of the field " + field + " is encoded, and some readers decode it"
	}
	switch field {
	case "metadata-version":
		r.m.FormatVersion = value
		if major, _, ok := formatVersion(value); !ok || major > 2 {
			return fmt.Sprintf("its format version %s is not known", quoted(value))
		}
	case "name":
		r.m.Name = value
	case "version":
		r.m.Version = value
	case "requires-python":
		r.m.RequiresPython = value
	case "requires-dist":
		r.m.RequiresDist = append(r.m.RequiresDist, value)
	case "provides-extra":
		r.m.ProvidesExtra = append(r.m.ProvidesExtra, value)
	case "dynamic":
		r.m.Dynamic = append(r.m.Dynamic, strings.ToLower(value))
	}
	return ""
}

// isFieldName reports whether a string may stand ahead of a header's colon (RFC
// 5322: printable ASCII).
func isFieldName(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}

// formatVersion takes "2.4" apart.
func formatVersion(s string) (major, minor int, ok bool) {
	a, b, found := strings.Cut(s, ".")
	major, errA := strconv.Atoi(a)
	minor, errB := strconv.Atoi(b)
	return major, minor, found && errA == nil && errB == nil && major >= 0 && minor >= 0
}

// Build says why only a build of an sdist with this PKG-INFO tells its metadata;
// empty where it is that of every build (PEP 643): format 2.2 or later, and none of
// the decisive fields dynamic.
func (m *Metadata) Build() string {
	if !isStaticFormat(m.FormatVersion) {
		return fmt.Sprintf("its PKG-INFO has the format version %s, and speaks for a build from 2.2 on", quoted(m.FormatVersion))
	}
	for _, field := range decisive {
		if slices.Contains(m.Dynamic, field) {
			return "its PKG-INFO leaves the field " + field + " to the build"
		}
	}
	return ""
}

// isStaticFormat reports whether PKG-INFO of a format version can speak for a build.
func isStaticFormat(s string) bool {
	major, minor, ok := formatVersion(s)
	return ok && (major > 2 || major == 2 && minor >= 2)
}

// known returns a value for people; older setuptools wrote UNKNOWN for what it did
// not know.
func known(s string) string {
	if s == "UNKNOWN" {
		return ""
	}
	return s
}

func firstKnown(values ...string) string {
	for _, v := range values {
		if known(v) != "" {
			return v
		}
	}
	return ""
}

// unindent takes the indentation off a description that stands in a header: eight
// spaces, or seven and a bar.
func unindent(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines[1:] {
		switch {
		case strings.HasPrefix(line, "        "):
			line = line[8:]
		case strings.HasPrefix(line, "       |"):
			line = line[8:]
		}
		lines[i+1] = line
	}
	return strings.Join(lines, "\n")
}

// quoted shows what somebody wrote in a message.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.QuoteToASCII(s)
}
