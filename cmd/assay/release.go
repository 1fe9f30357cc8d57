package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/gate"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/pypi"
)

// releaseParallel is how many files of a release are fetched at once.
const releaseParallel = 4

// verifyRelease judges every file of a release on the first configured index
// that has it. The files are read to be compared with what the index promises,
// and not kept.
func (a *app) verifyRelease(ctx context.Context, f verifyFlags, config engine.Config, name, version string) error {
	project, err := pypi.NormalizeName(name)
	if err != nil {
		return usage("write NAME==VERSION, such as sampleproject==4.0.0", "%w", err)
	}
	wanted, err := pypi.ParseVersion(version)
	if err != nil {
		return usage("write NAME==VERSION, such as sampleproject==4.0.0", "%w", err)
	}
	if f.offline {
		return &failure{statusUndecided, fmt.Errorf("%s==%s can only be verified from its index", project, wanted), "leave --offline out, or verify files at hand"}
	}
	if f.digest != "" || f.name != "" || f.provenance != "" {
		return usage("give the file instead, or leave them out", "--provenance, --digest and --name do not go with NAME==VERSION")
	}
	settings, err := a.settings(nil, installer.Options{})
	if err != nil {
		return err
	}
	client, err := a.indexClient(settings, f.judging.beside)
	if err != nil {
		return err
	}
	config.Source = client
	files, err := findRelease(ctx, client, settings, project, wanted)
	if err != nil {
		return err
	}
	finish, err := a.finishing(ctx, f, assay.Artifact{Project: project, Version: wanted.String()})
	if err != nil {
		return err
	}
	return a.verifyListed(ctx, engine.New(config), client, files, finish)
}

// findRelease returns the files of a release on the first index that lists it. Where none
// does, and one has put the project under quarantine, that stands for the release: an
// artifact without a file.
func findRelease(ctx context.Context, client *index.Client, settings installer.Config, project string, version pypi.Version) ([]assay.Artifact, error) {
	if len(settings.Indexes) == 0 {
		return nil, usage("correct the configuration; assay reads the same as pip and uv", "no index is configured that could be asked for %s", project)
	}
	var files, quarantined []assay.Artifact
	known, err := eachPage(ctx, client, settings, project, "", func(page *pypi.Page, at *url.URL) bool {
		files = releaseFiles(page, at, project, version)
		if page.Standing.Quarantined() && quarantined == nil {
			quarantined = unoffered(page, at, project, version.String())
		}
		return len(files) == 0
	})
	if err != nil || len(files) > 0 {
		return files, err
	}
	if quarantined != nil {
		return quarantined, nil
	}
	where := "the configured index"
	if len(settings.Indexes) == 1 {
		where = index.Redact(settings.Indexes[0].URL)
	}
	if !known {
		return nil, usage("check the name; the index is the one that pip or uv is configured with", "there is no project %s on %s", project, where)
	}
	return nil, usage("check the version", "there is no release %s==%s on %s", project, version, where)
}

// unoffered is a project, or a release of it, of which its page offers no file because of
// what it says of the project.
func unoffered(page *pypi.Page, at *url.URL, project, version string) []assay.Artifact {
	return []assay.Artifact{{Ecosystem: assay.PyPI, Project: project, Version: version,
		Index: index.Redact(withoutDefaultPort(at)), Standing: page.Standing}}
}

// beforehand decides about what is not looked at: what is of a project under quarantine,
// and a file whose release nobody can tell.
func beforehand(file assay.Artifact) (engine.Judgement, bool) {
	var d assay.Decision
	switch {
	case file.Standing.Quarantined():
		d = assay.Refuse(file, assay.ProjectQuarantined, file.Standing.Reason)
	case file.Version == "":
		d = assay.Refuse(file, assay.FileUnreadableName, strconv.Quote(file.Filename))
	default:
		return engine.Judgement{}, false
	}
	return engine.Judgement{Subject: assay.Subject{Artifact: file}, Decision: d, Time: time.Now()}, true
}

// eachPage hands a project's page on each configured index to do, until that wants
// no more, and reports whether any index has the project. more is what else helps
// where one cannot be reached.
func eachPage(ctx context.Context, client *index.Client, settings installer.Config, project, more string, do func(*pypi.Page, *url.URL) bool) (known bool, err error) {
	for _, ix := range settings.Indexes {
		page, err := client.Page(ctx, ix.Base(), project)
		switch {
		case errors.Is(err, index.ErrNotFound):
			continue
		case errors.Is(err, context.Canceled):
			return known, err
		case isPageError(err):
			return known, &failure{statusUndecided, err, "tell the index's operators, or use another index than the one that " + ix.Origin + " names" + more}
		case err != nil:
			return known, &failure{statusUndecided, err, "check the network and the index that " + ix.Origin + " names" + more}
		}
		known = true
		at, err := index.PageURL(ix.URL.String(), project)
		if err != nil {
			return known, usage("", "%w", err)
		}
		if !do(page, at) {
			break
		}
	}
	return known, nil
}

// isPageError reports whether the index answered with a page that cannot be used.
func isPageError(err error) bool {
	var malformed *pypi.PageError
	return errors.As(err, &malformed) || errors.Is(err, index.ErrContentType) || errors.Is(err, index.ErrEncoding) || errors.Is(err, index.ErrTooLarge)
}

// releaseFiles returns the files of a release: 1, 1.0 and 1.0.0 are one version.
// Files whose names do not tell their release belong to every one: an installer
// may read them. They have no version.
func releaseFiles(page *pypi.Page, at *url.URL, project string, version pypi.Version) []assay.Artifact {
	return filesOf(page, at, project, func(v pypi.Version) bool { return v.Canonical() == version.Canonical() })
}

func filesOf(page *pypi.Page, at *url.URL, project string, wanted func(pypi.Version) bool) []assay.Artifact {
	var files []assay.Artifact
	for i := range page.Files {
		a := page.Artifact(i, index.Redact(withoutDefaultPort(at)))
		name, err := pypi.ParseFilenameFor(project, a.Filename)
		switch {
		case errors.Is(err, pypi.ErrFilename) && pypi.IsDistribution(a.Filename):
			a.Project, a.Version = project, ""
			files = append(files, a)
		case err == nil && !name.Version.IsZero() && wanted(name.Version):
			a.Project, a.Version = project, name.Version.String() // an HTML page does not name its project
			if guess, ok := index.ProvenanceGuess(page, at, page.Files[i]); ok && a.Provenance == "" {
				a.Provenance, a.ProvenanceGuess = guess, true
			}
			files = append(files, a)
		}
	}
	return files
}

// withoutDefaultPort is a page's address as the proxy of a run sees it: memory keeps
// what an index had under its address.
func withoutDefaultPort(u *url.URL) *url.URL {
	out := *u
	if p := u.Port(); p == "443" && u.Scheme == "https" || p == "80" && u.Scheme == "http" {
		out.Host = strings.TrimSuffix(u.Host, ":"+p)
	}
	return &out
}

// verifyListed judges the files of a release with their bytes. Finish adds what is known
// of the release itself.
func (a *app) verifyListed(ctx context.Context, e *engine.Engine, client *index.Client, files []assay.Artifact, finish func(*engine.Judgement)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := a.newProgress("verifying", len(files))
	defer p.done()
	seen, twice := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		twice[file.Filename], seen[file.Filename] = seen[file.Filename], true
	}
	slots := make(chan struct{}, releaseParallel)
	judged, errs := make([]engine.Judgement, len(files)), make([]error, len(files))
	var wg sync.WaitGroup
	for i, file := range files {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if judged[i], errs[i] = verifyOne(ctx, e, client, file, twice[file.Filename]); errs[i] != nil {
				cancel()
			}
			p.step(file.Filename)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, j := range judged { // in the page's order
		finish(&j)
		if err := e.Record(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// verifyOne judges one file with its bytes. A file that the page lists twice is
// refused whatever they are, as installers may take either.
func verifyOne(ctx context.Context, e *engine.Engine, client *index.Client, file assay.Artifact, twice bool) (engine.Judgement, error) {
	if j, ok := beforehand(file); ok {
		return j, nil
	}
	j, err := e.Judge(ctx, assay.Subject{Artifact: file})
	if err != nil {
		return j, &failure{statusUndecided, err, ""}
	}
	content, err := fetch(ctx, client, file, j.Hashing)
	switch {
	case errors.Is(err, context.Canceled):
		return j, err
	case err != nil:
		// The bytes are out of reach: that is a decision about this file, and the
		// evidence gathered so far is still reported.
		j.Decision = j.Decision.Join(assay.Refuse(file, assay.FileUnavailable, err.Error()))
	default:
		if j, err = e.Complete(ctx, j, content); err != nil {
			return j, &failure{statusUndecided, err, ""}
		}
	}
	if twice {
		j.Decision = j.Decision.Join(assay.Refuse(file, assay.PageDuplicateFile, ""))
	}
	return j, nil
}

func fetch(ctx context.Context, client *index.Client, file assay.Artifact, signed []assay.Hashing) (assay.Content, error) {
	body, err := client.Open(ctx, file)
	if err != nil {
		return assay.Content{}, err
	}
	defer body.Close()
	limit := file.Size
	if limit <= 0 {
		limit = gate.DefaultLimits.Stream
	}
	c, err := gate.Read(io.LimitReader(body, limit+1), assay.NewHasher(file.Digests, signed...), inspector(file.Filename))
	switch {
	case err == nil && file.Size > 0 && c.Size > limit:
		return assay.Content{Size: c.Size}, nil // the rest is not read: these are other bytes already
	case err == nil && c.Size > limit:
		return c, fmt.Errorf("it has more than %d bytes", limit)
	}
	return c, err
}
