package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"assay"
)

// Text says how a text is laid out. The caller decides: this package looks at no
// terminal and no environment.
type Text struct {
	// Width is the number of columns; 0 sets no bound. Reasons and hints are
	// wrapped, never cut, so a word longer than the width reaches beyond it.
	Width int
	// Color paints the verdicts. Each also stands there as a mark and a word.
	Color bool
	// ASCII uses ASCII characters only.
	ASCII bool
}

// style is how an outcome looks.
type style struct {
	mark, ascii, word, color string
}

var styles = [...]style{
	allowed:   {"✓", "+", "allowed", "32"},
	warned:    {"!", "!", "warned", "33"},
	undecided: {"?", "?", "undecided", "35"},
	refused:   {"✗", "x", "refused", "31"},
}

const (
	// maxName bounds a name in columns where a text shows it.
	maxName = 255
	// maxMarks bounds how many combining marks may follow each other.
	maxMarks = 2
	// minWidth is the narrowest layout: below it a text is laid out as if it
	// had this many columns.
	minWidth = 40
	// wordWidth is the length of the longest of the words in styles.
	wordWidth = len("undecided")
)

// verdict renders an outcome as mark and word, padded so that columns align.
func (t Text) verdict(o outcome) string {
	s := styles[o]
	mark := s.mark
	if t.ASCII {
		mark = s.ascii
	}
	out := mark + " " + s.word
	if t.Color {
		out = "\x1b[" + s.color + "m" + out + "\x1b[0m"
	}
	return out + strings.Repeat(" ", wordWidth-len(s.word))
}

func (t Text) width() int {
	if t.Width <= 0 {
		return 0
	}
	return max(t.Width, minWidth)
}

func (t Text) ellipsis() string {
	if t.ASCII {
		return "..."
	}
	return "…"
}

// name makes a name safe: a file name, project, version, identity or host. They
// are ASCII by their standards, so anything else is shown escaped, which also
// shows look-alike letters for what they are.
func (t Text) name(s string) string {
	return t.cut(escape(s, func(r rune) bool { return r > 0x20 && r < 0x7f }), maxName)
}

// prose makes a sentence safe. It is never cut.
func (t Text) prose(s string) string {
	if t.ASCII {
		s = strings.ReplaceAll(s, "…", "...")
		return escape(s, func(r rune) bool { return r >= 0x20 && r < 0x7f })
	}
	marks := 0
	return escape(s, func(r rune) bool {
		if unicode.IsMark(r) {
			marks++
		} else {
			marks = 0
		}
		return printable(r) && marks <= maxMarks
	})
}

// Line makes a text from outside safe to stand in a line on a terminal, as a report
// shows it: what is not printable, line breaks with it, appears as \u{hex}, and so does
// what a build server would take for a command.
func Line(s string) string { return lineStart(Text{}.prose(s)) }

// printable reports whether a character may go to a terminal as it is: controls,
// invisible and direction characters may not.
func printable(r rune) bool { return unicode.IsPrint(r) && r != utf8.RuneError }

// escape writes the characters that do not pass as \u{hex}.
func escape(s string, pass func(rune) bool) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case pass(r):
			b.WriteRune(r)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return noCommand(b.String())
}

// cut shortens a name that has more than n columns.
func (t Text) cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	dots := t.ellipsis()
	keep := max(n-utf8.RuneCountInString(dots), 0)
	return string([]rune(s)[:keep]) + dots
}

// pad fills a cell up to n columns.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(n-utf8.RuneCountInString(s), 0))
}

// writeReasons writes reasons with code and hint, each hint once, wrapped and
// indented.
func (t Text) writeReasons(b *strings.Builder, indent string, reasons []labelled) {
	hints := map[string]bool{}
	for i, r := range reasons {
		line := t.prose(r.Message) + " [" + t.name(string(r.Code)) + "]"
		if r.label != "" {
			line = t.name(r.label) + ": " + line
		}
		if r.Severity != assay.Error {
			line = t.name(string(r.Severity)) + ": " + line
		}
		t.writeWrapped(b, indent, line)
		// The hint stands below the last of several reasons that share it.
		if i+1 < len(reasons) && reasons[i+1].Hint == r.Hint {
			continue
		}
		if r.Hint != "" && !hints[r.Hint] {
			hints[r.Hint] = true
			t.writeWrapped(b, indent, "hint: "+t.prose(r.Hint))
		}
	}
}

// labelled is a reason with the name of the file that it is about, where that
// needs saying.
type labelled struct {
	assay.Reason
	label string
}

// writeWrapped writes a line, wrapped at spaces; continuation lines are indented
// by two more columns. Quoted commands stay in one piece.
func (t Text) writeWrapped(b *strings.Builder, indent, line string) {
	column := 0
	for _, word := range words(line) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
			word = lineStart(word)
			b.WriteString(indent)
			column = len(indent)
		case t.width() > 0 && column+1+n > t.width():
			word = lineStart(word)
			b.WriteString("\n" + indent + "  ")
			column = len(indent) + 2
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteByte('\n')
}

// maxQuoted is the longest quotation in words that is kept in one piece.
const maxQuoted = 8

// words splits a line at spaces, but not inside short 'quotations'.
func words(line string) []string {
	var out []string
	for fields := strings.Fields(line); len(fields) > 0; {
		n := quoted(fields)
		out = append(out, strings.Join(fields[:n], " "))
		fields = fields[n:]
	}
	return out
}

// quoted returns how many of the fields, at least one, belong together because
// the first opens a quotation that the last closes.
func quoted(fields []string) int {
	opening := strings.TrimLeft(fields[0], "(")
	if !strings.HasPrefix(opening, "'") {
		return 1
	}
	for i, f := range fields[:min(len(fields), maxQuoted)] {
		if i == 0 {
			f = opening[1:]
		}
		if strings.HasSuffix(strings.TrimRight(f, "),;:."), "'") {
			return i + 1
		}
	}
	return 1
}

// plural renders a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// counts renders a summary worst first, leaving out what is zero; noun, where
// given, stands behind the first number.
func (s Summary) counts(noun string) string {
	var parts []string
	for _, p := range []struct {
		n int
		o outcome
	}{{s.Refused, refused}, {s.Undecided, undecided}, {s.Warned, warned}, {s.Allowed, allowed}} {
		switch {
		case p.n == 0:
		case len(parts) == 0 && noun != "":
			parts = append(parts, plural(p.n, noun)+" "+styles[p.o].word)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", p.n, styles[p.o].word))
		}
	}
	return strings.Join(parts, ", ")
}

func write(w io.Writer, b *strings.Builder) error {
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
