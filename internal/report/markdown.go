package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay"
)

// maxMarkdown bounds a summary in bytes: code hosts take comments of 65,536 characters.
const maxMarkdown = 60000

// WriteMarkdown writes a summary that fits a comment on a pull request: what came of
// it, and a table of what a person should look at, worst first.
func (c Check) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	packs := c.packs()
	s := c.Summary()
	var outcome string
	switch Exit(s) {
	case ExitRefused:
		outcome = "✗ refused"
	case ExitUndecided:
		outcome = "? undecided"
	default:
		outcome = "✓ nothing was refused"
	}
	fmt.Fprintf(&b, "### assay check: %s\n\n", outcome)
	fmt.Fprintf(&b, "%s: %s.\n", mdText(c.scope(len(packs))), cmp.Or(s.counts(""), "nothing to look at"))
	slices.SortStableFunc(packs, func(a, b checkedPack) int { return cmp.Compare(b.outcome, a.outcome) })
	var rows []string
	for _, p := range packs {
		for _, f := range p.findings(assay.Warning) {
			reason := mdText(f.Message)
			if about := f.about(); about != "" {
				reason = mdCode(about) + ": " + reason
			}
			if f.Severity == assay.Error && f.Hint != "" {
				reason += "<br>" + mdText(f.Hint)
			}
			rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s %s |\n", mdText(string(f.Severity)), mdCode(p.release.Project+" "+p.release.Version),
				mdCode(f.place.String()), reason, mdCode(string(f.Code))))
		}
	}
	if len(rows) > 0 {
		b.WriteString("\n| | package | where | why |\n|---|---|---|---|\n")
	}
	for i, row := range rows {
		if b.Len()+len(row) > maxMarkdown {
			fmt.Fprintf(&b, "\nand %s.\n", plural(len(rows)-i, "more finding"))
			break
		}
		b.WriteString(row)
	}
	attested, of := 0, 0
	for _, p := range packs {
		for _, i := range p.pack.items {
			of++
			if len(i.publishers()) > 0 {
				attested++
			}
		}
	}
	fmt.Fprintf(&b, "\n%d of %s attested by who published them.\n", attested, plural(of, "file"))
	if len(c.NoFit) > 0 {
		fmt.Fprintf(&b, "\nNo file fits: %s.\n", named(c.NoFit, func(name string) string { return mdCode(Text{}.name(name)) }))
	}
	for _, skipped := range c.Skipped {
		fmt.Fprintf(&b, "\nNot looked at: %s (%s).\n", mdCode(skipped.What), mdText(skipped.Why))
	}
	return write(w, &b)
}

// mdCode renders a name as code.
func mdCode(s string) string {
	s = strings.NewReplacer("`", "'", "|", "\\|").Replace(Line(s))
	return "`" + cmp.Or(strings.TrimSpace(s), "?") + "`"
}
