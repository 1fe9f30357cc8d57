package sigstore

import "errors"

// Bounds on everything that is read. Real provenance is 10 to 20 kB with one or
// two attestations of one log entry each; the bounds leave room and keep the
// work that one file can ask for under about a tenth of a second.
const (
	MaxProvenanceSize  = 2 << 20 // bytes of a provenance object
	MaxAttestationSize = 1 << 20 // bytes of an attestation object
	MaxBundleSize      = 1 << 20 // bytes of a Sigstore bundle
	MaxRootSize        = 1 << 20 // bytes of a trusted root
	MaxDepth           = 64      // nested objects and arrays in any JSON text
	MaxBundles         = 16      // attestation bundles in a provenance object
	MaxAttestations    = 16      // attestations in a provenance object, over all bundles
	MaxEntries         = 8       // log entries of one attestation
	MaxTimestamps      = 8       // signed timestamps of one attestation
	MaxCertificates    = 8       // certificates in a bundle's chain

	maxCertificate = 32 << 10  // bytes of a certificate in DER
	maxSignature   = 4 << 10   // bytes of a signature or of a key id
	maxTimestamp   = 64 << 10  // bytes of an RFC 3161 response
	maxEntryBody   = 512 << 10 // bytes of a log entry's body
	maxCheckpoint  = 64 << 10  // bytes of a checkpoint
	maxHashes      = 64        // nodes of an inclusion proof: the depth of a full tree
	maxHash        = 64        // bytes of one node
	maxName        = 1 << 10   // bytes of a name, address or URL
	maxDigests     = 16        // digests of a statement's subject
	maxAuthorities = 64        // authorities or logs of one sort in a trusted root
)

// Classes of what can be wrong. Test with [errors.Is]; the error's text is a
// clause that says what in particular.
var (
	// ErrMalformed: it cannot be read, or could be read in two ways.
	ErrMalformed = errors.New("malformed")
	// ErrUnknownVersion: it is in a version of its format that is not known.
	ErrUnknownVersion = errors.New("unknown version")
	// ErrUntrusted: an authority or log that it leans on is not in the root.
	ErrUntrusted = errors.New("untrusted")
	// ErrUnknownStatement: it states something of a kind that is not known.
	ErrUnknownStatement = errors.New("unknown statement")
	// ErrInvalid: a signature, proof, time or chain does not hold.
	ErrInvalid = errors.New("invalid")
	// ErrWrongSubject: it is about other bytes, or a file of another name.
	ErrWrongSubject = errors.New("wrong subject")
	// ErrWrongPublisher: the certificate is not the named publisher's.
	ErrWrongPublisher = errors.New("wrong publisher")
	// ErrUnknownPublisher: the certificate or the publisher object names a kind
	// of publisher that is not known.
	ErrUnknownPublisher = errors.New("unknown publisher")
)

// problem is an error with one of the classes above. Its text is the detail and
// the cause; hidden is what a library said, for errors.As and a debugger: its
// words change from version to version and may run over lines.
type problem struct {
	class  error
	detail string
	cause  error
	hidden error
}

func (p *problem) Error() string {
	if p.cause == nil {
		return p.detail
	}
	return p.detail + ": " + p.cause.Error()
}

// Unwrap makes both the class and the cause visible to errors.Is and errors.As.
func (p *problem) Unwrap() []error {
	out := []error{p.class}
	for _, err := range []error{p.cause, p.hidden} {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

func malformed(detail string, cause error) error {
	return &problem{class: ErrMalformed, detail: detail, cause: cause}
}

func invalid(detail string, cause error) error {
	return &problem{class: ErrInvalid, detail: detail, cause: cause}
}

// Problems takes an error of this package apart into the single findings that
// it joins.
func Problems(err error) []error {
	if err == nil {
		return nil
	}
	if _, one := err.(*problem); one {
		return []error{err}
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, Problems(e)...)
	}
	return out
}
