package archive

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// TestRealFiles reads the distribution files of the folder that
// ASSAY_TEST_ARCHIVES names, and prints a table of the rules that they break,
// and each that is refused. docs/archives.md shows such a table.
func TestRealFiles(t *testing.T) {
	dir := os.Getenv("ASSAY_TEST_ARCHIVES")
	if dir == "" {
		t.Skip("ASSAY_TEST_ARCHIVES names no folder")
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	quotedText := regexp.MustCompile(`"(\\.|[^"\\])*"…?|\d+`)
	table := map[string]map[string]bool{}
	counts := map[string]int{}
	for _, e := range files {
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		inside, err := Read(e.Name(), f, Limits{})
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		counts[inside.Format]++
		counts["members"] += inside.Members
		counts["members compared with RECORD"] += inside.Hashed
		class := classOf(inside.Findings)
		for _, finding := range inside.Findings {
			rule := string(finding.Code) + "\t" + quotedText.ReplaceAllString(finding.Detail, "…")
			if table[rule] == nil {
				table[rule] = map[string]bool{}
			}
			table[rule][e.Name()] = true
			if class == refuse {
				t.Logf("refused: %s: %s: %s", e.Name(), finding.Code, finding.Detail)
			}
		}
		if inside.Format == "wheel" && len(inside.Metadata) == 0 {
			t.Errorf("%s: no metadata", e.Name())
		}
	}
	var lines []string
	for rule, names := range table {
		var examples []string
		for name := range names {
			examples = append(examples, name)
		}
		sort.Strings(examples)
		lines = append(lines, fmt.Sprintf("%4d\t%s\t%s", len(examples), rule, strings.Join(examples[:min(3, len(examples))], " ")))
	}
	sort.Strings(lines)
	t.Logf("%v\n%s", counts, strings.Join(lines, "\n"))
}
