package assay

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listed adds what the rules say of a file by what an index tells of it.
func (b *builder) listed(rules Rules, now time.Time) {
	a := b.artifact
	for _, problem := range rules.Problems {
		b.add(PolicyFailed, problem)
	}
	if rules.Cooldown > 0 {
		wants := func() string { return rules.origin("cooldown") + " wants " + days(rules.Cooldown) }
		switch age := now.Sub(a.UploadTime); {
		case a.UploadTime.IsZero():
			b.add(CooldownUnknownAge, wants())
		case age < rules.Cooldown:
			b.add(CooldownYoung, "uploaded "+ago(age)+", "+wants()+", which it is on "+
				a.UploadTime.Add(rules.Cooldown).UTC().Format("2006-01-02 15:04 MST"))
		}
	}
	if (rules.Sdist == Warning || rules.Sdist == Error) && IsSdist(a.Filename) {
		b.addAs(SdistUnwanted, rules.origin("sdist"), rules.Sdist)
	}
	if len(rules.Indexes) > 0 && !isLocal(a) && !slices.ContainsFunc(rules.Indexes, func(i string) bool { return below(a.Index, i) || below(a.Index, Shown(i)) }) {
		by := "it is offered by " + a.Index
		if a.Index == "" {
			by = "no index lists it"
		}
		var from []string
		for _, i := range rules.Indexes {
			from = append(from, Shown(i))
		}
		b.add(IndexOther, fmt.Sprintf("%s, and %s takes it from %s", by, rules.origin("index"), strings.Join(from, " or ")))
	}
	for _, v := range rules.Verdicts {
		b.add(v.Code, v.Detail)
	}
}

// AskListing reports whether the rules say anything that what an index tells of a file
// could go against. Where they do not, [DecideListed] allows every file.
func (r Rules) AskListing() bool {
	return len(r.Problems) > 0 || r.Cooldown > 0 || r.Sdist == Warning || r.Sdist == Error ||
		len(r.Indexes) > 0 || len(r.Verdicts) > 0
}

// isLocal reports whether a file is one of this computer, which no index offers.
func isLocal(a Artifact) bool {
	return a.Index == "" && (a.URL == "" || strings.HasPrefix(strings.ToLower(a.URL), "file:"))
}

// below reports whether a page's URL is an index's, or below it. Where a part of the
// path may lead upwards again it is not.
func below(page, index string) bool {
	index = strings.TrimSuffix(index, "/")
	for _, part := range strings.Split(strings.ReplaceAll(strings.ToLower(page), "%2e", "."), "/") {
		if part == "." || part == ".." {
			return false
		}
	}
	return page == index || strings.HasPrefix(page, index+"/")
}

// publishers holds the claims against the publishers that the rules name.
func (b *builder) publishers(rules Rules, claims []Claim) {
	if len(rules.Publishers) == 0 {
		return
	}
	fitting := 0
	for _, p := range rules.Publishers {
		if slices.ContainsFunc(claims, p.Matches) {
			fitting++
		}
	}
	need, how := max(rules.Require, 1), ""
	if rules.Require == RequireAll {
		need = len(rules.Publishers)
	}
	if fitting >= need {
		return
	}
	if need > 1 {
		how = fmt.Sprintf("%d of ", need)
	}
	var wanted []string
	for _, p := range rules.Publishers {
		wanted = append(wanted, p.String())
	}
	by := "nobody has signed it"
	var all []Identity
	for _, c := range claims {
		if id := IdentityOf(c); id.Name != "" && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	if len(all) > 0 {
		by = "it was published by " + names(all)
	}
	b.add(PublisherUnexpected, fmt.Sprintf("%s, and %s names %s%s", by, rules.origin("publisher"), how, strings.Join(wanted, ", ")))
}

// ofIdentity are the reasons without which a file would be held to have been
// published by whom the project is known by.
var ofIdentity = []Code{PublisherChanged, ProvenanceLost, PublisherUnexpected, IndexOther, EvidenceUnavailable, ProvenanceUnavailable,
	SignatureMissing, SignatureTooFew, SignatureUnavailable, SignatureUnexpectedKey, GrantEnded, GrantUnfit}

// waive takes the edge off the reasons that somebody may go on in spite of. early
// says that the claims are not known yet, so that a waiver for an identity may turn
// out to fit.
func (b *builder) waive(rules Rules, claims []Claim, memory Memory, now time.Time, early bool) {
	waivers := append(slices.Clip(rules.Waivers), memory.Accepted...)
	for i := range b.reasons {
		r := &b.reasons[i]
		if r.Severity != Error || !r.Code.Waivable() {
			continue
		}
		ended := ""
		for _, w := range waivers {
			switch {
			case !w.fits(r.Code, b.artifact, claims, early):
			case now.Before(w.Until):
				r.Severity = Warning
				r.Message += fmt.Sprintf(" (accepted until %s, %s: %s)", w.lastDay(), clean(w.Origin), clean(w.Reason))
			default:
				ended = fmt.Sprintf(" (it was accepted until %s, %s)", w.lastDay(), clean(w.Origin))
			}
			if r.Severity == Warning {
				break
			}
		}
		switch {
		case r.Severity == Warning:
		case rules.Mode == Audit:
			r.Severity = Warning
			r.Message += ended + " (only reported: " + rules.origin("mode") + " says audit)"
		default:
			r.Message += ended
		}
		b.waived = b.waived || r.Severity == Warning && slices.Contains(ofIdentity, r.Code)
	}
}

// fits reports whether a waiver is for a reason against a file.
func (w Waiver) fits(code Code, a Artifact, claims []Claim, early bool) bool {
	return slices.Contains(w.Codes, code) && (w.Version == "" || w.Version == a.Version) &&
		(w.Identity == "" || early || slices.ContainsFunc(claims, Publisher{Identity: w.Identity}.Matches))
}

// lastDay is the last day on which a waiver holds.
func (w Waiver) lastDay() string { return w.Until.Add(-time.Second).UTC().Format(time.DateOnly) }

// days renders a cooldown as people write it.
func days(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return count(int(d/(24*time.Hour)), "day")
	case d%time.Hour == 0:
		return count(int(d/time.Hour), "hour")
	}
	return d.String()
}

// ago renders an age.
func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "in the future"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute") + " ago"
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour") + " ago"
	}
	return count(int(d/(24*time.Hour)), "day") + " ago"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
