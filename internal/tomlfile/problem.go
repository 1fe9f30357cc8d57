package tomlfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one thing that is wrong with a file, or that a person should look
// at.
type Problem struct {
	File   string
	Line   int // from 1; 0 where it is about the whole file
	Detail string
}

// String returns "FILE:LINE: DETAIL".
func (p Problem) String() string { return At(p.File, p.Line) + ": " + p.Detail }

// At renders a place.
func At(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// Error is everything that is wrong with a file, in the order of its lines.
type Error struct {
	Problems []Problem // at least one
	More     int       // how many others there are
}

// Error returns a line for each problem.
func (e *Error) Error() string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("%d more", e.More))
	}
	return strings.Join(lines, "\n")
}

// Problems collects what is wrong with one file.
type Problems struct {
	File string
	List []Problem
	more int
}

func (p *Problems) Add(line int, format string, args ...any) {
	if len(p.List) >= 10*maxProblems {
		p.more++
		return
	}
	p.List = append(p.List, Problem{p.File, line, Visible(fmt.Sprintf(format, args...))})
}

// Values returns the values of a key that takes one or a list of at most so many. That
// there are more, or none, is added to what is wrong.
func (p *Problems) Values(e *Entry, most int) []*Value {
	if e.Value.Kind != List {
		return []*Value{&e.Value}
	}
	if n := len(e.Value.Items); n > most {
		p.Add(e.Line, "%s has %d entries, the bound is %d", e.Key, n, most)
		return nil
	}
	var out []*Value
	for i := range e.Value.Items {
		out = append(out, &e.Value.Items[i])
	}
	if len(out) == 0 {
		p.Add(e.Line, "%s is an empty list: leave it out, or name at least one", e.Key)
	}
	return out
}

// Visible escapes what is not printable as \u{hex}. A policy may be a stranger's, and
// libraries repeat what stands in it as it is: a terminal must not obey it.
func Visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return b.String()
}

// HasControls reports whether a text holds control characters other than line breaks
// and tabs, or what is no UTF-8.
func HasControls(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' || c == utf8.RuneError })
}

// err returns an [*Error], or nil where nothing is wrong.
func (p *Problems) Err() error {
	if len(p.List) == 0 {
		return nil
	}
	slices.SortStableFunc(p.List, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	shown := min(len(p.List), maxProblems)
	return &Error{Problems: p.List[:shown], More: p.more + len(p.List) - shown}
}

// Nearest returns the known word that is closest to what was written, and whether
// it is close enough to be what was meant.
func Nearest(word string, known []string) (string, bool) {
	best, at := "", len(word)
	for _, k := range known {
		if len(word) > 3 && strings.HasPrefix(k, strings.ToLower(word)) {
			return k, true
		}
		if d := distance(strings.ToLower(word), k); d < at {
			best, at = k, d
		}
	}
	return best, best != "" && at <= max(2, len(best)/3)
}

// distance is how many letters are to be put in, taken out or replaced to make b
// of a (Levenshtein). Long words are not compared.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Meant completes a message about an unknown word: with the nearest known one, or
// else with all of them.
func Meant(word string, known []string) string {
	if k, ok := Nearest(word, known); ok {
		return "did you mean " + k + "?"
	}
	return "there are " + Listed(known, "and")
}

// Listed renders words for a sentence: "a, b and c".
func Listed(words []string, joint string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + joint + " " + words[len(words)-1]
}

// Quoted quotes what was written, shortened.
func Quoted(s string) string {
	if len(s) > maxQuoted {
		s = strings.ToValidUTF8(s[:maxQuoted], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
