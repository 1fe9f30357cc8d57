package installer

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// pipSettings are pip's settings from files and environment, by
// "section.option". The environment's section is ":env:".
type pipSettings map[string]Setting

// get returns what holds for an option that may have several names, as pip
// orders it: the command's section beats [global], the environment beats both,
// whichever file they are in. Empty values do not count.
func (p pipSettings) get(command string, names ...string) (Setting, bool) {
	var found Setting
	for _, section := range []string{"global", command, ":env:"} {
		for _, name := range names {
			if s := p[section+"."+name]; s.Value != "" {
				found = s
			}
		}
	}
	return found, found.Value != ""
}

// get returns a pip's setting: the command line's, else what holds of the others.
func (p pipRun) get(names ...string) (Setting, bool) {
	if s, ok := p.given.last(names[0]); ok {
		return s, true
	}
	return p.settings.get(p.command, names...)
}

// appended returns the values of an option that may be given several times:
// those of the settings, of which one source counts, then the command line's.
func (p pipRun) appended(name string) []Setting {
	var out []Setting
	if s, ok := p.settings.get(p.command, name); ok {
		for _, v := range strings.Fields(s.Value) {
			out = append(out, Setting{v, s.Origin})
		}
	}
	return append(out, p.given[name]...)
}

// pipRun is how pip is about to run: itself, or behind another tool.
type pipRun struct {
	given    flags
	settings pipSettings
	command  string // whose section of the files holds
	isolated bool
}

// pip reads pip's configuration.
func (r *reader) pip() error {
	p, err := r.pipFlags()
	if err != nil {
		return err
	}
	read := len(r.config.Files)
	if p.settings, err = r.pipSettings(p.isolated, r.pythonPrefix()); err != nil {
		return err
	}
	if s, ok := p.get("python"); ok && r.cmd.tool == Pip {
		// pip starts itself anew in that Python, and reads that one's file.
		r.config.Files = r.config.Files[:read]
		if p.settings, err = r.pipSettings(p.isolated, r.prefixOf(s.Value)); err != nil {
			return err
		}
	}
	for _, step := range []func(pipRun) error{r.pipAround, r.pipIndexes, r.pipAsked} {
		if err := step(p); err != nil {
			return err
		}
	}
	return nil
}

// pipFlags returns what the command line says to pip.
func (r *reader) pipFlags() (pipRun, error) {
	p := pipRun{given: flags{}, command: "install"}
	switch r.cmd.tool {
	case Pip:
		p.given = pipGrammar.parse(r.cmd.args)
		p.isolated = slices.Contains(r.cmd.args, "--isolated") // pip looks for just this
		if r.cmd.command != "" {
			p.command = r.cmd.command
		}
	case PipTools:
		var err error
		if p.given, err = r.pipToolsFlags(); err != nil {
			return p, err
		}
		p.isolated = p.given.given("isolated")
	case Pipx:
		p.given = r.pipxFlags()
		p.isolated = p.given.given("isolated")
	}
	return p, nil
}

// pipAround refuses what is stronger than the environment that Assay sets, and
// takes over what is weaker.
func (r *reader) pipAround(p pipRun) error {
	if s, ok := p.given.last("cache-dir"); ok && !r.options.TheirCache {
		return aroundCache(r.cmd.tool, "cache-dir", s.Origin)
	}
	if p.isolated && !r.options.TheirCache {
		return aroundCache(r.cmd.tool, "isolated", "--isolated")
	}
	if s, ok := p.given.last("proxy"); ok {
		return aroundProxy(r.cmd.tool, "proxy", s)
	}
	if s, ok := p.get("proxy"); ok {
		if p.isolated {
			return aroundProxy(r.cmd.tool, "proxy", s) // PIP_PROXY is not read then
		}
		r.config.Proxies.HTTP, r.config.Proxies.HTTPS = s, s
	}
	if s, ok := p.get("no-proxy-env"); ok && truth(s.Value) && p.isolated {
		// Neither PIP_PROXY nor the common variables are read then.
		return &AroundError{Tool: r.cmd.tool, Setting: "no-proxy-env", Origin: s.Origin, effect: "send %s around assay",
			hint: "leave it out, or --isolated"}
	}
	// REQUESTS_CA_BUNDLE is stronger than every other setting of pip's roots.
	if s, ok := p.get("cert"); ok && s.Origin != "PIP_CERT" {
		s.Value = r.abs(s.Value)
		r.config.CertFiles = append(r.config.CertFiles, s)
	}
	if s, ok := p.get("client-cert"); ok {
		r.config.ClientCerts = append(r.config.ClientCerts, ClientCert{Cert: r.abs(s.Value), Origin: s.Origin})
	}
	for _, s := range p.appended("trusted-host") {
		r.addInsecure(s.Value, s.Origin)
	}
	return nil
}

func (r *reader) pipIndexes(p pipRun) error {
	for _, s := range p.appended("find-links") {
		if err := r.addLink(s.Value, s.Origin); err != nil {
			return err
		}
	}
	if s, ok := p.get("no-index"); ok && truth(s.Value) {
		r.noIndex = true
		return nil
	}
	if s, ok := p.get("index-url", "pypi-url"); ok {
		if err := r.addMain("", s.Value, s.Origin); err != nil {
			return err
		}
	}
	for _, s := range p.appended("extra-index-url") {
		if err := r.add("", s.Value, s.Origin, true); err != nil {
			return err
		}
	}
	return nil
}

// pipAsked reads the requirements files that pip is given, and notes what it is
// asked to take from elsewhere than an index.
func (r *reader) pipAsked(p pipRun) error {
	switch {
	case r.cmd.tool == Pip && !pipAsks[r.cmd.command]:
		return nil
	case r.cmd.tool == Pip:
		if asked := p.given[words]; len(asked) > 1 {
			if err := r.askAll(asked[1:]); err != nil { // behind the command
				return err
			}
		}
	case r.cmd.tool == Pipx:
		if err := r.pipxAsked(); err != nil {
			return err
		}
	case r.cmd.tool == PipTools:
		if err := r.requirementFiles(r.pipToolsFiles(p)); err != nil {
			return err
		}
	}
	if err := r.askEditable(p.appended("editable")); err != nil {
		return err
	}
	for _, name := range []string{"requirement", "constraint", "build-constraint"} {
		if err := r.requirementFiles(p.appended(name)); err != nil {
			return err
		}
	}
	return nil
}

// pipAsks are the commands of pip that take requirements.
var pipAsks = set("install download wheel lock")

// pipSettings reads pip's files and environment. prefix is the folder of the
// Python that runs it; empty where that cannot be told.
func (r *reader) pipSettings(isolated bool, prefix string) (pipSettings, error) {
	out := pipSettings{}
	for _, path := range r.pipFiles(isolated, prefix) {
		data, err := r.file(path, false)
		if err != nil {
			return nil, err
		}
		entries, err := parseINI(path, data)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			out[e.section+"."+pipOption(e.key)] = Setting{e.value, fmt.Sprintf("%s:%d", path, e.line)}
		}
	}
	if isolated {
		return out, nil
	}
	for _, kv := range r.env {
		key, value, _ := strings.Cut(kv, "=")
		if name, ok := strings.CutPrefix(key, "PIP_"); ok {
			out[":env:."+pipOption(name)] = Setting{value, key}
		}
	}
	return out, nil
}

// pipFiles returns pip's configuration files, the weakest first.
func (r *reader) pipFiles(isolated bool, prefix string) []string {
	named := r.env.Get("PIP_CONFIG_FILE")
	if named == os.DevNull {
		return nil
	}
	file := "pip.conf"
	if runtime.GOOS == "windows" {
		file = "pip.ini"
	}
	files := r.pipGlobal(file)
	if !isolated && (named == "" || !exists(r.abs(named))) {
		files = append(files, r.pipUser(file)...)
	}
	if prefix != "" {
		files = append(files, filepath.Join(prefix, file))
	}
	if named != "" {
		files = append(files, r.abs(named))
	}
	return files
}

func (r *reader) pipGlobal(file string) []string {
	switch runtime.GOOS {
	case "windows":
		return under(r.env.Get("PROGRAMDATA"), "pip", file)
	case "darwin":
		return []string{filepath.Join("/Library/Application Support/pip", file)}
	}
	dirs := r.env.Get("XDG_CONFIG_DIRS")
	if dirs == "" {
		dirs = "/etc/xdg"
	}
	var files []string
	for _, dir := range filepath.SplitList(dirs) {
		files = append(files, under(dir, "pip", file)...)
	}
	return append(files, filepath.Join("/etc", file))
}

func (r *reader) pipUser(file string) []string {
	switch runtime.GOOS {
	case "windows":
		return append(under(r.home(), "pip", file), under(r.env.Get("APPDATA"), "pip", file)...)
	case "darwin":
		if dir := filepath.Join(r.home(), "Library/Application Support/pip"); isDir(dir) {
			return append(under(r.home(), ".pip", file), filepath.Join(dir, file))
		}
		return append(under(r.home(), ".pip", file), under(r.home(), ".config/pip", file)...)
	}
	return append(under(r.home(), ".pip", file), under(configHome(r.env), "pip", file)...)
}

// configHome is the folder of the person's configuration (XDG Base Directory).
func configHome(env Environ) string {
	if dir := env.Get("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	if h := home(env); h != "" {
		return filepath.Join(h, ".config")
	}
	return ""
}

// under is the path below dir; none where there is no dir.
func under(dir string, elem ...string) []string {
	if dir == "" {
		return nil
	}
	return []string{filepath.Join(append([]string{dir}, elem...)...)}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// pipOption brings an option's name into the form that pip compares.
func pipOption(s string) string {
	s = strings.ReplaceAll(strings.ToLower(s), "_", "-")
	return strings.TrimPrefix(s, "--")
}
