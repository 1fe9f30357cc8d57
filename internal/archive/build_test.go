package archive

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"strings"
)

// zipHeader holds the fields of a local header and of a central entry. Zero
// fields are filled in; a test changes them afterwards.
type zipHeader struct {
	sig          uint32
	flags        uint16
	method       uint16
	crc          uint32
	packed, size uint32
	name         string
	extra        string
	comment      string // the rest is in the central entry only
	disk         uint16
	attributes   uint32
	offset       uint32
}

// part is one member of a zip to be built.
type part struct {
	name, data string
	method     uint16
	flags      uint16
	packed     string // instead of what the data packs to
	descriptor string // "signed", "bare", "wrong", "zip64"
	local      func(*zipHeader)
	central    func(*zipHeader)
	unlisted   bool // not in the central directory
	twice      bool // there twice
	noRecord   bool // not in RECORD
}

// endRecord holds the fields of the end record, and of zip64's.
type endRecord struct {
	disk, entries uint16
	size, offset  uint32
	comment       string
}

type zip64Record struct {
	recordSize                     uint64
	entries, size, offset, locator uint64
	disks                          uint32
}

// zipFile is a zip to be built.
type zipFile struct {
	parts                                 []part
	prefix, gap, beforeCentral, beforeEnd string
	suffix                                string
	reversed                              bool // the central directory
	end                                   func(*endRecord)
	zip64                                 func(*zip64Record)
	record                                func(string) string // changes RECORD
}

func deflate(data string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 6)
	_, _ = w.Write([]byte(data))
	_ = w.Close()
	return b.String()
}

// put appends numbers in little endian and strings as they are.
func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		switch v := v.(type) {
		case uint16:
			b.Write(le.AppendUint16(nil, v))
		case uint32:
			b.Write(le.AppendUint32(nil, v))
		case uint64:
			b.Write(le.AppendUint64(nil, v))
		case string:
			b.WriteString(v)
		default:
			panic(fmt.Sprintf("%T", v))
		}
	}
}

func (z *zipFile) bytes() []byte {
	var b bytes.Buffer
	put(&b, z.prefix)
	var entries []zipHeader
	for i, p := range z.parts {
		h := zipHeader{
			sig: sigLocal, flags: p.flags, method: p.method, crc: crc32.ChecksumIEEE([]byte(p.data)),
			size: uint32(len(p.data)), name: p.name, offset: uint32(b.Len()), attributes: 0o100644 << 16,
		}
		if strings.HasSuffix(p.name, "/") {
			h.attributes = 0o040755 << 16
		}
		packed := p.packed
		switch {
		case packed != "":
		case p.method == deflated:
			packed = deflate(p.data)
		default:
			packed = p.data
		}
		h.packed = uint32(len(packed))
		local, central := h, h
		central.sig = sigCentral
		if p.descriptor != "" {
			local.flags |= flagDescriptor
			central.flags |= flagDescriptor
			local.crc, local.packed, local.size = 0, 0, 0
			if p.descriptor == "zip64" {
				local.extra = zip64Field(0, 0)
			}
		}
		if p.local != nil {
			p.local(&local)
		}
		if p.central != nil {
			p.central(&central)
		}
		put(&b, local.sig, uint16(20), local.flags, local.method, uint16(0), uint16(0x5021), local.crc, local.packed, local.size,
			uint16(len(local.name)), uint16(len(local.extra)), local.name, local.extra, packed)
		switch p.descriptor {
		case "signed":
			put(&b, uint32(sigDescriptor), h.crc, h.packed, h.size)
		case "bare":
			put(&b, h.crc, h.packed, h.size)
		case "wrong":
			put(&b, uint32(sigDescriptor), h.crc, h.packed, h.size+1)
		case "zip64":
			put(&b, uint32(sigDescriptor), h.crc, uint64(h.packed), uint64(h.size))
		}
		if i == 0 {
			put(&b, z.gap)
		}
		for range map[bool]int{true: 2, false: 1}[p.twice] {
			if !p.unlisted {
				entries = append(entries, central)
			}
		}
	}
	if z.reversed {
		for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
			entries[i], entries[j] = entries[j], entries[i]
		}
	}
	put(&b, z.beforeCentral)
	offset := b.Len()
	for _, h := range entries {
		put(&b, h.sig, uint16(0x0314), uint16(20), h.flags, h.method, uint16(0), uint16(0x5021), h.crc, h.packed, h.size,
			uint16(len(h.name)), uint16(len(h.extra)), uint16(len(h.comment)), h.disk, uint16(0), h.attributes, h.offset,
			h.name, h.extra, h.comment)
	}
	size := b.Len() - offset
	put(&b, z.beforeEnd)
	if z.zip64 != nil {
		r := zip64Record{recordSize: 44, entries: uint64(len(entries)), size: uint64(size), offset: uint64(offset), locator: uint64(b.Len()), disks: 1}
		z.zip64(&r)
		put(&b, uint32(sigZip64End), r.recordSize, uint16(45), uint16(45), uint32(0), uint32(0), r.entries, r.entries, r.size, r.offset,
			uint32(sigLocator), uint32(0), r.locator, r.disks)
	}
	e := endRecord{entries: uint16(len(entries)), size: uint32(size), offset: uint32(offset)}
	if z.end != nil {
		z.end(&e)
	}
	put(&b, uint32(sigEnd), e.disk, e.disk, e.entries, e.entries, e.size, e.offset, uint16(len(e.comment)), e.comment, z.suffix)
	return b.Bytes()
}

// zip64Field is a zip64 extra field with values in it.
func zip64Field(values ...uint64) string {
	var b bytes.Buffer
	put(&b, uint16(extraZip64), uint16(8*len(values)))
	for _, v := range values {
		put(&b, v)
	}
	return b.String()
}

// unicodeField is Info-ZIP's Unicode path extra field for a header's name.
func unicodeField(name, unicode string) string {
	var b bytes.Buffer
	put(&b, uint16(extraUnicode), uint16(5+len(unicode)), "\x01", nameCRC(name), unicode)
	return b.String()
}

const (
	info         = "demo-1.0.dist-info/"
	metadataText = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
	wheelText    = "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
	initText     = "VERSION = '1.0'\n"
)

// wheel builds a wheel of four members, after change has changed it: a module,
// METADATA, WHEEL, and RECORD, which is then made from what is there.
func wheel(change func(*zipFile)) []byte {
	z := &zipFile{parts: []part{
		{name: "demo/__init__.py", data: initText, method: deflated},
		{name: info + "METADATA", data: metadataText, method: deflated},
		{name: info + "WHEEL", data: wheelText},
		{name: info + "RECORD", method: deflated},
	}}
	if change != nil {
		change(z)
	}
	for i := range z.parts {
		if z.parts[i].name == info+"RECORD" && z.parts[i].data == "" {
			text := recordOf(z.parts)
			if z.record != nil {
				text = z.record(text)
			}
			z.parts[i].data = text
			break
		}
	}
	return z.bytes()
}

func recordOf(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		if !p.noRecord && !strings.HasSuffix(p.name, "/") && p.name != info+"RECORD" {
			fmt.Fprintf(&b, "%s,sha256=%s,%d\n", p.name, hash64(p.data), len(p.data))
		}
	}
	return b.String() + info + "RECORD,,\n"
}

func hash64(data string) string {
	sum := sha256.Sum256([]byte(data))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// entry is one member of a tar to be built.
type entry struct {
	name, data, link string
	kind             byte
	magic            string // "posix" unless it is "gnu" or "v7"
	prefix           string
	mode             int64
	size             int64 // instead of the data's
	padding          string
	change           func([]byte) // the block, before its checksum
	after            func([]byte) // and behind it
}

func (e entry) bytes() []byte {
	b := make([]byte, blockSize)
	copy(b[:100], e.name)
	size := int64(len(e.data))
	if e.size != 0 {
		size = e.size
	}
	if e.mode == 0 {
		e.mode = 0o644
	}
	if e.kind == 0 {
		e.kind = '0'
	}
	copy(b[100:], fmt.Sprintf("%07o\x00%07o\x00%07o\x00%011o\x00%011o\x00", e.mode, 0, 0, size, 0))
	b[156] = e.kind
	copy(b[157:257], e.link)
	switch e.magic {
	case "":
		copy(b[257:], "ustar\x0000")
	case "gnu":
		copy(b[257:], "ustar  \x00")
	case "v7":
	}
	copy(b[345:500], e.prefix)
	if e.change != nil {
		e.change(b)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", checksum(b)))
	if e.after != nil {
		e.after(b)
	}
	b = append(b, e.data...)
	padding := make([]byte, -len(e.data)&(blockSize-1))
	copy(padding, e.padding)
	return append(b, padding...)
}

// tarFile is a compressed tar to be built.
type tarFile struct {
	entries []entry
	end     string // instead of two blocks of zeros
	noEnd   bool

	flags       byte   // of the gzip header
	header      string // behind the gzip header's ten bytes
	storedAs    func([]byte) string
	suffix      string
	crc, length uint32 // added to what is right
}

// sdist builds a .tar.gz of a directory, PKG-INFO, pyproject.toml and a module.
func sdist(change func(*tarFile)) []byte {
	t := &tarFile{entries: []entry{
		{name: "demo-1.0/", kind: '5', mode: 0o755},
		{name: "demo-1.0/PKG-INFO", data: metadataText},
		{name: "demo-1.0/pyproject.toml", data: "[project]\nname = \"demo\"\n"},
		{name: "demo-1.0/demo.py", data: initText},
	}}
	if change != nil {
		change(t)
	}
	return t.bytes()
}

func (t *tarFile) tar() []byte {
	var b []byte
	for _, e := range t.entries {
		b = append(b, e.bytes()...)
	}
	switch {
	case t.noEnd:
	case t.end != "":
		b = append(b, t.end...)
	default:
		b = append(b, make([]byte, 2*blockSize)...)
	}
	return b
}

func (t *tarFile) bytes() []byte { return t.bytesOf(t.tar()) }

// bytesOf compresses a tar.
func (t *tarFile) bytesOf(raw []byte) []byte {
	packed := deflate(string(raw))
	if t.storedAs != nil {
		packed = t.storedAs(raw)
	}
	var b bytes.Buffer
	put(&b, string([]byte{0x1f, 0x8b, 8, t.flags, 0, 0, 0, 0, 2, 0xff}), t.header, packed,
		crc32.ChecksumIEEE(raw)+t.crc, uint32(len(raw))+t.length, t.suffix)
	return b.Bytes()
}

// paxRecord is one record of a pax header.
func paxRecord(key, value string) string {
	n := len(key) + len(value) + 3
	n += len(fmt.Sprint(n))
	if s := fmt.Sprintf("%d %s=%s\n", n, key, value); len(s) == n {
		return s
	}
	return fmt.Sprintf("%d %s=%s\n", n+1, key, value)
}

// storedDeflate wraps bytes as a deflate stream of stored blocks.
func storedDeflate(raw []byte) string {
	var b bytes.Buffer
	for {
		n := min(len(raw), max16)
		final := "\x00"
		if n == len(raw) {
			final = "\x01"
		}
		put(&b, final, uint16(n), ^uint16(n), string(raw[:n]))
		if raw = raw[n:]; len(raw) == 0 {
			return b.String()
		}
	}
}
