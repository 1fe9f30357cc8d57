package openpgp

import (
	"bytes"
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 what is refused has to be made first
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudflare/circl/sign/ed448"
)

// This file makes keys and signatures packet by packet, by the standard library and circl:
// it shares no code with what it tests but the framing of packets.

// forged is a key pair as packets.
type forged struct {
	version, algorithm byte
	created            int64
	body               []byte
	sign               func(digest []byte, h crypto.Hash) []byte
}

const (
	day    = 86400
	sha1ID = 2
	s256   = 8
	s384   = 9
	s512   = 10
)

var now = time.Now().Unix()

var forgedHashes = map[byte]crypto.Hash{1: crypto.MD5, 2: crypto.SHA1, 3: crypto.RIPEMD160, 8: crypto.SHA256, 9: crypto.SHA384, 10: crypto.SHA512, 11: crypto.SHA224, 12: crypto.SHA3_256, 14: crypto.SHA3_512}

func integer(b []byte) []byte {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	n := 0
	if len(b) > 0 {
		n = 8*(len(b)-1) + bits.Len8(b[0])
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(n)), b...)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	numbersMu sync.Mutex
	numbers   = map[string]forged{}
)

// newKey returns a key of that algorithm ("rsa2048", "dsa1024", "p256", "p384", "p521",
// "legacy" for EdDSA of version 4, "ed25519", "ed448", "cv25519"). RSA and DSA numbers are
// made once for each name. A name that ends in "!" has the same numbers in every process, as
// fuzzing needs them.
func newKey(name string, version byte, created int64) *forged {
	label := strings.TrimSuffix(name, "!")
	numbersMu.Lock()
	defer numbersMu.Unlock()
	f, ok := numbers[name]
	if !ok {
		f = makeNumbers(label, strings.HasSuffix(name, "!"))
		if strings.HasPrefix(name, "rsa") || strings.HasPrefix(name, "dsa") {
			numbers[name] = f
		}
	}
	f.version, f.created = version, created
	head := append([]byte{version}, binary.BigEndian.AppendUint32(nil, uint32(created))...)
	head = append(head, f.algorithm)
	if version == 6 {
		head = binary.BigEndian.AppendUint32(head, uint32(len(f.body)))
	}
	f.body = append(head, f.body...)
	return &f
}

func makeNumbers(label string, fixed bool) forged {
	var f forged
	seed := make([]byte, 57)
	if must(rand.Read(seed)); fixed {
		copy(seed, bytes.Repeat([]byte(label), 57))
	}
	size := 0
	for _, r := range label[3:] {
		if r >= '0' && r <= '9' {
			size = 10*size + int(r-'0')
		}
	}
	switch {
	case strings.HasPrefix(label, "rsa"):
		k := must(rsa.GenerateKey(rand.Reader, size))
		f.algorithm = 1
		f.body = append(integer(k.N.Bytes()), integer(big.NewInt(int64(k.E)).Bytes())...)
		f.sign = func(d []byte, h crypto.Hash) []byte { return integer(must(rsa.SignPKCS1v15(rand.Reader, k, h, d))) }
	case strings.HasPrefix(label, "dsa"):
		k := new(dsa.PrivateKey)
		sizes := map[int]dsa.ParameterSizes{1024: dsa.L1024N160, 2048: dsa.L2048N256}[size]
		if err := dsa.GenerateParameters(&k.Parameters, rand.Reader, sizes); err != nil {
			panic(err)
		}
		if err := dsa.GenerateKey(k, rand.Reader); err != nil {
			panic(err)
		}
		f.algorithm = 17
		f.body = slices.Concat(integer(k.P.Bytes()), integer(k.Q.Bytes()), integer(k.G.Bytes()), integer(k.Y.Bytes()))
		f.sign = func(d []byte, _ crypto.Hash) []byte {
			r, s, err := dsa.Sign(rand.Reader, k, d[:min(len(d), k.Q.BitLen()/8)])
			must(r, err)
			return append(integer(r.Bytes()), integer(s.Bytes())...)
		}
	case label == "p256" || label == "p384" || label == "p521":
		curve := map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()}[label]
		oid := must(hex.DecodeString(map[string]string{"p256": "2a8648ce3d030107", "p384": "2b81040022", "p521": "2b81040023"}[label]))
		k := must(ecdsa.GenerateKey(curve, rand.Reader))
		if fixed {
			k = must(ecdsa.ParseRawPrivateKey(curve, seed[:curve.Params().BitSize/8]))
		}
		f.algorithm = 19
		f.body = slices.Concat([]byte{byte(len(oid))}, oid, integer(must(k.PublicKey.Bytes())))
		f.sign = func(d []byte, _ crypto.Hash) []byte {
			r, s, err := ecdsa.Sign(rand.Reader, k, d)
			must(r, err)
			return append(integer(r.Bytes()), integer(s.Bytes())...)
		}
	case label == "legacy":
		k := ed25519.NewKeyFromSeed(seed[:32])
		public := []byte(k.Public().(ed25519.PublicKey))
		oid := must(hex.DecodeString("2b06010401da470f01"))
		f.algorithm = 22
		f.body = slices.Concat([]byte{byte(len(oid))}, oid, integer(append([]byte{0x40}, public...)))
		f.sign = func(d []byte, _ crypto.Hash) []byte {
			s := ed25519.Sign(k, d)
			return append(integer(s[:32]), integer(s[32:])...)
		}
	case label == "ed25519":
		k := ed25519.NewKeyFromSeed(seed[:32])
		public := []byte(k.Public().(ed25519.PublicKey))
		f.algorithm, f.body = 27, public
		f.sign = func(d []byte, _ crypto.Hash) []byte { return ed25519.Sign(k, d) }
	case label == "ed448":
		k := ed448.NewKeyFromSeed(seed)
		public := []byte(k.Public().(ed448.PublicKey))
		f.algorithm, f.body = 28, public
		f.sign = func(d []byte, _ crypto.Hash) []byte { return ed448.Sign(k, d, "") }
	case label == "x25519":
		f.algorithm, f.body = 25, make([]byte, 32)
	default:
		panic(label)
	}
	return f
}

// hashed is the key as signatures cover it.
func (f *forged) hashed() []byte {
	if f.version == 6 {
		return append(binary.BigEndian.AppendUint32([]byte{0x9b}, uint32(len(f.body))), f.body...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{0x99}, uint16(len(f.body))), f.body...)
}

func (f *forged) fingerprint() []byte {
	h := crypto.SHA1.New()
	if f.version == 6 {
		h = crypto.SHA256.New()
	}
	h.Write(f.hashed())
	return h.Sum(nil)
}

func (f *forged) name() Fingerprint {
	return Fingerprint(strings.ToUpper(hex.EncodeToString(f.fingerprint())))
}

// sub is a subpacket.
func sub(kind byte, value ...byte) []byte {
	return append(append([]byte{255}, binary.BigEndian.AppendUint32(nil, uint32(len(value)+1))...), append([]byte{kind}, value...)...)
}

func four(n int64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func created(t int64) []byte   { return sub(2, four(t)...) }
func sigLife(n int64) []byte   { return sub(3, four(n)...) }
func keyLife(n int64) []byte   { return sub(9, four(n)...) }
func flags(b byte) []byte      { return sub(27, b) }
func reason(code byte) []byte  { return sub(29, append([]byte{code}, "because"...)...) }
func critical(s []byte) []byte { s = slices.Clone(s); s[5] |= 0x80; return s }
func embed(body []byte) []byte { return sub(32, body...) }
func note(name, value string) []byte {
	v := append([]byte{0x80, 0, 0, 0}, binary.BigEndian.AppendUint16(nil, uint16(len(name)))...)
	v = binary.BigEndian.AppendUint16(v, uint16(len(value)))
	return sub(20, append(append(v, name...), value...)...)
}

func (f *forged) issuer() []byte {
	if f.version == 6 {
		return sub(33, append([]byte{6}, f.fingerprint()...)...)
	}
	return append(sub(33, append([]byte{4}, f.fingerprint()...)...), sub(16, f.fingerprint()[12:]...)...)
}

// signature returns the body of a signature packet over the parts, with the given signed and
// unsigned subpackets.
func (f *forged) signature(kind, hashID byte, signed, unsigned []byte, parts ...[]byte) []byte {
	h := forgedHashes[hashID]
	head := []byte{f.version, kind, f.algorithm, hashID}
	var salt []byte
	area := func(b []byte) []byte {
		if f.version == 6 {
			return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
		}
		return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
	}
	if f.version == 6 {
		salt = make([]byte, map[byte]int{8: 16, 9: 24, 10: 32, 11: 16, 12: 16, 14: 32}[hashID])
		must(rand.Read(salt))
	}
	head = append(head, area(signed)...)
	state := h.New()
	state.Write(salt)
	for _, p := range parts {
		state.Write(p)
	}
	state.Write(head)
	state.Write(append([]byte{f.version, 0xff}, binary.BigEndian.AppendUint32(nil, uint32(len(head)))...))
	digest := state.Sum(nil)
	out := append(append(head, area(unsigned)...), digest[:2]...)
	if f.version == 6 {
		out = append(append(out, byte(len(salt))), salt...)
	}
	return append(out, f.sign(digest, h)...)
}

// over is a signature with its issuer named and the subpackets signed.
func (f *forged) over(kind, hashID byte, parts [][]byte, at int64, subs ...[]byte) []byte {
	return f.signature(kind, hashID, slices.Concat(append([][]byte{created(at), f.issuer()}, subs...)...), nil, parts...)
}

// file is a framed detached signature over data.
func (f *forged) file(hashID byte, data []byte, at int64, subs ...[]byte) []byte {
	return frame(nil, tagSignature, f.over(typeBinary, hashID, [][]byte{data}, at, subs...))
}

const ann = "Ann Example <ann@example.org>"

func uidPart(id string) []byte { return append(append([]byte{0xb4}, four(int64(len(id)))...), id...) }

// certify is a framed certification of a user id of another key, or of one's own.
func (f *forged) certify(of *forged, id string, hashID byte, at int64, subs ...[]byte) []byte {
	return frame(nil, tagSignature, f.over(typeCertPositive, hashID, [][]byte{of.hashed(), uidPart(id)}, at, subs...))
}

func (f *forged) directly(kind, hashID byte, at int64, subs ...[]byte) []byte {
	return frame(nil, tagSignature, f.over(kind, hashID, [][]byte{f.hashed()}, at, subs...))
}

func (f *forged) packet() []byte { return frame(nil, tagPublicKey, f.body) }

func userPacket(id string) []byte { return frame(nil, tagUserID, []byte(id)) }

// cert is a certificate with one user id whose self-signature has the subpackets.
func (f *forged) cert(subs ...[]byte) []byte {
	if f.version == 6 {
		return slices.Concat(f.packet(), f.directly(typeDirect, s512, f.created, subs...), userPacket(ann), f.certify(f, ann, s512, f.created))
	}
	return slices.Concat(f.packet(), userPacket(ann), f.certify(f, ann, s512, f.created, subs...))
}

// bind is a subkey with its binding; back is what makes the back signature, or nil.
func (f *forged) bind(s *forged, back *forged, hashID byte, at int64, subs ...[]byte) []byte {
	parts := [][]byte{f.hashed(), s.hashed()}
	if back != nil {
		subs = append(subs, embed(back.over(typeBack, hashID, parts, at)))
	}
	return append(frame(nil, tagPublicSubkey, s.body), frame(nil, tagSignature, f.over(typeBinding, hashID, parts, at, subs...))...)
}

func (f *forged) unbind(s *forged, at int64, subs ...[]byte) []byte {
	return frame(nil, tagSignature, f.over(typeSubkeyRevocation, s256, [][]byte{f.hashed(), s.hashed()}, at, subs...))
}

func asc(body []byte) []byte { return writeArmor(body, armorSignature) }

// clearsign is a signed text; canonical is what is signed.
func (f *forged) clearsign(kind, hashID byte, hashHeader, text, canonical string, at int64) []byte {
	sig := frame(nil, tagSignature, f.over(kind, hashID, [][]byte{[]byte(canonical)}, at))
	return []byte("-----BEGIN PGP SIGNED MESSAGE-----\n" + hashHeader + "\n" + text + "\n" + string(asc(sig)))
}

// oneCert reads a certificate that must be one.
func oneCert(t testing.TB, data []byte) *Certificate {
	t.Helper()
	certs, err := ReadCertificates(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(certs) != 1 {
		t.Fatalf("%d certificates", len(certs))
	}
	return certs[0]
}
