// Package digest verifies that a file's bytes are the promised ones.
//
// The promise is the digest in the index page, in a lock file or on the command
// line. SHA-256 or stronger decides; where several strong digests are promised
// all of them must match. MD5, SHA-1 and SHA-224 alone are Absent: they are
// reported and verify nothing.
//
//	promised sha256:2c26…, found sha256:2c26…  → Verified
//	promised sha256:2c26…, found sha256:fcde…  → Invalid (digest.mismatch)
//	promised md5:acbd… only                    → Absent  (digest.weak)
//	promised nothing                           → Absent  (digest.missing)
package digest

import (
	"context"
	"fmt"

	"assay"
)

// Verifier is the digest verifier. Its zero value is ready.
type Verifier struct{}

// Name returns "digest".
func (Verifier) Name() string { return "digest" }

// NeedsContent returns true: there is nothing to compare before the bytes are read.
func (Verifier) NeedsContent() bool { return true }

// Verify compares the subject's content with every promised digest and size.
func (v Verifier) Verify(ctx context.Context, s assay.Subject) (assay.Evidence, error) {
	ev := assay.Evidence{Verifier: v.Name(), State: assay.Absent}
	if err := ctx.Err(); err != nil {
		return ev, err
	}
	if s.Content == nil {
		ev.Findings = append(ev.Findings, assay.Finding{Code: assay.DigestMissing, Detail: "the bytes were not read"})
		return ev, nil
	}
	if size := s.Artifact.Size; size > 0 && s.Content.Size > size {
		// Reading may have stopped here, so the digest of it all is not known.
		return invalid(ev, fmt.Sprintf("promised %d bytes, found more", size)), nil
	}
	promised := s.Artifact.Digests
	var claims []assay.Claim
	for _, want := range promised {
		if !want.Strong() {
			continue
		}
		got, ok := s.Content.Digest(want.Algorithm)
		switch {
		case !ok:
			return invalid(ev, fmt.Sprintf("%s was promised and was not computed", want.Algorithm)), nil
		case got != want:
			return invalid(ev, fmt.Sprintf("promised %s, found %s%s", want, got, sizes(s))), nil
		}
		claims = append(claims, assay.Claim{Method: want.Algorithm, Digest: got})
	}
	if size := s.Artifact.Size; size > 0 && size != s.Content.Size {
		return invalid(ev, fmt.Sprintf("promised %d bytes, found %d", size, s.Content.Size)), nil
	}
	switch {
	case len(claims) > 0:
		ev.State, ev.Claims = assay.Verified, claims
	case len(promised) > 0:
		ev.Findings = append(ev.Findings, assay.Finding{Code: assay.DigestWeak, Detail: promised[0].Algorithm})
	default:
		ev.Findings = append(ev.Findings, assay.Finding{Code: assay.DigestMissing})
	}
	return ev, nil
}

func invalid(ev assay.Evidence, detail string) assay.Evidence {
	ev.State = assay.Invalid
	ev.Findings = append(ev.Findings, assay.Finding{Code: assay.DigestMismatch, Detail: detail})
	return ev
}

// sizes explains a wrong digest by a wrong length, which is what a cut-off
// transfer looks like.
func sizes(s assay.Subject) string {
	if s.Artifact.Size <= 0 || s.Artifact.Size == s.Content.Size {
		return ""
	}
	return fmt.Sprintf(" (%d of %d bytes)", s.Content.Size, s.Artifact.Size)
}
