//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group of another one: what root writes, or
// somebody of a group, stays whose it was.
func keepOwner(file *os.File, of fs.FileInfo) error {
	own, err := file.Stat()
	if err != nil {
		return err
	}
	now, known := own.Sys().(*syscall.Stat_t)
	old, also := of.Sys().(*syscall.Stat_t)
	if !known || !also || now.Uid == old.Uid && now.Gid == old.Gid {
		return nil
	}
	uid := int(old.Uid)
	if now.Uid == old.Uid {
		uid = -1 // a group alone may be given by who is in it
	}
	if err := file.Chown(uid, int(old.Gid)); err != nil {
		return errOwner
	}
	return nil
}
