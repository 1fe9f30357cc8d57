package openpgp

import (
	"bytes"
	"regexp"
	"strings"
)

// A Checksum is one line of a list of checksums.
type Checksum struct {
	Algorithm string // "sha256", "sha384", "sha512", "sha224", "sha1" or "md5"
	Hex       string // lower case
	Filename  string // without "./" before it
}

// checksumSizes are the algorithms by how many hex digits they have.
var checksumSizes = map[int]string{32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}

var (
	// bsdLine is a line of sha256sum --tag and of BSD's sha256.
	bsdLine = regexp.MustCompile(`^([A-Z][A-Z0-9/-]{1,15}) \((\S(?:.*\S)?)\) = ([0-9A-Fa-f]{32,128})$`)
	// looseLine is what other readers take for such a line as well.
	looseLine = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9/-]{1,15} ?\(.*\) ?= ?[0-9A-Fa-f]{32,128}$`)
	// heading is the title of a section, with a colon in older lists of Django's, and
	// underline what stands below it.
	heading   = regexp.MustCompile(`^([A-Z][A-Z0-9-]{1,15}) checksums?:?$`)
	underline = regexp.MustCompile(`^={3,}$`)
)

// gnuLine reads a line of sha256sum and its like: hex, a blank, a blank or "*", the name.
func gnuLine(line string) (digits, name string, ok bool) {
	n := 0
	for n < len(line) && (line[n] >= '0' && line[n] <= '9' || line[n] >= 'a' && line[n] <= 'f' || line[n] >= 'A' && line[n] <= 'F') {
		n++
	}
	if n < 32 || n > 128 || len(line) < n+3 || line[n] != ' ' || line[n+1] != ' ' && line[n+1] != '*' {
		return "", "", false
	}
	name = line[n+2:]
	return line[:n], name, !strings.ContainsRune(" \t\f\v", rune(name[0]))
}

// ReadChecksums reads a list of checksums, in one of two forms. In the first there is nothing
// but checksums, as sha256sum and BSD's sha256 write them, empty lines, and comments:
//
//	# demo 1.0
//	2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  demo-1.0.tar.gz
//	SHA256 (demo-1.0.tar.gz) = 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
//
// The second is that of Django's *.checksum.txt: a prose that names files, keys and commits, and
// in it underlined sections, one for each algorithm, up to the first line that is no checksum:
//
//	SHA256 checksums
//	================
//
//	2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  demo-1.0.tar.gz
//
// Its older lists have a colon behind the titles. Anything else is refused, for who signs a letter has not signed each line of it as a checksum:
// a prose without such sections, and a checksum outside of them. The number of digits tells the
// algorithm; a section or a BSD name that says otherwise is an error, and so is a file that is
// listed twice with different checksums, a line with an escaped name ("\" before it), and a name
// with control characters. Lines of md5 and sha1 are returned by their algorithm: they decide
// nothing. The same line twice is returned once. A list without any checksum is an error. Errors
// are a *[Failure].
func ReadChecksums(text []byte) ([]Checksum, error) {
	if len(text) > MaxChecksums {
		return nil, fail(Malformed, "a list of checksums of more than %d bytes", MaxChecksums)
	}
	text = bytes.TrimPrefix(text, byteOrderMark)
	sectioned, err := hasSections(text)
	if err != nil {
		return nil, err
	}
	l := checksumList{sectioned: sectioned, seen: map[[2]string]string{}}
	for rest := text; len(rest) > 0; {
		var line []byte
		if line, rest, err = cutLine(rest, maxTextLine); err != nil {
			return nil, err
		}
		if err := l.line(string(line), rest); err != nil {
			return nil, err
		}
	}
	if len(l.sums) == 0 {
		return nil, fail(Malformed, "there is no checksum in the list")
	}
	return l.sums, nil
}

// hasSections reports whether a text has an underlined title.
func hasSections(text []byte) (bool, error) {
	for len(text) > 0 {
		line, rest, err := cutLine(text, maxTextLine)
		if err != nil {
			return false, err
		}
		if title(line, rest) != "" {
			return true, nil
		}
		text = rest
	}
	return false, nil
}

// title returns the algorithm that a section's title names, or "" for a line that is none: it is
// told by what follows it.
func title(line, rest []byte) string {
	m := heading.FindSubmatch(line)
	if m == nil {
		return ""
	}
	if below, _, err := cutLine(rest, maxTextLine); err != nil || !underline.Match(below) {
		return ""
	}
	return algorithmName(string(m[1]))
}

// checksumList is a list that is being read.
type checksumList struct {
	sums      []Checksum
	seen      map[[2]string]string
	sectioned bool
	section   string // the algorithm of the section that goes on, or ""
	below     bool   // the next line is a title's underline
}

// line takes in a line; rest is what follows it.
func (l *checksumList) line(line string, rest []byte) error {
	switch {
	case l.below:
		l.below = false
		return nil
	case line == "":
		return nil
	}
	if l.sectioned {
		if name := title([]byte(line), rest); name != "" {
			l.section, l.below = name, true
			return nil
		}
	}
	sum, ok, err := readChecksum(line, l.section)
	switch {
	case err != nil:
		return err
	case ok && l.sectioned && l.section == "", !ok && l.sectioned && resembles(line):
		return fail(Malformed, "a checksum stands outside of the sections of the list")
	case ok:
		return l.add(sum)
	case l.sectioned:
		l.section = "" // the prose goes on
		return nil
	case line[0] == '#':
		return nil
	}
	return fail(Malformed, "a text that is no list of checksums: a line of it is neither a checksum nor a comment")
}

// add adds a checksum.
func (l *checksumList) add(sum Checksum) error {
	id := [2]string{sum.Algorithm, sum.Filename}
	if before, listed := l.seen[id]; listed {
		if before != sum.Hex {
			return fail(Malformed, "%s is listed twice with different checksums by %s", Printable(sum.Filename), sum.Algorithm)
		}
		return nil
	}
	if len(l.sums) == MaxChecksumEntries {
		return fail(Malformed, "a list of more than %d checksums", MaxChecksumEntries)
	}
	l.seen[id] = sum.Hex
	l.sums = append(l.sums, sum)
	return nil
}

// resembles reports whether other readers could take a line for a checksum.
func resembles(line string) bool {
	line = strings.TrimLeft(strings.Trim(line, " \t"), `\`)
	_, _, ok := gnuLine(line)
	return ok || strings.Contains(line, "=") && looseLine.MatchString(line)
}

// readChecksum reads one line, and says whether it is a checksum.
func readChecksum(line, section string) (sum Checksum, ok bool, err error) {
	if escaped, found := strings.CutPrefix(line, `\`); found {
		if _, _, ok := gnuLine(escaped); ok {
			return sum, false, fail(Malformed, "a checksum of a file whose name is escaped")
		}
	}
	claimed := section
	if digits, name, ok := gnuLine(line); ok {
		sum.Hex, sum.Filename = strings.ToLower(digits), name
	} else if !strings.Contains(line, ") = ") {
		return sum, false, nil
	} else if m := bsdLine.FindStringSubmatch(line); m != nil {
		sum.Hex, sum.Filename, claimed = strings.ToLower(m[3]), m[2], algorithmName(m[1])
	} else {
		return sum, false, nil
	}
	sum.Algorithm = checksumSizes[len(sum.Hex)]
	sum.Filename = strings.TrimPrefix(sum.Filename, "./")
	switch {
	case sum.Algorithm == "":
		return sum, false, fail(Malformed, "a checksum of %d hex digits", len(sum.Hex))
	case claimed != "" && claimed != sum.Algorithm:
		return sum, false, fail(Malformed, "a checksum of %s under the name %s", sum.Algorithm, claimed)
	case sum.Filename == "" || len(sum.Filename) > maxChecksumFilename || Printable(sum.Filename) != sum.Filename:
		return sum, false, fail(Malformed, "a checksum of a file whose name is too long or not plain to see")
	}
	return sum, true, nil
}

// algorithmName returns the name here of an algorithm as lists write it.
func algorithmName(name string) string {
	lower := strings.ToLower(name)
	if rest, ok := strings.CutPrefix(lower, "sha-"); ok {
		return "sha" + rest
	}
	return lower
}
