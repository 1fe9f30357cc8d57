package inventory

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Source is where an installed distribution says that it came from.
type Source string

// The sources, as direct_url.json tells them.
const (
	Index    Source = "index"    // nothing is said: it was found by its name
	VCS      Source = "vcs"      // a repository
	Local    Source = "local"    // a folder or file of this computer
	Editable Source = "editable" // a folder of this computer, used as it stands
	Direct   Source = "direct"   // a file asked for by its URL
	Unknown  Source = "unknown"  // what is said cannot be read without doubt
)

// Installed is a distribution that is there now and was not before, or not in
// this version, or was put there again.
type Installed struct {
	Project string // in normal form; empty where it does not tell
	Version string // as its metadata spells it; empty where it does not tell
	Folder  string // the site-packages that it is in
	Source  Source
	Where   string // of another source than the index: its URL, without credentials
	Fresh   bool   // the virtual environment that it is in was made, or made anew, meanwhile
}

// Since returns what changed between two snapshots, sorted by project. What was
// removed is not told.
func Since(before, after Snapshot) []Installed {
	var out []Installed
	for folder, dists := range after.folders {
		var root *os.Root
		made, fresh := after.made[folder]
		if old, ok := before.made[folder]; ok && old == made {
			fresh = false
		}
		for name, stamp := range dists {
			if old, ok := before.folders[folder][name]; ok && old == stamp {
				continue
			}
			if root == nil {
				var err error
				if root, err = os.OpenRoot(folder); err != nil {
					break // it is gone again
				}
			}
			d := read(root, folder, name)
			d.Fresh = fresh
			out = append(out, d)
		}
		if root != nil {
			root.Close()
		}
	}
	slices.SortFunc(out, func(a, b Installed) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Folder, b.Folder), cmp.Compare(a.Where, b.Where))
	})
	return slices.Compact(out)
}

// read tells what one distribution says of itself. The metadata counts, as it
// does for Python; the folder's name stands in for what it does not tell.
func read(root *os.Root, folder, name string) Installed {
	d := Installed{Folder: folder, Source: Index}
	d.Project, d.Version = parseName(name)
	var metadata []string
	switch {
	case strings.HasSuffix(name, ".egg-link"):
		d.Source, d.Where = Editable, eggLink(root, name)
	case strings.HasSuffix(name, ".dist-info"):
		metadata = []string{name + "/METADATA"}
		d.Source, d.Where = source(root, name+"/direct_url.json")
	case strings.HasSuffix(name, ".egg-info"):
		metadata = []string{name + "/PKG-INFO", name}
	default:
		metadata = []string{name + "/EGG-INFO/PKG-INFO"}
	}
	for _, file := range metadata {
		if text, err := readBelow(root, file, maxMetadata, false); err == nil {
			project, version := parseMetadata(text)
			d.Project, d.Version = cmp.Or(project, d.Project), cmp.Or(version, d.Version)
			break
		}
	}
	if d.Project == "" {
		d.Version, d.Source, d.Where = "", Unknown, shown(fmt.Sprintf("%q", name))
	}
	return d
}

// readBelow reads a regular file below a folder. A symbolic link that leads out
// of it is an error, and so is a pipe.
func readBelow(root *os.Root, name string, limit int64, whole bool) ([]byte, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOpen(f, limit, whole)
}

func source(root *os.Root, file string) (Source, string) {
	text, err := readBelow(root, file, maxDirectURL, true)
	switch {
	case os.IsNotExist(err):
		return Index, ""
	case err != nil:
		return Unknown, ""
	}
	source, where, err := parseDirectURL(text)
	if err != nil {
		return Unknown, ""
	}
	return source, where
}

// eggLink returns the folder that an egg-link names in its first line.
func eggLink(root *os.Root, name string) string {
	text, err := readBelow(root, name, maxEggLink, true)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return shown(strings.TrimSpace(first))
}
