package archive

import (
	"slices"
	"strings"

	"assay"
)

// readSdistZip reads an sdist that is a zip (allowed until PEP 527).
func (a *archive) readSdistZip(stem string) error {
	z := &zipReader{archive: a}
	if err := z.read(); err != nil {
		return err
	}
	r := roots{stem: stem}
	for i := range z.members {
		r.add(z.members[i].name)
	}
	a.checkSdist(stem, &r)
	return nil
}

// roots are the top directories of an sdist, and what lies beside them.
type roots struct {
	stem  string // what the file is called
	dirs  []string
	named bool   // one is called like the file, in whatever letter case
	loose string // the first member that is in no directory
	build string // the first of them that makes what is around it a project
	last  string
}

// add takes up a member's name.
func (r *roots) add(name string) {
	clean, _ := cleanName(name)
	dir, _, below := strings.Cut(clean, "/")
	below = below || strings.HasSuffix(name, "/")
	switch {
	case clean == "." || below && dir == r.last:
	case !below:
		if r.loose == "" {
			r.loose = clean
		}
		if base := fold(clean); r.build == "" && (base == "setup.py" || base == "pyproject.toml") {
			r.build = clean
		}
	default:
		r.last = dir
		r.named = r.named || strings.EqualFold(dir, r.stem)
		if !slices.Contains(r.dirs, dir) && len(r.dirs) < maxRootsKept {
			r.dirs = append(r.dirs, dir)
		}
	}
}

// scattered reports whether members lie beside the top directory. Installers take
// the one directory that everything is in, and else build what lies around it: pip
// and uv always, Poetry only where no directory is called like the file.
func (r *roots) scattered() bool { return len(r.dirs) > 1 || r.loose != "" }

// checkSdist judges an sdist as a whole (PEP 625, the source distribution
// format): one directory called like the file, with PKG-INFO in it.
func (a *archive) checkSdist(stem string, r *roots) {
	if len(r.dirs) == 0 {
		a.add(assay.ArchiveIrregular, "it has no top directory")
		return
	}
	root := r.dirs[0]
	if len(r.dirs) > 1 {
		a.add(assay.ArchiveIrregular, "it has more than one top directory: %s and %s", quoted(root), quoted(r.dirs[1]))
		if i := slices.Index(r.dirs, stem); i >= 0 {
			root = stem
		}
	}
	a.inside.Folder = root
	a.inside.Scattered = r.scattered()
	if r.loose != "" {
		a.add(assay.ArchiveIrregular, "member %s is in no directory", quoted(r.loose))
	}
	if r.build != "" && r.named {
		a.add(assay.ArchiveAmbiguous, "member %s makes a project beside the one in the top directory: some installers build the one, some the other", quoted(r.build))
	}
	switch {
	case root == stem:
	case squashed(root) == squashed(stem):
		a.add(assay.ArchiveIrregular, "its top directory %s is spelled otherwise than the file", quoted(root))
	default:
		a.add(assay.ArchiveIrregular, "its top directory %s is not called like the file", quoted(root))
	}
	text := func(name string) []byte {
		if t := a.text(root + "/" + name); t != nil {
			return t
		}
		return a.text("./" + root + "/" + name)
	}
	a.inside.Metadata = text("PKG-INFO")
	a.inside.Pyproject = text("pyproject.toml")
	if a.names.exact[root+"/PKG-INFO"] != isFile {
		a.add(assay.ArchiveIrregular, "no PKG-INFO is in its top directory")
	}
}

// squashed is a spelling in which the ways to write a project and a version in a
// file name do not differ.
func squashed(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "_", ".", "_").Replace(s))
}
