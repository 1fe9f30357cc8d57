package sigstore

import (
	"encoding/hex"
	"fmt"

	"assay"
)

type wireRaw struct {
	RawBytes base64Bytes `json:"rawBytes"`
}

// wireBundle is a Sigstore bundle in protobuf's JSON.
type wireBundle struct {
	MediaType string `json:"mediaType"`
	Material  struct {
		Certificate *wireRaw `json:"certificate"`
		Chain       *struct {
			Certificates []wireRaw `json:"certificates"`
		} `json:"x509CertificateChain"`
		PublicKey *struct {
			Hint string `json:"hint"`
		} `json:"publicKey"`
		Entries    []wireEntry `json:"tlogEntries"`
		Timestamps *struct {
			RFC3161 []struct {
				SignedTimestamp base64Bytes `json:"signedTimestamp"`
			} `json:"rfc3161Timestamps"`
		} `json:"timestampVerificationData"`
	} `json:"verificationMaterial"`
	Envelope *struct {
		Payload     base64Bytes `json:"payload"`
		PayloadType string      `json:"payloadType"`
		Signatures  []struct {
			Sig   base64Bytes `json:"sig"`
			KeyID string      `json:"keyid"`
		} `json:"signatures"`
	} `json:"dsseEnvelope"`
	Message *struct {
		Digest struct {
			Algorithm string      `json:"algorithm"`
			Digest    base64Bytes `json:"digest"`
		} `json:"messageDigest"`
		Signature base64Bytes `json:"signature"`
	} `json:"messageSignature"`
}

// bundleFormats maps the media types of the bundle versions that are read to
// the version.
var bundleFormats = map[string]string{
	"application/vnd.dev.sigstore.bundle+json;version=0.1": "v0.1",
	"application/vnd.dev.sigstore.bundle+json;version=0.2": "v0.2",
	"application/vnd.dev.sigstore.bundle+json;version=0.3": "v0.3",
	"application/vnd.dev.sigstore.bundle.v0.3+json":        "v0.3",
}

// ParseBundle reads a Sigstore bundle of version 0.1 to 0.3, over an in-toto
// statement or over the file itself. Errors are ErrMalformed and
// ErrUnknownVersion.
func ParseBundle(data []byte) (*Entity, error) {
	var head struct {
		MediaType string `json:"mediaType"`
	}
	if err := decode(data, MaxBundleSize, &head); err != nil {
		return nil, malformed("the bundle", err)
	}
	format, ok := bundleFormats[head.MediaType]
	if !ok {
		if head.MediaType == "" || len(head.MediaType) > maxName {
			return nil, malformed("the bundle has no usable media type", nil)
		}
		return nil, &problem{class: ErrUnknownVersion, detail: fmt.Sprintf("a bundle of type %q", head.MediaType)}
	}
	var wire wireBundle
	if err := decode(data, MaxBundleSize, &wire, rejectUnknown); err != nil {
		return nil, malformed("the bundle", err)
	}
	e := &Entity{Version: 1, format: format}
	err := e.setMaterial(&wire)
	switch {
	case err != nil:
	case wire.Envelope != nil && wire.Message == nil:
		err = e.setEnvelope(&wire)
	case wire.Message != nil && wire.Envelope == nil:
		err = e.setMessage(&wire)
	default:
		err = malformed("the bundle holds not exactly one of an envelope and a message signature", nil)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Entity) setMaterial(wire *wireBundle) error {
	material := &wire.Material
	var err error
	// Version 0.1 bundles come with a promise, later ones with a proof.
	if e.entries, err = parseEntries(material.Entries, e.format != "v0.1"); err != nil {
		return err
	}
	for i, en := range e.entries {
		if e.format == "v0.1" && en.message.GetInclusionPromise() == nil {
			return malformed(fmt.Sprintf("log entry %d", i+1), valueError("it has no inclusion promise"))
		}
	}
	if material.Timestamps != nil {
		var timestamps []base64Bytes
		for _, t := range material.Timestamps.RFC3161 {
			timestamps = append(timestamps, t.SignedTimestamp)
		}
		if err := e.setTimestamps(timestamps); err != nil {
			return err
		}
	}
	switch {
	case material.Certificate != nil && material.Chain == nil && material.PublicKey == nil:
		return e.setCertificate(material.Certificate.RawBytes)
	case material.Chain != nil && material.Certificate == nil && material.PublicKey == nil:
		// The rest of the chain is never believed: the root's own is used.
		if n := len(material.Chain.Certificates); n == 0 || n > MaxCertificates || e.format == "v0.3" {
			return malformed("the bundle's certificate chain is empty, too long or out of place", nil)
		}
		return e.setCertificate(material.Chain.Certificates[0].RawBytes)
	case material.PublicKey != nil && material.Certificate == nil && material.Chain == nil:
		return nil
	}
	return malformed("the bundle holds not exactly one certificate or key", nil)
}

func (e *Entity) setEnvelope(wire *wireBundle) error {
	envelope := wire.Envelope
	if len(envelope.Signatures) != 1 {
		return malformed(fmt.Sprintf("the envelope has %d signatures, not one", len(envelope.Signatures)), nil)
	}
	if len(envelope.Payload) == 0 || envelope.PayloadType == "" || len(envelope.PayloadType) > maxName {
		return malformed("the envelope has no usable payload", nil)
	}
	e.payload, e.payloadType = envelope.Payload, envelope.PayloadType
	if err := e.setSignature(envelope.Signatures[0].Sig); err != nil {
		return err
	}
	if e.payloadType != intotoPayload {
		return nil
	}
	var err error
	if e.Statement, err = parseStatement(e.payload); err != nil {
		return err
	}
	e.Digest = e.Statement.Digest
	return nil
}

func (e *Entity) setMessage(wire *wireBundle) error {
	message := wire.Message
	if len(message.Digest.Digest) == 0 || len(message.Digest.Digest) > maxHash || message.Digest.Algorithm == "" {
		return malformed("the message signature has no usable digest", nil)
	}
	if message.Digest.Algorithm == "SHA2_256" {
		if len(message.Digest.Digest) != 32 {
			return malformed("the message signature has a sha256 digest of the wrong length", nil)
		}
		e.Digest = assay.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(message.Digest.Digest)}
	}
	return e.setSignature(message.Signature)
}
