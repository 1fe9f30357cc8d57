package openpgp

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMergeOrder merges copies of a certificate in every order to the same one.
func TestMergeOrder(t *testing.T) {
	k, s := newKey("legacy", 4, old), newKey("legacy", 4, old)
	bound := k.bind(s, s, s256, old, flags(2))
	stale := slices.Concat(k.cert(flags(3), keyLife(500*day)), bound)
	fresh := slices.Concat(k.packet(), userPacket(ann), k.certify(k, ann, s256, old+400*day, flags(3), keyLife(2000*day)))
	second := slices.Concat(k.packet(), userPacket("second"), k.certify(k, "second", s256, old+400*day, flags(3), keyLife(2000*day)))
	rebound := slices.Concat(k.packet(), k.bind(s, s, s256, old+500*day, flags(2), keyLife(3000*day)))
	copies := [][]byte{stale, fresh, second, rebound}
	sig, bySub := k.file(s256, demo, now-100*day), s.file(s256, demo, now-100*day)
	var first []byte
	for range 24 {
		rand.Shuffle(len(copies), func(i, j int) { copies[i], copies[j] = copies[j], copies[i] })
		var certs []*Certificate
		for _, data := range copies {
			certs = append(certs, oneCert(t, data))
		}
		merged, err := Merge(append(certs, nil)...)
		if err != nil || len(merged) != 1 {
			t.Fatalf("merged to %v, %v", merged, err)
		}
		c := oneCert(t, slices.Concat(copies...))
		if first == nil {
			first = c.Armor()
		}
		if !bytes.Equal(first, c.Armor()) || !bytes.Equal(first, merged[0].Armor()) || !bytes.Equal(first, oneCert(t, first).Armor()) {
			t.Fatal("the export depends on the order of the copies")
		}
		for _, file := range [][]byte{sig, bySub} {
			for _, by := range []*Certificate{c, merged[0], oneCert(t, first)} {
				if v, err := verifyFile(file, demo, by); err != nil || v.Signer != c.Fingerprint() || v.Ends.Unix() != old+2000*day {
					t.Errorf("%+v, %v", v, err)
				}
			}
		}
	}
	if _, err := verifyFile(sig, demo, oneCert(t, stale)); err == nil {
		t.Error("the stale copy alone does")
	}
	c := oneCert(t, first)
	if end, ok := c.Expires(); !ok || end.Unix() != old+2000*day || c.Created().Unix() != old || len(c.UserIDs()) != 2 {
		t.Errorf("ends %v %v, made %v, users %q", end, ok, c.Created(), c.UserIDs())
	}
}

// TestArmorLeavesOut holds the export to what it is for.
func TestArmorLeavesOut(t *testing.T) {
	k, s, e, ca := newKey("legacy", 4, old), newKey("legacy", 4, old), newKey("x25519", 4, old), newKey("legacy", 4, old)
	file := slices.Concat(k.packet(), userPacket(ann), k.certify(k, ann, s256, old, flags(1)), k.certify(k, ann, s256, old+day, flags(1)),
		ca.certify(k, ann, s256, old+day), k.bind(s, s, s256, old, flags(2)), k.bind(e, nil, s256, old, flags(12)))
	c := oneCert(t, file)
	body, _, err := readArmor(c.Armor(), armorPublicKey)
	if err != nil {
		t.Fatal(err)
	}
	var tags []int
	for len(body) > 0 {
		tag, _, rest, err := nextPacket(body)
		if err != nil {
			t.Fatal(err)
		}
		tags, body = append(tags, tag), rest
	}
	if want := []int{tagPublicKey, tagUserID, tagSignature, tagPublicSubkey, tagSignature}; !slices.Equal(tags, want) {
		t.Errorf("packets %v, want %v", tags, want)
	}
	revoked := oneCert(t, slices.Concat(k.packet(), k.directly(typeKeyRevocation, s256, now, reason(1)), file[len(k.packet()):]))
	for _, c := range []*Certificate{revoked, oneCert(t, revoked.Armor())} {
		if r, ok := c.Revoked(); !ok || r.Hard || r.Reason != "because" || r.At.Unix() != now {
			t.Errorf("revocation %+v, %v", r, ok)
		}
	}
}

// TestRevokedGravest takes the hard one of several revocations, and the earliest.
func TestRevokedGravest(t *testing.T) {
	k := newKey("legacy", 4, old)
	parts := [][]byte{k.directly(typeKeyRevocation, s256, now-300*day, reason(1)), k.directly(typeKeyRevocation, s256, now-100*day, reason(2)), k.directly(typeKeyRevocation, s256, now-50*day)}
	for range 6 {
		rand.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		c := oneCert(t, slices.Concat(k.packet(), parts[0], userPacket(ann), k.certify(k, ann, s256, old, flags(3)), parts[1], parts[2]))
		if r, _ := c.Revoked(); !r.Hard || r.At.Unix() != now-100*day {
			t.Errorf("got %+v", r)
		}
	}
}

// TestCertifiedBy goes through what makes a certification count or not.
func TestCertifiedBy(t *testing.T) {
	k, ca := newKey("legacy", 4, old), newKey("legacy", 4, old-100*day)
	at := now - 100*day
	project := note("project@assay.example.org", "pypi:demo")
	revoke := func(at int64) []byte {
		return frame(nil, tagSignature, ca.over(typeCertRevocation, s256, [][]byte{k.hashed(), uidPart(ann)}, at))
	}
	direct := frame(nil, tagSignature, ca.over(typeDirect, s256, [][]byte{k.hashed()}, at, project))
	revokeDirect := frame(nil, tagSignature, ca.over(typeCertRevocation, s256, [][]byte{k.hashed()}, at+day))
	weak := newKey("rsa1024", 4, old-100*day)
	ends := ca.cert(flags(1), keyLife(500*day))
	binary := sub(20, append([]byte{0, 0, 0, 0, 0, 1, 0, 2}, "b\xff\x00"...)...)
	for _, tc := range []struct {
		name      string
		authority []byte
		direct    []byte // before the user id
		sigs      []byte // over the user id
		want      string // values of the notation, "-" for a certification without it, "" for none
	}{
		{"one", ca.cert(flags(1)), nil, ca.certify(k, ann, s256, at, project), "pypi:demo"},
		{"none", ca.cert(flags(1)), nil, nil, ""},
		{"without notation", ca.cert(flags(1)), nil, ca.certify(k, ann, s256, at), "-"},
		{"binary notation", ca.cert(flags(1)), nil, ca.certify(k, ann, s256, at, binary), "-"},
		{"type 0x10", ca.cert(flags(1)), nil, frame(nil, tagSignature, ca.over(typeCertGeneric, s256, [][]byte{k.hashed(), uidPart(ann)}, at, project)), "pypi:demo"},
		{"of another user id", ca.cert(flags(1)), nil, ca.certify(k, "other", s256, at, project), ""},
		{"of another key", ca.cert(flags(1)), nil, ca.certify(newKey("legacy", 4, old), ann, s256, at, project), ""},
		{"SHA-1", ca.cert(flags(1)), nil, ca.certify(k, ann, sha1ID, at, project), ""},
		{"an authority that does not certify", ca.cert(flags(2)), nil, ca.certify(k, ann, s256, at, project), ""},
		{"an authority without flags", ca.cert(), nil, ca.certify(k, ann, s256, at, project), ""},
		{"after the authority ended", ends, nil, ca.certify(k, ann, s256, at, project), ""},
		{"before the authority ended", ends, nil, ca.certify(k, ann, s256, old+day, project), "pypi:demo"},
		{"an authority that was revoked", slices.Concat(ca.cert(flags(1)), ca.directly(typeKeyRevocation, s256, now)), nil, ca.certify(k, ann, s256, at, project), ""},
		{"a weak authority", weak.cert(flags(1)), nil, weak.certify(k, ann, s256, at, project), ""},
		{"revoked", ca.cert(flags(1)), nil, slices.Concat(ca.certify(k, ann, s256, at, project), revoke(at+day)), ""},
		{"revoked and renewed", ca.cert(flags(1)), nil, slices.Concat(ca.certify(k, ann, s256, at, project), revoke(at-day)), "pypi:demo"},
		{"replaced", ca.cert(flags(1)), nil, slices.Concat(ca.certify(k, ann, s256, at, project), ca.certify(k, ann, s256, at+day)), "-"},
		{"not for others", ca.cert(flags(1)), nil, ca.certify(k, ann, s256, at, project, sub(4, 0)), ""},
		{"critical", ca.cert(flags(1)), nil, ca.certify(k, ann, s256, at, critical(project)), ""},
		{"notation not signed", ca.cert(flags(1)), nil, frame(nil, tagSignature, ca.signature(typeCertPositive, s256, slices.Concat(created(at), ca.issuer()), project, k.hashed(), uidPart(ann))), "-"},
		{"about the key", ca.cert(flags(1)), direct, nil, "pypi:demo"},
		{"about the key, revoked", ca.cert(flags(1)), append(slices.Clone(direct), revokeDirect...), nil, ""},
		{"a forged one", ca.cert(flags(1)), nil, frame(nil, tagSignature, newKey("legacy", 4, old).signature(typeCertPositive, s256, slices.Concat(created(at), ca.issuer(), project), nil, k.hashed(), uidPart(ann))), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := oneCert(t, slices.Concat(k.packet(), tc.direct, userPacket(ann), k.certify(k, ann, s256, old, flags(3)), tc.sigs))
			found := c.CertifiedBy(oneCert(t, tc.authority))
			got := ""
			for _, f := range found {
				if f.Issuer != ca.name() || f.Direct != (tc.direct != nil) || f.Created.Unix() == 0 {
					t.Errorf("certification %+v", f)
				}
				got += strings.Join(f.Notations["project@assay.example.org"], " ")
				if len(f.Notations["project@assay.example.org"]) == 0 {
					got += "-"
				}
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	c := oneCert(t, slices.Concat(k.cert(flags(3)), ca.certify(k, ann, s256, at, critical(project), sigLife(day))))
	known := c.CertifiedBy(oneCert(t, ca.cert(flags(1))), "project@assay.example.org")
	if len(known) != 1 || known[0].Expires.Unix() != at+day {
		t.Errorf("a known critical notation: %+v", known)
	}
}

// TestVersion6Vector reads the certificate and the signed text of RFC 9580, appendices A.3
// and A.6: the one proof here that does not come from our own packets.
func TestVersion6Vector(t *testing.T) {
	const cert = `-----BEGIN PGP PUBLIC KEY BLOCK-----

xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf
GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy
KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw
gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE
QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn
+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh
BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8
j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805
I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==
-----END PGP PUBLIC KEY BLOCK-----
`
	const text = `-----BEGIN PGP SIGNED MESSAGE-----

What we need from the grocery store:

- - tofu
- - vegetables
- - noodles

-----BEGIN PGP SIGNATURE-----

wpgGARsKAAAAKQWCY5ijYyIhBssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce6
2azJAAAAAGk2IHZJX1AhiJD39eLuPBgiUU9wUA9VHYblySHkBONKU/usJ9BvuAqo
/FvLFuGWMbKAdA+epq7V4HOtAPlBWmU8QOd6aud+aSunHQaaEJ+iTFjP2OMW0KBr
NK2ay45cX1IVAQ==
-----END PGP SIGNATURE-----
`
	c := oneCert(t, []byte(cert))
	if want := Fingerprint("CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"); c.Fingerprint() != want || c.Algorithm() != "ed25519" {
		t.Errorf("read %s %s", c.Fingerprint(), c.Algorithm())
	}
	signed, err := ReadCleartext([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v, err := signed.Verify(signed.Signatures[0], c)
	if err != nil || v.Signer != c.Fingerprint() || len(v.Weak) != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if algorithm, salt := signed.Signatures[0].Hashing(); algorithm != "sha512" || len(salt) != 32 {
		t.Errorf("hashed by %s with salt %s", algorithm, hex.EncodeToString(salt))
	}
	if want := "What we need from the grocery store:\n\n- tofu\n- vegetables\n- noodles\n"; string(signed.Text) != want {
		t.Errorf("text %q", signed.Text)
	}
}

// TestValidSays checks what a valid signature tells its caller.
func TestValidSays(t *testing.T) {
	k, s := newKey("rsa1024", 4, old), newKey("dsa1024", 4, old)
	c := oneCert(t, slices.Concat(k.packet(), userPacket(ann), k.certify(k, ann, sha1ID, old, flags(1), keyLife(2000*day)), k.bind(s, s, sha1ID, old, flags(2))))
	v, err := verifyFile(s.file(sha1ID, demo, now-day, sigLife(10*day)), demo, c)
	if err != nil || v.Signer != k.name() || v.Key != s.name() || v.Created.Unix() != now-day || v.Ends.Unix() != now+9*day || v.Expires.Unix() != now+9*day {
		t.Errorf("%+v, %v", v, err)
	}
	if want := []string{"dsa1024", "rsa1024", "sha1", "sha1-self"}; !slices.Equal(v.Weak, want) || !slices.Equal(v.Unwaived("sha1", "md5"), []string{"dsa1024", "rsa1024", "sha1-self"}) || v.Unwaived(want...) != nil {
		t.Errorf("weak %q, unwaived %q", v.Weak, v.Unwaived("sha1"))
	}
	sigs, err := ReadSignatures(s.file(s256, demo, now))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sigs[0].Verify(c, nil); err == nil {
		t.Error("verifies without data")
	}
	if sigs[0].Issuer() != string(s.name()) || !sigs[0].Created().Equal(time.Unix(now, 0)) {
		t.Errorf("by %s at %v", sigs[0].Issuer(), sigs[0].Created())
	}
}

// TestBuffersAreTheCallers changes what was read from, which must change nothing.
func TestBuffersAreTheCallers(t *testing.T) {
	k := newKey("legacy", 4, old)
	cert, sig := k.cert(flags(3)), k.file(s256, demo, now-day)
	c := oneCert(t, cert)
	signatures := must(ReadSignatures(sig))
	export := c.Armor()
	clear(cert)
	clear(sig)
	state := signatures[0].NewHash()
	state.Write(demo)
	if _, err := signatures[0].Verify(c, state); err != nil || !bytes.Equal(export, c.Armor()) {
		t.Errorf("changed with the buffers: %v", err)
	}
}
