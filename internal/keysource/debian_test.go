package keysource

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay/internal/trust"
)

// source is a paragraph of a Sources index with its debian.tar.
func paragraph(name, binaries, extra string, tarname string, tarball []byte) string {
	return fmt.Sprintf(`Package: %s
Binary: %s
Version: 1:2.0-1
Maintainer: Debian Python Team <team@example.invalid>
Format: 3.0 (quilt)
Files:
 d41d8cd98f00b204e9800998ecf8427e %d %s
Checksums-Sha256:
 %s 7 %s_2.0.orig.tar.gz
 %s %d %s
%sDirectory: pool/main/%s

`, name, binaries, len(tarball), tarname, strings.Repeat("0", 64), name, sum(tarball), len(tarball), tarname, extra, name)
}

// archive is a Debian archive at a root: an index and its sources.
type debianArchive struct {
	library
	root, index string
}

func newArchive(root string) *debianArchive { return &debianArchive{library{}, root, ""} }

func (a *debianArchive) add(t testing.TB, name, binaries, extra string, list ...member) {
	t.Helper()
	data := xzed(t, tarball(t, list...))
	file := name + "_2.0-1.debian.tar.xz"
	a.index += paragraph(name, binaries, extra, file, data)
	a.library[a.root+"/pool/main/"+name+"/"+file] = data
}

const sourcesPath = "/dists/stable/main/source/Sources"

func (a *debianArchive) at(ending string, data []byte) string {
	place := a.root + sourcesPath + ending
	a.library[place] = data
	return place
}

func TestDebian(t *testing.T) {
	ann, bob, lost, gone := person(t, "Ann", "ann@example.org"), person(t, "Bob\u202e", "bob@example.org"), person(t, "Lost", "l@example.org"), person(t, "Gone", "g@example.org")
	revoke(t, lost, packet.KeyCompromised, "stolen\x1b[2J")
	revoke(t, gone, packet.KeySuperseded, "a new one")
	people := map[string]*pgp.Entity{"ANN": ann, "BOB": bob, "LOST": lost, "GONE": gone}
	a := newArchive("https://deb.example.invalid/debian")
	key := func(list ...*pgp.Entity) member {
		return member{"debian/upstream/signing-key.asc", string(armored(t, list...)), 0}
	}
	watch := func(text string) member { return member{"./debian/watch", text, 0} }
	const indexed = "https://pypi.debian.net/"
	a.add(t, "python-django", "python3-django, python-django-doc", "", key(ann),
		watch("version=3\nopts=dversionmangle=s/x/y/,pgpsigurlmangle=s/$/.asc/ \\\n  https://downloads.example.invalid/django/Django-(.+)\\.tar\\.gz\n"))
	a.add(t, "redis", "redis, redis-server", "", key(bob))
	a.add(t, "python-redis", "python3-redis", "", member{"debian/upstream/signing-key.pgp", string(packets(t, gone)), 0}, watch("version=4\nopts=pgpmode=auto "+indexed+"redis/redis-(.+)\\.tar\\.gz\n"))
	a.add(t, "pyyaml", "python3-yaml", "Homepage: https://pypi.debian.net/pyyaml\n", member{"debian/upstream-signing-key.pgp", string(packets(t, ann, bob)), 0})
	a.add(t, "leaked", "python3-leaked", "", key(lost, ann))
	a.add(t, "twins", "python3-twins", "", key(ann), watch("version=4\n"+indexed+"twins/twins-(.+)\\.tar\\.gz"))
	a.add(t, "python-twins", "python3-twins", "", key(bob), watch("version=4\n"+indexed+"twins/twins-(.+)\\.tar\\.gz"))
	a.add(t, "bare", "python3-bare", "")
	a.add(t, "spoiled", "python3-spoiled", "", member{"debian/upstream/signing-key.asc", "no key", 0})
	plainPlace := a.at("", []byte(a.index))
	for _, c := range []struct{ project, want string }{
		{"django", "grant django openpgp:ANN at https://downloads.example.invalid/django/{filename}.asc (Debian's source python-django 1:2.0-1, debian/upstream/signing-key.asc)\nkey ANN\n"},
		{"redis", "grant redis openpgp:GONE (Debian's source python-redis 1:2.0-1, debian/upstream/signing-key.pgp)\nkey GONE\n" +
			"note redis: the source redis is not taken for it: nothing in it names the project at the index, and it is not a source of that name that builds python3-redis\n" +
			"note redis: where its signatures lie is not known: the watch file has no pgpsigurlmangle\n" +
			"note redis: the key GONE was superseded on 2026-05-01 (\"a new one\"): what it signed before counts\n"},
		{"pyyaml", "SORTED"},
		{"yaml", "note yaml: the source pyyaml is of pyyaml, as its homepage says\nwarning yaml: no source is this project's\n"},
		{"leaked", "grant leaked openpgp:ANN (Debian's source leaked 1:2.0-1, debian/upstream/signing-key.asc)\nKEYS" +
			"note leaked: where its signatures lie is not known: there is no watch file that can be read\n" +
			"warning leaked: the key LOST was given up as lost on 2026-05-01 (\"stolen\\x1b[2J\"): nothing that it signed counts\n"},
		{"twins", "warning twins: 2 sources say that they are this project's (python-twins, twins): none is taken\n"},
		{"bare", "warning bare: Debian's source bare 1:2.0-1 has no key of its upstream\n"},
		{"none", "warning none: no source is this project's\n"},
	} {
		t.Run(c.project, func(t *testing.T) {
			got := outcome(t, a, trust.Import{Kind: "debian", Source: plainPlace, Projects: []string{c.project}}, nil)
			if c.want == "SORTED" {
				if strings.Count(got, "grant pyyaml openpgp:") != 2 || strings.Count(got, "\nkey ") != 2 {
					t.Errorf("got %s", got)
				}
				return
			}
			// Keys are in the order of fingerprints, which differ from run to run.
			keys := "key ANN\nkey LOST\n"
			if fingerprint(lost) < fingerprint(ann) {
				keys = "key LOST\nkey ANN\n"
			}
			hold(t, got, strings.ReplaceAll(c.want, "KEYS", keys), people)
		})
	}
	for ending, data := range map[string][]byte{".xz": xzed(t, []byte(a.index)), ".gz": gzipped([]byte(a.index)), ".none": xzed(t, []byte(a.index))} {
		got := outcome(t, a, trust.Import{Kind: "debian", Source: a.at(ending, data), Projects: []string{"django"}}, nil)
		if !strings.HasPrefix(got, "grant django openpgp:"+fingerprint(ann)+" at ") {
			t.Errorf("%s: %s", ending, got)
		}
	}
	if got := outcome(t, a, trust.Import{Kind: "debian", Source: plainPlace}, nil); got != "error: name the projects: each source is fetched, and a whole distribution's are not\n" {
		t.Errorf("got %s", got)
	}
}

// TestDebianOfThisComputer reads all Python sources of a small index that is here.
func TestDebianOfThisComputer(t *testing.T) {
	ann := person(t, "Ann", "ann@example.org")
	a := newArchive("/srv/debian")
	a.add(t, "python-demo", "python3-demo", "", member{"debian/upstream/signing-key.asc", string(armored(t, ann)), 0})
	a.add(t, "bash", "bash", "")
	a.index += "Package: native\nBinary: python3-native\nVersion: 1\nDirectory: pool/main/native\nChecksums-Sha256:\n " + strings.Repeat("0", 64) + " 5 native_1.tar.xz\n\n" +
		"Package: python-demo\nBinary: python3-demo\nVersion: 1:1.9-1\nDirectory: pool/old\nChecksums-Sha256:\n " + strings.Repeat("0", 64) + " 5 python-demo_1.9-1.debian.tar.xz\n\n" +
		"Package: python-demo\nVersion: 3:1.9-1\nExtra-Source-Only: yes\n"
	r, err := Read(t.Context(), a, Request{Import: trust.Import{Name: "list", Kind: "debian", Source: a.at("", []byte(a.index))}, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	hold(t, told(r), `grant demo openpgp:ANN (Debian's source python-demo 1:2.0-1, debian/upstream/signing-key.asc)
key ANN
note demo: where its signatures lie is not known: there is no watch file that can be read
warning native: Debian's source native 1 has no key of its upstream
`, map[string]*pgp.Entity{"ANN": ann})
	tarPlace := "/srv/debian/pool/main/python-demo/python-demo_2.0-1.debian.tar.xz"
	lines := sum([]byte(a.index)) + "\n" + sum(a.library[tarPlace]) + "\n"
	if r.Locked.SHA256 != sum([]byte(lines)) || !r.Locked.Fetched.Equal(noon) {
		t.Errorf("%s, %s", r.Locked.SHA256, r.Locked.Fetched)
	}
}

// passedOver is what is said of a source whose archive cannot be read: the others are read.
func passedOver(why string) string {
	return "warning the source demo 1:2.0-1: demo_2.0-1.debian.tar.xz: " + why + ": it is passed over\nwarning demo: no source is this project's\n"
}

func TestDebianHostile(t *testing.T) {
	ann := person(t, "Ann", "ann@example.org")
	good := member{"debian/upstream/signing-key.asc", string(armored(t, ann)), 0}
	whole := xzed(t, tarball(t, good))
	random := make([]byte, 1<<16)
	rand.Read(random)
	for name, c := range map[string]struct {
		index func(string) string
		data  []byte // of the tarball, the index following it; nil for whole
		after func([]byte) []byte
		want  string
	}{
		"another digest":    {nil, nil, func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) }, "error: demo_2.0-1.debian.tar.xz has another SHA-256 than the index says: "},
		"a byte more":       {nil, nil, func(b []byte) []byte { return append(b, 0) }, "error: demo_2.0-1.debian.tar.xz has another SHA-256 than the index says: "},
		"no archive":        {nil, random, nil, passedOver("it is cut or damaged")},
		"cut":               {nil, whole[:len(whole)-30], nil, passedOver("it is no sound .xz")},
		"something behind":  {nil, append(bytes.Clone(whole), whole...), nil, passedOver("it is an .xz of a kind that is not read: one stream of LZMA2 with a dictionary of at most 64 MiB is")},
		"a key twice":       {nil, xzed(t, tarball(t, good, good)), nil, passedOver("its member debian/upstream/signing-key.asc is there twice")},
		"a key as a link":   {nil, xzed(t, tarball(t, member{good.name, "/etc/passwd", tar.TypeSymlink})), nil, passedOver("its member debian/upstream/signing-key.asc is no regular file")},
		"a key too large":   {nil, xzed(t, tarball(t, member{good.name, strings.Repeat("x", maxKeyMember+1), 0})), nil, passedOver("its member debian/upstream/signing-key.asc has more than 1048576 bytes")},
		"a bomb":            {nil, xzed(t, make([]byte, maxPlainTar+1<<20)), nil, ""},
		"a folder upward":   {func(s string) string { return strings.Replace(s, "Directory: pool/", "Directory: ../", 1) }, nil, nil, "error: INDEX: the source demo is in a folder that leads elsewhere\n"},
		"a host":            {func(s string) string { return strings.Replace(s, "Directory: pool/", "Directory: //evil.invalid/", 1) }, nil, nil, "error: INDEX: the source demo is in a folder that leads elsewhere\n"},
		"a file upward":     {func(s string) string { return strings.Replace(s, " demo_2.0-1", " ../demo_2.0-1", 2) }, nil, nil, "error: INDEX: the source demo has a line of Checksums-Sha256 that cannot be read\n"},
		"a size of nothing": {func(s string) string { return strings.Replace(s, " 7 demo", " -7 demo", 1) }, nil, nil, "error: INDEX: the source demo has a line of Checksums-Sha256 that cannot be read\n"},
		"a field twice":     {func(s string) string { return "Package: other\n" + s }, nil, nil, "error: INDEX: it has a paragraph with the field package twice\n"},
		"no index":          {func(string) string { return "<html>log in</html>\n" }, nil, nil, "error: INDEX: it is no Sources index: a line has no field\n"},
		"goes on":           {func(s string) string { return " more\n" + s }, nil, nil, "error: INDEX: it is no Sources index: a line goes on where none began\n"},
		"a long paragraph":  {func(s string) string { return "Comment: " + strings.Repeat("x", maxParagraph) + "\n" + s }, nil, nil, "error: INDEX: it has a paragraph of more than 1048576 bytes\n"},
		"gone":              {nil, nil, func([]byte) []byte { return nil }, "warning the source demo 1:2.0-1 is not there: /srv/pool/main/demo/demo_2.0-1.debian.tar.xz\nwarning demo: Debian's source demo 1:2.0-1 has no key of its upstream\n"},
	} {
		t.Run(name, func(t *testing.T) {
			data := whole
			if c.data != nil {
				data = c.data
			}
			index := paragraph("demo", "python3-demo", "", "demo_2.0-1.debian.tar.xz", data)
			if c.index != nil {
				index = c.index(index)
			}
			if c.after != nil {
				data = c.after(bytes.Clone(data))
			}
			l := library{"/srv/Sources": []byte(index)}
			place := "/srv/pool/main/demo/demo_2.0-1.debian.tar.xz"
			if data != nil {
				l[place] = data
			}
			got := outcome(t, l, trust.Import{Kind: "debian", Source: "/srv/Sources", Projects: []string{"demo"}}, nil)
			want := strings.ReplaceAll(c.want, "INDEX", "/srv/Sources")
			if strings.HasSuffix(want, ": ") {
				got = got[:min(len(got), len(want))]
			}
			if name == "a bomb" {
				want = passedOver("it decompresses to more than is read")
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestXZ reads what xz itself writes: several checks, presets and blocks, and refuses a
// dictionary that is too large in whichever block.
func TestXZ(t *testing.T) {
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip(err)
	}
	text := bytes.Repeat([]byte("Package: demo\nVersion: 1\n"), 2_000)
	random := make([]byte, 30_000)
	rand.Read(random)
	text = append(text, random...)
	run := func(in []byte, args ...string) []byte {
		cmd := exec.Command("xz", append([]string{"-c"}, args...)...)
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct{ args, want string }{
		{"-6", ""}, {"-9e", ""}, {"-0 --check=none", ""}, {"--check=crc32", ""}, {"--check=sha256", ""}, {"-T2 --block-size=20000", ""},
		{"--block-size=30000 --check=crc32", ""},
		{"--lzma2=dict=128MiB", errXZKind.Error()}, {"--x86 --lzma2", errXZKind.Error()}, {"--delta --lzma2", errXZKind.Error()},
	} {
		data := run(text, strings.Fields(c.args)...)
		r, err := plain(data, maxPlainIndex)
		var got []byte
		if err == nil {
			got, err = io.ReadAll(r)
		}
		said := ""
		if err != nil {
			said = unreadable(err).Error()
		}
		if said != c.want || said == "" && !bytes.Equal(got, text) {
			t.Errorf("%s: %q, %d bytes", c.args, said, len(got))
		}
		if c.want != "" {
			continue
		}
		// Every bit that is turned is noticed, or changes nothing.
		for i := len(xzHead); i < len(data); i += max(1, len(data)/60) {
			bad := bytes.Clone(data)
			bad[i] ^= 4
			r, err := plain(bad, maxPlainIndex)
			if err != nil {
				continue
			}
			if got, err := io.ReadAll(r); err == nil && !bytes.Equal(got, text) && c.args != "-0 --check=none" {
				t.Errorf("%s: byte %d was changed and nobody noticed", c.args, i)
			}
		}
	}
	two := append(run(text), run(text)...)
	if r, err := plain(two, maxPlainIndex); err != nil {
		t.Error(err)
	} else if _, err := io.ReadAll(r); err != errXZKind {
		t.Errorf("two streams: %v", err)
	}
}

func TestCompareDebian(t *testing.T) {
	list := []string{"0~~", "0~", "0", "1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0-2", "1.0a-1", "1.0+dfsg-1", "1.0.1-1", "1.9-1", "1.10-1", "1:0.1-1"}
	for i, a := range list {
		for j, b := range list {
			got := compareDebian(a, b)
			if (i < j) != (got < 0) || (i == j) != (got == 0) {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
}

func TestSignatureTemplates(t *testing.T) {
	for watch, want := range map[string]string{
		"version=3\nopts=pgpsigurlmangle=s/$/.asc/ https://a.invalid/x/demo-(.+)\\.tar\\.gz":                             "https://a.invalid/x/{filename}.asc",
		"version=4\nopts=\"uversionmangle=s/rc/~rc/, pgpsigurlmangle=s,$,.sig,\" https://a.invalid/x/ demo-(.+).tar.gz":  "https://a.invalid/x/{filename}.sig",
		"version=4\nopts=pgpsigurlmangle=s%$%.asc% \\\n https://a.invalid/x/@PACKAGE@-@ANY_VERSION@@ARCHIVE_EXT@ debian": "https://a.invalid/x/{filename}.asc",
		"version=4\nopts=pgpsigurlmangle=s/$/.asc/ https://a.invalid/@PACKAGE@/ x-(.+)":                                  "https://a.invalid/demo/{filename}.asc",
		"opts=pgpsigurlmangle=s/tar.gz$/asc/ https://a.invalid/x/demo-(.+)":                                              "why pgpsigurlmangle is more than an ending: s/tar.gz$/asc/",
		"opts=pgpsigurlmangle=s/$/.asc% https://a.invalid/x/demo-(.+)":                                                   "why pgpsigurlmangle is more than an ending: s/$/.asc%",
		"opts=pgpsigurlmangle=s/$/.asc/ https://github.com/a/b/tags v(.+)":                                               "why the watch file's page is not the folder of the releases: https://github.com/a/b/tags",
		"opts=pgpsigurlmangle=s/$/.asc/ https://a.invalid/x/v([\\d.]+)/demo-(.+)":                                        "why the watch file's page is not the folder of the releases: https://a.invalid/x/v([\\\\d.]+)/demo-(.+)",
		"opts=pgpsigurlmangle=s/$/.asc/ http://a.invalid/x/demo-(.+)":                                                    "why the watch file's page is not the folder of the releases: http://a.invalid/x/demo-(.+)",
		"opts=pgpsigurlmangle=s/$/.asc/ https://a.invalid/x/download.html files/demo-(.+)":                               "why the watch file's page is not the folder of the releases: https://a.invalid/x/download.html",
		"opts=pgpsigurlmangle=s/$/.asc/ https://pypi.debian.net/demo/demo-(.+)":                                          "why the watch file's page is not the folder of the releases: https://pypi.debian.net/demo/demo-(.+)",
		"version=4\nhttps://a.invalid/x/demo-(.+)":                                                                       "why the watch file has no pgpsigurlmangle",
		"opts=pgpsigurlmangle=s/$/.asc/ https://ann:pw@a.invalid/x/demo-(.+)":                                            "why the watch file's page is not the folder of the releases: https://ann:pw@a.invalid/x/demo-(.+)",
		"# nothing":                              "why there is no watch file that can be read",
		"version=5\nSource: https://a.invalid/x": "why there is no watch file that can be read",
	} {
		templates, why := signatureTemplates([]byte(watch), "demo")
		got := strings.Join(templates, " ")
		if why != "" {
			got = "why " + why
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", watch, got, want)
		}
	}
}
