package archive

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// repeated is a deflated member of one line over and over, a hundred times smaller.
func repeated(name, line string, size int) part {
	return part{name: name, data: strings.Repeat(line, size/len(line)), method: deflated}
}

// heapDuring is by how many bytes the heap grows at most while n readers read
// archives at once, each in pieces, so that they are all under way together.
func heapDuring(t *testing.T, n int, name string, body []byte) int64 {
	t.Helper()
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, most := int64(stats.HeapAlloc), int64(0)
	var mu sync.Mutex
	look := func() {
		mu.Lock()
		defer mu.Unlock()
		runtime.GC() // what lies around counts only while somebody holds it
		runtime.ReadMemStats(&stats)
		most = max(most, int64(stats.HeapAlloc)-before)
	}
	var ends, all sync.WaitGroup
	ends.Add(n)
	for range n {
		all.Go(func() {
			rest, waited := body, false
			r := readerFunc(func(p []byte) (int, error) {
				if n == 1 {
					look()
				}
				if len(rest) <= len(body)/20 && !waited {
					waited = true
					ends.Done()
					ends.Wait() // everybody holds what there is to hold
					look()
				}
				if len(rest) == 0 {
					return 0, io.EOF
				}
				k := copy(p[:min(len(p), 4<<10)], rest)
				rest = rest[k:]
				return k, nil
			})
			if _, err := Read(name, r, Limits{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	look()
	return most
}

// TestKeptMemory asserts that texts which a few bytes unpack to are not held as
// what they unpack to: neither where a wheel has many of them, nor in many wheels
// at once.
func TestKeptMemory(t *testing.T) {
	many := wheel(func(z *zipFile) {
		z.parts = z.parts[:1]
		for i := range 16 {
			z.parts = append(z.parts, repeated(fmt.Sprintf("x%d.dist-info/RECORD", i), "a,,\n", 32<<20))
		}
		z.parts = append(z.parts, part{name: "demo/pad", data: string(noise(16 << 10))})
	})
	one := wheel(func(z *zipFile) {
		z.parts[3] = repeated(info+"RECORD", "demo/"+strings.Repeat("a", 1000)+",,\n", 8<<20)
		z.parts = append(z.parts, part{name: "demo/pad", data: string(noise(16 << 10))})
	})
	for _, tc := range []struct {
		name    string
		body    []byte
		readers int
		most    int64
		want    string
	}{
		{"a wheel with 16 RECORDs of 32 MiB", many, 1, 8 << 20, `archive.bomb: member "x0.dist-info/RECORD" has 33554432 bytes, more than the 8388608 that are read of it
archive.ambiguous: it has more than one .dist-info directory: "x0.dist-info" and "x1.dist-info"`},
		{"50 wheels with a RECORD of 8 MiB", one, 50, 160 << 20, ""},
	} {
		grown := heapDuring(t, tc.readers, wheelName, tc.body)
		t.Logf("%s (%d KiB): the heap grew by %d KiB", tc.name, len(tc.body)>>10, grown>>10)
		if grown > tc.most {
			t.Errorf("%s: the heap grew by %d bytes, more than %d", tc.name, grown, tc.most)
		}
		inside, err := Read(wheelName, bytes.NewReader(tc.body), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range inside.Findings {
			got = append(got, fmt.Sprintf("%s: %s", f.Code, f.Detail))
		}
		if text := strings.Join(got, "\n"); tc.want != "" && text != tc.want {
			t.Errorf("%s:\n%s, want\n%s", tc.name, text, tc.want)
		}
	}
}

// TestCrowded has many archives with many members read at once: only a few of them are
// past the number that is remembered of every one, and all come to their end.
func TestCrowded(t *testing.T) {
	const readers, members = 3 * maxCrowded, 2 * fewMembers
	body := wheel(func(z *zipFile) {
		for i := range members {
			z.parts = append(z.parts, part{name: fmt.Sprintf("demo/%05d", i)})
		}
	})
	// Where a reader surely has more than that behind it, and is not yet in the
	// central directory.
	crowd := bytes.Index(body, fmt.Appendf(nil, "demo/%05d", fewMembers+5000))
	var past, most, all atomic.Int64
	var readings sync.WaitGroup
	for range readers {
		readings.Go(func() {
			rest, counted := bytes.NewReader(body), false
			inside, err := Read(wheelName, readerFunc(func(p []byte) (int, error) {
				switch at := len(body) - rest.Len(); {
				case !counted && at > crowd:
					counted = true
					most.Store(max(most.Load(), past.Add(1)))
				case counted && rest.Len() == 0:
					past.Add(-1)
				case counted:
					time.Sleep(100 * time.Microsecond) // the others catch up
				}
				return rest.Read(p)
			}), Limits{})
			if err != nil || inside.Members < members {
				t.Error(inside, err)
			}
			all.Add(1)
		})
	}
	readings.Wait()
	if n := most.Load(); n < 2 || n > maxCrowded || all.Load() != readers {
		t.Errorf("%d of %d archives were remembered at once, want 2 to %d; %d ended", n, readers, maxCrowded, all.Load())
	}
	if len(crowded) != 0 {
		t.Errorf("%d places were not given back", len(crowded))
	}
}

// noise does not pack.
func noise(n int) []byte {
	out, x := make([]byte, n), uint32(1)
	for i := range out {
		x = x*1664525 + 1013904223
		out[i] = byte(x >> 24)
	}
	return out
}

// TestKeptTexts asserts that a text comes back as it was, packed or not.
func TestKeptTexts(t *testing.T) {
	for _, n := range []int{0, 1, maxPlainText - 1, maxPlainText, maxPlainText + 1, 3 << 20} {
		want, k := noise(n), &kept{}
		for rest := want; len(rest) > 0; {
			p := rest[:min(len(rest), 5000)]
			k.write(p)
			rest = rest[len(p):]
		}
		k.close()
		if got := k.text(); got == nil || !bytes.Equal(got, want) {
			t.Errorf("a text of %d bytes comes back as one of %d", n, len(got))
		}
	}
}

// TestKeptTogether asserts the cap on all texts of an archive.
func TestKeptTogether(t *testing.T) {
	body := sdist(func(tar *tarFile) {
		for _, dir := range []string{"a", "b", "c", "d"} {
			tar.entries = append(tar.entries, entry{name: dir + "/PKG-INFO", data: string(noise(4 << 20))})
		}
	})
	inside, err := Read(tarName, bytes.NewReader(body), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `member "d/PKG-INFO" and the texts before it have 16777286 bytes, more than the 16777216 that are read of them`
	if code, detail := decisive(inside.Findings); code != "archive.bomb" || detail != want {
		t.Errorf("%s: %s, want %s", code, detail, want)
	}
}
