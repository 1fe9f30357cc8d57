package pypi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Errors of file names.
var (
	// ErrFilename means that a string is not the name of a distribution file, or
	// one that does not tell its project and version.
	ErrFilename = errors.New("not a valid distribution file name")
	// ErrOtherProject means that a file name belongs to another project than the
	// one it was looked at for.
	ErrOtherProject = errors.New("belongs to another project")
)

// Kind says what a distribution file is, judged by its name.
type Kind int

// The kinds of distribution file.
const (
	Wheel Kind = iota + 1 // PEP 427
	Sdist                 // PEP 625, and the older extensions
	Egg                   // setuptools' old binary format
	Other                 // .exe, .msi, .rpm, .deb, .dmg: installers ignore them
)

// String returns "wheel", "sdist", "egg" or "other".
func (k Kind) String() string {
	switch k {
	case Wheel:
		return "wheel"
	case Sdist:
		return "sdist"
	case Egg:
		return "egg"
	case Other:
		return "other"
	}
	return "none"
}

// extensions are those of distribution files: what pip, uv and Poetry install,
// and what indexes still carry from before.
var extensions = []struct {
	suffix string
	kind   Kind
}{
	{".whl", Wheel},
	{".tar.gz", Sdist}, {".zip", Sdist}, {".tgz", Sdist}, {".tar.bz2", Sdist}, {".tbz", Sdist},
	{".tar.xz", Sdist}, {".txz", Sdist}, {".tar.z", Sdist}, {".tar", Sdist}, {".tar.lz", Sdist},
	{".tlz", Sdist}, {".tar.lzma", Sdist}, {".tar.zst", Sdist}, {".tzst", Sdist},
	{".egg", Egg},
	{".exe", Other}, {".msi", Other}, {".rpm", Other}, {".deb", Other}, {".dmg", Other},
}

// extension returns the extension that s ends with, in s's own spelling.
func extension(s string) (string, Kind, bool) {
	for _, e := range extensions {
		if n := len(s) - len(e.suffix); n > 0 && strings.EqualFold(s[n:], e.suffix) {
			return s[n:], e.kind, true
		}
	}
	return "", 0, false
}

// IsDistribution reports whether a URL's path (decoded) ends like the name of a
// distribution file, in whatever case.
func IsDistribution(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	_, _, ok := extension(name)
	return ok
}

// MetadataOf returns the path of the distribution file whose core metadata
// (PEP 658) a URL's path names, and whether it names any.
func MetadataOf(path string) (file string, ok bool) {
	file, ok = strings.CutSuffix(path, ".metadata")
	if !ok || !IsDistribution(file) {
		return "", false
	}
	return file, true
}

// Filename is the name of a distribution file, taken apart.
type Filename struct {
	// Name is the file name as it was given.
	Name string
	Kind Kind

	// Project is the normalised project name. Of files of kind Other it is empty
	// where the name does not tell, and Version may be the zero Version.
	Project string
	Version Version

	// Build is a wheel's build tag as it is written, without leading zeros:
	// "1" in foo-1.0-01-py3-none-any.whl. Empty where there is none.
	Build string

	tags string // a wheel's compressed tag set: "py2.py3-none-any"
	odd  bool   // only installers read the name as this release, not its format
}

// Tags returns a wheel's tag set, expanded (PEP 425), in lower case, sorted and
// without repetitions: "py2-none-any", "py3-none-any". It is nil for other kinds.
func (f Filename) Tags() []string {
	if f.Kind != Wheel {
		return nil
	}
	parts := f.tagSets()
	tags := make([]string, 0, len(parts[0])*len(parts[1])*len(parts[2]))
	for _, python := range parts[0] {
		for _, abi := range parts[1] {
			for _, platform := range parts[2] {
				tags = append(tags, python+"-"+abi+"-"+platform)
			}
		}
	}
	slices.Sort(tags)
	return tags
}

// tagSets returns the interpreters, ABIs and platforms of a wheel, each sorted
// and without repetitions. The tag set is the product of the three, so two tag
// sets are equal exactly if these are.
func (f Filename) tagSets() (sets [3][]string) {
	for i, part := range strings.SplitN(strings.ToLower(f.tags), "-", 3) {
		set := strings.Split(part, ".")
		slices.Sort(set)
		sets[i] = slices.Compact(set)
	}
	return sets
}

// SameDistribution reports whether two names stand for the same distribution in
// the way PyPI compares the subject of an attestation with a file: wheels by
// normalised project, version, build tag and tag set in any order; sdists by
// project and version whatever the extension; all others, and names that break
// their format's rules, by their whole name.
func (f Filename) SameDistribution(g Filename) bool {
	if f.Kind != g.Kind {
		return false
	}
	if f.odd || g.odd {
		return f.Name == g.Name
	}
	same := f.Project == g.Project && f.Version == g.Version
	switch f.Kind {
	case Wheel:
		a, b := f.tagSets(), g.tagSets()
		return same && f.Build == g.Build &&
			slices.Equal(a[0], b[0]) && slices.Equal(a[1], b[1]) && slices.Equal(a[2], b[2])
	case Sdist:
		return same
	}
	return f.Name == g.Name
}

// ParseFilename takes the name of a distribution file apart. The last hyphen of
// an sdist's name splits project and version, as PEP 625 has it; for older
// names see [ParseFilenameFor]. Names that break the rules, but that an installer
// takes for a release all the same, are read as that release ("foo- 1.0.tar.gz"
// as foo 1.0). It returns an [ErrFilename] for everything that is not the name of
// a distribution file.
func ParseFilename(s string) (Filename, error) { return parseFilename("", s) }

// ParseFilenameFor takes the name of a distribution file of a known project
// (normalised) apart, which tells project and version of legacy sdists such as
// foo-bar-1.0-beta.tar.gz. It returns an [ErrOtherProject] where the file is
// another project's. With an empty project it is [ParseFilename].
func ParseFilenameFor(project, filename string) (Filename, error) {
	f, err := parseFilename(project, filename)
	if err == nil && project != "" && f.Project != project {
		return Filename{}, fmt.Errorf("%q is not a file of %s: %w", filename, project, ErrOtherProject)
	}
	return f, err
}

func parseFilename(project, s string) (Filename, error) {
	if err := checkFilename(s); err != nil {
		return Filename{}, err
	}
	ext, kind, ok := extension(s)
	if !ok {
		return Filename{}, badFilename(s, "its extension is not a distribution's")
	}
	stem := s[:len(s)-len(ext)]
	var f Filename
	var err error
	switch {
	case kind == Wheel && ext != ".whl":
		return Filename{}, badFilename(s, "a wheel's extension is .whl in lower case")
	case kind == Wheel:
		f, err = parseWheel(project, s, stem, strictly)
	case kind == Sdist && strings.Contains(stem, "+") && interpreter.MatchString(stem):
		// To uv the interpreter belongs to the local version, to pip it does not.
		return Filename{}, badFilename(s, "its version is not the same to all installers")
	case kind == Sdist:
		f, err = parseSdist(project, s, stem)
	default:
		return parseLegacy(project, s, stem, kind), nil
	}
	if err != nil {
		if odd, ok := parseOdd(project, s, stem, kind); ok {
			return odd, nil
		}
	}
	return f, err
}

// checkFilename refuses what no file may be called, whatever its kind.
func checkFilename(s string) error {
	switch {
	case s == "":
		return badFilename(s, "it is empty")
	case len(s) > maxFilename:
		return badFilename(s[:maxName], fmt.Sprintf("it goes on to %d bytes", len(s)))
	case s == "." || s == "..":
		return badFilename(s, "it is a folder's")
	}
	ascii, i := true, 0
	for len(s)-i >= 8 && isCleanWord(load8(s[i:i+8])) {
		i += 8
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c < 0x20 || c == 0x7f:
			return badFilename(s, "it holds a control character")
		case c == '/' || c == '\\':
			return badFilename(s, "it holds a path separator")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if ascii {
		return nil
	}
	for _, r := range s {
		if r == utf8.RuneError || r < 0xa0 && r >= 0x80 {
			return badFilename(s, "it is not clean UTF-8")
		}
	}
	return nil
}

// isCleanWord reports whether 8 bytes are printable ASCII without path separators.
func isCleanWord(w uint64) bool {
	if (w|(w-' '*everyByte))&highBits != 0 {
		return false
	}
	return zeroBytes(w^'/'*everyByte)|zeroBytes(w^'\\'*everyByte)|zeroBytes(w^0x7f*everyByte) == 0
}

func badFilename(s, why string) error {
	return fmt.Errorf("%q: %s: %w", s, why, ErrFilename)
}

// How a wheel's name is read.
const (
	strictly = false // by PEP 427
	loosely  = true  // as the least strict of the installers does
)

// parseWheel takes NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM apart (PEP 427).
func parseWheel(project, s, stem string, loose bool) (Filename, error) {
	hyphens := strings.Count(stem, "-")
	if hyphens != 4 && hyphens != 5 {
		return Filename{}, badFilename(s, "a wheel's name has five or six parts")
	}
	name, rest, _ := strings.Cut(stem, "-")
	version, tags, _ := strings.Cut(rest, "-")
	f := Filename{Name: s, Kind: Wheel, tags: tags}
	if hyphens == 5 {
		build, after, _ := strings.Cut(tags, "-")
		if !beginsWithDigit(build, loose) {
			return Filename{}, badFilename(s, "its build tag does not begin with a digit")
		}
		f.Build, f.tags = trimBuild(build), after
	}
	if strings.Contains(name, "__") && !loose {
		return Filename{}, badFilename(s, "its project name is not escaped as a wheel's")
	}
	if f.Project = sameName(project, name); f.Project == "" {
		normal, err := NormalizeName(name)
		if err != nil {
			return Filename{}, badFilename(s, "its project name is not valid")
		}
		f.Project = normal
	}
	v, ok := parseVersion(version)
	if !ok && loose {
		v, ok = parseVersion(strings.ReplaceAll(version, "_", "-"))
	}
	if !ok {
		return Filename{}, badFilename(s, "its version is not valid")
	}
	f.Version = v
	if !loose && !validTags(f.tags) {
		return Filename{}, badFilename(s, "its tags are not valid")
	}
	return f, nil
}

// beginsWithDigit reports whether a build tag begins with a digit: an ASCII one,
// or loosely any that Unicode has, as old pips take it.
func beginsWithDigit(build string, loose bool) bool {
	first, _ := utf8.DecodeRuneInString(build)
	return '0' <= first && first <= '9' || loose && unicode.IsDigit(first)
}

// trimBuild drops the leading zeros of a build tag's number.
func trimBuild(s string) string {
	for len(s) > 1 && s[0] == '0' && isDigit(s[1]) {
		s = s[1:]
	}
	return s
}

// validTags reports whether a compressed tag set has three components, each of
// non-empty parts made of letters, digits and underscores; the interpreter's
// part does not begin with a digit.
func validTags(s string) bool {
	component, empty := 0, true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '-' || c == '.':
			if empty {
				return false
			}
			empty = true
			if c == '-' {
				component++
			}
		case isAlnum(c) || c == '_':
			if empty && component == 0 && isDigit(c) {
				return false
			}
			empty = false
		default:
			return false
		}
	}
	return component == 2 && !empty
}

// parseSdist takes NAME-VERSION apart.
func parseSdist(project, s, stem string) (Filename, error) {
	f := Filename{Name: s, Kind: Sdist}
	rest, ours := cutProject(project, stem)
	if ours {
		if v, ok := parseVersion(rest); ok {
			f.Project, f.Version = project, v
			return f, nil
		}
	}
	i := strings.LastIndexByte(stem, '-')
	if i < 0 {
		return Filename{}, badFilename(s, "an sdist's name has a hyphen before its version")
	}
	name, nameErr := NormalizeName(stem[:i])
	v, ok := parseVersion(stem[i+1:])
	switch {
	case nameErr == nil && ok:
		f.Project, f.Version = name, v
		return f, nil
	case project != "" && !ours:
		return Filename{}, fmt.Errorf("%q is not a file of %s: %w", s, project, ErrOtherProject)
	case nameErr != nil:
		return Filename{}, badFilename(s, "its project name is not valid")
	}
	return Filename{}, badFilename(s, "its version is not valid")
}

// parseLegacy takes NAME-VERSION with whatever follows apart, as far as it goes.
// Eggs read NAME-VERSION-PYTHON[-PLATFORM], Windows installers
// NAME-VERSION.PLATFORM[-PYTHON], the others as their platform has it.
func parseLegacy(project, s, stem string, kind Kind) Filename {
	f := Filename{Name: s, Kind: kind}
	rest, ours := cutProject(project, stem)
	if ours {
		f.Project = project
	} else {
		name, after, _ := strings.Cut(stem, "-")
		normal, err := NormalizeName(name)
		if err != nil {
			return f
		}
		f.Project, rest = normal, after
	}
	version, _, _ := strings.Cut(rest, "-")
	if kind == Other {
		for _, platform := range []string{".win", ".linux", ".macosx"} {
			version, _, _ = strings.Cut(version, platform)
		}
	}
	if v, ok := parseVersion(version); ok {
		f.Version = v
	}
	return f
}

// cutProject returns what follows "NAME-" where NAME normalises to project.
func cutProject(project, stem string) (rest string, ok bool) {
	if project == "" {
		return "", false
	}
	for i := 0; i < len(stem); i++ {
		if stem[i] == '-' && sameName(project, stem[:i]) != "" {
			return stem[i+1:], true
		}
	}
	return "", false
}

// sameName returns project where name normalises to it, else "". It allocates
// nothing.
func sameName(project, name string) string {
	i := 0
	for j := 0; j < len(name); j++ {
		c := name[j]
		if isSeparator(c) {
			if j > 0 && isSeparator(name[j-1]) {
				continue
			}
			c = '-'
		} else if isUpper(c) {
			c += 'a' - 'A'
		}
		if i == len(project) || project[i] != c {
			return ""
		}
		i++
	}
	if i != len(project) || i == 0 || isSeparator(name[len(name)-1]) {
		return ""
	}
	return project
}
