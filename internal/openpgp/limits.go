package openpgp

import "fmt"

// Bounds on everything that is read. A real signature file is below 2 kB for each
// signature; a maintainer's certificate is 1 to 100 kB, and up to 2 MB where strangers
// have certified it for decades.
const (
	MaxSignatureFile    = 64 << 10 // bytes of a file of detached signatures, as armor or binary
	MaxSignatures       = 16       // signatures of one file or one cleartext
	MaxCleartext        = 4 << 20  // bytes of a cleartext signed file
	MaxChecksums        = 4 << 20  // bytes of a list of checksums
	MaxCertificateFile  = 4 << 20  // bytes of a file of certificates, as armor or binary
	MaxCertificates     = 256      // certificates of one file
	MaxUserIDs          = 256      // user ids of one certificate
	MaxSubkeys          = 64       // subkeys of one certificate
	MaxSelfSignatures   = 512      // self-signatures of one certificate, revocations included
	MaxOtherSignatures  = 16 << 10 // signatures by others on one certificate
	MaxUserID           = 4 << 10  // bytes of a user id
	MaxChecksumEntries  = 16 << 10 // lines of a list of checksums that name a file
	maxArmorBlocks      = 256      // armor blocks of one file of certificates
	maxArmorLine        = 256      // bytes of a line of armor, headers included
	maxArmorHeaders     = 16       // headers of one block
	maxTextLine         = 16 << 10 // bytes of a line of signed text
	maxPackets          = 40 << 10 // packets of one file of certificates
	maxKeyPacket        = 16 << 10 // bytes of a key packet
	maxSignaturePacket  = 48 << 10 // bytes of a signature packet
	maxAttribute        = 1 << 20  // bytes of a user attribute, which is passed over
	maxSignatureVersion = 9        // what may be a version of signatures to come
	maxSubpackets       = 256      // subpackets of one area of a signature
	maxEmbedded         = 4        // embedded signatures of one signature
	maxNotations        = 64       // notations of one signature
	maxCertifications   = 64       // certifications by one authority on one certificate that are checked
	maxRevokers         = 16       // keys that may revoke a certificate's
	maxDesignated       = 8        // revocations in the name of one designated revoker that a smaller certificate keeps
	maxDesignatedSize   = 4 << 10  // bytes of those in the names of all, and
	leastDesignatedSize = 1 << 10  // in the name of one whatever the others have
	maxKeyBits          = 16384    // bits of an RSA modulus
	maxDSABits          = 4096     // bits of a DSA prime
	minRSABits          = 2048     // bits of an RSA modulus that is not weak
	maxPrintable        = 512      // bytes of a text that Printable shows
	maxChecksumFilename = 512      // bytes of a file name in a list of checksums
)

// A Kind says what is wrong with a signature, for the code that the caller shows.
type Kind int

const (
	// Malformed: it cannot be read, or could be read in two ways.
	Malformed Kind = iota + 1
	// WrongKey: it was made by a key that the certificate does not have.
	WrongKey
	// BadSignature: it is not a signature by that key over these bytes.
	BadSignature
	// BeforeKey: it claims a time before the key existed.
	BeforeKey
	// AfterKeyEnded: it claims a time at which the key had expired or was revoked softly.
	AfterKeyEnded
	// HardRevoked: the key was revoked as compromised, or without a reason.
	HardRevoked
	// NotForSigning: the key is not one that its owner lets sign data.
	NotForSigning
	// Weak: it leans on something that is too weak for any waiver.
	Weak
	// Unsupported: a version or an algorithm that this package does not know.
	Unsupported
)

// String returns the kind as one lower-case word or two with a hyphen.
func (k Kind) String() string {
	names := [...]string{"", "malformed", "wrong-key", "bad-signature", "before-key", "after-key-ended", "hard-revoked", "not-for-signing", "weak", "unsupported"}
	if k < 1 || int(k) >= len(names) {
		return fmt.Sprintf("kind-%d", int(k))
	}
	return names[k]
}

// A Failure is the one error type of this package for input that does not hold. Text is a
// clause in lower case without a full stop, and is safe to show: nothing raw is in it.
type Failure struct {
	Kind Kind
	Text string
}

// Error returns the text.
func (f *Failure) Error() string { return f.Text }

func fail(kind Kind, format string, args ...any) *Failure {
	return &Failure{Kind: kind, Text: fmt.Sprintf(format, args...)}
}
