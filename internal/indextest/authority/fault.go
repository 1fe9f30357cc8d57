package authority

import (
	"fmt"
	"slices"
)

// Fault names one thing that is wrong about an issued object.
type Fault string

// The faults of one attestation.
const (
	// WrongSubject names another file in the statement; the digest is right.
	WrongSubject Fault = "wrong-subject"
	// WrongDigest puts another SHA-256 digest into the statement.
	WrongDigest Fault = "wrong-digest"
	// NoSubject and TwoSubjects break the rule of exactly one subject.
	NoSubject   Fault = "no-subject"
	TwoSubjects Fault = "two-subjects"
	// UnknownPredicate signs a predicate type that no index accepts.
	UnknownPredicate Fault = "unknown-predicate"
	// PredicateBody gives the publish predicate a body, which must be empty.
	PredicateBody Fault = "predicate-body"
	// StatementNotJSON signs a payload that is no JSON at all.
	StatementNotJSON Fault = "statement-not-json"
	// ExpiredLeaf logs the signature an hour after the certificate ended.
	ExpiredLeaf Fault = "expired-leaf"
	// NoSCT leaves the certificate's SCT out; BadSCT signs it over another
	// certificate.
	NoSCT  Fault = "no-sct"
	BadSCT Fault = "bad-sct"
	// OtherRoot takes everything from the instance that Staging returns.
	OtherRoot Fault = "other-root"
	// OtherCA takes the certificate alone from there.
	OtherCA Fault = "other-ca"
	// BadSignature is an envelope signature over another payload.
	BadSignature Fault = "bad-signature"
	// NoLogEntry gives no transparency log entry.
	NoLogEntry Fault = "no-log-entry"
	// OtherLogEntry gives a sound log entry of another attestation.
	OtherLogEntry Fault = "other-log-entry"
	// BadInclusionProof changes one hash of the proof.
	BadInclusionProof Fault = "bad-inclusion-proof"
	// BadCheckpoint signs the checkpoint with another key.
	BadCheckpoint Fault = "bad-checkpoint"
	// BadPromise breaks the signed entry timestamp. Rekor v1 only.
	BadPromise Fault = "bad-promise"
	// NoTimestamp and BadTimestamp leave the RFC 3161 timestamp out or make it
	// over another signature. Rekor v2 only.
	NoTimestamp  Fault = "no-timestamp"
	BadTimestamp Fault = "bad-timestamp"
	// AttestationVersion2 says version 2 in the attestation.
	AttestationVersion2 Fault = "attestation-version-2"
)

// The faults of a provenance object.
const (
	// WrongPublisher names a publisher that the certificate does not carry.
	WrongPublisher Fault = "wrong-publisher"
	// UnknownKind names a kind of publisher that nobody knows.
	UnknownKind Fault = "unknown-kind"
	// EmptyBundles and EmptyAttestations attest nothing.
	EmptyBundles      Fault = "empty-bundles"
	EmptyAttestations Fault = "empty-attestations"
	// DuplicatePredicate holds two good attestations of one predicate type.
	DuplicatePredicate Fault = "duplicate-predicate"
	// Version2 says version 2 in the provenance object.
	Version2 Fault = "version-2"
)

var attestationFaults = []Fault{
	WrongSubject, WrongDigest, NoSubject, TwoSubjects, UnknownPredicate, PredicateBody,
	StatementNotJSON, ExpiredLeaf, NoSCT, BadSCT, OtherRoot, OtherCA, BadSignature, NoLogEntry,
	OtherLogEntry, BadInclusionProof, BadCheckpoint, BadPromise, NoTimestamp, BadTimestamp,
	AttestationVersion2,
}

var provenanceFaults = []Fault{
	WrongPublisher, UnknownKind, EmptyBundles, EmptyAttestations, DuplicatePredicate, Version2,
}

// Faults returns every fault that Provenance knows.
func Faults() []Fault { return slices.Concat(attestationFaults, provenanceFaults) }

// ParseFault returns the fault of that name.
func ParseFault(name string) (Fault, error) {
	f := Fault(name)
	if !slices.Contains(attestationFaults, f) && !slices.Contains(provenanceFaults, f) {
		return "", fmt.Errorf("unknown fault %q of an attestation", name)
	}
	return f, nil
}
