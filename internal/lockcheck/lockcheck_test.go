package lockcheck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"assay"
	"assay/internal/lockfile"
	"assay/internal/pypi"
)

// fake answers from lists of "FILENAME HEX" by index and project.
type fake struct {
	pages map[string][]string // "INDEX PROJECT"
	down  map[string]bool     // indexes
	quiet map[string]bool     // projects under quarantine, by "INDEX PROJECT"

	mu    sync.Mutex
	asked []string
}

func (f *fake) Release(_ context.Context, index, project string, version pypi.Version) (Release, error) {
	f.mu.Lock()
	f.asked = append(f.asked, index+" "+project)
	f.mu.Unlock()
	if f.down[index] {
		return Release{Problem: &assay.Finding{Code: assay.PageUnavailable, Detail: "down"}}, nil
	}
	list, known := f.pages[index+" "+project]
	out := Release{Known: known}
	if f.quiet[index+" "+project] {
		out.Known, out.Standing = true, assay.Standing{Status: assay.StatusQuarantined, Reason: "holds a stealer"}
	}
	for _, l := range list {
		name, hex, _ := strings.Cut(l, " ")
		parsed, err := pypi.ParseFilenameFor(project, name)
		if err != nil {
			return out, err
		}
		public, _, _ := strings.Cut(parsed.Version.String(), "+")
		v, _ := pypi.ParseVersion(public)
		if parsed.Version.Canonical() != version.Canonical() && v.Canonical() != version.Canonical() {
			continue
		}
		out.Files = append(out.Files, assay.Artifact{Ecosystem: assay.PyPI, Project: project, Version: parsed.Version.String(), Filename: name,
			Index: index, Digests: []assay.Digest{sha(hex)}})
	}
	return out, nil
}

// Flat answers as an index does whose base is the place.
func (f *fake) Flat(ctx context.Context, link lockfile.Index, project string, version pypi.Version) (Release, error) {
	r, err := f.Release(ctx, link.URL, project, version)
	for i := range r.Files {
		if r.Files[i].Digests[0] == sha("-") { // the page names none
			r.Files[i].Digests = nil
		}
	}
	return r, err
}

func sha(b string) assay.Digest {
	return assay.Digest{Algorithm: "sha256", Hex: strings.Repeat(b, 64)}
}

func at(n int) lockfile.Place { return lockfile.Place{File: "lock", Line: n} }

const one, two = "https://one.example/simple/", "https://two.example/simple/"

// texts renders what was found, a line for each finding and for each file.
func texts(ws []Wanted) string {
	var b strings.Builder
	for _, w := range ws {
		for i, a := range w.Files {
			fmt.Fprintf(&b, "%s %s %s\n", a.Filename, a.Index, w.Places[i])
		}
		for _, f := range w.Findings {
			fmt.Fprintf(&b, "%s %d %s: %s\n", f.Place, f.File, f.Code, f.Detail)
		}
	}
	return b.String()
}

func TestExpand(t *testing.T) {
	wheel, sdist := "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"
	pages := map[string][]string{
		one + " demo": {wheel + " a", sdist + " b", "demo-2.0.tar.gz c"},
		two + " demo": {wheel + " d", "demo-1.0-cp312-cp312-win_amd64.whl e"},
		two + " dup":  {"dup-1.0.tar.gz a", "dup-1.0.tar.gz b"},
		one + " loc":  {"loc-1.0+cpu-py3-none-any.whl a", "loc-1.0-py3-none-any.whl b"},
	}
	hash := func(hex string, line int) lockfile.Hash { return lockfile.Hash{Digest: sha(hex), At: at(line)} }
	file := func(name string, line int, hex ...string) lockfile.File {
		f := lockfile.File{Name: name, At: at(line)}
		for _, h := range hex {
			f.Digests = append(f.Digests, sha(h))
		}
		return f
	}
	demo := func(change func(*lockfile.Package)) lockfile.Package {
		p := lockfile.Package{Name: "demo", Version: "1.0", At: at(1), Source: lockfile.Source{Kind: lockfile.Registry}}
		change(&p)
		return p
	}
	other := func(alg, hex string) assay.Digest { return assay.Digest{Algorithm: alg, Hex: sha(hex).Hex} }
	also := func(f lockfile.File, ds ...assay.Digest) lockfile.File {
		f.Digests = append(f.Digests, ds...)
		return f
	}
	acme := []lockfile.Identity{{Kind: "GitHub", Fields: map[string]string{"repository": "acme/demo"}, At: at(9)}}
	for name, c := range map[string]struct {
		format  lockfile.Format
		bytes   bool
		p       lockfile.Package
		lock    []lockfile.Index
		down    string
		indexes []string
		want    string
	}{
		"hashes": {p: demo(func(p *lockfile.Package) { p.Hashes = []lockfile.Hash{hash("a", 2), hash("b", 3)} }),
			want: wheel + " " + one + " lock:2\n" + sdist + " " + one + " lock:3\n"},
		"the next index only for what is missing": {p: demo(func(p *lockfile.Package) { p.Hashes = []lockfile.Hash{hash("a", 2), hash("d", 3)} }),
			want: wheel + " " + one + " lock:2\n" + wheel + " " + two + " lock:3\nlock:3 1 lock.other-digest: " + wheel + " has " + sha("d").String() +
				" in the lock, as at " + two + ", and " + sha("a").String() + " at " + one + ", which is asked before\n"},
		"a hash of nothing": {p: demo(func(p *lockfile.Package) { p.Hashes = []lockfile.Hash{hash("a", 2), hash("c", 3)} }),
			want: wheel + " " + one + " lock:2\nlock:3 -1 lock.unlisted: no file of the release has " + sha("c").String() +
				"; looked at https://one.example/simple/ and https://two.example/simple/\n"},
		"an index without an answer": {p: demo(func(p *lockfile.Package) { p.Hashes = []lockfile.Hash{hash("a", 2), hash("c", 3)} }), down: two,
			want: wheel + " " + one + " lock:2\nlock:3 -1 page.unavailable: down\n"},
		"no hashes": {p: demo(func(*lockfile.Package) {}),
			want: wheel + " " + one + " lock:1\n" + sdist + " " + one + " lock:1\nlock:1 -1 lock.missing-hash: every file of the release would be taken\n"},
		"weak hashes": {p: demo(func(p *lockfile.Package) { p.Hashes = []lockfile.Hash{{Weak: "md5:00", At: at(2)}} }), indexes: []string{two},
			want: wheel + " " + two + " lock:1\ndemo-1.0-cp312-cp312-win_amd64.whl " + two + " lock:1\nlock:2 -1 lock.weak-hash: md5 only\n"},
		"names": {format: lockfile.UV, p: demo(func(p *lockfile.Package) { p.Files = []lockfile.File{file(sdist, 2, "b"), file(wheel, 3, "a")} }),
			want: sdist + " " + one + " lock:2\n" + wheel + " " + one + " lock:3\n"},
		"the index with the digest": {format: lockfile.UV, p: demo(func(p *lockfile.Package) { p.Files = []lockfile.File{file(wheel, 3, "d")} }),
			want: wheel + " " + two + " lock:3\n"},
		"other digest": {format: lockfile.UV, p: demo(func(p *lockfile.Package) { p.Files = []lockfile.File{file(wheel, 3, "f")} }),
			want: wheel + " " + one + " lock:3\nlock:3 0 lock.other-digest: " + wheel + " has " + sha("f").String() + " in the lock and " + sha("a").String() + " on " + one + "\n"},
		"an algorithm that the index does not promise": {format: lockfile.Pylock, p: demo(func(p *lockfile.Package) {
			p.Files = []lockfile.File{also(file(wheel, 3), other("sha512", "f")), also(file(sdist, 4, "b"), other("sha512", "f"))}
		}),
			want: wheel + " " + one + " lock:3\n" + sdist + " " + one + " lock:4\n" +
				"lock:3 0 lock.unconfirmed-hash: " + wheel + " has " + other("sha512", "f").String() + " in the lock, and " + one + " promises sha256\n" +
				"lock:4 1 lock.unconfirmed-hash: " + sdist + " has " + other("sha512", "f").String() + " in the lock, and " + one + " promises sha256\n"},
		"an algorithm that the bytes will show": {format: lockfile.Pylock, bytes: true, p: demo(func(p *lockfile.Package) {
			p.Files = []lockfile.File{also(file(wheel, 3), other("sha512", "f"))}
		}),
			want: wheel + " " + one + " lock:3\n"},
		"a weak hash beside a strong one": {format: lockfile.Pylock, p: demo(func(p *lockfile.Package) {
			f := file(wheel, 3, "a")
			f.Weak = []string{"md5:00"}
			p.Files = []lockfile.File{f}
		}),
			want: wheel + " " + one + " lock:3\nlock:3 0 lock.weak-hash: " + wheel + " has md5 beside sha256: bytes that have either are installed\n"},
		"a weak hash in a list": {format: lockfile.Pipfile, p: demo(func(p *lockfile.Package) {
			p.Hashes = []lockfile.Hash{hash("a", 2), {Weak: "md5:00", At: at(3)}}
		}),
			want: wheel + " " + one + " lock:2\nlock:3 -1 lock.weak-hash: demo 1.0 has md5 beside sha256: bytes that have either are installed\n"},
		"a file at hand that somebody is to have attested": {format: lockfile.Pylock, p: demo(func(p *lockfile.Package) {
			p.Identities, p.Files = acme, []lockfile.File{{Name: wheel, Path: "wheels/" + wheel, At: at(3), Digests: []assay.Digest{sha("a")}}}
		}),
			want: "lock:3 -1 lock.other-identity: it is the file wheels/" + wheel + ", which nobody looks at, and the lock names github:acme/demo\n"},
		"a folder that somebody is to have attested": {format: lockfile.Pylock, p: demo(func(p *lockfile.Package) {
			p.Identities, p.Source = acme, lockfile.Source{Kind: lockfile.Directory, Where: "./demo"}
		}),
			want: "lock:1 -1 lock.other-identity: it is the folder ./demo, which nobody looks at, and the lock names github:acme/demo\n"},
		"a file of another project": {format: lockfile.UV, p: demo(func(p *lockfile.Package) {
			p.Files = []lockfile.File{file("other-1.0.tar.gz", 2, "b"), file("demo-2.0.tar.gz", 3, "c")}
		}),
			want: "other-1.0.tar.gz  lock:2\ndemo-2.0.tar.gz  lock:3\nlock:2 0 lock.wrong-project: other-1.0.tar.gz in the entry of demo\nlock:3 1 lock.wrong-project: demo-2.0.tar.gz in the entry of demo 1.0\n"},
		"names without hashes": {format: lockfile.UV, p: demo(func(p *lockfile.Package) {
			p.Files = []lockfile.File{file(sdist, 2), {Name: wheel, Weak: []string{"sha1:00"}, At: at(3)}}
		}),
			want: sdist + " " + one + " lock:2\n" + wheel + " " + one + " lock:3\nlock:2 0 lock.missing-hash: " + sdist + "\nlock:3 1 lock.weak-hash: " + wheel + " has sha1 only\n"},
		"no such file": {format: lockfile.UV, p: demo(func(p *lockfile.Package) {
			p.Index, p.Files = two, []lockfile.File{file("demo-1.0-1-py3-none-any.whl", 2, "a")}
		}),
			want: "demo-1.0-1-py3-none-any.whl  lock:2\nlock:2 0 lock.unlisted: demo-1.0-1-py3-none-any.whl; looked at https://two.example/simple/\n"},
		"listed twice": {format: lockfile.UV, p: demo(func(p *lockfile.Package) {
			p.Name, p.Files = "dup", []lockfile.File{file("dup-1.0.tar.gz", 2, "a")}
		}),
			want: "dup-1.0.tar.gz " + two + " lock:2\nlock:2 0 page.duplicate-file: \n"},
		"quarantined, by name": {format: lockfile.UV, down: two, p: demo(func(p *lockfile.Package) {
			p.Name, p.Files = "quiet", []lockfile.File{file("quiet-1.0.tar.gz", 2, "a"), file("quiet-1.0-py3-none-any.whl", 3, "b")}
		}),
			want: "quiet-1.0.tar.gz  lock:2\nquiet-1.0-py3-none-any.whl  lock:3\nlock:2 0 project.quarantined: holds a stealer\nlock:3 1 project.quarantined: holds a stealer\n"},
		"quarantined, by hash": {p: demo(func(p *lockfile.Package) {
			p.Name, p.Hashes = "quiet", []lockfile.Hash{hash("a", 2), hash("b", 3)}
		}),
			want: "lock:2 -1 project.quarantined: holds a stealer\n"},
		"a checkout": {p: demo(func(p *lockfile.Package) {
			p.Source = lockfile.Source{Kind: lockfile.VCS, Where: "https://git.example/demo.git", Revision: "abc"}
		}),
			want: "lock:1 -1 lock.not-verifiable: a checkout of https://git.example/demo.git at abc\n"},
		"an index that is a folder": {p: demo(func(p *lockfile.Package) { p.Index = "../wheels" }), want: "lock:1 -1 lock.not-verifiable: files in the folder ../wheels\n"},
		"no version":                {p: demo(func(p *lockfile.Package) { p.Version, p.Specifier = "", ">=1" }), want: "lock:1 -1 lock.unpinned: >=1\n"},
		"the lock's index": {p: demo(func(p *lockfile.Package) { p.Hashes = []lockfile.Hash{hash("e", 2)} }), lock: []lockfile.Index{{Kind: lockfile.Primary, URL: two}},
			want: "demo-1.0-cp312-cp312-win_amd64.whl " + two + " lock:2\n"},
		"no release": {p: demo(func(p *lockfile.Package) { p.Version, p.Hashes = "3.0", []lockfile.Hash{hash("a", 2), hash("b", 3)} }), indexes: []string{one},
			want: "lock:2 -1 lock.unlisted: demo 3.0; looked at https://one.example/simple/\n"},
		"local versions of a requirement": {p: demo(func(p *lockfile.Package) { p.Name, p.Hashes = "loc", []lockfile.Hash{hash("a", 2)} }), indexes: []string{one},
			want: "loc-1.0+cpu-py3-none-any.whl " + one + " lock:2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{pages: pages, down: map[string]bool{c.down: true}, quiet: map[string]bool{one + " quiet": true}}
			if c.format == "" {
				c.format = lockfile.Requirements
			}
			if c.indexes == nil {
				c.indexes = []string{one, two}
			}
			got, err := Expand(t.Context(), &lockfile.Lock{Name: "lock", Format: c.format, Packages: []lockfile.Package{c.p}, Indexes: c.lock}, f, Options{Indexes: c.indexes, Bytes: c.bytes})
			if err != nil {
				t.Fatal(err)
			}
			if text := texts(got); text != c.want {
				t.Errorf("got\n%swant\n%s", text, c.want)
			}
			slices.Sort(f.asked)
			if once := slices.Compact(slices.Clone(f.asked)); len(once) != len(f.asked) {
				t.Errorf("asked more than once: %q", f.asked)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct {
		platform, python, file string
		want                   bool
	}{
		{"", "", "a-1-cp27-cp27m-win32.whl", true},
		{"linux", "", "a-1-cp312-cp312-manylinux_2_17_aarch64.whl", true},
		{"linux", "", "a-1-cp312-cp312-win_amd64.whl", false},
		{"linux", "", "a-1.tar.gz", true},
		{"linux", "", "a-1-py3-none-any.whl", true},
		{"linux-x86_64", "", "a-1-cp312-cp312-manylinux2014_aarch64.whl", false},
		{"linux-x86_64", "", "a-1-cp312-cp312-musllinux_1_2_x86_64.whl", true},
		{"manylinux_2_28_x86_64", "", "a-1-cp312-cp312-musllinux_1_2_x86_64.whl", false},
		{"manylinux_2_28_x86_64", "", "a-1-cp312-cp312-manylinux2014_x86_64.whl", true},
		{"manylinux_2_17_x86_64", "", "a-1-cp312-cp312-manylinux_2_28_x86_64.whl", false},
		{"manylinux_2_17_x86_64", "", "a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", true},
		{"macos-arm64", "", "a-1-cp312-cp312-macosx_10_9_universal2.whl", true},
		{"macos-arm64", "", "a-1-cp312-cp312-macosx_10_9_x86_64.whl", false},
		{"windows", "", "a-1-cp312-cp312-win32.whl", true},
		{"windows-amd64", "", "a-1-cp312-cp312-win32.whl", false},
		{"", "3.12", "a-1-cp312-cp312-win32.whl", true},
		{"", "3.12", "a-1-cp311-cp311-win32.whl", false},
		{"", "3.12", "a-1-cp39-abi3-win32.whl", true},
		{"", "3.8", "a-1-cp39-abi3-win32.whl", false},
		{"", "3.12", "a-1-py2.py3-none-any.whl", true},
		{"", "3.12", "a-1-py2-none-any.whl", false},
		{"", "3.12", "a-1-cp312-cp312t-win32.whl", false},
		{"", "3.13t", "a-1-cp313-cp313t-win32.whl", true},
		{"", "3.12", "a-1-pp310-pypy310_pp73-win_amd64.whl", false},
	} {
		e, err := NewEnvironment(c.platform, c.python)
		if err != nil {
			t.Fatal(err)
		}
		f, err := pypi.ParseFilename(c.file)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Takes(f); got != c.want {
			t.Errorf("%s %s takes %s: %v", c.platform, c.python, c.file, got)
		}
	}
	for _, bad := range [][2]string{{"beos", ""}, {"linux-", ""}, {"linux-x86-64", ""}, {"linux-ppc65le", ""}, {"manylinux_2_28_x87", ""}, {"manylinux_2_17_x68_64", ""}, {"win_amd46", ""}, {"", "2.7"}, {"", "3"}, {"", "3.12rc1"}} {
		if _, err := NewEnvironment(bad[0], bad[1]); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestIdentified(t *testing.T) {
	github := func(fields ...string) lockfile.Identity {
		id := lockfile.Identity{Kind: "GitHub", Fields: map[string]string{}, At: at(7)}
		for i := 0; i < len(fields); i += 2 {
			id.Fields[fields[i]] = fields[i+1]
		}
		return id
	}
	claim := func(identity, environment string) assay.Claim {
		return assay.Claim{Method: "pep740", Identity: identity, Details: map[string]string{"environment": environment}}
	}
	for name, c := range map[string]struct {
		ids    []lockfile.Identity
		claims []assay.Claim
		want   string
	}{
		"none asked":          {want: ""},
		"the one":             {ids: []lockfile.Identity{github("repository", "acme/demo", "workflow", "release.yml")}, claims: []assay.Claim{claim("github:Acme/demo@release.yml", "")}},
		"any workflow":        {ids: []lockfile.Identity{github("repository", "acme/demo")}, claims: []assay.Claim{claim("github:acme/demo@other.yml", "")}},
		"another workflow":    {ids: []lockfile.Identity{github("repository", "acme/demo", "workflow", "release.yml")}, claims: []assay.Claim{claim("github:acme/demo@other.yml", "")}, want: "it is attested by github:acme/demo@other.yml, and the lock names github:acme/demo@release.yml"},
		"another repository":  {ids: []lockfile.Identity{github("repository", "acme/demo")}, claims: []assay.Claim{claim("github:evil/demo@release.yml", "")}, want: "it is attested by github:evil/demo@release.yml, and the lock names github:acme/demo"},
		"nobody":              {ids: []lockfile.Identity{github("repository", "acme/demo")}, want: "it is attested by nobody, and the lock names github:acme/demo"},
		"a pattern is a name": {ids: []lockfile.Identity{github("repository", "*/*")}, claims: []assay.Claim{claim("github:acme/demo@release.yml", "")}, want: "it is attested by github:acme/demo@release.yml, and the lock names a publisher of the kind GitHub"},
		"environment":         {ids: []lockfile.Identity{github("repository", "acme/demo", "environment", "pypi")}, claims: []assay.Claim{claim("github:acme/demo@r.yml", "test")}, want: "it is attested by github:acme/demo@r.yml, and the lock names github:acme/demo"},
		"environment unknown": {ids: []lockfile.Identity{github("repository", "acme/demo", "environment", "pypi")}, claims: []assay.Claim{claim("github:acme/demo@r.yml", "")}},
		"a key":               {ids: []lockfile.Identity{github("repository", "acme/demo")}, claims: []assay.Claim{{Method: "openpgp", Identity: "github:acme/demo"}}, want: "it is attested by github:acme/demo, and the lock names github:acme/demo"},
		"an unknown kind":     {ids: []lockfile.Identity{{Kind: "CircleCI"}}, claims: []assay.Claim{claim("github:acme/demo@r.yml", "")}, want: "it is attested by github:acme/demo@r.yml, and the lock names a publisher of the kind CircleCI"},
	} {
		w := Wanted{Package: lockfile.Package{Identities: c.ids}, Files: []assay.Artifact{{}}}
		got := ""
		for _, f := range w.Identified(0, c.claims) {
			got = f.Detail
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
