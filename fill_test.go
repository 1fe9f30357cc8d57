package assay

import (
	"cmp"
	"strings"
	"testing"
)

// TestFill holds the names that reasons fill in against strings.Replacer, also where
// braces stand that mean nothing and where a name looks like one to fill in.
func TestFill(t *testing.T) {
	for _, a := range []Artifact{{}, {Project: "foo", Version: "1.0", Filename: "foo-1.0.tar.gz"}, {Project: "{version}", Version: "{\x1bproject}", Filename: "é\n{"}} {
		release := clean(a.Release().String())
		if a.Version == "" {
			release = "NAME==VERSION"
		}
		replacer := strings.NewReplacer("{project}=={version}", release, "{project}", clean(a.Project), "{version}", clean(a.Version), "{filename}", clean(cmp.Or(a.Filename, a.Project)))
		texts := []string{"", "{", "}", "{{", "{project", "{project}", "{{project}}", "{project}={version}", "a {project}=={version} b", "{project}=={filename}", "é{version}é{", "{Project}{}"}
		for _, e := range Entries() {
			texts = append(texts, e.Text, e.Hint)
		}
		for _, text := range texts {
			b := builder{artifact: a}
			if got, want := b.fill(text), replacer.Replace(text); got != want {
				t.Errorf("%q of %+v: %q, not %q", text, a, got, want)
			}
		}
	}
}
