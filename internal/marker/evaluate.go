package marker

import (
	"regexp"
	"slices"
	"strings"

	"assay/internal/pypi"
)

// Environment says which values variables can have, by their names in PEP 508. One that
// is not there may have any.
type Environment map[string][]string

// truth is what is known of a comparison.
type truth int

const (
	unknown truth = iota
	holds
	fails
)

func known(b bool) truth {
	if b {
		return holds
	}
	return fails
}

// MayApply reports whether the marker could hold in an environment. It is false only
// where it holds for none of the values that there can be. The zero Marker always holds.
func (m Marker) MayApply(e Environment) bool {
	return m.root.compare == nil && m.root.of == nil || m.root.truth(e) != fails
}

func (n node) truth(e Environment) truth {
	if n.compare != nil {
		return n.compare.truth(e)
	}
	decisive, rest := holds, fails
	if n.all {
		decisive, rest = fails, holds
	}
	out := rest
	for _, inner := range n.of {
		switch inner.truth(e) {
		case decisive:
			return decisive
		case unknown:
			out = unknown
		}
	}
	return out
}

// truth is that of all values that the variable can have, where they agree.
func (c comparison) truth(e Environment) truth {
	if c.left.variable == c.right.variable {
		return unknown // readers take one of them for what it is not
	}
	variable, text := c.left.text, c.right.text
	if c.right.variable {
		variable, text = text, variable
	}
	out := unknown
	for i, value := range e[variable] {
		var now truth
		if slices.Contains(versions, variable) {
			now = ofVersions(value, c.operator, text, c.right.variable)
		} else {
			now = ofTexts(value, c.operator, text, c.right.variable)
		}
		if i > 0 && now != out {
			return unknown
		}
		out = now
	}
	return out
}

// versions are the variables that are compared as versions.
var versions = []string{"python_version", "python_full_version", "implementation_version"}

// plainText is a text that all readers take for one value: to some of them blanks, commas
// and bars part alternatives, blanks at the ends are cut off, and signs in front are operators.
var plainText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// ofTexts compares texts. Their order means different things to readers.
func ofTexts(value, operator, text string, reversed bool) truth {
	if operator == "in" || operator == "not in" {
		return within(value, operator, text, reversed)
	}
	if !plainText.MatchString(text) {
		return unknown
	}
	switch operator {
	case "==":
		return known(value == text)
	case "!=":
		return known(value != text)
	}
	return unknown
}

// within is about a text in another, which some readers take for a list of words: what
// it is to both.
func within(value, operator, text string, reversed bool) truth {
	words := strings.Split(text, " ")
	if slices.ContainsFunc(words, func(word string) bool { return !plainText.MatchString(word) }) {
		return unknown
	}
	part, whole, list := value, text, words
	if reversed {
		part, whole, list = text, value, []string{value}
	}
	listed := slices.Contains(list, part)
	if listed != strings.Contains(whole, part) {
		return unknown
	}
	return known(listed == (operator == "in"))
}

// flipped are the operators as they are with their operands in the other order.
var flipped = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// plainVersion is a release: readers cut other versions down, or compare them with
// python_version differently.
var plainVersion = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,4}$`)

// ofVersions compares versions as PEP 440 does.
func ofVersions(value, operator, text string, reversed bool) truth {
	if operator == "in" || operator == "not in" {
		// To some readers it is a list of versions, to others a text, and those of fewer
		// parts may stand for all that begin with them.
		for _, one := range strings.Split(text, " ") {
			if reversed || !plainVersion.MatchString(one) || strings.Count(one, ".") != strings.Count(value, ".") {
				return unknown
			}
		}
		return within(value, operator, text, false)
	}
	release := text
	if operator == "==" || operator == "!=" {
		release = strings.TrimSuffix(text, ".*")
	}
	if !plainVersion.MatchString(release) {
		return unknown
	}
	if !reversed {
		return contains(operator, text, value)
	}
	// To some readers the literal is asked for in the versions that the variable makes, to
	// others the operator is turned around.
	turned, ok := flipped[operator]
	if !ok {
		return unknown
	}
	if one, other := contains(operator, value, text), contains(turned, text, value); one == other {
		return one
	}
	return unknown
}

// contains reports whether a version is one of those that a clause asks for.
func contains(operator, clause, version string) truth {
	v, err := pypi.ParseVersion(version)
	if err != nil || operator == "===" {
		return unknown
	}
	s, err := pypi.ParseSpecifier(operator + clause)
	if err != nil {
		return unknown
	}
	return known(s.Contains(v))
}
