package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"assay/internal/lockfile"
)

// readLocks reads lock files. What is wrong with any of them is said of all at once.
func (a *app) readLocks(args []string, access *lockAccess) ([]*lockfile.Lock, error) {
	var locks []*lockfile.Lock
	var broken []error
	seen := map[string]bool{}
	for _, arg := range args {
		if name := filepath.Clean(arg); seen[name] {
			continue
		} else {
			seen[name] = true
		}
		lock, err := a.readLock(arg, access)
		var malformed *lockfile.Error
		switch {
		case errors.As(err, &malformed):
			broken = append(broken, err)
		case err != nil:
			return nil, err
		default:
			locks = append(locks, lock)
		}
	}
	if len(broken) > 0 {
		hint := "correct the file, or make it anew with the tool that wrote it; nothing was checked"
		return nil, usage(access.hint(errors.Join(broken...), hint), "%w", errors.Join(broken...))
	}
	return locks, nil
}

// readLock reads one lock file with those that it includes.
func (a *app) readLock(name string, access *lockAccess) (*lockfile.Lock, error) {
	return a.parseLock(name, a.readLockFile, access)
}

// parseLock reads a lock whose files come from read.
func (a *app) parseLock(name string, read lockfile.Open, access *lockAccess) (*lockfile.Lock, error) {
	ground, err := a.ground(name, access)
	if err != nil {
		return nil, err
	}
	if err := ground.admit(name); err != nil {
		return nil, err
	}
	data, err := read(name)
	if err != nil {
		return nil, err
	}
	if _, ok := lockfile.Detect(name, data); !ok {
		return nil, usage("name a requirements.txt, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock", "%s: no lock file that assay knows", shown(name))
	}
	lock, err := lockfile.ReadEnv(name, data, ground.includes(read), access.getenv(a))
	var malformed *lockfile.Error
	if err != nil && !errors.As(err, &malformed) {
		var said *failure
		if errors.As(err, &said) { // about an include, with the file and line that name it
			hint := said.hint
			if errors.Is(err, fs.ErrNotExist) {
				hint = "correct that line, or put the file there"
			}
			return nil, &failure{said.status, err, hint}
		}
		return nil, usage("", "%s: %w", shown(name), err)
	}
	return lock, err
}

func (a *app) readLockFile(name string) ([]byte, error) {
	file, err := openRegular(name, hints{"check the path", "name the lock file itself"})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxCheckedLock+1))
	if err != nil {
		return nil, &failure{statusUndecided, fmt.Errorf("reading %s: %w", shown(name), err), ""}
	}
	if len(data) > maxCheckedLock {
		return nil, usage("", "%s: it has more than %d bytes, which no lock file has", shown(name), maxCheckedLock)
	}
	return data, nil
}
