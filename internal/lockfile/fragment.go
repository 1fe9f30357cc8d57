package lockfile

import (
	"slices"
	"strings"

	"net/url"

	"assay"
)

// fragmentValue returns the value of a key behind "#" in a URL: "egg" in
// "#egg=demo&subdirectory=lib".
func fragmentValue(fragment, key string) string {
	for _, part := range strings.Split(fragment, "&") {
		if k, v, _ := strings.Cut(part, "="); k == key {
			if plain, err := url.PathUnescape(v); err == nil {
				return plain
			}
			return v
		}
	}
	return ""
}

// fragmentHash returns the hash behind "#" in a URL, and whether there is one.
func fragmentHash(fragment string) (d assay.Digest, weak string, ok bool, err error) {
	for _, part := range strings.Split(fragment, "&") {
		if k, v, _ := strings.Cut(part, "="); slices.Contains(knownNames, k) {
			d, weak, err = parseHash(k, v)
			return d, weak, err == nil, err
		}
	}
	return d, "", false, nil
}
