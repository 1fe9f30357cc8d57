package journal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assay"
)

var (
	keyA = assay.Identity{Name: "openpgp:" + strings.Repeat("A", 40)}
	keyB = assay.Identity{Name: "ssh:SHA256:b"}
	evil = assay.Identity{Name: "github:evil/foo@x.yml", RepositoryID: "6"}
)

func waivedEntry(e Entry) Entry {
	e.Waived = true
	return e
}

// TestKeys records one file several times, with different ones that published and
// signed it, and looks at what is remembered of it.
func TestKeys(t *testing.T) {
	file := func(who ...assay.Identity) Entry { return seen("1.0", "a", who...) }
	for name, c := range map[string]struct {
		entries []Entry
		lines   int
		want    string
	}{
		"without a key, then with one":                        {[]Entry{file(), file(keyA), file(keyA), file()}, 2, "[] [KEY-A] false"},
		"a publisher, then a key":                             {[]Entry{file(acme), file(acme, keyA)}, 2, "[ACME] [KEY-A] false"},
		"a publisher, then a key, and the provenance is gone": {[]Entry{file(acme), file(keyA)}, 2, "[ACME] [KEY-A] false"},
		"a key, then a publisher":                             {[]Entry{file(keyA), file(acme)}, 2, "[ACME] [KEY-A] false"},
		"both, then neither":                                  {[]Entry{file(acme, keyA), file()}, 1, "[ACME] [KEY-A] false"},
		"both, then one of the two":                           {[]Entry{file(acme, keyA), file(keyA), file(acme)}, 1, "[ACME] [KEY-A] false"},
		"the first key stays":                                 {[]Entry{file(keyA), file(keyB), file(keyA, keyB)}, 1, "[] [KEY-A] false"},
		"the first publisher stays, and the key is new":       {[]Entry{file(acme), file(evil, keyA)}, 2, "[ACME] [KEY-A] false"},
		"two keys at once":                                    {[]Entry{file(keyA, acme, keyB)}, 1, "[ACME] [KEY-A ssh:SHA256:b] false"},

		"a key, by an acceptance":                  {[]Entry{waivedEntry(file(keyA))}, 1, "[] [KEY-A] true"},
		"a key, by an acceptance, and then not":    {[]Entry{waivedEntry(file(keyA)), file(keyA)}, 2, "[] [KEY-A] false"},
		"no key, and then one by an acceptance":    {[]Entry{file(), waivedEntry(file(keyA))}, 1, "[] [] false"},
		"a key, and then nothing by an acceptance": {[]Entry{file(keyA), waivedEntry(file())}, 1, "[] [KEY-A] false"},
		"a key by an acceptance, and then nothing": {[]Entry{waivedEntry(file(keyA)), file()}, 1, "[] [KEY-A] true"},

		// An acceptance of a publisher takes nothing from what is known of keys.
		"a key, and then a publisher by an acceptance": {[]Entry{file(keyA), waivedEntry(file(evil))}, 1, "[] [KEY-A] false"},
		// And what is known of keys makes no publisher known who came by an acceptance.
		"a publisher by an acceptance, and then a key":                  {[]Entry{waivedEntry(file(evil)), file(keyA)}, 2, "[EVIL] [KEY-A] true"},
		"a publisher by an acceptance, and then a key by another":       {[]Entry{waivedEntry(file(evil)), waivedEntry(file(keyA))}, 2, "[EVIL] [KEY-A] true"},
		"a publisher by an acceptance, then a key, then both as usual":  {[]Entry{waivedEntry(file(evil)), file(keyA), file(evil, keyA)}, 3, "[EVIL] [KEY-A] false"},
		"nobody by an acceptance, and then a publisher and a key":       {[]Entry{waivedEntry(file()), file(acme, keyA)}, 2, "[ACME] [KEY-A] false"},
		"nobody, and then a publisher by an acceptance, as it ever was": {[]Entry{file(), waivedEntry(file(evil))}, 2, "[EVIL] [] true"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := mustOpen(t, dir)
			for _, e := range c.entries {
				if err := j.Record(t.Context(), judged(e)); err != nil {
					t.Fatal(err)
				}
			}
			if n := strings.Count(text(t, dir), "\n"); n != c.lines {
				t.Errorf("%d lines, want %d", n, c.lines)
			}
			for _, reader := range []*Journal{j, mustOpen(t, dir)} { // as it was written, and as it is read
				m, err := reader.Memory(t.Context(), artifact(seen("2.0", "b")))
				if err != nil || len(m.Sightings) != 1 {
					t.Fatalf("%+v, %v", m, err)
				}
				s := m.Sightings[0]
				got := fmt.Sprint(list(s.Publishers), list(s.Keys), s.Waived)
				want := strings.NewReplacer("KEY-A", keyA.Name, "ACME", acme.Name, "EVIL", evil.Name).Replace(c.want)
				if got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
		})
	}
}

func list(ids []assay.Identity) []string {
	out := []string{}
	for _, id := range ids {
		out = append(out, id.Name)
	}
	return out
}

// TestRatchet decides by what memory keeps of a signed file.
func TestRatchet(t *testing.T) {
	rules := assay.DefaultRules()
	rules.Grants = []assay.Grant{{Kind: assay.GrantOpenPGP, Key: strings.Repeat("A", 40), Until: noon.Add(240 * time.Hour), From: "local"}}
	evidence := []assay.Evidence{{Verifier: "digest", State: assay.Verified, Claims: []assay.Claim{{Method: "sha256"}}}}
	for name, c := range map[string]struct {
		before Entry
		want   assay.Code
	}{
		"signed":                   {seen("1.0", "a", keyA), assay.SignatureMissing},
		"signed, by an acceptance": {waivedEntry(seen("1.0", "a", keyA)), assay.SignaturePartial},
		"not signed":               {seen("1.0", "a"), assay.SignaturePartial},
		"a later version":          {seen("3.0", "a", keyA), assay.SignaturePartial},
	} {
		j := mustOpen(t, t.TempDir())
		if err := j.Record(t.Context(), judged(c.before)); err != nil {
			t.Fatal(err)
		}
		next := artifact(seen("2.0", "b"))
		next.UploadTime, next.Digests = noon, []assay.Digest{{Algorithm: "sha256", Hex: strings.Repeat("b", 64)}}
		m, err := j.Memory(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		if main, _ := assay.Decide(rules, next, evidence, m, noon).Main(); main.Code != c.want {
			t.Errorf("%s: %+v, want %s", name, main, c.want)
		}
	}
}

// TestKeysInImports compares publishers with publishers: a key is nobody's change.
func TestKeysInImports(t *testing.T) {
	for name, c := range map[string]struct {
		ours, theirs Entry
		conflicts    int
	}{
		"the same publisher":                    {seen("1.0", "a", acme), seen("2.0", "b", acme), 0},
		"another publisher":                     {seen("1.0", "a", acme), seen("2.0", "b", evil), 1},
		"a key where we know one who published": {seen("1.0", "a", acme), seen("2.0", "b", keyA), 0},
		"another key":                           {seen("1.0", "a", keyA), seen("2.0", "b", keyB), 0},
		"another publisher and the key":         {seen("1.0", "a", acme, keyA), seen("2.0", "b", evil, keyA), 1},
		"of one file, a key":                    {seen("1.0", "a", acme, keyA), seen("1.0", "a", keyB), 0},
		"of one file, another":                  {seen("1.0", "a", acme, keyA), seen("1.0", "a", evil, keyA), 2},
	} {
		t.Run(name, func(t *testing.T) {
			j := mustOpen(t, t.TempDir())
			mustAppend(t, j, c.ours)
			origin := Entry{Kind: Import, Origin: "team.toml", SHA256: strings.Repeat("b", 64)}
			m, err := j.Merge(t.Context(), []Entry{origin, c.theirs}, "ann", true)
			if err != nil || len(m.Conflicts) != c.conflicts {
				t.Errorf("%+v, %v, want %d", m.Conflicts, err, c.conflicts)
			}
		})
	}
}
