package openpgp

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// gnupg is a folder with keys of a real GnuPG.
type gnupg struct {
	t   *testing.T
	dir string
}

func newGnuPG(t *testing.T) *gnupg {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip("gpg is not installed")
	}
	dir, err := os.MkdirTemp("", "gpg") // sockets have short names
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", dir, "--kill", "gpg-agent").Run()
		_ = os.RemoveAll(dir)
	})
	return &gnupg{t, dir}
}

func (g *gnupg) run(args ...string) []byte {
	g.t.Helper()
	cmd := exec.Command("gpg", append([]string{"--homedir", g.dir, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		g.t.Fatalf("gpg %s: %v\n%s", strings.Join(args, " "), err, problems.String())
	}
	return out
}

func (g *gnupg) file(name string, data []byte) string {
	g.t.Helper()
	path := filepath.Join(g.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		g.t.Fatal(err)
	}
	return path
}

// fingerprint returns the primary key's of a user.
func (g *gnupg) fingerprint(user string) Fingerprint {
	g.t.Helper()
	for _, line := range strings.Split(string(g.run("--with-colons", "--list-keys", user)), "\n") {
		if f := strings.Split(line, ":"); f[0] == "fpr" {
			return Fingerprint(f[9])
		}
	}
	g.t.Fatal("no fingerprint")
	return ""
}

// verifyFile verifies all signatures of a file by any certificate.
func verifyFile(sig, data []byte, certs ...*Certificate) (Valid, error) {
	signatures, err := ReadSignatures(sig)
	if err != nil {
		return Valid{}, err
	}
	var last error
	for _, s := range signatures {
		for _, c := range certs {
			h := s.NewHash()
			if h != nil {
				h.Write(data)
			}
			v, err := s.Verify(c, h)
			if err == nil {
				return v, nil
			}
			last = err
		}
	}
	return Valid{}, last
}

// TestGnuPG verifies what a real GnuPG signs, by keys that it made.
func TestGnuPG(t *testing.T) {
	g := newGnuPG(t)
	data := []byte(strings.Repeat("a release\r\n- -----x\ntrailing \t\n", 500))
	path := g.file("data", data)
	for _, algorithm := range []string{"ed25519", "rsa3072", "nistp256", "nistp384", "nistp521"} {
		t.Run(algorithm, func(t *testing.T) {
			g.t = t
			user := algorithm + " <" + algorithm + "@example.org>"
			g.run("--quick-gen-key", user, algorithm, "sign,cert", "1y")
			want := g.fingerprint(user)
			c := oneCert(t, g.run("--export", user))
			if c.Fingerprint() != want || c.Algorithm() != algorithm || !slices.Equal(c.UserIDs(), []string{user}) {
				t.Errorf("read %s %s %q", c.Fingerprint(), c.Algorithm(), c.UserIDs())
			}
			if end, ok := c.Expires(); !ok || end.Sub(c.Created()).Round(24*time.Hour) != 365*24*time.Hour {
				t.Errorf("ends %v, %v", end, ok)
			}
			check := func(kind string, sig []byte) {
				t.Helper()
				v, err := verifyFile(sig, data, c)
				if err != nil || v.Signer != want || len(v.Weak) != 0 || v.Ends.IsZero() {
					t.Errorf("%s: %+v, %v", kind, v, err)
				}
				if _, err := verifyFile(sig, data[1:], c); err == nil {
					t.Errorf("%s: other data verifies", kind)
				}
			}
			check("armored", g.run("--local-user", user, "--armor", "--detach-sign", "--output", "-", path))
			check("binary", g.run("--local-user", user, "--detach-sign", "--output", "-", path))
			check("sha384 and more", g.run("--local-user", user, "--digest-algo", "sha512", "--detach-sign", "--output", "-", path))
			text, err := ReadCleartext(g.run("--local-user", user, "--clearsign", "--output", "-", path))
			if err != nil {
				t.Fatal(err)
			}
			if v, err := text.Verify(text.Signatures[0], c); err != nil || v.Signer != want {
				t.Errorf("signed text: %+v, %v", v, err)
			}
			if got := strings.Count(string(text.Text), "\n- -----x\n"); got != 500 {
				t.Errorf("%d of 500 escaped lines came back", got)
			}
		})
	}
}

// TestGnuPGSubkey verifies by a signing subkey, and takes it back by GnuPG's own means.
func TestGnuPGSubkey(t *testing.T) {
	g := newGnuPG(t)
	path := g.file("data", demo)
	g.run("--quick-gen-key", ann, "ed25519", "cert", "never")
	want := g.fingerprint(ann)
	g.run("--quick-add-key", string(want), "ed25519", "sign", "1y")
	g.run("--quick-add-key", string(want), "cv25519", "encrypt", "1y")
	sig := g.run("--armor", "--detach-sign", "--output", "-", path)
	exported := g.run("--armor", "--export", ann)
	c := oneCert(t, exported)
	v, err := verifyFile(sig, demo, c)
	if err != nil || v.Signer != want || v.Key == want || v.Ends.IsZero() {
		t.Fatalf("%+v, %v", v, err)
	}
	if !c.Owns(string(v.Key)) || !c.Owns(strings.ToLower(string(v.Key[24:]))) || !c.Owns("0x"+string(want)) || c.Owns(string(v.Key[32:])) {
		t.Error("the certificate does not know its keys")
	}
	minimal := oneCert(t, c.Armor())
	if v2, err := verifyFile(sig, demo, minimal); err != nil || v2.Key != v.Key || !v2.Ends.Equal(v.Ends) {
		t.Errorf("by the minimal export: %+v, %v", v2, err)
	}
	if !bytes.Equal(minimal.Armor(), c.Armor()) || len(c.Armor()) >= len(exported) {
		t.Error("the minimal export is neither stable nor smaller")
	}
	other := t.TempDir()
	cmd := exec.Command("gpg", "--homedir", other, "--batch", "--import")
	cmd.Stdin = bytes.NewReader(c.Armor())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("gpg does not import the minimal export: %v\n%s", err, out)
	}
	revocation := must(os.ReadFile(filepath.Join(g.dir, "openpgp-revocs.d", string(want)+".rev")))
	_, revocation, _ = bytes.Cut(revocation, []byte("\n:"))
	g.run("--import", g.file("rev", revocation))
	revoked := oneCert(t, g.run("--export", ann))
	if r, ok := revoked.Revoked(); !ok || !r.Hard {
		t.Errorf("revocation %+v, %v", r, ok)
	}
	var failure *Failure
	if _, err := verifyFile(sig, demo, revoked); !errors.As(err, &failure) || failure.Kind != HardRevoked {
		t.Errorf("after the revocation: %v", err)
	}
	if certs, err := Merge(revoked, c, minimal); err != nil || len(certs) != 1 {
		t.Errorf("merged to %v, %v", certs, err)
	} else if _, err := verifyFile(sig, demo, certs[0]); !errors.As(err, &failure) || failure.Kind != HardRevoked {
		t.Errorf("an older copy undoes the revocation: %v", err)
	}
	if _, err := ReadCertificates(g.run("--armor", "--export-secret-keys", ann)); err == nil || !strings.Contains(err.Error(), "secret key") {
		t.Errorf("an armored secret key: %v", err)
	}
	if _, err := ReadCertificates(g.run("--export-secret-keys", ann)); err == nil || !strings.Contains(err.Error(), "secret key") {
		t.Errorf("a binary secret key: %v", err)
	}
}

// TestGnuPGCertification reads certifications as gpg --cert-notation writes them.
func TestGnuPGCertification(t *testing.T) {
	g := newGnuPG(t)
	const name = "project@assay.example.org"
	g.run("--quick-gen-key", "Authority <ca@example.org>", "ed25519", "cert", "never")
	g.run("--quick-gen-key", ann, "ed25519", "sign,cert", "never")
	ca, key := g.fingerprint("ca@example.org"), g.fingerprint(ann)
	sign := func(notations ...string) {
		args := []string{"--local-user", string(ca), "--force-sign-key"}
		for _, n := range notations {
			args = append(args, "--cert-notation", n)
		}
		g.run(append(args, "--quick-sign-key", string(key))...)
	}
	read := func(known ...string) []Certification {
		return oneCert(t, g.run("--export", ann)).CertifiedBy(oneCert(t, g.run("--export", string(ca))), known...)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("before any: %+v", got)
	}
	sign(name+"=pypi:django", name+"=pypi:demo")
	got := read()
	for _, g := range got {
		slices.Sort(g.Notations[name]) // GnuPG writes the last one first
	}
	if len(got) != 1 || got[0].Issuer != ca || got[0].IssuerKeyID != string(ca[24:]) || got[0].UserID != ann || got[0].Direct ||
		!slices.Equal(got[0].Notations[name], []string{"pypi:demo", "pypi:django"}) || !got[0].Expires.IsZero() {
		t.Errorf("certified %+v", got)
	}
	time.Sleep(1100 * time.Millisecond)
	sign("!" + name + "=pypi:django")
	if got := read(); len(got) != 0 {
		t.Errorf("an unknown critical notation counts: %+v", got)
	}
	if got := read(name); len(got) != 1 || !slices.Equal(got[0].Notations[name], []string{"pypi:django"}) {
		t.Errorf("with the notation known: %+v", got)
	}
	if got := oneCert(t, g.run("--export", ann)).CertifiedBy(oneCert(t, g.run("--export", ann))); got != nil {
		t.Errorf("a certificate certifies itself: %+v", got)
	}
	if c := oneCert(t, oneCert(t, g.run("--export", ann)).Armor()); len(c.CertifiedBy(oneCert(t, g.run("--export", string(ca))), name)) != 0 {
		t.Error("the minimal export has certifications")
	}
}

// ExampleReadSignatures shows one pass over a file.
func ExampleReadSignatures() {
	key := newKey("ed25519", 4, 1_700_000_000)
	asc := writeArmor(key.file(s256, []byte("the file"), 1_700_000_100), armorSignature)
	certs, _ := ReadCertificates(writeArmor(key.cert(flags(3)), armorPublicKey))
	signatures, _ := ReadSignatures(asc)
	algorithm, _ := signatures[0].Hashing()
	state := signatures[0].NewHash()
	state.Write([]byte("the file"))
	valid, err := signatures[0].Verify(certs[0], state)
	fmt.Println(algorithm, valid.Created.Format(time.DateOnly), valid.Signer == certs[0].Fingerprint(), len(valid.Unwaived()), err)
	// Output: sha256 2023-11-14 true 0 <nil>
}
