package lockcheck

import (
	"strings"
	"testing"

	"assay/internal/lockfile"
)

// TestLinks holds which places are asked for requirements, and in which order.
func TestLinks(t *testing.T) {
	wheel, sdist := "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"
	hash := func(b string) string { return " --hash=" + sha(b).String() }
	for _, c := range []struct {
		lock, asked, want string
	}{
		{"-f flat\ndemo==1.0" + hash("a"), one + " demo", wheel + " " + one + " lock.txt:2\n"},
		{"-f flat\ndemo==1.0" + hash("c"), one + " demo|flat demo", sdist + " flat lock.txt:2\n"},
		{"-f flat\ndemo==1.0" + hash("a") + hash("c"), one + " demo|flat demo", wheel + " " + one + " lock.txt:2\n" + sdist + " flat lock.txt:2\n"},
		{"--no-index\n-f flat\ndemo==1.0" + hash("c"), "flat demo", sdist + " flat lock.txt:3\n"},
		{"--no-index\n-f flat\ndemo==1.0" + hash("d"), "flat demo|own demo",
			"lock.txt:3 -1 lock.unlisted: no file of the release has " + sha("d").String() + "; looked at flat and own\n"},
		{"demo==1.0" + hash("d"), one + " demo|own demo", "lock.txt:1 -1 lock.unlisted: no file of the release has " + sha("d").String() + "; looked at " + one + " and own\n"},
		{"-f down\ndemo==1.0" + hash("d"), one + " demo|down demo|own demo", "lock.txt:2 -1 page.unavailable: down\n"},
		{"-f bare\ndemo==1.0" + hash("d"), one + " demo|bare demo|own demo", "lock.txt:2 -1 lock.unconfirmed-hash: the lock has " + sha("d").String() +
			", and " + sdist + " is listed without a digest on bare\n"},
		{"-f rebuilt\ndemo==1.0" + hash("d"), one + " demo|rebuilt demo", wheel + " rebuilt lock.txt:2\nlock.txt:2 0 lock.other-digest: " + wheel + " has " + sha("d").String() +
			" in the lock, as at rebuilt, and " + sha("a").String() + " at " + one + ", which is asked before\n"},
		{"--no-index\n-f rebuilt\ndemo==1.0" + hash("d"), "rebuilt demo", wheel + " rebuilt lock.txt:3\n"},
		{"--no-index\n-f rebuilt\n-f copy\ndemo==1.0" + hash("e"), "rebuilt demo|copy demo", wheel + " copy lock.txt:4\nlock.txt:4 0 lock.other-digest: " + wheel + " has " +
			sha("e").String() + " in the lock, as at copy, and " + sha("d").String() + " at rebuilt, which is asked before\n"},
		{"--no-index\ndemo==1.0" + hash("d"), "own demo", "lock.txt:2 -1 lock.unlisted: demo 1.0; looked at own\n"},
	} {
		lock, err := lockfile.Read("lock.txt", []byte(c.lock), nil)
		if err != nil {
			t.Fatal(err)
		}
		f := &fake{down: map[string]bool{"down": true}, pages: map[string][]string{one + " demo": {wheel + " a"}, "flat demo": {sdist + " c"}, "bare demo": {sdist + " -"},
			"rebuilt demo": {wheel + " d"}, "copy demo": {wheel + " e"}}}
		o := Options{Indexes: []string{one}, Links: []lockfile.Index{{Kind: lockfile.FindLinks, URL: "own"}}}
		wanted, err := Expand(t.Context(), lock, f, o)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(f.asked, "|")
		if got != c.asked {
			t.Errorf("%q: asked %q, want %q", c.lock, got, c.asked)
		}
		for i, a := range wanted[0].Files {
			place, flat := wanted[0].Flat[i]
			if flat != (a.Index != one) || flat && place != a.Index {
				t.Errorf("%q: %s is said to come from %q", c.lock, a.Filename, place)
			}
		}
		if got := texts(wanted); got != c.want {
			t.Errorf("%q:\n%s, want\n%s", c.lock, got, c.want)
		}
	}
}
