package rundir

import "io/fs"

// removesOpen says that a file can be removed while it is open. A lock file that
// is closed first may be locked by a sweep before it is removed: that removes it.
const removesOpen = false

// isShared reports whether others than the owner may use a folder: access lists
// say so here, which the folder inherits from the user's own.
func isShared(fs.FileMode) bool { return false }
