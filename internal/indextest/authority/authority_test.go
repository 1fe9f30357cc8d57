package authority_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"assay/internal/indextest/authority"
)

const filename = "demo-1.0-py3-none-any.whl"

var digest = sha256.Sum256([]byte("demo"))

func newAuthority(t testing.TB) *authority.Authority {
	t.Helper()
	a, err := authority.New()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// verifyPlain verifies an attestation with nothing but sigstore-go, online or
// offline as it stands.
func verifyPlain(t testing.TB, a *authority.Authority, att *authority.Attestation) (*verify.VerificationResult, error) {
	t.Helper()
	raw, err := a.TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := root.NewTrustedRootFromJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.NewVerifier(trusted, verify.WithSignedCertificateTimestamps(1),
		verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(sigstoreBundle(t, att)); err != nil {
		return nil, err
	}
	return v.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest[:]), verify.WithoutIdentitiesUnsafe()))
}

func sigstoreBundle(t testing.TB, att *authority.Attestation) []byte {
	t.Helper()
	material := map[string]any{
		"certificate": map[string]any{"rawBytes": att.Material.Certificate},
		"tlogEntries": att.Material.TransparencyEntries,
	}
	if len(att.Material.Timestamps) > 0 {
		material["timestampVerificationData"] = map[string]any{
			"rfc3161Timestamps": []any{map[string]any{"signedTimestamp": att.Material.Timestamps[0]}},
		}
	}
	out, err := json.Marshal(map[string]any{
		"mediaType":            "application/vnd.dev.sigstore.bundle.v0.3+json",
		"verificationMaterial": material,
		"dsseEnvelope": map[string]any{
			"payload":     att.Envelope.Statement,
			"payloadType": "application/vnd.in-toto+json",
			"signatures":  []any{map[string]any{"sig": att.Envelope.Signature}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGoodMaterialPasses(t *testing.T) {
	a := newAuthority(t)
	identities := map[string]authority.Identity{
		"github": authority.GitHub("acme/demo", "release.yml"),
		"gitlab": authority.GitLab("acme/demo", ".gitlab-ci.yml"),
		"google": authority.Google("builder@example.invalid"),
	}
	times := map[string]time.Time{"now": {}, "2024": time.Date(2024, 12, 4, 23, 14, 1, 0, time.UTC)}
	for name, id := range identities {
		for when, at := range times {
			for _, rekor := range []int{1, 2} {
				t.Run(name+" "+when+" v"+string(rune('0'+rekor)), func(t *testing.T) {
					att, err := a.Attest(authority.Request{Filename: filename, SHA256: digest, Identity: id, Rekor: rekor, Time: at})
					if err != nil {
						t.Fatal(err)
					}
					result, err := verifyPlain(t, a, att)
					if err != nil {
						t.Fatal(err)
					}
					if got := result.Statement.GetSubject()[0].GetName(); got != filename {
						t.Errorf("subject = %q, want %q", got, filename)
					}
					if got := result.Signature.Certificate.Issuer; !strings.HasPrefix(got, "https://") {
						t.Errorf("issuer = %q", got)
					}
					if !at.IsZero() && !result.VerifiedTimestamps[0].Timestamp.Equal(at) {
						t.Errorf("time = %v, want %v", result.VerifiedTimestamps[0].Timestamp, at)
					}
				})
			}
		}
	}
}

func TestExtensions(t *testing.T) {
	a := newAuthority(t)
	id, err := authority.ParseIdentity("github:acme/demo@release.yml ref=refs/heads/main environment=pypi repository-id=7 owner-id=8 .14= .11=self-hosted")
	if err != nil {
		t.Fatal(err)
	}
	att, err := a.Attest(authority.Request{Filename: filename, SHA256: digest, Identity: id})
	if err != nil {
		t.Fatal(err)
	}
	result, err := verifyPlain(t, a, att)
	if err != nil {
		t.Fatal(err)
	}
	ext := result.Signature.Certificate.Extensions
	for name, pair := range map[string][2]string{
		"issuer":        {ext.Issuer, "https://token.actions.githubusercontent.com"},
		"repository":    {ext.SourceRepositoryURI, "https://github.com/acme/demo"},
		"repository id": {ext.SourceRepositoryIdentifier, "7"},
		"owner id":      {ext.SourceRepositoryOwnerIdentifier, "8"},
		"config":        {ext.BuildConfigURI, "https://github.com/acme/demo/.github/workflows/release.yml@refs/heads/main"},
		"ref":           {ext.SourceRepositoryRef, ""},
		"runner":        {ext.RunnerEnvironment, "self-hosted"},
		"old workflow":  {ext.GithubWorkflowRepository, "acme/demo"},
		"san":           {result.Signature.Certificate.SubjectAlternativeName, "https://github.com/acme/demo/.github/workflows/release.yml@refs/heads/main"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s = %q, want %q", name, pair[0], pair[1])
		}
	}
}

// TestFaultsFail holds every fault of an attestation against plain sigstore-go,
// with the sentence of the check that finds it. Those with no sentence are
// arithmetically sound: only rules about the content refuse them.
func TestFaultsFail(t *testing.T) {
	a := newAuthority(t)
	tests := map[authority.Fault]struct {
		rekor int
		want  string
	}{
		authority.WrongSubject:        {1, ""},
		authority.WrongDigest:         {1, "provided artifact digest does not match any digest in statement"},
		authority.NoSubject:           {1, "provided artifact digests does not match digests in statement"},
		authority.TwoSubjects:         {1, ""},
		authority.UnknownPredicate:    {1, ""},
		authority.PredicateBody:       {1, ""},
		authority.StatementNotJSON:    {1, "unable to extract statement from envelope"},
		authority.ExpiredLeaf:         {1, "integrated time outside certificate validity"},
		authority.NoSCT:               {1, "only able to verify 0 SCT entries; unable to meet threshold of 1"},
		authority.BadSCT:              {1, "only able to verify 0 SCT entries; unable to meet threshold of 1"},
		authority.OtherRoot:           {1, "not enough verified log entries from transparency log: 0 < 1"},
		authority.OtherCA:             {1, "failed to verify leaf certificate"},
		authority.BadSignature:        {1, "failed to verify signature"},
		authority.NoLogEntry:          {1, "not enough verified log entries from transparency log: 0 < 1"},
		authority.OtherLogEntry:       {1, "transparency log signature does not match"},
		authority.BadInclusionProof:   {1, "does not match expected root"},
		authority.BadCheckpoint:       {1, "signature on checkpoint did not verify"},
		authority.BadPromise:          {1, "not enough verified log entries from transparency log: 0 < 1"},
		authority.NoTimestamp:         {2, "threshold"},
		authority.BadTimestamp:        {2, "threshold"},
		authority.AttestationVersion2: {1, ""},
	}
	for fault, test := range tests {
		t.Run(string(fault), func(t *testing.T) {
			att, err := a.Attest(authority.Request{
				Filename: filename, SHA256: digest, Rekor: test.rekor,
				Identity: authority.GitHub("acme/demo", "release.yml"), Faults: []authority.Fault{fault},
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = verifyPlain(t, a, att)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && err == nil:
				t.Error("passed")
			case test.want != "" && !strings.Contains(err.Error(), test.want):
				t.Errorf("error = %q, want one with %q", err, test.want)
			}
		})
	}
}

// TestFaultsFailOnRekorV2 is the same for the checks that differ by log version.
func TestFaultsFailOnRekorV2(t *testing.T) {
	a := newAuthority(t)
	for _, fault := range []authority.Fault{
		authority.WrongDigest, authority.ExpiredLeaf, authority.BadSCT, authority.OtherRoot, authority.OtherCA, authority.BadSignature,
		authority.NoLogEntry, authority.OtherLogEntry, authority.BadInclusionProof, authority.BadCheckpoint,
	} {
		t.Run(string(fault), func(t *testing.T) {
			att, err := a.Attest(authority.Request{
				Filename: filename, SHA256: digest, Rekor: 2,
				Identity: authority.GitHub("acme/demo", "release.yml"), Faults: []authority.Fault{fault},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := verifyPlain(t, a, att); err == nil {
				t.Error("passed")
			}
		})
	}
}

func TestStagingIsGoodUnderItsOwnRoot(t *testing.T) {
	a := newAuthority(t)
	staging, err := a.Staging()
	if err != nil {
		t.Fatal(err)
	}
	att, err := a.Attest(authority.Request{Filename: filename, SHA256: digest,
		Identity: authority.Google("a@example.invalid"), Faults: []authority.Fault{authority.OtherRoot}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifyPlain(t, staging, att); err != nil {
		t.Error(err)
	}
}

func TestProvenance(t *testing.T) {
	a := newAuthority(t)
	github, gitlab := authority.GitHub("acme/demo", "release.yml"), authority.GitLab("acme/demo", ".gitlab-ci.yml")
	request := func(id authority.Identity, predicate string, faults ...authority.Fault) authority.Request {
		return authority.Request{Filename: filename, SHA256: digest, Identity: id, Predicate: predicate, Faults: faults}
	}
	const slsa = authority.SLSAV1
	tests := []struct {
		name     string
		requests []authority.Request
		version  int
		shape    string // kind:repository:number of attestations
	}{
		{"one", []authority.Request{request(github, "")}, 1, "GitHub:acme/demo:1"},
		{"two predicates", []authority.Request{request(github, ""), request(github, slsa)}, 1, "GitHub:acme/demo:2"},
		{"two publishers", []authority.Request{request(github, ""), request(gitlab, "")}, 1, "GitHub:acme/demo:1 GitLab:acme/demo:1"},
		{"version 2", []authority.Request{request(github, "", authority.Version2)}, 2, "GitHub:acme/demo:1"},
		{"empty bundles", []authority.Request{request(github, "", authority.EmptyBundles)}, 1, ""},
		{"empty attestations", []authority.Request{request(github, "", authority.EmptyAttestations)}, 1, "GitHub:acme/demo:0"},
		{"duplicate", []authority.Request{request(github, "", authority.DuplicatePredicate)}, 1, "GitHub:acme/demo:2"},
		{"unknown kind", []authority.Request{request(github, "", authority.UnknownKind)}, 1, "Forge:acme/demo:1"},
		{"wrong publisher", []authority.Request{request(github, "", authority.WrongPublisher)}, 1, "GitHub:other/acme/demo:1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			raw, err := a.Provenance(test.requests...)
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Version int
				Bundles *[]struct {
					Publisher    struct{ Kind, Repository string }
					Attestations []authority.Attestation
				} `json:"attestation_bundles"`
			}
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			if got.Bundles == nil {
				t.Fatalf("no list of bundles in %s", raw)
			}
			var shape []string
			for _, b := range *got.Bundles {
				shape = append(shape, b.Publisher.Kind+":"+b.Publisher.Repository+":"+string(rune('0'+len(b.Attestations))))
				for _, att := range b.Attestations {
					if _, err := verifyPlain(t, a, &att); err != nil {
						t.Error(err)
					}
				}
			}
			if s := strings.Join(shape, " "); s != test.shape || got.Version != test.version {
				t.Errorf("version %d, bundles %q; want %d, %q", got.Version, s, test.version, test.shape)
			}
		})
	}
}

// TestFormMatchesPublicInstance compares the keys of what is issued with those
// of real material, so that the stand-in does not drift from what it stands for.
func TestFormMatchesPublicInstance(t *testing.T) {
	a := newAuthority(t)
	raw, err := a.Provenance(authority.Request{Filename: filename, SHA256: digest, Identity: authority.GitHub("acme/demo", "release.yml")})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Bundles []struct {
			Attestations []struct {
				Material struct {
					Entries []map[string]any `json:"transparency_entries"`
				} `json:"verification_material"`
			}
		} `json:"attestation_bundles"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	entry := got.Bundles[0].Attestations[0].Material.Entries[0]
	keys := slices.Sorted(maps.Keys(entry))
	want := []string{"canonicalizedBody", "inclusionPromise", "inclusionProof", "integratedTime", "kindVersion", "logId", "logIndex"}
	if !slices.Equal(keys, want) {
		t.Errorf("entry keys = %q, want %q", keys, want)
	}
	if _, ok := entry["integratedTime"].(string); !ok {
		t.Errorf("integratedTime is a %T, want a string", entry["integratedTime"])
	}
	id := entry["logId"].(map[string]any)["keyId"].(string)
	if b, err := base64.StdEncoding.DecodeString(id); err != nil || len(b) != sha256.Size {
		t.Errorf("log id %s is not a digest", hex.EncodeToString(b))
	}
}

func TestErrors(t *testing.T) {
	a := newAuthority(t)
	id := authority.GitHub("acme/demo", "release.yml")
	for name, test := range map[string]struct {
		call func() error
		want string
	}{
		"no colon":      {func() error { _, err := authority.ParseIdentity("acme"); return err }, `publisher "acme" is not of the form kind:name`},
		"empty":         {func() error { _, err := authority.ParseIdentity(" "); return err }, "empty publisher"},
		"no workflow":   {func() error { _, err := authority.ParseIdentity("github:a/b"); return err }, `publisher "github:a/b" is not of the form github:repository@workflow`},
		"unknown kind":  {func() error { _, err := authority.ParseIdentity("forge:a"); return err }, `unknown kind of publisher "forge"`},
		"unknown key":   {func() error { _, err := authority.ParseIdentity("google:a x=y"); return err }, `publisher: unknown key "x"`},
		"no value":      {func() error { _, err := authority.ParseIdentity("google:a x"); return err }, `publisher: "x" is not of the form key=value`},
		"unknown fault": {func() error { _, err := authority.ParseFault("x"); return err }, `unknown fault "x" of an attestation`},
		"no request":    {func() error { _, err := a.Provenance(); return err }, "a provenance object needs a request"},
		"rekor 3": {func() error {
			_, err := a.Attest(authority.Request{Identity: id, Rekor: 3})
			return err
		}, "unknown version 3 of Rekor"},
		"promise in v2": {func() error {
			_, err := a.Attest(authority.Request{Identity: id, Rekor: 2, Faults: []authority.Fault{authority.BadPromise}})
			return err
		}, "bad-promise: this version of Rekor has no such thing"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.call(); err == nil || err.Error() != test.want {
				t.Errorf("error = %v, want %s", err, test.want)
			}
		})
	}
}

func BenchmarkAttest(b *testing.B) {
	a := newAuthority(b)
	for b.Loop() {
		if _, err := a.Attest(authority.Request{Filename: filename, SHA256: digest, Identity: authority.GitHub("acme/demo", "release.yml")}); err != nil {
			b.Fatal(err)
		}
	}
}
