package installer

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"assay/internal/index"
)

// poetryPattern finds the variables that replace all repositories of the files.
// Poetry itself does not ask for their end.
var poetryPattern = regexp.MustCompile(`^POETRY_REPOSITORIES_([A-Z_]+)_URL`)

// poetrySettings are Poetry's settings.
type poetrySettings struct {
	env    Environ
	layers layers
	cache  string // the folder of its caches where nothing says another
}

// poetryHome is the folder of the person's settings.
func (r *reader) poetryHome() string {
	if dir := r.env.Get("POETRY_CONFIG_DIR"); dir != "" {
		return r.abs(dir)
	}
	return r.appDirs("pypoetry", true, false).config
}

func (r *reader) poetrySettings() (poetrySettings, error) {
	s := poetrySettings{env: r.env, cache: r.appDirs("pypoetry", false, false).cache}
	var err error
	for _, name := range []string{"config.toml", "auth.toml"} {
		if s.layers, err = r.layer(s.layers, join(r.poetryHome(), name), false); err != nil {
			return s, err
		}
	}
	return s, nil
}

// poetryVariable is the variable of a setting. Dots in names stay.
func poetryVariable(keys ...string) string {
	return "POETRY_" + strings.ToUpper(strings.ReplaceAll(strings.Join(keys, "_"), "-", "_"))
}

// get returns a setting, nil where nothing sets it: the environment's, else the
// files'.
func (s poetrySettings) get(keys ...string) (value any, origin string) {
	name := poetryVariable(keys...)
	if v, ok := s.env.Lookup(name); ok {
		return v, name
	}
	return s.layers.get(keys...)
}

// repository is one place that credentials and certificates may be for.
type repository struct {
	name string
	url  *url.URL
}

// repositories are those of the settings, and the project's sources whose names
// are not among them.
func (s poetrySettings) repositories(sources []poetrySource) []repository {
	var out []repository
	have := map[string]bool{}
	add := func(name, raw string) {
		if u, err := url.Parse(raw); err == nil && !have[name] {
			have[name] = true
			out = append(out, repository{name, u})
		}
	}
	for _, kv := range s.env {
		if m := poetryPattern.FindStringSubmatch(kv); m != nil {
			_, value, _ := strings.Cut(kv, "=")
			add(strings.ReplaceAll(strings.ToLower(m[1]), "_", "-"), value)
		}
	}
	if len(out) == 0 {
		for _, name := range s.layers.names("repositories") {
			v, _ := s.get("repositories", name, "url")
			add(name, text(v))
		}
	}
	for _, source := range sources {
		if source.URL != "" {
			add(source.Name, source.URL)
		}
	}
	add("PyPI", index.PyPI)
	return out
}

// withUser puts the user and password that are configured for a URL's host into
// it, unless it has its own: those of the repository that it shares most of its
// path with.
func (s poetrySettings) withUser(raw string, repositories []repository) string {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil {
		return raw
	}
	best, shared := -1, -1
	for i, other := range repositories {
		if other.url.Host != u.Host || other.url.Scheme == "https" && u.Scheme != "https" {
			continue
		}
		if n := sharedSegments(u.Path, other.url.Path); n > shared {
			best, shared = i, n
		}
	}
	if best < 0 {
		return raw
	}
	user, _ := s.get("http-basic", repositories[best].name, "username")
	password, _ := s.get("http-basic", repositories[best].name, "password")
	if text(user) == "" && text(password) == "" {
		return raw
	}
	u.User = url.UserPassword(text(user), text(password))
	return u.String()
}

// sharedSegments counts how far two paths are the same; the shorter of two counts
// more where all of it is shared.
func sharedSegments(path, own string) int {
	split := func(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == '/' }) }
	a, b := split(path), split(own)
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n == len(b) {
		return 2*n + 1
	}
	return 2 * n
}

// poetryCerts notes the certificates that are configured for repositories. Roots
// of a repository's own beat the environment's, but a variable beats them.
func (r *reader) poetryCerts(repositories []repository, settings poetrySettings) {
	for _, repo := range repositories {
		for _, key := range []string{"verify", "cert"} {
			v, origin := settings.get("certificates", repo.name, key)
			if v == nil {
				continue
			}
			r.config.poetry.certs = append(r.config.poetry.certs, poetryVariable("certificates", repo.name, "verify"),
				poetryVariable("certificates", repo.name, "cert")) // which is all that Poetry before 2.5 asks for
			switch v := v.(type) {
			case string:
				r.config.CertFiles = append(r.config.CertFiles, Setting{r.abs(v), origin})
			case bool:
				if !v {
					r.addInsecure(repo.url.Host, origin)
				}
			}
			break // verify beats cert
		}
		if v, origin := settings.get("certificates", repo.name, "client-cert"); text(v) != "" {
			r.config.ClientCerts = append(r.config.ClientCerts, ClientCert{Cert: r.abs(text(v)), Host: repo.url.Host, Origin: origin})
		}
	}
}

// poetryChild is what a Poetry that Assay runs must be told.
type poetryChild struct {
	read  bool
	certs []string // the variables that are stronger than its settings of certificates
	kept  []pair   // the folders that are below its cache and are no cache
}

// child finds the folders that would move with the cache: the environments, which
// lie below it unless something says otherwise.
func (s poetrySettings) child() poetryChild {
	c := poetryChild{read: true}
	cache := s.cache
	if v, _ := s.get("cache-dir"); text(v) != "" {
		cache = text(v)
	}
	for _, keys := range [][]string{{"virtualenvs", "path"}, {"python", "installation-dir"}} {
		v, _ := s.get(keys...)
		path := text(v)
		if path == "" && keys[0] == "virtualenvs" {
			path = filepath.Join("{cache-dir}", "virtualenvs")
		}
		if strings.Contains(path, "{cache-dir}") && cache != "" {
			c.kept = append(c.kept, pair{poetryVariable(keys...), strings.ReplaceAll(path, "{cache-dir}", cache)})
		}
	}
	return c
}

// poetryBehind reads what a Poetry must be told that another command may start. A
// file that cannot be read is none of that command's business: such a Poetry keeps
// its cache, and that is noted.
func (r *reader) poetryBehind() {
	settings, err := r.poetrySettings()
	var p *pyproject
	if err == nil {
		p, _, err = r.poetryProject(&settings)
	}
	if err != nil {
		r.around("a Poetry that the command starts, whose settings cannot be read: %v", err)
		return
	}
	r.config.poetry = settings.child()
	r.poetryCerts(settings.repositories(p.poetrySources()), settings)
}

// poetryEnvironment returns the variables that lead Poetry to Assay's cache and
// roots, and leave its environments where they are.
func poetryEnvironment(s Setup) []pair {
	c := s.Config.poetry
	var out []pair
	for _, name := range c.certs {
		out = append(out, pair{name, s.BundlePath})
	}
	if s.CacheDir != "" && c.read {
		out = append(out, pair{"POETRY_CACHE_DIR", filepath.Join(s.CacheDir, "poetry")})
		out = append(out, c.kept...)
	}
	return out
}
