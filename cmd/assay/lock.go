package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/journal"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
	"assay/internal/report"
)

// lockFlags are what `assay lock` was asked for.
type lockFlags struct {
	policy, trustedRoot string
	update, dryRun      bool
	accept              []string
	reason, until       string
	access              lockAccess
}

func (a *app) lockCommand() *cobra.Command {
	var f lockFlags
	cmd := &cobra.Command{
		Use:   "lock LOCKFILE",
		Short: "Add the hashes and publishers that a lock file lacks",
		Long: `Lock adds to a lock file what is missing, and touches nothing else: the sha256 of
every file of each pinned version (sha512 or sha384 where the index lists none),
and in a pylock.toml who attested the files of each package, where one publisher
attested them all. It resolves nothing.

With --update what is there is derived anew too: files that were added to a
release, and publishers that changed. A changed publisher needs --accept, which
memory keeps with its reason: 'assay trust history NAME' shows it.

Nothing is written where anything is refused.

Exit status: 0 when the lock is complete, 1 when something is refused or stays
without a hash, 2 bad usage or input, 3 could not decide.`,
		Example: `  assay lock requirements.txt
  assay lock pylock.toml --dry-run
  assay lock pylock.toml --update --accept demo --reason 'moved to a new repository'`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.lock(cmd.Context(), f, args) },
	}
	cmd.Flags().BoolVar(&f.update, "update", false, "derive anew what is there, and show the difference")
	cmd.Flags().StringArrayVar(&f.accept, "accept", nil, "with --update: take the changed publisher of `NAME` (may be repeated)")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why it is taken: `TEXT`")
	cmd.Flags().StringVar(&f.until, "until", "", "the last day on which memory lets it through, 90 days from now without it: `YYYY-MM-DD`")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would change, and write nothing")
	f.access.flags(cmd)
	cmd.Flags().StringVar(&f.policy, "policy", "", "judge by the policy in `FILE`, and by no other")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	return cmd
}

// check reads the flags; the names that are accepted become normal ones.
func (f *lockFlags) check(args []string, now time.Time) error {
	switch {
	case len(args) != 1:
		return usage("name one: assay lock requirements.txt", "lock takes one lock file, not %d", len(args))
	case len(f.accept) > 0 && !f.update:
		return usage("give --update as well, or leave it out", "--accept goes with --update")
	case len(f.accept) > 0 && strings.TrimSpace(f.reason) == "":
		return usage("say why: --reason TEXT", "--accept needs a reason")
	case len(f.accept) == 0 && f.reason != "":
		return usage("say whose publisher is taken: --accept NAME", "--reason goes with --accept")
	case len(f.accept) == 0 && f.until != "":
		return usage("say whose publisher is taken: --accept NAME", "--until goes with --accept")
	}
	if f.until == "" {
		f.until = now.UTC().Add(usualAcceptance).Format(time.DateOnly)
	}
	f.accept = slices.Clone(f.accept)
	for i, name := range f.accept {
		e, err := f.acceptance(name, "", now)
		if err != nil {
			return err
		}
		f.accept[i] = e.Project
	}
	return f.access.check()
}

func (a *app) lock(ctx context.Context, f lockFlags, args []string) error {
	if err := f.check(args, time.Now()); err != nil {
		return err
	}
	before := map[string][]byte{}
	open := func(name string) ([]byte, error) {
		data, err := a.readLockFile(name)
		before[name] = data
		return data, err
	}
	lock, err := a.parseLock(args[0], open, &f.access)
	var malformed *lockfile.Error
	switch {
	case errors.As(err, &malformed):
		return usage(f.access.hint(err, "correct the file, or make it anew with the tool that wrote it; nothing was written"), "%w", err)
	case err != nil:
		return err
	}
	c, err := a.newChecker(checkFlags{policy: f.policy, trustedRoot: f.trustedRoot, format: "text"})
	if err != nil {
		return err
	}
	l := &locking{flags: f, lock: lock, checker: c, edit: lock.Edit()}
	failed := l.work(ctx)
	if err := c.close(); err != nil {
		a.warn("what was found is not kept for the next time: %v", err)
	}
	if failed != nil {
		return failed
	}
	return l.write(ctx, before)
}

// locking is the work on one lock.
type locking struct {
	flags   lockFlags
	lock    *lockfile.Lock
	checker *checker
	edit    *lockfile.Edit

	said              []string // what changes, by line of the lock, and what does not
	hashes, publisher int      // how many were added
	changed           []string // packages with another publisher that nobody accepted
	lacking           []string // packages that are without a hash, and get none
	accepted          map[string]bool
	acceptances       []journal.Entry      // what memory is to keep of that
	failed            error                // what of it cannot be kept
	items             []report.CheckedItem // what was refused
}

// lacks reports whether an entry may lack what a lock can have.
func (l *locking) lacks(p lockfile.Package) bool {
	if p.Source.Kind != lockfile.Registry && p.Source.Kind != "" {
		return false
	}
	return l.flags.update || p.Version == "" || l.named() && slices.ContainsFunc(p.Files, func(f lockfile.File) bool { return len(f.Digests) == 0 || len(f.Weak) > 0 }) ||
		!l.named() && bare(p) || l.lock.Format == lockfile.Pylock && len(p.Identities) == 0
}

// named reports whether the lock ties hashes to file names.
func (l *locking) named() bool {
	return l.lock.Format != lockfile.Requirements && l.lock.Format != lockfile.Pipfile
}

// bare reports whether an entry has no hash that may decide.
func bare(p lockfile.Package) bool {
	return !slices.ContainsFunc(p.Hashes, func(h lockfile.Hash) bool { return h.Weak == "" })
}

// work finds out what is missing, and refuses what it may not add.
func (l *locking) work(ctx context.Context) error {
	l.accepted = map[string]bool{}
	l.checker.only = func(_ *lockfile.Lock, p lockfile.Package) bool { return l.lacks(p) }
	wanted, err := l.checker.expand(ctx, l.lock)
	if err != nil {
		return err
	}
	var subjects []*subject
	first := make([]int, len(wanted)) // of an entry's files
	named := make([][]lockfile.Identity, len(wanted))
	for i := range wanted {
		named[i] = wanted[i].Package.Identities
		w := l.prepared(wanted[i])
		wanted[i] = w
		if len(w.FindingsOf(-1)) > 0 {
			subjects = append(subjects, &subject{artifact: w.Artifact(), uses: []use{{&wanted[i], -1}}})
		}
		first[i] = len(subjects)
		for n, a := range w.Files {
			subjects = append(subjects, &subject{artifact: a, uses: []use{{&wanted[i], n}}})
		}
	}
	l.acceptForNow()
	items, err := l.judge(ctx, subjects)
	if err != nil || len(l.items) > 0 {
		return err
	}
	for i, w := range wanted {
		l.entry(w, named[i], items[first[i]:first[i]+len(w.Files)])
	}
	for _, name := range l.flags.accept {
		if !l.accepted[name] {
			return usage("leave it out; 'assay lock FILE --update' says whose changed", "--accept %s: its publisher in the lock is as it was, or there is none", shown(name))
		}
	}
	return l.acceptedAlone(ctx, subjects)
}

// judge judges subjects, and notes those that are refused.
func (l *locking) judge(ctx context.Context, subjects []*subject) ([]report.CheckedItem, error) {
	items, err := l.checker.judgeAll(ctx, subjects)
	for _, item := range items {
		if item.Decision.Verdict == assay.Deny && !item.Decision.OfFileAlone() {
			l.items = append(l.items, item)
		}
	}
	return items, err
}

// prepared is an entry without what this command is to mend: hashes that are missing,
// publishers that may have changed. Of an entry with hashes all files of its release
// are looked at.
func (l *locking) prepared(w lockcheck.Wanted) lockcheck.Wanted {
	w.Findings = slices.DeleteFunc(slices.Clone(w.Findings), func(f lockcheck.Located) bool {
		// A weak hash that stays is taken by installers, with strong ones beside it or without.
		return f.Code == assay.LockMissingHash || f.Code == assay.LockWeakHash && l.named() && !l.strong(w, f.File)
	})
	if l.flags.update {
		w.Package.Identities = nil
	}
	if l.named() {
		return w
	}
	for _, a := range w.Release {
		if !slices.ContainsFunc(w.Files, func(have assay.Artifact) bool { return have.Filename == a.Filename }) {
			w.Files, w.Places = append(w.Files, a), append(w.Places, w.Package.At)
		}
	}
	return w
}

// strong reports whether the lock has a strong hash for a file that it names.
func (l *locking) strong(w lockcheck.Wanted, file int) bool {
	return file >= 0 && slices.ContainsFunc(w.Package.Files, func(f lockfile.File) bool {
		return f.Name == w.Files[file].Filename && len(f.Digests) > 0
	})
}

// entry adds what an entry lacks; named are the publishers that it names.
func (l *locking) entry(w lockcheck.Wanted, named []lockfile.Identity, items []report.CheckedItem) {
	if len(w.Files) == 0 {
		return
	}
	p := w.Package
	var files []assay.Artifact
	var claims [][]assay.Claim
	for _, item := range items {
		if item.Decision.Verdict == assay.Deny {
			main, _ := item.Decision.Main()
			l.say(p, "%s is left out: %s [%s]", item.Artifact.Filename, main.Message, main.Code)
			continue
		}
		files = append(files, item.Artifact)
		claims = append(claims, claimsIn(item.Evidence))
	}
	l.hash(p, files)
	if l.lock.Format == lockfile.Pylock {
		l.identify(p, named, files, claims)
	}
}

func claimsIn(evidence []assay.Evidence) []assay.Claim {
	out := []assay.Claim{}
	for _, ev := range evidence {
		if ev.State == assay.Verified {
			out = append(out, ev.Claims...)
		}
	}
	return out
}

// hash adds the hashes that an entry lacks.
func (l *locking) hash(p lockfile.Package, files []assay.Artifact) {
	var added []assay.Digest
	for _, a := range files {
		d, ok := toAdd(a)
		if !ok {
			l.say(p, "%s: the index lists no sha256, sha512 or sha384 of it", a.Filename)
			if l.named() && slices.ContainsFunc(p.Files, func(f lockfile.File) bool { return f.Name == a.Filename && len(f.Digests) == 0 }) {
				l.lack(p)
			}
			continue
		}
		if l.named() {
			for _, f := range p.Files {
				if f.Name == a.Filename && len(f.Digests) == 0 {
					l.edit.SetFileDigest(p, f.Name, d)
					added = append(added, d)
				}
			}
			continue
		}
		have := slices.ContainsFunc(p.Hashes, func(h lockfile.Hash) bool {
			return h.Weak == "" && slices.Contains(a.Digests, h.Digest)
		})
		if !have && !slices.Contains(added, d) {
			added = append(added, d)
		}
	}
	if len(added) == 0 {
		if !l.named() && bare(p) {
			l.lack(p)
		}
		return
	}
	if !l.named() {
		l.edit.AddHashes(p, added)
	}
	l.hashes += len(added)
	l.say(p, "+ %s", hashes(len(added)))
}

// toAdd is the digest of a file that a lock gets: the usual one, and where the index does
// not list that another strong one.
func toAdd(a assay.Artifact) (assay.Digest, bool) {
	for _, algorithm := range []string{"sha256", "sha512", "sha384"} {
		if d, ok := a.Digest(algorithm); ok {
			return d, true
		}
	}
	return assay.Digest{}, false
}

// lack notes an entry that has no hash, and for which there is none.
func (l *locking) lack(p lockfile.Package) {
	add(&l.lacking, strings.TrimSpace(cmp.Or(p.Name, p.Spelled)+" "+p.Version))
}

// identify adds who attested all files of an entry, or holds what it names against it.
func (l *locking) identify(p lockfile.Package, before []lockfile.Identity, files []assay.Artifact, claims [][]assay.Claim) {
	var now []lockfile.Identity
	id, why := lockcheck.Derive(files, claims)
	if why == "" {
		now = []lockfile.Identity{id}
	}
	switch {
	case len(before) == 0 && len(now) == 0:
		if len(files) > 0 && slices.ContainsFunc(claims, func(list []assay.Claim) bool { return len(list) > 0 }) {
			l.say(p, "no publisher for all of its files: %s", why)
		}
		return
	case len(before) == 0:
		l.edit.SetIdentities(p, now)
		l.publisher++
		l.say(p, "+ %s", identityLine(id))
		return
	case lockcheck.Holds(before, claims):
		return
	case !l.flags.update:
		return // the check has said so
	}
	for _, old := range before {
		l.say(p, "- %s", identityLine(old))
	}
	if len(now) == 0 {
		l.say(p, "no publisher for all of its files: %s", why)
	} else {
		l.say(p, "+ %s", identityLine(id))
	}
	if !slices.Contains(l.flags.accept, p.Name) {
		if !slices.Contains(l.changed, p.Name) {
			l.changed = append(l.changed, p.Name)
		}
		return
	}
	l.accepted[p.Name] = true
	l.publisher++
	l.edit.SetIdentities(p, now)
	l.say(p, "accepted until %s: %s", l.flags.until, strings.TrimSpace(l.flags.reason))
	l.accept(p, now)
}

// identityLine renders an identity with what its name does not have.
func identityLine(id lockfile.Identity) string {
	text := "publisher " + lockcheck.IdentityText(id)
	if e := id.Fields["environment"]; e != "" {
		text += ", environment " + e
	}
	return text
}

func (l *locking) say(p lockfile.Package, format string, args ...any) {
	name := strings.TrimSpace(cmp.Or(p.Name, p.Spelled) + " " + p.Version)
	l.said = append(l.said, fmt.Sprintf("%s: %s: %s", p.At, name, fmt.Sprintf(format, args...)))
}

func hashes(n int) string {
	if n == 1 {
		return "1 hash"
	}
	return fmt.Sprintf("%d hashes", n)
}

// write says what was found, and puts the new files in the place of the old ones.
func (l *locking) write(ctx context.Context, before map[string][]byte) error {
	a := l.checker.app
	if len(l.items) > 0 {
		c := report.NewCheck(report.Check{Locks: []report.CheckedLock{{Name: l.lock.Name, Format: string(l.lock.Format)}}, Items: l.items})
		if err := c.WriteText(a.stdout, a.text(a.stdout)); err != nil {
			return &failure{statusUndecided, err, ""}
		}
		a.say("error", "nothing was written")
		return exit(report.Exit(c.Summary()))
	}
	after, err := l.edit.Bytes()
	if err != nil {
		return usage("add it with the tool that wrote the lock; nothing was written", "%w", err)
	}
	if err := l.own(after); err != nil {
		return err
	}
	for _, line := range l.said {
		fmt.Fprintln(a.stdout, report.Line(line))
	}
	if len(l.changed) > 0 {
		name := l.changed[0]
		a.complain(fmt.Errorf("%s: another publisher than the lock names, and nothing was written: %s", l.lock.Name, strings.Join(l.changed, ", ")),
			fmt.Sprintf("ask the project's maintainers; if it was meant: assay lock %s --update --accept %s --reason TEXT", shown(l.lock.Name), name))
		return exit(1)
	}
	if len(l.lacking) > 0 {
		a.complain(fmt.Errorf("%s: there is no hash to add, and nothing was written: %s", l.lock.Name, listed(l.lacking)),
			fmt.Sprintf("pin a release whose digests the index lists, or take the hashes from one that does; then run 'assay check %s'", shown(l.lock.Name)))
		return exit(1)
	}
	var what []string
	if l.hashes > 0 {
		what = append(what, hashes(l.hashes))
	}
	if l.publisher > 0 {
		what = append(what, plural(l.publisher, "publisher"))
	}
	added := strings.Join(what, ", ")
	switch {
	case len(after) == 0:
		fmt.Fprintln(a.stdout, report.Line(l.lock.Name+": nothing is missing"))
		return nil
	case l.flags.dryRun:
		fmt.Fprintln(a.stdout, report.Line(l.lock.Name+": would be written, new in it: "+added))
		return nil
	}
	if err := l.put(ctx, before, after); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, report.Line(l.lock.Name+": written, new in it: "+added))
	return nil
}

// own refuses to write to a file elsewhere that the lock includes.
func (l *locking) own(after map[string][]byte) error {
	a := l.checker.app
	ground, err := a.ground(l.lock.Name, &lockAccess{})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if name != l.lock.Name && ground.admit(name) != nil {
			return usage("lock it by itself first: assay lock "+shown(name), "%s lies outside of the project, and nothing was written: assay lock changes files within it alone", shown(name))
		}
	}
	return nil
}

// putLocks puts new texts in the place of files, each whole or not at all; where any
// cannot be written, none is.
func putLocks(before, after map[string][]byte) error {
	temporary := map[string]string{}
	defer func() {
		for _, name := range temporary {
			if name != "" {
				_ = os.Remove(name)
			}
		}
	}()
	failed := func(name string, err error) error {
		if errors.Is(err, errOwner) {
			return &failure{statusUndecided, fmt.Errorf("%s cannot be written: %w", shown(name), err), "run the command as the file's owner; nothing was written"}
		}
		return &failure{statusUndecided, fmt.Errorf("%s cannot be written: %w", shown(name), plainPathError(err)), "make room, or let assay write there; nothing was written"}
	}
	paths, infos := map[string]string{}, map[string]fs.FileInfo{}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		path := filepath.FromSlash(name)
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real // a link stays one
		}
		info, err := os.Stat(path)
		if err != nil {
			return failed(name, err)
		}
		now, err := os.ReadFile(path)
		if err != nil {
			return failed(name, err)
		}
		if !bytes.Equal(now, before[name]) {
			return &failure{statusUndecided, fmt.Errorf("%s changed in the meantime, and nothing was written", shown(name)), "run the command again"}
		}
		paths[name], infos[name] = path, info
		if temporary[name], err = writeBeside(path, after[name], infos[name]); err != nil {
			return failed(name, err)
		}
	}
	var done []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if err := os.Rename(temporary[name], paths[name]); err != nil {
			for _, back := range done { // or what was written is told by the second run
				if old, err := writeBeside(paths[back], before[back], infos[back]); err == nil {
					_ = os.Rename(old, paths[back])
				}
			}
			return failed(name, err)
		}
		delete(temporary, name)
		done = append(done, name)
	}
	return nil
}

var errOwner = errors.New("the new file would belong to somebody else than the old one")

// writeBeside writes a file beside another one, with its owner and its rights.
func writeBeside(path string, text []byte, of fs.FileInfo) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".assay-lock-*")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, keepOwner(file, of), file.Chmod(of.Mode().Perm()), file.Sync(), file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}
