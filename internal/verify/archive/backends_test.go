package archive

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay"
	"assay/internal/archive"
	"assay/internal/pypi"
)

// leastBuilt is how many wheels, and how many sdists, must be there: a list that
// lost most of its back ends must not pass.
const leastBuilt = 100

// TestBackends judges what build back ends built: in the folder that
// ASSAY_TEST_BACKENDS names there is a folder for each of them. None of the files may
// be refused. It prints how many of each kind there are, and which rules warn
// or note how often; docs/archives.md shows that table.
func TestBackends(t *testing.T) {
	folder := os.Getenv("ASSAY_TEST_BACKENDS")
	if folder == "" {
		t.Skip("ASSAY_TEST_BACKENDS names no folder with files to judge ('make backends' makes one)")
	}
	var files tally
	backends := map[string]*tally{}
	rules := map[string]map[string]int{} // rule -> back end -> files
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		below, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		backend, _, _ := strings.Cut(filepath.ToSlash(below), "/")
		if backends[backend] == nil {
			backends[backend] = &tally{}
		}
		for rule := range judgeBuilt(t, path, &files, backends[backend]) {
			if rules[rule] == nil {
				rules[rule] = map[string]int{}
			}
			rules[rule][backend]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files.wheels < leastBuilt || files.sdists < leastBuilt {
		t.Errorf("%d wheels and %d sdists are in %s, not %d of each", files.wheels, files.sdists, folder, leastBuilt)
	}
	var b strings.Builder
	b.WriteString("| back end | wheels | sdists | members | refused | with a warning | with a note |\n|---|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(backends)) {
		b.WriteString(backends[name].row(name))
	}
	b.WriteString(files.row("all") + "\n| code | rule | files |\n|---|---|---|\n")
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		var of []string
		for _, name := range slices.Sorted(maps.Keys(rules[rule])) {
			of = append(of, fmt.Sprintf("%s: %d", name, rules[rule][name]))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", rule, strings.Join(of, ", "))
	}
	t.Logf("\n%s", b.String())
}

// tally counts files.
type tally struct {
	wheels, sdists, members, refused, warned, noted int
}

func (c *tally) row(name string) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d |\n", name, c.wheels, c.sdists, c.members, c.refused, c.warned, c.noted)
}

// add counts a file by what is worst of it.
func (c *tally) add(kind pypi.Kind, members int, worst assay.Severity) {
	if kind == pypi.Wheel {
		c.wheels++
	} else {
		c.sdists++
	}
	c.members += members
	switch worst {
	case assay.Error:
		c.refused++
	case assay.Warning:
		c.warned++
	case assay.Note:
		c.noted++
	}
}

// severities are in the order of their weight, with that of a file without findings.
var severities = []assay.Severity{"", assay.Note, assay.Warning, assay.Error}

// varying is what tells two findings of one rule apart: names, numbers.
var varying = regexp.MustCompile(`"(\\.|[^"\\])*"…?|\d+`)

// judgeBuilt reads a file strictly, judges it under its own name, counts it, and
// returns the rules that it breaks, "code | text". It fails where one refuses.
func judgeBuilt(t *testing.T, path string, counts ...*tally) map[string]bool {
	t.Helper()
	name, err := pypi.ParseFilename(filepath.Base(path))
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := archive.Read(name.Name, f, archive.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	a := assay.Artifact{Ecosystem: assay.PyPI, Filename: name.Name, Project: name.Project, Version: name.Version.String()}
	ev, err := Verifier{}.Verify(t.Context(), assay.Subject{Artifact: a, Content: &assay.Content{Inside: in}})
	if err != nil {
		t.Fatal(err)
	}
	if ev.State != assay.Verified {
		t.Errorf("%s: %v", path, ev.State)
	}
	rules := map[string]bool{}
	var worst int
	for _, finding := range ev.Findings {
		severity := finding.Code.Severity()
		worst = max(worst, slices.Index(severities, severity))
		rules[string(finding.Code)+" | "+varying.ReplaceAllString(cmp.Or(finding.Detail, "-"), "…")] = true
		switch severity {
		case assay.Error:
			t.Errorf("%s: %s: %s", path, finding.Code, finding.Detail)
		case assay.Warning:
			t.Logf("%s: %s: %s", path, finding.Code, finding.Detail)
		}
	}
	for _, c := range counts {
		c.add(name.Kind, in.Members, severities[worst])
	}
	return rules
}
