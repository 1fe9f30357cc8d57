package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/pypi"

	"assay/internal/tomlfile"
)

// Case is one expectation of a policy: what it says of a file that need not exist.
//
//	[[case]]
//	name      = "django from anywhere else is refused"
//	project   = "django"
//	version   = "5.2"
//	filename  = "django-5.2.tar.gz"          # else NAME-VERSION-py3-none-any.whl
//	uploaded  = 2026-07-01T12:00:00Z         # else nobody says
//	at        = 2026-07-08T12:00:00Z         # when it is judged, else now
//	index     = "https://index.example/simple/django/"
//	project_status = "archived"              # what the index says of the project, else nothing
//	publisher = "github:mallory/django@release.yml"   # or a list; else nobody signed it
//	details   = {ref = "refs/heads/main"}    # of the publishers' claims
//	expect    = "deny"                       # allow, warn or deny
//	codes     = ["publisher.unexpected"]     # reasons that are given, among others
type Case struct {
	Name     string
	Line     int
	Artifact assay.Artifact
	Claims   []assay.Claim
	At       time.Time // zero: now
	Expect   assay.Verdict
	Codes    []assay.Code
}

// ParseCases reads a file of cases. The error is an [*Error].
func ParseCases(name string, data []byte) ([]Case, error) {
	root, err := tomlfile.Read(name, data)
	if err != nil {
		return nil, err
	}
	r := &reader{Problems: tomlfile.Problems{File: name}}
	var out []Case
	r.each(root, "at the top of the file", fields{
		"case": func(e *tomlfile.Entry) { r.tablesOf(e, func(v *tomlfile.Value) { out = append(out, r.testCase(v)) }) },
	})
	if len(out) == 0 && len(r.List) == 0 {
		r.Add(0, "there is no [[case]]")
	}
	return out, r.Err()
}

func (r *reader) testCase(v *tomlfile.Value) Case {
	c := Case{Line: v.Line, Artifact: assay.Artifact{Ecosystem: assay.PyPI}}
	details := map[string]string{}
	var publishers []string
	a := &c.Artifact
	r.each(v, "in a [[case]]", fields{
		"name":     func(e *tomlfile.Entry) { c.Name = r.text(e, &e.Value) },
		"project":  func(e *tomlfile.Entry) { a.Project = r.projectName(e) },
		"version":  func(e *tomlfile.Entry) { a.Version = r.plainVersion(e) },
		"filename": func(e *tomlfile.Entry) { a.Filename = r.text(e, &e.Value) },
		"uploaded": func(e *tomlfile.Entry) { a.UploadTime = r.moment(e) },
		"at":       func(e *tomlfile.Entry) { c.At = r.moment(e) },
		"index":    func(e *tomlfile.Entry) { a.Index = r.text(e, &e.Value) },
		"project_status": func(e *tomlfile.Entry) {
			a.Standing.Status = word(r, e, map[string]assay.ProjectStatus{"active": assay.StatusActive, "archived": assay.StatusArchived,
				"deprecated": assay.StatusDeprecated, "quarantined": assay.StatusQuarantined}).value
		},
		"publisher": func(e *tomlfile.Entry) {
			for _, v := range r.Values(e, maxList) {
				publishers = append(publishers, r.identity(e, v))
			}
		},
		"details": func(e *tomlfile.Entry) { r.details(e, details) },
		"expect": func(e *tomlfile.Entry) {
			c.Expect = word(r, e, map[string]assay.Verdict{"allow": assay.Allow, "warn": assay.Warn, "deny": assay.Deny}).value
		},
		"codes": func(e *tomlfile.Entry) { c.Codes = r.anyCodes(e) },
	})
	for _, need := range []struct{ key, example string }{{"project", `project = "django"`}, {"version", `version = "1.0"`}, {"expect", `expect = "deny"`}} {
		if v.Get(need.key) == nil {
			r.Add(v.Line, "a [[case]] needs %s: %s", need.key, need.example)
		}
	}
	r.filename(v, a)
	digest := assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}
	c.Claims = []assay.Claim{{Method: "sha256", Digest: digest}}
	for _, p := range publishers {
		c.Claims = append(c.Claims, assay.Claim{Method: "pep740", Identity: p, Digest: digest, Time: a.UploadTime, Details: details})
	}
	if c.Name == "" {
		c.Name = a.Filename
	}
	return c
}

// filename gives the artifact a file name, and holds the one that it has against its
// project.
func (r *reader) filename(v *tomlfile.Value, a *assay.Artifact) {
	if a.Filename == "" {
		a.Filename = strings.ReplaceAll(a.Project, "-", "_") + "-" + a.Version + "-py3-none-any.whl"
		return
	}
	name, err := pypi.ParseFilenameFor(a.Project, a.Filename)
	if err != nil || a.Project != "" && name.Project != a.Project || a.Version != "" && name.Version.String() != a.Version {
		r.Add(v.Get("filename").Line, "filename: %s is no file of %s", tomlfile.Quoted(a.Filename), a.Release())
	}
}

func (r *reader) projectName(e *tomlfile.Entry) string {
	name, err := pypi.NormalizeName(r.text(e, &e.Value))
	if err != nil && e.Value.Text != "" {
		r.Add(e.Line, "%s: %v", e.Key, err)
	}
	return name
}

func (r *reader) plainVersion(e *tomlfile.Entry) string {
	if r.version(e) == "" {
		return ""
	}
	v, _ := pypi.ParseVersion(e.Value.Text) // which was read before
	return v.String()
}

// moment reads a date, or a date with a time and an offset.
func (r *reader) moment(e *tomlfile.Entry) time.Time {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, strings.Replace(strings.ToUpper(e.Value.Text), " ", "T", 1)); err == nil && e.Value.Kind != tomlfile.String {
			return t
		}
	}
	r.Add(e.Line, "%s is a date such as 2026-07-01 or 2026-07-01T12:00:00Z, not %s", e.Key, tomlfile.Quoted(e.Value.Text))
	return time.Time{}
}

func (r *reader) details(e *tomlfile.Entry, into map[string]string) {
	if e.Value.Kind != tomlfile.Table {
		r.Add(e.Line, "details is a table of strings, not %s", e.Value.Kind)
		return
	}
	for _, d := range e.Value.Keys {
		into[d.Key] = r.text(d, &d.Value)
	}
}

// anyCodes reads reason codes of every kind.
func (r *reader) anyCodes(e *tomlfile.Entry) []assay.Code {
	var known []string
	for _, entry := range assay.Entries() {
		known = append(known, string(entry.Code))
	}
	var out []assay.Code
	for _, v := range r.Values(e, maxList) {
		code := r.text(e, v)
		if code != "" && !slices.Contains(known, code) {
			why := "docs/reasons lists them"
			if near, ok := tomlfile.Nearest(code, known); ok {
				why = "did you mean " + near + "?"
			}
			r.Add(v.Line, "codes: there is no reason %s: %s", tomlfile.Quoted(code), why)
			continue
		}
		out = append(out, assay.Code(code))
	}
	return out
}

// Decide judges the case by a policy, with nothing remembered, and says by which
// rules.
func (c Case) Decide(p *Policy, now time.Time) (assay.Rules, assay.Decision) {
	if !c.At.IsZero() {
		now = c.At
	}
	judged := &Policy{own: p.own, project: p.project, names: map[string]*compiled{}, Now: func() time.Time { return now }}
	evidence := []assay.Evidence{{Verifier: "digest", State: assay.Verified, Claims: c.Claims[:1]}}
	if len(c.Claims) > 1 {
		evidence = append(evidence, assay.Evidence{Verifier: "pep740", State: assay.Verified, Claims: c.Claims[1:]})
	} else {
		evidence = append(evidence, assay.Evidence{Verifier: "pep740", State: assay.Absent, Findings: []assay.Finding{{Code: assay.ProvenanceAbsent}}})
	}
	rules := judged.For(c.Artifact, c.Claims)
	return rules, assay.Decide(rules, c.Artifact, evidence, assay.Memory{}, now)
}

// Failure says how a decision differs from what the case expects, or returns "".
func (c Case) Failure(d assay.Decision) string {
	var out []string
	if d.Verdict != c.Expect {
		out = append(out, fmt.Sprintf("expected %s, decided %s", c.Expect, d.Verdict))
	}
	for _, code := range c.Codes {
		if !slices.ContainsFunc(d.Reasons, func(r assay.Reason) bool { return r.Code == code }) {
			out = append(out, fmt.Sprintf("expected %s among the reasons", code))
		}
	}
	return strings.Join(out, "; ")
}
