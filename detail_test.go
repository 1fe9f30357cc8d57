package assay_test

import (
	"testing"
	"time"

	"assay"
)

// TestDetailIsNoCommand: what a stranger writes begins no command of a build server, where
// an installer prints it.
func TestDetailIsNoCommand(t *testing.T) {
	for detail, want := range map[string]string{
		"##[error]x ##vso[task.complete]y #### #1": "# #[error]x # #vso[task.complete]y # # # # #1",
		"#\n#[error]x #\u202e#[error]y":            "# #[error]x # #[error]y",
	} {
		d := assay.DecideFindings(assay.DefaultRules(), assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0"},
			[]assay.Finding{{Code: assay.PageUnavailable, Detail: detail}}, nil, assay.Memory{}, time.Time{})
		if got := d.Reasons[0].Message; got != "the index page could not be fetched: "+want {
			t.Errorf("%q is %q", detail, got)
		}
	}
}
