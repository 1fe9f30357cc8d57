package marker

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var linux312 = Environment{
	"sys_platform": {"linux"}, "platform_system": {"Linux"}, "os_name": {"posix"}, "platform_machine": {"x86_64"},
	"python_version": {"3.12"}, "python_full_version": {"3.12.0", "3.12.1", "3.12.12"},
	"implementation_name": {"cpython"}, "platform_python_implementation": {"CPython"},
}

func TestMayApply(t *testing.T) {
	for _, c := range []struct {
		marker string
		want   bool
	}{
		{`sys_platform == "linux"`, true},
		{`sys_platform == 'win32'`, false},
		{`sys_platform != "linux"`, false},
		{`"win" in sys_platform`, false},
		{`"lin" in sys_platform`, true},
		{`sys_platform in "linux darwin"`, true},
		{`sys_platform not in "linux darwin"`, false},
		{`sys_platform > "a"`, true}, // the order of texts
		{`sys_platform ~= "a"`, true},
		{`sys_platform === "win32"`, true},
		{`os.name == "nt"`, false},
		{`sys.platform == "darwin"`, false},
		{`python_implementation == "PyPy"`, false},
		{`platform.python_implementation == "CPython"`, true},
		{`platform_machine == "arm64"`, false},
		{`platform_release == "6"`, true}, // not said
		{`extra == "dev"`, true},
		{`"dev" in extras`, true},
		{`extra == "dev" and sys_platform == "win32"`, false},
		{`extra == "dev" or sys_platform == "win32"`, true},
		{`python_version < "3.12"`, false},
		{`python_version < "3.9"`, false}, // as versions, not as texts
		{`python_version >= "3.8"`, true},
		{`python_version == "3.*"`, true},
		{`python_version == "3.12.*"`, true},
		{`python_version ~= "3.8"`, true},
		{`python_version ~= "3.8.0"`, false},
		{`python_version === "3.11"`, true}, // readers differ
		{`"3.8" <= python_version`, true},
		{`"3.13" <= python_version`, false},
		{`"3.8" ~= python_version`, true},
		{`python_version in "3.10 3.11"`, false},
		{`python_version in "3.11, 3.12"`, true},
		{`python_version not in "3.12"`, false},
		{`python_version in "3.120"`, true}, // a text to some, a list to others
		{`python_version < "3.12, 4"`, true},
		{`python_version < "later"`, true},
		{`python_full_version < "3.12"`, false},
		{`python_full_version >= "3.12.1"`, true},
		{`python_full_version == "3.12.1"`, true},
		{`python_full_version == "3.11.1"`, false},
		{`python_full_version >= "3.13" or python_full_version < "3.12"`, false},
		{`"a" == "b"`, true},
		{`os_name == sys_platform`, true},
		{`sys_platform == "win32" or sys_platform == "linux" and python_version < "3"`, false},
		{`(sys_platform == "win32" or sys_platform == "linux") and python_version >= "3"`, true},
		{`sys_platform == "win32" and extra == "a" or extra == "b"`, true},
	} {
		m, err := Parse(c.marker)
		if err != nil {
			t.Errorf("%s: %v", c.marker, err)
			continue
		}
		if got := m.MayApply(linux312); got != c.want {
			t.Errorf("%s: %v, want %v", c.marker, got, c.want)
		}
		if !m.MayApply(nil) {
			t.Errorf("%s: where nothing is said it may apply", c.marker)
		}
	}
	if !(Marker{}).MayApply(linux312) {
		t.Error("no marker always applies")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{
		"", " ", "sys_platform", `sys_platform ==`, `== "linux"`, `sys_platform = "linux"`, `nobody == "x"`,
		`sys_platform == "linux`, `sys_platform == "a" and`, `and sys_platform == "a"`, `(sys_platform == "a"`,
		`sys_platform == "a")`, `sys_platform not "a"`, `sys_platform == "a" "b"`, `not sys_platform == "a"`,
		strings.Repeat("(", maxDepth+1) + `os_name == "a"` + strings.Repeat(")", maxDepth+1),
		`os_name == "` + strings.Repeat("a", maxSize) + `"`,
	} {
		if _, err := Parse(s); !errors.Is(err, Err) {
			t.Errorf("%.60q: %v", s, err)
		}
	}
	deep := strings.Repeat("(", maxDepth) + `os_name == "a"` + strings.Repeat(")", maxDepth)
	if _, err := Parse(deep); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
}

func TestWords(t *testing.T) {
	if got, want := Words(` os_name=="nt"  and ( extra == 'a' ) `), "os_name == 'nt' and ( extra == 'a' )"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestReadersDiffer: what some reader finds to hold, though another does not, may apply.
func TestReadersDiffer(t *testing.T) {
	e := Environment{
		"sys_platform": {"linux"}, "platform_system": {"Linux"}, "os_name": {"posix"}, "platform_machine": {"x86_64"},
		"python_version": {"3.11"}, "python_full_version": {"3.11.0", "3.11.9"}, "implementation_version": {"3.11.0", "3.11.9"},
		"implementation_name": {"cpython"}, "platform_python_implementation": {"CPython"},
	}
	for _, text := range []string{
		`python_version in '3.12,3.13'`, `python_version not in '3.11 , 3.12'`, `python_version not in '3.11|3.12'`, `python_version not in ' 3.11'`,
		`python_version not in '3.11  3.12'`, "python_version in '3.12\t3.13'", `python_version in ''`, `python_version in '3'`, `python_version in '3.11.0 3.12'`,
		`python_version not in '3.11 3.12rc1'`, `python_version in '3.12 3.*'`, `python_version in '03.12'`,
		`python_version == '3.11rc1'`, `python_version <= '3.11rc1'`, `python_version < '3.11.dev0'`, `python_version != '3.11.post1' and python_version == '3.11.post1'`,
		`python_version == '1!3.11'`, `python_version == '3.11+local'`, `'3.11rc1' == python_version`, `'3.11rc1' >= python_version`, `python_version == ' 3.12'`,
		`python_version == 'v3.12'`, `python_version == '3.12 '`, `python_version < '3.11.*'`, `python_version == '3.12rc1.*'`, `python_version == '3.12,3.13'`,
		`python_full_version in "3.11"`, `python_full_version not in "3.11"`, `implementation_version in "3.11"`, `python_full_version < '3.11.0rc1'`,
		`sys_platform not in "linux2 win32"`, `sys_platform == " linux"`, `sys_platform == "linux "`, `os_name == "posix|nt"`, `os_name == "posix,nt"`, `os_name == "posix nt"`,
		`os_name != "posix" or os_name == "nt|posix"`, `os_name not in "posixx"`, `platform_machine not in "x86_64h arm64"`, `implementation_name not in "cpython3"`,
		`sys_platform not in "linux,win32"`, `sys_platform in "win32  darwin"`, `sys_platform in ""`, `sys_platform == ""`, `sys_platform == "*"`, `sys_platform == "==linux"`,
		"sys_platform == 'linux\u00a0'", `"lin" not in sys_platform`, `"lin|win" in sys_platform`, `" linux" == sys_platform`, `"" not in sys_platform`,
	} {
		m, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if !m.MayApply(e) {
			t.Errorf("%q is left out", text)
		}
	}
	for _, text := range []string{
		`python_version in '3.12 3.13'`, `python_version not in '3.10 3.11'`, `python_version == '3.12'`, `python_version == '3.12.*'`, `python_full_version in "3.12.1 3.12.2"`,
		`sys_platform not in "linux win32"`, `sys_platform in "win32 darwin"`, `sys_platform == "win32"`, `"win" in sys_platform`, `"linux" not in sys_platform`,
		`platform_machine == "arm64"`, `platform_machine != "x86_64"`, `'3.12' <= python_version`,
	} {
		if m, err := Parse(text); err != nil || m.MayApply(e) {
			t.Errorf("%q is not left out: %v", text, err)
		}
	}
}

// reference answers for each line of JSON, a marker and environments, what Python's
// packaging library makes of it: null for what it cannot read, else whether it holds in
// each environment, null where it cannot tell.
const reference = `
import json, sys
from packaging.markers import Marker, InvalidMarker
def holds(marker, environment):
    try:
        return marker.evaluate({**environment, "extra": "dev"})
    except Exception:
        return None
for line in sys.stdin:
    text, environments = json.loads(line)
    try:
        marker = Marker(text)
    except InvalidMarker:
        print("null")
        continue
    print(json.dumps([holds(marker, e) for e in environments]))
`

var texts = []string{"linux", "win32", "darwin", "nt", "posix", "CPython", "pypy", "x86_64", "arm64", "dev", "", "lin", "3", "3.8", "3.9", "3.12",
	"3.12.1", "3.12.*", "3.13", "3.8 3.12", "3.8,3.9", "3.12.0rc1", "not a version", "6.1"}

// random is a marker, mostly one that can be read.
func random(r *rand.Rand, depth int) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	if depth > 0 && r.IntN(3) > 0 {
		s := random(r, depth-1) + pick(" and ", " or ") + random(r, depth-1)
		if r.IntN(2) == 0 {
			s = "(" + s + ")"
		}
		return s
	}
	variable := pick("sys_platform", "platform_system", "os_name", "platform_machine", "python_version", "python_version", "python_full_version",
		"python_full_version", "implementation_name", "platform_python_implementation", "platform_release", "extra", "os.name", "implementation_version")
	operator := pick("==", "!=", "<", "<=", ">", ">=", "~=", "===", "in", "not in", "==", "!=", ">=", "<")
	text := pick(`"`, "'") + "" + pick(texts...)
	text += text[:1]
	if r.IntN(5) == 0 {
		variable, text = text, variable
	}
	return variable + pick(" ", "  ") + operator + " " + text
}

// TestAgainstPackaging holds what may not apply against the library that pip asks: it
// must hold in none of the environments that are meant.
func TestAgainstPackaging(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	const probe = "import packaging; assert int(packaging.__version__.split('.')[0]) >= 26"
	if out, err := exec.Command(python, "-c", probe).CombinedOutput(); err != nil {
		t.Skipf("python3 has no packaging 26 or newer to compare with: %s", bytes.TrimSpace(out))
	}
	var environments []map[string]string
	for _, full := range linux312["python_full_version"] {
		for _, release := range []string{"6.1", "20.0"} {
			e := map[string]string{"platform_release": release, "platform_version": "#1", "implementation_version": full, "python_full_version": full}
			for name, values := range linux312 {
				if name != "python_full_version" {
					e[name] = values[0]
				}
			}
			environments = append(environments, e)
		}
	}
	r := rand.New(rand.NewPCG(5, 8))
	var markers []string
	var in bytes.Buffer
	for i := range 6000 {
		m := random(r, i%4)
		if r.IntN(40) == 0 {
			at := r.IntN(len(m))
			m = m[:at] + m[at+1:]
		}
		markers = append(markers, m)
		if err := json.NewEncoder(&in).Encode([]any{m, environments}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "-c", reference)
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the reference: %v", err)
	}
	answers := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(answers) != len(markers) {
		t.Fatalf("%d answers to %d markers", len(answers), len(markers))
	}
	left, needless, unread := 0, 0, 0
	for i, text := range markers {
		var held []*bool
		if err := json.Unmarshal(answers[i], &held); err != nil {
			t.Fatal(err)
		}
		m, err := Parse(text)
		if (err == nil) != (held != nil) {
			t.Errorf("%s: %v, and packaging says %s", text, err, answers[i])
			continue
		}
		if err != nil {
			unread++
			continue
		}
		// Where packaging cannot tell (null) pip installs nothing at all.
		never := !slices.ContainsFunc(held, func(b *bool) bool { return b != nil && *b })
		switch may := m.MayApply(linux312); {
		case !may && !never:
			t.Errorf("%s: left out, and packaging says %s", text, answers[i])
		case !may:
			left++
		case never:
			needless++
		}
	}
	if left < 500 || unread < 10 {
		t.Errorf("of %d markers %d were left out and %d could not be read: the comparison says little", len(markers), left, unread)
	}
	t.Logf("%d left out, %d kept in doubt, %d cannot be read", left, needless, unread)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`sys_platform == "win32"`, `(os_name == 'nt' or extra == "a") and python_version not in "3.8 3.9"`,
		`"3.8" <= python_version`, `((((`, `os.name === "x"`, "python_full_version ~= '3.8.*'", `os_name == "'or extra!='"`, `extra in "é"`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := Parse(s)
		if err != nil {
			if !errors.Is(err, Err) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		again, err := Parse(Words(s))
		if err != nil {
			t.Fatalf("%q is a marker, and %q is none", s, Words(s))
		}
		if !m.MayApply(nil) {
			t.Fatalf("%q is left out where nothing is said", s)
		}
		if err == nil && m.MayApply(linux312) != again.MayApply(linux312) {
			t.Fatalf("%q and %q are not the same", s, Words(s))
		}
	})
}
