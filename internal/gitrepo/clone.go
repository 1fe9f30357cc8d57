package gitrepo

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"assay/internal/gitobject"
)

// clone is a repository on this computer.
type clone struct {
	dir    string // with objects, refs and packed-refs in it
	limits Limits
}

// remote is how git writes a place behind ssh: user@host:path.
var remote = regexp.MustCompile(`^[\w.-]+(@[\w.-]+)?:[^\\]`)

const tagsPrefix = "refs/tags/"

// newClone finds the folder that a worktree, a linked worktree or a bare
// repository keeps its objects and refs in. Folders above are not looked at.
func newClone(where string, l Limits) (*clone, error) {
	if strings.Contains(where, "::") {
		return nil, failed(ErrWhere, "%s: git's helpers are not run", shown(where))
	}
	if _, err := os.Lstat(where); err != nil && remote.MatchString(where) {
		return nil, failed(ErrWhere, "%s: ssh is not spoken, only https", shown(where))
	}
	dir, err := gitDir(where)
	if err != nil {
		return nil, err
	}
	// A linked worktree has its own HEAD, and shares the rest.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, failed(ErrNotRepository, "%s: %v", shown(where), plain(err))
	}
	defer root.Close()
	if text, err := readFile(root, "commondir", maxPointer); err == nil {
		common := filepath.FromSlash(strings.TrimRight(string(text), "\r\n"))
		if !filepath.IsAbs(common) {
			common = filepath.Join(dir, common)
		}
		dir = common
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, failed(ErrNotRepository, "%s: %v", shown(where), plain(err))
	}
	c := &clone{dir: dir, limits: l}
	return c, c.check(where)
}

// gitDir returns the folder that holds a worktree's HEAD.
func gitDir(where string) (string, error) {
	dotGit := filepath.Join(where, ".git")
	switch info, err := os.Stat(dotGit); {
	case err == nil && info.IsDir():
		return dotGit, nil
	case err == nil && info.Mode().IsRegular() && info.Size() <= maxPointer:
		text, err := os.ReadFile(dotGit)
		if err != nil {
			return "", failed(ErrNotRepository, "%s: %v", shown(where), plain(err))
		}
		target, ok := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), "gitdir: ")
		if !ok || target == "" {
			return "", failed(ErrNotRepository, "%s names no folder", shown(dotGit))
		}
		if target = filepath.FromSlash(target); !filepath.IsAbs(target) {
			target = filepath.Join(where, target)
		}
		return target, nil
	case err == nil:
		return "", failed(ErrNotRepository, "%s is neither a folder nor a small file", shown(dotGit))
	case !errors.Is(err, fs.ErrNotExist):
		return "", failed(ErrNotRepository, "%s: %v", shown(where), plain(err))
	}
	return where, nil
}

// check holds that the folder is a repository of a format that is read.
func (c *clone) check(where string) error {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return failed(ErrNotRepository, "%s: %v", shown(where), plain(err))
	}
	defer root.Close()
	for _, name := range []string{"objects", "refs"} {
		if info, err := root.Stat(name); err != nil || !info.IsDir() {
			return failed(ErrNotRepository, "%s is not a git repository: it has no folder %q of its own", shown(where), name)
		}
	}
	if _, err := root.Lstat("HEAD"); err != nil {
		return failed(ErrNotRepository, "%s is not a git repository: it has no HEAD", shown(where))
	}
	if _, err := root.Lstat("reftable"); err == nil {
		return failed(ErrObjectFormat, "%s keeps its refs in a reftable, which is not read", shown(where))
	}
	for _, name := range []string{"objects/info/alternates", "objects/info/http-alternates"} {
		if _, err := root.Lstat(name); err == nil {
			return failed(ErrAlternates, "%s borrows objects from another repository (%s), which is not followed", shown(where), name)
		}
	}
	return nil
}

// list reads loose refs, and packed ones that no loose one overrides.
func (c *clone) list(ctx context.Context) ([]Ref, error) {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return nil, failed(ErrNotRepository, "%s: %v", shown(c.dir), plain(err))
	}
	defer root.Close()
	all, err := c.packedRefs(root)
	if err != nil {
		return nil, err
	}
	visited := 0
	err = fs.WalkDir(root.FS(), strings.TrimSuffix(tagsPrefix, "/"), func(at string, d fs.DirEntry, err error) error {
		switch visited++; {
		case ctx.Err() != nil:
			return ctx.Err()
		case visited > 4*c.limits.Tags:
			return failed(ErrTooLarge, "the folders of tags hold more than %d files", 4*c.limits.Tags)
		case errors.Is(err, fs.ErrNotExist): // no loose tags, or one that was just packed
			return nil
		case err != nil:
			return failed(ErrMalformed, "%s: %v", shown(at), plain(err))
		case at+"/" == tagsPrefix && !d.IsDir():
			return failed(ErrMalformed, "%s is no folder", shown(at))
		case d.IsDir():
			if strings.Count(at, "/") > maxPointer {
				return failed(ErrTooLarge, "the folders of refs are too deep")
			}
			return nil
		}
		name := strings.TrimPrefix(at, tagsPrefix)
		if !gitobject.ValidTagName(name) {
			return nil
		}
		ref, err := looseRef(root, name)
		if err != nil {
			return err
		}
		if all[name] = ref; len(all) > c.limits.Tags {
			return failed(ErrTooLarge, "the repository has more than %d tags", c.limits.Tags)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]Ref, 0, len(all))
	for _, ref := range all {
		out = append(out, ref)
	}
	return out, nil
}

// looseRef reads a file below refs/tags.
func looseRef(root *os.Root, name string) (Ref, error) {
	text, err := readFile(root, path.Join(tagsPrefix, name), maxPointer)
	if err != nil {
		return Ref{Name: name, Problem: "cannot be read: " + plain(err).Error()}, nil
	}
	line := strings.TrimRight(string(text), "\n")
	if strings.HasPrefix(line, "ref:") {
		return Ref{Name: name, Problem: "is a symbolic ref"}, nil
	}
	id, err := gitobject.ParseID(line)
	if err != nil {
		return Ref{Name: name, Problem: "is a ref without an object id"}, nil
	}
	if id.IsSHA256() {
		return Ref{}, errSHA256()
	}
	return Ref{Name: name, Object: id}, nil
}

func errSHA256() error {
	return failed(ErrObjectFormat, "the repository uses SHA-256 for its objects, which is not read yet")
}

// packedRefs reads the file packed-refs:
//
//	# pack-refs with: peeled fully-peeled sorted
//	0c1b7e2f0d6d3c7e0e1f9a1a7cf3f1f8a8c9d0e1 refs/tags/v1.2.3
//	^4b825dc642cb6eb9a060e54bf8d69288fbee4904
func (c *clone) packedRefs(root *os.Root) (map[string]Ref, error) {
	all := map[string]Ref{}
	text, err := readFile(root, "packed-refs", c.limits.RefBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return all, nil
	case errors.Is(err, ErrTooLarge):
		return nil, err
	case err != nil:
		return nil, failed(ErrMalformed, "packed-refs: %v", plain(err))
	}
	n := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		n++
		if line == "" || line[0] == '#' || line[0] == '^' {
			continue
		}
		digits, full, ok := strings.Cut(line, " ")
		id, err := gitobject.ParseID(digits)
		if err != nil || !ok {
			return nil, failed(ErrMalformed, "line %d of packed-refs is %s", n, shown(line))
		}
		if id.IsSHA256() {
			return nil, errSHA256()
		}
		name, ok := strings.CutPrefix(full, tagsPrefix)
		if !ok || !gitobject.ValidTagName(name) {
			continue
		}
		if _, twice := all[name]; twice {
			return nil, failed(ErrMalformed, "the tag %q is twice in packed-refs", name)
		}
		if all[name] = (Ref{Name: name, Object: id}); len(all) > c.limits.Tags {
			return nil, failed(ErrTooLarge, "the repository has more than %d tags", c.limits.Tags)
		}
	}
	return all, nil
}

// open returns a reader of the clone's objects.
func (c *clone) open(context.Context, gitobject.ID) (objects, error) {
	return func(ctx context.Context, id gitobject.ID) (object, error) {
		if err := ctx.Err(); err != nil {
			return object{}, err
		}
		root, err := os.OpenRoot(c.dir)
		if err != nil {
			return object{}, failed(ErrNotRepository, "%s: %v", shown(c.dir), plain(err))
		}
		s := &store{root: root, limits: c.limits}
		defer s.close()
		return s.object(ctx, id, 0)
	}, nil
}

// openFile opens a regular file. What waits for a writer, or belongs to a device,
// is never opened.
func openFile(root *os.Root, name string) (*os.File, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return root.Open(name)
}

func readFile(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := openFile(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(out)) > limit {
		return nil, failed(ErrTooLarge, "%s is larger than %d bytes", name, limit)
	}
	return out, err
}

// plain takes the path out of an error of the operating system: it is said
// already, and quoted there.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
