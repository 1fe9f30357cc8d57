package signing

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha1" // keygrips are names, made with SHA-1 by definition
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// material is what a public key is made of.
type material struct {
	algorithm packet.PublicKeyAlgorithm
	oid       string // of an elliptic curve, in hex
	number    []byte // RSA: the modulus; else the point as libgcrypt hashes it
}

// Object identifiers of curves, as OpenPGP writes them.
const (
	oidEd25519 = "2b06010401da470f01"
	oidP256    = "2a8648ce3d030107"
	oidP384    = "2b81040022"
	oidP521    = "2b81040023"
)

// parseMaterial reads a version 4 public key packet's body: the version, four
// bytes of time, the algorithm, and then numbers.
func parseMaterial(key *packet.PublicKey) (material, error) {
	bad := &problem{ErrKey, fmt.Sprintf("keys of this kind (OpenPGP's algorithm %d) do not sign here: RSA, Ed25519 and ECDSA on P-256, P-384 and P-521 do", key.PubKeyAlgo), nil}
	var packed bytes.Buffer
	if err := key.SerializeForHash(&packed); err != nil {
		return material{}, bad
	}
	// 0x99 and two bytes of length come before the body.
	body := packed.Bytes()
	if len(body) < 10 || body[0] != 0x99 {
		return material{}, bad
	}
	m, rest := material{algorithm: key.PubKeyAlgo}, body[9:]
	switch key.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly:
		n, ok := readMPI(rest)
		if !ok {
			return m, bad
		}
		m.number = n
		return m, nil
	case packet.PubKeyAlgoEd25519:
		if len(rest) != 32 {
			return m, bad
		}
		m.oid, m.number = oidEd25519, rest
		return m, nil
	case packet.PubKeyAlgoEdDSA, packet.PubKeyAlgoECDSA:
		if len(rest) < 1 || len(rest) < 1+int(rest[0]) {
			return m, bad
		}
		m.oid = hex.EncodeToString(rest[1 : 1+int(rest[0])])
		point, ok := readMPI(rest[1+int(rest[0]):])
		if !ok {
			return m, bad
		}
		m.number = point
		if m.oid == oidEd25519 {
			if len(point) != 33 || point[0] != 0x40 {
				return m, bad
			}
			m.number = point[1:]
			return m, nil
		}
		if curve(m.oid) != nil {
			return m, nil
		}
	}
	return m, bad
}

// readMPI reads a number as OpenPGP writes it.
func readMPI(b []byte) ([]byte, bool) {
	if len(b) < 2 {
		return nil, false
	}
	n := (int(binary.BigEndian.Uint16(b)) + 7) / 8
	if len(b) < 2+n {
		return nil, false
	}
	return b[2 : 2+n], true
}

// curve returns a NIST curve by its identifier.
func curve(oid string) *elliptic.CurveParams {
	switch oid {
	case oidP256:
		return elliptic.P256().Params()
	case oidP384:
		return elliptic.P384().Params()
	case oidP521:
		return elliptic.P521().Params()
	}
	return nil
}

// keygrip returns the name that gpg-agent has for the key: SHA-1 over the modulus,
// or over the curve's numbers and the point.
func (m material) keygrip() string {
	h := sha1.New()
	if m.oid == "" {
		if len(m.number) > 0 && m.number[0]&0x80 != 0 {
			h.Write([]byte{0}) // else the number would be negative
		}
		h.Write(m.number)
		return fmt.Sprintf("%X", h.Sum(nil))
	}
	for _, p := range m.parameters() {
		fmt.Fprintf(h, "(1:%c%d:%s)", p.name, len(p.value), p.value)
	}
	return fmt.Sprintf("%X", h.Sum(nil))
}

// parameter is a number of a curve.
type parameter struct {
	name  byte
	value []byte
}

// parameters are those that a keygrip is made of, in their order.
func (m material) parameters() []parameter {
	if m.oid == oidEd25519 {
		unhex := func(s string) []byte { b, _ := hex.DecodeString(s); return b }
		return []parameter{
			{'p', unhex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed")},
			{'a', unhex("01")}, // -1, of which libgcrypt hashes the amount
			{'b', unhex("2dfc9311d490018c7338bf8688861767ff8ff5b2bebe27548a14b235eca6874a")},
			{'g', unhex("04216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a" +
				"6666666666666666666666666666666666666666666666666666666666666658")},
			{'n', unhex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed")},
			{'q', m.number},
		}
	}
	c := curve(m.oid)
	size := (c.BitSize + 7) / 8
	g := append([]byte{4}, c.Gx.FillBytes(make([]byte, size))...)
	g = append(g, c.Gy.FillBytes(make([]byte, size))...)
	return []parameter{
		{'p', c.P.Bytes()},
		{'a', new(big.Int).Sub(c.P, big.NewInt(3)).Bytes()},
		{'b', c.B.Bytes()},
		{'g', g},
		{'n', c.N.Bytes()},
		{'q', m.number},
	}
}
