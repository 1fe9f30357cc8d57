package index

import (
	"context"
	"errors"
	"mime"
	"net/url"
	"strings"

	"assay"
	"assay/internal/signature"
)

// Beside names one thing that may lie beside a file.
type Beside struct {
	Kind assay.MaterialKind
	URL  string // absolute
	// Offered says that the index named it, and not a rule of the person's own. Led says
	// that a stranger's file did: it may lead no further than the index's page may.
	Offered, Led bool
}

// signatures returns what lies beside an artifact. That nothing is there is no error
// where only the person says that it may: not every file is signed.
func (c *Client) signatures(ctx context.Context, a assay.Artifact) ([]assay.Material, error) {
	if c.beside == nil {
		return nil, nil
	}
	list := c.beside(a)
	var out []assay.Material
	for _, b := range list[:min(len(list), maxBeside)] {
		m, err := c.fetchBeside(ctx, a, b)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, ErrNotFound) && !b.Offered:
		case err != nil:
			out = append(out, assay.Material{Kind: b.Kind, Name: RedactString(b.URL), Err: err})
		default:
			out = append(out, m...)
		}
	}
	return out, nil
}

// fetchBeside fetches one thing.
func (c *Client) fetchBeside(ctx context.Context, a assay.Artifact, b Beside) ([]assay.Material, error) {
	u, err := parse(b.URL)
	if err != nil {
		return nil, err
	}
	var from *url.URL
	if b.Offered || b.Led {
		if from, err = parse(a.Index); err != nil {
			from = u
		} else if why := mayLead(from, u); why != "" {
			return nil, failed(ErrURL, "%s names a signature at %s, %s", Redact(from), Redact(u), why)
		}
		u.User = nil
	} else if u.Scheme != "https" && !IsLoopback(u.Hostname()) {
		return nil, failed(ErrURL, "%s is not an https URL", Redact(u))
	}
	size := c.limits.signatureSize
	if b.Kind == assay.OpenPGPChecksums {
		size = c.limits.checksumsSize
	}
	key := string(b.Kind) + " " + u.String()
	return c.provenance.get(ctx, key, func(ctx context.Context) (found[[]assay.Material], error) {
		got, err := c.fetch(ctx, request{url: u, from: from, accept: "*/*"}, size, c.limits.provenanceTime)
		if err == nil && isHTML(got.contentType) {
			err = failed(ErrContentType, "%s answered with a web page where a signature was asked for", Redact(got.url))
		}
		if err != nil {
			return found[[]assay.Material]{keep: c.limits.freshError}, err
		}
		m := []assay.Material{{Kind: signature.Sniff(b.Kind, got.body), Name: Redact(u), Data: got.body}}
		return found[[]assay.Material]{m, int64(len(got.body)), c.limits.fresh}, nil
	})
}

// isHTML reports whether an answer is a page for people: what many servers say instead
// of "not found".
func isHTML(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && strings.EqualFold(media, "text/html")
}
