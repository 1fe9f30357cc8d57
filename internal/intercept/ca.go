package intercept

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// ErrHost says that something is neither a DNS name nor an IP address.
var ErrHost = errors.New("not a host name")

// CA is a certificate authority for one run. Its key exists in memory only.
// It is safe for concurrent use.
type CA struct {
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
	leafKey *ecdsa.PrivateKey
	leafID  []byte
	now     func() time.Time

	mu     sync.Mutex
	leaves map[string]leaf
}

type leaf struct {
	config *tls.Config
	until  time.Time
}

// NewCA makes an authority that is valid for life (a day where life is 0).
func NewCA(life time.Duration) (*CA, error) { return newCA(life, time.Now) }

func newCA(life time.Duration, now func() time.Time) (*CA, error) {
	if life <= 0 {
		life = caLife
	}
	ca := &CA{now: now, leaves: map[string]leaf{}}
	var err error
	if ca.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("making the authority's key: %w", err)
	}
	if ca.leafKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("making the certificates' key: %w", err)
	}
	if ca.leafID, err = keyID(&ca.leafKey.PublicKey); err != nil {
		return nil, err
	}
	template, err := ca.template(life)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &ca.key.PublicKey, ca.key)
	if err != nil {
		return nil, fmt.Errorf("making the authority's certificate: %w", err)
	}
	if ca.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("making the authority's certificate: %w", err)
	}
	return ca, nil
}

// template is the authority's certificate. Go marks basicConstraints and
// keyUsage critical, and strict verifiers (Python 3.13 and later) want both, as
// they want the subject and the authority key identifier (RFC 5280, 4.2.1). Name
// constraints would be set here.
func (ca *CA) template(life time.Duration) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	id, err := keyID(&ca.key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		// The name tells runs apart: authorities of two runs may meet in one bundle.
		Subject:               pkix.Name{CommonName: fmt.Sprintf("Assay run %x", id[:6]), Organization: []string{"Assay (this machine, this run)"}},
		NotBefore:             ca.now().Add(-clockSlack),
		NotAfter:              ca.now().Add(life),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SubjectKeyId:          id,
		AuthorityKeyId:        id,
	}, nil
}

// Certificate returns the authority's certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// Bundle returns PEM for a child to trust: the person's own roots, and ours
// behind them. With ours alone everything that is not intercepted would break.
func (ca *CA) Bundle(roots []byte) []byte {
	var b bytes.Buffer
	b.Write(roots)
	if n := len(roots); n > 0 && roots[n-1] != '\n' {
		b.WriteByte('\n')
	}
	b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}))
	return b.Bytes()
}

// config returns how to serve TLS as host, a DNS name or an IP address.
func (ca *CA) config(host string) (*tls.Config, error) {
	host = strings.ToLower(host)
	ca.mu.Lock()
	defer ca.mu.Unlock()
	now := ca.now()
	if l, ok := ca.leaves[host]; ok && now.Before(l.until) {
		return l.config, nil
	}
	cert, err := ca.issue(host, now)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{
		Certificates: []tls.Certificate{*cert},
		NextProtos:   []string{"http/1.1"},
		MinVersion:   tls.VersionTLS12,
		// Bodies are what most records carry: small first records only cost.
		DynamicRecordSizingDisabled: true,
	}
	if len(ca.leaves) >= maxLeaves {
		clear(ca.leaves)
	}
	ca.leaves[host] = leaf{config: c, until: cert.Leaf.NotAfter.Add(-clockSlack)}
	return c, nil
}

func (ca *CA) issue(host string, now time.Time) (*tls.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"Assay (this machine, this run)"}},
		NotBefore:             now.Add(-clockSlack),
		NotAfter:              now.Add(leafLife),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		SubjectKeyId:          ca.leafID,
		AuthorityKeyId:        ca.cert.SubjectKeyId,
	}
	if t.NotAfter.After(ca.cert.NotAfter) {
		t.NotAfter = ca.cert.NotAfter
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Zone() == "" {
		t.IPAddresses = append(t.IPAddresses, addr.Unmap().AsSlice())
	} else if isDNSName(host) {
		t.DNSNames = []string{host}
	} else {
		return nil, fmt.Errorf("%w: %q", ErrHost, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca.cert, &ca.leafKey.PublicKey, ca.key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %s: %w", host, err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %s: %w", host, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, ca.cert.Raw}, PrivateKey: ca.leafKey, Leaf: parsed}, nil
}

// isDNSName reports whether host is a DNS name in lower case (RFC 1123, with
// the underscore that some hosts carry).
func isDNSName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	return n.Add(n, big.NewInt(1)), nil
}

// keyID is a key identifier: a truncated SHA-256 of the key (RFC 7093).
func keyID(k *ecdsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return nil, fmt.Errorf("naming a key: %w", err)
	}
	sum := sha256.Sum256(der)
	return sum[:20], nil
}
