package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"assay/internal/report"
)

// askPassphrase asks on the terminal, and nowhere else: what comes through a pipe
// or an argument stays behind in histories and process lists.
func askPassphrase(ctx context.Context, prompt string) ([]byte, error) {
	noTerminal := func(err error) error {
		return &failure{statusUsage, fmt.Errorf("the key is locked, and there is no terminal to ask for its passphrase on: %w", plainPathError(err)),
			"run it on a terminal, or keep the key in an agent: --agent or --ssh-agent"}
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, noTerminal(err)
	}
	defer tty.Close()
	fd := int(tty.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, noTerminal(err)
	}
	fmt.Fprintf(tty, "%s: ", report.Line(prompt))
	type typed struct {
		text []byte
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		done <- typed{text, err}
	}()
	select {
	case <-ctx.Done():
		// The terminal must show again what is typed on it.
		_ = term.Restore(fd, state)
		fmt.Fprintln(tty)
		return nil, context.Canceled
	case t := <-done:
		fmt.Fprintln(tty)
		if t.err != nil || len(t.text) == 0 {
			return nil, &failure{statusUsage, errors.New("no passphrase was given"), "try it again"}
		}
		return t.text, nil
	}
}
