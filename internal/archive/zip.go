package archive

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"

	"assay"
)

// The signatures of a zip's records, as they are read in little endian (APPNOTE
// section 4.3).
const (
	sigLocal      = 0x04034b50
	sigDescriptor = 0x08074b50
	sigCentral    = 0x02014b50
	sigZip64End   = 0x06064b50
	sigLocator    = 0x07064b50
	sigEnd        = 0x06054b50
)

// The flags of a member (APPNOTE section 4.4.4).
const (
	flagEncrypted  = 1<<0 | 1<<6 | 1<<13
	flagLevel      = 1<<1 | 1<<2
	flagDescriptor = 1 << 3
	flagPatched    = 1 << 5
	flagUTF8       = 1 << 11
)

const (
	stored   = 0
	deflated = 8
	// locatorSize is the size of zip64's locator, which stands before the end record.
	locatorSize = 20

	max16 = 1<<16 - 1
	max32 = 1<<32 - 1
)

// le is a zip's byte order.
var le = binary.LittleEndian

// zipReader reads a zip from its first byte to its last.
type zipReader struct {
	*archive
	members []zipMember
	inflate io.ReadCloser
	content content
	hashed  bool // members are hashed: there may be a RECORD
	// lastEntry are the bytes of the central entry that was read last.
	lastEntry []byte
}

// zipMember is a member as its local header and its data have it.
type zipMember struct {
	name         string
	offset       int64 // of the local header
	packed, size int64
	crc          uint32
	flags        uint16
	method       uint16
	zip64        bool // its local header has the zip64 extra field
	listed       bool // the central directory has it
	sum          [32]byte
}

func (m *zipMember) dir() bool { return len(m.name) > 0 && m.name[len(m.name)-1] == '/' }

// read reads the whole file.
func (z *zipReader) read() error {
	if err := z.alsoTar(); err != nil {
		return err
	}
	for {
		p, err := z.src.Peek(4)
		if err != nil {
			return unexpected(err)
		}
		if le.Uint32(p) != sigLocal {
			break
		}
		if err := z.local(); err != nil {
			return err
		}
	}
	z.inside.Members = len(z.members)
	if len(z.members) == 0 {
		return lose(assay.ArchiveUnreadable, "it does not begin with a member of a zip")
	}
	if err := z.central(); err != nil {
		return err
	}
	z.nested()
	return nil
}

// alsoTar refuses a file whose first block is a tar header too (the name in it
// is then the zip's first local header).
func (z *zipReader) alsoTar() error {
	p, _ := z.src.Peek(blockSize)
	if len(p) == blockSize && bytes.Equal(p[257:262], []byte("ustar")) {
		return lose(assay.ArchiveAmbiguous, "it is a zip and a tar at once")
	}
	return nil
}

// local reads one member: local header, data, descriptor.
func (z *zipReader) local() error {
	if len(z.members) >= z.limits.Members {
		return lose(assay.ArchiveBomb, "it has more than %d members", z.limits.Members)
	}
	offset := z.src.pos()
	h, err := z.src.bytes(30)
	if err != nil {
		return err
	}
	m := zipMember{
		offset: offset, flags: le.Uint16(h[6:]), method: le.Uint16(h[8:]), crc: le.Uint32(h[14:]),
		packed: int64(le.Uint32(h[18:])), size: int64(le.Uint32(h[22:])),
	}
	nameLen, extraLen := int(le.Uint16(h[26:])), int(le.Uint16(h[28:]))
	raw, extra, err := z.nameAndExtra(nameLen, extraLen)
	if err != nil {
		return err
	}
	m.name = raw
	if err := z.checkHeader(&m); err != nil {
		return err
	}
	x, err := z.extra(m.name, "local header", extra)
	if err != nil {
		return err
	}
	if err := x.localSizes(&m); err != nil {
		return err
	}
	kind := isFile
	if m.dir() {
		kind = isDir
	}
	if err := z.name(m.name, kind, true); err != nil {
		return err
	}
	z.content.reset(z.hashed, z.wanted(m.name))
	if err := z.data(&m); err != nil {
		return err
	}
	if m.dir() && m.size != 0 {
		z.add(assay.ArchiveAmbiguous, "member %s is a directory by its name and has data", quoted(m.name))
	}
	if z.hashed {
		z.content.sha.Sum(m.sum[:0])
	}
	z.take(m.name, &z.content)
	z.members = append(z.members, m)
	return z.unpacked(m.size)
}

// nameAndExtra reads the two fields behind a header. The extra field is valid
// until the next read.
func (z *zipReader) nameAndExtra(nameLen, extraLen int) (string, []byte, error) {
	if nameLen > maxName || extraLen > maxExtra {
		return "", nil, lose(assay.ArchiveBomb, "a member has a name of %d and an extra field of %d bytes; %d and %d are read", nameLen, extraLen, maxName, maxExtra)
	}
	p, err := z.src.bytes(nameLen + extraLen)
	if err != nil {
		return "", nil, err
	}
	return string(p[:nameLen]), p[nameLen:], nil
}

// checkHeader judges flags, method and the encoding of the name.
func (z *zipReader) checkHeader(m *zipMember) error {
	name := quoted(m.name)
	switch {
	case m.flags&flagEncrypted != 0:
		return lose(assay.ArchiveUnreadable, "member %s is encrypted", name)
	case m.flags&flagPatched != 0:
		return lose(assay.ArchiveUnreadable, "member %s is a patch of other data", name)
	case m.method != stored && m.method != deflated:
		return lose(assay.ArchiveUnreadable, "member %s is packed by method %d: installers know 0 and 8", name, m.method)
	case m.method == stored && m.flags&flagDescriptor != 0:
		return lose(assay.ArchiveAmbiguous, "member %s is stored and its size comes behind it: its end is a guess", name)
	}
	if odd := m.flags &^ (flagLevel | flagDescriptor | flagUTF8); odd != 0 {
		z.add(assay.ArchiveIrregular, "member %s has flags that mean nothing (%#04x)", name, odd)
	}
	if m.flags&flagDescriptor != 0 {
		z.add(assay.ArchiveIrregular, "member %s has its size behind its data", name)
	}
	if m.flags&flagUTF8 == 0 && !ascii(m.name) && utf8.ValidString(m.name) {
		z.add(assay.ArchiveAmbiguous, "member %s has a name beyond ASCII and does not say that it is UTF-8", name)
	}
	return nil
}

// data reads a member's packed bytes and compares what came out of them.
func (z *zipReader) data(m *zipMember) error {
	descriptor := m.flags&flagDescriptor != 0
	promised := *m
	begin := z.src.pos()
	var err error
	if m.method == stored {
		if m.packed != m.size {
			return lose(assay.ArchiveAmbiguous, "member %s is stored, and its two sizes differ: %d and %d bytes", quoted(m.name), m.packed, m.size)
		}
		err = z.copyStored(m)
	} else {
		err = z.copyDeflated(m, begin)
	}
	if err != nil {
		return err
	}
	m.packed, m.size, m.crc = z.src.pos()-begin, z.content.size, z.content.crc
	if descriptor {
		err = z.descriptor(m)
		if err == nil && promised.crc == 0 && promised.packed == 0 && promised.size == 0 {
			return nil
		}
	}
	switch {
	case err != nil:
		return err
	case m.packed != promised.packed:
		return lose(assay.ArchiveAmbiguous, "member %s has %d packed bytes and its header says %d", quoted(m.name), m.packed, promised.packed)
	case m.size != promised.size:
		z.add(assay.ArchiveAmbiguous, "member %s has %d bytes and its header says %d", quoted(m.name), m.size, promised.size)
	case m.crc != promised.crc:
		z.add(assay.ArchiveUnreadable, "member %s has the CRC-32 %08x and its header says %08x", quoted(m.name), m.crc, promised.crc)
	}
	return nil
}

// copyStored passes on a stored member.
func (z *zipReader) copyStored(m *zipMember) error {
	if m.size > z.limits.Member {
		return lose(assay.ArchiveBomb, "member %s has %d bytes; %d are read", quoted(m.name), m.size, z.limits.Member)
	}
	for left := m.size; left > 0; {
		p := z.buf[:min(int64(len(z.buf)), left)]
		n, err := z.src.Read(p)
		z.content.writeCRC(p[:n])
		left -= int64(n)
		if err != nil && left > 0 {
			return unexpected(err)
		}
	}
	return nil
}

// copyDeflated passes on a deflated member. The inflater reads single bytes, so
// that it stops at the end of the stream, wherever the header says that this is.
func (z *zipReader) copyDeflated(m *zipMember, begin int64) error {
	if z.inflate == nil {
		z.inflate = flate.NewReader(z.src.Reader)
	} else if err := z.inflate.(flate.Resetter).Reset(z.src.Reader, nil); err != nil {
		return err
	}
	for {
		n, err := z.inflate.Read(z.buf)
		z.content.writeCRC(z.buf[:n])
		size := z.content.size
		if size > z.limits.Member || z.inside.Unpacked+size > z.limits.Total {
			return lose(assay.ArchiveBomb, "member %s has more than %d bytes", quoted(m.name), size-1)
		}
		if size > z.limits.RatioFloor && size/z.limits.Ratio > z.src.pos()-begin {
			return lose(assay.ArchiveBomb, "member %s unpacks to more than %d times its size", quoted(m.name), z.limits.Ratio)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// descriptor reads the sizes that follow a member (APPNOTE section 4.3.9): with
// or without a signature, of 8 bytes each if the local header has the zip64
// extra field.
func (z *zipReader) descriptor(m *zipMember) error {
	width := 8
	if m.zip64 {
		width = 16
	}
	p, err := z.src.Peek(4)
	if err != nil {
		return unexpected(err)
	}
	if le.Uint32(p) == sigDescriptor {
		if _, err := z.src.bytes(4); err != nil {
			return err
		}
	} else {
		z.add(assay.ArchiveIrregular, "member %s has a data descriptor without a signature", quoted(m.name))
	}
	d, err := z.src.bytes(4 + width)
	if err != nil {
		return err
	}
	packed, size := uint64(le.Uint32(d[4:])), uint64(le.Uint32(d[8:]))
	if m.zip64 {
		packed, size = le.Uint64(d[4:]), le.Uint64(d[12:])
	}
	if le.Uint32(d) != m.crc || packed != uint64(m.packed) || size != uint64(m.size) {
		return lose(assay.ArchiveAmbiguous, "member %s has a data descriptor that does not fit its data", quoted(m.name))
	}
	return nil
}

// nameCRC is the CRC-32 that Info-ZIP's Unicode path extra field carries of the
// name in the header.
func nameCRC(name string) uint32 { return crc32.ChecksumIEEE([]byte(name)) }

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
