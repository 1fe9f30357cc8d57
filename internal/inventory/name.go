package inventory

import (
	"bytes"
	"strings"

	"assay/internal/pypi"
)

// parseName takes a distribution's folder name apart: "zope_interface-7.2.dist-info"
// ("Recording installed projects"), "old-1.0-py3.12-linux-x86_64.egg-info",
// "mine.egg-link". It returns "" for what the name does not tell without doubt.
func parseName(name string) (project, version string) {
	dot := strings.LastIndexByte(name, '.')
	if len(name) > maxName || dot < 0 {
		return "", ""
	}
	project, version, _ = strings.Cut(name[:dot], "-")
	if !strings.HasSuffix(name, ".dist-info") {
		version, _, _ = strings.Cut(version, "-")
	}
	return checked(project, version)
}

// parseMetadata reads Name and Version from the headers of a METADATA or
// PKG-INFO ("Core metadata specifications"). Of a field that is there twice
// the first counts, as it does for Python.
func parseMetadata(text []byte) (project, version string) {
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break // what follows is the description
		}
		key, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue // a line that continues the one before may have a colon: its key begins with a blank
		}
		v := string(bytes.TrimSpace(value))
		switch strings.ToLower(string(key)) {
		case "name":
			if project == "" {
				project = v
			}
		case "version":
			if version == "" {
				version = v
			}
		}
	}
	return checked(project, version)
}

// checked returns a project's name in normal form and a version as it is
// spelled; "" for what is neither.
func checked(project, version string) (string, string) {
	normal, err := pypi.NormalizeName(project)
	if err != nil {
		normal = ""
	}
	if _, err := pypi.ParseVersion(version); err != nil {
		version = ""
	}
	return normal, version
}
