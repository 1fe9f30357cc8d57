package openpgp

import "testing"

func TestAddressOf(t *testing.T) {
	for id, want := range map[string]string{
		"Ann <ann@example.org>": "ann@example.org", "ann@example.org": "ann@example.org", " <ann@example.org>": "ann@example.org",
		"Ann <a@example.org> <b@example.org>": "", "Ann": "", "": "", "Ann <ann>": "", "a@b@c": "", "Ann <ann@example.org> (x)": "",
		"\"x\" ann@example.org": "", "ann@example.org\x00": "",
		" Ann (work) <ann@example.org> ":          "ann@example.org",
		"<ann@example.org> <bob@example.org>":     "",
		"Ann <ann@example.org> (bob@example.org)": "",
		"<bob@example.org> ann@example.org":       "",
		"Ann <>":                                  "",
		"Ann <ann@example.org\x00>":               "",
	} {
		if got, ok := AddressOf(id); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %t", id, got, ok)
		}
	}
}
