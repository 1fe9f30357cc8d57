package installer

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"assay/internal/requirements"
)

// poetryTable is tool.poetry of a pyproject.toml.
type poetryTable struct {
	Source          []poetrySource         `toml:"source"`
	Dependencies    map[string]any         `toml:"dependencies"`
	DevDependencies map[string]any         `toml:"dev-dependencies"` // before 1.2
	Group           map[string]poetryGroup `toml:"group"`
}

type poetryGroup struct {
	Dependencies map[string]any `toml:"dependencies"`
}

// poetrySource is one [[tool.poetry.source]].
type poetrySource struct {
	Name     string `toml:"name"`
	URL      string `toml:"url"`
	Priority string `toml:"priority"` // primary, supplemental, explicit (and default, secondary)
	Default  bool   `toml:"default"`  // before 1.5
}

// isMain reports whether the source is asked for every project, and so PyPI is not
// unless it is named as well.
func (s poetrySource) isMain() bool {
	switch strings.ToLower(s.Priority) {
	case "", "default", "primary":
		return true
	}
	return s.Default
}

func (s poetrySource) isPyPI() bool { return strings.EqualFold(s.Name, "pypi") }

// poetryOptions are the options that tell where the project is. The rest follows
// poetryGrammar.
var poetryOptions = grammar{
	valued: map[string]string{"--directory": "directory", "--project": "project"},
	short:  map[byte]string{'C': "directory", 'P': "project"},
}

// poetry reads Poetry's settings: config.toml, auth.toml, poetry.toml beside the
// project, POETRY_* variables, which beat them all, and the project's sources.
func (r *reader) poetry() error {
	settings, err := r.poetrySettings()
	if err != nil {
		return err
	}
	p, dir, err := r.poetryProject(&settings)
	if err != nil {
		return err
	}
	r.config.poetry = settings.child()
	sources := p.poetrySources()
	repositories := settings.repositories(sources)
	if err := r.poetryIndexes(sources, filepath.Join(dir, "pyproject.toml"), repositories, settings); err != nil {
		return err
	}
	r.poetryCerts(repositories, settings)
	return r.poetryAsked(p, dir)
}

func (p *pyproject) poetrySources() []poetrySource {
	if p == nil || p.Tool.Poetry == nil {
		return nil
	}
	return p.Tool.Poetry.Source
}

// poetryIndexes adds the sources. PyPI is the main index unless one of them takes
// its place.
func (r *reader) poetryIndexes(sources []poetrySource, file string, repositories []repository, settings poetrySettings) error {
	named := slices.ContainsFunc(sources, func(s poetrySource) bool { return s.URL == "" && s.isPyPI() })
	for n, s := range sources {
		origin := fmt.Sprintf("source %d in %s", n+1, file)
		if s.URL == "" && s.isPyPI() {
			continue // Poetry knows where it is, and so does the default
		}
		if lower := strings.ToLower(s.URL); strings.HasSuffix(lower, ".html") || strings.HasSuffix(lower, ".htm") {
			if err := r.addLink(s.URL, origin); err != nil { // one page of links
				return err
			}
			r.hasMain = r.hasMain || s.isMain()
			continue
		}
		if err := r.add(s.Name, settings.withUser(s.URL, repositories), origin, !s.isMain()); err != nil {
			return err
		}
		r.hasMain = r.hasMain || s.isMain()
	}
	r.hasMain = r.hasMain && !named
	return nil
}

// poetryProject finds the project that the command is about, and adds the settings
// beside it.
func (r *reader) poetryProject(settings *poetrySettings) (*pyproject, string, error) {
	dir := r.cwd
	if r.cmd.tool == Poetry {
		given := poetryOptions.parse(r.cmd.args)
		if s, ok := given.last("directory"); ok {
			dir = r.abs(s.Value)
		}
		if s, ok := given.last("project"); ok {
			if dir = filepath.Join(dir, s.Value); filepath.IsAbs(s.Value) {
				dir = s.Value
			}
		}
		if r.cmd.command == "self" { // Poetry's own plugins
			dir = r.poetryHome()
		}
	}
	p, dir, err := r.projectAbove(dir)
	if err == nil && dir != "" {
		settings.layers, err = r.layer(settings.layers, filepath.Join(dir, "poetry.toml"), false)
	}
	return p, dir, err
}

// projectAbove finds the nearest pyproject.toml; its folder is empty where there
// is none.
func (r *reader) projectAbove(dir string) (*pyproject, string, error) {
	var found *pyproject
	at := ""
	err := upward(dir, func(dir string) (bool, error) {
		p, err := r.pyproject(dir)
		if p != nil {
			found, at = p, dir
		}
		return p != nil, err
	})
	return found, at, err
}

// poetryAsked notes what the project, its lock file and the command line ask for
// beside indexes.
func (r *reader) poetryAsked(p *pyproject, dir string) error {
	if r.cmd.command == "add" {
		if err := r.askWords("add"); err != nil {
			return err
		}
	}
	if p == nil {
		return nil
	}
	file := filepath.Join(dir, "pyproject.toml")
	if err := r.projectSources(p, file); err != nil {
		return err
	}
	if t := p.Tool.Poetry; t != nil {
		all := []map[string]any{t.Dependencies, t.DevDependencies}
		for _, name := range sortedKeys(t.Group) {
			all = append(all, t.Group[name].Dependencies)
		}
		for _, dependencies := range all {
			if err := r.poetryDependencies(dependencies, file); err != nil {
				return err
			}
		}
	}
	return r.lockFile(filepath.Join(dir, "poetry.lock"), poetryLock)
}

// poetryDependencies notes the dependencies that are tables, or several.
func (r *reader) poetryDependencies(dependencies map[string]any, origin string) error {
	for _, name := range sortedKeys(dependencies) {
		list, ok := dependencies[name].([]any)
		if !ok {
			list = []any{dependencies[name]}
		}
		for _, v := range list {
			table, ok := v.(map[string]any)
			if !ok {
				continue // a version
			}
			develop, _ := table["develop"].(bool)
			if err := r.addTable(text(table["git"]), text(table["url"]), text(table["path"])+text(table["file"]), develop, origin); err != nil {
				return err
			}
		}
	}
	return nil
}

// addTable notes a source that is given as a checkout, a URL or a path.
func (r *reader) addTable(git, url, path string, editable bool, origin string) error {
	switch {
	case git != "":
		return r.addSource(SourceVCS, "git+"+strings.TrimPrefix(git, "git+"), origin)
	case url != "":
		return r.addSource(SourceDirect, url, origin)
	case path != "" && editable:
		return r.addSource(SourceEditable, path, origin)
	case path != "":
		return r.addSource(SourceLocal, path, origin)
	}
	return nil
}

// askWords notes what the words of a command line behind a command ask for. A word
// that is a name with versions ("demo@^1.0") is none.
func (r *reader) askWords(command string) error {
	var list []Setting
	seen := false
	for _, s := range poetryOptions.parse(r.cmd.args)[words] {
		if !seen {
			seen = s.Value == command
			continue
		}
		if !strings.Contains(s.Value, "@") || strings.Contains(s.Value, "://") || requirements.Classify(s.Value).Kind == requirements.VCS {
			list = append(list, s)
		}
	}
	return r.askAll(list)
}
