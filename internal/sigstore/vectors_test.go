package sigstore_test

import (
	"os"
	"path/filepath"
	"testing"

	"assay/internal/sigstore"
)

// shared returns the path of a file below the shared fixtures, and skips the
// test where they are not there.
func shared(tb testing.TB, name string) string {
	tb.Helper()
	base := os.Getenv("ASSAY_SHARED")
	if base == "" {
		dir, err := os.Getwd()
		if err != nil {
			tb.Fatal(err)
		}
		for base == "" {
			if _, err := os.Stat(filepath.Join(dir, "shared", "fixtures")); err == nil {
				base = filepath.Join(dir, "shared")
			} else if parent := filepath.Dir(dir); parent == dir {
				tb.Skip("no shared fixtures beside the repository and no ASSAY_SHARED")
			} else {
				dir = parent
			}
		}
	}
	return filepath.Join(base, "fixtures", "sigstore", filepath.FromSlash(name))
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(shared(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func embedded(tb testing.TB) *sigstore.Root {
	tb.Helper()
	root, err := sigstore.EmbeddedRoot()
	if err != nil {
		tb.Fatal(err)
	}
	return root
}
