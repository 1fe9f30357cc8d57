// Package jws verifies RECORD.jws, the signature that the wheel tool once put into wheels,
// by the keys that grants name.
//
// It lies inside of the wheel, beside the RECORD that it signs, and vouches for the archive
// as far as RECORD has the hash of everything in it and the archive is what it lists:
//
//	key ──signs──▶ RECORD ──lists──▶ every member, each with its hash
//
//	no RECORD.jws, or nobody has looked inside           → Absent       and nothing is said
//	one that cannot be read without doubt                → Invalid      signature.malformed
//	by another algorithm                                 → Absent       signature.unknown-key
//	about another RECORD, or one signature does not hold → Invalid      signature.invalid
//	only by keys that no grant names                     → Absent       signature.unknown-key
//	the archive is not sound                             → Invalid      signature.invalid
//	RECORD does not list every member with a hash        → Absent       signature.unlisted
//	else                                                 → Verified     one claim for each known key
//
// Example: demo-1.0-py3-none-any.whl with a RECORD.jws by a key that is granted to somebody
// becomes the claim
//
//	{Method: "jws", Identity: "jws:AbC…", Role: "artifact", Digest: sha256:0ace… (of the wheel)}
//
// Which keys have signed is known only where all signatures hold: one that does not makes
// the whole invalid, whosever it is.
package jws

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"assay"
	"assay/internal/jws"
	"assay/internal/signature"
)

// where names the material in messages.
const where = "RECORD.jws"

// Keyring knows the keys that grants name, of whatever project. It is asked from many
// goroutines at once.
type Keyring interface {
	// JWS reports whether a key is granted to anybody, as `wheel keygen` printed it.
	JWS(key string) bool
}

// Verifier verifies by the keys of one keyring.
type Verifier struct{ keys Keyring }

// New returns a verifier.
func New(keys Keyring) *Verifier { return &Verifier{keys} }

// Name returns "jws".
func (*Verifier) Name() string { return "jws" }

// Quiet says that few files have what is verified here.
func (*Verifier) Quiet() {}

// NeedsContent returns true: the signature is in the file.
func (*Verifier) NeedsContent() bool { return true }

// Verify judges the RECORD.jws that was seen inside of the subject's content.
func (v *Verifier) Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error) {
	ev := assay.Evidence{Verifier: v.Name(), State: assay.Absent}
	if err := ctx.Err(); err != nil {
		return ev, err
	}
	if s.Content == nil || s.Content.Inside == nil || s.Content.Inside.RecordJWS == nil {
		return ev, nil
	}
	v.judge(&ev, s.Content, s.Content.Inside)
	return ev, nil
}

func (v *Verifier) judge(ev *assay.Evidence, content *assay.Content, in *assay.Inside) {
	come := func(state assay.State, code assay.Code, detail string) {
		ev.State, ev.Claims = state, nil
		ev.Findings = append(ev.Findings, assay.Finding{Code: code, Detail: where + ": " + detail})
	}
	parsed, err := jws.Parse(in.RecordJWS)
	switch {
	case errors.Is(err, jws.ErrAlgorithm):
		come(assay.Absent, assay.SignatureUnknownKey, err.Error())
		return
	case err != nil:
		come(assay.Invalid, assay.SignatureMalformed, err.Error())
		return
	}
	record, err := hex.DecodeString(in.RecordSHA256.Hex)
	if err != nil || in.RecordSHA256.Algorithm != "sha256" {
		record = nil // then it is about another one
	}
	signers, err := parsed.Verify(record)
	if err != nil {
		come(assay.Invalid, assay.SignatureInvalid, err.Error())
		return
	}
	digest, whole := content.Digest("sha256")
	var claims []assay.Claim
	for _, k := range signers {
		if !v.keys.JWS(k.String()) {
			come(assay.Absent, assay.SignatureUnknownKey, "jws:"+k.String())
			continue
		}
		claims = append(claims, assay.Claim{Method: "jws", Identity: "jws:" + k.String(), Digest: digest, Role: assay.RoleArtifact, Maker: signature.Maker(k.Public())})
	}
	switch {
	case len(claims) == 0:
	case in.Format != "wheel" || slices.ContainsFunc(in.Findings, refuses):
		come(assay.Invalid, assay.SignatureInvalid, "RECORD is signed, and the archive is not sound")
	case !in.Listed:
		come(assay.Absent, assay.SignatureUnlisted, "RECORD does not list every member with a hash, so that who has signed it vouches for nothing")
	case !whole:
		come(assay.Unavailable, assay.SignatureUnavailable, "the bytes were not read to their end")
	default:
		ev.State, ev.Claims = assay.Verified, claims
	}
}

// refuses reports whether a finding says that the archive is not sound.
func refuses(f assay.Finding) bool { return f.Code.Severity() == assay.Error }
