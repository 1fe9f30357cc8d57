package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// load reads the journal from the start: its head, its index, and what is behind
// that. Locked says that nobody writes meanwhile.
func (j *Journal) load(locked bool) error {
	j.closeFiles()
	head := j.disk.readHead(j.path(headFile))
	f, err := j.disk.open(j.path(journalFile), os.O_RDONLY, 0)
	if missing(err) {
		if head.end > 0 {
			return j.cut(head, 0)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	j.file = f
	if j.info, err = f.Stat(); err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	if !j.info.Mode().IsRegular() {
		return fmt.Errorf("opening the journal: %s is not a regular file", j.path(journalFile))
	}
	size := j.info.Size()
	if head.end > size {
		return j.cut(head, size)
	}
	if err := j.loadIndex(size); err != nil {
		return err
	}
	return j.advance(size, head, locked)
}

func (j *Journal) cut(known position, size int64) error {
	return fmt.Errorf("%w: %s has %d bytes, and %d entries in %d bytes had been written", ErrCut, j.path(journalFile), size, known.seq, known.end)
}

// loadIndex takes the index on disk if it is of this journal.
func (j *Journal) loadIndex(size int64) error {
	f, err := j.disk.open(j.path(indexFile), os.O_RDONLY, 0)
	if err != nil {
		return nil // without one everything is read
	}
	if j.distrust {
		f.Close()
		j.stale = true
		return nil
	}
	n, err := openIndex(f)
	if err != nil {
		f.Close()
		j.stale = true
		return nil
	}
	if n.end > size {
		n.close()
		return j.cut(n.position, size)
	}
	if !n.fits(j.file) {
		n.close()
		j.stale = true
		return nil
	}
	j.index, j.position = n, n.position
	return nil
}

// fits reports whether the last line that the index knows stands in the journal
// where it says, with the hash that it says.
func (n *index) fits(f file) bool {
	size := n.end - n.last
	if size > maxLine {
		return false
	}
	line := make([]byte, size)
	if _, err := f.ReadAt(line, n.last); err != nil || line[size-1] != '\n' {
		return false
	}
	stated, body, err := chainOf(line[:size-1])
	if err != nil || stated != n.head {
		return false
	}
	e, err := parseBody(body)
	return err == nil && e.Seq == n.seq
}

// advance reads the lines from the position up to size. The position noted as the
// head must be one between two of them.
func (j *Journal) advance(size int64, head position, locked bool) error {
	met := head.end <= j.end // before the index: looked at when that was made
	if head.end == j.end && head.head != j.head {
		return j.otherHead()
	}
	var long []record // in the place of the tail once that is too long
	newest := time.Time{}
	scanned := j.position
	rest, err := scanned.scan(j.path(journalFile), j.file, size, func(at int64, line []byte, e Entry) error {
		if end := at + int64(len(line)); end >= head.end && !met {
			if met = end == head.end && scanned.head == head.head; !met {
				return j.otherHead()
			}
		}
		if e.Time.After(newest) {
			newest = e.Time
		}
		j.place(at, line, e, &long)
		return nil
	})
	j.position = scanned
	if len(long) > 0 {
		if err := j.reindex(long); err != nil {
			return err
		}
	}
	if newest.After(j.now().Add(ahead)) {
		j.note("an entry in memory is from %s, and the clock says %s", newest.UTC().Format(time.RFC3339), j.now().UTC().Format(time.RFC3339))
	}
	var bad *LineError
	if errors.As(err, &bad) && bad.torn() && bad.End == size {
		rest = make([]byte, size-bad.At)
		if _, failed := j.file.ReadAt(rest, bad.At); failed == nil {
			err = nil
		}
	}
	switch {
	case err != nil:
		return err
	case !met:
		return j.otherHead()
	case len(rest) > 0:
		return j.torn(rest, locked)
	}
	return nil
}

func (j *Journal) otherHead() error {
	return fmt.Errorf("%w: %s does not hold the line that was last known", ErrEdited, j.path(journalFile))
}

// place files an entry that was read.
func (j *Journal) place(at int64, line []byte, e Entry, long *[]record) {
	r := newRecord(e.Project, at, line)
	if long != nil && (len(*long) > 0 || len(j.tail) >= 4*tailEntries) {
		if len(*long) == 0 {
			for _, l := range j.tail {
				*long = append(*long, l.record)
			}
			j.tail, j.about = nil, map[string][]int{}
		}
		*long = append(*long, r)
		return
	}
	j.about[e.Project] = append(j.about[e.Project], len(j.tail))
	j.tail = append(j.tail, located{r, e})
}

// reindex takes records into the index, in memory, which then reaches up to the
// position.
func (j *Journal) reindex(more []record) error {
	var all []record
	if j.index != nil {
		old, err := j.index.all()
		if err != nil {
			return err
		}
		all = old
	}
	all = append(slices.Clip(all), more...)
	slices.SortFunc(all, compareRecords)
	j.index.close()
	j.index = &index{position: j.position, count: int64(len(all)), records: all}
	j.stale = true
	return nil
}

// torn deals with bytes at the end that are no line. While somebody may be writing
// they may be a line in the making.
func (j *Journal) torn(rest []byte, locked bool) error {
	if !locked {
		unlock, err := j.lock(context.Background())
		if errors.Is(err, fs.ErrPermission) || err != nil && unwritable(err) {
			j.note("the last line of memory's journal is not whole and is passed over: %s cannot be written", j.dir)
			return nil
		}
		if err != nil {
			return err
		}
		defer unlock()
		return j.load(true)
	}
	f, err := j.disk.open(j.path(journalFile), os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("setting the end of the journal aside: %w", err)
	}
	defer f.Close()
	aside, err := j.disk.keep(j.path(journalFile)+".torn-", j.now(), bytes.NewReader(rest))
	if err == nil {
		err = f.Truncate(j.end)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("setting the end of the journal aside: %w", err)
	}
	j.note("the last line of memory's journal was not whole (a crash, or a full disk): its %d bytes are in %s now, and the rest is used", len(rest), aside)
	j.info, err = f.Stat()
	return err
}

// refresh reads what was written since. A journal that was put in the place of the
// one that is open is read from its start.
func (j *Journal) refresh(locked bool) error {
	info, err := j.disk.stat(j.path(journalFile))
	switch {
	case missing(err) && j.file == nil && j.end == 0:
		return nil
	case err == nil && j.info != nil && os.SameFile(info, j.info) && info.Size() == j.end:
		return nil
	case err == nil && j.info != nil && os.SameFile(info, j.info) && info.Size() > j.end:
		if err = j.advance(info.Size(), position{}, locked); err == nil {
			return nil
		}
	}
	return j.load(locked)
}
