package trust_test

import (
	"bytes"
	"encoding/hex"
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

// person is a key, with its certificate before and after it was given up as lost.
type person struct{ sound, lost trust.Key }

func somebody(t *testing.T) person {
	t.Helper()
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return day.AddDate(-1, 0, 0) }}
	e, err := pgp.NewEntity("Ann", "", "ann@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	read := func() trust.Key {
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
	p := person{sound: read()}
	if err := e.Revoke(packet.KeyCompromised, "stolen", config); err != nil {
		t.Fatal(err)
	}
	p.lost = read()
	return p
}

var demo = assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0"}

func joined(t *testing.T, own *trust.File, l *trust.Lock) []assay.Grant {
	t.Helper()
	store, err := trust.Join(own, l, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return store.For(demo)
}

// TestAuthorityIsLost has what an authority certified before its key was given up as lost:
// whoever has that key could have certified it as well.
func TestAuthorityIsLost(t *testing.T) {
	ann := somebody(t)
	text := strings.Replace(strings.Replace(twoImports, "agree = 2", "agree = 1", 1), strings.Repeat("3", 40), ann.sound.Fingerprint, 1)
	for name, c := range map[string]struct {
		own, locked trust.Key
		want        string
	}{
		"sound":            {ann.sound, ann.sound, ""},
		"lost by the file": {ann.lost, ann.sound, "openpgp:" + ann.sound.Fingerprint},
		"lost by the lock": {ann.sound, ann.lost, "openpgp:" + ann.sound.Fingerprint},
	} {
		own := mustParse(t, text)
		own.Keys = []trust.Key{c.own}
		imported := locked("b")
		imported.Keys = []trust.Key{c.locked}
		l := &trust.Lock{}
		l.Put(locked("a", keyFor("demo", oneKey, false)))
		l.Put(imported)
		if got := joined(t, own, l); len(got) != 1 || got[0].Withdrawn != c.want || !slices.Equal(got[0].CertifiedBy, []string{ann.sound.Fingerprint}) {
			t.Errorf("%s: %+v", name, got)
		}
		if g := keyFor("demo", oneKey, false); own.Agreed(l, g.Grant, "demo") != (c.want == "") {
			t.Errorf("%s: it is agreed: %v", name, c.want != "")
		}
	}
}

// TestAuthorityEnds has an authority whose end was moved ahead after the import.
func TestAuthorityEnds(t *testing.T) {
	own := mustParse(t, strings.Replace(strings.Replace(twoImports, "agree = 2", "agree = 1", 1), "2027-12-31", "2026-07-31", 1))
	l := &trust.Lock{}
	l.Put(locked("a", keyFor("demo", oneKey, false)))
	if got := joined(t, own, l); len(got) != 1 || got[0].Until.Format(time.DateOnly) != "2026-08-01" {
		t.Errorf("%+v", got)
	}
}

// TestOneVoiceTwice has imports that would agree with each other, and are one and the same
// authority, or the same list.
func TestOneVoiceTwice(t *testing.T) {
	for name, c := range map[string]struct {
		kind, sum string
		want      int
	}{
		"one authority": {"certified", strings.Repeat("cd", 32), 0},
		"one list":      {"grants", strings.Repeat("ab", 32), 0},
		"two lists":     {"grants", strings.Repeat("cd", 32), 1},
	} {
		text := strings.Replace(strings.Replace(twoImports, `kind = "web-of-trust"`, `kind = "`+c.kind+`"`, 1), "depth = 2\n", "", 1)
		if c.kind == "certified" {
			text = strings.Replace(text, `source = "/b"`, "source = \"/b\"\nauthority = \"psf\"", 1)
		} else {
			text = strings.Replace(strings.Replace(text, `kind = "certified"`, `kind = "grants"`, 1), "authority = \"psf\"\n", "", 1)
		}
		b := locked("b", keyFor("demo", oneKey, false))
		b.SHA256 = c.sum
		l := &trust.Lock{}
		l.Put(locked("a", keyFor("demo", oneKey, false)))
		l.Put(b)
		if got := joined(t, mustParse(t, text), l); len(got) != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestSweepKeepsRevocations takes a grant back of a key that was given up as lost, and of
// which an import has an older copy.
func TestSweepKeepsRevocations(t *testing.T) {
	ann := somebody(t)
	gone := []trust.Grant{keyFor("demo", ann.sound.Fingerprint, false)}
	imported := locked("b")
	imported.Keys = []trust.Key{ann.lost}
	for name, c := range map[string]struct {
		key  trust.Key
		lock *trust.Lock
		gone []trust.Grant
		want int
	}{
		"lost":                            {ann.lost, nil, gone, 1},
		"lost as the lock knows":          {ann.sound, &trust.Lock{Imports: []trust.Locked{imported}}, gone, 1},
		"sound":                           {ann.sound, &trust.Lock{}, gone, 0},
		"written without a grant":         {ann.sound, &trust.Lock{}, nil, 1},
		"the grant of another is removed": {ann.sound, &trust.Lock{}, []trust.Grant{keyFor("demo", oneKey, false)}, 1},
	} {
		f := &trust.File{Keys: []trust.Key{c.key}}
		if f.Sweep(c.lock, c.gone); len(f.Keys) != c.want {
			t.Errorf("%s: kept %+v", name, f.Keys)
		}
	}
}
