package journal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay"
)

// Conflict is where an import and memory cannot both be right.
type Conflict struct {
	Project string
	What    string // a clause
}

// Merged is what an import adds, and what speaks against it.
type Merged struct {
	// Added are the entries that say something new, without the Import itself.
	Added []Entry
	// Conflicts keep everything from being added.
	Conflicts []Conflict
}

// Merge takes what [ReadExport] read into memory: what is known already is left out,
// and all the rest is one batch, on the disk when Merge returns. If anything
// conflicts with what is known nothing is added: other bytes of a file, other
// publishers of a file, or a project of which both know publishers and none is the
// same. With dry nothing is changed.
func (j *Journal) Merge(ctx context.Context, imported []Entry, by string, dry bool) (Merged, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !dry {
		unlock, err := j.lock(ctx)
		if err != nil {
			return Merged{}, err
		}
		defer unlock()
	}
	if err := j.refresh(!dry); err != nil {
		return Merged{}, err
	}
	var m Merged
	projects := map[string]*history{}
	for _, e := range imported {
		if e.Project == "" || projects[e.Project] != nil {
			continue
		}
		h, err := j.history(e.Project, nil)
		if err != nil {
			return Merged{}, err
		}
		projects[e.Project] = h
		if c, ok := h.strangers(imported, e.Project); ok {
			m.Conflicts = append(m.Conflicts, c)
		}
	}
	for _, e := range imported {
		h := projects[e.Project]
		switch e.Kind {
		case Seen:
			m.file(h, e)
		case Accept:
			if e.Until.After(LatestEnd(j.now())) {
				return Merged{}, fmt.Errorf("%w: an acceptance for %s ends on %s, more than 5 years ahead", ErrShared, e.Project, lastDay(e.Until))
			}
			if !slices.ContainsFunc(h.accepted, func(o Entry) bool { return sameAcceptance(o, e) }) {
				h.add(&e)
				m.Added = append(m.Added, e)
			}
		}
	}
	if len(m.Conflicts) > 0 || len(m.Added) == 0 || dry {
		return m, nil
	}
	batch := slices.Clone(m.Added)
	for i := range batch {
		if batch[i].Kind == Seen {
			batch[i].By = j.by
		}
	}
	origin := imported[0]
	origin.By = by
	added, err := j.append(append([]Entry{origin}, batch...))
	if err != nil {
		return m, err
	}
	m.Added = added[1:]
	return m, j.settle()
}

// file compares an imported file with what is known of it.
func (m *Merged) file(h *history, e Entry) {
	f := h.file(e.key())
	conflict := func(format string, args ...any) {
		m.Conflicts = append(m.Conflicts, Conflict{e.Project, fmt.Sprintf("%s from %s: ", e.Filename, e.Index) + fmt.Sprintf(format, args...)})
	}
	var ours []assay.Identity
	if f != nil {
		ours, _ = byKind(f.Publishers)
	}
	theirs, _ := byKind(e.Publishers) // keys are held to grants, and are nobody's here
	switch {
	case f == nil || f.SHA256 == e.SHA256 && f.improvedBy(&e):
		h.add(&e)
		m.Added = append(m.Added, e)
	case f.SHA256 != e.SHA256:
		conflict("memory has sha256:%s, the import sha256:%s", f.SHA256, e.SHA256)
	case len(ours) > 0 && len(theirs) > 0 && !slices.ContainsFunc(theirs, func(p assay.Identity) bool { return slices.ContainsFunc(ours, p.SameRepository) }):
		conflict("memory has it from %s, the import from %s", names(ours), names(theirs))
	}
}

// strangers reports whether memory and import both know publishers of a project, and
// none in common.
func (h *history) strangers(imported []Entry, project string) (Conflict, bool) {
	var ours, theirs []assay.Identity
	for _, f := range h.order {
		if !f.Waived {
			publishers, _ := byKind(f.Publishers)
			ours = append(ours, publishers...)
		}
	}
	for _, e := range imported {
		if e.Project == project && e.Kind == Seen && !e.Waived {
			publishers, _ := byKind(e.Publishers)
			theirs = append(theirs, publishers...)
		}
	}
	if len(ours) == 0 || len(theirs) == 0 || slices.ContainsFunc(ours, func(p assay.Identity) bool { return slices.ContainsFunc(theirs, p.SameRepository) }) {
		return Conflict{}, false
	}
	return Conflict{project, fmt.Sprintf("memory knows %s, the import %s", names(ours), names(theirs))}, true
}

func names(list []assay.Identity) string {
	var out []string
	for _, p := range list {
		if s := p.String(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, " and ")
}

func sameAcceptance(a, b Entry) bool {
	return a.Version == b.Version && a.Identity == b.Identity && slices.Equal(a.Codes, b.Codes) && a.Until.Equal(b.Until) && a.Reason == b.Reason && a.By == b.By
}
