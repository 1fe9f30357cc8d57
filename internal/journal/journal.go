package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Options say where memory is, and what is written of whoever writes.
type Options struct {
	// Dir is the folder; it is made when something is written.
	Dir string
	// Route is by which command files are seen: "run", "verify".
	Route string
	// By is the program with its version.
	By string
	// Now defaults to time.Now.
	Now func() time.Time
}

// Journal is memory on disk. It is safe for concurrent use, and any number of
// processes may have the same one open. What another of them writes is known at the
// next question.
type Journal struct {
	dir, route, by string
	now            func() time.Time
	disk           disk
	wait           time.Duration

	mu    sync.Mutex
	file  file // nil while there is none
	write bool // file may be written
	info  fs.FileInfo
	index *index
	position
	tail   []located        // what is behind the index, in order
	about  map[string][]int // projects to their entries in tail
	unkept []Entry          // what could not be written; tried again at the end
	dirty  bool             // something was written since the head was noted
	stale  bool             // the index on disk is to be made anew
	notes  []string
}

// located is an entry with where its line is.
type located struct {
	record
	entry Entry
}

// Open reads what there is. Where there is nothing yet, it makes nothing. The error
// is an ErrEdited, ErrCut, ErrNewer or I/O: then nothing may be decided, as what is
// remembered is not known.
func Open(o Options) (*Journal, error) { return open(o, system) }

func open(o Options, d disk) (*Journal, error) {
	j := &Journal{dir: o.Dir, route: o.Route, by: o.By, now: o.Now, disk: d, wait: lockWait}
	if j.now == nil {
		j.now = time.Now
	}
	if err := j.load(false); err != nil {
		j.closeFiles()
		return nil, err
	}
	return j, nil
}

func (j *Journal) path(name string) string { return filepath.Join(j.dir, name) }

// Notes returns what a person should know, a clause each, and forgets it.
func (j *Journal) Notes() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	notes := j.notes
	j.notes = nil
	return notes
}

func (j *Journal) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(j.notes, text) {
		j.notes = append(j.notes, text)
	}
}

func (j *Journal) closeFiles() {
	j.index.close()
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.index, j.write, j.info = nil, nil, false, nil
	j.position, j.tail, j.about = position{}, nil, map[string][]int{}
}

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

// Append writes entries and has them on the disk when it returns without an error.
// It sets their numbers, and their times where these are zero, and returns them so.
func (j *Journal) Append(ctx context.Context, entries ...Entry) ([]Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	unlock, err := j.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := j.refresh(true); err != nil {
		return nil, err
	}
	out, err := j.append(entries)
	if err == nil {
		err = j.settle()
	}
	return out, err
}

// append writes entries in one write. The journal is locked, and all that is in it
// is known. What cannot be written whole is taken back.
func (j *Journal) append(entries []Entry) ([]Entry, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	var data []byte
	var err error
	out, p := slices.Clone(entries), j.position
	for i := range out {
		if out[i].Time.IsZero() {
			out[i].Time = j.now().UTC().Truncate(time.Millisecond)
		}
		p.seq++
		out[i].Seq = p.seq
		if data, p.head, err = appendLine(data, p.head, out[i]); err != nil {
			return nil, fmt.Errorf("writing the journal: %w", err)
		}
	}
	if err := j.openToWrite(); err != nil {
		return nil, fmt.Errorf("writing the journal: %w", err)
	}
	if _, err := j.file.Write(data); err != nil {
		// What of it is there is no line, or lines that were not promised.
		err = errors.Join(err, j.file.Truncate(j.end))
		return nil, fmt.Errorf("writing the journal: %w", err)
	}
	for at := 0; at < len(data); {
		line := data[at : at+bytes.IndexByte(data[at:], '\n')+1]
		e, err := j.follow(j.path(journalFile), line)
		if err != nil {
			return nil, fmt.Errorf("writing the journal: %w", err) // it was just made: a bug
		}
		j.place(j.last, line, e, nil)
		at += len(line)
	}
	j.dirty = true
	return out, nil
}

// openToWrite opens the journal for appending, and makes it where there is none.
func (j *Journal) openToWrite() error {
	if j.write {
		return nil
	}
	f, err := j.disk.open(j.path(journalFile), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	if j.file == nil {
		syncFolder(j.dir)
	} else {
		j.file.Close()
	}
	j.file, j.info, j.write = f, info, true
	return nil
}

// settle has all that was written on the disk, and notes how far that is. The note
// and the index come after: what they say is never more than what is there.
func (j *Journal) settle() error {
	if j.dirty {
		if err := j.file.Sync(); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		j.dirty = false
		_ = j.disk.writeHead(j.path(headFile), j.position) // without it only a cut would not be noticed
	}
	switch {
	case len(j.tail) <= tailEntries && !j.stale || j.file == nil:
		return nil
	case len(j.tail) <= tailEntries && j.index == nil: // they are read at each start
		j.stale = j.disk.remove(j.path(indexFile)) != nil
		return nil
	}
	more := make([]record, len(j.tail))
	for i, l := range j.tail {
		more[i] = l.record
	}
	// An index that is lost or wrong is made again: it is no failure.
	if j.file.Sync() == nil && j.reindex(more) == nil {
		j.tail, j.about = nil, map[string][]int{}
		j.stale = j.disk.replace(j.path(indexFile), false, bytes.NewReader(j.index.encode())) != nil
	}
	return nil
}

// Close writes what could not be written before, has everything on the disk and
// closes the files. The error is about what is not kept.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.closeFiles()
	if len(j.unkept) == 0 && !j.dirty && !j.stale {
		return nil
	}
	unlock, err := j.lock(context.Background())
	if err == nil {
		defer unlock()
		err = j.refresh(true)
	}
	if err == nil && len(j.unkept) > 0 {
		var news []Entry
		if news, err = j.news(j.unkept); err == nil {
			_, err = j.append(news)
		}
	}
	if err == nil {
		err = j.settle()
	}
	if len(j.unkept) > 0 && err != nil {
		return fmt.Errorf("%d files are not remembered: %w", len(j.unkept), err)
	}
	return err
}
