package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Repaired is what a repair did, or would do.
type Repaired struct {
	// Kept is how many entries go on, and Aside how many lines do not.
	Kept, Aside int
	// Missing is how many entries are gone from a journal that was cut.
	Missing int64
	// Path is where the journal as it was found lies now; empty where there was
	// nothing to repair or nothing is left.
	Path string
}

// Sound reports that there is nothing to repair.
func (r Repaired) Sound() bool { return r.Aside == 0 && r.Missing == 0 }

// Salvage begins a new journal with all that is sound in a damaged one, and keeps the
// damaged one beside it. Nothing is deleted. A line is sound if it is an entry and
// its hash follows from the line before it as that stands there, or that one cannot
// be read. With dry nothing is changed. A line of a newer assay is ErrNewer: nothing
// is wrong with it.
func Salvage(ctx context.Context, o Options, dry bool) (Repaired, error) {
	return newJournal(o, system).repair(ctx, dry)
}

func (j *Journal) repair(ctx context.Context, dry bool) (Repaired, error) {
	if _, err := j.disk.stat(j.dir); missing(err) {
		return Repaired{}, nil
	}
	unlock, err := j.lock(ctx)
	if err != nil {
		return Repaired{}, err
	}
	defer unlock()
	size := int64(0)
	f, err := j.disk.open(j.path(journalFile), os.O_RDONLY, 0)
	var damaged io.ReaderAt = bytes.NewReader(nil)
	switch {
	case err == nil:
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return Repaired{}, err
		}
		damaged, size = f, info.Size()
	case !missing(err):
		return Repaired{}, err
	}
	s := salvage{targets: map[int64]int64{}}
	if err := lines(damaged, 0, size, s.line); err != nil {
		return Repaired{}, err
	}
	r := Repaired{Kept: len(s.kept), Aside: s.aside}
	if known := j.known(); known.end > size {
		r.Missing = max(known.seq-int64(len(s.kept)+s.aside), 1)
	}
	if r.Sound() || dry {
		return r, nil
	}
	sum := sha256.New()
	if size > 0 {
		whole := io.TeeReader(io.NewSectionReader(damaged, 0, size), sum)
		if r.Path, err = j.disk.keep(j.path(journalFile)+".damaged-", j.now(), whole); err != nil {
			return r, fmt.Errorf("keeping the damaged journal: %w", err)
		}
	}
	return r, j.renew(s.kept, r, hex.EncodeToString(sum.Sum(nil)))
}

// known is as far as the journal is known to have been written.
func (j *Journal) known() position {
	known := j.disk.readHead(j.path(headFile))
	if f, err := j.disk.open(j.path(indexFile), os.O_RDONLY, 0); err == nil {
		defer f.Close()
		if n, err := openIndex(f); err == nil && n.end > known.end {
			known = n.position
		}
	}
	return known
}

// renew puts a journal of these entries in the place of the damaged one.
func (j *Journal) renew(entries []Entry, r Repaired, digest string) error {
	reason := fmt.Sprintf("entries that go on: %d, lines set aside: %d", r.Kept, r.Aside)
	if r.Missing > 0 {
		reason += fmt.Sprintf(", missing: %d or more", r.Missing)
	}
	origin := journalFile
	if r.Path != "" {
		origin = filepath.Base(r.Path)
	}
	entries = append(entries, Entry{Kind: Repair, Time: j.now().UTC(), Origin: origin, SHA256: digest, Reason: reason, By: j.by})
	var data []byte
	var p position
	for i := range entries {
		var err error
		p.last, p.seq = int64(len(data)), int64(i+1)
		entries[i].Seq = p.seq
		if data, p.head, err = appendLine(data, p.head, entries[i]); err != nil {
			return fmt.Errorf("repairing the journal: %w", err)
		}
	}
	p.end = int64(len(data))
	// Both are about the damaged journal. Without them less is noticed; with them the
	// new one would be.
	for _, name := range []string{indexFile, headFile} {
		if err := j.disk.remove(j.path(name)); err != nil && !missing(err) {
			return fmt.Errorf("repairing the journal: %w", err)
		}
	}
	if err := j.disk.replace(j.path(journalFile), true, bytes.NewReader(data)); err != nil {
		return fmt.Errorf("repairing the journal: %w", err)
	}
	_ = j.disk.writeHead(j.path(headFile), p)
	return nil
}

// salvage picks the sound lines out of a damaged journal.
type salvage struct {
	kept    []Entry
	aside   int
	before  hash
	unread  bool            // before is not known
	targets map[int64]int64 // numbers of acceptances, before and now
}

func (s *salvage) line(_ int64, line []byte) error {
	if len(line) > maxLine || line[len(line)-1] != '\n' {
		s.aside, s.unread = s.aside+1, true
		return nil
	}
	stated, body, err := chainOf(line[:len(line)-1])
	if err != nil {
		s.aside, s.unread = s.aside+1, true
		return nil
	}
	follows := s.unread || s.before.next(body) == stated
	s.before, s.unread = stated, false
	e, err := parseBody(body)
	if follows && errors.Is(err, ErrNewer) {
		return fmt.Errorf("%w: it is repaired by that one", err)
	}
	target, known := s.targets[e.Target]
	if err != nil || !follows || e.Kind == Remove && e.Target != 0 && !known {
		s.aside++
		return nil
	}
	if e.Target != 0 {
		e.Target = target
	}
	if e.Kind == Accept {
		s.targets[e.Seq] = int64(len(s.kept) + 1)
	}
	s.kept = append(s.kept, e)
	return nil
}
