package archive

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"assay"
)

// report gathers findings, at most maxPerCode of each code: an archive of a
// hundred thousand bad members must not become a report of as many lines.
type report struct {
	findings []assay.Finding
	count    map[assay.Code]int
}

func (r *report) add(code assay.Code, format string, args ...any) {
	if r.count == nil {
		r.count = map[assay.Code]int{}
	}
	r.count[code]++
	if r.count[code] <= maxPerCode {
		r.findings = append(r.findings, assay.Finding{Code: code, Detail: fmt.Sprintf(format, args...)})
	}
}

// all returns the findings, with a last one for each code that has more.
func (r *report) all() []assay.Finding {
	out := r.findings
	told := map[assay.Code]bool{}
	for _, f := range r.findings {
		if more := r.count[f.Code] - maxPerCode; more > 0 && !told[f.Code] {
			told[f.Code] = true
			out = append(out, assay.Finding{Code: f.Code, Detail: fmt.Sprintf("and %d more of this kind", more)})
		}
	}
	return out
}

// lost says that an archive cannot be read on, and why. It never leaves the
// package: it becomes a finding.
type lost assay.Finding

func (l *lost) Error() string { return l.Detail }

func lose(code assay.Code, format string, args ...any) error {
	return &lost{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// quoted is a name as a finding shows it: hostile bytes escaped, and cut.
func quoted(name string) string {
	if len(name) <= maxShown {
		return strconv.QuoteToGraphic(name)
	}
	cut := maxShown
	for cut > maxShown-utf8.UTFMax && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strconv.QuoteToGraphic(name[:cut]) + "…"
}
