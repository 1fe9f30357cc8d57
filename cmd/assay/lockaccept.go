package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"assay"
	"assay/internal/journal"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
)

// usualAcceptance is how long memory lets a publisher through that `assay lock` accepted,
// where nobody says how long.
const usualAcceptance = 90 * 24 * time.Hour

// acceptance is what memory keeps of an accepted publisher: for this project and this
// publisher alone. Who accepts that nobody attests any more has no name to hold others to,
// so that it is for the one release.
func (f *lockFlags) acceptance(release, identity string, now time.Time) (journal.Entry, error) {
	code := assay.PublisherChanged
	if identity == "" {
		code = assay.ProvenanceLost
	}
	return acceptFlags{identity: identity, reason: f.reason, until: f.until, codes: []string{string(code)}}.entry([]string{release}, now)
}

// acceptForNow lets all changes of publisher of the named projects through, until it is known
// to whom: see acceptedAlone.
func (l *locking) acceptForNow() {
	l.checker.memory.accepting = map[string][]assay.Waiver{}
	for _, name := range l.flags.accept {
		l.checker.memory.accepting[name] = []assay.Waiver{{Codes: []assay.Code{assay.PublisherChanged, assay.ProvenanceLost},
			Until: time.Now().Add(usualAcceptance), Reason: strings.TrimSpace(l.flags.reason), Origin: "now"}}
	}
}

// accept notes what memory is to keep of an entry's new publishers.
func (l *locking) accept(p lockfile.Package, now []lockfile.Identity) {
	release, identity := p.Name+"=="+p.Version, ""
	if len(now) > 0 {
		release, identity = p.Name, lockcheck.IdentityText(now[0])
	}
	e, err := l.flags.acceptance(release, identity, time.Now())
	if err != nil {
		l.failed = errors.Join(l.failed, err)
		return
	}
	e.By = l.checker.app.userName()
	for _, have := range l.acceptances {
		if have.Project == e.Project && have.Version == e.Version && have.Identity == e.Identity {
			return
		}
	}
	l.acceptances = append(l.acceptances, e)
}

// acceptedAlone judges again what was accepted, with nothing accepted but what memory is to
// keep: what that does not let through is refused now, and not by the next check.
func (l *locking) acceptedAlone(ctx context.Context, subjects []*subject) error {
	if l.failed != nil || len(l.acceptances) == 0 {
		return l.failed
	}
	exact := map[string][]assay.Waiver{}
	for _, e := range l.acceptances {
		e.Time = time.Now()
		exact[e.Project] = append(exact[e.Project], e.Waiver())
	}
	l.checker.memory.accepting = exact
	var again []*subject
	for _, s := range subjects {
		if exact[s.artifact.Project] != nil {
			again = append(again, s)
		}
	}
	_, err := l.judge(ctx, again)
	return err
}

// put has memory keep what was accepted, and then writes the lock. Without the first there
// is no second: a lock whose publisher nobody accepted would be refused by every check. Where
// the lock cannot be written the acceptances are taken back.
func (l *locking) put(ctx context.Context, before, after map[string][]byte) error {
	if len(l.acceptances) == 0 {
		return putLocks(before, after)
	}
	a := l.checker.app
	var put error
	written := false
	err := a.withMemory(func(j *journal.Journal) error {
		added, err := j.Append(ctx, l.acceptances...)
		if err != nil {
			return notRemembered(err)
		}
		if put = putLocks(before, after); put == nil {
			written = true
			return nil
		}
		var back []journal.Entry
		for _, e := range added {
			back = append(back, journal.Entry{Kind: journal.Remove, Project: e.Project, Target: e.Seq, By: e.By, Reason: "the lock could not be written"})
		}
		if _, err := j.Append(ctx, back...); err != nil {
			a.warn("what was accepted stays in memory ('assay trust list' shows it): %v", err)
		}
		return nil
	})
	var said *failure
	switch {
	case put != nil:
		return put
	case written && err != nil: // it was on the disk before
		a.warn("%v", err)
		return nil
	case errors.As(err, &said):
		return &failure{said.status, fmt.Errorf("what was accepted cannot be kept, and nothing was written: %w", said.err), said.hint}
	}
	return err
}
