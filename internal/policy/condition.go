package policy

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"assay"

	"assay/internal/tomlfile"
)

// condition is a "when": an expression in CEL over the artifact and its claims.
type condition struct {
	source  string
	at      string // where it is written
	program cel.Program
	// claims says that it asks for the claims, which are not always known.
	claims bool
	// constant says that it is the same for every file, and always that.
	constant, always bool
}

// environment declares what a condition may ask for. It is made when the first
// condition is read: most policies have none.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	return cel.NewEnv(
		cel.CustomTypeAdapter(registry),
		cel.CustomTypeProvider(provider{registry}),
		cel.Variable("artifact", artifactType),
		cel.Variable("claims", cel.ListType(claimType)),
		cel.ParserExpressionSizeLimit(maxWhen),
		cel.ParserRecursionLimit(maxWhenDepth),
	)
})

// condition reads a "when" and checks its types.
func (r *reader) condition(e *tomlfile.Entry) *condition {
	switch {
	case e.Value.Kind != tomlfile.String:
		r.Add(e.Line, "when is an expression in quotes, not %s", e.Value.Kind)
		return nil
	case strings.TrimSpace(e.Value.Text) == "":
		r.Add(e.Line, "when is empty")
		return nil
	case len(e.Value.Text) > maxWhen:
		r.Add(e.Line, "when has %d bytes, the bound is %d", len(e.Value.Text), maxWhen)
		return nil
	case tomlfile.HasControls(strings.ReplaceAll(e.Value.Text, "\r\n", "\n")): // several lines, as Windows writes them
		r.Add(e.Line, "when holds a control character")
		return nil
	}
	if r.whens++; r.whens > maxWhens {
		if r.whens == maxWhens+1 {
			r.Add(e.Line, "more than %d tables with a 'when'", maxWhens)
		}
		return nil
	}
	c, problem := compile(e.Value.Text)
	if problem != "" {
		r.Add(e.Line, "when: %s", problem)
		return nil
	}
	c.at = r.origin(e.Line)
	return c
}

// compile makes a condition, or says what is wrong with its source.
func compile(source string) (*condition, string) {
	env, err := environment()
	if err != nil {
		return nil, err.Error()
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, firstIssue(issues)
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, "it is to be true or false, and comes to " + ast.OutputType().String()
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, plain(err)
	}
	c := &condition{source: source, program: program}
	for _, reference := range ast.NativeRep().ReferenceMap() {
		c.claims = c.claims || reference.Name == "claims"
	}
	// A program that takes unknown variables is slower, and so is one of its own.
	partial, err := env.Program(ast, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize, cel.OptPartialEval))
	if err != nil {
		return nil, plain(err)
	}
	c.fold(partial)
	return c, ""
}

// undefined finds the name in the library's message about a field.
var undefined = regexp.MustCompile(`^undefined field '(\w+)'$`)

// firstIssue is the first thing that is wrong with an expression.
func firstIssue(issues *cel.Issues) string {
	first := issues.Errors()[0]
	message := strings.TrimSuffix(strings.ReplaceAll(first.Message, " (in container '')", ""), ".")
	message = strings.Replace(message, "Syntax error", "syntax error", 1)
	message, _, _ = strings.Cut(message, " expecting {") // every sign that there is
	if m := undefined.FindStringSubmatch(message); m != nil {
		if name, ok := tomlfile.Nearest(m[1], append(sortedKeys(artifactFields), sortedKeys(claimFields)...)); ok {
			message += ": did you mean " + name + "?"
		}
	}
	line, column := first.Location.Line(), first.Location.Column()+1
	switch {
	case column < 1:
		return message
	case line > 1:
		return fmt.Sprintf("line %d, column %d of it: %s", line, column, message)
	}
	return fmt.Sprintf("column %d: %s", column, message)
}

// plain is the text of one of the library's errors on one line. It may quote what the
// condition spells with an escape of its own ("\u001b"), hence [visible].
func plain(err error) string { return tomlfile.Visible(strings.Join(strings.Fields(err.Error()), " ")) }

// fold finds out whether the condition is the same whatever the file.
func (c *condition) fold(partial cel.Program) {
	unknown, err := cel.PartialVars(map[string]any{}, cel.AttributePattern("artifact"), cel.AttributePattern("claims"))
	if err != nil {
		return
	}
	out, _, err := partial.Eval(unknown)
	if err != nil {
		return
	}
	if b, ok := out.(types.Bool); ok {
		c.constant, c.always = true, bool(b)
	}
}

// holds works the condition out. The error says why it could not be.
func (c *condition) holds(f *facts) (bool, error) {
	out, _, err := c.program.Eval(f)
	if err != nil {
		return false, fmt.Errorf("%s: when: %s", c.at, plain(err))
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, fmt.Errorf("%s: when: it comes to %s", c.at, out.Type().TypeName())
	}
	return bool(b), nil
}

// facts are the variables of the conditions that are worked out for one file, for
// cel-go. Each is made when it is first asked for, and is that of all conditions.
type facts struct {
	artifact *assay.Artifact
	claims   []assay.Claim
	now      clock

	artifactRecord, claimRecords ref.Val
}

// ResolveName returns a variable.
func (f *facts) ResolveName(name string) (any, bool) {
	switch name {
	case "artifact":
		if f.artifactRecord == nil {
			f.artifactRecord = &record{artifactType, artifactFields, artifactFacts{f.artifact, f.now}}
		}
		return f.artifactRecord, true
	case "claims":
		if f.claimRecords == nil {
			f.claimRecords = claimList(f.claims)
		}
		return f.claimRecords, true
	}
	return nil, false
}

// Parent returns none.
func (*facts) Parent() cel.Activation { return nil }
