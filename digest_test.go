package assay_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"assay"
)

func TestParseDigest(t *testing.T) {
	for in, want := range map[string]string{
		"sha256:" + strings.Repeat("AB", 32):      "",
		"sha512:" + strings.Repeat("0", 128):      "",
		"md5:" + strings.Repeat("0", 32):          "",
		"sha256":                                  `digest "sha256" is not of the form algorithm:hex`,
		"sha256:abc":                              "a sha256 digest has 64 hex digits, not 3",
		"sha256:" + strings.Repeat("zz", 32):      "sha256 digest is not hexadecimal",
		"blake2b:" + strings.Repeat("0", 128):     `digest algorithm "blake2b" is not known`,
		"sha256:" + strings.Repeat("0", 64) + " ": "a sha256 digest has 64 hex digits, not 65",
	} {
		d, err := assay.ParseDigest(in)
		switch {
		case err != nil && err.Error() != want, err == nil && want != "":
			t.Errorf("%s: %v, want %q", in, err, want)
		case err == nil && d.String() != strings.ToLower(in):
			t.Errorf("%s became %s", in, d)
		}
	}
}

func TestHasherComputesWhatWasPromised(t *testing.T) {
	h := assay.NewHasher([]assay.Digest{{Algorithm: "sha512"}, {Algorithm: "md5"}, {Algorithm: "sha512"}})
	h.Write([]byte("ab"))
	h.Write([]byte("c"))
	c := h.Content()
	if c.Size != 3 || len(c.Digests) != 2 {
		t.Fatalf("%+v", c)
	}
	s256, s512 := sha256.Sum256([]byte("abc")), sha512.Sum512([]byte("abc"))
	for alg, want := range map[string]string{"sha256": hex.EncodeToString(s256[:]), "sha512": hex.EncodeToString(s512[:])} {
		if d, ok := c.Digest(alg); !ok || d.Hex != want {
			t.Errorf("%s: %v %t", alg, d, ok)
		}
	}
	if _, ok := c.Digest("md5"); ok {
		t.Error("a digest that never decides was computed")
	}
}

func TestWhichDigestsDecide(t *testing.T) {
	for alg, want := range map[string]bool{"md5": false, "sha1": false, "sha224": false, "sha256": true, "sha384": true, "sha512": true, "": false} {
		if (assay.Digest{Algorithm: alg}).Strong() != want {
			t.Errorf("%s strong: %t", alg, !want)
		}
	}
}

// TestHashingStates holds the states that signatures go on from to a hash over all of
// it: salt, file, and what a signature adds.
func TestHashingStates(t *testing.T) {
	sums := map[string]func([]byte) []byte{
		"md5":      func(b []byte) []byte { s := md5.Sum(b); return s[:] },
		"sha1":     func(b []byte) []byte { s := sha1.Sum(b); return s[:] },
		"sha224":   func(b []byte) []byte { s := sha256.Sum224(b); return s[:] },
		"sha256":   func(b []byte) []byte { s := sha256.Sum256(b); return s[:] },
		"sha384":   func(b []byte) []byte { s := sha512.Sum384(b); return s[:] },
		"sha512":   func(b []byte) []byte { s := sha512.Sum512(b); return s[:] },
		"sha3-256": func(b []byte) []byte { s := sha3.Sum256(b); return s[:] },
		"sha3-512": func(b []byte) []byte { s := sha3.Sum512(b); return s[:] },
	}
	var wanted []assay.Hashing
	for algorithm := range sums {
		wanted = append(wanted, assay.Hashing{Algorithm: algorithm}, assay.Hashing{Algorithm: algorithm, Salt: "salt\x00of sixteen"})
	}
	unknown := []assay.Hashing{{Algorithm: "ripemd160"}, {Algorithm: "SHA256"}, {}}
	h := assay.NewHasher(nil, append(unknown, wanted...)...)
	for _, part := range []string{"", "a", strings.Repeat("b", 1000), "c"} {
		h.Write([]byte(part))
	}
	c := h.Content()
	file := "a" + strings.Repeat("b", 1000) + "c"
	for _, w := range wanted {
		if !w.Known() {
			t.Errorf("%+v is not known", w)
		}
		for _, trailer := range []string{"trailer", "", "another"} { // each goes on from the file's end
			x, ok := c.State(w)
			if !ok {
				t.Fatalf("%+v was not computed", w)
			}
			x.Write([]byte(trailer))
			if want := sums[w.Algorithm]([]byte(w.Salt + file + trailer)); !bytes.Equal(x.Sum(nil), want) {
				t.Errorf("%+v and %q: %x, want %x", w, trailer, x.Sum(nil), want)
			}
		}
	}
	for _, u := range append(unknown, assay.Hashing{Algorithm: "sha256", Salt: "other"}) {
		if x, ok := c.State(u); ok || x != nil {
			t.Errorf("there is a state of %+v", u)
		}
	}
	for _, u := range unknown {
		if u.Known() || u.New() != nil {
			t.Errorf("%+v is known", u)
		}
	}
	if len(c.Digests) != 1 || c.Digests[0].Hex != hex.EncodeToString(sums["sha256"]([]byte(file))) {
		t.Errorf("the digests are %v", c.Digests)
	}
	if _, ok := (assay.Content{}).State(wanted[0]); ok {
		t.Error("there is a state of nothing")
	}
}

// TestHashingIsBounded has more signatures than are looked at, and one many times over.
func TestHashingIsBounded(t *testing.T) {
	const most = 24
	var signed []assay.Hashing
	for i := range most + 6 {
		h := assay.Hashing{Algorithm: "sha512", Salt: fmt.Sprint(i)}
		signed = append(signed, h, h, assay.Hashing{Algorithm: "sha512", Salt: "0"}, assay.Hashing{Algorithm: "none"})
	}
	h := assay.NewHasher(nil, signed...)
	h.Write([]byte("x"))
	c := h.Content()
	for i := range most + 6 {
		if _, ok := c.State(assay.Hashing{Algorithm: "sha512", Salt: fmt.Sprint(i)}); ok != (i < most) {
			t.Errorf("hash %d: %t", i, ok)
		}
	}
}

// TestStatesAtOnce asks for a state from many goroutines, as verifiers do.
func TestStatesAtOnce(t *testing.T) {
	of := assay.Hashing{Algorithm: "sha256"}
	h := assay.NewHasher(nil, of)
	h.Write([]byte("file"))
	c := h.Content()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 50 {
				trailer := fmt.Sprint(i, j)
				x, ok := c.State(of)
				if !ok {
					t.Error("there is no state")
					return
				}
				x.Write([]byte(trailer))
				if want := sha256.Sum256([]byte("file" + trailer)); !bytes.Equal(x.Sum(nil), want[:]) {
					t.Errorf("%s: %x", trailer, x.Sum(nil))
				}
			}
		})
	}
	wg.Wait()
}
