package pypi

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// parseOdd reads a name that breaks its format's rules as the installers do that
// take it all the same. To them each of these is a file of foo-bar 2.0:
//
//	foo_bar- 2.0.tar.gz                  white space (uv: ASCII, pip: Unicode)
//	foo__bar-2.0-py3-none-any.whl        a name that is not escaped (uv)
//	foo_bar-2.0-py3.?-none-any.whl       a tag that is none beside one that is (uv, old pip)
//	foo_bar-2.0_0-py3-none-any.whl       "_" for "-": 2.0.post0 (old pip)
//	foo%5Fbar-2.0-py3-none-any.whl       escaped twice in its URL (old pip)
//	foo_bar-2.0-py3.9.tar.gz             an interpreter behind the version (pip)
//	\u212aeras-2.0.tar.gz                 the Kelvin sign is a k (pip): keras 2.0
//
// A file that is refused would else be offered again under such a name. What no
// installer takes may be read here too: it only makes a release larger.
func parseOdd(project, s, stem string, kind Kind) (Filename, bool) {
	if kind == Sdist {
		f, err := parseSdist(project, s, plainStem(interpreter.ReplaceAllString(stem, "")))
		f.odd = true
		return f, err == nil
	}
	f, err := parseWheel(project, s, plainStem(stem), loosely)
	if err != nil {
		decoded, bad := url.PathUnescape(stem)
		if bad != nil || checkFilename(decoded) != nil {
			return Filename{}, false
		}
		f, err = parseWheel(project, s, plainStem(decoded), loosely)
	}
	f.odd = true
	return f, err == nil
}

// interpreter is what pip, run by that interpreter, cuts off an sdist's version.
var interpreter = regexp.MustCompile(`-py[123]\.?[0-9]?$`)

// plainStem drops the white space around the parts of a name, and replaces the
// one character beyond ASCII whose lower case is in ASCII.
func plainStem(stem string) string {
	parts := strings.Split(strings.ReplaceAll(stem, "\u212a", "k"), "-")
	for i := range parts {
		parts[i] = strings.TrimFunc(parts[i], unicode.IsSpace)
	}
	return strings.Join(parts, "-")
}
