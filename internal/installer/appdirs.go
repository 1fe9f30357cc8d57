package installer

import (
	"path/filepath"
	"runtime"
)

// appDirs are the folders of a program that finds them with Python's platformdirs
// (4.x), as Poetry and PDM do: empty where the environment does not tell.
type appDirs struct {
	config, cache, data string
	site                []string // of the system, the strongest first
}

// appDirs returns the folders of a program. roaming and twice are how it asks on
// Windows: for what follows the person to other computers, and with its name once
// more as its author's.
func (r *reader) appDirs(name string, roaming, twice bool) appDirs {
	if runtime.GOOS == "windows" {
		if twice {
			name = filepath.Join(name, name)
		}
		own := r.env.Get("LOCALAPPDATA")
		d := appDirs{cache: join(own, name, "Cache"), site: under(r.env.Get("PROGRAMDATA"), name)}
		if roaming {
			own = r.env.Get("APPDATA")
		}
		d.config, d.data = join(own, name), join(own, name)
		return d
	}
	config, cache, data, site := ".config", ".cache", ".local/share", []string{"/etc/xdg"}
	if runtime.GOOS == "darwin" {
		config, cache, data, site = "Library/Application Support", "Library/Caches", "Library/Application Support", []string{"/Library/Application Support"}
	}
	dir := func(variable, below string) string {
		if v := r.env.Get(variable); filepath.IsAbs(v) {
			return filepath.Join(v, name)
		}
		return join(r.home(), below, name)
	}
	d := appDirs{config: dir("XDG_CONFIG_HOME", config), cache: dir("XDG_CACHE_HOME", cache), data: dir("XDG_DATA_HOME", data)}
	if own := absolute(filepath.SplitList(r.env.Get("XDG_CONFIG_DIRS"))); len(own) > 0 {
		site = own
	}
	for _, s := range site {
		d.site = append(d.site, filepath.Join(s, name))
	}
	return d
}

// join is the path below dir; empty where there is no dir.
func join(dir string, elem ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, elem...)...)
}

func absolute(paths []string) []string {
	var out []string
	for _, p := range paths {
		if filepath.IsAbs(p) {
			out = append(out, p)
		}
	}
	return out
}
