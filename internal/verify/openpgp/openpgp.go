// Package openpgp verifies detached OpenPGP signatures of a file, and signed lists of
// checksums that name it, by the certificates that grants name.
//
//	material ──read──▶ signatures ──issuer──▶ keyring ──certificates──▶ judged
//
//	no such material                                   → Absent       and nothing is said
//	material known to exist, not to be had             → Unavailable  signature.unavailable
//	material that cannot be read without doubt         → Invalid      signature.malformed
//	a list that has another digest for the file        → Invalid      signature.wrong-checksum
//	by known keys only such that do not hold           → Invalid      signature.invalid, .revoked, .key-ended, .weak
//	the bytes are not known, and a known key is named  → Pending
//	one signature by a known key that holds            → Verified     one claim for each
//	only by keys that no grant names, or by programs
//	that call other signatures .sig as well            → Absent       signature.unknown-key
//	a signed list that does not name the file          → Absent       signature.unlisted
//
// Example: demo-1.0.tar.gz.asc beside demo-1.0.tar.gz, signed by a subkey of a
// certificate that the keyring has, becomes the claim
//
//	{Method: "openpgp", Identity: "openpgp:D1E2…" (the primary key), Role: "artifact",
//	 Digest: sha256:0ace…, Signed: 2026-01-02T03:04:05Z, Ends: when the key ended, Weak: ["sha1"],
//	 Details: {"key": "A0B1…", "user_id": "Ann <ann@example.com>", "signed": "2026-01-02T03:04:05Z"}}
//
// Which project the key may sign, whether what is weak may pass and whether the signature
// is of a time that can be believed is not decided here: grants say so.
//
// One signature that holds suffices, as for sqv: the others could as well be missing. What
// does not hold beside it, by known keys, is in the claim's details ("beside"). What is
// broken otherwise weighs more than what could not be had, and that more than what holds.
//
// A detached signature covers the bytes and needs the state of their hash (see
// [Verifier.Hashing]); a list of checksums is held against the promised digest already.
package openpgp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/signature"
)

// Bounds on the work for one file, whatever lies beside it.
const (
	maxSignatures = openpgp.MaxSignatures // detached signatures of all materials together
	maxLists      = 4                     // lists of checksums
	maxCandidates = 4                     // certificates that one signature is held against
)

// Keyring has the certificates that grants name, of whatever project. It is asked from
// many goroutines at once.
type Keyring interface {
	// OpenPGP returns the certificates that have the key which a signature names: by its
	// fingerprint, or by its key id of 16 hex digits; all certificates where it is "".
	OpenPGP(issuer string) []*openpgp.Certificate
}

// Verifier verifies by the certificates of one keyring.
type Verifier struct{ keys Keyring }

// New returns a verifier.
func New(keys Keyring) *Verifier { return &Verifier{keys} }

// Name returns "openpgp".
func (*Verifier) Name() string { return "openpgp" }

// Quiet says that few files have what is verified here.
func (*Verifier) Quiet() {}

// NeedsContent returns false: what is signed by nobody known, and lists of checksums, are
// judged before the bytes are there.
func (*Verifier) NeedsContent() bool { return false }

// Hashing returns the hashes that the subject's signatures by known keys go on from, and
// those of the digests that signed lists have where the usual one is not among them.
func (v *Verifier) Hashing(s assay.Subject) []assay.Hashing {
	l := v.look(s)
	var out []assay.Hashing
	for _, m := range s.Materials {
		switch {
		case m.Err != nil:
		case m.Kind == assay.OpenPGPSignature:
			signatures, err := openpgp.ReadSignatures(m.Data)
			if err != nil || l.tooMany(len(signatures)) {
				continue
			}
			for _, sig := range signatures {
				if certs, _ := l.candidates(sig); len(certs) > 0 {
					out = append(out, hashing(sig))
				}
			}
		case m.Kind == assay.OpenPGPChecksums:
			if l.lists++; l.lists > maxLists {
				continue
			}
			text, err := openpgp.ReadCleartext(m.Data)
			if err != nil || !slices.ContainsFunc(text.Signatures, l.isKnown) {
				continue
			}
			sums, _ := openpgp.ReadChecksums(text.Text)
			out = append(out, listed(sums, s.Artifact.Filename).uncommon(s.Artifact)...)
		}
	}
	return out
}

// hashing is the hash whose state a signature goes on from.
func hashing(sig *openpgp.Signature) assay.Hashing {
	algorithm, salt := sig.Hashing()
	return assay.Hashing{Algorithm: algorithm, Salt: string(salt)}
}

// Verify judges every detached signature and every list of checksums.
func (v *Verifier) Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error) {
	l := v.look(s)
	for _, m := range s.Materials {
		if err := ctx.Err(); err != nil {
			return assay.Evidence{Verifier: v.Name(), State: assay.Absent}, err
		}
		switch {
		case m.Kind != assay.OpenPGPSignature && m.Kind != assay.OpenPGPChecksums:
		case m.Err != nil:
			l.OutOfReach(m)
		case m.Kind == assay.OpenPGPSignature:
			l.signatures(m)
		default:
			l.checksums(m)
		}
	}
	l.settle()
	return l.Evidence(v.Name()), ctx.Err()
}

// look is one look at one subject.
type look struct {
	signature.Outcome
	keys    Keyring
	subject assay.Subject
	digest  assay.Digest // of the claims
	known   map[string]found

	count, lists int // detached signatures, and lists, so far

	own    []assay.Claim // of those, by detached signatures: not yet among them
	faults []fault       // of detached signatures by known keys
}

// found is what the keyring has for one issuer.
type found struct {
	certs []*openpgp.Certificate
	err   error
}

// fault is what is wrong with a signature by a known key.
type fault struct {
	code   assay.Code
	detail string
}

func (v *Verifier) look(s assay.Subject) *look {
	l := &look{keys: v.keys, subject: s, known: map[string]found{}}
	l.digest, _ = s.SHA256()
	return l
}

// fail adds a finding that makes the evidence invalid.
func (l *look) fail(code assay.Code, where, detail string) {
	l.Invalid = true
	l.Find(code, where, detail)
}

// tooMany counts detached signatures, and reports whether these are too many.
func (l *look) tooMany(n int) bool {
	if l.count+n > maxSignatures {
		return true
	}
	l.count += n
	return false
}

// candidates returns the certificates that sign by the key which a signature names, and first
// the one whose primary key it is. Into a certificate that an import brings anybody can write
// another's key, and make as many of them as it takes: those are none. Of one that is there
// twice every signature counts, so that no copy lacks a revocation.
func (l *look) candidates(sig *openpgp.Signature) ([]*openpgp.Certificate, error) {
	issuer := sig.Issuer()
	if issuer == "" {
		return nil, nil // whoever made it could have said so: nobody tries all keys
	}
	if f, ok := l.known[issuer]; ok {
		return f.certs, f.err
	}
	primary := map[openpgp.Fingerprint]bool{}
	own := slices.DeleteFunc(slices.Clone(l.keys.OpenPGP(issuer)), func(c *openpgp.Certificate) bool {
		if c == nil {
			return true
		}
		first, sub := c.SignsBy(issuer)
		primary[c.Fingerprint()] = first
		return !first && !sub
	})
	var f found
	f.certs, f.err = openpgp.Merge(own...)
	if f.err != nil {
		f.certs = own[:1]
	}
	slices.SortFunc(f.certs, func(a, b *openpgp.Certificate) int {
		if first := primary[a.Fingerprint()]; first != primary[b.Fingerprint()] {
			if first {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.Fingerprint()), string(b.Fingerprint()))
	})
	f.certs = f.certs[:min(len(f.certs), maxCandidates)]
	l.known[issuer] = f
	return f.certs, f.err
}

// isKnown reports whether a signature names a key that the keyring has.
func (l *look) isKnown(sig *openpgp.Signature) bool {
	certs, _ := l.candidates(sig)
	return len(certs) > 0
}

// unknown notes a signature by a key that no grant names.
func (l *look) unknown(where string, sig *openpgp.Signature) {
	switch issuer := sig.Issuer(); len(issuer) {
	case 0:
		l.Find(assay.SignatureUnknownKey, where, "the signature does not say which key made it")
	case 16:
		l.Find(assay.SignatureUnknownKey, where, "the key id "+issuer)
	default:
		l.Find(assay.SignatureUnknownKey, where, "openpgp:"+issuer)
	}
}

// isForeign reports whether a file is a signature of some other program: several call
// theirs .sig, and their formats are not for this verifier to judge.
func isForeign(m assay.Material) bool {
	armored := bytes.Contains(m.Data[:min(len(m.Data), 4<<10)], []byte("-----BEGIN PGP"))
	return strings.HasSuffix(m.Name, ".sig") && len(m.Data) > 0 && !armored && m.Data[0]&0x80 == 0 // RFC 9580, section 4.2
}

// signatures judges a file of detached signatures.
func (l *look) signatures(m assay.Material) {
	signatures, err := openpgp.ReadSignatures(m.Data)
	if err != nil && isForeign(m) {
		l.Find(assay.SignatureUnknownKey, m.Name, "it is neither an OpenPGP nor an SSH signature")
		return
	}
	if err != nil {
		l.fail(assay.SignatureMalformed, m.Name, err.Error())
		return
	}
	if l.tooMany(len(signatures)) {
		l.fail(assay.SignatureMalformed, m.Name, fmt.Sprintf("with it there are more than %d signatures of the file", maxSignatures))
		return
	}
	for _, sig := range signatures {
		l.signature(m.Name, sig)
	}
}

// signature judges one detached signature.
func (l *look) signature(where string, sig *openpgp.Signature) {
	if !l.isKnown(sig) {
		l.unknown(where, sig)
		return
	}
	of, content := hashing(sig), l.subject.Content
	if content == nil && of.Known() {
		l.Pending = true
		return
	}
	if content != nil {
		if _, ok := content.State(of); (!ok || l.digest == assay.Digest{}) && of.Known() {
			l.Unavailable = true
			l.Find(assay.SignatureUnavailable, where, "the bytes were not read to their end, or not hashed by "+of.Algorithm)
			return
		}
	}
	claims, bad := l.judge(sig, assay.RoleArtifact, func(c *openpgp.Certificate) (openpgp.Valid, error) {
		if !of.Known() {
			return sig.Verify(c, nil) // says what is wrong with it
		}
		state, _ := content.State(of)
		return sig.Verify(c, state)
	})
	l.own = append(l.own, claims...)
	if bad != nil {
		l.faults = append(l.faults, fault{bad.code, where + ": " + bad.detail})
	}
}

// gravity has the codes of what is wrong with a signature from the gravest on. That it does not
// hold by one of several certificates is the least.
var gravity = []assay.Code{assay.SignatureRevoked, assay.SignatureKeyEnded, assay.SignatureWeak, assay.SignatureInvalid}

// judge holds a signature against the certificates that have its key. There are claims, or
// there is a fault, the gravest one; that a key was lost is told beside claims as well.
func (l *look) judge(sig *openpgp.Signature, role assay.Role, verify func(*openpgp.Certificate) (openpgp.Valid, error)) ([]assay.Claim, *fault) {
	certs, err := l.candidates(sig)
	if err != nil {
		return nil, &fault{assay.SignatureInvalid, err.Error()}
	}
	var claims []assay.Claim
	var bad *fault
	for _, c := range certs {
		valid, err := verify(c)
		if err == nil {
			claims = append(claims, l.claim(c, valid, role))
			continue
		}
		code := codeOf(sig, err)
		if bad == nil || slices.Index(gravity, code) < slices.Index(gravity, bad.code) {
			bad = &fault{code, err.Error()}
		}
	}
	if len(claims) > 0 && bad != nil && bad.code != assay.SignatureRevoked {
		bad = nil
	}
	return claims, bad
}

// codeOf is the code for what is wrong with a signature.
func codeOf(sig *openpgp.Signature, err error) assay.Code {
	var failure *openpgp.Failure
	if !errors.As(err, &failure) {
		return assay.SignatureInvalid
	}
	algorithm, _ := sig.Hashing()
	switch {
	case failure.Kind == openpgp.HardRevoked:
		return assay.SignatureRevoked
	case failure.Kind == openpgp.AfterKeyEnded:
		return assay.SignatureKeyEnded
	case failure.Kind == openpgp.Weak, failure.Kind == openpgp.Malformed && algorithm == "ripemd160":
		return assay.SignatureWeak
	}
	return assay.SignatureInvalid
}

// claim is what a signature that holds states.
func (l *look) claim(c *openpgp.Certificate, valid openpgp.Valid, role assay.Role) assay.Claim {
	out := assay.Claim{Method: "openpgp", Identity: "openpgp:" + string(valid.Signer), Digest: l.digest, Role: role, Maker: signature.Maker(valid.Public),
		Signed: valid.Created, Ends: valid.Ends, Weak: valid.Weak,
		Details: map[string]string{"key": string(valid.Key), "signed": valid.Created.UTC().Format(time.RFC3339)}}
	for _, key := range c.SigningKeys() {
		out.Kin = append(out.Kin, signature.Maker(key))
	}
	if ids := c.UserIDs(); len(ids) > 0 {
		out.Details["user_id"] = openpgp.Printable(ids[0])
	}
	if content := l.subject.Content; content != nil && content.Inside != nil && content.Inside.About != nil {
		if address, ok := c.HasAddress(content.Inside.About.Addresses); ok {
			out.Details["author"] = openpgp.Printable(address)
		}
	}
	return out
}

// settle weighs the detached signatures against each other once all are known. While the
// bytes are not, those that hold are not told from those that do not.
func (l *look) settle() {
	if l.subject.Content == nil && l.Pending {
		return
	}
	if len(l.own) == 0 {
		for _, f := range l.faults {
			l.fail(f.code, "", f.detail)
		}
		return
	}
	var beside []string
	for _, f := range l.faults {
		beside = append(beside, f.detail)
	}
	l.own = distinct(l.own)
	for i := range l.own {
		if len(beside) > 0 {
			l.own[i].Details["beside"] = strings.Join(beside, "; ")
		}
	}
	l.Claims = append(l.Claims, l.own...)
}

// distinct leaves out what is stated twice: a signature may lie beside a file under two
// names.
func distinct(claims []assay.Claim) []assay.Claim {
	var out []assay.Claim
	for _, c := range claims {
		same := func(o assay.Claim) bool {
			return o.Identity == c.Identity && o.Role == c.Role && o.Digest == c.Digest && o.Signed.Equal(c.Signed) && o.Ends.Equal(c.Ends) &&
				slices.Equal(o.Weak, c.Weak) && maps.Equal(o.Details, c.Details)
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, c)
		}
	}
	return out
}
