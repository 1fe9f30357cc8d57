package report

import (
	"strings"
	"unicode"
)

const (
	// mdBreak is a comment without content: it stands between what must not be read
	// together, and is not seen.
	mdBreak = "<!-- -->"
	// minCommit is the length from which on code hosts take digits for a commit.
	minCommit = 7
)

// mdText makes a text from outside safe in a table of Markdown: it makes no markup, no
// link, no mention of anybody, no reference to an issue or a commit, and stays in its
// cell. Code hosts look for references in the text that comes of the markup, so escaping
// does not stop them; an empty comment within does, and so does code.
func mdText(s string) string {
	var b strings.Builder
	runes := []rune(Line(s))
	for i := 0; i < len(runes); i++ {
		if n := commitAt(runes, i); n > 0 {
			b.WriteString("`" + string(runes[i:i+n]) + "`")
			i += n - 1
			continue
		}
		r := runes[i]
		switch {
		case r == '.' && strings.HasSuffix(strings.ToLower(b.String()), "www"),
			r == '-' && strings.HasSuffix(strings.ToLower(b.String()), "gh"):
			b.WriteString(mdBreak)
			b.WriteRune(r)
			continue
		case strings.ContainsRune("\\`*_{}[]()+!|~$>^", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '<':
			b.WriteString("&lt;")
		case r == '&':
			b.WriteString("&amp;")
		default:
			b.WriteRune(r)
		}
		if refersAt(runes, i) {
			b.WriteString(mdBreak)
		}
	}
	return b.String()
}

// refersAt reports whether a character begins what a code host makes something of: a
// mention, an issue (#1), a merge request (!1), an epic (&1), a snippet ($1), a label (~x),
// a milestone (%x), an alert (^x), a scheme.
func refersAt(runes []rune, i int) bool {
	rest := runes[i+1:]
	switch r := runes[i]; {
	case r == '@' || r == '#':
		return true
	case strings.ContainsRune("!&$~%^", r):
		return len(rest) > 0 && (isWord(rest[0]) || rest[0] == '"')
	case r == ':':
		return strings.HasPrefix(string(rest[:min(2, len(rest))]), "//")
	}
	return false
}

// commitAt returns the length of what could be a commit's id and begins there; else 0.
func commitAt(runes []rune, i int) int {
	if i > 0 && isWord(runes[i-1]) {
		return 0
	}
	n := 0
	for i+n < len(runes) && strings.ContainsRune("0123456789abcdefABCDEF", runes[i+n]) {
		n++
	}
	if n < minCommit || i+n < len(runes) && isWord(runes[i+n]) {
		return 0
	}
	return n
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
