package assay_test

import (
	"testing"

	"assay"
)

func TestShown(t *testing.T) {
	hash := "5f1c0a6b2e4d7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6"
	for in, want := range map[string]string{
		// What services give out.
		"https://index.example.invalid/4xKqyPbT2mW9sLcVn7Rd/acme/":                   "https://index.example.invalid/~f4219864/acme/",
		"https://index.example.invalid/4xKqyPbT2mW9sLcVn7Rd/acme/foo/":               "https://index.example.invalid/~f4219864/acme/foo/",
		"https://index.example.invalid/%34xKqyPbT2mW9sLcVn7Rd/acme/foo/":             "https://index.example.invalid/~f4219864/acme/foo/",
		"https://dl.example.io/abcdEF0123456789/org/repo/python/simple/":             "https://dl.example.io/~18e2bb44/org/repo/python/simple/",
		"https://pkg.example/0123456789abcdef0123456789abcdef/u/r/pypi/simple/":      "https://pkg.example/~3eb1bd43/u/r/pypi/simple/",
		"https://git.example/glpat-abcdefghijklmnop/simple/foo/":                     "https://git.example/~ee59e11e/simple/foo/",
		"https://x.example/aB3-dE5_gH7-jK9_mN1-pQ3_sT5-vW7_yZ9/simple/?x=y":          "https://x.example/~8d48cc12/simple/?x=y",
		"HTTPS://dl.example.io/abcdEF0123456789/simple":                              "HTTPS://dl.example.io/~18e2bb44/simple",
		"https://dl.example.io/abcdEF0123456789/org/foo-1.0-py3-none-any.whl":        "https://dl.example.io/~18e2bb44/org/foo-1.0-py3-none-any.whl",
		"https://dl.example.io/abcdEF0123456789/r/" + hash + "/foo-1.0.whl.metadata": "https://dl.example.io/~18e2bb44/r/" + hash + "/foo-1.0.whl.metadata",
		"https://dl.example.io/abcdEF0123456789/org/simple/abcdef0123456789abcdef/":  "https://dl.example.io/~18e2bb44/org/simple/abcdef0123456789abcdef/",
		// What is none.
		"https://pypi.example/simple/":                                               "",
		"https://pypi.example/simple/numpy/":                                         "",
		"https://pypi.example/simple/names0with0digits0in0them/":                     "",
		"https://pypi.example/simple/names0with0digits0in0them":                      "",
		"https://pypi.example/simple/zope-interface-2024-something-very-long/":       "",
		"https://pypi.example/pypi/foo/2026.10.20.dev20261020123456/json":            "",
		"https://files.example/packages/ab/cd/" + hash + "/foo-1.0-py3-none-any.whl": "",
		"https://files.example/packages/ab/cd/" + hash + "/foo-1.0.tar.gz":           "",
		"https://pypi.example/integrity/foo/1.0/foo-1.0-py3-none-any.whl/provenance": "",
		"https://git.example/api/v4/projects/12345678901234567/packages/pypi/simple": "",
		"https://art.example/artifactory/api/pypi/team-python-virtual/simple/":       "",
		"https://nexus.example/repository/OurInternalPythonPackages/simple/":         "",
		"https://host-with-abcdef0123456789.example/simple/":                         "",
		"https://index.example.invalid/~f4219864/acme/":                              "",
		"file:///srv/abcdEF0123456789/simple/":                                       "",
		"/srv/abcdEF0123456789/simple/":                                              "",
		"https://pypi.example":                                                       "",
		"":                                                                           "",
	} {
		if want == "" {
			want = in
		}
		got := assay.Shown(in)
		if got != want {
			t.Errorf("%s is shown as %s, want %s", in, got, want)
		}
		if again := assay.Shown(got); again != got {
			t.Errorf("%s is shown as %s the second time", got, again)
		}
	}
}

func TestShownBelow(t *testing.T) {
	const index = "https://index.example.invalid/~f4219864/acme/foo/"
	hash := "5f1c0a6b2e4d7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6"
	for in, want := range map[string]string{
		"https://index.example.invalid/4xKqyPbT2mW9sLcVn7Rd/acme/-/ver_" + hash + "/foo-1.0.whl": "https://index.example.invalid/~f4219864/acme/-/ver_" + hash + "/foo-1.0.whl",
		"https://files.example/get/%34xKqyPbT2mW9sLcVn7Rd/foo-1.0.whl":                           "https://files.example/get/~f4219864/foo-1.0.whl",
		"https://files.example/packages/ab/cd/" + hash + "/foo-1.0.whl":                          "https://files.example/packages/ab/cd/" + hash + "/foo-1.0.whl",
		"": "",
	} {
		if got := assay.ShownBelow(in, index); got != want {
			t.Errorf("%s is shown as %s, want %s", in, got, want)
		}
		if got := assay.ShownBelow(in, "https://pypi.example/simple/foo/"); got != in {
			t.Errorf("%s is shown as %s below an index without tokens", in, got)
		}
	}
}
