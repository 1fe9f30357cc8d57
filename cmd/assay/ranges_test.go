package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// These tests are about downloads in pieces: ones that were cut off and resumed,
// and ones that ask for a range. Whatever the pieces, a file whose bytes are not
// the promised ones never becomes whole, and an honest one does.

const rangedFile = "foo-1.0-py3-none-any.whl"

// sizes are below and above what is held whole before it is answered.
var sizes = map[string]string{"small": "", "large": "pad: 9MiB\n"}

// ranged is an index with one file, its true bytes, and its misbehaviour.
func ranged(t *testing.T, size string, faults ...string) (*bench, []byte) {
	t.Helper()
	b := newBench(t, "-- "+rangedFile+" --\n"+size)
	b.env = append(b.env, "PIP_INDEX_URL="+b.SimpleURL(), "URL="+b.fileURL(t))
	resp, err := http.Get(b.fileURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	truth, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		if err := b.Misbehave(rangedFile, fault); err != nil {
			t.Fatal(err)
		}
	}
	b.ResetRequests()
	return b, truth
}

func (b *bench) fileURL(t *testing.T) string {
	t.Helper()
	f, ok := b.File(rangedFile)
	if !ok {
		t.Fatal("the index has no file")
	}
	return f.URL
}

// curl runs a shell script with curl under Assay. "$GET" is curl as these tests
// use it; "$URL" the file's.
func (b *bench) curl(t *testing.T, script string) result {
	t.Helper()
	program(t, "curl")
	return b.run(t, "sh", "-c", `GET="curl --silent --show-error --fail --max-time 60"; `+script)
}

// got is what a download left behind; nil where nothing is there.
func (b *bench) got(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return data
}

// tampered are the ways in which wrong bytes may come in pieces: at once, after
// a cut, only behind the cut, only in its last byte.
var tampered = map[string][]string{
	"swapped":              {"swapped"},
	"swapped, cut once":    {"swapped", "cut times=1"},
	"swapped after a cut":  {"cut times=1", "swapped skip=1"},
	"last byte, after cut": {"cut times=1", "flipped skip=1"},
}

func TestTamperedPiecesNeverComplete(t *testing.T) {
	t.Parallel()
	for size, line := range sizes {
		for fault, faults := range tampered {
			t.Run(size+" "+fault, func(t *testing.T) {
				t.Parallel()
				for _, installer := range installers {
					if installer == "pip" && len(faults) == 1 {
						continue // see TestSwappedBytes
					}
					t.Run(installer, func(t *testing.T) {
						program(t, installer)
						b, _ := ranged(t, line, faults...)
						if r := b.install(t, installer, "foo"); r.status == 0 || len(b.installed(t)) > 0 {
							t.Errorf("status %d, installed %v:\n%s", r.status, b.installed(t), r.output)
						}
					})
				}
				t.Run("curl -C", func(t *testing.T) {
					b, truth := ranged(t, line, faults...)
					r := b.curl(t, `for i in 1 2 3 4 5; do $GET -C - -o out "$URL" && exit 0; done; exit 9`)
					wantIncomplete(t, b, r, truth)
				})
				t.Run("curl -C, half is there", func(t *testing.T) {
					b, truth := ranged(t, line, faults...)
					b.write(t, "out", string(truth[:len(truth)/2]))
					r := b.curl(t, `for i in 1 2 3; do $GET -C - -o out "$URL" && exit 0; done; exit 9`)
					wantIncomplete(t, b, r, truth)
				})
			})
		}
	}
}

// wantIncomplete shows that a download in pieces failed, and that what it left
// is no file of the full length.
func wantIncomplete(t *testing.T, b *bench, r result, truth []byte) {
	t.Helper()
	if r.status == 0 {
		t.Errorf("it succeeded:\n%s", r.output)
	}
	if got := b.got(t, "out"); len(got) >= len(truth) {
		t.Errorf("%d of %d bytes arrived:\n%s", len(got), len(truth), r.output)
	}
	// Where curl hangs up at once, for it is offered the whole and not the rest,
	// there is nothing to report.
	hungUp := strings.Contains(r.output, "Cannot resume")
	if got := r.report[rangedFile]; !strings.HasPrefix(got, "deny") && !(hungUp && got == "") {
		t.Errorf("the report says %q:\n%s", got, r.output)
	}
}

// TestRangesOfTamperedBytes asks for pieces alone: the first, the middle and the
// last. All pieces together are never the file that was swapped.
func TestRangesOfTamperedBytes(t *testing.T) {
	t.Parallel()
	for size, line := range sizes {
		t.Run(size, func(t *testing.T) {
			t.Parallel()
			b, truth := ranged(t, line, "swapped")
			third := len(truth) / 3
			r := b.curl(t, fmt.Sprintf(`s=9
				$GET -r 0-%d -o first "$URL" && s=0
				$GET -r %d-%d -o middle "$URL" && s=0
				$GET -r %d- -o last "$URL" && s=0
				$GET -r -100 -o tail "$URL" && s=0
				exit $s`, third-1, third, 2*third-1, 2*third))
			if r.status != 9 {
				t.Errorf("status %d: a range of a swapped file was answered to its end:\n%s", r.status, r.output)
			}
			all := 0
			for _, name := range []string{"middle", "last", "tail"} {
				all += len(b.got(t, name))
			}
			// Of a large file the first request may see a beginning, before the
			// digest is known to be wrong; from then on there is nothing.
			if first := len(b.got(t, "first")); first >= len(truth) || size == "small" && first > 0 || all > 0 {
				t.Errorf("%d bytes arrived of the first range, %d of the others:\n%s", first, all, r.output)
			}
		})
	}
}

// TestHonestPiecesComplete is the other side: what is good arrives whole, though
// the index cuts it off once, and whether or not it can resume.
func TestHonestPiecesComplete(t *testing.T) {
	t.Parallel()
	for size, line := range sizes {
		for _, faults := range [][]string{{"cut times=1"}, {"cut -1 times=1"}, {"no-range", "cut times=1"}} {
			t.Run(size+" "+strings.Join(faults, ", "), func(t *testing.T) {
				t.Parallel()
				for _, installer := range installers {
					t.Run(installer, func(t *testing.T) {
						program(t, installer)
						b, _ := ranged(t, line, faults...)
						r := b.install(t, installer, "foo")
						if r.status != 0 {
							t.Errorf("status %d", r.status)
						}
						r.wantInstalled(t, b, "foo-1.0")
						r.wantReport(t, rangedFile, "allow provenance.absent")
					})
				}
				t.Run("curl -C", func(t *testing.T) {
					b, truth := ranged(t, line, faults...)
					r := b.curl(t, `for i in 1 2 3; do $GET -C - -o out "$URL" && exit 0; [ $? = 33 ] && rm -f out; done; exit 9`)
					if got := b.got(t, "out"); r.status != 0 || !bytes.Equal(got, truth) {
						t.Errorf("status %d, %d of %d bytes:\n%s", r.status, len(got), len(truth), r.output)
					}
				})
			})
		}
	}
}

// TestHonestRanges asks for pieces of a good file before and after it came past
// whole.
func TestHonestRanges(t *testing.T) {
	t.Parallel()
	for size, line := range sizes {
		t.Run(size, func(t *testing.T) {
			t.Parallel()
			b, truth := ranged(t, line)
			b.write(t, "half", string(truth[:len(truth)/2]))
			r := b.curl(t, `$GET -r 10-19 -o before "$URL" && $GET -o whole "$URL" && $GET -r 10-19 -o after "$URL" && $GET -r -10 -o tail "$URL" &&
				{ $GET -C - -o half "$URL" || { rm half && $GET -o half "$URL"; }; }`)
			if r.status != 0 {
				t.Fatalf("status %d:\n%s", r.status, r.output)
			}
			for name, want := range map[string][]byte{"whole": truth, "half": truth, "after": truth[10:20], "before": truth[10:20], "tail": truth[len(truth)-10:]} {
				// A server need not serve ranges (RFC 9110, 14.2): the whole is right too.
				if got := b.got(t, name); !bytes.Equal(got, want) && !bytes.Equal(got, truth) {
					t.Errorf("%s: %d bytes, want %d:\n%s", name, len(got), len(want), r.output)
				}
			}
			r.wantReport(t, rangedFile, "allow provenance.absent")
		})
	}
}
