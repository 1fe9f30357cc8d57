package lockfile

import (
	"bytes"
	"strings"

	"assay/internal/pypi"
)

// pipfile reads a Pipfile.lock.
func (r *reader) pipfile(f *file) {
	body := f.data
	if rest, ok := bytes.CutPrefix(body, []byte("\ufeff")); ok {
		body, f.bom = rest, len("\ufeff")
	}
	root, line, err := parseJSON(body)
	if err != nil {
		if !r.conflicts(body) {
			r.add(line, "not JSON: %v", err)
		}
		return
	}
	if root.kind != '{' {
		r.add(root.line, "the lock is no object")
		return
	}
	names, ok := r.pipfileMeta(root)
	if !ok {
		return
	}
	for _, m := range root.members {
		if m.key == "_meta" {
			continue
		}
		if m.value.kind != '{' {
			r.add(m.value.line, "the section %s is no object", quoted(m.key))
			continue
		}
		for _, p := range m.value.members {
			if r.full {
				return
			}
			r.pipfilePackage(m.key, p, names)
		}
	}
}

// pipfileMeta reads _meta, and returns its indexes by name.
func (r *reader) pipfileMeta(root *jsonValue) (map[string]string, bool) {
	meta := root.get("_meta")
	if meta == nil || meta.kind != '{' {
		r.add(0, "the lock has no _meta")
		return nil, false
	}
	spec := meta.get("pipfile-spec")
	if spec == nil || spec.kind != '0' || spec.text != "6" {
		r.add(meta.line, "assay reads pipfile-spec 6, and this is another or says none")
		return nil, false
	}
	r.lock.Version = spec.text
	if requires := meta.get("requires"); requires != nil {
		r.lock.RequiresPython = requires.str("python_full_version") + requires.str("python_version")
		if full := requires.str("python_full_version"); full != "" {
			r.lock.RequiresPython = full
		}
	}
	names := map[string]string{}
	sources := meta.get("sources")
	if sources == nil {
		return names, true
	}
	if sources.kind != '[' {
		r.add(sources.line, "sources is no list")
		return nil, false
	}
	for _, s := range sources.items {
		i := Index{Kind: Primary, Name: s.str("name"), At: r.at(s.line)}
		if v := s.get("verify_ssl"); v != nil {
			i.Unverified = v.text != "true"
		}
		raw := s.str("url")
		if strings.Contains(raw, "$") && !variableInCredentials(raw) {
			r.add(s.line, "the URL of the source %s holds a variable, whose value is not known", quoted(i.Name))
			continue
		}
		var err error
		if i.URL, _, i.Secret, err = cleanURL(raw); err != nil {
			r.add(s.line, "the source %s: %v", quoted(i.Name), err)
			continue
		}
		if _, twice := names[i.Name]; twice {
			r.add(s.line, "there are two sources %s", quoted(i.Name))
		}
		names[i.Name] = i.URL
		r.index(i)
	}
	return names, true
}

// pipfilePackage reads one entry of a section.
func (r *reader) pipfilePackage(section string, m jsonMember, names map[string]string) {
	o := m.value
	p := Package{At: r.at(m.line), Spelled: m.key, Groups: []string{section}, Source: Source{Kind: Registry}}
	if o.kind != '{' {
		r.add(m.line, "%s is no object", quoted(m.key))
		return
	}
	var err error
	if p.Name, err = pypi.NormalizeName(m.key); err != nil {
		r.add(m.line, "%s is not a project's name", quoted(m.key))
		return
	}
	for _, key := range []string{"version", "markers", "index", "git", "hg", "svn", "bzr", "ref", "path", "file", "url", "subdirectory"} {
		if v := o.get(key); v != nil && (v.kind != '"' || r.badText(v.text) != "") {
			r.add(v.line, "%s is no string that can be read", key)
			return
		}
	}
	if v := o.get("version"); v != nil && v.text != "*" {
		if p.Specifier = v.text; true {
			if p.Version, err = pinned(v.text); err != nil {
				r.add(v.line, "%v", err)
			}
		}
	}
	p.Marker = r.marker(m.line, o.str("markers"))
	if v := o.get("extras"); v != nil {
		p.Extras = r.extras(v.line, v.strings(r, "extras"))
	}
	if v := o.get("index"); v != nil {
		if url, ok := names[v.text]; ok {
			p.Index = url
		} else {
			r.add(v.line, "%s is none of the lock's sources", quoted(v.text))
		}
	}
	p.Source.Where = p.Index
	r.pipfileSource(o, &p)
	r.pipfileHashes(o, &p)
	r.keep(p, site{object: o})
}

// pipfileSource reads where an entry is from.
func (r *reader) pipfileSource(o *jsonValue, p *Package) {
	kinds := 0
	for _, key := range []string{"git", "hg", "svn", "bzr", "path", "file", "url"} {
		v := o.get(key)
		if v == nil {
			continue
		}
		kinds++
		p.Source = Source{Kind: URL}
		isURL := strings.Contains(v.text, "://")
		switch {
		case key == "path":
			p.Source.Kind, isURL = Directory, false
			if pypi.IsDistribution(v.text) {
				p.Source.Kind = LocalFile
			}
		case key == "file" && !isURL:
			p.Source.Kind = LocalFile
		case key != "file" && key != "url":
			p.Source.Kind = VCS
			if p.Source.Revision = o.str("ref"); p.Source.Revision == "" {
				r.add(v.line, "%s is there without a ref", key)
			}
		}
		p.Source.Where = v.text
		if isURL || p.Source.Kind == URL {
			var err error
			if p.Source.Where, _, p.Source.Secret, err = cleanURL(v.text); err != nil {
				r.add(v.line, "%s: %v", key, err)
			}
		}
	}
	if kinds > 1 {
		r.add(p.At.Line, "%s has more than one source", quoted(p.Spelled))
	}
	if v := o.get("editable"); v != nil && v.text == "true" && p.Source.Kind == Directory {
		p.Source.Kind = Editable
	}
}

func (r *reader) pipfileHashes(o *jsonValue, p *Package) {
	v := o.get("hashes")
	if v == nil {
		return
	}
	if v.kind != '[' {
		r.add(v.line, "hashes is no list")
		return
	}
	if len(v.items) > maxHashes {
		r.add(v.line, "%s has more than %d hashes", quoted(p.Spelled), maxHashes)
		return
	}
	seen := map[string]bool{}
	for _, item := range v.items {
		if item.kind != '"' {
			r.add(item.line, "hashes holds what is no string")
			return
		}
		d, weak, err := splitHash(item.text)
		if err != nil {
			r.add(item.line, "%v", err)
			continue
		}
		h := Hash{Digest: d, Weak: weak, At: r.at(item.line)}
		if !seen[h.text()] {
			p.Hashes = append(p.Hashes, h)
		}
		seen[h.text()] = true
	}
}

// str returns the string of a key, and empty where there is none.
func (v *jsonValue) str(key string) string {
	if m := v.get(key); m != nil && m.kind == '"' {
		return m.text
	}
	return ""
}

// strings returns the strings of a list.
func (v *jsonValue) strings(r *reader, key string) []string {
	if v.kind != '[' {
		r.add(v.line, "%s is no list", key)
		return nil
	}
	var out []string
	for _, item := range v.items {
		if item.kind != '"' {
			r.add(item.line, "%s holds what is no string", key)
			return nil
		}
		out = append(out, item.text)
	}
	return out
}
