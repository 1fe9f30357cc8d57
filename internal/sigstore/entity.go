package sigstore

import (
	"crypto/x509"
	"fmt"

	"assay"

	"github.com/go-json-experiment/json"
)

// Entity is one signed thing as it was read, an attestation or a Sigstore
// bundle. Nothing in it has been verified.
type Entity struct {
	// Version is the attestation's version. Of one other than 1 nothing else is
	// read. Sigstore bundles of a known version have 1.
	Version int
	// Statement is what an envelope states; nil where a message (the file
	// itself) was signed, or something that is no in-toto statement.
	Statement *Statement
	// Certificate is the signer's certificate; empty where a bare key signed.
	Certificate Certificate
	// Digest is the SHA-256 digest of the file that this is about; empty where
	// it does not say.
	Digest assay.Digest

	cert        *x509.Certificate
	entries     []entry
	timestamps  [][]byte
	payload     []byte // of an envelope
	payloadType string
	signature   []byte
	format      string // the bundle version that sigstore-go goes by
}

// wireAttestation is a PEP 740 attestation object of version 1.
type wireAttestation struct {
	Version  *float64 `json:"version"`
	Material struct {
		Certificate base64Bytes   `json:"certificate"`
		Entries     []wireEntry   `json:"transparency_entries"`
		Timestamps  []base64Bytes `json:"timestamps"`
	} `json:"verification_material"`
	Envelope struct {
		Statement base64Bytes `json:"statement"`
		Signature base64Bytes `json:"signature"`
	} `json:"envelope"`
}

// ParseAttestation reads one PEP 740 attestation object. Errors are
// ErrMalformed; an attestation of another version is returned as such.
func ParseAttestation(data []byte) (*Entity, error) {
	var wire wireAttestation
	err := decode(data, MaxAttestationSize, &wire)
	if err != nil || wire.Version == nil || *wire.Version != 1 {
		version, err := otherVersion(data, MaxAttestationSize, err)
		if err != nil {
			return nil, malformed("the attestation", err)
		}
		return &Entity{Version: version}, nil
	}
	e := &Entity{Version: 1, format: "v0.3", payloadType: intotoPayload, payload: wire.Envelope.Statement}
	if e.entries, err = parseEntries(wire.Material.Entries, true); err != nil {
		return nil, err
	}
	if err := e.setCertificate(wire.Material.Certificate); err != nil {
		return nil, err
	}
	if err := e.setTimestamps(wire.Material.Timestamps); err != nil {
		return nil, err
	}
	if err := e.setSignature(wire.Envelope.Signature); err != nil {
		return nil, err
	}
	if e.Statement, err = parseStatement(e.payload); err != nil {
		return nil, err
	}
	e.Digest = e.Statement.Digest
	return e, nil
}

// otherVersion looks at an object that is not a well-formed one of version 1 and
// returns which other version it says that it has. Otherwise it returns cause,
// or what is wrong with the version.
func otherVersion(data []byte, limit int, cause error) (int, error) {
	var head struct {
		Version *float64 `json:"version"`
	}
	if err := decode(data, limit, &head); err != nil {
		return 0, err
	}
	switch {
	case head.Version != nil && *head.Version == 1:
		return 0, cause
	case head.Version == nil:
		return 0, valueError("it has no version")
	}
	v := int(*head.Version)
	if float64(v) != *head.Version {
		return 0, valueError("its version is not an integer")
	}
	return v, nil
}

func (e *Entity) setCertificate(der []byte) error {
	if len(der) == 0 || len(der) > maxCertificate {
		return malformed("the certificate is missing or too large", nil)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return malformed("the certificate cannot be read", err)
	}
	e.cert = cert
	e.Certificate, err = ReadCertificate(cert)
	return err
}

func (e *Entity) setTimestamps(timestamps []base64Bytes) error {
	if len(timestamps) > MaxTimestamps {
		return malformed(fmt.Sprintf("%d timestamps are more than the %d that are read", len(timestamps), MaxTimestamps), nil)
	}
	for _, t := range timestamps {
		if len(t) == 0 || len(t) > maxTimestamp {
			return malformed("a timestamp is empty or too large", nil)
		}
		e.timestamps = append(e.timestamps, t)
	}
	return nil
}

func (e *Entity) setSignature(signature []byte) error {
	if len(signature) == 0 || len(signature) > maxSignature {
		return malformed("the signature is missing or too large", nil)
	}
	e.signature = signature
	return nil
}

// rejectUnknown refuses members that a message does not have, as protobuf's own
// JSON reader does.
var rejectUnknown = json.RejectUnknownMembers(true)
