package main

import (
	"os"
	"path/filepath"

	"assay/internal/lockfile"
)

// includes returns what opens the files that a lock includes, each by read under its clean
// path. Where a path goes back out of a folder that is a link, installers read different
// files, and neither is read.
func includes(read lockfile.Open) lockfile.Open {
	return func(path string) ([]byte, error) {
		name := filepath.Clean(path)
		if name != path && !sameFolder(filepath.Dir(name), folderOf(path)) {
			return nil, usage("name the file by a path without it", "%s: the path goes back (..) out of a folder that is a link or is not there, from where installers go different ways", shown(path))
		}
		return read(name)
	}
}

// folderOf is the folder of a path, not cleaned.
func folderOf(path string) string {
	dir, _ := filepath.Split(path)
	return dir
}

// sameFolder reports whether two paths lead to one folder as the system follows them.
func sameFolder(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	return errOne == nil && errOther == nil && os.SameFile(one, other)
}
