package inventory

import (
	"os"
	"path/filepath"
	"strings"
)

// Snapshot is what was in the folders at one time.
type Snapshot struct {
	folders  map[string]map[string]stamp // folder with distributions -> name of a distribution's folder or file
	made     map[string]stamp            // the folders that are in an environment: its pyvenv.cfg
	complete bool
}

// stamp changes when a distribution is put there again: its folder is then
// another one, or its RECORD and INSTALLER are, which changes the folder's time.
type stamp struct {
	time  int64 // of the last change, in nanoseconds
	size  int64
	inode uint64
}

// Complete reports whether everything was looked at. What a snapshot left out,
// because the caps of this package were reached, may have changed unnoticed.
func (s Snapshot) Complete() bool { return s.complete }

// Take looks at the places as they are now. Folders that cannot be read are
// taken for empty: no installer has put anything there that Python could find.
func Take(p Places) Snapshot {
	folders, complete := p.folders()
	s := Snapshot{map[string]map[string]stamp{}, map[string]stamp{}, complete}
	total := 0
	for _, folder := range folders {
		names, all := namesIn(folder, maxDists-total, isDistribution)
		s.complete = s.complete && all
		dists := make(map[string]stamp, len(names))
		for _, name := range names {
			info, err := os.Lstat(folder + string(filepath.Separator) + name)
			if err == nil {
				dists[name] = stampOf(info)
			}
		}
		s.folders[folder] = dists
		if made, ok := environmentAbove(folder); ok {
			s.made[folder] = made
		}
		total += len(names)
	}
	return s
}

func stampOf(info os.FileInfo) stamp {
	return stamp{info.ModTime().UnixNano(), info.Size(), inode(info)}
}

// environmentAbove returns the stamp of the pyvenv.cfg of the environment that a
// folder with distributions is in: lib/python3.12/site-packages below it, or
// Lib\site-packages.
func environmentAbove(folder string) (stamp, bool) {
	for range 3 {
		folder = filepath.Dir(folder)
		if info, err := os.Lstat(filepath.Join(folder, "pyvenv.cfg")); err == nil && info.Mode().IsRegular() {
			return stampOf(info), true
		}
	}
	return stamp{}, false
}

// isDistribution reports whether a name in site-packages is one of a
// distribution. Names that begin with "~" are those of an installation that pip
// did not finish.
func isDistribution(name string) bool {
	if strings.HasPrefix(name, "~") {
		return false
	}
	for _, suffix := range []string{".dist-info", ".egg-info", ".egg-link", ".egg"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
