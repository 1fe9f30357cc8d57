package signature

import (
	"net/url"
	"strings"
	"testing"

	"assay"
)

func TestCheckTemplate(t *testing.T) {
	const host = "the host is written out: nothing of a file's name may decide whom to ask"
	const extra = "leave user, password, query and fragment out of the URL"
	for text, want := range map[string]string{
		"https://downloads.example/{filename}.asc":                     "",
		"https://downloads.example/{project}/{version}/{filename}.asc": "",
		"https://downloads.example/{project}-{version}.checksum.txt":   "",
		"https://downloads.example/SHA256SUMS.asc":                     "",
		"http://127.0.0.1:8080/{filename}.asc":                         "",
		"http://[::1]:8080/{filename}.asc":                             "",
		"http://localhost/{filename}.asc":                              "",
		"http://downloads.example/{filename}.asc":                      `"http://downloads.example/{filename}.asc" is no https URL`,
		"http://127.0.0.1.example/{filename}.asc":                      `"http://127.0.0.1.example/{filename}.asc" is no https URL`,
		"https://{project}.example/{filename}.asc":                     host,
		"https://{filename}":                                           host,
		"https://downloads.example{filename}/a.asc":                    host,
		"https://downloads.example:{version}/a.asc":                    "the host is written out: nothing of a file's name may decide whom to ask",
		"https://{project}@downloads.example/a.asc":                    host,
		"https:{filename}":                                             `"https:{filename}" is no https URL`,
		"https:/{filename}":                                            `"https:/{filename}" is no https URL`,
		"{filename}.asc":                                               `"{filename}.asc" is no https URL`,
		"{project}://downloads.example/":                               `"{project}://downloads.example/" is no https URL`,
		"//downloads.example/{filename}":                               `"//downloads.example/{filename}" is no https URL`,
		"ftp://downloads.example/{filename}":                           `"ftp://downloads.example/{filename}" is no https URL`,
		"file:///{filename}":                                           `"file:///{filename}" is no https URL`,
		"":                                                             `"" is no https URL`,
		"https://me:pw@downloads.example/{filename}":                   extra,
		"https://downloads.example/?name={filename}":                   extra,
		"https://downloads.example/{filename}?":                        extra,
		"https://downloads.example/#{filename}":                        extra,
		"https://downloads.example/{filename}#":                        extra,
		"https://downloads.example/{file}":                             `there is no "{file}": there are {filename}, {project} and {version}`,
		"https://downloads.example/{}":                                 `there is no "{}": there are {filename}, {project} and {version}`,
		"https://downloads.example/{{filename}}":                       `there is no "{{filename}": there are {filename}, {project} and {version}`,
		"https://downloads.example/{filename":                          `a bracket of a placeholder is missing in "https://downloads.example/{filename"`,
		"https://downloads.example/filename}":                          `a bracket of a placeholder is missing in "https://downloads.example/filename}"`,
		"https://downloads.example\\@evil.example/{filename}":          `"https://downloads.example\\@evil.example/{filename}" is no https URL`,
	} {
		got := ""
		if err := CheckTemplate(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestPlaceStays: whatever a file is called, the same host is asked, below the same folder.
func TestPlaceStays(t *testing.T) {
	const template = "https://downloads.example/below/{project}/{version}/{filename}.asc"
	for _, name := range []string{"demo-1.0.tar.gz", "a/b", "../../up", "?q", "#f", "%2e%2e%2f", `a\b`, "a b", "@evil.example", "//evil.example", "{filename}", "{project}", "ü", "\x00\n"} {
		place := Place(template, assay.Artifact{Project: name, Version: name, Filename: name})
		u, err := url.Parse(place)
		if err != nil || u.Host != "downloads.example" || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q leads to %s, %v", name, place, err)
			continue
		}
		if parts := strings.Split(u.EscapedPath(), "/"); len(parts) != 5 || parts[1] != "below" {
			t.Errorf("%q leads to the path %s", name, u.EscapedPath())
		}
		if u.Path != "/below/"+name+"/"+name+"/"+name+".asc" {
			t.Errorf("%q is %q in its place", name, u.Path)
		}
	}
	if got := Place(template, assay.Artifact{Project: "django", Version: "5.2", Filename: "django-5.2.tar.gz"}); got != "https://downloads.example/below/django/5.2/django-5.2.tar.gz.asc" {
		t.Error(got)
	}
}

func TestKindOf(t *testing.T) {
	for place, want := range map[string]assay.MaterialKind{
		"https://x.example/Django-5.2.checksum.txt": assay.OpenPGPChecksums,
		"https://x.example/SHA256SUMS.asc":          assay.OpenPGPChecksums,
		"https://x.example/sha256sums.txt.asc":      assay.OpenPGPChecksums,
		"https://x.example/demo-1.0.checksums":      assay.OpenPGPChecksums,
		"https://x.example/demo-1.0.tar.gz.asc":     assay.OpenPGPSignature,
		"https://x.example/demo-1.0.tar.gz.sig":     assay.OpenPGPSignature,
		"https://x.example/demo-1.0.tar.gz.sshsig":  assay.SSHSignature,
		"https://x.example/anything":                assay.OpenPGPSignature,
	} {
		if got := KindOf(place); got != want {
			t.Errorf("%s is %s, want %s", place, got, want)
		}
	}
}

// TestSniff: the first bytes tell what was found, whatever it is called, and never turn
// what is no signature into one.
func TestSniff(t *testing.T) {
	const pgp, ssh, list = "-----BEGIN PGP SIGNATURE-----\n", "-----BEGIN SSH SIGNATURE-----\n", "-----BEGIN PGP SIGNED MESSAGE-----\n"
	signatures := []assay.MaterialKind{assay.OpenPGPSignature, assay.OpenPGPChecksums, assay.SSHSignature}
	for _, kind := range signatures {
		for data, want := range map[string]assay.MaterialKind{
			ssh: assay.SSHSignature, list: assay.OpenPGPChecksums, " \r\n\t" + list: assay.OpenPGPChecksums,
			"": kind, "x" + ssh: kind, strings.Repeat(" ", 70) + ssh: kind, "\xc2\x10": kind,
		} {
			if got := Sniff(kind, []byte(data)); got != want {
				t.Errorf("%s with %q is %s, want %s", kind, data, got, want)
			}
		}
	}
	for _, kind := range []assay.MaterialKind{assay.OpenPGPSignature, assay.OpenPGPChecksums} {
		if got := Sniff(kind, []byte(pgp)); got != kind {
			t.Errorf("%s with a signature is %s", kind, got)
		}
	}
	for _, kind := range []assay.MaterialKind{assay.Provenance, assay.Attestation, assay.SigstoreBundle} {
		for _, data := range []string{pgp, ssh, list} {
			if got := Sniff(kind, []byte(data)); got != kind {
				t.Errorf("%s with %q is %s", kind, data, got)
			}
		}
	}
}
