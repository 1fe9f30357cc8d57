package lockfile

import (
	"slices"
	"strings"

	"assay/internal/requirements"
)

// lineOptions are those that may stand on a line of their own (pip's SUPPORTED_OPTIONS),
// with whether they take a value.
var lineOptions = map[string]bool{
	"--index-url": true, "--pypi-url": true, "--extra-index-url": true, "--find-links": true, "--no-index": false,
	"--trusted-host": true, "--requirement": true, "--constraint": true, "--editable": true, "--no-binary": true,
	"--only-binary": true, "--prefer-binary": false, "--require-hashes": false, "--pre": false, "--use-feature": true,
	"--all-releases": true, "--only-final": true,
}

var shortOptions = map[byte]string{'i': "--index-url", 'f': "--find-links", 'r': "--requirement", 'c': "--constraint", 'e': "--editable"}

// longOption finds an option by its spelling, which may be cut short while it stands for
// one alone, as pip has it.
func longOption(spelling string) (string, bool) {
	if _, ok := lineOptions[spelling]; ok {
		return spelling, true
	}
	found := ""
	for name := range lineOptions {
		if len(spelling) > 2 && strings.HasPrefix(name, spelling) {
			if found != "" {
				return "", false
			}
			found = name
		}
	}
	return found, found != ""
}

// namedOption is an option with its value.
type namedOption struct{ name, value string }

func isEditable(o namedOption) bool { return o.name == "--editable" }

// optionLine reads a line of options. An include is returned, with whether it is a
// constraint.
func (r *reader) optionLine(l *logicalLine, words []string, constraint bool) (include string, inner bool) {
	options, rest, ok := r.takeOptions(l, words)
	if !ok {
		return "", false
	}
	if len(rest) > 0 && !slices.ContainsFunc(options, isEditable) {
		r.add(l.number, "%s belongs to no requirement", quoted(rest[0])) // and could hide what stands behind it
		return "", false
	}
	for _, o := range options {
		if o.name != "--requirement" && o.name != "--constraint" && o.name != "--editable" {
			continue
		}
		if len(options) > 1 {
			r.add(l.number, "%s stands on one line with other options, of which pip sees one alone", o.name)
			return "", false
		}
		if l.unset != "" && (o.name != "--editable" || !variableInCredentials(o.value)) {
			r.add(l.number, "the line holds %s, for which no value is given", l.unset)
			return "", false
		}
		if o.value == "" {
			r.add(l.number, "%s names nothing", o.name)
			return "", false
		}
	}
	for _, o := range options {
		shown := o
		switch o.name {
		case "--requirement", "--constraint":
			include, inner = o.value, o.name == "--constraint"
		case "--editable":
			r.editable(l, o.value, rest, constraint)
			continue
		case "--index-url", "--pypi-url", "--extra-index-url", "--find-links":
			shown.value, ok = r.indexOption(l, o)
			if !ok {
				return "", false
			}
		case "--require-hashes":
			r.lock.RequireHashes = true
		case "--no-index":
			r.lock.NoIndex = true
		}
		r.lock.Options = append(r.lock.Options, Option{shown.name, shown.value, r.at(l.number)})
	}
	return include, inner
}

// takeOptions takes words apart into options. rest is what belongs to an editable
// requirement.
func (r *reader) takeOptions(l *logicalLine, words []string) (options []namedOption, rest []string, ok bool) {
	for i := 0; i < len(words); i++ {
		w := words[i]
		name, value, inline := "", "", false
		switch {
		case strings.HasPrefix(w, "--hash") && !slices.ContainsFunc(options, isEditable):
			r.add(l.number, "the hash belongs to no requirement")
			return nil, nil, false
		case strings.HasPrefix(w, "--"):
			spelling := w
			if spelling, value, inline = strings.Cut(w, "="); strings.HasPrefix(spelling, "--config-setting") || spelling == "--global-option" || spelling == "--hash" {
				return options, words[i:], true
			}
			name, _ = longOption(spelling)
		case len(w) > 1 && w[0] == '-':
			name = shortOptions[w[1]]
			value, inline = w[2:], len(w) > 2
			if strings.HasPrefix(value, "=") {
				r.add(l.number, "of %s pip takes the equals sign for a part of the value, and uv does not", quoted(w))
				return nil, nil, false
			}
		}
		if name == "" {
			r.add(l.number, "%s is no option that pip takes here", quoted(w))
			return nil, nil, false
		}
		if !lineOptions[name] && inline {
			r.add(l.number, "%s takes no value", name)
			return nil, nil, false
		}
		if lineOptions[name] && !inline {
			if i++; i == len(words) {
				r.add(l.number, "%s has no value", name)
				return nil, nil, false
			}
			value = words[i]
		}
		if what := doubtfulValue(name, value); what != "" {
			r.add(l.number, "the value of %s %s: %s", name, what, quoted(value))
			return nil, nil, false
		}
		options = append(options, namedOption{name, value})
	}
	return options, nil, true
}

// doubtfulValue says what of an option's value installers read in different ways.
func doubtfulValue(name, value string) string {
	switch {
	case value != strings.TrimSpace(value):
		return "begins or ends with white space, which some installers leave out"
	case name != "--editable" && strings.Contains(value, "#"):
		return "holds a number sign, at which uv ends it"
	case (name == "--requirement" || name == "--constraint") && strings.HasPrefix(strings.ToLower(value), "file:"):
		return "is a URL of this computer, which installers read in different ways; name the file by its path"
	}
	return ""
}

// indexOption takes up an index. It returns what may be shown.
func (r *reader) indexOption(l *logicalLine, o namedOption) (string, bool) {
	i := Index{Kind: Primary, URL: o.value, At: r.at(l.number)}
	switch o.name {
	case "--extra-index-url":
		i.Kind = Extra
	case "--find-links":
		i.Kind = FindLinks
	}
	if l.unset != "" && !variableInCredentials(o.value) && strings.Contains(o.value, "$") {
		r.add(l.number, "the line holds %s, for which no value is given", l.unset)
		return "", false
	}
	if strings.Contains(o.value, "://") {
		var err error
		if i.URL, _, i.Secret, err = cleanURL(o.value); err != nil {
			r.add(l.number, "%s: %v", o.name, err)
			return "", false
		}
	} else if o.value == "" || len(o.value) > maxText {
		r.add(l.number, "%s names no index", o.name)
		return "", false
	}
	r.index(i)
	return i.URL, true
}

// editable reads the value of -e.
func (r *reader) editable(l *logicalLine, value string, rest []string, constraint bool) {
	p, ok := r.requirement(l, requirements.EditableEntry(value), value, constraint)
	if !ok {
		return
	}
	if p.Source.Kind == Directory {
		p.Source.Kind = Editable
	}
	if r.ownOptions(l, &p, rest) {
		r.keep(p, site{line: l})
	}
}
