package lockcheck

import (
	"maps"
	"testing"

	"assay"
	"assay/internal/lockfile"
)

func TestDerive(t *testing.T) {
	attested := func(identity, environment string) assay.Claim {
		return assay.Claim{Method: "pep740", Identity: identity, Details: map[string]string{"environment": environment}}
	}
	a, b := assay.Artifact{Filename: "a.whl"}, assay.Artifact{Filename: "b.whl"}
	for _, c := range []struct {
		name   string
		claims [][]assay.Claim
		want   lockfile.Identity
		why    string
	}{
		{"one publisher", [][]assay.Claim{{attested("github:o/r@w.yml", "pypi")}, {attested("github:o/r@w.yml", "pypi")}},
			lockfile.Identity{Kind: "GitHub", Fields: map[string]string{"repository": "o/r", "workflow": "w.yml", "environment": "pypi"}}, ""},
		{"two environments", [][]assay.Claim{{attested("github:o/r@w.yml", "pypi")}, {attested("github:o/r@w.yml", "")}},
			lockfile.Identity{Kind: "GitHub", Fields: map[string]string{"repository": "o/r", "workflow": "w.yml"}}, ""},
		{"GitLab", [][]assay.Claim{{attested("gitlab:g/s/p@ci/x.yml", "")}, {attested("gitlab:g/s/p@ci/x.yml", "")}},
			lockfile.Identity{Kind: "GitLab", Fields: map[string]string{"repository": "g/s/p", "workflow_filepath": "ci/x.yml"}}, ""},
		{"Google", [][]assay.Claim{{attested("google:a@example.com", "")}, {attested("google:a@example.com", "")}},
			lockfile.Identity{Kind: "Google", Fields: map[string]string{"email": "a@example.com"}}, ""},
		{"one file without", [][]assay.Claim{{attested("github:o/r@w.yml", "")}, {}}, lockfile.Identity{}, "b.whl is attested by nobody"},
		{"a key and a statement about the build", [][]assay.Claim{{attested("github:o/r@w.yml", "")}, {{Method: "openpgp", Identity: "openpgp:AB"}, {Method: "slsa", Identity: "github:o/r@w.yml"}}},
			lockfile.Identity{}, "b.whl is attested by nobody"},
		{"two publishers", [][]assay.Claim{{attested("github:o/r@w.yml", "")}, {attested("github:o/s@w.yml", "")}}, lockfile.Identity{},
			"a.whl is attested by github:o/r@w.yml, and b.whl by github:o/s@w.yml"},
		{"two of one file", [][]assay.Claim{{attested("github:o/r@w.yml", ""), attested("github:o/s@w.yml", "")}, {}}, lockfile.Identity{},
			"a.whl is attested by github:o/r@w.yml and github:o/s@w.yml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, why := Derive([]assay.Artifact{a, b}, c.claims)
			if why != c.why || why == "" && (got.Kind != c.want.Kind || !maps.Equal(got.Fields, c.want.Fields)) {
				t.Errorf("got %v, %q", got, why)
			}
			if why == "" && !Holds([]lockfile.Identity{got}, c.claims) {
				t.Error("what was derived does not hold")
			}
		})
	}
	if _, why := Derive(nil, nil); why != "there is no file" {
		t.Errorf("of nothing: %q", why)
	}
	if Holds(nil, nil) {
		t.Error("no identity holds")
	}
}
