package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
)

// keepLocked is how long the installers' caches of a lock stay without a run that uses
// them.
const keepLocked = 30 * 24 * time.Hour

// locks are those that a run is held to; nil where there are none.
type locks struct {
	guard *lockcheck.Guard
	key   string // of their bytes
}

// locked reads the locks that --locked names.
func (a *app) locked(names []string) (*locks, error) {
	if len(names) == 0 {
		return nil, nil
	}
	sum := sha256.New()
	open := func(name string) ([]byte, error) {
		data, err := a.readLockFile(name)
		digest := sha256.Sum256(data)
		sum.Write(digest[:])
		return data, err
	}
	var read []*lockfile.Lock
	for _, name := range names {
		lock, err := a.parseLock(name, open, &lockAccess{all: true})
		var malformed *lockfile.Error
		switch {
		case errors.As(err, &malformed):
			return nil, usage("correct the file, or make it anew with the tool that wrote it; nothing was started", "%w", err)
		case err != nil:
			return nil, err
		}
		if unseen := lockcheck.Unattestable(lock); len(unseen) > 0 {
			f := unseen[0]
			return nil, usage("take it from an index, or take the identities out of its entry; nothing was started",
				"%s: of an entry that names who attested its files, %s", f.Place, strings.TrimPrefix(f.Detail, "it is "))
		}
		read = append(read, lock)
	}
	return &locks{lockcheck.NewGuard(read...), hex.EncodeToString(sum.Sum(nil))}, nil
}

// forRun are the rules for the whole run. What comes through version control is in a
// lock by its place alone, so where no lock has such an entry, none passes; vcs is
// what the command line says.
func (l *locks) forRun(rules assay.Rules, vcs string) assay.Rules {
	if l != nil && vcs == "" && !l.guard.FromVCS() {
		rules.VCS = assay.Error
	}
	return rules
}

// over lays the locks over what is judged by.
func (l *locks) over(p judging) engine.Policy {
	if l == nil {
		return p
	}
	return lockedRules{p, l.guard}
}

// lockedRules are the rules under locks. It does not say which projects have the same
// rules for all files: under a lock none has.
type lockedRules struct {
	rules engine.Policy
	guard *lockcheck.Guard
}

// For returns the rules for an artifact. Of what is not in the locks nothing else
// matters, and nothing else is said.
func (l lockedRules) For(a assay.Artifact, claims []assay.Claim) assay.Rules {
	rules := l.rules.For(a, claims)
	found := l.guard.Findings(a, claims)
	if len(found) > 0 && found[0].Code == assay.LockOutside {
		return assay.Rules{Mode: assay.Enforce, Evidence: assay.RequireNothing, OnUnavailable: assay.Note, Sdist: assay.Note,
			VCS: rules.VCS, PlainHTTP: rules.PlainHTTP, Verdicts: found}
	}
	rules.Verdicts = slices.Concat(rules.Verdicts, found)
	return rules
}

// installerCaches is the folder for the installers' caches of Assay's own. Runs under a
// lock have one for that lock alone: an installer asks for nothing that lies in its
// cache, so what came past in another run would pass by the lock.
func (a *app) installerCaches(l *locks) (string, error) {
	cache, err := a.cacheDir()
	if err != nil || l == nil {
		return filepath.Join(cache, "installers"), err
	}
	all := filepath.Join(cache, "locked")
	own := filepath.Join(all, l.key)
	if err := os.MkdirAll(own, 0o700); err != nil {
		return "", cannotWrite(err)
	}
	now := time.Now()
	_ = os.Chtimes(own, now, now) // or it goes earlier than it might
	entries, _ := os.ReadDir(all)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.Name() != l.key && now.Sub(info.ModTime()) > keepLocked {
			_ = os.RemoveAll(filepath.Join(all, e.Name()))
		}
	}
	return filepath.Join(own, "installers"), nil
}
