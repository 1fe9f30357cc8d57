package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"assay/internal/lockcheck"
	"assay/internal/report"
)

const (
	// checkParallel is how many files are judged at once.
	checkParallel = 16
	// saveEvery is after how many files what was found is written.
	saveEvery = 200
	// maxCheckedLock is how large a lock may be in bytes: what is larger the reader refuses.
	maxCheckedLock = 128 << 20
	// evidenceFolder, below the cache folder, is where evidence is kept.
	evidenceFolder = "evidence"
)

// checkFlags are what `assay check` was asked for.
type checkFlags struct {
	policy, trustedRoot, format string
	platform, python, since     string
	download, offline           bool
	// looks says that nothing is decided: memory is read where it can be, and never written.
	looks bool

	access      lockAccess
	environment lockcheck.Environment
}

// environmentText is the environment as a person asked for it.
func (f checkFlags) environmentText() string {
	parts := []string{}
	if f.platform != "" {
		parts = append(parts, f.platform)
	}
	if f.python != "" {
		parts = append(parts, "Python "+f.python)
	}
	return strings.Join(parts, " with ")
}

// checkFormats are the forms of the result.
var checkFormats = []string{"text", "json", "sarif", "junit", "markdown"}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check LOCKFILE ...",
		Short: "Verify every file that a lock file would install",
		Long: `Check judges every file that any platform could install from a lock file:
requirements.txt, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock.
Each needs a strong hash in the lock, the same digest on its index, the evidence
that the policy asks for, and, where the lock names attestation identities, an
attestation by one of them. Every refusal names the file and line of the lock.

Nothing is downloaded: files are judged by their promised digests, which an
installer compares. With --download the bytes are compared and the archives
looked into as well.

What was verified is kept for a day. With --offline nobody is asked: what is not
kept is undecided.

Exit status: 0 when all may be installed, 1 when something is refused, 2 bad
usage or input, 3 could not decide.`,
		Example: `  assay check uv.lock
  assay check requirements.txt --platform linux-x86_64 --python 3.12
  assay check uv.lock --changed-since origin/main --format markdown`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.check(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.platform, "platform", "", "look only at entries and files for `PLATFORM`: linux, macos-arm64, manylinux_2_28_x86_64")
	cmd.Flags().StringVar(&f.python, "python", "", "look only at entries and files for Python `VERSION`: 3.12")
	cmd.Flags().BoolVar(&f.download, "download", false, "compare the bytes and look into the archives too")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "ask nobody: judge from what earlier checks kept")
	cmd.Flags().StringVar(&f.since, "changed-since", "", "look only at entries that changed since the git revision `REV`")
	f.access.flags(cmd)
	cmd.Flags().StringVar(&f.policy, "policy", "", "judge by the policy in `FILE`, and by no other")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	cmd.Flags().StringVar(&f.format, "format", "text", "text, json, sarif, junit or markdown")
	return cmd
}

func (a *app) check(ctx context.Context, f checkFlags, args []string) error {
	if !slices.Contains(checkFormats, f.format) {
		return usage("", "--format is %s or %s, not %q", strings.Join(checkFormats[:4], ", "), checkFormats[4], f.format)
	}
	switch {
	case len(args) == 0:
		return usage("name a lock file: assay check requirements.txt", "there is nothing to check")
	case f.download && f.offline:
		return usage("leave one of them out", "--download does not go with --offline")
	}
	err := f.access.check()
	if err != nil {
		return err
	}
	if f.environment, err = lockcheck.NewEnvironment(f.platform, f.python); err != nil {
		return usage("leave it out to look at the files of every platform", "%w", err)
	}
	locks, err := a.readLocks(args, &f.access)
	if err != nil {
		return err
	}
	only, err := a.changedSince(ctx, f, locks)
	if err != nil {
		return err
	}
	c, err := a.newChecker(f)
	if err != nil {
		return err
	}
	c.only = only
	result, failed := c.check(ctx, locks)
	if err := c.close(); err != nil {
		a.warn("what was found is not kept for the next time: %v", err)
	}
	if failed != nil {
		return failed
	}
	return a.writeCheck(f, result)
}

// writeCheck writes the result and returns the status that stands for it.
func (a *app) writeCheck(f checkFlags, c report.Check) error {
	var err error
	switch f.format {
	case "json":
		err = c.WriteJSON(a.stdout)
	case "sarif":
		err = c.WriteSARIF(a.stdout, version)
	case "junit":
		err = c.WriteJUnit(a.stdout)
	case "markdown":
		err = c.WriteMarkdown(a.stdout)
	default:
		err = c.WriteText(a.stdout, a.text(a.stdout))
	}
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	if status := report.Exit(c.Summary()); status != 0 {
		return exit(status)
	}
	return nil
}
