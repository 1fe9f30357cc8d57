package report

import (
	"cmp"
	"io"
	"strings"

	"assay"
)

// WriteFiles writes a block for each file: the verdict, who published it, what it
// says of itself, the evidence, and the reasons for what is not plainly allowed.
func (r Report) WriteFiles(w io.Writer, t Text) error {
	var b strings.Builder
	if len(r.Items) == 0 {
		b.WriteString("nothing was looked at\n")
	}
	told := map[assay.Reason]bool{}
	for _, item := range r.Items {
		t.writeFile(&b, item, told)
	}
	if len(r.Items) > 1 {
		b.WriteString(plural(len(r.Items), "file") + ": " + r.Summary().counts("") + "\n")
	}
	t.writeSkipped(&b, "", r.Skipped)
	return write(w, &b)
}

// writeFile writes one of them. told are the reasons about whole projects whose hint
// stands above.
func (t Text) writeFile(b *strings.Builder, item Item, told map[assay.Reason]bool) {
	a := item.Artifact
	b.WriteString(t.verdict(outcomeOf(item.Decision)) + "  " + t.name(cmp.Or(a.Filename, a.Project)) + "\n")
	const indent = "    "
	publishers := item.publishers()
	for i, c := range publishers {
		label := "published by:"
		switch key := assay.IdentityOf(c).IsKey(); {
		case i > 0:
			label = "and by:"
		case key:
			label = "signed by:"
		}
		facts := []string{t.name(c.Method)}
		if !c.Time.IsZero() {
			facts = append(facts, c.Time.UTC().Format("2006-01-02"))
		}
		t.writeWrapped(b, indent, label+" "+t.name(c.Identity)+" ("+strings.Join(facts, ", ")+")")
		t.writeKey(b, indent+"  ", c)
	}
	if len(publishers) == 0 {
		b.WriteString(indent + "published by: not known\n")
	}
	t.writeInside(b, indent, item.Inside)
	t.writeWrapped(b, indent, "evidence: "+t.evidence(item.Evidence))
	var reasons []labelled
	for _, reason := range item.reasons() {
		if reason.Code.OfProject() {
			if told[reason] {
				reason.Hint = ""
			} else {
				told[reason] = true
			}
		}
		reasons = append(reasons, labelled{Reason: reason})
	}
	t.writeReasons(b, indent, reasons)
}

// writeKey writes what a key says of itself. None of it is verified: what counts is the
// grant.
func (t Text) writeKey(b *strings.Builder, indent string, c assay.Claim) {
	id, author := c.Details["user_id"], c.Details["author"]
	switch {
	case id != "" && author != "":
		t.writeWrapped(b, indent, t.prose("the key calls itself "+id+"; it has the address of the author in the metadata, "+author+", which proves nothing by itself"))
	case id != "":
		t.writeWrapped(b, indent, t.prose("the key calls itself "+id))
	}
}

// evidence renders the states, such as "pep740 verified, digest absent".
func (t Text) evidence(evidence []assay.Evidence) string {
	if len(evidence) == 0 {
		return "none"
	}
	parts := make([]string, len(evidence))
	for i, e := range evidence {
		parts[i] = t.name(e.Verifier) + " " + e.State.String()
	}
	return strings.Join(parts, ", ")
}

// writeSkipped says what was not looked at.
func (t Text) writeSkipped(b *strings.Builder, indent string, skipped []Skipped) {
	for _, s := range skipped {
		line := "not looked at: " + t.name(s.What)
		if s.Why != "" {
			line += " (" + t.prose(s.Why) + ")"
		}
		if s.Count > 1 {
			line += ", " + plural(s.Count, "time")
		}
		t.writeWrapped(b, indent, line)
	}
}
