package keysource

import (
	"archive/tar"
	"bytes"
	"io"
	"path"

	"github.com/klauspost/compress/gzip"

	"assay/internal/openpgp"
)

// plain opens what may be compressed, by its first bytes: a name says little of what a
// server makes of a file. More than limit bytes are an error.
func plain(data []byte, limit int64) (io.Reader, error) {
	var r io.Reader = bytes.NewReader(data)
	switch {
	case bytes.HasPrefix(data, xzHead):
		x, err := newXZ(data)
		if err != nil {
			return nil, fail("%v", err)
		}
		r = x
	case bytes.HasPrefix(data, []byte{0x1F, 0x8B}):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fail("it is no sound .gz")
		}
		r = z
	case bytes.HasPrefix(data, []byte("BZh")):
		return nil, fail("it is a .bz2, which is not read")
	}
	return &bounded{r, limit}, nil
}

// bounded ends with an error once more than so many bytes came: a cut list would be one
// that shrinks.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fail("it decompresses to more than is read")
	}
	return n, err
}

// members reads the members of these names out of a tar, each with its bound. Nothing is
// unpacked. A member that is there twice could be read in two ways, and is refused.
func members(data []byte, bounds map[string]int64) (map[string][]byte, error) {
	r, err := plain(data, maxPlainTar)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	t := tar.NewReader(r)
	for n := 0; ; n++ {
		head, err := t.Next()
		if err == io.EOF {
			// What follows the archive's end is read as well, so that it is known to be whole.
			if _, err := io.Copy(io.Discard, r); err != nil {
				return nil, unreadable(err)
			}
			return out, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if n >= maxMembers {
			return nil, fail("it has more than %d members", maxMembers)
		}
		name := path.Clean(head.Name)
		limit, ok := bounds[name]
		if !ok {
			continue
		}
		if _, twice := out[name]; twice {
			return nil, fail("its member %s is there twice", openpgp.Printable(name))
		}
		if head.Typeflag != tar.TypeReg {
			return nil, fail("its member %s is no regular file", openpgp.Printable(name))
		}
		content, err := io.ReadAll(io.LimitReader(t, limit+1))
		if err != nil {
			return nil, unreadable(err)
		}
		if int64(len(content)) > limit {
			return nil, fail("its member %s has more than %d bytes", openpgp.Printable(name), limit)
		}
		out[name] = content
	}
}

// unreadable is a Failure for an error of the readers below, of which only our own say
// something that is fit to be shown.
func unreadable(err error) error {
	if f, ok := err.(*Failure); ok {
		return f
	}
	if err == errXZ || err == errXZKind {
		return fail("%v", err)
	}
	return fail("it is cut or damaged")
}
