package policy

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"assay"
)

// TestDocs holds the examples and lists of docs/policy.md to the reader.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	blocks := regexp.MustCompile("(?s)```toml( cases)?\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) < 5 {
		t.Fatalf("only %d examples were found", len(blocks))
	}
	first := mustParse(t, "example", blocks[0][2])
	for _, b := range blocks {
		if b[1] == "" {
			if warnings := mustParse(t, "example", b[2]).Check(now); len(warnings) > 0 {
				t.Errorf("%v in\n%s", warnings, b[2])
			}
			continue
		}
		cases, err := ParseCases("cases", []byte(b[2]))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			_, d := c.Decide(Join(first, nil), now)
			if failure := c.Failure(d); failure != "" {
				t.Errorf("%s: %s", c.Name, failure)
			}
		}
	}
	for _, e := range assay.Entries() {
		if named := strings.Contains(page, "`"+string(e.Code)+"`,") || strings.Contains(page, "`"+string(e.Code)+"` |"); e.Code.Waivable() && e.Code != assay.SourceVCS && !named {
			t.Errorf("the page does not say that %s can be lifted", e.Code)
		}
	}
	for field := range artifactFields {
		if !strings.Contains(page, "."+field) {
			t.Errorf("the page does not name artifact.%s", field)
		}
	}
	for field := range claimFields {
		if !strings.Contains(page, "c."+field) {
			t.Errorf("the page does not name c.%s", field)
		}
	}
}
