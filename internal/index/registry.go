package index

import (
	"net/url"
	"strconv"
	"strings"

	"assay/internal/pypi"
)

// PyPI's public addresses. They are written nowhere else.
const (
	// PyPI is the base of PyPI's Simple API, the index of an installer that is
	// configured with none.
	PyPI = "https://pypi.org/simple/"
	// PyPIFiles is the origin that PyPI serves distribution files from.
	PyPIFiles = "https://files.pythonhosted.org"
)

// registry is an index whose files and provenance have addresses that are known
// without a page.
type registry struct {
	base  string // of its Simple API
	files string // the origin of its files
}

var public = registry{base: PyPI, files: PyPIFiles}

// ProvenanceGuess returns the URL at which a registry with an Integrity API
// (PyPI, and no other is known) has the provenance of a file whose page could
// not name it: the page speaks an API older than 1.3, or is HTML in which no
// file has any. index is the page's index or the page itself. That nothing is
// there then means that the file has no provenance.
//
//	https://<index>/integrity/<project>/<version>/<filename>/provenance
func ProvenanceGuess(page *pypi.Page, index *url.URL, f pypi.File) (string, bool) {
	return public.provenance(page, index, f)
}

func (r registry) provenance(page *pypi.Page, index *url.URL, f pypi.File) (string, bool) {
	if f.Provenance != "" || !r.serves(index) || tells(page) {
		return "", false
	}
	name, err := pypi.ParseFilenameFor(page.Name, f.Filename)
	if err != nil || name.Project == "" || name.Version.IsZero() {
		return "", false
	}
	u := &url.URL{Scheme: index.Scheme, Host: index.Host}
	return u.JoinPath("integrity", name.Project, name.Version.String(), url.PathEscape(f.Filename), "provenance").String(), true
}

// serves reports whether u is the registry's Simple API or below it.
func (r registry) serves(u *url.URL) bool {
	base, err := url.Parse(r.base)
	if err != nil || u == nil || Origin(u) != Origin(base) {
		return false
	}
	path := strings.TrimSuffix(base.Path, "/")
	return u.Path == path || strings.HasPrefix(u.Path, path+"/")
}

// hosts reports whether the registry serves its files from u's origin.
func (r registry) hosts(u *url.URL) bool {
	files, err := url.Parse(r.files)
	return err == nil && Origin(u) == Origin(files)
}

// tells reports whether a page would name the provenance of its files: it
// speaks API version 1.3 or newer and, where it is HTML (which states a version
// that its links may not follow), names at least one.
func tells(page *pypi.Page) bool {
	major, minor, _ := strings.Cut(page.APIVersion, ".")
	a, errMajor := strconv.Atoi(major)
	b, errMinor := strconv.Atoi(minor)
	if errMajor != nil || errMinor != nil || a < 1 || a == 1 && b < 3 {
		return false
	}
	if page.Format != pypi.HTML {
		return true
	}
	for i := range page.Files {
		if page.Files[i].Provenance != "" {
			return true
		}
	}
	return false
}
