package authority

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// The validity of the authority's own certificates and keys. It is wide, so
// that a test may sign at any time it likes.
var (
	validFrom  = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	validUntil = time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC)
)

// The names under which the instance's services appear in its trusted root.
const (
	fulcioURI   = "https://fulcio.example.invalid"
	ctlogURI    = "https://ctfe.example.invalid/test"
	rekorV1Host = "rekor.example.invalid"
	rekorV2Host = "log-1.rekor.example.invalid"
	tsaURI      = "https://timestamp.example.invalid/api/v1/timestamp"
)

// Authority is one instance. It is safe for concurrent use.
type Authority struct {
	fulcioRoot, fulcio *issuer
	tsaRoot, tsa       *issuer
	ct                 *ecdsa.PrivateKey
	rekor1, rekor2     *log

	staging func() (*Authority, error)
}

// issuer is a certificate with its key.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes an instance with new keys.
func New() (*Authority, error) {
	a := &Authority{staging: sync.OnceValues(New)}
	var err error
	if a.fulcioRoot, err = newIssuer("sigstore", nil, caTemplate()); err != nil {
		return nil, err
	}
	intermediate := caTemplate()
	intermediate.MaxPathLenZero = true
	intermediate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	if a.fulcio, err = newIssuer("sigstore-intermediate", a.fulcioRoot, intermediate); err != nil {
		return nil, err
	}
	if a.tsaRoot, err = newIssuer("sigstore-tsa-selfsigned", nil, caTemplate()); err != nil {
		return nil, err
	}
	leaf, err := tsaTemplate()
	if err != nil {
		return nil, err
	}
	if a.tsa, err = newIssuer("sigstore-tsa", a.tsaRoot, leaf); err != nil {
		return nil, err
	}
	if a.ct, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("making the certificate log's key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the transparency log's key: %w", err)
	}
	if a.rekor1, err = newLog(rekorV1Host, key); err != nil {
		return nil, err
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the transparency log's key: %w", err)
	}
	a.rekor2, err = newLog(rekorV2Host, edKey)
	return a, err
}

// Staging returns a second instance that this one's trusted root knows nothing
// of, as the public staging instance is to the production one. Its material is
// good under its own trusted root.
func (a *Authority) Staging() (*Authority, error) { return a.staging() }

func caTemplate() *x509.Certificate {
	return &x509.Certificate{
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}

// tsaTemplate is a timestamping leaf. RFC 3161 wants its extended key usage
// critical, which crypto/x509 does not write by itself.
func tsaTemplate() (*x509.Certificate, error) {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return nil, fmt.Errorf("encoding the key usage: %w", err)
	}
	return &x509.Certificate{
		KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage},
		},
	}, nil
}

// newIssuer makes a P-384 key and its certificate from a template; a nil parent
// signs itself.
func newIssuer(name string, parent *issuer, template *x509.Certificate) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of %s: %w", name, err)
	}
	if template.SerialNumber, err = newSerial(); err != nil {
		return nil, err
	}
	template.Subject = pkix.Name{Organization: []string{"sigstore.example.invalid"}, CommonName: name}
	template.NotBefore, template.NotAfter = validFrom, validUntil
	parentCert, parentKey := template, key
	if parent != nil {
		parentCert, parentKey = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parentCert, &key.PublicKey, parentKey)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %s: %w", name, err)
	}
	return &issuer{cert: cert, key: key}, nil
}

func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 158))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	return n, nil
}

// TrustedRootJSON returns what a client must trust to accept this instance's
// material, as a Sigstore trusted root, version 0.1.
func (a *Authority) TrustedRootJSON() ([]byte, error) {
	ct, err := logInstance(ctlogURI, &a.ct.PublicKey, "PKIX_ECDSA_P256_SHA_256", nil)
	if err != nil {
		return nil, err
	}
	rekor1, err := logInstance("https://"+rekorV1Host, a.rekor1.signer.Public(), "PKIX_ECDSA_P256_SHA_256", a.rekor1.id)
	if err != nil {
		return nil, err
	}
	rekor2, err := logInstance("https://"+rekorV2Host, a.rekor2.signer.Public(), "PKIX_ED25519", a.rekor2.id)
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(map[string]any{
		"mediaType":              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"tlogs":                  []any{rekor1, rekor2},
		"certificateAuthorities": []any{caInstance(fulcioURI, a.fulcio, a.fulcioRoot)},
		"ctlogs":                 []any{ct},
		"timestampAuthorities":   []any{caInstance(tsaURI, a.tsa, a.tsaRoot)},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the trusted root: %w", err)
	}
	return append(out, '\n'), nil
}

// logInstance describes a log. Its id is the SHA-256 of its public key unless
// given (Rekor v2 derives it from the checkpoint's key name too).
func logInstance(uri string, key any, details string, id []byte) (map[string]any, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key of %s: %w", uri, err)
	}
	if id == nil {
		sum := sha256.Sum256(der)
		id = sum[:]
	}
	return map[string]any{
		"baseUrl":       uri,
		"hashAlgorithm": "SHA2_256",
		"publicKey": map[string]any{
			"rawBytes": der, "keyDetails": details, "validFor": validFor(),
		},
		"logId": map[string]any{"keyId": id},
	}, nil
}

func caInstance(uri string, chain ...*issuer) map[string]any {
	var certs []any
	for _, c := range chain {
		certs = append(certs, map[string]any{"rawBytes": c.cert.Raw})
	}
	root := chain[len(chain)-1].cert.Subject
	return map[string]any{
		"subject":   map[string]any{"organization": root.Organization[0], "commonName": root.CommonName},
		"uri":       uri,
		"certChain": map[string]any{"certificates": certs},
		"validFor":  validFor(),
	}
}

func validFor() map[string]any {
	return map[string]any{"start": validFrom.Format(time.RFC3339)}
}
