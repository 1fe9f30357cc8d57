package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"

	"assay"
)

// content is what passes of one member: its bytes are hashed, counted, and
// dropped, save the first ones and those of a text that is kept.
type content struct {
	sha  hash.Hash // nil where nothing compares it
	crc  uint32
	size int64
	head [8]byte
	text *kept // nil where it is not kept
	cap  int64 // of text; 0 for nothing
}

// reset makes the content ready for the next member; hashed says whether its
// SHA-256 is wanted.
func (c *content) reset(hashed bool, cap int64) {
	switch {
	case !hashed:
		c.sha = nil
	case c.sha == nil:
		c.sha = sha256.New()
	default:
		c.sha.Reset()
	}
	c.crc, c.size, c.head, c.text, c.cap = 0, 0, [8]byte{}, nil, cap
	if cap > 0 {
		c.text = &kept{}
	}
}

func (c *content) write(p []byte) {
	if c.sha != nil {
		c.sha.Write(p)
	}
	if c.size < int64(len(c.head)) {
		copy(c.head[c.size:], p)
	}
	c.size += int64(len(p))
	if c.size > c.cap {
		c.text = nil
	}
	if c.text != nil {
		c.text.write(p)
	}
}

// writeCRC is write with the CRC-32 of a zip.
func (c *content) writeCRC(p []byte) {
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p)
	c.write(p)
}

// native reports whether the bytes begin like a program or a library: ELF, PE,
// Mach-O.
func (c *content) native() bool {
	switch binary.BigEndian.Uint32(c.head[:]) {
	case 0x7f454c46, 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe:
		return true
	case 0xcafebabe: // also Java's, which has a version of 45 or more there
		return c.size >= 8 && binary.BigEndian.Uint32(c.head[4:]) < 43
	}
	return c.size >= 64 && bytes.HasPrefix(c.head[:], []byte("MZ"))
}

// take keeps a text that was wanted and looks at what a member is.
func (a *archive) take(name string, c *content) {
	if c.cap > 0 {
		switch kept := a.keptSize + c.size; {
		case c.size > c.cap:
			a.add(assay.ArchiveBomb, "member %s has %d bytes, more than the %d that are read of it", quoted(name), c.size, c.cap)
		case kept > maxKept:
			a.add(assay.ArchiveBomb, "member %s and the texts before it have %d bytes, more than the %d that are read of them", quoted(name), kept, int64(maxKept))
		default:
			a.keep(name, c.text)
		}
	}
	a.surprises.look(a.inside.Format, name, c.native())
}
