package pep740

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"assay"
	"assay/internal/indextest/authority"
	"assay/internal/sigstore"
	"assay/internal/verify/verifytest"
)

const wheel = "demo-1.0-py3-none-any.whl"

var (
	sum  = sha256.Sum256([]byte("the wheel of demo"))
	when = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	demo = authority.GitHub("acme/demo", "release.yml")
)

// instance is a test authority with a verifier under its root.
type instance struct {
	*authority.Authority
	*Verifier
}

func newInstance(tb testing.TB) instance {
	tb.Helper()
	a, err := authority.New()
	if err != nil {
		tb.Fatal(err)
	}
	data, err := a.TrustedRootJSON()
	if err != nil {
		tb.Fatal(err)
	}
	root, err := sigstore.ParseRoot(data)
	if err != nil {
		tb.Fatal(err)
	}
	return instance{a, New(root)}
}

func request(id authority.Identity, faults ...authority.Fault) authority.Request {
	return authority.Request{Filename: wheel, SHA256: sum, Identity: id, Time: when, Faults: faults}
}

func (in instance) provenance(tb testing.TB, requests ...authority.Request) assay.Material {
	tb.Helper()
	data, err := in.Provenance(requests...)
	if err != nil {
		tb.Fatal(err)
	}
	return assay.Material{Kind: assay.Provenance, Data: data}
}

func (in instance) attestation(tb testing.TB, r authority.Request) assay.Material {
	tb.Helper()
	a, err := in.Attest(r)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := json.Marshal(a)
	if err != nil {
		tb.Fatal(err)
	}
	return assay.Material{Kind: assay.Attestation, Data: data}
}

func about(materials ...assay.Material) assay.Subject {
	return assay.Subject{Materials: materials, Artifact: assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0",
		Filename: wheel, Digests: []assay.Digest{{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}}}}
}

const (
	good   = "verified\npep740 github:acme/demo@release.yml"
	noLog  = "invalid\nprovenance.invalid its transparency log entry does not hold"
	noTime = "invalid\nprovenance.invalid nobody but the signer says when it was signed"
	noPath = "invalid\nprovenance.invalid its certificate's chain does not hold at the time of signing"
	noSCT  = "invalid\nprovenance.invalid its certificate is not in a certificate log"
	noSig  = "invalid\nprovenance.invalid its signature does not hold"
)

func TestFaults(t *testing.T) {
	in := newInstance(t)
	other := sha256.Sum256(sum[:])
	for _, c := range []struct {
		fault authority.Fault
		rekor int
		want  string
	}{
		{"", 1, good},
		{"", 2, good},
		{authority.WrongSubject, 1, `invalid` + "\n" + `provenance.wrong-subject it is about "other_demo-1.0-py3-none-any.whl", the file is "demo-1.0-py3-none-any.whl"`},
		{authority.WrongDigest, 1, "invalid\nprovenance.wrong-subject it is about sha256:" + hex.EncodeToString(other[:]) +
			", the file is sha256:" + hex.EncodeToString(sum[:])},
		{authority.NoSubject, 1, "invalid\nprovenance.malformed the statement has 0 subjects, not one"},
		{authority.TwoSubjects, 1, "invalid\nprovenance.malformed the statement has 2 subjects, not one"},
		{authority.UnknownPredicate, 1, "absent\nprovenance.unknown-predicate \"https://example.invalid/predicate/v1\""},
		{authority.PredicateBody, 1, "invalid\nprovenance.malformed the publish statement has a body"},
		{authority.StatementNotJSON, 1, "invalid\nprovenance.malformed the statement: it is not one JSON value (byte 1)"},
		{authority.ExpiredLeaf, 1, noLog},
		{authority.ExpiredLeaf, 2, noPath},
		{authority.NoSCT, 1, noSCT},
		{authority.BadSCT, 1, noSCT},
		{authority.BadSCT, 2, noSCT},
		{authority.OtherRoot, 1, "invalid\nprovenance.untrusted its transparency log is not in the trusted root"},
		{authority.OtherRoot, 2, "invalid\nprovenance.untrusted its transparency log is not in the trusted root"},
		{authority.OtherCA, 1, "invalid\nprovenance.untrusted its certificate authority is not in the trusted root"},
		{authority.OtherCA, 2, "invalid\nprovenance.untrusted its certificate authority is not in the trusted root"},
		{authority.BadSignature, 1, noSig},
		{authority.BadSignature, 2, noSig},
		{authority.NoLogEntry, 1, noLog},
		{authority.OtherLogEntry, 1, noLog},
		{authority.OtherLogEntry, 2, noLog},
		{authority.BadInclusionProof, 1, noLog},
		{authority.BadInclusionProof, 2, noLog},
		{authority.BadCheckpoint, 1, noLog},
		{authority.BadCheckpoint, 2, noLog},
		{authority.BadPromise, 1, noLog},
		{authority.NoTimestamp, 2, noTime},
		{authority.BadTimestamp, 2, noTime},
		{authority.AttestationVersion2, 1, "absent\nprovenance.unknown-version an attestation of version 2"},
		{authority.WrongPublisher, 1, "invalid\nprovenance.wrong-publisher the repository is \"https://github.com/acme/demo\" in the certificate, " +
			"not \"https://github.com/other/acme/demo\""},
		{authority.UnknownKind, 1, `absent` + "\n" + `provenance.unknown-publisher "Forge"`},
		{authority.EmptyBundles, 1, "invalid\nprovenance.empty-bundles "},
		{authority.EmptyAttestations, 1, "invalid\nprovenance.empty-attestations "},
		{authority.DuplicatePredicate, 1, "invalid\nprovenance.duplicate-predicate attestation 2: " + authority.PublishV1},
		{authority.Version2, 1, "absent\nprovenance.unknown-version version 2"},
	} {
		t.Run(fmt.Sprintf("%s/%d", c.fault, c.rekor), func(t *testing.T) {
			r := request(demo)
			r.Rekor = c.rekor
			if c.fault != "" {
				r.Faults = []authority.Fault{c.fault}
			}
			got := render(look1(t, in.Verifier, about(in.provenance(t, r))))
			if got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
			}
			if !slices.Contains(ofProvenance, c.fault) {
				// Bare, it comes to the same.
				if got := render(look1(t, in.Verifier, about(in.attestation(t, r)))); got != c.want {
					t.Errorf("bare, found\n%s\nwant\n%s", got, c.want)
				}
			}
		})
	}
}

// ofProvenance are the faults that a bare attestation cannot have.
var ofProvenance = []authority.Fault{authority.Version2, authority.UnknownKind, authority.EmptyBundles,
	authority.EmptyAttestations, authority.DuplicatePredicate, authority.WrongPublisher}

// TestKnownFaults keeps TestFaults complete.
func TestKnownFaults(t *testing.T) {
	in := newInstance(t)
	for _, f := range authority.Faults() {
		r := request(demo, f)
		if f == authority.NoTimestamp || f == authority.BadTimestamp {
			r.Rekor = 2
		}
		if ev := look1(t, in.Verifier, about(in.provenance(t, r))); ev.State == assay.Verified {
			t.Errorf("%s is verified: %+v", f, ev)
		}
	}
}

func TestCombinations(t *testing.T) {
	in := newInstance(t)
	slsa := func(id authority.Identity, faults ...authority.Fault) authority.Request {
		r := request(id, faults...)
		r.Predicate = authority.SLSAV1
		return r
	}
	named := func(r authority.Request, p authority.Identity) authority.Request {
		r.Publisher = &p
		return r
	}
	builder := authority.GitHub("acme/demo", "build.yml")
	fork := authority.GitHub("mallory/demo", "release.yml")
	for _, c := range []struct {
		name     string
		requests []authority.Request
		want     string
	}{
		{"publish and slsa", []authority.Request{request(demo), slsa(demo)}, good + "\nslsa github:acme/demo@release.yml"},
		{"slsa by another workflow", []authority.Request{request(demo), named(slsa(builder), demo)},
			good + "\nslsa github:acme/demo@build.yml"},
		{"publish by another workflow", []authority.Request{named(request(builder), demo)},
			"invalid\nprovenance.wrong-publisher the workflow is \"https://github.com/acme/demo/.github/workflows/build.yml@refs/tags/v1.0.0\" " +
				"in the certificate, not \"https://github.com/acme/demo/.github/workflows/release.yml@…\""},
		{"slsa by another repository", []authority.Request{request(demo), named(slsa(fork), demo)},
			"invalid\nprovenance.wrong-publisher attestation 2: the repository is \"https://github.com/mallory/demo\" " +
				"in the certificate, not \"https://github.com/acme/demo\""},
		{"two publishers", []authority.Request{request(demo), slsa(authority.GitLab("acme/mirror", ".gitlab-ci.yml"))},
			good + "\nslsa gitlab:acme/mirror@.gitlab-ci.yml"},
		{"one predicate by two publishers", []authority.Request{request(demo), request(authority.GitLab("acme/mirror", ".gitlab-ci.yml"))},
			"invalid\nprovenance.duplicate-predicate bundle 2: " + authority.PublishV1},
		{"an unknown kind beside", []authority.Request{request(demo), slsa(demo, authority.UnknownKind)},
			good + "\nprovenance.unknown-publisher bundle 2: \"Forge\""},
		{"an unknown kind, broken", []authority.Request{request(demo), slsa(demo, authority.UnknownKind, authority.BadSignature)},
			"invalid\nprovenance.unknown-publisher bundle 2: \"Forge\"\nprovenance.invalid bundle 2: its signature does not hold"},
		{"an unknown kind, about another file", []authority.Request{slsa(demo, authority.UnknownKind, authority.WrongSubject)},
			"invalid\nprovenance.unknown-publisher \"Forge\"\nprovenance.wrong-subject it is about \"other_demo-1.0-py3-none-any.whl\", the file is \"demo-1.0-py3-none-any.whl\""},
		{"an unknown predicate beside", []authority.Request{request(demo), request(demo, authority.UnknownPredicate)},
			good + "\nprovenance.unknown-predicate attestation 2: \"https://example.invalid/predicate/v1\""},
		{"an unknown predicate by another", []authority.Request{named(request(fork, authority.UnknownPredicate), demo)},
			"invalid\nprovenance.unknown-predicate \"https://example.invalid/predicate/v1\"\n" +
				"provenance.wrong-publisher the repository is \"https://github.com/mallory/demo\" in the certificate, not \"https://github.com/acme/demo\""},
		{"an unknown version beside", []authority.Request{request(demo), slsa(demo, authority.AttestationVersion2)},
			good + "\nprovenance.unknown-version attestation 2: an attestation of version 2"},
		{"an empty bundle beside", []authority.Request{request(demo), slsa(authority.Google("ci@example.invalid"), authority.EmptyAttestations)},
			"invalid\nprovenance.empty-attestations bundle 2"},
		{"all that is wrong", []authority.Request{named(request(fork, authority.BadSignature, authority.WrongSubject), demo)},
			"invalid\nprovenance.invalid its signature does not hold\n" +
				"provenance.wrong-subject it is about \"other_demo-1.0-py3-none-any.whl\", the file is \"demo-1.0-py3-none-any.whl\"\n" +
				"provenance.wrong-publisher the repository is \"https://github.com/mallory/demo\" in the certificate, not \"https://github.com/acme/demo\""},
		{"google", []authority.Request{request(authority.Google("ci@example.invalid"))}, "verified\npep740 google:ci@example.invalid"},
		{"gitlab", []authority.Request{request(authority.GitLab("acme/sub/demo", "ci/release.yml"))}, "verified\npep740 gitlab:acme/sub/demo@ci/release.yml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render(look1(t, in.Verifier, about(in.provenance(t, c.requests...)))); got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestBare is attestations without a publisher object.
func TestBare(t *testing.T) {
	in := newInstance(t)
	extended := func(id authority.Identity, n int, value string) authority.Identity {
		id.Extensions = map[int]string{n: value}
		return id
	}
	both := func(id authority.Identity, value string) authority.Identity {
		id.Extensions = map[int]string{1: value, 8: value}
		return id
	}
	slsa := request(demo)
	slsa.Predicate = authority.SLSAV1
	for _, c := range []struct {
		name string
		r    authority.Request
		want string
	}{
		{"github", request(demo), good},
		{"slsa", slsa, "verified\nslsa github:acme/demo@release.yml"},
		{"google", request(authority.Google("ci@example.invalid")), "verified\npep740 google:ci@example.invalid"},
		{"a person", request(both(authority.Google("ann@example.invalid"), "https://login.example.invalid")),
			"verified\npep740 email:ann@example.invalid\nprovenance.personal ann@example.invalid, vouched for by https://login.example.invalid"},
		{"an issuer nobody knows", request(both(demo, "https://ci.example.invalid")),
			`absent` + "\n" + `provenance.unknown-publisher a certificate issued for "https://ci.example.invalid"`},
		{"two issuers", request(extended(demo, 1, "https://ci.example.invalid")),
			"invalid\nprovenance.malformed the certificate names two issuers"},
		{"no repository", request(extended(demo, 12, "")),
			"absent\nprovenance.unknown-publisher the certificate's GitHub identity: its repository is not a repository's name"},
		{"no workflow", request(extended(demo, 18, "https://github.com/acme/demo/.github/workflows/release.yml@refs/heads/other")),
			"absent\nprovenance.unknown-publisher the certificate's GitHub identity: its workflow is not a file's name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render(look1(t, in.Verifier, about(in.attestation(t, c.r)))); got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestMaterials(t *testing.T) {
	in := newInstance(t)
	fine := in.provenance(t, request(demo))
	fine.Name = "demo.provenance"
	gone := assay.Material{Kind: assay.Provenance, Name: "https://index.example.invalid/p", Err: errors.New("status 503")}
	asked := assay.Material{Kind: assay.Provenance, Name: "https://index.example.invalid/p", Err: errors.New("https://index.example.invalid/p: status 503")}
	broken := assay.Material{Kind: assay.SigstoreBundle, Name: "demo.sigstore", Data: []byte("{")}
	foreign := assay.Material{Kind: "openpgp", Name: "demo.asc", Data: []byte("x")}
	large := assay.Material{Kind: assay.Provenance, Data: bytes.Repeat([]byte(" "), sigstore.MaxProvenanceSize+1)}
	later := assay.Material{Kind: assay.SigstoreBundle, Data: []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.4+json","other":1}`)}
	bare := about(fine)
	bare.Artifact.Digests = nil
	computed := about(fine)
	computed.Artifact.Digests, computed.Content = nil, &assay.Content{Digests: about().Artifact.Digests}
	other := about(fine)
	other.Content = &assay.Content{Digests: []assay.Digest{{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}}}
	renamed := about(fine)
	renamed.Artifact.Filename = "Demo-1.0-py3-none-any.whl"
	nameless := about(fine)
	nameless.Artifact.Filename = ""
	conda := renamed
	conda.Artifact.Ecosystem = assay.Conda
	noted := "absent\ndigest.missing provenance is about a sha256 digest, and the file's is not known"
	for _, c := range []struct {
		name string
		s    assay.Subject
		want string
	}{
		{"none", about(), "absent\nprovenance.absent "},
		{"of another kind", about(foreign), "absent\nprovenance.absent "},
		{"out of reach", about(gone), "unavailable\nprovenance.unavailable https://index.example.invalid/p: status 503"},
		{"out of reach, by an error that says where", about(asked), "unavailable\nprovenance.unavailable https://index.example.invalid/p: status 503"},
		{"one out of reach", about(fine, gone), "unavailable\nprovenance.unavailable https://index.example.invalid/p: status 503"},
		{"one broken", about(fine, broken), "invalid\nprovenance.malformed demo.sigstore: the bundle: it is not one JSON value (byte 1)"},
		{"one broken, one out of reach", about(gone, broken), "invalid\nprovenance.unavailable https://index.example.invalid/p: status 503\n" +
			"provenance.malformed demo.sigstore: the bundle: it is not one JSON value (byte 1)"},
		{"too large", about(large), "invalid\nprovenance.malformed the provenance: 2097153 bytes are more than the 2097152 that are read"},
		{"a later bundle", about(later), `absent` + "\n" + `provenance.unknown-version a bundle of type "application/vnd.dev.sigstore.bundle.v0.4+json"`},
		{"twice the same", about(fine, fine), good + "\npep740 github:acme/demo@release.yml"},
		{"no digest", bare, noted},
		{"a computed digest only", computed, good},
		{"other bytes", other, "invalid\nprovenance.wrong-subject demo.provenance: it is about sha256:" + hex.EncodeToString(sum[:]) +
			", the file is sha256:" + strings.Repeat("0", 64)},
		{"another spelling", renamed, good},
		{"no name", nameless, `invalid` + "\n" + `provenance.wrong-subject demo.provenance: it is about "demo-1.0-py3-none-any.whl", the file is ""`},
		{"another spelling, not a Python package", conda, `invalid` + "\n" +
			`provenance.wrong-subject demo.provenance: it is about "demo-1.0-py3-none-any.whl", the file is "Demo-1.0-py3-none-any.whl"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render(look1(t, in.Verifier, c.s)); got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestContract(t *testing.T) {
	in := newInstance(t)
	v2 := request(demo)
	v2.Rekor = 2
	noDigest := about(in.provenance(t, request(demo)))
	noDigest.Artifact.Digests = nil
	verifytest.Run(t, in.Verifier,
		verifytest.Case{Name: "provenance", Subject: about(in.provenance(t, request(demo))), State: assay.Verified},
		verifytest.Case{Name: "rekor v2", Subject: about(in.provenance(t, v2)), State: assay.Verified},
		verifytest.Case{Name: "attestation", Subject: about(in.attestation(t, request(demo))), State: assay.Verified},
		verifytest.Case{Name: "both", Subject: about(in.provenance(t, request(demo)), in.attestation(t, v2)), State: assay.Verified},
		verifytest.Case{Name: "broken", Subject: about(in.provenance(t, request(demo, authority.BadSignature))), State: assay.Invalid,
			Codes: []assay.Code{assay.ProvenanceInvalid}},
		verifytest.Case{Name: "nothing", Subject: about(), State: assay.Absent, Codes: []assay.Code{assay.ProvenanceAbsent}},
		verifytest.Case{Name: "no digest", Subject: noDigest, State: assay.Absent, Codes: []assay.Code{assay.DigestMissing}},
	)
}

// TestDeferredRoot loads the root when something is to be verified, and judges
// nothing without one.
func TestDeferredRoot(t *testing.T) {
	in := newInstance(t)
	p := in.provenance(t, request(demo))
	artifact := assay.Artifact{Ecosystem: "pypi", Project: "demo", Version: "1.0", Filename: wheel, Digests: []assay.Digest{{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}}}
	loads := 0
	v := NewDeferred(func() (*sigstore.Root, error) { loads++; return in.root() })
	for _, c := range []struct {
		materials []assay.Material
		state     assay.State
		loads     int
	}{
		{nil, assay.Absent, 0},
		{[]assay.Material{{Kind: assay.Provenance, Name: "p", Err: errors.New("out of reach")}}, assay.Unavailable, 0},
		{[]assay.Material{p, p}, assay.Verified, 1},
	} {
		ev, err := v.Verify(t.Context(), assay.Subject{Artifact: artifact, Materials: c.materials})
		if err != nil || ev.State != c.state || loads != c.loads {
			t.Errorf("%v, %v, after %d loads; want %v", ev, err, loads, c.state)
		}
	}
	broken := errors.New("broken")
	v = NewDeferred(func() (*sigstore.Root, error) { return nil, broken })
	ev, err := v.Verify(t.Context(), assay.Subject{Artifact: artifact, Materials: []assay.Material{p}})
	if !errors.Is(err, broken) || err.Error() != "verifying provenance: broken" || ev.State != assay.Unavailable || len(ev.Claims) > 0 {
		t.Errorf("%v, %v", ev, err)
	}
}
