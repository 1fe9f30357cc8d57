// Command assay tells who made a Python or Conda package, and whether these are
// the bytes they released, before anything in it runs.
//
//	assay run -- pip install requests     # judge everything the installer fetches
//	assay verify FILE                     # judge files at hand, evidence beside them
//	assay verify NAME==VERSION            # judge a release on the configured index
//	assay check LOCKFILE                  # judge every file that a lock file would install
//	assay lock LOCKFILE                   # add the hashes and publishers that a lock file lacks
//	assay diff OLD NEW                    # show what changed between two lock files in whom one trusts
//	assay policy init|check|test          # write, check and test what packages must be
//	assay trust list                      # what is remembered of each project
//	assay trust accept NAME==VERSION …    # accept a change of publisher for a time
//	assay trust refresh                   # fetch the newest Sigstore trusted root
//	assay sign FILE --key KEY             # sign a release with an OpenPGP or SSH key
//
// The package wires the parts together; it is the only one that reads the
// environment, starts processes and exits.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"assay/internal/confine"
	"assay/internal/report"
)

// Exit statuses beside report.Exit's, the same for every verb and format. What
// `assay run` returns is the command's own, or one of the last three.
const (
	statusUsage     = 2
	statusUndecided = 3

	statusOwnFailure = 125
	statusNotStarted = 126
	statusNotFound   = 127
)

// failure is an error with the status it exits with and the next step.
type failure struct {
	status int
	err    error
	hint   string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// exit is a status without a message: everything was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func usage(hint, format string, args ...any) error {
	return &failure{statusUsage, fmt.Errorf(format, args...), hint}
}

// app is one call of the program: its streams and its environment.
type app struct {
	stdin          *os.File
	stdout, stderr io.Writer
	env            []string
	cwd            string
	color          string
	interrupted    context.Context
}

func main() {
	os.Exit(assayMain())
}

// assayMain runs the program and returns its exit status.
func assayMain() int {
	if len(os.Args) > 1 && os.Args[1] == confine.Verb {
		return becomeConfined(os.Args[2:], os.Environ())
	}
	log.SetOutput(io.Discard) // the person's terminal is not for what libraries say about odd servers
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cwd, err := os.Getwd()
	if err != nil {
		fmt.Fprintf(os.Stderr, "assay: error: the working folder cannot be read: %v\n", err)
		return statusUndecided
	}
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Environ(), cwd: cwd, interrupted: ctx}
	a.collectLater()
	return a.run(os.Args[1:])
}

func (a *app) run(args []string) int {
	root := a.command()
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(a.interrupted)
	var said exit
	if err == nil || errors.As(err, &said) {
		return int(said)
	}
	status := a.explain(err)
	if cmd.Name() == "run" && status < statusOwnFailure {
		// The command's own status may be 1, 2 or 3: ours must not be.
		status = statusOwnFailure
	}
	return status
}

// explain says what went wrong and returns the status that stands for it.
func (a *app) explain(err error) int {
	var f *failure
	switch {
	case errors.As(err, &f):
		a.complain(f.err, f.hint)
		return f.status
	case errors.Is(err, context.Canceled):
		a.complain(errors.New("interrupted"), "")
		return statusUndecided
	}
	// What is left comes from the command-line parser.
	a.complain(err, "run 'assay --help' for the commands and their flags")
	return statusUsage
}

// complain writes an error the way every error of this program reads.
func (a *app) complain(err error, hint string) {
	a.say("error", err.Error())
	if hint != "" {
		a.say("hint", hint)
	}
}

// warn writes what a person should know, and that stops nothing.
func (a *app) warn(format string, args ...any) { a.say("warning", fmt.Sprintf(format, args...)) }

// say writes a text to stderr, each of its lines as one of this program's. Errors
// quote file names, settings and what servers answer, so nothing of it reaches a
// terminal unescaped.
func (a *app) say(kind, text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		fmt.Fprintf(a.stderr, "assay: %s: %s\n", kind, report.Line(line))
	}
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "assay",
		Short: "Who made this package, and are these the bytes they released?",
		Long: "Assay tells you who made a Python package, and whether these are the bytes they\n" +
			"released, before anything in it runs.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("run 'assay --help' for the commands", "there is no command %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&a.color, "color", "auto", "colour the output: auto, always or never")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		switch a.color {
		case "auto", "always", "never":
			return nil
		}
		return usage("", "--color is auto, always or never, not %q", a.color)
	}
	root.AddCommand(a.runCommand(), a.verifyCommand(), a.trustCommand(), a.policyCommand(), a.explainCommand(), a.checkCommand(), a.lockCommand(), a.diffCommand(), a.signCommand(), a.versionCommand())
	return root
}

// getenv returns a variable of the program's environment.
func (a *app) getenv(name string) string {
	value := ""
	for _, kv := range a.env {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			value = v
		}
	}
	return value
}
