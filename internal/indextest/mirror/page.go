package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/klauspost/compress/gzip"
)

// pythons and platforms are the tags of a compiled part's wheels; a part takes
// the first of each. A wheel of one release has the same bytes for all of them.
var (
	pythons   = []string{"cp311-cp311", "cp312-cp312", "cp313-cp313", "cp310-cp310", "cp314-cp314", "cp39-cp39", "cp313-cp313t", "cp314-cp314t", "cp38-cp38"}
	platforms = []string{
		"manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_17_aarch64.manylinux2014_aarch64", "macosx_11_0_arm64", "macosx_10_13_x86_64",
		"musllinux_1_2_x86_64", "win_amd64", "musllinux_1_2_aarch64", "win32", "win_arm64",
		"manylinux_2_17_ppc64le.manylinux2014_ppc64le", "manylinux_2_17_s390x.manylinux2014_s390x", "manylinux_2_31_armv7l",
		"musllinux_1_2_armv7l", "musllinux_1_2_ppc64le", "musllinux_1_2_s390x", "musllinux_1_2_i686",
	}
)

// filenames are the files of a release: its wheels, and the source distribution
// that nobody needs.
func (p part) filenames(i int, version string) []string {
	stem := name(i) + "-" + version
	out := []string{stem + ".tar.gz"}
	if p.pythons == 0 {
		return append(out, stem+"-py3-none-any.whl")
	}
	for _, python := range pythons[:p.pythons] {
		for _, platform := range platforms[:p.platforms] {
			out = append(out, stem+"-"+python+"-"+platform+".whl")
		}
	}
	return out
}

// attestedShare is one over the share of a page's releases that have provenance.
const attestedShare = 3

// page is the page of part i as PyPI's Simple API renders it (PEP 691, API 1.4).
// Older releases are listed only: nobody who can have the newest asks for them.
func (m *mirror) page(i int, wheel, metadata []byte) ([]byte, error) {
	p := m.parts[i]
	perRelease := len(p.filenames(i, version))
	releases := max(1, p.listed/perRelease)
	sum, metadataSum := digest(wheel), digest(metadata)
	var files []map[string]any
	var versions []string
	for n := range releases {
		v := fmt.Sprintf("2.%d.%d", n/10, n%10)
		if n == releases-1 {
			v = version
		}
		versions = append(versions, v)
		for _, filename := range p.filenames(i, v) {
			hash, size, metadataHash := digest([]byte(filename)), len(wheel), digest([]byte(v))
			if v == version && filename[len(filename)-4:] == ".whl" {
				hash, metadataHash = sum, metadataSum
			}
			coreMetadata := any(map[string]string{"sha256": metadataHash})
			if filename[len(filename)-4:] != ".whl" {
				coreMetadata = false
			}
			file := map[string]any{
				"core-metadata": coreMetadata, "data-dist-info-metadata": coreMetadata, "filename": filename,
				"hashes": map[string]string{"sha256": hash}, "provenance": nil, "requires-python": ">=3.9", "size": size,
				"upload-time": uploaded.AddDate(0, 0, n-releases).Format("2006-01-02T15:04:05.000000Z"),
				"url":         m.url + filePath(hash, filename), "yanked": false,
			}
			if p.attested && n*attestedShare >= releases*(attestedShare-1) {
				file["provenance"] = fmt.Sprintf("%s/integrity/%s/%s/%s/provenance", m.url, name(i), v, filename)
			}
			files = append(files, file)
		}
	}
	return json.Marshal(map[string]any{
		"files": files, "meta": map[string]any{"_last-serial": 1, "api-version": "1.4"}, "name": name(i),
		"project-status": map[string]any{"status": "active"}, "versions": versions,
	})
}

// uploaded is when the newest releases were.
var uploaded = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// filePath is where a file is, as PyPI has it.
func filePath(hash, filename string) string {
	return "/packages/" + hash[:2] + "/" + hash[2:4] + "/" + hash[4:] + "/" + filename
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func packed(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	err := z.Close()
	return out.Bytes(), err
}
