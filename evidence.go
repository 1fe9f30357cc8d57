package assay

import "time"

// State is what a verifier's look at an artifact came to. The zero State is no
// state at all: [Decide] refuses evidence that carries it.
type State int

// The states of evidence.
const (
	// Verified: there is evidence of this kind and all of it holds.
	Verified State = iota + 1
	// Absent: there is none, or none that Assay knows how to judge.
	Absent
	// Invalid: there is some and it does not hold, or could be read in two ways.
	Invalid
	// Unavailable: there may be some, but it could not be asked for.
	Unavailable
	// Pending: there is some, and only the bytes will tell whether it holds. Once
	// they are known no evidence is pending.
	Pending
)

// String returns "verified", "absent", "invalid", "unavailable" or "pending".
func (s State) String() string {
	switch s {
	case Verified:
		return "verified"
	case Absent:
		return "absent"
	case Invalid:
		return "invalid"
	case Unavailable:
		return "unavailable"
	case Pending:
		return "pending"
	}
	return "none"
}

// Evidence is what one verifier found about one artifact. It survives a
// denial: what was found is reported whatever was decided.
type Evidence struct {
	// Verifier is the verifier's name: "digest", "archive", "pep740", "openpgp",
	// "ssh", "jws".
	Verifier string
	State    State
	// Claims are the statements that hold. Evidence that is not Verified
	// carries none, and Verified evidence without any says that the file is
	// sound, and nothing of where it comes from.
	Claims []Claim
	// Findings say what was noticed on the way: why the state is not Verified,
	// or what a person should know although it is.
	Findings []Finding
}

// Claim is one verified statement: this digest was published by this identity
// at this time, by this method.
type Claim struct {
	// Method says how it was verified: "sha256", "pep740", "slsa", "sigstore",
	// "openpgp", "ssh", "jws".
	Method string
	// Identity says who stated it: "github:owner/repo@workflow.yml",
	// "gitlab:group/project@path", "google:email", "email:address", or which key:
	// "openpgp:FINGERPRINT", "ssh:SHA256:…", "jws:…". Empty for claims that nobody
	// signs. A key says nothing about a project: grants do, see [Grant].
	Identity string
	// Digest is what the claim is about.
	Digest Digest
	// Time is when it was stated, by a witness that is not the signer
	// (a transparency log, a time-stamping authority); zero where none says.
	Time time.Time
	// Details are further facts for policy and display, such as "ref",
	// "repository_id", "issuer".
	Details map[string]string

	// What follows is known of claims by a key only. Role is what was signed. Signed
	// is when, by the signer's own word. Ends is when the key ended (it expired, or
	// was revoked without being lost); zero where it did not. Weak names what about
	// the signature or the key is too weak to believe ("sha1", "rsa1024"). Maker names the
	// key material that made the signature, whichever certificates have that key and
	// whatever format it is written in: where signers are counted, one maker is one. Kin
	// names the keys that belong to the identity in the same way, the maker among them.
	Role   Role
	Maker  string
	Kin    []string
	Signed time.Time
	Ends   time.Time
	Weak   []string
}

// Finding is one observation with its reason code. Detail is a clause that
// completes the code's sentence: lower case, no full stop, no secrets.
type Finding struct {
	Code   Code
	Detail string
}
