package signature

import (
	"crypto/ed25519"
	"testing"
)

// TestMaker tells keys apart by their numbers.
func TestMaker(t *testing.T) {
	a, b := ed25519.PublicKey(make([]byte, 32)), ed25519.PublicKey(append(make([]byte, 31), 1))
	if len(Maker(a)) != 64 {
		t.Errorf("the name of a key is %q", Maker(a))
	}
	if Maker(a) == Maker(b) || Maker([]byte("dsa 1")) == Maker([]byte("dsa 2")) || Maker([]byte("x")) == "" {
		t.Error("two keys have one name")
	}
	if Maker(3) != "" {
		t.Error("what is no key has a name")
	}
}
