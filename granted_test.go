package assay_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"assay"
)

// The keys of the tests, and two publishers.
var (
	keyA = strings.Repeat("A", 40)
	keyB = strings.Repeat("B", 40)
	keyC = strings.Repeat("C", 40)
)

const (
	acmeFoo = "github:acme/foo@release.yml"
	evilFoo = "github:evil/foo@release.yml"
	pageFoo = "https://index.example.invalid/simple/foo/"
	wheel20 = "foo-2.0-py3-none-any.whl"
)

// on is the beginning of a day of 2026.
func on(month, day int) time.Time {
	return time.Date(2026, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// signs is the claim of an OpenPGP key about a file.
func signs(key string, change ...func(*assay.Claim)) assay.Claim {
	c := assay.Claim{Method: "openpgp", Identity: "openpgp:" + key, Role: assay.RoleArtifact, Signed: on(1, 19)}
	for _, f := range change {
		f(&c)
	}
	return c
}

// publishes is the claim of a publisher.
func publishes(identity string) assay.Claim { return assay.Claim{Method: "pep740", Identity: identity} }

// lets is a grant for an OpenPGP key.
func lets(key string, change ...func(*assay.Grant)) assay.Grant {
	g := assay.Grant{Kind: assay.GrantOpenPGP, Key: key, Until: on(12, 1), From: "local", Origin: "trust.toml:3", Reason: "its release key"}
	for _, f := range change {
		f(&g)
	}
	return g
}

func ofKind(kind assay.GrantKind) func(*assay.Grant) { return func(g *assay.Grant) { g.Kind = kind } }
func until(t time.Time) func(*assay.Grant)           { return func(g *assay.Grant) { g.Until = t } }
func denied(g *assay.Grant)                          { g.Denied, g.Origin, g.Reason = true, "trust.toml:9", "stolen" }
func fallen(g *assay.Grant)                          { g.CertifiedBy, g.Withdrawn = []string{keyC}, "openpgp:"+keyC }
func firstUse(g *assay.Grant)                        { g.FirstUse, g.From, g.Origin = true, "first use", "" }
func placed(g *assay.Grant)                          { g.Placed = true }
func theirs(g *assay.Grant)                          { g.Theirs = true }
func outside(g *assay.Grant)                         { g.Versions, g.Outside = "<2", true }
func forRoles(roles ...assay.Role) func(*assay.Grant) {
	return func(g *assay.Grant) { g.Roles = roles }
}
func waiving(what ...string) func(*assay.Grant) { return func(g *assay.Grant) { g.Waive = what } }

func ending(t time.Time) func(*assay.Claim)      { return func(c *assay.Claim) { c.Ends = t } }
func dated(t time.Time) func(*assay.Claim)       { return func(c *assay.Claim) { c.Signed = t } }
func weakBy(w ...string) func(*assay.Claim)      { return func(c *assay.Claim) { c.Weak = w } }
func as(role assay.Role) func(*assay.Claim)      { return func(c *assay.Claim) { c.Role = role } }
func grants(list ...assay.Grant) []assay.Grant   { return list }
func madeBy(maker string) func(*assay.Claim)     { return func(c *assay.Claim) { c.Maker = maker } }
func kin(keys ...string) func(*assay.Claim)      { return func(c *assay.Claim) { c.Kin = keys } }
func inSSH(c *assay.Claim)                       { c.Identity = "ssh:SHA256:abc" }
func claimsOf(list ...assay.Claim) []assay.Claim { return list }

// was is a file of an earlier version, with the keys that had signed it.
func was(version string, order int, keys ...string) assay.Sighting {
	s := assay.Sighting{Version: version, Filename: "foo-" + version + "-py3-none-any.whl", Index: pageFoo, Uploaded: on(1, 3), First: on(1, 4), Order: order}
	for _, k := range keys {
		s.Keys = append(s.Keys, assay.Identity{Name: "openpgp:" + k})
	}
	return s
}

func sighting(s assay.Sighting, change func(*assay.Sighting)) assay.Sighting {
	change(&s)
	return s
}

// grantCase is a file of foo 2.0, uploaded on 2026-01-20, that is judged on 2026-06-01.
type grantCase struct {
	grants   []assay.Grant
	foreign  map[string][]string
	rules    func(*assay.Rules)
	artifact func(*assay.Artifact)
	keys     []assay.Claim // of keys, each in evidence that holds
	by       []assay.Claim // of publishers
	unknown  string        // a key that is not known
	pending  bool          // there is a signature of which only the bytes will tell
	computed bool          // the digest is computed, and not promised
	first    time.Time     // when these bytes were let through before
	before   []assay.Sighting
	accepted []assay.Waiver
	waived   bool
	want     string
}

func (c grantCase) decide() assay.Decision {
	sum := assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: "foo", Version: "2.0", Filename: wheel20, Index: pageFoo, UploadTime: on(1, 20)}
	bytesHold := assay.Claim{Method: "sha256"}
	if c.computed {
		bytesHold.Digest = sum
	} else {
		a.Digests = []assay.Digest{sum}
	}
	if c.artifact != nil {
		c.artifact(&a)
	}
	rules := assay.DefaultRules()
	rules.Grants, rules.Foreign = c.grants, c.foreign
	rules.Origins = map[string]string{"signatures": "assay.toml:4", "mode": "assay.toml:1"}
	if c.rules != nil {
		c.rules(&rules)
	}
	evidence := []assay.Evidence{verified(bytesHold)}
	if len(c.by) > 0 {
		evidence = append(evidence, assay.Evidence{Verifier: "pep740", State: assay.Verified, Claims: c.by})
	}
	switch {
	case c.pending:
		evidence = append(evidence, assay.Evidence{Verifier: "ssh", State: assay.Pending})
		fallthrough
	case len(c.keys) > 0:
		evidence = append(evidence, assay.Evidence{Verifier: "openpgp", State: assay.Verified, Claims: c.keys})
	case c.unknown != "":
		evidence = append(evidence, assay.Evidence{Verifier: "openpgp", State: assay.Absent,
			Findings: []assay.Finding{{Code: assay.SignatureUnknownKey, Detail: c.unknown}}})
	}
	memory := assay.Memory{Sightings: c.before, Accepted: c.accepted}
	if !c.first.IsZero() {
		memory.Files = map[assay.FileKey]assay.SeenFile{{Index: pageFoo, Filename: wheel20}: {Digest: sum, First: c.first, Route: "run"}}
	}
	return assay.Decide(rules, a, evidence, memory, now)
}

var (
	foreign   = map[string][]string{"openpgp:" + keyB: {"bar"}}
	own       = sighting(was("2.0", 0), func(s *assay.Sighting) { s.Uploaded, s.First = on(1, 20), on(2, 1) })
	published = sighting(was("1.0", -1), func(s *assay.Sighting) { s.Publishers = []assay.Identity{{Name: acmeFoo}} })
)

func sdist(s *assay.Sighting)     { s.Filename = "foo-" + s.Version + ".tar.gz" }
func required(r *assay.Rules)     { r.Evidence = assay.RequireEvidence }
func audit(r *assay.Rules)        { r.Mode = assay.Audit }
func waivedOne(s *assay.Sighting) { s.Waived = true }
func attestedOne(s *assay.Sighting) {
	s.Publishers = []assay.Identity{{Name: "github:acme/foo@release.yml"}}
}
func signatures(n int) func(*assay.Rules) { return func(r *assay.Rules) { r.Signatures = n } }
func accept(codes ...assay.Code) []assay.Waiver {
	return []assay.Waiver{{Codes: codes, Version: "2.0", Until: on(7, 1), Reason: "we looked", Origin: "by ann"}}
}
func theseBytes(change ...func(*assay.Grant)) assay.Grant {
	return lets(strings.Repeat("a", 64), append([]func(*assay.Grant){ofKind(assay.GrantSHA256)}, change...)...)
}
func publisher(pattern string, change ...func(*assay.Grant)) assay.Grant {
	return lets(pattern, append([]func(*assay.Grant){ofKind(assay.GrantPublisher)}, change...)...)
}

// grantCases follow the table in granted's comment.
var grantCases = map[string]grantCase{
	// A key that is granted, whose signature holds, counts.
	"granted":                              {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA))},
	"granted, in a policy that has no end": {grants: grants(lets(keyA, until(time.Time{}))), keys: claimsOf(signs(keyA))},
	"granted, in the other case":           {grants: grants(lets(strings.ToLower(keyA))), keys: claimsOf(signs(keyA))},
	"granted for artifacts":                {grants: grants(lets(keyA, forRoles(assay.RoleArtifact))), keys: claimsOf(signs(keyA))},
	"granted for nothing in particular, a list of checksums": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, as(assay.RoleChecksums)))},
	"granted, an SSH key": {grants: grants(lets("SHA256:abc", ofKind(assay.GrantSSH))), keys: claimsOf(signs("", func(c *assay.Claim) { c.Identity = "ssh:SHA256:abc" }))},
	"granted, an SSH key in the other case": {grants: grants(lets("SHA256:abc", ofKind(assay.GrantSSH))), keys: claimsOf(signs("", func(c *assay.Claim) { c.Identity = "ssh:SHA256:ABC" })),
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: ssh:SHA256:ABC\n"},
	"granted, and required":   {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA)), rules: required},
	"nobody granted anything": {keys: nil},
	"nobody granted anything, and it is required": {rules: required,
		want: "error evidence.required: the rules require to know who published foo-2.0-py3-none-any.whl, and nothing says so\n"},
	"nobody granted anything, and a key has signed": {keys: claimsOf(signs(keyA)),
		want: "note signature.unknown-key: the file is signed, by a key that no grant names: KEY-A\n"},

	// What is denied wins.
	"denied": {grants: grants(lets(keyA, denied)), keys: claimsOf(signs(keyA)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n"},
	"denied by the subkey that has signed": {grants: grants(lets(keyA), lets(keyC, denied)),
		keys: claimsOf(signs(keyA, func(c *assay.Claim) { c.Details = map[string]string{"key": keyC} })),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A by its key " + keyC + ", local, trust.toml:9: stolen\n"},
	"denied after it was granted": {grants: grants(lets(keyA), lets(keyA, denied)), keys: claimsOf(signs(keyA)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n"},
	"denied before it was granted": {grants: grants(lets(keyA, denied), lets(keyA)), keys: claimsOf(signs(keyA)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n"},
	"denied, beside one that counts": {grants: grants(lets(keyA), lets(keyB, denied)), keys: claimsOf(signs(keyA), signs(keyB)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-B, local, trust.toml:9: stolen\n"},
	"denied, for other versions, roles and an end": {grants: grants(lets(keyA, denied, outside, until(on(1, 1)), forRoles(assay.RoleTag))), keys: claimsOf(signs(keyA)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n"},
	"denied, and bytes that were seen before": {grants: grants(lets(keyA, denied)), keys: claimsOf(signs(keyA)), first: on(2, 1), before: []assay.Sighting{own},
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n"},
	"denied, in audit mode": {grants: grants(lets(keyA, denied)), keys: claimsOf(signs(keyA)), rules: audit,
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n"},
	"denied, while another is pending": {grants: grants(lets(keyA, denied)), keys: claimsOf(signs(keyA)), pending: true,
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n"},
	"denied, and bytes that are granted": {grants: grants(lets(keyA, denied), theseBytes()), keys: claimsOf(signs(keyA)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n" +
			"note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"denied for a key that has not signed": {grants: grants(lets(keyA), lets(keyB, denied)), keys: claimsOf(signs(keyA))},

	// A key of another project.
	"another project's": {grants: grants(lets(keyA)), foreign: foreign, keys: claimsOf(signs(keyB)),
		want: "error signature.wrong-project: the signature is valid, and its key is another project's: KEY-B may sign bar, and nobody let it sign foo\n"},
	"another project's, and none is granted here": {foreign: foreign, keys: claimsOf(signs(keyB)),
		want: "error signature.wrong-project: the signature is valid, and its key is another project's: KEY-B may sign bar, and nobody let it sign foo\n"},
	"another project's, beside one that counts": {grants: grants(lets(keyA)), foreign: foreign, keys: claimsOf(signs(keyB), signs(keyA)),
		want: "note signature.wrong-project: the signature is valid, and its key is another project's: KEY-B may sign bar, and nobody let it sign foo\n"},
	"another project's, and this one's as well": {grants: grants(lets(keyB)), foreign: foreign, keys: claimsOf(signs(keyB))},
	"two other projects'": {foreign: map[string][]string{"openpgp:" + keyB: {"bar", "baz"}}, keys: claimsOf(signs(keyB)),
		want: "error signature.wrong-project: the signature is valid, and its key is another project's: KEY-B may sign bar and baz, and nobody let it sign foo\n"},
	"another project's, in audit mode": {grants: grants(lets(keyA)), foreign: foreign, keys: claimsOf(signs(keyB)), rules: audit,
		want: "error signature.wrong-project: the signature is valid, and its key is another project's: KEY-B may sign bar, and nobody let it sign foo\n"},
	"another project's, in the name of a publisher that is known": {foreign: foreign, keys: claimsOf(signs(keyB)), by: claimsOf(publishes(acmeFoo)),
		want: "error signature.wrong-project: the signature is valid, and its key is another project's: KEY-B may sign bar, and nobody let it sign foo\n"},

	// A key of the project, for something else.
	"other versions": {grants: grants(lets(keyA, outside)), keys: claimsOf(signs(keyA)),
		want: "error grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A is granted for the versions <2 (local, trust.toml:3)\n"},
	"other versions, beside one that counts": {grants: grants(lets(keyA, outside), lets(keyB)), keys: claimsOf(signs(keyA), signs(keyB)),
		want: "note grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A is granted for the versions <2 (local, trust.toml:3)\n"},
	"other versions by one grant, these by another": {grants: grants(lets(keyA, outside), lets(keyA)), keys: claimsOf(signs(keyA))},
	"another role": {grants: grants(lets(keyA, forRoles(assay.RoleTag))), keys: claimsOf(signs(keyA)),
		want: "error grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A has signed a thing of the kind \"artifact\", which it is not granted for (local, trust.toml:3)\n"},
	"another role, beside one that counts": {grants: grants(lets(keyA, forRoles(assay.RoleTag)), lets(keyB)), keys: claimsOf(signs(keyA), signs(keyB)),
		want: "note grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A has signed a thing of the kind \"artifact\", which it is not granted for (local, trust.toml:3)\n"},
	"a tag, for which nothing was said": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, as(assay.RoleTag))),
		want: "error grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A has signed a thing of the kind \"tag\", which it is not granted for (local, trust.toml:3)\n"},
	"checksums, for artifacts only": {grants: grants(lets(keyA, forRoles(assay.RoleArtifact))), keys: claimsOf(signs(keyA, as(assay.RoleChecksums))),
		want: "error grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A has signed a thing of the kind \"checksums\", which it is not granted for (local, trust.toml:3)\n"},
	"unfit, accepted": {grants: grants(lets(keyA, outside)), keys: claimsOf(signs(keyA)), accepted: accept(assay.GrantUnfit), waived: true,
		want: "warning grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A is granted for the versions <2 (local, trust.toml:3) (accepted until 2026-06-30, by ann: we looked)\n"},

	// A grant that has ended.
	"ended": {grants: grants(lets(keyA, until(on(3, 1)))), keys: claimsOf(signs(keyA)),
		want: "error grant.ended: the grant of the key that has signed foo-2.0-py3-none-any.whl has ended: KEY-A was granted until 2026-02-28 (local, trust.toml:3)\n"},
	"ended, beside one that counts": {grants: grants(lets(keyA, until(on(3, 1))), lets(keyB)), keys: claimsOf(signs(keyA), signs(keyB)),
		want: "note grant.ended: the grant of the key that has signed foo-2.0-py3-none-any.whl has ended: KEY-A was granted until 2026-02-28 (local, trust.toml:3)\n"},
	"ended, and the bytes were seen before that": {grants: grants(lets(keyA, until(on(3, 1)))), keys: claimsOf(signs(keyA)), first: on(2, 28)},
	"ended, and the bytes were seen on that day": {grants: grants(lets(keyA, until(on(3, 1)))), keys: claimsOf(signs(keyA)), first: on(3, 1),
		want: "error grant.ended: the grant of the key that has signed foo-2.0-py3-none-any.whl has ended: KEY-A was granted until 2026-02-28 (local, trust.toml:3)\n"},
	"ended, and only uploaded before that": {grants: grants(lets(keyA, until(on(3, 1)))), keys: claimsOf(signs(keyA)), artifact: func(a *assay.Artifact) { a.UploadTime = on(2, 1) },
		want: "error grant.ended: the grant of the key that has signed foo-2.0-py3-none-any.whl has ended: KEY-A was granted until 2026-02-28 (local, trust.toml:3)\n"},
	"ended, and given anew": {grants: grants(lets(keyA, until(on(3, 1))), lets(keyA)), keys: claimsOf(signs(keyA))},
	"ended, in audit mode": {grants: grants(lets(keyA, until(on(3, 1)))), keys: claimsOf(signs(keyA)), rules: audit, waived: true,
		want: "warning grant.ended: the grant of the key that has signed foo-2.0-py3-none-any.whl has ended: KEY-A was granted until 2026-02-28 (local, trust.toml:3) (only reported: assay.toml:1 says audit)\n"},

	// A key that has ended.
	"key ended before the upload": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, ending(on(1, 10)))),
		want: "error signature.key-ended: the key that has signed foo-2.0-py3-none-any.whl had ended before the file was seen: KEY-A ended on 2026-01-10, and nobody saw the file before 2026-01-20\n"},
	"key ended on the day of the upload": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, ending(on(1, 20)))),
		want: "error signature.key-ended: the key that has signed foo-2.0-py3-none-any.whl had ended before the file was seen: KEY-A ended on 2026-01-20, and nobody saw the file before 2026-01-20\n"},
	"key ended before the upload, beside one that counts": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA, ending(on(1, 10))), signs(keyB)),
		want: "note signature.key-ended: the key that has signed foo-2.0-py3-none-any.whl had ended before the file was seen: KEY-A ended on 2026-01-10, and nobody saw the file before 2026-01-20\n"},
	"key ended after the upload": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, ending(on(1, 21)))),
		want: "warning signature.key-ended: the key that has signed foo-2.0-py3-none-any.whl had ended before the file was seen: KEY-A ended on 2026-01-21, and only the index says that the file is of 2026-01-20\n"},
	"signed before, elsewhere": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)}, artifact: func(a *assay.Artifact) { a.Index = "https://other.example.invalid/simple/foo/" },
		want: "warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"signed before, elsewhere, and its signatures have their own place": {grants: grants(lets(keyA, placed)), before: []assay.Sighting{was("1.0", -1, keyA)}, artifact: func(a *assay.Artifact) { a.Index = "https://other.example.invalid/simple/foo/" },
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed before, said to be of an earlier day, and its signatures have their own place": {grants: grants(lets(keyA, placed)), before: []assay.Sighting{was("1.0", -1, keyA)}, artifact: func(a *assay.Artifact) { a.UploadTime = on(1, 1) },
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-01\n"},
	"a project's file lets a key sign, and provenance is no more": {grants: grants(lets(keyA, theirs)), keys: claimsOf(signs(keyA)), before: []assay.Sighting{published}, waived: false,
		want: "error provenance.lost: the project's earlier files had provenance and this one has none: LAST came from github:acme/foo@release.yml, and nobody has signed this one, uploaded 2026-01-20\n"},
	"a project's file vouches for these bytes, and they are not signed": {grants: grants(lets(keyA), theseBytes(theirs)), before: []assay.Sighting{was("1.0", -1, keyA)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n" +
			"note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"key ended after the upload, which only a stranger tells": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, ending(on(1, 21)))), artifact: func(a *assay.Artifact) { a.Led = true },
		want: "error signature.key-ended: the key that has signed foo-2.0-py3-none-any.whl had ended before the file was seen: KEY-A ended on 2026-01-21, and nobody saw the file before 2026-06-01\n"},
	"key ended, and nobody says when it was uploaded": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, ending(on(4, 1)))), artifact: func(a *assay.Artifact) { a.UploadTime = time.Time{} },
		want: "error signature.key-ended: the key that has signed foo-2.0-py3-none-any.whl had ended before the file was seen: KEY-A ended on 2026-04-01, and nobody saw the file before 2026-06-01\n"},
	"key ended, and the bytes were seen before that": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, ending(on(4, 1)))), artifact: func(a *assay.Artifact) { a.UploadTime = time.Time{} }, first: on(3, 1)},
	"key ends in a year":                             {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, ending(on(12, 31))))},

	// A signature from the future.
	"from the future": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, dated(now.Add(time.Hour)))),
		want: "error signature.future: the signature is from the future: it is dated 2026-06-01T13:00:00Z, the clock says 2026-06-01T12:00:00Z\n"},
	"from the future, beside one that counts": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA, dated(now.Add(time.Hour))), signs(keyB)),
		want: "note signature.future: the signature is from the future: it is dated 2026-06-01T13:00:00Z, the clock says 2026-06-01T12:00:00Z\n"},
	"from the future, by less than clocks differ": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, dated(now.Add(9*time.Minute))))},

	// A signature that is too weak.
	"weak": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA, weakBy("sha1", "rsa1024"))),
		want: "error signature.weak: the signature is too weak to believe: KEY-A: sha1, rsa1024\n"},
	"weak, beside one that counts": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA, weakBy("sha1")), signs(keyB)),
		want: "note signature.weak: the signature is too weak to believe: KEY-A: sha1\n"},
	"weak, which the grant lets pass": {grants: grants(lets(keyA, waiving("sha1"))), keys: claimsOf(signs(keyA, weakBy("sha1"))),
		want: "warning signature.weak: the signature is too weak to believe: KEY-A: sha1, which the grant lets pass (local, trust.toml:3)\n"},
	"weak, of which the grant lets half pass": {grants: grants(lets(keyA, waiving("sha1"))), keys: claimsOf(signs(keyA, weakBy("sha1", "rsa1024"))),
		want: "error signature.weak: the signature is too weak to believe: KEY-A: rsa1024\n"},
	"weak, which the second grant lets pass": {grants: grants(lets(keyA), lets(keyA, waiving("sha1"))), keys: claimsOf(signs(keyA, weakBy("sha1"))),
		want: "warning signature.weak: the signature is too weak to believe: KEY-A: sha1, which the grant lets pass (local, trust.toml:3)\n"},
	"weak, which the first grant lets pass": {grants: grants(lets(keyA, waiving("sha1")), lets(keyA)), keys: claimsOf(signs(keyA, weakBy("sha1"))),
		want: "warning signature.weak: the signature is too weak to believe: KEY-A: sha1, which the grant lets pass (local, trust.toml:3)\n"},
	"weak, which another key's grant lets pass": {grants: grants(lets(keyA), lets(keyB, waiving("sha1"))), keys: claimsOf(signs(keyA, weakBy("sha1"))),
		want: "error signature.weak: the signature is too weak to believe: KEY-A: sha1\n"},

	// How many keys.
	"two of two": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA), signs(keyB)), rules: signatures(2)},
	"one of two": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA)), rules: signatures(2),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A\n"},
	"one of two, twice": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA), signs(keyA, dated(on(1, 1)))), rules: signatures(2),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A\n"},
	"one of two, and one that is not granted": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA), signs(keyB)), rules: signatures(2),
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: KEY-B\n" +
			"error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A\n"},
	"two of two, and one that is not granted": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyC), signs(keyB), signs(keyA)), rules: signatures(2),
		want: "note signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: KEY-C\n"},
	"none of one": {grants: grants(lets(keyA)), rules: signatures(1),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 0 of the 1 different keys that assay.toml:4 wants have signed it\n"},
	"none of two, and bytes that are granted": {grants: grants(lets(keyA), theseBytes()), rules: signatures(2),
		want: "note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"one of two, accepted": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA)), rules: signatures(2), accepted: accept(assay.SignatureTooFew), waived: true,
		want: "warning signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A (accepted until 2026-06-30, by ann: we looked)\n"},
	"one of two, in audit mode": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA)), rules: func(r *assay.Rules) { signatures(2)(r); audit(r) }, waived: true,
		want: "warning signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A (only reported: assay.toml:1 says audit)\n"},

	// Bytes that are granted.
	"these bytes": {grants: grants(theseBytes()),
		want: "note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"these bytes, required": {grants: grants(theseBytes()), rules: required,
		want: "note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"these bytes, by a digest that nobody promised": {grants: grants(theseBytes()), rules: required, computed: true,
		want: "note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"other bytes": {grants: grants(theseBytes(func(g *assay.Grant) { g.Key = strings.Repeat("b", 64) }))},
	"these bytes, denied": {grants: grants(theseBytes(denied)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: its bytes, local, trust.toml:9: stolen\n"},
	"these bytes, denied, and computed": {grants: grants(theseBytes(denied)), computed: true,
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: its bytes, local, trust.toml:9: stolen\n"},
	"these bytes, granted and denied": {grants: grants(theseBytes(), theseBytes(denied)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: its bytes, local, trust.toml:9: stolen\n" +
			"note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"these bytes, denied, and a key that counts": {grants: grants(lets(keyA), theseBytes(denied)), keys: claimsOf(signs(keyA)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: its bytes, local, trust.toml:9: stolen\n"},
	"these bytes, denied, while a signature is pending": {grants: grants(theseBytes(denied)), pending: true,
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: its bytes, local, trust.toml:9: stolen\n"},
	"these bytes, until an end": {grants: grants(theseBytes(until(on(3, 1)))), rules: required,
		want: "error evidence.required: the rules require to know who published foo-2.0-py3-none-any.whl, and nothing says so\n"},
	"these bytes, until an end, and seen before": {grants: grants(theseBytes(until(on(3, 1)))), rules: required, first: on(2, 1),
		want: "note grant.bytes: somebody vouches for these very bytes: until 2026-02-28 (local, trust.toml:3): its release key\n"},
	"these bytes, of other versions": {grants: grants(theseBytes(outside)), rules: required,
		want: "error evidence.required: the rules require to know who published foo-2.0-py3-none-any.whl, and nothing says so\n"},
	"these bytes, and provenance that is no more": {grants: grants(theseBytes()), before: []assay.Sighting{published},
		want: "warning provenance.partial: some of the project's files have provenance and this one has none: LAST came from github:acme/foo@release.yml, and nobody has signed this one, uploaded 2026-01-20\n" +
			"note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},

	// Publishers that are granted.
	"a publisher":           {grants: grants(publisher("github:acme/foo")), by: claimsOf(publishes(acmeFoo))},
	"a publisher, required": {grants: grants(publisher("github:acme/foo")), by: claimsOf(publishes(acmeFoo)), rules: required},
	"another publisher": {grants: grants(publisher("github:acme/foo")), by: claimsOf(publishes(evilFoo)),
		want: "error publisher.unexpected: the file does not come from whom the policy names for foo: it was published by github:evil/foo@release.yml, and the grants name github:acme/foo\n"},
	"another publisher, accepted": {grants: grants(publisher("github:acme/foo")), by: claimsOf(publishes(evilFoo)), accepted: accept(assay.PublisherUnexpected), waived: true,
		want: "warning publisher.unexpected: the file does not come from whom the policy names for foo: it was published by github:evil/foo@release.yml, and the grants name github:acme/foo (accepted until 2026-06-30, by ann: we looked)\n"},
	"another publisher, and a key that vouches": {grants: grants(publisher("github:acme/foo"), lets(keyA)), by: claimsOf(publishes(evilFoo)), keys: claimsOf(signs(keyA))},
	"another publisher, and bytes that are granted": {grants: grants(publisher("github:acme/foo"), theseBytes()), by: claimsOf(publishes(evilFoo)),
		want: "note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"another publisher, while a signature is pending": {grants: grants(publisher("github:acme/foo")), by: claimsOf(publishes(evilFoo)), pending: true},
	"one of two publishers":                           {grants: grants(publisher("github:acme/foo"), publisher("github:evil/foo")), by: claimsOf(publishes(evilFoo))},
	"none of two publishers": {grants: grants(publisher("github:acme/foo"), publisher("github:acme/bar")), by: claimsOf(publishes(evilFoo)),
		want: "error publisher.unexpected: the file does not come from whom the policy names for foo: it was published by github:evil/foo@release.yml, and the grants name github:acme/foo, github:acme/bar\n"},
	"a publisher, and one that has ended":           {grants: grants(publisher("github:acme/foo", until(on(3, 1)))), by: claimsOf(publishes(evilFoo))},
	"a publisher, for other versions":               {grants: grants(publisher("github:acme/foo", outside)), by: claimsOf(publishes(evilFoo))},
	"a publisher is granted, and nobody has signed": {grants: grants(publisher("github:acme/foo"))},
	"a publisher, denied": {grants: grants(publisher("github:evil/foo", denied)), by: claimsOf(publishes(evilFoo)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: github:evil/foo, local, trust.toml:9: stolen\n"},
	"a publisher, denied, and a key that counts": {grants: grants(publisher("github:evil/foo", denied), lets(keyA)), by: claimsOf(publishes(evilFoo)), keys: claimsOf(signs(keyA)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: github:evil/foo, local, trust.toml:9: stolen\n"},
	"a publisher, granted and denied": {grants: grants(publisher("github:evil/*"), publisher("github:evil/foo", denied)), by: claimsOf(publishes(evilFoo)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: github:evil/foo, local, trust.toml:9: stolen\n"},
	"a publisher, denied, who has not signed": {grants: grants(publisher("github:evil/foo", denied)), by: claimsOf(publishes(acmeFoo))},
	"a publisher that was seen first":         {grants: grants(publisher("github:acme/foo", firstUse)), by: claimsOf(publishes(acmeFoo))},
	"another than the publisher that was seen first": {grants: grants(publisher("github:acme/foo", firstUse)), by: claimsOf(publishes(evilFoo)),
		want: "error publisher.unexpected: the file does not come from whom the policy names for foo: it was published by github:evil/foo@release.yml, and the grants name github:acme/foo\n"},
	"a pattern of publishers is no key's": {grants: grants(publisher("**")), keys: claimsOf(signs(keyA)),
		want: "note signature.unknown-key: the file is signed, by a key that no grant names: KEY-A\n"},

	// First use is never verified.
	"first use": {grants: grants(lets(keyA, firstUse)), keys: claimsOf(signs(keyA)),
		want: "warning signature.first-use: foo-2.0-py3-none-any.whl is signed by the key that was seen first, for which nobody vouches: KEY-A, first use\n"},
	"first use, required": {grants: grants(lets(keyA, firstUse)), keys: claimsOf(signs(keyA)), rules: required,
		want: "error evidence.required: the rules require to know who published foo-2.0-py3-none-any.whl, and nothing says so\n" +
			"warning signature.first-use: foo-2.0-py3-none-any.whl is signed by the key that was seen first, for which nobody vouches: KEY-A, first use\n"},
	"first use, and granted since": {grants: grants(lets(keyA, firstUse), lets(keyA)), keys: claimsOf(signs(keyA)), rules: required},
	"first use, and the grant has ended": {grants: grants(lets(keyA, firstUse, until(on(3, 1)))), keys: claimsOf(signs(keyA)),
		want: "error grant.ended: the grant of the key that has signed foo-2.0-py3-none-any.whl has ended: KEY-A was granted until 2026-02-28 (first use)\n"},
	"first use does not count for several": {grants: grants(lets(keyA, firstUse), lets(keyB)), keys: claimsOf(signs(keyA), signs(keyB)),
		rules: func(r *assay.Rules) { r.Signatures = 2 },
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-B\n" +
			"warning signature.first-use: foo-2.0-py3-none-any.whl is signed by the key that was seen first, for which nobody vouches: KEY-A, first use\n"},

	// What a lost key had certified.
	"certified by a key that is lost": {grants: grants(lets(keyA, fallen)), keys: claimsOf(signs(keyA)),
		want: "error grant.withdrawn: the key that has signed foo-2.0-py3-none-any.whl was vouched for by a key that is lost: KEY-A was certified by openpgp:" + keyC + ", which was given up as lost (local, trust.toml:3)\n"},
	"certified by a key that is lost, in audit mode": {grants: grants(lets(keyA, fallen)), keys: claimsOf(signs(keyA)), rules: audit,
		want: "error grant.withdrawn: the key that has signed foo-2.0-py3-none-any.whl was vouched for by a key that is lost: KEY-A was certified by openpgp:" + keyC + ", which was given up as lost (local, trust.toml:3)\n"},
	"certified by a key that is lost, and granted by somebody else": {grants: grants(lets(keyA, fallen), lets(keyA)), keys: claimsOf(signs(keyA))},
	"certified by a key that is lost, beside one that counts": {grants: grants(lets(keyA, fallen), lets(keyB)), keys: claimsOf(signs(keyA), signs(keyB)),
		want: "note grant.withdrawn: the key that has signed foo-2.0-py3-none-any.whl was vouched for by a key that is lost: KEY-A was certified by openpgp:" + keyC + ", which was given up as lost (local, trust.toml:3)\n"},
	"certified by a key that is lost, and not signed": {grants: grants(lets(keyA, fallen))},
	"certified by a key that is lost, and a stranger has signed": {grants: grants(lets(keyA, fallen)), keys: claimsOf(signs(keyB)),
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: KEY-B\n"},

	// k of n: each key that signs counts once, and each signature for one signer.
	"two keys, of two signers": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA, madeBy("p")), signs(keyB, madeBy("q"))), rules: signatures(2)},
	"one subkey of two certificates": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA, madeBy("s")), signs(keyB, madeBy("s"))), rules: signatures(2),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A, KEY-B, which have a signing key in common: it counts once\n"},
	"one key, as OpenPGP and as SSH": {grants: grants(lets(keyA), lets("SHA256:abc", ofKind(assay.GrantSSH))), rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("s")), signs("", madeBy("s"), func(c *assay.Claim) { c.Identity = "ssh:SHA256:abc" })),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A, ssh:SHA256:abc, which have a signing key in common: it counts once\n"},
	"one subkey of two certificates, and the first's own key": {grants: grants(lets(keyA), lets(keyB)), rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("s")), signs(keyB, madeBy("s")), signs(keyA, madeBy("p"))),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A, KEY-B, which have a signing key in common: it counts once\n"},
	"one subkey of two certificates, and both own keys": {grants: grants(lets(keyA), lets(keyB)), rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("s")), signs(keyB, madeBy("s")), signs(keyA, madeBy("p")), signs(keyB, madeBy("q")))},
	"one subkey of two certificates, and a third": {grants: grants(lets(keyA), lets(keyB), lets(keyC)), rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("s")), signs(keyB, madeBy("s")), signs(keyC, madeBy("r")))},
	"two subkeys, both of two certificates": {grants: grants(lets(keyA), lets(keyB)), rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("s")), signs(keyB, madeBy("s")), signs(keyA, madeBy("t")), signs(keyB, madeBy("t"))),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A, KEY-B, which have a signing key in common: it counts once\n"},
	"a certificate's key, and its subkey as SSH": {grants: grants(lets(keyA), lets("SHA256:abc", ofKind(assay.GrantSSH))), rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("p"), kin("p", "s")), signs("", madeBy("s"), inSSH)),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A, ssh:SHA256:abc, which have a signing key in common: it counts once\n"},
	"a certificate's subkey, and its key as SSH, and somebody else": {grants: grants(lets(keyA), lets(keyB), lets("SHA256:abc", ofKind(assay.GrantSSH))), rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("s"), kin("p", "s")), signs("", madeBy("p"), inSSH), signs(keyB, madeBy("q"), kin("q")))},
	"two certificates with a subkey in common, by their own keys": {grants: grants(lets(keyA), lets(keyB)), rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("p"), kin("p", "s")), signs(keyB, madeBy("q"), kin("q", "s")))},
	"two keys of one certificate": {grants: grants(lets(keyA), lets(keyB)), keys: claimsOf(signs(keyA, madeBy("p")), signs(keyA, madeBy("s"))), rules: signatures(2),
		want: "error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A\n"},
	"one subkey of two certificates, one of them another project's": {grants: grants(lets(keyA)), foreign: foreign, rules: signatures(2),
		keys: claimsOf(signs(keyA, madeBy("s")), signs(keyB, madeBy("s"))),
		want: "error signature.wrong-project: the signature is valid, and its key is another project's: KEY-B may sign bar, and nobody let it sign foo\n" +
			"error signature.too-few: too few of the keys that are wanted have signed foo-2.0-py3-none-any.whl: 1 of the 2 different keys that assay.toml:4 wants have signed it: KEY-A\n"},

	"first use, and denied": {grants: grants(lets(keyA, firstUse), lets(keyA, denied)), keys: claimsOf(signs(keyA)),
		want: "error grant.denied: what stands behind foo-2.0-py3-none-any.whl may not speak for foo: KEY-A, local, trust.toml:9: stolen\n"},
	"first use, and provenance that is no more": {grants: grants(lets(keyA, firstUse)), keys: claimsOf(signs(keyA)), before: []assay.Sighting{published},
		want: "error provenance.lost: the project's earlier files had provenance and this one has none: LAST came from github:acme/foo@release.yml, and nobody has signed this one, uploaded 2026-01-20\n" +
			"warning signature.first-use: foo-2.0-py3-none-any.whl is signed by the key that was seen first, for which nobody vouches: KEY-A, first use\n"},
	"another than the first": {grants: grants(lets(keyA, firstUse)), keys: claimsOf(signs(keyB)),
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: KEY-B\n"},

	// The ratchet.
	"not signed, and never was": {grants: grants(lets(keyA)),
		want: "warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"not signed, and never was, for tags only":      {grants: grants(lets(keyA, forRoles(assay.RoleTag)))},
	"not signed, and never was, for other versions": {grants: grants(lets(keyA, outside))},
	"not signed, and never was, and denied":         {grants: grants(lets(keyA, denied))},
	"not signed, and never was, and ended":          {grants: grants(lets(keyA, until(on(3, 1))))},
	"not signed, and never was, and required": {grants: grants(lets(keyA)), rules: required,
		want: "error evidence.required: the rules require to know who published foo-2.0-py3-none-any.whl, and nothing says so\n" +
			"warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"signed before": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed before by two": {grants: grants(lets(keyA)), before: []assay.Sighting{was("0.9", -2, keyC), was("1.0", -1, keyA, keyB)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A and KEY-B, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed before, and the grant is gone": {before: []assay.Sighting{was("1.0", -1, keyA)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed before, and nobody says when this was uploaded": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)}, artifact: func(a *assay.Artifact) { a.UploadTime = time.Time{} },
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one\n"},
	"signed before, and now by another key": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)}, keys: claimsOf(signs(keyB)),
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: KEY-B\n"},
	"signed before, and now by another granted key":         {grants: grants(lets(keyA), lets(keyB)), before: []assay.Sighting{was("1.0", -1, keyA)}, keys: claimsOf(signs(keyB))},
	"signed before, and now by a publisher that is granted": {grants: grants(lets(keyA), publisher("github:acme/foo")), before: []assay.Sighting{was("1.0", -1, keyA)}, by: claimsOf(publishes(acmeFoo))},
	"signed before, and now by a publisher that nobody granted": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)}, by: claimsOf(publishes(acmeFoo)),
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed before, and these bytes are granted": {grants: grants(lets(keyA), theseBytes()), before: []assay.Sighting{was("1.0", -1, keyA)}, waived: true,
		want: "note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"signed before, then not": {grants: grants(lets(keyA)), before: []assay.Sighting{was("0.9", -2, keyA), was("1.0", -1)},
		want: "warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"signed, then not, and by a publisher": {grants: grants(lets(keyA)), before: []assay.Sighting{was("0.9", -2, keyA), sighting(was("1.0", -1), attestedOne)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-0.9-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n" +
			"error provenance.lost: the project's earlier files had provenance and this one has none: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml, and nobody has signed this one, uploaded 2026-01-20\n"},
	"not signed, then signed": {grants: grants(lets(keyA)), before: []assay.Sighting{was("0.9", -2), was("1.0", -1, keyA)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed, then not, by an acceptance": {grants: grants(lets(keyA)), before: []assay.Sighting{was("0.9", -2, keyA), sighting(was("1.0", -1), waivedOne)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-0.9-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed before, by an acceptance": {before: []assay.Sighting{sighting(was("1.0", -1, keyA), waivedOne)}},
	"only sdists were signed": {before: []assay.Sighting{sighting(was("1.0", -1, keyA), sdist)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-1.0.tar.gz of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only the sdist beside it was signed": {grants: grants(lets(keyA)), before: []assay.Sighting{sighting(was("2.0", 0, keyA), sdist)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-2.0.tar.gz of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only sdists were signed, and a wheel was not": {grants: grants(lets(keyA)), before: []assay.Sighting{was("0.9", -2), sighting(was("1.0", -1, keyA), sdist)},
		want: "warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"only sdists were signed, and then a wheel was not": {grants: grants(lets(keyA)), before: []assay.Sighting{sighting(was("0.9", -2, keyA), sdist), was("1.0", -1)},
		want: "warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"only sdists were signed, and a wheel was not, by an acceptance": {grants: grants(lets(keyA)), before: []assay.Sighting{sighting(was("0.9", -2, keyA), sdist), sighting(was("1.0", -1), waivedOne)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-0.9.tar.gz of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only sdists were signed, and a wheel came from a publisher": {grants: grants(lets(keyA)), before: []assay.Sighting{sighting(was("0.9", -2, keyA), sdist), sighting(was("1.0", -1), attestedOne)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-0.9.tar.gz of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n" +
			"error provenance.lost: the project's earlier files had provenance and this one has none: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml, and nobody has signed this one, uploaded 2026-01-20\n"},
	"only sdists were signed, and a wheel came from a publisher, and this one does": {grants: grants(lets(keyA)), by: claimsOf(publishes(acmeFoo)),
		before: []assay.Sighting{sighting(was("1.0", -1), attestedOne), sighting(was("1.0", -1, keyA), sdist)},
		want:   "warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"only sdists were signed, and a wheel came from a publisher by another workflow": {grants: grants(lets(keyA)), by: claimsOf(publishes("github:acme/foo@wheels.yml")),
		before: []assay.Sighting{sighting(was("0.9", -2, keyA), sdist), sighting(was("1.0", -1), attestedOne)},
		want: "warning signature.partial: a key is granted for foo, and it has not signed this file\n" +
			"warning publisher.renamed: the publisher of foo goes by another name than before: now github:acme/foo@wheels.yml, before github:acme/foo@release.yml\n"},
	"only sdists were signed, and a wheel came from another publisher": {grants: grants(lets(keyA)), by: claimsOf(publishes("github:mallory/foo@release.yml")),
		before: []assay.Sighting{sighting(was("0.9", -2, keyA), sdist), sighting(was("1.0", -1), attestedOne)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-0.9.tar.gz of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n" +
			"error publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml, and this one comes from github:mallory/foo@release.yml, uploaded 2026-01-20\n"},
	"only sdists were signed, and a wheel came from a publisher by an acceptance": {grants: grants(lets(keyA)), by: claimsOf(publishes(acmeFoo)),
		before: []assay.Sighting{sighting(was("0.9", -2, keyA), sdist), sighting(sighting(was("1.0", -1), attestedOne), waivedOne)},
		want:   "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-0.9.tar.gz of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only sdists were signed, and a wheel comes from a publisher": {grants: grants(lets(keyA)), by: claimsOf(publishes(acmeFoo)),
		before: []assay.Sighting{sighting(was("0.9", -2, keyA), sdist)},
		want:   "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-0.9.tar.gz of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only sdists were signed, and a later wheel was not": {grants: grants(lets(keyA)), before: []assay.Sighting{sighting(was("1.0", -1, keyA), sdist), was("3.0", 1)},
		want: "warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"a wheel was signed, and a later one was not": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA), was("3.0", 1)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only sdists were signed, and this wheel has other bytes than before": {grants: grants(lets(keyA)), before: []assay.Sighting{sighting(was("1.0", -1, keyA), sdist), own},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-1.0.tar.gz of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only wheels were signed, inside": {artifact: func(a *assay.Artifact) { a.Filename = "foo-2.0.tar.gz" },
		before: []assay.Sighting{sighting(was("1.0", -1), func(s *assay.Sighting) { s.Keys = []assay.Identity{{Name: "jws:abc"}} })}},
	"only wheels were signed": {artifact: func(a *assay.Artifact) { a.Filename = "foo-2.0.tar.gz" }, before: []assay.Sighting{was("1.0", -1, keyA)},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only on the other index": {before: []assay.Sighting{sighting(was("1.0", -1, keyA), func(s *assay.Sighting) { s.Index = "https://mirror.example.invalid/foo/" })}},
	"on the other index, and led here": {before: []assay.Sighting{sighting(was("1.0", -1, keyA), func(s *assay.Sighting) { s.Index = "https://mirror.example.invalid/foo/" })}, artifact: func(a *assay.Artifact) { a.Led = true },
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"only a later version was signed":        {before: []assay.Sighting{was("3.0", 1, keyA)}},
	"only a version that was uploaded later": {before: []assay.Sighting{sighting(was("1.0", -1, keyA), func(s *assay.Sighting) { s.Uploaded, s.First = on(2, 1), on(2, 2) })}},
	"a file beside it was signed": {grants: grants(lets(keyA)), before: []assay.Sighting{sighting(was("2.0", 0, keyA), func(s *assay.Sighting) { s.Filename = "foo-2.0-cp313-none-any.whl" })},
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: foo-2.0-cp313-none-any.whl of 2026-01-03, first seen here on 2026-01-04, was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed before, and these bytes were let through": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA), own}, first: on(2, 1),
		want: "warning signature.partial: a key is granted for foo, and it has not signed this file\n"},
	"signed before, and these bytes were let through by an acceptance": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA), sighting(own, waivedOne)}, first: on(2, 1),
		want: "error signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20\n"},
	"signed before, accepted": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)}, accepted: accept(assay.SignatureMissing), waived: true,
		want: "warning signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20 (accepted until 2026-06-30, by ann: we looked)\n"},
	"signed before, in audit mode": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)}, rules: audit, waived: true,
		want: "warning signature.missing: the project's earlier files were signed by its key and this one is not: LAST was signed by KEY-A, and nobody who may has signed this one, uploaded 2026-01-20 (only reported: assay.toml:1 says audit)\n"},
	"signed before, and nothing is to be remembered": {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)}, rules: func(r *assay.Rules) { r.Evidence = assay.RequireNothing }, waived: true},
	"signed before, and pending":                     {grants: grants(lets(keyA)), before: []assay.Sighting{was("1.0", -1, keyA)}, pending: true},

	// A key that is not known.
	"unknown": {unknown: "CCCC",
		want: "note signature.unknown-key: the file is signed, by a key that no grant names: CCCC\n"},
	"unknown, and others are granted": {grants: grants(lets(keyA)), unknown: "CCCC",
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: CCCC\n" +
			"note signature.unknown-key: the file is signed, by a key that no grant names: CCCC\n"},
	"unknown, and others are granted for other versions": {grants: grants(lets(keyA, outside)), unknown: "CCCC",
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: CCCC\n" +
			"note signature.unknown-key: the file is signed, by a key that no grant names: CCCC\n"},
	"unknown, and others are denied": {grants: grants(lets(keyA, denied)), unknown: "CCCC",
		want: "note signature.unknown-key: the file is signed, by a key that no grant names: CCCC\n"},
	"unknown, and a publisher is granted": {grants: grants(publisher("github:acme/foo")), unknown: "CCCC",
		want: "note signature.unknown-key: the file is signed, by a key that no grant names: CCCC\n"},
	"unknown, and nothing is to be remembered": {grants: grants(lets(keyA)), unknown: "CCCC", rules: func(r *assay.Rules) { r.Evidence = assay.RequireNothing }, waived: true,
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: CCCC\n" +
			"note signature.unknown-key: the file is signed, by a key that no grant names: CCCC\n"},
	"unknown, and these bytes are granted": {grants: grants(lets(keyA), theseBytes()), unknown: "CCCC",
		want: "note signature.unknown-key: the file is signed, by a key that no grant names: CCCC\n" +
			"note grant.bytes: somebody vouches for these very bytes: until 2026-11-30 (local, trust.toml:3): its release key\n"},
	"unknown, accepted": {grants: grants(lets(keyA)), unknown: "CCCC", accepted: accept(assay.SignatureUnexpectedKey), waived: true,
		want: "warning signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: CCCC (accepted until 2026-06-30, by ann: we looked)\n" +
			"note signature.unknown-key: the file is signed, by a key that no grant names: CCCC\n"},
	"not granted": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyB)),
		want: "error signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: KEY-B\n"},
	"not granted, beside one that counts": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyB), signs(keyA)),
		want: "note signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: KEY-B\n"},
	"not granted, in audit mode": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyB)), rules: audit, waived: true,
		want: "warning signature.unexpected-key: foo-2.0-py3-none-any.whl is signed, by a key that nobody let sign foo: KEY-B (only reported: assay.toml:1 says audit)\n"},

	// While the bytes are not known.
	"pending":           {grants: grants(lets(keyA)), pending: true},
	"pending, required": {grants: grants(lets(keyA)), pending: true, rules: required},
	"pending, of two":   {grants: grants(lets(keyA), lets(keyB)), pending: true, keys: claimsOf(signs(keyA)), rules: signatures(2)},
	"pending, beside another project's": {grants: grants(lets(keyA)), foreign: foreign, pending: true, keys: claimsOf(signs(keyB)),
		want: "note signature.wrong-project: the signature is valid, and its key is another project's: KEY-B may sign bar, and nobody let it sign foo\n"},
	"pending, where the policy names a publisher": {pending: true, rules: func(r *assay.Rules) { r.Publishers = []assay.Publisher{{Identity: "openpgp:" + keyA}} }},
	"pending, and provenance that is no more": {pending: true, before: []assay.Sighting{published},
		want: "warning provenance.partial: some of the project's files have provenance and this one has none: LAST came from github:acme/foo@release.yml, and nobody has signed this one, uploaded 2026-01-20\n"},
	"pending, and another publisher than before": {pending: true, by: claimsOf(publishes(evilFoo)), before: []assay.Sighting{published},
		want: "warning publisher.mixed: foo is published by several: this one comes from github:evil/foo@release.yml, foo-1.0-py3-none-any.whl from github:acme/foo@release.yml\n"},

	// What was seen weighs less than what a grant says.
	"provenance that is no more": {before: []assay.Sighting{published},
		want: "error provenance.lost: the project's earlier files had provenance and this one has none: LAST came from github:acme/foo@release.yml, and nobody has signed this one, uploaded 2026-01-20\n"},
	"provenance that is no more, and a key that vouches": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA)), before: []assay.Sighting{published},
		want: "warning provenance.partial: some of the project's files have provenance and this one has none: LAST came from github:acme/foo@release.yml, and nobody has signed this one, uploaded 2026-01-20\n"},
	"another publisher than before": {by: claimsOf(publishes(evilFoo)), before: []assay.Sighting{published},
		want: "error publisher.changed: foo was published by somebody else before: LAST came from github:acme/foo@release.yml, and this one comes from github:evil/foo@release.yml, uploaded 2026-01-20\n"},
	"another publisher than before, and a key that vouches": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA)), by: claimsOf(publishes(evilFoo)), before: []assay.Sighting{published},
		want: "warning publisher.mixed: foo is published by several: this one comes from github:evil/foo@release.yml, foo-1.0-py3-none-any.whl from github:acme/foo@release.yml\n"},
	"another publisher than before, and a key that does not count": {grants: grants(lets(keyA, outside)), keys: claimsOf(signs(keyA)), by: claimsOf(publishes(evilFoo)), before: []assay.Sighting{published},
		want: "error grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A is granted for the versions <2 (local, trust.toml:3)\n" +
			"error publisher.changed: foo was published by somebody else before: LAST came from github:acme/foo@release.yml, and this one comes from github:evil/foo@release.yml, uploaded 2026-01-20\n"},
	"another publisher than before, who is granted": {grants: grants(publisher("github:evil/foo")), by: claimsOf(publishes(evilFoo)), before: []assay.Sighting{published},
		want: "warning publisher.mixed: foo is published by several: this one comes from github:evil/foo@release.yml, foo-1.0-py3-none-any.whl from github:acme/foo@release.yml\n"},
	"the publisher from before, and another is granted": {grants: grants(publisher("github:new/foo")), by: claimsOf(publishes(acmeFoo)), before: []assay.Sighting{published},
		want: "error publisher.unexpected: the file does not come from whom the policy names for foo: it was published by github:acme/foo@release.yml, and the grants name github:new/foo\n"},
	"another key than before is nobody's change": {grants: grants(lets(keyB)), keys: claimsOf(signs(keyB)), before: []assay.Sighting{was("1.0", -1, keyA)}},

	// The policy's publishers.
	"the policy names the key": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA)), rules: func(r *assay.Rules) { r.Publishers = []assay.Publisher{{Identity: "openpgp:" + strings.ToLower(keyA)}} }},
	"the policy names another than the key": {grants: grants(lets(keyA)), keys: claimsOf(signs(keyA)), rules: func(r *assay.Rules) { r.Publishers = []assay.Publisher{{Identity: "github:acme/foo"}} },
		want: "error publisher.unexpected: the file does not come from whom the policy names for foo: it was published by KEY-A, and the default policy names github:acme/foo\n"},
	"the policy names a key that does not count": {grants: grants(lets(keyA, outside)), keys: claimsOf(signs(keyA)), rules: func(r *assay.Rules) { r.Publishers = []assay.Publisher{{Identity: "openpgp:" + keyA}} },
		want: "error grant.unfit: the key that has signed foo-2.0-py3-none-any.whl is granted for something else: KEY-A is granted for the versions <2 (local, trust.toml:3)\n" +
			"error publisher.unexpected: the file does not come from whom the policy names for foo: nobody has signed it, and the default policy names KEY-A\n"},
}

// TestGrants holds files to the grants of their project.
func TestGrants(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(grantCases)) {
		c := grantCases[name]
		t.Run(name, func(t *testing.T) {
			d := c.decide()
			want := strings.NewReplacer("KEY-A", "openpgp:"+keyA, "KEY-B", "openpgp:"+keyB, "KEY-C", "openpgp:"+keyC,
				"LAST", "foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04,").Replace(c.want)
			if got := lines(d); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if d.Waived != c.waived {
				t.Errorf("waived: %t", d.Waived)
			}
		})
	}
}

// TestGrant asks what a single grant says.
func TestGrant(t *testing.T) {
	for _, c := range []struct {
		roles                   []assay.Role
		artifact, sums, tag, no bool
	}{
		{nil, true, true, false, true},
		{[]assay.Role{assay.RoleArtifact}, true, false, false, false},
		{[]assay.Role{assay.RoleChecksums, assay.RoleTag}, false, true, true, false},
	} {
		g := lets(keyA, forRoles(c.roles...))
		if g.Allows(assay.RoleArtifact) != c.artifact || g.Allows(assay.RoleChecksums) != c.sums || g.Allows(assay.RoleTag) != c.tag || g.Allows("") != c.no {
			t.Errorf("%v allows something else", c.roles)
		}
	}
	for want, g := range map[string]assay.Grant{"openpgp:" + keyA: lets(keyA), "ssh:SHA256:b": lets("SHA256:b", ofKind(assay.GrantSSH)),
		"github:acme/foo": publisher("github:acme/foo"), "jws:k": lets("k", ofKind(assay.GrantJWS))} {
		if g.Identity() != want {
			t.Errorf("%s is %s", want, g.Identity())
		}
	}
	g := lets(keyA, until(on(3, 1)))
	if !g.InForce(on(3, 1).Add(-1)) || g.InForce(on(3, 1)) || !lets(keyA, until(time.Time{})).InForce(now) {
		t.Error("a grant ends at another time")
	}
	for name, want := range map[string]bool{"openpgp:" + keyA: true, "ssh:SHA256:b": true, "jws:k": true, acmeFoo: false, "email:a@example.org": false, "": false, "openpgp": true} {
		if (assay.Identity{Name: name}).IsKey() != want {
			t.Errorf("%q is a key: %t", name, !want)
		}
	}
	if assay.Pending.String() != "pending" {
		t.Error(assay.Pending)
	}
}
