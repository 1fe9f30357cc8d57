package signing

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// SignFile hashes a regular file piece by piece and returns its signature.
func SignFile(ctx context.Context, s Signer, path string) ([]byte, error) {
	h := s.NewHash()
	if err := hashFile(ctx, h, path); err != nil {
		return nil, err
	}
	return s.Sign(ctx, h)
}

// hashFile puts a regular file through a hash.
func hashFile(ctx context.Context, h hash.Hash, path string) error {
	// A FIFO would block at being opened.
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%q is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{h}, cancellable{ctx, file}, make([]byte, 256<<10))
	return err
}

// cancellable stops reading when its context ends.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// Checksums returns a list of the files' SHA-256, as `sha256sum` writes it: a line
// "hex  name" for each, by name. Folders are not in the names: two files of one
// name, and names that the format has no room for, are errors.
func Checksums(ctx context.Context, paths []string) (string, error) {
	lines := map[string]string{}
	for _, path := range paths {
		name := filepath.Base(path)
		if !plainName(name) {
			return "", fmt.Errorf("the name %q cannot be put into a list of checksums", name)
		}
		if _, twice := lines[name]; twice {
			return "", fmt.Errorf("two files are called %s: one list cannot have both", name)
		}
		h := sha256.New()
		if err := hashFile(ctx, h, path); err != nil {
			return "", err
		}
		lines[name] = fmt.Sprintf("%x  %s\n", h.Sum(nil), name)
	}
	var names []string
	for name := range lines {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(lines[name])
	}
	return b.String(), nil
}

// plainName reports whether a name can stand in a list unescaped, and is the same
// after the spaces at its ends were lost.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == '/' })
}

// Write puts a signature into a file, whole or not at all. What is there already
// is ErrExists, and left alone unless force is set.
func Write(path string, data []byte, force bool) (err error) {
	if !force {
		if err := Free(path); err != nil {
			return err
		}
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".assay-sign-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(data)
	if err == nil {
		err = temporary.Chmod(0o644)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if force {
		return os.Rename(temporary.Name(), path)
	}
	return putNew(temporary.Name(), path)
}

// Free returns ErrExists where there is a file already.
func Free(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return &problem{ErrExists, fmt.Sprintf("%s is there already", path), nil}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// putNew gives a file a name that nothing has. A link does that in one step; where
// the file system has none, the name is taken first.
func putNew(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil {
		return os.Remove(temporary)
	}
	if !errors.Is(err, fs.ErrExist) {
		var taken *os.File
		if taken, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644); err == nil {
			taken.Close()
			return os.Rename(temporary, path)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return &problem{ErrExists, fmt.Sprintf("%s is there already", path), nil}
	}
	return err
}
