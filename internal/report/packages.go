package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"assay"
)

// pack is a release with those of its files that were looked at.
type pack struct {
	release assay.Release
	items   []Item
	outcome outcome
}

// WritePackages writes the report at the end of a run: a line for each package
// that was looked at, the packages without attestations folded into one line,
// then what was warned about or refused with every reason, and what was not
// looked at.
func (r Report) WritePackages(w io.Writer, t Text) error {
	var b strings.Builder
	packs := packages(r.Items)
	if len(packs) == 0 {
		b.WriteString("assay: nothing was fetched\n")
		t.writeSkipped(&b, "  ", r.Skipped)
		return write(w, &b)
	}
	fmt.Fprintf(&b, "assay: %s, %s looked at\n", plural(len(packs), "package"), plural(len(r.Items), "file"))
	var rows, folded, denied []pack
	var sum Summary
	for _, p := range packs {
		sum.count(p.outcome)
		switch {
		case p.outcome >= undecided:
			denied = append(denied, p)
		case p.plain():
			folded = append(folded, p)
		default:
			rows = append(rows, p)
		}
	}
	t.writeRows(&b, rows)
	t.writeFolded(&b, folded)
	for _, p := range denied {
		t.writeDenied(&b, p, packs)
	}
	t.writeSkipped(&b, "  ", r.Skipped)
	if len(denied) == 0 {
		b.WriteString("assay: nothing was refused\n")
	} else {
		b.WriteString("assay: " + sum.counts("package") + "\n")
	}
	return write(w, &b)
}

// packages groups items by release, in the order of their first file.
func packages(items []Item) []pack {
	var out []pack
	at := map[assay.Release]int{}
	for _, item := range items {
		release := item.Artifact.Release()
		if release.Project == "" { // a name that tells nothing stands for itself
			release.Project = item.Artifact.Filename
		}
		n, ok := at[release]
		if !ok {
			n = len(out)
			at[release] = n
			out = append(out, pack{release: release})
		}
		out[n].items = append(out[n].items, item)
		out[n].outcome = max(out[n].outcome, outcomeOf(item.Decision))
	}
	return out
}

// plain reports whether there is nothing to say of a package but that its bytes
// are the promised ones.
func (p pack) plain() bool {
	return p.outcome == allowed && !slices.ContainsFunc(p.items, func(i Item) bool {
		return len(i.publishers()) > 0 || !i.bytesVerified() || len(i.runReasons()) > 0
	})
}

// cells returns the columns of a package's line: name and version, who published
// it, on what evidence, how old it is.
func (p pack) cells(t Text) []string {
	var identities, methods []string
	unsigned := 0
	for _, item := range p.items {
		claims := item.publishers()
		if len(claims) == 0 {
			unsigned++
		}
		for _, c := range claims {
			if id := t.name(c.Identity); !slices.Contains(identities, id) {
				identities = append(identities, id)
			}
			if m := t.name(c.Method); !slices.Contains(methods, m) {
				methods = append(methods, m)
			}
		}
	}
	by := strings.Join(identities, ", ")
	kind := strings.Join(methods, "+")
	switch {
	case len(identities) == 0:
		by, kind = "publisher not known", "no attestation"
	case unsigned > 0:
		kind = fmt.Sprintf("%s (%d of %d files)", kind, len(p.items)-unsigned, len(p.items))
	}
	return []string{p.title(t), by, kind, p.age()}
}

// title is the package's name and version.
func (p pack) title(t Text) string {
	return strings.TrimSpace(t.name(p.release.Project) + " " + t.name(p.release.Version))
}

// age says how old the youngest of the package's files was when it was judged.
func (p pack) age() string {
	var uploaded, judged time.Time
	for _, i := range p.items {
		if i.Artifact.UploadTime.After(uploaded) {
			uploaded, judged = i.Artifact.UploadTime, i.Time
		}
	}
	if uploaded.IsZero() {
		return "age unknown"
	}
	return age(judged.Sub(uploaded))
}

// age renders a duration in one unit.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < -time.Hour:
		return "dated ahead"
	case d < 2*time.Hour:
		return plural(max(int(d/time.Minute), 0), "minute") + " old"
	case d < 2*day:
		return plural(int(d/time.Hour), "hour") + " old"
	case d < 60*day:
		return plural(int(d/day), "day") + " old"
	case d < 2*365*day:
		return plural(int(d/(30*day)), "month") + " old"
	}
	return plural(int(d/(365*day)), "year") + " old"
}

const (
	gap       = "  "
	rowIndent = 2 + 2 + wordWidth + len(gap) // indent, mark, word

	reasonIndent = "      "
)

// writeRows writes the packages' lines in aligned columns, with the reasons
// below those that have some. Of a line that does not fit, who published the
// package moves below it: an identity cut short could be mistaken for another.
func (t Text) writeRows(b *strings.Builder, rows []pack) {
	cells := make([][]string, len(rows))
	for i, p := range rows {
		cells[i] = p.cells(t)
	}
	widths, stacked := t.layout(cells)
	for i, p := range rows {
		c := cells[i]
		b.WriteString("  " + t.verdict(p.outcome) + gap)
		if stacked[i] {
			b.WriteString(t.fit(c[0]) + "\n")
			t.writeWrapped(b, reasonIndent, strings.Join(c[1:], ", "))
		} else {
			b.WriteString(pad(c[0], widths[0]) + gap + pad(c[1], widths[1]) + gap + pad(c[2], widths[2]) + gap + c[3] + "\n")
		}
		t.writeReasons(b, reasonIndent, p.reasons())
	}
}

// layout returns the columns' widths and which rows are left out of them,
// longest first, so that the others fit.
func (t Text) layout(cells [][]string) (widths [4]int, stacked []bool) {
	stacked = make([]bool, len(cells))
	for {
		widths = [4]int{}
		longest, most := -1, 0
		for i, row := range cells {
			if stacked[i] {
				continue
			}
			sum := 0
			for c, s := range row {
				n := utf8.RuneCountInString(s)
				widths[c] = max(widths[c], n)
				sum += n
			}
			if sum > most {
				longest, most = i, sum
			}
		}
		total := rowIndent + len(gap)*3 + widths[0] + widths[1] + widths[2] + widths[3]
		if t.width() == 0 || total <= t.width() || longest < 0 {
			return widths, stacked
		}
		stacked[longest] = true
	}
}

// fit cuts a package's name and version to what the line has room for.
func (t Text) fit(title string) string {
	if t.width() == 0 {
		return title
	}
	return t.cut(title, t.width()-rowIndent)
}

// writeFolded writes the packages of which there is nothing more to say as one
// line, naming as many as fit.
func (t Text) writeFolded(b *strings.Builder, folded []pack) {
	t.writeFoldedAs(b, folded, "without attestations (bytes as listed)")
}

func (t Text) writeFoldedAs(b *strings.Builder, folded []pack, what string) {
	if len(folded) == 0 {
		return
	}
	line := plural(len(folded), "package") + " " + what
	room := t.width() - rowIndent
	more := ", " + t.ellipsis()
	for i, p := range folded {
		next := line + ", " + p.title(t)
		if i == 0 {
			next = line + ": " + p.title(t)
		}
		if last := i+1 == len(folded); last {
			more = ""
		}
		if t.width() > 0 && utf8.RuneCountInString(next+more) > room {
			if i > 0 {
				line += ", " + t.ellipsis()
			}
			break
		}
		line = next
	}
	b.WriteString("  " + t.verdict(allowed) + gap + line + "\n")
}

// writeDenied writes a refused or undecided package with every reason, and names
// the version that was taken instead.
func (t Text) writeDenied(b *strings.Builder, p pack, all []pack) {
	b.WriteString("  " + t.verdict(p.outcome) + gap + t.fit(p.title(t)))
	for _, o := range all {
		if o.outcome <= warned && o.release.Project == p.release.Project && o.release.Ecosystem == p.release.Ecosystem {
			b.WriteString(", taken instead: " + t.fit(o.title(t)))
			break
		}
	}
	b.WriteByte('\n')
	t.writeReasons(b, reasonIndent, p.reasons())
}

// runReasons returns those that the report of a run shows. A third of all good wheels
// hold native code or commands: of what is allowed the JSON and 'assay verify' say so.
func (i Item) runReasons() []assay.Reason {
	reasons := i.reasons()
	if i.Decision.Verdict != assay.Allow {
		return reasons
	}
	return slices.DeleteFunc(slices.Clone(reasons), func(r assay.Reason) bool { return r.Code == assay.ArchiveSurprising })
}

// reasons returns those of all the package's files, worst first, each once. That
// another file of the release was refused is left out where that file and its
// reason are there too.
func (p pack) reasons() []labelled {
	var out []labelled
	seen := map[assay.Reason]bool{}
	cause := slices.ContainsFunc(p.items, func(i Item) bool {
		return slices.ContainsFunc(i.Decision.Reasons, func(r assay.Reason) bool {
			return r.Severity == assay.Error && r.Code != assay.ReleaseRefused
		})
	})
	for _, severity := range []assay.Severity{assay.Error, assay.Warning, assay.Note} {
		for _, item := range p.items {
			for _, r := range item.runReasons() {
				if r.Severity != severity || seen[r] || cause && r.Code == assay.ReleaseRefused {
					continue
				}
				seen[r] = true
				label := ""
				if len(p.items) > 1 && !r.Code.OfProject() && !strings.Contains(r.Message, item.Artifact.Filename) {
					label = item.Artifact.Filename
				}
				out = append(out, labelled{r, label})
			}
		}
	}
	return out
}
