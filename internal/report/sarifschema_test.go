package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
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
	for name, c := range map[string]Check{"findings": checked(), "nothing": {Locks: []CheckedLock{{Name: "uv.lock"}}}, "left out": narrowed()} {
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
