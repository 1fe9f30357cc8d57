package archive

import (
	"os"
	"path/filepath"
	"testing"

	"assay"
	"assay/internal/archive"
	"assay/internal/pypi"
)

// TestRealFiles judges the files in the folder that ASSAY_TEST_ARCHIVES names, and
// counts by code what is wrong with them (-v names each).
func TestRealFiles(t *testing.T) {
	folder := os.Getenv("ASSAY_TEST_ARCHIVES")
	if folder == "" {
		t.Skip("ASSAY_TEST_ARCHIVES names no folder with files to judge")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	count := map[string]int{}
	for _, path := range files {
		name, err := pypi.ParseFilename(filepath.Base(path))
		if err != nil {
			t.Logf("%v", err)
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		in, err := archive.Read(name.Name, f, archive.Limits{})
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name.Name, err)
		}
		a := assay.Artifact{Ecosystem: assay.PyPI, Filename: name.Name, Project: name.Project, Version: name.Version.String()}
		ev, err := Verifier{}.Verify(t.Context(), assay.Subject{Artifact: a, Content: &assay.Content{Inside: in}})
		if err != nil {
			t.Fatal(err)
		}
		count[name.Kind.String()+" "+ev.State.String()]++
		for _, finding := range ev.Findings[len(in.Findings):] {
			count[name.Kind.String()+" "+string(finding.Code)]++
			t.Logf("%s: %s: %s", name.Name, finding.Code, finding.Detail)
		}
	}
	t.Logf("%v", count)
}
