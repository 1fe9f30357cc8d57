package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/catalog"
	"assay/internal/engine"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/intercept"
	"assay/internal/report"
)

// drain is how long transfers that the command left behind may take to end.
const drain = 2 * time.Second

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
	if err := a.writeReport(f, r, out); err != nil {
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

// session is what stands around the command while it runs.
type session struct {
	env   []string
	proxy *intercept.Proxy
	dir   string // what the command reads; removed at the end
}

func (s *session) close() intercept.Stats {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	stats := s.proxy.Close(ctx)
	os.RemoveAll(s.dir)
	return stats
}

// openSession starts the proxy and prepares the command's environment.
func (a *app) openSession(f runFlags, args []string, recorder engine.Recorder) (_ *session, err error) {
	root, err := a.trustedRoot(f.trustedRoot)
	if err != nil {
		return nil, err
	}
	settings, err := a.settings(args)
	if err != nil {
		return nil, err
	}
	transport, roots, err := a.transport(settings)
	if err != nil {
		return nil, err
	}
	cache, err := a.cacheDir()
	if err != nil {
		return nil, err
	}
	s := &session{}
	if s.dir, err = a.runDir(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	ca, err := intercept.NewCA(0)
	if err != nil {
		return nil, &failure{statusOwnFailure, err, ""}
	}
	bundle := filepath.Join(s.dir, "roots.pem")
	if err := os.WriteFile(bundle, ca.Bundle(roots), 0o600); err != nil {
		return nil, cannotWrite(err)
	}
	known, err := a.credentials(settings)
	if err != nil {
		return nil, err
	}
	client := index.New(index.Options{Transport: transport, UserAgent: userAgent(), Credentials: known.of})
	e := engine.New(engine.Config{Verifiers: verifiers(root.Root), Rules: assay.DefaultRules(), Source: client, Recorder: recorder})
	carrier := transport.Clone()
	intercept.Tune(carrier)
	s.proxy, err = intercept.Start(intercept.Config{
		CA: ca, Desk: catalog.New(e, upstream{index.Upstream{Client: client, Indexes: bases(settings)}}, time.Now),
		Upstream: carrier, SpoolDir: s.dir, Credentials: known.seen,
	})
	if err != nil {
		return nil, &failure{statusOwnFailure, err, "assay needs a port of its own on 127.0.0.1"}
	}
	s.env = installer.Environment(a.env, installer.Setup{ProxyURL: s.proxy.URL(), BundlePath: bundle, CacheDir: filepath.Join(cache, "installers")})
	return s, nil
}

// runDir makes a folder that nobody else can read, for one run.
func (a *app) runDir() (string, error) {
	state, err := a.stateDir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(state, "run")
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", cannotWrite(err)
	}
	dir, err := os.MkdirTemp(parent, "")
	if err != nil {
		return "", cannotWrite(err)
	}
	return dir, nil
}

func cannotWrite(err error) error {
	return &failure{statusUndecided, err, "make room or give assay a folder in which it may write: set ASSAY_HOME"}
}

// reportFile is where the report goes, made before the command starts: a report
// that was asked for and cannot be written is better known before than after.
type reportFile struct {
	file *os.File
	path string
}

func openReport(path string) (*reportFile, error) {
	if path == "" {
		return &reportFile{}, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		// It could not be replaced, or, a device, must not be.
		return nil, reportFailure(path, errors.New("it is not a regular file"))
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".assay-report-*")
	if err != nil {
		return nil, reportFailure(path, err)
	}
	return &reportFile{file, path}, nil
}

func (r *reportFile) discard() {
	if r.file != nil {
		r.file.Close()
		os.Remove(r.file.Name())
	}
}

// keep puts the report in its place, whole or not at all.
func (r *reportFile) keep() error {
	err := errors.Join(r.file.Chmod(0o644), r.file.Sync(), r.file.Close())
	if err == nil {
		err = os.Rename(r.file.Name(), r.path)
	}
	if err != nil {
		os.Remove(r.file.Name())
	}
	return err
}

// writeReport writes the report to its file, as JSON, and shows it on stderr:
// stdout is the command's. A report that cannot be kept is shown all the same.
func (a *app) writeReport(f runFlags, r report.Report, out *reportFile) error {
	var failed error
	if out.file != nil {
		if err := errors.Join(r.WriteJSON(out.file), out.keep()); err != nil {
			out.discard()
			failed = reportFailure(f.report, err)
		}
	}
	return errors.Join(a.showReport(f, r, out.file != nil), failed)
}

// showReport shows the report on stderr, as text where a file holds it as JSON.
func (a *app) showReport(f runFlags, r report.Report, kept bool) error {
	switch {
	case f.quiet && report.Exit(r.Summary()) == report.ExitAllowed:
		return nil
	case f.format == "json" && !kept:
		return r.WriteJSON(a.stderr)
	}
	return r.WritePackages(a.stderr, a.text(a.stderr))
}

func reportFailure(path string, err error) error {
	return &failure{statusUndecided, fmt.Errorf("the report cannot be written to %s: %w", shown(path), plainPathError(err)), "give another place with --report FILE"}
}
