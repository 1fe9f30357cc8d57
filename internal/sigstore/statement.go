package sigstore

import (
	"encoding/hex"
	"fmt"
	"strings"

	"assay"

	"github.com/go-json-experiment/json/jsontext"
)

// What attestations of distribution files state.
const (
	// StatementV1 is the type of the in-toto statements that are read.
	StatementV1 = "https://in-toto.io/Statement/v1"
	// PublishV1 says that a Trusted Publisher uploaded the file; its body is
	// null or {}.
	PublishV1 = "https://docs.pypi.org/attestations/publish/v1"
	// SLSAProvenanceV1 says how the file was built.
	SLSAProvenanceV1 = "https://slsa.dev/provenance/v1"

	// intotoPayload is the payload type of an envelope that holds a statement.
	intotoPayload = "application/vnd.in-toto+json"
)

// Statement is an in-toto statement about one distribution file.
type Statement struct {
	Type          string
	PredicateType string
	// Name and Digest are the subject's file name and SHA-256 digest. They are
	// empty in a statement of another type than StatementV1.
	Name   string
	Digest assay.Digest
}

// known reports whether the statement is of a kind that can verify anything.
func (s *Statement) known() bool {
	return s.Type == StatementV1 && (s.PredicateType == PublishV1 || s.PredicateType == SLSAProvenanceV1)
}

// parseStatement reads the payload of an envelope:
//
//	{"_type": "https://in-toto.io/Statement/v1",
//	 "subject": [{"name": "x-1.0.tar.gz", "digest": {"sha256": "ab…"}}],
//	 "predicateType": "https://docs.pypi.org/attestations/publish/v1", "predicate": null}
//
// Exactly one subject is accepted, with a SHA-256 digest in lower case.
func parseStatement(payload []byte) (*Statement, error) {
	var wire struct {
		Type          string         `json:"_type"`
		PredicateType string         `json:"predicateType"`
		Predicate     jsontext.Value `json:"predicate"`
		Subject       jsontext.Value `json:"subject"`
	}
	if err := decode(payload, MaxAttestationSize, &wire); err != nil {
		return nil, malformed("the statement", err)
	}
	if wire.Type == "" || wire.PredicateType == "" || len(wire.Type) > maxName || len(wire.PredicateType) > maxName {
		return nil, malformed("the statement has no usable type", nil)
	}
	s := &Statement{Type: wire.Type, PredicateType: wire.PredicateType}
	if s.Type != StatementV1 {
		return s, nil
	}
	var err error
	if s.Name, s.Digest, err = parseSubject(wire.Subject); err != nil {
		return nil, err
	}
	if body := strings.Join(strings.Fields(string(wire.Predicate)), ""); s.PredicateType == PublishV1 &&
		body != "" && body != "null" && body != "{}" {
		return nil, malformed("the publish statement has a body", nil)
	}
	return s, nil
}

func parseSubject(data jsontext.Value) (string, assay.Digest, error) {
	var subjects []struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	}
	if len(data) > 0 {
		if err := decode(data, MaxAttestationSize, &subjects); err != nil {
			return "", assay.Digest{}, malformed("the statement's subject", err)
		}
	}
	if len(subjects) != 1 {
		return "", assay.Digest{}, malformed(fmt.Sprintf("the statement has %d subjects, not one", len(subjects)), nil)
	}
	subject := subjects[0]
	if subject.Name == "" || len(subject.Name) > maxName || len(subject.Digest) > maxDigests {
		return "", assay.Digest{}, malformed("the statement's subject has no usable name or too many digests", nil)
	}
	value := subject.Digest["sha256"]
	raw, err := hex.DecodeString(value)
	if err != nil || len(raw) != 32 || strings.ToLower(value) != value {
		return "", assay.Digest{}, malformed("the statement's subject has no sha256 digest", nil)
	}
	return subject.Name, assay.Digest{Algorithm: "sha256", Hex: value}, nil
}
