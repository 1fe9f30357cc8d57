package intercept

import (
	"net/url"

	"assay/internal/pypi"
)

// isDocument reports whether a URL is that of a document of PyPI's JSON API, which
// only its address tells: Poetry asks for it as for anything. What is behind other
// services' addresses of this form the Desk hands on as it is.
func isDocument(u *url.URL) bool {
	_, ok := pypi.DocumentAt(u)
	return ok
}
