package openpgp

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
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
// own. What was said in the name of a revoker that is known, and does not hold, is left out:
// anybody can make such, and it would be kept in the place of what does. open are the revokers
// in whose name there is a revocation that could not be verified: their key is not known, or
// there are too many. known may be nil.
func (c *Certificate) Adopt(known func(Fingerprint) *Certificate) (out *Certificate, open []Fingerprint) {
	var adopted []*Signature
	var settled []Fingerprint
	for _, revoker := range c.Revokers() {
		list := c.inNameOf(revoker)
		if len(list) == 0 {
			continue
		}
		var by *Certificate
		if known != nil {
			by = known(revoker)
		}
		if by == nil || by.Fingerprint() != revoker || by.primary.public == nil {
			open = append(open, revoker)
			continue
		}
		found, all := c.gravestBy(by.primary, list)
		if found != nil {
			copied := *found
			copied.core, copied.by = coreOf(found), revoker
			adopted = append(adopted, &copied)
		}
		if all {
			settled = append(settled, revoker)
		} else {
			open = append(open, revoker)
		}
	}
	if len(adopted)+len(settled) == 0 {
		return c, open
	}
	copied := *c
	copied.revocations = joinOwn(c.revocations, adopted)
	copied.designated = slices.DeleteFunc(slices.Clone(c.designated), func(s *Signature) bool {
		return slices.ContainsFunc(settled, s.names) && !slices.ContainsFunc(open, s.names)
	})
	return &copied, open
}

// inNameOf are the revocations that name a designated revoker, not verified, in the order of
// time and each once: without what is not signed, and the smallest of those that differ in the
// numbers' form only.
func (c *Certificate) inNameOf(revoker Fingerprint) []*Signature {
	var out []*Signature
	for _, s := range c.designated {
		if s.names(revoker) {
			out = append(out, s.stripped(revoker))
		}
	}
	slices.SortFunc(out, func(a, b *Signature) int {
		return cmp.Or(a.created.Compare(b.created), len(a.raw)-len(b.raw), bytes.Compare(a.raw, b.raw))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(s *Signature) bool {
		core := coreOf(s)
		defer func() { seen[core] = true }()
		return seen[core] && s.suffix != nil
	})
}

// gravestBy returns of revocations, in the order of time, the one that counts among those that a
// key has made, and whether it looked at as many as it takes to know.
func (c *Certificate) gravestBy(by *key, list []*Signature) (found *Signature, all bool) {
	budget := verifyBudget
	for _, s := range list {
		if found != nil && s.soft() {
			continue
		}
		if budget -= by.cost(); budget < 0 {
			return found, false
		}
		if s.check(by, s.over(c.primary.hashed(nil))) != nil {
			continue
		}
		if found = s; !s.soft() {
			break
		}
	}
	return found, true
}

// stripped returns a signature without its part that is not signed, in which anybody can put
// what makes it large: but for the name of its maker, where the signed part has another or none.
func (s *Signature) stripped(maker Fingerprint) *Signature {
	width := map[byte]int{4: 2, 6: 4}[s.version]
	if s.suffix == nil || width == 0 {
		return s
	}
	head := s.suffix[:len(s.suffix)-6]
	size := s.raw[len(head) : len(head)+width]
	unsigned := int(binary.BigEndian.Uint32(append(make([]byte, 4-width, 4), size...)))
	tail := s.raw[len(head)+width+unsigned:]
	number, err := hex.DecodeString(string(maker))
	if err != nil {
		return s
	}
	areas := [][]byte{nil}
	if len(number) == 20 { // the shortest name that version 4 has
		areas = append(areas, append([]byte{9, 16}, number[12:]...))
	}
	areas = append(areas, append([]byte{byte(len(number) + 2), 33, map[int]byte{20: 4, 32: 6}[len(number)]}, number...))
	for _, area := range areas {
		length := binary.BigEndian.AppendUint32(nil, uint32(len(area)))[4-width:]
		if out, err := parseSignature(slices.Concat(head, length, area, tail)); err == nil && out.names(maker) {
			return out
		}
	}
	return s
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
	var lists [][]*Signature
	for _, revoker := range c.Revokers() {
		if list := c.inNameOf(revoker); len(list) > 0 {
			lists = append(lists, list)
		}
	}
	var out []*Signature
	for _, list := range lists {
		out = append(out, few(list, max(maxDesignatedSize/len(lists), leastDesignatedSize))...)
	}
	return joinSignatures(out, nil)
}

// few returns the oldest and the newest of a list, in the order of time, that have at most so
// many bytes together; small ones come first. Of what it has returned it returns all.
func few(list []*Signature, size int) []*Signature {
	var out []*Signature
	for _, large := range []bool{false, true} {
		some := slices.DeleteFunc(slices.Clone(list), func(s *Signature) bool { return (len(s.raw) > size/4) != large })
		for turn := 0; len(some) > 0 && len(out) < maxDesignated; turn++ {
			at := turn % 2 * (len(some) - 1)
			if n := len(some[at].raw); n <= size {
				out, size = append(out, some[at]), size-n
			}
			some = slices.Delete(some, at, at+1)
		}
	}
	return out
}

// naming returns the smallest signature by which the owner lets a key revoke this one, and
// the user id that it is about, nil for one about the key.
func (c *Certificate) naming(revoker Fingerprint) (found *Signature, about *user) {
	look := func(list []*Signature, u *user) {
		for _, s := range list {
			if slices.Contains(s.revokers, revoker) && (found == nil || len(s.raw) < len(found.raw)) {
				found, about = s, u
			}
		}
	}
	look(c.direct, nil)
	for _, u := range c.users {
		look(u.self, u)
	}
	return found, about
}

// vouching are the signatures by which the owner lets those revoke the key who have done so,
// or seem to: without them a newer one, which whoever has the key can make, would undo it.
func (c *Certificate) vouching() []*Signature {
	var out []*Signature
	for _, revoker := range c.Revokers() {
		by := func(s *Signature) bool { return s.by == revoker }
		if slices.ContainsFunc(c.revocations, by) || slices.ContainsFunc(c.designated, func(s *Signature) bool { return s.names(revoker) }) {
			s, _ := c.naming(revoker)
			out = append(out, s)
		}
	}
	return out
}

// essentialWith is what essential keeps, and those of others that are among them.
func essentialWith(list, others []*Signature) []*Signature {
	out := essential(list)
	for _, s := range others {
		if slices.Contains(list, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, compareSignatures)
	return out
}

// essentialDirect is what essentialWith keeps of the signatures about the key, and the newest
// that names revokers.
func (c *Certificate) essentialDirect(vouching []*Signature) []*Signature {
	if naming := newest(slices.DeleteFunc(slices.Clone(c.direct), func(s *Signature) bool { return len(s.revokers) == 0 })); naming != nil {
		vouching = append(slices.Clone(vouching), naming)
	}
	return essentialWith(c.direct, vouching)
}

// Remains returns the least that is left of a certificate that says of its key or of subkeys
// that they were revoked: these, and the gravest revocation of each. It is for keeping what is
// known of a lost key where the whole certificate is too large; any other certificate comes
// back as it is.
func (c *Certificate) Remains() *Certificate {
	out := &Certificate{primary: c.primary}
	if s := gravest(c.revocations); s != nil {
		out.revocations = []*Signature{s}
		if naming, about := c.naming(s.by); about != nil {
			out.users = []*user{{id: about.id, self: []*Signature{naming}}}
		} else if naming != nil {
			out.direct = []*Signature{naming}
		}
	}
	for _, sub := range c.subkeys {
		if s := gravest(sub.revocations); s != nil {
			out.subkeys = append(out.subkeys, &subkey{key: sub.key, revocations: []*Signature{s}})
		}
	}
	if len(out.revocations)+len(out.subkeys) == 0 {
		return c
	}
	return out
}

// RevokedSubkeys returns the gravest revocation of each subkey that was revoked.
func (c *Certificate) RevokedSubkeys() map[Fingerprint]Revocation {
	out := map[Fingerprint]Revocation{}
	for _, sub := range c.subkeys {
		if r, ok := revocationOf(sub.revocations); ok {
			out[sub.key.fingerprint] = r
		}
	}
	return out
}
