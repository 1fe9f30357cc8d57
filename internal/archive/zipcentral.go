package archive

import (
	"bytes"
	"io"
	"sort"

	"assay"
)

// The kinds of file that the upper half of a member's external attributes can
// name (Unix's st_mode).
const (
	modeType    = 0o170000
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeSymlink = 0o120000
	modeSetID   = 0o006000
)

// central reads what follows the members: the central directory, zip64's record
// and locator, the end record, and then the end of the file.
func (z *zipReader) central() error {
	begin := z.src.pos()
	var entries int
	for ; ; entries++ {
		p, err := z.src.Peek(4)
		if err != nil {
			return unexpected(err)
		}
		sig := le.Uint32(p)
		if sig == sigEnd || sig == sigZip64End {
			break
		}
		if sig != sigCentral {
			return lose(assay.ArchiveAmbiguous, "there are bytes at %d that are no part of a zip", z.src.pos())
		}
		if err := z.entry(entries); err != nil {
			return err
		}
	}
	missing := 0
	for _, m := range z.members {
		if !m.listed {
			missing++
			z.add(assay.ArchiveAmbiguous, "member %s is not in the central directory", quoted(m.name))
		}
	}
	if missing > 0 {
		return nil // the end record would only say so again
	}
	return z.end(uint64(begin), uint64(z.src.pos()-begin), uint64(entries))
}

// entry reads one central entry (APPNOTE section 4.3.12) and holds it to its
// local header.
func (z *zipReader) entry(index int) error {
	p, err := z.src.bytes(46)
	if err != nil {
		return err
	}
	z.lastEntry = append(z.lastEntry[:0], p...)
	h := z.lastEntry
	c := zipMember{
		flags: le.Uint16(h[8:]), method: le.Uint16(h[10:]), crc: le.Uint32(h[16:]),
		packed: int64(le.Uint32(h[20:])), size: int64(le.Uint32(h[24:])), offset: int64(le.Uint32(h[42:])),
	}
	nameLen, extraLen, commentLen := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
	disk, attributes := uint32(le.Uint16(h[34:])), le.Uint32(h[38:])
	name, extra, err := z.nameAndExtra(nameLen, extraLen)
	if err != nil {
		return err
	}
	c.name = name
	z.lastEntry = append(append(z.lastEntry, name...), extra...)
	x, err := z.extra(name, "central entry", extra)
	if err != nil {
		return err
	}
	if err := x.centralValues(name, &c.size, &c.packed, &c.offset, &disk); err != nil {
		return err
	}
	if err := z.comment(commentLen, "member "+quoted(name)); err != nil {
		return err
	}
	if disk != 0 {
		return lose(assay.ArchiveUnreadable, "member %s is said to lie on disk %d", quoted(name), disk)
	}
	m := z.at(index, c.offset)
	if m == nil {
		return lose(assay.ArchiveAmbiguous, "the central directory lists a member %s where none begins, at byte %d", quoted(name), c.offset)
	}
	if m.listed {
		return lose(assay.ArchiveAmbiguous, "the central directory lists member %s twice", quoted(m.name))
	}
	m.listed = true
	if m != &z.members[min(index, len(z.members)-1)] {
		z.add(assay.ArchiveIrregular, "the central directory lists member %s in another place than its data has", quoted(m.name))
	}
	z.agree(m, &c)
	z.attributes(m, attributes)
	return nil
}

// at returns the member whose local header begins at an offset, nil if none
// does; the one of the same index is the likely one.
func (z *zipReader) at(index int, offset int64) *zipMember {
	if index < len(z.members) && z.members[index].offset == offset {
		return &z.members[index]
	}
	i := sort.Search(len(z.members), func(i int) bool { return z.members[i].offset >= offset })
	if i == len(z.members) || z.members[i].offset != offset {
		return nil
	}
	return &z.members[i]
}

// agree reports each field in which a central entry differs from the member.
func (z *zipReader) agree(m, c *zipMember) {
	differ := func(what string, local, central any) {
		z.add(assay.ArchiveAmbiguous, "member %s has the %s %v in front of its data and %v in the central directory", quoted(m.name), what, local, central)
	}
	if c.name != m.name {
		differ("name", quoted(m.name), quoted(c.name))
	}
	if c.flags != m.flags {
		// The level of compression is for people, all else changes the reading.
		if c.flags&^flagLevel == m.flags&^flagLevel {
			z.add(assay.ArchiveIrregular, "member %s has two levels of compression in its two headers", quoted(m.name))
		} else {
			differ("flags", m.flags, c.flags)
		}
	}
	if c.method != m.method {
		differ("method", m.method, c.method)
	}
	if c.crc != m.crc {
		differ("CRC-32", m.crc, c.crc)
	}
	if c.packed != m.packed {
		differ("packed size", m.packed, c.packed)
	}
	if c.size != m.size {
		differ("size", m.size, c.size)
	}
}

// attributes judges what a member is to a Unix reader.
func (z *zipReader) attributes(m *zipMember, attributes uint32) {
	mode := attributes >> 16
	switch kind := mode & modeType; {
	case kind == modeSymlink:
		z.add(assay.ArchiveAmbiguous, "member %s is a symbolic link to some readers and a file to others", quoted(m.name))
	case kind == modeDir && !m.dir():
		z.add(assay.ArchiveAmbiguous, "member %s is a directory by its attributes and a file by its name", quoted(m.name))
	case kind == modeRegular && m.dir():
		z.add(assay.ArchiveIrregular, "member %s is a file by its attributes and a directory by its name", quoted(m.name))
	case kind != 0 && kind != modeDir && kind != modeRegular:
		z.add(assay.ArchiveAmbiguous, "member %s is a device or the like by its attributes", quoted(m.name))
	}
	if mode&modeSetID != 0 {
		z.surprises.add(setID, m.name)
	}
}

// comment reads a comment. One that looks like a part of a zip is where readers
// that search from the end get lost.
func (z *zipReader) comment(n int, whose string) error {
	if n == 0 {
		return nil
	}
	p, err := z.src.bytes(n)
	if err != nil {
		return err
	}
	for i := 0; ; i += 2 {
		next := bytes.Index(p[i:], []byte("PK"))
		if next < 0 {
			break
		}
		i += next
		if len(p) >= i+4 && p[i+2] < 9 && p[i+3] < 9 {
			return lose(assay.ArchiveAmbiguous, "%s has a comment with parts of another zip in it", whose)
		}
	}
	z.lastEntry = append(z.lastEntry, p...)
	z.add(assay.ArchiveIrregular, "%s has a comment", whose)
	return nil
}

// end reads the records behind the central directory, which begins at an offset,
// has a size in bytes and a number of entries.
func (z *zipReader) end(offset, size, entries uint64) error {
	wrong := func(record, field string, has, is uint64) error {
		return lose(assay.ArchiveAmbiguous, "the %s says that the central directory's %s is %d, and it is %d", record, field, has, is)
	}
	p, err := z.src.Peek(4)
	if err != nil {
		return unexpected(err)
	}
	zip64 := le.Uint32(p) == sigZip64End
	if zip64 {
		at := z.src.pos()
		r, err := z.src.bytes(56 + 20)
		if err != nil {
			return err
		}
		loc := r[56:]
		switch {
		case le.Uint64(r[4:]) != 44:
			return lose(assay.ArchiveAmbiguous, "the zip64 end record has %d bytes, not 44: it carries more than readers know", le.Uint64(r[4:]))
		case le.Uint32(r[16:]) != 0 || le.Uint32(r[20:]) != 0:
			return lose(assay.ArchiveUnreadable, "the zip64 end record names more than one disk")
		case le.Uint64(r[24:]) != entries || le.Uint64(r[32:]) != entries:
			return wrong("zip64 end record", "number of entries", le.Uint64(r[32:]), entries)
		case le.Uint64(r[40:]) != size:
			return wrong("zip64 end record", "size", le.Uint64(r[40:]), size)
		case le.Uint64(r[48:]) != offset:
			return wrong("zip64 end record", "offset", le.Uint64(r[48:]), offset)
		case le.Uint32(loc) != sigLocator:
			return lose(assay.ArchiveAmbiguous, "no zip64 locator follows the zip64 end record")
		case le.Uint32(loc[4:]) != 0 || le.Uint32(loc[16:]) > 1:
			return lose(assay.ArchiveUnreadable, "the zip64 locator names more than one disk")
		case le.Uint64(loc[8:]) != uint64(at):
			return lose(assay.ArchiveAmbiguous, "the zip64 locator points to byte %d, and the zip64 end record is at %d", le.Uint64(loc[8:]), at)
		}
	}
	// Readers look for a locator in the 20 bytes before the end record, whatever
	// those bytes are.
	if n := len(z.lastEntry); !zip64 && le.Uint32(z.lastEntry[n-20:]) == sigLocator {
		return lose(assay.ArchiveAmbiguous, "the last central entry ends like a zip64 locator")
	}
	e, err := z.src.bytes(22)
	if err != nil {
		return err
	}
	// One of the four-byte fields says less than it means if zip64 says the rest.
	fits := func(has, is, full uint64) bool { return has == is && (zip64 || is != full) || zip64 && has == full }
	switch {
	case le.Uint32(e) != sigEnd:
		return lose(assay.ArchiveAmbiguous, "no end record follows the zip64 locator")
	case !fits(uint64(le.Uint16(e[4:])), 0, max16) || !fits(uint64(le.Uint16(e[6:])), 0, max16):
		return lose(assay.ArchiveUnreadable, "the end record names more than one disk")
	case !fits(uint64(le.Uint16(e[8:])), entries, max16) || !fits(uint64(le.Uint16(e[10:])), entries, max16):
		return wrong("end record", "number of entries", uint64(le.Uint16(e[10:])), entries)
	case !fits(uint64(le.Uint32(e[12:])), size, max32):
		return wrong("end record", "size", uint64(le.Uint32(e[12:])), size)
	case !fits(uint64(le.Uint32(e[16:])), offset, max32):
		return wrong("end record", "offset", uint64(le.Uint32(e[16:])), offset)
	}
	if err := z.comment(int(le.Uint16(e[20:])), "the archive"); err != nil {
		return err
	}
	if _, err := z.src.ReadByte(); err != io.EOF {
		return lose(assay.ArchiveAmbiguous, "there are bytes behind the end of the zip, from byte %d on", z.src.pos()-1)
	}
	return nil
}
