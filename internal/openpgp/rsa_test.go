package openpgp

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"slices"
	"testing"
)

// TestVerifyRSA compares with crypto/rsa over every hash, for good signatures and for such
// that were changed in one place or in their encoding.
func TestVerifyRSA(t *testing.T) {
	for _, bits := range []int{1024, 2048, 3072} {
		k := must(rsa.GenerateKey(rand.Reader, bits))
		size := bits / 8
		for h := range digestInfos {
			if h == crypto.RIPEMD160 {
				continue // crypto/rsa has another identifier for it than OpenPGP
			}
			state := h.New()
			state.Write([]byte("x"))
			sum := state.Sum(nil)
			good := must(rsa.SignPKCS1v15(rand.Reader, k, h, sum))
			compare := func(what string, sig, sum []byte) {
				t.Helper()
				padded := append(make([]byte, max(0, size-len(sig))), sig...)
				want := rsa.VerifyPKCS1v15(&k.PublicKey, h, sum, padded) == nil
				if got := verifyRSA(&k.PublicKey, h, sum, sig); got != want || got != (what == "good") {
					t.Errorf("%d bits, %v, %s: %v, crypto/rsa %v", bits, h, what, got, want)
				}
			}
			compare("good", good, sum)
			for _, i := range []int{0, 1, size / 2, size - 1} {
				bad := slices.Clone(good)
				bad[i] ^= 1
				compare("changed", bad, sum)
			}
			other := slices.Clone(sum)
			other[0] ^= 1
			compare("another hash", good, other)
			compare("empty", nil, sum)
			compare("one", []byte{1}, sum)
			if good[0] != 0 {
				compare("short", good[1:], sum)
			}
			compare("longer", append(slices.Clone(good), 0), sum)
			compare("not reduced", new(big.Int).Add(new(big.Int).SetBytes(good), k.N).Bytes(), sum)
			// Encodings that a lax reader takes: made by the private key, as no forger can.
			for _, form := range []func([]byte) []byte{
				func(m []byte) []byte { m[1] = 2; return m },
				func(m []byte) []byte { m[2] = 0xfe; return m },
				func(m []byte) []byte { m[9] = 0; return m },
				func(m []byte) []byte { // the hash to the left, rubbish behind it
					end := slices.Index(m[2:], 0) + 2
					out := append([]byte{0, 1, 255, 255, 255, 255, 255, 255, 255, 255}, m[end:]...)
					return append(out, make([]byte, size-len(out))...)
				},
			} {
				m := new(big.Int).Exp(new(big.Int).SetBytes(good), big.NewInt(int64(k.E)), k.N).FillBytes(make([]byte, size))
				sig := new(big.Int).Exp(new(big.Int).SetBytes(form(m)), k.D, k.N)
				compare("another encoding", sig.Bytes(), sum)
			}
		}
	}
	small := &rsa.PublicKey{N: big.NewInt(15), E: 3}
	even := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}
	for _, k := range []*rsa.PublicKey{small, even, {N: new(big.Int).Add(even.N, big.NewInt(1)), E: 1}, {N: new(big.Int), E: 3}} {
		if verifyRSA(k, crypto.SHA256, make([]byte, 32), []byte{1}) {
			t.Errorf("a key of %d bits with e = %d verifies", k.N.BitLen(), k.E)
		}
	}
	if verifyRSA(even, crypto.SHA3_384, make([]byte, 48), []byte{1}) {
		t.Error("an unknown hash verifies")
	}
}
