package catalog

import (
	"net/url"

	"assay"
	"assay/internal/pypi"
)

// A document of PyPI's JSON API is judged as the page that it is beside
// (see pypi.Document). Its files count as offered by that page's index: they have
// the page's provenance, and must have its digests.

// isDocument reports whether a page is a document of the JSON API.
func (s *seen) isDocument() bool { return s.page.Format == pypi.API }

// pageAt is the address of the Simple API's page that a page's address stands
// for: its own, or that of the page beside a document.
func pageAt(u *url.URL) *url.URL {
	if at, ok := pypi.DocumentAt(u); ok {
		return at.Page
	}
	return u
}

// readDocument reads what has the address of a document. An ErrNotAPage means
// that nobody can take it for one: other services have such addresses as well.
func readDocument(u *url.URL, contentType string, body []byte) (*pypi.Page, error) {
	page, err := pypi.ParseDocument(contentType, body, u)
	if err != nil {
		return nil, err
	}
	if _, err := pypi.FormatOf(contentType); err == nil {
		return nil, &pypi.PageError{Detail: "it is a document of the JSON API and is called a page"}
	}
	return page, nil
}

// misfiled returns the decisions against files that a document lists for its
// release and that are, by their names, files of another one: Poetry goes by the
// release it asked for, and would install them as that.
func misfiled(page *pypi.Page, u *url.URL) map[int]assay.Decision {
	out := map[int]assay.Decision{}
	version, files := page.Release()
	v, err := pypi.ParseVersion(version)
	if err != nil {
		return out
	}
	for _, i := range files {
		f, err := pypi.ParseFilenameFor(page.Name, page.Files[i].Filename)
		if err == nil && !f.Version.IsZero() && f.Version.Canonical() != v.Canonical() {
			out[i] = assay.Refuse(page.Artifact(i, indexOf(u)), assay.FileUnreadableName, "it is listed for "+v.String())
		}
	}
	return out
}

// contradictions returns the decisions against files of a page of which another
// page promises other bytes: one index's page and its document of a name, or any
// two pages of a URL, of which one is a document.
func (c *Catalog) contradictions(s *seen) map[int]assay.Decision {
	c.mu.Lock()
	var others []*seen
	for _, o := range c.pages {
		if o != s && o.page.Name == s.page.Name && (o.isDocument() || s.isDocument()) {
			others = append(others, o)
		}
	}
	c.mu.Unlock()
	out := map[int]assay.Decision{}
	for _, o := range others {
		c.compare(s, o, out)
	}
	return out
}

// compare adds the contradictions of a page with another one. It goes through the
// document's files: they are the fewer.
func (c *Catalog) compare(s, other *seen, out map[int]assay.Decision) {
	from, to := s, other
	if !s.isDocument() {
		from, to = other, s
	}
	sameIndex := indexOf(s.index) == indexOf(other.index)
	for i := range from.page.Files {
		f := &from.page.Files[i]
		j, ok := -1, false
		if u, err := url.Parse(f.URL); err == nil {
			var l listing
			l, ok = to.find(u, c.upstream.Key)
			j = l.i
		}
		if !ok && sameIndex {
			j, ok = to.named(f.Filename)
		}
		if !ok || agree(f.Digests, to.page.Files[j].Digests) {
			continue
		}
		if from != s {
			i = j
		}
		out[i] = assay.Refuse(s.page.Artifact(i, indexOf(s.index)), assay.PageDuplicateFile, "its page and the JSON API promise different bytes")
	}
}

// agree reports whether no two digests of one algorithm differ.
func agree(a, b []assay.Digest) bool {
	for _, d := range a {
		for _, e := range b {
			if d.Algorithm == e.Algorithm && d != e {
				return false
			}
		}
	}
	return true
}

// named returns the file of a page that has this name.
func (s *seen) named(filename string) (int, bool) {
	s.onceNames.Do(func() {
		s.names = make(map[string]int, len(s.page.Files))
		for i := range s.page.Files {
			s.names[s.page.Files[i].Filename] = i
		}
	})
	i, ok := s.names[filename]
	return i, ok
}

// best returns the listing to judge a file by: of a file in a document that of the
// page that lists the same URL, which says more of it.
func (c *Catalog) best(l listing) listing {
	if !l.isDocument() {
		return l
	}
	u, err := url.Parse(l.page.Files[l.i].URL)
	if err != nil {
		return l
	}
	if other, ok := c.listed(u); ok && other.page.Name == l.page.Name && !other.isDocument() {
		return other
	}
	return l
}
