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
	// distrust says that the index on disk was found to be wrong.
	distrust bool
	notes    []string
	work     workspace
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

// newJournal is a journal of which nothing is known yet.
func newJournal(o Options, d disk) *Journal {
	j := &Journal{dir: o.Dir, route: o.Route, by: o.By, now: o.Now, disk: d, wait: lockWait, about: map[string][]int{}}
	if j.now == nil {
		j.now = time.Now
	}
	return j
}

func open(o Options, d disk) (*Journal, error) {
	j := newJournal(o, d)
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
		j.distrust = j.distrust && j.stale
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
	late := j.unkept
	j.unkept = nil // what is not yet in the journal is no reason to leave it out
	if err == nil && len(late) > 0 {
		var news []Entry
		if news, err = j.news(late); err == nil {
			_, err = j.append(news)
		}
	}
	if err == nil {
		err = j.settle()
	}
	switch n := len(late); {
	case n == 1 && err != nil:
		return fmt.Errorf("1 file is not remembered: %w", err)
	case n > 0 && err != nil:
		return fmt.Errorf("%d files are not remembered: %w", n, err)
	}
	return err
}
