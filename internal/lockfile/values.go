package lockfile

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/pypi"
)

var (
	algorithmName = regexp.MustCompile(`^[a-z][a-z0-9_-]{1,19}$`)
	hexadecimal   = regexp.MustCompile(`^[0-9a-fA-F]+$`)
	knownNames    = []string{"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}
)

// parseHash reads a hash: as a digest that may decide, or else as weak.
func parseHash(algorithm, value string) (d assay.Digest, weak string, err error) {
	switch {
	case !algorithmName.MatchString(algorithm):
		return d, "", problem("%s is not the name of a hash algorithm", quoted(algorithm))
	case slices.Contains(knownNames, algorithm):
		if d, err = assay.NewDigest(algorithm, value); err != nil {
			return d, "", err
		}
		if d.Strong() {
			return d, "", nil
		}
		return assay.Digest{}, d.String(), nil
	case len(value) > maxDigits || !hexadecimal.MatchString(value):
		return d, "", problem("the %s hash %s is not hexadecimal", algorithm, quoted(value))
	}
	return d, algorithm + ":" + strings.ToLower(value), nil
}

// splitHash reads "algorithm:value".
func splitHash(s string) (assay.Digest, string, error) {
	algorithm, value, ok := strings.Cut(s, ":")
	if !ok {
		return assay.Digest{}, "", problem("the hash %s is not of the form algorithm:value", quoted(s))
	}
	return parseHash(algorithm, value)
}

// put adds a hash to a file.
func (f *File) put(d assay.Digest, weak string) error {
	if weak != "" {
		if !slices.Contains(f.Weak, weak) {
			f.Weak = append(f.Weak, weak)
			slices.Sort(f.Weak)
		}
		return nil
	}
	for _, have := range f.Digests {
		if have.Algorithm == d.Algorithm {
			if have != d {
				return problem("%s has two %s digests that differ", quoted(f.Name), d.Algorithm)
			}
			return nil
		}
	}
	f.Digests = append(f.Digests, d)
	slices.SortFunc(f.Digests, func(a, b assay.Digest) int { return strings.Compare(a.Algorithm, b.Algorithm) })
	return nil
}

// sortedExtras returns names of extras, normalised and sorted.
func sortedExtras(names []string) ([]string, error) {
	if len(names) > maxExtras {
		return nil, problem("more than %d extras", maxExtras)
	}
	var out []string
	for _, n := range names {
		normal, err := pypi.NormalizeName(strings.TrimSpace(n))
		if err != nil {
			return nil, problem("%s is not the name of an extra", quoted(n))
		}
		out = append(out, normal)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

var (
	errURL  = errors.New("the URL cannot be read without doubt")
	scpLike = regexp.MustCompile(`^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^/\\].*$`)
	named   = regexp.MustCompile(`(?i)^(?:[a-z]+\+)?(?:ssh|sftp|git)$`) // schemes whose user is no secret
)

// cleanURL returns a URL without its credentials, and its fragment apart. What went in
// is never part of an error: it may hold a password.
func cleanURL(s string) (clean, fragment string, secret bool, err error) {
	if len(s) > maxText || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f || c == '\ufffd' }) {
		return "", "", false, errURL
	}
	s, fragment, _ = strings.Cut(s, "#")
	if !strings.Contains(s, "://") {
		if scpLike.MatchString(s) {
			return s, fragment, false, nil // git@host:path: the user is no secret
		}
		return "", "", false, errURL
	}
	scheme, rest, _ := strings.Cut(s, "://")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		end = i
	}
	authority, tail := rest[:end], rest[end:]
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, password, has := strings.Cut(authority[:i], ":")
		host := authority[i+1:]
		secret = !named.MatchString(scheme) || strings.Contains(user, "$") || has && password != ""
		if authority = host; named.MatchString(scheme) && !strings.Contains(user, "$") {
			authority = user + "@" + host
		}
	}
	clean = scheme + "://" + authority + tail
	u, err := url.Parse(clean)
	if err != nil || u.Scheme == "" || u.Host == "" && !strings.HasSuffix(strings.ToLower(u.Scheme), "file") {
		return "", "", false, errURL
	}
	return clean, fragment, secret, nil
}

// lastPart returns the file name that a URL or path ends in, decoded.
func lastPart(where string, isURL bool) string {
	if isURL {
		u, err := url.Parse(where)
		if err != nil {
			return ""
		}
		where = u.Path
	}
	name := path.Base(strings.ReplaceAll(where, `\`, "/"))
	if name == "." || name == "/" {
		return ""
	}
	return name
}

// validFilename reports whether a name may be that of a file in a folder.
func validFilename(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= 512 && !strings.ContainsAny(name, "/\\") && !hasControls(name)
}

func hasControls(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool {
		return c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c == '\ufffd'
	})
}

// parseTime reads a date with its time and its zone (RFC 3339).
func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, strings.Replace(s, " ", "T", 1))
	return t.UTC(), err == nil
}

// fileVersion is the version in the name of a project's wheel or sdist, else empty.
func fileVersion(project, filename string) string {
	f, err := pypi.ParseFilenameFor(project, filename)
	if err != nil || f.Kind == pypi.Other {
		return ""
	}
	return f.Version.String()
}
