package openpgp

import (
	"bytes"
	"slices"
	"testing"
)

// padded returns a copy of a signature with something more in its part that is not signed.
func padded(body []byte, n int) []byte {
	c := &cursor{data: body}
	c.take(4)
	c.take(int(c.take(2)[1]) | int(body[4])<<8)
	at := len(body) - len(c.data)
	size := int(body[at])<<8 | int(body[at+1])
	extra := sub(100, bytes.Repeat([]byte{byte(n)}, 64+n)...)
	out := slices.Clone(body[:at])
	out = append(out, byte((size+len(extra))>>8), byte(size+len(extra)))
	return slices.Concat(out, extra, body[at+2:])
}

// TestPaddedCopies has signatures that a stranger has copied hundreds of times, each with
// another part that is not signed: they are one, so that nothing fills up.
func TestPaddedCopies(t *testing.T) {
	k := newKey("legacy", 4, now-9*day)
	revocation := k.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, now-day, reason(2))
	self := k.over(typeCertPositive, s256, [][]byte{k.hashed(), uidPart(ann)}, now-9*day, flags(3))
	plain := oneCert(t, slices.Concat(k.packet(), frame(nil, tagSignature, revocation), userPacket(ann), frame(nil, tagSignature, self)))
	var certs []*Certificate
	for part := range 4 {
		file := k.packet()
		for i := range 200 {
			file = frame(file, tagSignature, padded(revocation, 200*part+i))
		}
		file = append(file, userPacket(ann)...)
		for i := range 200 {
			file = frame(file, tagSignature, padded(self, 200*part+i))
		}
		c := oneCert(t, file)
		if _, ok := c.Revoked(); !ok || len(c.UserIDs()) != 1 {
			t.Fatal("the copies do not count")
		}
		certs = append(certs, c)
	}
	merged, err := Merge(certs...)
	if err != nil || len(merged) != 1 || len(merged[0].Armor()) > len(plain.Armor())+200 {
		t.Fatalf("%v", err)
	}
	if merged, err = Merge(append(certs, plain)...); err != nil || !bytes.Equal(merged[0].Armor(), plain.Armor()) {
		t.Errorf("the shortest copy is not kept: %v", err)
	}
}

// TestStrippedBackSignature has a copy of a binding without what the subkey says of it, made
// by a stranger: the subkey is not lost by that.
func TestStrippedBackSignature(t *testing.T) {
	k, s := newKey("legacy", 4, now-9*day), newKey("legacy", 4, now-9*day)
	parts := [][]byte{k.hashed(), s.hashed()}
	back := s.over(typeBack, s256, parts, now-8*day)
	bind := func(unsigned []byte) []byte {
		return frame(nil, tagSignature, k.signature(typeBinding, s256, slices.Concat(created(now-8*day), k.issuer(), flags(2)), unsigned, parts...))
	}
	whole, stripped := bind(embed(back)), bind(nil)
	for _, bindings := range [][]byte{slices.Concat(whole, stripped), slices.Concat(stripped, whole)} {
		c := oneCert(t, slices.Concat(k.cert(flags(3)), frame(nil, tagPublicSubkey, s.body), bindings))
		for _, c := range []*Certificate{c, oneCert(t, c.Armor())} {
			if v, err := verifyFile(asc(s.file(s256, demo, now-day)), demo, c); err != nil || v.Key != s.name() {
				t.Errorf("%+v, %v", v, err)
			}
		}
	}
}

// TestRemains keeps that a key was lost, and nothing else of it.
func TestRemains(t *testing.T) {
	k := newKey("legacy", 4, now-9*day)
	soft := k.directly(typeKeyRevocation, s256, now-2*day, reason(1))
	hard := k.directly(typeKeyRevocation, s256, now-day, reason(2))
	sound := oneCert(t, k.cert(flags(3)))
	if sound.Remains() != sound {
		t.Error("something was taken from a sound certificate")
	}
	c := oneCert(t, slices.Concat(k.packet(), soft, hard, userPacket(ann), k.certify(k, ann, s512, now-9*day, flags(3))))
	left := oneCert(t, c.Remains().Armor())
	if r, ok := left.Revoked(); !ok || !r.Hard || left.Fingerprint() != k.name() || len(left.UserIDs()) != 0 {
		t.Errorf("%+v, %v", r, ok)
	}
	merged, err := Merge(left, sound)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifyFile(asc(k.file(s256, demo, now-3*day)), demo, merged[0]); err == nil || err.(*Failure).Kind != HardRevoked {
		t.Errorf("by what is left: %v", err)
	}
}
