package trust

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"assay"
	"assay/internal/indextest/signers"
	"assay/internal/tomlfile"
)

var (
	jacob   = signers.Named("jacob")
	carlton = signers.Named("carlton")
	mallory = signers.Named("mallory")
)

func fp(s signers.Signer) string { return s.Fingerprint() }

// certificate is somebody's armored key.
func certificate(tb testing.TB, s signers.Signer) string {
	tb.Helper()
	data, err := s.Certificate(signers.Published{})
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// whole is a file in which everything stands that may.
func whole(tb testing.TB) string {
	tb.Helper()
	return `# mine
agree = 2

[[import]]
name = "debian"
kind = "debian"
source = "https://example.com/debian"
projects = ["django", "pypi:Flask"]
roles = ["artifact"]
until = 2027-12-31
reason = "they check upstream's keys"
by = "jane"

[[import]]
name = "arch"
kind = "arch"
source = "keys.toml"
until = 2027-12-31
reason = "a second pair of eyes"

[[authority]]
name = "psf"
openpgp = "` + fp(carlton) + `"
notation = "project@psf.example"
until = 2027-12-31
reason = "they know the maintainers"

[[grant]]
project = "Django"
openpgp = "` + strings.ToLower(fp(jacob)) + `"
roles = ["artifact", "checksums", "tag"]
versions = ">=4,<6"
until = 2027-12-31
waive = ["sha1"]
signature = ["https://downloads.example/{project}/{filename}.asc", "https://downloads.example/{version}/SHA256SUMS.asc"]
certified_by = ["` + fp(carlton) + `", "` + strings.ToLower(fp(mallory)) + `"]
reason = "release manager \"until\" 2027, C:\\keys"
by = "jane"

[[grant]]
project = "demo"
ssh = "` + jacob.SSHFingerprint() + `"
until = 2027-12-31
reason = "by phone"

[[grant]]
project = "demo"
jws = "` + jacob.JWSKey() + `"
until = 2027-12-31
first_use = true
from = "first use"
reason = "the first that was seen"

[[grant]]
project = "demo"
publisher = "github:acme/demo@release.yml"
until = 2027-12-31
reason = "their CI"

[[grant]]
project = "demo"
sha256 = "` + strings.Repeat("AB", 32) + `"
until = 2027-12-31
reason = "reviewed"

[[deny]]
project = "*"
openpgp = "` + fp(mallory) + `"
reason = "stolen"

[[key]]
openpgp = "` + fp(jacob) + `"
source = "https://example.com/jacob.asc"
certificate = """
` + certificate(tb, jacob) + `"""

[[key]]
ssh = "` + jacob.SSHFingerprint() + `"
public = "` + strings.TrimSpace(string(jacob.SSHPublic())) + `"
`
}

// meaning is what a file says, without where it stands.
func meaning(f *File) any {
	c := *f
	c.Name = ""
	c.Grants = bare(f.Grants)
	c.Keys = nil
	var keys []string
	for _, k := range f.Keys {
		line := fmt.Sprint(k.Kind, k.Fingerprint, k.Source, k.SSH.Line())
		if k.Certificate != nil {
			line += string(k.Certificate.Armor())
		}
		keys = append(keys, line)
	}
	c.Imports = append([]Import(nil), f.Imports...)
	for i := range c.Imports {
		c.Imports[i].Line = 0
	}
	c.Authorities = append([]Authority(nil), f.Authorities...)
	for i := range c.Authorities {
		c.Authorities[i].Line = 0
	}
	return []any{c, keys}
}

func bare(grants []Grant) []Grant {
	out := append([]Grant(nil), grants...)
	for i := range out {
		out[i].Line, out[i].Origin = 0, ""
	}
	return out
}

// roundTrip holds a file against what is written of it.
func roundTrip(tb testing.TB, f *File) {
	tb.Helper()
	f.Normalize()
	text := f.Text()
	again, err := Parse(f.Name, text)
	if err != nil {
		if len(text) > MaxFile {
			return
		}
		tb.Fatalf("%v\n%s", err, text)
	}
	if a, b := meaning(f), meaning(again); !reflect.DeepEqual(a, b) {
		tb.Fatalf("it said\n%+v\nand says now\n%+v\n%s", a, b, text)
	}
	if twice := again.Text(); !bytes.Equal(text, twice) {
		tb.Fatalf("written again it is\n%s\nand was\n%s", twice, text)
	}
}

func TestWhole(t *testing.T) {
	f, err := Parse("trust.toml", []byte(whole(t)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Agree != 2 || len(f.Grants) != 6 || len(f.Keys) != 2 || len(f.Imports) != 2 || len(f.Authorities) != 1 {
		t.Fatalf("%+v", f)
	}
	g := f.Grants[0]
	until := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	if g.Project != "django" || g.Grant.Key != fp(jacob) || !g.Until.Equal(until) || g.Origin != "trust.toml:28" || g.From != "local" || g.Reason != `release manager "until" 2027, C:\keys` {
		t.Errorf("%+v", g)
	}
	if p := f.Imports[0].Projects; !reflect.DeepEqual(p, []string{"django", "flask"}) {
		t.Errorf("%v", p)
	}
	roundTrip(t, f)
}

// TestHostile has what is refused, with its whole text.
func TestHostile(t *testing.T) {
	jane, cert := fp(jacob), certificate(t, jacob)
	grant := func(lines string) string {
		return "[[grant]]\nproject = \"django\"\nopenpgp = \"" + jane + "\"\nuntil = 2027-12-31\nreason = \"why\"\n" + lines
	}
	long := strings.Repeat("x", maxText+1)
	for _, c := range []struct{ name, text, want string }{
		{"the same twice", grant("") + grant(""), "trust.toml:6: the same is said at line 1 already: keep one of them"},
		{"a project for all", strings.Replace(grant(""), `"django"`, `"*"`, 1), "trust.toml:2: project: there is no grant for several projects: name each"},
		{"projects of a kind", strings.Replace(grant(""), `"django"`, `"django-*"`, 1), "trust.toml:2: project: there is no grant for several projects: name each"},
		{"an import for all", "[[import]]\nname = \"a\"\nkind = \"debian\"\nsource = \"x\"\nuntil = 2027-12-31\nreason = \"why\"\nprojects = \"*\"\n", "trust.toml:7: projects: there is no grant for several projects: name each"},
		{"a path for a project", strings.Replace(grant(""), `"django"`, `"../flask"`, 1), `trust.toml:2: project: "../flask": not a valid project name`},
		{"a key id", strings.Replace(grant(""), jane, jane[24:], 1), "trust.toml:3: openpgp: a key id, for which others can make a key: give the full fingerprint of 40 or 64 hex digits"},
		{"half a fingerprint", strings.Replace(grant(""), jane, jane[:38], 1), "trust.toml:3: openpgp: not a fingerprint: it has 38 hex digits, and not 40 or 64"},
		{"no end", strings.Replace(grant(""), "until = 2027-12-31\n", "", 1), "trust.toml:1: a [[grant]] needs until"},
		{"an end as text", strings.Replace(grant(""), "2027-12-31", `"2027-12-31"`, 1), "trust.toml:4: until is a date without quotes, such as 2027-12-31"},
		{"an end with a time", strings.Replace(grant(""), "2027-12-31", "2027-12-31T10:00:00Z", 1), "trust.toml:4: until is a date without quotes, such as 2027-12-31"},
		{"no reason", strings.Replace(grant(""), `"why"`, `" "`, 1), "trust.toml:5: reason is empty"},
		{"nobody", "[[deny]]\nproject = \"*\"\nreason = \"why\"\n", "trust.toml:1: a [[deny]] needs whom: openpgp, ssh, jws, publisher or sha256"},
		{"two keys", grant("ssh = \"" + jacob.SSHFingerprint() + "\"\n"), "trust.toml:6: a grant names one of openpgp, ssh, jws, publisher and sha256, and this one has openpgp and ssh"},
		{"a denial with an end", strings.Replace(grant(""), "grant", "deny", 1), `trust.toml:4: there is no key "until" in a [[deny]]: there are by, from, jws, openpgp, project, publisher, reason, sha256 and ssh`},
		{"another key's certificate", grant("") + "[[key]]\nopenpgp = \"" + fp(mallory) + "\"\ncertificate = \"\"\"\n" + cert + "\"\"\"\n",
			"trust.toml:6: the certificate is of the key " + jane + ", not of " + fp(mallory)},
		{"two certificates", "[[key]]\nopenpgp = \"" + jane + "\"\ncertificate = \"\"\"\n" + cert + certificate(t, mallory) + "\"\"\"\n", "trust.toml:3: certificate: it holds 2 certificates, not one"},
		{"no certificate", "[[key]]\nopenpgp = \"" + jane + "\"\n", "trust.toml:1: a [[key]] with openpgp needs certificate, the armored public key"},
		{"a huge certificate", "[[key]]\nopenpgp = \"" + jane + "\"\ncertificate = \"" + strings.Repeat("x", maxKeyText+1) + "\"\n", fmt.Sprintf("trust.toml:3: certificate is a string of at least one and at most %d bytes", maxKeyText)},
		{"another SSH key", "[[key]]\nssh = \"" + mallory.SSHFingerprint() + "\"\npublic = \"" + strings.TrimSpace(string(jacob.SSHPublic())) + "\"\n",
			"trust.toml:1: the public key is " + jacob.SSHFingerprint() + ", not " + mallory.SSHFingerprint()},
		{"a key twice", strings.Repeat("[[key]]\nssh = \""+mallory.SSHFingerprint()+"\"\n", 2), "trust.toml:3: the key is at line 1 already"},
		{"a control character", strings.Replace(grant(""), `"why"`, `"wh\u001by"`, 1), "trust.toml:5: reason holds a control character, a line break, or what no one sees"},
		{"an override of direction", strings.Replace(grant(""), `"why"`, "\"wh\\u202ey\"", 1), "trust.toml:5: reason holds a control character, a line break, or what no one sees"},
		{"a line break", strings.Replace(grant(""), `"why"`, `"a\nb"`, 1), "trust.toml:5: reason holds a control character, a line break, or what no one sees"},
		{"a long reason", strings.Replace(grant(""), "why", long, 1), fmt.Sprintf("trust.toml:5: reason has %d bytes, the bound is %d", maxText+1, maxText)},
		{"no role", grant("roles = []\n"), "trust.toml:6: roles is an empty list: leave it out, or name at least one"},
		{"an unknown role", grant("roles = [\"all\"]\n"), `trust.toml:6: roles: there is no "all": there are artifact, checksums and tag`},
		{"a weakness for all", grant("waive = [\"*\"]\n"), `trust.toml:6: waive names what is too weak, such as "sha1" or "rsa1024", not "*"`},
		{"a host from the file's name", grant("signature = \"https://{project}.example/x\"\n"), "trust.toml:6: signature: the host is written out: nothing of a file's name may decide whom to ask"},
		{"too many places", grant("signature = [" + strings.Repeat(`"https://x.example/{filename}", `, maxTemplates+1) + "]\n"), "trust.toml:6: signature names 9 places, the bound is 8"},
		{"an import twice", strings.Repeat("[[import]]\nname = \"a\"\nkind = \"debian\"\nsource = \"x\"\nuntil = 2027-12-31\nreason = \"why\"\n", 2), "trust.toml:7: an import of the name a is at line 1 already"},
		{"nobody agrees", "agree = 0\n", "trust.toml:1: agree is a number from 1 to 64"},
		{"too many agree", "agree = 65\n", "trust.toml:1: agree is a number from 1 to 64"},
		{"a table for a list", "[grant]\nproject = \"django\"\n", "trust.toml:1: grant is a list of tables: write [[grant]], with two brackets"},
		{"a notation for anything", "[[authority]]\nname = \"psf\"\nopenpgp = \"" + jane + "\"\nnotation = \"project\"\nuntil = 2027-12-31\nreason = \"why\"\n", `trust.toml:4: notation is a name such as "project@authority.example", not "project"`},
		{"what this Assay does not know", grant("unless = \"never\"\n"), `trust.toml:6: there is no key "unless" in a [[grant]]: there are by, certified_by, first_use, from, jws, openpgp, project, publisher, reason, roles, sha256, signature, ssh, until, versions and waive`},
		{"a publisher of anybody", "[[grant]]\nproject = \"django\"\npublisher = \"github:**\"\nuntil = 2027-12-31\nreason = \"why\"\n", `trust.toml:3: publisher: a publisher is written as "github:owner/repo@workflow.yml", not "github:**"`},
		{"a source with a password", "[[key]]\nssh = \"" + jacob.SSHFingerprint() + "\"\nsource = \"https://me:pw@example.com/\"\n", "trust.toml:3: source is a URL without user and password"},
		{"a weak key", "[[grant]]\nproject = \"django\"\njws = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\nuntil = 2027-12-31\nreason = \"why\"\n", "trust.toml:3: jws: the key is one under which any file has a valid signature"},
	} {
		f, err := Parse("trust.toml", []byte(c.text))
		var problems *tomlfile.Error
		switch {
		case err == nil:
			t.Errorf("%s: it is taken: %+v", c.name, f)
		case !errors.As(err, &problems):
			t.Errorf("%s: the error is a %T: %v", c.name, err, err)
		case err.Error() != c.want:
			t.Errorf("%s:\n%s\nwant\n%s", c.name, err, c.want)
		}
	}
}

// TestTooMany bounds what a file may have.
func TestTooMany(t *testing.T) {
	var b strings.Builder
	for range maxTables + 1 {
		b.WriteString("[[deny]]\n")
	}
	_, err := Parse("trust.toml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "trust.toml:1: a [[deny]] needs project") {
		t.Errorf("%.200v", err)
	}
	b.Reset()
	for i := range maxTables + 1 {
		fmt.Fprintf(&b, "[[deny]]\nproject=\"p%d\"\nreason=\"x\"\nssh=%q\n", i, jacob.SSHFingerprint())
	}
	start := time.Now()
	if _, err = Parse("trust.toml", []byte(b.String())); err == nil || !strings.HasSuffix(err.Error(), ": more than 10000 tables") {
		t.Errorf("%.200v", err)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("that took %s", d)
	}
	if _, err := Parse("trust.toml", bytes.Repeat([]byte("#"), MaxFile+1)); err == nil {
		t.Error("a larger file is taken")
	}
	if _, err := ParseLock("assay-imports.lock", bytes.Repeat([]byte("#"), MaxFile+1)); err == nil {
		t.Error("a larger lock is taken")
	}
}

const lockText = `[[import]]
name = "arch"
sha256 = "00000000000000000000000000000000000000000000000000000000000000aa"
fetched = 2026-11-01T12:00:00Z

[[import.grant]]
project = "django"
openpgp = "JACOB"

[[import.grant]]
project = "flask"
openpgp = "CARLTON"
until = 2027-06-30
versions = ">=3"
note = "from validpgpkeys"

[[import]]
name = "debian"
sha256 = "00000000000000000000000000000000000000000000000000000000000000bb"
fetched = 2026-11-02T12:00:00Z

[[import.grant]]
project = "django"
openpgp = "JACOB"
roles = ["artifact"]

[[import.grant]]
project = "django"
openpgp = "MALLORY"
`

func named(text string) string {
	return strings.NewReplacer("JACOB", fp(jacob), "CARLTON", fp(carlton), "MALLORY", fp(mallory), "SSHKEY", jacob.SSHFingerprint()).Replace(text)
}

func lock(tb testing.TB, text string) *Lock {
	tb.Helper()
	l, err := ParseLock("assay-imports.lock", []byte(named(text)))
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func file(tb testing.TB, text string) *File {
	tb.Helper()
	f, err := Parse("trust.toml", []byte(named(text)))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestLock(t *testing.T) {
	l := lock(t, lockText)
	text := l.Text()
	again, err := ParseLock(l.Name, text)
	if err != nil || !bytes.Equal(text, again.Text()) {
		t.Fatalf("%v\n%s", err, text)
	}
	if got, ok := l.Find("debian"); !ok || len(got.Grants) != 2 {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct{ name, text, want string }{
		{"a denial", "[[import]]\nname = \"a\"\nsha256 = \"" + strings.Repeat("0", 64) + "\"\nfetched = 2026-11-01T12:00:00Z\n[[import.deny]]\nproject = \"*\"\n",
			"l:5: an [[import.deny]] needs whom: openpgp, ssh, jws, publisher or sha256"},
		{"a wildcard", "[[import]]\nname = \"a\"\nsha256 = \"" + strings.Repeat("0", 64) + "\"\nfetched = 2026-11-01T12:00:00Z\n[[import.grant]]\nproject = \"*\"\nopenpgp = \"JACOB\"\n",
			"l:6: project: there is no grant for several projects: name each"},
		{"a waiver", "[[import]]\nname = \"a\"\nsha256 = \"" + strings.Repeat("0", 64) + "\"\nfetched = 2026-11-01T12:00:00Z\n[[import.grant]]\nproject = \"a\"\nopenpgp = \"JACOB\"\nwaive = \"sha1\"\n",
			`l:8: there is no key "waive" in an [[import.grant]]: there are certified_by, jws, note, openpgp, project, publisher, roles, sha256, signature, since, ssh, until and versions`},
		{"imports of an import", "[[import]]\nname = \"a\"\nsha256 = \"" + strings.Repeat("0", 64) + "\"\nfetched = 2026-11-01T12:00:00Z\n[[import.import]]\nname = \"a\"\n",
			`l:5: there is no key "import" in an [[import]]: there are deny, fetched, grant, key, name and sha256`},
		{"no digest", "[[import]]\nname = \"a\"\nsha256 = \"aa\"\nfetched = 2026-11-01T12:00:00Z\n", "l:3: sha256 is a SHA-256 digest of 64 hexadecimal digits"},
		{"no time", "[[import]]\nname = \"a\"\nsha256 = \"" + strings.Repeat("0", 64) + "\"\nfetched = 2026-11-01\n", "l:4: fetched is a date and time without quotes, such as 2026-12-31T12:00:00Z"},
		{"nothing", "[[import]]\n", "l:1: an [[import]] needs name\nl:1: an [[import]] needs sha256\nl:1: an [[import]] needs fetched"},
		{"an import twice", strings.Repeat("[[import]]\nname = \"a\"\nsha256 = \""+strings.Repeat("0", 64)+"\"\nfetched = 2026-11-01T12:00:00Z\n", 2), "l:5: an import of the name a is at line 1 already"},
	} {
		_, err := ParseLock("l", []byte(named(c.text)))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant\n%s", c.name, err, c.want)
		}
	}
}

// shown lists grants in a line each.
func shown(grants []assay.Grant) string {
	var b strings.Builder
	names := strings.NewReplacer("openpgp:"+fp(jacob), "JACOB", "openpgp:"+fp(carlton), "CARLTON", "openpgp:"+fp(mallory), "MALLORY")
	for _, g := range grants {
		until := "never"
		if !g.Until.IsZero() {
			until = g.Until.Add(-time.Second).Format(time.DateOnly)
		}
		fmt.Fprintf(&b, "%s %v until %s from %s", names.Replace(g.Identity()), g.Roles, until, g.From)
		if g.Denied {
			b.WriteString(" DENIED")
		}
		if g.Outside {
			b.WriteString(" outside")
		}
		b.WriteString("\n")
	}
	return b.String()
}

const imports = `
[[import]]
name = "debian"
kind = "debian"
source = "x"
until = 2027-12-31
reason = "why"
[[import]]
name = "arch"
kind = "arch"
source = "x"
until = 2027-03-31
roles = ["tag"]
reason = "why"
`

// TestJoin: whose word counts.
func TestJoin(t *testing.T) {
	const own = "[[grant]]\nproject = \"django\"\nopenpgp = \"CARLTON\"\nuntil = 2027-12-31\nversions = \"<5\"\nreason = \"mine\"\n"
	const theirs = "[[grant]]\nproject = \"django\"\nopenpgp = \"MALLORY\"\nuntil = 2027-12-31\nreason = \"ours\"\nfrom = \"local\"\n" +
		"[[deny]]\nproject = \"*\"\nopenpgp = \"JACOB\"\nreason = \"gone\"\n"
	const mine = "CARLTON [] until 2027-12-31 from local"
	const gone = "JACOB [] until never from this project's file DENIED\n"
	const ignored = "trust.toml: 1 grant is ignored: you have a policy or grants of your own; to take what it grants: assay trust import trust.toml"
	for _, c := range []struct {
		name              string
		own, lock, theirs string
		alone             bool
		version           string
		want, notes       string
	}{
		{name: "nothing"},
		{name: "one's own", own: own, want: mine + "\n"},
		{name: "one's own, of another version", own: own, version: "5.2", want: mine + " outside\n"},
		{name: "of a version that cannot be read", own: own, version: "what?", want: mine + " outside\n"},
		{name: "each import counts", own: imports, lock: lockText, want: "JACOB [artifact] until 2027-12-31 from import debian\nMALLORY [artifact checksums] until 2027-12-31 from import debian\nJACOB [tag] until 2027-03-31 from import arch\n"},
		{name: "two must agree", own: "agree = 2\n" + imports, lock: lockText},
		{name: "two agree", own: "agree = 2\n" + strings.ReplaceAll(imports, "[\"tag\"]", "[\"artifact\", \"tag\"]"), lock: lockText, want: "JACOB [artifact] until 2027-03-31 from import debian and arch\n"},
		{name: "two agree on what is usual", own: "agree = 2\n" + strings.ReplaceAll(imports, "roles = [\"tag\"]\n", ""), lock: strings.ReplaceAll(lockText, "roles = [\"artifact\"]\n", ""), want: "JACOB [artifact checksums] until 2027-03-31 from import debian and arch\n"},
		{name: "more must agree than there are", own: "agree = 3\n" + imports, lock: lockText},
		{name: "what is locked and not imported", own: own, lock: lockText, want: mine + "\n"},
		{name: "what is imported and not locked", own: imports},
		{name: "only some projects", own: strings.Replace(imports, "reason = \"why\"\n", "reason = \"why\"\nprojects = [\"flask\"]\n", 1), lock: lockText, want: "JACOB [tag] until 2027-03-31 from import arch\n"},
		{name: "a project's file alone", theirs: theirs, alone: true, want: "MALLORY [] until 2027-12-31 from this project's file\n" + gone, notes: "trust.toml: this project's file says whose keys count for 1 project"},
		{name: "a project's file beside a policy", theirs: theirs, want: gone, notes: ignored},
		{name: "a project's file beside grants", own: own, theirs: theirs, alone: true, want: mine + "\n" + gone, notes: ignored},
		{name: "a project's file beside imports", own: imports, theirs: theirs, alone: true, want: gone, notes: ignored},
		{name: "a project's denials", theirs: theirs[strings.Index(theirs, "[[deny]]"):], alone: true, want: gone},
	} {
		var ownFile, theirFile *File
		var l *Lock
		if c.own != "" {
			ownFile = file(t, c.own)
		}
		if c.theirs != "" {
			theirFile = file(t, c.theirs)
		}
		if c.lock != "" {
			l = lock(t, c.lock)
		}
		s, err := Join(ownFile, l, theirFile, c.alone)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		version := c.version
		if version == "" {
			version = "4.2"
		}
		if got := shown(s.For(assay.Artifact{Ecosystem: assay.PyPI, Project: "django", Version: version})); got != c.want {
			t.Errorf("%s:\n%swant\n%s", c.name, got, c.want)
		}
		var notes []string
		for _, n := range s.Notes() {
			notes = append(notes, n.String())
		}
		if got := strings.Join(notes, "\n"); got != c.notes {
			t.Errorf("%s: notes %q, want %q", c.name, got, c.notes)
		}
	}
}

// TestStore asks a store what the verifiers and the client ask.
func TestStore(t *testing.T) {
	f, err := Parse("trust.toml", []byte(whole(t)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Join(f, nil, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	django := assay.Artifact{Ecosystem: assay.PyPI, Project: "django", Version: "5.2", Filename: "django-5.2.tar.gz"}
	if got, theirs := s.Places(django); theirs != nil || !reflect.DeepEqual(got, []string{"https://downloads.example/django/django-5.2.tar.gz.asc", "https://downloads.example/5.2/SHA256SUMS.asc"}) {
		t.Errorf("%v", got)
	}
	if !s.Names("django") || s.Names("flask") || !s.SSH(jacob.SSHFingerprint()) || s.SSH(mallory.SSHFingerprint()) || !s.JWS(jacob.JWSKey()) || s.JWS(mallory.JWSKey()) {
		t.Error("it knows other keys than it was given")
	}
	s.Know("ssh:"+mallory.SSHFingerprint(), "jws:"+mallory.JWSKey())
	if !s.SSH(mallory.SSHFingerprint()) || !s.JWS(mallory.JWSKey()) {
		t.Error("it does not know what a policy names")
	}
	if all := s.OpenPGP(""); len(all) != 1 || len(s.OpenPGP(fp(jacob))) != 1 || len(s.OpenPGP(fp(jacob)[24:])) != 1 || len(s.OpenPGP(fp(mallory))) != 0 {
		t.Errorf("%v", all)
	}
	flask := assay.Artifact{Ecosystem: assay.PyPI, Project: "flask", Version: "3.0"}
	r := s.Apply(assay.Rules{}, flask, []assay.Claim{{Identity: "openpgp:" + fp(jacob)}, {Identity: "openpgp:" + fp(mallory)}})
	if want := map[string][]string{"openpgp:" + fp(jacob): {"django"}}; !reflect.DeepEqual(r.Foreign, want) {
		t.Errorf("%v", r.Foreign)
	}
	if got := shown(r.Grants); got != "MALLORY [] until never from local DENIED\n" {
		t.Errorf("%s", got)
	}
	other := flask
	other.Ecosystem = "conda"
	if got := s.For(other); got != nil {
		t.Errorf("of another ecosystem: %v", got)
	}
	var none *Store
	if none.For(flask) != nil || none.Names("flask") || none.OpenPGP("") != nil || none.SSH("x") || none.JWS("x") || none.All() != nil || none.Notes() != nil {
		t.Error("no store says something")
	}
}

// TestSharedRules: what is added to the rules of one file is not seen by another.
func TestSharedRules(t *testing.T) {
	s, err := Join(file(t, "[[grant]]\nproject = \"a\"\nopenpgp = \"JACOB\"\nuntil = 2027-12-31\nreason = \"x\"\n"), nil, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	shared := assay.Rules{Grants: make([]assay.Grant, 1, 10)}
	s.Apply(shared, assay.Artifact{Ecosystem: assay.PyPI, Project: "a", Version: "1"}, nil)
	if shared.Grants[:2][1].Key != "" {
		t.Error("the rules of others were written to")
	}
}

func TestChanges(t *testing.T) {
	before, _ := lock(t, lockText).Find("debian")
	now := before
	now.Grants = before.Grants[:1]
	if lost := Lost(before, now); len(lost) != 1 || lost[0].Grant.Key != fp(mallory) {
		t.Errorf("%+v", lost)
	}
	var got []string
	for _, d := range Disagreements(file(t, "[[grant]]\nproject = \"django\"\nopenpgp = \"CARLTON\"\nuntil = 2027-12-31\nreason = \"mine\"\n"), lock(t, lockText), before) {
		got = append(got, named(fmt.Sprint(d.Project, " ", d.Import, " ", d.Key, " ", d.Others)))
	}
	if want := named("[django debian openpgp:MALLORY [trust.toml has openpgp:CARLTON arch has openpgp:JACOB]]"); fmt.Sprint(got) != want {
		t.Errorf("%v\nwant %s", got, want)
	}
	f := file(t, whole(t))
	gone := f.Grants
	f.Grants = nil
	if f.Sweep(nil, gone); len(f.Keys) != 0 {
		t.Errorf("%d keys are left", len(f.Keys))
	}
}

// FuzzTrust: what is taken means the same once it was written.
func FuzzTrust(f *testing.F) {
	f.Add([]byte(whole(f)))
	f.Add([]byte("agree = 2\n" + imports))
	f.Add([]byte("[[deny]]\nproject = \"*\"\nsha256 = \"" + strings.Repeat("0", 64) + "\"\nreason = \"\\\\ \\\" é\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("trust.toml", data)
		if err != nil {
			return
		}
		roundTrip(t, file)
		s, err := Join(file, nil, file, true)
		if err != nil {
			return
		}
		for _, g := range s.All() {
			a := assay.Artifact{Ecosystem: assay.PyPI, Project: g.Project, Version: "1.0", Filename: "a-1.0.tar.gz"}
			s.For(a)
			own, theirs := s.Places(a)
			for _, place := range slices.Concat(own, theirs) {
				if !strings.HasPrefix(place, "http") {
					t.Fatalf("a signature lies at %q", place)
				}
			}
			if g.Project == "*" && !g.Denied {
				t.Fatal("a grant for all projects")
			}
		}
	})
}

// FuzzLock: the same for locks; no import lets pass what is weak, or grants for all.
func FuzzLock(f *testing.F) {
	f.Add([]byte(named(lockText)))
	f.Add([]byte(named(lockText) + "[[import.key]]\nopenpgp = \"" + fp(jacob) + "\"\ncertificate = \"\"\"\n" + certificate(f, jacob) + "\"\"\"\n"))
	own := file(f, imports)
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ParseLock("l", data)
		if err != nil {
			return
		}
		text := l.Text()
		again, err := ParseLock("l", text)
		if err != nil {
			if len(text) > MaxFile {
				return
			}
			t.Fatalf("%v\n%s", err, text)
		}
		if len(again.Imports) != len(l.Imports) {
			t.Fatalf("%d imports, and %d", len(l.Imports), len(again.Imports))
		}
		for i := range l.Imports {
			a, b := l.Imports[i], again.Imports[i]
			one, two := File{Grants: a.Grants, Keys: a.Keys}, File{Grants: b.Grants, Keys: b.Keys}
			one.Normalize()
			two.Normalize()
			if a.Name != b.Name || a.SHA256 != b.SHA256 || !a.Fetched.Equal(b.Fetched) || !reflect.DeepEqual(meaning(&one), meaning(&two)) {
				t.Fatalf("it said\n%+v\nand says now\n%+v\n%s", a, b, text)
			}
		}
		if twice := again.Text(); !bytes.Equal(text, twice) {
			t.Fatalf("written again it is\n%s\nand was\n%s", twice, text)
		}
		s, err := Join(own, l, nil, false)
		if err != nil {
			return
		}
		for _, g := range s.All() {
			if g.Denied {
				continue // it can only refuse
			}
			if len(g.Waive) > 0 || g.FirstUse || g.Project == "*" || g.Until.IsZero() {
				t.Fatalf("an import grants %+v", g)
			}
		}
	})
}
