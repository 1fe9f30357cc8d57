package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/engine"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/policy"
	"assay/internal/pypi"
	"assay/internal/report"
	"assay/internal/verify/digest"
	"assay/internal/verify/openpgp"
	"assay/internal/verify/pep740"
	"assay/internal/verify/ssh"
)

// casesName is the file of cases that is looked for where none is named.
const casesName = "assay-policy-test.toml"

// policyTestFlags are what `assay policy test` was asked for.
type policyTestFlags struct {
	policy, file, format, trustedRoot string
}

func (a *app) policyTestCommand() *cobra.Command {
	var f policyTestFlags
	cmd := &cobra.Command{
		Use:   "test [NAME==VERSION ...]",
		Short: "Show what the policy decides, or hold it to a file of cases",
		Long: `With NAME==VERSION, test asks the configured index for the files of a release and
for their provenance, downloads none of them, and shows what would be decided
about each if its bytes are the promised ones, with the rules and where they are
written.

Without, it holds the policy to the cases of a file, assay-policy-test.toml where
--file names no other, and asks nobody. The policy is the one that --policy names,
else the project's upward from that file, without your own, so that the answer is
the same on every computer.

Exit status: 0 when all is allowed or as expected, 1 when something is refused or
not as expected, 2 bad usage or input, 3 could not decide.`,
		Example: `  assay policy test django==5.2
  assay policy test --file assay-policy-test.toml`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.policyTest(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.policy, "policy", "", "judge by the policy in `FILE`, and by no other")
	cmd.Flags().StringVar(&f.file, "file", "", "hold the policy to the cases in `FILE`")
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	return cmd
}

func (a *app) policyTest(ctx context.Context, f policyTestFlags, args []string) error {
	switch {
	case f.format != "text" && f.format != "json":
		return usage("", "--format is text or json, not %q", f.format)
	case len(args) > 0 && f.file != "":
		return usage("run it twice", "--file does not go with NAME==VERSION")
	case len(args) == 0:
		return a.testCases(f)
	}
	return a.testReleases(ctx, f, args)
}

// tested is what a test of cases comes to.
type tested struct {
	Schema  int          `json:"schema"`
	Command string       `json:"command"`
	Cases   []testedCase `json:"cases"`
	Failed  int          `json:"failed"`
}

type testedCase struct {
	Name    string        `json:"name"`
	Line    int           `json:"line"`
	OK      bool          `json:"ok"`
	Failure string        `json:"failure,omitempty"`
	Verdict string        `json:"verdict"`
	Reasons []string      `json:"reasons"`
	Rules   []policy.Rule `json:"rules"`
}

// testCases holds the policy to a file of cases.
func (a *app) testCases(f policyTestFlags) error {
	path := f.file
	if path == "" {
		path = casesName
	}
	found, err := a.readPolicy(path, filepath.ToSlash(path))
	switch {
	case err != nil:
		return err
	case found == nil && f.file == "":
		return usage("name a release, or write "+casesName+": docs/policy.md shows how", "there is nothing to test")
	case found == nil:
		return usage("check the path", "%s: no such file", shown(path))
	}
	cases, err := policy.ParseCases(found.name, found.data)
	if err != nil {
		return usage("docs/policy.md says what may stand in a file of cases", "%w", err)
	}
	p, err := a.policyOf(f.policy, filepath.Dir(found.path))
	if err != nil {
		return err
	}
	out := tested{Schema: 1, Command: "policy test"}
	for _, c := range cases {
		out.add(c, p)
	}
	if f.format == "json" {
		err = writeJSON(a.stdout, out)
	} else {
		err = out.write(a, found.name)
	}
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	if out.Failed > 0 {
		return exit(report.ExitRefused)
	}
	return nil
}

// policyOf is the policy that a file of cases is about.
func (a *app) policyOf(named, dir string) (*policy.Policy, error) {
	if named != "" {
		return a.policy(named)
	}
	found, err := a.projectPolicy(dir)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, usage("name one with '--policy FILE', or write one with 'assay policy init'", "there is no policy to test")
	}
	return joined(found, nil)
}

func (t *tested) add(c policy.Case, p *policy.Policy) {
	rules, decision := c.Decide(p, time.Now())
	one := testedCase{Name: c.Name, Line: c.Line, Verdict: string(decision.Verdict), Failure: c.Failure(decision),
		Rules: policy.Describe(rules), Reasons: []string{}}
	one.OK = one.Failure == ""
	if !one.OK {
		t.Failed++
	}
	for _, r := range decision.Reasons {
		one.Reasons = append(one.Reasons, fmt.Sprintf("%s [%s]", r.Message, r.Code))
	}
	t.Cases = append(t.Cases, one)
}

func (t *tested) write(a *app, name string) error {
	for _, c := range t.Cases {
		if c.OK {
			fmt.Fprintf(a.stdout, "ok      %s\n", report.Line(c.Name))
			continue
		}
		fmt.Fprintf(a.stdout, "FAILED  %s (%s:%d): %s\n", report.Line(c.Name), report.Line(name), c.Line, c.Failure)
		for _, r := range c.Reasons {
			fmt.Fprintf(a.stdout, "        %s\n", report.Line(r))
		}
		for _, r := range c.Rules {
			if r.Origin != policy.BuiltIn {
				fmt.Fprintf(a.stdout, "        rule: %s = %s (%s)\n", r.Key, report.Line(r.Value), report.Line(r.Origin))
			}
		}
	}
	_, err := fmt.Fprintf(a.stdout, "%s, %d failed\n", counted(len(t.Cases), "case"), t.Failed)
	return err
}

// testReleases shows what would be decided about releases on the index.
func (a *app) testReleases(ctx context.Context, f policyTestFlags, args []string) error {
	p, err := a.judging(f.policy)
	if err != nil {
		return err
	}
	root, err := a.trustedRoot(f.trustedRoot)
	if err != nil {
		return err
	}
	settings, err := a.settings(nil, installer.Options{})
	if err != nil {
		return err
	}
	client, err := a.indexClient(settings, p.beside)
	if err != nil {
		return err
	}
	e := engine.New(engine.Config{Verifiers: promisedVerifiers(pep740.New(root.Root), p.store), Rules: p, Source: client})
	collector := report.NewCollector()
	var applied []appliedRules
	for _, arg := range args {
		project, version, err := parseRelease(arg)
		if err != nil {
			return err
		}
		files, err := findRelease(ctx, client, settings, project, version)
		if err != nil {
			return err
		}
		for _, file := range files {
			j, err := judgePromised(ctx, e, client, file)
			if err != nil {
				return err
			}
			if err := collector.Record(ctx, j); err != nil {
				return err
			}
			applied = append(applied, appliedRules{cmp.Or(file.Filename, file.Project), policy.Describe(p.For(file, claimsOf(j)))})
		}
	}
	return a.writeTested(f, collector.Report("policy test"), applied)
}

// promisedVerifiers are those that judge a file whose bytes are not at hand.
func promisedVerifiers(provenance *pep740.Verifier, keys keyring) []engine.Verifier {
	return []engine.Verifier{digest.Verifier{}, provenance, openpgp.New(keys), ssh.New(keys)}
}

// judgePromised judges a file as if its bytes were those that the index promises,
// without them. That they are is no evidence, and is left out. Only where a signature
// covers the bytes are they fetched.
func judgePromised(ctx context.Context, e *engine.Engine, client *index.Client, file assay.Artifact) (engine.Judgement, error) {
	if j, ok := beforehand(file); ok {
		return j, nil
	}
	j, err := e.Judge(ctx, assay.Subject{Artifact: file})
	content := assay.Content{Digests: file.Digests, Size: file.Size}
	pending := func(ev assay.Evidence) bool { return ev.State == assay.Pending }
	if err == nil && slices.ContainsFunc(j.Evidence, pending) {
		var unread error
		if content, unread = fetch(ctx, client, file, j.Hashing); unread != nil {
			j.Decision = j.Decision.Join(assay.Refuse(file, assay.FileUnavailable, unread.Error()))
			return j, ctx.Err()
		}
	}
	if _, promised := file.Digest("sha256"); err == nil && promised {
		if j, err = e.Complete(ctx, j, content); err == nil {
			j.Subject.Content = nil
			j.Evidence = slices.DeleteFunc(j.Evidence, func(ev assay.Evidence) bool { return ev.Verifier == digest.Verifier{}.Name() })
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		err = &failure{statusUndecided, err, ""}
	}
	return j, err
}

// claimsOf are the claims that hold; none is an empty list.
func claimsOf(j engine.Judgement) []assay.Claim {
	out := []assay.Claim{}
	for _, ev := range j.Evidence {
		if ev.State == assay.Verified {
			out = append(out, ev.Claims...)
		}
	}
	return out
}

// parseRelease reads NAME==VERSION.
func parseRelease(arg string) (string, pypi.Version, error) {
	const hint = "write NAME==VERSION, such as sampleproject==4.0.0"
	name, version, ok := release(arg)
	if !ok {
		return "", pypi.Version{}, usage(hint, "%s is not NAME==VERSION", shown(arg))
	}
	project, err := pypi.NormalizeName(name)
	if err != nil {
		return "", pypi.Version{}, usage(hint, "%w", err)
	}
	wanted, err := pypi.ParseVersion(version)
	if err != nil {
		return "", pypi.Version{}, usage(hint, "%w", err)
	}
	return project, wanted, nil
}

// appliedRules are the rules that a file was judged by.
type appliedRules struct {
	Filename string        `json:"filename"`
	Rules    []policy.Rule `json:"rules"`
}

// writeTested writes the decisions, and below them the rules: once for files that
// share them.
func (a *app) writeTested(f policyTestFlags, r report.Report, applied []appliedRules) error {
	var err error
	if f.format == "json" {
		var buffer bytes.Buffer
		if err = r.WriteJSON(&buffer); err == nil {
			err = writeJSON(a.stdout, struct {
				Schema  int             `json:"schema"`
				Command string          `json:"command"`
				Report  json.RawMessage `json:"report"`
				Rules   []appliedRules  `json:"rules"`
			}{1, "policy test", buffer.Bytes(), applied})
		}
	} else if err = r.WriteFiles(a.stdout, a.text(a.stdout)); err == nil {
		err = a.writeApplied(applied)
	}
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	if status := report.Exit(r.Summary()); status != 0 {
		return exit(status)
	}
	return nil
}

func (a *app) writeApplied(applied []appliedRules) error {
	var err error
	for len(applied) > 0 {
		first := applied[0]
		same := func(o appliedRules) bool { return reflect.DeepEqual(o.Rules, first.Rules) }
		fmt.Fprintln(a.stdout, "\nrules for")
		for _, o := range applied {
			if same(o) {
				fmt.Fprintf(a.stdout, "  %s\n", shown(o.Filename))
			}
		}
		for _, rule := range first.Rules {
			_, err = fmt.Fprintf(a.stdout, "    %-15s %s (%s)\n", rule.Key, report.Line(rule.Value), report.Line(rule.Origin))
		}
		applied = slices.DeleteFunc(applied, same)
	}
	return err
}
