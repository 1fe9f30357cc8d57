package intercept

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

const (
	// seriesLife is how long a process that reads the bundle at its start can
	// work with it. issuerLife is how long one authority is valid, and issuerStep
	// the time from one to the next: what is issued has the difference at least.
	seriesLife = 24 * time.Hour
	issuerLife = 30 * time.Minute
	issuerStep = 20 * time.Minute
	// maxSeries is how many series are kept, and in the bundle.
	maxSeries = 8

	// settle is how long after the start the rest of a series is made, which takes
	// as long as a few dozen handshakes: most runs have ended. tendEvery is how often it is looked at later.
	settle    = 30 * time.Second
	tendEvery = time.Hour

	// clockSlack is how far back a certificate begins, backSlack how far back the
	// first of a series does: clocks are set right while a run goes on. leafMargin
	// is how long before its end a certificate is no longer used.
	clockSlack = 5 * time.Minute
	backSlack  = time.Hour
	leafMargin = 5 * time.Minute

	organization = "Assay (this machine, this run)"
)

var serverAuth = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}

// series is one root, which the bundle carries, and the authorities below it
// that issue certificates, one after the other:
//
//	root  "Assay run 1f0c…"       a day      its key is dropped half a minute after the start
//	├─ "… issuer 0"   00:00 to 00:30  ┐
//	├─ "… issuer 1"   00:15 to 00:50  ├ a key each
//	└─ "… issuer 2"   00:35 to 01:10  ┘
//	    └─ files.example.invalid      as long as its issuer at most
//
// So no key can sign for longer than minutes, and still a process that reads the
// bundle once works for a day. The same could be had by a bundle of some 70
// short-lived roots. But every process of the command would parse them all
// (OpenSSL 3.0 takes 0.3 ms for each, in every context that it makes), and
// verifiers that take from a root only its name, key and constraints (rustls)
// would never see it expire. Nobody passes over the dates of an issuer.
//
// The first issuer is made with the root, the others when the run has gone on for
// a while.
type series struct {
	root    *x509.Certificate
	name    string
	key     *ecdsa.PrivateKey // the root's, until the other issuers are made
	start   time.Time
	until   time.Time // when the last issuer ends
	issuers []issuer
}

// issuer is an authority that issues certificates.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	from time.Time // when its turn begins
}

// newSeries makes a root and its first issuer.
func newSeries(scope scopeOfNames, now time.Time) (*series, error) {
	key, id, err := newKey()
	if err != nil {
		return nil, err
	}
	s := &series{key: key, start: now, until: now.Add(seriesLife).Add(issuerLife - issuerStep)}
	// The name tells runs apart: roots of several may meet in one bundle.
	s.name = fmt.Sprintf("Assay run %x", id[:6])
	t, err := authority(s.name, scope)
	if err != nil {
		return nil, err
	}
	t.NotBefore, t.NotAfter = now.Add(-backSlack), s.until
	t.MaxPathLen = 1
	t.SubjectKeyId, t.AuthorityKeyId = id, id
	if s.root, err = sign(t, t, &key.PublicKey, key); err != nil {
		return nil, err
	}
	first, err := s.issuer(0, key, scope)
	if err != nil {
		return nil, err
	}
	s.issuers = []issuer{first}
	return s, nil
}

// rest makes the issuers that are missing.
func (s *series) rest(key *ecdsa.PrivateKey, scope scopeOfNames) ([]issuer, error) {
	var out []issuer
	for n := 1; time.Duration(n)*issuerStep < seriesLife; n++ {
		i, err := s.issuer(n, key, scope)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

// issuer makes the issuer whose turn is the n-th, with the root's key.
func (s *series) issuer(n int, root *ecdsa.PrivateKey, scope scopeOfNames) (issuer, error) {
	key, id, err := newKey()
	if err != nil {
		return issuer{}, err
	}
	t, err := authority(fmt.Sprintf("%s issuer %d", s.name, n), scope)
	if err != nil {
		return issuer{}, err
	}
	start, slack := s.start.Add(time.Duration(n)*issuerStep), clockSlack
	if n == 0 {
		slack = backSlack
	}
	t.NotBefore, t.NotAfter = start.Add(-slack), start.Add(issuerLife)
	t.MaxPathLenZero = true
	t.SubjectKeyId, t.AuthorityKeyId = id, s.root.SubjectKeyId
	cert, err := sign(t, s.root, &key.PublicKey, root)
	if err != nil {
		return issuer{}, err
	}
	if n == 0 {
		start = t.NotBefore
	}
	return issuer{cert: cert, key: key, from: start}, nil
}

// at returns the issuer of the latest turn that has begun, if it is valid for
// long enough; nil if there is none.
func (s *series) at(now time.Time) *issuer {
	for n := len(s.issuers) - 1; n >= 0; n-- {
		if i := &s.issuers[n]; !now.Before(i.from) {
			if now.Before(i.cert.NotAfter.Add(-leafMargin)) {
				return i
			}
			return nil
		}
	}
	return nil
}

// authority is what the certificates of all authorities have in common. Go marks
// basicConstraints and keyUsage critical, and strict verifiers (Python 3.13 and
// later) want both, as they want the key identifiers (RFC 5280, 4.2.1).
func authority(name string, scope scopeOfNames) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name, Organization: []string{organization}},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
		ExtKeyUsage:           serverAuth,
	}
	scope.constrain(t)
	return t, nil
}

func sign(t, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("making an authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making an authority's certificate: %w", err)
	}
	return cert, nil
}

func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	return n.Add(n, big.NewInt(1)), nil
}

// newKey makes a key and its identifier, a truncated SHA-256 (RFC 7093).
func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("naming a key: %w", err)
	}
	sum := sha256.Sum256(der)
	return key, sum[:20], nil
}
