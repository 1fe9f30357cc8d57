package main

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/openpgp/openpgptest"
	"assay/internal/trust"
)

var rotated = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func pgpAt(t time.Time) *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return t }}
}

func pgpPerson(t *testing.T, name string) *pgp.Entity {
	t.Helper()
	e, err := pgp.NewEntity(name, "", name+"@example.com", pgpAt(rotated.AddDate(-1, 0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func pgpKey(t *testing.T, e *pgp.Entity) trust.Key {
	t.Helper()
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	certs, err := openpgp.ReadCertificates(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint)), Certificate: certs[0]}
}

func grantTo(k trust.Key, denied bool) trust.Grant {
	g := trust.Grant{Project: "demo"}
	g.Kind, g.Key, g.Denied = assay.GrantOpenPGP, k.Fingerprint, denied
	if !denied {
		g.Until = rotated.AddDate(1, 0, 0)
	}
	return g
}

// TestRotation has an old key that has certified a new one, at a time which only that
// key's holder says.
func TestRotation(t *testing.T) {
	for name, c := range map[string]struct {
		then func(old *pgp.Entity) error
		took bool
	}{
		"sound": {nil, true},
		"superseded": {func(old *pgp.Entity) error {
			return old.Revoke(packet.KeySuperseded, "retired", pgpAt(rotated.AddDate(0, -1, 0)))
		}, false},
		"lost": {func(old *pgp.Entity) error {
			return old.Revoke(packet.KeyCompromised, "stolen", pgpAt(rotated.AddDate(0, -1, 0)))
		}, false},
	} {
		for _, inLock := range []bool{false, true} {
			old, fresh := pgpPerson(t, "old"), pgpPerson(t, "fresh")
			for id := range fresh.Identities {
				if err := fresh.SignIdentity(id, old, pgpAt(rotated.AddDate(0, -2, 0))); err != nil {
					t.Fatal(err)
				}
			}
			before := pgpKey(t, old)
			if c.then != nil {
				if err := c.then(old); err != nil {
					t.Fatal(err)
				}
			}
			after := pgpKey(t, old)
			f := &trust.File{Agree: 1, Grants: []trust.Grant{grantTo(before, false)}, Keys: []trust.Key{after}}
			l := &trust.Lock{}
			if inLock {
				f.Keys = []trust.Key{before}
				l.Put(trust.Locked{Name: "a", Keys: []trust.Key{after}})
			}
			k := pgpKey(t, fresh)
			if _, err := rotation(f, l, grantTo(k, false), k, rotated); (err == nil) != c.took {
				t.Errorf("%s, in the lock %v: %v", name, inLock, err)
			}
		}
	}
}

// TestRotationByImports has a new key that two imports name.
func TestRotationByImports(t *testing.T) {
	old, k := pgpKey(t, pgpPerson(t, "old")), pgpKey(t, pgpPerson(t, "fresh"))
	for name, c := range map[string]struct {
		denied bool
		sums   string
		until  time.Time
		named  bool
		took   bool
	}{
		"granted":             {false, "ab", rotated.AddDate(1, 0, 0), true, true},
		"denied":              {true, "ab", rotated.AddDate(1, 0, 0), true, false},
		"the same list":       {false, "aa", rotated.AddDate(1, 0, 0), true, false},
		"ended":               {false, "ab", rotated.AddDate(0, 0, -1), true, false},
		"no longer an import": {false, "ab", rotated.AddDate(1, 0, 0), false, false},
	} {
		f := &trust.File{Agree: 1, Grants: []trust.Grant{grantTo(old, false)}, Keys: []trust.Key{old}}
		l := &trust.Lock{}
		for i, name := range []string{"a", "b"} {
			if c.named {
				f.Imports = append(f.Imports, trust.Import{Name: name, Kind: "grants", Source: "/" + name, Until: c.until})
			}
			l.Put(trust.Locked{Name: name, SHA256: strings.Repeat(c.sums[i:i+1], 64), Grants: []trust.Grant{grantTo(k, c.denied)}})
		}
		if _, err := rotation(f, l, grantTo(k, false), k, rotated); (err == nil) != c.took {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCarriedRevocation has an import that leaves a key out after its owner gave it up as
// lost: another import may still grant an older copy of it.
func TestCarriedRevocation(t *testing.T) {
	e := pgpPerson(t, "ann")
	if err := e.Revoke(packet.KeyCompromised, "stolen", pgpAt(rotated)); err != nil {
		t.Fatal(err)
	}
	k := pgpKey(t, e)
	now, err := carried(&trust.File{}, &trust.Lock{}, trust.Locked{Name: "a", Keys: []trust.Key{k}, Grants: []trust.Grant{grantTo(k, false)}}, trust.Locked{Name: "a"})
	if len(err) > 0 || len(now.Keys) != 1 || !now.Keys[0].Lost(nil) || len(now.Grants) != 1 {
		t.Errorf("%+v, %v", now, err)
	}
}

// TestCarriedByRevoker has an import that leaves a key out, or grants less, after somebody gave
// it up whom its owner lets do so: that one's certificate is in trust.toml.
func TestCarriedByRevoker(t *testing.T) {
	read := func(text string) trust.Key {
		certs, err := openpgp.ReadCertificates([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return trust.Key{Kind: "openpgp", Fingerprint: string(certs[0].Fingerprint()), Certificate: certs[0]}
	}
	k, rita := read(openpgptest.Ann), read(openpgptest.Rita)
	before := trust.Locked{Name: "a", Keys: []trust.Key{k}, Grants: []trust.Grant{grantTo(k, false)}}
	for name, c := range map[string]struct {
		own  trust.File
		want int
	}{"the revoker is known": {trust.File{Keys: []trust.Key{rita}}, 1}, "the revoker is not known": {trust.File{}, 0}} {
		now, err := carried(&c.own, &trust.Lock{Imports: []trust.Locked{before}}, before, trust.Locked{Name: "a"})
		if len(err) > 0 || len(now.Keys) != c.want || len(now.Grants) != c.want {
			t.Errorf("%s: %+v, %v", name, now, err)
		}
		if out := replaced(nil, []trust.Key{k}, c.own.Knows(nil)); len(out) != c.want {
			t.Errorf("%s: a list that grants less leaves %d keys", name, len(out))
		}
	}
}
