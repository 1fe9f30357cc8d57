package assay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict is what a decision comes to.
type Verdict string

// The verdicts.
const (
	Allow Verdict = "allow"
	Warn  Verdict = "warn"
	Deny  Verdict = "deny"
)

// Decision is a verdict with every reason for it, most severe first.
type Decision struct {
	Verdict Verdict
	Reasons []Reason
	// Waived says that the file was not held to who published the project before, or
	// is let through in spite of what that says. Nobody becomes known by it.
	Waived bool
}

// Reason is one reason, ready to be shown: Message is one plain sentence
// without a full stop, Hint names the next command or step.
type Reason struct {
	Code     Code
	Severity Severity
	Message  string
	Hint     string
}

// Undecided reports whether the decision is a denial only because evidence was
// out of reach: nothing was found to be wrong.
func (d Decision) Undecided() bool {
	if d.Verdict != Deny {
		return false
	}
	for _, r := range d.Reasons {
		if r.Severity == Error && !r.Code.outOfReach() {
			return false
		}
	}
	return true
}

// OfFileAlone reports whether the decision refuses a file for being what it is,
// which says nothing about the other files of its release: where source
// distributions are not wanted, the wheels beside them are. What is not in a lock was
// not asked for, whatever else is wrong with it.
func (d Decision) OfFileAlone() bool {
	return d.Verdict == Deny && (d.outside() || d.only(Code.ofFileAlone))
}

// outside reports whether the file is not in the lock.
func (d Decision) outside() bool {
	return slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.Code == LockOutside && r.Severity == Error })
}

// ofFileAlone reports whether a reason says nothing about the other files of a
// release. A lock's identities are for each file that is used.
func (c Code) ofFileAlone() bool {
	return c == SdistUnwanted || c == LockOutside || c == LockOtherIdentity
}

// OfRelease reports whether the decision refuses a file in a way that says something
// about the other files of its release, and will go on to: not for being of a kind
// that is not wanted, nor for lack of an answer.
func (d Decision) OfRelease() bool {
	return d.Verdict == Deny && !d.outside() && !d.only(func(c Code) bool { return c.ofFileAlone() || c.outOfReach() })
}

// OfIndex reports whether the decision refuses a file for what one index says of it,
// or for that index itself: another one may offer the same release.
func (d Decision) OfIndex() bool {
	return d.Verdict == Deny && d.only(func(c Code) bool {
		return c == IndexOther || c == ProjectQuarantined || c == CooldownYoung || c == CooldownUnknownAge || c == SdistUnwanted || c.outOfReach()
	})
}

// only reports whether every reason that refuses is one of these.
func (d Decision) only(these func(Code) bool) bool {
	for _, r := range d.Reasons {
		if r.Severity == Error && !these(r.Code) {
			return false
		}
	}
	return true
}

// Main returns the reason that a person should read first, and false where
// there is none.
func (d Decision) Main() (Reason, bool) {
	if len(d.Reasons) == 0 {
		return Reason{}, false
	}
	return d.Reasons[0], true
}

// clockTolerance is how far a time stamped by somebody else may lie ahead of
// now before the clock is mentioned.
const clockTolerance = 10 * time.Minute

// Decide judges the evidence about an artifact. It is pure: the same arguments
// give the same decision. Every reason is returned, not only the first.
//
// What keys have signed counts as far as grants let them speak for the project.
// Invalid evidence denies. Unavailable evidence does what the rules say. Absent
// evidence is noted, and a file of which there is no evidence at all warns or,
// where the rules require evidence, is denied. Evidence without a state denies:
// it is a verifier's bug, and bugs fail closed. Then what was remembered of the
// project, and what the rules say of it, are held against what was found.
//
// What the rules refuse, rather than what is broken, is a warning under a waiver
// and in audit mode.
func Decide(rules Rules, a Artifact, evidence []Evidence, memory Memory, now time.Time) Decision {
	b := builder{artifact: a}
	claims, troubled := b.allEvidence(rules, evidence)
	for _, c := range claims {
		if c.Time.After(now.Add(clockTolerance)) {
			b.add(ClockBehind, fmt.Sprintf("the signature is from %s, the clock says %s",
				c.Time.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
		}
	}
	s := b.granted(rules, claims, evidence, memory, now)
	identified := s.vouched || slices.ContainsFunc(s.counted, func(c Claim) bool { return c.Identity != "" })
	switch {
	case s.pending:
	case rules.Evidence == RequireEvidence && !identified:
		b.add(EvidenceRequired, "")
	case len(s.counted) == 0 && !s.vouched && !s.faulty && !troubled:
		b.add(EvidenceNone, "")
	}
	b.bytesBefore(claims, memory)
	if rules.Evidence != RequireNothing && !troubled {
		b.continuity(s, memory)
	} else {
		b.waived = true // nobody becomes known by what was compared with nothing
	}
	if !s.pending {
		b.publishers(rules, s.counted)
	}
	if !s.pending || !rules.Tentative {
		b.listed(rules, now)
	}
	if a.UploadTime.After(now.Add(clockTolerance)) {
		b.add(ClockBehind, fmt.Sprintf("the file is from %s, the clock says %s",
			a.UploadTime.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
	}
	if a.Yanked {
		b.add(FileYanked, a.YankReason)
	}
	b.standing()
	b.waive(rules, claims, memory, now, false)
	return b.decision()
}

// standing adds what the index says of the project as a whole.
func (b *builder) standing() {
	if code, ok := b.artifact.Standing.code(); ok {
		b.add(code, b.artifact.Standing.Reason)
	}
}

// DecideListed judges what an index says of a file, before any evidence is asked
// for: its age, its kind, and the index itself. It denies only what [Decide]
// would deny whatever the evidence.
func DecideListed(rules Rules, a Artifact, memory Memory, now time.Time) Decision {
	if rules.Tentative {
		return Decision{Verdict: Allow}
	}
	b := builder{artifact: a}
	b.listed(rules, now)
	if len(b.reasons) == 0 {
		return Decision{Verdict: Allow}
	}
	b.waive(rules, nil, memory, now, true)
	return b.decision()
}

// Refuse makes the decision that denies an artifact for one reason found
// outside of any evidence: a page that lists it twice, another file of its
// release.
func Refuse(a Artifact, code Code, detail string) Decision {
	b := builder{artifact: a}
	b.addAs(code, detail, Error)
	return b.decision()
}

// Remark makes the decision that notes one thing found outside of any evidence,
// with the severity that its code usually has.
func Remark(a Artifact, code Code, detail string) Decision {
	b := builder{artifact: a}
	b.add(code, detail)
	return b.decision()
}

// DecideFindings judges what was found about a file outside of any evidence, such as
// by a lock file that names it: each finding weighs what its code does, under the
// waivers of the rules and of memory.
func DecideFindings(rules Rules, a Artifact, findings []Finding, claims []Claim, memory Memory, now time.Time) Decision {
	b := builder{artifact: a}
	for _, f := range findings {
		b.add(f.Code, f.Detail)
	}
	b.waive(rules, claims, memory, now, false)
	return b.decision()
}

// Join adds the reasons of other to the decision's and takes the worse verdict.
func (d Decision) Join(other Decision) Decision {
	b := builder{reasons: append(append([]Reason(nil), d.Reasons...), other.Reasons...), waived: d.Waived || other.Waived}
	return b.decision()
}

// builder collects reasons.
type builder struct {
	artifact Artifact
	reasons  []Reason
	waived   bool // see Decision
}

// allEvidence adds what the evidence says, and returns the claims that hold and
// whether there is evidence that does not, or could not be asked for. Evidence
// without claims is sound and ties the file to nobody: whoever made the file made
// what is inside of it.
func (b *builder) allEvidence(rules Rules, evidence []Evidence) (claims []Claim, troubled bool) {
	for _, e := range evidence {
		b.evidence(rules, e)
		troubled = troubled || e.State != Verified && e.State != Absent && e.State != Pending
		switch {
		case e.State != Verified:
		case claims == nil:
			claims = slices.Clip(e.Claims) // the evidence stays as it is
		default:
			claims = append(claims, e.Claims...)
		}
	}
	return claims, troubled
}

func (b *builder) evidence(rules Rules, e Evidence) {
	refused := false
	for _, f := range e.Findings {
		severity := f.Code.entry().Severity
		if e.State == Unavailable && f.Code.outOfReach() {
			severity = rules.OnUnavailable
		}
		b.addKey(f.Code, f.Detail, severity, e.Verifier)
		refused = refused || severity == Error
	}
	switch e.State {
	case Verified, Absent, Pending:
	case Invalid:
		if !refused {
			b.add(EvidenceInvalid, "the "+e.Verifier+" evidence does not hold")
		}
	case Unavailable:
		if len(e.Findings) == 0 {
			b.addAs(EvidenceUnavailable, "the "+e.Verifier+" evidence could not be asked for", rules.OnUnavailable)
		}
	default:
		b.add(EvidenceInvalid, "the "+e.Verifier+" verifier came to no result")
	}
}

func (b *builder) add(code Code, detail string) {
	entry := code.entry()
	b.addEntry(code, entry, detail, entry.Severity)
}

func (b *builder) addAs(code Code, detail string, severity Severity) {
	b.addEntry(code, code.entry(), detail, severity)
}

// addKey is addAs for what is about a key of a scheme ("openpgp", "ssh", "jws"): the hint says
// how to grant one of that.
func (b *builder) addKey(code Code, detail string, severity Severity, scheme string) {
	entry := code.entry()
	switch scheme {
	case "ssh":
		entry.Hint = strings.NewReplacer("--openpgp FILE", "--ssh FILE", "--openpgp FINGERPRINT", "--ssh FINGERPRINT").Replace(entry.Hint)
	case "jws":
		entry.Hint = strings.NewReplacer("--openpgp FILE", "--jws KEY", "--openpgp FINGERPRINT", "--jws KEY").Replace(entry.Hint)
	}
	b.addEntry(code, entry, detail, severity)
}

func (b *builder) addEntry(code Code, entry Entry, detail string, severity Severity) {
	message := entry.Text
	if detail != "" {
		message += ": " + clean(detail)
	}
	b.reasons = append(b.reasons, Reason{Code: code, Severity: severity, Message: b.fill(message), Hint: b.fill(entry.Hint)})
}

// fill puts what the artifact is called in the place of the names in braces. A
// refused page has thousands of reasons: a strings.Replacer made for each would be
// most of what they cost.
func (b *builder) fill(text string) string {
	if strings.IndexByte(text, '{') < 0 {
		return text
	}
	var out strings.Builder
	out.Grow(len(text) + len(b.artifact.Project) + len(b.artifact.Version) + len(b.artifact.Filename))
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "{project}=={version}"); ok {
			out.WriteString(b.release())
			text = rest
		} else if rest, ok := strings.CutPrefix(text, "{project}"); ok {
			out.WriteString(clean(b.artifact.Project))
			text = rest
		} else if rest, ok := strings.CutPrefix(text, "{version}"); ok {
			out.WriteString(clean(b.artifact.Version))
			text = rest
		} else if rest, ok := strings.CutPrefix(text, "{filename}"); ok {
			out.WriteString(clean(cmp.Or(b.artifact.Filename, b.artifact.Project)))
			text = rest
		} else {
			next := strings.IndexByte(text[1:], '{') + 1
			if next == 0 {
				next = len(text)
			}
			out.WriteString(text[:next])
			text = text[next:]
		}
	}
	return out.String()
}

// release is how a hint's command names the artifact's release.
func (b *builder) release() string {
	if b.artifact.Version == "" {
		return "NAME==VERSION"
	}
	return clean(b.artifact.Release().String())
}

// decision orders the reasons by severity, drops repeated ones and derives the
// verdict.
func (b *builder) decision() Decision {
	d := Decision{Verdict: Allow, Waived: b.waived}
	if len(b.reasons) > 0 {
		d.Reasons = make([]Reason, 0, len(b.reasons))
	}
	var seen map[Reason]bool // where there are so many that looking at each takes longer
	if len(b.reasons) > fewReasons {
		seen = make(map[Reason]bool, len(b.reasons))
	}
	for _, level := range [...]Severity{Error, Warning, Note} {
		for _, r := range b.reasons {
			if r.Severity != level || seen[r] || seen == nil && slices.Contains(d.Reasons, r) {
				continue
			}
			if seen != nil {
				seen[r] = true
			}
			d.Reasons = append(d.Reasons, r)
		}
	}
	if len(d.Reasons) > 0 {
		switch d.Reasons[0].Severity {
		case Error:
			d.Verdict = Deny
		case Warning:
			d.Verdict = Warn
		}
	}
	return d
}

// fewReasons are compared with each other faster than by a map.
const fewReasons = 16

// maxDetail bounds a detail in bytes: details quote what strangers wrote.
const maxDetail = 400

// clean makes a detail safe to print on a terminal, in a status line and in a
// log: no control characters, no line breaks, bounded. It is in what installers
// print too, where build servers take "##[" for the beginning of a command.
func clean(s string) string {
	if len(s) <= maxDetail && isPlain(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029',
			r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\ufeff', r == '\ufffd':
			return -1
		}
		return r
	}, s)
	for strings.Contains(s, "##") {
		s = strings.ReplaceAll(s, "##", "# #")
	}
	if len(s) > maxDetail {
		cut := maxDetail
		for cut > 0 && s[cut]&0xc0 == 0x80 {
			cut--
		}
		s = s[:cut] + "…"
	}
	return s
}

// isPlain reports whether a text is printable ASCII, as nearly all are.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f || s[i] == '#' && i > 0 && s[i-1] == '#' {
			return false
		}
	}
	return true
}
