package pypi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
)

// reference is a program that answers for each line of JSON what Python's
// packaging library makes of it.
const reference = `
import html.parser, json, sys
from packaging.version import Version, InvalidVersion
from packaging import utils
from packaging.specifiers import SpecifierSet
from packaging.metadata import parse_email
def version(s):
    try:
        v = Version(s)
    except InvalidVersion:
        return None
    return [str(v), v.is_prerelease]
def order(pair):
    a, b = map(Version, pair)
    return (a > b) - (a < b)
def contains(pair):
    return SpecifierSet(pair[0]).contains(Version(pair[1]), prereleases=True)
def filename(s):
    try:
        if s.endswith(".whl"):
            name, v, build, tags = utils.parse_wheel_filename(s)
        else:
            (name, v), build, tags = utils.parse_sdist_filename(s), (), ()
    except (utils.InvalidWheelFilename, utils.InvalidSdistFilename):
        return None
    return [name, str(v), "".join(map(str, build)), sorted(map(str, tags))]
def metadata(s):
    raw, rest = parse_email(s.encode())
    strip = lambda v: v.strip(" \t\r\n")
    return [strip(raw.get(f, "")) for f in ("metadata_version", "name", "version", "requires_python")] + [
        [strip(v) for v in raw.get(f, [])] for f in ("requires_dist", "provides_extra")] + [[strip(v).lower() for v in raw.get("dynamic", [])]]
class Links(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs).get("href"))
def links(s):
    parser = Links()
    parser.found = []
    try:
        parser.feed(s)
        parser.close()
    except Exception:
        return []
    return parser.found
for line in sys.stdin:
    kind, arg = json.loads(line)
    print(json.dumps(globals()[kind](arg)))
`

// ask hands questions to the reference and returns its answers.
func ask(t *testing.T, questions [][2]any) []json.RawMessage {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	const probe = "import packaging; assert int(packaging.__version__.split('.')[0]) >= 26"
	if out, err := exec.Command(python, "-c", probe).CombinedOutput(); err != nil {
		t.Skipf("python3 has no packaging 26 or newer to compare with: %s", bytes.TrimSpace(out))
	}
	var in bytes.Buffer
	for _, q := range questions {
		if err := json.NewEncoder(&in).Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "-c", reference)
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the reference: %v", err)
	}
	var answers []json.RawMessage
	for line := range bytes.Lines(out) {
		answers = append(answers, json.RawMessage(line))
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// pieces builds strings out of a format's own pieces: most are nearly valid.
func pieces(random *rand.Rand, alphabet []string, most int) string {
	var b strings.Builder
	for range 1 + random.IntN(most) {
		b.WriteString(alphabet[random.IntN(len(alphabet))])
	}
	return b.String()
}

var versionPieces = []string{"0", "1", "2", "10", "007", "18446744073709551616", ".", ".", "1.0", "-", "_", "!", "+", "a", "b", "c", "rc",
	"alpha", "beta", "pre", "preview", "post", "rev", "r", "dev", "v", "Local", "DEV", ".dev1", ".post2", "a1", "x", "é", "²"}

func TestVersionsAgainstPackaging(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var questions [][2]any
	for range 6_000 {
		questions = append(questions, [2]any{"version", pieces(random, versionPieces, 7)})
	}
	var valid []string
	for i, answer := range ask(t, questions) {
		in := questions[i][1].(string)
		v, err := ParseVersion(in)
		want, got := strings.TrimSpace(string(answer)), "null"
		if err == nil {
			got = fmt.Sprintf("[%q, %t]", v, v.IsPrerelease())
			valid = append(valid, in)
		}
		if got != want {
			t.Errorf("%q: %s, packaging says %s", in, got, want)
		}
	}
	questions = nil
	for range 6_000 {
		questions = append(questions, [2]any{"order", [2]string{valid[random.IntN(len(valid))], valid[random.IntN(len(valid))]}})
	}
	for i, answer := range ask(t, questions) {
		pair := questions[i][1].([2]string)
		a, errA := ParseVersion(pair[0])
		b, errB := ParseVersion(pair[1])
		if got := fmt.Sprint(a.Compare(b)); errA != nil || errB != nil || got != strings.TrimSpace(string(answer)) {
			t.Errorf("%q and %q: %s, packaging says %s", pair[0], pair[1], got, answer)
		}
	}
}

func TestFilenamesAgainstPackaging(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	alphabet := []string{"foo", "Foo_Bar", "a.b", "-", "-", "-", "-1.0", "-2.0rc1", "-01", "-1a", "-py3", "-py2.py3", "-cp310", "-none", "-any", "-abi3",
		"-py3-none-any", "-manylinux2014_x86_64.linux_x86_64", "_", ".", "9"}
	extensions := []string{".whl", ".whl", ".tar.gz", ".zip"}
	var questions [][2]any
	for range 12_000 {
		questions = append(questions, [2]any{"filename", pieces(random, alphabet, 7) + extensions[random.IntN(4)]})
	}
	taken := 0
	for i, answer := range ask(t, questions) {
		in := questions[i][1].(string)
		var want []any
		if err := json.Unmarshal(answer, &want); err != nil {
			t.Fatal(err)
		}
		f, err := ParseFilename(in)
		if err == nil && want == nil && !f.odd {
			t.Errorf("%q: %+v, packaging refuses it", in, f)
		}
		if want == nil {
			continue
		}
		if err != nil {
			// packaging does not check that the name is one of PEP 508.
			if _, bad := NormalizeName(want[0].(string)); bad == nil {
				t.Errorf("%q: %v, packaging says %s", in, err, answer)
			}
			continue
		}
		taken++
		tags := []any{}
		for _, tag := range f.Tags() {
			tags = append(tags, tag)
		}
		if got := []any{f.Project, f.Version.String(), f.Build, tags}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %v, packaging says %v", in, got, want)
		}
	}
	if taken < 100 {
		t.Errorf("only %d names were valid", taken)
	}
}

// pip reads pages with Python's own parser: no link that it sees may be missing
// from a page that was taken.
func TestLinksAgainstPython(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	alphabet := []string{"<!--", "-->", "--!>", "--", "<!", "<![CDATA[", "]]>", "<?", "</", "<", ">", "/", "=", "\"", "'", " ", "\n", "&lt;", "x",
		"<title>", "</title>", "<script>", "</script>", "<style>", "</style>", "<textarea>", "</textarea>", "<svg>", "<plaintext>", "<noscript>",
		"<p x=\"", "<p x='", "<a", "<A ", " href=foo-3.zip", " href='foo-4.zip'", "<!DOCTYPE", "\x00", "\f", "\u00a0"}
	var questions [][2]any
	for i := range 6_000 {
		body := pieces(random, alphabet, 8)
		link := fmt.Sprintf("<a href=\"foo-%d.zip\">", i%2)
		questions = append(questions, [2]any{"links", body + link + pieces(random, alphabet, 8)})
	}
	taken := 0
	for i, answer := range ask(t, questions) {
		in := questions[i][1].(string)
		p, err := ParsePage("text/html", []byte(in), testBase)
		if err != nil {
			continue
		}
		taken++
		listed := map[string]bool{}
		for _, f := range p.Files {
			listed[f.Filename] = true
		}
		var seen []*string
		if err := json.Unmarshal(answer, &seen); err != nil {
			t.Fatal(err)
		}
		for _, href := range seen {
			if href != nil && IsDistribution(*href) && !listed[*href] {
				t.Errorf("%q: Python sees %q, the page lists %v", in, *href, p.Files)
			}
		}
	}
	if taken < 500 {
		t.Errorf("only %d pages were taken", taken)
	}
}
