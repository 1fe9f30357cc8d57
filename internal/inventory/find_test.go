package inventory

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// where renders the places in which something is, or would be, installed.
func where(root string, p Places) []string {
	var out []string
	for _, n := range p.places {
		s := strings.ReplaceAll(n.path, root, "")
		if n.each {
			s += "/*" + n.infix + "*"
		}
		out = append(out, map[kind]string{flat: "flat ", own: "own ", shared: "shared ", user: "user "}[n.kind]+s)
	}
	return out
}

func TestFind(t *testing.T) {
	files := map[string]string{
		"usr/bin/python3.12":                    "",
		"usr/bin/python3":                       "-> python3.12",
		"usr/bin/pip":                           "#!ROOT/usr/bin/python3\n",
		"usr/bin/env":                           "",
		"usr/bin/pip3":                          "#!/usr/bin/env -S python3 -I\n",
		"usr/bin/make":                          "\x7fELF",
		"usr/bin/uv":                            "\x7fELF",
		"usr/bin/tox":                           "#!ROOT/usr/bin/python3\n",
		"usr/bin/nothing":                       "",
		"v/pyvenv.cfg":                          "home = ROOT/usr/bin\n",
		"v/bin/python":                          "-> ROOT/usr/bin/python3",
		"v/bin/pip":                             "#!ROOT/v/bin/python\n",
		"w v/pyvenv.cfg":                        "",
		"w v/bin/python":                        "-> ROOT/usr/bin/python3",
		"elsewhere/pip":                         "#!/bin/sh\n'''exec' \"ROOT/w v/bin/python\" \"$0\" \"$@\"\n' '''\n",
		"linked/pip":                            "-> ROOT/v/bin/pip",
		"p/shims/pip":                           "#!/usr/bin/env bash\n",
		"p/shims/python":                        "#!/usr/bin/env bash\n",
		"w/pyproject.toml":                      "",
		"w/sub/":                                "",
		"other/pyproject.toml":                  "",
		"w/.pdm-python":                         "ROOT/v/bin/python",
		"home/.config/pypoetry/config.toml":     "[virtualenvs]\npath = \"ROOT/envs\"\n",
		"home/.local/share/uv/tools/x/bin/tool": "",
	}
	root := tree(t, files)
	hash := func(dir string) string {
		f := finder{q: Query{Dir: filepath.Join(root, dir)}, base: filepath.Join(root, dir)}
		f.poetryEnvironments("/x", false)
		return strings.TrimSuffix(f.out.places[0].infix, "-py")
	}
	for _, tt := range []struct {
		dir, args string
		env       []string
		want      []string
	}{
		{"w", "pip install x", nil, []string{"shared /usr", "user /home/.local"}},
		{"w", "pip3 install x", nil, []string{"shared /usr", "user /home/.local"}},
		{"w", "ROOT/v/bin/pip install x", nil, []string{"own /v"}},
		{"w", "ROOT/linked/pip install x", nil, []string{"own /v"}},
		{"w", "ROOT/elsewhere/pip install x", nil, []string{"own /w v"}},
		{"w", "../v/bin/python -Im pip install x", nil, []string{"own /v"}},
		{"w", "ROOT/p/shims/pip install x", nil, []string{"shared /p/versions/**", "shared /p/installs/python/**", "user /home/.local"}},
		{"w", "ROOT/p/shims/python -m pip install x", nil, []string{"shared /p/versions/**", "shared /p/installs/python/**", "user /home/.local"}},
		{"w", "pip install --user x", []string{"PYTHONUSERBASE=ROOT/mine"}, []string{"shared /usr", "user /mine"}},
		{"w", "pip install -Ut t --prefix=../q x", nil, []string{"shared /usr", "user /home/.local", "flat /w/t", "own /q"}},
		{"w", "ROOT/v/bin/pip install --root /r x", nil, []string{"own /v", "own /rROOT/v"}},
		{"w", "pip --python ROOT/v install x", nil, []string{"own /v"}},
		{"w", "pip --python ROOT/v/bin/python install x", nil, []string{"own /v"}},
		{"w", "pip install x", []string{"PIP_TARGET=t", "PIP_PYTHON=ROOT/v"}, []string{"own /v", "flat /w/t"}},
		{"w", "pip install x", []string{"VIRTUAL_ENV=ROOT/v"}, []string{"own /v", "shared /usr", "user /home/.local"}},
		{"w", "make install", nil, []string{"shared /usr", "user /home/.local", "own /w/.venv", "own /home/.local/share/uv/tools/**",
			"own /home/.cache/pypoetry/virtualenvs/*HASH-py*", "own /envs/*HASH-py*", "own /v", "own /w/venv", "own /w/env", "own /w/__pypackages__/**",
			"own /home/.local/share/pdm/venvs/*PDM*", "own /home/.local/share/pipx/venvs/**", "own /home/.local/share/pipx/shared",
			"own /home/.local/share/pipx/.cache/**", "own /home/.local/pipx/venvs/**", "own /home/.local/pipx/shared",
			"own /home/.local/pipx/.cache/**", "own /home/.cache/pipx/**", "own /w/.tox/**", "own /w/.nox/**"}},
		{"w/sub", "uv sync", nil, []string{"own /w/sub/.venv", "own /w/.venv"}},
		{"w", "uv sync", []string{"UV_PROJECT_ENVIRONMENT=env"}, []string{"own /w/env", "own /w/.venv"}},
		{"w", "uv --directory ../other sync", nil, []string{"own /other/.venv"}},
		{"w", "uv pip install --python 3.12 x", nil, []string{"own /w/.venv", "shared /usr", "user /home/.local"}},
		{"w", "uv pip install --system x", nil, []string{"own /w/.venv", "shared /usr", "user /home/.local", "shared /home/.local/share/uv/python/**"}},
		{"w", "uv pip install -tt x", nil, []string{"own /w/.venv", "flat /w/t"}},
		{"w", "uv tool install x", nil, []string{"own /w/.venv", "own /home/.local/share/uv/tools/**"}},
		{"w", "uvx x", []string{"UV_TOOL_DIR=ROOT/tools"}, []string{"own /w/.venv", "own /tools/**"}},
		{"w/sub", "poetry install", nil, []string{"own /w/sub/.venv", "own /w/.venv", "own /home/.cache/pypoetry/virtualenvs/*HASH-py*", "own /envs/*HASH-py*"}},
		{"w", "poetry -C ../other install", []string{"POETRY_CACHE_DIR=ROOT/c", "POETRY_VIRTUALENVS_PATH=ROOT/d"},
			[]string{"own /other/.venv", "own /c/virtualenvs/*HASHother-py*", "own /d/*HASHother-py*", "own /envs/*HASHother-py*"}},
		{"w", "pdm install", nil, []string{"own /v", "own /w/.venv", "own /w/venv", "own /w/env", "own /w/__pypackages__/**", "own /home/.local/share/pdm/venvs/*PDM*"}},
		{"w", "pipx install x", []string{"PIPX_HOME=ROOT/pipx"}, []string{"own /pipx/venvs/**", "own /pipx/shared", "own /pipx/.cache/**", "own /home/.cache/pipx/**", "own /home/.local/share/uv/tools/**"}},
		{"w", "tox run --workdir=ROOT/tx", nil, []string{"own /w/.tox/**", "own /w/.nox/**", "own /tx/**"}},
		{"w", "python3 -m build", nil, nil},
	} {
		t.Run(tt.args, func(t *testing.T) {
			in := func(s string) string { return strings.ReplaceAll(s, "ROOT", root) }
			env := []string{"HOME=" + root + "/home", "PATH=" + root + "/usr/bin"}
			for _, kv := range tt.env {
				env = append(env, in(kv))
			}
			got := where(root, Find(Query{Env: env, Dir: filepath.Join(root, tt.dir), Args: strings.Split(in(tt.args), " ")}))
			var want []string
			for _, w := range tt.want {
				w = strings.NewReplacer("HASHother", hash("other"), "HASH", hash("w"), "/rROOT", "/r").Replace(w)
				want = append(want, w)
			}
			for i, w := range want {
				if before, after, ok := strings.Cut(w, "*PDM"); ok && i < len(got) && strings.HasPrefix(got[i], before+"*w-") && strings.HasSuffix(got[i], "-"+after) {
					want[i] = got[i]
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestWritable(t *testing.T) {
	root := tree(t, map[string]string{
		"v/pyvenv.cfg": "", "v/bin/pip": "#!ROOT/v/bin/python\n", "v/bin/python": "",
		"opt/bin/python3": "", "opt/bin/pip": "#!ROOT/opt/bin/python3\n", "opt/lib/python3.12/site-packages/": "", "opt/lib/other/": "", "opt/share/": "",
		"w/pyproject.toml": "", "w/sub/": "", "src/setup.py": "", "home/.local/share/": "",
		"w/poetic/poetry.toml": "cache-dir = 'ROOT/home/.ssh'\n[virtualenvs]\npath = 'ROOT/home/.config/autostart'", "home/.ssh/": "",
		"home/.config/pypoetry/config.toml": "[virtualenvs]\npath = 'ROOT/mine'",
	})
	for _, tt := range []struct {
		args        string
		env         []string
		exist, made string
	}{
		{"ROOT/v/bin/pip install ../../src[x]", nil, "/src /v", "/home/.cache/pip"},
		{"ROOT/v/bin/pip install -e ../src", []string{"PIP_CACHE_DIR=/c"}, "/v", "/c"},
		{"ROOT/v/bin/pip install --target ../t --src=../s x", nil, "/v", "/home/.cache/pip /w/s /w/t"},
		{"ROOT/opt/bin/pip install x", nil, "/opt/bin /opt/lib/python3.12 /opt/share", "/home/.cache/pip"},
		{"ROOT/opt/bin/pip install --user x", nil, "/opt/bin /opt/lib/python3.12 /opt/share", "/home/.cache/pip /home/.local/bin /home/.local/lib"},
		{"uv sync", []string{"UV_PROJECT_ENVIRONMENT=ROOT/env"}, "/w", "/env /home/.cache/uv /home/.local/share/uv/python"},
		{"uv tool install x", []string{"XDG_DATA_HOME=ROOT/data"}, "/w", "/data/uv/python /data/uv/tools /home/.cache/uv /home/.local/bin"},
		{"make install", []string{"VIRTUAL_ENV=ROOT/v"}, "/v", ""},
		// Where only the project's own file leads is not to be written to.
		{"poetry -C ../poetic install", nil, "/w", "/home/.cache/pypoetry /home/.cache/pypoetry/virtualenvs /mine"},
	} {
		in := func(s string) string { return strings.ReplaceAll(s, "ROOT", root) }
		env := []string{"HOME=" + root + "/home"}
		for _, kv := range tt.env {
			env = append(env, in(kv))
		}
		exist, made := Find(Query{Env: env, Dir: filepath.Join(root, "w", "sub"), Args: strings.Split(in(tt.args), " ")}).Writable()
		out := func(paths []string) string { return strings.ReplaceAll(strings.Join(paths, " "), root, "") }
		if out(exist) != tt.exist || out(made) != tt.made {
			t.Errorf("%s: got %q and %q, want %q and %q", tt.args, out(exist), out(made), tt.exist, tt.made)
		}
	}
}
