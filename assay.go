// Package assay is the domain of Assay: what a distribution file is, what was
// found out about it, and what follows from that.
//
// One path leads through it:
//
//	Artifact ──verifiers──▶ []Evidence ──Decide(Rules, …, Memory, now)──▶ Decision
//
// An [Artifact] is one distribution file of a Python or Conda package as an
// index offers it. A verifier looks at a [Subject] (the artifact, the material
// that lies beside it and, once they have been read, its bytes) and returns
// [Evidence]: a state and the [Claim]s that hold. [Decide] judges the evidence
// under [Rules] and the project's [Memory] and returns a [Decision] with every
// [Reason], not only the first.
//
// Example:
//
//	a := assay.Artifact{Ecosystem: assay.PyPI, Project: "sampleproject", Version: "4.0.0",
//		Filename: "sampleproject-4.0.0.tar.gz"}
//	ev := []assay.Evidence{{Verifier: "pep740", State: assay.Verified, Claims: []assay.Claim{{
//		Method: "pep740", Identity: "github:pypa/sampleproject@release.yml"}}}}
//	d := assay.Decide(assay.DefaultRules(), a, ev, assay.Memory{}, time.Now())
//	// d.Verdict == assay.Allow
//
// The package imports the standard library only and does no I/O. A Go error
// from Assay's packages means a bug, a cancellation or I/O: never "refused".
package assay
