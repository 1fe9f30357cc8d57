package indextest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"io"
)

// content is a file's bytes, readable at any place by many at once.
type content interface {
	io.ReaderAt
	Size() int64
}

// noise is incompressible bytes that are computed when they are read, the same
// for the same seed: AES-128 in counter mode.
type noise struct {
	block cipher.Block
	size  int64
}

func newNoise(seed string, size int64) (*noise, error) {
	key := sha256.Sum256([]byte(seed))
	block, err := aes.NewCipher(key[:aes.BlockSize])
	if err != nil {
		return nil, err
	}
	return &noise{block, size}, nil
}

func (n *noise) Size() int64 { return n.size }

func (n *noise) ReadAt(p []byte, off int64) (int, error) {
	if off >= n.size {
		return 0, io.EOF
	}
	var err error
	if left := n.size - off; int64(len(p)) > left {
		p, err = p[:left], io.EOF
	}
	var iv [aes.BlockSize]byte
	counter := uint64(off / aes.BlockSize)
	for i := range 8 {
		iv[aes.BlockSize-1-i] = byte(counter >> (8 * i))
	}
	stream := cipher.NewCTR(n.block, iv[:])
	var skipped [aes.BlockSize]byte
	stream.XORKeyStream(skipped[:off%aes.BlockSize], skipped[:off%aes.BlockSize])
	clear(p)
	stream.XORKeyStream(p, p)
	return len(p), err
}

// parts is content after content.
type parts []content

func (c parts) Size() int64 {
	var n int64
	for _, part := range c {
		n += part.Size()
	}
	return n
}

func (c parts) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for _, part := range c {
		size := part.Size()
		if off >= size {
			off -= size
			continue
		}
		n, err := part.ReadAt(p[done:min(int64(len(p)), int64(done)+size-off)], off)
		done += n
		if err != nil && err != io.EOF {
			return done, err
		}
		if done == len(p) {
			return done, nil
		}
		off = 0
	}
	return done, io.EOF
}

// flipped is content with one bit changed.
type flipped struct {
	content
	at int64
}

func (f flipped) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.content.ReadAt(p, off)
	if i := f.at - off; i >= 0 && i < int64(n) {
		p[i] ^= 1
	}
	return n, err
}

// cutContent is the beginning of content.
type cutContent struct {
	content
	size int64
}

func (c cutContent) Size() int64 { return c.size }

func (c cutContent) ReadAt(p []byte, off int64) (int, error) {
	return io.NewSectionReader(c.content, 0, c.size).ReadAt(p, off)
}

func inMemory(b []byte) content { return bytes.NewReader(b) }

func reader(c content) *io.SectionReader { return io.NewSectionReader(c, 0, c.Size()) }
