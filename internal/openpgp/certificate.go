package openpgp

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Certificate is one OpenPGP certificate (a "public key" in GnuPG's words): a primary key
// and what its owner and others have said about it. What its owner has said is verified when
// it is read; what others have said is verified by [Certificate.CertifiedBy]. It does not
// change, and may be used by several goroutines at once.
type Certificate struct {
	primary     *key
	direct      []*Signature // by the owner, about the key (0x1F)
	revocations []*Signature // by the owner, of the key (0x20)
	others      []*Signature // by others, about the key; not verified
	designated  []*Signature // by others, that the key is revoked; not verified
	users       []*user
	subkeys     []*subkey
}

// user is one user id with the signatures over it.
type user struct {
	id          string
	self        []*Signature
	revocations []*Signature
	others      []*Signature
}

// subkey is one subkey with its owner's signatures over it.
type subkey struct {
	key         *key
	bindings    []*Signature
	revocations []*Signature
}

// A Revocation is an owner's word that a key is not to be used any more.
type Revocation struct {
	Hard   bool      // compromised, or without a reason that excludes it: nothing that the key signed counts
	At     time.Time // when, by its own word
	Reason string    // what the owner wrote, or "", raw: show it by [Printable]
}

// Merge joins certificates of the same key: each comes out once, in the order in which the
// keys first occur, with every signature that any copy has. The order of the copies does not
// matter. A nil is passed over. The error is a *[Failure] when a cap is exceeded.
func Merge(certs ...*Certificate) ([]*Certificate, error) {
	var out []*Certificate
	index := map[Fingerprint]int{}
	for _, c := range certs {
		if c == nil {
			continue
		}
		i, known := index[c.Fingerprint()]
		if !known {
			index[c.Fingerprint()] = len(out)
			out = append(out, c)
			continue
		}
		joined := out[i].join(c)
		if err := joined.capped(); err != nil {
			return nil, err
		}
		out[i] = joined
	}
	return out, nil
}

// join returns a certificate with what either has.
func (c *Certificate) join(d *Certificate) *Certificate {
	out := &Certificate{
		primary: c.primary, direct: joinOwn(c.direct, d.direct),
		revocations: joinOwn(c.revocations, d.revocations), others: joinSignatures(c.others, d.others),
		designated: joinSignatures(c.designated, d.designated),
	}
	for _, u := range slices.Concat(c.users, d.users) {
		to := out.user(u.id)
		to.self = joinOwn(to.self, u.self)
		to.revocations = joinOwn(to.revocations, u.revocations)
		to.others = joinSignatures(to.others, u.others)
	}
	for _, s := range slices.Concat(c.subkeys, d.subkeys) {
		to := out.subkey(s.key)
		to.bindings = joinOwn(to.bindings, s.bindings)
		to.revocations = joinOwn(to.revocations, s.revocations)
	}
	out.sort()
	return out
}

// user returns the user id of that name, which it adds.
func (c *Certificate) user(id string) *user {
	for _, u := range c.users {
		if u.id == id {
			return u
		}
	}
	u := &user{id: id}
	c.users = append(c.users, u)
	return u
}

// subkey returns the subkey with that key, which it adds.
func (c *Certificate) subkey(k *key) *subkey {
	for _, s := range c.subkeys {
		if s.key.fingerprint == k.fingerprint {
			return s
		}
	}
	s := &subkey{key: k}
	c.subkeys = append(c.subkeys, s)
	return s
}

// joinSignatures returns what is in either list, each once, in order.
func joinSignatures(a, b []*Signature) []*Signature {
	out := slices.Concat(a, b)
	slices.SortStableFunc(out, compareSignatures)
	return slices.CompactFunc(out, func(x, y *Signature) bool { return bytes.Equal(x.raw, y.raw) })
}

// joinOwn is joinSignatures for signatures that the certificate's own key has made: of those
// that differ in what is not signed only, the best and shortest is kept. Anybody can make such
// copies, as many as fill a certificate up to its caps or make it too large to be kept.
func joinOwn(a, b []*Signature) []*Signature {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y *Signature) int {
		return cmp.Or(strings.Compare(x.core, y.core), worse(x, y), len(x.raw)-len(y.raw), bytes.Compare(x.raw, y.raw))
	})
	out = slices.CompactFunc(out, func(x, y *Signature) bool { return x.core == y.core })
	slices.SortFunc(out, compareSignatures)
	return out
}

// worse orders copies of one signature by what their unsigned part brings along.
func worse(x, y *Signature) int {
	rank := func(s *Signature) (n int) {
		if s.kind == typeBinding && !s.backValid {
			n += 2
		}
		if s.weakSelf != "" {
			n++
		}
		return n
	}
	return rank(x) - rank(y)
}

// coreOf is what makes a signature: all that is signed, and the numbers.
func coreOf(s *Signature) string {
	out := slices.Concat(s.suffix, s.salt)
	for _, n := range s.numbers {
		n = bytes.TrimLeft(n, "\x00")
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(n))), n...)
	}
	return string(out)
}

// compareSignatures orders by time and then by bytes.
func compareSignatures(a, b *Signature) int {
	return cmp.Or(a.created.Compare(b.created), bytes.Compare(a.raw, b.raw))
}

// sort brings the parts into an order that does not depend on where they came from.
func (c *Certificate) sort() {
	slices.SortFunc(c.users, func(a, b *user) int {
		if p, q := a.isPrimary(), b.isPrimary(); p != q {
			if p {
				return -1
			}
			return 1
		}
		return strings.Compare(a.id, b.id)
	})
	slices.SortFunc(c.subkeys, func(a, b *subkey) int {
		return cmp.Or(a.key.created.Compare(b.key.created), strings.Compare(string(a.key.fingerprint), string(b.key.fingerprint)))
	})
}

// capped returns an error for a certificate with more than is looked at.
func (c *Certificate) capped() error {
	self, others := len(c.direct)+len(c.revocations), len(c.others)+len(c.designated)
	for _, u := range c.users {
		self, others = self+len(u.self)+len(u.revocations), others+len(u.others)
	}
	for _, s := range c.subkeys {
		self += len(s.bindings) + len(s.revocations)
	}
	for _, bound := range []struct {
		n, most int
		what    string
	}{
		{len(c.users), MaxUserIDs, "user ids"}, {len(c.subkeys), MaxSubkeys, "subkeys"},
		{self, MaxSelfSignatures, "signatures by its own key"}, {others, MaxOtherSignatures, "signatures by others"},
	} {
		if bound.n > bound.most {
			return fail(Malformed, "the certificate %s has more than %d %s", c.Fingerprint(), bound.most, bound.what)
		}
	}
	return nil
}

// newest returns the signature that was made last, or nil.
func newest(list []*Signature) *Signature {
	if len(list) == 0 {
		return nil
	}
	return slices.MaxFunc(list, compareSignatures)
}

// isPrimary reports whether the owner calls this user id the main one.
func (u *user) isPrimary() bool {
	s := newest(u.self)
	return s != nil && s.isPrimary
}

// revoked reports whether the owner has taken the user id back, and not stood by it since.
func (u *user) revoked() bool {
	r, s := newest(u.revocations), newest(u.self)
	return r != nil && (s == nil || !r.created.Before(s.created))
}

// Fingerprint returns the primary key's fingerprint, which names the certificate.
func (c *Certificate) Fingerprint() Fingerprint { return c.primary.fingerprint }

// UserIDs returns the user ids with a valid self-signature that were not revoked, the main
// one first. They are raw: show them by [Printable].
func (c *Certificate) UserIDs() []string {
	var out []string
	for _, u := range c.users {
		if len(u.self) > 0 && !u.revoked() {
			out = append(out, u.id)
		}
	}
	return out
}

// Created returns when the primary key was made by its owner's word, in UTC to the second.
func (c *Certificate) Created() time.Time { return c.primary.created }

// Expires returns when the primary key ends by the newest self-signatures, if it does.
func (c *Certificate) Expires() (time.Time, bool) {
	end := c.end(c.latest())
	return end, !end.IsZero()
}

// Revoked returns the gravest revocation of the primary key, and of those the earliest.
// What designated revokers have said counts once [Certificate.Adopt] has verified it.
func (c *Certificate) Revoked() (Revocation, bool) { return revocationOf(c.revocations) }

// revocationOf returns what the one says that counts.
func revocationOf(list []*Signature) (Revocation, bool) {
	s := gravest(list)
	if s == nil {
		return Revocation{}, false
	}
	return Revocation{!s.soft(), s.created, s.reasonText}, true
}

// gravest picks the revocation that counts: a hard one before the earliest.
func gravest(list []*Signature) *Signature {
	var out *Signature
	for _, s := range list {
		if out == nil || out.soft() && !s.soft() || out.soft() == s.soft() && s.created.Before(out.created) {
			out = s
		}
	}
	return out
}

// soft reports whether a revocation leaves what was signed before it standing: the key was
// superseded (1) or is not used any more (3). Everything else is hard, no reason included
// (RFC 9580, section 5.2.3.31), and what does not say when it was made.
func (s *Signature) soft() bool {
	return s.hasReason && (s.reason == 1 || s.reason == 3) && s.problem == ""
}

// Algorithm returns the primary key's algorithm and size: "ed25519", "ed448", "nistp256",
// "rsa4096", "dsa1024" …
func (c *Certificate) Algorithm() string { return c.primary.name }

// Owns reports whether one of the certificate's keys, the primary one or a subkey, has this
// fingerprint or this key id of 16 hex digits. It is for finding and for messages; a key id
// proves nothing.
func (c *Certificate) Owns(id string) bool {
	return slices.ContainsFunc(c.keys(), func(k *key) bool { return k.is(id) })
}

// keys returns the primary key and the subkeys.
func (c *Certificate) keys() []*key {
	out := []*key{c.primary}
	for _, s := range c.subkeys {
		out = append(out, s.key)
	}
	return out
}

// String returns the fingerprint, for debugging.
func (c *Certificate) String() string { return string(c.Fingerprint()) }

// Armor returns the certificate as one armored block with what verification needs and
// nothing else: the primary key, its revocations, a few of those by keys that its owner lets
// revoke it, the newest signatures of its owner about it, about each user id and about each
// subkey that can sign, and that subkeys were revoked. What others have certified is
// left out. The same parts give the same bytes, in whatever order they were read.
//
// The result is always read by [ReadCertificates]. Self-signatures that newer ones replaced
// are left out, so that a gap between an expiry and its later extension is not seen any more.
func (c *Certificate) Armor() []byte {
	out := frame(nil, tagPublicKey, c.primary.body)
	put := func(list []*Signature) {
		for _, s := range list {
			out = frame(out, tagSignature, s.raw)
		}
	}
	put(c.revocations)
	put(c.named())
	vouching := c.vouching()
	put(c.essentialDirect(vouching))
	all := len(c.UserIDs()) == 0
	for _, u := range c.users {
		if len(u.self) == 0 || u.revoked() && !all && u.id == "" {
			continue
		}
		out = frame(out, tagUserID, []byte(u.id))
		put(essentialWith(u.self, vouching))
		if u.revoked() {
			put([]*Signature{newest(u.revocations)})
		}
	}
	for _, s := range c.subkeys {
		if s.key.public == nil || len(s.bindings)+len(s.revocations) == 0 { // another copy may have the binding
			continue
		}
		out = frame(out, tagPublicSubkey, s.key.body)
		put(s.revocations)
		put(essential(s.bindings))
	}
	return writeArmor(out, armorPublicKey)
}

// essential returns the newest signature, and before it the newest that is not weak.
func essential(list []*Signature) []*Signature {
	last := newest(list)
	if last == nil {
		return nil
	}
	strong := newest(slices.DeleteFunc(slices.Clone(list), func(s *Signature) bool { return s.weakSelf != "" }))
	if strong == nil || strong == last {
		return []*Signature{last}
	}
	return []*Signature{strong, last}
}

// ReadCertificates reads a file of certificates: one or several armored blocks with any text
// around them, or packets bare. Copies of one certificate are merged, and signatures by the
// certificates' own keys are verified; those that do not hold are left out. Errors are a
// *[Failure]: secret keys, sizes above the caps (see the Max constants), anything cut, and
// packets that have no place in a certificate. Certificates of versions that are not known
// (all but 4 and 6) are passed over; none left is an error.
func ReadCertificates(data []byte) ([]*Certificate, error) {
	if len(data) > MaxCertificateFile {
		return nil, fail(Malformed, "a file of certificates of more than %d bytes", MaxCertificateFile)
	}
	r := &certificateReader{budget: verifyBudget}
	if !armored(data) {
		if err := r.read(bytes.Clone(data)); err != nil { // it must not change with the caller's buffer
			return nil, err
		}
		return r.finish()
	}
	blocks := 0
	for rest := data; ; {
		i := bytes.Index(rest, []byte(armorBegin+"PGP "))
		if i < 0 {
			break
		}
		if i > 0 && rest[i-1] != '\n' && !bytes.Equal(rest[:i], byteOrderMark) { // quoted in a text
			rest = rest[i+len(armorBegin):]
			continue
		}
		if rest = rest[i:]; bytes.HasPrefix(rest, []byte(armorBegin+armorSecretKey)) {
			return nil, errSecret()
		}
		if blocks++; blocks > maxArmorBlocks {
			return nil, fail(Malformed, "a file of certificates of more than %d blocks", maxArmorBlocks)
		}
		body, after, err := readArmor(rest, armorPublicKey)
		if err != nil {
			return nil, err
		}
		r.cert, r.skip = nil, false
		if err := r.read(body); err != nil {
			return nil, err
		}
		rest = after
	}
	if blocks == 0 {
		return nil, fail(Malformed, "there is neither an armored certificate (%s%s-----) nor a binary one", armorBegin, armorPublicKey)
	}
	return r.finish()
}

func errSecret() error {
	return fail(Malformed, "it holds a secret key: export the public one, and treat the secret as disclosed if the file was shared")
}

// verifyBudget bounds the work for one file, in the units of cost: about two seconds.
const verifyBudget = 200_000

// certificateReader puts packets together to certificates.
type certificateReader struct {
	certs   []*Certificate
	cert    *Certificate // the one that is being read
	user    *user
	sub     *subkey
	ignored bool // the packet before is passed over, and so are the signatures over it
	skip    bool // the certificate is passed over
	pending []placed
	packets int
	budget  int
}

// placed is a signature with what it stands behind.
type placed struct {
	s    *Signature
	user *user
	sub  *subkey
}

// read reads the packets of one block.
func (r *certificateReader) read(data []byte) error {
	if bytes.HasPrefix(data[min(len(data), 8):], []byte("KBXf")) {
		return fail(Malformed, "a keybox of GnuPG: export the certificates (gpg --export)")
	}
	for len(data) > 0 {
		tag, body, rest, err := nextPacket(data)
		if err != nil {
			return err
		}
		if r.packets++; r.packets > maxPackets {
			return fail(Malformed, "a file of certificates of more than %d packets", maxPackets)
		}
		if err := r.packet(tag, body); err != nil {
			return err
		}
		data = rest
	}
	return r.settle()
}

// packet takes one packet in (RFC 9580, section 10.1).
func (r *certificateReader) packet(tag int, body []byte) error {
	switch tag {
	case tagSecretKey, tagSecretSubkey:
		return errSecret()
	case tagMarker, tagTrust, tagPadding:
		return nil
	case tagPublicKey:
		return r.start(body)
	case tagUserID, tagPublicSubkey, tagAttribute, tagSignature:
	default:
		if tag >= 40 && tag < 64 { // not critical
			r.user, r.sub, r.ignored = nil, nil, true
			return nil
		}
		return fail(Malformed, "there is %s in a certificate", tagName(tag))
	}
	switch {
	case r.skip:
		return nil
	case r.cert == nil:
		return fail(Malformed, "there is %s before any primary key", tagName(tag))
	case tag == tagSignature:
		s, err := parseSignature(body)
		if err != nil {
			return err
		}
		r.place(s)
		return nil
	}
	r.user, r.sub, r.ignored = nil, nil, false
	switch tag {
	case tagUserID:
		if len(body) > MaxUserID {
			return fail(Malformed, "a user id of more than %d bytes", MaxUserID)
		}
		if r.user = r.cert.user(string(body)); len(r.cert.users) > MaxUserIDs {
			return r.cert.capped()
		}
	case tagAttribute:
		if r.ignored = true; len(body) > maxAttribute {
			return fail(Malformed, "a user attribute of more than %d bytes", maxAttribute)
		}
	case tagPublicSubkey:
		k, err := parseKey(body, tag)
		if err != nil {
			return err
		}
		if k == nil || k.version != r.cert.primary.version {
			r.ignored = true
			return nil
		}
		if r.sub = r.cert.subkey(k); len(r.cert.subkeys) > MaxSubkeys {
			return r.cert.capped()
		}
	}
	return nil
}

// start begins a certificate.
func (r *certificateReader) start(body []byte) error {
	if err := r.settle(); err != nil {
		return err
	}
	r.user, r.sub, r.ignored, r.skip, r.cert = nil, nil, false, false, nil
	k, err := parseKey(body, tagPublicKey)
	if err != nil {
		return err
	}
	if k == nil {
		r.skip = true
		return nil
	}
	r.cert = &Certificate{primary: k}
	if r.certs = append(r.certs, r.cert); len(r.certs) > MaxCertificates {
		return fail(Malformed, "a file of more than %d certificates", MaxCertificates)
	}
	return nil
}

// place keeps a signature with what it is about. Revocations of the primary key count
// wherever they stand; what has no place is left out.
func (r *certificateReader) place(s *Signature) {
	at := placed{s: s}
	switch {
	case s.kind == typeDirect || s.kind == typeKeyRevocation:
	case (s.kind == typeBinding || s.kind == typeSubkeyRevocation) && r.sub != nil:
		at.sub = r.sub
	case s.kind >= typeCertGeneric && s.kind <= typeCertPositive && r.user != nil:
		at.user = r.user
	case s.kind == typeCertRevocation && r.sub == nil && !r.ignored:
		at.user = r.user // or, before the first user id, about the key
	default:
		return
	}
	r.pending = append(r.pending, at)
}

// settle verifies the signatures that the certificate's own key seems to have made.
func (r *certificateReader) settle() error {
	defer func() { r.pending = nil }()
	if r.cert == nil {
		return nil
	}
	seen, checks, others := map[placed]bool{}, 0, 0
	known := map[string]*Signature{} // copies of one signature are one
	for _, at := range r.pending {
		if s, copied := known[string(at.s.raw)]; copied {
			at.s = s
		}
		known[string(at.s.raw)] = at.s
		if seen[at] {
			continue
		}
		seen[at] = true
		if match, unnamed := at.s.hints(r.cert.primary); !match && (!unnamed || at.s.kind == typeCertRevocation && at.user == nil) {
			if others++; others > MaxOtherSignatures {
				return fail(Malformed, "the certificate %s has more than %d signatures by others", r.cert.Fingerprint(), MaxOtherSignatures)
			}
			r.keepOther(at)
			continue
		}
		if checks++; checks > MaxSelfSignatures {
			return fail(Malformed, "the certificate %s has more than %d signatures by its own key", r.cert.Fingerprint(), MaxSelfSignatures)
		}
		r.budget -= r.cert.primary.cost()
		if at.sub != nil && at.s.kind == typeBinding {
			r.budget -= len(at.s.embedded) * at.sub.key.cost()
		}
		if r.budget < 0 {
			return fail(Malformed, "a file of certificates with more signatures than are verified: give fewer certificates at once")
		}
		r.cert.keep(at)
	}
	for _, list := range r.cert.ownLists() {
		*list = joinOwn(*list, nil)
	}
	for _, list := range r.cert.otherLists() {
		*list = joinSignatures(*list, nil)
	}
	r.cert.sort()
	return nil
}

// keepOther keeps a signature by others, which is not verified.
func (r *certificateReader) keepOther(at placed) {
	switch {
	case at.user != nil:
		at.user.others = append(at.user.others, at.s)
	case at.s.kind == typeKeyRevocation:
		r.cert.designated = append(r.cert.designated, at.s)
	case at.sub == nil && (at.s.kind == typeDirect || at.s.kind == typeCertRevocation):
		r.cert.others = append(r.cert.others, at.s)
	}
}

// ownLists returns the lists of signatures by the certificate's own key.
func (c *Certificate) ownLists() []*[]*Signature {
	out := []*[]*Signature{&c.direct, &c.revocations}
	for _, u := range c.users {
		out = append(out, &u.self, &u.revocations)
	}
	for _, s := range c.subkeys {
		out = append(out, &s.bindings, &s.revocations)
	}
	return out
}

// otherLists returns the lists of signatures by others.
func (c *Certificate) otherLists() []*[]*Signature {
	out := []*[]*Signature{&c.others, &c.designated}
	for _, u := range c.users {
		out = append(out, &u.others)
	}
	return out
}

// keep verifies a signature by the certificate's own key, and keeps it if it holds. A
// revocation counts however weak its hash is, and whatever it depends on.
func (c *Certificate) keep(at placed) {
	s := at.s
	parts := [][]byte{c.primary.hashed(nil)}
	switch {
	case at.user != nil:
		parts = append(parts, hashedUserID(at.user.id))
	case at.sub != nil:
		parts = append(parts, at.sub.key.hashed(nil))
	}
	if s.check(c.primary, s.over(parts...)) != nil {
		return
	}
	s.core = coreOf(s)
	switch s.kind {
	case typeKeyRevocation:
		c.revocations = append(c.revocations, s)
		return
	case typeSubkeyRevocation:
		at.sub.revocations = append(at.sub.revocations, s)
		return
	case typeCertRevocation:
		if at.user != nil {
			at.user.revocations = append(at.user.revocations, s)
		}
		return
	}
	if _, critical := s.criticalNotation(nil); critical || s.problem != "" || s.short(c.primary) || s.created.Before(c.primary.created) {
		return
	}
	if s.hash.weak {
		s.weakSelf = s.hash.name + "-self"
	}
	switch {
	case s.kind == typeDirect:
		c.direct = append(c.direct, s)
	case at.user != nil:
		at.user.self = append(at.user.self, s)
	case at.sub != nil:
		c.checkBack(s, at.sub, parts)
		at.sub.bindings = append(at.sub.bindings, s)
	}
}

// hashedUserID is a user id as signatures cover it (RFC 9580, section 5.2.4).
func hashedUserID(id string) []byte {
	n := len(id)
	return append([]byte{0xb4, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, id...)
}

// checkBack looks for the subkey's own signature over the primary key in its binding (RFC
// 9580, section 5.2.1.9): without it, anybody could claim the subkey.
func (c *Certificate) checkBack(binding *Signature, sub *subkey, parts [][]byte) {
	weak := ""
	for _, body := range binding.embedded {
		back, err := parseSignature(body)
		if err != nil || back.kind != typeBack || back.problem != "" || back.created.Before(sub.key.created) {
			continue
		}
		if _, critical := back.criticalNotation(nil); critical || back.short(sub.key) || back.check(sub.key, back.over(parts...)) != nil {
			continue
		}
		if !back.hash.weak {
			binding.backValid = true
			return
		}
		binding.backValid, weak = true, back.hash.name+"-self"
	}
	if binding.weakSelf == "" {
		binding.weakSelf = weak
	}
}

// finish merges what was read.
func (r *certificateReader) finish() ([]*Certificate, error) {
	if len(r.certs) == 0 {
		return nil, fail(Malformed, "there is no certificate of a version that is known")
	}
	return Merge(r.certs...)
}

// describe names a certificate in a message.
func (c *Certificate) describe() string {
	if ids := c.UserIDs(); len(ids) > 0 {
		return fmt.Sprintf("%s (%s)", c.Fingerprint(), Printable(ids[0]))
	}
	return string(c.Fingerprint())
}
