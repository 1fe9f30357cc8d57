package signing

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"assay/internal/sshsig"
)

// sshKey makes a key with ssh-keygen and returns its file.
func sshKey(t *testing.T, kind, bits, passphrase string, more ...string) string {
	t.Helper()
	need(t, "ssh-keygen")
	path := filepath.Join(t.TempDir(), "key")
	args := []string{"ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "ann@example.com", "-f", path}
	if bits != "" {
		args = append(args, "-b", bits)
	}
	run(t, nil, nil, append(args, more...)...)
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// verifySSH checks a signature with ssh-keygen -Y verify.
func verifySSH(t *testing.T, public, armored []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sig"), armored, 0o600); err != nil {
		t.Fatal(err)
	}
	line := "ann@example.com namespaces=\"file\" " + string(public)
	if err := os.WriteFile(filepath.Join(dir, "allowed"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, nil, message, "ssh-keygen", "-Y", "verify", "-n", "file", "-I", "ann@example.com", "-f", filepath.Join(dir, "allowed"), "-s", filepath.Join(dir, "sig"))
}

// startSSHAgent starts an agent with the keys in files, which must not be locked.
func startSSHAgent(t *testing.T, keys ...string) string {
	t.Helper()
	need(t, "ssh-agent", "ssh-add")
	socket := filepath.Join(shortDir(t), "S")
	out := run(t, nil, nil, "ssh-agent", "-s", "-a", socket)
	_, rest, _ := strings.Cut(string(out), "SSH_AGENT_PID=")
	pid, _, _ := strings.Cut(rest, ";")
	env := []string{"SSH_AUTH_SOCK=" + socket, "SSH_AGENT_PID=" + pid}
	t.Cleanup(func() { _, _ = attempt(env, nil, "ssh-agent", "-k") })
	for _, k := range keys {
		run(t, env, nil, "ssh-add", "-q", k)
	}
	return socket
}

func TestSSH(t *testing.T) {
	for _, tc := range []struct {
		kind, bits string
		more       []string
	}{
		{"ed25519", "", nil}, {"rsa", "2048", nil}, {"rsa", "3072", []string{"-m", "PEM"}}, {"ecdsa", "256", nil},
		{"ecdsa", "384", []string{"-m", "PKCS8"}}, {"ecdsa", "521", nil},
	} {
		t.Run(tc.kind+tc.bits, func(t *testing.T) {
			t.Parallel()
			path := sshKey(t, tc.kind, tc.bits, "", tc.more...)
			public := read(t, path+".pub")
			fromFile, err := SSHFile(read(t, path), never)
			if err != nil {
				t.Fatal(err)
			}
			armored := signed(t, fromFile)
			verifySSH(t, public, armored)
			if tc.kind == "ed25519" || tc.kind == "rsa" { // which sign alike each time
				file := filepath.Join(t.TempDir(), "file")
				if err := os.WriteFile(file, message, 0o600); err != nil {
					t.Fatal(err)
				}
				run(t, nil, nil, "ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", path, file)
				if want := read(t, file+".sig"); !bytes.Equal(armored, want) {
					t.Errorf("ssh-keygen writes\n%s, not\n%s", want, armored)
				}
			}
			key, err := sshsig.ParseKey(string(public))
			if err != nil {
				t.Fatal(err)
			}
			socket := startSSHAgent(t, path)
			for _, which := range []sshsig.Key{key, {}} {
				s, err := SSHAgent(t.Context(), socket, which)
				if err != nil {
					t.Fatal(err)
				}
				verifySSH(t, public, signed(t, s))
				if s.Fingerprint() != key.Fingerprint() || s.Ending() != ".sig" {
					t.Errorf("%s %s", s.Fingerprint(), s.Ending())
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestSSHLocked(t *testing.T) {
	for _, more := range [][]string{nil, {"-m", "PEM"}, {"-m", "PKCS8"}} {
		t.Run(fmt.Sprint(more), func(t *testing.T) {
			path := sshKey(t, "rsa", "2048", secret, append(more, "-a", "4")...)
			person := &given{passphrase: secret}
			s, err := SSHFile(read(t, path), person.ask)
			if len(more) == 2 && more[1] == "PKCS8" {
				if !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), "ssh-keygen -p") {
					t.Errorf("encrypted PKCS #8: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			verifySSH(t, read(t, path+".pub"), signed(t, s))
			if len(person.prompts) != 1 || strings.Trim(string(person.gave), "\x00") != "" {
				t.Errorf("asked %q, what was given is now %q", person.prompts, person.gave)
			}
			wrong := &given{passphrase: "wrong one"}
			_, err = SSHFile(read(t, path), wrong.ask)
			if !errors.Is(err, ErrPassphrase) || strings.Contains(err.Error(), "wrong one") || strings.Trim(string(wrong.gave), "\x00") != "" {
				t.Errorf("a wrong passphrase: %v", err)
			}
		})
	}
}

func TestSSHProblems(t *testing.T) {
	one, two, weak := sshKey(t, "ed25519", "", ""), sshKey(t, "ed25519", "", ""), sshKey(t, "rsa", "1024", "")
	key, err := sshsig.ParseKey(string(read(t, sshKey(t, "ed25519", "", "")+".pub")))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		err  error
		want error
		text string
	}{
		"weak":       {second(SSHFile(read(t, weak), never)), ErrKey, "the SSH key cannot sign files: an RSA key of 1024 bits is too weak: 2048 is the least"},
		"public":     {second(SSHFile(read(t, one+".pub"), never)), ErrKey, "it is not an SSH private key that can be read"},
		"too large":  {second(SSHFile(make([]byte, 1<<20), never)), ErrKey, "1048576 bytes are more"},
		"no agent":   {second(SSHAgent(t.Context(), filepath.Join(t.TempDir(), "none"), key)), ErrNoAgent, "there is no answer from an SSH agent at "},
		"other key":  {second(SSHAgent(t.Context(), startSSHAgent(t, one), key)), ErrNotInAgent, "the SSH agent does not hold the key SHA256:"},
		"two keys":   {second(SSHAgent(t.Context(), startSSHAgent(t, one, two), sshsig.Key{})), ErrNotInAgent, "the SSH agent holds 2 keys: say which of them signs"},
		"no keys":    {second(SSHAgent(t.Context(), startSSHAgent(t), sshsig.Key{})), ErrNotInAgent, "the SSH agent holds no key"},
		"weak agent": {second(SSHAgent(t.Context(), startSSHAgent(t, weak), sshsig.Key{})), ErrKey, "the SSH key cannot sign files"},
		"mail":       {second(SSHAgent(t.Context(), speak(t, "220 mail\n", map[string]string{"": "220 mail\n"}), sshsig.Key{})), ErrAgent, "the SSH agent does not list its keys"},
	} {
		if !errors.Is(tc.err, tc.want) || !strings.HasPrefix(fmt.Sprint(tc.err), tc.text) {
			t.Errorf("%s: %v", name, tc.err)
		}
	}
}

func second(_ *SSH, err error) error { return err }

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.asc")
	if err := Write(path, []byte("one"), false); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("two"), false); !errors.Is(err, ErrExists) {
		t.Errorf("overwritten: %v", err)
	}
	if got := read(t, path); string(got) != "one" {
		t.Errorf("it holds %q", got)
	}
	if err := Write(path, []byte("three"), true); err != nil || string(read(t, path)) != "three" {
		t.Errorf("forced: %v", err)
	}
	dangling := filepath.Join(dir, "dangling.asc")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), dangling); err != nil {
		t.Fatal(err)
	}
	if err := Write(dangling, []byte("x"), false); !errors.Is(err, ErrExists) {
		t.Errorf("through a link: %v", err)
	}
	if err := Write(filepath.Join(dir, "none", "f.asc"), []byte("x"), false); err == nil {
		t.Error("written into a folder that is not there")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	// Only one of many that come at once gets the name.
	contested, won := filepath.Join(dir, "c.asc"), make(chan bool, 32)
	for i := range cap(won) {
		go func() { won <- Write(contested, fmt.Appendf(nil, "%d", i), false) == nil }()
	}
	winners := 0
	for range cap(won) {
		if <-won {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d of %d wrote the file", winners, cap(won))
	}
}

func TestFilesAndNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/x", "b/x", "new\nline", "back\\slash", "space "} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, names := range [][]string{{"a/x", "b/x"}, {"new\nline"}, {"back\\slash"}, {"space "}, {"a"}, {"none"}} {
		var paths []string
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
		}
		if list, err := Checksums(t.Context(), paths); err == nil {
			t.Errorf("%q has the list %q", names, list)
		}
	}
}

// TestLarge signs a file that is never in memory whole.
func TestLarge(t *testing.T) {
	const size = 128 << 20
	path := filepath.Join(t.TempDir(), "large")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	s, err := SSHFile(read(t, sshKey(t, "ed25519", "", "")), never)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := SignFile(t.Context(), s, path); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes were allocated for a file of %d", n, size)
	}
}

// BenchmarkSignFile is a release file of 64 MiB.
func BenchmarkSignFile(b *testing.B) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		b.Fatal(err)
	}
	s, err := SSHFile(pem.EncodeToMemory(block), never)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, 64<<20), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(64 << 20)
	for b.Loop() {
		if _, err := SignFile(b.Context(), s, path); err != nil {
			b.Fatal(err)
		}
	}
}
