package keysource

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/ulikunitz/xz"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/trust"
)

// This file makes what the tests read: certificates and certifications by go-crypto,
// archives, and a fetcher that has documents by their places.

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func at(t time.Time) *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return t }}
}

// person makes a key, a year before noon.
func person(t testing.TB, name, address string) *pgp.Entity {
	t.Helper()
	e, err := pgp.NewEntity(name, "", address, at(noon.AddDate(-1, 0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func fingerprint(e *pgp.Entity) string {
	return strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint))
}

func packets(t testing.TB, list ...*pgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, e := range list {
		if err := e.Serialize(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func armored(t testing.TB, list ...*pgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, "PGP PUBLIC KEY BLOCK", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(packets(t, list...)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return append(b.Bytes(), '\n')
}

func certOf(t testing.TB, e *pgp.Entity) *openpgp.Certificate {
	t.Helper()
	certs, err := openpgp.ReadCertificates(packets(t, e))
	if err != nil {
		t.Fatal(err)
	}
	return certs[0]
}

// certify lets an authority certify a key's user ids, with a notation where it is named.
func certify(t testing.TB, e, by *pgp.Entity, when time.Time, lifetime time.Duration, notation, value string) {
	t.Helper()
	c := at(when)
	c.SigLifetimeSecs = uint32(lifetime / time.Second)
	if notation != "" {
		c.SignatureNotations = []*packet.Notation{{Name: notation, Value: []byte(value), IsHumanReadable: true}}
	}
	for id := range e.Identities {
		if err := e.SignIdentity(id, by, c); err != nil {
			t.Fatal(err)
		}
	}
}

func revoke(t testing.TB, e *pgp.Entity, reason packet.ReasonForRevocation, text string) {
	t.Helper()
	if err := e.Revoke(reason, text, at(noon.AddDate(0, -1, 0))); err != nil {
		t.Fatal(err)
	}
}

// library is a fetcher that has documents by their places.
type library map[string][]byte

func (l library) Fetch(_ context.Context, place string, limit int64) ([]byte, error) {
	data, ok := l[place]
	if !ok {
		return nil, fmt.Errorf("%s: %w", place, ErrNotFound)
	}
	return data[:min(int64(len(data)), limit+1)], nil
}

// member is a file of an archive.
type member struct {
	name, text string
	kind       byte
}

func tarball(t testing.TB, list ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range list {
		head := &tar.Header{Name: m.name, Size: int64(len(m.text)), Mode: 0o644, Typeflag: tar.TypeReg}
		if m.kind != 0 {
			head.Typeflag, head.Size, head.Linkname = m.kind, 0, m.text
		}
		if err := w.WriteHeader(head); err != nil {
			t.Fatal(err)
		}
		if m.kind == 0 {
			w.Write([]byte(m.text))
		}
	}
	w.Close()
	return b.Bytes()
}

func xzed(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// told renders a result: a line for each grant, and one for each remark.
func told(r Result) string {
	var b strings.Builder
	for _, g := range r.Locked.Grants {
		verb := "grant"
		if g.Denied {
			verb = "deny"
		}
		fmt.Fprintf(&b, "%s %s %s", verb, g.Project, g.Identity())
		if !g.Until.IsZero() {
			fmt.Fprintf(&b, " before %s", g.Until.Format(time.DateOnly))
		}
		for _, s := range g.Signatures {
			fmt.Fprintf(&b, " at %s", s)
		}
		fmt.Fprintf(&b, " (%s)\n", g.Reason)
	}
	for _, k := range r.Locked.Keys {
		fmt.Fprintf(&b, "key %s\n", k.Fingerprint)
	}
	for _, m := range r.Remarks {
		mark := "note"
		if m.Warning {
			mark = "warning"
		}
		fmt.Fprintf(&b, "%s %s\n", mark, m)
	}
	return b.String()
}

// outcome reads an import and renders what comes out, the error in place of all else.
func outcome(t testing.TB, f Fetcher, i trust.Import, own *trust.File) string {
	t.Helper()
	if i.Name == "" {
		i.Name = "list"
	}
	r, err := Read(context.Background(), f, Request{Import: i, Own: own, Now: noon})
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	// What comes out has to stand in a lock.
	l := &trust.Lock{}
	l.Put(r.Locked)
	if _, err := trust.ParseLock("assay-imports.lock", l.Text()); err != nil {
		t.Errorf("the lock cannot be read: %v\n%s", err, l.Text())
	}
	return told(r)
}

// hold compares texts, with names in place of fingerprints.
func hold(t *testing.T, got, want string, people map[string]*pgp.Entity) {
	t.Helper()
	for name, e := range people {
		got = strings.ReplaceAll(got, fingerprint(e), name)
	}
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func ownGrant(project string, e *pgp.Entity) trust.Grant {
	g := trust.Grant{Project: project}
	g.Kind, g.Key, g.From, g.Reason = assay.GrantOpenPGP, fingerprint(e), "local", "a test"
	g.Until = noon.AddDate(1, 0, 0)
	return g
}

func ownKey(t testing.TB, e *pgp.Entity) trust.Key {
	return trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: fingerprint(e), Certificate: certOf(t, e)}
}
