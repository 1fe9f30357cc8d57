package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"assay/internal/filelock"
)

// The files in the folder.
const (
	journalFile = "journal.jsonl"
	indexFile   = "journal.index"
	headFile    = "journal.head"
	lockFile    = "journal.lock"
	newEnding   = ".new" // what is not yet renamed to its name
)

// file is an *os.File.
type file interface {
	io.ReaderAt
	io.Writer
	Sync() error
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
	Close() error
}

// disk are the steps that can fail.
type disk struct {
	open   func(name string, flag int, perm fs.FileMode) (file, error)
	stat   func(name string) (fs.FileInfo, error)
	mkdir  func(name string) error
	rename func(from, to string) error
	remove func(name string) error
}

var system = disk{
	open: func(name string, flag int, perm fs.FileMode) (file, error) {
		f, err := os.OpenFile(name, flag, perm)
		if err != nil {
			return nil, err
		}
		return f, nil
	},
	stat:   os.Stat,
	mkdir:  func(name string) error { return os.MkdirAll(name, 0o700) },
	rename: os.Rename,
	remove: os.Remove,
}

// missing reports whether an error says that a file is not there: nor can be, where
// its folder is no folder.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || notFolder(err)
}

// lock waits for the journal and returns what gives it back.
func (j *Journal) lock(ctx context.Context) (unlock func(), err error) {
	if err := j.disk.mkdir(j.dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(j.dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(j.wait)
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		err := filelock.Try(f)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, filelock.ErrHeld) {
			f.Close()
			return nil, fmt.Errorf("locking the journal: %w", err)
		}
		if time.Now().After(deadline) {
			f.Close()
			return nil, fmt.Errorf("%w, for %s", ErrBusy, j.wait)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		}
	}
}

// readHead reads up to where the journal is known to have been written:
//
//	assay-head 1 SEQ LAST END HASH
//
// It is the zero position where nobody noted it, or the note cannot be read: then
// only less is noticed.
func (d disk) readHead(path string) position {
	f, err := d.open(path, os.O_RDONLY, 0)
	if err != nil {
		return position{}
	}
	defer f.Close()
	b := make([]byte, maxHead)
	n, _ := f.ReadAt(b, 0)
	words := strings.Fields(string(b[:n]))
	if len(words) != 6 || words[0] != "assay-head" || words[1] != "1" || !isSHA256(words[5]) {
		return position{}
	}
	var p position
	for i, to := range []*int64{&p.seq, &p.last, &p.end} {
		if *to, err = strconv.ParseInt(words[2+i], 10, 64); err != nil || *to < 0 {
			return position{}
		}
	}
	p.head, _, err = chainOf([]byte(lineStart + words[5] + `",}`))
	if err != nil {
		return position{}
	}
	return p
}

func (d disk) writeHead(path string, p position) error {
	return d.replace(path, false, strings.NewReader(fmt.Sprintf("assay-head 1 %d %d %d %s\n", p.seq, p.last, p.end, p.head)))
}

// replace puts data in the place of a file in one step. With durable it is on the
// disk afterwards; without, a power failure may leave the old file or an empty one.
func (d disk) replace(path string, durable bool, data io.Reader) (err error) {
	f, err := d.open(path+newEnding, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = d.remove(path + newEnding)
		}
	}()
	_, err = io.Copy(f, data)
	if err == nil && durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.rename(path+newEnding, path); err != nil {
		return err
	}
	if durable {
		syncFolder(filepath.Dir(path))
	}
	return nil
}

// syncFolder makes a new name durable. Not every file system can; one that cannot
// has the name all the same.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		f.Close()
	}
}

// keep writes data into a new file whose name ends in the time, durably.
func (d disk) keep(prefix string, now time.Time, data io.Reader) (path string, err error) {
	stamp := prefix + now.UTC().Format("20060102T150405Z")
	for n := 1; ; n++ {
		path = stamp
		if n > 1 {
			path += "-" + strconv.Itoa(n)
		}
		f, err := d.open(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) && n < 1000 {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = io.Copy(f, data)
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			_ = d.remove(path)
			return "", err
		}
		syncFolder(filepath.Dir(path))
		return path, nil
	}
}
