package assay_test

import (
	"testing"

	"assay"
)

// TestTagOfFirstUse has a tag that is signed by a key which nobody vouches for.
func TestTagOfFirstUse(t *testing.T) {
	tag := assay.Tag{Name: "v2.0", Commit: "c0ffee", Claims: claimsOf(signs(keyA))}
	foo := assay.Artifact{Ecosystem: assay.PyPI, Project: "foo", Version: "2.0"}
	for code, g := range map[assay.Code]assay.Grant{
		assay.TagVerified:   lets(keyA, forRoles(assay.RoleTag)),
		assay.TagUnknownKey: lets(keyA, forRoles(assay.RoleTag), firstUse),
	} {
		d := assay.DecideTag(assay.Rules{Grants: grants(g)}, foo, tag, nil, on(6, 1))
		if len(d.Reasons) != 1 || d.Reasons[0].Code != code {
			t.Errorf("want %s, got %+v", code, d.Reasons)
		}
	}
}
