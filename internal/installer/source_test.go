package installer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// asked renders what a configuration says beside indexes, a line each.
func asked(c Config, root string) string {
	var out []string
	for _, s := range c.Sources {
		out = append(out, fmt.Sprintf("%s %s (%s)", s.Kind, s.Where, s.Origin))
	}
	for _, l := range c.FindLinks {
		s := fmt.Sprintf("links %s (%s)", l.Where, l.Origin)
		if l.Local {
			s += " = " + l.Path
		}
		out = append(out, s)
	}
	for _, s := range c.Insecure {
		out = append(out, fmt.Sprintf("insecure %s (%s)", s.Value, s.Origin))
	}
	for _, s := range c.CertFiles {
		if s.Origin != "/etc/pip.conf:2" { // this computer's
			out = append(out, fmt.Sprintf("roots %s (%s)", s.Value, s.Origin))
		}
	}
	for _, s := range c.ClientCerts {
		out = append(out, fmt.Sprintf("client %s,%s,%s (%s)", s.Cert, s.Key, s.Host, s.Origin))
	}
	return strings.ReplaceAll(strings.Join(out, "\n"), root, "ROOT")
}

func TestReadAsked(t *testing.T) {
	for _, tt := range []struct {
		name    string
		command string
		env     []string
		files   map[string]string
		want    string
	}{
		{"pip: names", "pip install x y==1 z[e]", nil, nil, ""},
		{"pip: everything else", "pip install https://me:secret@a.invalid/x.whl?t=secret x\u00a0@\u00a0git+https://u:secret@a.invalid/x@v1 ./lib y.whl -e . -e git+ssh://git@a.invalid/e", nil, nil, `direct https://a.invalid/x.whl?… (command line)
vcs git+https://a.invalid/x@v1 (command line)
local ./lib (command line)
local y.whl (command line)
editable . (--editable)
vcs git+ssh://a.invalid/e (--editable)`},
		{"pip: values are no requirements", "pip install -t ./t --prefix ./p --src=./s -C a=./b -b ./b x", nil, nil, ""},
		{"pip: behind two dashes", "pip install -- ./x", nil, nil, "local ./x (command line)"},
		{"pip: of a command that takes none", "pip uninstall ./x", nil, nil, ""},
		{"pip: a requirements file", "pip install -r sub/r.txt", []string{"TOKEN=secret"}, map[string]string{
			"cwd/sub/r.txt": "x @ https://u:${TOKEN}@a.invalid/x.whl\n-e ../lib\ngit+https://a.invalid/y\n./z\n-f wheels\n-f gone\n--trusted-host A.invalid:80\n-c c.txt", "cwd/sub/c.txt": "q @ file:///q\n",
			"cwd/sub/wheels/x": "",
		}, `direct https://a.invalid/x.whl (ROOT/cwd/sub/r.txt:1)
editable ../lib (ROOT/cwd/sub/r.txt:2)
vcs git+https://a.invalid/y (ROOT/cwd/sub/r.txt:3)
local ./z (ROOT/cwd/sub/r.txt:4)
local file:///q (ROOT/cwd/sub/c.txt:1)
links ROOT/cwd/sub/wheels (ROOT/cwd/sub/r.txt:5) = ROOT/cwd/sub/wheels
links gone (ROOT/cwd/sub/r.txt:6) = ROOT/cwd/gone
insecure a.invalid:80 (ROOT/cwd/sub/r.txt:7)`},
		{"pip: a lock file", "pip install -r pylock.toml", nil, map[string]string{
			"cwd/pylock.toml": "[[packages]]\nname='a'\nvcs={type='git',url='https://u:secret@a.invalid/a'}\n[[packages]]\nname='b'\narchive={url='https://a.invalid/b.zip'}\n" +
				"[[packages]]\nname='c'\ndirectory={path='c',editable=true}\n[[packages]]\nname='d'\ndirectory={path='d'}\n[[packages]]\nname='e'\nwheels=[{path='e.whl'},{url='https://i.invalid/e.whl'}]",
		}, `vcs git+https://a.invalid/a (package 1 in ROOT/cwd/pylock.toml)
direct https://a.invalid/b.zip (package 2 in ROOT/cwd/pylock.toml)
editable c (package 3 in ROOT/cwd/pylock.toml)
local d (package 4 in ROOT/cwd/pylock.toml)
local e.whl (package 5 in ROOT/cwd/pylock.toml)`},
		{"pip: links, hosts, certificates", "pip install -f ./w --find-links https://me:secret@a.invalid/l?t=secret -f file:///w --trusted-host One x", []string{"PIP_TRUSTED_HOST=two three:1", "PIP_CLIENT_CERT=c.pem"},
			map[string]string{"home/.pip/pip.conf": "[global]\ncert = ~/r.pem"}, `links ./w (--find-links) = ROOT/cwd/w
links https://a.invalid/l?… (--find-links)
links file:///w (--find-links) = /w
insecure two (PIP_TRUSTED_HOST)
insecure three:1 (PIP_TRUSTED_HOST)
insecure one (--trusted-host)
roots ROOT/home/r.pem (ROOT/home/.pip/pip.conf:2)
client ROOT/cwd/c.pem,, (PIP_CLIENT_CERT)`},
		{"pip: a folder as an index", "pip install -i ../mirror x", nil, nil, "links ../mirror (--index-url) = ROOT/mirror"},
		{"pip-tools", "pip-sync --trusted-host a --cert c.pem r.txt --pip-args=-e\u00a0./e", nil, map[string]string{"cwd/r.txt": "git+https://a.invalid/x"}, `vcs git+https://a.invalid/x (ROOT/cwd/r.txt:1)
editable ./e (--editable in --pip-args)
insecure a (--trusted-host)
roots ROOT/cwd/c.pem (--cert)`},
		{"pip-tools: a project", "pip-compile pyproject.toml", nil, map[string]string{"cwd/pyproject.toml": "[project]\nname='x'\ndependencies=['y @ git+https://a.invalid/y', 'z']\n[project.optional-dependencies]\ne=['q @ https://a.invalid/q.whl']\n" +
			"[dependency-groups]\nd=['./x @ y', {include-group='e'}, 'r @ file:///r']\n[build-system]\nrequires=['s @ https://a.invalid/s.whl']"}, `vcs git+https://a.invalid/y (ROOT/cwd/pyproject.toml)
direct https://a.invalid/q.whl (ROOT/cwd/pyproject.toml)
local file:///r (ROOT/cwd/pyproject.toml)
direct https://a.invalid/s.whl (ROOT/cwd/pyproject.toml)`},
		{"pipx", "pipx install ./x git+https://a.invalid/y --preinstall https://a.invalid/z.whl --python ./p", nil, nil, `local ./x (command line)
vcs git+https://a.invalid/y (command line)
direct https://a.invalid/z.whl (--preinstall)`},
		{"pipx run", "pipx run --spec git+https://a.invalid/y --with ./w ./app ./data", nil, nil, "vcs git+https://a.invalid/y (--spec)\nlocal ./w (--with)"},
		{"pipx inject", "pipx inject app ./x -r r.txt -e", nil, map[string]string{"cwd/r.txt": "./y"}, "editable ./x (command line)\nlocal ./y (ROOT/cwd/r.txt:1)"},
		{"uv pip", "uv pip install ./x -e ./y https://a.invalid/z.whl --no-binary ./q -r r.txt", []string{"UV_OVERRIDE=o.txt"}, map[string]string{"cwd/r.txt": "--trusted-host a\n-f w", "cwd/o.txt": "git+https://a.invalid/o"}, `local ./x (command line)
direct https://a.invalid/z.whl (command line)
editable ./y (--editable)
vcs git+https://a.invalid/o (ROOT/cwd/o.txt:1)
links w (ROOT/cwd/r.txt:2) = ROOT/cwd/w`},
		{"uv add", "uv add --editable ./x", nil, nil, "editable ./x (command line)"},
		{"uv add by git", "uv add git+https://a.invalid/x --rev ./y", nil, nil, "vcs git+https://a.invalid/x (command line)"},
		{"uvx", "uvx --from git+https://a.invalid/x --with ./w,y --with-editable ./e app ./data", nil, nil, `vcs git+https://a.invalid/x (--from)
local ./w (--with)
editable ./e (--with-editable)`},
		{"uvx, a version", "uvx ruff@0.6.0 ./data", nil, nil, ""},
		{"uvx, the latest", "uvx --with ./w ruff[x]@latest", nil, nil, "local ./w (--with)"},
		{"uvx, a path", "uvx app@./x", nil, nil, "local ./x (command line)"},
		{"uv tool install, a version", "uv tool install ruff@0.6.0", nil, nil, ""},
		{"uv tool install", "uv tool install -e ./x", nil, nil, "editable ./x (command line)"},
		{"uv run", "uv run --with ./w app ./data git+https://a.invalid/x", nil, nil, "local ./w (--with)"},
		{"uv sync: sources", "uv sync", nil, map[string]string{"cwd/pyproject.toml": "[project]\nname='p'\ndependencies=['a','b @ https://a.invalid/b.whl']\n" +
			"[tool.uv.sources]\na={git='https://u:secret@a.invalid/a'}\nc=[{path='../c',marker='x'},{path='../d',editable=true}]\ne={url='https://a.invalid/e.whl'}\nf={index='i'}\ng={workspace=true}\nh='x'\n"}, `direct https://a.invalid/b.whl (ROOT/cwd/pyproject.toml)
vcs git+https://a.invalid/a (ROOT/cwd/pyproject.toml)
local ../c (ROOT/cwd/pyproject.toml)
editable ../d (ROOT/cwd/pyproject.toml)
direct https://a.invalid/e.whl (ROOT/cwd/pyproject.toml)`},
		{"uv: a script", "uv run s.py", nil, map[string]string{"cwd/s.py": "# /// script\n# dependencies = ['x @ git+https://a.invalid/x', '''y''']\n# ///\n# ///\n"}, ""},
		{"uv: a script with its end", "uv run s.py", nil, map[string]string{"cwd/s.py": "import x\n# /// script\n# dependencies = ['x @ git+https://a.invalid/x']\n#\n# [tool.uv.sources]\n# y = {path = 'y'}\n# ///\n"},
			"vcs git+https://a.invalid/x (ROOT/cwd/s.py)\nlocal y (ROOT/cwd/s.py)"},
		{"uv: hosts, certificates", "uv sync --allow-insecure-host https://One:8443/", []string{"UV_INSECURE_HOST=two [::1]:3", "SSL_CLIENT_CERT=c.pem"}, map[string]string{"cwd/uv.toml": "allow-insecure-host = ['four']"}, `insecure one:8443 (--allow-insecure-host)
insecure two (UV_INSECURE_HOST)
insecure [::1]:3 (UV_INSECURE_HOST)
insecure four (ROOT/cwd/uv.toml)
client ROOT/cwd/c.pem,, (SSL_CLIENT_CERT)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := place(t, tt.files)
			got, err := Read(environ(root, tt.env...), root+"/cwd", arguments(tt.command), Options{})
			if err != nil {
				if tt.name == "uv: a script" {
					return // a second end belongs to the block, which is no TOML then
				}
				t.Fatal(err)
			}
			if s := asked(got, root); s != tt.want {
				t.Errorf("got\n%s\nwant\n%s", s, tt.want)
			}
			if s := fmt.Sprintf("%+v", got.Sources) + fmt.Sprint(got.FindLinks) + fmt.Sprint(got.Around); strings.Contains(s, "secret") {
				t.Errorf("a secret is shown: %s", s)
			}
		})
	}
}

// What cannot be read beforehand is named.
func TestReadBeforehand(t *testing.T) {
	root := place(t, map[string]string{"cwd/a.txt": "-r https://u:secret@a.invalid/b.txt"})
	for command, want := range map[string]string{
		"pip install -r https://u:secret@a.invalid/r.txt": "the requirements at https://a.invalid/r.txt (--requirement), which are not read beforehand",
		"pip install -r a.txt":                            "the requirements at https://a.invalid/b.txt (ROOT/cwd/a.txt:1), which are not read beforehand",
		"uv pip install -r -":                             "the requirements on the standard input (--requirement), which are not read beforehand",
		"pip install -r /dev/null":                        "the requirements in /dev/null, which cannot be read beforehand",
		"uv run https://u:secret@a.invalid/s.py":          "the settings of the script https://a.invalid/s.py, which cannot be read beforehand",
		"uv run -":                                        "the settings of the script -, which cannot be read beforehand",
		"pipx run app":                                    "the environment that pipx keeps of an earlier run, if it does; --no-cache makes a new one",
		"pipx run --no-cache app":                         "",
		"pip install -r gone.txt":                         "",
	} {
		got, err := Read(environ(root), root+"/cwd", strings.Fields(command), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s := strings.ReplaceAll(strings.Join(got.Around, "\n"), root, "ROOT"); s != want {
			t.Errorf("%s: got %q, want %q", command, s, want)
		}
	}
}

func TestShownPlace(t *testing.T) {
	for place, want := range map[string]string{
		"git@a.invalid:x/y.git":             "git@a.invalid:x/y.git",
		"git+me:secret@a.invalid/x":         "git+me:a.invalid/x",
		"git+https://me:secret@a.invalid/x": "git+https://a.invalid/x",
		"file:///a/b?q=secret":              "file:///a/b?…",
		"http://me:secret@a.invalid:port/":  "a URL that cannot be read",
		`C:\wheels\x.whl`:                   `C:\wheels\x.whl`,
		"./x":                               "./x",
	} {
		if got := shownPlace(place); got != want {
			t.Errorf("%s: got %s, want %s", place, got, want)
		}
	}
}

func TestPythonPrefix(t *testing.T) {
	root := place(t, map[string]string{
		"venv/pyvenv.cfg": "", "venv/pip.conf": "[global]\nindex-url = " + a, "venv/bin/pip": "#!ROOT/venv/bin/python\n",
		"other/pip.conf": "[global]\nindex-url = " + b, "other/pyvenv.cfg": "",
		"base/bin/python3.12": "\x7fELF", "base/bin/pip3": "#!ROOT/base/bin/python3.12 -s\n", "base/pip.conf": "[global]\nindex-url = " + c,
		"shims/pip": "#!/usr/bin/env bash\n", "tools/pip3": "#!ROOT/venv/bin/python\n",
	})
	for _, link := range []struct{ name, to string }{{"venv/bin/python", root + "/base/bin/python3.12"}, {"bin/pip", "../venv/bin/pip"}, {"bin/python", root + "/venv/bin/python"}, {"bin/loop", "loop"}} {
		path := filepath.Join(root, link.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(link.to, path); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ command, path, venv, want string }{
		{"ROOT/venv/bin/pip install x", "", "", "ROOT/venv/pip.conf"},
		{"pip install x", "ROOT/none:ROOT/venv/bin", "", "ROOT/venv/pip.conf"},
		{"pip install x", "ROOT/venv/bin", "ROOT/other", "ROOT/venv/pip.conf"}, // pip looks at its own
		{"python -m pip install x", "ROOT/venv/bin", "", "ROOT/venv/pip.conf"},
		{"ROOT/bin/pip install x", "", "", "ROOT/venv/pip.conf"},
		{"ROOT/bin/python -m pip install x", "", "", "ROOT/venv/pip.conf"},
		{"ROOT/tools/pip3 install x", "", "", "ROOT/venv/pip.conf"},
		{"../venv/bin/pip install x", "", "", "ROOT/venv/pip.conf"},
		{"pip3 install x", "ROOT/base/bin", "", "ROOT/base/pip.conf"},
		{"pip3 install x", "ROOT/base/bin", "ROOT/other", "ROOT/other/pip.conf"},
		{"pip install x", "ROOT/shims", "ROOT/other", "ROOT/other/pip.conf"},
		{"pip install x", "ROOT/shims", "", ""},
		{"ROOT/bin/loop install x", "", "", ""},
		{"pip install x", "", "ROOT/other", "ROOT/other/pip.conf"},
	} {
		env := environ(root, "PATH="+tt.path, "VIRTUAL_ENV="+tt.venv)
		got, err := Read(env, root+"/cwd", strings.Fields(strings.ReplaceAll(tt.command, "ROOT", root)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		read := slices.DeleteFunc(got.Files, func(f string) bool { return f == "/etc/pip.conf" })
		if s := strings.ReplaceAll(strings.Join(read, " "), root, "ROOT"); s != tt.want {
			t.Errorf("%s, PATH %s, VIRTUAL_ENV %s: got %s, want %s", tt.command, tt.path, tt.venv, s, tt.want)
		}
	}
}

// TestThroughLinks: where a path goes back out of a folder that is a link, one pip reads
// this file and another that one, and both are read; where it is no link, the one is read once.
func TestThroughLinks(t *testing.T) {
	root := place(t, map[string]string{"cwd/r.txt": "-r link/../other.txt\n-r plain/../other.txt\n", "cwd/other.txt": "-i " + a, "cwd/plain/x": "",
		"deep/in/x": "", "deep/other.txt": "--extra-index-url " + b})
	if err := os.Symlink(root+"/deep/in", root+"/cwd/link"); err != nil {
		t.Fatal(err)
	}
	got, err := Read(environ(root), root+"/cwd", []string{"pip", "install", "-r", "r.txt"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	read := slices.DeleteFunc(got.Files, func(f string) bool { return f == "/etc/pip.conf" })
	if s := strings.ReplaceAll(strings.Join(read, " "), root, "ROOT"); s != "ROOT/cwd/r.txt ROOT/cwd/other.txt ROOT/cwd/link/../other.txt" {
		t.Errorf("read %s", s)
	}
	if len(got.Indexes) != 2 {
		t.Errorf("the indexes are %v", got.Indexes)
	}
}
