package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"sync"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/pypi"
)

// Judge is the engine, as the catalog needs it.
type Judge interface {
	Judge(ctx context.Context, s assay.Subject) (engine.Judgement, error)
	Complete(ctx context.Context, j engine.Judgement, c assay.Content) (engine.Judgement, error)
	Record(ctx context.Context, j engine.Judgement) error
	// Listed judges what an index says of the files of one project.
	Listed(ctx context.Context, files []assay.Artifact) ([]assay.Decision, error)
	// AsksListing reports whether Listed could refuse a file of a project.
	AsksListing(project string) bool
}

// Upstream answers for the indexes behind the catalog.
type Upstream interface {
	// Key renders a URL so that two spellings of one resource compare equal.
	Key(u *url.URL) string
	// Locate finds a page that lists a file at exactly this URL, for a file
	// that was asked for without a page. False means that no index lists it:
	// the place then has no file, and a page where that says that the file's
	// project is under quarantine.
	Locate(ctx context.Context, file *url.URL) (pypi.Place, bool, error)
	// Configured reports whether a page is one of a configured index.
	Configured(page *url.URL) bool
	// ProvenanceGuess names where an index keeps a file's provenance when its
	// page is too old to say so.
	ProvenanceGuess(page *pypi.Page, index *url.URL, f pypi.File) (string, bool)
}

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

	extra   assay.Decision // reasons from outside of any evidence
	sidecar []assay.Digest // of a file: what the index promises of its metadata
}

// Refusal returns the decision that refuses the file, and whether it is refused.
func (f *File) Refusal() (assay.Decision, bool) {
	return f.Judgement.Decision, f.Judgement.Decision.Verdict == assay.Deny
}

// Catalog is safe for concurrent use. It keeps what it learns in memory.
type Catalog struct {
	judge    Judge
	upstream Upstream
	now      func() time.Time
	keep     kept

	mu      sync.Mutex
	pages   []*seen // oldest first, one of each address
	bytes   int64   // of the pages
	refused map[refusedKey]refusal
	tried   map[string]*attempt
	told    recent[bool]         // what was recorded
	broken  map[string]int       // transfers that broke off, by file URL; "" for all that are not counted
	beside  recent[assay.Digest] // of the metadata that was handed out, by file URL
	inside  recent[assay.Digest] // of the metadata in the file itself, by file URL

	// quarantined are the projects that an index has put under quarantine, by their
	// pages: a page without files is not kept, and other pages name files of it.
	quarantined map[string]assay.Standing
}

// seen is a page that passed by. Its files are indexed by URL when the first of
// them is asked for: most pages are read for one file, or for none.
type seen struct {
	page        *pypi.Page
	index       *url.URL
	contentType string
	body        []byte
	sorted      sorted
	onceURLs    sync.Once
	urls        map[string]int // its files by their URLs, as it has them
	onceKeys    sync.Once
	keys        map[string]int // its files by the keys of their URLs
	onceNames   sync.Once
	names       map[string]int // its files by their names; for documents only
	listing     sync.Mutex
	listed      *verdicts // nil until it was judged
}

// listing is one file of a page.
type listing struct {
	*seen
	i int
}

// find returns the listing of a file URL on the page: by the URL as the page
// has it, as installers ask for most files, else by what it leads to.
func (s *seen) find(u *url.URL, keyOf func(*url.URL) string) (listing, bool) {
	s.onceURLs.Do(func() {
		s.urls = make(map[string]int, len(s.page.Files))
		for i := range s.page.Files {
			s.urls[s.page.Files[i].URL] = i
		}
	})
	if i, ok := s.urls[u.String()]; ok {
		return listing{s, i}, true
	}
	s.onceKeys.Do(func() {
		s.keys = make(map[string]int, len(s.page.Files))
		for i := range s.page.Files {
			if u, err := url.Parse(s.page.Files[i].URL); err == nil {
				s.keys[keyOf(u)] = i
			}
		}
	})
	i, ok := s.keys[keyOf(u)]
	return listing{s, i}, ok
}

// refusal is why a release is refused: the file that was refused first.
type refusal struct {
	filename string
	decision assay.Decision
}

// attempt is one judgement under way or done, shared by all who ask for the
// same file.
type attempt struct {
	done chan struct{}
	j    engine.Judgement
	err  error
}

// New returns an empty catalog.
func New(judge Judge, upstream Upstream, now func() time.Time) *Catalog {
	return &Catalog{
		judge: judge, upstream: upstream, now: now, keep: keep,
		refused: map[refusedKey]refusal{},
		tried:   map[string]*attempt{},
		broken:  map[string]int{},

		quarantined: map[string]assay.Standing{},
	}
}

// remember keeps a page that lists files, in place of an older copy of it. The
// oldest pages go when they are too many or too large.
func (c *Catalog) remember(s *seen) {
	if len(s.page.Files) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = slices.DeleteFunc(c.pages, func(o *seen) bool {
		old := o.index.String() == s.index.String()
		if old {
			c.bytes -= int64(len(o.body))
		}
		return old
	})
	c.pages = append(c.pages, s)
	c.bytes += int64(len(s.body))
	for len(c.pages) > 1 && (len(c.pages) > maxPages || c.bytes > maxBytes) {
		c.bytes -= int64(len(c.pages[0].body))
		c.pages = slices.Delete(c.pages, 0, 1)
	}
}

// again returns a page that passed by with the very same bytes.
func (c *Catalog) again(u *url.URL, contentType string, body []byte) *seen {
	c.mu.Lock()
	i := slices.IndexFunc(c.pages, func(o *seen) bool { return o.index.String() == u.String() })
	var s *seen
	if i >= 0 {
		s = c.pages[i]
	}
	c.mu.Unlock()
	if s == nil || s.contentType != contentType || !bytes.Equal(s.body, body) {
		return nil
	}
	return s
}

// listed finds a file URL on the pages that passed by: on the newest first, on
// those of the file's own project before all others, and on pages before
// documents, which say less.
func (c *Catalog) listed(u *url.URL) (listing, bool) {
	project := ""
	if name, err := pypi.ParseFilename(path.Base(u.Path)); err == nil {
		project = name.Project
	}
	c.mu.Lock()
	pages := slices.Clone(c.pages)
	c.mu.Unlock()
	const ranks = 3
	for rank := range ranks {
		for _, s := range slices.Backward(pages) {
			if s.rank(project) != rank {
				continue
			}
			if l, ok := s.find(u, c.upstream.Key); ok {
				return l, true
			}
		}
	}
	return listing{}, false
}

// rank orders pages by how much they say about a file of a project: the lowest
// says most.
func (s *seen) rank(project string) int {
	switch {
	case s.page.Name != project:
		return 2
	case s.isDocument():
		return 1
	}
	return 0
}

// releaseOf is the release that an artifact belongs to, by its canonical version:
// to installers foo-2.0.0.tar.gz is a file of the same release as
// foo-2.0-py3-none-any.whl, and would be taken in its place.
func releaseOf(a assay.Artifact) assay.Release {
	r := a.Release()
	if v, err := pypi.ParseVersion(r.Version); err == nil {
		r.Version = v.Canonical()
	}
	return r
}

// refusedKey is a refused release, on one index where it is refused for what that
// index says, else on all.
type refusedKey struct {
	release assay.Release
	index   string
}

// refuse remembers that the release of a file is refused. A decision that only lacks
// an answer is not remembered: the next try may get one; nor is one that says
// nothing about the release's other files.
func (c *Catalog) refuse(a assay.Artifact, d assay.Decision) {
	k := refusedKey{release: releaseOf(a)}
	if k.release.Project == "" || k.release.Version == "" || !d.OfRelease() {
		return
	}
	if d.OfIndex() {
		k.index = a.Index
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.refusedAs(k.release, k.index); ok {
		return
	}
	switch n := len(c.refused); {
	case n >= 2*c.keep.refused:
		k = refusedKey{}
	case n >= c.keep.refused:
		k = refusedKey{release: assay.Release{Project: k.release.Project}}
	}
	c.refused[k] = refusal{a.Filename, d}
}

// refusedAs returns why a release is refused, as an index offers it. The caller
// holds mu.
func (c *Catalog) refusedAs(release assay.Release, index string) (refusal, bool) {
	keys := []refusedKey{{release: release}, {release, index}}
	if len(c.refused) > c.keep.refused { // not all of them are told apart
		keys = append(keys, refusedKey{release: assay.Release{Project: release.Project}}, refusedKey{})
	}
	for _, k := range keys {
		if r, ok := c.refused[k]; ok {
			return r, true
		}
	}
	return refusal{}, false
}

// refusalOf returns why an artifact's release is refused, in the artifact's own
// words where it is the file that was refused.
func (c *Catalog) refusalOf(a assay.Artifact) (assay.Decision, bool) {
	c.mu.Lock()
	r, ok := c.refusedAs(releaseOf(a), a.Index)
	c.mu.Unlock()
	if !ok {
		return assay.Decision{}, false
	}
	if r.filename == a.Filename {
		return r.decision, true
	}
	return assay.Refuse(a, assay.ReleaseRefused, because(r)), true
}

// because explains a refusal by the file that caused it.
func because(r refusal) string {
	main, _ := r.decision.Main()
	return r.filename + ", " + main.Message + " [" + string(main.Code) + "]"
}

// recordOnce hands a judgement to the recorder once for each file, or now and then
// twice where two ask at once, or where it was long ago: what could not be recorded is
// not told.
func (c *Catalog) recordOnce(ctx context.Context, j engine.Judgement) error {
	a := j.Subject.Artifact
	k := a.Index + " " + a.Project + " " + a.Filename + " " + string(j.Decision.Verdict)
	c.mu.Lock()
	_, told := c.told.get(k)
	c.mu.Unlock()
	if told {
		return nil
	}
	if err := c.judge.Record(ctx, j); err != nil {
		return err
	}
	c.mu.Lock()
	c.told.put(k, true, c.keep.told)
	c.mu.Unlock()
	return nil
}

// evidence judges an artifact from its promised digest, once for all who ask
// with the same promise. An undecided judgement is forgotten, so that the next
// request asks again.
func (c *Catalog) evidence(ctx context.Context, a assay.Artifact) (engine.Judgement, error) {
	k := promise(a)
	for {
		c.mu.Lock()
		t, ok := c.tried[k]
		if !ok {
			t = &attempt{done: make(chan struct{})}
			if c.roomToTry() {
				c.tried[k] = t
			}
		}
		c.mu.Unlock()
		if !ok {
			return c.try(ctx, k, t, a)
		}
		select {
		case <-t.done:
		case <-ctx.Done():
			return engine.Judgement{}, ctx.Err()
		}
		// The one who judged may have given up for reasons of its own.
		if t.err == nil {
			return t.j, nil
		}
	}
}

// roomToTry makes room for one more judgement, by dropping such as refuse nothing, and
// reports whether there is any. One that refuses stays, and one that is under way. The
// caller holds mu.
func (c *Catalog) roomToTry() bool {
	if len(c.tried) < c.keep.tried {
		return true
	}
	for k, t := range c.tried {
		if len(c.tried) <= c.keep.tried/2 {
			break
		}
		select {
		case <-t.done:
			if t.err == nil && t.j.Decision.Verdict != assay.Deny {
				delete(c.tried, k)
			}
		default:
		}
	}
	return len(c.tried) < c.keep.tried
}

// promise is all of an artifact that a judgement depends on: two pages may list
// one URL with different digests or provenance.
func promise(a assay.Artifact) string { return fmt.Sprintf("%+v", a) }

var errPanic = errors.New("judging broke down")

func (c *Catalog) try(ctx context.Context, k string, t *attempt, a assay.Artifact) (engine.Judgement, error) {
	t.err = errPanic // what those who wait see if Judge does not return
	defer func() {
		if t.err != nil || t.j.Decision.Undecided() {
			c.mu.Lock()
			if c.tried[k] == t { // there may have been no room for it
				delete(c.tried, k)
			}
			c.mu.Unlock()
		}
		close(t.done)
	}()
	t.j, t.err = c.judge.Judge(ctx, assay.Subject{Artifact: a})
	return t.j, t.err
}
