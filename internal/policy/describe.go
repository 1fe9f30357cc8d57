package policy

import (
	"strconv"
	"strings"
	"time"

	"assay"
)

// BuiltIn is the origin of a rule that nobody wrote down.
const BuiltIn = "built in"

// Rule is one rule in the words of a policy file, with where it is written
// ("assay.toml:4"), for people and programs.
type Rule struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// Describe lists rules in the words of a policy file.
func Describe(r assay.Rules) []Rule {
	var out []Rule
	add := func(key, value string) {
		origin, ok := r.Origins[key]
		if !ok {
			origin = BuiltIn
		}
		out = append(out, Rule{key, value, origin})
	}
	add("mode", string(r.Mode))
	add("evidence", string(r.Evidence))
	add("cooldown", span(r.Cooldown))
	add("sdist", wordOf(sdistWords, r.Sdist))
	add("on_unavailable", wordOf(unavailableWords, r.OnUnavailable))
	if len(r.Publishers) > 0 {
		var names []string
		for _, p := range r.Publishers {
			names = append(names, p.String())
		}
		add("publisher", strings.Join(names, ", "))
		add("require", requireWord(r.Require))
	}
	if r.Signatures > 0 {
		add("signatures", strconv.Itoa(r.Signatures))
	}
	if len(r.Places) > 0 {
		add("signature", strings.Join(r.Places, ", "))
	}
	if len(r.Indexes) > 0 {
		add("index", strings.Join(r.Indexes, ", "))
	}
	for _, v := range r.Verdicts {
		switch v.Code {
		case assay.PolicyDenied, assay.PolicyWarned:
			rule := Rule{"warn", v.Detail, BuiltIn}
			if v.Code == assay.PolicyDenied {
				rule.Key = "deny"
			}
			if cut := strings.LastIndex(v.Detail, " ("); cut >= 0 { // see settings.verdicts
				rule.Value, rule.Origin = v.Detail[:cut], strings.Trim(v.Detail[cut:], " ()")
			}
			out = append(out, rule)
		default:
			out = append(out, Rule{"publisher", v.Detail, r.Origins["publisher"]})
		}
	}
	for _, w := range r.Waivers {
		var codes []string
		for _, c := range w.Codes {
			codes = append(codes, string(c))
		}
		last := w.Until.Add(-time.Second).UTC().Format(time.DateOnly)
		out = append(out, Rule{"exception", strings.Join(codes, ", ") + " until " + last + ": " + w.Reason, w.Origin})
	}
	for _, p := range r.Problems {
		at, detail, _ := strings.Cut(p, ": ")
		out = append(out, Rule{"problem", detail, at})
	}
	return out
}

// span renders a cooldown as a file has it.
func span(d time.Duration) string {
	if d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return strconv.Itoa(int(d/time.Hour)) + "h"
}

func requireWord(n int) string {
	switch n {
	case 0:
		return "any"
	case assay.RequireAll:
		return "all"
	}
	return strconv.Itoa(n)
}

// wordOf is the word of a severity in a file.
func wordOf(words map[string]assay.Severity, s assay.Severity) string {
	for word, severity := range words {
		if severity == s {
			return word
		}
	}
	return string(s)
}
