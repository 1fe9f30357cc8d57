package requirements

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func environment(name string) string {
	return map[string]string{"TOKEN": "s3cret", "HOST": "a.invalid", "DASH": "-r hidden.txt", "BIG": strings.Repeat("x", maxLine/4)}[name]
}

// shown renders entries as "LINE KIND [PROJECT @] VALUE".
func shown(entries []Entry) string {
	var out []string
	for _, e := range entries {
		s := fmt.Sprintf("%d %s ", e.Line, e.Kind)
		if e.Constraint {
			s += "(constraint) "
		}
		if e.Project != "" {
			s += e.Project + " @ "
		}
		out = append(out, s+e.Value)
	}
	return strings.Join(out, "\n")
}

func TestParse(t *testing.T) {
	utf16le := func(s string) string {
		var b bytes.Buffer
		b.WriteString("\xff\xfe")
		for _, u := range utf16.Encode([]rune(s)) {
			_ = binary.Write(&b, binary.LittleEndian, u)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, text, want string }{
		{"names", "a\nb==1.0 ; python_version < '3'\n\n# c\nc[x]>=2 # d", "1 name a\n2 name b==1.0 ; python_version < '3'\n5 name c[x]>=2"},
		{"options", "-i https://a.invalid/s\n--extra-index-url=https://b.invalid/s\n-fwheels\n--find-links ./w\n--no-index\n--trusted-host a.invalid:80",
			"1 index-url https://a.invalid/s\n2 extra-index-url https://b.invalid/s\n3 find-links wheels\n4 find-links ./w\n5 no-index \n6 trusted-host a.invalid:80"},
		{"several on a line", "--pre -i https://a.invalid --extra-index-url 'https://b.invalid'", "1 index-url https://a.invalid\n1 extra-index-url https://b.invalid"},
		{"cut short", "--index https://a.invalid\n--extra https://b.invalid\n--find x\n--trust h\n--re x\n--p", "1 index-url https://a.invalid\n2 extra-index-url https://b.invalid\n3 find-links x\n4 trusted-host h"},
		{"cut short as newer pips have it", "--i https://a.invalid\n--pre --i=https://b.invalid x", "1 index-url https://a.invalid\n2 index-url https://b.invalid"},
		{"files", "-r a.txt\n-c b.txt\n--requirement=c.txt\n-rd.txt", "1 include a.txt\n2 constraint b.txt\n3 include c.txt\n4 include d.txt"},
		{"quoted and escaped", "-r 'a b.txt'\n-r \"c \\\"d\"\n-r e\\ f", "1 include a b.txt\n2 include c \"d\n3 include e f"},
		{"a quote left open", "-r 'a b", "1 include a b"},
		{"a value left out", "-r\n--index-url", ""},
		{"files that pip and uv name differently", "-r=a.txt\n-r a#b.txt\n-c ' a.txt'\n-r a b\n-r 'c d'\n--requirement e#f",
			"1 include a.txt\n1 include =a.txt\n2 include a\n2 include a#b.txt\n3 constraint  a.txt\n4 include a b\n4 include a\n5 include c d\n6 include e\n6 include e#f"},
		{"a requirement behind hashes", "a==1 --hash=sha256:00 --hash sha256:11 b @ https://b.invalid/b.whl", "1 name a==1\n1 direct b @ https://b.invalid/b.whl"},
		{"direct", "https://a.invalid/x-1.whl\nx @ https://a.invalid/x-1.whl ; python_version > '3'\ny[z]@https://a.invalid/y.zip --hash=sha256:00",
			"1 direct https://a.invalid/x-1.whl\n2 direct x @ https://a.invalid/x-1.whl\n3 direct y @ https://a.invalid/y.zip"},
		{"version control", "git+https://a.invalid/x@v1#egg=x\nx @ git+ssh://git@a.invalid/x\n-e git+https://a.invalid/y\nhg+https://a.invalid/z\ngit@a.invalid:x/y.git",
			"1 vcs git+https://a.invalid/x@v1#egg=x\n2 vcs x @ git+ssh://git@a.invalid/x\n3 vcs git+https://a.invalid/y\n4 vcs hg+https://a.invalid/z\n5 vcs git@a.invalid:x/y.git"},
		{"local", ".\n./a\na/b\nc.whl\nd.tar.gz ; python_version > '3'\n-e .[x]\nx @ file:///tmp/x\nfile:///tmp/y\n-e file:///tmp/z\nC:\\w\\x.whl\nz @ ../z",
			"1 local .\n2 local ./a\n3 local a/b\n4 local c.whl\n5 local d.tar.gz\n6 editable .\n7 local x @ file:///tmp/x\n8 local file:///tmp/y\n9 editable file:///tmp/z\n10 local C:\\w\\x.whl\n11 local z @ ../z"},
		{"continued", "a \\\n  --hash=sha256:00 \\\n  --hash=sha256:11\n-i \\\nhttps://a.invalid\nb", "1 name a\n4 index-url https://a.invalid\n6 name b"},
		{"a comment ends a continuation", "a \\\n# -r x\n-r y", "1 name a\n3 include y"},
		{"continued to the end", "-r a\\", "1 include a"},
		{"all of Python's line ends", "a\r\nb\rc\vd\fe\x1cf\u2028g\u0085h", "1 name a\n2 name b\n3 name c\n4 name d\n5 name e\n6 name f\n7 name g\n8 name h"},
		{"an option behind an odd line end", "a # x\f-r b", "1 name a\n2 include b"},
		{"no comment", "x @ https://a.invalid/x#sha256=00", "1 direct x @ https://a.invalid/x#sha256=00"},
		{"a comment behind a wide space", "a\u00a0# -r b", "1 name a"},
		{"an option behind white space that Python knows", "\x1f-r b\n\u3000\x1f-r c\x1f", "1 include b\n2 include c"},
		{"variables", "-i https://me:${TOKEN}@${HOST}/s\n-r ${NONE}\n-r $HOST\n-r ${host}", "1 index-url https://me:s3cret@a.invalid/s\n2 include ${NONE}\n3 include $HOST\n4 include ${host}"},
		{"a variable with an option", "${DASH}", "1 include hidden.txt"},
		{"a mark", "\ufeff-r a", "1 include a"},
		{"UTF-16", utf16le("-r é\nb"), "1 include é\n2 name b"},
		{"an encoding that is read alike", "# -*- coding: cp1252 -*-\n-r \xe9", "2 include \ufffd"},
		{"NUL", "a\x00\n-r b\x00c", "1 name a\x00\n2 include b\x00c"},
		{"behind two dashes", "--pre -- -r x", ""},
		{"unknown", "--frobnicate x\n-x y\n-", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse("f", []byte(tt.text), environment)
			if err != nil {
				t.Fatal(err)
			}
			if s := shown(got); s != tt.want {
				t.Errorf("got\n%s\nwant\n%s", s, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"an encoding that hides", "# coding: utf-7\n+AC0-r x", `f: the encoding "utf-7" is not one that assay reads`},
		{"in the second line", "#\n# vim: fileencoding=rot13", `f: the encoding "rot13" is not one that assay reads`},
		{"half a character", "\xff\xfea", "f: the file ends within a character"},
		{"no UTF-32", "\xff\xfe\x00\x00\xff\xff\xff\xff", "f: the file is not UTF-32"},
		{"a long line", "a\n" + strings.Repeat("b", maxLine+1), "f:2: a line is longer than 1048576 bytes"},
		{"long by continuations", strings.Repeat(strings.Repeat("b", 1000)+"\\\n", 1100), "f:1049: a line is longer than 1048576 bytes"},
		{"long by variables", strings.Repeat("${BIG}", 5), "f:1: a line is longer than 1048576 bytes"},
		{"many", strings.Repeat("a\n", maxEntries+1), "f:100001: more than 100000 requirements"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.text), environment)
			var own *Error
			if !errors.As(err, &own) || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// tree opens files of a map; what is not in it is not read.
func tree(files map[string]string) Opener {
	return func(name string) ([]byte, error) {
		if text, ok := files[filepath.ToSlash(name)]; ok {
			return []byte(text), nil
		}
		return nil, nil
	}
}

func TestRead(t *testing.T) {
	got, err := Read("a.txt", tree(map[string]string{
		"a.txt":     "-r sub/b.txt\n-c c.txt\n-r https://x.invalid/r.txt\n-r gone.txt\nlast",
		"sub/b.txt": "-r ../a.txt\n-r b.txt\n-i https://b.invalid\n-r file:///abs/d.txt",
		"c.txt":     "c<2\n-r d.txt", "d.txt": "d<2", "/abs/d.txt": "absolute",
	}), environment)
	if err != nil {
		t.Fatal(err)
	}
	want := `1 include sub/b.txt
1 include ../a.txt
2 include b.txt
3 index-url https://b.invalid
4 include file:///abs/d.txt
1 name absolute
2 constraint c.txt
1 name (constraint) c<2
2 include (constraint) d.txt
1 name d<2
3 include https://x.invalid/r.txt
4 include gone.txt
5 name last`
	if s := shown(got); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
	if f := got[3].File; filepath.ToSlash(f) != "sub/b.txt" {
		t.Errorf("an entry stands in %s", f)
	}
}

// A file is requirements where anything leads to it by -r, however it was read before.
func TestReadWithinConstraints(t *testing.T) {
	got, err := Read("a.txt", tree(map[string]string{"a.txt": "-c c.txt\n-c d.txt\n-r d.txt\n", "c.txt": "-r e.txt\nc<1\n", "d.txt": "d\n", "e.txt": "e\n-c c.txt\n"}), environment)
	if err != nil {
		t.Fatal(err)
	}
	want := "1 constraint c.txt\n1 include (constraint) e.txt\n1 name e\n2 constraint c.txt\n2 name (constraint) c<1\n" +
		"2 constraint d.txt\n1 name (constraint) d\n3 include d.txt\n1 name d"
	if s := shown(got); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

func TestReadRefuses(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name string
		open Opener
		want string
	}{
		{"deep", func(name string) ([]byte, error) { return []byte("-r x" + name), nil }, strings.Repeat("x", maxDepth+1) + "a: more than 20 files lie within each other"},
		{"wide", func(name string) ([]byte, error) {
			if name != "a" {
				return []byte{}, nil
			}
			var b strings.Builder
			for i := range maxFiles {
				fmt.Fprintf(&b, "-r f%d\n", i)
			}
			return []byte(b.String()), nil
		}, "f199: more than 200 files lead to each other"},
		{"large", func(string) ([]byte, error) { return make([]byte, MaxFile+1), nil }, "a: the file is larger than 8388608 bytes"},
		{"many in all", func(name string) ([]byte, error) {
			text := strings.Repeat("x\n", maxEntries/2)
			if name == "a" {
				text = "-r b\n" + text
			}
			return []byte(text), nil
		}, "a:50001: more than 100000 requirements"},
		{"out of reach", func(string) ([]byte, error) { return nil, broken }, "broken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read("a", tt.open, environment)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		`--proxy http://p.invalid -i "a b"`: {"--proxy", "http://p.invalid", "-i", "a b"},
		`'' ""x\ y `:                        {"", "x y"},
		`"a\b\"c" 'd\'`:                     {`a\b"c`, `d\`},
	} {
		if got := Words(in); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

var seeds = []string{
	"a==1\n-r b.txt\n", "-i https://a.invalid/s --extra-index-url https://b.invalid/s", "a \\\n# c\n -f x", "\ufeffa", "\xff\xfea\x00",
	"# coding: utf-7\n", "x @ git+https://a.invalid/x@1#egg=x ; m", "-e .[x]", "a\x0c-r b", "-r 'x y' \"z", "--index=u\n--no-in\n--no-index", "a # b\u2028-c d",
	"--trusted-host h --find-l w", "a --hash=sha256:00 \\\n --hash=sha256:11", "-e git+https://a.invalid/y", "-iu -fv -rw", "${HOME} ${NONE}", "-r a\\\\\nb", "\x1f-r a\x1f", "--pre --i https://i.example/s\n--has=sha256:00 --cons c.txt", "-f 'w '\n-r ' a'", "-r a#b\n-r=c\n-r 'd e' f\n-r a \\\n#x\n", "-C x=y -r a\n--global-option=x -c b",
	"a==1 --hash=sha256:00 b\n--no-index c", "-r a\\\nb\n\\\n\u3000-f d", "\\\n\\\n-r x", " # x\\\n-r y",
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := Parse("f", data, environment)
		var own *Error
		if err != nil && !errors.As(err, &own) {
			t.Fatalf("%v is no Error", err)
		}
		last := 0
		for _, e := range entries {
			if e.File != "f" || e.Line < 1 || e.Line < last {
				t.Errorf("%+v is out of place", e)
			}
			last = e.Line
		}
	})
}

// What Parse finds is what pip's own reader finds.
func TestAsPipDoes(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	const script = `
import json, sys, tempfile, os
from pip._internal.req import req_file
from pip._internal.req.req_file import preprocess, get_line_parser, break_args_options
class F: format_control = None
out = []
for text in json.load(sys.stdin):
    found = []
    for number, line in preprocess(text):
        try:
            args, opts = get_line_parser(None)(line)
        except Exception:
            continue
        if args:
            found.append([number, "requirement", ""])
            continue
        for name in ("index_url", "extra_index_urls", "find_links", "requirements", "constraints", "trusted_hosts", "editables"):
            value = getattr(opts, name, None)
            for v in value if isinstance(value, list) else [value] if value else []:
                found.append([number, name, v])
        if opts.no_index: found.append([number, "no_index", ""])
    out.append(found)
json.dump(out, sys.stdout)
`
	texts := seeds
	texts = slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return strings.HasPrefix(s, "\xff") || strings.HasPrefix(s, "\ufeff") })
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin, cmd.Env = bytes.NewReader(in), append(os.Environ(), "TOKEN=s3cret", "HOST=a.invalid", "HOME=", "NONE=")
	data, err := cmd.Output()
	if err != nil {
		t.Skipf("this python3 has no pip of which the reader could be used: %v", err)
	}
	var want [][][3]any
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	names := map[Kind]string{IndexURL: "index_url", ExtraIndexURL: "extra_index_urls", FindLinks: "find_links", Include: "requirements",
		Constraint: "constraints", TrustedHost: "trusted_hosts", Editable: "editables", NoIndex: "no_index"}
	for i, text := range texts {
		if i >= len(want) || strings.Contains(text, "utf-7") {
			continue
		}
		entries, err := Parse("f", []byte(text), environment)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		has := map[string]bool{}
		for _, e := range entries {
			name, value := names[e.Kind], e.Value
			switch {
			case name == "" && e.Kind == VCS:
				has[fmt.Sprint(e.Line, "editables", value)] = true
				fallthrough
			case name == "":
				name, value = "requirement", ""
			}
			has[fmt.Sprint(e.Line, name, value)] = true
		}
		for _, w := range want[i] {
			value := fmt.Sprint(w[2])
			if w[1] == "editables" {
				value = EditableEntry(value).Value
			}
			if key := fmt.Sprint(int(w[0].(float64)), w[1], value); !has[key] {
				t.Errorf("%q: pip finds %s, Parse has %v", text, key, has)
			}
		}
	}
}
