package journal

import (
	"errors"

	"golang.org/x/sys/windows"
)

// notFolder reports whether a part of a path is a file.
func notFolder(err error) bool { return errors.Is(err, windows.ERROR_DIRECTORY) }

// unwritable reports whether an error says that nothing can be written there at
// all.
func unwritable(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }
