package lockfile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// logicalLine is a line of a requirements file with its continuations, without its
// comments, with its variables put in.
type logicalLine struct {
	number int // of its first line, from 1
	text   string
	unset  string // a variable without a value, as it is written

	// In the file's text: where the line begins, where what matters in it ends (in
	// front of a comment, white space or a last backslash), and the hashes in between.
	start, end int
	hashes     []span
	eol        string // how the line with that end ends
	lines      []int  // where each of its lines begins, to number the hashes
}

// span is a part of the text.
type span struct{ start, end int }

var (
	blank        = `[ \t]`
	comment      = regexp.MustCompile(`(^|` + blank + `+)#.*$`)
	commentFirst = regexp.MustCompile(`^` + blank + `*#`)
	variable     = regexp.MustCompile(`\$\{[A-Z0-9_]+\}`)
	hashOption   = regexp.MustCompile(`--hash(=|[ \t]+)[^ \t\\]+`)
)

// physical is one line of the file.
type physical struct {
	start int
	text  string
	eol   string
}

// physicalLines takes a text apart where pip and uv both end a line. Where only one of
// them does, that is a problem.
func (r *reader) physicalLines(t *text) ([]physical, bool) {
	var out []physical
	clean := true
	for at, number := 0, 1; at < len(t.s); number++ {
		if number > maxLines {
			r.add(number, "more than %d lines", maxLines)
			return nil, false
		}
		l := physical{start: at, text: t.s[at:]}
		if i := strings.IndexByte(l.text, '\n'); i >= 0 {
			l.text, l.eol = l.text[:i], "\n"
			if strings.HasSuffix(l.text, "\r") {
				l.text, l.eol = l.text[:i-1], "\r\n"
			}
		}
		at += len(l.text) + len(l.eol)
		for i, c := range l.text {
			what := oddCharacter(c)
			if unicode.Is(unicode.Zs, c) && c != ' ' && !comment.MatchString(l.text[:i]) {
				what = fmt.Sprintf("the character U+%04X outside of a comment, which some readers take for white space and others do not", c)
			}
			if what != "" {
				r.add(number, "the line holds %s", what)
				clean = false
				break
			}
		}
		if what, ok := conflictAt(l.text); ok {
			r.add(number, "%s", what)
			clean = false
		}
		out = append(out, l)
	}
	return out, clean
}

// oddCharacter says what about a character makes its line doubtful.
func oddCharacter(c rune) string {
	switch {
	case c == 0:
		return "a NUL"
	case c == '\r':
		return "a carriage return that ends no line, at which some readers end it all the same"
	case c == '\v' || c == '\f' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029:
		return fmt.Sprintf("the character U+%04X, at which pip ends the line and others do not", c)
	case c < ' ' && c != '\t' || c == 0x7f || c == 0xfeff:
		return fmt.Sprintf("the character U+%04X", c)
	}
	return ""
}

// logicalLines joins continuations and takes comments off, in pip's order.
func (r *reader) logicalLines(lines []physical) []*logicalLine {
	var out []*logicalLine
	var open *logicalLine
	var joined strings.Builder
	finish := func() {
		if l := r.finishLine(open, joined.String()); l != nil {
			out = append(out, l)
		}
		open = nil
		joined.Reset()
	}
	for i, p := range lines {
		if open == nil {
			open = &logicalLine{number: i + 1, start: p.start, end: p.start}
		}
		if joined.Len()+len(p.text) > maxLine {
			r.add(i+1, "a line is longer than %d bytes", maxLine)
			return nil
		}
		if len(open.lines) > 0 && joinsWords(joined.String(), p.text) {
			r.add(i+1, "a word goes on from the line before, which installers join in different ways")
			return nil
		}
		open.lines = append(open.lines, p.start)
		hasComment := strings.Contains(p.text, "#")
		isComment := hasComment && commentFirst.MatchString(p.text)
		goesOn := strings.HasSuffix(p.text, `\`) && !isComment
		content := p.text
		if goesOn {
			content = strings.TrimSuffix(content, `\`)
			if hasComment && comment.MatchString(p.text) {
				r.add(i+1, "a comment ends in a backslash: pip takes the next line for part of it, others do not")
				return nil
			}
			if strings.HasSuffix(content, `\`) || strings.HasPrefix(content, `\`) {
				r.add(i+1, "a line that goes on holds backslashes that some readers drop")
				return nil
			}
		}
		bare := content
		if hasComment {
			bare = comment.ReplaceAllString(content, "")
		}
		if bare = strings.TrimRight(bare, " \t"); bare != "" {
			open.end, open.eol = p.start+len(bare), p.eol
		}
		if strings.Contains(bare, "--hash") {
			for _, m := range hashOption.FindAllStringIndex(bare, -1) {
				if m[0] > 0 && bare[m[0]-1] != ' ' && bare[m[0]-1] != '\t' {
					continue // within a word
				}
				open.hashes = append(open.hashes, span{p.start + m[0], p.start + m[1]})
			}
		}
		if goesOn {
			joined.WriteString(content)
			continue
		}
		joined.WriteString(bare)
		finish()
	}
	if open != nil {
		finish()
	}
	return out
}

// joinsWords reports whether no blank is left between a line and what goes on with it.
func joinsWords(before, after string) bool {
	const blanks = " \t"
	return before != "" && after != "" && !strings.ContainsAny(before[len(before)-1:]+after[:1], blanks)
}

// finishLine puts variables in, and returns nil for a line without meaning.
func (r *reader) finishLine(l *logicalLine, joined string) *logicalLine {
	s := strings.Trim(joined, " \t")
	if s == "" {
		return nil
	}
	if l.text = s; !strings.Contains(s, "${") {
		return l
	}
	size := len(s)
	l.text = variable.ReplaceAllStringFunc(s, func(ref string) string {
		value := r.getenv(ref[2 : len(ref)-1])
		if value == "" {
			if l.unset == "" {
				l.unset = ref
			}
			return ref
		}
		if size += len(value); size > maxLine || hasControls(value) {
			size = maxLine + 1
			return ""
		}
		return value
	})
	if size > maxLine {
		r.add(l.number, "a variable is too long, or holds a control character")
		return nil
	}
	return l
}
