package lockcheck

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assay/internal/lockfile"
	"assay/internal/pypi"
)

// Environment narrows a lock to what one platform and one version of Python may install:
// its entries by their markers, its files by the tags in the wheels' names (PEP 425, 600,
// 656). An sdist fits every environment. The zero value takes every file.
type Environment struct {
	system, arch string // "linux", "macos", "windows"; "" for any
	libc         string // "manylinux", "musllinux"; "" for any
	major, minor int    // of the system's version (glibc, musl, macOS); 0 for any
	python       int    // 312 for 3.12; 0 for any
	threads      bool   // free-threaded ("3.13t")
	full         string // "3.12.4"; "" for any of its bugfix releases
}

var (
	pythonVersion = regexp.MustCompile(`^3\.(\d{1,2})(\.\d{1,3})?(t?)$`)
	versionedTag  = regexp.MustCompile(`^(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)$`)
	legacyTags    = map[string]int{"manylinux1_": 5, "manylinux2010_": 12, "manylinux2014_": 17}
)

// processors are those that wheels are built for, by one of their names; fat are what
// macOS calls wheels for several.
var (
	processors = []string{"x86_64", "arm64", "x86", "armv6l", "armv7l", "loongarch64", "ppc64", "ppc64le", "riscv64", "s390x"}
	fat        = []string{"universal2", "universal", "intel", "fat64"}
)

// NewEnvironment reads a platform and a version of Python; either may be empty. A
// platform is a system ("linux", "macos", "windows"), a system and a processor
// ("linux-x86_64", "macos-arm64", "windows-amd64"), or a platform tag of a wheel
// ("manylinux_2_28_x86_64"), which takes older ones of its kind too.
func NewEnvironment(platform, python string) (Environment, error) {
	var e Environment
	if python != "" {
		m := pythonVersion.FindStringSubmatch(python)
		if m == nil {
			return e, fmt.Errorf("a version of Python is written 3.12, or 3.13t, not %q", python)
		}
		minor, _ := strconv.Atoi(m[1])
		e.python, e.threads = 300+minor, m[3] == "t"
		if m[2] != "" {
			e.full = "3." + m[1] + m[2]
		}
	}
	if platform == "" {
		return e, nil
	}
	platform = strings.ToLower(platform)
	system, arch, split := strings.Cut(platform, "-")
	switch system {
	case "linux", "macos", "windows":
		if split && arch == "" {
			return e, fmt.Errorf("the platform %q names no processor after the hyphen", platform)
		}
		if arch = canonicalArch(arch); split && !slices.Contains(processors, arch) {
			return e, fmt.Errorf("the platform %q names no processor that is known: write one of %s", platform, strings.Join(processors, ", "))
		}
		e.system, e.arch = system, arch
		return e, nil
	}
	t, ok := platformTag(platform)
	if ok && !slices.Contains(processors, t.arch) && (t.system != "macos" || !slices.Contains(fat, t.arch)) {
		return e, fmt.Errorf("the platform %q names no processor that is known: write one of %s", platform, strings.Join(processors, ", "))
	}
	if !ok {
		return e, fmt.Errorf("there is no platform %q: write linux, macos or windows, with -x86_64, -arm64 and the like behind it or without, or a wheel's platform tag", platform)
	}
	t.python, t.threads, t.full = e.python, e.threads, e.full
	return t, nil
}

// Takes reports whether the environment may install a file of this name.
func (e Environment) Takes(f pypi.Filename) bool {
	if e == (Environment{}) || f.Kind == pypi.Sdist {
		return true
	}
	return f.Kind == pypi.Wheel && slices.ContainsFunc(f.Tags(), e.takesTag)
}

// LeavesOut reports, for each of a lock's packages, whether its markers keep it out.
func (e Environment) LeavesOut(lock *lockfile.Lock) []bool { return e.leavesOut(lock) }

func (e Environment) takesTag(tag string) bool {
	parts := strings.SplitN(tag, "-", 3)
	return len(parts) == 3 && e.takesPython(parts[0], parts[1]) && e.takesPlatform(parts[2])
}

func (e Environment) takesPython(python, abi string) bool {
	if e.python == 0 {
		return true
	}
	if version, ok := strings.CutPrefix(python, "py3"); ok && abi == "none" {
		n, err := strconv.Atoi(cmp.Or(version, "0"))
		return err == nil && 300+n <= e.python
	}
	version, ok := strings.CutPrefix(python, "cp3")
	if !ok {
		return false
	}
	n, err := strconv.Atoi(cmp.Or(version, "0"))
	n += 300
	own := fmt.Sprintf("cp%d", e.python)
	if e.threads {
		own += "t"
	}
	switch {
	case err != nil:
		return false
	case abi == "abi3":
		return n <= e.python && !e.threads
	case abi == "none":
		return n == e.python || version == ""
	}
	return n == e.python && (abi == own || e.python < 308 && abi == own+"m")
}

func (e Environment) takesPlatform(tag string) bool {
	if e.system == "" || tag == "any" {
		return true
	}
	t, ok := platformTag(tag)
	if !ok || t.system != e.system || e.libc != "" && t.libc != "" && t.libc != e.libc {
		return false
	}
	if e.arch != "" && t.arch != e.arch {
		if t.system != "macos" || !slices.Contains(fat, t.arch) || t.arch != "universal2" && e.arch != "x86_64" {
			return false
		}
	}
	return e.major == 0 || t.major == 0 || t.major < e.major || t.major == e.major && t.minor <= e.minor
}

// platformTag takes a wheel's platform tag apart.
func platformTag(tag string) (Environment, bool) {
	if m := versionedTag.FindStringSubmatch(tag); m != nil {
		major, errMajor := strconv.Atoi(m[2])
		minor, errMinor := strconv.Atoi(m[3])
		e := Environment{system: "linux", libc: m[1], arch: canonicalArch(m[4]), major: major, minor: minor}
		if m[1] == "macosx" {
			e.system, e.libc = "macos", ""
		}
		return e, errMajor == nil && errMinor == nil
	}
	for prefix, minor := range legacyTags {
		if arch, ok := strings.CutPrefix(tag, prefix); ok {
			return Environment{system: "linux", libc: "manylinux", arch: canonicalArch(arch), major: 2, minor: minor}, true
		}
	}
	if arch, ok := strings.CutPrefix(tag, "linux_"); ok {
		return Environment{system: "linux", arch: canonicalArch(arch)}, true
	}
	if tag == "win32" {
		return Environment{system: "windows", arch: "x86"}, true
	}
	if arch, ok := strings.CutPrefix(tag, "win_"); ok {
		return Environment{system: "windows", arch: canonicalArch(arch)}, true
	}
	return Environment{}, false
}

// canonicalArch gives a processor one of its names.
func canonicalArch(arch string) string {
	switch arch {
	case "amd64", "x64":
		return "x86_64"
	case "aarch64":
		return "arm64"
	case "i386", "i686", "win32":
		return "x86"
	}
	return arch
}
