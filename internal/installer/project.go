package installer

import (
	"fmt"
	"os"
	"strings"
)

// source is one [[tool.poetry.source]] or [[tool.pdm.source]].
type source struct {
	Name     string `toml:"name"`
	URL      string `toml:"url"`
	Priority string `toml:"priority"` // Poetry: primary, supplemental, explicit (and default, secondary)
	Default  bool   `toml:"default"`  // Poetry before 1.5
	Type     string `toml:"type"`     // PDM: index or find_links
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

// pdm reads PDM's sources. PyPI, or what PDM_PYPI_URL says, is the main index
// unless a source is called pypi.
func (r *reader) pdm() error {
	p, dir, err := r.project()
	if err != nil {
		return err
	}
	if p != nil && p.Tool.PDM != nil {
		for n, s := range p.Tool.PDM.Source {
			origin := fmt.Sprintf("source %d in %s", n+1, dir+string(os.PathSeparator)+"pyproject.toml")
			url := expand(s.URL, r.env)
			switch {
			case s.Type == "find_links":
				err = r.addLink(url, origin)
			case s.Name == "pypi":
				err = r.addMain(s.Name, url, origin)
			default:
				err = r.add(s.Name, url, origin, true)
			}
			if err != nil {
				return err
			}
		}
	}
	if v := r.env.Get("PDM_PYPI_URL"); v != "" && !r.hasMain {
		return r.addMain("pypi", v, "PDM_PYPI_URL")
	}
	return nil
}

// expand replaces ${NAME} by the variable's value, as PDM does in URLs.
func expand(s string, env Environ) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			out.WriteString(s)
			return out.String()
		}
		out.WriteString(before)
		out.WriteString(env.Get(name))
		s = after
	}
}
