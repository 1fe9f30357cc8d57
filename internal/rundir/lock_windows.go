package rundir

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// removesOpen says that a file can be removed while it is open. A lock file that
// is closed first may be locked by a sweep before it is removed: that removes it.
const removesOpen = false

// tryLock locks a file without waiting.
func tryLock(f *os.File) error {
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
		return errHeld
	case errors.Is(failed, windows.ERROR_NOT_SUPPORTED), errors.Is(failed, windows.ERROR_CALL_NOT_IMPLEMENTED), errors.Is(failed, windows.ERROR_INVALID_FUNCTION):
		return errUnsupported
	}
	return &fs.PathError{Op: "lock", Path: f.Name(), Err: failed}
}

// isShared reports whether others than the owner may use a folder: access lists
// say so here, which the folder inherits from the user's own.
func isShared(fs.FileMode) bool { return false }
