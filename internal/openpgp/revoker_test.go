package openpgp

import (
	"encoding/hex"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// revoker is the subpacket that lets another key revoke this one.
func revoker(of *forged) []byte {
	return sub(12, append([]byte{0x80, of.algorithm}, of.fingerprint()...)...)
}

// version3 is a framed signature of version 3 over the parts.
func (f *forged) version3(kind byte, at int64, parts ...[]byte) []byte {
	h := forgedHashes[sha1ID].New()
	for _, p := range parts {
		h.Write(p)
	}
	signed := append([]byte{kind}, four(at)...)
	h.Write(signed)
	digest := h.Sum(nil)
	body := slices.Concat([]byte{3, 5}, signed, f.fingerprint()[12:], []byte{f.algorithm, sha1ID}, digest[:2], f.sign(digest, forgedHashes[sha1ID]))
	return frame(nil, tagSignature, body)
}

// gpgSays returns what GnuPG calls the validity of a key, with these keys imported: "r" for
// revoked.
func gpgSays(t *testing.T, name Fingerprint, certs ...[]byte) string {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Log(err)
		return ""
	}
	g := newGnuPG(t)
	for i, c := range certs {
		g.run("--import", g.file("cert"+string(rune('a'+i)), c))
	}
	for line := range strings.Lines(string(g.run("--with-colons", "--list-keys", string(name)))) {
		if fields := strings.Split(line, ":"); fields[0] == "pub" {
			return fields[1]
		}
	}
	t.Errorf("gpg does not know %s", name)
	return ""
}

// TestDesignatedRevoker has a key whose owner lets another key revoke it.
func TestDesignatedRevoker(t *testing.T) {
	k, r, eve := newKey("rsa2048", 4, now-9*day), newKey("rsa3072", 4, now-9*day), newKey("p256", 4, now-9*day)
	parts := [][]byte{k.hashed()}
	by := func(f *forged, subs ...[]byte) []byte {
		return frame(nil, tagSignature, f.over(typeKeyRevocation, s256, parts, now-day, subs...))
	}
	names := k.directly(typeDirect, s256, now-9*day, flags(3), revoker(r))
	later := k.directly(typeDirect, s256, now-8*day, flags(3))
	user := slices.Concat(userPacket(ann), k.certify(k, ann, s256, now-9*day, flags(3)))
	inUser := slices.Concat(userPacket(ann), k.certify(k, ann, s256, now-9*day, flags(3), revoker(r)))
	rCert, eveCert := r.cert(flags(3)), eve.cert(flags(3))
	forgedSig := slices.Clone(by(r, reason(2)))
	forgedSig[len(forgedSig)-9] ^= 1
	for _, c := range []struct {
		name  string
		cert  []byte
		known []byte // the revoker's certificate, where it is known
		want  string // "", "hard", "soft" or "open"
		gpg   bool
	}{
		{"as compromised", slices.Concat(k.packet(), by(r, reason(2)), names, user), rCert, "hard", true},
		{"without a reason", slices.Concat(k.packet(), by(r), names, user), rCert, "hard", true},
		{"as superseded", slices.Concat(k.packet(), by(r, reason(1)), names, user), rCert, "soft", true},
		{"of version 3", slices.Concat(k.packet(), r.version3(typeKeyRevocation, now-day, k.hashed()), names, user), rCert, "hard", false},
		{"named before, not later", slices.Concat(k.packet(), by(r, reason(2)), names, later, user), rCert, "hard", false},
		{"named with a user id", slices.Concat(k.packet(), by(r, reason(2)), inUser), rCert, "hard", false},
		{"not known", slices.Concat(k.packet(), by(r, reason(2)), names, user), nil, "open", false},
		{"another is known", slices.Concat(k.packet(), by(r, reason(2)), names, user), eveCert, "open", false},
		{"not revoked", slices.Concat(k.packet(), names, user), rCert, "", true},
		{"by somebody else", slices.Concat(k.packet(), by(eve, reason(2)), names, user), eveCert, "", true},
		{"nobody is named", slices.Concat(k.packet(), by(r, reason(2)), user), rCert, "", true},
		{"forged", slices.Concat(k.packet(), forgedSig, names, user), rCert, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := oneCert(t, c.cert)
			known := func(f Fingerprint) *Certificate {
				if c.known == nil {
					return nil
				}
				return oneCert(t, c.known)
			}
			for _, cert := range []*Certificate{whole, oneCert(t, whole.Armor())} {
				adopted, open := cert.Adopt(known)
				got := ""
				if r, ok := adopted.Revoked(); ok {
					got = map[bool]string{true: "hard", false: "soft"}[r.Hard]
				} else if len(open) > 0 {
					got = "open"
				}
				if got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if _, ok := cert.Revoked(); ok {
					t.Error("it is revoked by what was not verified")
				}
				_, err := verifyFile(asc(k.file(s256, demo, now-3*day)), demo, adopted)
				if (err != nil) != (c.want == "hard") {
					t.Errorf("a signature from before: %v", err)
				}
			}
			if c.gpg && c.known != nil {
				if says := gpgSays(t, k.name(), c.known, c.cert); says != "" && (says == "r") != (c.want == "hard" || c.want == "soft") {
					t.Errorf("gpg says %q", says)
				}
			}
		})
	}
}

// TestManyDesignated keeps a certificate small into which somebody has put many revocations in
// a revoker's name.
func TestManyDesignated(t *testing.T) {
	k, r := newKey("legacy", 4, now-9*day), newKey("legacy", 4, now-9*day)
	cert := k.packet()
	for i := range 500 {
		body := r.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, now-int64(i))
		body[len(body)-3] ^= 1
		cert = frame(cert, tagSignature, body)
	}
	c := oneCert(t, slices.Concat(cert, k.directly(typeDirect, s256, now-9*day, flags(3), revoker(r)), userPacket(ann), k.certify(k, ann, s256, now-9*day, flags(3))))
	if n := len(c.Armor()); n > 5000 {
		t.Errorf("%d bytes", n)
	}
}

// TestVersion3 takes revocations of version 3, as PGP made them, and nothing else of it.
func TestVersion3(t *testing.T) {
	k, s := newKey("rsa2048", 4, now-9*day), newKey("rsa3072", 4, now-9*day)
	whole := k.cert(flags(3))
	revoked := slices.Concat(k.packet(), k.version3(typeKeyRevocation, now-day, k.hashed()), whole[len(k.packet()):])
	for _, c := range []*Certificate{oneCert(t, revoked), oneCert(t, oneCert(t, revoked).Armor())} {
		if r, ok := c.Revoked(); !ok || !r.Hard || r.At.Unix() != now-day {
			t.Errorf("%+v, %v", r, ok)
		}
	}
	if says := gpgSays(t, k.name(), revoked); says != "" && says != "r" {
		t.Errorf("gpg says %q", says)
	}
	bad := k.version3(typeKeyRevocation, now-day, s.hashed())
	if _, ok := oneCert(t, slices.Concat(k.packet(), bad, whole[len(k.packet()):])).Revoked(); ok {
		t.Error("revoked by a signature over another key")
	}
	sub := slices.Concat(whole, k.bind(s, s, s256, now-8*day, flags(2)))
	c := oneCert(t, slices.Concat(sub, k.version3(typeSubkeyRevocation, now-day, k.hashed(), s.hashed())))
	if _, err := verifyFile(asc(s.file(s256, demo, now-3*day)), demo, c); err == nil || err.(*Failure).Kind != HardRevoked {
		t.Errorf("by a revoked subkey: %v", err)
	}
	// A file that is what a revocation is over has not been signed by it, nor by another one.
	for _, kind := range []byte{typeBinary, typeKeyRevocation, typeSubkeyRevocation} {
		data := k.hashed()
		if v, err := verifyFile(asc(k.version3(kind, now-day, data)), data, oneCert(t, whole)); err == nil {
			t.Errorf("type %s: %+v", hex.EncodeToString([]byte{kind}), v)
		}
	}
}

// TestManyRevokers bounds the keys that may revoke another one.
func TestManyRevokers(t *testing.T) {
	k, r := newKey("legacy", 4, now-9*day), newKey("legacy", 4, now-9*day)
	cert := k.packet()
	for i := range 400 {
		var subs [][]byte
		for j := range 200 {
			s := revoker(r)
			s[len(s)-1], s[len(s)-2] = byte(i), byte(j)
			subs = append(subs, s)
		}
		cert = append(cert, k.directly(typeDirect, s256, now-9*day+int64(i), append(subs, flags(3))...)...)
	}
	within(t, 3*time.Second, func() {
		c := oneCert(t, slices.Concat(cert, userPacket(ann), k.certify(k, ann, s256, now-9*day, flags(3))))
		if n := len(c.Revokers()); n != 16 {
			t.Errorf("%d revokers", n)
		}
		c.Armor()
	})
}
