package archive

import (
	"bytes"
	"slices"
	"strings"

	"assay"
)

// isDistInfo reports whether a top directory is a wheel's .dist-info.
func isDistInfo(dir string) bool {
	return strings.HasSuffix(dir, ".dist-info") && len(dir) > len(".dist-info")
}

// readWheel reads a wheel (PEP 427) and holds it to its own RECORD.
func (a *archive) readWheel() error {
	z := &zipReader{archive: a, hashed: true}
	if err := z.read(); err != nil {
		return err
	}
	var infos, datas []string
	last := ""
	for i := range z.members {
		// A file at the top counts like a directory: installers look at first parts.
		dir, _, _ := strings.Cut(z.members[i].name, "/")
		if dir == last {
			continue
		}
		last = dir
		if isDistInfo(dir) && !slices.Contains(infos, dir) && len(infos) < maxRootsKept {
			infos = append(infos, dir)
		}
		if strings.HasSuffix(dir, ".data") && !slices.Contains(datas, dir) && len(datas) < maxRootsKept {
			datas = append(datas, dir)
		}
	}
	switch len(infos) {
	case 0:
		a.add(assay.ArchiveUnreadable, "no .dist-info directory is in it")
		return nil
	case 1:
	default:
		a.add(assay.ArchiveAmbiguous, "it has more than one .dist-info directory: %s and %s", quoted(infos[0]), quoted(infos[1]))
		return nil
	}
	stem := strings.TrimSuffix(infos[0], ".dist-info")
	a.inside.Folder = stem
	for _, dir := range datas {
		if dir != stem+".data" {
			a.add(assay.ArchiveIrregular, "directory %s is not called after the .dist-info directory", quoted(dir))
		}
	}
	if len(datas) > 0 {
		a.checkTargets(z.members, stem+".data/")
	}
	text := func(name string) []byte {
		if a.names.exact[infos[0]+"/"+name] != isFile {
			if name != "entry_points.txt" {
				a.add(assay.ArchiveUnreadable, "no %s is in its .dist-info directory", name)
			}
			return nil
		}
		return a.text(infos[0] + "/" + name)
	}
	a.inside.Metadata = text("METADATA")
	if t := text("WHEEL"); t != nil {
		a.checkWheelFile(t)
	}
	if t := text("entry_points.txt"); t != nil {
		if problem := entryPointsProblem(t); problem != "" {
			a.add(assay.ArchiveIrregular, "entry_points.txt %s", problem)
		}
	}
	if k := a.texts[infos[0]+"/RECORD"]; k != nil && k.size > maxPlainText {
		parsing <- struct{}{}
		defer func() { <-parsing }()
	}
	if t := text("RECORD"); t != nil {
		a.compareRecord(z.members, infos[0], t)
	}
	return nil
}

// checkTargets reports members that are installed to one place: what lies below
// purelib and platlib in .data goes where the wheel's own top level goes, and
// which of the two stays depends on the installer.
func (a *archive) checkTargets(members []zipMember, data string) {
	seen := map[string]bool{}
	for i := range members {
		below, ok := strings.CutPrefix(members[i].name, data)
		if !ok || members[i].dir() {
			continue
		}
		scheme, target, _ := strings.Cut(below, "/")
		if scheme != "purelib" && scheme != "platlib" {
			continue
		}
		if seen[target] || a.names.exact[target] == isFile {
			a.add(assay.ArchiveAmbiguous, "member %s is installed to the place of another one", quoted(members[i].name))
		}
		seen[target] = true
	}
}

// checkWheelFile judges a wheel's WHEEL: fields as in an e-mail's header.
func (a *archive) checkWheelFile(text []byte) {
	var version, purelib string
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case version == "" && strings.EqualFold(key, "Wheel-Version"):
			version = value
		case purelib == "" && strings.EqualFold(key, "Root-Is-Purelib"):
			purelib = value
		}
	}
	switch {
	case version == "":
		a.add(assay.ArchiveIrregular, "WHEEL does not say its version")
	case !strings.HasPrefix(version, "1."):
		a.add(assay.ArchiveIrregular, "WHEEL is of version %s, which installers do not know", quoted(version))
	}
	if purelib == "" {
		a.add(assay.ArchiveIrregular, "WHEEL does not say where the root goes (Root-Is-Purelib)")
	}
}

// entryPointsProblem says what is wrong with an entry_points.txt: an INI file
// with group names as sections and "name = module:object [extra]" in them.
func entryPointsProblem(text []byte) string {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	group, seen := "", map[[2]string]bool{}
	for line := range strings.Lines(string(text)) {
		bare := strings.TrimSpace(line)
		if bare == "" || bare[0] == '#' || bare[0] == ';' {
			continue
		}
		if bare[0] == '[' {
			name, rest, ok := strings.Cut(bare[1:], "]")
			if !ok || name == "" || strings.TrimSpace(rest) != "" {
				return "has the malformed section " + quoted(bare)
			}
			if seen[[2]string{name}] {
				return "has section " + quoted(name) + " twice"
			}
			group, seen[[2]string{name}] = name, true
			continue
		}
		name, object, ok := strings.Cut(bare, "=")
		name = strings.TrimSpace(name)
		switch {
		case !ok || name == "" || strings.TrimSpace(object) == "":
			if line[0] == ' ' || line[0] == '\t' {
				continue // goes on with the line before
			}
			return "has the malformed line " + quoted(bare)
		case group == "":
			return "has lines before its first section"
		case seen[[2]string{group, name}]:
			return "has " + quoted(name) + " twice in a section"
		}
		seen[[2]string{group, name}] = true
	}
	return ""
}
