package installer

import (
	"fmt"
	"os"
	"strings"
)

// pdmTable is tool.pdm of a pyproject.toml.
type pdmTable struct {
	Source []pdmSource `toml:"source"`
}

// pdmSource is one [[tool.pdm.source]].
type pdmSource struct {
	Name string `toml:"name"`
	URL  string `toml:"url"`
	Type string `toml:"type"` // index or find_links
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
