package lockfile

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"assay"
	"assay/internal/pypi"
)

// fuzzFormat reads anything as one format, and changes what can be read.
func fuzzFormat(f *testing.F, name string, seeds ...string) {
	f.Helper()
	for path, data := range fixtures(f) {
		if format, _ := Detect(path, data); len(data) < 8<<10 {
			if want, _ := Detect(name, nil); want == format {
				f.Add(data)
			}
		}
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	format, _ := Detect(name, nil)
	open := func(path string) ([]byte, error) {
		if path == "missing.txt" {
			return nil, fs.ErrNotExist
		}
		return []byte("included==1.0 --hash=sha256:" + sha + "\n"), nil
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := readAs(format, name, data, open, nil)
		if err != nil {
			checkError(t, name, err)
			return
		}
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1
		for _, p := range l.Packages {
			checkPackage(t, p, lines)
		}
		if out, err := l.Edit().Bytes(); err != nil || len(out) != 0 {
			t.Fatalf("an edit without changes: %v, %d files", err, len(out))
		}
		d, _ := assay.NewDigest("sha256", sha)
		for _, p := range l.Packages[:min(len(l.Packages), 4)] {
			e := l.Edit()
			switch format {
			case Requirements, Pipfile:
				e.AddHashes(p, []assay.Digest{d})
			default:
				for _, file := range p.Files {
					e.SetFileDigest(p, file.Name, d)
				}
				if format == Pylock {
					e.SetIdentities(p, []Identity{{Kind: "x", Fields: map[string]string{"a b": `"`}}})
				}
			}
			_, err := e.Bytes()
			var told *Error
			// Two entries that must agree are changed one by one here.
			if err != nil && !errors.As(err, &told) && !strings.Contains(err.Error(), "disagrees") {
				t.Fatalf("%s: %v", p.At, err)
			}
			if err != nil && strings.Contains(err.Error(), "the edited") && !strings.Contains(err.Error(), "disagrees") && !strings.Contains(err.Error(), "has another") {
				t.Fatalf("%s: %v", p.At, err)
			}
		}
	})
}

func checkError(t *testing.T, name string, err error) {
	var told *Error
	if !errors.As(err, &told) {
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		t.Fatalf("%T: %v", err, err)
	}
	if len(told.Problems) == 0 || len(told.Problems) > maxProblems {
		t.Fatalf("%d problems", len(told.Problems))
	}
	for _, r := range err.Error() {
		if r < ' ' && r != '\n' {
			t.Fatalf("the error %q holds a control character", err)
		}
	}
}

func checkPackage(t *testing.T, p Package, lines int) {
	if p.Name != "" {
		if normal, err := pypi.NormalizeName(p.Name); err != nil || normal != p.Name {
			t.Fatalf("the name is %q", p.Name)
		}
	}
	if p.Version != "" {
		if v, err := pypi.ParseVersion(p.Version); err != nil || v.String() != p.Version {
			t.Fatalf("the version is %q", p.Version)
		}
	}
	if p.At.Line < 1 || p.At.Line > lines || p.Source.Kind == "" {
		t.Fatalf("the package is %+v", p)
	}
	if i := strings.Index(p.Source.Where, "://"); i >= 0 && p.Source.Kind == URL {
		authority, _, _ := strings.Cut(p.Source.Where[i+3:], "/")
		if strings.Contains(authority, "@") {
			t.Fatalf("credentials in %q", p.Source.Where)
		}
	}
	for _, f := range p.Files {
		if !validFilename(f.Name) || f.Size < 0 || f.At.Line < 1 {
			t.Fatalf("the file is %+v", f)
		}
		for _, d := range f.Digests {
			if !d.Strong() {
				t.Fatalf("the digest is %v", d)
			}
		}
	}
	for _, h := range p.Hashes {
		if (h.Weak == "") == (h.Digest == assay.Digest{}) {
			t.Fatalf("the hash is %+v", h)
		}
	}
}

func FuzzRequirements(f *testing.F) {
	fuzzFormat(f, "requirements.txt", "-r a.txt\n-c missing.txt\n", "a[b]==1 ; os_name=='x' \\\n --hash=sha256:"+sha+" \\\n  --hash=md5:00\n# c\n",
		"-e git+https://u:p@h.example/x@1#egg=y\n", "a @ https://u:p@h.example/a-1.zip#sha256="+sha+"\r\n", "# coding: latin-1\na==1 \\\n# \xe9\n",
		"\xff\xfea\x00=\x00=\x001\x00\n\x00", "-i https://${A}:${B}@h.example/ --pre\n./x\n../dl/a-1-py3-none-any.whl", "a==1 \\\n\n--hash=x",
		"a\nb/--hash=0", "-r x/../y.txt\na==1\n")
}

func FuzzPylock(f *testing.F) {
	const head = "lock-version = '1.0'\ncreated-by = 'x'\n"
	fuzzFormat(f, "pylock.toml", head+"[[packages]]\nname='a'\n[[packages.wheels]]\nurl='https://h.example/x'\n[packages.wheels.hashes]\nmd5='00'\n[[packages.attestation-identities]]\nkind='x'\n[packages.tool]\nx=1\n",
		head+"packages=[{name='a',sdist={path='x'}},{name='b',attestation-identities=[],wheels=[{path='y',hashes={}}]}]",
		head+"[[packages]]\nname='a'\nsdist.path='x'\nsdist.hashes.sha256='"+sha+"'\r\n",
		head+"[[packages]]\nname='a'\nsdist . path='x' # c\nwheels=[{url='https://h.example/x',hashes.md5='"+sha[:32]+"'}]\n")
}

func FuzzUV(f *testing.F) {
	fuzzFormat(f, "uv.lock", "version=1\n[[package]]\nname='a'\nsource={url='https://h.example/a.zip'}\nsdist={}\n",
		"version=1\nrevision=3\n[[package]]\nname='a'\nversion='1'\nsource={registry='../x'}\nwheels=[{path='a.whl'},\n{filename='b'}]\n[[package.x]]\n",
		"version=1\n[manifest]\nmembers=['a']\n[[package]]\nname='a'\nsource={virtual='.'}\ndependencies=[{name='b',version='1',marker=\"os_name=='x'\"}]\n[package.optional-dependencies]\nx=[{name='b'}]\n"+
			"[[package]]\nname='b'\nversion='1'\nsource={registry='https://h.example/'}\nwheels=[{url='https://h.example/b.whl#md5="+sha[:32]+"',hash='md5:"+sha[:32]+"'},{filename='c',hash='sha1:"+sha[:40]+"'}]\n")
}

func FuzzPoetry(f *testing.F) {
	fuzzFormat(f, "poetry.lock", "[[package]]\nname='a'\nversion='1'\nfiles=[{file='x'}]\nmarkers={main='os_name==\"x\"'}\n[package.source]\ntype='git'\nurl='https://h.example/'\nresolved_reference='1'\n[metadata]\nlock-version='2.1'\n",
		"[[package]]\nname='a'\nversion='1'\n[[package]]\nname='a'\nversion='2'\n[metadata]\nlock-version='1.1'\n[metadata.files]\na=[{file='a-1.tar.gz',hash='md5:"+sha[:32]+"'},{file='x'}]\n",
		"[[package]]\nname='A'\nversion='0'\n[[package]]\nname='A'\nversion='0'\n[metadata]\nlock-version=''\n[metadata.files]\nA=[{file='0'}]")
}

func FuzzPDM(f *testing.F) {
	fuzzFormat(f, "pdm.lock", "[metadata]\nlock_version='4.5.1'\n[[package]]\nname='a'\nversion='1'\nextras=['x']\nmarker='os_name==\"x\"'\nfiles=[{url='https://h.example/y'},{file='x',hash='sha256:"+sha+"'}]\n",
		"[metadata]\nlock_version='4.4'\n[[package]]\nname='a'\ngit='https://h.example/y'\nrevision='1'\n[[package.files]]\nfile='x'\n")
}

func FuzzPipfile(f *testing.F) {
	const head = `{"_meta":{"pipfile-spec":6,"sources":[{"name":"x","url":"https://u:p@h.example/"}]},`
	fuzzFormat(f, "Pipfile.lock", head+"\n\"default\": {\n\"a\": {\"index\":\"x\",\"version\": \"==1\", \"hashes\": [ \"sha256:"+strings.Repeat("f", 64)+"\" ] }, \"b\":{}}}",
		head+`"develop":{"a":{"hashes":[],"version":"==1"},"b":{"git":"https://h.example/","ref":"1"},"c":{"editable":true,"path":"."},"d":{"file":"x.zip","a":1}}}`)
}
