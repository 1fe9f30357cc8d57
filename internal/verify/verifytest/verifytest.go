// Package verifytest is the contract that every verifier passes: what engine and
// policy may rely on without knowing the kind of evidence.
//
//	func TestContract(t *testing.T) {
//		verifytest.Run(t, digest.Verifier{},
//			verifytest.Case{Name: "match", Subject: subject, State: assay.Verified},
//			verifytest.Case{Name: "other bytes", Subject: other, State: assay.Invalid})
//	}
//
// For every case and for subjects of its own making, Run holds the verifier to
// these rules:
//
//   - the evidence names the verifier and has a state, and is pending only while the
//     bytes are not known;
//   - it is Verified if and only if it has claims, and every claim has a method
//     and is about the subject's own digest; a verifier for which [Claimless]
//     stands makes none at all;
//   - if it is not Verified there is a finding, save where a Claimless verifier
//     has nothing to look at, and every finding has a code that the registry knows;
//   - a [Silent] verifier is Absent without any finding where there is nothing for it,
//     and nowhere else;
//   - the same subject gives the same evidence, also from many goroutines at
//     once, and is not modified;
//   - material that is known to exist and could not be had is Unavailable, if
//     the verifier reads material of that kind;
//   - no material whatever makes it panic, and garbage verifies nothing;
//   - a subject whose digest is another file's is never Verified;
//   - a cancelled context is an error.
package verifytest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"assay"
	"assay/internal/engine"
)

// Case is a subject with the state that its evidence must have.
type Case struct {
	Name    string
	Subject assay.Subject
	State   assay.State
	// Codes are the codes of the findings, in order; nil is not compared.
	Codes []assay.Code
}

// Claimless wraps a verifier that judges whether a file is sound, and claims
// nothing: a decision must not take its evidence for knowing where a file is from.
func Claimless(v engine.Verifier) engine.Verifier { return claimless{v} }

type claimless struct{ engine.Verifier }

// Silent wraps a verifier of what few files have, and says which subjects have nothing
// for it to look at. Of these it must say nothing at all, so that reports about files
// without signatures do not speak of signatures; of all others it has to say something.
func Silent(v engine.Quiet, nothing func(assay.Subject) bool) engine.Verifier {
	return silent{v, nothing}
}

type silent struct {
	engine.Verifier
	nothing func(assay.Subject) bool
}

// Without says of a subject that no material of these kinds lies beside it.
func Without(kinds ...assay.MaterialKind) func(assay.Subject) bool {
	return func(s assay.Subject) bool {
		return !slices.ContainsFunc(s.Materials, func(m assay.Material) bool { return slices.Contains(kinds, m.Kind) })
	}
}

// goroutines is how many verify one subject at the same time.
const goroutines = 8

// Run holds the verifier to the contract. At least one case must be Verified:
// the rules about other digests and about garbage start from those.
func Run(t *testing.T, v engine.Verifier, cases ...Case) {
	t.Helper()
	verified := 0
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { runCase(t, v, c) })
		if c.State != assay.Verified {
			continue
		}
		verified++
		t.Run(c.Name+"/other digest", func(t *testing.T) { otherDigest(t, v, c.Subject) })
		t.Run(c.Name+"/out of reach", func(t *testing.T) { outOfReach(t, v, c.Subject) })
		t.Run(c.Name+"/garbage", func(t *testing.T) { garbage(t, v, c.Subject) })
		t.Run(c.Name+"/cancelled", func(t *testing.T) { cancelled(t, v, c.Subject) })
	}
	if verified == 0 {
		t.Fatal("no case is verified")
	}
	t.Run("nothing", func(t *testing.T) { mustNotVerify(t, v, assay.Subject{}) })
	if v.Name() == "" || strings.ContainsAny(v.Name(), " \t\n") {
		t.Errorf("the name is %q", v.Name())
	}
}

func runCase(t *testing.T, v engine.Verifier, c Case) {
	before := clone(c.Subject)
	first := verify(t, v, c.Subject)
	if first.State != c.State {
		t.Errorf("the state is %s, want %s: %v", first.State, c.State, first.Findings)
	}
	if c.Codes != nil {
		var codes []assay.Code
		for _, f := range first.Findings {
			codes = append(codes, f.Code)
		}
		if !slices.Equal(codes, c.Codes) {
			t.Errorf("the codes are %v, want %v: %v", codes, c.Codes, first.Findings)
		}
	}
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			ev, err := v.Verify(context.Background(), c.Subject)
			if err != nil {
				t.Errorf("beside others: %v", err)
			} else if !reflect.DeepEqual(ev, first) {
				t.Errorf("the same subject gave\n%+v\nand then\n%+v", first, ev)
			}
		})
	}
	wg.Wait()
	if !reflect.DeepEqual(before, clone(c.Subject)) {
		t.Errorf("the subject was\n%+v\nand is\n%+v", before, c.Subject)
	}
}

// verify calls the verifier and holds the evidence to what is true of any.
func verify(t *testing.T, v engine.Verifier, s assay.Subject) assay.Evidence {
	t.Helper()
	ev, err := v.Verify(context.Background(), s)
	if err != nil {
		t.Fatalf("an error without a cancellation: %v", err)
	}
	if ev.Verifier != v.Name() {
		t.Errorf("the evidence is by %q, the verifier is %q", ev.Verifier, v.Name())
	}
	switch ev.State {
	case assay.Verified, assay.Absent, assay.Invalid, assay.Unavailable:
	case assay.Pending:
		if s.Content != nil {
			t.Error("it is pending, and the bytes are known")
		}
		return ev
	default:
		t.Errorf("the state is %d", ev.State)
	}
	_, bare := v.(claimless)
	if wanted := ev.State == assay.Verified && !bare; wanted != (len(ev.Claims) > 0) {
		t.Errorf("the state is %s with %d claims", ev.State, len(ev.Claims))
	}
	nothing := bare && ev.State == assay.Absent && (s.Content == nil || s.Content.Inside == nil)
	if q, ok := v.(silent); ok && q.nothing(s) {
		if nothing = ev.State == assay.Absent && len(ev.Findings) == 0; !nothing {
			t.Errorf("the state is %s with %v, and there is nothing to look at", ev.State, ev.Findings)
		}
	}
	if ev.State != assay.Verified && len(ev.Findings) == 0 && !nothing {
		t.Errorf("the state is %s without a finding", ev.State)
	}
	known := map[assay.Code]bool{}
	for _, e := range assay.Entries() {
		known[e.Code] = true
	}
	for _, f := range ev.Findings {
		if !known[f.Code] {
			t.Errorf("the code %q is not in the registry", f.Code)
		}
		if strings.HasSuffix(f.Detail, ".") || strings.Contains(f.Detail, "\n") {
			t.Errorf("the detail %q is not a clause", f.Detail)
		}
	}
	for _, c := range ev.Claims {
		if c.Method == "" || !ownDigest(s, c.Digest) {
			t.Errorf("the claim %+v has no method or is about another file", c)
		}
	}
	return ev
}

// ownDigest reports whether a digest is one that the subject was found to have
// or, while its bytes are not known, promises.
func ownDigest(s assay.Subject, d assay.Digest) bool {
	if s.Content != nil {
		return slices.Contains(s.Content.Digests, d)
	}
	return slices.Contains(s.Artifact.Digests, d)
}

func mustNotVerify(t *testing.T, v engine.Verifier, s assay.Subject) assay.Evidence {
	t.Helper()
	ev := verify(t, v, s)
	if ev.State == assay.Verified {
		t.Errorf("it is verified: %+v", ev.Claims)
	}
	return ev
}

// otherDigest gives the subject the bytes of another file.
func otherDigest(t *testing.T, v engine.Verifier, s assay.Subject) {
	h := assay.NewHasher(s.Artifact.Digests)
	fmt.Fprint(h, "the bytes of some other file")
	content := h.Content()
	other := clone(s)
	other.Content = &content
	mustNotVerify(t, v, other)

	// Before the bytes are known only the promise can be another one.
	if s.Content == nil {
		other = clone(s)
		for i := range other.Artifact.Digests {
			if other.Artifact.Digests[i].Algorithm == "sha256" {
				sum := sha256.Sum256([]byte("another promise"))
				other.Artifact.Digests[i].Hex = hex.EncodeToString(sum[:])
			}
		}
		mustNotVerify(t, v, other)
	}
}

var errOutOfReach = errors.New("the index did not answer")

// outOfReach takes the data of one material after the other away. If the
// evidence then changes the verifier reads that kind, and must say so.
func outOfReach(t *testing.T, v engine.Verifier, s assay.Subject) {
	before := verify(t, v, s)
	for i := range s.Materials {
		without := clone(s)
		without.Materials[i].Data, without.Materials[i].Err = nil, errOutOfReach
		ev := verify(t, v, without)
		if ev.State != assay.Unavailable && !reflect.DeepEqual(ev, before) {
			t.Errorf("without material %d the state is %s, want %s", i, ev.State, assay.Unavailable)
		}
	}
}

// garbage puts what is no material in the place of each.
func garbage(t *testing.T, v engine.Verifier, s assay.Subject) {
	deep := strings.Repeat("[", 100_000)
	for i, m := range s.Materials {
		samples := [][]byte{nil, {}, {0}, []byte("null"), []byte("{}"), []byte("[]"), []byte("0"), []byte(`""`),
			[]byte(deep), []byte(strings.Repeat(`{"a":`, 100_000)), bytes.Repeat([]byte{0xff}, 1000),
			bytes.Repeat([]byte(" "), 8<<20)}
		if n := len(m.Data); n > 1 {
			samples = append(samples, m.Data[:n/2], m.Data[n/2:], append(slices.Clone(m.Data), m.Data...))
		}
		for j, data := range samples {
			only := clone(s)
			only.Materials = []assay.Material{m}
			only.Materials[0].Data = data
			ev := mustNotVerify(t, v, only)
			if t.Failed() {
				t.Fatalf("sample %d in the place of material %d: %v", j, i, ev.Findings)
			}
		}
	}
}

func cancelled(t *testing.T, v engine.Verifier, s assay.Subject) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := v.Verify(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want %v", err, context.Canceled)
	}
}

// clone copies everything that a subject points to.
func clone(s assay.Subject) assay.Subject {
	s.Artifact.Digests = slices.Clone(s.Artifact.Digests)
	s.Materials = slices.Clone(s.Materials)
	for i := range s.Materials {
		s.Materials[i].Data = bytes.Clone(s.Materials[i].Data)
	}
	if s.Content != nil {
		c := *s.Content
		c.Digests = slices.Clone(c.Digests)
		if c.Inside != nil {
			in := *c.Inside
			in.RecordJWS = bytes.Clone(in.RecordJWS)
			in.Metadata, in.Pyproject = bytes.Clone(in.Metadata), bytes.Clone(in.Pyproject)
			in.Findings = slices.Clone(in.Findings)
			c.Inside = &in
		}
		s.Content = &c
	}
	return s
}
