package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/engine"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/policy"
	"assay/internal/pypi"
	"assay/internal/report"
	"assay/internal/verify/pep740"
)

// explainReleases is how many releases of a project are explained where none is
// named: the newest ones, up to the first that may be installed.
const explainReleases = 4

// explainFlags are what `assay explain` was asked for.
type explainFlags struct {
	policy, format, trustedRoot string
	offline                     bool
}

func (a *app) explainCommand() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain NAME[==VERSION]",
		Short: "Show every file, its evidence, the rules, what is remembered, and what would change the outcome",
		Long: `Explain shows all that is known of a release and what would be done about it: every
file on the configured index with its evidence and every reason, the rules with
the file and line where they stand, what was let through before, what an installer
would be told, and what would change the outcome. Without a version it shows the
newest releases, up to the first that may be installed. No file is downloaded.

Exit status: 0 when it may be installed, 1 when it is refused, 2 bad usage or
input, 3 could not decide.`,
		Example: `  assay explain requests
  assay explain requests==2.32.5`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.explainProject(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.policy, "policy", "", "judge by the policy in `FILE`, and by no other")
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "ask nobody: show the rules and what is remembered")
	return cmd
}

func (a *app) explainProject(ctx context.Context, f explainFlags, args []string) error {
	if f.format != "text" && f.format != "json" {
		return usage("", "--format is text or json, not %q", f.format)
	}
	if len(args) != 1 {
		return usage("write NAME or NAME==VERSION", "explain takes one project or release, not %d", len(args))
	}
	x, err := a.explanation(ctx, f, args[0])
	if err != nil {
		return err
	}
	if f.format == "json" {
		err = x.WriteJSON(a.stdout)
	} else {
		err = x.WriteExplanation(a.stdout, a.text(a.stdout))
	}
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	if status := x.Exit(); status != 0 {
		return exit(status)
	}
	return nil
}

// explanation gathers what there is to say.
func (a *app) explanation(ctx context.Context, f explainFlags, arg string) (report.Explanation, error) {
	project, version, err := parseSubject(arg)
	if err != nil {
		return report.Explanation{}, err
	}
	p, err := a.judging(f.policy)
	if err != nil {
		return report.Explanation{}, err
	}
	x := report.Explanation{Project: project, Now: time.Now()}
	if !version.IsZero() {
		x.Version = version.String()
	}
	before := a.memory("explain")
	defer before.close()
	if err := before.ready(); err != nil {
		return x, err
	}
	about := assay.Artifact{Ecosystem: assay.PyPI, Project: project, Version: x.Version}
	x.Grants = p.explained(about)
	if x.Memory, err = before.Memory(ctx, about); err != nil {
		return x, err
	}
	if f.offline {
		x.Files = []report.Explained{{Item: report.Item{Artifact: about}, Rules: described(p, about, nil)}}
		x.Offline = true
		return x, nil
	}
	root, err := a.trustedRoot(f.trustedRoot)
	if err != nil {
		return x, err
	}
	settings, err := a.settings(nil, installer.Options{})
	if err != nil {
		return x, err
	}
	client, err := a.indexClient(settings, p.beside)
	if err != nil {
		return x, err
	}
	e := engine.New(engine.Config{Verifiers: promisedVerifiers(pep740.New(root.Root), p.store), Rules: p, Source: client, Memory: before})
	releases, err := findReleases(ctx, client, settings, project, version)
	if err != nil {
		return x, err
	}
	for i, files := range releases {
		if i == explainReleases {
			x.Others = len(releases) - i
			break
		}
		explained, err := explainRelease(ctx, e, client, p, files)
		if err != nil {
			return x, err
		}
		x.Files = append(x.Files, explained...)
		if slices.ContainsFunc(explained, report.Explained.Installable) {
			x.Others = len(releases) - i - 1
			break
		}
	}
	return x, nil
}

// parseSubject reads NAME or NAME==VERSION.
func parseSubject(arg string) (string, pypi.Version, error) {
	if _, _, ok := release(arg); ok {
		return parseRelease(arg)
	}
	project, err := pypi.NormalizeName(arg)
	if err != nil {
		return "", pypi.Version{}, usage("write NAME or NAME==VERSION, such as sampleproject==4.0.0", "%w", err)
	}
	return project, pypi.Version{}, nil
}

// findReleases returns the files of the releases of a project, newest first and
// pre-releases last, as resolvers take them; of one release where a version is
// given.
func findReleases(ctx context.Context, client *index.Client, settings installer.Config, project string, version pypi.Version) ([][]assay.Artifact, error) {
	if !version.IsZero() {
		files, err := findRelease(ctx, client, settings, project, version)
		return [][]assay.Artifact{files}, err
	}
	page, at, err := findPage(ctx, client, settings, project)
	if err != nil {
		return nil, err
	}
	versions := map[string]pypi.Version{}
	for _, f := range page.Files {
		if name, err := pypi.ParseFilenameFor(project, f.Filename); err == nil && !name.Version.IsZero() {
			versions[name.Version.Canonical()] = name.Version
		}
	}
	var order []pypi.Version
	for _, v := range versions {
		order = append(order, v)
	}
	slices.SortFunc(order, func(v, w pypi.Version) int {
		if v.IsPrerelease() != w.IsPrerelease() {
			if v.IsPrerelease() {
				return 1
			}
			return -1
		}
		return w.Compare(v)
	})
	var out [][]assay.Artifact
	for _, v := range order {
		out = append(out, releaseFiles(page, at, project, v))
	}
	if len(out) == 0 && page.Standing.Quarantined() {
		return [][]assay.Artifact{unoffered(page, at, project, "")}, nil
	}
	if len(out) == 0 {
		return nil, usage("look at the project's page", "there is no file of %s on %s", project, index.Redact(at))
	}
	return out, nil
}

// findPage returns a project's page on the first index that has it.
func findPage(ctx context.Context, client *index.Client, settings installer.Config, project string) (*pypi.Page, *url.URL, error) {
	var found *pypi.Page
	var where *url.URL
	known, err := eachPage(ctx, client, settings, project, ", or give '--offline' to see the rules and what is remembered",
		func(page *pypi.Page, at *url.URL) bool {
			found, where = page, at
			return false
		})
	if err == nil && !known {
		err = usage("check the name; the index is the one that pip or uv is configured with", "there is no project %s on the configured index", project)
	}
	return found, where, err
}

// explainRelease judges the files of one release as if their bytes were the
// promised ones.
func explainRelease(ctx context.Context, e *engine.Engine, client *index.Client, p judging, files []assay.Artifact) ([]report.Explained, error) {
	out := make([]report.Explained, len(files))
	errs := make([]error, len(files))
	slots := make(chan struct{}, releaseParallel)
	var wg sync.WaitGroup
	for i, file := range files {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			j, err := judgePromised(ctx, e, client, file)
			out[i], errs[i] = report.Explained{Item: report.NewItem(j), Rules: described(p, file, claimsOf(j))}, err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	cause := slices.IndexFunc(out, func(f report.Explained) bool {
		return f.Decision.Verdict == assay.Deny && !f.Decision.Undecided() && !f.Decision.OfFileAlone()
	})
	if cause < 0 {
		return out, nil
	}
	main, _ := out[cause].Decision.Main()
	for i := range out {
		if out[i].Decision.Verdict != assay.Deny {
			out[i].Release = assay.Refuse(out[i].Artifact, assay.ReleaseRefused,
				fmt.Sprintf("%s, %s [%s]", out[cause].Artifact.Filename, main.Message, main.Code))
		}
	}
	return out, nil
}

// described are the rules for a file, ready to be shown.
func described(p judging, file assay.Artifact, claims []assay.Claim) []report.Rule {
	var out []report.Rule
	for _, r := range policy.Describe(p.For(file, claims)) {
		out = append(out, report.Rule(r))
	}
	return out
}
