package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"assay"
	"assay/internal/engine"
	"assay/internal/gate"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
	"assay/internal/pypi"
)

// links are the places with files that are configured, as locks have theirs.
func links(settings installer.Config) []lockfile.Index {
	var out []lockfile.Index
	for _, l := range settings.FindLinks {
		where := l.Where
		if l.Local {
			where = l.Path
		}
		out = append(out, lockfile.Index{Kind: lockfile.FindLinks, URL: where})
	}
	return out
}

// Flat asks a place with files for those of a release: a page of links, or a folder.
func (c *checker) Flat(ctx context.Context, link lockfile.Index, project string, version pypi.Version) (lockcheck.Release, error) {
	problem := func(code assay.Code, format string, args ...any) (lockcheck.Release, error) {
		return lockcheck.Release{Problem: &assay.Finding{Code: code, Detail: fmt.Sprintf(format, args...)}}, nil
	}
	scheme, _, remote := strings.Cut(link.URL, "://")
	if scheme = strings.ToLower(scheme); !remote || scheme == "file" {
		if u, err := url.Parse(link.URL); scheme == "file" && (err != nil || u.Host != "" && u.Host != "localhost") {
			return problem(assay.PageUnavailable, "--find-links %s: it names another computer, which no installer asks", shown(link.URL))
		}
		files, err := c.folder(ctx, c.linked(link), project, version)
		switch {
		case ctx.Err() != nil:
			return lockcheck.Release{}, context.Cause(ctx)
		case err != nil:
			return problem(assay.PageUnavailable, "--find-links %s: %v", shown(link.URL), plainPathError(err))
		}
		return lockcheck.Release{Known: len(files) > 0, Files: files}, nil
	}
	at, err := url.Parse(link.URL)
	if err != nil || scheme != "http" && scheme != "https" {
		return problem(assay.PageUnavailable, "--find-links %s: assay asks pages behind http and https, and folders", shown(index.RedactString(link.URL)))
	}
	_, led := c.configured(link.URL)
	for _, l := range c.settings.FindLinks {
		led = led && (l.Local || l.Where != link.URL)
	}
	return c.listed(ctx, listing{at, led, func(ctx context.Context) (*pypi.Page, error) {
		page, err := c.client.Flat(ctx, link.URL)
		if errors.Is(err, index.ErrNotFound) { // a place that is not there lists nothing, and that is no answer
			err = fmt.Errorf("--find-links: %s", err)
		}
		return page, err
	}}, project, version)
}

// linked is the path that a place with files has: as pip finds it, beside the file that
// names it, else in the working folder.
func (c *checker) linked(link lockfile.Index) string {
	path := link.URL
	if u, err := url.Parse(path); err == nil && strings.EqualFold(u.Scheme, "file") {
		return filepath.FromSlash(u.Path)
	}
	path = filepath.FromSlash(path)
	if link.At.File != "" && !filepath.IsAbs(path) {
		beside := filepath.Join(filepath.Dir(filepath.FromSlash(link.At.File)), path)
		if _, err := os.Stat(beside); err == nil {
			return beside
		}
	}
	return path
}

// folder returns the files of a release in a folder, with the digests of their bytes.
func (c *checker) folder(ctx context.Context, dir, project string, version pypi.Version) ([]assay.Artifact, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir() && !pypi.IsDistribution(dir):
		return nil, errors.New("it is neither a folder nor a page behind http or https; put the files of a page into a folder")
	}
	paths, err := distributions(dir)
	if err != nil {
		return nil, err
	}
	var out []assay.Artifact
	for _, path := range paths {
		name, err := pypi.ParseFilenameFor(project, filepath.Base(path))
		if err != nil || name.Version.IsZero() || !isVersion(version)(name.Version) {
			continue
		}
		a := assay.Artifact{Ecosystem: assay.PyPI, Project: project, Version: name.Version.String(), Filename: filepath.Base(path), URL: fileURL(path)}
		digest, size, err := digestOf(ctx, path)
		if err != nil {
			return nil, err
		}
		a.Digests, a.Size = []assay.Digest{digest}, size
		c.mu.Lock()
		c.folders[a.URL] = path
		c.mu.Unlock()
		out = append(out, a)
	}
	return out, nil
}

func digestOf(ctx context.Context, path string) (assay.Digest, int64, error) {
	file, err := openRegular(path, badDistribution)
	if err != nil {
		return assay.Digest{}, 0, err
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, cancellable{ctx, file})
	return assay.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}, size, err
}

// hash reads a file for its digests in the algorithms of some, or says why it cannot.
func (c *checker) hash(ctx context.Context, a assay.Artifact, some []assay.Digest) ([]assay.Digest, *assay.Finding, error) {
	var content assay.Content
	var err error
	if path, ok := c.here(a); ok {
		var file *os.File
		if file, err = openRegular(path, badDistribution); err == nil {
			content, err = gate.Read(cancellable{ctx, file}, assay.NewHasher(some), nil)
			file.Close()
		}
	} else {
		if j, refused := beforehand(a); refused {
			main, _ := j.Decision.Main()
			return nil, &assay.Finding{Code: main.Code, Detail: a.Filename}, nil
		}
		a.Digests = some
		content, err = fetch(ctx, c.client, a, nil)
	}
	switch {
	case ctx.Err() != nil:
		return nil, nil, context.Cause(ctx)
	case err != nil:
		return nil, &assay.Finding{Code: assay.FileUnavailable, Detail: err.Error()}, nil
	}
	return content.Digests, nil, nil
}

// here returns the path of a file that lies in a folder that was looked into.
func (c *checker) here(a assay.Artifact) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path, ok := c.folders[a.URL]
	return path, ok && a.Index == ""
}

// judgeHere judges a file in a folder by its bytes and by the evidence beside it.
func (c *checker) judgeHere(ctx context.Context, a assay.Artifact, path string) (engine.Judgement, error) {
	file, err := openRegular(path, badDistribution)
	if err != nil {
		return engine.Judgement{}, err
	}
	defer file.Close()
	materials, err := verifyFlags{}.materials(path)
	if err != nil {
		return engine.Judgement{}, err
	}
	subject := assay.Subject{Artifact: a, Materials: materials}
	var look gate.Inspector
	if c.flags.download {
		look = inspector(a.Filename)
	}
	content, err := gate.Read(cancellable{ctx, file}, assay.NewHasher(a.Digests, c.engine.Hashing(subject)...), look)
	if err != nil {
		return engine.Judgement{}, &failure{statusUndecided, fmt.Errorf("reading %s: %w", shown(path), err), ""}
	}
	subject.Content = &content
	j, err := c.engine.Judge(ctx, subject)
	if err != nil {
		return j, &failure{statusUndecided, err, ""}
	}
	return j, nil
}
