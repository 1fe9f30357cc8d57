package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"

	"assay"
	"assay/internal/engine"
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
		return usage("write NAME==VERSION, such as sampleproject==4.0.0", "%s: %w", shown(name), err)
	}
	wanted, err := pypi.ParseVersion(version)
	if err != nil {
		return usage("write NAME==VERSION, such as sampleproject==4.0.0", "%s: %w", shown(version), err)
	}
	if f.offline {
		return &failure{statusUndecided, fmt.Errorf("%s==%s can only be verified from its index", project, wanted), "leave --offline out, or verify files at hand"}
	}
	if f.digest != "" || f.name != "" || f.provenance != "" {
		return usage("give the file instead, or leave them out", "--provenance, --digest and --name do not go with NAME==VERSION")
	}
	settings, err := a.settings(nil)
	if err != nil {
		return err
	}
	client, err := a.indexClient(settings)
	if err != nil {
		return err
	}
	config.Source = client
	files, err := findRelease(ctx, client, settings, project, wanted)
	if err != nil {
		return err
	}
	return a.verifyListed(ctx, engine.New(config), client, files)
}

// findRelease returns the files of a release on the first index that lists it.
func findRelease(ctx context.Context, client *index.Client, settings installer.Config, project string, version pypi.Version) ([]assay.Artifact, error) {
	known := false
	for _, ix := range settings.Indexes {
		page, err := client.Page(ctx, ix.Base(), project)
		switch {
		case errors.Is(err, index.ErrNotFound):
			continue
		case errors.Is(err, context.Canceled):
			return nil, err
		case err != nil:
			return nil, &failure{statusUndecided, err, "check the network and the index that " + ix.Origin + " names"}
		}
		known = true
		at, err := index.PageURL(ix.URL.String(), project)
		if err != nil {
			return nil, usage("", "%w", err)
		}
		if files := releaseFiles(page, at, project, version); len(files) > 0 {
			return files, nil
		}
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

func releaseFiles(page *pypi.Page, at *url.URL, project string, version pypi.Version) []assay.Artifact {
	var files []assay.Artifact
	for i := range page.Files {
		a := page.Artifact(i, index.Redact(at))
		if a.Project == project && a.Version == version.String() {
			if guess, ok := index.ProvenanceGuess(page, at, page.Files[i]); ok && a.Provenance == "" {
				a.Provenance, a.ProvenanceGuess = guess, true
			}
			files = append(files, a)
		}
	}
	return files
}

// verifyListed judges the files of a release with their bytes.
func (a *app) verifyListed(ctx context.Context, e *engine.Engine, client *index.Client, files []assay.Artifact) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := a.newProgress("verifying", len(files))
	defer p.done()
	slots := make(chan struct{}, releaseParallel)
	errs := make([]error, len(files))
	var wg sync.WaitGroup
	for i, file := range files {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if errs[i] = verifyOne(ctx, e, client, file); errs[i] != nil {
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
	return errors.Join(errs...)
}

func verifyOne(ctx context.Context, e *engine.Engine, client *index.Client, file assay.Artifact) error {
	j, err := e.Judge(ctx, assay.Subject{Artifact: file})
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	content, err := fetch(ctx, client, file)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case err != nil:
		// The bytes are out of reach: that is a decision about this file, and the
		// evidence gathered so far is still reported.
		j.Decision = j.Decision.Join(assay.Refuse(file, assay.FileUnavailable, err.Error()))
	default:
		if j, err = e.Complete(ctx, j, content); err != nil {
			return &failure{statusUndecided, err, ""}
		}
	}
	return e.Record(ctx, j)
}

func fetch(ctx context.Context, client *index.Client, file assay.Artifact) (assay.Content, error) {
	body, err := client.Open(ctx, file)
	if err != nil {
		return assay.Content{}, err
	}
	defer body.Close()
	h := assay.NewHasher(file.Digests)
	_, err = io.Copy(h, body)
	return h.Content(), err
}
