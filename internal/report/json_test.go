package report

import (
	"testing"

	"assay"
)

// TestTokensInPaths shows no address of an index or of its file with a token in it.
func TestTokensInPaths(t *testing.T) {
	const token = "4xKqyPbT2mW9sLcVn7Rd"
	for _, index := range []string{"https://index.example.invalid/" + token + "/acme/foo/", "https://index.example.invalid/~f4219864/acme/foo/"} {
		j := Item{Artifact: assay.Artifact{Index: index, URL: "https://index.example.invalid/" + token + "/acme/-/foo-1.0.tar.gz"}}.json()
		if j.Index != "https://index.example.invalid/~f4219864/acme/foo/" || j.URL != "https://index.example.invalid/~f4219864/acme/-/foo-1.0.tar.gz" {
			t.Errorf("from %s at %s", j.Index, j.URL)
		}
	}
}
