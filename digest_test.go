package assay_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strings"
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
