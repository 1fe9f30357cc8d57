package signing

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const secret = "correct horse battery staple"

// need skips a test where a program is missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
}

// run runs a program that must succeed and returns what it wrote.
func run(t *testing.T, env []string, stdin []byte, command ...string) []byte {
	t.Helper()
	out, err := attempt(env, stdin, command...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
	return out
}

func attempt(env []string, stdin []byte, command ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return append(out.Bytes(), problems.Bytes()...), err
	}
	return out.Bytes(), nil
}

// shortDir is a folder with a name that a socket's path has room for.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// gnupg is a GnuPG home of its own, with a pinentry that gives what is in the
// file "pin".
type gnupg struct {
	t   *testing.T
	dir string
	env []string
}

func newGnuPG(t *testing.T) *gnupg {
	t.Helper()
	need(t, "gpg", "gpgv", "gpg-agent", "gpgconf")
	g := &gnupg{t: t, dir: shortDir(t)}
	g.env = []string{"GNUPGHOME=" + g.dir, "LC_ALL=C"}
	pinentry := filepath.Join(g.dir, "pinentry")
	g.write("pinentry", `#!/bin/sh
echo "OK ready"
while read -r word rest; do
	echo "$word $rest" >> `+g.dir+`/asked
	case "$word" in
	GETPIN) if [ -s `+g.dir+`/pin ]; then echo "D $(cat `+g.dir+`/pin)"; echo OK; else echo "ERR 83886179 Operation cancelled <Pinentry>"; fi ;;
	BYE) echo OK; exit 0 ;;
	*) echo OK ;;
	esac
done
`)
	if err := os.Chmod(pinentry, 0o700); err != nil {
		t.Fatal(err)
	}
	g.write("gpg-agent.conf", "pinentry-program "+pinentry+"\nallow-loopback-pinentry\ns2k-count 65536\n")
	t.Cleanup(func() { _, _ = attempt(g.env, nil, "gpgconf", "--kill", "all") })
	return g
}

func (g *gnupg) write(name, text string) {
	g.t.Helper()
	if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gnupg) gpg(args ...string) []byte {
	g.t.Helper()
	return run(g.t, g.env, nil, append([]string{"gpg", "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
}

// generate makes a key and returns its fingerprint.
func (g *gnupg) generate(algorithm, passphrase, expires string, options ...string) string {
	g.t.Helper()
	g.gpg(append(options, "--passphrase", passphrase, "--quick-gen-key", "Ann <ann@example.com>", algorithm, "sign", expires)...)
	return g.last()
}

// last is the fingerprint of the key that was made last.
func (g *gnupg) last() string {
	g.t.Helper()
	fpr, primary := "", false
	for line := range strings.Lines(string(g.gpg("--with-colons", "--list-keys"))) {
		fields := strings.Split(line, ":")
		if fields[0] == "pub" {
			primary = true
		}
		if fields[0] == "fpr" && primary {
			fpr, primary = fields[9], false
		}
	}
	return fpr
}

func (g *gnupg) secretKey(fpr, passphrase string) []byte {
	g.t.Helper()
	return g.gpg("--passphrase", passphrase, "--armor", "--export-secret-keys", fpr)
}

func (g *gnupg) publicKey(fpr string) []byte {
	g.t.Helper()
	return g.gpg("--export", fpr)
}

// forget ends the home's agent, and with it what it knows, and waits for that.
func (g *gnupg) forget() {
	g.t.Helper()
	run(g.t, g.env, nil, "gpgconf", "--kill", "gpg-agent")
	for range 100 {
		if _, err := os.Lstat(filepath.Join(g.dir, "S.gpg-agent")); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// socket is that of the home's agent, which runs.
func (g *gnupg) socket() string {
	g.t.Helper()
	// An agent that is about to end may hold its socket for a moment.
	for tries := 0; ; tries++ {
		out, err := attempt(g.env, nil, "gpgconf", "--launch", "gpg-agent")
		if err == nil {
			break
		}
		if tries == 20 {
			g.t.Fatalf("gpg-agent does not start: %s", out)
		}
		time.Sleep(250 * time.Millisecond)
	}
	return strings.TrimSpace(string(run(g.t, g.env, nil, "gpgconf", "--list-dirs", "agent-socket")))
}

// verifyBoth checks a detached signature with gpgv, by its status lines, and with sqv.
func verifyBoth(t *testing.T, public, file, armored []byte, fpr string) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"public.gpg": public, "file": file, "file.asc": armored} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	out := run(t, nil, nil, "gpgv", "--status-fd", "1", "--keyring", at("public.gpg"), at("file.asc"), at("file"))
	if !strings.Contains(string(out), "VALIDSIG ") || !strings.Contains(string(out), fpr) {
		t.Errorf("gpgv says:\n%s", out)
	}
	if _, err := exec.LookPath("sqv"); err != nil {
		t.Log("sqv is not installed: gpgv alone was asked")
		return
	}
	if out := run(t, nil, nil, "sqv", "--keyring", at("public.gpg"), at("file.asc"), at("file")); !strings.Contains(string(out), fpr) {
		t.Errorf("sqv says:\n%s", out)
	}
}

// never is an Ask that must not be called.
func never(string) ([]byte, error) { return nil, fmt.Errorf("the passphrase was asked for") }

// given is an Ask that gives a passphrase, and keeps what it gave.
type given struct {
	passphrase string
	prompts    []string
	gave       []byte
}

func (g *given) ask(prompt string) ([]byte, error) {
	g.prompts = append(g.prompts, prompt)
	g.gave = []byte(g.passphrase)
	return g.gave, nil
}
