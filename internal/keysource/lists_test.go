package keysource

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/trust"
)

const srcinfo = `pkgbase = python-demo
	pkgdesc = A demo = of things
	pkgver = 1.0
	url = https://demo.example.invalid
	source = demo-1.0.tar.gz::https://files.pythonhosted.example/packages/source/D/Demo/Demo-1.0.tar.gz
	source = https://files.pythonhosted.example/packages/source/D/Demo/Demo-1.0.tar.gz.asc
	validpgpkeys = ANN
	validpgpkeys = BOB

pkgname = python-demo
`

const pkgbuild = `# Maintainer: nobody
pkgbase=python-demo
pkgver=1.0
validpgpkeys=('ANN'  # Ann ; $(evil)
              "BOB")
build() {
  rm -rf /
}
`

func TestArch(t *testing.T) {
	ann, bob := person(t, "Ann", "ann@example.org"), person(t, "Bob", "bob@example.org")
	people := map[string]*pgp.Entity{"ANN": ann, "BOB": bob}
	fill := func(s string) string {
		return strings.NewReplacer("ANN", fingerprint(ann), "BOB", fingerprint(bob)).Replace(s)
	}
	const base = "https://arch.example.invalid/demo/-/raw/main"
	both := "grant demo openpgp:ANN (Arch's package python-demo, validpgpkeys)\ngrant demo openpgp:BOB (Arch's package python-demo, validpgpkeys)\nkey ANN\n"
	const missing = "warning demo: the package has no certificate of BOB: get it from elsewhere, and say so: assay trust add demo --openpgp FILE --until YYYY-MM-DD --reason TEXT\n"
	const word = "note demo: that the package python-demo is this project is your word: its sources do not name the index\n"
	const notPlain = "error: PLACE: validpgpkeys is more than plain texts: nothing in it may be expanded or run\n"
	const notArray = "error: PLACE: validpgpkeys is not one plain array\n"
	replaced := func(s, from, to string) string {
		if !strings.Contains(s, from) {
			t.Fatalf("%q is not in it", from)
		}
		return strings.Replace(s, from, to, 1)
	}
	for name, c := range map[string]struct {
		srcinfo, pkgbuild string
		source            string
		projects          []string
		want              string
	}{
		"by its sources":      {srcinfo, "", base, nil, both + missing},
		"with a slash":        {srcinfo, "", base + "/", []string{"demo", "other"}, both + missing},
		"the file itself":     {srcinfo, "", base + "/.SRCINFO", nil, both + missing},
		"another project":     {srcinfo, "", base, []string{"other"}, "error: the package's sources are of demo: name one of them\n"},
		"by a person's word":  {replaced(replaced(srcinfo, "files.pythonhosted.", ""), "files.pythonhosted.", ""), "", base, []string{"demo"}, both + word + missing},
		"nobody says":         {replaced(replaced(srcinfo, "files.pythonhosted.", ""), "files.pythonhosted.", ""), "", base, []string{"demo", "other"}, "error: the package's sources do not name the index: name the one project that it is\n"},
		"a short key":         {replaced(srcinfo, "= BOB", "= 0x2B4F9D00"), "", base, nil, "error: PLACE: validpgpkeys has 0x2B4F9D00: " + openpgp.ErrShortFingerprint.Error() + "\n"},
		"a long key id":       {replaced(srcinfo, "= BOB", "= E17DF5C82B4F9D00"), "", base, nil, "error: PLACE: validpgpkeys has E17DF5C82B4F9D00: " + openpgp.ErrShortFingerprint.Error() + "\n"},
		"two bases":           {replaced(srcinfo, "\tpkgver", "pkgbase = x\n\tpkgver"), "", base, nil, "error: PLACE: its pkgbase is not one usable name\n"},
		"a terminal's":        {replaced(srcinfo, "python-demo", "x\x1b[2J"), "", base, nil, "error: PLACE: its pkgbase is not one usable name\n"},
		"no srcinfo":          {"<html>\n", "", base, nil, "error: PLACE: it is no .SRCINFO: a line is not KEY = VALUE\n"},
		"empty":               {"\n", "", base, nil, "error: PLACE: it is no .SRCINFO: it has no pkgbase\n"},
		"no keys":             {replaced(replaced(srcinfo, "\tvalidpgpkeys = ANN\n", ""), "\tvalidpgpkeys = BOB\n", ""), "", base, nil, "warning demo: the package has no validpgpkeys\n"},
		"nothing":             {"", "", base, nil, "error: neither .SRCINFO nor PKGBUILD is at " + base + ": not found\n"},
		"PKGBUILD":            {"", pkgbuild, base, []string{"demo"}, both + word + missing},
		"PKGBUILD, nobody":    {"", pkgbuild, base, nil, "error: the package's sources do not name the index: name the one project that it is\n"},
		"PKGBUILD, expansion": {"", replaced(pkgbuild, "\"BOB\"", "\"$k\""), base + "/PKGBUILD", []string{"demo"}, notPlain},
		"PKGBUILD, command":   {"", replaced(pkgbuild, "\"BOB\"", "`evil`"), base, []string{"demo"}, notPlain},
		"PKGBUILD, braces":    {"", replaced(pkgbuild, "\"BOB\"", "{A,B}"), base, []string{"demo"}, notPlain},
		"PKGBUILD, joined":    {"", replaced(pkgbuild, "\"BOB\"", "'A'B"), base, []string{"demo"}, notPlain},
		"PKGBUILD, escape":    {"", replaced(pkgbuild, "\"BOB\"", `A\B`), base, []string{"demo"}, notPlain},
		"PKGBUILD, added":     {"", replaced(pkgbuild, "build", "validpgpkeys+=('ANN')\nbuild"), base, []string{"demo"}, notArray},
		"PKGBUILD, twice":     {"", replaced(pkgbuild, "build", "validpgpkeys=('ANN')\nbuild"), base, []string{"demo"}, notArray},
		"PKGBUILD, hidden":    {"", replaced(pkgbuild, "build", "x=1; validpgpkeys=()\nbuild"), base, []string{"demo"}, notArray},
		"PKGBUILD, element":   {"", replaced(pkgbuild, "validpgpkeys=", "validpgpkeys[0]="), base, []string{"demo"}, notArray},
		"PKGBUILD, one":       {"", replaced(pkgbuild, "validpgpkeys=(", "validpgpkeys="), base, []string{"demo"}, notArray},
		"PKGBUILD, endless":   {"", "validpgpkeys=('ANN' 'BOB'\n", base, []string{"demo"}, "error: PLACE: validpgpkeys has no end\n"},
		"PKGBUILD, indirect":  {"", "declare -a validpgpkeys\n", base, []string{"demo"}, "error: PLACE: validpgpkeys is not set at the beginning of a line: only a plain array is read\n"},
		"PKGBUILD, short":     {"", replaced(pkgbuild, "BOB", "2B4F9D00"), base, []string{"demo"}, "error: PLACE: validpgpkeys has 2B4F9D00: " + openpgp.ErrShortFingerprint.Error() + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			l := library{base + "/keys/pgp/" + fingerprint(ann) + ".asc": armored(t, ann)}
			place := base + "/.SRCINFO"
			if c.srcinfo != "" {
				l[place] = []byte(fill(c.srcinfo))
			}
			if c.pkgbuild != "" {
				place = base + "/PKGBUILD"
				l[place] = []byte(fill(c.pkgbuild))
			}
			got := outcome(t, l, trust.Import{Kind: "arch", Source: c.source, Projects: c.projects}, nil)
			// Grants are in the order of fingerprints, which differ from run to run.
			if fingerprint(ann) > fingerprint(bob) {
				lines := strings.SplitAfter(got, "\n")
				if len(lines) > 1 && strings.HasPrefix(lines[1], "grant ") {
					lines[0], lines[1] = lines[1], lines[0]
					got = strings.Join(lines, "")
				}
			}
			hold(t, got, strings.ReplaceAll(c.want, "PLACE", place), people)
		})
	}
	l := library{base + "/.SRCINFO": []byte(fill(srcinfo)), base + "/keys/pgp/" + fingerprint(ann) + ".asc": armored(t, bob)}
	hold(t, outcome(t, l, trust.Import{Kind: "arch", Source: base}, nil), "error: "+base+"/keys/pgp/ANN.asc is of another key than its name says\n", people)
}

func TestGrants(t *testing.T) {
	ann := person(t, "Ann", "ann@example.org")
	lost := person(t, "Lost", "l@example.org")
	revoke(t, lost, packet.KeyCompromised, "")
	f := &trust.File{Agree: 1}
	add := func(project string, e *pgp.Entity, change func(*trust.Grant)) {
		g := ownGrant(project, e)
		if change != nil {
			change(&g)
		}
		f.Grants = append(f.Grants, g)
	}
	add("demo", ann, func(g *trust.Grant) { g.Waive = []string{"sha1"}; g.Versions = "<2" })
	add("old", ann, func(g *trust.Grant) { g.Until = noon.AddDate(0, 0, -1) })
	add("first", ann, func(g *trust.Grant) { g.FirstUse = true })
	add("theirs", ann, func(g *trust.Grant) { g.From = "import x" })
	add("lost", lost, nil)
	add("*", lost, func(g *trust.Grant) { g.Denied, g.Until = true, time.Time{} })
	f.Keys = append(f.Keys, ownKey(t, ann), ownKey(t, lost))
	f.Imports = []trust.Import{{Name: "x", Kind: "grants", Source: "/x", Until: noon.AddDate(1, 0, 0), Reason: "r"}}
	f.Authorities = []trust.Authority{{Name: "psf", Fingerprint: openpgp.Fingerprint(fingerprint(ann)), Notation: "p@example.invalid", Until: noon.AddDate(1, 0, 0), Reason: "r"}}
	people := map[string]*pgp.Entity{"ANN": ann, "LOST": lost}
	const rest = `note left out, grants of first use, for which nobody vouches: 1
note left out, grants that it has from elsewhere itself: 1
note left out, grants that have ended: 1
note left out, what it imports itself: 1
note left out, its authorities, as nobody is believed because it believes them: 1
note left out, waivers of what is weak, in grants: 1
`
	l := library{"/acme/trust.toml": f.Text()}
	got := outcome(t, l, trust.Import{Kind: "grants", Source: "/acme/trust.toml"}, nil)
	want := "deny * openpgp:LOST (a test)\ngrant demo openpgp:ANN before 2027-06-02 (a test)\ngrant lost openpgp:LOST before 2027-06-02 (a test)\n"
	if fingerprint(ann) < fingerprint(lost) {
		want += "key ANN\nkey LOST\n"
	} else {
		want += "key LOST\nkey ANN\n"
	}
	hold(t, got, want+"warning lost: the key LOST was given up as lost on 2026-05-01 (without a reason): nothing that it signed counts\n"+rest, people)
	got = outcome(t, l, trust.Import{Kind: "grants", Source: "/acme/trust.toml", Projects: []string{"demo"}}, nil)
	if !strings.HasPrefix(got, "deny * openpgp:"+fingerprint(lost)+" (a test)\ngrant demo openpgp:"+fingerprint(ann)) || strings.Contains(got, "grant lost") {
		t.Errorf("%s", got)
	}
	l["/acme/trust.toml"] = []byte("[[grant]]\nproject = \"demo\"\nopenpgp = \"2B4F9D00\"\nuntil = 2030-01-01\nreason = \"r\"\n")
	hold(t, outcome(t, l, trust.Import{Kind: "grants", Source: "/acme/trust.toml"}, nil),
		"error: /acme/trust.toml is no trust.toml that can be read: trust.toml:3: openpgp: "+openpgp.ErrShortFingerprint.Error()+"\n", nil)
}

const notation = "project@authority.example"

func authorityFile(t testing.TB, name string, key *pgp.Entity, until time.Time) *trust.File {
	return &trust.File{Agree: 1, Keys: []trust.Key{ownKey(t, key)}, Authorities: []trust.Authority{
		{Name: name, Fingerprint: openpgp.Fingerprint(fingerprint(key)), Notation: notation, Until: until, Reason: "r"}}}
}

func TestCertified(t *testing.T) {
	psf, mallory := person(t, "PSF", "psf@example.org"), person(t, "Mallory", "m@example.org")
	certified := func(spoil func(*pgp.Entity)) *pgp.Entity {
		e := person(t, "Ann", "ann@example.org")
		spoil(e)
		return e
	}
	year := noon.AddDate(1, 0, 0)
	long := 2 * 365 * 24 * time.Hour
	for name, c := range map[string]struct {
		spoil    func(*pgp.Entity)
		projects []string
		until    time.Time
		want     string
	}{
		"for the named project only": {func(e *pgp.Entity) { certify(t, e, psf, noon.AddDate(0, -1, 0), long, notation, "pypi:Demo") }, nil, year,
			"grant demo openpgp:KEY before 2027-06-01 (certified by psf on 2026-05-01, with the user id Ann <ann@example.org>)\nkey KEY\n"},
		"until it expires": {func(e *pgp.Entity) {
			certify(t, e, psf, noon.AddDate(0, -1, 0), 60*24*time.Hour, notation, "pypi:demo")
		}, []string{"demo"}, year,
			"grant demo openpgp:KEY before 2026-06-30 (certified by psf on 2026-05-01, with the user id Ann <ann@example.org>)\nkey KEY\n"},
		"expired": {func(e *pgp.Entity) {
			certify(t, e, psf, noon.AddDate(0, -2, 0), 24*time.Hour, notation, "pypi:demo")
		}, []string{"demo"}, year,
			"note demo: that the key KEY is certified by psf has ended on 2026-04-02\nwarning demo: psf certifies no key for it\n"},
		"of another project": {func(e *pgp.Entity) { certify(t, e, psf, noon.AddDate(0, -1, 0), long, notation, "pypi:demo") }, []string{"other"}, year,
			"warning other: psf certifies no key for it\n"},
		"by somebody else": {func(e *pgp.Entity) { certify(t, e, mallory, noon.AddDate(0, -1, 0), long, notation, "pypi:demo") }, []string{"demo"}, year,
			"warning demo: psf certifies no key for it\n"},
		"by another notation": {func(e *pgp.Entity) {
			certify(t, e, psf, noon.AddDate(0, -1, 0), long, "other@authority.example", "pypi:demo")
		}, []string{"demo"}, year, "warning demo: psf certifies no key for it\n"},
		"without a notation": {func(e *pgp.Entity) { certify(t, e, psf, noon.AddDate(0, -1, 0), long, "", "") }, []string{"demo"}, year,
			"warning demo: psf certifies no key for it\n"},
		"for everything": {func(e *pgp.Entity) { certify(t, e, psf, noon.AddDate(0, -1, 0), long, notation, "pypi:*") }, []string{"demo"}, year,
			"warning psf certifies the key KEY for pypi:*, which is no project written as pypi:NAME\nwarning demo: psf certifies no key for it\n"},
		"taken back by a newer one": {func(e *pgp.Entity) {
			certify(t, e, psf, noon.AddDate(0, -2, 0), long, notation, "pypi:demo")
			certify(t, e, psf, noon.AddDate(0, -1, 0), long, "", "")
		}, []string{"demo"}, year, "warning demo: psf certifies no key for it\n"},
		"a lost key": {func(e *pgp.Entity) {
			certify(t, e, psf, noon.AddDate(0, -2, 0), long, notation, "pypi:demo")
			revoke(t, e, packet.KeyCompromised, "gone")
		}, []string{"demo"}, year, "key KEY\nwarning demo: the key KEY was given up as lost on 2026-05-01 (\"gone\"): nothing that it signed counts\nwarning demo: psf certifies no key for it\n"},
		"the authority has ended": {func(e *pgp.Entity) { certify(t, e, psf, noon.AddDate(0, -1, 0), long, notation, "pypi:demo") }, nil, noon.AddDate(0, 0, -1),
			"error: the authority psf has ended on 2026-05-31\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e := certified(c.spoil)
			i := trust.Import{Name: "psf", Kind: "certified", Source: "/keys.asc", Projects: c.projects}
			got := outcome(t, library{"/keys.asc": armored(t, e)}, i, authorityFile(t, "psf", psf, c.until))
			hold(t, got, c.want, map[string]*pgp.Entity{"KEY": e})
		})
	}
	l := library{"/keys.asc": armored(t, mallory)}
	const none = "error: trust.toml has no [[authority]] of the name list: an import of the kind certified is named like one, or names it by authority\n"
	hold(t, outcome(t, l, trust.Import{Kind: "certified", Source: "/keys.asc"}, authorityFile(t, "psf", psf, year)), none, nil)
	hold(t, outcome(t, l, trust.Import{Kind: "certified", Source: "/keys.asc"}, nil), none, nil)
	hold(t, outcome(t, l, trust.Import{Kind: "certified", Source: "/keys.asc", Authority: "psf"}, authorityFile(t, "psf", psf, year)), "", nil)
	f := authorityFile(t, "psf", psf, year)
	f.Keys = nil
	hold(t, outcome(t, l, trust.Import{Name: "psf", Kind: "certified", Source: "/keys.asc"}, f),
		"error: the certificate of the authority psf is not there: trust.toml needs a [[key]] with openpgp = \""+fingerprint(psf)+"\"\n", nil)
	revoke(t, psf, packet.KeyCompromised, "")
	hold(t, outcome(t, l, trust.Import{Name: "psf", Kind: "certified", Source: "/keys.asc"}, authorityFile(t, "psf", psf, year)),
		"key PSF\nwarning the authority psf gave its key up as lost on 2026-05-01 (without a reason): nothing that it certified counts\n", map[string]*pgp.Entity{"PSF": psf})
}

// TestCertifiedByGnuPG takes a certification as gpg itself makes it, and takes it no
// longer once gpg has revoked it.
func TestCertifiedByGnuPG(t *testing.T) {
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip(err)
	}
	home, err := os.MkdirTemp("", "gpg") // the socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	gpg := func(stdin string, args ...string) []byte {
		t.Helper()
		cmd := exec.Command("gpg", append([]string{"--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", "--yes"}, args...)...)
		cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return out
	}
	t.Cleanup(func() {
		cmd := exec.Command("gpgconf", "--kill", "all")
		cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
		cmd.Run()
		os.RemoveAll(home)
	})
	read := func(id string) *openpgp.Certificate {
		certs, err := openpgp.ReadCertificates(gpg("", "--armor", "--export", id))
		if err != nil {
			t.Fatal(err)
		}
		return certs[0]
	}
	gpg("", "--quick-gen-key", "Authority <psf@example.org>", "ed25519", "cert", "never")
	gpg("", "--quick-gen-key", "Ann <ann@example.org>", "ed25519", "sign", "never")
	psf, ann := read("psf@example.org"), read("ann@example.org")
	gpg("", "--local-user", string(psf.Fingerprint()), "--cert-notation", notation+"=pypi:demo", "--default-cert-expire", "1y", "--quick-sign-key", string(ann.Fingerprint()))
	own := &trust.File{Keys: []trust.Key{{Kind: assay.GrantOpenPGP, Fingerprint: string(psf.Fingerprint()), Certificate: psf}},
		Authorities: []trust.Authority{{Name: "psf", Fingerprint: psf.Fingerprint(), Notation: notation, Until: time.Now().AddDate(5, 0, 0)}}}
	run := func() string {
		i := trust.Import{Name: "psf", Kind: "certified", Source: "/keys.asc", Projects: []string{"demo", "other"}}
		r, err := Read(t.Context(), library{"/keys.asc": gpg("", "--export", "ann@example.org")}, Request{Import: i, Own: own, Now: time.Now().Add(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(told(r), string(ann.Fingerprint()), "ANN")
	}
	now := time.Now().UTC()
	const none = "warning demo: psf certifies no key for it\nwarning other: psf certifies no key for it\n"
	want := fmt.Sprintf("grant demo openpgp:ANN before %s (certified by psf on %s, with the user id Ann <ann@example.org>)\nkey ANN\nwarning other: psf certifies no key for it\n",
		now.AddDate(0, 0, 365).Format(time.DateOnly), now.Format(time.DateOnly))
	if got := run(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	revoked := filepath.Join(home, "revoke")
	if err := os.WriteFile(revoked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	gpg("", "--local-user", string(psf.Fingerprint()), "--quick-revoke-sig", string(ann.Fingerprint()), string(psf.Fingerprint()))
	if got := run(); got != none {
		t.Errorf("revoked: got\n%swant\n%s", got, none)
	}
}

func TestWebOfTrust(t *testing.T) {
	names := []string{"Ann", "Bob", "Cleo", "Dan", "Eve"}
	p := map[string]*pgp.Entity{}
	for _, n := range names {
		p[n] = person(t, n, strings.ToLower(n)+"@example.org")
	}
	when, long := noon.AddDate(0, -1, 0), 300*24*time.Hour
	chain := func(pairs ...string) { // "Ann>Bob": Ann certifies Bob
		for _, pair := range pairs {
			from, to, _ := strings.Cut(pair, ">")
			certify(t, p[to], p[from], when, long, "", "")
		}
	}
	chain("Ann>Bob", "Bob>Cleo", "Cleo>Dan", "Dan>Ann", "Cleo>Bob", "Dan>Bob", "Dan>Eve")
	var all []*pgp.Entity
	for _, n := range names {
		all = append(all, p[n])
	}
	l := library{"/keys.asc": armored(t, all...)}
	own := &trust.File{Agree: 1, Grants: []trust.Grant{ownGrant("demo", p["Ann"])}, Keys: []trust.Key{ownKey(t, p["Ann"])}}
	granted := func(i trust.Import, own *trust.File) string {
		i.Name, i.Kind, i.Source = "web", "web-of-trust", "/keys.asc"
		r, err := Read(t.Context(), l, Request{Import: i, Own: own, Now: noon})
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, n := range names {
			for _, g := range r.Locked.Grants {
				if g.Grant.Key == fingerprint(p[n]) {
					out = append(out, n+" before "+g.Until.Format(time.DateOnly))
				}
			}
		}
		for _, m := range r.Remarks {
			out = append(out, m.String())
		}
		return strings.Join(out, ", ")
	}
	const end = " before 2027-02-25"
	for name, c := range map[string]struct {
		project string
		depth   int
		change  func(*trust.File)
		want    string
	}{
		"one step":            {"demo", 0, nil, "Bob" + end},
		"two":                 {"demo", 2, nil, "Bob" + end + ", Cleo" + end},
		"three":               {"demo", 3, nil, "Bob" + end + ", Cleo" + end + ", Dan" + end},
		"four":                {"demo", 4, nil, "the depth is a number from 1 to 3"},
		"another project":     {"other", 3, nil, "other: no OpenPGP key with a certificate is granted for it in trust.toml: there is nobody to start from"},
		"first use":           {"demo", 3, func(f *trust.File) { f.Grants[0].FirstUse = true }, "demo: no OpenPGP key with a certificate is granted for it in trust.toml: there is nobody to start from"},
		"ended":               {"demo", 3, func(f *trust.File) { f.Grants[0].Until = noon }, "demo: no OpenPGP key with a certificate is granted for it in trust.toml: there is nobody to start from"},
		"ends with the first": {"demo", 2, func(f *trust.File) { f.Grants[0].Until = noon.AddDate(0, 1, 0) }, "Bob before 2026-07-01, Cleo before 2026-07-01"},
		"denied on the way": {"demo", 3, func(f *trust.File) {
			g := ownGrant("*", p["Cleo"])
			g.Denied = true
			f.Grants = append(f.Grants, g)
		}, "Bob" + end},
		"denied at its start": {"demo", 3, func(f *trust.File) {
			g := ownGrant("demo", p["Ann"])
			g.Denied = true
			f.Grants = append(f.Grants, g)
		}, "demo: no OpenPGP key with a certificate is granted for it in trust.toml: there is nobody to start from"},
	} {
		t.Run(name, func(t *testing.T) {
			f := *own
			f.Grants = append([]trust.Grant{}, own.Grants...)
			if c.change != nil {
				c.change(&f)
			}
			if got := granted(trust.Import{Projects: []string{c.project}, Depth: c.depth}, &f); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	revoke(t, p["Bob"], packet.KeyCompromised, "")
	l["/keys.asc"] = armored(t, all...)
	if got, want := granted(trust.Import{Projects: []string{"demo"}, Depth: 3}, own), "demo: the key "+fingerprint(p["Bob"])+" was given up as lost on 2026-05-01 (without a reason): nothing that it signed counts"; got != want {
		t.Errorf("a lost key on the way\ngot  %s\nwant %s", got, want)
	}
}
