//go:build unix

package inventory

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// inode tells two files of one name and time apart.
func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}

// mayWrite reports whether this process could make a file in a folder.
func mayWrite(dir string) bool { return unix.Access(dir, unix.W_OK) == nil }
