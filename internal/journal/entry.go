package journal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"assay"
	"assay/internal/pypi"
)

// Kind says what an entry is about.
type Kind string

// The kinds of entries.
const (
	// Seen: a file was let through, with these bytes and from these publishers.
	Seen Kind = "seen"
	// Accept: a person accepts a change of a project until a day.
	Accept Kind = "accept"
	// Remove: a person takes something back: an acceptance, by its number in Target,
	// or else what was seen of a project or of one of its releases.
	Remove Kind = "remove"
	// Import: the entries that follow with the route "import" come from a file.
	Import Kind = "import"
	// Grant: a grant, a denial, an import of such or what is known of a key was changed:
	// Route says how ("granted", "denied", "removed", "imported", "lost", "refreshed", "withdrawn"),
	// Identity whose key, Origin where it is written or was learnt. It is the history of
	// trust.toml, and decides nothing: what holds is in that file.
	Grant Kind = "grant"
	// Repair: a damaged journal was set aside, and what was sound of it follows.
	Repair Kind = "repair"
)

// RouteImport is the route of what was not seen here but imported.
const RouteImport = "import"

// Entry is one line of the journal. Which fields are set depends on its kind.
type Entry struct {
	// Seq counts the lines from 1, and Time is when the line was written.
	Seq  int64
	Time time.Time
	Kind Kind

	// Project is the normalised name; empty for Import and Repair, and for a Grant that is
	// about all projects or about a key. Version is in
	// normal form; Accept and Remove are about every version without one.
	Project string
	Version string

	// What was seen: the file, the index's page that offered it, its bytes, when the
	// index says that it was uploaded (zero where it does not), and who signed it.
	Filename   string
	Index      string
	SHA256     string // 64 hexadecimal digits in lower case
	Size       int64  // bytes, 0 where unknown
	Uploaded   time.Time
	Publishers []assay.Identity
	// Waived says that it was let through in spite of what was remembered then.
	Waived bool
	// First is when whoever exported it first saw or accepted it; zero for what is of
	// here.
	First time.Time
	// Route is by which command it came: "run", "verify", "import".
	Route string

	// What is accepted: these codes, of this publisher where Identity (a pattern of
	// [assay.Publisher]) is set, until Until, a moment that is no longer part of it.
	Identity string
	Codes    []assay.Code
	Until    time.Time

	// Target is the number of the acceptance that is taken back, or 0.
	Target int64
	// Origin is the name of the imported file, or of the journal set aside; SHA256 is
	// its digest.
	Origin string
	// Reason is why, in a person's words.
	Reason string
	// By is who: the user's name, or for Seen the program with its version.
	By string
}

// key names the file that was seen.
func (e *Entry) key() assay.FileKey { return assay.FileKey{Index: e.Index, Filename: e.Filename} }

// Waiver is the acceptance as decisions take it.
func (e Entry) Waiver() assay.Waiver {
	return assay.Waiver{Codes: e.Codes, Version: e.Version, Identity: e.Identity, Until: e.Until, Reason: e.Reason,
		Origin: "by " + e.By + " on " + e.firstSeen().UTC().Format(time.DateOnly)}
}

// LatestEnd is when an acceptance that is made now must have ended.
func LatestEnd(now time.Time) time.Time { return now.Add(maxAcceptance) }

// firstSeen is when the file was first let through, or the change accepted, here or
// by whoever exported it.
func (e *Entry) firstSeen() time.Time {
	if !e.First.IsZero() && e.First.Before(e.Time) {
		return e.First
	}
	return e.Time
}

// check says what keeps an entry from being written: the same that keeps a line
// from being read.
func (e Entry) check() error {
	for _, text := range []string{string(e.Kind), e.Project, e.Version, e.Filename, e.Index, e.Route, e.Identity, e.Origin, e.Reason, e.By} {
		if err := checkText(text); err != nil {
			return err
		}
	}
	switch {
	case len(e.Publishers) > maxPublishers:
		return fmt.Errorf("it names %d publishers, more than %d", len(e.Publishers), maxPublishers)
	case len(e.Codes) > maxCodes:
		return fmt.Errorf("it names %d codes, more than %d", len(e.Codes), maxCodes)
	case e.Size < 0 || e.Seq < 0 || e.Target < 0:
		return errors.New("a number is negative")
	case e.SHA256 != "" && !isSHA256(e.SHA256):
		return errors.New("sha256 is not 64 hexadecimal digits in lower case")
	}
	for _, p := range e.Publishers {
		if p.Name == "" {
			return errors.New("a publisher has no name")
		}
		for _, text := range []string{p.Name, p.RepositoryID, p.OwnerID} {
			if err := checkText(text); err != nil {
				return err
			}
		}
	}
	return e.checkKind()
}

func (e Entry) checkKind() error {
	if e.Kind == Seen || e.Kind == Accept || e.Kind == Remove {
		if name, err := pypi.NormalizeName(e.Project); err != nil || name != e.Project {
			return fmt.Errorf("%q is not a normalised project name", e.Project)
		}
	}
	if e.Kind == Grant && e.Project != "" {
		if name, err := pypi.NormalizeName(e.Project); err != nil || name != e.Project {
			return fmt.Errorf("%q is not a normalised project name", e.Project)
		}
	}
	if e.Version != "" || e.Kind == Seen {
		if v, err := pypi.ParseVersion(e.Version); err != nil || v.String() != e.Version {
			return fmt.Errorf("%q is not a version in normal form", e.Version)
		}
	}
	switch e.Kind {
	case Seen:
		if e.Filename == "" || e.Index == "" || e.SHA256 == "" || e.Route == "" {
			return errors.New("a file that was seen needs a name, an index, a digest and a route")
		}
	case Accept:
		if len(e.Codes) == 0 || e.Until.IsZero() || e.Reason == "" || e.By == "" {
			return errors.New("an acceptance needs codes, a last day, a reason and who accepts")
		}
		if i := slices.IndexFunc(e.Codes, func(c assay.Code) bool { return !c.Waivable() }); i >= 0 {
			return fmt.Errorf("%s cannot be accepted", e.Codes[i])
		}
	case Remove:
		if e.Reason == "" || e.By == "" {
			return errors.New("to remove something needs a reason and who does it")
		}
	case Grant:
		if e.Route == "" || e.Identity == "" && e.SHA256 == "" || e.Origin == "" || e.Reason == "" || e.By == "" {
			return errors.New("a change of grants needs what was changed, whose, where, a reason and who does it")
		}
	case Import, Repair:
		if e.Origin == "" || e.SHA256 == "" {
			return errors.New("it needs the file's name and its digest")
		}
	default:
		return fmt.Errorf("%w: an entry of the kind %q", ErrNewer, e.Kind)
	}
	return nil
}

// checkText says why a text may not stand in the journal: it would be shown on
// terminals.
func checkText(s string) error {
	switch {
	case len(s) > maxText:
		return fmt.Errorf("a text has %d bytes, more than %d", len(s), maxText)
	case plain(s):
		return nil
	case !utf8.ValidString(s):
		return errors.New("a text is not UTF-8")
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("a text holds a character that cannot be printed")
	}
	return nil
}

// plain reports whether a text is printable ASCII, as nearly all are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func isSHA256(s string) bool {
	if len(s) != hex.EncodedLen(hashSize) {
		return false
	}
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }
