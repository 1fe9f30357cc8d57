package main_test

import (
	"strings"
	"testing"
)

// TestPolicyOfARun has real installers go for packages under a project's policy.
func TestPolicyOfARun(t *testing.T) {
	const archive = `
-- foo-1.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
upload-time: -720h
-- foo-1.5-py3-none-any.whl --
publisher: github:acme/foo@release.yml
upload-time: -240h
-- foo-2.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
upload-time: -2h
-- foo-2.0.tar.gz --
publisher: github:acme/foo@release.yml
backend: in-tree
mark: MARK
upload-time: -720h
-- ageless-1.0-py3-none-any.whl --
upload-time: none
-- lib-1.0-py3-none-any.whl --
upload-time: -720h
-- lib-2.0.tar.gz --
backend: in-tree
mark: MARK
upload-time: -720h
`
	for _, c := range []struct {
		name, policy, want string
		args               []string
		report             map[string]string // of these files, what the report says
		says               []string
	}{
		{"the newest that is old enough", "[defaults]\ncooldown = \"3d\"\n", "foo-1.5", []string{"foo"},
			map[string]string{"foo-1.5-py3-none-any.whl": "allow", "foo-2.0-py3-none-any.whl": "deny"},
			[]string{"foo 2.0, taken instead: foo 1.5", "the file is too young: uploaded 2 hours ago, assay.toml:2 wants 3 days", "[cooldown.young]"}},
		{"one that is pinned and too young", "[defaults]\ncooldown = \"3d\"\n", "", []string{"foo==2.0"},
			map[string]string{"foo-2.0-py3-none-any.whl": "deny"}, []string{"the file is too young", "[cooldown.young]"}},
		{"one of which nobody knows the age", "[defaults]\ncooldown = \"3d\"\n", "", []string{"ageless"},
			map[string]string{"ageless-1.0-py3-none-any.whl": "deny"}, []string{"nobody says how old the file is: assay.toml:2 wants 3 days", "[cooldown.unknown-age]"}},
		{"an exception for it", "[defaults]\ncooldown = \"3d\"\n[[exception]]\nproject = \"foo\"\nversion = \"2.0\"\nallow = [\"cooldown.young\"]\nuntil = 2099-12-31\nreason = \"the fix\"\n",
			"foo-2.0", []string{"foo==2.0"}, map[string]string{"foo-2.0-py3-none-any.whl": "warn"},
			[]string{"(accepted until 2099-12-31, assay.toml:3: the fix)"}},
		{"wheels only", "[defaults]\nsdist = \"deny\"\n", "lib-1.0", []string{"lib"},
			map[string]string{"lib-1.0-py3-none-any.whl": "allow", "lib-2.0.tar.gz": "deny"},
			[]string{"it is a source distribution, which would have to be built: assay.toml:2", "[sdist.unwanted]"}},
		{"the publisher that is named", "[[project]]\nname = \"foo\"\npublisher = [\"github:acme/foo@release.yml\"]\n", "foo-2.0", []string{"--only-binary", "foo", "foo"},
			map[string]string{"foo-2.0-py3-none-any.whl": "allow"}, nil},
		{"another publisher than the one that is named", "[[project]]\nname = \"foo\"\npublisher = [\"github:other/foo\"]\n", "", []string{"foo==1.0"},
			map[string]string{"foo-1.0-py3-none-any.whl": "deny"},
			[]string{"the file does not come from whom the policy names for foo: it was published by github:acme/foo@release.yml", "and assay.toml:3 names github:other/foo", "[publisher.unexpected]"}},
		{"audit", "mode = \"audit\"\n[defaults]\ncooldown = \"3d\"\n", "foo-2.0", []string{"--only-binary", "foo", "foo"},
			map[string]string{"foo-2.0-py3-none-any.whl": "warn"}, []string{"(only reported: assay.toml:1 says audit)"}},
		{"another index than the one that is named", "[[project]]\nname = \"lib\"\nindex = \"https://internal.example.invalid/simple/\"\n", "", []string{"lib==1.0"},
			map[string]string{"lib-1.0-py3-none-any.whl": "deny"}, []string{"lib may not come from this index", "[index.other]"}},
	} {
		for _, installer := range installers {
			t.Run(c.name+"/"+installer, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, archive)
				b.write(t, "assay.toml", c.policy)
				r := b.install(t, installer, c.args...)
				if c.want == "" {
					r.wantInstalled(t, b)
				} else {
					r.wantInstalled(t, b, c.want)
				}
				for file, verdict := range c.report {
					if !strings.HasPrefix(r.report[file], verdict) {
						t.Errorf("the report has %q for %s, want %q:\n%s", r.report[file], file, verdict, r.output)
					}
				}
				flat := strings.Join(strings.Fields(r.output), " ")
				for _, s := range c.says {
					if !strings.Contains(flat, s) {
						t.Errorf("the output lacks %q:\n%s", s, r.output)
					}
				}
			})
		}
	}
}
