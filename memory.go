package assay

import (
	"slices"
	"strings"
	"time"
)

// Memory is what was seen and accepted before of one project. The zero value
// remembers nothing. It is continuity and never verification: that a file is like
// those before it says nothing about who made the first.
type Memory struct {
	// Files maps an index and a file name to what was accepted for it.
	Files map[FileKey]SeenFile
	// Sightings are the files that were let through, in the order of their
	// versions, and of one version in the order in which they were first seen.
	Sightings []Sighting
	// Accepted are changes that a person has accepted.
	Accepted []Waiver
}

// FileKey names a file as one index knows it: two indexes may well serve
// different files under one name.
type FileKey struct {
	Index    string
	Filename string
}

// SeenFile is what a file was when it was first let through.
type SeenFile struct {
	Digest Digest // SHA-256
	First  time.Time
	Route  string // by which command: "run", "verify", "import"
}

// Sighting is a file of the project that was let through before.
type Sighting struct {
	Version  string
	Filename string
	Index    string
	// Uploaded is when the index said that it was uploaded; zero where it did not.
	Uploaded time.Time
	// First is when it was first let through.
	First time.Time
	// Publishers are who had signed it; none where it had no attestations.
	Publishers []Identity
	// Keys are the keys that had signed it, as grants had it then.
	Keys []Identity
	// Order is where its version stands, as seen from the version of the artifact
	// that is judged: 0 for the same one, -1 for the next earlier one of those seen,
	// -2 for the one before it, 1 for the next later one, and so on.
	Order int
	// Waived says that it was let through in spite of what was remembered then,
	// so that its publishers are not known by it.
	Waived bool
}

// Identity is a publisher as memory knows it.
type Identity struct {
	// Name is a claim's Identity: "github:owner/repo@workflow.yml".
	Name string
	// RepositoryID and OwnerID are the forge's own numbers, empty where unknown.
	RepositoryID, OwnerID string
}

// keySchemes are the beginnings of names that keys have.
var keySchemes = []string{"openpgp", "ssh", "jws"}

// IsKey reports whether the name is a key's, and not that of somebody who publishes.
func (i Identity) IsKey() bool { return slices.Contains(keySchemes, forge(i.Name)) }

// IdentityOf returns who made a claim.
func IdentityOf(c Claim) Identity {
	return Identity{Name: c.Identity, RepositoryID: c.Details["repository_id"], OwnerID: c.Details["owner_id"]}
}

// SameRepository reports whether two publishers are one repository, or one
// account: by the forge's number where both have one, else by name. A workflow's
// name does not count.
func (i Identity) SameRepository(o Identity) bool {
	a, b := i.repository(), o.repository()
	if i.RepositoryID != "" && o.RepositoryID != "" {
		return i.RepositoryID == o.RepositoryID && forge(a) == forge(b)
	}
	return a == b
}

// repository is the name without the workflow, in lower case as forges compare.
func (i Identity) repository() string {
	name := strings.ToLower(i.Name)
	if s := forge(name); s == "github" || s == "gitlab" {
		name, _, _ = strings.Cut(name, "@")
	}
	return name
}

func forge(name string) string {
	scheme, _, _ := strings.Cut(name, ":")
	return scheme
}

// String renders the identity for a message, with its number where it is known.
func (i Identity) String() string {
	if i.RepositoryID == "" {
		return i.Name
	}
	return i.Name + " (repository " + i.RepositoryID + ")"
}

// builtEndings are the endings of files that are built, or that no installer takes.
var builtEndings = []string{".whl", ".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg"}

// IsSdist reports whether a file name is a source distribution's: what has to be
// built, and whatever else an installer might try to build.
func IsSdist(filename string) bool {
	name := strings.ToLower(strings.TrimSpace(filename))
	for _, ending := range builtEndings {
		if strings.HasSuffix(name, ending) {
			return false
		}
	}
	return name != ""
}
