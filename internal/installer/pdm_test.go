package installer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"assay/internal/index"
)

func TestReadPDM(t *testing.T) {
	const project = `
[[tool.pdm.source]]
name = "mine"
url = "https://a.invalid/simple"
`
	config, local := "home/.config/pdm/config.toml", "cwd/pdm.toml"
	pypi, mine := "index pypi="+index.PyPI+" (default)", "index +mine=https://a.invalid/simple (source 1 in ROOT/cwd/pyproject.toml)"
	stored := func(name, url, file string) string { return fmt.Sprintf("index +%s=%s (ROOT/%s)", name, url, file) }
	for _, tt := range []struct {
		name, command string
		env           []string
		files         map[string]string
		want          []string
	}{
		{"no project", "pdm lock", nil, nil, []string{pypi}},
		{"a source", "pdm lock", nil, map[string]string{"cwd/pyproject.toml": project}, []string{pypi, mine}},
		{"a mirror for all", "pdm lock", nil, map[string]string{"cwd/pyproject.toml": project, config: "[pypi]\nurl = \"https://m.invalid/simple\"\nusername = \"me\"\npassword = \"a b\"\n"},
			[]string{"index pypi=https://me:a%20b@m.invalid/simple (ROOT/" + config + ")", mine}},
		{"a user without a password counts for nothing", "pdm lock", []string{"PDM_PYPI_USERNAME=me"}, nil, []string{pypi}},
		{"the project's settings beat the person's, and variables both", "pdm lock", []string{"PDM_PYPI_URL=https://v.invalid/simple"},
			map[string]string{config: "pypi.url = \"https://m.invalid\"", local: "pypi.url = \"https://p.invalid\"", "cwd/pyproject.toml": ""},
			[]string{"index pypi=https://v.invalid/simple (PDM_PYPI_URL)"}},
		{"the project's settings beat the person's", "pdm lock", nil,
			map[string]string{config: "pypi.url = \"https://m.invalid/\"", local: "pypi.url = \"https://p.invalid/\"", "cwd/pyproject.toml": ""},
			[]string{"index pypi=https://p.invalid/ (ROOT/cwd/pdm.toml)"}},
		{"the system's", "pdm lock", nil, map[string]string{"xdg/pdm/config.toml": "pypi.url = \"https://s.invalid/\"\n[pypi.extra]\nurl = \"https://e.invalid/\""},
			[]string{"index pypi=https://s.invalid/ (ROOT/xdg/pdm/config.toml)", stored("extra", "https://e.invalid/", "xdg/pdm/config.toml")}},
		{"stored indexes", "pdm lock", nil, map[string]string{"cwd/pyproject.toml": project,
			config: "[pypi.mine]\nurl = \"https://other.invalid\"\nusername = \"u\"\npassword = \"p\"\n[pypi.more]\nurl = \"https://b.invalid/simple\"\nverify_ssl = false\n"},
			[]string{pypi, strings.Replace(mine, "//", "//u:p@", 1), stored("more", "https://b.invalid/simple", config), "insecure b.invalid (ROOT/" + config + ")"}},
		{"stored indexes left out", "pdm lock", []string{"PDM_IGNORE_STORED_INDEX=1"}, map[string]string{"cwd/pyproject.toml": project,
			config: "[pypi.mine]\nusername = \"u\"\npassword = \"p\"\n[pypi.more]\nurl = \"https://b.invalid/simple\"\n"}, []string{strings.Replace(mine, "//", "//u:p@", 1)}},
		{"stored indexes left out by a file", "pdm lock", []string{"PDM_IGNORE_STORED_INDEX=no"}, map[string]string{"cwd/pyproject.toml": project,
			config: "pypi.ignore_stored_index = true"}, []string{pypi, mine}},
		{"PyPI in its place", "pdm lock", nil, map[string]string{"cwd/pyproject.toml": project + "[[tool.pdm.source]]\nname = \"pypi\"\nverify_ssl = false\n", config: "pypi.url = \"https://m.invalid/\""},
			[]string{mine, "index pypi=https://m.invalid/ (ROOT/" + config + ")", "insecure m.invalid (source 2 in ROOT/cwd/pyproject.toml)"}},
		{"variables in URLs", "pdm lock", []string{"USER=me", "TOKEN=a@b/c"}, map[string]string{"cwd/pyproject.toml": strings.Replace(project, "//a", "//${USER}:${TOKEN}@a", 1)},
			[]string{pypi, strings.Replace(mine, "//", "//me:a%40b%2Fc@", 1)}},
		{"places with files", "pdm lock", nil, map[string]string{"cwd/pyproject.toml": project + "type = \"find_links\"\n[[tool.pdm.source]]\nname = \"x\"\ntype = \"find_links\"\nurl = \"file:///${PROJECT_HERE}/wheels\"\n"},
			[]string{pypi, "links https://a.invalid/simple (source 1 in ROOT/cwd/pyproject.toml)", "links file://ROOT/cwd/wheels (source 2 in ROOT/cwd/pyproject.toml)"}},
		{"client certificates", "pdm lock", nil, map[string]string{"cwd/pyproject.toml": project,
			config: "[pypi]\nclient_cert = \"/me.pem\"\n[pypi.mine]\nclient_cert = \"c.pem\"\nclient_key = \"~/k.pem\"\n"},
			[]string{pypi, mine, "certificate /me.pem  for " + strings.Split(index.PyPI, "/")[2] + " (ROOT/" + config + ")", "certificate ROOT/cwd/c.pem ROOT/home/k.pem for a.invalid (ROOT/" + config + ")"}},
		{"verification off by a variable", "pdm lock", []string{"PDM_PYPI_VERIFY_SSL=0", "PDM_PYPI_URL=https://a.invalid:8443/"}, nil,
			[]string{"index pypi=https://a.invalid:8443/ (PDM_PYPI_URL)", "insecure a.invalid:8443 (PDM_PYPI_VERIFY_SSL)"}},
		{"roots that are not used", "pdm lock", nil, map[string]string{config: "pypi.verify_ssl = false\npypi.ca_certs = \"/ca.pem\"\npypi.url = \"https://a.invalid/\""},
			[]string{"index pypi=https://a.invalid/ (ROOT/" + config + ")", "insecure a.invalid (ROOT/" + config + ")"}},
		{"other settings", "pdm -c deep/x.toml lock", []string{"PDM_CONFIG_FILE=none.toml"}, map[string]string{"cwd/deep/x.toml": "pypi.url = \"https://x.invalid/\""},
			[]string{"index pypi=https://x.invalid/ (ROOT/cwd/deep/x.toml)"}},
		{"another project", "pdm lock -p deep", []string{"PDM_PROJECT=/none"}, map[string]string{"cwd/deep/pyproject.toml": project},
			[]string{pypi, strings.Replace(mine, "cwd", "cwd/deep", 1)}},
		{"the global project", "pdm add -g x", nil, map[string]string{"home/.config/pdm/global-project/pyproject.toml": project, "cwd/pyproject.toml": "a = 1"},
			[]string{pypi, strings.Replace(mine, "cwd", "home/.config/pdm/global-project", 1)}},
		{"packages as links into the cache", "pdm sync", nil, map[string]string{config: "install.cache = true"},
			[]string{pypi, "around: install.cache in ROOT/" + config + ", with which an environment's packages are links into PDM's cache"}},
		{"dependencies", "pdm sync", nil, map[string]string{"cwd/pyproject.toml": `
[project]
dependencies = ["demo", "one @ git+https://u:p@a.invalid/one.git"]
[tool.pdm.dev-dependencies]
test = ["./none", "-e file:///${PROJECT_HERE}/sub#egg=sub", "two @ https://u:p@a.invalid/two-1.0.zip"]
[tool.pdm.resolution.overrides]
three = "git+https://a.invalid/three.git"
four = "1.0"
`, "cwd/pdm.lock": lockTexts[pdmLock]}, []string{pypi,
			"vcs git+https://a.invalid/one.git (ROOT/cwd/pyproject.toml)", "editable file://ROOT/cwd/sub (ROOT/cwd/pyproject.toml)",
			"direct https://a.invalid/two-1.0.zip (ROOT/cwd/pyproject.toml)", "vcs git+https://a.invalid/three.git (ROOT/cwd/pyproject.toml)",
			"vcs git+https://b.invalid/mine.git (ROOT/cwd/pdm.lock:15)", "editable ./folder (ROOT/cwd/pdm.lock:21)", "local ./other (ROOT/cwd/pdm.lock:27)",
			"direct https://c.invalid/direct-1.0.zip (ROOT/cwd/pdm.lock:31)"}},
		{"another lock", "pdm sync -L x.lock", []string{"PDM_LOCKFILE=none"}, map[string]string{"cwd/pyproject.toml": "", "cwd/x.lock": "[[package]]\nurl = \"https://a.invalid/x.zip\"\n"},
			[]string{pypi, "direct https://a.invalid/x.zip (ROOT/cwd/x.lock:2)"}},
		{"a lock of another format", "pdm sync", nil, map[string]string{"cwd/pyproject.toml": "", "cwd/pdm.toml": "lock.format = \"pylock\"",
			"cwd/pylock.toml": "[[packages]]\nname = \"x\"\narchive.url = \"https://a.invalid/x.zip\"\n", "cwd/pdm.lock": "[[package]]\nurl = \"https://b.invalid/x.zip\"\n"},
			[]string{pypi, "direct https://a.invalid/x.zip (package 1 in ROOT/cwd/pylock.toml)"}},
		{"what is added", "pdm add demo -e ./mine git+https://a.invalid/x.git", nil, nil,
			[]string{pypi, "vcs git+https://a.invalid/x.git (command line)", "editable ./mine (--editable)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := place(t, tt.files)
			named(t, root+"/cwd/pyproject.toml")
			got, err := Read(environ(root, tt.env...), root+"/cwd", strings.Fields(tt.command), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := facts(got, root), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	if got := told(pdmEnvironment(Setup{CacheDir: "/own"}), "-"); got != "PDM_CACHE_DIR=/own/pdm" {
		t.Error(got)
	}
	if got := told(pdmEnvironment(Setup{}), "-"); got != "" {
		t.Error(got)
	}
}

// named writes PDM's name for the project's folder into a file, if it is there:
// place has taken it for its own.
func named(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte("PROJECT_HERE"), []byte("PROJECT_ROOT")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// No variable beats the roots that PDM is configured with.
func TestPDMsOwnRootsAreAWayAround(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"ROOT/home/.config/pdm/config.toml":   {"home/.config/pdm/config.toml": "[pypi]\nca_certs = \"ca.pem\"\nurl = \"https://a.invalid/\""},
		"source 1 in ROOT/cwd/pyproject.toml": {"cwd/pyproject.toml": "[[tool.pdm.source]]\nname = \"x\"\nurl = \"https://a.invalid/\"\nca_certs = \"ca.pem\"\n"},
		"ROOT/cwd/pdm.toml":                   {"cwd/pdm.toml": "[pypi.x]\nurl = \"https://a.invalid/\"\nca_certs = \"ca.pem\"\n", "cwd/pyproject.toml": ""},
		"ROOT/xdg/pdm/config.toml":            {"xdg/pdm/config.toml": "[pypi.x]\nurl = \"https://a.invalid/\"\nca_certs = \"ca.pem\"\nverify_ssl = true\n"},
	} {
		root := place(t, files)
		_, err := Read(environ(root), root+"/cwd", []string{"pdm", "lock"}, Options{})
		var around *AroundError
		if !errors.As(err, &around) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := strings.ReplaceAll(around.Error()+"\n"+around.Hint(), root, "ROOT")
		want := `"ca_certs" (` + name + ") would make pdm distrust assay\n" +
			"leave it out, and set SSL_CERT_FILE=ROOT/cwd/ca.pem: assay trusts what is in it, and hands it on"
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// A uv that PDM asks through has settings of its own.
func TestPDMThroughUV(t *testing.T) {
	uv := map[string]string{"home/.config/uv/uv.toml": "https-proxy = \"http://p.invalid:1\"\nallow-insecure-host = [\"a.invalid\"]\n", "home/.config/pdm/config.toml": "use_uv = true"}
	root := place(t, uv)
	_, err := Read(environ(root), root+"/cwd", []string{"pdm", "lock"}, Options{})
	const want = `"https-proxy" (ROOT/home/.config/uv/uv.toml) would send pdm around assay`
	if err == nil || strings.ReplaceAll(err.Error(), root, "ROOT") != want {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err := Read(environ(root, "PDM_USE_UV=0"), root+"/cwd", []string{"pdm", "lock"}, Options{}); err != nil {
		t.Error(err)
	}
}

func FuzzPDM(f *testing.F) {
	f.Add("[pypi]\nurl = 1\n[pypi.x]\nurl = \"https://${A}@a.invalid\"\nverify_ssl = \"no\"\n", "[[tool.pdm.source]]\nname = 1\n")
	f.Add("pypi = 1", "[[tool.pdm.source]]\nname = \"pypi\"\ntype = \"find_links\"\nurl = \"x\"\n")
	f.Fuzz(func(t *testing.T, config, project string) {
		var l tables
		var p pyproject
		if decodeTOML("config.toml", []byte(config), &l.tree) != nil || decodeTOML("pyproject.toml", []byte(project), &p) != nil {
			return
		}
		settings := pdmSettings{layers: layers{l}}
		table := pdmTable{}
		if p.Tool.PDM != nil {
			table = *p.Tool.PDM
		}
		r := &reader{cwd: "/", env: Environ{"A=b c"}}
		for _, s := range settings.sources(table.Source, "pyproject.toml") {
			_ = r.pdmSource(s, "/none")
		}
		_ = r.pdmAsked(&p, table, "/none", flags{}, settings)
	})
}
