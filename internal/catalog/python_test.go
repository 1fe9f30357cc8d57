package catalog

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"

	"assay/internal/pypi"
)

func TestAskedBy(t *testing.T) {
	for name, c := range map[string]struct {
		userAgent string
		minor     int // -1 where it is not known
	}{
		"pip":                {`pip/26.3 {"ci":null,"cpu":"x86_64","implementation":{"name":"CPython","version":"3.11.7"},"installer":{"name":"pip","version":"26.3"},"python":"3.11.7"}`, 11},
		"uv":                 {`uv/0.13.9 {"installer":{"name":"uv","version":"0.13.9","subcommand":["pip","install"]},"python":"3.9.2","implementation":{"name":"CPython","version":"3.9.2"},"cpu":"x86_64"}`, 9},
		"a release to be":    {`pip/26.3 {"implementation":{"name":"CPython","version":"3.15.0a1"}}`, 15},
		"another Python":     {`pip/26.3 {"implementation":{"name":"PyPy","version":"3.11.7"}}`, -1},
		"a far Python":       {`pip/26.3 {"implementation":{"name":"CPython","version":"4.0"}}`, -1},
		"a negative one":     {`pip/26.3 {"implementation":{"name":"CPython","version":"3.-1.0"}}`, -1},
		"no version":         {`uv/0.13.9 {"installer":{"name":"uv"},"implementation":null}`, -1},
		"nothing":            {"", -1},
		"no details":         {"pip/26.3", -1},
		"another form":       {"poetry/2.5.1 [CPython/3.11.7] Linux/6.1", -1},
		"more than is read":  {`pip/26.3 {"x":"` + strings.Repeat("x", maxUserAgent) + `","implementation":{"name":"CPython","version":"3.11.7"}}`, -1},
		"another type":       {`pip/26.3 {"implementation":["CPython","3.11.7"]}`, -1},
		"something after it": {`pip/26.3 {"implementation":{"name":"CPython","version":"3.11.7"}} {}`, -1},
	} {
		t.Run(name, func(t *testing.T) {
			minor := -1
			if by, ok := AskedBy(t.Context(), c.userAgent).Value(askerKey{}).(asker); ok {
				minor = by.minor
			}
			if minor != c.minor {
				t.Errorf("minor version %d, want %d", minor, c.minor)
			}
		})
	}
}

func TestFits(t *testing.T) {
	for filename, want := range map[string]bool{
		"foo-1.0.tar.gz":                           true,
		"foo-1.0-py3-none-any.whl":                 true,
		"foo-1.0-py2.py3-none-any.whl":             true,
		"foo-1.0-py-none-any.whl":                  true,
		"foo-1.0-py2-none-any.whl":                 false,
		"foo-1.0-py311-none-any.whl":               true,
		"foo-1.0-py39-none-any.whl":                true,
		"foo-1.0-py312-none-any.whl":               false,
		"foo-1.0-1-cp311-cp311-linux_x86_64.whl":   true,
		"foo-1.0-CP311-CP311-linux_x86_64.whl":     true,
		"foo-1.0-cp310-cp310-linux_x86_64.whl":     false,
		"foo-1.0-cp312-cp312-linux_x86_64.whl":     false,
		"foo-1.0-cp310.cp311-none-any.whl":         true,
		"foo-1.0-cp39-abi3-linux_x86_64.whl":       true,
		"foo-1.0-cp39-ABI3-linux_x86_64.whl":       true,
		"foo-1.0-cp312-abi3-linux_x86_64.whl":      false,
		"foo-1.0-pp310-pypy310_pp73-linux.whl":     false,
		"foo-1.0-pp311-pypy311_pp73-linux.whl":     false,
		"foo-1.0-cp27-cp27mu-linux_x86_64.whl":     false,
		"foo-1.0-cp3-none-any.whl":                 true,
		"foo-1.0-cp31-cp31-linux_x86_64.whl":       false,
		"foo-1.0-cp3x-cp3x-linux_x86_64.whl":       false,
		"foo-1.0-x-y-z.whl":                        false,
		"foo.whl":                                  true,
		"foo-1.0--none-any.whl":                    false,
		"foo-1.0-cp39.cp313-abi3-linux_x86_64.whl": true,
	} {
		if got := (asker{11, ""}).fits(filename); got != want {
			t.Errorf("%s: %t, want %t", filename, got, want)
		}
	}
}

func TestFitsTheCLibrary(t *testing.T) {
	for filename, want := range map[string]string{
		"foo-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl": "glibc ",
		"foo-1.0-cp311-cp311-musllinux_1_2_x86_64.whl":                       "musl ",
		"foo-1.0-cp311-cp311-MUSLLINUX_1_2_x86_64.whl":                       "musl ",
		"foo-1.0-cp311-cp311-manylinux2014_x86_64.musllinux_1_2_x86_64.whl":  "glibc musl ",
		"foo-1.0-cp311-cp311-linux_x86_64.whl":                               "glibc musl ",
		"foo-1.0-py3-none-any.whl":                                           "glibc musl ",
		"foo-1.0.tar.gz":                                                     "glibc musl ",
	} {
		got := ""
		for _, libc := range []string{"glibc", "musl"} {
			by := AskedBy(t.Context(), `pip/26.3 {"distro":{"libc":{"lib":"`+libc+`","version":"2.36"}},"implementation":{"name":"CPython","version":"3.11.7"}}`)
			if by.Value(askerKey{}).(asker).fits(filename) {
				got += libc + " "
			}
		}
		if got != want {
			t.Errorf("%s fits %q, want %q", filename, got, want)
		}
		if !(asker{11, ""}).fits(filename) || !(asker{11, "libSystem"}).fits(filename) {
			t.Errorf("%s fits no unknown C library", filename)
		}
	}
}

// TestWorthJudging holds what is judged ahead to the asker's Python, and to all of
// this system where that is not known.
func TestWorthJudging(t *testing.T) {
	machine := machines[runtime.GOARCH]
	system := systems[runtime.GOOS]
	if machine == nil || system == nil {
		t.Skipf("no wheels are named for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	platform := system[0] + "_" + machine[0]
	page := &pypi.Page{Name: "foo"}
	var all []int
	for i, tags := range []string{"cp310-cp310-" + platform, "cp311-cp311-" + platform, "cp38-abi3-" + platform, "py3-none-any", "cp311-cp311-none_other"} {
		page.Files = append(page.Files, pypi.File{Filename: "foo-1.0-" + tags + ".whl"})
		all = append(all, i)
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		want []int
	}{
		"known":     {AskedBy(t.Context(), `pip/26.3 {"implementation":{"name":"CPython","version":"3.11.7"}}`), []int{1, 2, 3}},
		"not known": {t.Context(), []int{0, 1, 2, 3}},
	} {
		if got := worthJudging(c.ctx, page, all); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
