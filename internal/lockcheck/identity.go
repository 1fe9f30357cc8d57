package lockcheck

import (
	"strings"

	"assay"
	"assay/internal/lockfile"
)

// Identified holds the claims that were verified of a file against the identities that
// the lock's entry names. PEP 751 leaves open what they mean at install time: here
// every file that is used must verify to one of them, so a file without evidence, or
// with that of somebody else, is refused. An entry without identities asks for none;
// neither does an empty list, which some tools write for every package.
func (w Wanted) Identified(file int, claims []assay.Claim) []Located {
	p := w.Package
	if len(p.Identities) == 0 || file < 0 || file >= len(w.Files) {
		return nil
	}
	place, f, bad := misidentified(p, claims)
	if !bad {
		return nil
	}
	return []Located{{Place: place, File: file, Finding: f}}
}

// misidentified says why no claim is one of the entry's identities', where none is and
// the entry has any.
func misidentified(p lockfile.Package, claims []assay.Claim) (lockfile.Place, assay.Finding, bool) {
	if len(p.Identities) == 0 {
		return lockfile.Place{}, assay.Finding{}, false
	}
	var others []string
	for _, c := range claims {
		for _, id := range p.Identities {
			if Matches(id, c) {
				return lockfile.Place{}, assay.Finding{}, false
			}
		}
		if c.Identity != "" {
			others = append(others, c.Identity)
		}
	}
	var wanted []string
	for _, id := range p.Identities {
		wanted = append(wanted, IdentityText(id))
	}
	detail := "it is attested by nobody"
	if len(others) > 0 {
		detail = "it is attested by " + strings.Join(others, " and ")
	}
	at := p.At
	if p.Identities[0].At.Line > 0 {
		at = p.Identities[0].At
	}
	return at, assay.Finding{Code: assay.LockOtherIdentity, Detail: detail + ", and the lock names " + strings.Join(wanted, " or ")}, true
}

// Matches reports whether a claim was made by an identity of a lock. A key that the
// identity does not have may be anything; one that cannot be compared fits nothing.
func Matches(id lockfile.Identity, c assay.Claim) bool {
	if c.Identity == "" || c.Method != "pep740" && c.Method != "slsa" {
		return false
	}
	want, ok := pattern(id)
	if !ok || !want.Matches(c) {
		return false
	}
	// What a certificate does not carry is no contradiction: old ones have no environment.
	environment, have := id.Fields["environment"], c.Details["environment"]
	return environment == "" || have == "" || environment == have
}

// pattern is an identity as policies name publishers.
func pattern(id lockfile.Identity) (assay.Publisher, bool) {
	var p assay.Publisher
	for key, value := range id.Fields {
		if strings.ContainsAny(value, "*@") && key != "email" {
			return p, false // no pattern, but a name
		}
	}
	switch strings.ToLower(id.Kind) {
	case "github":
		p.Identity = "github:" + id.Fields["repository"]
		if w := id.Fields["workflow"]; w != "" {
			p.Identity += "@" + w
		}
		return p, id.Fields["repository"] != ""
	case "gitlab":
		p.Identity = "gitlab:" + id.Fields["repository"]
		if w := id.Fields["workflow_filepath"]; w != "" {
			p.Identity += "@" + w
		}
		return p, id.Fields["repository"] != ""
	case "google":
		p.Identity = "google:" + id.Fields["email"]
		return p, id.Fields["email"] != "" && !strings.Contains(id.Fields["email"], "*")
	}
	return p, false
}

// IdentityText renders an identity as claims name theirs.
func IdentityText(id lockfile.Identity) string {
	if p, ok := pattern(id); ok {
		return p.Identity
	}
	return "a publisher of the kind " + id.Kind
}
