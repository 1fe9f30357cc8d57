package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay/internal/report"
	"assay/internal/signing"
	"assay/internal/sshsig"
)

// signFlags are what `assay sign` was asked for.
type signFlags struct {
	key, agent string
	sshKey     string
	sshAgent   bool
	checksums  string
	force      bool
}

func (a *app) signCommand() *cobra.Command {
	var f signFlags
	cmd := &cobra.Command{
		Use:   "sign FILE ...",
		Short: "Sign distribution files with an OpenPGP or SSH key",
		Long: `Sign makes a detached signature of each file, beside it: FILE.asc with an OpenPGP
key, FILE.sig with an SSH key. With --checksums it signs one list of the files'
SHA-256 instead.

The key is in a file, or in gpg-agent or ssh-agent, which then ask for the
passphrase themselves. A passphrase is asked for on the terminal only. No
signature is overwritten without --force, and none is written unless every file
could be signed.

Exit status: 0 signed, 2 bad usage or input, 3 the agent could not be asked or
the signature could not be written.`,
		Example: `  assay sign dist/* --key release-key.asc
  assay sign dist/* --agent auto --key public-key.asc
  assay sign dist/* --ssh-key ~/.ssh/id_ed25519
  assay sign dist/* --ssh-agent --ssh-key ~/.ssh/id_ed25519.pub
  assay sign dist/* --key release-key.asc --checksums SHA256SUMS`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.sign(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.key, "key", "", "sign with the OpenPGP secret key in `FILE`; with --agent, its public key")
	cmd.Flags().StringVar(&f.agent, "agent", "", "sign through the gpg-agent at `SOCKET`, or where GnuPG has it: auto")
	cmd.Flags().StringVar(&f.sshKey, "ssh-key", "", "sign with the SSH private key in `FILE`; with --ssh-agent, its public key")
	cmd.Flags().BoolVar(&f.sshAgent, "ssh-agent", false, "sign through the ssh-agent that SSH_AUTH_SOCK names")
	cmd.Flags().StringVar(&f.checksums, "checksums", "", "sign a list of checksums instead, written to `FILE`.asc, or to FILE and FILE.sig with SSH")
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite signatures that are there")
	return cmd
}

// check returns what is wrong with the flags.
func (f signFlags) check(files []string) error {
	openpgp, ssh := f.key != "" || f.agent != "", f.sshKey != "" || f.sshAgent
	switch {
	case len(files) == 0:
		return usage("run 'assay sign FILE --key KEY' or 'assay sign FILE --ssh-key KEY'", "there is nothing to sign")
	case openpgp && ssh:
		return usage("run it once for each key", "--key and --agent are for OpenPGP, --ssh-key and --ssh-agent for SSH: one of them signs at a time")
	case !openpgp && !ssh:
		return usage("name one with --key FILE (OpenPGP) or --ssh-key FILE (SSH)", "no key was named")
	case f.agent != "" && f.key == "":
		return usage("export it with 'gpg --armor --export NAME > key.asc', and add --key key.asc", "gpg-agent knows secrets and no names: --agent needs the public key")
	}
	return nil
}

// output is one file to be written.
type output struct {
	path string
	data []byte
}

func (a *app) sign(ctx context.Context, f signFlags, args []string) error {
	files := toSign(args)
	if err := f.check(files); err != nil {
		return err
	}
	if err := f.free(files); err != nil {
		return signFailure(err, f)
	}
	for _, path := range files {
		file, err := openRegular(path, hints{"check the path", "name the distribution files themselves"})
		if err != nil {
			return err
		}
		file.Close()
	}
	signer, err := a.signer(ctx, f)
	if err != nil {
		return signFailure(err, f)
	}
	defer signer.Close()
	var outputs []output
	if f.checksums != "" {
		outputs, err = signList(ctx, signer, f.checksums, files)
	} else {
		outputs, err = signEach(ctx, signer, files)
	}
	if err != nil {
		return signFailure(err, f)
	}
	fmt.Fprintf(a.stdout, "signed with %s\n", report.Line(signedWith(signer)))
	for _, o := range outputs {
		if err := signing.Write(o.path, o.data, f.force); err != nil {
			if !errors.Is(err, signing.ErrExists) {
				err = fmt.Errorf("%s cannot be written: %w", shown(o.path), plainPathError(err))
			}
			return signFailure(err, f)
		}
		fmt.Fprintf(a.stdout, "  %s\n", report.Line(shown(o.path)))
	}
	return nil
}

// toSign leaves out what is named twice, and evidence beside a file that is named
// as well, so that "assay sign dist/*" means the files.
func toSign(args []string) []string {
	var out []string
	for _, arg := range args {
		signature := false
		for _, ending := range []string{".asc", ".sig"} {
			file, ok := strings.CutSuffix(arg, ending)
			signature = signature || ok && slices.Contains(args, file)
		}
		if !signature && !isBeside(arg, args) && !slices.Contains(out, arg) {
			out = append(out, arg)
		}
	}
	return out
}

// outputs are the files that will be written.
func (f signFlags) outputs(files []string) []string {
	ending := ".asc"
	if f.sshKey != "" || f.sshAgent {
		ending = ".sig"
	}
	switch {
	case f.checksums != "" && ending == ".sig":
		return []string{f.checksums, f.checksums + ending}
	case f.checksums != "":
		return []string{clearsignedName(f.checksums)}
	}
	var out []string
	for _, path := range files {
		out = append(out, path+ending)
	}
	return out
}

// clearsignedName is where a clearsigned list goes.
func clearsignedName(name string) string { return strings.TrimSuffix(name, ".asc") + ".asc" }

// free returns an error where something would be overwritten, before anybody is
// asked for a passphrase.
func (f signFlags) free(files []string) error {
	if f.force {
		return nil
	}
	for _, path := range f.outputs(files) {
		if err := signing.Free(path); err != nil {
			return err
		}
	}
	return nil
}

// signer opens the key that the flags name.
func (a *app) signer(ctx context.Context, f signFlags) (signing.Signer, error) {
	ask := func(prompt string) ([]byte, error) { return askPassphrase(ctx, prompt) }
	switch {
	case f.agent != "":
		public, err := readKey(f.key)
		if err != nil {
			return nil, err
		}
		socket, err := a.agentSocket(f.agent)
		if err != nil {
			return nil, err
		}
		return signing.OpenPGPAgent(ctx, socket, public, a.pinentryOptions(), time.Now)
	case f.key != "":
		secret, err := readKey(f.key)
		if err != nil {
			return nil, err
		}
		defer clear(secret)
		return signing.OpenPGPFile(secret, ask, time.Now)
	case f.sshAgent:
		return a.sshAgentSigner(ctx, f.sshKey)
	}
	secret, err := readKey(f.sshKey)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	if _, err := sshsig.ParseKey(string(secret)); err == nil {
		return nil, usage("name the private key, or add --ssh-agent", "%s holds the public key alone", shown(f.sshKey))
	}
	return signing.SSHFile(secret, ask)
}

// sshAgentSigner signs through ssh-agent, with the key in a .pub file or its only one.
func (a *app) sshAgentSigner(ctx context.Context, public string) (signing.Signer, error) {
	var key sshsig.Key
	if public != "" {
		data, err := readKey(public)
		if err != nil {
			return nil, err
		}
		if key, err = sshsig.ParseKey(string(data)); err != nil {
			return nil, usage("with --ssh-agent name the public key, the .pub file", "%s: %w", shown(public), err)
		}
	}
	socket := a.getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, usage("start one with 'eval $(ssh-agent)' and add the key with 'ssh-add', or name the private key with --ssh-key", "there is no ssh-agent: SSH_AUTH_SOCK is not set")
	}
	return signing.SSHAgent(ctx, socket, key)
}

// readKey reads a key's file.
func readKey(path string) ([]byte, error) {
	file, err := openRegular(path, hints{"check the path", "name the file with the key"})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, signing.MaxKeyFile+1))
	if err != nil {
		return nil, &failure{statusUndecided, fmt.Errorf("reading %s: %w", path, err), ""}
	}
	return data, nil
}

// agentSocket returns where gpg-agent listens: the path that was given, or for
// "auto" the first of GnuPG's places where something is.
func (a *app) agentSocket(given string) (string, error) {
	const name = "S.gpg-agent"
	if given != "auto" {
		if info, err := os.Stat(given); err == nil && info.IsDir() {
			return filepath.Join(given, name), nil
		}
		return given, nil
	}
	var places []string
	if home := a.getenv("GNUPGHOME"); home != "" {
		places = []string{home}
	} else {
		places = []string{filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "gnupg")}
		if home := a.getenv("HOME"); home != "" {
			places = append(places, filepath.Join(home, ".gnupg"))
		}
	}
	for _, place := range places {
		socket := filepath.Join(place, name)
		if _, err := os.Stat(socket); err == nil {
			return socket, nil
		}
	}
	return "", &failure{statusUndecided, fmt.Errorf("there is no gpg-agent in %s", strings.Join(places, " or ")),
		"start it with 'gpgconf --launch gpg-agent'; 'gpgconf --list-dirs agent-socket' names the socket for --agent"}
}

// pinentryOptions tell gpg-agent where its pinentry finds the person.
func (a *app) pinentryOptions() []string {
	var out []string
	tty := a.getenv("GPG_TTY")
	if tty == "" {
		if target, err := os.Readlink("/proc/self/fd/0"); err == nil && strings.HasPrefix(target, "/dev/") && target != os.DevNull {
			tty = target
		}
	}
	lang := a.getenv("LC_ALL")
	if lang == "" {
		lang = a.getenv("LANG")
	}
	for _, o := range []struct{ name, value string }{
		{"ttyname", tty}, {"ttytype", a.getenv("TERM")}, {"display", a.getenv("DISPLAY")}, {"lc-ctype", lang}, {"lc-messages", lang},
	} {
		if o.value != "" {
			out = append(out, o.name+"="+o.value)
		}
	}
	return out
}

// signEach makes a signature of each file.
func signEach(ctx context.Context, s signing.Signer, files []string) ([]output, error) {
	var out []output
	for _, path := range files {
		armored, err := signing.SignFile(ctx, s, path)
		if err != nil {
			return nil, err
		}
		out = append(out, output{path + s.Ending(), armored})
	}
	return out, nil
}

// signList makes a signed list of checksums: one file where it can be clearsigned,
// else the list and its signature.
func signList(ctx context.Context, s signing.Signer, name string, files []string) ([]output, error) {
	list, err := signing.Checksums(ctx, files)
	if err != nil {
		return nil, err
	}
	if s, ok := s.(*signing.OpenPGP); ok {
		signed, err := s.ClearSign(ctx, list)
		return []output{{clearsignedName(name), signed}}, err
	}
	h := s.NewHash()
	_, _ = io.WriteString(h, list) // a hash takes everything
	armored, err := s.Sign(ctx, h)
	return []output{{name, []byte(list)}, {name + s.Ending(), armored}}, err
}

// signedWith names the key that signed, as grants do.
func signedWith(s signing.Signer) string {
	if s, ok := s.(*signing.OpenPGP); ok {
		text := "the OpenPGP key " + s.Fingerprint()
		if s.SubkeyFingerprint() != s.Fingerprint() {
			text += ", subkey " + s.SubkeyFingerprint()
		}
		return text
	}
	return "the SSH key " + s.Fingerprint()
}

// signFailure gives an error of signing its status and the next step.
func signFailure(err error, f signFlags) error {
	var known *failure
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	agent := "'gpg --list-secret-keys' shows which keys gpg-agent has"
	start := "start it with 'gpgconf --launch gpg-agent'; 'gpgconf --list-dirs agent-socket' names the socket for --agent"
	if f.sshAgent {
		agent = "'ssh-add -L' shows the agent's keys, 'ssh-add FILE' adds one; --ssh-key FILE.pub says which signs"
		start = "start one with 'eval $(ssh-agent)' and add the key with 'ssh-add'"
	}
	for _, c := range []struct {
		class  error
		status int
		hint   string
	}{
		{signing.ErrExists, statusUsage, "move it away, or write it anew with --force"},
		{signing.ErrExpired, statusUsage, "give it a later end with 'gpg --quick-set-expire', export it again, and publish the new public key"},
		{signing.ErrRevoked, statusUsage, "sign with another key, and tell users its fingerprint"},
		{signing.ErrPassphrase, statusUsage, "try it again"},
		{signing.ErrNoAgent, statusUndecided, start},
		{signing.ErrNotInAgent, statusUsage, agent},
		{signing.ErrAgent, statusUndecided, agent},
		{signing.ErrKey, statusUsage, ""},
	} {
		if errors.Is(err, c.class) {
			return &failure{c.status, err, c.hint}
		}
	}
	return &failure{statusUndecided, err, ""}
}
