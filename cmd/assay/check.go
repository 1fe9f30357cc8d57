package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/engine"
	"assay/internal/evidence"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/intercept"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
	"assay/internal/pypi"
	"assay/internal/report"
	"assay/internal/verify/digest"
	"assay/internal/verify/openpgp"
	"assay/internal/verify/pep740"
	"assay/internal/verify/ssh"
)

const (
	// checkParallel is how many files are judged at once.
	checkParallel = 16
	// saveEvery is after how many files what was found is written.
	saveEvery = 200
	// maxCheckedLock is how large a lock may be in bytes: what is larger the reader refuses.
	maxCheckedLock = 128 << 20
	// evidenceFolder, below the cache folder, is where evidence is kept.
	evidenceFolder = "evidence"
)

// checkFlags are what `assay check` was asked for.
type checkFlags struct {
	policy, trustedRoot, format string
	platform, python, since     string
	download, offline           bool
	// looks says that nothing is decided: memory is read where it can be, and never written.
	looks bool

	access      lockAccess
	environment lockcheck.Environment
}

// environmentText is the environment as a person asked for it.
func (f checkFlags) environmentText() string {
	parts := []string{}
	if f.platform != "" {
		parts = append(parts, f.platform)
	}
	if f.python != "" {
		parts = append(parts, "Python "+f.python)
	}
	return strings.Join(parts, " with ")
}

// checkFormats are the forms of the result.
var checkFormats = []string{"text", "json", "sarif", "junit", "markdown"}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check LOCKFILE ...",
		Short: "Verify every file that a lock file would install",
		Long: `Check judges every file that any platform could install from a lock file:
requirements.txt, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock.
Each needs a strong hash in the lock, the same digest on its index, the evidence
that the policy asks for, and, where the lock names attestation identities, an
attestation by one of them. Every refusal names the file and line of the lock.

Nothing is downloaded: files are judged by their promised digests, which an
installer compares. With --download the bytes are compared and the archives
looked into as well.

What was verified is kept for a day. With --offline nobody is asked: what is not
kept is undecided.

Exit status: 0 when all may be installed, 1 when something is refused, 2 bad
usage or input, 3 could not decide.`,
		Example: `  assay check uv.lock
  assay check requirements.txt --platform linux-x86_64 --python 3.12
  assay check uv.lock --changed-since origin/main --format markdown`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.check(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.platform, "platform", "", "look only at entries and files for `PLATFORM`: linux, macos-arm64, manylinux_2_28_x86_64")
	cmd.Flags().StringVar(&f.python, "python", "", "look only at entries and files for Python `VERSION`: 3.12")
	cmd.Flags().BoolVar(&f.download, "download", false, "compare the bytes and look into the archives too")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "ask nobody: judge from what earlier checks kept")
	cmd.Flags().StringVar(&f.since, "changed-since", "", "look only at entries that changed since the git revision `REV`")
	f.access.flags(cmd)
	cmd.Flags().StringVar(&f.policy, "policy", "", "judge by the policy in `FILE`, and by no other")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	cmd.Flags().StringVar(&f.format, "format", "text", "text, json, sarif, junit or markdown")
	return cmd
}

func (a *app) check(ctx context.Context, f checkFlags, args []string) error {
	if !slices.Contains(checkFormats, f.format) {
		return usage("", "--format is %s or %s, not %q", strings.Join(checkFormats[:4], ", "), checkFormats[4], f.format)
	}
	switch {
	case len(args) == 0:
		return usage("name a lock file: assay check requirements.txt", "there is nothing to check")
	case f.download && f.offline:
		return usage("leave one of them out", "--download does not go with --offline")
	}
	err := f.access.check()
	if err != nil {
		return err
	}
	if f.environment, err = lockcheck.NewEnvironment(f.platform, f.python); err != nil {
		return usage("leave it out to look at the files of every platform", "%w", err)
	}
	locks, err := a.readLocks(args, &f.access)
	if err != nil {
		return err
	}
	only, err := a.changedSince(ctx, f.since, locks, &f.access)
	if err != nil {
		return err
	}
	c, err := a.newChecker(f)
	if err != nil {
		return err
	}
	c.only = only
	result, failed := c.check(ctx, locks)
	if err := c.close(); err != nil {
		a.warn("what was found is not kept for the next time: %v", err)
	}
	if failed != nil {
		return failed
	}
	return a.writeCheck(f, result)
}

// writeCheck writes the result and returns the status that stands for it.
func (a *app) writeCheck(f checkFlags, c report.Check) error {
	var err error
	switch f.format {
	case "json":
		err = c.WriteJSON(a.stdout)
	case "sarif":
		err = c.WriteSARIF(a.stdout, version)
	case "junit":
		err = c.WriteJUnit(a.stdout)
	case "markdown":
		err = c.WriteMarkdown(a.stdout)
	default:
		err = c.WriteText(a.stdout, a.text(a.stdout))
	}
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	if status := report.Exit(c.Summary()); status != 0 {
		return exit(status)
	}
	return nil
}

// readLocks reads lock files. What is wrong with any of them is said of all at once.
func (a *app) readLocks(args []string, access *lockAccess) ([]*lockfile.Lock, error) {
	var locks []*lockfile.Lock
	var broken []error
	seen := map[string]bool{}
	for _, arg := range args {
		if name := filepath.Clean(arg); seen[name] {
			continue
		} else {
			seen[name] = true
		}
		lock, err := a.readLock(arg, access)
		var malformed *lockfile.Error
		switch {
		case errors.As(err, &malformed):
			broken = append(broken, err)
		case err != nil:
			return nil, err
		default:
			locks = append(locks, lock)
		}
	}
	if len(broken) > 0 {
		hint := "correct the file, or make it anew with the tool that wrote it; nothing was checked"
		return nil, usage(access.hint(errors.Join(broken...), hint), "%w", errors.Join(broken...))
	}
	return locks, nil
}

// readLock reads one lock file with those that it includes.
func (a *app) readLock(name string, access *lockAccess) (*lockfile.Lock, error) {
	return a.parseLock(name, a.readLockFile, access)
}

// parseLock reads a lock whose files come from read.
func (a *app) parseLock(name string, read lockfile.Open, access *lockAccess) (*lockfile.Lock, error) {
	ground, err := a.ground(name, access)
	if err != nil {
		return nil, err
	}
	if err := ground.admit(name); err != nil {
		return nil, err
	}
	data, err := read(name)
	if err != nil {
		return nil, err
	}
	if _, ok := lockfile.Detect(name, data); !ok {
		return nil, usage("name a requirements.txt, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock", "%s: no lock file that assay knows", shown(name))
	}
	lock, err := lockfile.ReadEnv(name, data, ground.includes(read), access.getenv(a))
	var malformed *lockfile.Error
	if err != nil && !errors.As(err, &malformed) {
		var said *failure
		if errors.As(err, &said) { // about an include, with the file and line that name it
			hint := said.hint
			if errors.Is(err, fs.ErrNotExist) {
				hint = "correct that line, or put the file there"
			}
			return nil, &failure{said.status, err, hint}
		}
		return nil, usage("", "%s: %w", shown(name), err)
	}
	return lock, err
}

func (a *app) readLockFile(name string) ([]byte, error) {
	file, err := openRegular(name, hints{"check the path", "name the lock file itself"})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxCheckedLock+1))
	if err != nil {
		return nil, &failure{statusUndecided, fmt.Errorf("reading %s: %w", shown(name), err), ""}
	}
	if len(data) > maxCheckedLock {
		return nil, usage("", "%s: it has more than %d bytes, which no lock file has", shown(name), maxCheckedLock)
	}
	return data, nil
}

// checker judges what locks name.
type checker struct {
	app      *app
	flags    checkFlags
	judging  judging
	settings installer.Config
	client   *index.Client // nil where nobody is asked
	kept     *evidence.Store
	memory   *memory
	engine   *engine.Engine
	only     func(*lockfile.Lock, lockfile.Package) bool // nil for every entry
	leftOut  []report.LeftOut                            // entries that markers keep out of the environment

	mu       sync.Mutex
	releases map[string]*evidence.Release // by file, see fileKey
	folders  map[string]string            // paths of files in folders that were looked into, by their URLs
	judged   int
}

func (a *app) newChecker(f checkFlags) (*checker, error) {
	c := &checker{app: a, flags: f, releases: map[string]*evidence.Release{}, folders: map[string]string{}}
	var err error
	if c.judging, err = a.judging(f.policy); err != nil {
		return nil, err
	}
	c.memory = a.memory("check")
	root, err := a.trustedRoot(f.trustedRoot)
	if err != nil {
		return nil, err
	}
	if c.settings, err = a.settings(nil, installer.Options{}); err != nil {
		return nil, err
	}
	if !f.offline {
		if c.client, err = a.indexClient(c.settings, c.judging.beside); err != nil {
			return nil, err
		}
	}
	folder, err := a.cacheDir()
	if err != nil {
		folder = "" // to check a lock no place is needed
	} else {
		folder = filepath.Join(folder, evidenceFolder)
	}
	c.kept = evidence.Open(folder, evidence.Options{Trust: "root " + root.Root.SHA256() + " " + verifierVersions(), Old: f.offline})
	if f.looks {
		c.memory.forgive = func(err error) { a.warn("what is remembered is left out: %v", err) }
	} else if err := c.memory.ready(); err != nil {
		return nil, err
	}
	config := engine.Config{Rules: c.judging, Memory: c.memory, Source: c}
	kept := keptVerifier{pep740.New(root.Root), c}
	if f.download {
		config.Verifiers = verifiers(pep740.New(root.Root), c.judging.store)
		config.Verifiers = slices.Insert(slices.DeleteFunc(config.Verifiers, func(v engine.Verifier) bool { return v.Name() == kept.Name() }), 2, engine.Verifier(kept))
	} else {
		config.Verifiers = []engine.Verifier{digest.Verifier{}, kept, openpgp.New(c.judging.store), ssh.New(c.judging.store)}
	}
	c.engine = engine.New(config)
	return c, nil
}

// verifierVersions name the programs that evidence was verified by.
func verifierVersions() string {
	out := "assay " + version
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return out
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
			out += " " + s.Value
		}
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/sigstore/sigstore-go" {
			out += " sigstore-go " + m.Version
		}
	}
	return out
}

func (c *checker) close() error {
	c.app.sayNotes(c.memory)
	if err := c.memory.close(); err != nil {
		c.app.warn("%v", err)
	}
	return c.kept.Close()
}

// use is one lock's word about a file.
type use struct {
	wanted *lockcheck.Wanted
	file   int // in wanted.Files; -1 for the entry
}

// subject is one file, with all that locks say of it; or one entry.
type subject struct {
	artifact assay.Artifact
	uses     []use
}

// fileKey tells apart the files that indexes offer.
func fileKey(a assay.Artifact) string {
	parts := []string{a.Index, a.Project, a.Filename, a.URL}
	for _, d := range a.Digests {
		if d.Algorithm == "sha256" || a.Index == "" {
			parts = append(parts, d.String())
		}
	}
	return strings.Join(parts, "\x00")
}

// check judges every file of the locks, each once.
func (c *checker) check(ctx context.Context, locks []*lockfile.Lock) (report.Check, error) {
	out := report.Check{Since: c.flags.since, Offline: c.flags.offline, Environment: c.flags.environmentText()}
	var subjects []*subject
	byFile := map[string]*subject{}
	skipped := map[report.Skipped]int{}
	for _, lock := range locks {
		wanted, err := c.expand(ctx, lock)
		if err != nil {
			return out, err
		}
		out.Locks = append(out.Locks, report.CheckedLock{Name: lock.Name, Format: string(lock.Format), Entries: len(lock.Packages), Checked: len(wanted)})
		for i := range wanted {
			w := &wanted[i]
			if w.Package.Source.Kind == lockfile.Virtual {
				skipped[report.Skipped{What: cmp.Or(w.Package.Name, w.Package.Spelled), Why: w.Package.At.String() + ": it is not installed itself"}]++
			}
			if len(w.FindingsOf(-1)) > 0 {
				subjects = append(subjects, &subject{artifact: w.Artifact(), uses: []use{{w, -1}}})
			}
			for n, a := range w.Files {
				s, ok := byFile[fileKey(a)]
				if !ok {
					s = &subject{artifact: a}
					byFile[fileKey(a)] = s
					subjects = append(subjects, s)
				}
				s.uses = append(s.uses, use{w, n})
			}
		}
	}
	for s, n := range skipped {
		s.Count = n
		out.Skipped = append(out.Skipped, s)
	}
	slices.SortFunc(out.Skipped, func(a, b report.Skipped) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Why, b.Why))
	})
	items, err := c.judgeAll(ctx, subjects)
	out.Items, out.LeftOut = items, c.leftOut
	return report.NewCheck(out), err
}

// expand works out what a lock stands for.
func (c *checker) expand(ctx context.Context, lock *lockfile.Lock) ([]lockcheck.Wanted, error) {
	o := lockcheck.Options{Environment: c.flags.environment, Bytes: c.flags.download, Hosts: map[string]string{index.PyPIFiles: index.PyPI}, Indexes: bases(c.settings), Links: links(c.settings)}
	if c.only != nil {
		o.Only = func(p lockfile.Package) bool { return c.only(lock, p) }
	}
	o.LeftOut = func(p lockfile.Package) {
		c.leftOut = append(c.leftOut, report.LeftOut{What: cmp.Or(p.Name, p.Spelled), Marker: p.Marker, Place: report.Place(p.At)})
	}
	p := c.app.newProgress("asking for pages:", len(lock.Packages))
	defer p.done()
	o.Step = p.step
	wanted, err := lockcheck.Expand(ctx, lock, c, o)
	if err != nil && !errors.Is(err, context.Canceled) {
		err = &failure{statusUndecided, err, ""}
	}
	return wanted, err
}

// judgeAll judges subjects, some at once. The order of the result does not depend on it.
func (c *checker) judgeAll(ctx context.Context, subjects []*subject) ([]report.CheckedItem, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := c.app.newProgress("checking", len(subjects))
	defer p.done()
	items, errs := make([]report.CheckedItem, len(subjects)), make([]error, len(subjects))
	next := make(chan int)
	var wg sync.WaitGroup
	for range checkParallel {
		wg.Go(func() {
			for i := range next {
				if items[i], errs[i] = c.judge(ctx, subjects[i]); errs[i] != nil {
					cancel()
				}
				c.saveSometimes()
				p.step(cmp.Or(subjects[i].artifact.Filename, subjects[i].artifact.Project))
			}
		})
	}
	for i := range subjects {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
	return items, errors.Join(errs...)
}

// saveSometimes writes what was found every so many files: a check that is killed goes
// on from there.
func (c *checker) saveSometimes() {
	c.mu.Lock()
	c.judged++
	now := c.judged%saveEvery == 0
	c.mu.Unlock()
	if now {
		c.kept.Save()
	}
}

// judge judges one file, and holds what locks say of it against the result.
func (c *checker) judge(ctx context.Context, s *subject) (report.CheckedItem, error) {
	if ctx.Err() != nil {
		return report.CheckedItem{}, context.Cause(ctx)
	}
	j, err := c.judgeFile(ctx, s)
	if err != nil {
		return report.CheckedItem{}, err
	}
	var item report.CheckedItem
	claims := claimsOf(j)
	for _, u := range s.uses {
		place := u.wanted.Package.At
		found := u.wanted.FindingsOf(u.file)
		if u.file >= 0 {
			place = u.wanted.Places[u.file]
			if _, here := c.here(s.artifact); (here || s.artifact.Index != "") && !j.Decision.Undecided() {
				found = append(found, u.wanted.Identified(u.file, claims)...)
			}
		}
		item.Places = append(item.Places, report.Place(place))
		var findings []assay.Finding
		for _, f := range found {
			findings = append(findings, c.weighed(s.artifact, u, f.Finding)...)
			item.Lines = append(item.Lines, report.Where{Code: f.Code, Detail: f.Detail, Place: report.Place(f.Place)})
		}
		if j, err = c.engine.Hold(ctx, j, findings); err != nil {
			return item, &failure{statusUndecided, err, ""}
		}
	}
	if c.flags.download && !c.flags.looks && j.Subject.Content != nil {
		if err := c.memory.Record(ctx, j); err != nil {
			return item, err
		}
	}
	j.Decision.Reasons = c.hinted(j.Decision.Reasons)
	item.Item = report.NewItem(j)
	return item, nil
}

// hinted are reasons with the next command of a check, where that is another than elsewhere.
func (c *checker) hinted(reasons []assay.Reason) []assay.Reason {
	out := slices.Clone(reasons)
	for i := range out {
		r := &out[i]
		switch r.Code {
		case assay.SourceVCS:
			r.Hint = "pin a release from an index instead; or let checkouts through in the policy (vcs = \"allow\"), and run 'assay check FILE' again"
		case assay.PageUnavailable, assay.ProvenanceUnavailable, assay.SignatureUnavailable, assay.EvidenceUnavailable:
			if c.client == nil {
				r.Hint = "run 'assay check FILE' once without --offline, where its index can be reached: what it finds is kept"
			}
		}
	}
	return out
}

// weighed is a finding as the rules have it: what comes from version control is refused
// where they say so.
func (c *checker) weighed(a assay.Artifact, u use, f assay.Finding) []assay.Finding {
	if f.Code == assay.LockNotVerifiable && u.wanted.Package.Source.Kind == lockfile.VCS && c.judging.For(a, nil).VCS == assay.Error {
		return []assay.Finding{{Code: assay.SourceVCS, Detail: f.Detail}}
	}
	return []assay.Finding{f}
}

// judgeFile judges a file by itself. One that no index lists has nothing to be judged by.
func (c *checker) judgeFile(ctx context.Context, s *subject) (engine.Judgement, error) {
	a := s.artifact
	if path, ok := c.here(a); ok && s.uses[0].file >= 0 {
		return c.judgeHere(ctx, a, path)
	}
	if s.uses[0].file < 0 || a.Index == "" {
		return engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: assay.Decision{Verdict: assay.Allow}}, nil
	}
	if c.flags.download {
		return verifyOne(ctx, c.engine, c.client, a, false)
	}
	return judgePromised(ctx, c.engine, c.client, a)
}

// Release asks an index for a release, or what is kept of it where nobody is asked.
func (c *checker) Release(ctx context.Context, base, project string, version pypi.Version) (lockcheck.Release, error) {
	configured, led := c.configured(base)
	at, err := index.PageURL(base, project)
	if err != nil {
		return lockcheck.Release{Problem: &assay.Finding{Code: assay.PageUnavailable, Detail: err.Error()}}, nil
	}
	return c.listed(ctx, listing{at, led, func(ctx context.Context) (*pypi.Page, error) { return c.client.Page(ctx, configured, project) }}, project, version)
}

// listing is a page that lists files.
type listing struct {
	at   *url.URL
	led  bool // nobody but a lock names it
	page func(context.Context) (*pypi.Page, error)
}

// listed asks for the files of a release on a page.
func (c *checker) listed(ctx context.Context, l listing, project string, version pypi.Version) (lockcheck.Release, error) {
	at := l.at
	kept := c.kept.Release(index.Key(at), project, version.Canonical())
	if c.client == nil {
		files, known, ok := kept.Files()
		if !ok {
			return lockcheck.Release{Problem: &assay.Finding{Code: assay.PageUnavailable,
				Detail: fmt.Sprintf("no check of %s %s on %s is kept, and --offline asks nobody", project, version, index.Redact(at))}}, nil
		}
		c.keepFor(kept, files)
		return lockcheck.Release{Known: known, Files: files, Standing: kept.Standing()}, nil
	}
	if why := c.forbidden(at, project); l.led && why != "" {
		return lockcheck.Release{Problem: &assay.Finding{Code: assay.TransportPlainHTTP, Detail: why}}, nil
	}
	asking := ctx
	if l.led { // a lock may be a stranger's: it leads to no address of this network's own
		asking = intercept.Outside(ctx)
	}
	page, err := l.page(asking)
	switch {
	case ctx.Err() != nil:
		return lockcheck.Release{}, context.Cause(ctx)
	case errors.Is(err, index.ErrNotFound):
		kept.SetFiles(nil, false, assay.Standing{})
		return lockcheck.Release{}, nil
	case isPageError(err):
		return lockcheck.Release{Problem: &assay.Finding{Code: assay.PageMalformed, Detail: err.Error()}}, nil
	case err != nil:
		why := err.Error()
		if l.led && errors.Is(err, intercept.ErrInside) {
			why = index.Redact(at) + " leads to this machine or its own network's services, and a lock may not send assay there (if this index is yours, configure it as pip or uv have it)"
		} else if l.led {
			why += " (only the lock names this index; if it is yours, configure it as pip or uv have it)"
		}
		return lockcheck.Release{Problem: &assay.Finding{Code: assay.PageUnavailable, Detail: why}}, nil
	}
	shown := *at
	shown.User = nil
	files := filesOf(page, &shown, project, isVersion(version))
	for i := range files {
		files[i].Led = l.led
	}
	kept.SetFiles(files, true, page.Standing)
	c.keepFor(kept, files)
	return lockcheck.Release{Known: true, Files: files, Standing: page.Standing}, nil
}

// isVersion reports whether a version is meant: one without a local part stands for those
// with one too.
func isVersion(version pypi.Version) func(pypi.Version) bool {
	return func(v pypi.Version) bool {
		public, _, _ := strings.Cut(v.String(), "+")
		return v.Canonical() == version.Canonical() || canonicalOf(public) == version.Canonical()
	}
}

func canonicalOf(version string) string {
	v, err := pypi.ParseVersion(version)
	if err != nil {
		return ""
	}
	return v.Canonical()
}

// configured returns the base to ask for an index with its credentials, and whether
// nobody but the lock names it.
func (c *checker) configured(base string) (with string, led bool) {
	u, err := url.Parse(base)
	if err != nil {
		return base, true
	}
	key := strings.TrimSuffix(index.Key(u), "/")
	for _, ix := range c.settings.Indexes {
		if strings.TrimSuffix(index.Key(ix.URL), "/") == key {
			return ix.Base(), false
		}
	}
	return base, key != strings.TrimSuffix(index.PyPI, "/")
}

// forbidden says why an index that a lock alone names is not asked.
func (c *checker) forbidden(at *url.URL, project string) string {
	if at.Scheme == "https" || index.IsLoopback(at.Hostname()) {
		return ""
	}
	rules := c.judging.For(assay.Artifact{Ecosystem: assay.PyPI, Project: project}, nil)
	for _, host := range rules.PlainHTTP {
		if host == at.Hostname() || host == at.Host {
			return ""
		}
	}
	return index.Redact(at)
}

// keepFor notes where the evidence of files is kept.
func (c *checker) keepFor(r *evidence.Release, files []assay.Artifact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range files {
		c.releases[fileKey(a)] = r
	}
}

// keptOf returns where a file's evidence is kept; false where it is not, as what keys
// have signed depends on grants.
func (c *checker) keptOf(a assay.Artifact) (*evidence.Release, bool) {
	if a.Provenance == "" {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.releases[fileKey(a)]
	return r, ok
}

// Materials returns what lies beside a file, without the provenance whose evidence is
// kept.
func (c *checker) Materials(ctx context.Context, a assay.Artifact) ([]assay.Material, error) {
	r, ok := c.keptOf(a)
	if ok {
		_, ok = r.Evidence(a)
	}
	asked := a
	if ok {
		asked.Provenance = ""
	}
	if c.client != nil {
		m, err := c.client.Materials(ctx, asked)
		if m == nil {
			m = []assay.Material{}
		}
		return m, err
	}
	out := []assay.Material{}
	if asked.Provenance != "" {
		out = append(out, assay.Material{Kind: assay.Provenance, Name: index.RedactString(asked.Provenance), Err: errNotKept})
	}
	for _, b := range c.judging.beside(a) {
		out = append(out, assay.Material{Kind: b.Kind, Name: index.RedactString(b.URL), Err: errNotKept})
	}
	return out, nil
}

var errNotKept = errors.New("its evidence is not kept from an earlier check, and --offline asks nobody")

// keptVerifier is the verifier of provenance, which keeps what it found.
type keptVerifier struct {
	*pep740.Verifier
	checker *checker
}

// Verify returns the evidence that is kept, or verifies.
func (k keptVerifier) Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error) {
	r, ok := k.checker.keptOf(s.Artifact)
	promised, _ := s.Artifact.Digest("sha256")
	if bound, known := s.SHA256(); !ok || !known || bound != promised {
		return k.Verifier.Verify(ctx, s)
	}
	if ev, ok := r.Evidence(s.Artifact); ok {
		return ev, nil
	}
	ev, err := k.Verifier.Verify(ctx, s)
	if err == nil {
		r.Keep(s.Artifact, ev)
	}
	return ev, err
}
