package report

import (
	"testing"
	"time"

	"assay"
)

// TestGrantText says on whose certification a grant rests, and that it fell with it.
func TestGrantText(t *testing.T) {
	g := assay.Grant{Kind: assay.GrantOpenPGP, Key: "AA", Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), From: "import web", Reason: "a note", CertifiedBy: []string{"BB", "CC"}}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if got, want := grantText(g, now), "openpgp:AA, until 2026-12-31; from import web, certified by BB, then CC: a note"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	g.Withdrawn = "openpgp:CC"
	if got, want := grantText(g, now), "openpgp:AA, until 2026-12-31; from import web, certified by BB, then CC; withdrawn, as openpgp:CC was given up as lost: a note"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if j := GrantJSON(g); len(j.CertifiedBy) != 2 || j.Withdrawn != "openpgp:CC" {
		t.Errorf("%+v", j)
	}
}
