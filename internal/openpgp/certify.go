package openpgp

import (
	"fmt"
	"slices"
	"time"
)

// A Certification is one valid statement by an authority about a certificate: that a user id
// or the key itself is what it says, with notations that say more.
type Certification struct {
	Issuer      Fingerprint // may be empty: old signatures name a key id only
	IssuerKeyID string      // of the authority's primary key, 16 hex digits
	UserID      string      // raw: show it by [Printable]; empty where Direct is set
	Direct      bool        // about the key (0x1F) and not about a user id
	Created     time.Time   // by the authority's word, in UTC to the second
	Expires     time.Time   // zero: never; the caller holds it against its clock
	// Ends is when the authority's own key expired or was superseded; zero: it did not.
	Ends time.Time
	// Notations are the signed ones by name, readable by people or not, in the order of
	// the signature. They are raw: show them by [Printable].
	Notations map[string][]string
}

// CertifiedBy returns what an authority certifies about the certificate, in the order of the
// user ids with what is about the key itself first. A certification counts when it is by the
// authority's primary key, cryptographically good, by a hash and a key that are not weak,
// when the authority could certify at that time and was never revoked as compromised, when
// the authority has not revoked it, and when it has no critical notation but those in known.
// Of several about one user id the newest counts (those of the same second together), so an
// authority takes a notation back by certifying anew without it. Certifications that are
// marked as not for others, and such of user ids that the owner does not stand by, do not
// count. At most 64 for each user id are looked at.
func (c *Certificate) CertifiedBy(authority *Certificate, known ...string) []Certification {
	if authority == nil || authority.primary.public == nil || authority.primary.weak != "" || authority.Fingerprint() == c.Fingerprint() {
		return nil
	}
	parts := [][]byte{c.primary.hashed(nil)}
	out := certifications(c.others, parts, authority, known)
	for i := range out {
		out[i].Direct = true
	}
	for _, u := range c.users {
		if len(u.self) == 0 || u.revoked() {
			continue
		}
		for _, found := range certifications(u.others, append(slices.Clip(parts), hashedUserID(u.id)), authority, known) {
			found.UserID = u.id
			out = append(out, found)
		}
	}
	return out
}

// certifications judges the signatures over one thing.
func certifications(list []*Signature, parts [][]byte, authority *Certificate, known []string) []Certification {
	var good, revocations []*Signature
	checked := 0
	for _, s := range slices.Backward(list) { // the newest first
		if match, _ := s.hints(authority.primary); !match {
			continue
		}
		if checked++; checked > maxCertifications {
			return nil // somebody has filled it up: what was revoked could be beyond the bound
		}
		if s.check(authority.primary, s.over(parts...)) != nil {
			continue
		}
		if s.kind == typeCertRevocation {
			revocations = append(revocations, s)
		} else {
			good = append(good, s)
		}
	}
	var out []Certification
	for _, s := range good {
		if len(out) > 0 && s.created.Before(good[0].created) {
			break
		}
		st, failure := authority.stand(nil, flagCertify, s.created, false)
		_, critical := s.criticalNotation(known)
		revoked := slices.ContainsFunc(revocations, func(r *Signature) bool { return !r.created.Before(s.created) })
		if failure != nil || critical || revoked || s.problem != "" || s.local || s.hash.weak || s.short(authority.primary) {
			return nil // the newest decides
		}
		found := Certification{IssuerKeyID: fmt.Sprintf("%016X", authority.primary.id), Created: s.created, Expires: s.expires(), Ends: st.ends, Notations: map[string][]string{}}
		if len(s.fingerprints) > 0 {
			found.Issuer = s.fingerprints[0]
		}
		for _, n := range s.notations {
			found.Notations[n.name] = append(found.Notations[n.name], n.value)
		}
		out = append(out, found)
	}
	return out
}
