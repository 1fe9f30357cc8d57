package main

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay"
	"assay/internal/engine"
	"assay/internal/gitobject"
	"assay/internal/gitrepo"
	"assay/internal/installer"
	"assay/internal/intercept"
	"assay/internal/openpgp"
	"assay/internal/sshsig"
)

// forgeKeys are the key ids of the keys with which forges sign what is merged or tagged
// in their web pages: they prove that somebody pressed a button there.
var forgeKeys = map[string]string{
	"4AEE18F83AFDEB23": "GitHub", // until 2024
	"B5690EEEBB952194": "GitHub", // since 2024
}

// sourceTag looks at the tag of a release in a git repository. The error is a
// cancellation or the person's own mistake; what is wrong with the tag is a finding.
func (a *app) sourceTag(ctx context.Context, where, project, version string, keys keyring) (assay.Tag, error) {
	settings, err := a.settings(nil, installer.Options{})
	if err != nil {
		return assay.Tag{}, err
	}
	n, err := a.network(settings)
	if err != nil {
		return assay.Tag{}, err
	}
	repository, err := gitrepo.Open(ctx, where, gitrepo.Options{Transport: intercept.NewUpstream(n.transport.Clone(), n.trust), UserAgent: userAgent()})
	if errors.Is(err, gitrepo.ErrWhere) || errors.Is(err, gitrepo.ErrNotRepository) {
		return assay.Tag{}, usage("give a local clone, or the https URL that 'git clone' takes", "--source: %w", err)
	}
	if err != nil {
		return tagTrouble(ctx, err)
	}
	found, err := repository.ReleaseTag(ctx, project, version)
	if err != nil {
		return tagTrouble(ctx, err)
	}
	return judgeTag(found, keys), nil
}

// outOfReach are the errors that say nothing about the tag.
var outOfReach = []error{gitrepo.ErrServer, gitrepo.ErrTimeout, gitrepo.ErrMissing, gitrepo.ErrAlternates, gitrepo.ErrObjectFormat, gitrepo.ErrRedirect, gitrepo.ErrTooLarge}

// tagTrouble says what an error means.
func tagTrouble(ctx context.Context, err error) (assay.Tag, error) {
	if ctx.Err() != nil {
		return assay.Tag{}, ctx.Err()
	}
	code := assay.TagInvalid
	switch {
	case errors.Is(err, gitrepo.ErrNoTag):
		code = assay.TagAbsent
	case slices.ContainsFunc(outOfReach, func(e error) bool { return errors.Is(err, e) }):
		code = assay.TagUnavailable
	}
	return assay.Tag{Findings: []assay.Finding{{Code: code, Detail: err.Error()}}}, nil
}

// judgeTag verifies the signature of a tag by the keys that grants name. A tag that is
// none but a name for a commit was signed by nobody, whoever signed the commit.
func judgeTag(found *gitrepo.Found, keys keyring) assay.Tag {
	t := assay.Tag{Name: found.Name, Commit: string(found.Target)}
	add := func(code assay.Code, format string, args ...any) {
		t.Findings = append(t.Findings, assay.Finding{Code: code, Detail: openpgp.Printable(fmt.Sprintf(format, args...))})
	}
	if !found.Annotated {
		if forge := forgeOfCommit(found.Commit); forge != "" {
			add(assay.TagForgeKey, "%s names a commit that %s has signed", found.Name, forge)
		}
		add(assay.TagUnsigned, "%s is a name for a commit, without a tag of its own", found.Name)
		return t
	}
	tag, err := gitobject.ParseTag(found.Raw)
	if err != nil {
		add(assay.TagInvalid, "%s: %v", found.Name, err)
		return t
	}
	switch tag.SignatureKind {
	case gitobject.None:
		add(assay.TagUnsigned, "%s", found.Name)
	case gitobject.OpenPGP:
		t.Claims = tagByOpenPGP(found.Name, tag, keys, add)
	case gitobject.SSH:
		t.Claims = tagBySSH(found.Name, tag, keys, add)
	default:
		add(assay.TagUnknownKey, "%s, with a certificate (X.509), which assay does not verify", found.Name)
	}
	return t
}

// forgeOfCommit returns the forge whose own key a commit names, as the signature says of
// itself.
func forgeOfCommit(raw []byte) string {
	commit, err := gitobject.ParseCommit(raw)
	if err != nil || commit.SignatureKind != gitobject.OpenPGP {
		return ""
	}
	signatures, err := openpgp.ReadSignatures(commit.Signature)
	if err != nil {
		return ""
	}
	for _, s := range signatures {
		if forge := forgeOf(s.Issuer()); forge != "" {
			return forge
		}
	}
	return ""
}

// forgeOf names the forge of a key id, or of a fingerprint, which ends with it.
func forgeOf(issuer string) string {
	if len(issuer) < 16 {
		return ""
	}
	return forgeKeys[strings.ToUpper(issuer[len(issuer)-16:])]
}

type findings func(code assay.Code, format string, args ...any)

func tagByOpenPGP(name string, tag *gitobject.Tag, keys keyring, add findings) []assay.Claim {
	signatures, err := openpgp.ReadSignatures(tag.Signature)
	if err != nil {
		add(assay.TagInvalid, "%s: %v", name, err)
		return nil
	}
	var claims []assay.Claim
	for _, s := range signatures {
		certs, err := openpgp.Merge(keys.OpenPGP(s.Issuer())...)
		if err != nil { // no copy of it may be taken alone: another one may have its revocation
			add(assay.TagInvalid, "%s: %v", name, err)
			continue
		}
		if len(certs) == 0 {
			if forge := forgeOf(s.Issuer()); forge != "" {
				add(assay.TagForgeKey, "%s, by %s", name, forge)
			} else {
				add(assay.TagUnknownKey, "%s, openpgp:%s", name, s.Issuer())
			}
			continue
		}
		for _, c := range certs[:min(len(certs), maxTagKeys)] {
			h := s.NewHash()
			if h == nil {
				algorithm, _ := s.Hashing()
				add(assay.TagInvalid, "%s: its hash %s is not known", name, algorithm)
				break
			}
			h.Write(tag.Payload)
			v, err := s.Verify(c, h)
			if err != nil {
				add(assay.TagInvalid, "%s: %v", name, err)
				continue
			}
			claims = append(claims, assay.Claim{Method: "openpgp", Identity: identityOf(assay.GrantOpenPGP, string(v.Signer)), Role: assay.RoleTag,
				Signed: v.Created, Ends: v.Ends, Weak: v.Weak, Details: map[string]string{"key": string(v.Key)}})
		}
	}
	return claims
}

// maxTagKeys bounds the certificates that one signature is held against.
const maxTagKeys = 4

func tagBySSH(name string, tag *gitobject.Tag, keys keyring, add findings) []assay.Claim {
	s, err := sshsig.Parse(tag.Signature)
	if err != nil {
		add(assay.TagInvalid, "%s: %v", name, err)
		return nil
	}
	identity := identityOf(assay.GrantSSH, s.Key().Fingerprint())
	var digest []byte
	switch s.HashAlgorithm() {
	case "sha256":
		sum := sha256.Sum256(tag.Payload)
		digest = sum[:]
	default:
		sum := sha512.Sum512(tag.Payload)
		digest = sum[:]
	}
	err = s.Verify("git", digest)
	switch known := keys.SSH(s.Key().Fingerprint()); {
	case !known:
		add(assay.TagUnknownKey, "%s, %s", name, identity)
	case err != nil:
		add(assay.TagInvalid, "%s: %v", name, err)
	default:
		return []assay.Claim{{Method: "ssh", Identity: identity, Role: assay.RoleTag}}
	}
	return nil
}

// withTag returns what joins what a release's tag comes to with the judgement of a file;
// it does nothing where nobody asked for the tag.
func (j judging) withTag(tag *assay.Tag) func(*engine.Judgement) {
	return func(judged *engine.Judgement) {
		if tag == nil {
			return
		}
		a := judged.Subject.Artifact
		claims := append(claimsOf(*judged), tag.Claims...) // so that the rules say what else those keys may sign
		judged.Decision = judged.Decision.Join(assay.DecideTag(j.For(a, claims), a, *tag, judged.Evidence, judged.Time))
	}
}
