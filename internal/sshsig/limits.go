package sshsig

import "errors"

// Bounds on everything that is read. A signature by a FIDO key is 600 bytes of
// armor, by RSA-16384 8 kB.
const (
	MaxFile = 64 << 10 // bytes of a signature, of a list of keys or of allowed signers

	maxLine      = 16 << 10 // bytes of a line with a key: RSA-16384 has 2.8 kB
	maxKeys      = 256      // keys in a list
	maxSigners   = 1024     // lines of allowed signers
	maxPatterns  = 64       // patterns in one list
	maxPattern   = 255      // bytes of a pattern; ssh-keygen gives up at 1023
	maxNamespace = 255      // bytes of a namespace
	maxSubject   = 1 << 10  // bytes of what a pattern is held against
	minRSA       = 2048     // bits
)

// Classes of what can be wrong. Test with [errors.Is]; the error's text is a
// clause that says what in particular.
var (
	// ErrMalformed: it cannot be read, or could be read in two ways.
	ErrMalformed = errors.New("malformed")
	// ErrUnsupported: it is of a kind or version that is not supported.
	ErrUnsupported = errors.New("unsupported")
	// ErrCertificate: it is an SSH certificate, which is not supported. Such
	// errors are ErrUnsupported as well.
	ErrCertificate = errors.New("certificate")
	// ErrWeak: the key or the algorithm is too weak to say anything.
	ErrWeak = errors.New("weak")
	// ErrNamespace: the signature was made for another purpose.
	ErrNamespace = errors.New("wrong namespace")
	// ErrInvalid: the signature does not hold.
	ErrInvalid = errors.New("invalid")
	// ErrMD5Fingerprint: the fingerprint is one of MD5.
	ErrMD5Fingerprint = errors.New("MD5 fingerprint")
	// ErrShortFingerprint: the fingerprint is not a whole one.
	ErrShortFingerprint = errors.New("short fingerprint")
)

// problem is an error with one or more of the classes above.
type problem struct {
	detail  string
	classes []error
}

func (p *problem) Error() string   { return p.detail }
func (p *problem) Unwrap() []error { return p.classes }

func malformed(detail string) error { return &problem{detail, []error{ErrMalformed}} }
