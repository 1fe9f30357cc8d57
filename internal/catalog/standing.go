package catalog

import (
	"context"
	"net/url"

	"assay"
	"assay/internal/engine"
)

// A project under quarantine (PEP 792) is refused whole. Its page is handed on as it is.
// Mostly it lists nothing, and then that is recorded, as an installer says no more than
// that there is nothing. Where it lists files each is refused when it is asked for, with
// the reason: of releases that are all yanked pip shows nothing but their numbers.

// underQuarantine reports whether the project of a page is under quarantine, and
// records it where there is no file that could be asked for. Documents do not tell: of
// theirs the page beside them is believed.
func (c *Catalog) underQuarantine(ctx context.Context, s *seen) (bool, error) {
	if !s.isDocument() {
		c.note(s.index, s.page.Standing)
	}
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: s.page.Name, Index: indexOf(s.index), Standing: c.standingOf(s)}
	if !a.Standing.Quarantined() || len(s.page.Files) > 0 {
		return a.Standing.Quarantined(), nil
	}
	return true, c.recordOnce(ctx, engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: quarantine(a), Time: c.now()})
}

// note remembers of a page whether its project is under quarantine.
func (c *Catalog) note(at *url.URL, s assay.Standing) {
	index := indexOf(at)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.Quarantined() {
		delete(c.quarantined, index)
		return
	}
	for k := range c.quarantined {
		if len(c.quarantined) < c.keep.quarantined {
			break
		}
		delete(c.quarantined, k)
	}
	c.quarantined[index] = s
}

// standingOf is what an index says of the project that a page is about: a quarantine
// also where an older copy of the page, or the document beside it, says nothing of it.
func (c *Catalog) standingOf(s *seen) assay.Standing {
	c.mu.Lock()
	defer c.mu.Unlock()
	if noted, ok := c.quarantined[indexOf(s.index)]; ok {
		return noted
	}
	return s.page.Standing
}

// quarantine is the decision against a file of a project under quarantine, or against
// the project.
func quarantine(a assay.Artifact) assay.Decision {
	return assay.Refuse(a, assay.ProjectQuarantined, a.Standing.Reason)
}
