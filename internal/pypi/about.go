package pypi

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"assay"
)

// projectFields are the keys of pyproject.toml's [project] (PEP 621) by the fields
// that they become. What they say holds for every build unless "dynamic" names them.
var projectFields = map[string]string{
	"name": "name", "version": "version", "requires-python": "requires-python", "dependencies": "requires-dist",
	"optional-dependencies": "provides-extra",
}

// ParseProject reads the [project] table of a pyproject.toml (PEP 621):
//
//	[project]
//	name = "demo"
//	dynamic = ["version"]
//	dependencies = ["dep>=1"]
//	optional-dependencies = { more = ["other"] }
//
// The error says why there is no such table, or that it cannot be read.
func ParseProject(data []byte) (*Metadata, error) {
	switch {
	case len(data) > maxPyproject:
		return nil, fmt.Errorf("pyproject.toml has more than %d bytes", maxPyproject)
	case bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) > maxBrackets:
		return nil, errors.New("pyproject.toml nests too deep")
	}
	var file struct {
		Project *struct {
			Name           string              `toml:"name"`
			Version        string              `toml:"version"`
			Description    string              `toml:"description"`
			RequiresPython string              `toml:"requires-python"`
			License        any                 `toml:"license"`
			Authors        []map[string]string `toml:"authors"`
			Dependencies   []string            `toml:"dependencies"`
			Optional       map[string][]string `toml:"optional-dependencies"`
			Dynamic        []string            `toml:"dynamic"`
		} `toml:"project"`
	}
	if err := toml.Unmarshal(data, &file); err != nil {
		return nil, errors.New("pyproject.toml cannot be read")
	}
	p := file.Project
	if p == nil {
		return nil, errors.New("pyproject.toml has no table [project]")
	}
	m := &Metadata{Name: p.Name, Version: p.Version, RequiresPython: p.RequiresPython, Summary: p.Description,
		RequiresDist: p.Dependencies, ProvidesExtra: slices.Sorted(maps.Keys(p.Optional))}
	for _, extra := range m.ProvidesExtra {
		for _, dep := range p.Optional[extra] {
			m.RequiresDist = append(m.RequiresDist, ofExtra(dep, extra))
		}
	}
	for _, key := range p.Dynamic {
		if field, ok := projectFields[key]; ok {
			m.Dynamic = append(m.Dynamic, field)
		}
	}
	m.License, _ = p.License.(string)
	if len(p.Authors) > 0 {
		m.Author = firstKnown(p.Authors[0]["name"], p.Authors[0]["email"])
		m.Addresses = p.Authors[0]["email"]
	}
	return m, nil
}

// ofExtra writes a dependency that an extra has as Requires-Dist does.
func ofExtra(dep, extra string) string {
	what, marker, ok := strings.Cut(dep, ";")
	if ok {
		return fmt.Sprintf("%s; (%s) and extra == '%s'", what, strings.TrimSpace(marker), extra)
	}
	return fmt.Sprintf("%s; extra == '%s'", dep, extra)
}

// static reports whether the table says everything that installers decide by.
func (m *Metadata) static() bool {
	return m.Name != "" && m.Version != "" && len(m.Dynamic) == 0
}

// About reads what a distribution file says of itself. Of an sdist, PKG-INFO serves
// where it speaks for every build, else a static [project] table, else PKG-INFO with
// the reason why a build is needed. Neither serves where files lie beside the folder
// that they are in. Without readable metadata there is a
// [*MetadataError], or nil for an sdist whose PKG-INFO no installer would believe:
// old ones break every rule, and are built in any case.
func About(in *assay.Inside) (*assay.About, error) {
	m, err := ParseMetadata(in.Metadata)
	if in.Format != "sdist" {
		if err != nil {
			return nil, err
		}
		return m.about(""), nil
	}
	var bad *MetadataError
	why := ""
	switch {
	case in.Metadata == nil:
		why = "it has no PKG-INFO"
	case errors.As(err, &bad) && isStaticFormat(bad.FormatVersion):
		return nil, err
	case errors.As(err, &bad):
		why = "its PKG-INFO cannot be read, " + bad.Why
	case in.Scattered:
		why = "files lie beside its top folder, so that what is built is not what this PKG-INFO is about"
	default:
		why = m.Build()
	}
	if why == "" {
		return m.about(""), nil
	}
	if p, err := ParseProject(in.Pyproject); err == nil && p.static() && !in.Scattered {
		return p.about(""), nil
	}
	if m == nil {
		m = &Metadata{}
	}
	return m.about(why), nil
}

// Otherwise says what a distribution calls itself where that is not a release's
// normalised name (PEP 503) or not its version (PEP 440): `the project "other"`. It is
// empty where both are the release's. An empty project or version is not compared,
// and what is not valid at all only counts where an installer believes it.
func Otherwise(name, version, project, release string, believed bool) string {
	if project != "" {
		normal, err := NormalizeName(name)
		if err == nil && normal != project || err != nil && believed {
			return "the project " + quoted(name)
		}
	}
	want, err := ParseVersion(release)
	if err != nil {
		return ""
	}
	got, err := ParseVersion(version)
	if err == nil && got.Canonical() != want.Canonical() || err != nil && believed {
		return "the version " + quoted(version)
	}
	return ""
}

// about copies everything, so that what is kept of a file is not its description too.
func (m *Metadata) about(build string) *assay.About {
	return &assay.About{Name: strings.Clone(m.Name), Version: strings.Clone(m.Version), RequiresPython: strings.Clone(m.RequiresPython),
		Dependencies: copied(m.RequiresDist), Extras: copied(m.ProvidesExtra),
		Summary: fact(m.Summary), License: fact(m.License), Author: fact(m.Author), Addresses: fact(m.Addresses), Build: build}
}

func copied(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, strings.Clone(s))
	}
	return out
}

// fact returns the first line of a value, cut to what can be shown.
func fact(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	s = strings.TrimSpace(s)
	if len(s) > maxFact {
		s = strings.ToValidUTF8(s[:maxFact], "") + "…"
	}
	return strings.Clone(s)
}
