package sigstore_test

import (
	"errors"
	"strings"
	"testing"

	"assay"
	"assay/internal/sigstore"
)

// seeds start the fuzzers: material of a test authority, and shapes that parsers
// stumble over.
func seeds(f *testing.F, more ...string) {
	one := sample(f)
	bundle := `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":"AAAA"},"tlogEntries":[]},"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AA=="}]}}`
	for _, s := range append(more, one, wrapped(github, one), wrapped(`{"kind":"Forge"}`, one, one), bundle, string(testRoot(f)),
		`{"version":1,"attestation_bundles":[]}`, `{"version":2}`, `{"version":1,"version":1}`, `null`, `[]`, ``, `{"a":`, "\xff",
		strings.Repeat("[", 70), `{"tlogs":[null],"certificateAuthorities":[null],"ctlogs":[{}]}`) {
		f.Add([]byte(s))
	}
}

// classed holds an error to the classes of the package.
func classed(t *testing.T, err error, classes ...error) {
	t.Helper()
	for _, c := range classes {
		if errors.Is(err, c) {
			return
		}
	}
	t.Errorf("the error %q has no class", err)
}

// tried verifies an entity that was made up, which must never hold.
func tried(t *testing.T, root *sigstore.Root, e *sigstore.Entity) {
	t.Helper()
	if _, err := root.Verify(e, assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}); err == nil {
		t.Error("made-up material holds")
	}
	if e.Statement != nil {
		for _, kind := range []string{sigstore.GitHub, sigstore.GitLab, sigstore.Google} {
			_ = e.Certificate.Match(sigstore.Publisher{Kind: kind, Repository: "a/b", Workflow: "c", Email: "a@b"}, e.Statement.PredicateType)
		}
	}
	_, _, _ = e.Certificate.Publisher()
}

func FuzzProvenance(f *testing.F) {
	seeds(f)
	root := embedded(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := sigstore.ParseProvenance(data)
		if err != nil {
			classed(t, err, sigstore.ErrMalformed)
			return
		}
		count := 0
		for _, b := range p.Bundles {
			for _, e := range b.Attestations {
				count++
				tried(t, root, e)
			}
			if b.Publisher.Known() && b.Publisher.Identity() == "" {
				t.Errorf("the publisher %+v has no identity", b.Publisher)
			}
		}
		if len(p.Bundles) > sigstore.MaxBundles || count > sigstore.MaxAttestations {
			t.Errorf("%d bundles with %d attestations are read", len(p.Bundles), count)
		}
	})
}

func FuzzAttestation(f *testing.F) {
	seeds(f)
	root := embedded(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := sigstore.ParseAttestation(data)
		if err != nil {
			classed(t, err, sigstore.ErrMalformed)
			return
		}
		tried(t, root, e)
	})
}

func FuzzBundle(f *testing.F) {
	seeds(f)
	root := embedded(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := sigstore.ParseBundle(data)
		if err != nil {
			classed(t, err, sigstore.ErrMalformed, sigstore.ErrUnknownVersion)
			return
		}
		tried(t, root, e)
	})
}

func FuzzRoot(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := sigstore.ParseRoot(data); err != nil {
			classed(t, err, sigstore.ErrMalformed)
		}
	})
}
