package keysource

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/trust"
)

// introducer is a key that is trusted for a project, and until when its word counts.
type introducer struct {
	cert  *openpgp.Certificate
	until time.Time // zero: as long as the import
	chain []string  // of fingerprints, from the granted key, and whoever certified that one
}

// webOfTrust grants the certificates that keys of the same project certify, over at most
// as many steps as the import says: one, where it says nothing. Keys that are granted
// already are where it starts: not those of first use, which nobody vouches for, nor what
// is denied.
//
// A certificate is taken the first time that it is reached, by the shortest way, and
// never again: keys that certify each other in a circle lead nowhere. It ends when the
// first certification on the way does.
func (s *session) webOfTrust() error {
	certs, err := s.certificates(s.Import.Source)
	if err != nil {
		return err
	}
	projects := s.Import.Projects
	for _, project := range projects {
		start := s.introducers(project, certs)
		if len(start) == 0 {
			s.warn(project, "no OpenPGP key with a certificate is granted for it in trust.toml: there is nobody to start from")
			continue
		}
		if err := s.reach(project, start, certs); err != nil {
			return err
		}
	}
	return nil
}

// introducers are the keys that the person's own file grants for a project.
func (s *session) introducers(project string, certs []*openpgp.Certificate) []introducer {
	var out []introducer
	if s.Own == nil {
		return nil
	}
	for _, g := range s.Own.Grants {
		if g.Project != project || g.Kind != assay.GrantOpenPGP || g.Denied || g.FirstUse || !g.InForce(s.Now) || s.denied(project, g.Grant.Key) {
			continue
		}
		k, ok := s.Own.Key(assay.GrantOpenPGP, g.Grant.Key)
		if !ok || k.Certificate == nil || s.Own.Withdrawn(nil, g.Grant) != "" ||
			slices.ContainsFunc(out, func(i introducer) bool { return i.cert.Fingerprint() == k.Certificate.Fingerprint() }) {
			continue
		}
		k.Certificate = s.joined(k.Certificate, certs)
		if r, _ := k.Certificate.Revoked(); r.Hard {
			s.warn(project, "the key %s, which is granted for it, was given up as lost on %s (%s): nothing that it certified counts", k.Fingerprint, day(r.At), said(r.Reason))
			s.key(trust.Key{Kind: k.Kind, Fingerprint: k.Fingerprint, Certificate: k.Certificate})
		}
		out = append(out, introducer{cert: k.Certificate, until: g.Until, chain: append(slices.Clone(g.CertifiedBy), g.Grant.Key)})
	}
	return out
}

// denied reports whether the person's own file denies a key.
func (s *session) denied(project, key string) bool {
	for _, g := range s.Own.Grants {
		if g.Denied && g.Kind == assay.GrantOpenPGP && g.Grant.Key == key && (g.Project == project || g.Project == "*") {
			return true
		}
	}
	return false
}

// reach goes from the introducers outward, a step at a time.
func (s *session) reach(project string, from []introducer, certs []*openpgp.Certificate) error {
	seen := map[openpgp.Fingerprint]bool{}
	for _, i := range from {
		seen[i.cert.Fingerprint()] = true
	}
	for depth := 1; depth <= max(s.Import.Depth, 1); depth++ {
		var next []introducer
		for _, c := range certs {
			if seen[c.Fingerprint()] || s.denied(project, string(c.Fingerprint())) {
				continue
			}
			by, ok := s.introduced(project, c, from)
			if !ok {
				continue
			}
			seen[c.Fingerprint()] = true
			note := fmt.Sprintf("certified by %s (%d of at most %d steps)", strings.Join(by.chain, ", "), depth, max(s.Import.Depth, 1))
			if err := s.certificate(c, found{project: project, note: note, until: by.until, certifiedBy: by.chain}); err != nil {
				return err
			}
			if !s.lost(c) {
				next = append(next, introducer{cert: c, until: by.until, chain: append(slices.Clip(by.chain), string(c.Fingerprint()))})
			}
		}
		from = next
	}
	return nil
}

// introduced returns the way to a certificate that holds the longest.
func (s *session) introduced(project string, c *openpgp.Certificate, from []introducer) (introducer, bool) {
	var best introducer
	ok := false
	for _, i := range from {
		for _, says := range c.CertifiedBy(i.cert) {
			until := earliest(i.until, lastDayOf(says.Expires), lastDayOf(s.end(project, c, i.cert, says)))
			if !until.IsZero() && !until.After(s.Now) {
				continue
			}
			if !ok || !best.until.IsZero() && (until.IsZero() || until.After(best.until)) {
				best, ok = introducer{cert: c, until: until, chain: i.chain}, true
			}
		}
	}
	return best, ok
}
