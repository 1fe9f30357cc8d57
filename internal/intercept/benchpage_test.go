package intercept_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/internal/catalog"
	"assay/internal/engine"
	"assay/internal/intercept"
	"assay/internal/pypi"
	"assay/internal/verify/digest"
)

// numpyLike builds a page of 4,056 files, 2.65 MB of JSON: the largest that
// people install from every day.
func numpyLike() []byte {
	const files = 4056
	sum := func(i int, what string) string { return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, i, what))) }
	start := time.Date(2016, 1, 1, 10, 11, 12, 131415000, time.UTC)
	var b strings.Builder
	b.WriteString(`{"alternate-locations":[],"files":[`)
	for i := range files {
		if i > 0 {
			b.WriteByte(',')
		}
		release, python := i/32, 7+i%8 // 127 releases of 32 wheels each
		name := fmt.Sprintf("numpy-%d.%d.%d-cp3%d-cp3%d-%s.whl", 1+release/100, release/5%20, release%5, python, python,
			[]string{"manylinux_2_17_x86_64.manylinux2014_x86_64", "win_amd64", "macosx_11_0_arm64", "musllinux_1_2_aarch64"}[i/8%4])
		meta, path := sum(i, "meta"), sum(i, "path")
		fmt.Fprintf(&b, `{"core-metadata":{"sha256":"%s"},"data-dist-info-metadata":{"sha256":"%s"},"filename":"%s","hashes":{"sha256":"%s"},`+
			`"provenance":null,"requires-python":">=3.%d","size":%d,"upload-time":"%s","url":"https://files.example.invalid/packages/%s/%s/%s/%s","yanked":false}`,
			meta, meta, name, sum(i, "file"), 7+i%7, 1000+i*977, start.Add(time.Duration(i)*19*time.Hour).Format("2006-01-02T15:04:05.000000Z"),
			path[:2], path[2:4], path[4:], name)
	}
	b.WriteString(`],"meta":{"_last-serial":35678901,"api-version":"1.4"},"name":"numpy","project-status":{"status":"active"},"versions":["1.0.0","1.0.1"]}`)
	return []byte(b.String())
}

// nowhere is a catalog.Upstream that knows nothing.
type nowhere struct{}

func (nowhere) Key(u *url.URL) string { return u.String() }
func (nowhere) Locate(context.Context, *url.URL) (pypi.Place, bool, error) {
	return pypi.Place{}, false, nil
}
func (nowhere) Configured(*url.URL) bool                                       { return true }
func (nowhere) ProvenanceGuess(*pypi.Page, *url.URL, pypi.File) (string, bool) { return "", false }

// BenchmarkPage4000 serves a page of 4,056 files through the proxy, judged by
// the catalog, and the same bytes copied through the same proxy, in turns. It
// reports the median of each in ms, of their ratios, and the ratio of the best
// of each, which other work on the machine disturbs least.
//
// "first" is a page that was not seen before, "again" one that was: installers
// that build in isolation ask for the same pages many times in a run.
func BenchmarkPage4000(b *testing.B) {
	body := numpyLike()
	for _, kind := range []string{"identity/first", "identity/again", "gzip/first", "gzip/again"} {
		b.Run(kind, func(b *testing.B) {
			coding, order, _ := strings.Cut(kind, "/")
			sent, other := body, bytes.Replace(body, []byte("35678901"), []byte("35678902"), 1)
			if coding == "gzip" {
				sent, other = zipped(sent), zipped(other)
			}
			w := newWorld(b, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
				if r.URL.Path == "/plain" {
					rw.Header().Set("Content-Type", "application/json")
				}
				if coding == "gzip" {
					rw.Header().Set("Content-Encoding", "gzip")
				}
				rw.Header().Set("Content-Length", fmt.Sprint(len(sent)))
				_, _ = rw.Write(sent)
			}), func(c *intercept.Config) {
				c.Desk = catalog.New(engine.New(engine.Config{Verifiers: []engine.Verifier{digest.Verifier{}}}), nowhere{}, time.Now)
			})
			ask := func(path, accept string) float64 {
				r, _ := http.NewRequest("GET", w.up.URL+path, nil)
				r.Header.Set("Accept", accept)
				r.Header.Set("Accept-Encoding", coding)
				start := time.Now()
				resp, err := w.client.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				defer resp.Body.Close()
				n, err := io.Copy(io.Discard, resp.Body)
				if err != nil || n != int64(len(sent)) || resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "" {
					b.Fatalf("%d of %d bytes, %v, %v", n, len(sent), resp.Status, err)
				}
				return float64(time.Since(start).Microseconds()) / 1000
			}
			ask("/plain", "*/*")
			ask("/simple/numpy/", pipAccept)
			var judged, plain, ratios []float64
			for b.Loop() {
				p, j := ask("/plain", "*/*"), ask("/simple/numpy/", pipAccept)
				if order == "first" {
					sent, other = other, sent // so that no page is the one before
				}
				plain, judged, ratios = append(plain, p), append(judged, j), append(ratios, j/p)
			}
			b.ReportMetric(median(judged), "judged-ms")
			b.ReportMetric(median(plain), "plain-ms")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(slices.Min(judged)/slices.Min(plain), "ratio-of-best")
		})
	}
}

// numpyLikeHTML builds the same page as HTML, about as large.
func numpyLikeHTML(t testing.TB) []byte {
	page, err := pypi.ParsePage(jsonPage, numpyLike(), &url.URL{Scheme: "https", Host: "index.example.invalid", Path: "/simple/numpy/"})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.4\"><title>Links for numpy</title></head><body><h1>Links for numpy</h1>\n")
	for _, f := range page.Files {
		fmt.Fprintf(&b, "<a href=\"%s#sha256=%s\" data-requires-python=\"&gt;=3.8\" data-dist-info-metadata=\"sha256=%s\" data-core-metadata=\"sha256=%s\">%s</a><br />\n",
			f.URL, f.Digests[0].Hex, f.Digests[0].Hex, f.Digests[0].Hex, f.Filename)
	}
	b.WriteString("</body></html>\n")
	return []byte(b.String())
}

// rounds is how many pages of a kind are fetched for one figure: enough for a
// hundredth.
const rounds = 200

// BenchmarkPageLatency reports what the proxy adds to the time of a page of 4,056
// files, against the same page fetched directly from the same server in turns:
// the median and the 99th percentile of the differences, in ms, beside the medians
// of both. "first" is a page that was not seen before, "again" the same page once
// more, and "same" one that the installer asks to revalidate.
func BenchmarkPageLatency(b *testing.B) {
	for format, page := range map[string]struct {
		contentType string
		body        []byte
	}{"json": {jsonPage, numpyLike()}, "html": {"application/vnd.pypi.simple.v1+html", numpyLikeHTML(b)}} {
		for _, coding := range []string{"gzip", "identity"} {
			for _, order := range []string{"first", "again", "same"} {
				b.Run(format+"/"+coding+"/"+order, func(b *testing.B) { latency(b, page.contentType, page.body, coding, order) })
			}
		}
	}
}

func latency(b *testing.B, contentType string, body []byte, coding, order string) {
	changed := map[string]string{jsonPage: "35678902"}[contentType]
	old := "35678901"
	if changed == "" {
		old, changed = "Links for numpy</h1>", "links for numpy</h1>"
	}
	sent := [][]byte{body, bytes.Replace(body, []byte(old), []byte(changed), 1)}
	if coding == "gzip" {
		sent = [][]byte{zipped(sent[0]), zipped(sent[1])}
	}
	serve := 0
	w := newWorld(b, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf(`"%d"`, serve)
		rw.Header().Set("Etag", tag)
		rw.Header().Set("Content-Type", contentType)
		if r.Header.Get("If-None-Match") == tag {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		if coding == "gzip" {
			rw.Header().Set("Content-Encoding", "gzip")
		}
		rw.Header().Set("Content-Length", fmt.Sprint(len(sent[serve])))
		_, _ = rw.Write(sent[serve])
	}), func(c *intercept.Config) {
		c.Desk = catalog.New(engine.New(engine.Config{Verifiers: []engine.Verifier{digest.Verifier{}}}), nowhere{}, time.Now)
	})
	straight := w.up.Client()
	straight.Transport.(*http.Transport).DisableCompression = true
	ask := func(c *http.Client) float64 {
		r, _ := http.NewRequest("GET", w.up.URL+"/simple/numpy/", nil)
		r.Header.Set("Accept", pipAccept)
		r.Header.Set("Accept-Encoding", coding)
		want, length := http.StatusOK, int64(len(sent[serve]))
		if order == "same" {
			r.Header.Set("If-None-Match", `"0"`)
			want, length = http.StatusNotModified, 0
		}
		start := time.Now()
		resp, err := c.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != length || resp.StatusCode != want {
			b.Fatalf("%d bytes, %v, %v", n, resp.Status, err)
		}
		return float64(time.Since(start).Microseconds()) / 1000
	}
	ask(straight)
	ask(w.client)
	var direct, through, added []float64
	for range b.N {
		for range rounds {
			if order == "first" {
				serve = 1 - serve // so that no page is the one before
			}
			d, t := ask(straight), ask(w.client)
			direct, through, added = append(direct, d), append(through, t), append(added, t-d)
		}
	}
	slices.Sort(added)
	b.ReportMetric(median(added), "added-p50-ms")
	b.ReportMetric(added[len(added)*99/100], "added-p99-ms")
	b.ReportMetric(median(direct), "direct-ms")
	b.ReportMetric(median(through), "through-ms")
	b.ReportMetric(0, "ns/op")
}
