package assay_test

import (
	"testing"

	"assay"
)

func TestShownSource(t *testing.T) {
	for in, want := range map[string]string{
		"https://files.example/demo-1.0-py3-none-any.whl?token=SECRET&X-Amz-Signature=abc":      "https://files.example/demo-1.0-py3-none-any.whl",
		"https://u:p@files.example/demo.zip?x#sha256=00&token=SECRET&subdirectory=lib&egg=demo": "https://files.example/demo.zip#sha256=00&subdirectory=lib&egg=demo",
		"git+https://git.example/acme/demo.git?private_token=SECRET#access_token=SECRET":        "git+https://git.example/acme/demo.git",
		"git+https://git.example/glpat-abcdefghijklmnop/demo.git":                               "git+https://git.example/~ee59e11e/demo.git",
		"git+ssh://git@git.example/acme/demo.git":                                               "",
		"ssh://git:SECRET@git.example/acme/demo.git?SECRET":                                     "ssh://git@git.example/acme/demo.git",
		"svn+https://SECRET@svn.example?SECRET":                                                 "svn+https://svn.example",
		"https://a@b:c@files.example/demo.zip":                                                  "https://files.example/demo.zip",
		"file:///srv/wheels/demo.zip?token=SECRET":                                              "file:///srv/wheels/demo.zip",
		"https://files.example?token=SECRET/demo.zip":                                           "https://files.example",
		"git@git.example:acme/demo.git":                                                         "",
		"./sub/dir?with#marks":                                                                  "",
		`C:\wheels\demo-1.0-py3-none-any.whl`:                                                   "",
		"../what?is=this://SECRET":                                                              "",
		"":                                                                                      "",
	} {
		if want == "" {
			want = in
		}
		got := assay.ShownSource(in)
		if got != want {
			t.Errorf("%s is shown as %s, want %s", in, got, want)
		}
		if again := assay.ShownSource(got); again != got {
			t.Errorf("%s is shown as %s the second time", got, again)
		}
	}
}
