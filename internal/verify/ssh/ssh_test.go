package ssh

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	lib "github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"assay"
	"assay/internal/engine"
	"assay/internal/signature"
	"assay/internal/verify/verifytest"
)

var _ engine.Signed = (*Verifier)(nil)

const data = "the bytes of the file"

// key is somebody's key.
type key struct{ ssh.Signer }

func newKey(tb testing.TB) key {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return keyOf(tb, private)
}

// TestMaker says which key has signed in words that other formats have for it as well.
func TestMaker(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ann := keyOf(t, private)
	v := New(ring{ann})
	ev, err := v.Verify(t.Context(), read(v, promised(sig("demo.sig", ann.good(t)))))
	if err != nil || len(ev.Claims) != 1 || ev.Claims[0].Maker != signature.Maker(public) {
		t.Errorf("%+v, %v", ev, err)
	}
}

func keyOf(tb testing.TB, private any) key {
	tb.Helper()
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	return key{signer}
}

func (k key) name() string { return ssh.FingerprintSHA256(k.PublicKey()) }

// sign makes a signature.
func (k key) sign(tb testing.TB, over, namespace string, hash lib.HashAlgorithm) []byte {
	tb.Helper()
	s, err := lib.Sign(strings.NewReader(over), k.Signer, hash, namespace)
	if err != nil {
		tb.Fatal(err)
	}
	return lib.Armor(s)
}

func (k key) good(tb testing.TB) []byte { return k.sign(tb, data, "file", lib.HashSHA512) }

type ring []key

func (r ring) SSH(fingerprint string) bool {
	return slices.ContainsFunc(r, func(k key) bool { return k.name() == fingerprint })
}

func sig(name string, data []byte) assay.Material {
	return assay.Material{Kind: assay.SSHSignature, Name: name, Data: data}
}

func content(bytes string, states ...assay.Hashing) *assay.Content {
	h := assay.NewHasher(nil, states...)
	io.WriteString(h, bytes)
	c := h.Content()
	return &c
}

func promised(m ...assay.Material) assay.Subject {
	d, _ := content(data).Digest("sha256")
	return assay.Subject{Artifact: assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0", Filename: "demo-1.0.tar.gz",
		Digests: []assay.Digest{d}}, Materials: m}
}

func read(v *Verifier, s assay.Subject) assay.Subject {
	s.Content = content(data, v.Hashing(s)...)
	return s
}

func TestContract(t *testing.T) {
	ann, eve := newKey(t), newKey(t)
	v := New(ring{ann})
	whole := func(m ...assay.Material) assay.Subject { return read(v, promised(m...)) }
	out := sig("demo.sig", nil)
	out.Err = errors.New("no answer")
	unread := promised(sig("demo.sig", ann.good(t)))
	unread.Content = &assay.Content{Size: 2}
	codes := func(c ...assay.Code) []assay.Code { return c }
	verifytest.Run(t, verifytest.Silent(v, verifytest.Without(assay.SSHSignature)),
		verifytest.Case{Name: "signed", Subject: whole(sig("demo.sig", ann.good(t))), State: assay.Verified, Codes: codes()},
		verifytest.Case{Name: "by the promised digest", Subject: promised(sig("demo.sig", ann.sign(t, data, "file", lib.HashSHA256))), State: assay.Verified, Codes: codes()},
		verifytest.Case{Name: "bytes not known", Subject: promised(sig("demo.sig", ann.good(t))), State: assay.Pending, Codes: codes()},
		verifytest.Case{Name: "other material", Subject: promised(assay.Material{Kind: assay.OpenPGPSignature}), State: assay.Absent, Codes: codes()},
		verifytest.Case{Name: "nothing", Subject: whole(), State: assay.Absent, Codes: codes()},
		verifytest.Case{Name: "unknown", Subject: whole(sig("demo.sig", eve.good(t))), State: assay.Absent, Codes: codes(assay.SignatureUnknownKey)},
		verifytest.Case{Name: "bad", Subject: whole(sig("demo.sig", ann.sign(t, "x", "file", lib.HashSHA512))), State: assay.Invalid, Codes: codes(assay.SignatureInvalid)},
		verifytest.Case{Name: "out of reach", Subject: whole(out), State: assay.Unavailable, Codes: codes(assay.SignatureUnavailable)},
		verifytest.Case{Name: "not read to its end", Subject: unread, State: assay.Unavailable, Codes: codes(assay.SignatureUnavailable)},
		verifytest.Case{Name: "not hashed", Subject: assay.Subject{Materials: unread.Materials, Content: content(data)}, State: assay.Unavailable, Codes: codes(assay.SignatureUnavailable)},
	)
}

func render(ev assay.Evidence) string {
	lines := []string{ev.State.String()}
	for _, c := range ev.Claims {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %v", c.Method, c.Role, c.Identity, c.Digest.Algorithm, c.Details))
	}
	for _, f := range ev.Findings {
		lines = append(lines, string(f.Code)+" "+f.Detail)
	}
	return strings.Join(lines, "\n")
}

func verified(tb testing.TB, v *Verifier, s assay.Subject) assay.Evidence {
	tb.Helper()
	ev, err := v.Verify(tb.Context(), s)
	if err != nil {
		tb.Fatal(err)
	}
	return ev
}

// TestRules is every rule, before and after the bytes are known.
func TestRules(t *testing.T) {
	ann, bob, eve := newKey(t), newKey(t), newKey(t)
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak := keyOf(t, small)
	v := New(ring{ann, bob, weak})
	good := ann.good(t)
	bad := ann.sign(t, "x", "file", lib.HashSHA512)
	by := func(k key) string {
		return "verified\nssh artifact ssh:" + k.name() + " sha256 map[type:ssh-ed25519]"
	}
	beside := func(text string) string { return strings.Replace(by(ann), "map[", "map[beside:"+text+" ", 1) }
	const notOver = "the signature does not fit the file"
	one := func(data []byte) []assay.Material { return []assay.Material{sig("a", data)} }
	strange := one(unsupported())
	for _, c := range []struct {
		name      string
		materials []assay.Material
		early     string
		want      string // where it is another
	}{
		{"good", one(good), "pending", by(ann)},
		{"sha256", one(ann.sign(t, data, "file", lib.HashSHA256)), by(ann), ""},
		{"by two", []assay.Material{sig("a", good), sig("b", bob.good(t))}, "pending", by(ann) + strings.TrimPrefix(by(bob), "verified")},
		{"twice", []assay.Material{sig("a", good), sig("b", good)}, "pending", by(ann)},

		{"bad", one(bad), "pending", "invalid\nsignature.invalid a: " + notOver},
		{"bad sha256", one(ann.sign(t, "x", "file", lib.HashSHA256)), "invalid\nsignature.invalid a: " + notOver, ""},
		{"bad, good", []assay.Material{sig("a", bad), sig("b", good)}, "pending", beside("a: " + notOver)},
		{"two bad, good", []assay.Material{sig("a", bad), sig("b", good), sig("c", bad)}, "pending", beside("a: " + notOver + "; c: " + notOver)},
		{"for another purpose", one(ann.sign(t, data, "git", lib.HashSHA512)), "pending",
			`invalid` + "\n" + `signature.invalid a: the signature was made for the namespace "git", not for "file"`},
		{"by a weak key", one(weak.good(t)), "pending", "invalid\nsignature.weak a: an RSA key of 1024 bits is too weak: 2048 is the least"},

		{"unknown", one(eve.good(t)), "absent\nsignature.unknown-key a: ssh:" + eve.name(), ""},
		{"unknown, bad", one(eve.sign(t, "x", "git", lib.HashSHA256)), "absent\nsignature.unknown-key a: ssh:" + eve.name(), ""},
		{"unknown, good", []assay.Material{sig("a", eve.good(t)), sig("b", good)}, "pending\nsignature.unknown-key a: ssh:" + eve.name(),
			by(ann) + "\nsignature.unknown-key a: ssh:" + eve.name()},
		{"of a kind that is not known", strange, "absent\nsignature.unknown-key a: " + `"ssh-xyz" is a type of key that is not supported`, ""},

		{"nothing in it", one(nil), "invalid\nsignature.malformed a: it does not begin with -----BEGIN SSH SIGNATURE-----", ""},
		{"two in one", one(append(slices.Clone(good), good...)), "invalid\nsignature.malformed a: what stands between the armor's lines is not one signature in base64", ""},
		{"17", slices.Repeat(one(good), 17), "invalid\nsignature.malformed a: with it there are more than 16 signatures of the file", ""},
		{"good, and what could not be had", []assay.Material{sig("a", good), {Kind: assay.SSHSignature, Name: "https://b", Err: errors.New("https://b: no answer")}},
			"unavailable\nsignature.unavailable https://b: no answer", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := promised(c.materials...)
			if got := render(verified(t, v, s)); got != c.early {
				t.Errorf("before the bytes are known:\n%s\nwant\n%s", got, c.early)
			}
			if c.want == "" {
				c.want = c.early
			}
			if got := render(verified(t, v, read(v, s))); got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// unsupported is a signature by a key of a type that nobody knows.
func unsupported() []byte {
	k := ssh.Marshal(struct{ Type, Key string }{"ssh-xyz", "k"})
	blob := append([]byte("SSHSIG"), ssh.Marshal(struct {
		Version                        uint32
		Key, Namespace, Reserved, Hash string
		Signature                      string
	}{1, string(k), "file", "", "sha512", "s"})...)
	out := pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: blob})
	return bytes.TrimSpace(out)
}

// TestThroughEngine takes a signature over SHA-512 through the engine's two steps, where
// only SHA-256 is promised.
func TestThroughEngine(t *testing.T) {
	ann := newKey(t)
	e := engine.New(engine.Config{Verifiers: []engine.Verifier{New(ring{ann})}})
	for bytes, want := range map[string]assay.State{data: assay.Verified, "other": assay.Invalid} {
		j, err := e.Judge(t.Context(), promised(sig("a", ann.good(t))))
		if err != nil {
			t.Fatal(err)
		}
		if len(j.Evidence) != 1 || j.Evidence[0].State != assay.Pending {
			t.Fatalf("%+v", j.Evidence)
		}
		h := assay.NewHasher(j.Subject.Artifact.Digests, j.Hashing...)
		io.WriteString(h, bytes)
		if j, err = e.Complete(t.Context(), j, h.Content()); err != nil {
			t.Fatal(err)
		}
		if len(j.Evidence) != 1 || j.Evidence[0].State != want {
			t.Errorf("%q: %s", bytes, render(j.Evidence[0]))
		}
	}
}

// TestPromised512 is judged by the promise of the digest that is signed.
func TestPromised512(t *testing.T) {
	ann := newKey(t)
	v := New(ring{ann})
	s := promised(sig("a", ann.good(t)))
	h := assay.NewHasher([]assay.Digest{{Algorithm: "sha512"}})
	io.WriteString(h, data)
	s.Artifact.Digests = h.Content().Digests
	if ev := verified(t, v, s); ev.State != assay.Verified || ev.Claims[0].Digest.Algorithm != "sha512" {
		t.Errorf("found %s", render(ev))
	}
}
