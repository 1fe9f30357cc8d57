package inventory

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Query is a command that may install something.
type Query struct {
	Env  []string // the command's environment, as os.Environ returns it
	Dir  string   // the folder in which it runs; absolute
	Args []string // its command line; the program first
}

// Places are where a command may install to.
type Places struct {
	places []place
	beside []string // folders that the installer writes to beside its environments
}

// place is a folder in or below which distributions are installed. It need not
// exist.
type place struct {
	path  string
	kind  kind
	each  bool   // it holds folders of that kind
	infix string // of those only the ones whose names contain it
	asked bool   // the person named it, so that the installer would make it
	led   bool   // a file of the project leads there, which anybody may have written
}

type kind int

const (
	flat   kind = iota // the distributions are in it: --target
	own                // an environment's prefix, or laid out like one
	shared             // the prefix of a Python outside of any environment
	user               // the prefix of one person's packages: ~/.local
)

func (p *Places) add(n place) {
	if n.path = filepath.Clean(n.path); !filepath.IsAbs(n.path) {
		return
	}
	for i, have := range p.places {
		if have.path == n.path && have.kind == n.kind && have.each == n.each && have.infix == n.infix {
			p.places[i].asked, p.places[i].led = have.asked || n.asked, have.led && n.led
			return
		}
	}
	if len(p.places) < maxFolders {
		p.places = append(p.places, n)
	}
}

// Writable returns where the command is to be allowed to write so that it can
// install to these places: folders that exist, and, in made, folders that it
// would make itself below ones where it must not write. Where only a file of the
// project leads is not among them: what is to be kept from writing could write that
// file.
func (p Places) Writable() (exist, made []string) {
	add := func(asked bool, paths ...string) {
		for _, path := range paths {
			switch {
			case isDir(path):
				exist = append(exist, path)
			case asked:
				made = append(made, path)
			}
		}
	}
	writable := slices.ContainsFunc(p.places, func(n place) bool {
		return n.kind == shared && !n.each && slices.ContainsFunc(sites(n.path), mayWrite)
	})
	for _, n := range p.places {
		switch {
		case n.led:
		case n.each || n.kind == flat || n.kind == own:
			add(n.asked, n.path)
		case n.kind == shared:
			add(n.asked, sharedParts(n.path)...)
		case n.asked || !writable: // pip's --user, or what it falls back to
			add(true, filepath.Join(n.path, "bin"), filepath.Join(n.path, "lib"))
			add(false, filepath.Join(n.path, "include"), filepath.Join(n.path, "share", "man"), filepath.Join(n.path, "share", "doc"))
		}
	}
	add(true, p.beside...)
	slices.Sort(exist)
	slices.Sort(made)
	return slices.Compact(exist), slices.Compact(made)
}

// sharedParts are the parts of a prefix without an environment that installers
// write to. Of /usr itself, which belongs to the system's own package manager,
// it is the packages only.
func sharedParts(prefix string) []string {
	var out []string
	for _, site := range sites(prefix) {
		out = append(out, filepath.Dir(site))
	}
	if filepath.Clean(prefix) == "/usr" {
		return out
	}
	for _, part := range []string{"bin", "Scripts", "include", "share", "etc", "man"} {
		out = append(out, filepath.Join(prefix, part))
	}
	return out
}

// folders returns the folders with distributions that exist now.
func (p Places) folders() (out []string, complete bool) {
	var seen []os.FileInfo
	complete = true
	add := func(path string) {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() || slices.ContainsFunc(seen, func(i os.FileInfo) bool { return os.SameFile(i, info) }) {
			return
		}
		if len(seen) == maxFolders {
			complete = false
			return
		}
		seen = append(seen, info)
		out = append(out, path)
	}
	for _, n := range p.places {
		tops := []string{n.path}
		if n.each {
			tops = tops[:0]
			names, all := namesIn(n.path, maxChildren, func(s string) bool { return strings.Contains(s, n.infix) })
			complete = complete && all
			for _, name := range names {
				tops = append(tops, filepath.Join(n.path, name))
			}
		}
		for _, top := range tops {
			if n.kind == flat {
				add(top)
				continue
			}
			for _, site := range sites(top) {
				add(site)
			}
		}
	}
	return out, complete
}

// sites returns the folders of a prefix in which distributions are, as Python's
// sysconfig knows its schemes: lib/python3.12/site-packages, Debian's
// lib/python3/dist-packages, Lib\site-packages on Windows, and PDM's lib below
// __pypackages__/3.12.
func sites(prefix string) []string {
	var out []string
	for _, lib := range []string{"lib", "lib64", filepath.Join("local", "lib")} {
		dir := filepath.Join(prefix, lib)
		names, _ := namesIn(dir, maxEntries, func(s string) bool {
			return strings.HasPrefix(s, "python") || strings.HasPrefix(s, "pypy") || strings.HasSuffix(s, ".dist-info")
		})
		flat := false
		for _, name := range names {
			if strings.HasSuffix(name, ".dist-info") {
				flat = true
				continue
			}
			for _, packages := range []string{"site-packages", "dist-packages"} {
				if site := filepath.Join(dir, name, packages); isDir(site) {
					out = append(out, site)
				}
			}
		}
		if flat {
			out = append(out, dir)
		}
	}
	if runtime.GOOS != "windows" {
		return out
	}
	if site := filepath.Join(prefix, "Lib", "site-packages"); isDir(site) {
		out = append(out, site)
	}
	names, _ := namesIn(prefix, maxEntries, func(s string) bool { return strings.HasPrefix(s, "Python") })
	for _, name := range names {
		if site := filepath.Join(prefix, name, "site-packages"); isDir(site) {
			out = append(out, site)
		}
	}
	return out
}

// namesIn returns the names in a folder that are wanted, sorted, and whether
// they are all. A folder that cannot be read has none.
func namesIn(dir string, limit int, wanted func(string) bool) (out []string, complete bool) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, true
	}
	defer f.Close()
	for looked := 0; ; {
		names, err := f.Readdirnames(1024)
		for _, name := range names {
			if wanted(name) {
				out = append(out, name)
			}
		}
		looked += len(names)
		switch {
		case err != nil || len(names) == 0:
			complete = true
		case looked >= maxEntries || len(out) > limit:
		default:
			continue
		}
		slices.Sort(out)
		if len(out) > limit {
			return out[:limit], false
		}
		return out, complete
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
