package gitrepo

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestParts holds that nothing is linked in that reads git's configuration or
// runs programs, through no library either.
func TestParts(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	parts := strings.Fields(string(bytes.TrimSpace(out)))
	if !slices.Contains(parts, "github.com/go-git/go-git/v5/plumbing/format/packfile") {
		t.Fatalf("%d packages, and none that reads packs", len(parts))
	}
	for _, p := range parts {
		rest, ours := strings.CutPrefix(p, "github.com/go-git/go-git/v5")
		_, allowed := slices.BinarySearch([]string{"/plumbing", "/plumbing/cache", "/plumbing/filemode", "/plumbing/format/idxfile", "/plumbing/format/index",
			"/plumbing/format/packfile", "/plumbing/format/pktline", "/plumbing/hash", "/plumbing/storer", "/utils/binary", "/utils/ioutil", "/utils/sync", "/utils/trace"}, rest)
		if ours && !allowed || p == "os/exec" || p == "golang.org/x/sys/execabs" {
			t.Errorf("%s is linked in", p)
		}
	}
}
