package marker

import (
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

// ofTexts compares texts. Their order means different things to readers.
func ofTexts(value, operator, text string, reversed bool) truth {
	within := func() bool {
		if reversed {
			return strings.Contains(value, text)
		}
		return strings.Contains(text, value)
	}
	switch operator {
	case "==":
		return known(value == text)
	case "!=":
		return known(value != text)
	case "in":
		return known(within())
	case "not in":
		return known(!within())
	}
	return unknown
}

// flipped are the operators as they are with their operands in the other order.
var flipped = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// ofVersions compares versions as PEP 440 does.
func ofVersions(value, operator, text string, reversed bool) truth {
	if operator == "in" || operator == "not in" {
		if reversed {
			return unknown
		}
		// To some readers it is a list of versions, to others a text.
		listed := slices.Contains(strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' || c == '|' }), value)
		if listed != strings.Contains(text, value) {
			return unknown
		}
		return known(listed == (operator == "in"))
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
	if err != nil || strings.Contains(clause, ",") || operator == "===" {
		return unknown
	}
	s, err := pypi.ParseSpecifier(operator + clause)
	if err != nil {
		return unknown
	}
	return known(s.Contains(v))
}
