package confine

import (
	"path/filepath"
	"slices"
	"strings"
)

// Devices are what programs write to that holds nothing: sinks, the terminal and
// shared memory, which multiprocessing needs for its locks.
var Devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm"}

// Temporary returns the folders for temporary files: what the first of TMPDIR,
// TEMP and TMP names, as Python has it, and those that programs do not ask for.
func Temporary(env []string) []string {
	out := []string{"/tmp", "/var/tmp"}
	for _, key := range []string{"TMPDIR", "TEMP", "TMP"} {
		for _, kv := range env {
			if v, ok := strings.CutPrefix(kv, key+"="); ok && filepath.IsAbs(v) {
				return append(out, filepath.Clean(v))
			}
		}
	}
	return out
}

// Narrow returns what has to be writable and the paths, each once, without those
// that are below another one. In wide are those of the paths that would open too
// much: the root, and the home folder and what is above it, where every program
// keeps what it will run tomorrow.
func Narrow(needed, paths []string, home string) (narrow, wide []string) {
	for _, p := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(needed, paths)))) {
		switch {
		case slices.ContainsFunc(narrow, func(top string) bool { return within(p, top) }):
		case (p == "/" || home != "" && within(home, p)) && !slices.Contains(needed, p):
			wide = append(wide, p)
		default:
			narrow = append(narrow, p)
		}
	}
	return narrow, wide
}

// within reports whether a path is a folder or lies below it. Both are clean.
func within(path, top string) bool {
	return path == top || top == "/" || strings.HasPrefix(path, top+"/")
}
