package historytest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/historytest"
	"assay/internal/indextest/authority"
	"assay/internal/journal"
)

// The indexes that files come from. The mirror has the same files and drops what
// lies beside them.
const (
	index  = "https://index.example.invalid/simple/"
	mirror = "https://mirror.example.invalid/simple/"
)

// offer is a release as an index offers it at one time.
type offer struct {
	historytest.Release
	project, index string
}

// person is somebody who installs releases one after another under the built-in
// rules, with a memory of their own on disk.
type person struct {
	t       *testing.T
	journal *journal.Journal
	engine  *engine.Engine
	now     time.Time
	// known are the files that were let through, by index and name.
	known map[assay.FileKey]string
}

func newPerson(t *testing.T) *person {
	t.Helper()
	p := &person{t: t, known: map[assay.FileKey]string{}}
	clock := func() time.Time { return p.now }
	var err error
	p.journal, err = journal.Open(journal.Options{Dir: t.TempDir(), Route: "run", By: "assay test", Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.journal.Close(); err != nil {
			t.Error(err)
		}
	})
	p.engine = engine.New(engine.Config{Verifiers: []engine.Verifier{told{}}, Rules: assay.DefaultRules(), Memory: p.journal, Recorder: p.journal, Now: clock})
	return p
}

// told believes what the material says: the histories say who attested a file, and
// what that takes is tested elsewhere.
type told struct{}

func (told) Name() string       { return "pep740" }
func (told) NeedsContent() bool { return false }

func (told) Verify(_ context.Context, s assay.Subject) (assay.Evidence, error) {
	e := assay.Evidence{Verifier: "pep740", State: assay.Absent, Findings: []assay.Finding{{Code: assay.ProvenanceAbsent}}}
	digest, _ := s.SHA256()
	for _, m := range s.Materials {
		id, err := authority.ParseIdentity(string(m.Data))
		if err != nil {
			return assay.Evidence{}, err
		}
		name, _, _ := strings.Cut(string(m.Data), " ")
		e.State, e.Findings = assay.Verified, nil
		e.Claims = append(e.Claims, assay.Claim{Method: "pep740", Identity: name, Digest: digest,
			Details: map[string]string{"repository_id": id.RepositoryID, "owner_id": id.OwnerID}})
	}
	return e, nil
}

// outcome is what memory came to about a release.
type outcome struct {
	refused bool
	again   bool         // the same bytes had all been let through before
	codes   []assay.Code // what memory said, without repetition
	reasons []string
}

// says reports whether memory gave that reason.
func (o outcome) says(c assay.Code) bool { return slices.Contains(o.codes, c) }

// ofMemory are the reasons that are there because something was remembered.
var ofMemory = []assay.Code{assay.DigestChanged, assay.PublisherChanged, assay.ProvenanceLost, assay.ProvenancePartial, assay.PublisherMixed, assay.PublisherRenamed}

// install takes a release: every file of it is judged, and a refused one refuses
// them all.
func (p *person) install(o offer) outcome {
	p.t.Helper()
	p.now = later(p.now, o.Files[len(o.Files)-1].Uploaded).Add(time.Hour)
	out := outcome{again: true}
	var judged []engine.Judgement
	for _, f := range o.Files {
		digest := assay.Digest{Algorithm: "sha256", Hex: f.SHA256}
		out.again = out.again && p.known[assay.FileKey{Index: o.index, Filename: f.Filename}] == f.SHA256
		s := assay.Subject{
			Artifact: assay.Artifact{Ecosystem: assay.PyPI, Project: o.project, Version: o.Version, Filename: f.Filename, Digests: []assay.Digest{digest},
				Size: f.Size, UploadTime: f.Uploaded, Index: o.index + o.project + "/"},
			Materials: []assay.Material{},
			Content:   &assay.Content{Digests: []assay.Digest{digest}, Size: f.Size},
		}
		for _, who := range strings.Split(f.Publisher, "\n") {
			if who != "" {
				s.Materials = append(s.Materials, assay.Material{Kind: assay.Provenance, Data: []byte(who)})
			}
		}
		j, err := p.engine.Judge(context.Background(), s)
		if err != nil {
			p.t.Fatal(err)
		}
		judged = append(judged, j)
		out.refused = out.refused || j.Decision.Verdict == assay.Deny
		for _, r := range j.Decision.Reasons {
			if slices.Contains(ofMemory, r.Code) {
				out.reasons = append(out.reasons, string(r.Severity)+" "+r.Message)
				if !slices.Contains(out.codes, r.Code) {
					out.codes = append(out.codes, r.Code)
				}
			}
		}
	}
	for _, j := range judged {
		if out.refused {
			break
		}
		if err := p.engine.Record(context.Background(), j); err != nil {
			p.t.Fatal(err)
		}
		p.known[assay.FileKey{Index: o.index, Filename: j.Subject.Artifact.Filename}] = j.Subject.Content.Digests[0].Hex
	}
	return out
}

// accept writes down that a change of one release was meant, for a month.
func (p *person) accept(o offer) {
	p.t.Helper()
	_, err := p.journal.Append(context.Background(), journal.Entry{Kind: journal.Accept, Project: o.project, Version: o.Version,
		Codes: []assay.Code{assay.ProvenanceLost, assay.PublisherChanged}, Until: p.now.AddDate(0, 1, 0), Reason: "the project said so", By: "ann"})
	if err != nil {
		p.t.Fatal(err)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// otherBytes is a digest that no file of the histories has.
func otherBytes(name string) string {
	sum := sha256.Sum256([]byte("other bytes of " + name))
	return hex.EncodeToString(sum[:])
}
