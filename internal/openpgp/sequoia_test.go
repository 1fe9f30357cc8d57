package openpgp

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSequoia verifies what a real sq signs. Its certificates carry their key flags in a
// direct-key signature, and sign by a subkey.
func TestSequoia(t *testing.T) {
	if _, err := exec.LookPath("sq"); err != nil {
		t.Skip("sq is not installed")
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	sq := func(args ...string) []byte {
		t.Helper()
		var problems bytes.Buffer
		cmd := exec.Command("sq", args...)
		cmd.Stderr = &problems
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("sq %q: %v\n%s", args, err, problems.String())
		}
		return out
	}
	data := []byte("one\n- two \t\r\nthree\n")
	if err := os.WriteFile(path("data"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, suite := range []string{"cv25519", "rsa3k"} {
		sq("--force", "key", "generate", "--userid", ann, "--cipher-suite", suite, "--export", path("key"))
		c := oneCert(t, sq("key", "extract-cert", path("key")))
		sig := sq("sign", "--detached", "--signer-key", path("key"), path("data"))
		for _, by := range []*Certificate{c, oneCert(t, c.Armor())} {
			if v, err := verifyFile(sig, data, by); err != nil || v.Signer != c.Fingerprint() || v.Key == v.Signer || v.Unwaived() != nil {
				t.Errorf("%s: %+v, %v", suite, v, err)
			}
		}
		if err := os.WriteFile(path("min"), c.Armor(), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path("sig"), sig, 0o600); err != nil {
			t.Fatal(err)
		}
		sq("verify", "--signer-cert", path("min"), "--detached", path("sig"), path("data"))
		// Blanks at the ends of lines are left out here: sq signs them, against RFC 9580.
		if err := os.WriteFile(path("text"), []byte("one\n- two\n\nthree\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := ReadCleartext(sq("sign", "--cleartext-signature", "--signer-key", path("key"), path("text")))
		if err != nil {
			t.Fatal(err)
		}
		if v, err := text.Verify(text.Signatures[0], c); err != nil || v.Signer != c.Fingerprint() {
			t.Errorf("%s, signed text: %+v, %v", suite, v, err)
		}
		if _, err := text.Signatures[0].Verify(c, text.Signatures[0].NewHash()); err == nil {
			t.Errorf("%s: a signature over a text is taken for one over a file", suite)
		}
	}
}
