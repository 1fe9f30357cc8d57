package indextest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"assay/internal/indextest/signers"
	"assay/internal/openpgp"
	"assay/internal/sshsig"
)

const signedArchive = `
-- demo-1.0.tar.gz --
openpgp: jacob
ssh: jacob
-- demo-1.0-py3-none-any.whl --
openpgp: jacob
openpgp: carlton at=2023-05-06T07:08:09Z hash=sha512
gpg-sig: no
jws: jacob carlton
-- demo-2.0.tar.gz --
gpg-sig: yes
-- demo-3.0.tar.gz --
openpgp: jacob
misbehave-signature: body garbage
-- demo/ --
checksums: 1.0 jacob
`

// TestSigned fetches what is signed, at both of its places.
func TestSigned(t *testing.T) {
	s := Start(t, signedArchive)
	get := func(url, accept string) (int, []byte) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", accept)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, body
	}
	sdist, _ := s.File("demo-1.0.tar.gz")
	for name, want := range map[string]string{
		"demo-1.0.tar.gz.asc": "-----BEGIN PGP SIGNATURE", "demo-1.0.tar.gz.sig": "-----BEGIN SSH SIGNATURE", "demo-1.0.checksum.txt": "-----BEGIN PGP SIGNED MESSAGE",
	} {
		status, body := get(s.SignedURL(name), "*/*")
		have, ok := s.Signed(name)
		if status != 200 || !ok || !bytes.Equal(have, body) || !strings.HasPrefix(string(body), want) {
			t.Errorf("%s: %d %.40s", name, status, body)
		}
		if rest, ok := strings.CutPrefix(name, "demo-1.0.tar.gz"); ok {
			if status, beside := get(sdist.URL+rest, "*/*"); status != 200 || !bytes.Equal(beside, body) {
				t.Errorf("%s beside the file: %d %.40s", name, status, beside)
			}
		}
	}
	if status, _ := get(s.SignedURL("demo-2.0.tar.gz.asc"), "*/*"); status != 404 {
		t.Errorf("what is offered and missing: %d", status)
	}
	if _, body := get(s.SignedURL("demo-3.0.tar.gz.asc"), "*/*"); string(body) != "garbage" {
		t.Errorf("%s", body)
	}
	_, page := get(s.SimpleURL()+"demo/", typeJSON)
	for want, n := range map[string]int{`"gpg-sig":true`: 3, `"gpg-sig":false`: 1} {
		if got := strings.Count(string(page), want); got != n {
			t.Errorf("%s stands there %d times, not %d", want, got, n)
		}
	}
	_, page = get(s.SimpleURL()+"demo/", typeOldHTML)
	for want, n := range map[string]int{`data-gpg-sig="true"`: 3, `data-gpg-sig="false"`: 1} {
		if got := strings.Count(string(page), want); got != n {
			t.Errorf("%s stands there %d times, not %d", want, got, n)
		}
	}

	two, _ := s.Signed("demo-1.0-py3-none-any.whl.asc")
	sigs, err := openpgp.ReadSignatures(two)
	if err != nil || len(sigs) != 2 || sigs[0].Issuer() != signers.Named("jacob").Fingerprint() || sigs[1].Issuer() != signers.Named("carlton").Fingerprint() {
		t.Errorf("%v, %v", sigs, err)
	}
	one, _ := s.Signed("demo-1.0.tar.gz.sig")
	if sig, err := sshsig.Parse(one); err != nil || sig.Key().Fingerprint() != signers.Named("jacob").SSHFingerprint() {
		t.Errorf("%v, %v", sig, err)
	}
	list, _ := s.Signed("demo-1.0.checksum.txt")
	text, err := openpgp.ReadCleartext(list)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := openpgp.ReadChecksums(text.Text)
	if err != nil || len(sums) != 6 {
		t.Errorf("%v, %v", sums, err)
	}
	for _, c := range sums {
		if c.Algorithm == "sha256" && c.Filename == sdist.Filename && c.Hex != sdist.SHA256 {
			t.Errorf("%+v", c)
		}
	}
}

// TestSignedWrongly has what an archive cannot ask for.
func TestSignedWrongly(t *testing.T) {
	for archive, want := range map[string]string{
		"-- demo-1.0.tar.gz --\nopenpgp:\n":                                      "no key is named",
		"-- demo-1.0.tar.gz --\nopenpgp: jacob by=night\n":                       `"by=night" is none of at=, hash= and namespace=`,
		"-- demo-1.0.tar.gz --\nopenpgp: jacob hash=crc32\n":                     `nobody signs with the hash "crc32" here`,
		"-- demo-1.0.tar.gz --\njws: jacob\n":                                    "only a wheel has a RECORD.jws",
		"-- demo-1.0.tar.gz --\ngpg-sig: maybe\n":                                `"maybe" is neither yes nor no`,
		"-- demo-1.0.tar.gz --\nmisbehave-signature: drop\n":                     `there is no file "demo-1.0.tar.gz.asc" to misbehave about`,
		"-- demo-1.0.tar.gz --\n-- demo/ --\nchecksums: 2.0 jacob\n":             "there is no file of 2.0",
		"-- demo-1.0.tar.gz --\n-- demo/ --\nchecksums: 1.0 a\nchecksums: 1.0 b": "demo-1.0.checksum.txt is there twice",
	} {
		if _, err := New([]byte(archive)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", archive, err, want)
		}
	}
}
