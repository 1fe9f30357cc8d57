package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"assay"
)

// TestSARIFSchema validates the log against the schema of SARIF 2.1.0, which the library
// carries. Properties that the schema does not know are refused as it is read.
func TestSARIFSchema(t *testing.T) {
	validate := func(text string) error {
		var log sarif.Report
		dec := json.NewDecoder(strings.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&log); err != nil {
			return err
		}
		whole, err := sarif.FromBytes([]byte(text)) // with the empty lists that its types leave out
		if err != nil {
			return err
		}
		for _, run := range whole.Runs { // what its types write of the properties that are not there
			run.Language, run.Tool.Driver.Language, run.NewlineSequences = "en", "en", []string{"\n"}
		}
		return whole.Validate()
	}
	for name, c := range map[string]Check{"findings": checked(), "nothing": {Locks: []CheckedLock{{Name: "uv.lock"}}}, "left out": narrowed(), "strangers": fromStrangers()} {
		var b strings.Builder
		if err := c.WriteSARIF(&b, "1.0.0"); err != nil {
			t.Fatal(err)
		}
		if err := validate(b.String()); err != nil {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
		for from, to := range map[string]string{`"version": "2.1.0"`: `"version": "2.0"`, `"columnKind"`: `"columnKinds"`, `"name": "assay"`: `"name": 7`} {
			if broken := strings.Replace(b.String(), from, to, 1); broken == b.String() || validate(broken) == nil {
				t.Errorf("%s: %s for %s is taken", name, to, from)
			}
		}
	}
}

// fromStrangers is a finding about which everything that a stranger writes would be more
// than text.
func fromStrangers() Check {
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: "de\u202emo[1]", Version: "1.0\r{0}"}
	detail := "[Click me](https://evil.example/t.png) [lock](1) \\[x\\](y) {0} {{1}} \u202egnp.exe \x1b[31m\r\n::error::x"
	d := assay.DecideFindings(assay.DefaultRules(), a, []assay.Finding{{Code: assay.LockNotVerifiable, Detail: detail}}, nil, assay.Memory{}, time.Time{})
	return NewCheck(Check{Locks: []CheckedLock{{Name: "uv.lock"}}, Items: []CheckedItem{
		{Item: Item{Artifact: a, Decision: d}, Places: []Place{{File: "javascript:alert(1)/[x](y)\u202e/uv.lock", Line: 1}}}}})
}

// TestSARIFMessages: a viewer that follows the standard shows what a stranger wrote as it
// is, and makes no link of it and fills nothing in.
func TestSARIFMessages(t *testing.T) {
	var b strings.Builder
	if err := fromStrangers().WriteSARIF(&b, "1.0.0"); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(b.String()), &log); err != nil {
		t.Fatal(err)
	}
	got := log.Runs[0].Results[0]
	if want := `de\\u{{202e}}mo\[1\] 1.0\\u{{d}}{{0}}: demo\[1\] does not come from an index, and nobody looks at it: ` +
		`\[Click me\](https://evil.example/t.png) \[lock\](1) \\\[x\\\](y) {{0}} {{{{1}}}} gnp.exe \[31m  ::error::x. ` +
		`Hint: take a release from an index where there is one: 'assay explain demo\[1\]' shows them`; got.Message.Text != want {
		t.Errorf("the message is\n%s\nwant\n%s", got.Message.Text, want)
	}
	if uri := got.Locations[0].Physical.Artifact.URI; uri != "./javascript:alert%281%29/%5Bx%5D%28y%29%E2%80%AE/uv.lock" && uri != "./javascript:alert(1)/%5Bx%5D(y)%E2%80%AE/uv.lock" {
		t.Errorf("the place is %s", uri)
	}
}
