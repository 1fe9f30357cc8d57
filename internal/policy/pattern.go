package policy

import (
	"slices"
	"strings"
	"unicode"

	"assay"
	"assay/internal/pypi"
)

// glob is a project's name, or a pattern of names in which "*" stands for any run
// of characters.
type glob struct {
	pattern string
	wild    bool
	prefix  string // what stands before the first "*"
}

func newGlob(pattern string) glob {
	prefix, _, wild := strings.Cut(pattern, "*")
	return glob{pattern: pattern, wild: wild, prefix: prefix}
}

// matches reports whether a project's normalised name fits.
func (g glob) matches(project string) bool {
	if !g.wild {
		return g.pattern == project
	}
	return strings.HasPrefix(project, g.prefix) && assay.MatchGlob(g.pattern, project)
}

// glob reads a project's name or a pattern of names.
func (r *reader) glob(e *entry) glob {
	text := r.text(e, &e.value)
	if text == "" {
		return glob{}
	}
	normal, err := pypi.NormalizeName(strings.ReplaceAll(text, "*", "0")) // a digit may stand anywhere in a name
	switch wild := strings.Contains(text, "*"); {
	case err != nil && wild:
		r.add(e.line, "%s: %s is no pattern of project names: beside letters, digits and '-' only '*' may stand in it", e.key, quoted(text))
		return glob{}
	case err != nil:
		r.add(e.line, "%s: %v", e.key, err)
		return glob{}
	case wild && normal != strings.ReplaceAll(text, "*", "0"):
		r.add(e.line, "%s: %s can match no project: normalised names are in lower case, with '-' for '_' and '.'", e.key, quoted(text))
		return glob{}
	case !wild && normal != text:
		r.add(e.line, "%s: write %s as %s, its normalised form", e.key, quoted(text), quoted(normal))
		return glob{}
	}
	return newGlob(text)
}

// covers reports whether every name that fits the other pattern fits this one.
func (g glob) covers(o glob) bool {
	// The other's "*" is a letter of its own, which only a "*" takes.
	return assay.MatchGlob(g.pattern, o.pattern)
}

// meets reports whether there may be a name that fits both patterns.
func (g glob) meets(o glob) bool {
	a, b := g.pattern, o.pattern
	// can[j] says that a[i:] and b[j:] have a name in common, worked out from the end.
	can := make([]bool, len(b)+1)
	can[len(b)] = true
	for j := len(b) - 1; j >= 0; j-- {
		can[j] = b[j] == '*' && can[j+1]
	}
	for i := len(a) - 1; i >= 0; i-- {
		below := can[len(b)] // of the next i and the next j
		can[len(b)] = a[i] == '*' && below
		for j := len(b) - 1; j >= 0; j-- {
			under := can[j] // of the next i
			if a[i] == '*' || b[j] == '*' {
				can[j] = under || can[j+1]
			} else {
				can[j] = a[i] == b[j] && below
			}
			below = under
		}
	}
	return can[0]
}

// publishers reads the patterns of publishers.
func (r *reader) publishers(e *entry) opt[[]assay.Publisher] {
	out := opt[[]assay.Publisher]{nil, r.origin(e.line)}
	for _, v := range r.values(e) {
		p := assay.Publisher{Origin: r.origin(v.line)}
		if v.kind != kindTable {
			p.Identity = r.identity(e, v)
		} else {
			r.each(v, "in a publisher", fields{
				"identity":      func(e *entry) { p.Identity = r.identity(e, &e.value) },
				"ref":           func(e *entry) { p.Ref = r.text(e, &e.value) },
				"runner":        func(e *entry) { p.Runner = r.text(e, &e.value) },
				"environment":   func(e *entry) { p.Environment = r.text(e, &e.value) },
				"repository_id": func(e *entry) { p.RepositoryID = r.id(e) },
				"owner_id":      func(e *entry) { p.OwnerID = r.id(e) },
			})
			if len(v.keys) == 0 {
				r.add(v.line, "a publisher is empty: anybody would fit it")
			}
		}
		out.value = append(out.value, p)
	}
	return out
}

// identity reads a pattern of identities: "github:owner/repo@workflow.yml".
func (r *reader) identity(e *entry, v *value) string {
	text := r.text(e, v)
	switch {
	case text == "":
	case strings.ContainsFunc(text, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }):
		r.add(v.line, "%s: there is a space in %s", e.key, quoted(text))
	case !strings.Contains(text, ":") && !strings.Contains(text, "**"):
		r.add(v.line, "%s: %s does not say where: write it as github:OWNER/REPO@WORKFLOW.yml, gitlab:GROUP/PROJECT, google:EMAIL or email:ADDRESS", e.key, quoted(text))
	default:
		return text
	}
	return ""
}

// id reads a forge's number, written with quotes or without.
func (r *reader) id(e *entry) string {
	text := e.value.text
	digits := text != "" && strings.Trim(text, "0123456789") == ""
	if e.value.kind != kindString && e.value.kind != kindInteger || !digits || len(text) > 20 {
		r.add(e.line, "%s is a forge's number, such as 4711, not %s", e.key, quoted(text))
		return ""
	}
	return text
}

// schemes are those that an identity may begin with.
var schemes = []string{"github", "gitlab", "google", "email"}

// hopeless says why no publisher that can be known fits a pattern, or returns "".
func hopeless(p assay.Publisher) string {
	identity := strings.ToLower(p.Identity)
	scheme, rest, _ := strings.Cut(identity, ":")
	repository, workflow, _ := strings.Cut(rest, "@")
	anywhere := strings.Contains(repository, "**")
	switch {
	case identity == "" || strings.Contains(scheme, "*"):
	case !slices.Contains(schemes, scheme):
		return "assay knows no publishers of the kind " + quoted(scheme) + ": " + meant(scheme, schemes)
	case scheme == "github" && !anywhere && strings.Count(repository, "/") != 1:
		return "a repository on GitHub is OWNER/REPO"
	case scheme == "github" && strings.Contains(workflow, "/"):
		return "a workflow is named by its file alone, without the folder"
	case scheme == "gitlab" && !anywhere && !strings.Contains(repository, "/"):
		return "a project on GitLab is GROUP/PROJECT"
	case (scheme == "google" || scheme == "email") && !strings.ContainsAny(rest, "@*"):
		return "an address holds an @"
	}
	if p.Ref != "" && !strings.HasPrefix(p.Ref, "refs/") && !strings.HasPrefix(p.Ref, "*") {
		return "a ref is written out: refs/heads/main, refs/tags/v*"
	}
	return ""
}
