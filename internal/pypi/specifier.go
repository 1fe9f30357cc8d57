package pypi

import (
	"errors"
	"fmt"
	"strings"
)

// ErrSpecifier means that a string is not a version specifier (PEP 440).
var ErrSpecifier = errors.New("not a version specifier")

// maxClauses bounds the clauses of one specifier.
const maxClauses = 32

// Specifier is a set of versions, written as PEP 440 does: ">=4.2,<6,!=5.0.1". All
// clauses must hold. The operators are ==, !=, <=, >=, <, > and ~=; == and != take
// "5.*". Pre-releases count as any other version does. The zero Specifier holds every
// version.
type Specifier struct{ clauses []clause }

type clause struct {
	operator string
	version  Version
	prefix   []string // of "5.*": epoch and release parts
}

// operators, the longer ones first.
var operators = []string{"==", "!=", "<=", ">=", "~=", "<", ">"}

// ParseSpecifier reads a specifier.
func ParseSpecifier(s string) (Specifier, error) {
	var out Specifier
	if strings.TrimSpace(s) == "" {
		return out, nil
	}
	parts := strings.Split(s, ",")
	if len(parts) > maxClauses {
		return out, fmt.Errorf("%w: more than %d clauses", ErrSpecifier, maxClauses)
	}
	for _, part := range parts {
		c, err := parseClause(strings.TrimSpace(part))
		if err != nil {
			return Specifier{}, err
		}
		out.clauses = append(out.clauses, c)
	}
	return out, nil
}

func parseClause(s string) (clause, error) {
	for _, op := range operators {
		rest, ok := strings.CutPrefix(s, op)
		if !ok {
			continue
		}
		rest = strings.TrimSpace(rest)
		c := clause{operator: op}
		wild := strings.HasSuffix(rest, ".*")
		v, err := ParseVersion(strings.TrimSuffix(rest, ".*"))
		if err != nil {
			return c, fmt.Errorf("%w: %.80q names no version", ErrSpecifier, s)
		}
		c.version = v
		local := strings.Contains(v.normal, "+")
		switch {
		case wild && (op != "==" && op != "!=" || !isRelease(v.normal)):
			return c, fmt.Errorf("%w: %.80q: \".*\" goes with == and != and release numbers only", ErrSpecifier, s)
		case local && op != "==" && op != "!=":
			return c, fmt.Errorf("%w: %.80q: a local version goes with == and != only", ErrSpecifier, s)
		case op == "~=" && len(releaseOf(v.normal)) < 3: // epoch and two numbers
			return c, fmt.Errorf("%w: %.80q: ~= needs two numbers at least", ErrSpecifier, s)
		case wild:
			c.prefix = releaseOf(v.normal)
		case op == "~=":
			release := releaseOf(v.normal)
			c.prefix = release[:len(release)-1]
		}
		return c, nil
	}
	return clause{}, fmt.Errorf("%w: %.80q begins with none of ==, !=, <=, >=, <, > and ~=", ErrSpecifier, s)
}

// Contains reports whether a version is one of the set.
func (s Specifier) Contains(v Version) bool {
	for _, c := range s.clauses {
		if !c.holds(v) {
			return false
		}
	}
	return true
}

func (c clause) holds(v Version) bool {
	// A local version is left out of the comparison where the clause has none.
	public := v
	if i := strings.IndexByte(v.normal, '+'); i >= 0 && !strings.Contains(c.version.normal, "+") {
		public.normal = v.normal[:i]
	}
	order := public.Compare(c.version)
	switch c.operator {
	case "==":
		if c.prefix != nil {
			return hasPrefix(v, c.prefix)
		}
		return order == 0
	case "!=":
		if c.prefix != nil {
			return !hasPrefix(v, c.prefix)
		}
		return order != 0
	case "<=":
		return order <= 0
	case ">=":
		return order >= 0
	case "~=":
		return order >= 0 && hasPrefix(v, c.prefix)
	case "<":
		// Not the pre-releases of the version itself, unless it is one.
		return order < 0 && (c.version.prerelease || !v.prerelease || !sameRelease(v, c.version))
	default: // ">": not the post-releases of the version itself, unless it is one, and no local version of it
		post := strings.Contains(c.version.normal, ".post")
		return order > 0 && (post || !strings.Contains(v.normal, ".post") || !sameRelease(v, c.version)) &&
			(!strings.Contains(v.normal, "+") || !sameRelease(v, c.version))
	}
}

// releaseOf returns the epoch and the release numbers of a version in normal form.
func releaseOf(normal string) []string {
	epoch := "0"
	if before, after, ok := strings.Cut(normal, "!"); ok {
		epoch, normal = before, after
	}
	end := 0
	for end < len(normal) && (isDigit(normal[end]) || normal[end] == '.' && end+1 < len(normal) && isDigit(normal[end+1])) {
		end++
	}
	return append([]string{epoch}, strings.Split(normal[:end], ".")...)
}

// isRelease reports whether a version in normal form is nothing but release numbers.
func isRelease(normal string) bool {
	_, after, ok := strings.Cut(normal, "!")
	if !ok {
		after = normal
	}
	return strings.Trim(after, "0123456789.") == ""
}

// hasPrefix reports whether a version's release begins with these numbers; missing
// ones are zeros.
func hasPrefix(v Version, prefix []string) bool {
	release := releaseOf(v.normal)
	for i, want := range prefix {
		have := "0"
		if i < len(release) {
			have = release[i]
		}
		if have != want {
			return false
		}
	}
	return true
}

// sameRelease reports whether two versions have the same epoch and release numbers.
func sameRelease(v, w Version) bool {
	a, b := releaseOf(v.normal), releaseOf(w.normal)
	for i := range max(len(a), len(b)) {
		x, y := "0", "0"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return false
		}
	}
	return true
}
