package intercept_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/flate"

	"assay"
	"assay/internal/archive"
	"assay/internal/catalog"
	"assay/internal/pypi"
)

// lookInside is how `assay run` looks into a distribution file.
func lookInside(filename string, r io.Reader) (*assay.Inside, error) {
	in, err := archive.Read(filename, r, archive.Limits{})
	if err == nil && in.Format != "" {
		in.About, _ = pypi.About(in)
	}
	return in, err
}

// wheelOf builds the wheel foo 1.0 of about so many bytes, with a valid RECORD. Its
// members are of the size that they have in wheels with libraries, and half of each
// is text.
func wheelOf(t testing.TB, size int) []byte {
	t.Helper()
	const member = 48 << 10
	random := rand.NewChaCha8([32]byte{'w', 'h', 'e', 'e', 'l'})
	var body, record bytes.Buffer
	z := zip.NewWriter(&body)
	packer, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, data []byte) {
		var packed bytes.Buffer
		packer.Reset(&packed)
		_, _ = packer.Write(data)
		_ = packer.Close()
		w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(data),
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(data))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(packed.Bytes()); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(data))
	}
	data := make([]byte, member)
	for i := 0; body.Len() < size; i++ {
		_, _ = random.Read(data[:member/2])
		hex.Encode(data[member/2:], data[:member/4])
		add(fmt.Sprintf("foo/part%02d/module_with_a_name_%d.py", i%40, i), data)
	}
	add("foo-1.0.dist-info/METADATA", []byte("Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"))
	add("foo-1.0.dist-info/WHEEL", []byte("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"))
	add("foo-1.0.dist-info/RECORD", []byte(record.String()+"foo-1.0.dist-info/RECORD,,\n"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return body.Bytes()
}

// soundInside allows what was looked into, and found to be a sound wheel.
func soundInside(_ *catalog.File, c assay.Content) (assay.Decision, error) {
	if in := c.Inside; in == nil || in.Format != "wheel" || in.Hashed < 10 || len(in.Findings) > 0 {
		return assay.Refuse(assay.Artifact{}, assay.ArchiveUnreadable, fmt.Sprintf("%+v", in)), nil
	}
	return assay.Decision{Verdict: assay.Allow}, nil
}

func TestWheelOf(t *testing.T) {
	in, err := lookInside("foo-1.0-py3-none-any.whl", bytes.NewReader(wheelOf(t, 1<<20)))
	if err != nil || in.Format != "wheel" || in.Members < 10 || in.Hashed != in.Members-1 || len(in.Findings) != 0 || in.About == nil {
		t.Fatalf("%+v, %v", in, err)
	}
}
