package catalog

import (
	"context"
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"assay"
	"assay/internal/engine"
	"assay/internal/pypi"
)

// Page judges an index page that was fetched from u: what the page alone allows
// to decide (names, duplicates, refused releases), and the evidence for its
// newest release, within a budget. An error means a cancelled context or a
// failing recorder, never a bad page.
func (c *Catalog) Page(ctx context.Context, u *url.URL, contentType string, body []byte) (Page, error) {
	project := projectOf(u)
	page, err := pypi.ParsePage(contentType, body, u)
	if errors.Is(err, pypi.ErrNotAPage) && strings.HasPrefix(contentType, "application/vnd.pypi.simple.") {
		return Page{Body: body}, nil // the list of all projects: it offers no file
	}
	if err != nil {
		return c.refusePage(ctx, u, project, detailOf(err))
	}
	switch name, err := pypi.NormalizeName(page.Name); {
	case page.Name == "":
		page.Name = project
	case err != nil:
		return c.refusePage(ctx, u, project, "the page's own name is not a project name")
	case project != "" && name != project:
		return c.refusePage(ctx, u, project, "the page says that it is about "+name)
	default:
		page.Name = name
	}
	s := sort(page, u)
	l := c.remember(page, u, s.bad)
	marks := map[int]string{}
	for i, d := range s.bad {
		if err := c.refuseListed(ctx, page.Artifact(i, indexOf(u)), d); err != nil {
			return Page{}, err
		}
		marks[i] = yankReason(d)
	}
	if err := c.judgeNewest(ctx, l, s); err != nil {
		return Page{}, err
	}
	c.mu.Lock()
	for release, files := range s.releases {
		if r, ok := c.refused[release]; ok {
			for _, i := range files {
				marks[i] = yankReason(r.decision)
			}
		}
	}
	c.mu.Unlock()
	for i, reason := range s.undecided {
		marks[i] = reason
	}
	if len(marks) == 0 {
		return Page{Body: body}, nil
	}
	edited, err := page.WithYanked(marks)
	if err != nil {
		return c.refusePage(ctx, u, project, detailOf(err))
	}
	return Page{Body: edited, Edited: true}, nil
}

// refusePage refuses a page as a whole: what cannot be read without doubt could
// be read differently by the installer.
func (c *Catalog) refusePage(ctx context.Context, u *url.URL, project, detail string) (Page, error) {
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: project, Index: indexOf(u)}
	d := assay.Refuse(a, assay.PageMalformed, detail)
	j := engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: d, Time: c.now()}
	if err := c.recordOnce(ctx, j); err != nil {
		return Page{}, err
	}
	return Page{Refusal: &d}, nil
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
	last := path.Base(strings.TrimSuffix(u.Path, "/index.html"))
	name, err := pypi.NormalizeName(last)
	if err != nil || last == "simple" || !strings.HasSuffix(u.Path, "/") && path.Ext(last) != "" {
		return ""
	}
	return name
}

// indexOf is the page's address as it may be shown and remembered.
func indexOf(u *url.URL) string {
	k := *u
	k.User, k.Fragment, k.RawFragment, k.RawQuery = nil, "", "", ""
	return k.String()
}

// sorted is a page by release.
type sorted struct {
	releases  map[assay.Release][]int
	versions  []pypi.Version // distinct, of this page's project
	bad       map[int]assay.Decision
	undecided map[int]string
}

// sort files every listed file under its release, and finds what the page alone
// shows to be wrong. Most pages hold thousands of files of a few
// dozen versions, so the leading "name-version" of a file name is parsed once.
func sort(page *pypi.Page, u *url.URL) *sorted {
	s := &sorted{releases: map[assay.Release][]int{}, bad: map[int]assay.Decision{}, undecided: map[int]string{}}
	heads := map[string]head{}
	names := make(map[string]int, len(page.Files))
	known := map[assay.Release]bool{}
	for i := range page.Files {
		f := &page.Files[i]
		k, wheel := headOf(f.Filename)
		h, ok := heads[k]
		if !ok || !wheel {
			h = read(page.Name, f.Filename)
			heads[k] = h
		}
		if first, twice := names[f.Filename]; twice {
			d := assay.Refuse(page.Artifact(i, indexOf(u)), assay.PageDuplicateFile, "")
			s.bad[i], s.bad[first] = d, d
		}
		names[f.Filename] = i
		switch {
		case h.foreign:
			d := assay.Refuse(page.Artifact(i, indexOf(u)), assay.FileWrongProject, f.Filename)
			s.bad[i] = d
		case h.release.Version != "":
			s.releases[h.release] = append(s.releases[h.release], i)
			if !known[h.release] && h.release.Project == page.Name {
				known[h.release] = true
				s.versions = append(s.versions, h.version)
			}
		}
	}
	return s
}

// head is what the start of a file name says.
type head struct {
	release assay.Release
	version pypi.Version
	foreign bool
}

// headOf returns the part of a wheel's name that holds project and version, and
// whether the file is a wheel.
func headOf(filename string) (string, bool) {
	if !strings.HasSuffix(filename, ".whl") {
		return filename, false
	}
	first := strings.IndexByte(filename, '-')
	if first < 0 {
		return filename, false
	}
	second := strings.IndexByte(filename[first+1:], '-')
	if second < 0 {
		return filename, false
	}
	return filename[:first+1+second], true
}

// read parses a file name on a project's page. Names that are no distribution
// files at all are left alone: no installer takes them.
func read(project, filename string) head {
	var f pypi.Filename
	var err error
	if project == "" {
		f, err = pypi.ParseFilename(filename)
	} else {
		f, err = pypi.ParseFilenameFor(project, filename)
	}
	if errors.Is(err, pypi.ErrOtherProject) {
		return head{foreign: true}
	}
	if err != nil || f.Version.String() == "" {
		return head{}
	}
	return head{release: assay.Release{Ecosystem: assay.PyPI, Project: f.Project, Version: f.Version.Canonical()}, version: f.Version}
}

// refuseListed records a file that the page alone shows to be wrong, and refuses
// its release where the file is the project's own.
func (c *Catalog) refuseListed(ctx context.Context, a assay.Artifact, d assay.Decision) error {
	main, _ := d.Main()
	if main.Code != assay.FileWrongProject {
		c.refuse(releaseOf(a), a.Filename, d)
	}
	return c.recordOnce(ctx, engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: d, Time: c.now()})
}

// judgeNewest gathers the evidence for the newest release that a resolver would
// take, and for the next older one while the newest is refused.
func (c *Catalog) judgeNewest(ctx context.Context, l *seen, s *sorted) error {
	ctx, cancel := context.WithTimeout(ctx, pageBudget)
	defer cancel()
	versions := slices.Clone(s.versions)
	slices.SortFunc(versions, func(a, b pypi.Version) int { return preference(b).compare(preference(a)) })
	looked := 0
	for _, v := range versions {
		release := assay.Release{Ecosystem: assay.PyPI, Project: l.page.Name, Version: v.Canonical()}
		files := s.releases[release]
		if allYanked(l.page, files) {
			continue
		}
		if looked++; looked > pageReleases {
			return nil
		}
		refused, err := c.judgeRelease(ctx, l, s, files)
		if err != nil || !refused {
			return err
		}
	}
	return nil
}

// judgeRelease judges the files of one release that may have evidence, and
// reports whether the release is refused.
func (c *Catalog) judgeRelease(ctx context.Context, l *seen, s *sorted, files []int) (bool, error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	refused := false
	slots := make(chan struct{}, parallel)
	for _, i := range worthJudging(l.page, files) {
		if _, bad := s.bad[i]; bad {
			refused = true
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			a := c.artifact(listing{l, i})
			j, err := c.evidence(ctx, a)
			if err != nil || j.Decision.Verdict != assay.Deny {
				return // not answered within the budget: judged when it is asked for
			}
			c.refuse(releaseOf(a), a.Filename, j.Decision)
			err = c.recordOnce(ctx, j)
			mu.Lock()
			defer mu.Unlock()
			refused, failed = true, errors.Join(failed, err)
			if j.Decision.Undecided() {
				for _, k := range files {
					s.undecided[k] = yankReason(j.Decision)
				}
			}
		})
	}
	wg.Wait()
	return refused, failed
}

// worthJudging picks the files of a release that are judged for its page:
// at most releaseFiles, those with evidence to ask for first.
func worthJudging(page *pypi.Page, files []int) []int {
	picked := make([]int, 0, len(files))
	for _, i := range files {
		if page.Files[i].Provenance != "" {
			picked = append(picked, i)
		}
	}
	for _, i := range files {
		if page.Files[i].Provenance == "" {
			picked = append(picked, i)
		}
	}
	return picked[:min(len(picked), releaseFiles)]
}

func allYanked(page *pypi.Page, files []int) bool {
	for _, i := range files {
		if !page.Files[i].Yanked {
			return false
		}
	}
	return true
}

// preferred orders versions as resolvers choose: final releases before
// pre-releases, then the newest first.
type preferred struct {
	final   bool
	version pypi.Version
}

func preference(v pypi.Version) preferred { return preferred{!v.IsPrerelease(), v} }

func (p preferred) compare(q preferred) int {
	if p.final != q.final {
		if p.final {
			return 1
		}
		return -1
	}
	return p.version.Compare(q.version)
}

// artifact is the listed file as a value, with the place of its provenance where
// the page is too old to name it.
func (c *Catalog) artifact(l listing) assay.Artifact {
	a := l.page.Artifact(l.i, indexOf(l.index))
	if a.Provenance == "" {
		if guess, ok := c.upstream.ProvenanceGuess(l.page, l.index, l.page.Files[l.i]); ok {
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
