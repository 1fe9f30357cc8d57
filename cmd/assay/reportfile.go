package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"assay/internal/report"
)

// reportFile is where the report goes, made before the command starts: a report
// that was asked for and cannot be written is better known before than after.
type reportFile struct {
	file *os.File
	path string
}

func openReport(path string) (*reportFile, error) {
	if path == "" {
		return &reportFile{}, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		// It could not be replaced, or, a device, must not be.
		return nil, reportFailure(path, errors.New("it is not a regular file"))
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".assay-report-*")
	if err != nil {
		return nil, reportFailure(path, err)
	}
	return &reportFile{file, path}, nil
}

func (r *reportFile) discard() {
	if r.file != nil {
		r.file.Close()
		os.Remove(r.file.Name())
	}
}

// keep puts the report in its place, whole or not at all.
func (r *reportFile) keep() error {
	err := errors.Join(r.file.Chmod(0o644), r.file.Sync(), r.file.Close())
	if err == nil {
		err = os.Rename(r.file.Name(), r.path)
	}
	if err != nil {
		os.Remove(r.file.Name())
	}
	return err
}

// writeReport writes the report to its file, as JSON, and shows it on stderr:
// stdout is the command's. A report that cannot be kept is shown all the same.
// status is the command's.
func (a *app) writeReport(f runFlags, r report.Report, out *reportFile, status int) error {
	var failed error
	if out.file != nil {
		if err := errors.Join(r.WriteJSON(out.file), out.keep()); err != nil {
			out.discard()
			failed = reportFailure(f.report, err)
		}
	}
	return errors.Join(a.showReport(f, r, out.file != nil, status), failed)
}

// showReport shows the report on stderr, as text where a file holds it as JSON.
// A command that failed for a reason of its own keeps the last word: where
// nothing was refused the report would only hide it.
func (a *app) showReport(f runFlags, r report.Report, kept bool, status int) error {
	held := report.Exit(r.Summary()) != report.ExitAllowed
	switch {
	case f.quiet && !held:
		return nil
	case f.format == "json" && !kept:
		return r.WriteJSON(a.stderr)
	case status != 0 && !held:
		return nil
	}
	return r.WritePackages(a.stderr, a.text(a.stderr))
}

func reportFailure(path string, err error) error {
	return &failure{statusUndecided, fmt.Errorf("the report cannot be written to %s: %w", shown(path), plainPathError(err)), "give another place with --report FILE"}
}
