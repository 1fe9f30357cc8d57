package installer

import (
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"assay/internal/requirements"
)

// metadata is what PEP 621 and PEP 735 let a project depend on.
type metadata struct {
	Dependencies []string            `toml:"dependencies"`
	Optional     map[string][]string `toml:"optional-dependencies"`
}

// projectFile notes the sources that a pyproject.toml names, if it is there.
func (r *reader) projectFile(path string) error {
	p, err := r.pyproject(filepath.Dir(path))
	if err != nil || p == nil {
		return err
	}
	return r.projectSources(p, path)
}

// projectSources notes the sources that a project depends on: "name @ url" among
// its dependencies, and uv's tool.uv.sources.
func (r *reader) projectSources(p *pyproject, origin string) error {
	all := slices.Clone(p.Project.Dependencies)
	for _, name := range sortedKeys(p.Project.Optional) {
		all = append(all, p.Project.Optional[name]...)
	}
	for _, name := range sortedKeys(p.Groups) {
		for _, v := range p.Groups[name] {
			if s, ok := v.(string); ok { // a table includes another group
				all = append(all, s)
			}
		}
	}
	all = append(all, p.Build.Requires...)
	for _, s := range all {
		// A dependency without "@" is a name, whatever it looks like.
		if e := requirements.Classify(expand(s, r.env)); e.Project != "" {
			if err := r.ask(e, origin); err != nil {
				return err
			}
		}
	}
	if p.Tool.UV == nil || r.cmd.tool != UV && r.cmd.tool != Other {
		return nil
	}
	return r.uvSources(p.Tool.UV.Sources, origin)
}

// uvSources notes uv's sources: a table for each project, or several.
func (r *reader) uvSources(sources map[string]any, origin string) error {
	for _, name := range sortedKeys(sources) {
		tables, ok := sources[name].([]any)
		if !ok {
			tables = []any{sources[name]}
		}
		for _, t := range tables {
			table, ok := t.(map[string]any)
			if !ok {
				continue // uv refuses it
			}
			text := func(key string) string { s, _ := table[key].(string); return s }
			var err error
			switch editable, _ := table["editable"].(bool); {
			case text("git") != "":
				err = r.addSource(SourceVCS, "git+"+strings.TrimPrefix(text("git"), "git+"), origin)
			case text("url") != "":
				err = r.addSource(SourceDirect, text("url"), origin)
			case text("path") != "" && editable:
				err = r.addSource(SourceEditable, text("path"), origin)
			case text("path") != "":
				err = r.addSource(SourceLocal, text("path"), origin)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// lock is what a pylock.toml (PEP 751) takes from elsewhere than an index.
type lock struct {
	Packages []struct {
		VCS struct {
			Type string `toml:"type"`
			URL  string `toml:"url"`
			Path string `toml:"path"`
		} `toml:"vcs"`
		Directory struct {
			Path     string `toml:"path"`
			Editable bool   `toml:"editable"`
		} `toml:"directory"`
		Archive lockFile   `toml:"archive"`
		Sdist   lockFile   `toml:"sdist"`
		Wheels  []lockFile `toml:"wheels"`
	} `toml:"packages"`
}

type lockFile struct {
	URL  string `toml:"url"`
	Path string `toml:"path"`
}

// pylock notes the sources that a lock file names. One that is not there is the
// installer's to complain about.
func (r *reader) pylock(path string) error {
	data, err := r.open(path)
	if err != nil || data == nil {
		return err
	}
	var l lock
	if err := decodeTOML(path, data, &l); err != nil {
		return err
	}
	for n, p := range l.Packages {
		origin := fmt.Sprintf("package %d in %s", n+1, path)
		var found []Source
		if p.VCS.Type != "" {
			where := p.VCS.URL
			if where == "" {
				where = p.VCS.Path
			}
			found = append(found, Source{Kind: SourceVCS, Where: p.VCS.Type + "+" + where})
		}
		if p.Directory.Path != "" && p.Directory.Editable {
			found = append(found, Source{Kind: SourceEditable, Where: p.Directory.Path})
		} else if p.Directory.Path != "" {
			found = append(found, Source{Kind: SourceLocal, Where: p.Directory.Path})
		}
		if p.Archive.URL != "" {
			found = append(found, Source{Kind: SourceDirect, Where: p.Archive.URL})
		}
		for _, f := range append([]lockFile{p.Archive, p.Sdist}, p.Wheels...) {
			if f.URL == "" && f.Path != "" {
				found = append(found, Source{Kind: SourceLocal, Where: f.Path})
			}
		}
		for _, s := range found {
			if err := r.addSource(s.Kind, s.Where, origin); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
