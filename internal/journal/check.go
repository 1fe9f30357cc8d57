package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"assay"
)

// Checked is what a look at the whole journal found.
type Checked struct {
	// Entries is how many lines there are, and Head the chain hash of the last one:
	// noted elsewhere, it shows later that nothing before it was changed.
	Entries int64
	Head    string
	// Ahead counts the entries from the future.
	Ahead int
	// IndexWrong says that the index did not say what the journal says. It is made
	// anew.
	IndexWrong bool
}

// Check follows the chain from the first line to the last one. A line that is not
// what was written is a *LineError.
func (j *Journal) Check(ctx context.Context) (Checked, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.refresh(false); err != nil {
		return Checked{}, err
	}
	var c Checked
	prints, indexed := uint64(0), int64(0)
	var p position
	limit := j.now().Add(ahead)
	if j.index != nil {
		indexed = j.index.end
	}
	err := j.each(ctx, &p, func(at int64, line []byte, e Entry) {
		if e.Time.After(limit) {
			c.Ahead++
		}
		if at < indexed {
			prints += newRecord(e.Project, at, line).fingerprint()
		}
	})
	if err != nil {
		return c, err
	}
	c.Entries, c.Head = p.seq, p.head.String()
	if p != j.position {
		return c, fmt.Errorf("%w: %s is not what it was when it was opened", ErrEdited, j.path(journalFile))
	}
	if j.index != nil {
		known, err := j.index.all()
		for _, r := range known {
			prints -= r.fingerprint()
		}
		if err != nil || prints != 0 {
			c.IndexWrong = true
			return c, j.reread()
		}
	}
	return c, nil
}

// each hands on the lines up to where the journal is known. It follows the chain.
func (j *Journal) each(ctx context.Context, p *position, do func(at int64, line []byte, e Entry)) error {
	if j.file == nil {
		return nil
	}
	_, err := p.scan(j.path(journalFile), j.file, j.end, func(at int64, line []byte, e Entry) error {
		do(at, line, e)
		return ctx.Err()
	})
	return err
}

// Entries returns all entries, oldest first; where projects are named, those about
// them.
func (j *Journal) Entries(ctx context.Context, projects ...string) ([]Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.refresh(false); err != nil {
		return nil, err
	}
	var out []Entry
	if len(projects) == 0 {
		err := j.each(ctx, &position{}, func(_ int64, _ []byte, e Entry) { out = append(out, e) })
		return out, err
	}
	for _, project := range slices.Compact(slices.Sorted(slices.Values(projects))) {
		entries, err := j.sureEntries(project)
		if err != nil {
			return nil, err
		}
		out = append(out, entries...)
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, nil
}

// Known is what is remembered of one project now.
type Known struct {
	Project string
	// Publishers are those by which its publisher is known, in the order in which
	// they were first seen.
	Publishers []assay.Identity
	// Files are what was seen, in the order of first sight, and First is when the
	// first and Last when the last of them was.
	Files       []Entry
	First, Last time.Time
	// Accepted are the acceptances that nobody has taken back, ended ones among them.
	Accepted []Entry
}

// Releases counts the different versions.
func (k Known) Releases() int {
	versions := map[string]bool{}
	for _, f := range k.Files {
		versions[f.Version] = true
	}
	return len(versions)
}

// Known returns what is remembered now, of all projects or of those that are named,
// in the order of their names.
func (j *Journal) Known(ctx context.Context, projects ...string) ([]Known, error) {
	entries, err := j.Entries(ctx, projects...)
	if err != nil {
		return nil, err
	}
	return knownOf(entries), nil
}

func knownOf(entries []Entry) []Known {
	by := map[string]*history{}
	var names []string
	for _, e := range entries {
		if e.Project == "" {
			continue
		}
		if by[e.Project] == nil {
			by[e.Project] = newHistory()
			names = append(names, e.Project)
		}
		by[e.Project].add(e)
	}
	slices.Sort(names)
	var out []Known
	for _, name := range names {
		h := by[name]
		k := Known{Project: name, Accepted: h.accepted}
		for _, f := range h.order {
			e := f.Entry
			e.First = f.first
			k.Files = append(k.Files, e)
			if k.First.IsZero() || f.first.Before(k.First) {
				k.First = f.first
			}
			if f.first.After(k.Last) {
				k.Last = f.first
			}
			for _, p := range f.Publishers {
				if !f.Waived && !slices.Contains(k.Publishers, p) {
					k.Publishers = append(k.Publishers, p)
				}
			}
		}
		if len(k.Files) > 0 || len(k.Accepted) > 0 {
			out = append(out, k)
		}
	}
	return out
}
