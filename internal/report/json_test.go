package report

import (
	"testing"

	"assay"
)

// TestTokensInPaths shows no address of an index or of its file with a token in it.
func TestTokensInPaths(t *testing.T) {
	const token = "4xKqyPbT2mW9sLcVn7Rd"
	for _, index := range []string{"https://pypi.fury.io/" + token + "/acme/foo/", "https://pypi.fury.io/~f4219864/acme/foo/"} {
		j := Item{Artifact: assay.Artifact{Index: index, URL: "https://pypi.fury.io/" + token + "/acme/-/foo-1.0.tar.gz"}}.json()
		if j.Index != "https://pypi.fury.io/~f4219864/acme/foo/" || j.URL != "https://pypi.fury.io/~f4219864/acme/-/foo-1.0.tar.gz" {
			t.Errorf("from %s at %s", j.Index, j.URL)
		}
	}
}
