package policy

import (
	"strings"
	"testing"

	"assay"

	"assay/internal/tomlfile"
)

// FuzzPolicy holds that no text breaks the reader, that every error names the file,
// and that what is read can be checked, joined and decided by.
func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{"", header, "mode = \"audit\"\n", "[[project]]\nname = \"a*\"\nwhen = \"claims.exists(c, c.details.ref == 'x')\"\nwarn = \"x\"\n",
		"[[project]]\nname = \"a\"\npublisher = [\"github:a/b@c.yml\", {identity = \"gitlab:**\", ref = \"refs/tags/*\", owner_id = 4711}]\nrequire = 2\nindex = [\"https://a.example/simple\"]\n",
		"[[exception]]\nproject = \"a\"\nversion = \"1.0\"\nidentity = \"github:a/*\"\nallow = [\"cooldown.young\"]\nuntil = 2026-12-31\nreason = \"x\"\n",
		"[tool.assay]\nmode = \"audit\"\n", "[[case]]\nproject = \"a\"\nversion = \"1\"\nexpect = \"deny\"\nuploaded = 2026-07-01\n",
		"project = [{name = \"a\", cooldown = \"3d\"}]\n", "a.b.c = [[{d = 1}], 1979-05-27T07:32:00Z, 0x1F, inf]\n", "[[project]]\n[project.x]\n", "[defaults]\r\nsdist=\"deny\"\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		check := func(err error) {
			if err == nil {
				return
			}
			for _, p := range err.(*tomlfile.Error).Problems {
				if p.File != "assay.toml" || p.Line < 0 || p.Line > strings.Count(text, "\n")+1 || p.Detail == "" {
					t.Errorf("%q: %+v", text, p)
				}
			}
		}
		file, err := Parse("assay.toml", []byte(text))
		check(err)
		if file != nil {
			file.Check(now)
			for _, p := range []*Policy{Join(file, nil), Join(nil, file), Join(file, file)} {
				p.Notes()
				p.Base()
				for _, claims := range [][]assay.Claim{nil, {}, signed("github:a/b@c.yml", map[string]string{"ref": "x"})} {
					Describe(p.For(artifact("a", "1.0"), claims))
				}
			}
		}
		_, err = ParsePyproject("assay.toml", []byte(text))
		check(err)
		cases, err := ParseCases("assay.toml", []byte(text))
		check(err)
		if err == nil && file == nil {
			for _, c := range cases {
				_, d := c.Decide(Join(nil, nil), now)
				c.Failure(d)
			}
		}
	})
}
