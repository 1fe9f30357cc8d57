package installer

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// uvGrammar is what of uv's options matters here.
var uvGrammar = grammar{
	valued: map[string]string{
		"--index": "index", "--default-index": "default-index", "--index-url": "index-url",
		"--extra-index-url": "extra-index-url", "--find-links": "find-links", "--config-file": "config-file",
		"--project": "project", "--directory": "directory", "--cert": "cert", "--cache-dir": "cache-dir",
	},
	switches: map[string]string{"--no-index": "no-index", "--no-config": "no-config", "--offline": "offline"},
	short:    map[byte]string{'i': "index-url", 'f': "find-links"},
}

// uvFile is a uv.toml, or the table tool.uv of a pyproject.toml.
type uvFile struct {
	uvIndexes
	Index      []uvIndex `toml:"index"`
	HTTPProxy  string    `toml:"http-proxy"`
	HTTPSProxy string    `toml:"https-proxy"`
	Pip        uvIndexes `toml:"pip"`
	Workspace  any       `toml:"workspace"`

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
	Tool struct {
		UV     *uvFile      `toml:"uv"`
		Poetry *poetryTable `toml:"poetry"`
		PDM    *pdmTable    `toml:"pdm"`
	} `toml:"tool"`
}

// uv reads uv's configuration.
func (r *reader) uv() error {
	given := flags{}
	if r.cmd.tool == UV {
		given = uvGrammar.parse(r.cmd.args)
	}
	files, err := r.uvFiles(given)
	if err != nil {
		return err
	}
	for _, f := range files {
		for _, p := range []struct{ name, value string }{{"http-proxy", f.HTTPProxy}, {"https-proxy", f.HTTPSProxy}} {
			if p.value != "" {
				return &AroundError{Tool: UV, Setting: p.name, Origin: f.origin}
			}
		}
	}
	if v, ok := given.last("cert"); ok {
		r.config.CertFiles = append(r.config.CertFiles, Setting{r.abs(v), "--cert"})
		r.around("--cert on the command line, with which uv does not trust assay")
	}
	if len(given["cache-dir"]) > 0 {
		r.around("--cache-dir on the command line")
	}
	return r.uvIndexes(given, files)
}

// uvIndexes adds the indexes in uv's order: the command line's (else the
// environment's), the files', and last the default one.
func (r *reader) uvIndexes(given flags, files []uvFile) error {
	for _, s := range r.uvLinks(given, files) {
		if err := r.addLink(s.Value, s.Origin); err != nil {
			return err
		}
	}
	if len(given["no-index"]) > 0 || r.env.truth("UV_NO_INDEX") {
		r.hasMain = true
		return nil
	}
	var extra []Setting
	var main []Setting // the first one counts
	for _, o := range []struct{ flag, variable string }{{"index", "UV_INDEX"}, {"extra-index-url", "UV_EXTRA_INDEX_URL"}} {
		extra = append(extra, r.flagOr(given, o.flag, o.variable)...)
	}
	for _, o := range []struct{ flag, variable string }{{"default-index", "UV_DEFAULT_INDEX"}, {"index-url", "UV_INDEX_URL"}} {
		main = append(main, r.flagOr(given, o.flag, o.variable)...)
	}
	var named []Setting
	for _, f := range files {
		for _, i := range f.Index {
			s := Setting{i.URL, f.origin}
			if i.Name != "" {
				s.Value = i.Name + "=" + i.URL
			}
			switch {
			case i.Format == "flat":
				if err := r.addLink(i.URL, f.origin); err != nil {
					return err
				}
			case i.Default:
				named = append(named, s)
			default:
				extra = append(extra, s)
			}
		}
	}
	main = append(main, named...)
	for _, f := range files {
		for _, t := range r.uvTables(f) {
			if t.NoIndex {
				r.hasMain = true
				return nil
			}
			for _, v := range t.ExtraIndexURL {
				extra = append(extra, Setting{v, f.origin})
			}
			if t.IndexURL != "" {
				main = append(main, Setting{t.IndexURL, f.origin})
			}
		}
	}
	for _, s := range extra {
		name, url := splitName(s.Value)
		if err := r.add(name, url, s.Origin, true); err != nil {
			return err
		}
	}
	if len(main) == 0 {
		return nil
	}
	name, url := splitName(main[0].Value)
	return r.addMain(name, url, main[0].Origin)
}

// uvTables are the tables of a file that hold for the command.
func (r *reader) uvTables(f uvFile) []uvIndexes {
	if r.cmd.tool == UV && !strings.HasPrefix(r.cmd.command, "pip") {
		return []uvIndexes{f.uvIndexes}
	}
	return []uvIndexes{f.Pip, f.uvIndexes}
}

func (r *reader) uvLinks(given flags, files []uvFile) []Setting {
	var out []Setting
	for _, v := range given["find-links"] {
		out = append(out, Setting{v, "--find-links"})
	}
	if len(out) == 0 {
		for _, v := range strings.FieldsFunc(r.env.Get("UV_FIND_LINKS"), func(c rune) bool { return c == ',' || isSpace(c) }) {
			out = append(out, Setting{v, "UV_FIND_LINKS"})
		}
	}
	for _, f := range files {
		for _, t := range r.uvTables(f) {
			for _, v := range t.FindLinks {
				out = append(out, Setting{v, f.origin})
			}
		}
	}
	return out
}

// flagOr returns an option's values, or where it is not given the variable's.
func (r *reader) flagOr(given flags, flag, variable string) []Setting {
	var out []Setting
	for _, values := range given[flag] {
		for _, v := range strings.Fields(values) {
			out = append(out, Setting{v, "--" + flag})
		}
	}
	if len(out) == 0 {
		for _, v := range strings.Fields(r.env.Get(variable)) {
			out = append(out, Setting{v, variable})
		}
	}
	return out
}

var indexName = regexp.MustCompile(`^([A-Za-z0-9._-]+)=(.+)$`)

// splitName splits uv's NAME=URL.
func splitName(s string) (name, url string) {
	if m := indexName.FindStringSubmatch(s); m != nil {
		return m[1], m[2]
	}
	return "", s
}

// uvFiles reads uv's files, the strongest first: the project's, the person's,
// the system's; or the one that is named, and no other.
func (r *reader) uvFiles(given flags) ([]uvFile, error) {
	named, ok := given.last("config-file")
	if !ok {
		named = r.env.Get("UV_CONFIG_FILE")
	}
	if named != "" {
		return r.uvTOML(nil, r.abs(named), true)
	}
	if len(given["no-config"]) > 0 || r.env.truth("UV_NO_CONFIG") {
		return nil, nil
	}
	var files []uvFile
	var err error
	if r.cmd.project {
		dir := r.cwd
		for _, name := range []string{"directory", "project"} {
			if v, ok := given.last(name); ok {
				dir = r.abs(v)
			}
		}
		if files, err = r.uvProject(dir); err != nil {
			return nil, err
		}
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
		if len(found) == 0 || workspace {
			found = append(found, here...)
		}
		return workspace, nil
	})
	return found, err
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
