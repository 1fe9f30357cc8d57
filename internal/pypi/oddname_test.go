package pypi

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// oddNames are spellings of a file of foo-bar that some installer takes, with
// the version that it takes the file for.
var oddNames = []struct{ in, version string }{
	{"foo_bar- 2.0.tar.gz", "2.0"},
	{"foo_bar-2.0 .tar.gz", "2.0"},
	{"foo_bar-2.0  .zip", "2.0"},
	{"foo_bar-2.0\u00a0.tar.gz", "2.0"},
	{"foo_bar-\u30002.0.tar.gz", "2.0"},
	{"foo_bar-\u2028 2.post1\u1680.tgz", "2.post1"},
	{"foo_bar-2.0-\u06601-py3-none-any.whl", "2.0"},
	{"foo_bar -2.0.tar.gz", "2.0"},
	{"foo-bar-2.0.0-py3.9.tar.gz", "2.0.0"},
	{"foo-bar-2.0 -py3.tar.bz2", "2.0"},
	{"foo_bar- 2.0-py3-none-any.whl", "2.0"},
	{"foo_bar-2.0 -py3-none-any.whl", "2.0"},
	{"foo_bar-2.0\u3000-1-py3-none-any.whl", "2.0"},
	{"foo__bar-2.0-py3-none-any.whl", "2.0"},
	{"foo._.bar-2.0-py3-none-any.whl", "2.0"},
	{"foo_bar-2.0_1-py3-none-any.whl", "2.0.post1"},
	{"foo_bar-2.0-py3.!-none-any.whl", "2.0"},
	{"foo_bar-2.0-py3..py2-none-any.whl", "2.0"},
	{"foo_bar-2.0-py3.3py-none-any.whl", "2.0"},
	{"foo_bar-2.0-py3-none-any.any any.whl", "2.0"},
	{"foo%5Fbar-2%2E0-py3-none-any.whl", "2.0"},
	{"foo_bar%2D2.0%2Dpy3%2Dnone%2Dany.whl", "2.0"},
	{"foo" + strings.Repeat("_", 230) + "bar-2.0.tar.gz", "2.0"},
	{"foo_bar-2." + strings.Repeat("0", 205) + ".tar.gz", "2.0"},
	{"foo_bar-2" + strings.Repeat(".0", 110) + "-py3-none-any.whl", "2"},
}

func TestOddNames(t *testing.T) {
	for _, c := range oddNames {
		want, err := ParseVersion(c.version)
		if err != nil {
			t.Fatal(err)
		}
		for _, project := range []string{"", "foo-bar"} {
			f, err := ParseFilenameFor(project, c.in)
			if err != nil || f.Project != "foo-bar" || f.Version.Canonical() != want.Canonical() || f.Name != c.in {
				t.Errorf("ParseFilenameFor(%q, %q) = %+v, %v", project, c.in, f, err)
			}
			f.Tags()
		}
	}
	if f, err := ParseFilenameFor("keras", "\u212aeras-2.0.tar.gz"); err != nil || f.Version.String() != "2.0" {
		t.Errorf("the Kelvin sign: %+v, %v", f, err)
	}
	if f, err := ParseFilenameFor("foo-bar", "foo_bar- 2-1 .tgz"); err != nil || f.Version.String() != "2.post1" {
		t.Errorf("an implicit post-release: %+v, %v", f, err)
	}
	// A subject is no odd spelling of the file's name, nor the other way round.
	odd, _ := ParseFilename("foo_bar- 2.0-py3-none-any.whl")
	plain, _ := ParseFilename("foo_bar-2.0-py3-none-any.whl")
	if odd.SameDistribution(plain) || plain.SameDistribution(odd) || !odd.SameDistribution(odd) {
		t.Error("an odd name is the same distribution as a plain one")
	}
}

// The normal form of a version can be longer than its spelling, and is read again.
func TestLongVersions(t *testing.T) {
	f, err := ParseFilename("a-2" + strings.Repeat(".1", 121) + "crdev.zip")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := ParseVersion(f.Version.String()); err != nil || v != f.Version {
		t.Errorf("%v, %v", v, err)
	}
}

// pipReads is a program that answers for each line of JSON, a project and a file
// name, which version pip's own code takes the file for. Tags are not compared.
const pipReads = `
import json, sys, urllib.parse
from pip._internal.index import package_finder
from pip._internal.models.link import Link
from pip._internal.models.target_python import TargetPython
from pip._vendor.packaging.utils import canonicalize_version
from pip._vendor.packaging.version import InvalidVersion, Version
package_finder.Wheel.supported = lambda self, tags: True
target = TargetPython(py_version_info=(3, 9, 1))
def read(project, filename):
    finder = package_finder.LinkEvaluator(project, project, frozenset(["binary", "source"]), target, True)
    link = Link("https://files.example.invalid/x/" + urllib.parse.quote(filename, safe=""))
    kind, detail = finder.evaluate_link(link)
    if kind is not package_finder.LinkType.candidate:
        return None
    try:
        return canonicalize_version(Version(detail))
    except InvalidVersion:
        return None
for line in sys.stdin:
    print(json.dumps(read(*json.loads(line))))
`

// pipPython finds a Python whose pip is new enough to be asked.
func pipPython(t *testing.T) string {
	t.Helper()
	const probe = "from pip._internal.index.package_finder import LinkEvaluator, LinkType"
	candidates := []string{"python3"}
	if pip, err := exec.LookPath("pip"); err == nil {
		candidates = []string{filepath.Join(filepath.Dir(pip), "python3"), "python3"}
	}
	for _, python := range candidates {
		if exec.Command(python, "-c", probe).Run() == nil {
			return python
		}
	}
	t.Skip("no Python has a pip to compare with")
	return ""
}

func TestFilenamesAgainstPip(t *testing.T) {
	python := pipPython(t)
	random := rand.New(rand.NewPCG(9, 10))
	projects := []string{"foo-bar", "foo", "foo-2", "keras"}
	var questions [][2]string
	for _, c := range oddNames {
		questions = append(questions, [2]string{"foo-bar", c.in})
	}
	starts := []string{"foo_bar", "Foo.Bar", "foo", "foo-2", "foo__bar", "foo-bar", "Keras", "\u212aeras"}
	versions := []string{"2.0", "2", "2.0.0", "v2.0", "2-1", "2.0rc1", "2.0-beta", "2.0+l.1", "02.00", "0!2", "2.0.post", "2.0-r1.dev"}
	ends := []string{".tar.gz", ".zip", "-py3-none-any.whl", "-1-py3-none-any.whl", "-1%2Dx-py3-none-any.whl", "-py3.9.tar.gz", "-py3.zip", "-py39.tgz", ".TAR.gz", ".tar", ".tar.xz", ".egg"}
	noise := []string{" ", "\u00a0", "\u3000", "\u2028", "\u200b", "\ufeff", "\u212a", "\u017f", "\u0131", "\u0660", "-", "-", "_", "__", ".", "0", "00", "+", "%20", "%2D", "%", "!", "v", "a", "post", "-py3", "-py3.9", "-1", "#egg=foo-3", "?", "&", ";", ".tar", ".zip", "~", "\u00e9"}
	for range 40_000 {
		name := starts[random.IntN(len(starts))] + "-" + versions[random.IntN(len(versions))] + ends[random.IntN(len(ends))]
		for range random.IntN(3) {
			runes := []rune(name)
			at := random.IntN(len(runes) + 1)
			name = string(runes[:at]) + noise[random.IntN(len(noise))] + string(runes[at:])
		}
		questions = append(questions, [2]string{projects[random.IntN(len(projects))], name})
	}
	var in strings.Builder
	for _, q := range questions {
		if err := json.NewEncoder(&in).Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "-c", pipReads)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pip's code: %v", err)
	}
	answers := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	taken, odd := 0, 0
	for i, q := range questions {
		var want *string
		if err := json.Unmarshal([]byte(answers[i]), &want); err != nil {
			t.Fatal(err)
		}
		if want == nil || strings.ContainsFunc(*want, func(r rune) bool { return r > unicode.MaxASCII }) {
			continue // old pips fold letters in local versions: to nobody's release but theirs
		}
		taken++
		f, err := ParseFilenameFor(q[0], q[1])
		if errors.Is(err, ErrFilename) && strings.Contains(err.Error(), "not the same to all installers") {
			continue // refused whatever it is
		}
		if err != nil || f.Version.Canonical() != *want {
			t.Errorf("%q of %s: %q, %v; pip takes it for %s", q[1], q[0], f.Version, err, *want)
		}
		if f.odd {
			odd++
		}
	}
	if taken < 2_000 || odd < 200 {
		t.Errorf("pip took only %d names, %d of them odd", taken, odd)
	}
	t.Logf("pip took %d of %d names, %d of them odd", taken, len(questions), odd)
}
