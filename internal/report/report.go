// Package report renders decisions: one [Report], many renderers.
//
// A [Collector] is handed to the engine as its recorder and gathers the
// judgements; a Report is what it holds at the end, in a stable order.
//
//	c := report.NewCollector()
//	e := engine.New(engine.Config{…, Recorder: c})
//	…
//	r := c.Report("run")
//	err := r.WritePackages(os.Stderr, report.Text{Width: 100, Color: true})
//	err = r.WriteJSON(file)
//
// WritePackages is the text at the end of a run, a line for each package:
//
//	assay: 3 packages, 3 files looked at
//	  ✓ allowed    sampleproject 4.0.0  github:pypa/sampleproject@release.yml  pep740  2 years old
//	  ✓ allowed    1 package without attestations (bytes as listed): idna 3.11
//	  ✗ refused    foo 2.0
//	      the provenance is about another file [provenance.wrong-subject]
//	      hint: do not install it: …
//	assay: 1 package refused, 2 allowed
//
// WriteFiles is the text of a verification, a block for each file. WriteJSON
// holds everything that the texts are made from.
//
// Names, versions, identities and messages come from strangers. In a text all of
// them are made safe for a terminal: what is not printable, and in names what is
// not ASCII, appears as \u{202e}.
package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/engine"
)

// Report is what one command looked at and what it came to.
type Report struct {
	// Command is the verb: "verify", "run".
	Command string
	// Items are the files, ordered by project, version and file name.
	Items []Item
	// Skipped is what passed without being looked at.
	Skipped []Skipped
}

// Item is one file with the decision about it and all that led there.
type Item struct {
	Artifact assay.Artifact
	// SHA256 is the hex digest of the bytes where they were read, else the
	// promised one; empty where neither is known.
	SHA256 string
	// Size is the length of the bytes where they were read, else the promised
	// one; 0 where neither is known.
	Size int64
	// Read says that every byte came past, rather than a promise of them alone.
	Read     bool
	Decision assay.Decision
	Evidence []assay.Evidence
	// Inside is what was seen in the file, without its texts; nil where nobody
	// looked.
	Inside *assay.Inside
	// Time is when the file was judged.
	Time time.Time
}

// Skipped is something that passed without being looked at, such as a tunnelled
// host.
type Skipped struct {
	What  string
	Why   string
	Count int
}

// NewItem makes an item from a judgement.
func NewItem(j engine.Judgement) Item {
	item := Item{
		Artifact: j.Subject.Artifact,
		Size:     j.Subject.Artifact.Size,
		Decision: j.Decision,
		Evidence: j.Evidence,
		Time:     j.Time,
	}
	if d, ok := j.Subject.SHA256(); ok {
		item.SHA256 = d.Hex
	}
	if j.Subject.Content != nil {
		item.Size, item.Read = j.Subject.Content.Size, true
		item.Inside = withoutTexts(j.Subject.Content.Inside)
	}
	return item
}

// outcome is a decision as a report counts it, best first.
type outcome int

const (
	allowed outcome = iota
	warned
	undecided
	refused
)

func outcomeOf(d assay.Decision) outcome {
	switch {
	case d.Verdict == assay.Allow:
		return allowed
	case d.Verdict == assay.Warn:
		return warned
	case d.Undecided():
		return undecided
	}
	return refused // a verdict that is none fails closed
}

// Summary counts the items by what they came to. Undecided are those that were
// denied only because evidence was out of reach; they are not among the refused.
type Summary struct {
	Allowed   int `json:"allowed"`
	Warned    int `json:"warned"`
	Refused   int `json:"refused"`
	Undecided int `json:"undecided"`
}

func (s *Summary) count(o outcome) {
	switch o {
	case allowed:
		s.Allowed++
	case warned:
		s.Warned++
	case undecided:
		s.Undecided++
	default:
		s.Refused++
	}
}

// Summary counts the report's files.
func (r Report) Summary() Summary {
	var s Summary
	for _, item := range r.Items {
		s.count(outcomeOf(item.Decision))
	}
	return s
}

// The exit statuses that a summary leads to.
const (
	ExitAllowed   = 0
	ExitRefused   = 1
	ExitUndecided = 3
)

// Exit returns the exit status for a summary: refused before undecided before
// allowed.
func Exit(s Summary) int {
	switch {
	case s.Refused > 0:
		return ExitRefused
	case s.Undecided > 0:
		return ExitUndecided
	}
	return ExitAllowed
}

// publishers returns the claims that somebody signed, each identity and method
// once. Claims count only in evidence that is verified.
func (i Item) publishers() []assay.Claim {
	var out []assay.Claim
	for _, e := range i.Evidence {
		if e.State != assay.Verified {
			continue
		}
		for _, c := range e.Claims {
			same := func(o assay.Claim) bool { return o.Identity == c.Identity && o.Method == c.Method }
			if c.Identity != "" && !slices.ContainsFunc(out, same) {
				out = append(out, c)
			}
		}
	}
	return out
}

// bytesVerified reports whether the bytes were read and are the promised ones.
func (i Item) bytesVerified() bool {
	return slices.ContainsFunc(i.Evidence, func(e assay.Evidence) bool {
		return e.Verifier == "digest" && e.State == assay.Verified
	})
}

// reasons returns those that a text shows. What is refused or warned about shows
// all; what is allowed shows its notes, save those that repeat that evidence is
// absent, which the line itself says.
func (i Item) reasons() []assay.Reason {
	if i.Decision.Verdict != assay.Allow {
		return i.Decision.Reasons
	}
	absent := map[assay.Code]bool{}
	for _, e := range i.Evidence {
		for _, f := range e.Findings {
			if e.State == assay.Absent {
				absent[f.Code] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(i.Decision.Reasons), func(r assay.Reason) bool { return absent[r.Code] })
}

// compareItems orders by project, version, file name and index.
func compareItems(a, b Item) int {
	return cmp.Or(
		strings.Compare(string(a.Artifact.Ecosystem), string(b.Artifact.Ecosystem)),
		strings.Compare(a.Artifact.Project, b.Artifact.Project),
		compareNatural(a.Artifact.Version, b.Artifact.Version),
		strings.Compare(a.Artifact.Filename, b.Artifact.Filename),
		strings.Compare(a.Artifact.Index, b.Artifact.Index),
		strings.Compare(a.Artifact.URL, b.Artifact.URL),
		strings.Compare(a.SHA256, b.SHA256),
	)
}

// compareNatural compares strings with runs of digits taken as numbers, so that
// 1.9 comes before 1.10. It orders a display and decides nothing.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, y := leadingDigits(a), leadingDigits(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		a, b = a[len(x):], b[len(y):]
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}
