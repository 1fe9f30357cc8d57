package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

// child runs the command on this program's own terminal and streams, and returns
// its exit status; an error means that it could not be started.
//
// The command stays in our process group, so that Ctrl-C, Ctrl-Z and the window's
// size reach it from the terminal as they always do. Those signals are ignored
// here; those that are sent to this process alone are passed on.
func (a *app) child(program string, args, env []string) (int, error) {
	cmd := exec.Command(program)
	cmd.Args = args
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stdout, a.stderr
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, passedOn...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		hint := ""
		if errors.Is(err, os.ErrNotExist) {
			hint = "the interpreter that its first line names is missing"
		}
		return 0, &failure{statusNotStarted, fmt.Errorf("%s cannot be started: %w", shown(args[0]), plainPathError(err)), hint}
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
