package installer

import (
	"fmt"
	"os"
	"strings"
)

// poetryTable is tool.poetry of a pyproject.toml.
type poetryTable struct {
	Source []poetrySource `toml:"source"`
}

// poetrySource is one [[tool.poetry.source]].
type poetrySource struct {
	Name     string `toml:"name"`
	URL      string `toml:"url"`
	Priority string `toml:"priority"` // primary, supplemental, explicit (and default, secondary)
	Default  bool   `toml:"default"`  // before 1.5
}

// project finds the nearest pyproject.toml.
func (r *reader) project() (*pyproject, string, error) {
	var found *pyproject
	var at string
	err := upward(r.cwd, func(dir string) (bool, error) {
		p, err := r.pyproject(dir)
		found, at = p, dir
		return p != nil, err
	})
	return found, at, err
}

// poetry reads Poetry's sources. PyPI is the main index unless a source takes
// its place.
func (r *reader) poetry() error {
	p, dir, err := r.project()
	if err != nil || p == nil || p.Tool.Poetry == nil {
		return err
	}
	for n, s := range p.Tool.Poetry.Source {
		origin := fmt.Sprintf("source %d in %s", n+1, dir+string(os.PathSeparator)+"pyproject.toml")
		if s.URL == "" && strings.EqualFold(s.Name, "pypi") {
			continue // Poetry knows where it is, and so does the default
		}
		main := s.Default || s.Priority == "default" || s.Priority == "primary" || s.Priority == ""
		r.hasMain = r.hasMain || main
		if err := r.add(s.Name, s.URL, origin, !main); err != nil {
			return err
		}
	}
	for _, s := range p.Tool.Poetry.Source {
		if s.URL == "" && strings.EqualFold(s.Name, "pypi") {
			r.hasMain = false // named beside the others: it stays
		}
	}
	return nil
}
