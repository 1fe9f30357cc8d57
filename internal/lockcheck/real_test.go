package lockcheck

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay"
	"assay/internal/lockfile"
	"assay/internal/pypi"
)

// listed is an index with the files that locks name.
type listed map[string][]assay.Artifact

func (l listed) Release(_ context.Context, index, project string, version pypi.Version) (Release, error) {
	out := Release{Known: len(l[project]) > 0}
	for _, a := range l[project] {
		if v, err := pypi.ParseVersion(a.Version); err == nil && v.Canonical() == version.Canonical() {
			a.Index = index
			out.Files = append(out.Files, a)
		}
	}
	return out, nil
}

// Flat lists nothing.
func (l listed) Flat(context.Context, lockfile.Index, string, pypi.Version) (Release, error) {
	return Release{}, nil
}

// TestRealLocks: an application of 31 packages, locked by uv (its own format, PEP 751 and
// requirements), Poetry, PDM, Pipenv and pip-compile, stands for the same files in every
// format: of those that one version of Python takes, for some tools leave out what the
// project's requires-python excludes and others do not. Markers keep colorama out of all
// platforms but one.
func TestRealLocks(t *testing.T) {
	locks := map[string]*lockfile.Lock{}
	paths, err := filepath.Glob("../lockfile/testdata/app/*")
	if err != nil || len(paths) < 7 {
		t.Fatalf("%q, %v", paths, err)
	}
	index := listed{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lock, err := lockfile.Read(path, data, os.ReadFile)
		if err != nil {
			t.Fatal(err)
		}
		locks[filepath.Base(path)] = lock
		for _, p := range lock.Packages {
			for _, f := range p.Files {
				same := func(a assay.Artifact) bool { return a.Filename == f.Name }
				if !slices.ContainsFunc(index[p.Name], same) {
					index[p.Name] = append(index[p.Name], assay.Artifact{Ecosystem: assay.PyPI, Project: p.Name, Version: p.Version, Filename: f.Name, Digests: f.Digests})
				}
			}
		}
	}
	for _, python := range []string{"3.11", "3.12"} {
		for _, platform := range []string{"", "linux-x86_64", "macos-arm64", "windows-amd64"} {
			agree(t, locks, index, platform, python)
		}
	}
}

// agree compares what every lock stands for in an environment.
func agree(t *testing.T, locks map[string]*lockfile.Lock, index listed, platform, python string) {
	environment, err := NewEnvironment(platform, python)
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string]map[string]bool{}
	for name, lock := range locks {
		wanted, err := Expand(t.Context(), lock, index, Options{Indexes: []string{one}, Environment: environment})
		if err != nil {
			t.Fatal(err)
		}
		set := map[string]bool{}
		for _, w := range wanted {
			for _, f := range w.Findings {
				t.Errorf("%s: %s: %s %s", f.Place, w.Package.Name, f.Code, f.Detail)
			}
			for _, a := range w.Files {
				set[a.Filename+" "+a.Digests[0].String()] = true
			}
		}
		sets[name] = set
	}
	want := sets["uv.lock"]
	if len(want) < 60 {
		t.Errorf("%s %s: only %d files", platform, python, len(want))
	}
	for name, set := range sets {
		for _, f := range slices.Sorted(maps.Keys(set)) {
			if !want[f] && !unmarked(name, f, platform) {
				t.Errorf("%s %s: %s alone has %s", platform, python, name, f)
			}
		}
		for _, f := range slices.Sorted(maps.Keys(want)) {
			if !set[f] {
				t.Errorf("%s %s: %s has no %s", platform, python, name, f)
			}
		}
	}
}

// unmarked reports whether a file is one that these two tools lock for every platform,
// although it is asked for on Windows alone: they were told so, as they lock for one
// platform at a time.
func unmarked(lock, file, platform string) bool {
	return (lock == "requirements.txt" || lock == "Pipfile.lock") && strings.HasPrefix(file, "colorama-") && !strings.HasPrefix(platform, "windows")
}
