package pypi

import (
	"fmt"
	"mime"
	"net/url"
	"unsafe"
)

// The content types of a page (PEP 691). The last two JSON and HTML names are
// what an index answers to a request for the latest version.
var contentTypes = map[string]Format{
	"application/vnd.pypi.simple.v1+json":     JSON,
	"application/vnd.pypi.simple.latest+json": JSON,
	"application/vnd.pypi.simple.v1+html":     HTML,
	"application/vnd.pypi.simple.latest+html": HTML,
	"text/html": HTML,
}

// FormatOf returns the format that a Content-Type header stands for; an
// [ErrNotAPage] where it is not one of the Simple API's.
func FormatOf(contentType string) (Format, error) {
	media, params, err := mime.ParseMediaType(contentType)
	format, ok := contentTypes[media]
	if err != nil || !ok {
		return 0, fmt.Errorf("content type %.100q: %w", contentType, ErrNotAPage)
	}
	switch charset := params["charset"]; charset {
	case "", "utf-8", "UTF-8", "us-ascii", "US-ASCII":
		return format, nil
	default:
		return 0, fmt.Errorf("character set %.100q: %w", charset, ErrNotAPage)
	}
}

// ParsePage reads one project's page that came from base with the given
// Content-Type. It returns an [ErrNotAPage] where the content is of another
// type or lists projects instead of files, and a [*PageError] where the page
// cannot be read without doubt. The page keeps body, from which all its
// strings are cut: it must not be changed afterwards.
func ParsePage(contentType string, body []byte, base *url.URL) (*Page, error) {
	format, err := FormatOf(contentType)
	if err != nil {
		return nil, err
	}
	if len(body) > maxPageSize {
		return nil, malformed("it is larger than %d bytes", maxPageSize)
	}
	if len(body) == 0 {
		return nil, malformed("it is empty")
	}
	// The strings of a page are pieces of its body: a copy of a large one costs
	// a tenth of reading it.
	text := unsafe.String(&body[0], len(body))
	if format == JSON {
		return parseJSON(text, base)
	}
	return parseHTML(text, base)
}
