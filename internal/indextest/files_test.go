package indextest_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/indextest"
)

func TestRanges(t *testing.T) {
	s := indextest.Start(t, "-- big-1.0-py3-none-any.whl --\npad: 3MiB\n")
	f := file(t, s, "big-1.0-py3-none-any.whl")
	whole := get(t, f.URL)
	if sum := sha256.Sum256(whole.body); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(whole.body)) != f.Size {
		t.Fatalf("%d bytes with hash %x, want %d with %s", len(whole.body), sum, f.Size, f.SHA256)
	}
	tag := whole.Header.Get("ETag")
	for header, want := range map[string][2]int64{
		"bytes=0-99":            {0, 100},
		"bytes=1000001-2000002": {1000001, 2000003},
		"bytes=3000000-":        {3000000, f.Size},
		"bytes=-777":            {f.Size - 777, f.Size},
	} {
		r := get(t, f.URL, "Range", header, "If-Range", tag)
		if r.StatusCode != 206 || !bytes.Equal(r.body, whole.body[want[0]:want[1]]) {
			t.Errorf("%s: %d, %d bytes", header, r.StatusCode, len(r.body))
		}
	}
	if r := get(t, f.URL, "Range", "bytes=5-", "If-Range", `"other"`); r.StatusCode != 200 || len(r.body) != len(whole.body) {
		t.Errorf("other If-Range: %d, %d bytes", r.StatusCode, len(r.body))
	}
	if r := get(t, f.URL, "Range", "bytes=99999999-"); r.StatusCode != 416 {
		t.Errorf("range behind the end: %d", r.StatusCode)
	}
}

// TestWheelsAreSound reads made wheels back and holds RECORD against them.
func TestWheelsAreSound(t *testing.T) {
	s := indextest.Start(t, small+"-- big-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl --\npad: 1MiB\n")
	for _, name := range []string{"demo-1.0-py3-none-any.whl", "dep-1.0-py3-none-any.whl", "big-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"} {
		raw := get(t, file(t, s, name).URL).body
		z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		members := map[string][]byte{}
		for _, m := range z.File {
			r, err := m.Open()
			if err != nil {
				t.Fatal(err)
			}
			if members[m.Name], err = io.ReadAll(r); err != nil {
				t.Errorf("%s: %s: %v", name, m.Name, err)
			}
			if m.Modified.Year() != 2024 {
				t.Errorf("%s: %s is of %v", name, m.Name, m.Modified)
			}
		}
		record := members[strings.Join(strings.Split(name, "-")[:2], "-")+".dist-info/RECORD"]
		rows, err := csv.NewReader(bytes.NewReader(record)).ReadAll()
		if err != nil || len(rows) != len(members) {
			t.Fatalf("%s: RECORD has %d rows for %d members, %v", name, len(rows), len(members), err)
		}
		for _, row := range rows[:len(rows)-1] {
			sum := sha256.Sum256(members[row[0]])
			if row[1] != "sha256="+base64.RawURLEncoding.EncodeToString(sum[:]) {
				t.Errorf("%s: RECORD is wrong about %s", name, row[0])
			}
		}
	}
}

func TestSameDescriptionSameBytes(t *testing.T) {
	a, b := indextest.Start(t, small), indextest.Start(t, small)
	for _, name := range []string{"demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"} {
		if x, y := file(t, a, name).SHA256, file(t, b, name).SHA256; x != y {
			t.Errorf("%s: %s and %s", name, x, y)
		}
	}
}

func TestFileSettings(t *testing.T) {
	s := indextest.Start(t, `
-- a-1.0-py3-none-any.whl --
hashes: md5 sha512
omit: size upload-time core-metadata
-- a-1.1-py3-none-any.whl --
listed: no
-- a-1.2-py3-none-any.whl --
hashes:
upload-time: none
yanked:
-- stray-1.0-py3-none-any.whl --
project: A
-- quiet-1.0-py3-none-any.whl --
-- quiet/ --
status: quarantined
-- loud-1.0-py3-none-any.whl --
-- loud/ --
status: quarantined
offers: files
`)
	p := getPage(t, s, "a")
	if len(p.Files) != 3 {
		t.Fatalf("%d files, want 3", len(p.Files))
	}
	first := p.Files[0]
	hashes := first["hashes"].(map[string]any)
	if len(hashes) != 2 || len(hashes["md5"].(string)) != 32 || len(hashes["sha512"].(string)) != 128 {
		t.Errorf("hashes = %v", hashes)
	}
	for _, key := range []string{"size", "upload-time", "core-metadata", "data-dist-info-metadata"} {
		if _, ok := first[key]; ok {
			t.Errorf("has %s", key)
		}
	}
	if h := p.Files[1]["hashes"].(map[string]any); len(h) != 0 || p.Files[1]["yanked"] != true || p.Files[1]["upload-time"] != nil {
		t.Errorf("file = %v", p.Files[1])
	}
	if p.Files[2]["filename"] != "stray-1.0-py3-none-any.whl" {
		t.Errorf("file = %v", p.Files[2])
	}
	if r := get(t, file(t, s, "a-1.1-py3-none-any.whl").URL); r.StatusCode != 200 {
		t.Errorf("unlisted file: %d", r.StatusCode)
	}
	if q := getPage(t, s, "quiet"); len(q.Files) != 0 || q.Status.Status != "quarantined" {
		t.Errorf("quarantined = %+v", q)
	}
	if q := getPage(t, s, "loud"); len(q.Files) != 1 || q.Status.Status != "quarantined" {
		t.Errorf("quarantined, with files = %+v", q)
	}
}

func TestFilesFromDisk(t *testing.T) {
	made := indextest.Start(t, small)
	dir := t.TempDir()
	raw := get(t, file(t, made, "demo-1.0-py3-none-any.whl").URL).body
	for name, data := range map[string][]byte{"x.bin": raw, "x.provenance": []byte(`{"version":1}`)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := indextest.Start(t, "-- demo-1.0-py3-none-any.whl --\nfile: x.bin\nprovenance: x.provenance\n", indextest.WithDir(dir))
	f := file(t, s, "demo-1.0-py3-none-any.whl")
	if f.SHA256 != file(t, made, f.Filename).SHA256 {
		t.Error("the file is not what lies on disk")
	}
	if r := get(t, f.URL+".metadata"); !strings.Contains(string(r.body), "Requires-Dist: dep>=1") {
		t.Errorf("metadata = %s", r.body)
	}
	if r := get(t, s.URL()+"/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"); string(r.body) != `{"version":1}` {
		t.Errorf("provenance = %s", r.body)
	}
}

func TestBulk(t *testing.T) {
	s := indextest.Start(t, "-- many/ --\nbulk: 4000 github:acme/many@release.yml\n")
	p := getPage(t, s, "many")
	if len(p.Files) != 4000 || len(p.Versions) != 100 {
		t.Errorf("%d files in %d versions", len(p.Files), len(p.Versions))
	}
	if r := get(t, p.Files[3999]["provenance"].(string)); r.StatusCode != 200 {
		t.Errorf("provenance: %d", r.StatusCode)
	}
}
