package keysource

import (
	"fmt"
	"strings"
	"time"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/pypi"
	"assay/internal/trust"
)

// certified grants the certificates that a named authority certifies for a project, by a
// signed notation of the name that the person has written down for that authority:
//
//	gpg --cert-notation project@authority.example=pypi:django --sign-key FINGERPRINT
//
// The authority says so of one project and until a day, and nothing else is granted.
func (s *session) certified() error {
	authority, cert, err := s.authority()
	if err != nil {
		return err
	}
	certs, err := s.certificates(s.Import.Source)
	if err != nil {
		return err
	}
	if cert = s.joined(cert, certs); s.lost(cert) {
		r, _ := cert.Revoked()
		s.warn("", "the authority %s gave its key up as lost on %s (%s): nothing that it certified counts", authority.Name, day(r.At), said(r.Reason))
		s.key(trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: string(cert.Fingerprint()), Certificate: cert})
	}
	for _, c := range certs {
		for _, says := range c.CertifiedBy(cert, authority.Notation) {
			for _, value := range says.Notations[authority.Notation] {
				if err := s.certifiedFor(c, authority, cert, says, value); err != nil {
					return err
				}
			}
		}
	}
	for _, p := range s.Import.Projects {
		if !s.granted(p) {
			s.warn(p, "%s certifies no key for it", authority.Name)
		}
	}
	return nil
}

func (s *session) granted(project string) bool {
	for _, g := range s.out.Locked.Grants {
		if g.Project == project {
			return true
		}
	}
	return false
}

// certifiedFor grants a certificate for what one notation names.
func (s *session) certifiedFor(c *openpgp.Certificate, authority trust.Authority, by *openpgp.Certificate, says openpgp.Certification, value string) error {
	project, ok := notedProject(value)
	if !ok {
		s.warn("", "%s certifies the key %s for %s, which is no project written as pypi:NAME", authority.Name, c.Fingerprint(), clip(openpgp.Printable(value)))
		return nil
	}
	if !s.wanted(project) {
		return nil
	}
	until := earliest(authority.Until, lastDayOf(says.Expires), lastDayOf(s.end(project, c, by, says)))
	if !until.IsZero() && !until.After(s.Now) {
		s.note(project, "that the key %s is certified by %s has ended on %s", c.Fingerprint(), authority.Name, day(until))
		return nil
	}
	about := "the key itself"
	if !says.Direct {
		about = "the user id " + openpgp.Printable(says.UserID)
	}
	note := fmt.Sprintf("certified by %s on %s, with %s", authority.Name, day(says.Created), about)
	return s.certificate(c, found{project: project, note: note, until: until, certifiedBy: []string{string(by.Fingerprint())}})
}

// notedProject reads "pypi:NAME".
func notedProject(value string) (string, bool) {
	name, ok := strings.CutPrefix(value, "pypi:")
	if !ok {
		return "", false
	}
	normal, err := pypi.NormalizeName(name)
	return normal, err == nil
}

// authority returns the [[authority]] that the import names, and its certificate.
func (s *session) authority() (trust.Authority, *openpgp.Certificate, error) {
	name := s.Import.Authority
	if name == "" {
		name = s.Import.Name
	}
	if s.Own != nil {
		for _, a := range s.Own.Authorities {
			if a.Name != name {
				continue
			}
			k, ok := s.Own.Key(assay.GrantOpenPGP, string(a.Fingerprint))
			switch {
			case !a.Until.IsZero() && !a.Until.After(s.Now):
				return a, nil, fail("the authority %s has ended on %s", name, day(a.Until.Add(-time.Second)))
			case !ok || k.Certificate == nil:
				return a, nil, fail("the certificate of the authority %s is not there: trust.toml needs a [[key]] with openpgp = %q", name, a.Fingerprint)
			}
			return a, k.Certificate, nil
		}
	}
	return trust.Authority{}, nil, fail("trust.toml has no [[authority]] of the name %s: an import of the kind certified is named like one, or names it by authority", openpgp.Printable(name))
}

// joined adds what a source knows of the certificate of somebody who certifies: that the key
// was given up may be seen there first.
func (s *session) joined(c *openpgp.Certificate, certs []*openpgp.Certificate) *openpgp.Certificate {
	known := trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: string(c.Fingerprint()), Certificate: c}
	for _, other := range certs {
		if other.Fingerprint() != c.Fingerprint() {
			continue
		}
		now := known
		now.Certificate = other
		merged, err := trust.Merged(known, now, s.known)
		if known = merged; err != nil {
			s.warn("", "%v: it counts as it was, but for what was revoked", err)
		}
	}
	return known.Certificate
}

// lost reports whether a key was given up as lost, by its owner or by whom the owner lets do so.
func (s *session) lost(c *openpgp.Certificate) bool {
	return trust.Key{Kind: assay.GrantOpenPGP, Certificate: c}.Lost(s.known)
}

// since is when the lock first had a key for a project on somebody's certification, or zero.
func (s *session) since(project, key, by string) time.Time {
	for _, g := range s.Before.Grants {
		if n := len(g.CertifiedBy); !g.Denied && g.Project == project && g.Kind == assay.GrantOpenPGP && g.Grant.Key == key && n > 0 && g.CertifiedBy[n-1] == by {
			return g.Since
		}
	}
	return time.Time{}
}

// end is when a certification ends with the key that made it. What was seen here before that
// key was superseded stays; of what is seen only now, whoever has the key could have made it
// since, with whatever date.
func (s *session) end(project string, c, by *openpgp.Certificate, says openpgp.Certification) time.Time {
	r, revoked := by.Revoked()
	since := s.since(project, string(c.Fingerprint()), string(by.Fingerprint()))
	if !revoked || since.IsZero() || !since.Before(r.At) {
		return says.Ends
	}
	end, _ := by.Expires()
	return end
}

// certificates fetches and reads a file of certificates.
func (s *session) certificates(place string) ([]*openpgp.Certificate, error) {
	data, err := s.fetch(place, maxCertificates)
	if err != nil {
		return nil, err
	}
	certs, err := openpgp.ReadCertificates(data)
	if err != nil {
		return nil, fail("%s: %v", shownPlace(place), err)
	}
	return certs, nil
}

// earliest returns the earliest of some moments that are set, or none.
func earliest(all ...time.Time) time.Time {
	var out time.Time
	for _, t := range all {
		if !t.IsZero() && (out.IsZero() || t.Before(out)) {
			out = t
		}
	}
	return out
}

// lastDayOf rounds a moment down to the day: a lock holds whole days.
func lastDayOf(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(24 * time.Hour)
}
