package installer

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var iniSeeds = []string{
	"[global]\nindex-url = https://a.invalid/simple\n",
	"[global]\nextra-index-url =\n    https://a.invalid/\n\n  # c\n    https://b.invalid/\n[install]\nproxy: x\n",
	"[DEFAULT]\na=1\n[x]\nb=2\n[y]\na=3\n", "a=1\n", "[x]\na\n", "[x]\na=1\nA=2\n", "[x]\n[x]\n", "[x]\r\na = 1\r\n b\r\n",
	"[x]y\na=1", "[]\n", "[x]\n = 1\n", "  [x]\n  a = 1\n   b\n", "[x]\na = 1\n; c\n  b = 2\n", "[x]\na = b ; c\n", "[x]]\na=\n\n\n  b",
	"\ufeff[x]\na=1\n", "[x]\na=1\n[y]\n  b=2\n", "[x]\na:=b=c\n", "[x]\na\u00a0=\u20281\n", "[x]\na=1\x1cb\n\x1d\n c", "[DEFAULT]\na=1\na=2\n",
}

func FuzzINI(f *testing.F) {
	for _, s := range iniSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseINI("f", data)
		var config *ConfigError
		if err != nil && !errors.As(err, &config) {
			t.Fatalf("%v is no ConfigError", err)
		}
		for _, e := range entries {
			if e.key == "" || e.section == "" || e.line < 1 || e.key != strip(e.key) {
				t.Errorf("%+v", e)
			}
		}
	})
}

func FuzzUV(f *testing.F) {
	f.Add([]byte("index-url = \"https://a.invalid\"\n[[index]]\nname = \"x\"\nurl = \"y\"\n[pip]\nno-index = true\n"))
	f.Add([]byte("[[index]]\nurl = 1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var file uvFile
		err := decodeTOML("f", data, &file)
		var config *ConfigError
		if err != nil && !errors.As(err, &config) {
			t.Fatalf("%v is no ConfigError", err)
		}
	})
}

func FuzzScript(f *testing.F) {
	f.Add("# /// script\n# a = 1\n# ///\n")
	f.Add("x\r\n# /// script\r\n#\r\n# ///\r\n# b\r\n# ///")
	f.Add("# /// script\n# /// script\n#x\n# ///")
	f.Fuzz(func(t *testing.T, text string) {
		block, ok := scriptBlock(text)
		if ok != strings.Contains(block, "\n") || strings.Count(block, "\n") > strings.Count(text, "\n") {
			t.Errorf("%q of %q", block, text)
		}
	})
}

func FuzzNetrc(f *testing.F) {
	f.Add("machine a login b password \"c d\"\n# x\ndefault login x\nmacdef y\nz\n\nmachine b password \\\"")
	f.Fuzz(func(t *testing.T, data string) {
		machines, err := parseNetrc("f", data)
		if err != nil && machines != nil {
			t.Error("machines in spite of an error")
		}
	})
}

func FuzzArguments(f *testing.F) {
	f.Add("pip install -Ui https://a.invalid --extra-index-url=x -- -f y")
	f.Add("python -Im pip --proxy")
	f.Add("uv pip install -f")
	f.Fuzz(func(t *testing.T, line string) {
		c := recognise(strings.Split(line, " "))
		for _, g := range []grammar{pipGrammar, pipToolsGrammar, pipxGrammar, buildGrammar, uvGrammar(c.command)} {
			if own := g.upTo(2, c.args); len(own) > len(c.args) || len(g.parse(own)[words]) > 2 {
				t.Errorf("%q of %q", own, c.args)
			}
		}
	})
}

// What parseINI finds is what Python's own reader finds, which is pip's.
func TestINIAsPythonDoes(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	const script = `
import configparser, json, sys
out = []
for text in json.load(sys.stdin):
    p = configparser.RawConfigParser()
    try:
        p.read_string(text)
        out.append([[s, k, v] for s in p.sections() for k, v in p.items(s)])
    except configparser.Error as e:
        out.append(None)
json.dump(out, sys.stdout)
`
	in, err := json.Marshal(iniSeeds)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = bytes.NewReader(in)
	data, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want [][][3]string
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for i, text := range iniSeeds {
		entries, err := parseINI("f", []byte(text))
		if (err != nil) != (want[i] == nil) {
			t.Errorf("%q: %v, python: %v", text, err, want[i])
			continue
		}
		got := map[[2]string]string{}
		for _, e := range entries {
			got[[2]string{e.section, e.key}] = e.value
		}
		if len(got) != len(want[i]) {
			t.Errorf("%q: %v, python: %v", text, got, want[i])
		}
		for _, w := range want[i] {
			if got[[2]string{w[0], w[1]}] != w[2] {
				t.Errorf("%q: %v, python: %v", text, got, w)
			}
		}
	}
}

// pip's own view of its configuration is Assay's.
func TestAsPipDoes(t *testing.T) {
	pip := installed(t, "pip")
	root := place(t, map[string]string{
		"xdg/pip/pip.conf":   "[global]\nindex-url = " + a + "\ntimeout = 3\n[install]\nextra-index-url =\n  " + b + "\n  " + c + "\n",
		"home/.pip/pip.conf": "[global]\nindex_url = " + b + "\n",
		"home/venv/pip.conf": "[download]\nindex-url = " + c + "\n",
		"cwd/named/pip.conf": "[global]\nEXTRA-INDEX-URL: " + a + "\n",
	})
	for _, more := range [][]string{nil, {"PIP_CONFIG_FILE=ROOT/cwd/named/pip.conf"}, {"PIP_CONFIG_FILE=/dev/null", "PIP_INDEX_URL=" + c}, {"XDG_CONFIG_HOME=ROOT/none"}} {
		env := append(environ(root, more...), "PATH="+os.Getenv("PATH"), "PYENV_ROOT="+os.Getenv("PYENV_ROOT"))
		cmd := exec.Command(pip, "config", "list")
		cmd.Env, cmd.Dir = env, root+"/cwd"
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("pip config list does not run here: %v", err)
		}
		r := &reader{env: env, cwd: root + "/cwd"}
		settings, err := r.pipSettings(false, r.pythonPrefix())
		if err != nil {
			t.Fatal(err)
		}
		// Newer pips list every file's value for a key, in an order that does not
		// say which counts.
		theirs := map[string]string{}
		for line := range strings.Lines(string(out)) {
			key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			if !ok {
				continue
			}
			if _, twice := theirs[key]; twice {
				get := exec.Command(pip, "config", "get", key)
				get.Env, get.Dir = cmd.Env, cmd.Dir
				one, err := get.Output()
				if err != nil {
					t.Fatal(err)
				}
				value = strings.TrimRight(string(one), "\r\n")
			}
			theirs[key] = strings.ReplaceAll(strings.Trim(value, `'"`), `\n`, "\n")
		}
		for key, value := range theirs {
			if got := settings[key].Value; got != value {
				t.Errorf("%v: %s: %q, pip says %q", more, key, got, value)
			}
			delete(settings, key)
		}
		delete(settings, ":env:.config-file")
		if len(settings) != 0 {
			t.Errorf("%v: pip does not have %v", more, settings)
		}
	}
}

// installed finds an installer: the one that ASSAY_TEST_<NAME> names, else the
// one on PATH.
func installed(t *testing.T, name string) string {
	t.Helper()
	path := os.Getenv("ASSAY_TEST_" + strings.ToUpper(name))
	if path == "" {
		path = name
	}
	found, err := exec.LookPath(path)
	if err != nil {
		t.Skipf("no %s here: put it on PATH or name it in ASSAY_TEST_%s", name, strings.ToUpper(name))
	}
	if found, err = filepath.Abs(found); err != nil || !utf8.ValidString(found) {
		t.Fatal(err)
	}
	return found
}
