package openpgp

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestSigningKeys has a certificate with every sort of subkey: those sign for its owner that
// have said so themselves.
func TestSigningKeys(t *testing.T) {
	k, says, silent, other, encrypts := newKey("legacy", 4, now-9*day), newKey("p256", 4, now-9*day), newKey("legacy", 4, now-9*day), newKey("legacy", 4, now-9*day), newKey("x25519", 4, now-9*day)
	c := oneCert(t, slices.Concat(k.cert(flags(3)), k.bind(says, says, s512, now-8*day, flags(2)), k.bind(silent, nil, s512, now-8*day, flags(2)),
		k.bind(other, says, s512, now-8*day, flags(2)), k.bind(encrypts, nil, s512, now-8*day, flags(12))))
	var want []any
	for _, f := range []*forged{k, says} {
		parsed, err := parseKey(f.body, tagPublicKey)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, parsed.standard())
	}
	if got := c.SigningKeys(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, tc := range []struct {
		of           *forged
		primary, sub bool
	}{{k, true, false}, {says, false, true}, {silent, false, false}, {other, false, false}, {encrypts, false, false}, {newKey("legacy", 4, now), false, false}} {
		for _, id := range []string{string(tc.of.name()), strings.ToLower(string(tc.of.name())), string(tc.of.name()[24:]), "0x" + string(tc.of.name()[24:])} {
			if primary, sub := c.SignsBy(id); primary != tc.primary || sub != tc.sub {
				t.Errorf("%s: %v, %v, want %v, %v", id, primary, sub, tc.primary, tc.sub)
			}
		}
		if primary, sub := c.SignsBy(string(tc.of.name()[32:])); primary || sub {
			t.Errorf("%s is known by the end of its key id", tc.of.name())
		}
	}
}
