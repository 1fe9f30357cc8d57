package policy

import (
	"time"

	"assay"
)

// opt is a value that a file may set; at is where it does ("assay.toml:4"), [BuiltIn]
// where nobody does and it holds as if somebody did, and empty where it is not set.
type opt[T any] struct {
	value T
	at    string
}

func (o opt[T]) set() bool { return o.at != "" }

// or is the value, or where it is not set another one.
func (o opt[T]) or(other opt[T]) opt[T] {
	if o.set() {
		return o
	}
	return other
}

// settings are the keys of one table, or of several that lie over each other.
type settings struct {
	// What holds for a whole run stands at the top of a file and in [defaults].
	mode      opt[assay.Mode]
	vcs       opt[assay.Severity]
	plainHTTP opt[[]string]

	evidence      opt[assay.Requirement]
	cooldown      opt[time.Duration]
	sdist         opt[assay.Severity]
	onUnavailable opt[assay.Severity]
	publishers    opt[[]assay.Publisher]
	require       opt[int]
	signatures    opt[int]      // how many different keys must have signed
	places        opt[[]string] // where signatures may lie
	indexes       opt[[]string]
	deny, warn    opt[string] // an empty text lifts what an earlier table says
}

// over lays the settings over weaker ones, key by key.
func (s settings) over(weaker settings) settings {
	return settings{
		mode: s.mode.or(weaker.mode), vcs: s.vcs.or(weaker.vcs), plainHTTP: s.plainHTTP.or(weaker.plainHTTP),
		evidence: s.evidence.or(weaker.evidence), cooldown: s.cooldown.or(weaker.cooldown), sdist: s.sdist.or(weaker.sdist),
		onUnavailable: s.onUnavailable.or(weaker.onUnavailable), publishers: s.publishers.or(weaker.publishers),
		require: s.require.or(weaker.require), signatures: s.signatures.or(weaker.signatures), places: s.places.or(weaker.places), indexes: s.indexes.or(weaker.indexes), deny: s.deny.or(weaker.deny), warn: s.warn.or(weaker.warn),
	}
}

// builtIn are the built-in rules, as if the person's own file had them, for the keys
// with which a project's file could ask for less. What is built in of the other keys
// asks for nothing, so whatever a project's file says of them is as strict.
var builtIn = settings{
	mode:          opt[assay.Mode]{assay.Enforce, BuiltIn},
	vcs:           opt[assay.Severity]{assay.Warning, BuiltIn},
	plainHTTP:     opt[[]string]{nil, BuiltIn},
	evidence:      opt[assay.Requirement]{assay.Remember, BuiltIn},
	onUnavailable: opt[assay.Severity]{assay.Error, BuiltIn},
}

// rules makes rules of the settings, with the built-in ones where nothing is set.
func (s settings) rules() assay.Rules {
	r := assay.DefaultRules()
	r.Origins = map[string]string{}
	take(&r.Mode, s.mode, "mode", r.Origins)
	take(&r.VCS, s.vcs, "vcs", r.Origins)
	take(&r.PlainHTTP, s.plainHTTP, "allow_http", r.Origins)
	take(&r.Evidence, s.evidence, "evidence", r.Origins)
	take(&r.Cooldown, s.cooldown, "cooldown", r.Origins)
	take(&r.Sdist, s.sdist, "sdist", r.Origins)
	take(&r.OnUnavailable, s.onUnavailable, "on_unavailable", r.Origins)
	take(&r.Publishers, s.publishers, "publisher", r.Origins)
	r.Grants = keyGrants(r.Publishers)
	take(&r.Signatures, s.signatures, "signatures", r.Origins)
	take(&r.Places, s.places, "signature", r.Origins)
	take(&r.Require, s.require, "require", r.Origins)
	take(&r.Indexes, s.indexes, "index", r.Origins)
	r.Verdicts = s.verdicts(r.Origins)
	return r
}

// verdicts are what somebody wrote down for the case.
func (s settings) verdicts(origins map[string]string) []assay.Finding {
	var out []assay.Finding
	for _, v := range []struct {
		key  string
		code assay.Code
		text opt[string]
	}{{"deny", assay.PolicyDenied, s.deny}, {"warn", assay.PolicyWarned, s.warn}} {
		if v.text.value != "" {
			out = append(out, assay.Finding{Code: v.code, Detail: v.text.value + " (" + v.text.at + ")"})
			origins[v.key] = v.text.at
		}
	}
	return out
}

// take sets a rule, and notes where it is written.
func take[T any](rule *T, o opt[T], key string, origins map[string]string) {
	if !o.set() {
		return
	}
	*rule = o.value
	if o.at != BuiltIn {
		origins[key] = o.at
	}
}
