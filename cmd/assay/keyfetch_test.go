package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
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

// madeKey makes a key that lasts so long, or for ever.
func madeKey(t *testing.T, lifetime time.Duration) (*pgp.Entity, *openpgp.Certificate) {
	t.Helper()
	made := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	e, err := pgp.NewEntity("Ann", "", "ann@example.invalid", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: uint32(lifetime / time.Second),
		Time: func() time.Time { return made }})
	if err != nil {
		t.Fatal(err)
	}
	return e, read(t, e)
}

func read(t *testing.T, e *pgp.Entity) *openpgp.Certificate {
	t.Helper()
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	certs, err := openpgp.ReadCertificates(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return certs[0]
}

func TestFetchKey(t *testing.T) {
	_, cert := madeKey(t, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ann.asc" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write(cert.Armor())
	}))
	defer server.Close()
	a, home, _ := trustApp(t)
	a.env = append(a.env, "PIP_CONFIG_FILE="+os.DevNull, "UV_NO_CONFIG=1", "HOME="+home)
	path := filepath.Join(home, "ann.asc")
	if err := os.WriteFile(path, cert.Armor(), 0o600); err != nil {
		t.Fatal(err)
	}
	var g trust.Grant
	g.Kind, g.Key = assay.GrantOpenPGP, string(cert.Fingerprint())
	for source, want := range map[string]string{
		server.URL + "/ann.asc": server.URL + "/ann.asc",
		"ann.asc":               "file://" + filepath.ToSlash(path),
		"file://" + path:        "file://" + filepath.ToSlash(path),
	} {
		k, err := a.fetchKey(t.Context(), g, source)
		if err != nil || k.Source != want || k.Certificate.Fingerprint() != cert.Fingerprint() {
			t.Errorf("%s: %+v, %v", source, k, err)
		}
	}
	g.Key = strings.Repeat("AB", 20)
	for source, want := range map[string]string{
		server.URL + "/ann.asc":               server.URL + "/ann.asc has no key " + g.Key,
		server.URL + "/bob.asc":               "the key's source: " + server.URL + "/bob.asc answered 404 Not Found",
		"http://keys.example.invalid/":        "the key's source: http://keys.example.invalid/ is not an https URL",
		"https://ann:pw@keys.example.invalid": "a source of keys is anybody's: it takes no credentials",
		"bob.asc":                             filepath.Join(home, "bob.asc") + ": no such file or directory",
	} {
		if _, err := a.fetchKey(t.Context(), g, source); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestNoteGrant(t *testing.T) {
	a, _, _ := trustApp(t)
	out := &strings.Builder{}
	a.stdout, a.env = out, append(a.env, "USER=ann")
	g := granted("demo")
	if err := a.noteGrant(t.Context(), g, "granted"); err != nil {
		t.Fatal(err)
	}
	g.Project, g.Until = "*", time.Time{}
	if err := a.noteGrant(t.Context(), g, "denied"); err != nil {
		t.Fatal(err)
	}
	if status := a.run([]string{"trust", "history"}); status != 0 {
		t.Fatalf("status %d", status)
	}
	key := "openpgp:" + strings.Repeat("AB", 20)
	want := "1  NOW  grant   demo  " + key + " granted until 2029-12-31, trust.toml, by ann: a test\n" +
		"2  NOW  grant   *  " + key + " denied, trust.toml, by ann: a test\n"
	if got := stable(out.String()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestKeyNews(t *testing.T) {
	forever, cert := madeKey(t, 0)
	for i, reason := range []packet.ReasonForRevocation{packet.KeySuperseded, packet.KeyCompromised} {
		before := read(t, forever)
		if err := forever.Revoke(reason, "gone\x1b", &packet.Config{Time: func() time.Time { return time.Date(2026, 2+time.Month(i), 1, 12, 0, 0, 0, time.UTC) }}); err != nil {
			t.Fatal(err)
		}
		want := []string{`was superseded on 2026-02-01 ("gone\x1b"): what it signed before counts`, `was given up as lost on 2026-03-01 ("gone\x1b"): nothing that it signed counts any more`}[i]
		if got := strings.Join(keyNews(before, read(t, forever)), "; "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := keyNews(read(t, forever), read(t, forever)); len(got) != 0 {
			t.Errorf("news of the same: %s", got)
		}
	}
	at := func(month time.Month) *packet.Config {
		return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return time.Date(2026, month, 1, 12, 0, 0, 0, time.UTC) }}
	}
	signer, _ := madeKey(t, 0)
	if err := signer.AddSigningSubkey(at(1)); err != nil {
		t.Fatal(err)
	}
	sub := &signer.Subkeys[len(signer.Subkeys)-1]
	name := fmt.Sprintf("%X", sub.PublicKey.Fingerprint)
	for i, reason := range []packet.ReasonForRevocation{packet.KeySuperseded, packet.KeyCompromised} {
		before := read(t, signer)
		sub.Revocations = nil
		if err := sub.Revoke(reason, "gone\x1b", at(2+time.Month(i))); err != nil {
			t.Fatal(err)
		}
		want := []string{"superseded its subkey " + name + ` on 2026-02-01 ("gone\x1b"): what the subkey signed before counts`,
			"gave its subkey " + name + ` up as lost on 2026-03-01 ("gone\x1b"): nothing that the subkey signed counts any more`}[i]
		if got := strings.Join(keyNews(before, read(t, signer)), "; "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	_, month := madeKey(t, 30*24*time.Hour)
	_, year := madeKey(t, 365*24*time.Hour)
	for want, pair := range map[string][2]*openpgp.Certificate{
		"expires on 2026-01-31 by now, and did not before":          {cert, month},
		"expires on 2027-01-01 by now, and no longer on 2026-01-31": {month, year},
		"does not expire any more, and would have on 2026-01-31":    {month, cert},
	} {
		if got := strings.Join(keyNews(pair[0], pair[1]), "; "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestShellQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"https://keys.example.invalid/a.asc": "https://keys.example.invalid/a.asc",
		"https://x.invalid/?a=1&b=2":         "'https://x.invalid/?a=1&b=2'",
		"it's; rm -rf /":                     `'it'\''s; rm -rf /'`,
	} {
		if got := shellQuoted(text); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
