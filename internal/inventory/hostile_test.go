//go:build unix

package inventory

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// What is in site-packages may be anything: nothing is waited for, nothing is
// read outside, and nothing is shown as it is.
func TestHostileContents(t *testing.T) {
	root := tree(t, map[string]string{
		"outside/direct_url.json":                      `{"url": "https://secret.example", "archive_info": {}}`,
		"outside/METADATA":                             "Name: outside\nVersion: 1\n\n",
		site + "/a-1.dist-info/direct_url.json":        "-> ROOT/outside/direct_url.json",
		site + "/a-1.dist-info/METADATA":               "-> ../../../../../../outside/METADATA",
		site + "/b-1.dist-info":                        "-> ROOT/outside",
		site + "/c-1.dist-info/METADATA":               "Name: c\nVersion: 2\nSummary: " + strings.Repeat("x", 4*maxMetadata) + "\n\n",
		site + "/c-1.dist-info/direct_url.json":        `{"url": "https://a.example/` + strings.Repeat("x", maxDirectURL) + `", "archive_info": {}}`,
		site + "/d-1.dist-info/METADATA/":              "",
		site + "/d-1.dist-info/direct_url.json/":       "",
		site + "/e-1.dist-info/METADATA":               ":\n: x\n\nName: e",
		site + "/e-1.dist-info/direct_url.json":        `{"url": "https://a.example/` + "\\u001b[31m" + `", "archive_info": {}}`,
		site + "/.dist-info/METADATA":                  "",
		site + "/x\x1b[2J\n-1.dist-info/METADATA":      "Name: x\x1b[2J\nVersion: 1\n\n",
		site + "/" + strings.Repeat("n", 200) + ".egg": "",
	})
	if err := syscall.Mkfifo(filepath.Join(root, site, "f-1.egg-info"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, site, "e-1.dist-info", "RECORD"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := lines(root, Since(Snapshot{}, Take(one(root))))
	want := []string{
		`  ` + site + ` unknown ".dist-info"`,
		`  ` + site + ` unknown "x\x1b[2J\n-1.dist-info"`,
		"a 1 " + site + " unknown ",
		"b 1 " + site + " unknown ",
		"c 2 " + site + " unknown ",
		"d 1 " + site + " unknown ",
		"e 1 " + site + " unknown ",
		"f 1 " + site + " index ",
		strings.Repeat("n", 200) + "  " + site + " index ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
