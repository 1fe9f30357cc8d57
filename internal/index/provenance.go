package index

import (
	"context"
	"errors"
	"mime"
	"slices"
	"strings"

	"assay"
)

// acceptProvenance is the content type of PyPI's Integrity API.
const acceptProvenance = "application/vnd.pypi.integrity.v1+json"

// provenanceTypes are the content types that provenance is taken from: the
// Integrity API's, JSON, and what servers of plain files call a file whose
// extension they do not know.
var provenanceTypes = map[string]bool{
	acceptProvenance:           true,
	"application/json":         true,
	"application/octet-stream": true,
	"binary/octet-stream":      true,
	"text/plain":               true,
}

// Materials returns what lies beside an artifact, as [engine.Source] has it: the
// provenance that its index offers, and the signatures that Options.Beside names. What
// is offered and could not be had is material with Err set. An artifact whose
// provenance is only guessed has none where there is nothing (ErrNotFound). The
// error is a cancelled context. The material is shared: it must not be changed.
//
// [engine.Source]: assay/internal/engine
func (c *Client) Materials(ctx context.Context, a assay.Artifact) ([]assay.Material, error) {
	provenance, err := c.provenanceOf(ctx, a)
	if err != nil {
		return nil, err
	}
	signatures, err := c.signatures(ctx, a)
	if err != nil {
		return nil, err
	}
	if len(signatures) == 0 {
		return provenance, nil
	}
	return append(slices.Clip(provenance), signatures...), nil
}

func (c *Client) provenanceOf(ctx context.Context, a assay.Artifact) ([]assay.Material, error) {
	if a.Provenance == "" {
		return nil, nil
	}
	u, err := parse(a.Provenance)
	if err != nil {
		return unavailable(RedactString(a.Provenance), err), nil
	}
	offered, err := parse(a.Index)
	if err != nil {
		offered = nil
	} else if why := mayLead(offered, u); why != "" {
		err := failed(ErrURL, "%s names provenance at %s, %s", Redact(offered), Redact(u), why)
		return unavailable(Redact(u), err), nil
	}
	u.User = nil
	m, err := c.provenance.get(ctx, u.String(), func(ctx context.Context) (found[[]assay.Material], error) {
		data, err := c.fetchProvenance(ctx, request{url: u, from: offered, accept: acceptProvenance})
		if err != nil {
			return found[[]assay.Material]{keep: c.limits.freshError}, err
		}
		// It has no name: an artifact has one provenance at its index, and naming
		// its URL in every sentence would bury what the sentence says.
		m := []assay.Material{{Kind: assay.Provenance, Data: data}}
		return found[[]assay.Material]{m, int64(len(data)), c.limits.fresh}, nil
	})
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case a.ProvenanceGuess && errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return unavailable(Redact(u), err), nil
	}
	return m, nil
}

func unavailable(name string, err error) []assay.Material {
	return []assay.Material{{Kind: assay.Provenance, Name: name, Err: err}}
}

func (c *Client) fetchProvenance(ctx context.Context, q request) ([]byte, error) {
	got, err := c.fetch(ctx, q, c.limits.provenanceSize, c.limits.provenanceTime)
	if err != nil {
		return nil, err
	}
	media, _, err := mime.ParseMediaType(got.contentType)
	if err != nil || !provenanceTypes[strings.ToLower(media)] {
		return nil, failed(ErrContentType, "%s answered with content type %.100q, which is no provenance", Redact(got.url), got.contentType)
	}
	return got.body, nil
}
