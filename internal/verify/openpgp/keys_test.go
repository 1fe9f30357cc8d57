package openpgp

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/eddsa"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay"
	"assay/internal/openpgp"
)

// The times of the tests: keys are made at born and sign at signed.
var (
	born   = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	signed = time.Date(2025, 2, 3, 4, 5, 6, 0, time.UTC)
)

const (
	filename = "demo-1.0.tar.gz"
	data     = "the bytes of the file"
	day      = 24 * time.Hour
)

// at is a configuration at a time.
func at(t time.Time, version int) *packet.Config {
	c := &packet.Config{Time: func() time.Time { return t }, Algorithm: packet.PubKeyAlgoEdDSA, DefaultHash: crypto.SHA256}
	if version == 6 {
		c.V6Keys, c.Algorithm = true, packet.PubKeyAlgoEd25519
	}
	return c
}

// person has a certificate.
type person struct{ *pgp.Entity }

// newPerson makes a key of version 4 or 6 that ends after life; 0 for never.
func newPerson(tb testing.TB, name string, version int, life time.Duration) person {
	tb.Helper()
	c := at(born, version)
	c.KeyLifetimeSecs = uint32(life / time.Second)
	e, err := pgp.NewEntity(name, "", strings.ToLower(name)+"@example.com", c)
	if err != nil {
		tb.Fatal(err)
	}
	return person{e}
}

// certificate is what others have of the person.
func (p person) certificate(tb testing.TB) *openpgp.Certificate {
	tb.Helper()
	var b bytes.Buffer
	if err := p.Serialize(&b); err != nil {
		tb.Fatal(err)
	}
	certs, err := openpgp.ReadCertificates(b.Bytes())
	if err != nil {
		tb.Fatal(err)
	}
	return certs[0]
}

func (p person) name() string { return fmt.Sprintf("%X", p.PrimaryKey.Fingerprint) }

// how says how a signature is made; the zero value is as it should be.
type how struct {
	over string // what is signed, instead of data
	at   time.Time
	hash crypto.Hash
	key  *packet.PrivateKey // instead of the primary one
	kind packet.SignatureType
}

// sign makes one detached signature, as a packet.
func (p person) sign(tb testing.TB, h how) []byte {
	tb.Helper()
	key := p.PrivateKey
	if h.key != nil {
		key = h.key
	}
	if h.over == "" {
		h.over = data
	}
	if h.at.IsZero() {
		h.at = signed
	}
	if h.hash == 0 {
		h.hash = crypto.SHA256
	}
	s := &packet.Signature{Version: key.Version, SigType: h.kind, PubKeyAlgo: key.PubKeyAlgo, Hash: h.hash, CreationTime: h.at}
	config := at(h.at, key.Version)
	state, err := s.PrepareSign(config)
	if err != nil {
		tb.Fatal(err)
	}
	io.WriteString(state, h.over)
	if err := s.Sign(state, key, config); err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Serialize(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// signAs makes a signature that names whatever keys issuers say (subpackets), in ways in
// which no library does.
func (p person) signAs(tb testing.TB, hash crypto.Hash, issuers ...[]byte) []byte {
	tb.Helper()
	area := append(binary.BigEndian.AppendUint32([]byte{5, 2}, uint32(signed.Unix())), bytes.Join(issuers, nil)...)
	body := append([]byte{4, 0, 22, map[crypto.Hash]byte{crypto.SHA1: 2, crypto.SHA256: 8}[hash], 0, byte(len(area))}, area...)
	h := hash.New()
	io.WriteString(h, data)
	h.Write(binary.BigEndian.AppendUint32(append(slices.Clone(body), 4, 0xff), uint32(len(body))))
	sum := h.Sum(nil)
	r, s, err := eddsa.Sign(p.PrivateKey.PrivateKey.(*eddsa.PrivateKey), sum)
	if err != nil {
		tb.Fatal(err)
	}
	body = append(body, 0, 0, sum[0], sum[1])
	for _, n := range [][]byte{r, s} {
		body = append(append(body, 1, 0), n...)
	}
	return append([]byte{0xc2, byte(len(body))}, body...)
}

// byFingerprint and byID name a key.
func byFingerprint(p person) []byte { return append([]byte{22, 33, 4}, p.PrimaryKey.Fingerprint...) }
func byID(p person) []byte {
	return binary.BigEndian.AppendUint64([]byte{9, 16}, p.PrimaryKey.KeyId)
}

// armored puts signatures into one block.
func armored(tb testing.TB, packets ...[]byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, "PGP SIGNATURE", nil)
	if err != nil {
		tb.Fatal(err)
	}
	w.Write(bytes.Join(packets, nil))
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

// list makes a signed list of checksums.
func list(tb testing.TB, text string, by ...person) []byte {
	tb.Helper()
	var keys []*packet.PrivateKey
	for _, p := range by {
		keys = append(keys, p.PrivateKey)
	}
	var b bytes.Buffer
	w, err := clearsign.EncodeMulti(&b, keys, at(signed, 4))
	if err != nil {
		tb.Fatal(err)
	}
	io.WriteString(w, text)
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

// ring is a keyring of these certificates.
type ring []*openpgp.Certificate

func (r ring) OpenPGP(issuer string) []*openpgp.Certificate {
	var out []*openpgp.Certificate
	for _, c := range r {
		if issuer == "" || c.Owns(issuer) {
			out = append(out, c)
		}
	}
	return out
}

// asc is a material of detached signatures.
func asc(name string, data []byte) assay.Material {
	return assay.Material{Kind: assay.OpenPGPSignature, Name: name, Data: data}
}

func sums(data []byte) assay.Material {
	return assay.Material{Kind: assay.OpenPGPChecksums, Name: "SHA256SUMS.asc", Data: data}
}

// promised is the file with its SHA-256 promised, and these materials beside it.
func promised(m ...assay.Material) assay.Subject {
	d, _ := content(data).Digest("sha256")
	return assay.Subject{Artifact: assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0", Filename: filename,
		Digests: []assay.Digest{d}}, Materials: m}
}

// content is what bytes come to, with the states of these hashes.
func content(bytes string, states ...assay.Hashing) *assay.Content {
	h := assay.NewHasher(nil, states...)
	io.WriteString(h, bytes)
	c := h.Content()
	return &c
}

// read is the subject once its bytes were read, as the verifier wants them hashed.
func read(v *Verifier, s assay.Subject) assay.Subject {
	s.Content = content(data, v.Hashing(s)...)
	return s
}
