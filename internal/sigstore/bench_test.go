package sigstore_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"assay"
	"assay/internal/sigstore"

	sigbundle "github.com/sigstore/sigstore-go/pkg/bundle"
	sigroot "github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

const (
	benchAttestation = "pypi-attestations/pypi_attestation_models-0.0.4a2.tar.gz.attestation"
	benchBundle      = "pypi-attestations/pypi_attestation_models-0.0.4a2.tar.gz.sigstore"
	benchDigest      = "c9709ce6fd5b67b59b4a28758cf14d3f411803c4b89b6068b1f1a8e4ee94c8ef"
)

// BenchmarkVerify compares verifying one real attestation, parsing included,
// with plain sigstore-go over the same attestation in its bundle form and with
// the floor: one P-384 and four P-256 verifications. The three are interleaved
// so that a busy machine slows all of them alike; run it with
//
//	go test -run '^$' -bench Verify -benchtime 500x ./internal/sigstore
func BenchmarkVerify(b *testing.B) {
	own, plain, floor := ownVerification(b), plainVerification(b), floorVerification(b)
	for _, f := range []func(){own, plain, floor} {
		f() // warm
	}
	var spentOwn, spentPlain, spentFloor time.Duration
	b.ResetTimer()
	for b.Loop() {
		t0 := time.Now()
		own()
		t1 := time.Now()
		plain()
		t2 := time.Now()
		floor()
		t3 := time.Now()
		spentOwn, spentPlain, spentFloor = spentOwn+t1.Sub(t0), spentPlain+t2.Sub(t1), spentFloor+t3.Sub(t2)
	}
	n := float64(b.N)
	b.ReportMetric(float64(spentOwn.Nanoseconds())/n, "ns/own")
	b.ReportMetric(float64(spentPlain.Nanoseconds())/n, "ns/sigstore-go")
	b.ReportMetric(float64(spentFloor.Nanoseconds())/n, "ns/floor")
	b.ReportMetric(float64(spentOwn)/float64(spentPlain), "own/sigstore-go")
	b.ReportMetric(float64(spentOwn)/float64(spentFloor), "own/floor")
}

func ownVerification(b *testing.B) func() {
	data, root := read(b, benchAttestation), embedded(b)
	digest := assay.Digest{Algorithm: "sha256", Hex: benchDigest}
	return func() {
		e, err := sigstore.ParseAttestation(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := root.Verify(e, digest); err != nil {
			b.Fatal(err)
		}
	}
}

// plainVerification is sigstore-go as its documentation uses it, set up once.
func plainVerification(b *testing.B) func() {
	data := read(b, benchBundle)
	root, err := sigroot.NewTrustedRootFromPath(shared(b, "trusted-roots/production.trusted_root.json"))
	if err != nil {
		b.Fatal(err)
	}
	v, err := verify.NewVerifier(root, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1),
		verify.WithObserverTimestamps(1))
	if err != nil {
		b.Fatal(err)
	}
	digest, err := hex.DecodeString(benchDigest)
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		var bundle sigbundle.Bundle
		if err := json.Unmarshal(data, &bundle); err != nil {
			b.Fatal(err)
		}
		policy := verify.NewPolicy(verify.WithArtifactDigest("sha256", digest), verify.WithoutIdentitiesUnsafe())
		if _, err := v.Verify(&bundle, policy); err != nil {
			b.Fatal(err)
		}
	}
}

func floorVerification(b *testing.B) func() {
	sum := sha256.Sum256([]byte("floor"))
	check := func(curve elliptic.Curve) func() {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			b.Fatal(err)
		}
		return func() {
			if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], sig) {
				b.Fatal("the floor's own signature does not verify")
			}
		}
	}
	p384, p256 := check(elliptic.P384()), check(elliptic.P256())
	return func() {
		p384()
		for range 4 {
			p256()
		}
	}
}

// BenchmarkParse is the share of reading in the above.
func BenchmarkParse(b *testing.B) {
	data := read(b, benchAttestation)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sigstore.ParseAttestation(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyParallel is the rate of a whole machine.
func BenchmarkVerifyParallel(b *testing.B) {
	own := ownVerification(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			own()
		}
	})
}
