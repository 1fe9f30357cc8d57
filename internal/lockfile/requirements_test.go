package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"assay"
)

func digest(t testing.TB, c string) assay.Digest {
	t.Helper()
	d, err := assay.ParseDigest("sha256:" + strings.Repeat(c, 32))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// folder opens files of a map.
func folder(files map[string]string) Open {
	return func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
}

// shown renders what is read of a package in one line.
func shown(p Package) string {
	out := fmt.Sprintf("%s %s", p.At, p.Name)
	if p.Version != "" {
		out += " " + p.Version
	}
	if len(p.Extras) > 0 {
		out += fmt.Sprint(" ", p.Extras)
	}
	if p.Source.Kind != Registry || p.Source.Where != "" {
		out += fmt.Sprintf(" %s(%s", p.Source.Kind, p.Source.Where)
		if p.Source.Revision != "" {
			out += " at " + p.Source.Revision
		}
		if p.Source.Secret {
			out += " secret"
		}
		out += ")"
	}
	if p.Specifier != "" && p.Version == "" {
		out += " {" + p.Specifier + "}"
	}
	if p.Marker != "" {
		out += " ; " + p.Marker
	}
	for _, h := range p.Hashes {
		out += fmt.Sprintf(" %.10s@%d", h.text(), h.At.Line)
	}
	if p.Constraint {
		out += " constraint"
	}
	return out
}

// TestRequirements: what pip reads of a requirements file of every kind of line.
func TestRequirements(t *testing.T) {
	sha5 := strings.Repeat("c", 128)
	main := strings.Join([]string{
		"# comment", // 1
		"-i https://user:${TOKEN}@index.example/simple  # the index",                  // 2
		"--extra-index-url=https://extra.example/simple --trusted-host extra.example", // 3
		"-f ./wheels", // 4
		"--require-hashes --pre --only-binary :all: --use-feature=x --no-binary=foo", // 5
		"-r sub/more.txt",    // 6
		"-c constraints.txt", // 7
		"Flask[Async,dot_env] == 3.0 ; python_version >= '3.8' and (os_name == \"posix\") \\", // 8
		"    --hash=sha256:" + sha + " \\",          // 9
		"  --hash sha512:" + sha5 + " \\",           // 10
		"    --hash=md5:" + strings.Repeat("d", 32), // 11
		"unpinned>=1,<2",                            // 12
		"bare",                                      // 13
		"old (>=1.0)",                               // 14
		"wild==1.*",                                 // 15
		"same===1.0.0",                              // 16
		"e @ https://me:pw@files.example/e-1.0-py3-none-any.whl#sha256=" + sha + " ; os_name=='x'", // 17
		"git+https://me:pw@git.example/x.git@v1#egg=x[y]",                                          // 18
		"z @ git+ssh://git@git.example/z@" + strings.Repeat("e", 40),                               // 19
		"-e ./lib[dev]", // 20
		"-e git+https://git.example/q@main#egg=q", // 21
		"./dist/w-2.0-py3-none-any.whl",           // 22
		"./folder",                                // 23
		"https://files.example/u-3.0.tar.gz",      // 24
		"joined== \\",                             // 25
		"1.5",                                     // 26
		"conf==1.0 --config-settings=\"a=b c\" --hash=sha256:" + sha, // 27
		"v==${VERSION}",         // 28
		"local==1.0+CPU_1",      // 29
		"n==V1.0-Alpha.1",       // 30
		"m @ file:///srv/m.zip", // 31
		"last==1 \\",            // 32
	}, "\n")
	open := folder(map[string]string{
		"sub/more.txt":    "-r deep.txt\nmore==1\n",
		"sub/deep.txt":    "deep==1\n",
		"constraints.txt": "-c sub/deep.txt\nflask<4\n",
	})
	getenv := func(name string) string { return map[string]string{"VERSION": "7.0"}[name] }
	l, err := ReadEnv("requirements.txt", []byte(main), open, getenv)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range l.Packages {
		got = append(got, shown(p))
	}
	want := []string{
		"sub/deep.txt:1 deep 1",
		"sub/more.txt:2 more 1",
		"sub/deep.txt:1 deep 1 constraint",
		"constraints.txt:2 flask {<4} constraint",
		"requirements.txt:8 flask 3.0 [async dot-env] ; python_version >= '3.8' and (os_name == \"posix\") sha256:a1a@9 sha512:ccc@10 md5:dddddd@11",
		"requirements.txt:12 unpinned {>=1,<2}",
		"requirements.txt:13 bare",
		"requirements.txt:14 old {>=1.0}",
		"requirements.txt:15 wild {==1.*}",
		"requirements.txt:16 same 1.0.0",
		"requirements.txt:17 e 1.0 url(https://files.example/e-1.0-py3-none-any.whl secret) ; os_name=='x'",
		"requirements.txt:18 x [y] vcs(git+https://git.example/x.git at v1 secret)",
		"requirements.txt:19 z vcs(git+ssh://git@git.example/z at " + strings.Repeat("e", 40) + ")",
		"requirements.txt:20  [dev] editable(./lib)",
		"requirements.txt:21 q vcs(git+https://git.example/q at main)",
		"requirements.txt:22 w 2.0 file(./dist/w-2.0-py3-none-any.whl)",
		"requirements.txt:23  directory(./folder)",
		"requirements.txt:24 u 3.0 url(https://files.example/u-3.0.tar.gz)",
		"requirements.txt:25 joined 1.5",
		"requirements.txt:27 conf 1.0 sha256:a1a@27",
		"requirements.txt:28 v 7.0",
		"requirements.txt:29 local 1.0+cpu.1",
		"requirements.txt:30 n 1.0a1",
		"requirements.txt:31 m file(file:///srv/m.zip)",
		"requirements.txt:32 last 1",
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing %s", want[i])
		case i >= len(want):
			t.Errorf("too much: %s", got[i])
		case got[i] != want[i]:
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
	if e := l.Packages[10]; len(e.Files) != 1 || e.Files[0].Digests[0].Hex != sha || e.Files[0].Name != "e-1.0-py3-none-any.whl" {
		t.Errorf("the file is %+v", e.Files)
	}
	if got, want := fmt.Sprint(l.Indexes), "[{index https://index.example/simple  true false requirements.txt:2} {extra https://extra.example/simple  false false requirements.txt:3} {find-links ./wheels  false false requirements.txt:4}]"; got != want {
		t.Errorf("the indexes are %s", got)
	}
	if !l.RequireHashes || l.NoIndex || len(l.Options) != 13 || strings.Contains(fmt.Sprint(l.Options), "TOKEN") {
		t.Errorf("the options are %v", l.Options)
	}
	if !slices.Equal(l.Includes, []string{"sub/more.txt", "sub/deep.txt", "constraints.txt"}) {
		t.Errorf("the includes are %v", l.Includes)
	}

	// A line that is read twice is changed once; each file under its own name.
	e := l.Edit()
	e.AddHashes(l.Packages[2], []assay.Digest{digest(t, "01")})
	e.AddHashes(l.Packages[len(l.Packages)-1], []assay.Digest{digest(t, "02"), digest(t, "01")})
	e.AddHashes(l.Packages[4], []assay.Digest{digest(t, "ff")})
	out, err := e.Bytes()
	if err != nil || len(out) != 2 {
		t.Fatalf("%d files, %v", len(out), err)
	}
	if got, want := string(out["sub/deep.txt"]), "deep==1 \\\n    --hash="+digest(t, "01").String()+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	text := string(out["requirements.txt"])
	if !strings.HasSuffix(text, "last==1 \\\n    --hash="+digest(t, "01").String()+" \\\n    --hash="+digest(t, "02").String()+" \\") {
		t.Errorf("the end is %q", text[len(text)-200:])
	}
	if !strings.Contains(text, "    --hash=md5:"+strings.Repeat("d", 32)+" \\\n    --hash="+digest(t, "ff").String()+"\nunpinned") {
		t.Errorf("got %s", text)
	}
}

func TestIncludes(t *testing.T) {
	deep := map[string]string{}
	for i := range 30 {
		deep[fmt.Sprintf("d%d.txt", i)] = fmt.Sprintf("-r d%d.txt\n", i+1)
	}
	many := map[string]string{}
	var all strings.Builder
	for i := range maxIncludes + 1 {
		fmt.Fprintf(&all, "-r m%d.txt\n", i)
		many[fmt.Sprintf("m%d.txt", i)] = ""
	}
	for _, tc := range []struct {
		name, text string
		files      map[string]string
		want       string
	}{
		{"itself", "-r requirements.txt\n", nil, "requirements.txt:1: \"requirements.txt\" leads back to itself"},
		{"a circle", "a==1\n-r a.txt\n", map[string]string{"a.txt": "-c ./b.txt\n", "b.txt": "\n-r ../x/../requirements.txt\n"}, ""},
		{"a circle of two", "a==1\n-r a.txt\n", map[string]string{"a.txt": "-c ./b.txt\n", "b.txt": "\n-r a.txt\n"}, "b.txt:2: \"a.txt\" leads back to itself"},
		{"deep", "-r d0.txt\n", deep, "d18.txt:1: more than 20 files lie within each other"},
		{"many", all.String(), many, "requirements.txt:201: more than 200 files lead to each other"},
		{"a problem inside", "-r a.txt\nb==x\n", map[string]string{"a.txt": "\na==1 --hash=sha256:1\n"},
			"requirements.txt:2: \"==x\" is not a set of versions\na.txt:2: a sha256 digest has 64 hex digits, not 1"},
		{"pins that disagree", "-r a.txt\na==2\n", map[string]string{"a.txt": "a==1\n"}, "requirements.txt:2: \"a\" is there a second time and disagrees with a.txt:1"},
		{"a constraint that disagrees", "-c a.txt\na==2\n", map[string]string{"a.txt": "a==1\n"}, "requirements.txt:2: \"a\" is there a second time and disagrees with a.txt:1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Read("requirements.txt", []byte(tc.text), folder(tc.files))
			if tc.want == "" {
				if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "b.txt:2: ") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestWithinConstraints: what a constraints file names by -r pip installs, so it is read as
// requirements, whatever else leads to the same file.
func TestWithinConstraints(t *testing.T) {
	files := folder(map[string]string{
		"c.txt": "demo<2\n-r more.txt\n", "more.txt": "evil==1.0\n-c deep.txt\n", "deep.txt": "deep<3\n-r deepest.txt\n", "deepest.txt": "worse==1.0\n",
		"places.txt": "demo @ https://h.example/demo-1.0-py3-none-any.whl ; os_name=='x'\ndemo\nx @ git+https://h.example/x\n",
		"both.txt":   "-c more.txt\n-r more.txt\n",
	})
	for text, want := range map[string]string{
		"-c c.txt\n":                 "c.txt:1 demo {<2} constraint, more.txt:1 evil 1.0, deep.txt:1 deep {<3} constraint, deepest.txt:1 worse 1.0",
		"-c more.txt\n-r more.txt\n": "more.txt:1 evil 1.0 constraint, deep.txt:1 deep {<3} constraint, deepest.txt:1 worse 1.0, more.txt:1 evil 1.0",
		"-c places.txt\n":            "places.txt:1 demo 1.0 url(https://h.example/demo-1.0-py3-none-any.whl) ; os_name=='x', places.txt:2 demo constraint, places.txt:3 x vcs(git+https://h.example/x)",
		"-r both.txt\n-r more.txt\n": "more.txt:1 evil 1.0 constraint, deep.txt:1 deep {<3} constraint, deepest.txt:1 worse 1.0, more.txt:1 evil 1.0",
	} {
		l, err := Read("requirements.txt", []byte(text), files)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range l.Packages {
			got = append(got, shown(p))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%q:\ngot  %s\nwant %s", text, s, want)
		}
	}
}

// TestIncludeThroughFolders: whoever opens files learns where a path goes back out of a
// folder, and an edit finds the file again.
func TestIncludeThroughFolders(t *testing.T) {
	var asked []string
	l, err := Read("docs/requirements.txt", []byte("-r ../base.txt\n-r sub/./../more.txt\n-r sub//deep.txt\n"), func(path string) ([]byte, error) {
		asked = append(asked, path)
		return []byte(strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], ".txt") + "==1\n"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"docs/../base.txt", "docs/sub/./../more.txt", "docs/sub/deep.txt"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	if want := []string{"base.txt", "docs/more.txt", "docs/sub/deep.txt"}; !slices.Equal(l.Includes, want) {
		t.Errorf("the includes are %q, want %q", l.Includes, want)
	}
	e := l.Edit()
	for _, p := range l.Packages {
		e.AddHashes(p, []assay.Digest{digest(t, "01")})
	}
	if out, err := e.Bytes(); err != nil || len(out) != 3 {
		t.Errorf("%d files, %v", len(out), err)
	}
}

// TestIncludedSecrets: a stranger's lock can include any file, and of what stands in it
// nothing is in an error.
func TestIncludedSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"machine github.com login x password ghp_SECRET\n":              `sec:1: "…" is not a set of versions`,
		"AWS_KEY=SECRET\n\npassword = \"SECRET\\\"\"\n":                 "sec:1: \"…\" is not a set of versions\nsec:3: \"…\" is neither a requirement nor a path that all read alike",
		"[remote \"origin\"]\n\turl = https://x:SECRET@git.example/x\n": "sec:1: \"…\" is not a requirement\nsec:2: the line is neither a requirement nor a URL nor a path",
		"SECRET:SECRET\n":                 `sec:1: "…" is not a set of versions`,
		"root:$6$SECRET:1:0:99999:7:::\n": `sec:1: "…" is not a set of versions`,
		"--SECRET\n-SECRET\n":             "sec:1: \"…\" is no option that pip takes here\nsec:2: \"…\" is no option that pip takes here",
		"a==1 --SECRET\nb==1 --hash=SECRET\nc==1 --hash=SECRET:x\n":           "sec:1: behind a requirement there is no option \"…\"\nsec:2: the hash \"…\" is not of the form algorithm:value\nsec:3: \"…\" is not the name of a hash algorithm",
		"a==1 ; SECRET\na[SECRET!]==1\n./SECRET SECRET\n":                     "sec:1: \"…\": the marker cannot be read\nsec:2: \"…\" is not the name of an extra\nsec:3: \"…\" is neither a requirement nor a path that all read alike",
		"-r ' SECRET'\n-r=SECRET\n-i SECRET#\n":                               "sec:1: the value of --requirement begins or ends with white space, which some installers leave out: \"…\"\nsec:2: of \"…\" pip takes the equals sign for a part of the value, and uv does not\nsec:3: the value of --index-url holds a number sign, at which uv ends it: \"…\"",
		"a @ https://h.example/SECRET-1-py3-none-any.whl\nssh-rsa SECRET x\n": "sec:1: \"…\" is no file of the project \"…\"\nsec:2: \"…\" is not a set of versions",
		"# coding: SECRET\n": `sec: the encoding "…" is none that assay reads`,
	} {
		_, err := Read("requirements.txt", []byte("-r sec\n"), folder(map[string]string{"sec": text}))
		if err == nil || err.Error() != want || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// TestEncodings: a file is read, and edited, in the encoding that it is in.
func TestEncodings(t *testing.T) {
	const text = "# é\r\na==1  # ü\r\nb==2\n"
	wide := func(s string, big bool) []byte {
		out := []byte{0xff, 0xfe}
		if big {
			out = []byte{0xfe, 0xff}
		}
		for _, u := range utf16.Encode([]rune(s)) {
			if big {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		return out
	}
	utf32 := func(s string, big bool) []byte {
		out := []byte{0xff, 0xfe, 0, 0}
		if big {
			out = []byte{0, 0, 0xfe, 0xff}
		}
		for _, c := range s {
			if big {
				out = append(out, byte(c>>24), byte(c>>16), byte(c>>8), byte(c))
			} else {
				out = append(out, byte(c), byte(c>>8), byte(c>>16), byte(c>>24))
			}
		}
		return out
	}
	latin := func(s string) []byte {
		var out []byte
		for _, c := range "# -*- coding: latin-1 -*-\n" + s {
			out = append(out, byte(c))
		}
		return out
	}
	koi := func(s string) []byte { return bytes.Replace(latin(s), []byte("latin-1"), []byte("KOI8_R"), 1) }
	for name, encode := range map[string]func(string) []byte{
		"UTF-8":    func(s string) []byte { return []byte(s) },
		"mark":     func(s string) []byte { return []byte("\ufeff" + s) },
		"cookie":   func(s string) []byte { return []byte("# vim: set fileencoding=utf-8 :\n" + s) },
		"UTF-16LE": func(s string) []byte { return wide(s, false) },
		"UTF-16BE": func(s string) []byte { return wide(s, true) },
		"UTF-32LE": func(s string) []byte { return utf32(s, false) },
		"UTF-32BE": func(s string) []byte { return utf32(s, true) },
		"Latin-1":  latin, "KOI8-R": koi,
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Read("requirements.txt", encode(text), nil)
			if err != nil || len(l.Packages) != 2 {
				t.Fatal(err)
			}
			e := l.Edit()
			for _, p := range l.Packages {
				e.AddHashes(p, []assay.Digest{digest(t, "0a")})
			}
			out, err := e.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			h := "--hash=" + digest(t, "0a").String()
			want := encode("# é\r\na==1 \\\r\n    " + h + "  # ü\r\nb==2 \\\n    " + h + "\n")
			if !bytes.Equal(out["requirements.txt"], want) {
				t.Errorf("got  %q\nwant %q", out["requirements.txt"], want)
			}
		})
	}
	for text, want := range map[string]string{
		"a==1 # \xff\n":                        "requirements.txt: the file is not UTF-8 and names no other encoding",
		"# coding: koi8-r\na==1 ; \xe1\n":      `requirements.txt: of the encoding "koi8-r" assay reads ASCII only, and other letters in comments`,
		"# coding: cp1252\n# \x85evil==1\n":    `requirements.txt: of the encoding "cp1252" assay reads ASCII only, and other letters in comments`,
		"# coding: latin-1\n# \x85evil==1\n":   `requirements.txt: of the encoding "latin-1" assay reads ASCII only, and other letters in comments`,
		"# coding: latin-1\n-r \xc3\xa9.txt\n": `requirements.txt: of the encoding "latin-1" assay reads ASCII only, and other letters in comments`,
		"\xff\xfea":                            "requirements.txt: the file ends within a character",
		"\xff\xfe\x00\xd8a\x00":                "requirements.txt: the file is not UTF-16",
		"\xff\xfe\x00\xd8":                     "requirements.txt: the file is not UTF-16",
		"\xff\xfe\x00\x00\x00\x00\x11\x00":     "requirements.txt: the file is not UTF-32",
	} {
		if _, err := Read("requirements.txt", []byte(text), nil); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestWeak: weak hashes are read as what they are, and decide nothing.
func TestWeak(t *testing.T) {
	md5 := strings.Repeat("d", 32)
	l := mustRead(t, "requirements.txt", []byte("a==1 --hash=md5:"+md5+" --hash=blake2b:AB\n"))
	if p := l.Packages[0]; len(p.Hashes) != 2 || p.Hashes[0].Weak != "md5:"+md5 || p.Hashes[1].Weak != "blake2b:ab" || p.Hashes[0].Digest != (assay.Digest{}) {
		t.Errorf("the hashes are %+v", p.Hashes)
	}
	l = mustRead(t, "uv.lock", []byte("version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://h.example/\" }\nsdist = { url = \"https://h.example/a-1.tar.gz\", hash = \"md5:"+md5+"\" }\n"))
	f := l.Packages[0].Files[0]
	if len(f.Digests) != 0 || len(f.Weak) != 1 || f.Weak[0] != "md5:"+md5 {
		t.Errorf("the file is %+v", f)
	}
	e := l.Edit()
	e.SetFileDigest(l.Packages[0], "a-1.tar.gz", digest(t, "aa"))
	out, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if f := mustRead(t, "uv.lock", out["uv.lock"]).Packages[0].Files[0]; len(f.Weak) != 0 || len(f.Digests) != 1 || f.Digests[0] != digest(t, "aa") {
		t.Errorf("in its place is %+v", f)
	}
}
