package lockcheck

import (
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
	for _, f := range x.w.Package.Files {
		name, err := pypi.ParseFilenameFor(x.w.Package.Name, f.Name)
		switch {
		case f.Path != "" && f.URL == "":
			x.w.find(f.At, -1, assay.LockNotVerifiable, "the file "+assay.ShownSource(f.Path))
		case errors.Is(err, pypi.ErrOtherProject):
			x.w.find(f.At, x.w.add(x.unfound(f), f.At), assay.LockWrongProject, fmt.Sprintf("%s in the entry of %s", f.Name, x.w.Package.Name))
		case err != nil:
			x.w.find(f.At, x.w.add(x.unfound(f), f.At), assay.FileUnreadableName, fmt.Sprintf("%q", f.Name))
		case !name.Version.IsZero() && name.Version.Canonical() != x.version.Canonical():
			x.w.find(f.At, x.w.add(x.unfound(f), f.At), assay.LockWrongProject, fmt.Sprintf("%s in the entry of %s %s", f.Name, x.w.Package.Name, x.w.Package.Version))
		case x.o.Environment.Takes(name):
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil
	}
	// The first index in order that has the name with the lock's digest, else the first
	// that has the name.
	found := make([][]assay.Artifact, len(files))
	fits := make([]bool, len(files))
	err := x.each(ctx, func(a answer) bool {
		missing := false
		for i, f := range files {
			if fits[i] {
				continue
			}
			if listed := byName(a.Files, f.Name); len(listed) > 0 {
				other := len(f.Digests) > 0 && differing(f.Digests, listed[0].Digests) != ""
				if found[i] == nil || !other {
					found[i] = listed
				}
				fits[i] = !other
			}
			missing = missing || !fits[i]
		}
		return missing
	})
	if err != nil {
		return err
	}
	for i, f := range files {
		x.place(f, found[i])
	}
	return nil
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
	if why := differing(f.Digests, a.Digests); why != "" {
		n := x.w.add(a, f.At)
		x.w.find(f.At, n, assay.LockOtherDigest, f.Name+" has "+why+" on "+assay.Shown(a.Index))
		x.twice(f.At, n, listed)
		return
	}
	a.Digests = joined(a.Digests, f.Digests)
	n := x.w.add(a, f.At)
	x.strong(f, n)
	x.twice(f.At, n, listed)
	if f.Size > 0 && a.Size > 0 && f.Size != a.Size {
		x.w.find(f.At, n, assay.LockOtherDigest, fmt.Sprintf("%s has %d bytes in the lock and %d on %s", f.Name, f.Size, a.Size, assay.Shown(a.Index)))
	}
}

// strong reports a file without a strong hash.
func (x *expansion) strong(f lockfile.File, n int) {
	switch {
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
	found := make([]bool, len(wanted))
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
			for _, file := range a.Files {
				if !found[i] && slices.Contains(file.Digests, h.Digest) {
					found[i] = true
					x.take(a, file, h.At)
				}
			}
		}
		return slices.Contains(found, false)
	})
	if err != nil {
		return err
	}
	p := x.w.Package
	if len(wanted) == 0 && !any {
		x.unlisted(p.At, -1, p.Name+" "+p.Version)
	}
	for i, h := range wanted {
		if found[i] {
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
			break // once for the release
		}
	}
	return nil
}

// algorithms says by which digests the release's files can be told apart at all.
func (x *expansion) algorithms() string {
	var names []string
	for _, a := range x.w.Release {
		for _, d := range a.Digests {
			if !slices.Contains(names, d.Algorithm) {
				names = append(names, d.Algorithm)
			}
		}
	}
	if len(names) == 0 {
		return "the index lists no digests"
	}
	return "the index lists " + strings.Join(names, ", ")
}

// take adds a file of a page, once, where the environment may install it.
func (x *expansion) take(from answer, a assay.Artifact, at lockfile.Place) {
	name, err := pypi.ParseFilenameFor(x.w.Package.Name, a.Filename)
	if err == nil && !x.o.Environment.Takes(name) {
		return
	}
	same := func(b assay.Artifact) bool { return b.Filename == a.Filename && b.Index == a.Index }
	if slices.ContainsFunc(x.w.Files, same) {
		return
	}
	n := x.w.add(a, at)
	x.twice(at, n, byName(from.Files, a.Filename))
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
	for _, d := range lock {
		for _, e := range page {
			if d.Algorithm == e.Algorithm && d.Hex != e.Hex {
				return d.String() + " in the lock and " + e.String()
			}
		}
	}
	return ""
}

// joined are the page's digests, and the lock's of other algorithms: the bytes must
// have all of them.
func joined(page, lock []assay.Digest) []assay.Digest {
	out := slices.Clip(page)
	for _, d := range lock {
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}
