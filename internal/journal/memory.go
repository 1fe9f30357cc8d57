package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/pypi"
)

var (
	_ engine.Rememberer = (*Journal)(nil)
	_ engine.Recorder   = (*Journal)(nil)
)

// Memory recalls what is known of an artifact's project.
func (j *Journal) Memory(_ context.Context, a assay.Artifact) (assay.Memory, error) {
	if !remembers(a) {
		return assay.Memory{}, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.refresh(false); err != nil {
		return assay.Memory{}, err
	}
	h, err := j.history(a.Project, &j.work.entries)
	if err != nil {
		return assay.Memory{}, err
	}
	return h.memory(a.Version), nil
}

// remembers reports whether there is memory of such an artifact at all: of projects
// on Python indexes.
func remembers(a assay.Artifact) bool {
	return a.Project != "" && (a.Ecosystem == assay.PyPI || a.Ecosystem == "")
}

// Record keeps what a judgement let through, if the file came from an index and its
// bytes were read. Nothing is written of what is known already.
//
// It is in the journal when Record returns, so that a run beside this one knows it
// at once and a kill loses nothing; on the disk it is after Close. What cannot be
// written is kept for this run, tried again by Close, and reported there: a full
// disk stops nothing. Only if a run beside this one has just seen other bytes of the
// file Record fails, with ErrConflict, and if memory was damaged meanwhile.
func (j *Journal) Record(ctx context.Context, judged engine.Judgement) error {
	e, ok := j.entryOf(judged)
	if !ok {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.refresh(false); err != nil {
		return err
	}
	if news, err := j.news([]Entry{e}); err != nil || len(news) == 0 {
		return err
	}
	unlock, err := j.lock(ctx)
	if err != nil {
		return j.later(ctx, e)
	}
	defer unlock()
	if err := j.refresh(true); err != nil {
		return err
	}
	news, err := j.news([]Entry{e})
	if err != nil {
		return err
	}
	if _, err := j.append(news); err != nil {
		return j.later(ctx, e)
	}
	return nil
}

// later keeps an entry that could not be written for the end.
func (j *Journal) later(ctx context.Context, e Entry) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e.Time = cmp.Or(e.Time, j.now().UTC().Truncate(time.Millisecond))
	j.unkept = append(j.unkept, e)
	return nil
}

// entryOf is what there is to keep of a judgement.
func (j *Journal) entryOf(judged engine.Judgement) (Entry, bool) {
	a, content := judged.Subject.Artifact, judged.Subject.Content
	if judged.Decision.Verdict == assay.Deny || content == nil || a.Index == "" || !remembers(a) {
		return Entry{}, false
	}
	digest, read := content.Digest("sha256")
	version, err := pypi.ParseVersion(a.Version)
	if !read || err != nil {
		return Entry{}, false
	}
	e := Entry{Kind: Seen, Project: a.Project, Version: version.String(), Filename: a.Filename, Index: assay.Shown(a.Index), SHA256: digest.Hex,
		Size: content.Size, Uploaded: a.UploadTime.UTC(), Route: j.route, By: j.by}
	for _, evidence := range judged.Evidence {
		if evidence.State != assay.Verified {
			continue
		}
		for _, c := range evidence.Claims {
			if id := assay.IdentityOf(c); id.Name != "" && !slices.Contains(e.Publishers, id) {
				e.Publishers = append(e.Publishers, id)
			}
		}
	}
	e.Waived = judged.Decision.Waived
	return e, e.check() == nil // what cannot be written down could not be looked up either
}

// news returns those of the entries that say something new about a file. It is
// ErrConflict where one of them has other bytes than those that are known.
func (j *Journal) news(entries []Entry) ([]Entry, error) {
	var out []Entry
	for _, e := range entries {
		h, err := j.history(e.Project, &j.work.entries)
		if err != nil {
			return nil, err
		}
		for i := range out {
			if out[i].Project == e.Project {
				h.add(&out[i])
			}
		}
		switch before := h.file(e.key()); {
		case before != nil && before.SHA256 != e.SHA256:
			return nil, fmt.Errorf("%w: of %s from %s, sha256:%s is remembered and sha256:%s came", ErrConflict, e.Filename, e.Index, before.SHA256, e.SHA256)
		case before == nil || before.improvedBy(&e):
			out = append(out, e)
		}
	}
	return out, nil
}

// history returns what is known of a project: from the journal, and what is not yet
// in it. The entries that it refers to are in room, where there is one, and good until
// that is used again.
func (j *Journal) history(project string, room *[]Entry) (*history, error) {
	var entries []Entry
	if room != nil {
		entries = (*room)[:0]
	}
	entries, err := j.sureEntries(entries, project)
	if err != nil {
		return nil, err
	}
	if room != nil && cap(entries) <= keptEntries {
		*room = entries
	}
	h, now := newHistory(len(entries)), j.now()
	limit := now.Add(ahead)
	for i := range entries {
		e := &entries[i]
		h.add(e)
		if e.Time.After(limit) {
			j.note("an entry in memory is from %s, and the clock says %s", e.Time.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
	}
	for i := range j.unkept {
		if j.unkept[i].Project == project {
			h.add(&j.unkept[i])
		}
	}
	return h, nil
}

// reread reads the whole journal anew, without the index, which is made anew at the
// end.
func (j *Journal) reread() error {
	j.distrust = true
	return j.load(false)
}

// history is what entries come to for one project.
type history struct {
	order    []*fact // as they were first seen
	accepted []Entry
	files    map[assay.FileKey]*fact // the same; made when there are more than fewFiles
	spare    []fact                  // room for those to come
	// index is the one that was shown last, and shownAs how.
	index, shownAs string
}

// fewFiles are found faster by looking at each than by a map, which has to be made for
// each question first.
const fewFiles = 16

// file returns what is known of a file, or nil.
func (h *history) file(key assay.FileKey) *fact {
	if h.files != nil {
		return h.files[key]
	}
	for _, f := range h.order {
		if f.Filename == key.Filename && f.Index == key.Index {
			return f
		}
	}
	return nil
}

// begin takes a file in that was not known.
func (h *history) begin(e *Entry) {
	if len(h.spare) == 0 {
		h.spare = make([]fact, 1)
	}
	f := &h.spare[0]
	h.spare = h.spare[1:]
	*f = fact{Entry: e, first: e.firstSeen()}
	h.order = append(h.order, f)
	switch {
	case h.files != nil:
		h.files[f.key()] = f
	case len(h.order) > fewFiles:
		h.files = make(map[assay.FileKey]*fact, len(h.order)+len(h.spare))
		for _, f := range h.order {
			h.files[f.key()] = f
		}
	}
}

// fact is what is known of one file. The entry is shared, and never changed.
type fact struct {
	*Entry
	first time.Time
}

// newHistory has room for what so many entries come to.
func newHistory(entries int) *history {
	return &history{order: make([]*fact, 0, entries), spare: make([]fact, entries)}
}

// improvedBy reports whether an entry about the same bytes says more: who published
// or signed them where nobody is known to have, or that they came without being
// waived. Who is known stays: an index may add to what it shows of an old file.
func (f *fact) improvedBy(e *Entry) bool {
	publishers, keys := byKind(f.Publishers)
	morePublishers, moreKeys := byKind(e.Publishers)
	published := len(publishers) == 0 && len(morePublishers) > 0 && (f.Waived || !e.Waived || len(keys) == 0)
	signed := len(keys) == 0 && len(moreKeys) > 0 && (f.Waived || !e.Waived)
	// What could not be asked for this time is no news.
	silent := len(morePublishers) == 0 && len(publishers) > 0 || len(moreKeys) == 0 && len(keys) > 0
	return published || signed || !silent && f.Waived && !e.Waived
}

// improved is the entry with what another one about the same bytes adds to it.
func (f *fact) improved(e *Entry) *Entry {
	better := *f.Entry
	publishers, keys := byKind(f.Publishers)
	morePublishers, moreKeys := byKind(e.Publishers)
	if len(publishers) == 0 {
		publishers = morePublishers
	}
	if len(keys) == 0 {
		keys = moreKeys
	}
	// Who came with an acceptance is not known by what came without them later.
	silent := len(morePublishers) == 0 && len(publishers) > 0
	better.Publishers, better.Waived = slices.Concat(publishers, keys), e.Waived || f.Waived && silent
	return &better
}

// byKind parts those who publish from keys.
func byKind(all []assay.Identity) (publishers, keys []assay.Identity) {
	if !slices.ContainsFunc(all, assay.Identity.IsKey) {
		return all, nil
	}
	for _, id := range all {
		if id.IsKey() {
			keys = append(keys, id)
		} else {
			publishers = append(publishers, id)
		}
	}
	return publishers, keys
}

// shown is an index without the tokens in its path. Most files of a project are of one
// index, so the last answer is kept.
func (h *history) shown(index string) string {
	if h.index != index {
		h.index, h.shownAs = index, assay.Shown(index)
	}
	return h.shownAs
}

// add takes an entry in. The first digest of a file stands.
func (h *history) add(e *Entry) {
	switch e.Kind {
	case Seen:
		e.Index = h.shown(e.Index) // an earlier Assay wrote down tokens in paths
		f := h.file(e.key())
		if f == nil {
			h.begin(e)
			return
		}
		if f.SHA256 == e.SHA256 && f.improvedBy(e) {
			f.Entry = f.improved(e)
		}
		if f.SHA256 == e.SHA256 && e.firstSeen().Before(f.first) {
			f.first = e.firstSeen()
		}
	case Accept:
		h.accepted = append(h.accepted, *e)
	case Remove:
		if e.Target != 0 {
			h.accepted = slices.DeleteFunc(h.accepted, func(a Entry) bool { return a.Seq == e.Target })
			return
		}
		h.order = slices.DeleteFunc(h.order, func(f *fact) bool {
			gone := e.Version == "" || sameVersion(e.Version, f.Version)
			if gone {
				delete(h.files, f.key())
			}
			return gone
		})
	}
}

func sameVersion(a, b string) bool {
	v, errV := pypi.ParseVersion(a)
	w, errW := pypi.ParseVersion(b)
	return a == b || errV == nil && errW == nil && v.Canonical() == w.Canonical()
}

// memory is what is known, as seen from a version. From one that cannot be read all
// others are earlier.
func (h *history) memory(version string) assay.Memory {
	m := assay.Memory{Files: make(map[assay.FileKey]assay.SeenFile, len(h.order))}
	from, err := pypi.ParseVersion(version)
	versions := make([]pypi.Version, len(h.order))
	order := make([]int, len(h.order))
	for i, f := range h.order {
		versions[i], _ = pypi.ParseVersion(f.Version) // it was read when the entry was
		order[i] = i
		m.Files[f.key()] = assay.SeenFile{Digest: assay.Digest{Algorithm: "sha256", Hex: f.SHA256}, First: f.first, Route: f.Route}
	}
	slices.SortStableFunc(order, func(a, b int) int { return versions[a].Compare(versions[b]) })
	m.Sightings = make([]assay.Sighting, len(order))
	// Of how many different versions there are, which one; how many are before the
	// artifact's own; whether that is among them.
	place, later, seen := 0, 0, false
	for i, n := range order {
		f := h.order[n]
		if i > 0 && versions[n].Compare(versions[order[i-1]]) != 0 {
			place++
		}
		c := -1
		if err == nil {
			c = versions[n].Compare(from)
		}
		if c < 0 {
			later = place + 1
		}
		publishers, keys := byKind(f.Publishers)
		seen = seen || c == 0
		m.Sightings[i] = assay.Sighting{Version: f.Version, Filename: f.Filename, Index: f.Index, Uploaded: f.Uploaded, First: f.first,
			Publishers: publishers, Keys: keys, Waived: f.Waived, Order: place}
	}
	for i := range m.Sightings {
		s := &m.Sightings[i]
		s.Order -= later
		if s.Order >= 0 && !seen {
			s.Order++ // nobody has its own place
		}
	}
	for _, a := range h.accepted {
		w := a.Waiver()
		if w.Version != "" && sameVersion(w.Version, version) {
			w.Version = version // 2.0 and 2.0.0 are one release
		}
		m.Accepted = append(m.Accepted, w)
	}
	return m
}
