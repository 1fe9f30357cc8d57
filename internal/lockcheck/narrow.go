package lockcheck

import (
	"fmt"
	"slices"

	"assay/internal/lockfile"
	"assay/internal/marker"
	"assay/internal/pypi"
)

// lastMicro is above every bugfix release that a version of Python has had.
const lastMicro = 40

// platforms are the values of a system's variables in markers.
var platforms = map[string]marker.Environment{
	"linux":   {"sys_platform": {"linux"}, "platform_system": {"Linux"}, "os_name": {"posix"}},
	"macos":   {"sys_platform": {"darwin"}, "platform_system": {"Darwin"}, "os_name": {"posix"}},
	"windows": {"sys_platform": {"win32"}, "platform_system": {"Windows"}, "os_name": {"nt"}},
}

// machines are the values of platform_machine by system and processor, where there is one.
// A 32-bit Python says what its kernel is, so that nothing is known of those.
var machines = map[string]string{
	"linux x86_64": "x86_64", "linux arm64": "aarch64", "linux ppc64le": "ppc64le", "linux s390x": "s390x", "linux riscv64": "riscv64",
	"macos x86_64": "x86_64", "macos arm64": "arm64", "windows x86_64": "AMD64", "windows arm64": "ARM64",
}

// values are what markers can find in the environment. A version of Python is a released
// one, and CPython, as it is where wheels are told by their tags.
func (e Environment) values() marker.Environment {
	out := marker.Environment{}
	for name, values := range platforms[e.system] {
		out[name] = values
	}
	if machine, ok := machines[e.system+" "+e.arch]; ok {
		out["platform_machine"] = []string{machine}
	}
	if e.python == 0 {
		return out
	}
	short := fmt.Sprintf("3.%d", e.python-300)
	full := []string{e.full}
	if e.full == "" {
		full = nil
		for micro := range lastMicro + 1 {
			full = append(full, fmt.Sprintf("%s.%d", short, micro))
		}
	}
	out["python_version"], out["python_full_version"], out["implementation_version"] = []string{short}, full, full
	out["implementation_name"], out["platform_python_implementation"] = []string{"cpython"}, []string{"CPython"}
	return out
}

// leavesOut reports, for each of a lock's packages, whether its markers keep it out of the
// environment: its own, or where the lock says what every entry needs, those on all ways
// that lead to it. In doubt it stays.
func (e Environment) leavesOut(lock *lockfile.Lock) []bool {
	out := make([]bool, len(lock.Packages))
	values := e.values()
	if len(values) == 0 {
		return out
	}
	known := map[string]bool{}
	may := func(text string) bool {
		if text == "" {
			return true
		}
		answer, asked := known[text]
		if !asked {
			m, err := marker.Parse(text)
			answer = err != nil || m.MayApply(values)
			known[text] = answer
		}
		return answer
	}
	for i, p := range lock.Packages {
		out[i] = !may(p.Marker)
	}
	if !slices.ContainsFunc(lock.Packages, func(p lockfile.Package) bool { return len(p.Needs) > 0 }) {
		return out
	}
	ways := newWays(lock)
	all := ways.reach(func(string) bool { return true })
	open := ways.reach(may)
	for i := range out {
		out[i] = out[i] || all[i] && !open[i]
	}
	return out
}

// ways are how a lock's entries lead to each other.
type ways struct {
	lock   *lockfile.Lock
	byName map[string][]int
	roots  []int // what nobody has to ask for
}

func newWays(lock *lockfile.Lock) *ways {
	w := &ways{lock: lock, byName: map[string][]int{}}
	for i, p := range lock.Packages {
		w.byName[p.Name] = append(w.byName[p.Name], i)
	}
	asked := make([]bool, len(lock.Packages))
	for i, p := range lock.Packages {
		for _, n := range p.Needs {
			for _, j := range w.meant(n) {
				asked[j] = asked[j] || j != i
			}
		}
	}
	for _, name := range lock.Roots {
		for _, i := range w.byName[name] {
			asked[i] = false
		}
	}
	for i, p := range lock.Packages {
		switch p.Source.Kind {
		case lockfile.Virtual, lockfile.Editable, lockfile.Directory:
			asked[i] = false // a project of the workspace
		}
		if !asked[i] {
			w.roots = append(w.roots, i)
		}
	}
	return w
}

// meant are the entries that a need is about: those of its version, else of its name.
func (w *ways) meant(n lockfile.Need) []int {
	all := w.byName[n.Name]
	if n.Version == "" {
		return all
	}
	var out []int
	for _, i := range all {
		if sameVersion(w.lock.Packages[i].Version, n.Version) {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

func sameVersion(a, b string) bool {
	v, errV := pypi.ParseVersion(a)
	u, errU := pypi.ParseVersion(b)
	return errV == nil && errU == nil && v.Canonical() == u.Canonical()
}

// reach reports which entries are reached from the roots through markers that are open.
func (w *ways) reach(way func(marker string) bool) []bool {
	out := make([]bool, len(w.lock.Packages))
	var todo []int
	enter := func(i int) {
		if !out[i] {
			out[i] = true
			todo = append(todo, i)
		}
	}
	for _, i := range w.roots {
		enter(i)
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, n := range w.lock.Packages[i].Needs {
			if way(n.Marker) {
				for _, j := range w.meant(n) {
					enter(j)
				}
			}
		}
	}
	return out
}

// unfit reports whether the environment left none of the files that an entry stands for.
func (x *expansion) unfit() bool {
	if len(x.w.Files) > 0 || x.o.Environment == (Environment{}) {
		return false
	}
	p := x.w.Package
	for _, f := range p.Files {
		if !atHand(f) && x.dropped(f.Name) {
			return true
		}
	}
	if len(p.Files) > 0 {
		return false
	}
	strong := slices.ContainsFunc(p.Hashes, func(h lockfile.Hash) bool { return h.Weak == "" })
	for _, a := range x.asked {
		for _, f := range a.Files {
			meant := func(h lockfile.Hash) bool { return h.Weak == "" && slices.Contains(f.Digests, h.Digest) }
			if (!strong || slices.ContainsFunc(p.Hashes, meant)) && x.dropped(f.Filename) {
				return true
			}
		}
	}
	return false
}

// dropped reports whether a file is none for the environment, by its name.
func (x *expansion) dropped(filename string) bool {
	name, err := pypi.ParseFilenameFor(x.w.Package.Name, filename)
	return err == nil && !x.o.Environment.Takes(name)
}
