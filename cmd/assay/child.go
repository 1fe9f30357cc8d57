package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"assay/internal/report"
)

// confinedChild runs the command, confined where that was asked for.
func (a *app) confinedChild(f runFlags, s *session, program string, args []string) (int, error) {
	if !f.confine {
		return a.child(program, args, s.env, nil)
	}
	c, err := a.confine(s.proxy.URL(), s.caches, s.env, append([]string{program}, args[1:]...), f.writable)
	if err != nil {
		return 0, err
	}
	defer c.tidy()
	status, err := a.child(program, args, s.env, c)
	if err == nil && status != 0 {
		fmt.Fprintln(a.stderr, "assay: "+report.Line(c.hint()))
	}
	return status, err
}

// child runs the command on this program's own terminal and streams, and returns
// its exit status; an error means that it could not be started.
//
// The command stays in our process group, so that Ctrl-C, Ctrl-Z and the window's
// size reach it from the terminal as they always do. Those signals are ignored
// here; those that are sent to this process alone are passed on.
func (a *app) child(program string, args, env []string, c *confinement) (int, error) {
	cmd := exec.Command(program)
	cmd.Args = args
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stdout, a.stderr
	if err := c.wrap(cmd); err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, passedOn...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, notStarted(args[0], err)
	}
	if err := c.began(); err != nil {
		_ = cmd.Wait() // it ends by itself
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if !fromTerminal(s) {
				cmd.Process.Signal(s)
			}
		case err := <-done:
			var ended *exec.ExitError
			if err != nil && !errors.As(err, &ended) {
				return 0, &failure{statusOwnFailure, fmt.Errorf("waiting for %s: %w", shown(args[0]), err), ""}
			}
			return statusOf(cmd.ProcessState), nil
		}
	}
}
