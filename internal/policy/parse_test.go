package policy

import (
	"fmt"
	"strings"
	"testing"
)

const header = `mode = "enforce"

[defaults]
evidence       = "remember"
cooldown       = "3d"
sdist          = "warn"
on_unavailable = "refuse"
vcs            = "deny"
allow_http     = ["*.corp.example", "index.example:8080"]
`

// TestBroken holds the whole text about each policy that is not one.
func TestBroken(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no TOML", "mode = \n", "assay.toml:1: not TOML: unexpected character U+000A at start of value"},
		{"a key twice", "mode = \"audit\"\nmode = \"enforce\"\n", "assay.toml:2: not TOML: key mode is already defined"},
		{"unknown key", "[defaults]\n\ncooldwon = \"3d\"\n", `assay.toml:3: there is no key "cooldwon" in [defaults]: did you mean cooldown?`},
		{"unknown key without a likeness", "[[exception]]\nproject = \"a\"\nallow = [\"cooldown.young\"]\nuntil = 2026-12-31\nreason = \"x\"\nticket = 4711\n",
			`assay.toml:6: there is no key "ticket" in an [[exception]]: there are allow, identity, project, reason, until and version`},
		{"unknown table", "[projects]\nname = \"a\"\n", `assay.toml:1: there is no key "projects" at the top of the file: did you mean project?`},
		{"a key in the wrong place", "cooldown = \"3d\"\n[[project]]\nname = \"a\"\nvcs = \"deny\"\n[defaults]\nmode = \"audit\"\n",
			"assay.toml:1: there is no key \"cooldown\" at the top of the file: it stands in [defaults] or in a [[project]]\n" +
				"assay.toml:4: there is no key \"vcs\" in a [[project]]: it holds for the whole run, and stands in [defaults]\n" +
				"assay.toml:6: there is no key \"mode\" in [defaults]: it holds for the whole run, and stands at the top of the file"},
		{"no evidence yet", "[defaults]\nmalware = \"deny\"\nlookalike = \"warn\"\nvulnerable = \"warn\"\n[[project]]\nname = \"a\"\nopenpgp = [\"AB\"]\n",
			"assay.toml:2: malware: assay does not look at malware feeds yet, so nothing would come of it: leave the key out\n" +
				"assay.toml:3: lookalike: assay does not look at look-alike names yet, so nothing would come of it: leave the key out\n" +
				"assay.toml:4: vulnerable: assay does not look at advisories yet, so nothing would come of it: leave the key out\n" +
				"assay.toml:7: openpgp: not a fingerprint: it has 2 hex digits, and not 40 or 64"},
		{"unknown words", "mode = \"warn\"\n[defaults]\nevidence = true\nsdist = \"build\"\non_unavailable = \"allow\"\n",
			"assay.toml:1: mode is \"audit\" or \"enforce\", not \"warn\"\n" +
				"assay.toml:3: evidence is \"none\", \"remember\" or \"require\", not true or false\n" +
				"assay.toml:4: sdist = \"build\": assay has nothing to build in yet: \"allow\", \"warn\" or \"deny\"\n" +
				"assay.toml:5: on_unavailable is \"refuse\" or \"warn\", not \"allow\""},
		{"cooldowns", "[defaults]\ncooldown = \"3 days\"\n[[project]]\nname = \"a\"\ncooldown = 3\n[[project]]\nname = \"b\"\ncooldown = \"9999d\"\n",
			"assay.toml:2: cooldown is a number of days or hours, such as \"3d\" or \"12h\", not \"3 days\"\n" +
				"assay.toml:5: cooldown is a number of days or hours, such as \"3d\" or \"12h\", not a number\n" +
				"assay.toml:8: cooldown is longer than 3650 days"},
		{"names", "[[project]]\nname = \"Django\"\n[[project]]\nname = \"zope.*\"\n[[project]]\nname = \"a?\"\n[[project]]\nname = \"a[bc]*\"\n[[project]]\ncooldown = \"1d\"\n",
			"assay.toml:2: name: write \"Django\" as \"django\", its normalised form\n" +
				"assay.toml:4: name: \"zope.*\" can match no project: normalised names are in lower case, with '-' for '_' and '.'\n" +
				"assay.toml:6: name: \"a?\": not a valid project name\n" +
				"assay.toml:8: name: \"a[bc]*\" is no pattern of project names: beside letters, digits and '-' only '*' may stand in it\n" +
				"assay.toml:9: a [[project]] needs a name: name = \"django\", or a glob such as \"acme-*\""},
		{"one project twice", "[[project]]\nname = \"django\"\n[[project]]\nname = \"django\"\nsdist = \"deny\"\n",
			"assay.toml:3: there is a [[project]] for django already, at line 1: put both into one, or give one a 'when'"},
		{"publishers", "[[project]]\nname = \"a\"\npublisher = [\"django/django\", \"github:a/b c\", {identity = \"github:a/b\", owner = 3}, {owner_id = \"x\"}, {}]\nrequire = 9\n",
			"assay.toml:3: publisher: \"django/django\" does not say where: write it as github:OWNER/REPO@WORKFLOW.yml, gitlab:GROUP/PROJECT, google:EMAIL or email:ADDRESS\n" +
				"assay.toml:3: publisher: there is a space in \"github:a/b c\"\n" +
				"assay.toml:3: there is no key \"owner\" in a publisher: did you mean owner_id?\n" +
				"assay.toml:3: owner_id is a forge's number, such as 4711, not \"x\"\n" +
				"assay.toml:3: a publisher is empty: anybody would fit it\n" +
				"assay.toml:4: require = 9, and there are only 5 publishers"},
		{"a key for projects of every name", "mode = \"enforce\"\n[[project]]\nname = \"*\"\nopenpgp = \"064B6B50DCA05AC01D4BB5801E5A21E8D173F1FB\"\n[[project]]\nname = \"*-acme\"\nssh = [\"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]\n[[project]]\nname = \"acme-*\"\nssh = [\"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]\n",
			"assay.toml:4: openpgp: no key may sign projects of any name: write the project's name, or a glob that begins as all of theirs do, such as \"acme-*\"\n" +
				"assay.toml:7: ssh: no key may sign projects of any name: write the project's name, or a glob that begins as all of theirs do, such as \"acme-*\""},
		{"indexes", "[[project]]\nname = \"a\"\nindex = [\"internal\", \"https://me:secret@index.example/simple\", 3]\n",
			"assay.toml:3: index is the beginning of an index's URL, such as https://index.example/simple, not \"internal\"\n" +
				"assay.toml:3: index carries a user or a password: leave them out\n" +
				"assay.toml:3: index is a string, not a number"},
		{"indexes that are more than a place", `[[project]]
name = "a"
index = [
"https://index.example/simple?token=abc",
"https://index.example/simple/?",
"https://index.example/simple#abc",
"index.example?token=abc",
"ftp://me:secret@index.example/simple?token=abc",
"ftp://me:sec?ret@index.example/simple",
"https://index.example/simple/../public",
"https://index.example/simple/%2e%2E/public",
"https://index.example/simple/.%252e%252fpublic",
"https://index.example/simple/..\\public",
"https://index.example/.",
"https://index.example/%25252525252e",
"https://index.example/100%25",
]
`, "assay.toml:4: index carries a query or a fragment: leave it out of \"https://index.example/simple…\"\n" +
			"assay.toml:5: index carries a query or a fragment: leave it out of \"https://index.example/simple/…\"\n" +
			"assay.toml:6: index carries a query or a fragment: leave it out of \"https://index.example/simple…\"\n" +
			"assay.toml:7: index is the beginning of an index's URL, such as https://index.example/simple, not \"index.example…\"\n" +
			"assay.toml:8: index is the beginning of an index's URL, such as https://index.example/simple, not \"…@index.example/simple…\"\n" +
			"assay.toml:9: index is the beginning of an index's URL, such as https://index.example/simple, not \"…\"\n" +
			"assay.toml:10: index has a segment that is \".\" or \"..\", or may be read as one: write out where \"https://index.example/simple/../public\" leads\n" +
			"assay.toml:11: index has a segment that is \".\" or \"..\", or may be read as one: write out where \"https://index.example/simple/%2e%2E/public\" leads\n" +
			"assay.toml:12: index has a segment that is \".\" or \"..\", or may be read as one: write out where \"https://index.example/simple/.%252e%252fpublic\" leads\n" +
			"assay.toml:13: index has a segment that is \".\" or \"..\", or may be read as one: write out where \"https://index.example/simple/..\\\\public\" leads\n" +
			"assay.toml:14: index has a segment that is \".\" or \"..\", or may be read as one: write out where \"https://index.example/.\" leads\n" +
			"assay.toml:15: index has a segment that is \".\" or \"..\", or may be read as one: write out where \"https://index.example/%25252525252e\" leads\n" +
			"assay.toml:16: index has a segment that is \".\" or \"..\", or may be read as one: write out where \"https://index.example/100%25\" leads"},
		{"hosts", "[defaults]\nallow_http = [\"http://a.example\", \"*\", \"a.example:0\", \"b*.example\"]\n",
			"assay.toml:2: allow_http holds hosts, such as \"index.example\", \"*.example\" or \"index.example:8080\", not \"http://a.example\"\n" +
				"assay.toml:2: allow_http holds hosts, such as \"index.example\", \"*.example\" or \"index.example:8080\", not \"*\"\n" +
				"assay.toml:2: allow_http holds hosts, such as \"index.example\", \"*.example\" or \"index.example:8080\", not \"a.example:0\"\n" +
				"assay.toml:2: allow_http holds hosts, such as \"index.example\", \"*.example\" or \"index.example:8080\", not \"b*.example\""},
		{"exceptions", "[[exception]]\nproject = \"a\"\nversion = \"one\"\nallow = [\"publisher-changed\", \"digest.mismatch\", \"nonsense\"]\nuntil = \"2026-12-31\"\n",
			"assay.toml:1: an [[exception]] needs reason: reason = \"ticket 4711\"\n" +
				"assay.toml:3: version: \"one\": not a valid version\n" +
				"assay.toml:4: allow: there is no reason \"publisher-changed\": did you mean publisher.changed?\n" +
				"assay.toml:4: allow: digest.mismatch says that something is broken, and no exception lifts that\n" +
				"assay.toml:4: allow: there is no reason \"nonsense\": there are cooldown.unknown-age, cooldown.young, evidence.required, evidence.unavailable, grant.ended, grant.unfit, index.other, lock.missing-hash, lock.other-identity, lock.unpinned, lock.weak-hash, policy.denied, provenance.lost, provenance.unavailable, publisher.changed, publisher.unexpected, sdist.unwanted, signature.missing, signature.too-few, signature.unavailable, signature.unexpected-key and source.vcs\n" +
				"assay.toml:5: until is a date without quotes, such as 2026-12-31"},
		{"dates", "[[exception]]\nproject = \"a\"\nallow = [\"cooldown.young\"]\nuntil = 2026-12-31T00:00:00Z\nreason = \" \"\n",
			"assay.toml:4: until is a date such as 2026-12-31, not \"2026-12-31T00:00:00Z\"\n" +
				"assay.toml:5: reason is empty"},
		{"a date that is none", "[[exception]]\nproject = \"a\"\nallow = [\"cooldown.young\"]\nuntil = 2026-02-30\nreason = \"x\"\n",
			"assay.toml:4: not TOML: impossible date"},
		{"conditions", "[[project]]\nname = \"a\"\nwhen = \"artifact.versoin == '1'\"\n[[project]]\nname = \"a\"\nwhen = \"claims\"\n[[project]]\nname = \"a\"\nwhen = \"claims.exists(c, c.identity ==\"\n[[project]]\nname = \"a\"\nwhen = true\n[[project]]\nname = \"a\"\nwhen = \"artefact.yanked\"\n",
			"assay.toml:3: when: column 9: undefined field 'versoin': did you mean version?\n" +
				"assay.toml:6: when: it is to be true or false, and comes to list(assay.Claim)\n" +
				"assay.toml:9: when: column 31: syntax error: mismatched input '<EOF>'\n" +
				"assay.toml:12: when is an expression in quotes, not true or false\n" +
				"assay.toml:15: when: column 1: undeclared reference to 'artefact'"},
		{"control characters", `[[project]]
name = "a"
when = "artifact.project == '\u001b]0;owned\u0007\u001b[2K"
[[project]]
name = "b"
when = "artifact.project == 'a' \u009b2K"
warn = "\u009b2K"
deny = "\u001b[2K"
`, "assay.toml:3: when holds a control character\n" +
			"assay.toml:6: when holds a control character\n" +
			"assay.toml:7: warn holds a control character\n" +
			"assay.toml:8: deny holds a control character"},
		{"what libraries repeat", `[[project]]
name = "a"
when = "artifact.project == '\u202eabc"
[[project]]
name = "a"
when = "artifact.project.matches('(?\\u001b[2K')"
`, "assay.toml:3: when: column 21: syntax error: token recognition error at: ''\\u{202e}abc'\n" +
			"assay.toml:6: when: error parsing regexp: invalid or unsupported Perl syntax: `(?\\u{1b}`"},
		{"a key twice that no terminal should see", `"\u001b[2K" = 1` + "\n" + `"\u001b[2K" = 2` + "\n", "assay.toml:2: not TOML: key \\u{1b}[2K is already defined"},
		{"single brackets", "[project]\nname = \"a\"\n", "assay.toml:1: [project] is a single table: write [[project]], with two brackets"},
		{"no tables", "defaults = 3\nproject = \"a\"\nexception = [1]\n",
			"assay.toml:1: defaults is a table, not a number: write [defaults]\n" +
				"assay.toml:2: project is a list of tables, not a string: write [[project]]\n" +
				"assay.toml:3: exception is a list of tables, and one of its entries is a number"},
		{"texts", "[[project]]\nname = \"a\"\ndeny = true\nwarn = \"\"\n", "assay.toml:3: deny is the text that is shown, or false, not true\nassay.toml:4: warn is empty"},
		{"too large", strings.Repeat("#", MaxFile+1), "assay.toml: larger than 1048576 bytes"},
		{"a condition that is too large", "[[project]]\nname = \"a\"\nwhen = \"" + strings.Repeat(" ", maxWhen) + "true\"\n", "assay.toml:3: when has 4100 bytes, the bound is 4096"},
		{"a condition that is too deep", "[[project]]\nname = \"a\"\nwhen = \"" + strings.Repeat("(", 60) + "true" + strings.Repeat(")", 60) + "\"\n",
			"assay.toml:3: when: expression recursion limit exceeded: 50"},
		{"too many of everything", "[defaults]\n" + strings.Repeat("x", 1) + " = 1\n" + func() string {
			var b strings.Builder
			for i := range 30 {
				b.WriteString("y" + strings.Repeat("y", i) + " = 1\n")
			}
			return b.String()
		}(), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse("assay.toml", []byte(tc.text))
			if err == nil {
				t.Fatal("it was read")
			}
			if tc.want == "" {
				if lines := strings.Split(err.Error(), "\n"); len(lines) != 20+1 || lines[20] != "11 more" {
					t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
				}
				return
			}
			if err.Error() != tc.want {
				t.Errorf("got\n%s\nwant\n%s", err, tc.want)
			}
		})
	}
}

// TestTooManyTables bounds the tables of a file.
func TestTooManyTables(t *testing.T) {
	var b strings.Builder
	for i := range maxTables + 1 {
		fmt.Fprintf(&b, "[[project]]\nname='p%d'\nsdist='deny'\n", i)
	}
	_, err := Parse("assay.toml", []byte(b.String()))
	if want := "assay.toml:30001: more than 10000 tables"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestTooManyConditions bounds the conditions of a file.
func TestTooManyConditions(t *testing.T) {
	_, err := Parse("assay.toml", []byte(strings.Repeat("[[project]]\nname='*'\nwhen='true'\n", maxWhens+9)))
	if want := "assay.toml:3003: more than 1000 tables with a 'when'"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPyproject(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"none", "[project]\nname = \"x\"\n", "nil"},
		{"mentioned", "[project]\nname = \"assay\"\n", "nil"},
		{"other tools", "[tool.uv]\n# assay\n", "nil"},
		{"broken, not ours", "[project\n", "nil"},
		{"broken", "# assay\n[project\n", "pyproject.toml:2: not TOML: expected ']' to close table name"},
		{"no table", "[tool]\nassay = 3\n", "pyproject.toml:2: tool.assay is a table, not a number"},
		{"an error", "[tool.assay]\nmode = \"enforce\"\n[[tool.assay.project]]\nname = \"a\"\nfoo = 3\n",
			`pyproject.toml:5: there is no key "foo" in a [[project]]: there are cooldown, deny, evidence, index, name, on_unavailable, openpgp, publisher, require, sdist, signature, signatures, ssh, warn and when`},
		{"one", "[project]\nname = \"x\"\n[tool.assay]\nmode = \"audit\"\n[tool.assay.defaults]\ncooldown = \"1d\"\n", "file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := ParsePyproject("pyproject.toml", []byte(tc.text))
			got := "file"
			if err != nil {
				got = err.Error()
			} else if f == nil {
				got = "nil"
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
