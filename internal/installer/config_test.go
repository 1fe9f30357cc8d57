package installer

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"assay/internal/index"
)

// place writes files below a fresh folder and returns it. A path may begin with
// home/ or cwd/, which the tests use as such.
func place(t *testing.T, files map[string]string) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the places of configuration files are tested as they are on Linux")
	}
	root := t.TempDir()
	for _, dir := range []string{"home", "cwd/deep", "xdg"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(content, "ROOT", root)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// environ is a bare environment in which nothing of this computer is read.
func environ(root string, more ...string) Environ {
	env := Environ{"HOME=" + root + "/home", "XDG_CONFIG_DIRS=" + root + "/xdg"}
	for _, kv := range more {
		env = append(env, strings.ReplaceAll(kv, "ROOT", root))
	}
	return env
}

// shown renders indexes as "URL<ORIGIN", the extra ones with a "+".
func shown(c Config, root string) string {
	var out []string
	for _, i := range c.Indexes {
		s := i.URL.String() + "<" + i.Origin
		if i.User != nil {
			s = i.User.String() + "@" + s
		}
		if i.Name != "" {
			s = i.Name + "=" + s
		}
		if i.Extra {
			s = "+" + s
		}
		out = append(out, strings.ReplaceAll(s, root, "ROOT"))
	}
	return strings.Join(out, "\n")
}

// arguments splits a command line; a no-break space is a space within an argument.
func arguments(line string) []string {
	args := strings.Split(line, " ")
	if line == "" {
		return nil
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "\u00a0", " ")
	}
	return args
}

const (
	a = "https://a.invalid/simple"
	b = "https://b.invalid/simple"
	c = "https://c.invalid/simple"
)

func TestRead(t *testing.T) {
	def := index.PyPI + "<default"
	tests := []struct {
		name    string
		command string
		env     []string
		files   map[string]string
		want    []string
	}{
		{"pip: nothing", "pip install x", nil, nil, []string{def}},
		{"pip: variables", "pip3.12 install x", []string{"PIP_INDEX_URL=" + a, "PIP_EXTRA_INDEX_URL=" + b + "\n " + c}, nil,
			[]string{a + "<PIP_INDEX_URL", "+" + b + "<PIP_EXTRA_INDEX_URL", "+" + c + "<PIP_EXTRA_INDEX_URL"}},
		{"pip: an empty variable", "pip install x", []string{"PIP_INDEX_URL="}, nil, []string{def}},
		{"pip: credentials", "pip install x", []string{"PIP_INDEX_URL=https://me:s%40cret@a.invalid/simple#f"}, nil,
			[]string{"me:s%40cret@" + a + "<PIP_INDEX_URL"}},
		{"pip: the command line adds to extra indexes", "python3 -Im pip install -U x --extra-index-url=" + b, []string{"PIP_EXTRA_INDEX_URL=" + c}, nil,
			[]string{def, "+" + c + "<PIP_EXTRA_INDEX_URL", "+" + b + "<--extra-index-url"}},
		{"pip: the command line beats the environment", "pip install -Ui " + b, []string{"PIP_INDEX_URL=" + a}, nil, []string{b + "<--index-url"}},
		{"pip: short and joined", "pip install -i" + b, nil, nil, []string{b + "<--index-url"}},
		{"pip: abridged", "pip install --index-u " + b + " --ext " + c, nil, nil, []string{b + "<--index-url", "+" + c + "<--extra-index-url"}},
		{"pip: an alias", "pip install --pypi-url " + b, nil, nil, []string{b + "<--index-url"}},
		{"pip: behind two dashes", "pip install -- --index-url " + b, nil, nil, []string{def}},
		{"pip: no index", "pip install --no-index x", []string{"PIP_EXTRA_INDEX_URL=" + c}, nil, nil},
		{"pip: no index by a variable", "pip install x", []string{"PIP_NO_INDEX=1"}, nil, nil},
		{"pip: files, weakest first", "pip install x", nil, map[string]string{
			"xdg/pip/pip.conf":          "[global]\nindex-url = " + a + "\nextra-index-url = " + c,
			"home/.config/pip/pip.conf": "[global]\nindex_url: " + b,
		}, []string{b + "<ROOT/home/.config/pip/pip.conf:2", "+" + c + "<ROOT/xdg/pip/pip.conf:3"}},
		{"pip: a command's section beats global of a stronger file", "pip install x", nil, map[string]string{
			"xdg/pip/pip.conf":   "[install]\nindex-url = " + a,
			"home/.pip/pip.conf": "[global]\nindex-url = " + b,
			"home/venv/pip.conf": "[download]\nindex-url = " + c,
		}, []string{a + "<ROOT/xdg/pip/pip.conf:2"}},
		{"pip: of another command", "pip download x", []string{"VIRTUAL_ENV=ROOT/home/venv"}, map[string]string{
			"home/venv/pip.conf": "[download]\nindex-url = " + c,
		}, []string{c + "<ROOT/home/venv/pip.conf:2"}},
		{"pip: for another Python", "pip --python ../other install x", []string{"VIRTUAL_ENV=ROOT/home/venv"}, map[string]string{
			"home/venv/pip.conf": "[global]\nindex-url = " + b,
			"other/pip.conf":     "[global]\nindex-url = " + c,
		}, []string{c + "<ROOT/other/pip.conf:2"}},
		{"pip: for another Python's interpreter, by a variable", "pip install x", []string{"PIP_PYTHON=../other/bin/python"}, map[string]string{
			"other/bin/python": "", "other/pyvenv.cfg": "",
			"other/pip.conf": "[global]\nindex-url = " + c,
		}, []string{c + "<ROOT/other/pip.conf:2"}},
		{"pip: PIP_CONFIG_FILE is strongest, and the person's own is not read", "pip install x", []string{"PIP_CONFIG_FILE=ROOT/cwd/x.conf"}, map[string]string{
			"cwd/x.conf":         "[global]\nindex-url = " + a,
			"home/.pip/pip.conf": "[global]\nindex-url = " + b + "\nextra-index-url = " + c,
		}, []string{a + "<ROOT/cwd/x.conf:2"}},
		{"pip: PIP_CONFIG_FILE is nothing", "pip install x", []string{"PIP_CONFIG_FILE=/dev/null"}, map[string]string{
			"home/.pip/pip.conf": "[global]\nindex-url = " + b,
		}, []string{def}},
		{"pip: isolated", "pip --isolated install x", []string{"PIP_INDEX_URL=" + a}, map[string]string{
			"home/.pip/pip.conf": "[global]\nindex-url = " + b,
			"xdg/pip/pip.conf":   "[global]\nindex-url = " + c,
		}, []string{c + "<ROOT/xdg/pip/pip.conf:2"}},
		{"pip: DEFAULT, comments, values of many lines", "pip install x", nil, map[string]string{
			"home/.pip/pip.conf": "# pip\n[DEFAULT]\nindex-url = " + a + "\n[global]\nextra-index-url =\n    # one\n    " + b + "\n\n    " + c + "\n; end\n",
		}, []string{a + "<ROOT/home/.pip/pip.conf:3", "+" + b + "<ROOT/home/.pip/pip.conf:5", "+" + c + "<ROOT/home/.pip/pip.conf:5"}},
		{"uv: nothing", "uv sync", nil, nil, []string{def}},
		{"uv: variables", "uv pip install x", []string{"UV_INDEX=one=" + a + " " + b, "UV_DEFAULT_INDEX=" + c}, nil,
			[]string{"+one=" + a + "<UV_INDEX", "+" + b + "<UV_INDEX", c + "<UV_DEFAULT_INDEX"}},
		{"uv: older variables", "uv pip install x", []string{"UV_INDEX_URL=" + a, "UV_EXTRA_INDEX_URL=" + b}, nil,
			[]string{"+" + b + "<UV_EXTRA_INDEX_URL", a + "<UV_INDEX_URL"}},
		{"uv: the command line replaces the variable", "uv add x --index two=" + b, []string{"UV_INDEX=" + a}, nil,
			[]string{"+two=" + b + "<--index", def}},
		{"uv: the project's, the person's", "uv sync", nil, map[string]string{
			"cwd/pyproject.toml":      "[[tool.uv.index]]\nname = \"one\"\nurl = \"" + a + "\"\n",
			"home/.config/uv/uv.toml": "extra-index-url = [\"" + b + "\"]\n[[index]]\nurl = \"" + c + "\"\ndefault = true\n",
		}, []string{"+one=" + a + "<ROOT/cwd/pyproject.toml", "+" + b + "<ROOT/home/.config/uv/uv.toml", c + "<ROOT/home/.config/uv/uv.toml"}},
		{"uv: uv.toml beats pyproject.toml beside it", "uv sync", nil, map[string]string{
			"cwd/pyproject.toml": "[tool.uv]\nindex-url = \"" + a + "\"\n",
			"cwd/uv.toml":        "index-url = \"" + b + "\"\n",
		}, []string{b + "<ROOT/cwd/uv.toml"}},
		{"uv: the table pip is for uv pip", "uv pip install x", nil, map[string]string{
			"cwd/uv.toml": "[pip]\nindex-url = \"" + b + "\"\n",
		}, []string{b + "<ROOT/cwd/uv.toml"}},
		{"uv: the table pip is for uv pip alone", "uv lock", nil, map[string]string{
			"cwd/uv.toml": "[pip]\nindex-url = \"" + b + "\"\n",
		}, []string{def}},
		{"uv: a member has its workspace's indexes", "uv sync --directory deep", nil, map[string]string{
			"cwd/pyproject.toml":      "[tool.uv.workspace]\nmembers = [\"deep\"]\n[[tool.uv.index]]\nurl = \"" + a + "\"\n",
			"cwd/deep/pyproject.toml": "[tool.uv]\nextra-index-url = [\"" + b + "\"]\n",
		}, []string{"+" + a + "<ROOT/cwd/pyproject.toml", "+" + b + "<ROOT/cwd/deep/pyproject.toml", def}},
		{"uv: a tool has no project", "uvx x", nil, map[string]string{
			"cwd/uv.toml": "index-url = \"" + b + "\"\n",
		}, []string{def}},
		{"uv: no configuration", "uv --no-config sync", nil, map[string]string{
			"cwd/uv.toml": "index-url = \"" + b + "\"\n",
		}, []string{def}},
		{"uv: one named configuration", "uv sync --config-file other.toml", nil, map[string]string{
			"cwd/uv.toml":             "index-url = \"" + b + "\"\n",
			"cwd/other.toml":          "index-url = \"" + a + "\"\n",
			"home/.config/uv/uv.toml": "extra-index-url = [\"" + c + "\"]\n",
		}, []string{a + "<ROOT/cwd/other.toml"}},
		{"uv: no index", "uv pip install --no-index x", []string{"UV_INDEX=" + a}, nil, nil},
		{"poetry: nothing", "poetry install", nil, nil, []string{def}},
		{"poetry: a source beside", "poetry add x", nil, map[string]string{
			"cwd/pyproject.toml": "[[tool.poetry.source]]\nname = \"one\"\nurl = \"" + a + "\"\npriority = \"supplemental\"\n",
		}, []string{def, "+one=" + a + "<source 1 in ROOT/cwd/pyproject.toml"}},
		{"poetry: a source in its place", "poetry add x", nil, map[string]string{
			"cwd/pyproject.toml": "[[tool.poetry.source]]\nname = \"one\"\nurl = \"" + a + "\"\n",
		}, []string{"one=" + a + "<source 1 in ROOT/cwd/pyproject.toml"}},
		{"pdm: a source beside, one in the place", "pdm lock", []string{"TOKEN=secret"}, map[string]string{
			"cwd/pyproject.toml": "[[tool.pdm.source]]\nname = \"one\"\nurl = \"https://me:${TOKEN}@a.invalid/simple\"\n[[tool.pdm.source]]\nname = \"pypi\"\nurl = \"" + b + "\"\n",
		}, []string{"+one=me:secret@" + a + "<source 1 in ROOT/cwd/pyproject.toml", "pypi=" + b + "<source 2 in ROOT/cwd/pyproject.toml"}},
		{"pdm: a variable", "pdm lock", []string{"PDM_PYPI_URL=" + b}, nil, []string{"pypi=" + b + "<PDM_PYPI_URL"}},
		{"another: pip's and uv's", "make install", []string{"PIP_INDEX_URL=" + a, "UV_INDEX=" + b}, nil,
			[]string{a + "<PIP_INDEX_URL", "+" + b + "<UV_INDEX"}},
		{"pip: lines of requirements files", "pip install -r req/a.txt", []string{"PIP_CONSTRAINT=c.txt"}, map[string]string{
			"cwd/req/a.txt": "-i " + a + "\n-r b.txt\nx", "cwd/req/b.txt": "x\n--extra-index-url https://u:p@b.invalid/simple", "cwd/c.txt": "# c\n\n--extra-index-url=" + c,
		}, []string{a + "<ROOT/cwd/req/a.txt:1", "+u:p@" + b + "<ROOT/cwd/req/b.txt:2", "+" + c + "<ROOT/cwd/c.txt:3"}},
		{"pip: no index by a requirements file", "pip install --requirement=a.txt", nil, map[string]string{"cwd/a.txt": "--no-index\n-f ./w"}, nil},
		{"pip: a requirements file that is missing is pip's to report", "pip install -r a.txt -i " + a, nil, nil, []string{a + "<--index-url"}},
		{"pip: of a command that takes no requirements", "pip list -r a.txt", nil, map[string]string{"cwd/a.txt": "-i " + a}, []string{def}},
		{"uv: lines of requirements files count after the rest", "uv pip install -r a.txt --default-index " + b, nil, map[string]string{
			"cwd/a.txt": "-i " + a + "\n--extra-index-url " + c,
		}, []string{"+" + a + "<ROOT/cwd/a.txt:1", "+" + c + "<ROOT/cwd/a.txt:2", b + "<--default-index"}},
		{"uv: a source file of compile", "uv pip compile a.in -o out", []string{"UV_CONSTRAINT=c.txt"}, map[string]string{
			"cwd/a.in": "-i " + a, "cwd/c.txt": "--extra-index-url " + c,
		}, []string{"+" + c + "<ROOT/cwd/c.txt:1", a + "<ROOT/cwd/a.in:1"}},
		{"uv: a file of uvx", "uvx --with-requirements a.txt x", nil, map[string]string{"cwd/a.txt": "--extra-index-url " + a}, []string{"+" + a + "<ROOT/cwd/a.txt:1", def}},
		{"uv: the options of the application are its own", "uv run --index " + a + " app --index " + b, nil, nil, []string{"+" + a + "<--index", def}},
		{"uv: a tool's application", "uvx -p 3.12 --from x app --index " + b, nil, nil, []string{def}},
		{"uv: a script's indexes", "uv run -q s.py", nil, map[string]string{
			"cwd/s.py": "#!/usr/bin/env python\n# /// script\n# dependencies = []\n# [[tool.uv.index]]\n# url = \"" + a + "\"\n# ///\nprint()\n",
		}, []string{"+" + a + "<ROOT/cwd/s.py", def}},
		{"uv: the script of a lock", "uv lock --script s.py", nil, map[string]string{
			"cwd/s.py": "# /// script\n# [tool.uv]\n# index-url = \"" + a + "\"\n# ///\n",
		}, []string{a + "<ROOT/cwd/s.py"}},
		{"uv: another folder", "uv --directory deep sync --project ..", []string{"UV_PROJECT=/none"}, map[string]string{"cwd/uv.toml": "index-url = \"" + a + "\""}, []string{a + "<ROOT/cwd/uv.toml"}},
		{"uv: a folder by a variable", "uv sync", []string{"UV_WORKING_DIR=deep"}, map[string]string{"cwd/deep/uv.toml": "index-url = \"" + a + "\""}, []string{a + "<ROOT/cwd/deep/uv.toml"}},
		{"pip-tools: the command line", "pip-compile -i " + a + " --pip-args=--extra-index-url\u00a0" + b, nil, nil,
			[]string{a + "<--index-url", "+" + b + "<--extra-index-url in --pip-args"}},
		{"pip-tools: its file", "pip-sync", nil, map[string]string{
			"cwd/pyproject.toml":   "[tool.pip-tools]\nindex-url = \"" + a + "\"\npip-args = \"--extra-index-url " + b + "\"\n[tool.pip-tools.sync]\nextra_index_url = [\"" + c + "\"]\n",
			"cwd/requirements.txt": "--extra-index-url https://d.invalid/simple",
		}, []string{a + "<ROOT/cwd/pyproject.toml", "+" + c + "<ROOT/cwd/pyproject.toml", "+" + b + "<--extra-index-url in ROOT/cwd/pyproject.toml",
			"+https://d.invalid/simple<ROOT/cwd/requirements.txt:1"}},
		{"pip-tools: as a module, with a source", "python -m piptools compile a.in", nil, map[string]string{"cwd/a.in": "-i " + a, "cwd/requirements.in": "-i " + b},
			[]string{a + "<ROOT/cwd/a.in:1"}},
		{"pipx: its own option", "pipx install -i " + a + " x", nil, nil, []string{a + "<--index-url"}},
		{"pipx: the application's is its own", "pipx run --index-url " + a + " app --index-url " + b, nil, nil, []string{a + "<--index-url"}},
		{"pipx: pip's arguments", "pipx runpip app install -i " + a + " x", nil, nil, []string{a + "<--index-url"}},
		{"pipx: with either", "pipx install x", []string{"PIP_INDEX_URL=" + a, "UV_INDEX=" + b}, nil, []string{a + "<PIP_INDEX_URL", "+" + b + "<UV_INDEX"}},
		{"pipx: with pip alone", "pipx install x --backend pip", []string{"PIP_INDEX_URL=" + a, "UV_INDEX=" + b}, nil, []string{a + "<PIP_INDEX_URL"}},
		{"build: with pip", "python -m build", []string{"PIP_INDEX_URL=" + a, "UV_INDEX=" + b}, nil, []string{a + "<PIP_INDEX_URL"}},
		{"build: with uv", "pyproject-build --installer=uv", []string{"PIP_INDEX_URL=" + a, "UV_INDEX=" + b}, nil, []string{"+" + b + "<UV_INDEX", def}},
		{"tox: either", "tox run", []string{"PIP_INDEX_URL=" + a, "UV_INDEX=" + b}, nil, []string{a + "<PIP_INDEX_URL", "+" + b + "<UV_INDEX"}},
		{"none", "", nil, nil, []string{def}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := place(t, tt.files)
			got, err := Read(environ(root, tt.env...), root+"/cwd", arguments(tt.command), Options{TheirCache: strings.Contains(tt.command, "isolated")})
			if err != nil {
				t.Fatal(err)
			}
			if s, want := shown(got, root), strings.Join(tt.want, "\n"); s != want {
				t.Errorf("got\n%s\nwant\n%s", s, want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct {
		name    string
		command string
		env     []string
		files   map[string]string
		want    string
	}{
		{"pip: no section", "pip install x", nil, map[string]string{"home/.pip/pip.conf": "\nindex-url = x"},
			"ROOT/home/.pip/pip.conf:2: a line stands before the first section"},
		{"pip: twice", "pip install x", nil, map[string]string{"home/.pip/pip.conf": "[global]\nproxy=a\n\nProxy=b"},
			`ROOT/home/.pip/pip.conf:4: the option "proxy" is given twice`},
		{"pip: no option", "pip install x", nil, map[string]string{"home/.pip/pip.conf": "[global]\nproxy"},
			"ROOT/home/.pip/pip.conf:2: a line is neither a section nor an option with a value"},
		{"pip: no text", "pip install x", nil, map[string]string{"home/.pip/pip.conf": "[global]\nproxy = \xff"},
			"ROOT/home/.pip/pip.conf: the file is not UTF-8"},
		{"pip: no URL", "pip install x", []string{"PIP_INDEX_URL=ftp://me:secret@a.invalid/?secret"}, nil,
			`PIP_INDEX_URL: "ftp://a.invalid/?…" is not the URL of an index`},
		{"uv: no TOML", "uv sync", nil, map[string]string{"cwd/uv.toml": "a = 1\nb = = 2"}, "ROOT/cwd/uv.toml:2: "},
		{"uv: another type", "uv sync", nil, map[string]string{"cwd/uv.toml": "\nindex-url = 1"}, "ROOT/cwd/uv.toml:2: "},
		{"uv: a named file that is missing", "uv sync", []string{"UV_CONFIG_FILE=none.toml"}, nil,
			"stat ROOT/cwd/none.toml: no such file or directory"},
		{"a requirements file in another encoding", "pip install -r r.txt", nil, map[string]string{"cwd/r.txt": "# coding: utf-7\n"},
			`ROOT/cwd/r.txt: the encoding "utf-7" is not one that assay reads`},
		{"a requirements file that is large", "pip install -r r.txt", nil, map[string]string{"cwd/r.txt": strings.Repeat("#\n", 5<<20)},
			"ROOT/cwd/r.txt: the file is larger than 8388608 bytes"},
		{"a requirements file of a deep tree", "pip install -r r.txt", nil, map[string]string{"cwd/r.txt": "x\n\n-i ftp://me:secret@a.invalid/"},
			`ROOT/cwd/r.txt:3: "ftp://a.invalid/" is not the URL of an index`},
		{"a script that is no TOML", "uv run s.py", nil, map[string]string{"cwd/s.py": "\n# /// script\n# a = 1\n# b = = 1\n# ///"}, "ROOT/cwd/s.py:4: "},
		{"pip-tools: a named file that is missing", "pip-compile --config x.toml", nil, nil, "stat ROOT/cwd/x.toml: no such file or directory"},
		{"large", "uv sync", nil, map[string]string{"cwd/uv.toml": strings.Repeat("#\n", maxConfigFile)},
			"ROOT/cwd/uv.toml: the file is larger than 1048576 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := place(t, tt.files)
			_, err := Read(environ(root, tt.env...), root+"/cwd", arguments(tt.command), Options{})
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.ReplaceAll(err.Error(), root, "ROOT")
			if strings.HasSuffix(tt.want, ": ") { // the library's own words follow
				got = got[:min(len(got), len(tt.want))]
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
