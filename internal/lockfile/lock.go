package lockfile

import (
	"time"

	"assay"
	"assay/internal/tomlfile"
)

// Format says which program's lock a file is.
type Format string

// The formats.
const (
	Requirements Format = "requirements" // requirements.txt of pip, pip-compile and uv
	Pylock       Format = "pylock"       // pylock.toml and pylock.NAME.toml (PEP 751)
	UV           Format = "uv"           // uv.lock
	Poetry       Format = "poetry"       // poetry.lock
	PDM          Format = "pdm"          // pdm.lock
	Pipfile      Format = "pipfile"      // Pipfile.lock
)

// Error is everything that is wrong with a lock, with file and line.
type Error = tomlfile.Error

// Problem is one thing that is wrong with a lock.
type Problem = tomlfile.Problem

// Place is where something stands.
type Place struct {
	File string
	Line int // from 1
}

// String renders the place as FILE:LINE.
func (p Place) String() string { return tomlfile.At(p.File, p.Line) }

// Lock is what a lock file says, with the files that it includes.
type Lock struct {
	Name   string // as [Read] was given it
	Format Format

	// Version is the format's own version as it is written: "1.0" of a pylock.toml,
	// "2.1" of a poetry.lock. Empty for requirements.
	Version        string
	RequiresPython string // as it is written; empty where the file does not say

	// Strategy are the words that say how a pdm.lock was made, sorted.
	Strategy []string

	// Packages are in the order of the files; an included file's stand where it is
	// included.
	Packages []Package
	// Indexes are those that the files name, each once, in order.
	Indexes []Index
	// Includes are the names of the files that were read beside the first one.
	Includes []string

	// RequireHashes and NoIndex say that a requirements file holds --require-hashes
	// and --no-index.
	RequireHashes, NoIndex bool
	// Options are all options of requirements files that stand on lines of their own,
	// those above and the includes too, in order.
	Options []Option

	// Roots are the names of what the lock was made for, beside the projects in it, where
	// the entries say what each of them needs (uv).
	Roots []string

	files map[string]*file
	read  func(name string, data []byte, open Open) (*Lock, error) // as this one was read
	sites []site                                                   // of each package, by its ref
}

// Package is one entry of a lock.
type Package struct {
	Name    string // normalised; empty for a URL or a folder that names no project
	Version string // in normal form (PEP 440); empty where the entry pins none
	Spelled string // the name as it is written, or the URL or path of an entry without one, as it may be shown

	// Specifier is what a requirement asks for (">=2,<3"; "==2.0"), as it is written.
	// Empty in all other formats.
	Specifier string
	Extras    []string // normalised and sorted
	Marker    string   // as it is written; empty where installers do not ask it
	// Needs are the entries that this one asks for, where the lock says under which markers
	// it does (uv): elsewhere an entry's own marker says that for all who ask for it.
	Needs  []Need
	Source Source

	Files  []File // what the lock names by file name
	Hashes []Hash // hashes that are tied to no file name (requirements, Pipfile)

	// Index is the index that the entry names, without credentials; empty where it
	// names none.
	Index string

	// Identities are PEP 751's attestation-identities. HasIdentities says that the
	// key is there, even with an empty list.
	Identities    []Identity
	HasIdentities bool

	// Built is what else decides what comes of its source: the folder within, options of
	// its build. It is there to be compared and never to be shown.
	Built []string

	// Constraint says that the entry only narrows what others ask for (-c). One that
	// names a URL, a file or a folder does not: that is what is installed. See OnlyNarrows.
	Constraint bool

	At     Place
	Groups []string // the groups that the entry belongs to, as it is written ("default", "develop"; "main")

	ref int // 1 + its place in Lock.sites
}

// OnlyNarrows reports whether the entry says nothing of what is installed by itself. A
// constraint with a pin and hashes does say it: pip takes those files for what somebody
// asks for without a hash.
func (p Package) OnlyNarrows() bool { return p.Constraint && (p.Version == "" || len(p.Hashes) == 0) }

// Need is another entry that an entry asks for.
type Need struct {
	Name    string // normalised
	Version string // in normal form; empty where the lock has one alone
	Marker  string // as it is written
}

// SourceKind says where an entry's files come from.
type SourceKind string

// The kinds of source.
const (
	Registry  SourceKind = "registry"  // an index
	URL       SourceKind = "url"       // an archive behind a URL
	VCS       SourceKind = "vcs"       // a checkout by a version control system
	Directory SourceKind = "directory" // a folder that is built and installed
	LocalFile SourceKind = "file"      // an archive on this computer
	Editable  SourceKind = "editable"  // a folder that is installed in place
	Virtual   SourceKind = "virtual"   // a folder that is not installed itself
)

// Source is where an entry's files come from.
type Source struct {
	Kind SourceKind
	// Where is the URL or path, without credentials but with its query, in which there may
	// be a token: it is shown by assay.ShownSource. Empty for a registry that the entry does
	// not name.
	Where string
	// Revision is the revision of a VCS: the full commit where the lock has it.
	Revision string
	// Secret says that Where had credentials.
	Secret bool
}

// File is one file that a lock names.
type File struct {
	Name       string
	URL        string         // without credentials; empty where the lock has none
	Path       string         // of a file on this computer
	Digests    []assay.Digest // those that may decide, sorted by algorithm
	Weak       []string       // all other hashes, as "algorithm:value"
	Size       int64          // 0 where the lock does not say
	UploadTime time.Time      // zero where the lock does not say
	At         Place
}

// Hash is a hash that is tied to no file name. Either Digest or Weak is set.
type Hash struct {
	Digest assay.Digest
	Weak   string // "md5:…": a hash that decides nothing
	At     Place
}

// Identity is one of PEP 751's attestation identities.
type Identity struct {
	Kind string
	// Fields are the keys beside kind: repository, workflow, environment, email, …
	Fields map[string]string
	At     Place
}

// Index is an index that a lock names.
type Index struct {
	Kind   IndexKind
	URL    string // without credentials; a path for a folder of files
	Name   string // as the lock calls it (Pipfile, Poetry); empty where it does not
	Secret bool   // there were credentials
	// Unverified says that nobody's certificate is asked for there (Pipfile's verify_ssl).
	Unverified bool
	At         Place
}

// IndexKind says how an index is named.
type IndexKind string

// The kinds of index.
const (
	Primary   IndexKind = "index"      // --index-url, or the one kind that the format has
	Extra     IndexKind = "extra"      // --extra-index-url
	FindLinks IndexKind = "find-links" // --find-links: a page or folder of files
)

// Option is an option on a line of its own in a requirements file.
type Option struct {
	Name  string // its long spelling: "--only-binary"
	Value string // without credentials
	At    Place
}
