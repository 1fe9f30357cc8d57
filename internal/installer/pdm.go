package installer

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"assay/internal/index"
	"assay/internal/requirements"
)

// pdmTable is tool.pdm of a pyproject.toml.
type pdmTable struct {
	Source          []map[string]any    `toml:"source"`
	DevDependencies map[string][]string `toml:"dev-dependencies"`
	Resolution      struct {
		Overrides map[string]any `toml:"overrides"`
	} `toml:"resolution"`
}

// pdmOptions are the options that tell which project and settings count. The rest
// follows pdmGrammar.
var pdmOptions = grammar{
	valued:   map[string]string{"--project": "project", "--config": "config", "--lockfile": "lockfile", "--editable": "editable"},
	switches: map[string]string{"--global": "global"},
	short:    map[byte]string{'p': "project", 'c': "config", 'L': "lockfile", 'e': "editable"},
}

// pdm reads PDM's settings: config.toml of the person and of the system, pdm.toml
// beside the project, PDM_* variables, which beat them all, and the project's
// sources.
func (r *reader) pdm() error {
	given := pdmOptions.parse(r.cmd.args)
	own := r.appDirs("pdm", false, true)
	settings := pdmSettings{env: r.env}
	if err := r.pdmFiles(&settings, given, own); err != nil {
		return err
	}
	p, dir, err := r.pdmProject(given, settings, own)
	if err != nil {
		return err
	}
	if dir != "" {
		for _, name := range []string{".pdm.toml", "pdm.toml"} {
			if settings.layers, err = r.layer(settings.layers, filepath.Join(dir, name), false); err != nil {
				return err
			}
		}
	}
	var table pdmTable
	if p != nil && p.Tool.PDM != nil {
		table = *p.Tool.PDM
	}
	for _, s := range settings.sources(table.Source, filepath.Join(dir, "pyproject.toml")) {
		if err := r.pdmSource(s, dir); err != nil {
			return err
		}
	}
	r.hasMain = true
	if v, origin := settings.layers.get("install", "cache"); v == true {
		r.around("install.cache in %s, with which an environment's packages are links into PDM's cache", origin)
	}
	if err := r.pdmUV(settings); err != nil {
		return err
	}
	return r.pdmAsked(p, table, dir, given, settings)
}

// pdmUV looks for what would lead a uv around Assay that PDM is told to ask
// through. It is given PDM's indexes, and has its own proxy.
func (r *reader) pdmUV(settings pdmSettings) error {
	use, _ := settings.layers.get("use_uv")
	if v, ok := r.env.Lookup("PDM_USE_UV"); ok {
		use = v
	}
	if !yes(use, false) {
		return nil
	}
	files, err := r.uvFiles(flags{})
	if err != nil {
		return err
	}
	return r.uvAround(flags{}, files)
}

// pdmFiles reads the files that do not depend on the project.
func (r *reader) pdmFiles(s *pdmSettings, given flags, own appDirs) error {
	var err error
	for _, site := range own.site[:min(1, len(own.site))] {
		if s.layers, err = r.layer(s.layers, filepath.Join(site, "config.toml"), false); err != nil {
			return err
		}
	}
	path := join(own.config, "config.toml")
	if v := r.env.Get("PDM_CONFIG_FILE"); v != "" {
		path = r.abs(v)
	}
	if v, ok := given.last("config"); ok {
		path = r.abs(v.Value)
	}
	s.layers, err = r.layer(s.layers, path, false)
	return err
}

// pdmProject finds the project that the command is about.
func (r *reader) pdmProject(given flags, settings pdmSettings, own appDirs) (*pyproject, string, error) {
	named := r.env.Get("PDM_PROJECT")
	if s, ok := given.last("project"); ok {
		named = s.Value
	}
	if named == "" && (given.given("global") || slices.Contains(r.cmd.args, "-g")) {
		named = join(own.config, "global-project")
		if v, _ := settings.layers.get("global_project", "path"); text(v) != "" {
			named = text(v)
		}
	}
	if named == "" {
		return r.projectAbove(r.cwd)
	}
	dir := r.abs(named)
	p, err := r.pyproject(dir)
	return p, dir, err
}

// pdmSource is one source as PDM puts it together.
type pdmSource struct {
	name   string
	values map[string]Setting // url, username, password, type, ca_certs, client_cert, client_key
	verify Setting            // "false" where the certificate is not to be verified
}

// fill takes over what the source does not have yet.
func (s *pdmSource) fill(table map[string]any, origin string) {
	for _, key := range []string{"url", "username", "password", "type", "ca_certs", "client_cert", "client_key"} {
		if v := text(table[key]); v != "" && s.values[key].Value == "" {
			s.values[key] = Setting{v, origin}
		}
	}
	if v, ok := table["verify_ssl"].(bool); ok && s.verify.Value == "" {
		s.verify = Setting{fmt.Sprint(v), origin}
	}
}

// pdmSettings are PDM's settings.
type pdmSettings struct {
	env    Environ
	layers layers
}

// pdmVariables are the variables of the settings of the default index.
var pdmVariables = map[string]string{
	"url": "PDM_PYPI_URL", "username": "PDM_PYPI_USERNAME", "password": "PDM_PYPI_PASSWORD", "verify_ssl": "PDM_PYPI_VERIFY_SSL",
	"ignore_stored_index": "PDM_IGNORE_STORED_INDEX",
}

// pypi returns a setting of the default index.
func (s pdmSettings) pypi(key string) (value any, origin string) {
	if name := pdmVariables[key]; name != "" {
		if v, ok := s.env.Lookup(name); ok {
			return v, name
		}
	}
	return s.layers.get("pypi", key)
}

// yes reads a setting that is true or false, as PDM does.
func yes(v any, otherwise bool) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		lower := strings.ToLower(v)
		return v != "" && lower != "false" && lower != "no" && lower != "0"
	}
	return otherwise
}

// sources puts the sources together: the project's, then those of the settings
// unless these are to be left out, PyPI in front where none is called so. What one
// lacks is taken from the settings of its name.
func (s pdmSettings) sources(project []map[string]any, file string) []*pdmSource {
	var out []*pdmSource
	find := func(name string) *pdmSource {
		if i := slices.IndexFunc(out, func(o *pdmSource) bool { return o.name == name }); i >= 0 {
			return out[i]
		}
		return nil
	}
	for n, table := range project {
		o := find(text(table["name"]))
		if o == nil {
			o = &pdmSource{name: text(table["name"])}
			out = append(out, o)
		}
		o.values, o.verify = map[string]Setting{}, Setting{} // the last of a name counts
		o.fill(table, fmt.Sprintf("source %d in %s", n+1, file))
	}
	ignored, _ := s.pypi("ignore_stored_index")
	stored := !yes(ignored, false)
	for _, layer := range s.layers {
		for _, name := range (layers{layer}).names("pypi") {
			table, ok := descend(layer.tree, []string{"pypi", name}).(map[string]any)
			if !ok {
				continue // a setting of the default index
			}
			o := find(name)
			if o == nil && !stored {
				continue
			}
			if o == nil {
				o = &pdmSource{name: name, values: map[string]Setting{}}
				out = append(out, o)
			}
			o.fill(table, layer.path)
		}
	}
	main := find("pypi")
	if main == nil && stored {
		main = &pdmSource{name: "pypi", values: map[string]Setting{}}
		out = append([]*pdmSource{main}, out...)
	}
	if main != nil {
		s.fillMain(main)
	}
	return out
}

// fillMain gives the source called pypi the settings of the default index.
func (s pdmSettings) fillMain(main *pdmSource) {
	for _, key := range []string{"url", "username", "password", "ca_certs", "client_cert", "client_key"} {
		if v, origin := s.pypi(key); text(v) != "" {
			main.fill(map[string]any{key: v}, origin)
		}
	}
	main.fill(map[string]any{"url": index.PyPI}, "default")
	if v, origin := s.pypi("verify_ssl"); v != nil {
		main.fill(map[string]any{"verify_ssl": yes(v, true)}, origin)
	}
}

// pdmSource adds a source: an index, or a place with files. Roots of its own beat
// the environment's, and no variable beats them.
func (r *reader) pdmSource(s *pdmSource, dir string) error {
	at := s.values["url"]
	if at.Value == "" {
		return nil
	}
	raw := expand(inProject(expandAuth(at.Value, r.env), dir), r.env)
	if s.values["type"].Value == "find_links" {
		return r.addLink(raw, at.Origin)
	}
	u, err := url.Parse(raw)
	if err == nil && s.values["username"].Value != "" && s.values["password"].Value != "" {
		u.User = url.UserPassword(s.values["username"].Value, s.values["password"].Value)
		raw = u.String()
	}
	if err := r.add(s.name, raw, at.Origin, s.name != "pypi"); err != nil || u == nil {
		return err
	}
	if c := s.values["client_cert"]; c.Value != "" {
		cert := ClientCert{Cert: r.abs(c.Value), Host: u.Host, Origin: c.Origin}
		if key := s.values["client_key"].Value; key != "" {
			cert.Key = r.abs(key)
		}
		r.config.ClientCerts = append(r.config.ClientCerts, cert)
	}
	switch ca := s.values["ca_certs"]; {
	case s.verify.Value == "false":
		r.addInsecure(u.Host, s.verify.Origin)
	case ca.Value != "" && u.Scheme == "https":
		ca.Value = r.abs(ca.Value)
		return aroundCert(PDM, "ca_certs", ca)
	}
	return nil
}

// pdmAsked notes what the project, its lock file and the command line ask for
// beside indexes.
func (r *reader) pdmAsked(p *pyproject, table pdmTable, dir string, given flags, settings pdmSettings) error {
	if r.cmd.command == "add" {
		if behind := given[words]; len(behind) > 1 {
			if err := r.askAll(behind[1:]); err != nil {
				return err
			}
		}
		if err := r.askEditable(given["editable"]); err != nil {
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
	for _, group := range sortedKeys(table.DevDependencies) {
		for _, line := range table.DevDependencies[group] {
			line = expand(inProject(line, dir), r.env)
			e := requirements.Classify(line)
			if path, ok := strings.CutPrefix(line, "-e "); ok {
				e = requirements.EditableEntry(strings.TrimSpace(path))
			} else if e.Project == "" {
				continue // a name, whatever it looks like
			}
			if err := r.ask(e, file); err != nil {
				return err
			}
		}
	}
	for _, name := range sortedKeys(table.Resolution.Overrides) {
		if v := text(table.Resolution.Overrides[name]); strings.Contains(v, "://") {
			if err := r.ask(requirements.Classify(v), file); err != nil {
				return err
			}
		}
	}
	return r.pdmLock(dir, given, settings)
}

// pdmLock notes the sources of the lock file: of pdm.lock, or of the one that is
// named.
func (r *reader) pdmLock(dir string, given flags, settings pdmSettings) error {
	name, _ := settings.layers.get("lock", "format")
	path := filepath.Join(dir, "pdm.lock")
	if v, ok := r.env.Lookup("PDM_LOCK_FORMAT"); ok && v == "pylock" || !ok && name == "pylock" {
		path = filepath.Join(dir, "pylock.toml")
	}
	named := r.env.Get("PDM_LOCKFILE")
	if s, ok := given.last("lockfile"); ok {
		named = s.Value
	}
	if named != "" {
		if path = named; !filepath.IsAbs(named) {
			path = filepath.Join(dir, named)
		}
	}
	if lockName.MatchString(filepath.Base(path)) {
		return r.pylock(path)
	}
	return r.lockFile(path, pdmLock)
}

// pdmEnvironment returns the variables that lead PDM to Assay's cache. Its roots
// are those of REQUESTS_CA_BUNDLE.
func pdmEnvironment(s Setup) []pair {
	if s.CacheDir == "" {
		return nil
	}
	return []pair{{"PDM_CACHE_DIR", filepath.Join(s.CacheDir, "pdm")}}
}

// inProject puts the project's folder where PDM keeps a place for it.
func inProject(s, dir string) string {
	folder := url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}
	return strings.ReplaceAll(s, "file:///${PROJECT_ROOT}", folder.String())
}

// expandAuth replaces ${NAME} in a URL's user and password by the variable's
// value, escaped, as PDM does.
func expandAuth(s string, env Environ) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	host, path, _ := strings.Cut(rest, "/")
	auth, host, ok := strings.Cut(host, "@")
	if !ok {
		return s
	}
	escaped := make(Environ, 0, len(env))
	for _, kv := range env {
		key, value, _ := strings.Cut(kv, "=")
		escaped = append(escaped, key+"="+strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
	}
	if rest = expand(auth, escaped) + "@" + host; strings.Contains(s[len(scheme)+3:], "/") {
		rest += "/" + path
	}
	return scheme + "://" + rest
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
