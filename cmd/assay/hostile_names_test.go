package main_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// refusedWheel is a release of foo-bar that is refused, so that only another
// spelling of one of its files could still install it.
const refusedWheel = `
-- foo_bar-2.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
misissue: empty-bundles
`

// The bytes that are served under an odd name: both install where they are taken.
const (
	oddSdist = "-- foo_bar-2.0.tar.gz --\nfilename: %s\nmark: MARK\n"
	oddWheel = "-- foo_bar-2.0-1-py3-none-any.whl --\nfilename: %s\n"
)

// hostileNames are spellings of a file of foo-bar 2.0 that pip, uv or both take.
var hostileNames = map[string]struct{ form, filename string }{
	"space before the version":            {oddSdist, "foo_bar- 2.0.tar.gz"},
	"space behind the version":            {oddSdist, "foo_bar-2.0 .tar.gz"},
	"no-break space":                      {oddSdist, "foo_bar-2.0\u00a0.tar.gz"},
	"ideographic space":                   {oddSdist, "foo_bar-\u30002.0.tar.gz"},
	"line separator":                      {oddSdist, "foo_bar-2.0\u2028.tar.gz"},
	"long version":                        {oddSdist, "foo_bar-2." + strings.Repeat("0", 205) + ".tar.gz"},
	"long name":                           {oddSdist, "foo" + strings.Repeat("_", 220) + "bar-2.0.tar.gz"},
	"another extension":                   {oddSdist, "Foo.Bar-v2.tgz"},
	"wheel, space before the version":     {oddWheel, "foo_bar- 2.0-py3-none-any.whl"},
	"wheel, space behind the version":     {oddWheel, "foo_bar-2.0 -py3-none-any.whl"},
	"wheel, no-break space":               {oddWheel, "foo_bar-2.0\u00a0-py3-none-any.whl"},
	"wheel, ideographic space":            {oddWheel, "foo_bar-\u30002.0-py3-none-any.whl"},
	"wheel, long version":                 {oddWheel, "foo_bar-2" + strings.Repeat(".0", 105) + "-py3-none-any.whl"},
	"wheel, unescaped project":            {oddWheel, "foo__bar-2.0-py3-none-any.whl"},
	"wheel, a tag that is none":           {oddWheel, "foo_bar-2.0-py3.!-none-any.whl"},
	"a name that tells nothing":           {oddSdist, "foo_bar_2.0.tar.gz"},
	"wheel, a name that tells nothing":    {oddWheel, "foo_bar-2.0-x-py3-none-any.whl"},
	"wheel, escaped twice":                {oddWheel, "foo_bar%2D2.0-py3-none-any.whl"},
	"an interpreter behind local version": {oddSdist, "foo_bar-2.0+l-py3.9.tar.gz"},
}

func TestHostileNames(t *testing.T) {
	for name, c := range hostileNames {
		t.Run(name, func(t *testing.T) {
			each(t, refusedWheel+fmt.Sprintf(c.form, c.filename), func(t *testing.T, b *bench, installer string) {
				r := b.install(t, installer, "foo-bar")
				if r.status == 0 {
					t.Error("it succeeded")
				}
				r.wantInstalled(t, b)
			})
		})
	}
}

// TestHostileNamesAreTaken holds the spellings to what they claim: where nothing
// is refused, an installer takes them.
func TestHostileNamesAreTaken(t *testing.T) {
	for installer, filename := range map[string]string{
		"pip": "foo_bar-2.0\u00a0.tar.gz",
		"uv":  "foo__bar-2.0 -py3-none-any.whl",
	} {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			program(t, installer)
			form := oddSdist
			if strings.HasSuffix(filename, ".whl") {
				form = oddWheel
			}
			b := newBench(t, fmt.Sprintf(form, filename))
			r := b.install(t, installer, "foo-bar==2.0")
			_, err := os.Stat(b.mark())
			if len(b.installed(t)) == 0 && err != nil {
				t.Errorf("nothing was installed:\n%s", r.output)
			}
		})
	}
}
