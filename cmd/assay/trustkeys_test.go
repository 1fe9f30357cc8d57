package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay/internal/openpgp"
	"assay/internal/openpgp/openpgptest"
	"assay/internal/trust"
)

// armoredKeys writes certificates as one file.
func armoredKeys(t *testing.T, path string, list ...*pgp.Entity) {
	t.Helper()
	var b bytes.Buffer
	for _, e := range list {
		b.Write(pgpKey(t, e).Certificate.Armor())
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRefreshGoesOn has imports and sources that are broken, or made to break something: the
// others are refreshed, what is wrong is said at the end, and all that was written is read.
func TestRefreshGoesOn(t *testing.T) {
	a, home, said := trustApp(t)
	out := &strings.Builder{}
	a.stdout = out
	old := pgpAt(time.Now().AddDate(-1, 0, 0))
	person := func(name string) *pgp.Entity {
		e, err := pgp.NewEntity(name, "", name+"@example.com", old)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	ann, bob, eve, joe, kim := person("ann"), person("bob"), person("eve"), person("joe"), person("kim")
	path := func(name string) string { return filepath.Join(home, name) }
	own := &trust.File{Agree: 1}
	lock := &trust.Lock{}
	until := time.Now().AddDate(1, 0, 0)
	put := func(e *pgp.Entity, name string) trust.Key {
		k := pgpKey(t, e)
		k.Source = "file://" + filepath.ToSlash(path(name))
		g := grantTo(k, false)
		g.From, g.Reason, g.Until, g.Project = "local", "a test", until, strings.TrimSuffix(name, ".asc")
		own.Grants, own.Keys = append(own.Grants, g), append(own.Keys, k)
		armoredKeys(t, path(name), e)
		return k
	}
	put(ann, "ann.asc")
	put(bob, "bob.asc")
	put(eve, "eve.asc")
	put(joe, "joe.asc")
	for _, name := range []string{"broken", "huge", "more", "sound"} {
		own.Imports = append(own.Imports, trust.Import{Name: name, Kind: "grants", Source: path(name + ".toml"), Until: until, Reason: "a test"})
		g := grantTo(pgpKey(t, kim), false)
		g.From, g.Reason, g.Until = "local", "a test", until
		theirs := &trust.File{Agree: 1, Grants: []trust.Grant{g}, Keys: []trust.Key{pgpKey(t, kim)}}
		locked := trust.Locked{Name: name, SHA256: strings.Repeat(fmt.Sprint(len(own.Imports)), 64), Fetched: time.Now(), Grants: []trust.Grant{g}, Keys: theirs.Keys}
		lock.Put(locked)
		switch name {
		case "broken":
			os.WriteFile(path(name+".toml"), []byte("[[grant"), 0o600)
			continue
		case "huge", "more": // each of the two could be read, and both together could not
			for i := range 10 {
				big := person(fmt.Sprint(name, i))
				for n := range 16 {
					if err := big.AddUserId(fmt.Sprint(n, strings.Repeat("x", 2600)), "", "", old); err != nil {
						t.Fatal(err)
					}
				}
				k := pgpKey(t, big)
				g.Key = k.Fingerprint
				theirs.Grants, theirs.Keys = append(theirs.Grants, g), append(theirs.Keys, k)
			}
		}
		os.WriteFile(path(name+".toml"), theirs.Text(), 0o600)
	}
	for name, text := range map[string][]byte{trustName: own.Text(), importsName: lock.Text()} {
		if err := os.WriteFile(path(name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// What happens since: ann's source is gone, eve's is no key, bob's has grown too large, kim
	// and joe have lost their keys, of which joe's has grown too large as well.
	os.Remove(path("ann.asc"))
	os.WriteFile(path("eve.asc"), []byte("<html>log in</html>"), 0o600)
	for _, e := range []*pgp.Entity{bob, joe} {
		for n := range 30 {
			if err := e.AddUserId(fmt.Sprint(n, strings.Repeat("x", 3000)), "", "", old); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, e := range []*pgp.Entity{joe, kim} {
		if err := e.Revoke(packet.KeyCompromised, "stolen", old); err != nil {
			t.Fatal(err)
		}
	}
	armoredKeys(t, path("bob.asc"), bob)
	armoredKeys(t, path("joe.asc"), joe)
	g := grantTo(pgpKey(t, kim), false)
	g.From, g.Reason, g.Until = "local", "a test", until
	sound := trust.File{Agree: 1, Grants: []trust.Grant{g}, Keys: []trust.Key{pgpKey(t, kim)}}
	os.WriteFile(path("sound.toml"), sound.Text(), 0o600)

	err := a.refreshKeys(t.Context(), false, false)
	var f *failure
	if !errors.As(err, &f) || f.status != statusUndecided || f.Error() != "what could not be read or taken, and stays as it was: 5; the rest is refreshed" {
		t.Fatalf("got %v\n%s", err, said)
	}
	for _, want := range []string{
		"assay: warning: broken was not read, and stays as it was: the import broken: ",
		"assay: warning: more was not taken, and stays as it was: all imports together would have ",
		" bytes and 52 tables in the lock, and at most 983040 and 10000 are taken\n",
		"assay: hint: name the projects that it is for: import it again with --project\n",
		"ann.asc was not read, and its keys stay as they were: ",
		"eve.asc was not read, and its keys stay as they were: ",
		"assay: hint: see what the source has by other means; it is a file of public keys\n",
		"bob.asc: the certificate of " + pgpKey(t, bob).Fingerprint + " has ",
		"assay: hint: check the path\n",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("not said: %s", want)
		}
	}
	if n := strings.Count(said.String(), "assay: hint: "); n != 5 {
		t.Errorf("%d hints:\n%s", n, said)
	}
	now, locked, err := a.ownGrants()
	if err != nil {
		t.Fatalf("what was written is not read: %v", err)
	}
	for _, e := range []*pgp.Entity{ann, bob, eve} {
		if k, ok := now.Key("openpgp", pgpKey(t, e).Fingerprint); !ok || k.Lost(nil) || len(k.Certificate.UserIDs()) != 1 {
			t.Errorf("%s is another one: %v", pgpKey(t, e).Fingerprint, k)
		}
	}
	if k, ok := now.Key("openpgp", pgpKey(t, joe).Fingerprint); !ok || !k.Lost(nil) {
		t.Error("that joe's key is lost was not taken")
	}
	if l, ok := locked.Find("sound"); !ok || len(l.Keys) != 1 || !l.Keys[0].Lost(nil) {
		t.Errorf("that kim's key is lost was not taken:\n%s", out)
	}
	for name, want := range map[string]int{"huge": 11, "more": 1} {
		if l, ok := locked.Find(name); !ok || len(l.Keys) != want {
			t.Errorf("of %s there are %d keys", name, len(l.Keys))
		}
	}
}

// TestRefreshWithdraws has a granted key that certified another one, and whose owner then gives
// it up: as lost, and what it vouched for falls, said clearly and once, or as superseded, and it
// stays.
func TestRefreshWithdraws(t *testing.T) {
	for name, c := range map[string]struct {
		reason packet.ReasonForRevocation
		lost   bool
	}{"lost": {packet.KeyCompromised, true}, "superseded": {packet.KeySuperseded, false}} {
		a, home, said := trustApp(t)
		out := &strings.Builder{}
		a.stdout = out
		path := func(name string) string { return filepath.Join(home, name) }
		now := time.Now()
		entity := func(name string) *pgp.Entity {
			e, err := pgp.NewEntity(name, "", name+"@example.com", pgpAt(now.AddDate(-1, 0, 0)))
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		ann, bob := entity("ann"), entity("bob")
		for id := range bob.Identities {
			if err := bob.SignIdentity(id, ann, pgpAt(now.AddDate(0, -6, 0))); err != nil {
				t.Fatal(err)
			}
		}
		var list bytes.Buffer
		if err := bob.Serialize(&list); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(path("web.gpg"), list.Bytes(), 0o600)
		k := pgpKey(t, ann)
		k.Source = "file://" + filepath.ToSlash(path("ann.asc"))
		armoredKeys(t, path("ann.asc"), ann)
		g := grantTo(k, false)
		g.From, g.Reason, g.Until = "local", "a test", now.AddDate(1, 0, 0)
		i := trust.Import{Name: "web", Kind: "web-of-trust", Source: path("web.gpg"), Projects: []string{"demo"}, Until: now.AddDate(1, 0, 0), Reason: "a test"}
		own := trust.File{Agree: 1, Grants: []trust.Grant{g}, Keys: []trust.Key{k}, Imports: []trust.Import{i}}
		os.WriteFile(path(trustName), own.Text(), 0o600)

		before := now.AddDate(0, -2, 0) // the import was locked then
		result, err := a.readImport(t.Context(), a.keyFetcher(), &own, &trust.Lock{}, i, before)
		if err != nil || len(result.Locked.Grants) != 1 {
			t.Fatalf("%+v, %v", result, err)
		}
		os.WriteFile(path(importsName), (&trust.Lock{Imports: []trust.Locked{result.Locked}}).Text(), 0o600)
		if err := ann.Revoke(c.reason, "gone", pgpAt(now.AddDate(0, -1, 0))); err != nil {
			t.Fatal(err)
		}
		armoredKeys(t, path("ann.asc"), ann)

		told := "! demo: openpgp:" + pgpKey(t, bob).Fingerprint + ", granted by import web, lets nothing be signed any more: openpgp:" + k.Fingerprint + ", which certified it, was given up as lost\n"
		for round := range 3 {
			out.Reset()
			if err := a.refreshKeys(t.Context(), false, false); err != nil {
				t.Fatalf("%s, %d: %v\n%s%s", name, round, err, out, said)
			}
			if strings.Contains(out.String(), told) != (c.lost && round == 0) {
				t.Errorf("%s, %d: said\n%s", name, round, out)
			}
		}
		grants, _, err := a.listedGrants(nil)
		if err != nil || len(grants) != 2 {
			t.Fatalf("%s: %v, %v", name, grants, err)
		}
		for _, g := range grants {
			if g.Grant.Key != pgpKey(t, bob).Fingerprint {
				continue
			}
			line := describeGrant(g)
			if (g.Withdrawn != "") != c.lost || !strings.Contains(line, ", certified by "+k.Fingerprint+")") || strings.Contains(line, "withdrawn as openpgp:"+k.Fingerprint) != c.lost {
				t.Errorf("%s: %s", name, line)
			}
		}
		entries, err := os.ReadFile(filepath.Join(home, "memory", "journal.jsonl"))
		if err != nil || strings.Contains(string(entries), `"withdrawn"`) != c.lost {
			t.Errorf("%s: %v, the journal has %s", name, err, entries)
		}
	}
}

// TestRotationRests has a succession of keys: each rests on the one before, and falls with it
// unless the person takes it by their own word.
func TestRotationRests(t *testing.T) {
	old, fresh := pgpPerson(t, "old"), pgpPerson(t, "fresh")
	for id := range fresh.Identities {
		if err := fresh.SignIdentity(id, old, pgpAt(rotated.AddDate(0, -2, 0))); err != nil {
			t.Fatal(err)
		}
	}
	first := grantTo(pgpKey(t, old), false)
	first.CertifiedBy = []string{strings.Repeat("0", 40)}
	f := &trust.File{Agree: 1, Grants: []trust.Grant{first}, Keys: []trust.Key{pgpKey(t, old)}}
	k := pgpKey(t, fresh)
	g := grantTo(k, false)
	by, err := rotation(f, &trust.Lock{}, g, k, rotated)
	if want := []string{strings.Repeat("0", 40), first.Grant.Key}; err != nil || !slices.Equal(by, want) {
		t.Fatalf("it rests on %v, %v", by, err)
	}
	g.CertifiedBy = by
	f.Grants = append(f.Grants, g)
	if again, err := rotation(f, &trust.Lock{}, g, k, rotated); err != nil || !slices.Equal(again, by) {
		t.Errorf("once more it rests on %v, %v", again, err)
	}
	if err := old.Revoke(packet.KeyCompromised, "stolen", pgpAt(rotated)); err != nil {
		t.Fatal(err)
	}
	f.Keys = []trust.Key{pgpKey(t, old)}
	_, err = rotation(f, &trust.Lock{}, g, k, rotated)
	if want := "openpgp:" + first.Grant.Key + ", which certified the key, was given up as lost"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	next := pgpPerson(t, "next")
	for id := range next.Identities {
		if err := next.SignIdentity(id, fresh, pgpAt(rotated.AddDate(0, -1, 0))); err != nil {
			t.Fatal(err)
		}
	}
	f.Keys = append(f.Keys, k)
	if by, err := rotation(f, &trust.Lock{}, grantTo(pgpKey(t, next), false), pgpKey(t, next), rotated); err == nil {
		t.Errorf("a withdrawn key vouches for another one: %v", by)
	}
}

// TestDescribeDesignated warns of a key that somebody whom its owner lets do so seems to have
// revoked.
func TestDescribeDesignated(t *testing.T) {
	certs, err := openpgp.ReadCertificates([]byte(openpgptest.Ann))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(describeKey(trust.Key{Kind: "openpgp", Fingerprint: string(certs[0].Fingerprint()), Certificate: certs[0]}), "\n")
	want := "it calls itself: Ann <ann@example.org>\ned25519, made 2025-01-01\n" +
		"the key 5F7B2F3A69AFCE31C1B7E3239F3BBD27E9EAC516, which its owner lets revoke it, seems to have done so: that counts once its certificate is a [[key]] in trust.toml"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRefreshDesignated has a source that shows a revocation by somebody whom the key's owner
// lets do so, before and after that one's certificate is known.
func TestRefreshDesignated(t *testing.T) {
	whole, err := openpgp.ReadCertificates([]byte(openpgptest.Ann))
	if err != nil {
		t.Fatal(err)
	}
	a, home, said := trustApp(t)
	out := &strings.Builder{}
	a.stdout = out
	path := filepath.Join(home, "ann.asc")
	if err := os.WriteFile(path, []byte(openpgptest.Ann), 0o600); err != nil {
		t.Fatal(err)
	}
	k := trust.Key{Kind: "openpgp", Fingerprint: string(whole[0].Fingerprint()), Certificate: whole[0], Source: "file://" + filepath.ToSlash(path)}
	g := grantTo(k, false)
	g.From, g.Reason, g.Until = "local", "a test", time.Now().AddDate(1, 0, 0)
	own := trust.File{Agree: 1, Grants: []trust.Grant{g}, Keys: []trust.Key{k}}
	if err := os.WriteFile(filepath.Join(home, trustName), own.Text(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.refreshKeys(t.Context(), false, false); err != nil {
		t.Fatal(err)
	}
	want := "assay: warning: the key " + k.Fingerprint + " seems to be revoked by 5F7B2F3A69AFCE31C1B7E3239F3BBD27E9EAC516, whom its owner lets do so: that counts once the certificate of 5F7B2F3A69AFCE31C1B7E3239F3BBD27E9EAC516 is a [[key]] in trust.toml\n"
	if said.String() != want || strings.Contains(out.String(), "lost") {
		t.Errorf("said\n%s%s\nwant\n%s", said, out, want)
	}
	said.Reset()
	if status := a.run([]string{"trust", "list"}); status != 0 || said.String() != want {
		t.Errorf("the list says %d\n%s\nwant\n%s", status, said, want)
	}
}

// TestReplaced keeps the keys of a list that grants less by now, what is new of them, and whose
// keys are lost, certifiers that it did not grant among them.
func TestReplaced(t *testing.T) {
	ann, bob, eve := pgpPerson(t, "ann"), pgpPerson(t, "bob"), pgpPerson(t, "eve")
	before := []trust.Key{pgpKey(t, ann), pgpKey(t, bob)}
	for _, e := range []*pgp.Entity{ann, eve} {
		if err := e.Revoke(packet.KeyCompromised, "stolen", pgpAt(rotated)); err != nil {
			t.Fatal(err)
		}
	}
	out := replaced(before, []trust.Key{pgpKey(t, ann), pgpKey(t, eve), pgpKey(t, pgpPerson(t, "joe"))}, nil)
	var got []bool
	for _, k := range out {
		got = append(got, k.Lost(nil))
	}
	if !slices.Equal(got, []bool{true, false, true}) || out[2].Fingerprint != pgpKey(t, eve).Fingerprint {
		t.Errorf("lost: %v of %d keys", got, len(out))
	}
}

// TestOverfullImport has a list that is too much for the lock by now, and of which a key was
// given up: that is taken, shown, noted and said.
func TestOverfullImport(t *testing.T) {
	ann := pgpPerson(t, "ann")
	before := trust.Locked{Name: "b", Keys: []trust.Key{pgpKey(t, ann)}, Grants: []trust.Grant{grantTo(pgpKey(t, ann), false)}}
	before.SHA256, before.Fetched = strings.Repeat("a", 64), rotated
	if err := ann.Revoke(packet.KeyCompromised, "stolen", pgpAt(rotated)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys []trust.Key
		news int
		want string
	}{
		"lost":  {[]trust.Key{pgpKey(t, ann)}, 1, "b was not taken, and stays as it was but for what was revoked of its keys: too much"},
		"sound": {before.Keys, 0, "b was not taken, and stays as it was: too much"},
	} {
		a, _, _ := trustApp(t)
		out := &strings.Builder{}
		a.stdout = out
		r := &keyRefresh{app: a, own: &trust.File{}, lock: &trust.Lock{Imports: []trust.Locked{before}}}
		r.takeRevocations("b", before, c.keys, errors.New("too much"))
		if len(r.problems) != 1 || r.problems[0] != (problem{c.want, "name the projects that it is for: import it again with --project"}) {
			t.Errorf("%s: %+v", name, r.problems)
		}
		shown := "* openpgp:" + before.Keys[0].Fingerprint + " was given up as lost on "
		if len(r.news) != c.news || strings.HasPrefix(out.String(), shown) != (c.news > 0) || r.own.Lost(r.lock, before.Keys[0].Fingerprint) != (c.news > 0) {
			t.Errorf("%s: %d news, said %s", name, len(r.news), out)
		}
	}
}
