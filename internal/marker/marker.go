// Package marker reads environment markers (PEP 508) and tells where they cannot apply.
//
//	text ──Parse──▶ Marker ──MayApply(Environment)──▶ false only where it holds for none of
//	                                                   the environments that are meant
//
//	m, err := marker.Parse(`sys_platform == "win32" and python_version < "3.12"`)
//	m.MayApply(marker.Environment{"sys_platform": {"linux"}}) // false
//	m.MayApply(marker.Environment{"python_version": {"3.11"}}) // true: the platform is not said
//
// An Environment says of some variables which values they can have. What it does not say,
// extras among it, may be anything; so may what readers are known to compare differently:
// the order of texts, two literals, a version that is no plain release, a list that is also
// a text ("linux2 win32"), a value with a blank, a comma or a bar. In doubt a marker may
// apply, and what it stands at is looked at.
//
// Sources: PEP 508, PEP 751 (extras, dependency_groups), packaging's markers.py, uv's
// pep508_rs.
package marker

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const (
	maxSize  = 1 << 20 // bytes of a marker
	maxDepth = 100     // parentheses within each other
)

// Err is the error about what is no marker.
var Err = errors.New("the marker cannot be read")

// token is one word of a marker: a string, a name, an operator, a parenthesis.
var token = regexp.MustCompile(`^\s*(?:("[^"]*"|'[^']*')|([A-Za-z_][A-Za-z0-9_.]*)|(===|==|!=|<=|>=|~=|<|>)|([()]))`)

// The kinds of words, as groups of token.
const (
	end = iota
	literal
	name
	operator
	parenthesis
	noWord = -1
)

// variables are those of PEP 508 and PEP 751; the old spellings by what they stand for.
var variables = map[string]string{
	"python_version": "", "python_full_version": "", "os_name": "", "sys_platform": "", "platform_release": "",
	"platform_system": "", "platform_version": "", "platform_machine": "", "platform_python_implementation": "",
	"implementation_name": "", "implementation_version": "", "extra": "", "extras": "", "dependency_groups": "",
	"os.name": "os_name", "sys.platform": "sys_platform", "platform.version": "platform_version",
	"platform.machine": "platform_machine", "platform.python_implementation": "platform_python_implementation",
	"python_implementation": "platform_python_implementation",
}

// Marker is a marker that was read.
type Marker struct{ root node }

// node is a comparison, or others of which all or any must hold.
type node struct {
	compare *comparison
	all     bool
	of      []node
}

// comparison compares two operands.
type comparison struct {
	left, right operand
	operator    string // "not in" and "in" among them
}

// operand is a variable or a literal.
type operand struct {
	variable bool
	text     string
}

// Parse reads a marker. The error is Err.
func Parse(s string) (Marker, error) {
	if len(s) > maxSize {
		return Marker{}, fmt.Errorf("%w: it has more than %d bytes", Err, maxSize)
	}
	r := &reader{rest: s}
	r.next()
	root, ok := r.any()
	if !ok || r.kind != end {
		return Marker{}, Err
	}
	return Marker{root}, nil
}

// Words is a marker without what makes no difference: white space, and which quotes.
func Words(s string) string {
	var out []string
	r := &reader{rest: s}
	for r.next(); r.kind > end; r.next() {
		if r.kind == literal {
			quote := "'"
			if strings.Contains(r.text[1:len(r.text)-1], quote) {
				quote = `"` // as it was: there is no other way to write it
			}
			r.text = quote + r.text[1:len(r.text)-1] + quote
		}
		out = append(out, r.text)
	}
	return strings.Join(out, " ")
}

// reader goes through a marker from its front.
type reader struct {
	rest  string
	text  string // the word that is read
	kind  int
	depth int
}

func (r *reader) next() {
	at := token.FindStringSubmatchIndex(r.rest)
	if at == nil {
		r.kind = noWord
		if strings.TrimSpace(r.rest) == "" {
			r.kind = end
		}
		return
	}
	for g := literal; g <= parenthesis; g++ {
		if at[2*g] >= 0 {
			r.kind, r.text = g, r.rest[at[2*g]:at[2*g+1]]
		}
	}
	r.rest = r.rest[at[1]:]
}

func (r *reader) word(w string) bool { return r.kind == name && r.text == w }

// any reads what is joined by "or", which binds less than "and".
func (r *reader) any() (node, bool) { return r.joined("or", r.both) }

func (r *reader) both() (node, bool) { return r.joined("and", r.one) }

func (r *reader) joined(by string, read func() (node, bool)) (node, bool) {
	first, ok := read()
	if !ok || !r.word(by) {
		return first, ok
	}
	out := node{all: by == "and", of: []node{first}}
	for r.word(by) {
		r.next()
		n, ok := read()
		if !ok {
			return node{}, false
		}
		out.of = append(out.of, n)
	}
	return out, true
}

// one reads a comparison, or markers in parentheses.
func (r *reader) one() (node, bool) {
	if r.kind == parenthesis && r.text == "(" {
		if r.depth++; r.depth > maxDepth {
			return node{}, false
		}
		r.next()
		n, ok := r.any()
		if !ok || r.kind != parenthesis || r.text != ")" {
			return node{}, false
		}
		r.depth--
		r.next()
		return n, true
	}
	c := &comparison{}
	var ok bool
	if c.left, ok = r.operand(); !ok {
		return node{}, false
	}
	switch {
	case r.kind == operator || r.word("in"):
		c.operator = r.text
	case r.word("not"):
		if r.next(); !r.word("in") {
			return node{}, false
		}
		c.operator = "not in"
	default:
		return node{}, false
	}
	r.next()
	c.right, ok = r.operand()
	return node{compare: c}, ok
}

func (r *reader) operand() (operand, bool) {
	var o operand
	switch r.kind {
	case literal:
		o.text = r.text[1 : len(r.text)-1]
	case name:
		stands, ok := variables[r.text]
		if !ok {
			return o, false
		}
		o = operand{true, r.text}
		if stands != "" {
			o.text = stands
		}
	default:
		return o, false
	}
	r.next()
	return o, true
}
