package installer

import (
	"strings"
	"testing"
)

// What build installs to build a project is read from the project, unless it
// installs nothing.
func TestBuildAsked(t *testing.T) {
	const project = `[build-system]
requires = ["setuptools", "x @ git+https://a.invalid/x", "y @ file:///y", "z @ https://a.invalid/z.whl"]
[project]
dependencies = ["not-installed @ git+https://a.invalid/n"]
`
	const cache = "what a build takes from a cache of yours into its own environment, which is gone before it could be looked at"
	want := func(folder string) string {
		origin := " (ROOT/" + folder + "/pyproject.toml)"
		return "vcs git+https://a.invalid/x" + origin + "\nlocal file:///y" + origin + "\ndirect https://a.invalid/z.whl" + origin
	}
	for _, tt := range []struct {
		command, want, around string
		theirs                bool
	}{
		{command: "pyproject-build", want: want("cwd")},
		{command: "python -m build --wheel -o out", want: want("cwd")},
		{command: "pyproject-build ../other", want: want("other")},
		{command: "pyproject-build -n"},
		{command: "pyproject-build --no-isolation ../other", theirs: true},
		{command: "pyproject-build demo-1.0.tar.gz"},
		{command: "pyproject-build ../empty", theirs: true, around: cache},
	} {
		root := place(t, map[string]string{"cwd/pyproject.toml": project, "cwd/demo-1.0.tar.gz": "", "other/pyproject.toml": project, "empty/x": ""})
		c, err := Read(environ(root), root+"/cwd", strings.Fields(tt.command), Options{TheirCache: tt.theirs})
		if err != nil {
			t.Errorf("%s: %v", tt.command, err)
			continue
		}
		if got := asked(c, root); got != tt.want {
			t.Errorf("%s: asks for\n%s\nwant\n%s", tt.command, got, tt.want)
		}
		if got := strings.Join(c.Around, "; "); got != tt.around {
			t.Errorf("%s: around %q, want %q", tt.command, got, tt.around)
		}
	}
}
