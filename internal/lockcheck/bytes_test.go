package lockcheck

import (
	"context"
	"strings"
	"testing"

	"assay"
	"assay/internal/lockfile"
)

// TestBytesOfHashes holds what becomes of hashes in an algorithm in which nothing is
// listed: without bytes nothing is known, and with them they decide.
func TestBytesOfHashes(t *testing.T) {
	wheel, sdist, win := "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz", "demo-1.0-cp312-cp312-win_amd64.whl"
	long := func(b string) assay.Digest { return assay.Digest{Algorithm: "sha512", Hex: strings.Repeat(b, 128)} }
	linux, err := NewEnvironment("linux", "")
	if err != nil {
		t.Fatal(err)
	}
	inside := map[string][]assay.Digest{wheel: {sha("a"), long("1")}, sdist: {sha("b"), long("2")}, win: {sha("c"), long("3")}}
	untold := "lock.unconfirmed-hash: the lock has " + long("1").String() + ", and " + wheel + " is listed with sha256 alone on " + one + "\n"
	for name, c := range map[string]struct {
		files  []string
		hashes []assay.Digest
		e      Environment
		down   bool   // the index
		broken string // the file that cannot be fetched
		bytes  bool
		read   string // what was
		want   string
	}{
		"without bytes":          {files: []string{wheel + " a"}, hashes: []assay.Digest{long("1")}, want: "lock:2 -1 " + untold},
		"beside a strong one":    {files: []string{wheel + " a"}, hashes: []assay.Digest{sha("a"), long("1")}, want: wheel + " " + one + " lock:2\nlock:3 -1 " + untold},
		"the file's bytes":       {files: []string{wheel + " a", sdist + " b"}, hashes: []assay.Digest{long("1")}, bytes: true, read: wheel + " " + sdist, want: wheel + " " + one + " lock:2\n"},
		"each is read once":      {files: []string{wheel + " a", sdist + " b"}, hashes: []assay.Digest{long("2"), long("1")}, bytes: true, read: wheel + " " + sdist, want: sdist + " " + one + " lock:2\n" + wheel + " " + one + " lock:3\n"},
		"nobody's bytes":         {files: []string{wheel + " a"}, hashes: []assay.Digest{long("4")}, bytes: true, read: wheel, want: "lock:2 -1 lock.unlisted: the bytes of no file of the release have " + long("4").String() + "; looked at " + one + "\n"},
		"of another environment": {files: []string{wheel + " a", win + " c"}, hashes: []assay.Digest{sha("a"), long("3")}, e: linux, bytes: true, read: wheel, want: wheel + " " + one + " lock:2\n"},
		"not to be read": {files: []string{wheel + " a"}, hashes: []assay.Digest{long("4"), long("1")}, broken: wheel, bytes: true, read: wheel,
			want: "lock:2 -1 file.unavailable: broken\nlock:3 -1 file.unavailable: broken\n"},
		"no answer":  {files: []string{wheel + " a"}, hashes: []assay.Digest{long("1")}, down: true, bytes: true, want: "lock:2 -1 page.unavailable: down\n"},
		"no release": {hashes: []assay.Digest{long("1")}, bytes: true, want: "lock:2 -1 lock.unlisted: demo 1.0; looked at " + one + "\n"},
	} {
		p := lockfile.Package{Name: "demo", Version: "1.0", At: at(1), Source: lockfile.Source{Kind: lockfile.Registry}}
		for i, d := range c.hashes {
			p.Hashes = append(p.Hashes, lockfile.Hash{Digest: d, At: at(2 + i)})
		}
		var read []string
		o := Options{Indexes: []string{one}, Environment: c.e, Bytes: c.bytes}
		if c.bytes {
			o.Hash = func(_ context.Context, a assay.Artifact, _ []assay.Digest) ([]assay.Digest, *assay.Finding, error) {
				read = append(read, a.Filename)
				if a.Filename == c.broken {
					return nil, &assay.Finding{Code: assay.FileUnavailable, Detail: "broken"}, nil
				}
				return inside[a.Filename], nil, nil
			}
		}
		f := &fake{pages: map[string][]string{one + " demo": c.files}, down: map[string]bool{one: c.down}}
		got, err := Expand(t.Context(), &lockfile.Lock{Name: "lock", Format: lockfile.Requirements, Packages: []lockfile.Package{p}}, f, o)
		if err != nil {
			t.Fatal(err)
		}
		if text := texts(got); text != c.want {
			t.Errorf("%s: got\n%swant\n%s", name, text, c.want)
		}
		if all := strings.Join(read, " "); all != c.read {
			t.Errorf("%s: read %q, want %q", name, all, c.read)
		}
		for _, a := range got[0].Files { // what was read must be what is judged
			if d, ok := a.Digest("sha512"); c.read != "" && (a.Filename == wheel && (!ok || d != long("1")) && c.hashes[0] != sha("a")) {
				t.Errorf("%s: %s is to have %v", name, a.Filename, a.Digests)
			}
		}
	}
}
