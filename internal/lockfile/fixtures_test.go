package lockfile

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay"
)

// fixtures are locks that the installers wrote: of one application (app), of its older
// or other strategies (odd), and of folders, checkouts and URLs (odd, paths).
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	var names []string
	for _, folder := range []string{"app", "odd", "paths"} {
		found, err := filepath.Glob("testdata/" + folder + "/*")
		if err != nil || len(found) == 0 {
			t.Fatal("there are no fixtures", err)
		}
		names = append(names, found...)
	}
	out := map[string][]byte{}
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.ToSlash(n)] = data
	}
	return out
}

func mustRead(t testing.TB, name string, data []byte) *Lock {
	t.Helper()
	l, err := Read(name, data, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return l
}

// TestOneApplication: every installer's lock of one application has the same releases,
// and the same digests for them.
func TestOneApplication(t *testing.T) {
	var want map[string]bool
	formats := map[Format]bool{}
	for name, data := range fixtures(t) {
		if !strings.Contains(name, "/app/") {
			continue
		}
		l := mustRead(t, name, data)
		formats[l.Format] = true
		releases := map[string]bool{}
		for _, p := range l.Packages {
			if p.Source.Kind == Virtual {
				continue
			}
			if p.Source.Kind != Registry || p.Version == "" {
				t.Errorf("%s: %s is from %s, version %q", name, p.Name, p.Source.Kind, p.Version)
			}
			releases[p.Name+"=="+p.Version] = true
			hashes := len(p.Hashes)
			for _, f := range p.Files {
				hashes += len(f.Digests)
				if !strings.Contains(strings.Split(string(data), "\n")[f.At.Line-1], f.Name) {
					t.Errorf("%s is not at %s", f.Name, f.At)
				}
				if fileVersion(p.Name, f.Name) != p.Version {
					t.Errorf("%s: %s is no file of %s %s", name, f.Name, p.Name, p.Version)
				}
			}
			if hashes == 0 {
				t.Errorf("%s: %s has no hashes", name, p.Name)
			}
			for _, h := range p.Hashes {
				if !strings.Contains(strings.Split(string(data), "\n")[h.At.Line-1], h.Digest.Hex) {
					t.Errorf("%s is not at %s", h.Digest, h.At)
				}
			}
		}
		if want == nil {
			want = releases
		}
		if !maps.Equal(want, releases) {
			t.Errorf("%s: got %v\nwant %v", name, slices.Sorted(maps.Keys(releases)), slices.Sorted(maps.Keys(want)))
		}
	}
	if len(want) < 30 || len(formats) != 6 {
		t.Errorf("%d releases in %d formats", len(want), len(formats))
	}
}

// TestNothingChanges: an edit without changes changes nothing, nor does one that adds
// what is there already.
func TestNothingChanges(t *testing.T) {
	for name, data := range fixtures(t) {
		l := mustRead(t, name, data)
		e := l.Edit()
		for _, p := range l.Packages {
			for _, h := range p.Hashes {
				e.AddHashes(p, []assay.Digest{h.Digest})
			}
			for _, f := range p.Files {
				if len(f.Digests) > 0 && l.Format != Requirements {
					e.SetFileDigest(p, f.Name, f.Digests[0])
				}
			}
		}
		out, err := e.Bytes()
		if err != nil || len(out) != 0 {
			t.Errorf("%s: %d files change, %v", name, len(out), err)
		}
	}
}

// taken is what the next tests take out of a lock, to be put in again.
var taken = map[Format]*regexp.Regexp{
	Requirements: regexp.MustCompile(` \\\n    --hash=sha256:[0-9a-f]{64}`),
	Pipfile:      regexp.MustCompile(`(,\s+"sha256:[0-9a-f]{64}")|("sha256:[0-9a-f]{64}",\s+)`),
	Pylock:       regexp.MustCompile(`, hashes = \{ sha256 = "[0-9a-f]{64}" \}`),
	UV:           regexp.MustCompile(`, hash = "sha256:[0-9a-f]{64}"`),
	Poetry:       regexp.MustCompile(`, hash = "sha256:[0-9a-f]{64}"`),
	PDM:          regexp.MustCompile(`, hash = "sha256:[0-9a-f]{64}"`),
}

// TestHashTakenOutAndPutIn: a lock without a hash, and with it again, is what the
// installer wrote, byte for byte.
func TestHashTakenOutAndPutIn(t *testing.T) {
	for name, data := range fixtures(t) {
		whole := mustRead(t, name, data)
		places := taken[whole.Format].FindAllIndex(data, -1)
		if len(places) == 0 && !strings.Contains(name, "odd") {
			t.Errorf("%s: nothing to take out", name)
		}
		for i := 0; i < len(places); i += 1 + len(places)/4 {
			at := places[i]
			less := slices.Concat(data[:at[0]], data[at[1]:])
			compareAfter(t, name, less, data, whole)
		}
		// All at once.
		less := taken[whole.Format].ReplaceAll(data, nil)
		if whole.Format == Pipfile {
			less = regexp.MustCompile(`"hashes": \[\s+("sha256:[0-9a-f]{64}",?\s+)+\],\s+`).ReplaceAll(data, nil)
		}
		if whole.Format == Requirements {
			less = regexp.MustCompile(`(?m)( \\\n    --hash=sha256:[0-9a-f]{64})+`).ReplaceAll(data, nil)
		}
		compareAfter(t, name, less, data, whole)
	}
}

// compareAfter edits a lock until it says what the whole one does.
func compareAfter(t *testing.T, name string, less, data []byte, whole *Lock) {
	t.Helper()
	l := mustRead(t, name, less)
	e := l.Edit()
	for i, p := range l.Packages {
		w := whole.Packages[i]
		var digests []assay.Digest
		for _, h := range w.Hashes {
			digests = append(digests, h.Digest)
		}
		if len(digests) > 0 {
			e.AddHashes(p, digests)
		}
		for k, f := range p.Files {
			if len(f.Digests) == 0 && len(w.Files[k].Digests) > 0 {
				e.SetFileDigest(p, f.Name, w.Files[k].Digests[0])
			}
		}
	}
	out, err := e.Bytes()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !bytes.Equal(out[name], data) {
		t.Fatalf("%s is another file:\n%s", name, firstDifference(out[name], data))
	}
}

func firstDifference(got, want []byte) string {
	a, b := strings.SplitAfter(string(got), "\n"), strings.SplitAfter(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "got  " + a[i] + "want " + b[i]
		}
	}
	return "one is longer"
}

func TestOddSources(t *testing.T) {
	all := fixtures(t)
	type row struct {
		version string
		kind    SourceKind
		where   string
	}
	const file = "https://index.example.invalid/packages/58/a2/bb081bab032533a855d44de1d56f8e8426114ff1ba5d1f07a438a0a654f8/idna-3.20-py3-none-any.whl"
	for name, want := range map[string]map[string]row{
		"testdata/odd/uv.lock": {
			"ed": {"0.3", Editable, "../ed"}, "lib": {"0.3", Directory, "../lib"}, "gitlib": {"0.3", VCS, "file:///srv/odd/gitlib"},
			"idna": {"3.20", URL, file}, "odd-app": {"0.1.0", Virtual, "."}, "six": {"1.16.0", LocalFile, "../dl/six-1.16.0-py2.py3-none-any.whl"},
			"click": {"8.1.7", Registry, "https://index.example.invalid/simple"},
		},
		"testdata/odd/pylock.odd.toml": {
			"ed": {"", Editable, "../ed"}, "lib": {"", Directory, "../lib"}, "gitlib": {"0.3", VCS, "file:///srv/odd/gitlib"},
			"idna": {"3.20", URL, file}, "six": {"1.16.0", LocalFile, "../dl/six-1.16.0-py2.py3-none-any.whl"},
		},
		"testdata/odd/requirements.txt": {
			"": {"", Directory, "../lib"}, "gitlib": {"", VCS, "git+file:///srv/odd/gitlib"}, "idna": {"3.20", URL, file},
			"six": {"1.16.0", LocalFile, "../dl/six-1.16.0-py2.py3-none-any.whl"}, "click": {"8.1.7", Registry, ""},
		},
		"testdata/paths/pdm.lock": {
			"ed": {"0.3", Editable, "../ed"}, "lib": {"0.3", Directory, "../lib"}, "idna": {"3.20", URL, file},
			"six": {"1.16.0", LocalFile, "../dl/six-1.16.0-py2.py3-none-any.whl"}, "click": {"8.1.7", Registry, ""},
		},
	} {
		l := mustRead(t, name, all[name])
		got := map[string]row{}
		for _, p := range l.Packages {
			got[p.Name] = row{p.Version, p.Source.Kind, p.Source.Where}
			if p.Name == "gitlib" && p.Source.Revision != "1b282204624130879109a0bf7d8da10463a2e7db" {
				t.Errorf("%s: the revision is %q", name, p.Source.Revision)
			}
		}
		for project, w := range want {
			if got[project] != w {
				t.Errorf("%s: %s is %v, want %v", name, project, got[project], w)
			}
		}
	}
	static := mustRead(t, "testdata/odd/pdm.lock", all["testdata/odd/pdm.lock"])
	if f := static.Packages[0].Files[0]; f.URL == "" || f.Name != "annotated_types-0.8.0.tar.gz" {
		t.Errorf("the file is %+v", f)
	}
	old := mustRead(t, "testdata/odd/poetry.lock", all["testdata/odd/poetry.lock"])
	if p := old.Packages[1]; old.Version != "1.1" || p.Name != "click" || len(p.Files) != 2 || p.Groups[0] != "main" {
		t.Errorf("the package is %+v", p)
	}
}
