package archive

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"assay"
)

// TestRecordJWS holds what is kept of a signed RECORD.
func TestRecordJWS(t *testing.T) {
	const jws = `{"payload":"x","signatures":[]}`
	sign := func(z *zipFile, data string) {
		z.parts = append(z.parts, part{name: info + "RECORD.jws", data: data, noRecord: true})
	}
	for name, c := range map[string]struct {
		change func(*zipFile)
		jws    string
		listed bool
		codes  string
	}{
		"not signed":          {func(*zipFile) {}, "", false, ""},
		"signed":              {func(z *zipFile) { sign(z, jws) }, jws, true, ""},
		"signed, and packed":  {func(z *zipFile) { sign(z, jws); z.parts[4].method = deflated }, jws, true, ""},
		"signed with nothing": {func(z *zipFile) { sign(z, "") }, "", true, ""},
		"signed and in RECORD": {func(z *zipFile) {
			sign(z, jws)
			z.record = func(s string) string { return s + info + "RECORD.jws,,\n" }
		}, jws, true, ""},
		"signed by others too": {func(z *zipFile) {
			sign(z, jws)
			z.parts = append(z.parts, part{name: info + "RECORD.p7s", data: "x", noRecord: true})
		}, jws, true, ""},
		"a folder beside": {func(z *zipFile) { sign(z, jws); z.parts = append(z.parts, part{name: "demo/sub/"}) }, jws, true, ""},
		"a member that RECORD does not list": {func(z *zipFile) {
			sign(z, jws)
			z.parts = append(z.parts, part{name: "demo/more.py", data: "x", noRecord: true})
		}, jws, false, "archive.unlisted-member"},
		"a member without a hash": {func(z *zipFile) {
			sign(z, jws)
			z.record = func(s string) string { return strings.Replace(s, "sha256="+hash64(initText), "", 1) }
		}, jws, false, "archive.irregular"},
		"a member with a weak hash": {func(z *zipFile) {
			sign(z, jws)
			sum := md5.Sum([]byte(initText))
			z.record = func(s string) string {
				return strings.Replace(s, "sha256="+hash64(initText), "md5="+base64.RawURLEncoding.EncodeToString(sum[:]), 1)
			}
		}, jws, false, "archive.irregular"},
		"a row too many": {func(z *zipFile) {
			sign(z, jws)
			z.record = func(s string) string { return s + "demo/gone.py,sha256=" + hash64("x") + ",1\n" }
		}, jws, true, "archive.irregular"},
		"a member that is another": {func(z *zipFile) {
			sign(z, jws)
			z.record = func(s string) string { return strings.Replace(s, hash64(initText), hash64("other"), 1) }
		}, jws, false, "archive.record-mismatch"},
		"elsewhere": {func(z *zipFile) { z.parts = append(z.parts, part{name: "demo/RECORD.jws", data: jws}) }, "", false, ""},
		"in the other case": {func(z *zipFile) {
			z.parts = append(z.parts, part{name: info + "record.jws", data: jws})
		}, "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var record string
			body := wheel(func(z *zipFile) {
				c.change(z)
				inner := z.record
				z.record = func(s string) string {
					if inner != nil {
						s = inner(s)
					}
					record = s
					return s
				}
			})
			inside, err := Read(wheelName, bytes.NewReader(body), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if string(inside.RecordJWS) != c.jws || inside.Listed != c.listed {
				t.Errorf("%q, listed %t; want %q, %t", inside.RecordJWS, inside.Listed, c.jws, c.listed)
			}
			sum := sha256.Sum256([]byte(record))
			want := assay.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
			if signed := strings.Contains(name, "signed") && name != "not signed" || c.jws != ""; signed != (inside.RecordSHA256 == want) || !signed && inside.RecordSHA256 != (assay.Digest{}) {
				t.Errorf("the digest of RECORD is %v, want %v: %t", inside.RecordSHA256, want, signed)
			}
			var codes []string
			for _, f := range inside.Findings {
				codes = append(codes, string(f.Code))
			}
			if got := strings.Join(codes, " "); got != c.codes {
				t.Errorf("found %q: %v", got, inside.Findings)
			}
			if name == "signed with nothing" && inside.RecordJWS == nil {
				t.Error("an empty RECORD.jws is none")
			}
		})
	}
}

// TestLargeRecordJWS has one that is larger than any signature.
func TestLargeRecordJWS(t *testing.T) {
	for _, size := range []int{maxJWS, maxJWS + 1} {
		body := wheel(func(z *zipFile) {
			z.parts = append(z.parts, part{name: info + "RECORD.jws", data: strings.Repeat("x", size), method: deflated, noRecord: true})
		})
		inside, err := Read(wheelName, bytes.NewReader(body), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if size == maxJWS {
			if len(inside.RecordJWS) != size || len(inside.Findings) != 0 {
				t.Errorf("%d bytes: %d, %v", size, len(inside.RecordJWS), inside.Findings)
			}
			continue
		}
		if want := `member "demo-1.0.dist-info/RECORD.jws" has 65537 bytes, more than the 65536 that are read of it`; inside.RecordJWS != nil ||
			len(inside.Findings) != 1 || inside.Findings[0].Detail != want {
			t.Errorf("%d bytes: %d, %v\nwant %s", size, len(inside.RecordJWS), inside.Findings, want)
		}
	}
}
