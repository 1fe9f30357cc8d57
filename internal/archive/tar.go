package archive

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"assay"
)

// blockSize is the size of a tar's blocks: headers take one, data is padded.
const blockSize = 512

// tarReader reads a tar from its first block to its last: POSIX.1-1988 (ustar),
// POSIX.1-2001 (pax), GNU and what was there before them (v7).
type tarReader struct {
	*archive
	in      *unpacker
	block   [blockSize]byte
	ahead   extended // what describes the next member
	content content
	roots   roots
	links   []symlink
}

// extended is what headers of their own say about the member that follows them.
type extended struct {
	pax                map[string]string // nil where there is none
	longName, longLink *string           // GNU's
}

func (e extended) empty() bool { return e.pax == nil && e.longName == nil && e.longLink == nil }

// symlink is a symbolic link, judged when all members are known.
type symlink struct{ name, target string }

// tarHeader is one header block, read.
type tarHeader struct {
	name, link string
	kind       byte
	mode, size int64
}

// readSdistTar reads a compressed tar.
func (a *archive) readSdistTar(stem string, f format) error {
	a.src.raw.keepTail = true
	u, err := a.newUnpacker(f)
	if err != nil {
		return err
	}
	t := &tarReader{archive: a, in: u, roots: roots{stem: stem}}
	if err := t.read(); err != nil {
		return err
	}
	a.nested()
	t.checkLinks()
	a.checkSdist(stem, &t.roots)
	return nil
}

// read reads all members and the end of the archive.
func (t *tarReader) read() error {
	for {
		_, err := io.ReadFull(t.in, t.block[:])
		switch {
		case err == io.EOF && t.inside.Members == 0:
			return lose(assay.ArchiveUnreadable, "the tar in it is empty")
		case err == io.EOF:
			t.add(assay.ArchiveIrregular, "its tar does not say that it ends")
			return t.noneAhead()
		case err != nil:
			return err
		case zeros(t.block[:]):
			return errors.Join(t.end(), t.noneAhead())
		}
		h, err := t.header()
		if err != nil {
			return err
		}
		if err := t.member(h); err != nil {
			return err
		}
	}
}

// noneAhead refuses a header that describes a member that never came.
func (t *tarReader) noneAhead() error {
	if t.ahead.empty() {
		return nil
	}
	return lose(assay.ArchiveAmbiguous, "its tar ends with a header for a member that does not follow")
}

// end reads what follows the first block of zeros: one more, and nothing but
// zeros after it.
func (t *tarReader) end() error {
	for blocks := 1; ; blocks++ {
		n, err := io.ReadFull(t.in, t.block[:])
		if !zeros(t.block[:n]) {
			if blocks == 1 {
				return lose(assay.ArchiveAmbiguous, "its tar goes on after a block of zeros, where some readers stop")
			}
			return lose(assay.ArchiveAmbiguous, "there are bytes behind the end of its tar")
		}
		switch {
		case err == io.EOF && blocks == 1:
			t.add(assay.ArchiveIrregular, "its tar ends with one block of zeros, not two")
			return nil
		case err == io.EOF:
			return nil
		case err == io.ErrUnexpectedEOF && t.in.err == io.EOF:
			t.add(assay.ArchiveIrregular, "its tar ends within a block")
			return nil
		case err != nil:
			return err
		}
	}
}

// header reads the block as a header. Every number is read strictly: a reader
// that takes a bad one for the end of the archive sees less than another.
func (t *tarReader) header() (tarHeader, error) {
	b := t.block[:]
	posix := bytes.Equal(b[257:265], []byte("ustar\x0000"))
	gnu := bytes.Equal(b[257:265], []byte("ustar  \x00"))
	h := tarHeader{name: cString(b[:100]), link: cString(b[157:257]), kind: b[156]}
	sum, ok := tarNumber(b[148:156])
	if !ok || sum != checksum(b) {
		return h, lose(assay.ArchiveUnreadable, "a tar header has a wrong checksum, after %d members", t.inside.Members)
	}
	for _, f := range []struct {
		what     string
		from, to int
		into     *int64
	}{
		{"mode", 100, 108, &h.mode}, {"owner", 108, 116, nil}, {"group", 116, 124, nil}, {"size", 124, 136, &h.size},
		{"time", 136, 148, nil}, {"device number", 329, 337, nil}, {"device number", 337, 345, nil},
	} {
		n, ok := tarNumber(b[f.from:f.to])
		if !ok || f.into != nil && n < 0 {
			return h, lose(assay.ArchiveAmbiguous, "member %s has a malformed %s in its header", quoted(h.name), f.what)
		}
		if f.into != nil {
			*f.into = n
		}
	}
	if !posix && !gnu && !zeros(b[257:265]) {
		t.add(assay.ArchiveIrregular, "member %s has a header of no known format", quoted(h.name))
	}
	switch prefix := cString(b[345:500]); {
	case prefix == "" || h.kind == 'x' || h.kind == 'g' || h.kind == 'L' || h.kind == 'K':
	case !posix:
		return h, lose(assay.ArchiveAmbiguous, "member %s has a name with a prefix that its format does not have", quoted(h.name))
	default:
		h.name = prefix + "/" + h.name
	}
	return h, nil
}

// member reads what a header announces.
func (t *tarReader) member(h tarHeader) error {
	switch h.kind {
	case 'x', 'g':
		return t.pax(h)
	case 'L', 'K':
		return t.gnuLong(h)
	}
	if err := t.applyAhead(&h); err != nil {
		return err
	}
	if t.inside.Members++; t.inside.Members > t.limits.Members {
		return lose(assay.ArchiveBomb, "it has more than %d members", t.limits.Members)
	}
	if len(h.name) > maxName {
		return lose(assay.ArchiveBomb, "a member has a name of %d bytes; %d are read", len(h.name), maxName)
	}
	slash := strings.HasSuffix(h.name, "/")
	entry := isFile
	switch h.kind {
	case 0, '0', '7':
		if h.kind == '7' {
			t.add(assay.ArchiveIrregular, "member %s is of a kind of file that nobody has any more (contiguous)", quoted(h.name))
		}
		if slash && (h.size > 0 || h.kind != 0) {
			return lose(assay.ArchiveAmbiguous, "member %s is a directory by its name and a file by its header", quoted(h.name))
		}
		if slash {
			entry = isDir
		}
	case '5':
		entry = isDir
	case '1':
		t.hardLink(h)
	case '2':
		entry = isLink
		t.links = append(t.links, symlink{name: h.name, target: h.link})
	case '3', '4', '6':
		return lose(assay.ArchiveUnsafeName, "member %s is a device or a pipe", quoted(h.name))
	case 'S':
		return lose(assay.ArchiveAmbiguous, "member %s is sparse: what it holds is put together by the reader", quoted(h.name))
	default:
		return lose(assay.ArchiveAmbiguous, "member %s is of the unknown kind %s", quoted(h.name), quoted(string(rune(h.kind))))
	}
	if h.size > 0 && h.kind >= '1' && h.kind <= '5' {
		return lose(assay.ArchiveAmbiguous, "member %s is no file and has a size of %d bytes: readers differ on where the next one begins", quoted(h.name), h.size)
	}
	if entry == isFile && h.mode&modeSetID != 0 {
		t.surprises.add(setID, h.name)
	}
	if err := t.name(h.name, entry, false); err != nil {
		return err
	}
	t.roots.add(strings.TrimSuffix(h.name, "/") + map[bool]string{true: "/"}[entry == isDir])
	return t.data(h)
}

// data passes on a member's bytes and the padding behind them.
func (t *tarReader) data(h tarHeader) error {
	if h.size > t.limits.Member {
		return lose(assay.ArchiveBomb, "member %s has %d bytes; %d are read", quoted(h.name), h.size, t.limits.Member)
	}
	if err := t.unpacked(h.size); err != nil {
		return err
	}
	t.content.reset(false, t.wanted(h.name))
	if err := t.copy(h.size, t.content.write); err != nil {
		return err
	}
	if h.kind == '0' || h.kind == 0 || h.kind == '7' {
		t.take(h.name, &t.content)
	}
	dirty := false
	err := t.copy(-h.size&(blockSize-1), func(p []byte) { dirty = dirty || !zeros(p) })
	if dirty {
		t.add(assay.ArchiveIrregular, "member %s is padded with something else than zeros", quoted(h.name))
	}
	return err
}

// copy hands n bytes on in pieces.
func (t *tarReader) copy(n int64, to func([]byte)) error {
	for n > 0 {
		p := t.buf[:min(int64(len(t.buf)), n)]
		got, err := t.in.Read(p)
		to(p[:got])
		n -= int64(got)
		if err != nil && n > 0 {
			return unexpected(err)
		}
	}
	return nil
}

// hardLink judges a hard link: to a file that came before, and is inside.
func (t *tarReader) hardLink(h tarHeader) {
	clean, plain := cleanName(h.link)
	switch {
	case !plain && (path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(h.link, `\`)):
		t.add(assay.ArchiveUnsafeName, "member %s is a hard link to %s, outside of the archive", quoted(h.name), quoted(h.link))
	case t.names.exact[clean] == isLink:
		t.add(assay.ArchiveUnsafeName, "member %s is a hard link to the symbolic link %s", quoted(h.name), quoted(h.link))
	case t.names.exact[clean] != isFile:
		t.add(assay.ArchiveIrregular, "member %s is a hard link to %s, which does not come before it", quoted(h.name), quoted(h.link))
	default:
		t.add(assay.ArchiveIrregular, "member %s is a hard link to %s", quoted(h.name), quoted(h.link))
	}
}

// checkLinks judges the symbolic links: each leads to a place inside of its top
// directory, and not by way of another link.
func (t *tarReader) checkLinks() {
	for _, l := range t.links {
		bad := func(what string) {
			t.add(assay.ArchiveUnsafeName, "member %s is a symbolic link to %s, %s", quoted(l.name), quoted(l.target), what)
		}
		name, _ := cleanName(l.name)
		root, _, _ := strings.Cut(name, "/")
		target := path.Join(path.Dir(name), l.target)
		back := strings.TrimLeft(l.target, "./") // what follows the leading ways up
		switch {
		case l.target == "" || strings.ContainsAny(l.target, "\\\x00"):
			bad("which is no path")
		case l.target[0] == '/' || target != root && !strings.HasPrefix(target, root+"/"):
			bad("outside of its top directory")
		case strings.Contains("/"+back+"/", "/../"):
			bad("which goes down and up again")
		default:
			for dir := path.Dir(target); dir != "." && dir != "/"; dir = path.Dir(dir) {
				if t.names.exact[dir] == isLink {
					bad("which leads through another link")
					break
				}
			}
		}
	}
}
