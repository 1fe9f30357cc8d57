package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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
	var infos []string
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
	a.checkData(z.members, stem+".data")
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
		a.signedRecord(z.members, infos[0], t)
	}
	return nil
}

// signedRecord keeps a RECORD.jws, with what a verifier needs to know of the RECORD
// that it signs.
func (a *archive) signedRecord(members []zipMember, info string, record []byte) {
	name := info + "/RECORD.jws"
	if a.names.exact[name] != isFile {
		return
	}
	a.inside.RecordJWS = a.text(name)
	sum := sha256.Sum256(record)
	a.inside.RecordSHA256 = assay.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
	files := 0
	for i := range members {
		if !members[i].dir() && !unhashed(members[i].name, info) {
			files++
		}
	}
	a.inside.Listed = a.inside.Hashed == files
}

// isDataDir reports whether installers, on one system or another, take the first
// part of a name for a .data directory: pip any that ends in ".data", uv the one
// that is called after .dist-info, in the letter case that the file system knows.
func isDataDir(dir string) bool { return strings.HasSuffix(fold(dir), ".data") }

// checkData judges what lies in .data directories. pip spreads out every top
// directory that ends in ".data", by the name as it stands; uv the one that is
// called after the .dist-info directory, by the path it is unpacked to, and leaves
// others where they are. Whatever lies in another one is installed to two places.
func (a *archive) checkData(members []zipMember, data string) {
	seen := map[string]string{}
	for i := range members {
		m := &members[i]
		if m.dir() {
			continue
		}
		name, _ := cleanName(m.name)
		dir, below, _ := strings.Cut(name, "/")
		if !isDataDir(dir) {
			continue
		}
		if first, _, _ := strings.Cut(m.name, "/"); first != data {
			a.add(assay.ArchiveAmbiguous, "member %s lies in a .data directory that some installers spread out and others leave as it is", quoted(m.name))
			continue
		}
		target := dataTarget(below)
		if target == "" {
			continue
		}
		before, twice := seen[target]
		if twice && before != name || a.names.exact[target] == isFile {
			a.add(assay.ArchiveAmbiguous, "member %s is installed to the place of another one", quoted(m.name))
		}
		seen[target] = name
	}
}

// dataTarget is where a member below .data is installed, as a path from the folder
// of installed packages or, after "scripts:", of commands; empty for other places.
// The data scheme begins at the environment, in which both of these lie.
func dataTarget(below string) string {
	scheme, rest, _ := strings.Cut(below, "/")
	switch scheme {
	case "purelib", "platlib":
		return rest
	case "scripts":
		return "scripts:" + rest
	case "data":
		top, rest, _ := strings.Cut(rest, "/")
		if top == "bin" || top == "Scripts" {
			return "scripts:" + rest
		}
		if python, after, _ := strings.Cut(rest, "/"); strings.HasPrefix(python, "python") {
			rest = after // lib/python3.14/site-packages; on Windows Lib/site-packages
		}
		if below, ok := strings.CutPrefix(rest, "site-packages/"); ok && fold(strings.TrimSuffix(top, "64")) == "lib" {
			return below
		}
	}
	return ""
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
