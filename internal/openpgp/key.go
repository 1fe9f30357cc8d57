package openpgp

import (
	"bytes"
	"crypto/dsa" //lint:ignore SA1019 keys that old signatures were made with
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" // the fingerprints of version 4
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"time"

	pgpecdsa "github.com/ProtonMail/go-crypto/openpgp/ecdsa"
	pgped25519 "github.com/ProtonMail/go-crypto/openpgp/ed25519"
	pgped448 "github.com/ProtonMail/go-crypto/openpgp/ed448"
	"github.com/ProtonMail/go-crypto/openpgp/eddsa"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// key is one key packet, of a primary key or of a subkey (RFC 9580, section 5.5.2).
type key struct {
	body        []byte
	version     byte
	algorithm   byte
	created     time.Time
	fingerprint Fingerprint
	id          uint64
	name        string            // "rsa4096", "ed25519" …
	weak        string            // the word for what is weak about it, or ""
	public      *packet.PublicKey // nil: it cannot verify anything
	unusable    string            // why not
	kind        Kind              // of that
}

// parseKey reads the body of a key packet. Keys of a version that is not known are returned
// as nil. Only keys that can sign are handed to the library.
func parseKey(body []byte, tag int) (*key, error) {
	if len(body) < 6 || len(body) > maxKeyPacket {
		return nil, fail(Malformed, "a key packet of %d bytes", len(body))
	}
	k := &key{body: body, version: body[0], algorithm: body[5]}
	if k.version != 4 && k.version != 6 {
		return nil, nil
	}
	k.created = time.Unix(int64(binary.BigEndian.Uint32(body[1:])), 0).UTC()
	if k.version == 6 {
		if len(body) < 10 || int(binary.BigEndian.Uint32(body[6:])) != len(body)-10 {
			return nil, fail(Malformed, "a key packet that gives a wrong length")
		}
		sum := sha256.Sum256(k.hashed(nil))
		k.fingerprint, k.id = fingerprintOf(sum[:]), binary.BigEndian.Uint64(sum[:])
	} else {
		sum := sha1.Sum(k.hashed(nil))
		k.fingerprint, k.id = fingerprintOf(sum[:]), binary.BigEndian.Uint64(sum[12:])
	}
	k.load(tag)
	return k, nil
}

// hashed appends the key as signatures cover it (RFC 9580, section 5.2.4).
func (k *key) hashed(out []byte) []byte {
	if k.version == 6 {
		out = binary.BigEndian.AppendUint32(append(out, 0x9b), uint32(len(k.body)))
	} else {
		out = binary.BigEndian.AppendUint16(append(out, 0x99), uint16(len(k.body)))
	}
	return append(out, k.body...)
}

// encryptionNames are the algorithms that cannot sign, for messages.
var encryptionNames = map[byte]string{2: "rsa-encrypt", 16: "elgamal", 18: "ecdh", 20: "elgamal", 25: "x25519", 26: "x448"}

// load has the library read the key, and judges its strength.
func (k *key) load(tag int) {
	switch k.algorithm {
	case 1, 3, 17, 19, 22, 27, 28:
	default:
		if k.name = encryptionNames[k.algorithm]; k.name == "" {
			k.name = fmt.Sprintf("algorithm-%d", k.algorithm)
		}
		k.kind, k.unusable = Unsupported, "it is of an algorithm that is not known here, or does not sign"
		return
	}
	k.name = fmt.Sprintf("algorithm-%d", k.algorithm)
	public, err := libraryKey(frame(nil, tag, k.body))
	if err != nil || public == nil || fingerprintOf(public.Fingerprint) != k.fingerprint {
		k.kind, k.unusable = Unsupported, "its numbers cannot be read, or its curve is not known"
		return
	}
	bits, _ := public.BitLength()
	switch k.algorithm {
	case 1, 3:
		k.name = fmt.Sprintf("rsa%d", bits)
		switch {
		case bits < 1024:
			k.kind, k.unusable = Weak, fmt.Sprintf("RSA of %d bits", bits)
			return
		case bits < minRSABits:
			k.weak = k.name
		case bits > maxKeyBits:
			k.kind, k.unusable = Unsupported, fmt.Sprintf("RSA of %d bits", bits)
			return
		}
	case 17:
		if k.name, k.weak = fmt.Sprintf("dsa%d", bits), "dsa"; bits <= 1024 {
			k.weak = "dsa1024"
		}
		if bits < 1024 || bits > maxDSABits || !dsaSized(k.body[6:]) {
			k.kind, k.unusable = Unsupported, fmt.Sprintf("DSA of %d bits", bits)
			return
		}
	default:
		if k.name = curveName(public); k.name == "" {
			k.kind, k.unusable = Unsupported, "its curve is not one that is accepted here"
			return
		}
	}
	k.public = public
}

// libraryKey reads one framed key packet by the library, which may break on it.
func libraryKey(framed []byte) (public *packet.PublicKey, err error) {
	defer func() {
		if r := recover(); r != nil {
			public, err = nil, fail(Malformed, "a key that breaks its reading")
		}
	}()
	p, err := packet.Read(bytes.NewReader(framed))
	if err != nil {
		return nil, err
	}
	public, _ = p.(*packet.PublicKey)
	return public, nil
}

// dsaSized reports whether a DSA key's subgroup has at most 256 bits, as FIPS 186 has it:
// the work of a verification grows with it.
func dsaSized(numbers []byte) bool {
	c := &cursor{data: numbers}
	c.integer()
	q := c.integer()
	return !c.bad && len(q) <= 32
}

// curveName returns "nistp256", "ed25519" and so on, and "" for curves that are not accepted.
func curveName(public *packet.PublicKey) string {
	curve, err := public.Curve()
	if err != nil {
		return ""
	}
	switch curve {
	case packet.CurveNistP256, packet.CurveNistP384, packet.CurveNistP521:
		return map[packet.Curve]string{packet.CurveNistP256: "nistp256", packet.CurveNistP384: "nistp384", packet.CurveNistP521: "nistp521"}[curve]
	case packet.Curve25519:
		return "ed25519"
	case packet.Curve448:
		return "ed448"
	}
	return ""
}

// standard returns the key as the standard library has it, else its algorithm and numbers
// in one spelling: the same for the same numbers, whenever the key was made and whichever of
// OpenPGP's algorithms it stands under.
func (k *key) standard() any {
	switch p := k.public.PublicKey.(type) {
	case *rsa.PublicKey:
		return p
	case *pgpecdsa.PublicKey:
		curve := map[string]elliptic.Curve{"nistp256": elliptic.P256(), "nistp384": elliptic.P384(), "nistp521": elliptic.P521()}[k.name]
		if public, err := ecdsa.ParseUncompressedPublicKey(curve, p.MarshalPoint()); err == nil {
			return public
		}
	case *eddsa.PublicKey:
		return edwards(k.name, p.X)
	case *pgped25519.PublicKey:
		return edwards(k.name, p.Point)
	case *pgped448.PublicKey:
		return edwards(k.name, p.Point)
	case *dsa.PublicKey:
		return fmt.Appendf(nil, "dsa %x %x %x %x", p.P, p.Q, p.G, p.Y)
	}
	return fmt.Appendf(nil, "%d %x", k.algorithm, k.body)
}

func edwards(name string, point []byte) any {
	if name == "ed25519" {
		return ed25519.PublicKey(point)
	}
	return fmt.Appendf(nil, "%s %x", name, point)
}

// cost is about how many tens of microseconds one verification takes.
func (k *key) cost() int {
	switch {
	case k.public == nil:
		return 1
	case k.algorithm == 17:
		return 100
	case k.algorithm == 28 || k.name == "nistp521" || k.name == "nistp384" || k.name == "ed448":
		return 50
	case k.algorithm <= 3 && len(k.body) > 600:
		return 50
	}
	return 10
}

// over returns the hash state of a signature about keys and user ids: the salt, then the
// parts (RFC 9580, section 5.2.4). Nil where the hash is not known.
func (s *Signature) over(parts ...[]byte) hash.Hash {
	h := s.NewHash()
	if h == nil {
		return nil
	}
	for _, p := range parts {
		h.Write(p)
	}
	return h
}
