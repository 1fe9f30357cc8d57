package openpgp

import (
	"hash"
	"slices"
	"strings"
	"time"
)

// Key flags (RFC 9580, section 5.2.3.29).
const (
	flagCertify = 0x01
	flagSign    = 0x02
)

// Valid is a signature that holds. It counts for nothing while Weak has a word that the
// caller does not waive (see [Valid.Unwaived]), nor when Created is in the future by the
// caller's clock.
type Valid struct {
	Signer  Fingerprint // the certificate's, which is its primary key's: k of n counts these
	Key     Fingerprint // the key that signed, the primary one or a subkey
	Public  any         // that key, as [crypto.PublicKey] where the standard library has its kind, else as []byte
	Created time.Time   // when, by the signer's word, in UTC to the second
	// Ends is when the key or subkey expired, or was superseded or retired; zero: it did
	// not. Whoever has the key can backdate, so the caller holds Ends against a witness of
	// its own: what was first seen after it does not count. The signature's own end, where
	// it has one, is in it as well.
	Ends time.Time
	// Expires is the signature's own end by its signer's word, zero for none. It is over
	// once the caller's clock is past it.
	Expires time.Time
	// Weak has a word for each thing that is too weak by today's measure, sorted: the
	// hash of the signature ("sha1", "md5", "ripemd160"), that of the self-signatures it
	// leans on ("sha1-self" …), and keys ("rsa1024", "dsa1024", "dsa" for larger ones).
	Weak []string
}

// view is what a key's owner says about it at one time: the signature about the key itself,
// the newest about any user id, and the one about the main user id. Each may be nil. Readers
// differ in which of them they go by; here every one of them must allow.
type view [3]*Signature

// active returns the signature that was in force at a time: the newest of those made until
// then that had not ended. A certificate that was made smaller has lost its older ones, so
// where there is none the first that was made later stands in.
func active(list []*Signature, t time.Time, weak bool) *Signature {
	var before, after *Signature
	for _, s := range list { // in the order of time
		end := s.expires()
		switch {
		case s.weakSelf != "" && !weak:
		case s.created.After(t):
			if after == nil {
				after = s
			}
		case end.IsZero() || end.After(t):
			before = s
		}
	}
	if before != nil {
		return before
	}
	return after
}

// viewOf builds a view out of what pick takes from each list.
func (c *Certificate) viewOf(pick func([]*Signature) *Signature) view {
	v := view{pick(c.direct), nil, nil}
	standing := len(c.UserIDs()) > 0
	for _, u := range c.users {
		s := pick(u.self)
		if s == nil || standing && u.revoked() {
			continue
		}
		if v[1] == nil || compareSignatures(s, v[1]) > 0 {
			v[1] = s
		}
		if s.isPrimary && (v[2] == nil || compareSignatures(s, v[2]) > 0) {
			v[2] = s
		}
	}
	return v
}

// latest is the view by what was said last, whatever it leans on.
func (c *Certificate) latest() view { return c.viewOf(newest) }

// at is the view by what was in force at a time.
func (c *Certificate) at(t time.Time, weak bool) view {
	return c.viewOf(func(list []*Signature) *Signature { return active(list, t, weak) })
}

// empty reports whether nothing was said.
func (v view) empty() bool { return v == view{} }

// keyEnd returns when a key ends by a signature about it, or zero.
func keyEnd(k *key, s *Signature) time.Time {
	if s == nil || s.keyLife == 0 {
		return time.Time{}
	}
	return k.created.Add(time.Duration(s.keyLife) * time.Second)
}

// earlier returns the earlier one of two times of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// end returns when the primary key ends in a view, or zero.
func (c *Certificate) end(v view) time.Time {
	var out time.Time
	for _, s := range v {
		out = earlier(out, keyEnd(c.primary, s))
	}
	return out
}

// flags returns what the primary key may do in a view: what every signature that carries
// flags allows, and nothing where none does.
func (v view) flags() byte {
	flags, carried := byte(0xff), false
	for _, s := range v {
		if s != nil && s.hasFlags {
			flags, carried = flags&s.flags, true
		}
	}
	if !carried {
		return 0
	}
	return flags
}

// standing is what a key's certificate says about it at one time.
type standing struct {
	ends time.Time // as in Valid
	weak []string  // of the self-signatures that it leans on
}

// stand says whether one of the certificate's keys (sub: nil for the primary one) could make
// signatures with these flags at a time, by the self-signatures that are not weak or by all.
// Both what was in force then and what was said last must allow it.
func (c *Certificate) stand(sub *subkey, flag byte, t time.Time, weak bool) (standing, *Failure) {
	var out standing
	k := c.primary
	if sub != nil {
		k = sub.key
	}
	if r, ok := c.Revoked(); ok && r.Hard {
		return out, fail(HardRevoked, "the key %s was revoked%s", c.describe(), because(r))
	}
	v, last := c.at(t, weak), c.latest()
	if v.empty() {
		return out, fail(NotForSigning, "the certificate %s has no self-signature that counts", c.Fingerprint())
	}
	if t.Before(k.created) || t.Before(c.primary.created) {
		return out, fail(BeforeKey, "it claims to be of %s, before its key was made", date(t))
	}
	out.note(v[:]...)
	out.ends = earlier(c.end(v), c.end(last))
	for i, s := range v {
		if s != nil && s == last[i] {
			out.ends = earlier(out.ends, s.expires())
		}
	}
	if r, ok := c.Revoked(); ok {
		out.ends = earlier(out.ends, r.At)
	}
	if sub == nil {
		if v.flags()&last.flags()&flag == 0 {
			return out, fail(NotForSigning, "the key %s is not one that its owner lets sign", c.describe())
		}
	} else if failure := out.bind(c, sub, flag, t, weak); failure != nil {
		return out, failure
	}
	if !out.ends.IsZero() && !t.Before(out.ends) {
		return out, fail(AfterKeyEnded, "it claims to be of %s, when its key had ended on %s", date(t), date(out.ends))
	}
	return out, nil
}

// bind adds what the bindings of a subkey say.
func (o *standing) bind(c *Certificate, sub *subkey, flag byte, t time.Time, weak bool) *Failure {
	r, revoked := revocationOf(sub.revocations)
	if revoked && r.Hard {
		return fail(HardRevoked, "the subkey %s of %s was revoked%s", sub.key.fingerprint, c.describe(), because(r))
	}
	b, last := active(sub.bindings, t, weak), newest(sub.bindings)
	if b == nil {
		return fail(NotForSigning, "the subkey %s is not bound to %s by a signature that counts", sub.key.fingerprint, c.Fingerprint())
	}
	if revoked {
		o.ends = earlier(o.ends, r.At)
	}
	o.note(b)
	o.ends = earlier(o.ends, earlier(keyEnd(sub.key, b), keyEnd(sub.key, last)))
	o.ends = earlier(o.ends, last.expires())
	if !b.hasFlags || b.flags&flag == 0 || last.flags&flag == 0 {
		return fail(NotForSigning, "the subkey %s of %s is not one that its owner lets sign", sub.key.fingerprint, c.describe())
	}
	if !b.backValid || !last.backValid {
		return fail(NotForSigning, "the subkey %s has not signed that it belongs to %s", sub.key.fingerprint, c.describe())
	}
	return nil
}

// note keeps the words for weak self-signatures.
func (o *standing) note(list ...*Signature) {
	for _, s := range list {
		if s != nil && s.weakSelf != "" {
			o.weak = append(o.weak, s.weakSelf)
		}
	}
}

// because says why a key was revoked.
func because(r Revocation) string {
	out := " as compromised, or for no reason that would spare older signatures"
	if r.Reason != "" {
		out += ": " + Printable(r.Reason)
	}
	return out
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// able is stand by strong self-signatures, and where those do not do by weak ones too.
func (c *Certificate) able(sub *subkey, flag byte, t time.Time) (standing, *Failure) {
	out, failure := c.stand(sub, flag, t, false)
	if failure == nil {
		return out, nil
	}
	if weak, still := c.stand(sub, flag, t, true); still == nil {
		return weak, nil
	}
	return out, failure
}

// Verify checks the signature by one certificate. data is the hash state after the salt of
// [Signature.Hashing] and then all bytes of the file; it is changed, so a caller with several
// signatures over one file hands each its own clone (hash.Cloner). The error is a *[Failure].
//
// What is demanded: the signature is by one of the certificate's keys; that key existed then,
// had not expired and was not revoked before; it was never revoked as compromised or without
// a reason; its owner lets it sign, by the flags of whichever self-signature carries them
// (RFC 9580, section 5.2.3.29; a key without any flags signs nothing); a subkey has a binding
// with the subkey's own signature in it; and nothing that the signature depends on is unknown.
// What is weak is in [Valid.Weak], which the caller must look at.
func (s *Signature) Verify(c *Certificate, data hash.Hash) (Valid, error) {
	if s.kind == typeText {
		return Valid{}, fail(Malformed, "a signature over a text, and not over a file")
	}
	v, failure := s.verify(c, data)
	if failure != nil {
		return Valid{}, failure
	}
	return v, nil
}

// verify is Verify for both types.
func (s *Signature) verify(c *Certificate, data hash.Hash) (Valid, *Failure) {
	sub, found := c.maker(s)
	if !found {
		if s.Issuer() == "" {
			return Valid{}, fail(WrongKey, "it does not say which key made it")
		}
		return Valid{}, fail(WrongKey, "it was made by the key %s, which is not one of %s", s.Issuer(), c.describe())
	}
	if s.version == 3 {
		return Valid{}, fail(Unsupported, "a signature of version 3 cannot be verified")
	}
	if s.unsupported == "" && s.problem != "" {
		return Valid{}, fail(Unsupported, "the signature does not count: %s", s.problem)
	}
	if name, critical := s.criticalNotation(nil); critical {
		return Valid{}, fail(Unsupported, "the signature depends on a notation that is not known here: %s", Printable(name))
	}
	k := c.primary
	if sub != nil {
		k = sub.key
	}
	if failure := s.check(k, data); failure != nil {
		return Valid{}, failure
	}
	if s.short(k) {
		return Valid{}, fail(Weak, "the signature is by %s, which is too short a hash for a key of %s", s.hash.name, k.name)
	}
	st, failure := c.able(sub, flagSign, s.created)
	if failure != nil {
		return Valid{}, failure
	}
	out := Valid{Signer: c.Fingerprint(), Key: k.fingerprint, Public: k.standard(), Created: s.created, Expires: s.expires(), Ends: earlier(st.ends, s.expires()), Weak: st.weak}
	if s.hash.weak {
		out.Weak = append(out.Weak, s.hash.name)
	}
	for _, weak := range []string{c.primary.weak, k.weak} {
		if weak != "" {
			out.Weak = append(out.Weak, weak)
		}
	}
	slices.SortFunc(out.Weak, strings.Compare)
	out.Weak = slices.Compact(out.Weak)
	return out, nil
}

// maker returns the subkey (nil for the primary key) that a signature names as its maker.
func (c *Certificate) maker(s *Signature) (*subkey, bool) {
	if match, _ := s.hints(c.primary); match {
		return nil, true
	}
	for _, sub := range c.subkeys {
		if match, _ := s.hints(sub.key); match {
			return sub, true
		}
	}
	return nil, false
}
