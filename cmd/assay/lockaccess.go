package main

import (
	"errors"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"assay/internal/lockfile"
)

// lockAccess says what of this computer may go into what is read of a lock, which may be a
// stranger's.
type lockAccess struct {
	env      []string // variables that requirements may hold
	anywhere bool     // files that are included may lie outside of the project
	all      bool     // as much as the installer would take, which reads the lock itself
}

func (l *lockAccess) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&l.env, "env", nil, "put the environment variable `NAME` in where requirements have ${NAME} (may be repeated)")
	cmd.Flags().BoolVar(&l.anywhere, "includes-anywhere", false, "read what requirements include, and what links lead to, outside of the git repository too")
}

var variableName = regexp.MustCompile(`^[A-Z0-9_]+$`)

func (l *lockAccess) check() error {
	for _, name := range l.env {
		if !variableName.MatchString(name) {
			return usage("name the variable alone, without a value: --env VERSION", "--env %s: requirements hold variables of capital letters, digits and _ alone", shown(name))
		}
	}
	return nil
}

// getenv is the environment as far as it may be put in.
func (l *lockAccess) getenv(a *app) func(string) string {
	return func(name string) string {
		if l.all || slices.Contains(l.env, name) {
			return a.getenv(name)
		}
		return ""
	}
}

var variableUsed = regexp.MustCompile(`\$\{([A-Z0-9_]+)\}`)

// hint is what to do about a lock that cannot be read; otherwise is for a lock in which no
// variable is at fault.
func (l *lockAccess) hint(err error, otherwise string) string {
	var malformed *lockfile.Error
	if l.all || !errors.As(err, &malformed) {
		return otherwise
	}
	for _, p := range malformed.Problems {
		if m := variableUsed.FindStringSubmatch(p.Detail); m != nil && !slices.Contains(l.env, m[1]) {
			return "a lock gets no variables but those that are named: give --env " + m[1] + " if its value may be shown and sent to the indexes that the lock names"
		}
	}
	return otherwise
}
