package signature_test

import (
	"testing"

	"assay/internal/signature"
)

func TestCheckTemplate(t *testing.T) {
	const host = "the host is written out: nothing of a file's name may decide whom to ask"
	for template, want := range map[string]string{
		"https://downloads.example.invalid/{project}/{filename}.asc": "",
		"https://downloads.example.invalid/x/{filename}.asc":         "",
		"https://downloads.example.invalid/SHA256SUMS":               "",
		"https://downloads.example.invalid":                          "",
		"https://{project}.example.invalid/{filename}.asc":           host,
		"https://example.invalid:{version}/x":                        "the host is written out: nothing of a file's name may decide whom to ask",
		"{filename}://example.invalid/x":                             `"{filename}://example.invalid/x" is no https URL`,
		"https://example.invalid/{name}":                             `there is no "{name}": there are {filename}, {project} and {version}`,
		"https://ann@example.invalid/{filename}":                     "leave user, password, query and fragment out of the URL",
		"https://example.invalid/?f={filename}":                      "leave user, password, query and fragment out of the URL",
		"ftp://example.invalid/{filename}":                           `"ftp://example.invalid/{filename}" is no https URL`,
		"/{filename}.asc":                                            `"/{filename}.asc" is no https URL`,
	} {
		got := ""
		if err := signature.CheckTemplate(template); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", template, got, want)
		}
	}
}
