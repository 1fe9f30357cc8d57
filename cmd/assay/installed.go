package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/installer"
	"assay/internal/inventory"
	"assay/internal/pypi"
	"assay/internal/report"
)

// watch compares what is installed before and after the command.
type watch struct {
	dir    string // the working folder
	places inventory.Places
	before inventory.Snapshot
}

// watch looks at where the command may install to.
func (a *app) watch(program string, args []string) *watch {
	args = append([]string{program}, args[1:]...)
	w := &watch{dir: a.cwd, places: inventory.Find(inventory.Query{Env: a.env, Dir: a.cwd, Args: args})}
	w.before = inventory.Take(w.places)
	return w
}

// again looks once more, beside what the caller does next.
func (w *watch) again() <-chan inventory.Snapshot {
	out := make(chan inventory.Snapshot, 1)
	go func() { out <- inventory.Take(w.places) }()
	return out
}

// seeds are what comes with a virtual environment, out of Python's or
// virtualenv's own folder.
var seeds = []string{"pip", "setuptools", "wheel"}

// unlooked reports what was installed without having been looked at: what came
// from elsewhere than an index, and what did not come past, neither in this run
// nor, where the installers' caches are Assay's own, in
// one that filled them. The session's sources are what the command line and the project's files
// ask for; they are named where nothing of their kind was installed. after is what
// is installed once the command has ended. It reports whether anything of it is in none
// of the locks.
func (w *watch) unlooked(after inventory.Snapshot, s *session, collector *report.Collector) (outside bool, err error) {
	now := came(collector.Report("run"))
	before := map[assay.Release]bool{}
	var failed error
	if s.caches != "" {
		if before, failed = cameBefore(s.caches); failed == nil {
			failed = keepCame(s.caches, now, before)
		}
	}
	found := map[installer.SourceKind]bool{}
	for _, d := range inventory.Since(w.before, after) {
		name := strings.TrimSuffix(d.Project+"=="+d.Version, "==")
		r := canonical(d.Project, d.Version)
		why, kind := elsewhere(d)
		switch {
		case why != "" && s.locks != nil && !s.locks.guard.TakesElsewhere(d.Project) && !w.asked(d, kind, s.sources):
			outside = true
			record(d, assay.InstallOutside, s.locks.guard.Names()+" does not name it, and it was "+why+d.Where, collector)
		case why != "":
			found[kind] = true
			collector.Skip(name, why+d.Where)
		case d.Project == "":
			collector.Skip(d.Where, "installed, and its name cannot be read")
		case now[r], before[r]:
		case d.Fresh && slices.Contains(seeds, r.Project):
			collector.Skip(name, "not fetched: it comes with a new virtual environment")
		case s.locks != nil && !s.locks.guard.Pins(r.Project, r.Version):
			outside = true
			record(d, assay.InstallOutside, s.locks.guard.Names()+" does not name it, and it is in "+d.Folder, collector)
		default:
			record(d, assay.InstallUnseen, "in "+d.Folder, collector)
		}
	}
	if !w.before.Complete() || !after.Complete() {
		collector.Skip("what is installed", "there is too much of it to compare all")
	}
	for _, source := range s.sources {
		switch {
		case found[source.Kind]:
		case source.Kind == installer.SourceVCS:
			collector.Skip(source.Where, "asked for from version control, "+source.Origin)
		case source.Kind == installer.SourceLocal, source.Kind == installer.SourceEditable:
			collector.Skip(source.Where, "asked for from this computer, "+source.Origin)
		}
	}
	return outside, failed
}

// elsewhere says where a distribution came from, if not from an index.
func elsewhere(d inventory.Installed) (string, installer.SourceKind) {
	switch d.Source {
	case inventory.VCS:
		return "installed from version control: ", installer.SourceVCS
	case inventory.Local:
		return "installed from this computer: ", installer.SourceLocal
	case inventory.Editable:
		return "installed from this computer, editable: ", installer.SourceEditable
	}
	return "", ""
}

// asked reports whether what came from elsewhere is the project that the command works on,
// or what the command line or the project's files ask for.
func (w *watch) asked(d inventory.Installed, kind installer.SourceKind, sources []installer.Source) bool {
	u, err := url.Parse(d.Where)
	if err != nil {
		return false
	}
	if kind != installer.SourceVCS {
		for dir := w.dir; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "pyproject.toml")); err == nil && samePlace(dir, u.Path) {
				return true
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return slices.ContainsFunc(sources, func(s installer.Source) bool {
		switch s.Kind {
		case installer.SourceVCS:
			return kind == installer.SourceVCS
		case installer.SourceLocal, installer.SourceEditable:
			path, _, _ := strings.Cut(strings.TrimPrefix(s.Where, "file://"), "[") // extras
			if !filepath.IsAbs(path) {
				path = filepath.Join(w.dir, path)
			}
			return kind != installer.SourceVCS && samePlace(path, u.Path)
		}
		return false
	})
}

// samePlace reports whether two paths lead to one file or folder.
func samePlace(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(filepath.FromSlash(b))
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// came returns the releases of which a file came past whole.
func came(r report.Report) map[assay.Release]bool {
	out := map[assay.Release]bool{}
	for _, item := range r.Items {
		if item.Read && item.Decision.Verdict != assay.Deny {
			out[canonical(item.Artifact.Project, item.Artifact.Version)] = true
		}
	}
	return out
}

// canonical is a release by its canonical version, as an inventory and an index
// may spell it differently.
func canonical(project, version string) assay.Release {
	if name, err := pypi.NormalizeName(project); err == nil {
		project = name
	}
	if v, err := pypi.ParseVersion(version); err == nil {
		version = v.Canonical()
	}
	return assay.Release{Ecosystem: assay.PyPI, Project: project, Version: version}
}

// record records a release that was installed and did not come past.
func record(d inventory.Installed, code assay.Code, detail string, collector *report.Collector) {
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: d.Project, Version: d.Version, URL: d.Folder}
	j := engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: assay.Remark(a, code, detail), Time: time.Now()}
	_ = collector.Record(context.Background(), j) // a collector always takes it
}
