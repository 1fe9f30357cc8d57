package digest

import (
	"testing"

	"assay"
	"assay/internal/verify/verifytest"
)

func content(promised []assay.Digest, data string) *assay.Content {
	h := assay.NewHasher(promised)
	h.Write([]byte(data))
	c := h.Content()
	return &c
}

func digests(t *testing.T, texts ...string) []assay.Digest {
	t.Helper()
	var out []assay.Digest
	for _, s := range texts {
		d, err := assay.ParseDigest(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// Digests of "foo".
const (
	fooSHA256 = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
	fooSHA384 = "sha384:98c11ffdfdd540676b1a137cb1a22b2a70350c9a44171d6b1180c6be5cbb2ee3f79d532c8a1dd9ef2e8e08e752a3babb"
	fooSHA512 = "sha512:f7fbba6e0636f890e56fbbf3283e524c6fa3204ae298382d624741d0dc6638326e282c41be5e4254d8820772c5518a2c5a8c0c7f7eda19594a7eb539453e1ed7"
	fooMD5    = "md5:acbd18db4cc2f85cedef654fccc4a4d8"
	fooSHA1   = "sha1:0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"
)

func subject(promised []assay.Digest, size int64, data string) assay.Subject {
	return assay.Subject{Artifact: assay.Artifact{Filename: "foo-1.0.tar.gz", Digests: promised, Size: size},
		Content: content(promised, data)}
}

func TestContract(t *testing.T) {
	wrong512 := digests(t, fooSHA512)
	wrong512[0].Hex = "0" + wrong512[0].Hex[1:]
	notComputed := subject(digests(t, fooSHA256, fooSHA512), 0, "foo")
	notComputed.Content = content(nil, "foo")
	mismatch := []assay.Code{assay.DigestMismatch}
	verifytest.Run(t, Verifier{},
		verifytest.Case{Name: "sha256", Subject: subject(digests(t, fooSHA256), 0, "foo"), State: assay.Verified},
		verifytest.Case{Name: "sha384", Subject: subject(digests(t, fooSHA384), 3, "foo"), State: assay.Verified},
		verifytest.Case{Name: "several", Subject: subject(digests(t, fooMD5, fooSHA512, fooSHA256), 3, "foo"), State: assay.Verified},
		verifytest.Case{Name: "one of several", Subject: subject(append(digests(t, fooSHA256), wrong512...), 0, "foo"), State: assay.Invalid, Codes: mismatch},
		verifytest.Case{Name: "other bytes", Subject: subject(digests(t, fooSHA256), 0, "fox"), State: assay.Invalid, Codes: mismatch},
		verifytest.Case{Name: "cut off", Subject: subject(digests(t, fooSHA256), 3, "fo"), State: assay.Invalid, Codes: mismatch},
		verifytest.Case{Name: "other size", Subject: subject(digests(t, fooSHA256), 4, "foo"), State: assay.Invalid, Codes: mismatch},
		verifytest.Case{Name: "not computed", Subject: notComputed, State: assay.Invalid, Codes: mismatch},
		verifytest.Case{Name: "weak only", Subject: subject(digests(t, fooMD5, fooSHA1), 3, "foo"), State: assay.Absent, Codes: []assay.Code{assay.DigestWeak}},
		verifytest.Case{Name: "none", Subject: subject(nil, 3, "foo"), State: assay.Absent, Codes: []assay.Code{assay.DigestMissing}},
		verifytest.Case{Name: "not read", Subject: assay.Subject{Artifact: assay.Artifact{Digests: digests(t, fooSHA256)}},
			State: assay.Absent, Codes: []assay.Code{assay.DigestMissing}},
	)
}

func TestDetail(t *testing.T) {
	for _, c := range []struct {
		name string
		s    assay.Subject
		want string
	}{
		{"other bytes", subject(digests(t, fooSHA256), 0, "fox"),
			"promised " + fooSHA256 + ", found sha256:776cb326ab0cd5f0a974c1b9606044d8485201f2db19cf8e3749bdee5f36e200"},
		{"cut off", subject(digests(t, fooSHA256), 3, "fo"),
			"promised " + fooSHA256 + ", found sha256:9c3aee7110b787f0fb5f81633a36392bd277ea945d44c874a9a23601aefe20cf (2 of 3 bytes)"},
		{"other size", subject(digests(t, fooSHA256), 4, "foo"), "promised 4 bytes, found 3"},
		{"weak only", subject(digests(t, fooMD5), 0, "foo"), "md5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev, err := Verifier{}.Verify(t.Context(), c.s)
			if err != nil {
				t.Fatal(err)
			}
			if len(ev.Findings) != 1 || ev.Findings[0].Detail != c.want {
				t.Errorf("found %+v, want the detail %q", ev.Findings, c.want)
			}
		})
	}
}
