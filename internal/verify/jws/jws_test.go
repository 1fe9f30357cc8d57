package jws

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"assay"
	"assay/internal/engine"
	"assay/internal/signature"
	"assay/internal/verify/verifytest"
)

var _ engine.Verifier = (*Verifier)(nil)

// key is somebody's key.
type key struct {
	name    string
	private ed25519.PrivateKey
}

func newKey(tb testing.TB) key {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key{encode(public), private}
}

func encode[T string | []byte | ed25519.PublicKey](data T) string {
	return base64.RawURLEncoding.EncodeToString([]byte(data))
}

const record = "demo/__init__.py,sha256=…,0\n"

// sign makes a RECORD.jws as `wheel sign` did.
func sign(record string, by ...key) []byte {
	sum := sha256.Sum256([]byte(record))
	payload := encode(`{"hash":"sha256=` + encode(sum[:]) + `"}`)
	var list []string
	for _, k := range by {
		header := encode(`{"alg":"Ed25519","jwk":{"kty":"Ed25519","vk":"` + k.name + `"}}`)
		list = append(list, fmt.Sprintf(`{"header":%q,"signature":%q}`, header, encode(ed25519.Sign(k.private, []byte(header+"."+payload)))))
	}
	return fmt.Appendf(nil, `{"payload":%q,"recipients":[%s]}`, payload, strings.Join(list, ","))
}

// TestMaker says which key has signed in words that other formats have for it as well.
func TestMaker(t *testing.T) {
	ann := newKey(t)
	ev, err := New(ring{ann}).Verify(t.Context(), wheel(sign(record, ann)))
	if err != nil || len(ev.Claims) != 1 || ev.Claims[0].Maker != signature.Maker(ann.private.Public()) {
		t.Errorf("%+v, %v", ev, err)
	}
}

type ring []key

func (r ring) JWS(name string) bool {
	return slices.ContainsFunc(r, func(k key) bool { return k.name == name })
}

// wheel is a file with that RECORD.jws in it, after what changes it.
func wheel(signature []byte, changes ...func(*assay.Content)) assay.Subject {
	h := assay.NewHasher(nil)
	io.WriteString(h, "a wheel")
	c := h.Content()
	sum := sha256.Sum256([]byte(record))
	c.Inside = &assay.Inside{Format: "wheel", Members: 4, Hashed: 2, Listed: true, RecordJWS: signature,
		RecordSHA256: assay.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}}
	for _, change := range changes {
		change(&c)
	}
	return assay.Subject{Artifact: assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0", Filename: "demo-1.0-py3-none-any.whl"}, Content: &c}
}

func unlisted(c *assay.Content) { c.Inside.Listed = false }
func finding(code assay.Code) func(*assay.Content) {
	return func(c *assay.Content) { c.Inside.Findings = []assay.Finding{{Code: code}} }
}

func TestContract(t *testing.T) {
	ann, eve := newKey(t), newKey(t)
	codes := func(c ...assay.Code) []assay.Code { return c }
	nothing := func(s assay.Subject) bool {
		return s.Content == nil || s.Content.Inside == nil || s.Content.Inside.RecordJWS == nil
	}
	unread := func(c *assay.Content) { c.Digests = nil }
	verifytest.Run(t, verifytest.Silent(New(ring{ann}), nothing),
		verifytest.Case{Name: "signed", Subject: wheel(sign(record, ann)), State: assay.Verified, Codes: codes()},
		verifytest.Case{Name: "not signed", Subject: wheel(nil), State: assay.Absent, Codes: codes()},
		verifytest.Case{Name: "not looked into", Subject: wheel(nil, func(c *assay.Content) { c.Inside = nil }), State: assay.Absent, Codes: codes()},
		verifytest.Case{Name: "not read", Subject: assay.Subject{}, State: assay.Absent, Codes: codes()},
		verifytest.Case{Name: "unknown", Subject: wheel(sign(record, eve)), State: assay.Absent, Codes: codes(assay.SignatureUnknownKey)},
		verifytest.Case{Name: "not all of it listed", Subject: wheel(sign(record, ann), unlisted), State: assay.Absent, Codes: codes(assay.SignatureUnlisted)},
		verifytest.Case{Name: "of another RECORD", Subject: wheel(sign("x", ann)), State: assay.Invalid, Codes: codes(assay.SignatureInvalid)},
		verifytest.Case{Name: "no JWS", Subject: wheel([]byte("x")), State: assay.Invalid, Codes: codes(assay.SignatureMalformed)},
		verifytest.Case{Name: "not read to its end", Subject: wheel(sign(record, ann), unread), State: assay.Unavailable, Codes: codes(assay.SignatureUnavailable)},
	)
	if !New(ring{}).NeedsContent() {
		t.Error("it is said to need no content")
	}
}

func render(ev assay.Evidence) string {
	lines := []string{ev.State.String()}
	for _, c := range ev.Claims {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", c.Method, c.Role, c.Identity, c.Digest.Algorithm))
	}
	for _, f := range ev.Findings {
		lines = append(lines, string(f.Code)+" "+f.Detail)
	}
	return strings.Join(lines, "\n")
}

// TestRules is every rule.
func TestRules(t *testing.T) {
	ann, bob, eve := newKey(t), newKey(t), newKey(t)
	v := New(ring{ann, bob})
	by := func(k ...key) string {
		out := "verified"
		for _, k := range k {
			out += "\njws artifact jws:" + k.name + " sha256"
		}
		return out
	}
	header := func(k key) string { return encode(`{"alg":"Ed25519","jwk":{"kty":"Ed25519","vk":"` + k.name + `"}}`) }
	forged := []byte(strings.Replace(string(sign(record, eve)), header(eve), header(ann), 1))
	none := []byte(strings.Replace(string(sign(record, ann)), header(ann), encode(`{"alg":"none","jwk":{"kty":"Ed25519","vk":"`+ann.name+`"}}`), 1))
	const unsound = "invalid\nsignature.invalid RECORD.jws: RECORD is signed, and the archive is not sound"
	for _, c := range []struct {
		name string
		s    assay.Subject
		want string
	}{
		{"signed", wheel(sign(record, ann)), by(ann)},
		{"by two", wheel(sign(record, ann, bob)), by(ann, bob)},
		{"twice", wheel(sign(record, ann, ann)), by(ann)},
		{"beside a remark", wheel(sign(record, ann), finding(assay.ArchiveIrregular)), by(ann)},
		{"by one unknown", wheel(sign(record, eve, ann)), by(ann) + "\nsignature.unknown-key RECORD.jws: jws:" + eve.name},

		{"unknown", wheel(sign(record, eve)), "absent\nsignature.unknown-key RECORD.jws: jws:" + eve.name},
		{"unknown, of an archive that is not sound", wheel(sign(record, eve), finding(assay.ArchiveRecordMismatch)), "absent\nsignature.unknown-key RECORD.jws: jws:" + eve.name},
		{"not all of it listed", wheel(sign(record, ann), unlisted),
			"absent\nsignature.unlisted RECORD.jws: RECORD does not list every member with a hash, so that who has signed it vouches for nothing"},
		{"by no algorithm", wheel(none), `absent` + "\n" + `signature.unknown-key RECORD.jws: signature 1: the algorithm "none" is not Ed25519`},

		{"of another RECORD", wheel(sign("x", ann)), "invalid\nsignature.invalid RECORD.jws: the signature is about another RECORD"},
		{"of no RECORD", wheel(sign(record, ann), func(c *assay.Content) { c.Inside.RecordSHA256 = assay.Digest{} }),
			"invalid\nsignature.invalid RECORD.jws: the signature is about another RECORD"},
		{"forged", wheel(forged), "invalid\nsignature.invalid RECORD.jws: signature 1, by the key " + ann.name + ", does not hold"},
		{"nothing in it", wheel([]byte{}), "invalid\nsignature.malformed RECORD.jws: the file is not the JSON that it should be"},
		{"by nobody", wheel(sign(record)), "invalid\nsignature.malformed RECORD.jws: it has no payload, or no signature"},
		{"RECORD lies", wheel(sign(record, ann), finding(assay.ArchiveRecordMismatch)), unsound},
		{"ambiguous", wheel(sign(record, ann), finding(assay.ArchiveAmbiguous)), unsound},
		{"no wheel", wheel(sign(record, ann), func(c *assay.Content) { c.Inside.Format = "sdist" }), unsound},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev, err := v.Verify(t.Context(), c.s)
			if err != nil {
				t.Fatal(err)
			}
			if got := render(ev); got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
