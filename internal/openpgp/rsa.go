package openpgp

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"math/big"
)

// digestInfos are what stands before a hash in an RSA signature, by algorithm (RFC 8017,
// section 9.2; RFC 9580, section 5.2.3.1).
var digestInfos = map[crypto.Hash]string{
	crypto.MD5:       "\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10",
	crypto.SHA1:      "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
	crypto.RIPEMD160: "\x30\x21\x30\x09\x06\x05\x2b\x24\x03\x02\x01\x05\x00\x04\x14",
	crypto.SHA224:    "\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c",
	crypto.SHA256:    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	crypto.SHA384:    "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
	crypto.SHA512:    "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
	crypto.SHA3_256:  "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x08\x05\x00\x04\x20",
	crypto.SHA3_512:  "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x0a\x05\x00\x04\x40",
}

// verifyRSA reports whether sig is a signature of a hash by RSASSA-PKCS1-v1_5 (RFC 8017,
// section 8.2.2), where leading zeros of sig may be missing, as OpenPGP leaves them out.
//
// It is crypto/rsa's work, done here because that computes in constant time, which a
// verification has no secret for: with 3,072 and 4,096 bits this takes a third of the time.
// Nothing is parsed: the one encoding that is right is built and compared whole, and a test
// compares the answers with crypto/rsa's.
func verifyRSA(public *rsa.PublicKey, h crypto.Hash, sum, sig []byte) bool {
	size := (public.N.BitLen() + 7) / 8
	info, known := digestInfos[h]
	padding := size - 3 - len(info) - len(sum)
	s := new(big.Int).SetBytes(sig)
	if !known || len(sum) != h.Size() || padding < 8 || len(sig) > size || s.Cmp(public.N) >= 0 ||
		public.N.Bit(0) == 0 || public.E < 3 || public.E&1 == 0 {
		return false
	}
	want := make([]byte, 0, size)
	want = append(want, 0, 1)
	want = append(want, bytes.Repeat([]byte{0xff}, padding)...)
	want = append(want, 0)
	want = append(append(want, info...), sum...)
	got := s.Exp(s, big.NewInt(int64(public.E)), public.N).FillBytes(make([]byte, size))
	return bytes.Equal(got, want)
}
