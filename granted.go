package assay

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// standing is what the grants come to for one file.
type standing struct {
	// counted are the claims that count: every publisher's, and those of the keys that
	// may speak for the project.
	counted []Claim
	// vouched says that somebody who was granted to has signed these bytes, or that they
	// are granted themselves. What is only continuity does not vouch.
	vouched bool
	// pending says that only the bytes will tell, faulty that some key's word is refused.
	pending, faulty bool
}

// granted holds the keys that have signed a file against the grants of its project.
//
//	a key that is granted, whose signature holds         counts
//	a key that is denied                                 grant.denied, whatever else there is
//	a key of another project                             signature.wrong-project
//	a key of the project, for something else             grant.unfit, grant.ended
//	a key that a lost key had certified                  grant.withdrawn
//	a signature that is too weak, too late, or from the future
//	                                                     signature.weak, signature.key-ended, signature.future
//	fewer keys than are wanted                           signature.too-few
//	none, and a key that nobody granted has signed       signature.unexpected-key
//	none, where the project's files had one before       signature.missing
//	none, where a grant waits for the first one          signature.partial, a warning
//
// Where one key counts, what is wrong with other signatures beside it is noted: whoever
// is granted to has signed these very bytes.
func (b *builder) granted(rules Rules, claims []Claim, evidence []Evidence, memory Memory, now time.Time) standing {
	seen := b.firstSeen(claims, memory, now)
	at := b.witness(seen)
	var s standing
	var faults []keyFault
	var signers, continued []string
	var made []Claim
	for _, c := range claims {
		if !IdentityOf(c).IsKey() {
			s.counted = append(s.counted, c)
			continue
		}
		g, fault := b.grantOf(rules, c, seen, at, now)
		switch {
		case fault != nil && fault.Code == SignatureUnknownKey:
			b.addKey(fault.Code, fault.Detail, fault.Code.Severity(), schemeOf(c))
		case fault != nil:
			faults = append(faults, keyFault{*fault, schemeOf(c)})
		case g.FirstUse:
			b.addKey(SignatureFirstUse, fmt.Sprintf("%s, %s", c.Identity, g.place()), SignatureFirstUse.Severity(), schemeOf(c))
			continued = append(continued, c.Identity)
		default:
			s.counted, s.vouched = append(s.counted, c), s.vouched || !g.Theirs
			signers, made = append(signers, c.Identity), append(made, c)
		}
	}
	count := signersOf(made)
	slices.Sort(signers)
	signers = slices.Compact(signers)
	s.pending = slices.ContainsFunc(evidence, func(e Evidence) bool { return e.State == Pending })
	bytes := b.grantedBytes(rules, claims, seen)
	if bytes && len(signers) == 0 {
		if had, _ := b.signedBefore(rules, memory, seen, claims); len(had) > 0 {
			b.waived = true // these bytes and no others: the files after it are held to the keys
		}
	}
	s.vouched = bytes || s.vouched
	s.vouched = b.grantedPublisher(rules, s.counted, seen, s.vouched || s.pending) || s.vouched
	need := max(rules.Signatures, 1)
	for _, f := range faults {
		severity := f.Code.Severity()
		s.faulty = true
		if (count >= need || s.pending || bytes) && f.Code != GrantDenied {
			severity = Note
		}
		b.addKey(f.Code, f.Detail, severity, f.scheme)
	}
	switch {
	case count >= need, s.pending, bytes, broken(evidence) && len(signers) == 0:
	case len(signers) > 0, rules.Signatures > 0 && len(faults) == 0:
		b.add(SignatureTooFew, fmt.Sprintf("%d of the %d different keys that %s wants have signed it%s",
			count, need, rules.origin("signatures"), after(signers)+shared(count, len(signers))))
	case len(faults) == 0 && !s.vouched:
		b.unsignedByKeys(rules, claims, evidence, memory, seen, continued)
	}
	return s
}

// keyFault is what is wrong with the word of a key of a scheme.
type keyFault struct {
	Finding
	scheme string
}

// schemeOf returns "openpgp", "ssh" or "jws" for the claim of a key.
func schemeOf(c Claim) string {
	scheme, _, _ := strings.Cut(c.Identity, ":")
	return scheme
}

// signersOf counts who has signed. Each signature counts for one signer, and each key that
// made some counts once: a subkey may be bound to several certificates, and one key, or another
// one of the same certificate, may be granted as OpenPGP and as SSH. Whoever alone can have made a signature is a signer. Of a
// signature that several can have made one is, unless one of them is counted already: that
// it was another is not known.
func signersOf(claims []Claim) int {
	if len(claims) == 0 {
		return 0
	}
	by := map[string][]string{} // maker → whom it signs for
	for _, c := range claims {
		maker := c.Maker
		if maker == "" {
			maker = c.Identity
		}
		if !slices.Contains(by[maker], c.Identity) {
			by[maker] = append(by[maker], c.Identity)
		}
	}
	for _, c := range claims {
		for _, key := range c.Kin {
			if who, made := by[key]; made && !slices.Contains(who, c.Identity) {
				by[key] = append(who, c.Identity) // it could have made that as well
			}
		}
	}
	n := 0
	counted := map[string]bool{}
	for _, certain := range []bool{true, false} { // first those that are certain
		for _, maker := range slices.Sorted(maps.Keys(by)) {
			who := by[maker]
			if (len(who) == 1) == certain && !slices.ContainsFunc(who, func(id string) bool { return counted[id] }) {
				n++
				for _, id := range who {
					counted[id] = true
				}
			}
		}
	}
	return n
}

// shared says why several signers count for fewer.
func shared(count, signers int) string {
	if count == signers {
		return ""
	}
	return ", which have a signing key in common: it counts once"
}

// broken reports whether a signature does not hold, or could not be had: that it refuses
// is said of itself.
func broken(evidence []Evidence) bool {
	return slices.ContainsFunc(evidence, func(e Evidence) bool {
		return slices.Contains(keySchemes, e.Verifier) && (e.State == Invalid || e.State == Unavailable)
	})
}

// witness is the earliest time at which these bytes are known to have existed: when
// they were first seen here, or when the index says that they were uploaded.
func (b *builder) witness(seen time.Time) time.Time {
	if up := b.artifact.UploadTime; !up.IsZero() && !b.artifact.Led && up.Before(seen) {
		return up
	}
	return seen
}

// firstSeen is when these bytes were first seen here.
func (b *builder) firstSeen(claims []Claim, memory Memory, now time.Time) time.Time {
	before, digest, ok := b.seenBefore(claims, memory)
	if ok && digest == before.Digest && !before.First.IsZero() && before.First.Before(now) {
		return before.First
	}
	return now
}

// grantOf returns the grant under which a key's claim counts, or what is wrong.
// It was seen at the one time, and existed at the other.
func (b *builder) grantOf(rules Rules, c Claim, seen, at, now time.Time) (Grant, *Finding) {
	fault := func(code Code, format string, args ...any) (Grant, *Finding) {
		return Grant{}, &Finding{code, fmt.Sprintf(format, args...)}
	}
	var known []Grant
	for _, g := range rules.Grants {
		switch {
		case !g.Names(c) && g.Denied && g.names(c.Details["key"]): // a subkey
			return fault(GrantDenied, "%s by its key %s, %s: %s", c.Identity, g.Key, g.place(), g.Reason)
		case !g.Names(c):
		case g.Denied:
			return fault(GrantDenied, "%s, %s: %s", c.Identity, g.place(), g.Reason)
		default:
			known = append(known, g)
		}
	}
	if len(known) == 0 {
		if others := rules.Foreign[c.Identity]; len(others) > 0 {
			return fault(SignatureWrongProject, "%s may sign %s, and nobody let it sign %s", c.Identity, strings.Join(others, " and "), b.artifact.Project)
		}
		if !hasKeys(rules) {
			return fault(SignatureUnknownKey, "%s", c.Identity) // it is known, and nobody said whose it is
		}
		return fault(SignatureUnexpectedKey, "%s", c.Identity)
	}
	if c.Signed.After(now.Add(clockTolerance)) {
		return fault(SignatureFuture, "it is dated %s, the clock says %s", c.Signed.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if !c.Ends.IsZero() && at.Before(c.Ends) && !seen.Before(c.Ends) {
		b.addAs(SignatureKeyEnded, fmt.Sprintf("%s ended on %s, and only the index says that the file is of %s", c.Identity, day(c.Ends), day(at)), Warning)
	}
	if !c.Ends.IsZero() && !at.Before(c.Ends) {
		return fault(SignatureKeyEnded, "%s ended on %s, and nobody saw the file before %s", c.Identity, day(c.Ends), day(at))
	}
	var continued *Grant
	var why *Finding
	for _, g := range known {
		f := b.fits(g, c, seen)
		switch {
		case f != nil && why == nil:
			why = f
		case f == nil && g.FirstUse:
			continued = &g
		case f == nil:
			return g, nil
		}
	}
	if continued != nil {
		return *continued, nil
	}
	return Grant{}, why
}

// fits says why a claim of a grant's key does not count under it, nil where it does.
func (b *builder) fits(g Grant, c Claim, seen time.Time) *Finding {
	var weak []string
	for _, w := range c.Weak {
		if !slices.Contains(g.Waive, w) {
			weak = append(weak, w)
		}
	}
	switch {
	case g.Withdrawn != "":
		return &Finding{GrantWithdrawn, fmt.Sprintf("%s was certified by %s, which was given up as lost (%s)", c.Identity, g.Withdrawn, g.place())}
	case g.Outside:
		return &Finding{GrantUnfit, fmt.Sprintf("%s is granted for the versions %s (%s)", c.Identity, g.Versions, g.place())}
	case !g.Allows(c.Role):
		return &Finding{GrantUnfit, fmt.Sprintf("%s has signed a thing of the kind %q, which it is not granted for (%s)", c.Identity, string(c.Role), g.place())}
	case !g.InForce(seen):
		return &Finding{GrantEnded, fmt.Sprintf("%s was granted until %s (%s)", c.Identity, g.lastDay(), g.place())}
	case len(weak) > 0:
		return &Finding{SignatureWeak, fmt.Sprintf("%s: %s", c.Identity, strings.Join(weak, ", "))}
	case len(c.Weak) > 0:
		b.addAs(SignatureWeak, fmt.Sprintf("%s: %s, which the grant lets pass (%s)", c.Identity, strings.Join(c.Weak, ", "), g.place()), Warning)
	}
	return nil
}

// grantedBytes reports whether somebody vouches for these very bytes. That they are
// denied refuses.
func (b *builder) grantedBytes(rules Rules, claims []Claim, seen time.Time) bool {
	vouched := false
	for _, g := range rules.Grants {
		if g.Kind != GrantSHA256 || !b.is(g.Key, claims) {
			continue
		}
		switch {
		case g.Denied:
			b.add(GrantDenied, fmt.Sprintf("its bytes, %s: %s", g.place(), g.Reason))
		case g.InForce(seen) && !g.Outside:
			b.add(GrantBytes, fmt.Sprintf("until %s (%s): %s", g.lastDay(), g.place(), g.Reason))
			vouched = vouched || !g.Theirs
		}
	}
	return vouched
}

// is reports whether the file's SHA-256 is this one.
func (b *builder) is(sum string, claims []Claim) bool {
	if d, ok := b.artifact.Digest("sha256"); ok {
		return d.Hex == sum
	}
	return slices.ContainsFunc(claims, func(c Claim) bool { return c.Digest.Algorithm == "sha256" && c.Digest.Hex == sum })
}

// grantedPublisher holds the publishers of a file against the grants, and reports
// whether one of them is granted. Where others are, and no key vouches for the file,
// or may yet, it must be one of those. One that was only seen first fits, and vouches
// for nothing.
func (b *builder) grantedPublisher(rules Rules, claims []Claim, seen time.Time, vouched bool) bool {
	var wanted []string
	fitting, own, continued := false, false, false
	for _, g := range rules.Grants {
		if g.Kind != GrantPublisher {
			continue
		}
		by := slices.ContainsFunc(claims, g.Names)
		switch {
		case by && g.Denied:
			b.add(GrantDenied, fmt.Sprintf("%s, %s: %s", g.Key, g.place(), g.Reason))
		case g.Denied || g.Outside || !g.InForce(seen):
		case by && g.FirstUse:
			continued = true
		case by:
			fitting, own = true, own || !g.Theirs
		default:
			wanted = append(wanted, g.Key)
		}
	}
	if ids := identities(claims); len(wanted) > 0 && !fitting && !continued && !vouched && len(ids) > 0 {
		b.add(PublisherUnexpected, fmt.Sprintf("it was published by %s, and the grants name %s", names(ids), strings.Join(wanted, ", ")))
	}
	return own
}

// hasKeys reports whether keys are granted for the project, whether or not the grants
// hold for the file at hand.
func hasKeys(rules Rules) bool {
	return slices.ContainsFunc(rules.Grants, func(g Grant) bool {
		return !g.Denied && slices.Contains(keySchemes, string(g.Kind))
	})
}

// unsignedByKeys judges a file that no granted key has signed; continued are the keys
// that have, and that nobody vouches for. Once a file of the project was let through
// under a grant, those after it are held to that.
func (b *builder) unsignedByKeys(rules Rules, claims []Claim, evidence []Evidence, memory Memory, seen time.Time, continued []string) {
	waiting := slices.ContainsFunc(rules.Grants, func(g Grant) bool {
		return !g.Denied && !g.Outside && g.Withdrawn == "" && g.InForce(seen) && slices.Contains(keySchemes, string(g.Kind)) &&
			(g.Allows(RoleArtifact) || g.Allows(RoleChecksums))
	})
	for _, e := range evidence {
		for _, f := range e.Findings {
			if f.Code == SignatureUnknownKey && hasKeys(rules) {
				b.addKey(SignatureUnexpectedKey, f.Detail, SignatureUnexpectedKey.Severity(), e.Verifier)
				return
			}
		}
	}
	if rules.Evidence == RequireNothing {
		return
	}
	had, bare := b.signedBefore(rules, memory, seen, claims)
	if len(had) > 0 && slices.ContainsFunc(had[len(had)-1].Keys, func(k Identity) bool { return slices.Contains(continued, k.Name) }) {
		return // it goes on as it was
	}
	switch {
	case len(had) > 0 && !bare && !b.letThrough(claims, memory):
		last := had[len(had)-1]
		b.add(SignatureMissing, fmt.Sprintf("%s of %s, first seen here on %s, was signed by %s, and nobody who may has signed this one%s",
			last.Filename, day(last.Uploaded), day(last.First), names(last.Keys), uploadedOn(b.artifact.UploadTime)))
	case waiting && len(continued) == 0, len(had) > 0:
		b.add(SignaturePartial, "")
	}
}

// signedBefore returns the earlier files of the index at hand that keys had signed, and whether
// some of its kind, after the first of those, went without. They are of the kind at hand, wheel
// or sdist; where none of these is, files of the other kind hold it as well, for what is
// installed of a project that signs its sdists is the wheel that somebody adds. A project of
// which files of this kind were let through without a signature, of whatever version, signs the
// other kind alone; where publishers vouched for them, only what one of those publishers
// vouches for may go without.
func (b *builder) signedBefore(rules Rules, memory Memory, seen time.Time, claims []Claim) (had []Sighting, bare bool) {
	// Where signatures lie at a place of their own, no index has a say in whether there is one.
	placed := len(rules.Places) > 0 || slices.ContainsFunc(rules.Grants, func(g Grant) bool {
		return g.Placed && !g.Denied && !g.Theirs && !g.Outside && g.InForce(seen)
	})
	var other []Sighting
	without := false
	by := identities(claims)
	for _, s := range memory.Sightings {
		there := placed || s.Index == b.artifact.Index || b.artifact.Led
		alike := IsSdist(s.Filename) == IsSdist(b.artifact.Filename)
		before := s.Order < 0 && (placed || uploadedBefore(s, b.artifact.UploadTime)) || s.Order == 0 && s.Filename != b.artifact.Filename
		switch {
		case !there || s.Waived:
		case len(s.Keys) > 0:
			switch {
			case before && alike:
				had = append(had, s)
			case before && slices.ContainsFunc(s.Keys, detached):
				other = append(other, s)
			}
		case !alike || s.Order == 0 && s.Filename == b.artifact.Filename:
		case len(s.Publishers) == 0:
			without = true
			bare = bare || before && len(had) > 0
		case slices.ContainsFunc(by, func(id Identity) bool { return slices.ContainsFunc(s.Publishers, id.SameRepository) }):
			without = true
		}
	}
	if len(had) == 0 {
		return other, without
	}
	return had, bare
}

// detached reports whether a key signs files of either kind: a RECORD.jws is in wheels alone.
func detached(key Identity) bool { return !strings.HasPrefix(key.Name, "jws:") }

func after(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return ": " + strings.Join(list, ", ")
}
