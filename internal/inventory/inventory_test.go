package inventory

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// tree writes files, by their slash-separated paths below a new folder. A text
// that begins with "-> " is a symbolic link, and a path that ends in "/" a folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		write(t, filepath.Join(root, filepath.FromSlash(name)), strings.ReplaceAll(text, "ROOT", root), strings.HasSuffix(name, "/"))
	}
	return root
}

func write(t *testing.T, path, text string, folder bool) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	switch to, link := strings.CutPrefix(text, "-> "); {
	case err != nil:
	case folder:
		err = os.MkdirAll(path, 0o755)
	case link:
		err = os.Symlink(to, path)
	default:
		err = os.WriteFile(path, []byte(text), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// site is where a test's distributions are.
const site = "venv/lib/python3.12/site-packages"

func one(root string) Places {
	var p Places
	p.add(place{path: filepath.Join(root, "venv"), kind: own})
	return p
}

// line renders what was found, without the test's own folder.
func line(root string, d Installed) string {
	folder, err := filepath.Rel(root, d.Folder)
	if err != nil {
		folder = d.Folder
	}
	return fmt.Sprintf("%s %s %s %s %s", d.Project, d.Version, folder, d.Source, strings.ReplaceAll(d.Where, root, "ROOT"))
}

func lines(root string, all []Installed) []string {
	out := []string{}
	for _, d := range all {
		out = append(out, line(root, d))
	}
	return out
}

func TestSince(t *testing.T) {
	root := tree(t, map[string]string{
		site + "/same-1.0.dist-info/METADATA":      "Name: same\nVersion: 1.0\n\n",
		site + "/up-1.0.dist-info/METADATA":        "Name: up\nVersion: 1.0\n\n",
		site + "/again-1.0.dist-info/RECORD":       "",
		site + "/gone-1.0.dist-info/METADATA":      "Name: gone\nVersion: 1.0\n\n",
		site + "/rewritten-1.0.dist-info/METADATA": "Name: rewritten\nVersion: 1.0\n\n",
	})
	dir := filepath.Join(root, filepath.FromSlash(site))
	long := time.Now().Add(-time.Hour)
	names, _ := namesIn(dir, 100, isDistribution)
	for _, name := range names {
		if err := os.Chtimes(filepath.Join(dir, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	p := one(root)
	before := Take(p)
	if got := Since(before, Take(p)); len(got) != 0 {
		t.Errorf("nothing was done, and yet there is %v", got)
	}
	for _, name := range []string{"up-1.0.dist-info", "again-1.0.dist-info", "gone-1.0.dist-info"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"up-2.0.dist-info/METADATA":            "Metadata-Version: 2.1\nName: Up\nVersion: 2.0\n\nName: other\n",
		"again-1.0.dist-info/RECORD":           "",
		"rewritten-1.0.dist-info/INSTALLER":    "uv\n", // a file is added: the folder changes
		"Zope.Thing-3.dist-info/METADATA":      "name: zope.thing\r\nVERSION: 3\r\n\r\n",
		"git_it-1.0.dist-info/METADATA":        "Name: git-it\nVersion: 1.0\n\n",
		"git_it-1.0.dist-info/direct_url.json": `{"url": "https://me:secret@git.example/p.git", "vcs_info": {"vcs": "git", "commit_id": "1f"}}`,
		"ed-0.1.dist-info/direct_url.json":     `{"url": "file:///w/ed", "dir_info": {"editable": true}}`,
		"broken-1.dist-info/direct_url.json":   `{"url": "file:///w", "url": "https://x.example"}`,
		"old-1.0-py3.12.egg-info/PKG-INFO":     "Name: old\nVersion: 1.0\n",
		"flat-1.0.egg-info":                    "Metadata-Version: 1.0\nName: flat\nVersion: 1.0.post1\n",
		"devel.egg-link":                       "/w/devel\n.",
		"e-1.0-py3.12.egg/EGG-INFO/PKG-INFO":   "Name: e\nVersion: 1.0\n",
		"~up-1.0.dist-info/METADATA":           "Name: up\nVersion: 1.0\n\n",
		"no_distribution/METADATA":             "Name: x\nVersion: 1.0\n\n",
		"lied-1.0.dist-info/METADATA":          "Name: truth\nVersion: 9\n\n",
		"only_here-4.dist-info/METADATA":       "Summary: no name\n\nName: x\n",
	} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text, false)
	}
	got := lines(root, Since(before, Take(p)))
	want := []string{
		"again 1.0 " + site + " index ",
		"broken 1 " + site + " unknown ",
		"devel  " + site + " editable /w/devel",
		"e 1.0 " + site + " index ",
		"ed 0.1 " + site + " editable file:///w/ed",
		"flat 1.0.post1 " + site + " index ",
		"git-it 1.0 " + site + " vcs https://git.example/p.git",
		"old 1.0 " + site + " index ",
		"only-here 4 " + site + " index ",
		"rewritten 1.0 " + site + " index ",
		"truth 9 " + site + " index ",
		"up 2.0 " + site + " index ",
		"zope-thing 3 " + site + " index ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What comes with a new environment is told from what is put into an old one.
func TestFresh(t *testing.T) {
	root := tree(t, map[string]string{"envs/old/pyvenv.cfg": "", "envs/old/lib/python3.9/site-packages/": "",
		"envs/again/pyvenv.cfg": "", "envs/again/lib/python3.9/site-packages/": ""})
	var p Places
	p.add(place{path: filepath.Join(root, "envs"), kind: own, each: true})
	p.add(place{path: filepath.Join(root, "target"), kind: flat})
	again := filepath.Join(root, "envs", "again", "pyvenv.cfg")
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(again, long, long); err != nil {
		t.Fatal(err)
	}
	before := Take(p)
	for _, name := range []string{"envs/old/lib/python3.9/site-packages/pip-1.dist-info/RECORD", "envs/new/lib/python3.9/site-packages/pip-2.dist-info/RECORD",
		"envs/new/pyvenv.cfg", "envs/again/lib/python3.9/site-packages/pip-3.dist-info/RECORD", "envs/again/pyvenv.cfg", "target/pip-4.dist-info/RECORD"} {
		write(t, filepath.Join(root, filepath.FromSlash(name)), "", false)
	}
	fresh := map[string]bool{}
	for _, d := range Since(before, Take(p)) {
		fresh[d.Version] = d.Fresh
	}
	if want := map[string]bool{"1": false, "2": true, "3": true, "4": false}; !maps.Equal(fresh, want) {
		t.Errorf("got %v, want %v", fresh, want)
	}
}

// An environment that is made by the run itself is found, and so is one of a
// folder of environments.
func TestNewEnvironments(t *testing.T) {
	root := tree(t, map[string]string{"envs/a/" + "lib/python3.9/site-packages/x-1.dist-info/RECORD": ""})
	p := one(root)
	p.add(place{path: filepath.Join(root, "envs"), kind: own, each: true})
	p.add(place{path: filepath.Join(root, "packages"), kind: own, each: true})
	p.add(place{path: filepath.Join(root, "target"), kind: flat})
	before := Take(p)
	for _, name := range []string{site + "/a-1.dist-info/RECORD", "envs/b/lib/python3.13/site-packages/b-1.dist-info/RECORD",
		"target/c-1.dist-info/RECORD", "packages/3.12/lib/d-1.dist-info/RECORD", "venv/lib/python3/dist-packages/e-1.dist-info/RECORD"} {
		write(t, filepath.Join(root, filepath.FromSlash(name)), "", false)
	}
	if err := os.Symlink("lib", filepath.Join(root, "venv", "lib64")); err != nil { // as venv has it
		t.Fatal(err)
	}
	after := Take(p)
	want := []string{
		"a 1 " + site + " index ",
		"b 1 envs/b/lib/python3.13/site-packages index ",
		"c 1 target index ",
		"d 1 packages/3.12/lib index ",
		"e 1 venv/lib/python3/dist-packages index ",
	}
	if got := lines(root, Since(before, after)); !slices.Equal(got, want) || !after.Complete() {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCaps(t *testing.T) {
	root := t.TempDir()
	for i := range maxChildren + 1 {
		if err := os.Mkdir(filepath.Join(root, fmt.Sprintf("e%05d", i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var p Places
	p.add(place{path: root, kind: own, each: true})
	if s := Take(p); s.Complete() {
		t.Error("a snapshot beyond the caps says that it is complete")
	}
	for i := range maxFolders + 10 {
		p.add(place{path: filepath.Join(root, fmt.Sprint(i)), kind: flat})
	}
	if len(p.places) != maxFolders {
		t.Errorf("%d places", len(p.places))
	}
}

// A run pays for the snapshots whether or not it installs anything.
func BenchmarkTake(b *testing.B) {
	root := b.TempDir()
	for i := range 500 {
		dir := filepath.Join(root, site, fmt.Sprintf("project_%d-1.%d.dist-info", i, i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(root, site, fmt.Sprintf("project_%d", i)), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	p := one(root)
	for b.Loop() {
		if Take(p).folders == nil {
			b.Fatal("nothing was taken")
		}
	}
}

func TestParseName(t *testing.T) {
	for _, tt := range []struct{ name, project, version string }{
		{"requests-2.32.5.dist-info", "requests", "2.32.5"},
		{"zope.interface-5.0.0.dist-info", "zope-interface", "5.0.0"},
		{"Foo__Bar-1!2.0rc1+local.7.dist-info", "foo-bar", "1!2.0rc1+local.7"},
		{"x-1.0-1.dist-info", "x", "1.0-1"},
		{"PyGObject-3.42.2.egg-info", "pygobject", "3.42.2"},
		{"a-1.0-py3.12-linux-x86_64.egg-info", "a", "1.0"},
		{"a.egg-info", "a", ""},
		{"mine.egg-link", "mine", ""},
		{"a-.dist-info", "a", ""},
		{"a-not_a_version.dist-info", "a", ""},
		{"-1.0.dist-info", "", "1.0"},
		{"..-1.0.dist-info", "", "1.0"},
		{"a b-1.0.dist-info", "", "1.0"},
		{strings.Repeat("a", maxName) + "-1.dist-info", "", ""},
		{"", "", ""},
	} {
		if project, version := parseName(tt.name); project != tt.project || version != tt.version {
			t.Errorf("%q: got %q %q, want %q %q", tt.name, project, version, tt.project, tt.version)
		}
	}
}

func TestUnreadableFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("every folder can be read here")
	}
	root := tree(t, map[string]string{site + "/a-1.dist-info/RECORD": ""})
	dir := filepath.Join(root, site)
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if got := Since(Snapshot{}, Take(one(root))); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
