package pypi

import (
	"errors"

	"net/netip"
	"net/url"
	"strings"
)

// Why a link is refused. The texts complete "the URL of FILE …".
var (
	errURL       = errors.New("is not valid")
	errURLLong   = errors.New("is too long")
	errURLScheme = errors.New("is not an http or https URL")
	errURLDots   = errors.New("hides dot segments")
	errURLEgg    = errors.New("has an egg fragment, by which installers rename what it leads to")

	errProvenance = errors.New("a provenance URL is not an absolute https URL")
)

// link is where a file lies.
type link struct {
	url      string // absolute, without credentials and fragment
	fragment string // as it was written, without "#"
	plain    bool   // the URL holds nothing escaped, and no query
}

// names reports whether the URL's last path segment, decoded, is the file name.
func (l link) names(filename string) bool {
	if l.plain {
		dir, ok := strings.CutSuffix(l.url, filename)
		return ok && strings.HasSuffix(dir, "/")
	}
	name, err := l.filename()
	return err == nil && name == filename
}

// filename returns the URL's last path segment, decoded.
func (l link) filename() (string, error) {
	path, _, _ := strings.Cut(l.url, "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	if strings.IndexByte(name, '%') < 0 {
		return name, nil
	}
	return url.PathUnescape(name)
}

// hidesFile reports whether the URL's path names a distribution file but for
// slashes at its end, escaped or not. They do not count for pip.
func (l link) hidesFile() bool {
	path, _, _ := strings.Cut(l.url, "?")
	path, err := url.PathUnescape(path)
	file := strings.TrimRight(path, "/")
	return err == nil && file != path && IsDistribution(file)
}

// links resolves the links of one page.
type links struct {
	base *url.URL

	// origin is the scheme and host of the last link, in normal form: most links
	// of a page share it, and then need not be taken apart. provenanceOrigin is the
	// same of provenance URLs.
	origin, provenanceOrigin string
}

// resolve makes a reference absolute. Credentials in it are dropped: they are
// the installer's business and belong into no report.
func (l *links) resolve(ref string) (link, error) {
	if len(ref) > maxURL {
		return link{}, errURLLong
	}
	if namesEgg(ref) {
		return link{}, errURLEgg
	}
	ref, fragment, _ := strings.Cut(ref, "#")
	if l.origin != "" && strings.HasPrefix(ref, l.origin) && isPlainPath(ref[len(l.origin):]) {
		return link{url: ref, fragment: fragment, plain: true}, nil
	}
	u, err := l.absolute(ref)
	if err != nil {
		return link{}, err
	}
	l.origin = u.Scheme + "://" + u.Host
	return link{url: u.String(), fragment: fragment}, nil
}

// namesEgg reports whether a reference says "#egg=NAME-VERSION". pip takes such a
// link for that release, whatever the link's own name is, and looks for it behind
// a query's "&" as well. A name alone is no release.
func namesEgg(ref string) bool {
	for {
		before, egg, ok := strings.Cut(ref, "egg=")
		if !ok {
			return false
		}
		value, _, _ := strings.Cut(egg, "&")
		if before != "" && strings.IndexByte("#&", before[len(before)-1]) >= 0 && strings.Contains(value, "-") {
			return true
		}
		ref = egg
	}
}

// absolute resolves a reference without fragment the long way and brings it into
// normal form.
func (l *links) absolute(ref string) (*url.URL, error) {
	if strings.IndexByte(ref, '\\') >= 0 {
		return nil, errURL
	}
	u, err := url.Parse(ref)
	if err != nil {
		return nil, errURL
	}
	base := l.base
	if base == nil {
		base = &url.URL{}
	}
	u = base.ResolveReference(u)
	if u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || u.Host == "" || u.Hostname() == "" {
		return nil, errURLScheme
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return nil, errURLDots
		}
	}
	u.User = nil
	u.Host = strings.ToLower(u.Host)
	if port := u.Port(); port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u, nil
}

// isPlainPath reports whether s is a URL's path that is in normal form already:
// nothing escaped or to be escaped, no dot segments, no query and no fragment.
func isPlainPath(s string) bool {
	if s == "" || s[0] != '/' {
		return false
	}
	slash := uint64(0) // the byte before the next word is one: in the lowest byte's high bit
	for ; len(s) >= 8; s = s[8:] {
		w := load8(s)
		slashes, dots := zeroBytes(w^'/'*everyByte), zeroBytes(w^'.'*everyByte)
		if !isPlainWord(w) && !isPlainBytes(s[:8]) || dots&(slashes<<8|slash) != 0 {
			return false
		}
		slash = slashes >> 56
	}
	return isPlainBytes(s) && !strings.Contains(s, "/.") && (slash == 0 || s == "" || s[0] != '.')
}

// zeroBytes returns a word with the high bit of each byte set that is zero in w,
// whose bytes are ASCII.
func zeroBytes(w uint64) uint64 { return (highBits - w) & highBits }

// isPlainWord reports whether 8 bytes are ASCII letters, digits, "-", ".", "/"
// or "_".
func isPlainWord(w uint64) bool {
	if w&highBits != 0 {
		return false
	}
	low := w | 0x20*everyByte // upper case becomes lower case
	number := ((w | highBits) - '-'*everyByte) &^ (w + (0x7f-'9')*everyByte)
	letter := ((low | highBits) - 'a'*everyByte) &^ (low + (0x7f-'z')*everyByte)
	return (number|letter|zeroBytes(w^'_'*everyByte))&highBits == highBits
}

func isPlainBytes(s string) bool {
	for i := 0; i < len(s); i++ {
		if !plainPath[s[i]] {
			return false
		}
	}
	return true
}

// plainPath are the characters that a path holds as they are.
var plainPath = func() (table [256]bool) {
	for c := range table {
		table[c] = c < 0x80 && (isAlnum(byte(c)) || strings.IndexByte("/-._~+", byte(c)) >= 0)
	}
	return table
}()

// provenance checks a provenance URL and brings it into normal form. PEP 740
// asks for a fully qualified URL of a secure origin; a page that came without
// encryption itself cannot do better, and a loopback needs none.
func (l *links) provenance(ref *string) error {
	if l.provenanceOrigin != "" && len(*ref) <= maxURL && strings.HasPrefix(*ref, l.provenanceOrigin) && isPlainPath((*ref)[len(l.provenanceOrigin):]) {
		return nil
	}
	u, err := url.Parse(*ref)
	if err != nil || !u.IsAbs() || u.Fragment != "" || len(*ref) > maxURL {
		return errProvenance
	}
	u, err = l.absolute(*ref)
	if err != nil {
		return errProvenance
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) && (l.base == nil || l.base.Scheme != "http") {
		return errProvenance
	}
	l.provenanceOrigin = u.Scheme + "://" + u.Host
	*ref = u.String()
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
