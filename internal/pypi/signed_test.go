package pypi

import (
	"strings"
	"testing"
)

// TestSigned reads what a page says of a detached signature, and where that is.
func TestSigned(t *testing.T) {
	const file, sig = "https://files.example.invalid/foo-1.zip", "https://files.example.invalid/foo-1.zip.asc"
	for value, want := range map[string]bool{
		"": false, `true`: true, ` true `: true, `false`: false, `null`: false, `1`: false, `"true"`: false, `"true\n"`: false, `{}`: false, `[true]`: false, `{"true":true}`: false,
	} {
		member := `"filename":"foo-1.zip","url":"` + file + `","hashes":{}`
		if value != "" {
			member = `"gpg-sig":` + value + `,` + member + `,"size":7`
		}
		p, err := ParsePage(typeJSON, []byte(page(member)), testBase)
		if err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		if f := p.Files[0]; f.Signed != want || value != "" && f.Size != 7 {
			t.Errorf("JSON %q: %+v", value, f)
		}
		if a := p.Artifact(0, "https://index.example.invalid/simple/foo/"); (a.Signature == sig) != want || !want && a.Signature != "" {
			t.Errorf("JSON %q: the signature is at %q", value, a.Signature)
		}
	}
	for attribute, want := range map[string]bool{
		``: false, `data-gpg-sig="true"`: true, `data-gpg-sig=true`: true, `DATA-GPG-SIG='true'`: true, `data-gpg-sig="false"`: false,
		`data-gpg-sig`: false, `data-gpg-sig=""`: false, `data-gpg-sig="1"`: false, `data-gpg-sig=" true"`: false, `gpg-sig="true"`: false,
	} {
		p, err := ParsePage("text/html", []byte(`<a `+attribute+` href="`+file+`">foo-1.zip</a>`), testBase)
		if err != nil {
			t.Fatalf("%s: %v", attribute, err)
		}
		p.Name = "foo"
		if a := p.Artifact(0, ""); p.Files[0].Signed != want || (a.Signature == sig) != want {
			t.Errorf("HTML %q: %t, %q", attribute, p.Files[0].Signed, a.Signature)
		}
	}
}

// TestSignedBadly has what makes a page unreadable, also where it is about a signature.
func TestSignedBadly(t *testing.T) {
	for body, want := range map[string]string{
		page(good + `,"gpg-sig":true,"gpg-sig":true`): "twice",
		page(good + `,"gpg-sig":tru`):                 "at byte",
		page(good + `,"gpg-sig":truer`):               "at byte",
		page(good + `,"gpg-sig":`):                    "at byte",
		page(good + `,"gpg-sig":` + deep):             "",
	} {
		if _, err := ParsePage(typeJSON, []byte(body), testBase); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
	p, err := ParsePage("text/html", []byte(`<a data-gpg-sig="true" href="foo-1.zip" data-gpg-sig="false">foo-1.zip</a>`), testBase)
	if err == nil {
		t.Errorf("an attribute that is given twice: %+v", p.Files)
	}
}

// TestSignedWithAQuery has a URL to which no ending can be added.
func TestSignedWithAQuery(t *testing.T) {
	p, err := ParsePage(typeJSON, []byte(page(`"filename":"foo-1.zip","url":"foo-1.zip?token=1","hashes":{},"gpg-sig":true`)), testBase)
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Artifact(0, ""); !p.Files[0].Signed || a.Signature != "" {
		t.Errorf("%+v: %q", p.Files[0], a.Signature)
	}
	p, err = ParsePage(typeJSON, []byte(page(`"filename":"foo-1.zip","url":"foo-1.zip#sha256=`+hexA+`","hashes":{},"gpg-sig":true`)), testBase)
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Artifact(0, ""); a.Signature != a.URL+".asc" || strings.Contains(a.Signature, "#") {
		t.Errorf("%q", a.Signature)
	}
}
