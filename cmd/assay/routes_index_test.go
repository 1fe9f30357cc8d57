package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"assay/internal/indextest"
)

const (
	noFlags  = "its indexes are named in the project"
	buildEnv = "it takes nothing for pip but variables and pip.conf"
)

// indexRoutes are the ways to name an index, or a page of links.
var indexRoutes = []route{
	{"main index by flag", []try{{ask: indexFlag}, {ask: otherCommand}}},
	{"extra index by flag", []try{{ask: extraFlag}}},
	{"`--find-links` URL", []try{{ask: linksFlag}}},
	{"`--find-links` folder", []try{{archive: aboutAnother, ask: folderFlag(true)}, {archive: honestArchive, ask: folderFlag(false)}}},
	{"index and `-f` lines in requirements files", []try{{ask: indexLine}, {ask: linksLine}, {ask: constraintLine}}},
	{"index in the project's configuration", []try{{ask: projectIndex}, {ask: uvPipTable}}},
	{"index in the tool's configuration file", []try{{ask: configIndex}}},
	{"environment variables", []try{{ask: variables}, {ask: otherVariables}, {ask: behindUV}}},
}

// aboutAnother has a provenance that is about another file.
const aboutAnother = "-- evilassay-1.0-py3-none-any.whl --\npublisher: github:acme/evilassay@release.yml\nmisissue: wrong-digest\n" + evilModule

func indexFlag(_ *testing.T, b *bench, tool string) asking {
	switch {
	case ofProject(tool):
		return asking{none: noFlags}
	case tool == "build":
		return asking{none: buildEnv}
	}
	return asking{bare: true, flags: []string{"--index-url", b.SimpleURL()}}
}

// otherCommand is the installer's other way to install.
func otherCommand(t *testing.T, b *bench, tool string) asking {
	path := routeTool(t, tool)
	switch tool {
	case "uv tool":
		return asking{bare: true, command: func() []string { return []string{path, "tool", "run", "--index-url", b.SimpleURL(), "evilassay"} }}
	case "pipx":
		return asking{bare: true, flags: []string{"--index-url", b.SimpleURL()}, env: []string{"PIPX_DEFAULT_BACKEND=uv"}}
	}
	return asking{none: "it has one command that installs"}
}

// elsewhereIndex is an index without the package.
func elsewhereIndex(t *testing.T) string {
	return indextest.Start(t, "-- other-1.0-py3-none-any.whl --\n").SimpleURL()
}

func extraFlag(t *testing.T, b *bench, tool string) asking {
	switch {
	case ofProject(tool):
		return asking{none: noFlags}
	case tool == "build":
		return asking{none: buildEnv}
	}
	return asking{source: elsewhereIndex(t), flags: []string{"--extra-index-url", b.SimpleURL()}}
}

// linksPage is the URL of a page of links that leads to the package's file.
func linksPage(t *testing.T, b *bench) string {
	f, _ := b.File(evilFile)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!DOCTYPE html><html><body><a href=%q>%s</a></body></html>", f.URL+"#sha256="+f.SHA256, f.Filename)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/links.html"
}

func linksFlag(t *testing.T, b *bench, tool string) asking {
	page := linksPage(t, b)
	switch tool {
	case "poetry":
		return asking{bare: true, project: fmt.Sprintf("[[tool.poetry.source]]\nname = \"links\"\nurl = %q\npriority = \"primary\"\n", page)}
	case "pdm":
		return asking{bare: true, project: fmt.Sprintf("[[tool.pdm.source]]\nname = \"pypi\"\ntype = \"find_links\"\nurl = %q\n", page)}
	case "build":
		return asking{bare: true, env: []string{"PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + page}}
	}
	return asking{bare: true, flags: []string{"--no-index", "--find-links", page}}
}

// fetch writes what a URL has to a file of the bench.
func (b *bench) fetch(t *testing.T, url, name string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
	b.write(t, name, string(data))
}

// folderFlag takes the file from a folder: with a provenance beside it that is
// about another file, or without one.
func folderFlag(evidence bool) func(t *testing.T, b *bench, tool string) asking {
	return func(t *testing.T, b *bench, tool string) asking {
		f, _ := b.File(evilFile)
		b.fetch(t, f.URL, "evilassay-wheels/"+evilFile)
		if evidence {
			b.fetch(t, b.URL()+"/integrity/evilassay/1.0/"+evilFile+"/provenance", "evilassay-wheels/"+evilFile+".provenance")
		}
		folder := filepath.Join(b.dir, "evilassay-wheels")
		switch tool {
		case "poetry":
			return asking{none: "its sources are URLs"}
		case "pdm":
			return asking{bare: true, project: fmt.Sprintf("[[tool.pdm.source]]\nname = \"pypi\"\ntype = \"find_links\"\nurl = %q\n", "file://"+folder)}
		case "build":
			return asking{bare: true, env: []string{"PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + folder}}
		}
		return asking{bare: true, flags: []string{"--no-index", "--find-links", folder}}
	}
}

// noLines says why an installer reads no requirements file.
func noLines(tool string) string {
	switch tool {
	case "poetry", "pdm":
		return "it installs from no requirements file"
	case "pipx":
		return "its files hold names only"
	case "uv tool":
		return "it ignores such lines and says so"
	case "build":
		return "it reads constraints only"
	}
	return ""
}

// requirementLines asks for the package by a requirements file that says where.
func requirementLines(tool string, lines ...string) asking {
	if why := noLines(tool); why != "" {
		return asking{none: why}
	}
	return asking{bare: true, lines: append(lines, "evilassay")}
}

func indexLine(_ *testing.T, b *bench, tool string) asking {
	return requirementLines(tool, "--index-url "+b.SimpleURL())
}

func linksLine(t *testing.T, b *bench, tool string) asking {
	return requirementLines(tool, "--no-index", "-f "+linksPage(t, b))
}

// constraintLine has the index in a file of constraints.
func constraintLine(t *testing.T, b *bench, tool string) asking {
	if tool != "build" {
		return asking{none: "its requirements files are tried"}
	}
	path := routeTool(t, tool)
	return asking{bare: true, files: map[string]string{"constraints.txt": "--index-url " + b.SimpleURL() + "\n"}, command: func() []string {
		return []string{path, "--wheel", "--outdir", "out", "--dependency-constraints-txt", "constraints.txt"}
	}}
}

func projectIndex(t *testing.T, b *bench, tool string) asking {
	switch tool {
	case "uv":
		return asking{bare: true, project: fmt.Sprintf("[[tool.uv.index]]\nname = \"bench\"\nurl = %q\ndefault = true\n", b.SimpleURL())}
	case "poetry", "pdm":
		return asking{}
	case "pip-tools":
		return asking{bare: true, files: map[string]string{"pyproject.toml": fmt.Sprintf("[tool.pip-tools.sync]\nindex-url = %q\n", b.SimpleURL())}}
	case "tox":
		return asking{bare: true, project: "set_env =\n    PIP_INDEX_URL = " + b.SimpleURL() + "\n"}
	case "nox":
		text := fmt.Sprintf("import nox\n\n@nox.session(venv_backend=\"virtualenv\")\ndef app(session):\n    session.install(\"evilassay\", env={\"PIP_INDEX_URL\": %q})\n", b.SimpleURL())
		return asking{bare: true, files: map[string]string{"own.py": text}, command: func() []string { return []string{routeTool(t, tool), "-f", "own.py"} }}
	}
	return asking{none: "it reads none from a project"}
}

// uvPipTable is the table of pyproject.toml that "uv pip" reads.
func uvPipTable(_ *testing.T, b *bench, tool string) asking {
	if tool != "uv" {
		return asking{none: "it reads none from a project"}
	}
	return asking{bare: true, files: map[string]string{"pyproject.toml": fmt.Sprintf("[tool.uv.pip]\nindex-url = %q\n", b.SimpleURL())}}
}

// pipConf is pip's configuration file.
func pipConf(b *bench, lines string) asking {
	return asking{files: map[string]string{"pip.conf": "[global]\n" + lines}, env: []string{"PIP_CONFIG_FILE=" + filepath.Join(b.dir, "pip.conf")}}
}

func configIndex(_ *testing.T, b *bench, tool string) asking {
	a := asking{none: "its file names repositories for publishing only"}
	switch {
	case viaPip(tool):
		a = pipConf(b, "index-url = "+b.SimpleURL()+"\n")
	case tool == "uv", tool == "uv tool":
		a = asking{files: map[string]string{".config/uv/uv.toml": fmt.Sprintf("[[index]]\nurl = %q\ndefault = true\n", b.SimpleURL())}}
	case tool == "pdm":
		a = asking{files: map[string]string{".config/pdm/config.toml": fmt.Sprintf("[pypi]\nurl = %q\n", b.SimpleURL())}}
	}
	a.bare = true
	return a
}

func variables(t *testing.T, b *bench, tool string) asking {
	switch {
	case viaPip(tool):
		return asking{bare: true, env: []string{"PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + linksPage(t, b)}}
	case tool == "pdm":
		return asking{bare: true, env: []string{"PDM_PYPI_URL=" + b.SimpleURL()}}
	case tool == "poetry":
		return asking{none: "its variables name repositories for publishing only"}
	}
	return asking{bare: true, env: []string{"UV_INDEX=" + b.SimpleURL()}}
}

// otherVariables name the index as an extra one, and as older set-ups do.
func otherVariables(t *testing.T, b *bench, tool string) asking {
	switch {
	case viaPip(tool):
		return asking{source: elsewhereIndex(t), env: []string{"PIP_EXTRA_INDEX_URL=" + b.SimpleURL()}}
	case ofProject(tool):
		return asking{none: "it has one variable"}
	}
	return asking{bare: true, env: []string{"UV_INDEX_URL=" + b.SimpleURL()}}
}

// behindUV lets those that may call uv in pip's place do so.
func behindUV(t *testing.T, b *bench, tool string) asking {
	a := asking{bare: true, env: []string{"UV_DEFAULT_INDEX=" + b.SimpleURL()}}
	path := routeTool(t, tool)
	switch tool {
	case "build":
		a.command = func() []string { return []string{path, "--wheel", "--outdir", "out", "--installer", "uv"} }
	case "pipx":
		a.env = append(a.env, "PIPX_DEFAULT_BACKEND=uv")
	case "nox":
		a.files = map[string]string{"own.py": "import nox\n\n@nox.session(venv_backend=\"uv\")\ndef app(session):\n    session.install(\"evilassay\")\n"}
		a.command = func() []string { return []string{path, "-f", "own.py"} }
	default:
		return asking{none: "it does not call uv"}
	}
	return a
}
