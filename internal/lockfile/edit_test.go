package lockfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"assay"
)

// TestEdits: what each kind of change looks like.
func TestEdits(t *testing.T) {
	one, two := digest(t, "01"), digest(t, "02")
	h1, h2 := one.String(), two.String()
	github := Identity{Kind: "GitHub", Fields: map[string]string{"repository": "a/b", "workflow": "release.yml"}}
	google := Identity{Kind: "Google", Fields: map[string]string{"email": "x@h.example", "odd key": `"\`}}
	hashes := func(d ...assay.Digest) func(*Lock, *Edit) {
		return func(l *Lock, e *Edit) { e.AddHashes(l.Packages[0], d) }
	}
	file := func(name string, d assay.Digest) func(*Lock, *Edit) {
		return func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], name, d) }
	}
	identities := func(ids ...Identity) func(*Lock, *Edit) {
		return func(l *Lock, e *Edit) { e.SetIdentities(l.Packages[0], ids) }
	}
	const head = "lock-version = \"1.0\"\ncreated-by = \"x\"\n"
	const pkg = head + "[[packages]]\nname = \"a\"\n"
	const wheel = "a-1-py3-none-any.whl"
	const url = `url = "https://h.example/` + wheel + `"`
	const table = "[[packages.attestation-identities]]\nkind = \"GitHub\"\nrepository = \"a/b\"\nworkflow = \"release.yml\"\n"
	weakHex := strings.Repeat("d", 32)
	const meta = `{"_meta": {"pipfile-spec": 6}, "default": {`
	for _, tc := range []struct {
		name, file, text string
		edit             func(*Lock, *Edit)
		want             string
	}{
		{"no newline at the end", "requirements.txt", "a==1", hashes(one), "a==1 \\\n    --hash=" + h1},
		{"in the style of the file", "requirements.txt", "a==1 # c\nb==1 --hash=" + h1 + "\n", hashes(two, one), "a==1 --hash=" + h1 + " --hash=" + h2 + " # c\nb==1 --hash=" + h1 + "\n"},
		{"CRLF", "requirements.txt", "a==1\r\nb==1 \\\r\n  --hash=" + h1 + "\r\n", hashes(one), "a==1 \\\r\n  --hash=" + h1 + "\r\nb==1 \\\r\n  --hash=" + h1 + "\r\n"},
		{"mixed line ends in one entry", "requirements.txt", "a==1 \\\r\n# c\n", hashes(one), "a==1 \\\r\n    --hash=" + h1 + " \\\r\n# c\n"},
		{"mixed line ends", "requirements.txt", "a==1\r\nb==1 \\\n  --hash=" + h1 + "\n", hashes(one), "a==1 \\\r\n  --hash=" + h1 + "\r\nb==1 \\\n  --hash=" + h1 + "\n"},
		{"in order", "requirements.txt", "a==1 \\\n  --hash=" + h2 + "\n", hashes(one, two), "a==1 \\\n  --hash=" + h1 + " \\\n  --hash=" + h2 + "\n"},
		{"at the end where there is no order", "requirements.txt", "a==1 --hash=" + h2 + " --hash=" + strings.Replace(h1, "01", "00", 1) + "\n", hashes(one),
			"a==1 --hash=" + h2 + " --hash=" + strings.Replace(h1, "01", "00", 1) + " --hash=" + h1 + "\n"},
		{"behind a marker", "requirements.txt", "a==1 ; os_name == 'x'  \n", hashes(one), "a==1 ; os_name == 'x' \\\n    --hash=" + h1 + "  \n"},
		{"in front of a comment that ends a continuation", "requirements.txt", "a==1 \\\n# c\n", hashes(one), "a==1 \\\n    --hash=" + h1 + " \\\n# c\n"},
		{"behind a backslash without white space", "requirements.txt", "a==1\\\n\n", hashes(one), "a==1 \\\n    --hash=" + h1 + "\\\n\n"},
		{"a URL", "requirements.txt", "a @ https://h.example/a-1-py3-none-any.whl\n", hashes(one), "a @ https://h.example/a-1-py3-none-any.whl \\\n    --hash=" + h1 + "\n"},

		{"Pipfile, no hashes", "Pipfile.lock", meta + "\n  \"a\": {\n   \"index\": \"x\",\n   \"version\": \"==1\"\n  }}}", nil, ""},
		{"Pipfile, no key", "Pipfile.lock", meta + "\n  \"a\": {\n   \"version\": \"==1\"\n  }}}", hashes(two, one),
			meta + "\n  \"a\": {\n   \"hashes\": [\n       \"" + h1 + "\",\n       \"" + h2 + "\"\n   ],\n   \"version\": \"==1\"\n  }}}"},
		{"Pipfile, empty list", "Pipfile.lock", meta + "\n\t\"a\": {\n\t\t\"hashes\": [],\n\t\t\"version\": \"==1\"\n\t}}}", hashes(one),
			meta + "\n\t\"a\": {\n\t\t\"hashes\": [\n\t\t\t\"" + h1 + "\"\n\t\t],\n\t\t\"version\": \"==1\"\n\t}}}"},
		{"Pipfile, compact", "Pipfile.lock", meta + `"a": {"version": "==1"}}}`, hashes(one, two), meta + `"a": {"hashes": ["` + h1 + `", "` + h2 + `"], "version": "==1"}}}`},
		{"Pipfile, as the last key", "Pipfile.lock", meta + `"a": {"file": "https://h.example/a-1.zip"}}}`, hashes(one), meta + `"a": {"file": "https://h.example/a-1.zip","hashes": ["` + h1 + `"]}}}`},
		{"Pipfile, one more", "Pipfile.lock", meta + `"a": {"hashes": [ "` + h2 + `" ], "version": "==1"}}}`, hashes(one), meta + `"a": {"hashes": [ "` + h1 + `", "` + h2 + `" ], "version": "==1"}}}`},

		{"pylock, inline", "pylock.toml", pkg + "wheels = [{" + url + "}]\n", file(wheel, one), pkg + "wheels = [{" + url + ", hashes = {sha256 = \"" + one.Hex + "\"}}]\n"},
		{"pylock, empty hashes", "pylock.toml", pkg + "wheels = [{" + url + ", hashes = {}}]\n", file(wheel, one), pkg + "wheels = [{" + url + ", hashes = {sha256 = \"" + one.Hex + "\"}}]\n"},
		{"pylock, weak hash", "pylock.toml", pkg + "wheels = [{" + url + ", hashes = {md5 = \"" + strings.Repeat("d", 32) + "\"}}]\n", file(wheel, one),
			pkg + "wheels = [{" + url + ", hashes = {sha256 = \"" + one.Hex + "\"}}]\n"},
		{"pylock, tables", "pylock.toml", pkg + "[[packages.wheels]]\n" + url + " # c\n[[packages.wheels]]\nurl = \"https://h.example/b\"\n", file(wheel, one),
			pkg + "[[packages.wheels]]\n" + url + " # c\nhashes = {sha256 = \"" + one.Hex + "\"}\n[[packages.wheels]]\nurl = \"https://h.example/b\"\n"},
		{"pylock, table of hashes", "pylock.toml", pkg + "[packages.sdist]\r\n" + url + "\r\n  [packages.sdist.hashes]\r\n  md5 = \"" + strings.Repeat("d", 32) + "\"", file(wheel, one),
			pkg + "[packages.sdist]\r\n" + url + "\r\n  [packages.sdist.hashes]\r\n  sha256 = \"" + one.Hex + "\""},
		{"pylock, dotted keys", "pylock.toml", pkg + "sdist.url = \"https://h.example/x\"\nsdist.hashes.md5 = \"" + weakHex + "\" # c\n", file("x", one),
			pkg + "sdist.url = \"https://h.example/x\"\nsdist.hashes.sha256 = \"" + one.Hex + "\" # c\n"},
		{"pylock, dotted keys without hashes", "pylock.toml", pkg + "  sdist . url = \"https://h.example/x\"\n[tool]\n", file("x", one),
			pkg + "  sdist . url = \"https://h.example/x\"\n  sdist . hashes = {sha256 = \"" + one.Hex + "\"}\n[tool]\n"},
		{"pylock, dotted keys in braces", "pylock.toml", pkg + "wheels = [ { " + url + ", \"hashes\".md5 = \"" + weakHex + "\" } ]\n", file(wheel, one),
			pkg + "wheels = [ { " + url + ", \"hashes\".sha256 = \"" + one.Hex + "\" } ]\n"},
		{"pylock, a dotted file in a list", "pylock.toml", head + "packages = [{name = \"a\", sdist.url = \"https://h.example/x\"}]\n", file("x", one),
			head + "packages = [{name = \"a\", sdist.url = \"https://h.example/x\", sdist.hashes = {sha256 = \"" + one.Hex + "\"}}]\n"},
		{"pylock, a table within a file in tables", "pylock.toml", pkg + "[[packages.wheels]]\n" + url + "\nhashes.md5 = \"" + weakHex + "\"\n", file(wheel, one),
			pkg + "[[packages.wheels]]\n" + url + "\nhashes.sha256 = \"" + one.Hex + "\"\n"},
		{"poetry, weak hash", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [\n    {file = \"a-1.zip\", hash = \"md5:" + weakHex + "\"}, # c\n]\n[metadata]\nlock-version = \"2.1\"\n", file("a-1.zip", one),
			"[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [\n    {file = \"a-1.zip\", hash = \"" + h1 + "\"}, # c\n]\n[metadata]\nlock-version = \"2.1\"\n"},
		{"old poetry, weak hash of two entries", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"a\"\nversion = \"1\"\nmarker = \"x\"\n[metadata]\nlock-version = \"1.1\"\n[metadata.files]\na = [{file = \"a-1.zip\", hash = \"md5:" + weakHex + "\"}]\n", file("a-1.zip", one),
			"[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"a\"\nversion = \"1\"\nmarker = \"x\"\n[metadata]\nlock-version = \"1.1\"\n[metadata.files]\na = [{file = \"a-1.zip\", hash = \"" + h1 + "\"}]\n"},
		{"uv, weak hash", "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://h.example/simple\" }\nsdist = { url = \"https://h.example/a-1.zip\", hash = \"sha1:" + weakHex + "01234567\", size = 5 }\n", file("a-1.zip", one),
			"version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://h.example/simple\" }\nsdist = { url = \"https://h.example/a-1.zip\", hash = \"" + h1 + "\", size = 5 }\n"},
		{"poetry, table", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n[[package.files]]\nfile = \"a-1.zip\"\n[metadata]\nlock-version = \"2.1\"\n", file("a-1.zip", one),
			"[[package]]\nname = \"a\"\nversion = \"1\"\n[[package.files]]\nfile = \"a-1.zip\"\nhash = \"" + h1 + "\"\n[metadata]\nlock-version = \"2.1\"\n"},
		{"uv, a URL's only file", "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nsource = { url = \"https://h.example/a-1.zip\" }\nsdist = { size = 5 }\n", file("a-1.zip", one),
			"version = 1\n[[package]]\nname = \"a\"\nsource = { url = \"https://h.example/a-1.zip\" }\nsdist = { size = 5, hash = \"" + h1 + "\" }\n"},

		{"identities, none before", "pylock.toml", pkg + "wheels = [{" + url + "}]\n\n[[packages]]\nname = \"b\"\ndirectory = {path = \".\"}\n", identities(github),
			pkg + "wheels = [{" + url + "}]\n\n" + table + "\n[[packages]]\nname = \"b\"\ndirectory = {path = \".\"}\n"},
		{"identities, in front of tool", "pylock.toml", pkg + "[[packages.wheels]]\n" + url + " # c\n# d\n[packages.tool.x]\ny = 1\n[tool]\n", identities(github),
			pkg + "[[packages.wheels]]\n" + url + " # c\n\n" + table + "# d\n[packages.tool.x]\ny = 1\n[tool]\n"},
		{"identities, in an empty list", "pylock.toml", pkg + "wheels = [{" + url + "}]\nattestation-identities = [] # c\n", identities(github),
			pkg + "wheels = [{" + url + "}]\nattestation-identities = [{ kind = \"GitHub\", repository = \"a/b\", workflow = \"release.yml\" }] # c\n"},
		{"identities, replaced", "pylock.toml", pkg + "wheels = [{" + url + "}]\n\n[[packages.attestation-identities]]\nkind = \"x\" # c\n\n[[packages.attestation-identities]]\nkind = \"y\" # d\n\n# e\n[tool]\n", identities(github, google),
			pkg + "wheels = [{" + url + "}]\n\n" + table + "\n[[packages.attestation-identities]]\nemail = \"x@h.example\"\nkind = \"Google\"\n\"odd key\" = \"\\\"\\\\\"\n\n# e\n[tool]\n"},
		{"identities, taken away", "pylock.toml", pkg + "wheels = [{" + url + "}]\n\n" + table + "\n[tool]\n", identities(), pkg + "wheels = [{" + url + "}]\n\n[tool]\n"},
		{"identities, package in a list", "pylock.toml", head + "packages = [{name = \"a\", wheels = [{" + url + "}]}]\n", identities(github),
			head + "packages = [{name = \"a\", wheels = [{" + url + "}], attestation-identities = [{ kind = \"GitHub\", repository = \"a/b\", workflow = \"release.yml\" }]}]\n"},
		{"identities and a digest", "pylock.toml", pkg + "[[packages.wheels]]\n" + url, func(l *Lock, e *Edit) { file(wheel, one)(l, e); identities(github)(l, e) },
			pkg + "[[packages.wheels]]\n" + url + "\nhashes = {sha256 = \"" + one.Hex + "\"}\n\n" + strings.TrimSuffix(table, "\n")},
		{"a mark in front", "pylock.toml", "\ufeff" + pkg + "wheels = [{" + url + "}]\r\n", identities(github), "\ufeff" + pkg + "wheels = [{" + url + "}]\r\n\r\n" + strings.ReplaceAll(table, "\n", "\r\n")},
	} {
		if tc.edit == nil {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			l := mustRead(t, tc.file, []byte(tc.text))
			e := l.Edit()
			tc.edit(l, e)
			out, err := e.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if got := string(out[tc.file]); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// TestEditRefuses: what cannot be changed is an error with its place.
func TestEditRefuses(t *testing.T) {
	one, two := digest(t, "01"), digest(t, "02")
	weak := assay.Digest{Algorithm: "md5", Hex: strings.Repeat("d", 32)}
	const pylock = "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\n"
	for _, tc := range []struct {
		name, file, text string
		edit             func(*Lock, *Edit)
		want             string
	}{
		{"a weak digest", "requirements.txt", "a==1\n", func(l *Lock, e *Edit) { e.AddHashes(l.Packages[0], []assay.Digest{weak}) }, "requirements.txt:1: \"md5:dddddddddddddddddddddddddddddddd\" is no digest that may decide"},
		{"a stranger", "requirements.txt", "a==1\n", func(l *Lock, e *Edit) { e.AddHashes(Package{Spelled: "a", At: Place{"x", 3}}, nil) }, "x:3: \"a\" is no entry of this lock"},
		{"another kind of lock", "requirements.txt", "a==1\n", func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], "x", one) }, "requirements.txt:1: a lock of the format requirements has no place for that"},
		{"no identities but in a pylock", "requirements.txt", "a==1\n", func(l *Lock, e *Edit) { e.SetIdentities(l.Packages[0], nil) }, "requirements.txt:1: a lock of the format requirements has no place for that"},
		{"a checkout", "requirements.txt", "\na @ git+https://h.example/a\n", func(l *Lock, e *Edit) { e.AddHashes(l.Packages[0], []assay.Digest{one}) }, "requirements.txt:2: a hash has no meaning for \"a\": it is no single file"},
		{"a hash in pieces", "requirements.txt", "a==1 --hash=sha256:01\"" + one.Hex[2:] + "\"\n", func(l *Lock, e *Edit) { e.AddHashes(l.Packages[0], []assay.Digest{two}) }, "requirements.txt:1: the hashes of \"a\" are written so that none can be added"},
		{"no such file", "pylock.toml", pylock + "wheels = []\n", func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], "x", one) }, "pylock.toml:3: \"a\" has no file \"x\""},
		{"another digest", "pylock.toml", pylock + "wheels = [{url = \"https://h.example/x\", hashes = {sha256 = \"" + one.Hex + "\"}}]\n", func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], "x", two) }, "pylock.toml:5: \"x\" has two sha256 digests that differ"},
		{"an identity without kind", "pylock.toml", pylock + "wheels = []\n", func(l *Lock, e *Edit) { e.SetIdentities(l.Packages[0], []Identity{{}}) }, "pylock.toml:3: an attestation identity needs a kind, beside at most 50 fields"},
		{"an identity that is no text", "pylock.toml", pylock + "wheels = []\n", func(l *Lock, e *Edit) {
			e.SetIdentities(l.Packages[0], []Identity{{Kind: "x", Fields: map[string]string{"a": "\n"}}})
		}, "pylock.toml:3: the field \"a\" of an attestation identity cannot be written"},
		{"an empty table of hashes", "pylock.toml", pylock + "[packages.sdist]\nurl = \"https://h.example/x\"\n[packages.sdist.hashes]\n", func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], "x", one) }, "pylock.toml:5: the file \"x\" is written in a way that assay does not edit"},
		{"two weak hashes", "pylock.toml", pylock + "wheels = [{url = \"https://h.example/x\", hashes = {md5 = \"" + weak.Hex + "\", sha1 = \"" + weak.Hex + "01234567\"}}]\n", func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], "x", one) }, "pylock.toml:5: \"x\" has the hash \"sha1:" + weak.Hex + "01234567\", which would stay beside a strong one: take it out"},
		{"a weak hash behind the URL", "pylock.toml", pylock + "wheels = [{url = \"https://h.example/x#md5=" + weak.Hex + "\"}]\n", func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], "x", one) }, "pylock.toml:5: \"x\" has the hash \"md5:" + weak.Hex + "\", which would stay beside a strong one: take it out"},
		{"keys that are not written alike", "pylock.toml", pylock + "sdist.url = \"https://h.example/x\"\n\"sdist\".size = 5\n", func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], "x", one) }, "pylock.toml:5: the file \"x\" is written in a way that assay does not edit"},
		{"a second hash", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{file = \"x\", hash = \"" + two.String() + "\"}]\n[metadata]\nlock-version = \"2.1\"\n", func(l *Lock, e *Edit) { e.SetFileDigest(l.Packages[0], "x", one) }, "poetry.lock:4: \"x\" has a hash already, and there is no place for a second one"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := mustRead(t, tc.file, []byte(tc.text))
			e := l.Edit()
			tc.edit(l, e)
			if out, err := e.Bytes(); err == nil || err.Error() != tc.want {
				t.Errorf("got  %v %q\nwant %s", err, out, tc.want)
			}
		})
	}
}

// TestRandomEdits: whatever is changed, all other lines stay, in order, and the result
// says what it says before, and what was added.
func TestRandomEdits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, whole := range fixtures(t) {
		base := mustRead(t, name, whole)
		for round := range 6 {
			data := whole
			if base.Format != Pipfile && base.Format != Requirements {
				data = removeSome(random, taken[base.Format].FindAllIndex(whole, -1), whole)
			}
			if round%3 == 1 {
				data = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
			}
			if round%4 == 2 {
				data = append([]byte("\ufeff"), data...)
			}
			l := mustRead(t, name, data)
			touched := randomEdit(t, random, l)
			e := l.Edit()
			lines := map[int]bool{}
			for _, f := range touched {
				for _, line := range f(e) {
					lines[line] = true
				}
			}
			out, err := e.Bytes()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if out[name] == nil {
				continue
			}
			old, changed := strings.SplitAfter(string(data), "\n"), strings.SplitAfter(string(out[name]), "\n")
			at := 0
			for i, line := range old {
				if lines[i+1] {
					continue
				}
				k := slices.Index(changed[at:], line)
				if k < 0 {
					t.Fatalf("%s: line %d is lost: %q", name, i+1, line)
				}
				at += k + 1
			}
			if _, err := Read(name, out[name], nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func removeSome(random *rand.Rand, places [][]int, data []byte) []byte {
	out := slices.Clone(data)
	for _, p := range slices.Backward(places) {
		if random.IntN(3) == 0 {
			out = slices.Delete(out, p[0], p[1])
		}
	}
	return out
}

// randomEdit returns changes of a lock, each of which says which lines it may touch.
func randomEdit(t *testing.T, random *rand.Rand, l *Lock) []func(*Edit) []int {
	var out []func(*Edit) []int
	chosen := map[string]bool{}
	added := map[string][]assay.Digest{} // the same for both sections of a Pipfile.lock
	for _, p := range l.Packages {
		if _, ok := chosen[p.Name]; !ok {
			chosen[p.Name] = random.IntN(3) == 0
			added[p.Name] = []assay.Digest{digest(t, fmt.Sprintf("%02x", random.IntN(256))), digest(t, fmt.Sprintf("%02x", random.IntN(256)))}
		}
		if !chosen[p.Name] {
			continue
		}
		switch l.Format {
		case Requirements, Pipfile:
			if p.Source.Kind != Registry && p.Source.Kind != URL && p.Source.Kind != LocalFile {
				continue
			}
			out = append(out, func(e *Edit) []int {
				e.AddHashes(p, added[p.Name])
				lines := []int{p.At.Line}
				for _, h := range p.Hashes {
					lines = append(lines, h.At.Line)
				}
				return lines
			})
			continue
		case Pylock:
			out = append(out, func(e *Edit) []int {
				e.SetIdentities(p, []Identity{{Kind: "GitHub", Fields: map[string]string{"repository": p.Name + "/x"}}, {Kind: "y"}})
				return nil
			})
		}
		for _, f := range p.Files {
			if len(f.Digests) == 0 {
				out = append(out, func(e *Edit) []int {
					e.SetFileDigest(p, f.Name, digest(t, "7f"))
					return []int{f.At.Line}
				})
			}
		}
	}
	return out
}
