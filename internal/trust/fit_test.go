package trust_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/trust"
)

// large returns a key whose certificate has so many user ids of so many bytes each.
func large(t *testing.T, ids, size int, lost bool) trust.Key {
	t.Helper()
	config := pgpConfig()
	e, err := pgp.NewEntity("Ann", "", "ann@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	for i := range ids {
		if err := e.AddUserId(fmt.Sprintf("%d %s", i, strings.Repeat("x", size)), "", "", config); err != nil {
			t.Fatal(err)
		}
	}
	if lost {
		if err := e.Revoke(packet.KeyCompromised, "stolen", config); err != nil {
			t.Fatal(err)
		}
	}
	return keyOf(t, e)
}

func pgpConfig() *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return day.AddDate(-1, 0, 0) }}
}

func keyOf(t *testing.T, e *pgp.Entity) trust.Key {
	t.Helper()
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	certs, err := openpgp.ReadCertificates(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: string(certs[0].Fingerprint()), Certificate: certs[0]}
}

// TestFit has certificates that are too large to be read again.
func TestFit(t *testing.T) {
	sound, big, gone := large(t, 1, 10, false), large(t, 20, 4000, false), large(t, 20, 4000, true)
	if k, err := trust.Fit(sound, nil); err != nil || k.Certificate != sound.Certificate {
		t.Errorf("%v", err)
	}
	_, err := trust.Fit(big, nil)
	if want := fmt.Sprintf("the certificate of %s has %d bytes without what others have certified, and at most 65536 are kept", big.Fingerprint, len(big.Certificate.Armor())); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	k, err := trust.Fit(gone, nil)
	if err != nil || !k.Lost(nil) || len(k.Certificate.Armor()) > 2000 {
		t.Errorf("what is lost is not kept: %v", err)
	}
	own := &trust.File{Agree: 1}
	if err := own.Take(big, nil); err == nil || len(own.Keys) != 0 {
		t.Errorf("taken: %v", err)
	}
	if err := own.Take(gone, nil); err != nil || len(own.Keys) != 1 {
		t.Errorf("not taken: %v", err)
	}
}

// TestMerged joins what is known of a key with what comes of it by now.
func TestMerged(t *testing.T) {
	config := pgpConfig()
	e, err := pgp.NewEntity("Ann", "", "ann@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	grow := func(name string, n int) trust.Key {
		for i := range n {
			if err := e.AddUserId(fmt.Sprintf("%s %d %s", name, i, strings.Repeat("x", 3000)), "", "", config); err != nil {
				t.Fatal(err)
			}
		}
		k := keyOf(t, e)
		e.Identities = map[string]*pgp.Identity{}
		return k
	}
	a, b := grow("a", 11), grow("b", 11)
	if _, err := trust.Merged(a, b, nil); err == nil || !strings.HasPrefix(err.Error(), "the certificate of "+a.Fingerprint+" has ") {
		t.Errorf("got %v", err)
	}
	if err := e.Revoke(packet.KeyCompromised, "stolen", config); err != nil {
		t.Fatal(err)
	}
	gone := grow("c", 11)
	for _, pair := range [][2]trust.Key{{a, gone}, {gone, a}} {
		if k, err := trust.Merged(pair[0], pair[1], nil); err != nil || !k.Lost(nil) {
			t.Errorf("what is lost is not kept: %v", err)
		}
	}
}

// TestTooMuchForOneKey has two imports whose copies of one certificate come to more than is
// looked at: what that key signs is refused, and the others count.
func TestTooMuchForOneKey(t *testing.T) {
	config := pgpConfig()
	e, err := pgp.NewEntity("Ann", "", "ann@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	copyOf := func(name string) *openpgp.Certificate {
		e.Identities = map[string]*pgp.Identity{}
		for i := range 200 {
			if err := e.AddUserId(fmt.Sprint(name, i), "", "", config); err != nil {
				t.Fatal(err)
			}
		}
		return keyOf(t, e).Certificate
	}
	a, b, other := copyOf("a"), copyOf("b"), somebody(t).sound
	one := trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: string(a.Fingerprint()), Certificate: a}
	two := one
	two.Certificate = b
	own := mustParse(t, twoImports)
	l := &trust.Lock{Imports: []trust.Locked{locked("a"), locked("b")}}
	l.Imports[0].Keys, l.Imports[1].Keys = []trust.Key{one, other}, []trust.Key{two}
	store, err := trust.Join(own, l, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(store.OpenPGP(one.Fingerprint)); n != 2 {
		t.Errorf("%d copies, which a verifier cannot join", n)
	}
	if n := len(store.OpenPGP(other.Fingerprint)); n != 1 {
		t.Errorf("%d copies of the other key", n)
	}
}

// TestWhatIsTakenIsRead takes whatever imports may come to: the lock is read again each time,
// with what it had before and with what it has taken.
func TestWhatIsTakenIsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var keys []trust.Key
	for _, c := range []struct {
		ids, size int
		lost      bool
	}{{1, 1, false}, {3, 3000, false}, {15, 3000, false}, {20, 4000, false}, {20, 4000, true}, {100, 20, true}} {
		keys = append(keys, large(t, c.ids, c.size, c.lost))
	}
	texts := []string{"a note", "", strings.Repeat("x", 501), "a \x1b[2K line", "two\nlines", `"\\"`, "\ufffd", "\u202e", strings.Repeat("é", 250)}
	l := &trust.Lock{Name: "assay-imports.lock"}
	const rounds = 50
	taken := 0
	for round := range rounds {
		now := locked(fmt.Sprint("import", r.IntN(25)))
		for i := range r.IntN(30) {
			g := keyFor(fmt.Sprint("demo", i), keys[r.IntN(len(keys))].Fingerprint, r.IntN(5) == 0)
			g.Reason = texts[min(r.IntN(60), r.IntN(len(texts)))]
			if r.IntN(20) == 0 {
				g.Signatures = slices.Repeat([]string{"https://downloads.example/{filename}.asc"}, r.IntN(12))
			}
			now.Grants = append(now.Grants, g)
		}
		if round%20 == 19 {
			now.Grants = slices.Repeat(now.Grants, 400)
		}
		for i, k := range keys {
			if r.IntN(3) == 0 {
				if r.IntN(10) == 0 {
					k.Source = "https://keys.example/" + strings.Repeat("a", r.IntN(700))
				}
				if fit, err := trust.Fit(k, nil); err == nil || r.IntN(30) == 0 {
					now.Keys = append(now.Keys, map[bool]trust.Key{true: fit, false: keys[i]}[err == nil])
				}
			}
		}
		before := string(l.Text())
		err := l.Take(now)
		text := l.Text()
		again, bad := trust.ParseLock(l.Name, text)
		if bad != nil {
			t.Fatalf("round %d: what was taken (%v) cannot be read again: %v", round, err, bad)
		}
		if string(again.Text()) != string(text) {
			t.Fatalf("round %d: it is read as something else", round)
		}
		if err != nil && string(text) != before {
			t.Fatalf("round %d: %v, and the lock is another one", round, err)
		}
		if err == nil {
			taken++
		}
	}
	if taken < rounds/10 || taken == rounds {
		t.Errorf("taken: %d of %d", taken, rounds)
	}
}

// TestTakeRevocations has a lock that an import has filled, up to what is taken and up to what
// is read: that a key of another import was given up is taken all the same, and nothing else is.
func TestTakeRevocations(t *testing.T) {
	ann, bob, eve := somebody(t), somebody(t), somebody(t)
	before := locked("b", keyFor("demo", ann.sound.Fingerprint, false))
	before.Keys = []trust.Key{ann.sound, bob.sound}
	for name, c := range map[string]struct {
		room int // in the lock
		want bool
	}{"as much as is taken": {64 << 10, true}, "as much as is read": {100, false}} {
		l := &trust.Lock{Name: "lock", Imports: []trust.Locked{before, locked("big")}}
		big := &l.Imports[1]
		for i := 0; len(l.Text()) < trust.MaxFile-c.room-2000; i++ {
			g := keyFor(fmt.Sprint("demo", i), oneKey, false)
			g.Reason = strings.Repeat("x", 450)
			for range min(100, (trust.MaxFile-c.room-2000-len(l.Text()))/1000+1) {
				g.Project += "x"
				big.Grants = append(big.Grants, g)
			}
		}
		for i := 0; trust.MaxFile-len(l.Text()) > c.room; i++ {
			big.Grants[i].Reason += strings.Repeat("y", min(50, trust.MaxFile-len(l.Text())-c.room))
		}
		now := before
		now.Keys = []trust.Key{ann.lost, bob.sound, eve.lost}
		if err := l.Take(now); err == nil || !strings.Contains(err.Error(), "all imports together would have ") {
			t.Fatalf("%s: %v", name, err)
		}
		known := (&trust.File{Keys: []trust.Key{eve.sound}}).Knows(l)
		if all := l.TakeRevocations(before, now.Keys, known); all != c.want {
			t.Errorf("%s: all: %v", name, all)
		}
		again, err := trust.ParseLock("lock", l.Text())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f := &trust.File{}
		if !f.Lost(again, ann.sound.Fingerprint) || f.Lost(again, bob.sound.Fingerprint) || f.Lost(again, eve.sound.Fingerprint) != c.want {
			t.Errorf("%s: lost: %v, %v, %v", name, f.Lost(again, ann.sound.Fingerprint), f.Lost(again, bob.sound.Fingerprint), f.Lost(again, eve.sound.Fingerprint))
		}
		if got, _ := again.Find("b"); len(got.Grants) != 1 || got.Grants[0].Grant.Key != ann.sound.Fingerprint {
			t.Errorf("%s: it grants %+v", name, got.Grants)
		}
	}
	l := &trust.Lock{Imports: []trust.Locked{before}}
	if all := l.TakeRevocations(before, []trust.Key{eve.lost}, nil); !all || (&trust.File{}).Lost(l, eve.lost.Fingerprint) {
		t.Error("the lock fills with keys that nobody knows")
	}
}

// TestMergedSubkey has a certificate that is too large by now, of which a subkey was revoked:
// that is kept with what is known, and the error says that the rest is not.
func TestMergedSubkey(t *testing.T) {
	config := pgpConfig()
	e, err := pgp.NewEntity("Ann", "", "ann@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.AddSigningSubkey(config); err != nil {
		t.Fatal(err)
	}
	before := keyOf(t, e)
	signing := &e.Subkeys[len(e.Subkeys)-1]
	if err := signing.Revoke(packet.KeyCompromised, "stolen", config); err != nil {
		t.Fatal(err)
	}
	for i := range 25 {
		if err := e.AddUserId(fmt.Sprint(i, strings.Repeat("x", 3000)), "", "", config); err != nil {
			t.Fatal(err)
		}
	}
	k, err := trust.Merged(before, keyOf(t, e), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "the certificate of "+before.Fingerprint+" has ") {
		t.Errorf("got %v", err)
	}
	fit, err := trust.Fit(k, nil)
	if err != nil {
		t.Fatal(err)
	}
	revoked := fit.Certificate.RevokedSubkeys()
	if r := revoked[openpgp.Fingerprint(strings.ToUpper(hex.EncodeToString(signing.PublicKey.Fingerprint)))]; len(revoked) != 1 || !r.Hard || len(fit.Certificate.UserIDs()) != 1 {
		t.Errorf("kept %v", revoked)
	}
}
