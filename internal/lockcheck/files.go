package lockcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay"
	"assay/internal/lockfile"
	"assay/internal/pypi"
)

// named finds the files that the entry names.
func (x *expansion) named(ctx context.Context) error {
	var files []lockfile.File
	var outside []bool // of the environment, if the names are right
	for _, f := range x.w.Package.Files {
		name, err := pypi.ParseFilenameFor(x.w.Package.Name, f.Name)
		switch {
		case atHand(f):
			x.unseen(f.At, "the file "+assay.ShownSource(f.Path))
		case errors.Is(err, pypi.ErrOtherProject):
			x.w.find(f.At, x.w.add(x.unfound(f), f.At), assay.LockWrongProject, fmt.Sprintf("%s in the entry of %s", f.Name, x.w.Package.Name))
		case err != nil:
			x.w.find(f.At, x.w.add(x.unfound(f), f.At), assay.FileUnreadableName, fmt.Sprintf("%q", f.Name))
		case !name.Version.IsZero() && name.Version.Canonical() != x.version.Canonical():
			x.w.find(f.At, x.w.add(x.unfound(f), f.At), assay.LockWrongProject, fmt.Sprintf("%s in the entry of %s %s", f.Name, x.w.Package.Name, x.w.Package.Version))
		case x.byHash() || x.o.Environment.Takes(name):
			files, outside = append(files, f), append(outside, !x.o.Environment.Takes(name))
		}
	}
	if len(files) == 0 {
		return nil
	}
	// The first index in order that has the name with all of the lock's digests, else the
	// first that has the name.
	found := make([][]assay.Artifact, len(files))
	fits := make([]bool, len(files))
	also := make([][]answer, len(files)) // the same bytes under other names
	from := make([]answer, len(files))
	err := x.each(ctx, func(a answer) bool {
		missing := false
		for i, f := range files {
			if x.byHash() {
				also[i] = append(also[i], answer{a.index, a.flat, Release{Files: byDigest(a.Files, f)}})
			}
			if fits[i] {
				continue
			}
			if listed := byName(a.Files, f.Name); len(listed) > 0 {
				fits[i] = len(unconfirmed(f.Digests, listed[0].Digests)) == 0
				if found[i] == nil || fits[i] {
					found[i], from[i] = listed, a
				}
			}
			missing = missing || !fits[i]
		}
		return missing
	})
	if err != nil {
		return err
	}
	for i, f := range files {
		if !outside[i] || !fits[i] { // a name that no index confirms keeps nothing out
			x.place(f, found[i])
			if x.byHash() && len(found[i]) > 0 {
				x.elsewhere(from[i], len(x.w.Files)-1)
			}
		}
	}
	for i, f := range files {
		for _, from := range also[i] {
			for _, a := range from.Files {
				x.take(from, a, f.At)
			}
		}
	}
	return nil
}

// byHash reports whether installers go by the hashes of the files that the lock names,
// and not by the names: PDM does, and so did the first of Poetry.
func (x *expansion) byHash() bool {
	return x.lock.Format == lockfile.PDM || x.lock.Format == lockfile.Poetry
}

// byDigest are the files of a page that have a digest of a lock's file, and not its name.
func byDigest(files []assay.Artifact, f lockfile.File) []assay.Artifact {
	var out []assay.Artifact
	for _, a := range files {
		if a.Filename != f.Name && slices.ContainsFunc(a.Digests, func(d assay.Digest) bool { return slices.Contains(f.Digests, d) }) {
			out = append(out, a)
		}
	}
	return out
}

// place adds a file that the lock names as it was found.
func (x *expansion) place(f lockfile.File, listed []assay.Artifact) {
	if len(listed) == 0 {
		n := x.w.add(x.unfound(f), f.At)
		x.unlisted(f.At, n, f.Name)
		x.strong(f, n)
		return
	}
	a := listed[0]
	if why := cmp.Or(differing(f.Digests, a.Digests), weakly(f.Weak, a.Digests)); why != "" {
		n := x.w.add(a, f.At)
		x.w.find(f.At, n, assay.LockOtherDigest, f.Name+" has "+why+" on "+assay.Shown(a.Index))
		x.twice(f.At, n, listed)
		return
	}
	open := unconfirmed(f.Digests, a.Digests)
	promised := x.promised(a)
	a.Digests = slices.Concat(a.Digests, open) // the bytes must have all of them
	n := x.w.add(a, f.At)
	x.strong(f, n)
	if len(open) > 0 && !x.o.Bytes {
		x.w.find(f.At, n, assay.LockUnconfirmedHash, f.Name+" has "+open[0].String()+" in the lock, and "+promised)
	}
	x.twice(f.At, n, listed)
	if f.Size > 0 && a.Size > 0 && f.Size != a.Size {
		x.w.find(f.At, n, assay.LockOtherDigest, fmt.Sprintf("%s has %d bytes in the lock and %d on %s", f.Name, f.Size, a.Size, assay.Shown(a.Index)))
	}
}

// promised says by which digests an index promises a file.
func (x *expansion) promised(a assay.Artifact) string {
	if names := algorithms(a.Digests); names != "" {
		return assay.Shown(a.Index) + " promises " + names
	}
	return assay.Shown(a.Index) + " promises none"
}

// strong reports a file without a strong hash, and one with a weak hash beside it:
// installers take bytes that have any of them.
func (x *expansion) strong(f lockfile.File, n int) {
	switch {
	case len(f.Digests) > 0 && len(f.Weak) > 0:
		x.w.find(f.At, n, assay.LockWeakHash, beside(f.Name, f.Weak[0], f.Digests))
	case len(f.Digests) > 0:
	case len(f.Weak) > 0:
		x.w.find(f.At, n, assay.LockWeakHash, f.Name+" has "+algorithm(f.Weak[0])+" only")
	default:
		x.w.find(f.At, n, assay.LockMissingHash, f.Name)
	}
}

// twice reports a file that the page lists more than once: installers may take either.
func (x *expansion) twice(at lockfile.Place, n int, listed []assay.Artifact) {
	if len(listed) > 1 {
		x.w.find(at, n, assay.PageDuplicateFile, "")
	}
}

// unfound is a file as the lock alone has it.
func (x *expansion) unfound(f lockfile.File) assay.Artifact {
	return assay.Artifact{Ecosystem: assay.PyPI, Project: x.w.Package.Name, Version: x.w.Package.Version,
		Filename: f.Name, Digests: f.Digests, Size: f.Size, UploadTime: f.UploadTime, URL: f.URL}
}

// hashed finds the files whose hashes the entry names; all of the release where it
// names none that may decide.
func (x *expansion) hashed(ctx context.Context) error {
	var wanted []lockfile.Hash
	for _, h := range x.w.Package.Hashes {
		if h.Weak == "" {
			wanted = append(wanted, h)
		}
	}
	found := make([]bool, len(wanted)) // anywhere
	taken := make([]bool, len(wanted)) // by the environment
	any := false
	err := x.each(ctx, func(a answer) bool {
		if len(wanted) == 0 {
			for _, file := range a.Files {
				x.take(a, file, x.w.Package.At)
			}
			any = any || len(a.Files) > 0
			return !any
		}
		for i, h := range wanted {
			if taken[i] {
				continue
			}
			for _, file := range a.Files { // the same bytes may be there under names for several environments
				if slices.Contains(file.Digests, h.Digest) {
					found[i] = true
					taken[i] = x.take(a, file, h.At) || taken[i]
				}
			}
		}
		return slices.Contains(taken, false)
	})
	if err != nil {
		return err
	}
	p := x.w.Package
	if len(wanted) == 0 && !any {
		x.unlisted(p.At, -1, p.Name+" "+p.Version)
	}
	var open []lockfile.Hash
	for i, h := range wanted {
		if !found[i] {
			open = append(open, h)
		}
	}
	return x.unfoundHashes(ctx, open)
}

// unfoundHashes looks for the hashes that no place lists: in the bytes of the files that are
// listed in other algorithms, where they may be read. A file whose bytes have none of the
// hashes is simply not one of the lock's.
func (x *expansion) unfoundHashes(ctx context.Context, open []lockfile.Hash) error {
	p := x.w.Package
	var untold []lockfile.Hash // which a file that is listed otherwise may have
	for _, h := range open {
		if len(x.candidates(h.Digest)) > 0 && x.answered() {
			untold = append(untold, h)
			continue
		}
		what := "no file of the release has " + h.Digest.String()
		if h.Digest.Algorithm != "sha256" {
			what += " (" + x.algorithms() + ")"
		}
		if len(x.w.Release) == 0 {
			what = p.Name + " " + p.Version
		}
		x.unlisted(h.At, -1, what)
		if len(x.w.Release) == 0 {
			return nil // once for the release
		}
	}
	if x.o.Hash != nil && len(untold) > 0 {
		return x.read(ctx, untold)
	}
	for _, h := range untold {
		c := x.candidates(h.Digest)[0]
		listed := "without a digest"
		if names := algorithms(c.file.Digests); names != "" {
			listed = "with " + names + " alone"
		}
		x.w.find(h.At, -1, assay.LockUnconfirmedHash, fmt.Sprintf("the lock has %s, and %s is listed %s on %s", h.Digest, c.file.Filename, listed, shownIndex(c.from.index)))
	}
	return nil
}

// answered reports whether all places that were asked said what they list.
func (x *expansion) answered() bool {
	return !slices.ContainsFunc(x.asked, func(a answer) bool { return a.Problem != nil || a.Standing.Quarantined() })
}

// candidate is a file that is listed without a digest of some algorithm.
type candidate struct {
	from answer
	file assay.Artifact
}

func (x *expansion) candidates(d assay.Digest) []candidate {
	var out []candidate
	for _, from := range x.asked {
		for _, a := range from.Files {
			if _, told := a.Digest(string(d.Algorithm)); !told {
				out = append(out, candidate{from, a})
			}
		}
	}
	return out
}

// read looks for hashes in the bytes of the files that may have them, each read once.
func (x *expansion) read(ctx context.Context, untold []lockfile.Hash) error {
	var wanted []assay.Digest
	for _, h := range untold {
		wanted = append(wanted, h.Digest)
	}
	type key struct{ index, name, url string }
	type content struct {
		digests []assay.Digest
		problem *assay.Finding
	}
	read := map[key]content{}
	for _, h := range untold {
		found, whole := false, true
		var problem *assay.Finding
		for _, c := range x.candidates(h.Digest) {
			if name, err := pypi.ParseFilenameFor(x.w.Package.Name, c.file.Filename); err == nil && !x.o.Environment.Takes(name) {
				whole = false // it may be this one, which is not installed here
				continue
			}
			k := key{c.from.index, c.file.Filename, c.file.URL}
			have, known := read[k]
			if !known {
				var err error
				if have.digests, have.problem, err = x.o.Hash(ctx, c.file, wanted); err != nil {
					return err
				}
				read[k] = have
			}
			problem = cmp.Or(problem, have.problem)
			if slices.Contains(have.digests, h.Digest) {
				c.file.Digests = slices.Concat(c.file.Digests, []assay.Digest{h.Digest}) // the bytes must have it when they are judged
				x.take(c.from, c.file, h.At)
				found = true
			}
		}
		switch {
		case found:
		case problem != nil:
			x.w.find(h.At, -1, problem.Code, problem.Detail)
		case whole:
			x.unlisted(h.At, -1, "the bytes of no file of the release have "+h.Digest.String())
		}
	}
	return nil
}

// algorithms says by which digests the release's files can be told apart at all.
func (x *expansion) algorithms() string {
	var all []assay.Digest
	for _, a := range x.w.Release {
		all = append(all, a.Digests...)
	}
	if len(all) == 0 {
		return "the index lists no digests"
	}
	return "the index lists " + strings.ReplaceAll(algorithms(all), " and ", ", ")
}

// take adds a file of a page, once, where the environment may install it, and reports
// whether it may.
func (x *expansion) take(from answer, a assay.Artifact, at lockfile.Place) bool {
	name, err := pypi.ParseFilenameFor(x.w.Package.Name, a.Filename)
	if err == nil && !x.o.Environment.Takes(name) {
		return false
	}
	same := func(b assay.Artifact) bool { return b.Filename == a.Filename && b.Index == a.Index }
	if slices.ContainsFunc(x.w.Files, same) {
		return true
	}
	n := x.w.add(a, at)
	x.twice(at, n, byName(from.Files, a.Filename))
	if from.flat {
		if x.w.Flat == nil {
			x.w.Flat = map[int]string{}
		}
		x.w.Flat[n] = from.index
	}
	x.elsewhere(from, n)
	return true
}

// elsewhere reports a file that a place asked before lists with other bytes: two files of
// one name are not the same release, and the lock takes those of the later place.
func (x *expansion) elsewhere(from answer, n int) {
	a := x.w.Files[n]
	for _, before := range x.asked {
		if before.index == from.index && before.flat == from.flat {
			return
		}
		for _, b := range byName(before.Files, a.Filename) {
			d, e, ok := apart(a.Digests, b.Digests)
			if !ok {
				continue
			}
			x.w.find(x.w.Places[n], n, assay.LockOtherDigest, fmt.Sprintf("%s has %s in the lock, as at %s, and %s at %s, which is asked before",
				a.Filename, d, shownIndex(from.index), e, shownIndex(before.index)))
			return
		}
	}
}

func byName(files []assay.Artifact, name string) []assay.Artifact {
	var out []assay.Artifact
	for _, a := range files {
		if a.Filename == name {
			out = append(out, a)
		}
	}
	return out
}

// differing says which digest differs between a lock and a page: "sha256:…, and
// sha256:…"; empty where none does. Digests of different algorithms tell nothing about
// each other.
func differing(lock, page []assay.Digest) string {
	if d, e, ok := apart(lock, page); ok {
		return d.String() + " in the lock and " + e.String()
	}
	return ""
}

// apart are the first two digests of one algorithm that differ.
func apart(lock, page []assay.Digest) (ofLock, ofPage assay.Digest, ok bool) {
	for _, d := range lock {
		for _, e := range page {
			if d.Algorithm == e.Algorithm && d.Hex != e.Hex {
				return d, e, true
			}
		}
	}
	return ofLock, ofPage, false
}

// weakly is differing for hashes that decide nothing: that two are not the same they do
// tell, and a strong one is not to take the place of one that it contradicts.
func weakly(lock []string, page []assay.Digest) string {
	for _, w := range lock {
		for _, e := range page {
			if algorithm(w) == string(e.Algorithm) && w != e.String() {
				return w + " in the lock and " + e.String()
			}
		}
	}
	return ""
}

// unconfirmed are the lock's digests that a page does not have.
func unconfirmed(lock, page []assay.Digest) []assay.Digest {
	var out []assay.Digest
	for _, d := range lock {
		if !slices.Contains(page, d) {
			out = append(out, d)
		}
	}
	return out
}

// beside says that a weak hash stands beside strong ones.
func beside(what, weak string, strong []assay.Digest) string {
	return fmt.Sprintf("%s has %s beside %s: bytes that have either are installed", what, algorithm(weak), algorithms(strong))
}
