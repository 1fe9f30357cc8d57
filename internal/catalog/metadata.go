package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"assay"
	"assay/internal/pypi"
)

// concludeMetadata compares core metadata with its promised digest, with the file's
// name, and with what is in the file where that came first: a resolver acts on it, so
// other metadata than the promised is as bad as another file.
func (c *Catalog) concludeMetadata(ctx context.Context, f *File, content assay.Content) (assay.Decision, error) {
	a := f.Judgement.Subject.Artifact
	detail := ""
	for _, want := range f.Promised {
		if !want.Strong() {
			continue
		}
		if got, ok := content.Digest(want.Algorithm); !ok || got != want {
			detail = "promised " + want.String() + ", found " + got.String()
		}
	}
	if got, ok := content.Digest("sha256"); ok && detail == "" {
		c.mu.Lock()
		c.beside.put(a.URL, got, c.keep.metadata)
		own, known := c.inside.get(a.URL)
		c.mu.Unlock()
		if known && own != got {
			detail = besideAndInside(got, own)
		}
	}
	code := assay.MetadataMismatch
	if what := otherwise(a, content); detail == "" && what != "" {
		// Installers pass over a file with such metadata, and go on to the sdist.
		code, detail = assay.ArchiveWrongProject, "its metadata names "+what
	}
	if detail == "" {
		return f.Judgement.Decision, nil
	}
	j := f.Judgement
	j.Decision = assay.Refuse(a, code, detail)
	c.refuse(a, j.Decision)
	return j.Decision, c.recordOnce(ctx, j)
}

// otherwise says which other project or version metadata is of. What cannot be read
// is left to the file, should anybody want it: old releases are full of it, and a
// resolver that only passes them by must not fail.
func otherwise(a assay.Artifact, content assay.Content) string {
	if content.Inside == nil {
		return ""
	}
	m, err := pypi.ParseMetadata(content.Inside.Metadata)
	if err != nil {
		return ""
	}
	return pypi.Otherwise(m.Name, m.Version, a.Project, a.Version, false)
}

// ownMetadata compares the metadata in a file with what was handed out as such, in
// this run, and with what the index promises to hand out, for an installer may have
// it from an earlier one. All of them are the same bytes (PEP 658).
func (c *Catalog) ownMetadata(f *File, content assay.Content) assay.Decision {
	in, a := content.Inside, f.Judgement.Subject.Artifact
	if in == nil || in.Format == "" {
		return assay.Decision{}
	}
	own := assay.Digest{} // where there is no metadata inside
	if in.Metadata != nil {
		sum := sha256.Sum256(in.Metadata)
		own = assay.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
	}
	c.mu.Lock()
	c.inside.put(a.URL, own, c.keep.metadata)
	beside, known := c.beside.get(a.URL)
	c.mu.Unlock()
	if known && beside != own {
		return assay.Refuse(a, assay.MetadataMismatch, besideAndInside(beside, own))
	}
	for _, promised := range f.sidecar {
		if promised.Algorithm == "sha256" && promised != own {
			return assay.Refuse(a, assay.MetadataMismatch, "promised "+besideAndInside(promised, own))
		}
	}
	return assay.Decision{}
}

func besideAndInside(beside, inside assay.Digest) string {
	if inside.Algorithm == "" {
		return "beside the file " + beside.String() + ", inside of it none"
	}
	return "beside the file " + beside.String() + ", inside of it " + inside.String()
}
