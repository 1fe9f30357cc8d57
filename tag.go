package assay

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tag is what was found about the tag of a release in its source repository.
type Tag struct {
	// Name is the tag's, Commit the commit that it names.
	Name, Commit string
	// Claims are the signatures that hold, by keys that some grant names, in the role of
	// a tag. Findings say what was noticed.
	Claims   []Claim
	Findings []Finding
}

// DecideTag judges the tag of a release: whether a key that may sign the project's tags
// has signed it, and whether the same has signed the file. It is pure, as [Decide] is.
func DecideTag(rules Rules, a Artifact, tag Tag, evidence []Evidence, now time.Time) Decision {
	b := builder{artifact: a}
	for _, f := range tag.Findings {
		scheme := ""
		if strings.Contains(f.Detail, ", ssh:SHA256:") {
			scheme = "ssh"
		}
		b.addKey(f.Code, f.Detail, f.Code.Severity(), scheme)
	}
	var signers []string
	for _, c := range tag.Claims {
		c.Role = RoleTag
		g, fault := b.grantOf(rules, c, now, now, now)
		switch {
		case fault == nil && g.FirstUse: // nobody vouches for it: it verifies nothing
			b.addKey(TagUnknownKey, fmt.Sprintf("%s, %s, %s", tag.Name, c.Identity, g.place()), TagUnknownKey.Severity(), schemeOf(c))
		case fault == nil:
			signers = append(signers, c.Identity)
		case fault.Code == GrantDenied, fault.Code == GrantWithdrawn, fault.Code == SignatureWrongProject:
			b.addKey(fault.Code, fmt.Sprintf("the tag %s, %s", tag.Name, fault.Detail), fault.Code.Severity(), schemeOf(c))
		default:
			b.addKey(TagUnknownKey, fmt.Sprintf("%s, %s", tag.Name, fault.Detail), TagUnknownKey.Severity(), schemeOf(c))
		}
	}
	if len(signers) > 0 {
		b.tagSigned(tag, signers, evidence)
	}
	b.waive(rules, nil, Memory{}, now, false)
	return b.decision()
}

// tagSigned says who signed a tag, and compares them with who signed the file.
func (b *builder) tagSigned(tag Tag, signers []string, evidence []Evidence) {
	var keys []string
	for _, e := range evidence {
		for _, c := range e.Claims {
			if e.State == Verified && IdentityOf(c).IsKey() && !slices.Contains(keys, c.Identity) {
				keys = append(keys, c.Identity)
			}
		}
	}
	also := ""
	switch same := slices.ContainsFunc(signers, func(s string) bool { return slices.Contains(keys, s) }); {
	case same:
		also = ", and the file is signed by the same key"
	case len(keys) > 0:
		b.add(TagOtherSigner, fmt.Sprintf("the tag %s by %s, the file by %s", tag.Name, strings.Join(signers, ", "), strings.Join(keys, ", ")))
	}
	b.add(TagVerified, fmt.Sprintf("%s, at commit %s, by %s%s", tag.Name, tag.Commit, strings.Join(signers, ", "), also))
}
