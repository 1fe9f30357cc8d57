// Package pep740 verifies PEP 740 provenance, PEP 740 attestations and Sigstore
// bundles that lie beside a distribution file, offline under one trusted root.
//
//	no material                               → Absent       provenance.absent
//	material known to exist, not to be had    → Unavailable  provenance.unavailable
//	anything broken, ambiguous or about
//	another file or publisher, anywhere       → Invalid      with a code for each
//	only what is not known yet                → Absent       provenance.unknown-…
//	else                                      → Verified     one claim a signature
//
// Of a provenance object each attestation must be by the publisher that stands
// beside it. A bare attestation and a bundle name no publisher: their identity
// is the certificate's.
//
// Example: provenance of sampleproject-4.0.0.tar.gz with one publish attestation
// becomes the claim
//
//	{Method: "pep740", Identity: "github:pypa/sampleproject@release.yml",
//	 Digest: sha256:0ace…, Time: when the log took it,
//	 Details: {"ref": "refs/heads/main", "repository_id": "…", …}}
//
// Every finding is reported, not only the first. What is broken weighs more than
// what could not be had, that more than what holds: evidence that is Verified
// has nothing wrong in any of its parts.
package pep740

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"assay"
	"assay/internal/sigstore"
)

// Verifier verifies PEP 740 and Sigstore material under one trusted root.
type Verifier struct {
	root func() (*sigstore.Root, error)
}

// New returns a verifier under the given root.
func New(root *sigstore.Root) *Verifier {
	return &Verifier{root: func() (*sigstore.Root, error) { return root, nil }}
}

// NewDeferred returns a verifier under the root that load returns. It is called,
// maybe at once from many goroutines, for each artifact that has material to
// verify; its error is Verify's, so that nothing is judged without a root.
func NewDeferred(load func() (*sigstore.Root, error)) *Verifier { return &Verifier{root: load} }

// Name returns "pep740".
func (*Verifier) Name() string { return "pep740" }

// NeedsContent returns false: a promised SHA-256 digest is enough to judge.
func (*Verifier) NeedsContent() bool { return false }

// Verify looks at every material of the three kinds it knows.
func (v *Verifier) Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error) {
	l := look{artifact: s.Artifact}
	l.digest, l.hasDigest = s.SHA256()
	seen := false
	for _, m := range s.Materials {
		if err := ctx.Err(); err != nil {
			return assay.Evidence{Verifier: v.Name(), State: assay.Absent}, err
		}
		switch m.Kind {
		case assay.Provenance, assay.Attestation, assay.SigstoreBundle:
		default:
			continue
		}
		seen = true
		if m.Err != nil {
			l.unavailable = true
			where, why := m.Name, m.Err.Error()
			if strings.HasPrefix(why, where) {
				where = "" // an index client's errors name the URL themselves
			}
			l.find(assay.ProvenanceUnavailable, where, why)
			continue
		}
		if l.root == nil {
			root, err := v.root()
			if err != nil {
				return assay.Evidence{Verifier: v.Name(), State: assay.Unavailable}, fmt.Errorf("verifying provenance: %w", err)
			}
			l.root = root
		}
		l.material(m)
	}
	ev := assay.Evidence{Verifier: v.Name(), Findings: l.findings}
	switch {
	case l.invalid:
		ev.State = assay.Invalid
	case l.unavailable:
		ev.State = assay.Unavailable
	case len(l.claims) > 0:
		ev.State, ev.Claims = assay.Verified, l.claims
	default:
		ev.State = assay.Absent
		if !seen {
			ev.Findings = append(ev.Findings, assay.Finding{Code: assay.ProvenanceAbsent})
		}
	}
	return ev, ctx.Err()
}

// look is one look at one subject.
type look struct {
	root      *sigstore.Root
	artifact  assay.Artifact
	digest    assay.Digest
	hasDigest bool
	noted     bool // that there is no digest

	findings             []assay.Finding
	claims               []assay.Claim
	invalid, unavailable bool
}

// find adds a finding. where names the material; it may be empty.
func (l *look) find(code assay.Code, where, detail string) {
	switch {
	case detail == "":
		detail = where
	case where != "":
		detail = where + ": " + detail
	}
	l.findings = append(l.findings, assay.Finding{Code: code, Detail: detail})
}

// fail adds a finding that makes the evidence invalid.
func (l *look) fail(code assay.Code, where, detail string) {
	l.invalid = true
	l.find(code, where, detail)
}

// codes maps the classes of internal/sigstore to reason codes, and says which
// of them make the evidence invalid.
var codes = []struct {
	class   error
	code    assay.Code
	invalid bool
}{
	{sigstore.ErrMalformed, assay.ProvenanceMalformed, true},
	{sigstore.ErrUntrusted, assay.ProvenanceUntrusted, true},
	{sigstore.ErrInvalid, assay.ProvenanceInvalid, true},
	{sigstore.ErrWrongSubject, assay.ProvenanceWrongSubject, true},
	{sigstore.ErrWrongPublisher, assay.ProvenanceWrongPublisher, true},
	{sigstore.ErrUnknownPublisher, assay.ProvenanceUnknownPublisher, false},
	{sigstore.ErrUnknownStatement, assay.ProvenanceUnknownPredicate, false},
	{sigstore.ErrUnknownVersion, assay.ProvenanceUnknownVersion, false},
}

// report adds a finding for every problem that the error joins. An error of no
// known class fails closed.
func (l *look) report(where string, err error) {
	for _, problem := range sigstore.Problems(err) {
		code, invalid := assay.ProvenanceInvalid, true
		for _, c := range codes {
			if errors.Is(problem, c.class) {
				code, invalid = c.code, c.invalid
				break
			}
		}
		l.invalid = l.invalid || invalid
		l.find(code, where, problem.Error())
	}
}

func (l *look) material(m assay.Material) {
	switch m.Kind {
	case assay.Provenance:
		p, err := sigstore.ParseProvenance(m.Data)
		if err != nil {
			l.report(m.Name, err)
			return
		}
		l.provenance(m.Name, p)
	case assay.Attestation:
		l.single(m.Name, m.Data, sigstore.ParseAttestation)
	case assay.SigstoreBundle:
		l.single(m.Name, m.Data, sigstore.ParseBundle)
	}
}

func (l *look) provenance(name string, p *sigstore.Provenance) {
	if p.Version != 1 {
		l.find(assay.ProvenanceUnknownVersion, name, "version "+strconv.Itoa(p.Version))
		return
	}
	if len(p.Bundles) == 0 {
		l.fail(assay.ProvenanceEmptyBundles, name, "")
		return
	}
	predicates := map[string]bool{}
	for i, b := range p.Bundles {
		where := name
		if len(p.Bundles) > 1 {
			where = within(name, "bundle", i)
		}
		if len(b.Attestations) == 0 {
			l.fail(assay.ProvenanceEmptyAttestations, where, "")
		}
		if !b.Publisher.Known() {
			l.find(assay.ProvenanceUnknownPublisher, where, strconv.Quote(b.Publisher.Kind))
		}
		for j, e := range b.Attestations {
			at := where
			if len(b.Attestations) > 1 {
				at = within(where, "attestation", j)
			}
			if e.Statement != nil {
				if predicates[e.Statement.PredicateType] {
					l.fail(assay.ProvenanceDuplicatePredicate, at, e.Statement.PredicateType)
				}
				predicates[e.Statement.PredicateType] = true
			}
			l.attested(at, e, b.Publisher)
		}
	}
}

func within(where, part string, i int) string {
	if where != "" {
		where += ", "
	}
	return where + part + " " + strconv.Itoa(i+1)
}

// attested judges an attestation that the index files under a publisher.
func (l *look) attested(where string, e *sigstore.Entity, p sigstore.Publisher) {
	verified, ok := l.signature(where, e)
	if e.Version != 1 || !p.Known() || e.Statement == nil {
		return
	}
	if err := e.Certificate.Match(p, e.Statement.PredicateType); err != nil {
		l.report(where, err)
		return
	}
	if !ok {
		return
	}
	identity := p.Identity()
	if verified.Statement.PredicateType == sigstore.SLSAProvenanceV1 {
		// Any workflow of the repository may have built the file: name the one
		// that did, not the one that uploaded it.
		p.Workflow = ""
		identity = p.Identity()
		if built, _, err := e.Certificate.Publisher(); err == nil {
			identity = built.Identity()
		}
	}
	l.claim(identity, verified)
}

// single judges material that holds one signature and names no publisher.
func (l *look) single(where string, data []byte, parse func([]byte) (*sigstore.Entity, error)) {
	e, err := parse(data)
	if err != nil {
		l.report(where, err)
		return
	}
	verified, ok := l.signature(where, e)
	if !ok {
		return
	}
	p, personal, err := verified.Certificate.Publisher()
	switch {
	case err != nil:
		l.report(where, err)
	case personal:
		l.find(assay.ProvenancePersonal, where, fmt.Sprintf("%s, vouched for by %s", p.Email, verified.Certificate.Issuer))
		l.claim("email:"+p.Email, verified)
	default:
		l.claim(p.Identity(), verified)
	}
}

// signature verifies the signature and binds it to the file. Problems are
// reported; ok says that there were none.
func (l *look) signature(where string, e *sigstore.Entity) (v sigstore.Verified, ok bool) {
	if !l.hasDigest {
		if !l.noted {
			l.noted = true
			l.find(assay.DigestMissing, "", "provenance is about a sha256 digest, and the file's is not known")
		}
		return v, false
	}
	v, err := l.root.Verify(e, l.digest)
	l.report(where, err)
	ok = err == nil
	if s := e.Statement; s != nil && s.Name != "" && !sameFile(l.artifact, s.Name) {
		l.fail(assay.ProvenanceWrongSubject, where, fmt.Sprintf("it is about %q, the file is %q", s.Name, l.artifact.Filename))
		ok = false
	}
	return v, ok
}

func (l *look) claim(identity string, v sigstore.Verified) {
	c := assay.Claim{Method: "sigstore", Identity: identity, Digest: v.Digest, Time: v.Time,
		Details: v.Certificate.Details()}
	if v.Statement != nil {
		c.Details["predicate"] = v.Statement.PredicateType
		switch v.Statement.PredicateType {
		case sigstore.PublishV1:
			c.Method = "pep740"
		case sigstore.SLSAProvenanceV1:
			c.Method = "slsa"
		}
	}
	c.Details["log_index"] = strconv.FormatInt(v.LogIndex, 10)
	l.claims = append(l.claims, c)
}
