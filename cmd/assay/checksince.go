package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assay/internal/gitrepo"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
)

// changedSince returns which entries of locks are not, as they are, in the same file at
// the git revision that was named; nil where none was. A file that was not there then has
// changed as a whole. Where entries are narrowed to an environment, one that was kept out
// of it then and is not now has changed too: whatever lets it in stands elsewhere.
func (a *app) changedSince(ctx context.Context, f checkFlags, locks []*lockfile.Lock) (func(*lockfile.Lock, lockfile.Package) bool, error) {
	if f.since == "" {
		return nil, nil
	}
	before, after := map[*lockfile.Lock]rendered{}, map[*lockfile.Lock]rendered{}
	narrowed := map[*lockfile.Lock]constraints{}
	for _, lock := range locks {
		narrowed[lock] = constraintsOf(lock)
		old, err := a.lockAt(ctx, f.since, lock.Name, &f.access)
		if errors.Is(err, gitrepo.ErrNoFile) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !sameSources(old, lock) {
			continue // every entry may come from elsewhere now
		}
		before[lock], after[lock] = entriesOf(old, f.environment), entriesOf(lock, f.environment)
	}
	return func(l *lockfile.Lock, p lockfile.Package) bool {
		text := narrowed[l].entry(p)
		return anyBytes(p) || !before[l].has[text] || before[l].out[text] && after[l].in[text]
	}, nil
}

// rendered are the rendered entries of a lock: all, and those of which any is kept out
// of the environment or in it.
type rendered struct{ has, out, in map[string]bool }

func entriesOf(l *lockfile.Lock, e lockcheck.Environment) rendered {
	es := rendered{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	narrowed, out := constraintsOf(l), e.LeavesOut(l)
	for i, p := range l.Packages {
		if p.OnlyNarrows() {
			continue // what only narrows others was never looked at itself
		}
		text := narrowed.entry(p)
		es.has[text] = true
		if out[i] {
			es.out[text] = true
		} else {
			es.in[text] = true
		}
	}
	return es
}

// constraints are the entries of a lock that only narrow what others ask for, rendered,
// by project.
type constraints map[string][]string

func constraintsOf(l *lockfile.Lock) constraints {
	out := constraints{}
	for _, p := range l.Packages {
		if p.Constraint {
			out[p.Name] = append(out[p.Name], pinOf(p))
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

// entry renders an entry with whom it is installed for and with what narrows it. A
// constraint of which the project is not known may be of any.
func (c constraints) entry(p lockfile.Package) string {
	groups := slices.Sorted(slices.Values(p.Groups))
	return fmt.Sprintf("%s %q %q %q", pinOf(p), groups, c[p.Name], c[""])
}

// anyBytes reports whether an entry is a file of this computer whose bytes nothing holds:
// with the same words it may be another one.
func anyBytes(p lockfile.Package) bool {
	if p.Source.Kind != lockfile.LocalFile || len(p.Hashes) > 0 {
		return false
	}
	return len(p.Files) == 0 || slices.ContainsFunc(p.Files, func(f lockfile.File) bool { return len(f.Digests) == 0 })
}

// lockAt reads a lock, with what it includes, as it was at a git revision. The error is
// a gitrepo.ErrNoFile where there was none.
func (a *app) lockAt(ctx context.Context, rev, name string, access *lockAccess) (*lockfile.Lock, error) {
	top, err := a.worktree(name)
	if err != nil {
		return nil, err
	}
	snapshot, err := gitrepo.OpenSnapshot(ctx, top, rev, gitrepo.Limits{})
	if err != nil {
		return nil, badRevision(rev, err)
	}
	open := func(name string) ([]byte, error) {
		within, err := a.within(top, filepath.Clean(name)) // of a commit no link is followed
		if err != nil {
			return nil, err
		}
		data, err := snapshot.File(ctx, within)
		if err != nil && !errors.Is(err, gitrepo.ErrNoFile) {
			err = badRevision(rev, err)
		}
		return data, err
	}
	data, err := open(name)
	if err != nil {
		return nil, err
	}
	lock, err := lockfile.ReadEnv(name, data, open, access.getenv(a))
	if err != nil {
		return nil, usage(access.hint(err, "check the whole file: leave --changed-since out"), "%s as it was at %s: %w", shown(name), shown(rev), err)
	}
	return lock, nil
}

func badRevision(rev string, err error) error {
	hint := "name a branch, a tag or a full commit id that is in this clone; in CI fetch it first ('git fetch origin main', or the whole history)"
	if errors.Is(err, context.Canceled) {
		return err
	}
	return usage(hint, "the revision %s cannot be read: %w", shown(rev), err)
}

// worktree finds the folder of the git worktree that a file lies in. That of a submodule
// is none: which commit of it counts is said by the repository around it, and its own
// branches may be a stranger's. In a commit of the one around it there is no such file.
func (a *app) worktree(name string) (string, error) {
	path, err := a.real(name)
	if err != nil {
		return "", err
	}
	alone := "" // what looks like a submodule, and is one where a repository is around it
	for dir := filepath.Dir(path); ; {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			if !isSubmodule(dir) {
				return dir, nil
			}
			alone = cmp.Or(alone, dir)
		}
		parent := filepath.Dir(dir)
		if parent == dir || isShared(parent) {
			if alone != "" && !gitAbove(alone) {
				return alone, nil
			}
			return "", usage("leave --changed-since out to check the whole file", "%s lies in no git repository", shown(name))
		}
		dir = parent
	}
}

// worktreeOf finds the git worktree that a path lies in.
func worktreeOf(path string) (top string, ok bool) {
	for dir := filepath.Dir(path); ; {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir || isShared(parent) {
			return "", false
		}
		dir = parent
	}
}

// gitAbove reports whether any folder above has a ".git".
func gitAbove(dir string) bool {
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		if _, err := os.Lstat(filepath.Join(parent, ".git")); err == nil {
			return true
		}
	}
	return false
}

// isSubmodule reports whether a folder with a ".git" in it looks like another
// repository's submodule: the ".git" is a file, and leads to where no linked worktree is.
func isSubmodule(dir string) bool {
	const most = 4096
	file := filepath.Join(dir, ".git")
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || info.Size() > most {
		return false
	}
	text, err := os.ReadFile(file)
	target, ok := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), "gitdir: ")
	if err != nil || !ok {
		return false
	}
	if target = filepath.FromSlash(target); !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	_, err = os.Lstat(filepath.Join(target, "commondir"))
	return err != nil
}

// real is where a file is, with the links in its folder's path followed.
func (a *app) real(name string) (string, error) {
	path := a.absolute(name)
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", usage("check the path", "%s: %w", shown(name), err)
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// within is a file's path below a worktree, with slashes. A link within the worktree is a
// part of the path: where it leads is said by the revision, not by what it is now.
func (a *app) within(top, name string) (string, error) {
	path, below := a.absolute(name), ""
	for dir := filepath.Dir(path); ; {
		if real, err := filepath.EvalSymlinks(dir); err == nil && real == top {
			below, _ = filepath.Rel(dir, path)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	if below != "" {
		return filepath.ToSlash(below), nil
	}
	path, err := a.real(name)
	if err != nil {
		// A folder that is not there any more was there at the revision, perhaps.
		path = a.absolute(name)
	}
	rel, err := filepath.Rel(top, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", usage("check the whole file: leave --changed-since out", "%s lies outside of the git repository %s", shown(name), shown(top))
	}
	return filepath.ToSlash(rel), nil
}

// sameSources reports whether two locks take their packages from the same places, and mean
// the same by their entries, as far as that is said once for all of them.
func sameSources(a, b *lockfile.Lock) bool {
	text := func(l *lockfile.Lock) string {
		out := fmt.Sprintf("%s %q %q %v %v", l.Format, l.Version, l.Strategy, l.NoIndex, l.RequireHashes)
		for _, ix := range l.Indexes {
			out += fmt.Sprintf("\n%s %s %q %v", ix.Kind, ix.URL, ix.Name, ix.Unverified)
		}
		for _, o := range l.Options {
			out += fmt.Sprintf("\n%s %s", o.Name, o.Value)
		}
		return out
	}
	return text(a) == text(b)
}

// pinOf renders all of an entry that decides what is installed, without its place. Two
// entries with the same text stand for the same files, by the same word.
func pinOf(p lockfile.Package) string {
	var parts []string
	add := func(values ...string) {
		for _, v := range values {
			parts = append(parts, fmt.Sprintf("%q", v))
		}
	}
	add(p.Name, p.Version, cmp.Or(p.Name, p.Spelled), p.Specifier, string(p.Source.Kind), p.Source.Where, p.Source.Revision, p.Index, p.Marker, strings.Join(p.Extras, ","), fmt.Sprint(p.Constraint, p.HasIdentities), fmt.Sprintf("%q", p.Built))
	var lists [3][]string
	for _, f := range p.Files {
		lists[0] = append(lists[0], fmt.Sprintf("%q %q %q %v %v %d", f.Name, f.URL, f.Path, f.Digests, f.Weak, f.Size))
	}
	for _, h := range p.Hashes {
		lists[1] = append(lists[1], fmt.Sprintf("%v %q", h.Digest, h.Weak))
	}
	for _, id := range p.Identities {
		lists[2] = append(lists[2], fmt.Sprintf("%q %q", id.Kind, id.Fields)) // maps are printed in the order of their keys
	}
	for _, l := range lists {
		slices.Sort(l)
		add(strings.Join(l, "\n"))
	}
	return strings.Join(parts, " ")
}
