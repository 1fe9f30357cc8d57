package policy

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"assay"
	"assay/internal/pypi"

	"assay/internal/openpgp"
	"assay/internal/sshsig"
	"assay/internal/tomlfile"
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
func (r *reader) glob(e *tomlfile.Entry) glob {
	text := r.text(e, &e.Value)
	if text == "" {
		return glob{}
	}
	normal, err := pypi.NormalizeName(strings.ReplaceAll(text, "*", "0")) // a digit may stand anywhere in a name
	switch wild := strings.Contains(text, "*"); {
	case err != nil && wild:
		r.Add(e.Line, "%s: %s is no pattern of project names: beside letters, digits and '-' only '*' may stand in it", e.Key, tomlfile.Quoted(text))
		return glob{}
	case err != nil:
		r.Add(e.Line, "%s: %v", e.Key, err)
		return glob{}
	case wild && normal != strings.ReplaceAll(text, "*", "0"):
		r.Add(e.Line, "%s: %s can match no project: normalised names are in lower case, with '-' for '_' and '.'", e.Key, tomlfile.Quoted(text))
		return glob{}
	case !wild && normal != text:
		r.Add(e.Line, "%s: write %s as %s, its normalised form", e.Key, tomlfile.Quoted(text), tomlfile.Quoted(normal))
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
func (r *reader) publishers(e *tomlfile.Entry) opt[[]assay.Publisher] {
	out := opt[[]assay.Publisher]{nil, r.origin(e.Line)}
	for _, v := range r.Values(e, maxList) {
		p := assay.Publisher{Origin: r.origin(v.Line)}
		if v.Kind != tomlfile.Table {
			p.Identity = r.identity(e, v)
		} else {
			r.each(v, "in a publisher", fields{
				"identity":      func(e *tomlfile.Entry) { p.Identity = r.identity(e, &e.Value) },
				"ref":           func(e *tomlfile.Entry) { p.Ref = r.text(e, &e.Value) },
				"runner":        func(e *tomlfile.Entry) { p.Runner = r.text(e, &e.Value) },
				"environment":   func(e *tomlfile.Entry) { p.Environment = r.text(e, &e.Value) },
				"repository_id": func(e *tomlfile.Entry) { p.RepositoryID = r.id(e) },
				"owner_id":      func(e *tomlfile.Entry) { p.OwnerID = r.id(e) },
			})
			if len(v.Keys) == 0 {
				r.Add(v.Line, "a publisher is empty: anybody would fit it")
			}
		}
		out.value = append(out.value, p)
	}
	return out
}

// identity reads a pattern of identities: "github:owner/repo@workflow.yml".
func (r *reader) identity(e *tomlfile.Entry, v *tomlfile.Value) string {
	text := r.text(e, v)
	switch {
	case text == "":
	case strings.ContainsFunc(text, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }):
		r.Add(v.Line, "%s: there is a space in %s", e.Key, tomlfile.Quoted(text))
	case !strings.Contains(text, ":") && !strings.Contains(text, "**"):
		r.Add(v.Line, "%s: %s does not say where: write it as github:OWNER/REPO@WORKFLOW.yml, gitlab:GROUP/PROJECT, google:EMAIL or email:ADDRESS", e.Key, tomlfile.Quoted(text))
	default:
		return text
	}
	return ""
}

// keys reads the keys of one kind that may sign, as publishers: a file must come from
// one of all those that the table names.
func (r *reader) keys(e *tomlfile.Entry, s *settings, kind assay.GrantKind) {
	s.publishers.at = cmp.Or(s.publishers.at, r.origin(e.Line))
	for _, v := range r.Values(e, maxList) {
		text := r.text(e, v)
		if text == "" {
			continue
		}
		key, err := parseKey(kind, text)
		if err != nil {
			r.Add(v.Line, "%s: %v", e.Key, err)
			continue
		}
		s.publishers.value = append(s.publishers.value, assay.Publisher{Identity: string(kind) + ":" + key, Origin: r.origin(v.Line)})
	}
}

// parseKey reads a key as grants compare it.
func parseKey(kind assay.GrantKind, text string) (string, error) {
	if kind == assay.GrantSSH {
		return sshsig.ParseFingerprint(text)
	}
	fingerprint, err := openpgp.ParseFingerprint(text)
	return string(fingerprint), err
}

// keyGrants are the grants that publishers come to which are keys: a policy that wants a
// key's signature lets it sign.
func keyGrants(publishers []assay.Publisher) []assay.Grant {
	var out []assay.Grant
	for _, p := range publishers {
		kind, key, _ := strings.Cut(p.Identity, ":")
		if k := assay.GrantKind(kind); k == assay.GrantOpenPGP || k == assay.GrantSSH || k == assay.GrantJWS {
			out = append(out, assay.Grant{Kind: k, Key: key, From: "policy", Origin: p.Origin})
		}
	}
	return out
}

// Keys are the identities of the keys that the policy names, for whatever project. That
// one is known lets it sign nothing: its grants say what.
func (p *Policy) Keys() []string {
	var out []string
	for _, f := range []*File{p.own, p.project} {
		if f == nil {
			continue
		}
		for _, t := range f.tables {
			for _, g := range keyGrants(t.settings.publishers.value) {
				if id := g.Identity(); !slices.Contains(out, id) {
					out = append(out, id)
				}
			}
		}
	}
	return out
}

// id reads a forge's number, written with quotes or without.
func (r *reader) id(e *tomlfile.Entry) string {
	text := e.Value.Text
	digits := text != "" && strings.Trim(text, "0123456789") == ""
	if e.Value.Kind != tomlfile.String && e.Value.Kind != tomlfile.Integer || !digits || len(text) > 20 {
		r.Add(e.Line, "%s is a forge's number, such as 4711, not %s", e.Key, tomlfile.Quoted(text))
		return ""
	}
	return text
}

// schemes are those that an identity may begin with.
var schemes = []string{"github", "gitlab", "google", "email", "openpgp", "ssh", "jws"}

// hopeless says why no publisher that can be known fits a pattern, or returns "".
func hopeless(p assay.Publisher) string {
	identity := strings.ToLower(p.Identity)
	scheme, rest, _ := strings.Cut(identity, ":")
	repository, workflow, _ := strings.Cut(rest, "@")
	anywhere := strings.Contains(repository, "**")
	switch {
	case identity == "" || strings.Contains(scheme, "*"):
	case !slices.Contains(schemes, scheme):
		return "assay knows no publishers of the kind " + tomlfile.Quoted(scheme) + ": " + tomlfile.Meant(scheme, schemes)
	case scheme == "openpgp" || scheme == "ssh" || scheme == "jws":
		if strings.Contains(identity, "*") {
			return "a key is written out in full"
		}
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
