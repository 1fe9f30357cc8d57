package confine

import (
	"errors"
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	access "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// needed is the version of Landlock's interface that can limit connections.
const needed = 4

// The rights that are taken away. Reading and executing are not among them, nor
// are ioctls on devices: terminals need them.
const (
	changeFile   = access.AccessFSWriteFile | access.AccessFSTruncate
	changeFolder = changeFile | access.AccessFSRemoveDir | access.AccessFSRemoveFile |
		access.AccessFSMakeChar | access.AccessFSMakeDir | access.AccessFSMakeReg | access.AccessFSMakeSock |
		access.AccessFSMakeFifo | access.AccessFSMakeBlock | access.AccessFSMakeSym | access.AccessFSRefer
)

// Check returns nil where [Restrict] can be expected to work, else an
// [*UnsupportedError].
func Check() error {
	version, err := access.LandlockGetABIVersion()
	if err := judge(version, err); err != nil {
		return err
	}
	return checkFilter()
}

// judge says what the kernel's answer about Landlock means.
func judge(version int, err error) error {
	switch {
	case errors.Is(err, unix.EOPNOTSUPP):
		return &UnsupportedError{"this kernel's Landlock is switched off, so nothing can be confined",
			"add landlock to the kernel's lsm= parameter, or run without '--confine'"}
	case errors.Is(err, unix.ENOSYS):
		return &UnsupportedError{"this kernel has no Landlock, so nothing can be confined",
			"use Linux 6.7 or later, or run without '--confine'"}
	case err != nil:
		return &UnsupportedError{fmt.Sprintf("the kernel does not let assay ask for Landlock (%v), so nothing can be confined", err),
			"let the container's seccomp profile allow Landlock's system calls, or run without '--confine'"}
	case version < needed:
		return &UnsupportedError{fmt.Sprintf("this kernel's Landlock (version %d) cannot limit connections", version),
			"use Linux 6.7 or later, or run without '--confine'"}
	}
	return nil
}

// Restrict confines this process for good: every thread of it, and all that it
// starts. Paths of the limits that do not exist are left out. It restricts
// everything or returns an error, an [*UnsupportedError] where the kernel cannot.
func Restrict(l Limits) error {
	if err := Check(); err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return err
	}
	config, err := landlock.NewConfig(landlock.AccessFSSet(changeFolder), landlock.AccessNetSet(access.AccessNetConnectTCP))
	if err != nil {
		return err
	}
	var rules []landlock.Rule
	for _, path := range l.Write {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		case err != nil:
			return err
		case info.IsDir():
			rules = append(rules, landlock.PathAccess(changeFolder, path).IgnoreIfMissing())
		default:
			rules = append(rules, landlock.PathAccess(changeFile, path).IgnoreIfMissing())
		}
	}
	for _, port := range l.Connect {
		rules = append(rules, landlock.ConnectTCP(port))
	}
	if err := config.Restrict(rules...); err != nil {
		return fmt.Errorf("confining the command: %w", err)
	}
	return install()
}
