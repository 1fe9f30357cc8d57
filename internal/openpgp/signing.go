package openpgp

import (
	"slices"
	"strconv"
	"strings"
)

// is reports whether a key has this fingerprint, or this key id of 16 hex digits.
func (k *key) is(id string) bool {
	digits := strings.TrimPrefix(strings.ToUpper(strings.ReplaceAll(id, " ", "")), "0X")
	if digits == string(k.fingerprint) {
		return true
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return len(digits) == 16 && err == nil && n == k.id
}

// says reports whether the subkey has signed that it belongs to its certificate. Anybody can
// bind a key of somebody else's, and cannot sign by it.
func (s *subkey) says() bool {
	return slices.ContainsFunc(s.bindings, func(b *Signature) bool { return b.backValid })
}

// SigningKeys returns the keys by which whoever has the certificate signs, as in [Valid]: the
// primary one, and the subkeys that have signed that they belong to it. Ended and revoked ones
// are among them.
func (c *Certificate) SigningKeys() []any {
	var out []any
	if c.primary.public != nil {
		out = append(out, c.primary.standard())
	}
	for _, s := range c.subkeys {
		if s.key.public != nil && s.says() {
			out = append(out, s.key.standard())
		}
	}
	return out
}

// SignsBy reports whether one of the certificate's keys has this fingerprint or this key id of
// 16 hex digits: the primary one, or a subkey that has itself signed that it belongs here. By a
// key that somebody has only written into a certificate of theirs, it signs nothing. Whether
// the key could sign at a time is for [Signature.Verify] to say.
func (c *Certificate) SignsBy(id string) (primary, sub bool) {
	return c.primary.is(id), slices.ContainsFunc(c.subkeys, func(s *subkey) bool { return s.key.is(id) && s.says() })
}
