package lockcheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"assay"
	"assay/internal/lockfile"
)

// IdentityOf renders who made a claim as PEP 751 names publishers; false for one that
// is no attestation by a publisher that PEP 740 knows.
func IdentityOf(c assay.Claim) (lockfile.Identity, bool) {
	if c.Method != "pep740" {
		return lockfile.Identity{}, false
	}
	kind, rest, _ := strings.Cut(c.Identity, ":")
	id := lockfile.Identity{Fields: map[string]string{}}
	set := func(key, value string) {
		if value != "" {
			id.Fields[key] = value
		}
	}
	switch kind {
	case "github", "gitlab":
		repository, workflow, _ := strings.Cut(rest, "@")
		id.Kind = map[string]string{"github": "GitHub", "gitlab": "GitLab"}[kind]
		set("repository", repository)
		set(map[string]string{"github": "workflow", "gitlab": "workflow_filepath"}[kind], workflow)
		set("environment", c.Details["environment"])
	case "google":
		id.Kind = "Google"
		set("email", rest)
	default:
		return id, false
	}
	return id, rest != ""
}

// Derive returns the publisher that attested every one of some files, given the claims
// that were verified of each; else why there is none. What the attestations do not
// agree about, such as the environment, the identity does not say.
func Derive(files []assay.Artifact, claims [][]assay.Claim) (lockfile.Identity, string) {
	var common lockfile.Identity
	for i, a := range files {
		var own []lockfile.Identity
		for _, c := range claims[i] {
			if id, ok := IdentityOf(c); ok && !slices.ContainsFunc(own, func(o lockfile.Identity) bool { return sameIdentity(o, id) }) {
				own = append(own, id)
			}
		}
		switch {
		case len(own) == 0:
			return common, a.Filename + " is attested by nobody"
		case len(own) > 1:
			return common, fmt.Sprintf("%s is attested by %s and %s", a.Filename, IdentityText(own[0]), IdentityText(own[1]))
		case i == 0:
			common = own[0]
			continue
		case IdentityText(own[0]) != IdentityText(common):
			return common, fmt.Sprintf("%s is attested by %s, and %s by %s", files[0].Filename, IdentityText(common), a.Filename, IdentityText(own[0]))
		}
		maps.DeleteFunc(common.Fields, func(key, value string) bool { return own[0].Fields[key] != value })
	}
	if common.Kind == "" {
		return common, "there is no file"
	}
	return common, ""
}

func sameIdentity(a, b lockfile.Identity) bool {
	return a.Kind == b.Kind && maps.Equal(a.Fields, b.Fields)
}

// Holds reports whether identities that a lock names hold for every file.
func Holds(ids []lockfile.Identity, claims [][]assay.Claim) bool {
	for _, list := range claims {
		if _, _, bad := misidentified(lockfile.Package{Identities: ids}, list); bad {
			return false
		}
	}
	return len(ids) > 0
}
