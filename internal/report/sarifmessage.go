package report

import "strings"

// sarifMessage makes a text, of which parts come from outside, a message of SARIF 2.1.0:
// plain, without embedded links (section 3.11.6) and placeholders (3.11.5), and without
// what the other forms do not show as it is either.
func sarifMessage(s string) sarifText {
	return sarifText{sarifMarks.Replace(Line(s))}
}

var sarifMarks = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "{", "{{", "}", "}}")
