package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"assay/internal/engine"
	"assay/internal/installer"
	"assay/internal/pypi"
	"assay/internal/report"
)

// maxFolder is how many entries of a folder with distribution files are looked
// at.
const maxFolder = 20_000

// judgeFolders judges what the installer would take from folders (--find-links),
// whose files never come through the proxy: those with evidence beside them are
// verified before the command starts, and one that is refused stops the run. The
// rest is reported as not looked at. Under a lock there is no rest: the bytes of every
// file are held against it.
func (a *app) judgeFolders(ctx context.Context, links []installer.Link, locked bool, e *engine.Engine, collector *report.Collector) error {
	seen := map[string]bool{}
	for _, link := range links {
		if !link.Local || seen[link.Path] {
			continue
		}
		seen[link.Path] = true
		if err := a.judgeFolder(ctx, link, locked, e, collector); err != nil {
			return err
		}
	}
	if r := collector.Report("run"); report.Exit(r.Summary()) != report.ExitAllowed {
		if err := r.WritePackages(a.stderr, a.text(a.stderr)); err != nil {
			return &failure{statusUndecided, err, ""}
		}
		return &failure{statusOwnFailure, errors.New("a folder holds a file that is refused, and its files do not come through assay"),
			"move the file away, then run the command again"}
	}
	return nil
}

func (a *app) judgeFolder(ctx context.Context, link installer.Link, locked bool, e *engine.Engine, collector *report.Collector) error {
	files, err := distributions(link.Path)
	if err != nil {
		return usage("correct the setting, or remove it", "%s (%s): %w", shown(link.Where), link.Origin, plainPathError(err))
	}
	unknown := 0
	for _, file := range files {
		var f verifyFlags
		materials, err := f.materials(file)
		if err != nil {
			return err
		}
		if len(materials) == 0 && !locked {
			unknown++
			continue
		}
		if err := a.verifyFile(ctx, f, e, file); err != nil {
			return err
		}
	}
	if unknown > 0 {
		collector.Skip(link.Where, fmt.Sprintf("a folder, %s; distribution files in it without evidence: %d", link.Origin, unknown))
	}
	return nil
}

// distributions lists the distribution files in a folder. What is no folder, or
// not there, has none: installers warn about that themselves. A link to a single
// file stands for that file.
func distributions(path string) ([]string, error) {
	if pypi.IsDistribution(path) {
		return []string{path}, nil
	}
	dir, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(maxFolder + 1)
	if err != nil && len(entries) == 0 {
		return nil, nil // empty, or no folder but a page of links
	}
	if len(entries) > maxFolder {
		return nil, fmt.Errorf("the folder holds more than %d files", maxFolder)
	}
	var out []string
	for _, entry := range entries {
		if pypi.IsDistribution(entry.Name()) {
			out = append(out, filepath.Join(path, entry.Name()))
		}
	}
	return out, nil
}
