package signers

import (
	"strings"
	"testing"
	"time"

	"assay/internal/jws"
	"assay/internal/openpgp"
	"assay/internal/sshsig"
)

// TestSameNameSameKey: scripts compare fingerprints.
func TestSameNameSameKey(t *testing.T) {
	a, b := Named("jacob"), Named("jacob")
	one, err := a.Certificate(Published{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.Certificate(Published{})
	if err != nil || string(one) != string(two) {
		t.Errorf("two certificates of one name differ, %v", err)
	}
	certs, err := openpgp.ReadCertificates(one)
	if err != nil || len(certs) != 1 || string(certs[0].Fingerprint()) != a.Fingerprint() || certs[0].UserIDs()[0] != "Jacob <jacob@example.com>" {
		t.Fatalf("%v, %v", certs, err)
	}
	if a.Fingerprint() == Named("mallory").Fingerprint() {
		t.Error("two names have one key")
	}
	if key, err := sshsig.ParseKey(strings.TrimSpace(string(a.SSHPublic()))); err != nil || key.Fingerprint() != a.SSHFingerprint() {
		t.Errorf("the SSH key is %v, %v", key, err)
	}
	if _, err := jws.ParseKey(a.JWSKey()); err != nil {
		t.Error(err)
	}
}

func TestSignaturesHold(t *testing.T) {
	jacob := Named("jacob")
	armored, err := jacob.Certificate(Published{})
	if err != nil {
		t.Fatal(err)
	}
	certs, err := openpgp.ReadCertificates(armored)
	if err != nil {
		t.Fatal(err)
	}
	packet, err := jacob.Packet(strings.NewReader("data"), How{At: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	again, err := jacob.Packet(strings.NewReader("data"), How{At: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil || string(again) != string(packet) {
		t.Errorf("two signatures of one file differ, %v", err)
	}
	asc, err := Armor(packet)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := openpgp.ReadSignatures(asc)
	if err != nil || len(sigs) != 1 {
		t.Fatalf("%v, %v", sigs, err)
	}
	h := sigs[0].NewHash()
	h.Write([]byte("data"))
	if v, err := sigs[0].Verify(certs[0], h); err != nil || string(v.Signer) != jacob.Fingerprint() {
		t.Errorf("%+v, %v", v, err)
	}
	list, err := jacob.Clearsign("text\n", How{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := openpgp.ReadCleartext(list)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := text.Verify(text.Signatures[0], certs[0]); err != nil {
		t.Error(err)
	}
}

// TestPublished has what else a certificate may say.
func TestPublished(t *testing.T) {
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	old, err := Named("jacob").Certificate(Published{})
	if err != nil {
		t.Fatal(err)
	}
	olds, err := openpgp.ReadCertificates(old)
	if err != nil {
		t.Fatal(err)
	}
	armored, err := Named("natalia").Certificate(Published{CertifiedBy: []Signer{Named("jacob")}, Revoked: "compromised", At: at, Expires: at})
	if err != nil {
		t.Fatal(err)
	}
	certs, err := openpgp.ReadCertificates(armored)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := certs[0].Revoked(); !ok || !r.Hard {
		t.Errorf("revoked: %+v, %t", r, ok)
	}
	if end, ok := certs[0].Expires(); !ok || !end.Equal(at) {
		t.Errorf("ends %v, %t", end, ok)
	}
	if len(certs[0].CertifiedBy(olds[0])) != 1 {
		t.Error("jacob has not certified it")
	}
	if secret, err := Named("jacob").Certificate(Published{Secret: true}); err != nil || !strings.Contains(string(secret), "PRIVATE KEY") {
		t.Errorf("%.40s, %v", secret, err)
	}
	if _, err := Named("jacob").Certificate(Published{Revoked: "lost"}); err == nil {
		t.Error("a key is lost")
	}
}
