package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay"
)

// Check is what a look at lock files came to. Every form of it says the same: the text,
// the JSON, SARIF for code hosts, JUnit for build servers, Markdown for a comment.
type Check struct {
	Locks []CheckedLock
	// Items are the files, and what is to be said of an entry as a whole; see
	// [NewCheck].
	Items   []CheckedItem
	Skipped []Skipped
	// LeftOut are entries that were not looked at because their markers keep them out of
	// Environment, which is the platform and the Python that a person asked for.
	LeftOut []LeftOut
	// NoFit are entries that have files, and none that fits Environment.
	NoFit       []LeftOut
	Environment string
	// FromPlaces are the packages that come from places with files, in the locks' order.
	FromPlaces []FromPlace
	// Since is the revision that the locks were compared with, where only changed
	// entries were looked at.
	Since string
	// Offline says that nobody was asked.
	Offline bool
}

// CheckedLock is one lock file.
type CheckedLock struct {
	Name, Format string
	// Entries is how many entries it has, and Checked how many were looked at.
	Entries, Checked int
}

// LeftOut is an entry that was not looked at, with the marker that it stands under; empty
// where those of the entries are that need it.
type LeftOut struct {
	What, Marker string
	Place        Place
}

// Place is a line of a lock file.
type Place struct {
	File string
	Line int
}

// String renders the place as FILE:LINE.
func (p Place) String() string {
	if p.Line < 1 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// CheckedItem is a file that locks name, with the lines at which they do; or an entry
// of a lock, which has no file name.
type CheckedItem struct {
	Item
	Places []Place
	// Lines are where single reasons stand, if that is elsewhere.
	Lines []Where
}

// Where is where a reason stands: the one with this code and detail.
type Where struct {
	Code   assay.Code
	Detail string
	Place  Place
}

// NewCheck orders the items.
func NewCheck(c Check) Check {
	slices.SortStableFunc(c.Items, func(a, b CheckedItem) int { return compareItems(a.Item, b.Item) })
	return c
}

// at returns the place of a reason against the item.
func (i CheckedItem) at(r assay.Reason) Place {
	var of *Where
	for n, l := range i.Lines {
		if l.Code != r.Code {
			continue
		}
		if strings.Contains(r.Message, l.Detail) {
			return l.Place
		}
		if of == nil {
			of = &i.Lines[n] // what a detail quotes is not always shown as it is
		}
	}
	if of != nil {
		return of.Place
	}
	if len(i.Places) > 0 {
		return i.Places[0]
	}
	return Place{}
}

// Summary counts the packages by the worst that came of their files.
func (c Check) Summary() Summary {
	var s Summary
	for _, p := range c.packs() {
		s.count(p.outcome)
	}
	return s
}

// checkedPack is a release with its files.
type checkedPack struct {
	pack
	items []CheckedItem
}

func (c Check) packs() []checkedPack {
	var out []checkedPack
	at := map[assay.Release]int{}
	for _, item := range c.Items {
		release := item.Artifact.Release()
		n, ok := at[release]
		if !ok {
			n = len(out)
			at[release] = n
			out = append(out, checkedPack{pack: pack{release: release}})
		}
		p := &out[n]
		p.items = append(p.items, item)
		if item.Artifact.Filename != "" {
			p.pack.items = append(p.pack.items, item.Item)
		}
		p.outcome = max(p.outcome, outcomeOf(item.Decision))
	}
	return out
}

// files counts what is a file.
func (c Check) files() int {
	n := 0
	for _, i := range c.Items {
		if i.Artifact.Filename != "" {
			n++
		}
	}
	return n
}

// finding is one reason against a package, with all files of which it holds.
type finding struct {
	assay.Reason
	place Place
	files []string
}

// findings returns the reasons of a package that a person should see, worst first.
// Files of which the same is said at the same line are one finding.
func (p checkedPack) findings(least assay.Severity) []finding {
	var out []finding
	for _, severity := range []assay.Severity{assay.Error, assay.Warning, assay.Note} {
		for _, item := range p.items {
			for _, r := range item.Decision.Reasons {
				if r.Severity != severity {
					continue
				}
				if severity == assay.Note && r.Code != assay.FileYanked {
					continue // what every other file has is no news in a list of hundreds
				}
				place := item.at(r)
				n := slices.IndexFunc(out, func(f finding) bool { return f.Reason == r && f.place.File == place.File })
				if n < 0 {
					n = len(out)
					out = append(out, finding{Reason: r, place: place})
				}
				if name := item.Artifact.Filename; name != "" && !slices.Contains(out[n].files, name) {
					out[n].files = append(out[n].files, name)
				}
			}
		}
		if severity == least {
			break
		}
	}
	weight := map[assay.Severity]int{assay.Error: 0, assay.Warning: 1, assay.Note: 2}
	slices.SortStableFunc(out, func(a, b finding) int {
		return cmp.Or(cmp.Compare(weight[a.Severity], weight[b.Severity]), strings.Compare(a.place.File, b.place.File), cmp.Compare(a.place.Line, b.place.Line))
	})
	return out
}

// about names the files of a finding where its message does not.
func (f finding) about() string {
	switch {
	case len(f.files) == 0 || f.Code.OfProject() || strings.Contains(f.Message, f.files[0]):
		return ""
	case len(f.files) == 1:
		return f.files[0]
	}
	return fmt.Sprintf("%s and %s", f.files[0], plural(len(f.files)-1, "more file"))
}

// scope says what was looked at.
func (c Check) scope(packages int) string {
	text := fmt.Sprintf("%s, %s of %s", plural(packages, "package"), plural(c.files(), "file"), plural(len(c.Locks), "lock file"))
	if c.Since != "" {
		text += ", those that changed since " + c.Since
	}
	if left := c.leftOut(); left != "" {
		text += ", and not " + left
	}
	if n := len(c.NoFit); n > 0 {
		entries := "1 entry"
		if n > 1 {
			entries = fmt.Sprintf("%d entries", n)
		}
		text += ", and no file of " + entries + " fits " + c.Environment
	}
	if c.Offline {
		text += ", from the cache alone"
	}
	return text
}

// leftOut counts what markers keep out; it is empty where nothing is.
func (c Check) leftOut() string {
	switch n := len(c.LeftOut); n {
	case 0:
		return ""
	case 1:
		return "at 1 entry, which its marker keeps out of " + c.Environment
	default:
		return fmt.Sprintf("at %d entries, which their markers keep out of %s", n, c.Environment)
	}
}

// WriteText writes what was refused and warned about with file and line, then a line
// for each package that is attested, and the others folded into one.
func (c Check) WriteText(w io.Writer, t Text) error {
	var b strings.Builder
	packs := c.packs()
	b.WriteString("assay: looked at " + t.prose(c.scope(len(packs))) + "\n")
	var rows, folded, said []checkedPack
	for _, p := range packs {
		switch {
		case p.outcome != allowed || len(p.findings(assay.Note)) > 0:
			said = append(said, p)
		case slices.ContainsFunc(p.pack.items, func(i Item) bool { return len(i.publishers()) > 0 }):
			rows = append(rows, p)
		default:
			folded = append(folded, p)
		}
	}
	slices.SortStableFunc(said, func(a, b checkedPack) int { return cmp.Compare(b.outcome, a.outcome) })
	for _, p := range said {
		t.writeChecked(&b, p)
	}
	t.writeCheckedRows(&b, rows)
	t.writeFoldedAs(&b, plain(folded), "without attestations (digests as listed)")
	t.writePlaces(&b, c.FromPlaces)
	t.writeLeftOut(&b, "left out by their markers: ", c.LeftOut)
	t.writeLeftOut(&b, "no file fits: ", c.NoFit)
	t.writeSkipped(&b, "  ", c.Skipped)
	if s := c.Summary(); s.Refused+s.Undecided > 0 {
		b.WriteString("assay: " + s.counts("package") + "\n")
	} else {
		b.WriteString("assay: nothing was refused\n")
	}
	return write(w, &b)
}

// writeLeftOut names entries that were not looked at, with why.
func (t Text) writeLeftOut(b *strings.Builder, why string, all []LeftOut) {
	if len(all) > 0 {
		t.writeWrapped(b, "  ", why+named(all, t.name))
	}
}

// named lists entries, each once, up to maxLeftOut.
func named(all []LeftOut, show func(string) string) string {
	var names []string
	seen := map[string]bool{}
	for _, l := range all {
		if name := show(l.What); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	more := ""
	if extra := len(names) - maxLeftOut; extra > 0 {
		names, more = names[:maxLeftOut], fmt.Sprintf(" and %d more", extra)
	}
	return strings.Join(names, ", ") + more
}

// maxLeftOut bounds how many of them are named.
const maxLeftOut = 20

func plain(packs []checkedPack) []pack {
	out := make([]pack, len(packs))
	for i, p := range packs {
		out[i] = p.pack
	}
	return out
}

// writeChecked writes a package with what is to be said of it.
func (t Text) writeChecked(b *strings.Builder, p checkedPack) {
	b.WriteString("  " + t.verdict(p.outcome) + gap + t.fit(p.title(t)) + "\n")
	list := p.findings(assay.Note)
	hints := map[string]bool{}
	for i, f := range list {
		line := t.prose(f.place.String()) + ": "
		if about := f.about(); about != "" {
			line += t.prose(about) + ": "
		}
		if f.Severity != assay.Error {
			line += t.name(string(f.Severity)) + ": "
		}
		t.writeWrapped(b, reasonIndent, line+t.prose(f.Message)+" ["+t.name(string(f.Code))+"]")
		if i+1 < len(list) && list[i+1].Hint == f.Hint {
			continue
		}
		if f.Hint != "" && !hints[f.Hint] {
			hints[f.Hint] = true
			t.writeWrapped(b, reasonIndent, "hint: "+t.prose(f.Hint))
		}
	}
}

// writeCheckedRows writes the packages that are attested and of which there is nothing
// else to say.
func (t Text) writeCheckedRows(b *strings.Builder, rows []checkedPack) {
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
	}
}
