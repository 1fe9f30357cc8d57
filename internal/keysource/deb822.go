package keysource

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"assay/internal/pypi"
)

// debianSource is one paragraph of a Sources index.
type debianSource struct {
	name, version, directory, homepage string
	binaries                           []string
	files                              []debianFile
}

// debianFile is a line of Checksums-Sha256.
type debianFile struct {
	sha256, name string
	size         int64
}

var (
	debianNames   = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]{0,127}$`)
	debianDigests = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// readSources reads a Sources index (deb822) and hands on its paragraphs, with the fields
// that are needed.
func readSources(r io.Reader, do func(debianSource) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	fields := map[string]string{}
	key, size, paragraphs := "", 0, 0
	flush := func() error {
		if len(fields) == 0 {
			return nil
		}
		if paragraphs++; paragraphs > maxParagraphs {
			return fail("it has more than %d paragraphs", maxParagraphs)
		}
		source, ok, err := sourceOf(fields)
		clear(fields)
		key, size = "", 0
		if err != nil || !ok {
			return err
		}
		return do(source)
	}
	for {
		line, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return unreadable(err)
		}
		if size += len(line); size > maxParagraph {
			return fail("it has a paragraph of more than %d bytes", maxParagraph)
		}
		text := strings.TrimRight(line, "\r\n")
		switch name, value, ok := strings.Cut(text, ":"); {
		case strings.TrimSpace(text) == "":
			if failed := flush(); failed != nil {
				return failed
			}
		case text[0] == '#':
		case text[0] == ' ' || text[0] == '\t':
			if key == "" {
				return fail("it is no Sources index: a line goes on where none began")
			}
			if kept[key] {
				fields[key] += "\n" + strings.TrimSpace(text)
			}
		case !ok || name == "" || strings.ContainsAny(name, " \t"):
			return fail("it is no Sources index: a line has no field")
		default:
			key = strings.ToLower(name)
			if _, twice := fields[key]; twice {
				return fail("it has a paragraph with the field %s twice", key)
			}
			if fields[key] = ""; kept[key] {
				fields[key] = strings.TrimSpace(value)
			}
		}
		if err != nil {
			return flush()
		}
	}
}

// readLine reads a line of at most a paragraph's length.
func readLine(in *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		part, err := in.ReadSlice('\n')
		b.Write(part)
		if !errors.Is(err, bufio.ErrBufferFull) || b.Len() > maxParagraph {
			if errors.Is(err, bufio.ErrBufferFull) {
				err = nil
			}
			return b.String(), err
		}
	}
}

var kept = map[string]bool{"package": true, "binary": true, "version": true, "directory": true, "homepage": true, "checksums-sha256": true, "extra-source-only": true}

// sourceOf makes a source of a paragraph; false for one that is only kept for others.
func sourceOf(fields map[string]string) (debianSource, bool, error) {
	d := debianSource{name: fields["package"], version: fields["version"], directory: fields["directory"], homepage: fields["homepage"]}
	if fields["extra-source-only"] == "yes" {
		return d, false, nil
	}
	if !debianNames.MatchString(d.name) {
		return d, false, fail("it is no Sources index: a paragraph has no usable Package")
	}
	if d.directory == "." {
		d.directory = ""
	}
	if d.directory = strings.TrimPrefix(d.directory, "./"); d.directory != "" && !relative.MatchString(d.directory) {
		return d, false, fail("the source %s is in a folder that leads elsewhere", d.name)
	}
	for _, b := range strings.FieldsFunc(fields["binary"], func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		if debianNames.MatchString(b) {
			d.binaries = append(d.binaries, b)
		}
	}
	for line := range strings.SplitSeq(fields["checksums-sha256"], "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 3 || !debianDigests.MatchString(words[0]) || !relative.MatchString(words[2]) || strings.Contains(words[2], "/") {
			return d, false, fail("the source %s has a line of Checksums-Sha256 that cannot be read", d.name)
		}
		size, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil || size < 0 {
			return d, false, fail("the source %s has a line of Checksums-Sha256 that cannot be read", d.name)
		}
		d.files = append(d.files, debianFile{words[0], words[2], size})
	}
	return d, true, nil
}

// stem is the project that a source's name stands for by itself: python-django and django
// for django.
func (d debianSource) stem() string {
	name := d.name
	for _, prefix := range []string{"python3-", "python-"} {
		if cut, ok := strings.CutPrefix(name, prefix); ok {
			name = cut
			break
		}
	}
	normal, err := pypi.NormalizeName(name)
	if err != nil {
		return ""
	}
	return normal
}

// builds reports whether one of its binary packages is a project's Python 3 library.
func (d debianSource) builds(project string) bool {
	for _, b := range d.binaries {
		if name, ok := strings.CutPrefix(b, "python3-"); ok {
			if normal, err := pypi.NormalizeName(name); err == nil && normal == project {
				return true
			}
		}
	}
	return false
}

// compareDebian compares versions as dpkg does (deb-version(7)).
func compareDebian(a, b string) int {
	epoch := func(v string) (int, string) {
		e, rest, ok := strings.Cut(v, ":")
		n, err := strconv.Atoi(e)
		if !ok || err != nil {
			return 0, v
		}
		return n, rest
	}
	ea, a := epoch(a)
	eb, b := epoch(b)
	if ea != eb {
		return ea - eb
	}
	split := func(v string) (string, string) {
		if i := strings.LastIndexByte(v, '-'); i >= 0 {
			return v[:i], v[i+1:]
		}
		return v, ""
	}
	ua, ra := split(a)
	ub, rb := split(b)
	if c := compareDebianPart(ua, ub); c != 0 {
		return c
	}
	return compareDebianPart(ra, rb)
}

// compareDebianPart compares texts and numbers in turn; "~" is before everything, the end
// included, and letters are before all else.
func compareDebianPart(a, b string) int {
	weight := func(s string, i int) int {
		switch {
		case i >= len(s) || s[i] >= '0' && s[i] <= '9':
			return 0
		case s[i] == '~':
			return -1
		case s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z':
			return int(s[i])
		}
		return int(s[i]) + 256
	}
	digit := func(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		for i < len(a) && !digit(a, i) || j < len(b) && !digit(b, j) {
			if wa, wb := weight(a, i), weight(b, j); wa != wb {
				return wa - wb
			}
			i, j = i+1, j+1
		}
		number := func(s string, at *int) string {
			start := *at
			for digit(s, *at) {
				*at++
			}
			return strings.TrimLeft(s[min(start, len(s)):min(*at, len(s))], "0")
		}
		na, nb := number(a, &i), number(b, &j)
		if len(na) != len(nb) {
			return len(na) - len(nb)
		}
		if c := strings.Compare(na, nb); c != 0 {
			return c
		}
	}
	return 0
}
