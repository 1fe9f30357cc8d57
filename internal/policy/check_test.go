package policy

import (
	"strings"
	"testing"
	"time"

	"assay"
)

// TestCheck holds the whole text of each warning.
func TestCheck(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing to say", header + "[[project]]\nname = \"*\"\ncooldown = \"1d\"\n[[project]]\nname = \"acme-*\"\ncooldown = \"2d\"\n", ""},
		{"overlap", "[[project]]\nname = \"acme-*\"\ncooldown = \"1d\"\nsdist = \"deny\"\n[[project]]\nname = \"*-web\"\ncooldown = \"2d\"\nsdist = \"allow\"\n",
			"assay.toml:5: *-web and acme-* (line 1) fit some of the same names and disagree on cooldown and sdist: the later one holds"},
		{"the broad one last", "[[project]]\nname = \"acme-*\"\nindex = \"https://a.example\"\n[[project]]\nname = \"*\"\nindex = \"https://b.example\"\n",
			"assay.toml:4: * and acme-* (line 1) disagree on index, and the later one takes every name of the earlier one, which comes to nothing: put it first"},
		{"they agree", "[[project]]\nname = \"acme-*\"\ncooldown = \"1d\"\n[[project]]\nname = \"*-web\"\ncooldown = \"1d\"\nsdist = \"deny\"\n", ""},
		{"conditions", "[[project]]\nname = \"a\"\nwhen = \"artifact.yanked && false\"\nsdist = \"deny\"\n[[project]]\nname = \"a\"\nwhen = \"1 < 2\"\nsdist = \"deny\"\n[[project]]\nname = \"a\"\nwhen = \"1  <  2\"\n",
			"assay.toml:1: the 'when' of a is never true, so the table never applies\n" +
				"assay.toml:5: the 'when' of a is always true: leave it out\n" +
				"assay.toml:9: the [[project]] a says nothing\n" +
				"assay.toml:9: the 'when' of a is always true: leave it out\n" +
				"assay.toml:9: the [[project]] a has the name and the 'when' of line 5: the earlier one comes to nothing where both set a key"},
		{"publishers", "[[project]]\nname = \"a\"\nrequire = \"all\"\npublisher = [\n\"gitub:a/b\",\n\"github:a\",\n\"github:a/b@.github/workflows/c.yml\",\n\"gitlab:a\",\n\"google:me\",\n{identity = \"github:a/b\", ref = \"main\"},\n\"github:**@release.yml\",\n\"gitlab:a/b/c@x/y.yml\",\n\"**\"]\n",
			"assay.toml:5: no publisher will ever fit \"gitub:a/b\": assay knows no publishers of the kind \"gitub\": did you mean github?\n" +
				"assay.toml:6: no publisher will ever fit \"github:a\": a repository on GitHub is OWNER/REPO\n" +
				"assay.toml:7: no publisher will ever fit \"github:a/b@.github/workflows/c.yml\": a workflow is named by its file alone, without the folder\n" +
				"assay.toml:8: no publisher will ever fit \"gitlab:a\": a project on GitLab is GROUP/PROJECT\n" +
				"assay.toml:9: no publisher will ever fit \"google:me\": an address holds an @\n" +
				"assay.toml:10: no publisher will ever fit \"github:a/b with ref main\": a ref is written out: refs/heads/main, refs/tags/v*"},
		{"require alone", "[[project]]\nname = \"a\"\nrequire = 2\n", "assay.toml:3: require stands in a table without publishers: it counts those that another table names for a"},
		{"exceptions", "[[exception]]\nproject = \"a\"\nallow = [\"cooldown.young\"]\nuntil = 2026-06-30\nreason = \"x\"\n[[exception]]\nproject = \"a\"\nidentity = \"github:a\"\nallow = [\"source.vcs\"]\nuntil = 2026-07-01\nreason = \"x\"\n",
			"assay.toml:1: the exception for a has expired on 2026-06-30: take it out\n" +
				"assay.toml:6: source.vcs is refused before any project is known, so the exception lifts nothing: use vcs = \"allow\"\n" +
				"assay.toml:6: no publisher will ever fit \"github:a\": a repository on GitHub is OWNER/REPO"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, p := range mustParse(t, "assay.toml", tc.text).Check(now) {
				got = append(got, p.String())
			}
			if strings.Join(got, "\n") != tc.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), tc.want)
			}
		})
	}
}

// TestExceptionHolds holds that an exception ends with the end of its last day, and
// is for every spelling of its version.
func TestExceptionHolds(t *testing.T) {
	p := Join(mustParse(t, "assay.toml", "[defaults]\ncooldown = \"90d\"\n[[exception]]\nproject = \"foo\"\nversion = \"1.0.0\"\nallow = [\"cooldown.young\"]\nuntil = 2026-07-01\nreason = \"a fix\"\n"), nil)
	for _, tc := range []struct {
		version string
		at      time.Time
		want    string
	}{
		{"1.0", now, "warn: the file is too young: uploaded 24 hours ago, assay.toml:2 wants 90 days, which it is on 2026-09-28 12:00 UTC (accepted until 2026-07-01, assay.toml:3: a fix)"},
		{"1", now.Add(12*time.Hour - 1), "warn: the file is too young: uploaded 35 hours ago, assay.toml:2 wants 90 days, which it is on 2026-09-28 12:00 UTC (accepted until 2026-07-01, assay.toml:3: a fix)"},
		{"1.0", now.Add(12 * time.Hour), "deny: the file is too young: uploaded 36 hours ago, assay.toml:2 wants 90 days, which it is on 2026-09-28 12:00 UTC (it was accepted until 2026-07-01, assay.toml:3)"},
		{"1.1", now, "deny: the file is too young: uploaded 24 hours ago, assay.toml:2 wants 90 days, which it is on 2026-09-28 12:00 UTC"},
	} {
		a := artifact("foo", tc.version)
		d := assay.DecideListed(p.For(a, nil), a, assay.Memory{}, tc.at)
		r, _ := d.Main()
		if got := string(d.Verdict) + ": " + r.Message; got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.version, got, tc.want)
		}
	}
}

func TestCases(t *testing.T) {
	p := Join(mustParse(t, "assay.toml", "[defaults]\ncooldown = \"3d\"\n[[project]]\nname = \"django\"\npublisher = \"github:django/django@release.yml\"\n"+
		"[[project]]\nname = \"bar\"\nwhen = \"artifact.project_status == 'archived'\"\ndeny = \"not kept up\"\n"), nil)
	cases, err := ParseCases("cases.toml", []byte(`[[case]]
name = "mallory"
project = "Django"
version = "5.2"
publisher = "github:mallory/django@release.yml"
uploaded = 2026-07-01
at = 2026-07-08T12:00:00Z
expect = "deny"
codes = ["publisher.unexpected"]
[[case]]
project = "foo"
version = "1.0"
filename = "foo-1.0.tar.gz"
uploaded = 2026-07-01
at = 2026-07-02
expect = "allow"
codes = ["cooldown.unknown-age"]
[[case]]
project = "bar"
version = "1.0"
project_status = "archived"
uploaded = 2026-07-01
at = 2026-07-08
expect = "deny"
codes = ["policy.denied", "project.archived"]
[[case]]
project = "bar"
version = "1.0"
project_status = "active"
uploaded = 2026-07-01
at = 2026-07-08
expect = "allow"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"", "expected allow, decided deny; expected cooldown.unknown-age among the reasons", "", ""}
	for i, c := range cases {
		_, d := c.Decide(p, now)
		if got := c.Failure(d); got != want[i] {
			t.Errorf("%s: got %q, want %q", c.Name, got, want[i])
		}
	}
	_, err = ParseCases("cases.toml", []byte("[[case]]\nproject = \"a b\"\nexpect = \"refuse\"\ncodes = [\"cooldown.yuong\"]\nuploaded = \"2026\"\nfile = 3\nproject_status = \"haunted\"\n[[case]]\nproject = \"a\"\nversion = \"1\"\nfilename = \"b-1.tar.gz\"\nexpect = \"deny\"\n"))
	if want := `cases.toml:1: a [[case]] needs version: version = "1.0"
cases.toml:2: project: "a b": not a valid project name
cases.toml:3: expect is "allow", "deny" or "warn", not "refuse"
cases.toml:4: codes: there is no reason "cooldown.yuong": did you mean cooldown.young?
cases.toml:5: uploaded is a date such as 2026-07-01 or 2026-07-01T12:00:00Z, not "2026"
cases.toml:6: there is no key "file" in a [[case]]: did you mean filename?
cases.toml:7: project_status is "active", "archived", "deprecated" or "quarantined", not "haunted"
cases.toml:11: filename: "b-1.tar.gz" is no file of a==1`; err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err = ParseCases("cases.toml", nil); err == nil || err.Error() != "cases.toml: there is no [[case]]" {
		t.Errorf("got %v", err)
	}
}
