package signing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var message = []byte("a release\n- with a dash\n")

// signed signs the message with a signer, by way of a file.
func signed(t *testing.T, s Signer) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "foo-1.0.tar.gz")
	if err := os.WriteFile(path, message, 0o600); err != nil {
		t.Fatal(err)
	}
	armored, err := SignFile(t.Context(), s, path)
	if err != nil {
		t.Fatal(err)
	}
	return armored
}

var algorithms = []string{"rsa2048", "rsa3072", "ed25519", "nistp256", "nistp384", "nistp521"}

// TestOpenPGPFile signs with keys that gpg made, with and without a passphrase.
func TestOpenPGPFile(t *testing.T) {
	for _, algorithm := range algorithms {
		for _, passphrase := range []string{"", secret} {
			t.Run(fmt.Sprintf("%s locked %t", algorithm, passphrase != ""), func(t *testing.T) {
				t.Parallel()
				g := newGnuPG(t)
				fpr := g.generate(algorithm, passphrase, "never")
				person := &given{passphrase: passphrase}
				ask := person.ask
				if passphrase == "" {
					ask = never
				}
				s, err := OpenPGPFile(g.secretKey(fpr, passphrase), ask, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				verifyBoth(t, g.publicKey(fpr), message, signed(t, s), fpr)
				if s.Fingerprint() != fpr || s.UserID() != "Ann <ann@example.com>" || s.Ending() != ".asc" {
					t.Errorf("%s %q %s", s.Fingerprint(), s.UserID(), s.Ending())
				}
				if passphrase != "" && (len(person.prompts) != 1 || !strings.Contains(person.prompts[0], fpr) || strings.Trim(string(person.gave), "\x00") != "") {
					t.Errorf("asked %q, what was given is now %q", person.prompts, person.gave)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if _, err := s.Sign(t.Context(), s.NewHash()); err == nil {
					t.Error("a closed signer signs")
				}
			})
		}
	}
}

// TestOpenPGPAgent signs through gpg-agent, which asks for the passphrase itself.
func TestOpenPGPAgent(t *testing.T) {
	for _, algorithm := range algorithms {
		for _, passphrase := range []string{"", secret} {
			t.Run(fmt.Sprintf("%s locked %t", algorithm, passphrase != ""), func(t *testing.T) {
				t.Parallel()
				g := newGnuPG(t)
				fpr := g.generate(algorithm, passphrase, "never")
				public := g.publicKey(fpr)
				g.forget() // the passphrase
				g.write("pin", passphrase)
				s, err := OpenPGPAgent(t.Context(), g.socket(), public, []string{"lc-ctype=C.UTF-8", "nonsense=1"}, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				verifyBoth(t, public, message, signed(t, s), fpr)
				verifyBoth(t, public, message, signed(t, s), fpr) // and once more over one connection
				asked, _ := os.ReadFile(filepath.Join(g.dir, "asked"))
				if passphrase != "" && !bytes.Contains(asked, []byte(fpr)) {
					t.Errorf("the pinentry was not told which key it is:\n%s", asked)
				}
			})
		}
	}
}

// TestKeygrip compares with what gpg says, for many keys: numbers differ in their
// leading zeros.
func TestKeygrip(t *testing.T) {
	g := newGnuPG(t)
	for _, algorithm := range []string{"rsa2048", "ed25519", "nistp256", "nistp384", "nistp521"} {
		for range 3 {
			fpr := g.generate(algorithm, "", "never")
			e, err := readEntity(g.publicKey(fpr))
			if err != nil {
				t.Fatal(err)
			}
			m, err := parseMaterial(e.PrimaryKey)
			if err != nil {
				t.Fatal(err)
			}
			if listed := string(g.gpg("--with-colons", "--with-keygrip", "--list-keys", fpr)); !strings.Contains(listed, ":"+m.keygrip()+":") {
				t.Errorf("%s: keygrip %s, gpg says\n%s", algorithm, m.keygrip(), listed)
			}
		}
	}
}

// TestWhichKey shows which part of a key signs.
func TestWhichKey(t *testing.T) {
	g := newGnuPG(t)
	fpr := g.generate("ed25519", "", "never", "--faked-system-time", "20240101T000000")
	subkeys := func() (out []string) {
		sub := false
		for line := range strings.Lines(string(g.gpg("--with-colons", "--list-keys", fpr))) {
			fields := strings.Split(line, ":")
			if fields[0] == "sub" {
				sub = true
			} else if fields[0] == "fpr" && sub {
				out, sub = append(out, fields[9]), false
			}
		}
		return out
	}
	signsWith := func(data []byte) string {
		t.Helper()
		s, err := OpenPGPFile(data, never, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		verifyBoth(t, g.publicKey(fpr), message, signed(t, s), fpr)
		return s.SubkeyFingerprint()
	}
	if got := signsWith(g.secretKey(fpr, "")); got != fpr {
		t.Errorf("the primary key should sign, not %s", got)
	}
	g.gpg("--faked-system-time", "20240201T000000", "--quick-add-key", fpr, "rsa2048", "sign", "never")
	g.gpg("--faked-system-time", "20240301T000000", "--quick-add-key", fpr, "ed25519", "sign", "1m")
	g.gpg("--faked-system-time", "20240401T000000", "--quick-add-key", fpr, "cv25519", "encr", "never")
	all := subkeys()
	if got := signsWith(g.secretKey(fpr, "")); got != all[0] {
		t.Errorf("the valid signing subkey %s should sign, not %s", all[0], got)
	}
	// Without the primary's secret, as on the computer that makes releases.
	if got := signsWith(g.gpg("--armor", "--export-secret-subkeys", fpr)); got != all[0] {
		t.Errorf("the valid signing subkey %s should sign, not %s", all[0], got)
	}
	if got := signsWith(g.gpg("--export-secret-keys", fpr)); got != all[0] {
		t.Errorf("unarmored: the valid signing subkey %s should sign, not %s", all[0], got)
	}
	// With the only valid one's secret gone, the primary signs.
	g.gpg("--faked-system-time", "20240501T000000", "--quick-add-key", fpr, "rsa2048", "sign", "never")
	if got := signsWith(g.secretKey(fpr, "")); got != subkeys()[3] {
		t.Errorf("the newest signing subkey should sign, not %s", got)
	}
}

// TestRefusedKeys are keys that do not sign, and what is said.
func TestRefusedKeys(t *testing.T) {
	g := newGnuPG(t)
	expired := g.generate("ed25519", "", "1y", "--faked-system-time", "20200101T000000")
	locked := g.generate("ed25519", secret, "never")
	plain := g.generate("ed25519", "", "never")
	weak := g.generate("rsa1024", "", "never")
	encrypting := func() string {
		g.gpg("--quick-gen-key", "Bob <bob@example.com>", "rsa2048", "cert", "never")
		return g.last()
	}()
	revoked := g.generate("ed25519", "", "never")
	certificate, err := os.ReadFile(filepath.Join(g.dir, "openpgp-revocs.d", revoked+".rev"))
	if err != nil {
		t.Fatal(err)
	}
	g.write("revoke", strings.Replace(string(certificate), ":-----BEGIN", "-----BEGIN", 1))
	g.gpg("--import", filepath.Join(g.dir, "revoke"))
	two := append(g.gpg("--export-secret-keys", plain), g.gpg("--export-secret-keys", expired)...)
	person := &given{passphrase: "wrong one"}
	refusal := errors.New("there is no terminal")
	for _, tc := range []struct {
		name string
		data []byte
		ask  Ask
		want error
		text string
	}{
		{"expired", g.secretKey(expired, ""), never, ErrExpired, "the key " + expired + " is expired"},
		{"revoked", g.secretKey(revoked, ""), never, ErrRevoked, "the key " + revoked + " is revoked"},
		{"wrong passphrase", g.secretKey(locked, secret), person.ask, ErrPassphrase, "the passphrase does not fit the key " + locked},
		{"no passphrase", g.secretKey(locked, secret), func(string) ([]byte, error) { return nil, refusal }, refusal, "there is no terminal"},
		{"public", g.publicKey(plain), never, ErrKey, "the secret part of the signing key " + plain + " is not in the file"},
		{"two", two, never, ErrKey, "there are 2 keys in the file: give a file with the one that signs"},
		{"weak", g.secretKey(weak, ""), never, ErrKey, "an RSA key of 1024 bits is too weak: 2048 is the least"},
		{"certifies only", g.secretKey(encrypting, ""), never, ErrKey, "the key " + encrypting + " has no part that may sign files"},
		{"nothing", nil, never, ErrKey, "there are 0 keys in the file: give a file with the one that signs"},
		{"nonsense", []byte("-----BEGIN nothing"), never, ErrKey, "it is not an OpenPGP key that can be read: "},
		{"too large", make([]byte, MaxKeyFile+1), never, ErrKey, "1048577 bytes are more than the 1048576 that are read of a key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := OpenPGPFile(tc.data, tc.ask, time.Now)
			if !errors.Is(err, tc.want) || !strings.HasPrefix(fmt.Sprint(err), tc.text) {
				t.Errorf("got %v", err)
			}
			if strings.Contains(fmt.Sprint(err), "wrong one") {
				t.Errorf("the passphrase is in the error: %v", err)
			}
		})
	}
	if strings.Trim(string(person.gave), "\x00") != "" {
		t.Error("the wrong passphrase was not zeroed")
	}
}

// TestClearSign lets gpg and gpgv read what was clearsigned.
func TestClearSign(t *testing.T) {
	g := newGnuPG(t)
	fpr := g.generate("ed25519", "", "never")
	s, err := OpenPGPFile(g.secretKey(fpr, ""), never, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var paths []string
	for name, content := range map[string]string{"foo-1.0.tar.gz": "x", "-dash": "y", "From here": "z", "ünï": ""} {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := Checksums(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	need(t, "sha256sum")
	cmd := []string{"sh", "-c", "cd " + dir + " && sha256sum --strict -c -"}
	if out := run(t, nil, []byte(list), cmd...); strings.Count(string(out), ": OK") != 4 {
		t.Errorf("sha256sum says:\n%s", out)
	}
	g.write("public.gpg", string(g.publicKey(fpr)))
	for name, text := range map[string]string{"sums": list, "dashes": "-----BEGIN PGP SIGNED MESSAGE-----\n- \n-\n\nFrom me\nend\n", "empty": "\n"} {
		if name == "dashes" {
			text = strings.Replace(text, "- \n", "- a\n", 1)
		}
		armored, err := s.ClearSign(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		g.write("text.asc", string(armored))
		out := g.gpg("--status-fd", "1", "--verify", filepath.Join(g.dir, "text.asc"))
		if !strings.Contains(string(out), "VALIDSIG "+fpr) {
			t.Errorf("%s: gpg says:\n%s", name, out)
		}
		out = run(t, g.env, nil, "gpgv", "--keyring", filepath.Join(g.dir, "public.gpg"), "--output", "-", filepath.Join(g.dir, "text.asc"))
		if string(out) != text {
			t.Errorf("%s: gpgv reads %q, want %q", name, out, text)
		}
	}
	for _, text := range []string{"", "no end", "space \n", "tab\t\nx\n", "return\r\n"} {
		if _, err := s.ClearSign(t.Context(), text); err == nil {
			t.Errorf("%q was signed", text)
		}
	}
}

// TestAgentProblems are agents that are missing, strange or without the key.
func TestAgentProblems(t *testing.T) {
	g := newGnuPG(t)
	fpr := g.generate("ed25519", secret, "never")
	public := g.publicKey(fpr)
	other := newGnuPG(t)
	open := func(socket string) error {
		s, err := OpenPGPAgent(t.Context(), socket, public, nil, time.Now)
		if err == nil {
			_, err = s.Sign(t.Context(), s.NewHash())
			s.Close()
		}
		return err
	}
	if err := open(filepath.Join(g.dir, "nothing")); !errors.Is(err, ErrNoAgent) {
		t.Errorf("missing: %v", err)
	}
	if err := open(other.socket()); !errors.Is(err, ErrNotInAgent) || !strings.Contains(err.Error(), fpr) {
		t.Errorf("another agent: %v", err)
	}
	g.forget()
	if err := open(g.socket()); !errors.Is(err, ErrPassphrase) || err.Error() != "the passphrase was not given" {
		t.Errorf("cancelled: %v", err)
	}
	g.write("pin", "wrong")
	if err := open(g.socket()); !errors.Is(err, ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	// A file may say where the socket is.
	g.write("pin", secret)
	g.write("redirect", "%Assuan%\nsocket="+g.socket()+"\n")
	if err := open(filepath.Join(g.dir, "redirect")); err != nil {
		t.Errorf("redirected: %v", err)
	}
	for _, text := range []string{"", "%Assuan%\n", "socket=/x\n", "%Assuan%\nsocket=${HOME}/x\n", "%Assuan%\nsocket=" + g.dir + "/none\n"} {
		g.write("redirect", text)
		if err := open(filepath.Join(g.dir, "redirect")); !errors.Is(err, ErrNoAgent) {
			t.Errorf("redirected by %q: %v", text, err)
		}
	}
}

// speak is an agent that answers each line with what is written for it.
func speak(t *testing.T, greeting string, answers map[string]string) string {
	t.Helper()
	socket := filepath.Join(shortDir(t), "S")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				fmt.Fprint(c, greeting)
				buffer := make([]byte, 4096)
				for {
					n, err := c.Read(buffer)
					if err != nil {
						return
					}
					word, _, _ := strings.Cut(strings.TrimSpace(string(buffer[:n])), " ")
					answer, ok := answers[word]
					if !ok {
						answer = "OK\n"
					}
					fmt.Fprint(c, answer)
				}
			}()
		}
	}()
	return socket
}

// TestStrangeAgents are agents that answer what nobody expects: no signature gets
// out, and nothing hangs.
func TestStrangeAgents(t *testing.T) {
	g := newGnuPG(t)
	public := g.publicKey(g.generate("ed25519", "", "never"))
	zeros := strings.Repeat("\x01", 32)
	for name, tc := range map[string]struct {
		greeting string
		answers  map[string]string
	}{
		"closes at once":    {"", map[string]string{}},
		"not the protocol":  {"220 mail.example.com ESMTP\n", nil},
		"error as greeting": {"ERR 1 no <x>\n", nil},
		"no number":         {"OK\n", map[string]string{"HAVEKEY": "ERR x\n"}},
		"a long line":       {"OK\n", map[string]string{"PKSIGN": "D " + strings.Repeat("x", 5000) + "\nOK\n"}},
		"endless data":      {"OK\n", map[string]string{"PKSIGN": strings.Repeat("D "+strings.Repeat("x", 900)+"\n", 100) + "OK\n"}},
		"endless status":    {"OK\n", map[string]string{"PKSIGN": strings.Repeat("S x\n", 5000) + "OK\n"}},
		"nothing signed":    {"OK\n", map[string]string{}},
		"bad escape":        {"OK\n", map[string]string{"PKSIGN": "D %zz\nOK\n"}},
		"cut escape":        {"OK\n", map[string]string{"PKSIGN": "D x%2\nOK\n"}},
		"RSA":               {"OK\n", map[string]string{"PKSIGN": "D (7:sig-val(3:rsa(1:s1:x)))\nOK\n"}},
		"wrong signature":   {"OK\n", map[string]string{"PKSIGN": "D (7:sig-val(5:eddsa(1:r32:" + zeros + ")(1:s32:" + zeros + ")))\nOK\n"}},
		"open list":         {"OK\n", map[string]string{"PKSIGN": "D (7:sig-val(5:eddsa\nOK\n"}},
		"deep list":         {"OK\n", map[string]string{"PKSIGN": "D " + strings.Repeat("(", 500) + "\nOK\n"}},
		"long atom":         {"OK\n", map[string]string{"PKSIGN": "D (99999:x)\nOK\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.greeting == "" {
				tc.greeting = "\n"
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			s, err := OpenPGPAgent(ctx, speak(t, tc.greeting, tc.answers), public, nil, time.Now)
			if err == nil {
				defer s.Close()
				_, err = s.Sign(ctx, s.NewHash())
			}
			if err == nil {
				t.Error("it signed")
			}
		})
	}
}

// TestSubkeysThatDoNotSign say why, where the primary key does not sign either.
func TestSubkeysThatDoNotSign(t *testing.T) {
	g := newGnuPG(t)
	certifier := func(name string) string {
		g.gpg("--faked-system-time", "20240101T000000", "--quick-gen-key", name+" <x@example.com>", "ed25519", "cert", "never")
		return g.last()
	}
	expired := certifier("Expired")
	g.gpg("--faked-system-time", "20240201T000000", "--quick-add-key", expired, "ed25519", "sign", "1m")
	revoked := certifier("Revoked")
	g.gpg("--faked-system-time", "20240201T000000", "--quick-add-key", revoked, "ed25519", "sign", "never")
	run(t, g.env, []byte("key 1\nrevkey\ny\n1\n\ny\nsave\n"), "gpg", "--no-tty", "--command-fd", "0", "--pinentry-mode", "loopback", "--passphrase", "", "--edit-key", revoked)
	future := certifier("Future")
	g.gpg("--faked-system-time", "20400101T000000", "--quick-add-key", future, "ed25519", "sign", "never")
	brainpool := func() string {
		g.gpg("--quick-gen-key", "Curve <x@example.com>", "brainpoolP256r1", "sign", "never")
		return g.last()
	}()
	dated := func() string {
		g.gpg("--cert-digest-algo", "SHA1", "--allow-weak-key-signatures", "--quick-gen-key", "Dated <x@example.com>", "ed25519", "sign", "never")
		return g.last()
	}()
	renewed := func() string {
		g.gpg("--cert-digest-algo", "SHA1", "--faked-system-time", "20240101T000000", "--quick-gen-key", "Renewed <x@example.com>", "ed25519", "sign", "never")
		fpr := g.last()
		g.gpg("--cert-digest-algo", "SHA512", "--quick-set-expire", fpr, "5y")
		return fpr
	}()
	if s, err := OpenPGPFile(g.secretKey(renewed, ""), never, time.Now); err != nil {
		t.Errorf("renewed: %v", err)
	} else {
		verifyBoth(t, g.publicKey(renewed), message, signed(t, s), renewed)
	}
	for _, tc := range []struct {
		fpr, text string
		want      error
	}{
		{dated, "the key " + dated + " is bound together with SHA-1 or MD5, which verifiers refuse", ErrKey},
		{expired, "the signing subkey ", ErrExpired},
		{revoked, "the signing subkey ", ErrRevoked},
		{future, "the key " + future + " has no part that may sign files", ErrKey},
		{brainpool, "keys of this kind (OpenPGP's algorithm 19) do not sign here", ErrKey},
	} {
		for name, open := range map[string]func() error{
			"file": func() error { _, err := OpenPGPFile(g.secretKey(tc.fpr, ""), never, time.Now); return err },
			"agent": func() error {
				_, err := OpenPGPAgent(t.Context(), g.socket(), g.publicKey(tc.fpr), nil, time.Now)
				return err
			},
		} {
			if err := open(); !errors.Is(err, tc.want) || !strings.HasPrefix(fmt.Sprint(err), tc.text) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestSequoia signs with a key that sq made: its flags are in another signature,
// and a subkey signs.
func TestSequoia(t *testing.T) {
	need(t, "sq", "sqv", "gpgv")
	dir := t.TempDir()
	secretFile, publicFile := filepath.Join(dir, "secret.pgp"), filepath.Join(dir, "public.pgp")
	if _, err := attempt(nil, nil, "sq", "key", "generate", "--userid", "Ann <ann@example.com>", "--export", secretFile); err != nil {
		if out, err := attempt(nil, nil, "sq", "key", "generate", "--own-key", "--userid", "Ann <ann@example.com>", "--output", secretFile, "--without-password"); err != nil {
			t.Skipf("this sq is called otherwise: %s", out)
		}
	}
	s, err := OpenPGPFile(read(t, secretFile), never, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if s.SubkeyFingerprint() == s.Fingerprint() {
		t.Error("the primary key signs, not the subkey")
	}
	var public bytes.Buffer
	if err := s.entity.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(publicFile, public.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	verifyBoth(t, public.Bytes(), message, signed(t, s), s.Fingerprint())
}
