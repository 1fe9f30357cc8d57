package archive

import (
	"archive/zip"
	"bytes"
	stdflate "compress/flate"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
)

// benchWheel is a wheel of 300 modules of some 30 kB, of words as source has
// them.
func benchWheel() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("def return self import from class if not None True for in range value name path result = ( ) : , . [ ] 0 1")
	return wheel(func(z *zipFile) {
		var modules []part
		for i := range 300 {
			var b strings.Builder
			for b.Len() < 30<<10 {
				fmt.Fprintf(&b, "%s%d ", words[random.IntN(len(words))], random.IntN(50))
				if random.IntN(8) == 0 {
					b.WriteString("\n    ")
				}
			}
			modules = append(modules, part{name: fmt.Sprintf("demo/m%03d.py", i), data: b.String(), method: deflated})
		}
		z.parts = append(modules, z.parts...)
	})
}

// BenchmarkRead compares reading a wheel with what any reader does at least:
// archive/zip opens every member, inflates it, checks its CRC, and it is hashed.
// The two take turns, and the ratio is that of their best times: on a busy machine
// all others say more about the neighbours.
func BenchmarkRead(b *testing.B) {
	body := benchWheel()
	best := [2]time.Duration{time.Hour, time.Hour}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		for i, read := range []func(*testing.B, []byte){readAssay, readPeer} {
			begin := time.Now()
			read(b, body)
			best[i] = min(best[i], time.Since(begin))
		}
	}
	b.ReportMetric(float64(best[0].Microseconds()), "assay-µs")
	b.ReportMetric(float64(best[1].Microseconds()), "archive/zip-µs")
	b.ReportMetric(float64(best[0])/float64(best[1]), "ratio")
}

func readAssay(b *testing.B, body []byte) {
	inside, err := Read(wheelName, bytes.NewReader(body), Limits{})
	if err != nil || len(inside.Findings) > 0 || inside.Hashed != 303 {
		b.Fatal(inside, err)
	}
}

func readPeer(b *testing.B, body []byte) {
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range r.File {
		m, err := f.Open()
		if err != nil {
			b.Fatal(err)
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, m); err != nil {
			b.Fatal(err)
		}
		m.Close()
		sum.Sum(nil)
	}
}

// BenchmarkInflate compares the two inflaters that could be used.
func BenchmarkInflate(b *testing.B) {
	packed := deflate(string(benchWheel()[:1<<20]) + strings.Repeat("def value(self): return None\n", 1<<16))
	b.Run("klauspost", func(b *testing.B) {
		for b.Loop() {
			_, _ = io.Copy(io.Discard, flate.NewReader(newSource(strings.NewReader(packed)).Reader))
		}
	})
	b.Run("standard", func(b *testing.B) {
		for b.Loop() {
			_, _ = io.Copy(io.Discard, stdflate.NewReader(newSource(strings.NewReader(packed)).Reader))
		}
	})
}
