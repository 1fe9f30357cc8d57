package report

import "strings"

// Build servers read what a program prints: a line that begins with "::", behind whatever
// spaces, or has "##[" or "##vso[" in it, is a command to them. Text from outside gives
// none.

// noCommand breaks up the mark of a command that may stand anywhere in a line.
func noCommand(escaped string) string { return strings.ReplaceAll(escaped, "##", `#\u{23}`) }

// lineStart is a text at the beginning of a line.
func lineStart(s string) string {
	bare := strings.TrimLeft(s, " ")
	if strings.HasPrefix(bare, "::") {
		return s[:len(s)-len(bare)] + `\u{3a}` + bare[1:]
	}
	return s
}
