package main

import (
	"context"
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
	places inventory.Places
	before inventory.Snapshot
}

// watch looks at where the command may install to.
func (a *app) watch(program string, args []string) *watch {
	args = append([]string{program}, args[1:]...)
	w := &watch{places: inventory.Find(inventory.Query{Env: a.env, Dir: a.cwd, Args: args})}
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
// nor, where caches is the folder of the installers' caches of Assay's own, in
// one that filled them. sources are what the command line and the project's files
// ask for; they are named where nothing of their kind was installed. after is what
// is installed once the command has ended.
func (w *watch) unlooked(after inventory.Snapshot, caches string, sources []installer.Source, collector *report.Collector) error {
	now := came(collector.Report("run"))
	before := map[assay.Release]bool{}
	var failed error
	if caches != "" {
		if before, failed = cameBefore(caches); failed == nil {
			failed = keepCame(caches, now, before)
		}
	}
	found := map[installer.SourceKind]bool{}
	for _, d := range inventory.Since(w.before, after) {
		name := strings.TrimSuffix(d.Project+"=="+d.Version, "==")
		r := canonical(d.Project, d.Version)
		why, kind := elsewhere(d)
		switch {
		case why != "":
			found[kind] = true
			collector.Skip(name, why+d.Where)
		case d.Project == "":
			collector.Skip(d.Where, "installed, and its name cannot be read")
		case now[r], before[r]:
		case d.Fresh && slices.Contains(seeds, r.Project):
			collector.Skip(name, "not fetched: it comes with a new virtual environment")
		default:
			unseen(d, collector)
		}
	}
	if !w.before.Complete() || !after.Complete() {
		collector.Skip("what is installed", "there is too much of it to compare all")
	}
	for _, s := range sources {
		switch {
		case found[s.Kind]:
		case s.Kind == installer.SourceVCS:
			collector.Skip(s.Where, "asked for from version control, "+s.Origin)
		case s.Kind == installer.SourceLocal, s.Kind == installer.SourceEditable:
			collector.Skip(s.Where, "asked for from this computer, "+s.Origin)
		}
	}
	return failed
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

// unseen records a release that was installed and did not come past.
func unseen(d inventory.Installed, collector *report.Collector) {
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: d.Project, Version: d.Version, URL: d.Folder}
	j := engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: assay.Remark(a, assay.InstallUnseen, "in "+d.Folder), Time: time.Now()}
	_ = collector.Record(context.Background(), j) // a collector always takes it
}
