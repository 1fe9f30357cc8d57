//go:build !linux

package confine

import "runtime"

// Check returns an [*UnsupportedError]: only Linux has what it takes.
func Check() error {
	return &UnsupportedError{"nothing can be confined on " + runtime.GOOS + ": it is Linux's Landlock and seccomp that do it", "run without '--confine'"}
}

// Restrict returns what [Check] returns.
func Restrict(Limits) error { return Check() }
