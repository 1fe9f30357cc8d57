package report

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"assay"
	"assay/internal/engine"
)

var _ engine.Recorder = (*Collector)(nil)

// Collector gathers judgements for a report. It is an engine.Recorder and safe
// for concurrent use.
//
// A file that an index offered and that is judged again is one item: a refusal
// stays whatever follows it, otherwise the last judgement counts, so that a
// download that broke off and then succeeded is not reported as broken. A local
// file, which no index offered, is an item each time.
type Collector struct {
	mu      sync.Mutex
	items   []Item
	byFile  map[fileKey]int // index into items
	skipped map[Skipped]int // with Count 0, to how often
}

// fileKey tells apart the files that an index offered. The promised digest is
// part of it: an index that changes its promise offers another file.
type fileKey struct {
	ecosystem                        assay.Ecosystem
	index, project, filename, sha256 string
}

// NewCollector returns an empty collector.
func NewCollector() *Collector {
	return &Collector{byFile: map[fileKey]int{}, skipped: map[Skipped]int{}}
}

// Record keeps a judgement. It never returns an error.
func (c *Collector) Record(_ context.Context, j engine.Judgement) error {
	item := NewItem(j)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := j.Subject.Artifact
	if a.Index == "" && a.URL == "" {
		c.items = append(c.items, item)
		return nil
	}
	promised, _ := a.Digest("sha256")
	key := fileKey{a.Ecosystem, cmp.Or(a.Index, a.URL), a.Project, a.Filename, promised.Hex}
	if n, ok := c.byFile[key]; ok {
		c.items[n] = merge(c.items[n], item)
		return nil
	}
	c.byFile[key] = len(c.items)
	c.items = append(c.items, item)
	return nil
}

// Skip notes something that passed without being looked at, and why: a clause in
// lower case without a full stop.
func (c *Collector) Skip(what, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped[Skipped{What: what, Why: why}]++
}

// Report returns what was gathered so far.
func (c *Collector) Report(command string) Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Report{Command: command, Items: slices.Clone(c.items)}
	slices.SortStableFunc(r.Items, compareItems)
	for s, n := range c.skipped {
		s.Count = n
		r.Skipped = append(r.Skipped, s)
	}
	slices.SortFunc(r.Skipped, func(a, b Skipped) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Why, b.Why))
	})
	return r
}

// merge makes one item of two judgements of the same file.
func merge(before, now Item) Item {
	if outcomeOf(before.Decision) != refused {
		now.Read = now.Read || before.Read
		return now
	}
	before.Read = before.Read || now.Read
	if outcomeOf(now.Decision) == refused {
		before.Decision = before.Decision.Join(now.Decision)
	}
	before.Evidence = mergeEvidence(before.Evidence, now.Evidence)
	return before
}

// mergeEvidence keeps the later evidence of each verifier, save that invalid
// evidence stays.
func mergeEvidence(before, now []assay.Evidence) []assay.Evidence {
	out := slices.Clone(before)
	for _, e := range now {
		n := slices.IndexFunc(out, func(o assay.Evidence) bool { return o.Verifier == e.Verifier })
		switch {
		case n < 0:
			out = append(out, e)
		case out[n].State != assay.Invalid:
			out[n] = e
		}
	}
	return out
}
