package main

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"assay"
	"assay/internal/engine"
	"assay/internal/evidence"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
	"assay/internal/report"
	"assay/internal/verify/digest"
	"assay/internal/verify/openpgp"
	"assay/internal/verify/pep740"
	"assay/internal/verify/ssh"
)

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
		checked := &out.Locks[len(out.Locks)-1].Checked
		for i := range wanted {
			w := &wanted[i]
			if w.Unfit {
				*checked--
				out.NoFit = append(out.NoFit, report.LeftOut{What: cmp.Or(w.Package.Name, w.Package.Spelled), Place: report.Place(w.Package.At)})
			}
			if w.Package.Source.Kind == lockfile.Virtual {
				skipped[report.Skipped{What: cmp.Or(w.Package.Name, w.Package.Spelled), Why: w.Package.At.String() + ": it is not installed itself"}]++
			}
			if len(w.FindingsOf(-1)) > 0 {
				subjects = append(subjects, &subject{artifact: w.Artifact(), uses: []use{{w, -1}}})
			}
			for n, a := range w.Files {
				if place, ok := w.Flat[n]; ok {
					out.FromPlaces = append(out.FromPlaces, report.FromPlace{Project: a.Project, Version: a.Version, Where: assay.ShownSource(place)})
				}
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
	if c.flags.download {
		o.Hash = c.hash
	}
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
