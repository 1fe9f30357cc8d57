package main_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// row is a line of the index of real material that states a verdict.
type row struct {
	file, root, expected, note string
	name, digest               string // of the distribution
	dist                       string // its path, where it is at hand
}

var (
	hexDigest = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	distName  = regexp.MustCompile(`dist name (\S+)`)
)

// rows reads the index; every row that states PASS or FAIL of material for a
// file must get that verdict from "assay verify".
func rows(t *testing.T, dir string) []row {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "INDEX.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []row
	for _, line := range strings.Split(string(data), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) < 4 || !strings.Contains(cells[3], "PASS") || strings.HasSuffix(cells[0], ".pem") {
			continue
		}
		r := row{file: cells[0], root: cells[2], expected: cells[3], note: strings.Join(cells[4:], "|")}
		path := filepath.Join(dir, r.file)
		base := path
		for _, ending := range []string{".provenance", ".publish.attestation", ".slsa.attestation", ".attestation", ".sigstore"} {
			if cut, ok := strings.CutSuffix(base, ending); ok {
				base = cut
				break
			}
		}
		r.name = filepath.Base(base)
		if _, err := os.Stat(base); err == nil {
			r.dist = base
		}
		if m := distName.FindStringSubmatch(r.expected); m != nil {
			r.name = m[1]
		}
		if r.digest = hexDigest.FindString(r.expected); r.digest == "" && r.dist == "" {
			r.digest = subjectDigest(t, path)
		}
		out = append(out, r)
	}
	return out
}

// subjectDigest is the digest that material is about, for rows whose file is not
// stored.
func subjectDigest(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`"statement":\s*"([^"]+)"`).FindSubmatch(data)
	if m == nil {
		t.Fatalf("%s has no statement", path)
	}
	statement, err := base64.StdEncoding.DecodeString(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return hexDigest.FindString(string(statement))
}

// arguments are those of "assay verify" for a row's file with some material.
func (r row) arguments(material string) []string {
	if r.dist != "" {
		return []string{"--provenance", material, r.dist}
	}
	return []string{"--provenance", material, "--digest", "sha256:" + r.digest, "--name", r.name}
}

// verify runs "assay verify" and returns its exit status, its first verdict and
// the codes of its reasons.
func verify(t *testing.T, args ...string) (status int, verdict string, codes []string) {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(assay, append([]string{"verify", "--format", "json"}, args...)...)
	cmd.Env = append(os.Environ(), "ASSAY_HOME="+t.TempDir())
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	var report struct {
		Artifacts []struct {
			Decision struct {
				Verdict string
				Reasons []struct{ Code, Severity string }
			}
		}
	}
	if err := json.Unmarshal(out, &report); err != nil || len(report.Artifacts) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, r := range report.Artifacts[0].Decision.Reasons {
		if r.Severity == "error" {
			codes = append(codes, r.Code)
		}
	}
	return cmd.ProcessState.ExitCode(), report.Artifacts[0].Decision.Verdict, codes
}

func TestRealMaterialGetsItsVerdict(t *testing.T) {
	dir := shared(t)
	all := rows(t, dir)
	if len(all) < 18 {
		t.Fatalf("the index states only %d verdicts", len(all))
	}
	staging := filepath.Join(dir, "trusted-roots", "staging.trusted_root.json")
	for _, r := range all {
		t.Run(r.file, func(t *testing.T) {
			args := r.arguments(filepath.Join(dir, r.file))
			if r.root != "staging" {
				if status, verdict, codes := verify(t, args...); status != 0 || verdict != "allow" {
					t.Errorf("production: status %d, %s %v", status, verdict, codes)
				}
				return
			}
			if status, verdict, codes := verify(t, append(args, "--trusted-root", staging)...); status != 0 || verdict != "allow" {
				t.Errorf("staging: status %d, %s %v", status, verdict, codes)
			}
			if status, verdict, codes := verify(t, args...); status != 1 || verdict != "deny" || fmt.Sprint(codes) != "[provenance.untrusted]" {
				t.Errorf("production: status %d, %s %v", status, verdict, codes)
			}
		})
	}
}

func TestRealProvenanceSwapped(t *testing.T) {
	dir := filepath.Join(shared(t), "pip-plugin-pep740")
	names := []string{"abi3info-2024.10.3-py3-none-any.whl", "abi3info-2024.10.8-py3-none-any.whl", "abi3info-2024.10.8.tar.gz"}
	for _, file := range names {
		for _, other := range names {
			status, verdict, codes := verify(t, "--provenance", filepath.Join(dir, other+".provenance"), filepath.Join(dir, file))
			switch {
			case file == other && (status != 0 || verdict != "allow"):
				t.Errorf("%s: status %d, %s %v", file, status, verdict, codes)
			case file != other && (status != 1 || fmt.Sprint(codes) != "[provenance.wrong-subject]" && fmt.Sprint(codes) != "[provenance.wrong-subject provenance.wrong-subject]"):
				t.Errorf("%s with the provenance of %s: status %d, %s %v", file, other, status, verdict, codes)
			}
		}
	}
}

// TestRealMaterialSpoiled holds attestations against publishers
// that did not sign them, and provenance in shapes that verify nothing.
func TestRealMaterialSpoiled(t *testing.T) {
	dir := filepath.Join(shared(t), "pypi-attestations")
	wrap := func(t *testing.T, publisher string, attestations ...string) string {
		t.Helper()
		body := fmt.Sprintf(`{"version":1,"attestation_bundles":[{"publisher":%s,"attestations":[%s]}]}`, publisher, strings.Join(attestations, ","))
		path := filepath.Join(t.TempDir(), "p.provenance")
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	const gitlab, github = "gitlab_oidc_project-0.0.3.tar.gz", "pypi_attestation_models-0.0.4a2.tar.gz"
	lab, hub := read(gitlab+".publish.attestation"), read(github+".attestation")
	for name, c := range map[string]struct {
		file, publisher string
		attestations    []string
		status          int
		verdict, codes  string
	}{
		"GitLab":                 {gitlab, `{"kind":"GitLab","repository":"facutuesca/gitlab-oidc-project","workflow_filepath":".gitlab-ci.yml"}`, []string{lab}, 0, "allow", "[]"},
		"GitLab, wrong workflow": {gitlab, `{"kind":"GitLab","repository":"facutuesca/gitlab-oidc-project","workflow_filepath":"wrong.yml"}`, []string{lab}, 1, "deny", "[provenance.wrong-publisher]"},
		"GitHub":                 {github, `{"kind":"GitHub","repository":"trailofbits/pypi-attestation-models","workflow":"release.yml"}`, []string{hub}, 0, "allow", "[]"},
		"GitHub, wrong workflow": {github, `{"kind":"GitHub","repository":"trailofbits/pypi-attestation-models","workflow":"wrong.yml"}`, []string{hub}, 1, "deny", "[provenance.wrong-publisher]"},
		"GitHub, wrong owner":    {github, `{"kind":"GitHub","repository":"mallory/pypi-attestation-models","workflow":"release.yml"}`, []string{hub}, 1, "deny", "[provenance.wrong-publisher]"},
		"unknown kind":           {github, `{"kind":"Jenkins","repository":"trailofbits/pypi-attestation-models"}`, []string{hub}, 0, "warn", "[]"},
		"no attestation":         {github, `{"kind":"GitHub","repository":"trailofbits/pypi-attestation-models","workflow":"release.yml"}`, nil, 1, "deny", "[provenance.empty-attestations]"},
		"twice":                  {github, `{"kind":"GitHub","repository":"trailofbits/pypi-attestation-models","workflow":"release.yml"}`, []string{hub, hub}, 1, "deny", "[provenance.duplicate-predicate]"},
	} {
		t.Run(name, func(t *testing.T) {
			status, verdict, codes := verify(t, "--provenance", wrap(t, c.publisher, c.attestations...), filepath.Join(dir, c.file))
			if status != c.status || verdict != c.verdict || fmt.Sprint(codes) != c.codes {
				t.Errorf("status %d, %s %v; want %d, %s %s", status, verdict, codes, c.status, c.verdict, c.codes)
			}
		})
	}
	t.Run("no bundle", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "p.provenance")
		if err := os.WriteFile(path, []byte(`{"version":1,"attestation_bundles":[]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, verdict, codes := verify(t, "--provenance", path, filepath.Join(dir, github)); status != 1 || verdict != "deny" || fmt.Sprint(codes) != "[provenance.empty-bundles]" {
			t.Errorf("status %d, %s %v", status, verdict, codes)
		}
	})
}
