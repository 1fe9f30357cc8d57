package keysource

import (
	"assay/internal/trust"
)

// grants reads another organisation's trust.toml. Its own grants and denials count, the
// denials as they can only refuse. Left out are what it has from elsewhere (imports,
// authorities, first uses: nothing is transitive), what has ended, and every waiver.
func (s *session) grants() error {
	data, err := s.fetch(s.Import.Source, trust.MaxFile)
	if err != nil {
		return err
	}
	theirs, err := trust.Parse("trust.toml", data)
	if err != nil {
		return fail("%s is no trust.toml that can be read: %v", shownPlace(s.Import.Source), err)
	}
	var firstUse, elsewhere, ended, waived int
	for _, g := range theirs.Grants {
		switch {
		case !s.wanted(g.Project) && g.Project != "*":
			continue
		case g.Denied:
		case g.FirstUse:
			firstUse++
			continue
		case g.From != "local":
			elsewhere++
			continue
		case !g.InForce(s.Now):
			ended++
			continue
		}
		if len(g.Waive) > 0 {
			waived++
		}
		k, ok := theirs.Key(g.Kind, g.Grant.Key)
		if _, err := trust.Fit(k, s.known); err != nil && !g.Denied {
			s.warn(g.Project, "%v: it is not granted", err)
			continue
		}
		if err := s.grant(g); err != nil {
			return err
		}
		if ok && !g.Denied {
			s.theirKey(g.Project, k)
		}
	}
	for _, left := range []struct {
		n    int
		what string
	}{
		{firstUse, "grants of first use, for which nobody vouches"},
		{elsewhere, "grants that it has from elsewhere itself"},
		{ended, "grants that have ended"},
		{len(theirs.Imports), "what it imports itself"},
		{len(theirs.Authorities), "its authorities, as nobody is believed because it believes them"},
	} {
		if left.n > 0 {
			s.note("", "left out, %s: %d", left.what, left.n)
		}
	}
	if waived > 0 {
		s.note("", "left out, waivers of what is weak, in grants: %d", waived)
	}
	return nil
}

func (s *session) theirKey(project string, k trust.Key) {
	if k.Certificate != nil {
		c, _ := k.Certificate.Adopt(s.known)
		if r, ok := c.Revoked(); ok && r.Hard {
			s.warn(project, "the key %s was given up as lost on %s (%s): nothing that it signed counts", k.Fingerprint, day(r.At), said(r.Reason))
		}
	}
	s.key(k)
}
