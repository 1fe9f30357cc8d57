// Package lockcheck works out which distribution files a lock file stands for, and
// holds what the lock says of them against what the indexes say.
//
//	lock (lockfile.Lock) ──Expand──▶ []Wanted{Package, Files, Findings}
//	                          │
//	                          └─ Releases.Release(index, project, version): one page a project and index
//
// A file that the lock names is found on the page by its name, and its digests are
// compared; a hash that is tied to no name is found by the digest. Where installers go by
// the hashes all the same (PDM, Poetry), so are the names of the environment's files. An entry with
// neither stands for every file of its release. Where the entry or its lock names an
// index that is asked, else those that are configured, in their order: the next one
// only while something is missing on those before. For requirements, places with files
// (--find-links) come after them; with --no-index they are all that there is.
//
//	wanted, err := lockcheck.Expand(ctx, lock, releases, lockcheck.Options{Indexes: []string{"https://index.example/simple/"}})
//	wanted[0].Files[0]     // assay.Artifact: digests of page and lock, Index, URL, UploadTime, Provenance
//	wanted[0].Findings[0]  // requirements.txt:3: lock.other-digest, with the file that it is about
//
// The package asks nobody itself and reads no files.
package lockcheck

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"assay"
	"assay/internal/lockfile"
	"assay/internal/pypi"
)

// Release is what one index says of one release.
type Release struct {
	// Known says that the index has the project at all.
	Known bool
	// Files are the release's files in the page's order, with the project's name. Those
	// whose names do not tell their release have no Version. A version without a local
	// part stands for those with one too, as "==" of PEP 440 does.
	Files []assay.Artifact
	// Standing is what the index says of the project.
	Standing assay.Standing
	// Problem says why there is no answer: assay.PageUnavailable, assay.PageMalformed.
	Problem *assay.Finding
}

// Releases asks indexes, and other places with files. It is called from many goroutines, for all versions of one
// project one after the other. The error is a cancelled context or a bug.
type Releases interface {
	Release(ctx context.Context, index, project string, version pypi.Version) (Release, error)
	// Flat asks a page of links or a folder with files of any project (--find-links) for those
	// of a release.
	Flat(ctx context.Context, link lockfile.Index, project string, version pypi.Version) (Release, error)
}

// Options say how a lock is expanded.
type Options struct {
	// Indexes are the bases of the configured indexes, in order, as Releases takes them.
	Indexes []string
	// Links are the places with files that are configured beside them, for requirements.
	Links []lockfile.Index
	// Hosts are origins of files that belong to an index ("https://files.example" to
	// its base): a file there is looked for at that index too.
	Hosts map[string]string
	// Bytes says that all bytes are hashed before anything is said of a file: then it is
	// no matter in which algorithms the index promises them.
	Bytes bool
	// Hash reads a file's bytes and returns their digests in the algorithms of some, or why it
	// could not; nil where bytes are not to be read. It is called from many goroutines. The
	// error is a cancelled context or a bug.
	Hash func(ctx context.Context, a assay.Artifact, some []assay.Digest) ([]assay.Digest, *assay.Finding, error)
	// Environment narrows entries and files. The zero value takes those of every platform.
	Environment Environment
	// LeftOut is told of each entry that the environment leaves out for its markers; nil for
	// nobody.
	LeftOut func(lockfile.Package)
	// Only reports which entries are looked at; nil for all.
	Only func(lockfile.Package) bool
	// Parallel is how many projects are asked for at once; 16 where it is 0.
	Parallel int
	// Step is told of every entry that is done; nil for nobody.
	Step func(name string)
}

// Located is a finding with the line of the lock that it is about.
type Located struct {
	Place lockfile.Place
	// File is the file that it is about, as an index in Wanted.Files; -1 where it is
	// about the whole entry.
	File int
	assay.Finding
}

// Wanted is one entry of a lock with the files that it stands for.
type Wanted struct {
	Package lockfile.Package
	// Files are those that could be installed, each once. One that no index lists has
	// no Index, and what the lock says of it.
	Files []assay.Artifact
	// Places are the lines at which the lock names each of Files; the entry's own where
	// it names a file by nothing but a hash.
	Places []lockfile.Place
	// Flat are the places with files (--find-links) that some of Files come from, by their
	// index in Files.
	Flat map[int]string
	// Release are all files of the release on the index that it comes from, whether the
	// lock names them or not.
	Release  []assay.Artifact
	Findings []Located
	// Unfit says that the entry has files, and none of them fits the environment.
	Unfit bool
}

// Artifact is the entry as an artifact without a file, for findings about the whole.
func (w Wanted) Artifact() assay.Artifact {
	return assay.Artifact{Ecosystem: assay.PyPI, Project: cmp.Or(w.Package.Name, w.Package.Spelled), Version: w.Package.Version, Index: w.Package.Index}
}

// FindingsOf returns the findings about a file; about the whole entry for -1.
func (w Wanted) FindingsOf(file int) []Located {
	var out []Located
	for _, f := range w.Findings {
		if f.File == file {
			out = append(out, f)
		}
	}
	return out
}

func (w *Wanted) find(at lockfile.Place, file int, code assay.Code, detail string) {
	w.Findings = append(w.Findings, Located{Place: at, File: file, Finding: assay.Finding{Code: code, Detail: detail}})
}

func (w *Wanted) add(a assay.Artifact, at lockfile.Place) int {
	w.Files, w.Places = append(w.Files, a), append(w.Places, at)
	return len(w.Files) - 1
}

// Expand returns what each entry of a lock stands for, in the lock's order. Entries
// that only narrow others stand for nothing and are left out, and so are those that
// Options.Only does not take, and those whose markers keep them out of the environment.
// The error is that of a cancelled context, or a bug.
func Expand(ctx context.Context, lock *lockfile.Lock, releases Releases, o Options) ([]Wanted, error) {
	var packages []lockfile.Package
	leftOut := o.Environment.leavesOut(lock)
	for i, p := range lock.Packages {
		switch {
		case p.OnlyNarrows() || o.Only != nil && !o.Only(p):
		case !leftOut[i]:
			packages = append(packages, p)
		case o.LeftOut != nil:
			o.LeftOut(p)
		}
	}
	// The entries of one project one after the other: they share its page.
	byProject, order := map[string][]int{}, []string{}
	for i, p := range packages {
		if byProject[p.Name] == nil {
			order = append(order, p.Name)
		}
		byProject[p.Name] = append(byProject[p.Name], i)
	}
	out, errs := make([]Wanted, len(packages)), make([]error, len(order))
	slots := make(chan struct{}, cmp.Or(o.Parallel, defaultParallel))
	var wg sync.WaitGroup
	for n, name := range order {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			for _, i := range byProject[name] {
				x := expansion{lock: lock, releases: releases, o: o, w: Wanted{Package: packages[i]}}
				if errs[n] = x.expand(ctx); errs[n] != nil {
					return
				}
				out[i] = x.w
				if o.Step != nil {
					o.Step(packages[i].Name)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// defaultParallel is how many projects are asked for at once.
const defaultParallel = 16

// expansion is the work on one entry.
type expansion struct {
	lock     *lockfile.Lock
	releases Releases
	o        Options
	w        Wanted

	version pypi.Version
	asked   []answer
}

// answer is what one index said.
type answer struct {
	index string
	flat  bool // a place with files
	Release
}

func (x *expansion) expand(ctx context.Context) error {
	p := x.w.Package
	switch p.Source.Kind {
	case lockfile.Registry, "":
	case lockfile.Virtual:
		return nil // it is not installed
	default:
		x.unseen(p.At, elsewhere(p.Source))
		return nil
	}
	if inFolder(p.Index) {
		x.unseen(p.At, "files in the folder "+assay.ShownSource(p.Index))
		return nil
	}
	var err error
	if x.version, err = pypi.ParseVersion(p.Version); p.Version == "" || err != nil {
		x.w.find(p.At, -1, assay.LockUnpinned, cmp.Or(strings.TrimSpace(p.Specifier), "it names no version"))
		return nil
	}
	x.hashes()
	if len(p.Files) > 0 {
		err = x.named(ctx)
	} else {
		err = x.hashed(ctx)
	}
	x.w.Unfit = x.unfit()
	return err
}

// inFolder reports whether an index is no index, but a folder of this computer.
func inFolder(index string) bool {
	u, err := url.Parse(index)
	return index != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http")
}

// atHand reports whether a file lies on this computer.
func atHand(f lockfile.File) bool { return f.Path != "" && f.URL == "" }

// Unattestable are the entries that name who attested their files, and come from where
// nobody looks at them.
func Unattestable(lock *lockfile.Lock) []Located {
	var out []Located
	for _, p := range lock.Packages {
		if p.Constraint || len(p.Identities) == 0 {
			continue
		}
		x := expansion{w: Wanted{Package: p}}
		switch kind := p.Source.Kind; {
		case kind == lockfile.Virtual:
		case kind != lockfile.Registry && kind != "":
			x.unseen(p.At, elsewhere(p.Source))
		case inFolder(p.Index):
			x.unseen(p.At, "files in the folder "+assay.ShownSource(p.Index))
		}
		for _, f := range p.Files {
			if atHand(f) {
				x.unseen(f.At, "the file "+assay.ShownSource(f.Path))
			}
		}
		out = append(out, x.w.Findings...)
	}
	return out
}

// elsewhere says where an entry comes from that comes from no index.
func elsewhere(s lockfile.Source) string {
	what := map[lockfile.SourceKind]string{
		lockfile.URL: "a file behind the URL", lockfile.VCS: "a checkout of", lockfile.Directory: "the folder",
		lockfile.LocalFile: "the file", lockfile.Editable: "the folder",
	}[s.Kind]
	text := cmp.Or(what, string(s.Kind)) + " " + assay.ShownSource(s.Where)
	if s.Revision != "" {
		text += " at " + s.Revision
	}
	return text
}

// unseen reports what nobody looks at. Where the entry names who attested its files that
// refuses: of these nobody knows whether it did.
func (x *expansion) unseen(at lockfile.Place, what string) {
	if _, f, bad := misidentified(x.w.Package, nil); bad {
		x.w.find(at, -1, f.Code, strings.Replace(f.Detail, "it is attested by nobody", "it is "+what+", which nobody looks at", 1))
		return
	}
	x.w.find(at, -1, assay.LockNotVerifiable, what)
}

// hashes reports an entry without a strong hash, or with a weak one beside it. Where it
// names files each is looked at by itself.
func (x *expansion) hashes() {
	p := x.w.Package
	if len(p.Files) > 0 {
		return
	}
	weak, at := "", p.At
	var strong []assay.Digest
	for _, h := range p.Hashes {
		if h.Weak == "" {
			strong = append(strong, h.Digest)
		} else {
			weak, at = h.Weak, h.At
		}
	}
	switch {
	case weak != "" && len(strong) > 0:
		x.w.find(at, -1, assay.LockWeakHash, beside(p.Name+" "+p.Version, weak, strong))
	case weak != "":
		x.w.find(at, -1, assay.LockWeakHash, algorithm(weak)+" only")
	case len(strong) == 0:
		x.w.find(p.At, -1, assay.LockMissingHash, "every file of the release would be taken")
	}
}

// algorithm is that of a hash written "algorithm:value".
func algorithm(hash string) string {
	name, _, _ := strings.Cut(hash, ":")
	return name
}

// indexes returns the bases to ask, each once.
func (x *expansion) indexes() []string {
	p := x.w.Package
	var out []string
	add := func(base string) {
		same := func(have string) bool { return strings.TrimSuffix(have, "/") == strings.TrimSuffix(base, "/") }
		if base != "" && !slices.ContainsFunc(out, same) && len(out) < maxIndexes {
			out = append(out, base)
		}
	}
	if p.Index != "" {
		add(p.Index)
		return out
	}
	if x.lock.NoIndex {
		return nil
	}
	for _, ix := range x.lock.Indexes {
		if x.lock.Format != lockfile.Requirements && x.lock.Format != lockfile.Pipfile {
			break // there entries name theirs
		}
		if ix.Kind == lockfile.Primary || ix.Kind == lockfile.Extra {
			add(ix.URL)
		}
	}
	primary := slices.ContainsFunc(x.lock.Indexes, func(ix lockfile.Index) bool { return ix.Kind == lockfile.Primary })
	if len(out) == 0 || x.lock.Format == lockfile.Requirements && !primary {
		for _, base := range x.o.Indexes {
			add(base)
		}
	}
	for _, f := range p.Files {
		if u, err := url.Parse(f.URL); err == nil && u.Host != "" {
			add(x.o.Hosts[strings.ToLower(u.Scheme+"://"+u.Host)])
		}
	}
	return out
}

// maxIndexes bounds how many indexes are asked for one entry.
const maxIndexes = 16

// links returns the places with files to ask, each once. Only pip's requirements have any
// that are not an entry's own.
func (x *expansion) links() []lockfile.Index {
	if x.lock.Format != lockfile.Requirements || x.w.Package.Index != "" {
		return nil
	}
	var out []lockfile.Index
	for _, ix := range slices.Concat(x.lock.Indexes, x.o.Links) {
		same := func(have lockfile.Index) bool { return have.URL == ix.URL && have.At.File == ix.At.File }
		if ix.Kind == lockfile.FindLinks && !slices.ContainsFunc(out, same) && len(out) < maxIndexes {
			out = append(out, ix)
		}
	}
	return out
}

// each asks one index after the other, and then the places with files, until do wants no
// more.
func (x *expansion) each(ctx context.Context, do func(a answer) (more bool)) error {
	bases := x.indexes()
	links := x.links()
	for i := range len(bases) + len(links) {
		var base string
		var r Release
		var err error
		if i < len(bases) {
			base = bases[i]
			r, err = x.releases.Release(ctx, base, x.w.Package.Name, x.version)
		} else {
			link := links[i-len(bases)]
			base = link.URL
			r, err = x.releases.Flat(ctx, link, x.w.Package.Name, x.version)
		}
		if err != nil {
			return err
		}
		if x.lock.Format != lockfile.Requirements { // elsewhere a version is the whole version
			r.Files = slices.DeleteFunc(slices.Clone(r.Files), func(a assay.Artifact) bool {
				v, err := pypi.ParseVersion(a.Version)
				return a.Version != "" && (err != nil || v.Canonical() != x.version.Canonical())
			})
		}
		a := answer{base, i >= len(bases), r}
		x.asked = append(x.asked, a)
		if x.w.Release == nil && len(r.Files) > 0 {
			x.w.Release = r.Files
		}
		if !do(a) {
			break
		}
	}
	return nil
}

// unlisted reports what no index lists. Where one of them has put the project under
// quarantine it lists nothing, and that is said instead; and where one gave no answer
// nothing is known.
func (x *expansion) unlisted(at lockfile.Place, file int, what string) {
	where := []string{}
	for _, a := range x.asked {
		if a.Standing.Quarantined() {
			x.w.find(at, file, assay.ProjectQuarantined, a.Standing.Reason)
			return
		}
	}
	for _, a := range x.asked {
		for _, f := range a.Files {
			if len(f.Digests) == 0 && x.o.Hash == nil { // it may be this one: without its bytes nobody can tell
				x.w.find(at, file, assay.LockUnlisted, what+"; "+f.Filename+" is listed without a digest on "+shownIndex(a.index))
				return
			}
		}
		if a.Problem != nil {
			x.w.find(at, file, a.Problem.Code, a.Problem.Detail)
			return
		}
		where = append(where, shownIndex(a.index))
	}
	if len(where) == 0 {
		x.w.find(at, file, assay.LockUnlisted, what+"; no index is configured")
		return
	}
	x.w.find(at, file, assay.LockUnlisted, what+"; looked at "+strings.Join(where, " and "))
}

// shownIndex is an index's address for a message.
func shownIndex(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return "an index"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return assay.Shown(u.String())
}
