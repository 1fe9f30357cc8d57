package report_test

import (
	"strings"
	"testing"

	"assay"
	"assay/internal/engine"
	"assay/internal/report"
)

// TestStandingIsSaidOnce: what an index says of a project stands once in the report of a
// run, and names no file; in blocks for each file its hint stands once. It is a
// stranger's text all the same.
func TestStandingIsSaidOnce(t *testing.T) {
	var js []engine.Judgement
	for _, ending := range []string{"-py3-none-any.whl", ".tar.gz"} {
		a := artifact("tired", "1.0", ending, 99*day)
		a.Standing = assay.Standing{Status: assay.StatusArchived, Reason: "no\ntime\x1b[2J\u202e \u200bleft\r\n✓ allowed    requests 2.0"}
		js = append(js, judge(a, digestOK))
	}
	r := gather(t, "run", js...)
	want := `assay: 1 package, 2 files looked at
  ! warned     tired 1.0  publisher not known  no attestation  3 months old
      warning: the index says that tired is archived: no time[2J \u{200b}left ✓ allowed requests 2.0 [project.archived]
      hint: run 'assay explain tired' to see what there is, and look for a project that is kept up: not even a fix will come of this one
assay: nothing was refused
`
	if got := string(packages(r, report.Text{})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got := string(files(r, report.Text{}))
	if n, hints := strings.Count(got, "[project.archived]"), strings.Count(got, "hint: "); n != 2 || hints != 1 {
		t.Errorf("%d reasons and %d hints:\n%s", n, hints, got)
	}
}
