package installer

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// pipGrammar is what of pip's options matters here.
var pipGrammar = grammar{
	valued: map[string]string{
		"--index-url": "index-url", "--pypi-url": "index-url", "--extra-index-url": "extra-index-url",
		"--find-links": "find-links", "--proxy": "proxy", "--cert": "cert", "--client-cert": "client-cert",
		"--cache-dir": "cache-dir",
	},
	switches: map[string]string{"--no-index": "no-index", "--isolated": "isolated"},
	short: map[byte]string{'i': "index-url", 'f': "find-links", 'r': "", 'c': "", 'e': "", 't': "", 'd': "", 'b': "", 'w': "",
		'C': "", 'o': ""},
	abridged: true,
	others:   []string{"--pre", "--index", "--isolate", "--no-input"},
}

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

// pip reads pip's configuration.
func (r *reader) pip() error {
	given := flags{}
	command := "install"
	if r.cmd.tool == Pip {
		given = pipGrammar.parse(r.cmd.args)
		if r.cmd.command != "" {
			command = r.cmd.command
		}
	}
	settings, err := r.pipSettings(len(given["isolated"]) > 0)
	if err != nil {
		return err
	}
	get := func(names ...string) (Setting, bool) {
		if v, ok := given.last(names[0]); ok {
			return Setting{v, "--" + names[0]}, true
		}
		return settings.get(command, names...)
	}
	if err := r.pipProxy(get); err != nil {
		return err
	}
	r.pipCerts(given, get)
	if r.cmd.tool == Pip {
		if len(given["isolated"]) > 0 {
			r.around("--isolated, with which pip uses its usual cache")
		} else if len(given["cache-dir"]) > 0 {
			r.around("--cache-dir on the command line")
		}
	}
	return r.pipIndexes(given, settings, command, get)
}

func (r *reader) pipIndexes(given flags, settings pipSettings, command string, get func(...string) (Setting, bool)) error {
	links := appended(given, settings, command, "find-links")
	for _, s := range links {
		if err := r.addLink(s.Value, s.Origin); err != nil {
			return err
		}
	}
	if s, ok := get("no-index"); ok && truth(s.Value) {
		r.hasMain = true
		return nil
	}
	if s, ok := get("index-url", "pypi-url"); ok {
		if err := r.addMain("", s.Value, s.Origin); err != nil {
			return err
		}
	}
	for _, s := range appended(given, settings, command, "extra-index-url") {
		if err := r.add("", s.Value, s.Origin, true); err != nil {
			return err
		}
	}
	return nil
}

// appended returns the values of an option that may be given several times:
// those of the settings, of which one source counts, then the command line's.
func appended(given flags, settings pipSettings, command, name string) []Setting {
	var out []Setting
	if s, ok := settings.get(command, name); ok {
		for _, v := range strings.Fields(s.Value) {
			out = append(out, Setting{v, s.Origin})
		}
	}
	for _, v := range given[name] {
		out = append(out, Setting{v, "--" + name})
	}
	return out
}

// pipProxy refuses a proxy of pip's own. One in PIP_PROXY that is also the
// environment's is none of its own: pip is told Assay's instead.
func (r *reader) pipProxy(get func(...string) (Setting, bool)) error {
	s, ok := get("proxy")
	if !ok {
		return nil
	}
	if s.Origin == "PIP_PROXY" {
		if general, _ := r.env.first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"); general == s.Value {
			return nil
		}
	}
	return &AroundError{Tool: Pip, Setting: "proxy", Origin: s.Origin}
}

func (r *reader) pipCerts(given flags, get func(...string) (Setting, bool)) {
	if s, ok := get("cert"); ok {
		s.Value = r.abs(s.Value)
		r.config.CertFiles = append(r.config.CertFiles, s)
		if len(given["cert"]) > 0 {
			r.around("--cert on the command line, with which pip does not trust assay")
		}
	}
	if s, ok := get("client-cert"); ok {
		s.Value = r.abs(s.Value)
		r.config.ClientCerts = append(r.config.ClientCerts, ClientCert{Cert: s.Value, Origin: s.Origin})
	}
}

// pipSettings reads pip's files and environment.
func (r *reader) pipSettings(isolated bool) (pipSettings, error) {
	out := pipSettings{}
	for _, path := range r.pipFiles(isolated) {
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
func (r *reader) pipFiles(isolated bool) []string {
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
	if venv := r.env.Get("VIRTUAL_ENV"); venv != "" {
		files = append(files, filepath.Join(r.abs(venv), file))
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
