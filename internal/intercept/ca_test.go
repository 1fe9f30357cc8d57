package intercept

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newTestCA(t testing.TB, o CAOptions) *CA {
	t.Helper()
	ca, err := NewCA(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ca.Close)
	return ca
}

func pool(t testing.TB, bundle []byte) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(bundle) {
		t.Fatal("the bundle holds no certificate")
	}
	return p
}

// verify verifies what is served as host as a client does at that time.
func verify(roots *x509.CertPool, c *tls.Config, host string, now time.Time) error {
	chain := c.Certificates[0]
	between := x509.NewCertPool()
	for _, der := range chain.Certificate[1:] {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		between.AddCert(cert)
	}
	_, err := chain.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host, CurrentTime: now})
	return err
}

func TestTheAuthority(t *testing.T) {
	now := newClock()
	ca := newTestCA(t, CAOptions{Now: now.Now, Indexes: []string{"127.0.0.1:8443"}, Tunnel: []string{"*.tunnelled.invalid"}})
	if err := ca.tend(); err != nil {
		t.Fatal(err)
	}
	s := ca.series[0]
	if s.key != nil {
		t.Error("the root's key is kept")
	}
	certs, serials, keys := []*x509.Certificate{s.root}, map[string]bool{}, map[string]bool{}
	for _, i := range s.issuers {
		certs = append(certs, i.cert)
		if !i.key.PublicKey.Equal(i.cert.PublicKey) {
			t.Errorf("%s has another one's key", i.cert.Subject)
		}
	}
	for n, c := range certs {
		critical := map[string]bool{}
		for _, e := range c.Extensions {
			critical[e.Id.String()] = e.Critical
		}
		// basicConstraints, keyUsage, nameConstraints; key identifiers, extKeyUsage
		for id, want := range map[string]bool{"2.5.29.19": true, "2.5.29.15": true, "2.5.29.30": true, "2.5.29.14": false, "2.5.29.35": false, "2.5.29.37": false} {
			if got, ok := critical[id]; !ok || got != want {
				t.Errorf("%s: extension %s: there %v, critical %v", c.Subject, id, ok, got)
			}
		}
		if !c.IsCA || c.MaxPathLen != map[bool]int{true: 1, false: 0}[n == 0] || c.KeyUsage != x509.KeyUsageCertSign || !slices.Equal(c.ExtKeyUsage, serverAuth) {
			t.Errorf("%s: %+v", c.Subject, c)
		}
		if serials[c.SerialNumber.String()] || keys[string(c.SubjectKeyId)] || c.SerialNumber.Sign() <= 0 {
			t.Errorf("%s has another one's number or key", c.Subject)
		}
		serials[c.SerialNumber.String()], keys[string(c.SubjectKeyId)] = true, true
		if !bytes.Equal(c.AuthorityKeyId, s.root.SubjectKeyId) || c.CheckSignatureFrom(s.root) != nil {
			t.Errorf("%s is not the root's", c.Subject)
		}
		if n > 1 && c.NotAfter.Sub(c.NotBefore) > 36*time.Minute || n > 0 && c.NotAfter.Sub(now.Now()) > time.Duration(n-1)*issuerStep+31*time.Minute {
			t.Errorf("%s is valid from %s to %s", c.Subject, c.NotBefore, c.NotAfter)
		}
		var raw asn1.RawValue
		if rest, err := asn1.Unmarshal(c.Raw, &raw); err != nil || len(rest) > 0 {
			t.Errorf("%v, %d bytes behind it", err, len(rest))
		}
	}
	if left := s.root.NotAfter.Sub(now.Now()); left < seriesLife || left > seriesLife+issuerLife {
		t.Errorf("the root is valid for %s", left)
	}
}

// TestConstraints issues, with the authority's own keys and without its check,
// what it must not name: no verifier accepts it.
func TestConstraints(t *testing.T) {
	o := CAOptions{
		Indexes: []string{"127.0.0.1:8443", "10.0.0.5", "Index.inside.invalid:443", "127.0.0.1:9443", "*.files.invalid", "open.invalid", "no name"},
		Tunnel:  []string{"git.invalid", "*.Tunnelled.invalid", "half.invalid:8443", "*.inside.invalid", "a.files.invalid", "git.open.invalid", "10.0.0.7", "[::1]", "no name", ""},
	}
	ca := newTestCA(t, o)
	roots := pool(t, ca.Bundle(nil))
	open := newTestCA(t, CAOptions{Indexes: []string{"[::1]:8443"}})
	openRoots := pool(t, open.Bundle(nil))
	for _, c := range []struct {
		ca    *CA
		roots *x509.CertPool
		host  string
		may   bool
	}{
		{ca, roots, "127.0.0.1", true}, {ca, roots, "10.0.0.5", true}, {ca, roots, "::ffff:10.0.0.5", true},
		{ca, roots, "10.0.0.6", false}, {ca, roots, "10.0.0.7", false}, {ca, roots, "::1", false}, {ca, roots, "2001:db8::1", false},
		{ca, roots, "index.inside.invalid", true}, {ca, roots, "other.inside.invalid", true}, {ca, roots, "half.invalid", true},
		{ca, roots, "a.files.invalid", true}, {ca, roots, "open.invalid", true}, {ca, roots, "git.open.invalid", false},
		{ca, roots, "git.invalid", false}, {ca, roots, "a.git.invalid", false}, {ca, roots, "agit.invalid", true},
		{ca, roots, "tunnelled.invalid", false}, {ca, roots, "a.b.tunnelled.invalid", false},
		{open, openRoots, "::1", true}, {open, openRoots, "::2", false}, {open, openRoots, "127.0.0.1", false},
		{open, openRoots, "git.invalid", true}, {open, openRoots, "a_b.invalid", true},
	} {
		_, err := c.ca.config(c.host)
		if got := err == nil; got != c.may || err != nil && !errors.Is(err, ErrExcluded) {
			t.Errorf("%s: %v", c.host, err)
		}
		by, err := c.ca.issuer(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		cert, err := c.ca.issue(c.host, by, time.Now())
		if err != nil {
			t.Errorf("%s: %v", c.host, err)
			continue
		}
		err = verify(c.roots, &tls.Config{Certificates: []tls.Certificate{*cert}}, c.host, time.Now())
		var invalid x509.CertificateInvalidError
		if c.may && err != nil || !c.may && (!errors.As(err, &invalid) || invalid.Reason != x509.CANotAuthorizedForThisName) {
			t.Errorf("%s: %v", c.host, err)
		}
	}
	_, err := ca.config("a.git.invalid")
	if want := "the run's certificate authority may not name this host: a.git.invalid belongs to git.invalid, which is passed on unopened"; fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
	_, err = ca.config("10.0.0.6")
	if want := "the run's certificate authority may not name this host: 10.0.0.6 is no configured index's address"; fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestLeaves(t *testing.T) {
	ca := newTestCA(t, CAOptions{Indexes: []string{"127.0.0.1", "[::1]"}})
	roots := pool(t, ca.Bundle(nil))
	for _, host := range []string{"index.example.invalid", "INDEX.example.invalid", "127.0.0.1", "::1", "a_b.invalid", "::ffff:127.0.0.1"} {
		config, err := ca.config(host)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if err := verify(roots, config, strings.ToLower(host), time.Now()); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		leaf, issuer := config.Certificates[0].Leaf, ca.series[0].issuers[0].cert
		if leaf.IsCA || leaf.NotAfter.After(issuer.NotAfter) || leaf.NotBefore.Before(issuer.NotBefore) || !bytes.Equal(leaf.AuthorityKeyId, issuer.SubjectKeyId) || len(leaf.DNSNames)+len(leaf.IPAddresses) != 1 {
			t.Errorf("%s: %+v", host, leaf)
		}
		if len(config.NextProtos) != 1 || config.NextProtos[0] != "http/1.1" || config.MinVersion != tls.VersionTLS12 {
			t.Errorf("%s: %v", host, config.NextProtos)
		}
	}
	for _, host := range []string{"", ".", "a..b", "-a.invalid", "a b", "a\x00b", "ä.invalid", "*.invalid", "fe80::1%eth0", strings.Repeat("a.", 130) + "b", strings.Repeat("a", 64)} {
		if _, err := ca.config(host); !errors.Is(err, ErrHost) {
			t.Errorf("%q: %v", host, err)
		}
	}
	ca.Close()
	if _, err := ca.config("b.invalid"); err == nil || err.Error() != "the run's certificate authority is closed" {
		t.Errorf("of a closed authority the error is %v", err)
	}
	if err := ca.tend(); err != nil {
		t.Error(err)
	}
}

func TestLeavesAreKept(t *testing.T) {
	ca := newTestCA(t, CAOptions{})
	first, _ := ca.config("a.invalid")
	if again, _ := ca.config("A.invalid"); again != first {
		t.Error("the leaf was made twice")
	}
	for i := range maxLeaves + 10 {
		ca.leaves[fmt.Sprintf("%d.invalid", i)] = leaf{}
		if len(ca.leaves) == maxLeaves {
			break
		}
	}
	if _, err := ca.config("b.invalid"); err != nil || len(ca.leaves) != 1 {
		t.Errorf("%d leaves are kept, %v", len(ca.leaves), err)
	}
}

// TestADay asks every few minutes of a day, as a process does that has read the
// bundle at its start, and from then on as one that reads it each time.
func TestADay(t *testing.T) {
	now := newClock()
	ca := newTestCA(t, CAOptions{Now: now.Now})
	path := filepath.Join(t.TempDir(), "roots.pem")
	if err := ca.Publish(path, []byte("# the person's own")); err != nil {
		t.Fatal(err)
	}
	read := func() *x509.CertPool {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(data, []byte("# the person's own\n-----BEGIN")) {
			t.Fatalf("%v\n%s", err, data)
		}
		return pool(t, data)
	}
	first, issuers := read(), map[string]bool{}
	for spent := time.Duration(0); spent < 5*24*time.Hour; spent += 7 * time.Minute {
		if spent%time.Hour < 7*time.Minute {
			if err := ca.tend(); err != nil {
				t.Fatal(err)
			}
		}
		config, err := ca.config("a.invalid")
		if err != nil {
			t.Fatal(err)
		}
		if spent < seriesLife {
			if err := verify(first, config, "a.invalid", now.Now()); err != nil {
				t.Fatalf("after %s: %v", spent, err)
			}
		}
		if err := verify(read(), config, "a.invalid", now.Now().Add(leafMargin-time.Second)); err != nil {
			t.Fatalf("after %s, of a new process: %v", spent, err)
		}
		issuers[string(config.Certificates[0].Leaf.AuthorityKeyId)] = true
		now.jump(7 * time.Minute)
	}
	if want := int(5 * 24 * time.Hour / issuerStep); len(issuers) < want-8 || len(issuers) > want+8 {
		t.Errorf("%d authorities took turns, want about %d", len(issuers), want)
	}
	if len(ca.series) > maxSeries {
		t.Errorf("%d series are kept", len(ca.series))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestTheClockJumps never serves a leaf outside of its time.
func TestTheClockJumps(t *testing.T) {
	for _, tended := range []bool{false, true} {
		now := newClock()
		ca := newTestCA(t, CAOptions{Now: now.Now})
		path := filepath.Join(t.TempDir(), "roots.pem")
		if err := ca.Publish(path, nil); err != nil {
			t.Fatal(err)
		}
		if tended {
			if err := ca.tend(); err != nil {
				t.Fatal(err)
			}
		}
		for _, jump := range []time.Duration{-50 * time.Minute, 49 * time.Minute, 10 * time.Hour, -9 * time.Hour, -3 * time.Hour, 100 * 24 * time.Hour, -400 * 24 * time.Hour, time.Minute} {
			now.jump(jump)
			config, err := ca.config("a.invalid")
			if err != nil {
				t.Fatal(err)
			}
			bundle, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(pool(t, bundle), config, "a.invalid", now.Now()); err != nil {
				t.Errorf("tended %v, after a jump of %s: %v", tended, jump, err)
			}
		}
	}
	// What an old process trusts is used as long as it can be.
	now := newClock()
	ca := newTestCA(t, CAOptions{Now: now.Now})
	if err := ca.tend(); err != nil {
		t.Fatal(err)
	}
	old := pool(t, ca.Bundle(nil))
	for _, jump := range []time.Duration{13 * time.Hour, -12 * time.Hour, 22 * time.Hour} {
		now.jump(jump)
		if err := ca.tend(); err != nil {
			t.Fatal(err)
		}
		config, err := ca.config("a.invalid")
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(old, config, "a.invalid", now.Now()); err != nil {
			t.Errorf("after a jump of %s: %v", jump, err)
		}
	}
}

// TestTheBundleCannotBeReplaced keeps what is there.
func TestTheBundleCannotBeReplaced(t *testing.T) {
	now := newClock()
	ca := newTestCA(t, CAOptions{Now: now.Now})
	dir := filepath.Join(t.TempDir(), "gone")
	if err := ca.Publish(filepath.Join(dir, "roots.pem"), nil); err == nil || !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "writing the roots for the command: ") {
		t.Errorf("the error is %v", err)
	}
	now.jump(48 * time.Hour)
	if _, err := ca.config("a.invalid"); !errors.Is(err, os.ErrNotExist) || len(ca.series) != 1 {
		t.Errorf("the error is %v, with %d series", err, len(ca.series))
	}
	if err := ca.tend(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.config("a.invalid"); err != nil || len(ca.series) != 2 {
		t.Errorf("the error is %v, with %d series", err, len(ca.series))
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := ca.Publish(filepath.Join(dir, "folder"), nil); err == nil {
		t.Error("a folder was replaced")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestConcurrentCA(t *testing.T) {
	now := newClock()
	ca := newTestCA(t, CAOptions{Now: now.Now})
	if err := ca.Publish(filepath.Join(t.TempDir(), "roots.pem"), nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 10 {
				if _, err := ca.config(fmt.Sprintf("%d.invalid", i)); err != nil {
					t.Error(err)
				}
				if err := ca.tend(); err != nil {
					t.Error(err)
				}
				ca.Bundle(nil)
				if n == 0 {
					now.jump(3 * time.Hour)
				}
			}
		})
	}
	wg.Wait()
	ca.Close()
	ca.Close()
}

func TestBundle(t *testing.T) {
	ca := newTestCA(t, CAOptions{})
	own := ca.Bundle(nil)
	if block, rest := pem.Decode(own); block == nil || len(rest) > 0 || block.Type != "CERTIFICATE" {
		t.Errorf("%s", own)
	}
	if got := ca.Bundle([]byte("roots")); string(got) != "roots\n"+string(own) {
		t.Errorf("%s", got)
	}
	if got := ca.Bundle([]byte("roots\n")); string(got) != "roots\n"+string(own) {
		t.Errorf("%s", got)
	}
}

func TestAddresses(t *testing.T) {
	for s, want := range map[string]string{"10.0.0.1": "10.0.0.1", "::ffff:10.0.0.1": "10.0.0.1", "::1": "::1", "fe80::1%eth0": "", "a": ""} {
		addr, ok := address(s)
		if ok != (want != "") || ok && addr != netip.MustParseAddr(want) {
			t.Errorf("%s: %v, %v", s, addr, ok)
		}
	}
}

func TestKeys(t *testing.T) {
	key, id, err := newKey()
	if err != nil || len(id) != 20 || key.Curve != elliptic.P256() {
		t.Errorf("%v, %x, %v", key, id, err)
	}
	var _ *ecdsa.PrivateKey = key
}

func BenchmarkNewCA(b *testing.B) {
	for b.Loop() {
		ca, err := NewCA(CAOptions{})
		if err != nil {
			b.Fatal(err)
		}
		ca.Close()
	}
}

func BenchmarkTheRestOfASeries(b *testing.B) {
	for b.Loop() {
		s, err := newSeries(scopeOfNames{}, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.rest(s.key, scopeOfNames{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLeaf(b *testing.B) {
	ca := newTestCA(b, CAOptions{})
	for b.Loop() {
		if _, err := ca.config("a.invalid"); err != nil {
			b.Fatal(err)
		}
		delete(ca.leaves, "a.invalid")
	}
}
