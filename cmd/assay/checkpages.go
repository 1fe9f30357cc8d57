package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"assay"
	"assay/internal/evidence"
	"assay/internal/index"
	"assay/internal/intercept"
	"assay/internal/lockcheck"
	"assay/internal/pypi"
	"assay/internal/verify/pep740"
)

// Release asks an index for a release, or what is kept of it where nobody is asked.
func (c *checker) Release(ctx context.Context, base, project string, version pypi.Version) (lockcheck.Release, error) {
	configured, led := c.configured(base)
	at, err := index.PageURL(base, project)
	if err != nil {
		return lockcheck.Release{Problem: &assay.Finding{Code: assay.PageUnavailable, Detail: err.Error()}}, nil
	}
	return c.listed(ctx, listing{at, led, func(ctx context.Context) (*pypi.Page, error) { return c.client.Page(ctx, configured, project) }}, project, version)
}

// listing is a page that lists files.
type listing struct {
	at   *url.URL
	led  bool // nobody but a lock names it
	page func(context.Context) (*pypi.Page, error)
}

// listed asks for the files of a release on a page.
func (c *checker) listed(ctx context.Context, l listing, project string, version pypi.Version) (lockcheck.Release, error) {
	at := l.at
	kept := c.kept.Release(index.Key(at), project, version.Canonical())
	if c.client == nil {
		files, known, ok := kept.Files()
		if !ok {
			return lockcheck.Release{Problem: &assay.Finding{Code: assay.PageUnavailable,
				Detail: fmt.Sprintf("no check of %s %s on %s is kept, and --offline asks nobody", project, version, index.Redact(at))}}, nil
		}
		c.keepFor(kept, files)
		return lockcheck.Release{Known: known, Files: files, Standing: kept.Standing()}, nil
	}
	if why := c.forbidden(at, project); l.led && why != "" {
		return lockcheck.Release{Problem: &assay.Finding{Code: assay.TransportPlainHTTP, Detail: why}}, nil
	}
	asking := ctx
	if l.led { // a lock may be a stranger's: it leads to no address of this network's own
		asking = intercept.Outside(ctx)
	}
	page, err := l.page(asking)
	switch {
	case ctx.Err() != nil:
		return lockcheck.Release{}, context.Cause(ctx)
	case errors.Is(err, index.ErrNotFound):
		kept.SetFiles(nil, false, assay.Standing{})
		return lockcheck.Release{}, nil
	case isPageError(err):
		return lockcheck.Release{Problem: &assay.Finding{Code: assay.PageMalformed, Detail: err.Error()}}, nil
	case err != nil:
		why := err.Error()
		if l.led && errors.Is(err, intercept.ErrInside) {
			why = index.Redact(at) + " leads to this machine or its own network's services, and a lock may not send assay there (if this index is yours, configure it as pip or uv have it)"
		} else if l.led {
			why += " (only the lock names this index; if it is yours, configure it as pip or uv have it)"
		}
		return lockcheck.Release{Problem: &assay.Finding{Code: assay.PageUnavailable, Detail: why}}, nil
	}
	shown := *at
	shown.User = nil
	files := filesOf(page, &shown, project, isVersion(version))
	for i := range files {
		files[i].Led = l.led
	}
	kept.SetFiles(files, true, page.Standing)
	c.keepFor(kept, files)
	return lockcheck.Release{Known: true, Files: files, Standing: page.Standing}, nil
}

// isVersion reports whether a version is meant: one without a local part stands for those
// with one too.
func isVersion(version pypi.Version) func(pypi.Version) bool {
	return func(v pypi.Version) bool {
		public, _, _ := strings.Cut(v.String(), "+")
		return v.Canonical() == version.Canonical() || canonicalOf(public) == version.Canonical()
	}
}

func canonicalOf(version string) string {
	v, err := pypi.ParseVersion(version)
	if err != nil {
		return ""
	}
	return v.Canonical()
}

// configured returns the base to ask for an index with its credentials, and whether
// nobody but the lock names it.
func (c *checker) configured(base string) (with string, led bool) {
	u, err := url.Parse(base)
	if err != nil {
		return base, true
	}
	key := strings.TrimSuffix(index.Key(u), "/")
	for _, ix := range c.settings.Indexes {
		if strings.TrimSuffix(index.Key(ix.URL), "/") == key {
			return ix.Base(), false
		}
	}
	return base, key != strings.TrimSuffix(index.PyPI, "/")
}

// forbidden says why an index that a lock alone names is not asked.
func (c *checker) forbidden(at *url.URL, project string) string {
	if at.Scheme == "https" || index.IsLoopback(at.Hostname()) {
		return ""
	}
	rules := c.judging.For(assay.Artifact{Ecosystem: assay.PyPI, Project: project}, nil)
	for _, host := range rules.PlainHTTP {
		if host == at.Hostname() || host == at.Host {
			return ""
		}
	}
	return index.Redact(at)
}

// keepFor notes where the evidence of files is kept.
func (c *checker) keepFor(r *evidence.Release, files []assay.Artifact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range files {
		c.releases[fileKey(a)] = r
	}
}

// keptOf returns where a file's evidence is kept; false where it is not, as what keys
// have signed depends on grants.
func (c *checker) keptOf(a assay.Artifact) (*evidence.Release, bool) {
	if a.Provenance == "" {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.releases[fileKey(a)]
	return r, ok
}

// Materials returns what lies beside a file, without the provenance whose evidence is
// kept.
func (c *checker) Materials(ctx context.Context, a assay.Artifact) ([]assay.Material, error) {
	r, ok := c.keptOf(a)
	if ok {
		_, ok = r.Evidence(a)
	}
	asked := a
	if ok {
		asked.Provenance = ""
	}
	if c.client != nil {
		m, err := c.client.Materials(ctx, asked)
		if m == nil {
			m = []assay.Material{}
		}
		return m, err
	}
	out := []assay.Material{}
	if asked.Provenance != "" {
		out = append(out, assay.Material{Kind: assay.Provenance, Name: index.RedactString(asked.Provenance), Err: errNotKept})
	}
	for _, b := range c.judging.beside(a) {
		out = append(out, assay.Material{Kind: b.Kind, Name: index.RedactString(b.URL), Err: errNotKept})
	}
	return out, nil
}

var errNotKept = errors.New("its evidence is not kept from an earlier check, and --offline asks nobody")

// keptVerifier is the verifier of provenance, which keeps what it found.
type keptVerifier struct {
	*pep740.Verifier
	checker *checker
}

// Verify returns the evidence that is kept, or verifies.
func (k keptVerifier) Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error) {
	r, ok := k.checker.keptOf(s.Artifact)
	promised, _ := s.Artifact.Digest("sha256")
	if bound, known := s.SHA256(); !ok || !known || bound != promised {
		return k.Verifier.Verify(ctx, s)
	}
	if ev, ok := r.Evidence(s.Artifact); ok {
		return ev, nil
	}
	ev, err := k.Verifier.Verify(ctx, s)
	if err == nil {
		r.Keep(s.Artifact, ev)
	}
	return ev, err
}
