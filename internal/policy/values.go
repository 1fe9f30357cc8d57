package policy

import (
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
	"assay/internal/signature"

	"assay/internal/tomlfile"
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
func word[T any](r *reader, e *tomlfile.Entry, words map[string]T) opt[T] {
	known := sortedKeys(words)
	for i := range known {
		known[i] = strconv.Quote(known[i])
	}
	if e.Value.Kind != tomlfile.String {
		r.Add(e.Line, "%s is %s, not %s", e.Key, tomlfile.Listed(known, "or"), e.Value.Kind)
		return opt[T]{}
	}
	v, ok := words[e.Value.Text]
	switch {
	case ok:
		return opt[T]{v, r.origin(e.Line)}
	case e.Key == "sdist" && e.Value.Text == "build":
		r.Add(e.Line, `sdist = "build": assay has nothing to build in yet: "allow", "warn" or "deny"`)
	default:
		r.Add(e.Line, "%s is %s, not %s", e.Key, tomlfile.Listed(known, "or"), tomlfile.Quoted(e.Value.Text))
	}
	return opt[T]{}
}

// text reads a string of at least one visible character, bounded.
func (r *reader) text(e *tomlfile.Entry, v *tomlfile.Value) string {
	switch {
	case v.Kind != tomlfile.String:
		r.Add(v.Line, "%s is a string, not %s", e.Key, v.Kind)
	case strings.TrimSpace(v.Text) == "":
		r.Add(v.Line, "%s is empty", e.Key)
	case len(v.Text) > maxText:
		r.Add(v.Line, "%s has %d bytes, the bound is %d", e.Key, len(v.Text), maxText)
	case tomlfile.HasControls(v.Text):
		r.Add(v.Line, "%s holds a control character", e.Key)
	default:
		return v.Text
	}
	return ""
}

// verdict reads the text of deny and warn; false lifts it.
func (r *reader) verdict(e *tomlfile.Entry) opt[string] {
	if e.Value.Kind == tomlfile.Bool && e.Value.Text == "false" {
		return opt[string]{"", r.origin(e.Line)}
	}
	if e.Value.Kind != tomlfile.String {
		r.Add(e.Line, "%s is the text that is shown, or false, not %s", e.Key, e.Value.Text)
		return opt[string]{}
	}
	return opt[string]{strings.Join(strings.Fields(r.text(e, &e.Value)), " "), r.origin(e.Line)}
}

var durations = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})([dh])$`)

// duration reads a number of days or hours: "3d", "12h".
func (r *reader) duration(e *tomlfile.Entry) opt[time.Duration] {
	const form = `a number of days or hours, such as "3d" or "12h"`
	if e.Value.Kind != tomlfile.String {
		r.Add(e.Line, "%s is %s, not %s", e.Key, form, e.Value.Kind)
		return opt[time.Duration]{}
	}
	m := durations.FindStringSubmatch(e.Value.Text)
	if m == nil {
		r.Add(e.Line, "%s is %s, not %s", e.Key, form, tomlfile.Quoted(e.Value.Text))
		return opt[time.Duration]{}
	}
	n, _ := strconv.Atoi(m[1]) // nine digits at most
	hours := n
	if m[2] == "d" {
		hours = 24 * n
	}
	if hours > 24*maxCooldown {
		r.Add(e.Line, "%s is longer than %d days", e.Key, maxCooldown)
		return opt[time.Duration]{}
	}
	return opt[time.Duration]{time.Duration(hours) * time.Hour, r.origin(e.Line)}
}

// require reads "any", "all" or a number from 1.
func (r *reader) require(e *tomlfile.Entry) opt[int] {
	n, err := strconv.Atoi(e.Value.Text)
	switch {
	case e.Value.Kind == tomlfile.String && e.Value.Text == "any":
		return opt[int]{0, r.origin(e.Line)}
	case e.Value.Kind == tomlfile.String && e.Value.Text == "all":
		return opt[int]{assay.RequireAll, r.origin(e.Line)}
	case e.Value.Kind == tomlfile.Integer && err == nil && n >= 1 && n <= maxList:
		return opt[int]{n, r.origin(e.Line)}
	}
	r.Add(e.Line, `%s is "any", "all" or a number from 1 to %d, not %s`, e.Key, maxList, tomlfile.Quoted(e.Value.Text))
	return opt[int]{}
}

// version reads a version (PEP 440) and returns its canonical form: 1.0 and 1.0.0
// are one.
func (r *reader) version(e *tomlfile.Entry) string {
	text := r.text(e, &e.Value)
	if text == "" {
		return ""
	}
	v, err := pypi.ParseVersion(text)
	if err != nil {
		r.Add(e.Line, "version: %v", err)
		return ""
	}
	return v.Canonical()
}

// until reads a date, and returns the end of that day in UTC.
func (r *reader) until(e *tomlfile.Entry) time.Time {
	if e.Value.Kind == tomlfile.String {
		r.Add(e.Line, "until is a date without quotes, such as 2026-12-31")
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, e.Value.Text)
	if e.Value.Kind != tomlfile.Date || err != nil {
		r.Add(e.Line, "until is a date such as 2026-12-31, not %s", tomlfile.Quoted(e.Value.Text))
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

// codes reads the reason codes of an exception.
func (r *reader) codes(e *tomlfile.Entry) []assay.Code {
	if e.Value.Kind != tomlfile.List {
		r.Add(e.Line, `allow is a list of reason codes, such as ["cooldown.young"], not %s`, e.Value.Kind)
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
	for _, v := range r.Values(e, maxList) {
		code := assay.Code(r.text(e, v))
		switch {
		case code == "":
		case !slices.Contains(known, string(code)):
			r.Add(v.Line, "allow: there is no reason %s: %s", tomlfile.Quoted(string(code)), tomlfile.Meant(strings.ReplaceAll(string(code), "-", "."), waivable))
		case !code.Waivable():
			r.Add(v.Line, "allow: %s says that something is broken, and no exception lifts that", code)
		default:
			out = append(out, code)
		}
	}
	return out
}

// indexes reads the beginnings of index URLs.
func (r *reader) indexes(e *tomlfile.Entry) opt[[]string] {
	out := opt[[]string]{nil, r.origin(e.Line)}
	for _, v := range r.Values(e, maxList) {
		text := r.text(e, v)
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
			r.Add(v.Line, "index is the beginning of an index's URL, such as https://index.example/simple, not %s", tomlfile.Quoted(shownURL(text)))
		case u.User != nil:
			r.Add(v.Line, "index carries a user or a password: leave them out")
		case strings.ContainsAny(text, "?#"): // no page lies below such a URL, and it may hold a token
			r.Add(v.Line, "index carries a query or a fragment: leave it out of %s", tomlfile.Quoted(shownURL(text)))
		case climbs(text):
			r.Add(v.Line, "index has a segment that is \".\" or \"..\", or may be read as one: write out where %s leads", tomlfile.Quoted(shownURL(text)))
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
func (r *reader) hosts(e *tomlfile.Entry) opt[[]string] {
	out := opt[[]string]{nil, r.origin(e.Line)}
	if e.Value.Kind == tomlfile.List && len(e.Value.Items) == 0 {
		return out // none at all
	}
	for _, v := range r.Values(e, maxList) {
		text := strings.ToLower(r.text(e, v))
		if text == "" {
			continue
		}
		if !isHostPattern(text) {
			r.Add(v.Line, `%s holds hosts, such as "index.example", "*.example" or "index.example:8080", not %s`, e.Key, tomlfile.Quoted(shownURL(text)))
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

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// signatures reads how many different keys must have signed.
func (r *reader) signatures(e *tomlfile.Entry) opt[int] {
	n, err := strconv.Atoi(e.Value.Text)
	if e.Value.Kind != tomlfile.Integer || err != nil || n < 1 || n > maxList {
		r.Add(e.Line, "%s is how many different keys must have signed, a number from 1 to %d, not %s", e.Key, maxList, tomlfile.Quoted(e.Value.Text))
		return opt[int]{}
	}
	return opt[int]{n, r.origin(e.Line)}
}

// places reads where signatures lie.
func (r *reader) places(e *tomlfile.Entry) opt[[]string] {
	out := opt[[]string]{nil, r.origin(e.Line)}
	for _, v := range r.Values(e, maxList) {
		text := r.text(e, v)
		if text == "" {
			continue
		}
		if err := signature.CheckTemplate(text); err != nil {
			r.Add(v.Line, "%s: %v", e.Key, err)
			continue
		}
		out.value = append(out.value, text)
	}
	return out
}
