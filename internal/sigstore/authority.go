package sigstore

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"time"

	sigroot "github.com/sigstore/sigstore-go/pkg/root"
)

// authority verifies signing certificates under one certificate authority of a
// trusted root. It is sigstore-go's authority with one part shared:
//
// The signature of the root certificate on the intermediate one is the same for
// every file (a P-384 verification, a third of the work). It is verified once,
// when the root is loaded; from then on the intermediate certificate is the
// anchor of the chain that is built for each leaf. That is sound because what
// is left of "leaf ← intermediate ← root" depends on
//
//   - the leaf: its signature, validity, constraints and key usage are checked
//     by crypto/x509 every time, and so is the intermediate's own validity;
//   - the time: the authority's window and the root certificate's validity are
//     compared with the observed time every time;
//   - constraints that the root certificate puts on what is below the
//     intermediate (path length, names, extended key usage): share is refused
//     for an authority that has any, or that has not exactly one intermediate,
//     and then sigstore-go builds the whole chain every time.
//
// Nothing about a leaf is remembered from one file to the next.
type authority struct {
	ca     *sigroot.FulcioCertificateAuthority
	issuer *x509.Certificate // nil where nothing is shared
	anchor *x509.CertPool
}

var codeSigning = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}

// newAuthority checks whether the upper chain may be shared, and verifies it.
func newAuthority(ca *sigroot.FulcioCertificateAuthority) *authority {
	a := &authority{ca: ca}
	if ca.Root == nil || len(ca.Intermediates) != 1 {
		return a
	}
	top, issuer := ca.Root, ca.Intermediates[0]
	roomBelow := top.MaxPathLen < 0 || top.MaxPathLen == 0 && !top.MaxPathLenZero || top.MaxPathLen >= 1
	if !top.IsCA || !issuer.IsCA || !roomBelow || constrainsNames(top) || constrainsNames(issuer) ||
		len(top.ExtKeyUsage)+len(top.UnknownExtKeyUsage) > 0 {
		return a
	}
	pool := x509.NewCertPool()
	pool.AddCert(top)
	both := top.NotBefore
	if issuer.NotBefore.After(both) {
		both = issuer.NotBefore
	}
	if _, err := issuer.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: both, KeyUsages: codeSigning}); err != nil {
		return a
	}
	a.issuer, a.anchor = issuer, x509.NewCertPool()
	a.anchor.AddCert(issuer)
	return a
}

// nameConstraints is the extension that RFC 5280 section 4.2.1.10 defines.
var nameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}

func constrainsNames(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(nameConstraints) {
			return true
		}
	}
	return false
}

// Verify returns the leaf's chain up to the root certificate, with every
// certificate valid at the observed time.
func (a *authority) Verify(leaf *x509.Certificate, observed time.Time) ([][]*x509.Certificate, error) {
	if leaf.IsCA {
		return nil, errors.New("the certificate is an authority's own")
	}
	if a.issuer == nil {
		return a.ca.Verify(leaf, observed)
	}
	if start := a.ca.ValidityPeriodStart; !start.IsZero() && observed.Before(start) {
		return nil, errors.New("the authority is not yet valid")
	}
	if end := a.ca.ValidityPeriodEnd; !end.IsZero() && observed.After(end) {
		return nil, errors.New("the authority is no longer valid")
	}
	if observed.Before(a.ca.Root.NotBefore) || observed.After(a.ca.Root.NotAfter) {
		return nil, errors.New("the root certificate is not valid at that time")
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: a.anchor, Intermediates: x509.NewCertPool(), CurrentTime: observed, KeyUsages: codeSigning})
	if err != nil {
		return nil, err
	}
	for i, chain := range chains {
		chains[i] = append(slices.Clip(chain), a.ca.Root)
	}
	return chains, nil
}

// issued reports whether the leaf says that one of the authority's certificates
// issued it. It decides how a failure is called, never whether there is one.
func (a *authority) issued(leaf *x509.Certificate) bool {
	for _, c := range append(slices.Clip(a.ca.Intermediates), a.ca.Root) {
		if c != nil && len(leaf.AuthorityKeyId) > 0 && string(c.SubjectKeyId) == string(leaf.AuthorityKeyId) {
			return true
		}
	}
	return false
}
