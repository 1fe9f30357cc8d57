package installer

import (
	"strings"
	"testing"
)

func TestRecognise(t *testing.T) {
	for line, want := range map[string]string{
		"pip install x":                       "pip install",
		"/usr/bin/pip3.12 download x":         "pip download",
		`C:\Python\Scripts\pip.exe install x`: "pip install",
		"pip --proxy install download x":      "pip download",
		"pip-compile requirements.in":         "pip-tools compile",
		"python -m piptools sync":             "pip-tools sync",
		"python -m pip install x":             "pip install",
		"python3.13t -I -W error -m pip list": "pip list",
		"python3 -Xdev -mpip install x":       "pip install",
		"python3 -X dev -Ibm pip install x":   "pip install",
		"py -3.12 -m uv sync":                 "uv sync",
		"python setup.py install":             "other ",
		"python -c import\\ pip -m pip":       "other ",
		"python":                              "other ",
		"uv":                                  "uv ",
		"uv pip install x":                    "uv pip install",
		"uv --directory pip run x":            "uv run > --directory pip run x",
		"uv run -p 3.12 -w run app --proxy x": "uv run > run -p 3.12 -w run app",
		"uv run --script s.py -i x":           "uv run > run --script s.py",
		"uv run -- app -i x":                  "uv run > run -- app",
		"uv run":                              "uv run > run",
		"uv tool install x":                   "uv tool install",
		"uv tool run --from x app -i y":       "uv tool run > tool run --from x app",
		"uvx ruff -i y":                       "uv tool run > tool run ruff",
		"poetry install":                      "poetry install",
		"poetry -C x run app --y":             "poetry run > -C x run app",
		"pdm add x":                           "pdm add",
		"pdm -p x run app --y":                "pdm run > -p x run app",
		"pdm start --y":                       "pdm run > start",
		"pipx install x":                      "pipx install",
		"pipx run --spec x app -i y":          "pipx run > run --spec x app",
		"pipx exec app -i y":                  "pipx exec > exec app",
		"python -m build":                     "build ",
		"pyproject-build":                     "build ",
		"tox run":                             "tox ",
		"nox -s x":                            "nox ",
		"python -m virtualenv x":              "virtualenv ",
		"make":                                "other ",
		"":                                    "other ",
		"pipeline":                            "other ",
	} {
		got := recognise(strings.Fields(line))
		s := string(got.tool) + " " + got.command
		if got.runner {
			s += " > " + strings.Join(got.args, " ")
		}
		if s != want {
			t.Errorf("%q: %q, want %q", line, s, want)
		}
	}
}
