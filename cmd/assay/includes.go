package main

import (
	"os"
	"path/filepath"
	"strings"

	"assay/internal/lockfile"
)

// ground is where the files of a lock may lie: the worktree that holds it, or else its own
// folder. A lock may be a stranger's, and its includes and links may lead to any file.
type ground struct {
	app      *app
	root     string // with its links followed
	worktree bool
	anywhere bool // a person said that files may lie anywhere
}

// ground finds where the files of a lock may lie.
func (a *app) ground(lock string, access *lockAccess) (ground, error) {
	path, err := a.real(lock)
	if err != nil {
		return ground{}, badFile(lock, "check the path", err)
	}
	g := ground{app: a, anywhere: access.all || access.anywhere}
	if g.root, g.worktree = worktreeOf(path); !g.worktree {
		g.root = filepath.Dir(path)
	}
	return g, nil
}

// admit refuses a file that is to be read and lies elsewhere, or is git's own.
func (g ground) admit(name string) error {
	real, err := filepath.EvalSymlinks(g.app.absolute(name))
	if err != nil {
		return badFile(name, "check the path", err)
	}
	if g.anywhere {
		return nil
	}
	rel, err := filepath.Rel(g.root, real)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		where := "the folder that holds the lock"
		if g.worktree {
			where = "the git repository that holds the lock"
		}
		return usage("copy it there; or give --includes-anywhere if you know what it holds", "%s lies outside of %s, and is not read", shown(name), where)
	}
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if strings.EqualFold(part, ".git") {
			return usage("name a file of requirements; or give --includes-anywhere if you know what it holds", "%s is git's own, and is not read", shown(name))
		}
	}
	return nil
}

// includes returns what opens the files that a lock includes, each by read under its clean
// path. Where a path goes back out of a folder that is a link, installers read different
// files, and neither is read.
func (g ground) includes(read lockfile.Open) lockfile.Open {
	return func(path string) ([]byte, error) {
		name := filepath.Clean(path)
		if name != path && !sameFolder(filepath.Dir(name), folderOf(path)) {
			return nil, usage("name the file by a path without it", "%s: the path goes back (..) out of a folder that is a link or is not there, from where installers go different ways", shown(path))
		}
		if err := g.admit(name); err != nil {
			return nil, err
		}
		return read(name)
	}
}

// folderOf is the folder of a path, not cleaned.
func folderOf(path string) string {
	dir, _ := filepath.Split(path)
	return dir
}

// sameFolder reports whether two paths lead to one folder as the system follows them.
func sameFolder(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	return errOne == nil && errOther == nil && os.SameFile(one, other)
}
