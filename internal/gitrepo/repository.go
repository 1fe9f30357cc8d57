package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"assay/internal/gitobject"
	"assay/internal/pypi"
)

// Options say how a repository is reached. The zero value is usable.
type Options struct {
	// Transport carries the requests for a URL; nil stands for a direct connection
	// without a proxy. It must not follow redirects, and not decompress.
	Transport http.RoundTripper
	// UserAgent is what servers are told; "assay" where it is empty.
	UserAgent string
	Limits    Limits
}

// Ref is a tag's ref.
type Ref struct {
	Name   string       // "v1.2.3": without refs/tags/
	Object gitobject.ID // of a tag or of what it names; "" where there is a problem
	// Problem says why the ref cannot be followed: "is a symbolic ref".
	Problem string
}

// Found is a tag and the commit that it names, of which both are what their ids
// say.
type Found struct {
	Name      string
	Object    gitobject.ID // what the ref holds: the tag object, or the commit of a lightweight tag
	Annotated bool
	Raw       []byte       // the tag object; nil for a lightweight tag
	Target    gitobject.ID // the commit
	Commit    []byte       // the commit object
	// Also are the other tags that name the same release and the same commit, in
	// the order of the forms that ReleaseTag knows.
	Also []*Found
}

// Repository is a repository whose refs were listed. It is safe for concurrent
// use, and needs no closing.
type Repository struct {
	source source
	refs   []Ref
	limits Limits
}

// source is where refs and objects come from.
type source interface {
	// list returns the tags' refs, each name once.
	list(context.Context) ([]Ref, error)
	// open makes an object and the commit that it names available.
	open(context.Context, gitobject.ID) (objects, error)
}

// objects returns an object; its bytes where it is a tag or a commit. It need not
// be the one of that id.
type objects func(context.Context, gitobject.ID) (object, error)

type object struct {
	kind gitobject.Type
	raw  []byte
}

// Open lists the tags of a repository: of a clone, where a folder is named, or of
// what is behind a URL.
func Open(ctx context.Context, where string, o Options) (*Repository, error) {
	if len(where) > maxWhere {
		return nil, failed(ErrWhere, "a place of %d bytes is not asked", len(where))
	}
	r := &Repository{limits: o.Limits.orDefault()}
	var err error
	if strings.Contains(where, "://") {
		r.source, err = newServer(where, o, r.limits)
	} else {
		r.source, err = newClone(where, r.limits)
	}
	if err != nil {
		return nil, err
	}
	if r.refs, err = r.source.list(ctx); err != nil {
		return nil, err
	}
	slices.SortFunc(r.refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return r, nil
}

// Tags returns the tags' refs, by name, as they were when the repository was
// opened. Names that git itself does not take for tags are left out.
func (r *Repository) Tags(ctx context.Context) ([]Ref, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return slices.Clone(r.refs), nil
}

// Tag reads the tag of exactly this name.
func (r *Repository) Tag(ctx context.Context, name string) (*Found, error) {
	i, ok := slices.BinarySearchFunc(r.refs, name, func(f Ref, name string) int { return strings.Compare(f.Name, name) })
	if !ok {
		return nil, failed(ErrNoTag, "there is no tag %s", shown(name))
	}
	return r.read(ctx, r.refs[i])
}

// ReleaseTag finds the tag that names a release. All that do are read; the first
// in the order of the forms is returned, with the others in Also. Where they name
// different commits, the error is a [*DisagreementError].
func (r *Repository) ReleaseTag(ctx context.Context, project, version string) (*Found, error) {
	normal, err := pypi.NormalizeName(project)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVersion, err)
	}
	v, err := pypi.ParseVersion(version)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVersion, err)
	}
	fitting := fit(r.refs, normal, v)
	if len(fitting) == 0 {
		return nil, failed(ErrNoTag, "none of the %d tags names %s %s", len(r.refs), normal, v)
	}
	if len(fitting) > r.limits.MaxFitting {
		return nil, failed(ErrAmbiguous, "%d tags name %s %s", len(fitting), normal, v)
	}
	found := make([]*Found, len(fitting))
	agree := true
	for i, ref := range fitting {
		if found[i], err = r.read(ctx, ref); err != nil {
			return nil, err
		}
		agree = agree && found[i].Target == found[0].Target
	}
	if !agree {
		return nil, &DisagreementError{Project: normal, Version: v.String(), Found: found}
	}
	found[0].Also = found[1:]
	return found[0], nil
}

// read follows a ref to the commit.
func (r *Repository) read(ctx context.Context, ref Ref) (*Found, error) {
	if ref.Problem != "" {
		return nil, failed(ErrRef, "the tag %q %s", ref.Name, ref.Problem)
	}
	found, err := r.follow(ctx, ref)
	switch {
	case err == nil:
		return found, nil
	case errors.Is(err, ctx.Err()):
		return nil, err
	}
	return nil, fmt.Errorf("the tag %q: %w", ref.Name, err)
}

func (r *Repository) follow(ctx context.Context, ref Ref) (*Found, error) {
	get, err := r.source.open(ctx, ref.Object)
	if err != nil {
		return nil, err
	}
	first, err := get(ctx, ref.Object)
	if err != nil {
		return nil, err
	}
	f := &Found{Name: ref.Name, Object: ref.Object, Target: ref.Object}
	switch first.kind {
	case gitobject.TypeCommit:
		f.Commit = first.raw
		return f, gitobject.Check(f.Target, gitobject.TypeCommit, f.Commit)
	case gitobject.TypeTag:
	default:
		return nil, failed(ErrTarget, "it names a %s", first.kind)
	}
	if err := gitobject.Check(f.Object, gitobject.TypeTag, first.raw); err != nil {
		return nil, err
	}
	tag, err := gitobject.ParseTag(first.raw)
	if err != nil {
		return nil, err
	}
	switch {
	case tag.Name != ref.Name:
		return nil, failed(ErrReplayed, "its object is the tag %s", shown(tag.Name))
	case tag.Type == gitobject.TypeTag:
		return nil, failed(ErrNested, "it names another tag, and no commit")
	case tag.Type != gitobject.TypeCommit:
		return nil, failed(ErrTarget, "it names a %s", tag.Type)
	}
	commit, err := get(ctx, tag.Object)
	if err != nil {
		return nil, err
	}
	if commit.kind != gitobject.TypeCommit {
		return nil, failed(ErrTarget, "it says that %s is a commit, which is a %s", tag.Object, commit.kind)
	}
	f.Annotated, f.Raw, f.Target, f.Commit = true, first.raw, tag.Object, commit.raw
	return f, gitobject.Check(f.Target, gitobject.TypeCommit, f.Commit)
}
