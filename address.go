package assay

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// The lengths from which on a part of a path may be a token: minRun for letters and
// digits without a break, minMixed for what has "-" and "_" in it as well.
const (
	minRun   = 16
	minMixed = 32
	minKnown = 12 // behind one of tokenPrefixes
)

// tokenPrefixes are how services begin their tokens.
var tokenPrefixes = []string{"glpat-", "gldt-", "ghp_", "gho_", "ghs_", "github_pat_", "dckr_pat_", "hvs."}

// fileEndings are those of distribution files and of what lies beside them.
var fileEndings = []string{".whl", ".tar.gz", ".tgz", ".tar.bz2", ".zip", ".egg", ".metadata", ".provenance", ".asc"}

// Shown is an address of an index, or of one of its pages, as it may be shown and
// remembered: some services have a token in the path instead of a password.
//
//	https://index.example.invalid/4xKqyPbT2mW9sLcVn7Rd/acme/  →  https://index.example.invalid/~f4219864/acme/
//
// The stand-in is a "~" and the beginning of the token's SHA-256, so that two indexes
// stay two. A part of the path is taken for a token if it has letters and digits and is
// 16 of them without a break, or 32 with "-" and "_" among them and letters of both
// cases, or begins like a known service's. A project's name behind "/simple/" is none, nor
// is in the address of a file anything but the first part: hashes stand there. What was
// made by Shown stays as it is.
func Shown(address string) string {
	head, parts, tail, ok := splitPath(address)
	if !ok {
		return address
	}
	last := len(parts)
	for _, p := range parts {
		for _, ending := range fileEndings {
			if strings.HasSuffix(strings.ToLower(p), ending) {
				last = 1
			}
		}
	}
	for i, p := range parts[:min(last, len(parts))] {
		isName := i > 0 && parts[i-1] == "simple" && (i == len(parts)-1 || i == len(parts)-2 && parts[i+1] == "")
		if !isName && isToken(p) {
			parts[i] = standIn(p)
		}
	}
	return head + strings.Join(parts, "/") + tail
}

// ShownBelow is a file's address as it may be shown: without the tokens that [Shown] has
// taken out of its index's.
func ShownBelow(address, index string) string {
	index = Shown(index)
	_, known, _, ok := splitPath(index)
	if !ok || !strings.Contains(index, "/~") {
		return address
	}
	hidden := map[string]bool{}
	for _, p := range known {
		hidden[p] = strings.HasPrefix(p, "~")
	}
	head, parts, tail, ok := splitPath(address)
	if !ok {
		return address
	}
	for i, p := range parts {
		if s := standIn(p); hidden[s] {
			parts[i] = s
		}
	}
	return head + strings.Join(parts, "/") + tail
}

// splitPath cuts an http or https address into what is before the path, the parts of
// the path, and what is behind it.
func splitPath(address string) (head string, parts []string, tail string, ok bool) {
	scheme, rest, ok := strings.Cut(address, "://")
	if s := strings.ToLower(scheme); !ok || s != "http" && s != "https" {
		return "", nil, "", false
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return "", nil, "", false
	}
	path := rest[slash+1:]
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path, tail = path[:i], path[i:]
	}
	return address[:len(scheme)+3+slash+1], strings.Split(path, "/"), tail, true
}

// standIn is what stands in for a token, however it is escaped.
func standIn(part string) string {
	sum := sha256.Sum256([]byte(unescaped(part)))
	return "~" + hex.EncodeToString(sum[:4])
}

func unescaped(part string) string {
	if plain, err := url.PathUnescape(part); err == nil {
		return plain
	}
	return part
}

// isToken reports whether a part of a path may be a token.
func isToken(part string) bool {
	if len(part) < minKnown {
		return false
	}
	part = unescaped(part)
	for _, prefix := range tokenPrefixes {
		if rest, ok := strings.CutPrefix(part, prefix); ok && len(rest) >= minKnown {
			return true
		}
	}
	var all, run kinds
	for _, c := range []byte(part) {
		switch {
		case all.count(c):
			run.count(c)
			if run.n >= minRun && run.letters() && run.digits {
				return true
			}
		case c == '-' || c == '_':
			all.n++
			run = kinds{}
		default:
			return false
		}
	}
	return all.n >= minMixed && all.lower && all.upper && all.digits
}

// kinds are those of some characters.
type kinds struct {
	n                    int
	lower, upper, digits bool
}

// count takes up a letter or a digit, and reports whether it is one.
func (k *kinds) count(c byte) bool {
	lower, upper, digit := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
	if !lower && !upper && !digit {
		return false
	}
	k.n++
	k.lower, k.upper, k.digits = k.lower || lower, k.upper || upper, k.digits || digit
	return true
}

func (k *kinds) letters() bool { return k.lower || k.upper }
