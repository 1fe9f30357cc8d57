package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/indextest"
)

// TestCheckRequests counts what a check asks for: at most one page a project and one
// provenance document a file, however many locks name it; and nothing twice within a day
// but pages.
func TestCheckRequests(t *testing.T) {
	var archive strings.Builder
	for i := range 5 {
		for _, tag := range []string{"py3-none-any", "cp312-cp312-win_amd64"} {
			fmt.Fprintf(&archive, "-- p%d-1.0-%s.whl --\npublisher: github:acme/p%d@release.yml\n", i, tag, i)
		}
		fmt.Fprintf(&archive, "-- p%d-1.1.tar.gz --\npublisher: github:acme/p%d@release.yml\n", i, i)
	}
	s := indextest.Start(t, archive.String())
	dir := t.TempDir()
	var plain strings.Builder
	for i := range 5 {
		for version, files := range map[string][]string{"1.0": {"py3-none-any.whl", "cp312-cp312-win_amd64.whl"}, "1.1": nil} {
			if i > 1 && version == "1.1" {
				continue
			}
			fmt.Fprintf(&plain, "p%d==%s", i, version)
			names := []string{fmt.Sprintf("p%d-1.1.tar.gz", i)}
			if files != nil {
				names = []string{fmt.Sprintf("p%d-1.0-%s", i, files[0]), fmt.Sprintf("p%d-1.0-%s", i, files[1])}
			}
			for _, name := range names {
				f, ok := s.File(name)
				if !ok {
					t.Fatal(name)
				}
				fmt.Fprintf(&plain, " --hash=sha256:%s", f.SHA256)
			}
			fmt.Fprintf(&plain, " ; python_version %s '3.12'\n", map[string]string{"1.0": ">=", "1.1": "<"}[version])
		}
	}
	// pip wants the marker ahead of the hashes.
	var lock strings.Builder
	for line := range strings.Lines(plain.String()) {
		body, marker, _ := strings.Cut(strings.TrimSpace(line), " ; ")
		name, hashes, _ := strings.Cut(body, " ")
		fmt.Fprintf(&lock, "%s ; %s %s\n", name, marker, hashes)
	}
	path := func(name string, data []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	one, two, root := path("one.txt", []byte(lock.String())), path("two.txt", []byte(lock.String())), path("root.json", s.TrustedRoot())
	run := func(args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		a := &app{stdin: os.Stdin, stdout: &out, stderr: &errs, cwd: dir, interrupted: context.Background(),
			env: []string{"ASSAY_HOME=" + filepath.Join(dir, "home"), "HOME=" + dir, "PIP_CONFIG_FILE=" + os.DevNull, "UV_NO_CONFIG=1", "PIP_INDEX_URL=" + s.SimpleURL()}}
		if status := a.run(append([]string{"check", "--trusted-root", root}, args...)); status != 0 {
			t.Fatalf("status %d\n%s%s", status, out.String(), errs.String())
		}
	}
	count := func() (pages, provenance, files int) {
		asked := map[string]int{}
		for _, r := range s.Requests() {
			if r.Method != http.MethodGet {
				t.Errorf("%s %s", r.Method, r.Path)
			}
			if asked[r.Path]++; asked[r.Path] > 1 {
				t.Errorf("%s was asked for %d times", r.Path, asked[r.Path])
			}
			switch {
			case strings.HasPrefix(r.Path, "/simple/"):
				pages++
			case strings.HasPrefix(r.Path, "/integrity/"):
				provenance++
			default:
				files++
			}
		}
		s.ResetRequests()
		return pages, provenance, files
	}
	for _, c := range []struct {
		args                     []string
		pages, provenance, files int
	}{
		{[]string{one, two}, 5, 12, 0},
		{[]string{one, two}, 5, 0, 0},
		{[]string{"--offline", one}, 0, 0, 0},
		{[]string{"--download", one}, 5, 0, 12},
	} {
		run(c.args...)
		if pages, provenance, files := count(); pages != c.pages || provenance != c.provenance || files != c.files {
			t.Errorf("%q asked for %d pages, %d provenance documents, %d files; want %d, %d, %d", c.args, pages, provenance, files, c.pages, c.provenance, c.files)
		}
	}
}
