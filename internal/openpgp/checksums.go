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
	// heading is the title of a section, as Django's lists have them.
	heading = regexp.MustCompile(`^([A-Z][A-Z0-9-]{1,15}) checksums:?$`)
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

// ReadChecksums reads a list of checksums in any of three formats, which may be mixed, and
// passes over every other line:
//
//	2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  demo-1.0.tar.gz
//	SHA256 (demo-1.0.tar.gz) = 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
//
//	SHA256 checksums
//	================
//
//	2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  demo-1.0.tar.gz
//
// The last is how Django's *.checksum.txt has them, with sections for MD5 and SHA-1 beside it,
// in a prose that names files and keys. The number of digits tells the algorithm; a section or
// a BSD name that says otherwise is an error, and so is a file that is listed twice with
// different checksums, a line with an escaped name ("\" before it), and a name with control
// characters. Lines of md5 and sha1 are returned by their algorithm: they decide nothing. The
// same line twice is returned once. A list without any checksum is an error. Errors are a
// *[Failure].
func ReadChecksums(text []byte) ([]Checksum, error) {
	if len(text) > MaxChecksums {
		return nil, fail(Malformed, "a list of checksums of more than %d bytes", MaxChecksums)
	}
	var out []Checksum
	seen := map[[2]string]string{}
	section := ""
	for rest := bytes.TrimPrefix(text, byteOrderMark); len(rest) > 0; {
		var line []byte
		var err error
		if line, rest, err = cutLine(rest, maxTextLine); err != nil {
			return nil, err
		}
		if bytes.Contains(line, []byte(" checksums")) {
			if m := heading.FindSubmatch(line); m != nil {
				section = algorithmName(string(m[1]))
				continue
			}
		}
		sum, ok, err := readChecksum(string(line), section)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		id := [2]string{sum.Algorithm, sum.Filename}
		if before, listed := seen[id]; listed {
			if before != sum.Hex {
				return nil, fail(Malformed, "%s is listed twice with different checksums by %s", Printable(sum.Filename), sum.Algorithm)
			}
			continue
		}
		if len(out) == MaxChecksumEntries {
			return nil, fail(Malformed, "a list of more than %d checksums", MaxChecksumEntries)
		}
		seen[id] = sum.Hex
		out = append(out, sum)
	}
	if len(out) == 0 {
		return nil, fail(Malformed, "there is no checksum in the list")
	}
	return out, nil
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
