package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay"
)

// Explanation is all that is known of a project's files on one index, and what
// would be done about them: the page to open after a refusal.
type Explanation struct {
	// Project is its normalised name, Version the release in question; empty for
	// the newest ones.
	Project, Version string
	// Now is when it was looked at.
	Now time.Time
	// Files are those of the releases shown, newest release first.
	Files []Explained
	// Others is how many releases are not shown.
	Others int
	// Offline says that no index was asked: Files has one without a name then, for
	// its rules.
	Offline bool
	// Grants are those of the project, whatever their version.
	Grants []ExplainedGrant
	// Memory is what was seen and accepted before of the project.
	Memory assay.Memory
}

// Explained is one file with the rules that held for it.
type Explained struct {
	Item
	Rules []Rule
	// Release is set where the file is refused because of another file of its
	// release only.
	Release assay.Decision
}

// Installable reports whether the file may be installed.
func (f Explained) Installable() bool {
	return f.Decision.Verdict != assay.Deny && f.Release.Verdict != assay.Deny
}

// Exit returns the exit status: allowed where a file may be installed.
func (e Explanation) Exit() int {
	undecided := false
	for _, f := range e.Files {
		if f.Installable() {
			return ExitAllowed
		}
		undecided = undecided || f.Decision.Undecided()
	}
	if undecided {
		return ExitUndecided
	}
	return ExitRefused
}

// Rule is one rule as the policy file writes it, and where it stands there.
type Rule struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// WriteExplanation writes, for each release, every file with its evidence and
// reasons, the rules with where they stand, what memory knows, and what would
// change the outcome.
func (e Explanation) WriteExplanation(w io.Writer, t Text) error {
	var b strings.Builder
	version := ""
	if e.Offline {
		b.WriteString("no index was asked\n")
	}
	for i, f := range e.Files {
		if e.Offline {
			break
		}
		if i == 0 || f.Artifact.Version != version {
			version = f.Artifact.Version
			b.WriteString(strings.TrimSpace(t.name(e.Project)+" "+t.name(version)) + ", offered by " + t.name(withoutSecrets(f.Artifact.Index)) + "\n")
		}
		t.explainFile(&b, e.Now, f)
	}
	if e.Others > 0 {
		t.writeWrapped(&b, "", fmt.Sprintf("%s more; 'assay explain %s==VERSION' shows one", plural(e.Others, "release"), e.Project))
	}
	t.explainRules(&b, e.Files)
	t.explainGrants(&b, e)
	t.explainMemory(&b, e.Memory)
	t.explainChanges(&b, e)
	return write(w, &b)
}

func (t Text) explainFile(b *strings.Builder, now time.Time, f Explained) {
	const indent = "      "
	a := f.Artifact
	decision := f.Decision
	if f.Release.Verdict == assay.Deny {
		decision = f.Release
	}
	if a.Filename == "" { // the index offers no file
		b.WriteString("  " + t.verdict(outcomeOf(decision)) + "  no file\n")
		t.explainReasons(b, indent, decision)
		return
	}
	b.WriteString("  " + t.verdict(outcomeOf(decision)) + "  " + t.name(a.Filename) + "\n")
	facts := []string{"uploaded at an unknown time"}
	if !a.UploadTime.IsZero() {
		facts[0] = "uploaded " + a.UploadTime.UTC().Format("2006-01-02 15:04 MST") + ", " + age(now.Sub(a.UploadTime))
	}
	if f.Size > 0 {
		facts = append(facts, strconv.FormatInt(f.Size, 10)+" bytes")
	}
	if f.SHA256 != "" {
		facts = append(facts, "sha256 "+f.SHA256)
	}
	t.writeWrapped(b, indent, t.prose(strings.Join(facts, ", ")))
	for _, ev := range f.Evidence {
		t.writeWrapped(b, indent, t.name(ev.Verifier)+": "+ev.State.String())
		for _, c := range ev.Claims {
			t.writeWrapped(b, indent+"  ", t.prose(claimText(c)))
		}
	}
	t.explainReasons(b, indent, decision)
	if main, ok := decision.Main(); ok && decision.Verdict == assay.Deny {
		t.writeWrapped(b, indent, t.prose("installers are told: refused by assay: "+main.Message+" ["+string(main.Code)+"]"))
	}
}

func (t Text) explainReasons(b *strings.Builder, indent string, decision assay.Decision) {
	var reasons []labelled
	for _, r := range decision.Reasons {
		if strings.HasPrefix(r.Hint, "run 'assay explain ") {
			r.Hint = "" // this is it
		}
		reasons = append(reasons, labelled{Reason: r})
	}
	t.writeReasons(b, indent, reasons)
}

// claimText renders a claim with the details that policies ask for.
func claimText(c assay.Claim) string {
	parts := []string{c.Method}
	if c.Identity != "" {
		parts = append(parts, "by "+c.Identity)
	}
	if !c.Time.IsZero() {
		parts = append(parts, "on "+c.Time.UTC().Format("2006-01-02 15:04 MST"))
	}
	for _, key := range []string{"ref", "commit", "repository_id", "owner_id", "runner", "environment"} {
		if v := c.Details[key]; v != "" {
			parts = append(parts, key+" "+v)
		}
	}
	return strings.Join(parts, ", ")
}

// explainRules writes each rule once, with where it was written down.
func (t Text) explainRules(b *strings.Builder, files []Explained) {
	if len(files) == 0 {
		return
	}
	b.WriteString("rules\n")
	seen := map[Rule]bool{}
	for _, f := range files {
		for _, r := range f.Rules {
			if !seen[r] {
				seen[r] = true
				t.writeWrapped(b, "  ", t.prose(fmt.Sprintf("%s = %s (%s)", r.Key, r.Value, r.Origin)))
			}
		}
	}
}

func waiverText(w assay.Waiver) string {
	codes := make([]string, len(w.Codes))
	for i, c := range w.Codes {
		codes[i] = string(c)
	}
	text := "exception for " + strings.Join(codes, ", ")
	if w.Version != "" {
		text += " of " + w.Version
	}
	if w.Identity != "" {
		text += " by " + w.Identity
	}
	return text + " until " + w.Until.Add(-time.Second).UTC().Format(time.DateOnly) + ": " + w.Reason + " (" + w.Origin + ")"
}

// maxSightings bounds how many remembered files are listed, the latest ones.
const maxSightings = 20

func (t Text) explainMemory(b *strings.Builder, m assay.Memory) {
	b.WriteString("memory (continuity, which is no verification)\n")
	if len(m.Sightings) == 0 && len(m.Accepted) == 0 {
		b.WriteString("  nothing was let through before\n")
		return
	}
	list := m.Sightings
	if n := len(list) - maxSightings; n > 0 {
		t.writeWrapped(b, "  ", plural(n, "earlier file")+" left out; 'assay trust history' lists all")
		list = list[n:]
	}
	for _, s := range list {
		who := "no attestations"
		var ids []string
		for _, p := range slices.Concat(s.Publishers, s.Keys) {
			ids = append(ids, p.String())
		}
		if len(ids) > 0 {
			who = strings.Join(ids, " and ")
		}
		if s.Waived {
			who += ", which was accepted"
		}
		t.writeWrapped(b, "  ", t.prose(fmt.Sprintf("%s: %s, first seen %s", s.Filename, who, s.First.UTC().Format(time.DateOnly))))
	}
	for _, w := range m.Accepted {
		t.writeWrapped(b, "  ", t.prose(waiverText(w)))
	}
}

// explainChanges writes what would let a refused file through.
func (t Text) explainChanges(b *strings.Builder, e Explanation) {
	var lines []string
	add := func(s string) {
		if !slices.Contains(lines, s) {
			lines = append(lines, s)
		}
	}
	for _, f := range e.Files {
		for _, r := range f.Decision.Reasons {
			if r.Severity == assay.Error {
				add(changeFor(f, r))
			}
		}
	}
	if len(lines) == 0 {
		return
	}
	b.WriteString("what would change it\n")
	for _, l := range lines {
		t.writeWrapped(b, "  ", t.prose(l))
	}
}

// changeFor says what would take a reason away.
func changeFor(f Explained, r assay.Reason) string {
	release := f.Artifact.Release().String()
	text := string(r.Code) + ": "
	switch {
	case r.Code == assay.CooldownYoung:
		return text + "waiting, or an [[exception]] for it in the policy"
	case r.Code == assay.PublisherChanged || r.Code == assay.ProvenanceLost:
		return text + "'assay trust accept " + release + " --reason TEXT --until YYYY-MM-DD', if the project meant it"
	case r.Code == assay.SignatureMissing:
		return text + "'assay trust accept " + release + " --reason TEXT --until YYYY-MM-DD', if the project stopped signing"
	case slices.Contains([]assay.Code{assay.SignatureUnexpectedKey, assay.SignatureWrongProject, assay.GrantEnded, assay.GrantUnfit}, r.Code):
		return text + "a grant for the key, if the project's people say that it is theirs: assay trust add " + f.Artifact.Project + " …"
	case r.Code == assay.GrantWithdrawn:
		return text + "a grant by your own word, if the project's people say that the key is theirs: assay trust add " + f.Artifact.Project + " … --without-old-key"
	case r.Code == assay.GrantDenied:
		return text + "'assay trust remove " + f.Artifact.Project + " --grant KEY --reason TEXT', by whoever denied it"
	case r.Code == assay.ProjectQuarantined:
		return text + "the index, by ending the quarantine; no rule lets anything of the project through before"
	case r.Code.Waivable():
		return text + "another rule, or an [[exception]] for it in the policy"
	}
	return text + "nothing but another file: it is broken, and no rule lets it through"
}
