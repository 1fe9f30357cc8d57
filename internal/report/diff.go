package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"assay"
)

// Diff is what changed between two locks in whom one trusts. Every form of it says the
// same.
type Diff struct {
	Old, New string
	// Lock is what is to be said of the lock as a whole, and comes first.
	Lock    []Signal
	Changes []Change
}

// Change is one package that was added, removed or changed.
type Change struct {
	Project       string
	Kind          ChangeKind
	Before, After Pinned
	Signals       []Signal
}

// ChangeKind says what became of a package.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
)

// Pinned is a package as one of the locks has it. Of one that a lock does not have all
// is empty.
type Pinned struct {
	Versions   []string
	Where      []Place
	Publishers []string
	// Files is how many files it stands for, and Attested how many of them were
	// published by somebody who is known.
	Files, Attested int
	Wheels, Sdists  int
	Sources         []string // indexes, URLs, repositories, as they are shown
	Uploaded        time.Time
	Yanked          bool
	// Size is that of the largest file; 0 where nobody says.
	Size int64
}

// Signal is one thing that a reviewer should know of a change.
type Signal struct {
	// Weight orders changes: what should be looked at first has most.
	Weight Weight
	Text   string
	Code   assay.Code // of what is refused, or said of a whole project; empty for all else
}

// Weight is how much a change calls for a look.
type Weight int

// The weights, the least first.
const (
	Remark Weight = iota
	Notable
	Suspicious
	Alarming
	Refused
)

// marks stand before signals in the text.
var marks = map[Weight]string{Remark: " ", Notable: "·", Suspicious: "!", Alarming: "‼", Refused: "✗"}

// NewDiff orders changes by what should be looked at first, then by name.
func NewDiff(before, after string, changes []Change) Diff {
	for i := range changes {
		slices.SortStableFunc(changes[i].Signals, func(a, b Signal) int { return cmp.Compare(b.Weight, a.Weight) })
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.weight(), a.weight()), cmp.Compare(b.heavy(), a.heavy()),
			cmp.Compare(kindOrder[a.Kind], kindOrder[b.Kind]), strings.Compare(a.Project, b.Project))
	})
	return Diff{Old: before, New: after, Changes: changes}
}

var kindOrder = map[ChangeKind]int{Added: 0, Changed: 1, Removed: 2}

// weight is that of the heaviest signal.
func (c Change) weight() Weight {
	w := Remark
	for _, s := range c.Signals {
		w = max(w, s.Weight)
	}
	return w
}

// heavy counts the signals that are more than notable.
func (c Change) heavy() int {
	n := 0
	for _, s := range c.Signals {
		if s.Weight > Notable {
			n++
		}
	}
	return n
}

// Refused reports whether anything new is refused.
func (d Diff) Refused() bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool { return c.weight() == Refused })
}

func (d Diff) counts() string {
	n := map[ChangeKind]int{}
	for _, c := range d.Changes {
		n[c.Kind]++
	}
	var parts []string
	for _, k := range []ChangeKind{Added, Changed, Removed} {
		if n[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[k], k))
		}
	}
	if len(parts) == 0 {
		return "no package changed"
	}
	return plural(len(d.Changes), "package") + ": " + strings.Join(parts, ", ")
}

// versions renders what became of the version.
func (c Change) versions() string {
	before, after := strings.Join(c.Before.Versions, ", "), strings.Join(c.After.Versions, ", ")
	switch {
	case c.Kind == Added:
		return after
	case c.Kind == Removed:
		return before
	case before == after:
		return after
	}
	return cmp.Or(before, "?") + " → " + cmp.Or(after, "?")
}

func (p Pinned) publisher() string {
	if len(p.Publishers) == 0 {
		return "publisher not known"
	}
	return strings.Join(p.Publishers, ", ")
}

// facts are what is said of every change, beside its signals.
func (c Change) facts(now time.Time) []string {
	var out []string
	before, after := c.Before.publisher(), c.After.publisher()
	switch {
	case c.Kind == Removed:
		return []string{before}
	case c.Kind == Added || before == after:
		out = append(out, after)
	default:
		out = append(out, before+" → "+after)
	}
	if c.After.Files > 0 {
		out = append(out, fmt.Sprintf("%d of %s attested", c.After.Attested, plural(c.After.Files, "file")))
	}
	if !c.After.Uploaded.IsZero() {
		out = append(out, age(now.Sub(c.After.Uploaded)))
	}
	return out
}

// WriteText writes the changes, what should be looked at first before the rest.
func (d Diff) WriteText(w io.Writer, t Text, now time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "assay: %s → %s, %s\n", t.prose(d.Old), t.prose(d.New), d.counts())
	d.writeLock(&b, t)
	for _, c := range d.Changes {
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("  %s  %s %s", c.Kind, t.name(c.Project), t.prose(c.versions())), " "))
		t.writeWrapped(&b, reasonIndent, t.prose(strings.Join(c.facts(now), ", ")))
		for _, s := range c.Signals {
			text := marks[s.Weight] + " " + t.prose(s.Text)
			if s.Code != "" {
				text += " [" + t.name(string(s.Code)) + "]"
			}
			t.writeWrapped(&b, reasonIndent, text)
		}
	}
	return write(w, &b)
}

// WriteMarkdown writes the changes as a table that fits a comment on a pull request.
func (d Diff) WriteMarkdown(w io.Writer, now time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### assay diff: %s\n\n%s → %s\n", mdText(d.counts()), mdCode(d.Old), mdCode(d.New))
	d.markdownLock(&b)
	if len(d.Changes) > 0 {
		b.WriteString("\n| | package | version | publisher | what to look at |\n|---|---|---|---|---|\n")
	}
	for i, c := range d.Changes {
		facts := c.facts(now)
		var look []string
		for _, s := range c.Signals {
			text := mdText(s.Text)
			if s.Weight >= Suspicious {
				text = "**" + text + "**"
			}
			if s.Code != "" {
				text += " " + mdCode(string(s.Code))
			}
			look = append(look, text)
		}
		for _, f := range facts[1:] {
			look = append(look, mdText(f))
		}
		row := fmt.Sprintf("| %s %s | %s | %s | %s | %s |\n", strings.TrimSpace(marks[c.weight()]), c.Kind, mdCode(c.Project), mdText(c.versions()), mdText(facts[0]), strings.Join(look, "<br>"))
		if b.Len()+len(row) > maxMarkdown {
			fmt.Fprintf(&b, "\nand %s.\n", plural(len(d.Changes)-i, "more change"))
			break
		}
		b.WriteString(row)
	}
	return write(w, &b)
}

type jsonDiff struct {
	Schema  int          `json:"schema"`
	Command string       `json:"command"`
	Old     string       `json:"old"`
	New     string       `json:"new"`
	Lock    []jsonSignal `json:"lock"`
	Changes []jsonChange `json:"changes"`
	Refused bool         `json:"refused"`
}

type jsonChange struct {
	Project string       `json:"project"`
	Change  string       `json:"change"`
	Before  *jsonPinned  `json:"before"`
	After   *jsonPinned  `json:"after"`
	Signals []jsonSignal `json:"signals"`
}

type jsonPinned struct {
	Versions   []string    `json:"versions"`
	Places     []jsonPlace `json:"places"`
	Publishers []string    `json:"publishers"`
	Files      int         `json:"files"`
	Attested   int         `json:"attested"`
	Wheels     int         `json:"wheels"`
	Sdists     int         `json:"sdists"`
	Sources    []string    `json:"sources"`
	Uploaded   string      `json:"uploaded"`
	Yanked     bool        `json:"yanked"`
}

type jsonSignal struct {
	Weight string `json:"weight"`
	Text   string `json:"text"`
	Code   string `json:"code"`
}

var weightNames = map[Weight]string{Remark: "remark", Notable: "notable", Suspicious: "suspicious", Alarming: "alarming", Refused: "refused"}

// WriteJSON writes the changes as one JSON object and a line feed, under the rules of
// [Report.WriteJSON].
func (d Diff) WriteJSON(w io.Writer) error {
	out := jsonDiff{Schema: Schema, Command: "diff", Old: d.Old, New: d.New, Lock: jsonSignals(d.Lock), Changes: []jsonChange{}, Refused: d.Refused()}
	for _, c := range d.Changes {
		x := jsonChange{Project: c.Project, Change: string(c.Kind), Signals: jsonSignals(c.Signals)}
		if c.Kind != Added {
			x.Before = c.Before.json()
		}
		if c.Kind != Removed {
			x.After = c.After.json()
		}
		out.Changes = append(out.Changes, x)
	}
	return EncodeJSON(w, out)
}

func (p Pinned) json() *jsonPinned {
	list := func(of []string) []string { return append([]string{}, of...) }
	out := &jsonPinned{Versions: list(p.Versions), Places: []jsonPlace{}, Publishers: list(p.Publishers), Files: p.Files, Attested: p.Attested,
		Wheels: p.Wheels, Sdists: p.Sdists, Sources: list(p.Sources), Yanked: p.Yanked}
	for _, at := range p.Where {
		out.Places = append(out.Places, jsonPlace(at))
	}
	if !p.Uploaded.IsZero() {
		out.Uploaded = p.Uploaded.UTC().Format(time.RFC3339)
	}
	return out
}
