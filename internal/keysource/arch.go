package keysource

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/trust"
)

// archPackage is what a package's recipe says.
type archPackage struct {
	name     string
	keys     []openpgp.Fingerprint
	projects []string // of the index, by its sources
}

// arch reads the keys that a package of Arch Linux is checked with.
func (s *session) arch() error {
	folder, pkg, err := s.archPackage()
	if err != nil {
		return err
	}
	project, err := s.archProject(pkg)
	if err != nil {
		return err
	}
	if len(pkg.keys) == 0 {
		s.warn(project, "the package has no validpgpkeys")
	}
	note := "Arch's package " + pkg.name + ", validpgpkeys"
	for _, key := range pkg.keys {
		place := below(folder, fmt.Sprintf("keys/pgp/%s.asc", key))
		data, err := s.optional(place, maxCertificates)
		if err != nil {
			return err
		}
		if data == nil {
			s.warn(project, "the package has no certificate of %s: get it from elsewhere, and say so: assay trust add %s --openpgp FILE --until YYYY-MM-DD --reason TEXT", key, project)
			g := trust.Grant{Project: project}
			g.Kind, g.Key, g.Reason = assay.GrantOpenPGP, string(key), note
			if err := s.grant(g); err != nil {
				return err
			}
			continue
		}
		certs, err := openpgp.ReadCertificates(data)
		if err != nil {
			return fail("%s: %v", shownPlace(place), err)
		}
		if len(certs) != 1 || certs[0].Fingerprint() != key {
			return fail("%s is of another key than its name says", shownPlace(place))
		}
		if strings.Contains(place, "?") {
			place = "" // its query is the person's, and a lock is shared
		}
		if err := s.certificate(certs[0], found{project: project, note: note, source: place}); err != nil {
			return err
		}
	}
	return nil
}

// archPackage fetches and reads the recipe.
func (s *session) archPackage() (folder string, pkg archPackage, err error) {
	folder = s.Import.Source
	names := []string{".SRCINFO", "PKGBUILD"}
	if base, name := parts(folder); slices.Contains(names, name) {
		folder, names = base, []string{name}
	}
	for _, name := range names {
		place := below(folder, name)
		data, err := s.optional(place, maxPackage)
		if err != nil {
			return folder, pkg, err
		}
		if data == nil {
			continue
		}
		read := readSRCINFO
		if name == "PKGBUILD" {
			read = readPKGBUILD
		}
		pkg, err = read(string(data))
		if err != nil {
			return folder, pkg, fail("%s: %v", shownPlace(place), err)
		}
		return folder, pkg, nil
	}
	return folder, pkg, fmt.Errorf("neither .SRCINFO nor PKGBUILD is at %s: %w", shownPlace(folder), ErrNotFound)
}

// archProject says which project a package is. What its sources say counts; where they
// say nothing, the one that the person names.
func (s *session) archProject(pkg archPackage) (string, error) {
	asked := s.Import.Projects
	switch {
	case len(pkg.projects) > 0:
		var both []string
		for _, p := range pkg.projects {
			if s.wanted(p) {
				both = append(both, p)
			}
		}
		if len(both) != 1 {
			return "", fail("the package's sources are of %s: name one of them", strings.Join(pkg.projects, ", "))
		}
		return both[0], nil
	case len(asked) == 1:
		s.note(asked[0], "that the package %s is this project is your word: its sources do not name the index", pkg.name)
		return asked[0], nil
	}
	return "", fail("the package's sources do not name the index: name the one project that it is")
}

// archNames are the names of packages.
var archNames = regexp.MustCompile(`^[A-Za-z0-9@_+][A-Za-z0-9@._+-]{0,127}$`)

// readSRCINFO reads a .SRCINFO: "key = value" lines, in which nothing is left to expand.
func readSRCINFO(text string) (archPackage, error) {
	var p archPackage
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || key == "" || strings.ContainsAny(key, " \t") {
			return p, fail("it is no .SRCINFO: a line is not KEY = VALUE")
		}
		plain, _, _ := strings.Cut(key, "_") // source_x86_64
		switch {
		case key == "pkgbase":
			if p.name != "" || !archNames.MatchString(value) {
				return p, fail("its pkgbase is not one usable name")
			}
			p.name = value
		case key == "validpgpkeys":
			if err := p.key(value); err != nil {
				return p, err
			}
		case plain == "source":
			p.source(value)
		}
	}
	if p.name == "" {
		return p, fail("it is no .SRCINFO: it has no pkgbase")
	}
	return p, nil
}

// key takes a fingerprint in.
func (p *archPackage) key(text string) error {
	fp, err := openpgp.ParseFingerprint(text)
	if err != nil {
		return fail("validpgpkeys has %s: %v", clip(openpgp.Printable(text)), err)
	}
	if !slices.Contains(p.keys, fp) {
		p.keys = append(p.keys, fp)
	}
	if len(p.keys) > maxPackageKeys {
		return fail("validpgpkeys has more than %d keys", maxPackageKeys)
	}
	return nil
}

// source notes the project of the index that a source is of.
func (p *archPackage) source(value string) {
	if _, at, ok := strings.Cut(value, "::"); ok { // a name for the file
		value = at
	}
	if name, ok := pypiProject(value); ok && !slices.Contains(p.projects, name) {
		p.projects = append(p.projects, name)
	}
}

var (
	keysArray = regexp.MustCompile(`(?m)^[ \t]*validpgpkeys(\+?=|\[)`)
	baseLine  = regexp.MustCompile(`(?m)^pkg(?:base|name)=(['"]?)([A-Za-z0-9@._+-]+)(['"]?)[ \t]*(?:#.*)?$`)
)

// readPKGBUILD reads one array of a PKGBUILD as text, and its name where it is plain:
//
//	validpgpkeys=('FE5FB63876A1D718A8C67556E17DF5C82B4F9D00'  # who
//	              '…')
//
// A PKGBUILD is a program of a shell. Where the array is anything but texts that stand
// for themselves it is refused, and so is one that is set twice.
func readPKGBUILD(text string) (archPackage, error) {
	p := archPackage{name: "without a plain name"}
	if m := baseLine.FindStringSubmatch(text); m != nil && m[1] == m[3] && archNames.MatchString(m[2]) {
		p.name = m[2]
	}
	all := keysArray.FindAllStringIndex(text, -1)
	if len(all) == 0 {
		if strings.Contains(text, "validpgpkeys") {
			return p, fail("validpgpkeys is not set at the beginning of a line: only a plain array is read")
		}
		return p, nil
	}
	rest := text[all[0][1]:]
	if len(all) > 1 || strings.Count(uncommented(text), "validpgpkeys") > 1 || !strings.HasSuffix(text[:all[0][1]], "s=") || !strings.HasPrefix(rest, "(") {
		return p, fail("validpgpkeys is not one plain array")
	}
	words, err := shellWords(rest[1:])
	if err != nil {
		return p, err
	}
	for _, w := range words {
		if err := p.key(w); err != nil {
			return p, err
		}
	}
	return p, nil
}

// uncommented leaves out the lines that are comments.
func uncommented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

var errArray = errors.New("validpgpkeys is more than plain texts: nothing in it may be expanded or run")

// shellWords reads the words of an array up to its ")".
func shellWords(text string) ([]string, error) {
	var out []string
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ')':
			return out, nil
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '#':
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				return nil, fail("%v", errArray)
			}
			i += end
		case c == '\'' || c == '"':
			end := strings.IndexByte(text[i+1:], c)
			if end < 0 || !plainWord(text[i+1:i+1+end], true) {
				return nil, fail("%v", errArray)
			}
			out = append(out, text[i+1:i+1+end])
			if i += end + 2; i < len(text) && !strings.ContainsRune(" \t\r\n)", rune(text[i])) {
				return nil, fail("%v", errArray)
			}
		default:
			end := strings.IndexAny(text[i:], " \t\r\n)")
			if end < 0 || !plainWord(text[i:i+end], false) {
				return nil, fail("%v", errArray)
			}
			out = append(out, text[i:i+end])
			i += end
		}
		if len(out) > maxPackageKeys {
			return nil, fail("validpgpkeys has more than %d keys", maxPackageKeys)
		}
	}
	return nil, fail("validpgpkeys has no end")
}

// plainWord reports whether a word stands for itself in a shell: letters and digits, and
// blanks where it is quoted.
func plainWord(w string, quoted bool) bool {
	for _, c := range []byte(w) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || quoted && c == ' ') {
			return false
		}
	}
	return w != ""
}
