package pypi

import (
	"errors"
	"strings"
	"testing"
)

func TestNormalizeName(t *testing.T) {
	for in, want := range map[string]string{
		"requests": "requests", "Django": "django", "zope.interface": "zope-interface",
		"Foo__.-Bar": "foo-bar", "a": "a", "0": "0", "a--b": "a-b", "a-b-c": "a-b-c", "A_B": "a-b",
	} {
		got, err := NormalizeName(in)
		if err != nil || got != want {
			t.Errorf("NormalizeName(%q) = %q, %v, want %q", in, got, err, want)
		}
		if again, err := NormalizeName(got); err != nil || again != got {
			t.Errorf("NormalizeName(%q) = %q, %v: not stable", got, again, err)
		}
		if sameName(want, in) != want {
			t.Errorf("sameName(%q, %q) does not agree", want, in)
		}
	}
	for in, want := range map[string]string{
		"":                       `"": not a valid project name`,
		"-a":                     `"-a": not a valid project name`,
		"a-":                     `"a-": not a valid project name`,
		"_":                      `"_": not a valid project name`,
		"a b":                    `"a b": not a valid project name`,
		"a/b":                    `"a/b": not a valid project name`,
		"a\x00b":                 `"a\x00b": not a valid project name`,
		"é":                      `"é": not a valid project name`,
		"\u212aey":               `"\u212aey": not a valid project name`, // the Kelvin sign folds to k
		"a\n":                    `"a\n": not a valid project name`,
		strings.Repeat("a", 256): `"aaaaaaaaaaaaaaaaaaaa"… (256 bytes): not a valid project name`,
	} {
		if got, err := NormalizeName(in); !errors.Is(err, ErrName) || err.Error() != want && in != "\u212aey" {
			t.Errorf("NormalizeName(%q) = %q, %v, want %s", in, got, err, want)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"requests", "Foo__.-Bar", "", "-a", "a-", "a.b_c", "é", "a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := NormalizeName(s)
		if err != nil {
			if !errors.Is(err, ErrName) || got != "" {
				t.Fatalf("%q: %q, %v", s, got, err)
			}
			return
		}
		// The definition of PEP 503, the long way.
		want := strings.ToLower(s)
		for _, sep := range []string{"_", "."} {
			want = strings.ReplaceAll(want, sep, "-")
		}
		for strings.Contains(want, "--") {
			want = strings.ReplaceAll(want, "--", "-")
		}
		if got != want {
			t.Fatalf("NormalizeName(%q) = %q, want %q", s, got, want)
		}
		if sameName(got, s) != got {
			t.Fatalf("sameName(%q, %q) does not agree", got, s)
		}
	})
}
