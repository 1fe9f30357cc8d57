package openpgp

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay"
	"assay/internal/engine"
	"assay/internal/openpgp"
	"assay/internal/verify/verifytest"
)

var _ engine.Signed = (*Verifier)(nil)

func TestContract(t *testing.T) {
	ann, eve := newPerson(t, "Ann", 4, 0), newPerson(t, "Eve", 4, 0)
	lost := newPerson(t, "Lost", 4, 0)
	if err := lost.Revoke(packet.KeyCompromised, "", at(signed, 4)); err != nil {
		t.Fatal(err)
	}
	v := New(ring{ann.certificate(t), lost.certificate(t)})
	good, bad := armored(t, ann.sign(t, how{})), armored(t, ann.sign(t, how{over: "x"}))
	sha256 := promised().Artifact.Digests[0].Hex
	whole := func(m ...assay.Material) assay.Subject { return read(v, promised(m...)) }
	out := asc("demo.asc", nil)
	out.Err = errors.New("demo.asc: it did not answer")
	unread := promised(asc("demo.asc", good))
	unread.Content = &assay.Content{Size: 2}
	codes := func(c ...assay.Code) []assay.Code { return c }
	verifytest.Run(t, verifytest.Silent(v, verifytest.Without(assay.OpenPGPSignature, assay.OpenPGPChecksums)),
		verifytest.Case{Name: "signed", Subject: whole(asc("demo.asc", good)), State: assay.Verified, Codes: codes()},
		verifytest.Case{Name: "bytes not known", Subject: promised(asc("demo.asc", good)), State: assay.Pending, Codes: codes()},
		verifytest.Case{Name: "listed", Subject: promised(sums(list(t, sha256+"  "+filename+"\n", ann))), State: assay.Verified, Codes: codes()},
		verifytest.Case{Name: "listed, and read", Subject: whole(sums(list(t, sha256+"  "+filename+"\n", ann))), State: assay.Verified, Codes: codes()},
		verifytest.Case{Name: "other material", Subject: promised(assay.Material{Kind: assay.Provenance, Data: []byte("{}")}), State: assay.Absent, Codes: codes()},
		verifytest.Case{Name: "nothing", Subject: whole(), State: assay.Absent, Codes: codes()},
		verifytest.Case{Name: "unknown", Subject: promised(asc("demo.asc", armored(t, eve.sign(t, how{})))), State: assay.Absent, Codes: codes(assay.SignatureUnknownKey)},
		verifytest.Case{Name: "bad", Subject: whole(asc("demo.asc", bad)), State: assay.Invalid, Codes: codes(assay.SignatureInvalid)},
		verifytest.Case{Name: "revoked", Subject: whole(asc("demo.asc", armored(t, lost.sign(t, how{})))), State: assay.Invalid, Codes: codes(assay.SignatureRevoked)},
		verifytest.Case{Name: "out of reach", Subject: whole(out), State: assay.Unavailable, Codes: codes(assay.SignatureUnavailable)},
		verifytest.Case{Name: "not read to its end", Subject: unread, State: assay.Unavailable, Codes: codes(assay.SignatureUnavailable)},
		verifytest.Case{Name: "not hashed", Subject: assay.Subject{Materials: unread.Materials, Content: content(data)}, State: assay.Unavailable, Codes: codes(assay.SignatureUnavailable)},
	)
}

// render writes evidence down, without what is the same for all.
func render(ev assay.Evidence) string {
	lines := []string{ev.State.String()}
	for _, c := range ev.Claims {
		line := fmt.Sprintf("%s %s %s", c.Role, c.Identity, c.Digest.Algorithm)
		if !c.Ends.IsZero() {
			line += " until " + c.Ends.Format(time.DateOnly)
		}
		if len(c.Weak) > 0 {
			line += fmt.Sprint(" ", c.Weak)
		}
		if c.Details["key"] != strings.TrimPrefix(c.Identity, "openpgp:") {
			line += " by " + c.Details["key"]
		}
		if b := c.Details["beside"]; b != "" {
			line += " beside " + b
		}
		lines = append(lines, line)
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

// TestSignatures is every rule about detached signatures.
func TestSignatures(t *testing.T) {
	ann, bob, eve := newPerson(t, "Ann", 4, 0), newPerson(t, "Bob", 6, 0), newPerson(t, "Eve", 4, 0)
	short := newPerson(t, "Short", 4, 100*day)
	long := newPerson(t, "Long", 4, 1000*day)
	lost, retired := newPerson(t, "Lost", 4, 0), newPerson(t, "Retired", 4, 0)
	sub := newPerson(t, "Sub", 4, 0)
	if err := sub.AddSigningSubkey(at(born, 4)); err != nil {
		t.Fatal(err)
	}
	subkey := sub.Subkeys[1].PrivateKey
	for p, reason := range map[person]packet.ReasonForRevocation{lost: packet.KeyCompromised, retired: packet.KeyRetired} {
		if err := p.Revoke(reason, "why", at(signed, 4)); err != nil {
			t.Fatal(err)
		}
	}
	certifies := newPerson(t, "Certifies", 4, 0)
	for _, id := range certifies.Identities {
		id.SelfCertifications[0].Packet.FlagSign = false
		if err := id.ReSign(at(born, 4)); err != nil {
			t.Fatal(err)
		}
	}
	v := New(ring{ann.certificate(t), bob.certificate(t), short.certificate(t), long.certificate(t), lost.certificate(t),
		retired.certificate(t), sub.certificate(t), certifies.certificate(t)})
	good := ann.sign(t, how{})
	bad := ann.sign(t, how{over: "x"})
	one := func(p ...[]byte) []assay.Material { return []assay.Material{asc("a", armored(t, p...))} }
	id := func(p person) string { return "openpgp:" + p.name() }
	notOver := "the key " + ann.name() + " has not signed these bytes"
	late, early := signed.Add(10*day), born.Add(-day)
	for _, c := range []struct {
		name      string
		materials []assay.Material
		early     string // before the bytes are known
		want      string
	}{
		{"good", one(good), "pending", "verified\nartifact " + id(ann) + " sha256"},
		{"binary", []assay.Material{asc("a", good)}, "pending", "verified\nartifact " + id(ann) + " sha256"},
		{"by key id", one(ann.signAs(t, crypto.SHA256, byID(ann))), "pending", "verified\nartifact " + id(ann) + " sha256"},
		{"version 6, salted", one(bob.sign(t, how{hash: crypto.SHA512})), "pending", "verified\nartifact " + id(bob) + " sha256"},
		{"by SHA3", one(bob.sign(t, how{hash: crypto.SHA3_256})), "pending", "verified\nartifact " + id(bob) + " sha256"},
		{"by a subkey", one(sub.sign(t, how{key: subkey})), "pending",
			fmt.Sprintf("verified\nartifact %s sha256 by %X", id(sub), subkey.Fingerprint)},
		{"by two", one(good, bob.sign(t, how{})), "pending", "verified\nartifact " + id(ann) + " sha256\nartifact " + id(bob) + " sha256"},
		{"twice", []assay.Material{asc("a", good), asc("b", armored(t, good))}, "pending", "verified\nartifact " + id(ann) + " sha256"},
		{"by a key that ends later", one(long.sign(t, how{})), "pending", "verified\nartifact " + id(long) + " sha256 until 2026-09-27"},
		{"by a key that retired later", one(retired.sign(t, how{at: signed.Add(-day)})), "pending", "verified\nartifact " + id(retired) + " sha256 until 2025-02-03"},
		{"weak", one(ann.signAs(t, crypto.SHA1, byFingerprint(ann))), "pending", "verified\nartifact " + id(ann) + " sha256 [sha1]"},

		{"bad", one(bad), "pending", "invalid\nsignature.invalid a: " + notOver},
		{"bad, good", one(bad, good), "pending", "verified\nartifact " + id(ann) + " sha256 beside a: " + notOver},
		{"good, bad elsewhere", []assay.Material{asc("a", good), asc("b", bad)}, "pending", "verified\nartifact " + id(ann) + " sha256 beside b: " + notOver},
		{"bad, unknown", one(bad, eve.sign(t, how{})), "pending\nsignature.unknown-key a: " + id(eve),
			"invalid\nsignature.unknown-key a: " + id(eve) + "\nsignature.invalid a: " + notOver},
		{"by a stranger in a known name", one(eve.signAs(t, crypto.SHA256, byFingerprint(ann))), "pending",
			"invalid\nsignature.invalid a: the key " + ann.name() + " has not signed these bytes"},
		{"lost", one(lost.sign(t, how{at: signed.Add(-day)})), "pending", "invalid\nsignature.revoked a: the key " + lost.name() +
			" (Lost <lost@example.com>) was revoked as compromised, or for no reason that would spare older signatures: why"},
		{"retired before", one(retired.sign(t, how{at: late})), "pending",
			"invalid\nsignature.key-ended a: it claims to be of 2025-02-13 04:05:06 UTC, when its key had ended on 2025-02-03 04:05:06 UTC"},
		{"ended before", one(short.sign(t, how{})), "pending",
			"invalid\nsignature.key-ended a: it claims to be of 2025-02-03 04:05:06 UTC, when its key had ended on 2024-04-10 00:00:00 UTC"},
		{"before its key", one(ann.sign(t, how{at: early})), "pending",
			"invalid\nsignature.invalid a: it claims to be of 2023-12-31 00:00:00 UTC, before its key was made"},
		{"by a key that only certifies", one(certifies.sign(t, how{})), "pending", "invalid\nsignature.invalid a: the key " + certifies.name() +
			" (Certifies <certifies@example.com>) is not one that its owner lets sign"},
		{"lost, good", one(lost.sign(t, how{}), good), "pending", "verified\nartifact " + id(ann) + " sha256 beside a: the key " + lost.name() +
			" (Lost <lost@example.com>) was revoked as compromised, or for no reason that would spare older signatures: why"},

		{"unknown", one(eve.sign(t, how{})), "absent\nsignature.unknown-key a: " + id(eve), ""},
		{"unknown, bad", one(eve.sign(t, how{over: "x"})), "absent\nsignature.unknown-key a: " + id(eve), ""},
		{"unknown, by key id", one(eve.signAs(t, crypto.SHA256, byID(eve))), fmt.Sprintf("absent\nsignature.unknown-key a: the key id %016X", eve.PrimaryKey.KeyId), ""},
		{"anonymous", one(ann.signAs(t, crypto.SHA256)), "absent\nsignature.unknown-key a: the signature does not say which key made it", ""},
		{"unknown, good", one(eve.sign(t, how{}), good), "pending\nsignature.unknown-key a: " + id(eve),
			"verified\nartifact " + id(ann) + " sha256\nsignature.unknown-key a: " + id(eve)},

		{"text", one(ann.sign(t, how{kind: packet.SigTypeText})), "invalid\nsignature.malformed a: " + openpgp.ErrTextSignature.Error(), ""},
		{"nothing in it", []assay.Material{asc("a", nil)}, "invalid\nsignature.malformed a: there is no signature", ""},
		{"good, and what cannot be read", []assay.Material{asc("a", good), asc("b", []byte("no signature"))},
			"invalid\nsignature.malformed b: it does not start with -----BEGIN PGP SIGNATURE-----", ""},
		{"good, and what could not be had", []assay.Material{asc("a", good), {Kind: assay.OpenPGPSignature, Name: "b", Err: errors.New("no answer")}},
			"unavailable\nsignature.unavailable b: no answer", ""},
		{"by a stranger who names a known key as well", one(eve.signAs(t, crypto.SHA256, byFingerprint(eve), byFingerprint(ann))),
			"absent\nsignature.unknown-key a: " + id(eve), ""},
		{"17 in one file", one(slices.Repeat([][]byte{good}, 17)...), "invalid\nsignature.malformed a: there are more than 16 signatures", ""},
		{"17 in two files", []assay.Material{asc("a", armored(t, slices.Repeat([][]byte{good}, 16)...)), asc("b", good)},
			"invalid\nsignature.malformed b: with it there are more than 16 signatures of the file", ""},
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

// TestHash is a signature by a hash that is not computed: it is judged at once.
func TestHash(t *testing.T) {
	ann := newPerson(t, "Ann", 4, 0)
	v := New(ring{ann.certificate(t)})
	for hash, want := range map[byte]string{
		3:  "invalid\nsignature.weak a: the data was not hashed by ripemd160",
		77: "invalid\nsignature.invalid a: a signature by an unknown hash algorithm cannot be verified",
	} {
		sig := ann.sign(t, how{})
		sig[bytes.Index(sig, []byte{4, 0, 22, 8})+3] = hash
		s := promised(asc("a", armored(t, sig)))
		if got := render(verified(t, v, s)); got != want {
			t.Errorf("found\n%s\nwant\n%s", got, want)
		}
		if got := render(verified(t, v, read(v, s))); got != want {
			t.Errorf("found\n%s\nwant\n%s", got, want)
		}
	}
}

// TestClaim is all of a claim.
func TestClaim(t *testing.T) {
	ann := newPerson(t, "Ann", 4, 0)
	v := New(ring{ann.certificate(t)})
	s := read(v, promised(asc("a", armored(t, ann.sign(t, how{})))))
	claims := verified(t, v, s).Claims
	if len(claims) != 1 {
		t.Fatalf("found %v", claims)
	}
	c := claims[0]
	want := map[string]string{"key": ann.name(), "user_id": "Ann <ann@example.com>", "signed": "2025-02-03T04:05:06Z"}
	if !maps.Equal(c.Details, want) {
		t.Errorf("the details are %v, want %v", c.Details, want)
	}
	if c.Method != "openpgp" || !c.Signed.Equal(signed) || !c.Time.IsZero() || c.Digest != s.Artifact.Digests[0] || !assay.IdentityOf(c).IsKey() {
		t.Errorf("found %+v", c)
	}
}

// TestCopies has a certificate twice, once from before it was revoked: what any copy says
// counts, whichever comes first.
func TestCopies(t *testing.T) {
	ann := newPerson(t, "Ann", 4, 0)
	before := ann.certificate(t)
	if err := ann.Revoke(packet.KeyCompromised, "", at(signed, 4)); err != nil {
		t.Fatal(err)
	}
	after := ann.certificate(t)
	for _, keys := range []ring{{before, after}, {after, before}} {
		v := New(keys)
		ev := verified(t, v, read(v, promised(asc("a", armored(t, ann.sign(t, how{}))))))
		if ev.State != assay.Invalid || ev.Findings[0].Code != assay.SignatureRevoked {
			t.Errorf("found\n%s", render(ev))
		}
	}
}

// bindOwn binds a signing key of somebody else's to the person's certificate, with the
// consent of who has it.
func (p person) bindOwn(tb testing.TB, other person) {
	tb.Helper()
	sub := other.Subkeys[len(other.Subkeys)-1]
	p.bind(tb, sub.PublicKey, sub.PrivateKey)
}

// bind binds a key to the person's certificate as one that signs. Without its private key
// there is nobody's consent in it.
func (p person) bind(tb testing.TB, key *packet.PublicKey, private *packet.PrivateKey) {
	tb.Helper()
	config := at(born, 4)
	bound := &packet.Signature{Version: 4, SigType: packet.SigTypeSubkeyBinding, PubKeyAlgo: p.PrimaryKey.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: born,
		IssuerKeyId: &p.PrimaryKey.KeyId, FlagsValid: true, FlagSign: true}
	sub := *key
	sub.IsSubkey = true
	if private != nil {
		back := &packet.Signature{Version: 4, SigType: packet.SigTypePrimaryKeyBinding, PubKeyAlgo: sub.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: born, IssuerKeyId: &sub.KeyId}
		if err := back.CrossSignKey(&sub, p.PrimaryKey, private, config); err != nil {
			tb.Fatal(err)
		}
		bound.EmbeddedSignature = back
	}
	if err := bound.SignKey(&sub, p.PrivateKey, config); err != nil {
		tb.Fatal(err)
	}
	p.Subkeys = append(p.Subkeys, pgp.Subkey{Primary: p.Entity, PublicKey: &sub, PrivateKey: private, Bindings: []*packet.VerifiableSignature{packet.NewVerifiableSig(bound)}})
}

// inOrder makes people whose fingerprints rise.
func inOrder(tb testing.TB, n int, life time.Duration) []person {
	tb.Helper()
	var out []person
	for range n {
		out = append(out, newPerson(tb, "Somebody", 4, life))
	}
	slices.SortFunc(out, func(a, b person) int { return strings.Compare(a.name(), b.name()) })
	return out
}

// TestCrowd has certificates of others in which somebody's key is written, before the one whose
// key it is: they do not crowd it out, and what it says is not hidden behind what they say.
func TestCrowd(t *testing.T) {
	for _, tc := range []struct {
		name    string
		consent bool          // the key has signed that it belongs to the others as well
		primary bool          // it is the primary one
		life    time.Duration // of the certificates
		revoked bool          // the certificate whose key it is was lost
		want    string
	}{
		{name: "a subkey", want: "verified"},
		{name: "a primary key", primary: true, want: "verified"},
		{name: "a primary key, and it was agreed", primary: true, consent: true, want: "verified, verified, verified, verified"},
		{name: "a lost subkey", revoked: true, want: "signature.revoked"},
		{name: "a lost primary key", primary: true, revoked: true, want: "signature.revoked"},
		{name: "a lost primary key, and others that had ended", primary: true, consent: true, life: day, revoked: true, want: "signature.revoked"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			people := inOrder(t, maxCandidates+2, tc.life)
			ann, others := people[len(people)-1], people[:len(people)-1]
			if err := ann.AddSigningSubkey(at(born, 4)); err != nil {
				t.Fatal(err)
			}
			sub := ann.Subkeys[len(ann.Subkeys)-1]
			public, private := sub.PublicKey, sub.PrivateKey
			if tc.primary {
				public, private = ann.PrimaryKey, ann.PrivateKey
			}
			if tc.revoked {
				if err := ann.Revoke(packet.KeyCompromised, "", at(signed, 4)); err != nil {
					t.Fatal(err)
				}
			}
			keys := ring{ann.certificate(t)}
			for _, p := range others {
				consent := private
				if !tc.consent {
					consent = nil
				}
				p.bind(t, public, consent)
				keys = append(keys, p.certificate(t))
			}
			v := New(keys)
			ev := verified(t, v, read(v, promised(asc("a", armored(t, ann.sign(t, how{key: private}))))))
			var got []string
			for i, c := range ev.Claims {
				if i == 0 && c.Identity != "openpgp:"+ann.name() {
					t.Errorf("the first claim is by %s, want %s", c.Identity, ann.name())
				}
				got = append(got, ev.State.String())
			}
			for _, f := range ev.Findings {
				got = append(got, string(f.Code))
			}
			if strings.Join(got, ", ") != tc.want {
				t.Errorf("found\n%s", render(ev))
			}
		})
	}
}

// TestKin names all keys of a certificate with what one of them has signed, so that another of
// them, granted as SSH, is not somebody else.
func TestKin(t *testing.T) {
	ann, eve := newPerson(t, "Ann", 4, 0), newPerson(t, "Eve", 4, 0)
	if err := ann.AddSigningSubkey(at(born, 4)); err != nil {
		t.Fatal(err)
	}
	sub := ann.Subkeys[len(ann.Subkeys)-1].PrivateKey
	ann.bind(t, eve.PrimaryKey, nil) // without her consent
	v := New(ring{ann.certificate(t)})
	var makers []string
	for _, key := range []*packet.PrivateKey{ann.PrivateKey, sub} {
		ev := verified(t, v, read(v, promised(asc("a", armored(t, ann.sign(t, how{key: key}))))))
		if len(ev.Claims) != 1 || len(ev.Claims[0].Kin) != 2 {
			t.Fatalf("found\n%s", render(ev))
		}
		makers = append(makers, ev.Claims[0].Maker)
		if kin := ev.Claims[0].Kin; len(makers) == 2 && (makers[0] == makers[1] || !slices.Contains(kin, makers[0]) || !slices.Contains(kin, makers[1])) {
			t.Errorf("made by %q, which belong to %q", makers, kin)
		}
	}
}

// TestLostBeside has a key that two certificates share, of which the one, the second by
// fingerprint, was lost, and the other had ended, or stands: that it was lost is told.
func TestLostBeside(t *testing.T) {
	for _, tc := range []struct {
		life time.Duration
		want string
	}{
		{day, "signature.revoked"},
		{0, "beside"},
	} {
		people := inOrder(t, 2, tc.life)
		eve, ann := people[0], people[1]
		if err := ann.AddSigningSubkey(at(born, 4)); err != nil {
			t.Fatal(err)
		}
		eve.bindOwn(t, ann)
		key := ann.Subkeys[len(ann.Subkeys)-1].PrivateKey
		if err := ann.Revoke(packet.KeyCompromised, "", at(born.Add(time.Hour), 4)); err != nil {
			t.Fatal(err)
		}
		v := New(ring{ann.certificate(t), eve.certificate(t)})
		ev := verified(t, v, read(v, promised(asc("a", armored(t, ann.sign(t, how{key: key}))))))
		got := render(ev)
		if !strings.Contains(got, tc.want) || !strings.Contains(got, "was revoked as compromised") {
			t.Errorf("found\n%s", got)
		}
	}
}

// TestSharedSubkey has two certificates with one signing key: what it signs is stated by
// both, and counts once.
func TestSharedSubkey(t *testing.T) {
	ann, eve := newPerson(t, "Ann", 4, 0), newPerson(t, "Eve", 4, 0)
	if err := ann.AddSigningSubkey(at(born, 4)); err != nil {
		t.Fatal(err)
	}
	eve.bindOwn(t, ann)
	key := ann.Subkeys[len(ann.Subkeys)-1].PrivateKey
	v := New(ring{ann.certificate(t), eve.certificate(t)})
	grant := func(p person) assay.Grant {
		return assay.Grant{Kind: assay.GrantOpenPGP, Key: p.name(), Until: signed.AddDate(1, 0, 0), From: "local"}
	}
	rules := assay.DefaultRules()
	rules.Grants, rules.Signatures = []assay.Grant{grant(ann), grant(eve)}, 2
	for _, c := range []struct {
		name    string
		packets [][]byte
		want    string
	}{
		{"by the shared key", [][]byte{ann.sign(t, how{key: key})}, "error signature.too-few"},
		{"twice by the shared key", [][]byte{ann.sign(t, how{key: key}), ann.sign(t, how{key: key, at: signed.Add(day)})}, "error signature.too-few"},
		{"by the shared key, and by one of its owners", [][]byte{ann.sign(t, how{key: key}), eve.sign(t, how{})}, "error signature.too-few"},
		{"by both", [][]byte{ann.sign(t, how{}), eve.sign(t, how{})}, ""},
	} {
		s := read(v, promised(asc("a", armored(t, c.packets...))))
		ev := verified(t, v, s)
		if ev.State != assay.Verified || len(ev.Claims) < 2 {
			t.Fatalf("%s: found\n%s", c.name, render(ev))
		}
		sound := assay.Evidence{Verifier: "digest", State: assay.Verified, Claims: []assay.Claim{{Method: "sha256", Digest: s.Artifact.Digests[0]}}}
		d := assay.Decide(rules, s.Artifact, []assay.Evidence{sound, ev}, assay.Memory{}, signed.AddDate(0, 1, 0))
		var got []string
		for _, r := range d.Reasons {
			got = append(got, string(r.Severity)+" "+string(r.Code))
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s: decided %q, want %q", c.name, got, c.want)
		}
	}
}

// careless is a keyring that answers with all it has, and nothing, whatever is asked.
type careless struct{ ring }

func (c careless) OpenPGP(string) []*openpgp.Certificate { return append(slices.Clone(c.ring), nil) }

// TestCarelessKeyring does not take a key for known because the keyring named others.
func TestCarelessKeyring(t *testing.T) {
	ann, eve := newPerson(t, "Ann", 4, 0), newPerson(t, "Eve", 4, 0)
	v := New(careless{ring{ann.certificate(t)}})
	if got, want := render(verified(t, v, promised(asc("a", eve.sign(t, how{}))))), "absent\nsignature.unknown-key a: openpgp:"+eve.name(); got != want {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
	if ev := verified(t, v, read(v, promised(asc("a", ann.sign(t, how{}))))); ev.State != assay.Verified {
		t.Errorf("found\n%s", render(ev))
	}
}

// TestChecksums is every rule about lists.
func TestChecksums(t *testing.T) {
	ann, bob, eve := newPerson(t, "Ann", 4, 0), newPerson(t, "Bob", 4, 0), newPerson(t, "Eve", 4, 0)
	lost := newPerson(t, "Lost", 4, 0)
	if err := lost.Revoke(packet.KeyCompromised, "", at(signed, 4)); err != nil {
		t.Fatal(err)
	}
	v := New(ring{ann.certificate(t), bob.certificate(t), lost.certificate(t)})
	full := content(data, assay.Hashing{Algorithm: "sha512"}, assay.Hashing{Algorithm: "sha384"}, assay.Hashing{Algorithm: "md5"})
	hex := func(algorithm string) string {
		if d, ok := full.Digest(algorithm); ok {
			return d.Hex
		}
		state, ok := full.State(assay.Hashing{Algorithm: algorithm})
		if !ok {
			t.Fatal(algorithm)
		}
		return fmt.Sprintf("%x", state.Sum(nil))
	}
	line := func(algorithm string) string { return hex(algorithm) + "  " + filename + "\n" }
	wrong := strings.Repeat("0", 64)
	id := func(p person) string { return "openpgp:" + p.name() }
	tampered := bytes.Replace(list(t, line("sha256"), ann), []byte(filename), []byte("other.tar.gz"), 1)
	outside := append([]byte(line("sha256")), list(t, wrong+"  other.tar.gz\n", ann)...)
	revoked := "the key " + lost.name() + " (Lost <lost@example.com>) was revoked as compromised, or for no reason that would spare older signatures"
	for _, c := range []struct {
		name  string
		data  []byte
		early string
		want  string // where it is another
	}{
		{"a letter with a line like one of a list", list(t, "The bad one is\n\n"+line("sha256"), ann),
			"invalid\nsignature.malformed SHA256SUMS.asc: line 1 is neither a checksum nor a comment: a list of checksums has lines as sha256sum writes them and nothing else, or underlined sections as Django's", ""},
		{"sha256", list(t, "# Release 1.0\n\n"+line("sha256"), ann), "verified\nchecksums " + id(ann) + " sha256", ""},
		{"bsd", list(t, "SHA256 ("+filename+") = "+hex("sha256")+"\n", ann), "verified\nchecksums " + id(ann) + " sha256", ""},
		{"among others", list(t, wrong+"  a.whl\n"+line("md5")+line("sha256")+line("sha512"), ann), "verified\nchecksums " + id(ann) + " sha256", ""},
		{"sha512", list(t, line("sha512"), ann), "pending", "verified\nchecksums " + id(ann) + " sha256"},
		{"sha384", list(t, line("sha384"), ann), "pending", "verified\nchecksums " + id(ann) + " sha256"},
		{"two signers", list(t, line("sha256"), ann, bob), "verified\nchecksums " + id(ann) + " sha256\nchecksums " + id(bob) + " sha256", ""},
		{"two signers, one unknown", list(t, line("sha256"), eve, bob), "verified\nchecksums " + id(bob) + " sha256\nsignature.unknown-key SHA256SUMS.asc: " + id(eve), ""},
		{"two signers, one lost", list(t, line("sha256"), ann, lost), "verified\nchecksums " + id(ann) + " sha256 beside SHA256SUMS.asc: " + revoked, ""},

		{"another digest", list(t, wrong+"  "+filename+"\n", ann), "invalid\nsignature.wrong-checksum SHA256SUMS.asc: it has sha256:" + wrong + ", the file is sha256:" + hex("sha256"), ""},
		{"openssl", list(t, "SHA2-256("+filename+")= "+hex("sha256")+"\n", ann), "verified\nchecksums " + id(ann) + " sha256", ""},
		{"b2sum", list(t, wrong+wrong+"  "+filename+"\n", ann), "pending",
			"absent\nsignature.unlisted SHA256SUMS.asc: it has the file by 128 digits only, which are not its SHA-512 and can be those of BLAKE2b"},
		{"b2sum, beside another digest", list(t, wrong+"  "+filename+"\n"+wrong+wrong+"  "+filename+"\n", ann),
			"invalid\nsignature.wrong-checksum SHA256SUMS.asc: it has sha256:" + wrong + ", the file is sha256:" + hex("sha256"), ""},
		{"BLAKE2b by name", list(t, "BLAKE2b ("+filename+") = "+wrong+wrong+"\n", ann), "absent\nsignature.unlisted SHA256SUMS.asc: it is signed by " + id(ann), ""},
		{"BLAKE2b by name, beside the digest", list(t, "BLAKE2b ("+filename+") = "+wrong+wrong+"\nSHA256 ("+filename+") = "+hex("sha256")+"\n", ann), "verified\nchecksums " + id(ann) + " sha256", ""},
		{"another sha512", list(t, "SHA512 ("+filename+") = "+wrong+wrong+"\n", ann), "pending",
			"invalid\nsignature.wrong-checksum SHA256SUMS.asc: it has sha512:" + wrong + wrong + ", the file is sha512:" + hex("sha512")},
		{"not named", list(t, wrong+"  other.tar.gz\n", ann), "absent\nsignature.unlisted SHA256SUMS.asc: it is signed by " + id(ann), ""},
		{"not in this folder", list(t, hex("sha256")+"  dist/"+filename+"\n", ann), "absent\nsignature.unlisted SHA256SUMS.asc: it is signed by " + id(ann), ""},
		{"weak", list(t, line("md5"), ann), "absent\nsignature.unlisted SHA256SUMS.asc: it has the file by md5 only, which is too weak", ""},
		{"lost", list(t, line("sha256"), lost), "invalid\nsignature.revoked SHA256SUMS.asc: " + revoked, ""},
		{"unknown", list(t, wrong+"  "+filename+"\n", eve), "absent\nsignature.unknown-key SHA256SUMS.asc: " + id(eve), ""},
		{"changed", tampered, "invalid\nsignature.invalid SHA256SUMS.asc: the key " + ann.name() + " has not signed these bytes", ""},
		{"named outside of the block", outside, "invalid\nsignature.malformed SHA256SUMS.asc: it does not start with -----BEGIN PGP SIGNED MESSAGE-----", ""},
		{"no list", list(t, "good morning\n", ann), "invalid\nsignature.malformed SHA256SUMS.asc: line 1 is neither a checksum nor a comment: a list of checksums has lines as sha256sum writes them and nothing else, or underlined sections as Django's", ""},
		{"two digests", list(t, line("sha256")+wrong+"  "+filename+"\n", ann), "invalid\nsignature.malformed SHA256SUMS.asc: " + filename + " is listed twice with different checksums by sha256", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := promised(sums(c.data))
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

	t.Run("another sha512 by the list's name", func(t *testing.T) {
		m := sums(list(t, wrong+wrong+"  "+filename+"\n", ann))
		m.Name = "SHA512SUMS.asc"
		want := "invalid\nsignature.wrong-checksum SHA512SUMS.asc: it has sha512:" + wrong + wrong + ", the file is sha512:" + hex("sha512")
		if got := render(verified(t, v, read(v, promised(m)))); got != want {
			t.Errorf("found\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("promised sha512", func(t *testing.T) {
		s := promised(sums(list(t, line("sha512"), ann)))
		s.Artifact.Digests = append(s.Artifact.Digests, assay.Digest{Algorithm: "sha512", Hex: hex("sha512")})
		if got, want := render(verified(t, v, s)), "verified\nchecksums "+id(ann)+" sha512"; got != want {
			t.Errorf("found\n%s\nwant\n%s", got, want)
		}
		if h := v.Hashing(s); len(h) != 0 {
			t.Errorf("wants %v, and the digest is promised", h)
		}
	})
	t.Run("a list that contradicts a signature", func(t *testing.T) {
		s := promised(asc("a", ann.sign(t, how{})), sums(list(t, wrong+"  "+filename+"\n", ann)))
		for _, s := range []assay.Subject{s, read(v, s)} {
			if ev := verified(t, v, s); ev.State != assay.Invalid || ev.Findings[0].Code != assay.SignatureWrongChecksum {
				t.Errorf("found\n%s", render(ev))
			}
		}
	})
	t.Run("too many", func(t *testing.T) {
		m := slices.Repeat([]assay.Material{sums(list(t, line("sha256"), ann))}, 5)
		want := "invalid\nsignature.malformed SHA256SUMS.asc: with it there are more than 4 lists of checksums"
		if got := render(verified(t, v, promised(m...))); got != want {
			t.Errorf("found\n%s\nwant\n%s", got, want)
		}
	})
}

// source has the same materials for every file.
type source []assay.Material

func (s source) Materials(context.Context, assay.Artifact) ([]assay.Material, error) { return s, nil }

// TestThroughEngine takes 16 signatures with 16 salts through the engine's two steps.
func TestThroughEngine(t *testing.T) {
	var keys ring
	var packets [][]byte
	for i := range maxSignatures {
		p := newPerson(t, fmt.Sprintf("P%d", i), 6, 0)
		keys = append(keys, p.certificate(t))
		packets = append(packets, p.sign(t, how{hash: []crypto.Hash{crypto.SHA256, crypto.SHA512, crypto.SHA3_512}[i%3]}))
	}
	e := engine.New(engine.Config{Verifiers: []engine.Verifier{New(keys)}, Source: source{asc("a", armored(t, packets...))}})
	for bytes, want := range map[string]assay.State{data: assay.Verified, "other": assay.Invalid} {
		j, err := e.Judge(t.Context(), assay.Subject{Artifact: promised().Artifact})
		if err != nil {
			t.Fatal(err)
		}
		if len(j.Hashing) != maxSignatures || len(j.Evidence) != 1 || j.Evidence[0].State != assay.Pending {
			t.Fatalf("%d hashes, %+v", len(j.Hashing), j.Evidence)
		}
		h := assay.NewHasher(j.Subject.Artifact.Digests, j.Hashing...)
		h.Write([]byte(bytes))
		if j, err = e.Complete(t.Context(), j, h.Content()); err != nil {
			t.Fatal(err)
		}
		if len(j.Evidence) != 1 || j.Evidence[0].State != want || want == assay.Verified && len(j.Evidence[0].Claims) != maxSignatures {
			t.Errorf("%q: %s", bytes, render(j.Evidence[0]))
		}
	}
}

// breaks is a keyring that breaks down.
type breaks struct{}

func (breaks) OpenPGP(string) []*openpgp.Certificate { panic("broken") }

// TestPanic holds the engine to refusing what the verifier breaks down on.
func TestPanic(t *testing.T) {
	ann := newPerson(t, "Ann", 4, 0)
	e := engine.New(engine.Config{Verifiers: []engine.Verifier{New(breaks{})}})
	s := promised(asc("a", ann.sign(t, how{})))
	s.Content = content(data)
	j, err := e.Judge(t.Context(), s)
	if err != nil || len(j.Evidence) != 1 || j.Evidence[0].State != assay.Invalid || j.Decision.Verdict != assay.Deny {
		t.Errorf("%+v, %v", j.Evidence, err)
	}
}

// TestSilence is a judgement of a file that nobody has signed: it does not speak of
// signatures.
func TestSilence(t *testing.T) {
	e := engine.New(engine.Config{Verifiers: []engine.Verifier{New(ring{})}})
	for _, s := range []assay.Subject{promised(), {Artifact: promised().Artifact, Content: content(data)}} {
		j, err := e.Judge(t.Context(), s)
		if err != nil || len(j.Evidence) != 0 {
			t.Errorf("%+v, %v", j.Evidence, err)
		}
	}
}
