package intercept

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// What no certificate is made for. Test with errors.Is.
var (
	// ErrHost says that something is neither a DNS name nor an IP address.
	ErrHost = errors.New("not a host name")
	// ErrExcluded says that the authority must not name a host: an address that
	// is no configured index's, or a name that is passed on unopened.
	ErrExcluded = errors.New("the run's certificate authority may not name this host")
)

// CAOptions say what an authority may name. The zero value allows every DNS
// name and no IP address.
type CAOptions struct {
	// Indexes are Scope.Indexes. Addresses among them are the only ones that may
	// be named.
	Indexes []string
	// Tunnel is Scope.Tunnel. What it names, and what is below that, is never
	// named. A pattern with a port excludes nothing, as the host's other ports are
	// opened, and neither does one that shares a domain with an index.
	Tunnel []string
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// CA is the certificate authority of one run. Its keys exist in memory only. It
// is safe for concurrent use. See series for what it is made of.
type CA struct {
	scope   scopeOfNames
	leafKey *ecdsa.PrivateKey
	leafID  []byte
	now     func() time.Time

	mu     sync.Mutex
	series []*series // oldest first
	leaves map[string]leaf
	path   string // of the published bundle
	roots  []byte
	tended *time.Timer
	closed bool
}

// leaf is how to serve TLS as one host, and when that may be used.
type leaf struct {
	config      *tls.Config
	from, until time.Time
}

// NewCA makes an authority that lasts until Close.
func NewCA(o CAOptions) (*CA, error) {
	ca := &CA{scope: namesOf(o), now: o.Now, leaves: map[string]leaf{}}
	if ca.now == nil {
		ca.now = time.Now
	}
	var err error
	if ca.leafKey, ca.leafID, err = newKey(); err != nil {
		return nil, err
	}
	first, err := newSeries(ca.scope, ca.now())
	if err != nil {
		return nil, err
	}
	ca.series = []*series{first}
	ca.tended = time.AfterFunc(settle, ca.keepGoing)
	return ca, nil
}

// Close ends the care for the series and the bundle, and forgets all keys of
// authorities.
func (ca *CA) Close() {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.closed = true
	ca.tended.Stop()
	ca.series = nil
	clear(ca.leaves)
}

// keepGoing runs now and then until Close. What fails is tried again the next
// time, or when a certificate is needed that cannot be made.
func (ca *CA) keepGoing() {
	_ = ca.tend()
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if !ca.closed {
		ca.tended.Reset(tendEvery)
	}
}

// tend makes the rest of the newest series, and another one when the newest has
// less than half of its time left.
func (ca *CA) tend() error {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if ca.closed {
		return nil
	}
	newest := ca.series[len(ca.series)-1]
	if newest.until.Sub(ca.now()) < seriesLife/2 {
		if err := ca.renew(); err != nil {
			return err
		}
		newest = ca.series[len(ca.series)-1]
	}
	if newest.key == nil {
		return nil
	}
	// This takes a while, and certificates are to be had meanwhile.
	key := newest.key
	newest.key = nil
	ca.mu.Unlock()
	rest, err := newest.rest(key, ca.scope)
	ca.mu.Lock()
	if err != nil {
		newest.key = key
		return err
	}
	newest.issuers = append(newest.issuers, rest...)
	return nil
}

// renew adds a series, and puts it into the bundle. The caller holds mu.
func (ca *CA) renew() error {
	next, err := newSeries(ca.scope, ca.now())
	if err != nil {
		return err
	}
	before := ca.series
	ca.series = append(before[max(0, len(before)+1-maxSeries):len(before):len(before)], next)
	if err := ca.write(); err != nil {
		ca.series = before
		return err
	}
	return nil
}

// issuer returns the authority to issue a certificate now: of the oldest series
// that has one, as a process knows no series that is newer than itself. The
// caller holds mu.
func (ca *CA) issuer(now time.Time) (*issuer, error) {
	for _, s := range ca.series {
		if i := s.at(now); i != nil {
			return i, nil
		}
	}
	if ca.closed {
		return nil, errors.New("the run's certificate authority is closed")
	}
	// The clock has jumped, or the machine has slept for long. What runs already
	// knows a series whose rest may not be made yet.
	for _, s := range ca.series {
		if s.key == nil || now.Before(s.start) || !now.Before(s.until) {
			continue
		}
		rest, err := s.rest(s.key, ca.scope)
		if err != nil {
			return nil, err
		}
		s.key, s.issuers = nil, append(s.issuers, rest...)
		if i := s.at(now); i != nil {
			return i, nil
		}
	}
	// What starts from now on reads the new bundle.
	if err := ca.renew(); err != nil {
		return nil, err
	}
	return ca.series[len(ca.series)-1].at(now), nil
}

// config returns how to serve TLS as host, a DNS name or an IP address. Errors
// are ErrHost and ErrExcluded, or say why no certificate can be made.
func (ca *CA) config(host string) (*tls.Config, error) {
	host = strings.ToLower(host)
	ca.mu.Lock()
	defer ca.mu.Unlock()
	now := ca.now()
	if l, ok := ca.leaves[host]; ok && !now.Before(l.from) && now.Before(l.until) {
		return l.config, nil
	}
	if err := ca.scope.check(host); err != nil {
		return nil, err
	}
	by, err := ca.issuer(now)
	if err != nil {
		return nil, err
	}
	cert, err := ca.issue(host, by, now)
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
	ca.leaves[host] = leaf{config: c, from: cert.Leaf.NotBefore, until: cert.Leaf.NotAfter.Add(-leafMargin)}
	return c, nil
}

// issue makes a certificate for exactly one host.
func (ca *CA) issue(host string, by *issuer, now time.Time) (*tls.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{organization}},
		NotBefore:             later(now.Add(-clockSlack), by.cert.NotBefore),
		NotAfter:              by.cert.NotAfter,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           serverAuth,
		SubjectKeyId:          ca.leafID,
		AuthorityKeyId:        by.cert.SubjectKeyId,
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		t.IPAddresses = []net.IP{addr.Unmap().AsSlice()}
	} else {
		t.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, by.cert, &ca.leafKey.PublicKey, by.key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %s: %w", host, err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %s: %w", host, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, by.cert.Raw}, PrivateKey: ca.leafKey, Leaf: parsed}, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
