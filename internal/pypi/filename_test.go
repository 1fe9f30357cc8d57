package pypi

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseFilename(t *testing.T) {
	for _, c := range []struct {
		in, project, version, build string
		kind                        Kind
		tags                        []string
	}{
		{"sampleproject-4.0.0-py3-none-any.whl", "sampleproject", "4.0.0", "", Wheel, []string{"py3-none-any"}},
		{"Foo_Bar.baz-1.0RC1-002a-py3.py2.PY3-none-any.whl", "foo-bar-baz", "1.0rc1", "2a", Wheel, []string{"py2-none-any", "py3-none-any"}},
		{"spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "spt3g", "1.0", "", Wheel,
			[]string{"cp310-cp310-manylinux2014_x86_64", "cp310-cp310-manylinux_2_17_x86_64"}},
		{"torch-2.0+cu118-cp311-cp311-linux_x86_64.whl", "torch", "2.0+cu118", "", Wheel, []string{"cp311-cp311-linux_x86_64"}},
		{"sampleproject-4.0.0.tar.gz", "sampleproject", "4.0.0", "", Sdist, nil},
		{"foo-bar-1.0.zip", "foo-bar", "1.0", "", Sdist, nil},
		{"foo-1.0.tar.Z", "foo", "1.0", "", Sdist, nil},
		{"foo-1.0.tar.bz2", "foo", "1.0", "", Sdist, nil},
		{"foo-1.0.tar", "foo", "1.0", "", Sdist, nil},
		{"foo_bar-1.0-py2.7.egg", "foo-bar", "1.0", "", Egg, nil},
		{"foo-1.0.win32-py2.7.exe", "foo", "1.0", "", Other, nil},
		{"foo-1.0.win-amd64-py3.4.msi", "foo", "1.0", "", Other, nil},
		{"foo-1.0-1.noarch.rpm", "foo", "1.0", "", Other, nil},
		{"foo.exe", "foo", "", "", Other, nil},
	} {
		f, err := ParseFilename(c.in)
		if err != nil || f.Name != c.in || f.Project != c.project || f.Version.String() != c.version || f.Build != c.build || f.Kind != c.kind {
			t.Errorf("ParseFilename(%q) = %+v, %v", c.in, f, err)
		}
		if got := f.Tags(); !slices.Equal(got, c.tags) {
			t.Errorf("%s: tags %v, want %v", c.in, got, c.tags)
		}
	}
}

func TestParseFilenameErrors(t *testing.T) {
	long := strings.Repeat("a", 256)
	for in, want := range map[string]string{
		"":                              "it is empty",
		"..":                            "it is a folder's",
		"../foo-1.0.tar.gz":             "it holds a path separator",
		`a\foo-1.0.tar.gz`:              "it holds a path separator",
		"foo-1.0.tar.gz\x00":            "it holds a control character",
		"foo-1.0\n.tar.gz":              "it holds a control character",
		"foo-1.0.tar.gz\x7f":            "it holds a control character",
		"f\x80oooooo-1.0.tar.gz":        "it is not clean UTF-8",
		"f\u0085oo-1.0.tar.gz":          "it is not clean UTF-8",
		long:                            "it goes on to 256 bytes",
		"foo-1.0.txt":                   "its extension is not a distribution's",
		".whl":                          "its extension is not a distribution's",
		"foo-1.0.whl":                   "a wheel's name has five or six parts",
		"foo-1.0-py3-none-any.WHL":      "a wheel's extension is .whl in lower case",
		"foo-1.0-1-2-py3-none-any.whl":  "a wheel's name has five or six parts",
		"foo-1.0-x1-py3-none-any.whl":   "its build tag does not begin with a digit",
		"foo__b!r-1.0-py3-none-any.whl": "its project name is not escaped as a wheel's",
		"_foo-1.0-py3-none-any.whl":     "its project name is not valid",
		"-1.0-py3-none-any.whl":         "its project name is not valid",
		"föö-1.0-py3-none-any.whl":      "its project name is not valid",
		"foo-1.x-py3-none-any.whl":      "its version is not valid",
		"foo.tar.gz":                    "an sdist's name has a hyphen before its version",
		"foo-bar.tar.gz":                "its version is not valid",
		"-1.0.tar.gz":                   "its project name is not valid",
		"foo-1.0-beta.tar.gz":           "its version is not valid",
		"foo-" + long[:240] + ".tar.gz": "its version is not valid",
		"foo-1 .0-py3-none-any.whl":     "its version is not valid",
		"foo%2F-1.0-py3-none-any.whl":   "its project name is not valid",
		"foo-1.0%00-py3-none-any.whl":   "its version is not valid",
	} {
		f, err := ParseFilename(in)
		if !errors.Is(err, ErrFilename) || !strings.HasSuffix(err.Error(), ": "+want+": not a valid distribution file name") {
			t.Errorf("ParseFilename(%q) = %+v, %v, want %s", in, f, err, want)
		}
	}
}

func TestParseFilenameFor(t *testing.T) {
	for _, c := range []struct{ project, in, version string }{
		{"foo-bar", "foo-bar-1.0-beta.tar.gz", "1.0b0"},
		{"foo-bar", "Foo.Bar-1.0.tar.gz", "1.0"},
		{"foo-2", "foo-2-1.tar.gz", "1"},
		{"foo", "foo-2-1.tar.gz", "2.post1"},
		{"foo", "foo-1.0-py3-none-any.whl", "1.0"},
		{"foo-bar", "foo-bar-1.0.win32-py2.7.exe", "1.0"},
		{"foo-bar", "foo_bar-1.0_beta-py2.7.egg", "1.0b0"},
		{"foo", "foo-dev.exe", ""},
		{"", "foo-1.0.zip", "1.0"},
	} {
		f, err := ParseFilenameFor(c.project, c.in)
		if err != nil || c.project != "" && f.Project != c.project || f.Version.String() != c.version {
			t.Errorf("ParseFilenameFor(%q, %q) = %+v, %v", c.project, c.in, f, err)
		}
	}
	for _, c := range []struct{ project, in, want string }{
		{"foo", "foo-bar-1.0.tar.gz", `"foo-bar-1.0.tar.gz" is not a file of foo: belongs to another project`},
		{"foo", "bar-1.0-py3-none-any.whl", `"bar-1.0-py3-none-any.whl" is not a file of foo: belongs to another project`},
		{"foo", "bar-x.tar.gz", `"bar-x.tar.gz" is not a file of foo: belongs to another project`},
		{"foo", "fo-1.0.exe", `"fo-1.0.exe" is not a file of foo: belongs to another project`},
	} {
		if f, err := ParseFilenameFor(c.project, c.in); !errors.Is(err, ErrOtherProject) || err.Error() != c.want {
			t.Errorf("ParseFilenameFor(%q, %q) = %+v, %v", c.project, c.in, f, err)
		}
	}
	_, err := ParseFilenameFor("foo", "foo-dev-r123x.tar.gz")
	if want := `"foo-dev-r123x.tar.gz": its version is not valid: not a valid distribution file name`; !errors.Is(err, ErrFilename) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSameDistribution(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "spt3g-1.0-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", true},
		{"Foo_Bar-1.0-py3-none-any.whl", "foo.bar-1.0-PY3-none-any.whl", true},
		{"foo-1.0-py3-none-any.whl", "foo-v01.0-py3-none-any.whl", true},
		{"foo-1.0-py3-none-any.whl", "foo-1.0.0-py3-none-any.whl", false},
		{"foo-1.0-1-py3-none-any.whl", "foo-1.0-01-py3-none-any.whl", true},
		{"foo-1.0-1-py3-none-any.whl", "foo-1.0-py3-none-any.whl", false},
		{"foo-1.0-py2.py3-none-any.whl", "foo-1.0-py3-none-any.whl", false},
		{"foo-1.0-py3-none-any.whl", "bar-1.0-py3-none-any.whl", false},
		{"foo-1.0.tar.gz", "Foo-1.0.zip", true},
		{"pep740-sampleproject-1.0.0.tar.gz", "pep740_sampleproject-1.0.0.tar.gz", true},
		{"foo-1.0.tar.gz", "foo-1.1.tar.gz", false},
		{"foo-1.0.tar.gz", "foo-1.0-py3-none-any.whl", false},
		{"foo-1.0-py2.7.egg", "foo-1.0-py2.7.egg", true},
		{"foo-1.0-py2.7.egg", "foo-1.0-py2.6.egg", false},
	} {
		a, errA := ParseFilename(c.a)
		b, errB := ParseFilename(c.b)
		if errA != nil || errB != nil || a.SameDistribution(b) != c.want || b.SameDistribution(a) != c.want {
			t.Errorf("%s and %s: %t, %v, %v", c.a, c.b, a.SameDistribution(b), errA, errB)
		}
	}
}

func TestPaths(t *testing.T) {
	for path, want := range map[string]bool{
		"/packages/ab/foo-1.0.tar.gz": true, "foo-1.0-py3-none-any.whl": true, "/a/foo.EXE": true, "/foo.tar.Z": true,
		"/simple/foo/": false, "/foo.whl/": false, "/.whl": false, "/foo.tar.gz.metadata": false, "/foo.tar.gz.asc": false, "": false,
	} {
		if got := IsDistribution(path); got != want {
			t.Errorf("IsDistribution(%q) = %t", path, got)
		}
	}
	for path, want := range map[string]string{
		"/a/foo-1.0-py3-none-any.whl.metadata": "/a/foo-1.0-py3-none-any.whl",
		"/a/foo.metadata":                      "", "/a/foo.whl": "", "/a/.metadata": "", "/a/foo.whl.metadata/": "",
	} {
		if got, ok := MetadataOf(path); got != want || ok != (want != "") {
			t.Errorf("MetadataOf(%q) = %q, %t", path, got, ok)
		}
	}
	if got := []string{Wheel.String(), Sdist.String(), Egg.String(), Other.String(), Kind(0).String()}; !slices.Equal(got, []string{"wheel", "sdist", "egg", "other", "none"}) {
		t.Error(got)
	}
}

func FuzzFilename(f *testing.F) {
	for _, s := range []string{"Foo_Bar-1.0-01a-py3.py2-none-any.whl", "foo-bar-1.0-beta.tar.gz", "foo-1.0.win32-py2.7.exe", "foo-1.0-py2.7.egg", "foo--1.0.zip", "../x.whl"} {
		f.Add("foo-bar", s)
	}
	f.Fuzz(func(t *testing.T, project, s string) {
		got, err := ParseFilename(s)
		if err != nil {
			if !errors.Is(err, ErrFilename) {
				t.Fatalf("%q: %v", s, err)
			}
		} else {
			if !got.SameDistribution(got) || !IsDistribution(s) || got.Name != s {
				t.Fatalf("%q: %+v", s, got)
			}
			if strings.ContainsAny(s, "/\\\x00\n\x7f") || len(s) > maxFilename {
				t.Fatalf("%q is taken", s)
			}
			if n, err := NormalizeName(got.Project); got.Project != "" && (err != nil || n != got.Project) {
				t.Fatalf("%q: project %q", s, got.Project)
			}
			got.Tags()
		}
		if project, err = NormalizeName(project); err != nil {
			return
		}
		mine, err := ParseFilenameFor(project, s)
		switch {
		case err == nil && mine.Project != project:
			t.Fatalf("%q: %+v is not of %q", s, mine, project)
		case err != nil && !errors.Is(err, ErrFilename) && !errors.Is(err, ErrOtherProject):
			t.Fatalf("%q: %v", s, err)
		case err != nil && got.Project == project:
			t.Fatalf("%q is of %q, but not when asked for: %v", s, project, err)
		}
	})
}
