package lockcheck

import (
	"fmt"
	"strings"
	"testing"

	"assay"
	"assay/internal/lockfile"
)

func TestGuard(t *testing.T) {
	pip := &lockfile.Lock{Name: "a.txt", Format: lockfile.Requirements, Packages: []lockfile.Package{
		{Name: "demo", Version: "1.0", At: at(1), Hashes: []lockfile.Hash{{Digest: sha("a")}, {Digest: sha("b")}}},
		{Name: "bare", Version: "1.0", At: at(2)},
		{Name: "weak", Version: "1.0", At: at(3), Hashes: []lockfile.Hash{{Weak: "md5:00"}}},
		{Name: "loose", Spelled: "loose", Specifier: ">=1", At: at(4)},
		{Name: "held", Version: "9.0", At: at(5), Constraint: true, Hashes: []lockfile.Hash{{Digest: sha("c")}}},
		{Name: "narrowed", Version: "9.0", At: at(5), Constraint: true},
		{Name: "demo", Version: "1.0", At: at(5), Constraint: true, Hashes: []lockfile.Hash{{Digest: sha("c")}}},
		{Name: "loose", Version: "1.0", At: at(5), Constraint: true, Hashes: []lockfile.Hash{{Digest: sha("a")}}},
		{Name: "direct", Spelled: "direct", At: at(6), Source: lockfile.Source{Kind: lockfile.URL, Where: "https://files.example/direct-1.0.tar.gz"}, Hashes: []lockfile.Hash{{Digest: sha("d")}}},
		{Name: "long", Version: "1.0", At: at(7), Hashes: []lockfile.Hash{{Digest: assay.Digest{Algorithm: "sha512", Hex: strings.Repeat("0", 128)}}}},
		{Name: "tree", At: at(8), Source: lockfile.Source{Kind: lockfile.Directory, Where: "./tree"}},
	}}
	id := lockfile.Identity{Kind: "GitHub", Fields: map[string]string{"repository": "acme/signed", "workflow": "release.yml"}, At: at(10)}
	pep := &lockfile.Lock{Name: "pylock.toml", Format: lockfile.Pylock, Packages: []lockfile.Package{
		{Name: "signed", Version: "1.0", At: at(9), Files: []lockfile.File{{Name: "signed-1.0.tar.gz", Digests: []assay.Digest{sha("e")}}}, Identities: []lockfile.Identity{id}},
		{Name: "empty", Version: "1.0", At: at(11), HasIdentities: true, Files: []lockfile.File{{Name: "empty-1.0.tar.gz", Digests: []assay.Digest{sha("f")}}}},
	}}
	g := NewGuard(pip, pep)
	mine := []assay.Claim{{Identity: "github:acme/signed@release.yml", Method: "pep740"}}
	theirs := []assay.Claim{{Identity: "github:evil/signed@release.yml", Method: "pep740"}}
	key := []assay.Claim{{Identity: "openpgp:AB", Method: "openpgp"}}
	none := []assay.Claim{}
	for _, c := range []struct {
		name, project, version string
		digests                []assay.Digest
		url                    string
		claims                 []assay.Claim
		want                   string
	}{
		{"in it", "demo", "1.0", []assay.Digest{sha("b")}, "", nil, ""},
		{"the same version, written otherwise", "demo", "1.0.0", []assay.Digest{sha("b")}, "", nil, ""},
		{"with a local part", "demo", "1.0+cpu", []assay.Digest{sha("b")}, "", nil, ""},
		{"digest not known", "demo", "1.0", nil, "", nil, ""},
		{"other bytes", "demo", "1.0", []assay.Digest{sha("c")}, "", nil, "lock.outside lock:1 has other hashes for demo 1.0"},
		{"another version", "demo", "2.0", []assay.Digest{sha("a")}, "", nil, "lock.outside lock:1 pins demo 1.0"},
		{"a version that cannot be read", "demo", "", []assay.Digest{sha("a")}, "", nil, "lock.outside lock:1 pins demo 1.0"},
		{"another project with a hash of the lock", "other", "1.0", []assay.Digest{sha("a")}, "", nil, "lock.outside a.txt and pylock.toml name no other"},
		{"what no name tells", "", "", nil, "https://files.example/main.zip", nil, "lock.outside a.txt and pylock.toml name no such file"},
		{"no hash", "bare", "1.0", []assay.Digest{sha("a")}, "", nil, "lock.missing-hash lock:2"},
		{"a weak hash", "weak", "1.0", []assay.Digest{sha("a")}, "", nil, "lock.weak-hash lock:3 has md5 only"},
		{"not pinned", "loose", "1.0", []assay.Digest{sha("a")}, "", nil, "lock.unpinned lock:4 asks for loose >=1"},
		{"a constraint alone", "narrowed", "9.0", []assay.Digest{sha("c")}, "", nil, "lock.outside a.txt and pylock.toml name no narrowed"},
		{"a constraint with hashes", "held", "9.0", []assay.Digest{sha("c")}, "", nil, ""},
		{"other bytes than a constraint's", "held", "9.0", []assay.Digest{sha("a")}, "", nil, "lock.outside lock:5 has other hashes for held 9.0"},
		{"from its URL", "direct", "1.0", []assay.Digest{sha("d")}, "https://files.example/direct-1.0.tar.gz", nil, ""},
		{"from its URL, not read yet", "direct", "1.0", nil, "https://files.example/direct-1.0.tar.gz", nil, ""},
		{"from its URL, other bytes", "direct", "1.0", []assay.Digest{sha("a")}, "https://files.example/direct-1.0.tar.gz", nil, "lock.outside lock:6 has other hashes for direct"},
		{"from an index instead", "direct", "1.0", []assay.Digest{sha("d")}, "https://index.example/direct-1.0.tar.gz", nil, "lock.outside lock:6 takes direct from a file behind the URL https://files.example/direct-1.0.tar.gz"},
		{"a folder's project from an index", "tree", "1.0", []assay.Digest{sha("d")}, "", nil, "lock.outside lock:8 takes tree from the folder ./tree"},
		{"nothing to compare", "long", "1.0", []assay.Digest{sha("d")}, "", nil, "lock.outside lock:7 has sha512 only, and the index promises sha256"},
		{"whom the lock names", "signed", "1.0", []assay.Digest{sha("e")}, "", mine, ""},
		{"nobody has looked", "signed", "1.0", []assay.Digest{sha("e")}, "", nil, ""},
		{"somebody else", "signed", "1.0", []assay.Digest{sha("e")}, "", theirs, "lock.other-identity it is attested by github:evil/signed@release.yml, and lock:10 names github:acme/signed@release.yml"},
		{"a key", "signed", "1.0", []assay.Digest{sha("e")}, "", key, "lock.other-identity it is attested by openpgp:AB, and lock:10 names github:acme/signed@release.yml"},
		{"nobody", "signed", "1.0", []assay.Digest{sha("e")}, "", none, "lock.other-identity it is attested by nobody, and lock:10 names github:acme/signed@release.yml"},
		{"nobody, digest not known", "signed", "1.0", nil, "", none, ""},
		{"an empty list", "empty", "1.0", []assay.Digest{sha("f")}, "", none, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			for _, f := range g.Findings(assay.Artifact{Project: c.project, Version: c.version, Digests: c.digests, URL: c.url}, c.claims) {
				got += fmt.Sprintf("%s %s", f.Code, f.Detail)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if g.FromVCS() {
		t.Error("no entry is from version control")
	}
}
