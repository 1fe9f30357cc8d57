package sigstore

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"
	"testing"
	"time"

	sigroot "github.com/sigstore/sigstore-go/pkg/root"
)

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var serial int64

// issue makes a certificate; a nil parent makes it sign itself.
func issue(t *testing.T, parent *issued, edit func(*x509.Certificate)) issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial++
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: day(1), NotAfter: day(30)}
	edit(template)
	signer, signerKey := template, key
	if parent != nil {
		signer, signerKey = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issued{cert, key}
}

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func asCA(name string, edits ...func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: name}
		c.IsCA, c.BasicConstraintsValid = true, true
		c.KeyUsage = x509.KeyUsageCertSign
		for _, e := range edits {
			e(c)
		}
	}
}

func asLeaf(edits ...func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = codeSigning
		c.URIs = []*url.URL{{Scheme: "https", Host: "ci.example.invalid"}}
		c.NotBefore, c.NotAfter = day(10), day(11)
		for _, e := range edits {
			e(c)
		}
	}
}

func valid(from, to int) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = day(from), day(to) }
}

// TestSharedChain compares the chain with a shared upper part with sigstore-go's
// own over authorities, leaves and times: they must agree on all of them.
func TestSharedChain(t *testing.T) {
	top := issue(t, nil, asCA("top"))
	mid := issue(t, &top, asCA("mid", func(c *x509.Certificate) { c.ExtKeyUsage = codeSigning }))
	twin := issue(t, nil, asCA("top")) // the same name, another key
	stranger := issue(t, &twin, asCA("mid"))
	shortTop := issue(t, nil, asCA("top", valid(1, 9)))
	lateTop := issue(t, nil, asCA("top", valid(12, 30)))
	flat := issue(t, nil, asCA("top", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }))
	roomy := issue(t, nil, asCA("top", func(c *x509.Certificate) { c.MaxPathLen = 1 }))
	named := issue(t, nil, asCA("top", func(c *x509.Certificate) { c.PermittedURIDomains = []string{"other.example.invalid"} }))
	usage := issue(t, nil, asCA("top", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping} }))
	below := func(p issued, edits ...func(*x509.Certificate)) issued { return issue(t, &p, asCA("mid", edits...)) }
	deeper := issue(t, &mid, asCA("deeper"))
	notCA := issue(t, &top, asLeaf(valid(1, 30), func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "mid"} }))

	authorities := []struct {
		name   string
		top    issued
		below  []issued
		signer issued
		share  bool
		from   int
		to     int
	}{
		{name: "plain", top: top, below: []issued{mid}, signer: mid, share: true},
		{name: "window open", top: top, below: []issued{mid}, signer: mid, share: true, from: 10, to: 10},
		{name: "window before", top: top, below: []issued{mid}, signer: mid, share: true, to: 9},
		{name: "window after", top: top, below: []issued{mid}, signer: mid, share: true, from: 12},
		{name: "intermediate of a twin", top: top, below: []issued{stranger}, signer: stranger},
		{name: "leaf of a twin's intermediate", top: top, below: []issued{mid}, signer: stranger, share: true},
		{name: "root expired", top: shortTop, below: []issued{below(shortTop)}, share: true},
		{name: "root not yet valid", top: lateTop, below: []issued{below(lateTop)}, share: true},
		{name: "intermediate expired", top: top, below: []issued{below(top, valid(1, 9))}, share: true},
		{name: "intermediate not yet valid", top: top, below: []issued{below(top, valid(12, 20))}, share: true},
		{name: "never both valid", top: shortTop, below: []issued{below(shortTop, valid(12, 20))}},
		{name: "no room below", top: flat, below: []issued{below(flat)}},
		{name: "room below", top: roomy, below: []issued{below(roomy)}, share: true},
		{name: "names constrained above", top: named, below: []issued{below(named)}},
		{name: "names constrained", top: top, below: []issued{below(top, func(c *x509.Certificate) {
			c.PermittedURIDomains = []string{"other.example.invalid"}
		})}},
		{name: "usage constrained above", top: usage, below: []issued{below(usage)}},
		{name: "usage constrained", top: top, below: []issued{below(top, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
		})}},
		{name: "intermediate is no authority", top: top, below: []issued{notCA}},
		{name: "no intermediate", top: top, signer: top},
		{name: "two intermediates", top: top, below: []issued{deeper, mid}, signer: deeper},
	}
	leaves := []struct {
		name string
		edit func(*x509.Certificate)
	}{
		{"plain", asLeaf()},
		{"no usage", asLeaf(func(c *x509.Certificate) { c.ExtKeyUsage = nil })},
		{"another usage", asLeaf(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })},
		{"a critical extension", asLeaf(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		})},
	}
	times := []time.Time{day(9), day(10), day(10).Add(-time.Second), day(10).Add(time.Hour), day(11), day(11).Add(time.Second), day(40)}
	good := 0
	for _, a := range authorities {
		ca := &sigroot.FulcioCertificateAuthority{Root: a.top.cert}
		for _, c := range a.below {
			ca.Intermediates = append(ca.Intermediates, c.cert)
		}
		if a.from > 0 {
			ca.ValidityPeriodStart = day(a.from)
		}
		if a.to > 0 {
			ca.ValidityPeriodEnd = day(a.to).Add(2 * time.Hour)
		}
		signer := a.signer
		if signer.cert == nil {
			signer = a.below[0]
		}
		own := newAuthority(ca)
		if shared := own.issuer != nil; shared != a.share {
			t.Errorf("%s: shared is %v, want %v", a.name, shared, a.share)
		}
		for _, l := range leaves {
			leaf := issue(t, &signer, l.edit).cert
			for _, at := range times {
				if sameChains(t, fmt.Sprintf("%s, leaf with %s, at %s", a.name, l.name, at), ca, own, leaf, at) {
					good++
				}
			}
		}
	}
	if good == 0 {
		t.Error("no chain held")
	}
}

// sameChains compares what the two make of a leaf, and reports whether it holds.
func sameChains(t *testing.T, name string, ca *sigroot.FulcioCertificateAuthority, own *authority, leaf *x509.Certificate, at time.Time) bool {
	t.Helper()
	want, wantErr := ca.Verify(leaf, at)
	got, err := own.Verify(leaf, at)
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%s: the error is %v, sigstore-go's is %v", name, err, wantErr)
		return false
	}
	if err != nil {
		return false
	}
	if len(got) != len(want) || len(got[0]) != len(want[0]) {
		t.Errorf("%s: found %d chains of %d, want %d of %d", name, len(got), len(got[0]), len(want), len(want[0]))
		return false
	}
	for i, c := range got[0] {
		if !c.Equal(want[0][i]) {
			t.Errorf("%s: certificate %d of the chain differs", name, i)
		}
	}
	return true
}

// TestAuthorityAsSigner refuses an authority's own certificate as the signer's,
// which sigstore-go leaves to later checks.
func TestAuthorityAsSigner(t *testing.T) {
	top := issue(t, nil, asCA("top"))
	mid := issue(t, &top, asCA("mid", func(c *x509.Certificate) { c.ExtKeyUsage = codeSigning }))
	own := newAuthority(&sigroot.FulcioCertificateAuthority{Root: top.cert, Intermediates: []*x509.Certificate{mid.cert}})
	if _, err := own.Verify(mid.cert, day(10)); err == nil || err.Error() != "the certificate is an authority's own" {
		t.Errorf("the error is %v", err)
	}
}

// TestProductionIsShared keeps the figure: the production root must be one whose
// upper chain can be shared.
func TestProductionIsShared(t *testing.T) {
	root, err := EmbeddedRoot()
	if err != nil {
		t.Fatal(err)
	}
	last := root.material.own[len(root.material.own)-1]
	if last.issuer == nil {
		t.Error("the newest authority's upper chain is not shared")
	}
}
