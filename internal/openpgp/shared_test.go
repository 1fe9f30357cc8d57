package openpgp

import (
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"slices"
	"testing"
)

// TestSharedKey binds one key to several certificates, under several names that OpenPGP has
// for it: whoever counts signers sees that it is one.
func TestSharedKey(t *testing.T) {
	for _, kind := range []string{"rsa2048", "dsa2048", "p256", "p384", "p521", "legacy", "ed448"} {
		t.Run(kind, func(t *testing.T) {
			bob, eve := newKey("legacy", 4, now-9*day), newKey("legacy", 4, now-9*day)
			shared := newKey(kind, 4, now-8*day)
			again := *shared // the same numbers, made on another day: another fingerprint
			again.body = slices.Clone(shared.body)
			again.created++
			copy(again.body[1:5], four(again.created))
			var keys []any
			var names []Fingerprint
			for _, by := range []struct{ primary, sub *forged }{{bob, shared}, {eve, shared}, {eve, &again}} {
				c := oneCert(t, slices.Concat(by.primary.cert(flags(3)), by.primary.bind(by.sub, by.sub, s512, now-7*day, flags(2))))
				v, err := verifyFile(asc(by.sub.file(s512, demo, now-day)), demo, c)
				if err != nil || v.Signer != by.primary.name() || v.Key != by.sub.name() {
					t.Fatalf("%+v, %v", v, err)
				}
				keys, names = append(keys, v.Public), append(names, v.Key)
			}
			if names[1] == names[2] || fmt.Sprint(keys[0]) != fmt.Sprint(keys[1]) || fmt.Sprint(keys[1]) != fmt.Sprint(keys[2]) {
				t.Errorf("%v and %v and %v are one key, and %v", keys[0], keys[1], keys[2], names)
			}
		})
	}
}

// TestPublic looks at what a key is beyond OpenPGP.
func TestPublic(t *testing.T) {
	numbers := makeNumbers("ed25519", true)
	for _, f := range []*forged{newKey("ed25519!", 4, now-9*day), newKey("ed25519!", 6, now-9*day)} {
		k, err := parseKey(f.body, tagPublicKey)
		if err != nil {
			t.Fatal(err)
		}
		if public, ok := k.standard().(ed25519.PublicKey); !ok || !slices.Equal(public, numbers.body) {
			t.Errorf("version %d: %v", f.version, k.standard())
		}
	}
	k, err := parseKey(newKey("legacy!", 4, now).body, tagPublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := k.standard().(ed25519.PublicKey); !ok || len(public) != ed25519.PublicKeySize {
		t.Errorf("of EdDSA: %v", k.standard())
	}
	if k, err = parseKey(newKey("rsa2048", 4, now).body, tagPublicKey); err != nil {
		t.Fatal(err)
	}
	if public, ok := k.standard().(*rsa.PublicKey); !ok || public.N.BitLen() != 2048 {
		t.Errorf("of RSA: %v", k.standard())
	}
}
