package pypi

import (
	"net/url"

	"assay"
)

// Place is one file of a page, with the address that the page came from.
type Place struct {
	Page *Page
	URL  *url.URL // without credentials
	File int      // index in Page.Files; -1 for a file that the page does not list
}

// Artifact returns the file as an artifact of the page.
func (p Place) Artifact() assay.Artifact { return p.Page.Artifact(p.File, p.URL.String()) }
