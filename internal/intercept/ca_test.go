package intercept

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTheAuthority(t *testing.T) {
	ca, err := NewCA(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c := ca.Certificate()
	critical := map[string]bool{}
	for _, e := range c.Extensions {
		critical[e.Id.String()] = e.Critical
	}
	for id, want := range map[string]bool{"2.5.29.19": true, "2.5.29.15": true, "2.5.29.14": false, "2.5.29.35": false} {
		if got, ok := critical[id]; !ok || got != want {
			t.Errorf("extension %s: there %v, critical %v", id, ok, got)
		}
	}
	if !c.IsCA || c.MaxPathLen != 0 || !c.MaxPathLenZero || c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
		t.Errorf("%+v", c)
	}
	if left := time.Until(c.NotAfter); left > time.Hour || left < 59*time.Minute {
		t.Errorf("valid for %s", left)
	}
	var raw asn1.RawValue
	if rest, err := asn1.Unmarshal(c.Raw, &raw); err != nil || len(rest) > 0 {
		t.Errorf("%v, %d bytes behind it", err, len(rest))
	}
}

func TestLeaves(t *testing.T) {
	ca, err := NewCA(0)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.Certificate())
	for _, host := range []string{"index.example.invalid", "INDEX.example.invalid", "127.0.0.1", "::1", "a_b.invalid", "::ffff:127.0.0.1"} {
		config, err := ca.config(host)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		leaf := config.Certificates[0].Leaf
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: strings.ToLower(host)}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if leaf.IsCA || leaf.NotAfter.After(ca.Certificate().NotAfter) || !bytes.Equal(leaf.AuthorityKeyId, ca.Certificate().SubjectKeyId) {
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
}

func TestLeavesAreKeptAndRenewed(t *testing.T) {
	now := time.Now()
	ca, err := newCA(10*time.Hour, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	first, _ := ca.config("a.invalid")
	if again, _ := ca.config("A.invalid"); again != first {
		t.Error("the leaf was made twice")
	}
	now = now.Add(leafLife)
	if again, _ := ca.config("a.invalid"); again == first {
		t.Error("an expired leaf was used")
	}
	for i := range maxLeaves + 10 {
		if _, err := ca.config(strings.Repeat("a", i%60+1) + "." + strings.Repeat("b", i/60+1) + ".invalid"); err != nil {
			t.Fatal(err)
		}
	}
	if len(ca.leaves) > maxLeaves {
		t.Errorf("%d leaves are kept", len(ca.leaves))
	}
}

func TestBundle(t *testing.T) {
	ca, err := NewCA(0)
	if err != nil {
		t.Fatal(err)
	}
	own := ca.Bundle(nil)
	if got := ca.Bundle([]byte("roots")); string(got) != "roots\n"+string(own) {
		t.Errorf("%s", got)
	}
	if got := ca.Bundle([]byte("roots\n")); string(got) != "roots\n"+string(own) {
		t.Errorf("%s", got)
	}
}

func TestReasonPhrases(t *testing.T) {
	for _, c := range [][3]string{
		{"it is wrong", "digest.mismatch", "assay: it is wrong (digest.mismatch)"},
		{"it is wrong", "", "assay: it is wrong"},
		{"naïve …\r\nX: y\x00\x7f", "a\nb", "assay: na?ve .  X: y (a b)"},
		{strings.Repeat("word ", 100), "c", "assay: " + strings.Repeat("word ", 37) + "w... (c)"},
		{strings.Repeat("ü", 400), "code", "assay: " + strings.Repeat("?", 183) + "... (code)"},
	} {
		if got := reasonPhrase(c[0], c[1]); got != c[2] || len(got) > maxReason {
			t.Errorf("%q is %d bytes, want %q", got, len(got), c[2])
		}
	}
}
