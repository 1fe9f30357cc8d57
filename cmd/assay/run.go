package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/intercept"
	"assay/internal/report"
)

// runFlags are what `assay run` was asked for.
type runFlags struct {
	format      string
	report      string
	trustedRoot string
	policy      string
	quiet       bool
	cache       string
	vcs         string
	plainHTTP   []string
	tunnel      []string
	confine     bool
	writable    []string
	locked      []string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARG ...]",
		Short: "Run an installer; judge every file before it gets it",
		Long: `Run starts an installer behind a proxy of its own on loopback. Every index page
and every distribution file that it asks for is judged before it is handed on.
What does not hold is refused, with the reason in the installer's own output,
and a report on stderr at the end says who published each package.

Exit status: the command's own; 125 when assay itself failed, 126 when the
command could not be started, 127 when there is no such command.`,
		Example: `  assay run -- pip install requests
  assay run -- uv sync
  assay run --locked pylock.toml -- uv pip sync pylock.toml
  assay run --report report.json -- pip install -r requirements.txt`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runInstaller(f, args) },
	}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().StringVar(&f.format, "format", "text", "the report's format: text or json")
	cmd.Flags().StringVar(&f.report, "report", "", "write the report to `FILE`, as JSON")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	cmd.Flags().StringVar(&f.policy, "policy", "", "judge by the policy in `FILE`, and by no other")
	cmd.Flags().StringArrayVar(&f.locked, "locked", nil, "let only what the lock in `FILE` holds pass, by hash and by identity (may be repeated)")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "report only what was refused")
	cmd.Flags().StringVar(&f.cache, "installer-cache", ownCache, "which caches installers use: own (assay's, in which all came past it) or theirs")
	cmd.Flags().StringVar(&f.vcs, "vcs", "", "sources from version control: allow (and report) or deny; without, as the policy says")
	cmd.Flags().StringArrayVar(&f.plainHTTP, "allow-http", nil, "let `HOST` be asked for pages and files without TLS (may be repeated)")
	cmd.Flags().StringArrayVar(&f.tunnel, "tunnel", nil, "pass connections to `HOST` on unopened (may be repeated)")
	cmd.Flags().BoolVar(&f.confine, "confine", false, "on Linux: let the command connect to nothing but assay, and write only where it installs to")
	cmd.Flags().StringArrayVar(&f.writable, "confine-write", nil, "with --confine: let it write below `DIR` as well (may be repeated)")
	return cmd
}

// The values of --installer-cache and --vcs.
const (
	ownCache    = "own"
	theirCache  = "theirs"
	vcsAllow    = "allow"
	vcsDeny     = "deny"
	patternHint = "write a host name, or *.NAME for all hosts below it, with :PORT or without"
)

func (f runFlags) check() error {
	switch {
	case f.format != "text" && f.format != "json":
		return usage("", "--format is text or json, not %q", f.format)
	case f.cache != ownCache && f.cache != theirCache:
		return usage("", "--installer-cache is own or theirs, not %q", f.cache)
	case f.vcs != "" && f.vcs != vcsAllow && f.vcs != vcsDeny:
		return usage("", "--vcs is allow or deny, not %q", f.vcs)
	case len(f.locked) > 0 && f.cache == theirCache:
		return usage("leave one of them out", "--installer-cache theirs does not go with --locked: what lies in those caches passes without a look")
	case len(f.writable) > 0 && !f.confine:
		return usage("give --confine as well, or leave it out", "--confine-write goes with --confine")
	}
	for _, list := range []struct {
		name   string
		values []string
	}{{"--allow-http", f.plainHTTP}, {"--tunnel", f.tunnel}} {
		for _, v := range list.values {
			if err := intercept.CheckPattern(v); err != nil {
				return usage(patternHint, "%s: %w", list.name, err)
			}
		}
	}
	return nil
}

// rules are the policy's for the whole run, with what the flags change.
func (f runFlags) rules(base assay.Rules) assay.Rules {
	base.PlainHTTP = slices.Concat(base.PlainHTTP, f.plainHTTP)
	switch f.vcs {
	case vcsAllow:
		base.VCS = assay.Warning
	case vcsDeny:
		base.VCS = assay.Error
	}
	return base
}

// runInstaller is the whole of one run. It takes no context: an interrupt is the
// command's to handle, and the report is written all the same.
func (a *app) runInstaller(f runFlags, args []string) error {
	if len(args) == 0 {
		return usage("run 'assay run -- pip install NAME'", "there is no command to run")
	}
	if err := f.check(); err != nil {
		return err
	}
	program, err := a.lookUp(args[0])
	if err != nil {
		return err
	}
	out, err := openReport(f.report)
	if err != nil {
		return err
	}
	watching := make(chan *watch, 1)
	go func() { watching <- a.watch(program, args) }()
	before := a.memory("run")
	collector := report.NewCollector()
	s, err := a.openSession(f, args, collector, before)
	if err != nil {
		out.discard()
		return err
	}
	w := <-watching
	status, started := a.confinedChild(f, s, program, args)
	looking := w.again()
	stats := s.close()
	if started != nil {
		_ = before.close()
		out.discard()
		return started
	}
	outside, unnoted := w.unlooked(<-looking, s, collector)
	a.sayNotes(before)
	forgotten := before.close()
	reportPassed(stats, collector)
	for _, host := range stats.OpenedAnyway {
		fmt.Fprintf(a.stderr, "assay: %s was looked into although --tunnel names it: it belongs to an index\n", report.Line(host))
	}
	a.reportRoot(s.root)
	if err := a.writeReport(f, collector.Report("run"), out, status); err != nil {
		return err
	}
	if forgotten != nil {
		return notRemembered(forgotten)
	}
	if unnoted != nil {
		return cannotWrite(unnoted)
	}
	if status == 0 && outside {
		return exit(report.ExitRefused)
	}
	if status != 0 {
		return exit(status)
	}
	return nil
}

// reportPassed notes what passed without a look.
func reportPassed(stats intercept.Stats, collector *report.Collector) {
	for _, host := range stats.HostNames() {
		collector.Skip(host, "neither index pages nor distribution files")
	}
	why := map[string]string{
		intercept.WhyNamed:        "passed on unopened, as --tunnel says",
		intercept.WhyNotInstaller: "the application's own connections, passed on unopened",
	}
	for _, t := range stats.Tunnels {
		for range t.Count {
			collector.Skip(t.Host, cmp.Or(why[t.Why], "from version control with "+t.Why))
		}
	}
	if stats.OtherTunnels > 0 {
		collector.Skip("further hosts", fmt.Sprintf("connections passed on unopened: %d", stats.OtherTunnels))
	}
	for _, u := range stats.Unopened {
		collector.Skip(u.Host, u.Why)
	}
}

// lookUp finds the command before anything is set up for it.
func (a *app) lookUp(name string) (string, error) {
	program, err := exec.LookPath(name)
	switch {
	case err == nil:
		return program, nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return "", &failure{statusNotFound, fmt.Errorf("there is no command %s", shown(name)), "check its spelling and the PATH"}
	case errors.Is(err, exec.ErrDot):
		return "", &failure{statusNotStarted, fmt.Errorf("%s is only in the working folder", shown(name)), "write ./" + name + " if you mean it"}
	}
	return "", &failure{statusNotStarted, fmt.Errorf("%s cannot be started: %w", shown(name), plainPathError(err)), ""}
}

func plainPathError(err error) error {
	var ee *exec.Error
	if errors.As(err, &ee) {
		err = ee.Err
	}
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		err = le.Err
	}
	return err
}
