package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// disguised is foo 2.0 with a wheel that is evil 2.0 inside.
const disguised = `-- foo-2.0-py3-none-any.whl/foo-2.0.dist-info/METADATA --
Metadata-Version: 2.1
Name: evil
Version: 2.0`

// lying has RECORD list other bytes than the wheel holds.
const lying = "misrecord: foo/__init__.py"

// TestInsideOfFiles installs files that are what the index promises, signed by their
// publisher, and wrong inside.
func TestInsideOfFiles(t *testing.T) {
	for name, c := range map[string]struct{ wrong, code, sentence string }{
		"RECORD lies":           {lying, "archive.record-mismatch", "holds other bytes than its own RECORD lists"},
		"RECORD lies, large":    {lying + "\npad: 12MiB", "archive.record-mismatch", "holds other bytes than its own RECORD lists"},
		"another project":       {disguised, "archive.wrong-project", "is another project or version inside than its name says"},
		"without a sidecar":     {"omit: core-metadata\n" + disguised, "archive.wrong-project", "is another project or version inside than its name says"},
		"more in the sidecar":   {"sidecar: Requires-Dist: bar", "metadata.mismatch", "the metadata of the file is not what the index promised"},
		"two names in METADATA": {strings.Replace(disguised, "evil", "foo\nName: evil", 1), "metadata.malformed", "cannot be read without doubt"},
	} {
		archive := fmt.Sprintf(twoReleases, c.wrong) + "-- bar-1.0-py3-none-any.whl --\n"
		t.Run(name, func(t *testing.T) {
			each(t, archive, func(t *testing.T, b *bench, installer string) {
				r := b.install(t, installer, "foo==2.0")
				if r.status == 0 {
					t.Error("it succeeded")
				}
				r.wantInstalled(t, b)
				r.wantReport(t, "foo-2.0-py3-none-any.whl", "deny "+c.code+" "+publisher)
				shown, _, _ := strings.Cut(r.output, "looked at")
				if strings.Contains(shown, "Traceback (most recent call last)") {
					shown = r.output
				}
				if !strings.Contains(shown, c.sentence) {
					t.Errorf("the installer's own output lacks the reason:\n%s", shown)
				}
			})
		})
	}
}

// TestBuildsAreNoted: an installer has to run the code of an old sdist to know what it
// depends on, and the report says so.
func TestBuildsAreNoted(t *testing.T) {
	each(t, "-- foo-2.0.tar.gz --\nmark: MARK\n", func(t *testing.T, b *bench, installer string) {
		r := b.install(t, installer, "foo==2.0")
		r.wantOutput(t, "note: only a build of foo-2.0.tar.gz tells what it depends on, and building runs its code:", "[sdist.build]")
	})
}
