package catalog

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"path"
	"strings"

	"assay"
	"assay/internal/engine"
	"assay/internal/pypi"
)

// Page judges an index page that was fetched from u: what the page alone allows
// to decide (names, duplicates, refused releases), and the evidence for its
// newest release, within a budget. An error means a cancelled context or a
// failing recorder, never a bad page. The body must not be changed afterwards.
func (c *Catalog) Page(ctx context.Context, u *url.URL, contentType string, body []byte) (Page, error) {
	s := c.again(u, contentType, body)
	if s == nil {
		page, err := readPage(u, contentType, body)
		if errors.Is(err, pypi.ErrNotAPage) && offersNone(u, contentType) {
			return Page{Body: body}, nil
		}
		if err != nil {
			return c.refusePage(ctx, u, detailOf(err))
		}
		s = &seen{page: page, index: u, contentType: contentType, body: body, sorted: sortPage(page, u)}
		c.remember(s)
		for i, d := range c.contradictions(s) {
			if err := c.refuseListed(ctx, page.Artifact(i, indexOf(u)), d); err != nil {
				return Page{}, err
			}
		}
	}
	if refused, err := c.underQuarantine(ctx, s); refused || err != nil {
		return Page{Body: body}, err
	}
	marks := map[int]string{}
	for i, d := range s.sorted.bad {
		if err := c.refuseListed(ctx, s.page.Artifact(i, indexOf(u)), d); err != nil {
			return Page{}, err
		}
		marks[i] = yankReason(d)
	}
	listed, err := c.judgeListed(ctx, s)
	if err != nil {
		return Page{}, err
	}
	for i, d := range listed.marked() {
		marks[i] = yankReason(d)
	}
	undecided, err := c.judgeNewest(ctx, s, listed)
	if err != nil {
		return Page{}, err
	}
	maps.Copy(marks, undecided)
	c.mu.Lock()
	for _, g := range s.sorted.groups {
		if r, ok := c.refusedAs(g.release, indexOf(u)); ok {
			for _, i := range g.files {
				marks[i] = yankReason(r.decision)
			}
		}
	}
	c.mu.Unlock()
	if len(marks) == 0 {
		return Page{Body: body}, nil
	}
	edited, err := s.page.WithYanked(marks)
	if err != nil {
		return c.refusePage(ctx, u, detailOf(err))
	}
	return Page{Body: edited, Edited: true}, nil
}

// offersNone reports whether what is no page offers no file either: the list of
// all projects, or what has the address of a document and is none. What is called
// a page loosely, pip reads as one: it looks at how the type begins.
func offersNone(u *url.URL, contentType string) bool {
	if _, err := pypi.FormatOf(contentType); err == nil {
		return true
	}
	_, document := pypi.DocumentAt(u)
	media := strings.ToLower(strings.TrimSpace(contentType))
	return document && !strings.HasPrefix(media, "text/html") && !strings.HasPrefix(media, "application/vnd.pypi.simple")
}

// readPage reads a page and settles which project it is about: an HTML page does
// not say, and a page that says another name than its URL is not believed.
func readPage(u *url.URL, contentType string, body []byte) (*pypi.Page, error) {
	if _, ok := pypi.DocumentAt(u); ok {
		if page, err := readDocument(u, contentType, body); !errors.Is(err, pypi.ErrNotAPage) {
			return page, err
		}
	}
	page, err := pypi.ParsePage(contentType, body, u)
	if err != nil {
		return nil, err
	}
	project := projectOf(u)
	if page.Name == "" {
		page.Name = project
		return page, nil
	}
	name, err := pypi.NormalizeName(page.Name)
	if err != nil {
		return nil, &pypi.PageError{Detail: "the page's own name is not a project name"}
	}
	if project != "" && name != project {
		return nil, &pypi.PageError{Detail: "the page says that it is about " + name}
	}
	page.Name = name
	return page, nil
}

// refusePage refuses a page as a whole: what cannot be read without doubt could
// be read differently by the installer.
func (c *Catalog) refusePage(ctx context.Context, u *url.URL, detail string) (Page, error) {
	d, err := c.Unread(ctx, u, assay.PageMalformed, detail)
	if err != nil {
		return Page{}, err
	}
	return Page{Refusal: &d}, nil
}

// Unread decides about a page that cannot be read (PageMalformed) or could not
// be fetched (PageUnavailable), and records it: installers say little more than
// that a project is not there.
func (c *Catalog) Unread(ctx context.Context, u *url.URL, code assay.Code, detail string) (assay.Decision, error) {
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: projectOf(u), Index: indexOf(u)}
	d := assay.Refuse(a, code, detail)
	return d, c.recordOnce(ctx, engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: d, Time: c.now()})
}

// detailOf is the clause that a parse error contributes to a reason.
func detailOf(err error) string {
	var pe *pypi.PageError
	if errors.As(err, &pe) {
		return pe.Detail
	}
	return err.Error()
}

// projectOf is the project that a page's URL names by its last segment, or ""
// where it names none (a flat page of links).
func projectOf(u *url.URL) string {
	u = pageAt(u)
	last := path.Base(strings.TrimSuffix(u.Path, "/index.html"))
	name, err := pypi.NormalizeName(last)
	if err != nil || last == "simple" || !strings.HasSuffix(u.Path, "/") && path.Ext(last) != "" {
		return ""
	}
	return name
}

// indexOf is the page's address as it may be shown and remembered, in one spelling:
// without doubled slashes, and of a folder with the slash at its end.
func indexOf(u *url.URL) string {
	k := *pageAt(u)
	for strings.Contains(k.Path, "//") && k.RawPath == "" {
		k.Path = strings.ReplaceAll(k.Path, "//", "/")
	}
	if k.RawPath == "" && !strings.HasSuffix(k.Path, "/") && path.Ext(k.Path) == "" {
		k.Path += "/"
	}
	return assay.Shown(withoutSecrets(&k))
}

// withoutSecrets is a URL as it may be shown and remembered.
func withoutSecrets(u *url.URL) string {
	k := *u
	k.User, k.Fragment, k.RawFragment, k.RawQuery = nil, "", "", ""
	return k.String()
}

// refuseListed records a file that the page alone shows to be wrong, and refuses
// its release.
func (c *Catalog) refuseListed(ctx context.Context, a assay.Artifact, d assay.Decision) error {
	c.refuseRelease(a, d)
	return c.recordOnce(ctx, engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: d, Time: c.now()})
}

// refuseRelease refuses the release of a file that the page alone shows to be
// wrong, where the file is the project's own.
func (c *Catalog) refuseRelease(a assay.Artifact, d assay.Decision) {
	if main, _ := d.Main(); main.Code != assay.FileWrongProject {
		c.refuse(a, d)
	}
}

// artifactOf is a file of a page as a value.
func (c *Catalog) artifactOf(page *pypi.Page, i int, at *url.URL) assay.Artifact {
	a := page.Artifact(i, indexOf(at))
	a.Led = !c.upstream.Configured(pageAt(at))
	return a
}

// artifact is the listed file as a value, with the place of its provenance where
// the page is too old to name it.
func (c *Catalog) artifact(l listing) assay.Artifact {
	a := c.artifactOf(l.page, l.i, l.index)
	a.Standing = c.standingOf(l.seen)
	if a.Provenance == "" {
		if guess, ok := c.upstream.ProvenanceGuess(l.page, pageAt(l.index), l.page.Files[l.i]); ok {
			a.Provenance, a.ProvenanceGuess = guess, true
		}
	}
	return a
}

// yankReason is what an installer shows for a file that was refused.
func yankReason(d assay.Decision) string {
	main, _ := d.Main()
	return "refused by assay: " + main.Message + " [" + string(main.Code) + "]"
}
