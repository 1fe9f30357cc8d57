package archive

import (
	"bytes"
	"compress/bzip2"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"

	"assay"
)

// The flags of a gzip header (RFC 1952 section 2.3.1).
const (
	gzipHeaderCRC = 1 << 1
	gzipExtra     = 1 << 2
	gzipName      = 1 << 3
	gzipComment   = 1 << 4
	gzipReserved  = 0xe0
)

// unpacker is a tar's compression: what comes out is counted, compared with the
// checksum that follows it, and stopped where it becomes a bomb.
type unpacker struct {
	*archive
	in    io.Reader
	gzip  bool
	begin int64 // of the packed bytes
	crc   uint32
	size  int64
	err   error
}

// newUnpacker reads the header of a .tar.gz or a .tar.bz2; a .tar has none.
func (a *archive) newUnpacker(f format) (*unpacker, error) {
	u := &unpacker{archive: a, gzip: f == sdistGzip}
	switch f {
	case sdistPlain:
		u.in = a.src.Reader
		return u, nil
	case sdistBzip2:
		if p, _ := a.src.Peek(3); string(p) != "BZh" {
			return nil, lose(assay.ArchiveUnreadable, "it does not begin like a bzip2 file")
		}
		u.in = bzip2.NewReader(a.src.Reader)
		return u, nil
	}
	if err := a.gzipHeader(); err != nil {
		return nil, err
	}
	u.begin = a.src.pos()
	u.in = flate.NewReader(a.src.Reader)
	return u, nil
}

// gzipHeader reads a gzip member's header (RFC 1952 section 2.3).
func (a *archive) gzipHeader() error {
	p, err := a.src.bytes(10)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(p, []byte{0x1f, 0x8b, 8}) {
		return lose(assay.ArchiveUnreadable, "it does not begin like a gzip file")
	}
	flags := p[3]
	if flags&gzipReserved != 0 {
		return lose(assay.ArchiveAmbiguous, "its gzip header has flags that mean nothing (%#02x)", flags&gzipReserved)
	}
	sum := crc32.ChecksumIEEE(p)
	if flags&gzipExtra != 0 {
		p, err := a.src.bytes(2)
		if err != nil {
			return err
		}
		sum = crc32.Update(sum, crc32.IEEETable, p)
		n := int(le.Uint16(p))
		if n > maxExtra {
			return lose(assay.ArchiveBomb, "its gzip header has an extra field of %d bytes; %d are read", n, maxExtra)
		}
		if p, err = a.src.bytes(n); err != nil {
			return err
		}
		sum = crc32.Update(sum, crc32.IEEETable, p)
		a.add(assay.ArchiveIrregular, "its gzip header has an extra field")
	}
	for _, f := range []byte{gzipName, gzipComment} {
		for n := 0; flags&f != 0; n++ {
			c, err := a.src.ReadByte()
			if err != nil {
				return unexpected(err)
			}
			sum = crc32.Update(sum, crc32.IEEETable, []byte{c})
			if c == 0 {
				break
			}
			if n == maxGzipName {
				return lose(assay.ArchiveBomb, "its gzip header has a name or comment of more than %d bytes", maxGzipName)
			}
		}
	}
	if flags&gzipComment != 0 {
		a.add(assay.ArchiveIrregular, "its gzip header has a comment")
	}
	if flags&gzipHeaderCRC != 0 {
		p, err := a.src.bytes(2)
		if err != nil {
			return err
		}
		if le.Uint16(p) != uint16(sum) {
			return lose(assay.ArchiveUnreadable, "its gzip header has another CRC than it says")
		}
	}
	return nil
}

// Read gives unpacked bytes. io.EOF means that everything about the compression
// was right, to the last byte of the file.
func (u *unpacker) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.in.Read(p)
	if u.gzip {
		u.crc = crc32.Update(u.crc, crc32.IEEETable, p[:n])
	}
	u.size += int64(n)
	switch packed := u.src.pos() - u.begin; {
	case err == io.EOF:
		err = u.trailer()
	case err != nil:
	case u.size > u.limits.RatioFloor && u.size/u.limits.Ratio > packed:
		err = lose(assay.ArchiveBomb, "it unpacks to more than %d times its size", u.limits.Ratio)
	case u.size/2 > u.limits.Total:
		// Half of it may be headers and padding.
		err = lose(assay.ArchiveBomb, "it unpacks to more than %d bytes", u.limits.Total)
	}
	u.err = err
	return n, err
}

// trailer reads what follows the packed bytes.
func (u *unpacker) trailer() error {
	if u.gzip {
		p, err := u.src.bytes(8)
		if err != nil {
			return err
		}
		if le.Uint32(p) != u.crc {
			return lose(assay.ArchiveUnreadable, "its content has the CRC-32 %08x and its gzip trailer says %08x", u.crc, le.Uint32(p))
		}
		if le.Uint32(p[4:]) != uint32(u.size) {
			return lose(assay.ArchiveUnreadable, "its content has %d bytes and its gzip trailer says %d", u.size, le.Uint32(p[4:]))
		}
	}
	zeros := false
	for {
		c, err := u.src.ReadByte()
		switch {
		case err == io.EOF:
			if zeros {
				u.add(assay.ArchiveIrregular, "zeros follow the end of its compressed data")
			}
			return io.EOF
		case err != nil:
			return err
		case c == 0x1f && !zeros:
			return lose(assay.ArchiveAmbiguous, "it is several gzip files in one: some readers stop after the first")
		case c != 0:
			return lose(assay.ArchiveAmbiguous, "there are bytes behind the end of its compressed data")
		}
		zeros = true
	}
}
