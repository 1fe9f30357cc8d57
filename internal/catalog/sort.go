package catalog

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"assay"
	"assay/internal/pypi"
)

// sorted is a page by release.
type sorted struct {
	groups []*group // in the page's order
	bad    map[int]assay.Decision
}

// group is the files of one release on a page.
type group struct {
	release assay.Release
	version pypi.Version // as one of its files spells it
	files   []int
}

// foreign stands for a file of another project.
var foreign = &group{}

// sortPage files every listed file under its release, and finds what the page
// alone shows to be wrong. Most pages hold thousands of wheels of a few dozen
// versions, so the leading "name-version" of their names is parsed once.
func sortPage(page *pypi.Page, u *url.URL) sorted {
	s := sorted{bad: map[int]assay.Decision{}}
	releases := map[assay.Release]*group{}
	heads := map[string]*group{}
	names := make(map[string]struct{}, len(page.Files))
	var firsts map[string]int // of each name, made where one comes twice
	var last string           // head of the file before, which is most often this one's
	var lastGroup *group
	for i := range page.Files {
		filename := page.Files[i].Filename
		head, wheel := headOf(filename)
		g, ok := lastGroup, wheel && last == head && lastGroup != nil
		if wheel && !ok {
			g, ok = heads[head]
		}
		if !ok {
			g = s.group(releases, page.Name, filename)
			if wheel && g != nil { // another file of this head may well be readable
				heads[head] = g
			}
		}
		if wheel {
			last, lastGroup = head, g
		}
		before := len(names)
		if names[filename] = struct{}{}; len(names) == before {
			if firsts == nil {
				firsts = firstOf(page.Files)
			}
			first := firsts[filename]
			d := assay.Refuse(page.Artifact(i, indexOf(u)), assay.PageDuplicateFile, "")
			s.bad[i], s.bad[first] = d, d
		}
		switch g {
		case nil:
		case foreign:
			s.bad[i] = assay.Refuse(page.Artifact(i, indexOf(u)), assay.FileWrongProject, filename)
		default:
			g.files = append(g.files, i)
		}
	}
	maps.Copy(s.bad, misfiled(page, u))
	return s
}

// firstOf returns where each name stands first.
func firstOf(files []pypi.File) map[string]int {
	out := make(map[string]int, len(files))
	for i := range slices.Backward(files) {
		out[files[i].Filename] = i
	}
	return out
}

// headOf returns the part of a wheel's name that holds project and version, and
// whether the file is a wheel.
func headOf(filename string) (string, bool) {
	if !strings.HasSuffix(filename, ".whl") {
		return "", false
	}
	first := strings.IndexByte(filename, '-')
	if first < 0 {
		return "", false
	}
	second := strings.IndexByte(filename[first+1:], '-')
	if second < 0 {
		return "", false
	}
	return filename[:first+1+second], true
}

// group returns the release that a file name belongs to. Names that are no
// distribution files at all are left alone (nil): no installer takes them.
func (s *sorted) group(releases map[assay.Release]*group, project, filename string) *group {
	f, err := pypi.ParseFilenameFor(project, filename)
	if errors.Is(err, pypi.ErrOtherProject) {
		return foreign
	}
	if err != nil || f.Version.IsZero() {
		return nil
	}
	r := assay.Release{Ecosystem: assay.PyPI, Project: f.Project, Version: f.Version.Canonical()}
	g := releases[r]
	if g == nil {
		g = &group{release: r, version: f.Version}
		releases[r] = g
		s.groups = append(s.groups, g)
	}
	return g
}
