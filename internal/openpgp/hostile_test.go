package openpgp

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// within fails where f takes far longer than a bound: a machine may be slow and busy, and the
// race detector, which runs the short tests, makes it ten times slower. What is quadratic
// takes minutes.
func within(t *testing.T, bound time.Duration, f func()) {
	t.Helper()
	if bound *= 4; testing.Short() {
		bound *= 5
	}
	start := time.Now()
	f()
	if took := time.Since(start); took > bound {
		t.Errorf("took %v, the bound is %v", took, bound)
	}
}

// TestHostileSignatures refuses, in time, files of signatures that were made to hurt.
func TestHostileSignatures(t *testing.T) {
	k := newKey("legacy", 4, old)
	sig := k.file(s256, demo, now)
	good := string(asc(sig))
	long := strings.Repeat("x", 4<<20)
	for name, file := range map[string]string{
		"a long header":                strings.Replace(good, "\n\n", "\nComment: "+long+"\n\n", 1),
		"a header just too long":       strings.Replace(good, "\n\n", "\nComment: "+strings.Repeat("x", 300)+"\n\n", 1),
		"many headers":                 strings.Replace(good, "\n\n", strings.Repeat("\nComment: x", 5000)+"\n\n", 1),
		"a header with a form feed":    strings.Replace(good, "\n\n", "\nComment: a\fb\n\n", 1),
		"a header with an escape":      strings.Replace(good, "\n\n", "\nComment: \x1b[2J\n\n", 1),
		"a header that is none":        strings.Replace(good, "\n\n", "\nhello\n\n", 1),
		"a line of four megabytes":     "-----BEGIN PGP SIGNATURE-----\n\n" + strings.Repeat("A", 4<<20),
		"no line end":                  "-----BEGIN PGP SIGNATURE-----",
		"no end":                       good[:len(good)-40],
		"an end of another kind":       strings.Replace(good, "END PGP SIGNATURE", "END PGP MESSAGE", 1),
		"an empty line within":         good[:100] + "\n\n" + good[100:],
		"an end twice":                 good + "-----END PGP SIGNATURE-----\n",
		"no base64":                    strings.Replace(good, "\n\n", "\n\n!!!!\n", 1),
		"an empty body":                "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n",
		"padding within":               strings.Replace(good, "\n\n", "\n\nAA==\n", 1),
		"two blocks":                   good + good,
		"20,000 signatures":            strings.Repeat(string(sig), 20000),
		"20,000 signatures in armor":   string(writeArmor(bytes.Repeat(sig, 20000), armorSignature)),
		"1,000 small packets":          strings.Repeat("\xc2\x00", 1000),
		"secret key":                   string(frame(nil, tagSecretKey, k.body)),
		"compressed":                   string(frame(nil, 8, sig)),
		"compressed within":            string(sig) + string(frame(nil, 8, sig)),
		"nested":                       string(frame(nil, tagSignature, sig)),
		"old packet without length":    "\x8b" + string(sig[2:]),
		"partial length":               "\xc2\xf0" + string(sig),
		"a length beyond the end":      "\xc2\xff\xff\xff\xff\xff\x04",
		"a cut length":                 "\xc2\xff\xff",
		"a subpacket beyond the end":   string(frame(nil, tagSignature, []byte{4, 0, 22, 8, 0, 2, 200, 2, 0, 0, 1, 2})),
		"an area beyond the end":       string(frame(nil, tagSignature, []byte{6, 0, 27, 8, 255, 255, 255, 255, 2})),
		"an empty subpacket":           string(frame(nil, tagSignature, []byte{4, 0, 22, 8, 0, 1, 0, 0, 0, 1, 2})),
		"bytes behind the integers":    string(frame(nil, tagSignature, append(k.over(0, s256, [][]byte{demo}, now), 0))),
		"a certificate":                string(writeArmor(k.cert(flags(3)), armorPublicKey)),
		"a signed text":                string(k.clearsign(typeText, s512, "Hash: SHA512\n", "a", "a", now)),
		"a byte order mark and text":   "\xef\xbb\xbfhello",
		"a page instead of the file":   "<!DOCTYPE html><title>404</title>",
		"four megabytes":               strings.Repeat("\n", 4<<20),
		"255 subpackets and many more": string(frame(nil, tagSignature, k.signature(0, s256, bytes.Repeat(sub(99), 300), nil))),
	} {
		t.Run(name, func(t *testing.T) {
			within(t, 200*time.Millisecond, func() {
				_, err := ReadSignatures([]byte(file))
				var failure *Failure
				if !errors.As(err, &failure) || failure.Kind != Malformed || Printable(failure.Text) != failure.Text {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestHostileCertificates refuses, in time, certificates that were made to hurt, or shrugs.
func TestHostileCertificates(t *testing.T) {
	k := newKey("legacy", 4, old)
	rsa := newKey("rsa4096", 4, old)
	full := k.cert(flags(3))
	users := func(n int) []byte {
		out := slices.Clone(full)
		for i := range n {
			out = append(out, userPacket(fmt.Sprintf("user %d", i))...)
		}
		return out
	}
	subkeys := slices.Clone(full)
	for i := range 5000 {
		s := *k
		s.body = slices.Clone(k.body)
		s.body[4] ^= byte(i)
		s.body[3] ^= byte(i >> 8)
		subkeys = append(subkeys, frame(nil, tagPublicSubkey, s.body)...)
	}
	var selfs, others, rsas []byte
	one := k.over(typeCertPositive, s256, [][]byte{k.hashed(), uidPart(ann)}, now, flags(3))
	stranger := newKey("legacy", 4, old).over(typeCertPositive, s256, [][]byte{k.hashed(), uidPart(ann)}, now)
	big := rsa.over(typeCertPositive, s256, [][]byte{rsa.hashed(), uidPart(ann)}, now)
	for i := range 20000 {
		for _, to := range []struct {
			out  *[]byte
			body []byte
		}{{&selfs, one}, {&others, stranger}} {
			b := slices.Clone(to.body)
			b[len(b)-1], b[len(b)-2] = byte(i), byte(i>>8)
			*to.out = frame(*to.out, tagSignature, b)
		}
		if i < 5000 {
			b := slices.Clone(big)
			b[len(b)-1], b[len(b)-2] = byte(i), byte(i>>8)
			rsas = frame(rsas, tagSignature, b)
		}
	}
	huge := append([]byte{4, 0, 0, 0, 1, 1}, append([]byte{0xff, 0xff}, bytes.Repeat([]byte{0xff}, 8192)...)...)
	huge = append(huge, 0, 17, 1, 0, 1)
	var manyRSA []byte
	for i := range 250 {
		r := *rsa
		r.body = slices.Clone(rsa.body)
		r.body[4] = byte(i)
		manyRSA = slices.Concat(manyRSA, r.packet(), userPacket(ann), rsas[:20*len(rsas)/5000])
	}
	for name, tc := range map[string]struct {
		file []byte
		want string // in the error, or "" for a certificate
	}{
		"ten megabytes":                {bytes.Repeat(full, 10<<20/len(full)), "more than"},
		"ten megabytes of armor":       {writeArmor(bytes.Repeat(full, 10<<20/len(full)), armorPublicKey), "more than"},
		"the same certificate often":   {bytes.Repeat(full, 250), ""},
		"a long armor header":          {append([]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: "), bytes.Repeat([]byte("x"), 4<<20-100)...), "longer than"},
		"text of four megabytes":       {bytes.Repeat([]byte("x"), 4<<20), "neither"},
		"quoted beginnings":            {bytes.Repeat([]byte("> -----BEGIN PGP PUBLIC KEY BLOCK-----\n"), 100000), "neither"},
		"300 blocks":                   {bytes.Repeat(writeArmor(full, armorPublicKey), 300), "blocks"},
		"5,000 user ids":               {users(5000), "user ids"},
		"256 user ids":                 {users(255), ""},
		"5,000 subkeys":                {subkeys, "subkeys"},
		"20,000 bad self-signatures":   {append(slices.Clone(full), selfs...), "by its own key"},
		"20,000 signatures by another": {append(slices.Clone(full), others...), "by others"},
		"16,000 signatures by another": {append(slices.Clone(full), others[:len(others)/20000*16000]...), ""},
		"5,000 bad RSA signatures":     {slices.Concat(rsa.packet(), userPacket(ann), rsas), "by its own key"},
		"250 keys with RSA signatures": {manyRSA, ""},
		"RSA of 65,535 bits":           {append(frame(nil, tagPublicKey, huge), full...), ""},
		"a key of 20 kB":               {frame(nil, tagPublicKey, append(slices.Clone(k.body), make([]byte, 20<<10)...)), "key packet"},
		"bytes behind the numbers":     {frame(nil, tagPublicKey, append(slices.Clone(k.body), 0)), ""},
		"a user id of 5 kB":            {append(slices.Clone(full), userPacket(strings.Repeat("x", 5000))...), "user id"},
		"compressed within":            {append(slices.Clone(full), frame(nil, 8, full)...), "compressed data"},
		"literal data within":          {append(slices.Clone(full), frame(nil, 11, full)...), "literal data"},
		"an unknown packet, critical":  {append(slices.Clone(full), frame(nil, 30, full)...), "unknown type"},
		"an unknown packet":            {append(slices.Clone(full), frame(nil, 50, full)...), ""},
		"a secret subkey":              {append(slices.Clone(full), frame(nil, tagSecretSubkey, k.body)...), "secret key"},
		"a secret key block":           {writeArmor(frame(nil, tagSecretKey, k.body), armorSecretKey), "secret key"},
		"a signature only":             {k.file(s256, demo, now), "before any primary key"},
		"a signature block":            {asc(k.file(s256, demo, now)), "does not start"},
		"cut":                          {full[:len(full)-10], "longer than"},
		"a keybox":                     {append([]byte("\x00\x00\x00\x20\x01\x01\x00\x02KBXf"), make([]byte, 20)...), "neither"},
		"a version 3 key":              {frame(nil, tagPublicKey, []byte{3, 0, 0, 0, 0, 0, 0, 1, 0, 8, 255}), "no certificate"},
		"nothing":                      {nil, "no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			within(t, 3*time.Second, func() {
				certs, err := ReadCertificates(tc.file)
				var failure *Failure
				switch {
				case tc.want == "" && (err != nil || len(certs) == 0):
					t.Errorf("got %v", err)
				case tc.want != "" && (!errors.As(err, &failure) || !strings.Contains(failure.Text, tc.want) || Printable(failure.Text) != failure.Text):
					t.Errorf("got %d certificates, %v", len(certs), err)
				}
				for _, c := range certs {
					c.Armor()
				}
			})
		})
	}
}

// TestHostileTexts refuses signed texts that were made to hurt.
func TestHostileTexts(t *testing.T) {
	k := newKey("legacy", 4, old)
	good := string(k.clearsign(typeText, s512, "Hash: SHA512\n", "a", "a", now))
	for name, file := range map[string]string{
		"five megabytes":         strings.Replace(good, "\na\n", "\n"+strings.Repeat("line\n", 1<<20), 1),
		"a long line":            strings.Replace(good, "\na\n", "\n"+strings.Repeat("a", 20<<10)+"\n", 1),
		"a long header":          strings.Replace(good, "Hash: ", "Hash: "+strings.Repeat("a", 1<<20), 1),
		"many beginnings":        strings.Repeat(cleartextBegin+"\n\n", 100000),
		"no signature":           good[:strings.Index(good, "-----BEGIN PGP SIGNATURE")],
		"no empty line":          strings.Replace(good, "\n\n", "\n", 1),
		"a beginning alone":      cleartextBegin,
		"a header alone":         cleartextBegin + "\nHash: SHA512",
		"a beginning and a line": cleartextBegin + "\n\n",
		"a NUL":                  strings.Replace(good, "\na\n", "\na\x00\n", 1),
		"an escape":              strings.Replace(good, "\na\n", "\n\x1b[2Ja\n", 1),
		"detached":               string(asc(k.file(s256, demo, now))),
	} {
		t.Run(name, func(t *testing.T) {
			within(t, 500*time.Millisecond, func() {
				_, err := ReadCleartext([]byte(file))
				var failure *Failure
				if !errors.As(err, &failure) || failure.Kind != Malformed {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestPrintable shows nothing raw.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"Ann Example <ann@example.org>": "Ann Example <ann@example.org>",
		"Zoë 猫":                         "Zoë 猫",
		"a\x1b[2Jb":                     `a\x1b[2Jb`,
		"a\fb\r\n\tc\x00\x7f":           `a\fb\r\n\tc\x00\x7f`,
		"\xff\xfea":                     `\xff\xfea`,
		"a\u202eb\u200bc\u2028":         `a\u202eb\u200bc\u2028`,
		`a\x1b`:                         `a\\x1b`,
		strings.Repeat("a", 600):        strings.Repeat("a", 512) + "…",
		"\u009b2J":                      `\u009b2J`,
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	hostile := "Ann\x1b[2J\f\u202e <a@example.org>"
	k := newKey("legacy", 4, old)
	c := oneCert(t, slices.Concat(k.packet(), userPacket(hostile), k.certify(k, hostile, s256, old, flags(1), note("x\x1b", "y\f"))))
	if got := c.UserIDs(); !slices.Equal(got, []string{hostile}) {
		t.Errorf("user ids %q", got)
	}
	_, err := verifyFile(k.file(s256, demo, now, critical(note("\x1b[2J", "x"))), demo, c)
	if err == nil || Printable(err.Error()) == "" || strings.ContainsAny(err.Error(), "\x1b\f\u202e") {
		t.Errorf("an error shows %q", err)
	}
	_, err = verifyFile(k.file(s256, demo, now), demo, c)
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\f\u202e") || !strings.Contains(err.Error(), `\x1b`) {
		t.Errorf("an error shows %q", err)
	}
}

// TestParseFingerprint takes what tools print, and tells key ids apart.
func TestParseFingerprint(t *testing.T) {
	const full = Fingerprint("0123456789ABCDEF0123456789ABCDEF01234567")
	for in, want := range map[string]Fingerprint{
		"0123456789abcdef0123456789abcdef01234567":             full,
		"0x0123456789ABCDEF0123456789ABCDEF01234567":           full,
		"0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567":   full,
		" 0123456789ABCDEF0123456789ABCDEF01234567\n":          full,
		strings.Repeat("ab", 32):                               Fingerprint(strings.Repeat("AB", 32)),
		"01234567":                                             "",
		"0x0123456789ABCDEF":                                   "",
		"":                                                     "",
		"0123456789ABCDEF0123456789ABCDEF0123456":              "",
		"0123456789ABCDEF0123456789ABCDEF0123456G":             "",
		"0123456789ABCDEF0123456789ABCDEF01234567\x1b":         "",
		"0123456789ABCDEF:0123456789ABCDEF:0123456701234567aa": "",
		strings.Repeat("a", 1<<20):                             "",
	} {
		got, err := ParseFingerprint(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.60q: got %q, %v", in, got, err)
		}
		if short := in == "01234567" || in == "0x0123456789ABCDEF"; short != errors.Is(err, ErrShortFingerprint) {
			t.Errorf("%.60q: got %v", in, err)
		}
	}
}
