package keysource

import (
	"slices"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay/internal/trust"
)

// TestWhoCertified records on whose word each grant rests, and since when.
func TestWhoCertified(t *testing.T) {
	psf, ann, bob, cleo := person(t, "PSF", "psf@example.org"), person(t, "Ann", "ann@example.org"), person(t, "Bob", "bob@example.org"), person(t, "Cleo", "cleo@example.org")
	when, long := noon.AddDate(0, -2, 0), 600*24*time.Hour
	certify(t, ann, psf, when, long, notation, "pypi:demo")
	certify(t, bob, ann, when, long, "", "")
	certify(t, cleo, bob, when, long, "", "")
	l := library{"/keys.asc": armored(t, ann, bob, cleo)}
	own := authorityFile(t, "psf", psf, noon.AddDate(1, 0, 0))
	g := ownGrant("demo", ann)
	g.CertifiedBy = []string{fingerprint(psf)}
	own.Grants, own.Keys = []trust.Grant{g}, append(own.Keys, ownKey(t, ann))
	for _, c := range []struct {
		i    trust.Import
		want map[string][]string
	}{
		{trust.Import{Name: "psf", Kind: "certified"}, map[string][]string{fingerprint(ann): {fingerprint(psf)}}},
		{trust.Import{Name: "web", Kind: "web-of-trust", Depth: 2, Projects: []string{"demo"}}, map[string][]string{
			fingerprint(bob):  {fingerprint(psf), fingerprint(ann)},
			fingerprint(cleo): {fingerprint(psf), fingerprint(ann), fingerprint(bob)},
		}},
	} {
		c.i.Source = "/keys.asc"
		r, err := Read(t.Context(), l, Request{Import: c.i, Own: own, Now: noon})
		if err != nil || len(r.Locked.Grants) != len(c.want) {
			t.Fatalf("%+v, %v", r, err)
		}
		lock := &trust.Lock{}
		lock.Put(r.Locked)
		again, err := trust.ParseLock("l", lock.Text())
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range again.Imports[0].Grants {
			if !slices.Equal(g.CertifiedBy, c.want[g.Grant.Key]) || !g.Since.Equal(noon) {
				t.Errorf("%s rests on %v since %s", g.Grant.Key, g.CertifiedBy, g.Since)
			}
		}
	}
}

// TestCertifierIsGivenUp has a certifier who gives their key up after the import: as
// superseded, then what was seen before that stays, and as lost, then nothing does.
func TestCertifierIsGivenUp(t *testing.T) {
	const gone = "warning the authority psf gave its key up as lost on 2026-05-01 (\"gone\"): nothing that it certified counts\n"
	for name, c := range map[string]struct {
		reason packet.ReasonForRevocation
		since  time.Time // when the grant was locked; zero where it was not
		inList bool      // the revocation is in the list only
		want   string
	}{
		"superseded, seen before": {packet.KeySuperseded, noon.AddDate(0, -1, -3), false,
			"grant demo openpgp:ANN before 2027-06-01 (certified by psf on 2026-04-01, with the user id Ann <ann@example.org>)\nkey ANN\n"},
		"superseded, seen since":  {packet.KeySuperseded, noon.AddDate(0, -1, 3), false, "note demo: that the key ANN is certified by psf has ended on 2026-05-01\n"},
		"superseded, seen by now": {packet.KeySuperseded, time.Time{}, false, "note demo: that the key ANN is certified by psf has ended on 2026-05-01\n"},
		"superseded, in the list": {packet.KeySuperseded, time.Time{}, true, "note demo: that the key ANN is certified by psf has ended on 2026-05-01\n"},
		"lost, seen before":       {packet.KeyCompromised, noon.AddDate(0, -1, -3), false, "key PSF\n" + gone},
		"lost, in the list":       {packet.KeyCompromised, noon.AddDate(0, -1, -3), true, "key PSF\n" + gone},
	} {
		psf, ann := person(t, "PSF", "psf@example.org"), person(t, "Ann", "ann@example.org")
		certify(t, ann, psf, noon.AddDate(0, -2, 0), 600*24*time.Hour, notation, "pypi:demo")
		own := authorityFile(t, "psf", psf, noon.AddDate(1, 0, 0))
		revoke(t, psf, c.reason, "gone")
		list := []*pgp.Entity{ann}
		if c.inList {
			list = append(list, psf)
		} else {
			own = authorityFile(t, "psf", psf, noon.AddDate(1, 0, 0))
		}
		var before trust.Locked
		if !c.since.IsZero() {
			g := ownGrant("demo", ann)
			g.CertifiedBy, g.Since = []string{fingerprint(psf)}, c.since
			before.Grants = []trust.Grant{g}
		}
		r, err := Read(t.Context(), library{"/keys.asc": armored(t, list...)}, Request{Import: trust.Import{Name: "psf", Kind: "certified", Source: "/keys.asc"}, Own: own, Before: before, Now: noon})
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { hold(t, told(r), c.want, map[string]*pgp.Entity{"ANN": ann, "PSF": psf}) })
		for _, g := range r.Locked.Grants {
			if !g.Since.Equal(c.since) {
				t.Errorf("%s: since %s", name, g.Since)
			}
		}
	}
}

// TestIntroducerIsLost has a granted key that certified others, and of which the list knows
// that it is lost.
func TestIntroducerIsLost(t *testing.T) {
	ann, bob := person(t, "Ann", "ann@example.org"), person(t, "Bob", "bob@example.org")
	certify(t, bob, ann, noon.AddDate(0, -2, 0), 600*24*time.Hour, "", "")
	own := &trust.File{Agree: 1, Grants: []trust.Grant{ownGrant("demo", ann)}, Keys: []trust.Key{ownKey(t, ann)}}
	revoke(t, ann, packet.KeyCompromised, "gone")
	i := trust.Import{Kind: "web-of-trust", Source: "/keys.asc", Projects: []string{"demo"}}
	hold(t, outcome(t, library{"/keys.asc": armored(t, ann, bob)}, i, own),
		"key ANN\nwarning demo: the key ANN, which is granted for it, was given up as lost on 2026-05-01 (\"gone\"): nothing that it certified counts\n",
		map[string]*pgp.Entity{"ANN": ann, "BOB": bob})
}
