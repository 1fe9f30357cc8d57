package sshsig

import (
	"fmt"
	"strings"
	"time"
)

// AllowedSigner is one line of an allowed signers file.
type AllowedSigner struct {
	// Principals are patterns of who may sign with the key; one with "!" in front
	// takes those it matches out again.
	Principals []string
	// Namespaces are patterns of what they may sign; nil: everything.
	Namespaces []string
	// CertAuthority: the key signs certificates, and no files itself.
	CertAuthority bool
	// ValidAfter and ValidBefore are the first and the last moment; zero: unbounded.
	ValidAfter, ValidBefore time.Time
	Key                     Key
	Line                    int
}

// Matches reports whether the line lets a principal sign with its key in a
// namespace at a time, by ssh-keygen's rules. A line for a certificate authority
// lets nobody: it is about certificates, which are not supported.
func (a AllowedSigner) Matches(principal, namespace string, at time.Time) bool {
	switch {
	case a.CertAuthority, a.Key.IsZero():
		return false
	case !matchList(principal, a.Principals):
		return false
	case a.Namespaces != nil && !matchList(namespace, a.Namespaces):
		return false
	case !a.ValidAfter.IsZero() && at.Before(a.ValidAfter):
		return false
	case !a.ValidBefore.IsZero() && at.After(a.ValidBefore):
		return false
	}
	return true
}

// matchList reports whether a text matches one of the patterns and none of those
// with "!" in front.
func matchList(text string, patterns []string) bool {
	if len(text) > maxSubject {
		return false
	}
	positive := false
	for _, p := range patterns {
		bare, negated := strings.CutPrefix(p, "!")
		if !match(text, bare) {
			continue
		}
		if negated {
			return false
		}
		positive = true
	}
	return positive
}

// match reports whether the whole text matches a pattern of "*", "?" and bytes
// that stand for themselves. It needs at most len(text)*len(pattern) steps.
func match(text, pattern string) bool {
	t, p := 0, 0
	star, from := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// ParseAllowedSigners reads an allowed signers file as ssh-keygen(1) describes it.
// Any line that cannot be read is an error with its number: what ssh-keygen passes
// over might have been the line with the limits.
func ParseAllowedSigners(data []byte) ([]AllowedSigner, error) {
	lines, err := split(data)
	if err != nil {
		return nil, err
	}
	var out []AllowedSigner
	for i, line := range lines {
		line = strings.Trim(line, " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		a, err := parseSigner(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if a.Line = i + 1; len(out) == maxSigners {
			return nil, malformed(fmt.Sprintf("line %d: there are more than the %d signers that are read", i+1, maxSigners))
		}
		out = append(out, a)
	}
	return out, nil
}

// parseSigner reads one line: principals, options if there are any, and the key.
func parseSigner(line string) (AllowedSigner, error) {
	var a AllowedSigner
	if len(line) > maxLine {
		return a, malformed(fmt.Sprintf("%d bytes are more than the %d that are read", len(line), maxLine))
	}
	principals, rest, err := cutPrincipals(line)
	if err != nil {
		return a, err
	}
	if a.Principals, err = patterns("the principals", principals); err != nil {
		return a, err
	}
	if kind, _ := field(rest); !keyTypes[kind] {
		end := optionsEnd(rest)
		if end < 0 {
			return a, malformed("a quote is not closed")
		}
		if err := a.options(rest[:end]); err != nil {
			if !strings.Contains(kind, "=") && strings.HasPrefix(unknownType(kind).Error(), "SSH cert") {
				err = unknownType(kind)
			}
			return a, err
		}
		rest = strings.TrimLeft(rest[end:], " \t")
	}
	if rest == "" {
		return a, malformed("there is no key")
	}
	a.Key, err = ParseKey(rest)
	return a, err
}

// cutPrincipals splits the first field off, which may be quoted as a whole.
func cutPrincipals(line string) (principals, rest string, err error) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		principals, rest, ok = strings.Cut(quoted, `"`)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
			return "", "", malformed("the quote around the principals is not closed")
		}
		rest = strings.TrimLeft(rest, " \t")
	} else {
		principals, rest = field(line)
	}
	if strings.Contains(principals, `"`) {
		return "", "", malformed("there is a quote inside of the principals")
	}
	return principals, rest, nil
}

// patterns splits a list of patterns at its commas.
func patterns(what, list string) ([]string, error) {
	out := strings.Split(list, ",")
	if len(out) > maxPatterns {
		return nil, malformed(fmt.Sprintf("%s are %d patterns, more than the %d that are read", what, len(out), maxPatterns))
	}
	for _, p := range out {
		if bare := strings.TrimPrefix(p, "!"); bare == "" || len(bare) > maxPattern {
			return nil, malformed(what + " have a pattern that is empty or too long")
		}
	}
	return out, nil
}

// optionsEnd returns where the options end: at the first space outside of quotes.
// It is negative where a quote is not closed.
func optionsEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case !quoted && (s[i] == ' ' || s[i] == '\t'):
			return i
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
		case s[i] == '"':
			quoted = !quoted
		}
	}
	if quoted {
		return -1
	}
	return len(s)
}

// options reads the options of a line, separated by commas.
func (a *AllowedSigner) options(s string) error {
	for {
		name, value, rest, err := cutOption(s)
		if err != nil {
			return err
		}
		if err := a.option(name, value); err != nil {
			return err
		}
		if rest == "" {
			break
		}
		if s = rest[1:]; s == "" {
			return malformed("the options end with a comma")
		}
	}
	if !a.ValidAfter.IsZero() && !a.ValidBefore.IsZero() && !a.ValidBefore.After(a.ValidAfter) {
		return malformed("valid-before is not after valid-after")
	}
	return nil
}

// cutOption splits NAME or NAME="VALUE" off; rest is empty or begins with a comma.
// A nil value means that there is none.
func cutOption(s string) (name string, value *string, rest string, err error) {
	end := strings.IndexAny(s, ",=\"")
	if end < 0 {
		return s, nil, "", nil
	}
	name, rest = s[:end], s[end:]
	if rest[0] == ',' {
		return name, nil, rest, nil
	}
	if !strings.HasPrefix(rest, `="`) {
		return "", nil, "", malformed("the value of an option is not in quotes")
	}
	var b strings.Builder
	for i := 2; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && i+1 < len(rest) && rest[i+1] == '"':
			i++
			b.WriteByte('"')
		case rest[i] == '"':
			text := b.String()
			if rest = rest[i+1:]; rest != "" && rest[0] != ',' {
				return "", nil, "", malformed("something follows the value of an option")
			}
			return name, &text, rest, nil
		default:
			b.WriteByte(rest[i])
		}
	}
	return "", nil, "", malformed("a quote is not closed")
}

// option takes one option in.
func (a *AllowedSigner) option(name string, value *string) error {
	lower := strings.ToLower(name)
	if lower == "cert-authority" && value == nil {
		a.CertAuthority = true
		return nil
	}
	twice := malformed(fmt.Sprintf("the option %s occurs twice", lower))
	var err error
	switch {
	case value == nil:
	case lower == "namespaces":
		if a.Namespaces != nil {
			return twice
		}
		a.Namespaces, err = patterns("the namespaces", *value)
		return err
	case lower == "valid-after":
		if !a.ValidAfter.IsZero() {
			return twice
		}
		a.ValidAfter, err = parseTime(*value, later)
		return err
	case lower == "valid-before":
		if !a.ValidBefore.IsZero() {
			return twice
		}
		a.ValidBefore, err = parseTime(*value, earlier)
		return err
	}
	return malformed(fmt.Sprintf("%.40q is neither an option of allowed signers nor a type of key", name))
}

func later(a, b time.Time) bool   { return a.After(b) }
func earlier(a, b time.Time) bool { return a.Before(b) }

// parseTime reads YYYYMMDD or YYYYMMDDHHMM[SS], in UTC with a Z (or UTC) behind
// it, else in the local time zone. There a time may stand for several moments:
// twice in the hour that summer time repeats, and OpenSSH's releases differ in
// whether a time in summer is written in summer time. Of these the one that
// narrows the line is taken: that is what prefer is for.
func parseTime(s string, prefer func(a, b time.Time) bool) (time.Time, error) {
	bad := malformed(fmt.Sprintf("%.40q is not a time, written as YYYYMMDD or YYYYMMDDHHMM[SS], with a Z for UTC", s))
	digits, utc := s, false
	for _, suffix := range []string{"Z", "UTC"} {
		if n := len(s) - len(suffix); !utc && n > 0 && strings.EqualFold(s[n:], suffix) {
			digits, utc = s[:n], true
		}
	}
	layout, ok := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}[len(digits)]
	if !ok || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, bad
	}
	wall, err := time.Parse(layout, digits)
	if err != nil || wall.Unix() <= 24*60*60 {
		return time.Time{}, bad // a time of nothing would be no bound at all
	}
	if utc {
		return wall, nil
	}
	best := time.Time{}
	for _, offset := range localOffsets(wall) {
		if t := wall.Add(-offset); best.IsZero() || prefer(t, best) {
			best = t
		}
	}
	return best.UTC(), nil
}

// localOffsets returns the offsets from UTC that a local time can be meant in:
// those around it, and those of the year's standard time.
func localOffsets(wall time.Time) []time.Duration {
	var out []time.Duration
	add := func(t time.Time) {
		_, seconds := t.Zone()
		out = append(out, time.Duration(seconds)*time.Second)
	}
	add(wall.Add(-26 * time.Hour).Local())
	add(wall.Add(26 * time.Hour).Local())
	for _, month := range []time.Month{time.January, time.July} {
		if t := time.Date(wall.Year(), month, 1, 0, 0, 0, 0, time.UTC).Local(); !t.IsDST() {
			add(t)
		}
	}
	return out
}
