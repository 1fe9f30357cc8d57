// Package ssh verifies SSH signatures of a file (`ssh-keygen -Y sign -n file`) by the keys
// that grants name.
//
//	no such material                                     → Absent       and nothing is said
//	material known to exist, not to be had               → Unavailable  signature.unavailable
//	material that cannot be read without doubt           → Invalid      signature.malformed
//	by a key that no grant names, whether it holds or not,
//	or of a kind that none can name                      → Absent       signature.unknown-key
//	by a known key, and the digest that it signs is not known yet
//	                                                     → Pending
//	only such by known keys that do not hold             → Invalid      signature.invalid, .weak
//	one by a known key that holds                        → Verified     one claim for each
//
// Example: demo-1.0.tar.gz.sig beside demo-1.0.tar.gz, by a key that is granted to somebody,
// becomes the claim
//
//	{Method: "ssh", Identity: "ssh:SHA256:AbC…", Role: "artifact", Digest: sha256:0ace…,
//	 Details: {"type": "ssh-ed25519"}}
//
// A signature has no time, and what is signed is a digest of the file in SHA-256 or SHA-512:
// where that one is promised, the signature is judged before the bytes are there. Signatures
// count in the namespace "file" only. One that holds suffices; what does not hold beside it,
// by known keys, is in the claim's details ("beside").
package ssh

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay"
	"assay/internal/signature"
	"assay/internal/sshsig"
)

const (
	namespace     = "file" // what ssh-keygen's manual names for signatures of files
	maxSignatures = 16     // beside one file
)

// Keyring knows the keys that grants name, of whatever project. It is asked from many
// goroutines at once.
type Keyring interface {
	// SSH reports whether a key is granted to anybody, by its fingerprint "SHA256:…".
	SSH(fingerprint string) bool
}

// Verifier verifies by the keys of one keyring.
type Verifier struct{ keys Keyring }

// New returns a verifier.
func New(keys Keyring) *Verifier { return &Verifier{keys} }

// Name returns "ssh".
func (*Verifier) Name() string { return "ssh" }

// Quiet says that few files have what is verified here.
func (*Verifier) Quiet() {}

// NeedsContent returns false: a promised digest is enough where it is the signed one.
func (*Verifier) NeedsContent() bool { return false }

// Hashing returns the digests that the subject's signatures by known keys are made over.
func (v *Verifier) Hashing(s assay.Subject) []assay.Hashing {
	var out []assay.Hashing
	for _, m := range s.Materials {
		if m.Kind != assay.SSHSignature || m.Err != nil || len(out) == maxSignatures {
			continue
		}
		sig, err := sshsig.Parse(m.Data)
		if err == nil && v.keys.SSH(sig.Key().Fingerprint()) {
			out = append(out, assay.Hashing{Algorithm: sig.HashAlgorithm()})
		}
	}
	return out
}

// Verify judges every SSH signature.
func (v *Verifier) Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error) {
	l := look{keys: v.keys, subject: s}
	for _, m := range s.Materials {
		if err := ctx.Err(); err != nil {
			return assay.Evidence{Verifier: v.Name(), State: assay.Absent}, err
		}
		switch {
		case m.Kind != assay.SSHSignature:
		case m.Err != nil:
			l.OutOfReach(m)
		default:
			l.signature(m)
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
	count   int

	faults []assay.Finding // of signatures by known keys
}

// signature judges one signature.
func (l *look) signature(m assay.Material) {
	if l.count++; l.count > maxSignatures {
		l.Invalid = true
		l.Find(assay.SignatureMalformed, m.Name, fmt.Sprintf("with it there are more than %d signatures of the file", maxSignatures))
		return
	}
	sig, err := sshsig.Parse(m.Data)
	switch {
	case errors.Is(err, sshsig.ErrUnsupported), errors.Is(err, sshsig.ErrWeak):
		// Whose it is cannot be told, nor does any grant let it count.
		l.Find(assay.SignatureUnknownKey, m.Name, err.Error())
		return
	case err != nil:
		l.Invalid = true
		l.Find(assay.SignatureMalformed, m.Name, err.Error())
		return
	}
	fingerprint := sig.Key().Fingerprint()
	if !l.keys.SSH(fingerprint) {
		l.Find(assay.SignatureUnknownKey, m.Name, "ssh:"+fingerprint)
		return
	}
	over, about, ok := l.digest(sig.HashAlgorithm())
	switch {
	case !ok && l.subject.Content == nil:
		l.Pending = true
		return
	case !ok:
		l.Unavailable = true
		l.Find(assay.SignatureUnavailable, m.Name, "the bytes were not read to their end, or not hashed by "+sig.HashAlgorithm())
		return
	}
	if err := sig.Verify(namespace, over); err != nil {
		code := assay.SignatureInvalid
		if errors.Is(err, sshsig.ErrWeak) {
			code = assay.SignatureWeak
		}
		l.faults = append(l.faults, assay.Finding{Code: code, Detail: m.Name + ": " + err.Error()})
		return
	}
	identity := "ssh:" + fingerprint
	if slices.ContainsFunc(l.Claims, func(c assay.Claim) bool { return c.Identity == identity && c.Digest == about }) {
		return // the same signature under another name
	}
	l.Claims = append(l.Claims, assay.Claim{Method: "ssh", Identity: identity, Digest: about, Role: assay.RoleArtifact, Maker: signature.Maker(sig.Key().Public()),
		Details: map[string]string{"type": sig.Key().Type()}})
}

// digest returns the file's digest that a signature is made over, and the one that its
// claim is about: the computed SHA-256 where the bytes were read, else the promised digest
// that is signed.
func (l *look) digest(algorithm string) (over []byte, about assay.Digest, ok bool) {
	content := l.subject.Content
	if content == nil {
		d, ok := l.subject.Artifact.Digest(algorithm)
		over, err := hex.DecodeString(d.Hex)
		return over, d, ok && err == nil
	}
	about, ok = content.Digest("sha256")
	if !ok {
		return nil, about, false
	}
	if d, ok := content.Digest(algorithm); ok {
		over, err := hex.DecodeString(d.Hex)
		return over, about, err == nil
	}
	state, ok := content.State(assay.Hashing{Algorithm: algorithm})
	if !ok {
		return nil, about, false
	}
	return state.Sum(nil), about, true
}

// settle weighs the signatures against each other once all of them were judged.
func (l *look) settle() {
	if l.Pending {
		return
	}
	if len(l.Claims) == 0 {
		l.Findings = append(l.Findings, l.faults...)
		l.Invalid = l.Invalid || len(l.faults) > 0
		return
	}
	for _, f := range l.faults {
		for _, c := range l.Claims {
			c.Details["beside"] = strings.TrimPrefix(c.Details["beside"]+"; "+f.Detail, "; ")
		}
	}
}
