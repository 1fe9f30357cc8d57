package installer

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assay/internal/index"
)

// Config is what an installer is configured with, as far as Assay needs it.
type Config struct {
	Tool    Tool
	Command string // the installer's own command: "install", "pip install", "sync"; empty where unknown
	Runner  bool   // goes on to run an application, whose connections are its own

	// Indexes are the indexes in the order in which the installer asks them.
	// Empty where it is told to ask none.
	Indexes []Index
	// FindLinks are further places with files: pages of links, or folders.
	FindLinks []Link
	// Sources are what is asked for by other means than an index.
	Sources []Source
	// CertFiles are files of roots that the configuration names beside the
	// environment's, and ClientCerts are client certificates.
	CertFiles   []Setting
	ClientCerts []ClientCert
	// Insecure are the hosts ("host" or "host:port") whose certificates the
	// person told the tool not to verify.
	Insecure []Setting
	// Proxies are the person's own proxies as the tool's files name them. Those of
	// the environment are read by [Proxy].
	Proxies Proxies
	// Around lists, for reports, what may bring in files that Assay does not
	// see: one clause each, such as "--cache-dir on the command line".
	Around []string
	// Files are the configuration files that were read.
	Files []string

	poetry poetryChild
}

// Index is one configured index.
type Index struct {
	URL    *url.URL      // the base of its Simple API, without credentials
	User   *url.Userinfo // the credentials that its URL carried; nil where none
	Name   string        // the name that uv, Poetry or PDM give it
	Origin string        // where it is configured: "PIP_INDEX_URL", "/etc/pip.conf:3", "default"
	Extra  bool          // asked beside the installer's main index
}

// Base returns the index's URL with its credentials, as the index client takes
// it. It must not be shown.
func (i Index) Base() string {
	u := *i.URL
	u.User = i.User
	return u.String()
}

// Link is a place with files. Where is a path, or a URL without user, password and
// query: with what its path has in it pages are compared, so it must not be shown.
type Link struct {
	Where  string
	Origin string
	Local  bool   // a path or a file URL: its files do not come through the proxy
	Path   string // absolute, where Local
}

// Setting is a value with where it was set.
type Setting struct{ Value, Origin string }

// ClientCert is a certificate by which the person shows itself to an index.
type ClientCert struct {
	Cert   string // the absolute path of a PEM file
	Key    string // the same; empty where the key is in Cert
	Host   string // the index that it is for: "host" or "host:port"; empty for every one
	Origin string
}

// Options are what a reading depends on beside the configuration itself.
type Options struct {
	// TheirCache says that installers keep the person's caches, so that a cache
	// named on the command line goes around nothing.
	TheirCache bool
}

// ConfigError means that a configuration cannot be read. Its text names the
// file and, where it is known, the line.
type ConfigError struct {
	File   string // or the variable or flag
	Line   int    // 0 where unknown
	Detail string
}

// Error returns "FILE:LINE: DETAIL".
func (e *ConfigError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Detail)
	}
	return e.File + ": " + e.Detail
}

// Read recognises the command and reads its configuration: from env, from the
// files that belong to it as seen from cwd, and from args, which begin with the
// program, with the requirements files that they name. Of a command that it does
// not know (and of none) it reads pip's and uv's configuration, because either
// may be what the command calls. The error is a [*ConfigError], an [*AroundError] or one of the file system.
func Read(env Environ, cwd string, args []string, o Options) (Config, error) {
	cmd := recognise(args)
	r := &reader{env: env, cwd: cwd, cmd: cmd, options: o, config: Config{Tool: cmd.tool, Command: cmd.command, Runner: cmd.runner}}
	var readers []func() error
	switch cmd.tool {
	case Pip, PipTools:
		readers = []func() error{r.pip}
	case UV:
		r.mainLast = true
		readers = []func() error{r.uv}
	case Poetry:
		readers = []func() error{r.poetry}
	case PDM:
		readers = []func() error{r.pdm}
	default:
		r.poetryBehind()
		readers = r.pipOrUV()
		if cmd.tool == Build {
			readers = append(readers, r.buildAsked)
		}
	}
	for _, read := range readers {
		if err := read(); err != nil {
			return Config{}, err
		}
	}
	if r.noIndex {
		r.config.Indexes = nil
	} else if !r.hasMain {
		if err := r.addMain("", index.PyPI, "default"); err != nil {
			return Config{}, err
		}
	}
	if r.mainLast {
		slices.SortStableFunc(r.config.Indexes, func(a, b Index) int {
			return cmp.Compare(rank(a), rank(b))
		})
	}
	return r.config, nil
}

// rank orders indexes as uv asks them: the main one last.
func rank(i Index) int {
	if i.Extra {
		return 0
	}
	return 1
}

// pipOrUV are the readers for a command that asks through pip, through uv, or
// through either.
func (r *reader) pipOrUV() []func() error {
	backend := ""
	switch r.cmd.tool {
	case Pipx: // pip's arguments are pipx's own, whichever is behind it
		if s, _ := pipxGrammar.parse(r.cmd.args).last("backend"); s.Value == "pip" {
			backend = "pip"
		}
	case Build:
		s, _ := buildGrammar.parse(r.cmd.args).last("backend")
		backend = cmp.Or(s.Value, "pip")
	}
	switch backend {
	case "pip":
		return []func() error{r.pip}
	case "uv":
		r.mainLast = true
		return []func() error{r.uv}
	}
	return []func() error{r.pip, r.uv}
}

// reader gathers one configuration.
type reader struct {
	env     Environ
	cwd     string
	cmd     command
	options Options
	config  Config

	hasMain  bool // something says which index is the main one
	noIndex  bool // something says that there is none
	mainLast bool // the main index is asked last
}

// around notes something that may bring in files unseen.
func (r *reader) around(format string, args ...any) {
	r.config.Around = append(r.config.Around, fmt.Sprintf(format, args...))
}

// addMain adds the main index, in front.
func (r *reader) addMain(name, raw, origin string) error {
	r.hasMain = true
	before := len(r.config.Indexes)
	if err := r.add(name, raw, origin, false); err != nil {
		return err
	}
	if after := r.config.Indexes; len(after) > before {
		r.config.Indexes = append([]Index{after[before]}, after[:before]...)
	}
	return nil
}

// add adds an index at the end. One that is there already is left out.
func (r *reader) add(name, raw, origin string, extra bool) error {
	raw = strings.TrimSpace(raw)
	if isLocal(raw) {
		return r.addLink(raw, origin)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return &ConfigError{File: origin, Detail: fmt.Sprintf("%q is not the URL of an index", index.RedactString(raw))}
	}
	if len(r.config.Indexes) == maxIndexes {
		return &ConfigError{File: origin, Detail: fmt.Sprintf("more than %d indexes are configured", maxIndexes)}
	}
	i := Index{URL: u, User: u.User, Name: name, Origin: origin, Extra: extra}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	key := strings.TrimSuffix(index.Key(u), "/")
	for n, have := range r.config.Indexes {
		if strings.TrimSuffix(index.Key(have.URL), "/") == key {
			r.config.Indexes[n].Extra = have.Extra && extra
			return nil
		}
	}
	r.config.Indexes = append(r.config.Indexes, i)
	return nil
}

// addLink adds a place with files.
func (r *reader) addLink(raw, origin string) error {
	if isLocal(raw) {
		r.config.FindLinks = append(r.config.FindLinks, Link{Where: raw, Origin: origin, Local: true, Path: r.localPath(raw)})
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return &ConfigError{File: origin, Detail: "a place with files is not a URL that can be read"}
	}
	at := *u
	at.User, at.RawQuery, at.Fragment, at.RawFragment = nil, "", "", ""
	where := at.String()
	if u.RawQuery != "" {
		where += "?…"
	}
	r.config.FindLinks = append(r.config.FindLinks, Link{Where: where, Origin: origin})
	return nil
}

// isLocal reports whether an installer takes s for a path and not for a URL.
func isLocal(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	return !ok || len(scheme) < 2 || strings.EqualFold(scheme, "file") || strings.ContainsAny(scheme, `/\.`)
}

// localPath is the absolute path that a path or a file URL stands for.
func (r *reader) localPath(s string) string {
	if u, err := url.Parse(s); err == nil && strings.EqualFold(u.Scheme, "file") {
		s = filepath.FromSlash(u.Path)
	}
	return r.abs(s)
}

// file reads a configuration file. A missing one is nil, unless it was asked
// for by name.
func (r *reader) file(path string, named bool) ([]byte, error) {
	data, err := readCapped(path, maxConfigFile)
	var dir *fs.PathError
	switch {
	case err == nil:
		r.config.Files = append(r.config.Files, path)
		return data, nil
	case !named && (errors.Is(err, fs.ErrNotExist) || errors.As(err, &dir) && isDir(path)):
		return nil, nil
	}
	return nil, err
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// readCapped reads a file of at most limit bytes. A pipe or device is not read:
// it might never end.
func readCapped(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return readRegular(path, info, limit)
}

// readRegular reads a file of which info is known.
func readRegular(path string, info fs.FileInfo, limit int64) ([]byte, error) {
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	b.Grow(int(min(info.Size(), limit)) + bytes.MinRead)
	_, err = b.ReadFrom(io.LimitReader(f, limit+1))
	data := b.Bytes()
	if err == nil && int64(len(data)) > limit {
		err = &ConfigError{File: path, Detail: fmt.Sprintf("the file is larger than %d bytes", limit)}
	}
	return data, err
}

// abs resolves a path against the folder in which the installer runs.
func (r *reader) abs(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/' || rest[0] == '\\') {
		return filepath.Join(r.home(), rest)
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.cwd, path)
}

// home is the person's home folder, empty where the environment has none.
func (r *reader) home() string { return home(r.env) }

func home(env Environ) string {
	v, _ := env.first("HOME", "USERPROFILE")
	return v
}
