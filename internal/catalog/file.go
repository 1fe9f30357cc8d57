package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"assay"
	"assay/internal/engine"
	"assay/internal/pypi"
)

// File maps a file URL (or the URL of its core metadata) to its artifact and
// judges it from the promised digest, before a byte is released. A refusal is
// in the returned File; an error means I/O or cancellation.
func (c *Catalog) File(ctx context.Context, u *url.URL) (*File, error) {
	target := *u
	f := &File{}
	if file, ok := pypi.MetadataOf(u.Path); ok {
		// The escaped form, where there is one, says which slashes are no slashes.
		if raw, ok := pypi.MetadataOf(u.RawPath); ok {
			target.RawPath = raw
		} else {
			target.RawPath = ""
		}
		target.Path, f.Metadata = file, true
	}
	o, err := c.lookUp(ctx, &target)
	if err != nil {
		return nil, err
	}
	a := o.artifact
	if !o.listed {
		f.extra = assay.Remark(a, assay.FileUnlisted, "")
	}
	f.Promised, f.Size, f.sidecar = a.Digests, a.Size, o.metadata
	if f.Metadata {
		f.Promised, f.Size = o.metadata, 0
	}
	d, ok := o.bad, o.bad.Verdict == assay.Deny
	if !ok && o.listed && a.Version == "" && installable(a.Filename) {
		// Installers read names more loosely than we do, and then this file may be
		// one of a refused release.
		d, ok = assay.Refuse(a, assay.FileUnreadableName, strconv.Quote(a.Filename)), true
	}
	if !ok {
		d, ok = c.refusalOf(a)
	}
	if !ok {
		d, ok = c.brokenTooOften(a)
	}
	if ok {
		f.Judgement = engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: d, Time: c.now()}
		return f, c.recordOnce(ctx, f.Judgement)
	}
	j, err := c.evidence(ctx, a)
	if err != nil {
		return nil, err
	}
	f.HoldWhole = j.NeedsContent
	j.Decision = j.Decision.Join(f.extra)
	f.Judgement = j
	if j.Decision.Verdict != assay.Deny {
		return f, nil
	}
	c.refuse(a, j.Decision)
	return f, c.recordOnce(ctx, j)
}

// offered is what is known of a file before it is judged.
type offered struct {
	artifact assay.Artifact
	metadata []assay.Digest // promised digests of its core metadata
	listed   bool           // by some index
	bad      assay.Decision // denies where its page alone shows it to be wrong
}

// lookUp finds the artifact at a file URL: on a page that passed by, else by
// asking the indexes. Where no index lists the file it is known by its name alone;
// where an index cannot be asked, nothing is known, and that refuses, and so does a
// quarantine of its project.
func (c *Catalog) lookUp(ctx context.Context, u *url.URL) (offered, error) {
	if l, ok := c.listed(u); ok {
		return c.offer(l), nil
	}
	place, listed, err := c.upstream.Locate(ctx, u)
	if err == nil && listed {
		// The page is judged like one that passed by.
		s := &seen{page: place.Page, index: place.URL, sorted: sortPage(place.Page, place.URL)}
		c.remember(s)
		for i, d := range s.sorted.bad {
			c.refuseRelease(s.page.Artifact(i, indexOf(s.index)), d)
		}
		if _, err := c.judgeListed(ctx, s); err != nil {
			return offered{}, err
		}
		return c.offer(listing{s, place.File}), nil
	}
	a := assay.Artifact{Ecosystem: assay.PyPI, Filename: path.Base(u.Path), URL: withoutSecrets(u)}
	if name, err := pypi.ParseFilename(a.Filename); err == nil {
		a.Project, a.Version = name.Project, name.Version.String()
	}
	switch {
	case ctx.Err() != nil:
		return offered{}, ctx.Err()
	case err == nil && place.Page != nil:
		a.Project, a.Index, a.Standing = place.Page.Name, indexOf(place.URL), place.Page.Standing
		return offered{artifact: a, listed: true, bad: quarantine(a)}, nil
	case errors.As(err, new(*pypi.PageError)):
		return offered{artifact: a, listed: true, bad: assay.Refuse(a, assay.PageMalformed, detailOf(err))}, nil
	case err != nil:
		return offered{artifact: a, listed: true, bad: assay.Refuse(a, assay.PageUnavailable, err.Error())}, nil
	}
	return offered{artifact: a}, nil
}

// offer is what a page says of one of its files.
func (c *Catalog) offer(l listing) offered {
	o := offered{c.artifact(l), l.page.Files[l.i].CoreMetadataDigests, true, l.sorted.bad[l.i]}
	if o.artifact.Standing.Quarantined() {
		o.bad = quarantine(o.artifact) // nobody need be asked about it
	}
	return o
}

// installable reports whether installers take a file of this name, if they can
// read it: wheels and source distributions.
func installable(filename string) bool {
	name := strings.ToLower(strings.TrimSpace(filename))
	for _, ending := range notInstalled {
		if strings.HasSuffix(name, ending) {
			return false
		}
	}
	return true
}

// notInstalled are the endings of distribution files that pip and uv pass over.
var notInstalled = []string{".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg"}

// Conclude judges what was asked for once its bytes are known, records the
// decision, and remembers a refusal so that every retry meets it.
func (c *Catalog) Conclude(ctx context.Context, f *File, content assay.Content) (assay.Decision, error) {
	a := f.Judgement.Subject.Artifact
	if f.Metadata {
		return c.concludeMetadata(ctx, f, content)
	}
	j, err := c.judge.Complete(ctx, f.Judgement, content)
	if err != nil {
		return assay.Decision{}, err
	}
	j.Decision = j.Decision.Join(f.extra)
	if j.Decision.Verdict != assay.Deny { // other bytes say nothing about the metadata
		j.Decision = j.Decision.Join(c.ownMetadata(f, content))
	}
	if j.Decision.Verdict == assay.Deny {
		c.refuse(a, j.Decision)
	}
	return j.Decision, c.recordOnce(ctx, j)
}

// Broken decides about a file whose transfer broke off (FileTruncated) or could
// not begin (FileUnavailable): nothing of it may be
// used, and nothing is known against its release, so the next try is judged anew
// until maxBroken have failed.
func (c *Catalog) Broken(ctx context.Context, f *File, code assay.Code, detail string) (assay.Decision, error) {
	j := f.Judgement
	j.Decision = assay.Refuse(j.Subject.Artifact, code, detail).Join(f.extra)
	c.mu.Lock()
	c.broken[c.countedAs(j.Subject.Artifact.URL)]++
	c.mu.Unlock()
	return j.Decision, c.recordOnce(ctx, j)
}

func (c *Catalog) brokenTooOften(a assay.Artifact) (assay.Decision, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.broken[c.countedAs(a.URL)]; n < maxBroken {
		return assay.Decision{}, false
	}
	return assay.Refuse(a, assay.FileTruncated, fmt.Sprintf("its transfer broke off %d times", maxBroken)), true
}

// countedAs is the key under which the broken transfers of a file are counted: its own,
// or where there are too many of them, that of all others. The caller holds mu.
func (c *Catalog) countedAs(u string) string {
	if _, ok := c.broken[u]; ok || len(c.broken) < c.keep.broken {
		return u
	}
	return ""
}
