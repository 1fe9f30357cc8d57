package assay_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"assay"
)

// sections are what every page in docs/reasons says, in this order.
var sections = []string{"## What it means", "## How it happens innocently", "## How an attack looks", "## What to do"}

// TestReasonPages holds the registry and docs/reasons together.
func TestReasonPages(t *testing.T) {
	pages := map[string]bool{}
	files, err := filepath.Glob("docs/reasons/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		pages[f] = true
	}
	index := "docs/reasons/README.md"
	table, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	delete(pages, index)
	for _, e := range assay.Entries() {
		path := fmt.Sprintf("docs/reasons/%s.md", e.Code)
		if !pages[path] {
			t.Errorf("%s: the code has no page", path)
			continue
		}
		delete(pages, path)
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range pageProblems(e, string(body)) {
			t.Errorf("%s: %s", path, problem)
		}
		row := fmt.Sprintf("| [`%s`](%s.md) | %s |", e.Code, e.Code, e.Severity)
		if !strings.Contains(string(table), row) || !strings.Contains(string(table), "| "+e.Text+" |\n") {
			t.Errorf("%s: no row with this code, severity and text:\n%s … | %s |", index, row, e.Text)
		}
	}
	for path := range pages {
		t.Errorf("%s: a page without a code", path)
	}
}

// pageProblems returns what is wrong with the page of an entry.
func pageProblems(e assay.Entry, body string) []string {
	var out []string
	first, rest, _ := strings.Cut(body, "\n")
	if want := fmt.Sprintf("# `%s`: %s", e.Code, e.Text); first != want {
		out = append(out, fmt.Sprintf("the first line is %q, want %q", first, want))
	}
	if want := fmt.Sprintf("\nSeverity: %s: ", e.Severity); !strings.HasPrefix(rest, want) {
		out = append(out, fmt.Sprintf("the page does not go on with %q", want))
	}
	var headings []string
	content := map[string]int{}
	for _, line := range strings.Split(rest, "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
			headings = append(headings, line)
		case len(headings) > 0:
			content[headings[len(headings)-1]] += len(line)
		}
	}
	if got, want := strings.Join(headings, "\n"), strings.Join(sections, "\n"); got != want {
		out = append(out, fmt.Sprintf("the sections are %q, want %q", headings, sections))
	}
	for _, h := range sections {
		if content[h] < 80 {
			out = append(out, fmt.Sprintf("section %q says next to nothing", h))
		}
	}
	if _, todo, _ := strings.Cut(rest, sections[3]); !strings.Contains(todo, "`assay ") && !strings.Contains(todo, " assay ") {
		out = append(out, "what to do names no assay command")
	}
	return out
}

// TestReasonEntries asserts that every entry can be shown as it is.
func TestReasonEntries(t *testing.T) {
	entries := assay.Entries()
	if len(entries) == 0 {
		t.Fatal("the registry is empty")
	}
	for _, e := range entries {
		for _, problem := range entryProblems(e) {
			t.Errorf("%s: %s", e.Code, problem)
		}
	}
}

func entryProblems(e assay.Entry) []string {
	var out []string
	switch e.Severity {
	case assay.Error, assay.Warning, assay.Note:
	default:
		out = append(out, fmt.Sprintf("severity %q", e.Severity))
	}
	group, name, ok := strings.Cut(string(e.Code), ".")
	if !ok || group == "" || name == "" || strings.ToLower(string(e.Code)) != string(e.Code) {
		out = append(out, "the code is not of the form group.name in lower case")
	}
	for what, s := range map[string]string{"text": e.Text, "hint": e.Hint} {
		first, _ := utf8.DecodeRuneInString(s)
		switch {
		case s == "":
			out = append(out, "the "+what+" is empty")
		case unicode.IsUpper(first) || strings.HasSuffix(s, "."):
			out = append(out, fmt.Sprintf("the %s %q begins with a capital or ends with a full stop", what, s))
		case strings.ContainsAny(s, "\n\t|") || strings.TrimSpace(s) != s:
			out = append(out, fmt.Sprintf("the %s %q cannot stand in a line or a table", what, s))
		}
		for rest := s; ; {
			_, after, found := strings.Cut(rest, "{")
			if !found {
				break
			}
			field, tail, closed := strings.Cut(after, "}")
			if !closed || field != "project" && field != "version" && field != "filename" {
				out = append(out, fmt.Sprintf("the %s names a field {%s} that is never filled in", what, field))
			}
			rest = tail
		}
	}
	return out
}

// TestReasonChecksFail proves that the checks above can fail.
func TestReasonChecksFail(t *testing.T) {
	good := assay.Entry{Code: "a.b", Severity: assay.Error, Text: "it is so", Hint: "do this"}
	long := strings.Repeat("words ", 20)
	page := "# `a.b`: it is so\n\nSeverity: error: it refuses.\n"
	for _, h := range sections {
		page += "\n" + h + "\n\n" + long + "`assay verify X`\n"
	}
	if p := append(pageProblems(good, page), entryProblems(good)...); len(p) != 0 {
		t.Fatalf("a good page has problems: %q", p)
	}
	for name, body := range map[string]string{
		"empty":           "",
		"another text":    strings.Replace(page, "it is so", "it is not so", 1),
		"severity":        strings.Replace(page, "error", "note", 1),
		"missing section": strings.Replace(page, sections[2], "", 1),
		"order":           strings.Replace(strings.Replace(page, sections[2], "## X", 1), sections[1], sections[2], 1),
		"thin":            strings.Replace(page, long, "words", 1),
		"no command":      strings.ReplaceAll(page, "`assay verify X`", ""),
	} {
		if len(pageProblems(good, body)) == 0 {
			t.Errorf("page %q has no problems", name)
		}
	}
	for name, e := range map[string]assay.Entry{
		"severity":    {Code: "a.b", Severity: "fatal", Text: "t", Hint: "h"},
		"code":        {Code: "ab", Severity: assay.Note, Text: "t", Hint: "h"},
		"no text":     {Code: "a.b", Severity: assay.Note, Hint: "h"},
		"no hint":     {Code: "a.b", Severity: assay.Note, Text: "t"},
		"capital":     {Code: "a.b", Severity: assay.Note, Text: "The t", Hint: "h"},
		"full stop":   {Code: "a.b", Severity: assay.Note, Text: "t", Hint: "h."},
		"placeholder": {Code: "a.b", Severity: assay.Note, Text: "t {projct}", Hint: "h"},
		"two lines":   {Code: "a.b", Severity: assay.Note, Text: "t\nt", Hint: "h"},
	} {
		if len(entryProblems(e)) == 0 {
			t.Errorf("entry %q has no problems", name)
		}
	}
}
