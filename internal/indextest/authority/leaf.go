package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	ct "github.com/google/certificate-transparency-go"
	cttls "github.com/google/certificate-transparency-go/tls"
)

// leafLifetime is how long a leaf is valid, as the public instance has it.
const leafLifetime = 10 * time.Minute

// oidSCTList is RFC 6962's extension for embedded timestamps.
var oidSCTList = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}

// newLeaf issues a signing certificate for the identity, valid from the time
// given, with an SCT in it.
func (a *Authority) newLeaf(id Identity, from time.Time, faults []Fault) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    from,
		NotAfter:     from.Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encoding the signing key: %w", err)
	}
	ski := sha256.Sum256(spki)
	template.SubjectKeyId = ski[:20]
	if err := id.describe(template); err != nil {
		return nil, err
	}
	pre, err := a.sign(template, key)
	if err != nil {
		return nil, err
	}
	if slices.Contains(faults, NoSCT) {
		return &issuer{pre, key}, nil
	}
	// A precertificate's entry is the certificate's to-be-signed part without
	// the SCT list (RFC 6962, section 3.2): just what has been signed above.
	tbs := pre.RawTBSCertificate
	if slices.Contains(faults, BadSCT) {
		tbs = slices.Clone(tbs)
		tbs[len(tbs)-1] ^= 1
	}
	list, err := a.sctList(tbs, from)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oidSCTList, Value: list})
	cert, err := a.sign(template, key)
	if err != nil {
		return nil, err
	}
	return &issuer{cert, key}, nil
}

func (a *Authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.fulcio.cert, &key.PublicKey, a.fulcio.key)
	if err != nil {
		return nil, fmt.Errorf("issuing the signing certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the signing certificate: %w", err)
	}
	return cert, nil
}

// sctList returns the value of the SCT extension for a precertificate's
// to-be-signed part.
func (a *Authority) sctList(tbs []byte, at time.Time) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(&a.ct.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encoding the certificate log's key: %w", err)
	}
	sct := ct.SignedCertificateTimestamp{
		SCTVersion: ct.V1,
		LogID:      ct.LogID{KeyID: sha256.Sum256(der)},
		Timestamp:  uint64(at.UnixMilli()),
	}
	input, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: ct.MerkleTreeLeaf{
		Version:  ct.V1,
		LeafType: ct.TimestampedEntryLeafType,
		TimestampedEntry: &ct.TimestampedEntry{
			Timestamp: sct.Timestamp,
			EntryType: ct.PrecertLogEntryType,
			PrecertEntry: &ct.PreCert{
				IssuerKeyHash:  sha256.Sum256(a.fulcio.cert.RawSubjectPublicKeyInfo),
				TBSCertificate: tbs,
			},
		},
	}})
	if err != nil {
		return nil, fmt.Errorf("encoding what the SCT signs: %w", err)
	}
	sum := sha256.Sum256(input)
	sig, err := a.ct.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing the SCT: %w", err)
	}
	sct.Signature = ct.DigitallySigned{
		Algorithm: cttls.SignatureAndHashAlgorithm{Hash: cttls.SHA256, Signature: cttls.ECDSA},
		Signature: sig,
	}
	raw, err := cttls.Marshal(sct)
	if err != nil {
		return nil, fmt.Errorf("encoding the SCT: %w", err)
	}
	// An opaque list of opaque timestamps, each with a length of two bytes.
	one := append([]byte{byte(len(raw) >> 8), byte(len(raw))}, raw...)
	list := append([]byte{byte(len(one) >> 8), byte(len(one))}, one...)
	value, err := asn1.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encoding the SCT list: %w", err)
	}
	return value, nil
}
