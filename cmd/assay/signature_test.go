package main

import (
	"context"
	"testing"

	"assay"
	"assay/internal/engine"
	"assay/internal/signature"
	"assay/internal/trust"
	"assay/internal/verify/pep740"
)

// TestKindOfSignature tells signatures by their endings, and where two kinds share one by
// their first bytes.
func TestKindOfSignature(t *testing.T) {
	for _, c := range []struct {
		path, data string
		want       assay.MaterialKind
	}{
		{"a.whl.asc", "-----BEGIN PGP SIGNATURE-----\n", assay.OpenPGPSignature},
		{"a.whl.asc", "-----BEGIN SSH SIGNATURE-----\n", assay.SSHSignature},
		{"a.whl.asc", "-----BEGIN PGP SIGNED MESSAGE-----\n", assay.OpenPGPChecksums},
		{"a.whl.sig", "-----BEGIN PGP SIGNATURE-----\n", assay.OpenPGPSignature},
		{"a.whl.sig", "\xc2\x10\x04\x00", assay.OpenPGPSignature},
		{"a.whl.sig", "-----BEGIN SSH SIGNATURE-----\n", assay.SSHSignature},
		{"a.whl.sig", " -----BEGIN SSH SIGNATURE-----\n", assay.SSHSignature},
		{"a.whl.sig", "", assay.OpenPGPSignature},
		{"a.whl.provenance", "-----BEGIN SSH SIGNATURE-----\n", assay.Provenance},
	} {
		if got := signature.Sniff(kindOf(c.path, []byte(c.data)), []byte(c.data)); got != c.want {
			t.Errorf("%s with %q is %s, want %s", c.path, c.data, got, c.want)
		}
	}
}

// waiting is a verifier that wants to see the bytes.
type waiting struct{}

func (waiting) Name() string       { return "openpgp" }
func (waiting) NeedsContent() bool { return false }
func (waiting) Verify(_ context.Context, s assay.Subject) (assay.Evidence, error) {
	return assay.Evidence{Verifier: "openpgp", State: assay.Pending}, nil
}

// TestPendingIsNoResult: where nobody is going to read the bytes, a signature over them is
// not passed over.
func TestPendingIsNoResult(t *testing.T) {
	e := engine.New(engine.Config{Verifiers: []engine.Verifier{waiting{}}})
	err := judge(t.Context(), e, assay.Subject{Artifact: assay.Artifact{Filename: "demo-1.0.tar.gz", Digests: []assay.Digest{{Algorithm: "sha256"}}}}, func(*engine.Judgement) {})
	const want = "only the bytes of demo-1.0.tar.gz tell whether its signature holds, and a digest does not stand for them"
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

// TestEveryVerifier is wired once, with a keyring and without.
func TestEveryVerifier(t *testing.T) {
	for _, keys := range []keyring{(*trust.Store)(nil), &trust.Store{}} {
		seen := map[string]bool{}
		for _, v := range verifiers(pep740.New(nil), keys) {
			if seen[v.Name()] {
				t.Errorf("there are two called %s", v.Name())
			}
			seen[v.Name()] = true
			ev, err := v.Verify(t.Context(), assay.Subject{Materials: []assay.Material{}})
			if err != nil || ev.State != assay.Absent {
				t.Errorf("%s says %+v of nothing, %v", v.Name(), ev, err)
			}
		}
		for _, name := range []string{"digest", "archive", "pep740", "openpgp", "ssh", "jws"} {
			if !seen[name] {
				t.Errorf("%s is not wired", name)
			}
		}
	}
}
