package trust_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"assay"
	"assay/internal/trust"
)

const (
	oneKey   = "1111111111111111111111111111111111111111"
	otherKey = "2222222222222222222222222222222222222222"
)

var day = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func locked(name string, grants ...trust.Grant) trust.Locked {
	return trust.Locked{Name: name, SHA256: strings.Repeat("ab", 32), Fetched: day, Grants: grants}
}

func keyFor(project, key string, denied bool) trust.Grant {
	g := trust.Grant{Project: project}
	g.Kind, g.Key, g.Denied, g.Reason = assay.GrantOpenPGP, key, denied, "a note"
	return g
}

func mustParse(t *testing.T, text string) *trust.File {
	t.Helper()
	f, err := trust.Parse("trust.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const twoImports = `
agree = 2
[[authority]]
name = "psf"
openpgp = "3333333333333333333333333333333333333333"
notation = "project@authority.example"
until = 2027-12-31
reason = "r"
[[import]]
name = "a"
kind = "certified"
source = "/a"
projects = ["demo"]
authority = "psf"
until = 2027-12-31
reason = "r"
by = "ann"
[[import]]
name = "b"
kind = "web-of-trust"
source = "/b"
depth = 2
until = 2026-12-31
reason = "r"
`

func TestImportsAreWrittenAsTheyAreRead(t *testing.T) {
	f := mustParse(t, twoImports)
	if f.Imports[0].Authority != "psf" || f.Imports[1].Depth != 2 {
		t.Fatalf("%+v", f.Imports)
	}
	again := mustParse(t, string(f.Text()))
	if string(again.Text()) != string(f.Text()) {
		t.Errorf("%s", again.Text())
	}
	if _, err := trust.Parse("trust.toml", []byte(strings.Replace(twoImports, "depth = 2", "depth = 4", 1))); err == nil || err.Error() != "trust.toml:22: depth is a number from 1 to 3" {
		t.Errorf("got %v", err)
	}
}

func TestLockHasDenials(t *testing.T) {
	l := &trust.Lock{}
	l.Put(locked("a", keyFor("demo", oneKey, false), keyFor("*", otherKey, true)))
	text := string(l.Text())
	want := `
[[import.deny]]
project = "*"
openpgp = "2222222222222222222222222222222222222222"
note = "a note"

[[import.grant]]
project = "demo"
openpgp = "1111111111111111111111111111111111111111"
note = "a note"
`
	if !strings.HasSuffix(text, want) {
		t.Fatalf("got %s", text)
	}
	again, err := trust.ParseLock("assay-imports.lock", []byte(text))
	if err != nil || string(again.Text()) != text {
		t.Fatalf("%v\n%s", err, again.Text())
	}
	for spoil, wrong := range map[string]string{
		"note = \"a note\"\nuntil = 2030-01-01": `assay-imports.lock:8: there is no key "until" in an [[import.deny]]: there are jws, note, openpgp, project, publisher, sha256, ssh`,
	} {
		bad := strings.Replace(text, "note = \"a note\"", spoil, 1)
		if _, err := trust.ParseLock("assay-imports.lock", []byte(bad)); err == nil || !strings.Contains(err.Error(), "there is no key \"until\" in an [[import.deny]]") {
			t.Errorf("got %v, want %s", err, wrong)
		}
	}
}

// TestAgreement has two imports of which both must grant the same; a denial of one of
// them is enough.
func TestAgreement(t *testing.T) {
	own := mustParse(t, twoImports)
	for name, c := range map[string]struct {
		a, b []trust.Grant
		want string
	}{
		"both":            {[]trust.Grant{keyFor("demo", oneKey, false)}, []trust.Grant{keyFor("demo", oneKey, false)}, "grant 1111 import a and b until 2027-01-01"},
		"one":             {[]trust.Grant{keyFor("demo", oneKey, false)}, nil, ""},
		"different":       {[]trust.Grant{keyFor("demo", oneKey, false)}, []trust.Grant{keyFor("demo", otherKey, false)}, ""},
		"twice in one":    {[]trust.Grant{keyFor("demo", oneKey, false), keyFor("demo", oneKey, false)}, nil, ""},
		"denied by one":   {nil, []trust.Grant{keyFor("demo", oneKey, true)}, "deny 1111 import b"},
		"denied for all":  {[]trust.Grant{keyFor("*", oneKey, true)}, nil, "deny 1111 import a"},
		"of no interest":  {[]trust.Grant{keyFor("other", oneKey, false)}, []trust.Grant{keyFor("other", oneKey, false)}, ""},
		"denial of other": {[]trust.Grant{keyFor("other", oneKey, true)}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := &trust.Lock{}
			l.Put(locked("a", c.a...))
			l.Put(locked("b", c.b...))
			store, err := trust.Join(own, l, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, g := range store.For(assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0"}) {
				text := "grant " + g.Key[:4] + " " + g.From + " until " + g.Until.Format(time.DateOnly)
				if g.Denied {
					text = "deny " + g.Key[:4] + " " + g.From
				}
				got = append(got, text)
			}
			if strings.Join(got, "; ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestAgreementEnds has imports that end on different days: what they agree on ends with the
// last day on which enough of them say so, whatever others say beside them.
func TestAgreementEnds(t *testing.T) {
	type list struct {
		until string
		sum   string   // of the source: the same one is the same list
		by    []string // who has certified the key
	}
	for name, c := range map[string]struct {
		agree int
		lists []list
		want  string
	}{
		"one is enough":                      {1, []list{{"2027-10-31", "aa", nil}}, "import a until 2027-11-01"},
		"one is enough, and a shorter one":   {1, []list{{"2027-10-31", "aa", nil}, {"2026-11-28", "bb", nil}}, "import a until 2027-11-01"},
		"one is enough, and a longer one":    {1, []list{{"2026-11-28", "aa", nil}, {"2027-10-31", "bb", nil}}, "import b until 2027-11-01"},
		"one is enough, and it stands twice": {1, []list{{"2027-10-31", "aa", nil}, {"2026-11-28", "aa", nil}}, "import a until 2027-11-01"},
		"one is enough, and one is like it":  {1, []list{{"2027-10-31", "aa", nil}, {"2027-10-31", "bb", nil}}, "import a and b until 2027-11-01"},
		"two of three":                       {2, []list{{"2026-12-31", "aa", nil}, {"2027-10-31", "bb", nil}, {"2027-05-31", "cc", nil}}, "import b and c until 2027-06-01"},
		"two of three, one of them a copy":   {2, []list{{"2026-12-31", "aa", nil}, {"2027-10-31", "bb", nil}, {"2027-05-31", "bb", nil}}, "import a and b until 2027-01-01"},
		"two of two copies":                  {2, []list{{"2027-10-31", "bb", nil}, {"2027-05-31", "bb", nil}}, ""},
		"two of two":                         {2, []list{{"2027-10-31", "aa", nil}, {"2026-12-31", "bb", nil}}, "import a and b until 2027-01-01"},
		"two that rest on one, and on each":  {2, []list{{"2027-10-31", "aa", []string{oneKey, otherKey}}, {"2027-05-31", "bb", []string{oneKey}}, {"2026-12-31", "cc", []string{otherKey}}}, "import b and c until 2027-01-01"},
		"three of two":                       {3, []list{{"2027-10-31", "aa", nil}, {"2026-12-31", "bb", nil}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf("agree = %d\n", c.agree)
			l := &trust.Lock{}
			for i, one := range c.lists {
				text += fmt.Sprintf("[[import]]\nname = %q\nkind = \"web-of-trust\"\nsource = \"/%d\"\nuntil = %s\nreason = \"r\"\n", string(rune('a'+i)), i, one.until)
				g := keyFor("demo", strings.Repeat("4", 40), false)
				g.CertifiedBy = one.by
				in := locked(string(rune('a'+i)), g)
				in.SHA256 = strings.Repeat(one.sum, 32)
				l.Put(in)
			}
			store, err := trust.Join(mustParse(t, text), l, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, g := range store.For(assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0"}) {
				got = append(got, g.From+" until "+g.Until.Format(time.DateOnly))
			}
			if strings.Join(got, "; ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestAuthorityIsGone has an import of what an authority certified, and the person names
// that authority no longer.
func TestAuthorityIsGone(t *testing.T) {
	for name, want := range map[string]int{"psf": 1, "other": 0} {
		own := mustParse(t, strings.Replace(strings.Replace(twoImports, "agree = 2", "agree = 1", 1), `name = "psf"`, `name = "`+name+`"`, 1))
		l := &trust.Lock{}
		l.Put(locked("a", keyFor("demo", oneKey, false)))
		store, err := trust.Join(own, l, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := store.For(assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0"}); len(got) != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestAgreementOfRoles has one import that lets a key sign tags only: of files only the
// other one has said something.
func TestAgreementOfRoles(t *testing.T) {
	for agree, want := range map[string]string{
		"agree = 1": "[artifact checksums] import b until 2027-01-01; [tag] import a until 2028-01-01",
		"agree = 2": "",
	} {
		own := mustParse(t, strings.Replace(strings.Replace(twoImports, "agree = 2", agree, 1), "authority = \"psf\"", "authority = \"psf\"\nroles = [\"tag\"]", 1))
		l := &trust.Lock{}
		l.Put(locked("a", keyFor("demo", oneKey, false)))
		l.Put(locked("b", keyFor("demo", oneKey, false)))
		store, err := trust.Join(own, l, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range store.For(assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0"}) {
			got = append(got, fmt.Sprint(g.Roles, " ", g.From, " until ", g.Until.Format(time.DateOnly)))
		}
		slices.Sort(got)
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: got %q, want %q", agree, got, want)
		}
	}
}

func TestLostAndDisagreements(t *testing.T) {
	before := locked("a", keyFor("demo", oneKey, false), keyFor("demo", otherKey, true))
	if got := trust.Lost(before, locked("a", keyFor("demo", oneKey, false))); len(got) != 1 || !got[0].Denied {
		t.Errorf("a lost denial: %+v", got)
	}
	if got := trust.Lost(before, locked("a", keyFor("demo", oneKey, true), keyFor("demo", otherKey, true))); len(got) != 1 || got[0].Denied {
		t.Errorf("a grant that became a denial: %+v", got)
	}
	l := &trust.Lock{}
	l.Put(locked("b", keyFor("demo", otherKey, false)))
	got := trust.Disagreements(nil, l, locked("a", keyFor("demo", oneKey, false), keyFor("demo", oneKey, true), keyFor("new", oneKey, false)))
	if len(got) != 1 || got[0].Key != "openpgp:"+oneKey || strings.Join(got[0].Others, "; ") != "b has openpgp:"+otherKey {
		t.Errorf("%+v", got)
	}
}
