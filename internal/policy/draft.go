package policy

import (
	"fmt"
	"strings"

	"assay/internal/tomlfile"
)

// Project is what a first policy is fitted to.
type Project struct {
	// Sources are the files that the rest is read from.
	Sources []string
	// Dependencies are the normalised names that the project asks for itself, and
	// Locked is how many its lock files name.
	Dependencies []string
	Locked       int
	// Pins are those that the project takes from one index, in order of their names.
	Pins []Pin
	// Private are the URLs of further indexes, and Plain the hosts of those without
	// TLS.
	Private []string
	Plain   []string
}

// Pin is a project that comes from one index.
type Pin struct{ Project, Index string }

// Draft writes a first policy. What it says without a comment sign changes nothing
// but that pins hold; the rest is there to be chosen from.
func Draft(p Project) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# What this project takes from package indexes, and what not: Assay's policy.")
	if len(p.Sources) > 0 {
		line("# Begun by 'assay policy init' with what %s %s: %s, %s locked.", tomlfile.Listed(p.Sources, "and"),
			map[bool]string{true: "says", false: "say"}[len(p.Sources) == 1], dependencies(len(p.Dependencies)), fmt.Sprint(p.Locked))
	}
	b.WriteString(`# 'assay policy check' finds mistakes, 'assay policy test NAME==VERSION' shows what
# is decided, and docs/policy.md explains every key.

# "enforce" refuses what the rules do not want; "audit" only reports it, to begin
# with. What is broken is refused either way.
mode = "enforce"

[defaults]
# "remember": who published a project before may not change in silence. "require"
# refuses files of which nobody says who made them; "none" compares nothing.
evidence = "remember"

# Most malicious releases are found within days: younger files wait, and so do those
# of which the index does not say how old they are.
# cooldown = "3d"

# A source distribution runs code of its own when it is built: allow, warn or deny.
sdist = "allow"

# Evidence that exists and cannot be asked for: refuse or warn.
on_unavailable = "refuse"

# Sources from git and the like, at which nobody looks: allow (and report) or deny.
vcs = "allow"
`)
	line("\n# Hosts that may be asked for pages and files without TLS.")
	plain := p.Plain
	if len(plain) == 0 {
		plain = []string{"index.corp.example"}
	}
	line("# allow_http = [%s]", quotedList(plain))
	if len(p.Pins) > 0 {
		line("\n# The project takes these from one index, so no other may offer them.")
		for i, pin := range p.Pins {
			if i > 0 {
				line("")
			}
			line("[[project]]\nname  = %q\nindex = %q", pin.Project, pin.Index)
		}
	}
	for _, index := range p.Private {
		line("\n# Names that only %s has should come from nowhere else:", index)
		line("# [[project]]\n# name  = \"acme-*\"\n# index = %q", index)
	}
	draftDependencies(line, p.Dependencies)
	line("\n# What is accepted all the same stands in every report, and ends:")
	line("# [[exception]]\n# project = \"foo\"\n# version = \"1.2.3\"\n# allow   = [\"cooldown.young\"]\n# until   = 2030-12-31\n# reason  = \"why, and who knows more\"")
	return b.String()
}

func draftDependencies(line func(string, ...any), names []string) {
	line("\n# Who may publish: then it can be nobody else. 'assay verify NAME==VERSION' shows")
	line("# who publishes a release now.")
	if len(names) == 0 {
		names = []string{"django"}
	}
	for _, name := range names[:min(len(names), maxDrafted)] {
		line("# [[project]]\n# name      = %q\n# publisher = [\"github:OWNER/REPO@WORKFLOW.yml\"]", name)
	}
	if n := len(names) - maxDrafted; n > 0 {
		line("# and so on for %d more", n)
	}
}

func dependencies(n int) string {
	if n == 1 {
		return "1 dependency"
	}
	return fmt.Sprintf("%d dependencies", n)
}

func quotedList(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, fmt.Sprintf("%q", w))
	}
	return strings.Join(out, ", ")
}
