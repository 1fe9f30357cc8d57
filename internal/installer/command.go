package installer

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Tool is an installer that Assay knows.
type Tool string

// The installers.
const (
	Pip        Tool = "pip"
	PipTools   Tool = "pip-tools" // asks through pip
	UV         Tool = "uv"        // and uvx
	Poetry     Tool = "poetry"
	PDM        Tool = "pdm"
	Pipx       Tool = "pipx"  // asks through pip or uv, as do the four below
	Build      Tool = "build" // python -m build, pyproject-build
	Tox        Tool = "tox"
	Nox        Tool = "nox"
	Virtualenv Tool = "virtualenv"
	Other      Tool = "other" // behind the proxy all the same
)

// command is a command line, taken apart.
type command struct {
	tool    Tool
	program string // as it was started; of "python -m pip" the interpreter
	command string
	args    []string // after the program; of a runner without the application's
	project bool     // it takes notice of the project in the current folder
	runner  bool     // it goes on to run an application
}

var (
	pipName    = regexp.MustCompile(`^pip[0-9]*(\.[0-9]+)*$`)
	pythonName = regexp.MustCompile(`^(python|pypy)[0-9]*(\.[0-9]+)*[tdw]*$|^pyw?$`)
)

// recognise finds out which installer a command line runs: by the program's
// name, or by the module that a Python interpreter is told to run.
func recognise(args []string) command {
	other := command{tool: Other, project: true}
	if len(args) == 0 {
		return other
	}
	other.program = args[0]
	name, rest := program(args[0]), args[1:]
	if name == "assay" && len(rest) > 0 && rest[0] == "run" {
		if i := slices.Index(rest, "--"); i >= 0 {
			return recognise(rest[i+1:]) // a run inside of a run is about the inner command
		}
	}
	if pythonName.MatchString(name) {
		name, rest = module(rest)
		if name == "piptools" && len(rest) > 0 {
			name, rest = "pip-"+rest[0], rest[1:]
		}
	}
	c := command{program: args[0], args: rest, project: true}
	switch {
	case pipName.MatchString(name):
		c.tool, c.command = Pip, first(pipGrammar.wordsOf(1, rest))
	case name == "pip-compile" || name == "pip-sync":
		c.tool, c.command = PipTools, strings.TrimPrefix(name, "pip-")
	case name == "uv":
		c.uv(rest)
	case name == "uvx":
		c.uv(append([]string{"tool", "run"}, rest...))
	case name == "pipx":
		c.pipx(rest)
	case name == "poetry":
		c.tool, c.command = Poetry, first(poetryGrammar.wordsOf(1, rest))
		if c.runner = c.command == "run"; c.runner {
			c.args = poetryGrammar.upTo(2, rest)
		}
	case name == "pdm":
		c.pdm(rest)
	case name == "build" || name == "pyproject-build":
		c.tool = Build
	case name == "tox":
		c.tool = Tox
	case name == "nox":
		c.tool = Nox
	case name == "virtualenv":
		c.tool = Virtualenv
	default:
		return other
	}
	return c
}

// uv takes uv's arguments apart. Behind the application of uv run and uvx all
// is the application's.
func (c *command) uv(args []string) {
	found := uvBase.wordsOf(2, args)
	c.tool, c.args, c.command = UV, args, first(found)
	switch c.command {
	case "pip", "tool", "python", "cache", "self", "auth", "workspace":
		if len(found) > 1 {
			c.command += " " + found[1]
		}
	}
	if c.command == "tool uvx" {
		c.command = "tool run"
	}
	c.project = !strings.HasPrefix(c.command, "tool")
	switch c.command {
	case "run":
		c.runner, c.args = true, uvGrammar("run").upTo(2, args)
	case "tool run":
		c.runner, c.args = true, uvGrammar("tool run").upTo(3, args)
	}
}

// pipx takes pipx's arguments apart.
func (c *command) pipx(args []string) {
	c.tool, c.args, c.command = Pipx, args, first(pipxGrammar.wordsOf(1, args))
	if c.runner = c.command == "run" || c.command == "exec"; c.runner {
		c.args = pipxGrammar.upTo(2, args)
	}
}

// pdmCommands are PDM's own. Another word is the name of a script of the
// project, as if "run" stood before it.
var pdmCommands = set(`add build cache completion config export fix import info init install list lock new outdated plugin publish py
	python remove run search self show sync update use venv`)

func (c *command) pdm(args []string) {
	c.tool, c.args, c.command = PDM, args, first(pdmGrammar.wordsOf(1, args))
	switch {
	case c.command == "run":
		c.runner, c.args = true, pdmGrammar.upTo(2, args)
	case c.command != "" && !pdmCommands[c.command]:
		c.runner, c.args, c.command = true, pdmGrammar.upTo(1, args), "run"
	}
}

// first is the first of the words, empty where there is none.
func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// program is a program's name without folder and extension, in lower case.
func program(path string) string {
	name := strings.ToLower(filepath.Base(filepath.ToSlash(path)))
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	for _, ext := range []string{".exe", ".cmd", ".bat", ".pyz"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// module returns the module that Python is told to run with -m, and what
// follows it. Flags may stand together (-Im pip) or carry a value (-W error).
func module(args []string) (string, []string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--check-hash-based-pycs":
			i++
			continue
		case strings.HasPrefix(a, "--"):
			continue
		case len(a) < 2 || a[0] != '-':
			return "", nil
		}
		for j := 1; j < len(a); j++ {
			value, after := a[j+1:], args[i+1:]
			if value == "" && len(after) > 0 {
				value, after = after[0], after[1:]
			}
			switch a[j] {
			case 'c':
				return "", nil
			case 'm':
				return strings.ReplaceAll(value, "_", "-"), after
			case 'W', 'X', 'Q':
				if a[j+1:] == "" {
					i++
				}
				j = len(a)
			}
		}
	}
	return "", nil
}
