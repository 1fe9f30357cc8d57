package pep740

import (
	"assay"
	"assay/internal/pypi"
)

// sameFile reports whether a subject's name is the file's. Python file names are
// compared as what they mean, since indexes, build tools and publishers spell
// one file in several ways; any others must be the same letters.
func sameFile(a assay.Artifact, subject string) bool {
	if subject == a.Filename {
		return true
	}
	if a.Ecosystem != assay.PyPI {
		return false
	}
	named, err := pypi.ParseFilenameFor(a.Project, subject)
	if err != nil {
		return false
	}
	file, err := pypi.ParseFilenameFor(a.Project, a.Filename)
	return err == nil && named.SameDistribution(file)
}
