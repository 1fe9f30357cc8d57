package assay

import (
	"strings"
	"time"
)

// Rules are what a policy comes down to for one artifact, once its claims are
// known. The zero value is no sensible set of rules: begin with [DefaultRules].
type Rules struct {
	// Mode says whether what the rules do not want is refused or only reported.
	Mode Mode
	// Evidence says what is wanted of a file beside its bytes being the listed ones.
	Evidence Requirement
	// OnUnavailable says what to do when evidence exists but could not be asked
	// for.
	OnUnavailable Severity
	// Cooldown is how long ago a file must have been uploaded; 0 for no matter. A
	// file of which nobody says when is refused then.
	Cooldown time.Duration
	// Sdist says what to do about a source distribution, which an installer would
	// have to build: Note takes it, Warning reports it, Error refuses it.
	Sdist Severity

	// Publishers are those that a file must come from; none for anybody. Require
	// says how many of them must have signed: 0 for any of them, RequireAll for
	// all.
	Publishers []Publisher
	Require    int
	// Grants are those of the project, in their order, and Foreign says of keys that
	// have signed the file which other projects they are granted for, by identity.
	Grants  []Grant
	Foreign map[string][]string
	// Signatures is how many different keys must have signed: 0 for one, where there
	// are grants at all.
	Signatures int
	// Places are where signatures of a file may lie beside it: URLs with {filename},
	// {project} and {version} in their path.
	Places []string
	// Indexes are the only ones that the project may come from, as the beginnings
	// of their pages' URLs; none for any.
	Indexes []string
	// Verdicts are what somebody wrote down for this very case.
	Verdicts []Finding
	// Waivers take the edge off single reasons.
	Waivers []Waiver
	// Problems say why the rules could not be worked out. Each refuses.
	Problems []string

	// Tentative says that other rules may hold once the file's claims are known.
	Tentative bool
	// Origins says where a rule was written down, by the key of the policy file:
	// "cooldown" → "assay.toml:4". What is not there is built in.
	Origins map[string]string

	// PlainHTTP are the hosts that may be asked for pages and files without TLS:
	// "index.example", "*.example", with ":port" or without. This machine always may.
	PlainHTTP []string
	// VCS says what to do about sources that come through a version control
	// system, whose bytes nobody looks at: Warning reports them, Error refuses.
	VCS Severity
}

// Mode says what becomes of what the rules do not want.
type Mode string

// The modes.
const (
	// Enforce refuses it.
	Enforce Mode = "enforce"
	// Audit reports it. What is broken (bytes that are not the promised ones, an
	// archive with two readings, provenance that does not hold) is refused all
	// the same.
	Audit Mode = "audit"
)

// Requirement says how much evidence is wanted.
type Requirement string

// The requirements.
const (
	// RequireNothing lets a file without any verified evidence pass, with a
	// warning, and does not compare its publisher with earlier ones.
	RequireNothing Requirement = "none"
	// Remember is RequireNothing, but for a project that was seen before: its
	// publisher may not change in silence.
	Remember Requirement = "remember"
	// RequireEvidence is Remember, and refuses a file without the evidence of a
	// publisher.
	RequireEvidence Requirement = "require"
)

// RequireAll is a value of Rules.Require.
const RequireAll = -1

// DefaultRules are what holds when nobody wrote a policy: broken evidence
// refuses, evidence that cannot be asked for refuses, missing evidence is
// reported, who published a project before is remembered, nothing comes without
// TLS, and sources from version control are reported.
func DefaultRules() Rules {
	return Rules{Mode: Enforce, Evidence: Remember, OnUnavailable: Error, Sdist: Note, VCS: Warning}
}

// For returns the rules themselves: they are those of every artifact.
func (r Rules) For(Artifact, []Claim) Rules { return r }

// OfAll returns the rules themselves, and that they are those of every file of the
// project.
func (r Rules) OfAll(string) (Rules, bool) { return r, true }

// origin says where a rule was written down.
func (r Rules) origin(key string) string {
	if at, ok := r.Origins[key]; ok {
		return at
	}
	return "the default policy"
}

// Publisher is a pattern of publishers, as a policy names them. What is empty
// fits anything. In Identity, Ref, Runner and Environment a "*" stands for any
// run of characters but "/", and "**" for any at all. Letters count in either
// case in Identity, as forges take them.
type Publisher struct {
	// Identity is "github:owner/repo@workflow.yml", "gitlab:group/project@path",
	// "google:email", "email:address", or a key's: "openpgp:FINGERPRINT". Without "@"
	// it fits any workflow.
	Identity string
	// Ref is the git ref that was built ("refs/tags/v1.0"), Runner where
	// ("github-hosted"), Environment the deployment environment.
	Ref, Runner, Environment string
	// RepositoryID and OwnerID are the forge's own numbers, which stay when a
	// name is taken over by somebody else.
	RepositoryID, OwnerID string
	// Origin is where it was written down.
	Origin string
}

// Matches reports whether a claim was made by such a publisher.
func (p Publisher) Matches(c Claim) bool {
	if c.Identity == "" {
		return false
	}
	identity, pattern := c.Identity, p.Identity
	scheme := forge(strings.ToLower(pattern))
	if scheme != "ssh" && scheme != "jws" { // where letters of both cases are different keys
		identity, pattern = strings.ToLower(identity), strings.ToLower(pattern)
	}
	if scheme == "github" || scheme == "gitlab" {
		if !strings.Contains(pattern, "@") {
			identity, _, _ = strings.Cut(identity, "@")
		}
	}
	detail := func(pattern, key string) bool { return pattern == "" || MatchGlob(pattern, c.Details[key]) }
	return (pattern == "" || MatchGlob(pattern, identity)) &&
		detail(p.Ref, "ref") && detail(p.Runner, "runner") && detail(p.Environment, "environment") &&
		(p.RepositoryID == "" || p.RepositoryID == c.Details["repository_id"]) &&
		(p.OwnerID == "" || p.OwnerID == c.Details["owner_id"])
}

// String renders the publisher for a message.
func (p Publisher) String() string {
	out := p.Identity
	if out == "" {
		out = "anybody"
	}
	for _, d := range []struct{ name, value string }{{"ref", p.Ref}, {"runner", p.Runner}, {"environment", p.Environment},
		{"repository id", p.RepositoryID}, {"owner id", p.OwnerID}} {
		if d.value != "" {
			out += " with " + d.name + " " + d.value
		}
	}
	return out
}

// MatchGlob reports whether s fits a pattern in which "*" stands for any run of
// characters but "/", and "**" for any run at all.
func MatchGlob(pattern, s string) bool {
	// star and mark are where to go on after the last star, and resume those after
	// the last double star, when what follows does not fit.
	type mark struct{ p, s int }
	var star, double *mark
	p, i := 0, 0
	for p < len(pattern) || i < len(s) {
		switch {
		case strings.HasPrefix(pattern[p:], "**"):
			p += 2
			double, star = &mark{p, i}, nil
			continue
		case p < len(pattern) && pattern[p] == '*':
			p++
			star = &mark{p, i}
			continue
		case p < len(pattern) && i < len(s) && pattern[p] == s[i]:
			p, i = p+1, i+1
			continue
		}
		switch {
		case star != nil && star.s < len(s) && s[star.s] != '/':
			star.s++
			p, i = star.p, star.s
		case double != nil && double.s < len(s):
			double.s++
			p, i, star = double.p, double.s, nil
		default:
			return false
		}
	}
	return true
}

// Waiver lets somebody go on in spite of a reason, for a time.
type Waiver struct {
	// Codes are the reasons that it is for.
	Codes []Code
	// Version is the release, and Identity the publisher, that it is for; empty
	// for any.
	Version, Identity string
	// Until is when it ends.
	Until time.Time
	// Reason is why, Origin where it was written down or who accepted it.
	Reason, Origin string
}
