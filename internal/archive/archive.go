package archive

import (
	"errors"
	"io"
	"strings"

	"assay"
)

// Read reads a distribution file from its first byte to its last, also past the
// point at which it turned out to be bad. What is wrong with it, or strange, is
// in the findings. The error is r's own: nothing was learned then. A file whose
// name has an ending that is not looked into comes back without a format.
func Read(filename string, r io.Reader, limits Limits) (*assay.Inside, error) {
	a := &archive{
		src: newSource(r), limits: limits.orDefault(), buf: make([]byte, copyBuffer),
		names: names{exact: map[string]int{}, folded: map[string]int{}},
	}
	defer func() {
		if a.crowds {
			<-crowded
		}
	}()
	var err error
	switch format, stem := formatOf(filename); format {
	case wheelZip:
		a.inside.Format = "wheel"
		err = a.readWheel()
	case sdistZip:
		a.inside.Format = "sdist"
		err = a.readSdistZip(stem)
	case sdistPlain, sdistGzip, sdistBzip2:
		a.inside.Format = "sdist"
		err = a.readSdistTar(stem, format)
	case sdistUnread:
		a.add(assay.ArchiveUnreadSdist, "sdists are read that end in .tar.gz, .tgz, .tar.bz2, .tbz, .tar and .zip")
	default:
		a.add(assay.ArchiveUnopened, "its name ends in none of .whl, .tar.gz, .tgz, .tar.bz2, .tbz, .tar and .zip")
	}
	a.ended(err)
	if own := a.src.drain(a.buf); own != nil {
		return nil, own
	}
	if a.src.raw.keepTail {
		a.endsLikeZip()
	}
	a.surprises.report(a)
	a.inside.Findings = a.all()
	return &a.inside, nil
}

// archive is a reading under way.
type archive struct {
	report
	src    *source
	limits Limits
	inside assay.Inside
	buf    []byte
	names  names
	// texts are the members that are read at the end, by name.
	texts map[string]*kept
	// keptSize is how many bytes they have, and info a wheel's first .dist-info.
	keptSize  int64
	info      string
	twoInfos  bool // there is another
	surprises surprises
	crowds    bool // it holds a place among the crowded
}

// ended makes what stopped the reading a finding.
func (a *archive) ended(err error) {
	var l *lost
	switch {
	case err == nil:
	case errors.As(err, &l):
		a.add(l.Code, "%s", l.Detail)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		a.add(assay.ArchiveUnreadable, "the file ends too early, after %d bytes", a.src.raw.n)
	default:
		a.add(assay.ArchiveUnreadable, "its packed data is damaged before byte %d", a.src.pos())
	}
}

// format is how a distribution file is packed, judged by its name.
type format int

const (
	unopened format = iota
	wheelZip
	sdistZip
	sdistPlain
	sdistGzip
	sdistBzip2
	sdistUnread // an installer may build it, and it is not looked into
)

// formatOf returns the format of a file by its name's ending, in whatever case
// (installers differ, none reads one ending as another format), and the name
// without the ending.
func formatOf(filename string) (format, string) {
	for _, e := range []struct {
		suffix string
		format format
	}{
		{".whl", wheelZip}, {".zip", sdistZip}, {".tar.gz", sdistGzip}, {".tgz", sdistGzip},
		{".tar.bz2", sdistBzip2}, {".tbz", sdistBzip2}, {".tar", sdistPlain},
		// What pip takes as xz, what uv took, and what indexes still carry.
		{".tar.xz", sdistUnread}, {".txz", sdistUnread}, {".tar.lz", sdistUnread}, {".tlz", sdistUnread}, {".tar.lzma", sdistUnread},
		{".tar.zst", sdistUnread}, {".tzst", sdistUnread}, {".tar.z", sdistUnread},
	} {
		if n := len(filename) - len(e.suffix); n > 0 && strings.EqualFold(filename[n:], e.suffix) {
			return e.format, filename[:n]
		}
	}
	return unopened, filename
}

// wanted returns the cap on a text that is to be kept, and 0 for a member that
// is only hashed.
func (a *archive) wanted(name string) int64 {
	dir, base, ok := strings.Cut(strings.TrimPrefix(name, "./"), "/")
	switch {
	case !ok || len(a.texts) >= maxTexts:
	case a.inside.Format == "wheel" && isDistInfo(dir):
		if a.info == "" {
			a.info = dir
		}
		if dir != a.info {
			// The wheel is refused for the second one: no text of it is read.
			a.twoInfos, a.texts = true, nil
		}
		if a.twoInfos {
			return 0
		}
		switch base {
		case "RECORD":
			return a.limits.Record
		case "RECORD.jws":
			return min(a.limits.Text, maxJWS)
		case "METADATA":
			return a.limits.Text
		case "WHEEL", "entry_points.txt":
			return min(a.limits.Text, maxSmallText)
		}
	case a.inside.Format == "sdist" && (base == "PKG-INFO" || base == "pyproject.toml"):
		return a.limits.Text
	}
	return 0
}

// keep keeps a text under its name.
func (a *archive) keep(name string, text *kept) {
	if a.texts == nil {
		a.texts = map[string]*kept{}
	}
	if _, ok := a.texts[name]; !ok {
		text.close()
		a.texts[name] = text
		a.keptSize += int64(text.size)
	}
}

// text returns a text that was kept, and nil where it was not.
func (a *archive) text(name string) []byte {
	if t, ok := a.texts[name]; ok {
		return t.text()
	}
	return nil
}

// unpacked adds a member's size to the sum and says whether the sum is still
// within the cap.
func (a *archive) unpacked(n int64) error {
	a.inside.Unpacked += n
	if a.inside.Unpacked > a.limits.Total {
		return lose(assay.ArchiveBomb, "its members have more than %d bytes together", a.limits.Total)
	}
	return nil
}
