package journal

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
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
	limit, indexed := j.now().Add(ahead), int64(0)
	if j.index != nil {
		indexed = j.index.end
	}
	starts := j.split(runtime.GOMAXPROCS(0))
	ends, parts, errs := make([]position, len(starts)), make([]part, len(starts)), make([]error, len(starts))
	var wg sync.WaitGroup
	for i, p := range starts {
		to := j.end
		if i+1 < len(starts) {
			to = starts[i+1].end
		}
		wg.Go(func() {
			errs[i] = j.each(ctx, &p, to, func(at int64, line []byte, e Entry) {
				if e.Time.After(limit) {
					parts[i].ahead++
				}
				if at < indexed {
					parts[i].prints += newRecord(e.Project, at, line).fingerprint()
				}
			})
			ends[i] = p
		})
	}
	wg.Wait()
	var p position
	prints := uint64(0)
	for i := range starts {
		if errs[i] == nil && i > 0 && p != starts[i] {
			errs[i] = fmt.Errorf("%w: %s changed while it was checked", ErrEdited, j.path(journalFile))
		}
		if errs[i] != nil {
			return c, errs[i] // the first one in the journal
		}
		p = ends[i]
		c.Ahead += parts[i].ahead
		prints += parts[i].prints
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

// part is what one of several that check at once has counted.
type part struct {
	ahead  int
	prints uint64
}

// split returns positions from which the journal can be followed at once, the first
// one before its first line: each line states the hash that the next one follows
// from. What the line before such a position says is held against where the part
// before ends.
func (j *Journal) split(n int) []position {
	out := []position{{}}
	if j.file == nil || j.end < chunk {
		return out
	}
	b := make([]byte, 2*maxLine)
	for i := range n - 1 {
		at := j.end / int64(n) * int64(i+1)
		got, _ := j.file.ReadAt(b, at)
		first := bytes.IndexByte(b[:got], '\n') + 1
		size := bytes.IndexByte(b[first:got], '\n') + 1
		if first == 0 || size == 0 {
			continue
		}
		stated, body, err := chainOf(b[first : first+size-1])
		var e Entry
		if err == nil {
			err = e.parse(body)
		}
		p := position{last: at + int64(first), end: at + int64(first+size), seq: e.Seq, head: stated}
		if err == nil && p.end < j.end && p.end > out[len(out)-1].end {
			out = append(out, p)
		}
	}
	return out
}

// each hands on the lines up to an offset. It follows the chain.
func (j *Journal) each(ctx context.Context, p *position, to int64, do func(at int64, line []byte, e Entry)) error {
	if j.file == nil {
		return nil
	}
	_, err := p.scan(j.path(journalFile), j.file, to, func(at int64, line []byte, e Entry) error {
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
		err := j.each(ctx, &position{}, j.end, func(_ int64, _ []byte, e Entry) {
			e.Index = assay.Shown(e.Index)
			out = append(out, e)
		})
		return out, err
	}
	for _, project := range slices.Compact(slices.Sorted(slices.Values(projects))) {
		entries, err := j.sureEntries(nil, project)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			e.Index = assay.Shown(e.Index)
			out = append(out, e)
		}
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
	for i := range entries {
		e := &entries[i]
		if e.Project == "" {
			continue
		}
		if by[e.Project] == nil {
			by[e.Project] = newHistory(0)
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
			e := *f.Entry
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
