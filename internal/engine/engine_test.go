package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay"
	"assay/internal/engine"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// fake is a verifier that counts its calls.
type fake struct {
	name    string
	content bool
	calls   atomic.Int32
	verify  func(assay.Subject) assay.Evidence
}

func (f *fake) Name() string       { return f.name }
func (f *fake) NeedsContent() bool { return f.content }
func (f *fake) Verify(_ context.Context, s assay.Subject) (assay.Evidence, error) {
	f.calls.Add(1)
	return f.verify(s), nil
}

func holds(name string) func(assay.Subject) assay.Evidence {
	return func(assay.Subject) assay.Evidence {
		return assay.Evidence{Verifier: name, State: assay.Verified, Claims: []assay.Claim{{Method: name}}}
	}
}

type source struct {
	materials []assay.Material
	err       error
}

func (s source) Materials(context.Context, assay.Artifact) ([]assay.Material, error) {
	return s.materials, s.err
}

type memory struct{ err error }

func (m memory) Memory(_ context.Context, a assay.Artifact) (assay.Memory, error) {
	return assay.Memory{Files: map[assay.FileKey]assay.SeenFile{{Index: a.Index, Filename: a.Filename}: {Digest: digest('b')}}}, m.err
}

func digest(c byte) assay.Digest {
	return assay.Digest{Algorithm: "sha256", Hex: strings.Repeat(string(c), 64)}
}

func newEngine(c engine.Config) *engine.Engine {
	c.Rules, c.Now = assay.DefaultRules(), func() time.Time { return noon }
	return engine.New(c)
}

func TestTwoSteps(t *testing.T) {
	byDigest := &fake{name: "signed", verify: holds("signed")}
	byBytes := &fake{name: "bytes", content: true, verify: holds("bytes")}
	e := newEngine(engine.Config{Verifiers: []engine.Verifier{byBytes, byDigest}})
	j, err := e.Judge(t.Context(), assay.Subject{Artifact: assay.Artifact{Digests: []assay.Digest{digest('a')}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(j.Evidence) != 1 || j.Evidence[0].Verifier != "signed" || byBytes.calls.Load() != 0 || j.NeedsContent || j.Time != noon {
		t.Fatalf("before the bytes: %+v", j)
	}
	for _, c := range []struct {
		content byte
		calls   int32
	}{{'a', 1}, {0, 1}, {'c', 2}} { // 0: not read to its end
		content := assay.Content{Size: 9}
		if c.content != 0 {
			content.Digests = append(content.Digests, digest(c.content))
		}
		k, err := e.Complete(t.Context(), j, content)
		if err != nil {
			t.Fatal(err)
		}
		if len(k.Evidence) != 2 || k.Evidence[0].Verifier != "bytes" || k.Evidence[1].Verifier != "signed" {
			t.Errorf("evidence %+v", k.Evidence)
		}
		if byDigest.calls.Load() != c.calls {
			t.Errorf("content %c: the evidence was judged %d times, want %d", c.content, byDigest.calls.Load(), c.calls)
		}
	}
}

func TestMaterialWithoutAPromisedDigestWaitsForTheBytes(t *testing.T) {
	v := &fake{name: "signed", verify: func(s assay.Subject) assay.Evidence {
		if _, ok := s.SHA256(); !ok {
			return assay.Evidence{Verifier: "signed", State: assay.Absent, Findings: []assay.Finding{{Code: assay.DigestMissing}}}
		}
		return holds("signed")(s)
	}}
	e := newEngine(engine.Config{Verifiers: []engine.Verifier{v}, Source: source{materials: []assay.Material{{Kind: assay.Provenance, Data: []byte("x")}}}})
	j, err := e.Judge(t.Context(), assay.Subject{})
	if err != nil || !j.NeedsContent || len(j.Evidence) != 1 || j.Evidence[0].State != assay.Absent {
		t.Fatalf("%+v, %v", j, err)
	}
	j, err = e.Complete(t.Context(), j, assay.Content{Digests: []assay.Digest{digest('a')}})
	if err != nil || j.NeedsContent || len(j.Evidence) != 1 || j.Decision.Verdict != assay.Allow {
		t.Fatalf("%+v, %v", j, err)
	}
}

func TestAPanicIsInvalidEvidence(t *testing.T) {
	e := newEngine(engine.Config{Verifiers: []engine.Verifier{&fake{name: "x", verify: func(assay.Subject) assay.Evidence { panic("index out of range") }}}})
	j, err := e.Judge(t.Context(), assay.Subject{Artifact: assay.Artifact{Digests: []assay.Digest{digest('a')}}})
	if err != nil {
		t.Fatal(err)
	}
	main, _ := j.Decision.Main()
	if want := "the evidence does not hold: the x verifier broke down on it (index out of range)"; j.Decision.Verdict != assay.Deny || main.Message != want {
		t.Errorf("%s %q, want %q", j.Decision.Verdict, main.Message, want)
	}
}

func TestMemoryIsAsked(t *testing.T) {
	e := newEngine(engine.Config{Verifiers: []engine.Verifier{&fake{name: "signed", verify: holds("signed")}}, Memory: memory{}})
	j, err := e.Judge(t.Context(), assay.Subject{Artifact: assay.Artifact{Filename: "f", Digests: []assay.Digest{digest('a')}}})
	if main, _ := j.Decision.Main(); err != nil || main.Code != assay.DigestChanged {
		t.Errorf("%+v, %v", j.Decision, err)
	}
}

func TestFailuresAreErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	a := assay.Artifact{Filename: "f", Project: "p"}
	for name, c := range map[string]struct {
		config engine.Config
		want   string
	}{
		"source": {engine.Config{Source: source{err: broken}}, "gathering evidence for f: disk on fire"},
		"memory": {engine.Config{Memory: memory{err: broken}}, "recalling p: disk on fire"},
	} {
		_, err := newEngine(c.config).Judge(t.Context(), assay.Subject{Artifact: a})
		if !errors.Is(err, broken) || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := newEngine(engine.Config{Verifiers: []engine.Verifier{&fake{name: "signed", verify: holds("signed")}}})
	if _, err := e.Judge(ctx, assay.Subject{Artifact: a}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled judgement returned %v", err)
	}
}

type recorder []engine.Judgement

func (r *recorder) Record(_ context.Context, j engine.Judgement) error {
	*r = append(*r, j)
	return nil
}

func TestRecord(t *testing.T) {
	var r recorder
	e := newEngine(engine.Config{Recorder: &r})
	if err := e.Record(t.Context(), engine.Judgement{Time: noon}); err != nil || len(r) != 1 {
		t.Errorf("%v, %d records", err, len(r))
	}
}

// signed is a verifier whose evidence is pending until the bytes are known.
type signed struct {
	fake
	hashing []assay.Hashing
}

func (s *signed) Hashing(assay.Subject) []assay.Hashing { return s.hashing }

func TestPending(t *testing.T) {
	sha512, salted := assay.Hashing{Algorithm: "sha512"}, assay.Hashing{Algorithm: "sha256", Salt: "s"}
	pending := assay.Evidence{Verifier: "openpgp", State: assay.Pending}
	v := &signed{fake{name: "openpgp", verify: func(s assay.Subject) assay.Evidence {
		if s.Content == nil {
			return pending
		}
		if _, ok := s.Content.State(sha512); !ok {
			return assay.Evidence{Verifier: "openpgp", State: assay.Invalid}
		}
		return assay.Evidence{Verifier: "openpgp", State: assay.Verified, Claims: []assay.Claim{{Method: "openpgp", Digest: digest('a')}}}
	}}, []assay.Hashing{sha512}}
	other := &signed{fake{name: "ssh", verify: holds("ssh")}, []assay.Hashing{salted, sha512}}
	plain := &fake{name: "plain", verify: holds("plain")}
	e := newEngine(engine.Config{Verifiers: []engine.Verifier{v, plain, other}})
	subject := assay.Subject{Artifact: assay.Artifact{Digests: []assay.Digest{digest('a')}}}
	j, err := e.Judge(t.Context(), subject)
	if err != nil || j.NeedsContent || len(j.Evidence) != 3 || j.Evidence[0].State != assay.Pending || j.Decision.Verdict != assay.Allow {
		t.Fatalf("before the bytes: %+v, %v", j, err)
	}
	if want := []assay.Hashing{sha512, salted, sha512}; !slices.Equal(j.Hashing, want) || !slices.Equal(e.Hashing(subject), want) {
		t.Errorf("hashes %v, want %v", j.Hashing, want)
	}
	h := assay.NewHasher(nil, j.Hashing...)
	c := h.Content()
	c.Digests = []assay.Digest{digest('a')} // as if: these are the promised bytes
	k, err := e.Complete(t.Context(), j, c)
	if err != nil || len(k.Evidence) != 3 || k.Evidence[0].State != assay.Verified || k.Decision.Verdict != assay.Allow || k.Hashing != nil {
		t.Errorf("with the bytes: %+v, %v", k, err)
	}
	if v.calls.Load() != 2 || plain.calls.Load() != 1 || other.calls.Load() != 1 {
		t.Errorf("%d, %d and %d calls: what was pending is judged again, and nothing else", v.calls.Load(), plain.calls.Load(), other.calls.Load())
	}
	// Who reads the bytes did not compute what was wanted.
	k, err = e.Complete(t.Context(), j, assay.Content{Digests: c.Digests})
	if main, _ := k.Decision.Main(); err != nil || main.Code != assay.EvidenceInvalid {
		t.Errorf("without the hash: %+v, %v", k.Decision, err)
	}
}

// TestPendingWithTheBytesRefuses has a verifier that never comes to a result.
func TestPendingWithTheBytesRefuses(t *testing.T) {
	v := &fake{name: "openpgp", verify: func(assay.Subject) assay.Evidence {
		return assay.Evidence{Verifier: "openpgp", State: assay.Pending, Claims: []assay.Claim{{Method: "openpgp", Identity: "openpgp:AA"}}}
	}}
	e := newEngine(engine.Config{Verifiers: []engine.Verifier{v}})
	content := assay.Content{Digests: []assay.Digest{digest('a')}}
	subject := assay.Subject{Artifact: assay.Artifact{Digests: content.Digests}}
	j, err := e.Judge(t.Context(), subject)
	if err != nil || j.Decision.Verdict != assay.Allow {
		t.Fatalf("before the bytes: %+v, %v", j, err)
	}
	completed, err := e.Complete(t.Context(), j, content)
	if err != nil {
		t.Fatal(err)
	}
	subject.Content = &content
	at, err := e.Judge(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range []engine.Judgement{completed, at} {
		main, _ := j.Decision.Main()
		if want := "the evidence does not hold: the openpgp evidence does not hold"; len(j.Evidence) != 1 || j.Evidence[0].State != assay.Invalid ||
			j.Evidence[0].Claims != nil || main.Message != want || j.Decision.Verdict != assay.Deny || j.Decision.Undecided() {
			t.Errorf("%+v, want %s", j, want)
		}
	}
}

// quiet is a verifier of what few files have.
type quiet struct{ *fake }

func (quiet) Quiet() {}

// TestQuiet leaves out what a quiet verifier says of nothing, and what it says of
// anything else stays, as does what others say.
func TestQuiet(t *testing.T) {
	says := func(name string, ev assay.Evidence) *fake {
		ev.Verifier = name
		return &fake{name: name, verify: func(assay.Subject) assay.Evidence { return ev }}
	}
	noted := assay.Evidence{State: assay.Absent, Findings: []assay.Finding{{Code: assay.SignatureUnknownKey}}}
	e := newEngine(engine.Config{Verifiers: []engine.Verifier{
		says("loud", assay.Evidence{State: assay.Absent}),
		quiet{says("nothing", assay.Evidence{State: assay.Absent})},
		quiet{says("noted", noted)},
		quiet{says("broken", assay.Evidence{})},
		quiet{says("invalid", assay.Evidence{State: assay.Invalid})},
	}})
	j, err := e.Judge(t.Context(), assay.Subject{Artifact: assay.Artifact{Filename: "foo-1.0.tar.gz"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ev := range j.Evidence {
		names = append(names, ev.Verifier)
	}
	if got, want := strings.Join(names, " "), "loud noted broken invalid"; got != want {
		t.Errorf("the evidence is by %s, want %s", got, want)
	}
}
