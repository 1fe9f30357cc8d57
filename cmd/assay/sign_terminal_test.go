//go:build linux

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// signBench has a locked SSH key and a file to sign.
func signBench(t *testing.T, passphrase string) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir()}
	b.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "LC_ALL=C.UTF-8"}
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed")
	}
	cmd := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-a", "4", "-N", passphrase, "-f", filepath.Join(b.dir, "key"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "foo-1.0.tar.gz"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) sign(t *testing.T, more ...string) *terminal {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return b.open(t, append([]string{assay, "sign", "foo-1.0.tar.gz", "--ssh-key", "key"}, more...)...)
}

// echoes reports whether the terminal shows what is typed.
func (s *terminal) echoes(t *testing.T) bool {
	t.Helper()
	settings, err := unix.IoctlGetTermios(int(s.pty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return settings.Lflag&unix.ECHO != 0
}

// TestSignPassphrase types passphrases: they are not shown, the right one signs,
// and a wrong one does not.
func TestSignPassphrase(t *testing.T) {
	t.Parallel()
	const passphrase = "correct horse"
	for _, tc := range []struct {
		name, typed string
		status      int
		want        string
	}{
		{"right", passphrase, 0, "foo-1.0.tar.gz.sig"},
		{"wrong", "wrong horse", 2, "assay: error: the passphrase does not fit the SSH key"},
		{"none", "", 2, "assay: error: no passphrase was given"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := signBench(t, passphrase)
			s := b.sign(t)
			s.await("Passphrase of the SSH key SHA256:")
			if s.echoes(t) {
				t.Error("the terminal shows what is typed")
			}
			s.press(tc.typed + "\r")
			status, shown := s.wait()
			if status != tc.status || !strings.Contains(shown, tc.want) {
				t.Errorf("status %d:\n%s", status, shown)
			}
			if strings.Contains(shown, "horse") {
				t.Errorf("the passphrase was shown:\n%s", shown)
			}
			_, err := os.Stat(filepath.Join(b.dir, "foo-1.0.tar.gz.sig"))
			if (err == nil) != (tc.status == 0) {
				t.Errorf("the signature: %v", err)
			}
		})
	}
}

// TestSignAsksNobodyInVain shows that nobody is asked for a passphrase in vain.
func TestSignAsksNobodyInVain(t *testing.T) {
	t.Parallel()
	b := signBench(t, "secret")
	if err := os.WriteFile(filepath.Join(b.dir, "foo-1.0.tar.gz.sig"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	status, shown := b.sign(t).wait()
	if status != 2 || !strings.Contains(shown, "is there already") || strings.Contains(shown, "Passphrase") {
		t.Errorf("status %d:\n%s", status, shown)
	}
}

// TestSignInterrupted presses Ctrl-C at the prompt: the terminal shows again what
// is typed, and nothing is written.
func TestSignInterrupted(t *testing.T) {
	t.Parallel()
	b := signBench(t, "secret")
	s := b.sign(t)
	s.await("Passphrase of the SSH key")
	for deadline := time.Now().Add(patience); s.echoes(t) && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	s.press(ctrlC)
	status, shown := s.wait()
	if status != 3 || !strings.Contains(shown, "assay: error: interrupted") {
		t.Errorf("status %d:\n%s", status, shown)
	}
	if !s.echoes(t) {
		t.Error("the terminal does not show what is typed any more")
	}
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".sig") || strings.HasPrefix(e.Name(), ".assay") {
			t.Errorf("%s is left", e.Name())
		}
	}
}
