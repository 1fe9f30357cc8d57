//go:build unix

package filelock

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Try locks a file without waiting. It returns ErrHeld, ErrUnsupported or the
// system's error. The file is closed in whatever this process executes.
func Try(f *os.File) error {
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
		return ErrHeld
	case errors.Is(failed, unix.ENOTSUP), errors.Is(failed, unix.ENOSYS), errors.Is(failed, unix.ENOLCK), errors.Is(failed, unix.EINVAL):
		return ErrUnsupported
	}
	return &fs.PathError{Op: "lock", Path: f.Name(), Err: failed}
}
