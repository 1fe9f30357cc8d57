package keysource

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"assay/internal/trust"
)

func FuzzSources(f *testing.F) {
	index := paragraph("python-demo", "python3-demo", "Homepage: https://pypi.debian.net/demo\n", "python-demo_2.0-1.debian.tar.xz", []byte("x"))
	f.Add([]byte(index))
	f.Add(gzipped([]byte(index)))
	f.Add(xzed(f, []byte(index)))
	f.Add([]byte("Package: a\nVersion: 1\n\n\nPackage: b\n x\n#c\n"))
	f.Add([]byte("Package: a\r\nDirectory: ./\r\nChecksums-Sha256:\r\n 0 0 x\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := plain(data, 1<<20)
		if err == nil {
			err = readSources(r, func(d debianSource) error {
				if !debianNames.MatchString(d.name) || d.directory != "" && !relative.MatchString(d.directory) {
					t.Errorf("%+v", d)
				}
				for _, file := range d.files {
					place := below("https://deb.example.invalid/debian", strings.TrimPrefix(d.directory+"/"+file.name, "/"))
					if !strings.HasPrefix(place, "https://deb.example.invalid/debian/") || strings.Contains(place, "..") && strings.Contains(place, "/../") {
						t.Errorf("%s leads to %s", file.name, place)
					}
				}
				return nil
			})
		}
		if _, ok := err.(*Failure); err != nil && !ok {
			t.Errorf("%T: %v", err, err)
		}
	})
}

func FuzzSRCINFO(f *testing.F) {
	f.Add(strings.NewReplacer("ANN", strings.Repeat("A1", 20), "BOB", strings.Repeat("B2", 32)).Replace(srcinfo))
	f.Add("pkgbase = a\nvalidpgpkeys = 0x1234\n")
	f.Add("pkgbase = a\nsource_x86_64 = b::git+https://pypi.debian.net/x/\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readSRCINFO(text)
		holdPackage(t, p, err)
	})
}

func FuzzPKGBUILD(f *testing.F) {
	f.Add(strings.NewReplacer("ANN", strings.Repeat("A1", 20), "BOB", strings.Repeat("B2", 32)).Replace(pkgbuild))
	f.Add("validpgpkeys=('A B' # c\n)")
	f.Add("pkgname=x\nvalidpgpkeys=(\"$x\" `y` ${z})")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readPKGBUILD(text)
		holdPackage(t, p, err)
		if len(p.keys) > 0 && strings.Count(uncommented(text), "validpgpkeys") != 1 {
			t.Errorf("keys of an array that is set in several places")
		}
	})
}

func holdPackage(t *testing.T, p archPackage, err error) {
	t.Helper()
	if err != nil {
		if _, ok := err.(*Failure); !ok {
			t.Errorf("%T: %v", err, err)
		}
		return
	}
	if len(p.keys) > maxPackageKeys || strings.ContainsAny(p.name, "\n\x1b") {
		t.Errorf("%+v", p)
	}
	for _, k := range p.keys {
		if len(k) != 40 && len(k) != 64 {
			t.Errorf("%s is no whole fingerprint", k)
		}
	}
}

// FuzzXZ reads what is no sound .xz: it ends, within its bounds.
func FuzzXZ(f *testing.F) {
	f.Add(xzed(f, []byte("some text")))
	f.Add(xzed(f, make([]byte, 1000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := newXZ(data)
		if err != nil {
			return
		}
		n, err := io.Copy(io.Discard, &bounded{r, 1 << 20})
		if n > 1<<20 {
			t.Errorf("%d bytes", n)
		}
		if err != nil {
			if text := unreadable(err).Error(); text == "it is cut or damaged" {
				t.Errorf("%v", err)
			}
		}
	})
}

// FuzzWatch takes any watch file for what it is worth: a template that comes out of it can
// be written down.
func FuzzWatch(f *testing.F) {
	f.Add([]byte("version=4\nopts=\"a=s,x,y,, pgpsigurlmangle=s,$,.sig,\" https://a.invalid/x/ demo-(.+).tar.gz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		templates, _ := signatureTemplates(data, "demo")
		for _, template := range templates {
			if len(template) > 500 {
				continue
			}
			g := ownText(template)
			if _, err := trust.Parse("trust.toml", []byte(g)); err != nil {
				t.Errorf("%q: %v", template, err)
			}
		}
		watchedProjects(bytes.Clone(data))
	})
}

func ownText(template string) string {
	f := trust.File{Agree: 1}
	g := trust.Grant{Project: "demo", Signatures: []string{template}}
	g.Kind, g.Key, g.From, g.Reason, g.Until = "openpgp", strings.Repeat("A1", 20), "local", "r", noon
	f.Grants = append(f.Grants, g)
	return string(f.Text())
}
