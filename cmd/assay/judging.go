package main

import (
	"errors"
	"os"
	"path/filepath"

	"assay"
	"assay/internal/index"
	"assay/internal/policy"
	"assay/internal/report"
	"assay/internal/signature"
	"assay/internal/trust"
)

// judging is what a command judges by: the policy, and who may speak for which project.
type judging struct {
	*policy.Policy
	store *trust.Store
}

// For returns the rules for an artifact, its grants among them. The keys that a project's
// policy names are wanted beside what the person's own files want, and speak for nobody:
// else a stranger's file would grant by naming a key what its trust.toml may not.
func (j judging) For(a assay.Artifact, claims []assay.Claim) assay.Rules {
	r := j.Policy.For(a, claims)
	if len(r.Grants) > 0 && !j.store.TakesTheirs() && j.Policy.OfProject(r.Origins["publisher"]) {
		r.Grants = nil
	}
	return j.store.Apply(r, a, claims)
}

// beside says where signatures of a file may lie: only where a key may sign the project
// are they looked for.
func (j judging) beside(a assay.Artifact) []index.Beside {
	if a.Version == "" {
		return nil
	}
	rules := j.Policy.For(a, nil)
	var out []index.Beside
	if a.Signature != "" && (len(rules.Grants) > 0 || j.store.Names(a.Project)) {
		out = append(out, index.Beside{Kind: assay.OpenPGPSignature, URL: a.Signature, Offered: true})
	}
	own, theirs := j.store.Places(a)
	for _, template := range rules.Places {
		if j.Policy.OfProject(rules.Origins["signature"]) {
			theirs = append(theirs, signature.Place(template, a))
		} else {
			own = append(own, signature.Place(template, a))
		}
	}
	for _, place := range own {
		out = append(out, index.Beside{Kind: signature.KindOf(place), URL: place})
	}
	for _, place := range theirs {
		out = append(out, index.Beside{Kind: signature.KindOf(place), URL: place, Led: true})
	}
	return out
}

// judging reads what holds here: the policy that --policy names and the grants beside
// it, else the person's own and those that came with the project.
func (a *app) judging(named string) (judging, error) {
	p, err := a.policy(named)
	if err != nil {
		return judging{}, err
	}
	store, err := a.trustStore(named)
	if err != nil {
		return judging{}, err
	}
	store.Know(p.Keys()...)
	for _, note := range store.Notes() {
		a.warn("%s", note)
	}
	return judging{p, store}, nil
}

// trustStore joins the grants that hold here.
func (a *app) trustStore(named string) (*trust.Store, error) {
	path := a.ownTrust()
	if named != "" {
		path = filepath.Join(filepath.Dir(a.absolute(named)), trustName)
	}
	var own, theirs *trust.File
	var lock *trust.Lock
	var err error
	if path != "" {
		if own, err = a.readTrust(path); err == nil {
			lock, err = a.readImports(path)
		}
	}
	if err != nil {
		return nil, err
	}
	alone := false
	if named == "" {
		if theirs, err = a.projectTrust(path); err != nil {
			return nil, err
		}
		_, missing := os.Stat(a.ownPolicy())
		alone = errors.Is(missing, os.ErrNotExist)
	}
	store, err := trust.Join(own, lock, theirs, alone)
	if err != nil {
		return nil, usage("correct the certificates in trust.toml", "%w", err)
	}
	return store, nil
}

// projectTrust finds the nearest trust.toml upward, as policies are found; nil where it
// is the person's own, or there is none.
func (a *app) projectTrust(own string) (*trust.File, error) {
	dir := a.cwd
	for range maxUpward {
		path := filepath.Join(dir, trustName)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			if own != "" && sameFile(path, own) {
				return nil, nil
			}
			f, err := a.readTrust(path)
			if f != nil {
				f.Name = a.near(path)
			}
			return f, err
		}
		parent := filepath.Dir(dir)
		if parent == dir || isShared(parent) {
			return nil, nil
		}
		dir = parent
	}
	return nil, nil
}

// identityOf renders a grant's identity as memory and reports name it.
func identityOf(kind assay.GrantKind, key string) string {
	return assay.Grant{Kind: kind, Key: key}.Identity()
}

// explained are the grants of a project, with what is known of their keys.
func (j judging) explained(a assay.Artifact) []report.ExplainedGrant {
	var out []report.ExplainedGrant
	for _, g := range j.For(a, nil).Grants {
		out = append(out, report.ExplainedGrant{Grant: g, About: aboutKey(j.store, g)})
	}
	return out
}

// aboutKey says what is known of a grant's key.
func aboutKey(store *trust.Store, g assay.Grant) []string {
	if g.Kind != assay.GrantOpenPGP {
		return nil
	}
	for _, c := range store.OpenPGP(g.Key) {
		if string(c.Fingerprint()) == g.Key {
			return describeKey(trust.Key{Kind: g.Kind, Certificate: c})
		}
	}
	return []string{"its certificate is not at hand: no signature of it can be verified"}
}
