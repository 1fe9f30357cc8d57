package policy

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay"
	"assay/internal/pypi"
)

// The words of the keys that take one of a few.
var (
	modes            = map[string]assay.Mode{"enforce": assay.Enforce, "audit": assay.Audit}
	requirements     = map[string]assay.Requirement{"none": assay.RequireNothing, "remember": assay.Remember, "require": assay.RequireEvidence}
	sdistWords       = map[string]assay.Severity{"allow": assay.Note, "warn": assay.Warning, "deny": assay.Error}
	unavailableWords = map[string]assay.Severity{"refuse": assay.Error, "warn": assay.Warning}
	vcsWords         = map[string]assay.Severity{"allow": assay.Warning, "deny": assay.Error}
)

// word reads a key that takes one of a few words.
func word[T any](r *reader, e *entry, words map[string]T) opt[T] {
	known := sortedKeys(words)
	for i := range known {
		known[i] = strconv.Quote(known[i])
	}
	if e.value.kind != kindString {
		r.add(e.line, "%s is %s, not %s", e.key, listed(known, "or"), e.value.kind)
		return opt[T]{}
	}
	v, ok := words[e.value.text]
	switch {
	case ok:
		return opt[T]{v, r.origin(e.line)}
	case e.key == "sdist" && e.value.text == "build":
		r.add(e.line, `sdist = "build": assay has nothing to build in yet: "allow", "warn" or "deny"`)
	default:
		r.add(e.line, "%s is %s, not %s", e.key, listed(known, "or"), quoted(e.value.text))
	}
	return opt[T]{}
}

// text reads a string of at least one visible character, bounded.
func (r *reader) text(e *entry, v *value) string {
	switch {
	case v.kind != kindString:
		r.add(v.line, "%s is a string, not %s", e.key, v.kind)
	case strings.TrimSpace(v.text) == "":
		r.add(v.line, "%s is empty", e.key)
	case len(v.text) > maxText:
		r.add(v.line, "%s has %d bytes, the bound is %d", e.key, len(v.text), maxText)
	case hasControls(v.text):
		r.add(v.line, "%s holds a control character", e.key)
	default:
		return v.text
	}
	return ""
}

// values returns the values of a key that takes one or a list.
func (r *reader) values(e *entry) []*value {
	if e.value.kind != kindList {
		return []*value{&e.value}
	}
	if n := len(e.value.items); n > maxList {
		r.add(e.line, "%s has %d entries, the bound is %d", e.key, n, maxList)
		return nil
	}
	var out []*value
	for i := range e.value.items {
		out = append(out, &e.value.items[i])
	}
	if len(out) == 0 {
		r.add(e.line, "%s is an empty list: leave it out, or name at least one", e.key)
	}
	return out
}

// verdict reads the text of deny and warn; false lifts it.
func (r *reader) verdict(e *entry) opt[string] {
	if e.value.kind == kindBool && e.value.text == "false" {
		return opt[string]{"", r.origin(e.line)}
	}
	if e.value.kind != kindString {
		r.add(e.line, "%s is the text that is shown, or false, not %s", e.key, e.value.text)
		return opt[string]{}
	}
	return opt[string]{strings.Join(strings.Fields(r.text(e, &e.value)), " "), r.origin(e.line)}
}

var durations = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})([dh])$`)

// duration reads a number of days or hours: "3d", "12h".
func (r *reader) duration(e *entry) opt[time.Duration] {
	const form = `a number of days or hours, such as "3d" or "12h"`
	if e.value.kind != kindString {
		r.add(e.line, "%s is %s, not %s", e.key, form, e.value.kind)
		return opt[time.Duration]{}
	}
	m := durations.FindStringSubmatch(e.value.text)
	if m == nil {
		r.add(e.line, "%s is %s, not %s", e.key, form, quoted(e.value.text))
		return opt[time.Duration]{}
	}
	n, _ := strconv.Atoi(m[1]) // nine digits at most
	hours := n
	if m[2] == "d" {
		hours = 24 * n
	}
	if hours > 24*maxCooldown {
		r.add(e.line, "%s is longer than %d days", e.key, maxCooldown)
		return opt[time.Duration]{}
	}
	return opt[time.Duration]{time.Duration(hours) * time.Hour, r.origin(e.line)}
}

// require reads "any", "all" or a number from 1.
func (r *reader) require(e *entry) opt[int] {
	n, err := strconv.Atoi(e.value.text)
	switch {
	case e.value.kind == kindString && e.value.text == "any":
		return opt[int]{0, r.origin(e.line)}
	case e.value.kind == kindString && e.value.text == "all":
		return opt[int]{assay.RequireAll, r.origin(e.line)}
	case e.value.kind == kindInteger && err == nil && n >= 1 && n <= maxList:
		return opt[int]{n, r.origin(e.line)}
	}
	r.add(e.line, `%s is "any", "all" or a number from 1 to %d, not %s`, e.key, maxList, quoted(e.value.text))
	return opt[int]{}
}

// version reads a version (PEP 440) and returns its canonical form: 1.0 and 1.0.0
// are one.
func (r *reader) version(e *entry) string {
	text := r.text(e, &e.value)
	if text == "" {
		return ""
	}
	v, err := pypi.ParseVersion(text)
	if err != nil {
		r.add(e.line, "version: %v", err)
		return ""
	}
	return v.Canonical()
}

// until reads a date, and returns the end of that day in UTC.
func (r *reader) until(e *entry) time.Time {
	if e.value.kind == kindString {
		r.add(e.line, "until is a date without quotes, such as 2026-12-31")
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, e.value.text)
	if e.value.kind != kindDate || err != nil {
		r.add(e.line, "until is a date such as 2026-12-31, not %s", quoted(e.value.text))
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

// codes reads the reason codes of an exception.
func (r *reader) codes(e *entry) []assay.Code {
	if e.value.kind != kindList {
		r.add(e.line, `allow is a list of reason codes, such as ["cooldown.young"], not %s`, e.value.kind)
		return nil
	}
	var known, waivable []string
	for _, entry := range assay.Entries() {
		known = append(known, string(entry.Code))
		if entry.Code.Waivable() {
			waivable = append(waivable, string(entry.Code))
		}
	}
	var out []assay.Code
	for _, v := range r.values(e) {
		code := assay.Code(r.text(e, v))
		switch {
		case code == "":
		case !slices.Contains(known, string(code)):
			r.add(v.line, "allow: there is no reason %s: %s", quoted(string(code)), meant(strings.ReplaceAll(string(code), "-", "."), waivable))
		case !code.Waivable():
			r.add(v.line, "allow: %s says that something is broken, and no exception lifts that", code)
		default:
			out = append(out, code)
		}
	}
	return out
}

// indexes reads the beginnings of index URLs.
func (r *reader) indexes(e *entry) opt[[]string] {
	out := opt[[]string]{nil, r.origin(e.line)}
	for _, v := range r.values(e) {
		text := r.text(e, v)
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
			r.add(v.line, "index is the beginning of an index's URL, such as https://index.example/simple, not %s", quoted(shownURL(text)))
		case u.User != nil:
			r.add(v.line, "index carries a user or a password: leave them out")
		case strings.ContainsAny(text, "?#"): // no page lies below such a URL, and it may hold a token
			r.add(v.line, "index carries a query or a fragment: leave it out of %s", quoted(shownURL(text)))
		case climbs(text):
			r.add(v.line, "index has a segment that is \".\" or \"..\", or may be read as one: write out where %s leads", quoted(shownURL(text)))
		default:
			u.Host = strings.ToLower(u.Host)
			out.value = append(out.value, strings.TrimSuffix(u.String(), "/"))
		}
	}
	return out
}

// shownURL leaves out what may be a password or a token: all before an "@", and the
// query and the fragment. Where an "@" stands behind a "?", nobody knows which of the
// two is which.
func shownURL(s string) string {
	user, query := strings.LastIndexByte(s, '@'), strings.IndexAny(s, "?#")
	switch {
	case query >= 0 && query < user:
		return "…"
	case query >= 0:
		s = s[:query] + "…"
	}
	if user >= 0 {
		s = "…" + s[user:]
	}
	return s
}

var hostNames = regexp.MustCompile(`^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

// hosts reads patterns of hosts: "index.example", "*.example", with ":port" or
// without.
func (r *reader) hosts(e *entry) opt[[]string] {
	out := opt[[]string]{nil, r.origin(e.line)}
	if e.value.kind == kindList && len(e.value.items) == 0 {
		return out // none at all
	}
	for _, v := range r.values(e) {
		text := strings.ToLower(r.text(e, v))
		if text == "" {
			continue
		}
		if !isHostPattern(text) {
			r.add(v.line, `%s holds hosts, such as "index.example", "*.example" or "index.example:8080", not %s`, e.key, quoted(shownURL(text)))
			continue
		}
		out.value = append(out.value, text)
	}
	return out
}

func isHostPattern(s string) bool {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return false
		}
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		address, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && address.Is6() && address.Zone() == ""
	}
	return len(host) <= 253 && hostNames.MatchString(host)
}

// quoted quotes what was written, shortened.
func quoted(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
