package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"assay"
)

// commandIn returns a line that a build server would carry out, else nothing.
func commandIn(text string) string {
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", "\n"), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
			return line
		}
	}
	return ""
}

// TestNoCommands: nothing that a stranger writes is a command to a build server, in
// whatever form and however narrow.
func TestNoCommands(t *testing.T) {
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: "::error::p", Version: "##[error]v", Filename: "::add-mask::f"}
	detail := "a \r::error::b \n::stop-commands::c " + strings.Repeat("word ::set-output name=x::y ##[warning]z ##vso[task.complete]w ###[x] ", 8)
	d := assay.Decision{Verdict: assay.Deny, Reasons: []assay.Reason{
		{Code: assay.LockOtherDigest, Severity: assay.Error, Message: detail, Hint: "::debug::hint ##[debug]hint"},
		{Code: assay.LockUnlisted, Severity: assay.Warning, Message: "::warning::message"}}}
	c := NewCheck(Check{Locks: []CheckedLock{{Name: "::error::lock"}}, Since: "::since::", Skipped: []Skipped{{What: "::w", Why: "##[y]"}},
		Items: []CheckedItem{{Item: Item{Artifact: a, Decision: d}, Places: []Place{{File: "::error file=x::/lock", Line: 1}}}}})
	change := Change{Project: a.Project, Kind: Added, After: Pinned{Versions: []string{a.Version}, Publishers: []string{"::p", "##[q]"}}, Signals: []Signal{{Weight: Alarming, Text: detail}}}
	diff := NewDiff("::old", "##[new]", []Change{change})
	diff.Lock = []Signal{{Weight: Alarming, Text: detail}}
	forms := map[string]func(*strings.Builder) error{
		"json":          func(b *strings.Builder) error { return c.WriteJSON(b) },
		"sarif":         func(b *strings.Builder) error { return c.WriteSARIF(b, "1.0.0") },
		"junit":         func(b *strings.Builder) error { return c.WriteJUnit(b) },
		"markdown":      func(b *strings.Builder) error { return c.WriteMarkdown(b) },
		"diff":          func(b *strings.Builder) error { return diff.WriteText(b, Text{Width: 60}, time.Now()) },
		"diff json":     func(b *strings.Builder) error { return diff.WriteJSON(b) },
		"diff markdown": func(b *strings.Builder) error { return diff.WriteMarkdown(b, time.Now()) },
		"line":          func(b *strings.Builder) error { _, err := b.WriteString(Line(" ::x ##[y]")); return err },
		"wide":          func(b *strings.Builder) error { return c.WriteText(b, Text{}) },
		"ascii":         func(b *strings.Builder) error { return c.WriteText(b, Text{Width: 70, ASCII: true}) },
	}
	for name, write := range forms {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if line := commandIn(b.String()); line != "" {
			t.Errorf("%s: a build server carries out %q", name, line)
		}
	}
	for width := minWidth; width < 140; width++ {
		var b strings.Builder
		if err := c.WriteText(&b, Text{Width: width}); err != nil {
			t.Fatal(err)
		}
		if line := commandIn(b.String()); line != "" {
			t.Fatalf("%d columns: a build server carries out %q", width, line)
		}
	}
	var b strings.Builder
	var back struct{ Text string }
	if err := EncodeJSON(&b, struct{ Text string }{"##[x] ###"}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back.Text != "##[x] ###" || !strings.Contains(b.String(), `#\u0023[x] #\u0023#`) {
		t.Errorf("the JSON is %s (%v), which is %q", b.String(), err, back.Text)
	}
}

// TestMarkdownText: what code hosts make of a text is broken up, and what they make
// nothing of is left to be read.
func TestMarkdownText(t *testing.T) {
	for in, want := range map[string]string{
		"fixes #12, GH-1 and gh-7":                     "fixes #<!-- -->12, GH<!-- -->-1 and gh<!-- -->-7",
		"see !3, &1, $4, ~bug, %v1, ^5":                `see \!<!-- -->3, &amp;<!-- -->1, \$<!-- -->4, \~<!-- -->bug, %<!-- -->v1, \^<!-- -->5`,
		`~"a label" %"a milestone"`:                    `\~<!-- -->"a label" %<!-- -->"a milestone"`,
		"@all, a@b.example":                            "@<!-- -->all, a@<!-- -->b.example",
		"acme/app#1 acme/app@0123456":                  "acme/app#<!-- -->1 acme/app@<!-- -->`0123456`",
		"at 0123456789abcdef0123456789abcdef01234567.": "at `0123456789abcdef0123456789abcdef01234567`.",
		"DEADBEEF, dead, deadbeefs, 1234567_x":         "`DEADBEEF`, dead, deadbeefs, 1234567\\_x",
		"1.0-2345678":                                  "1.0-`2345678`",
		"https://x.example www.x.example":              "https:<!-- -->//x.example www<!-- -->.x.example",
		"5 & 6! 100% ~ ^":                              `5 &amp; 6\! 100% \~ \^`,
		"[a](b) <c> `d` | e\n/close":                   "\\[a\\]\\(b\\) &lt;c> \\`d\\` \\| e\\\\u\\{a\\}/close",
		"::error::x ##[error]":                         `\\u\{3a\}:error::x #<!-- -->\\u\{23\}\[error\]`,
		"\u202e":                                       `\\u\{202e\}`,
	} {
		want := strings.ReplaceAll(want, "&lt;c>", `&lt;c\>`)
		if got := mdText(in); got != want {
			t.Errorf("%q is\n%s\nwant\n%s", in, got, want)
		}
	}
}
