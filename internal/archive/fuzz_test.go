package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"
)

// small keeps the fuzzer away from archives that only take time: a kilobyte of
// deflate unpacks to a megabyte, and one input is read four times.
var small = Limits{Members: 100, Member: 32 << 10, Total: 64 << 10, RatioFloor: 16 << 10, Record: 16 << 10, Text: 16 << 10}

// seed adds the corpus's small archives, and says which of them to read as sdists.
func seed(f *testing.F, all []vector) {
	for _, v := range all {
		if body := v.build(); len(body) < 8<<10 {
			f.Add(body)
		}
	}
}

// FuzzZip holds what passes to what archive/zip sees in it, which reads from the
// end: the same members of the same size.
func FuzzZip(f *testing.F) {
	seed(f, zipVectors())
	seed(f, wheelVectors())
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, name := range []string{wheelName, zipName} {
			inside, err := Read(name, bytes.NewReader(body), small)
			if err != nil {
				t.Fatal(err)
			}
			if classOf(inside.Findings) == refuse {
				continue
			}
			peer, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
			if err != nil {
				continue // it is stricter at some places
			}
			unpacked := int64(0)
			for _, m := range peer.File {
				r, err := m.Open()
				if err != nil {
					t.Fatalf("%q passes, and archive/zip says %v", inside.Findings, err)
				}
				n, err := io.Copy(io.Discard, r)
				if err != nil {
					t.Fatalf("%q passes, and archive/zip says %v of %q", inside.Findings, err, m.Name)
				}
				unpacked += n
			}
			if len(peer.File) != inside.Members || unpacked != inside.Unpacked {
				t.Fatalf("%d members of %d bytes, archive/zip has %d of %d", inside.Members, inside.Unpacked, len(peer.File), unpacked)
			}
		}
	})
}

// FuzzTar holds what passes to what archive/tar sees in it. The input is the tar,
// so that the fuzzer need not find its way through deflate.
func FuzzTar(f *testing.F) {
	for _, v := range tarVectors() {
		r, err := gzip.NewReader(bytes.NewReader(v.build()))
		if err != nil {
			continue
		}
		if raw, err := io.ReadAll(r); err == nil && len(raw) < 16<<10 {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		body := (&tarFile{noEnd: true, storedAs: func([]byte) string { return storedDeflate(raw) }}).bytesOf(raw)
		inside, err := Read(tarName, bytes.NewReader(body), small)
		if err != nil {
			t.Fatal(err)
		}
		if classOf(inside.Findings) == refuse {
			return
		}
		members, unpacked := 0, int64(0)
		peer := tar.NewReader(bytes.NewReader(raw))
		for {
			h, err := peer.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return // it is stricter at some places
			}
			if h.Typeflag != tar.TypeXGlobalHeader {
				members++
				unpacked += h.Size
			}
		}
		if members != inside.Members || unpacked != inside.Unpacked {
			t.Fatalf("%d members of %d bytes, archive/tar has %d of %d: %q", inside.Members, inside.Unpacked, members, unpacked, inside.Findings)
		}
	})
}

// FuzzRecord holds the rows that pass to those that encoding/csv reads.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{
		recordOf([]part{{name: "demo/__init__.py", data: initText}}), "", "\n", "a,b,c", "a,b,c\r\n", `"a,b",c,d` + "\n", `"a""b",,` + "\n",
		`a"b,,`, `"a`, `"a"b,,`, "a,", "a,\n,\n", ",,\n\n\n", "\xff,,", "a\x00,,", "a\rb,,", "\"a\nb\",,", "a,b,c,d\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, problem := parseRecord([]byte(text))
		if problem != "" {
			return
		}
		reader := csv.NewReader(strings.NewReader(text))
		reader.FieldsPerRecord = -1
		want, err := reader.ReadAll()
		if err != nil {
			t.Fatalf("%q passes, and encoding/csv says %v", text, err)
		}
		rows = slices.DeleteFunc(rows, func(r recordRow) bool { return r.fields == 1 && r.path == "" })
		want = slices.DeleteFunc(want, func(r []string) bool { return len(r) == 1 && r[0] == "" })
		if len(rows) != len(want) {
			t.Fatalf("%q has the rows %+v, encoding/csv has %q", text, rows, want)
		}
		for i, row := range rows {
			fields := append(slices.Clone(want[i]), "", "", "")
			if row.fields != len(want[i]) || row.path != fields[0] || row.hash != fields[1] || row.size != fields[2] {
				t.Fatalf("%q has the row %+v, encoding/csv has %q", text, row, want[i])
			}
		}
	})
}
