package signature

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"

	"assay"
)

// Outcome is what a verifier of signatures has found so far: it collects, and weighs at the
// end.
type Outcome struct {
	Findings []assay.Finding
	Claims   []assay.Claim
	// Invalid says that something does not hold, Unavailable that something could not be
	// had, Pending that only the bytes will tell.
	Invalid, Unavailable, Pending bool
}

// Find adds a finding. where names the material; it may be empty.
func (o *Outcome) Find(code assay.Code, where, detail string) {
	if where != "" {
		detail = where + ": " + detail
	}
	o.Findings = append(o.Findings, assay.Finding{Code: code, Detail: detail})
}

// OutOfReach adds that material is known to exist and could not be had.
func (o *Outcome) OutOfReach(m assay.Material) {
	o.Unavailable = true
	where, why := m.Name, m.Err.Error()
	if strings.HasPrefix(why, where) {
		where = "" // an index client's errors name the URL themselves
	}
	o.Find(assay.SignatureUnavailable, where, why)
}

// Maker names the key that made a signature by its numbers alone: the same for a key of
// OpenPGP, of SSH and of a RECORD.jws, if it is one. public is a [crypto.PublicKey], or
// bytes for kinds of keys that X.509 does not have.
func Maker(public any) string {
	encoded, ok := public.([]byte)
	if !ok {
		var err error
		if encoded, err = x509.MarshalPKIXPublicKey(public); err != nil {
			return ""
		}
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// Evidence is what all of it comes to. What is broken weighs more than what could not be
// had, that more than what only the bytes will tell, and that more than what holds.
func (o *Outcome) Evidence(verifier string) assay.Evidence {
	ev := assay.Evidence{Verifier: verifier, Findings: o.Findings}
	switch {
	case o.Invalid:
		ev.State = assay.Invalid
	case o.Unavailable:
		ev.State = assay.Unavailable
	case o.Pending:
		ev.State = assay.Pending
	case len(o.Claims) > 0:
		ev.State, ev.Claims = assay.Verified, o.Claims
	default:
		ev.State = assay.Absent
	}
	return ev
}
