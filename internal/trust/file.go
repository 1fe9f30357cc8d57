package trust

import (
	"cmp"
	"slices"
	"time"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/sshsig"
)

// File is one trust.toml, as a person wrote it.
type File struct {
	// Name is what messages call it.
	Name string
	// Agree is how many imports must grant the same for it to count: at least 1.
	Agree int

	Grants      []Grant
	Keys        []Key
	Authorities []Authority
	Imports     []Import
}

// Grant is a [[grant]] or a [[deny]] (Denied), with the project that it is for.
type Grant struct {
	assay.Grant
	// Project is the normalised name; "*" in a denial for all projects.
	Project string
	// Signatures are where signatures lie: URLs with {filename}, {project} and {version}.
	Signatures []string
	// Since is when an import was first seen to grant it, on somebody's certification: a key
	// that was superseded later than that vouches for it still. Zero where nobody certified.
	Since time.Time
	Line  int
}

// Key is what is known of a key that grants name: what it is verified with, and where
// it comes from.
type Key struct {
	Kind assay.GrantKind
	// Fingerprint is as in a grant.
	Fingerprint string
	// Source is the URL at which it is had anew; empty where nobody knows.
	Source string
	// Certificate is set for openpgp, SSH for ssh.
	Certificate *openpgp.Certificate
	SSH         sshsig.Key
	Line        int
}

// Authority is somebody whom the person lets say which key is a project's: by an
// OpenPGP certification over it with a notation that names the project.
type Authority struct {
	Name        string
	Fingerprint openpgp.Fingerprint
	// Notation is the notation's name, as "project@authority.example"; its value names
	// the project as "pypi:NAME".
	Notation string
	Until    time.Time
	Reason   string
	Line     int
}

// Import is a list of somebody else's that counts here, once it is locked.
type Import struct {
	Name string
	// Kind says how it is read: see the kinds of package keysource.
	Kind string
	// Source is its file or URL.
	Source string
	// Projects are those that it is asked about; none for all that it names.
	Projects []string
	// Authority is the name of the [[authority]] that is believed, where it is not the
	// import's: for the kind "certified". Depth is how many certifications may lie between
	// a granted key and another one, 0 for one: for the kind "web-of-trust".
	Authority string
	Depth     int
	// Roles are what its keys may sign, Until when what it grants ends.
	Roles  []assay.Role
	Until  time.Time
	Reason string
	By     string
	Line   int
}

// Normalize puts a file's parts into their order: by project, kind and key. What a file
// says does not depend on it.
func (f *File) Normalize() {
	slices.SortStableFunc(f.Grants, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(order(a.Kind), order(b.Kind)), cmp.Compare(a.Key, b.Key), a.Until.Compare(b.Until))
	})
	slices.SortStableFunc(f.Keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(order(a.Kind), order(b.Kind)), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	slices.SortStableFunc(f.Imports, func(a, b Import) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(f.Authorities, func(a, b Authority) int { return cmp.Compare(a.Name, b.Name) })
}

var kinds = []assay.GrantKind{assay.GrantOpenPGP, assay.GrantSSH, assay.GrantJWS, assay.GrantPublisher, assay.GrantSHA256}

func order(k assay.GrantKind) int { return slices.Index(kinds, k) }

// Key returns what is known of a key, and false where nothing is.
func (f *File) Key(kind assay.GrantKind, fingerprint string) (Key, bool) {
	if f != nil {
		for _, k := range f.Keys {
			if k.Kind == kind && k.Fingerprint == fingerprint {
				return k, true
			}
		}
	}
	return Key{}, false
}

// PutKey adds a key, or what is newly known of it.
func (f *File) PutKey(k Key) {
	for i := range f.Keys {
		if f.Keys[i].Kind == k.Kind && f.Keys[i].Fingerprint == k.Fingerprint {
			k.Source = cmp.Or(k.Source, f.Keys[i].Source)
			f.Keys[i] = k
			return
		}
	}
	f.Keys = append(f.Keys, k)
}
