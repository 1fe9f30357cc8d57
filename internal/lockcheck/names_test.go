package lockcheck

import (
	"testing"

	"assay"
	"assay/internal/lockfile"
)

// TestNamesHideNothing holds that no name for some bytes keeps out of an environment what
// an installer there takes by their hash.
func TestNamesHideNothing(t *testing.T) {
	wheel, win := "evil-2.0-py3-none-any.whl", "evil-2.0-cp311-cp311-win_amd64.whl"
	linux, err := NewEnvironment("linux", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		format lockfile.Format
		pages  map[string][]string
		files  []lockfile.File
		hashes []string
		want   string
	}{
		"a name that the index does not have": {format: lockfile.PDM, pages: map[string][]string{one + " evil": {wheel + " a"}},
			files: []lockfile.File{{Name: win, Digests: []assay.Digest{sha("a")}, At: at(2)}},
			want:  win + "  lock:2\n" + wheel + " " + one + " lock:2\nlock:2 0 lock.unlisted: " + win + "; looked at " + one + " and " + two + "\n"},
		"a name of other bytes": {format: lockfile.PDM, pages: map[string][]string{one + " evil": {wheel + " a", win + " b"}},
			files: []lockfile.File{{Name: win, Digests: []assay.Digest{sha("a")}, At: at(2)}},
			want: win + " " + one + " lock:2\n" + wheel + " " + one + " lock:2\nlock:2 0 lock.other-digest: " + win + " has " + sha("a").String() +
				" in the lock and " + sha("b").String() + " on " + one + "\n"},
		"the same bytes under two names": {format: lockfile.Poetry, pages: map[string][]string{one + " evil": {win + " a", wheel + " a"}},
			files: []lockfile.File{{Name: win, Digests: []assay.Digest{sha("a")}, At: at(2)}},
			want:  wheel + " " + one + " lock:2\n"},
		"both are named": {format: lockfile.PDM, pages: map[string][]string{one + " evil": {win + " a", wheel + " a"}},
			files: []lockfile.File{{Name: win, Digests: []assay.Digest{sha("a")}, At: at(2)}, {Name: wheel, Digests: []assay.Digest{sha("a")}, At: at(3)}},
			want:  wheel + " " + one + " lock:3\n"},
		"what the index confirms is left out": {format: lockfile.PDM, pages: map[string][]string{one + " evil": {win + " a", wheel + " b"}},
			files: []lockfile.File{{Name: win, Digests: []assay.Digest{sha("a")}, At: at(2)}, {Name: wheel, Digests: []assay.Digest{sha("b")}, At: at(3)}},
			want:  wheel + " " + one + " lock:3\n"},
		"a format that goes by names": {format: lockfile.UV, pages: map[string][]string{one + " evil": {wheel + " a"}},
			files: []lockfile.File{{Name: win, Digests: []assay.Digest{sha("a")}, At: at(2)}}},
		"a hash of two names": {format: lockfile.Requirements, pages: map[string][]string{one + " evil": {win + " a", wheel + " a"}},
			hashes: []string{"a"}, want: wheel + " " + one + " lock:2\n"},
		"a hash of two names on two indexes": {format: lockfile.Requirements, pages: map[string][]string{one + " evil": {win + " a"}, two + " evil": {wheel + " a"}},
			hashes: []string{"a"}, want: wheel + " " + two + " lock:2\n"},
		"a hash of two names that fit": {format: lockfile.Pipfile, pages: map[string][]string{one + " evil": {wheel + " a", "evil-2.0-1-py3-none-any.whl a"}},
			hashes: []string{"a"}, want: wheel + " " + one + " lock:2\nevil-2.0-1-py3-none-any.whl " + one + " lock:2\n"},
		"other bytes under the index's own name": {format: lockfile.PDM, pages: map[string][]string{one + " evil": {wheel + " a"}, two + " evil": {wheel + " b"}},
			files: []lockfile.File{{Name: wheel, Digests: []assay.Digest{sha("b")}, At: at(2)}},
			want: wheel + " " + two + " lock:2\nlock:2 0 lock.other-digest: " + wheel + " has " + sha("b").String() + " in the lock, as at " + two + ", and " +
				sha("a").String() + " at " + one + ", which is asked before\n"},
		"the index's own bytes beside another's": {format: lockfile.PDM, pages: map[string][]string{one + " evil": {wheel + " a"}, two + " evil": {wheel + " b"}},
			files: []lockfile.File{{Name: wheel, Digests: []assay.Digest{sha("a")}, At: at(2)}},
			want:  wheel + " " + one + " lock:2\n"},
		"a hash for elsewhere": {format: lockfile.Requirements, pages: map[string][]string{one + " evil": {win + " a", wheel + " b"}},
			hashes: []string{"a", "b"}, want: wheel + " " + one + " lock:2\n"},
	} {
		p := lockfile.Package{Name: "evil", Version: "2.0", At: at(1), Files: c.files, Source: lockfile.Source{Kind: lockfile.Registry}}
		for _, h := range c.hashes {
			p.Hashes = append(p.Hashes, lockfile.Hash{Digest: sha(h), At: at(2)})
		}
		got, err := Expand(t.Context(), &lockfile.Lock{Name: "lock", Format: c.format, Packages: []lockfile.Package{p}}, &fake{pages: c.pages},
			Options{Indexes: []string{one, two}, Environment: linux})
		if err != nil {
			t.Fatal(err)
		}
		if text := texts(got); text != c.want {
			t.Errorf("%s: got\n%swant\n%s", name, text, c.want)
		}
	}
}
