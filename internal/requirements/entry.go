package requirements

import (
	"fmt"
	"regexp"
	"strings"
)

// Kind is what an entry asks for.
type Kind int

// The kinds.
const (
	Name          Kind = iota // a project by its name: an index is asked
	Direct                    // a file by its URL
	VCS                       // a checkout by a version control system
	Local                     // a file or folder of this computer
	Editable                  // a folder that is installed in place
	Include                   // -r
	Constraint                // -c
	IndexURL                  // -i, --index-url
	ExtraIndexURL             // --extra-index-url
	FindLinks                 // -f, --find-links
	NoIndex                   // --no-index
	TrustedHost               // --trusted-host
)

var kindNames = [...]string{"name", "direct", "vcs", "local", "editable", "include", "constraint", "index-url", "extra-index-url",
	"find-links", "no-index", "trusted-host"}

// String returns the kind's name.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kindNames[k]
}

// Entry is one line's meaning.
type Entry struct {
	Kind       Kind
	Project    string // in front of "@", as it was written; empty where none is named
	Value      string // the URL, path, host or requirement; it may carry credentials
	File       string // the file that it stands in
	Line       int    // the line at which it begins, from 1
	Constraint bool   // it only narrows what others ask for
}

// Error means that a file cannot be read without doubt.
type Error struct {
	File   string
	Line   int // 0: the whole file
	Detail string
}

// Error returns "FILE:LINE: DETAIL".
func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Detail)
	}
	return e.File + ": " + e.Detail
}

var (
	named   = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*@\s*(\S.*)$`)
	scheme  = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`)
	vcs     = regexp.MustCompile(`(?i)^(?:(?:git|hg|svn|bzr)\+|(?:git|ssh|hg|svn|bzr|sftp)://|git@)`)
	archive = regexp.MustCompile(`(?i)\.(whl|zip|tgz|tar|tbz|txz|tlz|tar\.(gz|bz2|xz|lz|lzma))$`)
	bracket = regexp.MustCompile(`^(.+?)\[[^\]]*\]$`)
	marker  = regexp.MustCompile(`\s;|;\s`)
	drive   = regexp.MustCompile(`^[A-Za-z]:[\\/]`)
)

// Classify says what a requirement, as on a command line, asks for. A name with
// its versions is a [Name]; whether a path exists is not looked at.
func Classify(text string) Entry {
	text = strings.TrimSpace(text)
	if m := named.FindStringSubmatch(text); m != nil && !vcs.MatchString(text) {
		e := locate(m[2])
		if e.Kind == Name {
			e.Kind = Local // "name @ ./folder", which uv takes
		}
		e.Project = m[1]
		return e
	}
	return locate(text)
}

// locate classifies what stands behind "@", or alone.
func locate(text string) Entry {
	place := text
	if at := marker.FindStringIndex(text); at != nil {
		place = strings.TrimSpace(text[:at[0]])
	}
	switch m := scheme.FindStringSubmatch(place); {
	case vcs.MatchString(place):
		return Entry{Kind: VCS, Value: place}
	case m != nil && !drive.MatchString(place) && strings.EqualFold(m[1], "file"):
		return Entry{Kind: Local, Value: place}
	case m != nil && !drive.MatchString(place) && (strings.Contains(place, "://") || strings.EqualFold(m[1], "http") || strings.EqualFold(m[1], "https")):
		return Entry{Kind: Direct, Value: place}
	}
	bare, _, _ := strings.Cut(place, ";")
	if m := bracket.FindStringSubmatch(strings.TrimSpace(bare)); m != nil {
		bare = m[1] // a path with extras
	}
	bare = strings.TrimSpace(bare)
	if strings.HasPrefix(bare, ".") || strings.HasPrefix(bare, "~/") || strings.ContainsAny(bare, `/\`) || archive.MatchString(bare) {
		return Entry{Kind: Local, Value: bare}
	}
	return Entry{Kind: Name, Value: text}
}
