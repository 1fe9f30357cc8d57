package main_test

import "fmt"

// stage is an index with a good foo 1.0 and a newer 2.0 of which something is
// wrong. Both have a program to start.
func stage(wrong string) string {
	const parts = `
-- foo-%[1]s-py3-none-any.whl/foo/__init__.py --
def main(): print("foo")
-- foo-%[1]s-py3-none-any.whl/foo-%[1]s.dist-info/entry_points.txt --
[console_scripts]
foo = foo:main
`
	return fmt.Sprintf(`
-- foo-1.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
upload-time: -1500h
%s
-- foo-2.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
upload-time: -100h
%s
%s
-- foo-2.0.tar.gz --
backend: in-tree
mark: MARK
publisher: github:acme/foo@release.yml
upload-time: -100h
`, fmt.Sprintf(parts, "1.0"), wrong, fmt.Sprintf(parts, "2.0"))
}

// What is wrong with foo 2.0.
var (
	misissued = stage("misissue: wrong-digest")
	swapped   = stage("misbehave: swapped")
	nothing   = stage("")
)

const (
	wrongSubject = "[provenance.wrong-subject]"
	mismatch     = "[digest.mismatch]"
	stopped      = "assay: hint: "
)

// project is a pyproject.toml for tools that have projects.
func project(dependencies, tool string) string {
	return "[project]\nname = \"app\"\nversion = \"0\"\nrequires-python = \">=3.11\"\ndependencies = [" + dependencies + "]\n" + tool
}

// scenes are the transcripts by their names.
var scenes = map[string]scene{
	"pip pinned":    {tool: "pip", archive: misissued, args: []string{"install", "foo==2.0"}, env: []string{"PIP_TARGET=HOME/lib"}, refused: wrongSubject},
	"pip fallback":  {tool: "pip", archive: misissued, args: []string{"install", "foo"}, env: []string{"PIP_TARGET=HOME/lib"}, installed: []string{"foo-1.0"}, refused: wrongSubject},
	"pip bytes":     {tool: "pip", archive: swapped, args: []string{"install", "foo"}, env: []string{"PIP_TARGET=HOME/lib"}, refused: mismatch},
	"pip around":    {tool: "pip", archive: nothing, args: []string{"install", "--proxy", "http://proxy.corp.example:3128", "foo"}, refused: stopped},
	"pip unrelated": {tool: "pip", archive: nothing, args: []string{"install", "foo==9.0"}},

	"uv pinned":    {tool: "uv", archive: misissued, venv: true, args: []string{"pip", "install", "foo==2.0"}, refused: wrongSubject},
	"uv fallback":  {tool: "uv", archive: misissued, venv: true, args: []string{"pip", "install", "foo"}, installed: []string{"foo-1.0"}, refused: wrongSubject},
	"uv bytes":     {tool: "uv", archive: swapped, venv: true, args: []string{"pip", "install", "foo"}, refused: mismatch},
	"uv around":    {tool: "uv", archive: nothing, venv: true, env: []string{"UV_NO_CONFIG="}, files: map[string]string{"uv.toml": "https-proxy = \"http://proxy.corp.example:3128\"\n"}, shown: []string{"uv.toml"}, args: []string{"pip", "install", "foo"}, refused: stopped},
	"uv unrelated": {tool: "uv", archive: nothing, venv: true, args: []string{"pip", "install", "foo==9.0"}},
	"uv run":       {tool: "uv", archive: nothing, files: map[string]string{"pyproject.toml": project(`"foo"`, "")}, args: []string{"run", "foo"}, installed: []string{"foo-2.0"}, refused: "nothing was refused"},
	"uvx pinned":   {tool: "uv", archive: misissued, args: []string{"tool", "run", "foo@2.0"}, refused: wrongSubject},
	"uv sync":      {tool: "uv", archive: swapped, files: map[string]string{"pyproject.toml": project(`"foo"`, "")}, before: []string{"lock"}, args: []string{"sync", "--locked"}, refused: mismatch},

	"poetry pinned":    {tool: "poetry", archive: misissued, venv: true, env: poetryEnv, files: poetryFiles, args: []string{"add", "foo==2.0"}, refused: wrongSubject},
	"poetry fallback":  {tool: "poetry", archive: misissued, venv: true, env: poetryEnv, files: poetryFiles, args: []string{"add", "foo"}, installed: []string{"foo-1.0"}, refused: wrongSubject},
	"poetry bytes":     {tool: "poetry", archive: swapped, venv: true, env: poetryEnv, files: poetryFiles, args: []string{"add", "foo"}, refused: mismatch},
	"poetry around":    {tool: "poetry", archive: nothing, venv: true, env: poetryEnv, files: poetryFiles, flags: []string{"--vcs", "deny"}, args: []string{"add", "git+https://git.example/acme/foo.git"}, refused: stopped},
	"poetry unrelated": {tool: "poetry", archive: nothing, venv: true, env: poetryEnv, files: poetryFiles, args: []string{"add", "foo==9.0"}},

	"pdm pinned":    {tool: "pdm", archive: misissued, venv: true, files: pdmFiles, args: []string{"add", "foo==2.0"}, refused: wrongSubject},
	"pdm fallback":  {tool: "pdm", archive: misissued, venv: true, files: pdmFiles, args: []string{"add", "foo"}, installed: []string{"foo-1.0"}, refused: wrongSubject},
	"pdm bytes":     {tool: "pdm", archive: swapped, venv: true, files: pdmFiles, args: []string{"add", "foo"}, refused: mismatch},
	"pdm around":    {tool: "pdm", archive: nothing, venv: true, files: pdmAround, shown: []string{"pdm.toml"}, env: []string{"PDM_PYPI_URL=https://index.example/simple"}, args: []string{"add", "foo"}, refused: stopped},
	"pdm unrelated": {tool: "pdm", archive: nothing, venv: true, files: pdmFiles, args: []string{"add", "foo==9.0"}},

	"pipx pinned":    {tool: "pipx", archive: misissued, env: pipxEnv, args: []string{"install", "foo==2.0"}, refused: wrongSubject},
	"pipx fallback":  {tool: "pipx", archive: misissued, env: pipxEnv, args: []string{"install", "foo"}, installed: []string{"foo-1.0"}, refused: wrongSubject},
	"pipx bytes":     {tool: "pipx", archive: swapped, env: pipxEnv, args: []string{"install", "foo"}, refused: mismatch},
	"pipx around":    {tool: "pipx", archive: nothing, env: pipxEnv, args: []string{"install", "--pip-args=--proxy http://proxy.corp.example:3128", "foo"}, refused: stopped},
	"pipx unrelated": {tool: "pipx", archive: nothing, env: pipxEnv, args: []string{"install", "foo==9.0"}},

	"pip-tools pinned":    {tool: "pip-compile", archive: misissued, files: map[string]string{"requirements.in": "foo==2.0\n"}, shown: []string{"requirements.in"}, args: compileArgs, refused: wrongSubject},
	"pip-tools fallback":  {tool: "pip-compile", archive: misissued, files: map[string]string{"requirements.in": "foo\n"}, shown: []string{"requirements.in"}, args: compileArgs, then: []string{"requirements.txt"}, ok: true, refused: wrongSubject},
	"pip-tools bytes":     {tool: "pip-sync", archive: swapped, pip: true, files: map[string]string{"requirements.txt": "foo==2.0\n"}, shown: []string{"requirements.txt"}, args: []string{"--python-executable", ".venv/bin/python"}, refused: mismatch},
	"pip-tools around":    {tool: "pip-compile", archive: nothing, files: map[string]string{"requirements.in": "foo\n"}, args: []string{"--pip-args=--proxy http://proxy.corp.example:3128"}, refused: stopped},
	"pip-tools unrelated": {tool: "pip-compile", archive: nothing, files: map[string]string{"requirements.in": "foo==9.0\n"}, args: compileArgs},

	"build pinned":    {tool: "pyproject-build", archive: misissued, args: []string{"--wheel"}, files: buildFiles("foo==2.0", wheelBackend), shown: []string{"pyproject.toml"}, refused: wrongSubject},
	"build fallback":  {tool: "pyproject-build", archive: misissued, args: []string{"--wheel"}, files: buildFiles("foo", wheelBackend), ok: true, refused: wrongSubject},
	"build bytes":     {tool: "pyproject-build", archive: swapped, args: []string{"--wheel"}, files: buildFiles("foo", wheelBackend), refused: mismatch},
	"build around":    {tool: "pyproject-build", archive: nothing, args: []string{"--wheel"}, files: buildFiles("foo", "import socket\nsocket.create_connection((\"127.0.0.1\", 9))"), shown: []string{"backend.py"}, flags: []string{"--confine"}, refused: "the command was confined"},
	"build unrelated": {tool: "pyproject-build", archive: nothing, args: []string{"--wheel"}, files: buildFiles("foo==9.0", wheelBackend)},

	"tox pinned":    {tool: "tox", archive: misissued, files: toxFiles("foo==2.0", ""), shown: []string{"tox.ini"}, args: []string{"run"}, refused: wrongSubject},
	"tox fallback":  {tool: "tox", archive: misissued, files: toxFiles("foo", ""), args: []string{"run"}, installed: []string{"foo-1.0"}, refused: wrongSubject},
	"tox bytes":     {tool: "tox", archive: swapped, files: toxFiles("foo", ""), args: []string{"run"}, refused: mismatch},
	"tox around":    {tool: "tox", archive: nothing, files: toxFiles("foo", "install_command = python -m pip install --proxy http://127.0.0.1:9 {packages}\n"), shown: []string{"tox.ini"}, flags: []string{"--confine"}, args: []string{"run"}, refused: "the command was confined"},
	"tox unrelated": {tool: "tox", archive: nothing, files: toxFiles("foo==9.0", ""), args: []string{"run"}},

	"nox pinned":    {tool: "nox", archive: misissued, files: noxFiles(`"foo==2.0"`), shown: []string{"noxfile.py"}, refused: wrongSubject},
	"nox fallback":  {tool: "nox", archive: misissued, files: noxFiles(`"foo"`), installed: []string{"foo-1.0"}, refused: wrongSubject},
	"nox bytes":     {tool: "nox", archive: swapped, files: noxFiles(`"foo"`), refused: mismatch},
	"nox around":    {tool: "nox", archive: nothing, files: noxFiles(`"--proxy", "http://127.0.0.1:9", "foo"`), shown: []string{"noxfile.py"}, flags: []string{"--confine"}, refused: "the command was confined"},
	"nox unrelated": {tool: "nox", archive: nothing, files: noxFiles(`"foo==9.0"`)},
}

var (
	poetryEnv   = []string{"VIRTUAL_ENV=HOME/.venv"}
	poetryFiles = map[string]string{"pyproject.toml": project("", "[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = \"company\"\nurl = \"BENCH\"\n")}

	pdmFiles  = map[string]string{"pyproject.toml": project("", "[tool.pdm]\ndistribution = false\n")}
	pdmAround = map[string]string{"pyproject.toml": pdmFiles["pyproject.toml"], "pdm.toml": "[pypi]\nca_certs = \"corp.pem\"\n"}

	pipxEnv     = []string{"PIPX_HOME=HOME/pipx", "PIPX_BIN_DIR=HOME/bin", "PIPX_MAN_DIR=HOME/man", "USE_EMOJI=0"}
	compileArgs = []string{"-q", "--strip-extras", "--no-header"}
)

// wheelBackend is a build backend that makes a wheel.
const wheelBackend = `import zipfile
def build_wheel(directory, settings=None, metadata=None):
    with zipfile.ZipFile(directory + "/app-0-py3-none-any.whl", "w") as z:
        z.writestr("app-0.dist-info/METADATA", "Metadata-Version: 2.1\nName: app\nVersion: 0\n")
    return "app-0-py3-none-any.whl"`

func buildFiles(requires, code string) map[string]string {
	return map[string]string{
		"pyproject.toml": fmt.Sprintf("[build-system]\nrequires = [%q]\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n[project]\nname = \"app\"\nversion = \"0\"\n", requires),
		"backend.py":     code + "\n",
	}
}

func toxFiles(requirement, more string) map[string]string {
	return map[string]string{"tox.ini": "[testenv]\nskip_install = true\ndeps = " + requirement + "\n" + more + "commands = python -c \"import foo\"\n"}
}

func noxFiles(install string) map[string]string {
	return map[string]string{"noxfile.py": "import nox\n\n@nox.session\ndef tests(session):\n    session.install(" + install + ")\n    session.run(\"python\", \"-c\", \"import foo\")\n"}
}
