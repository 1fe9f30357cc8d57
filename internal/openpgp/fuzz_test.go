package openpgp

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// Times that are the same in every process.
const fixed, later = 1_700_000_000, 1_710_000_000

// failed holds an error to being one of this package and safe to show.
func failed(t *testing.T, err error) {
	t.Helper()
	var failure *Failure
	if errors.Is(err, ErrTextSignature) || errors.Is(err, ErrShortFingerprint) {
		return
	}
	if !errors.As(err, &failure) || failure.Kind < Malformed || failure.Kind > Unsupported {
		t.Fatalf("an error of another kind: %#v", err)
	}
	for _, r := range failure.Text {
		if r < ' ' || r == 0x7f || r == 0x202e {
			t.Fatalf("an error that is not safe to show: %q", failure.Text)
		}
	}
}

// FuzzSignatures reads and verifies: what verifies over the data must not over other data.
func FuzzSignatures(f *testing.F) {
	var certs []*Certificate
	for i, k := range []*forged{newKey("legacy!", 4, fixed), newKey("ed25519!", 6, fixed), newKey("p256!", 4, fixed)} {
		certs = append(certs, oneCert(f, k.cert(flags(3))))
		sig := k.file(s256, demo, later, note("a@b.example", "c"))
		f.Add(sig)
		f.Add(asc(sig))
		if i == 0 {
			f.Add(append(slices.Clone(sig), k.file(sha1ID, demo, later)...))
			f.Add(frame(nil, tagSignature, k.over(typeText, s256, nil, later)))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		signatures, err := ReadSignatures(data)
		if err != nil {
			failed(t, err)
			return
		}
		if len(signatures) == 0 || len(signatures) > MaxSignatures {
			t.Fatalf("%d signatures", len(signatures))
		}
		for _, s := range signatures {
			s.Hashing()
			_, _ = s.Issuer(), s.Created()
			for _, c := range certs {
				good, bad := s.NewHash(), s.NewHash()
				if good != nil {
					good.Write(demo)
					bad.Write(demo[1:])
				}
				v, err := s.Verify(c, good)
				if err != nil {
					failed(t, err)
				} else if v.Signer != c.Fingerprint() || v.Created.IsZero() {
					t.Fatalf("valid %+v", v)
				}
				if _, err := s.Verify(c, bad); err == nil {
					t.Fatal("verifies over other data")
				}
			}
		}
	})
}

// FuzzCertificates reads: what is exported reads as the same, and nobody but the owner can
// have added to it.
func FuzzCertificates(f *testing.F) {
	k, s := newKey("legacy!", 4, fixed), newKey("p256!", 4, fixed)
	ca := oneCert(f, k.cert(flags(3)))
	f.Add(k.cert(flags(3), keyLife(day)))
	f.Add(writeArmor(k.cert(flags(3)), armorPublicKey))
	f.Add(slices.Concat(k.cert(flags(1)), k.bind(s, s, s256, fixed, flags(2)), k.unbind(s, later, reason(1))))
	f.Add(slices.Concat(k.packet(), k.directly(typeKeyRevocation, s256, later, reason(2)), k.cert(flags(3))))
	f.Add(newKey("ed25519!", 6, fixed).cert(flags(3)))
	f.Add(newKey("ed448!", 6, fixed).cert(flags(3)))
	f.Fuzz(func(t *testing.T, data []byte) {
		certs, err := ReadCertificates(data)
		if err != nil {
			failed(t, err)
			return
		}
		for _, c := range certs {
			if ids := c.UserIDs(); c.Fingerprint() == k.name() && len(ids) > 0 && !slices.Equal(ids, []string{ann}) {
				t.Fatalf("user ids that the owner never signed: %q", ids)
			}
			_, _ = c.Revoked()
			_, _ = c.Expires()
			_, _, _ = c.Algorithm(), c.Created(), c.CertifiedBy(ca, "a")
			if !c.Owns(string(c.Fingerprint())) {
				t.Fatal("does not own its key")
			}
			again, err := ReadCertificates(c.Armor())
			if err != nil || len(again) != 1 {
				t.Fatalf("its export reads as %v, %v", again, err)
			}
			if a := again[0]; a.Fingerprint() != c.Fingerprint() || !bytes.Equal(a.Armor(), c.Armor()) || !slices.Equal(a.UserIDs(), c.UserIDs()) {
				t.Fatalf("its export reads as another: %q and %q", c.UserIDs(), a.UserIDs())
			}
			r1, ok1 := c.Revoked()
			if r2, ok2 := again[0].Revoked(); r1 != r2 || ok1 != ok2 {
				t.Fatalf("its export is revoked differently: %+v and %+v", r1, r2)
			}
			if merged, err := Merge(c, again[0], c); err != nil || len(merged) != 1 || !bytes.Equal(merged[0].Armor(), c.Armor()) {
				t.Fatalf("merging changes it: %v", err)
			}
		}
	})
}

// FuzzCleartext reads and verifies: the text is of the block, and one that verifies is the
// one that was signed.
func FuzzCleartext(f *testing.F) {
	k := newKey("legacy!", 4, fixed)
	c := oneCert(f, k.cert(flags(3)))
	good := k.clearsign(typeText, s512, "Hash: SHA512\n", "one \n- -two\n\nthree", "one\r\n-two\r\n\r\nthree", later)
	f.Add(good)
	f.Add(bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")))
	f.Add(k.clearsign(typeBinary, s256, "Hash: SHA256,SHA512\n", "", "", later))
	f.Add(newKey("ed25519!", 6, fixed).clearsign(typeText, s512, "", "a", "a", later))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := ReadCleartext(data)
		if err != nil {
			failed(t, err)
			return
		}
		if len(text.Text) > len(data) || bytes.ContainsAny(text.Text, "\r\f\x1b\x00") {
			t.Fatalf("text %q", text.Text)
		}
		for _, line := range strings.Split(string(text.Text), "\n") {
			if line != strings.TrimRight(line, " \t") || !bytes.Contains(data, []byte(line)) {
				t.Fatalf("line %q", line)
			}
		}
		for _, s := range text.Signatures {
			if _, err := text.Verify(s, c); err != nil {
				failed(t, err)
			} else if got := string(text.Text); got != "one\n-two\n\nthree" && got != "" {
				t.Fatalf("a text that nobody signed: %q", got)
			}
		}
	})
}

// FuzzChecksums reads: every line is in the text, and no name has two sums.
func FuzzChecksums(f *testing.F) {
	f.Add([]byte(djangoText))
	f.Add([]byte(hexSHA256 + "  a.whl\n" + hexOther + " *b.whl\n"))
	f.Add([]byte("SHA256 (a.whl) = " + hexSHA256 + "\nMD5 (a) = " + hexMD5))
	f.Add([]byte(`\` + hexSHA256 + "  a.whl\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		sums, err := ReadChecksums(data)
		if err != nil {
			failed(t, err)
			return
		}
		seen := map[[2]string]bool{}
		lower := bytes.ToLower(data)
		for _, s := range sums {
			id := [2]string{s.Algorithm, s.Filename}
			if seen[id] || s.Filename == "" || Printable(s.Filename) != s.Filename || checksumSizes[len(s.Hex)] != s.Algorithm {
				t.Fatalf("checksum %+v", s)
			}
			if seen[id] = true; !bytes.Contains(lower, []byte(s.Hex)) || !bytes.Contains(data, []byte(s.Filename)) {
				t.Fatalf("a checksum that is not in the list: %+v", s)
			}
		}
	})
}

// FuzzArmor reads armor: what comes out of it goes in and comes out again.
func FuzzArmor(f *testing.F) {
	f.Add(writeArmor([]byte("hello"), armorSignature))
	f.Add(writeArmor(bytes.Repeat([]byte("x"), 200), armorSignature))
	f.Add([]byte("-----BEGIN PGP SIGNATURE-----\nVersion: 1\nComment: x: y\n \nAAAA\nAA==\n=bbbb\n-----END PGP SIGNATURE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		body, rest, err := readArmor(data, armorSignature)
		if err != nil {
			failed(t, err)
			return
		}
		if len(body) == 0 || len(body)+len(rest) >= len(data) || !bytes.HasSuffix(data, rest) {
			t.Fatalf("%d bytes and %d behind, of %d", len(body), len(rest), len(data))
		}
		again, rest, err := readArmor(writeArmor(body, armorSignature), armorSignature)
		if err != nil || !bytes.Equal(again, body) || len(rest) != 0 {
			t.Fatalf("came back as %x, %x, %v", again, rest, err)
		}
		for _, r := range Printable(string(body)) {
			if r < ' ' || r == 0x7f {
				t.Fatalf("Printable left %q", r)
			}
		}
	})
}
