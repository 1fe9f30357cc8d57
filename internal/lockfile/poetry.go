package lockfile

import (
	"regexp"
	"slices"
	"strings"

	"assay/internal/pypi"
	"assay/internal/tomlfile"
)

var (
	poetryVersion = regexp.MustCompile(`^(1\.[01]|2\.\d{1,3})$`)
	pdmVersion    = regexp.MustCompile(`^4(\.\d{1,3}){0,2}$`)
	pdmBare       = regexp.MustCompile(`^4(\.0*[0-4](\.0*)?|\.0*[0-3]\..*)?$`) // before 4.4.1
)

// poetry reads a poetry.lock.
func (r *reader) poetry(root *tomlfile.Value) {
	e := entry{r, root}
	meta, ok := e.table("metadata")
	if !ok {
		r.add(0, "the lock has no metadata")
		return
	}
	r.lock.Version = meta.need("lock-version", "the lock")
	if r.lock.Version != "" && !poetryVersion.MatchString(r.lock.Version) {
		r.add(meta.line("lock-version"), "lock-version is %s; assay reads 1.0, 1.1 and 2", quoted(r.lock.Version))
		return
	}
	r.lock.RequiresPython = meta.text("python-versions")
	packages := e.tables("package")
	times := map[string]int{}
	for _, p := range packages {
		if name := p.t.Get("name"); name != nil {
			normal, _ := pypi.NormalizeName(name.Value.Text)
			times[normal]++
		}
	}
	old := r.poetryFiles(meta)
	for _, p := range packages {
		if r.full {
			return
		}
		r.poetryPackage(p, old, times)
	}
	if major, minor, _ := strings.Cut(r.lock.Version, "."); major == "1" || strings.Trim(minor, "0") == "" {
		r.unmarked() // before 2.1 Poetry resolves anew from what entries depend on
	}
}

// unmarked takes all markers off a lock whose markers do not tell what is installed.
func (r *reader) unmarked() {
	for i := range r.lock.Packages {
		p := &r.lock.Packages[i]
		p.Marker = ""
		for n := range p.Needs {
			p.Needs[n].Marker = ""
		}
	}
}

// poetryFiles reads metadata.files, where locks before 2.0 have all files, by the
// project.
func (r *reader) poetryFiles(meta entry) map[string]entryList {
	files, ok := meta.table("files")
	if !ok {
		return nil
	}
	out := map[string]entryList{}
	for _, k := range files.t.Keys {
		normal, err := pypi.NormalizeName(k.Key)
		if err != nil {
			r.add(k.Line, "%s is not a project's name", quoted(k.Key))
			continue
		}
		if _, twice := out[normal]; twice {
			r.add(k.Line, "the files of %s are there twice", quoted(k.Key))
		}
		out[normal] = files.tables(k.Key)
	}
	return out
}

type entryList []entry

func (r *reader) poetryPackage(e entry, old map[string]entryList, times map[string]int) {
	p, ok := e.begin()
	if !ok {
		return
	}
	s := site{table: e.t, header: r.headerOf(e.t, "package")}
	if p.Version == "" {
		if !e.has("version") {
			r.add(p.At.Line, "%s has no version", quoted(p.Spelled))
		}
		return
	}
	e.poetrySource(&p)
	e.poetryGroups(&p)
	if e.has("files") {
		for _, t := range e.tables("files") {
			p.addFile(&s, t.namedFile(), t.t)
		}
	} else {
		for _, t := range old[p.Name] {
			if len(p.Files) > maxFiles {
				break
			}
			f := t.namedFile()
			// Such a list is that of all versions together.
			if v := fileVersion(p.Name, f.Name); times[p.Name] > 1 && v != "" && v != p.Version {
				continue
			}
			p.addFile(&s, f, t.t)
		}
	}
	r.keep(p, s)
}

// namedFile reads {file = "…", hash = "…"} or {url = "…", hash = "…"}.
func (e entry) namedFile() File {
	f := File{At: e.r.at(e.t.Line), Name: e.text("file"), Size: e.size()}
	if !e.has("file") && !e.has("url") {
		e.r.add(e.t.Line, "the file has neither a name nor a url")
		return File{}
	}
	e.located(&f)
	e.uploaded(&f)
	e.hash(&f)
	return f
}

// poetryGroups reads the groups and the marker, which may be one for each group. Poetry
// installs for a group without one everywhere, so that there is none unless each group that
// is named has its own, spelled like it. Of names that are not normalised its versions make
// different keys.
func (e entry) poetryGroups(p *Package) {
	groups := e.texts("groups")
	if p.Groups = groups; e.has("category") {
		p.Groups = append(slices.Clip(groups), e.text("category"))
	}
	k := e.t.Get("markers")
	if k == nil {
		return
	}
	if k.Value.Kind == tomlfile.String {
		p.Marker = e.r.marker(k.Line, e.text("markers"))
		return
	}
	t, ok := e.table("markers")
	if !ok {
		return
	}
	everywhere := len(groups) == 0
	for _, g := range groups {
		normal, err := pypi.NormalizeName(g)
		everywhere = everywhere || err != nil || normal != g || !t.has(g)
	}
	var all []string
	for _, m := range t.t.Keys {
		one := e.r.marker(m.Line, t.text(m.Key))
		all, everywhere = append(all, one), everywhere || one == ""
	}
	if !everywhere {
		p.Marker = either(all)
	}
}

// poetrySource reads [package.source]. Without one a package is from the index that
// Poetry takes where none is set.
func (e entry) poetrySource(p *Package) {
	r := e.r
	p.Source = Source{Kind: Registry}
	t, ok := e.table("source")
	if !ok {
		return
	}
	kind := t.need("type", "the source")
	s := &p.Source
	switch kind {
	case "legacy", "pypi":
		if t.has("url") {
			s.Where, _, s.Secret = t.url("url")
		}
		if p.Index = s.Where; p.Index != "" {
			r.index(Index{Kind: Primary, URL: p.Index, Name: t.text("reference"), Secret: s.Secret, At: r.at(t.line("url"))})
		}
	case "git", "hg", "svn":
		s.Kind = VCS
		s.Revision = t.need("resolved_reference", "the source")
		if where := t.need("url", "the source"); strings.Contains(where, "://") || scpLike.MatchString(where) {
			s.Where, _, s.Secret = t.url("url")
		} else {
			s.Where = where
		}
	case "url":
		s.Kind = URL
		t.need("url", "the source")
		s.Where, _, s.Secret = t.url("url")
	case "directory":
		s.Kind, s.Where = Directory, t.need("url", "the source")
		if e.flag("develop") {
			s.Kind = Editable
		}
	case "file":
		s.Kind, s.Where = LocalFile, t.need("url", "the source")
	default:
		r.add(t.line("type"), "assay knows no source of the type %s", quoted(kind))
	}
}

// pdm reads a pdm.lock.
func (r *reader) pdm(root *tomlfile.Value) {
	e := entry{r, root}
	meta, ok := e.table("metadata")
	if !ok {
		r.add(0, "the lock has no metadata")
		return
	}
	r.lock.Version = meta.need("lock_version", "the lock")
	if r.lock.Version != "" && !pdmVersion.MatchString(r.lock.Version) {
		r.add(meta.line("lock_version"), "lock_version is %s; assay reads 4", quoted(r.lock.Version))
		return
	}
	r.lock.Strategy = meta.texts("strategy")
	slices.Sort(r.lock.Strategy)
	for _, t := range meta.tables("targets") {
		if r.lock.RequiresPython == "" {
			r.lock.RequiresPython = t.text("requires_python")
		}
	}
	for _, p := range e.tables("package") {
		if r.full {
			return
		}
		r.pdmPackage(p)
	}
	if pdmBare.MatchString(r.lock.Version) || !slices.Contains(meta.texts("strategy"), "inherit_metadata") {
		r.unmarked() // PDM resolves anew from what entries depend on
	}
}

func (r *reader) pdmPackage(e entry) {
	p, ok := e.begin()
	if !ok {
		return
	}
	s := site{table: e.t, header: r.headerOf(e.t, "package")}
	p.Extras = r.extras(e.line("extras"), e.texts("extras"))
	p.Marker = r.marker(e.line("marker"), e.text("marker"))
	p.Groups = e.texts("groups")
	p.Source = Source{Kind: Registry}
	kinds := 0
	for _, system := range []string{"git", "hg", "svn", "bzr"} {
		if !e.has(system) {
			continue
		}
		kinds++
		p.Source.Kind = VCS
		p.Source.Revision = e.need("revision", "the package")
		p.Source.Where, _, p.Source.Secret = e.url(system)
	}
	if e.has("url") {
		kinds++
		p.Source.Kind = URL
		p.Source.Where, _, p.Source.Secret = e.url("url")
	}
	if e.has("path") {
		kinds++
		p.Source.Kind, p.Source.Where = Directory, e.text("path")
		switch {
		case e.flag("editable"):
			p.Source.Kind = Editable
		case pypi.IsDistribution(p.Source.Where):
			p.Source.Kind = LocalFile
		}
	}
	if kinds > 1 {
		r.add(p.At.Line, "%s has more than one source", quoted(p.Spelled))
	}
	for _, t := range e.tables("files") {
		p.addFile(&s, t.namedFile(), t.t)
	}
	r.keep(p, s)
}
