package lockfile

import (
	"fmt"
	"slices"
	"strings"

	"assay/internal/marker"
)

// groupCheck is the first entry of those that must say the same.
type groupCheck struct {
	p     Package
	print string
}

// sameFile reports two files of one name and one place that differ.
func (r *reader) sameFile(a, b File) {
	if a.Name != b.Name {
		return
	}
	for _, d := range a.Digests {
		for _, o := range b.Digests {
			if d.Algorithm == o.Algorithm && d != o {
				r.at2(b.At, "%s has another %s digest than at %s", quoted(b.Name), d.Algorithm, a.At)
				return
			}
		}
	}
	if a.Size != 0 && b.Size != 0 && a.Size != b.Size {
		r.at2(b.At, "%s has another size than at %s", quoted(b.Name), a.At)
	}
}

// at2 reports a problem of whichever file it is in.
func (r *reader) at2(at Place, format string, args ...any) {
	for _, p := range r.problems {
		if p.File == at.File {
			p.Add(at.Line, format, args...)
			return
		}
	}
}

// agree reports entries that are there twice and say different things, and files that
// two entries give different digests.
func (r *reader) agree() {
	type fileKey struct{ name, index, file string }
	files := map[fileKey]File{}
	for _, p := range r.lock.Packages {
		for _, f := range p.Files {
			k := fileKey{p.Name, p.Index + " " + p.Source.Where, f.Name}
			if have, ok := files[k]; ok {
				r.sameFile(have, f)
			} else {
				files[k] = f
			}
		}
		if p.Name == "" {
			continue
		}
		key, print := r.identity(p)
		have, ok := r.groups[key]
		if !ok {
			r.groups[key] = &groupCheck{p, print}
			continue
		}
		if have.print != print && !tolerable(have.p, p) {
			r.at2(p.At, "%s is there a second time and disagrees with %s", quoted(p.Spelled), have.p.At)
		}
	}
}

// identity says which entries must agree (those with the same key), and what on.
func (r *reader) identity(p Package) (key, print string) {
	var hashes []string
	for _, h := range p.Hashes {
		hashes = append(hashes, h.text())
	}
	for _, f := range p.Files {
		hashes = append(hashes, fmt.Sprint(f.Name, f.Digests, f.Weak))
	}
	slices.Sort(hashes)
	listed := strings.Join(slices.Compact(hashes), "\n")
	words := marker.Words(p.Marker)
	source := fmt.Sprint(p.Source.Kind, p.Source.Where, p.Source.Revision)
	switch r.lock.Format {
	case Requirements, Pipfile:
		return fmt.Sprint(p.Name, "\x00", words), fmt.Sprint(p.Version, "\x00", source, "\x00", listed)
	case Pylock:
		return fmt.Sprint(p.Name, "\x00", words), fmt.Sprint(p.Version, "\x00", source, "\x00", listed)
	default:
		return fmt.Sprint(p.Name, "\x00", p.Version, "\x00", source, "\x00", words, "\x00", p.Extras), listed
	}
}

// tolerable reports whether of two entries that differ one says less, and nothing
// else: a requirement without a pin or without hashes beside one that has them.
func tolerable(a, b Package) bool {
	if a.Source.Kind != b.Source.Kind || a.Source.Where != b.Source.Where || a.Source.Revision != b.Source.Revision {
		return a.Constraint != b.Constraint && (a.Source.Kind == Registry && a.Version == "" || b.Source.Kind == Registry && b.Version == "")
	}
	if a.Version != b.Version && a.Version != "" && b.Version != "" {
		return false
	}
	if a.Specifier == "" && b.Specifier == "" { // no requirements, which alone may be split like this
		return false
	}
	return len(a.Hashes) == 0 || len(b.Hashes) == 0
}

func (h Hash) text() string {
	if h.Weak != "" {
		return h.Weak
	}
	return h.Digest.String()
}
