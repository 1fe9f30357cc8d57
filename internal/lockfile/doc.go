// Package lockfile reads and edits the lock files that Python's installers write.
package lockfile
