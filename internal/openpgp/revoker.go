package openpgp

import (
	"slices"
	"strings"
)

// Revokers returns the keys that the owner lets revoke this one, by whatever self-signature
// says so (RFC 9580, section 5.2.3.23), each once, and the first 16 at most.
func (c *Certificate) Revokers() []Fingerprint {
	var out []Fingerprint
	add := func(list []*Signature) {
		for _, s := range list {
			for _, f := range s.revokers {
				if len(out) < maxRevokers && !slices.Contains(out, f) && f != c.Fingerprint() {
					out = append(out, f)
				}
			}
		}
	}
	add(c.direct)
	for _, u := range c.users {
		add(u.self)
	}
	return out
}

// Adopt returns the certificate with the revocations by its designated revokers, as far as
// known returns these keys' certificates and the revocations hold: they count like the owner's
// own. open are the revokers in whose name there is a revocation that could not be verified as
// their key is not known. known may be nil.
func (c *Certificate) Adopt(known func(Fingerprint) *Certificate) (out *Certificate, open []Fingerprint) {
	var adopted []*Signature
	for _, revoker := range c.Revokers() {
		list := slices.DeleteFunc(slices.Clone(c.designated), func(s *Signature) bool { return !s.names(revoker) })
		var by *Certificate
		if known != nil {
			by = known(revoker)
		}
		switch {
		case len(list) == 0:
		case by == nil || by.Fingerprint() != revoker:
			open = append(open, revoker)
		default:
			for _, s := range list[max(0, len(list)-maxCertifications):] {
				if s.check(by.primary, s.over(c.primary.hashed(nil))) == nil {
					copied := *s
					copied.core = coreOf(s)
					adopted = append(adopted, &copied)
				}
			}
		}
	}
	if len(adopted) == 0 {
		return c, open
	}
	copied := *c
	copied.revocations = joinOwn(c.revocations, adopted)
	return &copied, open
}

// names reports whether a signature says that a key of version 4 made it.
func (s *Signature) names(f Fingerprint) bool {
	if len(s.fingerprints) > 0 {
		return slices.Contains(s.fingerprints, f)
	}
	return len(f) == 40 && strings.HasSuffix(string(f), s.Issuer()) && s.Issuer() != ""
}

// named are the revocations that name a designated revoker, for keeping them: they are not
// verified, and anybody can make such, so that no more than a few are kept.
func (c *Certificate) named() []*Signature {
	revokers := c.Revokers()
	list := slices.DeleteFunc(slices.Clone(c.designated), func(s *Signature) bool {
		return !slices.ContainsFunc(revokers, s.names)
	})
	return list[:min(len(list), maxDesignated)]
}

// essentialDirect is what essential keeps of the signatures about the key, and the newest that
// names revokers.
func (c *Certificate) essentialDirect() []*Signature {
	out := essential(c.direct)
	naming := newest(slices.DeleteFunc(slices.Clone(c.direct), func(s *Signature) bool { return len(s.revokers) == 0 }))
	if naming != nil && !slices.Contains(out, naming) {
		out = append([]*Signature{naming}, out...)
	}
	return out
}
