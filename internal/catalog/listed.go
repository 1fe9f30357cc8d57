package catalog

import (
	"context"
	"slices"

	"assay"
	"assay/internal/engine"
)

// verdicts are what the rules say of a page's files by what the page tells of
// them: their age, their kind, the index itself.
type verdicts struct {
	files    map[int]assay.Decision // those that are refused
	releases map[*group]int         // those of which no file is left, with one of these
	outside  bool                   // no lock has anything of the project
}

// marked are the files that a page is to show as refused. Of a project that is in no
// lock there are none: whichever file an installer goes for is refused with the reason,
// where of releases that are all yanked pip shows nothing but their numbers.
func (v verdicts) marked() map[int]assay.Decision {
	if v.outside {
		return nil
	}
	return v.files
}

// isOutside reports whether a file is refused for not being in a lock.
func isOutside(d assay.Decision) bool {
	main, _ := d.Main()
	return d.Verdict == assay.Deny && main.Code == assay.LockOutside
}

// judgeListed judges the files of a page by what it tells of them, once for each
// page that passed by. It refuses the releases of those that are refused, and
// records those that an installer would have taken before the first that holds.
func (c *Catalog) judgeListed(ctx context.Context, s *seen) (verdicts, error) {
	s.listing.Lock()
	defer s.listing.Unlock()
	if s.listed != nil {
		return *s.listed, nil
	}
	if !c.asksListing(s) {
		s.listed = &verdicts{}
		return verdicts{}, ctx.Err()
	}
	files := make([]assay.Artifact, len(s.page.Files))
	index, led := indexOf(s.index), !c.upstream.Configured(pageAt(s.index))
	for i := range files {
		files[i] = s.page.Artifact(i, index)
		files[i].Led = led
	}
	decisions, err := c.judge.Listed(ctx, files)
	if err != nil {
		return verdicts{}, err
	}
	v := verdicts{files: map[int]assay.Decision{}, releases: map[*group]int{}, outside: !slices.ContainsFunc(decisions, func(d assay.Decision) bool { return !isOutside(d) })}
	for _, g := range s.sorted.groups {
		left := len(g.files)
		for _, i := range g.files {
			if decisions[i].Verdict != assay.Deny {
				continue
			}
			v.files[i] = decisions[i]
			if left--; left == 0 || !decisions[i].OfFileAlone() {
				v.releases[g] = i
			}
		}
	}
	for _, i := range v.releases {
		c.refuse(files[i], v.files[i])
	}
	if err := c.recordPassedOver(ctx, s, v, files); err != nil {
		return verdicts{}, err
	}
	s.listed = &v
	return v, nil
}

// asksListing reports whether the rules for any of the projects on a page could go
// against what it tells of a file. Most say nothing of that kind, and a page may have
// thousands of files.
func (c *Catalog) asksListing(s *seen) bool {
	if c.judge.AsksListing(s.page.Name) {
		return true
	}
	for _, g := range s.sorted.groups {
		if g.release.Project != s.page.Name && c.judge.AsksListing(g.release.Project) {
			return true
		}
	}
	return false
}

// recordPassedOver records the refused releases that are newer than the first one
// that is not refused, up to pageReleases: the report names what was taken instead.
// Newer ones than a lock pins are not passed over, but not asked for.
func (c *Catalog) recordPassedOver(ctx context.Context, s *seen, v verdicts, files []assay.Artifact) error {
	looked := map[*group]bool{}
	for range pageReleases {
		g := s.sorted.newest(s.page, looked)
		if g == nil {
			return nil
		}
		looked[g] = true
		i, refused := v.releases[g]
		if !refused {
			return nil
		}
		outside := isOutside(v.files[i])
		if outside && !v.outside {
			continue
		}
		j := engine.Judgement{Subject: assay.Subject{Artifact: files[i]}, Decision: v.files[i], Time: c.now()}
		if err := c.recordOnce(ctx, j); err != nil || outside { // of a whole project one is enough
			return err
		}
	}
	return nil
}

// groups are the refused releases.
func (v verdicts) groups() map[*group]bool {
	out := map[*group]bool{}
	for g := range v.releases {
		out[g] = true
	}
	return out
}

// left are the files of a release that are not refused.
func (v verdicts) left(g *group) []int {
	if len(v.files) == 0 {
		return g.files
	}
	return slices.DeleteFunc(slices.Clone(g.files), func(i int) bool {
		_, refused := v.files[i]
		return refused
	})
}
