package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"assay"
	"assay/internal/engine"
	"assay/internal/report"
)

const (
	// cameFile, beside the folder of the installers' caches of Assay's own, names
	// the releases that have come past in runs that used these caches, one to a line:
	//
	//	requests==2.32.5
	//
	// What is installed and neither came past nor stands there went around. A
	// command that is confined may write below the folder, and not beside it.
	cameFile = "came-past.txt"
	// maxCame bounds what is read of it, in bytes.
	maxCame = 32 << 20
)

// camePath is where the note to a folder of caches is.
func camePath(caches string) string { return filepath.Join(filepath.Dir(caches), cameFile) }

// cameBefore reads which releases came past in earlier runs.
func cameBefore(caches string) (map[assay.Release]bool, error) {
	out := map[assay.Release]bool{}
	file, err := os.Open(camePath(caches))
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	read := 0
	for lines.Scan() && read < maxCame {
		read += len(lines.Text()) + 1
		if project, version, ok := strings.Cut(lines.Text(), "=="); ok {
			out[assay.Release{Ecosystem: assay.PyPI, Project: project, Version: version}] = true
		}
	}
	return out, lines.Err()
}

// noting is a collector that notes a release as soon as a file of it has come past
// whole, before the command has the last of it: a run beside this one may take it
// at once from the caches they share. What cannot be noted then is tried again,
// and reported, at the end.
type noting struct {
	*report.Collector
	caches string // where the note is kept; empty for none

	mu    sync.Mutex
	noted map[assay.Release]bool
}

// Record keeps a judgement.
func (n *noting) Record(ctx context.Context, j engine.Judgement) error {
	if n.caches != "" && j.Subject.Content != nil && j.Decision.Verdict != assay.Deny {
		n.note(canonical(j.Subject.Artifact.Project, j.Subject.Artifact.Version))
	}
	return n.Collector.Record(ctx, j)
}

func (n *noting) note(r assay.Release) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.noted == nil {
		n.noted, _ = cameBefore(n.caches) // what was read of it
	}
	if !n.noted[r] && keepCame(n.caches, map[assay.Release]bool{r: true}, nil) == nil {
		n.noted[r] = true
	}
}

// keepCame adds releases that came past in this run. Runs beside each other add
// in one write each, so that no line is torn.
func keepCame(caches string, now, before map[assay.Release]bool) error {
	var text strings.Builder
	for _, r := range slices.SortedFunc(maps.Keys(now), func(a, b assay.Release) int { return strings.Compare(a.String(), b.String()) }) {
		if !before[r] && r.Project != "" && r.Version != "" && !strings.ContainsAny(r.Project+r.Version, "\r\n") {
			text.WriteString(r.Project + "==" + r.Version + "\n")
		}
	}
	if text.Len() == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(caches), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(camePath(caches), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text.String())
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("noting what came past: %w", err)
	}
	return nil
}
