package main

import (
	"assay/internal/installer"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"assay/internal/intercept"
	"assay/internal/trustroot"
)

// maxTUFRoot bounds the root.json that --root names, in bytes.
const maxTUFRoot = 1 << 20

// trustedRoot loads the trusted root that signatures are verified under.
func (a *app) trustedRoot(path string) (trustroot.Loaded, error) {
	dir, err := a.stateDir()
	if err != nil {
		dir = "" // where nothing can be kept there is no refreshed root either
	}
	root, err := trustroot.Load(trustroot.Options{Dir: dir, Path: path})
	if err != nil {
		return root, badRoot(err)
	}
	if root.Note != "" {
		a.warn("%s", root.Note)
	}
	return root, nil
}

// deferredRoot is trustedRoot for a command that may well end without: only a
// file that was named is read at once. See reportRoot.
func (a *app) deferredRoot(path string) (*trustroot.Deferred, error) {
	dir, err := a.stateDir()
	if err != nil {
		dir = ""
	}
	root, err := trustroot.Defer(trustroot.Options{Dir: dir, Path: path})
	if err != nil {
		return nil, badRoot(err)
	}
	return root, nil
}

// reportRoot says at the end what there is to say of a deferred root.
func (a *app) reportRoot(root *trustroot.Deferred) {
	loaded, err := root.Outcome()
	if err != nil {
		a.complain(err, "no provenance could be verified")
	}
	if loaded.Note != "" {
		a.warn("%s", loaded.Note)
	}
}

func badRoot(err error) error {
	return usage("give a Sigstore trusted root (trusted_root.json), or leave --trusted-root out", "%w", err)
}

// describe says which trusted root is in use and how old it is.
func describe(root trustroot.Loaded, now time.Time) string {
	age, known := root.Age(now)
	if !known {
		return "trusted root: " + root.Origin
	}
	days := int(age.Hours() / 24)
	old := fmt.Sprintf("%d days old", days)
	switch days {
	case 0:
		old = "less than a day old"
	case 1:
		old = "1 day old"
	}
	return fmt.Sprintf("trusted root: %s, of %s (%s)", root.Origin, root.Date.UTC().Format(time.DateOnly), old)
}

func (a *app) trustCommand() *cobra.Command {
	trust := &cobra.Command{
		Use:   "trust",
		Short: "Who may speak for which project, what is remembered and accepted",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("run 'assay trust --help' for what there is", "there is no command %q under trust", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	trust.AddCommand(a.addCommand(), a.denyCommand(), a.listCommand(), a.historyCommand(), a.acceptCommand(), a.removeCommand(), a.exportCommand(), a.importCommand(),
		a.repairCommand(), a.refreshCommand())
	return trust
}

func (a *app) refreshCommand() *cobra.Command {
	var offline, keys, dry, acceptLoss bool
	var mirror, root string
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Fetch the newest Sigstore trusted root by TUF, or the keys of projects anew",
		Long: `Refresh fetches the newest trusted root of the public Sigstore instance through
TUF, verified from the keys that this program carries. What was in use before
stays in use when this fails.

A private Sigstore instance is named by --mirror and --root together.

With --keys it reads every import of trust.toml anew instead, and fetches every key
that has a source: new expiry days and revocations count from then on. Nothing is
taken away in silence: an import that grants less stays as it was, and so does a key
that its source no longer has.

Exit status of --keys: 0 refreshed, 1 an import grants less, 3 something was not read.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if offline {
				return usage("leave --offline out", "the trusted root cannot be refreshed offline")
			}
			if keys && (mirror != "" || root != "") {
				return usage("run it twice", "--keys is about the keys of projects, and --mirror and --root are about the trusted root")
			}
			if keys {
				return a.refreshKeys(cmd.Context(), dry, acceptLoss)
			}
			if dry || acceptLoss {
				return usage("add --keys", "--dry-run and --accept-loss are for keys")
			}
			if (mirror == "") != (root == "") {
				return usage("name the repository and the root.json that its trust starts from", "--mirror and --root go together")
			}
			return a.refresh(cmd.Context(), mirror, root)
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "ask nobody: refuse to refresh")
	cmd.Flags().BoolVar(&keys, "keys", false, "read imports of keys and fetch keys anew, instead")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would change, with --keys")
	cmd.Flags().BoolVar(&acceptLoss, "accept-loss", false, "take an import though it grants less than it did, with --keys")
	cmd.Flags().StringVar(&mirror, "mirror", "", "the TUF repository's `URL`, instead of the public one")
	cmd.Flags().StringVar(&root, "root", "", "the root.json `FILE` that trust in --mirror starts from")
	return cmd
}

func (a *app) refresh(ctx context.Context, mirror, root string) error {
	dir, err := a.stateDir()
	if err != nil {
		return err
	}
	settings, err := a.settings(nil, installer.Options{})
	if err != nil {
		return err
	}
	network, err := a.network(settings)
	if err != nil {
		return err
	}
	if u, err := url.Parse(mirror); mirror != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil) {
		return usage("write it as https://HOST/PATH, without user and password", "--mirror is not the URL of a repository")
	}
	o := trustroot.RefreshOptions{Dir: dir, Mirror: mirror, Transport: intercept.NewUpstream(network.transport, network.trust)}
	if root != "" {
		info, err := os.Stat(root)
		if err == nil && (!info.Mode().IsRegular() || info.Size() > maxTUFRoot) {
			return usage("", "%s is not a root.json", shown(root))
		}
		if o.Root, err = os.ReadFile(root); err != nil {
			return badFile(root, "check the path", err)
		}
	}
	result, err := trustroot.Refresh(ctx, o)
	if errors.Is(err, trustroot.ErrRoot) {
		return usage("give the root.json of the instance's TUF repository", "%s: %w", shown(root), err)
	}
	if err != nil {
		hint := ""
		switch {
		case errors.Is(err, trustroot.ErrState):
			hint = "make room, or set ASSAY_HOME to a folder in which assay may write; what was in use stays in use"
		case errors.Is(err, trustroot.ErrUnreachable):
			hint = "check the network and run it again; what was in use stays in use"
		case errors.Is(err, trustroot.ErrRefused):
			hint = "run it again later, over another network if it says the same; what was in use stays in use"
		}
		return &failure{statusUndecided, err, hint}
	}
	fmt.Fprintln(a.stdout, describe(result.Loaded, time.Now()))
	if !result.Changed {
		fmt.Fprintln(a.stdout, "it is the one that was fetched before")
	}
	return nil
}
