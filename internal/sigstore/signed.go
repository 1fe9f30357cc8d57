package sigstore

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"

	"assay"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	sigbundle "github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// signed presents an Entity to sigstore-go's verifier. What the verifier asks
// for several times (log entries, the certificate) is parsed once: that, and the
// detour through protobuf's generic JSON, is most of what sigstore-go's own
// bundle costs beside the signatures.
type signed struct {
	verify.BaseSignedEntity
	entity      *Entity
	certificate *sigbundle.Certificate
	content     verify.SignatureContent
	entries     []*tlog.Entry
}

// newSigned parses the log entries' bodies and builds the rest.
func newSigned(e *Entity) (*signed, error) {
	s := &signed{entity: e, entries: make([]*tlog.Entry, len(e.entries))}
	for i, entry := range e.entries {
		parsed, err := tlog.ParseTransparencyLogEntry(entry.message)
		if err != nil {
			return nil, err
		}
		s.entries[i] = parsed
	}
	cert := e.cert
	if len(cert.UnhandledCriticalExtensions) > 0 {
		// The verifier edits the certificate then.
		own := *cert
		own.UnhandledCriticalExtensions = append([]asn1.ObjectIdentifier(nil), cert.UnhandledCriticalExtensions...)
		cert = &own
	}
	s.certificate = sigbundle.NewCertificate(cert)
	if e.payload == nil {
		raw, err := hex.DecodeString(e.Digest.Hex)
		if err != nil {
			return nil, err
		}
		s.content = sigbundle.NewMessageSignature(raw, "SHA2_256", e.signature)
		return s, nil
	}
	s.content = &envelope{signature: e.signature, statement: e.Statement, raw: dsse.Envelope{
		PayloadType: e.payloadType,
		Payload:     base64.StdEncoding.EncodeToString(e.payload),
		Signatures:  []dsse.Signature{{Sig: base64.StdEncoding.EncodeToString(e.signature)}},
	}}
	return s, nil
}

// with returns the same entity with one log entry only.
func (s *signed) with(entry *tlog.Entry) *signed {
	one := *s
	one.entries = []*tlog.Entry{entry}
	return &one
}

func (s *signed) HasInclusionPromise() bool {
	for _, e := range s.entries {
		if e.HasInclusionPromise() {
			return true
		}
	}
	return false
}

func (s *signed) HasInclusionProof() bool {
	for _, e := range s.entries {
		if e.HasInclusionProof() {
			return true
		}
	}
	return false
}

func (s *signed) TlogEntries() ([]*tlog.Entry, error) { return s.entries, nil }

func (s *signed) Timestamps() ([][]byte, error) { return s.entity.timestamps, nil }

func (s *signed) SignatureContent() (verify.SignatureContent, error) { return s.content, nil }

func (s *signed) VerificationContent() (verify.VerificationContent, error) {
	return s.certificate, nil
}

func (s *signed) Version() (string, error) { return s.entity.format, nil }

// envelope is the signed envelope of an in-toto statement.
type envelope struct {
	raw       dsse.Envelope
	signature []byte
	statement *Statement
}

func (e *envelope) Signature() []byte { return e.signature }

func (e *envelope) EnvelopeContent() verify.EnvelopeContent { return e }

func (e *envelope) MessageSignatureContent() verify.MessageSignatureContent { return nil }

func (e *envelope) RawEnvelope() *dsse.Envelope { return &e.raw }

// Statement returns the statement as it was read strictly, without its body.
func (e *envelope) Statement() (*intoto.Statement, error) {
	if e.statement == nil {
		return nil, nil
	}
	s := &intoto.Statement{Type: e.statement.Type, PredicateType: e.statement.PredicateType}
	if e.statement.Digest != (assay.Digest{}) {
		s.Subject = []*intoto.ResourceDescriptor{{Name: e.statement.Name,
			Digest: map[string]string{e.statement.Digest.Algorithm: e.statement.Digest.Hex}}}
	}
	return s, nil
}

var _ verify.SignedEntity = (*signed)(nil)
