package assay

// Rules are what a policy comes down to for one decision.
type Rules struct {
	// Evidence says what to do about a file of which nothing at all could be
	// verified.
	Evidence Requirement
	// OnUnavailable says what to do when evidence exists but could not be asked
	// for.
	OnUnavailable Severity
	// PlainHTTP are the hosts that may be asked for pages and files without TLS:
	// "index.example", "*.example", with ":port" or without. This machine always may.
	PlainHTTP []string
	// VCS says what to do about sources that come through a version control
	// system, whose bytes nobody looks at: Warning reports them, Error refuses.
	VCS Severity
}

// Requirement says how much evidence is wanted.
type Requirement string

// The requirements.
const (
	// RequireNothing lets a file without any verified evidence pass, with a warning.
	RequireNothing Requirement = "none"
	// RequireEvidence refuses a file without the evidence of a publisher.
	RequireEvidence Requirement = "require"
)

// DefaultRules are what holds when nobody wrote a policy: broken evidence
// refuses, evidence that cannot be asked for refuses, missing evidence is
// reported, nothing comes without TLS, and sources from version control are
// reported.
func DefaultRules() Rules {
	return Rules{Evidence: RequireNothing, OnUnavailable: Error, VCS: Warning}
}
