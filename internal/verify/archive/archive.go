// Package archive judges what lies inside of a distribution file: whether a strict
// reader found anything wrong with it, and whether it is what its name says.
//
//	nothing wrong, and METADATA is of foo 1.0 in foo-1.0-py3-none-any.whl → Verified
//	a file inside has another hash than RECORD lists                      → Invalid
//	METADATA is of bar 1.0                                                → Invalid (archive.wrong-project)
//	PKG-INFO speaks for no build                                          → Verified (sdist.build)
//	an .egg                                                               → Absent  (archive.unopened)
//	an sdist in xz, which pip builds and nobody looked into               → Absent  (archive.unread-sdist)
//	bytes that were not read to their end                                 → Absent
//
// It makes no claims: that a file is sound says nothing about who made it.
//
// The bytes are read where they come past, and what was seen is in the subject's
// content. Sources: PEP 427 and 625 (what names and folders are called), PEP 503 and
// 440 (when two names and versions are the same), PEP 643 and 621 (what needs a
// build).
package archive

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"assay"
	"assay/internal/pypi"
)

// Verifier is the archive verifier. Its zero value is ready.
type Verifier struct{}

// Name returns "archive".
func (Verifier) Name() string { return "archive" }

// NeedsContent returns true: nothing is known of the inside before the bytes are read.
func (Verifier) NeedsContent() bool { return true }

// Verify judges the inside of the subject's content.
func (v Verifier) Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error) {
	ev := assay.Evidence{Verifier: v.Name(), State: assay.Absent}
	if err := ctx.Err(); err != nil {
		return ev, err
	}
	if s.Content == nil || s.Content.Inside == nil {
		if _, read := s.SHA256(); read && s.Content != nil {
			ev.Findings = []assay.Finding{{Code: assay.ArchiveUnopened, Detail: "nobody looked"}}
		}
		return ev, nil // of what was not read to its end others say why
	}
	in := s.Content.Inside
	opened := in.Format == "wheel" || in.Format == "sdist"
	ev.Findings = slices.Clone(in.Findings)
	if opened {
		l := look{artifact: s.Artifact, inside: in}
		l.all()
		ev.Findings = append(ev.Findings, l.findings...)
	}
	switch {
	case slices.ContainsFunc(ev.Findings, refuses):
		ev.State = assay.Invalid
	case opened:
		ev.State = assay.Verified
	case len(ev.Findings) == 0:
		ev.Findings = []assay.Finding{{Code: assay.ArchiveUnopened}}
	}
	return ev, nil
}

func refuses(f assay.Finding) bool { return f.Code.Severity() == assay.Error }

// look compares what a file says of itself with its name.
type look struct {
	artifact assay.Artifact
	inside   *assay.Inside
	findings []assay.Finding
}

func (l *look) add(code assay.Code, detail string) {
	l.findings = append(l.findings, assay.Finding{Code: code, Detail: detail})
}

func (l *look) all() {
	l.metadata()
	l.folder()
}

// metadata compares what the metadata says, and says where it cannot be relied on.
func (l *look) metadata() {
	if l.inside.Metadata == nil && slices.ContainsFunc(l.inside.Findings, refuses) {
		return // it could not be read so far, and that was said
	}
	about, err := pypi.About(l.inside)
	var bad *pypi.MetadataError
	switch {
	case l.inside.Format == "wheel" && l.inside.Metadata == nil:
		l.add(assay.MetadataMalformed, "there is none")
		return
	case errors.As(err, &bad):
		l.add(assay.MetadataMalformed, bad.Why)
		return
	}
	if l.inside.Format == "wheel" {
		l.names("METADATA", about.Name, about.Version, true)
		return
	}
	if m, err := pypi.ParseMetadata(l.inside.Metadata); err == nil {
		l.names("PKG-INFO", m.Name, m.Version, m.Build() == "")
	}
	if about.Build != "" {
		l.add(assay.SdistBuild, about.Build)
		return
	}
	l.names("the metadata", about.Name, about.Version, true)
}

// names compares a name and a version with those of the file's own name. Old PKG-INFO
// is full of what is not valid, and no installer believes it.
func (l *look) names(where, name, version string, believed bool) {
	if what := pypi.Otherwise(name, version, l.artifact.Project, l.artifact.Version, believed); what != "" {
		l.otherwise(where + " names " + what)
	}
}

// otherwise reports what the inside is called, once.
func (l *look) otherwise(detail string) {
	said := func(f assay.Finding) bool { return f.Code == assay.ArchiveWrongProject }
	if !slices.ContainsFunc(l.findings, said) {
		l.add(assay.ArchiveWrongProject, detail)
	}
}

// folder compares the name of the folder that says what the archive is. A wheel's
// is made like its file name; an sdist's is only held to what it says, for old ones
// are called as somebody liked.
func (l *look) folder() {
	if l.inside.Folder == "" || l.artifact.Project == "" {
		return
	}
	ending, shown := ".tar.gz", l.inside.Folder
	if l.inside.Format == "wheel" {
		ending, shown = "-py3-none-any.whl", l.inside.Folder+".dist-info"
	}
	name, err := pypi.ParseFilenameFor(l.artifact.Project, l.inside.Folder+ending)
	switch {
	case errors.Is(err, pypi.ErrOtherProject):
		if _, err := pypi.ParseFilename(l.inside.Folder + ending); err == nil || l.inside.Format == "wheel" {
			l.otherwise("its folder is called " + short(shown))
		}
		return
	case err != nil && l.inside.Format == "sdist":
		return
	case err != nil:
		l.otherwise("its folder is called " + short(shown))
		return
	}
	want, err := pypi.ParseVersion(l.artifact.Version)
	if err == nil && name.Version.Canonical() != want.Canonical() {
		l.otherwise("its folder is called " + short(shown))
	}
}

// short quotes what somebody wrote.
func short(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
