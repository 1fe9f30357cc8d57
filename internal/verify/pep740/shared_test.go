package pep740

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay"
	"assay/internal/sigstore"
)

// sharedFolder returns the folder of the shared Sigstore fixtures, and skips the
// test where it is not there.
func sharedFolder(tb testing.TB) string {
	tb.Helper()
	if base := os.Getenv("ASSAY_SHARED"); base != "" {
		return filepath.Join(base, "fixtures", "sigstore")
	}
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		at := filepath.Join(dir, "shared", "fixtures", "sigstore")
		if _, err := os.Stat(at); err == nil {
			return at
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Skip("no shared fixtures beside the repository and no ASSAY_SHARED")
		}
		dir = parent
	}
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(sharedFolder(tb), filepath.FromSlash(name)))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func production(tb testing.TB) *Verifier {
	tb.Helper()
	root, err := sigstore.EmbeddedRoot()
	if err != nil {
		tb.Fatal(err)
	}
	return New(root)
}

func rooted(tb testing.TB, name string) *Verifier {
	tb.Helper()
	root, err := sigstore.ParseRoot(read(tb, "trusted-roots/"+name+".trusted_root.json"))
	if err != nil {
		tb.Fatal(err)
	}
	return New(root)
}

// material reads a fixture as the material that its name says that it is.
func material(tb testing.TB, name string) assay.Material {
	kind := assay.Provenance
	switch {
	case strings.HasSuffix(name, ".attestation"):
		kind = assay.Attestation
	case strings.HasSuffix(name, ".sigstore"):
		kind = assay.SigstoreBundle
	}
	return assay.Material{Kind: kind, Name: path.Base(name), Data: read(tb, name)}
}

// subject is a file that is a fixture, or that only its digest is known of.
func subject(tb testing.TB, filename, digest string, materials ...string) assay.Subject {
	s := assay.Subject{Artifact: assay.Artifact{Ecosystem: assay.PyPI, Filename: path.Base(filename)}}
	if digest == "" {
		sum := sha256.Sum256(read(tb, filename))
		digest = hex.EncodeToString(sum[:])
	}
	s.Artifact.Digests = []assay.Digest{{Algorithm: "sha256", Hex: digest}}
	for _, m := range materials {
		s.Materials = append(s.Materials, material(tb, m))
	}
	return s
}

// render writes evidence down in one line a claim and a finding.
func render(ev assay.Evidence) string {
	var b strings.Builder
	fmt.Fprintln(&b, ev.State)
	for _, c := range ev.Claims {
		fmt.Fprintln(&b, c.Method, c.Identity)
	}
	for _, f := range ev.Findings {
		fmt.Fprintln(&b, f.Code, f.Detail)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func look1(tb testing.TB, v *Verifier, s assay.Subject) assay.Evidence {
	tb.Helper()
	ev, err := v.Verify(tb.Context(), s)
	if err != nil {
		tb.Fatal(err)
	}
	return ev
}

const (
	pa  = "pypi-attestations/"
	pip = "pip-plugin-pep740/"
	wh  = "warehouse/"

	spt3g      = "spt3g-1.0-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
	spt3gDated = pa + "spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl.publish.attestation"
)

// TestFixtures is every row of the fixtures' index that says PASS or FAIL of a
// file.
func TestFixtures(t *testing.T) {
	personal := "email:william@yossarian.net\nprovenance.personal %s: william@yossarian.net, vouched for by https://github.com/login/oauth"
	staged := func(name string) string { return "verified\npep740 " + fmt.Sprintf(personal, name) }
	notHere := func(name string) string {
		return "invalid\nprovenance.untrusted " + name + ": its transparency log is not in the trusted root"
	}
	abi := "verified\npep740 github:woodruffw/abi3info@release.yml"
	models := "verified\npep740 github:trailofbits/pypi-attestation-models@release.yml"
	own := "verified\npep740 github:trailofbits/pypi-attestations@release.yml"
	google := "verified\npep740 google:919436158236-compute@developer.gserviceaccount.com"
	for _, c := range []struct{ root, file, digest, material, want string }{
		{"production", pip + "abi3info-2024.10.3-py3-none-any.whl", "", pip + "abi3info-2024.10.3-py3-none-any.whl.provenance", abi},
		{"production", pip + "abi3info-2024.10.8-py3-none-any.whl", "", pip + "abi3info-2024.10.8-py3-none-any.whl.provenance", abi},
		{"production", pip + "abi3info-2024.10.8.tar.gz", "", pip + "abi3info-2024.10.8.tar.gz.provenance", abi},
		{"production", "gcb_attestation_test-0.0.0.tar.gz", "461317362419124b6012e855423a9078d6de8aed3e74fa78cc74d669b23dc6cf",
			"pypi-attestations-gcb/gcb_attestation_test-0.0.0.tar.gz.provenance", google},
		{"production", pa + "gitlab_oidc_project-0.0.3.tar.gz", "", pa + "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
			"verified\npep740 gitlab:facutuesca/gitlab-oidc-project@.gitlab-ci.yml"},
		{"production", pa + "pypi_attestation_models-0.0.4a2.tar.gz", "", pa + "pypi_attestation_models-0.0.4a2.tar.gz.attestation", models},
		{"production", pa + "pypi_attestation_models-0.0.4a2.tar.gz", "", pa + "pypi_attestation_models-0.0.4a2.tar.gz.sigstore", models},
		{"production", "pypi_attestations-0.0.16.tar.gz", "cbd2b946fe160793606dee4516ef58ac5959456e69630a7f03e7de73aa7f2737",
			pa + "pypi_attestations-0.0.16.tar.gz.attestation", own},
		{"production", pa + "pypi_attestations-0.0.19.tar.gz", "", pa + "pypi_attestations-0.0.19.tar.gz.provenance", own},
		{"production", pa + "pypi_attestations-0.0.19.tar.gz", "", pa + "pypi_attestations-0.0.19.tar.gz.publish.attestation", own},
		{"production", pa + "pypi_attestations-0.0.19.tar.gz", "", pa + "pypi_attestations-0.0.19.tar.gz.slsa.attestation",
			"verified\nslsa github:trailofbits/pypi-attestations@release.yml"},
		// A bundle over the file itself, of the time before attestations.
		{"production", "rfc8785-0.0.2-py3-none-any.whl", "0a186666340b57c1c8f365429a07f55261a1a60b2957f63b294820c4e3c0b5e4",
			pa + "rfc8785-0.0.2-py3-none-any.whl.sigstore", "verified\nsigstore github:trailofbits/rfc8785.py@release.yml"},
		{"staging", pa + "rfc8785-0.1.2-py3-none-any.whl", "", pa + "rfc8785-0.1.2-py3-none-any.whl.attestation",
			staged("rfc8785-0.1.2-py3-none-any.whl.attestation")},
		{"production", pa + "rfc8785-0.1.2-py3-none-any.whl", "", pa + "rfc8785-0.1.2-py3-none-any.whl.attestation",
			notHere("rfc8785-0.1.2-py3-none-any.whl.attestation")},
		{"staging", pa + "rfc8785-0.1.2-py3-none-any.whl", "", pa + "rfc8785-0.1.2-py3-none-any.whl.publish.attestation",
			staged("rfc8785-0.1.2-py3-none-any.whl.publish.attestation")},
		{"production", pa + "rfc8785-0.1.2-py3-none-any.whl", "", pa + "rfc8785-0.1.2-py3-none-any.whl.publish.attestation",
			notHere("rfc8785-0.1.2-py3-none-any.whl.publish.attestation")},
		{"staging", pa + "rfc8785-0.1.2-py3-none-any.whl", "", pa + "rfc8785-0.1.2-py3-none-any.whl.sigstore",
			staged("rfc8785-0.1.2-py3-none-any.whl.sigstore")},
		{"staging-2026-rust", pa + "rfc8785-0.1.2-py3-none-any.whl", "", pa + "rfc8785-0.1.2-py3-none-any.whl.sigstore",
			staged("rfc8785-0.1.2-py3-none-any.whl.sigstore")},
		{"sigstore-go-example-old", pa + "sigstore-3.6.1.tar.gz", "", pa + "sigstore-3.6.1.tar.gz.provenance",
			"verified\npep740 github:sigstore/sigstore-python@release.yml"},
		{"production", pa + "sigstore-3.6.1.tar.gz", "", pa + "sigstore-3.6.1.tar.gz.provenance",
			"verified\npep740 github:sigstore/sigstore-python@release.yml"},
		{"staging", spt3g, "d2772f9a5199f05ed1be8d9aa78b879e51772e3ead9d73fe8057257b1aec7cf8", spt3gDated, staged(path.Base(spt3gDated))},
		{"production", spt3g, "d2772f9a5199f05ed1be8d9aa78b879e51772e3ead9d73fe8057257b1aec7cf8", spt3gDated, notHere(path.Base(spt3gDated))},
		{"production", "pep740-sampleproject-1.0.0.tar.gz", "6cdd4a1a0a49aeef47265e7bf8ec1667257b397d34d731dc7b7af349deca1cd8",
			wh + "pep740-sampleproject-1.0.0.tar.gz.provenance", "verified\npep740 gitlab:pep740-example/sampleproject@.gitlab-ci.yml"},
		{"production", wh + "sampleproject-3.0.0.tar.gz", "", wh + "sampleproject-3.0.0.tar.gz.publish.attestation", google},
		{"production", "sampleproject-4.0.0-py3-none-any.whl", "c23e447ea90d796d1e645c35c4b2de125040add12a845825546f91c93f391b6b",
			wh + "sampleproject-4.0.0-py3-none-any.whl.publish.attestation", "verified\npep740 github:pypa/sampleproject@release.yml"},
		{"production", "sampleproject-4.0.0.tar.gz", "0ace7980f82c5815ede4cd7bf9f6693684cec2ae47b9b7ade9add533b8627c6b",
			wh + "sampleproject-4.0.0.tar.gz.provenance", "verified\npep740 github:pypa/sampleproject@release.yml"},
	} {
		t.Run(c.root+"/"+path.Base(c.material), func(t *testing.T) {
			got := render(look1(t, rooted(t, c.root), subject(t, c.file, c.digest, c.material)))
			if got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestSwapped gives each of three files the provenance of the others.
func TestSwapped(t *testing.T) {
	v := production(t)
	files := []string{"abi3info-2024.10.3-py3-none-any.whl", "abi3info-2024.10.8-py3-none-any.whl", "abi3info-2024.10.8.tar.gz"}
	for _, file := range files {
		for _, other := range files {
			if file == other {
				continue
			}
			t.Run(file+" with that of "+other, func(t *testing.T) {
				s := subject(t, pip+file, "", pip+other+".provenance")
				theirs := subject(t, pip+other, "")
				want := fmt.Sprintf("invalid\nprovenance.wrong-subject %[1]s: it is about %[2]s, the file is %[3]s\n"+
					"provenance.wrong-subject %[1]s: it is about %[4]q, the file is %[5]q", other+".provenance",
					theirs.Artifact.Digests[0], s.Artifact.Digests[0], other, file)
				if got := render(look1(t, v, s)); got != want {
					t.Errorf("found\n%s\nwant\n%s", got, want)
				}
				// The right bytes under another file's name are no better.
				s.Artifact.Digests = theirs.Artifact.Digests
				want = fmt.Sprintf("invalid\nprovenance.wrong-subject %s: it is about %q, the file is %q",
					other+".provenance", other, file)
				if got := render(look1(t, v, s)); got != want {
					t.Errorf("found\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

// TestOtherPublisher puts another publisher beside real attestations.
func TestOtherPublisher(t *testing.T) {
	v := production(t)
	for _, c := range []struct{ file, digest, material, old, changed, want string }{
		{pip + "abi3info-2024.10.8.tar.gz", "", pip + "abi3info-2024.10.8.tar.gz.provenance", `"release.yml"`, `"wrong.yml"`,
			`the workflow is "https://github.com/woodruffw/abi3info/.github/workflows/release.yml@refs/tags/v2024.10.08" in the certificate, ` +
				`not "https://github.com/woodruffw/abi3info/.github/workflows/wrong.yml@…"`},
		{pip + "abi3info-2024.10.8.tar.gz", "", pip + "abi3info-2024.10.8.tar.gz.provenance", `"woodruffw/abi3info"`, `"woodruffw/other"`,
			`the repository is "https://github.com/woodruffw/abi3info" in the certificate, not "https://github.com/woodruffw/other"`},
		{pip + "abi3info-2024.10.8.tar.gz", "", pip + "abi3info-2024.10.8.tar.gz.provenance", `"GitHub"`, `"GitHub","workflow_filepath":"x"`, ""},
		{pa + "sigstore-3.6.1.tar.gz", "", pa + "sigstore-3.6.1.tar.gz.provenance", `sigstore/sigstore-python"`, `sigstore/sigstore"`,
			`the repository is "https://github.com/sigstore/sigstore-python" in the certificate, not "https://github.com/sigstore/sigstore"`},
		{"pep740_sampleproject-1.0.0.tar.gz", "6cdd4a1a0a49aeef47265e7bf8ec1667257b397d34d731dc7b7af349deca1cd8",
			wh + "pep740-sampleproject-1.0.0.tar.gz.provenance", `.gitlab-ci.yml"`, `wrong.yml"`,
			`the workflow is "https://gitlab.com/pep740-example/sampleproject//.gitlab-ci.yml@refs/heads/main" in the certificate, ` +
				`not "https://gitlab.com/pep740-example/sampleproject//wrong.yml@…"`},
		{"pep740_sampleproject-1.0.0.tar.gz", "6cdd4a1a0a49aeef47265e7bf8ec1667257b397d34d731dc7b7af349deca1cd8",
			wh + "pep740-sampleproject-1.0.0.tar.gz.provenance", `"GitLab"`, `"Google","email":"a@example.invalid"`,
			`the issuer is "https://gitlab.com" in the certificate, not "https://accounts.google.com"`},
		{"gcb_attestation_test-0.0.0.tar.gz", "461317362419124b6012e855423a9078d6de8aed3e74fa78cc74d669b23dc6cf",
			"pypi-attestations-gcb/gcb_attestation_test-0.0.0.tar.gz.provenance", `"919436158236-`, `"919436158237-`,
			`the e-mail address is "919436158236-compute@developer.gserviceaccount.com" in the certificate, ` +
				`not "919436158237-compute@developer.gserviceaccount.com"`},
	} {
		t.Run(c.changed, func(t *testing.T) {
			s := subject(t, c.file, c.digest, c.material)
			publisher := string(s.Materials[0].Data)
			if !strings.Contains(publisher, c.old) {
				t.Fatalf("the fixture does not hold %s", c.old)
			}
			s.Materials[0].Data = []byte(strings.Replace(publisher, c.old, c.changed, 1))
			want := "invalid\nprovenance.wrong-publisher " + path.Base(c.material) + ": " + c.want
			if c.want == "" {
				want = "verified\npep740 github:woodruffw/abi3info@release.yml"
			}
			if got := render(look1(t, v, s)); got != want {
				t.Errorf("found\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestDetails is what a real certificate tells policy.
func TestDetails(t *testing.T) {
	ev := look1(t, production(t), subject(t, "sampleproject-4.0.0.tar.gz",
		"0ace7980f82c5815ede4cd7bf9f6693684cec2ae47b9b7ade9add533b8627c6b", wh+"sampleproject-4.0.0.tar.gz.provenance"))
	if len(ev.Claims) != 1 {
		t.Fatalf("found %+v", ev)
	}
	c := ev.Claims[0]
	workflow := "https://github.com/pypa/sampleproject/.github/workflows/release.yml@refs/heads/main"
	want := map[string]string{
		"issuer": "https://token.actions.githubusercontent.com", "subject": workflow, "workflow": workflow, "signer": workflow,
		"repository": "https://github.com/pypa/sampleproject", "repository_id": "14899596",
		"owner": "https://github.com/pypa", "owner_id": "647025", "ref": "refs/heads/main",
		"commit": "621e4974ca25ce531773def586ba3ed8e736b3fc", "workflow_digest": "621e4974ca25ce531773def586ba3ed8e736b3fc",
		"runner": "github-hosted", "trigger": "push", "visibility": "public", "predicate": sigstore.PublishV1,
		"run": "https://github.com/pypa/sampleproject/actions/runs/11713038981/attempts/1", "log_index": "147137139",
	}
	if !maps.Equal(c.Details, want) {
		t.Errorf("found %v, want %v", c.Details, want)
	}
	if at := time.Date(2024, 11, 6, 22, 37, 7, 0, time.UTC); !c.Time.Equal(at) {
		t.Errorf("the time is %s, want %s", c.Time, at)
	}
}
