package assay_test

import (
	"strings"
	"testing"
	"time"

	"assay"
)

// TestContinuity holds a file of foo 2.0 against what was seen before.
func TestContinuity(t *testing.T) {
	const index, other = "https://index.example.invalid/simple/foo/", "https://mirror.example.invalid/simple/foo/"
	day := func(n int) time.Time { return time.Date(2026, 1, n, 9, 0, 0, 0, time.UTC) }
	a := assay.Identity{Name: "github:acme/foo@release.yml", RepositoryID: "1"}
	seen := func(version string, order, uploaded int, who ...assay.Identity) assay.Sighting {
		return assay.Sighting{Version: version, Filename: "foo-" + version + "-py3-none-any.whl", Index: index, Order: order,
			Uploaded: day(uploaded), First: day(uploaded + 1), Publishers: who}
	}
	claim := func(i assay.Identity) []assay.Claim {
		details := map[string]string{}
		if i.RepositoryID != "" {
			details["repository_id"] = i.RepositoryID
		}
		return []assay.Claim{{Method: "pep740", Identity: i.Name, Details: details}}
	}
	moved := assay.Identity{Name: "github:evil/foo@release.yml", RepositoryID: "666"}
	taken := assay.Identity{Name: a.Name, RepositoryID: "667"}
	waived := seen("1.5", -1, 5, moved)
	waived.Waived = true
	sdist := seen("1.0", -1, 3, a)
	sdist.Filename = "foo-1.0.tar.gz"
	mirrored := seen("1.0", -1, 3, a)
	mirrored.Index = other
	later := seen("3.0", 1, 8, a)
	seenNow := seen("2.0", 0, 20, a)
	seenNow.Filename = "foo-2.0-cp313-none-any.whl"
	sdistNow := seen("2.0", 0, 20, a)
	sdistNow.Filename = "foo-2.0.tar.gz"
	ahead := seen("1.0", -1, 3, a)
	ahead.Uploaded = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	signedOn := func(i assay.Identity, n int) []assay.Claim {
		c := claim(i)
		c[0].Time = day(n)
		return c
	}
	old := seen("0.9", -2, 2, moved)
	old.First = day(19)
	lateOld := seen("1.0", -1, 3, a)
	lateOld.First = day(19)
	laterMoved := seen("3.0", 1, 8, moved)
	own, ownWaived, bare := seen("2.0", 0, 20, a), seen("2.0", 0, 20), seen("2.0", 0, 20)
	ownWaived.Waived = true
	beside := bare
	beside.Filename = "foo-2.0-cp313-cp313-win_amd64.whl"
	besideElsewhere := beside
	besideElsewhere.Index = other
	bytes := assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}
	kept := map[assay.FileKey]assay.SeenFile{{Index: index, Filename: "foo-2.0-py3-none-any.whl"}: {Digest: bytes, First: day(21), Route: "run"}}
	changed := map[assay.FileKey]assay.SeenFile{{Index: index, Filename: "foo-2.0-py3-none-any.whl"}: {Digest: assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("b", 64)}, First: day(21), Route: "run"}}
	const lost = "error provenance.lost: the project's earlier files had provenance and this one has none: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and nobody has signed this one, uploaded 2026-01-20\n"
	const strangers = "error publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20\n"
	partial := strings.Replace(lost, "error provenance.lost: the project's earlier files had", "warning provenance.partial: some of the project's files have", 1)
	for name, c := range map[string]struct {
		before   []assay.Sighting
		files    map[assay.FileKey]assay.SeenFile
		claims   []assay.Claim
		accepted []assay.Waiver
		evidence assay.Requirement
		mode     assay.Mode
		uploaded time.Time
		want     string
	}{
		"first use":          {claims: claim(a)},
		"the same publisher": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: claim(a)},
		"another repository": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: claim(moved),
			want: "error publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20\n"},
		"a name that was taken over": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: claim(taken),
			want: "error publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and this one comes from github:acme/foo@release.yml (repository 667), uploaded 2026-01-20\n"},
		"a repository that was moved": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: claim(assay.Identity{Name: "github:new/foo@release.yml", RepositoryID: "1"}),
			want: "warning publisher.renamed: the publisher of foo goes by another name than before: now github:new/foo@release.yml (repository 1), before github:acme/foo@release.yml (repository 1)\n"},
		"a renamed workflow": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: claim(assay.Identity{Name: "github:acme/foo@publish.yml", RepositoryID: "1"}),
			want: "warning publisher.renamed: the publisher of foo goes by another name than before: now github:acme/foo@publish.yml (repository 1), before github:acme/foo@release.yml (repository 1)\n"},
		"letters in the other case": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: claim(assay.Identity{Name: "github:Acme/Foo@release.yml"})},
		"another than beside it, in the first release": {before: []assay.Sighting{seenNow}, claims: claim(moved),
			want: "error publisher.changed: foo was published by somebody else before: foo-2.0-cp313-none-any.whl, first seen here on 2026-01-21, came from github:acme/foo@release.yml (repository 1), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20\n"},
		"another than the sdist beside it, in the first release": {before: []assay.Sighting{sdistNow}, claims: claim(moved),
			want: "warning publisher.mixed: foo is published by several: foo-2.0.tar.gz, first seen here on 2026-01-21, came from github:acme/foo@release.yml (repository 1), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20\n"},
		"nobody, beside one that is signed, in the first release": {before: []assay.Sighting{seenNow},
			want: "warning provenance.partial: some of the project's files have provenance and this one has none: foo-2.0-cp313-none-any.whl of 2026-01-20, first seen here on 2026-01-21, came from github:acme/foo@release.yml (repository 1), and nobody has signed this one, uploaded 2026-01-20\n"},
		"uploaded before, as the index says, and signed after": {before: []assay.Sighting{seen("1.0", -1, 25, a)}, claims: signedOn(moved, 28),
			want: "error publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-25, first seen here on 2026-01-26, came from github:acme/foo@release.yml (repository 1), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20\n"},
		"an upload that was seen before it is said to have been": {before: []assay.Sighting{ahead},
			want: "error provenance.lost: the project's earlier files had provenance and this one has none: foo-1.0-py3-none-any.whl of 2099-01-01, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and nobody has signed this one, uploaded 2026-01-20\n"},
		"the same as beside it, in the first release": {before: []assay.Sighting{seenNow}, claims: claim(a)},
		"an old version, fetched later, makes nobody known": {before: []assay.Sighting{old, seen("1.0", -1, 3, a)}, claims: claim(moved),
			want: "error publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20\n"},
		"who signed beside one that is known is not known": {before: []assay.Sighting{seen("0.9", -2, 2, a), seen("1.0", -1, 3, a, moved)}, claims: claim(moved),
			want: "error publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1) and github:evil/foo@release.yml (repository 666), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20\n"},
		"the next one of an old line of versions": {before: []assay.Sighting{lateOld, laterMoved}, claims: claim(a)},
		"one of several that are known": {before: []assay.Sighting{seen("1.0", -2, 3, a), seen("1.5", -1, 4, moved)}, claims: claim(a),
			want: "warning publisher.mixed: foo is published by several: this one comes from github:acme/foo@release.yml (repository 1), foo-1.5-py3-none-any.whl from github:evil/foo@release.yml (repository 666)\n"},
		"an older version than those seen":    {before: []assay.Sighting{later}, claims: claim(moved)},
		"an older version without provenance": {before: []assay.Sighting{later}},
		"an older upload": {before: []assay.Sighting{seen("1.0", -1, 25, a)},
			want: "warning provenance.partial: some of the project's files have provenance and this one has none: foo-1.0-py3-none-any.whl of 2026-01-25, first seen here on 2026-01-26, came from github:acme/foo@release.yml (repository 1), and nobody has signed this one, uploaded 2026-01-20\n"},
		"nobody says when it was uploaded": {before: []assay.Sighting{seen("1.0", -1, 25, a)}, uploaded: time.Time{}.Add(1),
			want: ""},
		"provenance regained": {before: []assay.Sighting{seen("1.0", -1, 3)}, claims: claim(a)},
		"provenance lost": {before: []assay.Sighting{seen("0.9", -2, 2), seen("1.0", -1, 3, a)},
			want: "error provenance.lost: the project's earlier files had provenance and this one has none: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and nobody has signed this one, uploaded 2026-01-20\n"},
		"lost before": {before: []assay.Sighting{seen("0.9", -2, 2, a), seen("1.0", -1, 3)},
			want: "warning provenance.partial: some of the project's files have provenance and this one has none: foo-0.9-py3-none-any.whl of 2026-01-02, first seen here on 2026-01-03, came from github:acme/foo@release.yml (repository 1), and nobody has signed this one, uploaded 2026-01-20\n"},
		"it was let through before it was known that others have provenance": {before: []assay.Sighting{seen("1.0", -1, 3, a), bare}, files: kept, want: partial},
		"the index no longer shows its provenance":                           {before: []assay.Sighting{seen("1.0", -1, 3, a), own}, files: kept, want: partial},
		"its release had a file without provenance before":                   {before: []assay.Sighting{seen("1.0", -1, 3, a), beside}, want: partial},
		"its release had one on another index":                               {before: []assay.Sighting{seen("1.0", -1, 3, a), besideElsewhere}, want: lost},
		"its release had files with provenance only":                         {before: []assay.Sighting{seen("1.0", -1, 3, a), own}, want: lost},
		"it was let through by an acceptance that has ended":                 {before: []assay.Sighting{seen("1.0", -1, 3, a), ownWaived}, files: kept, want: lost},
		"other bytes, and no longer its provenance": {before: []assay.Sighting{seen("1.0", -1, 3, a), own}, files: changed,
			want: "error digest.changed: the index offers other bytes under a name that was accepted before: accepted on 2026-01-21 sha256:" + strings.Repeat("b", 64) + ", offered now sha256:" + strings.Repeat("a", 64) + "\n" + lost},
		"it was let through before it was known that others are signed": {before: []assay.Sighting{seen("1.0", -1, 3, a), bare}, files: kept, claims: claim(moved),
			want: "warning publisher.mixed: foo is published by several: this one comes from github:evil/foo@release.yml (repository 666), foo-1.0-py3-none-any.whl from github:acme/foo@release.yml (repository 1)\n"},
		"it was let through by an acceptance that has ended, from another": {before: []assay.Sighting{seen("1.0", -1, 3, a), ownWaived}, files: kept, claims: claim(moved), want: strangers},
		"another file of its release was let through":                      {before: []assay.Sighting{seen("1.0", -1, 3, a), beside}, claims: claim(moved), want: strangers},
		"signed by the one that is known and by another": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: append(claim(a), claim(moved)...),
			want: "warning publisher.mixed: foo is published by several: this one comes from github:evil/foo@release.yml (repository 666), foo-1.0-py3-none-any.whl from github:acme/foo@release.yml (repository 1)\n"},
		"the sdist had provenance": {before: []assay.Sighting{sdist},
			want: "warning provenance.partial: some of the project's files have provenance and this one has none: foo-1.0.tar.gz of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and nobody has signed this one, uploaded 2026-01-20\n"},
		"the other index had it":      {before: []assay.Sighting{mirrored}},
		"nothing is to be remembered": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: claim(moved), evidence: assay.RequireNothing},
		"accepted": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, claims: claim(moved),
			accepted: []assay.Waiver{{Codes: []assay.Code{assay.PublisherChanged}, Version: "2.0", Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Reason: "it moved", Origin: "by ann"}},
			want:     "warning publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20 (accepted until 2026-12-31, by ann: it moved)\n"},
		"accepted, and that has ended": {before: []assay.Sighting{seen("1.0", -2, 3, a), waived}, claims: claim(moved),
			accepted: []assay.Waiver{{Codes: []assay.Code{assay.PublisherChanged}, Until: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Reason: "it moved", Origin: "by ann"}},
			want:     "error publisher.changed: foo was published by somebody else before: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and this one comes from github:evil/foo@release.yml (repository 666), uploaded 2026-01-20 (it was accepted until 2026-01-01, by ann)\n"},
		"another release was accepted": {before: []assay.Sighting{seen("1.0", -1, 3)}, claims: claim(a),
			accepted: []assay.Waiver{{Codes: []assay.Code{assay.PublisherChanged}, Version: "3.0", Until: day(2)}}},
		"audit": {before: []assay.Sighting{seen("1.0", -1, 3, a)}, mode: assay.Audit,
			want: "warning provenance.lost: the project's earlier files had provenance and this one has none: foo-1.0-py3-none-any.whl of 2026-01-03, first seen here on 2026-01-04, came from github:acme/foo@release.yml (repository 1), and nobody has signed this one, uploaded 2026-01-20 (only reported: assay.toml:1 says audit)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			artifact := assay.Artifact{Ecosystem: assay.PyPI, Project: "foo", Version: "2.0", Filename: "foo-2.0-py3-none-any.whl", Index: index, UploadTime: day(20),
				Digests: []assay.Digest{bytes}}
			if !c.uploaded.IsZero() {
				artifact.UploadTime = time.Time{}
			}
			evidence := []assay.Evidence{verified(assay.Claim{Method: "sha256"}), {Verifier: "pep740", State: assay.Absent}}
			if len(c.claims) > 0 {
				evidence[1] = assay.Evidence{Verifier: "pep740", State: assay.Verified, Claims: c.claims}
			}
			rules := assay.DefaultRules()
			rules.Origins = map[string]string{"mode": "assay.toml:1"}
			if c.evidence != "" {
				rules.Evidence = c.evidence
			}
			if c.mode != "" {
				rules.Mode = c.mode
			}
			d := assay.Decide(rules, artifact, evidence, assay.Memory{Files: c.files, Sightings: c.before, Accepted: c.accepted}, now)
			got := lines(d)
			if name == "nobody says when it was uploaded" {
				if !strings.HasPrefix(got, "error provenance.lost: ") {
					t.Errorf("got %q, want it refused: a version that is later counts as uploaded later", got)
				}
				return
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestMatchGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"*", "", true}, {"*", "abc", true}, {"*", "a/b", false}, {"**", "a/b", true},
		{"acme-*", "acme-foo", true}, {"acme-*", "acme", false}, {"*-foo", "acme-foo", true}, {"a*b*c", "aXbYc", true}, {"a*b*c", "aXbY", false},
		{"github:acme/*@*", "github:acme/foo@release.yml", true}, {"github:acme/*@*", "github:acme/foo/bar@x", false},
		{"refs/tags/v*", "refs/tags/v1.0", true}, {"refs/tags/v*", "refs/tags/v1/0", false}, {"refs/**", "refs/tags/v1/0", true},
		{"**/b*", "a/x/bc", true}, {"**b", "abab", true}, {"*ab", "aab", true}, {"**x*y", "x/x1y", true}, {"***", "a/b", true},
	} {
		if got := assay.MatchGlob(c.pattern, c.s); got != c.want {
			t.Errorf("MatchGlob(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}
