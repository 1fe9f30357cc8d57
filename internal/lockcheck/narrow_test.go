package lockcheck

import (
	"strings"
	"testing"

	"assay/internal/lockfile"
)

// uvLock has a project that needs a, on Windows b, and before 3.12 an older e.
const uvLock = `version = 1
requires-python = ">=3.9"
resolution-markers = ["python_full_version >= '3.12'", "python_full_version < '3.12'"]

[manifest]
requirements = [{ name = "asked", specifier = ">=1" }]

[[package]]
name = "app"
version = "0.1"
source = { virtual = "." }
dependencies = [
    { name = "a" },
    { name = "asked", marker = "sys_platform == 'win32'" },
    { name = "b", marker = "sys_platform == 'win32'" },
    { name = "e", version = "1.0", source = { registry = "https://index.example/simple" }, marker = "python_full_version < '3.12'" },
    { name = "e", version = "2.0", source = { registry = "https://index.example/simple" }, marker = "python_full_version >= '3.12'" },
]

[package.optional-dependencies]
fast = [{ name = "f", marker = "platform_machine == 'arm64'" }]

[package.dev-dependencies]
dev = [{ name = "g", marker = "extra == 'x'" }]
PACKAGES
[[package]]
name = "ring-one"
version = "1.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "ring-two" }]

[[package]]
name = "ring-two"
version = "1.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "ring-one" }]
`

func uvPackage(name, version, more string) string {
	return "\n[[package]]\nname = \"" + name + "\"\nversion = \"" + version + "\"\nsource = { registry = \"https://index.example/simple\" }\n" + more
}

// TestNarrow holds which entries stay under which environment.
func TestNarrow(t *testing.T) {
	uv := strings.Replace(uvLock, "PACKAGES", uvPackage("a", "1.0", `dependencies = [{ name = "c", marker = "os_name == 'nt'" }]`)+
		uvPackage("asked", "1.0", "")+uvPackage("b", "1.0", `dependencies = [{ name = "d" }]`)+uvPackage("c", "1.0", "")+uvPackage("d", "1.0", "")+
		uvPackage("e", "1.0", `resolution-markers = ["python_full_version < '3.12'"]`)+uvPackage("e", "2.0", `resolution-markers = ["python_full_version >= '3.12'"]`)+
		uvPackage("f", "1.0", "")+uvPackage("g", "1.0", ""), 1)
	for _, c := range []struct {
		name, lock, platform, python, left string
	}{
		{"uv.lock", uv, "", "", ""},
		{"uv.lock", uv, "linux-x86_64", "3.12", "b c d e-1.0 f"},
		{"uv.lock", uv, "linux-arm64", "", "b c d f"}, // aarch64
		{"uv.lock", uv, "macos-arm64", "3.11", "b c d e-2.0"},
		{"uv.lock", uv, "windows", "", ""},
		{"uv.lock", uv, "linux", "", "b c d"},
		{"requirements.txt", "a==1 ; sys_platform == 'win32'\nb==1\nc==1 ; python_version < '3.10' and extra == 'x'\nd==1 ; python_full_version >= '3.12.5'\n", "linux", "3.12", "a c"},
		{"requirements.txt", "d==1 ; python_full_version >= '3.12.5'\ne==1 ; python_full_version < '3.12.4'\n", "", "3.12.4", "d e"},
		{"requirements.txt", "a==1 ; platform_machine == 'x86_64'\nb==1 ; implementation_name == 'pypy'\n", "linux-i686", "", ""},
		{"requirements.txt", "a==1 ; platform_machine == 'x86_64'\nb==1 ; implementation_name == 'pypy'\n", "manylinux_2_28_aarch64", "3.13t", "a b"},
		{"pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\nmarker = \"sys_platform == 'win32' or 'x' in dependency_groups\"\n" +
			"wheels = [{url = \"https://files.example/a-1.0-py3-none-any.whl\", hashes = {}}]\n[[packages]]\nname = \"b\"\nversion = \"1.0\"\nmarker = \"sys_platform == 'win32' and 'x' in extras\"\n" +
			"wheels = [{url = \"https://files.example/b-1.0-py3-none-any.whl\", hashes = {}}]\n", "linux", "", "b"},
		{"poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\"]\nmarkers = \"sys_platform == \\\"win32\\\"\"\nfiles = []\n" +
			"[[package]]\nname = \"b\"\nversion = \"1.0\"\ngroups = [\"main\", \"dev\"]\nfiles = []\n[package.markers]\nmain = \"sys_platform == 'win32'\"\ndev = \"os_name == 'posix'\"\n" +
			"[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\ncontent-hash = \"\"\n", "macos", "", "a"},
		{"pdm.lock", "[metadata]\nlock_version = \"4.5.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nmarker = \"sys_platform == \\\"win32\\\"\"\nfiles = []\n", "linux", "", "a"},
		{"Pipfile.lock", `{"_meta": {"pipfile-spec": 6, "sources": []}, "default": {"a": {"version": "==1.0", "markers": "sys_platform == 'win32'"}, "b": {"version": "==1.0"}}}`, "linux", "", "a"},
	} {
		lock, err := lockfile.Read(c.name, []byte(c.lock), nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		e, err := NewEnvironment(c.platform, c.python)
		if err != nil {
			t.Fatal(err)
		}
		var told, left []string
		wanted, err := Expand(t.Context(), lock, &fake{}, Options{Environment: e, LeftOut: func(p lockfile.Package) {
			told = append(told, p.Name)
			if p.Name == "e" && c.name == "uv.lock" {
				left = append(left, p.Name+"-"+p.Version)
				return
			}
			left = append(left, p.Name)
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(left, " "); got != c.left {
			t.Errorf("%s for %q %q: %q is left out, want %q", c.name, c.platform, c.python, got, c.left)
		}
		if len(told)+len(wanted) != len(lock.Packages) {
			t.Errorf("%s: of %d entries %d are looked at and %d left out", c.name, len(lock.Packages), len(wanted), len(told))
		}
	}
}
