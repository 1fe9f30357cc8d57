package main_test

import "testing"

// TestOnlyTheAskersWheelsAreJudgedAhead holds pip's and uv's own word about their
// Python to what it saves: of forty attested wheels of a release the one that
// installs anywhere, and perhaps some for their Python, are looked at.
func TestOnlyTheAskersWheelsAreJudgedAhead(t *testing.T) {
	each(t, "-- foo/ --\nbulk: 120 github:acme/foo@release.yml\n", func(t *testing.T, b *bench, installer string) {
		r := b.install(t, installer, "foo")
		r.wantInstalled(t, b, "foo-1.2.0")
		r.wantOutput(t, "1 package, 1 file looked at", publisher)
		if n := b.Count("GET", "/integrity/"); n < 1 || n > 4 {
			t.Errorf("%d provenance objects were asked for, want 1 to 4:\n%s", n, r.output)
		}
	})
}
