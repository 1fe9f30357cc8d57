package pypi

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// ErrVersion means that a string is not a version as PEP 440 has it.
var ErrVersion = errors.New("not a valid version")

// Version is one version in PEP 440's normal form. The zero Version is none.
type Version struct {
	normal     string
	prerelease bool
}

// String returns the normal form: "1!2.0rc1.post3.dev4+local.1".
func (v Version) String() string { return v.normal }

// Canonical returns the normal form without the zeros at the end of the release
// number, which do not count: equal versions, and no others, have the same. "2",
// "2.0" and "2.0.0" are "2".
func (v Version) Canonical() string {
	end := 0
	for end < len(v.normal) && (isDigit(v.normal[end]) || v.normal[end] == '.' || v.normal[end] == '!') {
		end++
	}
	if end > 0 && v.normal[end-1] == '.' {
		end-- // that of ".post" or ".dev"
	}
	release := v.normal[:end]
	for strings.HasSuffix(release, ".0") {
		release = release[:len(release)-2]
	}
	return release + v.normal[end:]
}

// IsZero reports whether v is no version at all.
func (v Version) IsZero() bool { return v.normal == "" }

// IsPrerelease reports whether v is an alpha, beta, release candidate or
// development version.
func (v Version) IsPrerelease() bool { return v.prerelease }

// Compare orders versions as PEP 440 does: -1, 0 or +1. The zero Version comes
// before all others.
func (v Version) Compare(w Version) int {
	if v.IsZero() || w.IsZero() || v.normal == w.normal {
		return strings.Compare(v.normal, w.normal)
	}
	if c, ok := comparePlain(v.normal, w.normal); ok {
		return c
	}
	// Both are in normal form, so the library cannot fall back to its order of
	// versions that predate PEP 440, and its only error is an unreadable number.
	a, err := semantic.ParsePyPIVersion(v.normal)
	if err != nil {
		return strings.Compare(v.normal, w.normal)
	}
	c, err := a.CompareStr(w.normal)
	if err != nil {
		return strings.Compare(v.normal, w.normal)
	}
	return c
}

// comparePlain compares two releases of nothing but numbers and dots, which is
// what most versions are; false where one of them is more. The library parses
// both anew at each comparison, and a page needs many.
func comparePlain(v, w string) (int, bool) {
	if !isPlainRelease(v) || !isPlainRelease(w) {
		return 0, false
	}
	for v != "" || w != "" {
		var a, b string
		a, v, _ = strings.Cut(v, ".")
		b, w, _ = strings.Cut(w, ".")
		// In normal form a number has no zero in front; one that is missing is 0.
		a, b = strings.TrimPrefix(a, "0"), strings.TrimPrefix(b, "0")
		if c := cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)); c != 0 {
			return c, true
		}
	}
	return 0, true
}

// ParseVersion reads a version strictly by PEP 440, in any spelling that its
// normalisation allows ("v1.0-Alpha.1", "1.0.POST", " 1.0 "), of at most 512
// bytes. Everything else is an [ErrVersion].
func ParseVersion(s string) (Version, error) {
	if len(s) > maxVersion {
		return Version{}, fmt.Errorf("%q… (%d bytes): %w", s[:20], len(s), ErrVersion)
	}
	v, ok := parseVersion(strings.Trim(s, " \t\n\r\f\v"))
	if !ok {
		return Version{}, fmt.Errorf("%q: %w", s, ErrVersion)
	}
	return v, nil
}

// parseVersion reads a trimmed version.
func parseVersion(s string) (Version, bool) {
	if isPlainRelease(s) {
		return Version{normal: s}, true
	}
	r := versionReader{rest: strings.ToLower(s)}
	r.skip("v")
	out := make([]byte, 0, len(s)+8)
	first, ok := r.digits()
	if !ok {
		return Version{}, false
	}
	if r.skip("!") {
		if first != "0" {
			out = append(append(out, first...), '!')
		}
		if first, ok = r.digits(); !ok {
			return Version{}, false
		}
	}
	out = append(out, first...)
	for len(r.rest) > 1 && r.rest[0] == '.' && isDigit(r.rest[1]) {
		r.rest = r.rest[1:]
		n, _ := r.digits()
		out = append(append(out, '.'), n...)
	}
	v := Version{}
	if label, n, ok := r.segment(preLabels); ok {
		out = append(append(out, label...), n...)
		v.prerelease = true
	}
	if len(r.rest) > 1 && r.rest[0] == '-' && isDigit(r.rest[1]) {
		r.rest = r.rest[1:]
		n, _ := r.digits()
		out = append(append(out, ".post"...), n...)
	} else if _, n, ok := r.segment(postLabels); ok {
		out = append(append(out, ".post"...), n...)
	}
	if _, n, ok := r.segment(devLabels); ok {
		out = append(append(out, ".dev"...), n...)
		v.prerelease = true
	}
	if r.skip("+") {
		if out, ok = r.local(append(out, '+')); !ok {
			return Version{}, false
		}
	}
	v.normal = string(out)
	return v, r.rest == ""
}

// isPlainRelease reports whether s is numbers and dots only and already in
// normal form, as most versions are.
func isPlainRelease(s string) bool {
	start := 0 // of the number being read
	for i := 0; i <= len(s); i++ {
		if i < len(s) && isDigit(s[i]) {
			continue
		}
		if i == start || i > start+1 && s[start] == '0' || i < len(s) && s[i] != '.' {
			return false
		}
		start = i + 1
	}
	return true
}

// label is a spelling with the normal form that it stands for.
type label struct{ spelling, normal string }

// The labels of each segment: longer spellings before those they begin with.
var (
	preLabels = []label{{"alpha", "a"}, {"a", "a"}, {"beta", "b"}, {"b", "b"},
		{"preview", "rc"}, {"pre", "rc"}, {"rc", "rc"}, {"c", "rc"}}
	postLabels = []label{{"post", "post"}, {"rev", "post"}, {"r", "post"}}
	devLabels  = []label{{"dev", "dev"}}
)

// versionReader consumes a lower-case version from its front.
type versionReader struct{ rest string }

func (r *versionReader) skip(prefix string) bool {
	after, ok := strings.CutPrefix(r.rest, prefix)
	r.rest = after
	return ok
}

// digits consumes a number and returns it without leading zeros.
func (r *versionReader) digits() (string, bool) {
	n := 0
	for n < len(r.rest) && isDigit(r.rest[n]) {
		n++
	}
	number := r.rest[:n]
	r.rest = r.rest[n:]
	return trimZeros(number), n > 0
}

// trimZeros drops leading zeros, but not the last digit.
func trimZeros(s string) string {
	for len(s) > 1 && s[0] == '0' {
		s = s[1:]
	}
	return s
}

// segment consumes an optional separator, a label, and an optional number behind
// another optional separator; without a number it is 0. It consumes nothing
// where no label stands.
func (r *versionReader) segment(labels []label) (normal, number string, ok bool) {
	rest := r.rest
	if rest != "" && isSeparator(rest[0]) {
		rest = rest[1:]
	}
	for _, l := range labels {
		after, found := strings.CutPrefix(rest, l.spelling)
		if !found {
			continue
		}
		r.rest = after
		if after != "" && isSeparator(after[0]) {
			r.rest = after[1:] // allowed even where no number follows
		}
		number, found = r.digits()
		if !found {
			number = "0"
		}
		return l.normal, number, true
	}
	return "", "", false
}

// local consumes a local version label and appends its normal form.
func (r *versionReader) local(out []byte) ([]byte, bool) {
	for {
		n := 0
		for n < len(r.rest) && isAlnum(r.rest[n]) {
			n++
		}
		if n == 0 {
			return nil, false
		}
		part := r.rest[:n]
		r.rest = r.rest[n:]
		if strings.Trim(part, "0123456789") == "" {
			part = trimZeros(part)
		}
		out = append(out, part...)
		if r.rest == "" || !isSeparator(r.rest[0]) {
			return out, true
		}
		out = append(out, '.')
		r.rest = r.rest[1:]
	}
}
