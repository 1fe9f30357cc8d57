package gitobject

import (
	"strconv"
	"strings"
	"time"
)

// Ident is who made a tag or commit, and when: what they say, not what is known.
type Ident struct {
	Name  string // may be empty, and need not be UTF-8
	Email string // without angle brackets; need not be an address
	Time  time.Time
}

// Identify reads the value of a header tagger, author or committer, such as
// "Ann <ann@example.invalid> 1700000000 +0100". Errors wrap [ErrIdent].
func Identify(s string) (Ident, error) {
	if len(s) > maxIdent {
		return Ident{}, failed(ErrIdent, "an identity of %d bytes is larger than %d", len(s), maxIdent)
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return Ident{}, failed(ErrIdent, "the identity %s contains a control character", shown([]byte(s)))
		}
	}
	name, rest, opened := strings.Cut(s, "<")
	email, rest, closed := strings.Cut(rest, ">")
	when, zone, spaced := strings.Cut(strings.TrimPrefix(rest, " "), " ")
	if !opened || !closed || !spaced || !strings.HasPrefix(rest, " ") || strings.Contains(name, ">") || strings.Contains(email, "<") ||
		name != "" && !strings.HasSuffix(name, " ") {
		return Ident{}, failed(ErrIdent, "the identity %s is not \"name <email> seconds zone\"", shown([]byte(s)))
	}
	seconds, ok := digits(when)
	if !ok || seconds > maxTime || len(when) > 1 && when[0] == '0' {
		return Ident{}, failed(ErrIdent, "%s is not a number of seconds since 1970", shown([]byte(when)))
	}
	if len(zone) != 5 || zone[0] != '+' && zone[0] != '-' {
		return Ident{}, failed(ErrIdent, "%s is not a time zone", shown([]byte(zone)))
	}
	hours, ok1 := digits(zone[1:3])
	minutes, ok2 := digits(zone[3:])
	if !ok1 || !ok2 || hours > 14 || minutes > 59 {
		return Ident{}, failed(ErrIdent, "%s is not a time zone", shown([]byte(zone)))
	}
	offset := int(hours*60+minutes) * 60
	if zone[0] == '-' {
		offset = -offset
	}
	return Ident{
		Name: strings.TrimSuffix(name, " "), Email: email,
		Time: time.Unix(seconds, 0).In(time.FixedZone(zone, offset)),
	}, nil
}

// digits reads a number of nothing but digits.
func digits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
