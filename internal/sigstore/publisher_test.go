package sigstore_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"

	"assay/internal/sigstore"
)

func readPEM(t *testing.T, name string) sigstore.Certificate {
	t.Helper()
	block, _ := pem.Decode(read(t, name))
	if block == nil {
		t.Fatalf("%s is not PEM", name)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sigstore.ReadCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRealCertificates is the rows of the fixtures' index that are certificates
// only.
func TestRealCertificates(t *testing.T) {
	google := readPEM(t, "pypi-attestations/200170367.pem")
	swift := readPEM(t, "pypi-attestations/no-source-repository-ref-extension.pem")
	if swift.SourceRepositoryRef != "" || swift.SourceRepositoryDigest == "" {
		t.Errorf("the certificate has the ref %q and the commit %q", swift.SourceRepositoryRef, swift.SourceRepositoryDigest)
	}
	for _, c := range []struct {
		name string
		cert sigstore.Certificate
		p    sigstore.Publisher
		want error
	}{
		{"google", google, sigstore.Publisher{Kind: "Google", Email: "919436158236-compute@developer.gserviceaccount.com"}, nil},
		{"another address", google, sigstore.Publisher{Kind: "Google", Email: "919436158236-compute@developer.example.invalid"}, sigstore.ErrWrongPublisher},
		{"google as GitHub", google, sigstore.Publisher{Kind: "GitHub", Repository: "a/b", Workflow: "c"}, sigstore.ErrWrongPublisher},
		{"by the commit", swift, sigstore.Publisher{Kind: "GitHub", Repository: "SWIFTSIM/swiftgalaxy", Workflow: "python-publish.yml"}, nil},
		{"another workflow", swift, sigstore.Publisher{Kind: "GitHub", Repository: "SWIFTSIM/swiftgalaxy", Workflow: "publish.yml"}, sigstore.ErrWrongPublisher},
		{"another spelling", swift, sigstore.Publisher{Kind: "GitHub", Repository: "swiftsim/swiftgalaxy", Workflow: "python-publish.yml"}, sigstore.ErrWrongPublisher},
		{"as GitLab", swift, sigstore.Publisher{Kind: "GitLab", Repository: "SWIFTSIM/swiftgalaxy", Workflow: "python-publish.yml"}, sigstore.ErrWrongPublisher},
		{"as something else", swift, sigstore.Publisher{Kind: "CircleCI"}, sigstore.ErrUnknownPublisher},
		{"as nothing", swift, sigstore.Publisher{}, sigstore.ErrUnknownPublisher},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.cert.Match(c.p, sigstore.PublishV1); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("the error is %v, want %v", err, c.want)
			}
		})
	}
	for _, c := range []struct {
		cert sigstore.Certificate
		want string
	}{
		{google, "google:919436158236-compute@developer.gserviceaccount.com"},
		{swift, "github:SWIFTSIM/swiftgalaxy@python-publish.yml"},
	} {
		if p, personal, err := c.cert.Publisher(); err != nil || personal || p.Identity() != c.want {
			t.Errorf("the identity is %q, %v, %v, want %q", p.Identity(), personal, err, c.want)
		}
	}
}

// TestMatch goes through the rules for each kind: what decides and what does not.
func TestMatch(t *testing.T) {
	hub := sigstore.Certificate{
		Issuer: "https://token.actions.githubusercontent.com", IssuerV2: "https://token.actions.githubusercontent.com",
		SourceRepositoryURI: "https://github.com/acme/demo", SourceRepositoryDigest: "c0ffee", SourceRepositoryRef: "refs/tags/v1",
		BuildConfigURI: "https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1",
	}
	lab := sigstore.Certificate{
		Issuer: "https://gitlab.com", IssuerV2: "https://gitlab.com",
		SourceRepositoryURI: "https://gitlab.com/acme/sub/demo", SourceRepositoryDigest: "c0ffee", SourceRepositoryRef: "refs/tags/v1",
		BuildConfigURI: "https://gitlab.com/acme/sub/demo//ci/release.yml@refs/tags/v1",
	}
	mail := sigstore.Certificate{Issuer: "https://accounts.google.com", Email: "ci@example.invalid"}
	change := func(c sigstore.Certificate, edit func(*sigstore.Certificate)) sigstore.Certificate {
		edit(&c)
		return c
	}
	github := sigstore.Publisher{Kind: "GitHub", Repository: "acme/demo", Workflow: "release.yml"}
	gitlab := sigstore.Publisher{Kind: "GitLab", Repository: "acme/sub/demo", Workflow: "ci/release.yml"}
	google := sigstore.Publisher{Kind: "Google", Email: "ci@example.invalid"}
	for _, c := range []struct {
		name          string
		cert          sigstore.Certificate
		p             sigstore.Publisher
		publish, slsa bool
	}{
		{"github", hub, github, true, true},
		{"github, environment differs", hub, sigstore.Publisher{Kind: "GitHub", Repository: "acme/demo", Workflow: "release.yml", Environment: "x"}, true, true},
		{"github at the commit", change(hub, func(c *sigstore.Certificate) {
			c.BuildConfigURI = "https://github.com/acme/demo/.github/workflows/release.yml@c0ffee"
		}), github, true, true},
		{"github, no ref", change(hub, func(c *sigstore.Certificate) { c.SourceRepositoryRef = "" }), github, false, true},
		{"github, no commit", change(hub, func(c *sigstore.Certificate) { c.SourceRepositoryDigest = "" }), github, true, true},
		{"github, neither", change(hub, func(c *sigstore.Certificate) {
			c.SourceRepositoryDigest, c.SourceRepositoryRef = "", ""
			c.BuildConfigURI = "https://github.com/acme/demo/.github/workflows/release.yml@"
		}), github, false, true},
		{"github at another ref", change(hub, func(c *sigstore.Certificate) { c.SourceRepositoryRef = "refs/heads/main" }), github, false, true},
		{"github, workflow of another repository", change(hub, func(c *sigstore.Certificate) {
			c.BuildConfigURI = "https://github.com/acme/shared/.github/workflows/release.yml@refs/tags/v1"
		}), github, false, true},
		{"github, longer workflow", change(hub, func(c *sigstore.Certificate) {
			c.BuildConfigURI = "https://github.com/acme/demo/.github/workflows/release.yml.bak@refs/tags/v1"
		}), github, false, true},
		{"github, old issuer only", change(hub, func(c *sigstore.Certificate) { c.IssuerV2 = "" }), github, false, false},
		{"github, another issuer", change(hub, func(c *sigstore.Certificate) { c.IssuerV2 = "https://token.actions.githubusercontent.com/acme" }), github, false, false},
		{"github, longer repository", change(hub, func(c *sigstore.Certificate) { c.SourceRepositoryURI += "2" }), github, false, false},
		{"github, no repository", change(hub, func(c *sigstore.Certificate) { c.SourceRepositoryURI = "" }), github, false, false},
		{"gitlab", lab, gitlab, true, true},
		{"gitlab at the commit", change(lab, func(c *sigstore.Certificate) {
			c.BuildConfigURI = "https://gitlab.com/acme/sub/demo//ci/release.yml@c0ffee"
		}), gitlab, true, true},
		{"gitlab, no commit", change(lab, func(c *sigstore.Certificate) { c.SourceRepositoryDigest = "" }), gitlab, false, true},
		{"gitlab, no ref", change(lab, func(c *sigstore.Certificate) {
			c.SourceRepositoryRef, c.BuildConfigURI = "", "https://gitlab.com/acme/sub/demo//ci/release.yml@c0ffee"
		}), gitlab, false, true},
		{"gitlab as github", lab, github, false, false},
		{"google", mail, google, true, true},
		{"google, another issuer", change(mail, func(c *sigstore.Certificate) { c.Issuer = "https://accounts.example.invalid" }), google, false, false},
		{"google, no address", change(mail, func(c *sigstore.Certificate) { c.Email = "" }), google, false, false},
		{"google, another address", change(mail, func(c *sigstore.Certificate) { c.Email = "CI@example.invalid" }), google, false, false},
	} {
		for predicate, want := range map[string]bool{sigstore.PublishV1: c.publish, sigstore.SLSAProvenanceV1: c.slsa} {
			err := c.cert.Match(c.p, predicate)
			if (err == nil) != want || err != nil && !errors.Is(err, sigstore.ErrWrongPublisher) {
				t.Errorf("%s for %s: the error is %v", c.name, predicate, err)
			}
		}
	}
}

func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		p    sigstore.Publisher
		want string
	}{
		{sigstore.Publisher{Kind: "GitHub", Repository: "a/b", Workflow: "c.yml"}, "github:a/b@c.yml"},
		{sigstore.Publisher{Kind: "GitHub", Repository: "a/b"}, "github:a/b"},
		{sigstore.Publisher{Kind: "GitLab", Repository: "a/b/c", Workflow: "d/e.yml"}, "gitlab:a/b/c@d/e.yml"},
		{sigstore.Publisher{Kind: "Google", Email: "a@example.invalid"}, "google:a@example.invalid"},
		{sigstore.Publisher{Kind: "Forge", Repository: "a/b"}, ""},
	} {
		if got := c.p.Identity(); got != c.want {
			t.Errorf("found %q, want %q", got, c.want)
		}
	}
}
