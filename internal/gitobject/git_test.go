package gitobject

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// signer makes signed tags and commits with real programs, in a home of its own.
type signer struct {
	t         *testing.T
	dir, home string
	options   []string // of git: what it signs with
}

func newSigner(t *testing.T, programs ...string) *signer {
	t.Helper()
	for _, p := range append([]string{"git"}, programs...) {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
	// gpg-agent's socket lies below the home, and paths of sockets are short.
	home, err := os.MkdirTemp("", "g")
	if err != nil {
		t.Fatal(err)
	}
	s := &signer{t: t, dir: t.TempDir(), home: home}
	t.Cleanup(func() {
		if slices.Contains(programs, "gpgconf") {
			s.try("gpgconf", nil, "--kill", "all")
		}
		_ = os.RemoveAll(home)
	})
	s.run("git", nil, "init", "-q")
	s.run("git", nil, "commit", "-q", "--allow-empty", "-m", "first")
	return s
}

func (s *signer) try(name string, in []byte, args ...string) ([]byte, error) {
	c := exec.Command(name, args...)
	c.Dir, c.Stdin = s.dir, bytes.NewReader(in)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "GNUPGHOME=" + s.home, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.invalid", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.invalid"}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, err
}

func (s *signer) run(name string, in []byte, args ...string) []byte {
	s.t.Helper()
	if name == "git" {
		args = append(slices.Clone(s.options), args...)
	}
	out, err := s.try(name, in, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *signer) write(name string, content []byte) string {
	s.t.Helper()
	path := filepath.Join(s.home, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func withGPG(t *testing.T) *signer {
	s := newSigner(t, "gpg", "gpgconf")
	s.run("gpg", nil, "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "ann@example.invalid", "ed25519", "sign", "never")
	s.options = []string{"-c", "user.signingkey=ann@example.invalid"}
	return s
}

func withSSH(t *testing.T) *signer {
	s := newSigner(t, "ssh-keygen")
	key := filepath.Join(s.home, "key")
	s.run("ssh-keygen", nil, "-q", "-t", "ed25519", "-N", "", "-f", key)
	s.options = []string{"-c", "gpg.format=ssh", "-c", "user.signingkey=" + key + ".pub"}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	s.write("allowed", append([]byte("ann@example.invalid "), public...))
	return s
}

func (s *signer) verify(kind SignatureKind, payload, signature []byte) error {
	sig := s.write("sig", signature)
	var err error
	switch kind {
	case OpenPGP:
		_, err = s.try("gpg", nil, "--batch", "--verify", sig, s.write("payload", payload))
	case SSH:
		_, err = s.try("ssh-keygen", payload, "-Y", "verify", "-n", "git", "-f", filepath.Join(s.home, "allowed"), "-I", "ann@example.invalid", "-s", sig)
	default:
		err = fmt.Errorf("a signature of the kind %v", kind)
	}
	return err
}

// messages that git keeps as they are (--cleanup=verbatim), the odd ones first.
func messages() []string {
	out := []string{"Release\n", "no line feed", "\n\n", "Rel\r\n\r\nease \t\r", "J\xf6rg \xff\xfe", "gpgsig x\n y\n", "object " + id1 + "\n\ntagger x\n",
		" " + pgp, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "-----END SSH SIGNATURE-----\n", strings.Repeat("a long line ", 5000)}
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{"\n", "\r", " ", "-----", "tag ", "\xc3", "word", "\t", "ö"}
	for range 12 {
		var b strings.Builder
		b.WriteString("m")
		for range r.IntN(30) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		out = append(out, b.String()+"\n")
	}
	return out
}

// TestRealSignatures holds that what is split off real tags and commits is what
// the programs that made the signatures take, and that a changed byte is not.
func TestRealSignatures(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *signer{"gpg": withGPG, "ssh": withSSH} {
		t.Run(name, func(t *testing.T) {
			s := make(t)
			kind := map[string]SignatureKind{"gpg": OpenPGP, "ssh": SSH}[name]
			for i, m := range messages() {
				message := s.write("message", []byte(m))
				tagName := fmt.Sprintf("v1.%d", i)
				s.run("git", nil, "tag", "-s", "--cleanup=verbatim", "-F", message, tagName)
				raw := s.run("git", nil, "cat-file", "tag", tagName)
				id, err := ParseID(strings.TrimSpace(string(s.run("git", nil, "rev-parse", "refs/tags/"+tagName))))
				if err != nil {
					t.Fatal(err)
				}
				if err := Check(id, TypeTag, raw); err != nil {
					t.Fatal(err)
				}
				tag, err := ParseTag(raw)
				if err != nil {
					t.Fatalf("%q: %v", m, err)
				}
				if strings.HasSuffix(m, "\n") {
					s.expect(m, kind, tag.SignatureKind, tag.Payload, tag.Signature)
				} else if _, err := s.try("git", nil, "verify-tag", tagName); err == nil || tag.SignatureKind != None {
					// Git puts the block into the message's last line, and finds it no more.
					t.Errorf("%q: %v, %v", m, tag.SignatureKind, err)
				}
				if tag.Name != tagName || tag.Type != TypeCommit {
					t.Errorf("%q: %+v", m, tag)
				}
				if who, err := Identify(tag.Tagger); err != nil || who.Email != "ann@example.invalid" {
					t.Errorf("%+v, %v", who, err)
				}
				s.run("git", nil, "commit", "-q", "-S", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-F", message)
				commit, err := ParseCommit(s.run("git", nil, "cat-file", "commit", "HEAD"))
				if err != nil {
					t.Fatalf("%q: %v", m, err)
				}
				s.expect(m, kind, commit.SignatureKind, commit.Payload, commit.Signature)
			}
		})
	}
}

func (s *signer) expect(message string, want, kind SignatureKind, payload, signature []byte) {
	s.t.Helper()
	if kind != want {
		s.t.Fatalf("%q: the kind %v", message, kind)
	}
	if err := s.verify(kind, payload, signature); err != nil {
		s.t.Errorf("%q: %v", message, err)
	}
	changed := bytes.Clone(payload)
	changed[len(changed)-1] ^= 1
	if s.verify(kind, changed, signature) == nil {
		s.t.Errorf("%q: a changed payload verifies", message)
	}
}
