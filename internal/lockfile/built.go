package lockfile

import (
	"regexp"

	"assay/internal/tomlfile"
)

var (
	subdirectory = regexp.MustCompile(`[#&?]subdirectory=([^&#\s]*)`)
	buildKeys    = []string{"source", "vcs", "archive", "directory"} // tables that may name a folder within
)

// built says which folder within its source an entry is built in, wherever the format
// has that: two entries with the same source and another folder are two packages.
func (s site) built() []string {
	var out []string
	switch {
	case s.line != nil:
		out = inURL(s.line.text)
	case s.object != nil:
		if v := s.object.str("subdirectory"); v != "" {
			out = append(out, v)
		}
		for _, key := range []string{"git", "hg", "svn", "bzr", "file", "url"} {
			out = append(out, inURL(s.object.str(key))...)
		}
	case s.table != nil:
		out = inTable(s.table)
		for _, key := range buildKeys {
			if k := s.table.Get(key); k != nil && k.Value.Kind == tomlfile.Table {
				out = append(out, inTable(&k.Value)...)
			}
		}
	}
	return out
}

func inTable(t *tomlfile.Value) []string {
	var out []string
	if k := t.Get("subdirectory"); k != nil && k.Value.Kind == tomlfile.String {
		out = append(out, k.Value.Text)
	}
	for _, key := range []string{"git", "url"} {
		if k := t.Get(key); k != nil && k.Value.Kind == tomlfile.String {
			out = append(out, inURL(k.Value.Text)...)
		}
	}
	return out
}

func inURL(s string) []string {
	var out []string
	for _, m := range subdirectory.FindAllStringSubmatch(s, maxExtras) {
		out = append(out, m[1])
	}
	return out
}
