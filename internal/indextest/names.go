package indextest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var separators = regexp.MustCompile(`[-_.]+`)

// normalise is PEP 503's form of a project's name.
func normalise(name string) string {
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}

// kind is how a distribution file is packed.
type kind int

const (
	wheel kind = iota
	sdist
	otherKind
)

// splitFilename takes a distribution file's name apart: the project as it is
// written there, the version and the kind. It is the naming of the wheel and
// sdist specifications, without their finer points: a test may want names that
// break them.
func splitFilename(filename string) (project, version string, k kind, err error) {
	if stem, ok := strings.CutSuffix(filename, ".whl"); ok {
		parts := strings.Split(stem, "-")
		if len(parts) < 5 || len(parts) > 6 || slices.Contains(parts, "") {
			return "", "", wheel, fmt.Errorf("%s: not a wheel's file name", filename)
		}
		return parts[0], parts[1], wheel, nil
	}
	k = sdist
	stem, ok := strings.CutSuffix(filename, ".tar.gz")
	if !ok {
		stem, k = strings.TrimSuffix(filename, ".zip"), otherKind
	}
	i := strings.LastIndex(stem, "-")
	if i <= 0 || i == len(stem)-1 {
		return "", "", k, fmt.Errorf("%s: not a distribution's file name", filename)
	}
	return stem[:i], stem[i+1:], k, nil
}
