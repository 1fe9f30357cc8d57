package openpgp

import (
	"errors"
	"hash"
	"time"
)

// ErrTextSignature: a detached signature is over text (type 0x01) and not over bytes. Two
// files that differ in their line ends would both be the signed one.
var ErrTextSignature = errors.New("a text signature (0x01), under which line ends can be changed: only binary signatures are accepted")

// ErrShortFingerprint: a key id of 8 or 16 digits stands where a fingerprint must.
var ErrShortFingerprint = errors.New("a key id, which others can forge a key for: give the full fingerprint of 40 or 64 hex digits")

// A Fingerprint names a key: 40 upper-case hex digits for version 4, 64 for version 6.
type Fingerprint string

// A Certificate is one key with all that is known of it, merged.
type Certificate struct{ todo int }

// A Revocation is a key's owner taking it back.
type Revocation struct {
	Hard   bool      // compromised, or without a reason: nothing that the key signed counts
	At     time.Time // when, by its own word
	Reason string    // what the owner said, raw: show it by Printable
}

// A Certification is one valid statement by an authority about a certificate.
type Certification struct {
	Issuer      Fingerprint         // may be empty: old signatures name a key id only
	IssuerKeyID string              // 16 hex digits
	UserID      string              // raw; empty when Direct
	Direct      bool                // about the key itself (0x1F), and not about a user id
	Created     time.Time           // by the authority's word
	Expires     time.Time           // zero: never. The caller compares it with its clock
	Notations   map[string][]string // signed notations by name, raw
}

// A Signature is one signature over data as it was read: nothing is verified.
type Signature struct{ todo int }

// Valid is a signature that holds. It is worth nothing while Weak is not waived.
type Valid struct {
	Signer  Fingerprint // the certificate: its primary key
	Key     Fingerprint // the key or subkey that signed
	Created time.Time   // the signer's word
	Ends    time.Time   // zero, or from when the key's signatures no longer count: hold it against a witness
	Expires time.Time   // zero, or when the signature itself ends by its signer's word: hold it against the clock
	Weak    []string    // what it leans on that is weak, sorted: "sha1", "sha1-self", "rsa1024" …
}

// Cleartext is a text with the signatures over it in one file (RFC 9580, section 7).
type Cleartext struct {
	Text       []byte // what was signed, with "\n" between lines and without blanks at their ends
	Signatures []*Signature
	Headers    map[string]string // armor headers of the text: only Hash is accepted
}

// A Checksum is one line of a list of checksums.
type Checksum struct {
	Algorithm string // "sha256", "sha512", "md5" …
	Hex       string // lower case
	Filename  string
}

var errTodo = errors.New("not there yet")

// ParseFingerprint reads a full fingerprint.
func ParseFingerprint(s string) (Fingerprint, error) { return "", errTodo }

// ReadCertificates reads certificates, armored or binary, merged by fingerprint.
func ReadCertificates(data []byte) ([]*Certificate, error) { return nil, errTodo }

// Merge joins certificates by fingerprint.
func Merge(certs ...*Certificate) ([]*Certificate, error) { return nil, errTodo }

// Fingerprint returns the primary key's.
func (c *Certificate) Fingerprint() Fingerprint { return "" }

// UserIDs returns the raw user ids that the key's owner stands by.
func (c *Certificate) UserIDs() []string { return nil }

// Created returns when the primary key was made.
func (c *Certificate) Created() time.Time { return time.Time{} }

// Expires returns when the primary key ends, if it does.
func (c *Certificate) Expires() (time.Time, bool) { return time.Time{}, false }

// Revoked returns the gravest revocation of the primary key, if there is one.
func (c *Certificate) Revoked() (Revocation, bool) { return Revocation{}, false }

// Algorithm returns the primary key's: "ed25519", "rsa4096", "nistp256" …
func (c *Certificate) Algorithm() string { return "" }

// Armor returns a minimal, deterministic export.
func (c *Certificate) Armor() []byte { return nil }

// Owns reports whether a fingerprint or a key id of 16 digits is one of its keys.
func (c *Certificate) Owns(id string) bool { return false }

// CertifiedBy returns what an authority has certified about the certificate. Critical
// notations count only where their names are known.
func (c *Certificate) CertifiedBy(authority *Certificate, known ...string) []Certification {
	return nil
}

// ReadSignatures reads a file of detached signatures, armored or binary.
func ReadSignatures(data []byte) ([]*Signature, error) { return nil, errTodo }

// Created returns when the signature was made by its signer's word.
func (s *Signature) Created() time.Time { return time.Time{} }

// Issuer returns the fingerprint, else the key id, of the key that it says made it.
func (s *Signature) Issuer() string { return "" }

// Hashing returns the hash and the salt that goes before the data (version 6).
func (s *Signature) Hashing() (algorithm string, salt []byte) { return "", nil }

// Verify checks the signature over data.
func (s *Signature) Verify(c *Certificate, data hash.Hash) (Valid, error) { return Valid{}, errTodo }

// ReadCleartext reads a cleartext signed file.
func ReadCleartext(data []byte) (*Cleartext, error) { return nil, errTodo }

// Verify checks one of the signatures over the text.
func (t *Cleartext) Verify(sig *Signature, c *Certificate) (Valid, error) { return Valid{}, errTodo }

// ReadChecksums reads a list of checksums.
func ReadChecksums(text []byte) ([]Checksum, error) { return nil, errTodo }

// Unwaived returns what is weak about the signature and not among the waived words.
func (v Valid) Unwaived(waived ...string) []string { return nil }

// Printable returns a text from outside with everything escaped that is not plain to see.
func Printable(s string) string { return "" }
