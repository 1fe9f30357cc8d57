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
	Pip    Tool = "pip" // and pip-tools, which asks through pip
	UV     Tool = "uv"
	Poetry Tool = "poetry"
	PDM    Tool = "pdm"
	Other  Tool = "other" // behind the proxy all the same
)

// command is a command line, taken apart.
type command struct {
	tool    Tool
	command string
	args    []string // after the program
	project bool     // it takes notice of the project in the current folder
}

var (
	pipName    = regexp.MustCompile(`^(pip[0-9]*(\.[0-9]+)*|pip-(compile|sync))$`)
	pythonName = regexp.MustCompile(`^(python|pypy)[0-9]*(\.[0-9]+)*[tdw]*$|^pyw?$`)
)

// recognise finds out which installer a command line runs: by the program's
// name, or by the module that a Python interpreter is told to run.
func recognise(args []string) command {
	if len(args) == 0 {
		return command{tool: Other, project: true}
	}
	name, rest := program(args[0]), args[1:]
	if pythonName.MatchString(name) {
		if name, rest = module(rest); name == "" {
			return command{tool: Other, project: true}
		}
	}
	c := command{args: rest, project: true}
	switch {
	case pipName.MatchString(name):
		c.tool, c.command = Pip, pipCommand(rest)
		if strings.HasPrefix(name, "pip-") {
			c.command = "install"
		}
	case name == "uv":
		c.tool, c.command = UV, uvCommand(rest)
		c.project = !strings.HasPrefix(c.command, "tool")
	case name == "uvx":
		c.tool, c.command, c.project = UV, "tool run", false
	case name == "poetry":
		c.tool, c.command = Poetry, firstWord(rest)
	case name == "pdm":
		c.tool, c.command = PDM, firstWord(rest)
	default:
		return command{tool: Other, project: true}
	}
	return c
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

// firstWord is the first argument that is no flag.
func firstWord(args []string) string {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			return a
		}
	}
	return ""
}

// pipCommand finds pip's command behind its general options.
func pipCommand(args []string) string {
	general := []string{"--python", "--log", "--keyring-provider", "--proxy", "--timeout", "--default-timeout", "--retries",
		"--exists-action", "--trusted-host", "--cert", "--client-cert", "--cache-dir", "--use-feature", "--use-deprecated", "--resume-retries"}
	return wordBehind(args, general)
}

// uvCommand finds uv's command, of two words where it is one of a group.
func uvCommand(args []string) string {
	general := []string{"--cache-dir", "--config-file", "--project", "--directory", "--color", "--allow-insecure-host",
		"--python-preference", "--preview-features", "--cert"}
	first := wordBehind(args, general)
	switch first {
	case "pip", "tool", "python", "cache", "self", "auth", "workspace":
		if i := slices.Index(args, first); i+1 < len(args) {
			if second := wordBehind(args[i+1:], general); second != "" {
				return first + " " + second
			}
		}
	}
	return first
}

// wordBehind is the first argument that is neither a flag nor the value of one
// of the given options.
func wordBehind(args, options []string) string {
	for i := 0; i < len(args); i++ {
		switch {
		case slices.Contains(options, args[i]):
			i++
		case !strings.HasPrefix(args[i], "-"):
			return args[i]
		}
	}
	return ""
}
