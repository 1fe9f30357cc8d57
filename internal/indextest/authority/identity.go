package authority

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// The publisher kinds that PyPI attests.
const (
	KindGitHub = "GitHub"
	KindGitLab = "GitLab"
	KindGoogle = "Google"
)

// Identity is a trusted publisher as a certificate carries it. Empty fields get
// a plausible value from the others.
type Identity struct {
	Kind       string // GitHub, GitLab or Google
	Repository string // owner/name; GitLab: group/project
	// Workflow is GitHub's file name below .github/workflows, or GitLab's path
	// from the repository's root.
	Workflow     string
	Email        string // Google only
	Environment  string
	Ref          string // default refs/tags/v1.0.0
	Commit       string // 40 hexadecimal digits
	RepositoryID string
	OwnerID      string
	Runner       string // github-hosted, gitlab-hosted, self-hosted
	Trigger      string // release, push, …

	// Extensions replaces the value of single certificate extensions: the key
	// is N in 1.3.6.1.4.1.57264.1.N, an empty value leaves it out.
	Extensions map[int]string
}

// GitHub returns the identity of a GitHub Actions workflow.
func GitHub(repository, workflow string) Identity {
	return Identity{Kind: KindGitHub, Repository: repository, Workflow: workflow}
}

// GitLab returns the identity of a GitLab CI pipeline.
func GitLab(project, path string) Identity {
	return Identity{Kind: KindGitLab, Repository: project, Workflow: path}
}

// Google returns the identity of a Google service account.
func Google(email string) Identity { return Identity{Kind: KindGoogle, Email: email} }

// ParseIdentity reads an identity in a line:
//
//	github:acme/demo@release.yml
//	gitlab:acme/demo@.gitlab-ci.yml ref=refs/heads/main
//	google:builder@example.invalid
//
// followed by any of environment=, ref=, commit=, repository-id=, owner-id=,
// runner=, trigger= and .N= for the certificate extension N (empty leaves it
// out).
func ParseIdentity(line string) (Identity, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return Identity{}, fmt.Errorf("empty publisher")
	}
	kind, name, ok := strings.Cut(words[0], ":")
	if !ok || name == "" {
		return Identity{}, fmt.Errorf("publisher %q is not of the form kind:name", words[0])
	}
	var id Identity
	switch kind {
	case "github", "gitlab":
		repository, workflow, ok := strings.Cut(name, "@")
		if !ok || repository == "" || workflow == "" {
			return Identity{}, fmt.Errorf("publisher %q is not of the form %s:repository@workflow", words[0], kind)
		}
		id = GitHub(repository, workflow)
		if kind == "gitlab" {
			id = GitLab(repository, workflow)
		}
	case "google":
		id = Google(name)
	default:
		return Identity{}, fmt.Errorf("unknown kind of publisher %q", kind)
	}
	for _, w := range words[1:] {
		if err := id.set(w); err != nil {
			return Identity{}, err
		}
	}
	return id, nil
}

func (id *Identity) set(word string) error {
	key, value, ok := strings.Cut(word, "=")
	if !ok {
		return fmt.Errorf("publisher: %q is not of the form key=value", word)
	}
	fields := map[string]*string{
		"environment": &id.Environment, "ref": &id.Ref, "commit": &id.Commit,
		"repository-id": &id.RepositoryID, "owner-id": &id.OwnerID,
		"runner": &id.Runner, "trigger": &id.Trigger,
	}
	if f := fields[key]; f != nil {
		*f = value
		return nil
	}
	number, isExtension := strings.CutPrefix(key, ".")
	n, err := strconv.Atoi(number)
	if !isExtension || err != nil || n < 1 {
		return fmt.Errorf("publisher: unknown key %q", key)
	}
	if id.Extensions == nil {
		id.Extensions = map[int]string{}
	}
	id.Extensions[n] = value
	return nil
}

// withDefaults fills the empty fields in.
func (id Identity) withDefaults() Identity {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&id.Ref, "refs/tags/v1.0.0")
	set(&id.Commit, "0123456789abcdef0123456789abcdef01234567")
	set(&id.RepositoryID, "1001")
	set(&id.OwnerID, "2002")
	if id.Kind == KindGitLab {
		set(&id.Runner, "gitlab-hosted")
		set(&id.Trigger, "push")
	} else {
		set(&id.Runner, "github-hosted")
		set(&id.Trigger, "release")
	}
	return id
}

// publisher is the object that names the identity in a provenance object.
func (id Identity) publisher() map[string]any {
	var environment any
	if id.Environment != "" {
		environment = id.Environment
	}
	switch id.Kind {
	case KindGoogle:
		return map[string]any{"kind": id.Kind, "email": id.Email, "claims": nil}
	case KindGitLab:
		return map[string]any{"kind": id.Kind, "repository": id.Repository,
			"workflow_filepath": id.Workflow, "environment": environment, "claims": nil}
	default:
		return map[string]any{"kind": id.Kind, "repository": id.Repository,
			"workflow": id.Workflow, "environment": environment, "claims": nil}
	}
}

// issuerURL is the OpenID Connect issuer that vouches for the identity.
func (id Identity) issuerURL() string {
	switch id.Kind {
	case KindGitLab:
		return "https://gitlab.com"
	case KindGoogle:
		return "https://accounts.google.com"
	default:
		return "https://token.actions.githubusercontent.com"
	}
}

// extensionValues returns the values of Fulcio's extensions by number.
func (id Identity) extensionValues() map[int]string {
	v := map[int]string{1: id.issuerURL(), 8: id.issuerURL()}
	if id.Kind == KindGoogle {
		v[24] = "100000000000000000001"
		return id.overlay(v)
	}
	host := "https://github.com/"
	if id.Kind == KindGitLab {
		host = "https://gitlab.com/"
	}
	owner, _, _ := strings.Cut(id.Repository, "/")
	workflow := id.workflowURI()
	v[9], v[10], v[11] = workflow, id.Commit, id.Runner
	v[12], v[13], v[14], v[15] = host+id.Repository, id.Commit, id.Ref, id.RepositoryID
	v[16], v[17] = host+owner, id.OwnerID
	v[18], v[19], v[20], v[22] = workflow, id.Commit, id.Trigger, "public"
	v[23] = id.Environment
	if id.Kind == KindGitLab {
		v[21] = host + id.Repository + "/-/jobs/3003"
		v[24] = "project_path:" + id.Repository + ":ref_type:tag:ref:" + strings.TrimPrefix(id.Ref, "refs/tags/")
		return id.overlay(v)
	}
	v[2], v[3], v[4], v[5], v[6] = id.Trigger, id.Commit, "release", id.Repository, id.Ref
	v[21] = host + id.Repository + "/actions/runs/3003/attempts/1"
	v[24] = "repo:" + id.Repository + ":ref:" + id.Ref
	if id.Environment != "" {
		v[24] = "repo:" + id.Repository + ":environment:" + id.Environment
	}
	return id.overlay(v)
}

func (id Identity) overlay(v map[int]string) map[int]string {
	for n, value := range id.Extensions {
		v[n] = value
	}
	return v
}

func (id Identity) workflowURI() string {
	if id.Kind == KindGitLab {
		return "https://gitlab.com/" + id.Repository + "//" + id.Workflow + "@" + id.Ref
	}
	return "https://github.com/" + id.Repository + "/.github/workflows/" + id.Workflow + "@" + id.Ref
}

// maxExtension is the highest number that extensions are looked for at.
const maxExtension = 99

// describe writes the identity into a certificate template: the subject
// alternative name and Fulcio's extensions. Those below 8 are raw text, the
// others DER UTF8Strings.
func (id Identity) describe(template *x509.Certificate) error {
	if id.Kind == KindGoogle {
		template.EmailAddresses = []string{id.Email}
	} else {
		u, err := url.Parse(id.workflowURI())
		if err != nil {
			return fmt.Errorf("making the subject alternative name: %w", err)
		}
		template.URIs = []*url.URL{u}
	}
	values := id.extensionValues()
	for n := 1; n <= maxExtension; n++ {
		value := values[n]
		if value == "" {
			continue
		}
		raw := []byte(value)
		if n >= 8 {
			var err error
			if raw, err = asn1.MarshalWithParams(value, "utf8"); err != nil {
				return fmt.Errorf("encoding extension .%d: %w", n, err)
			}
		}
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{
			Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, n}, Value: raw,
		})
	}
	return nil
}
