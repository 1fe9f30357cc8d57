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
	// Named says that the list names the algorithm; else it is told by the number of digits,
	// and that of sha512 is BLAKE2b's as well.
	Named bool
}

// checksumSizes are the algorithms by how many hex digits they have.
var checksumSizes = map[int]string{32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}

var (
	// bsdLine is a line of sha256sum --tag and of BSD's sha256, and opensslLine one of openssl dgst.
	bsdLine     = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9/-]{1,15}) \((\S(?:.*\S)?)\) = ([0-9A-Fa-f]{32,128})$`)
	opensslLine = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9/-]{1,15})\((\S(?:.*\S)?)\)= ([0-9A-Fa-f]{32,128})$`)
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
// but checksums, as sha256sum, BSD's sha256 and openssl dgst write them, empty lines, and comments:
//
//	# demo 1.0
//	2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  demo-1.0.tar.gz
//	SHA256 (demo-1.0.tar.gz) = 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
//	SHA2-256(demo-1.0.tar.gz)= 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
//
// The second is that of Django's *.checksum.txt: a prose that names files, keys and commits, and
// in it underlined sections, one for each algorithm, up to the first line that is neither a
// checksum nor a comment:
//
//	SHA256 checksums
//	================
//
//	2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  demo-1.0.tar.gz
//
// Its older lists have a colon behind the titles. Anything else is refused, for who signs a letter has not signed each line of it as a checksum:
// a prose without such sections, and a checksum outside of them. The number of digits tells the
// algorithm; a section or a BSD name that says otherwise is an error, and so is a file that is
// listed twice with different checksums, and a name with control characters. What is listed by
// an algorithm that is named and not known here, as b2sum --tag does, is passed over, and so is a
// name that holds a "\" or a line end, which is written escaped ("\" before the line): no
// distribution has such a name. Lines of md5 and sha1 are returned by their algorithm: they
// decide nothing. The same line twice is returned once. A list without any checksum is an error.
// Errors are a *[Failure].
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
	if len(l.sums) == 0 && !l.passed {
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
	passed    bool   // there was a checksum that is passed over
	n         int    // lines so far
}

// line takes in a line; rest is what follows it.
func (l *checksumList) line(line string, rest []byte) error {
	l.n++
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
		return fail(Malformed, "line %d is a checksum, and stands outside of the sections of the list", l.n)
	case ok && sum.Algorithm == "":
		l.passed = true
		return nil
	case ok:
		return l.add(sum)
	case line[0] == '#':
		return nil
	case l.sectioned:
		l.section = "" // the prose goes on
		return nil
	}
	return fail(Malformed, "line %d is neither a checksum nor a comment: a list of checksums has lines as sha256sum writes them and nothing else, or underlined sections as Django's", l.n)
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

// readChecksum reads one line, and says whether it is a checksum. One that is passed over has no
// algorithm.
func readChecksum(line, section string) (sum Checksum, ok bool, err error) {
	unescaped, escaped := strings.CutPrefix(line, `\`)
	claimed := section
	if digits, name, ok := gnuLine(unescaped); ok {
		sum.Hex, sum.Filename = strings.ToLower(digits), name
	} else if !strings.Contains(unescaped, ")") || !strings.Contains(unescaped, "= ") {
		return sum, false, nil
	} else if m := nameFirst(unescaped); m != nil {
		sum.Hex, sum.Filename, claimed = strings.ToLower(m[3]), m[2], algorithmName(m[1])
	} else {
		return sum, false, nil
	}
	size := checksumSizes[len(sum.Hex)]
	sum.Filename, sum.Named = strings.TrimPrefix(sum.Filename, "./"), claimed != ""
	switch {
	case escaped && !isEscaped(sum.Filename):
		return sum, false, fail(Malformed, "a checksum of a file whose name is said to be escaped, and is not")
	case escaped:
		return Checksum{}, true, nil
	case claimed != "" && !isKnown(claimed):
		return Checksum{}, true, nil
	case size == "":
		return sum, false, fail(Malformed, "a checksum of %d hex digits", len(sum.Hex))
	case claimed != "" && claimed != size:
		return sum, false, fail(Malformed, "a checksum of %s under the name %s", size, claimed)
	case sum.Filename == "" || len(sum.Filename) > maxChecksumFilename || Printable(sum.Filename) != sum.Filename:
		return sum, false, fail(Malformed, "a checksum of a file whose name is too long or not plain to see")
	}
	sum.Algorithm = size
	return sum, true, nil
}

// nameFirst takes apart a line that begins with the algorithm's name.
func nameFirst(line string) []string {
	if m := bsdLine.FindStringSubmatch(line); m != nil {
		return m
	}
	return opensslLine.FindStringSubmatch(line)
}

// isKnown reports whether checksums by an algorithm are read here.
func isKnown(algorithm string) bool {
	for _, name := range checksumSizes {
		if name == algorithm {
			return true
		}
	}
	return false
}

// isEscaped reports whether a name is one that sha256sum escapes: it holds a backslash or a line
// end, each written with a backslash, and no backslash else.
func isEscaped(name string) bool {
	n := 0
	for ; ; n++ {
		_, after, found := strings.Cut(name, `\`)
		if !found {
			return n > 0
		}
		if after == "" || !strings.ContainsRune(`\nr`, rune(after[0])) {
			return false
		}
		name = after[1:]
	}
}

// algorithmName returns the name here of an algorithm as lists write it.
func algorithmName(name string) string {
	lower := strings.ToLower(name)
	for _, prefix := range []string{"sha-", "sha2-"} { // OpenSSL writes the latter
		if rest, ok := strings.CutPrefix(lower, prefix); ok && isKnown("sha"+rest) {
			return "sha" + rest
		}
	}
	return lower
}
