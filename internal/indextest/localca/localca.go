// Package localca is a small certificate authority for test servers: it lives
// in memory, for a week, and issues certificates for servers and for clients.
//
//	ca, err := localca.New()
//	pair, err := ca.Server("index.test", "127.0.0.1") // for a tls.Config
//	both, err := ca.Client("alice")                   // PEM: certificate and key
//	os.WriteFile("ca.pem", ca.PEM(), 0o600)           // what clients trust
//
// Certificates carry what Python 3.13 asks for: critical basic constraints and
// key usage, subject and authority key identifiers.
package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"sync/atomic"
	"time"
)

// life is how long certificates are valid.
const life = 7 * 24 * time.Hour

// Authority issues certificates. It is safe for concurrent use.
type Authority struct {
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	serial atomic.Int64
}

// New makes an authority with a key of its own.
func New() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	from := time.Now().Add(-time.Hour)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "indextest authority"},
		NotBefore: from, NotAfter: from.Add(life), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making the authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the authority's certificate: %w", err)
	}
	a := &Authority{cert: cert, key: key}
	a.serial.Store(1)
	return a, nil
}

// PEM is the authority's certificate, for those who are to trust it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Pool holds the authority's certificate alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Server issues a certificate for a server of these DNS names and IP addresses.
func (a *Authority) Server(names ...string) (tls.Certificate, error) {
	t := &x509.Certificate{Subject: pkix.Name{CommonName: "indextest server"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	der, key, err := a.issue(t)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, nil
}

// Client issues a certificate for a client called name, and returns it with its
// key (PKCS #8) in one PEM file, as installers take it.
func (a *Authority) Client(name string) ([]byte, error) {
	der, key, err := a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("writing the key of %s: %w", name, err)
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})...), nil
}

func (a *Authority) issue(t *x509.Certificate) (der []byte, key *ecdsa.PrivateKey, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	t.SerialNumber = big.NewInt(a.serial.Add(1))
	t.NotBefore, t.NotAfter = a.cert.NotBefore, a.cert.NotAfter
	t.BasicConstraintsValid = true
	t.KeyUsage = x509.KeyUsageDigitalSignature
	if der, err = x509.CreateCertificate(rand.Reader, t, a.cert, &key.PublicKey, a.key); err != nil {
		return nil, nil, fmt.Errorf("making a certificate for %s: %w", t.Subject.CommonName, err)
	}
	return der, key, nil
}
