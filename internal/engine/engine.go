// Package engine is the one path that every artifact takes: gather the
// evidence, decide, record. The command line, the wrapper and every server
// around it call this package and nothing else to come to a decision.
//
// An artifact is judged in up to two steps, because evidence binds a digest
// and a digest is known before the bytes are:
//
//	j, err := e.Judge(ctx, assay.Subject{Artifact: a}) // from the promised digest
//	if j.Decision.Verdict == assay.Deny { … }          // nothing was released
//	…read the bytes through an assay.Hasher…
//	j, err = e.Complete(ctx, j, hasher.Content())      // now with the bytes
//
// Where the bytes are at hand from the start, Judge with Subject.Content set
// does both at once.
package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"assay"
)

// Verifier looks at one kind of evidence. It is a pure function of its subject:
// no clock, no network, no files. It returns an error only for a cancelled
// context; whatever is wrong with the material is evidence.
type Verifier interface {
	// Name is the verifier's stable name, as reports show it.
	Name() string
	// NeedsContent reports whether it judges the bytes themselves, so that it
	// is left out while they have not been read.
	NeedsContent() bool
	Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error)
}

// Signed is a verifier of signatures over a file's bytes. Hashing names the hashes
// whose states it goes on from once the bytes are known, see [assay.Content.State];
// until then its evidence may be Pending.
type Signed interface {
	Verifier
	Hashing(s assay.Subject) []assay.Hashing
}

// Quiet is a verifier of what few files have. Where it has nothing to look at its
// evidence is Absent without a finding, and is left out of the judgement: a report that
// said of every file which kinds of signatures it does not have would bury what there is.
type Quiet interface {
	Verifier
	Quiet()
}

// Source finds the material that lies beside an artifact. What exists but could
// not be had is a Material with Err set, never an omission.
type Source interface {
	Materials(ctx context.Context, a assay.Artifact) ([]assay.Material, error)
}

// Rememberer recalls what was accepted before of an artifact's project.
type Rememberer interface {
	Memory(ctx context.Context, a assay.Artifact) (assay.Memory, error)
}

// Recorder keeps judgements. Record is called once for every final judgement,
// from many goroutines at once.
type Recorder interface {
	Record(ctx context.Context, j Judgement) error
}

// Policy says which rules hold for an artifact of which these claims are known; nil
// while nobody has looked for them.
type Policy interface {
	For(a assay.Artifact, claims []assay.Claim) assay.Rules
}

// Even is a Policy that knows of which projects all files have the same rules.
type Even interface {
	Policy
	// OfAll returns the rules of every file of a project, whatever is known of it;
	// false where there may be others for some.
	OfAll(project string) (assay.Rules, bool)
}

// Judgement is a decision with all that led to it.
type Judgement struct {
	Subject  assay.Subject
	Evidence []assay.Evidence
	Decision assay.Decision
	Time     time.Time

	// Hashing are the hashes that the verifiers go on from: who reads the bytes has them
	// computed (see assay.NewHasher).
	Hashing []assay.Hashing

	// NeedsContent says that there is evidence which no promised digest ties to
	// the bytes: nothing of the file may be released before Complete judges it.
	NeedsContent bool
}

// Config says what an engine works with. Verifiers are needed; Rules default to
// assay.DefaultRules, Now to time.Now, and a nil Source, Memory or Recorder has nothing to say.
type Config struct {
	Verifiers []Verifier
	Rules     Policy
	Source    Source
	Memory    Rememberer
	Recorder  Recorder
	Now       func() time.Time
}

// Engine gathers, decides and records. It is safe for concurrent use.
type Engine struct{ config Config }

// New returns an engine.
func New(config Config) *Engine {
	if config.Rules == nil {
		config.Rules = assay.DefaultRules()
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Engine{config: config}
}

// Judge gathers the evidence about a subject and decides. Where the subject has
// no material yet the engine's source is asked. While the content is unknown the
// judgement is final only if it denies.
func (e *Engine) Judge(ctx context.Context, s assay.Subject) (Judgement, error) {
	if s.Materials == nil && e.config.Source != nil {
		m, err := e.config.Source.Materials(ctx, s.Artifact)
		if err != nil {
			return Judgement{}, fmt.Errorf("gathering evidence for %s: %w", s.Artifact.Filename, err)
		}
		s.Materials = m
	}
	return e.judge(ctx, s)
}

// Complete judges again with the content known. Evidence that was judged from
// the same SHA-256 digest before is kept, not computed anew; so it is where the
// content was not read to its end, and has none.
func (e *Engine) Complete(ctx context.Context, j Judgement, c assay.Content) (Judgement, error) {
	before, promised := j.Subject.SHA256()
	s := j.Subject
	s.Content = &c
	now, known := c.Digest("sha256")
	keep := map[string]assay.Evidence{}
	if promised && (!known || before == now) {
		for _, ev := range j.Evidence {
			if ev.State != assay.Pending {
				keep[ev.Verifier] = ev
			}
		}
	}
	return e.judgeKeeping(ctx, s, keep)
}

func (e *Engine) judge(ctx context.Context, s assay.Subject) (Judgement, error) {
	return e.judgeKeeping(ctx, s, nil)
}

func (e *Engine) judgeKeeping(ctx context.Context, s assay.Subject, keep map[string]assay.Evidence) (Judgement, error) {
	j := Judgement{Subject: s, Time: e.config.Now()}
	_, hasDigest := s.SHA256()
	j.NeedsContent = s.Content == nil && !hasDigest && len(s.Materials) > 0
	j.Hashing = e.Hashing(s)
	results := make([]*assay.Evidence, len(e.config.Verifiers))
	errs := make([]error, len(e.config.Verifiers))
	var wg sync.WaitGroup
	for i, v := range e.config.Verifiers {
		if s.Content == nil && v.NeedsContent() {
			continue
		}
		if ev, ok := keep[v.Name()]; ok && !v.NeedsContent() {
			results[i] = &ev
			continue
		}
		wg.Go(func() {
			ev, err := verify(ctx, v, s)
			results[i], errs[i] = &ev, err
		})
	}
	wg.Wait()
	for i, ev := range results {
		if errs[i] != nil {
			return Judgement{}, errs[i]
		}
		if ev != nil && !silent(e.config.Verifiers[i], *ev) {
			j.Evidence = append(j.Evidence, settled(*ev, s))
		}
	}
	var memory assay.Memory
	if e.config.Memory != nil {
		m, err := e.config.Memory.Memory(ctx, s.Artifact)
		if err != nil {
			return Judgement{}, fmt.Errorf("recalling %s: %w", s.Artifact.Project, err)
		}
		memory = m
	}
	a := withComputed(s)
	j.Decision = assay.Decide(e.config.Rules.For(a, claims(j.Evidence)), a, j.Evidence, memory, j.Time)
	return j, nil
}

// Hold adds to a judgement what was found about the file outside of any evidence,
// such as by a lock that names it, under the same exceptions as everything else.
func (e *Engine) Hold(ctx context.Context, j Judgement, findings []assay.Finding) (Judgement, error) {
	if len(findings) == 0 {
		return j, nil
	}
	if j.Time.IsZero() {
		j.Time = e.config.Now()
	}
	var memory assay.Memory
	if e.config.Memory != nil {
		m, err := e.config.Memory.Memory(ctx, j.Subject.Artifact)
		if err != nil {
			return Judgement{}, fmt.Errorf("recalling %s: %w", j.Subject.Artifact.Project, err)
		}
		memory = m
	}
	a, known := withComputed(j.Subject), claims(j.Evidence)
	j.Decision = j.Decision.Join(assay.DecideFindings(e.config.Rules.For(a, known), a, findings, known, memory, j.Time))
	return j, nil
}

// Hashing returns the hashes that the verifiers need of a subject whose bytes are
// yet to be read.
func (e *Engine) Hashing(s assay.Subject) []assay.Hashing {
	var out []assay.Hashing
	for _, v := range e.config.Verifiers {
		if signed, ok := v.(Signed); ok && s.Content == nil {
			out = append(out, signed.Hashing(s)...)
		}
	}
	return out
}

// silent reports whether a verifier says nothing at all, and may.
func silent(v Verifier, ev assay.Evidence) bool {
	_, quiet := v.(Quiet)
	return quiet && ev.State == assay.Absent && len(ev.Findings) == 0 && len(ev.Claims) == 0
}

// settled is evidence that is not pending where the bytes are known: that would be a
// verifier's bug, and bugs fail closed.
func settled(ev assay.Evidence, s assay.Subject) assay.Evidence {
	if ev.State == assay.Pending && s.Content != nil {
		ev.State, ev.Claims = assay.Invalid, nil
	}
	return ev
}

// withComputed is the artifact with the digest that its bytes have, where nobody
// promised one: it is compared with what was seen before.
func withComputed(s assay.Subject) assay.Artifact {
	a := s.Artifact
	if _, ok := a.Digest("sha256"); !ok && s.Content != nil {
		if d, ok := s.Content.Digest("sha256"); ok {
			a.Digests = append(slices.Clip(a.Digests), d)
		}
	}
	return a
}

// claims are those that hold: none is an empty list, as nil means not known, which they
// are while evidence is pending.
func claims(evidence []assay.Evidence) []assay.Claim {
	out := []assay.Claim{}
	for _, e := range evidence {
		if e.State == assay.Pending {
			return nil
		}
		if e.State == assay.Verified {
			out = append(out, e.Claims...)
		}
	}
	return out
}

// AsksListing reports whether Listed could refuse a file of a project. In doubt it
// could.
func (e *Engine) AsksListing(project string) bool {
	even, ok := e.config.Rules.(Even)
	if !ok {
		return true
	}
	rules, same := even.OfAll(project)
	return !same || rules.AskListing()
}

// Listed judges what an index says of files, before any evidence is asked for. Memory
// is asked only where something is refused, and once for each project.
func (e *Engine) Listed(ctx context.Context, files []assay.Artifact) ([]assay.Decision, error) {
	now := e.config.Now()
	out := make([]assay.Decision, len(files))
	known := map[string]assay.Memory{}
	for i, a := range files {
		rules := e.config.Rules.For(a, nil)
		out[i] = assay.DecideListed(rules, a, assay.Memory{}, now)
		if out[i].Verdict != assay.Deny || e.config.Memory == nil {
			continue
		}
		memory, ok := known[a.Project]
		if !ok {
			m, err := e.config.Memory.Memory(ctx, a)
			if err != nil {
				return nil, fmt.Errorf("recalling %s: %w", a.Project, err)
			}
			memory, known[a.Project] = m, m
		}
		out[i] = assay.DecideListed(rules, a, memory, now)
	}
	return out, ctx.Err()
}

// Record hands a final judgement to the recorder.
func (e *Engine) Record(ctx context.Context, j Judgement) error {
	if e.config.Recorder == nil {
		return nil
	}
	return e.config.Recorder.Record(ctx, j)
}

// verify calls one verifier. A panic inside it (a library on hostile input) is
// invalid evidence, never a crash and never a pass.
func verify(ctx context.Context, v Verifier, s assay.Subject) (ev assay.Evidence, err error) {
	defer func() {
		if p := recover(); p != nil {
			ev = assay.Evidence{Verifier: v.Name(), State: assay.Invalid, Findings: []assay.Finding{{
				Code: assay.EvidenceInvalid, Detail: fmt.Sprintf("the %s verifier broke down on it (%v)", v.Name(), p)}}}
			err = nil
		}
	}()
	ev, err = v.Verify(ctx, s)
	if err == nil {
		err = ctx.Err()
	}
	return ev, err
}
