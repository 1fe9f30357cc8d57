package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"assay/internal/report"
)

// runFlags are what `assay run` was asked for.
type runFlags struct {
	format      string
	report      string
	trustedRoot string
	quiet       bool
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
  assay run --report report.json -- pip install -r requirements.txt`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runInstaller(f, args) },
	}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().StringVar(&f.format, "format", "text", "the report's format: text or json")
	cmd.Flags().StringVar(&f.report, "report", "", "write the report to `FILE`, as JSON")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "report only what was refused")
	return cmd
}

// runInstaller is the whole of one run. It takes no context: an interrupt is the
// command's to handle, and the report is written all the same.
func (a *app) runInstaller(f runFlags, args []string) error {
	if len(args) == 0 {
		return usage("run 'assay run -- pip install NAME'", "there is no command to run")
	}
	if f.format != "text" && f.format != "json" {
		return usage("", "--format is text or json, not %q", f.format)
	}
	program, err := a.lookUp(args[0])
	if err != nil {
		return err
	}
	out, err := openReport(f.report)
	if err != nil {
		return err
	}
	collector := report.NewCollector()
	s, err := a.openSession(f, args, collector)
	if err != nil {
		out.discard()
		return err
	}
	status, started := a.child(program, args, s.env)
	stats := s.close()
	if started != nil {
		out.discard()
		return started
	}
	for _, host := range stats.HostNames() {
		collector.Skip(host, "neither index pages nor distribution files")
	}
	r := collector.Report("run")
	if err := a.writeReport(f, r, out, status); err != nil {
		return err
	}
	if status != 0 {
		return exit(status)
	}
	return nil
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
