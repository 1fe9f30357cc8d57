package archive

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"assay"
)

// names are those of all members, as a file system would tell them apart.
type names struct {
	exact  map[string]int // cleaned path -> kind of entry
	folded map[string]int // the same in one case and NFC -> number of exact ones
	bytes  int
	taken  int // members, those that are there twice included
}

// The kinds of entry that names tells apart.
const (
	isFile = iota + 1
	isDir
	isLink
)

// name checks a member's name and takes it up. zip says whether the name's
// bytes are decoded by rules in which readers differ.
func (a *archive) name(name string, kind int, zip bool) error {
	if a.names.bytes += len(name); a.names.bytes > maxNames {
		return lose(assay.ArchiveBomb, "the members' names have more than %d bytes together", maxNames)
	}
	a.crowd()
	if strings.Count(name, "/") > maxParts {
		return lose(assay.ArchiveBomb, "member %s has a path of more than %d parts", quoted(name), maxParts)
	}
	clean, plain := cleanName(name)
	if !plain {
		a.checkName(name, zip)
	}
	before, dup := a.names.exact[clean]
	switch {
	case dup && before == isDir && kind == isDir:
		a.add(assay.ArchiveIrregular, "directory %s is there twice", quoted(name))
		return nil
	case dup:
		a.add(assay.ArchiveAmbiguous, "member %s is there twice: one reader takes the first, another the last", quoted(name))
		return nil
	}
	a.names.exact[clean] = kind
	folded := fold(clean)
	if a.names.folded[folded]++; a.names.folded[folded] == 2 {
		a.add(assay.ArchiveIrregular, "member %s differs from another only in case, Unicode form or dots and spaces at an end: they are one file on some systems", quoted(name))
	}
	return nil
}

// crowded is held while an archive is read that has many members, each of which is
// remembered to its end: only so many at a time, however many come at once. The others
// wait, and who sends them with them.
var crowded = make(chan struct{}, maxCrowded)

// crowd waits for its turn once the archive is crowded.
func (a *archive) crowd() {
	if a.names.taken++; !a.crowds && (a.names.taken > fewMembers || a.names.bytes > fewNames) {
		crowded <- struct{}{}
		a.crowds = true
	}
}

// cleanName returns a member's name as a path, and whether the name is nothing
// but that path in plain ASCII, with at most a slash behind it.
func cleanName(name string) (clean string, plain bool) {
	clean = strings.TrimSuffix(name, "/")
	if clean == "" || clean[0] == '/' {
		return path.Clean(name), false
	}
	start := 0
	for i := 0; i <= len(clean); i++ {
		if i < len(clean) && clean[i] != '/' {
			if c := clean[i]; c < 0x20 || c >= 0x7f || c == '\\' || c == ':' {
				return path.Clean(name), false
			}
			continue
		}
		if part := clean[start:i]; part == "" || part == "." || part == ".." {
			return path.Clean(name), false
		}
		start = i + 1
	}
	return clean, true
}

// checkName reports everything that is wrong with a name.
func (a *archive) checkName(name string, zip bool) {
	unsafe := func(what string) { a.add(assay.ArchiveUnsafeName, "member %s %s", quoted(name), what) }
	odd := func(what string) { a.add(assay.ArchiveIrregular, "member %s %s", quoted(name), what) }
	switch {
	case name == "":
		a.add(assay.ArchiveUnsafeName, "a member has an empty name")
		return
	case name[0] == '/':
		unsafe("has an absolute path")
	case len(name) >= 2 && name[1] == ':' && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z'):
		unsafe("begins with a drive letter")
	}
	if i := strings.IndexByte(name, ':'); i >= 0 && i != 1 {
		odd("has a colon in its name, which some systems do not have in names")
	}
	if strings.Contains(name, `\`) {
		unsafe("has a backslash in its name, which separates folders on some systems only")
	}
	var dot, empty bool
	for _, part := range strings.Split(strings.TrimSuffix(strings.TrimLeft(name, "/"), "/"), "/") {
		switch part {
		case "..":
			unsafe("leads out of its folder")
			return
		case ".":
			dot = true
		case "":
			empty = true
		}
	}
	if dot || empty {
		odd("has a path with empty or '.' parts")
	}
	if !utf8.ValidString(name) {
		if zip {
			a.add(assay.ArchiveAmbiguous, "member %s has a name that is not UTF-8", quoted(name))
		} else {
			odd("has a name that is not UTF-8")
		}
	}
	for _, c := range name {
		switch {
		case unicode.Is(unicode.Cc, c):
			unsafe("has a control character in its name")
			return
		case unicode.In(c, unicode.Cf, unicode.Co):
			odd("has an invisible character in its name")
			return
		}
	}
}

// fold returns a path as systems see it that tell apart neither letter case nor
// Unicode forms, or that drop dots and spaces at the end of a part (Windows).
func fold(clean string) string {
	if !ascii(clean) {
		clean = norm.NFC.String(clean)
	}
	clean = strings.ToLower(clean)
	if !strings.Contains(clean+"/", "./") && !strings.Contains(clean+"/", " /") {
		return clean
	}
	parts := strings.Split(clean, "/")
	for i := range parts {
		parts[i] = strings.TrimRight(parts[i], ". ")
	}
	return strings.Join(parts, "/")
}

// nested reports members that lie below a member that is no directory: what one
// reader refuses another one writes through. Links are looked for as all systems
// spell them.
func (a *archive) nested() {
	paths := make([]string, 0, len(a.names.exact))
	links := map[string]bool{}
	for name, kind := range a.names.exact {
		paths = append(paths, name)
		if kind == isLink {
			links[fold(name)] = true
		}
	}
	for _, name := range withBelow(paths) {
		if a.names.exact[name] == isFile {
			a.add(assay.ArchiveAmbiguous, "member %s is a file and has members below it", quoted(name))
		}
	}
	if len(links) == 0 {
		return
	}
	for i, name := range paths {
		paths[i] = fold(name)
	}
	for _, name := range withBelow(paths) {
		if links[name] {
			a.add(assay.ArchiveUnsafeName, "member %s is a link and has members below it", quoted(name))
		}
	}
}

// withBelow sorts paths and returns those that others lie below. With the slash
// before all other characters, what lies below a path follows it at once.
func withBelow(paths []string) []string {
	slices.SortFunc(paths, func(a, b string) int {
		n := min(len(a), len(b))
		for i := range n {
			switch x, y := a[i], b[i]; {
			case x == y:
			case x == '/':
				return -1
			case y == '/':
				return 1
			default:
				return int(x) - int(y)
			}
		}
		return len(a) - len(b)
	})
	paths = slices.Compact(paths)
	var out []string
	for i := 1; i < len(paths); i++ {
		if below, ok := strings.CutPrefix(paths[i], paths[i-1]); ok && below[0] == '/' {
			out = append(out, paths[i-1])
		}
	}
	return out
}
