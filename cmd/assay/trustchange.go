package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/journal"
	"assay/internal/pypi"
	"assay/internal/report"
)

// usualCodes are the changes that "trust accept" is about where no code is named.
var usualCodes = []string{string(assay.PublisherChanged), string(assay.ProvenanceLost), string(assay.SignatureMissing)}

// acceptFlags are what `assay trust accept` was asked for.
type acceptFlags struct {
	identity, reason, until string
	codes                   []string
}

func (a *app) acceptCommand() *cobra.Command {
	var f acceptFlags
	cmd := &cobra.Command{
		Use:   "accept NAME[==VERSION] --reason TEXT --until YYYY-MM-DD",
		Short: "Accept a change of a project until a day",
		Long: `Accept lets files through, up to and with a day (in UTC), that are refused because
their publisher changed or their provenance or signature was lost. What is broken cannot be
accepted: other bytes under a name that was seen before are always refused.

By what is let through so the new publisher does not become the known one.`,
		Example: `  assay trust accept foo==2.0 --reason "moved to the new organisation, ticket 4711" --until 2026-12-31
  assay trust accept foo --identity github:newowner/foo --reason "new maintainer" --until 2026-12-31`,
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := f.entry(args, time.Now())
			if err != nil {
				return err
			}
			e.By = a.userName()
			return a.withMemory(func(j *journal.Journal) error {
				added, err := j.Append(cmd.Context(), e)
				if err != nil {
					return notRemembered(err)
				}
				fmt.Fprintf(a.stdout, "%s: %s\n", e.Project, describeAccepted(added[0]))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, in a few words: `TEXT`")
	cmd.Flags().StringVar(&f.until, "until", "", "the last day on which it holds: `YYYY-MM-DD`")
	cmd.Flags().StringVar(&f.identity, "identity", "", "only from publishers that fit `PATTERN`, such as github:owner/repo")
	cmd.Flags().StringArrayVar(&f.codes, "code", usualCodes, "the `CODE` that is accepted (may be repeated)")
	return cmd
}

// entry is the acceptance that the flags describe.
func (f acceptFlags) entry(args []string, now time.Time) (journal.Entry, error) {
	e := journal.Entry{Kind: journal.Accept, Identity: f.identity, Reason: strings.TrimSpace(f.reason)}
	var err error
	if e.Project, e.Version, err = oneRelease(args, "accept"); err != nil {
		return e, err
	}
	const full = "run 'assay trust accept NAME==VERSION --reason TEXT --until YYYY-MM-DD'"
	if e.Reason == "" {
		return e, usage(full, "who accepts says why: --reason is missing")
	}
	if f.until == "" {
		return e, usage(full, "an acceptance ends: --until is missing")
	}
	day, err := time.Parse(time.DateOnly, f.until)
	if err != nil {
		return e, usage("write it as YYYY-MM-DD", "--until is not a day: %s", shown(f.until))
	}
	e.Until = day.Add(24 * time.Hour)
	switch {
	case !e.Until.After(now):
		return e, usage("give a day to come", "--until is in the past: %s", f.until)
	case e.Until.After(journal.LatestEnd(now)):
		return e, usage("accept it again when it ends", "--until is more than 5 years ahead: %s", f.until)
	case e.Identity != "" && !strings.Contains(e.Identity, ":"):
		return e, usage("write it as github:owner/repo, gitlab:group/project or google:address", "--identity names no publisher: %s", shown(e.Identity))
	}
	for _, code := range f.codes {
		if c := assay.Code(code); !c.Waivable() {
			return e, usage("docs/reasons says of each code whether it can be", "%s cannot be accepted", shown(code))
		} else if !slices.Contains(e.Codes, c) {
			e.Codes = append(e.Codes, c)
		}
	}
	return e, nil
}

// oneRelease reads NAME or NAME==VERSION.
func oneRelease(args []string, verb string) (project, version string, err error) {
	hint := "write NAME or NAME==VERSION, such as sampleproject==4.0.0"
	if len(args) != 1 {
		return "", "", usage(hint, "%s takes one project or release, not %d", verb, len(args))
	}
	name, version, pinned := strings.Cut(args[0], "==")
	if project, err = pypi.NormalizeName(strings.TrimSpace(name)); err != nil {
		return "", "", usage(hint, "%w", err)
	}
	if !pinned {
		return project, "", nil
	}
	v, err := pypi.ParseVersion(version)
	if err != nil {
		return "", "", usage(hint, "%w", err)
	}
	return project, v.String(), nil
}

// userName is who is named in memory for what a person does.
func (a *app) userName() string {
	for _, name := range []string{"USER", "LOGNAME", "USERNAME"} {
		if user := a.getenv(name); user != "" {
			return strings.ToValidUTF8(user, "?")
		}
	}
	return "somebody"
}

func (a *app) removeCommand() *cobra.Command {
	var reason, key string
	var acceptance int64
	cmd := &cobra.Command{
		Use:   "remove NAME[==VERSION]|NAME --grant KEY|--acceptance N --reason TEXT",
		Short: "Forget what was seen of a project, or take a grant or an acceptance back",
		Long: `Remove forgets which publishers and bytes were seen of a project or of one of its
releases: the next use is a first use again. With --acceptance it takes back the
acceptance of that number instead, with --grant what trust.toml grants or denies
to that key. The entries stay in the history, and so does the reason.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			e := journal.Entry{Kind: journal.Remove, Target: acceptance, Reason: strings.TrimSpace(reason), By: a.userName()}
			var err error
			switch {
			case e.Reason == "":
				return usage("give --reason TEXT", "who removes something says why: --reason is missing")
			case key != "" && acceptance == 0:
				return a.removeGrant(cmd, args, key, e.Reason)
			case cmd.Flags().Changed("acceptance") && (len(args) > 0 || acceptance < 1):
				return usage("'assay trust list' shows the numbers of acceptances", "--acceptance takes the number of one, and goes without a project")
			case acceptance == 0:
				if e.Project, e.Version, err = oneRelease(args, "remove"); err != nil {
					return err
				}
			}
			return a.withMemory(func(j *journal.Journal) error { return a.remove(cmd.Context(), j, e) })
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a few words: `TEXT`")
	cmd.Flags().StringVar(&key, "grant", "", "take back what is granted or denied to `KEY`, as 'assay trust list' names it")
	cmd.Flags().Int64Var(&acceptance, "acceptance", 0, "take back acceptance `N`, as 'assay trust list' numbers it")
	return cmd
}

func (a *app) remove(ctx context.Context, j *journal.Journal, e journal.Entry) error {
	var about []string // all, to find an acceptance
	if e.Target == 0 {
		about = []string{e.Project}
	}
	known, err := j.Known(ctx, about...)
	if err != nil {
		return memoryFailure(err)
	}
	found := 0
	for _, k := range known {
		for _, accepted := range k.Accepted {
			if e.Target != 0 && accepted.Seq == e.Target {
				e.Project = k.Project
				found++
			}
		}
		for _, f := range k.Files {
			if e.Target == 0 && (e.Version == "" || canonical(e.Project, e.Version) == canonical(e.Project, f.Version)) {
				found++
			}
		}
	}
	switch {
	case found == 0 && e.Target != 0:
		return usage("'assay trust list' shows the numbers of acceptances", "there is no acceptance %d", e.Target)
	case found == 0:
		return usage("'assay trust list' shows what is", "nothing is remembered of %s", strings.TrimSuffix(e.Project+"=="+e.Version, "=="))
	}
	added, err := j.Append(ctx, e)
	if err != nil {
		return notRemembered(err)
	}
	text := "removed: " + describeEntry(added[0])
	if e.Target == 0 {
		text += fmt.Sprintf(" (%s)", plural(found, "file"))
	}
	fmt.Fprintln(a.stdout, text)
	return nil
}

func (a *app) repairCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "repair",
		Short: "Go on with what is sound in a damaged memory",
		Long: `Repair begins a new journal with every entry that is sound in a damaged one, and
keeps the damaged one beside it: nothing is deleted. The repair itself is an
entry.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := a.memoryOptions("trust")
			if err != nil {
				return err
			}
			options.By = a.userName()
			r, err := journal.Salvage(cmd.Context(), options, dry)
			switch {
			case errors.Is(err, journal.ErrNewer), errors.Is(err, journal.ErrBusy):
				return memoryFailure(err)
			case err != nil:
				return cannotWrite(err)
			case r.Sound():
				fmt.Fprintln(a.stdout, "there is nothing to repair")
				return nil
			}
			fmt.Fprintln(a.stdout, describeRepair(r, dry))
			return nil
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be done")
	return cmd
}

func describeRepair(r journal.Repaired, dry bool) string {
	text := fmt.Sprintf("entries that go on: %d; lines set aside: %d", r.Kept, r.Aside)
	if r.Missing > 0 {
		text += fmt.Sprintf("; missing: %d or more", r.Missing)
	}
	switch {
	case dry:
		text += "; nothing was changed"
	case r.Path != "":
		text += "; the journal as it was is " + r.Path
	}
	return text
}

// conflicts says why nothing was imported.
func (a *app) conflicts(m journal.Merged) error {
	projects := []string{}
	for _, c := range m.Conflicts {
		fmt.Fprintf(a.stdout, "! %s: %s\n", c.Project, c.What)
		if !slices.Contains(projects, c.Project) {
			projects = append(projects, c.Project)
		}
	}
	return &failure{report.ExitRefused, fmt.Errorf("nothing was imported: %s", plural(len(m.Conflicts), "conflict")),
		"ask who exported it; to take their word, 'assay trust remove " + projects[0] + " --reason TEXT', then import it again"}
}
