package archive

import "assay"

// The classes of an archive, in the corpus too.
const (
	ok     = "ok"
	warn   = "warn"
	refuse = "refuse"
)

// classOf is what findings come to with the built-in rules.
func classOf(findings []assay.Finding) string {
	severity := map[assay.Code]assay.Severity{}
	for _, e := range assay.Entries() {
		severity[e.Code] = e.Severity
	}
	class := ok
	for _, f := range findings {
		switch severity[f.Code] {
		case assay.Note:
		case assay.Warning:
			if class == ok {
				class = warn
			}
		default:
			return refuse
		}
	}
	return class
}
