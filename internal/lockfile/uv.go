package lockfile

import (
	"strconv"
	"strings"

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
	p.Marker = r.marker(e.line("resolution-markers"), either(e.texts("resolution-markers")))
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
