package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/journal"
)

// memoryFolder, below the state folder, is where memory is.
const memoryFolder = "memory"

// memory is what was seen and accepted before. It is opened beside everything else,
// so that nobody waits for it who has not been asked about a project.
type memory struct {
	opened  chan struct{}
	journal *journal.Journal // nil where there is no place for one
	err     error

	// forgive is told once why memory cannot be read, and then nothing is remembered; nil
	// where that stops everything.
	forgive  func(error)
	forgiven sync.Once
	// accepting are, by project, changes that a person accepts with this very command.
	accepting map[string][]assay.Waiver
}

// memory begins to open memory. Files that are seen are noted to have come by route.
func (a *app) memory(route string) *memory {
	m := &memory{opened: make(chan struct{})}
	options, err := a.memoryOptions(route)
	if err != nil {
		close(m.opened) // who needs a place for state says so; to verify a file none is needed
		return m
	}
	go func() {
		defer close(m.opened)
		if m.journal, m.err = journal.Open(options); m.err != nil {
			m.err = memoryFailure(m.err)
		}
	}()
	return m
}

func (a *app) memoryOptions(route string) (journal.Options, error) {
	state, err := a.stateDir()
	if err != nil {
		return journal.Options{}, err
	}
	return journal.Options{Dir: filepath.Join(state, memoryFolder), Route: route, By: "assay " + version}, nil
}

// ready waits until memory is open. Where it cannot be, nothing may be decided.
func (m *memory) ready() error {
	<-m.opened
	return m.err
}

// Memory recalls a project.
func (m *memory) Memory(ctx context.Context, a assay.Artifact) (assay.Memory, error) {
	var known assay.Memory
	err := m.ready()
	if err == nil && m.journal != nil {
		known, err = m.journal.Memory(ctx, a)
	}
	if more := m.accepting[a.Project]; len(more) > 0 {
		known.Accepted = append(slices.Clip(known.Accepted), more...)
	}
	if err != nil && m.forgive != nil && ctx.Err() == nil {
		m.forgiven.Do(func() { m.forgive(err) })
		return assay.Memory{}, nil
	}
	return known, err
}

// Record keeps what was let through.
func (m *memory) Record(ctx context.Context, j engine.Judgement) error {
	if err := m.ready(); err != nil || m.journal == nil {
		return err
	}
	return m.journal.Record(ctx, j)
}

// close has memory on the disk. The error is about what is not kept.
func (m *memory) close() error {
	if err := m.ready(); err != nil || m.journal == nil {
		return nil // that was said
	}
	return m.journal.Close()
}

// sayNotes says what a person should know of memory.
func (a *app) sayNotes(m *memory) {
	if m.ready() == nil && m.journal != nil {
		a.warnNotes(m.journal)
	}
}

func (a *app) warnNotes(j *journal.Journal) {
	for _, note := range j.Notes() {
		a.warn("%s", note)
	}
}

// recorders hand a judgement to each of several, up to the first that fails.
type recorders []engine.Recorder

// Record hands on a judgement.
func (r recorders) Record(ctx context.Context, j engine.Judgement) error {
	for _, one := range r {
		if err := one.Record(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// memoryFailure says what to do about memory that cannot be read or written.
func memoryFailure(err error) error {
	hint := "check the folder's rights, or set ASSAY_HOME to a folder in which assay may write"
	switch {
	case errors.Is(err, journal.ErrEdited):
		hint = "nothing is decided without it: 'assay trust repair --dry-run' says what is sound, and 'assay trust repair' goes on with that and keeps the rest beside it"
	case errors.Is(err, journal.ErrCut):
		hint = "put it back from a backup, or go on with what is left: assay trust repair"
	case errors.Is(err, journal.ErrNewer):
		hint = "install that assay: this one cannot tell what it forbids ('assay version' tells yours)"
	case errors.Is(err, journal.ErrBusy):
		hint = "end the other run, or run it again later"
	}
	return &failure{statusUndecided, err, hint}
}

// notRemembered is the error about what could not be written at the end.
func notRemembered(err error) error {
	if errors.Is(err, journal.ErrEdited) || errors.Is(err, journal.ErrCut) || errors.Is(err, journal.ErrNewer) || errors.Is(err, journal.ErrBusy) {
		return memoryFailure(err)
	}
	return cannotWrite(err)
}

// withMemory opens memory for a command that is about nothing else, and closes it.
func (a *app) withMemory(do func(*journal.Journal) error) (err error) {
	options, err := a.memoryOptions("trust")
	if err != nil {
		return err
	}
	j, err := journal.Open(options)
	if err != nil {
		return memoryFailure(err)
	}
	defer func() {
		a.warnNotes(j)
		if closed := j.Close(); err == nil && closed != nil {
			err = notRemembered(closed)
		}
	}()
	return do(j)
}

// today is the day in UTC that a time is in.
func today(t time.Time) string { return t.UTC().Format(time.DateOnly) }
