package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// wheelOf packs part i of an application, and returns its METADATA beside it.
func wheelOf(parts []part, i int) (wheel, metadata []byte, err error) {
	p, m := parts[i], newMaker(name(i))
	metadata = p.metadata(i, m)
	w := newWheelWriter(name(i) + "-" + version + ".dist-info/")
	for n := range p.sources {
		folder := name(i) + "/"
		if sub := n / 25; sub > 0 {
			folder += fmt.Sprintf("sub%d/", sub)
		}
		file := fmt.Sprintf("module%d.py", n)
		if n%25 == 0 {
			file = "__init__.py"
		}
		w.add(folder+file, m.source(uneven(n, p.sources, p.sourceKB)))
	}
	for n := range p.libraries {
		w.add(fmt.Sprintf("%s/lib%d.abi3.so", name(i), n), m.library(uneven(n, p.libraries, p.libraryKB)))
	}
	// METADATA, WHEEL and RECORD are among the others.
	share := float64(p.otherPackedKB) / float64(max(1, p.otherKB))
	for n := range max(0, p.others-3) {
		w.add(fmt.Sprintf("%s/data/%d.bin", name(i), n), m.mixed(uneven(n, p.others-3, max(0, p.otherKB-p.metadataKB)), share))
	}
	w.add(w.info+"METADATA", metadata)
	w.add(w.info+"WHEEL", []byte("Wheel-Version: 1.0\nGenerator: mirror\nRoot-Is-Purelib: true\nTag: py3-none-any\n"))
	wheel, err = w.close()
	if err != nil {
		return nil, nil, fmt.Errorf("packing %s: %w", name(i), err)
	}
	return wheel, metadata, nil
}

// uneven is the size in bytes of the n-th of some files of kb KiB together: of
// each four, one is large and one is small.
func uneven(n, files, kb int) int {
	return kb << 10 / max(1, files) * [...]int{10, 1, 20, 9}[n%4] / 10
}

// metadata is the core metadata: fields, and a description that fills it up.
func (p part) metadata(i int, m *maker) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Metadata-Version: 2.4\nName: %s\nVersion: %s\nSummary: part %d of an application\nRequires-Python: >=3.9\n", name(i), version, i)
	for _, r := range p.requires {
		fmt.Fprintf(&b, "Requires-Dist: %s>=1.0\n", name(r))
	}
	if p.optional > 0 {
		b.WriteString("Provides-Extra: all\n")
	}
	for n := range p.optional {
		fmt.Fprintf(&b, "Requires-Dist: extra%d>=%d; python_version >= \"3.8\" and extra == \"all\"\n", n, n)
	}
	b.WriteString("Description-Content-Type: text/markdown\n\n")
	b.Write(m.description(p.metadataKB<<10 - b.Len()))
	return b.Bytes()
}

// wheelWriter packs a wheel and keeps its RECORD.
type wheelWriter struct {
	out    bytes.Buffer
	zip    *zip.Writer
	info   string // the .dist-info folder
	record bytes.Buffer
	err    error
}

func newWheelWriter(info string) *wheelWriter {
	w := &wheelWriter{info: info}
	w.zip = zip.NewWriter(&w.out)
	return w
}

func (w *wheelWriter) add(path string, data []byte) {
	if w.err != nil {
		return
	}
	var packed bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err == nil {
		_, err = deflate.Write(data)
	}
	if err == nil {
		err = deflate.Close()
	}
	// As builders write them: sizes ahead of the data.
	header := &zip.FileHeader{Name: path, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(data),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(data))}
	var to io.Writer
	if err == nil {
		to, err = w.zip.CreateRaw(header)
	}
	if err == nil {
		_, err = to.Write(packed.Bytes())
	}
	w.err = err
	sum := sha256.Sum256(data)
	fmt.Fprintf(&w.record, "%s,sha256=%s,%d\n", path, base64.RawURLEncoding.EncodeToString(sum[:]), len(data))
}

func (w *wheelWriter) close() ([]byte, error) {
	record := bytes.Clone(w.record.Bytes())
	w.add(w.info+"RECORD", fmt.Appendf(record, "%sRECORD,,\n", w.info))
	if w.err != nil {
		return nil, w.err
	}
	err := w.zip.Close()
	return w.out.Bytes(), err
}
