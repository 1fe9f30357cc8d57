package main

import (
	"io/fs"
	"os"
)

// keepOwner does nothing: who may use a file comes from its folder.
func keepOwner(*os.File, fs.FileInfo) error { return nil }
