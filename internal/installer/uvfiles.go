package installer

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"assay/internal/requirements"
)

// uvFile is a uv.toml, or the table tool.uv of a pyproject.toml.
type uvFile struct {
	uvIndexes
	Index      []uvIndex      `toml:"index"`
	HTTPProxy  string         `toml:"http-proxy"`
	HTTPSProxy string         `toml:"https-proxy"`
	Pip        uvIndexes      `toml:"pip"`
	Workspace  any            `toml:"workspace"`
	Sources    map[string]any `toml:"sources"`
	Insecure   []string       `toml:"allow-insecure-host"`

	origin string
}

// uvIndexes are the older settings, which the table pip has for uv pip alone.
type uvIndexes struct {
	IndexURL      string   `toml:"index-url"`
	ExtraIndexURL []string `toml:"extra-index-url"`
	FindLinks     []string `toml:"find-links"`
	NoIndex       bool     `toml:"no-index"`
}

// uvIndex is one [[index]].
type uvIndex struct {
	Name    string `toml:"name"`
	URL     string `toml:"url"`
	Default bool   `toml:"default"`
	Format  string `toml:"format"` // "simple" or "flat": a page of links
}

// pyproject is what matters of a pyproject.toml.
type pyproject struct {
	Project metadata         `toml:"project"`
	Groups  map[string][]any `toml:"dependency-groups"`
	Build   struct {
		Requires []string `toml:"requires"`
	} `toml:"build-system"`
	Tool struct {
		UV     *uvFile      `toml:"uv"`
		Poetry *poetryTable `toml:"poetry"`
		PDM    *pdmTable    `toml:"pdm"`
	} `toml:"tool"`
}

// uvFiles reads uv's files, the strongest first: the project's, the person's,
// the system's; or the one that is named, and no other.
func (r *reader) uvFiles(given flags) ([]uvFile, error) {
	files, err := r.uvScripts(given)
	if err != nil {
		return nil, err
	}
	named, ok := given.last("config-file")
	if !ok {
		named.Value = r.env.Get("UV_CONFIG_FILE")
	}
	if named.Value != "" {
		return r.uvTOML(files, r.abs(named.Value), true)
	}
	if given.given("no-config") || r.env.truth("UV_NO_CONFIG") {
		return files, nil
	}
	if r.cmd.project {
		project, err := r.uvProject(r.abs(r.flagOrVariable(given, "project", "UV_PROJECT")))
		if err != nil {
			return nil, err
		}
		files = append(files, project...)
	}
	user := under(configHome(r.env), "uv", "uv.toml")
	system := []string{"/etc/uv/uv.toml"}
	if runtime.GOOS == "windows" {
		user, system = under(r.env.Get("APPDATA"), "uv", "uv.toml"), under(r.env.Get("PROGRAMDATA"), "uv", "uv.toml")
	} else if dirs := r.env.Get("XDG_CONFIG_DIRS"); dirs != "" {
		system = nil
		for _, dir := range append(filepath.SplitList(dirs), "/etc") {
			system = append(system, under(dir, "uv", "uv.toml")...)
		}
	}
	for _, path := range user {
		if files, err = r.uvTOML(files, path, false); err != nil {
			return nil, err
		}
	}
	for _, path := range system { // the first that exists
		before := len(files)
		if files, err = r.uvTOML(files, path, false); err != nil || len(files) > before {
			return files, err
		}
	}
	return files, nil
}

// uvScripts reads the settings that the script has of which uv is to install the
// dependencies.
func (r *reader) uvScripts(given flags) ([]uvFile, error) {
	paths := given["script"]
	if r.cmd.tool == UV && r.cmd.command == "run" && len(given[words]) > 1 {
		paths = append(paths, given[words][1])
	}
	var files []uvFile
	for _, s := range paths {
		if requirements.IsURL(s.Value) || s.Value == "-" {
			r.around("the settings of the script %s, which cannot be read beforehand", shownPlace(s.Value))
			continue
		}
		f, err := r.script(r.localPath(s.Value))
		if err != nil {
			return nil, err
		}
		if f != nil {
			files = append(files, *f)
		}
	}
	return files, nil
}

// uvTOML appends a uv.toml, if it is there.
func (r *reader) uvTOML(files []uvFile, path string, named bool) ([]uvFile, error) {
	data, err := r.file(path, named)
	if data == nil || err != nil {
		return files, err
	}
	f := uvFile{origin: path}
	if err := decodeTOML(path, data, &f); err != nil {
		return nil, err
	}
	return append(files, f), nil
}

// uvProject looks upward from dir for the folder with uv's settings: a
// uv.toml, else tool.uv in a pyproject.toml. A project that is a member of a
// workspace has the workspace's settings too.
func (r *reader) uvProject(dir string) ([]uvFile, error) {
	var found []uvFile
	err := upward(dir, func(dir string) (bool, error) {
		var here []uvFile
		here, err := r.uvTOML(nil, filepath.Join(dir, "uv.toml"), false)
		if err != nil {
			return false, err
		}
		project, err := r.pyproject(dir)
		if err != nil {
			return false, err
		}
		workspace := false
		if project != nil && project.Tool.UV != nil {
			workspace = project.Tool.UV.Workspace != nil
			if here == nil {
				here = []uvFile{*project.Tool.UV}
			}
		}
		if project != nil && r.uvTakesProject() {
			if err := r.projectSources(project, filepath.Join(dir, "pyproject.toml")); err != nil {
				return false, err
			}
		}
		if len(found) == 0 || workspace {
			found = append(found, here...)
		}
		return workspace, nil
	})
	return found, err
}

// uvTakesProject reports whether uv installs the project's dependencies.
func (r *reader) uvTakesProject() bool {
	switch r.cmd.command {
	case "run", "sync", "lock", "add", "remove", "export", "tree", "build":
		return r.cmd.tool == UV
	}
	return false
}

// pyproject reads the pyproject.toml of a folder; nil where there is none.
func (r *reader) pyproject(dir string) (*pyproject, error) {
	path := filepath.Join(dir, "pyproject.toml")
	data, err := r.file(path, false)
	if data == nil || err != nil {
		return nil, err
	}
	var p pyproject
	if err := decodeTOML(path, data, &p); err != nil {
		return nil, err
	}
	if p.Tool.UV != nil {
		p.Tool.UV.origin = path
	}
	return &p, nil
}

// upward calls visit for a folder and those above it until it says to stop.
func upward(dir string, visit func(dir string) (stop bool, err error)) error {
	for range maxParents {
		stop, err := visit(dir)
		parent := filepath.Dir(dir)
		if err != nil || stop || parent == dir {
			return err
		}
		dir = parent
	}
	return nil
}

// decodeTOML reads the keys of a TOML file that v has.
func decodeTOML(path string, data []byte, v any) error {
	err := toml.Unmarshal(data, v)
	var at *toml.DecodeError
	switch {
	case errors.As(err, &at):
		line, _ := at.Position()
		return &ConfigError{File: path, Line: line, Detail: strings.TrimPrefix(at.Error(), "toml: ")}
	case err != nil:
		return &ConfigError{File: path, Detail: fmt.Sprint(err)}
	}
	return nil
}
