package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay"
)

// ExplainedGrant is one grant of a project, with the key that it names as far as it is
// known.
type ExplainedGrant struct {
	assay.Grant
	// About are facts about the key: what it calls itself, when it ends. They come from
	// the key, and nobody has verified them.
	About []string
}

// uses returns the files that a grant was used for: those of the releases shown, and
// those that memory knows.
func (e Explanation) uses(g assay.Grant) []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, s := range e.Memory.Sightings {
		if slices.ContainsFunc(slices.Concat(s.Keys, s.Publishers), func(id assay.Identity) bool { return g.Names(assay.Claim{Identity: id.Name}) }) {
			add(s.Filename)
		}
	}
	for _, f := range e.Files {
		for _, ev := range f.Evidence {
			if ev.State == assay.Verified && slices.ContainsFunc(ev.Claims, g.Names) || g.Kind == assay.GrantSHA256 && f.SHA256 == g.Key {
				add(f.Artifact.Filename)
			}
		}
	}
	return out
}

// explainGrants writes who may speak for the project, by whose word, until when, and
// what came of it.
func (t Text) explainGrants(b *strings.Builder, e Explanation) {
	if len(e.Grants) == 0 {
		return
	}
	b.WriteString("grants (who may speak for " + t.name(e.Project) + ")\n")
	for _, g := range e.Grants {
		t.writeWrapped(b, "  ", t.prose(grantText(g.Grant, e.Now)))
		for _, about := range g.About {
			t.writeWrapped(b, "      ", t.prose(about))
		}
		used := "used for nothing yet"
		if files := e.uses(g.Grant); len(files) > 0 {
			used = "used for " + strings.Join(files[:min(len(files), maxUses)], ", ")
			if n := len(files) - maxUses; n > 0 {
				used += fmt.Sprintf(" and %d more", n)
			}
		}
		t.writeWrapped(b, "      ", t.prose(used))
	}
}

// maxUses is how many files are named that a grant was used for.
const maxUses = 5

// grantText says in a sentence what a grant is, who gave it and when it ends.
func grantText(g assay.Grant, now time.Time) string {
	text := g.Identity()
	if g.Denied {
		return "denied: " + text + ", by " + whose(g) + ": " + g.Reason
	}
	var roles []string
	for _, r := range g.Roles {
		roles = append(roles, string(r))
	}
	if len(roles) > 0 {
		text += " for " + strings.Join(roles, " and ")
	}
	if g.Versions != "" {
		text += " of the versions " + g.Versions
	}
	switch {
	case g.Until.IsZero():
		text += ", as long as the policy says so"
	case !now.Before(g.Until):
		text += ", ended after " + g.Until.Add(-time.Second).UTC().Format(time.DateOnly)
	default:
		text += ", until " + g.Until.Add(-time.Second).UTC().Format(time.DateOnly)
	}
	if len(g.Waive) > 0 {
		text += ", lets pass " + strings.Join(g.Waive, " and ")
	}
	if g.FirstUse {
		text += "; it is the first that was seen: continuity, and no verification"
	}
	text += "; from " + whose(g)
	if len(g.CertifiedBy) > 0 {
		text += ", certified by " + strings.Join(g.CertifiedBy, ", then ")
	}
	if g.Withdrawn != "" {
		text += "; withdrawn, as " + g.Withdrawn + " was given up as lost"
	}
	if g.Reason != "" {
		text += ": " + g.Reason
	}
	return text
}

func whose(g assay.Grant) string {
	text := g.From
	if g.By != "" {
		text += " (" + g.By + ")"
	}
	if g.Origin != "" {
		text += ", " + g.Origin
	}
	return text
}

// JSONGrant is a grant as JSON output has it.
type JSONGrant struct {
	Identity string   `json:"identity"`
	Kind     string   `json:"kind"`
	Denied   bool     `json:"denied"`
	FirstUse bool     `json:"first_use"`
	Roles    []string `json:"roles"`
	Versions string   `json:"versions"`
	Until    string   `json:"until"`
	Waive    []string `json:"waive"`
	From     string   `json:"from"`
	// CertifiedBy are fingerprints, from who was named to who certified the key.
	CertifiedBy []string `json:"certified_by"`
	Withdrawn   string   `json:"withdrawn"`
	Origin      string   `json:"origin"`
	By          string   `json:"by"`
	Reason      string   `json:"reason"`
	About       []string `json:"about"`
	UsedFor     []string `json:"used_for"`
}

// GrantJSON renders a grant.
func GrantJSON(g assay.Grant) JSONGrant {
	j := JSONGrant{Identity: g.Identity(), Kind: string(g.Kind), Denied: g.Denied, FirstUse: g.FirstUse, Roles: []string{}, Versions: g.Versions,
		Waive: append([]string{}, g.Waive...), From: g.From, CertifiedBy: append([]string{}, g.CertifiedBy...), Withdrawn: g.Withdrawn, Origin: g.Origin, By: g.By, Reason: g.Reason, About: []string{}, UsedFor: []string{}}
	for _, r := range g.Roles {
		j.Roles = append(j.Roles, string(r))
	}
	if !g.Until.IsZero() {
		j.Until = g.Until.Add(-time.Second).UTC().Format(time.DateOnly)
	}
	return j
}

func (e Explanation) jsonGrants() []JSONGrant {
	out := []JSONGrant{}
	for _, g := range e.Grants {
		j := GrantJSON(g.Grant)
		j.About = append(j.About, g.About...)
		j.UsedFor = append(j.UsedFor, e.uses(g.Grant)...)
		out = append(out, j)
	}
	return out
}
