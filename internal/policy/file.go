package policy

import (
	"fmt"
	"strings"

	"assay"
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
	root, err := readTree(name, data)
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
	root, err := readTree(name, data)
	if err != nil {
		return nil, err
	}
	tool := root.get("tool")
	if tool == nil || tool.value.kind != kindTable || tool.value.get("assay") == nil {
		return nil, nil
	}
	own := tool.value.get("assay")
	if own.value.kind != kindTable {
		return nil, &Error{Problems: []Problem{{name, own.line, "tool.assay is a table, not " + own.value.kind.String()}}}
	}
	return readFile(name, &own.value)
}

// reader reads one file and collects what is wrong with it.
type reader struct {
	problems
	tables int
	whens  int
}

// origin is where something is written.
func (r *reader) origin(line int) string { return at(r.file, line) }

func readFile(name string, root *value) (*File, error) {
	r := &reader{problems: problems{file: name}}
	f := &File{Name: name, exact: map[string]*table{}}
	r.each(root, "at the top of the file", fields{
		"mode":      func(e *entry) { f.defaults.mode = word(r, e, modes) },
		"defaults":  func(e *entry) { r.defaults(f, e) },
		"project":   func(e *entry) { r.tablesOf(e, func(v *value) { r.project(f, v) }) },
		"exception": func(e *entry) { r.tablesOf(e, func(v *value) { r.exception(f, v) }) },
	})
	if err := r.err(); err != nil {
		return nil, err
	}
	return f, nil
}

// defaults reads [defaults].
func (r *reader) defaults(f *File, e *entry) {
	if e.value.kind != kindTable {
		r.add(e.line, "defaults is a table, not %s: write [defaults]", e.value.kind)
		return
	}
	s := &f.defaults
	keys := r.common(s)
	keys["vcs"] = func(e *entry) { s.vcs = word(r, e, vcsWords) }
	keys["allow_http"] = func(e *entry) { s.plainHTTP = r.hosts(e) }
	r.each(&e.value, "in [defaults]", keys)
}

// common are the keys that stand in [defaults] and in a [[project]].
func (r *reader) common(s *settings) fields {
	return fields{
		"evidence":       func(e *entry) { s.evidence = word(r, e, requirements) },
		"cooldown":       func(e *entry) { s.cooldown = r.duration(e) },
		"sdist":          func(e *entry) { s.sdist = word(r, e, sdistWords) },
		"on_unavailable": func(e *entry) { s.onUnavailable = word(r, e, unavailableWords) },
		"require":        func(e *entry) { s.require = r.require(e) },
	}
}

// project reads a [[project]].
func (r *reader) project(f *File, v *value) {
	t := &table{line: v.line}
	s := &t.settings
	named := false
	keys := r.common(s)
	keys["name"] = func(e *entry) { t.name, named = r.glob(e), true }
	keys["publisher"] = func(e *entry) { s.publishers = r.publishers(e) }
	keys["index"] = func(e *entry) { s.indexes = r.indexes(e) }
	keys["deny"] = func(e *entry) { s.deny = r.verdict(e) }
	keys["warn"] = func(e *entry) { s.warn = r.verdict(e) }
	keys["when"] = func(e *entry) { t.when = r.condition(e) }
	r.each(v, "in a [[project]]", keys)
	if !named {
		r.add(v.line, "a [[project]] needs a name: name = \"django\", or a glob such as \"acme-*\"")
	}
	for _, e := range v.keys {
		if e.key != "name" && e.key != "when" {
			t.keys = append(t.keys, e.key)
		}
	}
	if n := len(s.publishers.value); s.require.value > n && n > 0 {
		r.add(v.get("require").line, "require = %d, and there are only %d publishers", s.require.value, n)
	}
	r.place(f, t, v.get("when") != nil)
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
		r.add(t.line, "there is a [[project]] for %s already, at line %d: put both into one, or give one a 'when'", t.name.pattern, before.line)
		return
	}
	f.exact[t.name.pattern] = t // a glob's pattern is no project's name, so it is never found by one
	if t.name.wild {
		f.globs = append(f.globs, t)
	}
}

// exception reads an [[exception]].
func (r *reader) exception(f *File, v *value) {
	x := &exception{line: v.line, waiver: assay.Waiver{Origin: r.origin(v.line)}}
	keys := fields{
		"project":  func(e *entry) { x.project = r.glob(e) },
		"version":  func(e *entry) { x.version = r.version(e) },
		"identity": func(e *entry) { x.waiver.Identity = r.identity(e, &e.value) },
		"allow":    func(e *entry) { x.waiver.Codes = r.codes(e) },
		"until":    func(e *entry) { x.waiver.Until = r.until(e) },
		"reason":   func(e *entry) { x.waiver.Reason = r.text(e, &e.value) },
	}
	r.each(v, "in an [[exception]]", keys)
	for _, need := range []struct{ key, example string }{
		{"project", `project = "foo"`}, {"allow", `allow = ["cooldown.young"]`},
		{"until", "until = 2026-12-31"}, {"reason", `reason = "ticket 4711"`},
	} {
		if v.get(need.key) == nil {
			r.add(v.line, "an [[exception]] needs %s: %s", need.key, need.example)
		}
	}
	f.exceptions = append(f.exceptions, x)
}

// fields are the keys of a table, each with what reads it.
type fields map[string]func(*entry)

// each reads the keys of a table. Where is how a message says which table it is.
func (r *reader) each(v *value, where string, known fields) {
	for _, e := range v.keys {
		if read, ok := known[e.key]; ok {
			read(e)
			continue
		}
		r.unknown(e, where, known)
	}
}

// tablesOf reads an array of tables.
func (r *reader) tablesOf(e *entry, read func(*value)) {
	if e.value.kind == kindTable {
		r.add(e.line, "[%s] is a single table: write [[%s]], with two brackets", e.key, e.key)
		return
	}
	if e.value.kind != kindList {
		r.add(e.line, "%s is a list of tables, not %s: write [[%s]]", e.key, e.value.kind, e.key)
		return
	}
	for i := range e.value.items {
		v := &e.value.items[i]
		if r.tables++; r.tables > maxTables {
			r.add(v.line, "more than %d tables", maxTables)
			return
		}
		if v.kind != kindTable {
			r.add(v.line, "%s is a list of tables, and one of its entries is %s", e.key, v.kind)
			continue
		}
		read(v)
	}
}

// noEvidence are keys whose evidence does not exist yet.
var noEvidence = map[string]string{"openpgp": "OpenPGP signatures", "malware": "malware feeds", "vulnerable": "advisories", "lookalike": "look-alike names"}

// elsewhere says where a key stands that is known, and stands in the wrong place.
var elsewhere = map[string]string{
	"mode": "it holds for the whole run, and stands at the top of the file", "vcs": "it holds for the whole run, and stands in [defaults]",
	"allow_http": "it holds for the whole run, and stands in [defaults]", "name": "it stands in a [[project]]",
	"publisher": "it stands in a [[project]]", "index": "it stands in a [[project]]", "when": "it stands in a [[project]]",
	"deny": "it stands in a [[project]]", "warn": "it stands in a [[project]]", "evidence": "it stands in [defaults] or in a [[project]]",
	"cooldown": "it stands in [defaults] or in a [[project]]", "sdist": "it stands in [defaults] or in a [[project]]",
	"on_unavailable": "it stands in [defaults] or in a [[project]]", "require": "it stands in [defaults] or in a [[project]]",
	"allow": "it stands in an [[exception]]", "until": "it stands in an [[exception]]", "reason": "it stands in an [[exception]]",
}

// unknown says what is wrong with a key that does not belong where it is.
func (r *reader) unknown(e *entry, where string, known fields) {
	if what, ok := noEvidence[e.key]; ok {
		r.add(e.line, "%s: assay does not look at %s yet, so nothing would come of it: leave the key out", e.key, what)
		return
	}
	words := sortedKeys(known)
	message := fmt.Sprintf("there is no key %s %s", quoted(e.key), where)
	if at, ok := elsewhere[e.key]; ok {
		r.add(e.line, "%s: %s", message, at)
		return
	}
	r.add(e.line, "%s: %s", message, meant(e.key, words))
}
