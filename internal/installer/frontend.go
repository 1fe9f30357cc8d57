package installer

import (
	"path/filepath"

	"assay/internal/requirements"
)

// pipToolsFlags returns what pip-tools is told: by its file first, then by the
// command line, with what both hand on to pip.
func (r *reader) pipToolsFlags() (flags, error) {
	given := pipToolsGrammar.parse(r.cmd.args)
	path := ""
	if s, ok := given.last("config"); ok {
		path = r.abs(s.Value)
	} else if !given.given("no-config") {
		path = r.pipToolsConfig(given[words])
	}
	if path == "" {
		return pipArguments(given), nil
	}
	data, err := r.file(path, true)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	if err := decodeTOML(path, data, &all); err != nil {
		return nil, err
	}
	out := flags{}
	tool, _ := all["tool"].(map[string]any)
	table, _ := tool["pip-tools"].(map[string]any)
	own, _ := table[r.cmd.command].(map[string]any)
	for _, t := range []map[string]any{table, own} {
		for _, key := range sortedKeys(t) {
			name := pipOption(key)
			if given.given(name) || name == "cache-dir" { // PIP_TOOLS_CACHE_DIR is stronger
				continue
			}
			for _, v := range texts(t[key]) {
				out[name] = append(out[name], Setting{v, path})
			}
		}
	}
	for name, values := range given {
		out[name] = append(out[name], values...)
	}
	return pipArguments(out), nil
}

// texts are the texts of a TOML value: one, several, or "true".
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case bool:
		if v {
			return []string{"true"}
		}
	case []any:
		var out []string
		for _, one := range v {
			out = append(out, texts(one)...)
		}
		return out
	}
	return nil
}

// pipToolsConfig finds pip-tools' file: beside the first source, or here.
func (r *reader) pipToolsConfig(sources []Setting) string {
	dirs := []string{r.cwd}
	if len(sources) > 0 {
		dirs = append(dirs, filepath.Dir(r.abs(sources[0].Value)))
	}
	for _, dir := range dirs {
		for _, name := range []string{".pip-tools.toml", "pyproject.toml"} {
			if path := filepath.Join(dir, name); isRegular(path) {
				return path
			}
		}
	}
	return ""
}

// pipToolsFiles are the files of requirements that pip-tools reads.
func (r *reader) pipToolsFiles(p pipRun) []Setting {
	files := append(p.given[words], p.given["src-files"]...)
	if len(files) > 0 {
		return files
	}
	names := []string{"requirements.in", "pyproject.toml"}
	if r.cmd.command == "sync" {
		names = []string{"requirements.txt"}
	}
	for _, name := range names {
		if exists(r.abs(name)) {
			return []Setting{{name, "read by default"}}
		}
	}
	return nil
}

// pipxFlags returns what pipx tells pip.
func (r *reader) pipxFlags() flags {
	if r.cmd.command == "runpip" { // VENV and pip's own arguments follow
		if own := pipxGrammar.upTo(2, r.cmd.args); len(own) < len(r.cmd.args) {
			return withIsolated(pipGrammar.parse(r.cmd.args[len(own):]), r.cmd.args[len(own):])
		}
	}
	given := pipxGrammar.parse(r.cmd.args)
	out := flags{"index-url": given["index-url"], "requirement": given["requirement"], "pip-args": given["pip-args"]}
	return pipArguments(out)
}

// pipArguments adds what stands in the options that hold arguments for pip.
func pipArguments(given flags) flags {
	for _, s := range given["pip-args"] {
		args := requirements.Words(s.Value)
		for name, values := range withIsolated(pipGrammar.parse(args), args) {
			if name == words {
				continue
			}
			for _, v := range values {
				given[name] = append(given[name], Setting{v.Value, v.Origin + " in " + s.Origin})
			}
		}
	}
	return given
}

// withIsolated adds "isolated", for which pip looks in its arguments beforehand.
func withIsolated(given flags, args []string) flags {
	for _, a := range args {
		if a == "--isolated" {
			given["isolated"] = []Setting{{"true", a}}
		}
	}
	return given
}

// pipxAsked notes what pipx is asked to take from elsewhere than an index.
func (r *reader) pipxAsked() error {
	given := pipxGrammar.parse(r.cmd.args)
	asked := given[words]
	if r.cmd.command == "run" && !given.given("no-cache") && !r.options.TheirCache {
		r.around("the environment that pipx keeps of an earlier run, if it does; --no-cache makes a new one")
	}
	switch r.cmd.command {
	case "install", "run", "upgrade":
		asked = asked[1:]
		if r.cmd.command == "run" && given.given("spec") {
			asked = nil // the word is the application's name
		}
	case "inject":
		asked = asked[min(2, len(asked)):] // behind the environment's name
	case "runpip":
		return nil
	default:
		asked = nil
	}
	asked = append(append(append(asked, given["spec"]...), given["with"]...), given["preinstall"]...)
	if given.given("editable") {
		return r.askEditable(asked)
	}
	return r.askAll(asked)
}

// buildAsked notes what the project to be built requires for it from elsewhere
// than an index. build installs that into an environment which is gone before
// anything could look at it.
func (r *reader) buildAsked() error {
	given := buildGrammar.parse(r.cmd.args)
	if given.given("no-isolation") {
		return nil
	}
	if r.options.TheirCache {
		r.around("what a build takes from a cache of yours into its own environment, which is gone before it could be looked at")
	}
	dir := r.cwd
	if words := given[words]; len(words) > 0 {
		dir = r.abs(words[0].Value)
	}
	if !isDir(dir) {
		return nil // an sdist
	}
	p, err := r.pyproject(dir)
	if err != nil || p == nil {
		return err
	}
	origin := filepath.Join(dir, "pyproject.toml")
	for _, s := range p.Build.Requires {
		if e := requirements.Classify(s); e.Project != "" {
			if err := r.ask(e, origin); err != nil {
				return err
			}
		}
	}
	return nil
}
