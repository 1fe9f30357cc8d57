package assay

import (
	"strings"
	"time"
)

// Grant says that a key, an identity or a digest may speak for one project. It is
// what ties a signature to a project: without one, a signature says that somebody
// has a key. There is no grant for all projects.
//
// Who lets a key sign one project has said nothing of another: a valid signature by a
// key of another project is refused as such. What is denied wins over what is granted.
type Grant struct {
	// Kind says what Key is.
	Kind GrantKind
	// Key is the whole fingerprint of an OpenPGP certificate's primary key (upper-case
	// hex), "SHA256:…" of an SSH key, the key of a RECORD.jws, a publisher as policies
	// name them, or the SHA-256 of a file.
	Key string
	// Roles are what the key may sign; none means artifacts and lists of checksums.
	Roles []Role
	// Versions are the only versions (a PEP 440 specifier); empty for all. Outside says
	// that the version at hand is none of them.
	Versions string
	Outside  bool
	// Until is when the grant has ended: files that are first seen from then on do not
	// count. It is zero only where the grant stands in a policy, which is reviewed as it
	// is.
	Until time.Time
	// Waive names what may be weak about the key or its signatures ("sha1").
	Waive []string
	// FirstUse says that nobody vouches for the key: it is the first that was seen. What
	// it signs is continuity, and never verified.
	FirstUse bool
	// Denied says that the key may not speak for the project.
	Denied bool
	// Theirs says that a file which came with a project has it, which may be a stranger's:
	// what it lets a key sign is signed, and makes nothing right that memory holds against
	// the file. Placed says that it names where signatures lie, so that whether a file is
	// signed does not depend on its index.
	Theirs, Placed bool
	// CertifiedBy are the OpenPGP keys on whose certification the grant rests, from the one
	// that somebody named to the one that certified Key. Withdrawn is the identity of the first
	// of them that was given up as lost: whoever has that key could have certified anything, so
	// that the grant lets nothing be signed any more.
	CertifiedBy []string
	Withdrawn   string
	// From says who gave it: "local", "import debian", "certified by psf", "first use".
	// Origin is where it is written ("trust.toml:12"), By who wrote it and Reason why.
	From, Origin, By, Reason string
}

// GrantKind says what a grant names.
type GrantKind string

// The kinds of grants.
const (
	GrantOpenPGP   GrantKind = "openpgp"
	GrantSSH       GrantKind = "ssh"
	GrantJWS       GrantKind = "jws"
	GrantPublisher GrantKind = "publisher"
	GrantSHA256    GrantKind = "sha256"
)

// Role says what a key signs.
type Role string

// The roles.
const (
	// RoleArtifact is a distribution file.
	RoleArtifact Role = "artifact"
	// RoleChecksums is a list of checksums.
	RoleChecksums Role = "checksums"
	// RoleTag is a release tag in a source repository.
	RoleTag Role = "tag"
)

// Allows reports whether the grant is for a role.
func (g Grant) Allows(role Role) bool {
	if len(g.Roles) == 0 {
		return role != RoleTag
	}
	for _, r := range g.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Identity is the identity of claims that the grant is about.
func (g Grant) Identity() string {
	if g.Kind == GrantPublisher {
		return g.Key
	}
	return string(g.Kind) + ":" + g.Key
}

// Names reports whether the grant names who made a claim.
func (g Grant) Names(c Claim) bool {
	switch g.Kind {
	case GrantPublisher:
		return !IdentityOf(c).IsKey() && Publisher{Identity: g.Key}.Matches(c)
	case GrantSHA256:
		return false
	case GrantOpenPGP:
		return strings.EqualFold(g.Identity(), c.Identity)
	}
	return g.Identity() == c.Identity
}

// names reports whether the grant names the OpenPGP key itself that made a signature,
// which may be a subkey: a denial of it is meant as one, whoever owns it.
func (g Grant) names(key string) bool {
	return g.Kind == GrantOpenPGP && key != "" && strings.EqualFold(g.Key, key)
}

// InForce reports whether a file that was first seen at that time may count.
func (g Grant) InForce(first time.Time) bool {
	return g.Until.IsZero() || first.Before(g.Until)
}

// lastDay is the last day of the grant, for a message.
func (g Grant) lastDay() string {
	if g.Until.IsZero() {
		return "no day"
	}
	return g.Until.Add(-time.Second).UTC().Format(time.DateOnly)
}

// place says where a grant is from, for a message.
func (g Grant) place() string {
	out := g.From
	if g.Origin != "" {
		out += ", " + g.Origin
	}
	return strings.TrimPrefix(out, ", ")
}
