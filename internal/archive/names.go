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
	folded := clean
	if !plain {
		folded = strings.ToLower(norm.NFC.String(clean))
	} else {
		folded = strings.ToLower(clean)
	}
	if a.names.folded[folded]++; a.names.folded[folded] == 2 {
		a.add(assay.ArchiveIrregular, "member %s differs from another only in case or Unicode form: they are one file on some systems", quoted(name))
	}
	return nil
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

// nested reports members that lie below a member that is no directory: what one
// reader refuses another one writes through.
func (a *archive) nested() {
	parents := map[string]bool{} // that were looked at
	var bad []string
	for name := range a.names.exact {
		for dir := path.Dir(name); dir != "." && dir != "/" && !parents[dir]; dir = path.Dir(dir) {
			parents[dir] = true
			if kind := a.names.exact[dir]; kind == isFile || kind == isLink {
				bad = append(bad, dir)
			}
		}
	}
	slices.Sort(bad)
	for _, dir := range bad {
		if a.names.exact[dir] == isLink {
			a.add(assay.ArchiveUnsafeName, "member %s is a link and has members below it", quoted(dir))
		} else {
			a.add(assay.ArchiveAmbiguous, "member %s is a file and has members below it", quoted(dir))
		}
	}
}
