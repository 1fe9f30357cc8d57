package assay_test

import (
	"strings"
	"testing"

	"assay"
)

// TestHintsFitTheKey has hints name the option for keys of the kind that has signed.
func TestHintsFitTheKey(t *testing.T) {
	wanted := map[string][]string{
		"openpgp": {"--openpgp FILE", "--openpgp FINGERPRINT"},
		"ssh":     {"--ssh FILE", "--ssh FINGERPRINT"},
		"jws":     {"--jws KEY"},
	}
	for scheme, options := range wanted {
		key := scheme + ":" + map[string]string{"openpgp": keyB, "ssh": "SHA256:abc", "jws": "abc"}[scheme]
		claim := assay.Claim{Method: scheme, Identity: key, Role: assay.RoleArtifact, Signed: on(1, 19)}
		seen := assay.Evidence{Verifier: scheme, State: assay.Absent, Findings: []assay.Finding{{Code: assay.SignatureUnknownKey, Detail: "foo.sig: " + key}}}
		known := assay.Evidence{Verifier: scheme, State: assay.Verified, Claims: claimsOf(claim)}
		own := assay.Grant{Kind: assay.GrantKind(scheme), Key: strings.TrimPrefix(key, scheme+":"), From: "local"}
		ended, first := own, own
		ended.Until, first.FirstUse = on(1, 1), true
		for _, c := range []struct {
			code     assay.Code
			evidence assay.Evidence
			grants   []assay.Grant
			foreign  map[string][]string
		}{
			{assay.SignatureUnknownKey, seen, nil, nil},
			{assay.SignatureUnknownKey, known, nil, nil},
			{assay.SignatureUnexpectedKey, seen, grants(lets(keyA)), nil},
			{assay.SignatureUnexpectedKey, known, grants(lets(keyA)), nil},
			{assay.SignatureWrongProject, known, nil, map[string][]string{key: {"bar"}}},
			{assay.GrantEnded, known, grants(ended), nil},
			{assay.SignatureFirstUse, known, grants(first), nil},
		} {
			rules := assay.DefaultRules()
			rules.Grants, rules.Foreign = c.grants, c.foreign
			a := assay.Artifact{Ecosystem: assay.PyPI, Project: "foo", Version: "2.0", Filename: wheel20, Index: pageFoo, UploadTime: on(1, 20)}
			d := assay.Decide(rules, a, []assay.Evidence{verified(assay.Claim{Method: "sha256"}), c.evidence}, assay.Memory{}, now)
			hint := ""
			for _, r := range d.Reasons {
				if r.Code == c.code {
					hint = r.Hint
				}
			}
			fits := false
			for _, option := range options {
				fits = fits || strings.Contains(hint, "assay trust add foo "+option+" --until")
			}
			if !fits {
				t.Errorf("%s of %s: %q", c.code, scheme, hint)
			}
		}
		tag := assay.Tag{Name: "v2.0", Findings: []assay.Finding{{Code: assay.TagUnknownKey, Detail: "v2.0, " + key}}}
		d := assay.DecideTag(assay.DefaultRules(), assay.Artifact{Project: "foo"}, tag, nil, now)
		if want := options[0] + " --role tag"; scheme != "jws" && !strings.Contains(d.Reasons[0].Hint, want) {
			t.Errorf("a tag of %s: %q", scheme, d.Reasons[0].Hint)
		}
	}
}
