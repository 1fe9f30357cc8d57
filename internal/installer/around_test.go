package installer

import (
	"errors"
	"strings"
	"testing"
)

const (
	proxyHint = "leave it out, and set HTTPS_PROXY and HTTP_PROXY to http://p.invalid: assay goes out through it"
	cacheHint = "leave it out, or keep your own caches: assay run --installer-cache theirs -- COMMAND"
)

func TestReadAround(t *testing.T) {
	const uvProxy = "cwd/uv.toml"
	for _, tt := range []struct {
		name    string
		command string
		files   map[string]string
		want    string
		hint    string
		theirs  bool // it goes around with the person's own caches too
	}{
		{"pip: a flag", "pip install --proxy http://p.invalid x", nil, `"proxy" (--proxy) would send pip around assay`, proxyHint, true},
		{"pip: before the command", "pip --proxy=p.invalid install x", nil, `"proxy" (--proxy) would send pip around assay`, proxyHint, true},
		{"pip: abridged", "pip install --prox http://p.invalid x", nil, `"proxy" (--proxy) would send pip around assay`, proxyHint, true},
		{"pip: with a password", "pip install --proxy http://me:secret@p.invalid x", nil, `"proxy" (--proxy) would send pip around assay`,
			"leave it out, and set HTTPS_PROXY and HTTP_PROXY to the same proxy: assay goes out through it", true},
		{"pip: no address", "pip install --proxy http://me:secret@p.invalid:x y", nil, `"proxy" (--proxy) would send pip around assay`,
			"leave it out, and set HTTPS_PROXY and HTTP_PROXY to that proxy: assay goes out through it", true},
		{"pip: a cache", "pip install --cache-dir d x", nil, `"cache-dir" (--cache-dir) would let pip take files from a cache that assay did not fill`, cacheHint, false},
		{"pip: isolated", "pip install x --isolated", nil, `"isolated" (--isolated) would let pip take files from a cache that assay did not fill`, cacheHint, false},
		{"pip-tools: arguments for pip", "pip-compile --pip-args --proxy=http://p.invalid", nil, `"proxy" (--proxy in --pip-args) would send pip-tools around assay`, proxyHint, true},
		{"pip-tools: isolated", "pip-sync --pip-args=--isolated", nil, `"isolated" (--isolated) would let pip-tools take files from a cache that assay did not fill`, cacheHint, false},
		{"pip-tools: a cache", "pip-compile --cache-dir x", nil, `"cache-dir" (--cache-dir) would let pip-tools take files from a cache that assay did not fill`, cacheHint, false},
		{"pip-tools: its file", "pip-compile", map[string]string{"cwd/.pip-tools.toml": "[tool.pip-tools]\npip-args = \"--proxy http://p.invalid\""},
			`"proxy" (--proxy in ROOT/cwd/.pip-tools.toml) would send pip-tools around assay`, proxyHint, true},
		{"pipx: arguments for pip", "pipx install x --pip-args=--proxy\u00a0http://p.invalid", nil, `"proxy" (--proxy in --pip-args) would send pipx around assay`, proxyHint, true},
		{"pipx: pip itself", "pipx runpip x install --proxy http://p.invalid y", nil, `"proxy" (--proxy) would send pipx around assay`, proxyHint, true},
		{"uv: a file", "uv sync", map[string]string{uvProxy: "https-proxy = \"http://p.invalid\""}, `"https-proxy" (ROOT/cwd/uv.toml) would send uv around assay`, proxyHint, true},
		{"uv: the person's file", "uvx x", map[string]string{"home/.config/uv/uv.toml": "http-proxy = \"http://p.invalid\""},
			`"http-proxy" (ROOT/home/.config/uv/uv.toml) would send uv around assay`, proxyHint, true},
		{"uv: a project", "uv lock", map[string]string{"cwd/pyproject.toml": "[tool.uv]\nhttps-proxy = \"http://p.invalid\""},
			`"https-proxy" (ROOT/cwd/pyproject.toml) would send uv around assay`, proxyHint, true},
		{"uv: a script", "uv run s.py", map[string]string{"cwd/s.py": "# /// script\n# [tool.uv]\n# https-proxy = \"http://p.invalid\"\n# ///"},
			`"https-proxy" (ROOT/cwd/s.py) would send uv around assay`, proxyHint, true},
		{"uv: behind another command", "make", map[string]string{uvProxy: "http-proxy = \"http://p.invalid\""}, `"http-proxy" (ROOT/cwd/uv.toml) would send uv around assay`, proxyHint, true},
		{"uv: behind nox", "nox", map[string]string{uvProxy: "http-proxy = \"http://p.invalid\""}, `"http-proxy" (ROOT/cwd/uv.toml) would send nox around assay`, proxyHint, true},
		{"uv: roots", "uv pip install --cert c.pem x", nil, `"cert" (--cert) would make uv distrust assay`,
			"leave it out, and set SSL_CERT_FILE=c.pem: assay trusts what is in it, and hands it on", true},
		{"uv: a cache", "uv sync --cache-dir d", nil, `"cache-dir" (--cache-dir) would let uv take files from a cache that assay did not fill`, cacheHint, false},
		{"pip: isolated, and a proxy in a file", "pip install --isolated x", map[string]string{"xdg/pip/pip.conf": "[global]\nproxy = http://p.invalid"},
			`"isolated" (--isolated) would let pip take files from a cache that assay did not fill`, cacheHint, true},
		{"pip: isolated, and no proxy of the environment", "pip install --isolated --no-proxy-env x", nil,
			`"isolated" (--isolated) would let pip take files from a cache that assay did not fill`, cacheHint, true},

		{"no proxy of the environment but pip's own", "pip install --no-proxy-env x", nil, "", "", false},
		{"the application's own options", "uv run app --cache-dir d --cert e", nil, "", "", false},
		{"the application's own options, of pipx", "pipx run app --pip-args=--proxy=x", nil, "", "", false},
		{"a project's proxy does not hold for tools", "uvx x", map[string]string{uvProxy: "https-proxy = \"http://p.invalid\""}, "", "", false},
		{"weaker settings of uv", "uv sync", map[string]string{uvProxy: "no-proxy = [\"*\"]\ncache-dir = \"x\"\nsystem-certs = true"}, "", "", false},
		{"weaker settings of pip", "pip install --cert c.pem x", map[string]string{"xdg/pip/pip.conf": "[global]\nproxy = http://p.invalid\ncache-dir = x\nclient-cert = y"}, "", "", false},
		{"a weaker setting of pip-tools", "pip-compile", map[string]string{"cwd/pyproject.toml": "[tool.pip-tools]\ncache-dir = \"x\""}, "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := place(t, tt.files)
			_, err := Read(environ(root), root+"/cwd", arguments(tt.command), Options{})
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var around *AroundError
			if !errors.As(err, &around) {
				t.Fatalf("%v is no AroundError", err)
			}
			if got := strings.ReplaceAll(err.Error(), root, "ROOT"); got != tt.want || around.Hint() != tt.hint {
				t.Errorf("got  %s (%s)\nwant %s (%s)", got, around.Hint(), tt.want, tt.hint)
			}
			if _, err := Read(environ(root), root+"/cwd", arguments(tt.command), Options{TheirCache: true}); (err != nil) != tt.theirs {
				t.Errorf("with the person's caches: %v", err)
			}
		})
	}
}

// A run inside another one finds the outer proxy in PIP_PROXY.
func TestReadInsideAnotherRun(t *testing.T) {
	root := place(t, nil)
	inner := Environment(environ(root), Setup{ProxyURL: "http://127.0.0.1:1", BundlePath: root + "/none", CacheDir: root})
	if _, err := Read(inner, root, []string{"pip", "install", "x"}, Options{}); err != nil {
		t.Error(err)
	}
}
