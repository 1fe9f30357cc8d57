//go:build unix

package rundir

import "io/fs"

// removesOpen says that a file can be removed while it is open.
const removesOpen = true

// isShared reports whether others than the owner may use a folder.
func isShared(mode fs.FileMode) bool { return mode.Perm()&0o077 != 0 }
