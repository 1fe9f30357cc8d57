package gitrepo

import (
	"cmp"
	"slices"
	"strings"

	"assay/internal/pypi"
)

// The forms in which a tag names a release, in order of preference.
const (
	formV           = iota // v1.2.3
	formPlain              // 1.2.3
	formProject            // sampleproject-1.2.3
	formProjectV           // sampleproject-v1.2.3
	formWord               // release-1.2.3, rel/v1.2.3, version-1.2.3
	formPath               // sampleproject/v1.2.3, sampleproject/1.2.3
	formOther              // sampleproject_1.2.3, sampleproject@v1.2.3, sampleproject==1.2.3
	formUnderscored        // rel_1_2_3, v1_2_3, sampleproject_1_2_3
	formNone
)

// words may stand before a version in place of the project's name.
var words = []string{"release", "releases", "rel", "version", "ver"}

// fit returns the refs that name a release, the preferred form first.
func fit(refs []Ref, project string, v pypi.Version) []Ref {
	type candidate struct {
		ref  Ref
		form int
	}
	var all []candidate
	for _, ref := range refs {
		if form := formOf(ref.Name, project, v); form != formNone {
			all = append(all, candidate{ref, form})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.form, b.form), strings.Compare(a.ref.Name, b.ref.Name))
	})
	out := make([]Ref, len(all))
	for i, c := range all {
		out[i] = c.ref
	}
	return out
}

// formOf returns the first form in which a tag's name names the release, or
// formNone. The project's name is in its normal form.
func formOf(name, project string, v pypi.Version) int {
	best := formNone
	try := func(form int, text string) {
		switch {
		case names(text, v):
			best = min(best, form)
		case !strings.Contains(text, ".") && names(strings.ReplaceAll(text, "_", "."), v):
			best = min(best, formUnderscored)
		}
	}
	if text, marked := unmarked(name); marked {
		try(formV, text)
	}
	try(formPlain, name)
	for i := 1; i < len(name); i++ {
		if !strings.ContainsRune("-_/@=", rune(name[i])) {
			continue
		}
		before, after := name[:i], name[i+1:]
		if name[i] == '=' {
			var double bool
			if after, double = strings.CutPrefix(after, "="); !double {
				continue
			}
		}
		text, marked := unmarked(after)
		if normal, err := pypi.NormalizeName(before); err == nil && normal == project {
			try(formAfterProject(name[i], marked), text)
		}
		if name[i] != '@' && name[i] != '=' && slices.Contains(words, strings.ToLower(before)) {
			try(formWord, text)
		}
	}
	return best
}

func formAfterProject(separator byte, marked bool) int {
	switch {
	case separator == '/':
		return formPath
	case separator != '-':
		return formOther
	case marked:
		return formProjectV
	}
	return formProject
}

// unmarked takes the v before a version away.
func unmarked(s string) (rest string, marked bool) {
	if s != "" && (s[0] == 'v' || s[0] == 'V') {
		return s[1:], true
	}
	return s, false
}

// names reports whether a text is the version, in any spelling of PEP 440 that
// begins with a digit.
func names(text string, v pypi.Version) bool {
	if text == "" || text[0] < '0' || text[0] > '9' {
		return false
	}
	w, err := pypi.ParseVersion(text)
	return err == nil && w.Compare(v) == 0
}
