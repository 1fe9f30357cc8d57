// Package index is the upstream client: it asks indexes for project pages, for
// the provenance of files, and for the files themselves.
//
//	c := index.New(index.Options{})
//	page, err := c.Page(ctx, index.PyPI, "sampleproject")
//	// GET <index>/sampleproject/, JSON before HTML; err is ErrNotFound,
//	// *StatusError, ErrTimeout, ErrTooSlow, ErrTooLarge, … or nil
//	a := page.Artifact(0, index.PyPI)
//	materials, err := c.Materials(ctx, a) // the file's provenance, as engine.Source has it
//	body, err := c.Open(ctx, a)           // the file's bytes, as a stream
//
// A file that is asked for without a page is found by its URL:
//
//	place, ok, err := c.Locate(ctx, fileURL, []string{index.PyPI})
//
// Everything that comes from outside is capped in size, number of redirects and
// time (see limits.go). Credentials go only to the origin they are for, and
// appear in no error: see [Redact]. The package is the single place that knows
// PyPI's public addresses (see registry.go).
//
// Sources: PEP 503 and 691 (pages), PEP 740 and PyPI's Integrity API
// (provenance), RFC 9110 (redirects, content types, codings).
package index
