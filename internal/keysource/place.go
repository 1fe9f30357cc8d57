package keysource

import (
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"assay/internal/openpgp"
	"assay/internal/pypi"
)

// isURL reports whether a place is a URL and not a path of this computer.
func isURL(place string) bool {
	lower := strings.ToLower(place)
	return strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://")
}

// shownPlace renders a place for a message: a URL without its query, which may be secret.
func shownPlace(place string) string {
	if plain, query, _ := strings.Cut(place, "?"); isURL(place) && query != "" {
		place = plain + "?…"
	}
	return openpgp.Printable(place)
}

// parts takes a place apart into the folder and the name in it. A URL's query stays where
// it is: forges want it for what lies beside as well.
func parts(place string) (folder, name string) {
	plain, query, _ := strings.Cut(place, "?")
	if !isURL(place) {
		plain, query = place, ""
		return filepath.Dir(plain), filepath.Base(plain)
	}
	at := strings.LastIndex(plain, "/") + 1
	if query != "" {
		query = "?" + query
	}
	return plain[:at] + query, plain[at:]
}

// relative says whether a path from outside leads to below where it starts, and holds
// nothing that a URL or a file system takes otherwise.
var relative = regexp.MustCompile(`^[A-Za-z0-9+_~][A-Za-z0-9+._~:-]*(/[A-Za-z0-9+_~][A-Za-z0-9+._~:-]*)*$`)

// below joins a folder and a relative path with "/".
func below(folder, rel string) string {
	if !isURL(folder) {
		return filepath.Join(folder, filepath.FromSlash(rel))
	}
	plain, query, found := strings.Cut(folder, "?")
	escaped := strings.ReplaceAll((&url.URL{Path: path.Clean("/" + rel)}).EscapedPath(), "+", "%2B")
	out := strings.TrimSuffix(plain, "/") + escaped
	if found {
		out += "?" + query
	}
	return out
}

// pypiProject returns the project of the Python Package Index that a URL is about: its
// page, its old place of files, or Debian's redirector. The registry's hosts are known to
// internal/index alone; here a host counts that has "pypi" or "pythonhosted" as a label.
func pypiProject(text string) (string, bool) {
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		return "", false
	}
	host, path, _ := strings.Cut(rest, "/")
	indexed := false
	for _, label := range strings.Split(strings.ToLower(host), ".") {
		indexed = indexed || label == "pypi" || label == "pythonhosted"
	}
	if !indexed {
		return "", false
	}
	segments := strings.Split(path, "/")
	name := ""
	switch {
	case len(segments) > 3 && segments[0] == "packages" && segments[1] == "source":
		name = segments[3]
	case len(segments) > 1 && (segments[0] == "project" || segments[0] == "simple" || segments[0] == "pypi"):
		name = segments[1]
	case strings.HasPrefix(strings.ToLower(host), "pypi.debian."):
		name = segments[0]
	}
	normal, err := pypi.NormalizeName(name)
	return normal, err == nil
}
