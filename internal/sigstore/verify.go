package sigstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"assay"

	"github.com/google/certificate-transparency-go/x509util"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// Verified is what holds about an entity.
type Verified struct {
	Certificate Certificate
	// Statement is what was signed; nil where the file itself was.
	Statement *Statement
	// Digest is the file's SHA-256 digest, which the signature covers.
	Digest assay.Digest
	// Time is the earliest observed time of the signature: when the log took the
	// entry, or a time-stamping authority saw it.
	Time time.Time
	// LogIndex is the index of the first log entry.
	LogIndex int64
}

// Verify checks everything about an entity that does not depend on who should
// have signed: the certificate was issued and logged under this root, was valid
// when the log or a time-stamping authority saw the signature, the log holds the
// entry, the signature is the certificate's, and what was signed is about the
// file with the given SHA-256 digest.
//
// The error joins everything that is wrong; take it apart with [Problems].
// Classes: ErrUntrusted, ErrInvalid, ErrMalformed, ErrWrongSubject; and where
// nothing is wrong but nothing can be concluded either, ErrUnknownVersion,
// ErrUnknownStatement, ErrUnknownPublisher.
func (r *Root) Verify(e *Entity, digest assay.Digest) (Verified, error) {
	switch {
	case e.Version != 1:
		return Verified{}, &problem{class: ErrUnknownVersion, detail: fmt.Sprintf("an attestation of version %d", e.Version)}
	case e.cert == nil:
		return Verified{}, &problem{class: ErrUnknownPublisher, detail: "a bare key without a certificate"}
	case e.payload == nil && e.Digest == assay.Digest{}:
		return Verified{}, &problem{class: ErrUnknownStatement, detail: "a signature over another digest than sha256"}
	}
	var problems []error
	result, err := r.check(e)
	if err != nil {
		problems = append(problems, err)
	}
	if e.Digest != (assay.Digest{}) && e.Digest != digest {
		problems = append(problems, &problem{class: ErrWrongSubject, detail: fmt.Sprintf("it is about %s, the file is %s", e.Digest, digest)})
	}
	switch {
	case e.payload == nil:
	case e.Statement == nil:
		problems = append(problems, &problem{class: ErrUnknownStatement, detail: fmt.Sprintf("a payload of type %q", e.payloadType)})
	case e.Statement.Type != StatementV1:
		problems = append(problems, &problem{class: ErrUnknownStatement, detail: fmt.Sprintf("a statement of type %q", e.Statement.Type)})
	case !e.Statement.known():
		problems = append(problems, &problem{class: ErrUnknownStatement, detail: fmt.Sprintf("%q", e.Statement.PredicateType)})
	}
	if len(problems) > 0 {
		return Verified{}, errors.Join(problems...)
	}
	v := Verified{Certificate: e.Certificate, Statement: e.Statement, Digest: e.Digest,
		LogIndex: e.entries[0].message.GetLogIndex()}
	for _, t := range result.VerifiedTimestamps {
		if v.Time.IsZero() || t.Timestamp.Before(v.Time) {
			v.Time = t.Timestamp.UTC()
		}
	}
	return v, nil
}

// check runs the checks of sigstore-go and those that it leaves open. A panic in
// a library on hostile input is an invalid entity.
func (r *Root) check(e *Entity) (result *verify.VerificationResult, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, invalid(fmt.Sprintf("verifying it broke down (%v)", p), nil)
		}
	}()
	for _, entry := range e.entries {
		if err := entry.check(); err != nil {
			return nil, err
		}
	}
	s, err := newSigned(e)
	if err != nil {
		return nil, &problem{class: ErrInvalid, detail: "its transparency log entry cannot be read", hidden: err}
	}
	result, err = r.verifier.Verify(s, e.policy())
	if err != nil {
		return nil, r.classify(e, err)
	}
	if err := r.checkEvery(s, result); err != nil {
		return nil, err
	}
	return result, nil
}

// policy asks sigstore-go for the signature over the digest that the entity
// states, so that its reading of the statement must agree with ours. Who signed
// is not its business.
func (e *Entity) policy() verify.PolicyBuilder {
	if e.Digest == (assay.Digest{}) {
		return verify.NewPolicy(verify.WithoutArtifactUnsafe(), verify.WithoutIdentitiesUnsafe())
	}
	// The parser took the digest from 64 hex digits or 32 bytes.
	raw, _ := hex.DecodeString(e.Digest.Hex)
	return verify.NewPolicy(verify.WithArtifactDigest("sha256", raw), verify.WithoutIdentitiesUnsafe())
}

// checkEvery holds the entity to all of its log entries and timestamps:
// sigstore-go is content with one that holds beside others that do not. An entry
// of a log that the root does not know says nothing and is passed over.
func (r *Root) checkEvery(s *signed, result *verify.VerificationResult) error {
	stamps := 0
	for _, t := range result.VerifiedTimestamps {
		if t.Type == "TimestampAuthority" {
			stamps++
		}
	}
	if stamps != len(s.entity.timestamps) {
		return invalid(fmt.Sprintf("%d of %d signed timestamps hold", stamps, len(s.entity.timestamps)), nil)
	}
	if len(s.entries) < 2 {
		return nil
	}
	for i, entry := range s.entries {
		if _, known := r.material.RekorLogs()[s.entity.entries[i].logID()]; !known {
			continue
		}
		if _, err := r.verifier.VerifyTransparencyLogInclusion(s.with(entry)); err != nil {
			return &problem{class: ErrInvalid, detail: fmt.Sprintf("its transparency log entry %d does not hold", i+1), hidden: err}
		}
	}
	return nil
}

// classify tells a failure that comes from another root (staging material under
// the production root) from one that would be a failure under any.
func (r *Root) classify(e *Entity, cause error) error {
	untrusted := func(detail string) error { return &problem{class: ErrUntrusted, detail: detail} }
	if len(e.entries) > 0 {
		known := false
		for _, entry := range e.entries {
			_, ok := r.material.RekorLogs()[entry.logID()]
			known = known || ok
		}
		if !known {
			return untrusted("its transparency log is not in the trusted root")
		}
	}
	issued := false
	for _, a := range r.material.own {
		issued = issued || a.issued(e.cert)
	}
	if !issued {
		return untrusted("its certificate authority is not in the trusted root")
	}
	if scts, err := x509util.ParseSCTsFromCertificate(e.cert.Raw); err == nil && len(scts) > 0 {
		known := false
		for _, sct := range scts {
			_, ok := r.material.CTLogs()[hex.EncodeToString(sct.LogID.KeyID[:])]
			known = known || ok
		}
		if !known {
			return untrusted("its certificate log is not in the trusted root")
		}
	}
	for _, stage := range stages {
		if strings.HasPrefix(cause.Error(), stage.prefix) {
			return &problem{class: ErrInvalid, detail: stage.detail, hidden: cause}
		}
	}
	return &problem{class: ErrInvalid, detail: "it does not verify", hidden: cause}
}

// stages says in our words at which of its steps sigstore-go refused.
var stages = []struct{ prefix, detail string }{
	{"failed to verify log inclusion", "its transparency log entry does not hold"},
	{"failed to verify timestamps", "nobody but the signer says when it was signed"},
	{"failed to verify leaf certificate", "its certificate's chain does not hold at the time of signing"},
	{"failed to verify signed certificate timestamp", "its certificate is not in a certificate log"},
	{"failed to verify signature", "its signature does not hold"},
}
