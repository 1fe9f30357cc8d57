package lockfile

import (
	"fmt"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	for name, data := range fixtures(t) {
		want, ok := Detect(name, nil)
		if !ok {
			t.Errorf("%s is not known by its name", name)
		}
		if got, _ := Detect("somefile", data); got != want && !strings.HasPrefix(name, "testdata/odd/requirements") {
			t.Errorf("%s: by its content it is %q", name, got)
		}
		if got, _ := Detect("somefile", []byte(strings.ReplaceAll("\ufeff"+string(data), "\n", "\r\n"))); got != want && !strings.HasPrefix(name, "testdata/odd/requirements") {
			t.Errorf("%s with a mark: by its content it is %q", name, got)
		}
	}
	for name, want := range map[string]Format{
		`C:\x\uv.lock`: UV, "a/pylock.dev.toml": Pylock, "pylock.toml": Pylock, "requirements-dev.TXT": Requirements, "x.in": Requirements,
		"pylock.a.b.toml": "", "pylock..toml": "", "Cargo.lock": "", "package-lock.json": "", "x": "",
	} {
		if got, ok := Detect(name, nil); got != want || ok != (want != "") {
			t.Errorf("%s is %q", name, got)
		}
	}
	for text, want := range map[string]Format{
		"{}": "", "[project]\nname = \"x\"\nlock-version = \"1.0\"\n": "poetry", "[[package]]\nname = \"serde\"\nversion = \"1.0\"\n": "", "version = 4\n[[package]]\n": UV,
		"hello world\n": "", "a == 1.0\n": Requirements, "lock-version = \"1.0\"\n": Pylock,
	} {
		if got, _ := Detect("x", []byte(text)); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestVariants: sources of every kind, and no credentials of any.
func TestVariants(t *testing.T) {
	commit := strings.Repeat("ab", 20)
	for _, tc := range []struct{ name, file, text, want string }{
		{"uv", "uv.lock", `version = 1
requires-python = ">=3.9"
resolution-markers = ["os_name == 'x'"]
[[package]]
name = "A_b"
version = "1.0.0-alpha.1"
source = { registry = "https://u:hunter2@h.example/simple" }
resolution-markers = ["os_name == 'x'", "os_name == 'y'"]
wheels = [{ url = "https://u:hunter2@h.example/a_b-1.0.0a1+x-py3-none-any.whl?sig=1", size = 10, upload-time = "2024-01-02T03:04:05.678Z" }]
[[package]]
name = "a-b"
version = "2"
source = { registry = "../wheels" }
wheels = [{ path = "a_b-2-py3-none-any.whl", hash = "sha512:` + strings.Repeat("c", 128) + `" }]
[[package]]
name = "g"
version = "1"
source = { git = "https://u:hunter2@h.example/g.git?rev=main&subdirectory=x#` + commit + `" }
[[package]]
name = "p"
version = "1"
source = { path = "p-1.tar.gz" }
sdist = { hash = "sha256:` + sha + `" }
[[package]]
name = "v"
source = { virtual = "." }
`, `uv.lock:4 a-b 1.0.0a1 registry(https://h.example/simple secret)
  a_b-1.0.0a1+x-py3-none-any.whl https://h.example/a_b-1.0.0a1+x-py3-none-any.whl?sig=1  [] 10 2024-01-02
uv.lock:10 a-b 2 registry(../wheels)
  a_b-2-py3-none-any.whl  a_b-2-py3-none-any.whl [sha512] 0 0001-01-01
uv.lock:15 g 1 vcs(https://h.example/g.git at ` + commit + ` secret)
uv.lock:19 p 1 file(p-1.tar.gz)
  p-1.tar.gz  p-1.tar.gz [sha256] 0 0001-01-01
uv.lock:24 v virtual(.)
index https://h.example/simple  true
index ../wheels  false
`},
		{"poetry", "poetry.lock", `[[package]]
name = "a"
version = "1.0"
groups = ["main", "dev"]
markers = {main = "os_name == 'x'", dev = "extra == 'y'"}
files = [{file = "a-1.0.tar.gz", hash = "sha256:` + sha + `"}]
[package.source]
type = "legacy"
url = "https://u:hunter2@h.example/simple"
reference = "company"
[[package]]
name = "g"
version = "1"
markers = "os_name == 'x'"
files = []
[package.source]
type = "git"
url = "git@h.example:g.git"
reference = "main"
resolved_reference = "` + commit + `"
[[package]]
name = "d"
version = "1"
develop = true
files = []
[package.source]
type = "directory"
url = "../d"
[[package]]
name = "u"
version = "1"
files = []
[package.source]
type = "url"
url = "https://hunter2@h.example/u-1.zip"
[[package]]
name = "f"
version = "1"
files = []
[package.source]
type = "file"
url = "f-1.zip"
[metadata]
lock-version = "2.1"
python-versions = "^3.9"
content-hash = "x"
`, `poetry.lock:1 a 1.0 registry(https://h.example/simple secret) ; (os_name == 'x') or (extra == 'y') [main dev]
  a-1.0.tar.gz   [sha256] 0 0001-01-01
poetry.lock:11 g 1 vcs(git@h.example:g.git at ` + commit + `) ; os_name == 'x'
poetry.lock:21 d 1 editable(../d)
poetry.lock:29 u 1 url(https://h.example/u-1.zip secret)
poetry.lock:36 f 1 file(f-1.zip)
index https://h.example/simple company true
`},
		{"poetry 1.1, two versions of one project", "poetry.lock", `[[package]]
name = "A"
version = "1.0"
category = "main"
[[package]]
name = "a"
version = "2.0"
category = "dev"
[metadata]
lock-version = "1.1"
[metadata.files]
a = [
    {file = "a-1.0.tar.gz", hash = "sha256:` + sha + `"},
    {file = "a-2.0.tar.gz", hash = "sha256:` + shb + `"},
]
`, `poetry.lock:1 a 1.0 [main]
  a-1.0.tar.gz   [sha256] 0 0001-01-01
poetry.lock:5 a 2.0 [dev]
  a-2.0.tar.gz   [sha256] 0 0001-01-01
`},
		{"pdm", "pdm.lock", `[metadata]
groups = ["default"]
strategy = ["inherit_metadata"]
lock_version = "4.4.1"
[[package]]
name = "a"
version = "1.0"
extras = ["Y", "x"]
groups = ["default", "dev"]
marker = "os_name == 'x'"
files = [{url = "https://u:hunter2@h.example/a-1.0-py3-none-any.whl#sha256=` + sha + `", hash = "sha256:` + sha + `"}]
[[package]]
name = "g"
version = "1"
git = "https://u:hunter2@h.example/g"
ref = "main"
revision = "` + commit + `"
[[package]]
name = "l"
version = "1"
path = "./l-1.zip"
`, `pdm.lock:5 a 1.0 [x y] ; os_name == 'x' [default dev]
  a-1.0-py3-none-any.whl https://h.example/a-1.0-py3-none-any.whl  [sha256] 0 0001-01-01
pdm.lock:12 g 1 vcs(https://h.example/g at ` + commit + ` secret)
pdm.lock:18 l 1 file(./l-1.zip)
`},
		{"Pipfile", "Pipfile.lock", `{"_meta": {"pipfile-spec": 6, "requires": {"python_version": "3.11"}, "sources": [
 {"name": "pypi", "url": "https://${U}:${P}@h.example/simple", "verify_ssl": true},
 {"name": "other", "url": "https://o.example/simple"}]},
"default": {
 "A.b": {"version": "==1.0.0", "hashes": ["sha256:` + sha + `", "md5:` + strings.Repeat("0", 32) + `"], "index": "pypi", "extras": ["x"], "markers": "os_name == 'x'"},
 "g": {"git": "https://u:hunter2@h.example/g", "ref": "` + commit + `"},
 "e": {"editable": true, "path": "."},
 "f": {"file": "https://hunter2@h.example/f-1.zip"},
 "w": {"version": "*"}},
"develop": {"A.b": {"version": "==1.0.0", "hashes": ["md5:` + strings.Repeat("0", 32) + `", "sha256:` + sha + `"], "index": "pypi", "markers": "os_name=='x'"}},
"docs": {}}
`, `Pipfile.lock:5 a-b 1.0.0 [x] registry(https://h.example/simple) ; os_name == 'x' sha256:a1a@5 md5:000000@5 [default]
Pipfile.lock:6 g vcs(https://h.example/g at ` + commit + ` secret) [default]
Pipfile.lock:7 e editable(.) [default]
Pipfile.lock:8 f url(https://h.example/f-1.zip secret) [default]
Pipfile.lock:9 w [default]
Pipfile.lock:10 a-b 1.0.0 registry(https://h.example/simple) ; os_name=='x' md5:000000@10 sha256:a1a@10 [develop]
index https://h.example/simple pypi true
index https://o.example/simple other false
`},
		{"pylock", "pylock.toml", `lock-version = "1.0"
requires-python = ">=3.9"
created-by = "x"
extras = ["a"]
[[packages]]
name = "a"
version = "1.0"
marker = "'x' in extras and 'y' not in dependency_groups"
index = "https://u:hunter2@h.example/simple"
[[packages.wheels]]
name = "a-1.0-py3-none-any.whl"
upload-time = 2024-01-02 03:04:05.5+01:00
url = "https://h.example/1"
size = 1_000
[packages.wheels.hashes]
sha256 = "` + strings.ToUpper(sha) + `"
blake2b = "00"
[[packages.attestation-identities]]
kind = "GitHub"
repository = "a/b"
[packages.tool.x]
y = 1979-05-27
[[packages]]
name = "s"
[packages.sdist]
path = "dl/s-1.tar.gz"
hashes = {}
[[packages]]
name = "c"
attestation-identities = []
vcs = {type = "hg", path = "../c", commit-id = "12"}
[[packages]]
name = "z"
[packages.archive]
url = "https://h.example/z%2B1.zip#sha256=` + sha + `"
hashes = {}
`, `pylock.toml:5 a 1.0 registry(https://h.example/simple) ; 'x' in extras and 'y' not in dependency_groups
  a-1.0-py3-none-any.whl https://h.example/1  [sha256] 1000 2024-01-02
  GitHub map[repository:a/b] pylock.toml:18
pylock.toml:23 s
  s-1.tar.gz  dl/s-1.tar.gz [] 0 0001-01-01
pylock.toml:28 c vcs(../c at 12)
  no identities
pylock.toml:32 z url(https://h.example/z%2B1.zip)
  z+1.zip https://h.example/z%2B1.zip  [sha256] 0 0001-01-01
index https://h.example/simple  true
`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := mustRead(t, tc.file, []byte(tc.text))
			var got strings.Builder
			for _, p := range l.Packages {
				got.WriteString(shown(p))
				if len(p.Groups) > 0 {
					fmt.Fprint(&got, " ", p.Groups)
				}
				got.WriteString("\n")
				for _, f := range p.Files {
					var algorithms []string
					for _, d := range f.Digests {
						algorithms = append(algorithms, d.Algorithm)
					}
					fmt.Fprintln(&got, " ", f.Name, f.URL, f.Path, algorithms, f.Size, f.UploadTime.Format("2006-01-02"))
				}
				for _, id := range p.Identities {
					fmt.Fprintln(&got, " ", id.Kind, id.Fields, id.At)
				}
				if p.HasIdentities && len(p.Identities) == 0 {
					fmt.Fprintln(&got, "  no identities")
				}
			}
			for _, i := range l.Indexes {
				fmt.Fprintln(&got, i.Kind, i.URL, i.Name, i.Secret)
			}
			if got.String() != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got.String(), tc.want)
			}
			if strings.Contains(fmt.Sprintf("%+v", []any{l.Packages, l.Indexes, l.Options}), "hunter2") {
				t.Error("there are credentials in what was read")
			}
		})
	}
}
