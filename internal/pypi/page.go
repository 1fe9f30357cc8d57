package pypi

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"assay"
)

// ErrNotAPage means that something else than a project's Simple API page was
// handed in: another content type, or the list of all projects.
var ErrNotAPage = errors.New("not a page of the simple repository API")

// PageError says why a page cannot be read without doubt. Detail is one clause:
// lower case, no full stop. It quotes the page only through %q.
type PageError struct {
	Detail string
}

// Error returns the detail behind "malformed page: ".
func (e *PageError) Error() string { return "malformed page: " + e.Detail }

func malformed(format string, args ...any) error {
	return &PageError{Detail: fmt.Sprintf(format, args...)}
}

// Format is the serialisation of a page.
type Format int

// The formats of a page.
const (
	JSON Format = iota + 1 // PEP 691
	HTML                   // PEP 503
	API                    // a document of PyPI's JSON API: see ParseDocument
)

// Page is one project's page of the Simple API.
type Page struct {
	// Name is the project's normalised name as the page states it: empty where
	// it does not, as in HTML, which has no place for it.
	Name string

	Format     Format
	APIVersion string // "1.4"; "1.0" where an HTML page does not say (PEP 629)

	// Standing is the project's status (PEP 792) and why. It is zero where the page
	// states none, or a word that is not defined.
	Standing assay.Standing

	// Files are the files in the page's order. Two of one name are both kept.
	Files []File

	body  string
	marks []mark
	api   *apiMarks // of a document
}

// File is one file as a page lists it.
type File struct {
	Filename string

	// URL is absolute (http or https), without fragment and without credentials.
	URL string

	// Digests are the promised digests of algorithms that Assay knows.
	Digests []assay.Digest

	Size           int64     // bytes; 0 where the page does not say
	UploadTime     time.Time // zero where the page does not say
	RequiresPython string    // a PEP 440 specifier, not checked

	Yanked     bool
	YankReason string

	// CoreMetadata says that the metadata is served at URL + ".metadata" (PEP
	// 658, 714), CoreMetadataDigests what it hashes to, where the page says.
	CoreMetadata        bool
	CoreMetadataDigests []assay.Digest

	// Provenance is the absolute URL of the file's provenance (PEP 740), empty
	// where the page names none.
	Provenance string

	// Signed says that a detached OpenPGP signature is served at URL + ".asc"
	// (gpg-sig, PEP 503 and 691).
	Signed bool
}

// mark is where in the body a file's yank lies, or would lie.
type mark struct {
	start, end int  // the bytes to replace; equal where there is no yank yet
	found      bool // the page has the key or attribute
}

// Artifact returns the i-th file as an artifact of the given index. A file whose
// name cannot be parsed, or belongs to another project, has no version; and
// where the page does not name its project, the file's name does.
func (p *Page) Artifact(i int, index string) assay.Artifact {
	f := &p.Files[i]
	a := assay.Artifact{
		Ecosystem: assay.PyPI, Project: p.Name, Filename: f.Filename, Digests: f.Digests, Size: f.Size,
		UploadTime: f.UploadTime, Index: index, URL: f.URL, Provenance: f.Provenance,
		Yanked: f.Yanked, YankReason: f.YankReason, Standing: p.Standing,
	}
	if f.Signed && !strings.Contains(f.URL, "?") {
		a.Signature = f.URL + ".asc"
	}
	name, err := ParseFilenameFor(p.Name, f.Filename)
	if err == nil {
		a.Project, a.Version = name.Project, name.Version.String()
	}
	return a
}
