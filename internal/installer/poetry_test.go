package installer

import (
	"fmt"
	"strings"
	"testing"

	"assay/internal/index"
)

// facts renders everything that a configuration says, one line each.
func facts(c Config, root string) string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, i := range c.Indexes {
		extra := ""
		if i.Extra {
			extra = "+"
		}
		add("index %s%s=%s (%s)", extra, i.Name, i.Base(), i.Origin)
	}
	for _, l := range c.FindLinks {
		add("links %s (%s)", l.Where, l.Origin)
	}
	for _, s := range c.Sources {
		add("%s %s (%s)", s.Kind, s.Where, s.Origin)
	}
	for _, s := range c.CertFiles {
		add("roots %s (%s)", s.Value, s.Origin)
	}
	for _, s := range c.ClientCerts {
		add("certificate %s %s for %s (%s)", s.Cert, s.Key, s.Host, s.Origin)
	}
	for _, s := range c.Insecure {
		add("insecure %s (%s)", s.Value, s.Origin)
	}
	for _, s := range c.Around {
		add("around: %s", s)
	}
	return strings.ReplaceAll(strings.Join(out, "\n"), root, "ROOT")
}

const theDefault = "index =" + index.PyPI + " (default)"

func TestReadPoetry(t *testing.T) {
	const project = `
[[tool.poetry.source]]
name = "mine"
url = "https://a.invalid/team/simple/"
[[tool.poetry.source]]
name = "my.other"
url = "https://b.invalid/simple/"
priority = "explicit"
`
	config := "home/.config/pypoetry/config.toml"
	auth := "home/.config/pypoetry/auth.toml"
	in := func(n int) string { return fmt.Sprintf("(source %d in ROOT/cwd/pyproject.toml)", n) }
	mine, other := "index mine=https://a.invalid/team/simple/ "+in(1), "index +my.other=https://b.invalid/simple/ "+in(2)
	withUser := func(line, user string) string { return strings.Replace(line, "https://", "https://"+user+"@", 1) }
	for _, tt := range []struct {
		name, command string
		env           []string
		files         map[string]string
		want          []string
		set           []string // what a child is told beside the cache
	}{
		{"no project", "poetry lock", nil, nil, []string{theDefault}, nil},
		{"sources", "poetry lock", nil, map[string]string{"cwd/pyproject.toml": project}, []string{mine, other}, nil},
		{"explicit and supplemental ones leave PyPI", "poetry lock", nil, map[string]string{
			"cwd/pyproject.toml": strings.Replace(project, "simple/\"\n", "simple/\"\npriority = \"Supplemental\"\n", 1)},
			[]string{theDefault, "index +mine=https://a.invalid/team/simple/ " + in(1), other}, nil},
		{"PyPI beside the others", "poetry lock", nil, map[string]string{
			"cwd/pyproject.toml": project + "[[tool.poetry.source]]\nname = \"PyPI\"\npriority = \"primary\"\n"}, []string{theDefault, mine, other}, nil},
		{"a page of links", "poetry lock", nil, map[string]string{
			"cwd/pyproject.toml": "[[tool.poetry.source]]\nname = \"x\"\nurl = \"https://a.invalid/torch.html\"\npriority = \"explicit\"\n"},
			[]string{theDefault, "links https://a.invalid/torch.html (source 1 in ROOT/cwd/pyproject.toml)"}, nil},
		{"another folder", "poetry -C deep --project=.. lock", nil, map[string]string{"cwd/pyproject.toml": project, "cwd/deep/pyproject.toml": ""}, []string{mine, other}, nil},
		{"its plugins", "poetry self add x", nil, map[string]string{"home/.config/pypoetry/pyproject.toml": project},
			[]string{strings.Replace(mine, "cwd", "home/.config/pypoetry", 1), strings.Replace(other, "cwd", "home/.config/pypoetry", 1)}, nil},
		{"credentials of a source", "poetry lock", nil, map[string]string{"cwd/pyproject.toml": project,
			auth: "[http-basic.mine]\nusername = \"me\"\npassword = \"a b\"\n[http-basic.\"my.other\"]\nusername = \"you\"\n"},
			[]string{withUser(mine, "me:a%20b"), withUser(other, "you:")}, nil},
		{"credentials by variables", "poetry lock", []string{"POETRY_HTTP_BASIC_MINE_USERNAME=me", "POETRY_HTTP_BASIC_MINE_PASSWORD=pw", "POETRY_HTTP_BASIC_MY.OTHER_PASSWORD=token"},
			map[string]string{"cwd/pyproject.toml": project, auth: "[http-basic.mine]\nusername = \"old\"\npassword = \"old\"\n"},
			[]string{withUser(mine, "me:pw"), withUser(other, ":token")}, nil},
		{"credentials of a repository of the same host", "poetry lock", nil, map[string]string{"cwd/pyproject.toml": project,
			config: "[repositories]\nteam.url = \"https://a.invalid/team/simple\"\nall.url = \"https://a.invalid/else/\"\nplain.url = \"http://b.invalid\"\n",
			auth:   "http-basic.team = {username = \"t\", password = \"p\"}\nhttp-basic.all = {username = \"x\"}\n"},
			[]string{withUser(mine, "t:p"), other}, nil},
		{"the variables' repositories are all", "poetry lock", []string{"POETRY_REPOSITORIES_THE_ONE_URL=https://b.invalid/", "POETRY_HTTP_BASIC_THE_ONE_USERNAME=u"},
			map[string]string{"cwd/pyproject.toml": strings.Replace(project, "my.other", "the-one", 1), config: "repositories.mine.url = \"https://c.invalid\"\n"},
			[]string{mine, withUser(strings.Replace(other, "my.other", "the-one", 1), "u:")}, nil},
		{"credentials in the URL", "poetry lock", nil, map[string]string{"cwd/pyproject.toml": strings.Replace(project, "//a", "//own:pw@a", 1),
			auth: "http-basic.mine.username = \"me\""}, []string{withUser(mine, "own:pw"), other}, nil},
		{"certificates", "poetry lock", nil, map[string]string{"cwd/pyproject.toml": project,
			config:            "[certificates.mine]\ncert = \"/ca.pem\"\nclient-cert = \"me.pem\"\n[certificates.none]\ncert = \"/x\"",
			"cwd/poetry.toml": "[certificates.\"my.other\"]\ncert = false\n"},
			[]string{mine, other, "roots /ca.pem (ROOT/" + config + ")", "certificate ROOT/cwd/me.pem  for a.invalid (ROOT/" + config + ")",
				"insecure b.invalid (ROOT/cwd/poetry.toml)"},
			[]string{"POETRY_CERTIFICATES_MINE_VERIFY=BUNDLE", "POETRY_CERTIFICATES_MINE_CERT=BUNDLE",
				"POETRY_CERTIFICATES_MY.OTHER_VERIFY=BUNDLE", "POETRY_CERTIFICATES_MY.OTHER_CERT=BUNDLE"}},
		{"certificates by variables", "poetry lock", []string{"POETRY_CERTIFICATES_MINE_CERT=/ca.pem", "POETRY_CERTIFICATES_MINE_CLIENT_CERT=/me.pem"},
			map[string]string{"cwd/pyproject.toml": project, config: "certificates.mine.cert = false"},
			[]string{mine, other, "roots /ca.pem (POETRY_CERTIFICATES_MINE_CERT)", "certificate /me.pem  for a.invalid (POETRY_CERTIFICATES_MINE_CLIENT_CERT)"},
			[]string{"POETRY_CERTIFICATES_MINE_VERIFY=BUNDLE", "POETRY_CERTIFICATES_MINE_CERT=BUNDLE"}},
		{"verify beats cert", "poetry lock", nil, map[string]string{"cwd/pyproject.toml": project,
			config: "[certificates.mine]\ncert = \"/old.pem\"\nverify = \"/ca.pem\"\n"}, []string{mine, other, "roots /ca.pem (ROOT/" + config + ")"},
			[]string{"POETRY_CERTIFICATES_MINE_VERIFY=BUNDLE", "POETRY_CERTIFICATES_MINE_CERT=BUNDLE"}},
		{"another folder of settings", "poetry lock", []string{"POETRY_CONFIG_DIR=deep"}, map[string]string{"cwd/pyproject.toml": project,
			"cwd/deep/auth.toml": "http-basic.mine.username = \"me\"", auth: "http-basic.mine.username = \"other\""}, []string{withUser(mine, "me:"), other}, nil},
		{"XDG", "poetry lock", []string{"XDG_CONFIG_HOME=/none"}, map[string]string{"cwd/pyproject.toml": project, auth: "http-basic.mine.username = \"other\""}, []string{mine, other}, nil},
		{"dependencies", "poetry lock", nil, map[string]string{"cwd/pyproject.toml": `
[project]
dependencies = ["demo", "one @ git+https://u:p@a.invalid/one.git"]
[tool.poetry.dependencies]
python = ">=3.9"
two = {git = "https://u:p@a.invalid/two.git", branch = "main"}
three = [{path = "../three", develop = true}, {version = "1"}]
four = {url = "https://a.invalid/four-1.0.zip"}
[tool.poetry.group.test.dependencies]
five = {path = "five"}
[tool.poetry.dev-dependencies]
six = {file = "six-1.0.zip"}
`, "cwd/poetry.lock": lockTexts[poetryLock]}, []string{theDefault,
			"vcs git+https://a.invalid/one.git (ROOT/cwd/pyproject.toml)", "direct https://a.invalid/four-1.0.zip (ROOT/cwd/pyproject.toml)",
			"editable ../three (ROOT/cwd/pyproject.toml)", "vcs git+https://a.invalid/two.git (ROOT/cwd/pyproject.toml)",
			"local six-1.0.zip (ROOT/cwd/pyproject.toml)", "local five (ROOT/cwd/pyproject.toml)",
			"vcs git+https://b.invalid/mine.git (ROOT/cwd/poetry.lock:22)", "editable ../folder (ROOT/cwd/poetry.lock:35)", "local other (ROOT/cwd/poetry.lock:42)",
			"local dist/file-1.0.zip (ROOT/cwd/poetry.lock:48)", "direct https://c.invalid/direct-1.0.zip (ROOT/cwd/poetry.lock:54)"}, nil},
		{"what is added", "poetry add demo@^2.0 -G add git+https://a.invalid/x.git@main ./folder https://a.invalid/y-1.0.zip z==1", nil, nil,
			[]string{theDefault, "vcs git+https://a.invalid/x.git@main (command line)", "local ./folder (command line)", "direct https://a.invalid/y-1.0.zip (command line)"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := place(t, tt.files)
			config, err := Read(environ(root, tt.env...), root+"/cwd", strings.Fields(tt.command), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := facts(config, root), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if got := told(poetryEnvironment(Setup{BundlePath: "BUNDLE", Config: config}), root); got != strings.Join(tt.set, "\n") {
				t.Errorf("told\n%s\nwant\n%s", got, strings.Join(tt.set, "\n"))
			}
		})
	}
}

func told(pairs []pair, root string) string {
	var out []string
	for _, p := range pairs {
		out = append(out, p.key+"="+p.value)
	}
	return strings.ReplaceAll(strings.Join(out, "\n"), root, "ROOT")
}

// Poetry's environments lie below its cache, and must not move with it.
func TestPoetryKeepsItsEnvironments(t *testing.T) {
	config := "home/.config/pypoetry/config.toml"
	for _, tt := range []struct {
		name    string
		command string
		env     []string
		files   map[string]string
		want    []string
	}{
		{"by default", "poetry install", nil, nil, []string{"POETRY_VIRTUALENVS_PATH=ROOT/home/.cache/pypoetry/virtualenvs"}},
		{"XDG", "poetry install", []string{"XDG_CACHE_HOME=/c"}, nil, []string{"POETRY_VIRTUALENVS_PATH=/c/pypoetry/virtualenvs"}},
		{"another cache", "poetry install", nil, map[string]string{config: "cache-dir = \"~/pc\""}, []string{"POETRY_VIRTUALENVS_PATH=~/pc/virtualenvs"}},
		{"another cache by a variable", "poetry install", []string{"POETRY_CACHE_DIR=/pc"}, map[string]string{config: "cache-dir = \"/other\""},
			[]string{"POETRY_VIRTUALENVS_PATH=/pc/virtualenvs"}},
		{"elsewhere", "poetry install", nil, map[string]string{config: "virtualenvs.path = \"/envs\""}, nil},
		{"elsewhere for the project", "poetry install", nil, map[string]string{config: "virtualenvs.path = \"{cache-dir}/e\"", "cwd/pyproject.toml": "",
			"cwd/poetry.toml": "virtualenvs.path = \"/envs\""}, nil},
		{"by a variable", "poetry install", []string{"POETRY_VIRTUALENVS_PATH={cache-dir}/{project}"}, map[string]string{config: "cache-dir = \"/pc\""},
			[]string{"POETRY_VIRTUALENVS_PATH=/pc/{project}"}},
		{"interpreters", "poetry install", nil, map[string]string{config: "cache-dir = \"/pc\"\npython.installation-dir = \"{cache-dir}/py\""},
			[]string{"POETRY_VIRTUALENVS_PATH=/pc/virtualenvs", "POETRY_PYTHON_INSTALLATION_DIR=/pc/py"}},
		{"behind another command", "make", nil, map[string]string{config: "cache-dir = \"/pc\""}, []string{"POETRY_VIRTUALENVS_PATH=/pc/virtualenvs"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := place(t, tt.files)
			config, err := Read(environ(root, tt.env...), root+"/cwd", strings.Fields(tt.command), Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Join(append([]string{"POETRY_CACHE_DIR=/own/poetry"}, tt.want...), "\n")
			if got := told(poetryEnvironment(Setup{CacheDir: "/own", Config: config}), root); got != want {
				t.Errorf("told\n%s\nwant\n%s", got, want)
			}
			if got := told(poetryEnvironment(Setup{Config: config}), root); got != "" {
				t.Errorf("with the person's cache, told %s", got)
			}
		})
	}
}

// The settings of a Poetry that nobody may start stop no other command.
func TestPoetryBehindAnother(t *testing.T) {
	root := place(t, map[string]string{"home/.config/pypoetry/config.toml": "a = = b"})
	config, err := Read(environ(root), root+"/cwd", []string{"make"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "around: a Poetry that the command starts, whose settings cannot be read: ROOT/home/.config/pypoetry/config.toml:1: "
	if got := facts(config, root); !strings.Contains(got, "\n"+want) {
		t.Error(got)
	}
	if got := told(poetryEnvironment(Setup{CacheDir: "/own", Config: config}), root); got != "" {
		t.Errorf("told %s", got)
	}
	if _, err := Read(environ(root), root+"/cwd", []string{"poetry", "lock"}, Options{}); err == nil ||
		!strings.HasPrefix(strings.ReplaceAll(err.Error(), root, "ROOT"), "ROOT/home/.config/pypoetry/config.toml:1: ") {
		t.Errorf("Poetry itself: %v", err)
	}
}

func FuzzPoetry(f *testing.F) {
	f.Add("cache-dir = \"{cache-dir}\"\n[certificates.x]\ncert = 1\n", "[[tool.poetry.source]]\nname = \"x\"\nurl = \"https://a.invalid\"\n", "x")
	f.Add("repositories = 1\nhttp-basic.x = []", "[tool.poetry.dependencies]\nx = {git = 1}", "https://u@a.invalid/x")
	f.Fuzz(func(t *testing.T, config, project, name string) {
		var l tables
		if decodeTOML("config.toml", []byte(config), &l.tree) != nil {
			return
		}
		settings := poetrySettings{layers: layers{l}, cache: "/c"}
		repositories := settings.repositories([]poetrySource{{Name: name, URL: name}})
		r := &reader{cwd: "/"}
		r.poetryCerts(repositories, settings)
		_ = settings.child()
		_ = settings.withUser(name, repositories)
		var p pyproject
		if decodeTOML("pyproject.toml", []byte(project), &p) == nil {
			_ = r.poetryIndexes(p.poetrySources(), "pyproject.toml", repositories, settings)
			_ = r.poetryAsked(&p, "/none")
		}
	})
}
