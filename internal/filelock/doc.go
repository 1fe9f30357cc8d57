// Package filelock locks open files between processes, without ever waiting.
//
//	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
//	err = filelock.Try(f)                  // ErrHeld: somebody else has it
//	…
//	f.Close()                              // gives the lock back
//
// The lock is flock(2) on Unix and LockFileEx on Windows. It belongs to the open
// file: the operating system gives it back when that is closed, and however its
// process ends, kill -9 included. Two open files exclude each other in one process
// as well.
package filelock

import "errors"

var (
	// ErrHeld says that somebody else holds the lock.
	ErrHeld = errors.New("the lock is held")
	// ErrUnsupported says that the file system has no locks.
	ErrUnsupported = errors.New("the file system has no locks")
)
