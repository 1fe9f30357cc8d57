package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay"
)

// checked is one of everything: a file that is refused at a line of its own, one that is
// undecided, one that is warned about, an entry without files, and names from strangers.
func checked() Check {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	item := func(name, file string, line int, code assay.Code, detail string) CheckedItem {
		a := assay.Artifact{Ecosystem: assay.PyPI, Project: name, Version: "1.0", Filename: file, Index: "https://index.example/simple/" + name + "/"}
		d := assay.Decision{Verdict: assay.Allow}
		if code != "" {
			d = assay.DecideFindings(assay.DefaultRules(), a, []assay.Finding{{Code: code, Detail: detail}}, nil, assay.Memory{}, now)
		}
		return CheckedItem{Item: Item{Artifact: a, Decision: d, Time: now}, Places: []Place{{File: "sub dir/uv.lock", Line: line}}}
	}
	refused := item("bad", "bad-1.0.tar.gz", 7, assay.LockOtherDigest, "sha256:00 | <b>@everyone</b> `#1` https://evil.example www.evil.example\x1b[31m")
	refused.Lines = []Where{{Code: assay.LockOtherDigest, Detail: "sha256:00", Place: Place{"sub dir/uv.lock", 9}}}
	ok := item("good", "good-1.0-py3-none-any.whl", 30, "", "")
	ok.Evidence = []assay.Evidence{{Verifier: "pep740", State: assay.Verified, Claims: []assay.Claim{{Method: "pep740", Identity: "github:acme/good@r.yml"}}}}
	return NewCheck(Check{Locks: []CheckedLock{{Name: "sub dir/uv.lock", Format: "uv", Entries: 5, Checked: 5}}, Items: []CheckedItem{
		ok, refused, item("away", "away-1.0.tar.gz", 12, assay.ProvenanceUnavailable, "down"),
		item("vcs", "", 20, assay.LockNotVerifiable, "a checkout"), item("plain", "plain-1.0.tar.gz", 40, "", ""),
	}, Skipped: []Skipped{{What: "app", Why: "it is not installed itself", Count: 1}}})
}

// TestCheckAgrees: every form names the same findings, and the same status follows.
func TestCheckAgrees(t *testing.T) {
	c := checked()
	if s := c.Summary(); s != (Summary{Allowed: 2, Warned: 1, Refused: 1, Undecided: 1}) || Exit(s) != ExitRefused {
		t.Fatalf("%+v", s)
	}
	for name, write := range map[string]func(*strings.Builder) error{
		"text":     func(b *strings.Builder) error { return c.WriteText(b, Text{}) },
		"json":     func(b *strings.Builder) error { return c.WriteJSON(b) },
		"sarif":    func(b *strings.Builder) error { return c.WriteSARIF(b, "1.0.0") },
		"junit":    func(b *strings.Builder) error { return c.WriteJUnit(b) },
		"markdown": func(b *strings.Builder) error { return c.WriteMarkdown(b) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		for _, code := range []assay.Code{assay.LockOtherDigest, assay.ProvenanceUnavailable, assay.LockNotVerifiable} {
			if !strings.Contains(b.String(), string(code)) {
				t.Errorf("%s does not name %s", name, code)
			}
		}
		if strings.ContainsRune(b.String(), '\x1b') {
			t.Errorf("%s lets a control character through", name)
		}
	}
}

// TestSARIF holds the log to what SARIF 2.1.0 demands (OASIS, section 3) and what code
// hosts ask for beyond it: a location with a line, a relative URI, a fingerprint.
func TestSARIF(t *testing.T) {
	for name, c := range map[string]Check{"findings": checked(), "nothing": {Locks: []CheckedLock{{Name: "uv.lock"}}}, "left out": narrowed()} {
		var b strings.Builder
		if err := c.WriteSARIF(&b, "1.0.0"); err != nil {
			t.Fatal(err)
		}
		problems := sarifProblems([]byte(b.String()))
		for _, p := range problems {
			t.Errorf("%s: %s", name, p)
		}
	}
	var b strings.Builder
	if err := checked().WriteSARIF(&b, "1.0.0"); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		`"version": "2.1.0"`: `"version": "2.0"`, `"level": "error"`: `"level": "fatal"`, `"startLine": 9`: `"startLine": 0`,
		`"uri": "sub%20dir/uv.lock"`: `"uri": "sub dir/uv.lock"`, `"ruleIndex": 0`: `"ruleIndex": 2`, `"name": "assay"`: `"name": ""`,
		`"columnKind"`: `"columnKinds"`,
	} {
		if broken := strings.Replace(b.String(), from, to, 1); broken == b.String() || len(sarifProblems([]byte(broken))) == 0 {
			t.Errorf("%s for %s is taken", to, from)
		}
	}
	if !strings.Contains(b.String(), `"startLine": 9`) {
		t.Error("the line of the finding itself is not there")
	}
}

func sarifProblems(data []byte) (out []string) {
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields() // the schema has additionalProperties: false everywhere
	var log sarifLog
	if err := dec.Decode(&log); err != nil {
		return []string{err.Error()}
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 {
		bad("version %q, %d runs", log.Version, len(log.Runs))
		return out
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name == "" || run.Tool.Driver.Rules == nil || run.Results == nil || run.ColumnKind != "utf16CodeUnits" && run.ColumnKind != "unicodeCodePoints" {
		bad("driver %+v, column kind %q", run.Tool.Driver, run.ColumnKind)
	}
	level := map[string]bool{"none": true, "note": true, "warning": true, "error": true}
	ids, prints := map[string]bool{}, map[string]bool{}
	for _, r := range run.Tool.Driver.Rules {
		if r.ID == "" || ids[r.ID] || r.ShortDescription.Text == "" || r.Help.Text == "" || !level[r.Default.Level] || strings.ContainsAny(r.Help.Text+r.ShortDescription.Text, "{}") {
			bad("rule %+v", r)
		}
		ids[r.ID] = true
	}
	for _, r := range run.Results {
		if r.RuleIndex < 0 || r.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			bad("rule %d is not %s", r.RuleIndex, r.RuleID)
		}
		if !level[r.Level] || r.Message.Text == "" || len(r.Locations) == 0 || r.Fingerprints["assay/v1"] == "" || prints[r.Fingerprints["assay/v1"]] {
			bad("result %+v", r)
			continue
		}
		prints[r.Fingerprints["assay/v1"]] = true
		at := r.Locations[0].Physical
		if at.Artifact.URI == "" || filepath.IsAbs(at.Artifact.URI) || strings.ContainsAny(at.Artifact.URI, " \\") || at.Region == nil || at.Region.StartLine < 1 {
			bad("location %+v", at)
		}
	}
	return out
}

func TestJUnit(t *testing.T) {
	var b strings.Builder
	if err := checked().WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 5 || got.Failures != 1 || got.Errors != 1 || len(got.Suites) != 1 || len(got.Suites[0].Cases) != 5 {
		t.Errorf("%+v", got)
	}
}

// TestMarkdown: what strangers wrote makes no markup, no mention and no link.
func TestMarkdown(t *testing.T) {
	var b strings.Builder
	if err := checked().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<b>", "@everyone", "#1", "https://", "www.evil", " | <"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("%q stands in\n%s", bad, b.String())
		}
	}
	c := checked()
	for i := range 3000 {
		x := c.Items[1]
		x.Artifact.Version = fmt.Sprint(i)
		c.Items = append(c.Items, x)
	}
	b.Reset()
	if err := c.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 65536 || !strings.Contains(b.String(), "more findings.") {
		t.Errorf("%d bytes", b.Len())
	}
}

// narrowed is a check in which markers keep entries out, whose names are a stranger's.
func narrowed() Check {
	c := Check{Locks: []CheckedLock{{Name: "uv.lock", Format: "uv", Entries: 25}}, Environment: "linux with Python 3.12"}
	for i := range 22 {
		c.LeftOut = append(c.LeftOut, LeftOut{What: fmt.Sprintf("part%02d", i), Place: Place{"uv.lock", i + 1}})
	}
	c.LeftOut = append(c.LeftOut, LeftOut{What: "part00", Place: Place{"uv.lock", 90}}, LeftOut{What: "odd\x1b[m@here", Marker: "os_name == '<b>'", Place: Place{"other.txt", 2}})
	return NewCheck(c)
}

// TestNoFit: every form counts and names the entries that have no file for the environment.
func TestNoFit(t *testing.T) {
	c := Check{Locks: []CheckedLock{{Name: "uv.lock", Format: "uv", Entries: 3}}, Environment: "linux", LeftOut: []LeftOut{{What: "win", Place: Place{"uv.lock", 1}}},
		NoFit: []LeftOut{{What: "a", Place: Place{"uv.lock", 2}}, {What: "odd\x1b[m`@here", Place: Place{"other.txt", 3}}}}
	var text, one, json, sarif, junit, markdown strings.Builder
	for _, err := range []error{c.WriteText(&text, Text{Width: 100}), c.WriteJSON(&json), c.WriteSARIF(&sarif, "1"), c.WriteJUnit(&junit), c.WriteMarkdown(&markdown)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := "assay: looked at 0 packages, 0 files of 1 lock file, and not at 1 entry, which its marker keeps out of linux, and no file of 2 entries fits linux\n" +
		"  left out by their markers: win\n  no file fits: a, odd\\u{1b}[m`@here\nassay: nothing was refused\n"
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	for name, has := range map[string][2]string{
		"JSON": {json.String(), `"no_file_fits": [
    {
      "what": "a",
      "file": "uv.lock",
      "line": 2
    },`},
		"SARIF":          {sarif.String(), `"text": "no file fits: a, odd\\\\u{{1b}}\\[m` + "`" + `@here"`},
		"JUnit":          {junit.String(), `skipped="3"`},
		"a case":         {junit.String(), `<skipped message="no file of it fits linux"></skipped>`},
		"Markdown":       {markdown.String(), "and no file of 2 entries fits linux"},
		"Markdown names": {markdown.String(), "\nNo file fits: `a`, `odd\\u{1b}[m'@here`.\n"},
	} {
		if !strings.Contains(has[0], has[1]) {
			t.Errorf("%s has no %s:\n%s", name, has[1], has[0])
		}
		if strings.Contains(has[0], "\x1b") {
			t.Errorf("%s lets a name through", name)
		}
	}
	c.LeftOut, c.NoFit = nil, c.NoFit[:1]
	if err := c.WriteText(&one, Text{Width: 100}); err != nil || !strings.HasPrefix(one.String(), "assay: looked at 0 packages, 0 files of 1 lock file, and no file of 1 entry fits linux\n") {
		t.Errorf("%v: %s", err, one.String())
	}
}

// TestLeftOut: every form says how many entries were not looked at.
func TestLeftOut(t *testing.T) {
	c := narrowed()
	const count = "24 entries, which their markers keep out of linux with Python 3.12"
	var text, json, sarif, junit, markdown strings.Builder
	for _, err := range []error{c.WriteText(&text, Text{Width: 100}), c.WriteJSON(&json), c.WriteSARIF(&sarif, "1"), c.WriteJUnit(&junit), c.WriteMarkdown(&markdown)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := "assay: looked at 0 packages, 0 files of 1 lock file, and not at " + count + "\n" +
		"  left out by their markers: part00, part01, part02, part03, part04, part05, part06, part07, part08,\n" +
		"    part09, part10, part11, part12, part13, part14, part15, part16, part17, part18, part19 and 3\n    more\n" +
		"assay: nothing was refused\n"
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	for name, has := range map[string][2]string{
		"JSON": {json.String(), `{
      "what": "part21",
      "marker": "",
      "file": "uv.lock",
      "line": 22
    }`},
		"SARIF":    {sarif.String(), `"text": "not looked at ` + count + `"`},
		"JUnit":    {junit.String(), `skipped="24"`},
		"a case":   {junit.String(), `<skipped message="markers keep it out of linux with Python 3.12"></skipped>`},
		"Markdown": {markdown.String(), count},
	} {
		if !strings.Contains(has[0], has[1]) {
			t.Errorf("%s has no %s:\n%s", name, has[1], has[0])
		}
		if strings.Contains(has[0], "\x1b") || name == "Markdown" && strings.Contains(has[0], "@here") {
			t.Errorf("%s lets a name through", name)
		}
	}
}
