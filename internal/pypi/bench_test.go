package pypi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Pages like the largest that people install from every day.
const (
	benchFiles = 4056
	benchHost  = "https://files.example.invalid"
)

func benchDigest(i int, salt string) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(i, salt)))
	return hex.EncodeToString(sum[:])
}

func benchName(i int) string {
	python := []string{"cp39", "cp310", "cp311", "cp312"}[i%4]
	platform := []string{"manylinux_2_17_x86_64.manylinux2014_x86_64", "win_amd64", "macosx_11_0_arm64", "musllinux_1_1_aarch64"}[i/4%4]
	return fmt.Sprintf("numpy-%d.%d.%d-%s-%s-%s.whl", 1+i/2000, i/40%50, i/16%40, python, python, platform)
}

func benchURL(i int) string {
	d := benchDigest(i, "path")
	return fmt.Sprintf("%s/packages/%s/%s/%s/%s", benchHost, d[:2], d[2:4], d[4:], benchName(i))
}

func benchTime(i int) string {
	return time.Date(2018, 1, 1, 0, 0, 0, 123456000, time.UTC).Add(time.Duration(i) * 17 * time.Hour).Format("2006-01-02T15:04:05.000000Z")
}

// jsonPage builds a page of n files as the public index serves it.
func jsonPage(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"alternate-locations":[],"files":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		meta, yanked := benchDigest(i, "meta"), "false"
		if i%97 == 0 {
			yanked = `"broken \"metadata\""`
		}
		fmt.Fprintf(&b, `{"core-metadata":{"sha256":"%s"},"data-dist-info-metadata":{"sha256":"%s"},"filename":"%s","hashes":{"sha256":"%s"},`+
			`"provenance":null,"requires-python":">=3.%d","size":%d,"upload-time":"%s","url":"%s","yanked":%s}`,
			meta, meta, benchName(i), benchDigest(i, "file"), 7+i%4, 1000+i*977, benchTime(i), benchURL(i), yanked)
	}
	b.WriteString(`],"meta":{"_last-serial":35678901,"api-version":"1.4"},"name":"numpy","project-status":{"status":"active"},"versions":["1.0.0","1.0.1"]}`)
	return []byte(b.String())
}

// htmlPage builds the same page in HTML.
func htmlPage(n int) []byte {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html>\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"1.4\">\n    <title>Links for numpy</title>\n  </head>\n  <body>\n    <h1>Links for numpy</h1>\n")
	for i := range n {
		meta, yanked := benchDigest(i, "meta"), ""
		if i%97 == 0 {
			yanked = ` data-yanked="` + html.EscapeString(`broken "metadata"`) + `"`
		}
		fmt.Fprintf(&b, "<a href=\"%s#sha256=%s\" data-requires-python=\"&gt;=3.%d\"%s data-dist-info-metadata=\"sha256=%s\" data-core-metadata=\"sha256=%s\">%s</a><br />\n",
			benchURL(i), benchDigest(i, "file"), 7+i%4, yanked, meta, meta, benchName(i))
	}
	b.WriteString("</body>\n</html>\n<!--SERIAL 35678901-->")
	return []byte(b.String())
}

var benchBase = &url.URL{Scheme: "https", Host: "index.example.invalid", Path: "/simple/numpy/"}

func benchParse(b *testing.B, contentType string, body []byte) {
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := ParsePage(contentType, body, benchBase)
		if err != nil || len(p.Files) != benchFiles {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePageJSON(b *testing.B) {
	benchParse(b, "application/vnd.pypi.simple.v1+json", jsonPage(benchFiles))
}

func BenchmarkParsePageHTML(b *testing.B) {
	benchParse(b, "text/html", htmlPage(benchFiles))
}

// BenchmarkCopy is what a plain copy of the same page costs in memory.
func BenchmarkCopy(b *testing.B) {
	body := jsonPage(benchFiles)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		_ = string(append([]byte(nil), body...))
	}
}

func benchYank(b *testing.B, contentType string, body []byte) {
	p, err := ParsePage(contentType, body, benchBase)
	if err != nil {
		b.Fatal(err)
	}
	reasons := map[int]string{}
	for i := 0; i < benchFiles; i += 50 {
		reasons[i] = "refused: the provenance is about another file"
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.WithYanked(reasons); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWithYankedJSON(b *testing.B) {
	benchYank(b, "application/vnd.pypi.simple.v1+json", jsonPage(benchFiles))
}

func BenchmarkWithYankedHTML(b *testing.B) { benchYank(b, "text/html", htmlPage(benchFiles)) }

// BenchmarkArtifact is one file of a page taken apart.
func BenchmarkArtifact(b *testing.B) {
	p, err := ParsePage("application/vnd.pypi.simple.v1+json", jsonPage(benchFiles), benchBase)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if a := p.Artifact(i%benchFiles, ""); a.Version == "" {
			b.Fatal(a.Filename)
		}
		i++
	}
}
