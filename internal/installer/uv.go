package installer

import (
	"regexp"
	"slices"
	"strings"
)

// uv reads uv's configuration.
func (r *reader) uv() error {
	given := flags{}
	if r.cmd.tool == UV {
		given = uvGrammar(r.cmd.command).parse(r.cmd.args)
	}
	if dir := r.flagOrVariable(given, "directory", "UV_WORKING_DIR"); dir != "" {
		r.cwd = r.abs(dir)
	}
	files, err := r.uvFiles(given)
	if err != nil {
		return err
	}
	if err := r.uvAround(given, files); err != nil {
		return err
	}
	if err := r.uvIndexes(given, files); err != nil {
		return err
	}
	if err := r.uvAsked(given); err != nil || !r.uvTakesProject() {
		return err
	}
	return r.lockAbove(r.abs(r.flagOrVariable(given, "project", "UV_PROJECT")), "uv.lock", uvLock)
}

// uvAround refuses what is stronger than the environment that Assay sets: a
// proxy in any of uv's files, behind which uv does not look at the environment
// for either scheme, and two options. Weaker are cache-dir, no-proxy and
// system-certs in its files.
func (r *reader) uvAround(given flags, files []uvFile) error {
	tool := r.cmd.tool
	if tool == Other {
		tool = UV
	}
	for _, f := range files {
		for _, p := range []struct{ name, value string }{{"http-proxy", f.HTTPProxy}, {"https-proxy", f.HTTPSProxy}} {
			if p.value != "" {
				return aroundProxy(tool, p.name, Setting{p.value, f.origin})
			}
		}
	}
	if s, ok := given.last("cert"); ok {
		return aroundCert(tool, "cert", s)
	}
	if s, ok := given.last("cache-dir"); ok && !r.options.TheirCache {
		return aroundCache(tool, "cache-dir", s.Origin)
	}
	insecure := given["insecure"]
	for _, v := range strings.Fields(r.env.Get("UV_INSECURE_HOST")) {
		insecure = append(insecure, Setting{v, "UV_INSECURE_HOST"})
	}
	for _, f := range files {
		for _, v := range f.Insecure {
			insecure = append(insecure, Setting{v, f.origin})
		}
	}
	for _, s := range insecure {
		origin := s.Origin
		if origin == "--insecure" {
			origin = "--allow-insecure-host"
		}
		r.addInsecure(s.Value, origin)
	}
	if path := r.env.Get("SSL_CLIENT_CERT"); path != "" {
		r.config.ClientCerts = append(r.config.ClientCerts, ClientCert{Cert: r.abs(path), Origin: "SSL_CLIENT_CERT"})
	}
	return nil
}

// uvAtVersion finds a tool's name with the version that uv is to take of it
// ("ruff@0.6.0", "ruff@latest"), which elsewhere would be a path.
var uvAtVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(\[[^\]]*\])?@(latest|v?[0-9][0-9A-Za-z.!+]*)$`)

// uvAsked reads the requirements files that uv is given, and notes what it is
// asked to take from elsewhere than an index.
func (r *reader) uvAsked(given flags) error {
	if r.cmd.tool != UV {
		return nil
	}
	asked := given[words]
	switch r.cmd.command {
	case "pip install", "tool install":
		asked = asked[2:]
	case "tool run":
		asked = asked[min(2, len(asked)):]
	case "add":
		asked = asked[1:]
	case "pip compile", "pip sync":
		if err := r.requirementFiles(asked[2:]); err != nil {
			return err
		}
		fallthrough
	default:
		asked = nil
	}
	if given.given("from") {
		asked = given["from"] // the word is the application's name
	}
	if r.cmd.command != "pip install" && given.given("editable") {
		if err := r.askEditable(asked); err != nil {
			return err
		}
		asked = nil
	}
	for _, s := range given["with"] {
		for _, one := range strings.Split(s.Value, ",") {
			asked = append(asked, Setting{one, s.Origin})
		}
	}
	if strings.HasPrefix(r.cmd.command, "tool ") {
		asked = slices.DeleteFunc(slices.Clone(asked), func(s Setting) bool { return uvAtVersion.MatchString(s.Value) })
	}
	if err := r.askAll(asked); err != nil {
		return err
	}
	editable := given["with-editable"]
	if r.cmd.command == "pip install" {
		editable = append(editable, given["editable"]...)
	}
	if err := r.askEditable(editable); err != nil {
		return err
	}
	return r.requirementFiles(r.uvRequirements(given))
}

// uvRequirements are the files of requirements that uv reads: those of options,
// else of the variables in their place.
func (r *reader) uvRequirements(given flags) []Setting {
	out := append(given["requirement"], given["with-requirements"]...)
	for _, o := range []struct{ name, variable string }{{"constraint", "UV_CONSTRAINT"}, {"override", "UV_OVERRIDE"},
		{"build-constraint", "UV_BUILD_CONSTRAINT"}, {"exclude", "UV_EXCLUDE"}} {
		out = append(out, r.flagOr(given, o.name, o.variable)...)
	}
	return out
}

// flagOrVariable returns an option's last value, or the variable's.
func (r *reader) flagOrVariable(given flags, flag, variable string) string {
	if s, ok := given.last(flag); ok {
		return s.Value
	}
	if r.cmd.tool != UV {
		return ""
	}
	return r.env.Get(variable)
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
		r.noIndex = true
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
				r.noIndex = true
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
	out := slices.Clone(given["find-links"])
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
	for _, s := range given[flag] {
		for _, v := range strings.Fields(s.Value) {
			out = append(out, Setting{v, s.Origin})
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
