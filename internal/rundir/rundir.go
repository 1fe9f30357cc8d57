package rundir

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"assay/internal/filelock"
)

const (
	lockEnding = ".lock"
	// nameBytes is how many random bytes name a folder.
	nameBytes = 16
	// maxTries is how often another name is tried when a sweep took the lock.
	maxTries = 16
	// batch is how many entries of the parent are read at a time, and maxEntries
	// how many one sweep looks at.
	batch      = 256
	maxEntries = 1 << 14
)

var (
	// ErrContended says that every lock was lost to somebody else.
	ErrContended = errors.New("no folder for the run could be locked")

	errHeld        = filelock.ErrHeld
	errUnsupported = filelock.ErrUnsupported
)

// Dir is the folder of one run.
type Dir struct {
	path  string
	lock  *os.File
	calls calls
}

// calls are the steps that can fail.
type calls struct {
	open      func(name string, flag int, perm fs.FileMode) (*os.File, error)
	lock      func(*os.File) error // errHeld, errUnsupported, or another error
	mkdir     func(name string, perm fs.FileMode) error
	remove    func(name string) error
	removeAll func(name string) error
}

var system = calls{open: os.OpenFile, lock: filelock.Try, mkdir: os.Mkdir, remove: os.Remove, removeAll: os.RemoveAll}

// Open makes a folder below parent that only this user can use, and parent where
// it is missing. It is the caller's until Close, or until the process ends. On a
// file system without locks no sweep will remove it.
func Open(parent string) (*Dir, error) { return system.make(parent) }

func (c calls) make(parent string) (*Dir, error) {
	if err := makeParent(parent); err != nil {
		return nil, fmt.Errorf("making the folder for the run: %w", err)
	}
	for range maxTries {
		d, err := c.try(parent)
		switch {
		case err == nil:
			return d, nil
		case errors.Is(err, errHeld) || errors.Is(err, fs.ErrExist):
			continue
		}
		return nil, fmt.Errorf("making the folder for the run: %w", err)
	}
	return nil, fmt.Errorf("%w in %s", ErrContended, parent)
}

// makeParent makes the folder of folders private: who may write there could put
// another folder in the place of ours.
func makeParent(parent string) error {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(parent)
	if err != nil {
		return err
	}
	if isShared(info.Mode()) {
		return os.Chmod(parent, 0o700)
	}
	return nil
}

// try makes a folder under one name. It is errHeld where a sweep was faster.
func (c calls) try(parent string) (_ *Dir, err error) {
	var random [nameBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	d := &Dir{path: filepath.Join(parent, hex.EncodeToString(random[:])), calls: c}
	if d.lock, err = c.open(d.path+lockEnding, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, err
	}
	switch err = c.lock(d.lock); {
	case errors.Is(err, errHeld):
		d.lock.Close() // whoever holds it removes it
		return nil, err
	case err == nil:
		err = inPlace(d.lock)
	case errors.Is(err, errUnsupported):
		err = nil
	}
	if err == nil {
		err = c.mkdir(d.path, 0o700)
	}
	if err != nil {
		return nil, errors.Join(err, d.dropLock())
	}
	return d, nil
}

// inPlace returns errHeld unless the file is the one that its name stands for.
func inPlace(f *os.File) error {
	ours, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(f.Name())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errHeld
	case err != nil:
		return err
	case !os.SameFile(ours, there):
		return errHeld
	}
	return nil
}

// Path returns the folder's path.
func (d *Dir) Path() string { return d.path }

// Close removes the folder. What cannot be removed, as somebody still uses it,
// is left for the next sweep. It may be called again.
func (d *Dir) Close() error {
	if d.lock == nil {
		return nil
	}
	if err := d.calls.removeAll(d.path); err != nil {
		err = errors.Join(err, d.lock.Close())
		d.lock = nil
		return fmt.Errorf("removing the folder of the run: %w", err)
	}
	if err := d.dropLock(); err != nil {
		return fmt.Errorf("removing the folder of the run: %w", err)
	}
	return nil
}

// dropLock removes the lock file and gives the lock back.
func (d *Dir) dropLock() error {
	err := d.calls.dropLock(d.lock)
	d.lock = nil
	return err
}

// dropLock removes a lock file, while it is held where the system can remove open
// files.
func (c calls) dropLock(f *os.File) error {
	var closed error
	if !removesOpen {
		closed = f.Close()
	}
	err := ignoreGone(c.remove(f.Name()))
	if removesOpen {
		closed = f.Close()
	} else {
		err = nil // a sweep has it open: that, or the next one, removes it
	}
	return errors.Join(err, closed)
}

// Sweep removes the folders below parent whose runs have ended without doing so,
// and returns how many. It never waits for a lock. What cannot be removed does
// not stop it from removing others; the errors are joined.
func Sweep(parent string) (int, error) { return system.sweep(parent) }

func (c calls) sweep(parent string) (int, error) {
	f, err := c.open(parent, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("looking for folders of ended runs: %w", err)
	}
	defer f.Close()
	swept, seen := 0, 0
	var errs []error
	for seen < maxEntries {
		entries, err := f.ReadDir(batch)
		for _, e := range entries {
			removed, err := c.sweepOne(parent, e)
			if err != nil {
				errs = append(errs, fmt.Errorf("removing the folder of an ended run: %w", err))
			}
			if removed {
				swept++
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("looking for folders of ended runs: %w", err))
			break
		}
		seen += len(entries)
	}
	return swept, errors.Join(errs...)
}

// sweepOne removes the folder that a lock file stands for, if nobody holds it.
func (c calls) sweepOne(parent string, e fs.DirEntry) (bool, error) {
	name, ok := strings.CutSuffix(e.Name(), lockEnding)
	if raw, err := hex.DecodeString(name); !ok || err != nil || len(raw) != nameBytes || !e.Type().IsRegular() {
		return false, nil
	}
	path := filepath.Join(parent, name)
	lock, err := c.open(path+lockEnding, os.O_RDWR, 0)
	if err != nil {
		return false, ignoreGone(err)
	}
	if err := c.lock(lock); err != nil {
		lock.Close()
		if errors.Is(err, errHeld) || errors.Is(err, errUnsupported) {
			return false, nil
		}
		return false, err
	}
	// Another sweep may have removed it since it was opened.
	if err := inPlace(lock); err != nil {
		lock.Close()
		if errors.Is(err, errHeld) {
			return false, nil
		}
		return false, err
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // its run ended between two steps
		return false, c.dropLock(lock)
	case err == nil && !info.IsDir(): // a link or a file: not ours
		return false, lock.Close()
	case err == nil:
		err = c.removeAll(path)
	}
	if err != nil {
		return false, errors.Join(err, lock.Close())
	}
	return true, c.dropLock(lock)
}

// ignoreGone drops the error of a file that somebody else has removed.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
