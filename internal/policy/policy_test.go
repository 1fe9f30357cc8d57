package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assay"
)

var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// mustParse reads a policy that is one.
func mustParse(t testing.TB, name, text string) *File {
	t.Helper()
	if text == "" {
		return nil
	}
	f, err := Parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// rules renders rules, a line each, without those that nobody wrote.
func rules(r assay.Rules) string {
	var out []string
	for _, rule := range Describe(r) {
		if rule.Origin != BuiltIn {
			out = append(out, fmt.Sprintf("%s %s (%s)", rule.Key, rule.Value, rule.Origin))
		}
	}
	if r.Tentative {
		out = append(out, "tentative")
	}
	return strings.Join(out, "\n")
}

func artifact(project, version string) assay.Artifact {
	return assay.Artifact{Ecosystem: assay.PyPI, Project: project, Version: version, Filename: project + "-" + version + "-py3-none-any.whl", Standing: assay.Standing{Status: assay.StatusArchived},
		Index: "https://index.example/simple/" + project + "/", UploadTime: now.Add(-24 * time.Hour), Size: 1000}
}

func signed(identity string, details map[string]string) []assay.Claim {
	return []assay.Claim{{Method: "pep740", Identity: identity, Details: details}}
}

// TestOfAll holds the rules that are said to be those of every file to those of a file.
func TestOfAll(t *testing.T) {
	own := mustParse(t, "own.toml", `[[project]]
name = "young"
cooldown = "5d"

[[project]]
name = "some*"
when = 'artifact.version == "2.0"'
deny = "no"

[[exception]]
project = "old"
version = "1.0"
allow = ["cooldown.young"]
reason = "x"
until = 2026-08-01

[[project]]
name = "both"
publisher = "github:o/r"
`)
	project := mustParse(t, "assay.toml", "[[project]]\nname = \"both\"\npublisher = \"github:o/r\"\n")
	p := Join(own, project)
	for name, even := range map[string]bool{"young": true, "other": true, "": true, "something": false, "old": false, "both": false} {
		r, ok := p.OfAll(name)
		if ok != even {
			t.Errorf("%s: all files have the same rules: %v, want %v", name, ok, even)
		}
		if ok && fmt.Sprintf("%+v", r) != fmt.Sprintf("%+v", p.For(artifact(name, "2.0"), nil)) {
			t.Errorf("%s: %+v", name, r)
		}
		if asks := name == "young"; ok && r.AskListing() != asks {
			t.Errorf("%s: the listing matters: %v, want %v", name, !asks, asks)
		}
	}
}

// TestPrecedence holds the one order in which rules override each other.
func TestPrecedence(t *testing.T) {
	const file = `[defaults]
cooldown = "1d"
sdist = "warn"

[[project]]
name = "acme-web"
cooldown = "5d"

[[project]]
name = "acme-*"
when = "artifact.version == '2.0'"
cooldown = "6d"
deny = false

[[project]]
name = "*"
cooldown = "2d"
evidence = "require"

[[project]]
name = "acme-*"
cooldown = "3d"
index = "https://Index.Corp.example/simple/"
deny = "not reviewed"

[[project]]
name = "acme-web"
when = "claims.exists(c, c.identity.startsWith('google:'))"
warn = "signed by hand"
cooldown = "0d"

[[exception]]
project = "acme-*"
version = "2"
allow = ["cooldown.young"]
until = 2026-12-31
reason = "ticket 4711"
`
	p := Join(mustParse(t, "assay.toml", file), nil)
	for _, tc := range []struct {
		name, project, version string
		claims                 []assay.Claim
		want                   string
	}{
		{"a glob over the defaults", "other", "1.0", []assay.Claim{},
			"evidence require (assay.toml:18)\ncooldown 2d (assay.toml:17)\nsdist warn (assay.toml:3)"},
		{"the later glob", "acme-x", "1.0", []assay.Claim{},
			"evidence require (assay.toml:18)\ncooldown 3d (assay.toml:22)\nsdist warn (assay.toml:3)\nindex https://index.corp.example/simple (assay.toml:23)\ndeny not reviewed (assay.toml:24)"},
		{"the exact name, wherever it stands", "acme-web", "1.0", []assay.Claim{},
			"evidence require (assay.toml:18)\ncooldown 5d (assay.toml:7)\nsdist warn (assay.toml:3)\nindex https://index.corp.example/simple (assay.toml:23)\ndeny not reviewed (assay.toml:24)"},
		{"a condition over the exact name, and an exception", "acme-web", "2.0", []assay.Claim{},
			"evidence require (assay.toml:18)\ncooldown 6d (assay.toml:12)\nsdist warn (assay.toml:3)\nindex https://index.corp.example/simple (assay.toml:23)\nexception cooldown.young until 2026-12-31: ticket 4711 (assay.toml:32)"},
		{"the later condition", "acme-web", "2.0", signed("google:a@b.example", nil),
			"evidence require (assay.toml:18)\ncooldown 0d (assay.toml:30)\nsdist warn (assay.toml:3)\nindex https://index.corp.example/simple (assay.toml:23)\nwarn signed by hand (assay.toml:29)\nexception cooldown.young until 2026-12-31: ticket 4711 (assay.toml:32)"},
		{"claims are not known", "acme-web", "1.0", nil,
			"evidence require (assay.toml:18)\ncooldown 5d (assay.toml:7)\nsdist warn (assay.toml:3)\nindex https://index.corp.example/simple (assay.toml:23)\ndeny not reviewed (assay.toml:24)\ntentative"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for range 2 { // the second time from what was worked out before
				if got := rules(p.For(artifact(tc.project, tc.version), tc.claims)); got != tc.want {
					t.Errorf("got\n%s\nwant\n%s", got, tc.want)
				}
			}
		})
	}
}

// TestJoin holds that a project's file tightens the person's own and never loosens
// it, and that what comes to nothing is said.
func TestJoin(t *testing.T) {
	const strict = "mode = \"enforce\"\n[defaults]\nevidence = \"require\"\ncooldown = \"7d\"\nsdist = \"deny\"\non_unavailable = \"refuse\"\nvcs = \"deny\"\nallow_http = [\"a.example\"]\n"
	const loose = "mode = \"audit\"\n[defaults]\nevidence = \"none\"\ncooldown = \"0d\"\nsdist = \"allow\"\non_unavailable = \"warn\"\nvcs = \"allow\"\nallow_http = [\"b.example\"]\n"
	for _, tc := range []struct{ name, own, project, want, notes string }{
		{"own alone", "mode = \"audit\"\n", "", "mode audit (own.toml:1)", ""},
		{"the project's alone", "", loose,
			"mode audit (assay.toml:1)\nevidence none (assay.toml:3)\ncooldown 0d (assay.toml:4)\nsdist allow (assay.toml:5)\non_unavailable warn (assay.toml:6)",
			"assay.toml:1: mode = \"audit\" is looser than the built-in rules, and you have no policy of your own\n" +
				"assay.toml:3: evidence = \"none\" is looser than the built-in rules, and you have no policy of your own\n" +
				"assay.toml:6: on_unavailable = \"warn\" is looser than the built-in rules, and you have no policy of your own\n" +
				"assay.toml:8: allow_http is looser than the built-in rules, and you have no policy of your own"},
		{"it loosens nothing", strict, loose,
			"mode enforce (own.toml:1)\nevidence require (own.toml:3)\ncooldown 7d (own.toml:4)\nsdist deny (own.toml:5)\non_unavailable refuse (own.toml:6)",
			"assay.toml:1: mode is ignored: your own policy is stricter, own.toml:1\n" +
				"assay.toml:3: evidence is ignored: your own policy is stricter, own.toml:3\n" +
				"assay.toml:4: cooldown is ignored: your own policy is stricter, own.toml:4\n" +
				"assay.toml:5: sdist is ignored: your own policy is stricter, own.toml:5\n" +
				"assay.toml:6: on_unavailable is ignored: your own policy is stricter, own.toml:6\n" +
				"assay.toml:7: vcs is ignored: your own policy is stricter, own.toml:7\n" +
				"assay.toml:8: allow_http is ignored: your own policy says own.toml:8"},
		{"it tightens", loose, strict,
			"mode enforce (assay.toml:1)\nevidence require (assay.toml:3)\ncooldown 7d (assay.toml:4)\nsdist deny (assay.toml:5)\non_unavailable refuse (assay.toml:6)",
			"assay.toml:8: allow_http is ignored: your own policy says own.toml:8"},
		{"not by a table, not by a condition", "[defaults]\ncooldown = \"7d\"\n[[project]]\nname = \"d*\"\nsdist = \"deny\"\n",
			"[[project]]\nname = \"django\"\ncooldown = \"1d\"\nsdist = \"allow\"\n[[project]]\nname = \"*\"\nwhen = \"true\"\ncooldown = \"0d\"\n",
			"cooldown 7d (own.toml:2)\nsdist deny (own.toml:5)",
			"assay.toml:3: cooldown is ignored for django: your own policy is stricter, own.toml:2\n" +
				"assay.toml:4: sdist is ignored for django: your own policy is stricter, own.toml:5\n" +
				"assay.toml:8: cooldown is ignored for *: your own policy is stricter, own.toml:2"},
		{"indexes", "[[project]]\nname = \"django\"\nindex = [\"https://a.example/simple\", \"https://b.example\"]\n",
			"[[project]]\nname = \"django\"\nindex = [\"https://b.example/simple\", \"https://c.example\"]\n",
			"index https://b.example/simple (assay.toml:3)", ""},
		{"other indexes", "[[project]]\nname = \"django\"\nindex = \"https://a.example/simple\"\n",
			"[[project]]\nname = \"django\"\nindex = \"https://a.example/simplest\"\n",
			"index https://a.example/simple (own.toml:3)",
			"assay.toml:3: index is ignored for django: it lies outside of what your own policy says, own.toml:3"},
		{"both deny", "[[project]]\nname = \"*\"\ndeny = \"one\"\n", "[[project]]\nname = \"django\"\ndeny = false\nwarn = \"two\"\n",
			"deny one (own.toml:3)\nwarn two (assay.toml:4)", ""},
		{"exceptions", "[defaults]\ncooldown = \"7d\"\n",
			"[[exception]]\nproject = \"dj*\"\nallow = [\"cooldown.young\", \"publisher.changed\"]\nuntil = 2026-12-31\nreason = \"x\"\n",
			"cooldown 7d (own.toml:2)",
			"assay.toml:1: the exception for cooldown.young lifts nothing for dj*: only one in your own policy would\n" +
				"assay.toml:1: the exception for publisher.changed lifts nothing for dj*: only one in your own policy would"},
		{"exceptions from the project's own rules", "[[project]]\nname = \"other\"\nsdist = \"deny\"\n",
			"[defaults]\ncooldown = \"7d\"\n[[exception]]\nproject = \"django\"\nallow = [\"cooldown.young\", \"provenance.unavailable\"]\nuntil = 2026-12-31\nreason = \"x\"\n",
			"cooldown 7d (assay.toml:2)\nexception cooldown.young until 2026-12-31: x (assay.toml:3)",
			"assay.toml:3: the exception for provenance.unavailable lifts nothing for django: only one in your own policy would"},
		{"it loosens nothing where one's own is silent", "[[project]]\nname = \"django\"\ndeny = \"not reviewed\"\n",
			loose + "[[project]]\nname = \"*\"\nwhen = \"true\"\nevidence = \"none\"\non_unavailable = \"warn\"\n",
			"cooldown 0d (assay.toml:4)\nsdist allow (assay.toml:5)\ndeny not reviewed (own.toml:3)",
			"assay.toml:1: mode is ignored: your own policy leaves it to the built-in rules, which are stricter\n" +
				"assay.toml:3: evidence is ignored: your own policy leaves it to the built-in rules, which are stricter\n" +
				"assay.toml:6: on_unavailable is ignored: your own policy leaves it to the built-in rules, which are stricter\n" +
				"assay.toml:8: allow_http is ignored: your own policy names no host\n" +
				"assay.toml:12: evidence is ignored for *: your own policy leaves it to the built-in rules, which are stricter\n" +
				"assay.toml:13: on_unavailable is ignored for *: your own policy leaves it to the built-in rules, which are stricter"},
		{"it tightens where one's own is silent", "[[exception]]\nproject = \"other\"\nallow = [\"cooldown.young\"]\nuntil = 2026-12-31\nreason = \"x\"\n", strict,
			"mode enforce (assay.toml:1)\nevidence require (assay.toml:3)\ncooldown 7d (assay.toml:4)\nsdist deny (assay.toml:5)\non_unavailable refuse (assay.toml:6)",
			"assay.toml:8: allow_http is ignored: your own policy names no host"},
		{"what one's own loosens for one project", "[[project]]\nname = \"django\"\nevidence = \"none\"\n", "[defaults]\nevidence = \"none\"\n",
			"evidence none (own.toml:3)", "assay.toml:2: evidence is ignored: your own policy leaves it to the built-in rules, which are stricter"},
		{"one's own that is empty", "# nothing yet\n", "mode = \"audit\"\n", "",
			"assay.toml:1: mode is ignored: your own policy leaves it to the built-in rules, which are stricter"},
		{"own exceptions", "[[exception]]\nproject = \"django\"\nallow = [\"cooldown.young\"]\nuntil = 2026-12-31\nreason = \"x\"\n", "[defaults]\ncooldown = \"7d\"\n",
			"cooldown 7d (assay.toml:2)\nexception cooldown.young until 2026-12-31: x (own.toml:1)", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Join(mustParse(t, "own.toml", tc.own), mustParse(t, "assay.toml", tc.project))
			if got := rules(p.For(artifact("django", "1.0"), []assay.Claim{})); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
			var notes []string
			for _, n := range p.Notes() {
				notes = append(notes, n.String())
			}
			if got := strings.Join(notes, "\n"); got != tc.notes {
				t.Errorf("notes: got\n%s\nwant\n%s", got, tc.notes)
			}
		})
	}
}

// TestBelow holds that no spelling of a way up counts as a way down.
func TestBelow(t *testing.T) {
	const index = "https://corp.example/simple"
	for url, want := range map[string]bool{
		index:                           true,
		index + "/team":                 true,
		index + "/team%20a/..b/.c/d..":  true,
		index + "st":                    false,
		"https://corp.example":          false,
		index + "/../public":            false,
		index + "/./team":               false,
		index + "/..":                   false,
		index + "/%2e%2e/public":        false,
		index + "/.%2E/public":          false,
		index + "/%2e%2e%2fpublic":      false,
		index + "/%252e%252e/public":    false,
		index + `/..\public`:            false,
		index + "/%5c..%5cpublic":       false,
		index + "/%25/%25252e%25252e/x": false,
		index + "/%zz":                  false,
	} {
		if got := len(below([]string{url}, []string{index})) == 1; got != want {
			t.Errorf("%s: got %v", url, got)
		}
	}
}

// TestBothNamePublishers holds that a file must come from publishers that both files
// name.
func TestBothNamePublishers(t *testing.T) {
	p := Join(mustParse(t, "own.toml", "[[project]]\nname = \"django\"\npublisher = \"github:django/*\"\n"),
		mustParse(t, "assay.toml", "[[project]]\nname = \"django\"\npublisher = [\"github:*/django@release.yml\", \"github:a/b\"]\n"))
	for _, tc := range []struct {
		claims []assay.Claim
		want   string
	}{
		{signed("github:Django/Django@release.yml", nil), ""},
		{signed("github:django/django@test.yml", nil), "the file does not come from whom the policy names for django: it was published by github:django/django@test.yml, and assay.toml:3 names github:*/django@release.yml, github:a/b"},
		{signed("github:mallory/django@release.yml", nil), "the file does not come from whom the policy names for django: it was published by github:mallory/django@release.yml, and own.toml:3 names github:django/*"},
		{[]assay.Claim{}, "the file does not come from whom the policy names for django: nobody has signed it, and own.toml:3 names github:django/*"},
	} {
		a := artifact("django", "1.0")
		d := assay.Decide(p.For(a, tc.claims), a, []assay.Evidence{{Verifier: "pep740", State: assay.Verified, Claims: tc.claims}}, assay.Memory{}, now)
		got := ""
		if r, _ := d.Main(); r.Severity == assay.Error {
			got = r.Message
		}
		if got != tc.want {
			t.Errorf("got %q\nwant %q", got, tc.want)
		}
	}
}

// TestConditions works out conditions.
func TestConditions(t *testing.T) {
	claims := []assay.Claim{{Method: "pep740", Identity: "github:a/b@c.yml", Time: now, Details: map[string]string{"ref": "refs/tags/v1"}}}
	for _, tc := range []struct{ when, want string }{
		{"artifact.project == 'foo' && artifact.version == '1.0'", "true"},
		{"artifact.filename.endsWith('.whl') && !artifact.is_sdist && !artifact.yanked", "true"},
		{"artifact.index.startsWith('https://index.example/')", "true"},
		{"artifact.url == ''", "true"},
		{"artifact.project_status == 'archived'", "true"},
		{"artifact.size > 500 && artifact.size < 2000", "true"},
		{"artifact.upload_time < timestamp('2026-07-01T00:00:00Z')", "true"},
		{"artifact.age > duration('23h') && artifact.age < duration('25h')", "true"},
		{"has(artifact.age) && has(artifact.size)", "true"},
		{"claims.exists(c, c.method == 'pep740' && c.identity.matches('^github:a/'))", "true"},
		{"claims.exists(c, has(c.details.ref) && c.details.ref.startsWith('refs/tags/'))", "true"},
		{"claims.exists(c, c.details['ref'] == 'refs/tags/v1')", "true"},
		{"claims.all(c, c.time > timestamp('2020-01-01T00:00:00Z'))", "true"},
		{"claims.size() == 1 && claims[0] == claims[0] && artifact == artifact", "true"},
		{"claims.exists(c, c.details.environment == 'release')", "assay.toml:3: when: no such key: environment"},
		{`claims.exists(c, c.details['\\u001b[2K'] == 'x')`, `assay.toml:3: when: no such key: \u{1b}[2K`},
		{"artifact.project == 'foo'\\r\\n&& artifact.version == '1.0'", "true"},
		{"claims[3].method == 'x'", "assay.toml:3: when: index out of bounds: 3"},
		{"[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, artifact.size > 0))))))",
			"assay.toml:3: when: operation cancelled: actual cost limit exceeded"},
	} {
		t.Run(tc.when, func(t *testing.T) {
			p := Join(mustParse(t, "assay.toml", "[[project]]\nname = \"foo\"\nwhen = \""+tc.when+"\"\nwarn = \"true\"\n"), nil)
			p.Now = func() time.Time { return now }
			r := p.For(artifact("foo", "1.0"), claims)
			got := strings.Join(r.Problems, "; ")
			if len(r.Verdicts) > 0 {
				got = "true"
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestIdentityException holds that a page is not judged where an exception depends on
// who published a file, and the file is.
func TestIdentityException(t *testing.T) {
	p := Join(mustParse(t, "assay.toml", "[defaults]\ncooldown = \"3d\"\n[[exception]]\nproject = \"foo\"\nidentity = \"github:a/*\"\nallow = [\"cooldown.young\"]\nuntil = 2026-12-31\nreason = \"x\"\n"), nil)
	a := artifact("foo", "1.0")
	if d := assay.DecideListed(p.For(a, nil), a, assay.Memory{}, now); d.Verdict != assay.Allow {
		t.Errorf("the page is judged: %+v", d)
	}
	for identity, want := range map[string]assay.Verdict{"github:a/b@c.yml": assay.Warn, "github:b/b@c.yml": assay.Deny} {
		claims := signed(identity, nil)
		d := assay.Decide(p.For(a, claims), a, []assay.Evidence{{Verifier: "pep740", State: assay.Verified, Claims: claims}}, assay.Memory{}, now)
		if d.Verdict != want {
			t.Errorf("%s: %+v", identity, d)
		}
	}
}

// TestUnknown holds that what a condition asks for and nobody says refuses.
func TestUnknown(t *testing.T) {
	for _, field := range []string{"age", "upload_time", "size"} {
		when := map[string]string{"age": "artifact.age < duration('1h')", "upload_time": "artifact.upload_time < timestamp('2026-07-01T00:00:00Z')", "size": "artifact.size < 3"}[field]
		p := Join(mustParse(t, "assay.toml", "[[project]]\nname = \"foo\"\nwhen = \""+when+"\"\nwarn = \"x\"\n[[project]]\nname=\"foo\"\nwhen=\"has(artifact."+field+")\"\ndeny=\"y\"\n"), nil)
		a := assay.Artifact{Project: "foo", Version: "1.0", Filename: "foo-1.0.tar.gz"}
		d := assay.DecideListed(p.For(a, nil), a, assay.Memory{}, now)
		want := "the policy could not be worked out for foo-1.0.tar.gz: assay.toml:3: when: nobody says the " + field + ": ask with has() first"
		if r, _ := d.Main(); len(d.Reasons) != 1 || r.Message != want {
			t.Errorf("got %+v\nwant %s", d.Reasons, want)
		}
	}
}

func TestBase(t *testing.T) {
	p := Join(nil, mustParse(t, "assay.toml", header))
	if r := p.Base(); r.Mode != assay.Enforce || r.VCS != assay.Error || strings.Join(r.PlainHTTP, " ") != "*.corp.example index.example:8080" || r.Cooldown != 72*time.Hour {
		t.Errorf("%+v", r)
	}
	p = Join(mustParse(t, "own.toml", "mode = \"audit\"\n[defaults]\nvcs = \"deny\"\n"), nil)
	if r := p.Base(); r.VCS != assay.Warning {
		t.Errorf("in audit mode version control is %s", r.VCS)
	}
	p = Join(mustParse(t, "own.toml", "[[project]]\nname = \"a\"\nsdist = \"deny\"\n"), mustParse(t, "assay.toml", "mode = \"audit\"\n[defaults]\nallow_http = [\"a.example\"]\nvcs = \"allow\"\n"))
	if r := p.Base(); r.Mode != assay.Enforce || len(r.PlainHTTP) > 0 || r.VCS != assay.Warning || r.OnUnavailable != assay.Error || r.Evidence != assay.Remember {
		t.Errorf("a project's policy loosens what one's own leaves to the built-in rules: %+v", r)
	}
	if r := Join(nil, nil).Base(); r.Mode != assay.Enforce || r.VCS != assay.Warning || r.Evidence != assay.Remember {
		t.Errorf("%+v", r)
	}
}

// TestGlobs compares the comparison of patterns with names that fit them.
func TestGlobs(t *testing.T) {
	for _, tc := range []struct {
		a, b          string
		meets, covers bool // a covers b
	}{
		{"*", "acme-*", true, true}, {"acme-*", "*", true, false}, {"acme-*", "*-web", true, false}, {"acme-*", "other-*", false, false},
		{"a*b", "a*c", false, false}, {"a*b*", "a*c*", true, false}, {"*a*", "*b*", true, false}, {"a", "a", true, true}, {"a", "b", false, false},
		{"a*", "a", true, true}, {"a-*-z", "a-b-*", true, false}, {"a*z", "a*y*z", true, true},
	} {
		a, b := newGlob(tc.a), newGlob(tc.b)
		if a.meets(b) != tc.meets || b.meets(a) != tc.meets || a.covers(b) != tc.covers {
			t.Errorf("%s, %s: meets %t, covers %t", tc.a, tc.b, a.meets(b), a.covers(b))
		}
	}
}
