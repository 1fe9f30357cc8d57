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
		{"pdm.lock", "[metadata]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nmarker = \"sys_platform == \\\"win32\\\"\"\nfiles = []\n", "linux", "", "a"},
		{"Pipfile.lock", `{"_meta": {"pipfile-spec": 6, "sources": []}, "default": {"a": {"version": "==1.0", "markers": "sys_platform == 'win32'"}, "b": {"version": "==1.0"}}}`, "linux", "", "a"},
	} {
		narrows(t, c.name, c.lock, c.platform, c.python, c.left)
	}
}

// narrows holds which of a lock's entries are left out: by their names, and for "e" of a
// uv.lock with the version.
func narrows(t *testing.T, name, text, platform, python, want string) {
	t.Helper()
	lock, err := lockfile.Read(name, []byte(text), nil)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	e, err := NewEnvironment(platform, python)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	wanted, err := Expand(t.Context(), lock, &fake{}, Options{Environment: e, LeftOut: func(p lockfile.Package) {
		if p.Name == "e" && name == "uv.lock" {
			left = append(left, p.Name+"-"+p.Version)
			return
		}
		left = append(left, p.Name)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(left, " "); got != want {
		t.Errorf("%s for %q %q: %q is left out, want %q", name, platform, python, got, want)
	}
	if len(left)+len(wanted) != len(lock.Packages) {
		t.Errorf("%s: of %d entries %d are looked at and %d left out", name, len(lock.Packages), len(wanted), len(left))
	}
}

// poetryLock is one of a version with entries.
func poetryLock(version, packages string) string {
	return packages + "[metadata]\nlock-version = \"" + version + "\"\npython-versions = \"*\"\ncontent-hash = \"\"\n"
}

// poetryPackage is an entry with groups and markers, as TOML has them.
func poetryPackage(name, groups, markers string) string {
	return "[[package]]\nname = \"" + name + "\"\nversion = \"1.0\"\ngroups = [" + groups + "]\nmarkers = " + markers + "\nfiles = []\n"
}

// TestPoetryGroups: a group without a marker has its entries everywhere.
func TestPoetryGroups(t *testing.T) {
	win := `"sys_platform == 'win32'"`
	lock := poetryLock("2.1", poetryPackage("partial", `"main", "dev"`, `{main = `+win+`}`)+
		poetryPackage("other", `"main"`, `{dev = `+win+`}`)+
		poetryPackage("none", ``, `{main = `+win+`}`)+
		poetryPackage("spelled", `"Main"`, `{main = `+win+`}`)+
		poetryPackage("spelled-twice", `"Main"`, `{Main = `+win+`}`)+
		poetryPackage("blank", `"main", "dev"`, `{main = `+win+`, dev = ""}`)+
		poetryPackage("unnamed", `"main"`, `{main = `+win+`, dev = "os_name == 'posix'"}`)+
		poetryPackage("both", `"main", "dev"`, `{main = `+win+`, dev = "os_name == 'nt'"}`)+
		poetryPackage("whole", `"main", "dev"`, win))
	narrows(t, "poetry.lock", lock, "linux", "3.11", "both whole")
}

// uvApp is a uv.lock of a project with what it asks for, and entries.
func uvApp(needs, packages string) string {
	return "version = 1\nrequires-python = \">=3.9\"\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n" + needs + packages
}

// TestUVResolutionMarkers: what an entry was chosen for does not keep it out, nor what only
// it asks for.
func TestUVResolutionMarkers(t *testing.T) {
	win := `resolution-markers = ["sys_platform == 'win32'"]` + "\n"
	lock := uvApp(`dependencies = [{ name = "a" }, { name = "w", marker = "sys_platform == 'win32'" }]`+"\n",
		uvPackage("a", "1.0", win+`dependencies = [{ name = "b" }]`)+uvPackage("b", "1.0", win)+uvPackage("w", "1.0", ""))
	narrows(t, "uv.lock", lock, "linux", "3.11", "w")
}

// TestUnmarked: where an installer asks no marker of a lock none leaves an entry out.
func TestUnmarked(t *testing.T) {
	marked := poetryPackage("a", `"main"`, `"sys_platform == 'win32'"`)
	for version, want := range map[string]string{"1.0": "", "1.1": "", "2.0": "", "2.00": "", "2.1": "a", "2.10": "a"} {
		narrows(t, "poetry.lock", poetryLock(version, marked), "linux", "3.11", want)
	}
	pdm := func(version, more string) string {
		return "[metadata]\nlock_version = \"" + version + "\"\n" + more + "[[package]]\nname = \"a\"\nversion = \"1.0\"\nmarker = \"sys_platform == 'win32'\"\nfiles = []\n"
	}
	inherits := "strategy = [\"cross_platform\", \"inherit_metadata\"]\n"
	for version, want := range map[string]string{"4": "", "4.3": "", "4.3.9": "", "4.4": "", "4.4.0": "", "4.4.1": "a", "4.5": "a", "4.5.0": "a", "4.10": "a", "4.40": "a"} {
		narrows(t, "pdm.lock", pdm(version, inherits), "linux", "3.11", want)
		narrows(t, "pdm.lock", pdm(version, ""), "linux", "3.11", "")
		narrows(t, "pdm.lock", pdm(version, "strategy = [\"cross_platform\"]\ninherit_metadata = true\n"), "linux", "3.11", "")
	}
}

// TestUnfit: an entry of which no file is for the environment is told, and no other.
func TestUnfit(t *testing.T) {
	win, linux, source := "-1.0-cp311-cp311-win_amd64.whl", "-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", "-1.0.tar.gz"
	pages := map[string][]string{
		one + " all": {"all" + win + " a"}, one + " hash": {"hash" + win + " a", "hash" + linux + " b"}, one + " fits": {"fits" + win + " a", "fits" + linux + " b"},
		one + " sdist": {"sdist" + win + " a", "sdist" + source + " b"}, one + " gone": {"gone" + win + " a"},
	}
	hash := func(hex string) string { return " --hash=sha256:" + sha(hex).Hex }
	file := func(name, end string) string {
		return "[[packages]]\nname = \"" + name + "\"\nversion = \"1.0\"\nwheels = [{url = \"https://files.example/" + name + end + "\", hashes = {sha256 = \"" + sha("a").Hex + "\"}}]\n"
	}
	requirements := "all==1.0\nhash==1.0" + hash("a") + "\nfits==1.0" + hash("a") + hash("b") + "\nsdist==1.0" + hash("a") + hash("b") + "\ngone==1.0" + hash("c") + "\nopen\nnowhere==1.0\n./folder\n"
	pylock := "lock-version = \"1.0\"\ncreated-by = \"x\"\n" + file("a", win) + file("b", linux) + file("c", "-1.0-cp310-cp310-manylinux_2_17_x86_64.whl") +
		"[[packages]]\nname = \"d\"\nversion = \"1.0\"\nwheels = [{path = \"./d" + win + "\", hashes = {sha256 = \"" + sha("a").Hex + "\"}}]\n"
	for _, c := range []struct{ name, lock, platform, python, want string }{
		{"requirements.txt", requirements, "linux", "3.11", "all hash"},
		{"requirements.txt", requirements, "windows", "3.12", "all hash fits"},
		{"requirements.txt", requirements, "windows", "3.11", ""},
		{"requirements.txt", requirements, "", "", ""},
		{"pylock.toml", pylock, "linux", "3.11", "a c"},
		{"pylock.toml", pylock, "", "", ""},
	} {
		lock, err := lockfile.Read(c.name, []byte(c.lock), nil)
		if err != nil {
			t.Fatal(err)
		}
		e, err := NewEnvironment(c.platform, c.python)
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := Expand(t.Context(), lock, &fake{pages: pages}, Options{Environment: e, Indexes: []string{one}})
		if err != nil {
			t.Fatal(err)
		}
		var unfit []string
		for _, w := range wanted {
			if w.Unfit {
				unfit = append(unfit, w.Package.Name)
			}
		}
		if got := strings.Join(unfit, " "); got != c.want {
			t.Errorf("%s for %q %q: %q is unfit, want %q", c.name, c.platform, c.python, got, c.want)
		}
	}
}

// TestUVKeys: a group is one under either of its names, and an unknown key may hold what
// uv installs.
func TestUVKeys(t *testing.T) {
	win := `dependencies = [{ name = "a", marker = "sys_platform == 'win32'" }]` + "\n"
	for more, want := range map[string]string{
		"": "a",
		"[package.metadata]\nrequires-dist = [{ name = \"a\" }]\n":                              "a",
		"[package.dependency-groups]\ndev = [{ name = \"a\" }]\n":                               "",
		"[package.dev-dependencies]\ndev = [{ name = \"a\" }]\n":                                "",
		"[package.build-dependencies]\nall = [{ name = \"b\" }]\n":                              "",
		"[[package.build-dependencies]]\nname = \"a\"\n":                                        "",
		"build-dependencies = [\"a\"]\n":                                                        "",
		"[package.dependency-groups]\ndev = [{ name = \"a\", marker = \"os_name == 'nt'\" }]\n": "a",
	} {
		narrows(t, "uv.lock", uvApp(win+more, uvPackage("a", "1.0", "")+uvPackage("b", "1.0", "")), "linux", "3.11", want)
	}
}
