package main_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const routesHead = `# Every way, with every installer

A test makes this table (` + "`make routes`" + `). On each way lies a package that must not get in: its bytes were swapped, or nothing
can be known of it. A real installer goes for it under ` + "`assay run`" + `, and the cell says what was observed.

- **judged**: the file came past Assay and was refused; nothing of it was installed, nothing of it ran.
- **refused**: the way itself is refused, with the code in brackets.
- **stopped**: the run ended with an error that names the setting and a way out (status 125), or, under ` + "`--confine`" + `, the
  connection was not possible.
- **reported**: it is let through without a look, and the report at the end names it; with ` + "`install.unseen`" + ` because what was
  installed is compared with what came past.
- **no such way**: the installer has none. These cells alone are stated, by its documentation and source, and not observed.

Where a cell has two words, two variants of the way were tried.

`

// routeTable renders the table.
func routeTable(cells [][]string) string {
	var s strings.Builder
	s.WriteString(routesHead)
	s.WriteString("| way | " + strings.Join(columns, " | ") + " |\n|---" + strings.Repeat("|---", len(columns)) + "|\n")
	for i, r := range routes {
		s.WriteString("| " + r.name + " | " + strings.Join(cells[i], " | ") + " |\n")
	}
	return s.String()
}

// compareTable holds the page to what was observed.
func compareTable(t *testing.T, cells [][]string) {
	t.Helper()
	for i, row := range cells {
		if slices.Contains(row, "") {
			t.Logf("only a part was run: %q has empty cells, and the page is not compared", routes[i].name)
			return
		}
	}
	got := routeTable(cells)
	page := filepath.Join("..", "..", "docs", "installers", "routes.md")
	// The flag is defined by the tests of the package itself.
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.MkdirAll(filepath.Dir(page), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("docs/installers/routes.md differs from what was observed (go test -run TestRoutes -update rewrites it):\n%s", got)
	}
}
