package openpgp

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
)

// row is one case of the matrix: a certificate, a file and its signature.
type row struct {
	name  string
	cert  []byte
	sig   []byte // detached, or the whole signed text when data is nil
	data  []byte
	want  string // "ok", "ok until" (Valid.Ends is set), "weak: …", "future", "over", a kind, "unreadable", "text"
	laxer string // why this may be accepted where gpgv or sqv does not
}

// judge is what a caller does that waives nothing, has no witness and reads the clock: any
// one signature is enough.
func judge(r row) string {
	certs, err := ReadCertificates(r.cert)
	if err != nil {
		return "bad certificate"
	}
	var signatures []*Signature
	var text *Cleartext
	if r.data == nil {
		if text, err = ReadCleartext(r.sig); err == nil {
			signatures = text.Signatures
		}
	} else {
		signatures, err = ReadSignatures(r.sig)
	}
	if errors.Is(err, ErrTextSignature) {
		return "text"
	}
	if err != nil {
		return "unreadable"
	}
	verdict := ""
	for _, s := range signatures {
		got := judgeOne(s, certs[0], text, r.data)
		if verdict == "" || strings.HasPrefix(got, "ok") {
			verdict = got
		}
	}
	return verdict
}

func judgeOne(s *Signature, c *Certificate, text *Cleartext, data []byte) string {
	var v Valid
	var err error
	if text != nil {
		v, err = text.Verify(s, c)
	} else {
		h := s.NewHash()
		if h != nil {
			h.Write(data)
		}
		v, err = s.Verify(c, h)
	}
	var failure *Failure
	switch {
	case errors.As(err, &failure):
		return failure.Kind.String()
	case err != nil:
		return err.Error()
	case len(v.Unwaived()) > 0:
		return "weak: " + strings.Join(v.Weak, " ")
	case v.Created.Unix() > now:
		return "future"
	case !v.Expires.IsZero() && v.Expires.Unix() <= now:
		return "over"
	case !v.Ends.IsZero():
		return "ok until"
	}
	return "ok"
}

// gpgv judges by its status lines, and returns them in short.
func gpgv(t *testing.T, dir string, r row) (accepts bool, says string) {
	args := []string{"--homedir", dir, "--status-fd", "1", "--keyring", filepath.Join(dir, "cert"), filepath.Join(dir, "sig")}
	if r.data != nil {
		args = append(args, filepath.Join(dir, "data"))
	}
	out, err := exec.Command("gpgv", args...).Output()
	var valid, good, expired, bad bool
	var made, ended int64
	for _, line := range strings.Split(string(out), "\n") {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[1] {
		case "VALIDSIG":
			valid = true
			made, _ = strconv.ParseInt(f[4], 10, 64)
		case "KEYEXPIRED":
			ended, _ = strconv.ParseInt(f[2], 10, 64)
		case "GOODSIG", "REVKEYSIG":
			good = true
			says = strings.ToLower(f[1])
		case "EXPKEYSIG":
			expired = true
			says = strings.ToLower(f[1])
		case "BADSIG", "ERRSIG", "EXPSIG", "NODATA", "UNEXPECTED":
			bad = true
			says = strings.ToLower(f[1])
		}
	}
	if says == "" {
		says = "nothing"
	}
	if err != nil {
		says += " exit≠0"
	}
	return valid && !bad && (good || expired && made < ended) && err == nil, says
}

// sqv judges by its exit status; signed texts are for sq of the same library.
func sqv(dir string, r row) bool {
	cmd := exec.Command("sqv", "--keyring", filepath.Join(dir, "cert"), filepath.Join(dir, "sig"), filepath.Join(dir, "data"))
	if r.data == nil {
		cmd = exec.Command("sq", "verify", "--signer-cert", filepath.Join(dir, "cert"), "--output", filepath.Join(dir, "out"), filepath.Join(dir, "sig"))
	}
	return cmd.Run() == nil
}

// TestMatrix judges every case by this package, by gpgv and by sqv side by side. This package
// must come to what the rules demand, and must never accept what one of the others refuses,
// save where the row says why.
func TestMatrix(t *testing.T) {
	others := true
	for _, tool := range []string{"gpgv", "sqv", "sq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("%s is not installed: this package alone is judged", tool)
			others = false
		}
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "case\tAssay\tgpgv\tsqv\tgpgv says\tnote")
	mark := map[bool]string{true: "ok", false: "no"}
	for _, r := range slices.Concat(tableRows(), keyRows(), certificateRows(), fileRows(), cleartextRows(), version6Rows()) {
		got := judge(r)
		if got != r.want {
			t.Errorf("%s: judged %q, want %q", r.name, got, r.want)
		}
		if !others {
			fmt.Fprintf(w, "%s\t%s\t\t\t\t%s\n", r.name, got, r.laxer)
			continue
		}
		dir := t.TempDir()
		for name, data := range map[string][]byte{"cert": r.cert, "sig": r.sig, "data": r.data} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		g, says := gpgv(t, dir, r)
		s := sqv(dir, r)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.name, got, mark[g], mark[s], says, r.laxer)
		if accepted := strings.HasPrefix(got, "ok"); accepted && !(g && s) && r.laxer == "" {
			t.Errorf("%s: accepted, although gpgv says %v and sqv %v", r.name, g, s)
		} else if r.laxer != "" && !(accepted && !(g && s)) {
			t.Errorf("%s: no longer laxer than the others: remove the note", r.name)
		}
	}
	w.Flush()
	t.Logf("\n%s", table.String())
}

var demo = []byte("the bytes of a release\r\nwith two lines\n")

// old is when the keys of the matrix were made.
var old = now - 1000*day

// tableRows are the cases of the table in the notes.
func tableRows() []row {
	k := newKey("legacy", 4, old)
	full := k.cert(flags(3))
	expired := k.cert(flags(3), keyLife(500*day))
	refreshed := slices.Concat(k.packet(), userPacket(ann), k.certify(k, ann, s256, now-550*day, flags(3), keyLife(2000*day)))
	early, late := k.file(s512, demo, now-800*day), k.file(s512, demo, now-100*day)
	bad := k.file(s512, []byte("other bytes"), now-100*day)
	rsa, dsa := newKey("rsa1024", 4, old), newKey("dsa1024", 4, old)
	revoked := func(code byte) []byte {
		return slices.Concat(k.packet(), k.directly(typeKeyRevocation, s256, now-300*day, reason(code)), full[len(k.packet()):])
	}
	text := frame(nil, tagSignature, k.over(typeText, s512, [][]byte{[]byte("a\r\nb\r\n")}, now-100*day))
	sha1Self := slices.Concat(k.packet(), userPacket(ann), k.certify(k, ann, sha1ID, old, flags(3)))
	return []row{
		{"a good signature", full, asc(late), demo, "ok", ""},
		{"key expired now, signed before", expired, early, demo, "ok until", ""},
		{"signed after the key expired", expired, late, demo, "after-key-ended", ""},
		{"soft-revoked, signed before", revoked(3), early, demo, "ok until", ""},
		{"superseded, signed before", revoked(1), early, demo, "ok until", ""},
		{"revoked as compromised", revoked(2), early, demo, "hard-revoked", ""},
		{"SHA-1 over the data", full, k.file(sha1ID, demo, now-100*day), demo, "weak: sha1", ""},
		{"SHA-1 self-signature", sha1Self, late, demo, "weak: sha1-self", ""},
		{"dated in the future", full, k.file(s512, demo, now+30*day), demo, "future", ""},
		{"older than its key", full, k.file(s512, demo, old-day), demo, "before-key", ""},
		{"[bad, good] signatures", full, slices.Concat(bad, late), demo, "ok", "any good one of several counts, as for sqv: a bad one beside it is no proof of anything"},
		{"[good, bad] signatures", full, slices.Concat(late, bad), demo, "ok", "any good one of several counts, as for sqv: a bad one beside it is no proof of anything"},
		{"RSA-1024", rsa.cert(flags(3)), rsa.file(s256, demo, now-100*day), demo, "weak: rsa1024", ""},
		{"DSA-1024", dsa.cert(flags(3)), dsa.file(s256, demo, now-100*day), demo, "weak: dsa1024", ""},
		{"trailing garbage, armored", full, append(asc(late), "garbage\n"...), demo, "unreadable", ""},
		{"trailing garbage, binary", full, append(slices.Clone(late), "garbage"...), demo, "unreadable", ""},
		{"text signature (0x01)", full, text, []byte("a\r\nb\r\n"), "text", ""},
		{"text signature (0x01), line ends changed", full, text, []byte("a\nb\n"), "text", ""},
		{"stale copy before its refreshed copy", slices.Concat(expired, refreshed), late, demo, "ok until", "copies are merged, as by sqv; gpgv goes by the first"},
		{"refreshed copy before its stale copy", slices.Concat(refreshed, expired), late, demo, "ok until", ""},
	}
}

// keyRows are about keys and subkeys, their time and what they may do.
func keyRows() []row {
	k, s, e := newKey("legacy", 4, old), newKey("legacy", 4, old), newKey("p256", 4, old)
	main := k.cert(flags(1))
	bySub := s.file(s512, demo, now-100*day)
	with := func(parts ...[]byte) []byte { return slices.Concat(append([][]byte{main}, parts...)...) }
	bound := k.bind(s, s, s256, old, flags(2))
	rsa, p384, p521, dsa2 := newKey("rsa3072", 4, old), newKey("p384", 4, old), newKey("p521", 4, old), newKey("dsa2048", 4, old)
	ed, ed448 := newKey("ed25519", 4, old), newKey("ed448", 4, old)
	small := newKey("rsa1024", 4, old)
	signed := func(f *forged, hashID byte) []byte { return f.file(hashID, demo, now-100*day) }
	return []row{
		{"RSA-3072", rsa.cert(flags(3)), signed(rsa, s256), demo, "ok", ""},
		{"NIST P-256", e.cert(flags(3)), signed(e, s256), demo, "ok", ""},
		{"NIST P-384", p384.cert(flags(3)), signed(p384, s384), demo, "ok", ""},
		{"NIST P-521", p521.cert(flags(3)), signed(p521, s512), demo, "ok", ""},
		{"NIST P-384 with SHA-256, too short", p384.cert(flags(3)), signed(p384, s256), demo, "weak", ""},
		{"NIST P-521, self-signature with SHA-256, too short", slices.Concat(p521.packet(), userPacket(ann), p521.certify(p521, ann, s256, old, flags(3))), signed(p521, s512), demo, "not-for-signing", ""},
		{"DSA-2048", dsa2.cert(flags(3)), signed(dsa2, s256), demo, "weak: dsa", ""},
		{"native Ed25519 (27), version 4", ed.cert(flags(3)), signed(ed, s512), demo, "ok", "of RFC 9580, which neither of the installed others knows"},
		{"native Ed448 (28), version 4", ed448.cert(flags(3)), signed(ed448, s512), demo, "ok", "of RFC 9580, which neither of the installed others knows"},
		{"signing subkey", with(bound), bySub, demo, "ok", ""},
		{"signing subkey of a small RSA key", slices.Concat(small.cert(flags(1)), small.bind(s, s, s256, old, flags(2))), bySub, demo, "weak: rsa1024", ""},
		{"small RSA subkey", with(k.bind(small, small, s256, old, flags(2))), signed(small, s256), demo, "weak: rsa1024", ""},
		{"subkey without a back signature", with(k.bind(s, nil, s256, old, flags(2))), bySub, demo, "not-for-signing", ""},
		{"back signature in the unsigned area", with(frame(nil, tagPublicSubkey, s.body), frame(nil, tagSignature, k.signature(typeBinding, s256, slices.Concat(created(old), k.issuer(), flags(2)), embed(s.over(typeBack, s256, [][]byte{k.hashed(), s.hashed()}, old)), k.hashed(), s.hashed()))), bySub, demo, "ok", ""},
		{"back signature over other keys", with(k.bind(s, nil, s256, old, flags(2), embed(s.over(typeBack, s256, [][]byte{s.hashed(), k.hashed()}, old)))), bySub, demo, "not-for-signing", ""},
		{"subkey bound by another certificate's key", with(frame(nil, tagPublicSubkey, s.body), frame(nil, tagSignature, e.over(typeBinding, s256, [][]byte{k.hashed(), s.hashed()}, old, flags(2), embed(s.over(typeBack, s256, [][]byte{k.hashed(), s.hashed()}, old))))), bySub, demo, "not-for-signing", ""},
		{"subkey with another key's back signature", with(k.bind(s, newKey("legacy", 4, old), s256, old, flags(2))), bySub, demo, "not-for-signing", ""},
		{"subkey bound by SHA-1", with(k.bind(s, s, sha1ID, old, flags(2))), bySub, demo, "weak: sha1-self", ""},
		{"subkey with a SHA-1 back signature only", with(k.bind(s, nil, s256, old, flags(2), embed(s.over(typeBack, sha1ID, [][]byte{k.hashed(), s.hashed()}, old)))), bySub, demo, "weak: sha1-self", ""},
		{"subkey without key flags", with(k.bind(s, s, s256, old)), bySub, demo, "not-for-signing", ""},
		{"subkey for encryption", with(k.bind(s, s, s256, old, flags(12))), bySub, demo, "not-for-signing", ""},
		{"subkey bound by nobody", with(frame(nil, tagPublicSubkey, s.body)), bySub, demo, "not-for-signing", ""},
		{"subkey expired now, signed before", with(k.bind(s, s, s256, old, flags(2), keyLife(950*day))), s.file(s512, demo, now-100*day), demo, "ok until", ""},
		{"signed after the subkey expired", with(k.bind(s, s, s256, old, flags(2), keyLife(500*day))), bySub, demo, "after-key-ended", ""},
		{"subkey soft-revoked, signed before", with(bound, k.unbind(s, now-50*day, reason(3))), bySub, demo, "ok until", ""},
		{"subkey soft-revoked, signed after", with(bound, k.unbind(s, now-150*day, reason(3))), bySub, demo, "after-key-ended", ""},
		{"subkey revoked as compromised", with(bound, k.unbind(s, now-50*day, reason(2))), bySub, demo, "hard-revoked", ""},
		{"subkey revoked without a reason", with(bound, k.unbind(s, now-50*day)), bySub, demo, "hard-revoked", ""},
		{"primary expired, signed by the subkey after", slices.Concat(k.cert(flags(1), keyLife(500*day)), bound), bySub, demo, "after-key-ended", ""},
		{"subkey's binding is newer than the signature", with(k.bind(s, s, s256, now-50*day, flags(2))), bySub, demo, "ok", "a certificate made smaller has only the newest bindings"},
		{"subkey rebound for encryption since", with(bound, k.bind(s, s, s256, now-50*day, flags(12))), bySub, demo, "not-for-signing", ""},
		{"primary key that only certifies", main, signed(k, s512), demo, "not-for-signing", ""},
		{"primary key without key flags", k.cert(), signed(k, s512), demo, "not-for-signing", ""},
		{"primary key, flags not signed", slices.Concat(k.packet(), userPacket(ann), frame(nil, tagSignature, k.signature(typeCertPositive, s256, slices.Concat(created(old), k.issuer()), flags(3), k.hashed(), uidPart(ann)))), signed(k, s512), demo, "not-for-signing", ""},
		{"soft-revoked, signed after", slices.Concat(k.packet(), k.directly(typeKeyRevocation, s256, now-300*day, reason(3)), k.cert(flags(3))[len(k.packet()):]), signed(k, s512), demo, "after-key-ended", ""},
		{"revoked without a reason", slices.Concat(k.packet(), k.directly(typeKeyRevocation, s256, now-300*day), k.cert(flags(3))[len(k.packet()):]), signed(k, s512), demo, "hard-revoked", ""},
		{"revoked as compromised by SHA-1", slices.Concat(k.packet(), k.directly(typeKeyRevocation, sha1ID, now-300*day, reason(2)), k.cert(flags(3))[len(k.packet()):]), signed(k, s512), demo, "hard-revoked", ""},
		{"revoked in the future", slices.Concat(k.packet(), k.directly(typeKeyRevocation, s256, now+300*day, reason(2)), k.cert(flags(3))[len(k.packet()):]), signed(k, s512), demo, "hard-revoked", ""},
		{"revoked by somebody else", slices.Concat(k.packet(), frame(nil, tagSignature, s.over(typeKeyRevocation, s256, [][]byte{k.hashed()}, now-300*day, reason(2))), k.cert(flags(3))[len(k.packet()):]), signed(k, s512), demo, "ok", ""},
		{"soft-revoked, and stood by since", slices.Concat(k.packet(), k.directly(typeKeyRevocation, s256, now-300*day, reason(1)), userPacket(ann), k.certify(k, ann, s256, old, flags(3)), k.certify(k, ann, s256, now-200*day, flags(3))), signed(k, s512), demo, "after-key-ended", ""},
	}
}

// certificateRows are about self-signatures.
func certificateRows() []row {
	k := newKey("legacy", 4, old)
	late := k.file(s512, demo, now-100*day)
	user := func(id string, sigs ...[]byte) []byte {
		return slices.Concat(append([][]byte{userPacket(id)}, sigs...)...)
	}
	cert := func(parts ...[]byte) []byte { return slices.Concat(append([][]byte{k.packet()}, parts...)...) }
	self := func(at int64, subs ...[]byte) []byte { return k.certify(k, ann, s256, at, subs...) }
	other := "Ann Other <other@example.org>"
	revokeUser := func(id string, at int64) []byte {
		return frame(nil, tagSignature, k.over(typeCertRevocation, s256, [][]byte{k.hashed(), uidPart(id)}, at, reason(32)))
	}
	double := user(ann, self(old, flags(3)))
	return []row{
		{"flags in a direct-key signature", cert(k.directly(typeDirect, s256, old, flags(3)), user(ann, self(old))), late, demo, "ok", ""},
		{"direct-key signature, no user id", cert(k.directly(typeDirect, s256, old, flags(3))), late, demo, "ok", ""},
		{"direct-key signature forbids, user id allows", cert(k.directly(typeDirect, s256, old, flags(1)), user(ann, self(old, flags(3)))), late, demo, "not-for-signing", ""},
		{"direct-key signature allows, user id forbids", cert(k.directly(typeDirect, s256, old, flags(3)), user(ann, self(old, flags(1)))), late, demo, "not-for-signing", ""},
		{"expiry in a direct-key signature", cert(k.directly(typeDirect, s256, old, flags(3), keyLife(500*day)), user(ann, self(old))), late, demo, "after-key-ended", ""},
		{"no self-signature", cert(user(ann)), late, demo, "not-for-signing", ""},
		{"somebody else's self-signature", cert(user(ann, newKey("legacy", 4, old).certify(k, ann, s256, old, flags(3)))), late, demo, "not-for-signing", ""},
		{"MD5 self-signature", cert(user(ann, k.certify(k, ann, 1, old, flags(3)))), late, demo, "weak: md5-self", ""},
		{"SHA-1 self-signature, a strong one since", cert(user(ann, k.certify(k, ann, sha1ID, old, flags(3)), self(now-200*day, flags(3)))), late, demo, "ok", ""},
		{"strong self-signature, a SHA-1 one since", cert(user(ann, self(old, flags(3)), k.certify(k, ann, sha1ID, now-200*day, flags(3)))), late, demo, "ok", ""},
		{"strong self-signature, SHA-1 one since lets expire", cert(user(ann, self(old, flags(3)), k.certify(k, ann, sha1ID, now-200*day, flags(3), keyLife(850*day)))), late, demo, "after-key-ended", ""},
		{"self-signature newer than the signature only", cert(user(ann, self(now-50*day, flags(3)))), late, demo, "ok", "a certificate made smaller has only the newest self-signatures"},
		{"expired, signed, then extended", cert(user(ann, self(old, flags(3), keyLife(500*day)), self(now-50*day, flags(3), keyLife(2000*day)))), late, demo, "after-key-ended", ""},
		{"extended before it expired", cert(user(ann, self(old, flags(3), keyLife(500*day)), self(old+400*day, flags(3), keyLife(2000*day)))), late, demo, "ok until", ""},
		{"shortened since, signed after that", cert(user(ann, self(old, flags(3)), self(now-50*day, flags(3), keyLife(500*day)))), late, demo, "after-key-ended", ""},
		{"signing taken away since", cert(user(ann, self(old, flags(3)), self(now-50*day, flags(1)))), late, demo, "not-for-signing", ""},
		{"self-signature that has ended", cert(user(ann, self(old, flags(3), sigLife(500*day)))), late, demo, "not-for-signing", ""},
		{"self-signature older than the key", cert(user(ann, self(old-day, flags(3)))), late, demo, "not-for-signing", ""},
		{"self-signature with an unknown critical subpacket", cert(user(ann, self(old, flags(3), critical(sub(99, 1))))), late, demo, "not-for-signing", ""},
		{"self-signature with an unknown critical notation", cert(user(ann, self(old, flags(3), critical(note("x@example.org", "1"))))), late, demo, "not-for-signing", ""},
		{"the only user id revoked", cert(user(ann, self(old, flags(3)), revokeUser(ann, now-300*day))), late, demo, "ok", ""},
		{"user id revoked, and stood by since", cert(user(ann, self(old, flags(3)), revokeUser(ann, now-300*day), self(now-200*day, flags(3)))), late, demo, "ok", ""},
		{"one of two user ids revoked", cert(user(ann, self(old, flags(3))), user(other, k.certify(k, other, s256, old, flags(3)), revokeUser(other, now-300*day))), late, demo, "ok", ""},
		{"user id twice", cert(double, double), late, demo, "ok", ""},
		{"user ids that disagree on expiry", cert(user(ann, self(old, flags(3))), user(other, k.certify(k, other, s256, old+1, flags(3), keyLife(500*day)))), late, demo, "after-key-ended", ""},
	}
}

// fileRows are about the signature and its file.
func fileRows() []row {
	k := newKey("legacy", 4, old)
	full := k.cert(flags(3))
	at := now - 100*day
	late := k.file(s512, demo, at)
	body := k.over(typeBinary, s512, [][]byte{demo}, at)
	tampered := slices.Clone(body)
	tampered[len(tampered)-1] ^= 1
	hashTag := slices.Clone(body)
	hashTag[len(hashTag)-69] ^= 1
	raw := func(signed, unsigned []byte) []byte {
		return frame(nil, tagSignature, k.signature(typeBinary, s512, signed, unsigned, demo))
	}
	stranger := newKey("legacy", 4, old)
	literal := frame(nil, 11, append([]byte{'b', 0, 0, 0, 0, 0}, demo...))
	long := bytes.Replace(asc(late), []byte("\n\n"), []byte("\nComment: "+strings.Repeat("x", 4000)+"\n\n"), 1)
	noSum := asc(late)
	noSum = slices.Concat(noSum[:bytes.LastIndex(noSum, []byte("\n="))+1], []byte("-----END PGP SIGNATURE-----\n"))
	badSum := slices.Clone(asc(late))
	i := bytes.LastIndex(badSum, []byte("\n="))
	copy(badSum[i+2:], "AAAA")
	v3 := frame(nil, tagSignature, append(append([]byte{3, 5, 0}, four(at)...), body[len(body)-80:]...))
	return []row{
		{"binary signature file", full, late, demo, "ok", ""},
		{"wrong data", full, late, []byte("other bytes"), "bad-signature", ""},
		{"wrong key", stranger.cert(flags(3)), late, demo, "wrong-key", ""},
		{"altered signature", full, frame(nil, tagSignature, tampered), demo, "bad-signature", ""},
		{"altered hash tag", full, frame(nil, tagSignature, hashTag), demo, "ok", ""},
		{"SHA-256", full, k.file(s256, demo, at), demo, "ok", ""},
		{"SHA-384", full, k.file(s384, demo, at), demo, "ok", ""},
		{"SHA-224, too short for Ed25519", full, k.file(11, demo, at), demo, "weak", ""},
		{"SHA3-256", full, k.file(12, demo, at), demo, "ok", "of RFC 9580, which neither of the installed others knows"},
		{"MD5 over the data", full, k.file(1, demo, at), demo, "weak: md5", ""},
		{"RIPEMD-160 over the data", full, k.file(3, demo, at), demo, "weak: ripemd160", ""},
		{"signature that has ended", full, k.file(s512, demo, at, sigLife(10*day)), demo, "over", ""},
		{"signature that ends later", full, k.file(s512, demo, at, sigLife(1000*day)), demo, "ok until", ""},
		{"issuer as a key id only", full, raw(created(at), sub(16, k.fingerprint()[12:]...)), demo, "ok", ""},
		{"issuer not named", full, raw(created(at), nil), demo, "wrong-key", ""},
		{"issuer named wrongly", full, raw(created(at), stranger.issuer()), demo, "wrong-key", ""},
		{"no creation time", full, raw(k.issuer(), nil), demo, "unsupported", ""},
		{"creation time not signed", full, raw(k.issuer(), created(at)), demo, "unsupported", ""},
		{"two creation times", full, raw(slices.Concat(created(at), created(at-day), k.issuer()), nil), demo, "unsupported", ""},
		{"notation", full, k.file(s512, demo, at, note("x@example.org", "1")), demo, "ok", ""},
		{"critical notation", full, k.file(s512, demo, at, critical(note("x@example.org", "1"))), demo, "unsupported", ""},
		{"critical unknown subpacket", full, k.file(s512, demo, at, critical(sub(99, 1))), demo, "unsupported", ""},
		{"unknown subpacket", full, k.file(s512, demo, at, sub(99, 1)), demo, "ok", ""},
		{"standalone signature (0x02)", full, frame(nil, tagSignature, k.over(2, s512, nil, at)), demo, "unreadable", ""},
		{"version 3 signature", full, v3, demo, "wrong-key", ""},
		{"two signatures", full, slices.Concat(late, k.file(s256, demo, at)), demo, "ok", ""},
		{"[another's, good] signatures", full, slices.Concat(stranger.file(s512, demo, at), late), demo, "ok", "any good one of several counts, as for sqv: that another key signed as well is no harm"},
		{"seventeen signatures", full, bytes.Repeat(late, 17), demo, "unreadable", ""},
		{"armor with two blocks", full, append(asc(late), asc(late)...), demo, "unreadable", ""},
		{"a comment before the armor", full, append([]byte("a comment\n"), asc(late)...), demo, "unreadable", ""},
		{"blank lines around the armor", full, append(append([]byte("\n\n"), asc(late)...), "\n \n"...), demo, "ok", ""},
		{"armor with CRLF", full, bytes.ReplaceAll(asc(late), []byte("\n"), []byte("\r\n")), demo, "ok", ""},
		{"armor with headers", full, bytes.Replace(asc(late), []byte("\n\n"), []byte("\nVersion: 1\nComment: two\n\n"), 1), demo, "ok", ""},
		{"armor with a long header", full, long, demo, "unreadable", ""},
		{"armor without a checksum", full, noSum, demo, "ok", ""},
		{"armor with a wrong checksum", full, badSum, demo, "unreadable", ""},
		{"armor of another kind", full, writeArmor(late, "PGP MESSAGE"), demo, "unreadable", ""},
		{"marker packet before", full, append(frame(nil, tagMarker, []byte("PGP")), late...), demo, "unreadable", ""},
		{"literal data behind", full, append(slices.Clone(late), literal...), demo, "unreadable", ""},
		{"certificate behind", full, append(slices.Clone(late), full...), demo, "unreadable", ""},
		{"compressed signature", full, frame(nil, 8, append([]byte{0}, late...)), demo, "unreadable", ""},
		{"length in parts", full, append([]byte{0xc2, 0xe6}, append(slices.Clone(body[:64]), append([]byte{byte(len(body) - 64)}, body[64:]...)...)...), demo, "unreadable", ""},
		{"nothing", full, []byte{}, demo, "unreadable", ""},
	}
}

// cleartextRows are about signed texts.
func cleartextRows() []row {
	k := newKey("legacy", 4, old)
	full := k.cert(flags(3))
	at := now - 100*day
	text, canonical := "one \t\n- -two\n\nthree", "one\r\n-two\r\n\r\nthree"
	good := k.clearsign(typeText, s512, "Hash: SHA512\n", text, canonical, at)
	as := func(old, fresh string) []byte { return bytes.Replace(good, []byte(old), []byte(fresh), 1) }
	return []row{
		{"signed text", full, good, nil, "ok", ""},
		{"signed text, line ends changed", full, bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), nil, "ok", ""},
		{"signed text, blanks added at line ends", full, as("three\n", "three  \n"), nil, "ok", ""},
		{"signed text, altered", full, as("three", "thre3"), nil, "bad-signature", ""},
		{"signed text, a line added", full, as("three\n", "three\n\n"), nil, "bad-signature", ""},
		{"signed text, type 0x00", full, k.clearsign(typeBinary, s512, "Hash: SHA512\n", text, canonical, at), nil, "ok", "some programs make them, gpgv takes them; the bytes are the block's in either type"},
		{"signed text, SHA-1", full, k.clearsign(typeText, sha1ID, "Hash: SHA1\n", text, canonical, at), nil, "weak: sha1", ""},
		{"signed text, no Hash header", full, k.clearsign(typeText, s512, "", text, canonical, at), nil, "unreadable", ""},
		{"signed text, other Hash header", full, k.clearsign(typeText, s512, "Hash: SHA256\n", text, canonical, at), nil, "unreadable", ""},
		{"signed text, two hashes named", full, k.clearsign(typeText, s512, "Hash: SHA256, SHA512\n", text, canonical, at), nil, "unreadable", ""},
		{"signed text, two hashes named without a blank", full, k.clearsign(typeText, s512, "Hash: SHA256,SHA512\n", text, canonical, at), nil, "ok", ""},
		{"signed text, two Hash headers", full, k.clearsign(typeText, s512, "Hash: SHA512\nHash: SHA256\n", text, canonical, at), nil, "unreadable", ""},
		{"signed text, another header", full, k.clearsign(typeText, s512, "Hash: SHA512\nComment: x\n", text, canonical, at), nil, "unreadable", ""},
		{"signed text, NotDashEscaped", full, k.clearsign(typeText, s512, "Hash: SHA512\nNotDashEscaped: x\n", text, canonical, at), nil, "unreadable", ""},
		{"signed text, hyphen not escaped", full, k.clearsign(typeText, s512, "Hash: SHA512\n", "-two", "-two", at), nil, "unreadable", ""},
		{"signed text, text before", full, append([]byte("before\n"), good...), nil, "unreadable", ""},
		{"signed text, text behind", full, append(slices.Clone(good), "behind\n"...), nil, "unreadable", ""},
		{"signed text, twice", full, append(slices.Clone(good), good...), nil, "unreadable", ""},
		{"signed text, form feed", full, k.clearsign(typeText, s512, "Hash: SHA512\n", "a\fb", "a\fb", at), nil, "unreadable", ""},
		{"signed text, carriage return inside", full, k.clearsign(typeText, s512, "Hash: SHA512\n", "a\rb", "a\rb", at), nil, "unreadable", ""},
		{"signed text, empty", full, k.clearsign(typeText, s512, "Hash: SHA512\n", "", "", at), nil, "ok", ""},
	}
}

// version6Rows are keys and signatures that RFC 9580 has new.
func version6Rows() []row {
	const why = "version 6, which neither of the installed others knows"
	var out []row
	for _, name := range []string{"ed25519", "ed448", "p256", "rsa3072"} {
		k := newKey(name, 6, old)
		out = append(out, row{"version 6, " + name, k.cert(flags(3)), k.file(s512, demo, now-100*day), demo, "ok", why})
	}
	k, s := newKey("ed25519", 6, old), newKey("ed25519", 6, old)
	k4 := newKey("legacy", 4, old)
	legacy := newKey("legacy", 6, old)
	short := k.over(typeBinary, s512, [][]byte{demo}, now-100*day)
	short[len(short)-64-33] = 16
	four6 := frame(nil, tagSignature, func() []byte {
		v4 := *k
		v4.version = 4
		return v4.signature(typeBinary, s512, created(now-100*day), sub(33, append([]byte{6}, k.fingerprint()...)...), demo)
	}())
	return append(out,
		row{"version 6, signing subkey", slices.Concat(k.cert(flags(1)), k.bind(s, s, s512, old, flags(2))), s.file(s512, demo, now-100*day), demo, "ok", why},
		row{"version 6, signed text without Hash header", k.cert(flags(3)), k.clearsign(typeText, s512, "", "a", "a", now-100*day), nil, "ok", why},
		row{"version 6, wrong data", k.cert(flags(3)), k.file(s512, []byte("other"), now-100*day), demo, "bad-signature", ""},
		row{"version 6, salt of the wrong size", k.cert(flags(3)), frame(nil, tagSignature, short), demo, "unreadable", ""},
		row{"version 6 key, version 4 signature", k.cert(flags(3)), four6, demo, "bad-signature", ""},
		row{"version 6 key of the old EdDSA", legacy.cert(flags(3)), legacy.file(s512, demo, now-100*day), demo, "unsupported", ""},
		row{"[version 6, version 4] signatures", k4.cert(flags(3)), slices.Concat(k.file(s512, demo, now-100*day), k4.file(s512, demo, now-100*day)), demo, "ok", why},
	)
}
