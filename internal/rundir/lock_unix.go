//go:build unix

package rundir

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// removesOpen says that a file can be removed while it is open.
const removesOpen = true

// tryLock locks a file without waiting. The lock belongs to the open file, which
// is closed in whatever this process executes.
func tryLock(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		for {
			if failed = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB); failed != unix.EINTR {
				return
			}
		}
	}); err != nil {
		return err
	}
	switch {
	case failed == nil:
		return nil
	case errors.Is(failed, unix.EWOULDBLOCK):
		return errHeld
	case errors.Is(failed, unix.ENOTSUP), errors.Is(failed, unix.ENOSYS), errors.Is(failed, unix.ENOLCK), errors.Is(failed, unix.EINVAL):
		return errUnsupported
	}
	return &fs.PathError{Op: "lock", Path: f.Name(), Err: failed}
}

// isShared reports whether others than the owner may use a folder.
func isShared(mode fs.FileMode) bool { return mode.Perm()&0o077 != 0 }
