package lockfile

import (
	"slices"
	"strconv"
	"strings"

	"assay/internal/pypi"
	"assay/internal/tomlfile"
)

// uv reads a uv.lock.
func (r *reader) uv(root *tomlfile.Value) {
	e := entry{r, root}
	version, ok := e.whole("version")
	if !ok || version != 1 {
		r.add(e.line("version"), "assay reads version 1 of uv.lock, and this is another or says none")
		return
	}
	r.lock.Version = "1"
	if revision, ok := e.whole("revision"); ok {
		r.lock.Version += "." + strconv.FormatInt(revision, 10)
	}
	r.lock.RequiresPython = e.text("requires-python")
	packages := e.tables("package")
	if e.has("distribution") {
		packages = append(packages, e.tables("distribution")...) // as uv called them in the beginning
	}
	for _, p := range packages {
		if r.full {
			return
		}
		r.uvPackage(p)
	}
	if slices.ContainsFunc(packages, entry.uvStrange) {
		r.unmarked()
	}
	if manifest, ok := e.table("manifest"); ok {
		r.roots(manifest.t)
	}
}

// roots takes whatever is named in uv's manifest: members, requirements, groups of them.
func (r *reader) roots(v *tomlfile.Value) {
	switch {
	case r.full:
	case v.Kind == tomlfile.String:
		name, err := pypi.NormalizeName(v.Text)
		switch {
		case err != nil:
		case len(r.lock.Roots) == maxPackages:
			r.add(v.Line, "the manifest names more than %d projects", maxPackages)
			r.full = true
		default:
			r.lock.Roots = append(r.lock.Roots, name)
		}
	default:
		for i := range v.Keys {
			r.roots(&v.Keys[i].Value)
		}
		for i := range v.Items {
			r.roots(&v.Items[i])
		}
	}
}

// uvGroups are the keys of a package below which there are lists of what it asks for. The
// last two are one to uv.
var uvGroups = []string{"optional-dependencies", "dev-dependencies", "dependency-groups"}

// uvKnown are the other keys of a package that hold more than one value.
var uvKnown = []string{"source", "dependencies", "sdist", "wheels", "metadata", "resolution-markers", "environment-markers"}

// uvStrange reports whether a package has a key in which there may be others that it asks
// for, and under which markers nobody knows.
func (e entry) uvStrange() bool {
	return slices.ContainsFunc(e.t.Keys, func(k *tomlfile.Entry) bool {
		several := k.Value.Kind == tomlfile.Table || k.Value.Kind == tomlfile.List
		return several && !slices.Contains(uvGroups, k.Key) && !slices.Contains(uvKnown, k.Key)
	})
}

// uvNeeds reads what a package asks for: by itself, with extras, in groups.
func (e entry) uvNeeds() []Need {
	var out []Need
	take := func(list []entry) {
		for _, t := range list {
			n := Need{Marker: e.r.marker(t.line("marker"), t.text("marker"))}
			var err error
			if n.Name, err = pypi.NormalizeName(t.need("name", "what is needed")); err != nil {
				e.r.add(t.line("name"), "%s is not a project's name", quoted(t.text("name")))
			}
			if v, err := pypi.ParseVersion(t.text("version")); err == nil {
				n.Version = v.String()
			}
			if len(out) == maxNeeds {
				e.r.add(t.t.Line, "the entry needs more than %d others", maxNeeds)
				return
			}
			out = append(out, n)
		}
	}
	take(e.tables("dependencies"))
	for _, key := range uvGroups {
		groups, ok := e.table(key)
		if !ok {
			continue
		}
		for _, k := range groups.t.Keys {
			take(groups.tables(k.Key))
		}
	}
	return out
}

// uvKinds are the keys of uv's source tables.
var uvKinds = []struct {
	key  string
	kind SourceKind
}{
	{"registry", Registry}, {"git", VCS}, {"url", URL}, {"path", LocalFile},
	{"directory", Directory}, {"editable", Editable}, {"virtual", Virtual},
}

func (r *reader) uvPackage(e entry) {
	p, ok := e.begin()
	if !ok {
		return
	}
	s := site{table: e.t, header: r.headerOf(e.t, "package")}
	// Its resolution-markers say where the version was chosen. What is installed uv tells by
	// the markers of those who ask for it alone.
	r.marker(e.line("resolution-markers"), either(e.texts("resolution-markers")))
	p.Needs = e.uvNeeds()
	t, ok := e.table("source")
	if !ok {
		r.add(p.At.Line, "%s has no source", quoted(p.Spelled))
		return
	}
	t.uvSource(&p)
	if k := e.t.Get("sdist"); k != nil && k.Value.Kind == tomlfile.Table {
		f := entry{r, &k.Value}.uvFile(p)
		p.addFile(&s, f, &k.Value)
	} else if k != nil {
		r.add(k.Line, "sdist is %s, not %s", k.Value.Kind, tomlfile.Table)
	}
	for _, w := range e.tables("wheels") {
		p.addFile(&s, w.uvFile(p), w.t)
	}
	r.keep(p, s)
}

// uvSource reads where a package is from.
func (e entry) uvSource(p *Package) {
	r := e.r
	count := 0
	for _, k := range uvKinds {
		if !e.has(k.key) {
			continue
		}
		count++
		p.Source = Source{Kind: k.kind}
		where := e.text(k.key)
		if !strings.Contains(where, "://") && k.kind != VCS && k.kind != URL {
			if p.Source.Where = where; where == "" {
				r.add(e.line(k.key), "%s is empty", k.key)
			}
			continue
		}
		var fragment string
		p.Source.Where, fragment, p.Source.Secret = e.url(k.key)
		if k.kind == VCS {
			if p.Source.Revision = fragment; !isCommit(fragment) {
				r.add(e.line(k.key), "git names no commit")
			}
			p.Source.Where, _, _ = strings.Cut(p.Source.Where, "?")
		}
	}
	if count != 1 {
		r.add(e.t.Line, "the source of %s is none of those that assay knows, or more than one", quoted(p.Spelled))
		return
	}
	if p.Source.Kind == Registry {
		p.Index = p.Source.Where
		r.index(Index{Kind: Primary, URL: p.Index, Secret: p.Source.Secret, At: r.at(e.line("registry"))})
	}
}

func isCommit(s string) bool { return (len(s) == 40 || len(s) == 64) && hexadecimal.MatchString(s) }

// uvFile reads a table of wheels or an sdist. That of a URL or path may lie with its
// source alone.
func (e entry) uvFile(p Package) File {
	f := File{At: e.r.at(e.t.Line), Name: e.text("filename"), Size: e.size()}
	if !e.has("url") && !e.has("path") && f.Name == "" {
		switch p.Source.Kind {
		case URL:
			f.URL, f.Name = p.Source.Where, lastPart(p.Source.Where, true)
		case LocalFile:
			f.Path, f.Name = p.Source.Where, lastPart(p.Source.Where, false)
		}
	}
	e.located(&f)
	e.uploaded(&f)
	e.hash(&f)
	return f
}
