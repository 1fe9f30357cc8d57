//go:build unix

package main

import (
	"os"
	"syscall"
)

// refusals opens the file descriptor that closes when this process becomes
// another program.
func refusals() *os.File {
	syscall.CloseOnExec(refusalFile)
	return os.NewFile(refusalFile, "refusals")
}

// become replaces this program by another one, in the same process. It returns
// only where that is not possible.
func become(path string, args, env []string) error {
	return notStarted(args[0], &os.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, args, env)})
}
