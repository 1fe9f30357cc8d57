package sshsig

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

const testKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINNwMHM8lLcve+HMdKmjaanRnkdOE0Sm3ZUxkjv5LTgg"

// armor makes a signature file of a binary signature.
func armor(blob []byte) string {
	return armorBegin + "\n" + base64.StdEncoding.EncodeToString(blob) + "\n" + armorEnd + "\n"
}

// forge is a signature of which each part can be changed before it is written.
func forge(t testing.TB, change func(*wire)) string {
	t.Helper()
	seed := sha256.Sum256([]byte("seed"))
	private := ed25519.NewKeyFromSeed(seed[:])
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(message)
	data := append([]byte(magic), ssh.Marshal(signedData{"file", "", "sha512", sum[:]})...)
	w := wire{Version: 1, Key: public.Marshal(), Namespace: "file", Hash: "sha512"}
	w.Signature = ssh.Marshal(ssh.Signature{Format: "ssh-ed25519", Blob: ed25519.Sign(private, data)})
	if change != nil {
		change(&w)
	}
	return armor(append([]byte(magic), ssh.Marshal(w)...))
}

func TestParseIsStrict(t *testing.T) {
	good := forge(t, nil)
	body := strings.Split(good, "\n")[1]
	for _, tc := range []struct {
		name, text string
		want       error
	}{
		{"good", good, nil},
		{"no last end of line", strings.TrimSuffix(good, "\n"), nil},
		{"as on Windows", strings.ReplaceAll(good, "\n", "\r\n"), ErrMalformed},
		{"in short lines", strings.Replace(good, body, body[:10]+"\n"+body[10:], 1), nil},
		{"mixed line ends", strings.Replace(good, "\n", "\r\n", 1), ErrMalformed},
		{"text before", "x\n" + good, ErrMalformed},
		{"a space before", " " + good, ErrMalformed},
		{"text after", good + "x", ErrMalformed},
		{"a line after", good + "\n", ErrMalformed},
		{"two", good + good, ErrMalformed},
		{"empty line", strings.Replace(good, body, "\n"+body, 1), ErrMalformed},
		{"space inside", strings.Replace(good, body, body[:10]+" "+body[10:], 1), ErrMalformed},
		{"header", strings.Replace(good, body, "Comment: x\n"+body, 1), ErrMalformed},
		{"another armor", strings.ReplaceAll(good, "SSH SIGNATURE", "PGP SIGNATURE"), ErrMalformed},
		{"not base64", strings.Replace(good, body, "!"+body[1:], 1), ErrMalformed},
		{"unpadded", armorBegin + "\nU1NIU0lHAA\n" + armorEnd + "\n", ErrMalformed},
		{"stray bits", armorBegin + "\nU1NIU0lHAB==\n" + armorEnd + "\n", ErrMalformed},
		{"empty", "", ErrMalformed},
		{"nothing inside", armorBegin + "\n" + armorEnd + "\n", ErrMalformed},
		{"too large", armorBegin + "\n" + strings.Repeat("A", MaxFile) + "\n" + armorEnd + "\n", ErrMalformed},
		{"version 2", forge(t, func(w *wire) { w.Version = 2 }), ErrUnsupported},
		{"version 0", forge(t, func(w *wire) { w.Version = 0 }), ErrUnsupported},
		{"sha1", forge(t, func(w *wire) { w.Hash = "sha1" }), ErrUnsupported},
		{"SHA512", forge(t, func(w *wire) { w.Hash = "SHA512" }), ErrUnsupported},
		{"reserved", forge(t, func(w *wire) { w.Reserved = "x" }), ErrMalformed},
		{"no namespace", forge(t, func(w *wire) { w.Namespace = "" }), ErrMalformed},
		{"a NUL in the namespace", forge(t, func(w *wire) { w.Namespace = "file\x00" }), ErrMalformed},
		{"a long namespace", forge(t, func(w *wire) { w.Namespace = strings.Repeat("x", 300) }), ErrMalformed},
		{"more after it", forge(t, func(w *wire) { w.Signature = append(w.Signature, 0) }), ErrMalformed},
		{"no signature", forge(t, func(w *wire) { w.Signature = nil }), ErrMalformed},
		{"no key", forge(t, func(w *wire) { w.Key = nil }), ErrMalformed},
		{"more after the key", forge(t, func(w *wire) { w.Key = append(w.Key, 0) }), ErrMalformed},
		{"unknown key", forge(t, func(w *wire) { w.Key = ssh.Marshal(struct{ A string }{"ssh-ed448"}) }), ErrUnsupported},
		{"another form", forge(t, func(w *wire) {
			w.Signature = ssh.Marshal(ssh.Signature{Format: "rsa-sha2-512", Blob: make([]byte, 64)})
		}), ErrUnsupported},
		{"short numbers", forge(t, func(w *wire) { w.Signature = ssh.Marshal(ssh.Signature{Format: "ssh-ed25519", Blob: make([]byte, 63)}) }), ErrMalformed},
	} {
		s, err := Parse([]byte(tc.text))
		if tc.want == nil {
			if err == nil {
				err = s.Verify("file", digestOf(s, message))
			}
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			dir := t.TempDir()
			write(t, dir, "sig", tc.text)
			if out, ok := keygen(t, dir, message, nil, "-Y", "check-novalidate", "-n", "file", "-s", "sig"); !ok {
				t.Errorf("%s: ssh-keygen says %s", tc.name, out)
			}
		} else if !errors.Is(err, tc.want) || s != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// fido makes a signature as a FIDO key does: over the hash of its application,
// flags, a counter and the hash of what is signed.
func fido(t *testing.T, kind string, flags byte) string {
	t.Helper()
	const application = "ssh:"
	sum := sha512.Sum512(message)
	data := append([]byte(magic), ssh.Marshal(signedData{"file", "", "sha512", sum[:]})...)
	hashed, app := sha256.Sum256(data), sha256.Sum256([]byte(application))
	toSign := append(app[:], flags)
	toSign = binary.BigEndian.AppendUint32(toSign, 7)
	toSign = append(toSign, hashed[:]...)
	w := wire{Version: 1, Namespace: "file", Hash: "sha512"}
	var blob []byte
	if kind == ssh.KeyAlgoSKED25519 {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		w.Key = ssh.Marshal(struct {
			Kind        string
			Key         []byte
			Application string
		}{kind, public, application})
		blob = ed25519.Sign(private, toSign)
	} else {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := private.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		w.Key = ssh.Marshal(struct {
			Kind, Curve string
			Key         []byte
			Application string
		}{kind, "nistp256", point, application})
		once := sha256.Sum256(toSign)
		r, s, err := ecdsa.Sign(rand.Reader, private, once[:])
		if err != nil {
			t.Fatal(err)
		}
		blob = ssh.Marshal(struct{ R, S *big.Int }{r, s})
	}
	rest := binary.BigEndian.AppendUint32([]byte{flags}, 7)
	w.Signature = ssh.Marshal(ssh.Signature{Format: kind, Blob: blob, Rest: rest})
	return armor(append([]byte(magic), ssh.Marshal(w)...))
}

// TestFIDO makes signatures of security keys, and lets ssh-keygen check that they
// are what it takes.
func TestFIDO(t *testing.T) {
	for _, kind := range []string{ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256} {
		for flags, want := range map[byte]error{1: nil, 5: nil, 0: ErrInvalid, 4: ErrInvalid} {
			text := fido(t, kind, flags)
			s, err := Parse([]byte(text))
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			if err := s.Verify("file", digestOf(s, message)); !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("%s with the flags %d: %v", kind, flags, err)
			}
			if err := s.Verify("file", digestOf(s, []byte("other"))); err == nil {
				t.Errorf("%s: another file", kind)
			}
			dir := t.TempDir()
			write(t, dir, "sig", text)
			write(t, dir, "allowed", "ann@x.org "+s.Key().Line()+"\n")
			if out, ok := keygen(t, dir, message, nil, "-Y", "verify", "-n", "file", "-I", "ann@x.org", "-f", "allowed", "-s", "sig"); !ok {
				t.Errorf("%s with the flags %d: ssh-keygen says %s", kind, flags, out)
			}
			if allowed, err := ParseAllowedSigners(read(t, dir, "allowed")); err != nil || len(allowed) != 1 || !allowed[0].Key.Equal(s.Key()) {
				t.Errorf("%s: %v %v", kind, allowed, err)
			}
		}
	}
}

// TestSHA1 makes the signature that RSA keys made by default once: with SHA-1.
func TestSHA1(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(message)
	data, err := SignedData("file", "sha512", sum[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range []string{ssh.KeyAlgoRSA, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512} {
		signature, err := signer.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, data, algorithm)
		if err != nil {
			t.Fatal(err)
		}
		w := wire{Version: 1, Key: signer.PublicKey().Marshal(), Namespace: "file", Hash: "sha512", Signature: ssh.Marshal(signature)}
		s, err := Parse([]byte(armor(append([]byte(magic), ssh.Marshal(w)...))))
		if algorithm == ssh.KeyAlgoRSA {
			if !errors.Is(err, ErrWeak) {
				t.Errorf("SHA-1: %v", err)
			}
			continue
		}
		if err == nil {
			err = s.Verify("file", sum[:])
		}
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	blob := strings.Fields(testKey)[1]
	for _, tc := range []struct {
		line string
		want error
	}{
		{testKey, nil}, {testKey + "\n", nil}, {testKey + "\r\n", nil}, {"  " + testKey + " ann smith", nil},
		{testKey + "\nmore", ErrMalformed}, {testKey + "\x00", ErrMalformed}, {"", ErrMalformed}, {blob, ErrMalformed},
		{"restrict " + testKey, ErrMalformed}, {`from="*" ` + testKey, ErrMalformed}, {"# " + testKey, ErrMalformed},
		{"ssh-rsa " + blob, ErrMalformed}, {"ssh-ed25519", ErrMalformed}, {"ssh-ed25519 ", ErrMalformed}, {"ssh-ed25519 " + blob[:40], ErrMalformed},
		{"ssh-ed25519 " + blob + "=", ErrMalformed}, {"ssh-ed448 " + blob, ErrUnsupported}, {"rsa-sha2-512 " + blob, ErrUnsupported},
		{"ssh-ed25519-cert-v01@openssh.com " + blob, ErrCertificate}, {testKey + strings.Repeat(" ", maxLine), ErrMalformed},
		{"ssh-ed25519 " + base64.StdEncoding.EncodeToString(ssh.Marshal(struct{ A, B string }{"ssh-ed25519", "short"})), ErrMalformed},
		{"ssh-rsa " + base64.StdEncoding.EncodeToString(ssh.Marshal(struct {
			A    string
			E, N *big.Int
		}{"ssh-rsa", big.NewInt(1), big.NewInt(15)})), ErrMalformed},
	} {
		k, err := ParseKey(tc.line)
		if tc.want == nil && (err != nil || k.Line() != testKey) || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%.100q: %v", tc.line, err)
		}
	}
	if (Key{}).Weak() != nil || !(Key{}).IsZero() {
		t.Error("the zero key")
	}
}

func TestParseFingerprint(t *testing.T) {
	k, err := ParseKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	full := k.Fingerprint()
	for _, tc := range []struct {
		text string
		want error
	}{
		{full, nil}, {full + "=", nil},
		{full[:49], ErrShortFingerprint}, {full[:20], ErrShortFingerprint}, {"SHA256:", ErrShortFingerprint},
		{"MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48", ErrMD5Fingerprint},
		{"16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48", ErrMD5Fingerprint}, {"MD5:x", ErrMD5Fingerprint},
		{full + "A", ErrMalformed}, {full + "==", ErrMalformed}, {strings.ToLower(full), ErrMalformed}, {strings.TrimPrefix(full, "SHA256:"), ErrMalformed},
		{" " + full, ErrMalformed}, {full + "\n", ErrMalformed}, {full[:30] + "\n" + full[30:], ErrMalformed}, {"", ErrMalformed}, {"SHA1:x", ErrMalformed},
		{"SHA256:" + strings.Repeat("-", 43), ErrMalformed}, {full[:49] + "B", ErrMalformed},
	} {
		got, err := ParseFingerprint(tc.text)
		if tc.want == nil && (err != nil || got != full) || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%q: %q %v", tc.text, got, err)
		}
	}
}

func TestParseKeys(t *testing.T) {
	data := "# served by a forge\n" + testKey + "\n\n" + testKey + " again\r\nssh-ed448 AAAA\n"
	if keys, err := ParseKeys([]byte(data)); err != nil || len(keys) != 1 || keys[0].Line() != testKey {
		t.Errorf("%v %v", keys, err)
	}
	if keys, err := ParseKeys(nil); err != nil || len(keys) != 0 {
		t.Errorf("%v %v", keys, err)
	}
	var many strings.Builder
	for i := range maxKeys + 1 {
		blob := ssh.Marshal(struct {
			A string
			B []byte
		}{"ssh-ed25519", binary.BigEndian.AppendUint32(make([]byte, 28), uint32(i))})
		fmt.Fprintf(&many, "ssh-ed25519 %s\n", base64.StdEncoding.EncodeToString(blob))
	}
	for text, want := range map[string]string{
		"<html>":                              "line 1: it does not begin with the type of a key, such as ssh-ed25519",
		testKey + "\nNot Found":               "line 2: it does not begin with the type of a key, such as ssh-ed25519",
		testKey + "\x1b[2J":                   "line 1 has a control character",
		strings.Repeat("\n", MaxFile+1):       "65537 bytes are more than the 65536 that are read",
		many.String():                         "line 257: there are more than the 256 keys that are read",
		"command=\"x\" " + testKey:            "line 1: there are options before the key: give the key alone",
		"ssh-ed25519 AAAA":                    "line 1: the key is cut off",
		testKey + "\nssh-ed25519 !" + testKey: "line 2: what follows ssh-ed25519 is not base64",
	} {
		if keys, err := ParseKeys([]byte(text)); fmt.Sprint(err) != want {
			t.Errorf("%.60q: %v %v", text, keys, err)
		}
	}
}

// TestAllowedSignersCaps are the bounds, and that lines are named.
func TestAllowedSignersCaps(t *testing.T) {
	for text, want := range map[string]string{
		"a " + testKey + "\nb bad " + testKey:                           `line 2: "bad" is neither an option of allowed signers nor a type of key`,
		strings.Repeat("x,", maxPatterns) + "x " + testKey:              "line 1: the principals are 65 patterns, more than the 64 that are read",
		strings.Repeat("x", maxPattern+1) + " " + testKey:               "line 1: the principals have a pattern that is empty or too long",
		"a namespaces=\"" + strings.Repeat("x,", 80) + "x\" " + testKey: "line 1: the namespaces are 81 patterns, more than the 64 that are read",
		strings.Repeat("#", MaxFile+1):                                  "65537 bytes are more than the 65536 that are read",
		"a " + strings.Repeat(" ", maxLine) + testKey:                   "line 1: 16466 bytes are more than the 16384 that are read",
		"a\x00b " + testKey:                                             "line 1 has a control character",
		"a namespaces=\"file\"":                                         "line 1: there is no key",
		"a valid-before=\"tomorrow\" " + testKey:                        `line 1: "tomorrow" is not a time, written as YYYYMMDD or YYYYMMDDHHMM[SS], with a Z for UTC`,
	} {
		if got, err := ParseAllowedSigners([]byte(text)); fmt.Sprint(err) != want {
			t.Errorf("%.60q: %v %v", text, got, err)
		}
	}
	a, err := ParseAllowedSigners([]byte("\n# x\n*.org,!b.org valid-after=\"20240101Z\",namespaces=\"file\" " + testKey))
	if err != nil || len(a) != 1 || a[0].Line != 3 || len(a[0].Principals) != 2 || a[0].ValidAfter != time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) || a[0].Key.Line() != testKey {
		t.Errorf("%+v %v", a, err)
	}
	if a[0].Matches(strings.Repeat("x", maxSubject+1)+".org", "file", time.Now()) {
		t.Error("a principal without end matches")
	}
	if (AllowedSigner{Principals: []string{"*"}}).Matches("x", "file", time.Now()) {
		t.Error("a line without a key matches")
	}
	// A pattern of stars must not take for ever.
	start := time.Now()
	if match(strings.Repeat("a", maxSubject), strings.Repeat("*a", maxPattern/2)+"b") {
		t.Error("a text without b ends with b")
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("a pattern takes %v", d)
	}
}

// FuzzSignature reads the data as a file, and armored as what a file has inside.
func FuzzSignature(f *testing.F) {
	for _, change := range []func(*wire){
		nil,
		func(w *wire) { w.Hash = "sha256" },
		func(w *wire) {
			w.Signature = ssh.Marshal(ssh.Signature{Format: "rsa-sha2-512", Blob: make([]byte, 256)})
		},
	} {
		text := forge(f, change)
		f.Add([]byte(text))
		blob, err := dearmor([]byte(text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(blob[len(magic):])
	}
	sum := map[string][]byte{}
	one, two := sha256.Sum256([]byte("another text")), sha512.Sum512([]byte("another text"))
	sum["sha256"], sum["sha512"] = one[:], two[:]
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, text := range [][]byte{data, []byte(armor(append([]byte(magic), data...)))} {
			s, err := Parse(text)
			if err != nil {
				if s != nil || !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrWeak) {
					t.Errorf("%v %v", s, err)
				}
				continue
			}
			if s.Verify(s.Namespace(), sum[s.HashAlgorithm()]) == nil {
				t.Error("what nobody signed holds")
			}
			if again, err := ParseKey(s.Key().Line()); err != nil || !again.Equal(s.Key()) {
				t.Errorf("the key is not read again: %v", err)
			}
			if p, err := ParseFingerprint(s.Key().Fingerprint()); err != nil || p != s.Key().Fingerprint() {
				t.Errorf("the fingerprint is not read again: %v", err)
			}
		}
	})
}

func FuzzAllowedSigners(f *testing.F) {
	for _, line := range []string{
		"ann@x.org K", "*,!a namespaces=\"file,git\",valid-after=\"20240101Z\" K", "\"a b\" cert-authority K", "# x\n\na valid-before=\"202401011200\" K c",
	} {
		f.Add(strings.ReplaceAll(line, "K", testKey), "ann@x.org", "file")
	}
	at := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text, principal, namespace string) {
		all, err := ParseAllowedSigners([]byte(text))
		if err != nil {
			if all != nil {
				t.Errorf("%v beside %v", all, err)
			}
			return
		}
		for _, a := range all {
			if a.Line < 1 || a.Key.IsZero() || len(a.Principals) == 0 {
				t.Errorf("%+v", a)
			}
			// Written anew from what was read, it says the same.
			quoted := "\"" + strings.Join(a.Principals, ",") + "\" "
			var options []string
			if a.CertAuthority {
				options = append(options, "cert-authority")
			}
			if a.Namespaces != nil {
				options = append(options, "namespaces=\""+strings.ReplaceAll(strings.Join(a.Namespaces, ","), `"`, `\"`)+"\"")
			}
			if !a.ValidAfter.IsZero() {
				options = append(options, "valid-after=\""+a.ValidAfter.UTC().Format("20060102150405Z")+"\"")
			}
			if !a.ValidBefore.IsZero() {
				options = append(options, "valid-before=\""+a.ValidBefore.UTC().Format("20060102150405Z")+"\"")
			}
			line := quoted + strings.TrimPrefix(strings.Join(options, ",")+" ", " ") + a.Key.Line()
			again, err := ParseAllowedSigners([]byte(line))
			if err != nil || len(again) != 1 || again[0].Matches(principal, namespace, at) != a.Matches(principal, namespace, at) {
				t.Errorf("%q, written anew as %q: %v %v", text, line, again, err)
			}
		}
	})
}
