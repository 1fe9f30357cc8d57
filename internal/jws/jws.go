// Package jws reads RECORD.jws, the signature that the wheel tool put into wheels
// until 2018 (`wheel sign`), and checks it. It is bytes to types: no files,
// no network.
//
// The file lies beside RECORD in a wheel's .dist-info folder and signs RECORD,
// which has the digest of every other file:
//
//	{"payload": P, "recipients": [{"header": H, "signature": S}, …]}
//
// All three are URL-safe base64, which the tool wrote without padding. S is the
// Ed25519 signature of the text H "." P, exactly as both stand there. Decoded, they are
//
//	P  {"hash": "sha256=<base64 of the SHA-256 of RECORD>"}
//	H  {"alg": "Ed25519", "jwk": {"kty": "Ed25519", "vk": "<base64 of the public key>"}}
//
// wheel 0.14 and before called the key's type "alg" too. So
//
//	s, err := jws.Parse(data)
//	keys, err := s.Verify(sha256OfRecord) // keys[0].String() is what `wheel keygen` printed
//
// tells who signed the wheel's content. Whether a key is anybody's is not its question.
//
// It is stricter than the tool was: duplicate and unknown members, base64 that is
// not canonical, other algorithms ("none", "HS256", "RS256"), keys of another
// length or under which anything is signed, and an empty list of recipients are
// refused, and one bad signature refuses all.
package jws

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds on what is read. A file with one signature has 380 bytes.
const (
	MaxFile = 64 << 10 // bytes of RECORD.jws

	maxRecipients = 16
	maxText       = 1 << 10 // bytes of a payload, a header or a signature, in base64
)

const (
	algorithm  = "Ed25519"
	hashPrefix = "sha256="
)

// Classes of what can be wrong. Test with [errors.Is]; the error's text is a
// clause that says what in particular.
var (
	// ErrMalformed: it cannot be read, or could be read in two ways.
	ErrMalformed = errors.New("malformed")
	// ErrAlgorithm: it is signed with another algorithm than Ed25519.
	ErrAlgorithm = errors.New("algorithm")
	// ErrWrongRecord: it is about another RECORD.
	ErrWrongRecord = errors.New("wrong record")
	// ErrInvalid: a signature does not hold.
	ErrInvalid = errors.New("invalid")
)

// problem is an error with one of the classes above.
type problem struct {
	class  error
	detail string
}

func (p *problem) Error() string { return p.detail }
func (p *problem) Unwrap() error { return p.class }

func malformed(format string, args ...any) error {
	return &problem{ErrMalformed, fmt.Sprintf(format, args...)}
}

// Key is an Ed25519 public key. It can be compared with ==.
type Key struct{ bytes [ed25519.PublicKeySize]byte }

// ParseKey reads a key as `wheel keygen` printed it: 43 characters of URL-safe
// base64. Padding behind it is passed over.
func ParseKey(s string) (Key, error) {
	var k Key
	raw, err := decode64(s)
	if err != nil {
		return k, malformed("the key is not base64 as 'wheel keygen' printed it")
	}
	if len(raw) != len(k.bytes) {
		return k, malformed("the key has %d bytes, an Ed25519 key has %d", len(raw), len(k.bytes))
	}
	copy(k.bytes[:], raw)
	if k.weak() {
		return Key{}, malformed("the key is one under which any file has a valid signature")
	}
	return k, nil
}

// String returns the key as `wheel keygen` printed it.
func (k Key) String() string { return base64.RawURLEncoding.EncodeToString(k.bytes[:]) }

// Public returns the key as the standard library has it.
func (k Key) Public() ed25519.PublicKey { return bytes.Clone(k.bytes[:]) }

// weak reports a point of small order, or one in another than its canonical
// spelling: signatures by such keys can be made by anybody, or for several keys.
// A point's order is small where its y is one of five values (RFC 8032, and
// https://eprint.iacr.org/2020/1244, table 1).
func (k Key) weak() bool {
	y := k.bytes
	y[31] &= 0x7f // the top bit is the sign of x
	if y[31] == 0x7f && y[0] >= 0xed && bytes.Count(y[1:31], []byte{0xff}) == 30 {
		return true // y is not below 2^255-19
	}
	_, small := smallOrder[y]
	return small
}

// smallOrder are the y of the points whose order divides 8, canonically written,
// without the bit for the sign.
var smallOrder = map[[32]byte]struct{}{
	{}:  {}, // 0: order 4
	{1}: {}, // 1: the neutral element
	{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}: {}, // -1: order 2
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}: {}, // order 8
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05}: {}, // order 8
}

// Signatures is a RECORD.jws that was read. What it states is a claim until
// [Signatures.Verify] held.
type Signatures struct {
	record     []byte // the SHA-256 of RECORD that is signed
	recipients []recipient
}

type recipient struct {
	key       Key
	signed    []byte
	signature []byte
}

// Parse reads a RECORD.jws.
func Parse(data []byte) (*Signatures, error) {
	var wire struct {
		Payload    *string `json:"payload"`
		Recipients *[]struct {
			Header    *string `json:"header"`
			Signature *string `json:"signature"`
		} `json:"recipients"`
	}
	if len(data) > MaxFile {
		return nil, malformed("%d bytes are more than the %d that are read", len(data), MaxFile)
	}
	if err := decode(data, "the file", &wire); err != nil {
		return nil, err
	}
	if wire.Payload == nil || wire.Recipients == nil || len(*wire.Recipients) == 0 {
		return nil, malformed("it has no payload, or no signature")
	}
	if n := len(*wire.Recipients); n > maxRecipients {
		return nil, malformed("%d signatures are more than the %d that are read", n, maxRecipients)
	}
	s := &Signatures{}
	var err error
	if s.record, err = parsePayload(*wire.Payload); err != nil {
		return nil, err
	}
	for i, r := range *wire.Recipients {
		if r.Header == nil || r.Signature == nil {
			return nil, malformed("signature %d has no header, or no signature", i+1)
		}
		one, err := parseRecipient(*r.Header, *r.Signature)
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i+1, err)
		}
		one.signed = []byte(*r.Header + "." + *wire.Payload)
		s.recipients = append(s.recipients, one)
	}
	return s, nil
}

// parsePayload returns the digest that the payload states.
func parsePayload(encoded string) ([]byte, error) {
	var payload struct {
		Hash *string `json:"hash"`
	}
	if err := decodeBoth(encoded, "the payload", &payload); err != nil {
		return nil, err
	}
	if payload.Hash == nil {
		return nil, malformed("the payload has no hash")
	}
	digest, ok := strings.CutPrefix(*payload.Hash, hashPrefix)
	if !ok {
		return nil, &problem{ErrAlgorithm, fmt.Sprintf("RECORD is hashed as %.16q, not as sha256", *payload.Hash)}
	}
	sum, err := decode64(digest)
	if err != nil || len(sum) != sha256.Size {
		return nil, malformed("the hash in the payload is no SHA-256 in base64")
	}
	return sum, nil
}

// parseRecipient reads one header and its signature.
func parseRecipient(header, signature string) (recipient, error) {
	var h struct {
		Alg *string `json:"alg"`
		Jwk *struct {
			Kty *string `json:"kty"`
			Alg *string `json:"alg"` // what kty was called before
			Vk  *string `json:"vk"`
		} `json:"jwk"`
	}
	var r recipient
	if err := decodeBoth(header, "the header", &h); err != nil {
		return r, err
	}
	if h.Alg == nil || h.Jwk == nil || h.Jwk.Vk == nil || h.Jwk.Kty == nil && h.Jwk.Alg == nil {
		return r, malformed("the header has no algorithm, or no key")
	}
	for _, alg := range []*string{h.Alg, h.Jwk.Kty, h.Jwk.Alg} {
		if alg != nil && *alg != algorithm {
			return r, &problem{ErrAlgorithm, fmt.Sprintf("the algorithm %.16q is not %s", *alg, algorithm)}
		}
	}
	var err error
	if r.key, err = ParseKey(*h.Jwk.Vk); err != nil {
		return r, err
	}
	if len(signature) <= maxText {
		r.signature, err = decode64(signature)
	}
	if err != nil || len(r.signature) != ed25519.SignatureSize {
		return r, malformed("the signature is not %d bytes in base64", ed25519.SignatureSize)
	}
	return r, nil
}

// Verify checks every signature, and that they are about the RECORD with this
// SHA-256. It returns the keys that signed, each once and in the order of the
// file: either all signatures hold or there is an error.
func (s *Signatures) Verify(recordSHA256 []byte) ([]Key, error) {
	if len(recordSHA256) != sha256.Size || !bytes.Equal(s.record, recordSHA256) {
		return nil, &problem{ErrWrongRecord, "the signature is about another RECORD"}
	}
	if len(s.recipients) == 0 {
		return nil, malformed("there is no signature")
	}
	var out []Key
	seen := map[Key]bool{}
	for i, r := range s.recipients {
		if !ed25519.Verify(r.key.bytes[:], r.signed, r.signature) {
			return nil, &problem{ErrInvalid, fmt.Sprintf("signature %d, by the key %s, does not hold", i+1, r.key)}
		}
		if !seen[r.key] {
			seen[r.key] = true
			out = append(out, r.key)
		}
	}
	return out, nil
}

// decodeBoth takes the base64 off and reads the JSON inside.
func decodeBoth(encoded, what string, v any) error {
	if len(encoded) > maxText {
		return malformed("%s has more than the %d bytes that are read", what, maxText)
	}
	text, err := decode64(encoded)
	if err != nil {
		return malformed("%s is not URL-safe base64", what)
	}
	return decode(text, what, v)
}

// decode reads one JSON value. The json package refuses duplicate names, invalid
// UTF-8 and trailing data, tells names apart by case, and bounds the depth.
func decode(text []byte, what string, v any) error {
	err := json.Unmarshal(text, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok && errors.Is(err, jsontext.ErrDuplicateName) {
		return malformed("%s has the name %.32q twice", what, syntactic.JSONPointer.LastToken())
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok && errors.Is(err, json.ErrUnknownName) {
		return malformed("%s has the member %.64q, which is not known", what, string(semantic.JSONPointer))
	}
	return malformed("%s is not the JSON that it should be", what)
}

// decode64 reads URL-safe base64 in its one spelling, with all of its padding or
// with none.
func decode64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	if strings.HasSuffix(s, "=") {
		return base64.URLEncoding.Strict().DecodeString(s)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
