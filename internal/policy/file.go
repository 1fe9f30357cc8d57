package policy

import (
	"fmt"
	"strings"

	"assay"

	"assay/internal/tomlfile"
)

// File is one policy, as a person wrote it.
type File struct {
	// Name is what messages call it.
	Name string

	defaults   settings
	exact      map[string]*table // without a condition
	globs      []*table          // without a condition, in the file's order
	whens      []*table          // with one, in the file's order
	tables     []*table          // all of them, in the file's order
	exceptions []*exception
}

// table is a [[project]].
type table struct {
	line     int
	name     glob
	when     *condition
	settings settings
	keys     []string // those that it sets, beside name and when
}

// exception is an [[exception]].
type exception struct {
	line    int
	project glob
	version string // canonical; empty for any
	waiver  assay.Waiver
}

// Parse reads a policy file, an assay.toml. Name is what messages call it. The error
// is an [*Error].
func Parse(name string, data []byte) (*File, error) {
	root, err := tomlfile.Read(name, data)
	if err != nil {
		return nil, err
	}
	return readFile(name, root)
}

// ParsePyproject reads the policy of a pyproject.toml, its table tool.assay. Without
// such a table it returns nil. The error is an [*Error]; a file that is no TOML
// without a mention of assay is none, as it is others' to complain about.
func ParsePyproject(name string, data []byte) (*File, error) {
	if len(data) <= MaxFile && !strings.Contains(string(data), "assay") {
		return nil, nil
	}
	root, err := tomlfile.Read(name, data)
	if err != nil {
		return nil, err
	}
	tool := root.Get("tool")
	if tool == nil || tool.Value.Kind != tomlfile.Table || tool.Value.Get("assay") == nil {
		return nil, nil
	}
	own := tool.Value.Get("assay")
	if own.Value.Kind != tomlfile.Table {
		return nil, &tomlfile.Error{Problems: []tomlfile.Problem{{File: name, Line: own.Line, Detail: "tool.assay is a table, not " + own.Value.Kind.String()}}}
	}
	return readFile(name, &own.Value)
}

// reader reads one file and collects what is wrong with it.
type reader struct {
	tomlfile.Problems
	tables int
	whens  int
}

// origin is where something is written.
func (r *reader) origin(line int) string { return tomlfile.At(r.File, line) }

func readFile(name string, root *tomlfile.Value) (*File, error) {
	r := &reader{Problems: tomlfile.Problems{File: name}}
	f := &File{Name: name, exact: map[string]*table{}}
	r.each(root, "at the top of the file", fields{
		"mode":      func(e *tomlfile.Entry) { f.defaults.mode = word(r, e, modes) },
		"defaults":  func(e *tomlfile.Entry) { r.defaults(f, e) },
		"project":   func(e *tomlfile.Entry) { r.tablesOf(e, func(v *tomlfile.Value) { r.project(f, v) }) },
		"exception": func(e *tomlfile.Entry) { r.tablesOf(e, func(v *tomlfile.Value) { r.exception(f, v) }) },
	})
	if err := r.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// defaults reads [defaults].
func (r *reader) defaults(f *File, e *tomlfile.Entry) {
	if e.Value.Kind != tomlfile.Table {
		r.Add(e.Line, "defaults is a table, not %s: write [defaults]", e.Value.Kind)
		return
	}
	s := &f.defaults
	keys := r.common(s)
	keys["vcs"] = func(e *tomlfile.Entry) { s.vcs = word(r, e, vcsWords) }
	keys["allow_http"] = func(e *tomlfile.Entry) { s.plainHTTP = r.hosts(e) }
	r.each(&e.Value, "in [defaults]", keys)
}

// common are the keys that stand in [defaults] and in a [[project]].
func (r *reader) common(s *settings) fields {
	return fields{
		"evidence":       func(e *tomlfile.Entry) { s.evidence = word(r, e, requirements) },
		"cooldown":       func(e *tomlfile.Entry) { s.cooldown = r.duration(e) },
		"sdist":          func(e *tomlfile.Entry) { s.sdist = word(r, e, sdistWords) },
		"on_unavailable": func(e *tomlfile.Entry) { s.onUnavailable = word(r, e, unavailableWords) },
		"require":        func(e *tomlfile.Entry) { s.require = r.require(e) },
	}
}

// project reads a [[project]].
func (r *reader) project(f *File, v *tomlfile.Value) {
	t := &table{line: v.Line}
	s := &t.settings
	named := false
	keys := r.common(s)
	keys["name"] = func(e *tomlfile.Entry) { t.name, named = r.glob(e), true }
	keys["publisher"] = func(e *tomlfile.Entry) {
		named := r.publishers(e)
		s.publishers = opt[[]assay.Publisher]{append(named.value, s.publishers.value...), named.at}
	}
	keys["openpgp"] = func(e *tomlfile.Entry) { r.keys(e, s, assay.GrantOpenPGP) }
	keys["ssh"] = func(e *tomlfile.Entry) { r.keys(e, s, assay.GrantSSH) }
	keys["signatures"] = func(e *tomlfile.Entry) { s.signatures = r.signatures(e) }
	keys["signature"] = func(e *tomlfile.Entry) { s.places = r.places(e) }
	keys["index"] = func(e *tomlfile.Entry) { s.indexes = r.indexes(e) }
	keys["deny"] = func(e *tomlfile.Entry) { s.deny = r.verdict(e) }
	keys["warn"] = func(e *tomlfile.Entry) { s.warn = r.verdict(e) }
	keys["when"] = func(e *tomlfile.Entry) { t.when = r.condition(e) }
	r.each(v, "in a [[project]]", keys)
	if !named {
		r.Add(v.Line, "a [[project]] needs a name: name = \"django\", or a glob such as \"acme-*\"")
	}
	for _, e := range v.Keys {
		if (e.Key == "openpgp" || e.Key == "ssh") && t.name.wild && t.name.prefix == "" {
			r.Add(e.Line, "%s: no key may sign projects of any name: write the project's name, or a glob that begins as all of theirs do, such as \"acme-*\"", e.Key)
		}
		if e.Key != "name" && e.Key != "when" {
			t.keys = append(t.keys, e.Key)
		}
	}
	if n := len(s.publishers.value); s.require.value > n && n > 0 {
		r.Add(v.Get("require").Line, "require = %d, and there are only %d publishers", s.require.value, n)
	}
	r.place(f, t, v.Get("when") != nil)
}

// place puts a table where it belongs.
func (r *reader) place(f *File, t *table, conditional bool) {
	f.tables = append(f.tables, t)
	if conditional {
		if t.when != nil {
			f.whens = append(f.whens, t)
		}
		return
	}
	if before, ok := f.exact[t.name.pattern]; ok && t.name.pattern != "" {
		r.Add(t.line, "there is a [[project]] for %s already, at line %d: put both into one, or give one a 'when'", t.name.pattern, before.line)
		return
	}
	f.exact[t.name.pattern] = t // a glob's pattern is no project's name, so it is never found by one
	if t.name.wild {
		f.globs = append(f.globs, t)
	}
}

// exception reads an [[exception]].
func (r *reader) exception(f *File, v *tomlfile.Value) {
	x := &exception{line: v.Line, waiver: assay.Waiver{Origin: r.origin(v.Line)}}
	keys := fields{
		"project":  func(e *tomlfile.Entry) { x.project = r.glob(e) },
		"version":  func(e *tomlfile.Entry) { x.version = r.version(e) },
		"identity": func(e *tomlfile.Entry) { x.waiver.Identity = r.identity(e, &e.Value) },
		"allow":    func(e *tomlfile.Entry) { x.waiver.Codes = r.codes(e) },
		"until":    func(e *tomlfile.Entry) { x.waiver.Until = r.until(e) },
		"reason":   func(e *tomlfile.Entry) { x.waiver.Reason = r.text(e, &e.Value) },
	}
	r.each(v, "in an [[exception]]", keys)
	for _, need := range []struct{ key, example string }{
		{"project", `project = "foo"`}, {"allow", `allow = ["cooldown.young"]`},
		{"until", "until = 2026-12-31"}, {"reason", `reason = "ticket 4711"`},
	} {
		if v.Get(need.key) == nil {
			r.Add(v.Line, "an [[exception]] needs %s: %s", need.key, need.example)
		}
	}
	f.exceptions = append(f.exceptions, x)
}

// fields are the keys of a table, each with what reads it.
type fields map[string]func(*tomlfile.Entry)

// each reads the keys of a table. Where is how a message says which table it is.
func (r *reader) each(v *tomlfile.Value, where string, known fields) {
	for _, e := range v.Keys {
		if read, ok := known[e.Key]; ok {
			read(e)
			continue
		}
		r.unknown(e, where, known)
	}
}

// tablesOf reads an array of tables.
func (r *reader) tablesOf(e *tomlfile.Entry, read func(*tomlfile.Value)) {
	if e.Value.Kind == tomlfile.Table {
		r.Add(e.Line, "[%s] is a single table: write [[%s]], with two brackets", e.Key, e.Key)
		return
	}
	if e.Value.Kind != tomlfile.List {
		r.Add(e.Line, "%s is a list of tables, not %s: write [[%s]]", e.Key, e.Value.Kind, e.Key)
		return
	}
	for i := range e.Value.Items {
		v := &e.Value.Items[i]
		if r.tables++; r.tables > maxTables {
			r.Add(v.Line, "more than %d tables", maxTables)
			return
		}
		if v.Kind != tomlfile.Table {
			r.Add(v.Line, "%s is a list of tables, and one of its entries is %s", e.Key, v.Kind)
			continue
		}
		read(v)
	}
}

// noEvidence are keys whose evidence does not exist yet.
var noEvidence = map[string]string{"malware": "malware feeds", "vulnerable": "advisories", "lookalike": "look-alike names"}

// elsewhere says where a key stands that is known, and stands in the wrong place.
var elsewhere = map[string]string{
	"mode": "it holds for the whole run, and stands at the top of the file", "vcs": "it holds for the whole run, and stands in [defaults]",
	"allow_http": "it holds for the whole run, and stands in [defaults]", "name": "it stands in a [[project]]",
	"publisher": "it stands in a [[project]]", "openpgp": "it stands in a [[project]]", "ssh": "it stands in a [[project]]",
	"signatures": "it stands in a [[project]]", "signature": "it stands in a [[project]]", "index": "it stands in a [[project]]", "when": "it stands in a [[project]]",
	"deny": "it stands in a [[project]]", "warn": "it stands in a [[project]]", "evidence": "it stands in [defaults] or in a [[project]]",
	"cooldown": "it stands in [defaults] or in a [[project]]", "sdist": "it stands in [defaults] or in a [[project]]",
	"on_unavailable": "it stands in [defaults] or in a [[project]]", "require": "it stands in [defaults] or in a [[project]]",
	"allow": "it stands in an [[exception]]", "until": "it stands in an [[exception]]", "reason": "it stands in an [[exception]]",
}

// unknown says what is wrong with a key that does not belong where it is.
func (r *reader) unknown(e *tomlfile.Entry, where string, known fields) {
	if what, ok := noEvidence[e.Key]; ok {
		r.Add(e.Line, "%s: assay does not look at %s yet, so nothing would come of it: leave the key out", e.Key, what)
		return
	}
	words := sortedKeys(known)
	message := fmt.Sprintf("there is no key %s %s", tomlfile.Quoted(e.Key), where)
	if at, ok := elsewhere[e.Key]; ok {
		r.Add(e.Line, "%s: %s", message, at)
		return
	}
	r.Add(e.Line, "%s: %s", message, tomlfile.Meant(e.Key, words))
}
