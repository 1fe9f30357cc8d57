package trustroot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// file is what save writes to: an *os.File.
type file interface {
	io.Writer
	Sync() error
	Close() error
	Name() string
}

// createFunc makes a temporary file in a folder.
type createFunc func(dir, pattern string) (file, error)

func createTemp(dir, pattern string) (file, error) { return os.CreateTemp(dir, pattern) }

// save puts data in the place of the file at path in one step, durably: a
// reader, a crash or a full disk meets the old bytes or the new ones. On an
// error the old ones are there still and nothing is left over.
func save(create createFunc, path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := create(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(f.Name())))
		}
	}()
	n, err := f.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a rename durable. Not every file system can; one that cannot
// has done the rename all the same.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	_ = d.Sync()
	return d.Close()
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// prepare makes the folder for the copy and finds out whether it can be written
// before anything is fetched.
func prepare(dir string) error {
	at := filepath.Join(dir, folder)
	if err := os.MkdirAll(at, 0o700); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	probe := filepath.Join(at, fmt.Sprintf(".probe-%d", time.Now().UnixNano()))
	if err := os.WriteFile(probe, []byte("probe"), 0o600); err != nil {
		return fmt.Errorf("%w: %w", ErrState, errors.Join(err, ignoreMissing(os.Remove(probe))))
	}
	if err := os.Remove(probe); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	return nil
}
