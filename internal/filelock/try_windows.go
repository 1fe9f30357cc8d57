package filelock

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// Try locks a file without waiting. It returns ErrHeld, ErrUnsupported or the
// system's error.
func Try(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = windows.LockFileEx(windows.Handle(fd), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	}); err != nil {
		return err
	}
	switch {
	case failed == nil:
		return nil
	case errors.Is(failed, windows.ERROR_LOCK_VIOLATION), errors.Is(failed, windows.ERROR_IO_PENDING):
		return ErrHeld
	case errors.Is(failed, windows.ERROR_NOT_SUPPORTED), errors.Is(failed, windows.ERROR_CALL_NOT_IMPLEMENTED), errors.Is(failed, windows.ERROR_INVALID_FUNCTION):
		return ErrUnsupported
	}
	return &fs.PathError{Op: "lock", Path: f.Name(), Err: failed}
}
