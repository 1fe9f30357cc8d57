package assay

import "time"

// Ecosystem says whose naming rules an artifact follows.
type Ecosystem string

// The ecosystems Assay knows.
const (
	PyPI  Ecosystem = "pypi"
	Conda Ecosystem = "conda"
)

// Artifact is one distribution file as somebody offers it. It is a plain value:
// nothing in it has been verified.
type Artifact struct {
	Ecosystem Ecosystem

	// Project is the normalised project name (PEP 503), Version the version in
	// its normal form (PEP 440). Both are empty where the file name tells
	// neither.
	Project string
	Version string

	// Filename is the file's own name, as the index spells it.
	Filename string

	// Digests are the digests that the index (or the person) promises. They
	// become evidence only when the bytes were compared with them.
	Digests []Digest

	// Size is the promised size in bytes; 0 where nobody promised one (no
	// distribution file is empty).
	Size int64

	// UploadTime is when the index says that the file was uploaded; zero where
	// it does not say.
	UploadTime time.Time

	// Index is the page or index that offered the file, as [Shown] has it, and URL
	// where the bytes are. Neither carries user or password; tokens in the path of URL
	// are left, for it is asked for: see [ShownBelow]. Both are empty for a local file.
	Index string
	URL   string

	// Led says that Index is no configured index's page: a redirect, or somebody
	// else's word, led there. What is remembered of any index is held against it.
	Led bool

	// Provenance is the URL at which the index says that the file's PEP 740
	// provenance is; empty where it offers none. ProvenanceGuess says that the
	// page could not have told (it speaks an API version older than 1.3) and
	// that the URL follows from the index's Integrity API instead.
	Provenance      string
	ProvenanceGuess bool

	// Signature is the URL at which the index says that a detached OpenPGP signature
	// is (the gpg-sig of the Simple API); empty where it names none.
	Signature string

	// Yanked says that the index marks the file as yanked (PEP 592), and
	// YankReason why.
	Yanked     bool
	YankReason string

	// Standing is what the index says of the project as a whole.
	Standing Standing `json:",omitzero"`
}

// Standing is what an index says of a project as a whole (PEP 792). It is zero where the
// index says nothing, or nothing that Assay knows.
type Standing struct {
	Status ProjectStatus
	// Reason is why, in the index's words; empty where it gives none.
	Reason string
}

// ProjectStatus is a project status marker.
type ProjectStatus string

// The statuses that are defined.
const (
	StatusActive      ProjectStatus = "active"
	StatusArchived    ProjectStatus = "archived"
	StatusQuarantined ProjectStatus = "quarantined"
	StatusDeprecated  ProjectStatus = "deprecated"
)

// Quarantined reports whether the index holds the project for unsafe: it must offer no
// file of it.
func (s Standing) Quarantined() bool { return s.Status == StatusQuarantined }

// code is the reason that a standing is; false where there is nothing to be said.
func (s Standing) code() (Code, bool) {
	switch s.Status {
	case StatusArchived:
		return ProjectArchived, true
	case StatusDeprecated:
		return ProjectDeprecated, true
	case StatusQuarantined:
		return ProjectQuarantined, true
	}
	return "", false
}

// Release names one version of one project: all files of a release stand and
// fall together.
type Release struct {
	Ecosystem Ecosystem
	Project   string
	Version   string
}

// String renders the release as NAME==VERSION.
func (r Release) String() string { return r.Project + "==" + r.Version }

// Release returns the release that the artifact belongs to.
func (a Artifact) Release() Release {
	return Release{Ecosystem: a.Ecosystem, Project: a.Project, Version: a.Version}
}

// Digest returns the promised digest of the given algorithm ("sha256"), and
// whether there is one.
func (a Artifact) Digest(algorithm string) (Digest, bool) { return pick(a.Digests, algorithm) }

// Material is something that lies beside an artifact for a verifier to read: a
// provenance file, an attestation, a signature. It is hostile input.
type Material struct {
	Kind MaterialKind

	// Name says where it came from, for messages: a file name or a URL without
	// credentials.
	Name string

	// Data is the material itself; nil where it could not be had.
	Data []byte

	// Err says why the material is known to exist but could not be had. It
	// makes the evidence Unavailable, never Absent.
	Err error
}

// MaterialKind says in which format material is.
type MaterialKind string

// The kinds of material.
const (
	// Provenance is a PEP 740 provenance object: bundles of attestations, each
	// with the publisher that the index names for it.
	Provenance MaterialKind = "provenance"
	// Attestation is one PEP 740 attestation object without a publisher.
	Attestation MaterialKind = "attestation"
	// SigstoreBundle is a Sigstore bundle (protobuf-specs, JSON).
	SigstoreBundle MaterialKind = "sigstore-bundle"
	// OpenPGPSignature is a detached OpenPGP signature of the file, armored or not.
	OpenPGPSignature MaterialKind = "openpgp-signature"
	// OpenPGPChecksums is a clearsigned list of checksums (RFC 9580, section 7).
	OpenPGPChecksums MaterialKind = "openpgp-checksums"
	// SSHSignature is a detached SSH signature (OpenSSH's PROTOCOL.sshsig).
	SSHSignature MaterialKind = "ssh-signature"
)

// Content is what was found when an artifact's bytes were read to their end.
type Content struct {
	Digests []Digest
	Size    int64

	// Inside is what a strict reader saw in the archive that the bytes are; nil
	// where nobody looked.
	Inside *Inside

	states []state // see State
}

// Inside is what a strict reader saw in a distribution file between its first
// byte and its last. It is hostile input that was read without doubt, or else
// Findings say what the doubt is.
type Inside struct {
	// Format is "wheel" or "sdist", or empty for a kind of file that is not looked
	// into.
	Format string
	// Members is how many members the archive has, and Unpacked their size in
	// bytes.
	Members  int
	Unpacked int64
	// Hashed is how many members were compared with a hash in RECORD.
	Hashed int
	// Metadata is the core metadata as it stands (METADATA of a wheel, PKG-INFO of
	// an sdist), and Pyproject an sdist's pyproject.toml. Nil where there is none.
	Metadata  []byte
	Pyproject []byte
	// RecordJWS is a wheel's RECORD.jws, nil without one, and RecordSHA256 the digest
	// of the RECORD that it signs. Listed says that RECORD names every member with a
	// hash, so that who vouches for it vouches for the whole archive.
	RecordJWS    []byte
	RecordSHA256 Digest
	Listed       bool
	// Folder is the name of the folder that says what the archive is: a wheel's
	// .dist-info folder without that ending, or an sdist's top folder. Empty where
	// there is none.
	Folder string
	// Scattered reports that an sdist has members beside its top folder: what is
	// built is what lies around the folder, and not what is in it.
	Scattered bool
	// About is what Metadata or Pyproject say, once they were read; nil where they
	// say nothing that can be read.
	About *About
	// Findings say what is wrong or surprising.
	Findings []Finding
}

// About is what a distribution file says of itself, as it spells it. Nobody vouches
// for any of it.
type About struct {
	Name           string
	Version        string
	RequiresPython string
	// Dependencies are the Requires-Dist entries (PEP 508), those of extras
	// included, and Extras the names of the extras.
	Dependencies []string
	Extras       []string
	Summary      string
	License      string // an SPDX expression, or the first line of whatever is there
	Author       string
	// Addresses are the e-mail addresses of authors and maintainers, as they are written.
	Addresses string
	// Build says, of an sdist, why only a build tells what holds in the end: its
	// version, dependencies and extras may differ from the above. Empty where all
	// of it is static, as in a wheel.
	Build string
}

// Digest returns the computed digest of the given algorithm, and whether it was
// computed.
func (c Content) Digest(algorithm string) (Digest, bool) { return pick(c.Digests, algorithm) }

// Subject is what a verifier is handed: the artifact, the material beside it,
// and what its bytes turned out to be. Content is nil while the bytes have not
// been read.
type Subject struct {
	Artifact  Artifact
	Materials []Material
	Content   *Content
}

// SHA256 returns the SHA-256 digest that evidence about the subject must bind:
// the computed one where the bytes were read, else the promised one.
func (s Subject) SHA256() (Digest, bool) {
	if s.Content != nil {
		return s.Content.Digest("sha256")
	}
	return s.Artifact.Digest("sha256")
}
