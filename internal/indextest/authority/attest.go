package authority

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/digitorus/timestamp"

	"assay/internal/sigstore"
)

// The predicate types that an index accepts.
const (
	PublishV1 = sigstore.PublishV1
	SLSAV1    = "https://slsa.dev/provenance/v1"
)

// errOtherRekor says that a fault cannot be, because the log's version has
// nothing of the kind.
var errOtherRekor = errors.New("this version of Rekor has no such thing")

const payloadType = "application/vnd.in-toto+json"

// Request says what to attest.
type Request struct {
	Filename string
	SHA256   [sha256.Size]byte
	Identity Identity
	// Publisher is the identity that a provenance object names, where it is not
	// the certificate's.
	Publisher *Identity
	// Predicate is the predicate type; PublishV1 if empty.
	Predicate string
	// Time is the time of signing; now if zero. Whole seconds count.
	Time time.Time
	// Rekor is the log's major version, 1 or 2; 1 if zero.
	Rekor  int
	Faults []Fault
}

func (r Request) has(f Fault) bool { return slices.Contains(r.Faults, f) }

// Attestation is one attestation object of PEP 740.
type Attestation struct {
	Version  int      `json:"version"`
	Material Material `json:"verification_material"`
	Envelope Envelope `json:"envelope"`
}

// Material is what an attestation's signature is verified with. Bytes are
// base64 in JSON.
type Material struct {
	Certificate         []byte           `json:"certificate"`
	TransparencyEntries []map[string]any `json:"transparency_entries"`
	// Timestamps are RFC 3161 responses, given with Rekor v2 entries only.
	Timestamps [][]byte `json:"timestamps,omitempty"`
}

// Envelope is the signed statement.
type Envelope struct {
	Statement []byte `json:"statement"`
	Signature []byte `json:"signature"`
}

// Attest signs and logs one attestation.
func (a *Authority) Attest(r Request) (*Attestation, error) {
	if r.has(OtherRoot) {
		other, err := a.Staging()
		if err != nil {
			return nil, err
		}
		r.Faults = slices.DeleteFunc(slices.Clone(r.Faults), func(f Fault) bool { return f == OtherRoot })
		return other.Attest(r)
	}
	if r.Rekor == 2 && r.has(BadPromise) {
		return nil, fmt.Errorf("%s: %w", BadPromise, errOtherRekor)
	}
	if r.Rekor != 2 && (r.has(NoTimestamp) || r.has(BadTimestamp)) {
		return nil, fmt.Errorf("%s, %s: %w", NoTimestamp, BadTimestamp, errOtherRekor)
	}
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	at := r.Time.UTC().Truncate(time.Second)
	statement, err := r.statement()
	if err != nil {
		return nil, err
	}
	from := at.Add(-time.Second)
	if r.has(ExpiredLeaf) {
		from = at.Add(-time.Hour - leafLifetime)
	}
	ca := a
	if r.has(OtherCA) {
		if ca, err = a.Staging(); err != nil {
			return nil, err
		}
	}
	leaf, err := ca.newLeaf(r.Identity.withDefaults(), from, r.Faults)
	if err != nil {
		return nil, err
	}
	signed := statement
	if r.has(BadSignature) {
		signed = append(slices.Clone(statement), ' ')
	}
	sum := sha256.Sum256(pae(signed))
	sig, err := leaf.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing the statement: %w", err)
	}
	out := &Attestation{
		Version:  1,
		Material: Material{Certificate: leaf.cert.Raw, TransparencyEntries: []map[string]any{}},
		Envelope: Envelope{Statement: statement, Signature: sig},
	}
	if r.has(AttestationVersion2) {
		out.Version = 2
	}
	return out, a.record(r, out, at)
}

// record adds the log's entry and, for Rekor v2, the timestamp.
func (a *Authority) record(r Request, out *Attestation, at time.Time) error {
	if r.Rekor == 2 && !r.has(NoTimestamp) {
		subject := out.Envelope.Signature
		if r.has(BadTimestamp) {
			subject = []byte("another signature")
		}
		ts, err := a.timestamp(subject, at)
		if err != nil {
			return err
		}
		out.Material.Timestamps = [][]byte{ts}
	}
	if r.has(NoLogEntry) {
		return nil
	}
	if r.has(OtherLogEntry) {
		r.Faults = nil
		r.Filename = "other-" + r.Filename
		other, err := a.Attest(r)
		if err != nil {
			return err
		}
		out.Material.TransparencyEntries = other.Material.TransparencyEntries
		return nil
	}
	var entry map[string]any
	var err error
	switch r.Rekor {
	case 0, 1:
		var body []byte
		if body, err = bodyV1(out); err == nil {
			entry, err = a.rekor1.entryV1(body, at, r.Faults)
		}
	case 2:
		var body []byte
		if body, err = bodyV2(out); err == nil {
			entry, err = a.rekor2.entryV2(body, r.Faults)
		}
	default:
		err = fmt.Errorf("unknown version %d of Rekor", r.Rekor)
	}
	if err != nil {
		return err
	}
	out.Material.TransparencyEntries = []map[string]any{entry}
	return nil
}

// statement is the in-toto statement, version 1.
func (r Request) statement() ([]byte, error) {
	if r.has(StatementNotJSON) {
		return []byte("not json"), nil
	}
	type subject struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	}
	name, sum := r.Filename, r.SHA256
	if r.has(WrongSubject) {
		name = "other_" + name
	}
	if r.has(WrongDigest) {
		sum = sha256.Sum256(sum[:])
	}
	subjects := []subject{{name, map[string]string{"sha256": hex.EncodeToString(sum[:])}}}
	if r.has(NoSubject) {
		subjects = []subject{}
	}
	if r.has(TwoSubjects) {
		other := sha256.Sum256(sum[:])
		subjects = append(subjects, subject{"other_" + name, map[string]string{"sha256": hex.EncodeToString(other[:])}})
	}
	predicateType, predicate := r.Predicate, any(nil)
	if predicateType == "" {
		predicateType = PublishV1
	}
	if predicateType == SLSAV1 {
		predicate = map[string]any{
			"buildDefinition": map[string]any{"buildType": "https://example.invalid/build/v1"},
			"runDetails":      map[string]any{"builder": map[string]any{"id": "https://example.invalid/builder"}},
		}
	}
	if r.has(UnknownPredicate) {
		predicateType = "https://example.invalid/predicate/v1"
	}
	if r.has(PredicateBody) {
		predicate = map[string]any{"unexpected": true}
	}
	out, err := json.Marshal(struct {
		Type          string    `json:"_type"`
		Subject       []subject `json:"subject"`
		PredicateType string    `json:"predicateType"`
		Predicate     any       `json:"predicate"`
	}{"https://in-toto.io/Statement/v1", subjects, predicateType, predicate})
	if err != nil {
		return nil, fmt.Errorf("encoding the statement: %w", err)
	}
	return out, nil
}

// pae is DSSE's pre-authentication encoding of a statement.
func pae(payload []byte) []byte {
	return append([]byte("DSSEv1 "+strconv.Itoa(len(payloadType))+" "+payloadType+" "+strconv.Itoa(len(payload))+" "), payload...)
}

// hashValue is a digest as Rekor v1 writes it, in hexadecimal.
type hashValue struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

func sha256Value(b []byte) hashValue {
	sum := sha256.Sum256(b)
	return hashValue{"sha256", hex.EncodeToString(sum[:])}
}

// bodyV1 is Rekor v1's canonical entry of kind dsse 0.0.1.
func bodyV1(a *Attestation) ([]byte, error) {
	envelope, err := json.Marshal(map[string]any{
		"payload":     a.Envelope.Statement,
		"payloadType": payloadType,
		"signatures":  []any{map[string]any{"sig": a.Envelope.Signature}},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the envelope: %w", err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Material.Certificate})
	body, err := json.Marshal(map[string]any{
		"apiVersion": "0.0.1",
		"kind":       "dsse",
		"spec": map[string]any{
			"envelopeHash": sha256Value(envelope),
			"payloadHash":  sha256Value(a.Envelope.Statement),
			"signatures": []any{map[string]any{
				"signature": base64.StdEncoding.EncodeToString(a.Envelope.Signature),
				"verifier":  certificate,
			}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the log entry: %w", err)
	}
	return body, nil
}

// bodyV2 is Rekor v2's canonical entry of kind hashedrekord 0.0.2 over the
// DSSE encoding.
func bodyV2(a *Attestation) ([]byte, error) {
	sum := sha256.Sum256(pae(a.Envelope.Statement))
	body, err := json.Marshal(map[string]any{
		"apiVersion": "0.0.2",
		"kind":       "hashedrekord",
		"spec": map[string]any{"hashedRekordV002": map[string]any{
			"data": map[string]any{"algorithm": "SHA2_256", "digest": sum[:]},
			"signature": map[string]any{
				"content": a.Envelope.Signature,
				"verifier": map[string]any{
					"keyDetails":      "PKIX_ECDSA_P256_SHA_256",
					"x509Certificate": map[string]any{"rawBytes": a.Material.Certificate},
				},
			},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the log entry: %w", err)
	}
	return body, nil
}

// timestamp returns an RFC 3161 response for a signature.
func (a *Authority) timestamp(signature []byte, at time.Time) ([]byte, error) {
	request, err := timestamp.CreateRequest(bytes.NewReader(signature), &timestamp.RequestOptions{Hash: crypto.SHA256})
	if err != nil {
		return nil, fmt.Errorf("asking for a timestamp: %w", err)
	}
	parsed, err := timestamp.ParseRequest(request)
	if err != nil {
		return nil, fmt.Errorf("reading the request for a timestamp: %w", err)
	}
	response := timestamp.Timestamp{
		HashAlgorithm:     parsed.HashAlgorithm,
		HashedMessage:     parsed.HashedMessage,
		Time:              at,
		Policy:            asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
		AddTSACertificate: true,
	}
	out, err := response.CreateResponseWithOpts(a.tsa.cert, a.tsa.key, crypto.SHA384)
	if err != nil {
		return nil, fmt.Errorf("making a timestamp: %w", err)
	}
	return out, nil
}
