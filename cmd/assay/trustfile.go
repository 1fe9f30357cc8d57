package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"assay/internal/filelock"
	"assay/internal/trust"
)

const (
	trustName     = "trust.toml"
	importsName   = "assay-imports.lock"
	trustLockName = ".trust.lock" // held while either is changed
	// trustWait is how long another run may hold them.
	trustWait = 10 * time.Second
)

// errAsItWas is what a change of trust returns that turned out to be none: nothing is
// written, and it is no error.
var errAsItWas = errors.New("nothing is changed")

// ownTrust is where the person's own grants are, if there are any: beside their own
// policy.
func (a *app) ownTrust() (path string) {
	policy := a.ownPolicy()
	if policy == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(policy), trustName)
}

// readTrust reads a trust.toml; nil where there is none.
func (a *app) readTrust(path string) (*trust.File, error) {
	f, _, err := a.readTrustText(path)
	return f, err
}

func (a *app) readTrustText(path string) (*trust.File, []byte, error) {
	data, err := readTrustFile(path, trust.MaxFile, "grants are in a regular file")
	if data == nil || err != nil {
		return nil, nil, err
	}
	f, err := trust.Parse(a.homely(path), data)
	if err != nil {
		return nil, nil, usage("correct it; docs/grants.md says what may stand in it", "%w", err)
	}
	return f, data, nil
}

// readImports reads the lock of imports that is beside a trust.toml; nil where there is
// none.
func (a *app) readImports(path string) (*trust.Lock, error) {
	l, _, err := a.readImportsText(path)
	return l, err
}

func (a *app) readImportsText(path string) (*trust.Lock, []byte, error) {
	path = filepath.Join(filepath.Dir(path), importsName)
	data, err := readTrustFile(path, trust.MaxFile, "what imports granted is in a regular file")
	if data == nil || err != nil {
		return nil, nil, err
	}
	l, err := trust.ParseLock(a.homely(path), data)
	if err != nil {
		return nil, nil, usage("put it back as it was, or remove it and run 'assay trust refresh --keys'", "%w", err)
	}
	return l, data, nil
}

// readTrustFile reads a file; nil where there is none. A byte more than is allowed is
// read, so that the parser says that it is too large.
func readTrustFile(path string, limit int64, irregular string) ([]byte, error) {
	file, err := openRegular(path, hints{"check the path", irregular})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, &failure{statusUndecided, fmt.Errorf("reading %s: %w", shown(path), err), ""}
	}
	return append([]byte{}, data...), nil
}

// changeTrust lets do change the person's own grants and the lock of imports, and writes
// both: each whole or not at all, and never beside another run. What do gets is never
// nil. Where do fails, nothing is written.
func (a *app) changeTrust(do func(*trust.File, *trust.Lock) error) error {
	path := a.ownTrust()
	if path == "" {
		return noPlace(errors.New("there is no place for trust.toml: neither ASSAY_HOME nor a configuration folder is known"))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return trustUnwritable(path, err)
	}
	unlock, err := lockTrust(a.interrupted, filepath.Dir(path))
	if err != nil {
		return err
	}
	defer unlock()
	f, before, err := a.readTrustText(path)
	if err != nil {
		return err
	}
	if f == nil {
		f = &trust.File{Name: a.homely(path), Agree: 1}
	}
	l, lockBefore, err := a.readImportsText(path)
	if err != nil {
		return err
	}
	if l == nil {
		l = &trust.Lock{Name: importsName}
	}
	switch err := do(f, l); {
	case errors.Is(err, errAsItWas):
		return nil
	case err != nil:
		return err
	}
	f.Settle(l)
	text, lockText := f.Text(), l.Text()
	if len(l.Imports) == 0 && lockBefore == nil {
		lockText = nil // there is nothing to lock
	}
	if err := errors.Join(readable(f.Name, text), readableLock(l.Name, lockText)); err != nil {
		return &failure{statusUndecided, fmt.Errorf("nothing was written, as it could not be read again: %w", err), ""}
	}
	// The lock first: what it has of an import that trust.toml does not name counts for nothing.
	if err := putFile(filepath.Join(filepath.Dir(path), importsName), lockBefore, lockText); err != nil {
		return err
	}
	if err := putFile(path, before, text); err != nil {
		return err
	}
	if n := lostComments(before, text); n > 0 {
		a.warn("lines of comments in %s that were not kept: %d; what they said belongs into a reason", f.Name, n)
	}
	return nil
}

func readable(name string, text []byte) error {
	_, err := trust.Parse(name, text)
	return err
}

func readableLock(name string, text []byte) error {
	_, err := trust.ParseLock(name, text)
	return err
}

// lostComments counts the lines of comments that a file no longer has.
func lostComments(before, now []byte) int {
	kept, n := map[string]bool{}, 0
	for line := range strings.Lines(string(now)) {
		kept[strings.TrimSpace(line)] = true
	}
	for line := range strings.Lines(string(before)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") && !kept[line] {
			n++
		}
	}
	return n
}

// lockTrust waits for the folder's grants and returns what gives them back.
func lockTrust(ctx context.Context, dir string) (unlock func(), err error) {
	path := filepath.Join(dir, trustLockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, trustUnwritable(path, err)
	}
	deadline := time.Now().Add(trustWait)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := filelock.Try(f)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, filelock.ErrHeld) || time.Now().After(deadline) {
			f.Close()
			return nil, &failure{statusUndecided, fmt.Errorf("locking %s: %w", shown(path), err), "end the other run, or run it again later"}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		}
	}
}

// putFile puts a text in the place of a file, whole or not at all. A link stays one: who
// keeps such files in a repository of their own has links to them.
func putFile(path string, before, text []byte) error {
	if text == nil || before != nil && bytes.Equal(before, text) {
		return nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".assay-trust-*")
	if err == nil {
		_, err = file.Write(text)
		err = errors.Join(err, (&reportFile{file, path}).keep())
	}
	if err != nil {
		return trustUnwritable(path, err)
	}
	return nil
}

func trustUnwritable(path string, err error) error {
	return &failure{statusUndecided, fmt.Errorf("%s cannot be written: %w", shown(path), plainPathError(err)),
		"make room, or set ASSAY_HOME to a folder in which assay may write"}
}
