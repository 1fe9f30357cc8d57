package lockfile

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"assay"
	"assay/internal/pypi"
	"assay/internal/requirements"
)

// requirements reads a requirements file and those that it includes. stack is the files
// that led here. The error is that of open.
func (r *reader) requirements(f *file, constraint bool, stack []string) error {
	name := f.name
	if f.text == nil {
		t, err := decode(f.data)
		if err != nil {
			r.add(0, "%v", err)
			return nil
		}
		f.text = t
	}
	lines, clean := r.physicalLines(f.text)
	if !clean {
		return nil
	}
	stack = append(slices.Clone(stack), filepath.Clean(name))
	for _, l := range r.logicalLines(lines) {
		if r.full {
			return nil
		}
		include, inner := r.line(l, constraint)
		if include == "" {
			continue
		}
		// What a constraints file names by -r pip installs; uv takes it for constraints. It
		// is read as what any of them may install.
		if err := r.include(l, include, inner, stack); err != nil {
			return err
		}
		r.enter(name, nil)
	}
	return nil
}

// include reads the file that -r or -c names.
func (r *reader) include(l *logicalLine, value string, constraint bool, stack []string) error {
	if requirements.IsURL(value) {
		r.add(l.number, "the line includes a file from another computer, which is not read")
		return nil
	}
	name := requirements.Beside(r.file.name, value)
	clean := filepath.Clean(name)
	if slices.Contains(stack, clean) {
		r.current.Add(l.number, "%s leads back to itself", quoted(value)) // it is read already
		return nil
	}
	if len(stack) >= maxDepth {
		r.add(l.number, "more than %d files lie within each other", maxDepth)
		return nil
	}
	key := clean
	if constraint {
		key += "\x00"
	}
	if r.seen[key] {
		return nil
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	if r.seen[key] = true; len(r.seen) > maxIncludes {
		r.add(l.number, "more than %d files lead to each other", maxIncludes)
		return nil
	}
	if r.open == nil {
		r.add(l.number, "%s cannot be read: nothing but the file itself is at hand", quoted(value))
		return nil
	}
	f := r.lock.files[name]
	if f == nil {
		data, err := r.open(cmp.Or(requirements.Through(r.file.name, value), name))
		if err != nil {
			return problem("%s: %w", r.at(l.number), err)
		}
		if len(data) > MaxFile {
			r.add(l.number, "%s is larger than %d bytes", quoted(value), MaxFile)
			return nil
		}
		f = r.enter(name, data)
		r.lock.Includes = append(r.lock.Includes, name)
	}
	r.enter(name, f.data)
	return r.requirements(f, constraint, stack)
}

// line reads one line. An include is returned, with whether it is a constraint.
func (r *reader) line(l *logicalLine, constraint bool) (include string, inner bool) {
	tokens := strings.Split(l.text, " ")
	n := slices.IndexFunc(tokens, func(t string) bool { return strings.HasPrefix(t, "-") })
	if n < 0 {
		n = len(tokens)
	}
	what := strings.TrimSpace(strings.Join(tokens[:n], " "))
	options := strings.Join(tokens[n:], " ")
	if strings.Contains(what, "\t-") {
		r.add(l.number, "a tab stands in front of an option, which pip takes for a part of the requirement")
		return "", false
	}
	words, why := splitWords(options)
	if why != "" {
		r.add(l.number, "the options cannot be told apart: %s", why)
		return "", false
	}
	if what == "" {
		return r.optionLine(l, words, constraint)
	}
	p, ok := r.requirement(l, requirements.Classify(what), what, constraint)
	if ok && r.ownOptions(l, &p, words) {
		r.keep(p, site{line: l})
	}
	return "", false
}

// splitWords splits options as a shell does, or says why it cannot.
func splitWords(s string) (words []string, why string) {
	switch {
	case strings.ContainsAny(s, `'"`) && strings.Count(s, "'")%2+strings.Count(s, `"`)%2 != 0:
		return nil, "a quote is open"
	case strings.HasSuffix(s, `\`):
		return nil, "they end in a backslash"
	}
	return requirements.Words(s), ""
}

const ownHash = "--hash"

// ownOptionNames are the options that may stand behind a requirement.
var ownOptionNames = []string{ownHash, "--config-settings", "--config-setting", "--global-option", "--install-option", "-C"}

// ownOptions reads the options behind a requirement.
func (r *reader) ownOptions(l *logicalLine, p *Package, words []string) bool {
	seen := map[string]bool{}
	for i := 0; i < len(words); i++ {
		name, value, inline := strings.Cut(words[i], "=")
		if !slices.Contains(ownOptionNames, name) {
			r.add(l.number, "behind a requirement there is no option %s", quoted(name))
			return false
		}
		if !inline {
			if i++; i == len(words) {
				r.add(l.number, "the option %s has no value", quoted(name))
				return false
			}
			value = words[i]
		}
		switch name {
		case ownHash:
			d, weak, err := splitHash(value)
			if err != nil {
				r.add(l.number, "%v", err)
				return false
			}
			h := Hash{Digest: d, Weak: weak, At: r.at(l.hashLine(len(p.Hashes)))}
			if seen[h.text()] {
				l.hashes = nil // one that is there twice: the places no longer belong to Hashes
				continue
			}
			seen[h.text()] = true
			p.Hashes = append(p.Hashes, h)
		default:
			p.Built = append(p.Built, name+"="+value)
		}
	}
	return true
}

// hashLine is the line on which the line's i-th hash stands.
func (l *logicalLine) hashLine(i int) int {
	if i >= len(l.hashes) {
		return l.number
	}
	return l.number + sort.SearchInts(l.lines, l.hashes[i].start+1) - 1
}

var requirementForm = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)[ \t]*(?:\[([^\]]*)\])?[ \t]*([^;]*?)[ \t]*(?:;(.*))?$`)

// requirement makes a package of what a line asks for.
func (r *reader) requirement(l *logicalLine, e requirements.Entry, what string, constraint bool) (Package, bool) {
	p := Package{At: r.at(l.number), Constraint: constraint, Source: Source{Kind: Registry}}
	if l.unset != "" && (e.Kind == requirements.Name || !variableInCredentials(l.text)) {
		r.add(l.number, "the line holds %s, for which no value is given", l.unset)
		return p, false
	}
	if e.Kind == requirements.Name {
		return p, r.nameRequirement(l, &p, what)
	}
	head, place, marker := what, e.Value, ""
	if at := markerStart.FindStringIndex(what); at != nil {
		head, marker = strings.TrimSpace(what[:at[0]]), what[at[1]:]
		if strings.TrimSpace(marker) == "" {
			r.add(l.number, "a semicolon stands in front of no marker")
			return p, false
		}
	}
	p.Marker = r.marker(l.number, marker)
	if e.Project != "" {
		p.Spelled = e.Project
		extras, _, _ := strings.Cut(head, "@")
		r.named(l, &p, extras)
	} else if m := trailingExtras.FindStringSubmatch(head); m != nil && e.Kind != requirements.VCS && e.Kind != requirements.Direct {
		p.Extras = r.extras(l.number, splitExtras(m[1]))
	}
	switch e.Kind {
	case requirements.Direct, requirements.VCS:
		if !r.remote(l, &p, place, e.Kind == requirements.VCS) {
			return p, false
		}
	default:
		if strings.Contains(place, "://") && !strings.HasPrefix(strings.ToLower(place), "file://") {
			r.add(l.number, "the line is neither a requirement nor a URL nor a path")
			return p, false
		}
		if strings.ContainsAny(place, " \t") || strings.Contains(place, `\`) && !windowsPath.MatchString(place) {
			r.add(l.number, "%s is neither a requirement nor a path that all read alike", quoted(place))
			return p, false
		}
		if r.local(l, &p, place, e.Kind == requirements.Editable); len(place) > maxText || len(p.Files) > 0 && !validFilename(p.Files[0].Name) {
			r.add(l.number, "%s is no path of a file", quoted(place))
			return p, false
		}
	}
	if p.Spelled == "" {
		p.Spelled = assay.ShownSource(p.Source.Where)
	}
	return p, true
}

var (
	windowsPath    = regexp.MustCompile(`^(\.{1,2}\\|[A-Za-z]:[\\/])`)
	markerStart    = regexp.MustCompile(`[ \t];[ \t]*|;[ \t]+`)
	trailingExtras = regexp.MustCompile(`\[([^\[\]]*)\]$`)
	inCredentials  = regexp.MustCompile(`^[^$]*://[^/?#@]*@[^$]*$`)
)

// variableInCredentials reports whether "${" stands in the credentials of a URL alone.
func variableInCredentials(s string) bool { return inCredentials.MatchString(s) }

func splitExtras(s string) []string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// named takes up "name[extra]".
func (r *reader) named(l *logicalLine, p *Package, s string) {
	name, extras, _ := strings.Cut(strings.TrimSpace(s), "[")
	var err error
	if p.Name, err = pypi.NormalizeName(strings.TrimSpace(name)); err != nil {
		r.add(l.number, "%s is not a project's name", quoted(name))
	}
	p.Extras = r.extras(l.number, splitExtras(strings.TrimSuffix(strings.TrimSpace(extras), "]")))
}

// nameRequirement reads "name[extras]==1.0; marker".
func (r *reader) nameRequirement(l *logicalLine, p *Package, what string) bool {
	m := requirementForm.FindStringSubmatch(what)
	if m == nil {
		r.add(l.number, "%s is not a requirement", quoted(what))
		return false
	}
	p.Spelled = m[1]
	r.named(l, p, m[1]+"["+m[2]+"]")
	specifier := strings.TrimSpace(m[3])
	if inner, ok := strings.CutPrefix(specifier, "("); ok && strings.HasSuffix(inner, ")") {
		specifier = strings.TrimSpace(strings.TrimSuffix(inner, ")"))
	}
	p.Specifier = specifier
	var err error
	if p.Version, err = pinned(specifier); err != nil {
		r.add(l.number, "%v", err)
		return false
	}
	if strings.Contains(what, ";") {
		if strings.TrimSpace(m[4]) == "" {
			r.add(l.number, "a semicolon stands in front of no marker")
			return false
		}
		p.Marker = r.marker(l.number, m[4])
	}
	return true
}

// pinned returns the version that a specifier pins: one clause, == or ===, without a
// wildcard.
func pinned(specifier string) (string, error) {
	if exact, ok := strings.CutPrefix(specifier, "==="); ok {
		v, err := pypi.ParseVersion(exact)
		if err != nil {
			return "", problem("%s is not a version", quoted(strings.TrimSpace(exact)))
		}
		return v.String(), nil
	}
	if _, err := pypi.ParseSpecifier(specifier); err != nil {
		return "", problem("%s is not a set of versions", quoted(specifier))
	}
	exact, ok := strings.CutPrefix(specifier, "==")
	if !ok || strings.ContainsAny(exact, ",*") {
		return "", nil
	}
	v, err := pypi.ParseVersion(exact)
	if err != nil {
		return "", problem("%s is not a version", quoted(exact))
	}
	return v.String(), nil
}

// remote takes up a URL: of an archive, or of a checkout.
func (r *reader) remote(l *logicalLine, p *Package, place string, vcs bool) bool {
	where, fragment, secret, err := cleanURL(place)
	if err != nil {
		r.add(l.number, "%v", err)
		return false
	}
	p.Source = Source{Kind: URL, Where: where, Secret: secret}
	if vcs {
		p.Source.Kind = VCS
		p.Source.Where, p.Source.Revision = splitRevision(where)
		if name := fragmentValue(fragment, "egg"); name != "" && p.Name == "" {
			p.Spelled, _, _ = strings.Cut(name, "[")
			r.named(l, p, name)
		}
		return true
	}
	if scheme, _, _ := strings.Cut(strings.ToLower(where), "://"); scheme != "http" && scheme != "https" {
		r.add(l.number, "no installer reads a URL that begins with %s://", scheme)
		return false
	}
	f := File{Name: lastPart(where, true), URL: where, At: p.At}
	if !validFilename(f.Name) {
		r.add(l.number, "the URL names no file")
		return false
	}
	d, weak, ok, err := fragmentHash(fragment)
	if err == nil && ok {
		err = f.put(d, weak)
	}
	if err != nil {
		r.add(l.number, "%v", err)
		return false
	}
	p.Files = []File{f}
	r.fromFilename(l, p, f.Name)
	return true
}

// splitRevision cuts "@revision" off the path of a checkout's URL.
func splitRevision(where string) (url, revision string) {
	where, query, asked := strings.Cut(where, "?") // a revision stands in the path alone
	if asked {
		query = "?" + query
	}
	scheme, rest, ok := strings.Cut(where, "://")
	if !ok {
		return where + query, ""
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return where + query, ""
	}
	at := strings.LastIndexByte(rest, '@')
	if at < slash {
		return where + query, ""
	}
	return scheme + "://" + rest[:at] + query, rest[at+1:]
}

// local takes up a file or a folder of this computer.
func (r *reader) local(l *logicalLine, p *Package, place string, editable bool) {
	p.Source = Source{Kind: Directory, Where: strings.TrimSpace(place)}
	bare, fragment, _ := strings.Cut(p.Source.Where, "#")
	if strings.HasPrefix(strings.ToLower(bare), "file:") {
		p.Source.Where = bare
		if name := fragmentValue(fragment, "egg"); name != "" && p.Name == "" {
			p.Spelled, _, _ = strings.Cut(name, "[")
			r.named(l, p, name)
		}
	}
	name := lastPart(bare, strings.HasPrefix(strings.ToLower(bare), "file:"))
	switch {
	case editable:
		p.Source.Kind = Editable
	case pypi.IsDistribution(name):
		p.Source.Kind = LocalFile
		p.Files = []File{{Name: name, Path: p.Source.Where, At: p.At}}
		r.fromFilename(l, p, name)
	}
}

// fromFilename takes name and version of a file that is named directly.
func (r *reader) fromFilename(l *logicalLine, p *Package, name string) {
	f, err := pypi.ParseFilenameFor(p.Name, name)
	if err != nil {
		if whole, err := pypi.ParseFilename(name); err == nil && whole.Kind == pypi.Wheel {
			r.add(l.number, "%s is no file of the project %s", quoted(name), quoted(p.Spelled))
		}
		return
	}
	if f.Kind == pypi.Other || f.Version.IsZero() {
		return
	}
	p.Version = f.Version.String()
	if p.Name == "" {
		p.Name = f.Project
	}
}
