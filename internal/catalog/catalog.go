package catalog

import (
	"context"
	"net/url"

	"assay"
	"assay/internal/engine"
)

// Page is an index page as it may be handed on.
type Page struct {
	// Body is the page: the original bytes where Edited is false.
	Body []byte
	// Edited says that Body differs from what the index sent: it must leave
	// with "Cache-Control: no-store" and without validators.
	Edited bool
	// Refusal is set where the page cannot be handed on at all; Body is nil then.
	Refusal *assay.Decision
}

// File is a file that an installer asked for: mapped to its artifact and judged
// as far as its promised digest allows.
type File struct {
	Judgement engine.Judgement

	// Metadata says that the request is for the file's core metadata
	// (PEP 658: the URL with ".metadata" behind it), not for the file.
	Metadata bool
	// Promised are the digests and Size the length of what was asked for: of
	// the file, or of its metadata. Size is 0 where unknown.
	Promised []assay.Digest
	Size     int64
	// HoldWhole says that not a byte may be released before Conclude, whatever
	// the size: nothing else is known of the file.
	HoldWhole bool
}

// Refusal returns the decision that refuses the file, and whether it is refused.
func (f *File) Refusal() (assay.Decision, bool) {
	return f.Judgement.Decision, f.Judgement.Decision.Verdict == assay.Deny
}

type (
	pageFunc     = func(ctx context.Context, u *url.URL, contentType string, body []byte) (Page, error)
	fileFunc     = func(ctx context.Context, u *url.URL) (*File, error)
	concludeFunc = func(ctx context.Context, f *File, c assay.Content) (assay.Decision, error)
	brokenFunc   = func(ctx context.Context, f *File, cause error) (assay.Decision, error)
)
