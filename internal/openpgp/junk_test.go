package openpgp

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// ownerAndRevoker is a key whose owner lets another key revoke it, in packets: without
// revocations, and the user id.
func ownerAndRevoker(k, r *forged) (names, user []byte) {
	return k.directly(typeDirect, s256, now-900*day, flags(3), revoker(r)),
		slices.Concat(userPacket(ann), k.certify(k, ann, s256, now-900*day, flags(3)))
}

// forgeries are n revocations in a revoker's name that nobody has made, from a time on.
func forgeries(k, r *forged, n int, from int64) []byte {
	var out []byte
	for i := range n {
		body := r.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, from+int64(i))
		body[len(body)-3] ^= 1
		out = frame(out, tagSignature, body)
	}
	return out
}

func knows(t *testing.T, r *forged) func(Fingerprint) *Certificate {
	return func(f Fingerprint) *Certificate {
		if f != r.name() {
			return nil
		}
		return oneCert(t, r.cert(flags(3)))
	}
}

// TestJunkAroundRevocation hides a revoker's word among forged ones, which are older, newer,
// larger, smaller or in the name of others as well: where the revoker is known it counts, and
// alone is kept.
func TestJunkAroundRevocation(t *testing.T) {
	k, r := newKey("legacy", 4, now-900*day), newKey("rsa2048", 4, now-900*day)
	names, user := ownerAndRevoker(k, r)
	body := r.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, now-day, reason(2))
	own := frame(nil, tagSignature, body)
	old, newer := forgeries(k, r, 8, now-800*day), forgeries(k, r, 70, now+9*day)
	for name, revocations := range map[string][]byte{
		"alone":           own,
		"older":           slices.Concat(old, own),
		"newer":           slices.Concat(own, newer),
		"on both sides":   slices.Concat(forgeries(k, r, 300, now-800*day), own, newer),
		"padded":          frame(slices.Clone(old), tagSignature, padded(body, 100)),
		"as copies":       slices.Concat(frame(nil, tagSignature, padded(body, 90)), own, frame(nil, tagSignature, padded(body, 80))),
		"softer as well":  slices.Concat(frame(nil, tagSignature, r.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, now-5*day, reason(1))), old, own),
		"harder and last": slices.Concat(old, own, frame(nil, tagSignature, r.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, now-1, reason(2)))),
	} {
		c := oneCert(t, slices.Concat(k.packet(), revocations, names, user))
		adopted, open := c.Adopt(knows(t, r))
		again := oneCert(t, adopted.Armor())
		if len(open) > 0 || len(again.designated) != 1 || len(again.designated[0].raw) > len(body) {
			t.Errorf("%s: open %v, kept %d", name, open, len(again.designated))
		}
		for _, c := range []*Certificate{adopted, again, oneCert(t, again.Armor())} {
			a, _ := c.Adopt(knows(t, r))
			if rev, ok := a.Revoked(); !ok || !rev.Hard || rev.At.Unix() != now-day {
				t.Errorf("%s: %+v, %v", name, rev, ok)
			}
		}
		merged, err := Merge(again, c)
		if err != nil {
			t.Fatal(err)
		}
		if a, _ := merged[0].Adopt(knows(t, r)); !bytes.Equal(a.Armor(), again.Armor()) {
			t.Errorf("%s: what is known comes with junk again", name)
		}
	}
	c, _ := oneCert(t, slices.Concat(k.packet(), old, names, user)).Adopt(knows(t, r))
	if _, ok := c.Revoked(); ok || len(c.designated) != 0 {
		t.Error("what nobody has made is kept")
	}
}

// TestManyForgeries has thousands in a revoker's name: they are looked at in bounded time, and
// where these are too many it is said that something is open.
func TestManyForgeries(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of signatures are looked at")
	}
	for name, open := range map[string]int{"legacy": 0, "p384": 1} {
		k, r := newKey("legacy", 4, now-900*day), newKey(name, 4, now-900*day)
		names, user := ownerAndRevoker(k, r)
		packet := forgeries(k, r, 1, now-800*day)
		var junk []byte
		for i := range 6000 {
			junk = append(junk, packet...)
			junk[len(junk)-9], junk[len(junk)-8] = byte(i), byte(i>>8)
		}
		c := oneCert(t, slices.Concat(k.packet(), junk, names, user))
		within(t, 20*time.Second, func() {
			a, got := c.Adopt(knows(t, r))
			if len(got) != open || (len(a.designated) == 0) != (open == 0) {
				t.Errorf("%s: open %v, %d are left", name, got, len(a.designated))
			}
		})
	}
}

// TestLargeJunk has packets as large as they may be in a revoker's name, which leave the
// certificate small, and what it holds the same however often it is written.
func TestLargeJunk(t *testing.T) {
	k, r, s := newKey("legacy", 4, now-900*day), newKey("rsa2048", 4, now-900*day), newKey("p256", 4, now-900*day)
	names, user := ownerAndRevoker(k, r)
	own := frame(nil, tagSignature, r.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, now-day, reason(2)))
	var unsigned, signed []byte
	for i := range 20 {
		var pad []byte
		for range 46 {
			pad = append(pad, sub(100, make([]byte, 200)...)...)
		}
		at := created(now - 700*day + int64(i))
		unsigned = frame(unsigned, tagSignature, k.signature(typeKeyRevocation, s256, at, append(slices.Clone(pad), r.issuer()...), k.hashed()))
		signed = frame(signed, tagSignature, k.signature(typeKeyRevocation, s256, slices.Concat(at, pad, r.issuer()), nil, k.hashed()))
	}
	bound := slices.Concat(k.bind(s, s, s256, now-800*day, flags(2)), k.unbind(s, now-day, reason(2)))
	for name, junk := range map[string][]byte{"not signed": unsigned, "signed": signed, "both": slices.Concat(unsigned, signed)} {
		c := oneCert(t, slices.Concat(k.packet(), junk, own, names, user, bound))
		text := c.Armor()
		if len(text) > 9000 {
			t.Errorf("%s: %d bytes", name, len(text))
		}
		again := oneCert(t, text)
		if !bytes.Equal(again.Armor(), text) {
			t.Errorf("%s: written once more it is another one", name)
		}
		a, _ := again.Adopt(knows(t, r))
		if rev, ok := a.Revoked(); !ok || !rev.Hard {
			t.Errorf("%s: the revocation is lost", name)
		}
		if len(again.RevokedSubkeys()) != 1 {
			t.Errorf("%s: the subkey's is lost", name)
		}
	}
}

// TestRevokerIsKept has whoever stole the key name another revoker later: what the first one
// says counts nevertheless, in all that is kept.
func TestRevokerIsKept(t *testing.T) {
	k, r, eve := newKey("legacy", 4, now-900*day), newKey("rsa2048", 4, now-900*day), newKey("p256", 4, now-900*day)
	own := frame(nil, tagSignature, r.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, now-day, reason(2)))
	names, user := ownerAndRevoker(k, r)
	inUser := slices.Concat(userPacket(ann), k.certify(k, ann, s256, now-900*day, flags(3), revoker(r)), k.certify(k, ann, s256, now-day, flags(3)))
	for name, rest := range map[string][]byte{
		"by the key":    slices.Concat(names, k.directly(typeDirect, s256, now-day, flags(3), revoker(eve)), k.directly(typeDirect, s256, now-1, flags(3)), user),
		"by a user id":  slices.Concat(k.directly(typeDirect, s256, now-day, flags(3), revoker(eve)), inUser),
		"and by no one": inUser,
	} {
		c := oneCert(t, slices.Concat(k.packet(), own, rest))
		adopted, _ := c.Adopt(knows(t, r))
		for what, c := range map[string][]byte{"whole": c.Armor(), "adopted": adopted.Armor(), "what is left": adopted.Remains().Armor()} {
			again, _ := oneCert(t, c).Adopt(knows(t, r))
			if rev, ok := again.Revoked(); !ok || !rev.Hard {
				t.Errorf("%s, %s: the revocation is lost", name, what)
			}
		}
	}
}

// TestRevokedSubkeyIsKept has a copy of a certificate with a subkey's revocation and not its
// binding, which another copy has: what the subkey signed is refused.
func TestRevokedSubkeyIsKept(t *testing.T) {
	k, s := newKey("legacy", 4, now-900*day), newKey("p256", 4, now-900*day)
	bound := slices.Concat(k.cert(flags(3)), k.bind(s, s, s256, now-800*day, flags(2)))
	stub := oneCert(t, slices.Concat(k.cert(flags(3)), frame(nil, tagPublicSubkey, s.body), k.unbind(s, now-day, reason(2))))
	whole := oneCert(t, slices.Concat(bound, k.unbind(s, now-2*day, reason(1)), k.unbind(s, now-day, reason(2))))
	for name, c := range map[string]*Certificate{
		"a copy": stub, "a copy, as it is kept": oneCert(t, stub.Armor()), "what is left": oneCert(t, whole.Remains().Armor()),
	} {
		if rev := c.RevokedSubkeys()[s.name()]; !rev.Hard || rev.At.Unix() != now-day {
			t.Errorf("%s: %+v", name, rev)
		}
		if v, err := verifyFile(asc(s.file(s256, demo, now-3*day)), demo, c); err == nil {
			t.Errorf("%s: a subkey without a binding signs: %+v", name, v)
		}
		merged, err := Merge(c, oneCert(t, bound))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = verifyFile(asc(s.file(s256, demo, now-3*day)), demo, merged[0]); err == nil || err.(*Failure).Kind != HardRevoked {
			t.Errorf("%s: %v", name, err)
		}
		if _, err = verifyFile(asc(k.file(s256, demo, now-3*day)), demo, merged[0]); err != nil {
			t.Errorf("%s: the primary key: %v", name, err)
		}
	}
}
