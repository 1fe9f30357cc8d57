//go:build unix

package openpgp

import (
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	benchFiles = 1000
	benchSize  = 100_000 // bytes of a file
)

// benchFolder fills a folder with signed files and the certificate.
func benchFolder(tb testing.TB, dir, algorithm string) {
	k := newKey(algorithm, 4, old)
	source := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, benchSize)
	for i := range benchFiles {
		for j := 0; j < len(data); j += 8 {
			binary.LittleEndian.PutUint64(data[j:], source.Uint64())
		}
		name := filepath.Join(dir, fmt.Sprint(i))
		for path, content := range map[string][]byte{name: data, name + ".asc": asc(k.file(s256, data, now-day))} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "cert"), k.cert(flags(3)), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// benchVerify verifies a folder's files as a command would: the certificate read once, each
// file read in pieces and hashed once, on every processor.
func benchVerify(tb testing.TB, dir string) {
	certs, err := ReadCertificates(must(os.ReadFile(filepath.Join(dir, "cert"))))
	if err != nil {
		tb.Fatal(err)
	}
	var workers sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			buffer := make([]byte, 32<<10)
			for i := next.Add(1) - 1; i < benchFiles; i = next.Add(1) - 1 {
				if err := benchFile(filepath.Join(dir, fmt.Sprint(i)), certs[0], buffer); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	workers.Wait()
}

func benchFile(name string, c *Certificate, buffer []byte) error {
	asc, err := os.ReadFile(name + ".asc")
	if err != nil {
		return err
	}
	signatures, err := ReadSignatures(asc)
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	state := signatures[0].NewHash()
	if _, err := io.CopyBuffer(struct{ io.Writer }{state}, struct{ io.Reader }{file}, buffer); err != nil {
		return err
	}
	for _, s := range signatures {
		if v, err := s.Verify(c, must(state.(hash.Cloner).Clone())); err != nil || v.Unwaived() != nil {
			return fmt.Errorf("%+v, %w", v, err)
		}
	}
	return nil
}

var benchAlgorithms = []struct{ name, label string }{{"legacy", "Ed25519"}, {"rsa4096", "RSA-4096"}}

// BenchmarkThousandFiles verifies 1,000 signed files of 100 kB.
func BenchmarkThousandFiles(b *testing.B) {
	for _, a := range benchAlgorithms {
		b.Run(a.label, func(b *testing.B) {
			dir := b.TempDir()
			benchFolder(b, dir, a.name)
			for b.Loop() {
				benchVerify(b, dir)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*benchFiles), "µs/file")
		})
	}
}

// BenchmarkVerify is one signature over a file that is hashed already.
func BenchmarkVerify(b *testing.B) {
	for _, name := range []string{"legacy", "ed25519", "ed448", "p256", "rsa4096"} {
		b.Run(name, func(b *testing.B) {
			k := newKey(name, 4, old)
			c := oneCert(b, k.cert(flags(3)))
			signatures := must(ReadSignatures(k.file(s512, demo, now-day)))
			state := signatures[0].NewHash()
			state.Write(demo)
			for b.Loop() {
				if _, err := signatures[0].Verify(c, must(state.(hash.Cloner).Clone())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// cost is what some work takes: by the clock, which other work on the machine lengthens, and
// of the processors.
type cost struct{ clock, processor time.Duration }

func (c cost) String() string {
	return fmt.Sprintf("%7.3f s, %7.3f s of processors", c.clock.Seconds(), c.processor.Seconds())
}

// cheapest returns the cost of the best of some rounds: the others were disturbed.
func cheapest(rounds int, f func()) cost {
	used := func() time.Duration {
		var all time.Duration
		for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
			var u syscall.Rusage
			if err := syscall.Getrusage(who, &u); err != nil {
				panic(err)
			}
			all += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
		return all
	}
	best := cost{1<<63 - 1, 1<<63 - 1}
	for range rounds {
		start, before := time.Now(), used()
		f()
		best = cost{min(best.clock, time.Since(start)), min(best.processor, used()-before)}
	}
	return best
}

// TestAgainstOthers is what scripts/bench-openpgp.sh runs: the same 1,000 files by this
// package in one process, by gpgv and by sqv with a process each, one after the other.
func TestAgainstOthers(t *testing.T) {
	if os.Getenv("ASSAY_BENCH_OPENPGP") == "" {
		t.Skip("a measurement: run scripts/bench-openpgp.sh")
	}
	for _, a := range benchAlgorithms {
		dir := t.TempDir()
		benchFolder(t, dir, a.name)
		ours := cheapest(15, func() { benchVerify(t, dir) }) // the first one fills the page cache
		t.Logf("%s, %d files of %d kB, the best of some rounds", a.label, benchFiles, benchSize/1000)
		t.Logf("  assay, one process:     %s", ours)
		cert := filepath.Join(dir, "cert")
		for _, other := range [][]string{{"gpgv", "--homedir", dir, "--keyring", cert}, {"sqv", "--keyring", cert}} {
			if _, err := exec.LookPath(other[0]); err != nil {
				t.Logf("  %s is not installed", other[0])
				continue
			}
			took := cheapest(2, func() {
				for i := range benchFiles {
					name := filepath.Join(dir, fmt.Sprint(i))
					if out, err := exec.Command(other[0], append(other[1:len(other):len(other)], name+".asc", name)...).CombinedOutput(); err != nil {
						t.Fatalf("%s: %v\n%s", other[0], err, out)
					}
				}
			})
			clock, processor := took.clock.Seconds()/ours.clock.Seconds(), took.processor.Seconds()/ours.processor.Seconds()
			t.Logf("  %-4s, a process each:   %s: %.0f and %.0f times as much", other[0], took, clock, processor)
			if max(clock, processor) < 10 {
				t.Errorf("%s takes only %.1f times as long: at least 10 is asked for", other[0], clock)
			}
		}
	}
}
