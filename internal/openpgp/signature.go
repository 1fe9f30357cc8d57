package openpgp

import (
	"bytes"
	"crypto"
	_ "crypto/md5" // for revocations and for naming what is weak
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha3"
	_ "crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	//lint:ignore SA1019 a revocation counts by whatever hash it was made; nothing else does
	_ "golang.org/x/crypto/ripemd160"
)

// ErrTextSignature: a detached signature is over text (type 0x01) and not over bytes. Two
// files that differ in their line ends would both be the signed one.
var ErrTextSignature = errors.New("a text signature (0x01), under which line ends can be changed: only binary signatures count")

// ErrShortFingerprint: a key id of 8 or 16 hex digits stands where a fingerprint must.
var ErrShortFingerprint = errors.New("a key id, for which others can make a key: give the full fingerprint of 40 or 64 hex digits")

// A Fingerprint names a key: 40 upper-case hex digits for version 4, 64 for version 6.
type Fingerprint string

// Signature types (RFC 9580, section 5.2.1).
const (
	typeBinary           = 0x00
	typeText             = 0x01
	typeCertGeneric      = 0x10
	typeCertPositive     = 0x13
	typeBinding          = 0x18
	typeBack             = 0x19
	typeDirect           = 0x1f
	typeKeyRevocation    = 0x20
	typeSubkeyRevocation = 0x28
	typeCertRevocation   = 0x30
)

// hashing is one hash algorithm (RFC 9580, section 9.5).
type hashing struct {
	name string
	hash crypto.Hash
	salt int  // bytes of salt in version 6; 0: not allowed there
	weak bool // collisions can be made
}

var hashings = map[byte]hashing{
	1: {"md5", crypto.MD5, 0, true}, 2: {"sha1", crypto.SHA1, 0, true}, 3: {"ripemd160", crypto.RIPEMD160, 0, true},
	8: {"sha256", crypto.SHA256, 16, false}, 9: {"sha384", crypto.SHA384, 24, false}, 10: {"sha512", crypto.SHA512, 32, false},
	11: {"sha224", crypto.SHA224, 16, false}, 12: {"sha3-256", crypto.SHA3_256, 16, false}, 14: {"sha3-512", crypto.SHA3_512, 32, false},
}

// notation is one notation of a signature (RFC 9580, section 5.2.3.24).
type notation struct {
	name, value string
	critical    bool
}

// A Signature is one signature as it was read: nothing about it is verified, and all that it
// says is its signer's word. It may be used by several goroutines at once.
type Signature struct {
	raw         []byte // the packet's body
	version     byte
	kind        byte // one of the types above
	algorithm   byte
	hash        hashing
	salt        []byte
	suffix      []byte // what is hashed behind the data
	tag         [2]byte
	numbers     [][]byte // the signature itself: integers, or one string for Ed25519 and Ed448
	unsupported string   // why it cannot be verified, though it is well formed
	problem     string   // why it does not count, though it may be cryptographically good

	created             time.Time
	lifetime, keyLife   uint32 // seconds; 0: no end
	fingerprints        []Fingerprint
	keyIDs              []uint64
	notations           []notation
	flags               byte
	hasFlags, isPrimary bool
	local               bool // not to be exported
	reason              byte
	hasReason           bool
	reasonText          string
	embedded            [][]byte
	revokers            []Fingerprint // who else may revoke the key

	core      string      // of a signature by the certificate's own key: what makes it, see coreOf
	by        Fingerprint // of a revocation by a designated revoker that holds: whose it is
	weakSelf  string      // of a self-signature: the word for its weak hash, or ""
	backValid bool        // of a subkey's binding: the subkey has signed the primary key
}

// cursor reads fields off a packet; after a failure everything is empty.
type cursor struct {
	data []byte
	bad  bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.data) {
		c.bad, c.data = true, nil
		return make([]byte, min(max(n, 0), 8))
	}
	out := c.data[:n:n]
	c.data = c.data[n:]
	return out
}

func (c *cursor) byte() byte { return c.take(1)[0] }

func (c *cursor) uint32() uint32 { return binary.BigEndian.Uint32(c.take(4)) }

// integer reads a multiprecision integer (RFC 9580, section 3.2).
func (c *cursor) integer() []byte {
	bits := int(binary.BigEndian.Uint16(c.take(2)))
	return c.take((bits + 7) / 8)
}

// parseSignature reads the body of a signature packet of version 4 or 6 (RFC 9580, section
// 5.2.3). What is well formed and not known is noted in unsupported and problem.
func parseSignature(body []byte) (*Signature, error) {
	if len(body) == 0 || len(body) > maxSignaturePacket {
		return nil, fail(Malformed, "a signature of %d bytes", len(body))
	}
	s := &Signature{raw: body, version: body[0]}
	if s.version < 2 || s.version > maxSignatureVersion {
		return nil, fail(Malformed, "a signature of version %d, which there is not", s.version)
	}
	if s.version == 3 && s.readVersion3(body) {
		return s, nil
	}
	if s.version != 4 && s.version != 6 {
		s.unsupported = fmt.Sprintf("a signature of version %d", s.version)
		return s, nil
	}
	c := &cursor{data: body}
	head := c.take(4)
	s.kind, s.algorithm = head[1], head[2]
	known, ok := hashings[head[3]]
	s.hash = known
	if !ok {
		s.hash.name = fmt.Sprintf("hash %d", head[3])
		s.unsupported = "a signature by an unknown hash algorithm"
	}
	area := func() []byte {
		if s.version == 6 {
			return c.take(int(c.uint32()))
		}
		return c.take(int(binary.BigEndian.Uint16(c.take(2))))
	}
	signed := area()
	s.suffix = bytes.Clone(body[:len(body)-len(c.data)])
	s.suffix = binary.BigEndian.AppendUint32(append(s.suffix, s.version, 0xff), uint32(len(s.suffix)))
	unsigned := area()
	s.tag = [2]byte(c.take(2))
	if s.version == 6 {
		s.salt = c.take(int(c.byte()))
		if !c.bad && ok && (s.hash.salt == 0 || len(s.salt) != s.hash.salt) {
			return nil, fail(Malformed, "a signature of version 6 with %s and a salt of %d bytes", s.hash.name, len(s.salt))
		}
	}
	if c.bad {
		return nil, fail(Malformed, "a signature that is cut")
	}
	if err := s.readSubpackets(signed, true); err != nil {
		return nil, err
	}
	if err := s.readSubpackets(unsigned, false); err != nil {
		return nil, err
	}
	if s.created.IsZero() {
		s.note("it does not say when it was made")
	}
	return s, s.readNumbers(c)
}

// readVersion3 reads a signature of version 3 (RFC 4880, section 5.2.2), and reports whether it
// is one that counts: of a key or a subkey, that it is revoked. Such a one has no reason.
func (s *Signature) readVersion3(body []byte) bool {
	c := &cursor{data: body}
	head := c.take(7)
	id := binary.BigEndian.Uint64(c.take(8))
	algorithms := c.take(2)
	tag := c.take(2)
	known, ok := hashings[algorithms[1]]
	if c.bad || !ok || head[1] != 5 || head[2] != typeKeyRevocation && head[2] != typeSubkeyRevocation {
		return false
	}
	read := &Signature{raw: body, version: 3, kind: head[2], algorithm: algorithms[0], hash: known, suffix: bytes.Clone(head[2:7]), tag: [2]byte(tag),
		created: time.Unix(int64(binary.BigEndian.Uint32(head[3:])), 0).UTC(), keyIDs: []uint64{id}}
	if read.readNumbers(c) != nil || read.unsupported != "" {
		return false
	}
	*s = *read
	return true
}

// readNumbers reads the signature itself (RFC 9580, section 5.2.3).
func (s *Signature) readNumbers(c *cursor) error {
	switch s.algorithm {
	case 1, 3:
		s.numbers = [][]byte{c.integer()}
	case 17, 19, 22:
		s.numbers = [][]byte{c.integer(), c.integer()}
	case 27:
		s.numbers = [][]byte{c.take(64)}
	case 28:
		s.numbers = [][]byte{c.take(114)}
	default:
		s.unsupported = fmt.Sprintf("a signature by an unknown algorithm (%d)", s.algorithm)
		return nil
	}
	if c.bad || len(c.data) != 0 {
		return fail(Malformed, "a signature with bytes missing or left over")
	}
	return nil
}

// note keeps the first reason why the signature does not count.
func (s *Signature) note(format string, args ...any) {
	if s.problem == "" {
		s.problem = fmt.Sprintf(format, args...)
	}
}

// readSubpackets reads one area of subpackets (RFC 9580, section 5.2.3.7). Of the unsigned
// one, which anybody can change, only the hints at the key and embedded signatures count.
func (s *Signature) readSubpackets(area []byte, signed bool) error {
	seen := map[byte][]byte{}
	for n := 0; len(area) > 0; n++ {
		length, size, ok := subpacketLength(area)
		if !ok || length < 1 || length > len(area)-size {
			return fail(Malformed, "a signature with a subpacket that is cut")
		}
		if n == maxSubpackets {
			return fail(Malformed, "a signature with more than %d subpackets", maxSubpackets)
		}
		kind, critical := area[size]&0x7f, area[size]&0x80 != 0
		value := area[size+1 : size+length]
		area = area[size+length:]
		if !signed {
			if kind == 16 || kind == 32 || kind == 33 {
				s.readSubpacket(kind, value, false)
			}
			continue
		}
		switch kind { // said twice and differently: readers would disagree
		case 2, 3, 4, 9, 27, 29:
			if before, twice := seen[kind]; twice && !bytes.Equal(before, value) {
				s.note("it contradicts itself")
			}
			seen[kind] = value
		}
		s.readSubpacket(kind, value, critical)
	}
	return nil
}

// readSubpacket reads one subpacket (RFC 9580, sections 5.2.3.11 to 5.2.3.36).
func (s *Signature) readSubpacket(kind byte, value []byte, critical bool) {
	sized := func(n int) bool {
		if len(value) == n {
			return true
		}
		s.note("its subpacket %d has the wrong size", kind)
		return false
	}
	switch kind {
	case 2:
		if sized(4) {
			s.created = time.Unix(int64(binary.BigEndian.Uint32(value)), 0).UTC()
		}
	case 3:
		if sized(4) {
			s.lifetime = binary.BigEndian.Uint32(value)
		}
	case 4:
		s.local = len(value) != 1 || value[0] == 0
	case 9:
		if sized(4) {
			s.keyLife = binary.BigEndian.Uint32(value)
		}
	case 12:
		if len(value) == 22 && value[0]&0x80 != 0 {
			s.revokers = append(s.revokers, fingerprintOf(value[2:]))
		}
	case 16:
		if sized(8) {
			s.keyIDs = append(s.keyIDs, binary.BigEndian.Uint64(value))
		}
	case 20:
		s.readNotation(value, critical)
	case 25:
		s.isPrimary = len(value) == 1 && value[0] != 0
	case 27:
		if s.hasFlags = true; len(value) > 0 {
			s.flags = value[0]
		}
	case 29:
		if s.hasReason = len(value) > 0; s.hasReason {
			s.reason, s.reasonText = value[0], string(value[1:])
		}
	case 32:
		if len(s.embedded) < maxEmbedded {
			s.embedded = append(s.embedded, value)
		}
	case 33:
		if len(value) == 21 && value[0] == 4 || len(value) == 33 && value[0] == 6 {
			s.fingerprints = append(s.fingerprints, fingerprintOf(value[1:]))
		}
	case 5, 6, 7, 11, 21, 22, 23, 24, 26, 28, 30, 31, 34, 35, 39: // known, and nothing to do with what is decided here
	default:
		if critical {
			s.note("it depends on something that is not known here (critical subpacket %d)", kind)
		}
	}
}

func (s *Signature) readNotation(value []byte, critical bool) {
	c := &cursor{data: value}
	c.take(4) // flags: readable by people or not
	sizes := c.take(4)
	name := c.take(int(binary.BigEndian.Uint16(sizes)))
	text := c.take(int(binary.BigEndian.Uint16(sizes[2:])))
	switch {
	case c.bad || len(c.data) != 0:
		s.note("it has a notation that is cut")
	case len(s.notations) == maxNotations:
		s.note("it has more than %d notations", maxNotations)
	default:
		s.notations = append(s.notations, notation{string(name), string(text), critical})
	}
}

// criticalNotation returns a notation that the signature depends on and that is not known.
func (s *Signature) criticalNotation(known []string) (string, bool) {
	for _, n := range s.notations {
		if n.critical && !containsString(known, n.name) {
			return n.name, true
		}
	}
	return "", false
}

func containsString(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// expires returns when the signature ends by its own word, or zero.
func (s *Signature) expires() time.Time {
	if s.lifetime == 0 {
		return time.Time{}
	}
	return s.created.Add(time.Duration(s.lifetime) * time.Second)
}

// hints reports whether the signature names the key as its maker. Without any name it may be
// anybody's, which unnamed says.
func (s *Signature) hints(k *key) (match, unnamed bool) {
	for _, f := range s.fingerprints {
		if f == k.fingerprint {
			return true, false
		}
	}
	if len(s.fingerprints) > 0 {
		return false, false
	}
	for _, id := range s.keyIDs {
		if id == k.id {
			return true, false
		}
	}
	return false, len(s.keyIDs) == 0
}

// Created returns when the signature was made by its signer's word, in UTC to the second.
func (s *Signature) Created() time.Time { return s.created }

// Issuer returns the fingerprint of the key that the signature says made it, else the 16 hex
// digits of its key id, else "". It is for messages: only [Signature.Verify] tells who signed.
func (s *Signature) Issuer() string {
	switch {
	case len(s.fingerprints) > 0:
		return string(s.fingerprints[0])
	case len(s.keyIDs) > 0:
		return fmt.Sprintf("%016X", s.keyIDs[0])
	}
	return ""
}

// Hashing returns the hash algorithm of the signature ("sha256", "sha384", "sha512",
// "sha224", "sha3-256", "sha3-512", "sha1", "md5", "ripemd160") and, for version 6, the salt
// that is hashed before the data. An algorithm that is not known has a name with a blank in it.
func (s *Signature) Hashing() (algorithm string, salt []byte) {
	return s.hash.name, bytes.Clone(s.salt)
}

// NewHash returns a fresh state of the signature's hash with the salt written, or nil where
// the algorithm is not known.
func (s *Signature) NewHash() hash.Hash {
	if s.hash.hash == 0 {
		return nil
	}
	h := s.hash.hash.New()
	h.Write(s.salt)
	return h
}

// ReadSignatures reads a file of detached signatures: one armored block, or the packets bare
// (.sig). Errors are [ErrTextSignature] or a *[Failure] of kind Malformed.
//
// A file that could be read in two ways is refused as a whole: more than MaxSignatureFile
// bytes or MaxSignatures signatures, a second block, anything before the block but white
// space, anything behind it, packets other than signatures, long lines, types other than
// binary (0x00). A signature of a version or an algorithm that is not known is returned, and
// fails to verify, so that it does not spoil the ones beside it.
func ReadSignatures(data []byte) ([]*Signature, error) {
	if len(data) > MaxSignatureFile {
		return nil, fail(Malformed, "a file of signatures of more than %d bytes", MaxSignatureFile)
	}
	body := bytes.Clone(data) // what is read must not change with the caller's buffer
	if armored(data) {
		text := bytes.TrimLeft(bytes.TrimPrefix(data, byteOrderMark), " \t\r\n")
		var rest []byte
		var err error
		if body, rest, err = readArmor(text, armorSignature); err != nil {
			return nil, err
		}
		if !onlySpace(rest) {
			return nil, fail(Malformed, "there is something behind the signature block")
		}
	}
	return readSignaturePackets(body, typeBinary)
}

// readSignaturePackets reads packets that must be signatures of the given types.
func readSignaturePackets(data []byte, types ...byte) ([]*Signature, error) {
	var out []*Signature
	for len(data) > 0 {
		tag, body, rest, err := nextPacket(data)
		if err != nil {
			return nil, err
		}
		if tag != tagSignature {
			return nil, fail(Malformed, "there is %s among the signatures", tagName(tag))
		}
		if len(out) == MaxSignatures {
			return nil, fail(Malformed, "there are more than %d signatures", MaxSignatures)
		}
		s, err := parseSignature(body)
		if err != nil {
			return nil, err
		}
		switch known := s.version == 4 || s.version == 6; {
		case known && bytes.IndexByte(types, s.kind) >= 0, !known && s.unsupported != "":
		case s.kind == typeText:
			return nil, ErrTextSignature
		default:
			return nil, fail(Malformed, "a signature of type 0x%02X, which is not one over a file", s.kind)
		}
		out, data = append(out, s), rest
	}
	if len(out) == 0 {
		return nil, fail(Malformed, "there is no signature")
	}
	return out, nil
}

// mpi is an integer of a signature as go-crypto takes it.
type mpi []byte

func (m mpi) Bytes() []byte                         { return m }
func (m mpi) BitLength() uint16                     { return uint16(8 * len(m)) }
func (m mpi) EncodedLength() uint16                 { return uint16(2 + len(m)) }
func (m mpi) EncodedBytes() []byte                  { return append([]byte{byte(len(m) >> 5), byte(len(m) << 3)}, m...) }
func (m mpi) ReadFrom(io.Reader) (n int64, e error) { return 0, io.ErrUnexpectedEOF }

// short says whether the hash is too short for the key: RFC 9580, section 5.2.3, has such
// signatures refused. The weak hashes are not meant: those have words of their own.
func (s *Signature) short(k *key) bool {
	least := map[string]int{"nistp256": 32, "ed25519": 32, "nistp384": 48, "nistp521": 64, "ed448": 64}[k.name]
	return s.unsupported == "" && !s.hash.weak && s.hash.hash.Size() < least
}

// check verifies the signature by one key, h being the state after everything but the
// signature's own fields; it changes h. Nothing but the cryptography is looked at.
func (s *Signature) check(k *key, h hash.Hash) (failure *Failure) {
	defer func() {
		if r := recover(); r != nil { // a library that is handed a stranger's numbers
			failure = fail(BadSignature, "the signature breaks its verification")
		}
	}()
	switch {
	case s.unsupported != "":
		return fail(Unsupported, "%s cannot be verified", s.unsupported)
	case k.public == nil:
		return fail(k.kind, "the key %s cannot be used: %s", k.fingerprint, k.unusable)
	case s.version != k.version && !(s.version == 3 && k.version == 4):
		return fail(BadSignature, "a signature of version %d by a key of version %d", s.version, k.version)
	case s.algorithm != k.algorithm:
		return fail(BadSignature, "the signature is by another algorithm than its key")
	case h == nil || h.Size() != s.hash.hash.Size():
		return fail(Malformed, "the data was not hashed by %s", s.hash.name)
	}
	h.Write(s.suffix)
	if public, ok := k.public.PublicKey.(*rsa.PublicKey); ok {
		sum := h.Sum(nil)
		if s.version == 6 && !bytes.Equal(sum[:2], s.tag[:]) || !verifyRSA(public, s.hash.hash, sum, s.numbers[0]) {
			return fail(BadSignature, "the key %s has not signed these bytes", k.fingerprint)
		}
		return nil
	}
	p := &packet.Signature{Version: int(s.version), SigType: packet.SignatureType(s.kind), PubKeyAlgo: packet.PublicKeyAlgorithm(s.algorithm), Hash: s.hash.hash, HashTag: s.tag}
	switch s.algorithm {
	case 17:
		p.DSASigR, p.DSASigS = mpi(s.numbers[0]), mpi(s.numbers[1])
	case 19:
		p.ECDSASigR, p.ECDSASigS = mpi(s.numbers[0]), mpi(s.numbers[1])
	case 22:
		p.EdDSASigR, p.EdDSASigS = mpi(s.numbers[0]), mpi(s.numbers[1])
	default:
		p.EdSig = s.numbers[0]
	}
	// The fields are hashed already: the suffix that the library would write is empty. The
	// first two bytes of the hash in a signature of version 4 are a hint only, and wrong in
	// some that old programs made; the library compares those of version 6.
	if err := k.public.VerifySignature(h, p); err != nil {
		return fail(BadSignature, "the key %s has not signed these bytes", k.fingerprint)
	}
	return nil
}

// Unwaived returns what is weak about the signature and not among the waived words: the
// signature counts when nothing is left.
func (v Valid) Unwaived(waived ...string) []string {
	var out []string
	for _, word := range v.Weak {
		if !containsString(waived, word) {
			out = append(out, word)
		}
	}
	return out
}

// ParseFingerprint reads a fingerprint in hex digits of either case, with blanks between
// them and "0x" before them as tools print it. Key ids are [ErrShortFingerprint].
func ParseFingerprint(s string) (Fingerprint, error) {
	if len(s) > 256 {
		return "", fail(Malformed, "not a fingerprint: %d bytes", len(s))
	}
	digits := strings.ToUpper(strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(s), " ", ""), "\u00a0", ""))
	digits = strings.TrimPrefix(digits, "0X")
	for _, r := range digits {
		if !strings.ContainsRune("0123456789ABCDEF", r) {
			return "", fail(Malformed, "not a fingerprint: %q is not a hex digit", r)
		}
	}
	switch len(digits) {
	case 40, 64:
		return Fingerprint(digits), nil
	case 8, 16:
		return "", ErrShortFingerprint
	}
	return "", fail(Malformed, "not a fingerprint: it has %d hex digits, and not 40 or 64", len(digits))
}

func fingerprintOf(sum []byte) Fingerprint { return Fingerprint(fmt.Sprintf("%X", sum)) }
