package openpgp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	hexMD5    = "d41d8cd98f00b204e9800998ecf8427e"
	hexSHA1   = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
	hexSHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	hexOther  = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
	hexBLAKE  = hexOther + hexOther // in length
)

// djangoText is in the form of Django's *.checksum.txt.
var djangoText = `This file contains MD5, SHA1, and SHA256 checksums for the
source-code tarball and wheel files of Django 5.2.1, released May 7, 2025.

It also includes the commit hash of the release tag.

To use this file, you will need a working install of PGP or other
compatible public-key encryption software. This key has
the ID ` + "``0123456789ABCDEF``" + ` and can be imported from the keyserver:

    gpg --verify Django-5.2.1.checksum.txt

Release packages
================

https://www.djangoproject.com/download/5.2.1/tarball/
https://www.djangoproject.com/download/5.2.1/wheel/

MD5 checksums
=============

` + hexMD5 + `  django-5.2.1.tar.gz
` + hexMD5 + `  django-5.2.1-py3-none-any.whl

SHA1 checksums
==============

` + hexSHA1 + `  django-5.2.1.tar.gz
` + hexSHA1 + `  django-5.2.1-py3-none-any.whl

SHA256 checksums
================

` + hexSHA256 + `  django-5.2.1.tar.gz
` + hexOther + `  django-5.2.1-py3-none-any.whl

Git tag
=======

The 5.2.1 tag points to commit ` + hexSHA1 + `.
`

// djangoBefore is in the form of older ones: the titles end with a colon.
var djangoBefore = strings.NewReplacer(" checksums\n", " checksums:\n", "packages\n", "packages:\n", "tag\n", "tag:\n", "=\n\n", "==\n\n").Replace(djangoText)

// djangoWant is what both say.
const djangoWant = "md5 d41d django-5.2.1.tar.gz, md5 d41d django-5.2.1-py3-none-any.whl, " +
	"sha1 da39 django-5.2.1.tar.gz, sha1 da39 django-5.2.1-py3-none-any.whl, sha256 e3b0 django-5.2.1.tar.gz, sha256 2c26 django-5.2.1-py3-none-any.whl"

const (
	noList       = " is neither a checksum nor a comment: a list of checksums has lines as sha256sum writes them and nothing else, or underlined sections as Django's"
	outOfSection = " is a checksum, and stands outside of the sections of the list"

	// letter is a text that is signed, and whose lines are no list.
	letter = `Hello,

somebody has put a bad file on a mirror. It is this one:

` + hexOther + `  django-5.2.1.tar.gz

Do not take it.
`
)

// TestReadChecksums reads every form, and refuses what could be read in two ways.
func TestReadChecksums(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"GNU, text and binary", hexSHA256 + "  a.whl\n" + hexOther + " *b.tar.gz\n", "sha256 e3b0 a.whl, sha256 2c26 b.tar.gz"},
		{"line ends of Windows, upper case", strings.ToUpper(hexSHA256) + "  a.whl\r\n", "sha256 e3b0 a.whl"},
		{"BSD", "SHA256 (a.whl) = " + hexSHA256 + "\nMD5 (a.whl) = " + hexMD5, "sha256 e3b0 a.whl, md5 d41d a.whl"},
		{"a folder before", hexSHA256 + "  ./a.whl\n" + hexOther + "  dist/b.whl", "sha256 e3b0 a.whl, sha256 2c26 dist/b.whl"},
		{"other algorithms", strings.Repeat("ab", 64) + "  a\n" + strings.Repeat("ab", 48) + "  a\n" + strings.Repeat("ab", 28) + "  a", "sha512 abab a, sha384 abab a, sha224 abab a"},
		{"Django", djangoText, djangoWant},
		{"Django, as it was", djangoBefore, djangoWant},
		{"a title of one checksum", "SHA256 checksum\n===\n" + hexSHA256 + "  a.whl\n", "sha256 e3b0 a.whl"},
		{"a title with a colon, and the wrong one", "MD5 checksums:\n==============\n\n" + hexSHA256 + "  a.whl\n", "error: a checksum of sha256 under the name md5"},
		{"a title with a colon and no line below", "SHA256 checksums:\n\n" + hexSHA256 + "  a.whl\n", "error: line 1" + noList},
		{"a line twice", hexSHA256 + "  a.whl\n" + hexSHA256 + "  a.whl\n", "sha256 e3b0 a.whl"},
		{"a name with a blank", hexSHA256 + "  a b.whl\n", "sha256 e3b0 a b.whl"},
		{"comments", "# demo 1.0\n\n" + hexSHA256 + "  a.whl\n# " + hexOther + "  a.whl\n", "sha256 e3b0 a.whl"},
		{"prose before", "The sum is " + hexOther + "  x.\n" + hexSHA256 + "  a.whl\n", "error: line 1" + noList},
		{"prose behind", hexSHA256 + "  a.whl\n\nYours, Ann", "error: line 3" + noList},
		{"one blank", hexSHA256 + "  a.whl\n" + hexOther + " one-blank\n", "error: line 2" + noList},
		{"a letter", letter, "error: line 1" + noList},
		{"a letter that quotes Django", letter + djangoText, "error: line 5" + outOfSection},
		{"a title without a line below", "SHA256 checksums\n\n" + hexSHA256 + "  a.whl\n", "error: line 1" + noList},
		{"a checksum before the sections", hexOther + "  a.whl\n\nSHA256 checksums\n================\n\n" + hexSHA256 + "  b.whl\n", "error: line 1" + outOfSection},
		{"a checksum behind a section", "SHA256 checksums\n================\n\n" + hexSHA256 + "  a.whl\n\nNot this one:\n\n" + hexOther + "  a.whl\n", "error: line 8" + outOfSection},
		{"one of BSD behind a section", "SHA256 checksums\n================\n" + hexSHA256 + "  a.whl\nNot:\nSHA256 (b.whl) = " + hexOther + "\n", "error: line 5" + outOfSection},
		{"one of OpenSSL behind a section", "SHA256 checksums\n================\n" + hexSHA256 + "  a.whl\nNot:\nSHA2-256(b.whl)= " + hexOther + "\n", "error: line 5" + outOfSection},
		{"an indented one in a section", "SHA256 checksums\n================\n" + hexSHA256 + "  a.whl\n  " + hexOther + "  a.whl\n", "error: line 4" + outOfSection},
		{"a section that holds nothing", "SHA256 checksums\n================\n\nnone\n", "error: there is no checksum in the list"},
		{"a section twice, and different", "SHA256 checksums\n================\n" + hexSHA256 + "  a.whl\nSHA256 checksums\n================\n" + hexOther + "  a.whl\n", "error: a.whl is listed twice with different checksums by sha256"},
		{"twice and different", hexSHA256 + "  a.whl\n" + hexOther + "  a.whl\n", "error: a.whl is listed twice with different checksums by sha256"},
		{"twice and different, by two forms", hexSHA256 + "  a.whl\nSHA256 (./a.whl) = " + hexOther, "error: a.whl is listed twice with different checksums by sha256"},
		{"a wrong section", "MD5 checksums\n=============\n\n" + hexSHA256 + "  a.whl\n", "error: a checksum of sha256 under the name md5"},
		{"a wrong BSD name", "SHA512 (a.whl) = " + hexSHA256, "error: a checksum of sha256 under the name sha512"},
		{"another algorithm's BSD name", "SHA3-256 (a.whl) = " + hexOther + "\nSHA256 (a.whl) = " + hexSHA256 + "\nBLAKE2b (a.whl) = " + hexBLAKE + "\nSHA512/256 (a.whl) = " + hexOther, "sha256 e3b0 a.whl"},
		{"another algorithm alone", "BLAKE2b (a.whl) = " + hexBLAKE, ""},
		{"another algorithm's section", "BLAKE2B checksums\n=================\n\n" + hexBLAKE + "  a.whl\n\nSHA256 checksums\n================\n\n" + hexSHA256 + "  a.whl\n", "sha256 e3b0 a.whl"},
		{"another algorithm behind a section", "SHA256 checksums\n================\n" + hexSHA256 + "  a.whl\nNot:\nBLAKE2b (a.whl) = " + hexBLAKE + "\n", "error: line 5" + outOfSection},
		{"OpenSSL", "SHA256(a.whl)= " + hexSHA256 + "\nSHA2-256(b (1).whl)= " + hexOther + "\nSHA3-256(a.whl)= " + hexOther, "sha256 e3b0 a.whl, sha256 2c26 b (1).whl"},
		{"OpenSSL, in sections", "MD5 checksums\n=============\nMD5(a.whl)= " + hexMD5 + "\n", "md5 d41d a.whl"},
		{"half of OpenSSL", "SHA256(a.whl) = " + hexSHA256, "error: line 1" + noList},
		{"comments in sections", "SHA256 checksums\n================\n# wheels\n" + hexSHA256 + "  a.whl\n\n# sdists\n" + hexOther + "  b\n", "sha256 e3b0 a.whl, sha256 2c26 b"},
		{"a checksum behind a comment in the prose", "SHA256 checksums\n================\n" + hexSHA256 + "  a.whl\nNot:\n# sdists\n" + hexOther + "  b\n", "error: line 6" + outOfSection},
		{"an escaped name of another file", hexSHA256 + "  a.whl\n" + `\` + hexOther + `  b\\c\n.whl` + "\n" + `\SHA256 (b\\c.whl) = ` + hexOther + "\n", "sha256 e3b0 a.whl"},
		{"an escaped name outside of the sections", "SHA256 checksums\n================\n" + hexSHA256 + "  a.whl\nNot:\n" + `\` + hexOther + `  b\\c.whl` + "\n", "error: line 5" + outOfSection},
		{"a title", "demo 1.0\n\n" + hexSHA256 + "  a.whl\n", "error: line 1" + noList},
		{"an odd size", hexSHA256 + "ab  a.whl\n", "error: a checksum of 66 hex digits"},
		{"an escape that is none", `\` + hexSHA256 + `  a.whl`, "error: a checksum of a file whose name is said to be escaped, and is not"},
		{"an escape of what is not escaped", `\` + hexSHA256 + `  a\x2ewhl`, "error: a checksum of a file whose name is said to be escaped, and is not"},
		{"an escape of nothing", `\` + hexSHA256 + `  a.whl\`, "error: a checksum of a file whose name is said to be escaped, and is not"},
		{"an escape in a name", hexSHA256 + "  a\x1b[2J.whl", "error: a checksum of a file whose name is too long or not plain to see"},
		{"a name that turns around", hexSHA256 + "  a\u202e.whl", "error: a checksum of a file whose name is too long or not plain to see"},
		{"nothing", "hello\n", "error: line 1" + noList},
		{"empty", "\n\n# nothing\n", "error: there is no checksum in the list"},
		{"a long line", strings.Repeat("a", 1<<20), "error: a line is longer than 16384 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sums, err := ReadChecksums([]byte(tc.text))
			var parts []string
			for _, s := range sums {
				parts = append(parts, fmt.Sprintf("%s %.4s %s", s.Algorithm, s.Hex, s.Filename))
			}
			got := strings.Join(parts, ", ")
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	within(t, 3*time.Second, func() {
		var text strings.Builder
		for i := range 40000 {
			fmt.Fprintf(&text, "%s  %d.whl\n", hexSHA256, i)
		}
		if _, err := ReadChecksums([]byte(text.String())); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("40,000 lines: %v", err)
		}
		if _, err := ReadChecksums([]byte(strings.Repeat(hexSHA256+"\n", 60000))); err == nil {
			t.Error("60,000 lines without names are a list")
		}
	})
}

// TestDjango goes from a clearsigned list of checksums to the checksum of one file.
func TestDjango(t *testing.T) {
	k := newKey("rsa3072", 4, old)
	canonical := strings.ReplaceAll(strings.TrimSuffix(djangoText, "\n"), "\n", "\r\n")
	text, err := ReadCleartext(k.clearsign(typeText, s256, "Hash: SHA256\n", strings.TrimSuffix(djangoText, "\n"), canonical, now-day))
	if err != nil {
		t.Fatal(err)
	}
	v, err := text.Verify(text.Signatures[0], oneCert(t, k.cert(flags(3))))
	if err != nil || v.Signer != k.name() || v.Unwaived() != nil {
		t.Fatalf("%+v, %v", v, err)
	}
	sums, err := ReadChecksums(text.Text)
	if err != nil || !slices.Contains(sums, Checksum{"sha256", hexSHA256, "django-5.2.1.tar.gz", true}) {
		t.Errorf("%v, %v", sums, err)
	}
}
