package lockfile

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// markerToken is one word of a marker: a string, a name, an operator, a parenthesis.
var markerToken = regexp.MustCompile(`^\s*(?:("[^"]*"|'[^']*')|([A-Za-z_][A-Za-z0-9_.]*)|(===|==|!=|<=|>=|~=|<|>)|([()]))`)

// markerNames are the variables of PEP 508 and PEP 751, with the old spellings.
var markerNames = []string{"python_version", "python_full_version", "os_name", "sys_platform", "platform_release", "platform_system",
	"platform_version", "platform_machine", "platform_python_implementation", "implementation_name", "implementation_version",
	"extra", "extras", "dependency_groups", "os.name", "sys.platform", "platform.version", "platform.machine",
	"platform.python_implementation", "python_implementation"}

var errMarker = errors.New("the marker cannot be read")

// markerReader goes through a marker from its front.
type markerReader struct {
	rest  string
	text  string // the word that is read
	kind  int    // which of markerToken's groups it is; 0 at the end, -1 for no word
	depth int
}

// checkMarker says whether a text is a marker (PEP 508). What it means is not asked.
func checkMarker(s string) error {
	m := &markerReader{rest: s}
	m.next()
	if !m.any() || m.kind != 0 {
		return problem("%s: %w", quoted(s), errMarker)
	}
	return nil
}

// markerWords is a marker without what makes no difference: white space, and which quotes.
func markerWords(s string) string {
	var out []string
	m := &markerReader{rest: s}
	for m.next(); m.kind > 0; m.next() {
		if m.kind == 1 {
			m.text = "'" + m.text[1:len(m.text)-1] + "'"
		}
		out = append(out, m.text)
	}
	return strings.Join(out, " ")
}

func (m *markerReader) next() {
	at := markerToken.FindStringSubmatchIndex(m.rest)
	if at == nil {
		m.kind = -1
		if strings.TrimSpace(m.rest) == "" {
			m.kind = 0
		}
		return
	}
	for g := 1; g <= 4; g++ {
		if at[2*g] >= 0 {
			m.kind, m.text = g, m.rest[at[2*g]:at[2*g+1]]
		}
	}
	m.rest = m.rest[at[1]:]
}

func (m *markerReader) word(w string) bool { return m.kind == 2 && m.text == w }

// any reads comparisons joined by "and" and "or".
func (m *markerReader) any() bool {
	for {
		if !m.one() {
			return false
		}
		if !m.word("and") && !m.word("or") {
			return true
		}
		m.next()
	}
}

// one reads a comparison, or markers in parentheses.
func (m *markerReader) one() bool {
	if m.kind == 4 && m.text == "(" {
		if m.depth++; m.depth > maxMarker {
			return false
		}
		m.next()
		if !m.any() || m.kind != 4 || m.text != ")" {
			return false
		}
		m.depth--
		m.next()
		return true
	}
	if !m.operand() {
		return false
	}
	switch {
	case m.kind == 3 || m.word("in"):
	case m.word("not"):
		if m.next(); !m.word("in") {
			return false
		}
	default:
		return false
	}
	m.next()
	return m.operand()
}

func (m *markerReader) operand() bool {
	if m.kind != 1 && (m.kind != 2 || !slices.Contains(markerNames, m.text)) {
		return false
	}
	m.next()
	return true
}
