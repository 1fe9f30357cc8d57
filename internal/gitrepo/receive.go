package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"

	"assay/internal/gitobject"
)

// receive reads a pack as it comes until the object that was asked for, and the
// commit that it names, are there. Everything but tags and commits is inflated
// into nothing, save what comes first, which may be what a tag names in place of a
// commit; deltas too, for neither of two objects of different types can be one of
// the other. What is returned has the id under which it is returned.
func receive(ctx context.Context, r io.Reader, want gitobject.ID, l Limits) (map[gitobject.ID]object, error) {
	scanner := packfile.NewScanner(unseekable{r})
	_, count, err := scanner.Header()
	if err != nil {
		return nil, packBroken(err)
	}
	if count > l.PackObjects {
		return nil, failed(ErrTooLarge, "a pack of %d objects was sent for one tag", count)
	}
	all := map[gitobject.ID]object{}
	sink := &counter{left: l.Inflated, limit: l.Inflated}
	kept := 0
	for n := range count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := scanner.NextObjectHeader()
		if err != nil {
			return nil, packBroken(err)
		}
		kind := kindOf(h.Type)
		if kind != gitobject.TypeCommit && kind != gitobject.TypeTag && (n > 0 || kind == "" || h.Length > maxObject) {
			if n, _, err := scanner.NextObject(sink); err != nil || n != h.Length {
				return nil, packBroken(err)
			}
			continue
		}
		if kept++; kept > l.TagsInPack {
			return nil, failed(ErrTooLarge, "more than %d tags and commits were sent for one tag", l.TagsInPack)
		}
		if h.Length < 0 || h.Length > maxObject {
			return nil, failed(ErrTooLarge, "a %s of %d bytes is larger than %d", kind, h.Length, maxObject)
		}
		var content bytes.Buffer
		if n, _, err := scanner.NextObject(&content); err != nil || n != h.Length {
			return nil, packBroken(err)
		}
		id, err := gitobject.Sum(kind, content.Bytes(), want.IsSHA256())
		if err != nil {
			return nil, err
		}
		all[id] = object{kind, content.Bytes()}
		if complete(all, want) {
			break
		}
	}
	return all, nil
}

// complete reports whether nothing that is still to come can matter.
func complete(all map[gitobject.ID]object, want gitobject.ID) bool {
	first, ok := all[want]
	if !ok || first.kind != gitobject.TypeTag {
		return ok
	}
	tag, err := gitobject.ParseTag(first.raw)
	if err != nil || tag.Type != gitobject.TypeCommit {
		return true // it is refused for that
	}
	_, ok = all[tag.Object]
	return ok
}

// packBroken returns why a pack cannot be read further: what the body says, or
// that the pack is broken, of which the library's words say no more. Nil stands
// for an object that is shorter than it says.
func packBroken(err error) error {
	var ours *failure
	if errors.As(err, &ours) {
		return ours
	}
	if err == nil {
		err = errors.New("an object is shorter than it says")
	}
	return failed(ErrMalformed, "the pack is broken: %v", err)
}

// counter throws bytes away, up to a limit.
type counter struct{ left, limit int64 }

func (c *counter) Write(p []byte) (int, error) {
	if c.left -= int64(len(p)); c.left < 0 {
		return 0, failed(ErrTooLarge, "the pack inflates to more than %d bytes", c.limit)
	}
	return len(p), nil
}

// unseekable hides that a reader could go back.
type unseekable struct{ io.Reader }
