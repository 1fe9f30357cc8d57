package trust_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/openpgp/openpgptest"
	"assay/internal/trust"
)

func designated(t *testing.T, text string) trust.Key {
	t.Helper()
	certs, err := openpgp.ReadCertificates([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: string(certs[0].Fingerprint()), Certificate: certs[0]}
}

// TestDesignatedRevoker has a key that somebody else may revoke, and has revoked: it is lost
// once their certificate is known, wherever that is.
func TestDesignatedRevoker(t *testing.T) {
	ann, rita := designated(t, openpgptest.Ann), designated(t, openpgptest.Rita)
	other := locked("b")
	other.Keys = []trust.Key{rita}
	for name, c := range map[string]struct {
		keys []trust.Key
		lock *trust.Lock
		want bool
	}{
		"nobody knows the revoker":        {[]trust.Key{ann}, &trust.Lock{}, false},
		"the file knows the revoker":      {[]trust.Key{ann, rita}, &trust.Lock{}, true},
		"an import knows the revoker":     {[]trust.Key{ann}, &trust.Lock{Imports: []trust.Locked{other}}, true},
		"the revoker alone, and not hers": {[]trust.Key{rita}, &trust.Lock{}, false},
	} {
		own := mustParse(t, twoImports)
		g := keyFor("demo", openpgptest.AnnKey, false)
		g.Until, g.From = day.AddDate(1, 0, 0), "local"
		own.Grants, own.Keys = []trust.Grant{g}, c.keys
		own = mustParse(t, string(own.Text())) // as it is kept
		store, err := trust.Join(own, c.lock, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		lost := false
		for _, cert := range store.OpenPGP(openpgptest.AnnKey) {
			r, ok := cert.Revoked()
			lost = ok && r.Hard
		}
		if lost != c.want || own.Lost(c.lock, openpgptest.AnnKey) != c.want || own.Lost(c.lock, openpgptest.RitaKey) {
			t.Errorf("%s: lost: %v, %v", name, lost, own.Lost(c.lock, openpgptest.AnnKey))
		}
	}
}

// TestSweepKeepsRevokers takes grants back, of a revoker's key and of others: what the lock
// knows of a lost key is verified by the revoker's, so that it stays, and so does a key that
// was lost by a revoker's word.
func TestSweepKeepsRevokers(t *testing.T) {
	ann, rita := designated(t, openpgptest.Ann), designated(t, openpgptest.Rita)
	imported := locked("b")
	imported.Keys = []trust.Key{ann}
	inLock := &trust.Lock{Imports: []trust.Locked{imported}}
	removed := func(keys ...string) (out []trust.Grant) {
		for _, k := range keys {
			out = append(out, keyFor("demo", k, false))
		}
		return out
	}
	for name, c := range map[string]struct {
		keys []trust.Key
		lock *trust.Lock
		gone []trust.Grant
		want []string
	}{
		"the owner's grant":                       {[]trust.Key{ann, rita}, nil, removed(openpgptest.AnnKey), []string{openpgptest.AnnKey, openpgptest.RitaKey}},
		"another's grant, and the owner's import": {[]trust.Key{rita}, inLock, removed(oneKey), []string{openpgptest.RitaKey}},
		"the revoker's grant, the owner's import": {[]trust.Key{rita}, inLock, removed(openpgptest.RitaKey), []string{openpgptest.RitaKey}},
		"the revoker's grant, and no owner":       {[]trust.Key{rita}, nil, removed(openpgptest.RitaKey), nil},
		"the owner's grant, and no revoker":       {[]trust.Key{ann}, nil, removed(openpgptest.AnnKey), nil},
	} {
		f := &trust.File{Keys: c.keys}
		f.Sweep(c.lock, c.gone)
		var got []string
		for _, k := range f.Keys {
			got = append(got, k.Fingerprint)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: kept %v, want %v", name, got, c.want)
		}
		if c.lock != nil && !f.Lost(c.lock, openpgptest.AnnKey) {
			t.Errorf("%s: the key is not lost any more", name)
		}
	}
}

// TestLostByRevoker treats a key that a revoker gave up like one that its owner did, wherever
// something of it is left out.
func TestLostByRevoker(t *testing.T) {
	ann, rita := designated(t, openpgptest.Ann), designated(t, openpgptest.Rita)
	known := (&trust.File{Keys: []trust.Key{rita}}).Knows(nil)
	if ann.Lost(nil) || !ann.Lost(known) || !ann.Lost((&trust.File{}).Knows(nil, rita)) || ann.Lost((&trust.File{}).Knows(&trust.Lock{}, ann)) {
		t.Error("lost by others than by the revoker")
	}
	k, err := trust.Merged(ann, ann, known)
	if err != nil || !k.Lost(nil) {
		t.Errorf("what is merged is not lost: %v", err)
	}
	again := designated(t, string(k.Certificate.Armor()))
	if again.Lost(nil) || !again.Lost(known) {
		t.Error("what was kept is not lost, or without the revoker")
	}
}

// TestSettle has a file and a lock with forged revocations in a revoker's name, before and
// after the true one: what is written, however often, has the true one alone.
func TestSettle(t *testing.T) {
	block, err := armor.Decode(strings.NewReader(openpgptest.Ann))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(block.Body)
	if err != nil {
		t.Fatal(err)
	}
	at := 2 + int(data[1]) // behind the key's packet
	revocation := data[at : at+2+int(data[at+1])]
	made := bytes.Index(revocation, []byte{2, 0x69, 0, 0x07, 0x80})
	if made < 0 {
		t.Fatal("the time of the revocation is not found")
	}
	var all [2][]byte
	for i := range 40 {
		forged := slices.Clone(revocation)
		forged[made+1], forged[made+4], forged[len(forged)-1] = 0x68+byte(i%2)*2, byte(i), forged[len(forged)-1]^1
		all[i%2] = append(all[i%2], forged...)
	}
	ann, rita := designated(t, string(slices.Concat(data[:at], all[0], revocation, all[1], data[at+len(revocation):]))), designated(t, openpgptest.Rita)
	for name, c := range map[string]struct{ file, locked []trust.Key }{
		"the file has it": {[]trust.Key{ann, rita}, nil},
		"the lock has it": {[]trust.Key{rita}, []trust.Key{ann}},
	} {
		own := mustParse(t, twoImports)
		own.Keys = c.file
		imported := locked("b")
		imported.Keys = c.locked
		l := &trust.Lock{Imports: []trust.Locked{imported}}
		for round := range 3 {
			own.Settle(l)
			own = mustParse(t, string(own.Text()))
			if l, err = trust.ParseLock("lock", l.Text()); err != nil {
				t.Fatal(err)
			}
			if !own.Lost(l, openpgptest.AnnKey) {
				t.Fatalf("%s, %d: the revocation is lost", name, round)
			}
			if n := len(own.Text()) + len(l.Text()); n > 4000 {
				t.Errorf("%s, %d: %d bytes are kept", name, round, n)
			}
		}
	}
	k, err := trust.Merged(designated(t, openpgptest.Ann), ann, (&trust.File{Keys: []trust.Key{rita}}).Knows(nil))
	if err != nil || !k.Lost(nil) || len(k.Certificate.Armor()) > 1500 {
		t.Errorf("merged: %v, %d bytes", err, len(k.Certificate.Armor()))
	}
}
