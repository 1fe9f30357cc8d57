package lockfile

import (
	"assay/internal/tomlfile"
)

// pylock reads a pylock.toml (PEP 751).
func (r *reader) pylock(root *tomlfile.Value) {
	e := entry{r, root}
	r.lock.Version = e.need("lock-version", "the lock")
	if r.lock.Version != "" && r.lock.Version != "1.0" {
		r.add(e.line("lock-version"), "lock-version is %s; assay reads 1.0", quoted(r.lock.Version))
		return
	}
	e.need("created-by", "the lock")
	r.lock.RequiresPython = e.text("requires-python")
	if !e.has("packages") {
		r.add(0, "the lock has no packages")
		return
	}
	for _, p := range e.tables("packages") {
		if r.full {
			return
		}
		r.pylockPackage(p)
	}
}

func (r *reader) pylockPackage(e entry) {
	p, ok := e.begin()
	if !ok {
		return
	}
	s := site{table: e.t, header: r.headerOf(e.t, "packages")}
	p.Marker = r.marker(e.line("marker"), e.text("marker"))
	if e.has("index") {
		var secret bool
		p.Index, _, secret = e.url("index")
		if p.Index != "" {
			r.index(Index{Kind: Primary, URL: p.Index, Secret: secret, At: r.at(e.line("index"))})
		}
	}
	kinds := 0
	if e.has("sdist") || e.has("wheels") {
		kinds++
		p.Source = Source{Kind: Registry, Where: p.Index}
		if t, ok := e.table("sdist"); ok {
			p.addFile(&s, t.pylockFile(), t.t)
		}
		for _, t := range e.tables("wheels") {
			p.addFile(&s, t.pylockFile(), t.t)
		}
	}
	if t, ok := e.table("archive"); ok {
		kinds++
		f := t.pylockFile()
		p.Source = Source{Kind: URL, Where: f.URL}
		if f.Path != "" {
			p.Source = Source{Kind: LocalFile, Where: f.Path}
		}
		p.addFile(&s, f, t.t)
	}
	if t, ok := e.table("vcs"); ok {
		kinds++
		p.Source = Source{Kind: VCS, Revision: t.need("commit-id", "vcs")}
		t.need("type", "vcs")
		t.where(&p.Source)
	}
	if t, ok := e.table("directory"); ok {
		kinds++
		p.Source = Source{Kind: Directory, Where: t.need("path", "directory")}
		if t.flag("editable") {
			p.Source.Kind = Editable
		}
	}
	if kinds != 1 {
		r.add(p.At.Line, "%s has %s of wheels and sdist, archive, vcs and directory", quoted(p.Spelled), map[bool]string{true: "none", false: "more than one"}[kinds == 0])
	}
	r.identities(e, &p)
	r.keep(p, s)
}

// where reads url or path of a checkout.
func (e entry) where(s *Source) {
	switch {
	case e.has("url") && e.has("path"):
		e.r.add(e.t.Line, "there are a url and a path, and readers choose differently")
	case e.has("url"):
		s.Where, _, s.Secret = e.url("url")
	default:
		s.Where = e.need("path", "the source")
	}
}

// pylockFile reads a table of wheels, an sdist or an archive.
func (e entry) pylockFile() File {
	f := File{At: e.r.at(e.t.Line), Name: e.text("name"), Size: e.size()}
	if !e.has("url") && !e.has("path") {
		e.r.add(e.t.Line, "the file has neither a url nor a path")
		return File{}
	}
	e.located(&f)
	e.uploaded(&f)
	hashes, ok := e.table("hashes")
	if !ok {
		return f
	}
	if len(hashes.t.Keys) > maxOfFile {
		e.r.add(hashes.t.Line, "the file has more than %d hashes", maxOfFile)
		return f
	}
	for _, k := range hashes.t.Keys {
		d, weak, err := parseHash(k.Key, hashes.text(k.Key))
		if err == nil {
			err = f.put(d, weak)
		}
		if err != nil {
			e.r.add(k.Line, "%v", err)
		}
	}
	return f
}

// identities reads attestation-identities.
func (r *reader) identities(e entry, p *Package) {
	const key = "attestation-identities"
	p.HasIdentities = e.has(key)
	for _, t := range e.tables(key) {
		id := Identity{Kind: t.need("kind", "the attestation identity"), Fields: map[string]string{}, At: r.at(t.t.Line)}
		if t.has("kind") && id.Kind == "" {
			r.add(t.line("kind"), "the attestation identity's kind is empty")
		}
		if len(t.t.Keys) > maxFields {
			r.add(t.t.Line, "the attestation identity has more than %d keys", maxFields)
			continue
		}
		for _, k := range t.t.Keys {
			if k.Key != "kind" {
				id.Fields[k.Key] = t.text(k.Key)
			}
		}
		p.Identities = append(p.Identities, id)
	}
}
