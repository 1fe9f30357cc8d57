package policy

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"assay"

	"assay/internal/tomlfile"
)

// tighten joins what the person's own file says with what the project's says: see
// [Join].
func tighten(own, project settings) settings {
	out := own
	out.mode = stricter(own.mode, project.mode, modeRank)
	out.vcs = stricter(own.vcs, project.vcs, severityRank)
	out.plainHTTP = own.plainHTTP.or(project.plainHTTP)
	out.evidence = stricter(own.evidence, project.evidence, evidenceRank)
	out.cooldown = stricter(own.cooldown, project.cooldown, func(d time.Duration) int { return int(d / time.Hour) })
	out.sdist = stricter(own.sdist, project.sdist, severityRank)
	out.onUnavailable = stricter(own.onUnavailable, project.onUnavailable, severityRank)
	if !own.publishers.set() {
		out.publishers = project.publishers
		out.require = stricter(own.require, project.require, requireRank)
	}
	out.signatures = stricter(own.signatures, project.signatures, func(n int) int { return n })
	out.places = own.places.or(project.places)
	out.indexes = own.indexes.or(project.indexes)
	if within := below(project.indexes.value, own.indexes.value); own.indexes.set() && len(within) > 0 {
		out.indexes = opt[[]string]{within, project.indexes.at}
	}
	return out
}

// stricter is the one of two values that ranks higher. Where they are equal it is the
// person's own, or if nobody wrote that down, the one that somebody did.
func stricter[T any](own, project opt[T], rank func(T) int) opt[T] {
	if !own.set() || !project.set() {
		return own.or(project)
	}
	switch more := rank(project.value) - rank(own.value); {
	case more > 0, more == 0 && own.at == BuiltIn:
		return project
	}
	return own
}

func modeRank(m assay.Mode) int {
	if m == assay.Audit {
		return 0
	}
	return 1
}

func severityRank(s assay.Severity) int {
	return slices.Index([]assay.Severity{assay.Note, assay.Warning, assay.Error}, s)
}

func evidenceRank(r assay.Requirement) int {
	return slices.Index([]assay.Requirement{assay.RequireNothing, assay.Remember, assay.RequireEvidence}, r)
}

func requireRank(n int) int {
	if n == assay.RequireAll {
		return maxList + 1
	}
	return n
}

// below are those of the URLs that are, or lie below, one of the others. One with a
// dot segment lies where a server takes it to, which is below nothing.
func below(urls, others []string) []string {
	var out []string
	for _, u := range urls {
		if !climbs(u) && slices.ContainsFunc(others, func(o string) bool { return u == o || strings.HasPrefix(u, o+"/") }) {
			out = append(out, u)
		}
	}
	return out
}

// climbs reports whether a URL has a segment "." or "..", plain or percent-encoded
// (RFC 3986, section 6.2.2.3), however often. A backslash counts as a slash, as it
// does in browsers. One that cannot be decoded may be anything, and counts too.
func climbs(u string) bool {
	for range maxDecoded {
		separator := func(c rune) bool { return strings.ContainsRune(`/\?#`, c) }
		if slices.ContainsFunc(strings.FieldsFunc(u, separator), func(s string) bool { return s == "." || s == ".." }) {
			return true
		}
		plain, err := url.PathUnescape(u)
		if err != nil {
			return true
		}
		if plain == u {
			return false
		}
		u = plain
	}
	return true
}

// protects reports whether the settings say something that a reason comes from, so
// that another file's exception does not lift it.
func (s settings) protects(code assay.Code) bool {
	switch code {
	case assay.CooldownYoung, assay.CooldownUnknownAge:
		return s.cooldown.set()
	case assay.SdistUnwanted:
		return s.sdist.set()
	case assay.IndexOther:
		return s.indexes.set()
	case assay.PublisherUnexpected, assay.SignatureUnexpectedKey, assay.GrantEnded, assay.GrantUnfit:
		return s.publishers.set()
	case assay.SignatureTooFew:
		return s.signatures.set()
	case assay.EvidenceRequired, assay.ProvenanceLost, assay.PublisherChanged, assay.SignatureMissing:
		return s.evidence.set()
	case assay.EvidenceUnavailable, assay.ProvenanceUnavailable, assay.SignatureUnavailable:
		return s.onUnavailable.set()
	case assay.PolicyDenied:
		return s.deny.value != ""
	case assay.SourceVCS:
		return s.vcs.set()
	}
	return true
}

// Notes say what of the project's file comes to nothing, because the person's own
// is the stronger, and where it is looser than the built-in rules and there is no
// other.
func (p *Policy) Notes() []tomlfile.Problem {
	if p.project == nil {
		return nil
	}
	n := notes{list: tomlfile.Problems{File: p.project.Name}}
	n.compare(p.own.base(), p.project.defaults, "")
	for _, t := range p.project.tables {
		// A pattern stands for the names that fit it: the person's own tables that take
		// its "*" as a letter cover all of them.
		n.compare(p.own.find(t.name.pattern).settings, t.settings, " for "+t.name.pattern)
	}
	for _, x := range p.project.exceptions {
		own := p.own.find(x.project.pattern).settings
		for _, code := range x.waiver.Codes {
			if own.protects(code) {
				n.list.Add(x.line, "the exception for %s lifts nothing for %s: only one in your own policy would", code, x.project.pattern)
			}
		}
	}
	slices.SortStableFunc(n.list.List, func(a, b tomlfile.Problem) int { return cmp.Compare(a.Line, b.Line) })
	return n.list.List
}

type notes struct{ list tomlfile.Problems }

// compare notes the keys of the project's file that are ignored or loosen.
func (n *notes) compare(own, project settings, whom string) {
	weaker(n, "mode", own.mode, project.mode, modeRank, whom)
	weaker(n, "vcs", own.vcs, project.vcs, severityRank, whom)
	weaker(n, "evidence", own.evidence, project.evidence, evidenceRank, whom)
	weaker(n, "cooldown", own.cooldown, project.cooldown, func(d time.Duration) int { return int(d / time.Hour) }, whom)
	weaker(n, "sdist", own.sdist, project.sdist, severityRank, whom)
	weaker(n, "on_unavailable", own.onUnavailable, project.onUnavailable, severityRank, whom)
	if own.plainHTTP.set() && project.plainHTTP.set() {
		why := "your own policy says " + own.plainHTTP.at
		if own.plainHTTP.at == BuiltIn {
			why = "your own policy names no host"
		}
		n.add(project.plainHTTP.at, "allow_http is ignored: %s", why)
	}
	if own.indexes.set() && project.indexes.set() && len(below(project.indexes.value, own.indexes.value)) == 0 {
		n.add(project.indexes.at, "index is ignored%s: it lies outside of what your own policy says, %s", whom, own.indexes.at)
	}
	loose := func(set bool, at, what string) {
		if set {
			n.add(at, "%s%s is looser than the built-in rules, and you have no policy of your own", what, whom)
		}
	}
	loose(!own.mode.set() && project.mode.value == assay.Audit, project.mode.at, `mode = "audit"`)
	loose(!own.evidence.set() && project.evidence.value == assay.RequireNothing, project.evidence.at, `evidence = "none"`)
	loose(!own.onUnavailable.set() && project.onUnavailable.value == assay.Warning, project.onUnavailable.at, `on_unavailable = "warn"`)
	loose(!own.plainHTTP.set() && len(project.plainHTTP.value) > 0, project.plainHTTP.at, "allow_http")
}

// weaker notes a value of the project's that is less strict than the person's own.
func weaker[T any](n *notes, key string, own, project opt[T], rank func(T) int, whom string) {
	if own.set() && project.set() && rank(project.value) < rank(own.value) {
		why := "your own policy is stricter, " + own.at
		if own.at == BuiltIn {
			why = "your own policy leaves it to the built-in rules, which are stricter"
		}
		n.add(project.at, "%s is ignored%s: %s", key, whom, why)
	}
}

// add notes something at a place, which is "FILE:LINE".
func (n *notes) add(at, format string, args ...any) {
	n.list.Add(lineOf(at), format, args...)
}
