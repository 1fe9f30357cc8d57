package archive

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"assay"
)

func TestInside(t *testing.T) {
	inside, err := Read(wheelName, bytes.NewReader(wheel(nil)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := assay.Inside{Format: "wheel", Members: 4, Hashed: 3, Folder: "demo-1.0", Metadata: []byte(metadataText),
		Unpacked: int64(len(initText) + len(metadataText) + len(wheelText) + 260)}
	if fmt.Sprint(*inside) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", *inside, want)
	}
	inside, err = Read(tarName, bytes.NewReader(sdist(nil)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	pyproject := "[project]\nname = \"demo\"\n"
	want = assay.Inside{Format: "sdist", Members: 4, Folder: "demo-1.0", Metadata: []byte(metadataText), Pyproject: []byte(pyproject),
		Unpacked: int64(len(initText) + len(metadataText) + len(pyproject))}
	if fmt.Sprint(*inside) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", *inside, want)
	}
}

// TestLimits asserts the caps that no small archive reaches by itself.
func TestLimits(t *testing.T) {
	for _, tc := range []struct {
		name   string
		body   []byte
		limits Limits
		want   string
	}{
		{wheelName, wheel(nil), Limits{Members: 3}, "it has more than 3 members"},
		{tarName, sdist(nil), Limits{Members: 3}, "it has more than 3 members"},
		{wheelName, wheel(nil), Limits{Member: 20}, `member "demo-1.0.dist-info/METADATA" has more than 45 bytes`},
		{wheelName, wheel(func(z *zipFile) { z.parts[0].method = stored }), Limits{Member: 10}, `member "demo/__init__.py" has 16 bytes; 10 are read`},
		{tarName, sdist(nil), Limits{Member: 20}, `member "demo-1.0/PKG-INFO" has 46 bytes; 20 are read`},
		{tarName, sdist(nil), Limits{Total: 1 << 10}, "it unpacks to more than 1024 bytes"},
		{tarName, sdist(nil), Limits{Ratio: 2, RatioFloor: 1 << 10}, "it unpacks to more than 2 times its size"},
		{wheelName, wheel(nil), Limits{Record: 10}, `member "demo-1.0.dist-info/RECORD" has 260 bytes, more than the 10 that are read of it`},
		{tarName, sdist(nil), Limits{Text: 45}, `member "demo-1.0/PKG-INFO" has 46 bytes, more than the 45 that are read of it`},
	} {
		inside, err := Read(tc.name, bytes.NewReader(tc.body), tc.limits)
		if err != nil {
			t.Fatal(err)
		}
		if code, detail := decisive(inside.Findings); code != assay.ArchiveBomb || detail != tc.want {
			t.Errorf("%+v: %s %q, want %q", tc.limits, code, detail, tc.want)
		}
	}
}

// TestManyFindings asserts that a report stays short.
func TestManyFindings(t *testing.T) {
	body := wheel(func(z *zipFile) {
		for i := range 1000 {
			z.parts = append(z.parts, part{name: fmt.Sprintf("demo/%d.py", i), data: "x", noRecord: true})
		}
	})
	inside, err := Read(wheelName, bytes.NewReader(body), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(inside.Findings); n != maxPerCode+1 || inside.Findings[n-1].Detail != "and 990 more of this kind" {
		t.Errorf("%d findings: %q", n, inside.Findings)
	}
}

// TestReaderErrors asserts that the reader's own errors are told apart from what
// is wrong with the archive, wherever they strike.
func TestReaderErrors(t *testing.T) {
	own := errors.New("the network is gone")
	for name, body := range map[string][]byte{wheelName: wheel(nil), tarName: sdist(nil), "demo-1.0.egg": []byte("x")} {
		for n := range body {
			r := io.MultiReader(bytes.NewReader(body[:n]), iotest.ErrReader(own))
			if inside, err := Read(name, r, Limits{}); inside != nil || err != own {
				t.Fatalf("%s after %d bytes: %v, %v", name, n, inside, err)
			}
		}
		if _, err := Read(name, stuck{}, Limits{}); err != io.ErrNoProgress {
			t.Errorf("%s: a reader that gives nothing: %v", name, err)
		}
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestTruncation cuts archives at every byte: none may pass.
func TestTruncation(t *testing.T) {
	for name, body := range map[string][]byte{
		wheelName: wheel(func(z *zipFile) { z.zip64 = func(*zip64Record) {} }), zipName: zippedSdist("demo-1.0/"), tarName: sdist(nil),
	} {
		for n := range body {
			inside, err := Read(name, bytes.NewReader(body[:n]), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if class := classOf(inside.Findings); class != refuse {
				t.Errorf("%s cut to %d bytes is %s: %q", name, n, class, inside.Findings)
			}
		}
	}
}

// TestFlips changes every bit of archives: what still passes must have the same
// members.
func TestFlips(t *testing.T) {
	for name, body := range map[string][]byte{
		wheelName: wheel(func(z *zipFile) { z.parts[0].descriptor = "signed" }), tarName: sdist(nil),
	} {
		good, err := Read(name, bytes.NewReader(body), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 * len(body) {
			body[i/8] ^= 1 << (i % 8)
			inside, err := Read(name, bytes.NewReader(body), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if classOf(inside.Findings) != refuse && (inside.Members != good.Members || inside.Unpacked != good.Unpacked || !bytes.Equal(inside.Metadata, good.Metadata)) {
				t.Errorf("%s with bit %d flipped: %v", name, i, inside)
			}
			body[i/8] ^= 1 << (i % 8)
		}
	}
}

// TestSlowly asserts that it does not matter in which pieces a file comes.
func TestSlowly(t *testing.T) {
	for _, v := range vectors() {
		if strings.HasPrefix(v.file, "bomb-") {
			continue
		}
		body := v.build()
		at, err := Read(v.as, bytes.NewReader(body), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(body)), iotest.DataErrReader(bytes.NewReader(body))} {
			if slow, err := Read(v.as, r, Limits{}); err != nil || fmt.Sprint(*slow) != fmt.Sprint(*at) {
				t.Errorf("%s: %v, %v; at once %v", v.file, slow, err, at)
			}
		}
	}
}

// TestMemory reads a wheel of 1 GiB that exists only while it passes.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes 1 GiB")
	}
	const size = 1 << 30
	block := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	crc := uint32(0)
	for range size / len(block) {
		crc = crc32.Update(crc, crc32.IEEETable, block)
	}
	// A wheel with an empty member, into which the large one is put.
	mark := part{name: "demo/large.bin", noRecord: true}
	set := func(h *zipHeader) { h.crc, h.size, h.packed = crc, size, size }
	mark.local, mark.central = set, set
	small := wheel(func(z *zipFile) {
		z.parts = append(z.parts, mark)
		z.end = func(e *endRecord) { e.offset += size }
	})
	at := bytes.Index(small, []byte(mark.name)) + len(mark.name)

	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, most := stats.HeapAlloc, uint64(0)
	passed := 0
	body := readerFunc(func(p []byte) (int, error) {
		if passed%(64<<20) == 0 {
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapAlloc)
		}
		if passed == size {
			return 0, io.EOF
		}
		n := copy(p, block[passed%len(block):])
		passed += n
		return n, nil
	})
	inside, err := Read(wheelName, io.MultiReader(bytes.NewReader(small[:at]), body, bytes.NewReader(small[at:])), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, detail := decisive(inside.Findings); inside.Unpacked < size || detail != `member "demo/large.bin" is not in RECORD` {
		t.Errorf("%d bytes, %q", inside.Unpacked, inside.Findings)
	}
	grown := int64(most) - int64(before)
	t.Logf("the heap grew by %d KiB", grown>>10)
	if grown > 32<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
