package catalog

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"

	"assay"
	"assay/internal/pypi"
)

// judgeNewest gathers the evidence for the newest release that a resolver would
// take, and for the next older one while the newest is refused. It returns the
// mark for every file of a release whose evidence is out of reach. Those in listed
// are refused already.
func (c *Catalog) judgeNewest(ctx context.Context, s *seen, listed verdicts) (map[int]string, error) {
	ctx, cancel := context.WithTimeout(ctx, pageBudget)
	defer cancel()
	undecided, looked := map[int]string{}, listed.groups()
	for range pageReleases {
		g := s.sorted.newest(s.page, looked)
		if g == nil {
			break
		}
		looked[g] = true
		d, err := c.judgeRelease(ctx, s, listed.left(g))
		if err != nil {
			return nil, err
		}
		if d.Verdict != assay.Deny {
			break
		}
		if d.Undecided() {
			for _, i := range g.files {
				undecided[i] = yankReason(d)
			}
		}
	}
	return undecided, nil
}

// newest returns the release that a resolver would take of those that were not
// looked at: final releases before pre-releases, then the newest. Most pages need
// one answer, so their releases are not put in order.
func (s sorted) newest(page *pypi.Page, looked map[*group]bool) *group {
	var best *group
	for _, g := range s.groups {
		if g.release.Project != page.Name || looked[g] || best != nil && !better(g.version, best.version) || allYanked(page, g.files) {
			continue
		}
		best = g
	}
	return best
}

func better(v, w pypi.Version) bool {
	if v.IsPrerelease() != w.IsPrerelease() {
		return w.IsPrerelease()
	}
	return v.Compare(w) > 0
}

func allYanked(page *pypi.Page, files []int) bool {
	for _, i := range files {
		if !page.Files[i].Yanked {
			return false
		}
	}
	return true
}

// judgeRelease judges the files of one release that may have evidence, and
// returns the decision that refuses the release, if any does. One that refuses
// outright comes before one that lacks an answer.
func (c *Catalog) judgeRelease(ctx context.Context, s *seen, files []int) (assay.Decision, error) {
	for _, i := range files {
		if d, bad := s.sorted.bad[i]; bad {
			return d, nil
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	var denial assay.Decision
	slots := make(chan struct{}, parallel)
	for _, i := range worthJudging(ctx, s.page, files) {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			a := c.artifact(c.best(listing{s, i}))
			j, err := c.evidence(ctx, a)
			if err != nil || j.Decision.Verdict != assay.Deny || j.Decision.OfFileAlone() {
				return // not answered within the budget: judged when it is asked for
			}
			c.refuse(a, j.Decision)
			err = c.recordOnce(ctx, j)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			if denial.Verdict != assay.Deny || denial.Undecided() {
				denial = j.Decision
			}
		})
	}
	wg.Wait()
	return denial, failed
}

// worthJudging picks the files of a release that are judged for its page: those
// that could be installed on this system, at most releaseFiles. The others are
// judged when they are asked for.
func worthJudging(ctx context.Context, page *pypi.Page, files []int) []int {
	by, known := ctx.Value(askerKey{}).(asker)
	var picked []int
	for _, i := range files {
		name := page.Files[i].Filename
		if len(picked) < releaseFiles && installsHere(name, runtime.GOOS, runtime.GOARCH) && (!known || by.fits(name)) {
			picked = append(picked, i)
		}
	}
	return picked
}

// machines are the names that wheels' platform tags have for Go's architectures.
var machines = map[string][]string{
	"amd64": {"x86_64", "amd64", "intel", "universal2"},
	"arm64": {"aarch64", "arm64", "universal2"},
	"386":   {"i686", "i386", "win32"},
}

// systems are the parts by which wheels' platform tags name Go's systems.
var systems = map[string][]string{
	"linux":   {"linux"}, // manylinux and musllinux as well
	"darwin":  {"macosx"},
	"windows": {"win_", "win32"},
}

// installsHere reports whether a file is an sdist or a wheel for this system, by
// its platform tag alone: which Python asks is not known.
func installsHere(filename, system, arch string) bool {
	stem, wheel := strings.CutSuffix(filename, ".whl")
	if !wheel {
		return true
	}
	platform := strings.ToLower(stem[strings.LastIndexByte(stem, '-')+1:])
	contains := func(parts []string) bool {
		for _, part := range parts {
			if strings.Contains(platform, part) {
				return true
			}
		}
		return false
	}
	names, known := machines[arch]
	on, listed := systems[system]
	return platform == "any" || (!listed || contains(on)) && (!known || contains(names))
}
