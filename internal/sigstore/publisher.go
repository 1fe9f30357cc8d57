package sigstore

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// The kinds of publisher that are known: Trusted Publishers that sign with a
// certificate whose extensions say who they are.
const (
	GitHub = "GitHub"
	GitLab = "GitLab"
	Google = "Google"
)

// The issuers of the identity tokens behind the kinds, as certificates name them.
const (
	githubIssuer = "https://token.actions.githubusercontent.com"
	gitlabIssuer = "https://gitlab.com"
	googleIssuer = "https://accounts.google.com"
	githubBase   = "https://github.com/"
	gitlabBase   = "https://gitlab.com/"
)

// Publisher is who the index says has uploaded a file. Kind says which of the
// other fields have a meaning; of a kind that is not known nothing else is read.
type Publisher struct {
	Kind        string
	Repository  string // GitHub "owner/name", GitLab "group/…/project"
	Workflow    string // GitHub: file name below .github/workflows; GitLab: path in the repository
	Email       string // Google
	Environment string // GitHub and GitLab: deployment environment, not compared
}

// Known reports whether the publisher is of a kind that can be compared with a
// certificate.
func (p Publisher) Known() bool {
	switch p.Kind {
	case GitHub, GitLab, Google:
		return true
	}
	return false
}

// Identity renders a publisher of a known kind as policies name it:
// "github:owner/repo@workflow.yml", "gitlab:group/project@path", "google:email".
func (p Publisher) Identity() string {
	switch p.Kind {
	case GitHub, GitLab:
		id := strings.ToLower(p.Kind) + ":" + p.Repository
		if p.Workflow != "" {
			id += "@" + p.Workflow
		}
		return id
	case Google:
		return "google:" + p.Email
	}
	return ""
}

// repositoryForm is what a repository's name may look like: parts that hold no
// sign that means something in a URL or in an identity.
var repositoryForm = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$`)

// check reports what is wrong with the fields of a publisher of a known kind.
func (p Publisher) check() error {
	switch p.Kind {
	case GitHub, GitLab:
		if len(p.Repository) > maxName || !repositoryForm.MatchString(p.Repository) {
			return valueError("its repository is not a repository's name")
		}
		if !printable(p.Workflow) || p.Kind == GitHub && strings.Contains(p.Workflow, "/") {
			return valueError("its workflow is not a file's name")
		}
	case Google:
		if !printable(p.Email) || !strings.Contains(p.Email, "@") {
			return valueError("its email is not an address")
		}
	}
	return nil
}

// printable reports whether s can stand in an identity: not empty, bounded,
// without spaces and control characters.
func printable(s string) bool {
	return s != "" && len(s) <= maxName && strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}) < 0
}

func parsePublisher(data jsontext.Value) (Publisher, error) {
	var head struct {
		Kind string `json:"kind"`
	}
	if len(data) == 0 {
		return Publisher{}, valueError("there is none")
	}
	if err := decode(data, MaxProvenanceSize, &head); err != nil {
		return Publisher{}, err
	}
	p := Publisher{Kind: head.Kind}
	if !printable(p.Kind) {
		return Publisher{}, valueError("it has no kind")
	}
	if !p.Known() {
		return p, nil
	}
	var wire struct {
		Repository  string `json:"repository"`
		Workflow    string `json:"workflow"`
		Path        string `json:"workflow_filepath"`
		Email       string `json:"email"`
		Environment string `json:"environment"`
	}
	if err := decode(data, MaxProvenanceSize, &wire); err != nil {
		return Publisher{}, err
	}
	switch p.Kind {
	case GitHub:
		p.Repository, p.Workflow, p.Environment = wire.Repository, wire.Workflow, wire.Environment
	case GitLab:
		p.Repository, p.Workflow, p.Environment = wire.Repository, wire.Path, wire.Environment
	case Google:
		p.Email = wire.Email
	}
	return p, p.check()
}

// Match compares a certificate with the publisher that an index names for it.
// For the publish statement:
//
//	GitHub  .8 is GitHub's issuer, .12 the repository's URL, .18 the workflow's
//	        URL at the commit (.13) or the ref (.14), one of which is present
//	GitLab  the same with its issuer, and both .13 and .14 present
//	Google  the e-mail address, issued for accounts.google.com
//
// For SLSA provenance any workflow of the repository will do: .8 and .12 decide.
// Errors are ErrWrongPublisher and, for a kind that is not known,
// ErrUnknownPublisher.
func (c Certificate) Match(p Publisher, predicateType string) error {
	wrong := func(what, has, want string) error {
		return &problem{class: ErrWrongPublisher, detail: fmt.Sprintf("%s is %q in the certificate, not %q", what, has, want)}
	}
	switch p.Kind {
	case GitHub:
		if c.IssuerV2 != githubIssuer {
			return wrong("the issuer", c.IssuerV2, githubIssuer)
		}
		if want := githubBase + p.Repository; c.SourceRepositoryURI != want {
			return wrong("the repository", c.SourceRepositoryURI, want)
		}
		base := githubBase + p.Repository + "/.github/workflows/" + p.Workflow
		if predicateType != SLSAProvenanceV1 && !c.builtBy(base) {
			return wrong("the workflow", c.BuildConfigURI, base+"@…")
		}
		return nil
	case GitLab:
		if c.IssuerV2 != gitlabIssuer {
			return wrong("the issuer", c.IssuerV2, gitlabIssuer)
		}
		if want := gitlabBase + p.Repository; c.SourceRepositoryURI != want {
			return wrong("the repository", c.SourceRepositoryURI, want)
		}
		base := gitlabBase + p.Repository + "//" + p.Workflow
		if predicateType != SLSAProvenanceV1 &&
			(c.SourceRepositoryDigest == "" || c.SourceRepositoryRef == "" || !c.builtBy(base)) {
			return wrong("the workflow", c.BuildConfigURI, base+"@…")
		}
		return nil
	case Google:
		if c.Issuer != googleIssuer {
			return wrong("the issuer", c.Issuer, googleIssuer)
		}
		if c.Email != p.Email {
			return wrong("the e-mail address", c.Email, p.Email)
		}
		return nil
	}
	return &problem{class: ErrUnknownPublisher, detail: fmt.Sprintf("%q", p.Kind)}
}

// builtBy reports whether the build configuration is the given one at the commit
// or the ref that was built.
func (c Certificate) builtBy(base string) bool {
	at := func(x string) bool { return x != "" && c.BuildConfigURI == base+"@"+x }
	return at(c.SourceRepositoryDigest) || at(c.SourceRepositoryRef)
}

// Publisher derives from the certificate alone which publisher it stands for.
// personal says that it is a person's account at some e-mail address: then only
// Email is set. The error is ErrUnknownPublisher.
func (c Certificate) Publisher() (p Publisher, personal bool, err error) {
	switch {
	case c.Email != "" && c.Issuer == googleIssuer:
		p = Publisher{Kind: Google, Email: c.Email}
	case c.Email != "" && printable(c.Email):
		return Publisher{Email: c.Email}, true, nil
	case c.IssuerV2 == githubIssuer:
		p = c.buildPublisher(GitHub, githubBase, "/.github/workflows/")
	case c.IssuerV2 == gitlabIssuer:
		p = c.buildPublisher(GitLab, gitlabBase, "//")
	default:
		return Publisher{}, false, &problem{class: ErrUnknownPublisher, detail: fmt.Sprintf("a certificate issued for %q", c.Issuer)}
	}
	if err := p.check(); err != nil {
		return Publisher{}, false, &problem{class: ErrUnknownPublisher, detail: "the certificate's " + p.Kind + " identity", cause: err}
	}
	return p, false, nil
}

func (c Certificate) buildPublisher(kind, base, between string) Publisher {
	repository, ok := strings.CutPrefix(c.SourceRepositoryURI, base)
	if !ok {
		return Publisher{Kind: kind}
	}
	p := Publisher{Kind: kind, Repository: repository, Environment: c.Environment}
	path, ok := strings.CutPrefix(c.BuildConfigURI, base+repository+between)
	if !ok {
		return p
	}
	for _, at := range []string{c.SourceRepositoryDigest, c.SourceRepositoryRef} {
		if workflow, ok := strings.CutSuffix(path, "@"+at); ok && at != "" {
			p.Workflow = workflow
			return p
		}
	}
	return p
}
