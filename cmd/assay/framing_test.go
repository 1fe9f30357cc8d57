package main_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"assay/internal/indextest"
)

// framings are ways to lie about where an answer ends, and to go on for ever
// before it. Where all bytes of the truth arrive it is no matter how; where they
// do not, nothing is installed.
var framings = []struct {
	fault    string
	installs bool
	pip      bool // played to pip as well, which is slow to start
}{
	{"unframed", false, true},
	{"unframed -1", false, false},
	{"length 7", false, false},
	{"length -1", false, true},
	{"length +1", false, true},
	{"chunks no-end", false, false},
	{"chunks bad-size", false, false},
	{"chunks huge-size", false, false},
	{"chunks overlong", false, false},
	{"chunks extension", false, false},
	{"chunks trailers", false, false},
	{"chunks both", true, true},
	{"chunks tiny", true, false},
	{"chunks second", true, false},
	{"interim 3", true, true},
	{"interim 200000", false, false},
}

// TestFraming plays them on a file, and on a page, to real installers: none
// hangs, none installs anything but the truth.
func TestFraming(t *testing.T) {
	t.Parallel()
	for target, archive := range map[string]string{
		"foo-1.0-py3-none-any.whl": "-- foo-1.0-py3-none-any.whl --\npad: 100KiB\n",
		"foo/":                     "-- foo-1.0-py3-none-any.whl --\n",
	} {
		for _, c := range framings {
			t.Run(target+" "+c.fault, func(t *testing.T) {
				t.Parallel()
				for _, installer := range installers {
					if installer == "pip" && (target == "foo/" || !c.pip) {
						continue
					}
					t.Run(installer, func(t *testing.T) {
						program(t, installer)
						b := newBench(t, archive)
						if err := b.Misbehave(target, c.fault); err != nil {
							t.Fatal(err)
						}
						begin := time.Now()
						r := b.install(t, installer, "foo")
						if took := time.Since(begin); took > time.Minute {
							t.Errorf("it took %v", took)
						}
						switch got := b.installed(t); {
						case c.installs && (r.status != 0 || len(got) != 1):
							t.Errorf("status %d, installed %v:\n%s", r.status, got, r.output)
						case !c.installs && (r.status == 0 || len(got) != 0):
							t.Errorf("status %d, installed %v:\n%s", r.status, got, r.output)
						case !c.installs && !strings.Contains(r.output, "assay: 1 package"):
							t.Errorf("no report:\n%s", r.output)
						}
						if strings.Contains(r.output, "panic") || strings.Contains(r.output, "goroutine") {
							t.Errorf("output:\n%s", r.output)
						}
					})
				}
			})
		}
	}
}

// TestCertificateForAnotherName is about an index whose certificate is another
// host's: nothing is taken from it, and the person is told why.
func TestCertificateForAnotherName(t *testing.T) {
	t.Parallel()
	eachTool(t, func(t *testing.T, tool string) {
		b, ca := rootless(t, setUpArchive, indextest.WithCertificateFor("other.example.invalid"))
		k := rootsOf(tool, ca)
		k.index = b.SimpleURL()
		r := b.do(t, tool, k, "foo")
		if got := b.has(t); r.status == 0 || len(got) > 0 {
			t.Errorf("status %d, installed %v:\n%s", r.status, got, r.output)
		}
		r.wantOutput(t, "page.unavailable", "certificate")
		if n := len(b.Requests()); n > 0 {
			t.Errorf("%d requests were made to it", n)
		}
	}, "pip23", "pdm")
}

// TestRedirectsInside is about an index that sends clients to this machine's own
// services and to where clouds keep their metadata.
func TestRedirectsInside(t *testing.T) {
	t.Parallel()
	for i, to := range []string{"http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/latest/", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/"} {
		for _, target := range []string{"foo/", "foo-1.0-py3-none-any.whl"} {
			t.Run(to+" "+target, func(t *testing.T) {
				t.Parallel()
				for _, installer := range installers[i%2:][:1] {
					t.Run(installer, func(t *testing.T) {
						program(t, installer)
						b := newBench(t, setUpArchive)
						if err := b.Misbehave(target, "redirect "+to); err != nil {
							t.Fatal(err)
						}
						r := b.install(t, installer, "foo")
						if got := b.installed(t); r.status == 0 || len(got) > 0 {
							t.Errorf("status %d, installed %v:\n%s", r.status, got, r.output)
						}
						if _, err := os.Stat(b.mark()); err == nil {
							t.Error("code ran")
						}
					})
				}
			})
		}
	}
}
