package index

import (
	"context"
	"errors"
	"net/url"
	"path"
	"strings"
	"sync"

	"assay/internal/pypi"
)

// Upstream answers for a client and the indexes that an installer is configured
// with. The catalog asks it about files that no page has shown.
type Upstream struct {
	*Client
	Indexes []string // bases of Simple APIs; may carry credentials
}

// Locate is [Client.Locate] with the upstream's indexes.
func (u Upstream) Locate(ctx context.Context, file *url.URL) (pypi.Place, bool, error) {
	return u.Client.Locate(ctx, file, u.Indexes)
}

// ProvenanceGuess is [ProvenanceGuess].
func (u Upstream) ProvenanceGuess(page *pypi.Page, index *url.URL, f pypi.File) (string, bool) {
	return u.public.provenance(page, index, f)
}

// Locate finds the page that lists a file at exactly this URL ([Key]), for a
// file that was asked for without a page. The file's name tells which projects
// it may belong to; their pages are asked for at the given indexes, in order,
// and at PyPI for a file on PyPI's file host. It returns false where no index
// lists the file. Where none does, and one of them has put a project that the file may
// belong to under quarantine, the place is that project's page, and its File -1: an
// index takes the files of such a project off its page, and they may still be where
// they were. Else, where one of them could not be asked, it returns that index's
// error: nothing is known then.
func (c *Client) Locate(ctx context.Context, file *url.URL, indexes []string) (pypi.Place, bool, error) {
	projects := candidates(path.Base(file.Path))
	if len(projects) == 0 {
		return pypi.Place{}, false, nil
	}
	type place struct{ index, project string }
	var places []place
	for _, index := range c.askable(file, indexes) {
		for _, project := range projects {
			places = append(places, place{index, project})
		}
	}
	results := make([]located, len(places))
	slots := make(chan struct{}, maxParallel)
	var wg sync.WaitGroup
	for i, p := range places {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			results[i] = c.locate(ctx, Key(file), p.index, p.project)
		})
	}
	wg.Wait()
	var failure error
	var quarantined pypi.Place
	for _, r := range results {
		switch {
		case r.ok:
			return r.place, true, nil
		case quarantined.Page == nil:
			quarantined = r.place
		}
		if failure == nil {
			failure = r.err
		}
	}
	if ctx.Err() != nil {
		return pypi.Place{}, false, context.Cause(ctx)
	}
	if quarantined.Page != nil {
		return quarantined, false, nil
	}
	return pypi.Place{}, false, failure
}

// askable returns the indexes to ask for a file, each once.
func (c *Client) askable(file *url.URL, indexes []string) []string {
	var out []string
	seen := map[string]bool{}
	add := func(index string) {
		u, err := parse(index)
		if err != nil || len(out) == maxIndexes {
			return
		}
		if k := strings.TrimSuffix(Key(u), "/"); !seen[k] {
			seen[k] = true
			out = append(out, index)
		}
	}
	for _, index := range indexes {
		add(index)
	}
	if c.public.hosts(file) {
		add(c.public.base)
	}
	return out
}

// located is what one index says about a file. The place is set where ok is, and where
// the file's project is under quarantine.
type located struct {
	place pypi.Place
	ok    bool
	err   error
}

func (c *Client) locate(ctx context.Context, key, index, project string) located {
	page, err := c.Page(ctx, index, project)
	if errors.Is(err, ErrNotFound) {
		return located{}
	}
	if err != nil {
		return located{err: err}
	}
	at, err := PageURL(index, project)
	if err != nil {
		return located{err: err}
	}
	at.User = nil
	if page.Name == "" { // an HTML page does not name its project
		named := *page
		named.Name = project
		page = &named
	}
	for i := range page.Files {
		if u, err := url.Parse(page.Files[i].URL); err == nil && Key(u) == key {
			return located{place: pypi.Place{Page: page, URL: at, File: i}, ok: true}
		}
	}
	if page.Standing.Quarantined() {
		return located{place: pypi.Place{Page: page, URL: at, File: -1}}
	}
	return located{}
}

// candidates returns the projects that a file of this name may belong to, the
// likeliest first. In the name of an old sdist any hyphen may be the one before
// the version: foo-bar-1.0-2.tar.gz is version 2 of foo-bar-1-0 or 1.0-2 (a
// post-release) of foo-bar.
func candidates(filename string) []string {
	f, err := pypi.ParseFilename(filename)
	if err != nil {
		return nil
	}
	var out []string
	add := func(project string) {
		for _, have := range out {
			if have == project {
				return
			}
		}
		if project != "" && len(out) < maxProjects {
			out = append(out, project)
		}
	}
	add(f.Project)
	if f.Kind == pypi.Wheel {
		return out
	}
	for i := len(filename) - 1; i > 0; i-- {
		if filename[i] != '-' {
			continue
		}
		name, err := pypi.NormalizeName(filename[:i])
		if err != nil {
			continue
		}
		if f, err := pypi.ParseFilenameFor(name, filename); err == nil && !f.Version.IsZero() {
			add(f.Project)
		}
	}
	return out
}
