package lockfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// pieces are what odd requirements files are made of.
var pieces = struct{ requirements, options, joints []string }{
	requirements: []string{"demo==1.0", "Evil==1.0", "evil", "good [x] (>=1)", "url @ https://h.example/url-1.0-py3-none-any.whl", "https://h.example/bare-1.0.tar.gz",
		"git+https://h.example/vcs#egg=vcs", "./folder", "dl/file-1.0-py3-none-any.whl", "demo==1.0; os_name=='x'", "two==${TWO}"},
	options: []string{"-r a.txt", "-ra.txt", "-r=a.txt", "-r 'a.txt'", "-r \"b c.txt\"", "-r b\\ c.txt", "-r d/../a.txt", "--requirement a.txt", "--requirement=a.txt",
		"--req a.txt", "--requ a.txt", "--requirem=a.txt", "-c c.txt", "-cc.txt", "--c c.txt", "--cons c.txt", "-c n.txt", "-r a.txt#x", "-r a.txt #x", "-r ' a.txt'",
		"-e ./folder", "-e ./folder#egg=x", "-e git+https://h.example/vcs#egg=vcs", "--editable=./folder", "--pre", "--no-index", "--no", "--no-b x", "--only-binary :all:",
		"-i https://i.example/s", "-ihttps://i.example/s", "-i=https://i.example/s", "--index https://i.example/s", "--extra https://e.example/s", "--extra-index-url=https://e.example/s",
		"-f w", "--find=w", "--trusted-host h", "--require-hashes", "--hash=sha256:" + strings.Repeat("a1", 32), "--hash sha256:" + strings.Repeat("b2", 32),
		"--has=sha256:" + strings.Repeat("c3", 32), "--hash='sha256:" + strings.Repeat("d4", 32) + "'", "--config-settings x=y", "--config-settings=x=y", "--config-settings",
		"-C x=y", "-Cx=y", "--global-option=x", "--", "-", "${OPTION}", "--use-feature=x"},
	joints: []string{" ", " ", " ", " ", "\n", "\n", "\n", "\n", "\r\n", " \\\n", " \\\n  ", "\\\n", "\\\n ", "\\ \n", "\t", "", "  ", "\u00a0", "\u3000", "\f", "\v", "\x1c", "\x1f", "\u0085",
		"\u2028", "\r", "#", " #", " # c\n", "\n# c\n", "\n  # c \\\n", "\n#\\\n", " #\\\n", "'", "\"", "\\", ";", " ; ", ",", "=", " -", " \\\r\n", "\\\n\\\n", "\ufeff", "\\\n#", " \\\n#c\n", "\\\\\n", "\\#"},
}

// oddFile makes a requirements file of pieces, most of which could be meant.
func oddFile(random *rand.Rand) string {
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	var b strings.Builder
	for range 1 + random.IntN(5) {
		switch random.IntN(8) {
		case 0, 1, 2:
			b.WriteString(pick(pieces.requirements))
		case 3:
			b.WriteString(pick(pieces.requirements) + pick([]string{" ", " ", " \\\n ", "\t"}) + "--hash=sha256:" + strings.Repeat("e5", 32))
		default:
			b.WriteString(pick(pieces.options))
		}
		if random.IntN(3) == 0 {
			b.WriteString(pick([]string{" ", "\n", " \\\n"}))
		}
		b.WriteString(pick(pieces.joints))
	}
	return b.String()
}

// encoded is a text in one of the ways in which files are, most as it is.
func encoded(random *rand.Rand, text string) string {
	wide := func(mark string, order binary.AppendByteOrder) string {
		out := []byte(mark)
		for _, u := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, u)
		}
		return string(out)
	}
	switch random.IntN(16) {
	case 0:
		return wide("\xff\xfe", binary.LittleEndian)
	case 1:
		return wide("\xfe\xff", binary.BigEndian)
	case 2:
		return "\ufeff" + text
	case 3, 4:
		out := []byte("# -*- coding: " + []string{"latin-1", "cp1252", "utf-8", "koi8-r", "euc-jp", "utf-7", "ascii"}[random.IntN(7)] + " -*-\n")
		for _, c := range text {
			out = append(out, byte(c))
		}
		return string(out)
	}
	return text
}

// besides are the files that odd ones may include.
var besides = map[string]string{"a.txt": "ina==1.0\n", "b c.txt": "inb==1.0\n", " a.txt": "blank==1.0\n", "=a.txt": "equals==1.0\n", "c.txt": "demo<2\n",
	"n.txt": "-r nested.txt\n", "nested.txt": "nested==1.0\n", "a.txt#x": "sharp==1.0\n"}

const readAsPip = `
import json, sys
from pip._internal.req.req_file import RequirementsFileParser, get_line_parser
out = []
for name in json.load(sys.stdin):
    found = {"requirements": [], "places": []}
    try:
        for line in RequirementsFileParser(None, get_line_parser(None)).parse(name, False):
            if line.requirement if not hasattr(line, "is_requirement") else line.is_requirement:
                hashes = [] if line.is_editable or line.requirement.startswith("git+") else [a + ":" + h for a, l in (line.opts.hashes or {}).items() for h in l]
                if not line.constraint:
                    found["requirements"].append([line.requirement, sorted(set(hashes))])
            else:
                for name in ("index_url", "extra_index_urls", "find_links"):
                    value = getattr(line.opts, name, None)
                    found["places"] += value if isinstance(value, list) else [value] if value else []
    except Exception as e:
        found = None
    out.append(found)
json.dump(out, sys.stdout)
`

var notInKeys = regexp.MustCompile(`[ \t()]|;.*|\[x\]|#.*`)

// inKey is a requirement as pip has its text, without what may be written in many ways.
func inKey(text string, hashes []string) string {
	return notInKeys.ReplaceAllString(text, "") + " " + fmt.Sprint(hashes)
}

func keyOf(p Package) string {
	var hashes []string
	for _, h := range p.Hashes {
		if p.Source.Kind == Editable || p.Source.Kind == VCS {
			break // they have none for pip, and no hash says anything of them
		}
		hashes = append(hashes, h.text())
	}
	slices.Sort(hashes)
	text := p.Spelled + p.Specifier
	switch {
	case p.Source.Kind == URL && p.Name == "url":
		text = p.Spelled + "@" + p.Source.Where
	case p.Source.Kind != Registry:
		text = p.Source.Where
	}
	return inKey(text, hashes)
}

// TestNoMoreThanPip: of a file that is read, pip reads no requirement, hash or index that is
// not there. Files that are refused are left to pip.
func TestNoMoreThanPip(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	const rounds = 3000
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"TWO": "1.0", "OPTION": "-r a.txt"}
	random := rand.New(rand.NewPCG(23, 24))
	for name, text := range besides {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	open := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
	var places, texts []string
	var locks []*Lock
	for i := range rounds {
		text := oddFile(random)
		place := filepath.Join(dir, fmt.Sprintf("%d.txt", i))
		text = encoded(random, text)
		l, err := ReadEnv("requirements.txt", []byte(text), open, func(name string) string { return environment[name] })
		if err != nil {
			continue
		}
		if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		places, texts, locks = append(places, place), append(texts, text), append(locks, l)
	}
	if len(places) < rounds/20 {
		t.Errorf("only %d of %d files are read", len(places), rounds)
	}
	in, err := json.Marshal(places)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", readAsPip)
	cmd.Stdin, cmd.Env = bytes.NewReader(in), append(os.Environ(), "TWO=1.0", "OPTION=-r a.txt")
	data, err := cmd.Output()
	if err != nil {
		t.Skipf("this python3 has no pip of which the reader could be used: %v", err)
	}
	var asPip []*struct {
		Requirements [][2]any
		Places       []string
	}
	if err := json.Unmarshal(data, &asPip); err != nil {
		t.Fatal(err)
	}
	read := 0
	for i, pip := range asPip {
		if pip == nil {
			continue
		}
		read++
		var have []string
		for _, p := range locks[i].Packages {
			if !p.Constraint {
				have = append(have, keyOf(p))
			}
		}
		for _, w := range pip.Requirements {
			hashes := []string{}
			for _, h := range w[1].([]any) {
				hashes = append(hashes, h.(string))
			}
			if key := inKey(w[0].(string), hashes); !slices.Contains(have, key) {
				t.Errorf("%q: pip reads %q, and here are %q", texts[i], key, have)
			}
		}
		for _, place := range pip.Places {
			if !slices.ContainsFunc(locks[i].Indexes, func(x Index) bool { return x.URL == place }) {
				t.Errorf("%q: pip reads the place %q, and here are %v", texts[i], place, locks[i].Indexes)
			}
		}
	}
	t.Logf("of %d files %d are read, and %d by pip", rounds, len(places), read)
}
