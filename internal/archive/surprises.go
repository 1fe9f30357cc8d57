package archive

import (
	"path"
	"strings"

	"assay"
)

// surprise is a kind of member that is legal and does more than its looks say.
type surprise int

const (
	startupPth surprise = iota
	startupModule
	scriptFile
	nativeCode
	setID
	surpriseKinds
)

// surprises counts the members of each kind, with the first as an example: one
// note for each kind, however many there are.
type surprises [surpriseKinds]struct {
	count int
	first string
}

var surpriseText = [surpriseKinds]string{
	startupPth:    "run at every start of Python (.pth)",
	startupModule: "imported at every start of Python",
	scriptFile:    "put among the commands",
	nativeCode:    "native code",
	setID:         "set to run with its owner's rights",
}

func (s *surprises) add(kind surprise, name string) {
	if s[kind].count == 0 {
		s[kind].first = name
	}
	s[kind].count++
}

// look judges a member by its name and by whether it begins like a program.
func (s *surprises) look(format, name string, native bool) {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".so", ".pyd", ".dll", ".dylib":
		native = true
	case ".pth":
		// Elsewhere in an sdist it is a test's or an example's.
		if format == "wheel" && atSitePackages(name) {
			s.add(startupPth, name)
		}
	}
	if native {
		s.add(nativeCode, name)
	}
	if format != "wheel" {
		return
	}
	switch path.Base(name) {
	case "sitecustomize.py", "usercustomize.py":
		if atSitePackages(name) {
			s.add(startupModule, name)
		}
	}
	if parts := strings.SplitN(name, "/", 3); len(parts) == 3 && parts[1] == "scripts" && strings.HasSuffix(parts[0], ".data") {
		s.add(scriptFile, name)
	}
}

// atSitePackages reports whether a wheel's member goes straight into the folder
// of installed packages (PEP 427: the root, and purelib and platlib in .data).
func atSitePackages(name string) bool {
	parts := strings.Split(name, "/")
	return len(parts) == 1 ||
		len(parts) == 3 && strings.HasSuffix(parts[0], ".data") && (parts[1] == "purelib" || parts[1] == "platlib")
}

func (s *surprises) report(a *archive) {
	for kind, seen := range s {
		switch {
		case seen.count == 1:
			a.add(assay.ArchiveSurprising, "member %s is %s", quoted(seen.first), surpriseText[kind])
		case seen.count > 1:
			a.add(assay.ArchiveSurprising, "%d members are %s, the first is %s", seen.count, surpriseText[kind], quoted(seen.first))
		}
	}
}
