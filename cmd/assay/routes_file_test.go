package main_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"assay/internal/index"
	"assay/internal/indextest"
	"assay/internal/indextest/corporate"
)

// fileRoutes are the ways on which a file comes that is known already.
var fileRoutes = []route{
	{"direct URL (`name @ url`)", []try{{ask: directURL}}},
	{"files of a lock file, without a page", []try{{archive: honestArchive, ask: lockedFile}, {ask: pylock}}},
	{"page redirected to another host", []try{{ask: misbehaving("evilassay/", "redirect host")}}},
	{"file redirected to another host", []try{{ask: misbehaving(evilFile, "redirect host")}}},
	{"in pieces: ranges, resumed downloads", []try{{archive: inPieces, ask: asUsual}}},
	{"JSON API", []try{{archive: honestArchive, options: publicIndex(), ask: jsonAPI}}},
	{"build requirements of an sdist", []try{{archive: swappedArchive + sourceApp, ask: ofSource}}},
	{"the installer's own cache, as it is by default", []try{{archive: cachedArchive, ask: cached(false)}}},
	{"the installer's own cache, `--installer-cache theirs`", []try{{archive: cachedArchive, ask: cached(true)}}},
}

const (
	inPieces = "-- evilassay-1.0-py3-none-any.whl --\nomit: core-metadata\nmisbehave: swapped\nmisbehave: cut times=1\n" + evilModule

	// sourceApp is built by the package.
	sourceApp = `
-- evilapp-1.0.tar.gz --
-- evilapp-1.0.tar.gz/pyproject.toml --
[build-system]
requires = ["evilassay"]
build-backend = "evilassay"
`
)

// cachedArchive has an sdist: pip keeps of an index without caching headers only
// the wheels that it built.
var cachedArchive = "-- evilassay-1.0.tar.gz --\n" + evilSource

func asUsual(*testing.T, *bench, string) asking { return asking{} }

func misbehaving(target, fault string) func(*testing.T, *bench, string) asking {
	return func(t *testing.T, b *bench, _ string) asking {
		if err := b.Misbehave(target, fault); err != nil {
			t.Fatal(err)
		}
		return asking{}
	}
}

func directURL(_ *testing.T, b *bench, _ string) asking {
	f, _ := b.File(evilFile)
	return asking{requirement: "evilassay @ " + f.URL}
}

// plainly runs a command without Assay, in the same environment.
func (b *bench) plainly(t *testing.T, command ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env, cmd.Dir = b.env, b.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v, without Assay: %v: %s", command, err, out)
	}
}

// lockedFile installs from a lock file that was made when the file was honest.
func lockedFile(t *testing.T, b *bench, tool string) asking {
	install := map[string][]string{"uv": {"sync", "--frozen"}, "poetry": {"install", "--no-interaction", "--no-root"}, "pdm": {"sync"}}[tool]
	switch {
	case tool == "uv tool":
		return asking{none: "it takes nothing from lock files"}
	case tool == "pip-tools" || tool == "build":
		return asking{none: "its files name no URLs"}
	case install == nil:
		return asking{none: "it has pylock.toml only"}
	}
	path, lock := routeTool(t, tool), filepath.Join(b.dir, tool+".lock")
	return asking{
		project: "\n",
		before: func() {
			b.plainly(t, path, "lock")
			if err := b.Misbehave(evilFile, "swapped"); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(lock, lock+".kept"); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Join(b.dir, ".cache")); err != nil {
				t.Fatal(err)
			}
		},
		command: func() []string {
			if err := os.Rename(lock+".kept", lock); err != nil {
				t.Fatal(err)
			}
			return append([]string{path}, install...)
		},
	}
}

// pylock installs from the lock file of PEP 751.
func pylock(t *testing.T, b *bench, tool string) asking {
	f, _ := b.File(evilFile)
	a := asking{files: map[string]string{"pylock.toml": fmt.Sprintf("lock-version = \"1.0\"\ncreated-by = \"bench\"\n[[packages]]\nname = \"evilassay\"\nversion = \"1.0\"\n"+
		"wheels = [{ name = %q, url = %q, hashes = { sha256 = %q } }]\n", f.Filename, f.URL, f.SHA256)}}
	path := routeTool(t, tool)
	switch tool {
	case "pip":
		a.command = func() []string { return []string{path, "install", "--target", b.target, "-r", "pylock.toml"} }
	case "uv":
		a.command = func() []string { return []string{path, "pip", "install", "--target", b.target, "-r", "pylock.toml"} }
	case "tox":
		text := "[tox]\nno_package = true\nenv_list = app\n[testenv]\npass_env = *\npylock = pylock.toml\ncommands = python -c pass\n"
		a.files["own.ini"] = text
		a.command = func() []string { return []string{path, "-c", "own.ini"} }
	case "nox":
		a.files["own.py"] = "import nox\n\n@nox.session(venv_backend=\"virtualenv\")\ndef app(session):\n    session.install(\"-r\", \"pylock.toml\")\n"
		a.command = func() []string { return []string{path, "-f", "own.py"} }
	case "pipx": // by uv, for the pip that its environments share may be too old for it
		a.env = []string{"PIPX_DEFAULT_BACKEND=uv"}
		a.command = func() []string { return []string{path, "install", "--lock", "pylock.toml", "evilassay"} }
	default:
		return asking{none: "it reads no pylock.toml"}
	}
	return a
}

// publicIndex lets the bench play PyPI, for those whom a company's proxy leads
// there.
func publicIndex() []indextest.Option {
	simple, err := url.Parse(index.PyPI)
	if err != nil {
		panic(err) // a constant
	}
	return []indextest.Option{indextest.WithTLS(), indextest.WithURL(index.Origin(simple)), indextest.WithFilesURL(index.PyPIFiles)}
}

// jsonAPI has a wrong digest in the document of the JSON API, and only there.
func jsonAPI(t *testing.T, b *bench, tool string) asking {
	if !ofProject(tool) {
		return asking{none: "it asks for pages only"}
	}
	if err := b.Misbehave("/pypi/evilassay/1.0/json", "wrong-hash"); err != nil {
		t.Fatal(err)
	}
	proxy := corporate.Start(t, corporate.Options{})
	for _, origin := range []string{index.PyPI, index.PyPIFiles} {
		u, err := url.Parse(origin)
		if err != nil {
			t.Fatal(err)
		}
		proxy.Lead(u.Host+":443", b.Addr())
	}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		b.unset(name)
	}
	ca := b.write(t, "ca.pem", string(b.CertificatePEM()))
	// PDM asks where it is told to, and then of every index.
	return asking{bare: true, files: map[string]string{".config/pdm/config.toml": "[pypi]\njson_api = true\n"}, env: []string{"HTTPS_PROXY=" + proxy.URL(), "https_proxy=" + proxy.URL(), "SSL_CERT_FILE=" + ca}}
}

func ofSource(_ *testing.T, _ *bench, _ string) asking { return asking{requirement: "evilapp"} }

// cached installs without Assay first. Then the index has another file, and what
// is in the person's caches never came past.
func cached(theirs bool) func(*testing.T, *bench, string) asking {
	return func(t *testing.T, b *bench, tool string) asking {
		var a asking
		if theirs {
			a.run = []string{"--installer-cache", "theirs"}
			if tool == "build" { // the environment is gone when the run ends
				a.clause = "what a build takes from a cache of yours"
			}
		}
		a.before = func() {
			b.plainly(t, b.usual(t, tool, asking{requirement: "evilassay", source: b.SimpleURL()})...)
			if !theirs {
				if err := b.Misbehave("evilassay-1.0.tar.gz", "swapped"); err != nil {
					t.Fatal(err)
				}
			}
		}
		return a
	}
}
