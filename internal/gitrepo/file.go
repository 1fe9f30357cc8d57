package gitrepo

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"assay/internal/gitobject"
)

// Snapshot is one commit of a clone, to read files from.
type Snapshot struct {
	Commit gitobject.ID
	tree   gitobject.ID
	clone  *clone
}

// OpenSnapshot finds the commit that a revision names in the clone in a folder: HEAD, a
// branch, a remote's branch ("origin/main"), a tag or a full id, with "~N" and "^" behind
// it for earlier ones. A name that is both a branch and a tag is refused (ErrAmbiguous),
// and so is a short id. As everywhere in this package no configuration is read and
// nothing is believed but what hashes to its id.
func OpenSnapshot(ctx context.Context, where, revision string, l Limits) (*Snapshot, error) {
	l = l.orDefault()
	l.DeltaBytes = maxFileDelta
	c, err := newClone(where, l)
	if err != nil {
		return nil, err
	}
	name, back, err := cutAncestors(revision)
	if err != nil {
		return nil, err
	}
	id, err := c.resolve(where, name)
	if err != nil {
		return nil, err
	}
	commit, id, err := c.commit(ctx, id)
	for ; err == nil && back > 0; back-- {
		if len(commit.Parents) == 0 {
			return nil, failed(ErrMissing, "the revision %s: the commit %s has no parent here", shown(revision), id)
		}
		commit, id, err = c.commit(ctx, commit.Parents[0])
	}
	if err != nil {
		return nil, err
	}
	return &Snapshot{Commit: id, tree: commit.Tree, clone: c}, nil
}

// cutAncestors takes "~N" and "^" off the end of a revision.
func cutAncestors(revision string) (name string, back int, err error) {
	at := strings.IndexAny(revision, "~^")
	if at < 0 {
		return revision, 0, nil
	}
	name = revision[:at]
	for rest := revision[at:]; rest != ""; {
		mark := rest[0]
		digits := 0
		for rest = rest[1:]; digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9'; {
			digits++
		}
		n := 1
		if digits > 0 {
			n, err = strconv.Atoi(rest[:digits])
		}
		switch {
		case err != nil || back+n > maxAncestors:
			return "", 0, failed(ErrRef, "the revision %s goes back too far", shown(revision))
		case mark == '^' && n != 1 || rest[digits:] != "" && rest[digits] != '~' && rest[digits] != '^':
			return "", 0, failed(ErrRef, "the revision %s is not understood: write NAME, NAME~N or NAME^", shown(revision))
		}
		back, rest = back+n, rest[digits:]
	}
	return name, back, nil
}

// resolve finds what a name stands for.
func (c *clone) resolve(where, name string) (gitobject.ID, error) {
	if id, err := gitobject.ParseID(name); err == nil {
		if id.IsSHA256() {
			return "", errSHA256()
		}
		return id, nil
	}
	dir, err := gitDir(where)
	if err != nil {
		return "", err
	}
	if name == "HEAD" {
		return c.ref(dir, "HEAD", 0)
	}
	if !gitobject.ValidTagName(name) {
		return "", failed(ErrRef, "%s is not the name of a branch, a tag or a commit", shown(name))
	}
	if strings.HasPrefix(name, "refs/") {
		return c.ref(dir, name, 0)
	}
	var found gitobject.ID
	as := ""
	for _, prefix := range []string{tagsPrefix, "refs/heads/", "refs/remotes/"} {
		id, err := c.ref(dir, prefix+name, 0)
		switch {
		case errors.Is(err, ErrMissing):
		case err != nil:
			return "", err
		case as != "":
			return "", failed(ErrAmbiguous, "%s is both %s and %s: write one of them", shown(name), as, prefix+name)
		default:
			found, as = id, prefix+name
		}
	}
	if as == "" {
		return "", failed(ErrMissing, "there is no branch, tag or full commit id %s in the clone", shown(name))
	}
	return found, nil
}

// ref reads a ref by its full name, a loose one before a packed one, and follows
// symbolic ones. HEAD is the worktree's own.
func (c *clone) ref(worktree, name string, depth int) (gitobject.ID, error) {
	if depth > maxFollowed {
		return "", failed(ErrRef, "the ref %s leads on and on", shown(name))
	}
	dir := c.dir
	if name == "HEAD" {
		dir = worktree
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", failed(ErrNotRepository, "%s: %v", shown(dir), plain(err))
	}
	defer root.Close()
	text, err := readFile(root, name, maxPointer)
	switch {
	case err == nil:
		line := strings.TrimRight(string(text), "\r\n")
		target, symbolic := strings.CutPrefix(line, "ref: ")
		if !symbolic {
			return refID(name, line)
		}
		if !strings.HasPrefix(target, "refs/") || !gitobject.ValidTagName(target) {
			return "", failed(ErrRef, "the ref %s leads to %s", shown(name), shown(target))
		}
		return c.ref(worktree, target, depth+1)
	case errors.Is(err, ErrTooLarge):
		return "", failed(ErrRef, "the ref %s is no ref", shown(name))
	case !errors.Is(err, fs.ErrNotExist) && !isFolder(root, name):
		return "", failed(ErrRef, "the ref %s: %v", shown(name), plain(err))
	}
	packed, err := readFile(root, "packed-refs", c.limits.RefBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", failed(ErrMalformed, "packed-refs: %v", plain(err))
	}
	for line := range strings.SplitSeq(string(packed), "\n") {
		if digits, full, ok := strings.Cut(line, " "); ok && full == name && line[0] != '#' {
			return refID(name, digits)
		}
	}
	return "", failed(ErrMissing, "the clone has no ref %s", shown(name))
}

func isFolder(root *os.Root, name string) bool {
	info, err := root.Stat(name)
	return err == nil && info.IsDir()
}

func refID(name, digits string) (gitobject.ID, error) {
	id, err := gitobject.ParseID(digits)
	switch {
	case err != nil:
		return "", failed(ErrRef, "the ref %s holds no object id", shown(name))
	case id.IsSHA256():
		return "", errSHA256()
	}
	return id, nil
}

// read returns an object, whose bytes are what its id says.
func (c *clone) read(ctx context.Context, id gitobject.ID) (object, error) {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return object{}, failed(ErrNotRepository, "%s: %v", shown(c.dir), plain(err))
	}
	s := &store{root: root, limits: c.limits, files: true}
	defer s.close()
	o, err := s.object(ctx, id, 0)
	if err != nil {
		return object{}, err
	}
	return o, gitobject.Check(id, o.kind, o.raw)
}

// commit reads the commit that an id names, itself or by a tag.
func (c *clone) commit(ctx context.Context, id gitobject.ID) (*gitobject.Commit, gitobject.ID, error) {
	for range maxFollowed {
		o, err := c.read(ctx, id)
		if err != nil {
			return nil, "", err
		}
		switch o.kind {
		case gitobject.TypeCommit:
			commit, err := gitobject.ParseCommit(o.raw)
			return commit, id, err
		case gitobject.TypeTag:
			tag, err := gitobject.ParseTag(o.raw)
			if err != nil {
				return nil, "", err
			}
			id = tag.Object
		default:
			return nil, "", failed(ErrTarget, "%s is a %s, and no commit", id, o.kind)
		}
	}
	return nil, "", failed(ErrNested, "the tag %s leads on and on", id)
}

// File returns a file's bytes. The path is relative to the top folder, with slashes. The
// error is ErrNoFile where the commit has no file of that name.
func (s *Snapshot) File(ctx context.Context, name string) ([]byte, error) {
	clean := path.Clean(name)
	parts := strings.Split(clean, "/")
	if clean == "." || path.IsAbs(clean) || parts[0] == ".." || len(parts) > maxFileDepth {
		return nil, failed(ErrWhere, "%s is not a path within the repository", shown(name))
	}
	id := s.tree
	for i, part := range parts {
		o, err := s.clone.read(ctx, id)
		if err != nil {
			return nil, err
		}
		if o.kind != gitobject.TypeTree {
			return nil, failed(ErrMalformed, "%s is a %s where a folder is named", id, o.kind)
		}
		mode, child, err := lookUp(o.raw, part)
		if err != nil {
			return nil, err
		}
		last := i == len(parts)-1
		switch {
		case mode == "":
			return nil, failed(ErrNoFile, "%s is not in the commit %s", shown(clean), s.Commit)
		case !last && mode != "40000", last && mode != "100644" && mode != "100755" && mode != "100664":
			return nil, failed(ErrNoFile, "%s is no regular file in the commit %s", shown(clean), s.Commit)
		}
		id = child
	}
	o, err := s.clone.read(ctx, id)
	if err == nil && o.kind != gitobject.TypeBlob {
		err = failed(ErrMalformed, "%s is a %s where a file is named", id, o.kind)
	}
	return o.raw, err
}

// lookUp finds a name in a tree: "100644 NAME\x00" and 20 bytes of id for each entry. No
// name is there twice.
func lookUp(tree []byte, name string) (mode string, id gitobject.ID, err error) {
	for len(tree) > 0 {
		head, rest, ok := bytes.Cut(tree, []byte{0})
		m, n, spaced := bytes.Cut(head, []byte{' '})
		if !ok || !spaced || len(rest) < idSize {
			return "", "", failed(ErrMalformed, "a tree is cut short")
		}
		if string(n) == name {
			if mode != "" {
				return "", "", failed(ErrMalformed, "a tree has %s twice", shown(name))
			}
			mode, id = string(m), gitobject.ID(hex.EncodeToString(rest[:idSize]))
		}
		tree = rest[idSize:]
	}
	return mode, id, nil
}
