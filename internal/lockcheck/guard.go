package lockcheck

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"assay"
	"assay/internal/lockfile"
	"assay/internal/pypi"
)

// Guard says of files that an installer asks for whether locks hold them. It asks no
// index: a file is in a lock by its project, its version and its hash alone.
type Guard struct {
	names    []string         // of the locks
	projects map[string][]pin // entries that come from an index
	urls     map[string][]pin // entries that come from a URL, by where
	vcs      bool
}

// pin is one entry of a lock.
type pin struct {
	lockfile.Package
	version string // canonical; empty where it pins none
	public  bool   // the version stands for those with a local part too
	digests []assay.Digest
	weak    string // the algorithm of a hash that decides nothing
}

// NewGuard returns the guard of some locks: what any of them holds may pass.
func NewGuard(locks ...*lockfile.Lock) *Guard {
	g := &Guard{projects: map[string][]pin{}, urls: map[string][]pin{}}
	for _, lock := range locks {
		g.names = append(g.names, lock.Name)
		asked := map[string]bool{}
		for _, p := range lock.Packages {
			if !p.Constraint {
				asked[p.Name] = true
				g.add(lock.Format, p)
			}
		}
		for _, p := range lock.Packages { // beside an entry of its own a constraint lets nothing more in
			if p.Constraint && !p.OnlyNarrows() && !asked[p.Name] {
				g.add(lock.Format, p)
			}
		}
	}
	return g
}

func (g *Guard) add(format lockfile.Format, p lockfile.Package) {
	e := pin{Package: p}
	if v, err := pypi.ParseVersion(p.Version); err == nil && p.Version != "" {
		e.version = v.Canonical()
		e.public = format == lockfile.Requirements && !strings.Contains(e.version, "+")
	}
	for _, h := range p.Hashes {
		e.hold(h.Digest, h.Weak)
	}
	for _, f := range p.Files {
		for _, d := range f.Digests {
			e.hold(d, "")
		}
		for _, weak := range f.Weak {
			e.hold(assay.Digest{}, weak)
		}
	}
	if p.Source.Kind == lockfile.VCS {
		g.vcs = true
	}
	if p.Source.Kind == lockfile.URL {
		key := urlKey(p.Source.Where)
		g.urls[key] = append(g.urls[key], e)
	}
	if p.Name != "" {
		g.projects[p.Name] = append(g.projects[p.Name], e)
	}
}

func (p *pin) hold(d assay.Digest, weak string) {
	if weak != "" {
		p.weak = algorithm(weak)
		return
	}
	p.digests = append(p.digests, d)
}

// FromVCS reports whether any entry comes from version control.
func (g *Guard) FromVCS() bool { return g.vcs }

// Pins reports whether a lock has an entry for a release, wherever it comes from; an entry
// without a version is for all of them.
func (g *Guard) Pins(project, version string) bool {
	return slices.ContainsFunc(g.projects[project], func(p pin) bool { return p.version == "" || p.isOf(version) })
}

// TakesElsewhere reports whether a lock has an entry for a project that comes from no
// index: from a folder, a file, version control or a URL.
func (g *Guard) TakesElsewhere(project string) bool {
	return slices.ContainsFunc(g.projects[project], func(p pin) bool { return !p.registry() })
}

// Names are those of the locks, for a message.
func (g *Guard) Names() string { return strings.Join(g.names, " and ") }

// urlKey is a URL without what says nothing about which file it is for.
func urlKey(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.User, u.RawQuery, u.Fragment, u.RawFragment = nil, "", "", ""
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	return u.String()
}

// Findings are what speaks against a file; none where it is in a lock. claims are what
// was verified of it; nil while nobody has looked, and then nothing is said of whom it
// comes from. Of a file of which no digest is known yet nothing is said about its
// hash: it is asked again with the digest that its bytes have.
func (g *Guard) Findings(a assay.Artifact, claims []assay.Claim) []assay.Finding {
	if entries := g.urls[urlKey(a.URL)]; a.URL != "" && len(entries) > 0 {
		return against(entries, a, claims)
	}
	all := g.projects[a.Project]
	if len(all) == 0 {
		verb := "names"
		if len(g.names) > 1 {
			verb = "name"
		}
		what := a.Project
		if what == "" {
			what = "such file"
		}
		return outside("%s %s no %s", g.Names(), verb, what)
	}
	var entries []pin
	for _, e := range all {
		switch {
		case !e.registry():
		case e.version == "":
			return []assay.Finding{{Code: assay.LockUnpinned, Detail: fmt.Sprintf("%s asks for %s", e.At, strings.TrimSpace(e.Spelled+" "+e.Specifier))}}
		case e.isOf(a.Version):
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		var has []string
		for _, e := range all[:min(len(all), maxNamed)] {
			if e.registry() {
				has = append(has, fmt.Sprintf("%s pins %s %s", e.At, e.Name, e.Version))
			} else {
				has = append(has, fmt.Sprintf("%s takes %s from %s", e.At, e.Name, elsewhere(e.Source)))
			}
		}
		return outside("%s", strings.Join(has, ", "))
	}
	return against(entries, a, claims)
}

// maxNamed bounds how many entries a message names.
const maxNamed = 3

func (p *pin) registry() bool { return p.Source.Kind == lockfile.Registry || p.Source.Kind == "" }

// isOf reports whether the entry is for a version.
func (p *pin) isOf(version string) bool {
	v, err := pypi.ParseVersion(version)
	if err != nil || version == "" {
		return false
	}
	have := v.Canonical()
	if p.public {
		have, _, _ = strings.Cut(have, "+")
	}
	return have == p.version
}

func outside(format string, args ...any) []assay.Finding {
	return []assay.Finding{{Code: assay.LockOutside, Detail: fmt.Sprintf(format, args...)}}
}

// against holds a file against the entries that are for its version.
func against(entries []pin, a assay.Artifact, claims []assay.Claim) []assay.Finding {
	var fitting []pin
	var bare, other *pin
	for i, e := range entries {
		switch {
		case len(e.digests) == 0:
			bare = &entries[i]
		case len(a.Digests) == 0 || slices.ContainsFunc(a.Digests, func(d assay.Digest) bool { return slices.Contains(e.digests, d) }):
			fitting = append(fitting, e)
		default:
			other = &entries[i]
		}
	}
	switch {
	case len(fitting) > 0:
	case bare != nil && bare.weak != "":
		return []assay.Finding{{Code: assay.LockWeakHash, Detail: fmt.Sprintf("%s has %s only", bare.At, bare.weak)}}
	case bare != nil:
		return []assay.Finding{{Code: assay.LockMissingHash, Detail: bare.At.String()}}
	case !comparable(other.digests, a.Digests):
		return outside("%s has %s only, and the index promises %s", other.At, algorithms(other.digests), algorithms(a.Digests))
	default:
		return outside("%s has other hashes for %s", other.At, other.what())
	}
	if claims == nil || len(a.Digests) == 0 {
		return nil // not known yet
	}
	var out []assay.Finding
	for _, e := range fitting {
		if place, f, bad := misidentified(e.Package, claims); bad {
			f.Detail = strings.Replace(f.Detail, ", and the lock names ", ", and "+place.String()+" names ", 1)
			out = append(out, f)
		}
	}
	return out
}

// what names the entry in a message.
func (p *pin) what() string {
	if p.Name == "" {
		return assay.ShownSource(p.Spelled)
	}
	return strings.TrimSpace(p.Name + " " + p.Version)
}

func comparable(a, b []assay.Digest) bool {
	return slices.ContainsFunc(a, func(d assay.Digest) bool {
		return slices.ContainsFunc(b, func(e assay.Digest) bool { return d.Algorithm == e.Algorithm })
	})
}

func algorithms(list []assay.Digest) string {
	var out []string
	for _, d := range list {
		if name := string(d.Algorithm); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, " and ")
}
